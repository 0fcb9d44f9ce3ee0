/* SPDX-License-Identifier: MPL-2.0 */
/* The crypto object: made and freed, outlived by what it made, silent towards the library's error queue. */
#include <limits.h>

#include <openssl/err.h>

#include "crypto/lab.h"
#include "fakes/fake_rng.h"

static void
without_memory_there_is_no_crypto_object(void **state)
{
    crypto *c = NULL;
    fake_alloc fake;
    (void)state;
    fake_alloc_init(&fake);
    fake.fail_after = 0;

    assert_err(crypto_new(&fake.port, &c), KITH_ERR_NO_MEMORY);

    assert_null(c);
}

static void
a_freed_crypto_object_leaves_nothing_behind(void **state)
{
    crypto *c = NULL;
    fake_alloc fake;
    (void)state;
    fake_alloc_init(&fake);

    assert_ok(crypto_new(&fake.port, &c));
    assert_int_equal(fake.live_blocks, 1);
    crypto_free(c);
    crypto_free(NULL);

    assert_int_equal(fake.live_blocks, 0);
}

static void
the_systems_randomness_fills_all_it_is_asked_for(void **state)
{
    uint8_t a[64] = {0};
    uint8_t b[64] = {0};
    size_t changed = 0;
    (void)state;

    assert_ok(kith_rng_fill(crypto_rng(), a, sizeof a));
    assert_ok(kith_rng_fill(crypto_rng(), b, sizeof b));

    for (size_t i = 0; i < sizeof a; i++) {
        changed += a[i] != b[i] ? 1 : 0;
    }
    assert_true(changed > 32); /* by chance: less than 2^-200 */
    assert_ok(kith_rng_fill(crypto_rng(), a, 0));
}

static void
more_randomness_than_the_library_can_count_is_beyond_the_limit(void **state)
{
    uint8_t out[1] = {7};
    (void)state;

    assert_err(kith_rng_fill(crypto_rng(), out, (size_t)INT_MAX + 1), KITH_ERR_LIMIT);

    assert_int_equal(out[0], 7);
}

static void
keys_outlive_the_object_that_made_them(void **state)
{
    static const uint8_t seed[32] = {1};
    const kith_bytes message = kith_bytes_of_text("m");
    crypto *maker = NULL;
    crypto_sign_key *key = NULL;
    crypto_verify_key *verifier = NULL;
    crypto_hasher *hasher = NULL;
    KITH_AUTO(kith_buf) signature = {0};
    uint8_t digest[32];
    assert_ok(crypto_new(NULL, &maker));
    assert_ok(crypto_sign_key_import(maker, CRYPTO_ML_DSA_44, KITH_BYTES(seed), &key));
    assert_ok(
        crypto_verify_key_new(maker, CRYPTO_ML_DSA_44, crypto_sign_key_public(key), &verifier));
    assert_ok(crypto_hasher_new(maker, CRYPTO_SHA256, &hasher));

    crypto_free(maker);

    assert_ok(crypto_sign_with(*state, key, message, &signature));
    assert_ok(crypto_verify_with(*state, verifier, message, kith_bytes_of_buf(&signature)));
    assert_ok(crypto_hasher_update(hasher, message));
    assert_ok(crypto_hasher_final(hasher, digest));
    crypto_hasher_free(hasher);
    crypto_verify_key_free(verifier);
    crypto_sign_key_free(key);
}

static void
kems_outlive_the_object_that_made_them(void **state)
{
    static const uint8_t seed[32] = {1};
    crypto *maker = NULL;
    crypto_kem_key *key = NULL;
    KITH_AUTO(kith_buf) enc = {0};
    KITH_AUTO(kith_secret) sent = {0};
    KITH_AUTO(kith_secret) received = {0};
    assert_ok(crypto_new(NULL, &maker));
    assert_ok(crypto_kem_key_of_private(maker, CRYPTO_KEM_MLKEM768_X25519, KITH_BYTES(seed), &key));

    crypto_free(maker);

    assert_ok(crypto_kem_encap(*state, key, crypto_rng(), &sent, &enc));
    assert_ok(crypto_kem_decap(*state, key, kith_bytes_of_buf(&enc), &received));
    assert_true(kith_equal_ct(kith_bytes_of_secret(&sent), kith_bytes_of_secret(&received)));
    crypto_kem_key_free(key);
}

/* What others find in the queue they would take for a failure of their own. */
static void
a_refusal_leaves_no_error_in_the_librarys_queue(void **state)
{
    static const uint8_t bytes[2600] = {4};
    static const kith_bytes text = {bytes, 40};
    const crypto_aead aead = {
        .id = CRYPTO_AES_256_GCM, .key = {bytes, 32}, .nonce = {bytes, CRYPTO_AEAD_NONCE_LEN}};
    KITH_AUTO(kith_buf) out = {0};
    KITH_AUTO(kith_secret) secret = {0};
    crypto *c = *state;

    assert_err(crypto_aead_open(c, &aead, text, &out), KITH_ERR_REJECTED);
    assert_err(
        crypto_dh(c, CRYPTO_P256, kith_bytes_of(bytes, 32), kith_bytes_of(bytes, 65), &secret),
        KITH_ERR_MALFORMED);
    assert_err(
        crypto_dh(c, CRYPTO_X448, kith_bytes_of(bytes, 56), kith_bytes_of(bytes + 1, 56), &secret),
        KITH_ERR_REJECTED);
    assert_err(crypto_verify(c, CRYPTO_ML_DSA_44, kith_bytes_of(bytes, 1312), text,
                             kith_bytes_of(bytes, 2420)),
               KITH_ERR_REJECTED);
    assert_err(crypto_verify(c, CRYPTO_ECDSA_P256_SHA256, kith_bytes_of(bytes, 65), text, text),
               KITH_ERR_MALFORMED);

    assert_int_equal(ERR_peek_error(), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_there_is_no_crypto_object),
        cmocka_unit_test(a_freed_crypto_object_leaves_nothing_behind),
        cmocka_unit_test(the_systems_randomness_fills_all_it_is_asked_for),
        cmocka_unit_test(more_randomness_than_the_library_can_count_is_beyond_the_limit),
        cmocka_unit_test(keys_outlive_the_object_that_made_them),
        cmocka_unit_test(kems_outlive_the_object_that_made_them),
        cmocka_unit_test(a_refusal_leaves_no_error_in_the_librarys_queue),
    };

    return cmocka_run_group_tests_name("crypto: context", tests, lab_open, lab_close);
}
