/* SPDX-License-Identifier: MPL-2.0 */
/* Accounts, tickets, device lists and logins (docs/wire.md §3). */
#include <string.h>

#include "relay/viewer.h"

static kith_err
create_with(client *c, const person *p, const uint8_t ticket[PROTO_ID_LEN])
{
    proto_account_create in = {.list = kith_bytes_of_buf(&p->list)};

    memcpy(in.ticket, ticket, PROTO_ID_LEN);
    assert_err(proto_account_create_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_ACCOUNT_CREATE);
}

static kith_err
put_invite(client *c, const uint8_t ticket[PROTO_ID_LEN], uint64_t expires_ms)
{
    proto_invite_put in = {.expires_ms = expires_ms};

    assert_err(crypto_sha256(c->town->crypto, kith_bytes_of(ticket, PROTO_ID_LEN), in.ticket_hash),
               KITH_OK);
    assert_err(proto_invite_put_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_INVITE_PUT);
}

/* Looks an account up and gives how many lists it has behind `have`, those that one answer brings. */
static kith_err
get_lists(client *c, const person *p, uint64_t have, size_t *count)
{
    viewer v;

    viewer_open(c, &v);
    KITH_TRY(viewer_find(c, &v, p->account_id, have));
    KITH_ENSURE(!v.found.is_absent, KITH_ERR_NOT_FOUND);
    *count = v.lists + (v.version > have);
    return KITH_OK;
}

static void
an_account_is_made_with_the_operators_ticket_and_its_list_is_served(void **state)
{
    (void)state;
    town t;
    client c;
    person anna;
    size_t count = 0;
    town_open_logged(&t);
    client_open(&t, &c, 0, 1);
    person_make(&t, &anna, 1);

    assert_err(get_lists(&c, &anna, 0, &count), KITH_ERR_NOT_FOUND);
    assert_err(create_with(&c, &anna, t.operator_ticket), KITH_OK);

    assert_err(get_lists(&c, &anna, 0, &count), KITH_OK);
    assert_int_equal(count, 1);
    assert_err(get_lists(&c, &anna, 1, &count), KITH_OK);
    assert_int_equal(count, 0);
    assert_err(get_lists(&c, &anna, UINT64_MAX, &count), KITH_OK);
    assert_int_equal(count, 0);
    person_done(&anna);
    town_close(&t);
}

static void
an_unknown_ticket_makes_no_account(void **state)
{
    (void)state;
    town t;
    client c;
    person anna;
    size_t count = 0;
    uint8_t ticket[PROTO_ID_LEN] = {1};
    town_open_logged(&t);
    client_open(&t, &c, 0, 1);
    person_make(&t, &anna, 1);

    assert_err(create_with(&c, &anna, ticket), KITH_ERR_DENIED);

    assert_err(get_lists(&c, &anna, 0, &count), KITH_ERR_NOT_FOUND);
    person_done(&anna);
    town_close(&t);
}

static void
the_same_account_again_is_success_and_another_first_list_is_rejected(void **state)
{
    (void)state;
    town t;
    client c;
    person anna;
    uint8_t no_ticket[PROTO_ID_LEN] = {0};
    town_open_logged(&t);
    client_open(&t, &c, 0, 1);
    person_make(&t, &anna, 1);
    assert_err(create_with(&c, &anna, t.operator_ticket), KITH_OK);

    assert_err(create_with(&c, &anna, no_ticket), KITH_OK);
    const size_t count = anna.list.len;
    t.now_ms++;
    kith_buf_clear(&anna.list);
    person other = anna;
    other.list = (kith_buf){0};
    proto_device device = {.signature_key = crypto_sign_key_public(anna.device_key[1])};
    const proto_list_draft draft = {
        .account_key = anna.account_key, .devices = &device, .device_count = 1};
    assert_err(proto_list_make(t.crypto, &draft, &other.list), KITH_OK);

    assert_true(count > 0);
    assert_err(create_with(&c, &other, t.operator_ticket), KITH_ERR_REJECTED);
    kith_buf_done(&other.list);
    person_done(&anna);
    town_close(&t);
}

static void
a_list_with_a_changed_byte_makes_no_account(void **state)
{
    (void)state;
    town t;
    client c;
    person anna;
    size_t count = 0;
    town_open_logged(&t);
    client_open(&t, &c, 0, 1);
    person_make(&t, &anna, 1);
    anna.list.data[anna.list.len - 10] ^= 1;

    assert_err(create_with(&c, &anna, t.operator_ticket), KITH_ERR_REJECTED);

    assert_err(get_lists(&c, &anna, 0, &count), KITH_ERR_NOT_FOUND);
    person_done(&anna);
    town_close(&t);
}

static void
a_members_ticket_makes_as_many_accounts_as_it_may_and_no_more(void **state)
{
    (void)state;
    town t;
    client named;
    client c;
    person anna;
    person guests[PROTO_TICKET_USES + 1];
    uint8_t ticket[PROTO_ID_LEN] = {9};
    town_open_logged(&t);
    person_make(&t, &anna, 1);
    person_create(&anna);
    client_open(&t, &named, 0, 1);
    assert_err(person_log_in(&anna, &named, 0), KITH_OK);
    assert_err(put_invite(&named, ticket, t.now_ms + 1000), KITH_OK);
    client_open(&t, &c, 1, 2);

    for (size_t i = 0; i <= PROTO_TICKET_USES; i++) {
        person_make(&t, &guests[i], 1);
        assert_err(create_with(&c, &guests[i], ticket),
                   i < PROTO_TICKET_USES ? KITH_OK : KITH_ERR_DENIED);
        /* Once more is the same account, and costs nothing. */
        assert_err(create_with(&c, &guests[i], ticket),
                   i < PROTO_TICKET_USES ? KITH_OK : KITH_ERR_DENIED);
        person_done(&guests[i]);
    }
    person_done(&anna);
    town_close(&t);
}

static void
a_members_ticket_ends_when_it_expires(void **state)
{
    (void)state;
    town t;
    client named;
    client c;
    person anna;
    person guest;
    uint8_t ticket[PROTO_ID_LEN] = {9};
    town_open_logged(&t);
    person_make(&t, &anna, 1);
    person_create(&anna);
    client_open(&t, &named, 0, 1);
    assert_err(person_log_in(&anna, &named, 0), KITH_OK);
    assert_err(put_invite(&named, ticket, t.now_ms + 1000), KITH_OK);
    client_open(&t, &c, 1, 2);
    person_make(&t, &guest, 1);

    town_pass(&t, 1000);
    assert_err(create_with(&c, &guest, ticket), KITH_ERR_DENIED);
    person_done(&guest);
    person_done(&anna);
    town_close(&t);
}

static void
a_member_registers_as_many_tickets_as_allowed_and_each_once(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    person anna;
    person ben;
    uint8_t ticket[PROTO_ID_LEN] = {0};
    town_open_logged(&t);
    person_make(&t, &anna, 1);
    person_make(&t, &ben, 1);
    person_create(&anna);
    person_create(&ben);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 0, 1);
    assert_err(put_invite(&c, ticket, t.now_ms + 5000), KITH_ERR_DENIED); /* not logged in */
    assert_err(person_log_in(&anna, &c, 0), KITH_OK);
    assert_err(person_log_in(&ben, &d, 0), KITH_OK);

    for (size_t i = 0; i < PROTO_INVITES_MAX; i++) {
        ticket[1] = (uint8_t)i;
        assert_err(put_invite(&c, ticket, t.now_ms + 5000), KITH_OK);
    }
    assert_err(put_invite(&c, ticket, t.now_ms + 5000), KITH_OK); /* the same again */
    assert_err(put_invite(&d, ticket, t.now_ms + 5000), KITH_ERR_DENIED); /* another's */
    ticket[2] = 1;
    assert_err(put_invite(&c, ticket, UINT64_MAX), KITH_ERR_LIMIT);
    town_pass(&t, 5001);
    assert_err(put_invite(&c, ticket, UINT64_MAX), KITH_OK); /* the others have expired */
    person_done(&anna);
    person_done(&ben);
    town_close(&t);
}

static void
a_device_logs_in_and_only_with_its_own_signature(void **state)
{
    (void)state;
    town t;
    client c;
    client other;
    person anna;
    town_open_logged(&t);
    person_make(&t, &anna, 2);
    person_create(&anna);
    client_open(&t, &c, 0, 1);
    client_open(&t, &other, 0, 1);

    assert_err(person_log_in(&anna, &c, 2), KITH_ERR_DENIED); /* not in the list */
    memcpy(other.exporter, c.exporter, sizeof other.exporter);
    assert_err(person_log_in(&anna, &other, 0), KITH_ERR_DENIED); /* another connection's */
    assert_err(person_log_in(&anna, &c, 0), KITH_OK);
    assert_err(person_log_in(&anna, &c, 0), KITH_OK); /* again */
    assert_err(person_log_in(&anna, &c, 1), KITH_ERR_DENIED); /* it is another device's now */
    assert_int_equal(relay_stats_of(t.relay[0]).logins, 1);
    person_done(&anna);
    town_close(&t);
}

static void
nobody_logs_in_to_an_account_that_does_not_exist(void **state)
{
    (void)state;
    town t;
    client c;
    person anna;
    town_open_logged(&t);
    person_make(&t, &anna, 1);
    client_open(&t, &c, 0, 1);

    assert_err(person_log_in(&anna, &c, 0), KITH_ERR_DENIED);
    person_done(&anna);
    town_close(&t);
}

static void
failed_logins_are_rationed_for_the_source(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    client elsewhere;
    person anna;
    town_open_logged(&t);
    t.env[0].config.rations[RELAY_RATION_BAD_LOGIN] = (relay_ration){3, 1000};
    town_restart(&t);
    person_make(&t, &anna, 1);
    person_create(&anna);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 0, 1);
    client_open(&t, &elsewhere, 0, 2);

    for (size_t i = 0; i < 3; i++) {
        assert_err(person_log_in(&anna, &c, 1), KITH_ERR_DENIED);
    }
    assert_err(person_log_in(&anna, &c, 0), KITH_ERR_BUSY);
    assert_int_equal(c.error.retry_after_ms, 1000);
    assert_err(person_log_in(&anna, &d, 0), KITH_ERR_BUSY); /* the same source */
    assert_err(person_log_in(&anna, &elsewhere, 0), KITH_OK);
    town_pass(&t, 1000);
    assert_err(person_log_in(&anna, &d, 0), KITH_OK);
    person_done(&anna);
    town_close(&t);
}

static void
the_next_list_is_taken_and_the_same_again_is_success(void **state)
{
    (void)state;
    town t;
    client c;
    person anna;
    size_t count = 0;
    KITH_AUTO(kith_buf) second = {0};
    town_open_logged(&t);
    person_make(&t, &anna, 1);
    person_create(&anna);
    client_open(&t, &c, 0, 1);
    assert_err(person_put_list(&anna, &c), KITH_ERR_DENIED); /* not logged in */
    assert_err(person_log_in(&anna, &c, 0), KITH_OK);

    assert_err(person_put_list(&anna, &c), KITH_OK); /* the first once more */
    person_next_list(&anna, 3);
    assert_err(kith_buf_set(&second, kith_bytes_of_buf(&anna.list)), KITH_OK);
    assert_err(person_put_list(&anna, &c), KITH_OK);
    assert_err(person_put_list(&anna, &c), KITH_OK);
    person_next_list(&anna, 7);
    assert_err(person_put_list(&anna, &c), KITH_OK);
    assert_err(kith_buf_set(&anna.list, kith_bytes_of_buf(&second)), KITH_OK);
    assert_err(person_put_list(&anna, &c), KITH_OK); /* an older one, as it was */

    assert_err(get_lists(&c, &anna, 0, &count), KITH_OK);
    assert_int_equal(count, 3);
    person_done(&anna);
    town_close(&t);
}

static void
a_list_that_does_not_follow_is_rejected_and_changes_nothing(void **state)
{
    (void)state;
    town t;
    client c;
    person anna;
    person ben;
    size_t count = 0;
    town_open_logged(&t);
    person_make(&t, &anna, 1);
    person_make(&t, &ben, 1);
    person_create(&anna);
    person_create(&ben);
    client_open(&t, &c, 0, 1);
    assert_err(person_log_in(&anna, &c, 0), KITH_OK);

    person_next_list(&anna, 3);
    person_next_list(&anna, 7);
    assert_err(person_put_list(&anna, &c), KITH_ERR_REJECTED); /* skips version 2 */
    person_next_list(&ben, 3);
    assert_err(person_put_list(&ben, &c), KITH_ERR_REJECTED); /* another account's */
    anna.list.len = 20;
    assert_err(person_put_list(&anna, &c), KITH_ERR_MALFORMED);

    assert_err(get_lists(&c, &anna, 0, &count), KITH_OK);
    assert_int_equal(count, 1);
    assert_err(get_lists(&c, &ben, 0, &count), KITH_OK);
    assert_int_equal(count, 1);
    person_done(&anna);
    person_done(&ben);
    town_close(&t);
}

static void
two_devices_that_put_the_same_version_do_not_both_succeed(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    person anna;
    kith_err first = KITH_OK;
    kith_err second = KITH_OK;
    KITH_AUTO(kith_buf) base = {0};
    town_open_logged(&t);
    person_make(&t, &anna, 2);
    person_create(&anna);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 1, 2);
    assert_err(person_log_in(&anna, &c, 0), KITH_OK);
    assert_err(person_log_in(&anna, &d, 1), KITH_OK);
    assert_err(kith_buf_set(&base, kith_bytes_of_buf(&anna.list)), KITH_OK);

    person_next_list(&anna, 7);
    const proto_list_put in = {.list = kith_bytes_of_buf(&anna.list)};
    assert_err(proto_list_put_encode(client_body(&c), &in), KITH_OK);
    const uint32_t of_c = client_send(&c, PROTO_LIST_PUT);
    assert_err(kith_buf_set(&anna.list, kith_bytes_of_buf(&base)), KITH_OK);
    person_next_list(&anna, 11);
    const proto_list_put other = {.list = kith_bytes_of_buf(&anna.list)};
    assert_err(proto_list_put_encode(client_body(&d), &other), KITH_OK);
    const uint32_t of_d = client_send(&d, PROTO_LIST_PUT);
    town_run(&t);

    assert_true(client_find_answer(&c, of_c, &first));
    assert_true(client_find_answer(&d, of_d, &second));
    assert_err(first, KITH_OK);
    assert_err(second, KITH_ERR_REJECTED);
    person_done(&anna);
    town_close(&t);
}

static void
a_login_ends_when_a_newer_list_lacks_the_device(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    person anna;
    town_open_logged(&t);
    person_make(&t, &anna, 2);
    person_create(&anna);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 1, 2);
    assert_err(person_log_in(&anna, &c, 0), KITH_OK);
    assert_err(person_log_in(&anna, &d, 1), KITH_OK);
    client_body(&d);
    assert_err(client_ask(&d, PROTO_INBOX_SUBSCRIBE), KITH_OK);

    person_next_list(&anna, 1);
    assert_err(person_put_list(&anna, &c), KITH_OK);

    client_body(&d);
    assert_err(client_ask(&d, PROTO_KP_COUNT), KITH_ERR_DENIED);
    client_body(&c);
    assert_err(client_ask(&c, PROTO_KP_COUNT), KITH_OK);
    assert_err(person_log_in(&anna, &d, 1), KITH_ERR_DENIED);
    assert_int_equal(relay_stats_of(t.relay[1]).logins, 0);
    assert_int_equal(relay_stats_of(t.relay[1]).subscriptions, 0);
    person_done(&anna);
    town_close(&t);
}

static void
what_a_dropped_device_asked_for_in_the_same_moment_is_denied(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    person anna;
    kith_err err = KITH_OK;
    town_open_logged(&t);
    person_make(&t, &anna, 2);
    person_create(&anna);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 1, 2);
    assert_err(person_log_in(&anna, &c, 0), KITH_OK);
    assert_err(person_log_in(&anna, &d, 1), KITH_OK);

    person_next_list(&anna, 1);
    const proto_list_put in = {.list = kith_bytes_of_buf(&anna.list)};
    assert_err(proto_list_put_encode(client_body(&c), &in), KITH_OK);
    client_send(&c, PROTO_LIST_PUT);
    const proto_invite_put invite = {.expires_ms = t.now_ms + 1000};
    assert_err(proto_invite_put_encode(client_body(&d), &invite), KITH_OK);
    const uint32_t of_d = client_send(&d, PROTO_INVITE_PUT);
    town_run(&t);

    assert_true(client_find_answer(&d, of_d, &err));
    assert_err(err, KITH_ERR_DENIED);
    person_done(&anna);
    town_close(&t);
}

static void
attempts_to_make_accounts_and_lists_are_rationed(void **state)
{
    (void)state;
    town t;
    client c;
    person anna;
    town_open_logged(&t);
    t.env[0].config.rations[RELAY_RATION_ACCOUNT] = (relay_ration){2, 1000};
    t.env[0].config.rations[RELAY_RATION_DIRECTORY] = (relay_ration){2, 1000};
    town_restart(&t);
    person_make(&t, &anna, 1);
    client_open(&t, &c, 0, 1);

    assert_err(create_with(&c, &anna, t.operator_ticket), KITH_OK);
    assert_err(create_with(&c, &anna, t.operator_ticket), KITH_OK);
    assert_err(create_with(&c, &anna, t.operator_ticket), KITH_ERR_BUSY);
    assert_err(person_log_in(&anna, &c, 0), KITH_OK);
    assert_err(create_with(&c, &anna, t.operator_ticket), KITH_ERR_DENIED); /* logged in */
    assert_err(person_put_list(&anna, &c), KITH_OK);
    assert_err(person_put_list(&anna, &c), KITH_OK);
    assert_err(person_put_list(&anna, &c), KITH_ERR_BUSY);
    person_done(&anna);
    town_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_is_made_with_the_operators_ticket_and_its_list_is_served),
        cmocka_unit_test(an_unknown_ticket_makes_no_account),
        cmocka_unit_test(the_same_account_again_is_success_and_another_first_list_is_rejected),
        cmocka_unit_test(a_list_with_a_changed_byte_makes_no_account),
        cmocka_unit_test(a_members_ticket_makes_as_many_accounts_as_it_may_and_no_more),
        cmocka_unit_test(a_members_ticket_ends_when_it_expires),
        cmocka_unit_test(a_member_registers_as_many_tickets_as_allowed_and_each_once),
        cmocka_unit_test(a_device_logs_in_and_only_with_its_own_signature),
        cmocka_unit_test(nobody_logs_in_to_an_account_that_does_not_exist),
        cmocka_unit_test(failed_logins_are_rationed_for_the_source),
        cmocka_unit_test(the_next_list_is_taken_and_the_same_again_is_success),
        cmocka_unit_test(a_list_that_does_not_follow_is_rejected_and_changes_nothing),
        cmocka_unit_test(two_devices_that_put_the_same_version_do_not_both_succeed),
        cmocka_unit_test(a_login_ends_when_a_newer_list_lacks_the_device),
        cmocka_unit_test(what_a_dropped_device_asked_for_in_the_same_moment_is_denied),
        cmocka_unit_test(attempts_to_make_accounts_and_lists_are_rationed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
