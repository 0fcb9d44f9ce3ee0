/* SPDX-License-Identifier: MPL-2.0 */
/* Making leaf nodes [RFC9420 §7.2] and checking them [RFC9420 §7.3]. */
#ifndef KITH_MLS_LEAF_H
#define KITH_MLS_LEAF_H

#include "mls/mls.h"
#include "mls/tree.h"

/* What a new leaf says. Everything is borrowed. */
typedef struct mls_leaf_draft {
    const mls_env *env;
    crypto_sign_key *signer;
    /* Credential, capabilities and extensions of this leaf; or, when NULL, those that follow. */
    const mls_leaf *like;
    mls_identity identity;
    const mls_ext *extensions;
    size_t extension_count;
    const uint16_t *package_types; /* extension types of the key package around it: announced too */
    size_t package_type_count;

    kith_bytes encryption_key;
    uint8_t source; /* MLS_LEAF_SOURCE_* */
    uint64_t not_before_s; /* source key package */
    uint64_t not_after_s;
    kith_bytes parent_hash; /* source commit */
    kith_bytes group_id; /* sources update and commit: part of what is signed */
    uint32_t leaf_index;
} mls_leaf_draft;

/* Signs and makes the leaf. INVALID: an extension type twice. */
KITH_MUST_USE kith_err mls_leaf_make(mls_tools tools, const mls_leaf_draft *draft, mls_leaf **out);

/* What a leaf is checked against. */
typedef struct mls_leaf_rules {
    uint8_t source; /* the only one allowed; 0: any */
    kith_bytes group_id;
    uint32_t leaf_index;
    kith_bytes group_extensions; /* encoded list of the GroupContext; empty: no group yet */
    uint64_t lifetime_max_s; /* of a leaf from a key package */
    bool check_time; /* whether `now_s` must be within the lifetime */
    uint64_t now_s;
    bool is_trusted; /* the signature was checked already */
} mls_leaf_rules;

/* All that can be said of one leaf without the others. MALFORMED: a key is no key, the signature is wrong;
 * REJECTED: any other rule; UNSUPPORTED: it lacks a capability that the group needs. */
KITH_MUST_USE kith_err mls_leaf_check(mls_tools tools, const mls_leaf *leaf,
                                      const mls_leaf_rules *rules);
/* The last part of it alone: capabilities against the extensions of a GroupContext. */
KITH_MUST_USE kith_err mls_leaf_check_capabilities(const mls_leaf *leaf,
                                                   kith_bytes group_extensions);
/* Whether the leaf announces a wire format beyond those of RFC 9420 [MLS-EXT §5]. */
bool mls_leaf_has_wire(const mls_leaf *leaf, uint16_t wire);
/* Every credential type in use is one that every member can read [RFC9420 §7.3]. REJECTED otherwise. */
KITH_MUST_USE kith_err mls_tree_check_credentials(const mls_tree *tree);
/* Every member but those of `without` knows that type of proposal. UNSUPPORTED otherwise. */
KITH_MUST_USE kith_err mls_tree_check_proposal(const mls_tree *tree, uint16_t type,
                                               mls_leaf_set without);
/* Every member has the capabilities that the extensions ask for. UNSUPPORTED otherwise. */
KITH_MUST_USE kith_err mls_tree_check_capabilities(const mls_tree *tree,
                                                   kith_bytes group_extensions);

#endif
