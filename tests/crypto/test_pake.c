/* SPDX-License-Identifier: MPL-2.0 */
/* CPace: the draft's vectors, one guess for each run, and messages that must end it. */
#include "crypto/lab.h"
#include "fakes/fake_rng.h"

/* [CPACE §B.3]: the vectors of CPACE-RISTR255-SHA512. */
#define CHANNEL "6f630b425f726573706f6e6465720b415f696e69746961746f72"
#define SESSION "7e4b4791d6a8ef019b936c79fb7f2c57"
static const struct {
    const char *ad;
    const char *scalar;
    const char *message;
} sides[] = {
    {"ADa", "da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08",
     "d40fb265a7abeaee7939d91a585fe59f7053f982c296ec413c624c669308f87a"},
    {"ADb", "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d",
     "08bcf6e9777a9c313a3db6daa510f2d398403319c2341bd506a92e672eb7e307"},
};
static const char isk_of_roles[] =
    "4c5469a16b2364c4b944ebc1a79e51d1674ad47db26e8718154f59faebfaa52d"
    "8346f30aa58377117eb20d527f2cbc5c76381f7fd372e89df8239f87f2e02ed1";
static const char isk_without_roles[] =
    "980dcc5a1c52ceea031e75f38ed266586616488c5c5780285fcbcf79087c7bcd"
    "bd993502eee606b718ba31e840a000a7b7befe15ea427c5cfe88344fa1237f35";

/* One side of a run with a code, both sides of which use the same other inputs. */
static crypto_pake *
start(crypto *c, size_t side, crypto_pake_role role, const char *code)
{
    KITH_AUTO(kith_buf) channel = of_hex(CHANNEL);
    KITH_AUTO(kith_buf) session = of_hex(SESSION);
    KITH_AUTO(kith_buf) scalar = of_hex(sides[side].scalar);
    given_rng given = {kith_bytes_of_buf(&scalar)};
    const kith_rng rng = given_rng_port(&given);
    const crypto_pake_input in = {.role = role,
                                  .password = kith_bytes_of_text(code),
                                  .channel = kith_bytes_of_buf(&channel),
                                  .session = kith_bytes_of_buf(&session),
                                  .ad = kith_bytes_of_text(sides[side].ad)};
    crypto_pake *pake = NULL;

    assert_ok(crypto_pake_start(c, &in, &rng, &pake));
    return pake;
}

typedef struct run {
    crypto_pake *pake[2];
    crypto_pake_result result[2];
} run;

static void
run_whole(crypto *c, bool has_roles, const char *code_a, const char *code_b, run *out)
{
    const crypto_pake_role first = has_roles ? CRYPTO_PAKE_INITIATOR : CRYPTO_PAKE_SYMMETRIC;
    const crypto_pake_role second = has_roles ? CRYPTO_PAKE_RESPONDER : CRYPTO_PAKE_SYMMETRIC;

    *out = (run){.pake = {start(c, 0, first, code_a), start(c, 1, second, code_b)}};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(crypto_pake_finish(c, out->pake[i], crypto_pake_message(out->pake[1 - i]),
                                     kith_bytes_of_text(sides[1 - i].ad), &out->result[i]));
    }
}

static void
run_done(run *r)
{
    for (size_t i = 0; i < 2; i++) {
        crypto_pake_free(r->pake[i]);
        crypto_pake_result_done(&r->result[i]);
    }
}

static void
both_sides_reach_the_published_key(void **state)
{
    run r;

    run_whole(*state, true, "Password", "Password", &r);

    for (size_t i = 0; i < 2; i++) {
        assert_hex(crypto_pake_message(r.pake[i]), sides[i].message);
        assert_hex(kith_bytes_of_secret(&r.result[i].key), isk_of_roles);
    }
    run_done(&r);
}

static void
both_sides_without_roles_reach_the_published_key(void **state)
{
    run r;

    run_whole(*state, false, "Password", "Password", &r);

    for (size_t i = 0; i < 2; i++) {
        assert_hex(kith_bytes_of_secret(&r.result[i].key), isk_without_roles);
    }
    run_done(&r);
}

static void
each_side_confirms_the_other_and_not_itself(void **state)
{
    run r;

    run_whole(*state, true, "Password", "Password", &r);

    for (size_t i = 0; i < 2; i++) {
        assert_ok(crypto_pake_confirm(&r.result[i], KITH_BYTES(r.result[1 - i].own_tag)));
        assert_err(crypto_pake_confirm(&r.result[i], KITH_BYTES(r.result[i].own_tag)),
                   KITH_ERR_REJECTED);
    }
    run_done(&r);
}

static void
a_wrong_code_is_noticed_by_confirming(void **state)
{
    run r;

    run_whole(*state, true, "Password", "password", &r);

    assert_false(kith_equal_ct(kith_bytes_of_secret(&r.result[0].key),
                               kith_bytes_of_secret(&r.result[1].key)));
    for (size_t i = 0; i < 2; i++) {
        assert_err(crypto_pake_confirm(&r.result[i], KITH_BYTES(r.result[1 - i].own_tag)),
                   KITH_ERR_REJECTED);
    }
    run_done(&r);
}

static void
a_tag_is_accepted_only_whole_and_unchanged(void **state)
{
    run r;
    run_whole(*state, true, "Password", "Password", &r);
    uint8_t *const tag = r.result[1].own_tag;

    for (size_t len = 0; len < CRYPTO_PAKE_TAG_LEN; len++) {
        assert_err(crypto_pake_confirm(&r.result[0], kith_bytes_of(tag, len)), KITH_ERR_REJECTED);
    }
    for (size_t bit = 0; bit < (size_t)8 * CRYPTO_PAKE_TAG_LEN; bit++) {
        tag[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_err(crypto_pake_confirm(&r.result[0], kith_bytes_of(tag, CRYPTO_PAKE_TAG_LEN)),
                   KITH_ERR_REJECTED);
        tag[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    run_done(&r);
}

static void
a_different_ad_is_noticed_by_confirming(void **state)
{
    crypto_pake *a = start(*state, 0, CRYPTO_PAKE_INITIATOR, "Password");
    crypto_pake *b = start(*state, 1, CRYPTO_PAKE_RESPONDER, "Password");
    crypto_pake_result of_a = {0};
    crypto_pake_result of_b = {0};

    assert_ok(
        crypto_pake_finish(*state, a, crypto_pake_message(b), kith_bytes_of_text("other"), &of_a));
    assert_ok(
        crypto_pake_finish(*state, b, crypto_pake_message(a), kith_bytes_of_text("ADa"), &of_b));

    assert_err(crypto_pake_confirm(&of_a, KITH_BYTES(of_b.own_tag)), KITH_ERR_REJECTED);
    assert_err(crypto_pake_confirm(&of_b, KITH_BYTES(of_a.own_tag)), KITH_ERR_REJECTED);
    crypto_pake_free(a);
    crypto_pake_free(b);
}

/* Asserts that the message ends the run: the same and a good one are then invalid calls. */
static void
assert_ends_the_run(crypto *c, kith_bytes message, kith_bytes ad, kith_err expected)
{
    crypto_pake *pake = start(c, 0, CRYPTO_PAKE_SYMMETRIC, "Password");
    KITH_AUTO(kith_buf) good = of_hex(sides[1].message);
    crypto_pake_result result = {0};
    static const crypto_pake_result untouched;

    assert_err(crypto_pake_finish(c, pake, message, ad, &result), expected);
    assert_err(crypto_pake_finish(c, pake, kith_bytes_of_buf(&good), ad, &result),
               KITH_ERR_INVALID);

    assert_memory_equal(&result, &untouched, sizeof untouched);
    crypto_pake_free(pake);
}

/* [CPACE §B.3]: Y_i1 and Y_i2 of the draft's invalid inputs. */
static void
what_is_no_element_or_the_neutral_one_ends_the_run(void **state)
{
    static const char *const none[] = {
        "2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };

    for (size_t i = 0; i < CHECK_COUNT(none); i++) {
        KITH_AUTO(kith_buf) message = of_hex(none[i]);
        assert_ends_the_run(*state, kith_bytes_of_buf(&message), (kith_bytes){0},
                            KITH_ERR_REJECTED);
    }
}

static void
a_message_of_a_wrong_length_ends_the_run(void **state)
{
    static const uint8_t bytes[CRYPTO_PAKE_MESSAGE_LEN + 1];

    for (size_t len = 0; len <= sizeof bytes; len++) {
        if (len != CRYPTO_PAKE_MESSAGE_LEN) {
            assert_ends_the_run(*state, kith_bytes_of(bytes, len), (kith_bytes){0},
                                KITH_ERR_MALFORMED);
        }
    }
}

/* [CPACE §9.1] */
static void
our_own_message_coming_back_ends_the_run(void **state)
{
    KITH_AUTO(kith_buf) own = of_hex(sides[0].message);

    assert_ends_the_run(*state, kith_bytes_of_buf(&own), kith_bytes_of_text("ADa"),
                        KITH_ERR_REJECTED);
}

static void
a_run_finishes_once(void **state)
{
    run r;
    run_whole(*state, true, "Password", "Password", &r);

    assert_err(crypto_pake_finish(*state, r.pake[0], crypto_pake_message(r.pake[1]),
                                  kith_bytes_of_text("ADb"), &r.result[0]),
               KITH_ERR_INVALID);

    assert_hex(kith_bytes_of_secret(&r.result[0].key), isk_of_roles);
    run_done(&r);
}

static void
inputs_are_bounded(void **state)
{
    static const uint8_t bytes[CRYPTO_PAKE_INPUT_MAX + 1];
    const kith_bytes at = {bytes, CRYPTO_PAKE_INPUT_MAX};
    const crypto_pake_input longest = {
        .role = CRYPTO_PAKE_INITIATOR, .password = at, .channel = at, .session = at, .ad = at};
    crypto_pake *pake = NULL;

    assert_ok(crypto_pake_start(*state, &longest, crypto_rng(), &pake));
    crypto_pake_free(pake);
    for (size_t i = 0; i < 4; i++) {
        crypto_pake_input in = longest;
        kith_bytes *const fields[] = {&in.password, &in.channel, &in.session, &in.ad};
        *fields[i] = KITH_BYTES(bytes);
        pake = NULL;
        assert_err(crypto_pake_start(*state, &in, crypto_rng(), &pake), KITH_ERR_LIMIT);
        assert_null(pake);
    }
}

static void
an_ad_beyond_the_limit_does_not_end_the_run(void **state)
{
    static const uint8_t bytes[CRYPTO_PAKE_INPUT_MAX + 1];
    crypto_pake *pake = start(*state, 0, CRYPTO_PAKE_INITIATOR, "Password");
    KITH_AUTO(kith_buf) peer = of_hex(sides[1].message);
    crypto_pake_result result = {0};

    assert_err(
        crypto_pake_finish(*state, pake, kith_bytes_of_buf(&peer), KITH_BYTES(bytes), &result),
        KITH_ERR_LIMIT);
    assert_ok(crypto_pake_finish(*state, pake, kith_bytes_of_buf(&peer),
                                 kith_bytes_of(bytes, CRYPTO_PAKE_INPUT_MAX), &result));

    crypto_pake_result_done(&result);
    crypto_pake_free(pake);
}

static void
empty_inputs_are_accepted(void **state)
{
    crypto_pake *pake = NULL;

    assert_ok(crypto_pake_start(*state, &(crypto_pake_input){.role = CRYPTO_PAKE_RESPONDER},
                                crypto_rng(), &pake));

    assert_int_equal(crypto_pake_message(pake).len, CRYPTO_PAKE_MESSAGE_LEN);
    crypto_pake_free(pake);
    crypto_pake_free(NULL);
}

static void
every_input_changes_the_message_or_the_key(void **state)
{
    static const char *const codes[] = {"Password", "Passwore", "", "Password\x01"};
    KITH_AUTO(kith_buf) seen = {0};

    for (size_t i = 0; i < CHECK_COUNT(codes); i++) {
        crypto_pake *pake = start(*state, 0, CRYPTO_PAKE_INITIATOR, codes[i]);
        assert_ok(kith_buf_append(&seen, crypto_pake_message(pake)));
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(seen.data + k * CRYPTO_PAKE_MESSAGE_LEN,
                                    seen.data + i * CRYPTO_PAKE_MESSAGE_LEN,
                                    CRYPTO_PAKE_MESSAGE_LEN);
        }
        crypto_pake_free(pake);
    }
}

static void
an_unknown_role_is_an_invalid_call(void **state)
{
    static const int unknown[] = {0, 4, -1};

    for (size_t i = 0; i < CHECK_COUNT(unknown); i++) {
        const crypto_pake_input in = {.role = (crypto_pake_role)unknown[i]};
        crypto_pake *pake = NULL;

        assert_err(crypto_pake_start(*state, &in, crypto_rng(), &pake), KITH_ERR_INVALID);
        assert_null(pake);
    }
}

static void
randomness_of_zeros_is_none(void **state)
{
    uint8_t byte = 0;
    const kith_rng zeros = {.fill = same_rng_fill, .ctx = &byte};
    crypto_pake *pake = NULL;

    assert_err(crypto_pake_start(*state, &(crypto_pake_input){.role = CRYPTO_PAKE_INITIATOR},
                                 &zeros, &pake),
               KITH_ERR_NO_RANDOM);

    assert_null(pake);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_reach_the_published_key),
        cmocka_unit_test(both_sides_without_roles_reach_the_published_key),
        cmocka_unit_test(each_side_confirms_the_other_and_not_itself),
        cmocka_unit_test(a_wrong_code_is_noticed_by_confirming),
        cmocka_unit_test(a_tag_is_accepted_only_whole_and_unchanged),
        cmocka_unit_test(a_different_ad_is_noticed_by_confirming),
        cmocka_unit_test(what_is_no_element_or_the_neutral_one_ends_the_run),
        cmocka_unit_test(a_message_of_a_wrong_length_ends_the_run),
        cmocka_unit_test(our_own_message_coming_back_ends_the_run),
        cmocka_unit_test(a_run_finishes_once),
        cmocka_unit_test(inputs_are_bounded),
        cmocka_unit_test(an_ad_beyond_the_limit_does_not_end_the_run),
        cmocka_unit_test(empty_inputs_are_accepted),
        cmocka_unit_test(every_input_changes_the_message_or_the_key),
        cmocka_unit_test(an_unknown_role_is_an_invalid_call),
        cmocka_unit_test(randomness_of_zeros_is_none),
    };

    return cmocka_run_group_tests_name("crypto: PAKE", tests, lab_open, lab_close);
}
