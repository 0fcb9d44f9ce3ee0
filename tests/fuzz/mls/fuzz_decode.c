/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target for one decoder of mls/types.h, chosen by FUZZ_TYPE and FUZZ_DECODE when it is built: what
 * decodes borrows from the input, and reading on from a failed decode is safe.
 */
#include "mls/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    kith_reader r = kith_reader_of(kith_bytes_of(data, len));
    const kith_reader before = r;
    FUZZ_TYPE value;

    if (FUZZ_DECODE(&r, &value) != KITH_OK && (r.next != before.next || r.left != before.left)) {
        __builtin_trap(); /* a failed read leaves the reader as it was */
    }
    return 0;
}
