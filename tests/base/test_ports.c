/* SPDX-License-Identifier: MPL-2.0 */
/* Calls through the randomness port. */
#include <string.h>

#include "base/check.h"
#include "fakes/fake_rng.h"

static void
a_missing_port_is_an_invalid_call(void **state)
{
    const kith_rng empty = {0};
    uint8_t out[4] = "abc";
    (void)state;

    assert_err(kith_rng_fill(NULL, out, 4), KITH_ERR_INVALID);
    assert_err(kith_rng_fill(&empty, out, 4), KITH_ERR_INVALID);
    assert_string_equal((const char *)out, "abc");
}

static void
a_fill_is_what_the_port_gives(void **state)
{
    fake_rng one;
    fake_rng same;
    uint8_t a[20] = {0};
    uint8_t b[20] = {0};
    (void)state;
    fake_rng_init(&one, 7);
    fake_rng_init(&same, 7);
    const kith_rng port_one = fake_rng_port(&one);
    const kith_rng port_same = fake_rng_port(&same);

    assert_ok(kith_rng_fill(&port_one, a, sizeof a));
    assert_ok(kith_rng_fill(&port_same, b, sizeof b));

    assert_memory_equal(a, b, sizeof a);
}

static void
a_random_secret_has_the_length_that_was_asked_for(void **state)
{
    static const size_t lengths[] = {0, 1, 32, KITH_SECRET_MAX};
    fake_rng fake;
    (void)state;
    fake_rng_init(&fake, 1);
    const kith_rng port = fake_rng_port(&fake);

    for (size_t i = 0; i < CHECK_COUNT(lengths); i++) {
        KITH_AUTO(kith_secret) out = {0};

        assert_ok(kith_rng_secret(&port, lengths[i], &out));

        assert_int_equal(out.len, lengths[i]);
    }
}

static void
a_random_secret_longer_than_a_secret_is_beyond_the_limit(void **state)
{
    kith_secret out = {.data = "old", .len = 3};
    fake_rng fake;
    (void)state;
    fake_rng_init(&fake, 1);
    const kith_rng port = fake_rng_port(&fake);

    assert_err(kith_rng_secret(&port, KITH_SECRET_MAX + 1, &out), KITH_ERR_LIMIT);

    assert_text(kith_bytes_of_secret(&out), "old");
    assert_int_equal(fake.calls, 0);
}

static void
without_randomness_the_secret_stays_as_it_was(void **state)
{
    kith_secret out = {.data = "old", .len = 3};
    fake_rng fake;
    (void)state;
    fake_rng_init(&fake, 1);
    fake.fail_after = 0;
    const kith_rng port = fake_rng_port(&fake);

    assert_err(kith_rng_secret(&port, 32, &out), KITH_ERR_NO_RANDOM);

    assert_text(kith_bytes_of_secret(&out), "old");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_port_is_an_invalid_call),
        cmocka_unit_test(a_fill_is_what_the_port_gives),
        cmocka_unit_test(a_random_secret_has_the_length_that_was_asked_for),
        cmocka_unit_test(a_random_secret_longer_than_a_secret_is_beyond_the_limit),
        cmocka_unit_test(without_randomness_the_secret_stays_as_it_was),
    };

    return cmocka_run_group_tests_name("base: ports", tests, NULL, NULL);
}
