/* SPDX-License-Identifier: MPL-2.0 */
/* What the relay_*.c files share. Nobody else includes it. */
#ifndef KITH_STORE_RELAY_PARTS_H
#define KITH_STORE_RELAY_PARTS_H

#include "store/db.h"
#include "store/limits.h"
#include "store/relay_sql.h"
#include "store/relay_store.h"

/* Conversations that one transaction remembers. */
#define STORE_RELAY_SLOTS 256u

typedef struct store_relay_slot {
    bool is_used;
    bool is_dirty; /* not written yet */
    relay_conv conv;
} store_relay_slot;

/* A chunk of an array of the directory's log, in memory. */
typedef struct store_log_chunk {
    uint8_t *bytes; /* [STORE_LOG_CHUNK_BYTES], or NULL */
    size_t len;
    kt_array array;
    uint64_t number;
    uint64_t used_at; /* turns of the cache */
} store_log_chunk;

/* The chunks that were used last: the newest ones have the top of the newest trees. */
typedef struct store_log_cache {
    store_log_chunk places[STORE_LOG_CHUNKS_MAX];
    uint64_t turn;
} store_log_cache;

struct store_relay {
    store_db *db;
    relay_store port;
    store_run walk; /* open between walk and walk_end */
    store_relay_slot slots[STORE_RELAY_SLOTS];
    uint16_t used[STORE_RELAY_SLOTS]; /* which slots are */
    size_t used_count;
    store_log_cache log;
    bool is_viewing; /* between view_begin and view_end, in a transaction of its own */
    uint64_t mark_conv; /* the last mark that the expiry looked at */
    uint8_t mark_id[PROTO_SHORT_ID_LEN];
};

/* False: the transaction has not touched it. */
bool store_relay_cache_find(store_relay *store, const uint8_t *conv_id, relay_conv *out);
/* Takes in what was read; may write another one back. */
KITH_MUST_USE kith_err store_relay_cache_add(store_relay *store, const relay_conv *conv);
/* False: it is not remembered, and must be written now. */
bool store_relay_cache_save(store_relay *store, const relay_conv *conv);
/* Writes back what was changed; before a commit, and before a statement that looks at the table. */
KITH_MUST_USE kith_err store_relay_cache_flush(store_relay *store);
/* Forgets everything, written or not. */
void store_relay_cache_drop(store_relay *store);
KITH_MUST_USE kith_err store_relay_conv_update(store_db *db, const relay_conv *conv);

/* Forgets the chunks of the log in memory: they may have been undone. */
void store_relay_log_drop(store_relay *store);

/* Each fills in the functions of one subject. */
void store_relay_add_log(relay_store *port);
void store_relay_add_accounts(relay_store *port);
void store_relay_add_packages(relay_store *port);
void store_relay_add_convs(relay_store *port);
void store_relay_add_acks(relay_store *port);
void store_relay_add_inboxes(relay_store *port);
void store_relay_add_rdvs(relay_store *port);
void store_relay_add_expiry(relay_store *port);

static inline store_db *
store_relay_db(void *ctx)
{
    return ((store_relay *)ctx)->db;
}

/* Runs a statement whose parameters are all numbers, to its end. */
KITH_MUST_USE kith_err store_relay_exec(store_db *db, size_t text, const uint64_t *numbers,
                                        size_t count);
#define STORE_RELAY_EXEC(db, text, ...)                                                            \
    store_relay_exec((db), (text), (const uint64_t[]){__VA_ARGS__},                                \
                     sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* Starts a statement whose parameters are all numbers and steps to its first row. NOT_FOUND: no row. */
KITH_MUST_USE kith_err store_relay_first(store_db *db, size_t text, const uint64_t *numbers,
                                         size_t count, store_run *run);
#define STORE_RELAY_FIRST(db, text, run, ...)                                                      \
    store_relay_first((db), (text), (const uint64_t[]){__VA_ARGS__},                               \
                      sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (run))

/* Steps to the next row. NOT_FOUND: no more. */
KITH_MUST_USE kith_err store_relay_row(store_run *run);
/* A number that fits 32 bits, or a blob of exactly `len` bytes, of the row. MALFORMED: it is not. */
KITH_MUST_USE kith_err store_relay_u32(store_run *run, int column, uint32_t *out);
KITH_MUST_USE kith_err store_relay_id(store_run *run, int column, uint8_t *out, size_t len);

#endif
