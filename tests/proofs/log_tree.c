/* SPDX-License-Identifier: MPL-2.0 */
/* The implicit binary search tree and the ladders of transparency/math.h, for every size that there may be.
 * Sources: src/transparency/math.c. Loops: 50. */
#include "proof.h"
#include "transparency/math.h"

static uint64_t
any_size(void)
{
    const uint64_t size = nondet_u64();

    ASSUME(size > 0 && size <= KT_SIZE_MAX);
    return size;
}

static uint64_t
any_position(uint64_t size)
{
    const uint64_t x = nondet_u64();

    ASSUME(x < size);
    return x;
}

/* "log: the root of a search tree is one of its entries" */
void
proof_root(void)
{
    const uint64_t size = any_size();

    CLAIM(kt_math_root(size) < size);
}

/* "log: a child lies inside the tree, on its side, and one level or more below" */
void
proof_children(void)
{
    const uint64_t size = any_size();
    const uint64_t x = any_position(size);

    if (kt_math_has_left(x)) {
        CLAIM(kt_math_left(x) < x && kt_math_level(kt_math_left(x)) == kt_math_level(x) - 1);
    }
    if (kt_math_has_right(x, size)) {
        const uint64_t right = kt_math_right(x, size);
        CLAIM(right > x && right < size && kt_math_level(right) < kt_math_level(x));
    }
}

/* Whether `target` is `x` or below it, as far as positions can say. */
static bool
is_covered(uint64_t x, uint64_t target)
{
    const uint64_t reach = UINT64_C(1) << kt_math_level(x);

    return target > x ? target - x < reach : x - target < reach;
}

/* "log: the root covers every entry, at a level that a path has room for" */
void
proof_way_begins(void)
{
    const uint64_t size = any_size();
    const uint64_t target = any_position(size);

    CLAIM(is_covered(kt_math_root(size), target));
    CLAIM(kt_math_level(kt_math_root(size)) < KT_PATH_MAX);
}

/* "log: each step from the root toward an entry goes down and still covers it, so that the way arrives" */
void
proof_way_goes_on(void)
{
    const uint64_t size = any_size();
    const uint64_t target = any_position(size);
    const uint64_t x = any_position(size);

    ASSUME(x != target && is_covered(x, target));
    const uint64_t next = kt_math_toward(x, target, size);
    CLAIM(next < size && is_covered(next, target));
    CLAIM(kt_math_level(next) < kt_math_level(x));
}

/* "log: a ladder for any version up to 1,023 begins with 0 and looks at the version itself and at the next" */
void
proof_ladder(void)
{
    const uint32_t greatest = nondet_u32();

    ASSUME(greatest < 1024);
    const kt_ladder ladder = kt_math_ladder(greatest);

    CLAIM(ladder.count > 0 && ladder.count <= KT_LADDER_MAX);
    CLAIM(ladder.items[0] == 0);
    CLAIM(kt_math_ladder_has(&ladder, greatest));
    CLAIM(kt_math_ladder_has(&ladder, greatest + 1));
}

/* "log: the largest balanced subtree at a place ends where the caller said, or before, and is aligned" */
void
proof_subtree(void)
{
    const uint64_t end = any_size();
    const uint64_t start = any_position(end);
    const unsigned level = kt_math_subtree_level(start, end);

    CLAIM(level < 64 && start % (UINT64_C(1) << level) == 0);
    CLAIM((UINT64_C(1) << level) <= end - start);
}
