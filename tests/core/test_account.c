/* SPDX-License-Identifier: MPL-2.0 */
/* Making an account, keeping it, logging in, being removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/home.h"

static home *h;
static party *p;

static int
setup(void **state)
{
    (void)state;
    h = home_new();
    p = home_party(h);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    home_free(h);
    return 0;
}

static kith_err
join_home(const char *name, uint64_t *op)
{
    KITH_AUTO(kith_buf) link = {0};

    home_link(h, &link);
    return party_join(p, kith_bytes_of_buf(&link), name, op);
}

static void
an_operators_link_makes_an_account(void **state)
{
    core_device device = {0};
    uint32_t cursor = 0;
    uint8_t conv[CORE_CONV_LEN];
    (void)state;

    home_join(p, "Anna");

    const core_account account = core_account_get(p->core);
    assert_string_equal(account.name, "Anna");
    assert_string_equal(account.host, "home.example");
    assert_int_equal(account.port, 5484);
    assert_int_equal(account.list_version, 1);
    assert_true(core_account_is_own(p->core, account.account));
    assert_int_equal(core_conv_own(p->core, conv), KITH_OK);
    assert_int_equal(party_events(p, CORE_EVENT_ACCOUNT), 1);
    assert_true(core_device_next(p->core, &cursor, &device));
    assert_memory_equal(device.device, account.device, sizeof device.device);
    assert_string_equal(device.name, "laptop");
    assert_true(device.is_this);
    assert_false(core_device_next(p->core, &cursor, &device));
}

static void
the_ticket_is_that_of_the_link_and_the_list_has_this_device(void **state)
{
    uint64_t op = 0;
    const uint8_t secret[PROTO_LINK_SECRET_LEN] = {1, 2, 3};
    uint8_t ticket[PROTO_ID_LEN];
    proto_account_create create = {0};
    proto_list list = {0};
    (void)state;

    h->hold[PROTO_ACCOUNT_CREATE] = true;
    assert_int_equal(join_home("Anna", &op), KITH_OK);
    home_run(h);
    home_request request = party_take(p, PROTO_ACCOUNT_CREATE);

    assert_int_equal(proto_account_create_decode(kith_bytes_of_buf(&request.body), &create),
                     KITH_OK);
    assert_int_equal(proto_ticket(h->crypto, secret, ticket), KITH_OK);
    assert_memory_equal(create.ticket, ticket, sizeof ticket);
    assert_int_equal(proto_list_check_first(h->crypto, create.list, NULL, &list), KITH_OK);
    assert_non_null(proto_list_find(&list, core_account_get(p->core).device));
    home_request_done(&request);
}

static void
an_account_survives_a_restart(void **state)
{
    (void)state;

    home_join(p, "Anna");
    const core_account before = core_account_get(p->core);
    party_restart(p);
    home_run(h);

    const core_account after = core_account_get(p->core);
    assert_memory_equal(before.account, after.account, sizeof before.account);
    assert_memory_equal(before.device, after.device, sizeof before.device);
    assert_string_equal(after.name, "Anna");
    assert_int_equal(after.state, CORE_ACCOUNT_READY);
    assert_true(after.online);
    assert_int_equal(p->seen[PROTO_ACCOUNT_CREATE], 1);
}

static void
a_lost_answer_is_asked_for_again_with_the_same_bytes(void **state)
{
    uint64_t op = 0;
    (void)state;

    h->hold[PROTO_ACCOUNT_CREATE] = true;
    assert_int_equal(join_home("Anna", &op), KITH_OK);
    home_run(h);
    home_request first = party_take(p, PROTO_ACCOUNT_CREATE);
    party_restart(p);
    assert_int_equal(core_account_get(p->core).state, CORE_ACCOUNT_MAKING);
    home_run(h);
    home_request second = party_take(p, PROTO_ACCOUNT_CREATE);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&first.body), kith_bytes_of_buf(&second.body)));

    party_cut(p, CORE_LINK_NAMED);
    h->hold[PROTO_ACCOUNT_CREATE] = false;
    home_pass(h, 1000);
    assert_int_equal(party_op(p, op), KITH_OK);
    assert_int_equal(core_account_get(p->core).state, CORE_ACCOUNT_READY);
    home_request_done(&first);
    home_request_done(&second);
}

static void
a_spent_ticket_leaves_nothing_behind_and_another_can_be_tried(void **state)
{
    uint64_t op = 0;
    (void)state;

    h->refuse[PROTO_ACCOUNT_CREATE] = KITH_ERR_DENIED;
    assert_int_equal(join_home("Anna", &op), KITH_OK);
    home_run(h);
    assert_int_equal(party_op(p, op), KITH_ERR_DENIED);
    assert_int_equal(core_account_get(p->core).state, CORE_ACCOUNT_NONE);
    assert_false(p->is_up[CORE_LINK_NAMED]);

    h->refuse[PROTO_ACCOUNT_CREATE] = KITH_OK;
    home_join(p, "Anna");
}

static void
a_busy_server_is_asked_again(void **state)
{
    uint64_t op = 0;
    (void)state;

    h->refuse[PROTO_ACCOUNT_CREATE] = KITH_ERR_BUSY;
    assert_int_equal(join_home("Anna", &op), KITH_OK);
    home_run(h);
    assert_int_equal(party_op(p, op), KITH_ERR_COUNT);

    h->refuse[PROTO_ACCOUNT_CREATE] = KITH_OK;
    home_pass(h, 3000);
    assert_int_equal(party_op(p, op), KITH_OK);
}

static void
joining_without_a_server_waits(void **state)
{
    uint64_t op = 0;
    (void)state;

    h->is_down = true;
    assert_int_equal(join_home("Anna", &op), KITH_OK);
    home_pass(h, 600000);
    assert_int_equal(core_account_get(p->core).state, CORE_ACCOUNT_MAKING);
    assert_int_equal(core_rename(p->core, kith_bytes_of_text("Bo"), h->now_ms), KITH_ERR_DENIED);

    h->is_down = false;
    home_pass(h, CORE_DIAL_PAUSE_MAX_MS);
    assert_int_equal(party_op(p, op), KITH_OK);
}

static void
what_cannot_be_joined_is_refused(void **state)
{
    KITH_AUTO(kith_buf) link = {0};
    uint64_t op = 0;
    char long_name[CORE_NAME_MAX + 2] = {0};
    (void)state;

    home_link(h, &link);
    const kith_bytes good = kith_bytes_of_buf(&link);
    memset(long_name, 'x', CORE_NAME_MAX + 1);
    assert_int_equal(party_join(p, kith_bytes_of_text("http://x/"), "Anna", &op),
                     KITH_ERR_MALFORMED);
    assert_int_equal(party_join(p, good, "", &op), KITH_ERR_INVALID);
    assert_int_equal(party_join(p, good, long_name, &op), KITH_ERR_LIMIT);
    assert_int_equal(party_join(p, good, "An\nna", &op), KITH_ERR_MALFORMED);
    assert_int_equal(party_join(p, good, "An\xff", &op), KITH_ERR_MALFORMED);
    assert_int_equal(fake_store_count(p->store), 0);

    long_name[CORE_NAME_MAX] = '\0';
    assert_int_equal(party_join(p, good, long_name, &op), KITH_OK);
    assert_int_equal(party_join(p, good, "Anna", &op), KITH_ERR_CONFLICT);
    home_run(h);
    assert_int_equal(party_join(p, good, "Anna", &op), KITH_ERR_EXISTS);
}

static void
a_text_at_the_limit_is_taken_and_one_beyond_is_not(void **state)
{
    KITH_AUTO(kith_buf) link = {0};
    KITH_AUTO(kith_buf) text = {0};
    uint8_t *bytes = NULL;
    uint64_t op = 0;
    (void)state;

    home_link(h, &link);
    assert_int_equal(kith_buf_extend(&text, CORE_TEXT_MAX + 1, &bytes), KITH_OK);
    memset(bytes, 'x', CORE_TEXT_MAX + 1);
    core_join join = {.link = kith_bytes_of_buf(&link),
                      .name = kith_bytes_of_text("Anna"),
                      .text = kith_bytes_of(text.data, CORE_TEXT_MAX + 1)};
    assert_int_equal(core_join_link(p->core, &join, h->now_ms, &op), KITH_ERR_LIMIT);

    join.text.len = CORE_TEXT_MAX;
    assert_int_equal(core_join_link(p->core, &join, h->now_ms, &op), KITH_OK);
}

static void
a_new_name_is_told_to_everybody(void **state)
{
    ghost rose;
    KITH_AUTO(kith_buf) link = {0};
    uint64_t op = 0;
    (void)state;

    ghost_make(h, &rose, 5);
    ghost_list(h, &rose);
    ghost_link(h, &rose, &link);
    home_join(p, "Anna");
    assert_int_equal(party_join(p, kith_bytes_of_buf(&link), "", &op), KITH_OK);
    home_run(h);
    core_convs *convs = p->core->convs;
    convs->said_count = 0;

    assert_int_equal(core_rename(p->core, kith_bytes_of_text("Bo"), h->now_ms), KITH_OK);

    assert_string_equal(core_account_get(p->core).name, "Bo");
    assert_int_equal(convs->said_count, 2);
    assert_true(convs->said[0].to_own);
    assert_int_equal(convs->said[1].control.type, CONTENT_CONTROL_PROFILE);
    assert_true(kith_bytes_equal(convs->said[1].control.as.profile.name, kith_bytes_of_text("Bo")));
    party_restart(p);
    assert_string_equal(core_account_get(p->core).name, "Bo");
    ghost_done(&rose);
}

static void
a_name_that_is_none_is_refused(void **state)
{
    char name[CORE_NAME_MAX + 2] = {0};
    (void)state;

    home_join(p, "Anna");
    memset(name, 'x', CORE_NAME_MAX + 1);
    assert_int_equal(core_rename(p->core, (kith_bytes){0}, h->now_ms), KITH_ERR_INVALID);
    assert_int_equal(core_rename(p->core, kith_bytes_of_text(name), h->now_ms), KITH_ERR_LIMIT);
    assert_int_equal(core_rename(p->core, kith_bytes_of_text("\xc0"), h->now_ms),
                     KITH_ERR_MALFORMED);
    name[CORE_NAME_MAX] = '\0';
    assert_int_equal(core_rename(p->core, kith_bytes_of_text(name), h->now_ms), KITH_OK);
}

/* A list of the account without this device, signed as another own device would. */
static void
remove_this_device(void)
{
    const core_account own = core_account_get(p->core);
    home_account *account = home_account_of(h, own.account);
    ghost other;

    ghost_make(h, &other, 77);
    const proto_device device = {.signature_key = crypto_sign_key_public(other.device)};
    const proto_list_draft draft = {
        .account_key = p->core->account_key,
        .previous = kith_bytes_of_buf(&account->lists[account->count - 1]),
        .devices = &device,
        .device_count = 1,
    };
    assert_int_equal(proto_list_make(h->crypto, &draft, &account->lists[account->count]), KITH_OK);
    account->count++;
    ghost_done(&other);
}

static void
a_device_that_was_removed_finds_out_and_falls_silent(void **state)
{
    KITH_AUTO(kith_buf) link = {0};
    KITH_AUTO(kith_buf) invite = {0};
    uint64_t op = 0;
    (void)state;

    home_join(p, "Anna");
    remove_this_device();
    party_cut(p, CORE_LINK_NAMED);
    home_pass(h, 1000);

    assert_int_equal(core_account_get(p->core).state, CORE_ACCOUNT_REMOVED);
    assert_int_equal(core_account_get(p->core).list_version, 2);
    assert_false(p->is_up[CORE_LINK_NAMED]);
    assert_false(p->is_up[CORE_LINK_ANON]);
    const size_t dials = p->dials[CORE_LINK_NAMED];
    home_pass(h, 3600000);
    assert_int_equal(p->dials[CORE_LINK_NAMED], dials);
    home_link(h, &link);
    assert_int_equal(party_join(p, kith_bytes_of_buf(&link), "Anna", &op), KITH_ERR_DENIED);
    assert_int_equal(core_invite_create(p->core, h->now_ms, &invite), KITH_ERR_DENIED);
    party_restart(p);
    assert_int_equal(core_account_get(p->core).state, CORE_ACCOUNT_REMOVED);
}

static void
a_login_refused_without_a_reason_is_an_alarm_and_tried_again(void **state)
{
    (void)state;

    home_join(p, "Anna");
    h->refuse[PROTO_LOGIN] = KITH_ERR_DENIED;
    party_cut(p, CORE_LINK_NAMED);
    home_pass(h, 2000);
    assert_true(party_alarm(p, "login"));
    assert_int_equal(core_account_get(p->core).state, CORE_ACCOUNT_READY);

    h->refuse[PROTO_LOGIN] = KITH_OK;
    home_pass(h, CORE_DIAL_PAUSE_MAX_MS);
    assert_true(core_account_get(p->core).online);
}

static void
a_leaf_says_whose_device_it_is(void **state)
{
    KITH_AUTO(kith_buf) identity = {0};
    KITH_AUTO(kith_buf) bytes = {0};
    mls_leaf_params leaf = {0};
    proto_list list = {0};
    (void)state;

    home_join(p, "Anna");
    const core_account account = core_account_get(p->core);
    assert_int_equal(core_account_leaf(p->core, &identity, &leaf), KITH_OK);
    assert_int_equal(core_list_get(p->core, account.account, 1, &bytes), KITH_OK);
    assert_int_equal(proto_list_decode(kith_bytes_of_buf(&bytes), &list), KITH_OK);

    assert_int_equal(proto_leaf_check(h->crypto, leaf.identity.data,
                                      crypto_sign_key_public(p->core->device_key), &list),
                     KITH_OK);
}

static void
there_is_no_leaf_without_an_account(void **state)
{
    KITH_AUTO(kith_buf) identity = {0};
    mls_leaf_params leaf = {0};
    (void)state;

    assert_int_equal(core_account_leaf(p->core, &identity, &leaf), KITH_ERR_DENIED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_operators_link_makes_an_account),
        TEST(the_ticket_is_that_of_the_link_and_the_list_has_this_device),
        TEST(an_account_survives_a_restart),
        TEST(a_lost_answer_is_asked_for_again_with_the_same_bytes),
        TEST(a_spent_ticket_leaves_nothing_behind_and_another_can_be_tried),
        TEST(a_busy_server_is_asked_again),
        TEST(joining_without_a_server_waits),
        TEST(what_cannot_be_joined_is_refused),
        TEST(a_text_at_the_limit_is_taken_and_one_beyond_is_not),
        TEST(a_new_name_is_told_to_everybody),
        TEST(a_name_that_is_none_is_refused),
        TEST(a_device_that_was_removed_finds_out_and_falls_silent),
        TEST(a_login_refused_without_a_reason_is_an_alarm_and_tried_again),
        TEST(a_leaf_says_whose_device_it_is),
        TEST(there_is_no_leaf_without_an_account),
    };

    return cmocka_run_group_tests_name("core-account", tests, NULL, NULL);
}
