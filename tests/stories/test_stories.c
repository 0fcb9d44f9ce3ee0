/* SPDX-License-Identifier: MPL-2.0 */
/* Stories that read aloud, each in a calm world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "stories/world.h"

static const world_weather calm = {.delay_max_ms = 5};

static void
assert_went_well(world *w)
{
    if (w->failure != NULL) {
        fail_msg("%s", w->failure);
    }
}

static void
end_well(world *w)
{
    world_settle(w, 10 * 60 * 1000);
    assert_went_well(w);
    check_end(w);
    assert_went_well(w);
    world_free(w);
}

/* Anna (0) founds, Rose (1) comes by Anna's invite. */
static world *
anna_and_rose(uint16_t suite)
{
    world *w = world_new(7, &calm);

    w->suite = suite;
    assert_int_equal(place_device_add(w, "anna-laptop", 0), 0);
    plot_found(w, 0, "Anna");
    assert_int_equal(place_device_add(w, "rose-laptop", 1), 1);
    plot_meet(w, 0, 1, "Rose", "hello Anna");
    world_run(w, 5000);
    assert_went_well(w);
    return w;
}

static core_message
newest(world *w, size_t device, const uint8_t conv[CORE_CONV_LEN])
{
    core_message m = {0};
    uint64_t n = 0;

    while (core_message_prev(w->devices[device].core, conv, &n, &m) == KITH_OK &&
           m.kind != CORE_MESSAGE_TEXT) {
        core_message_done(&m);
    }
    return m;
}

static void
assert_newest(world *w, size_t device, const uint8_t conv[CORE_CONV_LEN], const char *text)
{
    core_message m = newest(w, device, conv);

    assert_int_equal(m.text.len, strlen(text));
    assert_memory_equal(m.text.data, text, strlen(text));
    core_message_done(&m);
}

static void
one_link_brings_an_account_a_contact_and_the_first_message(void **state)
{
    world *w = anna_and_rose(MLS_SUITE_PQ);
    uint8_t conv[CORE_CONV_LEN];
    core_person person;

    (void)state;
    assert_true(plot_direct(w, 0, 1, conv));
    assert_newest(w, 0, conv, "hello Anna");
    assert_int_equal(
        core_person_get(w->devices[0].core, core_account_get(w->devices[1].core).account, &person),
        KITH_OK);
    assert_int_equal(person.state, CORE_PERSON_CONTACT);
    assert_string_equal(person.name, "Rose");
    assert_int_equal(
        core_person_get(w->devices[1].core, core_account_get(w->devices[0].core).account, &person),
        KITH_OK);
    assert_string_equal(person.name, "Anna");
    end_well(w);
}

static void
alice_adds_a_phone_and_bobs_next_message_reaches_both(void **state)
{
    world *w = anna_and_rose(MLS_SUITE_PQ);
    uint8_t conv[CORE_CONV_LEN];

    (void)state;
    assert_int_equal(place_device_add(w, "anna-phone", 0), 2);
    plot_pair(w, 0, 2);
    world_run(w, 10000);
    assert_true(w->devices[2].has_account);
    assert_true(plot_direct(w, 1, 0, conv));

    assert_true(plot_say(w, 1, conv));
    world_run(w, 5000);

    assert_int_equal(w->sayings[0].device, 1);
    for (size_t device = 0; device <= 2; device += 2) {
        char text[64];
        check_text_of(w->seed, 0, text);
        assert_newest(w, device, conv, text);
    }
    end_well(w);
}

static void
a_linked_phone_has_what_was_said_before(void **state)
{
    world *w = anna_and_rose(MLS_SUITE_X25519_AES128_ED25519);
    uint8_t conv[CORE_CONV_LEN];

    (void)state;
    assert_int_equal(place_device_add(w, "anna-phone", 0), 2);
    plot_pair(w, 0, 2);
    world_run(w, 10000);

    assert_true(plot_direct(w, 2, 1, conv));
    assert_newest(w, 2, conv, "hello Anna");
    end_well(w);
}

static void
what_is_written_without_a_network_arrives_when_it_is_back(void **state)
{
    world *w = anna_and_rose(MLS_SUITE_X25519_AES128_ED25519);
    uint8_t conv[CORE_CONV_LEN];
    char text[64];

    (void)state;
    assert_true(plot_direct(w, 0, 1, conv));
    w->devices[0].cut_until_ms = w->now_ms + 60000;
    world_run(w, 5000);
    assert_true(plot_say(w, 0, conv));
    world_run(w, 5000);
    assert_newest(w, 1, conv, "hello Anna");
    world_run(w, 180000);

    check_text_of(w->seed, 0, text);
    assert_newest(w, 1, conv, text);
    end_well(w);
}

static void
a_message_tells_its_writer_that_it_was_delivered_and_read(void **state)
{
    world *w = anna_and_rose(MLS_SUITE_X25519_AES128_ED25519);
    uint8_t conv[CORE_CONV_LEN];
    core_message m;

    (void)state;
    assert_true(plot_direct(w, 0, 1, conv));
    assert_true(plot_say(w, 0, conv));
    world_run(w, 5000);
    m = newest(w, 0, conv);
    assert_int_equal(m.state, CORE_MESSAGE_DELIVERED);
    core_message_done(&m);

    m = newest(w, 1, conv);
    assert_int_equal(core_mark_read(w->devices[1].core, conv, m.n, w->now_ms), KITH_OK);
    core_message_done(&m);
    world_after_core(w, 1);
    world_run(w, 5000);

    m = newest(w, 0, conv);
    assert_int_equal(m.state, CORE_MESSAGE_READ);
    core_message_done(&m);
    end_well(w);
}

static void
a_server_that_loses_power_loses_nothing_that_it_acknowledged(void **state)
{
    world *w = anna_and_rose(MLS_SUITE_X25519_AES128_ED25519);
    uint8_t conv[CORE_CONV_LEN];

    (void)state;
    assert_true(plot_direct(w, 0, 1, conv));
    for (int i = 0; i < 20; i++) {
        assert_true(plot_say(w, i % 2, conv));
        world_run(w, (uint64_t)i * 3);
        if (i % 5 == 4) {
            place_server_crash(w, 2000);
        }
    }
    end_well(w);
}

/* The power goes during the n-th operation of the disk, for every n of one message's way. */
static void
a_device_may_lose_power_at_any_moment(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 24; n++) {
        for (size_t who = 0; who < 2; who++) {
            world *w = anna_and_rose(MLS_SUITE_X25519_AES128_ED25519);
            uint8_t conv[CORE_CONV_LEN];
            assert_true(plot_direct(w, 0, 1, conv));
            fake_disk_power_at(w->devices[who].disk, n);
            (void)plot_say(w, 0, conv);
            world_run(w, 60000);
            end_well(w);
        }
    }
}

static void
a_group_says_who_is_in_it_and_who_is_gone_reads_nothing_more(void **state)
{
    world *w = anna_and_rose(MLS_SUITE_X25519_AES128_ED25519);
    const core_account rose = core_account_get(w->devices[1].core);
    core_group in = {.title = kith_bytes_of_text("Garden"), .count = 1};
    core_member out = {.change = CORE_MEMBER_REMOVE};
    core_chat chat;
    uint64_t op = 0;

    (void)state;
    in.accounts = (const uint8_t(*)[CORE_ACCOUNT_LEN]) & rose.account;
    assert_int_equal(core_group_create(w->devices[0].core, &in, w->now_ms, out.conv), KITH_OK);
    world_after_core(w, 0);
    world_run(w, 5000);
    assert_int_equal(core_chat_get(w->devices[1].core, out.conv, &chat), KITH_OK);
    assert_string_equal(chat.title, "Garden");
    assert_int_equal(chat.accounts, 2);

    memcpy(out.account, rose.account, CORE_ACCOUNT_LEN);
    assert_int_equal(core_group_change(w->devices[0].core, &out, w->now_ms, &op), KITH_OK);
    world_after_core(w, 0);
    world_run(w, 5000);
    check_note_leaving(w, out.conv, 1);
    assert_true(plot_say(w, 0, out.conv));
    world_run(w, 5000);

    assert_int_equal(core_chat_get(w->devices[1].core, out.conv, &chat), KITH_OK);
    assert_int_equal(chat.state, CORE_CHAT_LEFT);
    assert_int_equal(core_chat_get(w->devices[0].core, out.conv, &chat), KITH_OK);
    assert_int_equal(chat.accounts, 1);
    end_well(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_link_brings_an_account_a_contact_and_the_first_message),
        cmocka_unit_test(alice_adds_a_phone_and_bobs_next_message_reaches_both),
        cmocka_unit_test(a_linked_phone_has_what_was_said_before),
        cmocka_unit_test(what_is_written_without_a_network_arrives_when_it_is_back),
        cmocka_unit_test(a_message_tells_its_writer_that_it_was_delivered_and_read),
        cmocka_unit_test(a_server_that_loses_power_loses_nothing_that_it_acknowledged),
        cmocka_unit_test(a_device_may_lose_power_at_any_moment),
        cmocka_unit_test(a_group_says_who_is_in_it_and_who_is_gone_reads_nothing_more),
    };

    return cmocka_run_group_tests_name("stories", tests, NULL, NULL);
}
