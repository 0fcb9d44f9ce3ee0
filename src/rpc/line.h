/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One line as JSON-RPC 2.0: requests, answers and events, read and written [docs/rpc.md]. Lines come
 * without their newline and are written with it.
 */
#ifndef KITH_RPC_LINE_H
#define KITH_RPC_LINE_H

#include <yyjson.h>

#include "base/base.h"
#include "rpc/fault.h"
#include "rpc/limits.h"
#include "rpc/schema.h"

/* Names a request for its answer. */
typedef enum rpc_id_type { RPC_ID_NULL = 0, RPC_ID_NUMBER, RPC_ID_TEXT } rpc_id_type;
typedef struct rpc_id {
    rpc_id_type type;
    int64_t number;
    char text[RPC_ID_MAX + 1];
} rpc_id;

typedef struct rpc_request {
    yyjson_doc *doc; /* owned */
    rpc_id id;
    const rpc_method *method;
    yyjson_val *params; /* of `doc`, checked against the schema; NULL: none */
} rpc_request;

/* Reads one request. MALFORMED: no request; `*fault` is what to answer and `out->id` to whom (null when the
 * id cannot be read), the rest of `out` is zero. NO_MEMORY: the same. */
KITH_MUST_USE kith_err rpc_request_parse(kith_bytes line, rpc_request *out, rpc_fault *fault);
void rpc_request_done(rpc_request *request);

/* Appends a line: a request of the client (`params` NULL: none), a good answer (`result` NULL: {}), an error
 * (`data` NULL or an object whose fields go into `error.data`), an event. The documents are borrowed; their
 * root is what is written. LIMIT: longer than RPC_LINE_MAX. NO_MEMORY. Nothing is then appended. */
KITH_MUST_USE kith_err rpc_request_write(int64_t id, const char *method,
                                         const yyjson_mut_doc *params, kith_buf *out);
KITH_MUST_USE kith_err rpc_answer_write(const rpc_id *id, const yyjson_mut_doc *result,
                                        kith_buf *out);
KITH_MUST_USE kith_err rpc_fault_write(const rpc_id *id, const rpc_fault *fault,
                                       const yyjson_mut_doc *data, kith_buf *out);
KITH_MUST_USE kith_err rpc_event_write(const yyjson_mut_doc *params, kith_buf *out);

/* What a face reads: an answer to request `id`, or an event. */
typedef struct rpc_message {
    yyjson_doc *doc; /* owned */
    bool is_event;
    int64_t id; /* of an answer; -1: to a request whose id could not be read */
    yyjson_val *result; /* of a good answer, or an event's params; NULL: the answer is an error */
    yyjson_val *error_data; /* of an error; NULL: none */
    rpc_fault fault;
} rpc_message;

/* MALFORMED: neither. NO_MEMORY. `*out` is then unchanged. */
KITH_MUST_USE kith_err rpc_message_parse(kith_bytes line, rpc_message *out);
void rpc_message_done(rpc_message *message);

/* Finds the end of the first line in `bytes`; false: it is not there yet. */
bool rpc_line_find(kith_bytes bytes, size_t *len);

#endif
