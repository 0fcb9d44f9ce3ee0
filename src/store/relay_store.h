/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The server's store behind relay/store_port.h, in one SQLite file: a writer's connection, and a reader's for each
 * loop. A connection and its port belong to one thread at a time.
 */
#ifndef KITH_STORE_RELAY_STORE_H
#define KITH_STORE_RELAY_STORE_H

#include "base/base.h"
#include "relay/relay.h"

typedef struct store_relay store_relay;

typedef struct store_relay_options {
    const char *vfs; /* name of a registered VFS; NULL: the operating system's files */
    bool is_reader; /* only the functions marked R in the port; the file must exist */
    bool exclusive; /* a writer whose port serves as the reader, too, in the same thread */
    uint32_t cache_kib; /* 0: 65,536 for a writer, 8,192 for a reader */
} store_relay_options;

/* A writer makes the file, and brings an older one up to date.
 * Errors of store_db_open; UNSUPPORTED: a newer program wrote it. */
KITH_API KITH_MUST_USE kith_err store_relay_open(const char *path,
                                                 const store_relay_options *options,
                                                 store_relay **out);
/* NULL is accepted. */
KITH_API void store_relay_free(store_relay *store);
/* Borrowed until the store is freed. */
KITH_API const relay_store *store_relay_port(store_relay *store);

/* Forgets everything of the directory's log, so that another can take its place; lists stay. Of a writer, outside a
 * transaction; durable when it returns KITH_OK, else nothing happened. */
KITH_API KITH_MUST_USE kith_err store_relay_forget_log(store_relay *store);

/* Pages in the WAL after the last commit; what a checkpoint has to copy. */
KITH_API uint32_t store_relay_wal_pages(const store_relay *store);
/* Copies what readers allow from the WAL into the file; outside a transaction. STORE: the disk fails; nothing is lost,
 * the WAL has it. */
KITH_API KITH_MUST_USE kith_err store_relay_checkpoint(store_relay *store);

#endif
