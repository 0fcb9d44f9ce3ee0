/* SPDX-License-Identifier: MPL-2.0 */
/* Linking a device: two cores, one rendezvous, and everything that can come between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/home.h"

static home *h;
static party *old;
static party *new;
static uint64_t old_op;
static uint64_t new_op;

static int
setup(void **state)
{
    (void)state;
    h = home_new();
    old = home_party(h);
    new = home_party(h);
    home_join(old, "Anna");
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
offer(kith_buf *code)
{
    assert_int_equal(core_pair_offer(old->core, h->now_ms, &old_op), KITH_OK);
    home_run(h);
    assert_int_equal(core_pair_code(old->core, code), KITH_OK);
}

static void
accept_code(kith_bytes code)
{
    const core_pair_join join = {.code = code, .device_name = kith_bytes_of_text("phone")};

    assert_int_equal(core_pair_accept(new->core, &join, h->now_ms, &new_op), KITH_OK);
    home_run(h);
}

/* Up to the question on the old device. */
static void
ask(void)
{
    KITH_AUTO(kith_buf) code = {0};

    offer(&code);
    accept_code(kith_bytes_of_buf(&code));
}

static void
link_both(void)
{
    ask();
    assert_int_equal(core_pair_approve(old->core, true, h->now_ms), KITH_OK);
    home_run(h);
}

static size_t
count_devices(party *p)
{
    core_device device = {0};
    uint32_t cursor = 0;

    while (core_device_next(p->core, &cursor, &device)) {
    }
    return cursor;
}

static void
a_new_device_becomes_one_of_the_account(void **state)
{
    (void)state;

    link_both();

    assert_int_equal(party_op(old, old_op), KITH_OK);
    assert_int_equal(party_op(new, new_op), KITH_OK);
    const core_account a = core_account_get(old->core);
    const core_account b = core_account_get(new->core);
    assert_memory_equal(a.account, b.account, sizeof a.account);
    assert_memory_not_equal(a.device, b.device, sizeof a.device);
    assert_string_equal(b.name, "Anna");
    assert_string_equal(b.host, "home.example");
    assert_int_equal(b.state, CORE_ACCOUNT_READY);
    assert_true(b.online);
    assert_int_equal(a.list_version, 2);
    assert_int_equal(b.list_version, 2);
    assert_int_equal(count_devices(old), 2);
    assert_int_equal(count_devices(new), 2);
    assert_int_equal(new->one_time, CORE_PACKAGES_TARGET);
    assert_null(h->rdv_opener);
}

static void
the_person_is_asked_with_the_name_of_the_new_device(void **state)
{
    (void)state;

    ask();

    assert_string_equal(party_event(old, CORE_EVENT_PAIR_ASKED)->text, "phone");
    assert_int_equal(party_op(old, old_op), KITH_ERR_COUNT);
    assert_int_equal(core_account_get(new->core).state, CORE_ACCOUNT_LINKING);
    assert_int_equal(old->seen[PROTO_LIST_PUT], 0);
}

static void
the_code_is_announced(void **state)
{
    KITH_AUTO(kith_buf) code = {0};
    (void)state;

    assert_int_equal(core_pair_code(old->core, &code), KITH_ERR_NOT_FOUND);
    offer(&code);
    assert_int_equal(party_event(old, CORE_EVENT_PAIR_CODE)->op, old_op);
    assert_int_equal(party_event(old, CORE_EVENT_PAIR_CODE)->seq, 0);
}

static void
names_people_invites_and_history_come_along(void **state)
{
    KITH_AUTO(kith_buf) link = {0};
    KITH_AUTO(kith_buf) invite = {0};
    KITH_AUTO(kith_buf) history = {0};
    core_person person = {0};
    core_device device = {0};
    uint32_t cursor = 0;
    uint64_t op = 0;
    ghost rose;
    (void)state;

    ghost_make(h, &rose, 5);
    ghost_list(h, &rose);
    ghost_link(h, &rose, &link);
    assert_int_equal(party_join(old, kith_bytes_of_buf(&link), "", &op), KITH_OK);
    assert_int_equal(core_invite_create(old->core, h->now_ms, &invite), KITH_OK);
    home_run(h);
    link_both();

    assert_int_equal(core_person_get(new->core, rose.id, &person), KITH_OK);
    assert_int_equal(person.state, CORE_PERSON_CONTACT);
    assert_string_equal(person.name, "Rose");
    while (core_device_next(new->core, &cursor, &device)) {
        assert_string_equal(device.name, device.is_this ? "phone" : "laptop");
    }
    cursor = 0;
    while (core_device_next(old->core, &cursor, &device)) {
        assert_string_equal(device.name, device.is_this ? "laptop" : "phone");
    }
    assert_int_equal(
        core_get(new->core, CORE_TABLE_MESSAGE, kith_bytes_of_text("history"), &history), KITH_OK);
    assert_int_equal(history.len, STUB_HISTORY);
    party_restart(new);
    home_run(h);
    assert_true(core_account_get(new->core).online);
    ghost_done(&rose);
}

static void
the_old_devices_conversations_follow_once_the_new_one_can_be_added(void **state)
{
    (void)state;

    ask();
    old->core->convs->list_count = 0;
    assert_int_equal(core_pair_approve(old->core, true, h->now_ms), KITH_OK);
    home_run(h);

    assert_true(old->core->convs->list_count >= 2);
}

static void
no_means_no_on_both_sides(void **state)
{
    (void)state;

    ask();
    assert_int_equal(core_pair_approve(old->core, false, h->now_ms), KITH_OK);
    home_run(h);

    assert_int_equal(party_op(old, old_op), KITH_ERR_DENIED);
    assert_int_equal(party_op(new, new_op), KITH_ERR_DENIED);
    assert_int_equal(core_account_get(new->core).state, CORE_ACCOUNT_NONE);
    assert_int_equal(old->seen[PROTO_LIST_PUT], 0);
    home_pass(h, 60000);
    assert_false(new->is_up[CORE_LINK_NAMED]);
}

static void
one_wrong_code_ends_it_for_both(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    KITH_AUTO(kith_buf) wrong = {0};
    KITH_AUTO(proto_code) code = {0};
    (void)state;

    offer(&text);
    assert_int_equal(proto_code_decode(kith_bytes_of_buf(&text), &code), KITH_OK);
    code.digits[0] = code.digits[0] == '0' ? '1' : '0';
    assert_int_equal(proto_code_encode(&wrong, &code), KITH_OK);
    accept_code(kith_bytes_of_buf(&wrong));

    assert_int_equal(party_op(new, new_op), KITH_ERR_REJECTED);
    assert_int_equal(party_op(old, old_op), KITH_ERR_REJECTED);
    assert_int_equal(core_account_get(new->core).state, CORE_ACCOUNT_NONE);
    assert_int_equal(party_events(old, CORE_EVENT_PAIR_ASKED), 0);
    accept_code(kith_bytes_of_buf(&text));
    assert_int_equal(party_op(new, new_op), KITH_ERR_NOT_FOUND);
}

static void
a_server_in_the_middle_with_another_identity_makes_it_fail(void **state)
{
    (void)state;

    new->server_key[3] ^= 1;
    ask();

    assert_int_equal(party_op(new, new_op), KITH_ERR_REJECTED);
    assert_int_equal(party_op(old, old_op), KITH_ERR_REJECTED);
    assert_int_equal(core_account_get(new->core).state, CORE_ACCOUNT_NONE);
}

static void
the_identity_is_pinned_afterwards(void **state)
{
    (void)state;

    link_both();
    new->server_key[3] ^= 1;
    party_cut(new, CORE_LINK_NAMED);
    home_pass(h, 2000);

    assert_true(party_alarm(new, "pin"));
    assert_false(new->is_up[CORE_LINK_NAMED]);
}

static void
an_unknown_number_is_not_found(void **state)
{
    (void)state;

    accept_code(kith_bytes_of_text("9999-123456@home.example:5484"));
    assert_int_equal(party_op(new, new_op), KITH_ERR_NOT_FOUND);
}

static void
an_unreachable_server_is_offline(void **state)
{
    (void)state;

    h->is_down = true;
    accept_code(kith_bytes_of_text("4711-123456@home.example:5484"));
    assert_int_equal(party_op(new, new_op), KITH_ERR_OFFLINE);
    assert_int_equal(core_account_get(new->core).state, CORE_ACCOUNT_NONE);
}

static void
an_offer_waits_for_a_connection(void **state)
{
    KITH_AUTO(kith_buf) code = {0};
    (void)state;

    h->is_down = true;
    party_cut(old, CORE_LINK_NAMED);
    assert_int_equal(core_pair_offer(old->core, h->now_ms, &old_op), KITH_OK);
    home_run(h);
    assert_int_equal(core_pair_code(old->core, &code), KITH_ERR_NOT_FOUND);
    h->is_down = false;
    home_pass(h, 2000);
    assert_int_equal(core_pair_code(old->core, &code), KITH_OK);
}

static void
an_offer_that_nobody_takes_ends(void **state)
{
    KITH_AUTO(kith_buf) code = {0};
    (void)state;

    offer(&code);
    home_pass(h, PROTO_RDV_SECONDS * 1000ull - 1);
    assert_int_equal(party_op(old, old_op), KITH_ERR_COUNT);
    home_pass(h, 2);
    assert_int_equal(party_op(old, old_op), KITH_ERR_NOT_FOUND);
    assert_int_equal(core_pair_code(old->core, &code), KITH_ERR_NOT_FOUND);
}

static void
cancelling_ends_it_and_another_can_begin(void **state)
{
    KITH_AUTO(kith_buf) code = {0};
    uint64_t op = 0;
    (void)state;

    ask();
    assert_int_equal(core_pair_offer(old->core, h->now_ms, &op), KITH_ERR_CONFLICT);
    core_pair_cancel(old->core, h->now_ms);
    home_run(h);
    assert_int_equal(party_op(old, old_op), KITH_ERR_NOT_FOUND);
    assert_int_equal(party_op(new, new_op), KITH_ERR_NOT_FOUND);

    link_both();
    assert_int_equal(party_op(new, new_op), KITH_OK);
}

static void
the_new_side_can_cancel_too(void **state)
{
    (void)state;

    ask();
    core_pair_cancel(new->core, h->now_ms);
    home_run(h);

    assert_int_equal(party_op(new, new_op), KITH_ERR_NOT_FOUND);
    assert_int_equal(party_op(old, old_op), KITH_ERR_NOT_FOUND);
    assert_int_equal(core_account_get(new->core).state, CORE_ACCOUNT_NONE);
    assert_int_equal(core_pair_approve(old->core, true, h->now_ms), KITH_ERR_NOT_FOUND);
}

static void
a_restart_of_the_old_device_ends_it(void **state)
{
    (void)state;

    ask();
    party_restart(old);
    home_run(h);

    assert_int_equal(party_op(old, old_op), KITH_ERR_NOT_FOUND);
    assert_int_equal(party_op(new, new_op), KITH_ERR_NOT_FOUND);
    assert_int_equal(core_account_get(new->core).state, CORE_ACCOUNT_NONE);
}

static void
a_restart_of_the_new_device_ends_it(void **state)
{
    (void)state;

    ask();
    party_restart(new);
    home_run(h);

    assert_int_equal(party_op(new, new_op), KITH_ERR_NOT_FOUND);
    assert_int_equal(party_op(old, old_op), KITH_ERR_NOT_FOUND);
    assert_int_equal(core_account_get(new->core).state, CORE_ACCOUNT_NONE);
    link_both();
    assert_int_equal(party_op(new, new_op), KITH_OK);
}

static void
a_lost_connection_in_the_middle_ends_it(void **state)
{
    (void)state;

    ask();
    party_cut(old, CORE_LINK_NAMED);
    home_run(h);

    assert_int_equal(party_op(old, old_op), KITH_ERR_OFFLINE);
    assert_int_equal(party_op(new, new_op), KITH_ERR_NOT_FOUND);
}

static void
a_connection_lost_while_everything_is_handed_over_is_no_success(void **state)
{
    (void)state;

    ask();
    h->hold[PROTO_RDV_SEND] = true;
    assert_int_equal(core_pair_approve(old->core, true, h->now_ms), KITH_OK);
    home_run(h);
    assert_int_equal(old->held_count, CORE_PAIR_IN_FLIGHT);
    party_cut(old, CORE_LINK_NAMED);
    home_run(h);

    assert_int_equal(party_op(old, old_op), KITH_ERR_OFFLINE);
    assert_int_equal(party_op(new, new_op), KITH_ERR_NOT_FOUND);
}

static void
a_device_whose_linking_broke_after_the_list_can_be_removed(void **state)
{
    core_device device = {0};
    uint32_t cursor = 0;
    uint64_t op = 0;
    (void)state;

    ask();
    h->rdv_drop = true;
    assert_int_equal(core_pair_approve(old->core, true, h->now_ms), KITH_OK);
    home_run(h);
    party_restart(new);
    home_run(h);
    assert_int_equal(count_devices(old), 2);

    while (core_device_next(old->core, &cursor, &device)) {
        if (!device.is_this) {
            break;
        }
    }
    assert_int_equal(core_device_remove(old->core, device.device, h->now_ms, &op), KITH_OK);
    home_run(h);
    assert_int_equal(party_op(old, op), KITH_OK);
    assert_int_equal(count_devices(old), 1);
}

static void
a_list_that_was_not_published_before_a_restart_never_is(void **state)
{
    (void)state;

    ask();
    h->is_down = true;
    h->hold[PROTO_LIST_PUT] = true;
    assert_int_equal(core_pair_approve(old->core, true, h->now_ms), KITH_OK);
    home_run(h);
    party_restart(old);
    h->is_down = false;
    h->hold[PROTO_LIST_PUT] = false;
    home_pass(h, 5000);

    assert_int_equal(party_op(old, old_op), KITH_ERR_NOT_FOUND);
    assert_int_equal(count_devices(old), 1);
    assert_int_equal(core_account_get(old->core).list_version, 1);
}

static void
a_refused_list_ends_it(void **state)
{
    (void)state;

    ask();
    h->refuse[PROTO_LIST_PUT] = KITH_ERR_DENIED;
    assert_int_equal(core_pair_approve(old->core, true, h->now_ms), KITH_OK);
    home_run(h);

    assert_int_equal(party_op(old, old_op), KITH_ERR_DENIED);
    assert_int_equal(party_op(new, new_op), KITH_ERR_NOT_FOUND);
}

static void
a_new_device_that_is_lost_before_it_says_ready_has_the_account_all_the_same(void **state)
{
    (void)state;

    ask();
    h->hold[PROTO_KP_PUT] = true;
    assert_int_equal(core_pair_approve(old->core, true, h->now_ms), KITH_OK);
    home_run(h);
    assert_int_equal(party_op(new, new_op), KITH_OK);
    assert_int_equal(party_op(old, old_op), KITH_ERR_COUNT);
    party_cut(new, CORE_LINK_NAMED);
    h->hold[PROTO_KP_PUT] = false;
    home_pass(h, 2000);

    assert_int_equal(party_op(old, old_op), KITH_OK);
    assert_true(core_account_get(new->core).online);
}

/* Says something in the rendezvous as if the server had passed it on. */
static void
inject(party *p, kith_bytes body)
{
    const proto_rdv_message message = {.number = h->rdv_number, .body = body};
    KITH_AUTO(kith_buf) push = {0};

    assert_int_equal(proto_rdv_message_encode(&push, &message), KITH_OK);
    assert_int_equal(party_push(p, CORE_LINK_NAMED, PROTO_RDV_MESSAGE, kith_bytes_of_buf(&push)),
                     KITH_OK);
    home_run(h);
}

static void
what_was_not_sealed_by_the_other_side_ends_it(void **state)
{
    const uint8_t junk[] = {4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
    (void)state;

    ask();
    inject(new, KITH_BYTES(junk));

    assert_int_equal(party_op(new, new_op), KITH_ERR_REJECTED);
    assert_int_equal(core_account_get(new->core).state, CORE_ACCOUNT_NONE);
    assert_int_equal(party_op(old, old_op), KITH_ERR_NOT_FOUND);
}

static void
a_broken_first_word_counts_as_a_wrong_code(void **state)
{
    KITH_AUTO(kith_buf) code = {0};
    const uint8_t short_start[] = {1, 2, 3};
    (void)state;

    offer(&code);
    inject(old, KITH_BYTES(short_start));
    assert_int_equal(party_op(old, old_op), KITH_ERR_REJECTED);
}

static void
words_out_of_turn_end_it(void **state)
{
    KITH_AUTO(kith_buf) code = {0};
    const uint8_t confirm[65] = {3};
    (void)state;

    offer(&code);
    inject(old, KITH_BYTES(confirm));
    assert_int_equal(party_op(old, old_op), KITH_ERR_REJECTED);
}

static void
a_confirmation_made_without_the_code_is_refused(void **state)
{
    KITH_AUTO(kith_buf) code = {0};
    const uint8_t confirm[65] = {3};
    proto_rdv_send start = {0};
    (void)state;

    offer(&code);
    h->hold[PROTO_RDV_SEND] = true;
    accept_code(kith_bytes_of_buf(&code));
    home_request request = party_take(new, PROTO_RDV_SEND);
    assert_int_equal(proto_rdv_send_decode(kith_bytes_of_buf(&request.body), &start), KITH_OK);
    inject(old, start.body);
    assert_int_equal(party_op(old, old_op), KITH_ERR_COUNT);
    inject(old, KITH_BYTES(confirm));

    assert_int_equal(party_op(old, old_op), KITH_ERR_REJECTED);
    home_request_done(&request);
}

static void
cancelling_before_the_list_was_taken_takes_it_back(void **state)
{
    (void)state;

    ask();
    h->refuse[PROTO_LIST_PUT] = KITH_ERR_BUSY;
    assert_int_equal(core_pair_approve(old->core, true, h->now_ms), KITH_OK);
    home_run(h);
    core_pair_cancel(old->core, h->now_ms);
    h->refuse[PROTO_LIST_PUT] = KITH_OK;
    home_pass(h, 10000);

    assert_int_equal(old->seen[PROTO_LIST_PUT], 1);
    assert_int_equal(count_devices(old), 1);
}

static void
a_message_of_another_rendezvous_is_nobodys(void **state)
{
    KITH_AUTO(kith_buf) code = {0};
    const uint8_t junk[] = {9};
    (void)state;

    offer(&code);
    h->rdv_number++;
    inject(old, KITH_BYTES(junk));
    h->rdv_number--;
    assert_int_equal(party_op(old, old_op), KITH_ERR_COUNT);
    accept_code(kith_bytes_of_buf(&code));
    assert_int_equal(party_events(old, CORE_EVENT_PAIR_ASKED), 1);
}

static void
who_has_an_account_cannot_become_a_device_and_who_has_none_cannot_offer(void **state)
{
    const core_pair_join join = {.code = kith_bytes_of_text("4711-123456@home.example:5484")};
    core_pair_join bad = {.code = kith_bytes_of_text("hello")};
    char name[CORE_NAME_MAX + 2] = {0};
    uint64_t op = 0;
    (void)state;

    memset(name, 'x', CORE_NAME_MAX + 1);
    assert_int_equal(core_pair_accept(old->core, &join, h->now_ms, &op), KITH_ERR_EXISTS);
    assert_int_equal(core_pair_offer(new->core, h->now_ms, &op), KITH_ERR_DENIED);
    assert_int_equal(core_pair_accept(new->core, &bad, h->now_ms, &op), KITH_ERR_MALFORMED);
    bad.code = join.code;
    bad.device_name = kith_bytes_of_text(name);
    assert_int_equal(core_pair_accept(new->core, &bad, h->now_ms, &op), KITH_ERR_LIMIT);
    bad.device_name = kith_bytes_of_text("\n");
    assert_int_equal(core_pair_accept(new->core, &bad, h->now_ms, &op), KITH_ERR_MALFORMED);
    assert_int_equal(core_pair_accept(new->core, &join, h->now_ms, &op), KITH_OK);
    assert_int_equal(core_pair_accept(new->core, &join, h->now_ms, &op), KITH_ERR_CONFLICT);
    assert_int_equal(core_pair_approve(new->core, true, h->now_ms), KITH_ERR_NOT_FOUND);
}

static void
an_account_takes_so_many_devices(void **state)
{
    const core_account own = core_account_get(old->core);
    home_account *account = home_account_of(h, own.account);
    ghost ghosts[PROTO_DEVICES_MAX];
    proto_device devices[PROTO_DEVICES_MAX] = {
        {.signature_key = crypto_sign_key_public(old->core->device_key)}};
    (void)state;

    for (size_t i = 1; i < PROTO_DEVICES_MAX; i++) {
        ghost_make(h, &ghosts[i], 300 + i);
        devices[i] = (proto_device){.signature_key = crypto_sign_key_public(ghosts[i].device)};
    }
    const proto_list_draft draft = {.account_key = old->core->account_key,
                                    .previous = kith_bytes_of_buf(&account->lists[0]),
                                    .devices = devices,
                                    .device_count = PROTO_DEVICES_MAX};
    assert_int_equal(proto_list_make(h->crypto, &draft, &account->lists[1]), KITH_OK);
    account->count = 2;
    party_cut(old, CORE_LINK_NAMED);
    home_pass(h, 2000);
    link_both();

    assert_int_equal(party_op(old, old_op), KITH_ERR_LIMIT);
    for (size_t i = 1; i < PROTO_DEVICES_MAX; i++) {
        ghost_done(&ghosts[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_device_becomes_one_of_the_account),
        TEST(the_person_is_asked_with_the_name_of_the_new_device),
        TEST(the_code_is_announced),
        TEST(names_people_invites_and_history_come_along),
        TEST(the_old_devices_conversations_follow_once_the_new_one_can_be_added),
        TEST(no_means_no_on_both_sides),
        TEST(one_wrong_code_ends_it_for_both),
        TEST(a_server_in_the_middle_with_another_identity_makes_it_fail),
        TEST(the_identity_is_pinned_afterwards),
        TEST(an_unknown_number_is_not_found),
        TEST(an_unreachable_server_is_offline),
        TEST(an_offer_waits_for_a_connection),
        TEST(an_offer_that_nobody_takes_ends),
        TEST(cancelling_ends_it_and_another_can_begin),
        TEST(the_new_side_can_cancel_too),
        TEST(a_restart_of_the_old_device_ends_it),
        TEST(a_restart_of_the_new_device_ends_it),
        TEST(a_lost_connection_in_the_middle_ends_it),
        TEST(a_connection_lost_while_everything_is_handed_over_is_no_success),
        TEST(a_device_whose_linking_broke_after_the_list_can_be_removed),
        TEST(a_list_that_was_not_published_before_a_restart_never_is),
        TEST(a_refused_list_ends_it),
        TEST(a_new_device_that_is_lost_before_it_says_ready_has_the_account_all_the_same),
        TEST(what_was_not_sealed_by_the_other_side_ends_it),
        TEST(a_broken_first_word_counts_as_a_wrong_code),
        TEST(words_out_of_turn_end_it),
        TEST(a_confirmation_made_without_the_code_is_refused),
        TEST(cancelling_before_the_list_was_taken_takes_it_back),
        TEST(a_message_of_another_rendezvous_is_nobodys),
        TEST(who_has_an_account_cannot_become_a_device_and_who_has_none_cannot_offer),
        TEST(an_account_takes_so_many_devices),
    };

    return cmocka_run_group_tests_name("core-pair", tests, NULL, NULL);
}
