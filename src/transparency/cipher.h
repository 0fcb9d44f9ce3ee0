/* SPDX-License-Identifier: MPL-2.0 */
/* What is hashed, committed to, evaluated and signed [KEYTRANS §11]. */
#ifndef KITH_TRANSPARENCY_CIPHER_H
#define KITH_TRANSPARENCY_CIPHER_H

#include "transparency/encoding.h"

/* The value of a leaf of the log tree. */
KITH_MUST_USE kith_err kt_entry_hash(crypto *c, const kt_entry *entry, kt_hash *out);

/* A node of the log tree; leaves and parents are hashed differently. */
typedef struct kt_log_node {
    kt_hash value;
    bool is_leaf;
} kt_log_node;
KITH_MUST_USE kith_err kt_log_parent_hash(crypto *c, const kt_log_node *left,
                                          const kt_log_node *right, kt_hash *out);

KITH_MUST_USE kith_err kt_prefix_leaf_hash(crypto *c, const kt_leaf *leaf, kt_hash *out);
/* `out` may be one of the children. */
KITH_MUST_USE kith_err kt_prefix_parent_hash(crypto *c, const kt_hash *left, const kt_hash *right,
                                             kt_hash *out);

/* A version of a label and its value, and the opening of its commitment. */
typedef struct kt_opened {
    kith_bytes label;
    uint32_t version;
    kith_bytes value;
    kith_bytes opening; /* KT_OPENING_LEN bytes */
} kt_opened;
/* LIMIT: longer than KT_LABEL_MAX or KT_VALUE_MAX. INVALID: the length of the opening. */
KITH_MUST_USE kith_err kt_commit(crypto *c, const kt_opened *opened, kt_hash *out);

/* Appends the VrfInput. LIMIT: the label. */
KITH_MUST_USE kith_err kt_vrf_input(kith_bytes label, uint32_t version, kith_buf *out);
/* The search key of a version: the VRF's output, truncated. REJECTED: the proof proves nothing. */
KITH_MUST_USE kith_err kt_vrf_check(crypto *c, const kt_config *config, kith_bytes input,
                                    kith_bytes proof, kt_hash *out);

/* Bytes of the value, all zero, in the answer for a label without versions whose version 0 has the search key:
 * like those of a short value, and the same whenever it is asked for. */
size_t kt_decoy_len(const kt_hash *key);

/* Appends TreeHeadTBS. */
KITH_MUST_USE kith_err kt_head_write_tbs(const kt_config *config, uint64_t size,
                                         const kt_hash *root, kith_buf *out);
/* Appends AuditorTreeHeadTBS. */
KITH_MUST_USE kith_err kt_auditor_write_tbs(const kt_config *config, const kt_auditor_head *head,
                                            const kt_hash *root, kith_buf *out);

#endif
