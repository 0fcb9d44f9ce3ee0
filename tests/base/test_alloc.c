/* SPDX-License-Identifier: MPL-2.0 */
/* The allocator port: zeroed on the way out, wiped on the way back, nothing changed on failure. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/spy_alloc.h"
#include "fakes/fake_rng.h"

static void
fresh_memory_is_zero_whatever_the_allocator_gives(void **state)
{
    static const uint8_t zeros[24];
    spy_alloc spy;
    (void)state;
    spy_alloc_init(&spy);

    void *mem = kith_mem_zalloc(&spy.port, 3, 8);

    assert_non_null(mem);
    assert_memory_equal(mem, zeros, sizeof zeros);
    kith_mem_free(&spy.port, mem, 24);
}

static void
given_back_memory_is_wiped(void **state)
{
    spy_alloc spy;
    (void)state;
    spy_alloc_init(&spy);
    void *mem = kith_mem_zalloc(&spy.port, 1, 100);
    memset(mem, 's', 100);

    kith_mem_free(&spy.port, mem, 100);

    assert_int_equal(spy.frees, 1);
    assert_int_equal(spy.dirty_frees, 0);
}

static void
nothing_is_freed_for_null(void **state)
{
    spy_alloc spy;
    (void)state;
    spy_alloc_init(&spy);

    kith_mem_free(&spy.port, NULL, 100);
    kith_mem_free(NULL, NULL, 0);

    assert_int_equal(spy.frees, 0);
}

static void
no_memory_is_asked_for_nothing_or_for_more_than_there_can_be(void **state)
{
    fake_alloc fake;
    (void)state;
    fake_alloc_init(&fake);

    assert_null(kith_mem_zalloc(&fake.port, 0, 8));
    assert_null(kith_mem_zalloc(&fake.port, 8, 0));
    assert_null(kith_mem_zalloc(&fake.port, SIZE_MAX / 2 + 1, 2));
    assert_null(kith_mem_zalloc(&fake.port, 2, SIZE_MAX));

    assert_int_equal(fake.calls, 0);
}

static void
a_failing_allocator_gives_null(void **state)
{
    fake_alloc fake;
    (void)state;
    fake_alloc_init(&fake);
    fake.fail_after = 0;

    assert_null(kith_mem_zalloc(&fake.port, 1, 1));
}

static void
without_a_port_the_c_library_serves(void **state)
{
    uint16_t *items = kith_mem_zalloc(NULL, 4, sizeof *items);
    size_t cap = 4;
    (void)state;
    assert_non_null(items);
    items[3] = 7;

    void *moved = items;
    assert_ok(kith_mem_grow(NULL, &moved, &cap, 100, sizeof *items));

    assert_int_equal(((uint16_t *)moved)[3], 7);
    assert_int_equal(((uint16_t *)moved)[99], 0);
    kith_mem_free(NULL, moved, cap * sizeof *items);
}

static void
an_array_grows_by_doubling_and_keeps_what_it_held(void **state)
{
    spy_alloc spy;
    void *items = NULL;
    size_t cap = 0;
    (void)state;
    spy_alloc_init(&spy);

    assert_ok(kith_mem_grow(&spy.port, &items, &cap, 1, 2));
    assert_int_equal(cap, 4);
    memcpy(items, "abcdefgh", 8);
    assert_ok(kith_mem_grow(&spy.port, &items, &cap, 9, 2));

    assert_int_equal(cap, 16);
    assert_memory_equal(items, "abcdefgh\0\0\0\0", 12);
    assert_int_equal(spy.dirty_frees, 0);
    kith_mem_free(&spy.port, items, cap * 2);
}

static void
an_array_that_is_large_enough_stays_where_it_is(void **state)
{
    fake_alloc fake;
    void *items = NULL;
    size_t cap = 0;
    (void)state;
    fake_alloc_init(&fake);
    assert_ok(kith_mem_grow(&fake.port, &items, &cap, 4, 1));
    void *const before = items;

    assert_ok(kith_mem_grow(&fake.port, &items, &cap, 4, 1));
    assert_ok(kith_mem_grow(&fake.port, &items, &cap, 0, 1));

    assert_ptr_equal(items, before);
    assert_int_equal(fake.calls, 1);
    kith_mem_free(&fake.port, items, cap);
    assert_int_equal(fake.live_blocks, 0);
}

static void
an_array_that_cannot_grow_is_unchanged(void **state)
{
    static const size_t impossible[] = {5, SIZE_MAX / 2, SIZE_MAX};
    fake_alloc fake;
    void *items = NULL;
    size_t cap = 0;
    (void)state;
    fake_alloc_init(&fake);
    assert_ok(kith_mem_grow(&fake.port, &items, &cap, 4, 8));
    memset(items, 'k', 32);
    void *const before = items;
    fake.fail_after = fake.calls;

    for (size_t i = 0; i < CHECK_COUNT(impossible); i++) {
        assert_err(kith_mem_grow(&fake.port, &items, &cap, impossible[i], 8), KITH_ERR_NO_MEMORY);

        assert_ptr_equal(items, before);
        assert_int_equal(cap, 4);
        assert_int_equal(((uint8_t *)items)[31], 'k');
    }
    kith_mem_free(&fake.port, items, cap * 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_memory_is_zero_whatever_the_allocator_gives),
        cmocka_unit_test(given_back_memory_is_wiped),
        cmocka_unit_test(nothing_is_freed_for_null),
        cmocka_unit_test(no_memory_is_asked_for_nothing_or_for_more_than_there_can_be),
        cmocka_unit_test(a_failing_allocator_gives_null),
        cmocka_unit_test(without_a_port_the_c_library_serves),
        cmocka_unit_test(an_array_grows_by_doubling_and_keeps_what_it_held),
        cmocka_unit_test(an_array_that_is_large_enough_stays_where_it_is),
        cmocka_unit_test(an_array_that_cannot_grow_is_unchanged),
    };

    return cmocka_run_group_tests_name("base: memory", tests, NULL, NULL);
}
