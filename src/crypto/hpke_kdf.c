/* SPDX-License-Identifier: MPL-2.0 */
/* The labelled key derivation of HPKE: two-stage over HKDF [RFC9180 §4], one-stage over SHAKE
 * [HPKE-PQ §5]. */
#include <string.h>

#include "crypto/internal.h"

/* "version" of every labelled input [RFC9180 §4]. */
#define VERSION "HPKE-v1"

crypto_hash_id
kdf_hash(crypto_kdf_id id)
{
    switch (id) {
    case CRYPTO_HKDF_SHA256:
        return CRYPTO_SHA256;
    case CRYPTO_HKDF_SHA384:
        return CRYPTO_SHA384;
    case CRYPTO_HKDF_SHA512:
        return CRYPTO_SHA512;
    case CRYPTO_KDF_SHAKE128:
    case CRYPTO_KDF_SHAKE256:
        return 0;
    }
    return 0;
}

size_t
kdf_len(crypto_kdf_id id)
{
    switch (id) {
    case CRYPTO_HKDF_SHA256:
    case CRYPTO_KDF_SHAKE128:
        return 32;
    case CRYPTO_HKDF_SHA384:
        return 48;
    case CRYPTO_HKDF_SHA512:
    case CRYPTO_KDF_SHAKE256:
        return 64;
    }
    return 0;
}

kith_err
kdf_labeled_extract(crypto *c, crypto_hash_id hash, const kdf_extract *in, kith_secret *out)
{
    KITH_AUTO(kith_secret) prk = {.len = crypto_hash_len(hash)};
    const crypto_parts labeled_ikm = CRYPTO_PARTS(kith_bytes_of_text(VERSION), in->label.suite,
                                                  kith_bytes_of_text(in->label.label), in->ikm);

    /* HKDF-Extract is HMAC with the salt as its key [RFC5869 §2.2]. */
    KITH_TRY(crypto_hmac(c, hash, in->salt, labeled_ikm, prk.data));
    *out = kith_secret_take(&prk);
    return KITH_OK;
}

kith_err
kdf_labeled_expand(crypto *c, crypto_hash_id hash, const kdf_expand *in, kith_secret *out)
{
    const uint8_t len[2] = {(uint8_t)(in->len >> 8), (uint8_t)in->len};
    const crypto_expand expand = {
        .prk = in->secret,
        .info = CRYPTO_PARTS(KITH_BYTES(len), kith_bytes_of_text(VERSION), in->label.suite,
                             kith_bytes_of_text(in->label.label), in->info),
        .len = in->len,
    };

    return crypto_hkdf_expand(c, hash, &expand, out);
}

kith_err
kdf_labeled_derive(crypto *c, xof_id xof, const kdf_expand *in, kith_secret *out)
{
    const size_t label_len = strlen(in->label.label);
    const uint8_t label_prefix[2] = {(uint8_t)(label_len >> 8), (uint8_t)label_len};
    const uint8_t len[2] = {(uint8_t)(in->len >> 8), (uint8_t)in->len};
    KITH_ENSURE(in->len <= KITH_SECRET_MAX, KITH_ERR_LIMIT);
    KITH_AUTO(kith_secret) derived = {.len = in->len};
    const crypto_parts labeled_ikm = CRYPTO_PARTS(
        in->secret, kith_bytes_of_text(VERSION), in->label.suite, KITH_BYTES(label_prefix),
        kith_bytes_of_text(in->label.label), KITH_BYTES(len), in->info);

    KITH_TRY(xof_squeeze(c, xof, labeled_ikm, derived.data, derived.len));
    *out = kith_secret_take(&derived);
    return KITH_OK;
}
