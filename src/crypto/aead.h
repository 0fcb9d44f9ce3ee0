/* SPDX-License-Identifier: MPL-2.0 */
/* Authenticated encryption [RFC5116]: AES-GCM and ChaCha20-Poly1305 [RFC8439]. */
#ifndef KITH_CRYPTO_AEAD_H
#define KITH_CRYPTO_AEAD_H

#include "crypto/context.h"

/* The numbers are those of HPKE's registry [RFC9180 §7.3]. */
typedef enum crypto_aead_id {
    CRYPTO_AES_128_GCM = 1,
    CRYPTO_AES_256_GCM = 2,
    CRYPTO_CHACHA20_POLY1305 = 3,
    CRYPTO_EXPORT_ONLY = 0xffff, /* only in an HPKE suite: no seal, no open */
} crypto_aead_id;

#define CRYPTO_AEAD_KEY_MAX 32u
#define CRYPTO_AEAD_NONCE_LEN 12u /* of every AEAD here */
#define CRYPTO_AEAD_TAG_LEN 16u /* of every AEAD here */

/* Key length in bytes (16 or 32); 0 for CRYPTO_EXPORT_ONLY and unknown ids. */
KITH_API size_t crypto_aead_key_len(crypto_aead_id id);

typedef struct crypto_aead {
    crypto_aead_id id;
    kith_bytes key; /* exactly crypto_aead_key_len(id) */
    kith_bytes nonce; /* exactly CRYPTO_AEAD_NONCE_LEN; never twice with one key */
    kith_bytes aad; /* may be empty */
} crypto_aead;

/* Appends ciphertext and tag, `plaintext.len + CRYPTO_AEAD_TAG_LEN` bytes. LIMIT: plaintext longer
 * than CRYPTO_AEAD_TEXT_MAX. `plaintext` may not be inside `out`. */
KITH_API KITH_MUST_USE kith_err crypto_aead_seal(crypto *c, const crypto_aead *in,
                                                 kith_bytes plaintext, kith_buf *out);
/* Appends the plaintext. REJECTED: the tag is wrong, or there is not even a tag; nothing appended. */
KITH_API KITH_MUST_USE kith_err crypto_aead_open(crypto *c, const crypto_aead *in,
                                                 kith_bytes ciphertext, kith_buf *out);

/* The same into memory of the caller, `plaintext.len + CRYPTO_AEAD_TAG_LEN` bytes at `out` and
 * `ciphertext.len - CRYPTO_AEAD_TAG_LEN` bytes at `out`. `out` may be exactly where the input starts
 * (in place) or not overlap it at all. On any error `out` is wiped. */
KITH_API KITH_MUST_USE kith_err crypto_aead_seal_into(crypto *c, const crypto_aead *in,
                                                      kith_bytes plaintext, uint8_t *out);
KITH_API KITH_MUST_USE kith_err crypto_aead_open_into(crypto *c, const crypto_aead *in,
                                                      kith_bytes ciphertext, uint8_t *out);

#endif
