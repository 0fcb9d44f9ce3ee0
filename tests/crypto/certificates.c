/* SPDX-License-Identifier: MPL-2.0 */
/* Certificates made for tests. */
#include "crypto/certificates.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static bool
set_name(X509_NAME *name, const char *text)
{
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1,
                                      -1, 0) == 1;
}

static bool
add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    const bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;

    X509_EXTENSION_free(extension);
    return added;
}

static bool
fill(X509 *certificate, const certificate_params *params)
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7) == 1 &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)params->not_before_s) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)params->not_after_s) != NULL &&
           set_name(X509_get_subject_name(certificate), params->subject) &&
           set_name(X509_get_issuer_name(certificate), params->issuer) &&
           X509_set_pubkey(certificate, params->key) == 1 &&
           (!params->is_ca ||
            add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE")) &&
           (params->key_usage == NULL ||
            add_extension(certificate, NID_key_usage, params->key_usage));
}

bool
certificate_write(const certificate_params *params, kith_buf *out)
{
    X509 *certificate = X509_new();
    unsigned char *der = NULL;
    const bool is_ec = EVP_PKEY_is_a(params->issuer_key, "EC") == 1;
    int len = -1;

    if (certificate != NULL && fill(certificate, params) &&
        X509_sign(certificate, params->issuer_key, is_ec ? EVP_sha256() : NULL) > 0) {
        len = i2d_X509(certificate, &der);
    }
    const bool made = len > 0 && kith_buf_append(out, kith_bytes_of(der, (size_t)len)) == KITH_OK;
    OPENSSL_free(der);
    X509_free(certificate);
    return made;
}

static EVP_PKEY *
make_p256(kith_bytes private_key, kith_bytes public_key)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *scalar = BN_bin2bn(private_key.data, (int)private_key.len, NULL);
    OSSL_PARAM *params = NULL;

    if (OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, public_key.data,
                                         public_key.len) == 1) {
        params = OSSL_PARAM_BLD_to_param(builder);
    }
    if (params != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(scalar);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

EVP_PKEY *
certificate_key(crypto_sign_id id, kith_bytes private_key, kith_bytes public_key)
{
    return id == CRYPTO_ED25519 ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
                                                               private_key.data, private_key.len)
                                : make_p256(private_key, public_key);
}
