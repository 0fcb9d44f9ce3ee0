/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target: control payloads; what is known encodes to the same bytes. */
#include "content/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const kith_bytes in = kith_bytes_of(data, len);
    KITH_AUTO(kith_buf) again = {0};
    content_control control;

    if (content_control_decode(in, &control) != KITH_OK ||
        control.type == CONTENT_CONTROL_UNKNOWN) {
        return 0;
    }
    if (content_control_encode(&again, &control) != KITH_OK ||
        !kith_bytes_equal(in, kith_bytes_of_buf(&again))) {
        __builtin_trap();
    }
    return 0;
}
