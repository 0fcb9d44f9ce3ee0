/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Key encapsulation in the sense of HPKE: DHKEM [RFC9180 §4.1], ML-KEM [FIPS203] and hybrids of both
 * [HPKE-PQ] [HYBRID-KEMS]; the hybrid of ML-KEM-768 and X25519 is X-Wing.
 *
 * Private keys travel and are stored as raw bytes (a scalar of 32..66 bytes, a 64-byte seed of ML-KEM,
 * a 32-byte seed of a hybrid); a crypto_kem_key is such a key, or a public one, parsed for use.
 */
#ifndef KITH_CRYPTO_KEM_H
#define KITH_CRYPTO_KEM_H

#include "crypto/context.h"

/* The numbers are those of HPKE's registry [RFC9180 §7.1] [HPKE-PQ]. */
typedef enum crypto_kem_id {
    CRYPTO_KEM_P256 = 0x0010, /* with HKDF-SHA256 */
    CRYPTO_KEM_P384 = 0x0011, /* with HKDF-SHA384 */
    CRYPTO_KEM_P521 = 0x0012, /* with HKDF-SHA512 */
    CRYPTO_KEM_X25519 = 0x0020, /* with HKDF-SHA256 */
    CRYPTO_KEM_X448 = 0x0021, /* with HKDF-SHA512 */
    CRYPTO_KEM_ML_KEM_768 = 0x0041,
    CRYPTO_KEM_ML_KEM_1024 = 0x0042,
    CRYPTO_KEM_MLKEM768_P256 = 0x0050,
    CRYPTO_KEM_MLKEM1024_P384 = 0x0051,
    CRYPTO_KEM_MLKEM768_X25519 = 0x647a,
} crypto_kem_id;

/* Lengths in bytes [RFC9180 §4]; all 0 for an unknown id. */
typedef struct crypto_kem_sizes {
    size_t secret; /* Nsecret: 32..64 */
    size_t enc; /* Nenc: what encap sends */
    size_t public_key; /* Npk */
    size_t private_key; /* Nsk: 32..66 */
} crypto_kem_sizes;
KITH_API crypto_kem_sizes crypto_kem_sizes_of(crypto_kem_id id);

/* Longest public key and encapsulation of any crypto_kem_id. */
#define CRYPTO_KEM_PUBLIC_MAX 1665u
#define CRYPTO_KEM_ENC_MAX 1665u

/* An owned key pair in raw form. All zero is empty. */
typedef struct crypto_kem_pair {
    kith_secret private_key;
    kith_buf public_key;
} crypto_kem_pair;
KITH_API void crypto_kem_pair_done(crypto_kem_pair *pair);

/* DeriveKeyPair(ikm) [RFC9180 §7.1.3] [HPKE-PQ §3]. `ikm` should hold at least Nsk bytes of entropy.
 * `*out` is replaced (what it held is wiped). CRYPTO: no candidate was below the order (chance below
 * 2^-100). */
KITH_API KITH_MUST_USE kith_err crypto_kem_derive(crypto *c, crypto_kem_id id, kith_bytes ikm,
                                                  crypto_kem_pair *out);
/* A fresh pair from the rng port. `*out` is replaced. */
KITH_API KITH_MUST_USE kith_err crypto_kem_generate(crypto *c, crypto_kem_id id,
                                                    const kith_rng *rng, crypto_kem_pair *out);
/* Appends the public key that belongs to `private_key`. MALFORMED: it is no private key. */
KITH_API KITH_MUST_USE kith_err crypto_kem_public(crypto *c, crypto_kem_id id,
                                                  kith_bytes private_key, kith_buf *out);
/* MALFORMED: wrong length, not a point of the curve, not reduced [FIPS203 §7.2]. */
KITH_API KITH_MUST_USE kith_err crypto_kem_public_check(crypto *c, crypto_kem_id id,
                                                        kith_bytes public_key);

/* A key parsed for repeated use: public (encap only) or private (decap, and encap to itself). Does not
 * borrow the crypto it was made with. */
typedef struct crypto_kem_key crypto_kem_key;
/* MALFORMED: see crypto_kem_public_check. */
KITH_API KITH_MUST_USE kith_err crypto_kem_key_of_public(crypto *c, crypto_kem_id id,
                                                         kith_bytes public_key,
                                                         crypto_kem_key **out);
/* MALFORMED: wrong length, scalar zero or not below the order. */
KITH_API KITH_MUST_USE kith_err crypto_kem_key_of_private(crypto *c, crypto_kem_id id,
                                                          kith_bytes private_key,
                                                          crypto_kem_key **out);
KITH_API void crypto_kem_key_free(crypto_kem_key *key);
KITH_API crypto_kem_id crypto_kem_key_id(const crypto_kem_key *key);
/* The raw public key, borrowed until the key is freed. */
KITH_API kith_bytes crypto_kem_key_public(const crypto_kem_key *key);

/* Makes a shared secret of Nsecret bytes and appends the Nenc bytes that let the holder of the private
 * key find it. REJECTED: the other side's key leads to an all-zero secret [RFC9180 §7.1.4]. */
KITH_API KITH_MUST_USE kith_err crypto_kem_encap(crypto *c, crypto_kem_key *key,
                                                 const kith_rng *rng, kith_secret *shared,
                                                 kith_buf *enc);
/* INVALID: `key` is public. MALFORMED: `enc` has the wrong length or is no point of the curve.
 * REJECTED: the secret would be all zero. A wrong ML-KEM part is not noticed here: the secret is then
 * a different one [FIPS203 §6.3]. */
KITH_API KITH_MUST_USE kith_err crypto_kem_decap(crypto *c, crypto_kem_key *key, kith_bytes enc,
                                                 kith_secret *shared);

#endif
