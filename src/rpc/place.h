/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where an account's files are on this machine, and the agent's socket. Faces and agent work it out
 * alike, so that they find each other.
 */
#ifndef KITH_RPC_PLACE_H
#define KITH_RPC_PLACE_H

#include "base/base.h"
#include "rpc/limits.h"

typedef struct rpc_place {
    char data[RPC_PATH_MAX]; /* absolute, exists, mode 0700 */
    char socket[RPC_PATH_MAX]; /* in a folder that exists, mode 0700 */
} rpc_place;

/* The data folder is `data`, else $KITH_DATA, else $XDG_DATA_HOME/kith, else ~/.local/share/kith; the socket
 * is `socket`, else in $XDG_RUNTIME_DIR/kith, else agent.sock in the data folder. NULL and "" mean not given.
 * Makes the folders that are missing.
 * NOT_FOUND: nothing says where the home folder is. DENIED: a folder cannot be made, or belongs to another
 * user. LIMIT: a path is longer than RPC_PATH_MAX, or the socket's than RPC_SOCKET_MAX. */
KITH_MUST_USE kith_err rpc_place_find(const char *data, const char *socket, rpc_place *out);

/* Appends "/`name`" to `folder` into `out` of RPC_PATH_MAX bytes. LIMIT. */
KITH_MUST_USE kith_err rpc_path_join(const char *folder, const char *name, char *out);

#endif
