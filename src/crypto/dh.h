/* SPDX-License-Identifier: MPL-2.0 */
/* Diffie-Hellman: X25519 and X448 [RFC7748], ECDH over the NIST curves [SP800-56A]. */
#ifndef KITH_CRYPTO_DH_H
#define KITH_CRYPTO_DH_H

#include "crypto/context.h"

typedef enum crypto_dh_id {
    CRYPTO_X25519 = 1,
    CRYPTO_X448,
    CRYPTO_P256,
    CRYPTO_P384,
    CRYPTO_P521,
} crypto_dh_id;

/* Lengths in bytes; all 0 for an unknown id. Scalars are little-endian strings for X25519 and X448
 * (clamped when used) and big-endian integers for the NIST curves; public keys are u-coordinates or
 * uncompressed points; the shared secret is the u- or x-coordinate. */
typedef struct crypto_dh_sizes {
    size_t private_key;
    size_t public_key;
    size_t secret;
} crypto_dh_sizes;
KITH_API crypto_dh_sizes crypto_dh_sizes_of(crypto_dh_id id);

#define CRYPTO_DH_PRIVATE_MAX 66u
#define CRYPTO_DH_PUBLIC_MAX 133u

/* Appends the public key of `private_key`. MALFORMED: wrong length, scalar zero or not below the
 * order. */
KITH_API KITH_MUST_USE kith_err crypto_dh_public(crypto *c, crypto_dh_id id, kith_bytes private_key,
                                                 kith_buf *out);
/* MALFORMED: as above, or `public_key` has the wrong length or is no point of the curve. REJECTED: the
 * shared secret is all zero [RFC9180 §7.1.4]. */
KITH_API KITH_MUST_USE kith_err crypto_dh(crypto *c, crypto_dh_id id, kith_bytes private_key,
                                          kith_bytes public_key, kith_secret *out);

#endif
