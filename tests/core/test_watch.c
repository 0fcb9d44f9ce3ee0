/* SPDX-License-Identifier: MPL-2.0 */
/* What was found is looked at again. */
#include "core/reading.h"

static void
a_list_is_looked_at_again_until_it_cannot_be_taken_back(void **state)
{
    (void)state;

    list_rose_late();
    assert_int_equal(want_rose(1), KITH_OK);
    assert_int_equal(directory()->watches.count, 2); /* hers and the own one */
    home_pass(h, 3 * FAKE_DIRECTORY_WINDOW_MS);
    assert_int_equal(directory()->watches.count, 1);
    assert_no_alarm();
}

static void
after_a_restart_all_is_looked_at_again(void **state)
{
    (void)state;

    list_rose_late();
    assert_int_equal(want_rose(1), KITH_OK);
    const size_t asked = p->seen[PROTO_LOG_ASK];
    party_restart(p);
    home_run(h);
    /* Hers; and of the own account whether there are new versions, and whether all is as it should be. */
    assert_int_equal(p->seen[PROTO_LOG_ASK], asked + 3);
    assert_no_alarm();
}

static void
a_version_of_the_own_list_that_was_hidden_is_found(void **state)
{
    const core_account own = core_account_get(p->core);
    home_account *account = home_account_of(h, own.account);
    (void)state;

    /* Whoever has the account's private key signs a list, and the server logs and does not show it. */
    KITH_AUTO(kith_buf) list = {0};
    const proto_device device = {.signature_key = crypto_sign_key_public(rose.device)};
    const proto_list_draft draft = {.account_key = p->core->account_key,
                                    .previous = kith_bytes_of_buf(&account->lists[0]),
                                    .devices = &device,
                                    .device_count = 1,
                                    .issued_ms = h->now_ms};
    assert_int_equal(proto_list_make(h->crypto, &draft, &list), KITH_OK);
    fake_directory_put(h->log, h->now_ms, own.account, kith_bytes_of_buf(&list));
    h->refuse[PROTO_LIST_FIND] = KITH_ERR_BUSY;
    home_pass(h, FAKE_DIRECTORY_WINDOW_MS);

    assert_true(p->core->identity->list_wishes.count > 0);
}

static void
an_update_that_the_server_keeps_quiet_about_is_found_within_two_windows(void **state)
{
    const core_account own = core_account_get(p->core);
    home_account *account = home_account_of(h, own.account);
    KITH_AUTO(kith_buf) list = {0};
    const proto_device device = {.signature_key = crypto_sign_key_public(rose.device)};
    const proto_list_draft draft = {.account_key = p->core->account_key,
                                    .previous = kith_bytes_of_buf(&account->lists[0]),
                                    .devices = &device,
                                    .device_count = 1,
                                    .issued_ms = h->now_ms};
    (void)state;

    assert_int_equal(proto_list_make(h->crypto, &draft, &list), KITH_OK);
    fake_directory_put(h->log, h->now_ms, own.account, kith_bytes_of_buf(&list));
    h->refuse[PROTO_LIST_FIND] = KITH_ERR_BUSY;
    h->log_hides_updates = true;
    home_pass(h, 2 * FAKE_DIRECTORY_WINDOW_MS);

    assert_true(party_alarm(p, "own"));
    assert_memory_equal(party_event(p, CORE_EVENT_ALARM)->account, own.account, sizeof own.account);
}

static void
ten_quiet_days_cost_little_and_say_nothing(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    assert_int_equal(want_rose(1), KITH_OK);
    home_pass(h, FAKE_DIRECTORY_WINDOW_MS);
    const size_t before = p->seen[PROTO_LOG_ASK] + p->seen[PROTO_LIST_FIND];
    home_pass(h, 10 * FAKE_DIRECTORY_WINDOW_MS);
    const size_t asked = p->seen[PROTO_LOG_ASK] + p->seen[PROTO_LIST_FIND] - before;
    /* Twice a day the list, news of it, and the look as its owner; every two hours the newest head. */
    assert_in_range(asked, 150, 190);
    assert_no_alarm();
}

static void
no_more_labels_are_watched_than_the_limit(void **state)
{
    (void)state;

    h->hold[PROTO_LOG_ASK] = true;
    const size_t before = directory()->watches.count;
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    for (uint32_t i = 0; i <= CORE_WATCHED_MAX; i++) {
        uint8_t account[CORE_ACCOUNT_LEN] = {0xee, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
                                             (uint8_t)i};
        kt_watch watched = {.map = {.items = {{.position = 1, .version = 0}}, .count = 1}};
        assert_int_equal(core_watch_write(p->core, account, &watched), KITH_OK);
        const size_t wanted = before + i + 1;
        assert_int_equal(directory()->watches.count,
                         wanted < CORE_WATCHED_MAX ? wanted : CORE_WATCHED_MAX);
    }
    /* What is not watched is no error: the list is held and was proved. */
    assert_int_equal(core_txn_end(p->core, KITH_ERR_DENIED), KITH_ERR_DENIED);
    h->hold[PROTO_LOG_ASK] = false;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_is_looked_at_again_until_it_cannot_be_taken_back),
        TEST(after_a_restart_all_is_looked_at_again),
        TEST(a_version_of_the_own_list_that_was_hidden_is_found),
        TEST(an_update_that_the_server_keeps_quiet_about_is_found_within_two_windows),
        TEST(ten_quiet_days_cost_little_and_say_nothing),
        TEST(no_more_labels_are_watched_than_the_limit),
    };

    return cmocka_run_group_tests_name("core-watch", tests, NULL, NULL);
}
