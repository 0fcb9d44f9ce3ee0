/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The own devices: changes of the own list, signed here and published, one after the other. When another own device
 * was faster, its list is fetched and the change made anew on top.
 */
#include <string.h>

#include "core/identity.h"

/* ---- Operations, in memory and in the store ---- */

static kith_err
save_op(core *c, const core_list_op *op)
{
    const core_key key = core_key_u64((kith_bytes){0}, op->op);
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(&value);

    KITH_TRY(kith_write_u8(&w, CORE_OP_LIST));
    KITH_TRY(kith_write_bool(&w, op->is_add));
    KITH_TRY(kith_write_bool(&w, op->is_inner));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(op->device)));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(op->key)));
    KITH_TRY(kith_write_u64(&w, op->added_ms));
    KITH_TRY(kith_write_vec16(&w, kith_bytes_of_buf(&op->list)));
    return core_put(c, CORE_TABLE_OP, core_key_bytes(&key), kith_bytes_of_buf(&value));
}

static kith_err
append_op(core *c, core_list_op *op)
{
    core_list_ops *ops = &c->identity->list_ops;
    void *items = ops->items;

    KITH_TRY(kith_mem_grow(c->env.alloc, &items, &ops->cap, ops->count + 1, sizeof *ops->items));
    ops->items = items;
    ops->items[ops->count++] = *op;
    *op = (core_list_op){0};
    return KITH_OK;
}

static void
list_op_done(core_list_op *op)
{
    kith_buf_done(&op->list);
}
typedef core_list_op list_op;

kith_err
core_list_op_load(core *c, uint64_t number, kith_bytes fields)
{
    KITH_AUTO(list_op) op = {.op = number, .list.alloc = c->env.alloc};
    kith_reader r = kith_reader_of(fields);
    kith_bytes list = {0};

    KITH_TRY(kith_read_bool(&r, &op.is_add));
    KITH_TRY(kith_read_bool(&r, &op.is_inner));
    KITH_TRY(kith_read_copy(&r, op.device, sizeof op.device));
    KITH_TRY(kith_read_copy(&r, op.key, sizeof op.key));
    KITH_TRY(kith_read_u64(&r, &op.added_ms));
    KITH_TRY(kith_read_vec16(&r, &list));
    KITH_TRY(kith_reader_finish(&r));
    if (op.is_inner) {
        c->identity->lost_list_op = number;
        return KITH_OK;
    }
    KITH_TRY(kith_buf_set(&op.list, list));
    return append_op(c, &op);
}

void
core_list_ops_done(core *c)
{
    core_list_ops *ops = &c->identity->list_ops;

    for (size_t i = 0; i < ops->count; i++) {
        list_op_done(&ops->items[i]);
    }
    kith_mem_free(c->env.alloc, ops->items, ops->cap * sizeof *ops->items);
    *ops = (core_list_ops){0};
}

/* The first operation is over. */
static kith_err
finish_op(core *c, kith_err err)
{
    core_list_ops *ops = &c->identity->list_ops;
    core_list_op op = ops->items[0];
    const core_key key = core_key_u64((kith_bytes){0}, op.op);

    list_op_done(&op);
    ops->count--;
    memmove(&ops->items[0], &ops->items[1], ops->count * sizeof *ops->items);
    KITH_TRY(core_erase(c, CORE_TABLE_OP, core_key_bytes(&key)));
    return op.is_inner ? core_pair_on_listed(c, err) : core_op_done(c, op.op, err);
}

/* ---- The list changes ---- */

static kith_err
newest_list(core *c, kith_buf *bytes, proto_list *out)
{
    KITH_TRY(core_list_get_newest(c, c->account.account, bytes));
    return proto_list_decode(kith_bytes_of_buf(bytes), out);
}

static kith_err
become_removed(core *c)
{
    core_event event = {.kind = CORE_EVENT_ACCOUNT};

    c->account.state = CORE_ACCOUNT_REMOVED;
    memcpy(event.account, c->account.account, sizeof event.account);
    KITH_TRY(core_account_save(c));
    return core_event_add(c, &event);
}

static kith_err
say_devices(core *c)
{
    core_event event = {.kind = CORE_EVENT_DEVICES, .n = c->account.list_version};

    if (c->identity->told_version == c->account.list_version) {
        return KITH_OK;
    }
    c->identity->told_version = c->account.list_version;
    return core_event_add(c, &event);
}

/* The server refused the login although the device is on the list that it shows. */
static kith_err
explain_refusal(core *c)
{
    if (!c->identity->is_login_refused) {
        return KITH_OK;
    }
    c->identity->is_login_refused = false;
    KITH_TRY(core_event_alarm(c, NULL, c->account.account, "login"));
    core_link_give_up(c, CORE_LINK_NAMED);
    return KITH_OK;
}

kith_err
core_devices_on_list(core *c, kith_err err)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    proto_list list = {0};

    if (c->account.state != CORE_ACCOUNT_READY) {
        return KITH_OK;
    }
    if (err == KITH_OK) {
        KITH_TRY(newest_list(c, &bytes, &list));
        KITH_TRY(say_devices(c));
        if (proto_list_find(&list, c->account.device) == NULL) {
            return become_removed(c);
        }
    }
    KITH_TRY(explain_refusal(c));
    return core_conv_on_list(c, c->account.account, err);
}

/* ---- Publishing ---- */

/* Devices of the list after the change. LIMIT: too many; DENIED: none would be left. */
static kith_err
change_devices(const proto_list *list, const core_list_op *op, proto_device *devices, size_t *count)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->device_count; i++) {
        if (op->is_add || memcmp(list->devices[i].device_id, op->device, sizeof op->device) != 0) {
            devices[kept++] = list->devices[i];
        }
    }
    if (op->is_add) {
        KITH_ENSURE(kept < PROTO_DEVICES_MAX, KITH_ERR_LIMIT);
        devices[kept++] = (proto_device){
            .signature_key = KITH_BYTES(op->key),
            .added_ms = op->added_ms,
        };
    }
    KITH_ENSURE(kept > 0, KITH_ERR_DENIED);
    *count = kept;
    return KITH_OK;
}

static kith_err
sign_list(core *c, core_list_op *op, kith_bytes previous, const proto_list *list)
{
    proto_device devices[PROTO_DEVICES_MAX];
    proto_list_draft draft = {
        .account_key = c->account_key,
        .previous = previous,
        .devices = devices,
        .issued_ms = core_time_ms(c),
    };

    KITH_TRY(change_devices(list, op, devices, &draft.device_count));
    core_changed(c);
    kith_buf_clear(&op->list);
    KITH_TRY(proto_list_make(c->env.crypto, &draft, &op->list));
    return save_op(c, op);
}

static kith_err on_list_put(core *c, const core_tag *tag, const core_answer *answer);

static kith_err
send_list(core *c, const core_list_op *op)
{
    const proto_list_put put = {.list = kith_bytes_of_buf(&op->list)};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};

    if (!core_link_ready(c, CORE_LINK_NAMED) || !core_link_has_room(c, CORE_LINK_NAMED)) {
        return KITH_OK;
    }
    KITH_TRY(proto_list_put_encode(&body, &put));
    KITH_TRY(core_link_request(c, &(core_request){.link = CORE_LINK_NAMED,
                                                  .type = PROTO_LIST_PUT,
                                                  .body = kith_bytes_of_buf(&body),
                                                  .tag = {.n = op->op},
                                                  .answer = on_list_put}));
    c->identity->list_ops.in_flight = true;
    return KITH_OK;
}

/* The list was published: by an answer, or because it is what the server has. */
static kith_err
take_own_list(core *c, const core_list_op *op)
{
    const kith_err err = core_list_accept(c, c->account.account, kith_bytes_of_buf(&op->list));

    if (err != KITH_ERR_EXISTS) {
        KITH_TRY(err);
        KITH_TRY(core_devices_on_list(c, KITH_OK));
    }
    return finish_op(c, KITH_OK);
}

static kith_err
on_list_put(core *c, const core_tag *tag, const core_answer *answer)
{
    core_list_ops *ops = &c->identity->list_ops;

    ops->in_flight = false;
    if (ops->count == 0 || ops->items[0].op != tag->n) {
        return KITH_OK;
    }
    switch (answer->err) {
    case KITH_OK:
        KITH_TRY(proto_empty_decode(answer->body));
        return take_own_list(c, &ops->items[0]);
    case KITH_ERR_EXISTS:
        return take_own_list(c, &ops->items[0]);
    case KITH_ERR_OFFLINE:
        return KITH_OK;
    case KITH_ERR_BUSY:
    case KITH_ERR_STORE:
        ops->not_before_ms = core_pause_after(c, answer);
        return KITH_OK;
    case KITH_ERR_CONFLICT:
    case KITH_ERR_REJECTED:
        ops->items[0].is_refused = true;
        return core_list_want(c, c->account.account, 0);
    default:
        return finish_op(c, answer->err);
    }
}

/* Whether the signed list still follows the newest one; when it does not, it is signed anew. */
static kith_err
renew_op(core *c, core_list_op *op, bool *over)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    proto_list newest = {0};
    proto_list signed_list = {0};

    KITH_TRY(newest_list(c, &bytes, &newest));
    const bool is_there = proto_list_find(&newest, op->device) != NULL;
    if (is_there == op->is_add) {
        *over = true;
        return finish_op(c, KITH_OK);
    }
    if (op->list.len > 0) {
        KITH_TRY(proto_list_decode(kith_bytes_of_buf(&op->list), &signed_list));
    }
    const bool follows = signed_list.version == newest.version + 1;
    if (follows && op->is_refused) {
        *over = true;
        return finish_op(c, KITH_ERR_REJECTED);
    }
    op->is_refused = false;
    return follows ? KITH_OK : sign_list(c, op, kith_bytes_of_buf(&bytes), &newest);
}

static kith_err
pump_op(core *c)
{
    core_list_ops *ops = &c->identity->list_ops;
    bool over = false;

    const kith_err err = renew_op(c, &ops->items[0], &over);
    if (err == KITH_ERR_LIMIT || err == KITH_ERR_DENIED) {
        return finish_op(c, err);
    }
    KITH_TRY(err);
    return over ? KITH_OK : send_list(c, &ops->items[0]);
}

kith_err
core_devices_pump(core *c)
{
    core_list_ops *ops = &c->identity->list_ops;

    if (ops->count == 0 || ops->in_flight || core_list_is_wanted(c, c->account.account)) {
        return KITH_OK;
    }
    if (!core_is_due(c, ops->not_before_ms)) {
        core_wake_at(c, ops->not_before_ms);
        return KITH_OK;
    }
    return pump_op(c);
}

/* ---- Commands and queries ---- */

static kith_err
begin_op(core *c, core_list_op *op)
{
    op->op = core_op_new(c);
    op->list.alloc = c->env.alloc;
    KITH_TRY(save_op(c, op));
    return append_op(c, op);
}

kith_err
core_device_add(core *c, kith_bytes key)
{
    core_list_op op = {.is_add = true, .is_inner = true, .added_ms = core_time_ms(c)};

    KITH_ENSURE(key.len == sizeof op.key, KITH_ERR_MALFORMED);
    memcpy(op.key, key.data, sizeof op.key);
    KITH_TRY(proto_device_id(c->env.crypto, key, op.device));
    return begin_op(c, &op);
}

kith_err
core_device_add_cancel(core *c)
{
    core_list_ops *ops = &c->identity->list_ops;

    for (size_t i = 0; i < ops->count; i++) {
        core_list_op op = ops->items[i];
        const core_key key = core_key_u64((kith_bytes){0}, op.op);
        if (op.is_inner && !(i == 0 && ops->in_flight)) {
            ops->count--;
            memmove(&ops->items[i], &ops->items[i + 1], (ops->count - i) * sizeof op);
            list_op_done(&op);
            return core_erase(c, CORE_TABLE_OP, core_key_bytes(&key));
        }
    }
    return KITH_OK;
}

static kith_err
remove_device(core *c, const uint8_t device[CORE_DEVICE_LEN], uint64_t *number)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    proto_list list = {0};
    core_list_op op = {0};

    KITH_TRY(newest_list(c, &bytes, &list));
    KITH_ENSURE(proto_list_find(&list, device) != NULL, KITH_ERR_NOT_FOUND);
    memcpy(op.device, device, sizeof op.device);
    KITH_TRY(begin_op(c, &op));
    *number = c->next_op - 1;
    return KITH_OK;
}

kith_err
core_device_remove(core *c, const uint8_t device[CORE_DEVICE_LEN], uint64_t now_ms, uint64_t *op)
{
    uint64_t number = 0;

    KITH_TRY(core_query(c));
    KITH_ENSURE(c->account.state == CORE_ACCOUNT_READY, KITH_ERR_DENIED);
    KITH_ENSURE(memcmp(device, c->account.device, CORE_DEVICE_LEN) != 0, KITH_ERR_DENIED);
    KITH_TRY(core_txn_begin(c, now_ms));
    KITH_TRY(core_txn_end(c, remove_device(c, device, &number)));
    *op = number;
    return KITH_OK;
}

kith_err
core_device_name_set(core *c, const uint8_t device[CORE_DEVICE_LEN], kith_bytes name)
{
    return core_put(c, CORE_TABLE_DEVICE_NAME, kith_bytes_of(device, CORE_DEVICE_LEN), name);
}

kith_err
core_device_names_export(core *c, kith_buf *out)
{
    const core_scan scan = {.table = CORE_TABLE_DEVICE_NAME};
    KITH_AUTO(kith_buf) device = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(out);

    for (;;) {
        KITH_AUTO(kith_buf) name = {.alloc = c->env.alloc};
        const kith_err err = c->env.store.next(c->env.store.ctx, &scan, &device, &name);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        KITH_TRY(kith_write_vec8(&w, kith_bytes_of_buf(&device)));
        KITH_TRY(kith_write_vec8(&w, kith_bytes_of_buf(&name)));
    }
}

kith_err
core_device_names_import(core *c, kith_bytes blob)
{
    kith_reader r = kith_reader_of(blob);

    while (!kith_reader_done(&r)) {
        kith_bytes device = {0};
        kith_bytes name = {0};
        KITH_TRY(kith_read_vec8(&r, &device));
        KITH_TRY(kith_read_vec8(&r, &name));
        KITH_ENSURE(device.len == CORE_DEVICE_LEN, KITH_ERR_MALFORMED);
        KITH_TRY(core_device_name_set(c, device.data, name));
    }
    return KITH_OK;
}

static void
read_device_name(core *c, const uint8_t device[CORE_DEVICE_LEN], char out[CORE_NAME_MAX + 1])
{
    KITH_AUTO(kith_buf) name = {.alloc = c->env.alloc};

    /* A device whose name is not known here is shown without one. */
    kith_ignore(core_get(c, CORE_TABLE_DEVICE_NAME, kith_bytes_of(device, CORE_DEVICE_LEN), &name));
    core_name_set(out, kith_bytes_of_buf(&name));
}

bool
core_device_next(core *c, uint32_t *cursor, core_device *out)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    core_device device = {0};
    proto_list list = {0};

    if (core_query(c) != KITH_OK || newest_list(c, &bytes, &list) != KITH_OK ||
        *cursor >= list.device_count) {
        return false;
    }
    const proto_device *found = &list.devices[*cursor];
    memcpy(device.device, found->device_id, sizeof device.device);
    device.added_ms = found->added_ms;
    device.is_this = memcmp(device.device, c->account.device, sizeof device.device) == 0;
    read_device_name(c, device.device, device.name);
    (*cursor)++;
    *out = device;
    return true;
}
