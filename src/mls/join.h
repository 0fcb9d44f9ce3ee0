/* SPDX-License-Identifier: MPL-2.0 */
/* What both ways of joining share: reading a GroupInfo and checking the tree that comes with it. */
#ifndef KITH_MLS_JOIN_H
#define KITH_MLS_JOIN_H

#include "mls/proposal.h"

/* A key package of this client with its private keys: the content of a private blob. Borrowed from it. */
typedef struct mls_private_package {
    uint16_t suite;
    kith_bytes ref; /* KeyPackageRef */
    kith_bytes package; /* encoded KeyPackage, without MLSMessage around it */
    kith_bytes init_private;
    kith_bytes leaf_private;
    kith_bytes signature_private;
} mls_private_package;
KITH_MUST_USE kith_err mls_private_package_decode(kith_bytes blob, mls_private_package *out);

/* Reads the tree from the GroupInfo or from `given`, and checks it and the GroupInfo's signature
 * [RFC9420 §12.4.3.1]. REJECTED, MALFORMED: something is wrong. INVALID: there is no tree. */
typedef struct mls_join_scope {
    const mls_env *env;
    mls_tools tools;
    uint64_t now_s;
    kith_bytes given_tree;
    kith_bytes own_leaf; /* encoded: this leaf is not shown to the env; may be empty */
} mls_join_scope;
KITH_MUST_USE kith_err mls_join_check(const mls_join_scope *scope, const mls_group_info_view *info,
                                      mls_tree *out);

/* A GroupInfo message (external.c). UNSUPPORTED: its suite is not known. */
KITH_MUST_USE kith_err mls_group_info_open(const mls_env *env, kith_bytes message,
                                           mls_group_info_view *out, mls_tools *tools);
/* The epoch of a GroupInfo as somebody sees it who is not in it: checked, without secrets (external.c). */
KITH_MUST_USE kith_err mls_epoch_outside(const mls_join_scope *scope,
                                         const mls_group_info_view *info, mls_epoch **out);

/* What a client checks of a group that is to follow one that it is in [RFC9420 §11.2, §11.3] (successor.c).
 * `psks` is the list of PreSharedKeyIDs in the GroupSecrets. REJECTED: a rule is broken. */
KITH_MUST_USE kith_err mls_successor_check(const mls_group *from, const mls_group_info_view *info,
                                           kith_bytes psks, const mls_tree *tree);

#endif
