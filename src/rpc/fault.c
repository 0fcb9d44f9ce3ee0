/* SPDX-License-Identifier: MPL-2.0 */
/* Kinds of failure and their words, from one list. */
#include "rpc/fault.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_words[RPC_KIND_COUNT] = {
#define KIND_WORD(name, word) [RPC_KIND_##name] = (word),
    RPC_KINDS(KIND_WORD)
#undef KIND_WORD
};

const char *
rpc_kind_word(rpc_kind kind)
{
    if (kind <= RPC_KIND_NONE || kind >= RPC_KIND_COUNT) {
        return "";
    }
    return kind_words[kind];
}

rpc_kind
rpc_kind_of_word(const char *word)
{
    for (int kind = RPC_KIND_NONE + 1; kind < RPC_KIND_COUNT; kind++) {
        if (strcmp(kind_words[kind], word) == 0) {
            return (rpc_kind)kind;
        }
    }
    return RPC_KIND_NONE;
}

rpc_kind
rpc_kind_of_err(kith_err err)
{
    static const rpc_kind kinds[KITH_ERR_COUNT] = {
#define KIND_OF_ERR(name, text) [KITH_ERR_##name] = RPC_KIND_##name,
        KITH_ERRORS(KIND_OF_ERR)
#undef KIND_OF_ERR
    };

    if (err <= KITH_OK || err >= KITH_ERR_COUNT) {
        return RPC_KIND_NONE;
    }
    return kinds[err];
}

rpc_fault
rpc_fault_of_kind(rpc_kind kind, const char *message)
{
    rpc_fault fault = {.code = RPC_CODE_KIND, .kind = kind};

    snprintf(fault.message, sizeof fault.message, "%s", message);
    return fault;
}

rpc_fault
rpc_fault_of_err(kith_err err)
{
    return rpc_fault_of_kind(rpc_kind_of_err(err), kith_err_text(err));
}
