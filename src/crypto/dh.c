/* SPDX-License-Identifier: MPL-2.0 */
/* Diffie-Hellman: X25519 in curve25519.h, X448 of OpenSSL here, the NIST curves in curve.c. */
#include <openssl/core_names.h>
#include <string.h>

#include "crypto/curve25519.h"

#define X448_LEN 56

crypto_dh_sizes
crypto_dh_sizes_of(crypto_dh_id id)
{
    switch (id) {
    case CRYPTO_X25519:
        return (crypto_dh_sizes){32, 32, 32};
    case CRYPTO_X448:
        return (crypto_dh_sizes){X448_LEN, X448_LEN, X448_LEN};
    case CRYPTO_P256:
        return (crypto_dh_sizes){32, 65, 32};
    case CRYPTO_P384:
        return (crypto_dh_sizes){48, 97, 48};
    case CRYPTO_P521:
        return (crypto_dh_sizes){66, 133, 66};
    }
    return (crypto_dh_sizes){0};
}

/* Only for the ids of NIST curves. */
static curve_id
curve_of(crypto_dh_id id)
{
    return (curve_id)(id - CRYPTO_P256 + CURVE_P256);
}

static kith_err
import_x448(crypto *c, const char *name, kith_bytes bytes, EVP_PKEY **out)
{
    uint8_t copy[X448_LEN];
    memcpy(copy, bytes.data, X448_LEN);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(name, copy, sizeof copy),
                           OSSL_PARAM_construct_end()};
    const bool is_private = strcmp(name, OSSL_PKEY_PARAM_PRIV_KEY) == 0;
    const int what = is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;

    const bool made = EVP_PKEY_fromdata(c->x448, out, what, params) == 1;
    kith_wipe(copy, sizeof copy);
    KITH_ENSURE(made, crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

static kith_err
x448_public(crypto *c, kith_bytes private_key, uint8_t *out)
{
    EVP_PKEY *key = NULL;
    size_t len = X448_LEN;

    KITH_TRY(import_x448(c, OSSL_PKEY_PARAM_PRIV_KEY, private_key, &key));
    const bool made = EVP_PKEY_get_raw_public_key(key, out, &len) == 1;
    EVP_PKEY_free(key);
    KITH_ENSURE(made, crypto_failed(KITH_ERR_CRYPTO));
    return KITH_OK;
}

static kith_err
x448_derive(EVP_PKEY *own, EVP_PKEY *peer, uint8_t *out)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    size_t len = X448_LEN;
    const bool ready =
        ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1;

    /* The library refuses an all-zero secret itself; dh_shared looks again. */
    const bool made = ready && EVP_PKEY_derive(ctx, out, &len) == 1;
    EVP_PKEY_CTX_free(ctx);
    KITH_ENSURE(made, crypto_failed(ready ? KITH_ERR_REJECTED : KITH_ERR_CRYPTO));
    return KITH_OK;
}

static kith_err
x448_shared(crypto *c, kith_bytes private_key, kith_bytes public_key, uint8_t *out)
{
    EVP_PKEY *own = NULL;
    EVP_PKEY *peer = NULL;
    kith_err err = import_x448(c, OSSL_PKEY_PARAM_PRIV_KEY, private_key, &own);

    if (err == KITH_OK) {
        err = import_x448(c, OSSL_PKEY_PARAM_PUB_KEY, public_key, &peer);
    }
    if (err == KITH_OK) {
        err = x448_derive(own, peer, out);
    }
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
    return err;
}

kith_err
dh_public(crypto *c, crypto_dh_id id, kith_bytes private_key, uint8_t *out)
{
    const crypto_dh_sizes sizes = crypto_dh_sizes_of(id);

    KITH_ENSURE(sizes.private_key > 0, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(private_key.len == sizes.private_key, KITH_ERR_MALFORMED);
    switch (id) {
    case CRYPTO_X25519:
        return x25519_public(c, private_key.data, out);
    case CRYPTO_X448:
        return x448_public(c, private_key, out);
    case CRYPTO_P256:
    case CRYPTO_P384:
    case CRYPTO_P521:
        return curve_public(c, curve_of(id), private_key, out);
    }
    return KITH_ERR_UNSUPPORTED;
}

static kith_err
compute(crypto *c, crypto_dh_id id, kith_bytes private_key, kith_bytes public_key, uint8_t *out)
{
    switch (id) {
    case CRYPTO_X25519:
        return x25519_shared(c, private_key.data, public_key.data, out);
    case CRYPTO_X448:
        return x448_shared(c, private_key, public_key, out);
    case CRYPTO_P256:
    case CRYPTO_P384:
    case CRYPTO_P521:
        return curve_dh(c, curve_of(id), private_key, public_key, out);
    }
    return KITH_ERR_UNSUPPORTED;
}

kith_err
dh_shared(crypto *c, crypto_dh_id id, kith_bytes private_key, kith_bytes public_key, uint8_t *out)
{
    static const uint8_t zeros[CRYPTO_DH_PRIVATE_MAX];
    const crypto_dh_sizes sizes = crypto_dh_sizes_of(id);

    KITH_ENSURE(sizes.private_key > 0, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(private_key.len == sizes.private_key, KITH_ERR_MALFORMED);
    KITH_ENSURE(public_key.len == sizes.public_key, KITH_ERR_MALFORMED);
    KITH_TRY(compute(c, id, private_key, public_key, out));
    /* [RFC9180 §7.1.4]: an all-zero output must be refused; in constant time [RFC7748 §6.1]. */
    KITH_ENSURE(
        !kith_equal_ct(kith_bytes_of(out, sizes.secret), kith_bytes_of(zeros, sizes.secret)),
        KITH_ERR_REJECTED);
    return KITH_OK;
}

kith_err
dh_public_check(crypto *c, crypto_dh_id id, kith_bytes public_key)
{
    const crypto_dh_sizes sizes = crypto_dh_sizes_of(id);

    KITH_ENSURE(sizes.public_key > 0, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(public_key.len == sizes.public_key, KITH_ERR_MALFORMED);
    if (id == CRYPTO_X25519 || id == CRYPTO_X448) {
        return KITH_OK; /* every string is a u-coordinate [RFC7748 §5] */
    }
    return curve_point_check(c, curve_of(id), public_key);
}

kith_err
dh_private_check(crypto *c, crypto_dh_id id, kith_bytes private_key)
{
    const crypto_dh_sizes sizes = crypto_dh_sizes_of(id);

    KITH_ENSURE(sizes.private_key > 0, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(private_key.len == sizes.private_key, KITH_ERR_MALFORMED);
    if (id == CRYPTO_X25519 || id == CRYPTO_X448) {
        return KITH_OK;
    }
    return curve_scalar_check(c, curve_of(id), private_key);
}

kith_err
crypto_dh_public(crypto *c, crypto_dh_id id, kith_bytes private_key, kith_buf *out)
{
    uint8_t point[CRYPTO_DH_PUBLIC_MAX];

    KITH_TRY(dh_public(c, id, private_key, point));
    return kith_buf_append(out, kith_bytes_of(point, crypto_dh_sizes_of(id).public_key));
}

kith_err
crypto_dh(crypto *c, crypto_dh_id id, kith_bytes private_key, kith_bytes public_key,
          kith_secret *out)
{
    KITH_AUTO(kith_secret) shared = {.len = crypto_dh_sizes_of(id).secret};

    KITH_TRY(dh_shared(c, id, private_key, public_key, shared.data));
    *out = kith_secret_take(&shared);
    return KITH_OK;
}
