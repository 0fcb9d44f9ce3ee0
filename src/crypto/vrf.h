/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The verifiable random function ECVRF-EDWARDS25519-SHA512-TAI [RFC9381 §5.5]: whoever holds the private
 * key computes an output for any input and proves that it is the only possible one. No use of it needs
 * randomness.
 *
 * Trying and incrementing takes a time that depends on the input, never on the key: inputs that must stay
 * hidden from somebody who measures the prover are not for this suite [RFC9381 §7.4].
 */
#ifndef KITH_CRYPTO_VRF_H
#define KITH_CRYPTO_VRF_H

#include "crypto/context.h"

/* Lengths in bytes: private key (a seed, as of Ed25519), public key, proof and output. */
#define CRYPTO_VRF_PRIVATE_LEN 32u
#define CRYPTO_VRF_PUBLIC_LEN 32u
#define CRYPTO_VRF_PROOF_LEN 80u
#define CRYPTO_VRF_OUTPUT_LEN 64u

/* A private key, ready for use. Does not borrow the crypto it was made with. */
typedef struct crypto_vrf_key crypto_vrf_key;

/* MALFORMED: not CRYPTO_VRF_PRIVATE_LEN bytes. */
KITH_API KITH_MUST_USE kith_err crypto_vrf_key_import(crypto *c, kith_bytes private_key,
                                                      crypto_vrf_key **out);
/* Wipes and frees; NULL is accepted. */
KITH_API void crypto_vrf_key_free(crypto_vrf_key *key);
/* Borrowed until the key is freed. */
KITH_API kith_bytes crypto_vrf_key_public(const crypto_vrf_key *key);

typedef struct crypto_vrf_result {
    uint8_t proof[CRYPTO_VRF_PROOF_LEN];
    uint8_t output[CRYPTO_VRF_OUTPUT_LEN];
} crypto_vrf_result;

/* Proof and output for the concatenation of `input`. LIMIT: longer than CRYPTO_VRF_INPUT_MAX. */
KITH_API KITH_MUST_USE kith_err crypto_vrf_prove(crypto *c, const crypto_vrf_key *key,
                                                 crypto_parts input, crypto_vrf_result *out);
/* The output alone, for about half the time. */
KITH_API KITH_MUST_USE kith_err crypto_vrf_evaluate(crypto *c, const crypto_vrf_key *key,
                                                    crypto_parts input,
                                                    uint8_t out[CRYPTO_VRF_OUTPUT_LEN]);

/* The output that a proof claims, for a twentieth of the time of checking it: to be used for nothing but finding
 * out whether that is worth it. REJECTED: it claims nothing. */
KITH_API KITH_MUST_USE kith_err crypto_vrf_peek(crypto *c, kith_bytes proof,
                                                uint8_t out[CRYPTO_VRF_OUTPUT_LEN]);

typedef struct crypto_vrf_claim {
    kith_bytes public_key;
    kith_bytes proof;
    crypto_parts input;
} crypto_vrf_claim;

/* Writes the output that `claim->proof` proves for the input. MALFORMED: the public key is not a point of
 * the group of prime order. REJECTED: the proof does not prove anything about this input under this key
 * (wrong length, points outside that group and numbers that are not reduced included). */
KITH_API KITH_MUST_USE kith_err crypto_vrf_verify(crypto *c, const crypto_vrf_claim *claim,
                                                  uint8_t out[CRYPTO_VRF_OUTPUT_LEN]);

/* ---- ECVRF-P256-SHA256-TAI [RFC9381 §5.5], the same over P-256 ---- */

/* Lengths in bytes: private key (a big-endian scalar), public key (a compressed point), proof and output. */
#define CRYPTO_VRF_P256_PRIVATE_LEN 32u
#define CRYPTO_VRF_P256_PUBLIC_LEN 33u
#define CRYPTO_VRF_P256_PROOF_LEN 81u
#define CRYPTO_VRF_P256_OUTPUT_LEN 32u

/* As crypto_vrf_key. */
typedef struct crypto_vrf_p256_key crypto_vrf_p256_key;

/* MALFORMED: not CRYPTO_VRF_P256_PRIVATE_LEN bytes, zero, or not below the group's order. */
KITH_API KITH_MUST_USE kith_err crypto_vrf_p256_key_import(crypto *c, kith_bytes private_key,
                                                           crypto_vrf_p256_key **out);
/* Wipes and frees; NULL is accepted. */
KITH_API void crypto_vrf_p256_key_free(crypto_vrf_p256_key *key);
/* Borrowed until the key is freed. */
KITH_API kith_bytes crypto_vrf_p256_key_public(const crypto_vrf_p256_key *key);

typedef struct crypto_vrf_p256_result {
    uint8_t proof[CRYPTO_VRF_P256_PROOF_LEN];
    uint8_t output[CRYPTO_VRF_P256_OUTPUT_LEN];
} crypto_vrf_p256_result;

/* As crypto_vrf_prove, crypto_vrf_evaluate, crypto_vrf_peek and crypto_vrf_verify. */
KITH_API KITH_MUST_USE kith_err crypto_vrf_p256_prove(crypto *c, const crypto_vrf_p256_key *key,
                                                      crypto_parts input,
                                                      crypto_vrf_p256_result *out);
KITH_API KITH_MUST_USE kith_err crypto_vrf_p256_evaluate(crypto *c, const crypto_vrf_p256_key *key,
                                                         crypto_parts input,
                                                         uint8_t out[CRYPTO_VRF_P256_OUTPUT_LEN]);
KITH_API KITH_MUST_USE kith_err crypto_vrf_p256_peek(crypto *c, kith_bytes proof,
                                                     uint8_t out[CRYPTO_VRF_P256_OUTPUT_LEN]);
KITH_API KITH_MUST_USE kith_err crypto_vrf_p256_verify(crypto *c, const crypto_vrf_claim *claim,
                                                       uint8_t out[CRYPTO_VRF_P256_OUTPUT_LEN]);

#endif
