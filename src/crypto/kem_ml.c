/* SPDX-License-Identifier: MPL-2.0 */
/* ML-KEM-768 and ML-KEM-1024 [FIPS203], private keys as 64-byte seeds [HPKE-PQ §3]. */
#include <openssl/core_names.h>

#include "crypto/kem_parts.h"

size_t
ml_public_len(const kem_row *row)
{
    return row->ml == ML_KEM_768 ? 1184 : row->ml == ML_KEM_1024 ? 1568 : 0;
}

size_t
ml_enc_len(const kem_row *row)
{
    return row->ml == ML_KEM_768 ? 1088 : row->ml == ML_KEM_1024 ? 1568 : 0;
}

void
ml_key_done(ml_key *key)
{
    EVP_PKEY_CTX_free(key->encap);
    EVP_PKEY_CTX_free(key->decap);
    EVP_PKEY_free(key->pkey);
    *key = (ml_key){0};
}

kith_err
ml_key_of_seed(crypto *c, const kem_row *row, const uint8_t seed[ML_KEM_SEED_LEN],
               uint8_t *public_key, ml_key *out)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_KEM_SEED, (void *)(uintptr_t)seed,
                                          ML_KEM_SEED_LEN),
        OSSL_PARAM_construct_end(),
    };
    size_t len = ml_public_len(row);
    ml_key key = {0};

    const bool made =
        EVP_PKEY_fromdata(c->ml_kem[row->ml], &key.pkey, EVP_PKEY_KEYPAIR, params) == 1 &&
        EVP_PKEY_get_octet_string_param(key.pkey, OSSL_PKEY_PARAM_PUB_KEY, public_key, len, &len) ==
            1;
    if (!made) {
        ml_key_done(&key);
        return crypto_failed(KITH_ERR_CRYPTO);
    }
    *out = key;
    return KITH_OK;
}

kith_err
ml_key_of_public(crypto *c, const kem_row *row, const uint8_t *public_key, ml_key *out)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)public_key,
                                          ml_public_len(row)),
        OSSL_PARAM_construct_end(),
    };
    ml_key key = {0};

    if (EVP_PKEY_fromdata(c->ml_kem[row->ml], &key.pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        ml_key_done(&key);
        return crypto_failed(KITH_ERR_MALFORMED);
    }
    *out = key;
    return KITH_OK;
}

/* A context ready for `start`, unless there is one. */
static kith_err
ready(EVP_PKEY *pkey, int (*start)(EVP_PKEY_CTX *, const OSSL_PARAM[]), EVP_PKEY_CTX **ctx)
{
    if (*ctx != NULL) {
        return KITH_OK;
    }
    EVP_PKEY_CTX *fresh = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (fresh == NULL || start(fresh, NULL) != 1) {
        EVP_PKEY_CTX_free(fresh);
        return crypto_failed(KITH_ERR_CRYPTO);
    }
    *ctx = fresh;
    return KITH_OK;
}

kith_err
ml_encap(crypto_kem_key *key, const kith_rng *rng, uint8_t secret[ML_KEM_SECRET_LEN], uint8_t *enc)
{
    KITH_AUTO(kith_secret) random = {.len = ML_KEM_RANDOM_LEN};
    size_t enc_len = ml_enc_len(key->row);
    size_t secret_len = ML_KEM_SECRET_LEN;

    KITH_TRY(kith_rng_fill(rng, random.data, random.len));
    KITH_TRY(ready(key->ml.pkey, EVP_PKEY_encapsulate_init, &key->ml.encap));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KEM_PARAM_IKME, random.data, random.len),
        OSSL_PARAM_construct_end(),
    };
    /* The library forgets the randomness when it was used, and draws its own when there is none: set
     * it each time. */
    KITH_ENSURE(EVP_PKEY_CTX_set_params(key->ml.encap, params) == 1 &&
                    EVP_PKEY_encapsulate(key->ml.encap, enc, &enc_len, secret, &secret_len) == 1,
                crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

kith_err
ml_decap(crypto_kem_key *key, const uint8_t *enc, uint8_t secret[ML_KEM_SECRET_LEN])
{
    size_t secret_len = ML_KEM_SECRET_LEN;

    KITH_TRY(ready(key->ml.pkey, EVP_PKEY_decapsulate_init, &key->ml.decap));
    KITH_ENSURE(
        EVP_PKEY_decapsulate(key->ml.decap, secret, &secret_len, enc, ml_enc_len(key->row)) == 1,
        crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}
