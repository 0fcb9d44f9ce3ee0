/* SPDX-License-Identifier: MPL-2.0 */
/* Inboxes (docs/wire.md §5) and the expiry of everything, in the writer. */
#include "relay/internal.h"

/* How long to wait before a full inbox is tried again. */
#define FULL_RETRY_MS 60000u

static kith_err
tell_item(const relay_run *run, const relay_device *device, const relay_item *item)
{
    relay_notice *notice = NULL;
    size_t mark = 0;

    KITH_TRY(relay_job_tell(run->job, RELAY_NOTICE_ITEM, device->row, &notice));
    notice->number = item->number;
    KITH_TRY(kith_buf_reserve(&notice->frame, run->job->body.len + PROTO_FRAME_MIN));
    KITH_TRY(proto_frame_open(&notice->frame, PROTO_INBOX_ITEM, 0, &mark));
    return proto_frame_close(&notice->frame, mark,
                             relay_item_encode(true, NULL, item, &notice->frame));
}

static bool
is_full(const relay_device *device, size_t more)
{
    return device->items >= PROTO_INBOX_ITEMS_MAX || device->bytes + more > PROTO_INBOX_BYTES_MAX;
}

static kith_err
put(const relay_run *run, const relay_device *device)
{
    const proto_inbox_put *in = &run->job->in.inbox_put;
    relay_item item = {.number = device->next_item, .time_ms = run->now_ms, .body = in->body};

    const kith_err err = run->store->put_find(run->ctx, device->row, in->put_id);
    if (err == KITH_OK) {
        return KITH_OK; /* a repetition */
    }
    KITH_ENSURE(err == KITH_ERR_NOT_FOUND, err);
    if (is_full(device, in->body.len)) {
        relay_job_refuse(run->job, KITH_ERR_BUSY);
        run->job->retry_ms = FULL_RETRY_MS;
        return KITH_OK;
    }
    relay_copy_id(item.id, in->put_id, PROTO_SHORT_ID_LEN);
    KITH_TRY(run->store->inbox_add(run->ctx, device, &item));
    return tell_item(run, device, &item);
}

kith_err
relay_run_inbox_put(const relay_run *run)
{
    const proto_inbox_put *in = &run->job->in.inbox_put;
    relay_account account = {0};
    relay_device device = {0};

    kith_err err = run->store->account_find(run->ctx, in->account_id, &account);
    if (err == KITH_OK) {
        err = run->store->device_find(run->ctx, account.row, in->device_id, &device);
    }
    if (err == KITH_OK && !device.is_listed) {
        err = KITH_ERR_NOT_FOUND;
    }
    if (err == KITH_ERR_NOT_FOUND) {
        relay_job_refuse(run->job, err);
        return KITH_OK;
    }
    KITH_TRY(err);
    return put(run, &device);
}

kith_err
relay_run_inbox_ack(const relay_run *run)
{
    const uint64_t id = run->job->in.inbox_ack.id;
    relay_device asker = {0};
    bool is_listed = false;

    KITH_TRY(relay_run_asker(run, &asker, &is_listed));
    if (!is_listed) {
        return KITH_OK;
    }
    const uint64_t last = id < asker.next_item ? id : asker.next_item - 1;
    return run->store->inbox_delete(run->ctx, asker.row, last);
}

/* ---- Expiry ---- */

static uint64_t
before_of(relay_aged what, uint64_t now_ms)
{
    const uint64_t keep_ms = (uint64_t)PROTO_KEEP_SECONDS * 1000;

    if (what == RELAY_AGED_TICKETS) {
        return now_ms;
    }
    return now_ms > keep_ms ? now_ms - keep_ms : 0;
}

kith_err
relay_run_expire(const relay_run *run)
{
    KITH_TRY(relay_run_expire_rdv(run));
    for (relay_aged what = 0; what < RELAY_AGED_COUNT; what++) {
        bool left = false;
        KITH_TRY(run->store->expire(run->ctx, what, before_of(what, run->now_ms), &left));
        run->job->has_more = run->job->has_more || left;
    }
    if (run->seal != NULL) {
        relay_seal_beat(run->seal, run->now_ms);
    }
    return KITH_OK;
}
