/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Certificate chains [RFC5280] against roots that the caller gives. Nothing else is trusted: no list of the system's, no
 * file, no network. Revocation is not looked at.
 */
#ifndef KITH_CRYPTO_X509_H
#define KITH_CRYPTO_X509_H

#include "crypto/limits.h"
#include "crypto/sign.h"

/* Certificates that a chain may end at. */
typedef struct crypto_roots crypto_roots;
KITH_API KITH_MUST_USE kith_err crypto_roots_new(crypto *c, crypto_roots **out);
/* A certificate in DER, of a root or of an intermediate that is trusted by itself. MALFORMED: it is none. */
KITH_API KITH_MUST_USE kith_err crypto_roots_add(crypto_roots *roots, kith_bytes der);
KITH_API void crypto_roots_free(crypto_roots *roots);

/* What is to be true. */
typedef struct crypto_chain {
    const kith_bytes *
        certificates; /* DER; the holder's first, then each that certifies the one before; the root may be
                                     * left out */
    size_t count; /* 1 to CRYPTO_CHAIN_MAX */
    crypto_sign_id key_id; /* the holder's key is of this kind */
    kith_bytes public_key; /* and this one, in the form of crypto_sign_sizes */
    uint64_t now_s; /* seconds since 1970 */
} crypto_chain;
/* MALFORMED: a certificate is none, or the key is none. LIMIT: too many, or one is longer than CRYPTO_CERTIFICATE_MAX.
 * REJECTED: the chain is not in order or does not lead to a root, a certificate is not valid now, its signature is wrong
 * or weaker than 112 bits, the holder may not sign, or has another key; also where the library ran out of memory without
 * saying so. */
KITH_API KITH_MUST_USE kith_err crypto_chain_verify(crypto *c, const crypto_roots *roots,
                                                    const crypto_chain *chain);

#endif
