/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What logs ask of witnesses [C2SP-WITNESS]: the request to cosign a checkpoint, the witness's judgement, and the
 * answer. Bytes in, bytes out: HTTP, the state of the witness and its keys are the caller's.
 */
#ifndef KITH_TRANSPARENCY_WITNESS_H
#define KITH_TRANSPARENCY_WITNESS_H

#include "transparency/checkpoint.h"
#include "transparency/merkle.h"

/* A request, borrowed from the bytes it was decoded from. */
typedef struct kt_add_request {
    uint64_t old_size; /* of the checkpoint that the log believes the witness cosigned last */
    size_t proof_count;
    kt_hash proof[KT_MERKLE_PATH_MAX];
    kith_bytes bytes; /* the checkpoint as it came */
    kt_checkpoint checkpoint;
} kt_add_request;

/* MALFORMED: not a request (answer 400). LIMIT: longer than KT_ADD_REQUEST_MAX, or of the note. */
KITH_API KITH_MUST_USE kith_err kt_add_request_decode(kith_bytes bytes, kt_add_request *out);

/* Appends a request. `proof` is whole hashes. INVALID: more of them than KT_MERKLE_PATH_MAX. */
typedef struct kt_add_draft {
    uint64_t old_size;
    kith_bytes proof;
    kith_bytes checkpoint; /* with the log's signature */
} kt_add_draft;
KITH_API KITH_MUST_USE kith_err kt_add_request_encode(const kt_add_draft *draft, kith_buf *out);

/* A log that the witness knows, and the last checkpoint of it that it cosigned. */
typedef struct kt_known_log {
    kith_bytes origin;
    const kt_note_key *keys; /* KT_NOTE_ED25519, or a cosigner's type where the log signs so */
    size_t key_count;
    uint64_t size; /* 0: none yet */
    kt_hash root;
} kt_known_log;

/* What to answer, by its number in HTTP. */
typedef enum kt_verdict {
    KT_VERDICT_COSIGN = 200, /* first make size and root durable, then cosign and answer */
    KT_VERDICT_MALFORMED = 400,
    KT_VERDICT_UNSIGNED = 403,
    KT_VERDICT_UNKNOWN = 404,
    KT_VERDICT_CONFLICT = 409, /* with the size that was cosigned last */
    KT_VERDICT_INCONSISTENT = 422, /* may be proof that the log has forked: keep the request */
} kt_verdict;

/* Judges a request about the log of the checkpoint's origin, NULL if that is not known. Between this and making the new
 * size durable no other request about the log may be judged. */
KITH_API KITH_MUST_USE kith_err kt_witness_judge(crypto *c, const kt_known_log *log,
                                                 const kt_add_request *request, kt_verdict *out);

/* The body of an answer 409, and what a log reads from one. MALFORMED: it is none. */
KITH_API KITH_MUST_USE kith_err kt_conflict_encode(uint64_t size, kith_buf *out);
KITH_API KITH_MUST_USE kith_err kt_conflict_decode(kith_bytes body, uint64_t *out);

#endif
