/* SPDX-License-Identifier: MPL-2.0 */
/* What the tests of crypto share: a crypto object for a group of tests, and randomness that is given. */
#ifndef KITH_TESTS_CRYPTO_LAB_H
#define KITH_TESTS_CRYPTO_LAB_H

#include <string.h>

#include "base/check.h"
#include "crypto/crypto.h"

/* Group setup and teardown: `*state` is a crypto object. */
static inline int
lab_open(void **state)
{
    crypto *c = NULL;

    if (crypto_new(NULL, &c) != KITH_OK) {
        return -1;
    }
    *state = c;
    return 0;
}

static inline int
lab_close(void **state)
{
    crypto_free(*state);
    return 0;
}

/* Hands out `left` from its front; NO_RANDOM when that is too short. */
typedef struct given_rng {
    kith_bytes left;
} given_rng;

static inline kith_err
given_rng_fill(void *ctx, uint8_t *out, size_t len)
{
    given_rng *given = ctx;

    KITH_ENSURE(given->left.len >= len, KITH_ERR_NO_RANDOM);
    memcpy(out, given->left.data, len);
    given->left = kith_bytes_of(given->left.data + len, given->left.len - len);
    return KITH_OK;
}

static inline kith_rng
given_rng_port(given_rng *given)
{
    return (kith_rng){.fill = given_rng_fill, .ctx = given};
}

/* Every byte is `*(uint8_t *)ctx`. */
static inline kith_err
same_rng_fill(void *ctx, uint8_t *out, size_t len)
{
    memset(out, *(const uint8_t *)ctx, len);
    return KITH_OK;
}

/* SHA-256 of `bytes` against hexadecimal: for facts too long to write down. */
static inline void
assert_hash(crypto *c, kith_bytes bytes, const char *expected)
{
    uint8_t digest[CRYPTO_SHA256_LEN];

    assert_ok(crypto_sha256(c, bytes, digest));
    assert_hex(KITH_BYTES(digest), expected);
}

#endif
