/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Who should be in a conversation and is not, and the reverse: the newest known lists of the wanted accounts against
 * the leaves of the epoch. Looked at twice: whether something must change at all, and only then with which packages,
 * since a package that was taken cannot be given back.
 */
#include <string.h>

#include "core/conv.h"

void
core_plan_done(core_plan *plan)
{
    kith_mem_free(plan->alloc, plan->entries, plan->entry_cap * sizeof *plan->entries);
    kith_mem_free(plan->alloc, plan->adds, plan->add_cap * sizeof *plan->adds);
    kith_mem_free(plan->alloc, plan->removes, plan->remove_cap * sizeof *plan->removes);
    kith_mem_free(plan->alloc, plan->kept, plan->kept_cap * sizeof *plan->kept);
    *plan = (core_plan){0};
}

/* ---- Packages ---- */

core_pack *
core_pack_find(core_conv *conv, const uint8_t device[CORE_DEVICE_LEN])
{
    for (size_t i = 0; i < conv->pack_count; i++) {
        if (memcmp(conv->packs[i].device.device, device, CORE_DEVICE_LEN) == 0) {
            return &conv->packs[i];
        }
    }
    return NULL;
}

void
core_packs_clear(core_conv *conv)
{
    for (size_t i = 0; i < conv->pack_count; i++) {
        kith_buf_done(&conv->packs[i].package);
    }
    conv->pack_count = 0;
}

/* The package of a device, asked for if it is not here. */
static kith_err
want_pack(core *c, core_conv *conv, const core_device_ref *device, core_pack **out)
{
    core_pack *pack = core_pack_find(conv, device->device);

    if (pack == NULL) {
        KITH_TRY(kith_mem_grow(c->env.alloc, (void **)&conv->packs, &conv->pack_cap,
                               conv->pack_count + 1, sizeof *conv->packs));
        pack = &conv->packs[conv->pack_count++];
        *pack = (core_pack){.device = *device, .package = {.alloc = c->env.alloc}};
    }
    if (pack->state == CORE_PACK_MISSING && core_is_due(c, pack->retry_ms)) {
        pack->state = CORE_PACK_WANTED;
    }
    if (pack->state == CORE_PACK_WANTED) {
        KITH_TRY(core_package_want(c, device));
    }
    *out = pack;
    return KITH_OK;
}

/* ---- One account ---- */

bool
core_device_is_young(const core *c, const proto_device *device)
{
    const uint64_t now = core_time_ms(c);

    return now < device->added_ms || now - device->added_ms < CORE_LINKED_MS;
}

/* An account as the next epoch would have it. */
typedef struct target {
    const uint8_t *account;
    uint64_t bound; /* 0: it is not in the epoch */
    bool is_own;
    kith_buf bytes;
    proto_list list;
    kith_buf bound_bytes;
    size_t new_devices; /* on the list, without a leaf */
    size_t waiting; /* of these: whose package was asked for */
    size_t rejoining; /* of these: whose old leaf goes */
    bool has_young; /* a new device that was linked a short time ago */
    bool drops; /* the list lacks a device that has a leaf */
} target;

static void
target_done(target *t)
{
    kith_buf_done(&t->bytes);
    kith_buf_done(&t->bound_bytes);
}

static kith_err
load_list(core *c, target *t, uint64_t version)
{
    kith_buf_clear(&t->bytes);
    KITH_TRY(core_list_get(c, t->account, version, &t->bytes));
    return proto_list_decode(kith_bytes_of_buf(&t->bytes), &t->list);
}

static bool
is_rejoining(const core_conv *conv, const uint8_t *device)
{
    for (size_t i = 0; i < conv->rejoin_count; i++) {
        if (memcmp(conv->rejoins[i], device, CORE_DEVICE_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static bool
has_leaf(const core_conv *conv, const proto_device *device, uint32_t *leaf)
{
    mls_member member;

    if (mls_epoch_member_find(mls_group_epoch(conv->group), device->signature_key, &member) !=
        KITH_OK) {
        return false;
    }
    *leaf = member.leaf_index;
    return true;
}

/* Whether a device of the bound list is not on the newest one. */
static kith_err
look_for_drops(core *c, target *t)
{
    proto_list before;

    if (t->bound == 0 || t->bound == t->list.version) {
        return KITH_OK;
    }
    KITH_TRY(core_list_get(c, t->account, t->bound, &t->bound_bytes));
    KITH_TRY(proto_list_decode(kith_bytes_of_buf(&t->bound_bytes), &before));
    for (size_t i = 0; i < before.device_count; i++) {
        t->drops = t->drops || proto_list_find(&t->list, before.devices[i].device_id) == NULL;
    }
    return KITH_OK;
}

static void
note_retry(core_plan *plan, const core_pack *pack)
{
    if (pack->state == CORE_PACK_MISSING &&
        (plan->retry_ms == 0 || pack->retry_ms < plan->retry_ms)) {
        plan->retry_ms = pack->retry_ms;
    }
}

static kith_err
count_new(core *c, core_conv *conv, core_plan *plan, target *t)
{
    for (size_t i = 0; i < t->list.device_count; i++) {
        core_device_ref ref;
        core_pack *pack = NULL;
        uint32_t leaf = 0;
        const bool is_back = is_rejoining(conv, t->list.devices[i].device_id);
        if (has_leaf(conv, &t->list.devices[i], &leaf) && !is_back) {
            continue;
        }
        t->new_devices++;
        t->has_young = t->has_young || core_device_is_young(c, &t->list.devices[i]);
        t->rejoining += is_back ? 1 : 0;
        if (!plan->is_collecting) {
            continue;
        }
        memcpy(ref.account, t->account, sizeof ref.account);
        memcpy(ref.device, t->list.devices[i].device_id, sizeof ref.device);
        KITH_TRY(want_pack(c, conv, &ref, &pack));
        t->waiting += pack->state == CORE_PACK_WANTED ? 1 : 0;
        note_retry(plan, pack);
    }
    return KITH_OK;
}

static kith_err
keep_leaf(core_plan *plan, uint32_t leaf)
{
    KITH_TRY(kith_mem_grow(plan->alloc, (void **)&plan->kept, &plan->kept_cap, plan->kept_count + 1,
                           sizeof *plan->kept));
    plan->kept[plan->kept_count++] = leaf;
    return KITH_OK;
}

static kith_err
add_pack(core_plan *plan, size_t pack)
{
    KITH_TRY(kith_mem_grow(plan->alloc, (void **)&plan->adds, &plan->add_cap, plan->add_count + 1,
                           sizeof *plan->adds));
    plan->adds[plan->add_count++] = pack;
    return KITH_OK;
}

/* The account stands in the next epoch as `t->list` says, without the devices that no package was to be had for. */
static kith_err
take_target(core *c, core_conv *conv, core_plan *plan, const target *t)
{
    size_t leaves = 0;

    for (size_t i = 0; i < t->list.device_count; i++) {
        const uint8_t *device = t->list.devices[i].device_id;
        const core_pack *pack = core_pack_find(conv, device);
        const bool is_here = pack != NULL && pack->state == CORE_PACK_HERE;
        uint32_t leaf = 0;
        if (has_leaf(conv, &t->list.devices[i], &leaf) &&
            !(is_here && is_rejoining(conv, device))) {
            KITH_TRY(keep_leaf(plan, leaf));
            leaves++;
        } else if (is_here) {
            KITH_TRY(add_pack(plan, (size_t)(pack - conv->packs)));
            leaves++;
        }
    }
    if (leaves == 0) {
        return KITH_OK; /* an account that cannot be brought in yet */
    }
    KITH_TRY(kith_mem_grow(plan->alloc, (void **)&plan->entries, &plan->entry_cap,
                           plan->entry_count + 1, sizeof *plan->entries));
    KITH_TRY(core_roster_entry(c, t->account, t->list.version, &plan->entries[plan->entry_count]));
    plan->entry_count++;
    return KITH_OK;
}

static void
note_need(core_plan *plan, const core_conv *conv, const target *t)
{
    const bool is_first = conv->epoch == 0;
    const bool is_own_new = t->is_own && t->new_devices > 0;

    if (t->drops || is_own_new || t->rejoining > 0 || (t->bound == 0 && t->new_devices > 0)) {
        plan->is_due = true;
    }
    /* What one's own devices are told is lost for a device that comes later. */
    if (t->drops || (is_first && t->new_devices > 0) ||
        (is_own_new && conv->roster.kind == CORE_CHAT_OWN && t->has_young)) {
        plan->is_must = true;
    }
    if (t->drops || t->rejoining > 0 || (is_own_new && t->list.device_count - t->new_devices > 1)) {
        plan->is_shared = true;
    }
}

static kith_err
look_at_target(core *c, core_conv *conv, core_plan *plan, target *t)
{
    KITH_TRY(load_list(c, t, core_list_newest(c, t->account)));
    KITH_TRY(look_for_drops(c, t));
    KITH_TRY(count_new(c, conv, plan, t));
    if (!plan->is_collecting) {
        note_need(plan, conv, t);
        return KITH_OK;
    }
    if (t->waiting > 0) {
        plan->is_missing = true;
        return KITH_OK;
    }
    return take_target(c, conv, plan, t);
}

static kith_err
look_at(core *c, core_conv *conv, core_plan *plan, const uint8_t *account, uint64_t bound)
{
    KITH_AUTO(target) t = {.account = account,
                           .bound = bound,
                           .is_own = core_account_is_own(c, account),
                           .bytes = {.alloc = c->env.alloc},
                           .bound_bytes = {.alloc = c->env.alloc}};

    return look_at_target(c, conv, plan, &t);
}

/* ---- All accounts ---- */

/* An account that is to come: its list must be the newest one there is. */
static kith_err
look_at_wish(core *c, core_conv *conv, core_plan *plan, core_wish *wish)
{
    if (wish->change != CORE_MEMBER_ADD || core_roster_find(&conv->roster, wish->account) != NULL) {
        return KITH_OK;
    }
    if (!wish->is_listed) {
        plan->is_due = true;
        plan->is_missing = true;
        plan->is_must = plan->is_must || conv->epoch == 0;
        if (wish->is_asked) {
            return KITH_OK;
        }
        wish->is_asked = true;
        return core_list_want(c, wish->account, 0);
    }
    if (core_list_newest(c, wish->account) == 0) {
        plan->is_must = plan->is_must || conv->epoch == 0;
        return KITH_OK;
    }
    return look_at(c, conv, plan, wish->account, 0);
}

static bool
has_account(const kith_buf *accounts, const uint8_t *account)
{
    for (size_t at = 0; at < accounts->len; at += CORE_ACCOUNT_LEN) {
        if (memcmp(accounts->data + at, account, CORE_ACCOUNT_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static kith_err
look_at_all(core *c, core_conv *conv, core_plan *plan, const kith_buf *leavers)
{
    for (size_t i = 0; i < conv->roster.count; i++) {
        const core_party *party = &conv->roster.items[i];
        const core_wish *wish = core_wish_find(conv, party->account);
        const bool is_wished_away = wish != NULL && wish->change == CORE_MEMBER_REMOVE;
        if (has_account(leavers, party->account) || is_wished_away) {
            plan->is_due = true;
            plan->is_must = true;
            plan->is_shared = plan->is_shared || !is_wished_away;
            continue;
        }
        KITH_TRY(look_at(c, conv, plan, party->account, party->version));
    }
    for (size_t i = 0; i < conv->wish_count; i++) {
        KITH_TRY(look_at_wish(c, conv, plan, &conv->wishes[i]));
    }
    return KITH_OK;
}

static bool
is_kept(const core_plan *plan, uint32_t leaf)
{
    for (size_t i = 0; i < plan->kept_count; i++) {
        if (plan->kept[i] == leaf) {
            return true;
        }
    }
    return false;
}

static kith_err
collect_removes(core_plan *plan, const mls_epoch *epoch)
{
    uint32_t cursor = 0;
    mls_member member;

    while (mls_epoch_member_next(epoch, &cursor, &member)) {
        if (is_kept(plan, member.leaf_index)) {
            continue;
        }
        KITH_TRY(kith_mem_grow(plan->alloc, (void **)&plan->removes, &plan->remove_cap,
                               plan->remove_count + 1, sizeof *plan->removes));
        plan->removes[plan->remove_count++] = member.leaf_index;
    }
    return KITH_OK;
}

kith_err
core_plan_make(core *c, core_conv *conv, core_plan *out)
{
    KITH_AUTO(core_plan) plan = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) leavers = {.alloc = c->env.alloc};

    KITH_TRY(core_conv_leavers(c, conv, &leavers));
    KITH_TRY(look_at_all(c, conv, &plan, &leavers));
    /* A proposal of another kind ends with the epoch, and nothing can be said before. */
    if (mls_group_pending_count(conv->group) > 0) {
        plan.is_due = true;
        plan.is_must = true;
        plan.is_shared = true;
    }
    if (plan.is_due && !plan.is_missing) {
        plan.is_collecting = true;
        KITH_TRY(look_at_all(c, conv, &plan, &leavers));
        KITH_TRY(collect_removes(&plan, mls_group_epoch(conv->group)));
        proto_roster_sort(plan.entries, plan.entry_count);
    }
    *out = plan;
    plan = (core_plan){0};
    return KITH_OK;
}
