/* SPDX-License-Identifier: MPL-2.0 */
/* The channel of a linking without a server between: what one side makes, the other takes, and nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/home.h"
#include "core/pair.h"

static home *h;
static core *old;
static core *new;

#define NUMBER 4711u

static int
setup(void **state)
{
    const core_pair_join join = {.code = kith_bytes_of_text("4711-000000@home.example:5484")};
    uint64_t op = 0;
    (void)state;

    h = home_new();
    party *a = home_party(h);
    party *b = home_party(h);
    home_join(a, "Anna");
    old = a->core;
    new = b->core;
    assert_int_equal(core_pair_offer(old, h->now_ms, &op), KITH_OK);
    assert_int_equal(core_pair_accept(new, &join, h->now_ms, &op), KITH_OK);
    core_pair *const sides[] = {old->identity->pair, new->identity->pair};
    for (size_t i = 0; i < 2; i++) {
        sides[i]->number = NUMBER;
        memcpy(sides[i]->digits, "123456", sizeof sides[i]->digits);
        memcpy(sides[i]->server_key, h->server_key, sizeof h->server_key);
    }
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    home_free(h);
    return 0;
}

/* A body without its first byte, as it is handed on. */
static kith_bytes
rest_of(const kith_buf *body)
{
    return kith_bytes_of(body->data + 1, body->len - 1);
}

/* Runs CPace; the two errors are what each side finds at its end. */
static void
run(kith_err *new_err, kith_err *old_err)
{
    KITH_AUTO(kith_buf) start = {0};
    KITH_AUTO(kith_buf) reply = {0};
    KITH_AUTO(kith_buf) confirm = {0};

    assert_int_equal(core_pair_start(new, &start), KITH_OK);
    assert_int_equal(core_pair_reply(old, rest_of(&start), &reply), KITH_OK);
    *new_err = core_pair_confirm(new, rest_of(&reply), &confirm);
    *old_err = *new_err == KITH_OK ? core_pair_check(old, rest_of(&confirm)) : KITH_OK;
}

static void
run_well(void)
{
    kith_err new_err = KITH_ERR_COUNT;
    kith_err old_err = KITH_ERR_COUNT;

    run(&new_err, &old_err);
    assert_int_equal(new_err, KITH_OK);
    assert_int_equal(old_err, KITH_OK);
}

static void
expect_refused(void)
{
    kith_err new_err = KITH_ERR_COUNT;
    kith_err old_err = KITH_ERR_COUNT;

    run(&new_err, &old_err);
    assert_int_equal(new_err, KITH_ERR_REJECTED);
}

static void
the_same_code_makes_a_channel(void **state)
{
    (void)state;

    run_well();

    assert_true(kith_equal_ct(kith_bytes_of_secret(&old->identity->pair->send.key),
                              kith_bytes_of_secret(&new->identity->pair->receive.key)));
    assert_true(kith_equal_ct(kith_bytes_of_secret(&new->identity->pair->send.key),
                              kith_bytes_of_secret(&old->identity->pair->receive.key)));
    assert_false(kith_equal_ct(kith_bytes_of_secret(&new->identity->pair->send.key),
                               kith_bytes_of_secret(&old->identity->pair->send.key)));
}

static void
another_code_is_refused(void **state)
{
    (void)state;
    new->identity->pair->digits[5] = '7';
    expect_refused();
}

static void
another_number_is_refused(void **state)
{
    (void)state;
    new->identity->pair->number++;
    expect_refused();
}

static void
another_server_identity_is_refused(void **state)
{
    (void)state;
    new->identity->pair->server_key[31] ^= 1;
    expect_refused();
}

static void
a_wrong_confirmation_is_refused(void **state)
{
    KITH_AUTO(kith_buf) start = {0};
    KITH_AUTO(kith_buf) reply = {0};
    uint8_t tag[CRYPTO_PAKE_TAG_LEN] = {0};
    (void)state;

    assert_int_equal(core_pair_start(new, &start), KITH_OK);
    assert_int_equal(core_pair_reply(old, rest_of(&start), &reply), KITH_OK);
    assert_int_equal(core_pair_check(old, KITH_BYTES(tag)), KITH_ERR_REJECTED);
    assert_int_equal(core_pair_check(old, (kith_bytes){0}), KITH_ERR_REJECTED);
}

static void
every_shortened_word_is_refused(void **state)
{
    KITH_AUTO(kith_buf) start = {0};
    KITH_AUTO(kith_buf) reply = {0};
    KITH_AUTO(kith_buf) confirm = {0};
    (void)state;

    assert_int_equal(core_pair_start(new, &start), KITH_OK);
    for (size_t len = 0; len + 1 < start.len; len++) {
        assert_int_not_equal(core_pair_reply(old, kith_bytes_of(start.data + 1, len), &reply),
                             KITH_OK);
    }
    kith_buf_clear(&reply);
    assert_int_equal(core_pair_reply(old, rest_of(&start), &reply), KITH_OK);
    assert_int_not_equal(
        core_pair_confirm(new, kith_bytes_of(reply.data + 1, reply.len - 2), &confirm), KITH_OK);
    assert_int_equal(confirm.len, 0);
}

/* Carries one message over; how taking the last piece went. */
static kith_err
carry(core *from, core *to, size_t len)
{
    KITH_AUTO(kith_buf) message = {0};
    uint8_t *bytes = NULL;
    bool whole = false;

    assert_int_equal(kith_buf_extend(&message, len, &bytes), KITH_OK);
    if (len > 0) {
        memset(bytes, 0x33, len);
    }
    assert_int_equal(core_pair_say(from, PAIR_SAYS_GIFT, kith_bytes_of_buf(&message)), KITH_OK);
    while (!whole) {
        KITH_AUTO(kith_buf) body = {0};
        assert_int_equal(core_pair_piece(from, &body), KITH_OK);
        assert_true(body.len > 0 && body.len <= PROTO_RDV_BODY_MAX);
        KITH_TRY(core_pair_take(to, rest_of(&body), &whole));
    }
    const kith_buf *in = &to->identity->pair->in;
    assert_int_equal(in->len, len + 1);
    assert_int_equal(in->data[0], PAIR_SAYS_GIFT);
    assert_true(len == 0 || memcmp(in->data + 1, message.data, len) == 0);
    kith_buf_clear(&to->identity->pair->in);
    return KITH_OK;
}

static void
messages_of_any_length_arrive_in_pieces(void **state)
{
    static const size_t lengths[] = {
        0, 1, CORE_PAIR_CHUNK - 2, CORE_PAIR_CHUNK - 1, CORE_PAIR_CHUNK, 3 * CORE_PAIR_CHUNK + 5};
    (void)state;

    run_well();
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_int_equal(carry(old, new, lengths[i]), KITH_OK);
    }
    assert_int_equal(carry(new, old, 10), KITH_OK);
}

static void
a_new_device_can_say_so_much_and_no_more(void **state)
{
    (void)state;

    run_well();
    assert_int_equal(carry(new, old, CORE_PAIR_SAYING_MAX - 1), KITH_OK);
    assert_int_equal(carry(new, old, CORE_PAIR_SAYING_MAX), KITH_ERR_LIMIT);
}

static void
an_old_device_can_give_so_much_and_no_more(void **state)
{
    (void)state;

    run_well();
    assert_int_equal(carry(old, new, CORE_PAIR_GIFT_MAX - 1), KITH_OK);
    assert_int_equal(carry(old, new, CORE_PAIR_GIFT_MAX), KITH_ERR_LIMIT);
}

static void
a_piece_counts_once_and_in_its_place(void **state)
{
    KITH_AUTO(kith_buf) first = {0};
    KITH_AUTO(kith_buf) second = {0};
    bool whole = false;
    (void)state;

    run_well();
    assert_int_equal(core_pair_say(old, PAIR_SAYS_REFUSED, (kith_bytes){0}), KITH_OK);
    assert_int_equal(core_pair_piece(old, &first), KITH_OK);
    assert_int_equal(core_pair_say(old, PAIR_SAYS_REFUSED, (kith_bytes){0}), KITH_OK);
    assert_int_equal(core_pair_piece(old, &second), KITH_OK);
    assert_int_equal(core_pair_take(new, rest_of(&first), &whole), KITH_OK);
    assert_int_equal(core_pair_take(new, rest_of(&first), &whole), KITH_ERR_REJECTED);
}

static void
a_piece_that_skips_one_is_refused(void **state)
{
    KITH_AUTO(kith_buf) first = {0};
    KITH_AUTO(kith_buf) second = {0};
    bool whole = false;
    (void)state;

    run_well();
    assert_int_equal(core_pair_say(old, PAIR_SAYS_REFUSED, (kith_bytes){0}), KITH_OK);
    assert_int_equal(core_pair_piece(old, &first), KITH_OK);
    assert_int_equal(core_pair_say(old, PAIR_SAYS_REFUSED, (kith_bytes){0}), KITH_OK);
    assert_int_equal(core_pair_piece(old, &second), KITH_OK);
    assert_int_equal(core_pair_take(new, rest_of(&second), &whole), KITH_ERR_REJECTED);
}

static void
a_piece_does_not_come_back_as_the_other_sides(void **state)
{
    KITH_AUTO(kith_buf) body = {0};
    bool whole = false;
    (void)state;

    run_well();
    assert_int_equal(core_pair_say(old, PAIR_SAYS_REFUSED, (kith_bytes){0}), KITH_OK);
    assert_int_equal(core_pair_piece(old, &body), KITH_OK);
    assert_int_equal(core_pair_take(old, rest_of(&body), &whole), KITH_ERR_REJECTED);
}

static void
nothing_to_say_makes_no_piece(void **state)
{
    KITH_AUTO(kith_buf) body = {0};
    (void)state;

    run_well();
    assert_int_equal(core_pair_piece(old, &body), KITH_OK);
    assert_int_equal(body.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_code_makes_a_channel),
        TEST(another_code_is_refused),
        TEST(another_number_is_refused),
        TEST(another_server_identity_is_refused),
        TEST(a_wrong_confirmation_is_refused),
        TEST(every_shortened_word_is_refused),
        TEST(messages_of_any_length_arrive_in_pieces),
        TEST(a_new_device_can_say_so_much_and_no_more),
        TEST(an_old_device_can_give_so_much_and_no_more),
        TEST(a_piece_counts_once_and_in_its_place),
        TEST(a_piece_that_skips_one_is_refused),
        TEST(a_piece_does_not_come_back_as_the_other_sides),
        TEST(nothing_to_say_makes_no_piece),
    };

    return cmocka_run_group_tests_name("core-pair-channel", tests, NULL, NULL);
}
