/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The prefix tree: a binary trie over search keys whose nodes never change [KEYTRANS §3.3]. A state of it is
 * the id of a root node; adding leaves writes new nodes on the paths to them and shares the rest.
 *
 * A tree without leaves has the all-zero root, a tree of one leaf has that leaf for its root, at depth 0.
 */
#ifndef KITH_TRANSPARENCY_PREFIX_H
#define KITH_TRANSPARENCY_PREFIX_H

#include "transparency/cipher.h"
#include "transparency/store.h"

/* A node, or 0 for none. */
typedef uint64_t kt_node_id;

/* The writing end of KT_NODES. */
typedef struct kt_prefix_writer {
    crypto *crypto;
    const kt_store *store;
    uint64_t next; /* index of the next record */
    kith_buf pending; /* records from `next - pending records` on */
} kt_prefix_writer;

typedef struct kt_prefix_root {
    kt_node_id id;
    kt_hash hash;
} kt_prefix_root;

/* The tree of `root` and the `count` leaves, written. The leaves are sorted by key. EXISTS: one of the keys
 * is in the tree, or twice among the leaves; nothing that is in use was written. */
KITH_MUST_USE kith_err kt_prefix_insert(kt_prefix_writer *w, const kt_prefix_root *root,
                                        kt_leaf *leaves, size_t count, kt_prefix_root *out);

/* One lookup and where it ended. */
typedef struct kt_lookup {
    kt_hash key;
    kt_hash commitment; /* with KT_INCLUSION */
    kt_result result;
    size_t siblings; /* offset of the hashes beside the path, when proving */
} kt_lookup;

/* Looks `lookup->key` up in the tree at `root` and appends the `depth` hashes beside the path, from the top. */
KITH_MUST_USE kith_err kt_prefix_search(crypto *c, const kt_store *store, kt_node_id root,
                                        kt_lookup *lookup, kith_buf *siblings);

/* Lookups in one tree, as many as KT_PROOF_ITEMS_MAX. Sorted by key during the call. */
typedef struct kt_prefix_batch {
    kt_lookup *lookups;
    size_t count;
    kt_hash root; /* taken for the only element when there are no lookups */
} kt_prefix_batch;

/* Appends the elements that prove the lookups, with the siblings that kt_prefix_search gave. */
KITH_MUST_USE kith_err kt_prefix_prove(crypto *c, const kt_prefix_batch *batch,
                                       const kith_buf *siblings, kith_buf *elements);
/* The root that `elements` and the lookups make. REJECTED: they do not fit together. */
KITH_MUST_USE kith_err kt_prefix_evaluate(crypto *c, const kt_prefix_batch *batch,
                                          kith_bytes elements, kt_hash *out);

/* The leaves below the node `root` that were written from the record `first` on. */
typedef struct kt_prefix_news {
    kt_node_id root;
    uint64_t first;
    kt_leaf leaves[KT_PROOF_ITEMS_MAX]; /* ascending by key */
    size_t count;
} kt_prefix_news;
/* Finds the leaves. LIMIT: they are more. */
KITH_MUST_USE kith_err kt_prefix_added(const kt_store *store, kt_prefix_news *news);

/* A tree before and after leaves were added. */
typedef struct kt_prefix_growth {
    kt_hash before;
    kt_hash after;
} kt_prefix_growth;
/* What `elements` and the lookups of leaves that are not there make: the root, and the root with those leaves, whose
 * commitments are in the lookups. REJECTED: they do not fit together, or a leaf is there. */
KITH_MUST_USE kith_err kt_prefix_grow(crypto *c, const kt_prefix_batch *batch, kith_bytes elements,
                                      kt_prefix_growth *out);

#endif
