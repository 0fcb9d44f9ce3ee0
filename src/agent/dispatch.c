/* SPDX-License-Identifier: MPL-2.0 */
/* One line in, one answer out, now or later: the table of methods and their parameters. */
#include <stdio.h>
#include <string.h>

#include "agent/internal.h"

static const struct {
    agent_method run;
    bool needs_account;
} methods[RPC_METHOD_COUNT] = {
    [RPC_HELLO] = {agent_do_hello, false},
    [RPC_ACCOUNT_GET] = {agent_do_account_get, false},
    [RPC_ACCOUNT_JOIN] = {agent_do_account_join, false},
    [RPC_ACCOUNT_RENAME] = {agent_do_account_rename, true},
    [RPC_INVITE_CREATE] = {agent_do_invite_create, true},
    [RPC_DEVICE_LIST] = {agent_do_device_list, true},
    [RPC_DEVICE_REMOVE] = {agent_do_device_remove, true},
    [RPC_PAIR_OFFER] = {agent_do_pair_offer, true},
    [RPC_PAIR_WAIT] = {agent_do_pair_wait, false},
    [RPC_PAIR_APPROVE] = {agent_do_pair_approve, false},
    [RPC_PAIR_ACCEPT] = {agent_do_pair_accept, false},
    [RPC_PAIR_CANCEL] = {agent_do_pair_cancel, false},
    [RPC_PERSON_LIST] = {agent_do_person_list, true},
    [RPC_PERSON_ANSWER] = {agent_do_person_answer, true},
    [RPC_CHAT_LIST] = {agent_do_chat_list, true},
    [RPC_CHAT_GET] = {agent_do_chat_get, true},
    [RPC_CHAT_FIND] = {agent_do_chat_find, true},
    [RPC_CHAT_READERS] = {agent_do_chat_readers, true},
    [RPC_GROUP_CREATE] = {agent_do_group_create, true},
    [RPC_GROUP_ADD] = {agent_do_group_add, true},
    [RPC_GROUP_REMOVE] = {agent_do_group_remove, true},
    [RPC_GROUP_LEAVE] = {agent_do_group_leave, true},
    [RPC_MESSAGE_SEND] = {agent_do_message_send, true},
    [RPC_MESSAGE_WAIT] = {agent_do_message_wait, true},
    [RPC_MESSAGE_LIST] = {agent_do_message_list, true},
    [RPC_MESSAGE_READ] = {agent_do_message_read, true},
    [RPC_EVENTS_SUBSCRIBE] = {agent_do_events_subscribe, false},
    [RPC_EVENTS_UNSUBSCRIBE] = {agent_do_events_unsubscribe, false},
    [RPC_DIRECTORY_GET] = {agent_do_directory_get, true},
    [RPC_DIRECTORY_GO_ON] = {agent_do_directory_go_on, true},
    [RPC_AGENT_DOCTOR] = {agent_do_doctor, false},
    [RPC_AGENT_STOP] = {agent_do_stop, false},
};

/* ---- Parameters ---------------------------------------------------------------------------- */

static yyjson_val *
param(const agent_call *call, const char *name)
{
    return yyjson_obj_get(call->request->params, name);
}

bool
agent_param_has(const agent_call *call, const char *name)
{
    return param(call, name) != NULL;
}

kith_bytes
agent_param_text(const agent_call *call, const char *name)
{
    yyjson_val *value = param(call, name);

    return value != NULL ? kith_bytes_of(yyjson_get_str(value), yyjson_get_len(value))
                         : (kith_bytes){0};
}

uint64_t
agent_param_u64(const agent_call *call, const char *name, uint64_t otherwise)
{
    yyjson_val *value = param(call, name);

    return value != NULL ? yyjson_get_uint(value) : otherwise;
}

bool
agent_param_bool(const agent_call *call, const char *name)
{
    return yyjson_get_bool(param(call, name));
}

static uint8_t
hex_digit(uint8_t c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

void
agent_param_hex(const agent_call *call, const char *name, uint8_t *out, size_t len)
{
    const kith_bytes text = agent_param_text(call, name);

    memset(out, 0, len);
    for (size_t i = 0; i < len && 2 * i + 1 < text.len; i++) {
        out[i] = (uint8_t)(hex_digit(text.data[2 * i]) << 4 | hex_digit(text.data[2 * i + 1]));
    }
}

kith_err
agent_call_fault(agent_call *call, rpc_kind kind, const char *message)
{
    call->fault = rpc_fault_of_kind(kind, message);
    return KITH_ERR_REJECTED;
}

/* ---- Answers ------------------------------------------------------------------------------- */

static kith_err
run(agent *a, agent_call *call)
{
    const rpc_method_id id = call->request->method->id;

    if (methods[id].needs_account && core_account_get(a->core).state == CORE_ACCOUNT_NONE) {
        return agent_call_fault(call, RPC_KIND_NO_ACCOUNT, "there is no account here yet");
    }
    KITH_ENSURE(call->result.ok, KITH_ERR_NO_MEMORY);
    KITH_TRY(methods[id].run(a, call));
    KITH_ENSURE(call->result.ok, KITH_ERR_NO_MEMORY);
    return KITH_OK;
}

static void
answer(agent_call *call, kith_err err)
{
    if (err == KITH_OK) {
        if (!call->waits) {
            agent_face_answer(call->face, &call->request->id, call->result.doc);
        }
        return;
    }
    if (call->fault.kind == RPC_KIND_NONE) {
        call->fault = rpc_fault_of_err(err);
    }
    if (call->fault.kind == RPC_KIND_DENIED &&
        core_account_get(call->face->agent->core).state == CORE_ACCOUNT_REMOVED) {
        snprintf(call->fault.reason, sizeof call->fault.reason, "removed");
    }
    agent_face_fault(call->face, &call->request->id, &call->fault, call->data.doc);
}

void
agent_dispatch(agent_face *face, kith_bytes line)
{
    rpc_request request = {0};
    rpc_fault fault = {0};

    if (rpc_request_parse(line, &request, &fault) != KITH_OK) {
        agent_face_fault(face, &request.id, &fault, NULL);
        return;
    }
    agent_call call = {.face = face, .request = &request, .result = agent_json_new()};
    answer(&call, run(face->agent, &call));
    agent_json_done(&call.result);
    agent_json_done(&call.data);
    rpc_request_done(&request);
}
