/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target: the first byte chooses a body of docs/wire.md §2; what decodes encodes to the same bytes. */
#include <string.h>

#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define AGAIN(name)                                                                                \
    static kith_err again_##name(kith_bytes in, kith_buf *out)                                     \
    {                                                                                              \
        proto_##name body;                                                                         \
        KITH_TRY(proto_##name##_decode(in, &body));                                                \
        if (proto_##name##_encode(out, &body) != KITH_OK) {                                        \
            __builtin_trap();                                                                      \
        }                                                                                          \
        return KITH_OK;                                                                            \
    }
PROTO_BODIES(AGAIN)

static kith_err (*const bodies[])(kith_bytes in, kith_buf *out) = {
#define ROW(name) again_##name,
    PROTO_BODIES(ROW)
#undef ROW
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    KITH_AUTO(kith_buf) out = {0};

    if (len == 0) {
        return 0;
    }
    const kith_bytes in = kith_bytes_of(data + 1, len - 1);
    if (bodies[data[0] % (sizeof bodies / sizeof bodies[0])](in, &out) == KITH_OK &&
        !kith_bytes_equal(in, kith_bytes_of_buf(&out))) {
        __builtin_trap();
    }
    return 0;
}
