/* SPDX-License-Identifier: MPL-2.0 */
/* Hashes and SHAKE256: known digests, and that pieces make the whole. */
#include "crypto/lab.h"

/* [FIPS180-4], [FIPS202]: of nothing, and of "abc". */
static const struct {
    crypto_hash_id id;
    size_t len;
    const char *nothing;
    const char *abc;
} facts[] = {
    {CRYPTO_SHA256, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {CRYPTO_SHA384, 48,
     "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fb"
     "d51ad2f14898b95b",
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc23"
     "58baeca134c825a7"},
    {CRYPTO_SHA512, 64,
     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0"
     "ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a8"
     "36ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {CRYPTO_SHA3_256, 32, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
     "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
};

static void
known_texts_have_known_hashes(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(facts); i++) {
        uint8_t digest[CRYPTO_HASH_MAX];
        assert_int_equal(crypto_hash_len(facts[i].id), facts[i].len);

        assert_ok(crypto_digest(*state, facts[i].id, CRYPTO_NO_PARTS, digest));
        assert_hex(kith_bytes_of(digest, facts[i].len), facts[i].nothing);
        assert_ok(
            crypto_digest(*state, facts[i].id, CRYPTO_PARTS(kith_bytes_of_text("abc")), digest));
        assert_hex(kith_bytes_of(digest, facts[i].len), facts[i].abc);
    }
}

static void
sha256_alone_is_the_same(void **state)
{
    uint8_t digest[CRYPTO_SHA256_LEN];

    assert_ok(crypto_sha256(*state, kith_bytes_of_text("abc"), digest));

    assert_hex(KITH_BYTES(digest), facts[0].abc);
}

static void
parts_are_hashed_as_their_concatenation(void **state)
{
    const crypto_parts parts =
        CRYPTO_PARTS((kith_bytes){0}, kith_bytes_of_text("a"), kith_bytes_of_text(""),
                     kith_bytes_of_text("bc"), (kith_bytes){0});

    for (size_t i = 0; i < CHECK_COUNT(facts); i++) {
        uint8_t digest[CRYPTO_HASH_MAX];

        assert_ok(crypto_digest(*state, facts[i].id, parts, digest));

        assert_hex(kith_bytes_of(digest, facts[i].len), facts[i].abc);
    }
}

static void
a_digest_is_no_longer_than_it_says(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(facts); i++) {
        uint8_t digest[CRYPTO_HASH_MAX + 1];
        memset(digest, 0xee, sizeof digest);

        assert_ok(crypto_digest(*state, facts[i].id, CRYPTO_NO_PARTS, digest));

        assert_int_equal(digest[facts[i].len], 0xee);
    }
}

static void
an_unknown_hash_is_unsupported(void **state)
{
    static const int unknown[] = {0, 5, 99, -1};

    for (size_t i = 0; i < CHECK_COUNT(unknown); i++) {
        const crypto_hash_id id = (crypto_hash_id)unknown[i];
        uint8_t digest[CRYPTO_HASH_MAX] = {7};
        crypto_hasher *h = NULL;

        assert_int_equal(crypto_hash_len(id), 0);
        assert_err(crypto_digest(*state, id, CRYPTO_NO_PARTS, digest), KITH_ERR_UNSUPPORTED);
        assert_err(crypto_hasher_new(*state, id, &h), KITH_ERR_UNSUPPORTED);

        assert_int_equal(digest[0], 7);
        assert_null(h);
    }
}

/* [FIPS202 §6.2] */
static void
shake256_gives_as_much_as_is_asked_for(void **state)
{
    uint8_t out[1000];

    assert_ok(crypto_shake256(*state, CRYPTO_NO_PARTS, out, 64));
    assert_hex(kith_bytes_of(out, 64),
               "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f"
               "d75dc4ddd8c0f200cb05019d67b592f6fc821c49479ab48640292eacb3b7c4be");
    assert_ok(crypto_shake256(
        *state, CRYPTO_PARTS(kith_bytes_of_text("ab"), kith_bytes_of_text("c")), out, 8));
    assert_hex(kith_bytes_of(out, 8), "483366601360a877");
    assert_ok(crypto_shake256(*state, CRYPTO_PARTS(kith_bytes_of_text("abc")), out, sizeof out));
    assert_hash(*state, KITH_BYTES(out),
                "065c275670d62eb58a224c748459c904ab102a3872a1240fe8e4fb238b863eb6");
}

static void
no_output_of_shake256_is_an_invalid_call(void **state)
{
    uint8_t out[1] = {7};

    assert_err(crypto_shake256(*state, CRYPTO_NO_PARTS, out, 0), KITH_ERR_INVALID);
}

static void
what_arrives_in_pieces_hashes_as_a_whole(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(facts); i++) {
        uint8_t digest[CRYPTO_HASH_MAX];
        crypto_hasher *h = NULL;
        assert_ok(crypto_hasher_new(*state, facts[i].id, &h));

        assert_ok(crypto_hasher_update(h, kith_bytes_of_text("a")));
        assert_ok(crypto_hasher_update(h, (kith_bytes){0}));
        assert_ok(crypto_hasher_update(h, kith_bytes_of_text("bc")));
        assert_ok(crypto_hasher_final(h, digest));

        assert_hex(kith_bytes_of(digest, facts[i].len), facts[i].abc);
        crypto_hasher_free(h);
    }
}

static void
a_finished_hasher_starts_anew(void **state)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    crypto_hasher *h = NULL;
    assert_ok(crypto_hasher_new(*state, CRYPTO_SHA256, &h));
    assert_ok(crypto_hasher_update(h, kith_bytes_of_text("before")));
    assert_ok(crypto_hasher_final(h, digest));

    assert_ok(crypto_hasher_final(h, digest));

    assert_hex(KITH_BYTES(digest), facts[0].nothing);
    crypto_hasher_free(h);
    crypto_hasher_free(NULL);
}

static void
hashers_do_not_disturb_each_other_or_the_object(void **state)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    crypto_hasher *a = NULL;
    crypto_hasher *b = NULL;
    assert_ok(crypto_hasher_new(*state, CRYPTO_SHA256, &a));
    assert_ok(crypto_hasher_update(a, kith_bytes_of_text("ab")));
    assert_ok(crypto_hasher_new(*state, CRYPTO_SHA256, &b));
    assert_ok(crypto_hasher_update(b, kith_bytes_of_text("other")));

    assert_ok(crypto_sha256(*state, (kith_bytes){0}, digest));
    assert_hex(KITH_BYTES(digest), facts[0].nothing);
    assert_ok(crypto_hasher_update(a, kith_bytes_of_text("c")));
    assert_ok(crypto_hasher_final(a, digest));

    assert_hex(KITH_BYTES(digest), facts[0].abc);
    crypto_hasher_free(a);
    crypto_hasher_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_known_hashes),
        cmocka_unit_test(sha256_alone_is_the_same),
        cmocka_unit_test(parts_are_hashed_as_their_concatenation),
        cmocka_unit_test(a_digest_is_no_longer_than_it_says),
        cmocka_unit_test(an_unknown_hash_is_unsupported),
        cmocka_unit_test(shake256_gives_as_much_as_is_asked_for),
        cmocka_unit_test(no_output_of_shake256_is_an_invalid_call),
        cmocka_unit_test(what_arrives_in_pieces_hashes_as_a_whole),
        cmocka_unit_test(a_finished_hasher_starts_anew),
        cmocka_unit_test(hashers_do_not_disturb_each_other_or_the_object),
    };

    return cmocka_run_group_tests_name("crypto: hashes", tests, lab_open, lab_close);
}
