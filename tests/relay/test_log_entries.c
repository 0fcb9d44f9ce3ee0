/* SPDX-License-Identifier: MPL-2.0 */
/*
 * How lists get into the directory's log: one entry for what is accepted together, entries in time, and what becomes of
 * them when disks and power fail.
 */
#include <string.h>

#include "relay/viewer.h"

/* ---- Entries ---- */

static void
what_is_accepted_together_is_one_entry(void **state)
{
    enum { PEOPLE = 5 };
    log_scene s;
    person people[PEOPLE];
    client makers[PEOPLE];
    (void)state;
    log_scene_open(&s);
    const uint64_t before = log_scene_size(&s);
    for (size_t i = 0; i < PEOPLE; i++) {
        proto_account_create in = {0};
        person_make(&s.t, &people[i], 1);
        client_open(&s.t, &makers[i], i % TOWN_LOOPS, 100 + i);
        memcpy(in.ticket, s.t.operator_ticket, PROTO_ID_LEN);
        in.list = kith_bytes_of_buf(&people[i].list);
        assert_err(proto_account_create_encode(client_body(&makers[i]), &in), KITH_OK);
    }
    for (size_t i = 0; i < PEOPLE; i++) {
        client_send(&makers[i], PROTO_ACCOUNT_CREATE);
    }
    town_run(&s.t);

    assert_int_equal(log_scene_size(&s), before + 1);
    for (size_t i = 0; i < PEOPLE; i++) {
        assert_err(viewer_find(&s.c[0], &s.v[0], people[i].account_id, 0), KITH_OK);
        assert_int_equal(s.v[0].version, 1);
        person_done(&people[i]);
    }
    log_scene_close(&s);
}

/* One connection puts as many lists as it may have in flight, others the rest, all in one batch. */
static void
more_lists_of_one_account_than_an_entry_takes_make_a_second_one(void **state)
{
    enum { LISTS = KT_LABEL_UPDATES_MAX + 5 };
    log_scene s;
    client second;
    (void)state;
    log_scene_open(&s);
    client_open(&s.t, &second, 0, 2);
    assert_err(person_log_in(&s.anna, &second, 1), KITH_OK);
    const uint64_t before = log_scene_size(&s);

    for (unsigned i = 0; i < LISTS; i++) {
        client *c = i < 60 ? &s.named : &second;
        person_next_list(&s.anna, 3);
        const proto_list_put in = {.list = kith_bytes_of_buf(&s.anna.list)};
        assert_err(proto_list_put_encode(client_body(c), &in), KITH_OK);
        client_send(c, PROTO_LIST_PUT);
        if (i == 59) {
            store_mailbox_submit(s.t.box[0], s.t.relay[0]);
        }
    }
    town_run(&s.t);

    assert_int_equal(log_scene_size(&s), before + 2);
    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, LISTS), KITH_OK);
    assert_int_equal(s.v[0].version, LISTS + 1);
    log_scene_close(&s);
}

static void
messages_and_repeated_lists_make_no_entry(void **state)
{
    log_scene s;
    talk k;
    client d;
    (void)state;
    log_scene_open(&s);
    client_open(&s.t, &d, 0, 5);
    const uint64_t before = log_scene_size(&s);

    assert_err(talk_open(&d, &k, 1, 2), KITH_OK);
    assert_err(talk_say(&d, &k, 0, 1, kith_bytes_of_text("hello")), KITH_OK);
    assert_err(person_put_list(&s.anna, &s.named), KITH_OK);
    person_create(&s.anna);

    assert_int_equal(log_scene_size(&s), before);
    log_scene_close(&s);
}

static void
an_entry_is_added_when_the_newest_is_ten_minutes_old(void **state)
{
    log_scene s;
    (void)state;
    log_scene_open(&s);
    const uint64_t before = log_scene_size(&s);

    town_pass(&s.t, RELAY_LOG_BEAT_MS - 1);
    town_pass(&s.t, 0);
    assert_int_equal(log_scene_size(&s), before);
    town_pass(&s.t, RELAY_EXPIRE_MS);
    assert_int_equal(log_scene_size(&s), before + 1);
    town_pass(&s.t, RELAY_EXPIRE_MS);
    assert_int_equal(log_scene_size(&s), before + 1);
    for (uint64_t i = 0; i < 30; i++) {
        town_pass(&s.t, RELAY_LOG_BEAT_MS);
        assert_int_equal(log_scene_size(&s), before + 2 + i);
    }
    log_scene_close(&s);
}

static void
entries_stay_in_order_when_the_clock_goes_back(void **state)
{
    log_scene s;
    (void)state;
    log_scene_open(&s);

    s.t.now_ms -= RELAY_LOG_AHEAD_MS / 2;
    log_scene_put(&s, 1);
    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 0), KITH_OK);
    assert_int_equal(s.v[0].version, 2);
    s.t.now_ms += RELAY_LOG_AHEAD_MS;
    log_scene_put(&s, 3);
    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 0), KITH_OK);
    assert_int_equal(s.v[0].version, 3);
    log_scene_close(&s);
}

/* ---- What fails ---- */

static void
a_transaction_that_fails_leaves_a_log_that_goes_on(void **state)
{
    log_scene s;
    (void)state;
    log_scene_open(&s);
    const uint64_t before = log_scene_size(&s);

    for (unsigned n = 1; n < 12; n++) {
        KITH_AUTO(kith_buf) kept = {0};
        assert_err(kith_buf_set(&kept, kith_bytes_of_buf(&s.anna.list)), KITH_OK);
        person_next_list(&s.anna, 3);
        fake_disk_fail_after(s.t.disk, FAKE_DISK_IOERR, n, 1000);
        const kith_err err = person_put_list(&s.anna, &s.named);
        fake_disk_fail_after(s.t.disk, FAKE_DISK_IOERR, FAKE_DISK_NEVER, 0);
        assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 0), KITH_OK);
        if (err != KITH_OK) {
            assert_err(kith_buf_set(&s.anna.list, kith_bytes_of_buf(&kept)), KITH_OK);
        }
        assert_true(kith_bytes_equal(s.v[0].found.value, kith_bytes_of_buf(&s.anna.list)));
    }
    log_scene_put(&s, 1);
    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 0), KITH_OK);
    assert_true(log_scene_size(&s) > before);
    log_scene_close(&s);
}

/* ---- Power, and logs of before ---- */

/* What happens while the power goes; what Anna's newest acknowledged list is. */
static uint64_t
live(log_scene *s)
{
    uint64_t acknowledged = 1;
    person bert;

    for (unsigned i = 0; i < 3; i++) {
        person_next_list(&s->anna, 1 + 2 * (i % 2));
        if (person_put_list(&s->anna, &s->named) != KITH_OK) {
            return acknowledged;
        }
        acknowledged++;
        kith_ignore(
            viewer_find(&s->c[i % 2], &s->v[i % 2], s->anna.account_id, 0)); /* or the power went */
    }
    person_make(&s->t, &bert, 1);
    client maker;
    proto_account_create in = {.list = kith_bytes_of_buf(&bert.list)};
    memcpy(in.ticket, s->t.operator_ticket, PROTO_ID_LEN);
    client_open(&s->t, &maker, 1, 77);
    assert_err(proto_account_create_encode(client_body(&maker), &in), KITH_OK);
    kith_ignore(client_ask(&maker, PROTO_ACCOUNT_CREATE)); /* or the power went */
    client_close(&maker);
    person_done(&bert);
    town_pass(&s->t, RELAY_LOG_BEAT_MS);
    kith_ignore(viewer_find(&s->c[0], &s->v[0], s->anna.account_id, 0));
    return acknowledged;
}

/* Whoever saw the log before sees one that goes on from there. */
static void
check_after(log_scene *s, uint64_t acknowledged)
{
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        client_open(&s->t, &s->c[i], i, 10 + i);
        assert_err(viewer_find(&s->c[i], &s->v[i], s->anna.account_id, 0), KITH_OK);
        assert_true(s->v[i].version >= acknowledged);
    }
}

static void
the_power_may_go_at_any_write_and_what_was_shown_is_still_proved(void **state)
{
    bool went = true;
    (void)state;

    for (uint64_t n = 0; went; n += 1 + n / 8) {
        log_scene s;
        log_scene_open(&s);
        fake_disk_power_at(s.t.disk, n);
        const uint64_t acknowledged = live(&s);
        went = fake_disk_is_off(s.t.disk);
        fake_rng_init(&s.t.fake, n); /* another fate for what was not synced */
        town_crash(&s.t);
        check_after(&s, acknowledged);
        log_scene_close(&s);
        assert_true(n < 500 && (went || n > 10));
    }
}

static void
lists_of_before_there_was_a_log_are_in_it_after_the_start_whenever_the_power_goes(void **state)
{
    enum { LISTS = KT_LABEL_UPDATES_MAX + 3 };
    bool went = true;
    (void)state;

    for (uint64_t n = 0; went; n += 1 + n / 8) {
        town t;
        person anna;
        person bert;
        client named;
        client c;
        viewer v;
        bool left = true;
        town_open(&t);
        person_make(&t, &anna, 1);
        person_make(&t, &bert, 1);
        person_create(&anna);
        person_create(&bert);
        client_open(&t, &named, 0, 1);
        assert_err(person_log_in(&anna, &named, 0), KITH_OK);
        for (unsigned i = 1; i < LISTS; i++) {
            person_next_list(&anna, 1);
            assert_err(person_put_list(&anna, &named), KITH_OK);
        }

        store_writer *early = NULL;
        const store_writer_options options = {.store = t.store,
                                              .clock = &t.clock,
                                              .log = &t.log.log,
                                              .log_sign = t.log.sign,
                                              .rng = &t.rng};
        assert_err(store_writer_new(&options, &early), KITH_OK);
        fake_disk_power_at(t.disk, n);
        while (left && store_writer_catch_up(early, &left) == KITH_OK) {
        }
        went = fake_disk_is_off(t.disk);
        store_writer_free(early);
        t.has_log = true;
        town_crash(&t);

        client_open(&t, &c, 1, 3);
        viewer_open(&c, &v);
        assert_err(viewer_find(&c, &v, anna.account_id, LISTS - 1), KITH_OK);
        assert_int_equal(v.version, LISTS);
        assert_err(viewer_find(&c, &v, bert.account_id, 0), KITH_OK);
        assert_int_equal(v.version, 1);
        assert_int_equal(v.view.size, 2); /* an entry takes so many lists of one account */
        person_done(&anna);
        person_done(&bert);
        town_close(&t);
        assert_true(n < 500 && (went || n > 10));
    }
}

/* What opening the store with the town's log comes to. */
static kith_err
try_log(log_scene *s)
{
    store_writer *writer = NULL;
    const store_writer_options options = {.store = s->t.store,
                                          .clock = &s->t.clock,
                                          .log = &s->t.log.log,
                                          .log_sign = s->t.log.sign,
                                          .rng = &s->t.rng};

    const kith_err err = store_writer_new(&options, &writer);
    store_writer_free(writer);
    return err;
}

static void
another_log_takes_a_store_only_when_the_old_one_was_forgotten(void **state)
{
    log_scene s;
    viewer fresh;
    (void)state;
    log_scene_open(&s);
    log_scene_put(&s, 1);
    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 0), KITH_OK);

    assert_err(try_log(&s), KITH_OK);
    fake_log_renew(&s.t.log, 2, "restored");
    assert_err(try_log(&s), KITH_ERR_DENIED);
    assert_err(store_relay_forget_log(s.t.store), KITH_OK);
    town_crash(&s.t);

    client_open(&s.t, &s.c[0], 0, 10);
    viewer_open(&s.c[0], &fresh);
    assert_err(viewer_find(&s.c[0], &fresh, s.anna.account_id, 0), KITH_OK);
    assert_int_equal(fresh.version, 2);
    assert_true(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 0) !=
                KITH_OK); /* it knows the old one */
    log_scene_close(&s);
}

static void
keys_that_are_not_those_of_the_log_are_refused(void **state)
{
    log_scene s;
    fake_log other;
    relay *made = NULL;
    (void)state;
    log_scene_open(&s);
    fake_log_init(&other, 1, 5);

    crypto_sign_key *sign = s.t.log.sign;
    s.t.log.sign = other.sign;
    assert_err(try_log(&s), KITH_ERR_INVALID);
    s.t.log.sign = sign;
    s.t.log.log.vrf = other.vrf;
    assert_err(try_log(&s), KITH_ERR_INVALID);
    assert_err(relay_new(&s.t.env[0], s.t.now_ms, &made), KITH_ERR_INVALID);
    s.t.log.log.vrf = s.t.log.vrf;
    assert_err(try_log(&s), KITH_OK);
    fake_log_done(&other);
    log_scene_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_accepted_together_is_one_entry),
        cmocka_unit_test(more_lists_of_one_account_than_an_entry_takes_make_a_second_one),
        cmocka_unit_test(messages_and_repeated_lists_make_no_entry),
        cmocka_unit_test(an_entry_is_added_when_the_newest_is_ten_minutes_old),
        cmocka_unit_test(entries_stay_in_order_when_the_clock_goes_back),
        cmocka_unit_test(a_transaction_that_fails_leaves_a_log_that_goes_on),
        cmocka_unit_test(the_power_may_go_at_any_write_and_what_was_shown_is_still_proved),
        cmocka_unit_test(
            lists_of_before_there_was_a_log_are_in_it_after_the_start_whenever_the_power_goes),
        cmocka_unit_test(another_log_takes_a_store_only_when_the_old_one_was_forgotten),
        cmocka_unit_test(keys_that_are_not_those_of_the_log_are_refused),
    };

    return cmocka_run_group_tests_name("relay: entries of the log", tests, NULL, NULL);
}
