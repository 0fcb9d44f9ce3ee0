/* SPDX-License-Identifier: MPL-2.0 */
/* Conversations, epochs, entries and their marks in the server's store, and walks over entries and inbox items. */
#include <string.h>

#include "store/relay_parts.h"

static kith_err
read_conv(store_run *run, relay_conv *out)
{
    uint64_t *const numbers[] = {&out->row,       &out->next_seq,  &out->last_commit,
                                 &out->first_seq, &out->swept_seq, &out->entries,
                                 &out->bytes};
    uint32_t readers = 0;

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        KITH_TRY(store_column_u64(run, (int)i, numbers[i]));
    }
    KITH_TRY(store_relay_u32(run, 7, &out->epochs));
    KITH_TRY(store_relay_u32(run, 8, &out->acked));
    KITH_TRY(store_relay_u32(run, 9, &readers));
    out->readers = (uint16_t)readers;
    KITH_TRY(store_relay_id(run, 10, out->token_hash, PROTO_ID_LEN));
    return store_relay_id(run, 11, out->open_hash, PROTO_ID_LEN);
}

static kith_err
conv_read(store_db *db, const uint8_t *conv_id, relay_conv *out)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(db, RELAY_SQL_CONV_FIND, &run));
    store_bind_bytes(&run, 1, kith_bytes_of(conv_id, PROTO_ID_LEN));
    KITH_TRY(store_relay_row(&run));
    return read_conv(&run, out);
}

static kith_err
conv_find(void *ctx, const uint8_t *conv_id, relay_conv *out)
{
    store_relay *store = ctx;
    relay_conv found = {0};

    if (store_relay_cache_find(store, conv_id, out)) {
        return KITH_OK;
    }
    memcpy(found.id, conv_id, PROTO_ID_LEN);
    KITH_TRY(conv_read(store->db, conv_id, &found));
    if (store_db_in_transaction(store->db)) {
        KITH_TRY(store_relay_cache_add(store, &found));
    }
    *out = found;
    return KITH_OK;
}

/* Parameters 2 to 11 of CONV_ADD and CONV_SAVE. */
static void
bind_conv(store_run *run, const relay_conv *conv)
{
    const uint64_t numbers[] = {conv->next_seq,  conv->last_commit, conv->first_seq,
                                conv->swept_seq, conv->entries,     conv->bytes,
                                conv->epochs,    conv->acked,       conv->readers};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        store_bind_u64(run, (int)i + 2, numbers[i]);
    }
    store_bind_bytes(run, 11, KITH_BYTES(conv->token_hash));
}

static kith_err
conv_add(void *ctx, relay_conv *conv)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_CONV_ADD, &run));
    store_bind_bytes(&run, 1, KITH_BYTES(conv->id));
    bind_conv(&run, conv);
    store_bind_bytes(&run, 12, KITH_BYTES(conv->open_hash));
    KITH_TRY(store_run_exec(&run));
    conv->row = store_db_last_id(store_relay_db(ctx));
    return KITH_OK;
}

kith_err
store_relay_conv_update(store_db *db, const relay_conv *conv)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(db, RELAY_SQL_CONV_SAVE, &run));
    store_bind_u64(&run, 1, conv->row);
    bind_conv(&run, conv);
    return store_run_exec(&run);
}

static kith_err
conv_save(void *ctx, const relay_conv *conv)
{
    if (store_relay_cache_save(ctx, conv)) {
        return KITH_OK;
    }
    return store_relay_conv_update(store_relay_db(ctx), conv);
}

/* ---- Epochs ---- */

static kith_err
read_epoch(store_run *run, relay_epoch *out)
{
    relay_epoch found = {0};
    uint32_t readers = 0;

    KITH_TRY(store_relay_row(run));
    KITH_TRY(store_column_u64(run, 0, &found.first_seq));
    KITH_TRY(store_column_u64(run, 1, &found.last_seq));
    KITH_TRY(store_column_u64(run, 2, &found.ended_ms));
    KITH_TRY(store_relay_u32(run, 3, &readers));
    KITH_TRY(store_relay_id(run, 4, found.token_hash, PROTO_ID_LEN));
    found.readers = (uint16_t)readers;
    *out = found;
    return KITH_OK;
}

static kith_err
epoch_find(void *ctx, uint64_t conv_row, const uint8_t *token_hash, relay_epoch *out)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_EPOCH_FIND, &run));
    store_bind_u64(&run, 1, conv_row);
    store_bind_bytes(&run, 2, kith_bytes_of(token_hash, PROTO_ID_LEN));
    return read_epoch(&run, out);
}

static kith_err
epoch_at(void *ctx, uint64_t conv_row, uint64_t seq, relay_epoch *out)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_EPOCH_AT, &run));
    store_bind_u64(&run, 1, conv_row);
    store_bind_u64(&run, 2, seq);
    return read_epoch(&run, out);
}

static kith_err
epoch_add(void *ctx, uint64_t conv_row, const relay_epoch *epoch)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_EPOCH_ADD, &run));
    store_bind_u64(&run, 1, conv_row);
    store_bind_u64(&run, 2, epoch->first_seq);
    store_bind_u64(&run, 3, epoch->last_seq);
    store_bind_u64(&run, 4, epoch->ended_ms);
    store_bind_u64(&run, 5, epoch->readers);
    store_bind_bytes(&run, 6, KITH_BYTES(epoch->token_hash));
    return store_run_exec(&run);
}

static kith_err
epoch_drop(void *ctx, uint64_t conv_row)
{
    return STORE_RELAY_EXEC(store_relay_db(ctx), RELAY_SQL_EPOCH_DROP, conv_row);
}

/* ---- Entries ---- */

/* The mark first: when there is one already, nothing has changed. */
static kith_err
entry_add(void *ctx, uint64_t conv_row, const relay_item *entry)
{
    KITH_AUTO(store_run) mark = {0};
    KITH_AUTO(store_run) run = {0};
    store_db *db = store_relay_db(ctx);

    KITH_TRY(store_run_start(db, RELAY_SQL_MARK_ADD, &mark));
    store_bind_u64(&mark, 1, conv_row);
    store_bind_bytes(&mark, 2, KITH_BYTES(entry->id));
    store_bind_u64(&mark, 3, entry->number);
    store_bind_u64(&mark, 4, entry->time_ms);
    KITH_TRY(store_run_exec(&mark));
    KITH_TRY(store_run_start(db, RELAY_SQL_ENTRY_ADD, &run));
    store_bind_u64(&run, 1, conv_row);
    store_bind_u64(&run, 2, entry->number);
    store_bind_u64(&run, 3, entry->time_ms);
    store_bind_u64(&run, 4, entry->kind);
    store_bind_bytes(&run, 5, KITH_BYTES(entry->id));
    store_bind_bytes(&run, 6, entry->body);
    const kith_err err = store_run_exec(&run);
    return err == KITH_ERR_EXISTS ? KITH_ERR_MALFORMED : err; /* a seq twice: damaged */
}

static kith_err
count_entries(store_db *db, const relay_range *range, relay_freed *out)
{
    KITH_AUTO(store_run) run = {0};
    relay_freed freed = {0};

    KITH_TRY(
        STORE_RELAY_FIRST(db, RELAY_SQL_ENTRIES_COUNT, &run, range->row, range->from, range->to));
    KITH_TRY(store_column_u64(&run, 0, &freed.items));
    KITH_TRY(store_column_u64(&run, 1, &freed.bytes));
    *out = freed;
    return KITH_OK;
}

/* Counting first is cheaper than RETURNING, which keeps every row until the last is deleted. */
static kith_err
entries_delete(void *ctx, const relay_range *range, relay_freed *out)
{
    store_db *db = store_relay_db(ctx);
    relay_freed freed = {0};

    if (out != NULL) {
        KITH_TRY(count_entries(db, range, &freed));
    }
    KITH_TRY(STORE_RELAY_EXEC(db, RELAY_SQL_ENTRIES_DELETE, range->row, range->from, range->to));
    if (out != NULL) {
        *out = freed;
    }
    return KITH_OK;
}

static kith_err
mark_find(void *ctx, uint64_t conv_row, const uint8_t *append_id, relay_mark *out)
{
    KITH_AUTO(store_run) run = {0};
    relay_mark found = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_MARK_FIND, &run));
    store_bind_u64(&run, 1, conv_row);
    store_bind_bytes(&run, 2, kith_bytes_of(append_id, PROTO_SHORT_ID_LEN));
    KITH_TRY(store_relay_row(&run));
    KITH_TRY(store_column_u64(&run, 0, &found.seq));
    KITH_TRY(store_column_u64(&run, 1, &found.time_ms));
    *out = found;
    return KITH_OK;
}

/* ---- Walks ---- */

static kith_err
walk(void *ctx, const relay_range *range)
{
    store_relay *store = ctx;
    const size_t text = range->is_inbox ? RELAY_SQL_ITEMS_WALK : RELAY_SQL_ENTRIES_WALK;

    store_run_done(&store->walk);
    KITH_TRY(store_run_start(store->db, text, &store->walk));
    store_bind_u64(&store->walk, 1, range->row);
    store_bind_u64(&store->walk, 2, range->from);
    store_bind_u64(&store->walk, 3, range->to);
    return KITH_OK;
}

static kith_err
walk_next(void *ctx, relay_item *out)
{
    store_relay *store = ctx;
    relay_item found = {0};
    uint32_t kind = 0;

    KITH_TRY(store_relay_row(&store->walk));
    KITH_TRY(store_column_u64(&store->walk, 0, &found.number));
    KITH_TRY(store_column_u64(&store->walk, 1, &found.time_ms));
    KITH_TRY(store_relay_id(&store->walk, 2, found.id, PROTO_SHORT_ID_LEN));
    KITH_TRY(store_column_bytes(&store->walk, 3, &found.body));
    KITH_TRY(store_relay_u32(&store->walk, 4, &kind));
    found.kind = (uint8_t)kind;
    *out = found;
    return KITH_OK;
}

static void
walk_end(void *ctx)
{
    store_run_done(&((store_relay *)ctx)->walk);
}

void
store_relay_add_convs(relay_store *port)
{
    port->conv_find = conv_find;
    port->conv_add = conv_add;
    port->conv_save = conv_save;
    port->epoch_find = epoch_find;
    port->epoch_at = epoch_at;
    port->epoch_add = epoch_add;
    port->epoch_drop = epoch_drop;
    port->entry_add = entry_add;
    port->entries_delete = entries_delete;
    port->mark_find = mark_find;
    port->walk = walk;
    port->walk_next = walk_next;
    port->walk_end = walk_end;
}
