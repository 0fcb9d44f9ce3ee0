/* SPDX-License-Identifier: MPL-2.0 */
/* HMAC [RFC2104] over reused contexts, and HKDF [RFC5869] on top of it. */
#include <string.h>

#include "crypto/internal.h"

static bool
has_hmac(crypto_hash_id id)
{
    return id == CRYPTO_SHA256 || id == CRYPTO_SHA384 || id == CRYPTO_SHA512;
}

/* A key that is never NULL: the library takes NULL for "the key of before". */
static kith_bytes
present(kith_bytes key)
{
    static const uint8_t nothing[1];

    return key.len == 0 ? (kith_bytes){nothing, 0} : key;
}

static bool
start(EVP_MAC_CTX *ctx, kith_bytes key)
{
    const kith_bytes k = present(key);

    return EVP_MAC_init(ctx, k.data, k.len, NULL) == 1;
}

static bool
absorb(EVP_MAC_CTX *ctx, crypto_parts parts)
{
    for (size_t i = 0; i < parts.count; i++) {
        const kith_bytes part = parts.items[i];
        if (part.len > 0 && EVP_MAC_update(ctx, part.data, part.len) != 1) {
            return false;
        }
    }
    return true;
}

static bool
finish(EVP_MAC_CTX *ctx, uint8_t out[CRYPTO_HASH_MAX])
{
    size_t len = 0;

    return EVP_MAC_final(ctx, out, &len, CRYPTO_HASH_MAX) == 1;
}

/* Makes a context forget the last key, so that erased keys are erased here too. A failure leaves the
 * context without a usable key, which is what was wanted. */
static void
forget(EVP_MAC_CTX *ctx)
{
    static const uint8_t nothing[1];

    if (EVP_MAC_init(ctx, nothing, sizeof nothing, NULL) != 1) {
        (void)crypto_failed(KITH_ERR_CRYPTO);
    }
}

/* HMAC into `mac`, which holds crypto_hash_len(id) bytes on success and nothing of use otherwise. The
 * key stays in the context until forget. */
static kith_err
compute(EVP_MAC_CTX *ctx, kith_bytes key, crypto_parts parts, uint8_t mac[CRYPTO_HASH_MAX])
{
    const bool done = start(ctx, key) && absorb(ctx, parts) && finish(ctx, mac);

    KITH_ENSURE(done, crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

kith_err
crypto_hmac(crypto *c, crypto_hash_id id, kith_bytes key, crypto_parts parts, uint8_t *out)
{
    uint8_t mac[CRYPTO_HASH_MAX] = {0};

    KITH_ENSURE(has_hmac(id), KITH_ERR_UNSUPPORTED);
    const kith_err err = compute(c->hmac[id], key, parts, mac);
    forget(c->hmac[id]);
    if (err == KITH_OK) {
        memcpy(out, mac, crypto_hash_len(id));
    }
    kith_wipe(mac, sizeof mac);
    return err;
}

kith_err
crypto_hmac_verify(crypto *c, crypto_hash_id id, kith_bytes key, crypto_parts parts, kith_bytes tag)
{
    uint8_t mac[CRYPTO_HASH_MAX] = {0};

    KITH_TRY(crypto_hmac(c, id, key, parts, mac));
    const bool same = kith_equal_ct(kith_bytes_of(mac, crypto_hash_len(id)), tag);
    kith_wipe(mac, sizeof mac);
    KITH_ENSURE(same, KITH_ERR_REJECTED);
    return KITH_OK;
}

kith_err
crypto_hkdf_extract(crypto *c, crypto_hash_id id, kith_bytes salt, kith_bytes ikm, kith_secret *prk)
{
    KITH_AUTO(kith_secret) fresh = {.len = crypto_hash_len(id)};

    KITH_TRY(crypto_hmac(c, id, salt, CRYPTO_PARTS(ikm), fresh.data));
    *prk = kith_secret_take(&fresh);
    return KITH_OK;
}

/* T(1) | T(2) | ... with T(n) = HMAC(prk, T(n - 1) | info | n) [RFC5869 §2.3]. */
static bool
expand(EVP_MAC_CTX *ctx, size_t block_len, const crypto_expand *in, uint8_t *out)
{
    uint8_t block[CRYPTO_HASH_MAX] = {0};
    bool done = start(ctx, in->prk);

    for (size_t at = 0; done && at < in->len; at += block_len) {
        const uint8_t number = (uint8_t)(at / block_len + 1);
        const size_t left = in->len - at;
        const kith_bytes before = {block, at == 0 ? 0 : block_len};

        /* Without a key the library starts again with the last one. */
        done = (at == 0 || EVP_MAC_init(ctx, NULL, 0, NULL) == 1) &&
               absorb(ctx, CRYPTO_PARTS(before)) && absorb(ctx, in->info) &&
               EVP_MAC_update(ctx, &number, 1) == 1 && finish(ctx, block);
        if (done) {
            memcpy(out + at, block, left < block_len ? left : block_len);
        }
    }
    kith_wipe(block, sizeof block);
    return done;
}

kith_err
crypto_hkdf_expand_into(crypto *c, crypto_hash_id id, const crypto_expand *in, uint8_t *out)
{
    const size_t block_len = crypto_hash_len(id);

    KITH_ENSURE(has_hmac(id), KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(in->len <= 255 * block_len, KITH_ERR_LIMIT);
    const bool done = expand(c->hmac[id], block_len, in, out);
    const kith_err err = done ? KITH_OK : crypto_failed(KITH_ERR_CRYPTO);
    forget(c->hmac[id]);
    if (err != KITH_OK) {
        kith_wipe(out, in->len);
    }
    return err;
}

kith_err
crypto_hkdf_expand(crypto *c, crypto_hash_id id, const crypto_expand *in, kith_secret *out)
{
    KITH_ENSURE(in->len <= KITH_SECRET_MAX, KITH_ERR_LIMIT);
    KITH_AUTO(kith_secret) fresh = {.len = in->len};

    KITH_TRY(crypto_hkdf_expand_into(c, id, in, fresh.data));
    *out = kith_secret_take(&fresh);
    return KITH_OK;
}
