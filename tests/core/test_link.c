/* SPDX-License-Identifier: MPL-2.0 */
/* The two connections: what is dialled when, what is said first, what breaks them, and what nobody loses by that. */
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

static void
nothing_is_dialled_without_an_account(void **state)
{
    core_dial dial = {0};
    (void)state;

    assert_false(core_next_dial(p->core, &dial));
    home_pass(h, 3600000);
    assert_int_equal(p->dials[CORE_LINK_NAMED], 0);
    assert_int_equal(core_link_up(p->core, CORE_LINK_NAMED, h->server_key, h->now_ms),
                     KITH_ERR_INVALID);
}

static void
an_account_has_two_connections_of_which_one_logs_in(void **state)
{
    (void)state;

    home_join(p, "Anna");

    assert_true(core_link_ready(p->core, CORE_LINK_NAMED));
    assert_true(core_link_ready(p->core, CORE_LINK_ANON));
    assert_true(core_account_get(p->core).online);
    assert_int_equal(p->seen[PROTO_HELLO], 2);
    assert_int_equal(p->seen[PROTO_LOGIN], 1);
    assert_true(p->named);
    assert_int_equal(p->core->convs->link_changes[CORE_LINK_ANON], 1);
}

static void
dial_says_host_port_and_pin(void **state)
{
    core_dial dial = {0};
    (void)state;

    home_join(p, "Anna");
    party_cut(p, CORE_LINK_ANON);
    h->now_ms += CORE_DIAL_PAUSE_MAX_MS;
    assert_int_equal(core_tick(p->core, h->now_ms), KITH_OK);

    assert_true(core_next_dial(p->core, &dial));
    assert_int_equal(dial.link, CORE_LINK_ANON);
    assert_string_equal(dial.host, "home.example");
    assert_int_equal(dial.port, 5484);
    assert_memory_equal(dial.server_key, h->server_key, sizeof h->server_key);
    assert_false(core_next_dial(p->core, &dial));
}

static void
a_lost_connection_comes_back_and_says_so(void **state)
{
    (void)state;

    home_join(p, "Anna");
    party_cut(p, CORE_LINK_NAMED);
    assert_int_equal(party_event(p, CORE_EVENT_ONLINE)->n, 0);

    home_pass(h, CORE_DIAL_PAUSE_MS);
    assert_int_equal(party_event(p, CORE_EVENT_ONLINE)->n, 1);
    assert_int_equal(p->seen[PROTO_LOGIN], 2);
}

static void
pauses_grow_to_a_minute(void **state)
{
    uint64_t last = 0;
    uint64_t pause = CORE_DIAL_PAUSE_MS;
    (void)state;

    home_join(p, "Anna");
    h->is_down = true;
    party_cut(p, CORE_LINK_ANON);
    for (int i = 0; i < 10; i++) {
        const size_t dials = p->dials[CORE_LINK_ANON];
        last = h->now_ms;
        while (p->dials[CORE_LINK_ANON] == dials) {
            home_pass(h, 50);
        }
        assert_in_range(h->now_ms - last, pause / 2, pause + 100);
        pause = pause * 2 < CORE_DIAL_PAUSE_MAX_MS ? pause * 2 : CORE_DIAL_PAUSE_MAX_MS;
    }
}

static void
another_identity_is_an_alarm_once_and_tried_slowly(void **state)
{
    (void)state;

    home_join(p, "Anna");
    p->server_key[0] ^= 1;
    party_cut(p, CORE_LINK_NAMED);
    party_cut(p, CORE_LINK_ANON);
    const size_t dials = p->dials[CORE_LINK_NAMED];
    home_pass(h, CORE_DIAL_PAUSE_MAX_MS / 2 - 1);
    assert_int_equal(p->dials[CORE_LINK_NAMED], dials + 1);
    home_pass(h, 20 * CORE_DIAL_PAUSE_MAX_MS);

    assert_true(party_alarm(p, "pin"));
    assert_in_range(party_events(p, CORE_EVENT_ALARM), 1, 2);
    assert_in_range(p->dials[CORE_LINK_NAMED], 10, 45);
}

static void
a_server_that_speaks_no_common_version_is_left_alone(void **state)
{
    (void)state;

    home_join(p, "Anna");
    h->refuse[PROTO_HELLO] = KITH_ERR_UNSUPPORTED;
    party_cut(p, CORE_LINK_ANON);
    home_pass(h, 10 * CORE_DIAL_PAUSE_MAX_MS);

    assert_true(party_alarm(p, "version"));
    assert_in_range(p->dials[CORE_LINK_ANON], 5, 25);
    assert_false(core_link_ready(p->core, CORE_LINK_ANON));
}

static void
a_version_that_was_not_offered_ends_the_connection(void **state)
{
    const proto_hello_answer answer = {.version = 2, .frame_max = PROTO_FRAME_MAX};
    KITH_AUTO(kith_buf) body = {0};
    (void)state;

    home_join(p, "Anna");
    h->hold[PROTO_HELLO] = true;
    party_cut(p, CORE_LINK_ANON);
    home_pass(h, CORE_DIAL_PAUSE_MS);
    home_request request = party_take(p, PROTO_HELLO);
    assert_int_equal(proto_hello_answer_encode(&body, &answer), KITH_OK);
    party_answer(p, &request, kith_bytes_of_buf(&body));

    assert_int_equal(p->recv_err, KITH_ERR_MALFORMED);
    home_request_done(&request);
}

static void
a_frame_may_come_byte_by_byte(void **state)
{
    KITH_AUTO(kith_buf) frame = {0};
    const proto_kp_low low = {.one_time_count = 3};
    KITH_AUTO(kith_buf) body = {0};
    (void)state;

    home_join(p, "Anna");
    home_run(h);
    const size_t puts = p->kp_puts;
    p->one_time = 3;
    assert_int_equal(proto_kp_low_encode(&body, &low), KITH_OK);
    assert_int_equal(proto_frame_encode(&frame, PROTO_KP_LOW, 0, kith_bytes_of_buf(&body)),
                     KITH_OK);
    for (size_t i = 0; i < frame.len; i++) {
        assert_int_equal(p->kp_puts, puts);
        assert_int_equal(party_feed(p, CORE_LINK_NAMED, kith_bytes_of(frame.data + i, 1)), KITH_OK);
    }
    home_run(h);

    assert_true(p->kp_puts > puts);
}

static void
expect_hang_up(uint8_t type, uint32_t request, kith_bytes body, core_link link)
{
    KITH_AUTO(kith_buf) frame = {0};

    home_join(p, "Anna");
    assert_int_equal(proto_frame_encode(&frame, type, request, body), KITH_OK);
    assert_int_equal(party_feed(p, link, kith_bytes_of_buf(&frame)), KITH_ERR_MALFORMED);
    assert_false(core_link_ready(p->core, link));
    home_pass(h, 1000);
    assert_true(core_link_ready(p->core, link));
}

static void
an_answer_to_nothing_ends_the_connection(void **state)
{
    (void)state;
    expect_hang_up(PROTO_PING | PROTO_ANSWER, 77, (kith_bytes){0}, CORE_LINK_NAMED);
}

static void
a_request_from_the_server_ends_the_connection(void **state)
{
    (void)state;
    expect_hang_up(PROTO_PING, 0, (kith_bytes){0}, CORE_LINK_NAMED);
}

static void
an_unknown_push_ends_the_connection(void **state)
{
    (void)state;
    expect_hang_up(0x6f, 0, (kith_bytes){0}, CORE_LINK_NAMED);
}

static void
a_named_push_on_the_anonymous_connection_ends_it(void **state)
{
    const uint8_t body[] = {0, 1};
    (void)state;
    expect_hang_up(PROTO_KP_LOW, 0, KITH_BYTES(body), CORE_LINK_ANON);
}

static void
a_conversation_push_on_the_named_connection_ends_it(void **state)
{
    (void)state;
    expect_hang_up(PROTO_ENTRY, 0, (kith_bytes){0}, CORE_LINK_NAMED);
}

static void
a_length_below_and_above_the_bounds_ends_the_connection(void **state)
{
    const uint8_t small[] = {0, 0, 0, 4, 1, 1, 1, 1};
    const uint8_t large[] = {0x7f, 0, 0, 0, 1, 1, 1, 1};
    (void)state;

    home_join(p, "Anna");
    assert_int_equal(party_feed(p, CORE_LINK_NAMED, KITH_BYTES(small)), KITH_ERR_MALFORMED);
    assert_int_equal(party_feed(p, CORE_LINK_ANON, KITH_BYTES(large)), KITH_ERR_LIMIT);
}

static void
before_hello_was_answered_frames_are_small_and_pushes_wrong(void **state)
{
    uint8_t large[300] = {0, 0, 1, 1, PROTO_HELLO | PROTO_ANSWER, 0, 0, 0, 1};
    const proto_kp_low low = {.one_time_count = 3};
    KITH_AUTO(kith_buf) body = {0};
    (void)state;

    home_join(p, "Anna");
    h->hold[PROTO_HELLO] = true;
    party_cut(p, CORE_LINK_ANON);
    party_cut(p, CORE_LINK_NAMED);
    home_pass(h, CORE_DIAL_PAUSE_MS);
    assert_int_equal(party_feed(p, CORE_LINK_ANON, KITH_BYTES(large)), KITH_ERR_LIMIT);

    assert_int_equal(proto_kp_low_encode(&body, &low), KITH_OK);
    assert_int_equal(party_push(p, CORE_LINK_NAMED, PROTO_KP_LOW, kith_bytes_of_buf(&body)),
                     KITH_ERR_MALFORMED);
}

static void
pushes_of_conversations_go_to_conversations(void **state)
{
    (void)state;

    home_join(p, "Anna");
    assert_int_equal(party_push(p, CORE_LINK_ANON, PROTO_ENTRY, (kith_bytes){0}), KITH_OK);
    assert_int_equal(party_push(p, CORE_LINK_NAMED, PROTO_INBOX_ITEM, (kith_bytes){0}), KITH_OK);

    assert_int_equal(p->core->convs->pushes, 2);
}

static size_t answers;
static kith_err last_answer;

static kith_err
note_answer(core *c, const core_tag *tag, const core_answer *answer)
{
    (void)c;
    (void)tag;
    answers++;
    last_answer = answer->err;
    return KITH_OK;
}

static kith_err
ask(core *c, core_link link, uint8_t type)
{
    return core_link_request(c, &(core_request){.link = link, .type = type, .answer = note_answer});
}

static void
at_most_so_many_requests_are_in_flight(void **state)
{
    size_t sent = 0;
    kith_err err = KITH_OK;
    (void)state;

    home_join(p, "Anna");
    h->hold[PROTO_CONV_UNSUBSCRIBE] = true;
    answers = 0;
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    while (core_link_has_room(p->core, CORE_LINK_ANON)) {
        assert_int_equal(ask(p->core, CORE_LINK_ANON, PROTO_CONV_UNSUBSCRIBE), KITH_OK);
        sent++;
    }
    err = ask(p->core, CORE_LINK_ANON, PROTO_CONV_UNSUBSCRIBE);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
    home_run(h);

    assert_int_equal(err, KITH_ERR_BUSY);
    assert_in_range(sent, PROTO_IN_FLIGHT_MAX - 4, PROTO_IN_FLIGHT_MAX);
    assert_int_equal(p->held_count, sent);

    home_request request = party_take(p, PROTO_CONV_UNSUBSCRIBE);
    party_answer(p, &request, (kith_bytes){0});
    home_request_done(&request);
    assert_int_equal(answers, 1);
    assert_true(core_link_has_room(p->core, CORE_LINK_ANON));

    party_cut(p, CORE_LINK_ANON);
    assert_int_equal(answers, sent);
    assert_int_equal(last_answer, KITH_ERR_OFFLINE);
}

static void
a_connection_full_of_requests_is_still_pinged(void **state)
{
    (void)state;

    home_join(p, "Anna");
    h->hold[PROTO_CONV_UNSUBSCRIBE] = true;
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    while (core_link_has_room(p->core, CORE_LINK_ANON)) {
        assert_int_equal(ask(p->core, CORE_LINK_ANON, PROTO_CONV_UNSUBSCRIBE), KITH_OK);
    }
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
    home_pass(h, CORE_PING_MS + CORE_SILENCE_MS + 1000);

    assert_int_equal(p->dials[CORE_LINK_ANON], 1);
    assert_true(core_account_get(p->core).online);
}

static void
answers_may_come_in_any_order_but_of_their_type(void **state)
{
    (void)state;

    home_join(p, "Anna");
    h->hold[PROTO_CONV_UNSUBSCRIBE] = true;
    h->hold[PROTO_CONV_ACK] = true;
    answers = 0;
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(ask(p->core, CORE_LINK_ANON, PROTO_CONV_UNSUBSCRIBE), KITH_OK);
    assert_int_equal(ask(p->core, CORE_LINK_ANON, PROTO_CONV_ACK), KITH_OK);
    assert_int_equal(ask(p->core, CORE_LINK_ANON, PROTO_CONV_ACK), KITH_OK);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
    home_run(h);
    home_request first = party_take(p, PROTO_CONV_UNSUBSCRIBE);
    home_request second = party_take(p, PROTO_CONV_ACK);
    home_request third = party_take(p, PROTO_CONV_ACK);

    party_refuse(p, &second, KITH_ERR_CONFLICT);
    assert_int_equal(last_answer, KITH_ERR_CONFLICT);
    party_answer(p, &first, (kith_bytes){0});
    assert_int_equal(last_answer, KITH_OK);
    assert_int_equal(answers, 2);

    third.type = PROTO_CONV_OPEN;
    party_answer(p, &third, (kith_bytes){0});
    assert_int_equal(p->recv_err, KITH_ERR_MALFORMED);
    home_request_done(&first);
    home_request_done(&second);
    home_request_done(&third);
}

static void
no_request_goes_where_it_would_tie_a_device_to_its_conversations(void **state)
{
    static const uint8_t named[] = {PROTO_LOGIN,           PROTO_ACCOUNT_CREATE, PROTO_LIST_PUT,
                                    PROTO_KP_PUT,          PROTO_KP_COUNT,       PROTO_INVITE_PUT,
                                    PROTO_INBOX_SUBSCRIBE, PROTO_INBOX_ACK,      PROTO_RDV_OPEN};
    static const uint8_t anon[] = {PROTO_CONV_OPEN, PROTO_CONV_APPEND,      PROTO_CONV_SUBSCRIBE,
                                   PROTO_CONV_ACK,  PROTO_CONV_UNSUBSCRIBE, PROTO_INBOX_PUT,
                                   PROTO_KP_TAKE};
    (void)state;

    home_join(p, "Anna");
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    for (size_t i = 0; i < sizeof named; i++) {
        assert_int_equal(ask(p->core, CORE_LINK_ANON, named[i]), KITH_ERR_INVALID);
    }
    for (size_t i = 0; i < sizeof anon; i++) {
        assert_int_equal(ask(p->core, CORE_LINK_NAMED, anon[i]), KITH_ERR_INVALID);
    }
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
}

static void
a_request_without_a_connection_is_offline(void **state)
{
    (void)state;

    home_join(p, "Anna");
    party_cut(p, CORE_LINK_ANON);
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(ask(p->core, CORE_LINK_ANON, PROTO_CONV_ACK), KITH_ERR_OFFLINE);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
}

static void
an_idle_connection_is_pinged_and_a_silent_one_given_up(void **state)
{
    (void)state;

    home_join(p, "Anna");
    home_pass(h, CORE_PING_MS + 1000);
    assert_int_equal(p->seen[PROTO_PING], 2);
    assert_true(core_account_get(p->core).online);

    h->hold[PROTO_PING] = true;
    home_pass(h, CORE_PING_MS + CORE_SILENCE_MS - 2000);
    assert_true(core_account_get(p->core).online);
    const size_t dials = p->dials[CORE_LINK_NAMED];
    home_pass(h, 5000);
    assert_true(p->dials[CORE_LINK_NAMED] > dials);
    assert_true(core_account_get(p->core).online);
}

static void
a_clock_that_is_set_back_stops_nothing(void **state)
{
    (void)state;

    home_join(p, "Anna");
    h->now_ms -= 86400000ull * 365;
    assert_int_equal(core_tick(p->core, h->now_ms), KITH_OK);
    home_run(h);
    party_cut(p, CORE_LINK_ANON);
    home_pass(h, CORE_DIAL_PAUSE_MAX_MS);

    assert_true(core_account_get(p->core).online);
    assert_true(core_deadline(p->core) - h->now_ms <= 86400000ull);
}

static void
bytes_of_a_connection_that_was_hung_up_are_ignored(void **state)
{
    const uint8_t junk[] = {1, 2, 3};
    (void)state;

    home_join(p, "Anna");
    party_cut(p, CORE_LINK_ANON);

    assert_int_equal(core_recv(p->core, CORE_LINK_ANON, KITH_BYTES(junk), h->now_ms), KITH_OK);
    assert_int_equal(core_recv(p->core, CORE_LINKS, KITH_BYTES(junk), h->now_ms), KITH_ERR_INVALID);
}

static void
a_busy_answer_says_when_to_come_again(void **state)
{
    (void)state;

    home_join(p, "Anna");
    h->refuse[PROTO_LIST_FIND] = KITH_ERR_BUSY;
    party_cut(p, CORE_LINK_NAMED);
    home_pass(h, 1000);
    const size_t asked = p->seen[PROTO_LIST_FIND];
    home_pass(h, 500);
    assert_int_equal(p->seen[PROTO_LIST_FIND], asked);
    home_pass(h, 2000);
    assert_int_equal(p->seen[PROTO_LIST_FIND], asked + 1);
}

static void
what_a_server_could_not_store_is_asked_again_soon(void **state)
{
    (void)state;

    home_join(p, "Anna");
    h->refuse[PROTO_LIST_FIND] = KITH_ERR_STORE;
    party_cut(p, CORE_LINK_NAMED);
    home_pass(h, 1000);
    const size_t asked = p->seen[PROTO_LIST_FIND];
    home_pass(h, CORE_RETRY_MS + 1500);
    assert_true(p->seen[PROTO_LIST_FIND] > asked);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_dialled_without_an_account),
        TEST(an_account_has_two_connections_of_which_one_logs_in),
        TEST(dial_says_host_port_and_pin),
        TEST(a_lost_connection_comes_back_and_says_so),
        TEST(pauses_grow_to_a_minute),
        TEST(another_identity_is_an_alarm_once_and_tried_slowly),
        TEST(a_server_that_speaks_no_common_version_is_left_alone),
        TEST(a_version_that_was_not_offered_ends_the_connection),
        TEST(a_frame_may_come_byte_by_byte),
        TEST(an_answer_to_nothing_ends_the_connection),
        TEST(a_request_from_the_server_ends_the_connection),
        TEST(an_unknown_push_ends_the_connection),
        TEST(a_named_push_on_the_anonymous_connection_ends_it),
        TEST(a_conversation_push_on_the_named_connection_ends_it),
        TEST(a_length_below_and_above_the_bounds_ends_the_connection),
        TEST(before_hello_was_answered_frames_are_small_and_pushes_wrong),
        TEST(pushes_of_conversations_go_to_conversations),
        TEST(at_most_so_many_requests_are_in_flight),
        TEST(a_connection_full_of_requests_is_still_pinged),
        TEST(answers_may_come_in_any_order_but_of_their_type),
        TEST(no_request_goes_where_it_would_tie_a_device_to_its_conversations),
        TEST(a_request_without_a_connection_is_offline),
        TEST(an_idle_connection_is_pinged_and_a_silent_one_given_up),
        TEST(a_clock_that_is_set_back_stops_nothing),
        TEST(bytes_of_a_connection_that_was_hung_up_are_ignored),
        TEST(a_busy_answer_says_when_to_come_again),
        TEST(what_a_server_could_not_store_is_asked_again_soon),
    };

    return cmocka_run_group_tests_name("core-link", tests, NULL, NULL);
}
