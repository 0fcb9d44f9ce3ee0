/* SPDX-License-Identifier: MPL-2.0 */
/* Notices: made by a job, counted, then shared between threads unchanged. And what each means to a session. */
#include "relay/internal.h"

kith_err
relay_job_tell(relay_job *job, relay_notice_kind kind, uint64_t key, relay_notice **out)
{
    relay_notice *notice = kith_mem_zalloc(job->alloc, 1, sizeof *notice);

    KITH_ENSURE(notice != NULL, KITH_ERR_NO_MEMORY);
    notice->alloc = job->alloc;
    notice->references = 1;
    notice->kind = kind;
    notice->key = key;
    notice->frame.alloc = job->alloc;
    if (job->last_notice != NULL) {
        job->last_notice->next = notice;
    } else {
        job->first_notice = notice;
    }
    job->last_notice = notice;
    *out = notice;
    return KITH_OK;
}

relay_notice *
relay_job_take_notice(relay_job *job)
{
    relay_notice *notice = job->first_notice;

    if (notice != NULL) {
        job->first_notice = notice->next;
        job->last_notice = job->first_notice != NULL ? job->last_notice : NULL;
        notice->next = NULL;
    }
    return notice;
}

relay_notice *
relay_notice_share(relay_notice *notice)
{
    notice->references++;
    return notice;
}

void
relay_notice_free(relay_notice *notice)
{
    if (notice != NULL && --notice->references == 0) {
        kith_buf_done(&notice->frame);
        kith_mem_free(notice->alloc, notice, sizeof *notice);
    }
}

/* ---- What it means ---- */

static void
tell_streams(relay *r, relay_link_kind kind, relay_notice *notice)
{
    relay_link *next = NULL;

    for (relay_link *link = relay_index_find(&r->index, kind, notice->key); link != NULL;
         link = next) {
        next = relay_index_next(link);
        relay_stream_tell(RELAY_OF(link, relay_stream, link), notice);
    }
}

/* The login of a device ends that the newest list lacks, and that of all when this cannot be found out. */
static void
tell_list(relay *r, const relay_notice *notice)
{
    relay_link *next = NULL;

    for (relay_link *link = relay_index_find(&r->index, RELAY_LINK_ACCOUNT, notice->key);
         link != NULL; link = next) {
        next = relay_index_next(link);
        relay_session *session = RELAY_OF(link, relay_session, by_account);
        relay_device device = {0};
        const kith_err err =
            r->env.reader->device_get(r->env.reader->ctx, session->device_row, &device);
        if (err != KITH_OK || !device.is_listed) {
            relay_session_log_out(session);
        }
    }
}

static void
tell_kp_low(relay *r, const relay_notice *notice)
{
    for (relay_link *link = relay_index_find(&r->index, RELAY_LINK_ACCOUNT, notice->key);
         link != NULL; link = relay_index_next(link)) {
        relay_session *session = RELAY_OF(link, relay_session, by_account);
        if (session->device_row == notice->device) {
            session->has_kp_low = true;
            session->kp_low = (uint16_t)notice->number;
            relay_session_ready(session);
        }
    }
}

static kith_err
hear_rdv(relay_session *session, relay_notice *notice)
{
    const uint32_t number = (uint32_t)notice->number;

    if (notice->kind == RELAY_NOTICE_RDV_TAKEN) {
        return relay_rdv_release(session, number, notice->count, KITH_OK);
    }
    KITH_TRY(relay_pending_add(session, &session->rdv, notice));
    relay_session_ready(session);
    if (notice->kind == RELAY_NOTICE_RDV_CLOSED) {
        return relay_rdv_release(session, number, SIZE_MAX, KITH_ERR_NOT_FOUND);
    }
    return KITH_OK;
}

static void
tell_rdv(relay *r, relay_notice *notice, uint64_t now_ms)
{
    relay_link *link = relay_index_find(&r->index, RELAY_LINK_SESSION, notice->key);

    if (link == NULL) {
        return;
    }
    relay_session *session = RELAY_OF(link, relay_session, by_number);
    if (session->over != KITH_OK) {
        return;
    }
    kith_err err = hear_rdv(session, notice);
    if (err == KITH_OK) {
        err = relay_session_read_on(session, now_ms);
    }
    if (err != KITH_OK) {
        relay_session_end(session, err);
    }
}

void
relay_notify(relay *r, relay_notice *notice, uint64_t now_ms)
{
    switch (notice->kind) {
    case RELAY_NOTICE_ENTRY:
        tell_streams(r, RELAY_LINK_CONV, notice);
        return;
    case RELAY_NOTICE_ITEM:
        tell_streams(r, RELAY_LINK_INBOX, notice);
        return;
    case RELAY_NOTICE_LIST:
        tell_list(r, notice);
        return;
    case RELAY_NOTICE_KP_LOW:
        tell_kp_low(r, notice);
        return;
    case RELAY_NOTICE_RDV_MESSAGE:
    case RELAY_NOTICE_RDV_CLOSED:
    case RELAY_NOTICE_RDV_TAKEN:
        tell_rdv(r, notice, now_ms);
        return;
    }
}
