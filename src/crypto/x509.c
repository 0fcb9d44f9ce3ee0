/* SPDX-License-Identifier: MPL-2.0 */
/* Certificate chains [RFC5280], verified by OpenSSL. */
#include "crypto/x509.h"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "crypto/sign_evp.h"

/* Levels of OpenSSL: 2 is 112 bits, which leaves out SHA-1 and RSA below 2,048 bits. */
#define AUTH_LEVEL 2

struct crypto_roots {
    const kith_alloc *alloc;
    X509_STORE *store;
};

kith_err
crypto_roots_new(crypto *c, crypto_roots **out)
{
    crypto_roots *roots = kith_mem_zalloc(c->alloc, 1, sizeof *roots);

    KITH_ENSURE(roots != NULL, KITH_ERR_NO_MEMORY);
    roots->alloc = c->alloc;
    roots->store = X509_STORE_new();
    if (roots->store == NULL) {
        crypto_roots_free(roots);
        return crypto_failed(KITH_ERR_NO_MEMORY);
    }
    *out = roots;
    return KITH_OK;
}

void
crypto_roots_free(crypto_roots *roots)
{
    if (roots != NULL) {
        X509_STORE_free(roots->store);
        kith_mem_free(roots->alloc, roots, sizeof *roots);
    }
}

static kith_err
parse(kith_bytes der, X509 **out)
{
    const unsigned char *at = der.data;

    KITH_ENSURE(der.len <= CRYPTO_CERTIFICATE_MAX, KITH_ERR_LIMIT);
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    KITH_ENSURE(certificate != NULL, crypto_failed(KITH_ERR_MALFORMED));
    if (at != der.data + der.len) {
        X509_free(certificate);
        return KITH_ERR_MALFORMED;
    }
    *out = certificate;
    return KITH_OK;
}

kith_err
crypto_roots_add(crypto_roots *roots, kith_bytes der)
{
    X509 *certificate = NULL;

    KITH_TRY(parse(der, &certificate));
    const bool added = X509_STORE_add_cert(roots->store, certificate) == 1;
    X509_free(certificate); /* the store has its own reference */
    KITH_ENSURE(added, crypto_failed(KITH_ERR_NO_MEMORY));
    return KITH_OK;
}

/* A chain that was parsed; ended by done. */
typedef struct parsed {
    X509 *holder;
    STACK_OF(X509) * others;
    X509_STORE_CTX *ctx;
    evp_key key;
} parsed;

static void
parsed_done(parsed *p)
{
    X509_STORE_CTX_free(p->ctx);
    X509_free(p->holder);
    OSSL_STACK_OF_X509_free(p->others);
    evp_key_done(&p->key);
}

static kith_err
parse_chain(const crypto_chain *in, parsed *out)
{
    KITH_ENSURE(in->count > 0 && in->count <= CRYPTO_CHAIN_MAX, KITH_ERR_LIMIT);
    KITH_TRY(parse(in->certificates[0], &out->holder));
    out->others = sk_X509_new_null();
    KITH_ENSURE(out->others != NULL, crypto_failed(KITH_ERR_NO_MEMORY));
    for (size_t i = 1; i < in->count; i++) {
        X509 *certificate = NULL;
        KITH_TRY(parse(in->certificates[i], &certificate));
        if (sk_X509_push(out->others, certificate) == 0) {
            X509_free(certificate);
            return crypto_failed(KITH_ERR_NO_MEMORY);
        }
    }
    return KITH_OK;
}

/* "Each following certificate MUST directly certify the one immediately preceding it" [RFC9420 §5.3]; by name here, by
 * signature when the path is verified. */
static kith_err
check_order(const parsed *p)
{
    X509 *before = p->holder;

    for (int i = 0; i < sk_X509_num(p->others); i++) {
        X509 *issuer = sk_X509_value(p->others, i);
        KITH_ENSURE(X509_check_issued(issuer, before) == X509_V_OK,
                    crypto_failed(KITH_ERR_REJECTED));
        before = issuer;
    }
    return KITH_OK;
}

static kith_err
check_path(const crypto_roots *roots, uint64_t now_s, parsed *p)
{
    p->ctx = X509_STORE_CTX_new();
    KITH_ENSURE(p->ctx != NULL &&
                    X509_STORE_CTX_init(p->ctx, roots->store, p->holder, p->others) == 1,
                crypto_failed(KITH_ERR_NO_MEMORY));
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(p->ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
    X509_VERIFY_PARAM_set_depth(param, (int)CRYPTO_CHAIN_MAX);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    /* A root of the caller's need not be one that signs itself. */
    const bool ready = X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) == 1;
    if (ready && X509_verify_cert(p->ctx) == 1) {
        return KITH_OK;
    }
    const bool no_memory = X509_STORE_CTX_get_error(p->ctx) == X509_V_ERR_OUT_OF_MEM;
    return crypto_failed(no_memory ? KITH_ERR_NO_MEMORY : KITH_ERR_REJECTED);
}

/* The holder's key is the claimed one [RFC9420 §5.3], and for signing where the certificate says what it is for. */
static kith_err
check_key(crypto *c, const crypto_chain *in, parsed *p)
{
    KITH_ENSURE((X509_get_key_usage(p->holder) & KU_DIGITAL_SIGNATURE) != 0, KITH_ERR_REJECTED);
    KITH_TRY(evp_key_of_public(c, in->key_id, in->public_key, &p->key));
    EVP_PKEY *certified = X509_get0_pubkey(p->holder);
    KITH_ENSURE(certified != NULL && EVP_PKEY_eq(certified, p->key.pkey) == 1,
                crypto_failed(KITH_ERR_REJECTED));
    return KITH_OK;
}

static kith_err
verify(crypto *c, const crypto_roots *roots, const crypto_chain *chain)
{
    KITH_AUTO(parsed) p = {0};

    KITH_TRY(parse_chain(chain, &p));
    KITH_TRY(check_order(&p));
    KITH_TRY(check_path(roots, chain->now_s, &p));
    return check_key(c, chain, &p);
}

kith_err
crypto_chain_verify(crypto *c, const crypto_roots *roots, const crypto_chain *chain)
{
    const size_t key_len = crypto_sign_sizes_of(chain->key_id).public_key;

    KITH_ENSURE(key_len > 0, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(chain->public_key.len == key_len, KITH_ERR_MALFORMED);
    KITH_ENSURE(chain->now_s <= INT64_MAX, KITH_ERR_INVALID);
    const kith_err err = verify(c, roots, chain);
    kith_ignore(crypto_failed(err)); /* the library may succeed and leave an error behind */
    return err;
}
