/* SPDX-License-Identifier: MPL-2.0 */
/* DHKEM(Group, KDF) of HPKE [RFC9180 §4.1] [RFC9180 §7.1.3]. */
#include <string.h>

#include "crypto/kem_parts.h"

/* Candidates that DeriveKeyPair may try [RFC9180 §7.1.3]. */
#define CANDIDATES 256

/* suite_id = "KEM" || I2OSP(kem_id, 2) [RFC9180 §4.1]. */
typedef struct suite_id {
    uint8_t bytes[5];
} suite_id;

static suite_id
suite_of(const kem_row *row)
{
    return (suite_id){{'K', 'E', 'M', (uint8_t)(row->id >> 8), (uint8_t)row->id}};
}

static kith_err
derive_candidates(crypto *c, const kem_row *row, const kdf_expand *expand, kith_secret *out)
{
    for (unsigned counter = 0; counter < CANDIDATES; counter++) {
        const uint8_t number = (uint8_t)counter;
        kdf_expand in = *expand;
        in.info = kith_bytes_of(&number, 1);
        KITH_AUTO(kith_secret) candidate = {0};

        KITH_TRY(kdf_labeled_expand(c, row->hash, &in, &candidate));
        if (row->dh == CRYPTO_P521) {
            candidate.data[0] &= 1; /* bitmask 0x01 */
        }
        const kith_err err = dh_private_check(c, row->dh, kith_bytes_of_secret(&candidate));
        if (err != KITH_ERR_MALFORMED) {
            KITH_TRY(err);
            *out = kith_secret_take(&candidate);
            return KITH_OK;
        }
    }
    return KITH_ERR_CRYPTO;
}

kith_err
dhkem_derive(crypto *c, const kem_row *row, kith_bytes ikm, kith_secret *out)
{
    const suite_id suite = suite_of(row);
    KITH_AUTO(kith_secret) prk = {0};
    const kdf_extract extract = {
        .label = {KITH_BYTES(suite.bytes), "dkp_prk"},
        .ikm = ikm,
    };

    KITH_TRY(kdf_labeled_extract(c, row->hash, &extract, &prk));
    kdf_expand expand = {
        .label = {KITH_BYTES(suite.bytes), "sk"},
        .secret = kith_bytes_of_secret(&prk),
        .len = row->sizes.private_key,
    };
    if (row->dh == CRYPTO_X25519 || row->dh == CRYPTO_X448) {
        return kdf_labeled_expand(c, row->hash, &expand, out);
    }
    expand.label.label = "candidate";
    return derive_candidates(c, row, &expand, out);
}

/* ExtractAndExpand(dh, enc || pkRm) [RFC9180 §4.1]. */
static kith_err
extract_and_expand(crypto *c, const crypto_kem_key *key, kith_bytes dh, const uint8_t *enc,
                   kith_secret *shared)
{
    const kem_row *row = key->row;
    const suite_id suite = suite_of(row);
    uint8_t context[2 * CRYPTO_DH_PUBLIC_MAX];
    KITH_AUTO(kith_secret) prk = {0};
    const kdf_extract extract = {.label = {KITH_BYTES(suite.bytes), "eae_prk"}, .ikm = dh};

    memcpy(context, enc, row->sizes.enc);
    memcpy(context + row->sizes.enc, key->public_key, row->sizes.public_key);
    KITH_TRY(kdf_labeled_extract(c, row->hash, &extract, &prk));
    const kdf_expand expand = {
        .label = {KITH_BYTES(suite.bytes), "shared_secret"},
        .secret = kith_bytes_of_secret(&prk),
        .info = kith_bytes_of(context, row->sizes.enc + row->sizes.public_key),
        .len = row->sizes.secret,
    };
    return kdf_labeled_expand(c, row->hash, &expand, shared);
}

kith_err
dhkem_encap(crypto *c, crypto_kem_key *key, const kith_rng *rng, kith_secret *shared, uint8_t *enc)
{
    const kem_row *row = key->row;
    KITH_AUTO(kith_secret) ikm = {0};
    KITH_AUTO(kith_secret) ephemeral = {0};
    KITH_AUTO(kith_secret) dh = {.len = crypto_dh_sizes_of(row->dh).secret};

    KITH_TRY(kith_rng_secret(rng, row->sizes.private_key, &ikm));
    KITH_TRY(dhkem_derive(c, row, kith_bytes_of_secret(&ikm), &ephemeral));
    KITH_TRY(dh_public(c, row->dh, kith_bytes_of_secret(&ephemeral), enc));
    KITH_TRY(dh_shared(c, row->dh, kith_bytes_of_secret(&ephemeral),
                       kith_bytes_of(key->public_key, row->sizes.public_key), dh.data));
    return extract_and_expand(c, key, kith_bytes_of_secret(&dh), enc, shared);
}

kith_err
dhkem_decap(crypto *c, crypto_kem_key *key, const uint8_t *enc, kith_secret *shared)
{
    const kem_row *row = key->row;
    KITH_AUTO(kith_secret) dh = {.len = crypto_dh_sizes_of(row->dh).secret};

    KITH_TRY(dh_shared(c, row->dh, kith_bytes_of(key->scalar, row->sizes.private_key),
                       kith_bytes_of(enc, row->sizes.enc), dh.data));
    return extract_and_expand(c, key, kith_bytes_of_secret(&dh), enc, shared);
}
