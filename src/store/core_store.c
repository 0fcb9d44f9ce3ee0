/* SPDX-License-Identifier: MPL-2.0 */
/*
 * All tables of the port in one table of SQLite with a row id, found through an index over (t, k): measured
 * against a table clustered by key, which is slower for large values and no faster for small ones.
 */
#include "store/core_store.h"

#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "store/limits.h"

/* The last byte of each stored value. */
#define END 1u

struct store_core {
    store_db *db;
};

/* `v` is the value, zeros up to a multiple of STORE_CORE_PAD when it is large, and the byte END; `len` is the
 * length of the value alone. A page that fails its authentication reads as zeros, and when it is the last one of
 * a long value SQLCipher gives no error with it: then END is missing. */
static const char *const steps[] = {
    "CREATE TABLE entry (t INTEGER NOT NULL, k BLOB NOT NULL, len INTEGER NOT NULL, v BLOB NOT NULL,"
    " UNIQUE (t, k));",
};

enum { SQL_GET, SQL_PUT, SQL_ERASE, SQL_KEY_AFTER, SQL_KEY_BEFORE, SQL_AFTER, SQL_BEFORE, SQL_N };

#define RANGE " FROM entry WHERE t = ?1 AND k >= ?2 AND k < ?3 ORDER BY k "

static const char *const texts[SQL_N] = {
    [SQL_GET] = "SELECT len, v FROM entry WHERE t = ?1 AND k = ?2",
    [SQL_PUT] = "INSERT INTO entry (t, k, len, v) VALUES (?1, ?2, ?3, ?4)"
                " ON CONFLICT (t, k) DO UPDATE SET len = excluded.len, v = excluded.v",
    [SQL_ERASE] = "DELETE FROM entry WHERE t = ?1 AND k = ?2",
    [SQL_KEY_AFTER] = "SELECT k" RANGE "ASC LIMIT 1",
    [SQL_KEY_BEFORE] = "SELECT k" RANGE "DESC LIMIT 1",
    [SQL_AFTER] = "SELECT k, len, v" RANGE "ASC LIMIT 1",
    [SQL_BEFORE] = "SELECT k, len, v" RANGE "DESC LIMIT 1",
};

kith_err
store_core_open(const char *path, const uint8_t key[STORE_CORE_KEY_LEN],
                const store_core_options *options, store_core **out)
{
    store_core *store = calloc(1, sizeof *store);

    KITH_ENSURE(store != NULL, KITH_ERR_NO_MEMORY);
    kith_err err =
        store_db_open(path,
                      &(store_db_options){.vfs = options != NULL ? options->vfs : NULL,
                                          .key = key,
                                          .texts = texts,
                                          .text_count = SQL_N,
                                          .exclusive = true,
                                          .checkpoint_pages = STORE_CORE_CHECKPOINT_PAGES},
                      &store->db);
    if (err == KITH_OK) {
        err = store_db_migrate(store->db, steps, sizeof steps / sizeof steps[0]);
    }
    if (err != KITH_OK) {
        store_core_free(store);
        return err;
    }
    *out = store;
    return KITH_OK;
}

void
store_core_free(store_core *store)
{
    if (store != NULL) {
        store_db_free(store->db);
        free(store);
    }
}

kith_err
store_core_checkpoint(store_core *store)
{
    return store_db_checkpoint(store->db, STORE_CHECKPOINT_TRUNCATE, NULL);
}

/* ---- transactions ---- */

static kith_err
begin(void *ctx)
{
    const store_core *store = ctx;

    return store_db_begin(store->db);
}

static kith_err
commit(void *ctx)
{
    const store_core *store = ctx;

    return store_db_commit(store->db);
}

static void
rollback(void *ctx)
{
    const store_core *store = ctx;

    store_db_rollback(store->db);
}

/* ---- single entries ---- */

static kith_err
check_bounds(uint8_t table, kith_bytes key)
{
    KITH_ENSURE(table < CORE_STORE_TABLES, KITH_ERR_INVALID);
    KITH_ENSURE(key.len >= 1 && key.len <= CORE_STORE_KEY_MAX, KITH_ERR_INVALID);
    return KITH_OK;
}

/* The value in columns `column` (its length) and `column` + 1 (as stored). */
static kith_err
read_value(store_run *run, int column, kith_bytes *out)
{
    uint64_t len = 0;
    kith_bytes stored = {0};

    KITH_TRY(store_column_u64(run, column, &len));
    KITH_TRY(store_column_bytes(run, column + 1, &stored));
    KITH_ENSURE(len < stored.len && stored.data[stored.len - 1] == END, KITH_ERR_MALFORMED);
    *out = kith_bytes_of(stored.data, (size_t)len);
    return KITH_OK;
}

static kith_err
get(void *ctx, uint8_t table, kith_bytes key, kith_buf *out)
{
    const store_core *store = ctx;
    KITH_AUTO(store_run) run = {0};
    kith_bytes value = {0};
    bool row = false;

    KITH_TRY(check_bounds(table, key));
    KITH_TRY(store_run_start(store->db, SQL_GET, &run));
    store_bind_u64(&run, 1, table);
    store_bind_bytes(&run, 2, key);
    KITH_TRY(store_run_next(&run, &row));
    KITH_ENSURE(row, KITH_ERR_NOT_FOUND);
    KITH_TRY(read_value(&run, 0, &value));
    return kith_buf_append(out, value);
}

static kith_err
pad_value(kith_bytes value, kith_buf *out)
{
    const size_t over = (value.len + 1) % STORE_CORE_PAD;
    const bool is_large = value.len + 1 >= STORE_CORE_PAD;
    const size_t more = is_large && over != 0 ? STORE_CORE_PAD - over + 1 : 1;
    uint8_t *tail = NULL;

    KITH_TRY(kith_buf_reserve(out, value.len + more));
    KITH_TRY(kith_buf_append(out, value));
    KITH_TRY(kith_buf_extend(out, more, &tail));
    tail[more - 1] = END;
    return KITH_OK;
}

static kith_err
put(void *ctx, uint8_t table, kith_bytes key, kith_bytes value)
{
    const store_core *store = ctx;
    KITH_AUTO(kith_buf) stored = {0}; /* outlives the run that borrows it */
    KITH_AUTO(store_run) run = {0};

    KITH_ENSURE(store_db_in_transaction(store->db), KITH_ERR_INVALID);
    KITH_TRY(check_bounds(table, key));
    KITH_ENSURE(value.len <= CORE_STORE_VALUE_MAX, KITH_ERR_INVALID);
    KITH_TRY(pad_value(value, &stored));
    KITH_TRY(store_run_start(store->db, SQL_PUT, &run));
    store_bind_u64(&run, 1, table);
    store_bind_bytes(&run, 2, key);
    store_bind_u64(&run, 3, value.len);
    store_bind_bytes(&run, 4, kith_bytes_of_buf(&stored));
    return store_run_exec(&run);
}

static kith_err
erase(void *ctx, uint8_t table, kith_bytes key)
{
    const store_core *store = ctx;
    KITH_AUTO(store_run) run = {0};

    KITH_ENSURE(store_db_in_transaction(store->db), KITH_ERR_INVALID);
    KITH_TRY(check_bounds(table, key));
    KITH_TRY(store_run_start(store->db, SQL_ERASE, &run));
    store_bind_u64(&run, 1, table);
    store_bind_bytes(&run, 2, key);
    return store_run_exec(&run);
}

/* ---- walking ---- */

/* A key, or the smallest bytes above one: a zero byte longer. */
typedef struct bound {
    uint8_t data[CORE_STORE_KEY_MAX + 1];
    size_t len;
} bound;

static bound
bound_of(kith_bytes bytes)
{
    bound out = {.len = bytes.len};

    if (bytes.len > 0) {
        memcpy(out.data, bytes.data, bytes.len);
    }
    return out;
}

static kith_bytes
bound_bytes(const bound *b)
{
    return kith_bytes_of(b->data, b->len);
}

/* The smallest bytes that are above everything that starts with `prefix`. */
static bound
bound_above(kith_bytes prefix)
{
    bound out = bound_of(prefix);

    while (out.len > 0 && out.data[out.len - 1] == 0xff) {
        out.len--;
    }
    if (out.len > 0) {
        out.data[out.len - 1]++;
        return out;
    }
    memset(out.data, 0xff, sizeof out.data); /* longer than any key, hence above all of them */
    out.len = sizeof out.data;
    return out;
}

/* What is left of the walk: keys from `low` (included) to `high` (not). */
static void
find_range(const core_scan *scan, kith_bytes key, bound *low, bound *high)
{
    *low = bound_of(scan->prefix);
    *high = bound_above(scan->prefix);
    if (key.len == 0) {
        return;
    }
    if (scan->backwards && kith_bytes_compare(key, bound_bytes(high)) < 0) {
        *high = bound_of(key);
    }
    if (!scan->backwards && kith_bytes_compare(key, bound_bytes(low)) >= 0) {
        *low = bound_of(key);
        low->data[low->len++] = 0;
    }
}

static kith_err
next(void *ctx, const core_scan *scan, kith_buf *key, kith_buf *value)
{
    const store_core *store = ctx;
    const size_t key_text = scan->backwards ? SQL_KEY_BEFORE : SQL_KEY_AFTER;
    const size_t text = scan->backwards ? SQL_BEFORE : SQL_AFTER;
    bound low;
    bound high;
    KITH_AUTO(store_run) run = {0};
    kith_bytes found = {0};
    kith_bytes content = {0};
    bool row = false;

    KITH_ENSURE(scan->table < CORE_STORE_TABLES && scan->prefix.len <= CORE_STORE_KEY_MAX &&
                    key->len <= CORE_STORE_KEY_MAX,
                KITH_ERR_INVALID);
    find_range(scan, kith_bytes_of_buf(key), &low, &high);
    KITH_TRY(store_run_start(store->db, value != NULL ? text : key_text, &run));
    store_bind_u64(&run, 1, scan->table);
    store_bind_bytes(&run, 2, bound_bytes(&low));
    store_bind_bytes(&run, 3, bound_bytes(&high));
    KITH_TRY(store_run_next(&run, &row));
    KITH_ENSURE(row, KITH_ERR_NOT_FOUND);
    KITH_TRY(store_column_bytes(&run, 0, &found));
    KITH_TRY(kith_buf_reserve(key, found.len)); /* so that nothing fails after the value changed */
    if (value != NULL) {
        KITH_TRY(read_value(&run, 1, &content));
        KITH_TRY(kith_buf_set(value, content));
    }
    return kith_buf_set(key, found);
}

core_store
store_core_port(store_core *store)
{
    return (core_store){.begin = begin,
                        .commit = commit,
                        .rollback = rollback,
                        .get = get,
                        .put = put,
                        .erase = erase,
                        .next = next,
                        .ctx = store};
}
