/* SPDX-License-Identifier: MPL-2.0 */
/* Keys and contexts of OpenSSL for EdDSA [RFC8032], ECDSA [FIPS186-5] [RFC6979], ML-DSA [FIPS204]. */
#include "crypto/sign_evp.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <string.h>

/* Longest private key here: a scalar of P-521. */
#define PRIVATE_MAX CURVE_SCALAR_MAX

void
evp_key_done(evp_key *key)
{
    EVP_PKEY_CTX_free(key->ctx);
    EVP_PKEY_free(key->pkey);
    *key = (evp_key){0};
}

crypto_hash_id
evp_hash(crypto_sign_id id)
{
    switch (id) {
    case CRYPTO_ECDSA_P256_SHA256:
        return CRYPTO_SHA256;
    case CRYPTO_ECDSA_P384_SHA384:
        return CRYPTO_SHA384;
    case CRYPTO_ECDSA_P521_SHA512:
        return CRYPTO_SHA512;
    default:
        return 0;
    }
}

bool
evp_is_ecdsa(crypto_sign_id id)
{
    return evp_hash(id) != 0;
}

static bool
is_eddsa(crypto_sign_id id)
{
    return id == CRYPTO_ED25519 || id == CRYPTO_ED448;
}

curve_id
evp_curve(crypto_sign_id id)
{
    return id == CRYPTO_ECDSA_P256_SHA256   ? CURVE_P256
           : id == CRYPTO_ECDSA_P384_SHA384 ? CURVE_P384
                                            : CURVE_P521;
}

static const char *
group_name(crypto_sign_id id)
{
    return id == CRYPTO_ECDSA_P256_SHA256   ? "prime256v1"
           : id == CRYPTO_ECDSA_P384_SHA384 ? "secp384r1"
                                            : "secp521r1";
}

static const char *
hash_name(crypto_sign_id id)
{
    return id == CRYPTO_ECDSA_P256_SHA256   ? "SHA256"
           : id == CRYPTO_ECDSA_P384_SHA384 ? "SHA384"
                                            : "SHA512";
}

/* The library's parameters are not const although it only reads them; this is the one place that says
 * so to the compiler. */
static OSSL_PARAM
text_param(const char *name, const char *text)
{
    return OSSL_PARAM_construct_utf8_string(name, (char *)(uintptr_t)text, 0);
}

static OSSL_PARAM
bytes_param(const char *name, kith_bytes bytes)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)bytes.data, bytes.len);
}

/* The library takes the integer in the machine's own byte order. */
static kith_err
native_scalar(kith_bytes scalar, uint8_t out[PRIVATE_MAX])
{
    BIGNUM *number = BN_bin2bn(scalar.data, (int)scalar.len, NULL);
    const bool made =
        number != NULL && BN_bn2nativepad(number, out, (int)scalar.len) == (int)scalar.len;

    BN_clear_free(number);
    KITH_ENSURE(made, crypto_failed(KITH_ERR_NO_MEMORY));
    return KITH_OK;
}

static kith_err
import_ecdsa_private(crypto *c, crypto_sign_id id, kith_bytes private_key, uint8_t *public_key,
                     EVP_PKEY **out)
{
    uint8_t scalar[PRIVATE_MAX] = {0};

    KITH_TRY(curve_public(c, evp_curve(id), private_key, public_key));
    KITH_TRY(native_scalar(private_key, scalar));
    const kith_bytes point = {public_key, curve_point_len(evp_curve(id))};
    OSSL_PARAM params[] = {
        text_param(OSSL_PKEY_PARAM_GROUP_NAME, group_name(id)),
        bytes_param(OSSL_PKEY_PARAM_PUB_KEY, point),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, scalar, private_key.len),
        OSSL_PARAM_construct_end(),
    };
    const bool made = EVP_PKEY_fromdata(c->sign[id], out, EVP_PKEY_KEYPAIR, params) == 1;
    kith_wipe(scalar, sizeof scalar);
    KITH_ENSURE(made, crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

static kith_err
import_seed(crypto *c, crypto_sign_id id, kith_bytes private_key, EVP_PKEY **out)
{
    const char *name = is_eddsa(id) ? OSSL_PKEY_PARAM_PRIV_KEY : OSSL_PKEY_PARAM_ML_DSA_SEED;
    OSSL_PARAM params[] = {bytes_param(name, private_key), OSSL_PARAM_construct_end()};

    KITH_ENSURE(EVP_PKEY_fromdata(c->sign[id], out, EVP_PKEY_KEYPAIR, params) == 1,
                crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

/* Hash and nonces for ECDSA [RFC6979 §3.2]; no randomness for ML-DSA [FIPS204 §3.4]; nothing for
 * EdDSA. */
static bool
start_signing(crypto *c, crypto_sign_id id, EVP_PKEY_CTX *ctx)
{
    unsigned int deterministic_nonce = 1;
    int deterministic = 1;
    OSSL_PARAM ecdsa[] = {
        text_param(OSSL_SIGNATURE_PARAM_DIGEST, hash_name(id)),
        OSSL_PARAM_construct_uint(OSSL_SIGNATURE_PARAM_NONCE_TYPE, &deterministic_nonce),
        OSSL_PARAM_construct_end(),
    };
    OSSL_PARAM ml_dsa[] = {
        OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_DETERMINISTIC, &deterministic),
        OSSL_PARAM_construct_end(),
    };

    if (evp_is_ecdsa(id)) {
        return EVP_PKEY_sign_init_ex(ctx, ecdsa) == 1;
    }
    return EVP_PKEY_sign_message_init(ctx, c->signature[id], is_eddsa(id) ? NULL : ml_dsa) == 1;
}

kith_err
evp_key_of_private(crypto *c, crypto_sign_id id, kith_bytes private_key, uint8_t *public_key,
                   evp_key *out)
{
    KITH_AUTO(evp_key) key = {0};
    size_t len = crypto_sign_sizes_of(id).public_key;

    if (evp_is_ecdsa(id)) {
        KITH_TRY(import_ecdsa_private(c, id, private_key, public_key, &key.pkey));
    } else {
        KITH_TRY(import_seed(c, id, private_key, &key.pkey));
        KITH_ENSURE(EVP_PKEY_get_octet_string_param(key.pkey, OSSL_PKEY_PARAM_PUB_KEY, public_key,
                                                    len, &len) == 1,
                    crypto_failed(KITH_ERR_CRYPTO));
    }
    key.ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key.pkey, NULL);
    KITH_ENSURE(key.ctx != NULL && start_signing(c, id, key.ctx), crypto_failed(KITH_ERR_CRYPTO));
    *out = key;
    key = (evp_key){0};
    return KITH_OK;
}

static bool
start_verifying(crypto *c, crypto_sign_id id, EVP_PKEY_CTX *ctx)
{
    OSSL_PARAM ecdsa[] = {text_param(OSSL_SIGNATURE_PARAM_DIGEST, hash_name(id)),
                          OSSL_PARAM_construct_end()};

    if (evp_is_ecdsa(id)) {
        return EVP_PKEY_verify_init_ex(ctx, ecdsa) == 1;
    }
    return EVP_PKEY_verify_message_init(ctx, c->signature[id], NULL) == 1;
}

kith_err
evp_key_of_public(crypto *c, crypto_sign_id id, kith_bytes public_key, evp_key *out)
{
    KITH_AUTO(evp_key) key = {0};
    OSSL_PARAM ecdsa[] = {text_param(OSSL_PKEY_PARAM_GROUP_NAME, group_name(id)),
                          bytes_param(OSSL_PKEY_PARAM_PUB_KEY, public_key),
                          OSSL_PARAM_construct_end()};
    OSSL_PARAM *params = evp_is_ecdsa(id) ? ecdsa : ecdsa + 1;

    /* The library would also take other encodings of a point [RFC9420 §5.1.1]. */
    KITH_ENSURE(!evp_is_ecdsa(id) || public_key.data[0] == POINT_CONVERSION_UNCOMPRESSED,
                KITH_ERR_MALFORMED);
    KITH_ENSURE(EVP_PKEY_fromdata(c->sign[id], &key.pkey, EVP_PKEY_PUBLIC_KEY, params) == 1,
                crypto_failed(KITH_ERR_MALFORMED));
    key.ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key.pkey, NULL);
    KITH_ENSURE(key.ctx != NULL && start_verifying(c, id, key.ctx), crypto_failed(KITH_ERR_CRYPTO));
    *out = key;
    key = (evp_key){0};
    return KITH_OK;
}

kith_err
evp_sign(evp_key *key, kith_bytes message, uint8_t *out, size_t *len)
{
    KITH_ENSURE(EVP_PKEY_sign(key->ctx, out, len, message.data, message.len) == 1,
                crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

kith_err
evp_verify(evp_key *key, kith_bytes message, kith_bytes signature)
{
    KITH_ENSURE(
        EVP_PKEY_verify(key->ctx, signature.data, signature.len, message.data, message.len) == 1,
        crypto_failed(KITH_ERR_REJECTED));
    return KITH_OK;
}
