/* SPDX-License-Identifier: MPL-2.0 */
/* Argon2id: known answers and the range of each parameter. */
#include "crypto/lab.h"

static const uint8_t salt[CRYPTO_PASSWORD_SALT_LEN] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                       8, 9, 10, 11, 12, 13, 14, 15};

/* The smallest parameters that are accepted. */
static crypto_password
smallest(void)
{
    return (crypto_password){.salt = KITH_BYTES(salt), .passes = 1, .memory_kib = 8};
}

/* [RFC9106], one lane, without secret and associated data. */
static void
known_passwords_give_known_keys(void **state)
{
    const crypto_password usual = {.password = kith_bytes_of_text("password"),
                                   .salt = kith_bytes_of_text("somesaltsomesalt"),
                                   .passes = 2,
                                   .memory_kib = 256};
    const crypto_password least = smallest();
    KITH_AUTO(kith_secret) out = {0};
    (void)state;

    assert_ok(crypto_password_key(&usual, 32, &out));
    assert_hex(kith_bytes_of_secret(&out),
               "cab746b4621993fdc91ec50787980b414a90a692f0bc68dfe19f9c25b3cba9ec");
    assert_ok(crypto_password_key(&least, 16, &out));
    assert_hex(kith_bytes_of_secret(&out), "35858230a16f87fed2b29838c1fe2df6");
}

static void
the_longest_key_is_as_long_as_a_secret(void **state)
{
    const crypto_password in = smallest();
    KITH_AUTO(kith_secret) out = {0};
    (void)state;

    assert_ok(crypto_password_key(&in, KITH_SECRET_MAX, &out));

    assert_int_equal(out.len, KITH_SECRET_MAX);
}

static void
assert_refused(const crypto_password *in, size_t len, kith_err expected)
{
    kith_secret out = {.data = "old", .len = 3};

    assert_err(crypto_password_key(in, len, &out), expected);

    assert_text(kith_bytes_of_secret(&out), "old");
}

static void
a_parameter_outside_its_range_is_beyond_the_limit(void **state)
{
    static const struct {
        uint32_t passes;
        uint32_t memory_kib;
        size_t len;
    } outside[] = {
        {0, 8, 32}, {CRYPTO_PASSWORD_PASSES_MAX + 1, 8, 32},
        {1, 7, 32}, {1, CRYPTO_PASSWORD_KIB_MAX + 1, 32},
        {1, 8, 15}, {1, 8, KITH_SECRET_MAX + 1},
    };
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(outside); i++) {
        crypto_password in = smallest();
        in.passes = outside[i].passes;
        in.memory_kib = outside[i].memory_kib;
        assert_refused(&in, outside[i].len, KITH_ERR_LIMIT);
    }
}

static void
the_most_passes_are_accepted(void **state)
{
    crypto_password in = smallest();
    KITH_AUTO(kith_secret) out = {0};
    (void)state;
    in.passes = CRYPTO_PASSWORD_PASSES_MAX;

    assert_ok(crypto_password_key(&in, 32, &out));
}

static void
a_password_beyond_the_limit_is_not_looked_at(void **state)
{
    crypto_password in = smallest();
    (void)state;
    in.password = kith_bytes_of(salt, (size_t)CRYPTO_AEAD_TEXT_MAX + 1);

    assert_refused(&in, 32, KITH_ERR_LIMIT);
}

static void
a_salt_of_another_length_is_an_invalid_call(void **state)
{
    static const uint8_t bytes[CRYPTO_PASSWORD_SALT_LEN + 1];
    (void)state;

    for (size_t len = 0; len <= sizeof bytes; len++) {
        crypto_password in = smallest();
        in.salt = kith_bytes_of(bytes, len);
        if (len != CRYPTO_PASSWORD_SALT_LEN) {
            assert_refused(&in, 32, KITH_ERR_INVALID);
        }
    }
}

static void
every_parameter_changes_the_key(void **state)
{
    static const uint8_t other_salt[CRYPTO_PASSWORD_SALT_LEN];
    crypto_password in[5];
    kith_secret out[5] = {0};
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(in); i++) {
        in[i] = smallest();
    }
    in[1].password = kith_bytes_of_text("p");
    in[2].salt = KITH_BYTES(other_salt);
    in[3].passes = 2;
    in[4].memory_kib = 16;

    for (size_t i = 0; i < CHECK_COUNT(in); i++) {
        assert_ok(crypto_password_key(&in[i], 32, &out[i]));
        for (size_t k = 0; k < i; k++) {
            assert_false(
                kith_equal_ct(kith_bytes_of_secret(&out[i]), kith_bytes_of_secret(&out[k])));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_passwords_give_known_keys),
        cmocka_unit_test(the_longest_key_is_as_long_as_a_secret),
        cmocka_unit_test(a_parameter_outside_its_range_is_beyond_the_limit),
        cmocka_unit_test(the_most_passes_are_accepted),
        cmocka_unit_test(a_password_beyond_the_limit_is_not_looked_at),
        cmocka_unit_test(a_salt_of_another_length_is_an_invalid_call),
        cmocka_unit_test(every_parameter_changes_the_key),
    };

    return cmocka_run_group_tests_name("crypto: passwords", tests, NULL, NULL);
}
