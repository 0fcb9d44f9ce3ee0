/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The exporter tree [MLS-EXT §4.4]: one secret for each of the 2^16 components of an application, given out once. What is
 * kept are the secrets of those subtrees that nobody asked for yet, so nothing that was given out can be derived again.
 */
#ifndef KITH_MLS_EXPORT_TREE_H
#define KITH_MLS_EXPORT_TREE_H

#include "mls/label.h"

/* Levels above the leaves. */
#define MLS_EXPORT_LEVELS 16u

typedef struct mls_export_node {
    uint8_t level; /* covers components from index << level on */
    uint16_t index;
    uint8_t secret[CRYPTO_HASH_MAX];
} mls_export_node;

/* All zero: a tree of which nothing is left. */
typedef struct mls_export_tree {
    const kith_alloc *alloc;
    mls_export_node *nodes;
    size_t count;
    size_t cap;
} mls_export_tree;

/* Makes the tree of one root, application_export_secret. */
KITH_MUST_USE kith_err mls_export_tree_init(mls_tools tools, kith_bytes root, mls_export_tree *out);
/* Wipes and frees. */
void mls_export_tree_done(mls_export_tree *tree);
/* Takes a component's secret out. EXISTS: it was taken before. */
KITH_MUST_USE kith_err mls_export_tree_take(mls_tools tools, mls_export_tree *tree,
                                            uint16_t component_id, kith_secret *out);
KITH_MUST_USE kith_err mls_export_tree_encode(mls_tools tools, const mls_export_tree *tree,
                                              kith_writer *w);
/* MALFORMED: damaged. */
KITH_MUST_USE kith_err mls_export_tree_decode(mls_tools tools, kith_reader *r,
                                              mls_export_tree *out);

#endif
