/* SPDX-License-Identifier: MPL-2.0 */
/* Rendezvous (docs/wire.md §5): two sides, one joiner, over loops, for a while, with a bounded number on the way. */
#include <string.h>

#include "relay/town.h"

static kith_err
open_rdv(client *c, uint32_t *number)
{
    proto_rdv_open_answer out = {0};

    client_body(c);
    KITH_TRY(client_ask(c, PROTO_RDV_OPEN));
    assert_err(proto_rdv_open_answer_decode(kith_bytes_of_buf(&c->answer), &out), KITH_OK);
    *number = out.number;
    return KITH_OK;
}

static kith_err
join(client *c, uint32_t number)
{
    const proto_rdv_join in = {.number = number};

    assert_err(proto_rdv_join_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_RDV_JOIN);
}

static kith_err
send_text(client *c, uint32_t number, const char *text)
{
    const proto_rdv_send in = {.number = number, .body = kith_bytes_of_text(text)};

    assert_err(proto_rdv_send_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_RDV_SEND);
}

static kith_err
close_rdv(client *c, uint32_t number)
{
    const proto_rdv_close in = {.number = number};

    assert_err(proto_rdv_close_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_RDV_CLOSE);
}

static void
expect_text(client *c, uint32_t number, const char *text)
{
    proto_rdv_message push = {0};

    assert_int_equal(client_push(c), PROTO_RDV_MESSAGE);
    assert_err(proto_rdv_message_decode(kith_bytes_of_buf(&c->answer), &push), KITH_OK);
    assert_int_equal(push.number, number);
    assert_text(push.body, text);
}

static void
expect_closed(client *c, uint32_t number)
{
    proto_rdv_closed push = {0};

    assert_int_equal(client_push(c), PROTO_RDV_CLOSED);
    assert_err(proto_rdv_closed_decode(kith_bytes_of_buf(&c->answer), &push), KITH_OK);
    assert_int_equal(push.number, number);
}

/* Two clients on different loops, the first of which has opened one. */
static uint32_t
open_two(town *t, client *old, client *fresh)
{
    uint32_t number = 0;

    client_open(t, old, 0, 1);
    client_open(t, fresh, 1, 2);
    assert_err(open_rdv(old, &number), KITH_OK);
    assert_in_range(number, 1, 999999999);
    return number;
}

static void
two_sides_on_different_loops_talk_in_order(void **state)
{
    (void)state;
    town t;
    client old;
    client fresh;
    town_open(&t);
    const uint32_t number = open_two(&t, &old, &fresh);

    assert_err(join(&fresh, number), KITH_OK);
    assert_err(send_text(&fresh, number, "one"), KITH_OK);
    assert_err(send_text(&fresh, number, "two"), KITH_OK);
    assert_err(send_text(&old, number, "back"), KITH_OK);

    expect_text(&old, number, "one");
    expect_text(&old, number, "two");
    assert_int_equal(client_push(&old), 0);
    expect_text(&fresh, number, "back");
    assert_int_equal(client_push(&fresh), 0);
    town_close(&t);
}

/* Whether the answer that did not come at once has come. */
static bool
is_answered(client *c, uint32_t request, kith_err expected)
{
    kith_err err = KITH_OK;

    if (!client_find_answer(c, request, &err)) {
        return false;
    }
    assert_err(err, expected);
    return true;
}

static void
what_is_sent_before_somebody_joins_waits(void **state)
{
    (void)state;
    town t;
    client old;
    client fresh;
    town_open(&t);
    const uint32_t number = open_two(&t, &old, &fresh);

    for (size_t i = 0; i < RELAY_RDV_WAITING_MAX; i++) {
        assert_err(send_text(&old, number, i == 0 ? "first" : "more"), KITH_OK);
    }
    assert_err(send_text(&old, number, "beyond"), KITH_ERR_OFFLINE); /* no answer yet */
    const uint32_t request = old.request;
    assert_false(is_answered(&old, request, KITH_OK));
    assert_err(join(&fresh, number), KITH_OK);

    expect_text(&fresh, number, "first");
    for (size_t i = 1; i < RELAY_RDV_WAITING_MAX; i++) {
        expect_text(&fresh, number, "more");
    }
    expect_text(&fresh, number, "beyond");
    assert_int_equal(client_push(&fresh), 0);
    assert_true(is_answered(&old, request, KITH_OK));
    assert_err(send_text(&old, number, "room again"), KITH_OK);
    expect_text(&fresh, number, "room again");
    town_close(&t);
}

static void
there_is_one_joiner_only_ever_and_it_may_repeat_itself(void **state)
{
    (void)state;
    town t;
    client old;
    client fresh;
    client third;
    town_open(&t);
    const uint32_t number = open_two(&t, &old, &fresh);
    client_open(&t, &third, 0, 3);

    assert_err(join(&old, number), KITH_ERR_DENIED); /* itself */
    assert_err(join(&fresh, number), KITH_OK);
    assert_err(join(&fresh, number), KITH_OK);
    assert_err(join(&third, number), KITH_ERR_DENIED);
    assert_err(send_text(&third, number, "hello?"), KITH_ERR_NOT_FOUND);
    assert_err(close_rdv(&third, number), KITH_OK); /* which does nothing */
    assert_err(send_text(&old, number, "still here"), KITH_OK);
    town_close(&t);
}

static void
an_unknown_number_is_not_found_and_closing_it_is_success(void **state)
{
    (void)state;
    town t;
    client c;
    town_open(&t);
    client_open(&t, &c, 0, 1);

    assert_err(join(&c, 5), KITH_ERR_NOT_FOUND);
    assert_err(send_text(&c, 5, "x"), KITH_ERR_NOT_FOUND);
    assert_err(close_rdv(&c, 5), KITH_OK);
    town_close(&t);
}

static void
it_ends_when_either_side_closes_it(void **state)
{
    (void)state;
    for (size_t by_joiner = 0; by_joiner < 2; by_joiner++) {
        town t;
        client old;
        client fresh;
        town_open(&t);
        const uint32_t number = open_two(&t, &old, &fresh);
        assert_err(join(&fresh, number), KITH_OK);

        assert_err(close_rdv(by_joiner ? &fresh : &old, number), KITH_OK);

        expect_closed(by_joiner ? &old : &fresh, number);
        assert_int_equal(client_push(by_joiner ? &fresh : &old), 0);
        assert_err(send_text(&old, number, "x"), KITH_ERR_NOT_FOUND);
        assert_err(join(&fresh, number), KITH_ERR_NOT_FOUND);
        town_close(&t);
    }
}

static void
it_ends_when_either_side_leaves(void **state)
{
    (void)state;
    for (size_t by_joiner = 0; by_joiner < 2; by_joiner++) {
        town t;
        client old;
        client fresh;
        town_open(&t);
        const uint32_t number = open_two(&t, &old, &fresh);
        assert_err(join(&fresh, number), KITH_OK);

        client_close(by_joiner ? &fresh : &old);
        town_run(&t);

        expect_closed(by_joiner ? &old : &fresh, number);
        assert_err(join(by_joiner ? &old : &fresh, number), KITH_ERR_NOT_FOUND);
        town_close(&t);
    }
}

static void
it_ends_after_its_time(void **state)
{
    (void)state;
    town t;
    client old;
    client fresh;
    town_open(&t);
    const uint32_t number = open_two(&t, &old, &fresh);
    assert_err(join(&fresh, number), KITH_OK);

    town_pass(&t, PROTO_RDV_SECONDS * 1000 - 1);
    assert_err(send_text(&fresh, number, "just in time"), KITH_OK);
    expect_text(&old, number, "just in time");
    t.now_ms++;
    assert_err(send_text(&fresh, number, "late"), KITH_ERR_NOT_FOUND);
    town_pass(&t, RELAY_EXPIRE_MS);
    expect_closed(&old, number);
    expect_closed(&fresh, number);
    town_close(&t);
}

static void
it_ends_after_its_last_message(void **state)
{
    (void)state;
    town t;
    client old;
    client fresh;
    relay_rdv rdv = {0};
    town_open(&t);
    const uint32_t number = open_two(&t, &old, &fresh);
    assert_err(join(&fresh, number), KITH_OK);
    const relay_store *store = store_relay_port(t.store);
    assert_err(store->rdv_find(store->ctx, number, &rdv), KITH_OK);
    rdv.messages = PROTO_RDV_MESSAGES_MAX - 2;
    assert_err(store->begin(store->ctx), KITH_OK);
    assert_err(store->rdv_save(store->ctx, &rdv), KITH_OK);
    assert_err(store->commit(store->ctx), KITH_OK);

    assert_err(send_text(&fresh, number, "last but one"), KITH_OK);
    assert_err(send_text(&fresh, number, "last"), KITH_OK);
    assert_err(send_text(&fresh, number, "beyond"), KITH_ERR_NOT_FOUND);
    expect_text(&old, number, "last but one");
    expect_text(&old, number, "last");
    expect_closed(&old, number);
    expect_closed(&fresh, number);
    town_close(&t);
}

static void
who_does_not_read_holds_up_the_sender_and_not_the_memory(void **state)
{
    (void)state;
    town t;
    client old;
    client fresh;
    town_open(&t);
    const uint32_t number = open_two(&t, &old, &fresh);
    assert_err(join(&fresh, number), KITH_OK);
    old.is_deaf = true;
    const uint32_t first = fresh.request + 1;

    for (size_t i = 0; i < RELAY_RDV_WAITING_MAX + PROTO_IN_FLIGHT_MAX; i++) {
        assert_true(relay_session_wants_bytes(fresh.session));
        assert_err(send_text(&fresh, number, "x"),
                   i < RELAY_RDV_WAITING_MAX ? KITH_OK : KITH_ERR_OFFLINE);
    }
    assert_false(relay_session_wants_bytes(fresh.session));
    client_listen(&old);

    for (uint32_t i = RELAY_RDV_WAITING_MAX; i < RELAY_RDV_WAITING_MAX + PROTO_IN_FLIGHT_MAX; i++) {
        assert_true(is_answered(&fresh, first + i, KITH_OK));
    }
    for (size_t i = 0; i < RELAY_RDV_WAITING_MAX + PROTO_IN_FLIGHT_MAX; i++) {
        expect_text(&old, number, "x");
    }
    assert_int_equal(client_push(&old), 0);
    assert_err(send_text(&fresh, number, "y"), KITH_OK);
    expect_text(&old, number, "y");
    town_close(&t);
}

static void
what_was_not_taken_is_answered_when_it_ends(void **state)
{
    (void)state;
    for (size_t by_sender = 0; by_sender < 2; by_sender++) {
        town t;
        client old;
        client fresh;
        town_open(&t);
        const uint32_t number = open_two(&t, &old, &fresh);
        assert_err(join(&fresh, number), KITH_OK);
        old.is_deaf = true;
        for (size_t i = 0; i <= RELAY_RDV_WAITING_MAX; i++) {
            kith_ignore(send_text(&fresh, number, "x")); /* the last has no answer */
        }
        const uint32_t request = fresh.request;
        assert_false(is_answered(&fresh, request, KITH_OK));

        if (by_sender) {
            assert_err(close_rdv(&fresh, number), KITH_OK);
        } else {
            client_close(&old);
            town_run(&t);
        }

        assert_true(is_answered(&fresh, request, KITH_ERR_NOT_FOUND));
        town_close(&t);
    }
}

static void
a_connection_takes_part_in_as_many_as_allowed(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    uint32_t number = 0;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 0, 2);

    for (size_t i = 0; i < RELAY_RDV_HELD_MAX; i++) {
        assert_err(open_rdv(&c, &number), KITH_OK);
    }
    assert_err(open_rdv(&c, &number), KITH_ERR_LIMIT);
    assert_err(open_rdv(&d, &number), KITH_OK);
    assert_err(join(&c, number), KITH_ERR_LIMIT);
    town_close(&t);
}

static void
openings_and_joins_are_rationed(void **state)
{
    (void)state;
    town t;
    client c;
    uint32_t number = 0;
    town_open(&t);
    t.env[0].config.rations[RELAY_RATION_RDV_OPEN] = (relay_ration){1, 1000};
    t.env[0].config.rations[RELAY_RATION_RDV_JOIN] = (relay_ration){1, 1000};
    town_restart(&t);
    client_open(&t, &c, 0, 1);

    assert_err(open_rdv(&c, &number), KITH_OK);
    assert_err(open_rdv(&c, &number), KITH_ERR_BUSY);
    assert_err(join(&c, 1), KITH_ERR_NOT_FOUND);
    assert_err(join(&c, 1), KITH_ERR_BUSY);
    town_close(&t);
}

static void
so_many_are_open_at_once_and_no_more(void **state)
{
    (void)state;
    town t;
    client c;
    uint32_t number = 0;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    const relay_store *store = store_relay_port(t.store);
    assert_err(store->begin(store->ctx), KITH_OK);
    for (uint32_t i = 1; i < RELAY_RDV_MAX; i++) {
        const relay_rdv rdv = {
            .number = 1000000000 + i, .sides = {77, 0}, .expires_ms = t.now_ms + 1};
        assert_err(store->rdv_save(store->ctx, &rdv), KITH_OK);
    }
    assert_err(store->commit(store->ctx), KITH_OK);

    assert_err(open_rdv(&c, &number), KITH_OK);
    assert_err(open_rdv(&c, &number), KITH_ERR_BUSY);
    town_pass(&t, RELAY_EXPIRE_MS); /* the others have expired: some of them are ended */
    assert_err(open_rdv(&c, &number), KITH_OK);
    town_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_sides_on_different_loops_talk_in_order),
        cmocka_unit_test(what_is_sent_before_somebody_joins_waits),
        cmocka_unit_test(there_is_one_joiner_only_ever_and_it_may_repeat_itself),
        cmocka_unit_test(an_unknown_number_is_not_found_and_closing_it_is_success),
        cmocka_unit_test(it_ends_when_either_side_closes_it),
        cmocka_unit_test(it_ends_when_either_side_leaves),
        cmocka_unit_test(it_ends_after_its_time),
        cmocka_unit_test(it_ends_after_its_last_message),
        cmocka_unit_test(who_does_not_read_holds_up_the_sender_and_not_the_memory),
        cmocka_unit_test(what_was_not_taken_is_answered_when_it_ends),
        cmocka_unit_test(a_connection_takes_part_in_as_many_as_allowed),
        cmocka_unit_test(openings_and_joins_are_rationed),
        cmocka_unit_test(so_many_are_open_at_once_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
