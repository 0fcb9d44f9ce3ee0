/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target for one codec, chosen by FUZZ_NAME when it is built: what decodes is encoded, and that decodes and
 * encodes to the same again. (Texts have several forms of the same, so the first round may differ.)
 */
#include "proto/proto.h"

#define JOIN2(a, b, c) a##b##c
#define JOIN(a, b, c) JOIN2(a, b, c)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static kith_err
again(kith_bytes in, kith_buf *out)
{
    JOIN(proto_, FUZZ_NAME, ) value;

    KITH_TRY(JOIN(proto_, FUZZ_NAME, _decode)(in, &value));
    if (JOIN(proto_, FUZZ_NAME, _encode)(out, &value) != KITH_OK) {
        __builtin_trap();
    }
    return KITH_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    KITH_AUTO(kith_buf) once = {0};
    KITH_AUTO(kith_buf) twice = {0};

    if (again(kith_bytes_of(data, len), &once) != KITH_OK) {
        return 0;
    }
    if (again(kith_bytes_of_buf(&once), &twice) != KITH_OK ||
        !kith_bytes_equal(kith_bytes_of_buf(&once), kith_bytes_of_buf(&twice))) {
        __builtin_trap();
    }
    return 0;
}
