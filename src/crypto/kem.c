/* SPDX-License-Identifier: MPL-2.0 */
/* The KEMs of HPKE behind one interface: the table of them, raw keys and parsed keys. */
#include <string.h>

#include "crypto/kem_parts.h"

static const kem_row rows[] = {
    {.id = CRYPTO_KEM_P256,
     .sizes = {32, 65, 65, 32},
     .dh = CRYPTO_P256,
     .hash = CRYPTO_SHA256,
     .ml = ML_KEM_IDS},
    {.id = CRYPTO_KEM_P384,
     .sizes = {48, 97, 97, 48},
     .dh = CRYPTO_P384,
     .hash = CRYPTO_SHA384,
     .ml = ML_KEM_IDS},
    {.id = CRYPTO_KEM_P521,
     .sizes = {64, 133, 133, 66},
     .dh = CRYPTO_P521,
     .hash = CRYPTO_SHA512,
     .ml = ML_KEM_IDS},
    {.id = CRYPTO_KEM_X25519,
     .sizes = {32, 32, 32, 32},
     .dh = CRYPTO_X25519,
     .hash = CRYPTO_SHA256,
     .ml = ML_KEM_IDS},
    {.id = CRYPTO_KEM_X448,
     .sizes = {64, 56, 56, 56},
     .dh = CRYPTO_X448,
     .hash = CRYPTO_SHA512,
     .ml = ML_KEM_IDS},
    {.id = CRYPTO_KEM_ML_KEM_768, .sizes = {32, 1088, 1184, 64}, .ml = ML_KEM_768},
    {.id = CRYPTO_KEM_ML_KEM_1024, .sizes = {32, 1568, 1568, 64}, .ml = ML_KEM_1024},
    {.id = CRYPTO_KEM_MLKEM768_P256,
     .sizes = {32, 1153, 1249, 32},
     .dh = CRYPTO_P256,
     .ml = ML_KEM_768,
     .dh_seed = 128,
     .label = "MLKEM768-P256"},
    {.id = CRYPTO_KEM_MLKEM1024_P384,
     .sizes = {32, 1665, 1665, 32},
     .dh = CRYPTO_P384,
     .ml = ML_KEM_1024,
     .dh_seed = 48,
     .label = "MLKEM1024-P384"},
    {.id = CRYPTO_KEM_MLKEM768_X25519,
     .sizes = {32, 1120, 1216, 32},
     .dh = CRYPTO_X25519,
     .ml = ML_KEM_768,
     .dh_seed = 32,
     .label = "\\.//^\\"},
};

static const kem_row *
find_row(crypto_kem_id id)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].id == id) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool
is_dhkem(const kem_row *row)
{
    return row->ml == ML_KEM_IDS;
}

static bool
is_hybrid(const kem_row *row)
{
    return row->ml != ML_KEM_IDS && row->dh != 0;
}

crypto_kem_sizes
crypto_kem_sizes_of(crypto_kem_id id)
{
    const kem_row *row = find_row(id);

    return row == NULL ? (crypto_kem_sizes){0} : row->sizes;
}

static size_t
key_size(const kem_row *row)
{
    return sizeof(crypto_kem_key) + row->sizes.public_key;
}

void
crypto_kem_key_free(crypto_kem_key *key)
{
    if (key != NULL) {
        ml_key_done(&key->ml);
        kith_mem_free(key->alloc, key, key_size(key->row));
    }
}

static kith_err
load_public(crypto *c, const kem_row *row, kith_bytes public_key, crypto_kem_key *key)
{
    const size_t ml_len = ml_public_len(row);

    memcpy(key->public_key, public_key.data, public_key.len);
    if (row->dh != 0) {
        KITH_TRY(dh_public_check(c, row->dh,
                                 kith_bytes_of(public_key.data + ml_len, public_key.len - ml_len)));
    }
    return is_dhkem(row) ? KITH_OK : ml_key_of_public(c, row, public_key.data, &key->ml);
}

static kith_err
load_private(crypto *c, const kem_row *row, kith_bytes private_key, crypto_kem_key *key)
{
    key->is_private = true;
    if (is_hybrid(row)) {
        return hybrid_of_seed(c, private_key, key);
    }
    if (!is_dhkem(row)) {
        return ml_key_of_seed(c, row, private_key.data, key->public_key, &key->ml);
    }
    KITH_TRY(dh_public(c, row->dh, private_key, key->public_key));
    memcpy(key->scalar, private_key.data, private_key.len);
    return KITH_OK;
}

typedef kith_err (*loader)(crypto *c, const kem_row *row, kith_bytes bytes, crypto_kem_key *key);

static kith_err
make_key(crypto *c, const kem_row *row, kith_bytes bytes, loader load, crypto_kem_key **out)
{
    crypto_kem_key *key = kith_mem_zalloc(c->alloc, 1, key_size(row));

    KITH_ENSURE(key != NULL, KITH_ERR_NO_MEMORY);
    key->alloc = c->alloc;
    key->row = row;
    const kith_err err = load(c, row, bytes, key);
    if (err != KITH_OK) {
        crypto_kem_key_free(key);
        return err;
    }
    *out = key;
    return KITH_OK;
}

kith_err
crypto_kem_key_of_public(crypto *c, crypto_kem_id id, kith_bytes public_key, crypto_kem_key **out)
{
    const kem_row *row = find_row(id);

    KITH_ENSURE(row != NULL, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(public_key.len == row->sizes.public_key, KITH_ERR_MALFORMED);
    return make_key(c, row, public_key, load_public, out);
}

kith_err
crypto_kem_key_of_private(crypto *c, crypto_kem_id id, kith_bytes private_key, crypto_kem_key **out)
{
    const kem_row *row = find_row(id);

    KITH_ENSURE(row != NULL, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(private_key.len == row->sizes.private_key, KITH_ERR_MALFORMED);
    return make_key(c, row, private_key, load_private, out);
}

crypto_kem_id
crypto_kem_key_id(const crypto_kem_key *key)
{
    return key->row->id;
}

kith_bytes
crypto_kem_key_public(const crypto_kem_key *key)
{
    return kith_bytes_of(key->public_key, key->row->sizes.public_key);
}

kith_err
crypto_kem_public(crypto *c, crypto_kem_id id, kith_bytes private_key, kith_buf *out)
{
    crypto_kem_key *key = NULL;

    KITH_TRY(crypto_kem_key_of_private(c, id, private_key, &key));
    const kith_err err = kith_buf_append(out, crypto_kem_key_public(key));
    crypto_kem_key_free(key);
    return err;
}

kith_err
crypto_kem_public_check(crypto *c, crypto_kem_id id, kith_bytes public_key)
{
    crypto_kem_key *key = NULL;

    KITH_TRY(crypto_kem_key_of_public(c, id, public_key, &key));
    crypto_kem_key_free(key);
    return KITH_OK;
}

void
crypto_kem_pair_done(crypto_kem_pair *pair)
{
    if (pair != NULL) {
        kith_secret_done(&pair->private_key);
        kith_buf_done(&pair->public_key);
    }
}

/* Replaces `*out` by the pair of a private key. */
static kith_err
complete_pair(crypto *c, crypto_kem_id id, kith_secret *private_key, crypto_kem_pair *out)
{
    KITH_AUTO(kith_buf) public_key = {.alloc = c->alloc};

    KITH_TRY(crypto_kem_public(c, id, kith_bytes_of_secret(private_key), &public_key));
    crypto_kem_pair_done(out);
    out->private_key = kith_secret_take(private_key);
    out->public_key = kith_buf_take(&public_key);
    return KITH_OK;
}

/* dk or seed = SHAKE256.LabeledDerive(ikm, "DeriveKeyPair", "", Nsk) [HPKE-PQ §3] [HPKE-PQ §4]. */
static kith_err
derive_seed(crypto *c, const kem_row *row, kith_bytes ikm, kith_secret *out)
{
    const uint8_t suite[] = {'K', 'E', 'M', (uint8_t)(row->id >> 8), (uint8_t)row->id};
    const kdf_expand in = {
        .label = {KITH_BYTES(suite), "DeriveKeyPair"},
        .secret = ikm,
        .len = row->sizes.private_key,
    };

    return kdf_labeled_derive(c, XOF_SHAKE256, &in, out);
}

kith_err
crypto_kem_derive(crypto *c, crypto_kem_id id, kith_bytes ikm, crypto_kem_pair *out)
{
    const kem_row *row = find_row(id);
    KITH_AUTO(kith_secret) private_key = {0};

    KITH_ENSURE(row != NULL, KITH_ERR_UNSUPPORTED);
    KITH_TRY(is_dhkem(row) ? dhkem_derive(c, row, ikm, &private_key)
                           : derive_seed(c, row, ikm, &private_key));
    return complete_pair(c, id, &private_key, out);
}

kith_err
crypto_kem_generate(crypto *c, crypto_kem_id id, const kith_rng *rng, crypto_kem_pair *out)
{
    const kem_row *row = find_row(id);
    KITH_AUTO(kith_secret) random = {0};

    KITH_ENSURE(row != NULL, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_rng_secret(rng, row->sizes.private_key, &random));
    if (is_dhkem(row)) {
        return crypto_kem_derive(c, id, kith_bytes_of_secret(&random), out);
    }
    /* A seed is any string of random bytes [HPKE-PQ §3]. */
    return complete_pair(c, id, &random, out);
}

static kith_err
encap_ml(crypto_kem_key *key, const kith_rng *rng, kith_secret *shared, uint8_t *enc)
{
    KITH_AUTO(kith_secret) fresh = {.len = ML_KEM_SECRET_LEN};

    KITH_TRY(ml_encap(key, rng, fresh.data, enc));
    *shared = kith_secret_take(&fresh);
    return KITH_OK;
}

static kith_err
decap_ml(crypto_kem_key *key, const uint8_t *enc, kith_secret *shared)
{
    KITH_AUTO(kith_secret) fresh = {.len = ML_KEM_SECRET_LEN};

    KITH_TRY(ml_decap(key, enc, fresh.data));
    *shared = kith_secret_take(&fresh);
    return KITH_OK;
}

kith_err
crypto_kem_encap(crypto *c, crypto_kem_key *key, const kith_rng *rng, kith_secret *shared,
                 kith_buf *enc)
{
    const kem_row *row = key->row;
    uint8_t sent[CRYPTO_KEM_ENC_MAX];
    KITH_AUTO(kith_secret) fresh = {0};

    if (is_dhkem(row)) {
        KITH_TRY(dhkem_encap(c, key, rng, &fresh, sent));
    } else if (is_hybrid(row)) {
        KITH_TRY(hybrid_encap(c, key, rng, &fresh, sent));
    } else {
        KITH_TRY(encap_ml(key, rng, &fresh, sent));
    }
    KITH_TRY(kith_buf_append(enc, kith_bytes_of(sent, row->sizes.enc)));
    *shared = kith_secret_take(&fresh);
    return KITH_OK;
}

kith_err
crypto_kem_decap(crypto *c, crypto_kem_key *key, kith_bytes enc, kith_secret *shared)
{
    const kem_row *row = key->row;

    KITH_ENSURE(key->is_private, KITH_ERR_INVALID);
    KITH_ENSURE(enc.len == row->sizes.enc, KITH_ERR_MALFORMED);
    if (is_dhkem(row)) {
        return dhkem_decap(c, key, enc.data, shared);
    }
    return is_hybrid(row) ? hybrid_decap(c, key, enc.data, shared)
                          : decap_ml(key, enc.data, shared);
}
