/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target for the text forms of bytes: what decodes encodes to the same text, and all bytes come back. */
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

typedef kith_err (*codec)(kith_bytes in, kith_buf *out);

/* Whether `first` and then `second` give `bytes` again; also when `first` refuses. */
static bool
comes_back(codec first, codec second, kith_bytes bytes)
{
    KITH_AUTO(kith_buf) between = {0};
    KITH_AUTO(kith_buf) back = {0};

    if (first(bytes, &between) != KITH_OK) {
        return between.len == 0;
    }
    return second(kith_bytes_of_buf(&between), &back) == KITH_OK &&
           kith_bytes_equal(kith_bytes_of_buf(&back), bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const kith_bytes bytes = kith_bytes_of(data, len);
    KITH_AUTO(kith_buf) decoded = {0};

    if (!comes_back(kith_base64url_decode, kith_base64url_encode, bytes) ||
        !comes_back(kith_base64url_encode, kith_base64url_decode, bytes) ||
        !comes_back(kith_hex_encode, kith_hex_decode, bytes)) {
        __builtin_trap();
    }
    /* Upper case does not come back, so only the length is known. */
    if (kith_hex_decode(bytes, &decoded) == KITH_OK && decoded.len * 2 != len) {
        __builtin_trap();
    }
    if (len > 0 && kith_utf8_is_valid(bytes) && data[0] >= 0x80 && data[0] < 0xc2) {
        __builtin_trap();
    }
    return 0;
}
