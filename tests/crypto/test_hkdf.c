/* SPDX-License-Identifier: MPL-2.0 */
/* HMAC and HKDF: known answers, limits, and outputs that lie where inputs do. */
#include "crypto/lab.h"

static const crypto_hash_id hashes[] = {CRYPTO_SHA256, CRYPTO_SHA384, CRYPTO_SHA512};

/* [RFC2104], with a short key, without a key and a text, and with a key longer than a block. */
static const struct {
    const char *short_key;
    const char *nothing;
    const char *long_key;
} macs[] = {
    {"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
     "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {"af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
     "8e2240ca5e69e2c78b3239ecfab21649",
     "6c1f2ee938fad2e24bd91298474382ca218c75db3d83e114b3d4367776d14d35"
     "51289e75e8209cd4b792302840234adc",
     "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
     "0c2ef6ab4030fe8296248df163f44952"},
    {"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
     "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
     "b936cee86c9f87aa5d3c6f2e84cb5a4239a5fe50480a6ec66b70ab5b1f4ac673"
     "0c6c515421b327ec1d69402e53dfb49ad7381eb067b338fd7b0cb22247225d47",
     "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
     "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
};

static void
known_texts_have_known_macs(void **state)
{
    uint8_t long_key[131];
    memset(long_key, 0xaa, sizeof long_key);

    for (size_t i = 0; i < CHECK_COUNT(hashes); i++) {
        const size_t len = crypto_hash_len(hashes[i]);
        uint8_t mac[CRYPTO_HASH_MAX];

        assert_ok(crypto_hmac(*state, hashes[i], kith_bytes_of_text("Jefe"),
                              CRYPTO_PARTS(kith_bytes_of_text("what do ya want "),
                                           kith_bytes_of_text("for nothing?")),
                              mac));
        assert_hex(kith_bytes_of(mac, len), macs[i].short_key);
        assert_ok(crypto_hmac(*state, hashes[i], (kith_bytes){0}, CRYPTO_NO_PARTS, mac));
        assert_hex(kith_bytes_of(mac, len), macs[i].nothing);
        assert_ok(crypto_hmac(*state, hashes[i], KITH_BYTES(long_key),
                              CRYPTO_PARTS(kith_bytes_of_text("Test Using Larger Than Block-Size "
                                                              "Key - Hash Key First")),
                              mac));
        assert_hex(kith_bytes_of(mac, len), macs[i].long_key);
    }
}

static void
a_mac_is_accepted_only_whole_and_unchanged(void **state)
{
    const kith_bytes key = kith_bytes_of_text("key");
    const crypto_parts text = CRYPTO_PARTS(kith_bytes_of_text("text"));
    uint8_t mac[CRYPTO_HASH_MAX + 1] = {0};
    assert_ok(crypto_hmac(*state, CRYPTO_SHA256, key, text, mac));
    const kith_bytes whole = {mac, CRYPTO_SHA256_LEN};

    assert_ok(crypto_hmac_verify(*state, CRYPTO_SHA256, key, text, whole));
    for (size_t len = 0; len <= CRYPTO_SHA256_LEN + 1; len++) {
        if (len != CRYPTO_SHA256_LEN) {
            assert_err(
                crypto_hmac_verify(*state, CRYPTO_SHA256, key, text, kith_bytes_of(mac, len)),
                KITH_ERR_REJECTED);
        }
    }
    for (size_t bit = 0; bit < 8 * CRYPTO_SHA256_LEN; bit++) {
        mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_err(crypto_hmac_verify(*state, CRYPTO_SHA256, key, text, whole), KITH_ERR_REJECTED);
        mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_err(crypto_hmac_verify(*state, CRYPTO_SHA256, kith_bytes_of_text("kez"), text, whole),
               KITH_ERR_REJECTED);
}

static void
a_hash_without_hmac_is_unsupported(void **state)
{
    static const int without[] = {0, CRYPTO_SHA3_256, 99};

    for (size_t i = 0; i < CHECK_COUNT(without); i++) {
        const crypto_hash_id id = (crypto_hash_id)without[i];
        const crypto_expand in = {.prk = kith_bytes_of_text("k"), .len = 1};
        uint8_t out[CRYPTO_HASH_MAX] = {7};
        kith_secret secret = {.data = "old", .len = 3};

        assert_err(crypto_hmac(*state, id, (kith_bytes){0}, CRYPTO_NO_PARTS, out),
                   KITH_ERR_UNSUPPORTED);
        assert_err(
            crypto_hmac_verify(*state, id, (kith_bytes){0}, CRYPTO_NO_PARTS, (kith_bytes){0}),
            KITH_ERR_UNSUPPORTED);
        assert_err(crypto_hkdf_extract(*state, id, (kith_bytes){0}, (kith_bytes){0}, &secret),
                   KITH_ERR_UNSUPPORTED);
        assert_err(crypto_hkdf_expand(*state, id, &in, &secret), KITH_ERR_UNSUPPORTED);
        assert_err(crypto_hkdf_expand_into(*state, id, &in, out), KITH_ERR_UNSUPPORTED);

        assert_int_equal(out[0], 7);
        assert_text(kith_bytes_of_secret(&secret), "old");
    }
}

/* [RFC5869 §A.1], [RFC5869 §A.2], [RFC5869 §A.3] */
static const struct {
    const char *ikm;
    const char *salt;
    const char *info;
    const char *prk;
    const char *okm;
} facts[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a"
     "2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a"
     "8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9da"
     "dbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41"
     "c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

static void
extract_and_expand_give_the_published_keys(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(facts); i++) {
        KITH_AUTO(kith_buf) ikm = of_hex(facts[i].ikm);
        KITH_AUTO(kith_buf) salt = of_hex(facts[i].salt);
        KITH_AUTO(kith_buf) info = of_hex(facts[i].info);
        KITH_AUTO(kith_secret) prk = {0};
        KITH_AUTO(kith_secret) okm = {0};

        assert_ok(crypto_hkdf_extract(*state, CRYPTO_SHA256, kith_bytes_of_buf(&salt),
                                      kith_bytes_of_buf(&ikm), &prk));
        assert_hex(kith_bytes_of_secret(&prk), facts[i].prk);
        const crypto_expand in = {.prk = kith_bytes_of_secret(&prk),
                                  .info = CRYPTO_PARTS(kith_bytes_of_buf(&info)),
                                  .len = strlen(facts[i].okm) / 2};
        assert_ok(crypto_hkdf_expand(*state, CRYPTO_SHA256, &in, &okm));
        assert_hex(kith_bytes_of_secret(&okm), facts[i].okm);
    }
}

static void
expanding_is_bounded_by_what_the_hash_allows(void **state)
{
    static uint8_t out[255 * CRYPTO_HASH_MAX + 1];

    for (size_t i = 0; i < CHECK_COUNT(hashes); i++) {
        const size_t max = 255 * crypto_hash_len(hashes[i]);
        crypto_expand in = {.prk = kith_bytes_of_text("prk"), .len = max};
        memset(out, 0xee, sizeof out);

        assert_ok(crypto_hkdf_expand_into(*state, hashes[i], &in, out));
        assert_int_equal(out[max], 0xee);
        in.len = max + 1;
        memset(out, 0xee, sizeof out);
        assert_err(crypto_hkdf_expand_into(*state, hashes[i], &in, out), KITH_ERR_LIMIT);
        assert_int_equal(out[0], 0xee);
    }
}

static void
expanding_into_a_secret_is_bounded_by_the_secret(void **state)
{
    crypto_expand in = {.prk = kith_bytes_of_text("prk"), .len = KITH_SECRET_MAX};
    KITH_AUTO(kith_secret) out = {0};

    assert_ok(crypto_hkdf_expand(*state, CRYPTO_SHA256, &in, &out));
    assert_int_equal(out.len, KITH_SECRET_MAX);
    in.len = KITH_SECRET_MAX + 1;
    assert_err(crypto_hkdf_expand(*state, CRYPTO_SHA256, &in, &out), KITH_ERR_LIMIT);

    assert_int_equal(out.len, KITH_SECRET_MAX);
}

static void
a_longer_expansion_begins_with_the_shorter_one(void **state)
{
    uint8_t all[100];
    crypto_expand in = {.prk = kith_bytes_of_text("prk"), .len = sizeof all};
    assert_ok(crypto_hkdf_expand_into(*state, CRYPTO_SHA256, &in, all));

    for (size_t len = 0; len <= sizeof all; len++) {
        uint8_t some[100];
        in.len = len;
        assert_ok(crypto_hkdf_expand_into(*state, CRYPTO_SHA256, &in, some));
        assert_true(kith_bytes_equal(kith_bytes_of(some, len), kith_bytes_of(all, len)));
    }
}

static void
the_output_may_be_where_the_input_is(void **state)
{
    KITH_AUTO(kith_secret) as_salt = {0};
    KITH_AUTO(kith_secret) as_ikm = {0};
    KITH_AUTO(kith_secret) apart = {0};
    const kith_bytes text = kith_bytes_of_text("0123456789abcdef0123456789abcdef");
    assert_ok(kith_secret_set(&as_salt, text));
    assert_ok(kith_secret_set(&as_ikm, text));

    assert_ok(crypto_hkdf_extract(*state, CRYPTO_SHA256, text, text, &apart));
    assert_ok(
        crypto_hkdf_extract(*state, CRYPTO_SHA256, kith_bytes_of_secret(&as_salt), text, &as_salt));
    assert_ok(
        crypto_hkdf_extract(*state, CRYPTO_SHA256, text, kith_bytes_of_secret(&as_ikm), &as_ikm));
    assert_true(kith_equal_ct(kith_bytes_of_secret(&as_salt), kith_bytes_of_secret(&apart)));
    assert_true(kith_equal_ct(kith_bytes_of_secret(&as_ikm), kith_bytes_of_secret(&apart)));

    const crypto_expand in = {.prk = kith_bytes_of_secret(&as_salt), .len = 100};
    const crypto_expand in_apart = {.prk = kith_bytes_of_secret(&as_ikm), .len = 100};
    assert_ok(crypto_hkdf_expand(*state, CRYPTO_SHA256, &in_apart, &apart));
    assert_ok(crypto_hkdf_expand(*state, CRYPTO_SHA256, &in, &as_salt));

    assert_true(kith_equal_ct(kith_bytes_of_secret(&as_salt), kith_bytes_of_secret(&apart)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_known_macs),
        cmocka_unit_test(a_mac_is_accepted_only_whole_and_unchanged),
        cmocka_unit_test(a_hash_without_hmac_is_unsupported),
        cmocka_unit_test(extract_and_expand_give_the_published_keys),
        cmocka_unit_test(expanding_is_bounded_by_what_the_hash_allows),
        cmocka_unit_test(expanding_into_a_secret_is_bounded_by_the_secret),
        cmocka_unit_test(a_longer_expansion_begins_with_the_shorter_one),
        cmocka_unit_test(the_output_may_be_where_the_input_is),
    };

    return cmocka_run_group_tests_name("crypto: HMAC and HKDF", tests, lab_open, lab_close);
}
