/* SPDX-License-Identifier: MPL-2.0 */
/* Members come, go and are counted. */
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
a_group_counts_its_readers(void **state)
{
    uint8_t group[CORE_CONV_LEN];
    core_reader reader;
    core_chat chat;
    uint32_t cursor = 0;
    (void)state;
    crowd_account_add(w);
    crowd_befriend(w);

    crowd_group(w, anna, group);

    assert_int_equal(core_chat_get(rose->core, group, &chat), KITH_OK);
    assert_int_equal(chat.accounts, 3);
    assert_int_equal(chat.devices, 3);
    assert_string_equal(chat.title, "club");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(core_reader_next(rose->core, group, &cursor, &reader), KITH_OK);
        assert_int_equal(reader.devices, 1);
    }
    assert_int_equal(core_reader_next(rose->core, group, &cursor, &reader), KITH_ERR_NOT_FOUND);
}

static uint64_t
change(member *by, const uint8_t *group, size_t account, core_member_change what)
{
    core_member in = {.change = what};
    uint64_t op = 0;

    memcpy(in.conv, group, sizeof in.conv);
    memcpy(in.account, w->accounts[account].id, sizeof in.account);
    assert_int_equal(core_group_change(by->core, &in, w->now_ms, &op), KITH_OK);
    crowd_run(w, 5000);
    return op;
}

static void
who_was_removed_reads_nothing_more_and_can_come_back(void **state)
{
    uint8_t group[CORE_CONV_LEN];
    (void)state;
    member *carl = crowd_account_add(w);
    crowd_befriend(w);
    crowd_group(w, anna, group);

    change(anna, group, carl->account, CORE_MEMBER_REMOVE);
    member_say(anna, group, "without");
    crowd_run(w, 1000);
    assert_int_equal(member_conv(carl, group)->state, CORE_CHAT_LEFT);
    assert_true(member_has_line(rose, group, CORE_MESSAGE_MEMBER_REMOVED));
    assert_texts(carl, group, "");

    change(rose, group, carl->account, CORE_MEMBER_ADD);
    member_say(carl, group, "back");
    crowd_run(w, 1000);
    assert_int_equal(member_conv(carl, group)->state, CORE_CHAT_ACTIVE);
    assert_texts(anna, group, "without back");
    assert_texts(carl, group, "back");
}

static void
a_welcome_that_is_quicker_than_the_removal_before_it_waits_for_it(void **state)
{
    uint8_t group[CORE_CONV_LEN];
    (void)state;
    member *carl = crowd_account_add(w);
    crowd_befriend(w);
    crowd_group(w, anna, group);
    member_disconnect(carl);
    change(anna, group, carl->account, CORE_MEMBER_REMOVE);
    change(anna, group, carl->account, CORE_MEMBER_ADD);
    const proto_inbox_item item = {.id = carl->inbox_count,
                                   .body = kith_bytes_of_buf(&carl->inbox[carl->inbox_count - 1])};
    KITH_AUTO(kith_buf) body = {0};
    assert_int_equal(proto_inbox_item_encode(&body, &item), KITH_OK);

    member_push(carl, PROTO_INBOX_ITEM, kith_bytes_of_buf(&body));
    assert_int_equal(member_conv(carl, group)->state, CORE_CHAT_ACTIVE);
    assert_int_equal(carl->core->convs->held_count, 1);
    member_connect(carl);
    crowd_run(w, 2000);

    assert_int_equal(carl->core->convs->held_count, 0);
    assert_int_equal(member_conv(carl, group)->state, CORE_CHAT_ACTIVE);
    assert_int_equal(member_conv(carl, group)->epoch, member_conv(anna, group)->epoch);
}

static void
who_leaves_is_gone_for_all(void **state)
{
    uint8_t group[CORE_CONV_LEN];
    uint64_t op = 0;
    uint64_t n = 0;
    core_text in = {.text = kith_bytes_of_text("x")};
    (void)state;
    member *carl = crowd_account_add(w);
    crowd_befriend(w);
    crowd_group(w, anna, group);

    assert_int_equal(core_group_leave(carl->core, group, w->now_ms, &op), KITH_OK);
    crowd_run(w, 10000);

    assert_int_equal(member_conv(carl, group)->state, CORE_CHAT_LEFT);
    assert_int_equal(member_conv(anna, group)->roster.count, 2);
    assert_int_equal(member_conv(rose, group)->roster.count, 2);
    assert_true(member_has_line(rose, group, CORE_MESSAGE_MEMBER_LEFT));
    memcpy(in.conv, group, sizeof in.conv);
    assert_int_equal(core_send(carl->core, &in, w->now_ms, &n), KITH_ERR_DENIED);
    assert_int_equal(core_group_leave(carl->core, group, w->now_ms, &op), KITH_ERR_EXISTS);
}

static void
two_who_change_at_once_agree_in_the_end(void **state)
{
    uint8_t group[CORE_CONV_LEN];
    core_member in = {.change = CORE_MEMBER_REMOVE};
    uint64_t op = 0;
    (void)state;
    member *carl = crowd_account_add(w);
    member *dora = crowd_account_add(w);
    crowd_befriend(w);
    crowd_group(w, anna, group);
    memcpy(in.conv, group, sizeof in.conv);

    anna->is_held = true;
    rose->is_held = true;
    memcpy(in.account, w->accounts[carl->account].id, sizeof in.account);
    assert_int_equal(core_group_change(anna->core, &in, w->now_ms, &op), KITH_OK);
    memcpy(in.account, w->accounts[dora->account].id, sizeof in.account);
    assert_int_equal(core_group_change(rose->core, &in, w->now_ms, &op), KITH_OK);
    anna->is_held = false;
    rose->is_held = false;
    crowd_run(w, 10000);

    assert_int_equal(crowd_log_find(w, group)->refused, 1);
    assert_int_equal(member_conv(anna, group)->roster.count, 2);
    assert_int_equal(member_conv(rose, group)->roster.count, 2);
    assert_int_equal(member_conv(anna, group)->epoch, member_conv(rose, group)->epoch);
    assert_int_equal(core_outbox_count(anna->core) + core_outbox_count(rose->core), 0);
}

static void
a_commit_whose_answer_was_lost_is_found_in_the_log(void **state)
{
    uint8_t group[CORE_CONV_LEN];
    core_member in = {.change = CORE_MEMBER_REMOVE};
    uint64_t op = 0;
    (void)state;
    member *carl = crowd_account_add(w);
    crowd_befriend(w);
    crowd_group(w, anna, group);
    memcpy(in.conv, group, sizeof in.conv);
    memcpy(in.account, w->accounts[carl->account].id, sizeof in.account);
    anna->is_held = true;
    assert_int_equal(core_group_change(anna->core, &in, w->now_ms, &op), KITH_OK);
    assert_true(crowd_serve(anna, true));

    member_restart(anna);
    anna->is_held = false;
    crowd_run(w, 5000);

    assert_int_equal(member_conv(anna, group)->roster.count, 2);
    assert_int_equal(member_conv(anna, group)->epoch, member_conv(rose, group)->epoch);
    assert_int_equal(core_outbox_count(anna->core), 0);
}

static void
what_cannot_be_changed_is_refused(void **state)
{
    uint8_t group[CORE_CONV_LEN];
    core_member in = {.change = CORE_MEMBER_ADD};
    uint64_t op = 0;
    (void)state;
    member *carl = crowd_account_add(w);
    crowd_befriend(w);
    crowd_group(w, anna, group);
    crowd_account_add(w);
    memcpy(in.account, w->accounts[carl->account].id, sizeof in.account);

    memcpy(in.conv, conv, sizeof in.conv);
    assert_int_equal(core_group_change(anna->core, &in, w->now_ms, &op), KITH_ERR_DENIED);
    memcpy(in.conv, group, sizeof in.conv);
    assert_int_equal(core_group_change(anna->core, &in, w->now_ms, &op), KITH_ERR_EXISTS);
    memcpy(in.account, w->accounts[3].id, sizeof in.account);
    assert_int_equal(core_group_change(anna->core, &in, w->now_ms, &op), KITH_ERR_NOT_FOUND);
    in.change = CORE_MEMBER_REMOVE;
    assert_int_equal(core_group_change(anna->core, &in, w->now_ms, &op), KITH_ERR_NOT_FOUND);
    in.conv[0] ^= 1;
    assert_int_equal(core_group_change(anna->core, &in, w->now_ms, &op), KITH_ERR_NOT_FOUND);
}

static void
a_title_has_a_longest_length(void **state)
{
    char title[CORE_TITLE_MAX + 1] = {0};
    uint8_t group[CORE_CONV_LEN];
    core_group in = {.title = kith_bytes_of(title, CORE_TITLE_MAX + 1),
                     .accounts = (const uint8_t(*)[CORE_ACCOUNT_LEN])w->accounts[1].id,
                     .count = 1};
    (void)state;
    memset(title, 'x', sizeof title);

    assert_int_equal(core_group_create(anna->core, &in, w->now_ms, group), KITH_ERR_LIMIT);
    in.title.len = 0;
    assert_int_equal(core_group_create(anna->core, &in, w->now_ms, group), KITH_ERR_MALFORMED);
    in.title.len = CORE_TITLE_MAX;
    assert_int_equal(core_group_create(anna->core, &in, w->now_ms, group), KITH_OK);
    crowd_run(w, 2000);
    assert_int_equal(strlen(member_conv(rose, group)->roster.title), CORE_TITLE_MAX);
}

static void
only_contacts_can_be_put_into_a_group(void **state)
{
    uint8_t group[CORE_CONV_LEN];
    const core_group in = {.title = kith_bytes_of_text("club"),
                           .accounts = (const uint8_t(*)[CORE_ACCOUNT_LEN])w->accounts[1].id,
                           .count = 1};
    (void)state;
    anna->people[1] = CORE_PERSON_REQUEST;

    assert_int_equal(core_group_create(anna->core, &in, w->now_ms, group), KITH_ERR_NOT_FOUND);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest members[] = {
        TEST(a_group_counts_its_readers),
        TEST(who_was_removed_reads_nothing_more_and_can_come_back),
        TEST(a_welcome_that_is_quicker_than_the_removal_before_it_waits_for_it),
        TEST(who_leaves_is_gone_for_all),
        TEST(two_who_change_at_once_agree_in_the_end),
        TEST(a_commit_whose_answer_was_lost_is_found_in_the_log),
        TEST(what_cannot_be_changed_is_refused),
        TEST(a_title_has_a_longest_length),
        TEST(only_contacts_can_be_put_into_a_group),
    };
    return cmocka_run_group_tests(members, NULL, NULL);
}
