/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Conversations in memory: finding, loading, saving. All records are in memory; an MLS group is loaded when it is
 * needed, and what was used longest ago is dropped again. Groups are written once a transaction, however many
 * messages it took.
 */
#include "core/conv.h"

#include <string.h>

#include "core/record.h"

bool
core_err_is_own(kith_err err)
{
    return err == KITH_ERR_STORE || err == KITH_ERR_NO_MEMORY || err == KITH_ERR_NO_RANDOM ||
           err == KITH_ERR_CRYPTO || err == KITH_ERR_BUSY;
}

kith_bytes
core_conv_key(const core_conv *conv)
{
    return KITH_BYTES(conv->id);
}

/* ---- Finding ---- */

/* Where the conversation is, or would be. */
static size_t
find_position(const core_convs *convs, const uint8_t *id)
{
    size_t low = 0;
    size_t high = convs->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (memcmp(convs->items[middle]->id, id, CORE_CONV_LEN) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

core_conv *
core_conv_find(core *c, const uint8_t id[CORE_CONV_LEN])
{
    const core_convs *convs = c->convs;
    const size_t at = find_position(convs, id);

    if (at < convs->count && memcmp(convs->items[at]->id, id, CORE_CONV_LEN) == 0) {
        return convs->items[at];
    }
    return NULL;
}

kith_err
core_conv_add(core *c, const uint8_t id[CORE_CONV_LEN], core_conv **out)
{
    core_convs *convs = c->convs;
    const size_t at = find_position(convs, id);

    KITH_ENSURE(core_conv_find(c, id) == NULL, KITH_ERR_EXISTS);
    KITH_ENSURE(convs->count < CORE_CHATS_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_mem_grow(c->env.alloc, (void **)&convs->items, &convs->cap, convs->count + 1,
                           sizeof *convs->items));
    core_conv *conv = kith_mem_zalloc(c->env.alloc, 1, sizeof *conv);
    KITH_ENSURE(conv != NULL, KITH_ERR_NO_MEMORY);
    memcpy(conv->id, id, CORE_CONV_LEN);
    conv->roster.alloc = c->env.alloc;
    memmove(&convs->items[at + 1], &convs->items[at], (convs->count - at) * sizeof convs->items[0]);
    convs->items[at] = conv;
    convs->count++;
    *out = conv;
    return KITH_OK;
}

void
core_conv_touch(core *c, core_conv *conv)
{
    core_changed(c);
    conv->is_dirty = true;
}

bool
core_conv_is_live(const core_conv *conv)
{
    return conv->state == CORE_CHAT_OPENING || conv->state == CORE_CHAT_ACTIVE ||
           conv->state == CORE_CHAT_REQUEST;
}

const core_party *
core_roster_find(const core_roster *roster, const uint8_t account[CORE_ACCOUNT_LEN])
{
    for (size_t i = 0; i < roster->count; i++) {
        if (memcmp(roster->items[i].account, account, CORE_ACCOUNT_LEN) == 0) {
            return &roster->items[i];
        }
    }
    return NULL;
}

void
core_roster_done(core_roster *roster)
{
    kith_mem_free(roster->alloc, roster->items, roster->cap * sizeof *roster->items);
    *roster = (core_roster){.alloc = roster->alloc};
}

kith_err
core_jitter(core *c, uint64_t range_ms, uint64_t *at_ms)
{
    uint32_t draw = 0;

    KITH_TRY(core_random(c, (uint8_t *)&draw, sizeof draw));
    *at_ms = c->now_ms + draw % (range_ms + 1);
    return KITH_OK;
}

void
core_conv_pause(core *c, core_conv *conv, const core_answer *answer)
{
    const uint32_t pause = answer->retry_after_ms > 0 ? answer->retry_after_ms : CORE_RETRY_MS;

    conv->pause_ms = c->now_ms + pause;
}

/* ---- Groups ---- */

static void
drop_group(core_convs *convs, core_conv *conv)
{
    if (conv->group != NULL) {
        mls_group_free(conv->group);
        conv->group = NULL;
        convs->loaded--;
    }
}

kith_err
core_conv_load(core *c, core_conv *conv)
{
    KITH_AUTO(kith_buf) secrets = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) tree = {.alloc = c->env.alloc};

    conv->used = ++c->convs->clock;
    if (conv->group != NULL) {
        return KITH_OK;
    }
    KITH_TRY(core_get(c, CORE_TABLE_GROUP, core_conv_key(conv), &secrets));
    KITH_TRY(core_get(c, CORE_TABLE_TREE, core_conv_key(conv), &tree));
    KITH_TRY(mls_group_load_parts(&c->mls, kith_bytes_of_buf(&secrets), kith_bytes_of_buf(&tree),
                                  &conv->group));
    c->convs->loaded++;
    return KITH_OK;
}

kith_err
core_conv_use(core *c, core_conv *conv)
{
    KITH_TRY(core_conv_load(c, conv));
    core_conv_touch(c, conv);
    conv->is_group_dirty = true;
    return KITH_OK;
}

void
core_conv_set_group(core *c, core_conv *conv, mls_group **group)
{
    core_conv_touch(c, conv);
    drop_group(c->convs, conv);
    conv->group = *group;
    *group = NULL;
    c->convs->loaded++;
    conv->used = ++c->convs->clock;
    conv->is_group_dirty = true;
    conv->is_tree_dirty = true;
}

/* ---- Loading ---- */

static void
free_conv(core *c, core_conv *conv)
{
    const kith_alloc *alloc = c->env.alloc;

    drop_group(c->convs, conv);
    core_packs_clear(conv);
    core_roster_done(&conv->roster);
    kith_mem_free(alloc, conv->packs, conv->pack_cap * sizeof *conv->packs);
    kith_mem_free(alloc, conv->wishes, conv->wish_cap * sizeof *conv->wishes);
    kith_mem_free(alloc, conv->items, conv->item_cap * sizeof *conv->items);
    kith_mem_free(alloc, conv, sizeof *conv);
}

void
core_convs_free(core *c)
{
    core_convs *convs = c->convs;

    if (convs == NULL) {
        return;
    }
    for (size_t i = 0; i < convs->count; i++) {
        free_conv(c, convs->items[i]);
    }
    kith_mem_free(c->env.alloc, convs->items, convs->cap * sizeof *convs->items);
    kith_mem_free(c->env.alloc, convs->puts, convs->put_cap * sizeof *convs->puts);
    kith_mem_free(c->env.alloc, convs, sizeof *convs);
    c->convs = NULL;
}

static kith_err
load_records(core *c)
{
    const core_scan scan = {.table = CORE_TABLE_CONV};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    core_conv *conv = NULL;
    kith_err err = KITH_OK;

    while ((err = c->env.store.next(c->env.store.ctx, &scan, &key, &value)) == KITH_OK) {
        KITH_ENSURE(key.len == CORE_CONV_LEN, KITH_ERR_MALFORMED);
        KITH_TRY(core_conv_add(c, key.data, &conv));
        KITH_TRY(core_record_decode(kith_bytes_of_buf(&value), conv));
        if (conv->got_told_n < conv->last_n) {
            core_receipt_due(c, conv);
        }
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static kith_err
load_wishes(core *c)
{
    const core_scan scan = {.table = CORE_TABLE_WISH};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    core_wish wish = {0};
    kith_err err = KITH_OK;

    while ((err = c->env.store.next(c->env.store.ctx, &scan, &key, &value)) == KITH_OK) {
        KITH_ENSURE(key.len == CORE_CONV_LEN + CORE_ACCOUNT_LEN, KITH_ERR_MALFORMED);
        core_conv *conv = core_conv_find(c, key.data);
        KITH_ENSURE(conv != NULL, KITH_ERR_MALFORMED);
        KITH_TRY(core_wish_decode(kith_bytes_of_buf(&value), &wish));
        memcpy(wish.account, key.data + CORE_CONV_LEN, CORE_ACCOUNT_LEN);
        KITH_TRY(kith_mem_grow(c->env.alloc, (void **)&conv->wishes, &conv->wish_cap,
                               conv->wish_count + 1, sizeof *conv->wishes));
        conv->wishes[conv->wish_count++] = wish;
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static kith_err
load_waiting(core *c)
{
    const core_scan scan = {.table = CORE_TABLE_CHANGE};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    core_change_record change = {0};
    kith_err err = KITH_OK;

    while ((err = c->env.store.next(c->env.store.ctx, &scan, &key, &value)) == KITH_OK) {
        KITH_ENSURE(key.len == CORE_CONV_LEN, KITH_ERR_MALFORMED);
        core_conv *conv = core_conv_find(c, key.data);
        KITH_ENSURE(conv != NULL, KITH_ERR_MALFORMED);
        KITH_TRY(core_change_decode(kith_bytes_of_buf(&value), &change));
        conv->waiting = (core_waiting){.is_there = true, .is_proposal = change.is_proposal};
        memcpy(conv->waiting.append_id, change.append_id, CORE_APPEND_LEN);
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

/* A Welcome may lie in the inbox: it is read before anybody is asked to bring this device back. */
static void
wait_for_inbox(core *c)
{
    for (size_t i = 0; i < c->convs->count; i++) {
        c->convs->items[i]->repair_ms = c->now_ms + CORE_INBOX_WAIT_MS;
    }
}

kith_err
core_convs_load(core *c)
{
    c->convs = kith_mem_zalloc(c->env.alloc, 1, sizeof *c->convs);
    KITH_ENSURE(c->convs != NULL, KITH_ERR_NO_MEMORY);
    core_roster_init(c);
    KITH_TRY(load_records(c));
    KITH_TRY(load_wishes(c));
    KITH_TRY(load_waiting(c));
    KITH_TRY(core_outbox_load(c));
    KITH_TRY(core_puts_load(c));
    KITH_TRY(core_inbox_load(c));
    wait_for_inbox(c);
    return core_once_load(c);
}

/* ---- Saving ---- */

static kith_err
save_group(core *c, core_conv *conv)
{
    KITH_AUTO(kith_buf) secrets = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) tree = {.alloc = c->env.alloc};

    KITH_TRY(mls_group_save_parts(conv->group, &secrets, conv->is_tree_dirty ? &tree : NULL));
    KITH_TRY(core_put(c, CORE_TABLE_GROUP, core_conv_key(conv), kith_bytes_of_buf(&secrets)));
    if (conv->is_tree_dirty) {
        KITH_TRY(core_put(c, CORE_TABLE_TREE, core_conv_key(conv), kith_bytes_of_buf(&tree)));
    }
    conv->is_group_dirty = false;
    conv->is_tree_dirty = false;
    return KITH_OK;
}

static kith_err
save_conv(core *c, core_conv *conv)
{
    KITH_AUTO(kith_buf) record = {.alloc = c->env.alloc};

    if (!conv->is_dirty) {
        return KITH_OK;
    }
    KITH_TRY(core_record_encode(&record, conv));
    KITH_TRY(core_put(c, CORE_TABLE_CONV, core_conv_key(conv), kith_bytes_of_buf(&record)));
    if (conv->is_group_dirty) {
        KITH_TRY(save_group(c, conv));
    }
    conv->is_dirty = false;
    return KITH_OK;
}

/* The loaded group that was used longest ago; NULL: none is loaded. */
static core_conv *
find_oldest(const core_convs *convs)
{
    core_conv *oldest = NULL;

    for (size_t i = 0; i < convs->count; i++) {
        core_conv *conv = convs->items[i];
        if (conv->group != NULL && (oldest == NULL || conv->used < oldest->used)) {
            oldest = conv;
        }
    }
    return oldest;
}

static void
trim_groups(core_convs *convs)
{
    while (convs->loaded > CORE_GROUPS_LOADED_MAX) {
        core_conv *oldest = find_oldest(convs);
        if (oldest == NULL) {
            return;
        }
        drop_group(convs, oldest);
    }
}

kith_err
core_convs_save(core *c)
{
    core_convs *convs = c->convs;

    for (size_t i = 0; i < convs->count; i++) {
        KITH_TRY(save_conv(c, convs->items[i]));
    }
    trim_groups(convs);
    return KITH_OK;
}

/* ---- States ---- */

/* Left, or removed before it could be said: whoever wanted to leave has what it wanted. */
static kith_err
end_leave(core *c, core_conv *conv)
{
    const uint64_t op = conv->leave_op;

    conv->is_leaving = false;
    conv->leave_op = 0;
    if (op != 0) {
        KITH_TRY(core_op_done(c, op, KITH_OK));
    }
    return conv->roster.kind == CORE_CHAT_GROUP ? core_control_tell_left(c, conv) : KITH_OK;
}

kith_err
core_conv_set_state(core *c, core_conv *conv, core_chat_state state)
{
    if (conv->state == state) {
        return KITH_OK;
    }
    core_conv_touch(c, conv);
    conv->state = state;
    if (!core_conv_is_live(conv)) {
        c->convs->held_due = true; /* a Welcome that brings this device back may be here already */
    }
    if (state == CORE_CHAT_LEFT || state == CORE_CHAT_DECLINED) {
        conv->sub = CORE_SUB_NONE;
        KITH_TRY(core_change_dropped(c, conv));
        KITH_TRY(core_wishes_settle(c, conv, KITH_ERR_DENIED));
        KITH_TRY(core_outbox_fail(c, conv));
    }
    if (state == CORE_CHAT_LEFT) {
        KITH_TRY(end_leave(c, conv));
    }
    return core_event_chat(c, conv->id);
}

void
core_convs_link_changed(core *c, core_link link)
{
    core_convs *convs = c->convs;

    if (link == CORE_LINK_NAMED) {
        convs->inbox = CORE_SUB_NONE;
        convs->inbox_acking = false;
        wait_for_inbox(c);
        return;
    }
    for (size_t i = 0; i < convs->count; i++) {
        core_conv *conv = convs->items[i];
        conv->sub = conv->sub == CORE_SUB_BLOCKED ? CORE_SUB_BLOCKED : CORE_SUB_NONE;
        conv->is_opening = false;
        conv->is_acking = false;
        conv->is_stale = false;
        conv->look_ms = 0;
        conv->waiting.in_flight = false;
        for (size_t k = 0; k < conv->item_count; k++) {
            conv->items[k].in_flight = false;
        }
    }
    for (size_t i = 0; i < convs->put_count; i++) {
        convs->puts[i].in_flight = false;
    }
}

void
core_conv_due(core_conv *conv)
{
    conv->is_due = true;
    conv->look_ms = 0;
}

/* ---- The pump ---- */

static kith_err
pump_conv(core *c, core_conv *conv)
{
    bool may_speak = false;

    KITH_TRY(core_repair_pump(c, conv));
    if (!core_conv_is_live(conv)) {
        return KITH_OK;
    }
    KITH_TRY(core_receipt_pump(c, conv));
    if (!core_link_ready(c, CORE_LINK_ANON)) {
        return KITH_OK;
    }
    if (!core_is_due(c, conv->pause_ms)) {
        core_wake_at(c, conv->pause_ms);
        return KITH_OK;
    }
    KITH_TRY(core_log_pump(c, conv));
    if (core_is_silent(c)) {
        return KITH_OK;
    }
    KITH_TRY(core_change_pump(c, conv, &may_speak));
    return may_speak ? core_outbox_pump(c, conv) : KITH_OK;
}

kith_err
core_convs_pump(core *c)
{
    if (c->account.state != CORE_ACCOUNT_READY) {
        return KITH_OK;
    }
    c->convs->plans = 0;
    /* Another one first each time: plans are rationed. */
    c->convs->turn++;
    for (size_t i = 0; i < c->convs->count; i++) {
        KITH_TRY(pump_conv(c, c->convs->items[(c->convs->turn + i) % c->convs->count]));
    }
    if (!core_is_silent(c)) {
        KITH_TRY(core_puts_pump(c));
    }
    return core_inbox_pump(c);
}

kith_err
core_convs_push(core *c, uint8_t type, kith_bytes body)
{
    return type == PROTO_ENTRY ? core_log_entry(c, body) : core_inbox_item(c, body);
}
