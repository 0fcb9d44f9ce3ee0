/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Nodes of the ratchet tree [RFC9420 §7.1-7.2] as shared, counted values. A tree is a pointer to its
 * root; copying a tree copies that pointer, and a change copies only the nodes on the way from the root
 * to what changes. So an epoch, its successor that is only staged, and the past ones share all that they
 * have in common, cached tree hashes included.
 *
 * This file knows nothing of proposals or keys; tree.h does the operations.
 */
#ifndef KITH_MLS_NODE_H
#define KITH_MLS_NODE_H

#include "crypto/crypto.h"
#include "mls/limits.h"
#include "mls/types.h"

/* A leaf node: the encoded bytes as they were received and signed, and the view into them. Immutable. */
typedef struct mls_leaf {
    uint32_t refs;
    const kith_alloc *alloc;
    mls_leaf_node node; /* borrows `bytes` */
    size_t len;
    uint8_t bytes[];
} mls_leaf;

/* The content of a parent node. Changed only by its single owner. */
typedef struct mls_parent {
    uint32_t refs;
    const kith_alloc *alloc;
    uint32_t *unmerged; /* ascending leaf indices */
    size_t unmerged_count;
    size_t unmerged_cap;
    size_t key_len;
    size_t parent_hash_len;
    uint8_t bytes[]; /* encryption key, then parent hash */
} mls_parent;

/* A position of the tree. A parent position without children stands for a subtree that is wholly blank.
 * A position with more than one owner is never changed, except for its cached hash. */
typedef struct mls_node {
    uint32_t refs;
    uint32_t members; /* non-blank leaves in this subtree */
    uint8_t level; /* 0: leaf */
    bool hashed; /* `hash` is the tree hash */
    struct mls_node *child[2];
    mls_leaf *leaf; /* level 0; NULL: blank */
    mls_parent *parent; /* level > 0; NULL: blank */
    uint8_t hash[CRYPTO_HASH_MAX];
} mls_node;

/* Copies and decodes one encoded LeafNode. MALFORMED: it is not exactly one. */
KITH_MUST_USE kith_err mls_leaf_new(const kith_alloc *alloc, kith_bytes encoded, mls_leaf **out);
mls_leaf *mls_leaf_hold(mls_leaf *leaf);
void mls_leaf_drop(mls_leaf *leaf);
kith_bytes mls_leaf_bytes(const mls_leaf *leaf);

KITH_MUST_USE kith_err mls_parent_new(const kith_alloc *alloc, kith_bytes key,
                                      kith_bytes parent_hash, mls_parent **out);
void mls_parent_drop(mls_parent *parent);
kith_bytes mls_parent_key(const mls_parent *parent);
kith_bytes mls_parent_hash_field(const mls_parent *parent);
bool mls_parent_is_unmerged(const mls_parent *parent, uint32_t leaf_index);
/* Makes `*parent` the caller's own (copying it when it is shared) and adds a leaf to its unmerged ones. */
KITH_MUST_USE kith_err mls_parent_add_unmerged(mls_parent **parent, uint32_t leaf_index);

/* A blank position, at a level above 0 with a wholly blank subtree. */
KITH_MUST_USE kith_err mls_node_new(const kith_alloc *alloc, uint8_t level, mls_node **out);
mls_node *mls_node_hold(mls_node *node);
void mls_node_drop(const kith_alloc *alloc, mls_node *node);
/* Makes `*slot` the caller's own: a shared position is copied (its children and content stay shared). A
 * parent position gets children. The cached hash is forgotten. On error nothing has changed but that. */
KITH_MUST_USE kith_err mls_node_open(const kith_alloc *alloc, mls_node **slot);

#endif
