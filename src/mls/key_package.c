/* SPDX-License-Identifier: MPL-2.0 */
/* Key packages [RFC9420 §10]: making, reading, and the private blob that goes with one. */
#include "mls/join.h"

#define BLOB_VERSION 1u

/* Owned signature key, freed with its scope. */
typedef struct sign_key {
    crypto_sign_key *key;
} sign_key;

static void
sign_key_done(sign_key *owned)
{
    crypto_sign_key_free(owned->key);
}

kith_err
mls_signature_key_new(const mls_env *env, uint16_t suite_id, kith_secret *private_key,
                      kith_buf *public_key)
{
    const mls_suite *suite = mls_suite_of(env, suite_id);
    KITH_AUTO(sign_key) owned = {0};
    KITH_AUTO(kith_secret) secret = {0};

    KITH_ENSURE(suite != NULL, KITH_ERR_UNSUPPORTED);
    KITH_TRY(crypto_sign_key_generate(env->crypto, suite->sign, &env->rng, &owned.key));
    KITH_TRY(kith_secret_set(&secret, crypto_sign_key_private(owned.key)));
    KITH_TRY(kith_buf_append(public_key, crypto_sign_key_public(owned.key)));
    *private_key = kith_secret_take(&secret);
    return KITH_OK;
}

/* ---- The private blob ---- */

static kith_err
write_blob(const mls_private_package *package, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);

    KITH_TRY(kith_write_u8(&w, BLOB_VERSION));
    KITH_TRY(kith_write_u16(&w, package->suite));
    KITH_TRY(kith_write_varvec(&w, package->ref));
    KITH_TRY(kith_write_varvec(&w, package->package));
    KITH_TRY(kith_write_varvec(&w, package->init_private));
    KITH_TRY(kith_write_varvec(&w, package->leaf_private));
    KITH_TRY(kith_write_varvec(&w, package->signature_private));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

kith_err
mls_private_package_decode(kith_bytes blob, mls_private_package *out)
{
    kith_reader r = kith_reader_of(blob);
    mls_private_package package = {0};
    uint8_t version = 0;

    KITH_TRY(kith_read_u8(&r, &version));
    KITH_ENSURE(version == BLOB_VERSION, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u16(&r, &package.suite));
    KITH_TRY(kith_read_varvec(&r, &package.ref));
    KITH_TRY(kith_read_varvec(&r, &package.package));
    KITH_TRY(kith_read_varvec(&r, &package.init_private));
    KITH_TRY(kith_read_varvec(&r, &package.leaf_private));
    KITH_TRY(kith_read_varvec(&r, &package.signature_private));
    KITH_TRY(kith_reader_finish(&r));
    *out = package;
    return KITH_OK;
}

static kith_err
package_ref(mls_tools tools, kith_bytes package, mls_hash *out)
{
    mls_hash ref = {.len = mls_suite_hash_len(tools.suite)};

    KITH_TRY(mls_ref_hash(tools, "MLS 1.0 KeyPackage Reference", package, ref.bytes));
    *out = ref;
    return KITH_OK;
}

/* ---- Making one ---- */

static kith_err
write_extensions(const mls_key_package_params *params, kith_writer *w)
{
    KITH_AUTO(kith_buf) list = {.alloc = w->buf->alloc};
    const mls_ext last_resort = {.type = MLS_EXT_LAST_RESORT};

    if (params->last_resort) {
        KITH_TRY(mls_ext_list_write(&last_resort, 1, &list));
    }
    KITH_TRY(mls_ext_list_write(params->extensions, params->extension_count, &list));
    KITH_ENSURE(mls_ext_list_check(kith_bytes_of_buf(&list)) == KITH_OK, KITH_ERR_INVALID);
    return kith_write_varvec(w, kith_bytes_of_buf(&list));
}

static kith_err
make_leaf(mls_tools tools, const mls_env *env, const mls_key_package_params *params,
          const mls_leaf_draft *draft, mls_leaf **out)
{
    uint16_t types[MLS_LEAF_EXTENSIONS_MAX];
    size_t count = 0;

    KITH_ENSURE(params->extension_count < MLS_LEAF_EXTENSIONS_MAX, KITH_ERR_LIMIT);
    for (size_t i = 0; i < params->extension_count; i++) {
        types[count++] = params->extensions[i].type;
    }
    if (params->last_resort) {
        types[count++] = MLS_EXT_LAST_RESORT;
    }
    mls_leaf_draft full = *draft;
    full.package_types = types;
    full.package_type_count = count;
    full.env = env;
    full.identity = params->leaf.identity;
    full.extensions = params->leaf.extensions;
    full.extension_count = params->leaf.extension_count;
    full.source = MLS_LEAF_SOURCE_KEY_PACKAGE;
    full.not_before_s = params->not_before_s;
    full.not_after_s = params->not_after_s;
    return mls_leaf_make(tools, &full, out);
}

typedef struct signed_leaf {
    const mls_leaf *leaf;
    crypto_sign_key *signer;
} signed_leaf;

/* KeyPackage [RFC9420 §10]: appended and signed. */
static kith_err
write_package(mls_tools tools, const mls_key_package_params *params, kith_bytes init_key,
              const signed_leaf *in, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);
    KITH_AUTO(kith_buf) signature = {.alloc = tools.alloc};

    KITH_TRY(kith_write_u16(&w, MLS_VERSION_MLS10));
    KITH_TRY(kith_write_u16(&w, tools.suite_id));
    KITH_TRY(kith_write_varvec(&w, init_key));
    KITH_TRY(kith_write_bytes(&w, mls_leaf_bytes(in->leaf)));
    KITH_TRY(write_extensions(params, &w));
    KITH_TRY(mls_sign_with_label(tools, in->signer, "KeyPackageTBS",
                                 CRYPTO_PARTS(kith_bytes_of_buf(out)), &signature));
    return kith_write_varvec(&w, kith_bytes_of_buf(&signature));
}

/* Appends the two results, both or none. */
static kith_err
give_results(mls_tools tools, const mls_private_package *package, kith_buf *public_out,
             kith_buf *private_out)
{
    KITH_AUTO(kith_buf) message = {.alloc = tools.alloc};
    KITH_AUTO(kith_buf) blob = {.alloc = tools.alloc};
    kith_writer w = kith_writer_of(&message);

    KITH_TRY(mls_message_start(&w, MLS_WIRE_KEY_PACKAGE));
    KITH_TRY(kith_write_bytes(&w, package->package));
    KITH_TRY(write_blob(package, &blob));
    KITH_TRY(kith_buf_reserve(private_out, blob.len));
    KITH_TRY(kith_buf_append(public_out, kith_bytes_of_buf(&message)));
    return kith_buf_append(private_out, kith_bytes_of_buf(&blob)); /* has room: cannot fail */
}

static kith_err
make_package(mls_tools tools, const mls_env *env, const mls_key_package_params *params,
             kith_buf *public_out, kith_buf *private_out)
{
    KITH_AUTO(sign_key) signer = {0};
    KITH_AUTO(crypto_kem_pair) init = {0};
    KITH_AUTO(crypto_kem_pair) pair = {0};
    KITH_AUTO(kith_buf) bytes = {.alloc = tools.alloc};
    mls_leaf *leaf = NULL;
    mls_hash ref = {0};

    KITH_TRY(crypto_sign_key_import(tools.crypto, tools.suite->sign, params->leaf.signature_private,
                                    &signer.key));
    KITH_TRY(crypto_kem_generate(tools.crypto, tools.suite->hpke.kem, &env->rng, &init));
    KITH_TRY(crypto_kem_generate(tools.crypto, tools.suite->hpke.kem, &env->rng, &pair));
    const mls_leaf_draft draft = {.signer = signer.key,
                                  .encryption_key = kith_bytes_of_buf(&pair.public_key)};
    KITH_TRY(make_leaf(tools, env, params, &draft, &leaf));
    const signed_leaf in = {.leaf = leaf, .signer = signer.key};
    const kith_err err =
        write_package(tools, params, kith_bytes_of_buf(&init.public_key), &in, &bytes);
    mls_leaf_drop(leaf);
    KITH_TRY(err);
    KITH_TRY(package_ref(tools, kith_bytes_of_buf(&bytes), &ref));
    const mls_private_package package = {
        .suite = tools.suite_id,
        .ref = mls_hash_bytes(&ref),
        .package = kith_bytes_of_buf(&bytes),
        .init_private = kith_bytes_of_secret(&init.private_key),
        .leaf_private = kith_bytes_of_secret(&pair.private_key),
        .signature_private = params->leaf.signature_private,
    };
    return give_results(tools, &package, public_out, private_out);
}

kith_err
mls_key_package_new(const mls_env *env, const mls_key_package_params *params, kith_buf *public_out,
                    kith_buf *private_out)
{
    const mls_suite *suite = mls_suite_of(env, params->suite);

    KITH_ENSURE(suite != NULL, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(params->not_after_s >= params->not_before_s &&
                    params->not_after_s - params->not_before_s <= mls_lifetime_max(env),
                KITH_ERR_INVALID);
    return make_package(mls_tools_of(env, suite), env, params, public_out, private_out);
}

/* ---- Reading one ---- */

static kith_err
read_package(const mls_env *env, kith_bytes message, mls_key_package *out, const mls_suite **suite)
{
    kith_bytes body;
    mls_key_package package;

    KITH_TRY(mls_message_open(message, MLS_WIRE_KEY_PACKAGE, &body));
    kith_reader r = kith_reader_of(body);
    KITH_TRY(mls_key_package_decode(&r, &package));
    KITH_TRY(kith_reader_finish(&r));
    *suite = mls_suite_of(env, package.suite);
    KITH_ENSURE(*suite != NULL, KITH_ERR_UNSUPPORTED);
    *out = package;
    return KITH_OK;
}

static kith_err
check_kem_pair(mls_tools tools, kith_bytes private_key, kith_bytes public_key)
{
    KITH_AUTO(kith_buf) computed = {.alloc = tools.alloc};

    KITH_TRY(crypto_kem_public(tools.crypto, tools.suite->hpke.kem, private_key, &computed));
    KITH_ENSURE(kith_bytes_equal(kith_bytes_of_buf(&computed), public_key), KITH_ERR_REJECTED);
    return KITH_OK;
}

kith_err
mls_key_package_import(const mls_env *env, kith_bytes key_package, const mls_package_keys *keys,
                       kith_buf *private_out)
{
    mls_key_package package;
    const mls_suite *suite = NULL;
    KITH_AUTO(sign_key) signer = {0};
    mls_hash ref = {0};

    KITH_TRY(read_package(env, key_package, &package, &suite));
    const mls_tools tools = mls_tools_of(env, suite);
    KITH_TRY(
        crypto_sign_key_import(env->crypto, suite->sign, keys->signature_private, &signer.key));
    KITH_ENSURE(kith_bytes_equal(crypto_sign_key_public(signer.key), package.leaf.signature_key),
                KITH_ERR_REJECTED);
    KITH_TRY(check_kem_pair(tools, keys->init_private, package.init_key));
    KITH_TRY(check_kem_pair(tools, keys->leaf_private, package.leaf.encryption_key));
    KITH_TRY(package_ref(tools, package.bytes, &ref));
    const mls_private_package blob = {.suite = package.suite,
                                      .ref = mls_hash_bytes(&ref),
                                      .package = package.bytes,
                                      .init_private = keys->init_private,
                                      .leaf_private = keys->leaf_private,
                                      .signature_private = keys->signature_private};
    return write_blob(&blob, private_out);
}

/* By the extension, or by the component of the same name [MLS-EXT §6.4]. */
static bool
is_last_resort(const mls_key_package *package)
{
    kith_bytes found;

    return mls_ext_find(package->extensions, MLS_EXT_LAST_RESORT, &found) == KITH_OK ||
           (mls_ext_find(package->extensions, MLS_EXT_APP_DATA_DICTIONARY, &found) == KITH_OK &&
            mls_components_find(found, MLS_COMPONENT_LAST_RESORT, &found) == KITH_OK);
}

kith_err
mls_key_package_inspect(const mls_env *env, kith_bytes key_package, uint64_t now_s,
                        mls_key_package_info *out)
{
    mls_key_package package;
    const mls_suite *suite = NULL;
    const mls_package_rules rules = {
        .lifetime_max_s = mls_lifetime_max(env), .check_time = true, .now_s = now_s};

    KITH_TRY(read_package(env, key_package, &package, &suite));
    KITH_TRY(mls_key_package_check(mls_tools_of(env, suite), &package, &rules));
    *out = (mls_key_package_info){
        .suite = package.suite,
        .last_resort = is_last_resort(&package),
        .identity = package.leaf.credential,
        .signature_key = package.leaf.signature_key,
        .init_key = package.init_key,
        .not_before_s = package.leaf.not_before_s,
        .not_after_s = package.leaf.not_after_s,
    };
    return KITH_OK;
}

kith_err
mls_key_package_ref(const mls_env *env, kith_bytes key_package, kith_buf *out)
{
    mls_key_package package;
    const mls_suite *suite = NULL;
    mls_hash ref = {0};

    KITH_TRY(read_package(env, key_package, &package, &suite));
    KITH_TRY(package_ref(mls_tools_of(env, suite), package.bytes, &ref));
    return kith_buf_append(out, mls_hash_bytes(&ref));
}

kith_err
mls_key_package_private_ref(const mls_env *env, kith_bytes private_blob, kith_buf *out)
{
    mls_private_package package;

    (void)env;
    KITH_TRY(mls_private_package_decode(private_blob, &package));
    return kith_buf_append(out, package.ref);
}
