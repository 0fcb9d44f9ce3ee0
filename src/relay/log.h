/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The directory's log of a server (docs/wire.md §10): what it is, and its one writer, the *seal*. Whatever lists a
 * transaction accepts, the seal puts into one entry of the log and signs the new head, as the last thing before the
 * commit: so no list is stored that is not logged, and no head is signed that the store does not have.
 *
 *     begin
 *     relay_job_run(job, &writer, now)       each; tells writer.seal of the lists
 *     relay_seal_close(seal, now)            the entry; nothing when there were no lists
 *     commit, or rollback
 *     relay_seal_settle(seal, committed)
 */
#ifndef KITH_RELAY_LOG_H
#define KITH_RELAY_LOG_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "relay/store_port.h"
#include "transparency/transparency.h"

/* What a log is for as long as it lives. Everything is borrowed, and read by many threads. */
typedef struct relay_log {
    kith_bytes signed_log; /* for devices: proto_log_check */
    uint8_t hash[PROTO_ID_LEN]; /* of it: the store belongs to the log that it names */
    kt_config config; /* the one in it */
    const crypto_vrf_key *vrf;
} relay_log;

/* The configuration of a new log with these public keys, KT_KEY_LEN bytes each. */
KITH_API kt_config relay_log_config(const uint8_t *signature_key, const uint8_t *vrf_key);

/* The label of an account: one byte 1 and its id. */
#define RELAY_LABEL_LEN (1u + PROTO_ID_LEN)

typedef struct relay_seal relay_seal;

/* Everything is borrowed until the seal is freed. */
typedef struct relay_seal_env {
    const kith_alloc *alloc; /* NULL: the C library's */
    const relay_log *log;
    crypto_sign_key *sign; /* of the log's heads; used by the seal's thread alone */
    crypto *crypto;
    const kith_rng *rng;
    const relay_store *store; /* the writer's, outside a transaction */
    kt_workers workers; /* for many lists at once; all zero: none */
} relay_seal_env;

/* Reads what the store has of the log. DENIED: the store belongs to another log. MALFORMED: what it has is not what was
 * signed: it is damaged, or the keys are others. INVALID: keys that are not those of the configuration. */
KITH_API KITH_MUST_USE kith_err relay_seal_new(const relay_seal_env *env, relay_seal **out);
/* NULL is accepted. */
KITH_API void relay_seal_free(relay_seal *seal);

/* False: lists are stored that are not in the log yet, and nothing may be served. */
KITH_API bool relay_seal_is_complete(const relay_seal *seal);
/* In a transaction: takes up to RELAY_CATCH_UP_MAX lists that are not in the log. `*left`: there are more. To be called
 * again and again, each time with close, commit and settle, until nothing is left; after the last the seal is
 * complete, and the log has an entry that is not old. */
KITH_API KITH_MUST_USE kith_err relay_seal_catch_up(relay_seal *seal, uint64_t now_ms, bool *left);

/* Adds the entry, if there is something to add. Errors of the store and of kt_log_append: roll back. */
KITH_API KITH_MUST_USE kith_err relay_seal_close(relay_seal *seal, uint64_t now_ms);
/* After the commit, or after the rollback: the seal then goes on from what is stored. */
KITH_API void relay_seal_settle(relay_seal *seal, bool is_committed);

#endif
