/* SPDX-License-Identifier: MPL-2.0 */
/* What db.c and run.c share: the inside of a connection. Nobody else includes it. */
#ifndef KITH_STORE_DB_PARTS_H
#define KITH_STORE_DB_PARTS_H

#include "store/db.h"

struct store_db {
    struct sqlite3 *handle;
    const char *const *texts; /* borrowed */
    struct sqlite3_stmt **statements; /* [text_count], NULL until first used */
    size_t text_count;
    uint32_t checkpoint_pages;
    uint32_t wal_pages; /* after the last commit */
    bool in_transaction; /* between begin and commit or rollback, as the caller sees it */
};

/* SQLite undoes a transaction by itself when the disk is full or fails, or there is no memory. Whatever ran
 * after that would commit one by one, so nothing may run until the caller ends its transaction. */
bool store_db_is_undone(const store_db *db);

#endif
