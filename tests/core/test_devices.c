/* SPDX-License-Identifier: MPL-2.0 */
/* Changes of the own list: published once, made anew when another own device was faster. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/home.h"

static home *h;
static party *p;
static ghost phone; /* another device of the same account */
static ghost tablet;

/* One more list of the own account, signed as another own device would: with these ghosts' devices beside this one. */
static void
publish(const ghost *const *others, size_t count)
{
    const core_account own = core_account_get(p->core);
    home_account *account = home_account_of(h, own.account);
    proto_device devices[3] = {
        {.signature_key = crypto_sign_key_public(p->core->device_key), .added_ms = HOME_NOW}};
    const proto_list_draft draft = {
        .account_key = p->core->account_key,
        .previous = kith_bytes_of_buf(&account->lists[account->count - 1]),
        .devices = devices,
        .device_count = 1 + count,
        .issued_ms = h->now_ms,
    };

    for (size_t i = 0; i < count; i++) {
        devices[i + 1] = (proto_device){.signature_key = crypto_sign_key_public(others[i]->device)};
    }
    assert_int_equal(proto_list_make(h->crypto, &draft, &account->lists[account->count]), KITH_OK);
    account->count++;
}

static void
refresh(void)
{
    party_cut(p, CORE_LINK_NAMED);
    home_pass(h, 1000);
}

static int
setup(void **state)
{
    (void)state;
    h = home_new();
    p = home_party(h);
    ghost_make(h, &phone, 5);
    ghost_make(h, &tablet, 6);
    home_join(p, "Anna");
    publish((const ghost *[]){&phone}, 1);
    refresh();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    ghost_done(&phone);
    ghost_done(&tablet);
    home_free(h);
    return 0;
}

static size_t
count_devices(void)
{
    core_device device = {0};
    uint32_t cursor = 0;

    while (core_device_next(p->core, &cursor, &device)) {
    }
    return cursor;
}

static uint64_t
remove_device(const ghost *g)
{
    uint64_t op = 0;

    assert_int_equal(core_device_remove(p->core, g->device_id, h->now_ms, &op), KITH_OK);
    home_run(h);
    return op;
}

static void
a_device_that_another_one_added_is_seen(void **state)
{
    (void)state;

    assert_int_equal(count_devices(), 2);
    assert_int_equal(core_account_get(p->core).list_version, 2);
    assert_true(party_events(p, CORE_EVENT_DEVICES) >= 1);
    const size_t events = party_events(p, CORE_EVENT_DEVICES);
    refresh();
    assert_int_equal(party_events(p, CORE_EVENT_DEVICES), events);
}

static void
conversations_follow_the_own_list(void **state)
{
    const core_convs *convs = p->core->convs;
    const core_account own = core_account_get(p->core);
    (void)state;

    assert_true(convs->list_count > 0);
    assert_memory_equal(convs->lists[convs->list_count - 1].account, own.account,
                        sizeof own.account);
    assert_int_equal(convs->lists[convs->list_count - 1].err, KITH_OK);
}

static void
a_removed_device_is_on_the_next_list_no_more(void **state)
{
    proto_list list = {0};
    (void)state;

    const uint64_t op = remove_device(&phone);

    assert_int_equal(party_op(p, op), KITH_OK);
    assert_int_equal(count_devices(), 1);
    const home_account *account = home_account_of(h, core_account_get(p->core).account);
    assert_int_equal(account->count, 3);
    assert_int_equal(proto_list_check_next(h->crypto, kith_bytes_of_buf(&account->lists[1]),
                                           kith_bytes_of_buf(&account->lists[2]), &list),
                     KITH_OK);
    assert_null(proto_list_find(&list, phone.device_id));
    assert_int_equal(core_account_get(p->core).list_version, 3);
}

static void
this_device_and_unknown_ones_cannot_be_removed(void **state)
{
    uint64_t op = 0;
    const core_account own = core_account_get(p->core);
    (void)state;

    assert_int_equal(core_device_remove(p->core, own.device, h->now_ms, &op), KITH_ERR_DENIED);
    assert_int_equal(core_device_remove(p->core, tablet.device_id, h->now_ms, &op),
                     KITH_ERR_NOT_FOUND);
    party *other = home_party(h);
    assert_int_equal(core_device_remove(other->core, own.device, h->now_ms, &op), KITH_ERR_DENIED);
}

static void
a_lost_answer_repeats_the_same_list(void **state)
{
    (void)state;

    h->hold[PROTO_LIST_PUT] = true;
    const uint64_t op = remove_device(&phone);
    home_request first = party_take(p, PROTO_LIST_PUT);
    h->now_ms += 1000;
    party_restart(p);
    home_run(h);
    home_request second = party_take(p, PROTO_LIST_PUT);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&first.body), kith_bytes_of_buf(&second.body)));
    assert_int_equal(party_op(p, op), KITH_ERR_COUNT);

    /* The first one had reached the server after all. */
    proto_list_put put = {0};
    home_account *account = home_account_of(h, core_account_get(p->core).account);
    assert_int_equal(proto_list_put_decode(kith_bytes_of_buf(&first.body), &put), KITH_OK);
    assert_int_equal(kith_buf_set(&account->lists[account->count++], put.list), KITH_OK);
    h->hold[PROTO_LIST_PUT] = false;
    refresh();
    assert_int_equal(party_op(p, op), KITH_OK);
    assert_int_equal(account->count, 3);
    home_request_done(&first);
    home_request_done(&second);
}

static void
expect_redone(kith_err refusal)
{
    h->hold[PROTO_LIST_PUT] = true;
    const uint64_t op = remove_device(&phone);
    publish((const ghost *[]){&phone, &tablet}, 2);
    home_request request = party_take(p, PROTO_LIST_PUT);
    h->hold[PROTO_LIST_PUT] = false;
    party_refuse(p, &request, refusal);
    home_request_done(&request);
    home_run(h);

    assert_int_equal(party_op(p, op), KITH_OK);
    assert_int_equal(core_account_get(p->core).list_version, 4);
    assert_int_equal(count_devices(), 2);
}

static void
a_change_is_made_anew_on_top_of_a_faster_one(void **state)
{
    (void)state;
    expect_redone(KITH_ERR_CONFLICT);
}

static void
a_rejected_list_is_made_anew_when_there_is_a_newer_one(void **state)
{
    (void)state;
    expect_redone(KITH_ERR_REJECTED);
}

static void
a_rejected_list_without_a_newer_one_ends_the_operation(void **state)
{
    (void)state;

    h->refuse[PROTO_LIST_PUT] = KITH_ERR_REJECTED;
    const uint64_t op = remove_device(&phone);

    assert_int_equal(party_op(p, op), KITH_ERR_REJECTED);
    assert_int_equal(count_devices(), 2);
    assert_int_equal(p->seen[PROTO_LIST_PUT], 1);
}

static void
a_device_that_is_gone_already_is_removed(void **state)
{
    (void)state;

    h->hold[PROTO_LIST_PUT] = true;
    const uint64_t op = remove_device(&phone);
    publish(NULL, 0);
    h->hold[PROTO_LIST_PUT] = false;
    refresh();

    assert_int_equal(party_op(p, op), KITH_OK);
    assert_int_equal(core_account_get(p->core).list_version, 3);
    assert_int_equal(count_devices(), 1);
}

static void
two_removals_follow_each_other(void **state)
{
    (void)state;

    publish((const ghost *[]){&phone, &tablet}, 2);
    refresh();
    h->is_down = true;
    party_cut(p, CORE_LINK_NAMED);
    const uint64_t first = remove_device(&phone);
    const uint64_t second = remove_device(&tablet);
    h->is_down = false;
    home_pass(h, 2000);

    assert_int_equal(party_op(p, first), KITH_OK);
    assert_int_equal(party_op(p, second), KITH_OK);
    assert_int_equal(core_account_get(p->core).list_version, 5);
    assert_int_equal(count_devices(), 1);
}

static void
a_busy_server_gets_the_list_later(void **state)
{
    (void)state;

    h->refuse[PROTO_LIST_PUT] = KITH_ERR_BUSY;
    const uint64_t op = remove_device(&phone);
    assert_int_equal(party_op(p, op), KITH_ERR_COUNT);
    assert_int_equal(p->seen[PROTO_LIST_PUT], 1);
    h->refuse[PROTO_LIST_PUT] = KITH_OK;
    home_pass(h, 3000);

    assert_int_equal(party_op(p, op), KITH_OK);
}

static void
a_refusal_of_another_kind_ends_the_operation(void **state)
{
    (void)state;

    h->refuse[PROTO_LIST_PUT] = KITH_ERR_DENIED;
    const uint64_t op = remove_device(&phone);

    assert_int_equal(party_op(p, op), KITH_ERR_DENIED);
    party_restart(p);
    h->refuse[PROTO_LIST_PUT] = KITH_OK;
    home_run(h);
    assert_int_equal(count_devices(), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_device_that_another_one_added_is_seen),
        TEST(conversations_follow_the_own_list),
        TEST(a_removed_device_is_on_the_next_list_no_more),
        TEST(this_device_and_unknown_ones_cannot_be_removed),
        TEST(a_lost_answer_repeats_the_same_list),
        TEST(a_change_is_made_anew_on_top_of_a_faster_one),
        TEST(a_rejected_list_is_made_anew_when_there_is_a_newer_one),
        TEST(a_rejected_list_without_a_newer_one_ends_the_operation),
        TEST(a_device_that_is_gone_already_is_removed),
        TEST(two_removals_follow_each_other),
        TEST(a_busy_server_gets_the_list_later),
        TEST(a_refusal_of_another_kind_ends_the_operation),
    };

    return cmocka_run_group_tests_name("core-devices", tests, NULL, NULL);
}
