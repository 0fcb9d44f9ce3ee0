/* SPDX-License-Identifier: MPL-2.0 */
/* X.509 as far as a pinned key needs it: nobody reads names, dates or extensions. */
#ifndef KITH_NET_CERT_H
#define KITH_NET_CERT_H

#include <openssl/x509.h>

#include "base/base.h"

/* A certificate for `subject`, signed by `issuer`; the caller owns it. CRYPTO. */
KITH_MUST_USE kith_err net_cert_new(EVP_PKEY *subject, EVP_PKEY *issuer, X509 **out);
/* Whether `leaf` is signed by `key` and `issuer` holds that key, an Ed25519 public key of 32 bytes. */
bool net_cert_is_pinned(X509 *leaf, X509 *issuer, kith_bytes key);

/* The Ed25519 public key that `issuer` holds; unchanged when it is of another kind. */
void net_cert_identity(X509 *issuer, uint8_t out[32]);

#endif
