/* SPDX-License-Identifier: MPL-2.0 */
/* A small database for the tests of connections and statements: items with an id, a body and a note. */
#ifndef KITH_TESTS_STORE_ITEM_DB_H
#define KITH_TESTS_STORE_ITEM_DB_H

#include "base/check.h"
#include "fakes/fake_disk.h"
#include "store/db.h"

/* Indexes of its statements; the last is wrong on purpose. */
enum { ITEM_INSERT, ITEM_GET, ITEM_ALL, ITEM_SYNCHRONOUS, ITEM_WRONG, ITEM_N };

#define ITEM_STEPS 2u
extern const char *const item_steps[ITEM_STEPS];

store_db_options item_options(const fake_disk *disk);
/* The file "db" with its whole schema; freed by the caller. */
store_db *item_open(const fake_disk *disk);
kith_err item_insert(store_db *db, uint64_t id, kith_bytes body);
size_t item_count(store_db *db);

#endif
