/* SPDX-License-Identifier: MPL-2.0 */
/* Proposals that this client makes, and the choice among pending ones [RFC9420 §12.1, §12.2]. */
#include "mls/draft.h"

/* ---- One proposal ---- */

static kith_err
write_add(const mls_proposal_params *params, kith_writer *w)
{
    kith_bytes body;
    mls_key_package package;

    KITH_TRY(mls_message_open(params->key_package, MLS_WIRE_KEY_PACKAGE, &body));
    kith_reader r = kith_reader_of(body);
    KITH_TRY(mls_key_package_decode(&r, &package));
    KITH_TRY(kith_reader_finish(&r));
    return kith_write_bytes(w, body);
}

/* The nonce is fresh for each use of a PSK [RFC9420 §8.4]. */
static kith_err
write_psk(const mls_env *env, mls_tools tools, const mls_psk_ref *ref, kith_writer *w)
{
    KITH_AUTO(kith_secret) nonce = {0};

    KITH_TRY(kith_rng_secret(&env->rng, mls_suite_hash_len(tools.suite), &nonce));
    const mls_psk_id id = {
        .type = (uint8_t)(ref->is_resumption  ? MLS_PSK_RESUMPTION
                          : ref->is_component ? MLS_PSK_COMPONENT
                                              : MLS_PSK_EXTERNAL),
        .psk_id = ref->psk_id,
        .component_id = ref->component_id,
        /* One for each mls_link; only mls_group_succeed asks for another than the first. */
        .usage = (uint8_t)(MLS_PSK_USAGE_APPLICATION + ref->link),
        .group_id = ref->group_id,
        .epoch = ref->epoch,
        .nonce = kith_bytes_of_secret(&nonce)};
    return mls_psk_id_encode(w, &id);
}

static kith_err
write_extensions(const mls_proposal_params *params, kith_writer *w)
{
    KITH_AUTO(kith_buf) list = {.alloc = w->buf->alloc};

    KITH_TRY(mls_ext_list_write(params->extensions, params->extension_count, &list));
    return kith_write_varvec(w, kith_bytes_of_buf(&list));
}

static kith_err
write_reinit(const mls_proposal_params *params, kith_writer *w)
{
    KITH_TRY(kith_write_varvec(w, params->reinit_group_id));
    KITH_TRY(kith_write_u16(w, MLS_VERSION_MLS10));
    KITH_TRY(kith_write_u16(w, params->reinit_suite));
    return write_extensions(params, w);
}

static kith_err
write_app(const mls_proposal_params *params, kith_writer *w)
{
    KITH_TRY(kith_write_u16(w, params->component_id));
    if (params->type == MLS_PROPOSAL_APP_DATA_UPDATE) {
        KITH_TRY(kith_write_u8(w, params->app_remove ? MLS_APP_REMOVE : MLS_APP_UPDATE));
        if (params->app_remove) {
            return KITH_OK;
        }
    }
    return kith_write_varvec(w, params->app_data);
}

kith_err
mls_proposal_write(const mls_env *env, mls_tools tools, const mls_proposal_params *params,
                   kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_u16(&w, params->type));
    switch (params->type) {
    case MLS_PROPOSAL_ADD:
        return write_add(params, &w);
    case MLS_PROPOSAL_REMOVE:
        return kith_write_u32(&w, params->leaf_index);
    case MLS_PROPOSAL_PSK:
        return write_psk(env, tools, &params->psk, &w);
    case MLS_PROPOSAL_REINIT:
        return write_reinit(params, &w);
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        return write_extensions(params, &w);
    case MLS_PROPOSAL_APP_DATA_UPDATE:
    case MLS_PROPOSAL_APP_EPHEMERAL:
        return write_app(params, &w);
    case MLS_PROPOSAL_SELF_REMOVE:
        return KITH_OK;
    default:
        return KITH_ERR_INVALID;
    }
}

/* ---- The list of a commit ---- */

static kith_err
push_values(const mls_group *group, kith_bytes values, mls_item_list *all)
{
    kith_reader r = kith_reader_of(values);

    while (!kith_reader_done(&r)) {
        mls_item item = {.sender_type = MLS_SENDER_MEMBER, .sender = group->now->own_leaf};
        KITH_TRY(mls_proposal_decode(&r, &item.proposal));
        KITH_TRY(mls_item_list_push(all, &item));
    }
    return KITH_OK;
}

static kith_err
push_held(const mls_group *group, mls_item_list *all)
{
    for (size_t i = 0; i < group->held.count; i++) {
        const mls_held *held = &group->held.items[i];
        kith_reader r = kith_reader_of(kith_bytes_of_buf(&held->bytes));
        mls_item item = {.sender_type = held->sender_type, .sender = held->sender, .held = held};
        KITH_TRY(mls_proposal_decode(&r, &item.proposal));
        KITH_TRY(mls_item_list_push(all, &item));
    }
    return KITH_OK;
}

/* Whether `item` gives way to `other`, which comes before or after it in the list [RFC9420 §12.2]. */
static bool
gives_way(const mls_item *item, const mls_item *other, bool other_is_earlier)
{
    const mls_proposal *mine = &item->proposal;
    const mls_proposal *theirs = &other->proposal;

    switch (mine->type) {
    case MLS_PROPOSAL_UPDATE:
        return (theirs->type == MLS_PROPOSAL_REMOVE && theirs->removed == item->sender) ||
               (theirs->type == MLS_PROPOSAL_SELF_REMOVE && other->sender == item->sender) ||
               (theirs->type == MLS_PROPOSAL_UPDATE && other->sender == item->sender &&
                !other_is_earlier);
    case MLS_PROPOSAL_REINIT:
        return theirs->type != MLS_PROPOSAL_REINIT || other_is_earlier;
    case MLS_PROPOSAL_REMOVE:
        /* A SelfRemove of the same leaf makes it invalid [MLS-EXT §6.3]. */
        return (theirs->type == MLS_PROPOSAL_SELF_REMOVE && other->sender == mine->removed) ||
               (other_is_earlier && theirs->type == mine->type && theirs->removed == mine->removed);
    case MLS_PROPOSAL_SELF_REMOVE:
        return other_is_earlier && theirs->type == mine->type && other->sender == item->sender;
    case MLS_PROPOSAL_APP_EPHEMERAL:
        return false;
    case MLS_PROPOSAL_APP_DATA_UPDATE:
        /* One removal, or any number of updates [MLS-EXT §4.7]. */
        return mine->app.op == MLS_APP_REMOVE && theirs->type == mine->type &&
               theirs->app.component_id == mine->app.component_id &&
               (theirs->app.op == MLS_APP_UPDATE || other_is_earlier);
    case MLS_PROPOSAL_ADD:
        return other_is_earlier && theirs->type == mine->type &&
               kith_bytes_equal(mine->add.leaf.signature_key, theirs->add.leaf.signature_key);
    case MLS_PROPOSAL_PSK:
        return other_is_earlier && theirs->type == mine->type &&
               kith_bytes_equal(mine->psk.bytes, theirs->psk.bytes);
    default:
        return other_is_earlier && theirs->type == mine->type;
    }
}

/* What no commit of this client can hold: an Update of its own, its own removal, an external init. */
static bool
is_out(const mls_group *group, const mls_item *item)
{
    const uint32_t own = group->now->own_leaf;

    switch (item->proposal.type) {
    case MLS_PROPOSAL_UPDATE:
    case MLS_PROPOSAL_SELF_REMOVE:
        return item->sender == own;
    case MLS_PROPOSAL_REMOVE:
        return item->proposal.removed == own;
    default:
        return false;
    }
}

static bool
fits(const mls_group *group, const mls_item_list *all, size_t at)
{
    const mls_item *item = &all->items[at];

    if (item->held == NULL) {
        return true; /* what the caller asked for is refused as a whole, not left out */
    }
    if (is_out(group, item)) {
        return false;
    }
    for (size_t i = 0; i < all->count; i++) {
        if (i != at && !is_out(group, &all->items[i]) && gives_way(item, &all->items[i], i < at)) {
            return false;
        }
    }
    return true;
}

/* Not a word about the proposal, but about this machine. */
static bool
is_own_trouble(kith_err err)
{
    return err == KITH_ERR_NO_MEMORY || err == KITH_ERR_NO_RANDOM || err == KITH_ERR_CRYPTO;
}

/* The extensions that the group will have: those of the first proposal about them that is right. */
static kith_err
choose_extensions(const mls_plan_scope *scope, const mls_item_list *all, kith_bytes *out)
{
    *out = scope->epoch->context.extensions;
    for (size_t i = 0; i < all->count; i++) {
        const mls_item *item = &all->items[i];
        if (item->proposal.type != MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS) {
            continue;
        }
        const kith_err err =
            item->held == NULL ? KITH_OK : mls_item_check(scope, item, (kith_bytes){0});
        KITH_ENSURE(!is_own_trouble(err), err);
        if (err == KITH_OK) {
            *out = item->proposal.extensions;
            return KITH_OK;
        }
    }
    return KITH_OK;
}

/* Without the pending proposals that would make any commit wrong: one that ran out, or that a member sent in spite. */
static kith_err
keep_sound(const mls_plan_scope *scope, const mls_item_list *all, mls_item_list *out)
{
    kith_bytes extensions;

    KITH_TRY(choose_extensions(scope, all, &extensions));
    for (size_t i = 0; i < all->count; i++) {
        const mls_item *item = &all->items[i];
        const kith_err err = item->held == NULL ? KITH_OK : mls_item_check(scope, item, extensions);
        KITH_ENSURE(!is_own_trouble(err), err);
        if (err == KITH_OK) {
            KITH_TRY(mls_item_list_push(out, item));
        }
    }
    return KITH_OK;
}

kith_err
mls_items_collect(const mls_group *group, const mls_commit_params *params, kith_buf *values,
                  mls_item_list *out)
{
    KITH_AUTO(mls_item_list) given = {.alloc = group->tools.alloc};
    KITH_AUTO(mls_item_list) all = {.alloc = group->tools.alloc};
    const mls_plan_scope scope = {.env = group->env,
                                  .group = group,
                                  .epoch = group->now,
                                  .committer = group->now->own_leaf,
                                  .now_s = params->now_s,
                                  .is_sending = true};

    for (size_t i = 0; i < params->proposal_count; i++) {
        KITH_TRY(mls_proposal_write(group->env, group->tools, &params->proposals[i], values));
    }
    KITH_TRY(push_values(group, kith_bytes_of_buf(values), &given));
    if (!params->skip_pending) {
        KITH_TRY(push_held(group, &given));
    }
    KITH_TRY(keep_sound(&scope, &given, &all));
    for (size_t i = 0; i < all.count; i++) {
        if (fits(group, &all, i)) {
            KITH_TRY(mls_item_list_push(out, &all.items[i]));
        }
    }
    return KITH_OK;
}

/* ---- Sending privately ---- */

kith_err
mls_group_seal(mls_group *group, const mls_private_params *params, kith_buf *out)
{
    mls_epoch *epoch = group->now;
    KITH_AUTO(mls_message_key) key = {0};
    KITH_AUTO(kith_buf) message = {.alloc = group->tools.alloc};
    kith_writer w = kith_writer_of(&message);
    mls_key_id id = {.leaf_index = epoch->own_leaf,
                     .chain = params->content->content_type == MLS_CONTENT_APPLICATION
                                  ? MLS_CHAIN_APPLICATION
                                  : MLS_CHAIN_HANDSHAKE};
    mls_private_draft draft = {.sender_data_secret =
                                   kith_bytes_of_secret(&epoch->secrets.sender_data),
                               .key = &key,
                               .content = params->content,
                               .auth = params->auth,
                               .pad_to = params->pad_to};

    KITH_TRY(mls_secret_tree_next(epoch->messages, id.leaf_index, id.chain, &id.generation));
    KITH_TRY(mls_secret_tree_find(epoch->messages, id, &key));
    draft.sender.leaf_index = id.leaf_index;
    draft.sender.generation = id.generation;
    KITH_TRY(
        kith_rng_fill(&group->env->rng, draft.sender.reuse_guard, sizeof draft.sender.reuse_guard));
    KITH_TRY(mls_message_start(&w, MLS_WIRE_PRIVATE_MESSAGE));
    KITH_TRY(mls_private_message_seal(group->tools, &draft, &message));
    mls_hash hash = {.len = mls_suite_hash_len(group->tools.suite)};
    if (params->hash != NULL) {
        KITH_TRY(crypto_digest(group->tools.crypto, group->tools.suite->hash,
                               CRYPTO_PARTS(kith_bytes_of_buf(&message)), hash.bytes));
    }
    KITH_TRY(kith_buf_reserve(out, message.len));
    KITH_TRY(mls_secret_tree_consume(epoch->messages, id));
    if (params->hash != NULL) {
        *params->hash = hash;
    }
    if (params->generation != NULL) {
        *params->generation = id.generation;
    }
    return kith_buf_append(out, kith_bytes_of_buf(&message)); /* has room: cannot fail */
}
