/* SPDX-License-Identifier: MPL-2.0 */
/* HPKE: the vectors of its RFC, message order, the rules for inputs, and the one-stage key derivations. */
#include "crypto/facts_hpke.h"
#include "crypto/lab.h"
#include "fakes/fake_rng.h"

#define INFO "Ode on a Grecian Urn"
#define PLAINTEXT "Beauty is truth, truth beauty"

/* The inputs of one fact, decoded, as both sides have them. */
typedef struct sides {
    kith_buf ikm;
    kith_buf public_key;
    kith_buf private_key;
    kith_buf psk;
    kith_buf psk_id;
    given_rng given;
    kith_rng rng;
    crypto_hpke sender;
    crypto_hpke receiver;
} sides;

static void
sides_init(const hpke_fact *fact, sides *s)
{
    *s = (sides){.ikm = of_hex(fact->ikm_e),
                 .public_key = of_hex(fact->public_key),
                 .private_key = of_hex(fact->private_key),
                 .psk = of_hex(fact->psk),
                 .psk_id = of_hex(fact->psk_id)};
    s->given.left = kith_bytes_of_buf(&s->ikm);
    s->rng = given_rng_port(&s->given);
    s->sender = (crypto_hpke){.suite = fact->suite,
                              .key = kith_bytes_of_buf(&s->public_key),
                              .info = kith_bytes_of_text(INFO),
                              .psk = kith_bytes_of_buf(&s->psk),
                              .psk_id = kith_bytes_of_buf(&s->psk_id)};
    s->receiver = s->sender;
    s->receiver.key = kith_bytes_of_buf(&s->private_key);
}

static void
sides_done(sides *s)
{
    kith_buf_done(&s->ikm);
    kith_buf_done(&s->public_key);
    kith_buf_done(&s->private_key);
    kith_buf_done(&s->psk);
    kith_buf_done(&s->psk_id);
}

/* ---- [RFC9180 §A] ---- */

static void
assert_context(const crypto_hpke_context *ctx, const hpke_fact *fact)
{
    assert_hex(kith_bytes_of_secret(&ctx->key), fact->key);
    assert_hex(kith_bytes_of_secret(&ctx->base_nonce), fact->base_nonce);
    assert_hex(kith_bytes_of_secret(&ctx->exporter), fact->exporter);
}

static void
both_sides_set_up_the_published_context(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(hpke_facts); i++) {
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(crypto_hpke_context) sending = {0};
        KITH_AUTO(crypto_hpke_context) receiving = {0};
        sides s;
        sides_init(&hpke_facts[i], &s);

        assert_ok(crypto_hpke_setup_send(*state, &s.sender, &s.rng, &enc, &sending));
        assert_ok(
            crypto_hpke_setup_receive(*state, &s.receiver, kith_bytes_of_buf(&enc), &receiving));

        assert_hex(kith_bytes_of_buf(&enc), hpke_facts[i].enc);
        assert_context(&sending, &hpke_facts[i]);
        assert_context(&receiving, &hpke_facts[i]);
        sides_done(&s);
    }
}

static void
messages_0_1_and_256_seal_and_open_as_published(void **state)
{
    static const uint64_t numbers[] = {0, 1, 256};
    static const char *const aads[] = {"Count-0", "Count-1", "Count-256"};

    for (size_t i = 0; i < CHECK_COUNT(hpke_facts) * 3; i++) {
        const hpke_fact *fact = &hpke_facts[i / 3];
        const kith_bytes aad = kith_bytes_of_text(aads[i % 3]);
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(kith_buf) sealed = {0};
        KITH_AUTO(kith_buf) opened = {0};
        KITH_AUTO(crypto_hpke_context) ctx = {0};
        sides s;
        if (fact->sealed[i % 3] == NULL) {
            continue;
        }
        sides_init(fact, &s);
        assert_ok(crypto_hpke_setup_send(*state, &s.sender, &s.rng, &enc, &ctx));

        ctx.sequence = numbers[i % 3];
        assert_ok(
            crypto_hpke_context_seal(*state, &ctx, aad, kith_bytes_of_text(PLAINTEXT), &sealed));
        assert_int_equal(ctx.sequence, numbers[i % 3] + 1);
        ctx.sequence = numbers[i % 3];
        assert_ok(crypto_hpke_context_open(*state, &ctx, aad, kith_bytes_of_buf(&sealed), &opened));

        assert_hex(kith_bytes_of_buf(&sealed), fact->sealed[i % 3]);
        assert_text(kith_bytes_of_buf(&opened), PLAINTEXT);
        sides_done(&s);
    }
}

static void
a_single_message_is_the_first_of_a_context(void **state)
{
    const crypto_hpke_text message = {kith_bytes_of_text("Count-0"), kith_bytes_of_text(PLAINTEXT)};

    for (size_t i = 0; i < CHECK_COUNT(hpke_facts); i++) {
        KITH_AUTO(crypto_hpke_sealed) sealed = {0};
        KITH_AUTO(kith_buf) opened = {0};
        sides s;
        if (hpke_facts[i].sealed[0] == NULL) {
            continue;
        }
        sides_init(&hpke_facts[i], &s);

        assert_ok(crypto_hpke_seal(*state, &s.sender, &s.rng, message, &sealed));
        assert_hex(kith_bytes_of_buf(&sealed.kem_output), hpke_facts[i].enc);
        assert_hex(kith_bytes_of_buf(&sealed.ciphertext), hpke_facts[i].sealed[0]);
        assert_ok(crypto_hpke_open(
            *state, &s.receiver, kith_bytes_of_buf(&sealed.kem_output),
            (crypto_hpke_text){message.aad, kith_bytes_of_buf(&sealed.ciphertext)}, &opened));

        assert_text(kith_bytes_of_buf(&opened), PLAINTEXT);
        sides_done(&s);
    }
}

static void
secrets_are_exported_as_published(void **state)
{
    const kith_bytes contexts[] = {{0}, kith_bytes_of("", 1), kith_bytes_of_text("TestContext")};

    for (size_t i = 0; i < CHECK_COUNT(hpke_facts); i++) {
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(crypto_hpke_context) ctx = {0};
        sides s;
        sides_init(&hpke_facts[i], &s);
        assert_ok(crypto_hpke_setup_send(*state, &s.sender, &s.rng, &enc, &ctx));

        for (size_t k = 0; k < CHECK_COUNT(contexts); k++) {
            KITH_AUTO(kith_secret) out = {0};
            assert_ok(crypto_hpke_export(*state, &ctx, contexts[k], 32, &out));
            assert_hex(kith_bytes_of_secret(&out), hpke_facts[i].exported[k]);
        }
        sides_done(&s);
    }
}

/* ---- Every suite ---- */

static const crypto_kdf_id kdfs[] = {CRYPTO_HKDF_SHA256, CRYPTO_HKDF_SHA384, CRYPTO_HKDF_SHA512,
                                     CRYPTO_KDF_SHAKE128, CRYPTO_KDF_SHAKE256};

static bool
is_one_stage(crypto_kdf_id id)
{
    return id == CRYPTO_KDF_SHAKE128 || id == CRYPTO_KDF_SHAKE256;
}

/* A receiver and what a sender needs to know of it. */
typedef struct receiver {
    crypto_kem_pair pair;
    crypto_hpke sender;
    crypto_hpke own;
} receiver;

static void
receiver_init(crypto *c, crypto_hpke_suite suite, receiver *r)
{
    *r = (receiver){0};
    assert_ok(crypto_kem_generate(c, suite.kem, crypto_rng(), &r->pair));
    r->sender = (crypto_hpke){.suite = suite,
                              .key = kith_bytes_of_buf(&r->pair.public_key),
                              .info = kith_bytes_of_text(INFO)};
    r->own = r->sender;
    r->own.key = kith_bytes_of_secret(&r->pair.private_key);
}

static crypto_hpke_suite
usual_suite(void)
{
    return (crypto_hpke_suite){CRYPTO_KEM_X25519, CRYPTO_HKDF_SHA256, CRYPTO_AES_256_GCM};
}

static void
every_kdf_and_aead_carries_messages_in_order(void **state)
{
    static const crypto_aead_id aeads[] = {CRYPTO_AES_128_GCM, CRYPTO_AES_256_GCM,
                                           CRYPTO_CHACHA20_POLY1305};

    for (size_t i = 0; i < CHECK_COUNT(kdfs) * CHECK_COUNT(aeads); i++) {
        const crypto_hpke_suite suite = {CRYPTO_KEM_X25519, kdfs[i / 3], aeads[i % 3]};
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(crypto_hpke_context) sending = {0};
        KITH_AUTO(crypto_hpke_context) receiving = {0};
        receiver r;
        receiver_init(*state, suite, &r);
        assert_ok(crypto_hpke_setup_send(*state, &r.sender, crypto_rng(), &enc, &sending));
        assert_ok(crypto_hpke_setup_receive(*state, &r.own, kith_bytes_of_buf(&enc), &receiving));

        for (uint64_t n = 0; n < 3; n++) {
            KITH_AUTO(kith_buf) sealed = {0};
            KITH_AUTO(kith_buf) opened = {0};
            assert_ok(crypto_hpke_context_seal(*state, &sending, (kith_bytes){0},
                                               kith_bytes_of_text("m"), &sealed));
            assert_ok(crypto_hpke_context_open(*state, &receiving, (kith_bytes){0},
                                               kith_bytes_of_buf(&sealed), &opened));
            assert_text(kith_bytes_of_buf(&opened), "m");
            assert_int_equal(receiving.sequence, n + 1);
        }
        crypto_kem_pair_done(&r.pair);
    }
}

static void
every_input_binds_the_context(void **state)
{
    static const uint8_t psk[32] = {1};

    for (size_t i = 0; i < CHECK_COUNT(kdfs); i++) {
        const crypto_hpke_suite suite = {CRYPTO_KEM_X25519, kdfs[i], CRYPTO_AES_128_GCM};
        receiver r;
        receiver_init(*state, suite, &r);
        r.sender.psk = KITH_BYTES(psk);
        r.sender.psk_id = kith_bytes_of_text("id");
        KITH_AUTO(crypto_hpke_sealed) sealed = {0};
        KITH_AUTO(kith_buf) opened = {0};
        assert_ok(
            crypto_hpke_seal(*state, &r.sender, crypto_rng(), (crypto_hpke_text){0}, &sealed));
        const crypto_hpke_text text = {{0}, kith_bytes_of_buf(&sealed.ciphertext)};
        crypto_hpke others[] = {r.own, r.own, r.own, r.own};
        others[0].psk = r.sender.psk;
        others[0].psk_id = kith_bytes_of_text("ie");
        others[1].psk = kith_bytes_of_text("0123456789abcdef0123456789abcdef");
        others[1].psk_id = r.sender.psk_id;
        others[2].psk = r.sender.psk;
        others[2].psk_id = r.sender.psk_id;
        others[2].info = kith_bytes_of_text("other");

        for (size_t k = 0; k < CHECK_COUNT(others); k++) {
            assert_err(crypto_hpke_open(*state, &others[k], kith_bytes_of_buf(&sealed.kem_output),
                                        text, &opened),
                       KITH_ERR_REJECTED);
        }
        others[2].info = r.sender.info;
        assert_ok(crypto_hpke_open(*state, &others[2], kith_bytes_of_buf(&sealed.kem_output), text,
                                   &opened));
        crypto_kem_pair_done(&r.pair);
    }
}

static void
a_message_that_does_not_open_does_not_count(void **state)
{
    KITH_AUTO(kith_buf) enc = {0};
    KITH_AUTO(kith_buf) sealed = {0};
    KITH_AUTO(kith_buf) opened = {0};
    KITH_AUTO(crypto_hpke_context) sending = {0};
    KITH_AUTO(crypto_hpke_context) receiving = {0};
    receiver r;
    receiver_init(*state, usual_suite(), &r);
    assert_ok(crypto_hpke_setup_send(*state, &r.sender, crypto_rng(), &enc, &sending));
    assert_ok(crypto_hpke_setup_receive(*state, &r.own, kith_bytes_of_buf(&enc), &receiving));
    assert_ok(crypto_hpke_context_seal(*state, &sending, (kith_bytes){0}, kith_bytes_of_text("m"),
                                       &sealed));
    const kith_bytes ciphertext = kith_bytes_of_buf(&sealed);

    assert_err(crypto_hpke_context_open(*state, &receiving, kith_bytes_of_text("other"), ciphertext,
                                        &opened),
               KITH_ERR_REJECTED);
    assert_int_equal(receiving.sequence, 0);
    assert_int_equal(opened.len, 0);
    assert_ok(crypto_hpke_context_open(*state, &receiving, (kith_bytes){0}, ciphertext, &opened));
    assert_err(crypto_hpke_context_open(*state, &receiving, (kith_bytes){0}, ciphertext, &opened),
               KITH_ERR_REJECTED);

    assert_int_equal(receiving.sequence, 1);
    crypto_kem_pair_done(&r.pair);
}

static void
a_context_ends_before_its_numbers_repeat(void **state)
{
    KITH_AUTO(kith_buf) enc = {0};
    KITH_AUTO(kith_buf) out = {0};
    KITH_AUTO(crypto_hpke_context) ctx = {0};
    receiver r;
    receiver_init(*state, usual_suite(), &r);
    assert_ok(crypto_hpke_setup_send(*state, &r.sender, crypto_rng(), &enc, &ctx));

    ctx.sequence = UINT64_MAX - 1;
    assert_ok(
        crypto_hpke_context_seal(*state, &ctx, (kith_bytes){0}, kith_bytes_of_text("m"), &out));
    const size_t before = out.len;
    assert_err(
        crypto_hpke_context_seal(*state, &ctx, (kith_bytes){0}, kith_bytes_of_text("m"), &out),
        KITH_ERR_LIMIT);
    assert_err(
        crypto_hpke_context_open(*state, &ctx, (kith_bytes){0}, kith_bytes_of_buf(&enc), &out),
        KITH_ERR_LIMIT);

    assert_int_equal(ctx.sequence, UINT64_MAX);
    assert_int_equal(out.len, before);
    crypto_kem_pair_done(&r.pair);
}

static void
a_context_that_was_never_set_up_seals_nothing(void **state)
{
    crypto_hpke_context ctx = {.suite = usual_suite()};
    KITH_AUTO(kith_buf) out = {0};

    assert_err(crypto_hpke_context_seal(*state, &ctx, (kith_bytes){0}, (kith_bytes){0}, &out),
               KITH_ERR_INVALID);
    crypto_hpke_context_done(&ctx);
    crypto_hpke_context_done(NULL);
    crypto_hpke_sealed_done(NULL);
}

static void
an_export_only_suite_exports_only(void **state)
{
    crypto_hpke_suite suite = usual_suite();
    suite.aead = CRYPTO_EXPORT_ONLY;

    for (size_t i = 0; i < CHECK_COUNT(kdfs); i++) {
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(kith_buf) out = {0};
        KITH_AUTO(kith_secret) secret = {0};
        KITH_AUTO(crypto_hpke_context) ctx = {0};
        KITH_AUTO(crypto_hpke_sealed) sealed = {0};
        receiver r;
        suite.kdf = kdfs[i];
        receiver_init(*state, suite, &r);
        assert_ok(crypto_hpke_setup_send(*state, &r.sender, crypto_rng(), &enc, &ctx));

        assert_err(crypto_hpke_context_seal(*state, &ctx, (kith_bytes){0}, (kith_bytes){0}, &out),
                   KITH_ERR_UNSUPPORTED);
        assert_err(crypto_hpke_context_open(*state, &ctx, (kith_bytes){0}, (kith_bytes){0}, &out),
                   KITH_ERR_UNSUPPORTED);
        assert_err(
            crypto_hpke_seal(*state, &r.sender, crypto_rng(), (crypto_hpke_text){0}, &sealed),
            KITH_ERR_UNSUPPORTED);
        assert_ok(crypto_hpke_export(*state, &ctx, (kith_bytes){0}, 32, &secret));

        assert_int_equal(sealed.kem_output.len, 0);
        assert_int_equal(ctx.key.len, 0);
        crypto_kem_pair_done(&r.pair);
    }
}

static void
an_export_is_bounded_by_the_secret(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(kdfs); i++) {
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(kith_secret) out = {0};
        KITH_AUTO(crypto_hpke_context) ctx = {0};
        receiver r;
        receiver_init(*state, (crypto_hpke_suite){CRYPTO_KEM_X25519, kdfs[i], CRYPTO_AES_128_GCM},
                      &r);
        assert_ok(crypto_hpke_setup_send(*state, &r.sender, crypto_rng(), &enc, &ctx));

        assert_ok(crypto_hpke_export(*state, &ctx, (kith_bytes){0}, KITH_SECRET_MAX, &out));
        assert_err(crypto_hpke_export(*state, &ctx, (kith_bytes){0}, KITH_SECRET_MAX + 1, &out),
                   KITH_ERR_LIMIT);

        assert_int_equal(out.len, KITH_SECRET_MAX);
        crypto_kem_pair_done(&r.pair);
    }
}

/* ---- Rules for inputs ---- */

static void
assert_setup_refused(crypto *c, const crypto_hpke *in, kith_err expected)
{
    static const crypto_hpke_context untouched;
    static const uint8_t enc_bytes[32] = {9};
    KITH_AUTO(kith_buf) enc = {0};
    KITH_AUTO(crypto_hpke_sealed) sealed = {0};
    KITH_AUTO(kith_buf) opened = {0};
    crypto_hpke_context ctx = {0};

    assert_err(crypto_hpke_setup_send(c, in, crypto_rng(), &enc, &ctx), expected);
    assert_err(crypto_hpke_setup_receive(c, in, KITH_BYTES(enc_bytes), &ctx), expected);
    assert_err(crypto_hpke_seal(c, in, crypto_rng(), (crypto_hpke_text){0}, &sealed), expected);
    assert_err(crypto_hpke_open(c, in, KITH_BYTES(enc_bytes), (crypto_hpke_text){0}, &opened),
               expected);

    assert_int_equal(enc.len + sealed.kem_output.len + sealed.ciphertext.len + opened.len, 0);
    assert_memory_equal(&ctx, &untouched, sizeof untouched);
}

/* [RFC9180 §5.1], [RFC9180 §5.1.2] */
static void
a_psk_has_an_id_and_32_bytes(void **state)
{
    static const uint8_t bytes[32] = {1};
    KITH_AUTO(kith_buf) enc = {0};
    KITH_AUTO(crypto_hpke_context) ctx = {0};
    receiver r;
    receiver_init(*state, usual_suite(), &r);
    crypto_hpke in = r.sender;

    in.psk = KITH_BYTES(bytes);
    assert_setup_refused(*state, &in, KITH_ERR_INVALID);
    in.psk = (kith_bytes){0};
    in.psk_id = kith_bytes_of_text("id");
    assert_setup_refused(*state, &in, KITH_ERR_INVALID);
    in.psk = kith_bytes_of(bytes, 31);
    assert_setup_refused(*state, &in, KITH_ERR_INVALID);
    in.psk = kith_bytes_of(bytes, 32);
    assert_ok(crypto_hpke_setup_send(*state, &in, crypto_rng(), &enc, &ctx));
    crypto_kem_pair_done(&r.pair);
}

static void
unknown_parts_of_a_suite_are_unsupported(void **state)
{
    receiver r;
    receiver_init(*state, usual_suite(), &r);
    crypto_hpke kem = r.sender;
    crypto_hpke kdf = r.sender;
    crypto_hpke aead = r.sender;
    kem.suite.kem = (crypto_kem_id)1;
    kdf.suite.kdf = (crypto_kdf_id)4;
    aead.suite.aead = (crypto_aead_id)4;

    assert_setup_refused(*state, &kem, KITH_ERR_UNSUPPORTED);
    assert_setup_refused(*state, &kdf, KITH_ERR_UNSUPPORTED);
    assert_setup_refused(*state, &aead, KITH_ERR_UNSUPPORTED);
    crypto_kem_pair_done(&r.pair);
}

static void
a_key_of_a_wrong_length_is_malformed(void **state)
{
    receiver r;
    receiver_init(*state, usual_suite(), &r);
    crypto_hpke in = r.sender;

    in.key.len--;
    assert_setup_refused(*state, &in, KITH_ERR_MALFORMED);
    crypto_kem_pair_done(&r.pair);
}

static void
keys_that_lead_to_nothing_are_rejected(void **state)
{
    static const uint8_t zeros[32];
    KITH_AUTO(kith_buf) enc = {0};
    crypto_hpke_context ctx = {0};
    receiver r;
    receiver_init(*state, usual_suite(), &r);
    crypto_hpke in = r.sender;
    in.key = KITH_BYTES(zeros);

    assert_err(crypto_hpke_setup_send(*state, &in, crypto_rng(), &enc, &ctx), KITH_ERR_REJECTED);
    assert_err(crypto_hpke_setup_receive(*state, &r.own, KITH_BYTES(zeros), &ctx),
               KITH_ERR_REJECTED);
    assert_err(crypto_hpke_setup_receive(*state, &r.own, kith_bytes_of(zeros, 31), &ctx),
               KITH_ERR_MALFORMED);

    assert_int_equal(enc.len, 0);
    crypto_kem_pair_done(&r.pair);
}

static void
a_parsed_key_serves_in_place_of_a_raw_one(void **state)
{
    KITH_AUTO(crypto_hpke_sealed) sealed = {0};
    KITH_AUTO(kith_buf) opened = {0};
    receiver r;
    receiver_init(*state, usual_suite(), &r);
    crypto_hpke sender = r.sender;
    crypto_hpke own = r.own;
    sender.key = (kith_bytes){0};
    own.key = (kith_bytes){0};
    assert_ok(crypto_kem_key_of_public(*state, CRYPTO_KEM_X25519, r.sender.key, &sender.parsed));
    assert_ok(crypto_kem_key_of_private(*state, CRYPTO_KEM_X25519, r.own.key, &own.parsed));

    assert_ok(crypto_hpke_seal(*state, &sender, crypto_rng(),
                               (crypto_hpke_text){{0}, kith_bytes_of_text("m")}, &sealed));
    assert_ok(crypto_hpke_open(*state, &own, kith_bytes_of_buf(&sealed.kem_output),
                               (crypto_hpke_text){{0}, kith_bytes_of_buf(&sealed.ciphertext)},
                               &opened));
    assert_text(kith_bytes_of_buf(&opened), "m");
    sender.suite.kem = CRYPTO_KEM_X448;
    assert_setup_refused(*state, &sender, KITH_ERR_INVALID);

    crypto_kem_key_free(sender.parsed);
    crypto_kem_key_free(own.parsed);
    crypto_kem_pair_done(&r.pair);
}

static void
a_hash_of_the_info_stands_for_it(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(kdfs); i++) {
        const crypto_hpke_suite suite = {CRYPTO_KEM_X25519, kdfs[i], CRYPTO_AES_128_GCM};
        KITH_AUTO(kith_secret) hash = {0};
        KITH_AUTO(crypto_hpke_sealed) sealed = {0};
        KITH_AUTO(kith_buf) opened = {0};
        receiver r;
        receiver_init(*state, suite, &r);
        crypto_hpke in = r.sender;
        if (is_one_stage(kdfs[i])) {
            in.info_hash = kith_bytes_of_text("0123456789abcdef0123456789abcdef");
            assert_err(crypto_hpke_info_hash(*state, suite, in.info, &hash), KITH_ERR_UNSUPPORTED);
            assert_setup_refused(*state, &in, KITH_ERR_UNSUPPORTED);
            crypto_kem_pair_done(&r.pair);
            continue;
        }

        assert_ok(crypto_hpke_info_hash(*state, suite, in.info, &hash));
        in.info = (kith_bytes){0};
        in.info_hash = kith_bytes_of_secret(&hash);
        assert_ok(crypto_hpke_seal(*state, &in, crypto_rng(), (crypto_hpke_text){0}, &sealed));
        assert_ok(crypto_hpke_open(*state, &r.own, kith_bytes_of_buf(&sealed.kem_output),
                                   (crypto_hpke_text){{0}, kith_bytes_of_buf(&sealed.ciphertext)},
                                   &opened));
        in.info_hash.len--;
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(crypto_hpke_context) ctx = {0};
        assert_err(crypto_hpke_setup_send(*state, &in, crypto_rng(), &enc, &ctx), KITH_ERR_INVALID);
        assert_int_equal(enc.len, 0);
        crypto_kem_pair_done(&r.pair);
    }
}

/* [HPKE-PQ §5]: their lengths are said in two bytes. */
static void
inputs_of_a_one_stage_kdf_are_bounded(void **state)
{
    static const uint8_t bytes[0x10000];

    for (size_t i = 0; i < CHECK_COUNT(kdfs) * 3; i++) {
        const crypto_kdf_id kdf = kdfs[i / 3];
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(crypto_hpke_context) ctx = {0};
        receiver r;
        receiver_init(*state, (crypto_hpke_suite){CRYPTO_KEM_X25519, kdf, CRYPTO_AES_128_GCM}, &r);
        crypto_hpke in = r.sender;
        in.psk = kith_bytes_of(bytes, 32);
        in.psk_id = kith_bytes_of_text("id");
        kith_bytes *const fields[] = {&in.psk, &in.psk_id, &in.info};

        *fields[i % 3] = kith_bytes_of(bytes, 0xffff);
        assert_ok(crypto_hpke_setup_send(*state, &in, crypto_rng(), &enc, &ctx));
        *fields[i % 3] = KITH_BYTES(bytes);
        if (is_one_stage(kdf)) {
            assert_setup_refused(*state, &in, KITH_ERR_LIMIT);
        } else {
            assert_ok(crypto_hpke_setup_send(*state, &in, crypto_rng(), &enc, &ctx));
        }
        crypto_kem_pair_done(&r.pair);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_set_up_the_published_context),
        cmocka_unit_test(messages_0_1_and_256_seal_and_open_as_published),
        cmocka_unit_test(a_single_message_is_the_first_of_a_context),
        cmocka_unit_test(secrets_are_exported_as_published),
        cmocka_unit_test(every_kdf_and_aead_carries_messages_in_order),
        cmocka_unit_test(every_input_binds_the_context),
        cmocka_unit_test(a_message_that_does_not_open_does_not_count),
        cmocka_unit_test(a_context_ends_before_its_numbers_repeat),
        cmocka_unit_test(a_context_that_was_never_set_up_seals_nothing),
        cmocka_unit_test(an_export_only_suite_exports_only),
        cmocka_unit_test(an_export_is_bounded_by_the_secret),
        cmocka_unit_test(a_psk_has_an_id_and_32_bytes),
        cmocka_unit_test(unknown_parts_of_a_suite_are_unsupported),
        cmocka_unit_test(a_key_of_a_wrong_length_is_malformed),
        cmocka_unit_test(keys_that_lead_to_nothing_are_rejected),
        cmocka_unit_test(a_parsed_key_serves_in_place_of_a_raw_one),
        cmocka_unit_test(a_hash_of_the_info_stands_for_it),
        cmocka_unit_test(inputs_of_a_one_stage_kdf_are_bounded),
    };

    return cmocka_run_group_tests_name("crypto: HPKE", tests, lab_open, lab_close);
}
