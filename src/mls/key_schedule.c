/* SPDX-License-Identifier: MPL-2.0 */
/* The key schedule [RFC9420 §8]. */
#include "mls/key_schedule.h"

#include <string.h>

void
mls_secrets_done(mls_secrets *secrets)
{
    kith_wipe(secrets, sizeof *secrets);
}

kith_bytes
mls_hash_bytes(const mls_hash *hash)
{
    return kith_bytes_of(hash->bytes, hash->len);
}

kith_secret
mls_zero_secret(mls_tools tools)
{
    return (kith_secret){.len = crypto_hash_len(tools.suite->hash)};
}

static kith_err
extract(mls_tools tools, kith_bytes salt, kith_bytes ikm, kith_secret *out)
{
    return crypto_hkdf_extract(tools.crypto, tools.suite->hash, salt, ikm, out);
}

kith_err
mls_joiner_secret(mls_tools tools, kith_bytes init, kith_bytes commit, kith_bytes context,
                  kith_secret *out)
{
    KITH_AUTO(kith_secret) extracted = {0};

    KITH_TRY(extract(tools, init, commit, &extracted));
    const mls_expand in = {.secret = kith_bytes_of_secret(&extracted),
                           .label = "joiner",
                           .context = context,
                           .len = crypto_hash_len(tools.suite->hash)};
    return mls_expand_with_label(tools, &in, out);
}

kith_err
mls_welcome_secret(mls_tools tools, kith_bytes joiner, kith_bytes psk, kith_secret *out)
{
    KITH_AUTO(kith_secret) extracted = {0};

    KITH_TRY(extract(tools, joiner, psk, &extracted));
    return mls_derive_secret(tools, kith_bytes_of_secret(&extracted), "welcome", out);
}

kith_err
mls_welcome_key(mls_tools tools, kith_bytes welcome_secret, kith_secret *key, kith_secret *nonce)
{
    KITH_AUTO(kith_secret) new_key = {0};
    const mls_expand key_in = {
        .secret = welcome_secret, .label = "key", .len = crypto_aead_key_len(tools.suite->aead)};
    const mls_expand nonce_in = {
        .secret = welcome_secret, .label = "nonce", .len = CRYPTO_AEAD_NONCE_LEN};

    KITH_TRY(mls_expand_with_label(tools, &key_in, &new_key));
    KITH_TRY(mls_expand_with_label(tools, &nonce_in, nonce));
    *key = kith_secret_take(&new_key);
    return KITH_OK;
}

kith_err
mls_secrets_of_epoch(mls_tools tools, kith_bytes epoch_secret, mls_secrets *out)
{
    KITH_AUTO(mls_secrets) secrets = {0};
    const struct {
        const char *label;
        kith_secret *secret;
    } rows[] = {
        {"sender data", &secrets.sender_data},
        {"encryption", &secrets.encryption},
        {"exporter", &secrets.exporter},
        {"external", &secrets.external},
        {"confirm", &secrets.confirmation},
        {"membership", &secrets.membership},
        {"resumption", &secrets.resumption},
        {"authentication", &secrets.authenticator},
        {"init", &secrets.init},
        {"application_export", &secrets.app_export}, /* [MLS-EXT §4.4] */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        KITH_TRY(mls_derive_secret(tools, epoch_secret, rows[i].label, rows[i].secret));
    }
    *out = secrets;
    return KITH_OK;
}

kith_err
mls_secrets_derive(mls_tools tools, kith_bytes joiner, kith_bytes psk, kith_bytes context,
                   mls_secrets *out)
{
    KITH_AUTO(kith_secret) secret = {0};

    KITH_TRY(extract(tools, joiner, psk, &secret));
    const mls_expand in = {.secret = kith_bytes_of_secret(&secret),
                           .label = "epoch",
                           .context = context,
                           .len = crypto_hash_len(tools.suite->hash)};
    KITH_TRY(mls_expand_with_label(tools, &in, &secret));
    return mls_secrets_of_epoch(tools, kith_bytes_of_secret(&secret), out);
}

kith_err
mls_export_secret(mls_tools tools, kith_bytes exporter, const mls_expand *in, kith_secret *out)
{
    KITH_AUTO(kith_secret) derived = {0};
    mls_hash context = {.len = crypto_hash_len(tools.suite->hash)};

    KITH_TRY(mls_derive_secret(tools, exporter, in->label, &derived));
    KITH_TRY(
        crypto_digest(tools.crypto, tools.suite->hash, CRYPTO_PARTS(in->context), context.bytes));
    const mls_expand expand = {.secret = kith_bytes_of_secret(&derived),
                               .label = "exported",
                               .context = mls_hash_bytes(&context),
                               .len = in->len};
    return mls_expand_with_label(tools, &expand, out);
}

/* psk_input [RFC9420 §8.4] of one PSK. */
static kith_err
psk_input(mls_tools tools, const mls_psk_id *id, const kith_secret *psk, uint16_t position[2],
          kith_secret *out)
{
    KITH_AUTO(kith_buf) label = {.alloc = tools.alloc};
    kith_writer w = kith_writer_of(&label);
    const kith_secret zero = mls_zero_secret(tools);
    KITH_AUTO(kith_secret) extracted = {0};

    KITH_TRY(mls_psk_id_encode(&w, id));
    KITH_TRY(kith_write_u16(&w, position[0]));
    KITH_TRY(kith_write_u16(&w, position[1]));
    KITH_TRY(extract(tools, kith_bytes_of_secret(&zero), kith_bytes_of_secret(psk), &extracted));
    const mls_expand in = {.secret = kith_bytes_of_secret(&extracted),
                           .label = "derived psk",
                           .context = kith_bytes_of_buf(&label),
                           .len = crypto_hash_len(tools.suite->hash)};
    return mls_expand_with_label(tools, &in, out);
}

kith_err
mls_psk_secret(mls_tools tools, const mls_psk_id *ids, const kith_secret *psks, size_t count,
               kith_secret *out)
{
    KITH_AUTO(kith_secret) secret = mls_zero_secret(tools);

    KITH_ENSURE(count <= MLS_PSKS_MAX, KITH_ERR_LIMIT);
    for (size_t i = 0; i < count; i++) {
        KITH_AUTO(kith_secret) input = {0};
        uint16_t position[2] = {(uint16_t)i, (uint16_t)count};
        KITH_TRY(psk_input(tools, &ids[i], &psks[i], position, &input));
        KITH_TRY(
            extract(tools, kith_bytes_of_secret(&input), kith_bytes_of_secret(&secret), &secret));
    }
    *out = secret;
    return KITH_OK;
}

kith_err
mls_transcript_confirm(mls_tools tools, kith_bytes interim_before, const mls_transcript_input *in,
                       mls_hash *out)
{
    const uint8_t head[] = {(uint8_t)(in->wire >> 8), (uint8_t)in->wire};
    KITH_AUTO(kith_buf) tail = {.alloc = tools.alloc};
    kith_writer w = kith_writer_of(&tail);
    mls_hash hash = {.len = crypto_hash_len(tools.suite->hash)};

    KITH_TRY(kith_write_varvec(&w, in->signature));
    KITH_TRY(crypto_digest(
        tools.crypto, tools.suite->hash,
        CRYPTO_PARTS(interim_before, KITH_BYTES(head), in->content, kith_bytes_of_buf(&tail)),
        hash.bytes));
    *out = hash;
    return KITH_OK;
}

kith_err
mls_transcript_interim(mls_tools tools, kith_bytes confirmed, kith_bytes confirmation_tag,
                       mls_hash *out)
{
    KITH_AUTO(kith_buf) tail = {.alloc = tools.alloc};
    kith_writer w = kith_writer_of(&tail);
    mls_hash hash = {.len = crypto_hash_len(tools.suite->hash)};

    KITH_TRY(kith_write_varvec(&w, confirmation_tag));
    KITH_TRY(crypto_digest(tools.crypto, tools.suite->hash,
                           CRYPTO_PARTS(confirmed, kith_bytes_of_buf(&tail)), hash.bytes));
    *out = hash;
    return KITH_OK;
}

kith_err
mls_confirmation_tag(mls_tools tools, const mls_secrets *secrets, kith_bytes confirmed,
                     mls_hash *out)
{
    mls_hash tag = {.len = crypto_hash_len(tools.suite->hash)};

    KITH_TRY(crypto_hmac(tools.crypto, tools.suite->hash,
                         kith_bytes_of_secret(&secrets->confirmation), CRYPTO_PARTS(confirmed),
                         tag.bytes));
    *out = tag;
    return KITH_OK;
}
