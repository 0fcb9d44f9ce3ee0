/* SPDX-License-Identifier: MPL-2.0 */
/* Prover against verifier, in every state of a growing log. */
#include "transparency/encoding.h"
#include "transparency/world.h"

#define ENTRIES 64
#define LABEL "rose"
#define STEP_MS 100

/* Which entries add a version of the label. */
static bool
adds_version(size_t entry)
{
    return entry % 5 == 2 || entry == 20 || entry == 21 || entry == 3;
}

static void
grow(world *w, size_t entry)
{
    world_append(w, STEP_MS,
                 adds_version(entry) ? LABEL
                 : entry % 3 == 0    ? NULL
                                     : "other",
                 (unsigned)entry);
}

/* A user who has seen `view` looks the label up: the greatest version, or the given one. */
static void
check_search(world *w, const kt_view *view, const uint32_t *version)
{
    KITH_AUTO(world_result) result = {0};
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    kt_view after = *view;
    kt_hash root;
    kt_hash expected;

    assert_ok(world_search(w, &after, &watch, version, &result));
    const kt_found found = result.found;
    assert_int_equal(found.version, version != NULL ? *version : world_versions(w, LABEL) - 1);
    assert_int_equal(found.value.len >= strlen(LABEL), true);
    assert_int_equal(after.size, kt_log_size(w->log));
    assert_ok(kt_view_root(w->c, &after, &root));
    assert_ok(kt_log_tree_root(w->log, &expected));
    assert_true(kt_hash_equal(&root, &expected));
    assert_int_equal(watch.map.count, found.terminal.is_settled ? 0 : 1);
}

/* Everything that can be asked of this state. */
static void
check_state(world *w, const kt_view *views, size_t size, size_t step)
{
    const uint64_t versions = world_versions(w, LABEL);

    for (size_t seen = 0; seen <= size && versions > 0; seen += step) {
        check_search(w, &views[seen], NULL);
    }
    for (uint32_t version = 0; version < versions; version++) {
        check_search(w, &views[(size * version) % (size + 1)], &version);
    }
}

/* The view of a user who never asked anything but for the heads. */
static kt_view
view_now(world *w)
{
    kt_view view = {.size = 0};
    kt_heads heads;

    assert_ok(world_heads(w, &view, &heads));
    return view;
}

static void
check_all_states(crypto *c, uint64_t window, uint64_t lifetime, size_t step)
{
    world w;
    kt_view views[ENTRIES + 1] = {0};

    world_open(&w, c, window, lifetime);
    for (size_t entry = 0; entry < ENTRIES; entry++) {
        grow(&w, entry);
        views[entry + 1] = view_now(&w);
        check_state(&w, views, entry + 1, step);
    }
    world_close(&w);
}

static void
searches_hold_in_all_states_from_all_earlier_ones(void **state)
{
    check_all_states(*state, 10 * STEP_MS, 0, 1);
}

static void
searches_hold_when_every_entry_is_distinguished(void **state)
{
    check_all_states(*state, 0, 0, 9);
}

static void
searches_hold_when_few_entries_are_distinguished(void **state)
{
    check_all_states(*state, 40 * STEP_MS, 0, 9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(searches_hold_in_all_states_from_all_earlier_ones),
        cmocka_unit_test(searches_hold_when_every_entry_is_distinguished),
        cmocka_unit_test(searches_hold_when_few_entries_are_distinguished),
    };

    return cmocka_run_group_tests_name("exchange", tests, lab_open, lab_close);
}
