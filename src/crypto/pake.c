/* SPDX-License-Identifier: MPL-2.0 */
/* CPACE-RISTR255-SHA512 [CPACE] over libsodium's ristretto255 group. */
#include <sodium.h>
#include <string.h>

#include "crypto/internal.h"

/* G.DSI and the domain separation of ISK [CPACE §7.3] [CPACE §6.2]. */
#define DSI "CPaceRistretto255"
#define DSI_ISK "CPaceRistretto255_ISK"
/* Input block of SHA-512 in bytes: H.s_in_bytes. */
#define BLOCK 128
/* Of a scalar, 252 bits: the top byte keeps four of them [CPACE §7.3]. */
#define SCALAR_TOP_MASK 0x0f

struct crypto_pake {
    const kith_alloc *alloc;
    crypto_pake_role role;
    bool finished;
    uint8_t scalar[crypto_core_ristretto255_SCALARBYTES];
    uint8_t message[CRYPTO_PAKE_MESSAGE_LEN];
    kith_buf session;
    kith_buf ad;
};

/* prepend_len: the length as LEB128, then the bytes [CPACE §5.3]. */
static kith_err
append_lv(kith_buf *out, kith_bytes bytes)
{
    size_t rest = bytes.len;

    do {
        const uint8_t low = (uint8_t)(rest & 0x7f);
        rest >>= 7;
        const uint8_t byte = (uint8_t)(rest > 0 ? low | 0x80 : low);
        KITH_TRY(kith_buf_append(out, kith_bytes_of(&byte, 1)));
    } while (rest > 0);
    return kith_buf_append(out, bytes);
}

static size_t
prefix_len(size_t len)
{
    return len < 0x80 ? 1 : len < 0x4000 ? 2 : 3;
}

/* generator_string: zeros fill the first block of the hash, so that the time does not depend on the
 * length of a short code [CPACE §7.1]. */
static kith_err
write_generator_string(const crypto_pake_input *in, kith_buf *out)
{
    static const uint8_t zeros[BLOCK];
    const size_t used =
        prefix_len(in->password.len) + in->password.len + prefix_len(strlen(DSI)) + strlen(DSI) + 1;
    const size_t pad = used < BLOCK ? BLOCK - used : 0;

    KITH_TRY(append_lv(out, kith_bytes_of_text(DSI)));
    KITH_TRY(append_lv(out, in->password));
    KITH_TRY(append_lv(out, kith_bytes_of(zeros, pad)));
    KITH_TRY(append_lv(out, in->channel));
    return append_lv(out, in->session);
}

static kith_err
calculate_generator(crypto *c, const crypto_pake_input *in,
                    uint8_t generator[crypto_core_ristretto255_BYTES])
{
    KITH_AUTO(kith_buf) text = {.alloc = c->alloc};
    uint8_t hash[crypto_core_ristretto255_HASHBYTES];

    KITH_TRY(write_generator_string(in, &text));
    KITH_TRY(crypto_digest(c, CRYPTO_SHA512, CRYPTO_PARTS(kith_bytes_of_buf(&text)), hash));
    const int made = crypto_core_ristretto255_from_hash(generator, hash);
    kith_wipe(hash, sizeof hash);
    KITH_ENSURE(made == 0, KITH_ERR_CRYPTO);
    return KITH_OK;
}

static kith_err
fill_pake(crypto *c, const crypto_pake_input *in, const kith_rng *rng, crypto_pake *pake)
{
    uint8_t generator[crypto_core_ristretto255_BYTES];

    KITH_TRY(kith_buf_set(&pake->session, in->session));
    KITH_TRY(kith_buf_set(&pake->ad, in->ad));
    KITH_TRY(kith_rng_fill(rng, pake->scalar, sizeof pake->scalar));
    pake->scalar[sizeof pake->scalar - 1] &= SCALAR_TOP_MASK;
    KITH_TRY(calculate_generator(c, in, generator));
    /* Fails for a scalar of zero only: such randomness is none. */
    const int made = crypto_scalarmult_ristretto255(pake->message, pake->scalar, generator);
    kith_wipe(generator, sizeof generator);
    KITH_ENSURE(made == 0, KITH_ERR_NO_RANDOM);
    return KITH_OK;
}

kith_err
crypto_pake_start(crypto *c, const crypto_pake_input *in, const kith_rng *rng, crypto_pake **out)
{
    KITH_ENSURE(in->role >= CRYPTO_PAKE_INITIATOR && in->role <= CRYPTO_PAKE_SYMMETRIC,
                KITH_ERR_INVALID);
    KITH_ENSURE(in->password.len <= CRYPTO_PAKE_INPUT_MAX &&
                    in->channel.len <= CRYPTO_PAKE_INPUT_MAX &&
                    in->session.len <= CRYPTO_PAKE_INPUT_MAX && in->ad.len <= CRYPTO_PAKE_INPUT_MAX,
                KITH_ERR_LIMIT);
    crypto_pake *pake = kith_mem_zalloc(c->alloc, 1, sizeof *pake);
    KITH_ENSURE(pake != NULL, KITH_ERR_NO_MEMORY);
    pake->alloc = c->alloc;
    pake->role = in->role;
    pake->session.alloc = c->alloc;
    pake->ad.alloc = c->alloc;
    const kith_err err = fill_pake(c, in, rng, pake);
    if (err != KITH_OK) {
        crypto_pake_free(pake);
        return err;
    }
    *out = pake;
    return KITH_OK;
}

void
crypto_pake_free(crypto_pake *pake)
{
    if (pake != NULL) {
        kith_buf_done(&pake->session);
        kith_buf_done(&pake->ad);
        kith_mem_free(pake->alloc, pake, sizeof *pake);
    }
}

kith_bytes
crypto_pake_message(const crypto_pake *pake)
{
    return KITH_BYTES(pake->message);
}

void
crypto_pake_result_done(crypto_pake_result *result)
{
    if (result != NULL) {
        kith_wipe(result, sizeof *result);
    }
}

/* lv_cat(Y, AD) of both sides, in the order of the roles or, without roles, the larger one first behind
 * "oc" [CPACE §5.3]. */
static kith_err
write_transcript(crypto_pake_role role, kith_bytes own, kith_bytes peer, kith_buf *out)
{
    if (role == CRYPTO_PAKE_SYMMETRIC) {
        KITH_TRY(kith_buf_append(out, kith_bytes_of_text("oc")));
    }
    const bool own_first = role == CRYPTO_PAKE_INITIATOR ||
                           (role == CRYPTO_PAKE_SYMMETRIC && kith_bytes_compare(own, peer) > 0);
    KITH_TRY(kith_buf_append(out, own_first ? own : peer));
    return kith_buf_append(out, own_first ? peer : own);
}

/* ISK = H(lv_cat(DSI_ISK, sid, K) || transcript) [CPACE §6.2]. */
static kith_err
derive_isk(crypto *c, const crypto_pake *pake, kith_bytes k, kith_bytes transcript,
           kith_secret *isk)
{
    KITH_AUTO(kith_buf) text = {.alloc = c->alloc};

    KITH_TRY(append_lv(&text, kith_bytes_of_text(DSI_ISK)));
    KITH_TRY(append_lv(&text, kith_bytes_of_buf(&pake->session)));
    KITH_TRY(append_lv(&text, k));
    KITH_TRY(crypto_digest(c, CRYPTO_SHA512, CRYPTO_PARTS(kith_bytes_of_buf(&text), transcript),
                           isk->data));
    isk->len = CRYPTO_PAKE_KEY_LEN;
    return KITH_OK;
}

/* mac_key = H("CPaceMac" || sid || ISK); each tag is over what its sender sent [CPACE §9.4]. */
static kith_err
derive_tags(crypto *c, const crypto_pake *pake, kith_bytes own, kith_bytes peer,
            crypto_pake_result *result)
{
    KITH_AUTO(kith_secret) mac_key = {.len = CRYPTO_SHA512_LEN};
    const crypto_parts parts =
        CRYPTO_PARTS(kith_bytes_of_text("CPaceMac"), kith_bytes_of_buf(&pake->session),
                     kith_bytes_of_secret(&result->key));

    KITH_TRY(crypto_digest(c, CRYPTO_SHA512, parts, mac_key.data));
    const kith_bytes key = kith_bytes_of_secret(&mac_key);
    KITH_TRY(crypto_hmac(c, CRYPTO_SHA512, key, CRYPTO_PARTS(own), result->own_tag));
    return crypto_hmac(c, CRYPTO_SHA512, key, CRYPTO_PARTS(peer), result->expected_tag);
}

/* Everything after K = scalar_mult_vfy(y, peer's element). */
static kith_err
conclude(crypto *c, const crypto_pake *pake, kith_bytes k, kith_bytes peer_lv,
         crypto_pake_result *out)
{
    KITH_AUTO(kith_buf) own_lv = {.alloc = c->alloc};
    KITH_AUTO(kith_buf) transcript = {.alloc = c->alloc};
    KITH_AUTO(crypto_pake_result) result = {0};

    KITH_TRY(append_lv(&own_lv, KITH_BYTES(pake->message)));
    KITH_TRY(append_lv(&own_lv, kith_bytes_of_buf(&pake->ad)));
    const kith_bytes own = kith_bytes_of_buf(&own_lv);
    /* Without roles our own message could be played back to us [CPACE §9.1]. */
    KITH_ENSURE(!kith_bytes_equal(own, peer_lv), KITH_ERR_REJECTED);
    KITH_TRY(write_transcript(pake->role, own, peer_lv, &transcript));
    KITH_TRY(derive_isk(c, pake, k, kith_bytes_of_buf(&transcript), &result.key));
    KITH_TRY(derive_tags(c, pake, own, peer_lv, &result));
    *out = result;
    return KITH_OK;
}

static kith_err
run_finish(crypto *c, const crypto_pake *pake, kith_bytes peer_message, kith_bytes peer_ad,
           crypto_pake_result *out)
{
    KITH_AUTO(kith_buf) peer_lv = {.alloc = c->alloc};
    KITH_AUTO(kith_secret) k = {.len = crypto_core_ristretto255_BYTES};

    KITH_ENSURE(peer_message.len == CRYPTO_PAKE_MESSAGE_LEN, KITH_ERR_MALFORMED);
    /* Fails for an encoding that is no element, and for the neutral element, on which both sides MUST
     * abort [CPACE §6.2]. */
    KITH_ENSURE(crypto_scalarmult_ristretto255(k.data, pake->scalar, peer_message.data) == 0,
                KITH_ERR_REJECTED);
    KITH_TRY(append_lv(&peer_lv, peer_message));
    KITH_TRY(append_lv(&peer_lv, peer_ad));
    return conclude(c, pake, kith_bytes_of_secret(&k), kith_bytes_of_buf(&peer_lv), out);
}

kith_err
crypto_pake_finish(crypto *c, crypto_pake *pake, kith_bytes peer_message, kith_bytes peer_ad,
                   crypto_pake_result *out)
{
    KITH_ENSURE(!pake->finished, KITH_ERR_INVALID);
    KITH_ENSURE(peer_ad.len <= CRYPTO_PAKE_INPUT_MAX, KITH_ERR_LIMIT);
    const kith_err err = run_finish(c, pake, peer_message, peer_ad, out);

    /* One guess per run: after an answer of the other side, good or bad, the scalar is gone. */
    if (err == KITH_OK || err == KITH_ERR_MALFORMED || err == KITH_ERR_REJECTED) {
        pake->finished = true;
        kith_wipe(pake->scalar, sizeof pake->scalar);
    }
    return err;
}

kith_err
crypto_pake_confirm(const crypto_pake_result *result, kith_bytes peer_tag)
{
    KITH_ENSURE(kith_equal_ct(KITH_BYTES(result->expected_tag), peer_tag), KITH_ERR_REJECTED);
    return KITH_OK;
}
