/* SPDX-License-Identifier: MPL-2.0 */
/* Who may be in an epoch: what a lying member or server tries, and what is waited for. */
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

/* A list of the account, one version further, with a device that its owner never listed. Signed with the true key:
 * what a forger would need, so that nothing but the roster stands in the way. */
static void
forge_list(member *liar, size_t account, const member *intruder)
{
    crowd_account *a = &w->accounts[account];
    proto_device devices[2] = {0};
    const proto_list_draft draft = {
        .account_key = a->key,
        .previous = kith_bytes_of_buf(&a->lists[a->version - 1]),
        .devices = devices,
        .device_count = 2,
        .issued_ms = w->now_ms,
    };

    for (size_t i = 0; i < w->member_count; i++) {
        if (w->members[i]->account == account && !w->members[i]->is_unlisted) {
            devices[0].signature_key = crypto_sign_key_public(w->members[i]->key);
        }
    }
    devices[1].signature_key = crypto_sign_key_public(intruder->key);
    assert_int_equal(proto_list_make(w->crypto, &draft, &liar->forged[account]), KITH_OK);
    liar->known[account] = a->version + 1;
}

static void
learn_forged(member *liar, size_t account)
{
    assert_int_equal(core_txn_begin(liar->core, w->now_ms), KITH_OK);
    const kith_err err = core_conv_on_list(liar->core, w->accounts[account].id, KITH_OK);
    assert_int_equal(core_txn_end(liar->core, err), KITH_OK);
}

static void
a_commit_bound_to_a_list_that_nobody_has_is_not_followed(void **state)
{
    (void)state;
    member *intruder = crowd_intruder_add(w, anna->account);
    forge_list(anna, anna->account, intruder);

    learn_forged(anna, anna->account);
    crowd_run(w, 60000);

    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_BROKEN);
    assert_int_equal(rose->alarms, 1);
    assert_int_equal(member_conv(rose, conv)->epoch, 1);
    assert_null(member_conv(intruder, conv));
}

static void
a_commit_whose_list_has_another_hash_is_not_followed(void **state)
{
    (void)state;
    member *intruder = crowd_intruder_add(w, anna->account);
    forge_list(anna, anna->account, intruder);
    /* Everybody else has a true list of that version. */
    crowd_device_add(w, anna->account);
    anna->known[anna->account] = w->accounts[anna->account].version;

    learn_forged(anna, anna->account);
    crowd_run(w, 20000);

    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_BROKEN);
    assert_int_equal(rose->alarms, 1);
    const uint64_t n = member_say(rose, conv, "hello?");
    crowd_run(w, 10000);
    assert_int_equal(member_state(rose, conv, n), CORE_MESSAGE_QUEUED);
    assert_texts(anna, conv, "");
}

static void
a_list_that_is_not_here_yet_is_waited_for(void **state)
{
    (void)state;
    rose->lists_withheld = true;
    member *phone = crowd_device_add(w, anna->account);
    crowd_befriend(w);
    member_learn(anna, anna->account);
    crowd_run(w, 5000);
    member_say(anna, conv, "after");
    crowd_run(w, 5000);
    assert_int_equal(member_conv(rose, conv)->epoch, 1);
    assert_int_equal(member_conv(rose, conv)->sub, CORE_SUB_BLOCKED);
    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_ACTIVE);

    rose->lists_withheld = false;
    crowd_run(w, 5000);

    assert_int_equal(member_conv(rose, conv)->epoch, 2);
    assert_texts(rose, conv, "after");
    assert_texts(phone, conv, "after");
}

static void
a_dropped_device_is_removed_before_anything_is_said(void **state)
{
    (void)state;
    member *phone = crowd_device_add(w, anna->account);
    crowd_befriend(w);
    member_learn(anna, anna->account);
    crowd_run(w, 5000);
    assert_int_equal(member_conv(phone, conv)->state, CORE_CHAT_ACTIVE);
    crowd_device_drop(w, phone);

    member_learn(rose, anna->account); /* Rose knows first */
    member_say(rose, conv, "secret");
    crowd_run(w, 5000);

    assert_texts(anna, conv, "secret");
    assert_texts(phone, conv, "");
    assert_int_equal(member_conv(phone, conv)->state, CORE_CHAT_LEFT);
}

static void
versions_never_go_back(void **state)
{
    core_party before = {.version = 3, .devices = 1};
    core_party after = {.version = 2, .devices = 1};
    const core_roster now = {.kind = CORE_CHAT_GROUP, .items = &before, .count = 1};
    core_roster next = {.kind = CORE_CHAT_GROUP, .items = &after, .count = 1};
    (void)state;

    assert_int_equal(core_roster_follows(&now, &next), KITH_ERR_REJECTED);
    after.version = 3;
    assert_int_equal(core_roster_follows(&now, &next), KITH_OK);
    next.kind = CORE_CHAT_DIRECT;
    assert_int_equal(core_roster_follows(&now, &next), KITH_ERR_REJECTED);
}

static void
a_direct_conversation_keeps_its_two_accounts(void **state)
{
    core_party two[2] = {{.account = {1}, .version = 1}, {.account = {2}, .version = 1}};
    core_party other[2] = {{.account = {1}, .version = 1}, {.account = {3}, .version = 1}};
    const core_roster now = {.kind = CORE_CHAT_DIRECT, .items = two, .count = 2};
    const core_roster replaced = {.kind = CORE_CHAT_DIRECT, .items = other, .count = 2};
    const core_roster alone = {.kind = CORE_CHAT_DIRECT, .items = two, .count = 1};
    (void)state;

    assert_int_equal(core_roster_follows(&now, &now), KITH_OK);
    assert_int_equal(core_roster_follows(&now, &replaced), KITH_ERR_REJECTED);
    assert_int_equal(core_roster_follows(&now, &alone), KITH_ERR_REJECTED);
    assert_int_equal(core_roster_follows(&alone, &now), KITH_OK); /* the first commit */
}

static void
a_device_without_a_package_holds_nobody_up(void **state)
{
    (void)state;
    member *phone = crowd_device_add(w, anna->account);
    crowd_befriend(w);
    phone->has_no_package = true;
    member_learn(anna, anna->account);

    const uint64_t n = member_say(anna, conv, "go on");
    crowd_run(w, 3000);
    assert_texts(rose, conv, "go on");
    assert_true(member_state(anna, conv, n) >= CORE_MESSAGE_SENT);

    phone->has_no_package = false;
    crowd_run(w, 120000);
    assert_non_null(member_conv(phone, conv));
    assert_int_equal(member_conv(phone, conv)->state, CORE_CHAT_ACTIVE);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest roster[] = {
        TEST(a_commit_bound_to_a_list_that_nobody_has_is_not_followed),
        TEST(a_commit_whose_list_has_another_hash_is_not_followed),
        TEST(a_list_that_is_not_here_yet_is_waited_for),
        TEST(a_dropped_device_is_removed_before_anything_is_said),
        TEST(versions_never_go_back),
        TEST(a_direct_conversation_keeps_its_two_accounts),
        TEST(a_device_without_a_package_holds_nobody_up),
    };
    return cmocka_run_group_tests(roster, NULL, NULL);
}
