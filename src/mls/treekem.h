/* SPDX-License-Identifier: MPL-2.0 */
/*
 * TreeKEM [RFC9420 §7.4-7.6]: the private keys that a member holds, making an UpdatePath, and taking one in.
 * The public side is tree.h.
 */
#ifndef KITH_MLS_TREEKEM_H
#define KITH_MLS_TREEKEM_H

#include "mls/leaf.h"
#include "mls/tree.h"

/* Private keys of a member's leaf (level 0) and of the parents above it. A key of length 0 is not known: the
 * parent is blank, or the member is unmerged there. All zero is empty; wiped by done. */
typedef struct mls_private {
    const kith_alloc *alloc;
    uint32_t leaf_index;
    kith_secret *keys;
    size_t count; /* levels that there is room for */
} mls_private;

KITH_MUST_USE kith_err mls_private_new(const kith_alloc *alloc, uint32_t leaf_index,
                                       kith_bytes leaf_key, mls_private *out);
KITH_MUST_USE kith_err mls_private_copy(const mls_private *from, mls_private *out);
void mls_private_done(mls_private *keys);
/* The key at `level`; empty: not known. */
kith_bytes mls_private_at(const mls_private *keys, uint8_t level);
KITH_MUST_USE kith_err mls_private_set(mls_private *keys, uint8_t level, kith_bytes key);
/* Forgets the keys of parents that are blank in `tree` or no longer in it [RFC9420 §7.5]. */
void mls_private_prune(mls_private *keys, const mls_tree *tree);
/* Derives the keys of the parents above the own leaf from `level` up, from the path secret of that level,
 * and checks them against the tree. `commit_secret` gets the secret after the last one.
 * REJECTED: a derived public key differs from the one in the tree [RFC9420 §7.5]. */
KITH_MUST_USE kith_err mls_private_derive(mls_private *keys, const mls_tree *tree, uint8_t level,
                                          kith_bytes path_secret, kith_secret *commit_secret);
/* REJECTED: a known private key does not belong to the public key in the tree. */
KITH_MUST_USE kith_err mls_private_check(const mls_private *keys, const mls_tree *tree);

/* An UpdatePath in the making. All zero is empty; wiped by done. */
typedef struct mls_new_path {
    mls_private keys; /* the sender's new keys */
    kith_secret *secrets; /* path secret of each level up to the root; length 0: not on the path */
    size_t count;
    kith_secret commit_secret;
    const kith_alloc *alloc;
} mls_new_path;
void mls_new_path_done(mls_new_path *path);

/* Puts fresh keys on the path of leaf `sender` of `tree` (proposals already applied, the leaf may be blank)
 * and a new leaf made from `draft`, whose encryption key and parent hash are filled in here
 * [RFC9420 §7.5]. The tree is changed even on error. */
KITH_MUST_USE kith_err mls_path_make(mls_tree *tree, uint32_t sender, const mls_leaf_draft *draft,
                                     const kith_rng *rng, mls_new_path *out);

/* What both encrypting and decrypting need beside the tree. */
typedef struct mls_path_scope {
    uint32_t sender;
    mls_leaf_set added; /* leaves that the commit adds, left out of resolutions */
    kith_bytes context; /* the provisional GroupContext */
} mls_path_scope;

/* Encrypts the path secrets to the rest of the tree and appends the encoded UpdatePath. */
KITH_MUST_USE kith_err mls_path_encrypt(const mls_tree *tree, const mls_new_path *path,
                                        const mls_path_scope *scope, const kith_rng *rng,
                                        kith_buf *out);
/* The path secret that a new member at `leaf_index` is given [RFC9420 §12.4.3.1]. */
kith_bytes mls_new_path_secret_for(const mls_new_path *path, uint32_t sender, uint32_t leaf_index);

/* Takes the public half of a received UpdatePath into the tree [RFC9420 §7.5]. `leaf` is the decoded leaf of
 * the path. REJECTED: not as many nodes as the filtered direct path has, or the leaf's parent hash is wrong.
 * The tree is changed even on error. */
KITH_MUST_USE kith_err mls_path_merge(mls_tree *tree, uint32_t sender, mls_leaf *leaf,
                                      kith_bytes nodes);
/* Decrypts the path secret meant for `keys` and derives what follows from it; `keys` are replaced level by
 * level (they are a copy that is thrown away on error). REJECTED: does not open, wrong number of
 * ciphertexts, or other keys come out than the path says. */
KITH_MUST_USE kith_err mls_path_decrypt(const mls_tree *tree, kith_bytes nodes,
                                        const mls_path_scope *scope, mls_private *keys,
                                        kith_secret *commit_secret);
/* Lends the public keys in the nodes of an UpdatePath: up to `max`; LIMIT beyond. */
KITH_MUST_USE kith_err mls_path_keys(kith_bytes nodes, kith_bytes *keys, size_t max, size_t *count);

#endif
