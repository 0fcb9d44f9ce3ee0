/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The public ratchet tree [RFC9420 §4, §7]: adding, updating and removing leaves, resolutions, tree and
 * parent hashes, the ratchet_tree extension, and the checks on a tree that comes from outside. Holds no
 * private key; treekem.h does.
 *
 * Node indices are those of the array form [RFC9420 §C]: leaf L is node 2L.
 */
#ifndef KITH_MLS_TREE_H
#define KITH_MLS_TREE_H

#include "mls/node.h"
#include "mls/suite.h"

typedef struct mls_tree {
    mls_tools tools;
    mls_node *root; /* never NULL once made */
} mls_tree;

/* The positions from a leaf (level 0) up to the root. */
typedef struct mls_path {
    mls_node *at[MLS_LEVEL_MAX + 1];
    uint8_t top; /* level of the root */
} mls_path;

/* A tree of one leaf; takes a reference of its own. */
KITH_MUST_USE kith_err mls_tree_new(mls_tools tools, mls_leaf *leaf, mls_tree *out);
/* Another tree with the same content, sharing all of it. */
mls_tree mls_tree_clone(const mls_tree *tree);
void mls_tree_done(mls_tree *tree);

uint8_t mls_tree_top(const mls_tree *tree);
uint32_t mls_tree_leaf_count(const mls_tree *tree); /* positions, blank ones included */
uint32_t mls_tree_member_count(const mls_tree *tree);
/* The leaf at that index, or NULL when it is blank or outside the tree. Borrowed until the tree changes. */
mls_leaf *mls_tree_leaf(const mls_tree *tree, uint32_t leaf_index);
/* The first non-blank leaf at or after `from`; MLS_LEAF_NONE: there is none. */
uint32_t mls_tree_next_member(const mls_tree *tree, uint32_t from);
/* The parent at `level` above a leaf, or NULL when it is blank. */
const mls_parent *mls_tree_parent(const mls_tree *tree, uint32_t leaf_index, uint8_t level);
/* How many non-blank leaves are below the child of that parent that is not above the leaf. */
uint32_t mls_tree_copath_members(const mls_tree *tree, uint32_t leaf_index, uint8_t level);
/* Level at which the paths of two leaves meet (0: they are the same leaf). */
uint8_t mls_tree_meeting_level(uint32_t a, uint32_t b);

/* The following change the tree. After an error the tree may be changed in part: they are for trees that
 * are thrown away then. */

/* [RFC9420 §12.1.1] LIMIT: the tree would be higher than MLS_LEVEL_MAX. Takes a reference of its own. */
KITH_MUST_USE kith_err mls_tree_add(mls_tree *tree, mls_leaf *leaf, uint32_t *leaf_index);
/* [RFC9420 §12.1.2] REJECTED: that leaf is blank or outside the tree (also of remove). */
KITH_MUST_USE kith_err mls_tree_update(mls_tree *tree, uint32_t leaf_index, mls_leaf *leaf);
/* [RFC9420 §12.1.3], truncates. */
KITH_MUST_USE kith_err mls_tree_remove(mls_tree *tree, uint32_t leaf_index);
/* Replaces a leaf (NULL: blank) and nothing else; extends the tree as needed, never truncates. */
KITH_MUST_USE kith_err mls_tree_set_leaf(mls_tree *tree, uint32_t leaf_index, mls_leaf *leaf);
/* Makes all positions from `leaf_index` to the root the tree's own and lends them. */
KITH_MUST_USE kith_err mls_tree_open(mls_tree *tree, uint32_t leaf_index, mls_path *out);
/* The leftmost blank leaf's index, extending the tree when there is none. */
KITH_MUST_USE kith_err mls_tree_find_blank(mls_tree *tree, uint32_t *leaf_index);

/* ---- Resolution [RFC9420 §4.1.1] ---- */

typedef struct mls_resolved {
    uint32_t node_index;
    kith_bytes key; /* borrowed from the tree */
} mls_resolved;

typedef struct mls_resolution {
    const kith_alloc *alloc;
    mls_resolved *items;
    size_t count;
    size_t cap;
} mls_resolution;
void mls_resolution_done(mls_resolution *resolution);

/* Leaves that are left out of resolutions: those added by the commit at hand, ascending. */
typedef struct mls_leaf_set {
    const uint32_t *items;
    size_t count;
} mls_leaf_set;
bool mls_leaf_set_has(mls_leaf_set set, uint32_t leaf_index);

/* Appends the resolution of the copath child at `level` - 1 beside a leaf's path. */
KITH_MUST_USE kith_err mls_tree_resolve_copath(const mls_tree *tree, uint32_t leaf_index,
                                               uint8_t level, mls_leaf_set without,
                                               mls_resolution *out);
/* The position at a node index; NULL: outside the tree or inside a wholly blank subtree. */
mls_node *mls_tree_node(const mls_tree *tree, uint32_t node_index, uint32_t *first);
/* Appends the resolution of any node; nothing when it is outside the tree. */
KITH_MUST_USE kith_err mls_tree_resolve(const mls_tree *tree, uint32_t node_index,
                                        mls_resolution *out);

/* ---- Hashes [RFC9420 §7.8, §7.9] (tree_hash.c) ---- */

/* Writes the hash (suite's hash length) of the whole tree. */
KITH_MUST_USE kith_err mls_tree_hash(const mls_tree *tree, uint8_t *out);
/* Computes the cached hash of a position whose leftmost leaf is `first`. */
KITH_MUST_USE kith_err mls_node_hash(mls_tools tools, mls_node *node, uint32_t first);
/* Hash of a parent with `key` and `parent_hash` over the original tree hash of the sibling. */
KITH_MUST_USE kith_err mls_parent_hash_of(mls_tools tools, kith_bytes key, kith_bytes parent_hash,
                                          kith_bytes sibling_hash, uint8_t *out);
/* Tree hash of a position as it was before the leaves of `unmerged` came [RFC9420 §7.9]. */
KITH_MUST_USE kith_err mls_node_original_hash(mls_tools tools, mls_node *node, uint32_t first,
                                              mls_leaf_set unmerged, uint8_t *out);

/* ---- The ratchet_tree extension [RFC9420 §12.4.3.3] (tree_codec.c) ---- */

/* Appends the encoded vector, its length prefix included. */
KITH_MUST_USE kith_err mls_tree_encode(const mls_tree *tree, kith_buf *out);
/* What `to` has that `from` has not, at most log N positions for each leaf that changed: found by what the two share,
 * so `to` has to come from `from` by changes. In this library's own form, not the RFC's. */
KITH_MUST_USE kith_err mls_tree_patch_write(const mls_tree *from, const mls_tree *to,
                                            kith_writer *w);
/* The other tree again, sharing with `from` what is the same. MALFORMED: damaged, or made against another tree. */
KITH_MUST_USE kith_err mls_tree_patch_read(const mls_tree *from, kith_reader *r, mls_tree *out);
/* Reads exactly one vector. MALFORMED: does not parse, ends blank, or a node of the wrong kind. LIMIT.
 * Nothing else is checked. */
KITH_MUST_USE kith_err mls_tree_decode(mls_tools tools, kith_bytes encoded, mls_tree *out);

/* ---- Checks (tree_check.c) ---- */

/* What a joiner checks of a tree from outside: parent hashes [RFC9420 §7.9.2], unmerged leaves, and that no
 * key is there twice [RFC9420 §12.4.3.1]. REJECTED: a rule is broken. What a leaf says of itself is
 * checked elsewhere (leaf_check.h). */
KITH_MUST_USE kith_err mls_tree_check(const mls_tree *tree);
/* REJECTED: one of the `count` encryption keys is in the tree, or twice among them. Sorts `keys`. */
KITH_MUST_USE kith_err mls_tree_check_fresh(const mls_tree *tree, kith_bytes *keys, size_t count);
/* REJECTED: the encryption key of one of these (not blank) leaves is in another node, or its signature key
 * in another leaf. */
KITH_MUST_USE kith_err mls_tree_check_once(const mls_tree *tree, mls_leaf_set changed);

#endif
