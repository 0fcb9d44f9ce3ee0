/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target: a stream is cut into frames that encode to what was cut. */
#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    kith_bytes left = kith_bytes_of(data, len);
    proto_frame frame;
    size_t used = 1;

    while (proto_frame_take(left, PROTO_FRAME_MAX, &frame, &used) == KITH_OK && used > 0) {
        KITH_AUTO(kith_buf) again = {0};
        if (proto_frame_encode(&again, frame.type, frame.request, frame.body) != KITH_OK ||
            !kith_bytes_equal(kith_bytes_of_buf(&again), kith_bytes_of(left.data, used))) {
            __builtin_trap();
        }
        left = kith_bytes_of(left.data + used, left.len - used);
    }
    return 0;
}
