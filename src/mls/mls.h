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
 * Rules that hold everywhere
 *
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

#include "base/base.h"
#include "crypto/crypto.h"

/* ---- Cipher suites ------------------------------------------------------------------------- */

#define MLS_SUITE_X25519_AES128_ED25519 0x0001u
#define MLS_SUITE_P256_AES128_P256 0x0002u
#define MLS_SUITE_X25519_CHACHA_ED25519 0x0003u
#define MLS_SUITE_P384_AES256_P384 0x0007u
#define MLS_SUITE_X448_AES256_ED448 0x0004u
#define MLS_SUITE_P521_AES256_P521 0x0005u
#define MLS_SUITE_X448_CHACHA_ED448 0x0006u

/* Post-quantum suites [MLS-PQ], in the order of the draft: ids of the private range until IANA gives some,
 * and mls_env.suite_aliases for whoever chose others. The first five are hybrids, the last three have
 * signatures of ML-DSA. */
#define MLS_SUITE_MLKEM768_X25519_SHA256 0xf006u
#define MLS_SUITE_MLKEM768_X25519_SHA384 0xf007u
#define MLS_SUITE_MLKEM768_P256_SHA256 0xf008u
#define MLS_SUITE_MLKEM768_P256_SHA384 0xf009u
#define MLS_SUITE_MLKEM1024_P384_SHA384 0xf00au
#define MLS_SUITE_MLKEM768_ED25519 0xf00bu
#define MLS_SUITE_MLKEM768_P256_SIGN 0xf00cu
#define MLS_SUITE_MLKEM1024_P384_SIGN 0xf00du
#define MLS_SUITE_MLKEM768_X25519_MLDSA44 0xf00eu
#define MLS_SUITE_MLKEM768_MLDSA65 0xf00fu
#define MLS_SUITE_MLKEM1024_MLDSA87 0xf010u
/* The one to choose: ML-KEM-768 + X25519, AES-256-GCM, SHA-384, Ed25519. */
#define MLS_SUITE_PQ MLS_SUITE_MLKEM768_X25519_SHA384

/* How many suites this build has, and their ids (index below the count; 0 beyond it). */
KITH_API size_t mls_suite_count(void);
KITH_API uint16_t mls_suite_at(size_t index);
KITH_API bool mls_suite_is_supported(uint16_t suite);
/* The suite's name as in the IANA registry or the draft, or NULL for a suite that is not supported. */
KITH_API const char *mls_suite_name(uint16_t suite);

/* Another id for one of these suites. With aliases in an mls_env, every call that takes that env or what was
 * made with it knows the suite under `id` only, on the wire and in its arguments and results. */
typedef struct mls_suite_alias {
    uint16_t suite; /* as above */
    uint16_t id; /* instead of it */
} mls_suite_alias;

/* ---- Plain values -------------------------------------------------------------------------- */

/* Extension types [RFC9420 §17.3]. Types that a Kith group uses are the caller's. */
#define MLS_EXT_APPLICATION_ID 0x0001u
#define MLS_EXT_RATCHET_TREE 0x0002u
#define MLS_EXT_REQUIRED_CAPABILITIES 0x0003u
#define MLS_EXT_EXTERNAL_PUB 0x0004u
#define MLS_EXT_EXTERNAL_SENDERS 0x0005u
#define MLS_EXT_LAST_RESORT 0x000au

/* Credential types [RFC9420 §17.5]. */
#define MLS_CREDENTIAL_BASIC 0x0001u
#define MLS_CREDENTIAL_X509 0x0002u

/* Proposal types [RFC9420 §17.4]. */
#define MLS_PROPOSAL_ADD 0x0001u
#define MLS_PROPOSAL_UPDATE 0x0002u
#define MLS_PROPOSAL_REMOVE 0x0003u
#define MLS_PROPOSAL_PSK 0x0004u
#define MLS_PROPOSAL_REINIT 0x0005u
#define MLS_PROPOSAL_EXTERNAL_INIT 0x0006u
#define MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS 0x0007u

/* "No leaf": a sender that is not a member, or no member at all. */
#define MLS_LEAF_NONE UINT32_MAX

/* An extension: its type and the content of extension_data. */
typedef struct mls_ext {
    uint16_t type;
    kith_bytes data;
} mls_ext;

/* A credential. For MLS_CREDENTIAL_BASIC `data` is the identity; for MLS_CREDENTIAL_X509 the encoded
 * certificate list without its outer length; for other types the content of one opaque vector. */
typedef struct mls_identity {
    uint16_t type;
    kith_bytes data;
} mls_identity;

/* One member, as its leaf says. Borrowed from the epoch it was read from. */
typedef struct mls_member {
    uint32_t leaf_index;
    mls_identity identity;
    kith_bytes signature_key;
    kith_bytes encryption_key;
} mls_member;

/* ---- Environment --------------------------------------------------------------------------- */

/* Why a credential is shown to the authentication service, i.e. the caller [RFC9420 §5.3.1]. */
typedef enum mls_check_purpose {
    MLS_CHECK_JOINED, /* a member that was there when this client joined */
    MLS_CHECK_ADDED, /* a member that an Add brings in */
    MLS_CHECK_EXTERNAL, /* a member that an external commit brings in */
    MLS_CHECK_REPLACED, /* a member that shows another credential or signature key than before; also
                          * a resync: `before` is then the member that the joiner takes the place of */
    MLS_CHECK_SENDER /* an external sender named in the group's external_senders */
} mls_check_purpose;

typedef struct mls_check {
    mls_check_purpose purpose;
    kith_bytes group_id;
    mls_identity identity;
    kith_bytes signature_key;
    /* Only for MLS_CHECK_REPLACED: what the member showed until now. */
    mls_identity before;
    kith_bytes before_signature_key;
    uint64_t now_s;
} mls_check;

/* How a group follows another one [RFC9420 §11.2, §11.3]. */
typedef enum mls_link {
    MLS_LINK_NONE, /* it does not */
    MLS_LINK_REINIT, /* it takes the place of one that was re-initialised */
    MLS_LINK_BRANCH /* some members of the other one, which goes on */
} mls_link;

/* Names a pre-shared key [RFC9420 §8.4]. */
typedef struct mls_psk_ref {
    bool is_resumption;
    kith_bytes psk_id; /* external */
    kith_bytes group_id; /* resumption: of which group */
    uint64_t epoch; /* resumption: of which epoch */
    mls_link
        link; /* resumption: why it is asked for. For mls_env.find_psk only: leave it zero otherwise */
} mls_psk_ref;

/* The callbacks may not call back into the group. They may be NULL: every credential is then accepted
 * (tests only), no external PSK is known. */
typedef struct mls_env {
    const kith_alloc *alloc; /* NULL: the C library's */
    kith_rng rng;
    crypto *crypto; /* borrowed */

    /* KITH_OK: the credential belongs with the signature key and may be in the group. Any error refuses
     * the message and is what the caller of the library gets (REJECTED is the usual one). */
    kith_err (*check)(void *ctx, const mls_check *check);
    /* Fills `out` (a zeroed secret). NOT_FOUND: no such key; the message that needs it is refused
     * with that error. Resumption keys of epochs that the group itself still holds are not asked for. */
    kith_err (*find_psk)(void *ctx, const mls_psk_ref *ref, kith_secret *out);
    void *ctx;

    /* What this client supports beyond the defaults of [RFC9420 §7.2]; announced in its leaves and
     * asked for when it joins. Borrowed like the env itself. The basic credential, and the types that
     * the client's own leaf uses, need not be listed. */
    const uint16_t *extension_types;
    size_t extension_type_count;
    const uint16_t *proposal_types;
    size_t proposal_type_count;
    const uint16_t *credential_types;
    size_t credential_type_count;

    /* Longest total lifetime accepted in a key package [RFC9420 §7.2]; 0: MLS_LIFETIME_DEFAULT_S. */
    uint64_t lifetime_max_s;

    /* Suites that go by other ids than above. Borrowed; may be NULL. No two may have the same `suite` or `id`. */
    const mls_suite_alias *suite_aliases;
    size_t suite_alias_count;
} mls_env;

#define MLS_LIFETIME_DEFAULT_S (100u * 86400u)

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

/* The KeyPackageRef [RFC9420 §5.2] that a Welcome names: of a public key package, and of a private blob. */
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
    MLS_WIRE_KEY_PACKAGE = 5
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
    kith_bytes group_id; /* public and private message, group info; else empty */
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

/* A new group with one member, in epoch 0 [RFC9420 §11]. `env` is borrowed until the group is freed. */
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

typedef struct mls_external_params {
    kith_bytes group_info; /* an MLSMessage with external_pub */
    kith_bytes ratchet_tree; /* when the GroupInfo does not carry it; else empty */
    mls_leaf_params leaf;
    uint32_t replaces; /* resync: the leaf of one's former self; else MLS_LEAF_NONE */
    const mls_psk_ref *psks; /* PSKs to mix in */
    size_t psk_count;
    kith_bytes authenticated_data;
    mls_group_settings settings;
    uint64_t now_s;
} mls_external_params;

/* Joins by an external commit [RFC9420 §12.4.3.2]. `commit` gets the MLSMessage to send; `*out` is the group
 * as it will be when the commit is accepted: keep it then, free it otherwise.
 * INVALID: the GroupInfo has no external_pub, or there is no tree; else as mls_group_join. OUT_OF_STEP cannot
 * be seen here: an outdated GroupInfo makes a commit that the members do not take. */
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
                             * _GROUP_CONTEXT_EXTENSIONS */
    kith_bytes key_package; /* ADD: an MLSMessage */
    uint32_t leaf_index; /* REMOVE */
    mls_psk_ref psk; /* PSK */
    const mls_ext *extensions; /* GROUP_CONTEXT_EXTENSIONS (replaces all), REINIT */
    size_t extension_count;
    const mls_leaf_params *leaf; /* UPDATE: what to say anew; NULL: new keys only */
    kith_bytes reinit_group_id; /* REINIT */
    uint16_t reinit_suite; /* REINIT */
} mls_proposal_params;

/* Proposes a change by reference: `out` gets the MLSMessage for everyone. The proposal is held here too
 * (pending) until the epoch ends. Consumes. DENIED: not active. LIMIT: MLS_PENDING_MAX are held. */
KITH_API KITH_MUST_USE kith_err mls_group_propose(mls_group *group,
                                                  const mls_proposal_params *params,
                                                  kith_bytes authenticated_data, uint64_t now_s,
                                                  kith_buf *out);

typedef struct mls_commit_params {
    const mls_proposal_params
        *proposals; /* by value; UPDATE is not allowed here: every path is one */
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
 * win over Updates, later Updates over earlier ones, anything over ReInit.
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
    bool extensions_changed; /* a GroupContextExtensions proposal was among the changes */
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
/* Makes a staged commit (of mls_group_receive, of this group and its current epoch: else nothing happens)
 * the current epoch; cannot fail; takes `*staged` and leaves NULL. A waiting own commit and the pending
 * proposals are dropped with the old epoch. */
KITH_API void mls_group_apply(mls_group *group, mls_staged **staged);

/* ---- Messages ------------------------------------------------------------------------------ */

typedef enum mls_kind {
    MLS_KIND_APPLICATION = 1, /* `plaintext` */
    MLS_KIND_PROPOSAL, /* now pending; `proposal_type` */
    MLS_KIND_COMMIT, /* `staged` */
    MLS_KIND_OWN_COMMIT /* the own commit that waits came back: mls_group_apply_own */
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

/* Opens and checks one PublicMessage or PrivateMessage. APPLICATION and PROPOSAL consume (save before
 * acknowledging); a COMMIT changes nothing until it is applied.
 * EXISTS: seen before, an own message that came back, or a commit of an epoch that is over. Harmless.
 * OUT_OF_STEP: from an epoch that is not reached yet or no longer held, or further ahead or behind in the
 *   sender's counter than is allowed. Catch up (or rejoin); the message may be fine.
 *   Also a commit of this very client that does not wait here: the group moved on without it; rejoin.
 * MALFORMED, REJECTED: forged or broken. NOT_FOUND: for another group, or it needs a proposal or PSK that
 *   is not here. UNSUPPORTED: a type this client does not know. DENIED: a handshake in a group that is over
 *   for this client. INVALID: not a PublicMessage or PrivateMessage. */
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
    uint32_t leaf_index; /* REMOVE: who is removed; UPDATE: the sender; else MLS_LEAF_NONE */
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

/* ---- Keeping ------------------------------------------------------------------------------- */

/* The whole state (all secrets, past epochs, pending proposals, a waiting own commit) as one versioned blob.
 * Keep it encrypted, replace it with every change, erase the one it replaces: an old blob opens what the
 * deletion of keys was meant to close. */
KITH_API KITH_MUST_USE kith_err mls_group_save(const mls_group *group, kith_buf *out);
/* UNSUPPORTED: saved by a later version; MALFORMED: damaged. `env` is borrowed until the group is freed. */

/* The same in two parts, for large groups: `secrets` changes with every call that consumes or applies, `tree`
 * (the ratchet tree, most of the bytes, no secret) only with the epoch. A `tree` of NULL is not written: the
 * one that was written since the group came to its present epoch still serves. */
KITH_API KITH_MUST_USE kith_err mls_group_save_parts(const mls_group *group, kith_buf *secrets,
                                                     kith_buf *tree);
/* As mls_group_load; REJECTED: the two parts are of different epochs. */
KITH_API KITH_MUST_USE kith_err mls_group_load_parts(const mls_env *env, kith_bytes secrets,
                                                     kith_bytes tree, mls_group **out);
KITH_API KITH_MUST_USE kith_err mls_group_load(const mls_env *env, kith_bytes blob,
                                               mls_group **out);

#endif
