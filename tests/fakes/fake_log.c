/* SPDX-License-Identifier: MPL-2.0 */
/* The log of fake_log.h. */
#include "fakes/fake_log.h"

#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"

static void
must(kith_err err)
{
    if (err != KITH_OK) {
        abort();
    }
}

/* A secret of 32 bytes that is different for each number and kind. */
static void
fill_seed(fake_log *l, uint64_t number, uint8_t kind, uint8_t out[32])
{
    KITH_AUTO(kith_buf) text = {0};
    kith_writer w = kith_writer_of(&text);

    must(kith_write_u64(&w, number));
    must(kith_write_u8(&w, kind));
    must(crypto_sha256(l->crypto, kith_bytes_of_buf(&text), out));
}

static void
make_keys(fake_log *l, uint64_t keys)
{
    uint8_t seed[32];

    fill_seed(l, keys, 1, seed);
    must(crypto_sign_key_import(l->crypto, CRYPTO_ED25519, KITH_BYTES(seed), &l->sign));
    fill_seed(l, keys, 2, seed);
    must(crypto_vrf_key_import(l->crypto, KITH_BYTES(seed), &l->vrf));
    l->log.config =
        relay_log_config(crypto_sign_key_public(l->sign).data, crypto_vrf_key_public(l->vrf).data);
}

/* The SignedLog, which takes the place of the present one if there is one. */
static void
sign_log(fake_log *l, const char *reason)
{
    KITH_AUTO(kith_buf) config = {0};
    KITH_AUTO(kith_buf) made = {0};

    must(kt_config_encode(&l->log.config, &config));
    const proto_log_draft draft = {.identity = l->identity,
                                   .config = kith_bytes_of_buf(&config),
                                   .previous = kith_bytes_of_buf(&l->signed_log),
                                   .reason = kith_bytes_of_text(reason)};
    must(proto_log_make(l->crypto, &draft, &made));
    kith_buf_done(&l->signed_log);
    l->signed_log = kith_buf_take(&made);
    l->log.signed_log = kith_bytes_of_buf(&l->signed_log);
    must(proto_log_hash(l->crypto, l->log.signed_log, l->log.hash));
    l->log.vrf = l->vrf;
}

void
fake_log_init(fake_log *l, uint64_t server, uint64_t keys)
{
    uint8_t seed[32];

    memset(l, 0, sizeof *l);
    must(crypto_new(NULL, &l->crypto));
    fill_seed(l, server, 0, seed);
    must(crypto_sign_key_import(l->crypto, CRYPTO_ED25519, KITH_BYTES(seed), &l->identity));
    make_keys(l, keys);
    sign_log(l, "");
}

void
fake_log_renew(fake_log *l, uint64_t keys, const char *reason)
{
    crypto_sign_key_free(l->sign);
    crypto_vrf_key_free(l->vrf);
    make_keys(l, keys);
    sign_log(l, reason);
}

void
fake_log_done(fake_log *l)
{
    crypto_sign_key_free(l->identity);
    crypto_sign_key_free(l->sign);
    crypto_vrf_key_free(l->vrf);
    kith_buf_done(&l->signed_log);
    crypto_free(l->crypto);
    memset(l, 0, sizeof *l);
}
