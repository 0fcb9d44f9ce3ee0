/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Signed heads that users tell each other, and the proof that a log has shown two that exclude each other.
 * A user keeps the newest kt_head beside its kt_view, puts it into what it sends, and compares what it
 * receives: kt_head_verify, then kt_head_compare with its own. What is older or newer is checked by asking the
 * log: KT_CONSISTENCY with the size of the received head, then kt_client_consistency.
 */
#ifndef KITH_TRANSPARENCY_HEAD_H
#define KITH_TRANSPARENCY_HEAD_H

#include "transparency/client.h"

/* Size, root and signature, as they are signed [KEYTRANS §11.4]. */
typedef struct kt_head {
    uint64_t size; /* above 0 */
    kt_hash root;
    uint8_t signature[KT_SIGNATURE_LEN];
} kt_head;

/* Bytes of an encoded head. */
#define KT_HEAD_LEN (8u + KT_HASH_LEN + KT_SIGNATURE_LEN)
KITH_API KITH_MUST_USE kith_err kt_head_write(kith_writer *w, const kt_head *head);
/* MALFORMED: too short, or a size of 0 or above KT_SIZE_MAX. */
KITH_API KITH_MUST_USE kith_err kt_head_read(kith_reader *r, kt_head *out);

/* Whether the log of the configuration signed it. REJECTED: it did not; blame who sent it, not the log. */
KITH_API KITH_MUST_USE kith_err kt_head_verify(const kt_client *client, const kt_head *head);

/* The head that a checked answer brought; `view` is what the check made of the view. NOT_FOUND: the answer
 * said that nothing is new, so the head from before is still the newest. */
KITH_API KITH_MUST_USE kith_err kt_head_of_answer(const kt_client *client, const kt_view *view,
                                                  kith_bytes response, kt_head *out);

typedef enum kt_relation {
    KT_HEAD_SAME = 1, /* nothing to do */
    KT_HEAD_FORK, /* same size, other root: kt_evidence_make without a proof */
    KT_HEAD_OLDER, /* the other one is smaller: to be asked about */
    KT_HEAD_NEWER, /* the other one is larger: to be asked about */
} kt_relation;
/* How the verified head `other` stands to one's own. */
KITH_API kt_relation kt_head_compare(const kt_head *own, const kt_head *other);

/* What the answer to KT_CONSISTENCY says of a head. */
typedef struct kt_consistency {
    bool is_extended; /* the log's newest tree begins with the tree of the head */
    bool has_newest; /* else the newest head is the one of the view */
    kt_head newest;
    kith_bytes proof; /* in the response: what kt_evidence_make needs if the head is not extended */
} kt_consistency;
/* Checks the answer to KT_CONSISTENCY about `head`, whose size the request names. The view changes only if the
 * head is extended. An answer that does not extend the view is REJECTED as any other; to prove that to
 * others, ask again with an empty view about one's own head. INVALID: the request is about another size. */
KITH_API KITH_MUST_USE kith_err kt_client_consistency(const kt_client *client,
                                                      const kt_exchange *exchange, kt_view *view,
                                                      const kt_head *head, kt_consistency *out);

/* Two heads that exclude each other. */
typedef struct kt_evidence {
    kt_config config;
    kt_head older; /* or of the same size */
    kt_head newer;
    kith_bytes proof; /* borrowed; empty for heads of one size */
} kt_evidence;

/* Appends the record of it; a and b in any order. REJECTED: it proves nothing. */
KITH_API KITH_MUST_USE kith_err kt_evidence_make(const kt_client *client, const kt_head *a,
                                                 const kt_head *b, kith_bytes proof, kith_buf *out);
/* Checks a record without any state. OK: whoever holds the signature key of `out->config` signed both heads,
 * and no log has both; whose key that is, is for the caller to know. `out` borrows from `bytes`. MALFORMED: it
 * does not parse. REJECTED: it proves nothing. UNSUPPORTED: another suite or mode. */
KITH_API KITH_MUST_USE kith_err kt_evidence_check(crypto *c, kith_bytes bytes, kt_evidence *out);

#endif
