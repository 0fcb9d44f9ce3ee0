/* SPDX-License-Identifier: MPL-2.0 */
/* Inboxes of devices in the server's store. */
#include "store/relay_parts.h"

static kith_err
put_add(store_db *db, uint64_t device_row, const relay_item *item)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(db, RELAY_SQL_PUT_ADD, &run));
    store_bind_u64(&run, 1, device_row);
    store_bind_bytes(&run, 2, KITH_BYTES(item->id));
    store_bind_u64(&run, 3, item->time_ms);
    return store_run_exec(&run);
}

static kith_err
inbox_add(void *ctx, const relay_device *device, const relay_item *item)
{
    KITH_AUTO(store_run) run = {0};
    store_db *db = store_relay_db(ctx);

    KITH_TRY(put_add(db, device->row, item));
    KITH_TRY(store_run_start(db, RELAY_SQL_ITEM_ADD, &run));
    store_bind_u64(&run, 1, device->row);
    store_bind_u64(&run, 2, item->number);
    store_bind_u64(&run, 3, item->time_ms);
    store_bind_bytes(&run, 4, KITH_BYTES(item->id));
    store_bind_bytes(&run, 5, item->body);
    const kith_err err = store_run_exec(&run);
    KITH_ENSURE(err != KITH_ERR_EXISTS, KITH_ERR_MALFORMED); /* a number twice: damaged */
    KITH_TRY(err);
    return STORE_RELAY_EXEC(db, RELAY_SQL_DEVICE_ADDED, device->row, item->number + 1,
                            item->body.len);
}

static kith_err
put_find(void *ctx, uint64_t device_row, const uint8_t *put_id)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(store_relay_db(ctx), RELAY_SQL_PUT_FIND, &run));
    store_bind_u64(&run, 1, device_row);
    store_bind_bytes(&run, 2, kith_bytes_of(put_id, PROTO_SHORT_ID_LEN));
    return store_relay_row(&run);
}

static kith_err
inbox_delete(void *ctx, uint64_t device_row, uint64_t number)
{
    KITH_AUTO(store_run) run = {0};
    store_db *db = store_relay_db(ctx);
    uint64_t items = 0;
    uint64_t bytes = 0;
    uint64_t len = 0;

    kith_err err = STORE_RELAY_FIRST(db, RELAY_SQL_ITEMS_DELETE, &run, device_row, number);
    while (err == KITH_OK) {
        KITH_TRY(store_column_u64(&run, 0, &len));
        items++;
        bytes += len;
        err = store_relay_row(&run);
    }
    KITH_ENSURE(err == KITH_ERR_NOT_FOUND, err);
    store_run_done(&run);
    return items == 0 ? KITH_OK
                      : STORE_RELAY_EXEC(db, RELAY_SQL_DEVICE_FREED, device_row, items, bytes);
}

void
store_relay_add_inboxes(relay_store *port)
{
    port->inbox_add = inbox_add;
    port->put_find = put_find;
    port->inbox_delete = inbox_delete;
}
