/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The Merkle tree of Certificate Transparency [RFC6962 §2.1]: the log for witnesses is one, and so are the logs that
 * a witness cosigns. Building and proving read the hashes of the complete subtrees from the array KT_BRIDGE of a
 * kt_store, where they stand in the order of completion; verifying needs no store.
 */
#ifndef KITH_TRANSPARENCY_MERKLE_H
#define KITH_TRANSPARENCY_MERKLE_H

#include "transparency/store.h"
#include "transparency/types.h"

KITH_API KITH_MUST_USE kith_err kt_merkle_leaf(crypto *c, kith_bytes entry, kt_hash *out);
/* The root of the tree without leaves. */
KITH_API KITH_MUST_USE kith_err kt_merkle_empty(crypto *c, kt_hash *out);

/* ---- A tree in a store ---- */

/* Adds the leaf at position `size`. LIMIT: `size` is KT_SIZE_MAX. STORE. */
KITH_MUST_USE kith_err kt_merkle_append(crypto *c, const kt_store *store, uint64_t size,
                                        const kt_hash *leaf);
/* The root of the first `size` leaves, which the store holds. */
KITH_MUST_USE kith_err kt_merkle_root(crypto *c, const kt_store *store, uint64_t size,
                                      kt_hash *out);

/* A smaller and a larger tree, or a leaf and a tree; sizes up to KT_SIZE_MAX. */
typedef struct kt_merkle_span {
    uint64_t at; /* index of the leaf, or size of the smaller tree */
    uint64_t size;
} kt_merkle_span;
/* Appends the hashes [RFC6962 §2.1.1]. INVALID: there is no such leaf. */
KITH_MUST_USE kith_err kt_merkle_prove_leaf(crypto *c, const kt_store *store, kt_merkle_span span,
                                            kith_buf *out);
/* Appends the hashes [RFC6962 §2.1.2]; none if one tree is empty or both are the same. INVALID: the smaller one is
 * larger. */
KITH_MUST_USE kith_err kt_merkle_prove_growth(crypto *c, const kt_store *store, kt_merkle_span span,
                                              kith_buf *out);

/* ---- Checking ---- */

/* `proof` is whole hashes, KT_MERKLE_PATH_MAX at most. REJECTED: it does not show that `leaf` is at `span.at` of the tree
 * of `span.size` leaves with this root. */
KITH_API KITH_MUST_USE kith_err kt_merkle_check_leaf(crypto *c, kt_merkle_span span,
                                                     const kt_hash *leaf, kith_bytes proof,
                                                     const kt_hash *root);
/* The roots of both trees. */
typedef struct kt_merkle_roots {
    kt_hash smaller; /* not looked at for an empty tree */
    kt_hash larger;
} kt_merkle_roots;
/* REJECTED: it does not show that the larger tree begins with the smaller one. An empty tree begins every tree, and its
 * proof is empty; so is the one for two trees of one size, whose roots must be equal. */
KITH_API KITH_MUST_USE kith_err kt_merkle_check_growth(crypto *c, kt_merkle_span span,
                                                       const kt_merkle_roots *roots,
                                                       kith_bytes proof);

/* ---- The right edge ---- */

/* The roots of the complete subtrees from left to right: all that is needed to go on adding leaves. */
typedef struct kt_merkle_edge {
    uint64_t size;
    size_t count;
    kt_hash hashes[KT_PATH_MAX];
} kt_merkle_edge;
/* LIMIT: it has KT_SIZE_MAX leaves; nothing was changed. */
KITH_API KITH_MUST_USE kith_err kt_merkle_edge_add(crypto *c, kt_merkle_edge *edge,
                                                   const kt_hash *leaf);
KITH_API KITH_MUST_USE kith_err kt_merkle_edge_root(crypto *c, const kt_merkle_edge *edge,
                                                    kt_hash *out);

#endif
