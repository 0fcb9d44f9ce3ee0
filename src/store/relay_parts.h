/* SPDX-License-Identifier: MPL-2.0 */
/* What the relay_*.c files share. Nobody else includes it. */
#ifndef KITH_STORE_RELAY_PARTS_H
#define KITH_STORE_RELAY_PARTS_H

#include "store/db.h"
#include "store/relay_sql.h"
#include "store/relay_store.h"

struct store_relay {
    store_db *db;
    relay_store port;
    store_run walk; /* open between walk and walk_end */
};

/* Each fills in the functions of one subject. */
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
