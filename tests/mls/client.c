/* SPDX-License-Identifier: MPL-2.0 */
/* Members, and the fields of requests and answers. */
#include "mls/client.h"

#include <stdlib.h>
#include <string.h>

/* ---- Members ---- */

/* What histories.py puts into group contexts. */
static const uint16_t extension_types[] = {0xff01, 0xff02};

static kith_err
find_psk(void *ctx, const mls_psk_ref *ref, kith_secret *out)
{
    const client_member *m = ctx;

    for (size_t i = 0; !ref->is_resumption && i < m->psk_count; i++) {
        if (kith_bytes_equal(kith_bytes_of_buf(&m->psks[i].id), ref->psk_id)) {
            return kith_secret_set(out, kith_bytes_of_secret(&m->psks[i].secret));
        }
    }
    return KITH_ERR_NOT_FOUND;
}

kith_err
client_member_new(client_call *c, uint16_t suite, kith_bytes identity, client_member **out,
                  uint64_t *number)
{
    client *cl = c->cl;

    KITH_ENSURE(cl->count < CLIENT_MEMBERS_MAX, KITH_ERR_LIMIT);
    client_member *m = calloc(1, sizeof *m);
    KITH_ENSURE(m != NULL, KITH_ERR_NO_MEMORY);
    m->suite = suite;
    m->env = (mls_env){.rng = *crypto_rng(),
                       .crypto = cl->crypto,
                       .find_psk = find_psk,
                       .ctx = m,
                       .extension_types = extension_types,
                       .extension_type_count = sizeof extension_types / sizeof extension_types[0],
                       .lifetime_max_s = UINT64_MAX,
                       .suite_aliases = cl->aliases,
                       .suite_alias_count = cl->alias_count};
    cl->members[cl->count++] = m;
    *number = cl->count;
    KITH_TRY(kith_buf_set(&m->identity, identity));
    KITH_TRY(mls_signature_key_new(&m->env, suite, &m->signature_private, &m->signature_public));
    *out = m;
    return KITH_OK;
}

mls_leaf_params
client_leaf_of(const client_member *m)
{
    return (mls_leaf_params){
        .identity = {.type = MLS_CREDENTIAL_BASIC, .data = kith_bytes_of_buf(&m->identity)},
        .signature_private = kith_bytes_of_secret(&m->signature_private)};
}

kith_err
client_publish(client_call *c, client_member *m)
{
    const mls_key_package_params params = {.suite = m->suite,
                                           .leaf = client_leaf_of(m),
                                           .not_before_s = c->now_s - 3600,
                                           .not_after_s = c->now_s + 30 * 86400};

    kith_buf_clear(&m->package);
    kith_buf_clear(&m->blob);
    return mls_key_package_new(&m->env, &params, &m->package, &m->blob);
}

void
client_member_free(client *cl, uint64_t number)
{
    client_member *m = cl->members[number - 1];

    if (m == NULL) {
        return;
    }
    mls_group_free(m->group);
    kith_buf_done(&m->identity);
    kith_buf_done(&m->signature_public);
    kith_buf_done(&m->package);
    kith_buf_done(&m->blob);
    for (size_t i = 0; i < m->psk_count; i++) {
        kith_buf_done(&m->psks[i].id);
    }
    kith_wipe(m, sizeof *m);
    free(m);
    cl->members[number - 1] = NULL;
}

void
client_done(client *cl)
{
    for (size_t i = 0; i < cl->count; i++) {
        client_member_free(cl, i + 1);
    }
    crypto_free(cl->crypto);
}

uint64_t
client_number_of(const client *cl, const client_member *m)
{
    for (size_t i = 0; i < cl->count; i++) {
        if (cl->members[i] == m) {
            return i + 1;
        }
    }
    return 0;
}

/* ---- Requests ---- */

kith_err
client_read_uint(yyjson_val *in, const char *key, uint64_t *out)
{
    yyjson_val *value = yyjson_obj_get(in, key);

    KITH_ENSURE(yyjson_is_uint(value), KITH_ERR_INVALID);
    *out = yyjson_get_uint(value);
    return KITH_OK;
}

bool
client_read_flag(yyjson_val *in, const char *key)
{
    return yyjson_is_true(yyjson_obj_get(in, key));
}

static kith_err
read_hex_of(yyjson_val *value, kith_buf *out)
{
    KITH_ENSURE(yyjson_is_str(value), KITH_ERR_INVALID);
    const kith_bytes text = kith_bytes_of(yyjson_get_str(value), yyjson_get_len(value));
    return kith_hex_decode(text, out) == KITH_OK ? KITH_OK : KITH_ERR_INVALID;
}

kith_err
client_read_hex(yyjson_val *in, const char *key, kith_buf *out)
{
    return read_hex_of(yyjson_obj_get(in, key), out);
}

kith_err
client_read_optional(yyjson_val *in, const char *key, kith_buf *out)
{
    yyjson_val *value = yyjson_obj_get(in, key);

    return value == NULL || yyjson_is_null(value) ? KITH_OK : read_hex_of(value, out);
}

kith_err
client_read_member(client_call *c, const char *key, client_member **out)
{
    uint64_t number = 0;

    KITH_TRY(client_read_uint(c->in, key, &number));
    KITH_ENSURE(number > 0 && number <= c->cl->count && c->cl->members[number - 1] != NULL,
                KITH_ERR_NOT_FOUND);
    *out = c->cl->members[number - 1];
    return KITH_OK;
}

kith_err
client_read_group(client_call *c, client_member **out)
{
    client_member *m = NULL;

    KITH_TRY(client_read_member(c, "state", &m));
    KITH_ENSURE(m->group != NULL, KITH_ERR_INVALID);
    *out = m;
    return KITH_OK;
}

void
client_list_free(client_list **list)
{
    for (size_t i = 0; *list != NULL && i < (*list)->count; i++) {
        kith_buf_done(&(*list)->items[i]);
    }
    free(*list);
    *list = NULL;
}

kith_err
client_list_read(yyjson_val *in, const char *key, client_list **out)
{
    size_t i = 0;
    size_t n = 0;
    yyjson_val *value = NULL;

    *out = calloc(1, sizeof **out);
    KITH_ENSURE(*out != NULL, KITH_ERR_NO_MEMORY);
    yyjson_arr_foreach(yyjson_obj_get(in, key), i, n, value)
    {
        KITH_ENSURE(i < CLIENT_LIST_MAX, KITH_ERR_LIMIT);
        (*out)->count = i + 1;
        KITH_TRY(read_hex_of(value, &(*out)->items[i]));
        (*out)->bytes[i] = kith_bytes_of_buf(&(*out)->items[i]);
    }
    return KITH_OK;
}

/* ---- Answers ---- */

void
client_put_hex(client_call *c, const char *key, kith_bytes bytes)
{
    KITH_AUTO(kith_buf) text = {0};

    if (kith_hex_encode(bytes, &text) != KITH_OK) {
        abort();
    }
    (void)yyjson_mut_obj_add(
        c->out, yyjson_mut_strcpy(c->doc, key),
        yyjson_mut_strncpy(c->doc, text.len > 0 ? (const char *)text.data : "", text.len));
}

void
client_put_uint(client_call *c, const char *key, uint64_t value)
{
    (void)yyjson_mut_obj_add(c->out, yyjson_mut_strcpy(c->doc, key),
                             yyjson_mut_uint(c->doc, value));
}

void
client_put_state(client_call *c, const client_member *m, uint64_t number)
{
    const mls_epoch *epoch = mls_group_epoch(m->group);

    client_put_uint(c, "state", number);
    client_put_uint(c, "epoch", mls_epoch_number(epoch));
    client_put_hex(c, "epoch_authenticator", mls_epoch_authenticator(epoch));
}
