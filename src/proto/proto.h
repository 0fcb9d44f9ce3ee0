/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The front header of what agent and server say to each other (docs/wire.md): frames, bodies, device lists,
 * credentials, links. Bytes in, bytes out; no state, no connection.
 *
 * Rules for every function: inputs are borrowed during the call; an output is written only on success; a
 * kith_buf is appended to, and unchanged on error. Errors beside the named ones: NO_MEMORY; where a `crypto`
 * is passed, CRYPTO.
 */
#ifndef KITH_PROTO_PROTO_H
#define KITH_PROTO_PROTO_H

#include "proto/credential.h"
#include "proto/frame.h"
#include "proto/limits.h"
#include "proto/link.h"
#include "proto/list.h"
#include "proto/log.h"
#include "proto/request.h"

#endif
