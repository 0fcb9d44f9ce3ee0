/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The server's side: a log that adds entries and answers questions with proofs. It keeps its trees in a
 * kt_store and what it knows of labels in a kt_labels, both ports; it has one writer, and as long as an
 * entry is being added nothing else may be asked of it.
 */
#ifndef KITH_TRANSPARENCY_LOG_H
#define KITH_TRANSPARENCY_LOG_H

#include "transparency/head.h"
#include "transparency/request.h"
#include "transparency/store.h"

/* One version of a label, as the server remembers it. */
typedef struct kt_record {
    uint64_t position; /* of the entry that added it */
    uint8_t opening[KT_OPENING_LEN];
} kt_record;

/* The VRF's output and proof for a label and version that may or may not exist. */
typedef struct kt_evaluation {
    kt_hash key;
    uint8_t proof[KT_PROOF_MAX]; /* as long as the suite says */
} kt_evaluation;

typedef struct kt_labels {
    /* How many versions a label has; 0 for an unknown one. */
    kith_err (*count)(void *ctx, kith_bytes label, uint64_t *out);
    /* The record of a version that exists; its value is appended to `value` unless that is NULL. */
    kith_err (*find)(void *ctx, kith_bytes label, uint32_t version, kt_record *out,
                     kith_buf *value);
    /* Remembers the next version. To be undone by the caller's transaction if kt_log_append fails. */
    kith_err (*add)(void *ctx, kith_bytes label, const kt_record *record, kith_bytes value);
    /* A cache, or both NULL. NOT_FOUND: it is not kept. kt_log_append makes and keeps proofs for a log that keeps
     * evaluations, and only outputs, in 2/3 of the time, for one that does not. */
    kith_err (*find_evaluation)(void *ctx, kith_bytes label, uint32_t version, kt_evaluation *out);
    kith_err (*keep_evaluation)(void *ctx, kith_bytes label, uint32_t version,
                                const kt_evaluation *evaluation);
    void *ctx;
} kt_labels;

/* The port over memory, for tests and for logs that need not last. */
typedef struct kt_label_memory kt_label_memory;
KITH_API KITH_MUST_USE kith_err kt_label_memory_new(const kith_alloc *alloc, kt_label_memory **out);
KITH_API void kt_label_memory_free(kt_label_memory *memory);
/* Valid until the memory is freed. */
KITH_API kt_labels kt_label_memory_port(kt_label_memory *memory);

/* A port that does work on several threads, or `run` NULL: all of it is done in the calling one. */
typedef kith_err (*kt_job)(void *arg, crypto *c, size_t i);
typedef struct kt_workers {
    /* Calls `job` once with each number below `count`, in any order and beside each other, with a crypto that
     * no other thread uses meanwhile. Returns when all calls have; the error of one of them, or OK. */
    kith_err (*run)(void *ctx, kt_job job, void *arg, size_t count);
    void *ctx;
} kt_workers;

typedef struct kt_log_setup {
    crypto *crypto; /* this and the keys are borrowed as long as the log lives */
    crypto_sign_key *sign; /* of `config.signature_key`; NULL: a log that only answers */
    const crypto_vrf_key *vrf; /* of `config.vrf_key`, with KT_128_SHA256_ED25519 */
    const crypto_vrf_p256_key *vrf_p256; /* likewise, with KT_128_SHA256_P256 */
    kith_rng rng; /* for openings */
    kt_store store;
    kt_labels labels;
    kt_config config;
    uint64_t size; /* what the store holds: the size that was signed last, or 0; 0 without `sign` */
    kt_workers workers; /* for kt_log_append: the VRF is nearly all of its time */
} kt_log_setup;

typedef struct kt_log kt_log;
/* INVALID: keys that are not those of the configuration, or a size without a signature key. */
KITH_API KITH_MUST_USE kith_err kt_log_new(const kith_alloc *alloc, const kt_log_setup *setup,
                                           kt_log **out);
KITH_API void kt_log_free(kt_log *log);
KITH_API uint64_t kt_log_size(const kt_log *log);
/* The root of the log tree. NOT_FOUND: there is no entry. */
KITH_API KITH_MUST_USE kith_err kt_log_tree_root(const kt_log *log, kt_hash *out);
/* The signature over the head, borrowed until the log changes; empty as long as there is no entry. */
KITH_API kith_bytes kt_log_signature(const kt_log *log);

/* The newest head, and when its last entry was added. */
typedef struct kt_log_tip {
    kt_head head;
    uint64_t timestamp;
} kt_log_tip;
/* NOT_FOUND: there is no entry. */
KITH_API KITH_MUST_USE kith_err kt_log_head(const kt_log *log, kt_log_tip *out);

/* Tells a log that answers beside the writer, over a store of its own with the same records, of a newer head:
 * the `size` that was signed and durable before this call. REJECTED: smaller than what the log has, or not
 * signed over what the store holds; the log answers as before. */
KITH_API KITH_MUST_USE kith_err kt_log_follow(kt_log *log, uint64_t size, kith_bytes signature);

/* New versions of one label. */
typedef struct kt_change {
    kith_bytes label;
    const kith_bytes *values; /* in the order of their versions */
    size_t count; /* 1 to KT_LABEL_UPDATES_MAX */
} kt_change;

/* Adds one entry with all changes (none: a heartbeat), at `now_ms` since 1970, and signs the new head. A
 * label may be in one change only. LIMIT: more than KT_UPDATES_MAX versions, a value longer than
 * KT_VALUE_MAX, or a label longer than KT_LABEL_MAX. REJECTED: `now_ms` is before the last entry. INVALID: the
 * log has no signature key. On error
 * the log is as before; what the labels' port was given is for the caller to take back. */
KITH_API KITH_MUST_USE kith_err kt_log_append(kt_log *log, uint64_t now_ms,
                                              const kt_change *changes, size_t count);

/* Output and proof of the VRF for a version that may or may not exist, from the cache if they are there; else they
 * are computed, in about 300 microseconds, and given to the cache. */
KITH_API KITH_MUST_USE kith_err kt_log_evaluate_label(kt_log *log, kith_bytes label,
                                                      uint32_t version, kt_evaluation *out);
/* The versions that an answer looks up to show that `greatest` is the greatest one; how many they are. Who has them
 * evaluated beforehand has the answers faster. */
KITH_API size_t kt_log_lookups(uint32_t greatest, uint32_t out[KT_LADDER_MAX]);

/* The head that the auditor signed last, with KT_THIRD_PARTY_AUDITING; the log cannot answer without one.
 * INVALID: larger than the log, or the wrong length of a signature. */
KITH_API KITH_MUST_USE kith_err kt_log_set_auditor_head(kt_log *log, const kt_auditor_head *head);

/* Appends the answer to a request of the given question. MALFORMED, LIMIT, UNSUPPORTED: kt_request_decode.
 * NOT_FOUND: there is no such label or version, or nothing to tell; a search for the greatest version of an
 * unknown label is answered with a proof that there is none. REJECTED: the request names an entry
 * that is not there or not fit for the question. */
KITH_API KITH_MUST_USE kith_err kt_log_answer(kt_log *log, kt_question question, kith_bytes request,
                                              kith_buf *out);

#endif
