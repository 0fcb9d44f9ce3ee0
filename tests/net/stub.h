/* SPDX-License-Identifier: MPL-2.0 */
/* A server for one connection, in a thread of its own, that says what it saw; and certificates of all kinds. */
#ifndef KITH_TESTS_NET_STUB_H
#define KITH_TESTS_NET_STUB_H

#include <pthread.h>

#include <openssl/ssl.h>

#include "net/net.h"
#include "net/tls.h"

typedef struct stub {
    SSL_CTX *ctx;
    int listening;
    uint16_t port;
    pthread_t thread;
    /* After stub_join. */
    bool is_up; /* the handshake ended well */
    size_t bytes; /* of application data that came */
    uint8_t exporter[NET_EXPORTER_LEN];
    char group[64];
    char version[16];
} stub;

/* Takes over one reference of `ctx`. Sends back what comes, until the other side leaves. */
void stub_start(stub *s, SSL_CTX *ctx);
void stub_join(stub *s);

/* An identity in a file that is gone again. */
net_identity *stub_identity(void);
/* What the real server shows. */
SSL_CTX *stub_ctx(const net_identity *identity);
/* A leaf that `signer` signed, behind it the certificate of `issuer`; or nothing, when that is NULL. */
SSL_CTX *stub_ctx_forged(const net_identity *signer, const net_identity *issuer);

#endif
