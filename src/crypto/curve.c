/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Scalar multiplication on the NIST curves with the library's group objects, kept alive: it has no
 * other way to a public key from a scalar, and importing a key object for every use would build the
 * group anew each time. The library's multiplication by a secret takes constant time.
 */
#include <openssl/bn.h>

#include "crypto/internal.h"

/* Length of a scalar and of a coordinate. */
size_t
curve_scalar_len(curve_id id)
{
    switch (id) {
    case CURVE_P256:
        return 32;
    case CURVE_P384:
        return 48;
    case CURVE_P521:
        return 66;
    case CURVE_IDS:
        break;
    }
    return 0;
}

size_t
curve_point_len(curve_id id)
{
    return 1 + 2 * curve_scalar_len(id);
}

/* What one operation needs; done wipes it. */
typedef struct work {
    BN_CTX *ctx;
    BIGNUM *scalar;
    BIGNUM *x;
    EC_POINT *point;
    EC_POINT *result;
} work;

static void
work_done(work *w)
{
    EC_POINT_clear_free(w->result);
    EC_POINT_free(w->point);
    BN_clear_free(w->x);
    BN_clear_free(w->scalar);
    BN_CTX_free(w->ctx);
}

static kith_err
work_init(const EC_GROUP *group, work *w)
{
    w->ctx = BN_CTX_new();
    w->scalar = BN_new();
    w->x = BN_new();
    w->point = EC_POINT_new(group);
    w->result = EC_POINT_new(group);
    KITH_ENSURE(w->ctx != NULL && w->scalar != NULL && w->x != NULL && w->point != NULL &&
                    w->result != NULL,
                crypto_failed(KITH_ERR_NO_MEMORY));
    return KITH_OK;
}

static kith_err
load_scalar(const EC_GROUP *group, kith_bytes bytes, BIGNUM *scalar)
{
    BN_set_flags(scalar, BN_FLG_CONSTTIME);
    KITH_ENSURE(BN_bin2bn(bytes.data, (int)bytes.len, scalar) != NULL,
                crypto_failed(KITH_ERR_NO_MEMORY));
    KITH_ENSURE(!BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0,
                KITH_ERR_MALFORMED);
    return KITH_OK;
}

/* Only the uncompressed form has this length and first byte; the library checks that the point is on
 * the curve. All three groups have prime order, so nothing else is to be checked [RFC9180 §7.1.4]. */
static kith_err
load_point(const EC_GROUP *group, kith_bytes bytes, work *w)
{
    KITH_ENSURE(bytes.data[0] == POINT_CONVERSION_UNCOMPRESSED, KITH_ERR_MALFORMED);
    KITH_ENSURE(EC_POINT_oct2point(group, w->point, bytes.data, bytes.len, w->ctx) == 1,
                crypto_failed(KITH_ERR_MALFORMED));
    return KITH_OK;
}

kith_err
curve_scalar_check(const crypto *c, curve_id id, kith_bytes scalar)
{
    KITH_ENSURE(scalar.len == curve_scalar_len(id), KITH_ERR_MALFORMED);
    BIGNUM *number = BN_new();
    KITH_ENSURE(number != NULL, crypto_failed(KITH_ERR_NO_MEMORY));
    const kith_err err = load_scalar(c->curve[id], scalar, number);
    BN_clear_free(number);
    return err;
}

kith_err
curve_point_check(const crypto *c, curve_id id, kith_bytes point)
{
    __attribute__((cleanup(work_done))) work w = {0};

    KITH_ENSURE(point.len == curve_point_len(id), KITH_ERR_MALFORMED);
    KITH_TRY(work_init(c->curve[id], &w));
    return load_point(c->curve[id], point, &w);
}

kith_err
curve_public(const crypto *c, curve_id id, kith_bytes scalar, uint8_t *out)
{
    __attribute__((cleanup(work_done))) work w = {0};
    const EC_GROUP *group = c->curve[id];
    const size_t len = curve_point_len(id);

    KITH_ENSURE(scalar.len == curve_scalar_len(id), KITH_ERR_MALFORMED);
    KITH_TRY(work_init(group, &w));
    KITH_TRY(load_scalar(group, scalar, w.scalar));
    KITH_ENSURE(EC_POINT_mul(group, w.result, w.scalar, NULL, NULL, w.ctx) == 1 &&
                    EC_POINT_point2oct(group, w.result, POINT_CONVERSION_UNCOMPRESSED, out, len,
                                       w.ctx) == len,
                crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

kith_err
curve_dh(const crypto *c, curve_id id, kith_bytes scalar, kith_bytes point, uint8_t *out)
{
    __attribute__((cleanup(work_done))) work w = {0};
    const EC_GROUP *group = c->curve[id];
    const int len = (int)curve_scalar_len(id);

    KITH_ENSURE(scalar.len == curve_scalar_len(id), KITH_ERR_MALFORMED);
    KITH_ENSURE(point.len == curve_point_len(id), KITH_ERR_MALFORMED);
    KITH_TRY(work_init(group, &w));
    KITH_TRY(load_scalar(group, scalar, w.scalar));
    KITH_TRY(load_point(group, point, &w));
    KITH_ENSURE(EC_POINT_mul(group, w.result, NULL, w.point, w.scalar, w.ctx) == 1 &&
                    EC_POINT_get_affine_coordinates(group, w.result, w.x, NULL, w.ctx) == 1 &&
                    BN_bn2binpad(w.x, out, len) == len,
                crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

kith_err
curve_scalar_random(const crypto *c, curve_id id, const kith_rng *rng, unsigned tries, uint8_t *out)
{
    const size_t len = curve_scalar_len(id);
    KITH_AUTO(kith_secret) candidate = {.len = len};

    for (unsigned i = 0; i < tries; i++) {
        KITH_TRY(kith_rng_fill(rng, candidate.data, len));
        if (id == CURVE_P521) {
            candidate.data[0] &= 1; /* an order of 521 bits */
        }
        const kith_err err = curve_scalar_check(c, id, kith_bytes_of_secret(&candidate));
        if (err != KITH_ERR_MALFORMED) {
            KITH_TRY(err);
            for (size_t k = 0; k < len; k++) {
                out[k] = candidate.data[k];
            }
            return KITH_OK;
        }
    }
    return KITH_ERR_CRYPTO;
}
