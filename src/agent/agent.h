/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The front header of src/agent: one account on one device. Core, its store and its connections on one thread,
 * served to faces as JSON-RPC on a Unix socket [docs/rpc.md].
 */
#ifndef KITH_AGENT_AGENT_H
#define KITH_AGENT_AGENT_H

#include "base/base.h"

typedef struct agent_options {
    const char *data; /* folder; NULL: see docs/rpc.md */
    const char *socket; /* path; NULL: the same */
    const char *version; /* shown by hello and the doctor */
    int ready_fd; /* told once when it listens, or why it does not, and closed; -1: nobody to tell */
    bool no_keyring; /* never ask the desktop's keyring */
} agent_options;

/* Runs until SIGTERM, SIGINT or agent.stop; KITH_OK then. Otherwise says on stderr why it cannot run:
 * EXISTS: another agent uses the folder. DENIED: a folder or file may not be used, or the keyring does not give
 * the store's key. UNSUPPORTED: the store is of a later version. MALFORMED: it is damaged. STORE, NO_MEMORY. */
KITH_MUST_USE kith_err agent_run(const agent_options *options);

/* Appends the build's hash (the linker's build id) as hexadecimal; nothing when the program has none. */
KITH_MUST_USE kith_err agent_build_id(kith_buf *out);

#endif
