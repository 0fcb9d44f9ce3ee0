/* SPDX-License-Identifier: MPL-2.0 */
/* Subscriptions (docs/wire.md §4): in order, none twice, no further than the token reaches, as fast as one reads. */
#include <string.h>

#include "relay/town.h"

static void
say_many(client *c, const talk *k, uint8_t epoch, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i <= to; i++) {
        assert_err(talk_say(c, k, epoch, i, kith_bytes_of(&i, sizeof i)), KITH_OK);
    }
}

/* The entries from..to arrive, and no other. */
static void
expect_entries(client *c, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++) {
        assert_int_equal(client_entry(c).seq, seq);
    }
    assert_int_equal(client_push(c), 0);
}

static proto_conv_subscribe_answer
subscribed(client *c)
{
    proto_conv_subscribe_answer out = {0};

    assert_err(proto_conv_subscribe_answer_decode(kith_bytes_of_buf(&c->answer), &out), KITH_OK);
    return out;
}

static void
unsubscribe(client *c, const talk *k)
{
    proto_conv_unsubscribe in = {0};

    memcpy(in.conv_id, k->id, sizeof in.conv_id);
    assert_err(proto_conv_unsubscribe_encode(client_body(c), &in), KITH_OK);
    assert_err(client_ask(c, PROTO_CONV_UNSUBSCRIBE), KITH_OK);
}

static void
an_entry_arrives_as_it_was_appended(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 1, 2);
    assert_err(talk_open(&c, &k, 5, 2), KITH_OK);
    assert_err(talk_say(&c, &k, 0, 77, kith_bytes_of_text("stored")), KITH_OK);
    assert_err(talk_subscribe(&d, &k, 0, 0), KITH_OK);
    assert_err(talk_say(&c, &k, 0, 78, kith_bytes_of_text("live")), KITH_OK);

    for (uint32_t id = 77; id <= 78; id++) {
        const proto_entry entry = client_entry(&d);
        assert_memory_equal(entry.conv_id, k.id, sizeof k.id);
        assert_memory_equal(entry.append_id, &id, sizeof id);
        assert_int_equal(entry.seq, id - 76);
        assert_int_equal(entry.time_ms, t.now_ms);
        assert_int_equal(entry.kind, PROTO_ENTRY_APPLICATION);
        assert_text(entry.message, id == 77 ? "stored" : "live");
    }
    town_close(&t);
}

static void
a_subscription_gives_what_is_stored_and_then_what_comes_each_once(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 1, 2);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    say_many(&c, &k, 0, 1, 5);

    assert_err(talk_subscribe(&d, &k, 0, 3), KITH_OK);
    assert_int_equal(subscribed(&d).first_seq, 1);
    assert_int_equal(subscribed(&d).end_seq, 6);
    assert_int_equal(subscribed(&d).last_commit_seq, 0);
    expect_entries(&d, 3, 5);
    say_many(&c, &k, 0, 6, 8);
    expect_entries(&d, 6, 8);
    town_close(&t);
}

static void
a_subscription_may_begin_with_what_is_yet_to_come(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);

    assert_err(talk_subscribe(&c, &k, 0, 3), KITH_OK);
    say_many(&c, &k, 0, 1, 4);
    expect_entries(&c, 3, 4);
    assert_err(talk_subscribe(&c, &k, 0, UINT64_MAX), KITH_OK);
    say_many(&c, &k, 0, 5, 6);
    expect_entries(&c, 1, 0);
    town_close(&t);
}

static void
without_a_start_it_begins_with_the_first_entry_of_the_tokens_epoch(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    say_many(&c, &k, 0, 1, 2);
    assert_err(talk_commit(&c, &k, 0, 3, 0), KITH_OK);
    say_many(&c, &k, 1, 4, 5);

    assert_err(talk_subscribe(&c, &k, 1, 0), KITH_OK);
    assert_int_equal(subscribed(&c).last_commit_seq, 3);
    expect_entries(&c, 4, 5);
    assert_err(talk_subscribe(&c, &k, 0, 0), KITH_OK);
    assert_int_equal(subscribed(&c).end_seq, 4);
    assert_int_equal(subscribed(&c).last_commit_seq, 3);
    expect_entries(&c, 1, 3);
    town_close(&t);
}

static void
a_subscription_pauses_with_the_commit_that_ends_its_epoch(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 1, 2);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    assert_err(talk_subscribe(&d, &k, 0, 0), KITH_OK);

    say_many(&c, &k, 0, 1, 1);
    assert_err(talk_commit(&c, &k, 0, 2, 0), KITH_OK);
    say_many(&c, &k, 1, 3, 4);

    expect_entries(&d, 1, 2);
    assert_int_equal(relay_stats_of(t.relay[1]).subscriptions, 0);
    assert_err(talk_subscribe(&d, &k, 1, 3), KITH_OK);
    expect_entries(&d, 3, 4);
    town_close(&t);
}

static void
who_knows_only_an_old_token_reads_nothing_after_its_epoch(void **state)
{
    (void)state;
    town t;
    client c;
    client removed;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &removed, 1, 2);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    say_many(&c, &k, 0, 1, 1);
    assert_err(talk_commit(&c, &k, 0, 2, 0), KITH_OK);
    say_many(&c, &k, 1, 3, 3);

    assert_err(talk_subscribe(&removed, &k, 0, 1), KITH_OK);
    assert_int_equal(subscribed(&removed).end_seq, 3);
    expect_entries(&removed, 1, 2);
    assert_err(talk_subscribe(&removed, &k, 0, 3), KITH_OK);
    say_many(&c, &k, 1, 4, 4);
    assert_err(talk_commit(&c, &k, 1, 5, 2), KITH_OK);
    assert_int_equal(subscribed(&removed).last_commit_seq, 2);
    expect_entries(&removed, 1, 0);
    town_close(&t);
}

static void
a_second_subscription_takes_the_place_of_the_first(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    say_many(&c, &k, 0, 1, 3);
    assert_err(talk_subscribe(&c, &k, 0, 3), KITH_OK);
    expect_entries(&c, 3, 3);

    assert_err(talk_subscribe(&c, &k, 0, 2), KITH_OK);

    expect_entries(&c, 2, 3);
    say_many(&c, &k, 0, 4, 4);
    expect_entries(&c, 4, 4);
    assert_int_equal(relay_stats_of(t.relay[0]).subscriptions, 1);
    town_close(&t);
}

static void
after_unsubscribing_nothing_comes_and_unsubscribing_again_is_success(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    talk none = {.seed = 9};
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    assert_err(talk_subscribe(&c, &k, 0, 0), KITH_OK);

    unsubscribe(&c, &k);
    unsubscribe(&c, &k);
    unsubscribe(&c, &none);
    say_many(&c, &k, 0, 1, 1);

    expect_entries(&c, 1, 0);
    town_close(&t);
}

static void
one_who_does_not_read_costs_bounded_memory_and_gets_everything_later(void **state)
{
    (void)state;
    town t;
    client c;
    client deaf;
    talk k;
    static uint8_t large[4096];
    const uint32_t count = 3 * RELAY_PENDING_MAX;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &deaf, 0, 2);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    assert_err(talk_subscribe(&deaf, &k, 0, 0), KITH_OK);
    deaf.is_deaf = true;
    const uint64_t before = t.alloc.live_bytes;

    for (uint32_t i = 1; i <= count; i++) {
        assert_err(talk_say(&c, &k, 0, i, KITH_BYTES(large)), KITH_OK);
    }
    const uint64_t held = t.alloc.live_bytes - before;
    assert_in_range(held, RELAY_PENDING_BYTES_MAX / 2, RELAY_PENDING_BYTES_MAX + 65536);

    client_listen(&deaf);
    expect_entries(&deaf, 1, count);
    assert_err(talk_say(&c, &k, 0, count + 1, KITH_BYTES(large)), KITH_OK);
    expect_entries(&deaf, count + 1, count + 1);
    town_close(&t);
}

static void
what_is_taken_slowly_is_given_whole_frame_by_frame(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    talk k;
    KITH_AUTO(kith_buf) out = {0};
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 0, 2);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    d.is_deaf = true;
    say_many(&c, &k, 0, 1, 10);
    proto_conv_subscribe in = {0};
    memcpy(in.conv_id, k.id, sizeof in.conv_id);
    talk_token(&k, 0, in.token);
    assert_err(proto_conv_subscribe_encode(client_body(&d), &in), KITH_OK);
    client_send(&d, PROTO_CONV_SUBSCRIBE);

    size_t fills = 0;
    while (relay_session_has_output(d.session)) {
        const size_t before = d.in.len;
        assert_err(relay_session_fill(d.session, t.now_ms, 1, &d.in), KITH_OK);
        assert_in_range(d.in.len - before, 1, 150); /* an answer or an entry at a time */
        fills++;
    }

    assert_int_equal(fills, 11);
    expect_entries(&d, 1, 10);
    town_close(&t);
}

static void
a_connection_follows_as_many_conversations_as_allowed(void **state)
{
    (void)state;
    town t;
    client c;
    town_open(&t);
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        t.env[i].config.rations[RELAY_RATION_CONV_OPEN] = (relay_ration){2000, 1};
    }
    town_restart(&t);
    client_open(&t, &c, 0, 1);
    proto_conv_open in = {.readers = 1};
    proto_conv_subscribe subscribe = {0};
    talk_token_hash(&t, &(talk){.seed = 1}, 0, in.token_hash);
    talk_token(&(talk){.seed = 1}, 0, subscribe.token);

    for (uint32_t i = 0; i <= RELAY_SUBSCRIPTIONS_MAX; i++) {
        memcpy(in.conv_id, &i, sizeof i);
        memcpy(subscribe.conv_id, &i, sizeof i);
        assert_err(proto_conv_open_encode(client_body(&c), &in), KITH_OK);
        assert_err(client_ask(&c, PROTO_CONV_OPEN), KITH_OK);
        assert_err(proto_conv_subscribe_encode(client_body(&c), &subscribe), KITH_OK);
        assert_err(client_ask(&c, PROTO_CONV_SUBSCRIBE),
                   i < RELAY_SUBSCRIPTIONS_MAX ? KITH_OK : KITH_ERR_LIMIT);
    }
    memset(subscribe.conv_id, 0, sizeof subscribe.conv_id);
    assert_err(proto_conv_subscribe_encode(client_body(&c), &subscribe), KITH_OK);
    assert_err(client_ask(&c, PROTO_CONV_SUBSCRIBE), KITH_OK); /* in place of its first */
    town_close(&t);
}

static void
one_conversation_does_not_hold_up_another_on_the_same_connection(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    talk busy;
    talk quiet;
    static uint8_t large[60000];
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 0, 2);
    assert_err(talk_open(&c, &busy, 1, 2), KITH_OK);
    assert_err(talk_open(&c, &quiet, 2, 2), KITH_OK);
    for (uint32_t i = 1; i <= 20; i++) {
        assert_err(talk_say(&c, &busy, 0, i, KITH_BYTES(large)), KITH_OK);
    }
    say_many(&c, &quiet, 0, 1, 1);
    d.is_deaf = true;
    assert_err(talk_subscribe(&d, &busy, 0, 0), KITH_ERR_OFFLINE);
    assert_err(talk_subscribe(&d, &quiet, 0, 0), KITH_ERR_OFFLINE);

    assert_err(relay_session_fill(d.session, t.now_ms, 150000, &d.in), KITH_OK);

    bool saw_quiet = false;
    for (uint8_t type = client_push(&d); type == PROTO_ENTRY; type = client_push(&d)) {
        saw_quiet = saw_quiet || d.answer.data[0] == quiet.id[0];
    }
    assert_true(saw_quiet);
    town_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_arrives_as_it_was_appended),
        cmocka_unit_test(a_subscription_gives_what_is_stored_and_then_what_comes_each_once),
        cmocka_unit_test(a_subscription_may_begin_with_what_is_yet_to_come),
        cmocka_unit_test(without_a_start_it_begins_with_the_first_entry_of_the_tokens_epoch),
        cmocka_unit_test(a_subscription_pauses_with_the_commit_that_ends_its_epoch),
        cmocka_unit_test(who_knows_only_an_old_token_reads_nothing_after_its_epoch),
        cmocka_unit_test(a_second_subscription_takes_the_place_of_the_first),
        cmocka_unit_test(after_unsubscribing_nothing_comes_and_unsubscribing_again_is_success),
        cmocka_unit_test(one_who_does_not_read_costs_bounded_memory_and_gets_everything_later),
        cmocka_unit_test(what_is_taken_slowly_is_given_whole_frame_by_frame),
        cmocka_unit_test(a_connection_follows_as_many_conversations_as_allowed),
        cmocka_unit_test(one_conversation_does_not_hold_up_another_on_the_same_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
