/* SPDX-License-Identifier: MPL-2.0 */
/* What a linked device is given of what was said before, and what own devices tell each other. */
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
static uint8_t own[CORE_CONV_LEN];

static int
setup(void **state)
{
    const core_conv_new in = {.kind = CORE_CHAT_OWN};

    (void)state;
    w = crowd_new();
    anna = crowd_account_add(w);
    rose = crowd_account_add(w);
    crowd_befriend(w);
    crowd_direct(w, anna, rose, conv);
    assert_int_equal(core_txn_begin(anna->core, w->now_ms), KITH_OK);
    assert_int_equal(core_txn_end(anna->core, core_conv_create(anna->core, &in, own)), KITH_OK);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    crowd_free(w);
    return 0;
}

static kith_err
import(member *m, kith_bytes blob)
{
    assert_int_equal(core_txn_begin(m->core, w->now_ms), KITH_OK);
    return core_txn_end(m->core, core_history_import(m->core, blob));
}

/* A phone that has been told what was said so far, and then is brought in. */
static member *
add_phone(void)
{
    KITH_AUTO(kith_buf) blob = {0};
    member *phone = crowd_device_add(w, anna->account);

    crowd_befriend(w);
    assert_int_equal(core_history_export(anna->core, CORE_HISTORY_BYTES, &blob), KITH_OK);
    assert_int_equal(import(phone, kith_bytes_of_buf(&blob)), KITH_OK);
    return phone;
}

static void
a_linked_device_has_what_was_said_before_it_is_brought_in(void **state)
{
    (void)state;
    member_say(anna, conv, "one");
    crowd_run(w, 1000);
    member_say(rose, conv, "two");
    crowd_run(w, 1000);

    member *phone = add_phone();

    assert_texts(phone, conv, "one two");
    assert_int_equal(member_conv(phone, conv)->state, CORE_CHAT_BROKEN);
    member_learn(anna, anna->account);
    crowd_run(w, 20000);
    assert_int_equal(member_conv(phone, conv)->state, CORE_CHAT_ACTIVE);
    member_say(phone, conv, "three");
    crowd_run(w, 1000);
    assert_texts(phone, conv, "one two three");
    assert_texts(rose, conv, "one two three");
}

static void
what_is_said_between_the_gift_and_the_coming_is_not_missed(void **state)
{
    (void)state;
    member_say(anna, conv, "one");
    crowd_run(w, 1000);
    member *phone = add_phone();
    member_say(rose, conv, "between");
    crowd_run(w, 1000);

    member_learn(anna, anna->account);
    crowd_run(w, 3000);
    member_say(rose, conv, "after");
    crowd_run(w, 20000);

    assert_texts(phone, conv, "one between after");
}

static void
what_was_read_on_one_device_is_read_on_the_other(void **state)
{
    (void)state;
    member *phone = add_phone();
    member_learn(anna, anna->account);
    crowd_run(w, 20000);
    member_say(rose, conv, "news");
    crowd_run(w, 1000);
    assert_int_equal(member_conv(phone, conv)->unread, 1);

    assert_int_equal(core_mark_read(anna->core, conv, member_conv(anna, conv)->last_n, w->now_ms),
                     KITH_OK);
    crowd_run(w, 1000);

    assert_int_equal(member_conv(phone, conv)->unread, 0);
}

static void
the_gift_is_no_larger_than_asked_for(void **state)
{
    KITH_AUTO(kith_buf) blob = {0};
    KITH_AUTO(kith_buf) small = {0};
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        member_say(anna, conv, "some words that take some room");
    }
    crowd_run(w, 1000);

    assert_int_equal(core_history_export(anna->core, 1 << 20, &blob), KITH_OK);
    assert_int_equal(core_history_export(anna->core, 3000, &small), KITH_OK);

    assert_true(small.len <= 3000);
    assert_true(small.len > 600);
    assert_true(blob.len > small.len);
}

static void
a_damaged_gift_is_refused_whole(void **state)
{
    KITH_AUTO(kith_buf) blob = {0};
    (void)state;
    member_say(anna, conv, "one");
    crowd_run(w, 1000);
    member *phone = crowd_device_add(w, anna->account);
    assert_int_equal(core_history_export(anna->core, 1 << 20, &blob), KITH_OK);

    for (size_t len = 2; len < blob.len; len += 11) {
        assert_int_equal(import(phone, kith_bytes_of(blob.data, len)), KITH_ERR_MALFORMED);
        assert_int_equal(phone->core->convs->count, 0);
    }
    blob.data[0]++;
    assert_int_equal(import(phone, kith_bytes_of_buf(&blob)), KITH_ERR_UNSUPPORTED);
}

static void
a_peer_cannot_put_words_into_somebody_elses_mouth(void **state)
{
    content_message message = {.kind = CONTENT_TEXT, .body = kith_bytes_of_text("I owe Rose 100")};
    KITH_AUTO(kith_buf) content = {0};
    KITH_AUTO(kith_buf) entries = {0};
    KITH_AUTO(kith_buf) payload = {0};
    content_history_entry entry = {.sent_ms = w->now_ms};
    content_control control = {.type = CONTENT_CONTROL_HISTORY};
    (void)state;
    assert_int_equal(content_message_encode(&content, &message), KITH_OK);
    entry.content = kith_bytes_of_buf(&content);
    memcpy(entry.account_id, w->accounts[anna->account].id, sizeof entry.account_id);
    assert_int_equal(
        content_message_id(w->crypto, entry.account_id, conv, entry.content, entry.message_id),
        KITH_OK);
    assert_int_equal(content_history_append(&entries, &entry), KITH_OK);
    memcpy(control.as.history.conv_id, conv, sizeof control.as.history.conv_id);
    control.as.history.entries = kith_bytes_of_buf(&entries);
    assert_int_equal(content_control_encode(&payload, &control), KITH_OK);

    assert_int_equal(core_txn_begin(rose->core, w->now_ms), KITH_OK);
    const kith_err err = core_conv_send_control(rose->core, conv, kith_bytes_of_buf(&payload));
    assert_int_equal(core_txn_end(rose->core, err), KITH_OK);
    crowd_run(w, 1000);

    assert_texts(anna, conv, "");
}

static void
what_own_devices_tell_each_other_waits_for_the_one_that_was_just_linked(void **state)
{
    KITH_AUTO(kith_buf) payload = {0};
    const content_control control = {.type = CONTENT_CONTROL_PROFILE,
                                     .as.profile.name = kith_bytes_of_text("Anna")};
    (void)state;
    assert_int_equal(content_control_encode(&payload, &control), KITH_OK);
    member *phone = add_phone();
    phone->has_no_package = true;
    member_learn(anna, anna->account);
    assert_int_equal(core_txn_begin(anna->core, w->now_ms), KITH_OK);
    const kith_err err = core_own_send_control(anna->core, kith_bytes_of_buf(&payload));
    assert_int_equal(core_txn_end(anna->core, err), KITH_OK);
    crowd_run(w, 5000);

    phone->has_no_package = false;
    crowd_run(w, 120000);

    assert_true(phone->controls >= 1);
}

static void
a_peer_that_asks_again_and_again_does_not_fill_the_outbox(void **state)
{
    KITH_AUTO(kith_buf) payload = {0};
    content_control control = {.type = CONTENT_CONTROL_HISTORY_REQUEST};
    (void)state;
    memcpy(control.as.history_request.conv_id, conv, sizeof control.as.history_request.conv_id);
    assert_int_equal(content_control_encode(&payload, &control), KITH_OK);
    member_say(anna, conv, "mine");
    crowd_run(w, 1000);
    anna->is_held = true;

    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(core_txn_begin(rose->core, w->now_ms), KITH_OK);
        const kith_err err = core_conv_send_control(rose->core, conv, kith_bytes_of_buf(&payload));
        assert_int_equal(core_txn_end(rose->core, err), KITH_OK);
    }
    crowd_run(w, 100);

    assert_in_range(member_conv(anna, conv)->item_count, 1, CORE_APPENDS_IN_FLIGHT + 1);
    anna->is_held = false;
    crowd_run(w, 1000);
    assert_texts(rose, conv, "mine");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest history[] = {
        TEST(a_linked_device_has_what_was_said_before_it_is_brought_in),
        TEST(what_is_said_between_the_gift_and_the_coming_is_not_missed),
        TEST(what_was_read_on_one_device_is_read_on_the_other),
        TEST(the_gift_is_no_larger_than_asked_for),
        TEST(a_damaged_gift_is_refused_whole),
        TEST(a_peer_cannot_put_words_into_somebody_elses_mouth),
        TEST(a_peer_that_asks_again_and_again_does_not_fill_the_outbox),
        TEST(what_own_devices_tell_each_other_waits_for_the_one_that_was_just_linked),
    };
    return cmocka_run_group_tests(history, NULL, NULL);
}
