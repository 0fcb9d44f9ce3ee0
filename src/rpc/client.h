/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The agent as a face sees it: a connection, calls that wait for their answer, and events. Blocking, for
 * one thread; rpc_client_fd lets an event loop know when there is something to read.
 */
#ifndef KITH_RPC_CLIENT_H
#define KITH_RPC_CLIENT_H

#include <yyjson.h>

#include "base/base.h"
#include "rpc/fault.h"
#include "rpc/line.h"
#include "rpc/place.h"

typedef struct rpc_client rpc_client;

/* Connects and says hello; starts the agent first when `start` and nobody listens. On error `*fault` says
 * why. OFFLINE: no agent. UNSUPPORTED: the agent that runs speaks another version of the schema: it should be
 * stopped. NO_MEMORY. */
KITH_MUST_USE kith_err rpc_client_open(const rpc_place *place, bool start, rpc_client **out,
                                       rpc_fault *fault);
void rpc_client_free(rpc_client *client);

typedef struct rpc_call {
    const char *method;
    const yyjson_mut_doc *params; /* borrowed; NULL: none */
    uint32_t timeout_ms; /* 0: RPC_CALL_MS */
} rpc_call;

/* Sends a request and waits for its answer; events that come meanwhile are kept for rpc_client_next.
 * KITH_OK: `out->result` is the answer. REJECTED: the agent answered with an error, out->fault. OFFLINE: it
 * gave none, out->fault says so (GONE, or TIMEOUT); the client can only be freed. `*out` is always to be
 * done with rpc_message_done. */
KITH_MUST_USE kith_err rpc_client_call(rpc_client *client, const rpc_call *call, rpc_message *out);

/* The next event: `out->result`. NOT_FOUND: none came within the time. OFFLINE: the agent is gone. */
KITH_MUST_USE kith_err rpc_client_next(rpc_client *client, uint32_t timeout_ms, rpc_message *out);

/* Readable when rpc_client_next may have something, unless an event is held already: call it with 0 first. */
int rpc_client_fd(const rpc_client *client);

/* For passing lines through: sends a line as it is (a newline is added); reads one, without its newline,
 * replacing `*out`. NOT_FOUND: none came in time. OFFLINE. */
KITH_MUST_USE kith_err rpc_client_write_line(rpc_client *client, kith_bytes line);
KITH_MUST_USE kith_err rpc_client_read_line(rpc_client *client, uint32_t timeout_ms, kith_buf *out);

#endif
