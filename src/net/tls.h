/* SPDX-License-Identifier: MPL-2.0 */
/*
 * TLS as docs/wire.md §1 has it: the two kinds of context, certificates of the identity key, and the
 * check of a chain against the pin. TLS 1.3 only, one ALPN, two groups, nothing that resumes.
 */
#ifndef KITH_NET_TLS_H
#define KITH_NET_TLS_H

#include <openssl/ssl.h>

#include "net/client.h"
#include "net/identity.h"

/* A fresh leaf key, its certificate signed by the identity key, and a context that shows both. May be
 * used by several threads. The caller owns one reference. */
KITH_MUST_USE kith_err net_tls_server_new(const net_identity *identity, SSL_CTX **out);

/* What the check of a chain needs and says; outlives the SSL that it is set on. */
typedef struct net_tls_pin {
    uint8_t key[NET_PIN_LEN];
    bool is_open; /* any identity will do; `key` becomes the one that was shown */
    bool mismatch; /* the other side showed a chain of somebody else */
} net_tls_pin;

KITH_MUST_USE kith_err net_tls_client_new(SSL_CTX **out);
void net_tls_pin_set(SSL *ssl, net_tls_pin *pin);

/* After the handshake, on either side. REJECTED: the other side did not agree to kith/1. */
KITH_MUST_USE kith_err net_tls_check(SSL *ssl);
KITH_MUST_USE kith_err net_tls_exporter(SSL *ssl, uint8_t out[NET_EXPORTER_LEN]);

#endif
