/* SPDX-License-Identifier: MPL-2.0 */
/* message.* [docs/rpc.md, Methods]. */
#include <string.h>

#include "agent/internal.h"

static kith_err
add_sent(agent *a, agent_call *call, const uint8_t conv[CORE_CONV_LEN], uint64_t n)
{
    core_message message = {0};

    KITH_TRY(core_message_get(a->core, conv, n, &message));
    agent_json_u64(&call->result, "n", n);
    agent_json_hex(&call->result, "id", KITH_BYTES(message.id));
    agent_json_text(&call->result, "state", agent_message_state(message.state));
    core_message_done(&message);
    return KITH_OK;
}

kith_err
agent_do_message_send(agent *a, agent_call *call)
{
    core_text text = {
        .text = agent_param_text(call, "text"),
        .once = agent_param_text(call, "once"),
    };
    uint64_t n = 0;

    agent_param_hex(call, "conv", text.conv, sizeof text.conv);
    agent_param_hex(call, "reply_to", text.reply_to, sizeof text.reply_to);
    KITH_TRY(core_send(a->core, &text, agent_wall_ms(), &n));
    return add_sent(a, call, text.conv, n);
}

static core_message_state
wanted_state(const agent_call *call)
{
    const kith_bytes word = agent_param_text(call, "state");

    if (kith_bytes_equal(word, kith_bytes_of_text("read"))) {
        return CORE_MESSAGE_READ;
    }
    if (kith_bytes_equal(word, kith_bytes_of_text("delivered"))) {
        return CORE_MESSAGE_DELIVERED;
    }
    return CORE_MESSAGE_SENT;
}

kith_err
agent_do_message_wait(agent *a, agent_call *call)
{
    agent_wait wait = {
        .kind = AGENT_WAIT_MESSAGE,
        .n = agent_param_u64(call, "n", 0),
        .state = wanted_state(call),
        .until_ms = agent_param_u64(call, "timeout_ms", AGENT_MESSAGE_MS),
        .offline_ends = true,
    };
    core_message message = {0};

    agent_param_hex(call, "conv", wait.conv, sizeof wait.conv);
    KITH_TRY(core_message_get(a->core, wait.conv, wait.n, &message));
    const core_message_state state = message.state;
    const bool is_own = message.is_own;
    core_message_done(&message);
    KITH_ENSURE(is_own, KITH_ERR_INVALID);
    KITH_ENSURE(state != CORE_MESSAGE_FAILED, KITH_ERR_REJECTED);
    if (!agent_message_has_reached(state, wait.state)) {
        return agent_wait_add(a, call, &wait);
    }
    agent_json_text(&call->result, "state", agent_message_state(state));
    return KITH_OK;
}

/* ---- message.list -------------------------------------------------------------------------- */

typedef struct listing {
    uint8_t conv[CORE_CONV_LEN];
    uint64_t n; /* where the walk is */
    bool is_forwards;
    uint64_t limit;
} listing;

static kith_err
add_messages(agent *a, listing *at, agent_json *list)
{
    size_t bytes = 0;

    for (uint64_t i = 0; i < at->limit && bytes < AGENT_LIST_BYTES; i++) {
        core_message message = {0};
        const kith_err err = at->is_forwards
                                 ? core_message_next(a->core, at->conv, &at->n, &message)
                                 : core_message_prev(a->core, at->conv, &at->n, &message);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        const size_t len = agent_json_text_len(kith_bytes_of_buf(&message.text)) + 1024;
        /* The first one always fits; a later one that would not is left for the next request. */
        if (i == 0 || bytes + len <= AGENT_LIST_BYTES) {
            agent_json item = agent_json_object(list);
            agent_json_message(a, &item, &message);
            list->ok = list->ok && item.ok &&
                       (at->is_forwards ? yyjson_mut_arr_append(list->root, item.root)
                                        : yyjson_mut_arr_prepend(list->root, item.root));
        }
        bytes += len;
        core_message_done(&message);
    }
    return KITH_OK;
}

kith_err
agent_do_message_list(agent *a, agent_call *call)
{
    listing at = {
        .is_forwards = agent_param_has(call, "after"),
        .limit = agent_param_u64(call, "limit", AGENT_LIST_DEFAULT),
    };
    core_chat chat;

    if (at.is_forwards && agent_param_has(call, "before")) {
        return KITH_ERR_INVALID;
    }
    agent_param_hex(call, "conv", at.conv, sizeof at.conv);
    at.n = agent_param_u64(call, at.is_forwards ? "after" : "before", 0);
    KITH_TRY(core_chat_get(a->core, at.conv, &chat));
    agent_json list = agent_json_array(&call->result);
    KITH_TRY(add_messages(a, &at, &list));
    agent_json_put(&call->result, "messages", &list);
    return KITH_OK;
}

kith_err
agent_do_message_read(agent *a, agent_call *call)
{
    uint8_t conv[CORE_CONV_LEN];

    agent_param_hex(call, "conv", conv, sizeof conv);
    return core_mark_read(a->core, conv, agent_param_u64(call, "n", 0), agent_wall_ms());
}
