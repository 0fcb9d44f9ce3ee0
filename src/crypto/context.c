/* SPDX-License-Identifier: MPL-2.0 */
/* Makes and frees the crypto object: the only place where algorithms are looked up by name. */
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <limits.h>

#include "crypto/curve25519.h"

#include <openssl/core_names.h>
#include <openssl/obj_mac.h>

static const char *const hash_names[HASH_IDS] = {
    [CRYPTO_SHA256] = "SHA256",
    [CRYPTO_SHA384] = "SHA384",
    [CRYPTO_SHA512] = "SHA512",
    [CRYPTO_SHA3_256] = "SHA3-256",
};
static const char *const xof_names[XOF_IDS] = {
    [XOF_SHAKE128] = "SHAKE128",
    [XOF_SHAKE256] = "SHAKE256",
};
static const char *const aead_names[AEAD_IDS] = {
    [CRYPTO_AES_128_GCM] = "AES-128-GCM",
    [CRYPTO_AES_256_GCM] = "AES-256-GCM",
    [CRYPTO_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
};
static const char *const ml_kem_names[ML_KEM_IDS] = {
    [ML_KEM_768] = "ML-KEM-768",
    [ML_KEM_1024] = "ML-KEM-1024",
};
/* Key type and signature algorithm. */
static const struct {
    const char *key;
    const char *signature;
} sign_names[SIGN_IDS] = {
    [CRYPTO_ED25519] = {"ED25519", "ED25519"},
    [CRYPTO_ED448] = {"ED448", "ED448"},
    [CRYPTO_ECDSA_P256_SHA256] = {"EC", "ECDSA"},
    [CRYPTO_ECDSA_P384_SHA384] = {"EC", "ECDSA"},
    [CRYPTO_ECDSA_P521_SHA512] = {"EC", "ECDSA"},
    [CRYPTO_ML_DSA_44] = {"ML-DSA-44", "ML-DSA-44"},
    [CRYPTO_ML_DSA_65] = {"ML-DSA-65", "ML-DSA-65"},
    [CRYPTO_ML_DSA_87] = {"ML-DSA-87", "ML-DSA-87"},
};
static const int curve_nids[CURVE_IDS] = {
    [CURVE_P256] = NID_X9_62_prime256v1,
    [CURVE_P384] = NID_secp384r1,
    [CURVE_P521] = NID_secp521r1,
};

kith_err
crypto_failed(kith_err otherwise)
{
    bool out_of_memory = false;

    for (unsigned long e = ERR_get_error(); e != 0; e = ERR_get_error()) {
        out_of_memory = out_of_memory || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
    }
    return out_of_memory ? KITH_ERR_NO_MEMORY : otherwise;
}

static kith_err
make_digest(const char *name, EVP_MD_CTX **out)
{
    EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool made = md != NULL && ctx != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1;

    EVP_MD_free(md);
    *out = ctx;
    return made ? KITH_OK : crypto_failed(KITH_ERR_CRYPTO);
}

static kith_err
make_hashes(crypto *c)
{
    for (size_t i = 1; i < HASH_IDS; i++) {
        KITH_TRY(make_digest(hash_names[i], &c->hash[i]));
    }
    for (size_t i = 0; i < XOF_IDS; i++) {
        KITH_TRY(make_digest(xof_names[i], &c->xof[i]));
    }
    return KITH_OK;
}

static kith_err
make_hmacs(crypto *c)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    bool made = mac != NULL;

    for (size_t i = CRYPTO_SHA256; made && i <= CRYPTO_SHA512; i++) {
        /* The library takes the name through a pointer that it does not write through. */
        char name[8] = {0};
        OPENSSL_strlcpy(name, hash_names[i], sizeof name);
        const OSSL_PARAM params[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
            OSSL_PARAM_construct_end(),
        };
        c->hmac[i] = EVP_MAC_CTX_new(mac);
        made = c->hmac[i] != NULL && EVP_MAC_CTX_set_params(c->hmac[i], params) == 1;
    }
    EVP_MAC_free(mac);
    return made ? KITH_OK : crypto_failed(KITH_ERR_CRYPTO);
}

static kith_err
make_aeads(crypto *c)
{
    for (size_t i = 1; i < AEAD_IDS; i++) {
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, aead_names[i], NULL);
        c->aead[i] = EVP_CIPHER_CTX_new();
        const bool made = cipher != NULL && c->aead[i] != NULL &&
                          EVP_EncryptInit_ex2(c->aead[i], cipher, NULL, NULL, NULL) == 1;
        EVP_CIPHER_free(cipher);
        KITH_ENSURE(made, crypto_failed(KITH_ERR_CRYPTO));
    }
    return KITH_OK;
}

static kith_err
make_importer(const char *type, EVP_PKEY_CTX **out)
{
    *out = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    KITH_ENSURE(*out != NULL && EVP_PKEY_fromdata_init(*out) == 1, crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

/* A first look-up that runs out of memory leaves the library without that algorithm for good: all look-ups
 * are made here, where a failure ends the start of the program. */
static kith_err
make_operations(crypto *c)
{
    for (size_t i = 0; i < ML_KEM_IDS; i++) {
        c->ml_kem_operation[i] = EVP_KEM_fetch(NULL, ml_kem_names[i], NULL);
        KITH_ENSURE(c->ml_kem_operation[i] != NULL, crypto_failed(KITH_ERR_CRYPTO));
    }
    c->x25519_operation = EVP_KEYEXCH_fetch(NULL, "X25519", NULL);
    c->x448_operation = EVP_KEYEXCH_fetch(NULL, "X448", NULL);
    c->nonce_kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HMACDRBGKDF, NULL);
    KITH_ENSURE(c->x25519_operation != NULL && c->x448_operation != NULL && c->nonce_kdf != NULL,
                crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

static kith_err
make_keys(crypto *c)
{
    for (size_t i = 0; i < ML_KEM_IDS; i++) {
        KITH_TRY(make_importer(ml_kem_names[i], &c->ml_kem[i]));
    }
    KITH_TRY(make_importer("X25519", &c->x25519));
    KITH_TRY(make_importer("X448", &c->x448));
    for (size_t i = CRYPTO_ED25519; i < SIGN_IDS; i++) {
        KITH_TRY(make_importer(sign_names[i].key, &c->sign[i]));
        c->signature[i] = EVP_SIGNATURE_fetch(NULL, sign_names[i].signature, NULL);
        KITH_ENSURE(c->signature[i] != NULL, crypto_failed(KITH_ERR_CRYPTO));
    }
    for (size_t i = 0; i < CURVE_IDS; i++) {
        c->curve[i] = EC_GROUP_new_by_curve_name(curve_nids[i]);
        KITH_ENSURE(c->curve[i] != NULL, crypto_failed(KITH_ERR_CRYPTO));
    }
    return KITH_OK;
}

static kith_err
make_all(crypto *c)
{
    KITH_TRY(curve25519_start());
    KITH_TRY(make_hashes(c));
    KITH_TRY(make_hmacs(c));
    KITH_TRY(make_aeads(c));
    KITH_TRY(make_operations(c));
    return make_keys(c);
}

kith_err
crypto_new(const kith_alloc *alloc, crypto **out)
{
    crypto *c = kith_mem_zalloc(alloc, 1, sizeof *c);

    KITH_ENSURE(c != NULL, KITH_ERR_NO_MEMORY);
    c->alloc = alloc;
    const kith_err err = make_all(c);
    if (err != KITH_OK) {
        crypto_free(c);
        return err;
    }
    *out = c;
    return KITH_OK;
}

void
crypto_free(crypto *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < HASH_IDS; i++) {
        EVP_MD_CTX_free(c->hash[i]);
        EVP_MAC_CTX_free(c->hmac[i]);
    }
    for (size_t i = 0; i < XOF_IDS; i++) {
        EVP_MD_CTX_free(c->xof[i]);
    }
    for (size_t i = 0; i < AEAD_IDS; i++) {
        EVP_CIPHER_CTX_free(c->aead[i]);
    }
    for (size_t i = 0; i < ML_KEM_IDS; i++) {
        EVP_PKEY_CTX_free(c->ml_kem[i]);
        EVP_KEM_free(c->ml_kem_operation[i]);
    }
    EVP_KEYEXCH_free(c->x25519_operation);
    EVP_KEYEXCH_free(c->x448_operation);
    EVP_KDF_free(c->nonce_kdf);
    EVP_PKEY_CTX_free(c->x25519);
    EVP_PKEY_CTX_free(c->x448);
    for (size_t i = 0; i < SIGN_IDS; i++) {
        EVP_PKEY_CTX_free(c->sign[i]);
        EVP_SIGNATURE_free(c->signature[i]);
    }
    for (size_t i = 0; i < CURVE_IDS; i++) {
        EC_GROUP_free(c->curve[i]);
    }
    kith_mem_free(c->alloc, c, sizeof *c);
}

static kith_err
fill_from_system(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    KITH_ENSURE(len <= INT_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(RAND_bytes(out, (int)len) == 1, crypto_failed(KITH_ERR_NO_RANDOM));
    return KITH_OK;
}

const kith_rng *
crypto_rng(void)
{
    static const kith_rng system = {.fill = fill_from_system};

    return &system;
}
