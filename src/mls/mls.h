/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Messaging Layer Security [RFC9420]: the one public header. Bytes in, bytes out: no I/O, no clock, no
 * global state. Time comes in as seconds since 1970 (`now_s`), randomness and memory through mls_env.
 *
 * How a client uses it
 *
 *   mls_env           what every call needs; made once, outlives every object made with it
 *   mls_key_package_* publish ways to be added; keep the private blob until it was used
 *   mls_group_new     or mls_group_join (a Welcome), mls_group_join_external (a GroupInfo)
 *   mls_group_commit  change the group: commit bytes for everyone, a Welcome for the new members.
 *                     Nothing has changed yet: the new epoch waits inside the group until the
 *                     delivery service accepted the commit (mls_group_apply_own) or refused it
 *                     (mls_group_discard_own)
 *   mls_group_receive what others sent; a commit comes back staged, to be looked at, then applied
 *                     (mls_group_apply) or dropped (mls_staged_free)
 *   mls_group_protect an application message
 *   mls_group_save    the whole state, a waiting own commit included, as one secret blob
 *
 * examples/chat.c is a whole client.
 *
 * What the service between the clients has to do [RFC9420 §14]: take one commit for each epoch, hand all handshake
 * messages to every member in one order (the committer included: that is how it learns that its commit was taken), and
 * give each new member its Welcome. Application messages may come late, twice or in any order.
 *
 * Rules that hold everywhere
 *
 *   - Every call may also return NO_MEMORY, NO_RANDOM (what makes keys) or CRYPTO (the library below failed); KITH_ERRORS
 *     says what a caller does about each error.
 *   - On error nothing has changed and no output was written, unless the function says otherwise.
 *   - `kith_bytes` going in are borrowed for the call. `kith_bytes` coming out say what they borrow.
 *     A `kith_buf *out` gets bytes appended.
 *   - An object belongs to one thread at a time; an mls_env (through its crypto context) does as well.
 *   - Save before sending: every call that says "consumes" moves the state on, and bytes that were
 *     made from a state that is not durable must not leave the machine (a restored older state would
 *     use a key twice).
 */
#ifndef KITH_MLS_MLS_H
#define KITH_MLS_MLS_H

#include "mls/values.h"

/* ---- Signature keys and key packages ------------------------------------------------------- */

/* A signature key pair for `suite`. `private_key` is raw (Ed25519: the 32-byte seed; ECDSA: the scalar)
 * and fits a kith_secret. UNSUPPORTED: no such suite. */
KITH_API KITH_MUST_USE kith_err mls_signature_key_new(const mls_env *env, uint16_t suite,
                                                      kith_secret *private_key,
                                                      kith_buf *public_key);

/* What a client says of itself in a leaf. */
typedef struct mls_leaf_params {
    mls_identity identity;
    kith_bytes signature_private; /* raw private key; the public one is computed from it */
    const mls_ext *extensions;
    size_t extension_count;
} mls_leaf_params;

typedef struct mls_key_package_params {
    uint16_t suite;
    mls_leaf_params leaf;
    uint64_t not_before_s;
    uint64_t not_after_s;
    bool last_resort; /* adds the last_resort extension */
    const mls_ext *extensions;
    size_t extension_count;
} mls_key_package_params;

/* Makes a key package. `public_out` gets an MLSMessage to publish; `private_out` a secret blob (init key,
 * leaf key, signature key and the package itself) that mls_group_join takes. Keep the blob until the
 * package was used or expired (a last-resort one: until it was rotated), then wipe it.
 * UNSUPPORTED: no such suite; INVALID: lifetime reversed or too long, duplicate extension type. */
KITH_API KITH_MUST_USE kith_err mls_key_package_new(const mls_env *env,
                                                    const mls_key_package_params *params,
                                                    kith_buf *public_out, kith_buf *private_out);

/* Private keys of a key package that were made elsewhere. */
typedef struct mls_package_keys {
    kith_bytes init_private;
    kith_bytes leaf_private;
    kith_bytes signature_private;
} mls_package_keys;
/* Builds the private blob from them. REJECTED: a private key does not belong to the public key in the
 * package. */
KITH_API KITH_MUST_USE kith_err mls_key_package_import(const mls_env *env, kith_bytes key_package,
                                                       const mls_package_keys *keys,
                                                       kith_buf *private_out);

/* A look into a key package (an MLSMessage); everything borrows its bytes. */
typedef struct mls_key_package_info {
    uint16_t suite;
    bool last_resort;
    mls_identity identity;
    kith_bytes signature_key;
    kith_bytes init_key;
    uint64_t not_before_s;
    uint64_t not_after_s;
} mls_key_package_info;

/* Parses and fully checks [RFC9420 §10.1] except for the credential, which is the caller's to judge.
 * MALFORMED; UNSUPPORTED: suite not known; REJECTED: signature wrong, expired or not yet valid at `now_s`,
 * lifetime too long, or inconsistent. */
KITH_API KITH_MUST_USE kith_err mls_key_package_inspect(const mls_env *env, kith_bytes key_package,
                                                        uint64_t now_s, mls_key_package_info *out);

/* The KeyPackageRef [RFC9420 §5.2] that a Welcome names: of a public key package, and of a private blob.
 * MALFORMED: it is none; UNSUPPORTED: no such suite, or of another version. */
KITH_API KITH_MUST_USE kith_err mls_key_package_ref(const mls_env *env, kith_bytes key_package,
                                                    kith_buf *out);
KITH_API KITH_MUST_USE kith_err mls_key_package_private_ref(const mls_env *env,
                                                            kith_bytes private_blob, kith_buf *out);

/* ---- Looking at messages without a group --------------------------------------------------- */

typedef enum mls_wire {
    MLS_WIRE_PUBLIC_MESSAGE = 1,
    MLS_WIRE_PRIVATE_MESSAGE = 2,
    MLS_WIRE_WELCOME = 3,
    MLS_WIRE_GROUP_INFO = 4,
    MLS_WIRE_KEY_PACKAGE = 5,
    MLS_WIRE_TARGETED_MESSAGE = 6 /* [MLS-TARGETED] */
} mls_wire;

typedef enum mls_content {
    MLS_CONTENT_APPLICATION = 1,
    MLS_CONTENT_PROPOSAL = 2,
    MLS_CONTENT_COMMIT = 3
} mls_content;

/* Nothing in here is authenticated; it only tells where to take the message. Borrows the message. */
typedef struct mls_peek {
    mls_wire wire;
    uint16_t suite; /* welcome, group info, key package; else 0 */
    kith_bytes group_id; /* public, private and targeted message, group info; else empty */
    uint64_t epoch; /* as group_id */
    mls_content content; /* public and private message; else 0 */
    size_t welcome_count; /* welcome: how many key package refs it names */
} mls_peek;

/* MALFORMED, or UNSUPPORTED for another protocol version or wire format. */
KITH_API KITH_MUST_USE kith_err mls_message_peek(kith_bytes message, mls_peek *out);
/* The index-th KeyPackageRef of a Welcome, borrowed from it. NOT_FOUND: beyond the last. */
KITH_API KITH_MUST_USE kith_err mls_welcome_ref(kith_bytes welcome, size_t index, kith_bytes *out);

/* ---- Groups: coming into being ------------------------------------------------------------- */

typedef struct mls_group mls_group;
/* One epoch of a group: who is in it and what can be derived from it. Read-only to the caller. */
typedef struct mls_epoch mls_epoch;
/* A transition that was checked completely but has not happened. */
typedef struct mls_staged mls_staged;

/* How a client behaves in one group; zeroed is the default. Kept by the group and saved with it. */
typedef struct mls_group_settings {
    bool public_handshakes; /* send proposals and commits as PublicMessage */
    bool no_past_epochs; /* open nothing from earlier epochs */
    uint32_t past_epochs; /* earlier epochs whose messages can still be opened; 0: 5;
                                  * at most MLS_PAST_EPOCHS_MAX */
    uint32_t handshake_padding; /* private handshakes are padded to a multiple of this; 0: none */
} mls_group_settings;

#define MLS_PAST_EPOCHS_MAX 32u

typedef struct mls_group_params {
    uint16_t suite;
    kith_bytes group_id; /* must be unique; 1 to 255 bytes; random ones are best */
    mls_leaf_params leaf;
    const mls_ext *extensions; /* of the group context */
    size_t extension_count;
    mls_group_settings settings;
} mls_group_params;

/* A new group with one member, in epoch 0 [RFC9420 §11]. `env` is borrowed until the group is freed.
 * UNSUPPORTED: no such suite, or the group context has an extension that the env does not list or asks for a capability
 * that this client lacks; INVALID: no group id or one too long, an extension type twice; MALFORMED: `signature_private`
 * is no key of the suite. */
KITH_API KITH_MUST_USE kith_err mls_group_new(const mls_env *env, const mls_group_params *params,
                                              mls_group **out);

typedef struct mls_join_params {
    kith_bytes welcome; /* an MLSMessage */
    const kith_bytes *private_blobs; /* candidates: private blobs of this client's key packages */
    size_t private_blob_count;
    kith_bytes ratchet_tree; /* when the Welcome does not carry it; else empty */
    mls_group_settings settings;
    uint64_t now_s;
    /* The group that the new one follows, when the Welcome is expected to come out of it (borrowed for the
     * call); NULL otherwise. See mls_group_succeed. */
    const mls_group *predecessor;
} mls_join_params;

/* Joins by a Welcome [RFC9420 §12.4.3.1]. On success `*used` (may be NULL) says which candidate was used:
 * wipe it unless it is a last-resort one. Whether the group id is already in use here is for the caller
 * to check (before keeping the group).
 * NOT_FOUND: none of the candidates is named, or a PSK is missing; INVALID: the Welcome carries no tree and
 * none was given; MALFORMED, REJECTED: forged or broken, or with a predecessor: the group does not follow it
 * as the RFC demands; UNSUPPORTED: the group needs something this client does not have. */
KITH_API KITH_MUST_USE kith_err mls_group_join(const mls_env *env, const mls_join_params *params,
                                               size_t *used, mls_group **out);

/* What a Welcome says of its group, for a client that has to fetch the tree first: by reference to the group, the
 * epoch, the hash that the tree must have, or whatever the inviter put into the GroupInfo. */
typedef struct mls_welcome_info {
    kith_buf bytes; /* owned; the rest borrows it */
    uint16_t suite;
    kith_bytes group_id;
    uint64_t epoch;
    kith_bytes tree_hash;
    bool has_tree; /* mls_group_join needs no ratchet_tree */
    kith_bytes extensions; /* of the GroupInfo, see mls_welcome_info_extension */
} mls_welcome_info;
/* Opens a Welcome as mls_group_join does, with the same parameters, but joins nothing; `ratchet_tree` is not looked at.
 * Only whoever knew the key package can have made it; who that was is known only when mls_group_join, which also checks
 * the tree against the hash, has taken it. `*out` is for mls_welcome_info_done. Errors as of mls_group_join. */
KITH_API KITH_MUST_USE kith_err mls_welcome_inspect(const mls_env *env,
                                                    const mls_join_params *params,
                                                    mls_welcome_info *out);
KITH_API void mls_welcome_info_done(mls_welcome_info *info);
/* Borrowed from `info`. NOT_FOUND. */
KITH_API KITH_MUST_USE kith_err mls_welcome_info_extension(const mls_welcome_info *info,
                                                           uint16_t type, kith_bytes *out);

typedef struct mls_external_params {
    kith_bytes group_info; /* an MLSMessage with external_pub */
    kith_bytes ratchet_tree; /* when the GroupInfo does not carry it; else empty */
    mls_leaf_params leaf;
    uint32_t replaces; /* resync: the leaf of one's former self; else MLS_LEAF_NONE */
    const mls_psk_ref *psks; /* PSKs to mix in */
    size_t psk_count;
    /* SelfRemoves that wait in the group, as their MLSMessages: must all go into the commit [MLS-EXT §6.3]. */
    const kith_bytes *self_removes;
    size_t self_remove_count;
    kith_bytes authenticated_data;
    mls_group_settings settings;
    uint64_t now_s;
} mls_external_params;

/* Joins by an external commit [RFC9420 §12.4.3.2]. `commit` gets the MLSMessage to send; `*out` is the group
 * as it will be when the commit is accepted: keep it then, free it otherwise.
 * INVALID: the GroupInfo has no external_pub, or there is no tree; else as mls_group_join. OUT_OF_STEP: a SelfRemove is
 * of another epoch. That the GroupInfo is outdated cannot be seen here: it makes a commit that the members do not
 * take. */
KITH_API KITH_MUST_USE kith_err mls_group_join_external(const mls_env *env,
                                                        const mls_external_params *params,
                                                        kith_buf *commit, mls_group **out);

/* What a group was re-initialised to, once that commit was applied [RFC9420 §12.1.5]. Borrowed from the group.
 * NOT_FOUND: it was not. */
typedef struct mls_reinit_info {
    kith_bytes group_id;
    uint16_t suite;
} mls_reinit_info;
KITH_API KITH_MUST_USE kith_err mls_group_reinit(const mls_group *group, mls_reinit_info *out);

typedef struct mls_successor_params {
    const mls_env *env; /* of the new group, as in mls_group_new; NULL: that of the old one */
    mls_link link;
    /* BRANCH: id and extensions of the new group, whose suite is that of the old one. For REINIT all three are
     * what the members agreed on in the ReInit proposal. */
    kith_bytes group_id;
    const mls_ext *extensions;
    size_t extension_count;
    mls_leaf_params leaf; /* for REINIT with a signature key of the new suite */
    const kith_bytes *key_packages; /* MLSMessages of the others, for the new suite */
    size_t key_package_count;
    bool welcome_without_tree;
    mls_group_settings settings;
    uint64_t now_s;
} mls_successor_params;

/* Makes the group that follows `from` [RFC9420 §11.2, §11.3]: founds it, adds the others and ties it to the old
 * one by its resumption PSK. Nobody else can commit to it before they have the Welcome, so it is at once in
 * epoch 1. Who belongs in it is the caller's to choose: for REINIT all members of the old group.
 * The others join with mls_join_params.predecessor, which checks the tie and, for REINIT, id, suite and
 * extensions; for BRANCH, the suite and that each member shows a credential of a member of the old group.
 * INVALID: no link, no key packages, or REINIT of a group that was not re-initialised; else as mls_group_new and
 * mls_group_commit. */
KITH_API KITH_MUST_USE kith_err mls_group_succeed(const mls_group *from,
                                                  const mls_successor_params *params,
                                                  kith_buf *welcome, mls_group **out);

/* Wipes and frees. NULL is accepted. */
KITH_API void mls_group_free(mls_group *group);

/* ---- Groups: looking ----------------------------------------------------------------------- */

/* The current epoch; borrowed until the group changes epoch or is freed. Never NULL. */
KITH_API const mls_epoch *mls_group_epoch(const mls_group *group);
KITH_API kith_bytes mls_group_id(const mls_group *group);
/* False after a commit that removed this client or re-initialised the group was applied: the group then
 * opens old messages but sends and commits nothing (DENIED). */
KITH_API bool mls_group_is_active(const mls_group *group);

/* All of the following borrow from the epoch. */
KITH_API uint64_t mls_epoch_number(const mls_epoch *epoch);
KITH_API uint16_t mls_epoch_suite(const mls_epoch *epoch);
/* This client's leaf; MLS_LEAF_NONE in the staged epoch of a commit that removes this client. */
KITH_API uint32_t mls_epoch_own_leaf(const mls_epoch *epoch);
KITH_API size_t mls_epoch_member_count(const mls_epoch *epoch);
/* Steps through the members in leaf order: start with `*cursor` = 0, false after the last one. */
KITH_API bool mls_epoch_member_next(const mls_epoch *epoch, uint32_t *cursor, mls_member *out);
/* NOT_FOUND: the leaf is blank or outside the tree. */
KITH_API KITH_MUST_USE kith_err mls_epoch_member_at(const mls_epoch *epoch, uint32_t leaf_index,
                                                    mls_member *out);
/* The member with this signature key (unique in a group). NOT_FOUND: none. */
KITH_API KITH_MUST_USE kith_err mls_epoch_member_find(const mls_epoch *epoch,
                                                      kith_bytes signature_key, mls_member *out);
/* An extension of a member's leaf. NOT_FOUND. */
KITH_API KITH_MUST_USE kith_err mls_epoch_leaf_extension(const mls_epoch *epoch,
                                                         uint32_t leaf_index, uint16_t type,
                                                         kith_bytes *out);
/* Extensions of the group context. NOT_FOUND: no such type, or index beyond the last. */
KITH_API KITH_MUST_USE kith_err mls_epoch_extension(const mls_epoch *epoch, uint16_t type,
                                                    kith_bytes *out);
KITH_API KITH_MUST_USE kith_err mls_epoch_extension_at(const mls_epoch *epoch, size_t index,
                                                       mls_ext *out);
/* The encoded GroupContext, its tree hash, and the epoch authenticator [RFC9420 §8.7]: equal for all
 * members of the same epoch. */
KITH_API kith_bytes mls_epoch_context(const mls_epoch *epoch);
KITH_API kith_bytes mls_epoch_tree_hash(const mls_epoch *epoch);
KITH_API kith_bytes mls_epoch_authenticator(const mls_epoch *epoch);
/* A secret: the resumption PSK [RFC9420 §8.6]. */
KITH_API kith_bytes mls_epoch_resumption_psk(const mls_epoch *epoch);
/* MLS-Exporter [RFC9420 §8.5]: `len` is 1 to KITH_SECRET_MAX (LIMIT). Also works on a staged epoch. */
KITH_API KITH_MUST_USE kith_err mls_epoch_export(const mls_epoch *epoch, const char *label,
                                                 kith_bytes context, size_t len, kith_secret *out);
/* The ratchet tree as in the ratchet_tree extension [RFC9420 §12.4.3.3], for delivery beside a Welcome. */
KITH_API KITH_MUST_USE kith_err mls_epoch_ratchet_tree(const mls_epoch *epoch, kith_buf *out);

/* ---- Groups: changing ---------------------------------------------------------------------- */

/* One wanted change; fields that `type` does not name are ignored. */
typedef struct mls_proposal_params {
    uint16_t type; /* MLS_PROPOSAL_ADD, _UPDATE, _REMOVE, _PSK, _REINIT,
                             * _GROUP_CONTEXT_EXTENSIONS, _APP_DATA_UPDATE, _APP_EPHEMERAL, _SELF_REMOVE */
    kith_bytes key_package; /* ADD: an MLSMessage */
    uint32_t leaf_index; /* REMOVE */
    mls_psk_ref psk; /* PSK */
    const mls_ext *extensions; /* GROUP_CONTEXT_EXTENSIONS (replaces all), REINIT */
    size_t extension_count;
    const mls_leaf_params *leaf; /* UPDATE: what to say anew; NULL: new keys only */
    kith_bytes reinit_group_id; /* REINIT */
    uint16_t reinit_suite; /* REINIT */
    uint16_t component_id; /* APP_DATA_UPDATE, APP_EPHEMERAL */
    bool
        app_remove; /* APP_DATA_UPDATE: remove the component's data; else update it with `app_data` */
    kith_bytes app_data; /* APP_DATA_UPDATE, APP_EPHEMERAL */
} mls_proposal_params;

/* Proposes a change by reference: `out` gets the MLSMessage for everyone. The proposal is held here too
 * (pending) until the epoch ends. Consumes. DENIED: not active. LIMIT: MLS_PENDING_MAX are held.
 * SELF_REMOVE takes this client out with the next commit of anybody, an external joiner included; it is always sent
 * as a PublicMessage. EXISTS: it was proposed in this epoch already. UNSUPPORTED: a member does not know the type. */
KITH_API KITH_MUST_USE kith_err mls_group_propose(mls_group *group,
                                                  const mls_proposal_params *params,
                                                  kith_bytes authenticated_data, uint64_t now_s,
                                                  kith_buf *out);

typedef struct mls_commit_params {
    const mls_proposal_params *
        proposals; /* by value; UPDATE is not allowed here: every path is one. Nor is SELF_REMOVE */
    size_t proposal_count;
    bool skip_pending; /* do not include the pending proposals */
    bool force_path; /* a path even where none is required (add, PSK only) */
    const mls_leaf_params *leaf; /* with the path: say this anew; NULL: new keys only */
    bool welcome_without_tree; /* the tree travels otherwise (mls_epoch_ratchet_tree) */
    bool welcome_with_external_pub;
    const mls_ext
        *group_info_extensions; /* for the Welcome's GroupInfo, readable by new members only */
    size_t group_info_extension_count;
    kith_bytes authenticated_data; /* readable by the delivery service, bound to the commit */
    uint64_t now_s;
} mls_commit_params;

/* Commits [RFC9420 §12.4.1]. `commit` gets the MLSMessage for the members, `welcome` the one for all new
 * members (nothing when there are none): it may leave only after the commit was accepted. The next epoch
 * is kept in the group, see mls_group_own_staged. Consumes one handshake generation even when it is
 * discarded later.
 * Pending proposals that cannot go together with the rest are left out as [RFC9420 §12.2] advises: Removes
 * win over Updates, later Updates over earlier ones, anything over ReInit. So are those that are not right, or no
 * longer: a key package that ran out, a credential that the env now refuses.
 * CONFLICT: an own commit is waiting already. DENIED: not active. REJECTED: the list of proposals is not
 * valid, a key package among them. UNSUPPORTED: a new member lacks a needed capability. */
KITH_API KITH_MUST_USE kith_err mls_group_commit(mls_group *group, const mls_commit_params *params,
                                                 kith_buf *commit, kith_buf *welcome);

/* The own commit that waits for the delivery service, or NULL. Borrowed until it is applied or discarded. */
KITH_API const mls_staged *mls_group_own_staged(const mls_group *group);
/* Whether `message` is exactly the own commit that waits. */
KITH_API bool mls_group_is_own_commit(const mls_group *group, kith_bytes message);
/* Makes the waiting own commit the current epoch; cannot fail. Nothing waits: nothing happens. */
KITH_API void mls_group_apply_own(mls_group *group);
/* Forgets the waiting own commit. */
KITH_API void mls_group_discard_own(mls_group *group);

/* ---- Proposals from outside ---------------------------------------------------------------- */

/* Somebody who is no member but may propose [RFC9420 §12.1.8.1]. */
typedef struct mls_external_sender {
    mls_identity identity;
    kith_bytes signature_key;
} mls_external_sender;
/* Appends the content of an external_senders extension (MLS_EXT_EXTERNAL_SENDERS). */
KITH_API KITH_MUST_USE kith_err mls_external_senders_write(const mls_external_sender *senders,
                                                           size_t count, kith_buf *out);

typedef struct mls_outside_params {
    uint16_t suite; /* of the group, as its id and epoch */
    kith_bytes group_id;
    uint64_t epoch;
    kith_bytes signature_private;
    /* Place in the group's external_senders; MLS_LEAF_NONE: a newcomer that asks to be added, with its own key
     * package and the signature key of that. */
    uint32_t sender_index;
    mls_proposal_params proposal; /* ADD, REMOVE, PSK, REINIT, GROUP_CONTEXT_EXTENSIONS */
    kith_bytes authenticated_data;
} mls_outside_params;
/* Proposes to a group that this client is not in: appends the MLSMessage for its members, who take it with
 * mls_group_receive. INVALID: another type (for a newcomer: than ADD). UNSUPPORTED: no such suite. */
KITH_API KITH_MUST_USE kith_err mls_outside_propose(const mls_env *env,
                                                    const mls_outside_params *params,
                                                    kith_buf *out);

/* ---- Staged commits ------------------------------------------------------------------------ */

typedef enum mls_change_kind { MLS_ADDED = 1, MLS_REMOVED = 2, MLS_REPLACED = 3 } mls_change_kind;

/* What happens to one leaf. `before` is set for REMOVED and REPLACED, `after` for ADDED and REPLACED.
 * A REPLACED leaf has new keys; whether credential or signature key differ is in the two. Borrowed from
 * the staged object. An external commit that resyncs shows a REMOVED and an ADDED. */
typedef struct mls_change {
    mls_change_kind kind;
    uint32_t leaf_index;
    mls_member before;
    mls_member after;
} mls_change;

typedef struct mls_staged_info {
    uint32_t committer; /* leaf in the new epoch */
    bool is_external; /* the committer was not a member until now */
    uint32_t
        external_replaces; /* leaf that an external committer took the place of, or MLS_LEAF_NONE */
    bool removes_self; /* this client is no longer in the group */
    bool reinit; /* the group ends; a new one follows */
    bool extensions_changed; /* a GroupContextExtensions or AppDataUpdate was among the changes */
    bool has_path;
    size_t change_count;
    size_t psk_count;
} mls_staged_info;

KITH_API mls_staged_info mls_staged_describe(const mls_staged *staged);
/* NOT_FOUND: index beyond the last. */
KITH_API KITH_MUST_USE kith_err mls_staged_change(const mls_staged *staged, size_t index,
                                                  mls_change *out);
/* The epoch that will be; borrowed from the staged object. When removes_self, it has members but no
 * secrets (mls_epoch_export: DENIED). */
KITH_API const mls_epoch *mls_staged_epoch(const mls_staged *staged);
/* Wipes and frees; NULL is accepted. The commit can then be received again. */
KITH_API void mls_staged_free(mls_staged *staged);
/* Data of a component that came with the commit [MLS-EXT §4.8], borrowed from the staged object. */
typedef struct mls_ephemeral {
    uint16_t component_id;
    uint32_t sender; /* leaf; MLS_LEAF_NONE: an external sender or joiner */
    kith_bytes data;
} mls_ephemeral;
/* In the order of the commit. NOT_FOUND: index beyond the last. */
KITH_API KITH_MUST_USE kith_err mls_staged_ephemeral(const mls_staged *staged, size_t index,
                                                     mls_ephemeral *out);
/* Makes a staged commit (of mls_group_receive, of this group and its current epoch: else nothing happens)
 * the current epoch; cannot fail; takes `*staged` and leaves NULL. A waiting own commit and the pending
 * proposals are dropped with the old epoch. */
KITH_API void mls_group_apply(mls_group *group, mls_staged **staged);

/* ---- Messages ------------------------------------------------------------------------------ */

typedef enum mls_kind {
    MLS_KIND_APPLICATION = 1, /* `plaintext` */
    MLS_KIND_PROPOSAL, /* now pending; `proposal_type` */
    MLS_KIND_COMMIT, /* `staged` */
    MLS_KIND_OWN_COMMIT, /* the own commit that waits came back: mls_group_apply_own */
    MLS_KIND_TARGETED /* `plaintext`, for this member alone */
} mls_kind;

/* Owned by the caller; zeroed before the call; mls_received_done wipes it. */
typedef struct mls_received {
    mls_kind kind;
    uint64_t epoch;
    uint32_t sender; /* leaf in `epoch`; MLS_LEAF_NONE: an external sender or joiner */
    uint32_t
        generation; /* private messages: the sender's counter in this epoch and content class */
    kith_buf plaintext;
    kith_buf authenticated_data;
    uint16_t proposal_type;
    mls_staged *staged; /* MLS_KIND_COMMIT: take it with mls_group_apply, or it is freed by done */
    mls_member sender_member; /* borrowed from the group's epoch; zeroed when not a member */
} mls_received;

KITH_API void mls_received_done(mls_received *received);

/* Opens and checks one PublicMessage, PrivateMessage or TargetedMessage. APPLICATION and PROPOSAL consume (save before
 * acknowledging); a COMMIT changes nothing until it is applied.
 * EXISTS: seen before, an own message that came back, or a commit of an epoch that is over. Harmless.
 * OUT_OF_STEP: from an epoch that is not reached yet or no longer held, or further ahead or behind in the
 *   sender's counter than is allowed. Catch up (or rejoin); the message may be fine.
 *   Also a commit of this very client that does not wait here: the group moved on without it; rejoin.
 * MALFORMED, REJECTED: forged or broken. NOT_FOUND: for another group, or it needs a proposal or PSK that
 *   is not here. UNSUPPORTED: a type this client does not know. DENIED: a handshake in a group that is over
 *   for this client. INVALID: not a message of a group.
 * A TARGETED message consumes nothing and can be opened again: the caller knows duplicates by what they say. It counts
 * in its own epoch only (OUT_OF_STEP otherwise); NOT_FOUND: it is for another member. */
KITH_API KITH_MUST_USE kith_err mls_group_receive(mls_group *group, kith_bytes message,
                                                  uint64_t now_s, mls_received *out);

typedef struct mls_protect_params {
    kith_bytes authenticated_data; /* readable by everyone, and bound to the message */
    kith_bytes plaintext;
    size_t
        pad_to; /* what is encrypted (content, signature, padding) is padded to a multiple of this;
                    * 0 or 1: no padding. For buckets, choose it by length */
} mls_protect_params;
/* Encrypts an application message. `generation` (may be NULL) gets the own counter. Consumes.
 * DENIED: not active. CONFLICT: proposals are pending, which must be committed before anything is said
 * [RFC9420 §12.4]. */
KITH_API KITH_MUST_USE kith_err mls_group_protect(mls_group *group,
                                                  const mls_protect_params *params,
                                                  uint32_t *generation, kith_buf *out);

/* Pending proposals of this epoch, received or own. */
typedef struct mls_pending {
    uint16_t type;
    uint32_t sender; /* leaf; MLS_LEAF_NONE: an external sender */
    bool is_own;
    uint32_t
        leaf_index; /* REMOVE: who is removed; UPDATE, SELF_REMOVE: the sender; else MLS_LEAF_NONE */
} mls_pending;
#define MLS_PENDING_MAX 1024u
KITH_API size_t mls_group_pending_count(const mls_group *group);
KITH_API KITH_MUST_USE kith_err mls_group_pending_at(const mls_group *group, size_t index,
                                                     mls_pending *out);

/* A GroupInfo of the current epoch as MLSMessage [RFC9420 §12.4.3]: what someone needs to join by an
 * external commit. Not a secret key, but whoever has it can try to join: hand it out with care. */
typedef struct mls_group_info_params {
    bool without_tree;
    bool without_external_pub;
    const mls_ext *extensions;
    size_t extension_count;
} mls_group_info_params;
KITH_API KITH_MUST_USE kith_err mls_group_info(const mls_group *group,
                                               const mls_group_info_params *params, kith_buf *out);

/* A message for one member that the others cannot read [MLS-TARGETED]. */
typedef struct mls_target_params {
    uint32_t recipient; /* leaf */
    kith_bytes authenticated_data; /* readable by everyone, and bound to the message */
    kith_bytes plaintext;
    size_t pad_to; /* what is encrypted is padded to a multiple of this; 0 or 1: no padding */
} mls_target_params;
/* Appends the MLSMessage(TargetedMessage). Consumes nothing. It has no forward secrecy within the epoch: it opens as
 * long as the recipient has the key of its leaf. NOT_FOUND: no such member; UNSUPPORTED: the recipient's leaf does not
 * list the format (MLS_EXT_SUPPORTED_WIRE_FORMATS); INVALID: to oneself; DENIED: not active. */
KITH_API KITH_MUST_USE kith_err mls_group_target(const mls_group *group,
                                                 const mls_target_params *params, kith_buf *out);

/* ---- Components of an application [MLS-EXT §4] ----------------------------------------------- */

/* Parts of an application that use one group without knowing of each other, each under an id of its own. A client that
 * takes part says so in its leaf: an extension MLS_EXT_APP_DATA_DICTIONARY with MLS_COMPONENT_APP_COMPONENTS (a list of
 * ids), and proposal_types in its mls_env. */
typedef struct mls_component {
    uint16_t id;
    kith_bytes data;
} mls_component;

/* Appends the content of an AppDataDictionary extension, or authenticated data that components share (Safe AAD): once
 * the group context's dictionary has MLS_COMPONENT_SAFE_AAD, all authenticated data has this form, with no components
 * if there is nothing to say. INVALID: the ids do not ascend. */
KITH_API KITH_MUST_USE kith_err mls_components_write(const mls_component *items, size_t count,
                                                     kith_buf *out);
/* One component's data, borrowed from `encoded`. NOT_FOUND; MALFORMED. */
KITH_API KITH_MUST_USE kith_err mls_components_find(kith_bytes encoded, uint16_t id,
                                                    kith_bytes *out);
/* Appends a list of ids: the data of APP_COMPONENTS and SAFE_AAD; also of the extensions of wire formats. */
KITH_API KITH_MUST_USE kith_err mls_component_ids_write(const uint16_t *ids, size_t count,
                                                        kith_buf *out);

/* A component's secret of this epoch, as long as the suite's hash, equal for all members. Given out once: consumes, and
 * what it came from is erased. EXISTS: it was given out. DENIED: not in the group, or loaded from a blob of a version
 * that had none. */
KITH_API KITH_MUST_USE kith_err mls_group_safe_export(mls_group *group, uint16_t component_id,
                                                      kith_secret *out);

/* What a signature or ciphertext of a component is for; the label is at most MLS_COMPONENT_LABEL_MAX bytes (LIMIT). */
typedef struct mls_component_use {
    uint16_t component_id;
    const char *label;
} mls_component_use;
#define MLS_COMPONENT_LABEL_MAX 180u

/* Signs with this member's signature key. */
KITH_API KITH_MUST_USE kith_err mls_group_safe_sign(const mls_group *group, mls_component_use use,
                                                    kith_bytes content, kith_buf *out);
/* REJECTED: no signature of that member. NOT_FOUND: no such member. */
KITH_API KITH_MUST_USE kith_err mls_epoch_safe_verify(const mls_epoch *epoch, uint32_t leaf_index,
                                                      mls_component_use use, kith_bytes content,
                                                      kith_bytes signature);
/* For the holder of a leaf, or with MLS_LEAF_NONE for every member of this epoch, through the group's external key
 * pair. Appends an encoded HPKECiphertext. NOT_FOUND: no such member; DENIED: not in the group. */
typedef struct mls_component_text {
    kith_bytes context; /* bound to the ciphertext; both sides know it */
    kith_bytes text; /* plaintext; or an encoded HPKECiphertext [RFC9420 §7.6] */
} mls_component_text;
KITH_API KITH_MUST_USE kith_err mls_group_safe_encrypt(const mls_group *group, uint32_t leaf_index,
                                                       mls_component_use use,
                                                       const mls_component_text *in, kith_buf *out);
/* Appends the plaintext. `for_all`: encrypted with MLS_LEAF_NONE. REJECTED: does not open. */
KITH_API KITH_MUST_USE kith_err mls_group_safe_decrypt(const mls_group *group, bool for_all,
                                                       mls_component_use use,
                                                       const mls_component_text *in, kith_buf *out);

/* ---- A group as the delivery service sees it ------------------------------------------------ */

/* Follows a group whose handshakes are PublicMessages without being in it: its members, tree, context and transcript, no
 * secret. Checks all that can be checked without one; what cannot: membership tags, confirmation tags, whether the
 * ciphertexts of a path open, and PSKs. So a member can still send what this takes and the other members refuse.
 * The env's check and app_data are asked as in a group; find_psk and rng are not. */
typedef struct mls_public mls_public;

typedef struct mls_public_params {
    kith_bytes group_info; /* an MLSMessage, of a member */
    kith_bytes ratchet_tree; /* when the GroupInfo does not carry it; else empty */
    uint64_t now_s;
} mls_public_params;
/* Starts with the epoch of the GroupInfo; `env` is borrowed until the object is freed. Errors as of
 * mls_group_join_external. */
KITH_API KITH_MUST_USE kith_err mls_public_new(const mls_env *env, const mls_public_params *params,
                                               mls_public **out);
KITH_API void mls_public_free(mls_public *group);
/* The current epoch, for mls_epoch_*; its secrets are empty, and mls_epoch_export says DENIED. */
KITH_API const mls_epoch *mls_public_epoch(const mls_public *group);
/* As mls_group_receive, for proposals and commits. UNSUPPORTED: a PrivateMessage: what it does to the group cannot be
 * followed. The order of commits is the caller's: of several that can be received, it applies one. */
KITH_API KITH_MUST_USE kith_err mls_public_receive(mls_public *group, kith_bytes message,
                                                   uint64_t now_s, mls_received *out);
/* As mls_group_apply. */
KITH_API void mls_public_apply(mls_public *group, mls_staged **staged);
/* As mls_group_is_active, mls_group_pending_count and mls_group_pending_at. */
KITH_API bool mls_public_is_active(const mls_public *group);
KITH_API size_t mls_public_pending_count(const mls_public *group);
KITH_API KITH_MUST_USE kith_err mls_public_pending_at(const mls_public *group, size_t index,
                                                      mls_pending *out);
/* Whether a GroupInfo that a member gives for others to join by is one of the present epoch. OUT_OF_STEP: of another
 * epoch; NOT_FOUND: of another group; REJECTED: it says something else, or no member signed it. */
KITH_API KITH_MUST_USE kith_err mls_public_check_info(const mls_public *group,
                                                      kith_bytes group_info);
/* The whole state, which is not secret, and back. Errors as of mls_group_load. */
KITH_API KITH_MUST_USE kith_err mls_public_save(const mls_public *group, kith_buf *out);
KITH_API KITH_MUST_USE kith_err mls_public_load(const mls_env *env, kith_bytes blob,
                                                mls_public **out);

/* ---- Keeping ------------------------------------------------------------------------------- */

/* The whole state (all secrets, past epochs, pending proposals, a waiting own commit) as one versioned blob.
 * Keep it encrypted, replace it with every change, erase the one it replaces: an old blob opens what the
 * deletion of keys was meant to close. */
KITH_API KITH_MUST_USE kith_err mls_group_save(const mls_group *group, kith_buf *out);
/* The group as it was saved. `env` is borrowed until the group is freed. UNSUPPORTED: saved by a later version, or of a
 * suite that this build does not have; MALFORMED: damaged. */
KITH_API KITH_MUST_USE kith_err mls_group_load(const mls_env *env, kith_bytes blob,
                                               mls_group **out);

/* The same in two parts, for large groups: `secrets` changes with every call that consumes or applies, `tree`
 * (the ratchet tree, most of the bytes, no secret) only with the epoch. A `tree` of NULL is not written: the
 * one that was written since the group came to its present epoch still serves. */
KITH_API KITH_MUST_USE kith_err mls_group_save_parts(const mls_group *group, kith_buf *secrets,
                                                     kith_buf *tree);
/* As mls_group_load; REJECTED: the two parts are of different epochs. */
KITH_API KITH_MUST_USE kith_err mls_group_load_parts(const mls_env *env, kith_bytes secrets,
                                                     kith_bytes tree, mls_group **out);

/* The same with a tree that is kept as a base and deltas, so that a change of epoch writes what it changed: for a commit
 * in a group of N about log N nodes.
 *
 *   mls_group_save_parts    writes `secrets` and the whole tree, the base
 *   mls_group_mark_saved    says that it is durable; deltas count from here
 *   mls_group_save_delta    after each call that consumes or applies: `secrets` anew, and what changed in the tree
 *   mls_group_mark_saved    when that is durable; if it did not become durable, the next delta covers it as well
 *
 * `secrets` takes the place of the one before, which is erased; the base and the deltas hold no secret and are kept side
 * by side. From time to time, a new base takes their place.
 *
 * Crash rule: delta first, then `secrets`; base first, then `secrets`, then the old deltas may go. Whatever point the
 * machine stops at, loading gives the state of the `secrets` that are there: deltas that lead elsewhere, or to where the
 * base is already, are passed over. A store with transactions does it all in one. As ever, what the new state made must
 * not leave before `secrets` are durable. */
typedef struct mls_saved_tree {
    kith_bytes base; /* of mls_group_save_parts */
    const kith_bytes
        *deltas; /* in the order in which they were written; empty ones may be left out */
    size_t delta_count;
} mls_saved_tree;
/* Appends `secrets` as mls_group_save_parts, and to `delta` what changed since mls_group_mark_saved: nothing while the
 * epoch is the same. INVALID: nothing was marked as saved. */
KITH_API KITH_MUST_USE kith_err mls_group_save_delta(const mls_group *group, kith_buf *secrets,
                                                     kith_buf *delta);
/* Cannot fail. Keeps in memory what the tree is now, as far as it changes later. mls_group_load_deltas marks, too. */
KITH_API void mls_group_mark_saved(mls_group *group);
/* REJECTED: a delta is missing that the secrets' epoch needs; else as mls_group_load. */
KITH_API KITH_MUST_USE kith_err mls_group_load_deltas(const mls_env *env, kith_bytes secrets,
                                                      const mls_saved_tree *tree, mls_group **out);

#endif
