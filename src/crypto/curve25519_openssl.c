/* SPDX-License-Identifier: MPL-2.0 */
/*
 * curve25519.h over OpenSSL, which decodes public keys of Ed25519 leniently: what is no canonical point, and
 * what has small order, is refused here, in variable time since a public key is public.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <string.h>

#include "crypto/curve25519.h"

/* Little-endian, as keys are: p = 2^255 - 19, and the constant d of the curve [RFC8032 §5.1]. */
static const uint8_t prime[32] = {
    0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
};
static const uint8_t curve_d[32] = {
    0xa3, 0x78, 0x59, 0x13, 0xca, 0x4d, 0xeb, 0x75, 0xab, 0xd8, 0x41, 0x41, 0x4d, 0x0a, 0x70, 0x00,
    0x98, 0xe8, 0x79, 0x77, 0x79, 0x40, 0xc7, 0x8c, 0x73, 0xfe, 0x6f, 0x2b, 0xee, 0x6c, 0x03, 0x52,
};

/* The y-coordinates of the eight points whose order divides 8: orders 4, 1, 2, and 8 twice. */
static const uint8_t small_order[][32] = {
    {0},
    {1},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

/* The y-coordinate: all but the top bit, which is the sign of x [RFC8032 §5.1.2]. */
static void
copy_y(const uint8_t public_key[ED25519_PUBLIC_LEN], uint8_t y[ED25519_PUBLIC_LEN])
{
    memcpy(y, public_key, ED25519_PUBLIC_LEN);
    y[ED25519_PUBLIC_LEN - 1] &= 0x7f;
}

/* Whether y is below p. */
static bool
is_reduced(const uint8_t y[ED25519_PUBLIC_LEN])
{
    for (size_t i = ED25519_PUBLIC_LEN; i-- > 0;) {
        if (y[i] != prime[i]) {
            return y[i] < prime[i];
        }
    }
    return false;
}

static bool
has_small_order(const uint8_t y[ED25519_PUBLIC_LEN])
{
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++) {
        if (memcmp(y, small_order[i], ED25519_PUBLIC_LEN) == 0) {
            return true;
        }
    }
    return false;
}

kith_err
curve25519_start(void)
{
    return KITH_OK;
}

kith_err
ed25519_load(crypto *c, const uint8_t seed[ED25519_SEED_LEN], uint8_t pair[ED25519_PAIR_LEN],
             evp_key *out)
{
    memcpy(pair, seed, ED25519_SEED_LEN);
    return evp_key_of_private(c, CRYPTO_ED25519, kith_bytes_of(seed, ED25519_SEED_LEN),
                              pair + ED25519_SEED_LEN, out);
}

kith_err
ed25519_sign(evp_key *evp, const uint8_t pair[ED25519_PAIR_LEN], kith_bytes message,
             uint8_t out[ED25519_SIGNATURE_LEN])
{
    size_t len = ED25519_SIGNATURE_LEN;

    (void)pair;
    return evp_sign(evp, message, out, &len);
}

kith_err
ed25519_open(crypto *c, const uint8_t public_key[ED25519_PUBLIC_LEN], evp_key *out)
{
    return evp_key_of_public(c, CRYPTO_ED25519, kith_bytes_of(public_key, ED25519_PUBLIC_LEN), out);
}

/* Numbers that are freed together. */
typedef struct numbers {
    BN_CTX *ctx;
    BIGNUM *p;
    BIGNUM *d;
    BIGNUM *yy;
    BIGNUM *u;
    BIGNUM *v;
} numbers;

static void
numbers_done(numbers *n)
{
    BN_free(n->p);
    BN_free(n->d);
    BN_free(n->yy);
    BN_free(n->u);
    BN_free(n->v);
    BN_CTX_free(n->ctx);
}

static bool
numbers_init(numbers *n, const uint8_t y[ED25519_PUBLIC_LEN])
{
    n->ctx = BN_CTX_new();
    n->p = BN_lebin2bn(prime, sizeof prime, NULL);
    n->d = BN_lebin2bn(curve_d, sizeof curve_d, NULL);
    n->yy = BN_lebin2bn(y, ED25519_PUBLIC_LEN, NULL);
    n->u = BN_new();
    n->v = BN_new();
    return n->ctx != NULL && n->p != NULL && n->d != NULL && n->yy != NULL && n->u != NULL &&
           n->v != NULL;
}

/* x^2 = (y^2 - 1) / (d y^2 + 1) has a solution: the product of numerator and denominator is a square
 * [RFC8032 §5.1.3]. Writes 1 or 0 for yes, -1 for no; 0 is x = 0. */
static kith_err
decode_sign(const uint8_t y[ED25519_PUBLIC_LEN], int *out)
{
    KITH_AUTO(numbers) n = {0};

    KITH_ENSURE(numbers_init(&n, y), crypto_failed(KITH_ERR_NO_MEMORY));
    const bool done = BN_mod_sqr(n.yy, n.yy, n.p, n.ctx) == 1 && BN_copy(n.u, n.yy) != NULL &&
                      BN_sub_word(n.u, 1) == 1 && BN_mod_mul(n.v, n.yy, n.d, n.p, n.ctx) == 1 &&
                      BN_add_word(n.v, 1) == 1 && BN_mod_mul(n.u, n.u, n.v, n.p, n.ctx) == 1;
    KITH_ENSURE(done, crypto_failed(KITH_ERR_NO_MEMORY));
    const int symbol = BN_kronecker(n.u, n.p, n.ctx);
    KITH_ENSURE(symbol >= -1, crypto_failed(KITH_ERR_NO_MEMORY));
    *out = symbol;
    return KITH_OK;
}

kith_err
ed25519_public_check(const uint8_t public_key[ED25519_PUBLIC_LEN])
{
    uint8_t y[ED25519_PUBLIC_LEN];
    int symbol = 0;

    copy_y(public_key, y);
    KITH_ENSURE(is_reduced(y), KITH_ERR_MALFORMED);
    KITH_TRY(decode_sign(y, &symbol));
    /* "If x = 0, and x_0 = 1, decoding fails" [RFC8032 §5.1.3]. */
    const bool is_negative = (public_key[ED25519_PUBLIC_LEN - 1] & 0x80) != 0;
    KITH_ENSURE(symbol == 1 || (symbol == 0 && !is_negative), KITH_ERR_MALFORMED);
    return KITH_OK;
}

kith_err
ed25519_verify(evp_key *evp, const uint8_t public_key[ED25519_PUBLIC_LEN], kith_bytes message,
               kith_bytes signature)
{
    uint8_t y[ED25519_PUBLIC_LEN];

    copy_y(public_key, y);
    KITH_ENSURE(is_reduced(y) && !has_small_order(y), KITH_ERR_REJECTED);
    /* A signature begins with a point, too. */
    copy_y(signature.data, y);
    KITH_ENSURE(!has_small_order(y), KITH_ERR_REJECTED);
    return evp_verify(evp, message, signature);
}

static kith_err
import(crypto *c, const uint8_t *scalar, const uint8_t *point, EVP_PKEY **out)
{
    /* The library takes bytes through pointers that it does not write through. */
    OSSL_PARAM params[3] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end(),
                            OSSL_PARAM_construct_end()};
    size_t count = 0;

    if (point != NULL) {
        params[count++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                            (void *)(uintptr_t)point, X25519_LEN);
    }
    if (scalar != NULL) {
        params[count++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY,
                                                            (void *)(uintptr_t)scalar, X25519_LEN);
    }
    const int what = scalar != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    KITH_ENSURE(EVP_PKEY_fromdata(c->x25519, out, what, params) == 1,
                crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

kith_err
x25519_public(crypto *c, const uint8_t scalar[X25519_LEN], uint8_t out[X25519_LEN])
{
    EVP_PKEY *key = NULL;
    size_t len = X25519_LEN;

    KITH_TRY(import(c, scalar, NULL, &key));
    const bool made = EVP_PKEY_get_raw_public_key(key, out, &len) == 1;
    EVP_PKEY_free(key);
    KITH_ENSURE(made, crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

static kith_err
derive(EVP_PKEY *own, EVP_PKEY *peer, uint8_t out[X25519_LEN])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    size_t len = X25519_LEN;
    const bool ready = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                       EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1;

    /* Fails for an all-zero secret only. */
    const bool made = ready && EVP_PKEY_derive(ctx, out, &len) == 1;
    EVP_PKEY_CTX_free(ctx);
    KITH_ENSURE(made, crypto_failed(ready ? KITH_ERR_REJECTED : KITH_ERR_CRYPTO));
    return KITH_OK;
}

kith_err
x25519_shared(crypto *c, const uint8_t scalar[X25519_LEN], const uint8_t public_key[X25519_LEN],
              uint8_t out[X25519_LEN])
{
    EVP_PKEY *own = NULL;
    EVP_PKEY *peer = NULL;
    /* A public key beside the scalar keeps the library from computing the one that belongs to it. None is
     * used in a derivation, so any will do. */
    kith_err err = import(c, scalar, public_key, &own);

    if (err == KITH_OK) {
        err = import(c, NULL, public_key, &peer);
    }
    if (err == KITH_OK) {
        err = derive(own, peer, out);
    }
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
    return err;
}
