/* SPDX-License-Identifier: MPL-2.0 */
/* Groups that follow others, and those who propose from outside. */
#include <string.h>

#include "mls/client.h"
#include "mls/types.h"

/* ---- Re-initialisation and branches ---- */

static mls_group_settings
settings_of(yyjson_val *in)
{
    return (mls_group_settings){.public_handshakes = !client_read_flag(in, "encrypt_handshake"),
                                .past_epochs = MLS_PAST_EPOCHS_MAX};
}

/* The group has ended: its member gets the keys for what follows, in the suite that was agreed on. */
static kith_err
prepare_next(client_call *c, const client_member *m)
{
    mls_reinit_info info;
    client_member *next = NULL;
    uint64_t number = 0;

    KITH_ENSURE(mls_group_reinit(m->group, &info) == KITH_OK, KITH_ERR_INVALID);
    KITH_TRY(client_member_new(c, info.suite, kith_bytes_of_buf(&m->identity), &next, &number));
    KITH_TRY(client_publish(c, next));
    client_put_uint(c, "transaction", number);
    client_put_hex(c, "key_package", kith_bytes_of_buf(&next->package));
    client_put_hex(c, "epoch_authenticator", mls_epoch_authenticator(mls_group_epoch(m->group)));
    return KITH_OK;
}

static kith_err
op_handle_pending_re_init_commit(client_call *c)
{
    client_member *m = NULL;

    KITH_TRY(client_read_group(c, &m));
    KITH_ENSURE(mls_group_own_staged(m->group) != NULL, KITH_ERR_NOT_FOUND);
    mls_group_apply_own(m->group);
    return prepare_next(c, m);
}

static kith_err
op_handle_re_init_commit(client_call *c)
{
    client_member *m = NULL;

    KITH_TRY(client_read_group(c, &m));
    KITH_TRY(client_take_commit(c, m));
    return prepare_next(c, m);
}

/* `next` founds the group that follows that of `m`. */
static kith_err
succeed(client_call *c, const client_member *m, client_member *next, mls_link link)
{
    KITH_AUTO(kith_buf) group_id = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(kith_buf) tree = {0};
    KITH_AUTO(client_extensions) extensions = {.count = 0};
    CLIENT_AUTO_LIST packages = NULL;
    const bool apart = client_read_flag(c->in, "external_tree");

    KITH_TRY(client_list_read(c->in, "key_packages", &packages));
    KITH_TRY(client_read_optional(c->in, "group_id", &group_id));
    KITH_TRY(client_extensions_read(c->in, &extensions));
    KITH_TRY(mls_group_succeed(m->group,
                               &(mls_successor_params){.env = &next->env,
                                                       .link = link,
                                                       .group_id = kith_bytes_of_buf(&group_id),
                                                       .extensions = extensions.items,
                                                       .extension_count = extensions.count,
                                                       .leaf = client_leaf_of(next),
                                                       .key_packages = packages->bytes,
                                                       .key_package_count = packages->count,
                                                       .welcome_without_tree = apart,
                                                       .settings = settings_of(c->in),
                                                       .now_s = c->now_s},
                               &welcome, &next->group));
    client_put_hex(c, "welcome", kith_bytes_of_buf(&welcome));
    if (apart) {
        KITH_TRY(mls_epoch_ratchet_tree(mls_group_epoch(next->group), &tree));
        client_put_hex(c, "ratchet_tree", kith_bytes_of_buf(&tree));
    }
    client_put_state(c, next, client_number_of(c->cl, next));
    return KITH_OK;
}

static kith_err
follow(client_call *c, const client_member *m, client_member *next)
{
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(kith_buf) tree = {0};

    KITH_TRY(client_read_hex(c->in, "welcome", &welcome));
    KITH_TRY(client_read_optional(c->in, "ratchet_tree", &tree));
    KITH_ENSURE(next->group == NULL, KITH_ERR_EXISTS);
    const kith_bytes blob = kith_bytes_of_buf(&next->blob);
    KITH_TRY(mls_group_join(&next->env,
                            &(mls_join_params){.welcome = kith_bytes_of_buf(&welcome),
                                               .private_blobs = &blob,
                                               .private_blob_count = 1,
                                               .ratchet_tree = kith_bytes_of_buf(&tree),
                                               .settings = settings_of(c->in),
                                               .now_s = c->now_s,
                                               .predecessor = m->group},
                            NULL, &next->group));
    client_put_state(c, next, client_number_of(c->cl, next));
    return KITH_OK;
}

/* The member of the old group, and the one that takes its place in the new one. */
static kith_err
read_both(client_call *c, client_member **m, client_member **next)
{
    KITH_TRY(client_read_group(c, m));
    return client_read_member(c, "transaction", next);
}

static kith_err
op_re_init_welcome(client_call *c)
{
    client_member *m = NULL;
    client_member *next = NULL;

    KITH_TRY(read_both(c, &m, &next));
    KITH_ENSURE(next->group == NULL, KITH_ERR_EXISTS);
    return succeed(c, m, next, MLS_LINK_REINIT);
}

static kith_err
op_handle_welcome_of_successor(client_call *c)
{
    client_member *m = NULL;
    client_member *next = NULL;

    KITH_TRY(read_both(c, &m, &next));
    return follow(c, m, next);
}

static kith_err
op_create_branch(client_call *c)
{
    client_member *m = NULL;
    client_member *next = NULL;
    uint64_t number = 0;

    KITH_TRY(client_read_group(c, &m));
    KITH_TRY(client_member_new(c, m->suite, kith_bytes_of_buf(&m->identity), &next, &number));
    return succeed(c, m, next, MLS_LINK_BRANCH);
}

/* ---- From outside ---- */

/* Suite, id and epoch of the group that a GroupInfo shows. */
static kith_err
read_target(client_call *c, kith_buf *info, mls_peek *out)
{
    KITH_TRY(client_read_hex(c->in, "group_info", info));
    KITH_TRY(mls_message_peek(kith_bytes_of_buf(info), out));
    return out->wire == MLS_WIRE_GROUP_INFO ? KITH_OK : KITH_ERR_INVALID;
}

static kith_err
put_outside(client_call *c, client_member *m, const mls_peek *target, mls_outside_params params)
{
    KITH_AUTO(kith_buf) message = {0};

    params.suite = target->suite;
    params.group_id = target->group_id;
    params.epoch = target->epoch;
    params.signature_private = kith_bytes_of_secret(&m->signature_private);
    KITH_TRY(mls_outside_propose(&m->env, &params, &message));
    client_put_hex(c, "proposal", kith_bytes_of_buf(&message));
    return KITH_OK;
}

static kith_err
op_new_member_add_proposal(client_call *c)
{
    KITH_AUTO(kith_buf) info = {0};
    KITH_AUTO(kith_buf) identity = {0};
    client_member *m = NULL;
    uint64_t number = 0;
    mls_peek target;

    KITH_TRY(read_target(c, &info, &target));
    KITH_TRY(client_read_hex(c->in, "identity", &identity));
    KITH_TRY(client_member_new(c, target.suite, kith_bytes_of_buf(&identity), &m, &number));
    KITH_TRY(client_publish(c, m));
    client_put_uint(c, "transaction", number);
    return put_outside(
        c, m, &target,
        (mls_outside_params){
            .sender_index = MLS_LEAF_NONE,
            .proposal = {.type = MLS_PROPOSAL_ADD, .key_package = kith_bytes_of_buf(&m->package)}});
}

static kith_err
op_create_external_signer(client_call *c)
{
    KITH_AUTO(kith_buf) identity = {0};
    KITH_AUTO(kith_buf) senders = {0};
    client_member *m = NULL;
    uint64_t suite = 0;
    uint64_t number = 0;
    kith_bytes one;

    KITH_TRY(client_read_uint(c->in, "suite", &suite));
    KITH_TRY(client_read_hex(c->in, "identity", &identity));
    KITH_TRY(client_member_new(c, (uint16_t)suite, kith_bytes_of_buf(&identity), &m, &number));
    const mls_external_sender sender = {.identity = client_leaf_of(m).identity,
                                        .signature_key = kith_bytes_of_buf(&m->signature_public)};
    KITH_TRY(mls_external_senders_write(&sender, 1, &senders));
    /* One ExternalSender: the list without its length. */
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&senders));
    KITH_TRY(kith_read_varvec(&r, &one));
    client_put_uint(c, "signer", number);
    client_put_hex(c, "external_sender", one);
    return KITH_OK;
}

/* The extensions of the group, with one more external sender at the end of their list. */
static kith_err
op_add_external_signer(client_call *c)
{
    client_member *m = NULL;
    KITH_AUTO(kith_buf) sender = {0};
    KITH_AUTO(kith_buf) senders = {0};
    KITH_AUTO(kith_buf) list = {0};
    KITH_AUTO(kith_buf) message = {0};
    kith_writer w = kith_writer_of(&list);
    mls_ext extensions[MLS_EXTENSIONS_MAX];
    kith_bytes old = {0};
    size_t count = 0;

    KITH_TRY(client_read_group(c, &m));
    KITH_TRY(client_read_hex(c->in, "external_sender", &sender));
    const mls_epoch *epoch = mls_group_epoch(m->group);
    for (size_t i = 0; mls_epoch_extension_at(epoch, i, &extensions[count]) == KITH_OK; i++) {
        const bool is_list = extensions[count].type == MLS_EXT_EXTERNAL_SENDERS;
        kith_reader r = kith_reader_of(extensions[count].data);
        KITH_TRY(is_list ? kith_read_varvec(&r, &old) : KITH_OK);
        count += is_list ? 0 : 1;
        KITH_ENSURE(count < MLS_EXTENSIONS_MAX, KITH_ERR_LIMIT);
    }
    KITH_TRY(kith_buf_append(&senders, old));
    KITH_TRY(kith_buf_append(&senders, kith_bytes_of_buf(&sender)));
    KITH_TRY(kith_write_varvec(&w, kith_bytes_of_buf(&senders)));
    extensions[count++] =
        (mls_ext){.type = MLS_EXT_EXTERNAL_SENDERS, .data = kith_bytes_of_buf(&list)};
    KITH_TRY(mls_group_propose(m->group,
                               &(mls_proposal_params){.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
                                                      .extensions = extensions,
                                                      .extension_count = count},
                               (kith_bytes){0}, c->now_s, &message));
    client_put_hex(c, "proposal", kith_bytes_of_buf(&message));
    return KITH_OK;
}

/* An Add of `key_package`, or a Remove of `removed_leaf`. */
static kith_err
op_external_signer_proposal(client_call *c)
{
    KITH_AUTO(kith_buf) info = {0};
    KITH_AUTO(kith_buf) package = {0};
    client_member *m = NULL;
    mls_peek target;
    uint64_t index = 0;
    uint64_t removed = 0;

    KITH_TRY(read_target(c, &info, &target));
    KITH_TRY(client_read_member(c, "signer", &m));
    KITH_TRY(client_read_uint(c->in, "sender_index", &index));
    KITH_TRY(client_read_optional(c->in, "key_package", &package));
    mls_outside_params params = {.sender_index = (uint32_t)index};
    if (package.len > 0) {
        params.proposal = (mls_proposal_params){.type = MLS_PROPOSAL_ADD,
                                                .key_package = kith_bytes_of_buf(&package)};
    } else {
        KITH_TRY(client_read_uint(c->in, "removed_leaf", &removed));
        params.proposal =
            (mls_proposal_params){.type = MLS_PROPOSAL_REMOVE, .leaf_index = (uint32_t)removed};
    }
    return put_outside(c, m, &target, params);
}

client_op
client_find_link_op(const char *name)
{
    static const struct {
        const char *name;
        client_op run;
    } ops[] = {
        {"handle_pending_re_init_commit", op_handle_pending_re_init_commit},
        {"handle_re_init_commit", op_handle_re_init_commit},
        {"re_init_welcome", op_re_init_welcome},
        {"handle_re_init_welcome", op_handle_welcome_of_successor},
        {"create_branch", op_create_branch},
        {"handle_branch", op_handle_welcome_of_successor},
        {"new_member_add_proposal", op_new_member_add_proposal},
        {"create_external_signer", op_create_external_signer},
        {"add_external_signer", op_add_external_signer},
        {"external_signer_proposal", op_external_signer_proposal},
    };

    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (strcmp(ops[i].name, name) == 0) {
            return ops[i].run;
        }
    }
    return NULL;
}
