/* SPDX-License-Identifier: MPL-2.0 */
/* AEAD [RFC5116] over one reused cipher context per algorithm; no memory is asked for per message. */
#include "crypto/internal.h"

size_t
crypto_aead_key_len(crypto_aead_id id)
{
    switch (id) {
    case CRYPTO_AES_128_GCM:
        return 16;
    case CRYPTO_AES_256_GCM:
    case CRYPTO_CHACHA20_POLY1305:
        return 32;
    case CRYPTO_EXPORT_ONLY:
        return 0;
    }
    return 0;
}

static kith_err
check(const crypto_aead *in, size_t text_len)
{
    KITH_ENSURE(crypto_aead_key_len(in->id) > 0, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(in->key.len == crypto_aead_key_len(in->id), KITH_ERR_INVALID);
    KITH_ENSURE(in->nonce.len == CRYPTO_AEAD_NONCE_LEN, KITH_ERR_INVALID);
    KITH_ENSURE(text_len <= CRYPTO_AEAD_TEXT_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(in->aad.len <= CRYPTO_AEAD_TEXT_MAX, KITH_ERR_LIMIT);
    return KITH_OK;
}

/* Replaces the key schedule by that of a key of zeros: message keys are used once and must then be
 * gone. A failure leaves a context that the next init sets up whole. */
static void
forget(EVP_CIPHER_CTX *ctx)
{
    static const uint8_t zeros[CRYPTO_AEAD_KEY_MAX];

    if (EVP_EncryptInit_ex2(ctx, NULL, zeros, zeros, NULL) != 1) {
        (void)crypto_failed(KITH_ERR_CRYPTO);
    }
}

static bool
seal(EVP_CIPHER_CTX *ctx, const crypto_aead *in, kith_bytes plaintext, uint8_t *out)
{
    int n = 0;

    return EVP_EncryptInit_ex2(ctx, NULL, in->key.data, in->nonce.data, NULL) == 1 &&
           (in->aad.len == 0 ||
            EVP_EncryptUpdate(ctx, NULL, &n, in->aad.data, (int)in->aad.len) == 1) &&
           (plaintext.len == 0 ||
            EVP_EncryptUpdate(ctx, out, &n, plaintext.data, (int)plaintext.len) == 1) &&
           EVP_EncryptFinal_ex(ctx, out + plaintext.len, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_AEAD_TAG_LEN,
                               out + plaintext.len) == 1;
}

/* Everything but the comparison of the tag; false is a failure of the library. */
static bool
decrypt(EVP_CIPHER_CTX *ctx, const crypto_aead *in, kith_bytes body, uint8_t *out)
{
    int n = 0;

    return EVP_DecryptInit_ex2(ctx, NULL, in->key.data, in->nonce.data, NULL) == 1 &&
           (in->aad.len == 0 ||
            EVP_DecryptUpdate(ctx, NULL, &n, in->aad.data, (int)in->aad.len) == 1) &&
           (body.len == 0 || EVP_DecryptUpdate(ctx, out, &n, body.data, (int)body.len) == 1);
}

kith_err
crypto_aead_seal_into(crypto *c, const crypto_aead *in, kith_bytes plaintext, uint8_t *out)
{
    KITH_TRY(check(in, plaintext.len));
    const bool sealed = seal(c->aead[in->id], in, plaintext, out);
    const kith_err err = sealed ? KITH_OK : crypto_failed(KITH_ERR_CRYPTO);

    forget(c->aead[in->id]);
    if (err != KITH_OK) {
        kith_wipe(out, plaintext.len + CRYPTO_AEAD_TAG_LEN);
    }
    return err;
}

kith_err
crypto_aead_open_into(crypto *c, const crypto_aead *in, kith_bytes ciphertext, uint8_t *out)
{
    KITH_TRY(check(in, ciphertext.len));
    KITH_ENSURE(ciphertext.len >= CRYPTO_AEAD_TAG_LEN, KITH_ERR_REJECTED);
    const kith_bytes body = {ciphertext.data, ciphertext.len - CRYPTO_AEAD_TAG_LEN};
    EVP_CIPHER_CTX *ctx = c->aead[in->id];
    /* The library wants the tag through a pointer that it could write through. */
    uint8_t tag[CRYPTO_AEAD_TAG_LEN];
    for (size_t i = 0; i < sizeof tag; i++) {
        tag[i] = ciphertext.data[body.len + i];
    }
    kith_err err = KITH_OK;
    int n = 0;

    if (!decrypt(ctx, in, body, out) ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) != 1) {
        err = crypto_failed(KITH_ERR_CRYPTO);
    } else if (EVP_DecryptFinal_ex(ctx, tag, &n) != 1) {
        err = crypto_failed(KITH_ERR_REJECTED);
    }
    forget(ctx);
    if (err != KITH_OK) {
        kith_wipe(out, body.len);
    }
    return err;
}

kith_err
crypto_aead_seal(crypto *c, const crypto_aead *in, kith_bytes plaintext, kith_buf *out)
{
    const size_t before = out->len;
    uint8_t *at = NULL;

    KITH_TRY(check(in, plaintext.len));
    KITH_TRY(kith_buf_extend(out, plaintext.len + CRYPTO_AEAD_TAG_LEN, &at));
    const kith_err err = crypto_aead_seal_into(c, in, plaintext, at);
    if (err != KITH_OK) {
        out->len = before;
    }
    return err;
}

kith_err
crypto_aead_open(crypto *c, const crypto_aead *in, kith_bytes ciphertext, kith_buf *out)
{
    const size_t before = out->len;
    uint8_t *at = NULL;

    KITH_TRY(check(in, ciphertext.len));
    KITH_ENSURE(ciphertext.len >= CRYPTO_AEAD_TAG_LEN, KITH_ERR_REJECTED);
    KITH_TRY(kith_buf_extend(out, ciphertext.len - CRYPTO_AEAD_TAG_LEN, &at));
    const kith_err err = crypto_aead_open_into(c, in, ciphertext, at);
    if (err != KITH_OK) {
        out->len = before;
    }
    return err;
}
