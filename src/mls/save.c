/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A whole group as one blob, and back. The form is this library's own and versioned; fields as in RFC 9420
 * where it has them. The current epoch carries its tree; a staged one what it changes in that; a past epoch
 * only the leaves in which it differs from the current one, which is what opening late messages needs.
 */
#include "mls/save.h"

/* Version 1 had no ReInit at its end, version 2 nothing of components after that; until version 3, a waiting commit
 * came with its whole tree. */
#define SAVE_VERSION 4u

/* ---- Pieces ---- */

static kith_err
write_secret(kith_writer *w, const kith_secret *secret)
{
    return kith_write_vec8(w, kith_bytes_of_secret(secret));
}

static kith_err
read_secret(kith_reader *r, kith_secret *out)
{
    kith_bytes bytes;

    KITH_TRY(kith_read_vec8(r, &bytes));
    return kith_secret_set(out, bytes) == KITH_OK ? KITH_OK : KITH_ERR_MALFORMED;
}

static kith_err
write_hash(kith_writer *w, const mls_hash *hash)
{
    return kith_write_vec8(w, mls_hash_bytes(hash));
}

static kith_err
read_hash(kith_reader *r, mls_hash *out)
{
    kith_bytes bytes;

    KITH_TRY(kith_read_vec8(r, &bytes));
    KITH_ENSURE(bytes.len <= sizeof out->bytes, KITH_ERR_MALFORMED);
    kith_reader inner = kith_reader_of(bytes);
    out->len = bytes.len;
    return kith_read_copy(&inner, out->bytes, bytes.len);
}

#define SECRET_COUNT 9u

static void
list_secrets(mls_secrets *secrets, kith_secret *out[SECRET_COUNT])
{
    out[0] = &secrets->sender_data;
    out[1] = &secrets->encryption;
    out[2] = &secrets->exporter;
    out[3] = &secrets->external;
    out[4] = &secrets->confirmation;
    out[5] = &secrets->membership;
    out[6] = &secrets->resumption;
    out[7] = &secrets->authenticator;
    out[8] = &secrets->init;
}

static kith_err
write_keys(kith_writer *w, const mls_private *keys)
{
    KITH_TRY(kith_write_u8(w, (uint8_t)keys->count));
    for (size_t i = 0; i < keys->count; i++) {
        KITH_TRY(write_secret(w, &keys->keys[i]));
    }
    return KITH_OK;
}

static kith_err
read_keys(const kith_alloc *alloc, kith_reader *r, uint32_t own_leaf, mls_private *out)
{
    uint8_t count = 0;

    *out = (mls_private){.alloc = alloc, .leaf_index = own_leaf};
    KITH_TRY(kith_read_u8(r, &count));
    for (uint8_t level = 0; level < count; level++) {
        kith_bytes key;
        KITH_TRY(kith_read_vec8(r, &key));
        KITH_ENSURE(key.len <= KITH_SECRET_MAX, KITH_ERR_MALFORMED);
        KITH_TRY(mls_private_set(out, level, key));
    }
    return KITH_OK;
}

/* ---- Epochs, without their trees ---- */

static kith_err
write_epoch(kith_writer *w, const mls_epoch *epoch)
{
    const mls_secrets *secrets = &epoch->secrets;
    const kith_secret *const list[SECRET_COUNT] = {
        &secrets->sender_data, &secrets->encryption,    &secrets->exporter,
        &secrets->external,    &secrets->confirmation,  &secrets->membership,
        &secrets->resumption,  &secrets->authenticator, &secrets->init,
    }; /* in the order of list_secrets */

    KITH_TRY(kith_write_varvec(w, kith_bytes_of_buf(&epoch->context_bytes)));
    KITH_TRY(kith_write_u32(w, epoch->own_leaf));
    KITH_TRY(write_keys(w, &epoch->keys));
    for (size_t i = 0; i < SECRET_COUNT; i++) {
        KITH_TRY(write_secret(w, list[i]));
    }
    KITH_TRY(write_hash(w, &epoch->interim));
    KITH_TRY(write_hash(w, &epoch->confirmation_tag));
    KITH_TRY(kith_write_bool(w, epoch->messages != NULL));
    return epoch->messages == NULL ? KITH_OK : mls_secret_tree_encode(epoch->messages, w);
}

static kith_err
fill_epoch(kith_reader *r, mls_epoch *epoch)
{
    kith_secret *list[SECRET_COUNT];
    bool has_messages = false;

    list_secrets(&epoch->secrets, list);
    KITH_TRY(kith_read_u32(r, &epoch->own_leaf));
    KITH_TRY(read_keys(epoch->tools.alloc, r, epoch->own_leaf, &epoch->keys));
    for (size_t i = 0; i < SECRET_COUNT; i++) {
        KITH_TRY(read_secret(r, list[i]));
    }
    KITH_TRY(read_hash(r, &epoch->interim));
    KITH_TRY(read_hash(r, &epoch->confirmation_tag));
    KITH_TRY(kith_read_bool(r, &has_messages));
    return has_messages ? mls_secret_tree_decode(epoch->tools, r, &epoch->messages) : KITH_OK;
}

static kith_err
read_epoch(mls_tools tools, kith_reader *r, mls_epoch **out)
{
    kith_bytes context;
    mls_epoch *epoch = NULL;

    KITH_TRY(kith_read_varvec(r, &context));
    KITH_TRY(mls_epoch_new(tools, context, &epoch));
    const kith_err err = fill_epoch(r, epoch);
    if (err != KITH_OK) {
        mls_epoch_free(epoch);
        return err;
    }
    *out = epoch;
    return KITH_OK;
}

/* ---- Epochs with a tree of their own ---- */

static kith_err
write_whole(kith_writer *w, const mls_epoch *epoch)
{
    KITH_AUTO(kith_buf) tree = {.alloc = epoch->tools.alloc};

    KITH_TRY(write_epoch(w, epoch));
    KITH_TRY(mls_tree_encode(&epoch->tree, &tree));
    return kith_write_vec32(w, kith_bytes_of_buf(&tree));
}

/* This client is in the tree exactly when it has secrets. */
static bool
is_consistent(const mls_epoch *epoch)
{
    const bool inside = mls_tree_leaf(&epoch->tree, epoch->own_leaf) != NULL;

    return epoch->context.suite == epoch->tools.suite_id && inside == (epoch->messages != NULL) &&
           inside == (epoch->own_leaf != MLS_LEAF_NONE);
}

static kith_err
read_whole(mls_tools tools, kith_reader *r, mls_epoch **out)
{
    mls_epoch *epoch = NULL;
    kith_bytes tree;

    KITH_TRY(read_epoch(tools, r, &epoch));
    kith_err err = kith_read_vec32(r, &tree);
    err = err == KITH_OK ? mls_tree_decode(tools, tree, &epoch->tree) : err;
    if (err == KITH_OK && !is_consistent(epoch)) {
        err = KITH_ERR_MALFORMED;
    }
    if (err != KITH_OK) {
        mls_epoch_free(epoch);
        return err;
    }
    *out = epoch;
    return KITH_OK;
}

/* ---- Past epochs ---- */

static bool
same_leaf(const mls_leaf *a, const mls_leaf *b)
{
    return a == b ||
           (a != NULL && b != NULL && kith_bytes_equal(mls_leaf_bytes(a), mls_leaf_bytes(b)));
}

static const mls_node *
node_at(const mls_tree *tree, uint32_t index, uint8_t level)
{
    const mls_node *node = tree->root;

    if (level > node->level || index >> node->level != 0) {
        return NULL;
    }
    while (node != NULL && node->level > level) {
        node = node->child[index >> (node->level - 1) & 1];
    }
    return node;
}

/* The first leaf from `index` on that is not below a position which both trees share. */
static uint32_t
skip_shared(const mls_tree *a, const mls_tree *b, uint32_t index)
{
    uint8_t level = mls_tree_top(a);

    while (level > 0) {
        const mls_node *node = NULL;
        if ((index & ((UINT32_C(1) << level) - 1)) == 0) {
            node = node_at(a, index, level);
        }
        if (node != NULL && node == node_at(b, index, level)) {
            index += UINT32_C(1) << level;
            level = mls_tree_top(a);
        } else {
            level--;
        }
    }
    return index;
}

static kith_err
write_past(kith_writer *w, const mls_epoch *past, const mls_tree *now)
{
    const uint32_t past_count = mls_tree_leaf_count(&past->tree);
    const uint32_t now_count = mls_tree_leaf_count(now);
    const uint32_t count = past_count > now_count ? past_count : now_count;
    size_t mark = 0;

    KITH_TRY(write_epoch(w, past));
    KITH_TRY(kith_write_open(w, KITH_VEC_32, &mark));
    for (uint32_t index = skip_shared(now, &past->tree, 0); index < count;
         index = skip_shared(now, &past->tree, index + 1)) {
        const mls_leaf *leaf = mls_tree_leaf(&past->tree, index);
        if (!same_leaf(leaf, mls_tree_leaf(now, index))) {
            KITH_TRY(kith_write_u32(w, index));
            KITH_TRY(kith_write_varvec(w, leaf == NULL ? (kith_bytes){0} : mls_leaf_bytes(leaf)));
        }
    }
    return kith_write_close(w, KITH_VEC_32, mark);
}

static kith_err
patch_leaf(mls_tree *tree, uint32_t index, kith_bytes bytes)
{
    mls_leaf *leaf = NULL;

    KITH_ENSURE(index < UINT32_C(1) << MLS_LEVEL_MAX, KITH_ERR_MALFORMED);
    if (bytes.len > 0) {
        KITH_TRY(mls_leaf_new(tree->tools.alloc, bytes, &leaf));
    }
    const kith_err err = mls_tree_set_leaf(tree, index, leaf);
    mls_leaf_drop(leaf);
    return err;
}

static kith_err
patch_tree(kith_reader *r, const mls_tree *now, mls_tree *tree)
{
    kith_bytes list;

    *tree = mls_tree_clone(now);
    KITH_TRY(kith_read_vec32(r, &list));
    kith_reader inner = kith_reader_of(list);
    while (!kith_reader_done(&inner)) {
        uint32_t index = 0;
        kith_bytes bytes;
        KITH_TRY(kith_read_u32(&inner, &index));
        KITH_TRY(kith_read_varvec(&inner, &bytes));
        KITH_TRY(patch_leaf(tree, index, bytes));
    }
    return KITH_OK;
}

static kith_err
read_past(mls_group *group, kith_reader *r)
{
    uint8_t count = 0;

    KITH_TRY(kith_read_u8(r, &count));
    KITH_ENSURE(count <= MLS_PAST_EPOCHS_MAX, KITH_ERR_MALFORMED);
    for (uint8_t i = 0; i < count; i++) {
        KITH_TRY(read_epoch(group->tools, r, &group->past[i]));
        group->past_count++;
        KITH_TRY(patch_tree(r, &group->now->tree, &group->past[i]->tree));
    }
    return KITH_OK;
}

/* ---- Pending proposals ---- */

static kith_err
write_held(kith_writer *w, const mls_held *held)
{
    KITH_TRY(write_hash(w, &held->ref));
    KITH_TRY(kith_write_u8(w, held->sender_type));
    KITH_TRY(kith_write_u32(w, held->sender));
    KITH_TRY(kith_write_bool(w, held->is_own));
    KITH_TRY(kith_write_varvec(w, kith_bytes_of_buf(&held->bytes)));
    KITH_TRY(write_secret(w, &held->leaf_key));
    return write_secret(w, &held->signature_private);
}

static kith_err
read_held(kith_reader *r, mls_held *out)
{
    kith_bytes bytes;
    mls_proposal proposal;

    KITH_TRY(read_hash(r, &out->ref));
    KITH_TRY(kith_read_u8(r, &out->sender_type));
    KITH_TRY(kith_read_u32(r, &out->sender));
    KITH_TRY(kith_read_bool(r, &out->is_own));
    KITH_TRY(kith_read_varvec(r, &bytes));
    kith_reader inner = kith_reader_of(bytes);
    KITH_TRY(mls_proposal_decode(&inner, &proposal));
    KITH_TRY(kith_reader_finish(&inner));
    KITH_TRY(kith_buf_set(&out->bytes, bytes));
    KITH_TRY(read_secret(r, &out->leaf_key));
    return read_secret(r, &out->signature_private);
}

static kith_err
read_held_list(kith_reader *r, mls_held_list *list)
{
    uint16_t count = 0;

    KITH_TRY(kith_read_u16(r, &count));
    KITH_ENSURE(count <= MLS_PENDING_MAX, KITH_ERR_MALFORMED);
    for (uint16_t i = 0; i < count; i++) {
        KITH_TRY(kith_mem_grow(list->alloc, (void **)&list->items, &list->cap, list->count + 1,
                               sizeof *list->items));
        mls_held *held = &list->items[list->count++];
        held->bytes.alloc = list->alloc;
        KITH_TRY(read_held(r, held));
    }
    return KITH_OK;
}

/* ---- A waiting own commit ---- */

static kith_err
write_leaf(kith_writer *w, const mls_leaf *leaf)
{
    return kith_write_varvec(w, leaf == NULL ? (kith_bytes){0} : mls_leaf_bytes(leaf));
}

static kith_err
read_leaf(const kith_alloc *alloc, kith_reader *r, mls_leaf **out)
{
    kith_bytes bytes;

    KITH_TRY(kith_read_varvec(r, &bytes));
    return bytes.len == 0 ? KITH_OK : mls_leaf_new(alloc, bytes, out);
}

static kith_err
write_changes(kith_writer *w, const mls_change_list *list)
{
    KITH_TRY(kith_write_u32(w, (uint32_t)list->count));
    for (size_t i = 0; i < list->count; i++) {
        KITH_TRY(kith_write_u8(w, (uint8_t)list->items[i].kind));
        KITH_TRY(kith_write_u32(w, list->items[i].leaf_index));
        KITH_TRY(write_leaf(w, list->items[i].before));
        KITH_TRY(write_leaf(w, list->items[i].after));
    }
    return KITH_OK;
}

static kith_err
read_change(kith_reader *r, mls_change_list *list)
{
    mls_leaf_change change = {0};
    uint8_t kind = 0;

    KITH_TRY(kith_read_u8(r, &kind));
    KITH_ENSURE(kind >= MLS_ADDED && kind <= MLS_REPLACED, KITH_ERR_MALFORMED);
    change.kind = (mls_change_kind)kind;
    KITH_TRY(kith_read_u32(r, &change.leaf_index));
    KITH_TRY(read_leaf(list->alloc, r, &change.before));
    kith_err err = read_leaf(list->alloc, r, &change.after);
    err = err == KITH_OK ? mls_change_list_push(list, &change) : err;
    mls_leaf_drop(change.before);
    mls_leaf_drop(change.after);
    return err;
}

static kith_err
write_staged(kith_writer *w, const mls_staged *staged, const mls_tree *now)
{
    const mls_staged_info *info = &staged->info;
    const bool flags[] = {info->is_external, info->removes_self, info->reinit,
                          info->extensions_changed, info->has_path};

    KITH_TRY(write_epoch(w, staged->next));
    KITH_TRY(mls_tree_patch_write(now, &staged->next->tree, w));
    KITH_TRY(write_changes(w, &staged->changes));
    KITH_TRY(kith_write_u32(w, info->committer));
    KITH_TRY(kith_write_u32(w, info->external_replaces));
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        KITH_TRY(kith_write_bool(w, flags[i]));
    }
    KITH_TRY(kith_write_u32(w, (uint32_t)info->psk_count));
    KITH_TRY(write_secret(w, &staged->signature_private));
    return write_hash(w, &staged->message_hash);
}

static kith_err
read_info(kith_reader *r, mls_staged_info *info)
{
    bool *flags[] = {&info->is_external, &info->removes_self, &info->reinit,
                     &info->extensions_changed, &info->has_path};
    uint32_t psk_count = 0;

    KITH_TRY(kith_read_u32(r, &info->committer));
    KITH_TRY(kith_read_u32(r, &info->external_replaces));
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        KITH_TRY(kith_read_bool(r, flags[i]));
    }
    KITH_TRY(kith_read_u32(r, &psk_count));
    info->psk_count = psk_count;
    return KITH_OK;
}

static kith_err
read_next(const mls_group *group, kith_reader *r, uint8_t version, mls_staged *staged)
{
    if (version < 4) {
        return read_whole(group->tools, r, &staged->next);
    }
    KITH_TRY(read_epoch(group->tools, r, &staged->next));
    KITH_TRY(mls_tree_patch_read(&group->now->tree, r, &staged->next->tree));
    return is_consistent(staged->next) ? KITH_OK : KITH_ERR_MALFORMED;
}

static kith_err
read_staged(const mls_group *group, kith_reader *r, uint8_t version, mls_staged *staged)
{
    uint32_t count = 0;

    KITH_TRY(read_next(group, r, version, staged));
    KITH_TRY(kith_read_u32(r, &count));
    for (uint32_t i = 0; i < count; i++) {
        KITH_TRY(read_change(r, &staged->changes));
    }
    KITH_TRY(read_info(r, &staged->info));
    staged->info.change_count = staged->changes.count;
    KITH_TRY(read_secret(r, &staged->signature_private));
    KITH_TRY(read_hash(r, &staged->message_hash));
    if (staged->signature_private.len == 0) {
        return KITH_OK;
    }
    return crypto_sign_key_import(group->tools.crypto, group->tools.suite->sign,
                                  kith_bytes_of_secret(&staged->signature_private),
                                  &staged->signer);
}

static kith_err
read_own(mls_group *group, kith_reader *r, uint8_t version)
{
    bool waits = false;

    KITH_TRY(kith_read_bool(r, &waits));
    if (!waits) {
        return KITH_OK;
    }
    group->own = kith_mem_zalloc(group->tools.alloc, 1, sizeof *group->own);
    KITH_ENSURE(group->own != NULL, KITH_ERR_NO_MEMORY);
    group->own->alloc = group->tools.alloc;
    group->own->changes.alloc = group->tools.alloc;
    group->own->ephemeral.alloc = group->tools.alloc;
    group->own->group_serial = group->serial;
    return read_staged(group, r, version, group->own);
}

/* ---- Components ---- */

/* What components can still ask for, now and in the epoch of a waiting commit, and what that commit tells them. */
static kith_err
write_components(kith_writer *w, const mls_group *group)
{
    KITH_TRY(mls_export_tree_encode(group->tools, &group->now->exports, w));
    if (group->own == NULL) {
        return KITH_OK;
    }
    KITH_TRY(mls_export_tree_encode(group->tools, &group->own->next->exports, w));
    return kith_write_varvec(w, kith_bytes_of_buf(&group->own->ephemeral));
}

static kith_err
read_ephemeral(kith_reader *r, kith_buf *out)
{
    kith_bytes list;

    KITH_TRY(kith_read_varvec(r, &list));
    kith_reader inner = kith_reader_of(list);
    while (!kith_reader_done(&inner)) {
        mls_ephemeral item;
        KITH_TRY(mls_ephemeral_read(&inner, &item));
    }
    return kith_buf_set(out, list);
}

static kith_err
read_components(mls_group *group, kith_reader *r)
{
    KITH_TRY(mls_export_tree_decode(group->tools, r, &group->now->exports));
    if (group->own == NULL) {
        return KITH_OK;
    }
    KITH_TRY(mls_export_tree_decode(group->tools, r, &group->own->next->exports));
    return read_ephemeral(r, &group->own->ephemeral);
}

/* ---- The group ---- */

static kith_err
write_settings(kith_writer *w, const mls_group_settings *settings)
{
    KITH_TRY(kith_write_bool(w, settings->public_handshakes));
    KITH_TRY(kith_write_bool(w, settings->no_past_epochs));
    KITH_TRY(kith_write_u32(w, settings->past_epochs));
    return kith_write_u32(w, settings->handshake_padding);
}

static kith_err
read_settings(kith_reader *r, mls_group_settings *out)
{
    KITH_TRY(kith_read_bool(r, &out->public_handshakes));
    KITH_TRY(kith_read_bool(r, &out->no_past_epochs));
    KITH_TRY(kith_read_u32(r, &out->past_epochs));
    KITH_ENSURE(out->past_epochs <= MLS_PAST_EPOCHS_MAX, KITH_ERR_MALFORMED);
    return kith_read_u32(r, &out->handshake_padding);
}

/* Everything, with the current tree in the blob or beside it. */
static kith_err
write_group(kith_writer *w, const mls_group *group, bool with_tree)
{
    KITH_TRY(kith_write_u8(w, SAVE_VERSION));
    KITH_TRY(kith_write_u16(w, group->tools.suite_id));
    KITH_TRY(write_settings(w, &group->settings));
    KITH_TRY(write_secret(w, &group->signature_private));
    KITH_TRY(kith_write_bool(w, group->is_over));
    KITH_TRY(kith_write_bool(w, with_tree));
    KITH_TRY(with_tree ? write_whole(w, group->now) : write_epoch(w, group->now));
    KITH_TRY(kith_write_u8(w, (uint8_t)group->past_count));
    for (size_t i = 0; i < group->past_count; i++) {
        KITH_TRY(write_past(w, group->past[i], &group->now->tree));
    }
    KITH_TRY(kith_write_u16(w, (uint16_t)group->held.count));
    for (size_t i = 0; i < group->held.count; i++) {
        KITH_TRY(write_held(w, &group->held.items[i]));
    }
    KITH_TRY(kith_write_bool(w, group->own != NULL));
    KITH_TRY(group->own == NULL ? KITH_OK : write_staged(w, group->own, &group->now->tree));
    KITH_TRY(kith_write_varvec(w, kith_bytes_of_buf(&group->reinit)));
    KITH_TRY(kith_write_varvec(w, group->own == NULL ? (kith_bytes){0}
                                                     : kith_bytes_of_buf(&group->own->reinit)));
    return write_components(w, group);
}

kith_err
mls_group_save(const mls_group *group, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = group->tools.alloc};
    kith_writer w = kith_writer_of(&draft);

    KITH_TRY(write_group(&w, group, true));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

kith_err
mls_group_save_parts(const mls_group *group, kith_buf *secrets, kith_buf *tree)
{
    KITH_AUTO(kith_buf) draft = {.alloc = group->tools.alloc};
    KITH_AUTO(kith_buf) encoded = {.alloc = group->tools.alloc};
    kith_writer w = kith_writer_of(&draft);

    KITH_TRY(write_group(&w, group, false));
    if (tree != NULL) {
        KITH_TRY(mls_tree_encode(&group->now->tree, &encoded));
        KITH_TRY(kith_buf_reserve(tree, encoded.len));
    }
    KITH_TRY(kith_buf_append(secrets, kith_bytes_of_buf(&draft)));
    return tree == NULL ? KITH_OK : kith_buf_append(tree, kith_bytes_of_buf(&encoded));
}

/* The current epoch whose tree came separately: it must be the one that the epoch's context names. */
static kith_err
read_apart(mls_group *group, kith_reader *r, const mls_saved_tree *tree)
{
    KITH_TRY(read_epoch(group->tools, r, &group->now));
    KITH_TRY(
        mls_saved_tree_read(group->tools, tree, group->now->context.tree_hash, &group->now->tree));
    return is_consistent(group->now) ? KITH_OK : KITH_ERR_MALFORMED;
}

/* A ReInit, or nothing. */
static kith_err
read_one_reinit(kith_reader *r, kith_buf *out)
{
    kith_bytes bytes;
    mls_proposal proposal;

    KITH_TRY(kith_read_varvec(r, &bytes));
    if (bytes.len == 0) {
        return KITH_OK;
    }
    kith_reader inner = kith_reader_of(bytes);
    KITH_TRY(mls_proposal_decode(&inner, &proposal));
    KITH_ENSURE(kith_reader_done(&inner) && proposal.type == MLS_PROPOSAL_REINIT,
                KITH_ERR_MALFORMED);
    return kith_buf_set(out, bytes);
}

/* What ended the group, and what a waiting commit would end it with. */
static kith_err
read_reinit(mls_group *group, kith_reader *r)
{
    KITH_AUTO(kith_buf) waiting = {.alloc = group->tools.alloc};

    KITH_TRY(read_one_reinit(r, &group->reinit));
    KITH_TRY(read_one_reinit(r, &waiting));
    KITH_ENSURE(waiting.len == 0 || group->own != NULL, KITH_ERR_MALFORMED);
    if (group->own != NULL) {
        group->own->reinit = kith_buf_take(&waiting);
    }
    return KITH_OK;
}

/* `tree` is NULL when it is in the blob. */
static kith_err
read_group(mls_group *group, kith_reader *r, const mls_saved_tree *tree, uint8_t version)
{
    bool with_tree = false;

    KITH_TRY(kith_read_bool(r, &group->is_over));
    KITH_TRY(kith_read_bool(r, &with_tree));
    KITH_ENSURE(with_tree == (tree == NULL), KITH_ERR_INVALID);
    KITH_TRY(with_tree ? read_whole(group->tools, r, &group->now) : read_apart(group, r, tree));
    KITH_TRY(read_past(group, r));
    KITH_TRY(read_held_list(r, &group->held));
    KITH_TRY(read_own(group, r, version));
    if (version > 1) {
        KITH_TRY(read_reinit(group, r));
    }
    if (version > 2) {
        KITH_TRY(read_components(group, r));
    }
    return kith_reader_finish(r);
}

/* The group of a member, or without a signature key nobody's. */
static kith_err
load_group(const mls_env *env, kith_bytes blob, const mls_saved_tree *tree, mls_group **out)
{
    kith_reader r = kith_reader_of(blob);
    uint8_t version = 0;
    uint16_t suite_id = 0;
    mls_group_settings settings = {0};
    KITH_AUTO(kith_secret) signature_private = {0};
    mls_group *group = NULL;

    KITH_TRY(kith_read_u8(&r, &version));
    KITH_ENSURE(version >= 1 && version <= SAVE_VERSION, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u16(&r, &suite_id));
    const mls_suite *suite = mls_suite_of(env, suite_id);
    KITH_ENSURE(suite != NULL, KITH_ERR_UNSUPPORTED);
    KITH_TRY(read_settings(&r, &settings));
    KITH_TRY(read_secret(&r, &signature_private));
    const kith_bytes key = kith_bytes_of_secret(&signature_private);
    KITH_TRY(key.len == 0 ? mls_group_alloc_public(env, suite, &group)
                          : mls_group_alloc(env, suite, settings, key, &group));
    const kith_err err = read_group(group, &r, tree, version);
    if (err != KITH_OK) {
        mls_group_free(group);
        return err;
    }
    *out = group;
    return KITH_OK;
}

static kith_err
load_kind(const mls_env *env, kith_bytes blob, const mls_saved_tree *tree, bool is_public,
          mls_group **out)
{
    mls_group *group = NULL;

    KITH_TRY(load_group(env, blob, tree, &group));
    const bool has_secrets = group->now->messages != NULL;
    if (group->is_public != is_public || (is_public && (has_secrets || group->own != NULL))) {
        mls_group_free(group);
        return KITH_ERR_MALFORMED;
    }
    *out = group;
    return KITH_OK;
}

kith_err
mls_group_load(const mls_env *env, kith_bytes blob, mls_group **out)
{
    return load_kind(env, blob, NULL, false, out);
}

kith_err
mls_public_load(const mls_env *env, kith_bytes blob, mls_public **out)
{
    mls_group *group = NULL;

    KITH_TRY(load_kind(env, blob, NULL, true, &group));
    *out = (mls_public *)group;
    return KITH_OK;
}

kith_err
mls_group_load_parts(const mls_env *env, kith_bytes secrets, kith_bytes tree, mls_group **out)
{
    KITH_ENSURE(tree.len > 0, KITH_ERR_INVALID);
    return load_kind(env, secrets, &(mls_saved_tree){.base = tree}, false, out);
}

kith_err
mls_group_load_deltas(const mls_env *env, kith_bytes secrets, const mls_saved_tree *tree,
                      mls_group **out)
{
    mls_group *group = NULL;

    KITH_ENSURE(tree->base.len > 0, KITH_ERR_INVALID);
    KITH_TRY(load_kind(env, secrets, tree, false, &group));
    mls_group_mark_saved(group);
    *out = group;
    return KITH_OK;
}

kith_err
mls_group_save_delta(const mls_group *group, kith_buf *secrets, kith_buf *delta)
{
    KITH_AUTO(kith_buf) draft = {.alloc = group->tools.alloc};

    KITH_ENSURE(group->saved.root != NULL, KITH_ERR_INVALID);
    KITH_TRY(mls_saved_tree_write(&group->saved, &group->now->tree, &draft));
    KITH_TRY(kith_buf_reserve(delta, draft.len));
    KITH_TRY(mls_group_save_parts(group, secrets, NULL));
    return kith_buf_append(delta, kith_bytes_of_buf(&draft)); /* has room: cannot fail */
}

void
mls_group_mark_saved(mls_group *group)
{
    if (group->saved.root != NULL) {
        mls_tree_done(&group->saved);
    }
    group->saved = mls_tree_clone(&group->now->tree);
}
