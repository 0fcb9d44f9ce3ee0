/* SPDX-License-Identifier: MPL-2.0 */
/* Events are numbered, kept, handed out after the commit, and forgotten in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/home.h"

static home *h;
static party *p;

static int
setup(void **state)
{
    (void)state;
    h = home_new();
    p = home_party(h);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    home_free(h);
    return 0;
}

static const uint8_t some_conv[CORE_CONV_LEN] = {9};

static kith_err
add_message(core *c, uint64_t n)
{
    KITH_TRY(core_txn_begin(c, HOME_NOW));
    return core_txn_end(c, core_event_message(c, some_conv, n));
}

static void
events_come_out_in_order_with_growing_numbers(void **state)
{
    core_event first = {0};
    core_event second = {0};
    (void)state;

    assert_int_equal(add_message(p->core, 5), KITH_OK);
    assert_int_equal(add_message(p->core, 6), KITH_OK);

    assert_true(core_next_event(p->core, &first));
    assert_true(core_next_event(p->core, &second));
    assert_false(core_next_event(p->core, &second));
    assert_int_equal(first.kind, CORE_EVENT_MESSAGE);
    assert_int_equal(first.n, 5);
    assert_int_equal(second.n, 6);
    assert_int_equal(second.seq, first.seq + 1);
    assert_int_equal(core_event_last(p->core), second.seq);
}

static void
an_event_is_not_handed_out_before_its_commit(void **state)
{
    core_event event = {0};
    (void)state;

    assert_int_equal(core_txn_begin(p->core, HOME_NOW), KITH_OK);
    assert_int_equal(core_event_message(p->core, some_conv, 1), KITH_OK);
    assert_false(core_next_event(p->core, &event));

    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
    assert_true(core_next_event(p->core, &event));
}

static void
an_event_of_a_failed_transaction_never_was(void **state)
{
    core_event event = {0};
    (void)state;

    assert_int_equal(core_txn_begin(p->core, HOME_NOW), KITH_OK);
    assert_int_equal(core_event_message(p->core, some_conv, 1), KITH_OK);
    assert_int_equal(core_txn_end(p->core, KITH_ERR_LIMIT), KITH_ERR_LIMIT);

    assert_false(core_next_event(p->core, &event));
    assert_int_equal(core_event_last(p->core), 0);
}

static void
the_same_twice_in_one_transaction_is_said_once(void **state)
{
    core_event event = {0};
    (void)state;

    assert_int_equal(core_txn_begin(p->core, HOME_NOW), KITH_OK);
    assert_int_equal(core_event_chat(p->core, some_conv), KITH_OK);
    assert_int_equal(core_event_chat(p->core, some_conv), KITH_OK);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);

    assert_true(core_next_event(p->core, &event));
    assert_false(core_next_event(p->core, &event));
}

static void
kept_events_can_be_had_again_after_a_restart(void **state)
{
    uint64_t seq = 0;
    core_event event = {0};
    (void)state;

    assert_int_equal(add_message(p->core, 5), KITH_OK);
    assert_int_equal(add_message(p->core, 6), KITH_OK);
    party_restart(p);

    assert_int_equal(core_event_replay(p->core, &seq, &event), KITH_OK);
    assert_int_equal(event.n, 5);
    assert_int_equal(event.seq, seq);
    assert_memory_equal(event.conv, some_conv, sizeof some_conv);
    assert_int_equal(core_event_replay(p->core, &seq, &event), KITH_OK);
    assert_int_equal(event.n, 6);
    assert_int_equal(core_event_replay(p->core, &seq, &event), KITH_ERR_NOT_FOUND);
    assert_int_equal(core_event_last(p->core), 2);
}

static void
the_oldest_event_goes_when_one_too_many_comes(void **state)
{
    uint64_t seq = 0;
    core_event event = {0};
    (void)state;

    assert_int_equal(core_txn_begin(p->core, HOME_NOW), KITH_OK);
    for (uint64_t n = 1; n <= CORE_EVENTS_KEPT; n++) {
        assert_int_equal(core_event_message(p->core, some_conv, n), KITH_OK);
    }
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
    assert_int_equal(core_event_replay(p->core, &seq, &event), KITH_OK);
    assert_int_equal(event.seq, 1);

    assert_int_equal(add_message(p->core, CORE_EVENTS_KEPT + 1), KITH_OK);
    seq = 0;
    assert_int_equal(core_event_replay(p->core, &seq, &event), KITH_OK);
    assert_int_equal(event.seq, 2);
}

static void
all_fields_survive_being_kept(void **state)
{
    uint64_t seq = 0;
    core_event event = {.kind = CORE_EVENT_ALARM, .n = 7, .op = 8, .err = KITH_ERR_DENIED};
    core_event again = {0};
    (void)state;

    event.account[0] = 3;
    memset(event.text, 'x', CORE_NAME_MAX);
    assert_int_equal(core_txn_begin(p->core, HOME_NOW), KITH_OK);
    assert_int_equal(core_event_add(p->core, &event), KITH_OK);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);

    assert_int_equal(core_event_replay(p->core, &seq, &again), KITH_OK);
    assert_memory_equal(&event, &again, sizeof event);
}

static void
being_online_is_not_kept(void **state)
{
    uint64_t seq = 0;
    core_event event = {0};
    (void)state;

    home_join(p, "Anna");
    assert_int_equal(party_event(p, CORE_EVENT_ONLINE)->n, 1);
    assert_int_equal(party_event(p, CORE_EVENT_ONLINE)->seq, 0);

    while (core_event_replay(p->core, &seq, &event) == KITH_OK) {
        assert_int_not_equal(event.kind, CORE_EVENT_ONLINE);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(events_come_out_in_order_with_growing_numbers),
        TEST(an_event_is_not_handed_out_before_its_commit),
        TEST(an_event_of_a_failed_transaction_never_was),
        TEST(the_same_twice_in_one_transaction_is_said_once),
        TEST(kept_events_can_be_had_again_after_a_restart),
        TEST(the_oldest_event_goes_when_one_too_many_comes),
        TEST(all_fields_survive_being_kept),
        TEST(being_online_is_not_kept),
    };

    return cmocka_run_group_tests_name("core-event", tests, NULL, NULL);
}
