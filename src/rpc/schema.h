/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The methods of the agent and their parameters, in one table [docs/rpc.md, Methods]. Whatever the table
 * says is checked before a method sees its parameters.
 */
#ifndef KITH_RPC_SCHEMA_H
#define KITH_RPC_SCHEMA_H

#include <yyjson.h>

#include "base/base.h"
#include "rpc/fault.h"
#include "rpc/limits.h"

#define RPC_SCHEMA 1u

#define RPC_METHODS(X)                                                                             \
    X(HELLO, "hello")                                                                              \
    X(ACCOUNT_GET, "account.get")                                                                  \
    X(ACCOUNT_JOIN, "account.join")                                                                \
    X(ACCOUNT_RENAME, "account.rename")                                                            \
    X(INVITE_CREATE, "invite.create")                                                              \
    X(DEVICE_LIST, "device.list")                                                                  \
    X(DEVICE_REMOVE, "device.remove")                                                              \
    X(PAIR_OFFER, "pair.offer")                                                                    \
    X(PAIR_WAIT, "pair.wait")                                                                      \
    X(PAIR_APPROVE, "pair.approve")                                                                \
    X(PAIR_ACCEPT, "pair.accept")                                                                  \
    X(PAIR_CANCEL, "pair.cancel")                                                                  \
    X(PERSON_LIST, "person.list")                                                                  \
    X(PERSON_ANSWER, "person.answer")                                                              \
    X(CHAT_LIST, "chat.list")                                                                      \
    X(CHAT_GET, "chat.get")                                                                        \
    X(CHAT_FIND, "chat.find")                                                                      \
    X(CHAT_READERS, "chat.readers")                                                                \
    X(GROUP_CREATE, "group.create")                                                                \
    X(GROUP_ADD, "group.add")                                                                      \
    X(GROUP_REMOVE, "group.remove")                                                                \
    X(GROUP_LEAVE, "group.leave")                                                                  \
    X(MESSAGE_SEND, "message.send")                                                                \
    X(MESSAGE_WAIT, "message.wait")                                                                \
    X(MESSAGE_LIST, "message.list")                                                                \
    X(MESSAGE_READ, "message.read")                                                                \
    X(EVENTS_SUBSCRIBE, "events.subscribe")                                                        \
    X(EVENTS_UNSUBSCRIBE, "events.unsubscribe")                                                    \
    X(DIRECTORY_GET, "directory.get")                                                              \
    X(DIRECTORY_GO_ON, "directory.go_on")                                                          \
    X(AGENT_DOCTOR, "agent.doctor")                                                                \
    X(AGENT_STOP, "agent.stop")

typedef enum rpc_method_id {
#define RPC_METHOD_ENUM(name, word) RPC_##name,
    RPC_METHODS(RPC_METHOD_ENUM)
#undef RPC_METHOD_ENUM
        RPC_METHOD_COUNT
} rpc_method_id;

typedef enum rpc_type {
    RPC_TYPE_END = 0, /* closes a list of fields */
    RPC_TYPE_BOOL,
    RPC_TYPE_NUMBER, /* 0 .. max */
    RPC_TYPE_TEXT, /* UTF-8 without a zero, min .. max bytes */
    RPC_TYPE_HEX, /* exactly `max` bytes as lower-case hexadecimal */
    RPC_TYPE_HEX_LIST, /* 1 .. max accounts, each 64 digits */
    RPC_TYPE_WORD /* one of `words`, which are separated by spaces */
} rpc_type;

typedef struct rpc_field {
    const char *name;
    rpc_type type;
    bool required;
    uint64_t min;
    uint64_t max;
    const char *words;
} rpc_field;

#define RPC_FIELDS_MAX 6u

typedef struct rpc_method {
    rpc_method_id id;
    const char *name;
    rpc_field fields[RPC_FIELDS_MAX]; /* the last one has RPC_TYPE_END */
} rpc_method;

/* NULL: there is no such method. */
const rpc_method *rpc_method_find(const char *name);
const rpc_method *rpc_method_get(rpc_method_id id);

/* Whether `params` (NULL: none were given) is what the table says: an object with every required field, no
 * unknown one, none twice, each of its type and in its bounds. REJECTED: not; `*fault` says which field. */
KITH_MUST_USE kith_err rpc_params_check(const rpc_method *method, yyjson_val *params,
                                        rpc_fault *fault);

#endif
