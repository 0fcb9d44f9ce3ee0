/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A walk through the log that makes or reads a CombinedTreeProof [KEYTRANS §12.3]. The algorithms
 * (algorithm.h) ask it for timestamps and lookups; recording, it takes them from a tree and appends them to
 * the proof; consuming, it takes them from the proof. Nothing else differs, so prover and verifier cannot
 * disagree about what a proof contains.
 *
 * Errors of a consuming walk: REJECTED, the proof is not one for this question.
 */
#ifndef KITH_TRANSPARENCY_WALK_H
#define KITH_TRANSPARENCY_WALK_H

#include "transparency/math.h"
#include "transparency/tree.h"
#include "transparency/values.h"

/* A log entry that is known of. */
typedef struct kt_point {
    uint64_t position;
    kt_entry entry;
    bool has_root;
    bool is_retained; /* known from the view: never in a proof */
} kt_point;

/* A version of the label that can be looked up. */
typedef struct kt_version {
    uint32_t version;
    kt_hash key;
    bool has_commitment; /* else it can only be found absent */
    kt_hash commitment;
    /* Where lookups of it were answered: to the left of which nothing, to the right of which nothing. */
    bool was_included;
    uint64_t included_at;
    bool was_excluded;
    uint64_t excluded_at;
} kt_version;

typedef struct kt_walk_setup {
    crypto *crypto;
    const kt_config *config;
    uint64_t size; /* of the tree */
    uint64_t extra; /* size of a smaller one whose root is wanted; 0: none */
    uint64_t previous; /* recording: the size the client has seen; 0: none */
    const kt_tree *tree; /* recording */
    const kt_view *view; /* consuming: what the client retained */
    const kt_combined_proof *proof; /* consuming; borrowed until done */
} kt_walk_setup;

typedef struct kt_walk {
    kt_walk_setup setup;
    bool is_recording;
    uint64_t previous;
    kt_point *points; /* ascending */
    size_t point_count;
    size_t point_cap;
    kt_version *versions;
    size_t version_count;
    size_t version_cap;
    /* The lookups in one entry. */
    kt_lookup lookups[KT_PROOF_ITEMS_MAX];
    size_t lookup_count;
    kt_stored_entry at; /* recording */
    kith_buf siblings; /* recording */
    kith_buf results; /* recording */
    kt_prefix_proof open; /* consuming */
    kith_reader open_results; /* consuming */
    /* The proof so far, recording, or what is left of it, consuming. */
    kith_buf made_timestamps;
    kith_buf made_proofs;
    size_t made_proof_count;
    kith_reader timestamps;
    kith_reader proofs;
} kt_walk;

/* The walk is large: keep it off the stack of callers that recurse. Undone by done. */
KITH_MUST_USE kith_err kt_walk_init(kt_walk *w, const kt_walk_setup *setup);
void kt_walk_done(kt_walk *w);

/* `commitment` NULL: none is known. EXISTS: the version was added before. */
KITH_MUST_USE kith_err kt_walk_add_version(kt_walk *w, uint32_t version, const kt_hash *key,
                                           const kt_hash *commitment);
/* NULL: it was not added. */
kt_version *kt_walk_find_version(const kt_walk *w, uint32_t version);

/* The timestamp of the entry at `position` < size. */
KITH_MUST_USE kith_err kt_walk_timestamp(kt_walk *w, uint64_t position, uint64_t *out);

/* How the greatest version in an entry compares with a target. */
typedef enum kt_standing { KT_BELOW = -1, KT_EQUAL = 0, KT_ABOVE = 1 } kt_standing;

typedef struct kt_ladder_query {
    uint64_t position;
    uint32_t target;
    bool omits; /* leave out what lookups elsewhere imply */
} kt_ladder_query;
/* A search binary ladder [KEYTRANS §6.2]. */
KITH_MUST_USE kith_err kt_walk_ladder(kt_walk *w, const kt_ladder_query *query, kt_standing *out);
/* Lookups of the versions in this order; REJECTED unless each is included. */
KITH_MUST_USE kith_err kt_walk_included(kt_walk *w, uint64_t position, const uint32_t *versions,
                                        size_t count);
/* Whether a proof still holds lookups; true when recording. */
bool kt_walk_has_more(const kt_walk *w);
/* Counts of proofs so far, when recording. */
size_t kt_walk_proof_count(const kt_walk *w);

/* Recording: appends the CombinedTreeProof. LIMIT: it holds more than can be encoded. */
KITH_MUST_USE kith_err kt_walk_write(kt_walk *w, kith_buf *out);

typedef struct kt_walk_result {
    kt_view view; /* of the new tree */
    kt_hash root;
    kt_hash extra_root; /* if `extra` > 0 */
    uint64_t timestamp; /* of the last entry */
} kt_walk_result;
/* Consuming: checks that nothing is left of the proof, and computes the roots. */
KITH_MUST_USE kith_err kt_walk_finish(kt_walk *w, kt_walk_result *out);

/* The entry at `position` if it is known with its root, else NULL. After finish all are. */
const kt_point *kt_walk_find_point(const kt_walk *w, uint64_t position);

#endif
