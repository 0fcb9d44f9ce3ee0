/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Opening what others sent [RFC9420 §6, §12.1, §12.4.2]: find the epoch, open, verify, then hand on by kind. A
 * key is consumed as the last step, and that of a commit not at all: its epoch ends with it.
 */
#include "mls/commit.h"
#include "mls/targeted.h"

#include <string.h>

void
mls_received_done(mls_received *received)
{
    kith_buf_done(&received->plaintext);
    kith_buf_done(&received->authenticated_data);
    mls_staged_free(received->staged);
    *received = (mls_received){0};
}

/* A message on its way through; wiped by done. */
typedef struct opened {
    mls_group *group;
    mls_epoch *epoch;
    uint16_t wire;
    uint64_t now_s;
    mls_framed_content content;
    mls_auth_data auth;
    kith_buf content_bytes; /* encoded FramedContent */
    kith_buf auth_bytes;
    kith_buf plaintext; /* private message: what `content` and `auth` borrow */
    mls_leaf *sender; /* borrowed; NULL: not a member */
    mls_key_id key_id; /* private message */
} opened;

static void
opened_done(opened *message)
{
    kith_buf_done(&message->content_bytes);
    kith_buf_done(&message->auth_bytes);
    kith_buf_done(&message->plaintext);
}

/* The epoch a message belongs to. What is over for good is told from what is not reached yet. */
static kith_err
find_epoch(mls_group *group, kith_bytes group_id, uint64_t number, uint8_t content_type,
           mls_epoch **out)
{
    const uint64_t now = group->now->context.epoch;

    KITH_ENSURE(kith_bytes_equal(group_id, group->now->context.group_id), KITH_ERR_NOT_FOUND);
    KITH_ENSURE(number <= now, KITH_ERR_OUT_OF_STEP);
    if (content_type != MLS_CONTENT_APPLICATION) {
        /* A handshake message counts in its own epoch only [RFC9420 §12.1, §12.4.2]. */
        KITH_ENSURE(number == now, KITH_ERR_EXISTS);
        KITH_ENSURE(!group->is_over, KITH_ERR_DENIED);
    }
    mls_epoch *epoch = mls_group_find_epoch(group, number);
    KITH_ENSURE(epoch != NULL, KITH_ERR_OUT_OF_STEP);
    KITH_ENSURE(epoch->messages != NULL || group->is_public, KITH_ERR_DENIED);
    *out = epoch;
    return KITH_OK;
}

/* ---- Whose signature ---- */

static kith_err
verify(opened *message, crypto_verify_key *key)
{
    const uint8_t type = message->content.sender_type;
    const bool in_group = type == MLS_SENDER_MEMBER || type == MLS_SENDER_NEW_MEMBER_COMMIT;
    const mls_signed_content in = {
        .wire = message->wire,
        .content = kith_bytes_of_buf(&message->content_bytes),
        .context = in_group ? kith_bytes_of_buf(&message->epoch->context_bytes) : (kith_bytes){0},
    };

    return mls_content_verify(message->group->tools, key, &in, message->auth.signature);
}

static kith_err
verify_with(opened *message, kith_bytes public_key)
{
    crypto_verify_key *key = NULL;
    const mls_tools tools = message->group->tools;

    KITH_TRY(crypto_verify_key_new(tools.crypto, tools.suite->sign, public_key, &key));
    const kith_err err = verify(message, key);
    crypto_verify_key_free(key);
    return err;
}

/* An entry of the group's external_senders [RFC9420 §12.1.8]. */
static kith_err
verify_external(opened *message)
{
    kith_bytes senders;
    mls_leaf_node sender;

    KITH_ENSURE(message->content.content_type == MLS_CONTENT_PROPOSAL, KITH_ERR_MALFORMED);
    KITH_ENSURE(mls_ext_find(message->epoch->context.extensions, MLS_EXT_EXTERNAL_SENDERS,
                             &senders) == KITH_OK,
                KITH_ERR_REJECTED);
    KITH_ENSURE(mls_external_sender_at(senders, message->content.sender_index, &sender) == KITH_OK,
                KITH_ERR_REJECTED);
    return verify_with(message, sender.signature_key);
}

/* The key package in the Add that a newcomer proposes. */
static kith_err
verify_new_proposal(opened *message)
{
    kith_reader r = kith_reader_of(message->content.body);
    mls_proposal proposal;

    KITH_ENSURE(message->content.content_type == MLS_CONTENT_PROPOSAL, KITH_ERR_MALFORMED);
    KITH_TRY(mls_proposal_decode(&r, &proposal));
    KITH_ENSURE(proposal.type == MLS_PROPOSAL_ADD, KITH_ERR_MALFORMED);
    return verify_with(message, proposal.add.leaf.signature_key);
}

/* The leaf in the path of an external commit. */
static kith_err
verify_new_commit(opened *message)
{
    kith_reader r = kith_reader_of(message->content.body);
    mls_commit commit;

    KITH_ENSURE(message->content.content_type == MLS_CONTENT_COMMIT, KITH_ERR_MALFORMED);
    KITH_TRY(mls_commit_decode(&r, &commit));
    KITH_ENSURE(commit.has_path, KITH_ERR_MALFORMED);
    return verify_with(message, commit.leaf.signature_key);
}

static kith_err
verify_member(opened *message)
{
    crypto_verify_key *key = NULL;

    message->sender = mls_tree_leaf(&message->epoch->tree, message->content.sender_index);
    KITH_ENSURE(message->sender != NULL, KITH_ERR_REJECTED);
    KITH_TRY(mls_group_verify_key(message->group, message->sender, &key));
    return verify(message, key);
}

/* [RFC9420 §6.1] */
static kith_err
verify_sender(opened *message)
{
    switch (message->content.sender_type) {
    case MLS_SENDER_MEMBER:
        return verify_member(message);
    case MLS_SENDER_EXTERNAL:
        return verify_external(message);
    case MLS_SENDER_NEW_MEMBER_PROPOSAL:
        return verify_new_proposal(message);
    default:
        return verify_new_commit(message);
    }
}

/* ---- The two ways of framing ---- */

/* [RFC9420 §6.2, §12.4.2] */
static kith_err
check_membership(const opened *message, kith_bytes tag)
{
    mls_hash expected = {0};
    const mls_signed_content in = {.wire = message->wire,
                                   .content = kith_bytes_of_buf(&message->content_bytes),
                                   .context = kith_bytes_of_buf(&message->epoch->context_bytes)};

    KITH_TRY(mls_membership_tag(message->group->tools,
                                kith_bytes_of_secret(&message->epoch->secrets.membership), &in,
                                kith_bytes_of_buf(&message->auth_bytes), &expected));
    KITH_ENSURE(kith_equal_ct(mls_hash_bytes(&expected), tag), KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
open_public(opened *message, kith_bytes body)
{
    kith_reader r = kith_reader_of(body);
    mls_public_message public;

    KITH_TRY(mls_public_message_decode(&r, &public));
    KITH_TRY(kith_reader_finish(&r));
    /* Application data is always encrypted [RFC9420 §6]. */
    KITH_ENSURE(public.content.content_type != MLS_CONTENT_APPLICATION, KITH_ERR_REJECTED);
    KITH_TRY(find_epoch(message->group, public.content.group_id, public.content.epoch,
                        public.content.content_type, &message->epoch));
    message->content = public.content;
    message->auth = public.auth;
    KITH_TRY(kith_buf_set(&message->content_bytes, public.content_bytes));
    KITH_TRY(kith_buf_set(&message->auth_bytes, public.auth_bytes));
    if (public.content.sender_type == MLS_SENDER_MEMBER && !message->group->is_public) {
        KITH_TRY(check_membership(message, public.membership_tag));
    }
    return verify_sender(message);
}

/* The content as its sender signed it, from the parts of a private message. */
static kith_err
rebuild_content(opened *message, const mls_private_message *private, uint32_t leaf_index)
{
    mls_opened_content inner;
    kith_writer w = kith_writer_of(&message->content_bytes);
    kith_writer auth_w = kith_writer_of(&message->auth_bytes);

    KITH_TRY(mls_private_content_decode(kith_bytes_of_buf(&message->plaintext),
                                        private->content_type, &inner));
    message->auth = inner.auth;
    message->content = (mls_framed_content){.group_id = private->group_id,
                                            .epoch = private->epoch,
                                            .sender_type = MLS_SENDER_MEMBER,
                                            .sender_index = leaf_index,
                                            .authenticated_data = private->authenticated_data,
                                            .content_type = private->content_type,
                                            .body = inner.body};
    KITH_TRY(mls_framed_content_encode(&w, &message->content));
    return mls_auth_data_encode(&auth_w, private->content_type, &inner.auth);
}

static kith_err
open_private(opened *message, kith_bytes body)
{
    kith_reader r = kith_reader_of(body);
    const mls_tools tools = message->group->tools;
    mls_private_message private;
    mls_sender_data sender = {0};
    KITH_AUTO(mls_message_key) key = {0};

    KITH_TRY(mls_private_message_decode(&r, &private));
    KITH_TRY(kith_reader_finish(&r));
    KITH_TRY(find_epoch(message->group, private.group_id, private.epoch, private.content_type,
                        &message->epoch));
    const mls_epoch *epoch = message->epoch;
    KITH_TRY(mls_sender_data_open(tools, kith_bytes_of_secret(&epoch->secrets.sender_data),
                                  &private, &sender));
    /* The sender is a member [RFC9420 §6.3.2]. */
    KITH_ENSURE(mls_tree_leaf(&epoch->tree, sender.leaf_index) != NULL, KITH_ERR_REJECTED);
    if (sender.leaf_index == epoch->own_leaf) {
        /* Own words that came back. A commit is different: it was accepted, and it is not the one that
         * waits here, so the group has moved on without this client. */
        return private.content_type == MLS_CONTENT_COMMIT ? KITH_ERR_OUT_OF_STEP : KITH_ERR_EXISTS;
    }
    message->key_id = (mls_key_id){.leaf_index = sender.leaf_index,
                                   .chain = private.content_type == MLS_CONTENT_APPLICATION
                                                ? MLS_CHAIN_APPLICATION
                                                : MLS_CHAIN_HANDSHAKE,
                                   .generation = sender.generation};
    KITH_TRY(mls_secret_tree_find(epoch->messages, message->key_id, &key));
    KITH_TRY(mls_private_message_unseal(tools, &private, &sender, &key, &message->plaintext));
    KITH_TRY(rebuild_content(message, &private, sender.leaf_index));
    return verify_sender(message);
}

static kith_err
consume(opened *message)
{
    return message->wire == MLS_WIRE_PRIVATE_MESSAGE
               ? mls_secret_tree_consume(message->epoch->messages, message->key_id)
               : KITH_OK;
}

/* ---- By kind ---- */

static kith_err
take_application(opened *message, mls_received *out)
{
    KITH_TRY(kith_buf_set(&out->plaintext, message->content.body));
    out->kind = MLS_KIND_APPLICATION;
    return consume(message);
}

static void
held_done(mls_held *held)
{
    kith_buf_done(&held->bytes);
}

static kith_err
check_proposal(const opened *message, const mls_held *held, uint16_t *type)
{
    const mls_plan_scope scope = {.env = message->group->env,
                                  .group = message->group,
                                  .epoch = message->group->now,
                                  .committer = MLS_LEAF_NONE,
                                  .now_s = message->now_s};
    mls_item item = {.sender_type = held->sender_type, .sender = held->sender};
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&held->bytes));

    KITH_TRY(mls_proposal_decode(&r, &item.proposal));
    *type = item.proposal.type;
    /* For external joiners to read [MLS-EXT §6.3]. */
    KITH_ENSURE(*type != MLS_PROPOSAL_SELF_REMOVE || message->wire == MLS_WIRE_PUBLIC_MESSAGE,
                KITH_ERR_REJECTED);
    return mls_item_check(&scope, &item, (kith_bytes){0});
}

static kith_err
take_proposal(opened *message, mls_received *out)
{
    mls_group *group = message->group;
    mls_held_list *list = &group->held;
    __attribute__((cleanup(held_done))) mls_held held = {.sender_type =
                                                             message->content.sender_type,
                                                         .sender = message->content.sender_index,
                                                         .bytes = {.alloc = group->tools.alloc}};

    KITH_TRY(mls_proposal_ref(group->tools, message->wire,
                              kith_bytes_of_buf(&message->content_bytes),
                              kith_bytes_of_buf(&message->auth_bytes), &held.ref));
    KITH_ENSURE(mls_held_find(list, mls_hash_bytes(&held.ref)) == NULL, KITH_ERR_EXISTS);
    KITH_ENSURE(list->count < MLS_PENDING_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_buf_set(&held.bytes, message->content.body));
    KITH_TRY(check_proposal(message, &held, &out->proposal_type));
    KITH_TRY(kith_mem_grow(list->alloc, (void **)&list->items, &list->cap, list->count + 1,
                           sizeof *list->items));
    KITH_TRY(consume(message));
    list->items[list->count++] = held;
    held = (mls_held){0};
    out->kind = MLS_KIND_PROPOSAL;
    return KITH_OK;
}

static kith_err
take_commit(opened *message, mls_received *out)
{
    const mls_commit_in in = {.wire = message->wire,
                              .content = message->content,
                              .content_bytes = kith_bytes_of_buf(&message->content_bytes),
                              .auth = message->auth,
                              .now_s = message->now_s};

    if (message->content.sender_type == MLS_SENDER_MEMBER &&
        message->content.sender_index == message->epoch->own_leaf) {
        return KITH_ERR_OUT_OF_STEP; /* as for a private one, above */
    }
    out->kind = MLS_KIND_COMMIT;
    return mls_commit_stage(message->group, &in, &out->staged);
}

static kith_err
take(opened *message, mls_received *out)
{
    const mls_framed_content *content = &message->content;

    out->epoch = content->epoch;
    out->sender = MLS_LEAF_NONE;
    out->generation = message->key_id.generation;
    if (message->sender != NULL) {
        out->sender = content->sender_index;
        out->sender_member = mls_member_of(content->sender_index, message->sender);
    }
    KITH_TRY(kith_buf_set(&out->authenticated_data, content->authenticated_data));
    KITH_TRY(mls_safe_aad_check(message->epoch->context.extensions, content->authenticated_data,
                                KITH_ERR_MALFORMED));
    switch (content->content_type) {
    case MLS_CONTENT_APPLICATION:
        return take_application(message, out);
    case MLS_CONTENT_PROPOSAL:
        return take_proposal(message, out);
    default:
        return take_commit(message, out);
    }
}

static kith_err
open_message(opened *message, kith_bytes bytes)
{
    mls_message outer;

    KITH_TRY(mls_message_decode(bytes, &outer));
    message->wire = outer.wire;
    switch (outer.wire) {
    case MLS_WIRE_PUBLIC_MESSAGE:
        return open_public(message, outer.body);
    case MLS_WIRE_PRIVATE_MESSAGE:
        KITH_ENSURE(!message->group->is_public, KITH_ERR_UNSUPPORTED);
        return open_private(message, outer.body);
    default:
        return KITH_ERR_INVALID;
    }
}

kith_err
mls_group_receive(mls_group *group, kith_bytes message, uint64_t now_s, mls_received *out)
{
    const kith_alloc *alloc = group->tools.alloc;
    KITH_AUTO(mls_received) received = {.plaintext = {.alloc = alloc},
                                        .authenticated_data = {.alloc = alloc}};
    KITH_AUTO(opened) job = {.group = group,
                             .now_s = now_s,
                             .content_bytes = {.alloc = alloc},
                             .auth_bytes = {.alloc = alloc},
                             .plaintext = {.alloc = alloc}};

    if (mls_group_is_own_commit(group, message)) {
        received.kind = MLS_KIND_OWN_COMMIT;
        received.epoch = group->now->context.epoch;
        received.sender = group->now->own_leaf;
    } else if (mls_message_is_targeted(message) && !group->is_public) {
        KITH_TRY(mls_targeted_open(group, message, &received));
    } else {
        KITH_TRY(open_message(&job, message));
        KITH_TRY(take(&job, &received));
    }
    *out = received;
    received = (mls_received){0};
    return KITH_OK;
}
