/* SPDX-License-Identifier: MPL-2.0 */
/* AEAD: known answers, every changed bit refused, and lengths. */
#include "crypto/lab.h"
#include "fakes/fake_rng.h"

static const struct {
    crypto_aead_id id;
    const char *key;
    const char *nonce;
    const char *aad;
    const char *plaintext;
    const char *ciphertext;
} facts[] = {
    /* [SP800-38D], test cases 1, 4, 13 and 16 of the GCM specification. */
    {CRYPTO_AES_128_GCM, "00000000000000000000000000000000", "000000000000000000000000", "", "",
     "58e2fccefa7e3061367f1d57a4e7455a"},
    {CRYPTO_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {CRYPTO_AES_256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {CRYPTO_AES_256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
    /* [RFC8439 §2.8.2] */
    {CRYPTO_CHACHA20_POLY1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
     "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966"
     "204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f72207468652066757475"
     "72652c2073756e73637265656e20776f756c642062652069742e",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69"
     "da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad67594"
     "5585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"},
};

/* One message under one AEAD, with buffers that may be changed. */
typedef struct sample {
    uint8_t key[CRYPTO_AEAD_KEY_MAX];
    uint8_t nonce[CRYPTO_AEAD_NONCE_LEN];
    uint8_t aad[5];
    kith_buf sealed;
    crypto_aead aead;
} sample;

static const crypto_aead_id ids[] = {CRYPTO_AES_128_GCM, CRYPTO_AES_256_GCM,
                                     CRYPTO_CHACHA20_POLY1305};

static void
sample_init(crypto *c, crypto_aead_id id, sample *s)
{
    *s = (sample){.key = "key", .nonce = "nonce", .aad = "aad"};
    s->aead = (crypto_aead){.id = id,
                            .key = {s->key, crypto_aead_key_len(id)},
                            .nonce = KITH_BYTES(s->nonce),
                            .aad = KITH_BYTES(s->aad)};
    assert_ok(crypto_aead_seal(c, &s->aead, kith_bytes_of_text("plaintext"), &s->sealed));
}

static void
known_messages_seal_and_open(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(facts); i++) {
        KITH_AUTO(kith_buf) key = of_hex(facts[i].key);
        KITH_AUTO(kith_buf) nonce = of_hex(facts[i].nonce);
        KITH_AUTO(kith_buf) aad = of_hex(facts[i].aad);
        KITH_AUTO(kith_buf) plaintext = of_hex(facts[i].plaintext);
        KITH_AUTO(kith_buf) sealed = {0};
        KITH_AUTO(kith_buf) opened = {0};
        const crypto_aead in = {.id = facts[i].id,
                                .key = kith_bytes_of_buf(&key),
                                .nonce = kith_bytes_of_buf(&nonce),
                                .aad = kith_bytes_of_buf(&aad)};
        assert_int_equal(crypto_aead_key_len(in.id), key.len);

        assert_ok(crypto_aead_seal(*state, &in, kith_bytes_of_buf(&plaintext), &sealed));
        assert_hex(kith_bytes_of_buf(&sealed), facts[i].ciphertext);
        assert_ok(crypto_aead_open(*state, &in, kith_bytes_of_buf(&sealed), &opened));
        assert_hex(kith_bytes_of_buf(&opened), facts[i].plaintext);
    }
}

static void
assert_does_not_open(crypto *c, const sample *s)
{
    KITH_AUTO(kith_buf) out = {0};
    assert_ok(kith_buf_append(&out, kith_bytes_of_text("kept")));

    assert_err(crypto_aead_open(c, &s->aead, kith_bytes_of_buf(&s->sealed), &out),
               KITH_ERR_REJECTED);

    assert_text(kith_bytes_of_buf(&out), "kept");
}

static void
every_changed_bit_is_rejected(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        sample s;
        sample_init(*state, ids[i], &s);
        const struct {
            uint8_t *data;
            size_t len;
        } fields[] = {{s.key, s.aead.key.len},
                      {s.nonce, sizeof s.nonce},
                      {s.aad, sizeof s.aad},
                      {s.sealed.data, s.sealed.len}};

        for (size_t f = 0; f < CHECK_COUNT(fields); f++) {
            for (size_t bit = 0; bit < 8 * fields[f].len; bit++) {
                fields[f].data[bit / 8] ^= (uint8_t)(1u << bit % 8);
                assert_does_not_open(*state, &s);
                fields[f].data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            }
        }
        kith_buf_done(&s.sealed);
    }
}

static void
every_shorter_and_a_longer_ciphertext_is_rejected(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        sample s;
        sample_init(*state, ids[i], &s);
        assert_ok(kith_buf_append(&s.sealed, kith_bytes_of("", 1)));

        assert_does_not_open(*state, &s);
        s.sealed.len--;
        while (s.sealed.len-- > 0) {
            assert_does_not_open(*state, &s);
        }
        s.sealed.len = 0;
        kith_buf_done(&s.sealed);
    }
}

static void
what_is_sealed_and_opened_is_appended(void **state)
{
    sample s;
    KITH_AUTO(kith_buf) out = {0};
    sample_init(*state, CRYPTO_AES_256_GCM, &s);
    assert_ok(kith_buf_append(&out, kith_bytes_of_text("before ")));

    assert_ok(crypto_aead_open(*state, &s.aead, kith_bytes_of_buf(&s.sealed), &out));
    assert_text(kith_bytes_of_buf(&out), "before plaintext");
    assert_ok(crypto_aead_seal(*state, &s.aead, kith_bytes_of_text("plaintext"), &out));

    assert_int_equal(out.len, 16 + 9 + CRYPTO_AEAD_TAG_LEN);
    assert_memory_equal(out.data + 16, s.sealed.data, s.sealed.len);
    kith_buf_done(&s.sealed);
}

static void
a_message_may_be_sealed_and_opened_in_place(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        uint8_t place[9 + CRYPTO_AEAD_TAG_LEN] = "plaintext";
        sample s;
        sample_init(*state, ids[i], &s);

        assert_ok(crypto_aead_seal_into(*state, &s.aead, kith_bytes_of(place, 9), place));
        assert_true(kith_bytes_equal(KITH_BYTES(place), kith_bytes_of_buf(&s.sealed)));
        assert_ok(crypto_aead_open_into(*state, &s.aead, KITH_BYTES(place), place));

        assert_memory_equal(place, "plaintext", 9);
        kith_buf_done(&s.sealed);
    }
}

static void
what_does_not_open_leaves_nothing_of_the_plaintext(void **state)
{
    static const uint8_t zeros[9];

    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        uint8_t out[9] = "........";
        sample s;
        sample_init(*state, ids[i], &s);
        s.sealed.data[s.sealed.len - 1] ^= 1;

        assert_err(crypto_aead_open_into(*state, &s.aead, kith_bytes_of_buf(&s.sealed), out),
                   KITH_ERR_REJECTED);

        assert_memory_equal(out, zeros, sizeof zeros);
        kith_buf_done(&s.sealed);
    }
}

/* The call with each wrong field; `expected` from all four functions. */
static void
assert_refused(crypto *c, const crypto_aead *in, kith_bytes text, kith_err expected)
{
    KITH_AUTO(kith_buf) out = {0};
    uint8_t into[64] = {7};

    assert_err(crypto_aead_seal(c, in, text, &out), expected);
    assert_err(crypto_aead_open(c, in, text, &out), expected);
    assert_err(crypto_aead_seal_into(c, in, text, into), expected);
    assert_err(crypto_aead_open_into(c, in, text, into), expected);

    assert_int_equal(out.len, 0);
    assert_int_equal(into[0], 7);
}

static void
a_wrong_key_or_nonce_length_is_an_invalid_call(void **state)
{
    static const uint8_t bytes[64];

    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        const size_t key_len = crypto_aead_key_len(ids[i]);
        for (size_t len = 0; len <= 40; len++) {
            const crypto_aead wrong_key = {
                .id = ids[i], .key = {bytes, len}, .nonce = {bytes, CRYPTO_AEAD_NONCE_LEN}};
            const crypto_aead wrong_nonce = {
                .id = ids[i], .key = {bytes, key_len}, .nonce = {bytes, len}};
            if (len != key_len) {
                assert_refused(*state, &wrong_key, kith_bytes_of(bytes, 20), KITH_ERR_INVALID);
            }
            if (len != CRYPTO_AEAD_NONCE_LEN) {
                assert_refused(*state, &wrong_nonce, kith_bytes_of(bytes, 20), KITH_ERR_INVALID);
            }
        }
    }
}

static void
export_only_and_unknown_algorithms_are_unsupported(void **state)
{
    static const int none[] = {0, 4, CRYPTO_EXPORT_ONLY, -1};
    static const uint8_t bytes[32];

    for (size_t i = 0; i < CHECK_COUNT(none); i++) {
        const crypto_aead in = {.id = (crypto_aead_id)none[i], .nonce = {bytes, 12}};

        assert_int_equal(crypto_aead_key_len(in.id), 0);
        assert_refused(*state, &in, kith_bytes_of(bytes, 20), KITH_ERR_UNSUPPORTED);
    }
}

/* At the limit only memory is missing; one more is not looked at. */
static void
a_text_or_associated_data_beyond_the_limit_is_refused(void **state)
{
    static const uint8_t bytes[32];
    fake_alloc fake;
    fake_alloc_init(&fake);
    fake.fail_after = 0;
    KITH_AUTO(kith_buf) out = {.alloc = &fake.port};
    crypto_aead in = {.id = CRYPTO_AES_256_GCM, .key = KITH_BYTES(bytes), .nonce = {bytes, 12}};
    const kith_bytes at = {bytes, CRYPTO_AEAD_TEXT_MAX};
    const kith_bytes beyond = {bytes, (size_t)CRYPTO_AEAD_TEXT_MAX + 1};

    assert_err(crypto_aead_seal(*state, &in, at, &out), KITH_ERR_NO_MEMORY);
    assert_err(crypto_aead_open(*state, &in, at, &out), KITH_ERR_NO_MEMORY);
    assert_refused(*state, &in, beyond, KITH_ERR_LIMIT);
    in.aad = at;
    assert_err(crypto_aead_seal(*state, &in, KITH_BYTES(bytes), &out), KITH_ERR_NO_MEMORY);
    in.aad = beyond;
    assert_refused(*state, &in, KITH_BYTES(bytes), KITH_ERR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_messages_seal_and_open),
        cmocka_unit_test(every_changed_bit_is_rejected),
        cmocka_unit_test(every_shorter_and_a_longer_ciphertext_is_rejected),
        cmocka_unit_test(what_is_sealed_and_opened_is_appended),
        cmocka_unit_test(a_message_may_be_sealed_and_opened_in_place),
        cmocka_unit_test(what_does_not_open_leaves_nothing_of_the_plaintext),
        cmocka_unit_test(a_wrong_key_or_nonce_length_is_an_invalid_call),
        cmocka_unit_test(export_only_and_unknown_algorithms_are_unsupported),
        cmocka_unit_test(a_text_or_associated_data_beyond_the_limit_is_refused),
    };

    return cmocka_run_group_tests_name("crypto: AEAD", tests, lab_open, lab_close);
}
