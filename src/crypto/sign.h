/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Signatures: Ed25519 and Ed448 [RFC8032], ECDSA [FIPS186-5] in the DER form of TLS with the nonces of
 * RFC 6979, ML-DSA [FIPS204] in its deterministic variant with an empty context. No signature needs
 * randomness.
 */
#ifndef KITH_CRYPTO_SIGN_H
#define KITH_CRYPTO_SIGN_H

#include "crypto/context.h"

typedef enum crypto_sign_id {
    CRYPTO_ED25519 = 1,
    CRYPTO_ED448,
    CRYPTO_ECDSA_P256_SHA256,
    CRYPTO_ECDSA_P384_SHA384,
    CRYPTO_ECDSA_P521_SHA512,
    CRYPTO_ML_DSA_44,
    CRYPTO_ML_DSA_65,
    CRYPTO_ML_DSA_87,
} crypto_sign_id;

/* Lengths in bytes; all 0 for an unknown id. Ed25519: 32, 32, 64. P-256: 32, 65, at most 72. */
typedef struct crypto_sign_sizes {
    size_t private_key; /* seed (Ed25519, Ed448, ML-DSA) or big-endian scalar (ECDSA) */
    size_t public_key; /* raw (EdDSA, ML-DSA) or uncompressed point (ECDSA) */
    size_t signature; /* exact, except for ECDSA: the longest possible */
} crypto_sign_sizes;
KITH_API crypto_sign_sizes crypto_sign_sizes_of(crypto_sign_id id);

/* Longest public key and signature of any crypto_sign_id. */
#define CRYPTO_SIGN_PUBLIC_MAX 2592u
#define CRYPTO_SIGNATURE_MAX 4627u

/* A private key, ready for use. Does not borrow the crypto it was made with. */
typedef struct crypto_sign_key crypto_sign_key;

KITH_API KITH_MUST_USE kith_err crypto_sign_key_generate(crypto *c, crypto_sign_id id,
                                                         const kith_rng *rng,
                                                         crypto_sign_key **out);
/* MALFORMED: wrong length, or a scalar that is zero or not below the group's order. */
KITH_API KITH_MUST_USE kith_err crypto_sign_key_import(crypto *c, crypto_sign_id id,
                                                       kith_bytes private_key,
                                                       crypto_sign_key **out);
/* Wipes and frees; NULL is accepted. */
KITH_API void crypto_sign_key_free(crypto_sign_key *key);

KITH_API crypto_sign_id crypto_sign_key_id(const crypto_sign_key *key);
/* Borrowed until the key is freed. */
KITH_API kith_bytes crypto_sign_key_public(const crypto_sign_key *key);
/* The form that import takes, borrowed until the key is freed. */
KITH_API kith_bytes crypto_sign_key_private(const crypto_sign_key *key);

/* Appends the signature over `message`. */
KITH_API KITH_MUST_USE kith_err crypto_sign_with(crypto *c, crypto_sign_key *key,
                                                 kith_bytes message, kith_buf *out);

/* MALFORMED: the public key has the wrong length or is not a key at all. REJECTED: the signature is
 * not one of `message` under it (wrong length or encoding included; with ECDSA also where the library
 * ran out of memory without saying so). */
KITH_API KITH_MUST_USE kith_err crypto_verify(crypto *c, crypto_sign_id id, kith_bytes public_key,
                                              kith_bytes message, kith_bytes signature);

/* A parsed public key, for verifying more than once. Does not borrow the crypto it was made with. */
typedef struct crypto_verify_key crypto_verify_key;
KITH_API KITH_MUST_USE kith_err crypto_verify_key_new(crypto *c, crypto_sign_id id,
                                                      kith_bytes public_key,
                                                      crypto_verify_key **out);
KITH_API void crypto_verify_key_free(crypto_verify_key *key);
KITH_API KITH_MUST_USE kith_err crypto_verify_with(crypto *c, crypto_verify_key *key,
                                                   kith_bytes message, kith_bytes signature);

/* The other encoding of an ECDSA signature: r and s side by side, big-endian, each half of `len` bytes. REJECTED: not the
 * DER of a signature, or a number that does not fit. */
KITH_API KITH_MUST_USE kith_err crypto_ecdsa_flatten(kith_bytes der, uint8_t *out, size_t len);
/* Back to DER, appended. */
KITH_API KITH_MUST_USE kith_err crypto_ecdsa_unflatten(kith_bytes flat, kith_buf *out);

#endif
