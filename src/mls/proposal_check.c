/* SPDX-License-Identifier: MPL-2.0 */
/* What a list of proposals as a whole may hold [RFC9420 §12.2], key packages [RFC9420 §10.1], PSKs. */
#include <stdlib.h>

#include "mls/proposal.h"

uint64_t
mls_lifetime_max(const mls_env *env)
{
    return env->lifetime_max_s == 0 ? MLS_LIFETIME_DEFAULT_S : env->lifetime_max_s;
}

kith_err
mls_key_package_check(mls_tools tools, const mls_key_package *package,
                      const mls_package_rules *rules)
{
    mls_leaf *leaf = NULL;
    const mls_leaf_rules leaf_rules = {.source = MLS_LEAF_SOURCE_KEY_PACKAGE,
                                       .group_extensions = rules->group_extensions,
                                       .lifetime_max_s = rules->lifetime_max_s,
                                       .check_time = rules->check_time,
                                       .now_s = rules->now_s,
                                       .is_trusted = rules->is_trusted};

    /* The version was looked at when it was decoded [RFC9420 §10.1]. */
    KITH_ENSURE(package->suite == tools.suite_id, KITH_ERR_REJECTED);
    KITH_TRY(crypto_kem_public_check(tools.crypto, tools.suite->hpke.kem, package->init_key));
    /* The init key serves nothing else [RFC9420 §10.1]. */
    KITH_ENSURE(!kith_bytes_equal(package->init_key, package->leaf.encryption_key),
                KITH_ERR_REJECTED);
    KITH_TRY(mls_leaf_new(tools.alloc, package->leaf_bytes, &leaf));
    const kith_err err = mls_leaf_check(tools, leaf, &leaf_rules);
    mls_leaf_drop(leaf);
    KITH_TRY(err);
    return rules->is_trusted
               ? KITH_OK
               : mls_verify_with_label(tools, package->leaf.signature_key, "KeyPackageTBS",
                                       CRYPTO_PARTS(package->tbs), package->signature);
}

/* ---- PSKs [RFC9420 §8.4] ---- */

kith_err
mls_psk_find(const mls_env *env, const mls_group *group, const mls_psk_id *id, kith_secret *out)
{
    const mls_psk_ref ref = {.is_resumption = id->type == MLS_PSK_RESUMPTION,
                             .is_component = id->type == MLS_PSK_COMPONENT,
                             .component_id = id->component_id,
                             .psk_id = id->psk_id,
                             .group_id = id->group_id,
                             .epoch = id->epoch,
                             .link = id->type != MLS_PSK_RESUMPTION      ? MLS_LINK_NONE
                                     : id->usage == MLS_PSK_USAGE_REINIT ? MLS_LINK_REINIT
                                     : id->usage == MLS_PSK_USAGE_BRANCH ? MLS_LINK_BRANCH
                                                                         : MLS_LINK_NONE};

    if (ref.is_resumption && group != NULL &&
        kith_bytes_equal(id->group_id, group->now->context.group_id)) {
        const mls_epoch *epoch = mls_group_find_epoch(group, id->epoch);
        if (epoch != NULL && epoch->secrets.resumption.len > 0) {
            *out = epoch->secrets.resumption;
            return KITH_OK;
        }
    }
    KITH_ENSURE(env->find_psk != NULL, KITH_ERR_NOT_FOUND);
    return env->find_psk(env->ctx, &ref, out);
}

static kith_err
check_psk(const mls_plan_scope *scope, const mls_psk_id *id)
{
    /* Resumption for re-initialising or branching is for those alone, in the first commit of the new group, which
     * nobody receives [RFC9420 §12.1.4]. */
    const bool may_link = scope->is_sending && scope->group != NULL &&
                          scope->group->predecessor != NULL && scope->epoch->context.epoch == 0;
    KITH_ENSURE(id->type != MLS_PSK_RESUMPTION || id->usage == MLS_PSK_USAGE_APPLICATION ||
                    may_link,
                KITH_ERR_REJECTED);
    /* "The psk_nonce is not of length KDF.Nh" [RFC9420 §12.1.4]. */
    KITH_ENSURE(id->nonce.len == mls_suite_hash_len(scope->epoch->tools.suite), KITH_ERR_REJECTED);
    return KITH_OK;
}

/* ---- One proposal ---- */

/* [RFC9420 §12.1.8] */
static bool
may_propose(uint8_t sender_type, uint16_t type)
{
    switch (sender_type) {
    case MLS_SENDER_MEMBER:
        return type != MLS_PROPOSAL_EXTERNAL_INIT;
    case MLS_SENDER_EXTERNAL:
        return type != MLS_PROPOSAL_UPDATE && type != MLS_PROPOSAL_EXTERNAL_INIT &&
               type != MLS_PROPOSAL_SELF_REMOVE; /* [MLS-EXT §6.3] */
    case MLS_SENDER_NEW_MEMBER_PROPOSAL:
        return type == MLS_PROPOSAL_ADD;
    default: /* an external commit carries nothing else [RFC9420 §12.2] */
        return type == MLS_PROPOSAL_EXTERNAL_INIT || type == MLS_PROPOSAL_REMOVE ||
               type == MLS_PROPOSAL_PSK || type == MLS_PROPOSAL_APP_DATA_UPDATE ||
               type == MLS_PROPOSAL_APP_EPHEMERAL;
    }
}

kith_err
mls_item_check_kind(const mls_plan_scope *scope, const mls_item *item)
{
    const mls_proposal *proposal = &item->proposal;

    KITH_ENSURE(may_propose(item->sender_type, proposal->type), KITH_ERR_REJECTED);
    switch (proposal->type) {
    case MLS_PROPOSAL_PSK:
        return check_psk(scope, &proposal->psk);
    case MLS_PROPOSAL_REINIT:
        /* Never to an older version [RFC9420 §12.1.5]. */
        KITH_ENSURE(proposal->reinit.version >= MLS_VERSION_MLS10, KITH_ERR_REJECTED);
        return KITH_OK;
    default:
        return KITH_OK;
    }
}

/* ---- The list ---- */

static size_t
count_type(const mls_item_list *items, uint16_t type)
{
    size_t count = 0;

    for (size_t i = 0; i < items->count; i++) {
        count += items->items[i].proposal.type == type ? 1 : 0;
    }
    return count;
}

static int
compare_indices(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

typedef struct index_list {
    const kith_alloc *alloc;
    uint32_t *items;
    size_t cap;
} index_list;

static void
index_list_done(index_list *list)
{
    kith_mem_free(list->alloc, list->items, list->cap * sizeof *list->items);
}

/* The leaf that an Update, a Remove or a SelfRemove is about; false: of another type. */
static bool
target_of(const mls_item *item, uint32_t *out)
{
    const uint16_t type = item->proposal.type;

    *out = type == MLS_PROPOSAL_REMOVE ? item->proposal.removed : item->sender;
    return type == MLS_PROPOSAL_UPDATE || type == MLS_PROPOSAL_REMOVE ||
           type == MLS_PROPOSAL_SELF_REMOVE;
}

/* At most one of them for a leaf; none for the committer [RFC9420 §12.2] [MLS-EXT §6.3]. */
static kith_err
check_targets(const mls_plan_scope *scope, const mls_item_list *items)
{
    KITH_AUTO(index_list) targets = {.alloc = items->alloc};
    size_t count = 0;

    for (size_t i = 0; i < items->count; i++) {
        uint32_t target = 0;
        if (!target_of(&items->items[i], &target)) {
            continue;
        }
        KITH_ENSURE(target != scope->committer, KITH_ERR_REJECTED);
        KITH_TRY(kith_mem_grow(targets.alloc, (void **)&targets.items, &targets.cap, count + 1,
                               sizeof *targets.items));
        targets.items[count++] = target;
    }
    if (count > 1) {
        qsort(targets.items, count, sizeof *targets.items, compare_indices);
    }
    for (size_t i = 1; i < count; i++) {
        KITH_ENSURE(targets.items[i - 1] != targets.items[i], KITH_ERR_REJECTED);
    }
    return KITH_OK;
}

/* No PSK twice [RFC9420 §12.2]; their number is bounded by MLS_PSKS_MAX. */
static kith_err
check_psks_unique(const mls_item_list *items)
{
    kith_bytes seen[MLS_PSKS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < items->count; i++) {
        if (items->items[i].proposal.type != MLS_PROPOSAL_PSK) {
            continue;
        }
        const kith_bytes id = items->items[i].proposal.psk.bytes;
        KITH_ENSURE(count < MLS_PSKS_MAX, KITH_ERR_LIMIT);
        for (size_t k = 0; k < count; k++) {
            KITH_ENSURE(!kith_bytes_equal(seen[k], id), KITH_ERR_REJECTED);
        }
        seen[count++] = id;
    }
    return KITH_OK;
}

/* One GroupContextExtensions, no ExternalInit, a ReInit alone [RFC9420 §12.2]. */
static kith_err
check_member_list(const mls_item_list *items)
{
    KITH_ENSURE(count_type(items, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS) <= 1, KITH_ERR_REJECTED);
    KITH_ENSURE(count_type(items, MLS_PROPOSAL_EXTERNAL_INIT) == 0, KITH_ERR_REJECTED);
    KITH_ENSURE(count_type(items, MLS_PROPOSAL_REINIT) == 0 || items->count == 1,
                KITH_ERR_REJECTED);
    return KITH_OK;
}

/* One ExternalInit, at most one Remove, nothing by reference [RFC9420 §12.2, §12.4.3.2]; other types are turned away one
 * by one. */
static kith_err
check_external_list(const mls_item_list *items)
{
    KITH_ENSURE(count_type(items, MLS_PROPOSAL_EXTERNAL_INIT) == 1, KITH_ERR_REJECTED);
    KITH_ENSURE(count_type(items, MLS_PROPOSAL_REMOVE) <= 1, KITH_ERR_REJECTED);
    for (size_t i = 0; i < items->count; i++) {
        /* By reference: SelfRemoves alone [MLS-EXT §6.3]. */
        KITH_ENSURE(items->items[i].held == NULL ||
                        items->items[i].proposal.type == MLS_PROPOSAL_SELF_REMOVE,
                    KITH_ERR_REJECTED);
    }
    return KITH_OK;
}

kith_err
mls_items_check(const mls_plan_scope *scope, const mls_item_list *items)
{
    for (size_t i = 0; i < items->count; i++) {
        KITH_TRY(mls_item_check_kind(scope, &items->items[i]));
        /* Never by value [MLS-EXT §6.3]. */
        KITH_ENSURE(items->items[i].proposal.type != MLS_PROPOSAL_SELF_REMOVE ||
                        items->items[i].held != NULL,
                    KITH_ERR_REJECTED);
    }
    KITH_TRY(mls_app_check_list(items));
    KITH_TRY(check_targets(scope, items));
    KITH_TRY(check_psks_unique(items));
    return scope->committer == MLS_LEAF_NONE ? check_external_list(items)
                                             : check_member_list(items);
}

kith_err
mls_plan_make(const mls_plan_scope *scope, const mls_item_list *items, mls_plan *out)
{
    KITH_TRY(mls_items_check(scope, items));
    return mls_plan_apply(scope, items, out);
}
