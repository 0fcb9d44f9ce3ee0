/* SPDX-License-Identifier: MPL-2.0 */
/* Node indices of mls/tree_math.h against the definitions of [RFC9420 §C], for every tree that there may be.
 * Sources: none. Loops: 23. */
#include "mls/tree_math.h"
#include "proof.h"

#define LEAVES_MAX (UINT32_C(1) << MLS_LEVEL_MAX)

/* "tree: level and leftmost leaf name exactly one node, and the node names them" */
void
proof_index_round_trip(void)
{
    const uint8_t level = nondet_u8();
    const uint32_t first = nondet_u32();

    ASSUME(level <= MLS_LEVEL_MAX && first < LEAVES_MAX && first % (UINT32_C(1) << level) == 0);
    const uint32_t index = mls_index_of(first, level);
    CLAIM(index < 2 * LEAVES_MAX - 1);
    CLAIM(mls_index_level(index) == level);
    CLAIM(mls_index_first(index) == first);
}

/* "tree: every index inside the largest tree is that of its own level and leftmost leaf" */
void
proof_index_onto(void)
{
    const uint32_t index = nondet_u32();

    ASSUME(index < 2 * LEAVES_MAX - 1);
    const uint8_t level = mls_index_level(index);
    CLAIM(level <= MLS_LEVEL_MAX);
    CLAIM(mls_index_first(index) < LEAVES_MAX);
    CLAIM(mls_index_of(mls_index_first(index), level) == index);
}

/* "tree: an index of any 32 bits is read without undefined behaviour, and one beyond any tree says so" */
void
proof_index_any(void)
{
    const uint32_t index = nondet_u32();
    const uint8_t level = mls_index_level(index);

    CLAIM(level <= MLS_LEVEL_MAX + 1);
    CLAIM(level <= MLS_LEVEL_MAX || index >= 2 * LEAVES_MAX - 1);
    CLAIM(mls_index_first(index) <= index);
}

/* "tree: the two children of a node lie where the array form puts them" */
void
proof_index_children(void)
{
    const uint8_t level = nondet_u8();
    const uint32_t first = nondet_u32();

    ASSUME(level > 0 && level <= MLS_LEVEL_MAX && first < LEAVES_MAX &&
           first % (UINT32_C(1) << level) == 0);
    const uint32_t parent = mls_index_of(first, level);
    const uint32_t half = UINT32_C(1) << (level - 1);
    CLAIM(mls_index_of(first, (uint8_t)(level - 1)) == (parent ^ half));
    CLAIM(mls_index_of(first + half, (uint8_t)(level - 1)) == (parent ^ 3 * half));
}
