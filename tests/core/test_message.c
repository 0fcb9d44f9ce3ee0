/* SPDX-License-Identifier: MPL-2.0 */
/* Sending and reading messages: limits, repeats, walks, failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crowd.h"

static crowd *w;
static member *anna;
static member *rose;
static uint8_t conv[CORE_CONV_LEN];

static int
setup(void **state)
{
    (void)state;
    w = crowd_new();
    anna = crowd_account_add(w);
    rose = crowd_account_add(w);
    crowd_befriend(w);
    crowd_direct(w, anna, rose, conv);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    crowd_free(w);
    return 0;
}

static core_text
text_of(kith_bytes text)
{
    core_text in = {.text = text};

    memcpy(in.conv, conv, sizeof in.conv);
    return in;
}

static kith_err
try_send(kith_bytes text)
{
    const core_text in = text_of(text);
    uint64_t n = 0;

    return core_send(anna->core, &in, w->now_ms, &n);
}

static void
a_text_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    char *text = calloc(1, CORE_TEXT_MAX + 1);
    (void)state;
    assert_non_null(text);
    memset(text, 'a', CORE_TEXT_MAX + 1);

    assert_int_equal(try_send(kith_bytes_of(text, CORE_TEXT_MAX)), KITH_OK);
    assert_int_equal(try_send(kith_bytes_of(text, CORE_TEXT_MAX + 1)), KITH_ERR_LIMIT);
    crowd_run(w, 1000);

    KITH_AUTO(core_message) got = {0};
    uint64_t n = 0;
    assert_int_equal(core_message_prev(rose->core, conv, &n, &got), KITH_OK);
    assert_int_equal(got.text.len, CORE_TEXT_MAX);
    free(text);
}

static void
what_is_no_text_is_not_sent(void **state)
{
    (void)state;
    assert_int_equal(try_send((kith_bytes){0}), KITH_ERR_MALFORMED);
    assert_int_equal(try_send(kith_bytes_of("\xff", 1)), KITH_ERR_MALFORMED);
    conv[0] ^= 1;
    assert_int_equal(try_send(kith_bytes_of_text("x")), KITH_ERR_NOT_FOUND);
    conv[0] ^= 1;
    assert_int_equal(core_outbox_count(anna->core), 0);
}

static void
the_outbox_holds_as_many_as_the_limit_and_no_more(void **state)
{
    (void)state;
    member_disconnect(anna);
    anna->core->convs->texts = CORE_OUTBOX_MAX - 1;

    assert_int_equal(try_send(kith_bytes_of_text("last")), KITH_OK);
    assert_int_equal(try_send(kith_bytes_of_text("one more")), KITH_ERR_LIMIT);
}

static void
a_repeated_command_says_it_once(void **state)
{
    core_text in = text_of(kith_bytes_of_text("once"));
    uint64_t first = 0;
    uint64_t second = 0;
    (void)state;
    in.once = kith_bytes_of_text("command-1");

    assert_int_equal(core_send(anna->core, &in, w->now_ms, &first), KITH_OK);
    member_restart(anna);
    assert_int_equal(core_send(anna->core, &in, w->now_ms, &second), KITH_OK);
    crowd_run(w, 1000);

    assert_int_equal(first, second);
    assert_texts(rose, conv, "once");
}

static void
a_key_for_repeats_has_a_longest_length(void **state)
{
    static const uint8_t bytes[65] = {1};
    core_text in = text_of(kith_bytes_of_text("x"));
    uint64_t n = 0;
    (void)state;

    in.once = kith_bytes_of(bytes, 65);
    assert_int_equal(core_send(anna->core, &in, w->now_ms, &n), KITH_ERR_LIMIT);
    in.once = kith_bytes_of(bytes, 64);
    assert_int_equal(core_send(anna->core, &in, w->now_ms, &n), KITH_OK);
}

static void
walks_go_both_ways_and_end(void **state)
{
    KITH_AUTO(core_message) got = {0};
    uint64_t n = 0;
    (void)state;
    const uint64_t one = member_say(anna, conv, "one");
    const uint64_t two = member_say(anna, conv, "two");

    assert_int_equal(core_message_next(anna->core, conv, &n, &got), KITH_OK);
    assert_int_equal(n, one);
    assert_int_equal(core_message_next(anna->core, conv, &n, &got), KITH_OK);
    assert_int_equal(n, two);
    assert_int_equal(core_message_next(anna->core, conv, &n, &got), KITH_ERR_NOT_FOUND);
    assert_int_equal(n, two);
    assert_int_equal(core_message_prev(anna->core, conv, &n, &got), KITH_OK);
    assert_int_equal(n, one);
    assert_true(got.is_own && got.is_read && !got.is_edited);
    assert_int_equal(core_message_prev(anna->core, conv, &n, &got), KITH_ERR_NOT_FOUND);
    assert_int_equal(core_message_get(anna->core, conv, two + 1, &got), KITH_ERR_NOT_FOUND);
}

static void
both_sides_know_a_message_by_the_same_id_and_a_reply_names_it(void **state)
{
    KITH_AUTO(core_message) said = {0};
    KITH_AUTO(core_message) heard = {0};
    uint64_t n = 0;
    (void)state;
    const uint64_t own = member_say(anna, conv, "question");
    crowd_run(w, 1000);
    assert_int_equal(core_message_get(anna->core, conv, own, &said), KITH_OK);
    assert_int_equal(core_message_prev(rose->core, conv, &n, &heard), KITH_OK);
    assert_memory_equal(said.id, heard.id, sizeof said.id);
    assert_false(heard.is_own || heard.is_read);

    core_text reply = text_of(kith_bytes_of_text("answer"));
    memcpy(reply.reply_to, heard.id, sizeof reply.reply_to);
    assert_int_equal(core_send(rose->core, &reply, w->now_ms, &n), KITH_OK);
    crowd_run(w, 1000);

    n = 0;
    assert_int_equal(core_message_prev(anna->core, conv, &n, &heard), KITH_OK);
    assert_memory_equal(heard.reply_to, said.id, sizeof said.id);
}

/* Sends in a fresh copy of the device each time, with the `at`-th call of something failing. */
static void
memory_that_fails_anywhere_leaves_all_as_it_was(void **state)
{
    (void)state;
    for (uint64_t at = 0;; at++) {
        anna->alloc.fail_after = anna->alloc.calls + at;
        const kith_err err = try_send(kith_bytes_of_text("x"));
        anna->alloc.fail_after = UINT64_MAX;
        if (err == KITH_OK) {
            assert_true(at > 10);
            break;
        }
        assert_int_equal(err, KITH_ERR_NO_MEMORY);
        /* The object reads itself again by whatever comes next. */
        assert_int_equal(core_tick(anna->core, w->now_ms), KITH_OK);
        assert_int_equal(core_outbox_count(anna->core), 0);
        member_connect(anna);
        crowd_run(w, 2000);
    }
    crowd_run(w, 5000);
    assert_texts(rose, conv, "x");
}

static void
a_store_that_fails_anywhere_leaves_all_as_it_was(void **state)
{
    (void)state;
    for (uint64_t at = 0;; at++) {
        fake_store_fail_after(anna->store, at, KITH_ERR_STORE);
        const kith_err err = try_send(kith_bytes_of_text("x"));
        fake_store_fail_after(anna->store, UINT64_MAX, KITH_OK);
        if (err == KITH_OK) {
            assert_true(at > 5);
            break;
        }
        assert_int_equal(err, KITH_ERR_STORE);
        assert_int_equal(core_tick(anna->core, w->now_ms), KITH_OK);
        assert_int_equal(core_outbox_count(anna->core), 0);
        member_connect(anna);
        crowd_run(w, 2000);
    }
    crowd_run(w, 5000);
    assert_texts(rose, conv, "x");
}

static void
randomness_that_fails_anywhere_leaves_all_as_it_was(void **state)
{
    (void)state;
    for (uint64_t at = 0;; at++) {
        anna->rng.fail_after = anna->rng.calls + at;
        const kith_err err = try_send(kith_bytes_of_text("x"));
        anna->rng.fail_after = UINT64_MAX;
        if (err == KITH_OK) {
            assert_true(at > 1);
            break;
        }
        assert_int_equal(err, KITH_ERR_NO_RANDOM);
        assert_int_equal(core_outbox_count(anna->core), 0);
        member_connect(anna);
        crowd_run(w, 2000);
    }
    crowd_run(w, 5000);
    assert_texts(rose, conv, "x");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest message[] = {
        TEST(a_text_may_be_as_long_as_the_limit_and_no_longer),
        TEST(what_is_no_text_is_not_sent),
        TEST(the_outbox_holds_as_many_as_the_limit_and_no_more),
        TEST(a_repeated_command_says_it_once),
        TEST(a_key_for_repeats_has_a_longest_length),
        TEST(walks_go_both_ways_and_end),
        TEST(both_sides_know_a_message_by_the_same_id_and_a_reply_names_it),
        TEST(memory_that_fails_anywhere_leaves_all_as_it_was),
        TEST(a_store_that_fails_anywhere_leaves_all_as_it_was),
        TEST(randomness_that_fails_anywhere_leaves_all_as_it_was),
    };
    return cmocka_run_group_tests(message, NULL, NULL);
}
