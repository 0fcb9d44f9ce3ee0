/* SPDX-License-Identifier: MPL-2.0 */
/* What the public header mls.h begins with: cipher suites, plain values, and the environment of every call. */
#ifndef KITH_MLS_VALUES_H
#define KITH_MLS_VALUES_H

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
#define MLS_EXT_APP_DATA_DICTIONARY 0x0006u /* [MLS-EXT §4.6] */
#define MLS_EXT_SUPPORTED_WIRE_FORMATS 0x0007u /* in leaves [MLS-EXT §5] */
#define MLS_EXT_REQUIRED_WIRE_FORMATS 0x0008u /* in the group context */
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
/* These are used in groups whose members all announce them, see mls_env.proposal_types. */
#define MLS_PROPOSAL_APP_DATA_UPDATE 0x0008u /* [MLS-EXT §4.7] */
#define MLS_PROPOSAL_APP_EPHEMERAL 0x0009u /* [MLS-EXT §4.8] */
#define MLS_PROPOSAL_SELF_REMOVE 0x000au /* [MLS-EXT §6.3] */

/* Components of an application [MLS-EXT §4.1]: ids from 0x8000 on are for private use. */
#define MLS_COMPONENT_APP_COMPONENTS 0x0001u
#define MLS_COMPONENT_SAFE_AAD 0x0002u
#define MLS_COMPONENT_CONTENT_MEDIA_TYPES 0x0003u
#define MLS_COMPONENT_LAST_RESORT 0x0004u
#define MLS_COMPONENT_APP_ACK 0x0005u

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
    uint16_t suite; /* of the group, and so of the signature key */
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
    bool is_component; /* external, and of one component alone [MLS-EXT §4.5] */
    uint16_t component_id; /* which one */
    mls_link
        link; /* resumption: why it is asked for. For mls_env.find_psk only: leave it zero otherwise */
} mls_psk_ref;

/* What a proposal wants with the data of a component [MLS-EXT §4.7, §4.8]. */
typedef enum mls_app_op {
    MLS_APP_UPDATE = 1, /* of what the group context holds for it */
    MLS_APP_REMOVE = 2, /* of all that the group context holds for it */
    MLS_APP_EPHEMERAL = 3 /* nothing that lasts: data that goes with the commit */
} mls_app_op;

typedef struct mls_app_change {
    mls_app_op op;
    uint16_t component_id;
    uint32_t sender; /* leaf of who proposes it; MLS_LEAF_NONE: an external sender or joiner */
    bool has_before; /* UPDATE, REMOVE: whether there is data, */
    kith_bytes before; /* and which */
    kith_bytes data; /* UPDATE, EPHEMERAL: what the proposal says */
} mls_app_change;

/* Several cores for what is long and falls into parts: so far the checks of all leaves of a tree when joining. */
typedef struct mls_spread {
    /* Calls `part(job, i)` once for each i below `count`, in any order and in any threads, and returns when all
     * have returned. Parts share nothing that changes. */
    void (*run)(void *ctx, void (*part)(void *job, size_t i), void *job, size_t count);
    void *ctx;
    /* How many parts there are to be, 1 to MLS_SPREAD_MAX, and for each a crypto that nobody else uses meanwhile
     * (the env's own may be one). */
    crypto *const *cryptos;
    size_t count;
} mls_spread;
#define MLS_SPREAD_MAX 64u

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
    /* Judges a change for its component: any error refuses the proposal, and the commit it is in. For UPDATE, `after`
     * (empty) gets the component's new data; several updates in one commit come one by one, in order. Asked when
     * this client proposes or is about to commit, and for each commit that holds a change, so it may change nothing
     * itself: all clients must come to the same answer from the same change. NULL: every change is refused with UNSUPPORTED. */
    kith_err (*app_data)(void *ctx, const mls_app_change *change, kith_buf *after);
    void *ctx;

    /* Certificates that a credential of type MLS_CREDENTIAL_X509 must lead to, and its first one be for the signature key
     * [RFC9420 §5.3]: REJECTED otherwise, before `check` is asked, whose part is then to say who may be in the group.
     * Validity is judged at `now_s` of the call that shows the credential. Borrowed. NULL: all of it is the part of
     * `check`. */
    const struct mls_roots *roots;

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

    /* NULL: all in the caller's thread. Borrowed. With it, `alloc` is called from its threads (the C library's can
     * be); the other callbacks never are. */
    const mls_spread *spread;
} mls_env;

#define MLS_LIFETIME_DEFAULT_S (100u * 86400u)

/* ---- Certificates [RFC9420 §5.3] -------------------------------------------------------------- */

/* Certificates that chains may end at. Nothing else is trusted; revocation is not looked at. */
typedef struct mls_roots mls_roots;
KITH_API KITH_MUST_USE kith_err mls_roots_new(const mls_env *env, mls_roots **out);
/* One in DER, of a root or of an intermediate that is trusted by itself. MALFORMED: it is none. LIMIT: above 64 KiB. */
KITH_API KITH_MUST_USE kith_err mls_roots_add(mls_roots *roots, kith_bytes der);
KITH_API void mls_roots_free(mls_roots *roots);
/* Appends a chain as mls_identity.data: DER, the holder's certificate first, then each that certifies the one before,
 * at most 8; the root may be left out. */
KITH_API KITH_MUST_USE kith_err mls_certificates_write(const kith_bytes *certificates, size_t count,
                                                       kith_buf *out);

#endif
