/* SPDX-License-Identifier: MPL-2.0 */
/* SQLite's result codes as errors, named by what the caller can do [SQLite, "Result and Error Codes"]. */
#include <sqlite3.h>

#include "store/db.h"

static kith_err
error_of_primary(int code)
{
    switch (code) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return KITH_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
        return KITH_ERR_BUSY;
    case SQLITE_NOMEM:
        return KITH_ERR_NO_MEMORY;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
        return KITH_ERR_MALFORMED;
    case SQLITE_TOOBIG:
        return KITH_ERR_LIMIT;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
        return KITH_ERR_INVALID;
    default: /* full, failing, not to be opened, read-only */
        return KITH_ERR_STORE;
    }
}

kith_err
store_db_error(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID:
        return KITH_ERR_EXISTS;
    case SQLITE_IOERR_NOMEM:
        return KITH_ERR_NO_MEMORY;
    default:
        return error_of_primary(code & 0xff);
    }
}
