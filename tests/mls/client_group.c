/* SPDX-License-Identifier: MPL-2.0 */
/* Coming into groups, looking at them, messages. */
#include <stdlib.h>
#include <string.h>

#include "mls/client.h"
#include "mls/join.h"

static mls_group_settings
settings_of(yyjson_val *in)
{
    return (mls_group_settings){.public_handshakes = !client_read_flag(in, "encrypt_handshake"),
                                .past_epochs = MLS_PAST_EPOCHS_MAX};
}

static kith_err
op_name(client_call *c)
{
    (void)yyjson_mut_obj_add_str(c->doc, c->out, "name", "kith");
    return KITH_OK;
}

/* By the ids that requests have to use. */
static kith_err
op_supported_suites(client_call *c)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(c->doc, c->out, "suites");
    const mls_env env = {.suite_aliases = c->cl->aliases, .suite_alias_count = c->cl->alias_count};

    for (size_t i = 0; i < mls_suite_count(); i++) {
        const uint16_t id = mls_suite_id_of(&env, mls_suite_find(mls_suite_at(i)));
        (void)yyjson_mut_arr_add_uint(c->doc, list, id);
    }
    return KITH_OK;
}

/* Somebody new of the suite and identity that the request names. */
static kith_err
new_member(client_call *c, client_member **out, uint64_t *number)
{
    KITH_AUTO(kith_buf) identity = {0};
    uint64_t suite = 0;

    KITH_TRY(client_read_uint(c->in, "suite", &suite));
    KITH_TRY(client_read_hex(c->in, "identity", &identity));
    KITH_ENSURE(suite <= UINT16_MAX, KITH_ERR_INVALID);
    return client_member_new(c, (uint16_t)suite, kith_bytes_of_buf(&identity), out, number);
}

static kith_err
op_create_group(client_call *c)
{
    client_member *m = NULL;
    uint64_t number = 0;
    KITH_AUTO(kith_buf) group_id = {0};

    KITH_TRY(client_read_hex(c->in, "group_id", &group_id));
    KITH_TRY(new_member(c, &m, &number));
    KITH_TRY(mls_group_new(&m->env,
                           &(mls_group_params){.suite = m->suite,
                                               .group_id = kith_bytes_of_buf(&group_id),
                                               .leaf = client_leaf_of(m),
                                               .settings = settings_of(c->in)},
                           &m->group));
    client_put_state(c, m, number);
    return KITH_OK;
}

static kith_err
put_package(client_call *c, const client_member *m, uint64_t number)
{
    mls_private_package package;

    KITH_TRY(mls_private_package_decode(kith_bytes_of_buf(&m->blob), &package));
    client_put_uint(c, "transaction", number);
    client_put_hex(c, "key_package", kith_bytes_of_buf(&m->package));
    client_put_hex(c, "init_priv", package.init_private);
    client_put_hex(c, "encryption_priv", package.leaf_private);
    client_put_hex(c, "signature_priv", package.signature_private);
    return KITH_OK;
}

static kith_err
op_create_key_package(client_call *c)
{
    client_member *m = NULL;
    uint64_t number = 0;

    KITH_TRY(new_member(c, &m, &number));
    KITH_TRY(client_publish(c, m));
    return put_package(c, m, number);
}

static kith_err
op_join_group(client_call *c)
{
    client_member *m = NULL;
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(kith_buf) tree = {0};

    KITH_TRY(client_read_member(c, "transaction", &m));
    KITH_TRY(client_read_hex(c->in, "welcome", &welcome));
    KITH_TRY(client_read_optional(c->in, "ratchet_tree", &tree));
    KITH_ENSURE(m->group == NULL, KITH_ERR_EXISTS);
    const kith_bytes blob = kith_bytes_of_buf(&m->blob);
    KITH_TRY(mls_group_join(&m->env,
                            &(mls_join_params){.welcome = kith_bytes_of_buf(&welcome),
                                               .private_blobs = &blob,
                                               .private_blob_count = 1,
                                               .ratchet_tree = kith_bytes_of_buf(&tree),
                                               .settings = settings_of(c->in),
                                               .now_s = c->now_s},
                            NULL, &m->group));
    client_put_state(c, m, client_number_of(c->cl, m));
    return KITH_OK;
}

static kith_err
store_psk(client_member *m, yyjson_val *in)
{
    KITH_AUTO(kith_buf) secret = {0};

    KITH_ENSURE(m->psk_count < CLIENT_PSKS_MAX, KITH_ERR_LIMIT);
    client_psk *psk = &m->psks[m->psk_count++];
    KITH_TRY(client_read_hex(in, "psk_id", &psk->id));
    KITH_TRY(client_read_hex(in, "psk_secret", &secret));
    return kith_secret_set(&psk->secret, kith_bytes_of_buf(&secret));
}

static kith_err
op_store_psk(client_call *c)
{
    client_member *m = NULL;

    KITH_TRY(client_read_member(c, "state", &m));
    return store_psk(m, c->in);
}

/* The leaf of one's former self: with `remove_prior`, the one that shows the same identity. */
static kith_err
find_prior(client_call *c, const client_member *m, kith_bytes info, kith_bytes tree, uint32_t *out)
{
    kith_bytes body;
    mls_group_info_view view;
    mls_tree members = {0};

    *out = MLS_LEAF_NONE;
    if (!client_read_flag(c->in, "remove_prior")) {
        return KITH_OK;
    }
    KITH_TRY(mls_message_open(info, MLS_WIRE_GROUP_INFO, &body));
    kith_reader r = kith_reader_of(body);
    KITH_TRY(mls_group_info_decode(&r, &view));
    if (tree.len == 0) {
        KITH_TRY(mls_ext_find(view.extensions, MLS_EXT_RATCHET_TREE, &tree));
    }
    const mls_tools tools = {.suite = mls_suite_of(&m->env, m->suite)};
    KITH_TRY(mls_tree_decode(tools, tree, &members));
    for (uint32_t i = mls_tree_next_member(&members, 0); i != MLS_LEAF_NONE;
         i = mls_tree_next_member(&members, i + 1)) {
        if (kith_bytes_equal(mls_tree_leaf(&members, i)->node.credential.data,
                             kith_bytes_of_buf(&m->identity))) {
            *out = i;
        }
    }
    mls_tree_done(&members);
    return *out == MLS_LEAF_NONE ? KITH_ERR_NOT_FOUND : KITH_OK;
}

/* PSKs of the request: kept by the member, and named for the commit. */
static kith_err
take_psks(client_call *c, client_member *m, mls_psk_ref refs[CLIENT_PSKS_MAX])
{
    size_t i = 0;
    size_t n = 0;
    yyjson_val *value = NULL;

    yyjson_arr_foreach(yyjson_obj_get(c->in, "psks"), i, n, value)
    {
        KITH_TRY(store_psk(m, value));
        refs[i] = (mls_psk_ref){.psk_id = kith_bytes_of_buf(&m->psks[i].id)};
    }
    return KITH_OK;
}

static kith_err
op_external_join(client_call *c)
{
    client_member *m = NULL;
    uint64_t number = 0;
    KITH_AUTO(kith_buf) info = {0};
    KITH_AUTO(kith_buf) tree = {0};
    KITH_AUTO(kith_buf) identity = {0};
    KITH_AUTO(kith_buf) commit = {0};
    mls_psk_ref psks[CLIENT_PSKS_MAX] = {0};
    mls_peek peek;

    KITH_TRY(client_read_hex(c->in, "group_info", &info));
    KITH_TRY(client_read_optional(c->in, "ratchet_tree", &tree));
    KITH_TRY(client_read_hex(c->in, "identity", &identity));
    KITH_TRY(mls_message_peek(kith_bytes_of_buf(&info), &peek));
    KITH_TRY(client_member_new(c, peek.suite, kith_bytes_of_buf(&identity), &m, &number));
    KITH_TRY(take_psks(c, m, psks));
    mls_external_params params = {.group_info = kith_bytes_of_buf(&info),
                                  .ratchet_tree = kith_bytes_of_buf(&tree),
                                  .leaf = client_leaf_of(m),
                                  .psks = psks,
                                  .psk_count = m->psk_count,
                                  .settings = settings_of(c->in),
                                  .now_s = c->now_s};
    KITH_TRY(find_prior(c, m, params.group_info, params.ratchet_tree, &params.replaces));
    KITH_TRY(mls_group_join_external(&m->env, &params, &commit, &m->group));
    client_put_hex(c, "commit", kith_bytes_of_buf(&commit));
    client_put_state(c, m, number);
    return KITH_OK;
}

static kith_err
op_group_info(client_call *c)
{
    client_member *m = NULL;
    KITH_AUTO(kith_buf) info = {0};
    KITH_AUTO(kith_buf) tree = {0};
    const bool apart = client_read_flag(c->in, "external_tree");

    KITH_TRY(client_read_group(c, &m));
    KITH_TRY(mls_group_info(m->group, &(mls_group_info_params){.without_tree = apart}, &info));
    client_put_hex(c, "group_info", kith_bytes_of_buf(&info));
    if (apart) {
        KITH_TRY(mls_epoch_ratchet_tree(mls_group_epoch(m->group), &tree));
        client_put_hex(c, "ratchet_tree", kith_bytes_of_buf(&tree));
    }
    return KITH_OK;
}

static kith_err
op_state_auth(client_call *c)
{
    client_member *m = NULL;

    KITH_TRY(client_read_group(c, &m));
    client_put_state(c, m, client_number_of(c->cl, m));
    return KITH_OK;
}

static kith_err
op_export(client_call *c)
{
    client_member *m = NULL;
    uint64_t len = 0;
    KITH_AUTO(kith_buf) context = {0};
    KITH_AUTO(kith_secret) secret = {0};
    yyjson_val *label = yyjson_obj_get(c->in, "label");

    KITH_TRY(client_read_group(c, &m));
    KITH_TRY(client_read_hex(c->in, "context", &context));
    KITH_TRY(client_read_uint(c->in, "length", &len));
    KITH_ENSURE(yyjson_is_str(label), KITH_ERR_INVALID);
    KITH_TRY(mls_epoch_export(mls_group_epoch(m->group), yyjson_get_str(label),
                              kith_bytes_of_buf(&context), len, &secret));
    client_put_hex(c, "secret", kith_bytes_of_secret(&secret));
    return KITH_OK;
}

static kith_err
op_protect(client_call *c)
{
    client_member *m = NULL;
    KITH_AUTO(kith_buf) data = {0};
    KITH_AUTO(kith_buf) text = {0};
    KITH_AUTO(kith_buf) message = {0};

    KITH_TRY(client_read_group(c, &m));
    KITH_TRY(client_read_optional(c->in, "authenticated_data", &data));
    KITH_TRY(client_read_hex(c->in, "plaintext", &text));
    KITH_TRY(mls_group_protect(m->group,
                               &(mls_protect_params){.authenticated_data = kith_bytes_of_buf(&data),
                                                     .plaintext = kith_bytes_of_buf(&text)},
                               NULL, &message));
    client_put_hex(c, "ciphertext", kith_bytes_of_buf(&message));
    return KITH_OK;
}

static kith_err
op_unprotect(client_call *c)
{
    client_member *m = NULL;
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(mls_received) received = {0};

    KITH_TRY(client_read_group(c, &m));
    KITH_TRY(client_read_hex(c->in, "ciphertext", &message));
    KITH_TRY(mls_group_receive(m->group, kith_bytes_of_buf(&message), c->now_s, &received));
    KITH_ENSURE(received.kind == MLS_KIND_APPLICATION, KITH_ERR_INVALID);
    client_put_hex(c, "authenticated_data", kith_bytes_of_buf(&received.authenticated_data));
    client_put_hex(c, "plaintext", kith_bytes_of_buf(&received.plaintext));
    return KITH_OK;
}

/* The state goes through a blob and back, as through a restart. */
static kith_err
op_reload(client_call *c)
{
    client_member *m = NULL;
    KITH_AUTO(kith_buf) blob = {0};
    mls_group *loaded = NULL;

    KITH_TRY(client_read_group(c, &m));
    KITH_TRY(mls_group_save(m->group, &blob));
    KITH_TRY(mls_group_load(&m->env, kith_bytes_of_buf(&blob), &loaded));
    mls_group_free(m->group);
    m->group = loaded;
    client_put_state(c, m, client_number_of(c->cl, m));
    return KITH_OK;
}

static kith_err
op_free(client_call *c)
{
    client_member *m = NULL;

    KITH_TRY(client_read_member(c, "state", &m));
    client_member_free(c->cl, client_number_of(c->cl, m));
    return KITH_OK;
}

client_op
client_find_group_op(const char *name)
{
    static const struct {
        const char *name;
        client_op run;
    } ops[] = {
        {"name", op_name},
        {"supported_suites", op_supported_suites},
        {"create_group", op_create_group},
        {"create_key_package", op_create_key_package},
        {"join_group", op_join_group},
        {"external_join", op_external_join},
        {"store_psk", op_store_psk},
        {"group_info", op_group_info},
        {"state_auth", op_state_auth},
        {"export", op_export},
        {"protect", op_protect},
        {"unprotect", op_unprotect},
        {"reload", op_reload},
        {"free", op_free},
    };

    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (strcmp(ops[i].name, name) == 0) {
            return ops[i].run;
        }
    }
    return NULL;
}
