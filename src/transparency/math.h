/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Arithmetic without hashes: the implicit binary search tree over the entries of a log [KEYTRANS §A], the
 * versions in binary ladders [KEYTRANS §B], and the balanced subtrees of the log tree [KEYTRANS §3.2].
 * Positions count from 0, sizes are at most KT_SIZE_MAX.
 */
#ifndef KITH_TRANSPARENCY_MATH_H
#define KITH_TRANSPARENCY_MATH_H

#include "base/base.h"
#include "transparency/limits.h"

/* 0 for a leaf; else one more than the deepest child could have. */
unsigned kt_math_level(uint64_t x);
/* The root for `size` > 0 entries. */
uint64_t kt_math_root(uint64_t size);
/* Every entry at an even position has no left child. */
bool kt_math_has_left(uint64_t x);
bool kt_math_has_right(uint64_t x, uint64_t size);
/* The child must exist. */
uint64_t kt_math_left(uint64_t x);
uint64_t kt_math_right(uint64_t x, uint64_t size);
/* The next entry on the way from the root to `target`, from `x` which is on that way and is not it. */
uint64_t kt_math_toward(uint64_t x, uint64_t target, uint64_t size);

typedef struct kt_path {
    uint64_t items[KT_UPDATE_PATH_MAX];
    size_t count;
} kt_path;

/* The root, its right child, and so on to the last entry; empty for no entries. */
kt_path kt_math_frontier(uint64_t size);
/* The entries above `x` and to its right, from left to right. */
kt_path kt_math_right_path(uint64_t x, uint64_t size);
/* The entries whose timestamps bring a view of `previous` entries (0: none) to `size` entries, from left
 * to right [KEYTRANS §4.2]. */
kt_path kt_math_update(uint64_t previous, uint64_t size);

typedef struct kt_ladder {
    uint32_t items[KT_LADDER_MAX];
    size_t count;
} kt_ladder;

/* The versions looked up to establish that `greatest` is the greatest one, in that order. */
kt_ladder kt_math_ladder(uint32_t greatest);
/* Those of them that are not above it. */
kt_ladder kt_math_monitoring_ladder(uint32_t target);
bool kt_math_ladder_has(const kt_ladder *ladder, uint32_t version);

/* The level of the largest balanced subtree that starts at `start` and ends at or before `end` > start. */
unsigned kt_math_subtree_level(uint64_t start, uint64_t end);
/* How many full subtrees a log tree of `size` leaves has, and where the one that holds leaf `x` starts. */
size_t kt_math_subtree_count(uint64_t size);

#endif
