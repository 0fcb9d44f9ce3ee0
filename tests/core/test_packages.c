/* SPDX-License-Identifier: MPL-2.0 */
/* Own key packages, and those of others. */
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

#define DAY_MS 86400000ull

/* Packages in the store: all of them, or last-resort ones only. */
static size_t
count_stored(bool last_resort_only)
{
    const core_store store = fake_store_port(p->store);
    const core_scan scan = {.table = CORE_TABLE_PACKAGE};
    KITH_AUTO(kith_buf) key = {0};
    size_t count = 0;

    while (store.next(store.ctx, &scan, &key, NULL) == KITH_OK) {
        KITH_AUTO(kith_buf) blob = {0};
        bool last_resort = false;
        assert_int_equal(core_package_find(p->core, kith_bytes_of_buf(&key), &blob, &last_resort),
                         KITH_OK);
        count += !last_resort_only || last_resort ? 1 : 0;
    }
    return count;
}

static void
a_new_account_fills_up_in_batches_with_a_last_resort_first(void **state)
{
    (void)state;

    h->hold[PROTO_KP_PUT] = true;
    home_join(p, "Anna");
    home_request request = party_take(p, PROTO_KP_PUT);
    proto_kp_put put = {0};
    assert_int_equal(proto_kp_put_decode(kith_bytes_of_buf(&request.body), &put), KITH_OK);
    assert_true(put.last_resort.len > 0);
    assert_int_equal(count_stored(false), 11);
    home_request_done(&request);

    h->hold[PROTO_KP_PUT] = false;
    party_cut(p, CORE_LINK_NAMED);
    home_pass(h, 1000);
    assert_int_equal(p->one_time, CORE_PACKAGES_TARGET);
    assert_int_equal(p->kp_puts, CORE_PACKAGES_TARGET / 10);
    assert_int_equal(count_stored(false), CORE_PACKAGES_TARGET + 1);
    assert_int_equal(count_stored(true), 1);
}

static void
packages_are_good_and_open_with_what_is_stored(void **state)
{
    proto_kp_put put = {0};
    kith_bytes package = {0};
    mls_key_package_info info = {0};
    KITH_AUTO(kith_buf) ref = {0};
    KITH_AUTO(kith_buf) blob = {0};
    bool last_resort = true;
    (void)state;

    h->hold[PROTO_KP_PUT] = true;
    home_join(p, "Anna");
    home_request request = party_take(p, PROTO_KP_PUT);
    assert_int_equal(proto_kp_put_decode(kith_bytes_of_buf(&request.body), &put), KITH_OK);
    kith_reader r = kith_reader_of(put.one_time);
    assert_int_equal(proto_blob_next(&r, &package), KITH_OK);

    assert_int_equal(mls_key_package_inspect(&p->core->mls, package, h->now_ms / 1000, &info),
                     KITH_OK);
    assert_false(info.last_resort);
    assert_int_equal(mls_key_package_ref(&p->core->mls, package, &ref), KITH_OK);
    assert_int_equal(core_package_find(p->core, kith_bytes_of_buf(&ref), &blob, &last_resort),
                     KITH_OK);
    assert_false(last_resort);
    assert_int_equal(
        mls_key_package_inspect(&p->core->mls, put.last_resort, h->now_ms / 1000, &info), KITH_OK);
    assert_true(info.last_resort);
    home_request_done(&request);
}

static void
an_unknown_package_is_not_found(void **state)
{
    KITH_AUTO(kith_buf) blob = {0};
    bool last_resort = false;
    (void)state;

    assert_int_equal(core_package_find(p->core, kith_bytes_of_text("none"), &blob, &last_resort),
                     KITH_ERR_NOT_FOUND);
    assert_int_equal(core_package_find(p->core, (kith_bytes){0}, &blob, &last_resort),
                     KITH_ERR_NOT_FOUND);
}

static void
a_lost_answer_repeats_the_same_packages(void **state)
{
    (void)state;

    h->hold[PROTO_KP_PUT] = true;
    home_join(p, "Anna");
    home_request first = party_take(p, PROTO_KP_PUT);
    party_restart(p);
    home_run(h);
    home_request second = party_take(p, PROTO_KP_PUT);

    assert_true(kith_bytes_equal(kith_bytes_of_buf(&first.body), kith_bytes_of_buf(&second.body)));
    home_request_done(&first);
    home_request_done(&second);
}

static void
use_one(bool want_last_resort)
{
    const core_store store = fake_store_port(p->store);
    const core_scan scan = {.table = CORE_TABLE_PACKAGE};
    KITH_AUTO(kith_buf) key = {0};
    bool last_resort = !want_last_resort;

    while (last_resort != want_last_resort) {
        KITH_AUTO(kith_buf) blob = {0};
        assert_int_equal(store.next(store.ctx, &scan, &key, NULL), KITH_OK);
        assert_int_equal(core_package_find(p->core, kith_bytes_of_buf(&key), &blob, &last_resort),
                         KITH_OK);
    }
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(core_txn_end(p->core, core_package_used(p->core, kith_bytes_of_buf(&key))),
                     KITH_OK);
}

static void
a_used_one_time_package_is_erased_and_a_last_resort_kept(void **state)
{
    (void)state;

    home_join(p, "Anna");
    const size_t before = count_stored(false);
    use_one(false);
    assert_int_equal(count_stored(false), before - 1);
    use_one(true);
    assert_int_equal(count_stored(true), 1);
}

static void
low(uint16_t count)
{
    const proto_kp_low low = {.one_time_count = count};
    KITH_AUTO(kith_buf) body = {0};

    assert_int_equal(proto_kp_low_encode(&body, &low), KITH_OK);
    p->one_time = count;
    assert_int_equal(party_push(p, CORE_LINK_NAMED, PROTO_KP_LOW, kith_bytes_of_buf(&body)),
                     KITH_OK);
    home_run(h);
}

static void
few_left_are_replenished_and_enough_are_not(void **state)
{
    (void)state;

    home_join(p, "Anna");
    low(CORE_PACKAGES_LOW);
    assert_int_equal(p->one_time, CORE_PACKAGES_LOW);
    low(CORE_PACKAGES_LOW - 1);
    assert_int_equal(p->one_time, CORE_PACKAGES_TARGET);
}

static void
the_last_resort_is_replaced_weekly_and_the_old_one_kept_a_while(void **state)
{
    (void)state;

    home_join(p, "Anna");
    home_pass(h, CORE_LAST_RESORT_MS - DAY_MS);
    assert_int_equal(count_stored(true), 1);
    home_pass(h, 3 * DAY_MS);
    assert_int_equal(count_stored(true), 2);

    home_pass(h, CORE_LAST_RESORT_KEPT_MS + CORE_LAST_RESORT_MS);
    assert_in_range(count_stored(true), 5, 7);
}

static void
one_time_packages_go_when_nobody_can_use_them_any_more(void **state)
{
    (void)state;

    home_join(p, "Anna");
    party_cut(p, CORE_LINK_NAMED);
    h->now_ms += CORE_PACKAGE_LIFE_MS + 32 * DAY_MS;
    h->hold[PROTO_KP_PUT] = true;
    assert_int_equal(core_tick(p->core, h->now_ms), KITH_OK);
    home_run(h);

    assert_int_equal(count_stored(false) - count_stored(true), 0);
}

static void
a_wrong_clock_makes_packages_that_others_take(void **state)
{
    proto_kp_put put = {0};
    mls_key_package_info info = {0};
    (void)state;

    h->clock_ahead_ms = 365ll * (int64_t)DAY_MS;
    h->hold[PROTO_KP_PUT] = true;
    home_join(p, "Anna");
    home_request request = party_take(p, PROTO_KP_PUT);
    assert_int_equal(proto_kp_put_decode(kith_bytes_of_buf(&request.body), &put), KITH_OK);

    assert_int_equal(mls_key_package_inspect(&p->core->mls, put.last_resort,
                                             (h->now_ms + 365 * DAY_MS) / 1000, &info),
                     KITH_OK);
    assert_int_equal(core_time_ms(p->core), h->now_ms + 365 * DAY_MS);
    home_request_done(&request);
}

static void
a_refused_upload_is_not_repeated_at_once(void **state)
{
    (void)state;

    h->refuse[PROTO_KP_PUT] = KITH_ERR_LIMIT;
    home_join(p, "Anna");
    home_pass(h, 500);
    assert_int_equal(p->seen[PROTO_KP_PUT], 1);
    home_pass(h, CORE_PAUSE_MAX_MS);
    assert_in_range(p->seen[PROTO_KP_PUT], 2, 60);
}

/* ---- Those of others ---- */

static void
want(uint8_t account, uint8_t device)
{
    const core_device_ref ref = {.account = {account}, .device = {device}};

    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(core_package_want(p->core, &ref), KITH_OK);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
}

static void
packages_of_one_account_are_taken_in_one_request(void **state)
{
    proto_kp_take take = {0};
    (void)state;

    home_join(p, "Anna");
    assert_int_equal(kith_buf_set(&h->package, kith_bytes_of_text("package")), KITH_OK);
    h->hold[PROTO_KP_TAKE] = true;
    party_cut(p, CORE_LINK_ANON);
    want(1, 1);
    want(2, 1);
    want(1, 2);
    want(1, 2);
    home_pass(h, 1000);

    assert_int_equal(p->held_count, 2);
    home_request request = party_take(p, PROTO_KP_TAKE);
    assert_int_equal(request.link, CORE_LINK_ANON);
    assert_int_equal(proto_kp_take_decode(kith_bytes_of_buf(&request.body), &take), KITH_OK);
    assert_int_equal(take.device_ids.len, 2 * CORE_DEVICE_LEN);
    home_request_done(&request);

    h->hold[PROTO_KP_TAKE] = false;
    party_cut(p, CORE_LINK_ANON);
    home_pass(h, 1000);
    assert_int_equal(p->core->convs->package_count, 3);
    assert_int_equal(p->core->convs->packages[0].len, 7);
    assert_int_equal(p->core->convs->packages[0].err, KITH_OK);
}

static void
a_device_without_a_package_is_told_apart(void **state)
{
    (void)state;

    home_join(p, "Anna");
    want(1, 1);
    home_run(h);

    assert_int_equal(p->core->convs->package_count, 1);
    assert_int_equal(p->core->convs->packages[0].len, 0);
    assert_int_equal(p->core->convs->packages[0].err, KITH_OK);
}

static void
a_refusal_is_handed_on_and_a_busy_server_asked_again(void **state)
{
    (void)state;

    home_join(p, "Anna");
    h->refuse[PROTO_KP_TAKE] = KITH_ERR_NOT_FOUND;
    want(1, 1);
    home_run(h);
    assert_int_equal(p->core->convs->packages[0].err, KITH_ERR_NOT_FOUND);

    h->refuse[PROTO_KP_TAKE] = KITH_ERR_BUSY;
    want(1, 1);
    home_run(h);
    assert_int_equal(p->core->convs->package_count, 1);
    h->refuse[PROTO_KP_TAKE] = KITH_OK;
    home_pass(h, 3000);
    assert_int_equal(p->core->convs->package_count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_account_fills_up_in_batches_with_a_last_resort_first),
        TEST(packages_are_good_and_open_with_what_is_stored),
        TEST(an_unknown_package_is_not_found),
        TEST(a_lost_answer_repeats_the_same_packages),
        TEST(a_used_one_time_package_is_erased_and_a_last_resort_kept),
        TEST(few_left_are_replenished_and_enough_are_not),
        TEST(the_last_resort_is_replaced_weekly_and_the_old_one_kept_a_while),
        TEST(one_time_packages_go_when_nobody_can_use_them_any_more),
        TEST(a_wrong_clock_makes_packages_that_others_take),
        TEST(a_refused_upload_is_not_repeated_at_once),
        TEST(packages_of_one_account_are_taken_in_one_request),
        TEST(a_device_without_a_package_is_told_apart),
        TEST(a_refusal_is_handed_on_and_a_busy_server_asked_again),
    };

    return cmocka_run_group_tests_name("core-packages", tests, NULL, NULL);
}
