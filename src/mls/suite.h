/* SPDX-License-Identifier: MPL-2.0 */
/* The table of cipher suites [RFC9420 §17.1] [MLS-PQ]: one row names every algorithm of a suite. */
#ifndef KITH_MLS_SUITE_H
#define KITH_MLS_SUITE_H

#include "crypto/crypto.h"
#include "mls/mls.h"

typedef struct mls_suite {
    uint16_t id;
    const char *name;
    crypto_hash_id hash; /* of the KDF, of HMAC and of all hashes */
    crypto_aead_id aead;
    crypto_sign_id sign;
    crypto_hpke_suite hpke;
} mls_suite;

/* Static; NULL: not supported. */
const mls_suite *mls_suite_find(uint16_t id);
/* The same by the id that the env gives it; and the other way. */
const mls_suite *mls_suite_of(const mls_env *env, uint16_t id);
uint16_t mls_suite_id_of(const mls_env *env, const mls_suite *suite);
/* KDF.Nh in bytes. */
size_t mls_suite_hash_len(const mls_suite *suite);

/* What the internal functions need to work; borrowed by whoever keeps it. */
typedef struct mls_tools {
    const kith_alloc *alloc;
    crypto *crypto;
    const mls_suite *suite;
    uint16_t suite_id; /* on the wire: another than suite->id when the env has an alias */
} mls_tools;

#endif
