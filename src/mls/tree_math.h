/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Node indices of the array form of the tree [RFC9420 §C]. A position is a level (leaves: 0) and the index of
 * its leftmost leaf; everything else follows from these two.
 */
#ifndef KITH_MLS_TREE_MATH_H
#define KITH_MLS_TREE_MATH_H

#include <stdint.h>

#include "mls/limits.h"

/* Level of a node: how many of its lowest bits are set. Indices beyond any tree give MLS_LEVEL_MAX + 1. */
static inline uint8_t
mls_index_level(uint32_t index)
{
    uint8_t level = 0;

    while (level <= MLS_LEVEL_MAX && (index >> level & 1) != 0) {
        level++;
    }
    return level;
}

/* The leftmost leaf below a node. */
static inline uint32_t
mls_index_first(uint32_t index)
{
    const uint8_t level = mls_index_level(index);

    return index >> level >> 1 << level;
}

/* The node at `level` whose leftmost leaf is `first`. */
static inline uint32_t
mls_index_of(uint32_t first, uint8_t level)
{
    return first * 2 + (UINT32_C(1) << level) - 1;
}

#endif
