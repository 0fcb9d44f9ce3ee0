/* SPDX-License-Identifier: MPL-2.0 */
/* Proposals and commits. */
#include <string.h>

#include "mls/client.h"

void
client_extensions_done(client_extensions *extensions)
{
    for (size_t i = 0; i < extensions->count; i++) {
        kith_buf_done(&extensions->data[i]);
    }
}

kith_err
client_extensions_read(yyjson_val *in, client_extensions *out)
{
    size_t i = 0;
    size_t n = 0;
    yyjson_val *value = NULL;

    yyjson_arr_foreach(yyjson_obj_get(in, "extensions"), i, n, value)
    {
        uint64_t type = 0;
        KITH_ENSURE(i < sizeof out->items / sizeof out->items[0], KITH_ERR_LIMIT);
        out->count = i + 1;
        KITH_TRY(client_read_uint(value, "type", &type));
        KITH_TRY(client_read_hex(value, "data", &out->data[i]));
        out->items[i] = (mls_ext){.type = (uint16_t)type, .data = kith_bytes_of_buf(&out->data[i])};
    }
    return KITH_OK;
}

/* ---- One proposal ---- */

/* What a request wants, and the bytes that it borrows. */
typedef struct wish {
    mls_proposal_params params;
    kith_buf bytes;
    client_extensions extensions;
} wish;

static void
wish_done(wish *w)
{
    kith_buf_done(&w->bytes);
    client_extensions_done(&w->extensions);
}

static kith_err
read_add(client_member *m, yyjson_val *in, wish *w)
{
    (void)m;
    w->params.type = MLS_PROPOSAL_ADD;
    KITH_TRY(client_read_hex(in, "key_package", &w->bytes));
    w->params.key_package = kith_bytes_of_buf(&w->bytes);
    return KITH_OK;
}

static kith_err
read_update(client_member *m, yyjson_val *in, wish *w)
{
    (void)m;
    (void)in;
    w->params.type = MLS_PROPOSAL_UPDATE;
    return KITH_OK;
}

/* Whoever shows the identity `removed`, or the leaf `removed_leaf`. */
static kith_err
read_remove(client_member *m, yyjson_val *in, wish *w)
{
    uint32_t cursor = 0;
    uint64_t leaf = 0;
    mls_member member;

    w->params.type = MLS_PROPOSAL_REMOVE;
    if (client_read_uint(in, "removed_leaf", &leaf) == KITH_OK) {
        w->params.leaf_index = (uint32_t)leaf;
        return KITH_OK;
    }
    KITH_TRY(client_read_hex(in, "removed", &w->bytes));
    while (mls_epoch_member_next(mls_group_epoch(m->group), &cursor, &member)) {
        if (kith_bytes_equal(member.identity.data, kith_bytes_of_buf(&w->bytes))) {
            w->params.leaf_index = member.leaf_index;
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

static kith_err
read_external_psk(client_member *m, yyjson_val *in, wish *w)
{
    (void)m;
    w->params.type = MLS_PROPOSAL_PSK;
    KITH_TRY(client_read_hex(in, "psk_id", &w->bytes));
    w->params.psk.psk_id = kith_bytes_of_buf(&w->bytes);
    return KITH_OK;
}

static kith_err
read_resumption_psk(client_member *m, yyjson_val *in, wish *w)
{
    w->params.type = MLS_PROPOSAL_PSK;
    w->params.psk.is_resumption = true;
    w->params.psk.group_id = mls_group_id(m->group);
    return client_read_uint(in, "epoch_id", &w->params.psk.epoch);
}

static kith_err
read_extensions(client_member *m, yyjson_val *in, wish *w)
{
    (void)m;
    w->params.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS;
    KITH_TRY(client_extensions_read(in, &w->extensions));
    w->params.extensions = w->extensions.items;
    w->params.extension_count = w->extensions.count;
    return KITH_OK;
}

static kith_err
read_reinit(client_member *m, yyjson_val *in, wish *w)
{
    uint64_t suite = 0;

    KITH_TRY(read_extensions(m, in, w));
    KITH_TRY(client_read_uint(in, "suite", &suite));
    KITH_TRY(client_read_hex(in, "group_id", &w->bytes));
    w->params.type = MLS_PROPOSAL_REINIT;
    w->params.reinit_suite = (uint16_t)suite;
    w->params.reinit_group_id = kith_bytes_of_buf(&w->bytes);
    return KITH_OK;
}

/* Proposals by the name of their operation, without "_proposal". */
static const struct {
    const char *name;
    kith_err (*read)(client_member *m, yyjson_val *in, wish *w);
} kinds[] = {
    {"add", read_add},
    {"update", read_update},
    {"remove", read_remove},
    {"external_psk", read_external_psk},
    {"resumption_psk", read_resumption_psk},
    {"group_context_extensions", read_extensions},
    {"re_init", read_reinit},
};

static kith_err
read_wish(client_member *m, const char *name, size_t name_len, yyjson_val *in, wish *w)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strlen(kinds[i].name) == name_len && memcmp(kinds[i].name, name, name_len) == 0) {
            return kinds[i].read(m, in, w);
        }
    }
    return KITH_ERR_UNSUPPORTED;
}

static kith_err
op_propose(client_call *c)
{
    client_member *m = NULL;
    KITH_AUTO(wish) wanted = {0};
    KITH_AUTO(kith_buf) message = {0};

    KITH_TRY(client_read_group(c, &m));
    KITH_TRY(read_wish(m, c->op, strlen(c->op) - strlen("_proposal"), c->in, &wanted));
    KITH_TRY(mls_group_propose(m->group, &wanted.params, (kith_bytes){0}, c->now_s, &message));
    client_put_hex(c, "proposal", kith_bytes_of_buf(&message));
    return KITH_OK;
}

/* ---- Commits ---- */

/* Takes in proposals that were sent by reference. Own ones and those heard before are there already. */
static kith_err
take_proposals(client_call *c, client_member *m, const char *key)
{
    CLIENT_AUTO_LIST list = NULL;

    KITH_TRY(client_list_read(c->in, key, &list));
    for (size_t i = 0; i < list->count; i++) {
        KITH_AUTO(mls_received) received = {0};
        const kith_err err = mls_group_receive(m->group, list->bytes[i], c->now_s, &received);
        KITH_ENSURE(err == KITH_OK || err == KITH_ERR_EXISTS, err);
    }
    return KITH_OK;
}

/* The proposals by value, in the order of the request. */
typedef struct wish_list {
    wish wishes[64];
    mls_proposal_params params[64];
    size_t count;
} wish_list;

static void
wish_list_done(wish_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        wish_done(&list->wishes[i]);
    }
}

static kith_err
read_by_value(client_call *c, client_member *m, wish_list *out)
{
    size_t i = 0;
    size_t n = 0;
    yyjson_val *value = NULL;

    yyjson_arr_foreach(yyjson_obj_get(c->in, "by_value"), i, n, value)
    {
        yyjson_val *type = yyjson_obj_get(value, "type");
        KITH_ENSURE(yyjson_is_str(type), KITH_ERR_INVALID);
        KITH_ENSURE(i < sizeof out->wishes / sizeof out->wishes[0], KITH_ERR_LIMIT);
        out->count = i + 1;
        KITH_TRY(read_wish(m, yyjson_get_str(type), yyjson_get_len(type), value, &out->wishes[i]));
        out->params[i] = out->wishes[i].params;
    }
    return KITH_OK;
}

static kith_err
op_commit(client_call *c)
{
    client_member *m = NULL;
    KITH_AUTO(wish_list) wanted = {.count = 0};
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(kith_buf) tree = {0};
    const bool apart = client_read_flag(c->in, "external_tree");

    KITH_TRY(client_read_group(c, &m));
    KITH_TRY(take_proposals(c, m, "by_reference"));
    KITH_TRY(read_by_value(c, m, &wanted));
    KITH_TRY(
        mls_group_commit(m->group,
                         &(mls_commit_params){.proposals = wanted.params,
                                              .proposal_count = wanted.count,
                                              .force_path = client_read_flag(c->in, "force_path"),
                                              .welcome_without_tree = apart,
                                              .now_s = c->now_s},
                         &commit, &welcome));
    client_put_hex(c, "commit", kith_bytes_of_buf(&commit));
    client_put_hex(c, "welcome", kith_bytes_of_buf(&welcome));
    if (apart) {
        const mls_staged *staged = mls_group_own_staged(m->group);
        KITH_TRY(mls_epoch_ratchet_tree(mls_staged_epoch(staged), &tree));
        client_put_hex(c, "ratchet_tree", kith_bytes_of_buf(&tree));
    }
    return KITH_OK;
}

kith_err
client_take_commit(client_call *c, client_member *m)
{
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(mls_received) received = {0};

    KITH_TRY(client_read_hex(c->in, "commit", &commit));
    KITH_TRY(take_proposals(c, m, "proposals"));
    KITH_TRY(mls_group_receive(m->group, kith_bytes_of_buf(&commit), c->now_s, &received));
    if (received.kind == MLS_KIND_OWN_COMMIT) {
        mls_group_apply_own(m->group);
        return KITH_OK;
    }
    KITH_ENSURE(received.kind == MLS_KIND_COMMIT, KITH_ERR_INVALID);
    mls_group_apply(m->group, &received.staged);
    return KITH_OK;
}

static kith_err
op_handle_commit(client_call *c)
{
    client_member *m = NULL;

    KITH_TRY(client_read_group(c, &m));
    KITH_TRY(client_take_commit(c, m));
    client_put_state(c, m, client_number_of(c->cl, m));
    (void)yyjson_mut_obj_add_bool(c->doc, c->out, "active", mls_group_is_active(m->group));
    return KITH_OK;
}

static kith_err
op_handle_pending_commit(client_call *c)
{
    client_member *m = NULL;

    KITH_TRY(client_read_group(c, &m));
    KITH_ENSURE(mls_group_own_staged(m->group) != NULL, KITH_ERR_NOT_FOUND);
    mls_group_apply_own(m->group);
    client_put_state(c, m, client_number_of(c->cl, m));
    return KITH_OK;
}

static kith_err
op_discard_pending_commit(client_call *c)
{
    client_member *m = NULL;

    KITH_TRY(client_read_group(c, &m));
    mls_group_discard_own(m->group);
    return KITH_OK;
}

client_op
client_find_change_op(const char *name)
{
    static const struct {
        const char *name;
        client_op run;
    } ops[] = {
        {"add_proposal", op_propose},
        {"update_proposal", op_propose},
        {"remove_proposal", op_propose},
        {"external_psk_proposal", op_propose},
        {"resumption_psk_proposal", op_propose},
        {"group_context_extensions_proposal", op_propose},
        {"re_init_proposal", op_propose},
        {"commit", op_commit},
        {"re_init_commit", op_commit},
        {"handle_commit", op_handle_commit},
        {"handle_pending_commit", op_handle_pending_commit},
        {"discard_pending_commit", op_discard_pending_commit},
    };

    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (strcmp(ops[i].name, name) == 0) {
            return ops[i].run;
        }
    }
    return NULL;
}
