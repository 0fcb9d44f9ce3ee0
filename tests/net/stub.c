/* SPDX-License-Identifier: MPL-2.0 */
/* The stub server: blocking, one connection. */
#include "net/stub.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "net/cert.h"
#include "net/identity_parts.h"

static void
echo(stub *s, SSL *ssl)
{
    uint8_t bytes[4096];

    for (int n = SSL_read(ssl, bytes, sizeof bytes); n > 0;
         n = SSL_read(ssl, bytes, sizeof bytes)) {
        s->bytes += (size_t)n;
        SSL_write(ssl, bytes, n);
    }
}

static void *
serve(void *ctx)
{
    stub *s = ctx;
    const int fd = accept(s->listening, NULL, NULL);
    SSL *ssl = SSL_new(s->ctx);

    SSL_set_fd(ssl, fd);
    s->is_up = SSL_accept(ssl) == 1;
    if (s->is_up) {
        snprintf(s->group, sizeof s->group, "%s", SSL_get0_group_name(ssl));
        if (net_tls_exporter(ssl, s->exporter) != KITH_OK) {
            memset(s->exporter, 0, sizeof s->exporter);
        }
    }
    snprintf(s->version, sizeof s->version, "%s", SSL_get_version(ssl));
    echo(s, ssl);
    SSL_free(ssl);
    close(fd);
    return NULL;
}

void
stub_start(stub *s, SSL_CTX *ctx)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    *s = (stub){.ctx = ctx, .listening = socket(AF_INET, SOCK_STREAM, 0)};
    if (bind(s->listening, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(s->listening, 4) != 0 ||
        getsockname(s->listening, (struct sockaddr *)&address, &len) != 0 ||
        pthread_create(&s->thread, NULL, serve, s) != 0) {
        abort();
    }
    s->port = ntohs(address.sin_port);
}

void
stub_join(stub *s)
{
    pthread_join(s->thread, NULL);
    close(s->listening);
    SSL_CTX_free(s->ctx);
    ERR_clear_error();
}

net_identity *
stub_identity(void)
{
    char folder[] = "/tmp/kith-net-XXXXXX";
    char path[64];
    net_identity *identity = NULL;

    if (mkdtemp(folder) == NULL) {
        abort();
    }
    snprintf(path, sizeof path, "%s/identity", folder);
    if (net_identity_open(path, &identity) != KITH_OK) {
        abort();
    }
    unlink(path);
    rmdir(folder);
    return identity;
}

SSL_CTX *
stub_ctx(const net_identity *identity)
{
    SSL_CTX *ctx = NULL;

    if (net_tls_server_new(identity, &ctx) != KITH_OK) {
        abort();
    }
    return ctx;
}

SSL_CTX *
stub_ctx_forged(const net_identity *signer, const net_identity *issuer)
{
    SSL_CTX *ctx = stub_ctx(signer);
    X509 *behind = NULL;

    SSL_CTX_clear_chain_certs(ctx);
    if (issuer != NULL) {
        if (net_cert_new(issuer->key, issuer->key, &behind) != KITH_OK ||
            SSL_CTX_add0_chain_cert(ctx, behind) != 1) {
            abort();
        }
    }
    return ctx;
}
