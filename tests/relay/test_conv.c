/* SPDX-License-Identifier: MPL-2.0 */
/* Conversation logs (docs/wire.md §4): who may append what, repetitions, and the order of epochs. */
#include <string.h>

#include "relay/town.h"

static const uint8_t text[] = "hello";
#define TEXT KITH_BYTES(text)

static relay_conv
find_conv(town *t, const talk *k)
{
    const relay_store *store = store_relay_port(t->store);
    relay_conv conv = {0};

    assert_err(store->conv_find(store->ctx, k->id, &conv), KITH_OK);
    return conv;
}

/* Writes into the conversation what would take long to get there by requests. */
static void
save_conv(town *t, const relay_conv *conv)
{
    const relay_store *store = store_relay_port(t->store);

    assert_err(store->begin(store->ctx), KITH_OK);
    assert_err(store->conv_save(store->ctx, conv), KITH_OK);
    assert_err(store->commit(store->ctx), KITH_OK);
}

static kith_err
open_with(client *c, const proto_conv_open *in)
{
    assert_err(proto_conv_open_encode(client_body(c), in), KITH_OK);
    return client_ask(c, PROTO_CONV_OPEN);
}

static void
a_conversation_is_opened_once_and_its_opening_may_be_repeated(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    proto_conv_open in = {.readers = 2};
    town_open(&t);
    client_open(&t, &c, 0, 1);

    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    assert_err(talk_commit(&c, &k, 0, 1, 0), KITH_OK);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK); /* even when it has moved on */
    memcpy(in.conv_id, k.id, sizeof in.conv_id);
    assert_err(open_with(&c, &in), KITH_ERR_DENIED); /* the same id, another token */

    assert_int_equal(find_conv(&t, &k).last_commit, 1);
    town_close(&t);
}

static void
a_conversation_has_from_one_to_the_limit_of_readers(void **state)
{
    (void)state;
    town t;
    client c;
    proto_conv_open in = {0};
    town_open(&t);
    client_open(&t, &c, 0, 1);

    assert_err(open_with(&c, &in), KITH_ERR_MALFORMED);
    in.readers = PROTO_READERS_MAX;
    assert_err(open_with(&c, &in), KITH_OK);
    in.readers = PROTO_READERS_MAX + 1;
    in.conv_id[0] = 1;
    assert_err(open_with(&c, &in), KITH_ERR_LIMIT);
    town_close(&t);
}

static void
opening_is_rationed_for_connection_and_source(void **state)
{
    (void)state;
    town t;
    client c;
    client same;
    client other;
    talk k;
    town_open(&t);
    t.env[0].config.rations[RELAY_RATION_CONV_OPEN] = (relay_ration){2, 1000};
    town_restart(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &same, 0, 1);
    client_open(&t, &other, 0, 2);

    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    assert_err(talk_open(&c, &k, 2, 2), KITH_OK);
    assert_err(talk_open(&c, &k, 3, 2), KITH_ERR_BUSY);
    assert_int_equal(c.error.retry_after_ms, 1000);
    assert_err(talk_open(&same, &k, 3, 2), KITH_ERR_BUSY);
    assert_err(talk_open(&other, &k, 3, 2), KITH_OK);
    town_pass(&t, 1000);
    assert_err(talk_open(&c, &k, 4, 2), KITH_OK);
    assert_err(talk_open(&c, &k, 5, 2), KITH_ERR_BUSY);
    town_close(&t);
}

static void
entries_are_numbered_without_a_gap_and_have_the_time_of_the_commit(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    proto_conv_append_answer out = {0};
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);

    for (uint32_t i = 1; i <= 5; i++) {
        t.now_ms += 10;
        assert_err(talk_say(&c, &k, 0, i, TEXT), KITH_OK);
        assert_err(proto_conv_append_answer_decode(kith_bytes_of_buf(&c.answer), &out), KITH_OK);
        assert_int_equal(out.seq, i);
        assert_int_equal(out.time_ms, t.now_ms);
    }
    town_close(&t);
}

static void
the_same_append_gets_the_first_answer_whatever_else_has_changed(void **state)
{
    (void)state;
    town t;
    client c;
    client later;
    talk k;
    KITH_AUTO(kith_buf) first = {0};
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 1), KITH_OK);
    assert_err(talk_say(&c, &k, 0, 1, TEXT), KITH_OK);
    assert_err(kith_buf_set(&first, kith_bytes_of_buf(&c.answer)), KITH_OK);
    client_open(&t, &later, 1, 1);
    t.now_ms += 1000;

    assert_err(talk_say(&later, &k, 0, 1, TEXT), KITH_OK);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&first), kith_bytes_of_buf(&later.answer)));
    assert_err(talk_commit(&c, &k, 0, 2, 0), KITH_OK);
    assert_err(talk_say(&later, &k, 0, 1, TEXT), KITH_OK); /* its token is an old one */
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&first), kith_bytes_of_buf(&later.answer)));
    assert_err(talk_say(&later, &k, 99, 1, TEXT), KITH_OK); /* its token is none */
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&first), kith_bytes_of_buf(&later.answer)));
    assert_err(talk_commit(&c, &k, 0, 2, 0), KITH_OK); /* the commit, too */
    assert_int_equal(client_seq(&c), 2);
    assert_err(talk_ack(&c, &k, 0, 1, 2), KITH_OK);
    assert_int_equal(find_conv(&t, &k).entries, 0);
    assert_err(talk_say(&later, &k, 0, 1, TEXT), KITH_OK); /* the entry is gone, its mark is not */
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&first), kith_bytes_of_buf(&later.answer)));

    assert_int_equal(find_conv(&t, &k).next_seq, 3);
    town_close(&t);
}

static void
the_same_append_id_in_another_conversation_is_another_append(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    talk other;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    assert_err(talk_open(&c, &other, 2, 2), KITH_OK);
    assert_err(talk_say(&c, &k, 0, 1, TEXT), KITH_OK);

    assert_err(talk_say(&c, &other, 0, 1, TEXT), KITH_OK);

    assert_int_equal(find_conv(&t, &other).entries, 1);
    town_close(&t);
}

static void
a_token_that_is_none_and_a_conversation_that_is_none_are_denied_alike(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    talk none = {.seed = 9};
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);

    assert_err(talk_say(&c, &k, 1, 1, TEXT), KITH_ERR_DENIED);
    const proto_error wrong = c.error;
    assert_err(talk_say(&c, &none, 0, 1, TEXT), KITH_ERR_DENIED);
    assert_memory_equal(&wrong, &c.error, sizeof wrong);
    assert_err(talk_subscribe(&c, &k, 1, 0), KITH_ERR_DENIED);
    assert_err(talk_subscribe(&c, &none, 0, 0), KITH_ERR_DENIED);
    assert_err(talk_ack(&c, &k, 1, 1, 1), KITH_ERR_DENIED);
    assert_err(talk_ack(&c, &none, 0, 1, 1), KITH_ERR_DENIED);

    assert_int_equal(find_conv(&t, &k).next_seq, 1);
    town_close(&t);
}

static void
guesses_of_tokens_are_rationed(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    t.env[0].config.rations[RELAY_RATION_BAD_TOKEN] = (relay_ration){3, 1000};
    town_restart(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);

    assert_err(talk_say(&c, &k, 1, 1, TEXT), KITH_ERR_DENIED);
    assert_err(talk_ack(&c, &k, 1, 1, 1), KITH_ERR_DENIED);
    assert_err(talk_subscribe(&c, &k, 1, 0), KITH_ERR_DENIED);
    assert_err(talk_say(&c, &k, 0, 1, TEXT), KITH_ERR_BUSY);
    assert_err(talk_ack(&c, &k, 0, 1, 1), KITH_ERR_BUSY);
    assert_err(talk_subscribe(&c, &k, 0, 0), KITH_ERR_BUSY);
    town_pass(&t, 1000);
    assert_err(talk_say(&c, &k, 0, 1, TEXT), KITH_OK);
    town_close(&t);
}

static void
an_old_token_gets_conflict_with_the_last_commit(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    assert_err(talk_say(&c, &k, 0, 1, TEXT), KITH_OK);
    assert_err(talk_commit(&c, &k, 0, 2, 0), KITH_OK);
    assert_err(talk_commit(&c, &k, 1, 3, 2), KITH_OK);

    assert_err(talk_say(&c, &k, 0, 4, TEXT), KITH_ERR_CONFLICT);
    assert_int_equal(c.error.detail, 3);
    assert_err(talk_say(&c, &k, 1, 4, TEXT), KITH_ERR_CONFLICT);
    assert_int_equal(c.error.detail, 3);
    assert_err(talk_say(&c, &k, 2, 4, TEXT), KITH_OK);
    town_close(&t);
}

static void
a_commit_must_name_the_last_accepted_commit(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    assert_err(talk_say(&c, &k, 0, 1, TEXT), KITH_OK);

    assert_err(talk_commit(&c, &k, 0, 2, 1), KITH_ERR_CONFLICT); /* 1 is no commit */
    assert_int_equal(c.error.detail, 0);
    assert_err(talk_commit(&c, &k, 0, 2, 0), KITH_OK);
    assert_int_equal(client_seq(&c), 2);
    assert_err(talk_commit(&c, &k, 1, 3, 0), KITH_ERR_CONFLICT);
    assert_int_equal(c.error.detail, 2);
    assert_err(talk_commit(&c, &k, 1, 3, 2), KITH_OK);
    town_close(&t);
}

static void
of_two_commits_in_the_same_moment_one_wins(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    talk k;
    kith_err err = KITH_OK;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 1, 2);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    proto_conv_append in = {.kind = PROTO_ENTRY_COMMIT, .readers = 2, .message = TEXT};
    memcpy(in.conv_id, k.id, sizeof in.conv_id);
    talk_token(&k, 0, in.token);

    in.append_id[0] = 1;
    in.next_token_hash[0] = 1;
    assert_err(proto_conv_append_encode(client_body(&c), &in), KITH_OK);
    const uint32_t of_c = client_send(&c, PROTO_CONV_APPEND);
    in.append_id[0] = 2;
    in.next_token_hash[0] = 2;
    assert_err(proto_conv_append_encode(client_body(&d), &in), KITH_OK);
    const uint32_t of_d = client_send(&d, PROTO_CONV_APPEND);
    town_run(&t);

    assert_true(client_find_answer(&c, of_c, &err));
    assert_err(err, KITH_OK);
    assert_true(client_find_answer(&d, of_d, &err));
    assert_err(err, KITH_ERR_CONFLICT);
    assert_int_equal(d.error.detail, 1);
    assert_int_equal(find_conv(&t, &k).token_hash[0], 1);
    town_close(&t);
}

static void
a_commit_names_from_one_to_the_limit_of_readers(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);

    k.readers = PROTO_READERS_MAX + 1;
    assert_err(talk_commit(&c, &k, 0, 1, 0), KITH_ERR_LIMIT);
    k.readers = 0;
    assert_err(talk_commit(&c, &k, 0, 1, 0), KITH_ERR_MALFORMED);
    k.readers = PROTO_READERS_MAX;
    assert_err(talk_commit(&c, &k, 0, 1, 0), KITH_OK);
    town_close(&t);
}

static void
a_conversation_takes_entries_up_to_its_limits_and_repetitions_beyond(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    assert_err(talk_say(&c, &k, 0, 1, TEXT), KITH_OK);
    relay_conv conv = find_conv(&t, &k);

    conv.entries = RELAY_CONV_ENTRIES_MAX - 1;
    save_conv(&t, &conv);
    assert_err(talk_say(&c, &k, 0, 2, TEXT), KITH_OK);
    assert_err(talk_say(&c, &k, 0, 3, TEXT), KITH_ERR_BUSY);
    assert_int_not_equal(c.error.retry_after_ms, 0);
    assert_err(talk_say(&c, &k, 0, 2, TEXT), KITH_OK);
    conv = find_conv(&t, &k);
    conv.entries = 2;
    conv.bytes = RELAY_CONV_BYTES_MAX - sizeof text;
    save_conv(&t, &conv);
    assert_err(talk_say(&c, &k, 0, 4, TEXT), KITH_OK);
    assert_err(talk_say(&c, &k, 0, 5, kith_bytes_of_text("a")), KITH_ERR_BUSY);
    town_close(&t);
}

static void
the_oldest_of_too_many_epochs_is_forgotten(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    assert_err(talk_commit(&c, &k, 0, 1, 0), KITH_OK);
    relay_conv conv = find_conv(&t, &k);
    conv.epochs = RELAY_EPOCHS_MAX - 1;
    save_conv(&t, &conv);

    assert_err(talk_commit(&c, &k, 1, 2, 1), KITH_OK);
    assert_err(talk_say(&c, &k, 0, 3, TEXT), KITH_ERR_CONFLICT); /* at the limit */
    assert_err(talk_commit(&c, &k, 2, 4, 2), KITH_OK);
    assert_err(talk_say(&c, &k, 0, 3, TEXT), KITH_ERR_DENIED); /* one beyond */
    assert_err(talk_say(&c, &k, 1, 3, TEXT), KITH_ERR_CONFLICT);
    town_close(&t);
}

static void
a_connection_that_touched_a_conversation_cannot_log_in_and_the_other_way_round(void **state)
{
    (void)state;
    town t;
    client c;
    client named;
    talk k;
    person anna;
    town_open(&t);
    person_make(&t, &anna, 1);
    person_create(&anna);
    client_open(&t, &c, 0, 1);
    client_open(&t, &named, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    assert_err(person_log_in(&anna, &named, 0), KITH_OK);

    assert_err(person_log_in(&anna, &c, 0), KITH_ERR_DENIED);
    assert_err(talk_open(&named, &k, 2, 2), KITH_ERR_DENIED);
    assert_err(talk_say(&named, &k, 0, 1, TEXT), KITH_ERR_DENIED);
    assert_err(talk_subscribe(&named, &k, 0, 0), KITH_ERR_DENIED);
    assert_err(talk_ack(&named, &k, 0, 1, 1), KITH_ERR_DENIED);
    const proto_conv_unsubscribe in = {0};
    assert_err(proto_conv_unsubscribe_encode(client_body(&named), &in), KITH_OK);
    assert_err(client_ask(&named, PROTO_CONV_UNSUBSCRIBE), KITH_ERR_DENIED);
    person_done(&anna);
    town_close(&t);
}

static void
a_failed_transaction_answers_store_and_nobody_hears_of_the_entry(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    assert_err(talk_subscribe(&c, &k, 0, 0), KITH_OK);

    fake_disk_fail_after(t.disk, FAKE_DISK_FULL, 0, 1000);
    assert_err(talk_say(&c, &k, 0, 1, TEXT), KITH_ERR_STORE);
    assert_int_equal(client_push(&c), 0);
    fake_disk_fail_after(t.disk, FAKE_DISK_FULL, FAKE_DISK_NEVER, 0);
    assert_err(talk_say(&c, &k, 0, 1, TEXT), KITH_OK);
    assert_int_equal(client_seq(&c), 1);
    assert_int_equal(client_entry(&c).seq, 1);
    town_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation_is_opened_once_and_its_opening_may_be_repeated),
        cmocka_unit_test(a_conversation_has_from_one_to_the_limit_of_readers),
        cmocka_unit_test(opening_is_rationed_for_connection_and_source),
        cmocka_unit_test(entries_are_numbered_without_a_gap_and_have_the_time_of_the_commit),
        cmocka_unit_test(the_same_append_gets_the_first_answer_whatever_else_has_changed),
        cmocka_unit_test(the_same_append_id_in_another_conversation_is_another_append),
        cmocka_unit_test(a_token_that_is_none_and_a_conversation_that_is_none_are_denied_alike),
        cmocka_unit_test(guesses_of_tokens_are_rationed),
        cmocka_unit_test(an_old_token_gets_conflict_with_the_last_commit),
        cmocka_unit_test(a_commit_must_name_the_last_accepted_commit),
        cmocka_unit_test(of_two_commits_in_the_same_moment_one_wins),
        cmocka_unit_test(a_commit_names_from_one_to_the_limit_of_readers),
        cmocka_unit_test(a_conversation_takes_entries_up_to_its_limits_and_repetitions_beyond),
        cmocka_unit_test(the_oldest_of_too_many_epochs_is_forgotten),
        cmocka_unit_test(
            a_connection_that_touched_a_conversation_cannot_log_in_and_the_other_way_round),
        cmocka_unit_test(a_failed_transaction_answers_store_and_nobody_hears_of_the_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
