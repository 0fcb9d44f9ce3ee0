/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The state of a group, for the files that change it: epochs, pending proposals, staged commits. Internal.
 */
#ifndef KITH_MLS_GROUP_H
#define KITH_MLS_GROUP_H

#include "mls/export_tree.h"
#include "mls/framing.h"
#include "mls/treekem.h"

struct mls_epoch {
    mls_tools tools;
    kith_buf context_bytes; /* encoded GroupContext */
    mls_group_context context; /* borrows it */
    mls_tree tree;
    uint32_t own_leaf; /* MLS_LEAF_NONE: this client is not in it */
    mls_private keys;
    mls_secrets secrets; /* all of length 0 when this client is not in it */
    mls_secret_tree *messages; /* NULL then */
    mls_export_tree exports; /* for components; empty then, and in a past epoch */
    mls_hash interim; /* interim_transcript_hash */
    mls_hash confirmation_tag;
};

void mls_epoch_free(mls_epoch *epoch);
/* An epoch without tree, keys and secrets; `context` is copied and decoded. */
KITH_MUST_USE kith_err mls_epoch_new(mls_tools tools, kith_bytes context, mls_epoch **out);
/* What the context of the epoch after `old` says. */
typedef struct mls_context_change {
    const mls_tree *tree;
    kith_bytes extensions;
    kith_bytes confirmed; /* confirmed_transcript_hash: the old one gives the provisional context */
} mls_context_change;
KITH_MUST_USE kith_err mls_context_next(const mls_group_context *old,
                                        const mls_context_change *change, kith_buf *out);

/* What a new epoch is made from. Secrets are borrowed. */
typedef struct mls_epoch_input {
    kith_bytes context;
    const mls_tree *tree; /* cloned */
    kith_bytes joiner_secret;
    kith_bytes psk_secret;
} mls_epoch_input;
/* Derives all secrets, the confirmation tag and the interim transcript hash. `own_leaf` and `keys` are for the
 * caller to set. */
KITH_MUST_USE kith_err mls_epoch_derive(mls_tools tools, const mls_epoch_input *in,
                                        mls_epoch **out);
/* The same when the epoch secret is known (a new group). */
KITH_MUST_USE kith_err mls_epoch_start(mls_tools tools, kith_bytes context, const mls_tree *tree,
                                       kith_bytes epoch_secret, mls_epoch **out);
/* Keeps what opens late application messages and the resumption PSK, wipes the rest [RFC9420 §9.2]. */
void mls_epoch_retire(mls_epoch *epoch);

/* A proposal that was sent by reference in the current epoch. */
typedef struct mls_held {
    mls_hash ref;
    uint8_t sender_type;
    uint32_t sender; /* leaf, or index of an external sender */
    bool is_own;
    kith_buf bytes; /* encoded Proposal */
    kith_secret leaf_key; /* own Update: the new private key */
    kith_secret signature_private; /* own Update with a new signature key; else empty */
} mls_held;

typedef struct mls_held_list {
    const kith_alloc *alloc;
    mls_held *items;
    size_t count;
    size_t cap;
} mls_held_list;
void mls_held_list_done(mls_held_list *list);
/* NULL: not held. */
const mls_held *mls_held_find(const mls_held_list *list, kith_bytes ref);

/* One change that a commit makes to a leaf; holds references. */
typedef struct mls_leaf_change {
    mls_change_kind kind;
    uint32_t leaf_index;
    mls_leaf *before;
    mls_leaf *after;
} mls_leaf_change;

typedef struct mls_change_list {
    const kith_alloc *alloc;
    mls_leaf_change *items;
    size_t count;
    size_t cap;
} mls_change_list;
void mls_change_list_done(mls_change_list *list);
/* Takes references of its own. */
KITH_MUST_USE kith_err mls_change_list_push(mls_change_list *list, const mls_leaf_change *change);

struct mls_staged {
    const kith_alloc *alloc;
    uint64_t group_serial; /* which group object and which of its epochs it follows */
    mls_epoch *next;
    mls_change_list changes;
    mls_staged_info info;
    kith_secret signature_private; /* a new signature key of this client; else empty */
    crypto_sign_key *signer; /* parsed; NULL: unchanged */
    mls_hash message_hash; /* own commit: hash of the message sent */
    kith_buf reinit; /* encoded ReInit; empty: the commit holds none */
    kith_buf ephemeral; /* what AppEphemerals said, see mls_ephemeral_read */
};

/* One of a list of them: sender, component and data one behind the other. */
KITH_MUST_USE kith_err mls_ephemeral_read(kith_reader *r, mls_ephemeral *out);

/* Verification keys of members heard lately, by leaf object. */
#define MLS_VERIFY_CACHE 32u
typedef struct mls_verify_entry {
    mls_leaf *leaf; /* held */
    crypto_verify_key *key;
} mls_verify_entry;

struct mls_group {
    const mls_env *env;
    mls_tools tools;
    mls_group_settings settings;
    kith_secret signature_private;
    crypto_sign_key *signer;
    mls_epoch *now;
    mls_epoch *past[MLS_PAST_EPOCHS_MAX]; /* newest first */
    size_t past_count;
    mls_held_list held;
    mls_staged *own;
    bool is_over; /* removed, or re-initialised */
    bool is_public; /* behind an mls_public: nobody's group, without any secret; `signer` is NULL */
    kith_buf reinit; /* encoded ReInit that ended the group, or empty */
    /* Only while mls_group_succeed makes this group: what it follows. Borrowed. */
    const mls_group *predecessor;
    uint64_t serial; /* changes with each epoch */
    mls_tree saved; /* what mls_group_mark_saved saw; without root: nothing yet */
    mls_verify_entry verify[MLS_VERIFY_CACHE];
    size_t verify_next;
};

/* A group without an epoch. Copies the signature key. */
KITH_MUST_USE kith_err mls_group_alloc(const mls_env *env, const mls_suite *suite,
                                       mls_group_settings settings, kith_bytes signature_private,
                                       mls_group **out);
/* The same for somebody who is no member. */
KITH_MUST_USE kith_err mls_group_alloc_public(const mls_env *env, const mls_suite *suite,
                                              mls_group **out);
/* The epoch with that number among those held; NULL: none. */
mls_epoch *mls_group_find_epoch(const mls_group *group, uint64_t number);
/* The parsed signature key of a leaf; borrowed until the next call. */
KITH_MUST_USE kith_err mls_group_verify_key(mls_group *group, mls_leaf *leaf,
                                            crypto_verify_key **out);
mls_tools mls_tools_of(const mls_env *env, const mls_suite *suite);
mls_member mls_member_of(uint32_t leaf_index, const mls_leaf *leaf);

#endif
