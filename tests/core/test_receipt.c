/* SPDX-License-Identifier: MPL-2.0 */
/* Delivered and read: who is told, when, and who is not. */
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

static void
a_message_is_delivered_and_then_read(void **state)
{
    (void)state;
    const uint64_t n = member_say(anna, conv, "hello");
    crowd_run(w, CORE_RECEIPT_PAUSE_MS / 2);
    assert_int_equal(member_state(anna, conv, n), CORE_MESSAGE_SENT);
    crowd_run(w, CORE_RECEIPT_PAUSE_MS + 100);
    assert_int_equal(member_state(anna, conv, n), CORE_MESSAGE_DELIVERED);

    assert_int_equal(member_conv(rose, conv)->unread, 1);
    assert_int_equal(core_mark_read(rose->core, conv, member_conv(rose, conv)->last_n, w->now_ms),
                     KITH_OK);
    crowd_run(w, CORE_RECEIPT_PAUSE_MS + 100);

    assert_int_equal(member_conv(rose, conv)->unread, 0);
    assert_int_equal(member_state(anna, conv, n), CORE_MESSAGE_READ);
}

static void
receipts_that_come_together_are_one_entry(void **state)
{
    const crowd_log *log = crowd_log_find(w, conv);
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        member_say(anna, conv, "x");
    }
    crowd_run(w, 10);
    const size_t before = log->count;

    crowd_run(w, 1000);

    assert_int_equal(log->count, before + 1);
}

static void
what_one_own_device_has_read_is_read_on_the_other(void **state)
{
    (void)state;
    member *phone = crowd_device_add(w, rose->account);
    crowd_befriend(w);
    member_learn(rose, rose->account);
    crowd_run(w, 10000);
    const uint64_t n = member_say(anna, conv, "hello");
    crowd_run(w, 1000);
    assert_int_equal(member_conv(phone, conv)->unread, 1);
    assert_int_equal(member_state(anna, conv, n), CORE_MESSAGE_DELIVERED);
    assert_int_equal(member_conv(phone, conv)->unread, 1); /* delivered is not read */

    assert_int_equal(core_mark_read(rose->core, conv, member_conv(rose, conv)->last_n, w->now_ms),
                     KITH_OK);
    crowd_run(w, 1000);

    assert_int_equal(member_conv(phone, conv)->unread, 0);
    assert_int_equal(member_state(anna, conv, n), CORE_MESSAGE_READ);
}

static void
a_receipt_never_takes_a_state_back(void **state)
{
    (void)state;
    const uint64_t n = member_say(anna, conv, "hello");
    crowd_run(w, 10);
    assert_int_equal(core_mark_read(rose->core, conv, member_conv(rose, conv)->last_n, w->now_ms),
                     KITH_OK);
    crowd_run(w, 1000);
    assert_int_equal(member_state(anna, conv, n), CORE_MESSAGE_READ);

    member_restart(rose);
    crowd_run(w, 1000);

    assert_int_equal(member_state(anna, conv, n), CORE_MESSAGE_READ);
}

static void
a_receipt_that_a_power_loss_held_up_is_given_after_it(void **state)
{
    (void)state;
    const uint64_t n = member_say(anna, conv, "hello");
    crowd_run(w, 10);

    member_restart(rose);
    crowd_run(w, 1000);

    assert_int_equal(member_state(anna, conv, n), CORE_MESSAGE_DELIVERED);
}

static void
a_stranger_is_told_nothing_before_it_was_accepted(void **state)
{
    uint8_t other[CORE_CONV_LEN];
    (void)state;
    member *stranger = crowd_account_add(w);
    stranger->people[rose->account] = CORE_PERSON_CONTACT;
    crowd_direct(w, stranger, rose, other);
    assert_int_equal(member_conv(rose, other)->state, CORE_CHAT_REQUEST);
    const uint64_t n = member_say(stranger, other, "buy");
    crowd_run(w, 5000);
    assert_texts(rose, other, "buy");
    assert_int_equal(member_state(stranger, other, n), CORE_MESSAGE_SENT);

    rose->people[stranger->account] = CORE_PERSON_CONTACT;
    crowd_run(w, 10);
    assert_int_equal(core_tick(rose->core, w->now_ms), KITH_OK);
    crowd_run(w, 2000);

    assert_int_equal(member_conv(rose, other)->state, CORE_CHAT_ACTIVE);
    assert_int_equal(member_state(stranger, other, n), CORE_MESSAGE_DELIVERED);
}

static void
a_declined_stranger_never_hears_anything(void **state)
{
    uint8_t other[CORE_CONV_LEN];
    (void)state;
    member *stranger = crowd_account_add(w);
    crowd_direct(w, stranger, rose, other);
    const uint64_t n = member_say(stranger, other, "buy");
    crowd_run(w, 1000);
    assert_int_equal(core_txn_begin(rose->core, w->now_ms), KITH_OK);
    const kith_err err = core_conv_answered(rose->core, w->accounts[stranger->account].id, false);
    assert_int_equal(core_txn_end(rose->core, err), KITH_OK);
    crowd_run(w, 5000);

    assert_int_equal(member_conv(rose, other)->state, CORE_CHAT_DECLINED);
    assert_int_equal(member_state(stranger, other, n), CORE_MESSAGE_SENT);
}

/* A group of `accounts` accounts; whether its founder's message is ever known to be delivered. */
static bool
is_delivered_among(size_t accounts)
{
    uint8_t group[CORE_CONV_LEN];

    while (w->account_count < accounts) {
        crowd_account_add(w);
    }
    crowd_befriend(w);
    crowd_group(w, anna, group);
    const uint64_t n = member_say(anna, group, "all");
    crowd_run(w, 3000);
    assert_texts(rose, group, "all");
    return member_state(anna, group, n) == CORE_MESSAGE_DELIVERED;
}

static void
the_largest_conversation_with_receipts_has_them(void **state)
{
    (void)state;
    assert_true(is_delivered_among(CORE_RECEIPT_ACCOUNTS_MAX));
}

static void
one_account_more_and_there_are_none(void **state)
{
    (void)state;
    assert_false(is_delivered_among(CORE_RECEIPT_ACCOUNTS_MAX + 1));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest receipt[] = {
        TEST(a_message_is_delivered_and_then_read),
        TEST(receipts_that_come_together_are_one_entry),
        TEST(what_one_own_device_has_read_is_read_on_the_other),
        TEST(a_receipt_never_takes_a_state_back),
        TEST(a_receipt_that_a_power_loss_held_up_is_given_after_it),
        TEST(a_stranger_is_told_nothing_before_it_was_accepted),
        TEST(a_declined_stranger_never_hears_anything),
        TEST(the_largest_conversation_with_receipts_has_them),
        TEST(one_account_more_and_there_are_none),
    };
    return cmocka_run_group_tests(receipt, NULL, NULL);
}
