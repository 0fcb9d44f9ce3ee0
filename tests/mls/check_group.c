/* SPDX-License-Identifier: MPL-2.0 */
/* Items of vector files about whole groups: a client joins by a Welcome and follows what others commit;
 * Welcomes alone. */
#include "mls/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/join.h"

/* External PSKs of one vector, behind the env's callback. */
static kith_err
find_psk(void *ctx, const mls_psk_ref *ref, kith_secret *out)
{
    yyjson_val *list = *(yyjson_val **)ctx;
    size_t i = 0;
    size_t n = 0;
    yyjson_val *entry = NULL;

    yyjson_arr_foreach(list, i, n, entry)
    {
        KITH_AUTO(kith_buf) id = vec_hex(entry, "psk_id");
        KITH_AUTO(kith_buf) psk = vec_hex(entry, "psk");
        if (!ref->is_resumption && kith_bytes_equal(kith_bytes_of_buf(&id), ref->psk_id)) {
            return kith_secret_set(out, kith_bytes_of_buf(&psk));
        }
    }
    return KITH_ERR_NOT_FOUND;
}

static mls_group *
join(const mls_env *env, mls_tools tools, yyjson_val *item, const passive_probe *probe)
{
    KITH_AUTO(kith_buf) expected = vec_hex(item, "initial_epoch_authenticator");
    KITH_AUTO(kith_buf) package = vec_hex(item, "key_package");
    KITH_AUTO(kith_buf) init_key = vec_private(item, "init_priv", vec_kem_len(tools));
    KITH_AUTO(kith_buf) leaf_key = vec_private(item, "encryption_priv", vec_kem_len(tools));
    KITH_AUTO(kith_buf) signature_key = vec_private(item, "signature_priv", vec_sign_len(tools));
    KITH_AUTO(kith_buf) welcome = vec_hex(item, "welcome");
    KITH_AUTO(kith_buf) tree = {0};
    KITH_AUTO(kith_buf) blob = {0};
    mls_group *group = NULL;
    size_t used = 1;

    if (!vec_is_null(item, "ratchet_tree")) {
        tree = vec_hex(item, "ratchet_tree");
    }
    assert_ok(mls_key_package_import(
        env, kith_bytes_of_buf(&package),
        &(mls_package_keys){.init_private = kith_bytes_of_buf(&init_key),
                            .leaf_private = kith_bytes_of_buf(&leaf_key),
                            .signature_private = kith_bytes_of_buf(&signature_key)},
        &blob));
    const kith_bytes candidate = kith_bytes_of_buf(&blob);
    const mls_join_params params = {.welcome = kith_bytes_of_buf(&welcome),
                                    .private_blobs = &candidate,
                                    .private_blob_count = 1,
                                    .ratchet_tree = kith_bytes_of_buf(&tree),
                                    .settings = {.past_epochs = MLS_PAST_EPOCHS_MAX}};
    if (probe->package != NULL) {
        probe->package(probe->ctx, env, kith_bytes_of_buf(&package));
    }
    if (probe->join != NULL) {
        probe->join(probe->ctx, env, &params, kith_bytes_of_buf(&expected));
    }
    assert_ok(mls_group_join(env, &params, &used, &group));
    assert_int_equal(used, 0);
    assert_bytes(mls_epoch_authenticator(mls_group_epoch(group)), kith_bytes_of_buf(&expected));
    return group;
}

/* The group as it is after being kept and taken up again. */
static mls_group *
reload(const mls_env *env, mls_group *group)
{
    KITH_AUTO(kith_buf) blob = {0};
    KITH_AUTO(kith_buf) again = {0};
    mls_group *loaded = NULL;

    assert_ok(mls_group_save(group, &blob));
    assert_ok(mls_group_load(env, kith_bytes_of_buf(&blob), &loaded));
    assert_ok(mls_group_save(loaded, &again));
    assert_bytes(kith_bytes_of_buf(&again), kith_bytes_of_buf(&blob));
    mls_group_free(group);
    return loaded;
}

static void
receive(mls_group *group, const kith_buf *message, const passive_probe *probe, mls_received *out)
{
    if (probe->receive != NULL) {
        probe->receive(probe->ctx, group, kith_bytes_of_buf(message));
    }
    assert_ok(mls_group_receive(group, kith_bytes_of_buf(message), 0, out));
}

static void
follow(mls_group *group, yyjson_val *epoch, const passive_probe *probe)
{
    size_t i = 0;
    size_t n = 0;
    yyjson_val *proposal = NULL;
    KITH_AUTO(kith_buf) commit = vec_hex(epoch, "commit");
    KITH_AUTO(mls_received) received = {0};

    yyjson_arr_foreach(vec_get(epoch, "proposals"), i, n, proposal)
    {
        KITH_AUTO(kith_buf) bytes = vec_hex_of(proposal);
        KITH_AUTO(mls_received) pending = {0};
        receive(group, &bytes, probe, &pending);
        assert_int_equal(pending.kind, MLS_KIND_PROPOSAL);
    }
    receive(group, &commit, probe, &received);
    assert_int_equal(received.kind, MLS_KIND_COMMIT);
    mls_group_apply(group, &received.staged);
    assert_null(received.staged);
    assert_field(mls_epoch_authenticator(mls_group_epoch(group)), epoch, "epoch_authenticator");
}

void
check_passive_probed(vectors *v, mls_tools tools, yyjson_val *item, const passive_probe *probe)
{
    yyjson_val *psks = vec_get(item, "external_psks");
    mls_env env = v->env;
    size_t i = 0;
    size_t n = 0;
    yyjson_val *epoch = NULL;

    env.find_psk = find_psk;
    env.ctx = &psks;
    mls_group *group = join(&env, tools, item, probe);
    yyjson_arr_foreach(vec_get(item, "epochs"), i, n, epoch)
    {
        follow(group, epoch, probe);
        group = reload(&env, group);
    }
    mls_group_free(group);
}

void
check_passive(vectors *v, mls_tools tools, yyjson_val *item)
{
    check_passive_probed(v, tools, item, &(passive_probe){.ctx = NULL});
}

/* ---- Welcomes alone ---- */

void
check_welcome(vectors *v, mls_tools tools, yyjson_val *item)
{
    KITH_AUTO(kith_buf) package = vec_hex(item, "key_package");
    KITH_AUTO(kith_buf) bytes = vec_hex(item, "welcome");
    KITH_AUTO(kith_buf) init_key = vec_private(item, "init_priv", vec_kem_len(tools));
    KITH_AUTO(kith_buf) signer = vec_hex(item, "signer_pub");
    KITH_AUTO(kith_buf) ref = {0};
    KITH_AUTO(kith_buf) plain = {0};
    KITH_AUTO(kith_buf) info_text = {0};
    KITH_AUTO(kith_secret) secret = {0};
    KITH_AUTO(kith_secret) key = {0};
    KITH_AUTO(kith_secret) nonce = {0};
    const kith_secret zero = mls_zero_secret(tools);
    kith_bytes body;
    mls_welcome welcome;
    mls_encrypted_secrets entry;
    mls_group_secrets secrets;
    mls_group_info_view info;
    KITH_AUTO(mls_secrets) epoch = {0};
    mls_hash tag = {0};

    assert_ok(mls_key_package_ref(&v->env, kith_bytes_of_buf(&package), &ref));
    assert_ok(mls_message_open(kith_bytes_of_buf(&bytes), MLS_WIRE_WELCOME, &body));
    kith_reader r = kith_reader_of(body);
    assert_ok(mls_welcome_decode(&r, &welcome));
    r = kith_reader_of(welcome.secrets);
    assert_ok(mls_encrypted_secrets_decode(&r, &entry));
    assert_bytes(entry.new_member, kith_bytes_of_buf(&ref));
    assert_ok(mls_decrypt_with_label(tools,
                                     &(mls_seal){.key = kith_bytes_of_buf(&init_key),
                                                 .label = "Welcome",
                                                 .context = welcome.encrypted_group_info,
                                                 .kem_output = entry.sealed.kem_output,
                                                 .text = entry.sealed.ciphertext},
                                     &plain));
    r = kith_reader_of(kith_bytes_of_buf(&plain));
    assert_ok(mls_group_secrets_decode(&r, &secrets));
    assert_ok(
        mls_welcome_secret(tools, secrets.joiner_secret, kith_bytes_of_secret(&zero), &secret));
    assert_ok(mls_welcome_key(tools, kith_bytes_of_secret(&secret), &key, &nonce));
    assert_ok(crypto_aead_open(tools.crypto,
                               &(crypto_aead){.id = tools.suite->aead,
                                              .key = kith_bytes_of_secret(&key),
                                              .nonce = kith_bytes_of_secret(&nonce)},
                               welcome.encrypted_group_info, &info_text));
    r = kith_reader_of(kith_bytes_of_buf(&info_text));
    assert_ok(mls_group_info_decode(&r, &info));
    assert_ok(mls_verify_with_label(tools, kith_bytes_of_buf(&signer), "GroupInfoTBS",
                                    CRYPTO_PARTS(info.tbs), info.signature));
    assert_ok(mls_secrets_derive(tools, secrets.joiner_secret, kith_bytes_of_secret(&zero),
                                 info.context_bytes, &epoch));
    assert_ok(mls_confirmation_tag(tools, &epoch, info.context.confirmed_transcript_hash, &tag));
    assert_bytes(mls_hash_bytes(&tag), info.confirmation_tag);
}
