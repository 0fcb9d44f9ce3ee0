/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The client's store port in memory: a sorted array, transactions, failures and power loss on demand. It
 * keeps what was committed and nothing else; what a real disk does to unsynced bytes is fake_disk's affair.
 */
#ifndef KITH_TESTS_FAKES_FAKE_STORE_H
#define KITH_TESTS_FAKES_FAKE_STORE_H

#include "core/core.h"

typedef struct fake_store fake_store;

fake_store *fake_store_new(void);
/* Aborts when a transaction is open: whoever used it forgot to end one. NULL is accepted. */
void fake_store_free(fake_store *fake);
core_store fake_store_port(fake_store *fake);

/* Power loss: what was not committed is gone, and the store can be used again. */
void fake_store_crash(fake_store *fake);
/* Calls of the port so far (rollback not counted). */
uint64_t fake_store_calls(const fake_store *fake);
/* From now on `calls` more calls succeed and all later ones return `err` and change nothing; UINT64_MAX:
 * never. A commit that fails undoes its transaction. */
void fake_store_fail_after(fake_store *fake, uint64_t calls, kith_err err);
/* Transactions committed so far, and entries in all tables. */
uint64_t fake_store_commits(const fake_store *fake);
size_t fake_store_count(const fake_store *fake);
bool fake_store_in_transaction(const fake_store *fake);

#endif
