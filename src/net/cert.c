/* SPDX-License-Identifier: MPL-2.0 */
/* Makes the server's two certificates and checks a chain against the pinned key. */
#include "net/cert.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

/* Dates that are right whatever the clocks say [RFC5280 §4.1.2.5]. */
#define NOT_BEFORE "20000101000000Z"
#define NOT_AFTER "99991231235959Z"
#define SERIAL_LEN 16

static bool
set_serial(X509 *cert)
{
    uint8_t bytes[SERIAL_LEN];

    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return false;
    }
    /* Positive and not zero [RFC5280 §4.1.2.2]. */
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    const bool set =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return set;
}

static bool
set_names(X509 *cert)
{
    X509_NAME *name = X509_NAME_new();
    const bool set = name != NULL &&
                     X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"kith",
                                                -1, -1, 0) == 1 &&
                     X509_set_subject_name(cert, name) == 1 &&
                     X509_set_issuer_name(cert, name) == 1;

    X509_NAME_free(name);
    return set;
}

static bool
fill(X509 *cert, EVP_PKEY *subject)
{
    return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) && set_names(cert) &&
           ASN1_TIME_set_string(X509_getm_notBefore(cert), NOT_BEFORE) == 1 &&
           ASN1_TIME_set_string(X509_getm_notAfter(cert), NOT_AFTER) == 1 &&
           X509_set_pubkey(cert, subject) == 1;
}

kith_err
net_cert_new(EVP_PKEY *subject, EVP_PKEY *issuer, X509 **out)
{
    X509 *cert = X509_new();

    /* Ed25519 hashes by itself, hence no digest. */
    if (cert == NULL || !fill(cert, subject) || X509_sign(cert, issuer, NULL) == 0) {
        ERR_clear_error();
        X509_free(cert);
        return KITH_ERR_CRYPTO;
    }
    *out = cert;
    return KITH_OK;
}

bool
net_cert_is_pinned(X509 *leaf, X509 *issuer, kith_bytes key)
{
    EVP_PKEY *held = X509_get0_pubkey(issuer);
    EVP_PKEY *pinned = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, key.data, key.len);
    const bool is_pinned = held != NULL && pinned != NULL && EVP_PKEY_eq(held, pinned) == 1 &&
                           X509_verify(leaf, pinned) == 1;

    EVP_PKEY_free(pinned);
    ERR_clear_error();
    return is_pinned;
}

void
net_cert_identity(X509 *issuer, uint8_t out[32])
{
    EVP_PKEY *held = X509_get0_pubkey(issuer);
    uint8_t key[32];
    size_t len = sizeof key;

    if (held != NULL && EVP_PKEY_is_a(held, "ED25519") &&
        EVP_PKEY_get_raw_public_key(held, key, &len) == 1 && len == sizeof key) {
        memcpy(out, key, sizeof key);
    }
    ERR_clear_error();
}
