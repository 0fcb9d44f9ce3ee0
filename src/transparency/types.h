/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The structures of the protocol [KEYTRANS §11] [KEYTRANS §13]. Fields are in the
 * order of the wire, `<a..b>` counts elements. What decodes borrows from the bytes that it was read from;
 * a vector of variable-sized elements that only the algorithms can interpret stays encoded.
 */
#ifndef KITH_TRANSPARENCY_TYPES_H
#define KITH_TRANSPARENCY_TYPES_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "transparency/limits.h"

/* Hash.Nh, VRF.Nh, Nc and the length of signatures of both cipher suites; VRF.Np and the keys of KT_128_SHA256_Ed25519,
 * and the longest ones of both. */
#define KT_HASH_LEN 32u
#define KT_OPENING_LEN 16u
#define KT_PROOF_LEN 80u
#define KT_KEY_LEN 32u
#define KT_PROOF_MAX 81u
#define KT_KEY_MAX 65u
#define KT_SIGNATURE_LEN 64u
/* What an answer names as the greatest version of a label that has none; no label gets so far. */
#define KT_VERSION_NONE UINT32_MAX

typedef struct kt_hash {
    uint8_t bytes[KT_HASH_LEN];
} kt_hash;

/* Cipher suites [KEYTRANS §17.1]; their values are not those of the registry. */
typedef enum kt_suite {
    KT_128_SHA256_ED25519 = 0, /* keys of KT_KEY_LEN bytes */
    KT_128_SHA256_P256, /* signature keys: uncompressed points, 65 bytes; VRF keys: compressed ones, 33 bytes */
} kt_suite;

typedef enum kt_mode {
    KT_CONTACT_MONITORING = 1,
    KT_THIRD_PARTY_MANAGEMENT = 2, /* known, not supported */
    KT_THIRD_PARTY_AUDITING = 3,
} kt_mode;

/* What a client must know of a log beforehand. Durations are in milliseconds. */
typedef struct kt_config {
    kt_suite suite;
    kt_mode mode;
    uint8_t
        signature_key[KT_KEY_MAX]; /* as long as the suite says, then zeros; so are the other two */
    uint8_t vrf_key[KT_KEY_MAX];
    uint64_t max_auditor_lag; /* this and the next two: with KT_THIRD_PARTY_AUDITING only */
    uint64_t auditor_start;
    uint8_t auditor_key[KT_KEY_MAX];
    uint64_t max_ahead;
    uint64_t max_behind;
    uint64_t window; /* the Reasonable Monitoring Window */
    bool has_lifetime;
    uint64_t lifetime; /* above 0 and above `window` */
} kt_config;

/* The keys without what fills them up. Borrowed from `config`. */
KITH_API kith_bytes kt_config_signature_key(const kt_config *config);
KITH_API kith_bytes kt_config_vrf_key(const kt_config *config);
KITH_API kith_bytes kt_config_auditor_key(const kt_config *config);

/* UNSUPPORTED: another suite or mode. INVALID (encode) or MALFORMED (decode): a lifetime that is not above
 * the window. */
KITH_API KITH_MUST_USE kith_err kt_config_encode(const kt_config *config, kith_buf *out);
KITH_API KITH_MUST_USE kith_err kt_config_decode(kith_reader *r, kt_config *out);

typedef struct kt_tree_head {
    uint64_t size;
    kith_bytes signature;
} kt_tree_head;

typedef struct kt_auditor_head {
    uint64_t timestamp;
    uint64_t size;
    kith_bytes signature;
} kt_auditor_head;

typedef struct kt_full_head {
    bool is_updated; /* else the same that the request named, and the rest is empty */
    kt_tree_head tree;
    kt_auditor_head auditor; /* with KT_THIRD_PARTY_AUDITING only */
} kt_full_head;

typedef struct kt_entry {
    uint64_t timestamp;
    kt_hash prefix_root;
} kt_entry;

/* One lookup of a label-version pair in the prefix tree: where it led. */
typedef enum kt_outcome {
    KT_INCLUSION = 1,
    KT_NON_INCLUSION_LEAF = 2,
    KT_NON_INCLUSION_PARENT = 3,
} kt_outcome;

typedef struct kt_leaf {
    kt_hash key; /* the VRF output */
    kt_hash commitment;
} kt_leaf;

typedef struct kt_result {
    kt_outcome outcome;
    kt_leaf leaf; /* with KT_NON_INCLUSION_LEAF only */
    uint8_t depth;
} kt_result;

typedef struct kt_prefix_proof {
    size_t result_count;
    kith_bytes results; /* `result_count` encoded kt_result */
    kith_bytes elements; /* whole hashes */
} kt_prefix_proof;

typedef struct kt_combined_proof {
    kith_bytes timestamps; /* whole uint64 */
    size_t proof_count;
    kith_bytes proofs; /* `proof_count` encoded kt_prefix_proof */
    kith_bytes roots; /* whole hashes */
    kith_bytes inclusion; /* whole hashes */
} kt_combined_proof;

/* One step of the binary ladder of an answer: what a client needs to look a version up. */
typedef struct kt_step {
    kith_bytes proof; /* as long as the suite says */
    bool has_commitment;
    kt_hash commitment;
} kt_step;

#endif
