/* SPDX-License-Identifier: MPL-2.0 */
/* curve25519.h over libsodium, which refuses keys of small order and encodings that are not canonical and
 * needs no memory. */
#include <sodium.h>
#include <string.h>

#include "crypto/curve25519.h"

kith_err
curve25519_start(void)
{
    KITH_ENSURE(sodium_init() >= 0, KITH_ERR_CRYPTO);
    return KITH_OK;
}

kith_err
ed25519_load(crypto *c, const uint8_t seed[ED25519_SEED_LEN], uint8_t pair[ED25519_PAIR_LEN],
             evp_key *out)
{
    uint8_t public_key[ED25519_PUBLIC_LEN];

    (void)c;
    (void)out;
    KITH_ENSURE(crypto_sign_seed_keypair(public_key, pair, seed) == 0, KITH_ERR_CRYPTO);
    return KITH_OK;
}

kith_err
ed25519_sign(evp_key *evp, const uint8_t pair[ED25519_PAIR_LEN], kith_bytes message,
             uint8_t out[ED25519_SIGNATURE_LEN])
{
    (void)evp;
    KITH_ENSURE(crypto_sign_detached(out, NULL, message.data, message.len, pair) == 0,
                KITH_ERR_CRYPTO);
    return KITH_OK;
}

kith_err
ed25519_open(crypto *c, const uint8_t public_key[ED25519_PUBLIC_LEN], evp_key *out)
{
    (void)c;
    (void)public_key;
    (void)out;
    return KITH_OK;
}

kith_err
ed25519_public_check(const uint8_t public_key[ED25519_PUBLIC_LEN])
{
    static const uint8_t identity[ED25519_PUBLIC_LEN] = {1};
    uint8_t sum[ED25519_PUBLIC_LEN];

    /* Adding the neutral element decodes and encodes again: equal only if nothing was reduced. */
    KITH_ENSURE(crypto_core_ed25519_add(sum, public_key, identity) == 0 &&
                    memcmp(sum, public_key, sizeof sum) == 0,
                KITH_ERR_MALFORMED);
    return KITH_OK;
}

kith_err
ed25519_verify(evp_key *evp, const uint8_t public_key[ED25519_PUBLIC_LEN], kith_bytes message,
               kith_bytes signature)
{
    (void)evp;
    KITH_ENSURE(
        crypto_sign_verify_detached(signature.data, message.data, message.len, public_key) == 0,
        KITH_ERR_REJECTED);
    return KITH_OK;
}

kith_err
x25519_public(crypto *c, const uint8_t scalar[X25519_LEN], uint8_t out[X25519_LEN])
{
    (void)c;
    KITH_ENSURE(crypto_scalarmult_curve25519_base(out, scalar) == 0, KITH_ERR_CRYPTO);
    return KITH_OK;
}

kith_err
x25519_shared(crypto *c, const uint8_t scalar[X25519_LEN], const uint8_t public_key[X25519_LEN],
              uint8_t out[X25519_LEN])
{
    (void)c;
    KITH_ENSURE(crypto_scalarmult_curve25519(out, scalar, public_key) == 0, KITH_ERR_REJECTED);
    return KITH_OK;
}
