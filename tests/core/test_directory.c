/* SPDX-License-Identifier: MPL-2.0 */
/* Which log the directory has: pinned, replaced, denied [docs/wire.md §10]. */
#include "core/reading.h"

static void
the_first_log_is_pinned_and_asked_for_on_every_connection(void **state)
{
    (void)state;

    const core_log log = core_log_get(p->core);
    assert_true(log.is_known);
    assert_int_equal(log.generation, 1);
    assert_int_equal(log.size, fake_directory_size(h->log));
    assert_int_equal(log.newest_ms, h->now_ms);
    assert_int_equal(p->seen[PROTO_LOG_CONFIG], 2);

    reconnect();
    assert_int_equal(p->seen[PROTO_LOG_CONFIG], 4);
    assert_no_alarm();
}

static void
what_is_known_of_the_log_survives_a_restart(void **state)
{
    (void)state;

    const uint64_t size = core_log_get(p->core).size;
    party_restart(p);
    assert_int_equal(core_log_get(p->core).size, size);
    home_run(h);
    assert_int_equal(core_log_get(p->core).size, size);
    assert_no_alarm();
}

static void
another_log_of_the_same_generation_stops_all_sending(void **state)
{
    (void)state;

    home_log_replace(h, fake_directory_other(h->crypto, 42));
    reconnect();

    assert_true(party_alarm(p, "directory"));
    assert_true(core_is_silent(p->core));
    assert_true(core_log_get(p->core).is_silent);
    party_restart(p);
    assert_true(core_is_silent(p->core));
    home_run(h);
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
}

static void
a_person_may_go_on_with_another_log(void **state)
{
    (void)state;

    assert_int_equal(core_go_on(p->core, h->now_ms), KITH_ERR_INVALID);
    home_log_replace(h, fake_directory_other(h->crypto, 42));
    reconnect();
    assert_int_equal(core_go_on(p->core, h->now_ms), KITH_OK);
    home_run(h);

    assert_false(core_is_silent(p->core));
    ghost_list(h, &rose);
    assert_int_equal(want_rose(1), KITH_OK);
    assert_int_equal(core_log_get(p->core).size, fake_directory_size(h->log));
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
}

static void
a_log_that_takes_the_place_of_a_lost_one_is_told_and_continues_the_lists(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    assert_int_equal(want_rose(1), KITH_OK);
    home_log_replace(h, fake_directory_new(h->crypto, 42, 2));
    reconnect();

    assert_true(party_alarm(p, "renewed"));
    assert_false(core_is_silent(p->core));
    assert_int_equal(core_log_get(p->core).generation, 2);
    ghost_list(h, &rose);
    assert_int_equal(want_rose(2), KITH_OK);
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
}

static void
lists_that_a_new_log_does_not_continue_are_refused(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    ghost_list(h, &rose);
    assert_int_equal(want_rose(2), KITH_OK);
    home_account *account = home_account_of(h, rose.id);
    kith_buf_done(&account->lists[1]);
    account->count = 1;
    home_log_replace(h, fake_directory_new(h->crypto, 42, 2));
    reconnect();

    assert_int_equal(want_rose(0), KITH_ERR_REJECTED);
    assert_true(party_alarm(p, "list"));
    assert_int_equal(core_list_newest(p->core, rose.id), 2);
}

static void
a_generation_that_was_skipped_is_taken_and_one_before_is_not(void **state)
{
    (void)state;

    home_log_replace(h, fake_directory_new(h->crypto, 42, 3));
    reconnect();
    assert_int_equal(core_log_get(p->core).generation, 3);
    assert_false(core_is_silent(p->core));
    home_log_replace(h, fake_directory_new(h->crypto, 42, 2));
    reconnect();

    assert_true(core_is_silent(p->core));
    assert_int_equal(core_log_get(p->core).generation, 3);
}

static void
a_new_generation_of_another_log_stops_all_sending(void **state)
{
    KITH_AUTO(kith_buf) forged = {0};
    KITH_AUTO(kith_buf) body = {0};
    fake_directory *other = fake_directory_other(h->crypto, 42);
    (void)state;

    fake_directory_succeed(other, &forged);
    h->hold[PROTO_LOG_CONFIG] = true;
    reconnect();
    home_request request = party_take(p, PROTO_LOG_CONFIG);
    const proto_log_config_answer answer = {.log = kith_bytes_of_buf(&forged)};
    assert_int_equal(proto_log_config_answer_encode(&body, &answer), KITH_OK);
    party_answer(p, &request, kith_bytes_of_buf(&body));
    home_request_done(&request);
    fake_directory_free(other);

    assert_true(party_alarm(p, "directory"));
    assert_int_equal(core_log_get(p->core).generation, 1);
}

static void
a_log_that_the_server_did_not_sign_ends_the_connection(void **state)
{
    fake_directory *other = fake_directory_new(h->crypto, 43, 1);
    (void)state;

    fake_directory *mine = h->log;
    h->log = other;
    reconnect();
    h->log = mine;
    fake_directory_free(other);

    assert_int_equal(p->recv_err, KITH_ERR_REJECTED);
    assert_false(core_is_silent(p->core));
    home_pass(h, 120000);
    assert_true(core_account_get(p->core).online);
}

static void
a_server_without_a_log_is_asked_again_later_and_believed_nothing(void **state)
{
    party *new = home_party(h);
    KITH_AUTO(kith_buf) link = {0};
    uint64_t op = 0;
    (void)state;

    h->refuse[PROTO_LOG_CONFIG] = KITH_ERR_UNSUPPORTED;
    home_link(h, &link);
    assert_int_equal(party_join(new, kith_bytes_of_buf(&link), "Ben", &op), KITH_OK);
    home_run(h);
    const size_t asked = new->seen[PROTO_LOG_CONFIG];
    home_run(h);
    assert_int_equal(new->seen[PROTO_LOG_CONFIG], asked);
    assert_int_equal(new->seen[PROTO_LIST_FIND], 0);
    h->refuse[PROTO_LOG_CONFIG] = KITH_OK;
    home_pass(h, CORE_PAUSE_MAX_MS);

    assert_true(new->seen[PROTO_LIST_FIND] > 0);
    assert_true(core_log_get(new->core).is_known);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_log_is_pinned_and_asked_for_on_every_connection),
        TEST(what_is_known_of_the_log_survives_a_restart),
        TEST(another_log_of_the_same_generation_stops_all_sending),
        TEST(a_person_may_go_on_with_another_log),
        TEST(a_log_that_takes_the_place_of_a_lost_one_is_told_and_continues_the_lists),
        TEST(lists_that_a_new_log_does_not_continue_are_refused),
        TEST(a_generation_that_was_skipped_is_taken_and_one_before_is_not),
        TEST(a_new_generation_of_another_log_stops_all_sending),
        TEST(a_log_that_the_server_did_not_sign_ends_the_connection),
        TEST(a_server_without_a_log_is_asked_again_later_and_believed_nothing),
    };

    return cmocka_run_group_tests_name("core-directory", tests, NULL, NULL);
}
