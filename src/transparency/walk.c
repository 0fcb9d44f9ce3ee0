/* SPDX-License-Identifier: MPL-2.0 */
/* Making and reading combined proofs, one timestamp and one lookup at a time. */
#include "transparency/walk.h"

#include <string.h>

/* The index of the first point at or behind `position`. */
static size_t
find_place(const kt_walk *w, uint64_t position)
{
    size_t low = 0;
    size_t high = w->point_count;

    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (w->points[middle].position < position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static kt_point *
find_point(const kt_walk *w, uint64_t position)
{
    const size_t i = find_place(w, position);

    return i < w->point_count && w->points[i].position == position ? &w->points[i] : NULL;
}

/* Timestamps never fall from left to right. */
static kith_err
add_point(kt_walk *w, const kt_point *point)
{
    const size_t i = find_place(w, point->position);
    const uint64_t timestamp = point->entry.timestamp;

    KITH_ENSURE((i == 0 || w->points[i - 1].entry.timestamp <= timestamp) &&
                    (i == w->point_count || w->points[i].entry.timestamp >= timestamp),
                KITH_ERR_REJECTED);
    KITH_TRY(kith_mem_grow(NULL, (void **)&w->points, &w->point_cap, w->point_count + 1,
                           sizeof *w->points));
    memmove(&w->points[i + 1], &w->points[i], (w->point_count - i) * sizeof *w->points);
    w->points[i] = *point;
    w->point_count++;
    return KITH_OK;
}

static kith_err
add_retained(kt_walk *w)
{
    const kt_path path = kt_math_frontier(w->previous);

    for (size_t i = 0; i < path.count; i++) {
        kt_point point = {.position = path.items[i], .has_root = true, .is_retained = true};
        if (w->is_recording) {
            kt_stored_entry stored;
            KITH_TRY(kt_tree_entry(w->setup.tree, path.items[i], &stored));
            point.entry = stored.entry;
        } else {
            point.entry = w->setup.view->frontier[i];
        }
        KITH_TRY(add_point(w, &point));
    }
    return KITH_OK;
}

kith_err
kt_walk_init(kt_walk *w, const kt_walk_setup *setup)
{
    memset(w, 0, sizeof *w);
    w->setup = *setup;
    w->is_recording = setup->tree != NULL;
    w->previous = w->is_recording ? setup->previous : setup->view->size;
    KITH_ENSURE(setup->size > 0 && setup->size <= KT_SIZE_MAX && w->previous <= setup->size &&
                    setup->extra <= setup->size,
                w->is_recording ? KITH_ERR_INVALID : KITH_ERR_REJECTED);
    if (!w->is_recording) {
        w->timestamps = kith_reader_of(setup->proof->timestamps);
        w->proofs = kith_reader_of(setup->proof->proofs);
    }
    const kith_err err = add_retained(w);
    if (err != KITH_OK) {
        kt_walk_done(w);
    }
    return err;
}

void
kt_walk_done(kt_walk *w)
{
    kith_mem_free(NULL, w->points, w->point_cap * sizeof *w->points);
    kith_mem_free(NULL, w->versions, w->version_cap * sizeof *w->versions);
    kith_buf_done(&w->siblings);
    kith_buf_done(&w->results);
    kith_buf_done(&w->made_timestamps);
    kith_buf_done(&w->made_proofs);
    *w = (kt_walk){0};
}

kt_version *
kt_walk_find_version(const kt_walk *w, uint32_t version)
{
    for (size_t i = 0; i < w->version_count; i++) {
        if (w->versions[i].version == version) {
            return &w->versions[i];
        }
    }
    return NULL;
}

kith_err
kt_walk_add_version(kt_walk *w, uint32_t version, const kt_hash *key, const kt_hash *commitment)
{
    kt_version added = {.version = version, .key = *key, .has_commitment = commitment != NULL};

    KITH_ENSURE(kt_walk_find_version(w, version) == NULL, KITH_ERR_EXISTS);
    if (commitment != NULL) {
        added.commitment = *commitment;
    }
    KITH_TRY(kith_mem_grow(NULL, (void **)&w->versions, &w->version_cap, w->version_count + 1,
                           sizeof *w->versions));
    w->versions[w->version_count++] = added;
    return KITH_OK;
}

static kith_err
next_timestamp(kt_walk *w, uint64_t position, uint64_t *out)
{
    kith_writer made = kith_writer_of(&w->made_timestamps);
    kt_stored_entry stored;

    if (!w->is_recording) {
        KITH_ENSURE(kith_read_u64(&w->timestamps, out) == KITH_OK, KITH_ERR_REJECTED);
        return KITH_OK;
    }
    KITH_TRY(kt_tree_entry(w->setup.tree, position, &stored));
    *out = stored.entry.timestamp;
    return kith_write_u64(&made, *out);
}

kith_err
kt_walk_timestamp(kt_walk *w, uint64_t position, uint64_t *out)
{
    const kt_point *known = find_point(w, position);
    kt_point point = {.position = position};

    if (known != NULL) {
        *out = known->entry.timestamp;
        return KITH_OK;
    }
    KITH_TRY(next_timestamp(w, position, &point.entry.timestamp));
    KITH_TRY(add_point(w, &point));
    *out = point.entry.timestamp;
    return KITH_OK;
}

/* ---- The lookups in one entry: open, look, close. ---- */

static kith_err
open_entry(kt_walk *w, uint64_t position)
{
    uint64_t timestamp = 0;

    KITH_TRY(kt_walk_timestamp(w, position, &timestamp));
    w->lookup_count = 0;
    if (w->is_recording) {
        kith_buf_clear(&w->siblings);
        kith_buf_clear(&w->results);
        return kt_tree_entry(w->setup.tree, position, &w->at);
    }
    KITH_ENSURE(kt_prefix_proof_read(&w->proofs, &w->open) == KITH_OK, KITH_ERR_REJECTED);
    w->open_results = kith_reader_of(w->open.results);
    return KITH_OK;
}

static kith_err
fill_lookup(kt_walk *w, const kt_version *version, kt_lookup *lookup)
{
    kith_writer results = kith_writer_of(&w->results);

    if (w->is_recording) {
        KITH_TRY(kt_prefix_search(w->setup.crypto, w->setup.tree->store, w->at.root, lookup,
                                  &w->siblings));
        return kt_result_write(&results, &lookup->result);
    }
    KITH_ENSURE(kt_result_read(&w->open_results, &lookup->result) == KITH_OK, KITH_ERR_REJECTED);
    KITH_ENSURE(lookup->result.outcome != KT_INCLUSION || version->has_commitment,
                KITH_ERR_REJECTED);
    lookup->commitment = version->commitment;
    return KITH_OK;
}

static kith_err
look(kt_walk *w, uint32_t number, bool *is_included)
{
    const kt_version *version = kt_walk_find_version(w, number);
    const kith_err wrong = w->is_recording ? KITH_ERR_INVALID : KITH_ERR_REJECTED;

    KITH_ENSURE(version != NULL && w->lookup_count < KT_PROOF_ITEMS_MAX, wrong);
    kt_lookup *lookup = &w->lookups[w->lookup_count];
    *lookup = (kt_lookup){.key = version->key};
    KITH_TRY(fill_lookup(w, version, lookup));
    *is_included = lookup->result.outcome == KT_INCLUSION;
    w->lookup_count++;
    return KITH_OK;
}

static kith_err
record_proof(kt_walk *w, const kt_prefix_batch *batch)
{
    KITH_AUTO(kith_buf) elements = {0};
    kith_writer made = kith_writer_of(&w->made_proofs);

    KITH_TRY(kt_prefix_prove(w->setup.crypto, batch, &w->siblings, &elements));
    const kt_prefix_proof proof = {.result_count = w->lookup_count,
                                   .results = kith_bytes_of_buf(&w->results),
                                   .elements = kith_bytes_of_buf(&elements)};
    KITH_TRY(kt_prefix_proof_write(&made, &proof));
    w->made_proof_count++;
    return KITH_OK;
}

/* All proofs from one entry, and what was retained of it, have one root. */
static kith_err
close_entry(kt_walk *w, uint64_t position)
{
    const kt_prefix_batch batch = {
        .lookups = w->lookups, .count = w->lookup_count, .root = w->at.entry.prefix_root};
    kt_point *point = find_point(w, position);
    kt_hash root = w->at.entry.prefix_root;

    if (w->is_recording) {
        KITH_TRY(record_proof(w, &batch));
    } else {
        KITH_ENSURE(kith_reader_done(&w->open_results), KITH_ERR_REJECTED);
        KITH_TRY(kt_prefix_evaluate(w->setup.crypto, &batch, w->open.elements, &root));
    }
    KITH_ENSURE(!point->has_root || kt_hash_equal(&root, &point->entry.prefix_root),
                KITH_ERR_REJECTED);
    point->entry.prefix_root = root;
    point->has_root = true;
    return KITH_OK;
}

/* Remembers an answer for what later ladders may omit. */
static void
note_answer(kt_version *version, uint64_t position, bool is_included)
{
    if (is_included && (!version->was_included || position < version->included_at)) {
        version->was_included = true;
        version->included_at = position;
    }
    if (!is_included && (!version->was_excluded || position > version->excluded_at)) {
        version->was_excluded = true;
        version->excluded_at = position;
    }
}

/* One step of a ladder: what is there to the left is here, what is not to the right is not. */
static kith_err
climb_ladder(kt_walk *w, const kt_ladder_query *query, uint32_t number, bool *is_included)
{
    kt_version *version = kt_walk_find_version(w, number);

    KITH_ENSURE(version != NULL, w->is_recording ? KITH_ERR_INVALID : KITH_ERR_REJECTED);
    if (query->omits && version->was_included && version->included_at < query->position) {
        *is_included = true;
        return KITH_OK;
    }
    if (query->omits && version->was_excluded && version->excluded_at > query->position) {
        *is_included = false;
        return KITH_OK;
    }
    KITH_TRY(look(w, number, is_included));
    if (query->omits) {
        note_answer(version, query->position, *is_included);
    }
    return KITH_OK;
}

kith_err
kt_walk_ladder(kt_walk *w, const kt_ladder_query *query, kt_standing *out)
{
    const kt_ladder ladder = kt_math_ladder(query->target);
    kt_standing standing = KT_EQUAL;

    KITH_TRY(open_entry(w, query->position));
    for (size_t i = 0; i < ladder.count && standing == KT_EQUAL; i++) {
        bool is_included = false;
        KITH_TRY(climb_ladder(w, query, ladder.items[i], &is_included));
        if (is_included != (ladder.items[i] <= query->target)) {
            standing = is_included ? KT_ABOVE : KT_BELOW;
        }
    }
    KITH_TRY(close_entry(w, query->position));
    *out = standing;
    return KITH_OK;
}

kith_err
kt_walk_included(kt_walk *w, uint64_t position, const uint32_t *versions, size_t count)
{
    KITH_TRY(open_entry(w, position));
    for (size_t i = 0; i < count; i++) {
        bool is_included = false;
        KITH_TRY(look(w, versions[i], &is_included));
        KITH_ENSURE(is_included, KITH_ERR_REJECTED);
    }
    return close_entry(w, position);
}

bool
kt_walk_has_more(const kt_walk *w)
{
    return w->is_recording || !kith_reader_done(&w->proofs);
}

size_t
kt_walk_proof_count(const kt_walk *w)
{
    return w->made_proof_count;
}

const kt_point *
kt_walk_find_point(const kt_walk *w, uint64_t position)
{
    const kt_point *point = find_point(w, position);

    return point != NULL && point->has_root ? point : NULL;
}

/* ---- The end of a walk. ---- */

static kith_err
write_roots(const kt_walk *w, kith_buf *roots)
{
    for (size_t i = 0; i < w->point_count; i++) {
        kt_stored_entry stored;
        if (!w->points[i].has_root) {
            KITH_TRY(kt_tree_entry(w->setup.tree, w->points[i].position, &stored));
            KITH_TRY(kith_buf_append(roots, kt_hash_bytes(&stored.entry.prefix_root)));
        }
    }
    return KITH_OK;
}

/* The positions of the entries that the proof speaks of; room for as many as there are points. */
static size_t
list_positions(const kt_walk *w, uint64_t *positions)
{
    size_t count = 0;

    for (size_t i = 0; i < w->point_count; i++) {
        if (!w->points[i].is_retained) {
            positions[count++] = w->points[i].position;
        }
    }
    return count;
}

static kith_err
write_inclusion(const kt_walk *w, kith_buf *inclusion)
{
    uint64_t positions[KT_PROOF_ITEMS_MAX];

    KITH_ENSURE(w->point_count <= KT_PROOF_ITEMS_MAX, KITH_ERR_LIMIT);
    const kt_log_batch batch = {.size = w->setup.size,
                                .previous = w->previous,
                                .extra = w->setup.extra,
                                .positions = positions,
                                .count = list_positions(w, positions)};
    return kt_log_prove(w->setup.tree->store, &batch, inclusion);
}

kith_err
kt_walk_write(kt_walk *w, kith_buf *out)
{
    KITH_AUTO(kith_buf) roots = {0};
    KITH_AUTO(kith_buf) inclusion = {0};
    kith_writer writer = kith_writer_of(out);

    KITH_TRY(write_roots(w, &roots));
    KITH_TRY(write_inclusion(w, &inclusion));
    const kt_combined_proof proof = {.timestamps = kith_bytes_of_buf(&w->made_timestamps),
                                     .proof_count = w->made_proof_count,
                                     .proofs = kith_bytes_of_buf(&w->made_proofs),
                                     .roots = kith_bytes_of_buf(&roots),
                                     .inclusion = kith_bytes_of_buf(&inclusion)};
    return kt_combined_proof_write(&writer, &proof);
}

static kith_err
read_roots(kt_walk *w)
{
    kith_reader roots = kith_reader_of(w->setup.proof->roots);

    for (size_t i = 0; i < w->point_count; i++) {
        kt_point *point = &w->points[i];
        if (!point->has_root) {
            KITH_ENSURE(kt_hash_read(&roots, &point->entry.prefix_root) == KITH_OK,
                        KITH_ERR_REJECTED);
            point->has_root = true;
        }
    }
    KITH_ENSURE(kith_reader_done(&roots), KITH_ERR_REJECTED);
    return KITH_OK;
}

/* The full subtrees and the roots that the entries and the proof make. */
static kith_err
evaluate_inclusion(const kt_walk *w, kt_log_heads *heads)
{
    uint64_t positions[KT_PROOF_ITEMS_MAX];
    kt_hash leaves[KT_PROOF_ITEMS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < w->point_count; i++) {
        if (!w->points[i].is_retained) {
            KITH_ENSURE(count < KT_PROOF_ITEMS_MAX, KITH_ERR_REJECTED);
            positions[count] = w->points[i].position;
            KITH_TRY(kt_entry_hash(w->setup.crypto, &w->points[i].entry, &leaves[count]));
            count++;
        }
    }
    const kt_log_claim claim = {.batch = {.size = w->setup.size,
                                          .previous = w->previous,
                                          .extra = w->setup.extra,
                                          .positions = positions,
                                          .count = count},
                                .leaves = leaves,
                                .retained = w->setup.view->subtrees,
                                .elements = w->setup.proof->inclusion};
    return kt_log_evaluate(w->setup.crypto, &claim, heads);
}

kith_err
kt_walk_finish(kt_walk *w, kt_walk_result *out)
{
    const kt_path frontier = kt_math_frontier(w->setup.size);
    kt_walk_result result = {.view = {.size = w->setup.size}};
    kt_log_heads heads;

    KITH_ENSURE(kith_reader_done(&w->timestamps) && kith_reader_done(&w->proofs),
                KITH_ERR_REJECTED);
    KITH_TRY(read_roots(w));
    KITH_TRY(evaluate_inclusion(w, &heads));
    memcpy(result.view.subtrees, heads.subtrees, heads.count * sizeof heads.subtrees[0]);
    for (size_t i = 0; i < frontier.count; i++) {
        const kt_point *point = kt_walk_find_point(w, frontier.items[i]);
        KITH_ENSURE(point != NULL, KITH_ERR_REJECTED);
        result.view.frontier[i] = point->entry;
        result.timestamp = point->entry.timestamp;
    }
    result.root = heads.root;
    result.extra_root = heads.extra_root;
    *out = result;
    return KITH_OK;
}
