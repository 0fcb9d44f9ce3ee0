/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The log tree: batched inclusion and consistency proofs made of the heads of balanced subtrees
 * [KEYTRANS §3.2] [KEYTRANS §12.1]. Proving and evaluating walk the same path from left to right.
 */
#ifndef KITH_TRANSPARENCY_LOG_TREE_H
#define KITH_TRANSPARENCY_LOG_TREE_H

#include "transparency/cipher.h"
#include "transparency/store.h"

/* What a proof is about. */
typedef struct kt_log_batch {
    uint64_t size; /* of the tree, above 0 */
    uint64_t previous; /* size of the tree whose full subtrees the verifier retained; 0: none */
    uint64_t extra; /* size of a smaller tree whose root is wanted, too; 0: none */
    const uint64_t *positions; /* of the leaves that are proved included, ascending */
    size_t count;
} kt_log_batch;

/* Where the hash of the balanced subtree of `level` whose last leaf is `last` stands in KT_HASHES. */
uint64_t kt_log_hash_index(uint64_t last, unsigned level);

/* Writes what the leaf at position `size` adds to KT_HASHES. */
KITH_MUST_USE kith_err kt_log_leaf_append(crypto *c, const kt_store *store, uint64_t size,
                                          const kt_hash *leaf);
/* The root of the tree of the first `size` > 0 leaves. */
KITH_MUST_USE kith_err kt_log_root(crypto *c, const kt_store *store, uint64_t size, kt_hash *out);
/* Appends the elements of the proof. */
KITH_MUST_USE kith_err kt_log_prove(const kt_store *store, const kt_log_batch *batch,
                                    kith_buf *elements);

typedef struct kt_log_claim {
    kt_log_batch batch;
    const kt_hash *leaves; /* values at `batch.positions` */
    const kt_hash *retained; /* the full subtrees of the tree of `batch.previous` leaves */
    kith_bytes elements;
} kt_log_claim;

typedef struct kt_log_heads {
    kt_hash subtrees[KT_PATH_MAX]; /* the full subtrees from left to right */
    size_t count;
    kt_hash root;
    kt_hash extra_root; /* if `extra` > 0 */
} kt_log_heads;

/* REJECTED: a proof of another shape, or one that contradicts what was retained. */
KITH_MUST_USE kith_err kt_log_evaluate(crypto *c, const kt_log_claim *claim, kt_log_heads *out);

/* The root over full subtrees of a tree of `size` > 0 leaves. */
KITH_MUST_USE kith_err kt_log_root_of(crypto *c, uint64_t size, const kt_hash *subtrees,
                                      kt_hash *out);

#endif
