/* SPDX-License-Identifier: MPL-2.0 */
/* The two encodings of an ECDSA signature: DER, and both numbers side by side. Signatures are public. */
#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#include "crypto/internal.h"
#include "crypto/sign.h"

kith_err
crypto_ecdsa_flatten(kith_bytes der, uint8_t *out, size_t len)
{
    const uint8_t *at = der.data;
    const int half = (int)(len / 2);

    KITH_ENSURE(der.len <= CRYPTO_SIGNATURE_MAX && len <= CRYPTO_SIGNATURE_MAX, KITH_ERR_REJECTED);
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
    KITH_ENSURE(signature != NULL, crypto_failed(KITH_ERR_REJECTED));
    const bool made = at == der.data + der.len &&
                      BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, half) == half &&
                      BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + half, half) == half;
    ECDSA_SIG_free(signature);
    KITH_ENSURE(made, crypto_failed(KITH_ERR_REJECTED));
    return KITH_OK;
}

/* Takes r and s, whatever becomes of them. */
static kith_err
write_der(BIGNUM *r, BIGNUM *s, kith_buf *out)
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    uint8_t der[CRYPTO_SIGNATURE_MAX];
    uint8_t *at = der;

    if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1) {
        ECDSA_SIG_free(signature);
        BN_free(r);
        BN_free(s);
        return crypto_failed(KITH_ERR_NO_MEMORY);
    }
    const int len = i2d_ECDSA_SIG(signature, NULL);
    const bool made = len > 0 && (size_t)len <= sizeof der && i2d_ECDSA_SIG(signature, &at) == len;
    ECDSA_SIG_free(signature);
    KITH_ENSURE(made, crypto_failed(KITH_ERR_NO_MEMORY));
    return kith_buf_append(out, kith_bytes_of(der, (size_t)len));
}

kith_err
crypto_ecdsa_unflatten(kith_bytes flat, kith_buf *out)
{
    const size_t half = flat.len / 2;

    KITH_ENSURE(flat.len % 2 == 0 && half > 0 && half <= CURVE_SCALAR_MAX, KITH_ERR_REJECTED);
    return write_der(BN_bin2bn(flat.data, (int)half, NULL),
                     BN_bin2bn(flat.data + half, (int)half, NULL), out);
}
