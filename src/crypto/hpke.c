/* SPDX-License-Identifier: MPL-2.0 */
/* HPKE [RFC9180], modes base and psk: setup, context, export and the single-shot forms. */
#include <string.h>

#include "crypto/internal.h"

#define MODE_BASE 0
#define MODE_PSK 1
/* [RFC9180 §5.1.2]: a PSK has at least 32 bytes of entropy. */
#define PSK_MIN 32
/* Longest psk, psk_id and info of a one-stage KDF, which says their lengths in two bytes. */
#define ONE_STAGE_INPUT_MAX 0xffffu

/* suite_id = "HPKE" || kem_id || kdf_id || aead_id [RFC9180 §5.1]. */
typedef struct suite_id {
    uint8_t bytes[10];
} suite_id;

static suite_id
suite_of(const crypto_hpke_suite *suite)
{
    const unsigned kem = suite->kem;
    const unsigned kdf = suite->kdf;
    const unsigned aead = suite->aead;

    return (suite_id){{'H', 'P', 'K', 'E', (uint8_t)(kem >> 8), (uint8_t)kem, (uint8_t)(kdf >> 8),
                       (uint8_t)kdf, (uint8_t)(aead >> 8), (uint8_t)aead}};
}

static bool
is_one_stage(crypto_kdf_id id)
{
    return kdf_len(id) > 0 && kdf_hash(id) == 0;
}

static xof_id
xof_of(crypto_kdf_id id)
{
    return id == CRYPTO_KDF_SHAKE128 ? XOF_SHAKE128 : XOF_SHAKE256;
}

static kith_err
check(const crypto_hpke *in)
{
    KITH_ENSURE(kdf_len(in->suite.kdf) > 0, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(crypto_aead_key_len(in->suite.aead) > 0 || in->suite.aead == CRYPTO_EXPORT_ONLY,
                KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(in->parsed == NULL || crypto_kem_key_id(in->parsed) == in->suite.kem,
                KITH_ERR_INVALID);
    /* VerifyPSKInputs [RFC9180 §5.1]. */
    KITH_ENSURE((in->psk.len == 0) == (in->psk_id.len == 0), KITH_ERR_INVALID);
    KITH_ENSURE(in->psk.len == 0 || in->psk.len >= PSK_MIN, KITH_ERR_INVALID);
    if (is_one_stage(in->suite.kdf)) {
        KITH_ENSURE(in->info_hash.len == 0, KITH_ERR_UNSUPPORTED);
        KITH_ENSURE(in->psk.len <= ONE_STAGE_INPUT_MAX && in->psk_id.len <= ONE_STAGE_INPUT_MAX &&
                        in->info.len <= ONE_STAGE_INPUT_MAX,
                    KITH_ERR_LIMIT);
    }
    return KITH_OK;
}

void
crypto_hpke_context_done(crypto_hpke_context *ctx)
{
    if (ctx != NULL) {
        kith_wipe(ctx, sizeof *ctx);
    }
}

/* mode || psk_id_hash || info_hash [RFC9180 §5.1]. */
typedef struct schedule {
    uint8_t bytes[1 + 2 * CRYPTO_HASH_MAX];
    size_t len;
} schedule;

static kith_err
append_hash(crypto *c, const crypto_hpke *in, kdf_label label, kith_bytes ikm, schedule *out)
{
    KITH_AUTO(kith_secret) hash = {0};
    const kdf_extract extract = {.label = label, .ikm = ikm};

    KITH_TRY(kdf_labeled_extract(c, kdf_hash(in->suite.kdf), &extract, &hash));
    memcpy(out->bytes + out->len, hash.data, hash.len);
    out->len += hash.len;
    return KITH_OK;
}

/* The hash of info, unless the caller has it already. */
static kith_err
append_info(crypto *c, const crypto_hpke *in, kith_bytes suite, schedule *out)
{
    if (in->info_hash.len == 0) {
        return append_hash(c, in, (kdf_label){suite, "info_hash"}, in->info, out);
    }
    KITH_ENSURE(in->info_hash.len == kdf_len(in->suite.kdf), KITH_ERR_INVALID);
    memcpy(out->bytes + out->len, in->info_hash.data, in->info_hash.len);
    out->len += in->info_hash.len;
    return KITH_OK;
}

kith_err
crypto_hpke_info_hash(crypto *c, crypto_hpke_suite suite, kith_bytes info, kith_secret *out)
{
    const suite_id id = suite_of(&suite);
    const kdf_extract extract = {.label = {KITH_BYTES(id.bytes), "info_hash"}, .ikm = info};

    KITH_ENSURE(kdf_hash(suite.kdf) != 0, KITH_ERR_UNSUPPORTED);
    return kdf_labeled_extract(c, kdf_hash(suite.kdf), &extract, out);
}

/* Everything that one secret of the key schedule is expanded from. */
typedef struct expansion {
    crypto *c;
    crypto_hash_id hash;
    kdf_expand in;
} expansion;

static kith_err
expand_as(expansion *e, const char *label, size_t len, kith_secret *out)
{
    if (len == 0) {
        return KITH_OK; /* export-only: no key, no nonce */
    }
    e->in.label.label = label;
    e->in.len = len;
    return kdf_labeled_expand(e->c, e->hash, &e->in, out);
}

static kith_err
derive_two_stage(crypto *c, const crypto_hpke *in, kith_bytes shared, crypto_hpke_context *ctx)
{
    const suite_id suite = suite_of(&in->suite);
    const kith_bytes suite_bytes = KITH_BYTES(suite.bytes);
    const crypto_hash_id hash = kdf_hash(in->suite.kdf);
    const size_t key_len = crypto_aead_key_len(in->suite.aead);
    schedule context = {.bytes = {in->psk.len > 0 ? MODE_PSK : MODE_BASE}, .len = 1};
    KITH_AUTO(kith_secret) secret = {0};

    KITH_TRY(append_hash(c, in, (kdf_label){suite_bytes, "psk_id_hash"}, in->psk_id, &context));
    KITH_TRY(append_info(c, in, suite_bytes, &context));
    const kdf_extract extract = {
        .label = {suite_bytes, "secret"},
        .salt = shared,
        .ikm = in->psk,
    };
    KITH_TRY(kdf_labeled_extract(c, hash, &extract, &secret));
    expansion e = {
        .c = c,
        .hash = hash,
        .in = {.label = {suite_bytes, NULL},
               .secret = kith_bytes_of_secret(&secret),
               .info = kith_bytes_of(context.bytes, context.len)},
    };
    KITH_TRY(expand_as(&e, "key", key_len, &ctx->key));
    KITH_TRY(
        expand_as(&e, "base_nonce", key_len > 0 ? CRYPTO_AEAD_NONCE_LEN : 0, &ctx->base_nonce));
    return expand_as(&e, "exp", crypto_hash_len(hash), &ctx->exporter);
}

static kith_err
append_prefixed(kith_buf *buf, kith_bytes bytes)
{
    kith_writer w = kith_writer_of(buf);

    return kith_write_vec16(&w, bytes);
}

static kith_err
cut(kith_reader *r, size_t len, kith_secret *out)
{
    kith_bytes bytes = {0};

    KITH_TRY(kith_read_bytes(r, len, &bytes));
    return kith_secret_set(out, bytes);
}

/* CombineSecrets of a one-stage KDF [HPKE §5.1]: one derivation gives key, nonce and exporter. */
static kith_err
derive_one_stage(crypto *c, const crypto_hpke *in, kith_bytes shared, crypto_hpke_context *ctx)
{
    const suite_id suite = suite_of(&in->suite);
    const size_t key_len = crypto_aead_key_len(in->suite.aead);
    const size_t nonce_len = key_len > 0 ? CRYPTO_AEAD_NONCE_LEN : 0;
    const uint8_t mode = in->psk.len > 0 ? MODE_PSK : MODE_BASE;
    KITH_AUTO(kith_buf) secrets = {.alloc = c->alloc};
    KITH_AUTO(kith_buf) context = {.alloc = c->alloc};
    KITH_AUTO(kith_secret) derived = {0};

    KITH_TRY(append_prefixed(&secrets, in->psk));
    KITH_TRY(append_prefixed(&secrets, shared));
    KITH_TRY(kith_buf_append(&context, kith_bytes_of(&mode, 1)));
    KITH_TRY(append_prefixed(&context, in->psk_id));
    KITH_TRY(append_prefixed(&context, in->info));
    const kdf_expand derive = {
        .label = {KITH_BYTES(suite.bytes), "secret"},
        .secret = kith_bytes_of_buf(&secrets),
        .info = kith_bytes_of_buf(&context),
        .len = key_len + nonce_len + kdf_len(in->suite.kdf),
    };
    KITH_TRY(kdf_labeled_derive(c, xof_of(in->suite.kdf), &derive, &derived));
    kith_reader r = kith_reader_of(kith_bytes_of_secret(&derived));
    KITH_TRY(cut(&r, key_len, &ctx->key));
    KITH_TRY(cut(&r, nonce_len, &ctx->base_nonce));
    return cut(&r, kdf_len(in->suite.kdf), &ctx->exporter);
}

/* KeySchedule [RFC9180 §5.1]. Replaces `*ctx`. */
static kith_err
run_schedule(crypto *c, const crypto_hpke *in, const kith_secret *shared, crypto_hpke_context *ctx)
{
    __attribute__((cleanup(crypto_hpke_context_done))) crypto_hpke_context fresh = {.suite =
                                                                                        in->suite};
    const kith_bytes secret = kith_bytes_of_secret(shared);

    KITH_TRY(is_one_stage(in->suite.kdf) ? derive_one_stage(c, in, secret, &fresh)
                                         : derive_two_stage(c, in, secret, &fresh));
    *ctx = fresh;
    return KITH_OK;
}

kith_err
crypto_hpke_setup_send(crypto *c, const crypto_hpke *in, const kith_rng *rng, kith_buf *kem_output,
                       crypto_hpke_context *ctx)
{
    const size_t before = kem_output->len;
    KITH_AUTO(kith_secret) shared = {0};
    crypto_kem_key *own = NULL;
    crypto_kem_key *key = in->parsed;

    KITH_TRY(check(in));
    if (key == NULL) {
        KITH_TRY(crypto_kem_key_of_public(c, in->suite.kem, in->key, &own));
        key = own;
    }
    kith_err err = crypto_kem_encap(c, key, rng, &shared, kem_output);
    crypto_kem_key_free(own);
    if (err == KITH_OK) {
        err = run_schedule(c, in, &shared, ctx);
    }
    if (err != KITH_OK) {
        kem_output->len = before;
    }
    return err;
}

kith_err
crypto_hpke_setup_receive(crypto *c, const crypto_hpke *in, kith_bytes kem_output,
                          crypto_hpke_context *ctx)
{
    KITH_AUTO(kith_secret) shared = {0};
    crypto_kem_key *own = NULL;
    crypto_kem_key *key = in->parsed;

    KITH_TRY(check(in));
    if (key == NULL) {
        KITH_TRY(crypto_kem_key_of_private(c, in->suite.kem, in->key, &own));
        key = own;
    }
    const kith_err err = crypto_kem_decap(c, key, kem_output, &shared);
    crypto_kem_key_free(own);
    KITH_TRY(err);
    return run_schedule(c, in, &shared, ctx);
}

/* base_nonce xor the sequence number [RFC9180 §5.2]. LIMIT: the last number was used. */
static kith_err
next_nonce(const crypto_hpke_context *ctx, uint8_t nonce[CRYPTO_AEAD_NONCE_LEN])
{
    KITH_ENSURE(ctx->suite.aead != CRYPTO_EXPORT_ONLY, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(ctx->base_nonce.len == CRYPTO_AEAD_NONCE_LEN, KITH_ERR_INVALID);
    KITH_ENSURE(ctx->sequence < UINT64_MAX, KITH_ERR_LIMIT);
    memcpy(nonce, ctx->base_nonce.data, CRYPTO_AEAD_NONCE_LEN);
    for (size_t i = 0; i < 8; i++) {
        nonce[CRYPTO_AEAD_NONCE_LEN - 1 - i] ^= (uint8_t)(ctx->sequence >> (8 * i));
    }
    return KITH_OK;
}

static crypto_aead
aead_of(const crypto_hpke_context *ctx, const uint8_t nonce[CRYPTO_AEAD_NONCE_LEN], kith_bytes aad)
{
    return (crypto_aead){
        .id = ctx->suite.aead,
        .key = kith_bytes_of_secret(&ctx->key),
        .nonce = kith_bytes_of(nonce, CRYPTO_AEAD_NONCE_LEN),
        .aad = aad,
    };
}

kith_err
crypto_hpke_context_seal(crypto *c, crypto_hpke_context *ctx, kith_bytes aad, kith_bytes plaintext,
                         kith_buf *out)
{
    uint8_t nonce[CRYPTO_AEAD_NONCE_LEN];

    KITH_TRY(next_nonce(ctx, nonce));
    const crypto_aead aead = aead_of(ctx, nonce, aad);
    KITH_TRY(crypto_aead_seal(c, &aead, plaintext, out));
    ctx->sequence++;
    return KITH_OK;
}

kith_err
crypto_hpke_context_open(crypto *c, crypto_hpke_context *ctx, kith_bytes aad, kith_bytes ciphertext,
                         kith_buf *out)
{
    uint8_t nonce[CRYPTO_AEAD_NONCE_LEN];

    KITH_TRY(next_nonce(ctx, nonce));
    const crypto_aead aead = aead_of(ctx, nonce, aad);
    KITH_TRY(crypto_aead_open(c, &aead, ciphertext, out));
    ctx->sequence++;
    return KITH_OK;
}

kith_err
crypto_hpke_export(crypto *c, const crypto_hpke_context *ctx, kith_bytes exporter_context,
                   size_t len, kith_secret *out)
{
    const suite_id suite = suite_of(&ctx->suite);
    const kdf_expand in = {
        .label = {KITH_BYTES(suite.bytes), "sec"},
        .secret = kith_bytes_of_secret(&ctx->exporter),
        .info = exporter_context,
        .len = len,
    };

    return is_one_stage(ctx->suite.kdf) ? kdf_labeled_derive(c, xof_of(ctx->suite.kdf), &in, out)
                                        : kdf_labeled_expand(c, kdf_hash(ctx->suite.kdf), &in, out);
}

void
crypto_hpke_sealed_done(crypto_hpke_sealed *sealed)
{
    if (sealed != NULL) {
        kith_buf_done(&sealed->kem_output);
        kith_buf_done(&sealed->ciphertext);
    }
}

kith_err
crypto_hpke_seal(crypto *c, const crypto_hpke *in, const kith_rng *rng, crypto_hpke_text message,
                 crypto_hpke_sealed *out)
{
    const size_t before = out->kem_output.len;
    __attribute__((cleanup(crypto_hpke_context_done))) crypto_hpke_context ctx = {0};

    KITH_TRY(crypto_hpke_setup_send(c, in, rng, &out->kem_output, &ctx));
    const kith_err err =
        crypto_hpke_context_seal(c, &ctx, message.aad, message.text, &out->ciphertext);
    if (err != KITH_OK) {
        out->kem_output.len = before;
    }
    return err;
}

kith_err
crypto_hpke_open(crypto *c, const crypto_hpke *in, kith_bytes kem_output, crypto_hpke_text message,
                 kith_buf *out)
{
    __attribute__((cleanup(crypto_hpke_context_done))) crypto_hpke_context ctx = {0};

    KITH_TRY(crypto_hpke_setup_receive(c, in, kem_output, &ctx));
    return crypto_hpke_context_open(c, &ctx, message.aad, message.text, out);
}
