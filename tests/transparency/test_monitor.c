/* SPDX-License-Identifier: MPL-2.0 */
/* Contacts and owners who monitor a growing log, and what they notice. */
#include "transparency/world.h"

#define LABEL "rose"
#define STEP_MS 100
#define WINDOW_MS (8 * STEP_MS)

/* A user of a log: what it retains of it, and of one label. */
typedef struct user {
    kt_view view;
    kt_watch watch;
} user;

static void
user_done(user *u)
{
    kt_watch_done(&u->watch);
}

static user
new_user(void)
{
    return (user){.watch = watch_of(LABEL)};
}

static kith_err
look_up(world *w, user *u, kt_found *found)
{
    KITH_AUTO(world_result) result = {0};

    KITH_TRY(world_search(w, &u->view, &u->watch, NULL, &result));
    *found = result.found;
    return KITH_OK;
}

/* The newest distinguished entry. */
static uint64_t
rightmost_head(world *w)
{
    kt_view view = {.size = 0};
    kt_heads heads;

    assert_ok(world_heads(w, &view, &heads));
    assert_true(heads.count > 0);
    return heads.items[0].position;
}

static void
a_contact_monitors_until_a_distinguished_entry_confirms(void **state)
{
    world w;

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 40; i++) {
        KITH_AUTO(user) u = new_user();
        kt_found found;
        unsigned rounds = 0;
        world_append(&w, STEP_MS, LABEL, i);
        assert_ok(look_up(&w, &u, &found));
        while (u.watch.map.count > 0) {
            world_append(&w, STEP_MS, rounds % 2 == 0 ? NULL : LABEL, rounds);
            assert_ok(world_monitor(&w, &u.view, &u.watch));
            assert_true(++rounds < 40);
        }
        assert_int_equal(u.watch.known_count, 0);
        assert_true(rightmost_head(&w) >= found.terminal.position);
    }
    world_close(&w);
}

static void
a_contact_that_was_away_catches_up_in_one_question(void **state)
{
    world w;
    KITH_AUTO(user) u = new_user();
    kt_found found;

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 3; i++) {
        world_append(&w, STEP_MS, LABEL, i);
    }
    assert_ok(look_up(&w, &u, &found));
    assert_int_equal(u.watch.map.count, 1);
    for (unsigned i = 0; i < 100; i++) {
        world_append(&w, STEP_MS, LABEL, i);
    }
    assert_ok(world_monitor(&w, &u.view, &u.watch));
    assert_int_equal(u.watch.map.count, 0);
    world_close(&w);
}

static void
several_versions_are_monitored_together(void **state)
{
    world w;
    KITH_AUTO(user) u = new_user();
    kt_found found;

    world_open(&w, *state, 100 * WINDOW_MS, 0);
    world_append(&w, 200 * WINDOW_MS, NULL, 0);
    for (unsigned i = 0; i < 60; i++) {
        world_append(&w, STEP_MS, i % 3 == 0 ? LABEL : NULL, i);
        if (i % 4 == 0) {
            assert_ok(look_up(&w, &u, &found));
        }
        if (i % 7 == 6) {
            assert_ok(world_monitor(&w, &u.view, &u.watch));
        }
        for (size_t k = 1; k < u.watch.map.count; k++) {
            assert_true(u.watch.map.items[k - 1].position < u.watch.map.items[k].position);
            assert_true(u.watch.map.items[k - 1].version < u.watch.map.items[k].version);
        }
    }
    assert_true(u.watch.map.count > 0);
    world_close(&w);
}

/* Everything new in the log of one's own label, then the monitoring. Returns how many versions came. */
static size_t
catch_up(world *w, user *u)
{
    size_t count = 0;
    kt_news news;
    kith_err err = KITH_OK;

    while ((err = world_update(w, &u->view, &u->watch, &news)) == KITH_OK) {
        count += news.count;
    }
    assert_err(err, KITH_ERR_NOT_FOUND);
    assert_ok(world_owner_monitor(w, &u->view, &u->watch));
    return count;
}

static void
an_owner_follows_its_label_from_before_the_first_version(void **state)
{
    world w;
    KITH_AUTO(user) u = new_user();
    size_t expected = 0;

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 20; i++) {
        world_append(&w, STEP_MS, "other", i);
    }
    assert_ok(world_own(&w, &u.view, &u.watch, rightmost_head(&w)));
    assert_false(u.watch.owner.has_version);
    for (unsigned i = 0; i < 150; i++) {
        const bool adds = i % 4 == 1 || i % 9 == 0;
        world_append(&w, STEP_MS, adds ? LABEL : NULL, i);
        expected += adds ? 1 : 0;
        if (i % 5 == 0) {
            assert_int_equal(catch_up(&w, &u), expected);
            expected = 0;
        }
    }
    world_close(&w);
}

static void
an_owner_follows_from_every_state_with_many_versions_in_an_entry(void **state)
{
    world w;

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 40; i++) {
        world_append_many(&w, STEP_MS, LABEL, 1 + i % 5);
    }
    for (unsigned i = 0; i < 24; i++) {
        KITH_AUTO(user) u = new_user();
        size_t expected = 0;
        assert_ok(world_own(&w, &u.view, &u.watch, rightmost_head(&w)));
        const uint64_t known = (uint64_t)u.watch.owner.version + 1;
        expected = (size_t)(world_versions(&w, LABEL) - known);
        for (unsigned k = 0; k < i % 7; k++) {
            world_append_many(&w, STEP_MS, LABEL, 1 + k);
            expected += 1 + k;
        }
        world_append(&w, i % 3 * STEP_MS, NULL, 0);
        assert_int_equal(catch_up(&w, &u), expected);
    }
    world_close(&w);
}

/* Takes `count` entries with new versions, up to as many as an owner keeps, and updates that come much later. */
static void
follow_many(crypto *c, size_t quiet, size_t count, size_t in_entry)
{
    world w;
    KITH_AUTO(user) u = new_user();
    kt_news news;
    size_t told = 0;

    world_open(&w, c, 1000 * WINDOW_MS, 0);
    world_append(&w, STEP_MS, LABEL, 0);
    world_append(&w, 2000 * WINDOW_MS, NULL, 0);
    assert_ok(world_own(&w, &u.view, &u.watch, rightmost_head(&w)));
    for (size_t i = 0; i < quiet; i++) {
        world_append(&w, STEP_MS, NULL, 0);
    }
    for (size_t i = 0; i < count; i++) {
        world_append_many(&w, STEP_MS, LABEL, in_entry);
    }
    for (size_t i = 0; i < count; i++) {
        assert_ok(world_update(&w, &u.view, &u.watch, &news));
        told += news.count;
    }
    assert_int_equal(told, count * in_entry);
    assert_ok(world_owner_monitor(&w, &u.view, &u.watch));
    world_close(&w);
}

static void
an_owner_takes_as_many_recent_updates_as_it_can_keep(void **state)
{
    for (size_t quiet = 0; quiet < 5; quiet++) {
        follow_many(*state, quiet, KT_MONITOR_MAX, 3 + quiet);
    }
}

static void
an_owner_starts_at_a_distinguished_entry_only(void **state)
{
    world w;
    KITH_AUTO(user) u = new_user();

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 30; i++) {
        world_append(&w, STEP_MS, LABEL, i);
    }
    const uint64_t head = rightmost_head(&w);

    assert_err(world_own(&w, &u.view, &u.watch, head + 1), KITH_ERR_REJECTED);
    assert_err(world_own(&w, &u.view, &u.watch, 1000), KITH_ERR_REJECTED);
    assert_false(u.watch.is_owner);
    assert_ok(world_own(&w, &u.view, &u.watch, head));
    assert_true(u.watch.is_owner);
    world_close(&w);
}

static void
an_owner_notices_a_version_that_it_was_not_told_of(void **state)
{
    world w;
    KITH_AUTO(user) u = new_user();
    kt_news news;

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 20; i++) {
        world_append(&w, STEP_MS, i == 3 ? LABEL : NULL, i);
    }
    assert_ok(world_own(&w, &u.view, &u.watch, rightmost_head(&w)));
    world_append(&w, STEP_MS, LABEL, 99); /* a ghost */
    for (unsigned i = 0; i < 20; i++) {
        world_append(&w, STEP_MS, NULL, 0);
    }
    /* The honest server stops before what it cannot prove; it cannot reach the newest head. */
    assert_err(world_owner_monitor(&w, &u.view, &u.watch), KITH_ERR_BUSY);
    /* Asked for updates it tells. */
    assert_ok(world_update(&w, &u.view, &u.watch, &news));
    assert_int_equal(news.first, 1);
    assert_int_equal(news.count, 1);
    assert_ok(world_owner_monitor(&w, &u.view, &u.watch));
    world_close(&w);
}

static void
old_versions_are_found_until_their_entries_expire(void **state)
{
    world w;
    KITH_AUTO(world_result) result = {0};
    unsigned ok = 0;
    unsigned expired = 0;

    world_open(&w, *state, WINDOW_MS, 30 * STEP_MS);
    for (unsigned i = 0; i < 90; i++) {
        world_append(&w, STEP_MS, i % 10 == 0 ? LABEL : NULL, i);
    }
    for (uint32_t version = 0; version < 9; version++) {
        KITH_AUTO(user) u = new_user();
        const kith_err again = world_search(&w, &u.view, &u.watch, &version, &result);
        assert_true(again == KITH_OK || again == KITH_ERR_NOT_FOUND);
        ok += again == KITH_OK;
        expired += again == KITH_ERR_NOT_FOUND;
    }
    assert_true(ok >= 3);
    assert_true(expired >= 3);
    world_close(&w);
}

static void
recent_heads_are_distinguished_and_the_same_for_all(void **state)
{
    world w;
    kt_view views[3] = {{.size = 0}};
    kt_heads heads[3];

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 50; i++) {
        world_append(&w, STEP_MS, NULL, 0);
        if (i == 20) {
            assert_ok(world_heads(&w, &views[1], &heads[1]));
        }
        if (i == 48) {
            assert_ok(world_heads(&w, &views[2], &heads[2]));
        }
    }
    for (size_t i = 0; i < 3; i++) {
        assert_ok(world_heads(&w, &views[i], &heads[i]));
        assert_int_equal(heads[i].count, KT_RECENT_HEADS);
        assert_memory_equal(&heads[i], &heads[0], sizeof heads[0]);
    }
    for (size_t i = 1; i < KT_RECENT_HEADS; i++) {
        assert_true(heads[0].items[i].position < heads[0].items[i - 1].position);
    }
    world_close(&w);
}

static void
what_is_retained_survives_its_encoding(void **state)
{
    world w;
    KITH_AUTO(user) u = new_user();
    KITH_AUTO(user) copy = {0};
    KITH_AUTO(kith_buf) view = {0};
    KITH_AUTO(kith_buf) watch = {0};
    KITH_AUTO(kith_buf) again = {0};

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 30; i++) {
        world_append(&w, STEP_MS, LABEL, i);
    }
    assert_ok(world_own(&w, &u.view, &u.watch, rightmost_head(&w)));
    world_append(&w, STEP_MS, LABEL, 7);
    (void)catch_up(&w, &u);
    assert_ok(kt_view_encode(&u.view, &view));
    assert_ok(kt_watch_encode(&u.watch, &watch));
    for (size_t len = 0; len < view.len; len++) {
        kith_reader r = kith_reader_of(kith_bytes_of(view.data, len));
        assert_true(kt_view_decode(&r, &copy.view) != KITH_OK);
    }
    for (size_t len = 0; len < watch.len; len++) {
        kith_reader r = kith_reader_of(kith_bytes_of(watch.data, len));
        assert_true(kt_watch_decode(&r, &copy.watch) != KITH_OK);
    }
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&view));
    assert_ok(kt_view_decode(&r, &copy.view));
    assert_true(kith_reader_done(&r));
    r = kith_reader_of(kith_bytes_of_buf(&watch));
    assert_ok(kt_watch_decode(&r, &copy.watch));
    assert_true(kith_reader_done(&r));
    assert_ok(kt_watch_encode(&copy.watch, &again));
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&watch), kith_bytes_of_buf(&again)));
    world_append(&w, 20 * STEP_MS, LABEL, 8);
    assert_int_equal(catch_up(&w, &copy), 1);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contact_monitors_until_a_distinguished_entry_confirms),
        cmocka_unit_test(a_contact_that_was_away_catches_up_in_one_question),
        cmocka_unit_test(several_versions_are_monitored_together),
        cmocka_unit_test(an_owner_follows_its_label_from_before_the_first_version),
        cmocka_unit_test(an_owner_follows_from_every_state_with_many_versions_in_an_entry),
        cmocka_unit_test(an_owner_takes_as_many_recent_updates_as_it_can_keep),
        cmocka_unit_test(an_owner_starts_at_a_distinguished_entry_only),
        cmocka_unit_test(an_owner_notices_a_version_that_it_was_not_told_of),
        cmocka_unit_test(old_versions_are_found_until_their_entries_expire),
        cmocka_unit_test(recent_heads_are_distinguished_and_the_same_for_all),
        cmocka_unit_test(what_is_retained_survives_its_encoding),
    };

    return cmocka_run_group_tests_name("monitor", tests, lab_open, lab_close);
}
