/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of this folder share: the inside of the crypto object, the curve operations and the
 * labelled key derivation of HPKE. Not for other folders.
 */
#ifndef KITH_CRYPTO_INTERNAL_H
#define KITH_CRYPTO_INTERNAL_H

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "crypto/crypto.h"

/* SHA256 .. SHA3_256, used as indices; 0 is no hash. */
#define HASH_IDS 5
/* AES_128_GCM .. CHACHA20_POLY1305, used as indices; 0 is no AEAD. */
#define AEAD_IDS 4
/* Index of a NIST curve. */
typedef enum curve_id { CURVE_P256, CURVE_P384, CURVE_P521, CURVE_IDS } curve_id;
/* Index of an ML-KEM parameter set. */
typedef enum ml_kem_id { ML_KEM_768, ML_KEM_1024, ML_KEM_IDS } ml_kem_id;
#define SIGN_IDS 9
#define XOF_IDS 2
typedef enum xof_id { XOF_SHAKE128, XOF_SHAKE256 } xof_id;

struct crypto {
    const kith_alloc *alloc;
    EVP_MD_CTX *hash[HASH_IDS];
    EVP_MD_CTX *xof[XOF_IDS];
    EVP_MAC_CTX *hmac[HASH_IDS];
    EVP_CIPHER_CTX *aead[AEAD_IDS];
    EVP_PKEY_CTX *ml_kem[ML_KEM_IDS]; /* ready for EVP_PKEY_fromdata */
    EVP_KEM *ml_kem_operation[ML_KEM_IDS]; /* kept, so that no later use looks it up */
    EVP_PKEY_CTX *x25519; /* ready for EVP_PKEY_fromdata */
    EVP_PKEY_CTX *x448; /* likewise */
    EVP_KEYEXCH *x25519_operation; /* kept, likewise */
    EVP_KEYEXCH *x448_operation;
    EVP_KDF *nonce_kdf; /* of RFC 6979; kept, likewise */
    EVP_PKEY_CTX *sign[SIGN_IDS];     /* ready for EVP_PKEY_fromdata; ECDSA share none */
    EVP_SIGNATURE *signature[SIGN_IDS];
    EC_GROUP *curve[CURVE_IDS];
};

/* Empties the library's error queue. NO_MEMORY if that is what was in it, else `otherwise`. Every
 * failed call into OpenSSL goes through here, so that no stale error is left for others. */
kith_err crypto_failed(kith_err otherwise);

/* The longest scalar and point of the NIST curves, in bytes. */
#define CURVE_SCALAR_MAX 66
#define CURVE_POINT_MAX 133
size_t curve_scalar_len(curve_id id);
size_t curve_point_len(curve_id id);
/* MALFORMED unless `scalar` has the curve's length and is in [1, order - 1]. */
KITH_MUST_USE kith_err curve_scalar_check(const crypto *c, curve_id id, kith_bytes scalar);
/* MALFORMED unless `point` is an uncompressed point of the curve, not infinity. */
KITH_MUST_USE kith_err curve_point_check(const crypto *c, curve_id id, kith_bytes point);
/* Writes the curve_point_len bytes of scalar * G. MALFORMED: the scalar. */
KITH_MUST_USE kith_err curve_public(const crypto *c, curve_id id, kith_bytes scalar, uint8_t *out);
/* Writes the curve_scalar_len bytes of the x-coordinate of scalar * point. MALFORMED: either input. */
KITH_MUST_USE kith_err curve_dh(const crypto *c, curve_id id, kith_bytes scalar, kith_bytes point,
                                uint8_t *out);
/* A uniform scalar by rejection from the rng port, one candidate per call of it, at most `tries`.
 * CRYPTO: none was in range. */
KITH_MUST_USE kith_err curve_scalar_random(const crypto *c, curve_id id, const kith_rng *rng,
                                           unsigned tries, uint8_t *out);

/* crypto_dh and crypto_dh_public without buffers: `out` has room for the size in
 * crypto_dh_sizes_of. */
KITH_MUST_USE kith_err dh_public(crypto *c, crypto_dh_id id, kith_bytes private_key, uint8_t *out);
KITH_MUST_USE kith_err dh_shared(crypto *c, crypto_dh_id id, kith_bytes private_key,
                                 kith_bytes public_key, uint8_t *out);
/* MALFORMED unless dh_shared could take it. */
KITH_MUST_USE kith_err dh_public_check(crypto *c, crypto_dh_id id, kith_bytes public_key);
KITH_MUST_USE kith_err dh_private_check(crypto *c, crypto_dh_id id, kith_bytes private_key);

/* HKDF hash of a two-stage HPKE KDF; 0 for a one-stage or unknown one. */
crypto_hash_id kdf_hash(crypto_kdf_id id);
/* Nh of an HPKE KDF in bytes; 0 for an unknown one. */
size_t kdf_len(crypto_kdf_id id);

/* What the labelled functions of HPKE mix in [RFC9180 §4]. */
typedef struct kdf_label {
    kith_bytes suite; /* "KEM" or "HPKE" with the ids */
    const char *label;
} kdf_label;
/* LabeledExtract(salt, label, ikm) [RFC9180 §4]. `out` may be where the inputs point into. */
typedef struct kdf_extract {
    kdf_label label;
    kith_bytes salt;
    kith_bytes ikm;
} kdf_extract;
KITH_MUST_USE kith_err kdf_labeled_extract(crypto *c, crypto_hash_id hash, const kdf_extract *in,
                                           kith_secret *out);
/* LabeledExpand(prk, label, info, L) [RFC9180 §4], and LabeledDerive(ikm, label, context, L)
 * [HPKE-PQ §5]: `secret` is prk or ikm, `info` is info or context. LIMIT: len > KITH_SECRET_MAX. */
typedef struct kdf_expand {
    kdf_label label;
    kith_bytes secret;
    kith_bytes info;
    size_t len;
} kdf_expand;
KITH_MUST_USE kith_err kdf_labeled_expand(crypto *c, crypto_hash_id hash, const kdf_expand *in,
                                          kith_secret *out);
KITH_MUST_USE kith_err kdf_labeled_derive(crypto *c, xof_id xof, const kdf_expand *in,
                                          kith_secret *out);

/* The first `out_len` bytes of the XOF over the parts. */
KITH_MUST_USE kith_err xof_squeeze(crypto *c, xof_id id, crypto_parts parts, uint8_t *out,
                                   size_t out_len);

#endif
