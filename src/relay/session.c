/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One connection: bytes in, cut into frames, and bytes out. What a frame asks for is in call.c; nothing here knows
 * any request but HELLO, which must be first.
 */
#include "relay/internal.h"

/* What may be buffered beyond a frame: what an owner has read before it learned that it should stop. */
#define INPUT_SLACK (256u * 1024u)

/* ---- Open and close ---- */

static void
add_session(relay *r, relay_session *session)
{
    session->next = r->sessions;
    if (r->sessions != NULL) {
        r->sessions->prev = session;
    }
    r->sessions = session;
    r->stats.sessions++;
}

static void
remove_session(relay *r, relay_session *session)
{
    if (session->prev != NULL) {
        session->prev->next = session->next;
    } else {
        r->sessions = session->next;
    }
    if (session->next != NULL) {
        session->next->prev = session->prev;
    }
    r->stats.sessions--;
}

kith_err
relay_session_open(relay *r, const relay_peer *peer, uint64_t now_ms, relay_session **out)
{
    relay_session *session = kith_mem_zalloc(r->env.alloc, 1, sizeof *session);

    KITH_ENSURE(session != NULL, KITH_ERR_NO_MEMORY);
    session->by_number = (relay_link){.kind = RELAY_LINK_SESSION, .key = ++r->last_session};
    const kith_err err = relay_index_add(&r->index, r->env.alloc, &session->by_number);
    if (err != KITH_OK) {
        kith_mem_free(r->env.alloc, session, sizeof *session);
        return err;
    }
    session->relay = r;
    session->owner = peer->owner;
    session->source = peer->source;
    relay_copy_id(session->exporter, peer->exporter, PROTO_EXPORTER_LEN);
    session->in.alloc = r->env.alloc;
    session->out.alloc = r->env.alloc;
    add_session(r, session);
    relay_session_wait(session, &r->hello_waiters, now_ms);
    *out = session;
    return KITH_OK;
}

void
relay_session_log_out(relay_session *session)
{
    if (!session->is_logged_in) {
        return;
    }
    relay_stream *inbox = relay_stream_find(session, RELAY_LINK_INBOX, session->device_row);
    if (inbox != NULL) {
        relay_stream_close(inbox);
    }
    relay_index_remove(&session->relay->index, &session->by_account);
    session->is_logged_in = false;
    session->has_kp_low = false;
    session->account_row = 0;
    session->device_row = 0;
    session->relay->stats.logins--;
}

/* The other sides of its rendezvous are to be told. Without memory they find out when it expires. */
static void
leave_rdv(relay_session *session)
{
    relay *r = session->relay;
    relay_job *job = NULL;

    if (session->has_rdv && relay_job_new(r, RELAY_JOB_LEAVE, &job) == KITH_OK) {
        job->session = session->by_number.key;
        relay_job_push(&r->jobs, job);
    }
}

void
relay_session_close(relay_session *session)
{
    if (session == NULL) {
        return;
    }
    relay *r = session->relay;
    while (session->streams != NULL) {
        relay_stream_close(session->streams);
    }
    relay_pending_clear(session, &session->rdv);
    relay_rdv_forget(session);
    relay_session_log_out(session);
    relay_session_leave_jobs(session);
    leave_rdv(session);
    relay_session_wait_no_more(session);
    relay_session_unready(session);
    relay_index_remove(&r->index, &session->by_number);
    remove_session(r, session);
    r->stats.input_bytes -= session->in.len;
    kith_buf_done(&session->in);
    kith_buf_done(&session->out);
    kith_mem_free(r->env.alloc, session, sizeof *session);
}

void *
relay_session_owner(const relay_session *session)
{
    return session->owner;
}

void
relay_session_end(relay_session *session, kith_err why)
{
    if (session->over != KITH_OK) {
        return;
    }
    session->over = why;
    relay_session_wait_no_more(session);
    relay_session_ready(session);
}

/* ---- In ---- */

bool
relay_session_wants_bytes(const relay_session *session)
{
    return session->over == KITH_OK &&
           session->running_count + session->answered_count < PROTO_IN_FLIGHT_MAX &&
           session->out.len <= RELAY_OUT_BYTES_MAX && session->work_bytes <= RELAY_WORK_BYTES_MAX;
}

static bool
is_running(const relay_session *session, uint32_t request)
{
    for (size_t i = 0; i < session->running_count; i++) {
        if (session->running[i] == request) {
            return true;
        }
    }
    return false;
}

static kith_err
handle_frame(relay_session *session, const proto_frame *frame, uint64_t now_ms)
{
    relay_call call = {.session = session,
                       .relay = session->relay,
                       .reader = session->relay->env.reader,
                       .frame = frame,
                       .now_ms = now_ms};

    KITH_ENSURE(session->said_hello || frame->type == PROTO_HELLO, KITH_ERR_DENIED);
    KITH_ENSURE(frame->request != 0, KITH_ERR_MALFORMED);
    KITH_ENSURE(!is_running(session, frame->request), KITH_ERR_MALFORMED);
    relay_call_handle(&call);
    return session->over;
}

/* Handles whole frames at the front of `input`. */
static kith_err
take_frames(relay_session *session, kith_bytes input, uint64_t now_ms, size_t *used)
{
    *used = 0;
    while (relay_session_wants_bytes(session)) {
        const uint32_t max = session->said_hello ? PROTO_FRAME_MAX : PROTO_FRAME_HELLO_MAX;
        const kith_bytes rest = kith_bytes_of(input.data + *used, input.len - *used);
        proto_frame frame = {0};
        size_t len = 0;
        KITH_TRY(proto_frame_take(rest, max, &frame, &len));
        if (len == 0) {
            break;
        }
        KITH_TRY(handle_frame(session, &frame, now_ms));
        *used += len;
    }
    return KITH_OK;
}

/* A frame that stays incomplete has a time limit; one that waits for room has not. */
static void
watch_input(relay_session *session, bool took_frames, uint64_t now_ms)
{
    relay *r = session->relay;

    if (!session->said_hello) {
        return;
    }
    if (took_frames || session->in.len == 0 || !relay_session_wants_bytes(session)) {
        relay_session_wait_no_more(session);
    }
    if (session->in.len != 0 && relay_session_wants_bytes(session)) {
        relay_session_wait(session, &r->frame_waiters, now_ms);
    }
}

/* Handles what is buffered and keeps the rest. */
kith_err
relay_session_read_on(relay_session *session, uint64_t now_ms)
{
    size_t used = 0;

    if (session->in.len != 0) {
        KITH_TRY(take_frames(session, kith_bytes_of_buf(&session->in), now_ms, &used));
        session->relay->stats.input_bytes -= used;
        kith_buf_drop_front(&session->in, used);
    }
    if (session->in.len == 0) {
        kith_buf_done(&session->in);
    }
    watch_input(session, used != 0, now_ms);
    return KITH_OK;
}

static kith_err
buffer(relay_session *session, kith_bytes bytes)
{
    relay *r = session->relay;

    KITH_ENSURE(session->in.len + bytes.len <= PROTO_FRAME_MAX + INPUT_SLACK, KITH_ERR_BUSY);
    KITH_ENSURE(session->in.len + bytes.len <= RELAY_FRAME_SMALL ||
                    r->stats.input_bytes + bytes.len <= RELAY_INPUT_BYTES_MAX,
                KITH_ERR_BUSY);
    KITH_TRY(kith_buf_append(&session->in, bytes));
    r->stats.input_bytes += bytes.len;
    return KITH_OK;
}

static kith_err
receive(relay_session *session, kith_bytes bytes, uint64_t now_ms)
{
    size_t used = 0;

    if (session->in.len != 0) {
        KITH_TRY(buffer(session, bytes));
        return relay_session_read_on(session, now_ms);
    }
    /* Whole frames need not be copied first. */
    KITH_TRY(take_frames(session, bytes, now_ms, &used));
    KITH_TRY(buffer(session, kith_bytes_of(bytes.data + used, bytes.len - used)));
    watch_input(session, used != 0, now_ms);
    return KITH_OK;
}

kith_err
relay_session_recv(relay_session *session, kith_bytes bytes, uint64_t now_ms)
{
    KITH_TRY(session->over);
    if (bytes.len == 0) {
        return KITH_OK;
    }
    const kith_err err = receive(session, bytes, now_ms);
    if (err != KITH_OK) {
        relay_session_end(session, err);
    }
    return err;
}

/* ---- Out ---- */

bool
relay_session_has_output(const relay_session *session)
{
    return session->out.len != 0 || session->rdv.first != NULL || session->has_kp_low ||
           session->ready_first != NULL;
}

kith_err
relay_answer(relay_session *session, uint8_t type, uint32_t request, kith_bytes body)
{
    KITH_TRY(proto_frame_encode(&session->out, type, request, body));
    session->answered_count++;
    relay_session_ready(session);
    return KITH_OK;
}

kith_err
relay_answer_error(relay_session *session, uint32_t request, const proto_error *error)
{
    size_t mark = 0;

    KITH_TRY(proto_frame_open(&session->out, PROTO_ERROR, request, &mark));
    KITH_TRY(proto_frame_close(&session->out, mark, proto_error_encode(&session->out, error)));
    session->answered_count++;
    session->relay->stats.refusals++;
    relay_session_ready(session);
    return KITH_OK;
}

static void
forget_request(relay_session *session, uint32_t request)
{
    for (size_t i = 0; i < session->running_count; i++) {
        if (session->running[i] == request) {
            session->running[i] = session->running[--session->running_count];
            return;
        }
    }
}

kith_err
relay_session_finish(relay_session *session, uint8_t type, uint32_t request, kith_bytes body,
                     const proto_error *error)
{
    forget_request(session, request);
    if (error != NULL) {
        return relay_answer_error(session, request, error);
    }
    return relay_answer(session, type | PROTO_ANSWER, request, body);
}

static kith_err
fill_answers(relay_session *session, uint64_t now_ms, kith_buf *out)
{
    if (session->out.len == 0) {
        return KITH_OK;
    }
    KITH_TRY(kith_buf_append(out, kith_bytes_of_buf(&session->out)));
    kith_buf_done(&session->out);
    session->answered_count = 0;
    return session->over == KITH_OK ? relay_session_read_on(session, now_ms) : KITH_OK;
}

static kith_err
fill_kp_low(relay_session *session, kith_buf *out)
{
    const proto_kp_low low = {.one_time_count = session->kp_low};
    size_t mark = 0;

    if (!session->has_kp_low) {
        return KITH_OK;
    }
    KITH_TRY(proto_frame_open(out, PROTO_KP_LOW, 0, &mark));
    KITH_TRY(proto_frame_close(out, mark, proto_kp_low_encode(out, &low)));
    session->has_kp_low = false;
    session->relay->stats.pushes++;
    return KITH_OK;
}

/* Tells the store how many messages of a rendezvous went out, so that more may come. */
static kith_err
tell_drained(relay_session *session, uint64_t number, uint32_t count)
{
    relay *r = session->relay;
    relay_job *job = NULL;

    if (count == 0) {
        return KITH_OK;
    }
    KITH_TRY(relay_job_new(r, RELAY_JOB_DRAINED, &job));
    job->session = session->by_number.key;
    job->in.drained.number = (uint32_t)number;
    job->in.drained.count = count;
    relay_job_push(&r->jobs, job);
    return KITH_OK;
}

static kith_err
fill_rdv(relay_session *session, size_t until, kith_buf *out)
{
    while (session->rdv.first != NULL && out->len < until) {
        const relay_notice *notice = session->rdv.first->notice;
        const uint32_t count = notice->kind == RELAY_NOTICE_RDV_MESSAGE ? 1 : 0;
        KITH_TRY(kith_buf_reserve(out, notice->frame.len));
        KITH_TRY(tell_drained(session, notice->number, count));
        KITH_TRY(kith_buf_append(out, kith_bytes_of_buf(&notice->frame)));
        session->relay->stats.pushes++;
        relay_pending_drop(session, &session->rdv);
    }
    return KITH_OK;
}

static kith_err
fill(relay_session *session, uint64_t now_ms, size_t until, kith_buf *out)
{
    KITH_TRY(fill_answers(session, now_ms, out));
    KITH_TRY(fill_kp_low(session, out));
    KITH_TRY(fill_rdv(session, until, out));
    while (session->ready_first != NULL && out->len < until) {
        KITH_TRY(relay_stream_fill(session->ready_first, until, out));
    }
    return KITH_OK;
}

kith_err
relay_session_fill(relay_session *session, uint64_t now_ms, size_t max, kith_buf *out)
{
    if (session->over == KITH_OK) {
        const kith_err err = fill(session, now_ms, out->len + max, out);
        if (err != KITH_OK) {
            relay_session_end(session, err);
        }
    }
    if (session->over != KITH_OK) {
        /* The last answers, then nothing any more. */
        KITH_TRY(fill_answers(session, now_ms, out));
        return session->over;
    }
    return KITH_OK;
}
