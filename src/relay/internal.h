/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of this folder share: relay, session, stream, job and notice from the inside. Everything but jobs
 * and notices belongs to the relay's thread; a job belongs to one thread at a time; a notice never changes.
 */
#ifndef KITH_RELAY_INTERNAL_H
#define KITH_RELAY_INTERNAL_H

#include "relay/relay.h"

/* ---- Index: who is to be told of what ---- */

typedef enum relay_link_kind {
    RELAY_LINK_SESSION, /* by the session's number */
    RELAY_LINK_ACCOUNT, /* sessions by the row of the account they are logged in to */
    RELAY_LINK_CONV, /* streams by the conversation's row */
    RELAY_LINK_INBOX, /* streams by the device's row */
} relay_link_kind;

/* First member of what is in the index. Keys are numbers that peers cannot choose. */
typedef struct relay_link {
    struct relay_link *next;
    uint64_t key;
    uint8_t kind;
} relay_link;

typedef struct relay_index {
    relay_link **slots;
    size_t cap; /* a power of 2, or 0 */
    size_t count;
} relay_index;

KITH_MUST_USE kith_err relay_index_add(relay_index *index, const kith_alloc *alloc,
                                       relay_link *link);
void relay_index_remove(relay_index *index, relay_link *link);
/* The first link of that kind and key, and the one after `link` of the same; NULL: none. */
relay_link *relay_index_find(const relay_index *index, relay_link_kind kind, uint64_t key);
relay_link *relay_index_next(const relay_link *link);
void relay_index_done(relay_index *index, const kith_alloc *alloc);

/* ---- Rations ---- */

/* When each ration is whole again: a ration is spent by moving that time on. */
typedef struct relay_spent {
    uint64_t until_ms[RELAY_RATIONS];
} relay_spent;

typedef struct relay_source {
    uint64_t source;
    bool is_used;
    relay_spent spent;
} relay_source;

/* How much of it connection and source have left. */
uint32_t relay_ration_left(relay_session *session, relay_rationed what, uint64_t now_ms);
void relay_ration_spend(relay_session *session, relay_rationed what, uint32_t count,
                        uint64_t now_ms);
void relay_ration_refund(relay_session *session, relay_rationed what, uint32_t count);
/* Until one more is to be had. */
uint32_t relay_ration_wait_ms(relay_session *session, relay_rationed what, uint64_t now_ms);

/* ---- Notices ---- */

typedef enum relay_notice_kind {
    RELAY_NOTICE_ENTRY, /* key: conversation; number: seq */
    RELAY_NOTICE_ITEM, /* key: device; number: id */
    RELAY_NOTICE_LIST, /* key: account */
    RELAY_NOTICE_KP_LOW, /* key: account; device; number: packages left */
    RELAY_NOTICE_RDV_MESSAGE, /* key: session; number: of the rendezvous */
    RELAY_NOTICE_RDV_CLOSED, /* the same */
    RELAY_NOTICE_RDV_TAKEN, /* the same; count: messages that may be answered now */
} relay_notice_kind;

struct relay_notice {
    relay_notice *next; /* while it is the job's */
    const kith_alloc *alloc;
    _Atomic uint32_t references;
    relay_notice_kind kind;
    bool is_commit;
    uint64_t key;
    uint64_t device;
    uint64_t number;
    uint32_t count;
    kith_buf frame; /* the push, ready to send; empty where there is none */
};

/* ---- The directory's log ---- */

/* A VRF output for a list's version, of those that a job brings along. */
typedef struct relay_evaluated {
    uint32_t version; /* of the log, from 0 */
    kt_evaluation evaluation;
} relay_evaluated;

/* A place of the memory for VRF outputs that are not in the store. */
typedef struct relay_memory {
    bool is_used;
    uint8_t account_id[PROTO_ID_LEN];
    uint32_t version;
    kt_evaluation evaluation;
} relay_memory;

/* What stands behind the ports of a kt_log: the store, and where new VRF outputs go. */
typedef struct relay_log_port {
    const relay_store *store;
    /* [RELAY_EVALUATIONS_MAX]; NULL: the writer's, which has the store keep them. */
    relay_memory *memory;
    relay_evaluated fresh[RELAY_EVALUATIONS_AHEAD]; /* computed for the answer that is being made */
    size_t fresh_count;
} relay_log_port;

kt_store relay_log_arrays(relay_log_port *port);
kt_labels relay_log_labels(relay_log_port *port);
void relay_label(const uint8_t *account_id, uint8_t out[RELAY_LABEL_LEN]);
/* The account of a label; NULL: it is none. */
const uint8_t *relay_label_account(kith_bytes label);

/* The log that answers for the relay. INVALID: see kt_log_new. */
KITH_MUST_USE kith_err relay_log_open(relay *r);
void relay_log_close(relay *r);
/* Computes for the job what the look-ups of version `version` of a list will need. What cannot be computed now is
 * computed later: no error. */
void relay_log_prepare(relay *r, relay_job *job, const uint8_t *account_id, uint64_t version);
/* Has the writer store what was computed for the answer about the account, which exists: the next answer is made in a
 * fraction of the time. No error: then it is computed again. */
void relay_log_keep(relay *r, const uint8_t *account_id);

/* Makes close add an entry without lists when the newest one is old enough. */
void relay_seal_beat(relay_seal *seal, uint64_t now_ms);

/* Makes a checkpoint of the log's head, signed by the log, and stores it in place of the oldest. */
typedef struct relay_publisher {
    crypto *crypto;
    const relay_log *log;
    crypto_sign_key *sign;
    const relay_store *store;
} relay_publisher;
KITH_MUST_USE kith_err relay_checkpoint_publish(const relay_publisher *p, const kt_log *log,
                                                uint64_t now_ms, relay_checkpoint *out);

/* ---- Jobs ---- */

/* Types of jobs that nobody asked for; beyond those of frames. */
typedef enum relay_own_job {
    RELAY_JOB_LEAVE = 0x100, /* a side of rendezvous is gone */
    RELAY_JOB_DRAINED, /* a side of a rendezvous took messages */
    RELAY_JOB_EXPIRE,
    RELAY_JOB_KEEP, /* VRF outputs of an account */
} relay_own_job;

#define RELAY_RDV_TRIES 4u /* random numbers for a rendezvous that may be taken */

typedef union relay_request {
    proto_account_create account_create;
    proto_list_put list_put;
    proto_kp_put kp_put;
    proto_kp_take kp_take;
    proto_invite_put invite_put;
    proto_conv_open conv_open;
    proto_conv_append conv_append;
    proto_conv_ack conv_ack;
    proto_inbox_put inbox_put;
    proto_inbox_ack inbox_ack;
    uint32_t numbers[RELAY_RDV_TRIES]; /* RDV_OPEN */
    proto_rdv_join rdv_join;
    proto_rdv_send rdv_send;
    proto_rdv_close rdv_close;
    proto_log_cosign log_cosign;
    struct {
        uint32_t number;
        uint32_t count;
    } drained;
} relay_request;

struct relay_job {
    relay_job *next;
    const kith_alloc *alloc;
    void *owner;
    /* Who asks. */
    uint64_t session; /* its number; 0: nobody waits for the answer */
    uint64_t account_row; /* logged in as; 0: not */
    uint64_t device_row;
    /* What for. */
    uint16_t type; /* proto_type or relay_own_job */
    uint32_t request;
    kith_buf body;
    relay_request in; /* borrows from body */
    uint8_t account_id[PROTO_ID_LEN]; /* ACCOUNT_CREATE: of the list, which was checked */
    uint8_t hash[PROTO_ID_LEN]; /* of the ticket or token */
    bool is_operators; /* ACCOUNT_CREATE: the operator's ticket */
    uint32_t allowance; /* KP_TAKE: one-time packages the asker may have */
    relay_evaluated *evaluated; /* [RELAY_EVALUATIONS_AHEAD] or NULL: of the list */
    size_t evaluated_count;
    /* What came of it. */
    kith_err err;
    uint32_t retry_ms;
    uint64_t detail;
    uint32_t taken; /* KP_TAKE: one-time packages that were given out */
    bool has_more; /* EXPIRE: something is left over */
    bool is_deferred; /* RDV_SEND: it is answered when the other side took messages */
    kith_buf answer; /* body of the answer */
    relay_notice *first_notice;
    relay_notice *last_notice;
};

/* A refusal: the request changed nothing and gets this error. What a job's function returns itself is a
 * failure of the store. */
static inline void
relay_job_refuse(relay_job *job, kith_err err)
{
    job->err = err;
}

typedef struct relay_run {
    relay_job *job;
    const relay_store *store;
    void *ctx; /* the store's */
    crypto *crypto;
    relay_seal *seal; /* or NULL */
    uint64_t now_ms;
} relay_run;

typedef kith_err (*relay_run_fn)(const relay_run *run);

/* Puts a list that the transaction has stored into the entry that it will add to the log. */
KITH_MUST_USE kith_err relay_seal_add(const relay_run *run, const proto_list *list,
                                      kith_bytes bytes);

KITH_MUST_USE kith_err relay_run_account_create(const relay_run *run);
KITH_MUST_USE kith_err relay_run_list_put(const relay_run *run);
KITH_MUST_USE kith_err relay_run_invite_put(const relay_run *run);
KITH_MUST_USE kith_err relay_run_kp_put(const relay_run *run);
KITH_MUST_USE kith_err relay_run_kp_take(const relay_run *run);
KITH_MUST_USE kith_err relay_run_conv_open(const relay_run *run);
KITH_MUST_USE kith_err relay_run_conv_append(const relay_run *run);
KITH_MUST_USE kith_err relay_run_conv_ack(const relay_run *run);
KITH_MUST_USE kith_err relay_run_inbox_put(const relay_run *run);
KITH_MUST_USE kith_err relay_run_inbox_ack(const relay_run *run);
KITH_MUST_USE kith_err relay_run_rdv_open(const relay_run *run);
KITH_MUST_USE kith_err relay_run_rdv_join(const relay_run *run);
KITH_MUST_USE kith_err relay_run_rdv_send(const relay_run *run);
KITH_MUST_USE kith_err relay_run_rdv_close(const relay_run *run);
KITH_MUST_USE kith_err relay_run_log_cosign(const relay_run *run);
KITH_MUST_USE kith_err relay_run_leave(const relay_run *run);
KITH_MUST_USE kith_err relay_run_drained(const relay_run *run);
KITH_MUST_USE kith_err relay_run_expire(const relay_run *run);
KITH_MUST_USE kith_err relay_run_keep(const relay_run *run);
/* The part of it that ends rendezvous. */
KITH_MUST_USE kith_err relay_run_expire_rdv(const relay_run *run);

/* Whether the device that asks is in its account's newest list (it may have left it since it logged in). False and
 * KITH_OK: it is not, and the job is refused. `*out` is then unspecified. */
KITH_MUST_USE kith_err relay_run_asker(const relay_run *run, relay_device *out, bool *is_listed);

/* Adds an empty notice to the job's. */
KITH_MUST_USE kith_err relay_job_tell(relay_job *job, relay_notice_kind kind, uint64_t key,
                                      relay_notice **out);

KITH_MUST_USE kith_err relay_job_new(const relay *r, uint16_t type, relay_job **out);

/* ---- Streams: subscriptions to a conversation or an inbox ---- */

/* A notice that waits in a stream or session. */
typedef struct relay_pending {
    struct relay_pending *next;
    relay_notice *notice;
} relay_pending;

typedef struct relay_pendings {
    relay_pending *first;
    relay_pending *last;
    size_t count;
} relay_pendings;

typedef struct relay_stream {
    relay_link link; /* CONV or INBOX */
    relay_session *session;
    struct relay_stream *next; /* of the session */
    struct relay_stream *prev;
    struct relay_stream *ready_next; /* of those with something to give */
    bool is_ready;
    uint64_t at; /* number of the next item to give */
    uint64_t head; /* one past the last item that is known of */
    uint64_t stop; /* last number that may be read; UINT64_MAX: no end in sight */
    relay_pendings pending; /* items from `at` on, without a gap */
    uint8_t conv_id[PROTO_ID_LEN];
} relay_stream;

/* Makes one, in place of the session's present one to the same. LIMIT, NO_MEMORY. */
KITH_MUST_USE kith_err relay_stream_open(relay_session *session, const relay_stream *draft);
void relay_stream_close(relay_stream *stream);
relay_stream *relay_stream_find(relay_session *session, relay_link_kind kind, uint64_t row);
/* A new item. */
void relay_stream_tell(relay_stream *stream, relay_notice *notice);
/* Appends frames until `out` is `until` long; the stream may be closed by it. */
KITH_MUST_USE kith_err relay_stream_fill(relay_stream *stream, size_t until, kith_buf *out);

/* Appends the body of an ENTRY or INBOX_ITEM push. `conv_id` is not looked at for an inbox. */
KITH_MUST_USE kith_err relay_item_encode(bool is_inbox, const uint8_t *conv_id,
                                         const relay_item *item, kith_buf *out);

KITH_MUST_USE kith_err relay_pending_add(relay_session *session, relay_pendings *list,
                                         relay_notice *notice);
void relay_pending_drop(relay_session *session, relay_pendings *list);
void relay_pending_clear(relay_session *session, relay_pendings *list);

/* ---- Sessions ---- */

/* Sessions that must do something within a time that is the same for all of them, the longest-waiting first. */
typedef struct relay_waiters {
    relay_session *first;
    relay_session *last;
    uint32_t limit_ms;
} relay_waiters;

/* An RDV_SEND that was done and waits to be answered. */
typedef struct relay_deferred {
    uint32_t request;
    uint32_t number; /* of the rendezvous */
} relay_deferred;

struct relay_session {
    relay_link by_number; /* SESSION */
    relay_link by_account; /* ACCOUNT, while logged in */
    relay *relay;
    void *owner;
    uint64_t source;
    uint8_t exporter[PROTO_EXPORTER_LEN];
    /* Who it is. */
    bool said_hello;
    bool is_logged_in;
    bool touched_conv;
    bool has_rdv; /* opened or joined one */
    kith_err over; /* why it is over; KITH_OK: it is not */
    uint64_t account_row;
    uint64_t device_row;
    relay_spent spent;
    /* Requests. */
    kith_buf in;
    kith_buf out; /* answers, whole frames */
    uint32_t running[PROTO_IN_FLIGHT_MAX]; /* request numbers that are being worked on */
    uint8_t running_count;
    uint8_t answered_count; /* answers in `out` */
    size_t work_bytes;
    relay_job_queue jobs;
    /* Pushes. */
    relay_stream *streams;
    uint32_t stream_count;
    relay_stream *ready_first;
    relay_stream *ready_last;
    relay_pendings rdv;
    relay_deferred *deferred; /* [PROTO_IN_FLIGHT_MAX], oldest first; NULL: none */
    size_t deferred_count;
    size_t pending_bytes; /* of the streams */
    bool has_kp_low;
    uint16_t kp_low;
    /* The relay's lists that it is in. */
    relay_session *next;
    relay_session *prev;
    relay_waiters *waiting_in;
    relay_session *wait_next;
    relay_session *wait_prev;
    uint64_t waits_since_ms;
    relay_session *ready_next;
    relay_session *ready_prev;
    bool is_ready;
    relay_session *job_next;
    bool has_job; /* in the list of those with jobs */
};

void relay_session_wait(relay_session *session, relay_waiters *list, uint64_t now_ms);
void relay_session_wait_no_more(relay_session *session);
/* Puts it into the list that relay_next_ready takes from. */
void relay_session_ready(relay_session *session);
void relay_session_unready(relay_session *session);
/* Gives its queued jobs to nobody. */
void relay_session_leave_jobs(relay_session *session);
/* Ends it: its owner learns by fill. */
void relay_session_end(relay_session *session, kith_err why);
void relay_session_log_out(relay_session *session);
/* Handles the frames that have arrived, as far as there is room for requests. */
KITH_MUST_USE kith_err relay_session_read_on(relay_session *session, uint64_t now_ms);
/* Queues a job of the session for the writer. */
void relay_session_queue(relay_session *session, relay_job *job);

/* Answers the request, which is no longer in flight. */
KITH_MUST_USE kith_err relay_session_finish(relay_session *session, uint8_t type, uint32_t request,
                                            kith_bytes body, const proto_error *error);
/* Puts the answer to an RDV_SEND off. */
KITH_MUST_USE kith_err relay_rdv_defer(relay_session *session, const relay_job *job);
void relay_rdv_forget(relay_session *session);
/* Answers the first `count` of those of the rendezvous, with `err` if that is one. */
KITH_MUST_USE kith_err relay_rdv_release(relay_session *session, uint32_t number, size_t count,
                                         kith_err err);

/* One request that is being answered. */
typedef struct relay_call {
    relay_session *session;
    relay *relay;
    const relay_store *reader;
    const proto_frame *frame;
    uint64_t now_ms;
    uint32_t retry_ms; /* for the error, if it comes to one */
    uint64_t detail;
} relay_call;

/* Answers the request, or makes a job of it. An error becomes the answer; NO_MEMORY ends the session when not
 * even that can be said. */
void relay_call_handle(relay_call *call);
KITH_MUST_USE kith_err relay_answer(relay_session *session, uint8_t type, uint32_t request,
                                    kith_bytes body);
KITH_MUST_USE kith_err relay_answer_error(relay_session *session, uint32_t request,
                                          const proto_error *error);

/* Requests that are answered at once. */
KITH_MUST_USE kith_err relay_read_hello(relay_call *call);
KITH_MUST_USE kith_err relay_read_login(relay_call *call);
KITH_MUST_USE kith_err relay_read_kp_count(relay_call *call);
KITH_MUST_USE kith_err relay_read_conv_subscribe(relay_call *call);
KITH_MUST_USE kith_err relay_read_conv_unsubscribe(relay_call *call);
KITH_MUST_USE kith_err relay_read_inbox_subscribe(relay_call *call);
KITH_MUST_USE kith_err relay_read_log_config(relay_call *call);
KITH_MUST_USE kith_err relay_read_log_ask(relay_call *call);
KITH_MUST_USE kith_err relay_read_log_checkpoint(relay_call *call);
KITH_MUST_USE kith_err relay_read_log_entries(relay_call *call);
KITH_MUST_USE kith_err relay_read_list_find(relay_call *call);

/* Runs `make` on one moment of the store, with the log as it is then, and sends the body that it made. */
typedef kith_err (*relay_answer_fn)(relay_call *call, const void *in, kith_buf *body);
KITH_MUST_USE kith_err relay_answer_in_view(relay_call *call, relay_answer_fn make, const void *in);
/* Decodes and checks what can be checked without the store. */
KITH_MUST_USE kith_err relay_prepare(relay_call *call, relay_job *job);
/* Decodes and checks the cosignatures, and leaves in the job those of known witnesses. */
KITH_MUST_USE kith_err relay_prepare_cosign(relay_call *call, relay_job *job);
/* BUSY, with the time to wait, when the ration is spent. */
KITH_MUST_USE kith_err relay_call_ration(relay_call *call, relay_rationed what, uint32_t count);

/* ---- Relay ---- */

struct relay {
    relay_env env;
    relay_index index;
    relay_source *sources; /* [RELAY_SOURCES_MAX] */
    uint64_t last_session; /* number */
    relay_session *sessions;
    relay_session *ready_first;
    relay_session *ready_last;
    relay_session *job_first;
    relay_session *job_last;
    relay_job_queue jobs; /* of nobody */
    relay_waiters hello_waiters;
    relay_waiters frame_waiters;
    uint64_t expire_at_ms; /* UINT64_MAX: not the keeper, or one is under way */
    relay_log_port log_port;
    kt_log *log; /* answers; NULL: there is no log */
    relay_stats stats;
};

#define RELAY_OF(pointer, type, member)                                                            \
    ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

static inline void
relay_copy_id(uint8_t *to, const uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = from[i];
    }
}

#endif
