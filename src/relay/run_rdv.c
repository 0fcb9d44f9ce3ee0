/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Rendezvous (docs/wire.md §5), in the writer. The sides may be on different loops: what one sends reaches the
 * other as a notice. A side has a few messages on their way at once; more are answered when its connection took some.
 */
#include "relay/internal.h"

enum { OPENER, JOINER };

/* Expired ones that one job ends. */
#define EXPIRED_IN_ONE_GO 256u

static kith_err
tell(const relay_run *run, const relay_rdv *rdv, size_t side, relay_notice_kind kind,
     relay_notice **out)
{
    KITH_TRY(relay_job_tell(run->job, kind, rdv->sides[side], out));
    (*out)->number = rdv->number;
    return KITH_OK;
}

static kith_err
tell_closed(const relay_run *run, const relay_rdv *rdv, size_t side)
{
    const proto_rdv_closed push = {.number = rdv->number};
    relay_notice *notice = NULL;
    size_t mark = 0;

    if (rdv->sides[side] == 0) {
        return KITH_OK;
    }
    KITH_TRY(tell(run, rdv, side, RELAY_NOTICE_RDV_CLOSED, &notice));
    KITH_TRY(proto_frame_open(&notice->frame, PROTO_RDV_CLOSED, 0, &mark));
    return proto_frame_close(&notice->frame, mark, proto_rdv_closed_encode(&notice->frame, &push));
}

static kith_err
tell_message(const relay_run *run, const relay_rdv *rdv, size_t side, kith_bytes body)
{
    const proto_rdv_message push = {.number = rdv->number, .body = body};
    relay_notice *notice = NULL;
    size_t mark = 0;

    KITH_TRY(tell(run, rdv, side, RELAY_NOTICE_RDV_MESSAGE, &notice));
    KITH_TRY(proto_frame_open(&notice->frame, PROTO_RDV_MESSAGE, 0, &mark));
    return proto_frame_close(&notice->frame, mark, proto_rdv_message_encode(&notice->frame, &push));
}

/* One that has not expired. */
static kith_err
find(const relay_run *run, uint32_t number, relay_rdv *out)
{
    KITH_TRY(run->store->rdv_find(run->ctx, number, out));
    KITH_ENSURE(out->expires_ms > run->now_ms, KITH_ERR_NOT_FOUND);
    return KITH_OK;
}

/* One that the asker takes part in, and as which side. */
static kith_err
find_own(const relay_run *run, uint32_t number, relay_rdv *out, size_t *side)
{
    KITH_TRY(find(run, number, out));
    KITH_ENSURE(out->sides[OPENER] == run->job->session || out->sides[JOINER] == run->job->session,
                KITH_ERR_NOT_FOUND);
    *side = out->sides[OPENER] == run->job->session ? OPENER : JOINER;
    return KITH_OK;
}

/* NOT_FOUND becomes the answer. */
static kith_err
refuse_absent(const relay_run *run, kith_err err)
{
    KITH_ENSURE(err == KITH_ERR_NOT_FOUND, err);
    relay_job_refuse(run->job, err);
    return KITH_OK;
}

/* Whether the asker may take part in one more. */
static kith_err
check_held(const relay_run *run, bool *out)
{
    uint32_t held = 0;

    KITH_TRY(run->store->rdv_held(run->ctx, run->job->session, &held));
    *out = held < RELAY_RDV_HELD_MAX;
    if (!*out) {
        relay_job_refuse(run->job, KITH_ERR_LIMIT);
    }
    return KITH_OK;
}

/* ---- RDV_OPEN ---- */

static kith_err
open_as(const relay_run *run, uint32_t number)
{
    const relay_rdv rdv = {.number = number,
                           .sides = {run->job->session, 0},
                           .expires_ms = run->now_ms + (uint64_t)PROTO_RDV_SECONDS * 1000};
    const proto_rdv_open_answer out = {.number = number};

    KITH_TRY(run->store->rdv_save(run->ctx, &rdv));
    return proto_rdv_open_answer_encode(&run->job->answer, &out);
}

kith_err
relay_run_rdv_open(const relay_run *run)
{
    relay_rdv taken = {0};
    uint32_t count = 0;
    bool may = false;

    KITH_TRY(check_held(run, &may));
    if (!may) {
        return KITH_OK;
    }
    KITH_TRY(run->store->rdv_count(run->ctx, &count));
    for (size_t i = 0; i < RELAY_RDV_TRIES && count < RELAY_RDV_MAX; i++) {
        const uint32_t number = run->job->in.numbers[i];
        const kith_err err = run->store->rdv_find(run->ctx, number, &taken);
        if (err == KITH_ERR_NOT_FOUND) {
            return open_as(run, number);
        }
        KITH_TRY(err);
    }
    relay_job_refuse(run->job, KITH_ERR_BUSY);
    run->job->retry_ms = RELAY_EXPIRE_MS;
    return KITH_OK;
}

/* ---- RDV_JOIN ---- */

static kith_err
give_waiting(const relay_run *run, relay_rdv *rdv)
{
    KITH_AUTO(kith_buf) body = {.alloc = run->job->alloc};

    while (true) {
        kith_buf_clear(&body);
        const kith_err err = run->store->rdv_take(run->ctx, rdv->number, &body);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        KITH_TRY(tell_message(run, rdv, JOINER, kith_bytes_of_buf(&body)));
    }
}

kith_err
relay_run_rdv_join(const relay_run *run)
{
    const uint64_t asker = run->job->session;
    relay_rdv rdv = {0};
    bool may = false;

    const kith_err err = find(run, run->job->in.rdv_join.number, &rdv);
    if (err != KITH_OK) {
        return refuse_absent(run, err);
    }
    if (rdv.sides[JOINER] == asker) {
        return KITH_OK;
    }
    if (rdv.sides[JOINER] != 0 || rdv.sides[OPENER] == asker) {
        relay_job_refuse(run->job, KITH_ERR_DENIED);
        return KITH_OK;
    }
    KITH_TRY(check_held(run, &may));
    if (!may) {
        return KITH_OK;
    }
    rdv.sides[JOINER] = asker;
    KITH_TRY(give_waiting(run, &rdv));
    return run->store->rdv_save(run->ctx, &rdv);
}

/* ---- RDV_SEND, RDV_CLOSE ---- */

static kith_err
end(const relay_run *run, const relay_rdv *rdv)
{
    KITH_TRY(run->store->rdv_delete(run->ctx, rdv->number));
    KITH_TRY(tell_closed(run, rdv, OPENER));
    return tell_closed(run, rdv, JOINER);
}

static kith_err
pass_on(const relay_run *run, relay_rdv *rdv, size_t side)
{
    const kith_bytes body = run->job->in.rdv_send.body;

    rdv->waiting[side]++;
    rdv->messages++;
    run->job->is_deferred = rdv->waiting[side] > RELAY_RDV_WAITING_MAX;
    if (rdv->sides[side] == 0) {
        KITH_TRY(run->store->rdv_put(run->ctx, rdv->number, body));
    } else {
        KITH_TRY(tell_message(run, rdv, side, body));
    }
    if (rdv->messages >= PROTO_RDV_MESSAGES_MAX) {
        run->job->is_deferred = false; /* it is over: nobody will ever take it */
        return end(run, rdv);
    }
    return run->store->rdv_save(run->ctx, rdv);
}

kith_err
relay_run_rdv_send(const relay_run *run)
{
    relay_rdv rdv = {0};
    size_t own = OPENER;

    const kith_err err = find_own(run, run->job->in.rdv_send.number, &rdv, &own);
    if (err != KITH_OK) {
        return refuse_absent(run, err);
    }
    return pass_on(run, &rdv, own == OPENER ? JOINER : OPENER);
}

/* What is gone already is closed. */
kith_err
relay_run_rdv_close(const relay_run *run)
{
    relay_rdv rdv = {0};
    size_t own = OPENER;

    const kith_err err = find_own(run, run->job->in.rdv_close.number, &rdv, &own);
    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    KITH_TRY(run->store->rdv_delete(run->ctx, rdv.number));
    return tell_closed(run, &rdv, own == OPENER ? JOINER : OPENER);
}

/* ---- What nobody asked for ---- */

/* Of the messages on their way, those beyond the limit are not answered. */
static uint32_t
unanswered(uint32_t waiting)
{
    return waiting > RELAY_RDV_WAITING_MAX ? waiting - RELAY_RDV_WAITING_MAX : 0;
}

static kith_err
take_off(const relay_run *run, relay_rdv *rdv, size_t side)
{
    const uint32_t before = rdv->waiting[side];
    const uint32_t count = run->job->in.drained.count;
    relay_notice *notice = NULL;

    rdv->waiting[side] -= count < before ? count : before;
    KITH_TRY(run->store->rdv_save(run->ctx, rdv));
    const uint32_t due = unanswered(before) - unanswered(rdv->waiting[side]);
    if (due == 0) {
        return KITH_OK;
    }
    KITH_TRY(tell(run, rdv, side == OPENER ? JOINER : OPENER, RELAY_NOTICE_RDV_TAKEN, &notice));
    notice->count = due;
    return KITH_OK;
}

kith_err
relay_run_drained(const relay_run *run)
{
    relay_rdv rdv = {0};
    size_t own = OPENER;

    const kith_err err = find_own(run, run->job->in.drained.number, &rdv, &own);
    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    return take_off(run, &rdv, own);
}

kith_err
relay_run_leave(const relay_run *run)
{
    const uint64_t gone = run->job->session;
    relay_rdv rdv = {0};

    for (size_t i = 0; i < RELAY_RDV_HELD_MAX; i++) {
        const kith_err err = run->store->rdv_of(run->ctx, gone, &rdv);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        KITH_TRY(run->store->rdv_delete(run->ctx, rdv.number));
        KITH_TRY(tell_closed(run, &rdv, rdv.sides[OPENER] == gone ? JOINER : OPENER));
    }
    return KITH_OK;
}

kith_err
relay_run_expire_rdv(const relay_run *run)
{
    relay_rdv rdv = {0};

    for (size_t i = 0; i < EXPIRED_IN_ONE_GO; i++) {
        const kith_err err = run->store->rdv_expired(run->ctx, run->now_ms, &rdv);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        KITH_TRY(end(run, &rdv));
    }
    run->job->has_more = true;
    return KITH_OK;
}
