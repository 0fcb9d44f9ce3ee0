/* SPDX-License-Identifier: MPL-2.0 */
/* What a member sends: proposals, commits, application messages, GroupInfos [RFC9420 §12, §15]. */
#include "mls/commit.h"
#include "mls/draft.h"

/* ---- Commits ---- */

/* A new signature key that comes with a new leaf; empty when the leaf keeps the old one. */
typedef struct new_signer {
    crypto_sign_key *key;
} new_signer;

static void
new_signer_done(new_signer *signer)
{
    crypto_sign_key_free(signer->key);
    signer->key = NULL;
}

static kith_err
import_signer(const mls_group *group, const mls_leaf_params *leaf, new_signer *out)
{
    if (leaf == NULL || leaf->signature_private.len == 0) {
        return KITH_OK;
    }
    return crypto_sign_key_import(group->tools.crypto, group->tools.suite->sign,
                                  leaf->signature_private, &out->key);
}

/* The draft of this member's next leaf: as the old one, or as `leaf` says. */
static mls_leaf_draft
own_draft(const mls_group *group, const mls_leaf_params *leaf, crypto_sign_key *signer)
{
    mls_leaf_draft draft = {.env = group->env,
                            .signer = signer,
                            .like = mls_tree_leaf(&group->now->tree, group->now->own_leaf),
                            .group_id = group->now->context.group_id,
                            .leaf_index = group->now->own_leaf};

    if (leaf != NULL) {
        draft.like = NULL;
        draft.identity = leaf->identity;
        draft.extensions = leaf->extensions;
        draft.extension_count = leaf->extension_count;
    }
    return draft;
}

/* Everything up to the signed commit and the next epoch. */
static kith_err
make_commit(const mls_group *group, const mls_commit_params *params, const mls_item_list *items,
            mls_job *job)
{
    const mls_plan_scope scope = {.env = group->env,
                                  .group = group,
                                  .epoch = group->now,
                                  .committer = group->now->own_leaf,
                                  .now_s = params->now_s,
                                  .is_sending = true};
    const mls_leaf_draft draft = own_draft(group, params->leaf, job->new_signer);

    KITH_TRY(mls_plan_make(&scope, items, &job->plan));
    if (job->plan.path_required || params->force_path || params->leaf != NULL) {
        KITH_TRY(mls_job_add_path(job, &draft));
    } else {
        KITH_TRY(mls_job_check_tree(job));
    }
    return mls_job_finish(job, items, kith_bytes_of_secret(&group->now->secrets.init));
}

static kith_err
make_welcome(const mls_job *job, const mls_commit_params *params, const mls_item_list *items,
             kith_buf *out)
{
    const mls_info_parts parts = {.with_tree = !params->welcome_without_tree,
                                  .with_external_pub = params->welcome_with_external_pub,
                                  .extensions = params->group_info_extensions,
                                  .extension_count = params->group_info_extension_count};

    return job->plan.added.count == 0 ? KITH_OK : mls_welcome_write(job, items, &parts, out);
}

static mls_job
start_job(const mls_group *group, kith_bytes authenticated_data, crypto_sign_key *new_key)
{
    const kith_alloc *alloc = group->tools.alloc;

    return (mls_job){.env = group->env,
                     .tools = group->tools,
                     .old = group->now,
                     .signer = group->signer,
                     .new_signer = new_key != NULL ? new_key : group->signer,
                     .sender = group->now->own_leaf,
                     .sender_type = MLS_SENDER_MEMBER,
                     .wire = group->settings.public_handshakes ? MLS_WIRE_PUBLIC_MESSAGE
                                                               : MLS_WIRE_PRIVATE_MESSAGE,
                     .authenticated_data = authenticated_data,
                     .update_path = {.alloc = alloc},
                     .body = {.alloc = alloc},
                     .content = {.alloc = alloc},
                     .signature = {.alloc = alloc}};
}

/* Appends the commit and gives the hash by which it is known again. A private one consumes a handshake key:
 * the last thing that can fail. */
static kith_err
frame_commit(mls_group *group, const mls_job *job, mls_hash *hash, kith_buf *out)
{
    KITH_AUTO(kith_buf) message = {.alloc = group->tools.alloc};
    const mls_framed_content content = {.group_id = group->now->context.group_id,
                                        .epoch = group->now->context.epoch,
                                        .sender_type = MLS_SENDER_MEMBER,
                                        .sender_index = job->sender,
                                        .authenticated_data = job->authenticated_data,
                                        .content_type = MLS_CONTENT_COMMIT,
                                        .body = kith_bytes_of_buf(&job->body)};
    const mls_auth_data auth = {.signature = kith_bytes_of_buf(&job->signature),
                                .confirmation_tag = mls_hash_bytes(&job->next->confirmation_tag)};
    const mls_private_params params = {.content = &content,
                                       .auth = &auth,
                                       .pad_to = group->settings.handshake_padding,
                                       .hash = hash};

    if (job->wire == MLS_WIRE_PRIVATE_MESSAGE) {
        return mls_group_seal(group, &params, out);
    }
    KITH_TRY(
        mls_job_frame_public(job, kith_bytes_of_secret(&group->now->secrets.membership), &message));
    KITH_TRY(crypto_digest(group->tools.crypto, group->tools.suite->hash,
                           CRYPTO_PARTS(kith_bytes_of_buf(&message)), hash->bytes));
    hash->len = mls_suite_hash_len(group->tools.suite);
    return kith_buf_append(out, kith_bytes_of_buf(&message));
}

static void
free_staged(mls_staged **staged)
{
    mls_staged_free(*staged);
}

/* The empty shell of the staged own commit, with the new signer when there is one. */
static kith_err
stage_own(const mls_group *group, const mls_leaf_params *leaf, new_signer *signer, mls_staged **out)
{
    mls_staged *staged = kith_mem_zalloc(group->tools.alloc, 1, sizeof *staged);

    KITH_ENSURE(staged != NULL, KITH_ERR_NO_MEMORY);
    *out = staged;
    staged->alloc = group->tools.alloc;
    staged->changes.alloc = group->tools.alloc;
    staged->group_serial = group->serial;
    if (signer->key != NULL) {
        KITH_TRY(kith_secret_set(&staged->signature_private, leaf->signature_private));
        staged->signer = signer->key;
        signer->key = NULL;
    }
    return KITH_OK;
}

kith_err
mls_group_commit(mls_group *group, const mls_commit_params *params, kith_buf *commit,
                 kith_buf *welcome)
{
    KITH_AUTO(kith_buf) values = {.alloc = group->tools.alloc};
    KITH_AUTO(kith_buf) invitation = {.alloc = group->tools.alloc};
    KITH_AUTO(mls_item_list) items = {.alloc = group->tools.alloc};
    KITH_AUTO(new_signer) signer = {0};
    __attribute__((cleanup(free_staged))) mls_staged *staged = NULL;

    KITH_ENSURE(!group->is_over, KITH_ERR_DENIED);
    KITH_ENSURE(group->own == NULL, KITH_ERR_CONFLICT);
    KITH_TRY(mls_safe_aad_check(group->now->context.extensions, params->authenticated_data,
                                KITH_ERR_INVALID));
    KITH_TRY(import_signer(group, params->leaf, &signer));
    KITH_TRY(mls_items_collect(group, params, &values, &items));
    KITH_AUTO(mls_job) job = start_job(group, params->authenticated_data, signer.key);
    KITH_TRY(make_commit(group, params, &items, &job));
    KITH_TRY(make_welcome(&job, params, &items, &invitation));
    KITH_TRY(stage_own(group, params->leaf, &signer, &staged));
    KITH_TRY(kith_buf_reserve(welcome, invitation.len));
    KITH_TRY(frame_commit(group, &job, &staged->message_hash, commit));
    /* Nothing fails from here on: there is room for the Welcome. */
    kith_ignore(kith_buf_append(welcome, kith_bytes_of_buf(&invitation)));
    mls_job_stage(&job, staged);
    group->own = staged;
    staged = NULL;
    return KITH_OK;
}

/* ---- Proposals by reference ---- */

/* An Update of this member: a leaf with a fresh key, kept with the proposal until it is committed. */
static kith_err
write_update(const mls_group *group, const mls_leaf_params *leaf, mls_held *held)
{
    KITH_AUTO(crypto_kem_pair) pair = {0};
    KITH_AUTO(new_signer) signer = {0};
    mls_leaf *made = NULL;
    kith_writer w = kith_writer_of(&held->bytes);

    KITH_TRY(import_signer(group, leaf, &signer));
    KITH_TRY(crypto_kem_generate(group->tools.crypto, group->tools.suite->hpke.kem,
                                 &group->env->rng, &pair));
    mls_leaf_draft draft = own_draft(group, leaf, signer.key != NULL ? signer.key : group->signer);
    draft.encryption_key = kith_bytes_of_buf(&pair.public_key);
    draft.source = MLS_LEAF_SOURCE_UPDATE;
    KITH_TRY(mls_leaf_make(group->tools, &draft, &made));
    kith_err err = kith_write_u16(&w, MLS_PROPOSAL_UPDATE);
    err = err == KITH_OK ? kith_write_bytes(&w, mls_leaf_bytes(made)) : err;
    mls_leaf_drop(made);
    KITH_TRY(err);
    held->leaf_key = kith_secret_take(&pair.private_key);
    return signer.key == NULL ? KITH_OK
                              : kith_secret_set(&held->signature_private, leaf->signature_private);
}

/* The encoded and signed proposal. */
typedef struct proposal_message {
    kith_buf content;
    kith_buf auth;
    kith_buf signature;
} proposal_message;

static void
proposal_message_done(proposal_message *message)
{
    kith_buf_done(&message->content);
    kith_buf_done(&message->auth);
    kith_buf_done(&message->signature);
}

static kith_err
sign_proposal(const mls_group *group, const mls_framed_content *content, uint16_t wire,
              proposal_message *out)
{
    kith_writer content_w = kith_writer_of(&out->content);
    kith_writer auth_w = kith_writer_of(&out->auth);

    KITH_TRY(mls_framed_content_encode(&content_w, content));
    const mls_signed_content in = {.wire = wire,
                                   .content = kith_bytes_of_buf(&out->content),
                                   .context = kith_bytes_of_buf(&group->now->context_bytes)};
    KITH_TRY(mls_content_sign(group->tools, group->signer, &in, &out->signature));
    const mls_auth_data auth = {.signature = kith_bytes_of_buf(&out->signature)};
    return mls_auth_data_encode(&auth_w, content->content_type, &auth);
}

kith_err
mls_proposal_ref(mls_tools tools, uint16_t wire, kith_bytes content, kith_bytes auth, mls_hash *out)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = tools.alloc};
    kith_writer w = kith_writer_of(&bytes);
    mls_hash ref = {.len = mls_suite_hash_len(tools.suite)};

    KITH_TRY(kith_write_u16(&w, wire));
    KITH_TRY(kith_write_bytes(&w, content));
    KITH_TRY(kith_write_bytes(&w, auth));
    KITH_TRY(
        mls_ref_hash(tools, "MLS 1.0 Proposal Reference", kith_bytes_of_buf(&bytes), ref.bytes));
    *out = ref;
    return KITH_OK;
}

static kith_err
frame_proposal(mls_group *group, const mls_framed_content *content, const proposal_message *message,
               uint16_t wire, kith_buf *out)
{
    const mls_auth_data auth = {.signature = kith_bytes_of_buf(&message->signature)};
    const mls_private_params params = {
        .content = content, .auth = &auth, .pad_to = group->settings.handshake_padding};
    const mls_signed_content in = {.wire = MLS_WIRE_PUBLIC_MESSAGE,
                                   .content = kith_bytes_of_buf(&message->content),
                                   .context = kith_bytes_of_buf(&group->now->context_bytes)};
    KITH_AUTO(kith_buf) draft = {.alloc = group->tools.alloc};
    kith_writer w = kith_writer_of(&draft);
    mls_hash tag = {0};

    if (wire == MLS_WIRE_PRIVATE_MESSAGE) {
        return mls_group_seal(group, &params, out);
    }
    KITH_TRY(mls_membership_tag(group->tools, kith_bytes_of_secret(&group->now->secrets.membership),
                                &in, kith_bytes_of_buf(&message->auth), &tag));
    KITH_TRY(mls_message_start(&w, MLS_WIRE_PUBLIC_MESSAGE));
    KITH_TRY(kith_write_bytes(&w, kith_bytes_of_buf(&message->content)));
    KITH_TRY(kith_write_bytes(&w, kith_bytes_of_buf(&message->auth)));
    KITH_TRY(kith_write_varvec(&w, mls_hash_bytes(&tag)));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

static void
mls_held_done(mls_held *held)
{
    kith_buf_done(&held->bytes);
    kith_wipe(held, sizeof *held);
}

/* The proposal must be one that others will accept. */
static kith_err
check_own(const mls_group *group, const mls_held *held, uint64_t now_s)
{
    const mls_plan_scope scope = {.env = group->env,
                                  .group = group,
                                  .epoch = group->now,
                                  .committer = MLS_LEAF_NONE,
                                  .now_s = now_s,
                                  .is_sending = true};
    mls_item item = {.sender_type = MLS_SENDER_MEMBER, .sender = held->sender};
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&held->bytes));

    KITH_TRY(mls_proposal_decode(&r, &item.proposal));
    return mls_item_check(&scope, &item, group->now->context.extensions);
}

/* A SelfRemove is for external joiners to read: always public [MLS-EXT §6.3]. */
static uint16_t
wire_of(const mls_group *group, uint16_t type)
{
    return group->settings.public_handshakes || type == MLS_PROPOSAL_SELF_REMOVE
               ? MLS_WIRE_PUBLIC_MESSAGE
               : MLS_WIRE_PRIVATE_MESSAGE;
}

/* Whether this client proposed a SelfRemove: not more than once in an epoch [MLS-EXT §6.3]. */
static bool
has_left(const mls_group *group)
{
    for (size_t i = 0; i < group->held.count; i++) {
        const mls_held *held = &group->held.items[i];
        kith_reader r = kith_reader_of(kith_bytes_of_buf(&held->bytes));
        uint16_t type = 0;
        if (held->is_own && kith_read_u16(&r, &type) == KITH_OK &&
            type == MLS_PROPOSAL_SELF_REMOVE) {
            return true;
        }
    }
    return false;
}

kith_err
mls_group_propose(mls_group *group, const mls_proposal_params *params,
                  kith_bytes authenticated_data, uint64_t now_s, kith_buf *out)
{
    const kith_alloc *alloc = group->tools.alloc;
    KITH_AUTO(mls_held) held = {.sender_type = MLS_SENDER_MEMBER,
                                .sender = group->now->own_leaf,
                                .is_own = true,
                                .bytes = {.alloc = alloc}};
    KITH_AUTO(proposal_message) message = {
        .content = {.alloc = alloc}, .auth = {.alloc = alloc}, .signature = {.alloc = alloc}};
    const uint16_t wire = wire_of(group, params->type);
    mls_held_list *list = &group->held;

    KITH_ENSURE(!group->is_over, KITH_ERR_DENIED);
    KITH_ENSURE(list->count < MLS_PENDING_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(params->type != MLS_PROPOSAL_SELF_REMOVE || !has_left(group), KITH_ERR_EXISTS);
    KITH_TRY(
        mls_safe_aad_check(group->now->context.extensions, authenticated_data, KITH_ERR_INVALID));
    if (params->type == MLS_PROPOSAL_UPDATE) {
        KITH_TRY(write_update(group, params->leaf, &held));
    } else {
        KITH_TRY(mls_proposal_write(group->env, group->tools, params, &held.bytes));
    }
    KITH_TRY(check_own(group, &held, now_s));
    const mls_framed_content content = {.group_id = group->now->context.group_id,
                                        .epoch = group->now->context.epoch,
                                        .sender_type = MLS_SENDER_MEMBER,
                                        .sender_index = held.sender,
                                        .authenticated_data = authenticated_data,
                                        .content_type = MLS_CONTENT_PROPOSAL,
                                        .body = kith_bytes_of_buf(&held.bytes)};
    KITH_TRY(sign_proposal(group, &content, wire, &message));
    KITH_TRY(mls_proposal_ref(group->tools, wire, kith_bytes_of_buf(&message.content),
                              kith_bytes_of_buf(&message.auth), &held.ref));
    KITH_TRY(kith_mem_grow(alloc, (void **)&list->items, &list->cap, list->count + 1,
                           sizeof *list->items));
    KITH_TRY(frame_proposal(group, &content, &message, wire, out));
    list->items[list->count++] = held;
    held = (mls_held){0};
    return KITH_OK;
}

/* ---- Application messages and GroupInfo ---- */

kith_err
mls_group_protect(mls_group *group, const mls_protect_params *in, uint32_t *generation,
                  kith_buf *out)
{
    KITH_AUTO(kith_buf) encoded = {.alloc = group->tools.alloc};
    KITH_AUTO(kith_buf) signature = {.alloc = group->tools.alloc};
    kith_writer w = kith_writer_of(&encoded);

    KITH_ENSURE(!group->is_over, KITH_ERR_DENIED);
    /* What was proposed is committed before anything is said [RFC9420 §12.4]. */
    KITH_ENSURE(group->held.count == 0, KITH_ERR_CONFLICT);
    KITH_TRY(mls_safe_aad_check(group->now->context.extensions, in->authenticated_data,
                                KITH_ERR_INVALID));
    const mls_framed_content content = {.group_id = group->now->context.group_id,
                                        .epoch = group->now->context.epoch,
                                        .sender_type = MLS_SENDER_MEMBER,
                                        .sender_index = group->now->own_leaf,
                                        .authenticated_data = in->authenticated_data,
                                        .content_type = MLS_CONTENT_APPLICATION,
                                        .body = in->plaintext};
    KITH_TRY(mls_framed_content_encode(&w, &content));
    const mls_signed_content to_sign = {.wire = MLS_WIRE_PRIVATE_MESSAGE,
                                        .content = kith_bytes_of_buf(&encoded),
                                        .context = kith_bytes_of_buf(&group->now->context_bytes)};
    KITH_TRY(mls_content_sign(group->tools, group->signer, &to_sign, &signature));
    const mls_auth_data auth = {.signature = kith_bytes_of_buf(&signature)};
    const mls_private_params params = {
        .content = &content, .auth = &auth, .pad_to = in->pad_to, .generation = generation};
    return mls_group_seal(group, &params, out);
}

kith_err
mls_group_info(const mls_group *group, const mls_group_info_params *params, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = group->tools.alloc};
    kith_writer w = kith_writer_of(&draft);
    const mls_info_parts parts = {.with_tree = !params->without_tree,
                                  .with_external_pub = !params->without_external_pub,
                                  .extensions = params->extensions,
                                  .extension_count = params->extension_count};

    KITH_ENSURE(!group->is_over, KITH_ERR_DENIED);
    KITH_TRY(mls_message_start(&w, MLS_WIRE_GROUP_INFO));
    KITH_TRY(mls_group_info_write(group->now, group->now->own_leaf, group->signer, &parts, &draft));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}
