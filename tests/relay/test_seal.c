/* SPDX-License-Identifier: MPL-2.0 */
/* The seal from the inside of a transaction: memory and randomness run out, commits fail, the store is damaged. */
#include <string.h>

#include "relay/town.h"

enum { PEOPLE = 3 };

/* A town without a log, some people in it, and a seal that is to catch up with them. */
typedef struct scene {
    town t;
    person people[PEOPLE];
    relay_seal *seal;
    relay_seal_env env;
} scene;

static void
scene_open(scene *s)
{
    memset(s, 0, sizeof *s);
    town_open(&s->t);
    for (size_t i = 0; i < PEOPLE; i++) {
        person_make(&s->t, &s->people[i], 1);
        person_create(&s->people[i]);
    }
    s->env = (relay_seal_env){.alloc = &s->t.alloc.port,
                              .log = &s->t.log.log,
                              .sign = s->t.log.sign,
                              .crypto = s->t.crypto,
                              .rng = &s->t.rng,
                              .store = store_relay_port(s->t.store)};
    assert_err(relay_seal_new(&s->env, &s->seal), KITH_OK);
}

static void
scene_close(scene *s)
{
    relay_seal_free(s->seal);
    for (size_t i = 0; i < PEOPLE; i++) {
        person_done(&s->people[i]);
    }
    town_close(&s->t);
}

/* One transaction as the writer has it. */
static kith_err
seal_once(scene *s, bool *left)
{
    const relay_store *store = s->env.store;

    assert_err(store->begin(store->ctx), KITH_OK);
    kith_err err = relay_seal_catch_up(s->seal, s->t.now_ms, left);
    if (err == KITH_OK) {
        err = relay_seal_close(s->seal, s->t.now_ms);
    }
    if (err == KITH_OK) {
        err = store->commit(store->ctx);
    } else {
        store->rollback(store->ctx);
    }
    relay_seal_settle(s->seal, err == KITH_OK);
    return err;
}

static uint64_t
stored_size(scene *s)
{
    relay_head head = {0};
    const kith_err err = s->env.store->head_get(s->env.store->ctx, &head);

    assert_true(err == KITH_OK || err == KITH_ERR_NOT_FOUND);
    return head.size;
}

static void
check_all_logged(scene *s)
{
    relay_logged account = {0};

    assert_err(s->env.store->unlogged_next(s->env.store->ctx, 0, &account), KITH_ERR_NOT_FOUND);
    assert_true(relay_seal_is_complete(s->seal));
    for (size_t i = 0; i < PEOPLE; i++) {
        uint64_t count = 0;
        assert_err(s->env.store->logged_count(s->env.store->ctx, s->people[i].account_id, &count),
                   KITH_OK);
        assert_int_equal(count, 1);
    }
}

static void
a_seal_catches_up_once_and_then_only_keeps_the_log_fresh(void **state)
{
    scene s;
    bool left = true;
    (void)state;
    scene_open(&s);

    assert_false(relay_seal_is_complete(s.seal));
    assert_err(seal_once(&s, &left), KITH_OK);
    assert_false(left);
    check_all_logged(&s);
    assert_int_equal(stored_size(&s), 1);
    assert_err(seal_once(&s, &left), KITH_OK);
    assert_int_equal(stored_size(&s), 1);
    s.t.now_ms += RELAY_LOG_BEAT_MS - 1;
    assert_err(seal_once(&s, &left), KITH_OK);
    assert_int_equal(stored_size(&s), 1);
    s.t.now_ms++;
    assert_err(seal_once(&s, &left), KITH_OK);
    assert_int_equal(stored_size(&s), 2);
    scene_close(&s);
}

/* Accounts whose lists nobody looks at, behind the people. */
static void
add_accounts(scene *s, size_t count)
{
    const relay_store *store = s->env.store;

    assert_err(store->begin(store->ctx), KITH_OK);
    for (size_t i = 0; i < count; i++) {
        uint8_t id[PROTO_ID_LEN] = {0xee};
        uint64_t row = 0;
        memcpy(id + 1, &i, sizeof i);
        assert_err(store->account_add(store->ctx, id, &row), KITH_OK);
        assert_err(store->list_add(store->ctx, row, 1, kith_bytes_of_text("list")), KITH_OK);
    }
    assert_err(store->commit(store->ctx), KITH_OK);
}

static void
an_entry_takes_as_many_lists_as_it_may_and_the_next_one_the_rest(void **state)
{
    scene s;
    bool left = false;
    (void)state;
    scene_open(&s);
    add_accounts(&s, RELAY_CATCH_UP_MAX - PEOPLE + 1);

    assert_err(seal_once(&s, &left), KITH_OK);
    assert_true(left);
    assert_false(relay_seal_is_complete(s.seal));
    relay_logged rest = {0};
    assert_err(s.env.store->unlogged_next(s.env.store->ctx, 0, &rest), KITH_OK);
    assert_err(s.env.store->unlogged_next(s.env.store->ctx, rest.row, &rest), KITH_ERR_NOT_FOUND);

    assert_err(seal_once(&s, &left), KITH_OK);
    assert_false(left);
    assert_int_equal(stored_size(&s), 2);
    check_all_logged(&s);
    scene_close(&s);
}

static void
a_store_without_accounts_gets_an_entry_too(void **state)
{
    scene s;
    bool left = true;
    (void)state;
    memset(&s, 0, sizeof s);
    town_open(&s.t);
    s.env = (relay_seal_env){.log = &s.t.log.log,
                             .sign = s.t.log.sign,
                             .crypto = s.t.crypto,
                             .rng = &s.t.rng,
                             .store = store_relay_port(s.t.store)};

    assert_err(relay_seal_new(&s.env, &s.seal), KITH_OK);
    assert_err(seal_once(&s, &left), KITH_OK);

    assert_false(left);
    assert_int_equal(stored_size(&s), 1);
    relay_seal_free(s.seal);
    relay_seal_free(NULL);
    town_close(&s.t);
}

static void
memory_may_run_out_while_it_is_made_and_while_it_works(void **state)
{
    scene s;
    bool left = true;
    kith_err err = KITH_ERR_NO_MEMORY;
    (void)state;
    scene_open(&s);
    relay_seal_free(s.seal);
    const uint64_t blocks = s.t.alloc.live_blocks;

    for (uint64_t n = 0; err != KITH_OK; n++) {
        s.t.alloc.fail_after = s.t.alloc.calls + n;
        err = relay_seal_new(&s.env, &s.seal);
        assert_true(err == KITH_OK || err == KITH_ERR_NO_MEMORY);
        assert_true(err == KITH_OK || s.t.alloc.live_blocks == blocks);
    }
    err = KITH_ERR_NO_MEMORY;
    for (uint64_t n = 0; err != KITH_OK; n++) {
        s.t.alloc.fail_after = s.t.alloc.calls + n;
        err = seal_once(&s, &left);
        assert_true(err == KITH_OK || err == KITH_ERR_NO_MEMORY);
        assert_int_equal(stored_size(&s), err == KITH_OK);
    }
    s.t.alloc.fail_after = UINT64_MAX;
    check_all_logged(&s);
    scene_close(&s);
}

static void
randomness_may_run_out(void **state)
{
    scene s;
    bool left = true;
    kith_err err = KITH_ERR_NO_RANDOM;
    uint64_t failures = 0;
    (void)state;
    scene_open(&s);

    for (uint64_t n = 0; err != KITH_OK; n++) {
        s.t.fake.fail_after = s.t.fake.calls + n;
        err = seal_once(&s, &left);
        assert_true(err == KITH_OK || err == KITH_ERR_NO_RANDOM);
        failures += err != KITH_OK;
    }
    s.t.fake.fail_after = UINT64_MAX;
    assert_int_equal(failures, PEOPLE); /* an opening each */
    check_all_logged(&s);
    scene_close(&s);
}

static void
a_disk_that_fails_undoes_the_entry_and_the_next_one_takes_its_place(void **state)
{
    scene s;
    bool left = true;
    kith_err err = KITH_ERR_STORE;
    uint64_t failures = 0;
    (void)state;
    scene_open(&s);

    for (uint64_t n = 0; err != KITH_OK; n++) {
        fake_disk_fail_after(s.t.disk, FAKE_DISK_IOERR, n, 1);
        err = seal_once(&s, &left);
        fake_disk_fail_after(s.t.disk, FAKE_DISK_IOERR, FAKE_DISK_NEVER, 0);
        assert_int_equal(stored_size(&s), err == KITH_OK);
        failures += err != KITH_OK;
    }
    assert_true(failures > 0);
    check_all_logged(&s);
    relay_seal_free(s.seal);
    assert_err(relay_seal_new(&s.env, &s.seal), KITH_OK);
    scene_close(&s);
}

/* Stores the head as `change` makes it, and opens a seal on that. */
static kith_err
reopen_with(scene *s, void (*change)(relay_head *head))
{
    const relay_store *store = s->env.store;
    relay_seal *seal = NULL;
    relay_head head = {0};
    relay_head good = {0};

    assert_err(store->head_get(store->ctx, &good), KITH_OK);
    head = good;
    change(&head);
    assert_err(store->begin(store->ctx), KITH_OK);
    assert_err(store->head_put(store->ctx, &head), KITH_OK);
    assert_err(store->commit(store->ctx), KITH_OK);
    const kith_err err = relay_seal_new(&s->env, &seal);
    relay_seal_free(seal);
    assert_err(store->begin(store->ctx), KITH_OK);
    assert_err(store->head_put(store->ctx, &good), KITH_OK);
    assert_err(store->commit(store->ctx), KITH_OK);
    return err;
}

static void
change_nothing(relay_head *head)
{
    (void)head;
}

static void
change_owner(relay_head *head)
{
    head->log_hash[0] ^= 1;
}

static void
change_signature(relay_head *head)
{
    head->signature[9] ^= 1;
}

static void
change_time(relay_head *head)
{
    head->time_ms++;
}

static void
change_size(relay_head *head)
{
    head->size--;
}

static void
change_size_beyond(relay_head *head)
{
    head->size++;
}

static void
what_was_not_signed_is_noticed_when_the_store_is_opened(void **state)
{
    scene s;
    bool left = true;
    (void)state;
    scene_open(&s);
    assert_err(seal_once(&s, &left), KITH_OK);
    s.t.now_ms += RELAY_LOG_BEAT_MS;
    assert_err(seal_once(&s, &left), KITH_OK);

    assert_err(reopen_with(&s, change_nothing), KITH_OK);
    assert_err(reopen_with(&s, change_owner), KITH_ERR_DENIED);
    assert_err(reopen_with(&s, change_signature), KITH_ERR_MALFORMED);
    assert_err(reopen_with(&s, change_time), KITH_ERR_MALFORMED);
    assert_err(reopen_with(&s, change_size), KITH_ERR_MALFORMED);
    assert_err(reopen_with(&s, change_size_beyond), KITH_ERR_STORE);
    assert_err(reopen_with(&s, change_nothing), KITH_OK);
    scene_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seal_catches_up_once_and_then_only_keeps_the_log_fresh),
        cmocka_unit_test(an_entry_takes_as_many_lists_as_it_may_and_the_next_one_the_rest),
        cmocka_unit_test(a_store_without_accounts_gets_an_entry_too),
        cmocka_unit_test(memory_may_run_out_while_it_is_made_and_while_it_works),
        cmocka_unit_test(randomness_may_run_out),
        cmocka_unit_test(a_disk_that_fails_undoes_the_entry_and_the_next_one_takes_its_place),
        cmocka_unit_test(what_was_not_signed_is_noticed_when_the_store_is_opened),
    };

    return cmocka_run_group_tests_name("relay: the seal", tests, NULL, NULL);
}
