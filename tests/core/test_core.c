/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Transactions: what fails leaves everything as it was. A whole life (account, invite, contact, second device) is lived
 * again and again with the store, the memory or the randomness failing at each point of it.
 */
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

static core_env
env_of(party *who)
{
    return (core_env){
        .alloc = &who->alloc.port,
        .rng = fake_rng_port(&who->rng),
        .crypto = h->crypto,
        .store = fake_store_port(who->store),
        .suite = MLS_SUITE_X25519_AES128_ED25519,
    };
}

static const kith_bytes spare_key = {(const uint8_t *)"spare", 5};

static void
what_a_transaction_wrote_is_there_after_its_end(void **state)
{
    KITH_AUTO(kith_buf) value = {0};
    (void)state;

    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(core_put(p->core, CORE_TABLE_META, spare_key, kith_bytes_of_text("x")),
                     KITH_OK);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
    party_restart(p);

    assert_int_equal(core_get(p->core, CORE_TABLE_META, spare_key, &value), KITH_OK);
}

static void
what_a_failed_transaction_wrote_is_not(void **state)
{
    KITH_AUTO(kith_buf) value = {0};
    (void)state;

    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(core_put(p->core, CORE_TABLE_META, spare_key, kith_bytes_of_text("x")),
                     KITH_OK);
    const uint64_t op = core_op_new(p->core);
    assert_int_equal(core_txn_end(p->core, KITH_ERR_LIMIT), KITH_ERR_LIMIT);

    assert_int_equal(core_get(p->core, CORE_TABLE_META, spare_key, &value), KITH_ERR_NOT_FOUND);
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(core_op_new(p->core), op);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
}

static void
a_transaction_without_changes_does_not_touch_the_store(void **state)
{
    (void)state;

    home_join(p, "Anna");
    const uint64_t commits = fake_store_commits(p->store);
    assert_int_equal(core_tick(p->core, h->now_ms), KITH_OK);
    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(core_txn_end(p->core, KITH_ERR_LIMIT), KITH_ERR_LIMIT);

    assert_int_equal(fake_store_commits(p->store), commits);
    assert_true(core_account_get(p->core).online);
}

static void
numbers_go_on_after_a_restart(void **state)
{
    (void)state;

    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    const uint64_t op = core_op_new(p->core);
    assert_int_equal(core_op_done(p->core, op, KITH_OK), KITH_OK);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
    party_restart(p);

    assert_int_equal(core_txn_begin(p->core, h->now_ms), KITH_OK);
    assert_int_equal(core_op_new(p->core), op + 1);
    assert_int_equal(core_txn_end(p->core, KITH_OK), KITH_OK);
    assert_int_equal(core_event_last(p->core), 1);
}

static void
a_failed_commit_hangs_up_both_connections_and_recovers(void **state)
{
    KITH_AUTO(kith_buf) invite = {0};
    core_link link = CORE_LINK_NAMED;
    (void)state;

    home_join(p, "Anna");
    fake_store_fail_after(p->store, 2, KITH_ERR_STORE);
    assert_int_equal(core_invite_create(p->core, h->now_ms, &invite), KITH_ERR_STORE);
    assert_int_equal(invite.len, 0);
    fake_store_fail_after(p->store, UINT64_MAX, KITH_OK);
    assert_int_equal(core_account_get(p->core).online, false);
    assert_true(core_next_hangup(p->core, &link));
    assert_int_equal(link, CORE_LINK_NAMED);
    assert_true(core_next_hangup(p->core, &link));
    assert_int_equal(link, CORE_LINK_ANON);
    assert_false(core_next_hangup(p->core, &link));
    p->is_up[0] = false;
    p->is_up[1] = false;
    kith_buf_clear(&p->in[0]);
    kith_buf_clear(&p->in[1]);

    home_pass(h, 5000);
    assert_true(core_account_get(p->core).online);
    assert_int_equal(core_invite_create(p->core, h->now_ms, &invite), KITH_OK);
}

static void
damage_in_the_store_is_told_from_a_later_version(void **state)
{
    static const struct {
        uint8_t table;
        const char *key;
    } places[] = {{CORE_TABLE_META, "account"}, {CORE_TABLE_META, "counters"}};
    const core_store store = fake_store_port(p->store);
    const uint8_t later[] = {200};
    (void)state;

    home_join(p, "Anna");
    for (size_t i = 0; i < 2; i++) {
        KITH_AUTO(kith_buf) good = {0};
        const kith_bytes key = kith_bytes_of_text(places[i].key);
        core *other = NULL;
        const core_env env = env_of(p);

        assert_int_equal(store.get(store.ctx, places[i].table, key, &good), KITH_OK);
        assert_int_equal(store.begin(store.ctx), KITH_OK);
        assert_int_equal(store.put(store.ctx, places[i].table, key, KITH_BYTES(later)), KITH_OK);
        assert_int_equal(core_new(&env, h->now_ms, &other), KITH_ERR_UNSUPPORTED);
        assert_int_equal(
            store.put(store.ctx, places[i].table, key, kith_bytes_of(good.data, good.len - 1)),
            KITH_OK);
        assert_int_equal(core_new(&env, h->now_ms, &other), KITH_ERR_MALFORMED);
        store.rollback(store.ctx);
        assert_null(other);
    }
}

static void
an_object_that_could_not_be_read_again_is_read_by_the_next_call(void **state)
{
    KITH_AUTO(kith_buf) cursor = {0};
    core_person person = {0};
    (void)state;

    home_join(p, "Anna");
    fake_store_fail_after(p->store, 0, KITH_ERR_STORE);
    assert_int_equal(core_rename(p->core, kith_bytes_of_text("Bo"), h->now_ms), KITH_ERR_STORE);
    assert_int_equal(core_person_next(p->core, &cursor, &person), KITH_ERR_STORE);
    assert_int_equal(core_tick(p->core, h->now_ms + 5000), KITH_ERR_STORE);
    fake_store_fail_after(p->store, UINT64_MAX, KITH_OK);

    assert_int_equal(core_tick(p->core, h->now_ms + 5000), KITH_OK);
    assert_string_equal(core_account_get(p->core).name, "Anna");
}

static void
keys_are_ordered_like_their_parts(void **state)
{
    const core_key a = core_key_u64(kith_bytes_of_text("x"), 255);
    const core_key b = core_key_u64(kith_bytes_of_text("x"), 256);
    (void)state;

    assert_int_equal(a.len, 9);
    assert_true(kith_bytes_compare(core_key_bytes(&a), core_key_bytes(&b)) < 0);
}

static void
a_pause_ends_when_its_time_comes_or_the_clock_goes_back(void **state)
{
    (void)state;

    assert_int_equal(core_tick(p->core, h->now_ms), KITH_OK);
    assert_true(core_is_due(p->core, h->now_ms));
    assert_false(core_is_due(p->core, h->now_ms + 1));
    assert_false(core_is_due(p->core, h->now_ms + CORE_PAUSE_MAX_MS));
    assert_true(core_is_due(p->core, h->now_ms + CORE_PAUSE_MAX_MS + 1));
}

/* ---- A life, with failures ---- */

static ghost rose;
static kith_buf link_text;

/* What a person does until it works. Commands that failed are given again, as a person would. */
static bool
live(party *old, party *new, uint64_t *ops)
{
    KITH_AUTO(kith_buf) invite = {0};
    KITH_AUTO(kith_buf) code = {0};

    if (ops[0] == 0 && party_join(old, kith_bytes_of_buf(&link_text), "Anna", &ops[0]) != KITH_OK) {
        return false;
    }
    home_pass(h, 3000);
    if (ops[1] == 0 && core_invite_create(old->core, h->now_ms, &invite) != KITH_OK) {
        return false;
    }
    ops[1] = 1;
    home_pass(h, 3000);
    if (ops[2] == 0 && core_pair_offer(old->core, h->now_ms, &ops[2]) != KITH_OK) {
        return false;
    }
    home_pass(h, 3000);
    if (ops[3] == 0) {
        if (core_pair_code(old->core, &code) != KITH_OK) {
            ops[2] = 0;
            return false;
        }
        const core_pair_join join = {.code = kith_bytes_of_buf(&code),
                                     .device_name = kith_bytes_of_text("phone")};
        if (core_pair_accept(new->core, &join, h->now_ms, &ops[3]) != KITH_OK) {
            core_pair_cancel(old->core, h->now_ms);
            ops[2] = 0;
            return false;
        }
    }
    home_pass(h, 3000);
    kith_ignore(core_pair_approve(old->core, true, h->now_ms));
    home_pass(h, 3000);
    return true;
}

static bool
is_complete(party *old, party *new)
{
    return core_account_get(old->core).online && core_account_get(new->core).online &&
           stub_has_direct(old->core, rose.id) && old->seen[PROTO_INVITE_PUT] > 0 &&
           old->one_time >= CORE_PACKAGES_LOW && new->one_time >= CORE_PACKAGES_LOW;
}

static void
live_until_complete(party *old, party *new)
{
    uint64_t ops[4] = {0};

    for (int i = 0; i < 8; i++) {
        if (live(old, new, ops) && is_complete(old, new)) {
            return;
        }
        /* A linking that broke is begun anew. */
        if (core_account_get(new->core).state != CORE_ACCOUNT_READY) {
            core_pair_cancel(old->core, h->now_ms);
            core_pair_cancel(new->core, h->now_ms);
            ops[2] = 0;
            ops[3] = 0;
        }
        home_pass(h, CORE_PAUSE_MAX_MS);
    }
    fail_msg("the life did not come to its end");
}

typedef enum failure { FAIL_STORE, FAIL_MEMORY, FAIL_RANDOM } failure;

static void
set_failure(party *who, failure what, uint64_t after)
{
    switch (what) {
    case FAIL_STORE:
        fake_store_fail_after(who->store, after, KITH_ERR_STORE);
        break;
    case FAIL_MEMORY:
        who->alloc.fail_after = after == UINT64_MAX ? after : who->alloc.calls + after;
        break;
    default:
        who->rng.fail_after = after == UINT64_MAX ? after : who->rng.calls + after;
        break;
    }
}

/* One life in which, from the `after`-th call on, `what` fails until the person tries again. */
static void
live_with_failure(failure what, uint64_t after, size_t who)
{
    h = home_new();
    party *old = home_party(h);
    party *new = home_party(h);
    uint64_t ops[4] = {0};

    ghost_make(h, &rose, 5);
    ghost_list(h, &rose);
    link_text = (kith_buf){0};
    ghost_link(h, &rose, &link_text);
    set_failure(who == 0 ? old : new, what, after);
    (void)live(old, new, ops);
    set_failure(who == 0 ? old : new, what, UINT64_MAX);
    core_pair_cancel(old->core, h->now_ms);
    core_pair_cancel(new->core, h->now_ms);
    home_pass(h, CORE_PAUSE_MAX_MS);
    /* Whatever state the failure left is one that a restart understands. */
    party_restart(old);
    party_restart(new);
    if (core_account_get(old->core).state != CORE_ACCOUNT_NONE) {
        home_pass(h, CORE_PAUSE_MAX_MS);
    }
    ops[0] = core_account_get(old->core).state == CORE_ACCOUNT_NONE ? 0 : 1;
    for (int i = 0; i < 8 && !is_complete(old, new); i++) {
        ops[0] = stub_has_direct(old->core, rose.id) ? 1 : ops[0];
        ops[1] = old->seen[PROTO_INVITE_PUT] > 0 ? 1 : 0;
        ops[2] = core_account_get(new->core).state == CORE_ACCOUNT_READY ? 1 : 0;
        ops[3] = ops[2];
        (void)live(old, new, ops);
        home_pass(h, CORE_PAUSE_MAX_MS);
    }
    assert_true(is_complete(old, new));
    kith_buf_done(&link_text);
    ghost_done(&rose);
    home_free(h);
    h = NULL;
}

static void
a_life_without_failures_is_complete(void **state)
{
    (void)state;

    h = home_new();
    party *old = home_party(h);
    party *new = home_party(h);
    ghost_make(h, &rose, 5);
    ghost_list(h, &rose);
    link_text = (kith_buf){0};
    ghost_link(h, &rose, &link_text);

    live_until_complete(old, new);

    kith_buf_done(&link_text);
    ghost_done(&rose);
    home_free(h);
    h = NULL;
}

static void
a_store_that_fails_anywhere_loses_nothing(void **state)
{
    (void)state;

    for (uint64_t after = 0; after < 400; after += after < 100 ? 1 : 7) {
        live_with_failure(FAIL_STORE, after, 0);
    }
    for (uint64_t after = 0; after < 300; after += after < 60 ? 1 : 7) {
        live_with_failure(FAIL_STORE, after, 1);
    }
}

static void
memory_that_fails_anywhere_loses_nothing(void **state)
{
    (void)state;

    for (uint64_t after = 0; after < 3000; after += after < 200 ? 3 : 41) {
        live_with_failure(FAIL_MEMORY, after, 0);
    }
    for (uint64_t after = 0; after < 2000; after += after < 200 ? 3 : 41) {
        live_with_failure(FAIL_MEMORY, after, 1);
    }
}

static void
randomness_that_fails_anywhere_loses_nothing(void **state)
{
    (void)state;

    for (uint64_t after = 0; after < 60; after++) {
        live_with_failure(FAIL_RANDOM, after, 0);
        live_with_failure(FAIL_RANDOM, after, 1);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_transaction_wrote_is_there_after_its_end),
        TEST(what_a_failed_transaction_wrote_is_not),
        TEST(a_transaction_without_changes_does_not_touch_the_store),
        TEST(numbers_go_on_after_a_restart),
        TEST(a_failed_commit_hangs_up_both_connections_and_recovers),
        TEST(damage_in_the_store_is_told_from_a_later_version),
        TEST(an_object_that_could_not_be_read_again_is_read_by_the_next_call),
        TEST(keys_are_ordered_like_their_parts),
        TEST(a_pause_ends_when_its_time_comes_or_the_clock_goes_back),
        cmocka_unit_test(a_life_without_failures_is_complete),
        cmocka_unit_test(a_store_that_fails_anywhere_loses_nothing),
        cmocka_unit_test(memory_that_fails_anywhere_loses_nothing),
        cmocka_unit_test(randomness_that_fails_anywhere_loses_nothing),
    };

    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
