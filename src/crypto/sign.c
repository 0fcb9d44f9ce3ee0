/* SPDX-License-Identifier: MPL-2.0 */
/* Signature keys. Ed25519 is in curve25519.h, the others are in sign_evp.c. */
#include <string.h>

#include "crypto/curve25519.h"

/* Longest private key; also room for the seed and public key of Ed25519 that are kept together. */
#define PRIVATE_MAX CURVE_SCALAR_MAX
/* A uniform candidate for an ECDSA scalar is in range with a chance of at least one half. */
#define SCALAR_TRIES 128

struct crypto_sign_key {
    const kith_alloc *alloc;
    crypto_sign_id id;
    evp_key evp;
    uint8_t private_key[PRIVATE_MAX];
    uint8_t public_key[]; /* as long as the id says */
};

struct crypto_verify_key {
    const kith_alloc *alloc;
    crypto_sign_id id;
    evp_key evp;
    uint8_t ed25519[ED25519_PUBLIC_LEN];
};

crypto_sign_sizes
crypto_sign_sizes_of(crypto_sign_id id)
{
    switch (id) {
    case CRYPTO_ED25519:
        return (crypto_sign_sizes){32, 32, 64};
    case CRYPTO_ED448:
        return (crypto_sign_sizes){57, 57, 114};
    case CRYPTO_ECDSA_P256_SHA256:
        return (crypto_sign_sizes){32, 65, 72};
    case CRYPTO_ECDSA_P384_SHA384:
        return (crypto_sign_sizes){48, 97, 104};
    case CRYPTO_ECDSA_P521_SHA512:
        return (crypto_sign_sizes){66, 133, 139};
    case CRYPTO_ML_DSA_44:
        return (crypto_sign_sizes){32, 1312, 2420};
    case CRYPTO_ML_DSA_65:
        return (crypto_sign_sizes){32, 1952, 3309};
    case CRYPTO_ML_DSA_87:
        return (crypto_sign_sizes){32, 2592, 4627};
    }
    return (crypto_sign_sizes){0};
}

static size_t
key_size(crypto_sign_id id)
{
    return sizeof(crypto_sign_key) + crypto_sign_sizes_of(id).public_key;
}

static kith_err
load_private(crypto *c, kith_bytes private_key, crypto_sign_key *key)
{
    if (key->id != CRYPTO_ED25519) {
        KITH_TRY(evp_key_of_private(c, key->id, private_key, key->public_key, &key->evp));
        memcpy(key->private_key, private_key.data, private_key.len);
        return KITH_OK;
    }
    KITH_TRY(ed25519_load(c, private_key.data, key->private_key, &key->evp));
    memcpy(key->public_key, key->private_key + ED25519_SEED_LEN, ED25519_PUBLIC_LEN);
    return KITH_OK;
}

kith_err
crypto_sign_key_import(crypto *c, crypto_sign_id id, kith_bytes private_key, crypto_sign_key **out)
{
    const crypto_sign_sizes sizes = crypto_sign_sizes_of(id);

    KITH_ENSURE(sizes.private_key > 0, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(private_key.len == sizes.private_key, KITH_ERR_MALFORMED);
    crypto_sign_key *key = kith_mem_zalloc(c->alloc, 1, key_size(id));
    KITH_ENSURE(key != NULL, KITH_ERR_NO_MEMORY);
    key->alloc = c->alloc;
    key->id = id;
    const kith_err err = load_private(c, private_key, key);
    if (err != KITH_OK) {
        crypto_sign_key_free(key);
        return err;
    }
    *out = key;
    return KITH_OK;
}

kith_err
crypto_sign_key_generate(crypto *c, crypto_sign_id id, const kith_rng *rng, crypto_sign_key **out)
{
    KITH_AUTO(kith_secret) fresh = {.len = crypto_sign_sizes_of(id).private_key};

    KITH_ENSURE(fresh.len > 0, KITH_ERR_UNSUPPORTED);
    if (evp_is_ecdsa(id)) {
        KITH_TRY(curve_scalar_random(c, evp_curve(id), rng, SCALAR_TRIES, fresh.data));
    } else {
        KITH_TRY(kith_rng_fill(rng, fresh.data, fresh.len));
    }
    return crypto_sign_key_import(c, id, kith_bytes_of_secret(&fresh), out);
}

void
crypto_sign_key_free(crypto_sign_key *key)
{
    if (key != NULL) {
        evp_key_done(&key->evp);
        kith_mem_free(key->alloc, key, key_size(key->id));
    }
}

crypto_sign_id
crypto_sign_key_id(const crypto_sign_key *key)
{
    return key->id;
}

kith_bytes
crypto_sign_key_public(const crypto_sign_key *key)
{
    return kith_bytes_of(key->public_key, crypto_sign_sizes_of(key->id).public_key);
}

kith_bytes
crypto_sign_key_private(const crypto_sign_key *key)
{
    return kith_bytes_of(key->private_key, crypto_sign_sizes_of(key->id).private_key);
}

/* What the library is to sign or verify: the message, or its hash in `digest` for ECDSA. */
static kith_err
prepare(crypto *c, crypto_sign_id id, kith_bytes message, uint8_t digest[CRYPTO_HASH_MAX],
        kith_bytes *out)
{
    static const uint8_t nothing[1];

    if (evp_is_ecdsa(id)) {
        KITH_TRY(crypto_digest(c, evp_hash(id), CRYPTO_PARTS(message), digest));
        *out = kith_bytes_of(digest, crypto_hash_len(evp_hash(id)));
        return KITH_OK;
    }
    /* Never NULL: some algorithms of the library refuse it even with a length of 0. */
    *out = message.len == 0 ? kith_bytes_of(nothing, 0) : message;
    return KITH_OK;
}

kith_err
crypto_sign_with(crypto *c, crypto_sign_key *key, kith_bytes message, kith_buf *out)
{
    const size_t before = out->len;
    size_t len = crypto_sign_sizes_of(key->id).signature;
    uint8_t digest[CRYPTO_HASH_MAX];
    uint8_t *at = NULL;
    kith_bytes input = {0};

    KITH_TRY(prepare(c, key->id, message, digest, &input));
    KITH_TRY(kith_buf_extend(out, len, &at));
    const kith_err err = key->id == CRYPTO_ED25519
                             ? ed25519_sign(&key->evp, key->private_key, input, at)
                             : evp_sign(&key->evp, input, at, &len);
    out->len = before + (err == KITH_OK ? len : 0);
    return err;
}

static bool
can_be_signature(crypto_sign_id id, kith_bytes signature)
{
    const size_t len = crypto_sign_sizes_of(id).signature;

    return evp_is_ecdsa(id) ? signature.len > 0 && signature.len <= len : signature.len == len;
}

kith_err
crypto_verify_key_new(crypto *c, crypto_sign_id id, kith_bytes public_key, crypto_verify_key **out)
{
    const crypto_sign_sizes sizes = crypto_sign_sizes_of(id);
    KITH_AUTO(evp_key) evp = {0};

    KITH_ENSURE(sizes.public_key > 0, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(public_key.len == sizes.public_key, KITH_ERR_MALFORMED);
    if (id == CRYPTO_ED25519) {
        KITH_TRY(ed25519_public_check(public_key.data));
        KITH_TRY(ed25519_open(c, public_key.data, &evp));
    } else {
        KITH_TRY(evp_key_of_public(c, id, public_key, &evp));
    }
    crypto_verify_key *key = kith_mem_zalloc(c->alloc, 1, sizeof *key);
    KITH_ENSURE(key != NULL, KITH_ERR_NO_MEMORY);
    key->alloc = c->alloc;
    key->id = id;
    key->evp = evp;
    evp = (evp_key){0};
    if (id == CRYPTO_ED25519) {
        memcpy(key->ed25519, public_key.data, sizeof key->ed25519);
    }
    *out = key;
    return KITH_OK;
}

void
crypto_verify_key_free(crypto_verify_key *key)
{
    if (key != NULL) {
        evp_key_done(&key->evp);
        kith_mem_free(key->alloc, key, sizeof *key);
    }
}

kith_err
crypto_verify_with(crypto *c, crypto_verify_key *key, kith_bytes message, kith_bytes signature)
{
    uint8_t digest[CRYPTO_HASH_MAX];
    kith_bytes input = {0};

    KITH_ENSURE(can_be_signature(key->id, signature), KITH_ERR_REJECTED);
    KITH_TRY(prepare(c, key->id, message, digest, &input));
    if (key->id == CRYPTO_ED25519) {
        return ed25519_verify(&key->evp, key->ed25519, input, signature);
    }
    return evp_verify(&key->evp, input, signature);
}

/* ed25519_verify refuses whatever is no canonical point by itself: a good signature needs no second look at the
 * key, which costs as much again. */
static kith_err
verify_ed25519_once(crypto *c, const uint8_t public_key[ED25519_PUBLIC_LEN], kith_bytes message,
                    kith_bytes signature)
{
    KITH_AUTO(evp_key) evp = {0};
    kith_bytes input = {0};

    KITH_TRY(prepare(c, CRYPTO_ED25519, message, NULL, &input));
    KITH_TRY(ed25519_open(c, public_key, &evp));
    const kith_err err = ed25519_verify(&evp, public_key, input, signature);
    if (err == KITH_ERR_REJECTED) {
        KITH_TRY(ed25519_public_check(public_key));
    }
    return err;
}

kith_err
crypto_verify(crypto *c, crypto_sign_id id, kith_bytes public_key, kith_bytes message,
              kith_bytes signature)
{
    crypto_verify_key *key = NULL;

    if (id == CRYPTO_ED25519 && public_key.len == ED25519_PUBLIC_LEN &&
        can_be_signature(id, signature)) {
        return verify_ed25519_once(c, public_key.data, message, signature);
    }
    KITH_TRY(crypto_verify_key_new(c, id, public_key, &key));
    const kith_err err = crypto_verify_with(c, key, message, signature);
    crypto_verify_key_free(key);
    return err;
}
