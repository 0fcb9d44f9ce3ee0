/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Taking in a commit of somebody else [RFC9420 §12.4.2]. Everything is checked and derived into a staged
 * object; the group is not touched.
 */
#include "mls/commit.h"
#include "mls/external.h"

/* A commit on its way to being staged; wiped by done. */
typedef struct incoming {
    const mls_group *group;
    const mls_epoch *old;
    const mls_commit_in *in;
    mls_commit commit;
    mls_item_list items;
    mls_plan plan;
    bool is_external;
    bool removes_self;
    bool
        is_blind; /* the next epoch's secrets are not for this client, which is removed or no member */
    uint32_t sender; /* leaf in the new tree */
    mls_private keys; /* own keys in the new epoch */
    kith_secret commit_secret;
    mls_leaf *leaf; /* of the path */
    mls_staged *staged;
} incoming;

static void
incoming_done(incoming *job)
{
    mls_item_list_done(&job->items);
    mls_plan_done(&job->plan);
    mls_private_done(&job->keys);
    kith_secret_done(&job->commit_secret);
    mls_leaf_drop(job->leaf);
    mls_staged_free(job->staged);
}

static mls_plan_scope
scope_of(const incoming *job)
{
    return (mls_plan_scope){.env = job->group->env,
                            .group = job->group,
                            .epoch = job->old,
                            .committer = job->is_external ? MLS_LEAF_NONE : job->sender,
                            .now_s = job->in->now_s};
}

/* The covered proposals: those by reference must be held [RFC9420 §12.4]. */
static kith_err
collect_items(incoming *job)
{
    kith_reader r = kith_reader_of(job->commit.proposals);

    while (!kith_reader_done(&r)) {
        mls_proposal_or_ref entry;
        KITH_TRY(mls_proposal_or_ref_decode(&r, &entry));
        mls_item item = {.proposal = entry.proposal,
                         .sender_type = job->in->content.sender_type,
                         .sender = job->sender};
        if (entry.is_ref) {
            item.held = mls_held_find(&job->group->held, entry.ref);
            KITH_ENSURE(item.held != NULL, KITH_ERR_NOT_FOUND);
            item.sender_type = item.held->sender_type;
            item.sender = item.held->sender;
            kith_reader held = kith_reader_of(kith_bytes_of_buf(&item.held->bytes));
            KITH_TRY(mls_proposal_decode(&held, &item.proposal));
        }
        KITH_TRY(mls_item_list_push(&job->items, &item));
    }
    return KITH_OK;
}

static bool
is_self_removed(const incoming *job)
{
    for (size_t i = 0; i < job->plan.changes.count; i++) {
        const mls_leaf_change *change = &job->plan.changes.items[i];
        if (change->kind == MLS_REMOVED && change->leaf_index == job->old->own_leaf) {
            return true;
        }
    }
    return false;
}

/* Own keys as far as the proposals change them: an own Update has a new leaf key. */
static kith_err
start_keys(incoming *job)
{
    KITH_TRY(mls_private_copy(&job->old->keys, &job->keys));
    if (job->plan.own_update != NULL) {
        KITH_TRY(
            mls_private_set(&job->keys, 0, kith_bytes_of_secret(&job->plan.own_update->leaf_key)));
    }
    mls_private_prune(&job->keys, &job->plan.tree);
    return KITH_OK;
}

/* ---- The path ---- */

/* The path's keys are good ones, and new to the tree [RFC9420 §12.4.2]. */
static kith_err
check_path_keys(const incoming *job)
{
    const mls_tools tools = job->old->tools;
    kith_bytes keys[MLS_LEVEL_MAX + 1];
    size_t count = 0;

    KITH_TRY(mls_path_keys(job->commit.nodes, keys, MLS_LEVEL_MAX, &count));
    for (size_t i = 0; i < count; i++) {
        KITH_TRY(crypto_kem_public_check(tools.crypto, tools.suite->hpke.kem, keys[i]));
    }
    keys[count++] = job->commit.leaf.encryption_key;
    return mls_tree_check_fresh(&job->plan.tree, keys, count);
}

/* What the caller of the library thinks of who commits. */
static kith_err
show_committer(const incoming *job, const mls_leaf *before)
{
    const mls_plan_scope scope = scope_of(job);
    const mls_leaf_node *leaf = &job->leaf->node;

    if (before == NULL) {
        return mls_show_credential(&scope, MLS_CHECK_EXTERNAL, leaf, NULL);
    }
    const mls_leaf_node *old = &before->node;
    const bool same = leaf->credential.type == old->credential.type &&
                      kith_bytes_equal(leaf->credential.data, old->credential.data) &&
                      kith_bytes_equal(leaf->signature_key, old->signature_key);
    return same && !job->is_external ? KITH_OK
                                     : mls_show_credential(&scope, MLS_CHECK_REPLACED, leaf, old);
}

static kith_err
check_path_leaf(const incoming *job)
{
    const mls_leaf_rules rules = {.source = MLS_LEAF_SOURCE_COMMIT,
                                  .group_id = job->old->context.group_id,
                                  .leaf_index = job->sender,
                                  .group_extensions = kith_bytes_of_buf(&job->plan.extensions)};
    const mls_leaf *before =
        mls_tree_leaf(&job->old->tree, job->is_external ? job->plan.replaces : job->sender);

    KITH_TRY(mls_leaf_check(job->old->tools, job->leaf, &rules));
    /* As with an Update, also of a member that comes back from outside [RFC9420 §12.2, §12.4.2]. */
    KITH_ENSURE(before == NULL ||
                    !kith_bytes_equal(job->leaf->node.encryption_key, before->node.encryption_key),
                KITH_ERR_REJECTED);
    return show_committer(job, before);
}

/* The committer's leaf is among the changes. */
static kith_err
record_committer(incoming *job)
{
    mls_leaf *before = job->is_external ? NULL : mls_tree_leaf(&job->old->tree, job->sender);
    const mls_leaf_change change = {.kind = before != NULL ? MLS_REPLACED : MLS_ADDED,
                                    .leaf_index = job->sender,
                                    .before = before,
                                    .after = job->leaf};
    mls_index_list *changed = &job->plan.changed;

    KITH_TRY(mls_change_list_push(&job->plan.changes, &change));
    KITH_TRY(kith_mem_grow(changed->alloc, (void **)&changed->items, &changed->cap,
                           changed->count + 1, sizeof *changed->items));
    changed->items[changed->count++] = job->sender;
    return KITH_OK;
}

static kith_err
decrypt_path(incoming *job)
{
    KITH_AUTO(kith_buf) provisional = {.alloc = job->old->tools.alloc};
    const mls_context_change change = {
        .tree = &job->plan.tree,
        .extensions = kith_bytes_of_buf(&job->plan.extensions),
        .confirmed = job->old->context.confirmed_transcript_hash,
    };

    KITH_TRY(mls_context_next(&job->old->context, &change, &provisional));
    const mls_path_scope scope = {
        .sender = job->sender,
        .added = {.items = job->plan.added.items, .count = job->plan.added.count},
        .context = kith_bytes_of_buf(&provisional),
    };
    return mls_path_decrypt(&job->plan.tree, job->commit.nodes, &scope, &job->keys,
                            &job->commit_secret);
}

static kith_err
apply_path(incoming *job)
{
    if (job->is_external) {
        KITH_TRY(mls_tree_find_blank(&job->plan.tree, &job->sender));
    }
    KITH_TRY(mls_leaf_new(job->old->tools.alloc, job->commit.leaf_bytes, &job->leaf));
    KITH_TRY(check_path_leaf(job));
    KITH_TRY(check_path_keys(job));
    KITH_TRY(mls_path_merge(&job->plan.tree, job->sender, job->leaf, job->commit.nodes));
    KITH_TRY(record_committer(job));
    KITH_TRY(mls_check_new_tree(&job->plan.tree, &job->plan.changed));
    return job->is_blind ? KITH_OK : decrypt_path(job);
}

static kith_err
apply_commit(incoming *job)
{
    const mls_plan_scope scope = scope_of(job);

    KITH_TRY(collect_items(job));
    KITH_TRY(mls_plan_make(&scope, &job->items, &job->plan));
    /* A path with Updates, Removes, or nothing [RFC9420 §12.4, §12.4.2]. */
    KITH_ENSURE(job->commit.has_path || !job->plan.path_required, KITH_ERR_REJECTED);
    job->removes_self = is_self_removed(job);
    job->is_blind = job->removes_self || job->group->is_public;
    if (!job->is_blind) {
        KITH_TRY(start_keys(job));
    }
    if (job->commit.has_path) {
        return apply_path(job);
    }
    job->commit_secret = mls_zero_secret(job->old->tools);
    return mls_check_new_tree(&job->plan.tree, &job->plan.changed);
}

/* ---- The next epoch ---- */

static kith_err
write_context(const incoming *job, kith_buf *out)
{
    mls_hash confirmed = {0};

    const mls_transcript_input transcript = {.wire = job->in->wire,
                                             .content = job->in->content_bytes,
                                             .signature = job->in->auth.signature};
    KITH_TRY(mls_transcript_confirm(job->old->tools, mls_hash_bytes(&job->old->interim),
                                    &transcript, &confirmed));
    const mls_context_change change = {.tree = &job->plan.tree,
                                       .extensions = kith_bytes_of_buf(&job->plan.extensions),
                                       .confirmed = mls_hash_bytes(&confirmed)};
    return mls_context_next(&job->old->context, &change, out);
}

/* An epoch seen from outside: members, but no secrets. The confirmation tag is taken as it is. */
static kith_err
make_foreign_epoch(incoming *job, kith_bytes context)
{
    const mls_tools tools = job->old->tools;
    const kith_bytes tag = job->in->auth.confirmation_tag;
    mls_epoch *next = NULL;

    KITH_ENSURE(tag.len == mls_suite_hash_len(tools.suite), KITH_ERR_REJECTED);
    KITH_TRY(mls_epoch_new(tools, context, &next));
    job->staged->next = next;
    next->tree = mls_tree_clone(&job->plan.tree);
    kith_reader r = kith_reader_of(tag);
    next->confirmation_tag.len = tag.len;
    KITH_TRY(kith_read_copy(&r, next->confirmation_tag.bytes, tag.len));
    return mls_transcript_interim(tools, next->context.confirmed_transcript_hash, tag,
                                  &next->interim);
}

static kith_err
make_epoch(incoming *job, kith_bytes context)
{
    const mls_tools tools = job->old->tools;
    KITH_AUTO(kith_secret) init = job->old->secrets.init;
    KITH_AUTO(kith_secret) joiner = {0};
    mls_epoch *next = NULL;

    if (job->is_external) {
        KITH_TRY(mls_external_init_open(job->old, job->plan.kem_output, &init));
    }
    KITH_TRY(mls_joiner_secret(tools, kith_bytes_of_secret(&init),
                               kith_bytes_of_secret(&job->commit_secret), context, &joiner));
    const mls_epoch_input in = {.context = context,
                                .tree = &job->plan.tree,
                                .joiner_secret = kith_bytes_of_secret(&joiner),
                                .psk_secret = kith_bytes_of_secret(&job->plan.psk_secret)};
    KITH_TRY(mls_epoch_derive(tools, &in, &next));
    job->staged->next = next;
    /* All arrived at the same state [RFC9420 §12.4.2]. */
    KITH_ENSURE(
        kith_equal_ct(mls_hash_bytes(&next->confirmation_tag), job->in->auth.confirmation_tag),
        KITH_ERR_REJECTED);
    next->own_leaf = job->old->own_leaf;
    next->keys = job->keys;
    job->keys = (mls_private){0};
    return KITH_OK;
}

/* An own Update with a new signature key was committed: it signs from now on. */
static kith_err
take_signer(incoming *job)
{
    const mls_held *update = job->plan.own_update;

    if (update == NULL || update->signature_private.len == 0) {
        return KITH_OK;
    }
    job->staged->signature_private = update->signature_private;
    return crypto_sign_key_import(job->group->tools.crypto, job->group->tools.suite->sign,
                                  kith_bytes_of_secret(&update->signature_private),
                                  &job->staged->signer);
}

static mls_staged_info
describe(const incoming *job)
{
    return (mls_staged_info){.committer = job->sender,
                             .is_external = job->is_external,
                             .external_replaces = job->plan.replaces,
                             .removes_self = job->removes_self,
                             .reinit = job->plan.reinit,
                             .extensions_changed = job->plan.extensions_changed,
                             .has_path = job->commit.has_path,
                             .change_count = job->plan.changes.count,
                             .psk_count = job->plan.psk_count};
}

static kith_err
stage(incoming *job)
{
    const kith_alloc *alloc = job->old->tools.alloc;
    KITH_AUTO(kith_buf) context = {.alloc = alloc};

    job->staged = kith_mem_zalloc(alloc, 1, sizeof *job->staged);
    KITH_ENSURE(job->staged != NULL, KITH_ERR_NO_MEMORY);
    job->staged->alloc = alloc;
    job->staged->changes.alloc = alloc;
    job->staged->group_serial = job->group->serial;
    KITH_TRY(write_context(job, &context));
    KITH_TRY(job->is_blind ? make_foreign_epoch(job, kith_bytes_of_buf(&context))
                           : make_epoch(job, kith_bytes_of_buf(&context)));
    KITH_TRY(take_signer(job));
    job->staged->info = describe(job);
    job->staged->changes = job->plan.changes;
    job->plan.changes = (mls_change_list){.alloc = alloc};
    job->staged->reinit = kith_buf_take(&job->plan.reinit_bytes);
    job->staged->ephemeral = kith_buf_take(&job->plan.ephemeral);
    return KITH_OK;
}

kith_err
mls_commit_stage(const mls_group *group, const mls_commit_in *in, mls_staged **out)
{
    KITH_AUTO(incoming) job = {.group = group,
                               .old = group->now,
                               .in = in,
                               .items = {.alloc = group->tools.alloc},
                               .is_external =
                                   in->content.sender_type == MLS_SENDER_NEW_MEMBER_COMMIT,
                               .sender = in->content.sender_index};
    kith_reader r = kith_reader_of(in->content.body);

    KITH_TRY(mls_commit_decode(&r, &job.commit));
    KITH_TRY(kith_reader_finish(&r));
    KITH_TRY(apply_commit(&job));
    KITH_TRY(stage(&job));
    *out = job.staged;
    job.staged = NULL;
    return KITH_OK;
}
