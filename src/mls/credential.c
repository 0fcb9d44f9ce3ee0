/* SPDX-License-Identifier: MPL-2.0 */
/* Credentials [RFC9420 §5.3]: chains of certificates here, what is left of the question to the caller. */
#include "mls/proposal.h"

/* An mls_roots is a crypto_roots under the name of the public header. */

kith_err
mls_roots_new(const mls_env *env, mls_roots **out)
{
    crypto_roots *roots = NULL;

    KITH_TRY(crypto_roots_new(env->crypto, &roots));
    *out = (mls_roots *)roots;
    return KITH_OK;
}

kith_err
mls_roots_add(mls_roots *roots, kith_bytes der)
{
    return crypto_roots_add((crypto_roots *)roots, der);
}

void
mls_roots_free(mls_roots *roots)
{
    crypto_roots_free((crypto_roots *)roots);
}

kith_err
mls_certificates_write(const kith_bytes *certificates, size_t count, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);

    for (size_t i = 0; i < count; i++) {
        KITH_TRY(kith_write_varvec(&w, certificates[i]));
    }
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

static kith_err
check_chain(mls_tools tools, const mls_env *env, const mls_check *check)
{
    kith_bytes certificates[CRYPTO_CHAIN_MAX];
    kith_reader r = kith_reader_of(check->identity.data);
    crypto_chain chain = {.certificates = certificates,
                          .key_id = tools.suite->sign,
                          .public_key = check->signature_key,
                          .now_s = check->now_s};

    while (!kith_reader_done(&r)) {
        KITH_ENSURE(chain.count < CRYPTO_CHAIN_MAX, KITH_ERR_LIMIT);
        KITH_TRY(kith_read_varvec(&r, &certificates[chain.count++]));
    }
    KITH_ENSURE(chain.count > 0, KITH_ERR_REJECTED);
    return crypto_chain_verify(tools.crypto, (const crypto_roots *)env->roots, &chain);
}

kith_err
mls_credential_check(mls_tools tools, const mls_env *env, const mls_check *check)
{
    if (check->identity.type == MLS_CREDENTIAL_X509 && env->roots != NULL) {
        KITH_TRY(check_chain(tools, env, check));
    }
    return env->check == NULL ? KITH_OK : env->check(env->ctx, check);
}
