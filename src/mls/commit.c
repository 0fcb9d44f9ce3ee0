/* SPDX-License-Identifier: MPL-2.0 */
/* Making a commit [RFC9420 §12.4.1]. Each step fills the job further; the group is touched at the end only. */
#include "mls/commit.h"

#include <stdlib.h>

void
mls_job_done(mls_job *job)
{
    mls_plan_done(&job->plan);
    mls_new_path_done(&job->path);
    kith_buf_done(&job->update_path);
    kith_buf_done(&job->body);
    kith_buf_done(&job->content);
    kith_buf_done(&job->signature);
    kith_secret_done(&job->joiner);
    mls_epoch_free(job->next);
    *job = (mls_job){0};
}

static int
compare_indices(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

kith_err
mls_check_new_tree(const mls_tree *tree, mls_index_list *changed)
{
    if (changed->count > 1) {
        qsort(changed->items, changed->count, sizeof *changed->items, compare_indices);
    }
    KITH_TRY(mls_tree_check_once(tree,
                                 (mls_leaf_set){.items = changed->items, .count = changed->count}));
    return mls_tree_check_credentials(tree);
}

kith_err
mls_job_check_tree(mls_job *job)
{
    return mls_check_new_tree(&job->plan.tree, &job->plan.changed);
}

/* The sender's leaf is among the changes: new for a joiner, replaced for a member. */
static kith_err
record_sender(mls_job *job)
{
    mls_leaf *before =
        job->sender_type == MLS_SENDER_MEMBER ? mls_tree_leaf(&job->old->tree, job->sender) : NULL;
    const mls_leaf_change change = {.kind = before != NULL ? MLS_REPLACED : MLS_ADDED,
                                    .leaf_index = job->sender,
                                    .before = before,
                                    .after = mls_tree_leaf(&job->plan.tree, job->sender)};
    mls_index_list *changed = &job->plan.changed;

    KITH_TRY(mls_change_list_push(&job->plan.changes, &change));
    KITH_TRY(kith_mem_grow(changed->alloc, (void **)&changed->items, &changed->cap,
                           changed->count + 1, sizeof *changed->items));
    changed->items[changed->count++] = job->sender;
    return KITH_OK;
}

kith_err
mls_job_add_path(mls_job *job, const mls_leaf_draft *draft)
{
    KITH_AUTO(kith_buf) provisional = {.alloc = job->tools.alloc};
    const mls_context_change change = {
        .tree = &job->plan.tree,
        .extensions = kith_bytes_of_buf(&job->plan.extensions),
        .confirmed = job->old->context.confirmed_transcript_hash,
    };

    KITH_TRY(mls_path_make(&job->plan.tree, job->sender, draft, &job->env->rng, &job->path));
    job->has_path = true;
    /* The own new leaf, too, can do what the group asks for [RFC9420 §7.3, §12.2]. */
    KITH_TRY(mls_leaf_check_capabilities(mls_tree_leaf(&job->plan.tree, job->sender),
                                         kith_bytes_of_buf(&job->plan.extensions)));
    KITH_TRY(record_sender(job));
    KITH_TRY(mls_job_check_tree(job));
    KITH_TRY(mls_context_next(&job->old->context, &change, &provisional));
    const mls_path_scope scope = {
        .sender = job->sender,
        .added = {.items = job->plan.added.items, .count = job->plan.added.count},
        .context = kith_bytes_of_buf(&provisional),
    };
    return mls_path_encrypt(&job->plan.tree, &job->path, &scope, &job->env->rng, &job->update_path);
}

/* Commit [RFC9420 §12.4]. */
static kith_err
write_body(mls_job *job, const mls_item_list *items)
{
    kith_writer w = kith_writer_of(&job->body);
    size_t mark = 0;

    KITH_TRY(kith_write_open(&w, KITH_VEC_VAR, &mark));
    for (size_t i = 0; i < items->count; i++) {
        const mls_item *item = &items->items[i];
        KITH_TRY(kith_write_u8(&w, item->held != NULL ? 2 : 1));
        if (item->held != NULL) {
            KITH_TRY(kith_write_varvec(&w, mls_hash_bytes(&item->held->ref)));
        } else {
            KITH_TRY(kith_write_bytes(&w, item->proposal.bytes));
        }
    }
    KITH_TRY(kith_write_close(&w, KITH_VEC_VAR, mark));
    KITH_TRY(kith_write_bool(&w, job->has_path));
    return kith_write_bytes(&w, kith_bytes_of_buf(&job->update_path));
}

static mls_framed_content
content_of(const mls_job *job)
{
    return (mls_framed_content){.group_id = job->old->context.group_id,
                                .epoch = job->old->context.epoch,
                                .sender_type = job->sender_type,
                                .sender_index = job->sender,
                                .authenticated_data = job->authenticated_data,
                                .content_type = MLS_CONTENT_COMMIT,
                                .body = kith_bytes_of_buf(&job->body)};
}

static mls_signed_content
signed_of(const mls_job *job)
{
    return (mls_signed_content){.wire = job->wire,
                                .content = kith_bytes_of_buf(&job->content),
                                .context = kith_bytes_of_buf(&job->old->context_bytes)};
}

static kith_err
sign_content(mls_job *job)
{
    const mls_framed_content content = content_of(job);
    kith_writer w = kith_writer_of(&job->content);

    KITH_TRY(mls_framed_content_encode(&w, &content));
    const mls_signed_content in = signed_of(job);
    return mls_content_sign(job->tools, job->signer, &in, &job->signature);
}

/* The next epoch [RFC9420 §8]: from here on it is known what the members will know. */
static kith_err
derive_next(mls_job *job, kith_bytes init)
{
    mls_hash confirmed = {0};
    KITH_AUTO(kith_buf) context = {.alloc = job->tools.alloc};
    const kith_secret zero = mls_zero_secret(job->tools);
    const kith_secret *commit = job->has_path ? &job->path.commit_secret : &zero;

    const mls_transcript_input transcript = {.wire = job->wire,
                                             .content = kith_bytes_of_buf(&job->content),
                                             .signature = kith_bytes_of_buf(&job->signature)};
    KITH_TRY(mls_transcript_confirm(job->tools, mls_hash_bytes(&job->old->interim), &transcript,
                                    &confirmed));
    const mls_context_change change = {.tree = &job->plan.tree,
                                       .extensions = kith_bytes_of_buf(&job->plan.extensions),
                                       .confirmed = mls_hash_bytes(&confirmed)};
    KITH_TRY(mls_context_next(&job->old->context, &change, &context));
    KITH_TRY(mls_joiner_secret(job->tools, init, kith_bytes_of_secret(commit),
                               kith_bytes_of_buf(&context), &job->joiner));
    const mls_epoch_input in = {.context = kith_bytes_of_buf(&context),
                                .tree = &job->plan.tree,
                                .joiner_secret = kith_bytes_of_secret(&job->joiner),
                                .psk_secret = kith_bytes_of_secret(&job->plan.psk_secret)};
    return mls_epoch_derive(job->tools, &in, &job->next);
}

/* The sender's private keys in the next epoch. */
static kith_err
set_own_keys(mls_job *job)
{
    job->next->own_leaf = job->sender;
    if (job->has_path) {
        job->next->keys = job->path.keys;
        job->path.keys = (mls_private){0};
        return KITH_OK;
    }
    KITH_TRY(mls_private_copy(&job->old->keys, &job->next->keys));
    mls_private_prune(&job->next->keys, &job->next->tree);
    return KITH_OK;
}

kith_err
mls_job_finish(mls_job *job, const mls_item_list *items, kith_bytes init)
{
    KITH_TRY(write_body(job, items));
    KITH_TRY(sign_content(job));
    KITH_TRY(derive_next(job, init));
    return set_own_keys(job);
}

kith_err
mls_job_frame_public(const mls_job *job, kith_bytes membership_key, kith_buf *out)
{
    KITH_AUTO(kith_buf) auth = {.alloc = job->tools.alloc};
    kith_writer auth_w = kith_writer_of(&auth);
    kith_writer w = kith_writer_of(out);
    const mls_auth_data data = {.signature = kith_bytes_of_buf(&job->signature),
                                .confirmation_tag = mls_hash_bytes(&job->next->confirmation_tag)};
    const mls_signed_content in = signed_of(job);
    mls_hash tag = {0};

    KITH_TRY(mls_auth_data_encode(&auth_w, MLS_CONTENT_COMMIT, &data));
    KITH_TRY(mls_message_start(&w, MLS_WIRE_PUBLIC_MESSAGE));
    KITH_TRY(kith_write_bytes(&w, kith_bytes_of_buf(&job->content)));
    KITH_TRY(kith_write_bytes(&w, kith_bytes_of_buf(&auth)));
    if (membership_key.len == 0) {
        return KITH_OK;
    }
    KITH_TRY(mls_membership_tag(job->tools, membership_key, &in, kith_bytes_of_buf(&auth), &tag));
    return kith_write_varvec(&w, mls_hash_bytes(&tag));
}

static mls_staged_info
info_of(const mls_job *job)
{
    return (mls_staged_info){.committer = job->sender,
                             .is_external = job->plan.is_external,
                             .external_replaces = job->plan.replaces,
                             .reinit = job->plan.reinit,
                             .extensions_changed = job->plan.extensions_changed,
                             .has_path = job->has_path,
                             .change_count = job->plan.changes.count,
                             .psk_count = job->plan.psk_count};
}

void
mls_job_stage(mls_job *job, mls_staged *staged)
{
    staged->info = info_of(job);
    staged->changes = job->plan.changes;
    job->plan.changes = (mls_change_list){.alloc = job->tools.alloc};
    staged->reinit = kith_buf_take(&job->plan.reinit_bytes);
    staged->ephemeral = kith_buf_take(&job->plan.ephemeral);
    staged->next = job->next;
    job->next = NULL;
}
