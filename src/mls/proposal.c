/* SPDX-License-Identifier: MPL-2.0 */
/* Applying a list of proposals [RFC9420 §12.3]; each is checked as it is applied. What the list as a whole
 * may hold is in proposal_check.c. */
#include "mls/proposal.h"

#include <string.h>

void
mls_item_list_done(mls_item_list *list)
{
    kith_mem_free(list->alloc, list->items, list->cap * sizeof *list->items);
    *list = (mls_item_list){.alloc = list->alloc};
}

kith_err
mls_item_list_push(mls_item_list *list, const mls_item *item)
{
    KITH_ENSURE(list->count < MLS_PROPOSALS_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_mem_grow(list->alloc, (void **)&list->items, &list->cap, list->count + 1,
                           sizeof *list->items));
    list->items[list->count++] = *item;
    return KITH_OK;
}

static kith_err
push_index(mls_index_list *list, uint32_t index)
{
    KITH_TRY(kith_mem_grow(list->alloc, (void **)&list->items, &list->cap, list->count + 1,
                           sizeof *list->items));
    list->items[list->count++] = index;
    return KITH_OK;
}

static void
free_indices(mls_index_list *list)
{
    kith_mem_free(list->alloc, list->items, list->cap * sizeof *list->items);
}

void
mls_plan_done(mls_plan *plan)
{
    if (plan->tree.root != NULL) {
        mls_tree_done(&plan->tree);
    }
    kith_buf_done(&plan->extensions);
    kith_buf_done(&plan->reinit_bytes);
    free_indices(&plan->added);
    free_indices(&plan->changed);
    mls_change_list_done(&plan->changes);
    kith_mem_free(plan->alloc, plan->psks, plan->psk_cap * sizeof *plan->psks);
    kith_secret_done(&plan->psk_secret);
    kith_buf_done(&plan->ephemeral);
    *plan = (mls_plan){0};
}

/* ---- Credentials ---- */

kith_err
mls_show_credential(const mls_plan_scope *scope, mls_check_purpose purpose,
                    const mls_leaf_node *leaf, const mls_leaf_node *before)
{
    mls_check check = {.purpose = purpose,
                       .group_id = scope->epoch->context.group_id,
                       .suite = scope->epoch->tools.suite_id,
                       .identity = leaf->credential,
                       .signature_key = leaf->signature_key,
                       .now_s = scope->now_s};
    if (before != NULL) {
        check.before = before->credential;
        check.before_signature_key = before->signature_key;
    }
    return mls_credential_check(scope->epoch->tools, scope->env, &check);
}

/* A member's new leaf: shown when it says something new of who the member is [RFC9420 §5.3.1]. */
static kith_err
show_if_new(const mls_plan_scope *scope, const mls_leaf_node *leaf, const mls_leaf_node *before)
{
    const bool same = leaf->credential.type == before->credential.type &&
                      kith_bytes_equal(leaf->credential.data, before->credential.data) &&
                      kith_bytes_equal(leaf->signature_key, before->signature_key);

    return same ? KITH_OK : mls_show_credential(scope, MLS_CHECK_REPLACED, leaf, before);
}

/* ---- Group context extensions [RFC9420 §12.1.7] ---- */

kith_err
mls_external_sender_at(kith_bytes extension, uint32_t index, mls_leaf_node *out)
{
    kith_reader outer = kith_reader_of(extension);
    kith_bytes list;

    KITH_TRY(kith_read_varvec(&outer, &list));
    KITH_TRY(kith_reader_finish(&outer));
    kith_reader r = kith_reader_of(list);
    for (uint32_t i = 0; !kith_reader_done(&r); i++) {
        mls_leaf_node sender = {0};
        KITH_TRY(kith_read_varvec(&r, &sender.signature_key));
        KITH_TRY(kith_read_u16(&r, &sender.credential.type));
        KITH_TRY(kith_read_varvec(&r, &sender.credential.data));
        if (i == index) {
            *out = sender;
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

kith_err
mls_show_senders(mls_tools tools, const mls_env *env, kith_bytes extensions, const mls_check *like)
{
    kith_bytes senders;
    mls_check check = *like;
    kith_err err = mls_ext_find(extensions, MLS_EXT_EXTERNAL_SENDERS, &senders);

    check.purpose = MLS_CHECK_SENDER;
    for (uint32_t i = 0; err == KITH_OK; i++) {
        mls_leaf_node sender;
        err = mls_external_sender_at(senders, i, &sender);
        if (err == KITH_OK) {
            check.identity = sender.credential;
            check.signature_key = sender.signature_key;
            KITH_TRY(mls_credential_check(tools, env, &check));
        }
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

/* New or changed external senders are shown [RFC9420 §5.3.1]. */
static kith_err
show_external_senders(const mls_plan_scope *scope, kith_bytes extensions)
{
    kith_bytes senders = {0};
    kith_bytes old = {0};
    const mls_check like = {.group_id = scope->epoch->context.group_id,
                            .suite = scope->epoch->tools.suite_id,
                            .now_s = scope->now_s};

    kith_ignore(mls_ext_find(extensions, MLS_EXT_EXTERNAL_SENDERS, &senders)); /* none: empty */
    kith_ignore(mls_ext_find(scope->epoch->context.extensions, MLS_EXT_EXTERNAL_SENDERS, &old));
    return kith_bytes_equal(old, senders)
               ? KITH_OK
               : mls_show_senders(scope->epoch->tools, scope->env, extensions, &like);
}

/* Where every member knows AppDataUpdate, nothing else changes the dictionary [MLS-EXT §4.7]. */
static kith_err
check_dictionary(const mls_plan_scope *scope, kith_bytes extensions)
{
    kith_bytes required;
    kith_bytes types;
    kith_bytes before = {0};
    kith_bytes after = {0};
    const kith_bytes now = scope->epoch->context.extensions;

    if (mls_ext_find(now, MLS_EXT_REQUIRED_CAPABILITIES, &required) != KITH_OK) {
        return KITH_OK;
    }
    kith_reader r = kith_reader_of(required);
    KITH_TRY(kith_read_varvec(&r, &types)); /* of extensions */
    KITH_TRY(kith_read_varvec(&r, &types));
    if (!mls_list_has(types, MLS_PROPOSAL_APP_DATA_UPDATE)) {
        return KITH_OK;
    }
    const kith_err had = mls_ext_find(now, MLS_EXT_APP_DATA_DICTIONARY, &before);
    const kith_err has = mls_ext_find(extensions, MLS_EXT_APP_DATA_DICTIONARY, &after);
    KITH_ENSURE(had == has && kith_bytes_equal(before, after), KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
apply_extensions(const mls_plan_scope *scope, const mls_item_list *items, mls_plan *plan)
{
    kith_bytes extensions = scope->epoch->context.extensions;

    for (size_t i = 0; i < items->count; i++) {
        if (items->items[i].proposal.type == MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS) {
            extensions = items->items[i].proposal.extensions;
            plan->extensions_changed = true;
            plan->path_required = true;
            KITH_TRY(check_dictionary(scope, extensions));
            KITH_TRY(show_external_senders(scope, extensions));
        }
    }
    return kith_buf_set(&plan->extensions, extensions);
}

/* ---- Leaves ---- */

/* Records what happens to a leaf; drops the caller's reference to `after`. */
static kith_err
record(mls_plan *plan, mls_change_kind kind, uint32_t leaf_index, mls_leaf *before, mls_leaf *after)
{
    const mls_leaf_change change = {
        .kind = kind, .leaf_index = leaf_index, .before = before, .after = after};

    KITH_TRY(mls_change_list_push(&plan->changes, &change));
    return after == NULL ? KITH_OK : push_index(&plan->changed, leaf_index);
}

static kith_err
check_update(const mls_plan_scope *scope, const mls_item *item, const mls_leaf *leaf,
             kith_bytes extensions)
{
    const mls_leaf *before = mls_tree_leaf(&scope->epoch->tree, item->sender);
    const mls_leaf_rules rules = {.source = MLS_LEAF_SOURCE_UPDATE,
                                  .group_id = scope->epoch->context.group_id,
                                  .leaf_index = item->sender,
                                  .group_extensions = extensions,
                                  .is_trusted = item->held != NULL};

    KITH_ENSURE(before != NULL, KITH_ERR_REJECTED);
    KITH_TRY(mls_leaf_check(scope->epoch->tools, leaf, &rules));
    /* Another encryption key than before [RFC9420 §7.3]. */
    KITH_ENSURE(!kith_bytes_equal(leaf->node.encryption_key, before->node.encryption_key),
                KITH_ERR_REJECTED);
    return show_if_new(scope, &leaf->node, &before->node);
}

static kith_err
apply_update(const mls_plan_scope *scope, const mls_item *item, mls_leaf *leaf, mls_plan *plan)
{
    mls_leaf *before = mls_tree_leaf(&plan->tree, item->sender);

    KITH_TRY(check_update(scope, item, leaf, kith_bytes_of_buf(&plan->extensions)));
    KITH_TRY(record(plan, MLS_REPLACED, item->sender, before, leaf));
    if (item->held != NULL && item->held->is_own) {
        plan->own_update = item->held;
    }
    plan->path_required = true;
    return mls_tree_update(&plan->tree, item->sender, leaf);
}

static kith_err
apply_remove(const mls_plan_scope *scope, uint32_t removed, mls_plan *plan)
{
    mls_leaf *before = mls_tree_leaf(&plan->tree, removed);

    (void)scope;
    /* Only a member can be removed [RFC9420 §12.1.3]. */
    KITH_ENSURE(before != NULL, KITH_ERR_REJECTED);
    KITH_TRY(record(plan, MLS_REMOVED, removed, before, NULL));
    plan->path_required = true;
    return mls_tree_remove(&plan->tree, removed);
}

static kith_err
apply_add(const mls_plan_scope *scope, const mls_item *item, mls_leaf *leaf, mls_plan *plan)
{
    uint32_t index = 0;
    const mls_package_rules rules = {
        .group_extensions = kith_bytes_of_buf(&plan->extensions),
        .lifetime_max_s = mls_lifetime_max(scope->env),
        /* The sender makes sure of the lifetime; a receiver may be late [RFC9420 §7.3]. */
        .check_time = scope->is_sending,
        .now_s = scope->now_s,
        .is_trusted = item->held != NULL,
    };

    KITH_TRY(mls_key_package_check(scope->epoch->tools, &item->proposal.add, &rules));
    KITH_TRY(mls_show_credential(scope, MLS_CHECK_ADDED, &leaf->node, NULL));
    KITH_TRY(mls_tree_add(&plan->tree, leaf, &index));
    KITH_TRY(push_index(&plan->added, index));
    return record(plan, MLS_ADDED, index, NULL, leaf);
}

typedef kith_err (*leaf_apply)(const mls_plan_scope *scope, const mls_item *item, mls_leaf *leaf,
                               mls_plan *plan);

static kith_err
apply_leaf(const mls_plan_scope *scope, const mls_item *item, leaf_apply apply, mls_plan *plan)
{
    const kith_bytes bytes = item->proposal.type == MLS_PROPOSAL_ADD
                                 ? item->proposal.add.leaf_bytes
                                 : item->proposal.update.leaf_bytes;
    mls_leaf *leaf = NULL;

    KITH_TRY(mls_leaf_new(scope->epoch->tools.alloc, bytes, &leaf));
    const kith_err err = apply(scope, item, leaf, plan);
    mls_leaf_drop(leaf);
    return err;
}

/* All items of one type, in order. */
static kith_err
apply_type(const mls_plan_scope *scope, const mls_item_list *items, uint16_t type, mls_plan *plan)
{
    for (size_t i = 0; i < items->count; i++) {
        const mls_item *item = &items->items[i];
        if (item->proposal.type != type) {
            continue;
        }
        switch (type) {
        case MLS_PROPOSAL_UPDATE:
            KITH_TRY(apply_leaf(scope, item, apply_update, plan));
            break;
        case MLS_PROPOSAL_SELF_REMOVE:
            KITH_TRY(apply_remove(scope, item->sender, plan));
            break;
        case MLS_PROPOSAL_REMOVE:
            KITH_TRY(apply_remove(scope, item->proposal.removed, plan));
            break;
        default:
            KITH_TRY(apply_leaf(scope, item, apply_add, plan));
            break;
        }
    }
    return KITH_OK;
}

/* ---- PSKs and the rest ---- */

/* Secrets in the making: wiped however the function ends. */
typedef struct secret_list {
    const kith_alloc *alloc;
    kith_secret *items;
    size_t count;
    size_t cap;
} secret_list;

static void
secret_list_done(secret_list *list)
{
    kith_mem_free(list->alloc, list->items, list->cap * sizeof *list->items);
}

static kith_err
apply_psks(const mls_plan_scope *scope, const mls_item_list *items, mls_plan *plan)
{
    KITH_AUTO(secret_list) secrets = {.alloc = plan->alloc};
    const bool is_public = scope->group != NULL && scope->group->is_public;

    for (size_t i = 0; i < items->count; i++) {
        const mls_proposal *proposal = &items->items[i].proposal;
        if (proposal->type != MLS_PROPOSAL_PSK) {
            continue;
        }
        KITH_ENSURE(plan->psk_count < MLS_PSKS_MAX, KITH_ERR_LIMIT);
        KITH_TRY(kith_mem_grow(plan->alloc, (void **)&plan->psks, &plan->psk_cap,
                               plan->psk_count + 1, sizeof *plan->psks));
        KITH_TRY(kith_mem_grow(plan->alloc, (void **)&secrets.items, &secrets.cap,
                               secrets.count + 1, sizeof *secrets.items));
        const bool links = proposal->psk.type == MLS_PSK_RESUMPTION &&
                           proposal->psk.usage != MLS_PSK_USAGE_APPLICATION;
        const mls_group *holder =
            links && scope->group != NULL ? scope->group->predecessor : scope->group;
        kith_secret *secret = &secrets.items[secrets.count++];
        KITH_TRY(is_public ? KITH_OK : mls_psk_find(scope->env, holder, &proposal->psk, secret));
        plan->psks[plan->psk_count++] = proposal->psk;
    }
    return is_public ? KITH_OK
                     : mls_psk_secret(scope->epoch->tools, plan->psks, secrets.items,
                                      plan->psk_count, &plan->psk_secret);
}

/* What the plan notes of proposals that change no leaf. */
static kith_err
note_others(const mls_item_list *items, mls_plan *plan)
{
    for (size_t i = 0; i < items->count; i++) {
        const mls_proposal *proposal = &items->items[i].proposal;
        if (proposal->type == MLS_PROPOSAL_EXTERNAL_INIT) {
            plan->kem_output = proposal->kem_output;
            plan->path_required = true;
        }
        if (proposal->type == MLS_PROPOSAL_REINIT) {
            plan->reinit = true;
            KITH_TRY(kith_buf_set(&plan->reinit_bytes, proposal->bytes));
        }
        if (plan->is_external && proposal->type == MLS_PROPOSAL_REMOVE) {
            plan->replaces = proposal->removed;
        }
    }
    /* An empty commit has a path as well [RFC9420 §12.4]. */
    plan->path_required = plan->path_required || items->count == 0;
    return KITH_OK;
}

/* The members that process the commit know every type of proposal in it [RFC9420 §12.2]. */
static kith_err
check_types_known(const mls_item_list *items, const mls_plan *plan)
{
    const mls_leaf_set added = {.items = plan->added.items, .count = plan->added.count};
    uint16_t last = 0;

    for (size_t i = 0; i < items->count; i++) {
        const uint16_t type = items->items[i].proposal.type;
        if (mls_proposal_is_default(type) || type == last) {
            continue;
        }
        KITH_TRY(mls_tree_check_proposal(&plan->tree, type, added));
        last = type;
    }
    return KITH_OK;
}

kith_err
mls_plan_apply(const mls_plan_scope *scope, const mls_item_list *items, mls_plan *out)
{
    const kith_alloc *alloc = scope->epoch->tools.alloc;
    KITH_AUTO(mls_plan) plan = {.alloc = alloc,
                                .extensions = {.alloc = alloc},
                                .reinit_bytes = {.alloc = alloc},
                                .added = {.alloc = alloc},
                                .changed = {.alloc = alloc},
                                .changes = {.alloc = alloc},
                                .ephemeral = {.alloc = alloc},
                                .is_external = scope->committer == MLS_LEAF_NONE,
                                .replaces = MLS_LEAF_NONE};

    plan.tree = mls_tree_clone(&scope->epoch->tree);
    /* In this order [RFC9420 §12.3]. */
    KITH_TRY(apply_extensions(scope, items, &plan));
    KITH_TRY(apply_type(scope, items, MLS_PROPOSAL_UPDATE, &plan));
    /* Between Updates and Removes [MLS-EXT §6.3]. */
    KITH_TRY(apply_type(scope, items, MLS_PROPOSAL_SELF_REMOVE, &plan));
    KITH_TRY(apply_type(scope, items, MLS_PROPOSAL_REMOVE, &plan));
    KITH_TRY(apply_type(scope, items, MLS_PROPOSAL_ADD, &plan));
    KITH_TRY(apply_psks(scope, items, &plan));
    KITH_TRY(note_others(items, &plan));
    KITH_TRY(mls_app_apply(scope, items, &plan));
    KITH_TRY(check_types_known(items, &plan));
    if (plan.extensions_changed) {
        /* Every member, new ones included, can do what is now required [RFC9420 §12.1.7]. */
        KITH_TRY(mls_tree_check_capabilities(&plan.tree, kith_bytes_of_buf(&plan.extensions)));
    }
    *out = plan;
    plan = (mls_plan){0};
    return KITH_OK;
}

/* ---- When a proposal arrives by reference ---- */

static kith_err
check_held_add(const mls_plan_scope *scope, const mls_item *item, kith_bytes extensions)
{
    const mls_package_rules rules = {.group_extensions = extensions,
                                     .lifetime_max_s = mls_lifetime_max(scope->env),
                                     .check_time = scope->is_sending,
                                     .now_s = scope->now_s,
                                     .is_trusted = item->held != NULL};

    KITH_TRY(mls_key_package_check(scope->epoch->tools, &item->proposal.add, &rules));
    return mls_show_credential(scope, MLS_CHECK_ADDED, &item->proposal.add.leaf, NULL);
}

static kith_err
check_held_update(const mls_plan_scope *scope, const mls_item *item, kith_bytes extensions)
{
    mls_leaf *leaf = NULL;

    KITH_TRY(mls_leaf_new(scope->epoch->tools.alloc, item->proposal.update.leaf_bytes, &leaf));
    const kith_err err = check_update(scope, item, leaf, extensions);
    mls_leaf_drop(leaf);
    return err;
}

/* What the members as they are now make of it. */
static kith_err
check_members_ready(const mls_plan_scope *scope, const mls_proposal *proposal)
{
    if (proposal->type == MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS) {
        KITH_TRY(check_dictionary(scope, proposal->extensions));
        KITH_TRY(show_external_senders(scope, proposal->extensions));
        return mls_tree_check_capabilities(&scope->epoch->tree, proposal->extensions);
    }
    return mls_proposal_is_default(proposal->type)
               ? KITH_OK
               : mls_tree_check_proposal(&scope->epoch->tree, proposal->type,
                                         (mls_leaf_set){.count = 0});
}

kith_err
mls_item_check(const mls_plan_scope *scope, const mls_item *item, kith_bytes extensions)
{
    const uint16_t type = item->proposal.type;

    KITH_TRY(mls_item_check_kind(scope, item));
    if (type == MLS_PROPOSAL_ADD) {
        return check_held_add(scope, item, extensions);
    }
    if (type == MLS_PROPOSAL_UPDATE) {
        return check_held_update(scope, item, extensions);
    }
    if (type == MLS_PROPOSAL_REMOVE) {
        const bool is_member = mls_tree_leaf(&scope->epoch->tree, item->proposal.removed) != NULL;
        return is_member ? KITH_OK : KITH_ERR_REJECTED;
    }
    if (!scope->is_sending) {
        return KITH_OK;
    }
    KITH_TRY(check_members_ready(scope, &item->proposal));
    const bool is_app = type == MLS_PROPOSAL_APP_DATA_UPDATE || type == MLS_PROPOSAL_APP_EPHEMERAL;
    return is_app ? mls_app_check(scope, item) : KITH_OK;
}
