/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From state to state: HELLO, LOGIN, being ready, being lost, and the growing pauses before it is tried again. One
 * table says which step is possible where; an empty cell is an error.
 */
#include <string.h>

#include "core/link_conn.h"

/* Wait between attempts with a server that shows another identity, or speaks no version that this one does. */
#define FAILURES_HOPELESS 16u

/* ---- Steps from state to state ---- */

static kith_err on_hello(core *c, const core_tag *tag, const core_answer *answer);
static kith_err on_login(core *c, const core_tag *tag, const core_answer *answer);

static kith_err
say_hello(core *c, core_link link)
{
    const proto_hello hello = {.version_min = PROTO_VERSION, .version_max = PROTO_VERSION};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    link_conn *conn = core_conn_of(c, link);

    KITH_TRY(proto_hello_encode(&body, &hello));
    conn->frame_max = PROTO_FRAME_HELLO_MAX;
    conn->heard_ms = c->now_ms;
    conn->asked_ms = c->now_ms;
    return core_conn_send(c, &(core_request){.link = link,
                                             .type = PROTO_HELLO,
                                             .body = kith_bytes_of_buf(&body),
                                             .tag = {.n = link},
                                             .answer = on_hello});
}

static kith_err
note_greeting(core *c, core_link link)
{
    core_conn_of(c, link)->frame_max = PROTO_FRAME_MAX;
    return core_identity_link_changed(c, link);
}

static kith_err
say_login(core *c, core_link link)
{
    link_conn *conn = core_conn_of(c, link);
    KITH_AUTO(kith_buf) signature = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    proto_login login = {0};

    KITH_TRY(core_account_login(c, conn->exporter, &signature));
    memcpy(login.account_id, c->account.account, sizeof login.account_id);
    memcpy(login.device_id, c->account.device, sizeof login.device_id);
    login.signature = kith_bytes_of_buf(&signature);
    KITH_TRY(proto_login_encode(&body, &login));
    conn->asked_ms = c->now_ms;
    return core_conn_send(c, &(core_request){.link = link,
                                             .type = PROTO_LOGIN,
                                             .body = kith_bytes_of_buf(&body),
                                             .answer = on_login});
}

static kith_err
note_refusal(core *c, core_link link)
{
    core_conn_of(c, link)->refused = true;
    return core_account_refused(c);
}

static kith_err
become_ready(core *c, core_link link)
{
    core_conn_of(c, link)->failures = 0;
    core_convs_link_changed(c, link);
    return core_identity_link_changed(c, link);
}

/* Half of the pause is random, so that a server that comes back is not met by everybody at once. */
static uint64_t
pause_of(core *c, const link_conn *conn)
{
    uint64_t pause = CORE_DIAL_PAUSE_MS;
    uint64_t jitter = 0;

    for (uint32_t i = 1; i < conn->failures && pause < CORE_DIAL_PAUSE_MAX_MS; i++) {
        pause *= 2;
    }
    pause = pause < CORE_DIAL_PAUSE_MAX_MS ? pause : CORE_DIAL_PAUSE_MAX_MS;
    /* Without randomness the pause is merely the longer one. */
    kith_ignore(core_random(c, (uint8_t *)&jitter, sizeof jitter));
    return pause - jitter % (pause / 2);
}

void
core_conn_schedule(core *c, link_conn *conn)
{
    const bool hopeless = conn->why == CORE_LOST_WRONG_PIN;

    conn->failures += conn->failures < FAILURES_HOPELESS ? 1 : 0;
    conn->failures = hopeless ? FAILURES_HOPELESS : conn->failures;
    conn->dial_at_ms = c->now_ms + pause_of(c, conn);
}

static kith_err
raise_once(core *c, link_conn *conn, const char *what)
{
    if (conn->told) {
        return KITH_OK;
    }
    conn->told = true;
    return core_event_alarm(c, NULL, NULL, what);
}

/* Whoever waited for an answer learns that there will be none. */
static kith_err
back_off(core *c, core_link link)
{
    link_conn *conn = core_conn_of(c, link);
    sent waiting[PROTO_IN_FLIGHT_MAX];
    const size_t count = conn->sent_count;
    const core_answer offline = {.err = KITH_ERR_OFFLINE};

    memcpy(waiting, conn->sent, count * sizeof waiting[0]);
    core_conn_clear(conn);
    core_conn_schedule(c, conn);
    if (conn->why == CORE_LOST_WRONG_PIN) {
        KITH_TRY(raise_once(c, conn, "pin"));
    }
    for (size_t i = 0; i < count; i++) {
        if (waiting[i].answer != NULL) {
            KITH_TRY(waiting[i].answer(c, &waiting[i].tag, &offline));
        }
    }
    core_convs_link_changed(c, link);
    return core_identity_link_changed(c, link);
}

static kith_err
stop(core *c, core_link link)
{
    c->hang_up[link] = true;
    core_conn_of(c, link)->why = CORE_LOST_CLOSED;
    KITH_TRY(back_off(c, link));
    core_conn_of(c, link)->failures = 0;
    core_conn_of(c, link)->dial_at_ms = c->now_ms;
    return KITH_OK;
}

typedef struct link_cell {
    kith_err (*act)(core *c, core_link link);
    link_state next;
} link_cell;

static const link_cell table[LINK_STATES][STEPS] = {
    /* LINK_IDLE becomes LINK_DIALING in core_next_dial, outside of transactions. */
    [LINK_DIALING] = {[STEP_UP] = {say_hello, LINK_HELLO},
                      [STEP_LOST] = {back_off, LINK_IDLE},
                      [STEP_STOP] = {stop, LINK_IDLE}},
    [LINK_HELLO] = {[STEP_GREETED] = {note_greeting, LINK_OPEN},
                    [STEP_LOST] = {back_off, LINK_IDLE},
                    [STEP_STOP] = {stop, LINK_IDLE}},
    [LINK_OPEN] = {[STEP_LOGIN] = {say_login, LINK_LOGIN},
                   [STEP_READY] = {become_ready, LINK_READY},
                   [STEP_LOST] = {back_off, LINK_IDLE},
                   [STEP_STOP] = {stop, LINK_IDLE}},
    [LINK_LOGIN] = {[STEP_READY] = {become_ready, LINK_READY},
                    [STEP_REFUSED] = {note_refusal, LINK_OPEN},
                    [STEP_LOST] = {back_off, LINK_IDLE},
                    [STEP_STOP] = {stop, LINK_IDLE}},
    [LINK_READY] = {[STEP_LOST] = {back_off, LINK_IDLE}, [STEP_STOP] = {stop, LINK_IDLE}},
};

kith_err
core_conn_step(core *c, core_link link, link_step step)
{
    link_conn *conn = core_conn_of(c, link);
    const link_cell *cell = &table[conn->state][step];

    KITH_ENSURE(cell->act != NULL, KITH_ERR_INVALID);
    conn->state = cell->next;
    core_changed(c);
    return cell->act(c, link);
}

static kith_err
on_hello(core *c, const core_tag *tag, const core_answer *answer)
{
    const core_link link = (core_link)tag->n;
    proto_hello_answer hello = {0};

    if (answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    if (answer->err == KITH_ERR_UNSUPPORTED) {
        KITH_TRY(raise_once(c, core_conn_of(c, link), "version"));
        core_conn_of(c, link)->failures = FAILURES_HOPELESS;
    }
    if (answer->err != KITH_OK) {
        core_link_give_up(c, link);
        return KITH_OK;
    }
    KITH_TRY(proto_hello_answer_decode(answer->body, &hello));
    KITH_ENSURE(hello.version == PROTO_VERSION, KITH_ERR_MALFORMED);
    c->clock_behind_ms = (int64_t)(hello.server_time_ms - c->now_ms);
    return core_conn_step(c, link, STEP_GREETED);
}

static kith_err
on_login(core *c, const core_tag *tag, const core_answer *answer)
{
    (void)tag;
    if (answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    if (answer->err == KITH_OK) {
        KITH_TRY(proto_empty_decode(answer->body));
        return core_conn_step(c, CORE_LINK_NAMED, STEP_READY);
    }
    if (answer->err == KITH_ERR_DENIED || answer->err == KITH_ERR_NOT_FOUND ||
        answer->err == KITH_ERR_REJECTED) {
        return core_conn_step(c, CORE_LINK_NAMED, STEP_REFUSED);
    }
    core_link_give_up(c, CORE_LINK_NAMED);
    return KITH_OK;
}
