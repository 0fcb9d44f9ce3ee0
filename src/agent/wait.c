/* SPDX-License-Identifier: MPL-2.0 */
/* Requests whose answer waits for something: each ends once, by what it waited for, its time, or its face. */
#include <string.h>

#include "agent/internal.h"

kith_err
agent_wait_add(agent *a, agent_call *call, agent_wait *wait)
{
    KITH_ENSURE(call->face->waits < AGENT_WAITS_PER_FACE, KITH_ERR_BUSY);
    agent_wait *kept = kith_mem_zalloc(NULL, 1, sizeof *kept);
    KITH_ENSURE(kept != NULL, KITH_ERR_NO_MEMORY);
    *kept = *wait;
    kept->text = kith_buf_take(&wait->text);
    kept->face = call->face;
    kept->id = call->request->id;
    kept->method = call->request->method->id;
    kept->until_ms = agent_steady_ms() + wait->until_ms;
    kept->next = a->waits;
    a->waits = kept;
    call->face->waits++;
    call->waits = true;
    return KITH_OK;
}

/* Takes the wait at `*at` out of the list and frees it. */
static void
remove_at(agent_wait **at)
{
    agent_wait *wait = *at;

    *at = wait->next;
    wait->face->waits--;
    kith_buf_done(&wait->text);
    kith_mem_free(NULL, wait, sizeof *wait);
}

static void
answer_err(const agent_wait *wait, kith_err err)
{
    const rpc_fault fault = rpc_fault_of_err(err);

    agent_face_fault(wait->face, &wait->id, &fault, NULL);
}

/* ---- Answers ------------------------------------------------------------------------------- */

static void
add_joined(agent *a, const agent_wait *wait, agent_json *out)
{
    static const uint8_t nobody[CORE_ACCOUNT_LEN];
    const core_account account = core_account_get(a->core);
    uint8_t conv[CORE_CONV_LEN];

    agent_json_hex(out, "account", KITH_BYTES(account.account));
    if (memcmp(wait->peer, nobody, sizeof nobody) != 0 &&
        core_chat_with(a->core, wait->peer, conv) == KITH_OK) {
        agent_json_hex(out, "conv", KITH_BYTES(conv));
    }
}

static void
answer_json(const agent_wait *wait, const agent_json *json)
{
    if (json->ok) {
        agent_face_answer(wait->face, &wait->id, json->doc);
    } else {
        answer_err(wait, KITH_ERR_NO_MEMORY);
    }
}

static void
answer_op(agent *a, const agent_wait *wait, kith_err err)
{
    if (err != KITH_OK) {
        answer_err(wait, err);
        return;
    }
    agent_json json = agent_json_new();
    if (json.ok && (wait->method == RPC_ACCOUNT_JOIN || wait->method == RPC_PAIR_ACCEPT)) {
        add_joined(a, wait, &json);
    }
    answer_json(wait, &json);
    agent_json_done(&json);
}

bool
agent_message_has_reached(core_message_state state, core_message_state wanted)
{
    return state != CORE_MESSAGE_FAILED && state >= wanted;
}

/* True: the message got there, or never will, and the wait was answered. */
static bool
answer_message(agent *a, const agent_wait *wait)
{
    core_message message = {0};

    if (core_message_get(a->core, wait->conv, wait->n, &message) != KITH_OK) {
        return false;
    }
    const core_message_state state = message.state;
    core_message_done(&message);
    if (state == CORE_MESSAGE_FAILED) {
        answer_err(wait, KITH_ERR_REJECTED);
        return true;
    }
    if (!agent_message_has_reached(state, wait->state)) {
        return false;
    }
    agent_json json = agent_json_new();
    if (json.ok) {
        agent_json_text(&json, "state", agent_message_state(state));
    }
    answer_json(wait, &json);
    agent_json_done(&json);
    return true;
}

/* An invite is good without the server's knowledge, too: this only keeps its first use from being too early. */
static void
answer_invite(const agent_wait *wait)
{
    agent_json json = agent_json_new();

    if (json.ok) {
        agent_json_bytes(&json, "link", kith_bytes_of_buf(&wait->text));
    }
    answer_json(wait, &json);
    agent_json_done(&json);
}

/* ---- What ends a wait ---------------------------------------------------------------------- */

static bool
end_on_event(agent *a, const agent_wait *wait, const core_event *event)
{
    switch (wait->kind) {
    case AGENT_WAIT_OP:
        if (event->kind != CORE_EVENT_OP_DONE || event->op != wait->op) {
            return false;
        }
        answer_op(a, wait, event->err);
        return true;
    case AGENT_WAIT_MESSAGE:
        return event->kind == CORE_EVENT_MESSAGE && event->n == wait->n && answer_message(a, wait);
    case AGENT_WAIT_INVITE:
        return false;
    case AGENT_WAIT_PAIR_CODE:
    case AGENT_WAIT_PAIR_STEP:
        return agent_pair_answer(a, wait);
    }
    return false;
}

void
agent_waits_on_event(agent *a, const core_event *event)
{
    agent_wait **at = &a->waits;

    while (*at != NULL) {
        if (end_on_event(a, *at, event)) {
            remove_at(at);
        } else {
            at = &(*at)->next;
        }
    }
}

static rpc_fault
offline_fault(const agent *a)
{
    net_lost why = NET_LOST_CLOSED;
    rpc_fault fault = rpc_fault_of_err(KITH_ERR_OFFLINE);

    agent_is_offline(a, &why);
    const char *name = net_lost_name(why);
    for (size_t i = 0; name[i] != '\0' && i + 1 < sizeof fault.reason; i++) {
        fault.reason[i] = name[i] == ' ' ? '_' : name[i];
    }
    return fault;
}

void
agent_waits_on_offline(agent *a)
{
    agent_wait **at = &a->waits;

    while (*at != NULL) {
        if ((*at)->kind == AGENT_WAIT_INVITE) {
            answer_invite(*at);
            remove_at(at);
        } else if ((*at)->offline_ends) {
            const rpc_fault fault = offline_fault(a);
            agent_face_fault((*at)->face, &(*at)->id, &fault, NULL);
            remove_at(at);
        } else {
            at = &(*at)->next;
        }
    }
}

/* True: its time is over, or nothing is left to wait for, and it was answered. */
static bool
end_on_tick(agent *a, const agent_wait *wait, uint64_t now)
{
    const rpc_fault fault = rpc_fault_of_kind(RPC_KIND_TIMEOUT, "not yet; it goes on");

    if (wait->kind == AGENT_WAIT_INVITE &&
        (core_invites_are_known(a->core) || wait->until_ms <= now)) {
        answer_invite(wait);
        return true;
    }
    if (wait->until_ms <= now) {
        agent_face_fault(wait->face, &wait->id, &fault, NULL);
        return true;
    }
    return false;
}

void
agent_waits_tick(agent *a)
{
    const uint64_t now = agent_steady_ms();
    agent_wait **at = &a->waits;

    while (*at != NULL) {
        if (end_on_tick(a, *at, now)) {
            remove_at(at);
        } else {
            at = &(*at)->next;
        }
    }
}

uint64_t
agent_waits_deadline(const agent *a)
{
    uint64_t deadline = UINT64_MAX;

    for (const agent_wait *wait = a->waits; wait != NULL; wait = wait->next) {
        deadline = wait->until_ms < deadline ? wait->until_ms : deadline;
    }
    return deadline;
}

void
agent_waits_drop(agent *a, const agent_face *face)
{
    agent_wait **at = &a->waits;

    while (*at != NULL) {
        if ((*at)->face == face) {
            remove_at(at);
        } else {
            at = &(*at)->next;
        }
    }
}
