/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The front header of src/rpc: what faces and agent say to each other [docs/rpc.md]. The schema, one line
 * as a request, answer or event, where the agent's files are, and a blocking client for faces that starts
 * the agent when it is not running.
 */
#ifndef KITH_RPC_RPC_H
#define KITH_RPC_RPC_H

#include "rpc/client.h"
#include "rpc/fault.h"
#include "rpc/limits.h"
#include "rpc/line.h"
#include "rpc/place.h"
#include "rpc/schema.h"
#include "rpc/start.h"

#endif
