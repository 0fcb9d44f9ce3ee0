/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The structs of RFC 9420 as views: decoding allocates nothing, every kith_bytes borrows the bytes that were
 * read. Lists (extensions, proposals, ciphertexts, ...) stay encoded, without their length prefix, and are
 * walked with a reader; decoding has checked that they parse.
 *
 * Decoders read one struct from the reader. MALFORMED: does not parse. UNSUPPORTED: a version, or a type
 * whose content is not known. `*out` is written on success only.
 */
#ifndef KITH_MLS_TYPES_H
#define KITH_MLS_TYPES_H

#include "mls/limits.h"
#include "mls/mls.h"

#define MLS_VERSION_MLS10 1u

/* ---- Leaves and key packages [RFC9420 §7.2, §10] ---- */

enum { MLS_LEAF_SOURCE_KEY_PACKAGE = 1, MLS_LEAF_SOURCE_UPDATE = 2, MLS_LEAF_SOURCE_COMMIT = 3 };

/* Each a list of 16-bit values. */
typedef struct mls_capabilities {
    kith_bytes versions;
    kith_bytes cipher_suites;
    kith_bytes extensions;
    kith_bytes proposals;
    kith_bytes credentials;
} mls_capabilities;

typedef struct mls_leaf_node {
    kith_bytes encryption_key;
    kith_bytes signature_key;
    mls_identity credential;
    mls_capabilities capabilities;
    uint8_t source;
    uint64_t not_before_s; /* source key package; else 0 */
    uint64_t not_after_s;
    kith_bytes parent_hash; /* source commit; else empty */
    kith_bytes extensions;
    kith_bytes signature;
    kith_bytes tbs; /* everything before the signature */
} mls_leaf_node;
KITH_MUST_USE kith_err mls_leaf_node_decode(kith_reader *r, mls_leaf_node *out);

typedef struct mls_key_package {
    uint16_t suite;
    kith_bytes init_key;
    mls_leaf_node leaf;
    kith_bytes leaf_bytes;
    kith_bytes extensions;
    kith_bytes signature;
    kith_bytes tbs; /* everything before the signature */
    kith_bytes bytes; /* all of it */
} mls_key_package;
KITH_MUST_USE kith_err mls_key_package_decode(kith_reader *r, mls_key_package *out);

/* ---- Extensions ---- */

KITH_MUST_USE kith_err mls_ext_read(kith_reader *r, mls_ext *out);
/* The content of one extension in a list. NOT_FOUND. */
KITH_MUST_USE kith_err mls_ext_find(kith_bytes list, uint16_t type, kith_bytes *out);
/* MALFORMED: does not parse, or a type is there twice [RFC9420 §13.4]. LIMIT: MLS_EXTENSIONS_MAX. */
KITH_MUST_USE kith_err mls_ext_list_check(kith_bytes list);
/* Appends the list without its length prefix. INVALID: a type is there twice. */
KITH_MUST_USE kith_err mls_ext_list_write(const mls_ext *items, size_t count, kith_buf *out);
/* MALFORMED unless it is a vector of ComponentData, as are AppDataDictionary and SafeAAD, with ids that ascend
 * [MLS-EXT §4.6, §4.9]. */
KITH_MUST_USE kith_err mls_components_check(kith_bytes encoded);
/* Appends that vector with the data of one component replaced or put in; NULL: taken out. */
KITH_MUST_USE kith_err mls_components_set(kith_bytes encoded, uint16_t id, const kith_bytes *data,
                                          kith_buf *out);
/* Types that nobody lists in capabilities because everybody has them [RFC9420 §7.2]. */
bool mls_ext_is_default(uint16_t type);
bool mls_proposal_is_default(uint16_t type);
/* Whether a list of 16-bit values has one. */
bool mls_list_has(kith_bytes list, uint16_t value);

/* ---- Proposals and commits [RFC9420 §12] ---- */

enum { MLS_PSK_EXTERNAL = 1, MLS_PSK_RESUMPTION = 2, MLS_PSK_COMPONENT = 3 };
enum { MLS_PSK_USAGE_APPLICATION = 1, MLS_PSK_USAGE_REINIT = 2, MLS_PSK_USAGE_BRANCH = 3 };

typedef struct mls_psk_id {
    uint8_t type;
    kith_bytes psk_id; /* external, component */
    uint16_t component_id; /* component */
    uint8_t usage; /* resumption */
    kith_bytes group_id;
    uint64_t epoch;
    kith_bytes nonce;
    kith_bytes bytes; /* all of it, encoded */
} mls_psk_id;
KITH_MUST_USE kith_err mls_psk_id_decode(kith_reader *r, mls_psk_id *out);
KITH_MUST_USE kith_err mls_psk_id_encode(kith_writer *w, const mls_psk_id *id);

typedef struct mls_reinit {
    kith_bytes group_id;
    uint16_t version;
    uint16_t suite;
    kith_bytes extensions;
} mls_reinit;

/* AppDataUpdate and AppEphemeral [MLS-EXT §4.7, §4.8]. */
typedef struct mls_app_proposal {
    mls_app_op op;
    uint16_t component_id;
    kith_bytes data; /* empty for a removal */
} mls_app_proposal;

typedef struct mls_proposal {
    uint16_t type;
    kith_bytes bytes; /* all of it, encoded */
    union {
        mls_key_package add;
        struct {
            mls_leaf_node leaf;
            kith_bytes leaf_bytes;
        } update;
        uint32_t removed;
        mls_psk_id psk;
        mls_reinit reinit;
        kith_bytes kem_output; /* external init */
        kith_bytes extensions; /* group context extensions */
        mls_app_proposal app;
    };
} mls_proposal;
/* UNSUPPORTED: a type whose content is not known (its end cannot be found). */
KITH_MUST_USE kith_err mls_proposal_decode(kith_reader *r, mls_proposal *out);

/* A member of a Commit's list: a proposal by value, or a reference. */
typedef struct mls_proposal_or_ref {
    bool is_ref;
    kith_bytes ref;
    mls_proposal proposal;
} mls_proposal_or_ref;
KITH_MUST_USE kith_err mls_proposal_or_ref_decode(kith_reader *r, mls_proposal_or_ref *out);

typedef struct mls_commit {
    kith_bytes proposals; /* list of ProposalOrRef */
    bool has_path;
    mls_leaf_node leaf;
    kith_bytes leaf_bytes;
    kith_bytes nodes; /* list of UpdatePathNode */
} mls_commit;
KITH_MUST_USE kith_err mls_commit_decode(kith_reader *r, mls_commit *out);

/* ---- Joining [RFC9420 §12.4.3] ---- */

typedef struct mls_group_context {
    uint16_t suite;
    kith_bytes group_id;
    uint64_t epoch;
    kith_bytes tree_hash;
    kith_bytes confirmed_transcript_hash;
    kith_bytes extensions;
} mls_group_context;
KITH_MUST_USE kith_err mls_group_context_decode(kith_reader *r, mls_group_context *out);
KITH_MUST_USE kith_err mls_group_context_encode(kith_writer *w, const mls_group_context *in);

typedef struct mls_group_info_view {
    mls_group_context context;
    kith_bytes context_bytes;
    kith_bytes extensions;
    kith_bytes confirmation_tag;
    uint32_t signer;
    kith_bytes signature;
    kith_bytes tbs; /* everything before the signature */
} mls_group_info_view;
KITH_MUST_USE kith_err mls_group_info_decode(kith_reader *r, mls_group_info_view *out);

typedef struct mls_group_secrets {
    kith_bytes joiner_secret;
    bool has_path_secret;
    kith_bytes path_secret;
    kith_bytes psks; /* list of PreSharedKeyID */
} mls_group_secrets;
KITH_MUST_USE kith_err mls_group_secrets_decode(kith_reader *r, mls_group_secrets *out);
KITH_MUST_USE kith_err mls_group_secrets_encode(kith_writer *w, const mls_group_secrets *in);

typedef struct mls_hpke_ciphertext {
    kith_bytes kem_output;
    kith_bytes ciphertext;
} mls_hpke_ciphertext;
KITH_MUST_USE kith_err mls_hpke_ciphertext_decode(kith_reader *r, mls_hpke_ciphertext *out);

typedef struct mls_encrypted_secrets {
    kith_bytes new_member; /* KeyPackageRef */
    mls_hpke_ciphertext sealed;
} mls_encrypted_secrets;
KITH_MUST_USE kith_err mls_encrypted_secrets_decode(kith_reader *r, mls_encrypted_secrets *out);

typedef struct mls_welcome {
    uint16_t suite;
    kith_bytes secrets; /* list of EncryptedGroupSecrets */
    kith_bytes encrypted_group_info;
} mls_welcome;
KITH_MUST_USE kith_err mls_welcome_decode(kith_reader *r, mls_welcome *out);

/* ---- Framing [RFC9420 §6] ---- */

enum {
    MLS_SENDER_MEMBER = 1,
    MLS_SENDER_EXTERNAL = 2,
    MLS_SENDER_NEW_MEMBER_PROPOSAL = 3,
    MLS_SENDER_NEW_MEMBER_COMMIT = 4
};

typedef struct mls_framed_content {
    kith_bytes group_id;
    uint64_t epoch;
    uint8_t sender_type;
    uint32_t sender_index; /* member: leaf; external: index in external_senders */
    kith_bytes authenticated_data;
    uint8_t content_type; /* mls_content */
    kith_bytes body; /* application: the data; proposal, commit: the encoded struct */
} mls_framed_content;
KITH_MUST_USE kith_err mls_framed_content_decode(kith_reader *r, mls_framed_content *out);
KITH_MUST_USE kith_err mls_framed_content_encode(kith_writer *w, const mls_framed_content *in);

typedef struct mls_auth_data {
    kith_bytes signature;
    kith_bytes confirmation_tag; /* commit only */
} mls_auth_data;
KITH_MUST_USE kith_err mls_auth_data_decode(kith_reader *r, uint8_t content_type,
                                            mls_auth_data *out);
KITH_MUST_USE kith_err mls_auth_data_encode(kith_writer *w, uint8_t content_type,
                                            const mls_auth_data *in);
/* Reads the body of a content: what mls_framed_content.body holds. */
KITH_MUST_USE kith_err mls_content_body_decode(kith_reader *r, uint8_t content_type,
                                               kith_bytes *out);
KITH_MUST_USE kith_err mls_content_body_encode(kith_writer *w, uint8_t content_type,
                                               kith_bytes body);

typedef struct mls_public_message {
    mls_framed_content content;
    mls_auth_data auth;
    kith_bytes membership_tag; /* sender member only */
    kith_bytes content_bytes;
    kith_bytes auth_bytes;
} mls_public_message;
KITH_MUST_USE kith_err mls_public_message_decode(kith_reader *r, mls_public_message *out);

typedef struct mls_private_message {
    kith_bytes group_id;
    uint64_t epoch;
    uint8_t content_type;
    kith_bytes authenticated_data;
    kith_bytes encrypted_sender_data;
    kith_bytes ciphertext;
} mls_private_message;
KITH_MUST_USE kith_err mls_private_message_decode(kith_reader *r, mls_private_message *out);
KITH_MUST_USE kith_err mls_private_message_encode(kith_writer *w, const mls_private_message *in);

/* For one member [MLS-TARGETED]. */
typedef struct mls_targeted_message {
    kith_bytes group_id;
    uint64_t epoch;
    uint32_t recipient;
    kith_bytes head; /* these three, encoded */
    kith_bytes authenticated_data;
    kith_bytes encrypted_sender;
    kith_bytes ciphertext;
} mls_targeted_message;
KITH_MUST_USE kith_err mls_targeted_message_decode(kith_reader *r, mls_targeted_message *out);

/* MLSMessage: the wire format, and the rest as bytes. */
typedef struct mls_message {
    uint16_t wire; /* mls_wire */
    kith_bytes body;
} mls_message;
/* Reads version and wire format only. */
KITH_MUST_USE kith_err mls_message_decode(kith_bytes bytes, mls_message *out);
/* MALFORMED: another wire format than `wire`. The caller finishes the body. */
KITH_MUST_USE kith_err mls_message_open(kith_bytes bytes, uint16_t wire, kith_bytes *body);
KITH_MUST_USE kith_err mls_message_start(kith_writer *w, uint16_t wire);

#endif
