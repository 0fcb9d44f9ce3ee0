/* SPDX-License-Identifier: MPL-2.0 */
/* Why a request failed: the `error` object of an answer [docs/rpc.md, Errors]. */
#ifndef KITH_RPC_FAULT_H
#define KITH_RPC_FAULT_H

#include "base/base.h"

/* Codes of JSON-RPC 2.0; everything that is not about the request's form is RPC_CODE_KIND. */
#define RPC_CODE_PARSE (-32700)
#define RPC_CODE_REQUEST (-32600)
#define RPC_CODE_METHOD (-32601)
#define RPC_CODE_PARAMS (-32602)
#define RPC_CODE_KIND (-32000)

/* Every kind: kith_err's names in lower case, then what only the agent or the client says. */
#define RPC_KINDS(X)                                                                               \
    X(MALFORMED, "malformed")                                                                      \
    X(REJECTED, "rejected")                                                                        \
    X(UNSUPPORTED, "unsupported")                                                                  \
    X(LIMIT, "limit")                                                                              \
    X(NOT_FOUND, "not_found")                                                                      \
    X(EXISTS, "exists")                                                                            \
    X(CONFLICT, "conflict")                                                                        \
    X(OUT_OF_STEP, "out_of_step")                                                                  \
    X(DENIED, "denied")                                                                            \
    X(BUSY, "busy")                                                                                \
    X(OFFLINE, "offline")                                                                          \
    X(STORE, "store")                                                                              \
    X(NO_MEMORY, "no_memory")                                                                      \
    X(NO_RANDOM, "no_random")                                                                      \
    X(CRYPTO, "crypto")                                                                            \
    X(INVALID, "invalid")                                                                          \
    X(TIMEOUT, "timeout")                                                                          \
    X(NO_ACCOUNT, "no_account")                                                                    \
    X(REQUEST, "request") /* the form of the request is wrong: code and field say how */           \
    X(GONE, "gone") /* made by the client: no agent, or it ended before it answered */

typedef enum rpc_kind {
    RPC_KIND_NONE = 0,
#define RPC_KIND_ENUM(name, word) RPC_KIND_##name,
    RPC_KINDS(RPC_KIND_ENUM)
#undef RPC_KIND_ENUM
        RPC_KIND_COUNT
} rpc_kind;

/* The word of a kind, static; RPC_KIND_NONE for a word that no kind has. */
const char *rpc_kind_word(rpc_kind kind);
rpc_kind rpc_kind_of_word(const char *word);
/* The kind of the same name. */
rpc_kind rpc_kind_of_err(kith_err err);

typedef struct rpc_fault {
    int code;
    rpc_kind kind;
    char field[32]; /* of RPC_CODE_PARAMS: which parameter; else empty */
    char reason[32]; /* a word that says more than the kind, or empty: "wrong_pin" */
    char message[160]; /* for developers */
} rpc_fault;

rpc_fault rpc_fault_of_kind(rpc_kind kind, const char *message);
/* With the error's own sentence. */
rpc_fault rpc_fault_of_err(kith_err err);

#endif
