/* SPDX-License-Identifier: MPL-2.0 */
/* Welcomes: judged once, held while something is missing, dropped without a word when they are no good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crowd.h"

static crowd *w;
static member *anna;
static member *rose;

static int
setup(void **state)
{
    (void)state;
    w = crowd_new();
    anna = crowd_account_add(w);
    rose = crowd_account_add(w);
    crowd_befriend(w);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    crowd_free(w);
    return 0;
}

/* A direct conversation whose Welcome lies in Rose's inbox and was not yet pushed. */
static void
prepare(uint8_t conv[CORE_CONV_LEN])
{
    const core_conv_new in = {.kind = CORE_CHAT_DIRECT,
                              .accounts =
                                  (const uint8_t(*)[CORE_ACCOUNT_LEN])w->accounts[rose->account].id,
                              .count = 1};

    rose->is_deaf = true;
    assert_int_equal(core_txn_begin(anna->core, w->now_ms), KITH_OK);
    assert_int_equal(core_txn_end(anna->core, core_conv_create(anna->core, &in, conv)), KITH_OK);
    crowd_run(w, 2000);
    assert_int_equal(rose->inbox_count, 1);
    rose->is_deaf = false;
    rose->known[anna->account] = w->accounts[anna->account].version;
}

static void
push_item(uint64_t id, kith_bytes body)
{
    KITH_AUTO(kith_buf) item = {0};
    const proto_inbox_item in = {.id = id, .time_ms = w->now_ms, .body = body};

    assert_int_equal(proto_inbox_item_encode(&item, &in), KITH_OK);
    member_push(rose, PROTO_INBOX_ITEM, kith_bytes_of_buf(&item));
}

static void
a_welcome_is_joined_and_acknowledged(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    (void)state;
    prepare(conv);

    crowd_run(w, 1000);

    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_ACTIVE);
    assert_int_equal(rose->inbox_acked, 1);
    assert_memory_equal(member_conv(rose, conv)->peer, w->accounts[anna->account].id,
                        CORE_ACCOUNT_LEN);
}

static void
a_welcome_that_comes_twice_is_joined_once(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    (void)state;
    prepare(conv);
    const kith_bytes body = kith_bytes_of_buf(&rose->inbox[0]);
    push_item(1, body);
    const uint64_t epoch = member_conv(rose, conv)->epoch;

    push_item(1, body);
    push_item(2, body);

    assert_int_equal(member_conv(rose, conv)->epoch, epoch);
    assert_int_equal(rose->core->convs->count, 1);
    assert_int_equal(rose->core->convs->held_count, 0);
    assert_int_equal(rose->core->convs->inbox_seen, 2);
}

static void
a_welcome_waits_in_the_store_for_a_list(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    (void)state;
    prepare(conv);
    rose->known[anna->account] = 0;
    rose->lists_withheld = true;
    crowd_run(w, 1000);
    assert_null(member_conv(rose, conv));
    assert_int_equal(rose->core->convs->held_count, 1);
    assert_int_equal(rose->inbox_acked, 1); /* it is in the store */

    member_restart(rose);
    rose->lists_withheld = false;
    crowd_run(w, 1000);

    assert_non_null(member_conv(rose, conv));
    assert_int_equal(rose->core->convs->held_count, 0);
    member_say(anna, conv, "hello");
    crowd_run(w, 1000);
    assert_texts(rose, conv, "hello");
}

static void
rubbish_is_dropped_and_acknowledged(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    static const uint8_t strange_type[] = {9, 1, 2, 3};
    static const uint8_t no_welcome[] = {PROTO_INBOX_WELCOME, 0, 1, 0, 3, 0xff};
    KITH_AUTO(kith_buf) broken = {0};
    (void)state;
    prepare(conv);
    assert_int_equal(kith_buf_set(&broken, kith_bytes_of_buf(&rose->inbox[0])), KITH_OK);
    broken.data[broken.len - 1] ^= 1;

    push_item(1, KITH_BYTES(strange_type));
    push_item(2, KITH_BYTES(no_welcome));
    push_item(3, kith_bytes_of_buf(&broken));

    assert_int_equal(rose->core->convs->count, 0);
    assert_int_equal(rose->core->convs->held_count, 0);
    assert_int_equal(rose->core->convs->inbox_seen, 3);
}

static void
every_cut_of_a_welcome_is_dropped(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    (void)state;
    prepare(conv);
    const kith_bytes whole = kith_bytes_of_buf(&rose->inbox[0]);

    for (size_t len = 1; len < whole.len; len += 7) {
        push_item(len, kith_bytes_of(whole.data, len));
    }
    assert_int_equal(rose->core->convs->count, 0);

    push_item(whole.len, whole);
    assert_non_null(member_conv(rose, conv));
}

static void
a_stranger_becomes_a_request_and_a_declined_one_nothing(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    uint8_t other[CORE_CONV_LEN];
    (void)state;
    rose->people[anna->account] = CORE_PERSON_UNKNOWN;
    prepare(conv);
    crowd_run(w, 1000);
    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_REQUEST);

    rose->people[anna->account] = CORE_PERSON_DECLINED;
    rose->inbox_count = 1;
    const core_conv_new in = {.kind = CORE_CHAT_DIRECT,
                              .accounts =
                                  (const uint8_t(*)[CORE_ACCOUNT_LEN])w->accounts[rose->account].id,
                              .count = 1};
    assert_int_equal(core_txn_begin(anna->core, w->now_ms), KITH_OK);
    assert_int_equal(core_txn_end(anna->core, core_conv_create(anna->core, &in, other)), KITH_OK);
    crowd_run(w, 2000);
    assert_null(member_conv(rose, other));
}

/* Conversations of kind GROUP without a contact in them: each is a request. */
static void
as_many_requests_are_held_as_the_limit_and_no_more(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    (void)state;
    rose->people[anna->account] = CORE_PERSON_UNKNOWN;
    prepare(conv);
    /* One less than there may be. */
    for (size_t i = 0; i + 1 < CORE_REQUESTS_MAX; i++) {
        uint8_t id[CORE_CONV_LEN] = {0};
        core_conv *fake = NULL;
        memcpy(id, &i, sizeof i);
        assert_int_equal(core_conv_add(rose->core, id, &fake), KITH_OK);
        fake->state = CORE_CHAT_REQUEST;
        fake->is_open = true;
        fake->is_reader = true;
    }
    const kith_bytes body = kith_bytes_of_buf(&rose->inbox[0]);

    push_item(1, body);

    assert_int_equal(member_conv(rose, conv)->state, CORE_CHAT_REQUEST);
    uint8_t second[CORE_CONV_LEN];
    const core_conv_new in = {.kind = CORE_CHAT_DIRECT,
                              .accounts =
                                  (const uint8_t(*)[CORE_ACCOUNT_LEN])w->accounts[rose->account].id,
                              .count = 1};
    rose->inbox_live = false;
    assert_int_equal(core_txn_begin(anna->core, w->now_ms), KITH_OK);
    assert_int_equal(core_txn_end(anna->core, core_conv_create(anna->core, &in, second)), KITH_OK);
    rose->is_held = true;
    rose->is_deaf = true;
    crowd_run(w, 2000);
    assert_int_equal(rose->inbox_count, 2);
    push_item(2, kith_bytes_of_buf(&rose->inbox[1]));
    assert_null(member_conv(rose, second));
}

/* The memory, then the store, fails at each point of taking a Welcome; what failed is taken when it comes again. */
static void
a_failure_anywhere_while_joining_loses_nothing(void **state)
{
    uint8_t conv[CORE_CONV_LEN];
    KITH_AUTO(kith_buf) item = {0};
    (void)state;
    prepare(conv);
    const proto_inbox_item in = {.id = 1, .body = kith_bytes_of_buf(&rose->inbox[0])};
    assert_int_equal(proto_inbox_item_encode(&item, &in), KITH_OK);
    uint64_t at = 0;
    kith_err err = KITH_ERR_NO_MEMORY;

    for (; err != KITH_OK; at++) {
        assert_int_equal(core_txn_begin(rose->core, w->now_ms), KITH_OK);
        rose->alloc.fail_after = rose->alloc.calls + at;
        err = core_txn_end(rose->core,
                           core_convs_push(rose->core, PROTO_INBOX_ITEM, kith_bytes_of_buf(&item)));
        rose->alloc.fail_after = UINT64_MAX;
        assert_true(err == KITH_OK || err == KITH_ERR_NO_MEMORY);
        if (err != KITH_OK) {
            assert_int_equal(core_tick(rose->core, w->now_ms), KITH_OK);
            assert_null(member_conv(rose, conv));
        }
    }

    assert_true(at > 20);
    member_connect(rose);
    member_say(anna, conv, "hello");
    crowd_run(w, 2000);
    assert_texts(rose, conv, "hello");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest join[] = {
        TEST(a_welcome_is_joined_and_acknowledged),
        TEST(a_welcome_that_comes_twice_is_joined_once),
        TEST(a_welcome_waits_in_the_store_for_a_list),
        TEST(rubbish_is_dropped_and_acknowledged),
        TEST(every_cut_of_a_welcome_is_dropped),
        TEST(a_stranger_becomes_a_request_and_a_declined_one_nothing),
        TEST(as_many_requests_are_held_as_the_limit_and_no_more),
        TEST(a_failure_anywhere_while_joining_loses_nothing),
    };
    return cmocka_run_group_tests(join, NULL, NULL);
}
