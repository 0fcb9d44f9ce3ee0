/* SPDX-License-Identifier: MPL-2.0 */
/* Acknowledging and expiry (docs/wire.md §4): an entry goes when as many readers have it as its epoch had, or in time. */
#include <string.h>

#include "relay/town.h"

#define DAY_MS UINT64_C(86400000)

static relay_conv
find_conv(town *t, const talk *k)
{
    const relay_store *store = store_relay_port(t->store);
    relay_conv conv = {0};

    assert_err(store->conv_find(store->ctx, k->id, &conv), KITH_OK);
    return conv;
}

static void
say_many(client *c, const talk *k, uint8_t epoch, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i <= to; i++) {
        assert_err(talk_say(c, k, epoch, i, kith_bytes_of(&i, sizeof i)), KITH_OK);
    }
}

/* First and number of the entries that are kept. */
static void
expect_kept(town *t, const talk *k, uint64_t first, uint64_t count)
{
    const relay_conv conv = find_conv(t, k);

    assert_int_equal(conv.first_seq, first);
    assert_int_equal(conv.entries, count);
    assert_int_equal(conv.bytes == 0, count == 0);
}

static void
entries_go_when_all_readers_have_them(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    say_many(&c, &k, 0, 1, 5);

    assert_err(talk_ack(&c, &k, 0, 1, 4), KITH_OK);
    expect_kept(&t, &k, 1, 5);
    assert_err(talk_ack(&c, &k, 0, 2, 2), KITH_OK);
    expect_kept(&t, &k, 3, 3);
    assert_err(talk_ack(&c, &k, 0, 2, 5), KITH_OK);
    expect_kept(&t, &k, 5, 1);
    assert_err(talk_ack(&c, &k, 0, 1, 5), KITH_OK);
    expect_kept(&t, &k, 6, 0);
    say_many(&c, &k, 0, 6, 6);
    expect_kept(&t, &k, 6, 1);
    assert_err(talk_ack(&c, &k, 0, 1, 6), KITH_OK);
    assert_err(talk_ack(&c, &k, 0, 2, 6), KITH_OK);
    expect_kept(&t, &k, 7, 0);
    town_close(&t);
}

static void
the_same_reader_counts_once_and_cannot_go_back(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    say_many(&c, &k, 0, 1, 3);

    assert_err(talk_ack(&c, &k, 0, 1, 3), KITH_OK);
    assert_err(talk_ack(&c, &k, 0, 1, 3), KITH_OK);
    assert_err(talk_ack(&c, &k, 0, 1, 1), KITH_OK);
    expect_kept(&t, &k, 1, 3);
    assert_err(talk_ack(&c, &k, 0, 2, 2), KITH_OK);
    expect_kept(&t, &k, 3, 1);
    town_close(&t);
}

static void
nobody_acknowledges_what_is_not_there_yet(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 1), KITH_OK);
    say_many(&c, &k, 0, 1, 1);

    assert_err(talk_ack(&c, &k, 0, 1, UINT64_MAX), KITH_OK);
    expect_kept(&t, &k, 2, 0);
    say_many(&c, &k, 0, 2, 2);

    expect_kept(&t, &k, 2, 1);
    town_close(&t);
}

static void
a_gap_is_seen_by_who_comes_late(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    proto_conv_subscribe_answer out = {0};
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 1), KITH_OK);
    say_many(&c, &k, 0, 1, 4);
    assert_err(talk_ack(&c, &k, 0, 1, 2), KITH_OK);

    assert_err(talk_subscribe(&c, &k, 0, 1), KITH_OK);

    assert_err(proto_conv_subscribe_answer_decode(kith_bytes_of_buf(&c.answer), &out), KITH_OK);
    assert_int_equal(out.first_seq, 3);
    assert_int_equal(client_entry(&c).seq, 3);
    assert_int_equal(client_entry(&c).seq, 4);
    assert_int_equal(client_push(&c), 0);
    town_close(&t);
}

static void
each_epoch_has_its_own_number_of_readers(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 3), KITH_OK);
    say_many(&c, &k, 0, 1, 2);
    k.readers = 1;
    assert_err(talk_commit(&c, &k, 0, 3, 0), KITH_OK); /* belongs to the epoch that it ends */
    say_many(&c, &k, 1, 4, 5);

    assert_err(talk_ack(&c, &k, 0, 1, 0), KITH_OK);
    assert_err(talk_ack(&c, &k, 1, 1, 5), KITH_OK);
    assert_err(talk_ack(&c, &k, 0, 2, 3), KITH_OK);
    expect_kept(&t, &k, 1, 5);
    assert_err(talk_ack(&c, &k, 0, 3, 2), KITH_OK);
    expect_kept(&t, &k, 3, 3);
    assert_err(talk_ack(&c, &k, 0, 3, 3), KITH_OK);
    expect_kept(&t, &k, 6, 0);
    town_close(&t);
}

static void
a_newcomer_lets_nothing_go_that_came_before_it(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    say_many(&c, &k, 0, 1, 2);
    k.readers = 3;
    assert_err(talk_commit(&c, &k, 0, 3, 0), KITH_OK);
    say_many(&c, &k, 1, 4, 5);

    assert_err(talk_ack(&c, &k, 0, 1, 0), KITH_OK);
    assert_err(talk_ack(&c, &k, 1, 1, 5), KITH_OK);
    assert_err(talk_ack(&c, &k, 1, 3, 5), KITH_OK); /* came with the commit */
    expect_kept(&t, &k, 1, 5);
    assert_err(talk_ack(&c, &k, 0, 2, 3), KITH_OK);
    expect_kept(&t, &k, 4, 2);
    assert_err(talk_ack(&c, &k, 1, 2, 5), KITH_OK);
    expect_kept(&t, &k, 6, 0);
    town_close(&t);
}

static void
an_old_token_acknowledges_no_further_than_its_epoch(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 1), KITH_OK);
    assert_err(talk_commit(&c, &k, 0, 1, 0), KITH_OK);
    say_many(&c, &k, 1, 2, 3);

    assert_err(talk_ack(&c, &k, 0, 1, 3), KITH_OK);

    expect_kept(&t, &k, 2, 2);
    town_close(&t);
}

static void
readers_beyond_the_limit_are_refused_until_silent_ones_are_forgotten(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    say_many(&c, &k, 0, 1, 1);
    const relay_store *store = store_relay_port(t.store);
    const uint64_t row = find_conv(&t, &k).row;
    const relay_ack ack = {.seq = 0, .time_ms = t.now_ms};
    uint8_t reader[PROTO_SHORT_ID_LEN] = {0xff};
    assert_err(store->begin(store->ctx), KITH_OK);
    for (uint32_t i = 1; i < PROTO_READERS_MAX; i++) {
        memcpy(reader + 4, &i, sizeof i);
        assert_err(store->ack_put(store->ctx, row, reader, &ack), KITH_OK);
    }
    assert_err(store->commit(store->ctx), KITH_OK);

    assert_err(talk_ack(&c, &k, 0, 1, 1), KITH_OK);
    assert_err(talk_ack(&c, &k, 0, 2, 1), KITH_ERR_LIMIT);
    assert_err(talk_ack(&c, &k, 0, 1, 1), KITH_OK);
    expect_kept(&t, &k, 1, 1);
    t.now_ms += 31 * DAY_MS;
    assert_err(talk_ack(&c, &k, 0, 2, 1), KITH_OK);
    assert_err(talk_ack(&c, &k, 0, 3, 1), KITH_OK);
    expect_kept(&t, &k, 2, 0);
    town_close(&t);
}

static void
many_entries_go_a_part_at_a_time_and_are_invisible_at_once(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    const uint32_t count = RELAY_SWEEP_MAX + 100;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 1), KITH_OK);
    say_many(&c, &k, 0, 1, count);

    assert_err(talk_ack(&c, &k, 0, 1, count), KITH_OK);
    expect_kept(&t, &k, count + 1, 100);
    assert_err(talk_subscribe(&c, &k, 0, 1), KITH_OK);
    assert_int_equal(client_push(&c), 0);
    town_pass(&t, RELAY_EXPIRE_MS);
    expect_kept(&t, &k, count + 1, 0);
    town_close(&t);
}

static void
entries_marks_and_epochs_go_after_thirty_days(void **state)
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
    t.now_ms += DAY_MS;
    say_many(&c, &k, 1, 4, 4);

    t.now_ms += 29 * DAY_MS - RELAY_EXPIRE_MS;
    town_pass(&t, RELAY_EXPIRE_MS);
    expect_kept(&t, &k, 1, 4); /* exactly thirty days */
    assert_err(talk_say(&c, &k, 0, 9, kith_bytes_of_text("x")), KITH_ERR_CONFLICT);
    town_pass(&t, RELAY_EXPIRE_MS);
    expect_kept(&t, &k, 4, 1);
    assert_int_equal(find_conv(&t, &k).epochs, 0);
    assert_err(talk_say(&c, &k, 0, 9, kith_bytes_of_text("x")), KITH_ERR_DENIED);
    assert_err(talk_say(&c, &k, 1, 1, kith_bytes_of_text("x")), KITH_OK); /* its mark is gone */
    assert_int_equal(client_seq(&c), 5);
    town_close(&t);
}

static void
acknowledging_goes_on_after_entries_have_expired(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    say_many(&c, &k, 0, 1, 2);
    assert_err(talk_ack(&c, &k, 0, 1, 2), KITH_OK);
    t.now_ms += 31 * DAY_MS;
    say_many(&c, &k, 0, 3, 4);
    town_pass(&t, RELAY_EXPIRE_MS);
    expect_kept(&t, &k, 3, 2);

    assert_err(talk_ack(&c, &k, 0, 1, 4), KITH_OK);
    expect_kept(&t, &k, 3, 2);
    assert_err(talk_ack(&c, &k, 0, 2, 3), KITH_OK);
    expect_kept(&t, &k, 4, 1);
    town_close(&t);
}

static void
expiry_does_a_bounded_part_and_comes_back_soon(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    say_many(&c, &k, 0, 1, RELAY_SWEEP_MAX + 50);
    t.now_ms += 31 * DAY_MS;

    town_pass(&t, 0);
    expect_kept(&t, &k, RELAY_SWEEP_MAX + 1, 50);
    assert_int_equal(relay_deadline(t.relay[0]), t.now_ms + RELAY_EXPIRE_SOON_MS);
    town_pass(&t, RELAY_EXPIRE_SOON_MS);
    expect_kept(&t, &k, RELAY_SWEEP_MAX + 51, 0);
    assert_int_equal(relay_deadline(t.relay[0]), t.now_ms + RELAY_EXPIRE_MS);
    assert_int_equal(relay_deadline(t.relay[1]), UINT64_MAX); /* not the keeper */
    town_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_go_when_all_readers_have_them),
        cmocka_unit_test(the_same_reader_counts_once_and_cannot_go_back),
        cmocka_unit_test(nobody_acknowledges_what_is_not_there_yet),
        cmocka_unit_test(a_gap_is_seen_by_who_comes_late),
        cmocka_unit_test(each_epoch_has_its_own_number_of_readers),
        cmocka_unit_test(a_newcomer_lets_nothing_go_that_came_before_it),
        cmocka_unit_test(an_old_token_acknowledges_no_further_than_its_epoch),
        cmocka_unit_test(readers_beyond_the_limit_are_refused_until_silent_ones_are_forgotten),
        cmocka_unit_test(many_entries_go_a_part_at_a_time_and_are_invisible_at_once),
        cmocka_unit_test(entries_marks_and_epochs_go_after_thirty_days),
        cmocka_unit_test(acknowledging_goes_on_after_entries_have_expired),
        cmocka_unit_test(expiry_does_a_bounded_part_and_comes_back_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
