/* SPDX-License-Identifier: MPL-2.0 */
/* The proof that stands for itself [C2SP-PROOF]: a leaf is in a log whose checkpoint stands below, with the
 * cosignatures it has. */
#ifndef KITH_TRANSPARENCY_TLOG_PROOF_H
#define KITH_TRANSPARENCY_TLOG_PROOF_H

#include "transparency/checkpoint.h"
#include "transparency/merkle.h"

/* Borrowed from the bytes it was decoded from. */
typedef struct kt_tlog_proof {
    kith_bytes extra; /* as it stands, in base64; nobody vouches for it; empty: none */
    uint64_t index; /* of the leaf */
    size_t count;
    kt_hash path[KT_MERKLE_PATH_MAX];
    kt_checkpoint checkpoint;
} kt_tlog_proof;

/* MALFORMED: not a proof. LIMIT: longer than KT_TLOG_PROOF_MAX, extra data longer than KT_TLOG_EXTRA_MAX, or of the
 * checkpoint. */
KITH_API KITH_MUST_USE kith_err kt_tlog_proof_decode(kith_bytes bytes, kt_tlog_proof *out);
/* The extra data, appended. */
KITH_API KITH_MUST_USE kith_err kt_tlog_proof_extra(const kt_tlog_proof *proof, kith_buf *out);

typedef struct kt_tlog_draft {
    kith_bytes extra; /* raw; empty: no such line */
    uint64_t index;
    kith_bytes path; /* whole hashes */
    kith_bytes checkpoint; /* a whole note */
} kt_tlog_draft;
/* Appends a proof. Errors of decode. */
KITH_API KITH_MUST_USE kith_err kt_tlog_proof_encode(const kt_tlog_draft *draft, kith_buf *out);

/* Whether the leaf is at the index of the tree of the checkpoint; the checkpoint itself is checked with
 * kt_quorum_check. REJECTED: it is not. */
KITH_API KITH_MUST_USE kith_err kt_tlog_proof_check(crypto *c, const kt_tlog_proof *proof,
                                                    const kt_hash *leaf);

#endif
