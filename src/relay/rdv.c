/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Rendezvous as a session sees them: what is sent faster than the other side takes it is accepted, in order, and answered
 * only when the other side took some. So a sender is held up by its requests in flight, and nothing is sent twice.
 */
#include "relay/internal.h"

#define DEFERRED_BYTES (PROTO_IN_FLIGHT_MAX * sizeof(relay_deferred))

kith_err
relay_rdv_defer(relay_session *session, const relay_job *job)
{
    if (session->deferred == NULL) {
        session->deferred =
            kith_mem_zalloc(session->relay->env.alloc, PROTO_IN_FLIGHT_MAX, sizeof(relay_deferred));
        KITH_ENSURE(session->deferred != NULL, KITH_ERR_NO_MEMORY);
    }
    /* Each is still in flight, so there is a place for it. */
    session->deferred[session->deferred_count++] =
        (relay_deferred){.request = job->request, .number = job->in.rdv_send.number};
    return KITH_OK;
}

void
relay_rdv_forget(relay_session *session)
{
    kith_mem_free(session->relay->env.alloc, session->deferred, DEFERRED_BYTES);
    session->deferred = NULL;
    session->deferred_count = 0;
}

kith_err
relay_rdv_release(relay_session *session, uint32_t number, size_t count, kith_err err)
{
    const proto_error error = {.code = err != KITH_OK ? proto_code_of(err) : 0};
    kith_err failed = KITH_OK;
    size_t kept = 0;

    for (size_t i = 0; i < session->deferred_count; i++) {
        const relay_deferred send = session->deferred[i];
        if (send.number != number || count == 0 || failed != KITH_OK) {
            session->deferred[kept++] = send;
            continue;
        }
        count--;
        failed = relay_session_finish(session, PROTO_RDV_SEND, send.request, (kith_bytes){0},
                                      err != KITH_OK ? &error : NULL);
    }
    session->deferred_count = kept;
    if (kept == 0) {
        relay_rdv_forget(session);
    }
    return failed;
}
