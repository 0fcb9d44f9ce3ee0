/* SPDX-License-Identifier: MPL-2.0 */
/* Jobs: made in a loop, run by the writer, answered in the loop. What each type does is in the run_*.c files. */
#include "relay/internal.h"

kith_err
relay_job_new(const relay *r, uint16_t type, relay_job **out)
{
    relay_job *job = kith_mem_zalloc(r->env.alloc, 1, sizeof *job);

    KITH_ENSURE(job != NULL, KITH_ERR_NO_MEMORY);
    job->alloc = r->env.alloc;
    job->owner = r->env.owner;
    job->type = type;
    job->body.alloc = r->env.alloc;
    job->answer.alloc = r->env.alloc;
    *out = job;
    return KITH_OK;
}

static void
drop_notices(relay_job *job)
{
    for (relay_notice *notice = relay_job_take_notice(job); notice != NULL;
         notice = relay_job_take_notice(job)) {
        relay_notice_free(notice);
    }
}

void
relay_job_free(relay_job *job)
{
    if (job == NULL) {
        return;
    }
    drop_notices(job);
    kith_buf_done(&job->body);
    kith_buf_done(&job->answer);
    kith_mem_free(job->alloc, job->evaluated, RELAY_EVALUATIONS_AHEAD * sizeof(relay_evaluated));
    kith_mem_free(job->alloc, job, sizeof *job);
}

void *
relay_job_owner(const relay_job *job)
{
    return job->owner;
}

/* ---- Queues ---- */

void
relay_job_push(relay_job_queue *queue, relay_job *job)
{
    job->next = NULL;
    if (queue->last != NULL) {
        queue->last->next = job;
    } else {
        queue->first = job;
    }
    queue->last = job;
    queue->count++;
}

relay_job *
relay_job_pop(relay_job_queue *queue)
{
    relay_job *job = queue->first;

    if (job != NULL) {
        queue->first = job->next;
        queue->last = queue->first != NULL ? queue->last : NULL;
        queue->count--;
        job->next = NULL;
    }
    return job;
}

relay_job *
relay_job_after(const relay_job *job)
{
    return job->next;
}

void
relay_job_append(relay_job_queue *to, relay_job_queue *from)
{
    if (from->first == NULL) {
        return;
    }
    if (to->last != NULL) {
        to->last->next = from->first;
    } else {
        to->first = from->first;
    }
    to->last = from->last;
    to->count += from->count;
    *from = (relay_job_queue){0};
}

/* ---- Running ---- */

static relay_run_fn
function_of(uint16_t type)
{
    static const struct {
        uint16_t type;
        relay_run_fn run;
    } table[] = {
        {PROTO_CONV_APPEND, relay_run_conv_append},
        {PROTO_CONV_ACK, relay_run_conv_ack},
        {PROTO_CONV_OPEN, relay_run_conv_open},
        {PROTO_INBOX_PUT, relay_run_inbox_put},
        {PROTO_INBOX_ACK, relay_run_inbox_ack},
        {PROTO_ACCOUNT_CREATE, relay_run_account_create},
        {PROTO_LIST_PUT, relay_run_list_put},
        {PROTO_INVITE_PUT, relay_run_invite_put},
        {PROTO_KP_PUT, relay_run_kp_put},
        {PROTO_KP_TAKE, relay_run_kp_take},
        {PROTO_RDV_OPEN, relay_run_rdv_open},
        {PROTO_RDV_JOIN, relay_run_rdv_join},
        {PROTO_RDV_SEND, relay_run_rdv_send},
        {PROTO_RDV_CLOSE, relay_run_rdv_close},
        {PROTO_LOG_COSIGN, relay_run_log_cosign},
        {RELAY_JOB_LEAVE, relay_run_leave},
        {RELAY_JOB_DRAINED, relay_run_drained},
        {RELAY_JOB_EXPIRE, relay_run_expire},
        {RELAY_JOB_KEEP, relay_run_keep},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].type == type) {
            return table[i].run;
        }
    }
    return NULL;
}

/* As it was before the first run. */
static void
reset(relay_job *job)
{
    drop_notices(job);
    kith_buf_clear(&job->answer);
    job->err = KITH_OK;
    job->retry_ms = 0;
    job->detail = 0;
    job->taken = 0;
    job->has_more = false;
    job->is_deferred = false;
}

kith_err
relay_job_run(relay_job *job, const relay_writer *writer, uint64_t now_ms)
{
    const relay_run run = {.job = job,
                           .store = writer->store,
                           .ctx = writer->store->ctx,
                           .crypto = writer->crypto,
                           .seal = writer->seal,
                           .now_ms = now_ms};
    const relay_run_fn fn = function_of(job->type);

    KITH_ENSURE(fn != NULL, KITH_ERR_INVALID);
    reset(job);
    const kith_err err = fn(&run);
    if (err != KITH_OK) {
        reset(job);
    }
    return err;
}

void
relay_job_fail(relay_job *job, kith_err err)
{
    reset(job);
    job->err = err;
}

/* ---- Answering ---- */

/* What it costs to have guessed, and what was set aside and not used. */
static void
settle_rations(relay_session *session, const relay_job *job, uint64_t now_ms)
{
    if (job->type == PROTO_KP_TAKE && job->allowance > job->taken) {
        relay_ration_refund(session, RELAY_RATION_KP_TAKE, job->allowance - job->taken);
    }
    if (job->err == KITH_ERR_DENIED &&
        (job->type == PROTO_CONV_APPEND || job->type == PROTO_CONV_ACK)) {
        relay_ration_spend(session, RELAY_RATION_BAD_TOKEN, 1, now_ms);
    }
}

static kith_err
answer(relay_session *session, const relay_job *job)
{
    if (job->err == KITH_OK) {
        return relay_session_finish(session, (uint8_t)job->type, job->request,
                                    kith_bytes_of_buf(&job->answer), NULL);
    }
    const proto_error error = {
        .code = proto_code_of(job->err), .retry_after_ms = job->retry_ms, .detail = job->detail};
    return relay_session_finish(session, 0, job->request, (kith_bytes){0}, &error);
}

/* What waited for this answer: a rendezvous that the asker itself has closed lets nothing through any more. */
static kith_err
follow_up(relay_session *session, const relay_job *job)
{
    if (job->type != PROTO_RDV_CLOSE || job->err != KITH_OK) {
        return KITH_OK;
    }
    return relay_rdv_release(session, job->in.rdv_close.number, SIZE_MAX, KITH_ERR_NOT_FOUND);
}

static void
finish(relay_session *session, const relay_job *job, uint64_t now_ms)
{
    session->work_bytes -= job->body.len;
    settle_rations(session, job, now_ms);
    if (session->over != KITH_OK) {
        return;
    }
    kith_err err = job->is_deferred ? relay_rdv_defer(session, job) : answer(session, job);
    if (err == KITH_OK) {
        err = follow_up(session, job);
    }
    if (err == KITH_OK) {
        err = relay_session_read_on(session, now_ms);
    }
    if (err != KITH_OK) {
        relay_session_end(session, err);
    }
}

void
relay_job_done(relay *r, relay_job *job, uint64_t now_ms)
{
    if (job->type == RELAY_JOB_EXPIRE) {
        r->expire_at_ms = now_ms + (job->has_more ? RELAY_EXPIRE_SOON_MS : RELAY_EXPIRE_MS);
    }
    if (job->request != 0) {
        r->stats.work_bytes -= job->body.len;
        relay_link *link = relay_index_find(&r->index, RELAY_LINK_SESSION, job->session);
        if (link != NULL) {
            finish(RELAY_OF(link, relay_session, by_number), job, now_ms);
        }
    }
    relay_job_free(job);
}
