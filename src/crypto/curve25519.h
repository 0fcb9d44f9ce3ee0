/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Ed25519 [RFC8032] and X25519 [RFC7748] behind one interface with two backs, of which a build has one:
 * libsodium's, twice as fast and without memory of its own, for Kith; OpenSSL's, for libkith-mls, which
 * needs no other library than that. Both accept and refuse the same bytes. For sign.c, dh.c and context.c
 * only, which have checked every length.
 */
#ifndef KITH_CRYPTO_CURVE25519_H
#define KITH_CRYPTO_CURVE25519_H

#include "crypto/sign_evp.h"

#define ED25519_SEED_LEN 32
#define ED25519_PUBLIC_LEN 32
#define ED25519_PAIR_LEN (ED25519_SEED_LEN + ED25519_PUBLIC_LEN)
#define ED25519_SIGNATURE_LEN 64
#define X25519_LEN 32

/* Whatever has to be done once before the others are called. */
KITH_MUST_USE kith_err curve25519_start(void);

/* Readies a private key for ed25519_sign: the seed with the public key behind it, and what the library wants
 * beside it. `pair` may have been written to after an error, too. */
KITH_MUST_USE kith_err ed25519_load(crypto *c, const uint8_t seed[ED25519_SEED_LEN],
                                    uint8_t pair[ED25519_PAIR_LEN], evp_key *out);
KITH_MUST_USE kith_err ed25519_sign(evp_key *evp, const uint8_t pair[ED25519_PAIR_LEN],
                                    kith_bytes message, uint8_t out[ED25519_SIGNATURE_LEN]);

/* Readies a public key for ed25519_verify. What kind of bytes it is has to be asked for:
 * MALFORMED by ed25519_public_check unless it is a point of edwards25519 in its one canonical form. */
KITH_MUST_USE kith_err ed25519_open(crypto *c, const uint8_t public_key[ED25519_PUBLIC_LEN],
                                    evp_key *out);
KITH_MUST_USE kith_err ed25519_public_check(const uint8_t public_key[ED25519_PUBLIC_LEN]);
/* REJECTED: no signature of the message, or `public_key` or the signature's point is of small order or not
 * canonical. `signature` has ED25519_SIGNATURE_LEN bytes. */
KITH_MUST_USE kith_err ed25519_verify(evp_key *evp, const uint8_t public_key[ED25519_PUBLIC_LEN],
                                      kith_bytes message, kith_bytes signature);

KITH_MUST_USE kith_err x25519_public(crypto *c, const uint8_t scalar[X25519_LEN],
                                     uint8_t out[X25519_LEN]);
/* REJECTED: the shared secret is all zero. */
KITH_MUST_USE kith_err x25519_shared(crypto *c, const uint8_t scalar[X25519_LEN],
                                     const uint8_t public_key[X25519_LEN], uint8_t out[X25519_LEN]);

#endif
