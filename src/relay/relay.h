/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The front header of the server's mind: accounts, conversation logs, inboxes and rendezvous as docs/wire.md
 * has them. Bytes and time come in, bytes come out; no socket, file, thread or clock.
 *
 * One `relay` for each loop thread, one `relay_session` for each connection. What only reads is answered at
 * once through the relay's reader port. What changes something becomes a `relay_job`: the loop hands it to the
 * one writer thread, which runs many in one transaction and, when that is durable, hands each back to the loop
 * it came from, and the notices that came of it to *all* loops:
 *
 *     loop                                        writer thread
 *     relay_session_recv(session, bytes, now)
 *     while ((job = relay_next_job(relay)))  ──►  begin
 *                                                 relay_job_run(job, &writer, now)     each
 *                                                 commit (durable)
 *     relay_notify(relay, notice, now)       ◄──  relay_job_take_notice(job)           each, to every loop
 *     relay_job_done(relay, job, now)        ◄──  job                                  to relay_job_owner(job)
 *     while ((session = relay_next_ready(relay)))
 *         relay_session_fill(session, now, max, &out) when the connection takes bytes
 *
 * A loop gets the batches in the order of their commits, and the notices of a batch before its jobs.
 */
#ifndef KITH_RELAY_RELAY_H
#define KITH_RELAY_RELAY_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "proto/proto.h"
#include "relay/limits.h"
#include "relay/log.h"
#include "relay/store_port.h"

typedef struct relay relay;
typedef struct relay_session relay_session;
typedef struct relay_job relay_job;
typedef struct relay_notice relay_notice;

/* ---- Relay ---- */

/* What is rationed, each for one connection and for one source (over all its connections on this relay). */
typedef enum relay_rationed {
    RELAY_RATION_CONV_OPEN, /* conversations opened */
    RELAY_RATION_KP_TAKE, /* one-time KeyPackages; beyond it the last-resort ones are given */
    RELAY_RATION_INBOX_PUT,
    RELAY_RATION_ACCOUNT, /* attempts to make an account */
    RELAY_RATION_DIRECTORY, /* lists and KeyPackages put */
    RELAY_RATION_LOG, /* questions to the directory's log, look-ups among them */
    RELAY_RATION_RDV_OPEN,
    RELAY_RATION_RDV_JOIN, /* attempts */
    RELAY_RATION_BAD_LOGIN,
    RELAY_RATION_BAD_TOKEN,
    RELAY_RATIONS,
} relay_rationed;

/* `burst` at once, and one more each `every_ms`. */
typedef struct relay_ration {
    uint32_t burst;
    uint32_t every_ms;
} relay_ration;

typedef struct relay_config {
    bool has_operator_ticket;
    uint8_t operator_ticket[PROTO_ID_LEN]; /* makes any number of accounts */
    relay_ration rations[RELAY_RATIONS]; /* burst 0: the default, see relay_ration_default */
    uint16_t loop; /* another for each relay of one store */
    bool is_keeper; /* runs the expiry; exactly one relay of a store does */
    const relay_log *log; /* NULL: there is none, and questions about it are UNSUPPORTED */
    const kt_note_key *witnesses; /* whose cosignatures on the log's checkpoints are taken */
    size_t witness_count; /* at most RELAY_WITNESSES_MAX */
} relay_config;

KITH_API relay_ration relay_ration_default(relay_rationed what);

/* Everything is borrowed until the relay and all its jobs and notices are freed. */
typedef struct relay_env {
    /* NULL: the C library's. Jobs and notices are freed by whichever thread has them last: when that may be another
     * one, it must be callable from any thread. */
    const kith_alloc *alloc;
    const kith_rng *rng;
    crypto *crypto;
    const relay_store *reader;
    void *owner; /* what relay_job_owner gives back; may be NULL */
    relay_config config;
} relay_env;

/* NO_MEMORY. INVALID: the log's keys are not those of its configuration. */
KITH_API KITH_MUST_USE kith_err relay_new(const relay_env *env, uint64_t now_ms, relay **out);
/* Sessions that are still open are closed. Jobs and notices may be freed later. NULL is accepted. */
KITH_API void relay_free(relay *r);

/* Does what is due: connections that never said HELLO or did not finish a frame are over, the keeper queues an
 * expiry job. Harmless when nothing is due. */
KITH_API void relay_tick(relay *r, uint64_t now_ms);
/* When relay_tick has something to do next; UINT64_MAX: never. */
KITH_API uint64_t relay_deadline(const relay *r);

typedef struct relay_stats {
    uint64_t sessions; /* open now */
    uint64_t logins; /* logged in now */
    uint64_t subscriptions; /* now */
    uint64_t requests; /* since the start */
    uint64_t refusals; /* of them answered with an error */
    uint64_t pushes; /* since the start */
    uint64_t input_bytes; /* of frames that are not complete, now */
    uint64_t work_bytes; /* of requests that are being worked on, now */
} relay_stats;

KITH_API relay_stats relay_stats_of(const relay *r);

/* ---- Sessions ----
 *
 * A session costs some hundred bytes; buffers exist only while something is in them. It never hands out more
 * than it was asked for, and reads no further request while PROTO_IN_FLIGHT_MAX are not answered, or answers wait
 * that the connection did not take. After every call on a session, and when relay_next_ready gives it, its
 * owner looks at relay_session_wants_bytes and fetches output. */

typedef struct relay_peer {
    uint8_t exporter[PROTO_EXPORTER_LEN]; /* of this TLS connection */
    uint64_t
        source; /* a keyed hash of the peer's address (of an IPv6 /64): what is rationed together */
    void *owner; /* what relay_session_owner gives back; may be NULL */
} relay_peer;

/* NO_MEMORY. */
KITH_API KITH_MUST_USE kith_err relay_session_open(relay *r, const relay_peer *peer,
                                                   uint64_t now_ms, relay_session **out);
/* Ends its login, subscriptions and rendezvous. What its jobs do still happens; nobody is answered. NULL is
 * accepted. */
KITH_API void relay_session_close(relay_session *session);
KITH_API void *relay_session_owner(const relay_session *session);

/* Takes bytes from the connection; any cut is fine. On error the stream is beyond repair and the
 * connection must be closed: MALFORMED, LIMIT (a frame's length), DENIED (no HELLO first), UNSUPPORTED (HELLO
 * without a common version: fill gives the answer first), BUSY (too much half-received input), NO_MEMORY. */
KITH_API KITH_MUST_USE kith_err relay_session_recv(relay_session *session, kith_bytes bytes,
                                                   uint64_t now_ms);
/* False: stop reading from the connection until it is true again. */
KITH_API bool relay_session_wants_bytes(const relay_session *session);
/* Whether fill has something to give. */
KITH_API bool relay_session_has_output(const relay_session *session);
/* Appends whole frames to `out`, answers first, until it has grown by `max` bytes or nothing is left; the last
 * frame may go beyond `max`. Reads on when that made room for requests. Errors: those of recv, then close the
 * connection (after sending what is in `out`); or the reader port's. `out` holds whole frames in any case. */
KITH_API KITH_MUST_USE kith_err relay_session_fill(relay_session *session, uint64_t now_ms,
                                                   size_t max, kith_buf *out);
/* A session that has output, wants bytes again, or is over (fill returns why); each once, until something new
 * happens to it. NULL: none. Sessions take turns. */
KITH_API relay_session *relay_next_ready(relay *r);

/* ---- Jobs ---- */

/* The next job for the writer, owned by the caller, or NULL. Sessions take turns. */
KITH_API relay_job *relay_next_job(relay *r);
/* The `owner` of the relay that made it. */
KITH_API void *relay_job_owner(const relay_job *job);
/* Without an answer; in the thread of its relay, or when that is gone. NULL is accepted. */
KITH_API void relay_job_free(relay_job *job);

/* What a job runs with: belongs to the writer's thread. */
typedef struct relay_writer {
    const relay_store *store; /* inside a transaction */
    crypto *crypto;
    relay_seal *seal; /* NULL: there is no log */
} relay_writer;

/* Does it. Touches nothing but the job and the ports, and may be run again when the transaction was rolled
 * back. KITH_OK: the transaction may be committed (a request that was refused changed nothing). Anything else is an error
 * of the store port or NO_MEMORY, CRYPTO: roll back; then run the other jobs anew, and relay_job_fail this one. */
KITH_API KITH_MUST_USE kith_err relay_job_run(relay_job *job, const relay_writer *writer,
                                              uint64_t now_ms);
/* The transaction was not committed: the answer becomes `err`, notices are dropped. */
KITH_API void relay_job_fail(relay_job *job, kith_err err);
/* After the commit: the next of its notices, owned by the caller, or NULL. */
KITH_API relay_notice *relay_job_take_notice(relay_job *job);
/* Answers, unless the session is gone. Frees the job. */
KITH_API void relay_job_done(relay *r, relay_job *job, uint64_t now_ms);

/* A queue of jobs, linked through them; all zero is empty. For one thread at a time. */
typedef struct relay_job_queue {
    relay_job *first;
    relay_job *last;
    size_t count;
} relay_job_queue;

KITH_API void relay_job_push(relay_job_queue *queue, relay_job *job);
/* NULL: empty. */
KITH_API relay_job *relay_job_pop(relay_job_queue *queue);
/* The job behind `job` in its queue; NULL: it is the last. */
KITH_API relay_job *relay_job_after(const relay_job *job);
/* Moves all of `from` to the end of `to`. */
KITH_API void relay_job_append(relay_job_queue *to, relay_job_queue *from);

/* ---- Notices ----
 *
 * What a committed job means for sessions elsewhere: a new entry, a new epoch, an inbox item, a changed list, a
 * rendezvous. Immutable, counted, shared between threads. */

/* Another reference, to be freed like the first. */
KITH_API relay_notice *relay_notice_share(relay_notice *notice);
/* Gives a reference back, from any thread. NULL is accepted. */
KITH_API void relay_notice_free(relay_notice *notice);
/* Tells the relay's sessions. Borrows the caller's reference; the relay takes its own. */
KITH_API void relay_notify(relay *r, relay_notice *notice, uint64_t now_ms);

#endif
