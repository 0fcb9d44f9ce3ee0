/* SPDX-License-Identifier: MPL-2.0 */
/* What readers have acknowledged, in the server's store. */
#include "store/relay_parts.h"

static kith_err
ack_find(void *ctx, uint64_t conv_row, const uint8_t *reader_id, relay_ack *out)
{
    KITH_AUTO(store_run) run = {0};
    relay_ack ack = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_ACK_FIND, &run));
    store_bind_u64(&run, 1, conv_row);
    store_bind_bytes(&run, 2, kith_bytes_of(reader_id, PROTO_SHORT_ID_LEN));
    KITH_TRY(store_relay_row(&run));
    KITH_TRY(store_column_u64(&run, 0, &ack.seq));
    KITH_TRY(store_column_u64(&run, 1, &ack.since));
    *out = ack;
    return KITH_OK;
}

static kith_err
ack_put(void *ctx, uint64_t conv_row, const uint8_t *reader_id, const relay_ack *ack)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_ACK_PUT, &run));
    store_bind_u64(&run, 1, conv_row);
    store_bind_bytes(&run, 2, kith_bytes_of(reader_id, PROTO_SHORT_ID_LEN));
    store_bind_u64(&run, 3, ack->seq);
    store_bind_u64(&run, 4, ack->time_ms);
    store_bind_u64(&run, 5, ack->since);
    return store_run_exec(&run);
}

static kith_err
ack_count(void *ctx, uint64_t conv_row, uint64_t seq, uint32_t *out)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(STORE_RELAY_FIRST(store_relay_db(ctx), RELAY_SQL_ACK_COUNT, &run, conv_row, seq));
    return store_relay_u32(&run, 0, out);
}

static kith_err
ack_rank(void *ctx, uint64_t conv_row, const relay_rank *rank, uint64_t *out)
{
    KITH_AUTO(store_run) run = {0};

    KITH_ENSURE(rank->rank > 0, KITH_ERR_INVALID);
    KITH_TRY(STORE_RELAY_FIRST(store_relay_db(ctx), RELAY_SQL_ACK_RANK, &run, conv_row,
                               rank->rank - 1, rank->since));
    return store_column_u64(&run, 0, out);
}

static kith_err
ack_forget(void *ctx, uint64_t conv_row, uint64_t before_ms)
{
    return STORE_RELAY_EXEC(store_relay_db(ctx), RELAY_SQL_ACK_FORGET, conv_row, before_ms);
}

void
store_relay_add_acks(relay_store *port)
{
    port->ack_find = ack_find;
    port->ack_put = ack_put;
    port->ack_count = ack_count;
    port->ack_rank = ack_rank;
    port->ack_forget = ack_forget;
}
