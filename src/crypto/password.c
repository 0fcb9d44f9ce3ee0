/* SPDX-License-Identifier: MPL-2.0 */
/* Argon2id [RFC9106] of libsodium, with one lane. */
#include <sodium.h>

#include "crypto/internal.h"

kith_err
crypto_password_key(const crypto_password *in, size_t len, kith_secret *out)
{
    KITH_AUTO(kith_secret) key = {.len = len};
    /* The library takes no NULL, not even for an empty password. */
    const char *password = in->password.len == 0 ? "" : (const char *)in->password.data;

    KITH_ENSURE(in->salt.len == CRYPTO_PASSWORD_SALT_LEN, KITH_ERR_INVALID);
    KITH_ENSURE(len >= crypto_pwhash_BYTES_MIN && len <= KITH_SECRET_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(in->passes >= 1 && in->passes <= CRYPTO_PASSWORD_PASSES_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(in->memory_kib >= 8 && in->memory_kib <= CRYPTO_PASSWORD_KIB_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(in->password.len <= CRYPTO_AEAD_TEXT_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(sodium_init() >= 0, KITH_ERR_CRYPTO);
    /* With the ranges checked, only memory can be missing. */
    KITH_ENSURE(crypto_pwhash(key.data, len, password, in->password.len, in->salt.data, in->passes,
                              (size_t)in->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) == 0,
                KITH_ERR_NO_MEMORY);
    *out = kith_secret_take(&key);
    return KITH_OK;
}
