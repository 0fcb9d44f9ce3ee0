/* SPDX-License-Identifier: MPL-2.0 */
/* Rendezvous in the server's store: tables in memory, of the writer's connection, in its transactions. */
#include "store/relay_parts.h"

static kith_err
rdv_count(void *ctx, uint32_t *out)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_RDV_COUNT, &run));
    KITH_TRY(store_relay_row(&run));
    return store_relay_u32(&run, 0, out);
}

static kith_err
read_rdv(store_db *db, size_t text, uint64_t parameter, relay_rdv *out)
{
    KITH_AUTO(store_run) run = {0};
    relay_rdv found = {0};

    KITH_TRY(STORE_RELAY_FIRST(db, text, &run, parameter));
    KITH_TRY(store_relay_u32(&run, 0, &found.number));
    KITH_TRY(store_column_u64(&run, 1, &found.sides[0]));
    KITH_TRY(store_column_u64(&run, 2, &found.sides[1]));
    KITH_TRY(store_relay_u32(&run, 3, &found.waiting[0]));
    KITH_TRY(store_relay_u32(&run, 4, &found.waiting[1]));
    KITH_TRY(store_relay_u32(&run, 5, &found.messages));
    KITH_TRY(store_column_u64(&run, 6, &found.expires_ms));
    *out = found;
    return KITH_OK;
}

static kith_err
rdv_find(void *ctx, uint32_t number, relay_rdv *out)
{
    return read_rdv(store_relay_db(ctx), RELAY_SQL_RDV_FIND, number, out);
}

static kith_err
rdv_of(void *ctx, uint64_t side, relay_rdv *out)
{
    return read_rdv(store_relay_db(ctx), RELAY_SQL_RDV_OF, side, out);
}

static kith_err
rdv_held(void *ctx, uint64_t side, uint32_t *out)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(STORE_RELAY_FIRST(store_relay_db(ctx), RELAY_SQL_RDV_HELD, &run, side));
    return store_relay_u32(&run, 0, out);
}

static kith_err
rdv_expired(void *ctx, uint64_t now_ms, relay_rdv *out)
{
    return read_rdv(store_relay_db(ctx), RELAY_SQL_RDV_EXPIRED, now_ms, out);
}

static kith_err
rdv_save(void *ctx, const relay_rdv *rdv)
{
    return STORE_RELAY_EXEC(store_relay_db(ctx), RELAY_SQL_RDV_SAVE, rdv->number, rdv->sides[0],
                            rdv->sides[1], rdv->waiting[0], rdv->waiting[1], rdv->messages,
                            rdv->expires_ms);
}

static kith_err
rdv_delete(void *ctx, uint32_t number)
{
    KITH_TRY(STORE_RELAY_EXEC(store_relay_db(ctx), RELAY_SQL_RDV_BODIES_DELETE, number));
    return STORE_RELAY_EXEC(store_relay_db(ctx), RELAY_SQL_RDV_DELETE, number);
}

static kith_err
rdv_put(void *ctx, uint32_t number, kith_bytes body)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_RDV_BODY_PUT, &run));
    store_bind_u64(&run, 1, number);
    store_bind_bytes(&run, 2, body);
    return store_run_exec(&run);
}

static kith_err
rdv_take(void *ctx, uint32_t number, kith_buf *out)
{
    KITH_AUTO(store_run) run = {0};
    store_db *db = store_relay_db(ctx);
    kith_bytes body = {0};
    uint64_t row = 0;

    KITH_TRY(STORE_RELAY_FIRST(db, RELAY_SQL_RDV_BODY_NEXT, &run, number));
    KITH_TRY(store_column_u64(&run, 0, &row));
    KITH_TRY(store_column_bytes(&run, 1, &body));
    KITH_TRY(kith_buf_append(out, body));
    store_run_done(&run);
    return STORE_RELAY_EXEC(db, RELAY_SQL_RDV_BODY_DELETE, row);
}

void
store_relay_add_rdvs(relay_store *port)
{
    port->rdv_count = rdv_count;
    port->rdv_find = rdv_find;
    port->rdv_of = rdv_of;
    port->rdv_held = rdv_held;
    port->rdv_expired = rdv_expired;
    port->rdv_save = rdv_save;
    port->rdv_delete = rdv_delete;
    port->rdv_put = rdv_put;
    port->rdv_take = rdv_take;
}
