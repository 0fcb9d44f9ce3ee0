/* SPDX-License-Identifier: MPL-2.0 */
/* What SQLite's result codes mean to a caller. */
#include <sqlite3.h>

#include "base/check.h"
#include "store/db.h"

static void
result_codes_say_what_the_caller_can_do(void **state)
{
    static const struct {
        int code;
        kith_err err;
    } codes[] = {
        {SQLITE_OK, KITH_OK},
        {SQLITE_ROW, KITH_OK},
        {SQLITE_DONE, KITH_OK},
        {SQLITE_FULL, KITH_ERR_STORE},
        {SQLITE_IOERR_FSYNC, KITH_ERR_STORE},
        {SQLITE_CANTOPEN, KITH_ERR_STORE},
        {SQLITE_READONLY, KITH_ERR_STORE},
        {SQLITE_NOMEM, KITH_ERR_NO_MEMORY},
        {SQLITE_IOERR_NOMEM, KITH_ERR_NO_MEMORY},
        {SQLITE_NOTADB, KITH_ERR_MALFORMED},
        {SQLITE_CORRUPT_INDEX, KITH_ERR_MALFORMED},
        {SQLITE_BUSY_SNAPSHOT, KITH_ERR_BUSY},
        {SQLITE_LOCKED, KITH_ERR_BUSY},
        {SQLITE_TOOBIG, KITH_ERR_LIMIT},
        {SQLITE_CONSTRAINT_UNIQUE, KITH_ERR_EXISTS},
        {SQLITE_CONSTRAINT_PRIMARYKEY, KITH_ERR_EXISTS},
        {SQLITE_CONSTRAINT_ROWID, KITH_ERR_EXISTS},
        {SQLITE_CONSTRAINT_NOTNULL, KITH_ERR_INVALID},
        {SQLITE_CONSTRAINT_FOREIGNKEY, KITH_ERR_INVALID},
        {SQLITE_ERROR, KITH_ERR_INVALID},
        {SQLITE_MISUSE, KITH_ERR_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(codes); i++) {
        assert_err(store_db_error(codes[i].code), codes[i].err);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_codes_say_what_the_caller_can_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
