/* SPDX-License-Identifier: MPL-2.0 */
/* Hashes and extendable-output functions over reused contexts. Each context is started anew after use,
 * which also clears what it held of the input. */
#include "crypto/internal.h"

size_t
crypto_hash_len(crypto_hash_id id)
{
    switch (id) {
    case CRYPTO_SHA256:
    case CRYPTO_SHA3_256:
        return 32;
    case CRYPTO_SHA384:
        return 48;
    case CRYPTO_SHA512:
        return 64;
    }
    return 0;
}

static bool
absorb(EVP_MD_CTX *ctx, crypto_parts parts)
{
    for (size_t i = 0; i < parts.count; i++) {
        const kith_bytes part = parts.items[i];
        if (part.len > 0 && EVP_DigestUpdate(ctx, part.data, part.len) != 1) {
            return false;
        }
    }
    return true;
}

kith_err
crypto_digest(crypto *c, crypto_hash_id id, crypto_parts parts, uint8_t *out)
{
    KITH_ENSURE(crypto_hash_len(id) > 0, KITH_ERR_UNSUPPORTED);
    EVP_MD_CTX *ctx = c->hash[id];
    uint8_t digest[CRYPTO_HASH_MAX];

    const bool hashed = absorb(ctx, parts) && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
    /* Also after a failure: the next caller must find the context at its start. */
    const bool cleared = EVP_DigestInit_ex2(ctx, NULL, NULL) == 1;
    KITH_ENSURE(hashed && cleared, crypto_failed(KITH_ERR_CRYPTO));
    for (size_t i = 0; i < crypto_hash_len(id); i++) {
        out[i] = digest[i];
    }
    kith_wipe(digest, sizeof digest);
    return KITH_OK;
}

kith_err
crypto_sha256(crypto *c, kith_bytes bytes, uint8_t out[CRYPTO_SHA256_LEN])
{
    return crypto_digest(c, CRYPTO_SHA256, CRYPTO_PARTS(bytes), out);
}

kith_err
xof_squeeze(crypto *c, xof_id id, crypto_parts parts, uint8_t *out, size_t out_len)
{
    EVP_MD_CTX *ctx = c->xof[id];

    const bool hashed = absorb(ctx, parts) && EVP_DigestFinalXOF(ctx, out, out_len) == 1;
    const bool cleared = EVP_DigestInit_ex2(ctx, NULL, NULL) == 1;
    if (!hashed || !cleared) {
        kith_wipe(out, out_len);
        return crypto_failed(KITH_ERR_CRYPTO);
    }
    return KITH_OK;
}

kith_err
crypto_shake256(crypto *c, crypto_parts parts, uint8_t *out, size_t out_len)
{
    KITH_ENSURE(out_len > 0, KITH_ERR_INVALID);
    return xof_squeeze(c, XOF_SHAKE256, parts, out, out_len);
}

struct crypto_hasher {
    const kith_alloc *alloc;
    EVP_MD_CTX *ctx;
};

kith_err
crypto_hasher_new(crypto *c, crypto_hash_id id, crypto_hasher **out)
{
    KITH_ENSURE(crypto_hash_len(id) > 0, KITH_ERR_UNSUPPORTED);
    crypto_hasher *h = kith_mem_zalloc(c->alloc, 1, sizeof *h);
    KITH_ENSURE(h != NULL, KITH_ERR_NO_MEMORY);
    h->alloc = c->alloc;
    h->ctx = EVP_MD_CTX_new();
    /* The context in `c` is always at its start, so that a copy of it is a fresh one. */
    if (h->ctx == NULL || EVP_MD_CTX_copy_ex(h->ctx, c->hash[id]) != 1) {
        crypto_hasher_free(h);
        return crypto_failed(KITH_ERR_CRYPTO);
    }
    *out = h;
    return KITH_OK;
}

kith_err
crypto_hasher_update(crypto_hasher *h, kith_bytes bytes)
{
    KITH_ENSURE(absorb(h->ctx, CRYPTO_PARTS(bytes)), crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

kith_err
crypto_hasher_final(crypto_hasher *h, uint8_t *out)
{
    const bool hashed = EVP_DigestFinal_ex(h->ctx, out, NULL) == 1;
    const bool cleared = EVP_DigestInit_ex2(h->ctx, NULL, NULL) == 1;

    KITH_ENSURE(hashed && cleared, crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

void
crypto_hasher_free(crypto_hasher *h)
{
    if (h != NULL) {
        EVP_MD_CTX_free(h->ctx);
        kith_mem_free(h->alloc, h, sizeof *h);
    }
}
