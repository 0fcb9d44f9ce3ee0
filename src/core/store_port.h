/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The store port of the client: ordered key-value tables with transactions. Core owns what is in them
 * (core/records.h); whoever implements the port knows nothing of it. Calls come from one thread.
 */
#ifndef KITH_CORE_STORE_PORT_H
#define KITH_CORE_STORE_PORT_H

#include "base/base.h"

#define CORE_STORE_TABLES 32u /* tables are 0 .. 31 */
#define CORE_STORE_KEY_MAX 256u /* keys are 1 .. 256 bytes, ordered as unsigned bytes */
#define CORE_STORE_VALUE_MAX (64u << 20) /* values are 0 bytes .. 64 MiB */

/* What `next` walks through: the entries of `table` whose key starts with `prefix` (may be empty). */
typedef struct core_scan {
    uint8_t table;
    kith_bytes prefix;
    bool backwards;
} core_scan;

/* STORE: the disk is full or failing. BUSY: another process holds it. NO_MEMORY. After any of these
 * inside a transaction the caller rolls back. A table, key or value outside its bounds is INVALID. */
typedef struct core_store {
    /* Opens a write transaction; INVALID: one is open. */
    kith_err (*begin)(void *ctx);
    /* Durable, through power loss, when it returns KITH_OK; otherwise all since `begin` is undone. */
    kith_err (*commit)(void *ctx);
    /* Undoes all since `begin`; without a transaction nothing happens. */
    void (*rollback)(void *ctx);
    /* Appends the value. NOT_FOUND. Sees what the open transaction wrote. */
    kith_err (*get)(void *ctx, uint8_t table, kith_bytes key, kith_buf *out);
    /* Inserts or replaces; INVALID outside a transaction. */
    kith_err (*put)(void *ctx, uint8_t table, kith_bytes key, kith_bytes value);
    /* An absent key is KITH_OK; INVALID outside a transaction. */
    kith_err (*erase)(void *ctx, uint8_t table, kith_bytes key);
    /* The entry after `*key` (before it, when backwards; an empty `*key` means from the end where the walk
     * starts). Replaces `*key` and, unless NULL, `*value`. NOT_FOUND: no more; both are then unchanged. */
    kith_err (*next)(void *ctx, const core_scan *scan, kith_buf *key, kith_buf *value);
    void *ctx;
} core_store;

#endif
