/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Opening, settings, transactions, checkpoints and the schema's version of one SQLite connection.
 * Statements are in run.c, result codes in code.c. Settings follow [SQLite, "Write-Ahead Logging" and
 * "PRAGMA statements"]; the key goes in raw, so that no password function runs [SQLCipher API].
 */
#include "store/db.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SQLITE_HAS_CODEC 1
#include <sqlite3.h>

#include "store/db_parts.h"

#define CACHE_KIB_DEFAULT 2000u
#define PAGE_BYTES_DEFAULT 4096u

/* x'…' around two digits for each byte. */
#define KEY_TEXT_LEN (2 * STORE_DB_KEY_LEN + 3)

kith_err
store_db_exec(store_db *db, const char *sql)
{
    return store_db_error(sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

/* A file that SQLite makes is readable by everybody. Only a file that is not there yet is touched: closing
 * a descriptor of one that is open would drop this process's locks on it [fcntl(2)]. */
static void
make_private(const char *path)
{
    const int file =
        open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);

    if (file >= 0) {
        (void)close(file); /* empty, nothing to lose */
    }
}

static kith_err
set_key(store_db *db, const uint8_t *key)
{
    static const char digits[] = "0123456789abcdef";
    char text[KEY_TEXT_LEN] = "x'";

    if (key == NULL) {
        return KITH_OK;
    }
    for (size_t i = 0; i < STORE_DB_KEY_LEN; i++) {
        text[2 + 2 * i] = digits[key[i] >> 4];
        text[3 + 2 * i] = digits[key[i] & 15];
    }
    text[KEY_TEXT_LEN - 1] = '\'';
    const int code = sqlite3_key_v2(db->handle, "main", text, sizeof text);
    kith_wipe(text, sizeof text);
    KITH_TRY(store_db_error(code));
    /* It would write to standard error, which is not this folder's; what went wrong is in the result code. */
    return store_db_exec(db, "PRAGMA cipher_log_level=NONE");
}

/* Settings that hold for every connection. */
static kith_err
set_connection(store_db *db, const store_db_options *options)
{
    const uint32_t cache = options->cache_kib != 0 ? options->cache_kib : CACHE_KIB_DEFAULT;
    const uint32_t page = options->page_bytes != 0 ? options->page_bytes : PAGE_BYTES_DEFAULT;
    char sql[64] = {0};

    KITH_TRY(store_db_error(sqlite3_busy_timeout(db->handle, (int)options->busy_ms)));
    KITH_TRY(store_db_error(
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL)));
    KITH_TRY(
        store_db_error(sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL)));
    (void)snprintf(sql, sizeof sql, "PRAGMA page_size=%u; PRAGMA cache_size=-%u", page, cache);
    KITH_TRY(store_db_exec(db, sql));
    return store_db_exec(db, "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;"
                             "PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON;");
}

/* The file is read here for the first time: a wrong key shows as "not a database". */
static kith_err
read_first_page(store_db *db, const store_db_options *options)
{
    const int code =
        sqlite3_exec(db->handle, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);

    if (options->key != NULL && code == SQLITE_NOTADB) {
        return KITH_ERR_DENIED;
    }
    return store_db_error(code);
}

static int
remember_wal_pages(void *ctx, sqlite3 *handle, const char *name, int pages)
{
    store_db *db = ctx;

    (void)handle;
    (void)name;
    db->wal_pages = (uint32_t)pages;
    return SQLITE_OK;
}

/* journal_mode answers with the mode that is in force, which need not be the one that was asked for. */
static kith_err
set_wal(store_db *db)
{
    sqlite3_stmt *stmt = NULL;
    bool is_wal = false;

    KITH_TRY(
        store_db_error(sqlite3_prepare_v2(db->handle, "PRAGMA journal_mode=WAL", -1, &stmt, NULL)));
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *mode = (const char *)sqlite3_column_text(stmt, 0);
        is_wal = mode != NULL && strcmp(mode, "wal") == 0;
    }
    KITH_TRY(store_db_error(sqlite3_finalize(stmt)));
    KITH_ENSURE(is_wal, KITH_ERR_STORE);
    return store_db_exec(db, "PRAGMA synchronous=FULL");
}

static kith_err
set_up(store_db *db, const store_db_options *options)
{
    KITH_TRY(store_db_error(sqlite3_extended_result_codes(db->handle, 1)));
    KITH_TRY(set_key(db, options->key));
    if (options->exclusive) { /* before the first read, which would make the -shm file */
        KITH_TRY(store_db_exec(db, "PRAGMA locking_mode=EXCLUSIVE"));
    }
    KITH_TRY(read_first_page(db, options));
    KITH_TRY(set_connection(db, options));
    if (!options->read_only) {
        KITH_TRY(set_wal(db));
    }
    sqlite3_wal_hook(db->handle, remember_wal_pages, db);
    return KITH_OK;
}

static kith_err
db_new(const store_db_options *options, store_db **out)
{
    store_db *db = calloc(1, sizeof *db);

    KITH_ENSURE(db != NULL, KITH_ERR_NO_MEMORY);
    db->texts = options->texts;
    db->text_count = options->text_count;
    db->checkpoint_pages = options->checkpoint_pages;
    db->statements = calloc(options->text_count + 1, sizeof(sqlite3_stmt *));
    if (db->statements == NULL) {
        free(db);
        return KITH_ERR_NO_MEMORY;
    }
    *out = db;
    return KITH_OK;
}

kith_err
store_db_open(const char *path, const store_db_options *options, store_db **out)
{
    const int access =
        options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    store_db *db = NULL;

    KITH_TRY(db_new(options, &db));
    if (options->vfs == NULL && !options->read_only) {
        make_private(path);
    }
    kith_err err = store_db_error(
        sqlite3_open_v2(path, &db->handle, access | SQLITE_OPEN_NOMUTEX, options->vfs));
    if (err == KITH_OK) {
        err = set_up(db, options);
    }
    if (err != KITH_OK) {
        store_db_free(db);
        return err;
    }
    *out = db;
    return KITH_OK;
}

void
store_db_free(store_db *db)
{
    if (db == NULL) {
        return;
    }
    for (size_t i = 0; i < db->text_count; i++) {
        (void)sqlite3_finalize(db->statements[i]); /* repeats the error of its last step */
    }
    /* Only unfinished statements keep a connection open, and there are none. */
    const int code = sqlite3_close(db->handle);
    assert(code == SQLITE_OK);
    (void)code;
    free(db->statements);
    free(db);
}

/* ---- transactions ---- */

static kith_err
begin(store_db *db, const char *sql)
{
    KITH_ENSURE(!db->in_transaction && sqlite3_get_autocommit(db->handle), KITH_ERR_INVALID);
    KITH_TRY(store_db_exec(db, sql));
    db->in_transaction = true;
    return KITH_OK;
}

kith_err
store_db_begin(store_db *db)
{
    return begin(db, "BEGIN IMMEDIATE");
}

kith_err
store_db_begin_read(store_db *db)
{
    return begin(db, "BEGIN");
}

kith_err
store_db_commit(store_db *db)
{
    KITH_ENSURE(db->in_transaction, KITH_ERR_INVALID);
    if (store_db_is_undone(db)) {
        db->in_transaction = false;
        return KITH_ERR_STORE;
    }
    const kith_err err = store_db_exec(db, "COMMIT");
    if (err != KITH_OK) {
        store_db_rollback(db);
        return err;
    }
    db->in_transaction = false;
    if (db->checkpoint_pages != 0 && db->wal_pages >= db->checkpoint_pages) {
        /* The commit is durable whether this works or not; the next commit tries again. */
        kith_ignore(store_db_checkpoint(db, STORE_CHECKPOINT_TRUNCATE, NULL));
    }
    return KITH_OK;
}

void
store_db_rollback(store_db *db)
{
    db->in_transaction = false;
    if (!sqlite3_get_autocommit(db->handle)) {
        /* It always ends the transaction; an error only says that the next reader must recover. */
        kith_ignore(store_db_exec(db, "ROLLBACK"));
    }
}

bool
store_db_in_transaction(const store_db *db)
{
    return db->in_transaction;
}

/* ---- checkpoints ---- */

kith_err
store_db_checkpoint(store_db *db, store_checkpoint mode, uint32_t *pages_left)
{
    const int how =
        mode == STORE_CHECKPOINT_PASSIVE ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
    int pages = 0;
    int copied = 0;

    KITH_ENSURE(!db->in_transaction, KITH_ERR_INVALID);
    KITH_TRY(store_db_error(sqlite3_wal_checkpoint_v2(db->handle, "main", how, &pages, &copied)));
    if (mode == STORE_CHECKPOINT_TRUNCATE) {
        db->wal_pages = 0;
    }
    if (pages_left != NULL) {
        *pages_left = pages > copied ? (uint32_t)(pages - copied) : 0;
    }
    return KITH_OK;
}

uint32_t
store_db_wal_pages(const store_db *db)
{
    return db->wal_pages;
}

/* ---- the schema's version ---- */

static kith_err
read_version(store_db *db, size_t *out)
{
    sqlite3_stmt *stmt = NULL;
    int version = -1;

    KITH_TRY(
        store_db_error(sqlite3_prepare_v2(db->handle, "PRAGMA user_version", -1, &stmt, NULL)));
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        version = sqlite3_column_int(stmt, 0);
    }
    KITH_TRY(store_db_error(sqlite3_finalize(stmt)));
    KITH_ENSURE(version >= 0, KITH_ERR_MALFORMED);
    *out = (size_t)version;
    return KITH_OK;
}

static kith_err
migrate_step(store_db *db, const char *sql, size_t version)
{
    char set_version[48] = {0};

    (void)snprintf(set_version, sizeof set_version, "PRAGMA user_version=%zu", version);
    KITH_TRY(store_db_begin(db));
    kith_err err = store_db_exec(db, sql);
    if (err == KITH_OK) {
        err = store_db_exec(db, set_version);
    }
    if (err != KITH_OK) {
        store_db_rollback(db);
        return err;
    }
    return store_db_commit(db);
}

kith_err
store_db_migrate(store_db *db, const char *const *steps, size_t count)
{
    size_t version = 0;

    KITH_TRY(read_version(db, &version));
    KITH_ENSURE(version <= count, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(version == count || !sqlite3_db_readonly(db->handle, "main"), KITH_ERR_UNSUPPORTED);
    while (version < count) {
        KITH_TRY(migrate_step(db, steps[version], version + 1));
        version++;
    }
    return KITH_OK;
}

/* ---- what else a connection knows ---- */

uint64_t
store_db_changes(const store_db *db)
{
    return (uint64_t)sqlite3_changes64(db->handle);
}

uint64_t
store_db_last_id(const store_db *db)
{
    return (uint64_t)sqlite3_last_insert_rowid(db->handle);
}

int
store_db_code(const store_db *db)
{
    return sqlite3_extended_errcode(db->handle);
}

struct sqlite3 *
store_db_handle(store_db *db)
{
    return db->handle;
}
