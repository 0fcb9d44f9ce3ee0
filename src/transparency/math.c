/* SPDX-License-Identifier: MPL-2.0 */
/* The functions of the draft's appendices, on integers alone. */
#include "transparency/math.h"

#include <assert.h>

unsigned
kt_math_level(uint64_t x)
{
    unsigned level = 0;

    while (level < 64 && ((x >> level) & 1) == 1) {
        level++;
    }
    return level;
}

/* The exponent of the greatest power of two that is not above `x` > 0. */
static unsigned
log2_floor(uint64_t x)
{
    unsigned exponent = 0;

    while (x >> (exponent + 1) > 0) {
        exponent++;
    }
    return exponent;
}

uint64_t
kt_math_root(uint64_t size)
{
    return (UINT64_C(1) << log2_floor(size)) - 1;
}

bool
kt_math_has_left(uint64_t x)
{
    return (x & 1) == 1;
}

bool
kt_math_has_right(uint64_t x, uint64_t size)
{
    return (x & 1) == 1 && x != size - 1;
}

uint64_t
kt_math_left(uint64_t x)
{
    const unsigned level = kt_math_level(x);

    assert(level > 0); /* a leaf has no children */
    return x ^ (UINT64_C(1) << (level - 1));
}

uint64_t
kt_math_right(uint64_t x, uint64_t size)
{
    const unsigned level = kt_math_level(x);

    assert(level > 0);
    uint64_t child = x ^ (UINT64_C(3) << (level - 1));

    while (child >= size) {
        child = kt_math_left(child);
    }
    return child;
}

uint64_t
kt_math_toward(uint64_t x, uint64_t target, uint64_t size)
{
    return target < x ? kt_math_left(x) : kt_math_right(x, size);
}

/* Appends what is below `x` on the frontier. */
static void
extend_frontier(kt_path *path, uint64_t x, uint64_t size)
{
    while (x != size - 1) {
        x = kt_math_right(x, size);
        path->items[path->count++] = x;
    }
}

kt_path
kt_math_frontier(uint64_t size)
{
    kt_path path = {.count = 0};

    if (size > 0) {
        path.items[path.count++] = kt_math_root(size);
        extend_frontier(&path, path.items[0], size);
    }
    return path;
}

kt_path
kt_math_right_path(uint64_t x, uint64_t size)
{
    kt_path down = {.count = 0};
    kt_path path = {.count = 0};

    for (uint64_t at = kt_math_root(size); at != x; at = kt_math_toward(at, x, size)) {
        if (at > x) {
            down.items[down.count++] = at;
        }
    }
    while (down.count > 0) {
        path.items[path.count++] = down.items[--down.count];
    }
    return path;
}

kt_path
kt_math_update(uint64_t previous, uint64_t size)
{
    if (previous == 0) {
        return kt_math_frontier(size);
    }
    kt_path path = kt_math_right_path(previous - 1, size);
    const uint64_t last = path.count > 0 ? path.items[path.count - 1] : previous - 1;
    extend_frontier(&path, last, size);
    return path;
}

/* Versions above the greatest possible one are taken for absent and left out. */
static void
append_version(kt_ladder *ladder, uint64_t version)
{
    if (version <= UINT32_MAX) {
        ladder->items[ladder->count++] = (uint32_t)version;
    }
}

kt_ladder
kt_math_ladder(uint32_t greatest)
{
    kt_ladder ladder = {.count = 0};
    uint64_t lower = 0;
    uint64_t upper = 0;

    append_version(&ladder, 0);
    while (upper <= greatest) {
        lower = upper;
        upper = 2 * upper + 1;
        append_version(&ladder, upper);
    }
    while (lower + 1 < upper) {
        const uint64_t version = (lower + upper) / 2;
        append_version(&ladder, version);
        if (version <= greatest) {
            lower = version;
        } else {
            upper = version;
        }
    }
    return ladder;
}

kt_ladder
kt_math_monitoring_ladder(uint32_t target)
{
    const kt_ladder all = kt_math_ladder(target);
    kt_ladder ladder = {.count = 0};

    for (size_t i = 0; i < all.count; i++) {
        if (all.items[i] <= target) {
            ladder.items[ladder.count++] = all.items[i];
        }
    }
    return ladder;
}

bool
kt_math_ladder_has(const kt_ladder *ladder, uint32_t version)
{
    for (size_t i = 0; i < ladder->count; i++) {
        if (ladder->items[i] == version) {
            return true;
        }
    }
    return false;
}

unsigned
kt_math_subtree_level(uint64_t start, uint64_t end)
{
    unsigned level = log2_floor(end - start);

    while ((start & ((UINT64_C(1) << level) - 1)) != 0) {
        level--;
    }
    return level;
}

size_t
kt_math_subtree_count(uint64_t size)
{
    size_t count = 0;

    for (; size > 0; size &= size - 1) {
        count++;
    }
    return count;
}
