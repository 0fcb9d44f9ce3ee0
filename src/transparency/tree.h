/* SPDX-License-Identifier: MPL-2.0 */
/* The combined tree in a store: log entries, each with a state of the prefix tree [KEYTRANS §3.4]. */
#ifndef KITH_TRANSPARENCY_TREE_H
#define KITH_TRANSPARENCY_TREE_H

#include "transparency/log_tree.h"
#include "transparency/prefix.h"

/* What the store holds of a log entry. */
typedef struct kt_stored_entry {
    kt_entry entry;
    kt_node_id root; /* of its state of the prefix tree */
    uint64_t nodes; /* records of KT_NODES in use after it */
} kt_stored_entry;

typedef struct kt_tree {
    crypto *crypto;
    const kt_store *store;
    uint64_t size;
} kt_tree;

/* The entry at `position` < size. */
KITH_MUST_USE kith_err kt_tree_entry(const kt_tree *tree, uint64_t position, kt_stored_entry *out);

/* Writes an entry behind the last one whose prefix tree has the `leaves`, too (sorted here). The tree has it
 * when its size says so, which the caller sets. REJECTED: `timestamp` is before that of the last entry.
 * EXISTS: a leaf's key. LIMIT: KT_SIZE_MAX. */
KITH_MUST_USE kith_err kt_tree_write(const kt_tree *tree, uint64_t timestamp, kt_leaf *leaves,
                                     size_t count);

#endif
