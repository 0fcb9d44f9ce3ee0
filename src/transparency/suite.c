/* SPDX-License-Identifier: MPL-2.0 */
/* Signatures and the VRF of each cipher suite. */
#include "transparency/suite.h"

#include <string.h>

static const kt_suite_row rows[] = {
    [KT_128_SHA256_ED25519] = {.id = 0x0002,
                               .sign = CRYPTO_ED25519,
                               .signature_key_len = KT_KEY_LEN,
                               .vrf_key_len = CRYPTO_VRF_PUBLIC_LEN,
                               .proof_len = CRYPTO_VRF_PROOF_LEN},
    [KT_128_SHA256_P256] = {.id = 0x0001,
                            .sign = CRYPTO_ECDSA_P256_SHA256,
                            .signature_key_len = KT_KEY_MAX,
                            .vrf_key_len = CRYPTO_VRF_P256_PUBLIC_LEN,
                            .proof_len = CRYPTO_VRF_P256_PROOF_LEN},
};

#define ROWS (sizeof rows / sizeof rows[0])

bool
kt_suite_is_known(const kt_config *config)
{
    return (size_t)config->suite < ROWS;
}

const kt_suite_row *
kt_suite_row_of(const kt_config *config)
{
    return &rows[kt_suite_is_known(config) ? config->suite : KT_128_SHA256_ED25519];
}

const kt_suite_row *
kt_suite_row_find(uint16_t id, kt_suite *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].id == id) {
            *out = (kt_suite)i;
            return &rows[i];
        }
    }
    return NULL;
}

/* ---- Signatures. ECDSA's are two integers side by side here, and in DER where they are made. ---- */

kith_err
kt_suite_sign(crypto *c, const kt_config *config, crypto_sign_key *key, kith_bytes message,
              uint8_t out[KT_SIGNATURE_LEN])
{
    KITH_AUTO(kith_buf) signature = {0};

    KITH_ENSURE(crypto_sign_key_id(key) == kt_suite_row_of(config)->sign, KITH_ERR_INVALID);
    KITH_TRY(crypto_sign_with(c, key, message, &signature));
    if (config->suite == KT_128_SHA256_P256) {
        return crypto_ecdsa_flatten(kith_bytes_of_buf(&signature), out, KT_SIGNATURE_LEN);
    }
    KITH_ENSURE(signature.len == KT_SIGNATURE_LEN, KITH_ERR_INVALID);
    memcpy(out, signature.data, KT_SIGNATURE_LEN);
    return KITH_OK;
}

kith_err
kt_suite_verify(crypto *c, const kt_config *config, kith_bytes key, kith_bytes message,
                kith_bytes signature)
{
    const crypto_sign_id id = kt_suite_row_of(config)->sign;
    KITH_AUTO(kith_buf) der = {0};

    KITH_ENSURE(signature.len == KT_SIGNATURE_LEN, KITH_ERR_REJECTED);
    if (config->suite != KT_128_SHA256_P256) {
        return crypto_verify(c, id, key, message, signature);
    }
    KITH_TRY(crypto_ecdsa_unflatten(signature, &der));
    return crypto_verify(c, id, key, message, kith_bytes_of_buf(&der));
}

/* ---- The VRF ---- */

kith_err
kt_suite_peek(crypto *c, const kt_config *config, kith_bytes proof, kt_hash *out)
{
    uint8_t output[CRYPTO_VRF_OUTPUT_LEN];

    if (config->suite == KT_128_SHA256_P256) {
        return crypto_vrf_p256_peek(c, proof, out->bytes);
    }
    KITH_TRY(crypto_vrf_peek(c, proof, output));
    memcpy(out->bytes, output, KT_HASH_LEN);
    return KITH_OK;
}

bool
kt_suite_has_vrf(const kt_log_setup *setup)
{
    const kith_bytes wanted = kt_config_vrf_key(&setup->config);

    if (setup->config.suite == KT_128_SHA256_P256) {
        return setup->vrf_p256 != NULL &&
               kith_bytes_equal(crypto_vrf_p256_key_public(setup->vrf_p256), wanted);
    }
    return setup->vrf != NULL && kith_bytes_equal(crypto_vrf_key_public(setup->vrf), wanted);
}

static kith_err
evaluate_p256(crypto *c, const kt_log_setup *setup, kith_bytes input, kt_hash *key, uint8_t *proof)
{
    crypto_vrf_p256_result result;

    if (proof == NULL) {
        return crypto_vrf_p256_evaluate(c, setup->vrf_p256, CRYPTO_PARTS(input), key->bytes);
    }
    KITH_TRY(crypto_vrf_p256_prove(c, setup->vrf_p256, CRYPTO_PARTS(input), &result));
    memcpy(key->bytes, result.output, KT_HASH_LEN);
    memcpy(proof, result.proof, sizeof result.proof);
    return KITH_OK;
}

kith_err
kt_suite_evaluate(crypto *c, const kt_log_setup *setup, kith_bytes input, kt_hash *key,
                  uint8_t *proof)
{
    crypto_vrf_result result;

    if (setup->config.suite == KT_128_SHA256_P256) {
        return evaluate_p256(c, setup, input, key, proof);
    }
    if (proof == NULL) {
        KITH_TRY(crypto_vrf_evaluate(c, setup->vrf, CRYPTO_PARTS(input), result.output));
    } else {
        KITH_TRY(crypto_vrf_prove(c, setup->vrf, CRYPTO_PARTS(input), &result));
        memcpy(proof, result.proof, sizeof result.proof);
    }
    memcpy(key->bytes, result.output, KT_HASH_LEN);
    return KITH_OK;
}
