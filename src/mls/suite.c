/* SPDX-License-Identifier: MPL-2.0 */
/* The table of cipher suites [RFC9420 §17.1] [MLS-PQ]. A suite is a row here and nothing else. */
#include "mls/suite.h"

static const mls_suite suites[] = {
    {.id = MLS_SUITE_X25519_AES128_ED25519,
     .name = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
     .hash = CRYPTO_SHA256,
     .aead = CRYPTO_AES_128_GCM,
     .sign = CRYPTO_ED25519,
     .hpke = {CRYPTO_KEM_X25519, CRYPTO_HKDF_SHA256, CRYPTO_AES_128_GCM}},
    {.id = MLS_SUITE_P256_AES128_P256,
     .name = "MLS_128_DHKEMP256_AES128GCM_SHA256_P256",
     .hash = CRYPTO_SHA256,
     .aead = CRYPTO_AES_128_GCM,
     .sign = CRYPTO_ECDSA_P256_SHA256,
     .hpke = {CRYPTO_KEM_P256, CRYPTO_HKDF_SHA256, CRYPTO_AES_128_GCM}},
    {.id = MLS_SUITE_X25519_CHACHA_ED25519,
     .name = "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
     .hash = CRYPTO_SHA256,
     .aead = CRYPTO_CHACHA20_POLY1305,
     .sign = CRYPTO_ED25519,
     .hpke = {CRYPTO_KEM_X25519, CRYPTO_HKDF_SHA256, CRYPTO_CHACHA20_POLY1305}},
    {.id = MLS_SUITE_X448_AES256_ED448,
     .name = "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448",
     .hash = CRYPTO_SHA512,
     .aead = CRYPTO_AES_256_GCM,
     .sign = CRYPTO_ED448,
     .hpke = {CRYPTO_KEM_X448, CRYPTO_HKDF_SHA512, CRYPTO_AES_256_GCM}},
    {.id = MLS_SUITE_P521_AES256_P521,
     .name = "MLS_256_DHKEMP521_AES256GCM_SHA512_P521",
     .hash = CRYPTO_SHA512,
     .aead = CRYPTO_AES_256_GCM,
     .sign = CRYPTO_ECDSA_P521_SHA512,
     .hpke = {CRYPTO_KEM_P521, CRYPTO_HKDF_SHA512, CRYPTO_AES_256_GCM}},
    {.id = MLS_SUITE_X448_CHACHA_ED448,
     .name = "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448",
     .hash = CRYPTO_SHA512,
     .aead = CRYPTO_CHACHA20_POLY1305,
     .sign = CRYPTO_ED448,
     .hpke = {CRYPTO_KEM_X448, CRYPTO_HKDF_SHA512, CRYPTO_CHACHA20_POLY1305}},
    {.id = MLS_SUITE_P384_AES256_P384,
     .name = "MLS_256_DHKEMP384_AES256GCM_SHA384_P384",
     .hash = CRYPTO_SHA384,
     .aead = CRYPTO_AES_256_GCM,
     .sign = CRYPTO_ECDSA_P384_SHA384,
     .hpke = {CRYPTO_KEM_P384, CRYPTO_HKDF_SHA384, CRYPTO_AES_256_GCM}},
    {.id = MLS_SUITE_MLKEM768_X25519_SHA256,
     .name = "MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519",
     .hash = CRYPTO_SHA256,
     .aead = CRYPTO_AES_128_GCM,
     .sign = CRYPTO_ED25519,
     .hpke = {CRYPTO_KEM_MLKEM768_X25519, CRYPTO_HKDF_SHA256, CRYPTO_AES_128_GCM}},
    {.id = MLS_SUITE_MLKEM768_X25519_SHA384,
     .name = "MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519",
     .hash = CRYPTO_SHA384,
     .aead = CRYPTO_AES_256_GCM,
     .sign = CRYPTO_ED25519,
     .hpke = {CRYPTO_KEM_MLKEM768_X25519, CRYPTO_HKDF_SHA384, CRYPTO_AES_256_GCM}},
    {.id = MLS_SUITE_MLKEM768_P256_SHA256,
     .name = "MLS_128_MLKEM768P256_AES128GCM_SHA256_P256",
     .hash = CRYPTO_SHA256,
     .aead = CRYPTO_AES_128_GCM,
     .sign = CRYPTO_ECDSA_P256_SHA256,
     .hpke = {CRYPTO_KEM_MLKEM768_P256, CRYPTO_HKDF_SHA256, CRYPTO_AES_128_GCM}},
    {.id = MLS_SUITE_MLKEM768_P256_SHA384,
     .name = "MLS_128_MLKEM768P256_AES256GCM_SHA384_P256",
     .hash = CRYPTO_SHA384,
     .aead = CRYPTO_AES_256_GCM,
     .sign = CRYPTO_ECDSA_P256_SHA256,
     .hpke = {CRYPTO_KEM_MLKEM768_P256, CRYPTO_HKDF_SHA384, CRYPTO_AES_256_GCM}},
    {.id = MLS_SUITE_MLKEM1024_P384_SHA384,
     .name = "MLS_192_MLKEM1024P384_AES256GCM_SHA384_P384",
     .hash = CRYPTO_SHA384,
     .aead = CRYPTO_AES_256_GCM,
     .sign = CRYPTO_ECDSA_P384_SHA384,
     .hpke = {CRYPTO_KEM_MLKEM1024_P384, CRYPTO_HKDF_SHA384, CRYPTO_AES_256_GCM}},
    {.id = MLS_SUITE_MLKEM768_ED25519,
     .name = "MLS_128_MLKEM768_AES256GCM_SHA384_Ed25519",
     .hash = CRYPTO_SHA384,
     .aead = CRYPTO_AES_256_GCM,
     .sign = CRYPTO_ED25519,
     .hpke = {CRYPTO_KEM_ML_KEM_768, CRYPTO_HKDF_SHA384, CRYPTO_AES_256_GCM}},
    {.id = MLS_SUITE_MLKEM768_P256_SIGN,
     .name = "MLS_128_MLKEM768_AES256GCM_SHA384_P256",
     .hash = CRYPTO_SHA384,
     .aead = CRYPTO_AES_256_GCM,
     .sign = CRYPTO_ECDSA_P256_SHA256,
     .hpke = {CRYPTO_KEM_ML_KEM_768, CRYPTO_HKDF_SHA384, CRYPTO_AES_256_GCM}},
    {.id = MLS_SUITE_MLKEM1024_P384_SIGN,
     .name = "MLS_192_MLKEM1024_AES256GCM_SHA384_P384",
     .hash = CRYPTO_SHA384,
     .aead = CRYPTO_AES_256_GCM,
     .sign = CRYPTO_ECDSA_P384_SHA384,
     .hpke = {CRYPTO_KEM_ML_KEM_1024, CRYPTO_HKDF_SHA384, CRYPTO_AES_256_GCM}},
    {.id = MLS_SUITE_MLKEM768_X25519_MLDSA44,
     .name = "MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_MLDSA44",
     .hash = CRYPTO_SHA384,
     .aead = CRYPTO_CHACHA20_POLY1305,
     .sign = CRYPTO_ML_DSA_44,
     .hpke = {CRYPTO_KEM_MLKEM768_X25519, CRYPTO_HKDF_SHA384, CRYPTO_CHACHA20_POLY1305}},
    {.id = MLS_SUITE_MLKEM768_MLDSA65,
     .name = "MLS_192_MLKEM768_AES256GCM_SHA384_MLDSA65",
     .hash = CRYPTO_SHA384,
     .aead = CRYPTO_AES_256_GCM,
     .sign = CRYPTO_ML_DSA_65,
     .hpke = {CRYPTO_KEM_ML_KEM_768, CRYPTO_HKDF_SHA384, CRYPTO_AES_256_GCM}},
    {.id = MLS_SUITE_MLKEM1024_MLDSA87,
     .name = "MLS_256_MLKEM1024_AES256GCM_SHA384_MLDSA87",
     .hash = CRYPTO_SHA384,
     .aead = CRYPTO_AES_256_GCM,
     .sign = CRYPTO_ML_DSA_87,
     .hpke = {CRYPTO_KEM_ML_KEM_1024, CRYPTO_HKDF_SHA384, CRYPTO_AES_256_GCM}},
};

#define SUITE_COUNT (sizeof suites / sizeof suites[0])

const mls_suite *
mls_suite_find(uint16_t id)
{
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        if (suites[i].id == id) {
            return &suites[i];
        }
    }
    return NULL;
}

const mls_suite *
mls_suite_of(const mls_env *env, uint16_t id)
{
    uint16_t own = id;

    for (size_t i = 0; i < env->suite_alias_count; i++) {
        const mls_suite_alias *alias = &env->suite_aliases[i];
        if (alias->id == id) {
            return mls_suite_find(alias->suite);
        }
        if (alias->suite == id) {
            own = 0; /* goes by its other id only */
        }
    }
    return mls_suite_find(own);
}

uint16_t
mls_suite_id_of(const mls_env *env, const mls_suite *suite)
{
    for (size_t i = 0; i < env->suite_alias_count; i++) {
        if (env->suite_aliases[i].suite == suite->id) {
            return env->suite_aliases[i].id;
        }
    }
    return suite->id;
}

size_t
mls_suite_hash_len(const mls_suite *suite)
{
    return crypto_hash_len(suite->hash);
}

size_t
mls_suite_count(void)
{
    return SUITE_COUNT;
}

uint16_t
mls_suite_at(size_t index)
{
    return index < SUITE_COUNT ? suites[index].id : 0;
}

bool
mls_suite_is_supported(uint16_t suite)
{
    return mls_suite_find(suite) != NULL;
}

const char *
mls_suite_name(uint16_t suite)
{
    const mls_suite *found = mls_suite_find(suite);

    return found == NULL ? NULL : found->name;
}
