/* SPDX-License-Identifier: MPL-2.0 */
/* Opening the server's store, its transactions, and what all statements of it share. */
#include "store/relay_store.h"

#include <stdlib.h>
#include <string.h>

#include "store/relay_parts.h"

#define WRITER_CACHE_KIB 65536u
#define READER_CACHE_KIB 8192u
/* Seven messages of 1 KB to a page: fewer pages for a commit to write than with SQLite's 4,096. */
#define PAGE_BYTES 8192u
/* How long a connection waits for another's lock: only a checkpoint or another program holds one. */
#define BUSY_MS 5000u

static const char *const statements[RELAY_SQL_COUNT] = {
#define STATEMENT_TEXT(name, text) [RELAY_SQL_##name] = (text),
    RELAY_STATEMENTS(STATEMENT_TEXT)
#undef STATEMENT_TEXT
};

static const char *const schema[] = {RELAY_SCHEMA_1, RELAY_SCHEMA_2};

/* ---- Transactions ---- */

static kith_err
begin(void *ctx)
{
    return store_db_begin(store_relay_db(ctx));
}

static void
rollback(void *ctx)
{
    store_relay_cache_drop(ctx);
    store_relay_log_drop(ctx);
    store_db_rollback(store_relay_db(ctx));
}

static kith_err
commit(void *ctx)
{
    const kith_err err = store_relay_cache_flush(ctx);

    if (err != KITH_OK) {
        rollback(ctx);
        return err;
    }
    store_relay_cache_drop(ctx);
    const kith_err committed = store_db_commit(store_relay_db(ctx));
    if (committed != KITH_OK) {
        store_relay_log_drop(ctx);
    }
    return committed;
}

/* ---- What statements share ---- */

static void
bind_numbers(store_run *run, const uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        store_bind_u64(run, (int)i + 1, numbers[i]);
    }
}

kith_err
store_relay_exec(store_db *db, size_t text, const uint64_t *numbers, size_t count)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(db, text, &run));
    bind_numbers(&run, numbers, count);
    return store_run_exec(&run);
}

kith_err
store_relay_first(store_db *db, size_t text, const uint64_t *numbers, size_t count, store_run *run)
{
    KITH_TRY(store_run_start(db, text, run));
    bind_numbers(run, numbers, count);
    return store_relay_row(run);
}

kith_err
store_relay_row(store_run *run)
{
    bool row = false;

    KITH_TRY(store_run_next(run, &row));
    KITH_ENSURE(row, KITH_ERR_NOT_FOUND);
    return KITH_OK;
}

kith_err
store_relay_u32(store_run *run, int column, uint32_t *out)
{
    uint64_t value = 0;

    KITH_TRY(store_column_u64(run, column, &value));
    KITH_ENSURE(value <= UINT32_MAX, KITH_ERR_MALFORMED);
    *out = (uint32_t)value;
    return KITH_OK;
}

kith_err
store_relay_id(store_run *run, int column, uint8_t *out, size_t len)
{
    kith_bytes bytes = {0};

    KITH_TRY(store_column_bytes(run, column, &bytes));
    KITH_ENSURE(bytes.len == len, KITH_ERR_MALFORMED);
    memcpy(out, bytes.data, len);
    return KITH_OK;
}

/* ---- Open and close ---- */

static kith_err
set_up(store_relay *store, const store_relay_options *options)
{
    /* What is stored is ciphertext: to overwrite what was deleted would double the writes for nothing. */
    KITH_TRY(store_db_exec(store->db, "PRAGMA secure_delete=OFF"));
    if (options->is_reader) {
        return store_db_migrate(store->db, schema, sizeof schema / sizeof schema[0]);
    }
    KITH_TRY(store_db_migrate(store->db, schema, sizeof schema / sizeof schema[0]));
    return store_db_exec(store->db, RELAY_SCHEMA_RDV);
}

static void
fill_port(store_relay *store)
{
    store->port =
        (relay_store){.ctx = store, .begin = begin, .commit = commit, .rollback = rollback};
    store_relay_add_accounts(&store->port);
    store_relay_add_log(&store->port);
    store_relay_add_packages(&store->port);
    store_relay_add_convs(&store->port);
    store_relay_add_acks(&store->port);
    store_relay_add_inboxes(&store->port);
    store_relay_add_rdvs(&store->port);
    store_relay_add_expiry(&store->port);
}

kith_err
store_relay_open(const char *path, const store_relay_options *options, store_relay **out)
{
    const uint32_t cache = options->is_reader ? READER_CACHE_KIB : WRITER_CACHE_KIB;
    const store_db_options db_options = {
        .vfs = options->vfs,
        .texts = statements,
        .text_count = RELAY_SQL_COUNT,
        .read_only = options->is_reader,
        .exclusive = options->exclusive,
        .busy_ms = BUSY_MS,
        .page_bytes = PAGE_BYTES,
        .cache_kib = options->cache_kib != 0 ? options->cache_kib : cache,
    };
    store_relay *store = calloc(1, sizeof *store);

    KITH_ENSURE(store != NULL, KITH_ERR_NO_MEMORY);
    kith_err err = store_db_open(path, &db_options, &store->db);
    if (err == KITH_OK) {
        err = set_up(store, options);
    }
    if (err != KITH_OK) {
        store_relay_free(store);
        return err;
    }
    fill_port(store);
    *out = store;
    return KITH_OK;
}

void
store_relay_free(store_relay *store)
{
    if (store != NULL) {
        store_run_done(&store->walk);
        store_relay_log_drop(store);
        store_db_free(store->db);
        free(store);
    }
}

const relay_store *
store_relay_port(store_relay *store)
{
    return &store->port;
}

kith_err
store_relay_forget_log(store_relay *store)
{
    KITH_TRY(store_db_begin(store->db));
    const kith_err err = store_db_exec(store->db, RELAY_LOG_FORGET);
    if (err != KITH_OK) {
        store_db_rollback(store->db);
        return err;
    }
    store_relay_log_drop(store);
    return store_db_commit(store->db);
}

uint32_t
store_relay_wal_pages(const store_relay *store)
{
    return store_db_wal_pages(store->db);
}

kith_err
store_relay_checkpoint(store_relay *store)
{
    return store_db_checkpoint(store->db, STORE_CHECKPOINT_PASSIVE, NULL);
}
