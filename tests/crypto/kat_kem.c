/* SPDX-License-Identifier: MPL-2.0 */
/* Known-answer operations with a KEM: key pairs, encapsulation, HPKE. */
#include "crypto/kat.h"

static crypto_kem_id
kem_of(const kat_line *line)
{
    return (crypto_kem_id)line->number[0];
}

static kith_err
put_pair(kat_line *line, const crypto_kem_pair *pair)
{
    KITH_TRY(kat_put(line, kith_bytes_of_secret(&pair->private_key)));
    return kat_put(line, kith_bytes_of_buf(&pair->public_key));
}

static kith_err
run_kem_derive(kat_line *line)
{
    KITH_AUTO(crypto_kem_pair) pair = {0};

    KITH_TRY(crypto_kem_derive(line->crypto, kem_of(line), kat_bytes(line, 1), &pair));
    return put_pair(line, &pair);
}

static kith_err
run_kem_generate(kat_line *line)
{
    kat_random random = {kat_bytes(line, 1)};
    const kith_rng rng = kat_random_port(&random);
    KITH_AUTO(crypto_kem_pair) pair = {0};

    KITH_TRY(crypto_kem_generate(line->crypto, kem_of(line), &rng, &pair));
    return put_pair(line, &pair);
}

static kith_err
run_kem_public(kat_line *line)
{
    KITH_AUTO(kith_buf) out = {0};

    KITH_TRY(crypto_kem_public(line->crypto, kem_of(line), kat_bytes(line, 1), &out));
    return kat_put(line, kith_bytes_of_buf(&out));
}

static kith_err
run_kem_check(kat_line *line)
{
    KITH_TRY(crypto_kem_public_check(line->crypto, kem_of(line), kat_bytes(line, 1)));
    return kat_put_ok(line);
}

static kith_err
run_kem_encap(kat_line *line)
{
    kat_random random = {kat_bytes(line, 2)};
    const kith_rng rng = kat_random_port(&random);
    KITH_AUTO(kith_secret) shared = {0};
    KITH_AUTO(kith_buf) enc = {0};
    crypto_kem_key *key = NULL;

    KITH_TRY(crypto_kem_key_of_public(line->crypto, kem_of(line), kat_bytes(line, 1), &key));
    const kith_err err = crypto_kem_encap(line->crypto, key, &rng, &shared, &enc);
    crypto_kem_key_free(key);
    KITH_TRY(err);
    KITH_TRY(kat_put(line, kith_bytes_of_buf(&enc)));
    return kat_put(line, kith_bytes_of_secret(&shared));
}

static kith_err
run_kem_decap(kat_line *line)
{
    KITH_AUTO(kith_secret) shared = {0};
    crypto_kem_key *key = NULL;

    KITH_TRY(crypto_kem_key_of_private(line->crypto, kem_of(line), kat_bytes(line, 1), &key));
    const kith_err err = crypto_kem_decap(line->crypto, key, kat_bytes(line, 2), &shared);
    crypto_kem_key_free(key);
    KITH_TRY(err);
    return kat_put(line, kith_bytes_of_secret(&shared));
}

/* ---- HPKE: every operation begins with KEM KDF AEAD key info psk psk-id ---- */

static crypto_hpke
hpke_of(const kat_line *line)
{
    return (crypto_hpke){
        .suite = {kem_of(line), (crypto_kdf_id)line->number[1], (crypto_aead_id)line->number[2]},
        .key = kat_bytes(line, 3),
        .info = kat_bytes(line, 4),
        .psk = kat_bytes(line, 5),
        .psk_id = kat_bytes(line, 6)};
}

/* The sender's setup with the randomness of argument `random`; puts enc. */
static kith_err
setup_send(kat_line *line, size_t random_at, crypto_hpke_context *ctx)
{
    const crypto_hpke in = hpke_of(line);
    kat_random random = {kat_bytes(line, random_at)};
    const kith_rng rng = kat_random_port(&random);
    KITH_AUTO(kith_buf) enc = {0};

    KITH_TRY(crypto_hpke_setup_send(line->crypto, &in, &rng, &enc, ctx));
    return kat_put(line, kith_bytes_of_buf(&enc));
}

static kith_err
setup_receive(kat_line *line, crypto_hpke_context *ctx)
{
    const crypto_hpke in = hpke_of(line);

    return crypto_hpke_setup_receive(line->crypto, &in, kat_bytes(line, 7), ctx);
}

static kith_err
put_context(kat_line *line, const crypto_hpke_context *ctx)
{
    KITH_TRY(kat_put(line, kith_bytes_of_secret(&ctx->key)));
    KITH_TRY(kat_put(line, kith_bytes_of_secret(&ctx->base_nonce)));
    return kat_put(line, kith_bytes_of_secret(&ctx->exporter));
}

static kith_err
run_hpke_send(kat_line *line)
{
    KITH_AUTO(crypto_hpke_context) ctx = {0};

    KITH_TRY(setup_send(line, 7, &ctx));
    return put_context(line, &ctx);
}

static kith_err
run_hpke_receive(kat_line *line)
{
    KITH_AUTO(crypto_hpke_context) ctx = {0};

    KITH_TRY(setup_receive(line, &ctx));
    return put_context(line, &ctx);
}

static kith_err
run_hpke_seal(kat_line *line)
{
    KITH_AUTO(crypto_hpke_context) ctx = {0};
    KITH_AUTO(kith_buf) ciphertext = {0};

    KITH_TRY(setup_send(line, 7, &ctx));
    ctx.sequence = line->number[8];
    KITH_TRY(crypto_hpke_context_seal(line->crypto, &ctx, kat_bytes(line, 9), kat_bytes(line, 10),
                                      &ciphertext));
    return kat_put(line, kith_bytes_of_buf(&ciphertext));
}

static kith_err
run_hpke_open(kat_line *line)
{
    KITH_AUTO(crypto_hpke_context) ctx = {0};
    KITH_AUTO(kith_buf) plaintext = {0};

    KITH_TRY(setup_receive(line, &ctx));
    ctx.sequence = line->number[8];
    KITH_TRY(crypto_hpke_context_open(line->crypto, &ctx, kat_bytes(line, 9), kat_bytes(line, 10),
                                      &plaintext));
    return kat_put(line, kith_bytes_of_buf(&plaintext));
}

static kith_err
put_export(kat_line *line, const crypto_hpke_context *ctx)
{
    KITH_AUTO(kith_secret) out = {0};

    KITH_TRY(crypto_hpke_export(line->crypto, ctx, kat_bytes(line, 8), line->number[9], &out));
    return kat_put(line, kith_bytes_of_secret(&out));
}

static kith_err
run_hpke_send_export(kat_line *line)
{
    KITH_AUTO(crypto_hpke_context) ctx = {0};

    KITH_TRY(setup_send(line, 7, &ctx));
    return put_export(line, &ctx);
}

static kith_err
run_hpke_receive_export(kat_line *line)
{
    KITH_AUTO(crypto_hpke_context) ctx = {0};

    KITH_TRY(setup_receive(line, &ctx));
    return put_export(line, &ctx);
}

const kat_operation kat_kem_operations[] = {
    {"kem-derive", "KEM ikm", "private public", run_kem_derive},
    {"kem-generate", "KEM random", "private public", run_kem_generate},
    {"kem-public", "KEM private", "public", run_kem_public},
    {"kem-check", "KEM public", "ok", run_kem_check},
    {"kem-encap", "KEM public random", "enc shared", run_kem_encap},
    {"kem-decap", "KEM private enc", "shared", run_kem_decap},
    {"hpke-send", "KEM KDF AEAD public info psk psk-id random", "enc key base-nonce exporter",
     run_hpke_send},
    {"hpke-receive", "KEM KDF AEAD private info psk psk-id enc", "key base-nonce exporter",
     run_hpke_receive},
    {"hpke-seal", "KEM KDF AEAD public info psk psk-id random SEQUENCE aad plaintext",
     "enc ciphertext", run_hpke_seal},
    {"hpke-open", "KEM KDF AEAD private info psk psk-id enc SEQUENCE aad ciphertext", "plaintext",
     run_hpke_open},
    {"hpke-send-export", "KEM KDF AEAD public info psk psk-id random context LENGTH", "enc value",
     run_hpke_send_export},
    {"hpke-receive-export", "KEM KDF AEAD private info psk psk-id enc context LENGTH", "value",
     run_hpke_receive_export},
    {NULL, NULL, NULL, NULL},
};
