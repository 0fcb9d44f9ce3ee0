/* SPDX-License-Identifier: MPL-2.0 */
/* The signature algorithms that OpenSSL gives: EdDSA, ECDSA, ML-DSA. For sign.c and curve25519_openssl.c only,
 * which have checked every length. */
#ifndef KITH_CRYPTO_SIGN_EVP_H
#define KITH_CRYPTO_SIGN_EVP_H

#include "crypto/internal.h"

/* A key of the library and the context of its one operation, ready to be used again and again. */
typedef struct evp_key {
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *ctx;
} evp_key;
void evp_key_done(evp_key *key);

/* Hash of an ECDSA id, 0 of others; curve of an ECDSA id. */
crypto_hash_id evp_hash(crypto_sign_id id);
bool evp_is_ecdsa(crypto_sign_id id);
curve_id evp_curve(crypto_sign_id id);

/* Writes the public key to `public_key`, which has the length of the id. MALFORMED: no private key. */
KITH_MUST_USE kith_err evp_key_of_private(crypto *c, crypto_sign_id id, kith_bytes private_key,
                                          uint8_t *public_key, evp_key *out);
/* MALFORMED: no public key. */
KITH_MUST_USE kith_err evp_key_of_public(crypto *c, crypto_sign_id id, kith_bytes public_key,
                                         evp_key *out);
/* `message` is already hashed for ECDSA. `*len`: room on entry, length of the signature on return. */
KITH_MUST_USE kith_err evp_sign(evp_key *key, kith_bytes message, uint8_t *out, size_t *len);
KITH_MUST_USE kith_err evp_verify(evp_key *key, kith_bytes message, kith_bytes signature);

#endif
