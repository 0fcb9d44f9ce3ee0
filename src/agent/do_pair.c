/* SPDX-License-Identifier: MPL-2.0 */
/* pair.*: linking a device [docs/rpc.md, Methods]. It belongs to the face that began it. */
#include <string.h>

#include "agent/internal.h"

static void
forget(agent *a)
{
    a->pair = (agent_pair){0};
}

static kith_err
begin(agent *a, agent_call *call, uint64_t op)
{
    forget(a);
    a->pair.face = call->face;
    a->pair.op = op;
    for (size_t i = 0; i < CORE_LINKS; i++) {
        a->links[i].has_failed = false;
    }
    return KITH_OK;
}

void
agent_pair_on_event(agent *a, const core_event *event)
{
    agent_pair *pair = &a->pair;

    if (event->kind == CORE_EVENT_PAIR_ASKED && pair->op != 0) {
        pair->is_asked = true;
        memcpy(pair->name, event->text, sizeof pair->name);
    }
    if (event->kind == CORE_EVENT_OP_DONE && pair->op != 0 && event->op == pair->op) {
        pair->is_done = true;
        pair->err = event->err;
    }
}

void
agent_pair_face_left(agent *a, const agent_face *face)
{
    if (a->pair.face != face) {
        return;
    }
    if (!a->pair.is_done && a->core != NULL) {
        core_pair_cancel(a->core, agent_wall_ms());
    }
    forget(a);
}

/* ---- What waits ---------------------------------------------------------------------------- */

static void
answer_end(agent *a, const agent_wait *wait)
{
    const kith_err err = a->pair.err;

    forget(a);
    if (err != KITH_OK) {
        const rpc_fault fault = rpc_fault_of_err(err);
        agent_face_fault(wait->face, &wait->id, &fault, NULL);
        return;
    }
    agent_json json = agent_json_new();
    agent_json_text(&json, "state", "done");
    agent_face_answer(wait->face, &wait->id, json.doc);
    agent_json_done(&json);
}

static void
answer_asked(agent *a, const agent_wait *wait)
{
    agent_json json = agent_json_new();

    a->pair.is_told = true;
    agent_json_text(&json, "state", "asked");
    agent_json_text(&json, "name", a->pair.name);
    agent_face_answer(wait->face, &wait->id, json.doc);
    agent_json_done(&json);
}

/* True: there is a code, and it was sent. */
static bool
answer_code(agent *a, const agent_wait *wait)
{
    KITH_AUTO(kith_buf) code = {0};

    if (core_pair_code(a->core, &code) != KITH_OK) {
        return false;
    }
    agent_json json = agent_json_new();
    agent_json_bytes(&json, "code", kith_bytes_of_buf(&code));
    agent_json_u64(&json, "expires_ms", agent_wall_ms() + AGENT_PAIR_MS);
    agent_face_answer(wait->face, &wait->id, json.doc);
    agent_json_done(&json);
    return true;
}

bool
agent_pair_answer(agent *a, const agent_wait *wait)
{
    if (a->pair.is_done) {
        answer_end(a, wait);
        return true;
    }
    if (wait->kind == AGENT_WAIT_PAIR_CODE) {
        return answer_code(a, wait);
    }
    if (a->pair.is_asked && !a->pair.is_told) {
        answer_asked(a, wait);
        return true;
    }
    return false;
}

/* ---- Methods ------------------------------------------------------------------------------- */

kith_err
agent_do_pair_offer(agent *a, agent_call *call)
{
    agent_wait wait = {.kind = AGENT_WAIT_PAIR_CODE, .until_ms = AGENT_OP_MS, .offline_ends = true};
    uint64_t op = 0;

    KITH_ENSURE(call->face->waits < AGENT_WAITS_PER_FACE, KITH_ERR_BUSY);
    KITH_TRY(core_pair_offer(a->core, agent_wall_ms(), &op));
    KITH_TRY(begin(a, call, op));
    return agent_wait_add(a, call, &wait);
}

kith_err
agent_do_pair_wait(agent *a, agent_call *call)
{
    agent_wait wait = {.kind = AGENT_WAIT_PAIR_STEP, .until_ms = AGENT_PAIR_MS};
    const agent_wait now = {.face = call->face, .id = call->request->id, .kind = wait.kind};

    if (a->pair.op == 0 || a->pair.face != call->face) {
        return agent_call_fault(call, RPC_KIND_NOT_FOUND, "no linking was begun here");
    }
    if (agent_pair_answer(a, &now)) {
        call->waits = true;
        return KITH_OK;
    }
    return agent_wait_add(a, call, &wait);
}

kith_err
agent_do_pair_approve(agent *a, agent_call *call)
{
    if (a->pair.op == 0 || a->pair.face != call->face || !a->pair.is_asked) {
        return agent_call_fault(call, RPC_KIND_NOT_FOUND, "nobody asked");
    }
    return core_pair_approve(a->core, agent_param_bool(call, "yes"), agent_wall_ms());
}

kith_err
agent_do_pair_accept(agent *a, agent_call *call)
{
    const core_pair_join join = {
        .code = agent_param_text(call, "code"),
        .device_name = agent_param_text(call, "device_name"),
    };
    agent_wait wait = {.kind = AGENT_WAIT_OP, .until_ms = AGENT_PAIR_MS, .offline_ends = true};

    KITH_ENSURE(call->face->waits < AGENT_WAITS_PER_FACE, KITH_ERR_BUSY);
    KITH_TRY(core_pair_accept(a->core, &join, agent_wall_ms(), &wait.op));
    KITH_TRY(begin(a, call, wait.op));
    return agent_wait_add(a, call, &wait);
}

kith_err
agent_do_pair_cancel(agent *a, agent_call *call)
{
    (void)call;
    core_pair_cancel(a->core, agent_wall_ms());
    return KITH_OK;
}
