/* SPDX-License-Identifier: MPL-2.0 */
/* Starting the agent from a face. */
#ifndef KITH_RPC_START_H
#define KITH_RPC_START_H

#include "base/base.h"
#include "rpc/fault.h"
#include "rpc/place.h"

/* Path of the agent's program: $KITH_AGENT, else beside this program (or in ../kith-agent, as in a build
 * folder), else `kith-agent` in PATH. NOT_FOUND: nowhere. */
KITH_MUST_USE kith_err rpc_agent_find(char out[RPC_PATH_MAX]);

/* Starts the agent of `place` in a process session of its own and waits until it listens, RPC_START_MS at
 * most. When two faces do so at once, one starts it and the other waits. KITH_OK: somebody listens now.
 * OFFLINE: nobody; `*fault` says why (kind GONE, or the kind that the agent gave up with). */
KITH_MUST_USE kith_err rpc_agent_start(const rpc_place *place, rpc_fault *fault);

/* What an agent that was started with --ready-fd writes there, once: its line is empty when it listens, else
 * `KIND SENTENCE`, KIND being an rpc_kind's word. Closes `fd`; -1 is accepted. */
void rpc_agent_ready(int fd, const rpc_fault *fault);

#endif
