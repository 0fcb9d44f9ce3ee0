/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Events to faces. A subscriber is a place in core's kept events, not a queue: one that reads slowly falls behind
 * and finds everything when it goes on.
 */
#include "agent/internal.h"

#include <string.h>

static const char *
kind_word(core_event_kind kind)
{
    switch (kind) {
    case CORE_EVENT_ACCOUNT:
        return "account";
    case CORE_EVENT_MESSAGE:
        return "message";
    case CORE_EVENT_CHAT:
        return "chat";
    case CORE_EVENT_PERSON:
        return "person";
    case CORE_EVENT_DEVICES:
        return "devices";
    case CORE_EVENT_OP_DONE:
        return "op";
    case CORE_EVENT_PAIR_ASKED:
        return "pair_asked";
    case CORE_EVENT_PAIR_CODE:
        return "pair_code";
    case CORE_EVENT_ONLINE:
        return "online";
    case CORE_EVENT_ALARM:
        return "alarm";
    }
    return "unknown";
}

static bool
is_zero(kith_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] != 0) {
            return false;
        }
    }
    return true;
}

static void
add_hex_if_any(agent_json *out, const char *name, kith_bytes bytes)
{
    if (!is_zero(bytes)) {
        agent_json_hex(out, name, bytes);
    }
}

static void
add_message(agent *a, agent_json *out, const core_event *event)
{
    core_message message = {0};

    agent_json_u64(out, "n", event->n);
    if (core_message_get(a->core, event->conv, event->n, &message) == KITH_OK) {
        agent_json object = agent_json_object(out);
        agent_json_message(a, &object, &message);
        agent_json_put(out, "message", &object);
    }
    core_message_done(&message);
}

static void
add_alarm(agent *a, agent_json *out, const core_event *event)
{
    char path[RPC_PATH_MAX];

    agent_json_text(out, "what", event->text);
    if (strcmp(event->text, "fork") == 0 && agent_evidence_file(a, path) == KITH_OK) {
        agent_json_text(out, "file", path);
    }
}

static void
fill_event(agent *a, agent_json *out, const core_event *event)
{
    if (event->seq != 0) {
        agent_json_u64(out, "seq", event->seq);
    }
    agent_json_text(out, "kind", kind_word(event->kind));
    add_hex_if_any(out, "conv", KITH_BYTES(event->conv));
    add_hex_if_any(out, "account", KITH_BYTES(event->account));
    switch (event->kind) {
    case CORE_EVENT_MESSAGE:
        add_message(a, out, event);
        break;
    case CORE_EVENT_OP_DONE:
        agent_json_u64(out, "op", event->op);
        if (event->err != KITH_OK) {
            agent_json_text(out, "error", rpc_kind_word(rpc_kind_of_err(event->err)));
        }
        break;
    case CORE_EVENT_PAIR_ASKED:
        agent_json_text(out, "name", event->text);
        break;
    case CORE_EVENT_ONLINE:
        agent_json_bool(out, "online", event->n != 0);
        break;
    case CORE_EVENT_ALARM:
        add_alarm(a, out, event);
        break;
    case CORE_EVENT_ACCOUNT:
    case CORE_EVENT_CHAT:
    case CORE_EVENT_PERSON:
    case CORE_EVENT_DEVICES:
    case CORE_EVENT_PAIR_CODE:
        break;
    }
}

static kith_err
write_event(agent *a, const core_event *event, kith_buf *out)
{
    agent_json json = agent_json_new();

    if (json.ok) {
        fill_event(a, &json, event);
    }
    const kith_err err = json.ok ? rpc_event_write(json.doc, out) : KITH_ERR_NO_MEMORY;
    agent_json_done(&json);
    return err;
}

static void
push_to(agent *a, agent_face *face)
{
    const uint64_t last = core_event_last(a->core);

    while (face->seq < last && agent_face_has_room(face)) {
        KITH_AUTO(kith_buf) line = {0};
        core_event event;
        const kith_err err = core_event_replay(a->core, &face->seq, &event);
        if (err == KITH_ERR_NOT_FOUND) {
            face->seq = last;
            return;
        }
        /* A face that misses an event without knowing would show less than there is: it starts again. */
        if (err != KITH_OK || write_event(a, &event, &line) != KITH_OK) {
            face->is_closing = true;
            return;
        }
        agent_face_send(face, &line);
    }
}

void
agent_push_all(agent *a)
{
    for (agent_face *face = a->faces; face != NULL; face = face->next) {
        if (face->is_subscribed) {
            push_to(a, face);
        }
    }
}

void
agent_push_now(agent *a, const core_event *event)
{
    KITH_AUTO(kith_buf) line = {0};

    if (event->kind == CORE_EVENT_PAIR_CODE || write_event(a, event, &line) != KITH_OK) {
        return;
    }
    for (agent_face *face = a->faces; face != NULL; face = face->next) {
        if (face->is_subscribed && agent_face_has_room(face)) {
            agent_face_send(face, &line);
        }
    }
}

/* ---- Methods ------------------------------------------------------------------------------- */

kith_err
agent_do_events_subscribe(agent *a, agent_call *call)
{
    const uint64_t last = core_event_last(a->core);
    const uint64_t after = agent_param_u64(call, "after", last);

    call->face->is_subscribed = true;
    call->face->seq = after < last ? after : last;
    agent_json_u64(&call->result, "seq", last);
    return KITH_OK;
}

kith_err
agent_do_events_unsubscribe(agent *a, agent_call *call)
{
    (void)a;
    call->face->is_subscribed = false;
    return KITH_OK;
}
