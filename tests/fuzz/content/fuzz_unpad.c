/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target: padding; what was inside pads to its bucket and is lent again. */
#include "content/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    KITH_AUTO(kith_buf) again = {0};
    kith_bytes inside;
    kith_bytes same;

    if (content_unpad(kith_bytes_of(data, len), &inside) != KITH_OK) {
        return 0;
    }
    if (kith_buf_append(&again, inside) != KITH_OK || content_pad(&again) != KITH_OK ||
        again.len != content_pad_target(inside.len) ||
        content_unpad(kith_bytes_of_buf(&again), &same) != KITH_OK ||
        !kith_bytes_equal(inside, same)) {
        __builtin_trap();
    }
    return 0;
}
