/* SPDX-License-Identifier: MPL-2.0 */
/* The text names of algorithms and roles that the known-answer driver takes. */
#include <string.h>

#include "crypto/kat.h"

static const kat_name hashes[] = {
    {"sha256", CRYPTO_SHA256},
    {"sha384", CRYPTO_SHA384},
    {"sha512", CRYPTO_SHA512},
    {"sha3-256", CRYPTO_SHA3_256},
    {NULL, 0},
};
static const kat_name aeads[] = {
    {"aes-128-gcm", CRYPTO_AES_128_GCM},
    {"aes-256-gcm", CRYPTO_AES_256_GCM},
    {"chacha20-poly1305", CRYPTO_CHACHA20_POLY1305},
    {"export-only", CRYPTO_EXPORT_ONLY},
    {NULL, 0},
};
static const kat_name signs[] = {
    {"ed25519", CRYPTO_ED25519},
    {"ed448", CRYPTO_ED448},
    {"ecdsa-p256", CRYPTO_ECDSA_P256_SHA256},
    {"ecdsa-p384", CRYPTO_ECDSA_P384_SHA384},
    {"ecdsa-p521", CRYPTO_ECDSA_P521_SHA512},
    {"ml-dsa-44", CRYPTO_ML_DSA_44},
    {"ml-dsa-65", CRYPTO_ML_DSA_65},
    {"ml-dsa-87", CRYPTO_ML_DSA_87},
    {NULL, 0},
};
static const kat_name curves[] = {
    {"x25519", CRYPTO_X25519}, {"x448", CRYPTO_X448}, {"p256", CRYPTO_P256},
    {"p384", CRYPTO_P384},     {"p521", CRYPTO_P521}, {NULL, 0},
};
static const kat_name kems[] = {
    {"p256", CRYPTO_KEM_P256},
    {"p384", CRYPTO_KEM_P384},
    {"p521", CRYPTO_KEM_P521},
    {"x25519", CRYPTO_KEM_X25519},
    {"x448", CRYPTO_KEM_X448},
    {"ml-kem-768", CRYPTO_KEM_ML_KEM_768},
    {"ml-kem-1024", CRYPTO_KEM_ML_KEM_1024},
    {"mlkem768-p256", CRYPTO_KEM_MLKEM768_P256},
    {"mlkem1024-p384", CRYPTO_KEM_MLKEM1024_P384},
    {"mlkem768-x25519", CRYPTO_KEM_MLKEM768_X25519},
    {NULL, 0},
};
static const kat_name kdfs[] = {
    {"hkdf-sha256", CRYPTO_HKDF_SHA256}, {"hkdf-sha384", CRYPTO_HKDF_SHA384},
    {"hkdf-sha512", CRYPTO_HKDF_SHA512}, {"shake128", CRYPTO_KDF_SHAKE128},
    {"shake256", CRYPTO_KDF_SHAKE256},   {NULL, 0},
};
static const kat_name roles[] = {
    {"initiator", CRYPTO_PAKE_INITIATOR},
    {"responder", CRYPTO_PAKE_RESPONDER},
    {"symmetric", CRYPTO_PAKE_SYMMETRIC},
    {NULL, 0},
};

static const struct {
    const char *kind;
    const kat_name *names;
} kinds[] = {
    {"HASH", hashes}, {"AEAD", aeads}, {"SIGN", signs}, {"DH", curves},
    {"KEM", kems},    {"KDF", kdfs},   {"ROLE", roles},
};

const char *
kat_kind_at(size_t i)
{
    return i < sizeof kinds / sizeof kinds[0] ? kinds[i].kind : NULL;
}

const kat_name *
kat_names_of(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kind, kinds[i].kind) == 0) {
            return kinds[i].names;
        }
    }
    return NULL;
}
