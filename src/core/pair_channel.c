/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The channel between two devices that share a code [docs/wire.md §9]: CPace bound to the rendezvous and to the
 * server's identity as each side saw it, then one AEAD key for each direction with counters as nonces. Messages are
 * cut into pieces; the first byte of a piece says whether it is the last.
 */
#include <string.h>

#include "core/pair.h"

static const char channel_name[] = "kith/1 link";

typedef struct channel_id {
    uint8_t data[sizeof channel_name - 1 + 4];
} channel_id;

static channel_id
make_channel_id(uint32_t number)
{
    channel_id id;

    memcpy(id.data, channel_name, sizeof channel_name - 1);
    for (size_t i = 0; i < 4; i++) {
        id.data[sizeof channel_name - 1 + i] = (uint8_t)(number >> (24 - 8 * i));
    }
    return id;
}

static kith_err
start_pake(core *c, crypto_pake_role role, crypto_pake **out)
{
    const core_pair *pair = c->identity->pair;
    const channel_id id = make_channel_id(pair->number);
    const crypto_pake_input input = {
        .role = role,
        .password = kith_bytes_of_text(pair->digits),
        .channel = KITH_BYTES(id.data),
        .ad = KITH_BYTES(pair->server_key),
    };

    return crypto_pake_start(c->env.crypto, &input, &c->env.rng, out);
}

static kith_err
derive_key(core *c, const kith_secret *shared, const char *label, core_pair_way *out)
{
    KITH_AUTO(kith_secret) prk = {0};
    KITH_TRY(crypto_hkdf_extract(c->env.crypto, CRYPTO_SHA256, (kith_bytes){0},
                                 kith_bytes_of_secret(shared), &prk));
    const crypto_expand expand = {
        .prk = kith_bytes_of_secret(&prk),
        .info = CRYPTO_PARTS(kith_bytes_of_text(label)),
        .len = crypto_aead_key_len(CRYPTO_CHACHA20_POLY1305),
    };

    return crypto_hkdf_expand(c->env.crypto, CRYPTO_SHA256, &expand, &out->key);
}

static kith_err
derive_keys(core *c, const crypto_pake_result *result)
{
    core_pair *pair = c->identity->pair;

    KITH_TRY(
        derive_key(c, &result->key, "old to new", pair->is_new ? &pair->receive : &pair->send));
    return derive_key(c, &result->key, "new to old", pair->is_new ? &pair->send : &pair->receive);
}

kith_err
core_pair_start(core *c, kith_buf *body)
{
    core_pair *pair = c->identity->pair;
    kith_writer w = kith_writer_of(body);

    KITH_TRY(start_pake(c, CRYPTO_PAKE_INITIATOR, &pair->pake));
    KITH_TRY(kith_write_u8(&w, PAIR_BODY_START));
    return kith_write_bytes(&w, crypto_pake_message(pair->pake));
}

typedef struct pake_run {
    crypto_pake *pake;
    crypto_pake_result result;
} pake_run;

static void
pake_run_done(pake_run *run)
{
    crypto_pake_free(run->pake);
    crypto_pake_result_done(&run->result);
}

kith_err
core_pair_reply(core *c, kith_bytes start, kith_buf *body)
{
    core_pair *pair = c->identity->pair;
    KITH_AUTO(pake_run) run = {0};
    kith_writer w = kith_writer_of(body);

    KITH_TRY(start_pake(c, CRYPTO_PAKE_RESPONDER, &run.pake));
    KITH_TRY(crypto_pake_finish(c->env.crypto, run.pake, start, KITH_BYTES(pair->server_key),
                                &run.result));
    KITH_TRY(derive_keys(c, &run.result));
    memcpy(pair->expected_tag, run.result.expected_tag, sizeof pair->expected_tag);
    KITH_TRY(kith_write_u8(&w, PAIR_BODY_REPLY));
    KITH_TRY(kith_write_bytes(&w, crypto_pake_message(run.pake)));
    return kith_write_bytes(&w, KITH_BYTES(run.result.own_tag));
}

kith_err
core_pair_confirm(core *c, kith_bytes reply, kith_buf *body)
{
    core_pair *pair = c->identity->pair;
    KITH_AUTO(pake_run) run = {.pake = pair->pake};
    kith_reader r = kith_reader_of(reply);
    kith_writer w = kith_writer_of(body);
    kith_bytes message = {0};

    pair->pake = NULL;
    KITH_TRY(kith_read_bytes(&r, CRYPTO_PAKE_MESSAGE_LEN, &message));
    KITH_TRY(crypto_pake_finish(c->env.crypto, run.pake, message, KITH_BYTES(pair->server_key),
                                &run.result));
    KITH_TRY(crypto_pake_confirm(&run.result, kith_reader_peek(&r)));
    KITH_TRY(derive_keys(c, &run.result));
    KITH_TRY(kith_write_u8(&w, PAIR_BODY_CONFIRM));
    return kith_write_bytes(&w, KITH_BYTES(run.result.own_tag));
}

kith_err
core_pair_check(core *c, kith_bytes confirm)
{
    core_pair *pair = c->identity->pair;
    const bool good = kith_equal_ct(confirm, KITH_BYTES(pair->expected_tag));

    kith_wipe(pair->expected_tag, sizeof pair->expected_tag);
    return good ? KITH_OK : KITH_ERR_REJECTED;
}

/* ---- Messages in pieces ---- */

kith_err
core_pair_say(core *c, uint8_t type, kith_bytes message)
{
    core_pair *pair = c->identity->pair;

    kith_buf_clear(&pair->out);
    pair->out_at = 0;
    KITH_TRY(kith_buf_append(&pair->out, kith_bytes_of(&type, 1)));
    return kith_buf_append(&pair->out, message);
}

typedef struct piece_nonce {
    uint8_t data[CRYPTO_AEAD_NONCE_LEN];
} piece_nonce;

static crypto_aead
next_aead(core_pair_way *way, piece_nonce *nonce)
{
    const uint64_t count = way->count++;

    memset(nonce->data, 0, sizeof nonce->data);
    for (size_t i = 0; i < 8; i++) {
        nonce->data[sizeof nonce->data - 1 - i] = (uint8_t)(count >> (8 * i));
    }
    return (crypto_aead){
        .id = CRYPTO_CHACHA20_POLY1305,
        .key = kith_bytes_of_secret(&way->key),
        .nonce = KITH_BYTES(nonce->data),
    };
}

kith_err
core_pair_piece(core *c, kith_buf *body)
{
    core_pair *pair = c->identity->pair;
    const size_t left = pair->out.len - pair->out_at;
    const size_t len = left < CORE_PAIR_CHUNK ? left : CORE_PAIR_CHUNK;
    KITH_AUTO(kith_buf) piece = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(&piece);
    kith_writer out = kith_writer_of(body);
    piece_nonce nonce;

    if (left == 0) {
        return KITH_OK;
    }
    KITH_TRY(kith_write_bool(&w, len == left));
    KITH_TRY(kith_write_bytes(&w, kith_bytes_of(pair->out.data + pair->out_at, len)));
    const crypto_aead aead = next_aead(&pair->send, &nonce);
    KITH_TRY(kith_write_u8(&out, PAIR_BODY_SEALED));
    KITH_TRY(crypto_aead_seal(c->env.crypto, &aead, kith_bytes_of_buf(&piece), body));
    pair->out_at += len;
    return KITH_OK;
}

kith_err
core_pair_take(core *c, kith_bytes sealed, bool *whole)
{
    core_pair *pair = c->identity->pair;
    const size_t max = pair->is_new ? CORE_PAIR_GIFT_MAX : CORE_PAIR_SAYING_MAX;
    KITH_AUTO(kith_buf) piece = {.alloc = c->env.alloc};
    piece_nonce nonce;
    bool last = false;

    const crypto_aead aead = next_aead(&pair->receive, &nonce);
    KITH_TRY(crypto_aead_open(c->env.crypto, &aead, sealed, &piece));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&piece));
    KITH_TRY(kith_read_bool(&r, &last));
    KITH_ENSURE(r.left <= max - pair->in.len, KITH_ERR_LIMIT);
    KITH_TRY(kith_buf_append(&pair->in, kith_reader_peek(&r)));
    *whole = last;
    return KITH_OK;
}
