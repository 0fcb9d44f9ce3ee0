/* SPDX-License-Identifier: MPL-2.0 */
/* What waits to be said: order, conflicts, lost answers, power losses. */
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
messages_arrive_in_the_order_they_were_said(void **state)
{
    (void)state;
    member_say(anna, conv, "one");
    member_say(anna, conv, "two");
    member_say(anna, conv, "three");

    crowd_run(w, 1000);

    assert_texts(rose, conv, "one two three");
    assert_texts(anna, conv, "one two three");
    assert_int_equal(core_outbox_count(anna->core), 0);
}

static void
what_is_said_offline_waits_unsealed_and_is_sent_on_return(void **state)
{
    (void)state;
    member_disconnect(anna);
    const uint64_t n = member_say(anna, conv, "later");
    assert_int_equal(member_state(anna, conv, n), CORE_MESSAGE_QUEUED);
    assert_false(member_conv(anna, conv)->items[0].is_sealed);
    assert_int_equal(core_outbox_count(anna->core), 1);

    member_connect(anna);
    crowd_run(w, 1000);

    assert_texts(rose, conv, "later");
    assert_true(member_state(anna, conv, n) >= CORE_MESSAGE_SENT);
}

/* The first append among what waits to be served. */
static kith_bytes
find_append(const member *m)
{
    for (size_t i = 0; i < m->queued; i++) {
        if (m->queue[i].type == PROTO_CONV_APPEND) {
            return kith_bytes_of_buf(&m->queue[i].body);
        }
    }
    return (kith_bytes){0};
}

static void
a_lost_request_is_made_again_with_the_same_bytes(void **state)
{
    KITH_AUTO(kith_buf) first = {0};
    (void)state;
    anna->is_held = true;
    member_say(anna, conv, "once");
    assert_int_equal(kith_buf_set(&first, find_append(anna)), KITH_OK);
    assert_true(first.len > 0);
    member_disconnect(anna);

    member_connect(anna);
    while (find_append(anna).len == 0) {
        assert_true(crowd_serve(anna, false));
    }

    assert_true(kith_bytes_equal(find_append(anna), kith_bytes_of_buf(&first)));
    anna->is_held = false;
    crowd_run(w, 1000);
    assert_texts(rose, conv, "once");
}

static void
a_message_whose_answer_was_lost_is_not_said_again(void **state)
{
    (void)state;
    anna->is_held = true;
    const uint64_t n = member_say(anna, conv, "once");
    assert_true(crowd_serve(anna, true));
    member_disconnect(anna);

    member_connect(anna);
    anna->is_held = false;
    crowd_run(w, 1000);

    assert_true(member_state(anna, conv, n) >= CORE_MESSAGE_SENT);
    assert_texts(rose, conv, "once");
}

static void
an_own_message_seen_in_the_log_counts_as_sent(void **state)
{
    (void)state;
    anna->is_held = true;
    const uint64_t n = member_say(anna, conv, "seen");
    assert_true(crowd_serve(anna, true));

    crowd_run(w, 100);

    assert_int_equal(member_conv(anna, conv)->item_count, 0);
    assert_true(member_state(anna, conv, n) >= CORE_MESSAGE_SENT);
    anna->is_held = false;
}

static void
a_power_loss_between_sealing_and_sending_says_it_once(void **state)
{
    (void)state;
    anna->is_held = true;
    member_say(anna, conv, "one");
    member_say(anna, conv, "two");
    assert_true(crowd_serve(anna, true));

    member_restart(anna);
    anna->is_held = false;
    crowd_run(w, 1000);

    assert_texts(rose, conv, "one two");
}

static void
after_a_conflict_nothing_overtakes_and_nothing_is_lost(void **state)
{
    const crowd_log *log = crowd_log_find(w, conv);
    (void)state;
    /* Rose's second device comes while Anna's words, sealed for the old epoch, are on their way. */
    anna->is_deaf = true;
    anna->is_held = true;
    member_say(anna, conv, "one");
    member_say(anna, conv, "two");
    member *phone = crowd_device_add(w, rose->account);
    crowd_befriend(w);
    member_learn(rose, rose->account);
    crowd_run(w, 6000);
    assert_int_equal(member_conv(rose, conv)->roster.items[0].devices +
                         member_conv(rose, conv)->roster.items[1].devices,
                     3);

    anna->is_held = false;
    crowd_run(w, 100);
    assert_true(log->refused >= 2);
    member_say(anna, conv, "three");
    anna->is_deaf = false;
    crowd_run(w, 6000);

    assert_texts(rose, conv, "one two three");
    assert_texts(phone, conv, "one two three");
    assert_texts(anna, conv, "one two three");
}

static void
a_busy_server_is_asked_again_later(void **state)
{
    (void)state;
    w->append_error = KITH_ERR_BUSY;
    const uint64_t n = member_say(anna, conv, "patience");
    crowd_run(w, 500);
    assert_int_equal(member_state(anna, conv, n), CORE_MESSAGE_QUEUED);

    w->append_error = KITH_OK;
    crowd_run(w, 3000);

    assert_texts(rose, conv, "patience");
}

static void
a_message_that_the_server_refuses_for_good_has_failed(void **state)
{
    (void)state;
    w->append_error = KITH_ERR_LIMIT;
    const uint64_t n = member_say(anna, conv, "no");

    crowd_run(w, 500);

    assert_int_equal(member_state(anna, conv, n), CORE_MESSAGE_FAILED);
    assert_int_equal(core_outbox_count(anna->core), 0);
}

static void
no_more_appends_are_on_the_wire_than_allowed(void **state)
{
    (void)state;
    anna->is_held = true;
    for (size_t i = 0; i < CORE_APPENDS_IN_FLIGHT + 4; i++) {
        member_say(anna, conv, "x");
    }

    size_t appends = 0;
    for (size_t i = 0; i < anna->queued; i++) {
        appends += anna->queue[i].type == PROTO_CONV_APPEND ? 1 : 0;
    }
    assert_int_equal(appends, CORE_APPENDS_IN_FLIGHT);
    anna->is_held = false;
    crowd_run(w, 1000);
    assert_int_equal(core_outbox_count(anna->core), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest outbox[] = {
        TEST(messages_arrive_in_the_order_they_were_said),
        TEST(what_is_said_offline_waits_unsealed_and_is_sent_on_return),
        TEST(a_lost_request_is_made_again_with_the_same_bytes),
        TEST(a_message_whose_answer_was_lost_is_not_said_again),
        TEST(an_own_message_seen_in_the_log_counts_as_sent),
        TEST(a_power_loss_between_sealing_and_sending_says_it_once),
        TEST(after_a_conflict_nothing_overtakes_and_nothing_is_lost),
        TEST(a_busy_server_is_asked_again_later),
        TEST(a_message_that_the_server_refuses_for_good_has_failed),
        TEST(no_more_appends_are_on_the_wire_than_allowed),
    };
    return cmocka_run_group_tests(outbox, NULL, NULL);
}
