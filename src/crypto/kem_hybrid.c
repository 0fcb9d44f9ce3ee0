/* SPDX-License-Identifier: MPL-2.0 */
/* ML-KEM beside a curve, joined by SHA3-256 over both secrets and the curve's transcript
 * [HYBRID-KEMS]. With X25519 this is X-Wing. */
#include <string.h>

#include "crypto/kem_parts.h"

/* RandomScalar(seed): the first candidate in range [HYBRID-KEMS]. */
static kith_err
load_scalar(crypto *c, const kem_row *row, const uint8_t *seed, uint8_t *scalar)
{
    const size_t len = crypto_dh_sizes_of(row->dh).private_key;

    for (size_t at = 0; at + len <= row->dh_seed; at += len) {
        const kith_err err = dh_private_check(c, row->dh, kith_bytes_of(seed + at, len));
        if (err != KITH_ERR_MALFORMED) {
            KITH_TRY(err);
            memcpy(scalar, seed + at, len);
            return KITH_OK;
        }
    }
    return KITH_ERR_CRYPTO;
}

kith_err
hybrid_of_seed(crypto *c, kith_bytes seed, crypto_kem_key *key)
{
    const kem_row *row = key->row;
    uint8_t expanded[ML_KEM_SEED_LEN + DH_SEED_MAX] = {0};
    const size_t len = ML_KEM_SEED_LEN + row->dh_seed;
    const size_t scalar_len = crypto_dh_sizes_of(row->dh).private_key;

    /* seed_full = PRG(seed), split into seed_PQ and seed_T [HYBRID-KEMS]. */
    kith_err err = xof_squeeze(c, XOF_SHAKE256, CRYPTO_PARTS(seed), expanded, len);
    if (err == KITH_OK) {
        err = load_scalar(c, row, expanded + ML_KEM_SEED_LEN, key->scalar);
    }
    if (err == KITH_OK) {
        err = dh_public(c, row->dh, kith_bytes_of(key->scalar, scalar_len),
                        key->public_key + ml_public_len(row));
    }
    if (err == KITH_OK) {
        err = ml_key_of_seed(c, row, expanded, key->public_key, &key->ml);
    }
    kith_wipe(expanded, sizeof expanded);
    return err;
}

/* SHA3-256(ss_PQ || ss_T || ct_T || ek_T || label) [HYBRID-KEMS]. */
static kith_err
combine(crypto *c, const crypto_kem_key *key, kith_bytes secrets, const uint8_t *enc,
        kith_secret *shared)
{
    const kem_row *row = key->row;
    const size_t point_len = crypto_dh_sizes_of(row->dh).public_key;
    KITH_AUTO(kith_secret) joined = {.len = row->sizes.secret};
    const crypto_parts parts =
        CRYPTO_PARTS(secrets, kith_bytes_of(enc + ml_enc_len(row), point_len),
                     kith_bytes_of(key->public_key + ml_public_len(row), point_len),
                     kith_bytes_of_text(row->label));

    KITH_TRY(crypto_digest(c, CRYPTO_SHA3_256, parts, joined.data));
    *shared = kith_secret_take(&joined);
    return KITH_OK;
}

/* A fresh scalar. Candidates are drawn one by one where the draft takes all of them at once; the rest
 * would be thrown away. */
static kith_err
random_scalar(crypto *c, const kem_row *row, const kith_rng *rng, kith_secret *out)
{
    KITH_AUTO(kith_secret) scalar = {.len = crypto_dh_sizes_of(row->dh).private_key};

    if (row->dh == CRYPTO_X25519) {
        KITH_TRY(kith_rng_fill(rng, scalar.data, scalar.len));
    } else {
        const curve_id curve = row->dh == CRYPTO_P256 ? CURVE_P256 : CURVE_P384;
        const unsigned tries = (unsigned)(row->dh_seed / scalar.len);
        KITH_TRY(curve_scalar_random(c, curve, rng, tries, scalar.data));
    }
    *out = kith_secret_take(&scalar);
    return KITH_OK;
}

kith_err
hybrid_encap(crypto *c, crypto_kem_key *key, const kith_rng *rng, kith_secret *shared, uint8_t *enc)
{
    const kem_row *row = key->row;
    const crypto_dh_sizes dh = crypto_dh_sizes_of(row->dh);
    uint8_t *enc_dh = enc + ml_enc_len(row);
    KITH_AUTO(kith_secret) scalar = {0};
    KITH_AUTO(kith_secret) secrets = {.len = ML_KEM_SECRET_LEN + dh.secret};
    const kith_bytes peer = {key->public_key + ml_public_len(row), dh.public_key};

    KITH_TRY(ml_encap(key, rng, secrets.data, enc));
    KITH_TRY(random_scalar(c, row, rng, &scalar));
    KITH_TRY(dh_public(c, row->dh, kith_bytes_of_secret(&scalar), enc_dh));
    KITH_TRY(dh_shared(c, row->dh, kith_bytes_of_secret(&scalar), peer,
                       secrets.data + ML_KEM_SECRET_LEN));
    return combine(c, key, kith_bytes_of_secret(&secrets), enc, shared);
}

kith_err
hybrid_decap(crypto *c, crypto_kem_key *key, const uint8_t *enc, kith_secret *shared)
{
    const kem_row *row = key->row;
    const crypto_dh_sizes dh = crypto_dh_sizes_of(row->dh);
    KITH_AUTO(kith_secret) secrets = {.len = ML_KEM_SECRET_LEN + dh.secret};
    const kith_bytes own = {key->scalar, dh.private_key};
    const kith_bytes peer = {enc + ml_enc_len(row), dh.public_key};

    KITH_TRY(dh_shared(c, row->dh, own, peer, secrets.data + ML_KEM_SECRET_LEN));
    KITH_TRY(ml_decap(key, enc, secrets.data));
    return combine(c, key, kith_bytes_of_secret(&secrets), enc, shared);
}
