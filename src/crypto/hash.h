/* SPDX-License-Identifier: MPL-2.0 */
/* Hashes [FIPS180-4] [FIPS202], HMAC [RFC2104] and HKDF [RFC5869]. */
#ifndef KITH_CRYPTO_HASH_H
#define KITH_CRYPTO_HASH_H

#include "crypto/context.h"

typedef enum crypto_hash_id {
    CRYPTO_SHA256 = 1,
    CRYPTO_SHA384,
    CRYPTO_SHA512,
    CRYPTO_SHA3_256, /* hash only: no HMAC, no HKDF */
} crypto_hash_id;

#define CRYPTO_SHA256_LEN 32u
#define CRYPTO_SHA384_LEN 48u
#define CRYPTO_SHA512_LEN 64u
/* Longest output of any crypto_hash_id. */
#define CRYPTO_HASH_MAX 64u

/* Output length in bytes; 0 for an unknown id. */
KITH_API size_t crypto_hash_len(crypto_hash_id id);

/* Hashes the concatenation of `parts` into the crypto_hash_len(id) bytes at `out`. */
KITH_API KITH_MUST_USE kith_err crypto_digest(crypto *c, crypto_hash_id id, crypto_parts parts,
                                              uint8_t *out);
/* SHA-256 alone, into 32 bytes. */
KITH_API KITH_MUST_USE kith_err crypto_sha256(crypto *c, kith_bytes bytes,
                                              uint8_t out[CRYPTO_SHA256_LEN]);

/* The first `out_len` bytes of SHAKE256 over the concatenation of `parts`. */
KITH_API KITH_MUST_USE kith_err crypto_shake256(crypto *c, crypto_parts parts, uint8_t *out,
                                                size_t out_len);

/* A hash of something that arrives in pieces. Objects made with it do not borrow `c`. */
typedef struct crypto_hasher crypto_hasher;
KITH_API KITH_MUST_USE kith_err crypto_hasher_new(crypto *c, crypto_hash_id id,
                                                  crypto_hasher **out);
KITH_API KITH_MUST_USE kith_err crypto_hasher_update(crypto_hasher *h, kith_bytes bytes);
/* Writes the hash of everything so far to the crypto_hash_len bytes at `out` and starts anew. */
KITH_API KITH_MUST_USE kith_err crypto_hasher_final(crypto_hasher *h, uint8_t *out);
KITH_API void crypto_hasher_free(crypto_hasher *h);

/* HMAC over the concatenation of `parts`, into the crypto_hash_len(id) bytes at `out`. */
KITH_API KITH_MUST_USE kith_err crypto_hmac(crypto *c, crypto_hash_id id, kith_bytes key,
                                            crypto_parts parts, uint8_t *out);
/* REJECTED: `tag` is not exactly that HMAC (compared in constant time). */
KITH_API KITH_MUST_USE kith_err crypto_hmac_verify(crypto *c, crypto_hash_id id, kith_bytes key,
                                                   crypto_parts parts, kith_bytes tag);

/* HKDF-Extract [RFC5869 §2.2]: `prk` becomes crypto_hash_len(id) bytes. An empty salt is a string of
 * zeros. `prk` may be where `salt` or `ikm` point into. */
KITH_API KITH_MUST_USE kith_err crypto_hkdf_extract(crypto *c, crypto_hash_id id, kith_bytes salt,
                                                    kith_bytes ikm, kith_secret *prk);

typedef struct crypto_expand {
    kith_bytes prk; /* at least crypto_hash_len(id) bytes in every sound use; not checked */
    crypto_parts info;
    size_t len; /* of the output */
} crypto_expand;

/* HKDF-Expand [RFC5869 §2.3] into a secret of `in->len` bytes. LIMIT: more than KITH_SECRET_MAX.
 * `out` may be where `in->prk` points into. */
KITH_API KITH_MUST_USE kith_err crypto_hkdf_expand(crypto *c, crypto_hash_id id,
                                                   const crypto_expand *in, kith_secret *out);
/* The same into `in->len` bytes at `out`, which may not overlap the inputs. LIMIT: more than
 * 255 * crypto_hash_len(id). */
KITH_API KITH_MUST_USE kith_err crypto_hkdf_expand_into(crypto *c, crypto_hash_id id,
                                                        const crypto_expand *in, uint8_t *out);

#endif
