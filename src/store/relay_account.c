/* SPDX-License-Identifier: MPL-2.0 */
/* Accounts, device lists, devices and tickets in the server's store. */
#include "store/relay_parts.h"

static kith_err
account_find(void *ctx, const uint8_t *account_id, relay_account *out)
{
    KITH_AUTO(store_run) run = {0};
    relay_account found = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_ACCOUNT_FIND, &run));
    store_bind_bytes(&run, 1, kith_bytes_of(account_id, PROTO_ID_LEN));
    KITH_TRY(store_relay_row(&run));
    KITH_TRY(store_column_u64(&run, 0, &found.row));
    KITH_TRY(store_column_u64(&run, 1, &found.version));
    *out = found;
    return KITH_OK;
}

static kith_err
account_add(void *ctx, const uint8_t *account_id, uint64_t *row)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_ACCOUNT_ADD, &run));
    store_bind_bytes(&run, 1, kith_bytes_of(account_id, PROTO_ID_LEN));
    KITH_TRY(store_run_exec(&run));
    *row = store_db_last_id(store_relay_db(ctx));
    return KITH_OK;
}

static kith_err
list_get(void *ctx, uint64_t account_row, uint64_t version, kith_buf *out)
{
    KITH_AUTO(store_run) run = {0};
    kith_bytes body = {0};

    KITH_TRY(
        STORE_RELAY_FIRST(store_relay_db(ctx), RELAY_SQL_LIST_GET, &run, account_row, version));
    KITH_TRY(store_column_bytes(&run, 0, &body));
    return kith_buf_append(out, body);
}

static kith_err
list_add(void *ctx, uint64_t account_row, uint64_t version, kith_bytes list)
{
    KITH_AUTO(store_run) run = {0};
    store_db *db = store_relay_db(ctx);

    KITH_TRY(store_run_start(db, RELAY_SQL_LIST_ADD, &run));
    store_bind_u64(&run, 1, account_row);
    store_bind_u64(&run, 2, version);
    store_bind_bytes(&run, 3, list);
    KITH_TRY(store_run_exec(&run));
    return STORE_RELAY_EXEC(db, RELAY_SQL_ACCOUNT_VERSION, account_row, version);
}

static kith_err
list_device(store_db *db, uint64_t account_row, const proto_device *device)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(db, RELAY_SQL_DEVICE_LIST, &run));
    store_bind_u64(&run, 1, account_row);
    store_bind_bytes(&run, 2, KITH_BYTES(device->device_id));
    return store_run_exec(&run);
}

static kith_err
devices_set(void *ctx, uint64_t account_row, const proto_device *devices, size_t count)
{
    store_db *db = store_relay_db(ctx);

    KITH_TRY(STORE_RELAY_EXEC(db, RELAY_SQL_DEVICES_UNLIST, account_row));
    for (size_t i = 0; i < count; i++) {
        KITH_TRY(list_device(db, account_row, &devices[i]));
    }
    KITH_TRY(STORE_RELAY_EXEC(db, RELAY_SQL_DEVICES_ITEMS, account_row));
    KITH_TRY(STORE_RELAY_EXEC(db, RELAY_SQL_DEVICES_PACKAGES, account_row));
    KITH_TRY(STORE_RELAY_EXEC(db, RELAY_SQL_DEVICES_LAST, account_row));
    return STORE_RELAY_EXEC(db, RELAY_SQL_DEVICES_EMPTY, account_row);
}

static kith_err
read_device(store_run *run, relay_device *out)
{
    relay_device found = {0};
    uint64_t is_listed = 0;

    KITH_TRY(store_relay_row(run));
    KITH_TRY(store_column_u64(run, 0, &found.row));
    KITH_TRY(store_column_u64(run, 1, &found.account_row));
    KITH_TRY(store_column_u64(run, 2, &is_listed));
    KITH_TRY(store_column_u64(run, 3, &found.next_item));
    KITH_TRY(store_column_u64(run, 4, &found.items));
    KITH_TRY(store_column_u64(run, 5, &found.bytes));
    found.is_listed = is_listed != 0;
    *out = found;
    return KITH_OK;
}

static kith_err
device_find(void *ctx, uint64_t account_row, const uint8_t *device_id, relay_device *out)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_DEVICE_FIND, &run));
    store_bind_u64(&run, 1, account_row);
    store_bind_bytes(&run, 2, kith_bytes_of(device_id, PROTO_DEVICE_ID_LEN));
    return read_device(&run, out);
}

static kith_err
device_get(void *ctx, uint64_t device_row, relay_device *out)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_DEVICE_GET, &run));
    store_bind_u64(&run, 1, device_row);
    return read_device(&run, out);
}

static kith_err
ticket_find(void *ctx, const uint8_t *ticket_hash, relay_ticket *out)
{
    KITH_AUTO(store_run) run = {0};
    relay_ticket found = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_TICKET_FIND, &run));
    store_bind_bytes(&run, 1, kith_bytes_of(ticket_hash, PROTO_ID_LEN));
    KITH_TRY(store_relay_row(&run));
    KITH_TRY(store_column_u64(&run, 0, &found.account_row));
    KITH_TRY(store_column_u64(&run, 1, &found.expires_ms));
    KITH_TRY(store_relay_u32(&run, 2, &found.uses_left));
    *out = found;
    return KITH_OK;
}

static kith_err
ticket_save(void *ctx, const uint8_t *ticket_hash, const relay_ticket *ticket)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_TICKET_SAVE, &run));
    store_bind_bytes(&run, 1, kith_bytes_of(ticket_hash, PROTO_ID_LEN));
    store_bind_u64(&run, 2, ticket->account_row);
    store_bind_u64(&run, 3, ticket->expires_ms);
    store_bind_u64(&run, 4, ticket->uses_left);
    return store_run_exec(&run);
}

static kith_err
ticket_count(void *ctx, uint64_t account_row, uint64_t now_ms, uint32_t *out)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(
        STORE_RELAY_FIRST(store_relay_db(ctx), RELAY_SQL_TICKET_COUNT, &run, account_row, now_ms));
    return store_relay_u32(&run, 0, out);
}

void
store_relay_add_accounts(relay_store *port)
{
    port->account_find = account_find;
    port->account_add = account_add;
    port->list_get = list_get;
    port->list_add = list_add;
    port->devices_set = devices_set;
    port->device_find = device_find;
    port->device_get = device_get;
    port->ticket_find = ticket_find;
    port->ticket_save = ticket_save;
    port->ticket_count = ticket_count;
}
