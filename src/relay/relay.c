/* SPDX-License-Identifier: MPL-2.0 */
/* The relay itself: its sessions, who of them is ready, whose jobs are next, and what falls due. */
#include "relay/internal.h"

/* Session numbers of different relays differ in their upper bits, and stay within what a store holds. */
#define LOOP_SHIFT 47u
#define LOOP_MASK 0xffffu

kith_err
relay_new(const relay_env *env, uint64_t now_ms, relay **out)
{
    relay *r = kith_mem_zalloc(env->alloc, 1, sizeof *r);

    KITH_ENSURE(r != NULL, KITH_ERR_NO_MEMORY);
    r->sources = kith_mem_zalloc(env->alloc, RELAY_SOURCES_MAX, sizeof(relay_source));
    if (r->sources == NULL) {
        kith_mem_free(env->alloc, r, sizeof *r);
        return KITH_ERR_NO_MEMORY;
    }
    r->env = *env;
    r->last_session = (uint64_t)(env->config.loop & LOOP_MASK) << LOOP_SHIFT;
    r->hello_waiters.limit_ms = RELAY_HELLO_MS;
    r->frame_waiters.limit_ms = RELAY_FRAME_MS;
    r->expire_at_ms = env->config.is_keeper ? now_ms + RELAY_EXPIRE_MS : UINT64_MAX;
    const kith_err err = relay_log_open(r);
    if (err != KITH_OK) {
        relay_free(r);
        return err;
    }
    *out = r;
    return KITH_OK;
}

void
relay_free(relay *r)
{
    if (r == NULL) {
        return;
    }
    while (r->sessions != NULL) {
        relay_session_close(r->sessions);
    }
    for (relay_job *job = relay_job_pop(&r->jobs); job != NULL; job = relay_job_pop(&r->jobs)) {
        relay_job_free(job);
    }
    const kith_alloc *alloc = r->env.alloc;
    relay_log_close(r);
    relay_index_done(&r->index, alloc);
    kith_mem_free(alloc, r->sources, RELAY_SOURCES_MAX * sizeof(relay_source));
    kith_mem_free(alloc, r, sizeof *r);
}

relay_stats
relay_stats_of(const relay *r)
{
    return r->stats;
}

/* ---- Time ---- */

static void
end_waiters(relay_waiters *list, uint64_t now_ms)
{
    while (list->first != NULL && now_ms - list->first->waits_since_ms >= list->limit_ms &&
           now_ms >= list->first->waits_since_ms) {
        relay_session_end(list->first, KITH_ERR_BUSY);
    }
}

void
relay_tick(relay *r, uint64_t now_ms)
{
    relay_job *job = NULL;

    end_waiters(&r->hello_waiters, now_ms);
    end_waiters(&r->frame_waiters, now_ms);
    if (now_ms < r->expire_at_ms) {
        return;
    }
    if (relay_job_new(r, RELAY_JOB_EXPIRE, &job) != KITH_OK) {
        r->expire_at_ms = now_ms + RELAY_EXPIRE_MS; /* no memory now */
        return;
    }
    r->expire_at_ms = UINT64_MAX; /* until it is done */
    relay_job_push(&r->jobs, job);
}

static uint64_t
earlier(uint64_t due_ms, const relay_waiters *list)
{
    if (list->first == NULL) {
        return due_ms;
    }
    const uint64_t own = list->first->waits_since_ms + list->limit_ms;
    return own < due_ms ? own : due_ms;
}

uint64_t
relay_deadline(const relay *r)
{
    return earlier(earlier(r->expire_at_ms, &r->hello_waiters), &r->frame_waiters);
}

void
relay_session_wait(relay_session *session, relay_waiters *list, uint64_t now_ms)
{
    if (session->waiting_in == list) {
        return;
    }
    relay_session_wait_no_more(session);
    session->waiting_in = list;
    session->waits_since_ms = now_ms;
    session->wait_prev = list->last;
    session->wait_next = NULL;
    if (list->last != NULL) {
        list->last->wait_next = session;
    } else {
        list->first = session;
    }
    list->last = session;
}

void
relay_session_wait_no_more(relay_session *session)
{
    relay_waiters *list = session->waiting_in;

    if (list == NULL) {
        return;
    }
    if (session->wait_prev != NULL) {
        session->wait_prev->wait_next = session->wait_next;
    } else {
        list->first = session->wait_next;
    }
    if (session->wait_next != NULL) {
        session->wait_next->wait_prev = session->wait_prev;
    } else {
        list->last = session->wait_prev;
    }
    session->waiting_in = NULL;
}

/* ---- Turns ---- */

void
relay_session_ready(relay_session *session)
{
    relay *r = session->relay;

    if (session->is_ready) {
        return;
    }
    session->is_ready = true;
    session->ready_next = NULL;
    session->ready_prev = r->ready_last;
    if (r->ready_last != NULL) {
        r->ready_last->ready_next = session;
    } else {
        r->ready_first = session;
    }
    r->ready_last = session;
}

void
relay_session_unready(relay_session *session)
{
    relay *r = session->relay;

    if (!session->is_ready) {
        return;
    }
    if (session->ready_prev != NULL) {
        session->ready_prev->ready_next = session->ready_next;
    } else {
        r->ready_first = session->ready_next;
    }
    if (session->ready_next != NULL) {
        session->ready_next->ready_prev = session->ready_prev;
    } else {
        r->ready_last = session->ready_prev;
    }
    session->is_ready = false;
}

relay_session *
relay_next_ready(relay *r)
{
    relay_session *session = r->ready_first;

    if (session != NULL) {
        relay_session_unready(session);
    }
    return session;
}

static void
line_up(relay_session *session)
{
    relay *r = session->relay;

    if (session->has_job) {
        return;
    }
    session->has_job = true;
    session->job_next = NULL;
    if (r->job_last != NULL) {
        r->job_last->job_next = session;
    } else {
        r->job_first = session;
    }
    r->job_last = session;
}

void
relay_session_queue(relay_session *session, relay_job *job)
{
    relay_job_push(&session->jobs, job);
    line_up(session);
}

/* Its jobs are still to be done, in nobody's name. */
void
relay_session_leave_jobs(relay_session *session)
{
    relay *r = session->relay;
    relay_session *before = NULL;

    relay_job_append(&r->jobs, &session->jobs);
    if (!session->has_job) {
        return;
    }
    for (relay_session *at = r->job_first; at != session; at = at->job_next) {
        before = at;
    }
    if (before != NULL) {
        before->job_next = session->job_next;
    } else {
        r->job_first = session->job_next;
    }
    if (r->job_last == session) {
        r->job_last = before;
    }
    session->has_job = false;
}

relay_job *
relay_next_job(relay *r)
{
    relay_session *session = r->job_first;

    if (r->jobs.first != NULL || session == NULL) {
        return relay_job_pop(&r->jobs);
    }
    r->job_first = session->job_next;
    r->job_last = r->job_first != NULL ? r->job_last : NULL;
    session->has_job = false;
    relay_job *job = relay_job_pop(&session->jobs);
    if (session->jobs.first != NULL) {
        line_up(session);
    }
    return job;
}
