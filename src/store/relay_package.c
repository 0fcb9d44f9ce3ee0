/* SPDX-License-Identifier: MPL-2.0 */
/* KeyPackages in the server's store. One that was given out leaves its hash, so that it is not taken in again. */
#include "store/relay_parts.h"

static kith_err
kp_add(void *ctx, uint64_t device_row, const uint8_t *hash, kith_bytes package)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_PACKAGE_ADD, &run));
    store_bind_u64(&run, 1, device_row);
    store_bind_bytes(&run, 2, kith_bytes_of(hash, PROTO_ID_LEN));
    store_bind_bytes(&run, 3, package);
    return store_run_exec(&run);
}

static kith_err
kp_take(void *ctx, uint64_t device_row, uint64_t now_ms, kith_buf *out)
{
    KITH_AUTO(store_run) run = {0};
    store_db *db = store_relay_db(ctx);
    kith_bytes body = {0};
    uint64_t row = 0;

    KITH_TRY(STORE_RELAY_FIRST(db, RELAY_SQL_PACKAGE_NEXT, &run, device_row));
    KITH_TRY(store_column_u64(&run, 0, &row));
    KITH_TRY(store_column_bytes(&run, 1, &body));
    KITH_TRY(kith_buf_append(out, body));
    store_run_done(&run);
    return STORE_RELAY_EXEC(db, RELAY_SQL_PACKAGE_TAKEN, row, now_ms);
}

static kith_err
kp_count(void *ctx, uint64_t device_row, uint32_t *out)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(STORE_RELAY_FIRST(store_relay_db(ctx), RELAY_SQL_PACKAGE_COUNT, &run, device_row));
    return store_relay_u32(&run, 0, out);
}

static kith_err
kp_last_get(void *ctx, uint64_t device_row, kith_buf *out)
{
    KITH_AUTO(store_run) run = {0};
    kith_bytes body = {0};

    KITH_TRY(STORE_RELAY_FIRST(store_relay_db(ctx), RELAY_SQL_LAST_GET, &run, device_row));
    KITH_TRY(store_column_bytes(&run, 0, &body));
    return out != NULL ? kith_buf_append(out, body) : KITH_OK;
}

static kith_err
kp_last_put(void *ctx, uint64_t device_row, kith_bytes package)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_LAST_PUT, &run));
    store_bind_u64(&run, 1, device_row);
    store_bind_bytes(&run, 2, package);
    return store_run_exec(&run);
}

void
store_relay_add_packages(relay_store *port)
{
    port->kp_add = kp_add;
    port->kp_take = kp_take;
    port->kp_count = kp_count;
    port->kp_last_get = kp_last_get;
    port->kp_last_put = kp_last_put;
}
