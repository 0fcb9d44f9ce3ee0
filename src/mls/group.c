/* SPDX-License-Identifier: MPL-2.0 */
/* A group: its epochs, who signs for it, and moving from one epoch to the next. Coordinates only. */
#include "mls/group.h"

#include <string.h>

#define PAST_EPOCHS_DEFAULT 5u

mls_tools
mls_tools_of(const mls_env *env, const mls_suite *suite)
{
    return (mls_tools){.alloc = env->alloc,
                       .crypto = env->crypto,
                       .suite = suite,
                       .suite_id = mls_suite_id_of(env, suite)};
}

/* ---- Lists ---- */

static void
free_held(mls_held *held)
{
    kith_buf_done(&held->bytes);
    kith_wipe(held, sizeof *held);
}

void
mls_held_list_done(mls_held_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free_held(&list->items[i]);
    }
    kith_mem_free(list->alloc, list->items, list->cap * sizeof *list->items);
    *list = (mls_held_list){.alloc = list->alloc};
}

const mls_held *
mls_held_find(const mls_held_list *list, kith_bytes ref)
{
    for (size_t i = 0; i < list->count; i++) {
        if (kith_bytes_equal(mls_hash_bytes(&list->items[i].ref), ref)) {
            return &list->items[i];
        }
    }
    return NULL;
}

void
mls_change_list_done(mls_change_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mls_leaf_drop(list->items[i].before);
        mls_leaf_drop(list->items[i].after);
    }
    kith_mem_free(list->alloc, list->items, list->cap * sizeof *list->items);
    *list = (mls_change_list){.alloc = list->alloc};
}

kith_err
mls_change_list_push(mls_change_list *list, const mls_leaf_change *change)
{
    KITH_TRY(kith_mem_grow(list->alloc, (void **)&list->items, &list->cap, list->count + 1,
                           sizeof *list->items));
    mls_leaf_change *slot = &list->items[list->count++];
    *slot = *change;
    mls_leaf_hold(slot->before);
    mls_leaf_hold(slot->after);
    return KITH_OK;
}

/* ---- Staged commits ---- */

void
mls_staged_free(mls_staged *staged)
{
    if (staged == NULL) {
        return;
    }
    mls_epoch_free(staged->next);
    mls_change_list_done(&staged->changes);
    crypto_sign_key_free(staged->signer);
    kith_buf_done(&staged->reinit);
    kith_buf_done(&staged->ephemeral);
    kith_mem_free(staged->alloc, staged, sizeof *staged);
}

mls_staged_info
mls_staged_describe(const mls_staged *staged)
{
    return staged->info;
}

kith_err
mls_staged_change(const mls_staged *staged, size_t index, mls_change *out)
{
    mls_change change = {0};

    KITH_ENSURE(index < staged->changes.count, KITH_ERR_NOT_FOUND);
    const mls_leaf_change *item = &staged->changes.items[index];
    change.kind = item->kind;
    change.leaf_index = item->leaf_index;
    if (item->before != NULL) {
        change.before = mls_member_of(item->leaf_index, item->before);
    }
    if (item->after != NULL) {
        change.after = mls_member_of(item->leaf_index, item->after);
    }
    *out = change;
    return KITH_OK;
}

kith_err
mls_staged_ephemeral(const mls_staged *staged, size_t index, mls_ephemeral *out)
{
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&staged->ephemeral));

    for (size_t i = 0; !kith_reader_done(&r); i++) {
        mls_ephemeral item;
        KITH_TRY(mls_ephemeral_read(&r, &item));
        if (i == index) {
            *out = item;
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

const mls_epoch *
mls_staged_epoch(const mls_staged *staged)
{
    return staged->next;
}

/* ---- The group ---- */

kith_err
mls_group_alloc_public(const mls_env *env, const mls_suite *suite, mls_group **out)
{
    mls_group *group = kith_mem_zalloc(env->alloc, 1, sizeof *group);

    KITH_ENSURE(group != NULL, KITH_ERR_NO_MEMORY);
    group->env = env;
    group->tools = mls_tools_of(env, suite);
    group->settings.no_past_epochs = true;
    group->held.alloc = env->alloc;
    group->reinit.alloc = env->alloc;
    group->is_public = true;
    *out = group;
    return KITH_OK;
}

kith_err
mls_group_alloc(const mls_env *env, const mls_suite *suite, mls_group_settings settings,
                kith_bytes signature_private, mls_group **out)
{
    mls_group *group = NULL;

    KITH_ENSURE(settings.past_epochs <= MLS_PAST_EPOCHS_MAX, KITH_ERR_LIMIT);
    KITH_TRY(mls_group_alloc_public(env, suite, &group));
    group->is_public = false;
    group->settings = settings;
    kith_err err = kith_secret_set(&group->signature_private, signature_private);
    if (err == KITH_OK) {
        err = crypto_sign_key_import(env->crypto, suite->sign, signature_private, &group->signer);
    }
    if (err != KITH_OK) {
        mls_group_free(group);
        return err;
    }
    *out = group;
    return KITH_OK;
}

void
mls_group_free(mls_group *group)
{
    if (group == NULL) {
        return;
    }
    mls_epoch_free(group->now);
    for (size_t i = 0; i < group->past_count; i++) {
        mls_epoch_free(group->past[i]);
    }
    for (size_t i = 0; i < MLS_VERIFY_CACHE; i++) {
        crypto_verify_key_free(group->verify[i].key);
        mls_leaf_drop(group->verify[i].leaf);
    }
    if (group->saved.root != NULL) {
        mls_tree_done(&group->saved);
    }
    mls_held_list_done(&group->held);
    mls_staged_free(group->own);
    crypto_sign_key_free(group->signer);
    kith_buf_done(&group->reinit);
    kith_mem_free(group->tools.alloc, group, sizeof *group);
}

const mls_epoch *
mls_group_epoch(const mls_group *group)
{
    return group->now;
}

kith_bytes
mls_group_id(const mls_group *group)
{
    return group->now->context.group_id;
}

bool
mls_group_is_active(const mls_group *group)
{
    return !group->is_over;
}

mls_epoch *
mls_group_find_epoch(const mls_group *group, uint64_t number)
{
    if (group->now->context.epoch == number) {
        return group->now;
    }
    for (size_t i = 0; i < group->past_count; i++) {
        if (group->past[i]->context.epoch == number) {
            return group->past[i];
        }
    }
    return NULL;
}

kith_err
mls_group_verify_key(mls_group *group, mls_leaf *leaf, crypto_verify_key **out)
{
    crypto_verify_key *key = NULL;

    for (size_t i = 0; i < MLS_VERIFY_CACHE; i++) {
        if (group->verify[i].leaf == leaf) {
            *out = group->verify[i].key;
            return KITH_OK;
        }
    }
    KITH_TRY(crypto_verify_key_new(group->tools.crypto, group->tools.suite->sign,
                                   leaf->node.signature_key, &key));
    mls_verify_entry *slot = &group->verify[group->verify_next];
    group->verify_next = (group->verify_next + 1) % MLS_VERIFY_CACHE;
    crypto_verify_key_free(slot->key);
    mls_leaf_drop(slot->leaf);
    *slot = (mls_verify_entry){.leaf = mls_leaf_hold(leaf), .key = key};
    *out = key;
    return KITH_OK;
}

/* ---- From one epoch to the next: nothing here can fail ---- */

static size_t
past_limit(const mls_group *group)
{
    if (group->settings.no_past_epochs) {
        return 0;
    }
    return group->settings.past_epochs == 0 ? PAST_EPOCHS_DEFAULT : group->settings.past_epochs;
}

/* The epoch that is over becomes the newest past one; the oldest goes when there are too many. */
static void
shelve(mls_group *group, mls_epoch *epoch)
{
    const size_t limit = past_limit(group);

    mls_epoch_retire(epoch);
    if (limit == 0) {
        mls_epoch_free(epoch);
        return;
    }
    if (group->past_count == limit) {
        mls_epoch_free(group->past[--group->past_count]);
    }
    memmove(group->past + 1, group->past, group->past_count * sizeof group->past[0]);
    group->past[0] = epoch;
    group->past_count++;
}

static void
move_to(mls_group *group, mls_staged *staged)
{
    shelve(group, group->now);
    group->now = staged->next;
    staged->next = NULL;
    group->serial++;
    group->is_over = staged->info.removes_self || staged->info.reinit;
    if (staged->info.reinit && !staged->info.removes_self) {
        kith_buf_done(&group->reinit);
        group->reinit = kith_buf_take(&staged->reinit);
    }
    if (staged->signer != NULL) {
        crypto_sign_key_free(group->signer);
        group->signer = staged->signer;
        staged->signer = NULL;
        kith_secret_done(&group->signature_private);
        group->signature_private = kith_secret_take(&staged->signature_private);
    }
    mls_held_list_done(&group->held);
    mls_staged_free(group->own);
    group->own = NULL;
}

void
mls_group_apply(mls_group *group, mls_staged **staged)
{
    if (*staged == NULL || (*staged)->group_serial != group->serial ||
        !kith_bytes_equal((*staged)->next->context.group_id, group->now->context.group_id) ||
        (*staged)->next->context.epoch != group->now->context.epoch + 1) {
        return;
    }
    move_to(group, *staged);
    mls_staged_free(*staged);
    *staged = NULL;
}

const mls_staged *
mls_group_own_staged(const mls_group *group)
{
    return group->own;
}

void
mls_group_apply_own(mls_group *group)
{
    mls_staged *staged = group->own;

    if (staged != NULL) {
        group->own = NULL;
        move_to(group, staged);
        mls_staged_free(staged);
    }
}

void
mls_group_discard_own(mls_group *group)
{
    mls_staged_free(group->own);
    group->own = NULL;
}

bool
mls_group_is_own_commit(const mls_group *group, kith_bytes message)
{
    mls_hash hash = {.len = mls_suite_hash_len(group->tools.suite)};

    /* A hash that cannot be computed is no match: the message is then opened as any other. */
    return group->own != NULL &&
           crypto_digest(group->tools.crypto, group->tools.suite->hash, CRYPTO_PARTS(message),
                         hash.bytes) == KITH_OK &&
           kith_bytes_equal(mls_hash_bytes(&hash), mls_hash_bytes(&group->own->message_hash));
}

/* ---- Pending proposals ---- */

size_t
mls_group_pending_count(const mls_group *group)
{
    return group->held.count;
}

kith_err
mls_group_pending_at(const mls_group *group, size_t index, mls_pending *out)
{
    mls_proposal proposal;

    KITH_ENSURE(index < group->held.count, KITH_ERR_NOT_FOUND);
    const mls_held *held = &group->held.items[index];
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&held->bytes));
    KITH_TRY(mls_proposal_decode(&r, &proposal));
    mls_pending pending = {.type = proposal.type,
                           .sender = MLS_LEAF_NONE,
                           .is_own = held->is_own,
                           .leaf_index = MLS_LEAF_NONE};
    if (held->sender_type == MLS_SENDER_MEMBER) {
        pending.sender = held->sender;
    }
    if (proposal.type == MLS_PROPOSAL_REMOVE) {
        pending.leaf_index = proposal.removed;
    } else if (proposal.type == MLS_PROPOSAL_UPDATE || proposal.type == MLS_PROPOSAL_SELF_REMOVE) {
        pending.leaf_index = pending.sender;
    }
    *out = pending;
    return KITH_OK;
}
