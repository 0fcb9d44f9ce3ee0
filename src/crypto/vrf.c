/* SPDX-License-Identifier: MPL-2.0 */
/* ECVRF-EDWARDS25519-SHA512-TAI [RFC9381 §5] over libsodium's edwards25519 group. */
#include <sodium.h>
#include <string.h>

#include "crypto/internal.h"
#include "crypto/vrf.h"
#include "crypto/vrf_parts.h"

#define POINT_LEN 32
#define SCALAR_LEN 32
#define SUITE 0x03

struct crypto_vrf_key {
    const kith_alloc *alloc;
    uint8_t scalar[SCALAR_LEN];
    uint8_t nonce_seed[32];
    uint8_t public_key[POINT_LEN];
};

/* The order of the group of prime order, little-endian. */
static const uint8_t order[SCALAR_LEN] = {
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
/* The prime of the field, little-endian. */
static const uint8_t field[POINT_LEN] = {
    0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};

/* Of public, little-endian numbers. */
static bool
is_below(const uint8_t number[32], const uint8_t limit[32])
{
    for (size_t i = 32; i-- > 0;) {
        if (number[i] != limit[i]) {
            return number[i] < limit[i];
        }
    }
    return false;
}

/* Whether the y-coordinate is reduced, as [RFC8032 §5.1.3] asks and libsodium does not always. */
static bool
is_canonical(const uint8_t point[POINT_LEN])
{
    uint8_t y[POINT_LEN];

    memcpy(y, point, sizeof y);
    y[POINT_LEN - 1] &= 0x7f;
    return is_below(y, field);
}

/* A point of the group of prime order in the one encoding it has, not the identity. */
static bool
is_group_point(const uint8_t point[POINT_LEN])
{
    return is_canonical(point) && crypto_core_ed25519_is_valid_point(point) == 1;
}

/* Eight times `point`, or false if it is none. */
static bool
clear_cofactor(const uint8_t point[POINT_LEN], uint8_t out[POINT_LEN])
{
    uint8_t twice[POINT_LEN];
    uint8_t four[POINT_LEN];

    return is_canonical(point) && crypto_core_ed25519_add(twice, point, point) == 0 &&
           crypto_core_ed25519_add(four, twice, twice) == 0 &&
           crypto_core_ed25519_add(out, four, four) == 0;
}

/* The neutral element, in its one encoding. */
static bool
is_identity(const uint8_t point[POINT_LEN])
{
    static const uint8_t identity[POINT_LEN] = {1};

    return memcmp(point, identity, POINT_LEN) == 0;
}

/* ECVRF_encode_to_curve_try_and_increment [RFC9381 §5.4.1.1]. That 256 candidates fail has a chance of
 * about 2^-256. */
static kith_err
encode_to_curve(crypto *c, const uint8_t salt[POINT_LEN], kith_bytes input, uint8_t out[POINT_LEN])
{
    const uint8_t front[] = {SUITE, VRF_FRONT_ENCODE};
    uint8_t hash[CRYPTO_SHA512_LEN];

    for (unsigned count = 0; count < 256; count++) {
        const uint8_t back[] = {(uint8_t)count, VRF_BACK};
        KITH_TRY(crypto_digest(c, CRYPTO_SHA512,
                               CRYPTO_PARTS(KITH_BYTES(front), kith_bytes_of(salt, POINT_LEN),
                                            input, KITH_BYTES(back)),
                               hash));
        /* Eight times any point of the curve lies in the group of prime order. */
        if (clear_cofactor(hash, out) && !is_identity(out)) {
            return KITH_OK;
        }
    }
    return KITH_ERR_CRYPTO;
}

/* ECVRF_challenge_generation [RFC9381 §5.4.3], as a scalar. */
static kith_err
make_challenge(crypto *c, const uint8_t *const points[5], uint8_t out[SCALAR_LEN])
{
    const uint8_t front[] = {SUITE, VRF_FRONT_CHALLENGE};
    const uint8_t back = VRF_BACK;
    uint8_t hash[CRYPTO_SHA512_LEN];

    KITH_TRY(crypto_digest(
        c, CRYPTO_SHA512,
        CRYPTO_PARTS(KITH_BYTES(front), kith_bytes_of(points[0], POINT_LEN),
                     kith_bytes_of(points[1], POINT_LEN), kith_bytes_of(points[2], POINT_LEN),
                     kith_bytes_of(points[3], POINT_LEN), kith_bytes_of(points[4], POINT_LEN),
                     kith_bytes_of(&back, 1)),
        hash));
    memset(out, 0, SCALAR_LEN);
    memcpy(out, hash, VRF_CHALLENGE_LEN);
    return KITH_OK;
}

/* ECVRF_proof_to_hash [RFC9381 §5.2] of its point. */
static kith_err
make_output(crypto *c, const uint8_t gamma[POINT_LEN], uint8_t out[CRYPTO_VRF_OUTPUT_LEN])
{
    const uint8_t front[] = {SUITE, VRF_FRONT_OUTPUT};
    const uint8_t back = VRF_BACK;
    uint8_t cleared[POINT_LEN];

    KITH_ENSURE(clear_cofactor(gamma, cleared), KITH_ERR_CRYPTO);
    return crypto_digest(
        c, CRYPTO_SHA512,
        CRYPTO_PARTS(KITH_BYTES(front), KITH_BYTES(cleared), kith_bytes_of(&back, 1)), out);
}

kith_err
crypto_vrf_key_import(crypto *c, kith_bytes private_key, crypto_vrf_key **out)
{
    uint8_t hash[CRYPTO_SHA512_LEN];

    KITH_ENSURE(private_key.len == CRYPTO_VRF_PRIVATE_LEN, KITH_ERR_MALFORMED);
    crypto_vrf_key *key = kith_mem_zalloc(c->alloc, 1, sizeof *key);
    KITH_ENSURE(key != NULL, KITH_ERR_NO_MEMORY);
    key->alloc = c->alloc;
    const kith_err err = crypto_digest(c, CRYPTO_SHA512, CRYPTO_PARTS(private_key), hash);
    if (err != KITH_OK) {
        crypto_vrf_key_free(key);
        return err;
    }
    memcpy(key->scalar, hash, SCALAR_LEN);
    memcpy(key->nonce_seed, hash + SCALAR_LEN, sizeof key->nonce_seed);
    kith_wipe(hash, sizeof hash);
    key->scalar[0] &= 0xf8; /* [RFC8032 §5.1.5] */
    key->scalar[SCALAR_LEN - 1] &= 0x7f;
    key->scalar[SCALAR_LEN - 1] |= 0x40;
    if (crypto_scalarmult_ed25519_base_noclamp(key->public_key, key->scalar) != 0) {
        crypto_vrf_key_free(key);
        return KITH_ERR_CRYPTO;
    }
    *out = key;
    return KITH_OK;
}

void
crypto_vrf_key_free(crypto_vrf_key *key)
{
    if (key != NULL) {
        kith_mem_free(key->alloc, key, sizeof *key);
    }
}

kith_bytes
crypto_vrf_key_public(const crypto_vrf_key *key)
{
    return KITH_BYTES(key->public_key);
}

kith_err
vrf_join_input(crypto *c, crypto_parts input, kith_buf *out)
{
    size_t len = 0;

    out->alloc = c->alloc;
    for (size_t i = 0; i < input.count; i++) {
        KITH_ENSURE(input.items[i].len <= CRYPTO_VRF_INPUT_MAX - len, KITH_ERR_LIMIT);
        len += input.items[i].len;
        KITH_TRY(kith_buf_append(out, input.items[i]));
    }
    return KITH_OK;
}

/* H and Gamma = x * H [RFC9381 §5.1]. */
static kith_err
make_gamma(crypto *c, const crypto_vrf_key *key, crypto_parts input, uint8_t h[POINT_LEN],
           uint8_t gamma[POINT_LEN])
{
    KITH_AUTO(kith_buf) joined = {0};

    KITH_TRY(vrf_join_input(c, input, &joined));
    KITH_TRY(encode_to_curve(c, key->public_key, kith_bytes_of_buf(&joined), h));
    KITH_ENSURE(crypto_scalarmult_ed25519_noclamp(gamma, key->scalar, h) == 0, KITH_ERR_CRYPTO);
    return KITH_OK;
}

/* ECVRF_nonce_generation_RFC8032 [RFC9381 §5.4.2.2]. */
static kith_err
make_nonce(crypto *c, const crypto_vrf_key *key, const uint8_t h[POINT_LEN],
           uint8_t out[SCALAR_LEN])
{
    uint8_t hash[CRYPTO_SHA512_LEN];

    KITH_TRY(crypto_digest(c, CRYPTO_SHA512,
                           CRYPTO_PARTS(KITH_BYTES(key->nonce_seed), kith_bytes_of(h, POINT_LEN)),
                           hash));
    crypto_core_ed25519_scalar_reduce(out, hash);
    kith_wipe(hash, sizeof hash);
    return KITH_OK;
}

/* c || s [RFC9381 §5.1]; `nonce` is k. */
static kith_err
write_proof(crypto *c, const crypto_vrf_key *key, const uint8_t h[POINT_LEN],
            const uint8_t nonce[SCALAR_LEN], uint8_t proof[CRYPTO_VRF_PROOF_LEN])
{
    uint8_t u[POINT_LEN];
    uint8_t v[POINT_LEN];
    uint8_t challenge[SCALAR_LEN];
    uint8_t product[SCALAR_LEN];

    KITH_ENSURE(crypto_scalarmult_ed25519_base_noclamp(u, nonce) == 0 &&
                    crypto_scalarmult_ed25519_noclamp(v, nonce, h) == 0,
                KITH_ERR_CRYPTO);
    const uint8_t *const points[5] = {key->public_key, h, proof, u, v};
    KITH_TRY(make_challenge(c, points, challenge));
    memcpy(proof + POINT_LEN, challenge, VRF_CHALLENGE_LEN);
    crypto_core_ed25519_scalar_mul(product, challenge, key->scalar);
    crypto_core_ed25519_scalar_add(proof + POINT_LEN + VRF_CHALLENGE_LEN, nonce, product);
    kith_wipe(product, sizeof product);
    return KITH_OK;
}

kith_err
crypto_vrf_prove(crypto *c, const crypto_vrf_key *key, crypto_parts input, crypto_vrf_result *out)
{
    crypto_vrf_result result;
    uint8_t h[POINT_LEN];
    uint8_t nonce[SCALAR_LEN];

    KITH_TRY(make_gamma(c, key, input, h, result.proof));
    KITH_TRY(make_output(c, result.proof, result.output));
    KITH_TRY(make_nonce(c, key, h, nonce));
    const kith_err err = write_proof(c, key, h, nonce, result.proof);
    kith_wipe(nonce, sizeof nonce);
    KITH_TRY(err);
    *out = result;
    return KITH_OK;
}

kith_err
crypto_vrf_evaluate(crypto *c, const crypto_vrf_key *key, crypto_parts input,
                    uint8_t out[CRYPTO_VRF_OUTPUT_LEN])
{
    uint8_t h[POINT_LEN];
    uint8_t gamma[POINT_LEN];

    KITH_TRY(make_gamma(c, key, input, h, gamma));
    return make_output(c, gamma, out);
}

/* a * first - b * second, or false if a term is the identity, which no honest proof has. `first` NULL is
 * the base point. */
static bool
subtract_products(const uint8_t *a, const uint8_t *first, const uint8_t *b, const uint8_t *second,
                  uint8_t out[POINT_LEN])
{
    uint8_t left[POINT_LEN];
    uint8_t right[POINT_LEN];
    const int made = first == NULL ? crypto_scalarmult_ed25519_base_noclamp(left, a)
                                   : crypto_scalarmult_ed25519_noclamp(left, a, first);

    return made == 0 && crypto_scalarmult_ed25519_noclamp(right, b, second) == 0 &&
           crypto_core_ed25519_sub(out, left, right) == 0;
}

/* [RFC9381 §5.3] for a public key that may be none; `h` is the input as a point. Multiplying refuses points
 * that are not of the group of prime order, which the key and Gamma are thus checked to be. */
static kith_err
check_proof(crypto *c, const crypto_vrf_claim *claim, const uint8_t h[POINT_LEN])
{
    const uint8_t *public_key = claim->public_key.data;
    const uint8_t *gamma = claim->proof.data;
    const uint8_t *s = gamma + POINT_LEN + VRF_CHALLENGE_LEN;
    uint8_t u[POINT_LEN];
    uint8_t v[POINT_LEN];
    uint8_t challenge[SCALAR_LEN] = {0};
    uint8_t expected[SCALAR_LEN];

    memcpy(challenge, gamma + POINT_LEN, VRF_CHALLENGE_LEN);
    KITH_ENSURE(is_canonical(gamma) && is_below(s, order), KITH_ERR_REJECTED);
    KITH_ENSURE(subtract_products(s, NULL, challenge, public_key, u) &&
                    subtract_products(s, h, challenge, gamma, v),
                KITH_ERR_REJECTED);
    const uint8_t *const points[5] = {public_key, h, gamma, u, v};
    KITH_TRY(make_challenge(c, points, expected));
    KITH_ENSURE(memcmp(expected, challenge, sizeof expected) == 0, KITH_ERR_REJECTED);
    return KITH_OK;
}

/* Stricter than [RFC9381 §5.3] in one point: Gamma must lie in the group of prime order, as that of every
 * honest prover does. */
kith_err
crypto_vrf_verify(crypto *c, const crypto_vrf_claim *claim, uint8_t out[CRYPTO_VRF_OUTPUT_LEN])
{
    KITH_AUTO(kith_buf) joined = {0};
    uint8_t h[POINT_LEN];

    KITH_ENSURE(claim->public_key.len == CRYPTO_VRF_PUBLIC_LEN &&
                    is_canonical(claim->public_key.data),
                KITH_ERR_MALFORMED);
    KITH_ENSURE(claim->proof.len == CRYPTO_VRF_PROOF_LEN, KITH_ERR_REJECTED);
    KITH_TRY(vrf_join_input(c, claim->input, &joined));
    KITH_TRY(encode_to_curve(c, claim->public_key.data, kith_bytes_of_buf(&joined), h));
    const kith_err err = check_proof(c, claim, h);
    if (err != KITH_OK) {
        const bool is_key = is_group_point(claim->public_key.data);
        return err == KITH_ERR_REJECTED && !is_key ? KITH_ERR_MALFORMED : err;
    }
    return make_output(c, claim->proof.data, out);
}

kith_err
crypto_vrf_peek(crypto *c, kith_bytes proof, uint8_t out[CRYPTO_VRF_OUTPUT_LEN])
{
    KITH_ENSURE(proof.len == CRYPTO_VRF_PROOF_LEN, KITH_ERR_REJECTED);
    const kith_err err = make_output(c, proof.data, out);

    return err == KITH_ERR_CRYPTO ? KITH_ERR_REJECTED : err;
}
