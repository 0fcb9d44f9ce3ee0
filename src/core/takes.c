/* SPDX-License-Identifier: MPL-2.0 */
/* Key packages of other devices, taken to bring them into a conversation: one request for all of an account's. */
#include <string.h>

#include "core/identity.h"

static bool
is_same(const core_device_ref *a, const core_device_ref *b)
{
    return memcmp(a->account, b->account, sizeof a->account) == 0 &&
           memcmp(a->device, b->device, sizeof a->device) == 0;
}

kith_err
core_package_want(core *c, const core_device_ref *device)
{
    core_take_wishes *wishes = &c->identity->take_wishes;
    void *items = wishes->items;

    for (size_t i = 0; i < wishes->count; i++) {
        if (is_same(&wishes->items[i].device, device)) {
            return KITH_OK;
        }
    }
    KITH_TRY(kith_mem_grow(c->env.alloc, &items, &wishes->cap, wishes->count + 1,
                           sizeof *wishes->items));
    wishes->items = items;
    wishes->items[wishes->count++] = (core_take_wish){.device = *device};
    c->activity++;
    return KITH_OK;
}

/* The package of that device in the answer; empty: none. */
static kith_err
find_package(kith_bytes packages, const uint8_t device[CORE_DEVICE_LEN], kith_bytes *out)
{
    kith_reader r = kith_reader_of(packages);
    kith_bytes found = {0};

    while (!kith_reader_done(&r)) {
        proto_package package = {0};
        KITH_TRY(proto_package_next(&r, &package));
        if (found.len == 0 && memcmp(package.device_id, device, CORE_DEVICE_LEN) == 0) {
            found = package.key_package;
        }
    }
    *out = found;
    return KITH_OK;
}

/* Takes one wish of the batch out of the list; false: there is none left. */
static bool
take_wish(core_take_wishes *wishes, uint64_t batch, core_device_ref *out)
{
    for (size_t i = 0; i < wishes->count; i++) {
        if (wishes->items[i].batch == batch) {
            *out = wishes->items[i].device;
            wishes->items[i] = wishes->items[--wishes->count];
            return true;
        }
    }
    return false;
}

static void
postpone(core_take_wishes *wishes, uint64_t batch, uint64_t not_before_ms)
{
    for (size_t i = 0; i < wishes->count; i++) {
        if (wishes->items[i].batch == batch) {
            wishes->items[i].batch = 0;
            wishes->items[i].not_before_ms = not_before_ms;
        }
    }
}

static kith_err
on_taken(core *c, const core_tag *tag, const core_answer *answer)
{
    core_take_wishes *wishes = &c->identity->take_wishes;
    proto_kp_take_answer taken = {0};
    core_device_ref device = {0};

    if (answer->err == KITH_ERR_OFFLINE) {
        postpone(wishes, tag->n, 0);
        return KITH_OK;
    }
    if (answer->err == KITH_ERR_BUSY || answer->err == KITH_ERR_STORE) {
        postpone(wishes, tag->n, core_pause_after(c, answer));
        return KITH_OK;
    }
    if (answer->err == KITH_OK) {
        KITH_TRY(proto_kp_take_answer_decode(answer->body, &taken));
    }
    while (take_wish(wishes, tag->n, &device)) {
        kith_bytes package = {0};
        KITH_TRY(find_package(taken.packages, device.device, &package));
        c->activity++;
        KITH_TRY(core_conv_on_package(c, &device, package, answer->err));
    }
    return KITH_OK;
}

/* All that are wanted of this account go into one request. */
static kith_err
send_batch(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    core_take_wishes *wishes = &c->identity->take_wishes;
    KITH_AUTO(kith_buf) devices = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    proto_kp_take take = {0};
    const uint64_t batch = ++wishes->last_batch;

    memcpy(take.account_id, account, sizeof take.account_id);
    for (size_t i = 0; i < wishes->count; i++) {
        core_take_wish *wish = &wishes->items[i];
        if (wish->batch == 0 && devices.len < PROTO_DEVICES_MAX * CORE_DEVICE_LEN &&
            memcmp(wish->device.account, take.account_id, sizeof take.account_id) == 0) {
            KITH_TRY(kith_buf_append(&devices, KITH_BYTES(wish->device.device)));
            wish->batch = batch;
        }
    }
    take.device_ids = kith_bytes_of_buf(&devices);
    KITH_TRY(proto_kp_take_encode(&body, &take));
    return core_link_request(c, &(core_request){.link = CORE_LINK_ANON,
                                                .type = PROTO_KP_TAKE,
                                                .body = kith_bytes_of_buf(&body),
                                                .tag = {.n = batch},
                                                .answer = on_taken});
}

kith_err
core_takes_pump(core *c)
{
    const core_take_wishes *wishes = &c->identity->take_wishes;

    for (size_t i = 0; i < wishes->count; i++) {
        const core_take_wish *wish = &wishes->items[i];
        if (wish->batch != 0) {
            continue;
        }
        if (!core_is_due(c, wish->not_before_ms)) {
            core_wake_at(c, wish->not_before_ms);
        } else if (core_link_ready(c, CORE_LINK_ANON) && core_link_has_room(c, CORE_LINK_ANON)) {
            KITH_TRY(send_batch(c, wish->device.account));
        }
    }
    return KITH_OK;
}
