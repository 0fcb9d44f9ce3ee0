/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One connection to a SQLite database (SQLCipher's build of it), shared by the stores of this folder:
 * opening with the settings that make a commit survive a power loss, transactions, statements prepared
 * once, the schema's version, and errors as kith_err. A store_db and what was taken from it belong to
 * one thread at a time; several connections to one file may be used by several threads.
 */
#ifndef KITH_STORE_DB_H
#define KITH_STORE_DB_H

#include "base/base.h"

struct sqlite3;
struct sqlite3_stmt;

/* Bytes of the key that a file is encrypted with. */
#define STORE_DB_KEY_LEN 32u

typedef struct store_db_options {
    const char *vfs; /* name of a registered VFS; NULL: the operating system's files */
    const uint8_t *key; /* STORE_DB_KEY_LEN random bytes, copied; NULL: the file is not encrypted */
    const char *const *texts; /* SQL for store_run_start, borrowed until the connection is freed */
    size_t text_count;
    bool read_only;
    bool exclusive; /* nobody else may open the file, not even this process; no -shm file is made */
    uint32_t busy_ms; /* how long to wait for another connection's lock before BUSY */
    uint32_t cache_kib; /* page cache; 0: 2,000 */
    uint32_t page_bytes; /* of a file that is made: a power of 2 from 512 to 65536; 0: 4,096 */
    uint32_t
        checkpoint_pages; /* a commit that leaves this many pages in the WAL checkpoints; 0: none does */
} store_db_options;

typedef struct store_db store_db;

/* Opens the file at `path`, makes it (readable by its owner only) when it is absent, and switches it
 * to WAL with synchronous=FULL.
 * BUSY: somebody has it open exclusively, or `exclusive` was asked for and somebody has it open.
 * DENIED: `key` is not the key of this file (or its first page is destroyed: the two look alike).
 * MALFORMED: not a database, or a damaged one. STORE: cannot be opened, made or read. NO_MEMORY. */
KITH_MUST_USE kith_err store_db_open(const char *path, const store_db_options *options,
                                     store_db **out);
/* Rolls an open transaction back and closes. NULL is accepted. */
void store_db_free(store_db *db);

/* Brings the schema up to date: `steps[i]` is SQL that leads from version i to i + 1; each runs in a
 * transaction of its own. The version is the database's user_version.
 * UNSUPPORTED: the file is newer than `count`, or older and opened read-only. */
KITH_MUST_USE kith_err store_db_migrate(store_db *db, const char *const *steps, size_t count);
/* Runs SQL that has no parameters; rows are dropped. For set-up, not for the busy path. */
KITH_MUST_USE kith_err store_db_exec(store_db *db, const char *sql);

/* Transactions are not nested (INVALID). A write transaction holds the file's write lock from its start
 * (BUSY: another connection writes); a read transaction sees one state of the database until its end. */
KITH_MUST_USE kith_err store_db_begin(store_db *db);
KITH_MUST_USE kith_err store_db_begin_read(store_db *db);
/* Durable when it returns KITH_OK. On error everything since the start is undone. STORE too when an
 * earlier statement failed in a way that undid the transaction: statements after it return STORE. */
KITH_MUST_USE kith_err store_db_commit(store_db *db);
/* Nothing happens when no transaction is open. */
void store_db_rollback(store_db *db);
/* Between begin and commit or rollback. */
bool store_db_in_transaction(const store_db *db);

/* Copies what is in the WAL into the database and syncs it, so that the WAL can be used from its start
 * again. May run in another thread on a connection of its own while others read and write. */
typedef enum store_checkpoint {
    STORE_CHECKPOINT_PASSIVE, /* as far as readers allow, waits for nobody */
    STORE_CHECKPOINT_TRUNCATE, /* waits up to busy_ms for readers and the writer (BUSY), and empties the WAL file */
} store_checkpoint;

/* `*pages_left`: pages of the WAL that could not be copied yet; may be NULL. */
KITH_MUST_USE kith_err store_db_checkpoint(store_db *db, store_checkpoint mode,
                                           uint32_t *pages_left);
/* Pages in the WAL after this connection's last commit. */
uint32_t store_db_wal_pages(const store_db *db);

/* One execution of a prepared statement:
 *
 *     KITH_AUTO(store_run) run = {0};
 *     bool row = false;
 *     KITH_TRY(store_run_start(db, SQL_ENTRY_GET, &run));
 *     store_bind_bytes(&run, 1, id);
 *     KITH_TRY(store_run_next(&run, &row));
 *     KITH_ENSURE(row, KITH_ERR_NOT_FOUND);
 *     KITH_TRY(store_column_bytes(&run, 0, &body));
 *
 * A statement has one run at a time; leaving the scope resets it. */
typedef struct store_run {
    store_db *db;
    struct sqlite3_stmt *stmt;
    kith_err err; /* the first that a bind met; the next step returns it */
} store_run;

/* `text` is an index into the options' texts; prepared at its first use.
 * INVALID: no such text, SQL that is wrong, or the statement has a run already. */
KITH_MUST_USE kith_err store_run_start(store_db *db, size_t text, store_run *out);
void store_run_done(store_run *run);

/* Parameters count from 1. An error is kept and returned by the next step.
 * LIMIT: above INT64_MAX, or bytes of more than INT32_MAX. `bytes` is borrowed until the run is done. */
void store_bind_u64(store_run *run, int parameter, uint64_t value);
void store_bind_bytes(store_run *run, int parameter, kith_bytes bytes);
void store_bind_null(store_run *run, int parameter);

/* Steps to the next row; `*row` is false when there is none.
 * EXISTS: a uniqueness rule. INVALID: another rule of the schema. BUSY, STORE, NO_MEMORY, MALFORMED. */
KITH_MUST_USE kith_err store_run_next(store_run *run, bool *row);
/* Runs to the end, for statements that give no rows (INVALID: it gave one). The run can be bound and
 * executed again; parameters keep their values. */
KITH_MUST_USE kith_err store_run_exec(store_run *run);

/* Columns of the current row count from 0. MALFORMED: another type, or negative. Bytes are borrowed
 * until the next step; SQL's NULL is empty bytes. */
KITH_MUST_USE kith_err store_column_u64(store_run *run, int column, uint64_t *out);
KITH_MUST_USE kith_err store_column_bytes(store_run *run, int column, kith_bytes *out);
bool store_column_is_null(store_run *run, int column);

/* Rows that the last statement changed, and the rowid of the last insert. */
uint64_t store_db_changes(const store_db *db);
uint64_t store_db_last_id(const store_db *db);

/* SQLite's extended code of the connection's last error, for the operator's log. */
int store_db_code(const store_db *db);
/* What a SQLite result code (extended or not) means to a caller. */
kith_err store_db_error(int code);
/* The connection, for what this header lacks; borrowed. Only within this folder. */
struct sqlite3 *store_db_handle(store_db *db);

#endif
