/* SPDX-License-Identifier: MPL-2.0 */
/* Certificates made for tests. */
#ifndef KITH_TESTS_CRYPTO_CERTIFICATES_H
#define KITH_TESTS_CRYPTO_CERTIFICATES_H

#include <openssl/evp.h>

#include "crypto/crypto.h"

typedef struct certificate_params {
    const char *subject;
    const char *issuer;
    EVP_PKEY *key;
    EVP_PKEY *issuer_key;
    bool is_ca;
    const char *key_usage; /* NULL: none is said */
    int64_t not_before_s;
    int64_t not_after_s;
} certificate_params;

/* Appends the DER; false: the library could not. */
bool certificate_write(const certificate_params *params, kith_buf *out);

/* A key pair from a private key in the form of crypto_sign_sizes: Ed25519 or P-256. Owned by the caller. */
EVP_PKEY *certificate_key(crypto_sign_id id, kith_bytes private_key, kith_bytes public_key);

#endif
