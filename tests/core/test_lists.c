/* SPDX-License-Identifier: MPL-2.0 */
/* Device lists of others: a chain without a gap, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/home.h"

static home *h;
static party *p;
static ghost rose;

static int
setup(void **state)
{
    (void)state;
    h = home_new();
    p = home_party(h);
    ghost_make(h, &rose, 5);
    home_join(p, "Anna");
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    ghost_done(&rose);
    home_free(h);
    return 0;
}

static void
want(const uint8_t account[CORE_ACCOUNT_LEN], uint64_t version)
{
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(core_list_want(p->core, account, version), KITH_OK);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
    home_run(h);
}

/* How the last thing that was said about Rose's list went; KITH_ERR_COUNT: nothing was. */
static kith_err
heard(void)
{
    const core_convs *convs = p->core->convs;
    kith_err err = KITH_ERR_COUNT;

    for (size_t i = 0; i < convs->list_count; i++) {
        if (memcmp(convs->lists[i].account, rose.id, sizeof rose.id) == 0) {
            err = convs->lists[i].err;
        }
    }
    return err;
}

static void
ghost_lists(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ghost_list(h, &rose);
    }
}

static void
a_wanted_list_comes_with_all_its_predecessors(void **state)
{
    KITH_AUTO(kith_buf) list = {0};
    (void)state;

    ghost_lists(3);
    want(rose.id, 2);

    assert_int_equal(heard(), KITH_OK);
    assert_int_equal(core_list_newest(p->core, rose.id), 3);
    assert_int_equal(core_list_get(p->core, rose.id, 1, &list), KITH_OK);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&list),
                                 kith_bytes_of_buf(&home_account_of(h, rose.id)->lists[0])));
    assert_int_equal(core_list_get(p->core, rose.id, 4, &list), KITH_ERR_NOT_FOUND);
}

static void
more_lists_than_one_answer_holds_are_fetched_in_several(void **state)
{
    (void)state;

    const size_t before = p->seen[PROTO_LIST_FIND];
    ghost_lists(2 * PROTO_LISTS_MAX + 2);
    want(rose.id, 0);

    assert_int_equal(core_list_newest(p->core, rose.id), 2 * PROTO_LISTS_MAX + 2);
    assert_int_equal(p->seen[PROTO_LIST_FIND] - before, 3);
    assert_int_equal(heard(), KITH_OK);
}

static void
as_many_lists_as_one_answer_holds_and_the_newest_come_at_once(void **state)
{
    (void)state;

    const size_t before = p->seen[PROTO_LIST_FIND];
    ghost_lists(PROTO_LISTS_MAX + 1);
    want(rose.id, 0);

    assert_int_equal(core_list_newest(p->core, rose.id), PROTO_LISTS_MAX + 1);
    assert_int_equal(p->seen[PROTO_LIST_FIND] - before, 1);
    assert_int_equal(heard(), KITH_OK);
}

static void
an_unknown_account_is_not_found(void **state)
{
    (void)state;

    want(rose.id, 0);
    assert_int_equal(heard(), KITH_ERR_NOT_FOUND);
}

static void
a_version_that_does_not_exist_is_not_found(void **state)
{
    (void)state;

    ghost_lists(2);
    want(rose.id, 3);
    assert_int_equal(heard(), KITH_ERR_NOT_FOUND);
    assert_int_equal(core_list_newest(p->core, rose.id), 2);
}

static void
a_version_that_is_held_needs_no_request(void **state)
{
    (void)state;

    ghost_lists(2);
    want(rose.id, 0);
    const size_t asked = p->seen[PROTO_LIST_FIND];
    p->core->convs->list_count = 0;
    want(rose.id, 2);

    assert_int_equal(heard(), KITH_OK);
    assert_int_equal(p->seen[PROTO_LIST_FIND], asked);
}

static void
wishes_for_one_account_share_a_request(void **state)
{
    (void)state;

    ghost_lists(1);
    h->hold[PROTO_LIST_FIND] = true;
    want(rose.id, 0);
    want(rose.id, 1);
    want(rose.id, 0);
    assert_int_equal(p->held_count, 1);

    home_request request = party_take(p, PROTO_LIST_FIND);
    h->hold[PROTO_LIST_FIND] = false;
    party_refuse(p, &request, KITH_ERR_NOT_FOUND);
    home_request_done(&request);
    assert_int_equal(heard(), KITH_ERR_NOT_FOUND);
}

static void
a_version_wished_for_while_the_answer_was_on_its_way_is_asked_for_again(void **state)
{
    KITH_AUTO(kith_buf) body = {0};
    (void)state;

    ghost_lists(1);
    h->hold[PROTO_LIST_FIND] = true;
    want(rose.id, 0);
    home_request request = party_take(p, PROTO_LIST_FIND);
    assert_int_equal(home_answer(p, request.type, kith_bytes_of_buf(&request.body), &body),
                     KITH_OK);
    ghost_lists(1);
    want(rose.id, 2);
    h->hold[PROTO_LIST_FIND] = false;
    party_answer(p, &request, kith_bytes_of_buf(&body));
    home_run(h);
    home_request_done(&request);

    assert_int_equal(heard(), KITH_OK);
    assert_int_equal(core_list_newest(p->core, rose.id), 2);
}

static void
a_wish_survives_a_lost_connection(void **state)
{
    (void)state;

    ghost_lists(1);
    h->hold[PROTO_LIST_FIND] = true;
    want(rose.id, 0);
    h->hold[PROTO_LIST_FIND] = false;
    party_cut(p, CORE_LINK_ANON);
    home_pass(h, 1000);

    assert_int_equal(heard(), KITH_OK);
}

static void
another_chain_is_refused_and_an_alarm(void **state)
{
    (void)state;

    ghost_lists(2);
    want(rose.id, 0);
    /* The server shows a version 3 that follows another version 2. */
    home_account *account = home_account_of(h, rose.id);
    h->now_ms += 5;
    kith_buf_done(&account->lists[1]);
    account->count = 1;
    ghost_lists(2);
    want(rose.id, 3);

    assert_int_equal(heard(), KITH_ERR_REJECTED);
    assert_true(party_alarm(p, "list"));
    assert_memory_equal(party_event(p, CORE_EVENT_ALARM)->account, rose.id, sizeof rose.id);
    assert_int_equal(core_list_newest(p->core, rose.id), 2);
}

static void
a_gap_is_refused_and_nothing_of_it_is_kept(void **state)
{
    (void)state;

    ghost_lists(3);
    home_account *account = home_account_of(h, rose.id);
    kith_buf_done(&account->lists[1]);
    account->lists[1] = account->lists[2];
    account->lists[2] = (kith_buf){0};
    account->count = 2;
    want(rose.id, 0);

    assert_int_equal(heard(), KITH_ERR_REJECTED);
    assert_int_equal(core_list_newest(p->core, rose.id), 0);
}

static void
a_forged_signature_is_refused(void **state)
{
    (void)state;

    ghost_lists(1);
    kith_buf *list = &home_account_of(h, rose.id)->lists[0];
    list->data[list->len - 10] ^= 1;
    want(rose.id, 0);

    assert_int_equal(heard(), KITH_ERR_REJECTED);
    assert_int_equal(core_list_newest(p->core, rose.id), 0);
}

static void
lists_that_do_not_parse_are_the_servers_fault(void **state)
{
    const uint8_t junk[] = {0, 0, 0, 9, 1};
    (void)state;

    h->hold[PROTO_LIST_FIND] = true;
    want(rose.id, 0);
    home_request request = party_take(p, PROTO_LIST_FIND);
    party_answer(p, &request, KITH_BYTES(junk));
    home_request_done(&request);

    assert_int_equal(p->recv_err, KITH_ERR_MALFORMED);
}

static void
changed_lists_of_a_contact_are_told(void **state)
{
    KITH_AUTO(kith_buf) link = {0};
    uint64_t op = 0;
    (void)state;

    ghost_lists(1);
    ghost_link(h, &rose, &link);
    assert_int_equal(party_join(p, kith_bytes_of_buf(&link), "", &op), KITH_OK);
    home_run(h);
    const size_t told = party_events(p, CORE_EVENT_PERSON);
    ghost_lists(1);
    want(rose.id, 2);

    assert_true(party_events(p, CORE_EVENT_PERSON) > told);
}

static void
the_own_list_is_looked_at_after_each_login_and_twice_a_day(void **state)
{
    (void)state;

    home_run(h);
    const size_t first = p->seen[PROTO_LIST_FIND];
    assert_true(first >= 1);
    party_cut(p, CORE_LINK_NAMED);
    home_pass(h, 1000);
    assert_int_equal(p->seen[PROTO_LIST_FIND], first + 1);
    home_pass(h, 24ull * 3600000);
    assert_in_range(p->seen[PROTO_LIST_FIND], first + 2, first + 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wanted_list_comes_with_all_its_predecessors),
        TEST(more_lists_than_one_answer_holds_are_fetched_in_several),
        TEST(as_many_lists_as_one_answer_holds_and_the_newest_come_at_once),
        TEST(an_unknown_account_is_not_found),
        TEST(a_version_that_does_not_exist_is_not_found),
        TEST(a_version_that_is_held_needs_no_request),
        TEST(wishes_for_one_account_share_a_request),
        TEST(a_version_wished_for_while_the_answer_was_on_its_way_is_asked_for_again),
        TEST(a_wish_survives_a_lost_connection),
        TEST(another_chain_is_refused_and_an_alarm),
        TEST(a_gap_is_refused_and_nothing_of_it_is_kept),
        TEST(a_forged_signature_is_refused),
        TEST(lists_that_do_not_parse_are_the_servers_fault),
        TEST(changed_lists_of_a_contact_are_told),
        TEST(the_own_list_is_looked_at_after_each_login_and_twice_a_day),
    };

    return cmocka_run_group_tests_name("core-lists", tests, NULL, NULL);
}
