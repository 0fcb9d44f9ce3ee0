/* SPDX-License-Identifier: MPL-2.0 */
/* Reading a log whose entries are late, double, missing or rubbish. */
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
push_kept(member *m, uint64_t seq)
{
    const crowd_log *log = crowd_log_find(w, conv);
    KITH_AUTO(kith_buf) body = {0};

    assert_int_equal(proto_entry_encode(&body, &log->entries[seq - 1].entry), KITH_OK);
    member_push(m, PROTO_ENTRY, kith_bytes_of_buf(&body));
}

static void
an_entry_that_comes_twice_is_read_once(void **state)
{
    (void)state;
    member_say(anna, conv, "hello");
    crowd_run(w, 1000);
    const uint64_t next = member_conv(rose, conv)->next_seq;

    for (uint64_t seq = 1; seq < next; seq++) {
        push_kept(rose, seq);
    }

    assert_texts(rose, conv, "hello");
    assert_int_equal(member_conv(rose, conv)->next_seq, next);
    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_ACTIVE);
}

/* Rose hears only the second of two texts. */
static void
withhold_one(const char *missed, const char *heard)
{
    rose->is_deaf = true;
    member_say(anna, conv, missed);
    member_say(anna, conv, heard);
    crowd_run(w, 1000);
    push_kept(rose, crowd_log_find(w, conv)->count);
    rose->is_deaf = false;
}

static void
a_missing_entry_is_noticed_and_what_was_said_is_asked_for(void **state)
{
    (void)state;
    member_say(anna, conv, "zero");
    crowd_run(w, 1000);

    withhold_one("one", "two");
    assert_true(member_has_line(rose, conv, CORE_MESSAGE_GAP));
    assert_texts(rose, conv, "zero two");
    crowd_run(w, 5000);

    assert_texts(rose, conv, "zero two one");
    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_ACTIVE);
    assert_int_equal(member_conv(rose, conv)->acked_seq, crowd_log_find(w, conv)->count);
}

static void
a_second_gap_within_a_minute_is_one_too_many(void **state)
{
    (void)state;
    member_say(anna, conv, "zero");
    crowd_run(w, 1000);
    withhold_one("one", "two");
    crowd_run(w, 5000);
    const uint64_t before = member_conv(rose, conv)->next_seq;

    withhold_one("three", "four");

    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_BROKEN);
    assert_int_equal(member_conv(rose, conv)->next_seq, before);
}

static void
a_second_gap_after_a_minute_is_passed(void **state)
{
    (void)state;
    member_say(anna, conv, "zero");
    crowd_run(w, 1000);
    withhold_one("one", "two");
    crowd_run(w, CORE_REPAIR_MS);

    withhold_one("three", "four");
    crowd_run(w, 5000);

    assert_texts(rose, conv, "zero two one four three");
}

static void
entries_that_are_gone_are_asked_for(void **state)
{
    (void)state;
    member_say(anna, conv, "zero");
    crowd_run(w, 1000);
    member_disconnect(rose);
    member_say(anna, conv, "one");
    crowd_run(w, 1000);
    crowd_log_find(w, conv)->first_seq = crowd_log_find(w, conv)->count + 1;

    member_connect(rose);
    crowd_run(w, 5000);

    assert_true(member_has_line(rose, conv, CORE_MESSAGE_GAP));
    assert_texts(rose, conv, "zero one");
    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_ACTIVE);
}

static void
a_log_that_has_become_shorter_raises_an_alarm_and_is_read_on(void **state)
{
    (void)state;
    crowd_log *log = crowd_log_find(w, conv);
    const size_t kept = log->count;
    member_say(anna, conv, "one");
    crowd_run(w, 1000);
    member_say(rose, conv, "two");
    crowd_run(w, 1000);
    member_disconnect(anna);
    member_disconnect(rose);
    while (log->count > kept) {
        kith_buf_done(&log->entries[--log->count].message);
    }

    member_connect(anna);
    member_connect(rose);
    crowd_run(w, 5000);
    member_say(anna, conv, "three");
    crowd_run(w, 1000);
    member_say(rose, conv, "four");
    crowd_run(w, 1000);

    assert_texts(rose, conv, "one two three four");
    assert_texts(anna, conv, "one two three four");
    assert_int_equal(rose->alarms, 1);
    assert_int_equal(anna->alarms, 1);
    assert_true(member_has_line(rose, conv, CORE_MESSAGE_GAP));
}

static void
rubbish_from_a_member_is_skipped(void **state)
{
    crowd_log *log = crowd_log_find(w, conv);
    static const uint8_t rubbish[] = {0, 1, 0, 2, 9, 9, 9};
    const proto_entry entry = {
        .kind = PROTO_ENTRY_APPLICATION, .append_id = {7}, .message = {rubbish, sizeof rubbish}};
    (void)state;

    crowd_inject(log, &entry);
    member_say(anna, conv, "still here");
    crowd_run(w, 1000);

    assert_texts(rose, conv, "still here");
    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_ACTIVE);
}

static void
a_commit_that_came_as_a_message_is_no_commit(void **state)
{
    crowd_log *log = crowd_log_find(w, conv);
    (void)state;
    proto_entry entry = log->entries[0].entry;
    memset(entry.append_id, 9, sizeof entry.append_id);
    entry.kind = PROTO_ENTRY_APPLICATION;

    crowd_inject(log, &entry);
    member_say(rose, conv, "fine");
    crowd_run(w, 1000);

    assert_texts(anna, conv, "fine");
    assert_int_equal(member_conv(anna, conv)->epoch, 1);
}

static void
rubbish_that_the_server_took_for_a_commit_stops_the_conversation(void **state)
{
    crowd_log *log = crowd_log_find(w, conv);
    static const uint8_t rubbish[] = {0, 1, 0, 2, 9, 9, 9};
    const proto_entry entry = {
        .kind = PROTO_ENTRY_COMMIT, .append_id = {7}, .message = {rubbish, sizeof rubbish}};
    (void)state;

    crowd_inject(log, &entry);
    crowd_run(w, 1000);

    assert_int_equal(member_conv(anna, conv)->state, CORE_CHAT_BROKEN);
    assert_int_equal(anna->alarms, 1);
    assert_int_equal(member_conv(anna, conv)->epoch, 1);
}

static void
what_was_stored_is_acknowledged(void **state)
{
    const crowd_log *log = crowd_log_find(w, conv);
    const size_t before = log->acks;
    (void)state;

    member_say(anna, conv, "hello");
    crowd_run(w, 1000);

    assert_true(log->acks > before);
    assert_int_equal(member_conv(rose, conv)->acked_seq, log->count);
    assert_int_equal(member_conv(anna, conv)->acked_seq, log->count);
}

static void
a_server_that_does_not_know_the_token_ends_it_after_a_few_tries(void **state)
{
    (void)state;
    crowd_log_find(w, conv)->epoch_count = 0;
    member_disconnect(rose);
    member_connect(rose);

    crowd_run(w, 1500);
    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_ACTIVE);
    crowd_run(w, 10000);
    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_BROKEN);
}

static void
a_device_out_of_step_is_brought_back_by_its_peer_and_has_what_it_missed(void **state)
{
    uint8_t second[CORE_CONV_LEN];
    (void)state;
    crowd_direct(w, anna, rose, second);
    member_say(anna, conv, "first");
    crowd_run(w, CORE_FRESH_MS); /* who was just added is expected to find its own way */
    rose->is_deaf = true;
    member_say(anna, conv, "missed");
    member_say(anna, conv, "seen");
    crowd_run(w, 500);
    assert_int_equal(core_txn_begin(rose->core, w->now_ms), KITH_OK);
    const kith_err err = core_conv_break(rose->core, member_conv(rose, conv), NULL);
    assert_int_equal(core_txn_end(rose->core, err), KITH_OK);

    rose->is_deaf = false;
    crowd_run(w, 30000);

    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_ACTIVE);
    assert_int_equal(member_conv(rose, conv)->epoch, member_conv(anna, conv)->epoch);
    assert_texts(rose, conv, "first missed seen");
    member_say(anna, conv, "again");
    member_say(rose, conv, "together");
    crowd_run(w, 1000);
    assert_texts(rose, conv, "first missed seen together again");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest log[] = {
        TEST(an_entry_that_comes_twice_is_read_once),
        TEST(a_missing_entry_is_noticed_and_what_was_said_is_asked_for),
        TEST(a_second_gap_within_a_minute_is_one_too_many),
        TEST(a_second_gap_after_a_minute_is_passed),
        TEST(entries_that_are_gone_are_asked_for),
        TEST(a_log_that_has_become_shorter_raises_an_alarm_and_is_read_on),
        TEST(rubbish_from_a_member_is_skipped),
        TEST(a_commit_that_came_as_a_message_is_no_commit),
        TEST(rubbish_that_the_server_took_for_a_commit_stops_the_conversation),
        TEST(what_was_stored_is_acknowledged),
        TEST(a_server_that_does_not_know_the_token_ends_it_after_a_few_tries),
        TEST(a_device_out_of_step_is_brought_back_by_its_peer_and_has_what_it_missed),
    };
    return cmocka_run_group_tests(log, NULL, NULL);
}
