/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target for lines of JSON-RPC: whatever comes is a request with a method and parameters that fit the schema, or
 * has exactly one error that can be written; and the same for what a face reads.
 */
#include "rpc/rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
read_request(kith_bytes line)
{
    KITH_AUTO(kith_buf) answer = {0};
    rpc_request request = {0};
    rpc_fault fault = {0};
    rpc_fault none = {0};

    if (rpc_request_parse(line, &request, &fault) == KITH_OK) {
        if (request.method == NULL || request.id.type == RPC_ID_NULL ||
            rpc_params_check(request.method, request.params, &none) != KITH_OK) {
            __builtin_trap();
        }
    } else if (fault.code == 0 || request.doc != NULL ||
               rpc_fault_write(&request.id, &fault, NULL, &answer) != KITH_OK) {
        __builtin_trap();
    }
    rpc_request_done(&request);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const kith_bytes line = kith_bytes_of(data, len);
    rpc_message message = {0};

    read_request(line);
    if (rpc_message_parse(line, &message) == KITH_OK && message.result == NULL &&
        message.fault.kind == RPC_KIND_NONE && message.fault.code == 0 && message.is_event) {
        __builtin_trap();
    }
    rpc_message_done(&message);
    return 0;
}
