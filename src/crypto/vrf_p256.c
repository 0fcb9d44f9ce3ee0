/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ECVRF-P256-SHA256-TAI [RFC9381 §5] over OpenSSL's group. Its multiplication by a secret takes constant time, and so
 * does Montgomery's multiplication of numbers; the cofactor is 1, so there is nothing to clear.
 */
#include <openssl/bn.h>
#include <string.h>

#include "crypto/vrf.h"
#include "crypto/vrf_parts.h"

#define POINT_LEN CRYPTO_VRF_P256_PUBLIC_LEN
#define SCALAR_LEN CRYPTO_VRF_P256_PRIVATE_LEN
#define SUITE 0x01
/* Candidates for a nonce: each is in range but for about 2^-32 [RFC6979 §3.2]. */
#define NONCE_TRIES 64

struct crypto_vrf_p256_key {
    const kith_alloc *alloc;
    uint8_t scalar[SCALAR_LEN];
    uint8_t public_key[POINT_LEN];
};

/* What one operation needs of the library; done wipes it. */
typedef struct work {
    crypto *c;
    const EC_GROUP *group;
    BN_CTX *ctx;
    BIGNUM *a;
    BIGNUM *b;
    EC_POINT *h;
    EC_POINT *gamma;
    EC_POINT *left;
    EC_POINT *right;
} work;

static void
work_done(work *w)
{
    EC_POINT_clear_free(w->right);
    EC_POINT_clear_free(w->left);
    EC_POINT_free(w->gamma);
    EC_POINT_free(w->h);
    BN_clear_free(w->b);
    BN_clear_free(w->a);
    BN_CTX_free(w->ctx);
}

static kith_err
work_init(crypto *c, work *w)
{
    *w = (work){.c = c, .group = c->curve[CURVE_P256]};
    w->ctx = BN_CTX_secure_new();
    w->a = BN_new();
    w->b = BN_new();
    w->h = EC_POINT_new(w->group);
    w->gamma = EC_POINT_new(w->group);
    w->left = EC_POINT_new(w->group);
    w->right = EC_POINT_new(w->group);
    KITH_ENSURE(w->ctx != NULL && w->a != NULL && w->b != NULL && w->h != NULL &&
                    w->gamma != NULL && w->left != NULL && w->right != NULL,
                crypto_failed(KITH_ERR_NO_MEMORY));
    BN_set_flags(w->a, BN_FLG_CONSTTIME);
    BN_set_flags(w->b, BN_FLG_CONSTTIME);
    return KITH_OK;
}

/* point_to_string [RFC9381 §5.5]: SEC 1, compressed. The identity has no such form: CRYPTO. */
static kith_err
write_point(const work *w, const EC_POINT *point, uint8_t out[POINT_LEN])
{
    KITH_ENSURE(EC_POINT_point2oct(w->group, point, POINT_CONVERSION_COMPRESSED, out, POINT_LEN,
                                   w->ctx) == POINT_LEN,
                crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

/* string_to_point, of a point of the group. REJECTED: it is none, or not POINT_LEN bytes in compressed form. */
static kith_err
read_point(const work *w, const uint8_t in[POINT_LEN], EC_POINT *out)
{
    KITH_ENSURE(in[0] == 2 || in[0] == 3, KITH_ERR_REJECTED);
    KITH_ENSURE(EC_POINT_oct2point(w->group, out, in, POINT_LEN, w->ctx) == 1,
                crypto_failed(KITH_ERR_REJECTED));
    return KITH_OK;
}

/* `out` = scalar * point; `point` NULL is the base point. */
static kith_err
multiply(work *w, kith_bytes scalar, const EC_POINT *point, EC_POINT *out)
{
    KITH_ENSURE(BN_bin2bn(scalar.data, (int)scalar.len, w->a) != NULL,
                crypto_failed(KITH_ERR_NO_MEMORY));
    const int made = point == NULL ? EC_POINT_mul(w->group, out, w->a, NULL, NULL, w->ctx)
                                   : EC_POINT_mul(w->group, out, NULL, point, w->a, w->ctx);
    KITH_ENSURE(made == 1, crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

/* ECVRF_encode_to_curve_try_and_increment [RFC9381 §5.4.1.1]. That 256 candidates fail has a chance of about 2^-256. */
static kith_err
encode_to_curve(work *w, const uint8_t salt[POINT_LEN], crypto_parts parts)
{
    const uint8_t front[] = {SUITE, VRF_FRONT_ENCODE};
    KITH_AUTO(kith_buf) input = {0};
    uint8_t candidate[1 + CRYPTO_SHA256_LEN] = {2};

    KITH_TRY(vrf_join_input(w->c, parts, &input));
    for (unsigned count = 0; count < 256; count++) {
        const uint8_t back[] = {(uint8_t)count, VRF_BACK};
        KITH_TRY(crypto_digest(w->c, CRYPTO_SHA256,
                               CRYPTO_PARTS(KITH_BYTES(front), kith_bytes_of(salt, POINT_LEN),
                                            kith_bytes_of_buf(&input), KITH_BYTES(back)),
                               candidate + 1));
        const kith_err err = read_point(w, candidate, w->h);
        if (err != KITH_ERR_REJECTED) {
            return err;
        }
    }
    return KITH_ERR_CRYPTO;
}

/* ECVRF_challenge_generation [RFC9381 §5.4.3] of the public key, H, Gamma, and the points in `left` and `right`. */
static kith_err
make_challenge(work *w, const uint8_t public_key[POINT_LEN], uint8_t out[VRF_CHALLENGE_LEN])
{
    const uint8_t front[] = {SUITE, VRF_FRONT_CHALLENGE};
    const uint8_t back = VRF_BACK;
    uint8_t points[4][POINT_LEN];
    uint8_t hash[CRYPTO_SHA256_LEN];

    KITH_TRY(write_point(w, w->h, points[0]));
    KITH_TRY(write_point(w, w->gamma, points[1]));
    KITH_TRY(write_point(w, w->left, points[2]));
    KITH_TRY(write_point(w, w->right, points[3]));
    KITH_TRY(
        crypto_digest(w->c, CRYPTO_SHA256,
                      CRYPTO_PARTS(KITH_BYTES(front), kith_bytes_of(public_key, POINT_LEN),
                                   kith_bytes_of(points, sizeof points), kith_bytes_of(&back, 1)),
                      hash));
    memcpy(out, hash, VRF_CHALLENGE_LEN);
    return KITH_OK;
}

/* ECVRF_proof_to_hash [RFC9381 §5.2] of Gamma. */
static kith_err
make_output(work *w, uint8_t out[CRYPTO_VRF_P256_OUTPUT_LEN])
{
    const uint8_t front[] = {SUITE, VRF_FRONT_OUTPUT};
    const uint8_t back = VRF_BACK;
    uint8_t point[POINT_LEN];

    KITH_TRY(write_point(w, w->gamma, point));
    return crypto_digest(
        w->c, CRYPTO_SHA256,
        CRYPTO_PARTS(KITH_BYTES(front), KITH_BYTES(point), kith_bytes_of(&back, 1)), out);
}

kith_err
crypto_vrf_p256_key_import(crypto *c, kith_bytes private_key, crypto_vrf_p256_key **out)
{
    __attribute__((cleanup(work_done))) work w = {0};

    KITH_TRY(curve_scalar_check(c, CURVE_P256, private_key));
    KITH_TRY(work_init(c, &w));
    crypto_vrf_p256_key *key = kith_mem_zalloc(c->alloc, 1, sizeof *key);
    KITH_ENSURE(key != NULL, KITH_ERR_NO_MEMORY);
    key->alloc = c->alloc;
    memcpy(key->scalar, private_key.data, SCALAR_LEN);
    kith_err err = multiply(&w, private_key, NULL, w.left);
    if (err == KITH_OK) {
        err = write_point(&w, w.left, key->public_key);
    }
    if (err != KITH_OK) {
        crypto_vrf_p256_key_free(key);
        return err;
    }
    *out = key;
    return KITH_OK;
}

void
crypto_vrf_p256_key_free(crypto_vrf_p256_key *key)
{
    if (key != NULL) {
        kith_mem_free(key->alloc, key, sizeof *key);
    }
}

kith_bytes
crypto_vrf_p256_key_public(const crypto_vrf_p256_key *key)
{
    return KITH_BYTES(key->public_key);
}

/* The state of the generator of RFC 6979. */
typedef struct nonce_state {
    uint8_t k[CRYPTO_SHA256_LEN];
    uint8_t v[CRYPTO_SHA256_LEN];
} nonce_state;

/* K = HMAC(K, V || mark || seed), V = HMAC(K, V) [RFC6979 §3.2]. */
static kith_err
stir(crypto *c, nonce_state *state, uint8_t mark, crypto_parts seed)
{
    const kith_bytes first = seed.count > 0 ? seed.items[0] : (kith_bytes){0};
    const kith_bytes second = seed.count > 1 ? seed.items[1] : (kith_bytes){0};

    KITH_TRY(crypto_hmac(c, CRYPTO_SHA256, KITH_BYTES(state->k),
                         CRYPTO_PARTS(KITH_BYTES(state->v), kith_bytes_of(&mark, 1), first, second),
                         state->k));
    return crypto_hmac(c, CRYPTO_SHA256, KITH_BYTES(state->k), CRYPTO_PARTS(KITH_BYTES(state->v)),
                       state->v);
}

static kith_err
draw(crypto *c, nonce_state *state, uint8_t out[SCALAR_LEN])
{
    for (unsigned i = 0; i < NONCE_TRIES; i++) {
        KITH_TRY(crypto_hmac(c, CRYPTO_SHA256, KITH_BYTES(state->k),
                             CRYPTO_PARTS(KITH_BYTES(state->v)), state->v));
        const kith_err err = curve_scalar_check(c, CURVE_P256, KITH_BYTES(state->v));
        if (err == KITH_OK) {
            memcpy(out, state->v, SCALAR_LEN);
        }
        if (err != KITH_ERR_MALFORMED) {
            return err;
        }
        KITH_TRY(stir(c, state, 0, CRYPTO_NO_PARTS));
    }
    return KITH_ERR_CRYPTO;
}

/* bits2octets of the hash of H [RFC6979 §2.3.4]: public, like H. */
static kith_err
reduce_hash(work *w, const uint8_t h[POINT_LEN], uint8_t out[SCALAR_LEN])
{
    KITH_TRY(crypto_digest(w->c, CRYPTO_SHA256, CRYPTO_PARTS(kith_bytes_of(h, POINT_LEN)), out));
    KITH_ENSURE(BN_bin2bn(out, SCALAR_LEN, w->a) != NULL &&
                    BN_nnmod(w->b, w->a, EC_GROUP_get0_order(w->group), w->ctx) == 1 &&
                    BN_bn2binpad(w->b, out, SCALAR_LEN) == (int)SCALAR_LEN,
                crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

/* ECVRF_nonce_generation_RFC6979 [RFC9381 §5.4.2.1]. */
static kith_err
make_nonce(work *w, const crypto_vrf_p256_key *key, uint8_t out[SCALAR_LEN])
{
    nonce_state state = {.k = {0}};
    uint8_t h[POINT_LEN];
    uint8_t hash[SCALAR_LEN];

    memset(state.v, 1, sizeof state.v);
    KITH_TRY(write_point(w, w->h, h));
    KITH_TRY(reduce_hash(w, h, hash));
    const crypto_parts seed = CRYPTO_PARTS(KITH_BYTES(key->scalar), KITH_BYTES(hash));
    kith_err err = stir(w->c, &state, 0, seed);
    if (err == KITH_OK) {
        err = stir(w->c, &state, 1, seed);
    }
    if (err == KITH_OK) {
        err = draw(w->c, &state, out);
    }
    kith_wipe(&state, sizeof state);
    return err;
}

/* s = k + c * x modulo the order. */
static kith_err
make_s(work *w, const crypto_vrf_p256_key *key, const uint8_t nonce[SCALAR_LEN],
       const uint8_t challenge[VRF_CHALLENGE_LEN], uint8_t out[SCALAR_LEN])
{
    const BIGNUM *order = EC_GROUP_get0_order(w->group);
    BN_MONT_CTX *mont = BN_MONT_CTX_new();
    /* Montgomery's product divides by R, which converting one factor makes up for. */
    const bool made = mont != NULL && BN_MONT_CTX_set(mont, order, w->ctx) == 1 &&
                      BN_bin2bn(key->scalar, SCALAR_LEN, w->a) != NULL &&
                      BN_bin2bn(challenge, VRF_CHALLENGE_LEN, w->b) != NULL &&
                      BN_to_montgomery(w->a, w->a, mont, w->ctx) == 1 &&
                      BN_mod_mul_montgomery(w->a, w->a, w->b, mont, w->ctx) == 1 &&
                      BN_bin2bn(nonce, SCALAR_LEN, w->b) != NULL &&
                      BN_mod_add_quick(w->a, w->a, w->b, order) == 1 &&
                      BN_bn2binpad(w->a, out, SCALAR_LEN) == (int)SCALAR_LEN;

    BN_MONT_CTX_free(mont);
    KITH_ENSURE(made, crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

/* H, and Gamma = x * H [RFC9381 §5.1]. */
static kith_err
make_gamma(work *w, const crypto_vrf_p256_key *key, crypto_parts input)
{
    KITH_TRY(encode_to_curve(w, key->public_key, input));
    return multiply(w, KITH_BYTES(key->scalar), w->h, w->gamma);
}

static kith_err
write_proof(work *w, const crypto_vrf_p256_key *key, const uint8_t nonce[SCALAR_LEN],
            uint8_t proof[CRYPTO_VRF_P256_PROOF_LEN])
{
    uint8_t *challenge = proof + POINT_LEN;

    KITH_TRY(multiply(w, kith_bytes_of(nonce, SCALAR_LEN), NULL, w->left));
    KITH_TRY(multiply(w, kith_bytes_of(nonce, SCALAR_LEN), w->h, w->right));
    KITH_TRY(write_point(w, w->gamma, proof));
    KITH_TRY(make_challenge(w, key->public_key, challenge));
    return make_s(w, key, nonce, challenge, challenge + VRF_CHALLENGE_LEN);
}

kith_err
crypto_vrf_p256_prove(crypto *c, const crypto_vrf_p256_key *key, crypto_parts input,
                      crypto_vrf_p256_result *out)
{
    __attribute__((cleanup(work_done))) work w = {0};
    crypto_vrf_p256_result result;
    uint8_t nonce[SCALAR_LEN] = {0};

    KITH_TRY(work_init(c, &w));
    KITH_TRY(make_gamma(&w, key, input));
    KITH_TRY(make_output(&w, result.output));
    kith_err err = make_nonce(&w, key, nonce);
    if (err == KITH_OK) {
        err = write_proof(&w, key, nonce, result.proof);
    }
    kith_wipe(nonce, sizeof nonce);
    KITH_TRY(err);
    *out = result;
    return KITH_OK;
}

kith_err
crypto_vrf_p256_evaluate(crypto *c, const crypto_vrf_p256_key *key, crypto_parts input,
                         uint8_t out[CRYPTO_VRF_P256_OUTPUT_LEN])
{
    __attribute__((cleanup(work_done))) work w = {0};

    KITH_TRY(work_init(c, &w));
    KITH_TRY(make_gamma(&w, key, input));
    return make_output(&w, out);
}

kith_err
crypto_vrf_p256_peek(crypto *c, kith_bytes proof, uint8_t out[CRYPTO_VRF_P256_OUTPUT_LEN])
{
    __attribute__((cleanup(work_done))) work w = {0};

    KITH_ENSURE(proof.len == CRYPTO_VRF_P256_PROOF_LEN, KITH_ERR_REJECTED);
    KITH_TRY(work_init(c, &w));
    KITH_TRY(read_point(&w, proof.data, w.gamma));
    return make_output(&w, out);
}

/* `out` = s * first - c * second, `first` NULL being the base point; all of them public. */
static kith_err
subtract_products(work *w, const uint8_t *c_and_s, const EC_POINT *first, const EC_POINT *second,
                  EC_POINT *out)
{
    BN_clear(w->a);
    BN_clear(w->b);
    KITH_ENSURE(BN_bin2bn(c_and_s, VRF_CHALLENGE_LEN, w->b) != NULL,
                crypto_failed(KITH_ERR_NO_MEMORY));
    EC_POINT *product = EC_POINT_new(w->group);
    KITH_ENSURE(product != NULL, crypto_failed(KITH_ERR_NO_MEMORY));
    kith_err err = multiply(w, kith_bytes_of(c_and_s + VRF_CHALLENGE_LEN, SCALAR_LEN), first, out);
    if (err == KITH_OK && (EC_POINT_mul(w->group, product, NULL, second, w->b, w->ctx) != 1 ||
                           EC_POINT_invert(w->group, product, w->ctx) != 1 ||
                           EC_POINT_add(w->group, out, out, product, w->ctx) != 1)) {
        err = crypto_failed(KITH_ERR_CRYPTO);
    }
    EC_POINT_free(product);
    KITH_TRY(err);
    /* No honest proof leads to the identity, which has no encoding to hash. */
    KITH_ENSURE(EC_POINT_is_at_infinity(w->group, out) == 0, KITH_ERR_REJECTED);
    return KITH_OK;
}

/* Whether s is reduced [RFC9381 §5.4.4]. */
static kith_err
check_s(work *w, const uint8_t s[SCALAR_LEN])
{
    KITH_ENSURE(BN_bin2bn(s, SCALAR_LEN, w->a) != NULL, crypto_failed(KITH_ERR_NO_MEMORY));
    KITH_ENSURE(BN_cmp(w->a, EC_GROUP_get0_order(w->group)) < 0, KITH_ERR_REJECTED);
    return KITH_OK;
}

/* The points U and V of [RFC9381 §5.3], from the key and c || s of the proof. */
static kith_err
recover_points(work *w, const crypto_vrf_claim *claim)
{
    const uint8_t *c_and_s = claim->proof.data + POINT_LEN;
    EC_POINT *key = EC_POINT_new(w->group);

    KITH_ENSURE(key != NULL, crypto_failed(KITH_ERR_NO_MEMORY));
    kith_err err = read_point(w, claim->public_key.data, key);
    if (err == KITH_OK) {
        err = subtract_products(w, c_and_s, NULL, key, w->left);
    }
    EC_POINT_free(key);
    KITH_TRY(err);
    return subtract_products(w, c_and_s, w->h, w->gamma, w->right);
}

kith_err
crypto_vrf_p256_verify(crypto *c, const crypto_vrf_claim *claim,
                       uint8_t out[CRYPTO_VRF_P256_OUTPUT_LEN])
{
    __attribute__((cleanup(work_done))) work w = {0};
    uint8_t expected[VRF_CHALLENGE_LEN];

    KITH_ENSURE(claim->public_key.len == POINT_LEN, KITH_ERR_MALFORMED);
    KITH_TRY(work_init(c, &w));
    const kith_err err = read_point(&w, claim->public_key.data, w.left);
    KITH_ENSURE(err != KITH_ERR_REJECTED, KITH_ERR_MALFORMED);
    KITH_TRY(err);
    KITH_ENSURE(claim->proof.len == CRYPTO_VRF_P256_PROOF_LEN, KITH_ERR_REJECTED);
    const uint8_t *challenge = claim->proof.data + POINT_LEN;
    KITH_TRY(read_point(&w, claim->proof.data, w.gamma));
    KITH_TRY(check_s(&w, challenge + VRF_CHALLENGE_LEN));
    KITH_TRY(encode_to_curve(&w, claim->public_key.data, claim->input));
    KITH_TRY(recover_points(&w, claim));
    KITH_TRY(make_challenge(&w, claim->public_key.data, expected));
    KITH_ENSURE(memcmp(expected, challenge, sizeof expected) == 0, KITH_ERR_REJECTED);
    return make_output(&w, out);
}
