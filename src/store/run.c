/* SPDX-License-Identifier: MPL-2.0 */
/* Statements prepared once and run many times: parameters in, rows out. */
#include <sqlite3.h>

#include "store/db.h"
#include "store/db_parts.h"

bool
store_db_is_undone(const store_db *db)
{
    return db->in_transaction && sqlite3_get_autocommit(db->handle);
}

kith_err
store_run_start(store_db *db, size_t text, store_run *out)
{
    KITH_ENSURE(text < db->text_count, KITH_ERR_INVALID);
    sqlite3_stmt **stmt = &db->statements[text];
    if (*stmt == NULL) {
        KITH_TRY(store_db_error(sqlite3_prepare_v3(db->handle, db->texts[text], -1,
                                                   SQLITE_PREPARE_PERSISTENT, stmt, NULL)));
    }
    KITH_ENSURE(!sqlite3_stmt_busy(*stmt), KITH_ERR_INVALID);
    *out = (store_run){.db = db, .stmt = *stmt};
    return KITH_OK;
}

void
store_run_done(store_run *run)
{
    if (run->stmt != NULL) {
        (void)sqlite3_reset(run->stmt); /* repeats the error of the last step */
        (void)sqlite3_clear_bindings(
            run->stmt); /* always SQLITE_OK; bytes are borrowed no longer */
    }
    *run = (store_run){0};
}

static void
keep_error(store_run *run, kith_err err)
{
    if (run->err == KITH_OK) {
        run->err = err;
    }
}

void
store_bind_u64(store_run *run, int parameter, uint64_t value)
{
    if (value > INT64_MAX) {
        keep_error(run, KITH_ERR_LIMIT);
        return;
    }
    keep_error(run, store_db_error(sqlite3_bind_int64(run->stmt, parameter, (int64_t)value)));
}

void
store_bind_bytes(store_run *run, int parameter, kith_bytes bytes)
{
    /* NULL would be bound as SQL's NULL. */
    const void *data = bytes.data != NULL ? (const void *)bytes.data : "";

    if (bytes.len > INT32_MAX) {
        keep_error(run, KITH_ERR_LIMIT);
        return;
    }
    keep_error(run, store_db_error(sqlite3_bind_blob(run->stmt, parameter, data, (int)bytes.len,
                                                     SQLITE_STATIC)));
}

void
store_bind_null(store_run *run, int parameter)
{
    keep_error(run, store_db_error(sqlite3_bind_null(run->stmt, parameter)));
}

kith_err
store_run_next(store_run *run, bool *row)
{
    KITH_TRY(run->err);
    KITH_ENSURE(!store_db_is_undone(run->db), KITH_ERR_STORE);
    const int code = sqlite3_step(run->stmt);
    KITH_TRY(store_db_error(code));
    *row = code == SQLITE_ROW;
    return KITH_OK;
}

kith_err
store_run_exec(store_run *run)
{
    bool row = false;
    const kith_err err = store_run_next(run, &row);

    (void)sqlite3_reset(run->stmt); /* repeats the error of the step */
    KITH_TRY(err);
    KITH_ENSURE(!row, KITH_ERR_INVALID);
    return KITH_OK;
}

kith_err
store_column_u64(store_run *run, int column, uint64_t *out)
{
    KITH_ENSURE(sqlite3_column_type(run->stmt, column) == SQLITE_INTEGER, KITH_ERR_MALFORMED);
    const int64_t value = sqlite3_column_int64(run->stmt, column);
    KITH_ENSURE(value >= 0, KITH_ERR_MALFORMED);
    *out = (uint64_t)value;
    return KITH_OK;
}

kith_err
store_column_bytes(store_run *run, int column, kith_bytes *out)
{
    const int type = sqlite3_column_type(run->stmt, column);

    KITH_ENSURE(type == SQLITE_BLOB || type == SQLITE_NULL, KITH_ERR_MALFORMED);
    const void *data = sqlite3_column_blob(run->stmt, column);
    const int len = sqlite3_column_bytes(run->stmt, column);
    KITH_ENSURE(data != NULL || len == 0, KITH_ERR_NO_MEMORY);
    *out = kith_bytes_of(data, (size_t)len);
    return KITH_OK;
}

bool
store_column_is_null(store_run *run, int column)
{
    return sqlite3_column_type(run->stmt, column) == SQLITE_NULL;
}
