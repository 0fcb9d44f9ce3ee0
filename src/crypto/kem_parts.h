/* SPDX-License-Identifier: MPL-2.0 */
/* The kinds of KEM behind kem.h: DHKEM, ML-KEM and their hybrid. For the kem_*.c files only. */
#ifndef KITH_CRYPTO_KEM_PARTS_H
#define KITH_CRYPTO_KEM_PARTS_H

#include "crypto/internal.h"

/* Of both ML-KEM parameter sets [FIPS203 §8]. */
#define ML_KEM_SEED_LEN 64
#define ML_KEM_RANDOM_LEN 32
#define ML_KEM_SECRET_LEN 32
/* Longest seed from which a scalar is drawn: four candidates for P-256 [HYBRID-KEMS]. */
#define DH_SEED_MAX 128

typedef struct kem_row {
    crypto_kem_id id;
    crypto_kem_sizes sizes;
    crypto_dh_id dh;     /* 0: ML-KEM alone */
    crypto_hash_id hash; /* of DHKEM; 0: ML-KEM alone or a hybrid */
    ml_kem_id ml;        /* ML_KEM_IDS: no ML-KEM */
    size_t dh_seed;      /* hybrid: bytes from which the scalar is drawn (Nseed) */
    const char *label;   /* hybrid */
} kem_row;

/* A key of the library with the contexts of its operations, made when first needed. */
typedef struct ml_key {
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *encap;
    EVP_PKEY_CTX *decap;
} ml_key;

struct crypto_kem_key {
    const kith_alloc *alloc;
    const kem_row *row;
    bool is_private;
    ml_key ml;
    uint8_t scalar[CRYPTO_DH_PRIVATE_MAX]; /* private, unless ML-KEM alone */
    uint8_t public_key[];                  /* row->sizes.public_key: ML-KEM's, then the curve's */
};

/* Lengths of ML-KEM's public key and ciphertext; 0 when the row has none. */
size_t ml_public_len(const kem_row *row);
size_t ml_enc_len(const kem_row *row);

void ml_key_done(ml_key *key);
/* Writes the public key. */
KITH_MUST_USE kith_err ml_key_of_seed(crypto *c, const kem_row *row,
                                      const uint8_t seed[ML_KEM_SEED_LEN], uint8_t *public_key,
                                      ml_key *out);
/* MALFORMED: not reduced [FIPS203 §7.2]. */
KITH_MUST_USE kith_err ml_key_of_public(crypto *c, const kem_row *row, const uint8_t *public_key,
                                        ml_key *out);
KITH_MUST_USE kith_err ml_encap(crypto_kem_key *key, const kith_rng *rng,
                                uint8_t secret[ML_KEM_SECRET_LEN], uint8_t *enc);
KITH_MUST_USE kith_err ml_decap(crypto_kem_key *key, const uint8_t *enc,
                                uint8_t secret[ML_KEM_SECRET_LEN]);

/* DeriveKeyPair of DHKEM, the private half [RFC9180 §7.1.3]. */
KITH_MUST_USE kith_err dhkem_derive(crypto *c, const kem_row *row, kith_bytes ikm,
                                    kith_secret *out);
KITH_MUST_USE kith_err dhkem_encap(crypto *c, crypto_kem_key *key, const kith_rng *rng,
                                   kith_secret *shared, uint8_t *enc);
KITH_MUST_USE kith_err dhkem_decap(crypto *c, crypto_kem_key *key, const uint8_t *enc,
                                   kith_secret *shared);

/* Splits the 32-byte seed of a hybrid into both keys. */
KITH_MUST_USE kith_err hybrid_of_seed(crypto *c, kith_bytes seed, crypto_kem_key *key);
KITH_MUST_USE kith_err hybrid_encap(crypto *c, crypto_kem_key *key, const kith_rng *rng,
                                    kith_secret *shared, uint8_t *enc);
KITH_MUST_USE kith_err hybrid_decap(crypto *c, crypto_kem_key *key, const uint8_t *enc,
                                    kith_secret *shared);

#endif
