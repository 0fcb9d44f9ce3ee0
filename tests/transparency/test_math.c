/* SPDX-License-Identifier: MPL-2.0 */
/* The functions of the draft's appendices against their definitions. */
#include "base/check.h"
#include "transparency/math.h"

#define SIZE_CHECKED 300

static void
the_figure_of_fourteen_entries_is_reproduced(void **state)
{
    (void)state;
    const kt_path path = kt_math_right_path(4, 14);

    assert_int_equal(kt_math_root(14), 7);
    assert_int_equal(kt_math_left(7), 3);
    assert_int_equal(kt_math_right(7, 14), 11);
    assert_int_equal(kt_math_right(11, 14), 13);
    assert_int_equal(kt_math_left(13), 12);
    assert_false(kt_math_has_right(13, 14));
    assert_false(kt_math_has_left(12));
    assert_int_equal(path.count, 2);
    assert_int_equal(path.items[0], 5);
    assert_int_equal(path.items[1], 7);
}

static void
the_frontier_of_fifty_entries_is_that_of_the_draft(void **state)
{
    (void)state;
    const kt_path path = kt_math_frontier(50);

    assert_int_equal(path.count, 3);
    assert_int_equal(path.items[0], 31);
    assert_int_equal(path.items[1], 47);
    assert_int_equal(path.items[2], 49);
    assert_int_equal(kt_math_frontier(0).count, 0);
}

/* [KEYTRANS §4.1]: the inductive definition. The root of `size` entries from `offset` on. */
static uint64_t
defined_root(uint64_t offset, uint64_t size)
{
    uint64_t root = 1;

    while (root * 2 <= size) {
        root *= 2;
    }
    return offset + root - 1;
}

/* Goes down to `target` in both ways. */
static void
check_way(uint64_t target, uint64_t size)
{
    uint64_t offset = 0;
    uint64_t left = size;
    uint64_t x = kt_math_root(size);

    while (x != target) {
        if (target < x) {
            assert_true(kt_math_has_left(x));
            left = x - offset;
        } else {
            assert_true(kt_math_has_right(x, size));
            left -= x + 1 - offset;
            offset = x + 1;
        }
        x = kt_math_toward(x, target, size);
        assert_int_equal(x, defined_root(offset, left));
    }
    assert_int_equal(kt_math_has_left(x), x > offset);
    assert_int_equal(kt_math_has_right(x, size), x + 1 < offset + left);
}

static void
children_are_those_of_the_inductive_definition(void **state)
{
    (void)state;

    for (uint64_t size = 1; size <= SIZE_CHECKED; size++) {
        assert_int_equal(kt_math_root(size), defined_root(0, size));
        for (uint64_t target = 0; target < size; target++) {
            check_way(target, size);
        }
    }
}

static void
an_update_ends_at_the_last_entry_and_names_no_old_one(void **state)
{
    (void)state;

    for (uint64_t size = 1; size <= SIZE_CHECKED; size++) {
        for (uint64_t previous = 1; previous < size; previous++) {
            const kt_path path = kt_math_update(previous, size);
            assert_true(path.count > 0);
            assert_true(path.items[0] >= previous);
            assert_int_equal(path.items[path.count - 1], size - 1);
            for (size_t i = 1; i < path.count; i++) {
                assert_true(path.items[i - 1] < path.items[i]);
            }
        }
        assert_int_equal(kt_math_update(size, size).count, 0);
        assert_int_equal(kt_math_update(0, size).count, kt_math_frontier(size).count);
    }
}

static void
the_worked_example_updates_from_four_to_thirteen_entries(void **state)
{
    (void)state;
    const kt_path path = kt_math_update(4, 13);

    assert_int_equal(path.count, 3);
    assert_int_equal(path.items[0], 7);
    assert_int_equal(path.items[1], 11);
    assert_int_equal(path.items[2], 12);
}

static void
assert_ladder(const kt_ladder *ladder, const uint32_t *expected, size_t count)
{
    assert_int_equal(ladder->count, count);
    assert_memory_equal(ladder->items, expected, count * sizeof expected[0]);
}

static void
ladders_are_those_of_the_draft(void **state)
{
    (void)state;
    const kt_ladder zero = kt_math_ladder(0);
    const kt_ladder two = kt_math_ladder(2);
    const kt_ladder six = kt_math_ladder(6);
    const kt_ladder monitored = kt_math_monitoring_ladder(2);

    assert_ladder(&zero, (const uint32_t[]){0, 1}, 2);
    assert_ladder(&two, (const uint32_t[]){0, 1, 3, 2}, 4);
    assert_ladder(&six, (const uint32_t[]){0, 1, 3, 7, 5, 6}, 6);
    assert_ladder(&monitored, (const uint32_t[]){0, 1, 2}, 3);
}

static void
a_ladder_looks_up_its_target_and_fits(void **state)
{
    (void)state;
    static const uint32_t edges[] = {0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};

    for (uint32_t version = 0; version < 5000; version++) {
        const kt_ladder ladder = kt_math_ladder(version);
        assert_true(kt_math_ladder_has(&ladder, version));
        assert_true(kt_math_ladder_has(&ladder, version + 1));
    }
    for (size_t i = 0; i < CHECK_COUNT(edges); i++) {
        const kt_ladder ladder = kt_math_ladder(edges[i]);
        assert_true(kt_math_ladder_has(&ladder, edges[i]));
        assert_true(ladder.count <= KT_LADDER_MAX);
    }
}

static void
full_subtrees_are_as_many_as_the_bits_of_the_size(void **state)
{
    (void)state;

    for (uint64_t size = 1; size <= SIZE_CHECKED; size++) {
        size_t count = 0;
        for (uint64_t start = 0; start < size; count++) {
            start += UINT64_C(1) << kt_math_subtree_level(start, size);
        }
        assert_int_equal(count, kt_math_subtree_count(size));
    }
}

static void
paths_in_the_largest_log_fit(void **state)
{
    (void)state;

    assert_int_equal(kt_math_frontier(KT_SIZE_MAX - 1).count, 48);
    assert_int_equal(kt_math_right_path(0, KT_SIZE_MAX).count, 48);
    assert_true(kt_math_update(1, KT_SIZE_MAX).count <= KT_PATH_MAX);
}

static void
the_longest_way_from_an_old_tree_to_a_new_one_has_room(void **state)
{
    size_t longest = 0;

    (void)state;
    for (uint64_t previous = 1; previous < 66; previous++) {
        for (uint64_t less = 0; less < 66; less++) {
            const kt_path path = kt_math_update(previous, KT_SIZE_MAX - less);
            longest = path.count > longest ? path.count : longest;
            for (size_t i = 1; i < path.count; i++) {
                assert_true(path.items[i - 1] < path.items[i]);
            }
            assert_int_equal(path.items[path.count - 1], KT_SIZE_MAX - less - 1);
        }
    }
    assert_in_range(longest, KT_PATH_MAX + 1, KT_UPDATE_PATH_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_figure_of_fourteen_entries_is_reproduced),
        cmocka_unit_test(the_frontier_of_fifty_entries_is_that_of_the_draft),
        cmocka_unit_test(children_are_those_of_the_inductive_definition),
        cmocka_unit_test(an_update_ends_at_the_last_entry_and_names_no_old_one),
        cmocka_unit_test(the_worked_example_updates_from_four_to_thirteen_entries),
        cmocka_unit_test(ladders_are_those_of_the_draft),
        cmocka_unit_test(a_ladder_looks_up_its_target_and_fits),
        cmocka_unit_test(full_subtrees_are_as_many_as_the_bits_of_the_size),
        cmocka_unit_test(paths_in_the_largest_log_fit),
        cmocka_unit_test(the_longest_way_from_an_old_tree_to_a_new_one_has_room),
    };

    return cmocka_run_group_tests_name("math", tests, NULL, NULL);
}
