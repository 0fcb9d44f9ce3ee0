/* SPDX-License-Identifier: MPL-2.0 */
/* External initialisation [RFC9420 §8.3] and joining by an external commit [RFC9420 §12.4.3.2]. */
#include "mls/external.h"

#include "mls/commit.h"
#include "mls/join.h"

#define INIT_LABEL "MLS 1.0 external init secret"

static kith_err
export_init(mls_tools tools, const crypto_hpke_context *context, kith_secret *out)
{
    return crypto_hpke_export(tools.crypto, context, kith_bytes_of_text(INIT_LABEL),
                              mls_suite_hash_len(tools.suite), out);
}

kith_err
mls_external_init_open(const mls_epoch *epoch, kith_bytes kem_output, kith_secret *out)
{
    const mls_tools tools = epoch->tools;
    KITH_AUTO(crypto_kem_pair) pair = {0};
    KITH_AUTO(crypto_hpke_context) context = {0};

    KITH_TRY(crypto_kem_derive(tools.crypto, tools.suite->hpke.kem,
                               kith_bytes_of_secret(&epoch->secrets.external), &pair));
    const crypto_hpke hpke = {.suite = tools.suite->hpke,
                              .key = kith_bytes_of_secret(&pair.private_key)};
    KITH_TRY(crypto_hpke_setup_receive(tools.crypto, &hpke, kem_output, &context));
    return export_init(tools, &context, out);
}

kith_err
mls_external_init_make(mls_tools tools, const kith_rng *rng, kith_bytes external_pub,
                       kith_buf *kem_output, kith_secret *out)
{
    const crypto_hpke hpke = {.suite = tools.suite->hpke, .key = external_pub};
    KITH_AUTO(crypto_hpke_context) context = {0};

    KITH_TRY(crypto_hpke_setup_send(tools.crypto, &hpke, rng, kem_output, &context));
    return export_init(tools, &context, out);
}

/* An external join on its way; wiped by done. */
typedef struct outsider {
    const mls_env *env;
    const mls_external_params *params;
    mls_tools tools;
    mls_group_info_view info;
    mls_epoch *old; /* the group as the GroupInfo shows it: no secrets, no own leaf */
    mls_group *group;
    kith_buf values; /* encoded proposals */
    mls_item_list items;
    mls_held_list held; /* SelfRemoves */
    kith_secret init;
} outsider;

static void
outsider_done(outsider *job)
{
    mls_epoch_free(job->old);
    mls_group_free(job->group);
    kith_buf_done(&job->values);
    mls_item_list_done(&job->items);
    mls_held_list_done(&job->held);
    kith_secret_done(&job->init);
}

kith_err
mls_group_info_open(const mls_env *env, kith_bytes message, mls_group_info_view *out,
                    mls_tools *tools)
{
    kith_bytes body;

    KITH_TRY(mls_message_open(message, MLS_WIRE_GROUP_INFO, &body));
    kith_reader r = kith_reader_of(body);
    KITH_TRY(mls_group_info_decode(&r, out));
    KITH_TRY(kith_reader_finish(&r));
    const mls_suite *suite = mls_suite_of(env, out->context.suite);
    KITH_ENSURE(suite != NULL, KITH_ERR_UNSUPPORTED);
    *tools = mls_tools_of(env, suite);
    return KITH_OK;
}

static kith_err
fill_outside_epoch(const mls_join_scope *scope, const mls_group_info_view *info, mls_epoch *epoch)
{
    kith_reader r = kith_reader_of(info->confirmation_tag);
    mls_hash *tag = &epoch->confirmation_tag;

    KITH_TRY(mls_join_check(scope, info, &epoch->tree));
    tag->len = mls_suite_hash_len(scope->tools.suite);
    KITH_TRY(kith_read_copy(&r, tag->bytes, tag->len));
    KITH_TRY(kith_reader_finish(&r));
    return mls_transcript_interim(scope->tools, info->context.confirmed_transcript_hash,
                                  info->confirmation_tag, &epoch->interim);
}

kith_err
mls_epoch_outside(const mls_join_scope *scope, const mls_group_info_view *info, mls_epoch **out)
{
    mls_epoch *epoch = NULL;

    KITH_TRY(mls_epoch_new(scope->tools, info->context_bytes, &epoch));
    const kith_err err = fill_outside_epoch(scope, info, epoch);
    if (err != KITH_OK) {
        mls_epoch_free(epoch);
        return err;
    }
    *out = epoch;
    return KITH_OK;
}

static kith_err
make_old(outsider *job)
{
    const mls_join_scope scope = {.env = job->env,
                                  .tools = job->tools,
                                  .now_s = job->params->now_s,
                                  .given_tree = job->params->ratchet_tree};

    return mls_epoch_outside(&scope, &job->info, &job->old);
}

static kith_err
write_external_init(outsider *job, kith_writer *w)
{
    KITH_AUTO(kith_buf) kem_output = {.alloc = job->tools.alloc};
    kith_bytes extension;
    kith_bytes external_pub;

    KITH_ENSURE(mls_ext_find(job->info.extensions, MLS_EXT_EXTERNAL_PUB, &extension) == KITH_OK,
                KITH_ERR_INVALID);
    kith_reader r = kith_reader_of(extension);
    KITH_TRY(kith_read_varvec(&r, &external_pub));
    KITH_TRY(kith_reader_finish(&r));
    KITH_TRY(
        mls_external_init_make(job->tools, &job->env->rng, external_pub, &kem_output, &job->init));
    KITH_TRY(kith_write_u16(w, MLS_PROPOSAL_EXTERNAL_INIT));
    return kith_write_varvec(w, kith_bytes_of_buf(&kem_output));
}

static kith_err
write_psk(outsider *job, const mls_psk_ref *ref, kith_writer *w)
{
    KITH_AUTO(kith_secret) nonce = {0};

    KITH_TRY(kith_rng_secret(&job->env->rng, mls_suite_hash_len(job->tools.suite), &nonce));
    const mls_psk_id id = {.type = (uint8_t)(ref->is_resumption  ? MLS_PSK_RESUMPTION
                                             : ref->is_component ? MLS_PSK_COMPONENT
                                                                 : MLS_PSK_EXTERNAL),
                           .psk_id = ref->psk_id,
                           .component_id = ref->component_id,
                           .usage = MLS_PSK_USAGE_APPLICATION,
                           .group_id = ref->group_id,
                           .epoch = ref->epoch,
                           .nonce = kith_bytes_of_secret(&nonce)};
    KITH_TRY(kith_write_u16(w, MLS_PROPOSAL_PSK));
    return mls_psk_id_encode(w, &id);
}

/* Who sent it, and that it is nothing else. */
static kith_err
check_self_remove(const outsider *job, const mls_public_message *message)
{
    const mls_framed_content *content = &message->content;
    kith_reader r = kith_reader_of(content->body);
    mls_proposal proposal;
    crypto_verify_key *key = NULL;
    const mls_leaf *sender = mls_tree_leaf(&job->old->tree, content->sender_index);

    KITH_ENSURE(content->sender_type == MLS_SENDER_MEMBER && sender != NULL &&
                    content->content_type == MLS_CONTENT_PROPOSAL,
                KITH_ERR_REJECTED);
    KITH_ENSURE(kith_bytes_equal(content->group_id, job->info.context.group_id),
                KITH_ERR_NOT_FOUND);
    KITH_ENSURE(content->epoch == job->info.context.epoch, KITH_ERR_OUT_OF_STEP);
    KITH_TRY(mls_proposal_decode(&r, &proposal));
    KITH_ENSURE(proposal.type == MLS_PROPOSAL_SELF_REMOVE, KITH_ERR_REJECTED);
    KITH_TRY(crypto_verify_key_new(job->tools.crypto, job->tools.suite->sign,
                                   sender->node.signature_key, &key));
    const mls_signed_content in = {.wire = MLS_WIRE_PUBLIC_MESSAGE,
                                   .content = message->content_bytes,
                                   .context = job->info.context_bytes};
    const kith_err err = mls_content_verify(job->tools, key, &in, message->auth.signature);
    crypto_verify_key_free(key);
    return err;
}

/* Everything of a SelfRemove but its membership tag, which an outsider cannot check [MLS-EXT §6.3]. */
static kith_err
hold_self_remove(outsider *job, kith_bytes message)
{
    kith_bytes body;
    mls_public_message public;
    mls_held_list *list = &job->held;

    KITH_TRY(mls_message_open(message, MLS_WIRE_PUBLIC_MESSAGE, &body));
    kith_reader r = kith_reader_of(body);
    KITH_TRY(mls_public_message_decode(&r, &public));
    KITH_TRY(kith_reader_finish(&r));
    KITH_TRY(check_self_remove(job, &public));
    KITH_ENSURE(list->count < MLS_PENDING_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_mem_grow(list->alloc, (void **)&list->items, &list->cap, list->count + 1,
                           sizeof *list->items));
    mls_held *held = &list->items[list->count++];
    *held = (mls_held){.sender_type = MLS_SENDER_MEMBER,
                       .sender = public.content.sender_index,
                       .bytes = {.alloc = list->alloc}};
    KITH_TRY(mls_proposal_ref(job->tools, MLS_WIRE_PUBLIC_MESSAGE, public.content_bytes,
                              public.auth_bytes, &held->ref));
    return kith_buf_set(&held->bytes, public.content.body);
}

static kith_err
push_self_removes(outsider *job)
{
    for (size_t i = 0; i < job->params->self_remove_count; i++) {
        KITH_TRY(hold_self_remove(job, job->params->self_removes[i]));
    }
    for (size_t i = 0; i < job->held.count; i++) {
        const mls_held *held = &job->held.items[i];
        const mls_item item = {.proposal = {.type = MLS_PROPOSAL_SELF_REMOVE,
                                            .bytes = kith_bytes_of_buf(&held->bytes)},
                               .sender_type = MLS_SENDER_MEMBER,
                               .sender = held->sender,
                               .held = held};
        KITH_TRY(mls_item_list_push(&job->items, &item));
    }
    return KITH_OK;
}

static kith_err
make_items(outsider *job)
{
    kith_writer w = kith_writer_of(&job->values);

    KITH_TRY(push_self_removes(job));
    KITH_TRY(write_external_init(job, &w));
    if (job->params->replaces != MLS_LEAF_NONE) {
        KITH_TRY(kith_write_u16(&w, MLS_PROPOSAL_REMOVE));
        KITH_TRY(kith_write_u32(&w, job->params->replaces));
    }
    for (size_t i = 0; i < job->params->psk_count; i++) {
        KITH_TRY(write_psk(job, &job->params->psks[i], &w));
    }
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&job->values));
    while (!kith_reader_done(&r)) {
        mls_item item = {.sender_type = MLS_SENDER_NEW_MEMBER_COMMIT, .sender = MLS_LEAF_NONE};
        KITH_TRY(mls_proposal_decode(&r, &item.proposal));
        KITH_TRY(mls_item_list_push(&job->items, &item));
    }
    return KITH_OK;
}

/* Plan, path, signed commit and next epoch. */
static kith_err
make_commit(outsider *job, mls_job *commit)
{
    const mls_plan_scope scope = {.env = job->env,
                                  .epoch = job->old,
                                  .committer = MLS_LEAF_NONE,
                                  .now_s = job->params->now_s,
                                  .is_sending = true};
    mls_leaf_draft draft = {.env = job->env,
                            .signer = job->group->signer,
                            .identity = job->params->leaf.identity,
                            .extensions = job->params->leaf.extensions,
                            .extension_count = job->params->leaf.extension_count,
                            .group_id = job->info.context.group_id};

    KITH_TRY(mls_plan_make(&scope, &job->items, &commit->plan));
    /* The leftmost blank leaf, as with an Add [RFC9420 §12.4.3.2]. */
    KITH_TRY(mls_tree_find_blank(&commit->plan.tree, &commit->sender));
    draft.leaf_index = commit->sender;
    KITH_TRY(mls_job_add_path(commit, &draft));
    return mls_job_finish(commit, &job->items, kith_bytes_of_secret(&job->init));
}

static kith_err
finish(outsider *job, kith_buf *out)
{
    const kith_alloc *alloc = job->tools.alloc;
    KITH_AUTO(kith_buf) message = {.alloc = alloc};
    KITH_AUTO(mls_job) commit = {.env = job->env,
                                 .tools = job->tools,
                                 .old = job->old,
                                 .signer = job->group->signer,
                                 .new_signer = job->group->signer,
                                 .sender_type = MLS_SENDER_NEW_MEMBER_COMMIT,
                                 .wire = MLS_WIRE_PUBLIC_MESSAGE,
                                 .authenticated_data = job->params->authenticated_data,
                                 .update_path = {.alloc = alloc},
                                 .body = {.alloc = alloc},
                                 .content = {.alloc = alloc},
                                 .signature = {.alloc = alloc}};

    KITH_TRY(make_commit(job, &commit));
    KITH_TRY(mls_job_frame_public(&commit, (kith_bytes){0}, &message));
    KITH_TRY(kith_buf_append(out, kith_bytes_of_buf(&message)));
    job->group->now = commit.next;
    commit.next = NULL;
    return KITH_OK;
}

kith_err
mls_group_join_external(const mls_env *env, const mls_external_params *params, kith_buf *commit,
                        mls_group **out)
{
    KITH_AUTO(outsider) job = {.env = env,
                               .params = params,
                               .values = {.alloc = env->alloc},
                               .items = {.alloc = env->alloc},
                               .held = {.alloc = env->alloc}};

    KITH_TRY(mls_group_info_open(env, params->group_info, &job.info, &job.tools));
    KITH_TRY(make_old(&job));
    KITH_TRY(mls_safe_aad_check(job.info.context.extensions, params->authenticated_data,
                                KITH_ERR_INVALID));
    KITH_TRY(mls_group_alloc(env, job.tools.suite, params->settings, params->leaf.signature_private,
                             &job.group));
    KITH_TRY(make_items(&job));
    KITH_TRY(finish(&job, commit));
    *out = job.group;
    job.group = NULL;
    return KITH_OK;
}
