/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The two connections [docs/wire.md §1, §2]: dialling, cutting the stream into frames, finding what an answer belongs
 * to, noticing silence. Knows nothing of what the bodies mean.
 */
#include <string.h>

#include "core/link_conn.h"

/* ---- The object ---- */

kith_err
core_links_new(core *c, core_links **out)
{
    core_links *links = kith_mem_zalloc(c->env.alloc, 1, sizeof *links);

    KITH_ENSURE(links != NULL, KITH_ERR_NO_MEMORY);
    for (size_t i = 0; i < CORE_LINKS; i++) {
        links->conns[i].in.alloc = c->env.alloc;
        links->conns[i].out.alloc = c->env.alloc;
    }
    *out = links;
    return KITH_OK;
}

void
core_conn_clear(link_conn *conn)
{
    kith_buf_done(&conn->in);
    kith_buf_done(&conn->out);
    kith_wipe(conn->exporter, sizeof conn->exporter);
    conn->sent_count = 0;
    conn->asked_ms = 0;
    conn->refused = false;
    conn->doomed = false;
}

void
core_links_free(core *c, core_links *links)
{
    if (links == NULL) {
        return;
    }
    for (size_t i = 0; i < CORE_LINKS; i++) {
        core_conn_clear(&links->conns[i]);
    }
    kith_mem_free(c->env.alloc, links, sizeof *links);
}

link_conn *
core_conn_of(const core *c, core_link link)
{
    return &c->links->conns[link];
}

static bool
is_wanted(const core *c, core_link link)
{
    const core_account_state state = c->account.state;

    if (link == CORE_LINK_ANON) {
        return state == CORE_ACCOUNT_READY;
    }
    return state == CORE_ACCOUNT_MAKING || state == CORE_ACCOUNT_LINKING ||
           state == CORE_ACCOUNT_READY;
}

void
core_link_give_up(core *c, core_link link)
{
    if (core_conn_of(c, link)->state != LINK_IDLE) {
        core_conn_of(c, link)->doomed = true;
        core_changed(c);
    }
}

bool
core_links_online(const core *c)
{
    return core_link_ready(c, CORE_LINK_NAMED) && core_link_ready(c, CORE_LINK_ANON);
}

kith_err
core_links_report(core *c)
{
    const bool online = core_links_online(c);
    core_event event = {.kind = CORE_EVENT_ONLINE, .n = online ? 1 : 0};

    if (online == c->links->online_told) {
        return KITH_OK;
    }
    KITH_TRY(core_event_add(c, &event));
    c->links->online_told = online;
    return KITH_OK;
}

/* ---- What arrives ---- */

static kith_err
read_error(kith_bytes body, core_answer *out)
{
    proto_error error = {0};

    KITH_TRY(proto_error_decode(body, &error));
    *out = (core_answer){
        .err = proto_code_err(error.code),
        .detail = error.detail,
        .retry_after_ms = error.retry_after_ms,
    };
    const bool may_pass = out->err == KITH_ERR_BUSY || out->err == KITH_ERR_STORE;
    if (may_pass && out->retry_after_ms == 0) {
        out->retry_after_ms = CORE_RETRY_MS;
    }
    if (out->retry_after_ms > CORE_PAUSE_MAX_MS) {
        out->retry_after_ms = CORE_PAUSE_MAX_MS;
    }
    return KITH_OK;
}

static kith_err
take_answer(core *c, core_link link, const proto_frame *frame)
{
    link_conn *conn = core_conn_of(c, link);
    core_answer answer = {.body = frame->body};
    size_t at = 0;

    while (at < conn->sent_count && conn->sent[at].number != frame->request) {
        at++;
    }
    KITH_ENSURE(at < conn->sent_count, KITH_ERR_MALFORMED);
    const sent request = conn->sent[at];
    if (frame->type == PROTO_ERROR) {
        KITH_TRY(read_error(frame->body, &answer));
    } else {
        KITH_ENSURE(frame->type == (request.type | PROTO_ANSWER), KITH_ERR_MALFORMED);
    }
    conn->sent[at] = conn->sent[--conn->sent_count];
    core_changed(c);
    return request.answer == NULL ? KITH_OK : request.answer(c, &request.tag, &answer);
}

static kith_err
take_push(core *c, core_link link, const proto_frame *frame)
{
    KITH_ENSURE(proto_type_is_push(frame->type), KITH_ERR_MALFORMED);
    if (link == CORE_LINK_ANON) {
        KITH_ENSURE(frame->type == PROTO_ENTRY, KITH_ERR_MALFORMED);
        return core_convs_push(c, frame->type, frame->body);
    }
    KITH_ENSURE(frame->type != PROTO_ENTRY, KITH_ERR_MALFORMED);
    return frame->type == PROTO_INBOX_ITEM ? core_convs_push(c, frame->type, frame->body)
                                           : core_identity_push(c, frame->type, frame->body);
}

static kith_err
take_frames(core *c, core_link link)
{
    link_conn *conn = core_conn_of(c, link);
    size_t at = 0;

    while (conn->state > LINK_DIALING && !conn->doomed) {
        const kith_bytes rest = kith_bytes_of(conn->in.data + at, conn->in.len - at);
        proto_frame frame = {0};
        size_t used = 0;
        KITH_TRY(proto_frame_take(rest, conn->frame_max, &frame, &used));
        if (used == 0) {
            break;
        }
        at += used;
        if (frame.request != 0) {
            KITH_TRY(take_answer(c, link, &frame));
        } else {
            KITH_ENSURE(conn->state > LINK_HELLO, KITH_ERR_MALFORMED);
            KITH_TRY(take_push(c, link, &frame));
        }
    }
    kith_buf_drop_front(&conn->in, at);
    return KITH_OK;
}

static kith_err
take_bytes(core *c, core_link link, kith_bytes bytes)
{
    link_conn *conn = core_conn_of(c, link);

    conn->heard_ms = c->now_ms;
    conn->asked_ms = 0;
    KITH_TRY(kith_buf_append(&conn->in, bytes));
    return take_frames(c, link);
}

/* ---- Entry points ---- */

bool
core_next_dial(core *c, core_dial *out)
{
    for (size_t i = 0; i < CORE_LINKS; i++) {
        const core_link link = (core_link)i;
        link_conn *conn = core_conn_of(c, link);
        core_dial dial = {.link = link};
        if (conn->state == LINK_IDLE && !c->hang_up[i] && is_wanted(c, link) &&
            core_is_due(c, conn->dial_at_ms) && core_account_server(c, &dial)) {
            conn->state = LINK_DIALING;
            *out = dial;
            return true;
        }
    }
    return false;
}

kith_err
core_link_up(core *c, core_link link, const uint8_t exporter[32], uint64_t now_ms)
{
    KITH_ENSURE(link < CORE_LINKS && core_conn_of(c, link)->state == LINK_DIALING,
                KITH_ERR_INVALID);
    KITH_TRY(core_txn_begin(c, now_ms));
    memcpy(core_conn_of(c, link)->exporter, exporter, sizeof core_conn_of(c, link)->exporter);
    return core_txn_end(c, core_conn_step(c, link, STEP_UP));
}

void
core_link_lost(core *c, core_link link, core_lost why, uint64_t now_ms)
{
    if (link >= CORE_LINKS || core_conn_of(c, link)->state == LINK_IDLE) {
        return;
    }
    if (core_txn_begin(c, now_ms) != KITH_OK) {
        core_links_stop(c);
        return;
    }
    core_conn_of(c, link)->why = why;
    /* When it fails, core_txn_end has stopped both connections, this one included. */
    kith_ignore(core_txn_end(c, core_conn_step(c, link, STEP_LOST)));
}

kith_err
core_recv(core *c, core_link link, kith_bytes bytes, uint64_t now_ms)
{
    KITH_ENSURE(link < CORE_LINKS, KITH_ERR_INVALID);
    /* What was under way when this side hung up. */
    if (core_conn_of(c, link)->state == LINK_IDLE) {
        return KITH_OK;
    }
    KITH_ENSURE(core_conn_of(c, link)->state != LINK_DIALING, KITH_ERR_INVALID);
    KITH_TRY(core_txn_begin(c, now_ms));
    const kith_err err = core_txn_end(c, take_bytes(c, link, bytes));
    if (err != KITH_OK) {
        core_link_lost(c, link, CORE_LOST_CLOSED, now_ms);
    }
    return err;
}

bool
core_next_packet(core *c, core_link *link, kith_buf *out)
{
    for (size_t i = 0; i < CORE_LINKS; i++) {
        link_conn *conn = core_conn_of(c, (core_link)i);
        if (conn->out.len > 0) {
            kith_buf_done(out);
            *out = kith_buf_take(&conn->out);
            *link = (core_link)i;
            return true;
        }
    }
    return false;
}

/* ---- What happens without being asked ---- */

void
core_links_stop(core *c)
{
    for (size_t i = 0; i < CORE_LINKS; i++) {
        link_conn *conn = core_conn_of(c, (core_link)i);
        if (conn->state != LINK_IDLE) {
            conn->state = LINK_IDLE;
            conn->why = CORE_LOST_CLOSED;
            c->hang_up[i] = true;
            core_conn_clear(conn);
            core_conn_schedule(c, conn);
        }
    }
}

static kith_err
pump_link(core *c, core_link link)
{
    link_conn *conn = core_conn_of(c, link);

    if (conn->state == LINK_IDLE) {
        return KITH_OK;
    }
    if (!is_wanted(c, link)) {
        return core_conn_step(c, link, STEP_STOP);
    }
    if (conn->doomed) {
        c->hang_up[link] = true;
        conn->why = CORE_LOST_CLOSED;
        return core_conn_step(c, link, STEP_LOST);
    }
    if (conn->state != LINK_OPEN || conn->refused || c->account.state != CORE_ACCOUNT_READY) {
        return KITH_OK;
    }
    return core_conn_step(c, link, link == CORE_LINK_ANON ? STEP_READY : STEP_LOGIN);
}

kith_err
core_links_pump(core *c)
{
    KITH_TRY(pump_link(c, CORE_LINK_NAMED));
    return pump_link(c, CORE_LINK_ANON);
}

/* When the silence of an established connection must be looked at. */
static uint64_t
silence_at(const link_conn *conn)
{
    return conn->asked_ms != 0 ? conn->asked_ms + CORE_SILENCE_MS : conn->heard_ms + CORE_PING_MS;
}

static kith_err
tick_link(core *c, core_link link)
{
    link_conn *conn = core_conn_of(c, link);

    if (conn->state <= LINK_DIALING || !core_is_due(c, silence_at(conn))) {
        return KITH_OK;
    }
    if (conn->asked_ms != 0 && conn->asked_ms <= c->now_ms) {
        core_link_give_up(c, link);
        return KITH_OK;
    }
    conn->heard_ms = c->now_ms;
    conn->asked_ms = c->now_ms;
    return core_conn_send(c, &(core_request){.link = link, .type = PROTO_PING});
}

kith_err
core_links_tick(core *c)
{
    KITH_TRY(tick_link(c, CORE_LINK_NAMED));
    return tick_link(c, CORE_LINK_ANON);
}

uint64_t
core_links_deadline(const core *c)
{
    uint64_t deadline = UINT64_MAX;

    for (size_t i = 0; i < CORE_LINKS; i++) {
        const link_conn *conn = core_conn_of(c, (core_link)i);
        uint64_t at = UINT64_MAX;
        if (conn->state > LINK_DIALING) {
            at = silence_at(conn);
        } else if (conn->state == LINK_IDLE && is_wanted(c, (core_link)i)) {
            at = conn->dial_at_ms;
        }
        deadline = at < deadline ? at : deadline;
    }
    return deadline;
}
