/* SPDX-License-Identifier: MPL-2.0 */
/* Contexts of both sides, and the pin. */
#include "net/tls.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "net/cert.h"
#include "net/identity_parts.h"

static const uint8_t alpn[] = {6, 'k', 'i', 't', 'h', '/', '1'};
#define GROUPS "X25519MLKEM768:X25519"
/* As strong as what is inside; ChaCha20 for devices without AES instructions. */
static const char suites[] = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char exporter_label[] = "EXPORTER-kith-login";

#define LEAF_AND_ISSUER 2

static kith_err
failed(void)
{
    ERR_clear_error();
    return KITH_ERR_CRYPTO;
}

/* RELEASE_BUFFERS: an idle connection holds no record buffers. Read ahead: several records for each
 * call of the system. */
static bool
set_common(SSL_CTX *ctx)
{
    /* The library takes the list through a pointer that it does not write through. */
    char groups[] = GROUPS;

    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* A read returns after each message that is not application data: the stream counts them. */
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(ctx, 1);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set1_groups_list(ctx, groups) == 1 &&
           SSL_CTX_set_ciphersuites(ctx, suites) == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1;
}

static int
select_alpn(SSL *ssl, const uint8_t **out, uint8_t *out_len, const uint8_t *in, unsigned in_len,
            void *arg)
{
    uint8_t *chosen = NULL;

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_len, alpn, sizeof alpn, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static kith_err
show_chain(SSL_CTX *ctx, const net_identity *identity)
{
    EVP_PKEY *leaf_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *leaf = NULL;
    X509 *issuer = NULL;
    kith_err err = leaf_key == NULL ? KITH_ERR_CRYPTO : KITH_OK;

    if (err == KITH_OK) {
        err = net_cert_new(leaf_key, identity->key, &leaf);
    }
    if (err == KITH_OK) {
        err = net_cert_new(identity->key, identity->key, &issuer);
    }
    if (err == KITH_OK &&
        (SSL_CTX_use_certificate(ctx, leaf) != 1 || SSL_CTX_use_PrivateKey(ctx, leaf_key) != 1 ||
         SSL_CTX_add1_chain_cert(ctx, issuer) != 1)) {
        err = failed();
    }
    X509_free(issuer);
    X509_free(leaf);
    EVP_PKEY_free(leaf_key);
    return err;
}

kith_err
net_tls_server_new(const net_identity *identity, SSL_CTX **out)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (ctx == NULL || !set_common(ctx) || SSL_CTX_set_num_tickets(ctx, 0) != 1) {
        SSL_CTX_free(ctx);
        return failed();
    }
    SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    const kith_err err = show_chain(ctx, identity);
    if (err != KITH_OK) {
        SSL_CTX_free(ctx);
        return err;
    }
    *out = ctx;
    return KITH_OK;
}

/* Runs when the certificates arrived, before our Finished is sent: with a wrong chain the handshake
 * ends here, and no application data was or will be written. */
static int
check_chain(X509_STORE_CTX *store, void *arg)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    net_tls_pin *pin = SSL_get_app_data(ssl);
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store);
    bool right = false;

    (void)arg;
    if (sk_X509_num(chain) == LEAF_AND_ISSUER) {
        if (pin->is_open) {
            net_cert_identity(sk_X509_value(chain, 1), pin->key);
        }
        right = net_cert_is_pinned(sk_X509_value(chain, 0), sk_X509_value(chain, 1),
                                   KITH_BYTES(pin->key));
    }
    pin->mismatch = !right;
    X509_STORE_CTX_set_error(store, right ? X509_V_OK : X509_V_ERR_CERT_UNTRUSTED);
    return right ? 1 : 0;
}

kith_err
net_tls_client_new(SSL_CTX **out)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL || !set_common(ctx) || SSL_CTX_set_alpn_protos(ctx, alpn, sizeof alpn) != 0) {
        SSL_CTX_free(ctx);
        return failed();
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, check_chain, NULL);
    *out = ctx;
    return KITH_OK;
}

void
net_tls_pin_set(SSL *ssl, net_tls_pin *pin)
{
    pin->mismatch = false;
    SSL_set_app_data(ssl, pin);
}

kith_err
net_tls_check(SSL *ssl)
{
    const uint8_t *chosen = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(ssl, &chosen, &len);
    KITH_ENSURE(len == alpn[0] && memcmp(chosen, alpn + 1, len) == 0, KITH_ERR_REJECTED);
    return KITH_OK;
}

kith_err
net_tls_exporter(SSL *ssl, uint8_t out[NET_EXPORTER_LEN])
{
    uint8_t bytes[NET_EXPORTER_LEN];

    if (SSL_export_keying_material(ssl, bytes, sizeof bytes, exporter_label,
                                   sizeof exporter_label - 1, NULL, 0, 0) != 1) {
        return failed();
    }
    memcpy(out, bytes, sizeof bytes);
    kith_wipe(bytes, sizeof bytes);
    return KITH_OK;
}
