/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What grows old in the server's store. Tables that fill in the order of time are looked at from the front; the
 * work of one call is bounded by RELAY_SWEEP_MAX.
 */
#include <string.h>

#include "store/relay_parts.h"

/* A deletion with the two parameters before_ms and max, that gives no rows. */
static kith_err
delete_aged(store_db *db, size_t text, uint64_t before_ms, bool *left)
{
    KITH_TRY(STORE_RELAY_EXEC(db, text, before_ms, RELAY_SWEEP_MAX));
    *left = *left || store_db_changes(db) >= RELAY_SWEEP_MAX;
    return KITH_OK;
}

/* Entries of a conversation arrive in the order of their seq: what is old is its front. */
static kith_err
count_aged_entries(store_db *db, uint64_t before_ms)
{
    KITH_AUTO(store_run) run = {0};
    uint64_t found[4] = {0}; /* conversation, last seq, entries, bytes */

    kith_err err = STORE_RELAY_FIRST(db, RELAY_SQL_ENTRIES_AGED, &run, before_ms, RELAY_SWEEP_MAX);
    while (err == KITH_OK) {
        for (int i = 0; i < 4; i++) {
            KITH_TRY(store_column_u64(&run, i, &found[i]));
        }
        KITH_TRY(STORE_RELAY_EXEC(db, RELAY_SQL_CONV_EXPIRED, found[0], found[1] + 1, found[2],
                                  found[3], RELAY_ACKED_UNKNOWN));
        err = store_relay_row(&run);
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static kith_err
expire_entries(store_db *db, uint64_t before_ms, bool *left)
{
    KITH_TRY(count_aged_entries(db, before_ms));
    return delete_aged(db, RELAY_SQL_ENTRIES_EXPIRE, before_ms, left);
}

/* Marks are in no order of time: the expiry walks through them, some at each run, and begins again at the end. */
#define MARKS_LOOKED_AT (8u * RELAY_SWEEP_MAX)

typedef struct aged_mark {
    uint64_t conv;
    uint8_t id[PROTO_SHORT_ID_LEN];
} aged_mark;

/* Collects old marks behind the last one that was looked at, and moves on. */
static kith_err
collect_marks(store_relay *store, uint64_t before_ms, aged_mark *marks, size_t *count)
{
    KITH_AUTO(store_run) run = {0};
    uint64_t time_ms = 0;
    size_t seen = 0;

    KITH_TRY(store_run_start(store->db, RELAY_SQL_MARK_NEXT, &run));
    store_bind_u64(&run, 1, store->mark_conv);
    store_bind_bytes(&run, 2, KITH_BYTES(store->mark_id));
    store_bind_u64(&run, 3, MARKS_LOOKED_AT);
    kith_err err = store_relay_row(&run);
    for (; err == KITH_OK && *count < RELAY_SWEEP_MAX; err = store_relay_row(&run)) {
        aged_mark *mark = &marks[*count];
        KITH_TRY(store_column_u64(&run, 0, &mark->conv));
        KITH_TRY(store_relay_id(&run, 1, mark->id, sizeof mark->id));
        KITH_TRY(store_column_u64(&run, 2, &time_ms));
        memcpy(store->mark_id, mark->id, sizeof mark->id);
        store->mark_conv = mark->conv;
        *count += time_ms < before_ms ? 1 : 0;
        seen++;
    }
    KITH_ENSURE(err == KITH_OK || err == KITH_ERR_NOT_FOUND, err);
    if (err == KITH_ERR_NOT_FOUND && seen < MARKS_LOOKED_AT) {
        store->mark_conv = 0;
        memset(store->mark_id, 0, sizeof store->mark_id);
    }
    return KITH_OK;
}

static kith_err
delete_mark(store_db *db, const aged_mark *mark)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(db, RELAY_SQL_MARK_DELETE, &run));
    store_bind_u64(&run, 1, mark->conv);
    store_bind_bytes(&run, 2, KITH_BYTES(mark->id));
    return store_run_exec(&run);
}

static kith_err
expire_appends(store_relay *store, uint64_t before_ms, bool *left)
{
    aged_mark marks[RELAY_SWEEP_MAX];
    size_t count = 0;

    KITH_TRY(collect_marks(store, before_ms, marks, &count));
    for (size_t i = 0; i < count; i++) {
        KITH_TRY(delete_mark(store->db, &marks[i]));
    }
    *left = *left || count >= RELAY_SWEEP_MAX;
    return KITH_OK;
}

static kith_err
expire_marks(store_relay *store, uint64_t before_ms, bool *left)
{
    store_db *db = store->db;

    KITH_TRY(expire_appends(store, before_ms, left));
    KITH_TRY(delete_aged(db, RELAY_SQL_PUT_EXPIRE, before_ms, left));
    return delete_aged(db, RELAY_SQL_PACKAGE_EXPIRE, before_ms, left);
}

static kith_err
expire_epochs(store_db *db, uint64_t before_ms, bool *left)
{
    KITH_AUTO(store_run) run = {0};
    uint64_t conv_row = 0;
    uint64_t count = 0;

    kith_err err = STORE_RELAY_FIRST(db, RELAY_SQL_EPOCH_EXPIRE, &run, before_ms, RELAY_SWEEP_MAX);
    while (err == KITH_OK) {
        KITH_TRY(store_column_u64(&run, 0, &conv_row));
        KITH_TRY(STORE_RELAY_EXEC(db, RELAY_SQL_CONV_EPOCHS, conv_row));
        count++;
        err = store_relay_row(&run);
    }
    KITH_ENSURE(err == KITH_ERR_NOT_FOUND, err);
    *left = *left || count >= RELAY_SWEEP_MAX;
    return KITH_OK;
}

static kith_err
expire_items(store_db *db, uint64_t before_ms, bool *left)
{
    KITH_AUTO(store_run) run = {0};
    uint64_t device_row = 0;
    uint64_t len = 0;
    uint64_t count = 0;

    kith_err err = STORE_RELAY_FIRST(db, RELAY_SQL_ITEMS_EXPIRE, &run, before_ms, RELAY_SWEEP_MAX);
    while (err == KITH_OK) {
        KITH_TRY(store_column_u64(&run, 0, &device_row));
        KITH_TRY(store_column_u64(&run, 1, &len));
        KITH_TRY(STORE_RELAY_EXEC(db, RELAY_SQL_DEVICE_FREED, device_row, 1, len));
        count++;
        err = store_relay_row(&run);
    }
    KITH_ENSURE(err == KITH_ERR_NOT_FOUND, err);
    *left = *left || count >= RELAY_SWEEP_MAX;
    return KITH_OK;
}

/* Entries that were let go when there were too many to delete at once. */
static kith_err
sweep(void *ctx, bool *left)
{
    KITH_AUTO(store_run) run = {0};
    store_relay *store = ctx;
    relay_range range = {0};
    relay_freed freed = {0};
    uint64_t first_seq = 0;

    KITH_TRY(store_run_start(store->db, RELAY_SQL_CONV_UNSWEPT, &run));
    const kith_err err = store_relay_row(&run);
    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    KITH_TRY(store_column_u64(&run, 0, &range.row));
    KITH_TRY(store_column_u64(&run, 1, &range.from));
    KITH_TRY(store_column_u64(&run, 2, &first_seq));
    store_run_done(&run);
    range.to = first_seq - range.from < RELAY_SWEEP_MAX ? first_seq : range.from + RELAY_SWEEP_MAX;
    KITH_TRY(store->port.entries_delete(ctx, &range, &freed));
    *left = true; /* perhaps another conversation's */
    return STORE_RELAY_EXEC(store->db, RELAY_SQL_CONV_SWEPT, range.row, range.to, freed.items,
                            freed.bytes);
}

/* What follows changes conversations in the table itself. */
static kith_err
forget_convs(store_relay *store)
{
    KITH_TRY(store_relay_cache_flush(store));
    store_relay_cache_drop(store);
    return KITH_OK;
}

static kith_err
expire(void *ctx, relay_aged what, uint64_t before_ms, bool *left)
{
    store_db *db = store_relay_db(ctx);
    bool more = false;
    kith_err err = KITH_ERR_INVALID;

    KITH_TRY(forget_convs(ctx));
    switch (what) {
    case RELAY_AGED_ENTRIES:
        err = expire_entries(db, before_ms, &more);
        break;
    case RELAY_AGED_MARKS:
        err = expire_marks(ctx, before_ms, &more);
        break;
    case RELAY_AGED_EPOCHS:
        err = expire_epochs(db, before_ms, &more);
        break;
    case RELAY_AGED_ITEMS:
        err = expire_items(db, before_ms, &more);
        break;
    case RELAY_AGED_TICKETS:
        err = delete_aged(db, RELAY_SQL_TICKET_EXPIRE, before_ms, &more);
        break;
    case RELAY_AGED_SWEEP:
        err = sweep(ctx, &more);
        break;
    case RELAY_AGED_COUNT:
        break;
    }
    KITH_TRY(err);
    *left = more;
    return KITH_OK;
}

void
store_relay_add_expiry(relay_store *port)
{
    port->expire = expire;
}
