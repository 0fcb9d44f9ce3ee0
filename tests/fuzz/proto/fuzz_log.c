/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target: what a server says of its log; what decodes keeps its rules and is made of the bytes that came in. */
#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    proto_log log;

    if (proto_log_decode(kith_bytes_of(data, len), &log) != KITH_OK) {
        return 0;
    }
    if (log.generation == 0 || log.config.len == 0 || log.reason.len > PROTO_LOG_REASON_MAX ||
        log.signed_part.len + log.signature.len + 1 != len) {
        __builtin_trap();
    }
    return 0;
}
