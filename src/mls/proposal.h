/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Lists of proposals: checking them [RFC9420 §12.2] and applying them to a copy of the tree
 * [RFC9420 §12.3]. The result is a plan, from which commit.c makes the next epoch.
 */
#ifndef KITH_MLS_PROPOSAL_H
#define KITH_MLS_PROPOSAL_H

#include "mls/group.h"

/* A proposal of a commit, with who made it. */
typedef struct mls_item {
    mls_proposal proposal; /* borrows bytes that outlive the plan */
    uint8_t sender_type;
    uint32_t sender;
    const mls_held *held; /* by reference; NULL: by value */
} mls_item;

typedef struct mls_item_list {
    const kith_alloc *alloc;
    mls_item *items;
    size_t count;
    size_t cap;
} mls_item_list;
void mls_item_list_done(mls_item_list *list);
KITH_MUST_USE kith_err mls_item_list_push(mls_item_list *list, const mls_item *item);

/* Leaf indices. */
typedef struct mls_index_list {
    const kith_alloc *alloc;
    uint32_t *items;
    size_t count;
    size_t cap;
} mls_index_list;

/* What a list of proposals leads to. All zero is empty. */
typedef struct mls_plan {
    const kith_alloc *alloc;
    mls_tree tree; /* the new one, without the path */
    kith_buf extensions; /* of the new GroupContext, encoded list */
    bool extensions_changed;
    bool path_required;
    bool is_external;
    bool reinit;
    kith_buf reinit_bytes; /* the encoded ReInit */
    mls_index_list added; /* in order */
    mls_index_list changed; /* added and updated */
    mls_change_list changes;
    mls_psk_id *psks; /* in order */
    size_t psk_count;
    size_t psk_cap;
    kith_secret psk_secret;
    kith_buf ephemeral; /* data that came with the commit, see mls_ephemeral_read */
    kith_bytes kem_output; /* external commit; borrowed */
    uint32_t replaces; /* external commit: the leaf removed with it, or MLS_LEAF_NONE */
    const mls_held *own_update; /* own Update that is among the proposals, or NULL */
} mls_plan;
void mls_plan_done(mls_plan *plan);

/* What the plan is made against. */
typedef struct mls_plan_scope {
    const mls_env *env;
    const mls_group *group; /* for resumption PSKs; NULL while joining */
    const mls_epoch *epoch; /* the current one */
    uint32_t committer; /* leaf; MLS_LEAF_NONE: an external commit */
    uint64_t now_s;
    bool is_sending; /* this client makes the commit: lifetimes must cover now [RFC9420 §7.3] */
} mls_plan_scope;

/* REJECTED: the list is not valid. NOT_FOUND: a PSK is missing. UNSUPPORTED: a member lacks a capability.
 * Unique keys and credential types are checked later, when the path is in the tree. */
KITH_MUST_USE kith_err mls_plan_make(const mls_plan_scope *scope, const mls_item_list *items,
                                     mls_plan *out);

/* The two halves of it: rules over the list as a whole, then applying and checking one by one. */
KITH_MUST_USE kith_err mls_items_check(const mls_plan_scope *scope, const mls_item_list *items);
KITH_MUST_USE kith_err mls_plan_apply(const mls_plan_scope *scope, const mls_item_list *items,
                                      mls_plan *out);
/* Whether such a sender may propose such a thing at all, and fields that need no tree. */
KITH_MUST_USE kith_err mls_item_check_kind(const mls_plan_scope *scope, const mls_item *item);

/* Checks of a proposal by itself, against the extensions that the group will have. When one arrives, these are not known
 * (empty), nor who will still be in the group: only what no other proposal can mend is refused, since a commit may
 * hold what makes the rest right. Of somebody who sends, the proposal must be right as things are. */
KITH_MUST_USE kith_err mls_item_check(const mls_plan_scope *scope, const mls_item *item,
                                      kith_bytes extensions);

/* ---- app_data.c ---- */

/* AppEphemerals, then AppDataUpdates [MLS-EXT §4.7, §4.8]: after everything else. */
KITH_MUST_USE kith_err mls_app_apply(const mls_plan_scope *scope, const mls_item_list *items,
                                     mls_plan *plan);
/* One of them by itself, as the group is now. */
KITH_MUST_USE kith_err mls_app_check(const mls_plan_scope *scope, const mls_item *item);
/* REJECTED: a component's data is removed and changed as well, or removed twice [MLS-EXT §4.7]. */
KITH_MUST_USE kith_err mls_app_check_list(const mls_item_list *items);
/* What the group context holds for a component; NOT_FOUND. */
KITH_MUST_USE kith_err mls_app_data_find(kith_bytes group_extensions, uint16_t component_id,
                                         kith_bytes *out);
/* Returns `error` when the group has Safe AAD and `authenticated_data` is none [MLS-EXT §4.9]. */
KITH_MUST_USE kith_err mls_safe_aad_check(kith_bytes group_extensions,
                                          kith_bytes authenticated_data, kith_err error);

/* A key package against suite and group [RFC9420 §10.1], signatures included. */
typedef struct mls_package_rules {
    kith_bytes group_extensions;
    uint64_t lifetime_max_s;
    bool check_time;
    uint64_t now_s;
    bool is_trusted; /* the signatures were checked already */
} mls_package_rules;
KITH_MUST_USE kith_err mls_key_package_check(mls_tools tools, const mls_key_package *package,
                                             const mls_package_rules *rules);

/* The secret of a PSK: of an epoch that `group` (for a PSK that links groups: the one before) holds, or through
 * the env. `group` may be NULL. NOT_FOUND. */
KITH_MUST_USE kith_err mls_psk_find(const mls_env *env, const mls_group *group,
                                    const mls_psk_id *id, kith_secret *out);
/* A credential against the env's roots when it is a chain of certificates, then to the caller of the library
 * (credential.c). */
KITH_MUST_USE kith_err mls_credential_check(mls_tools tools, const mls_env *env,
                                            const mls_check *check);
/* Shows the external senders that a list of extensions names; group, suite and time are those of `like`. */
KITH_MUST_USE kith_err mls_show_senders(mls_tools tools, const mls_env *env, kith_bytes extensions,
                                        const mls_check *like);
/* Shows the credential of a leaf; `before` may be NULL. */
KITH_MUST_USE kith_err mls_show_credential(const mls_plan_scope *scope, mls_check_purpose purpose,
                                           const mls_leaf_node *leaf, const mls_leaf_node *before);
uint64_t mls_lifetime_max(const mls_env *env);

/* One entry of an external_senders extension [RFC9420 §12.1.8.1]. NOT_FOUND: beyond the last. */
KITH_MUST_USE kith_err mls_external_sender_at(kith_bytes extension, uint32_t index,
                                              mls_leaf_node *out);

#endif
