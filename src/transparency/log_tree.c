/* SPDX-License-Identifier: MPL-2.0 */
/* Batch proofs of the log tree. */
#include "transparency/log_tree.h"

#include <string.h>

#include "transparency/math.h"

/* A balanced subtree: its leaves are start, ..., start + 2^level - 1. */
typedef struct subtree {
    uint64_t start;
    unsigned level;
} subtree;

static uint64_t
end_of(subtree node)
{
    return node.start + (UINT64_C(1) << node.level);
}

/* Whether `node` is a full subtree of a tree of `size` leaves, and the how-manieth from the left. The bits
 * of the size are the full subtrees. */
static bool
is_full_subtree(uint64_t size, subtree node, size_t *index)
{
    if ((size >> node.level & 1) == 0) {
        return false;
    }
    *index = kt_math_subtree_count(size >> (node.level + 1));
    return node.start == (size >> (node.level + 1)) << (node.level + 1);
}

static bool
is_inside(subtree node, uint64_t boundary)
{
    return node.start < boundary && boundary < end_of(node);
}

/* The largest subtree at `start` of which one value says everything; `next` is the index of the first
 * position that is not to its left. */
static subtree
choose_subtree(const kt_log_batch *batch, uint64_t start, size_t next)
{
    subtree node = {start, kt_math_subtree_level(start, batch->size)};

    while (node.level > 0 && (is_inside(node, batch->previous) || is_inside(node, batch->extra) ||
                              (next < batch->count && batch->positions[next] < end_of(node)))) {
        node.level--;
    }
    return node;
}

static bool
is_position(const kt_log_batch *batch, subtree node, size_t next)
{
    return next < batch->count && batch->positions[next] == node.start;
}

uint64_t
kt_log_hash_index(uint64_t last, unsigned level)
{
    return 2 * last - kt_math_subtree_count(last) + level;
}

static kith_err
read_subtree(const kt_store *store, subtree node, kt_hash *out)
{
    return store->read(store->ctx, KT_HASHES, kt_log_hash_index(end_of(node) - 1, node.level),
                       out->bytes);
}

kith_err
kt_log_leaf_append(crypto *c, const kt_store *store, uint64_t size, const kt_hash *leaf)
{
    KITH_AUTO(kith_buf) hashes = {0};
    kt_log_node right = {*leaf, true};
    unsigned level = 0;

    KITH_TRY(kith_buf_append(&hashes, kt_hash_bytes(leaf)));
    for (; (size >> level & 1) == 1; level++) {
        const uint64_t width = UINT64_C(1) << level;
        const subtree before = {size + 1 - 2 * width, level};
        kt_log_node left = {.is_leaf = level == 0};
        KITH_TRY(read_subtree(store, before, &left.value));
        KITH_TRY(kt_log_parent_hash(c, &left, &right, &right.value));
        right.is_leaf = false;
        KITH_TRY(kith_buf_append(&hashes, kt_hash_bytes(&right.value)));
    }
    return store->write(store->ctx, KT_HASHES, kt_log_hash_index(size, 0),
                        kith_bytes_of_buf(&hashes));
}

kith_err
kt_log_root(crypto *c, const kt_store *store, uint64_t size, kt_hash *out)
{
    kt_hash subtrees[KT_PATH_MAX];
    size_t count = 0;

    for (subtree node = {0, 0}; node.start < size; node.start = end_of(node)) {
        node.level = kt_math_subtree_level(node.start, size);
        KITH_TRY(read_subtree(store, node, &subtrees[count++]));
    }
    return kt_log_root_of(c, size, subtrees, out);
}

kith_err
kt_log_prove(const kt_store *store, const kt_log_batch *batch, kith_buf *elements)
{
    size_t next = 0;
    size_t index = 0;

    for (uint64_t start = 0; start < batch->size;) {
        const subtree node = choose_subtree(batch, start, next);
        start = end_of(node);
        if (is_position(batch, node, next)) {
            next++;
        } else if (!is_full_subtree(batch->previous, node, &index)) {
            kt_hash value;
            KITH_TRY(read_subtree(store, node, &value));
            KITH_TRY(kith_buf_append(elements, kt_hash_bytes(&value)));
        }
    }
    return KITH_OK;
}

/* An evaluation in progress: the subtrees that are complete, larger ones to the left. */
typedef struct evaluation {
    crypto *crypto;
    const kt_log_claim *claim;
    kith_reader elements;
    size_t next;
    subtree nodes[KT_PATH_MAX + 1];
    kt_hash values[KT_PATH_MAX + 1];
    size_t count;
    kt_hash extra[KT_PATH_MAX];
    size_t extra_found;
} evaluation;

/* The node was computed or taken: it must be what was retained, and may be what is wanted. */
static kith_err
check_top(evaluation *e)
{
    const kt_log_claim *claim = e->claim;
    const subtree node = e->nodes[e->count - 1];
    const kt_hash *value = &e->values[e->count - 1];
    size_t index = 0;

    if (is_full_subtree(claim->batch.previous, node, &index)) {
        KITH_ENSURE(kt_hash_equal(value, &claim->retained[index]), KITH_ERR_REJECTED);
    }
    if (is_full_subtree(claim->batch.extra, node, &index)) {
        e->extra[index] = *value;
        e->extra_found++;
    }
    return KITH_OK;
}

static kith_err
join_top(evaluation *e)
{
    const size_t left = e->count - 2;
    const bool is_leaf = e->nodes[left].level == 0;
    const kt_log_node a = {e->values[left], is_leaf};
    const kt_log_node b = {e->values[left + 1], is_leaf};

    KITH_TRY(kt_log_parent_hash(e->crypto, &a, &b, &e->values[left]));
    e->nodes[left].level++;
    e->count--;
    return check_top(e);
}

static kith_err
take_value(evaluation *e, subtree node, kt_hash *out)
{
    const kt_log_claim *claim = e->claim;
    size_t index = 0;

    if (is_position(&claim->batch, node, e->next)) {
        *out = claim->leaves[e->next++];
        return KITH_OK;
    }
    if (is_full_subtree(claim->batch.previous, node, &index)) {
        *out = claim->retained[index];
        return KITH_OK;
    }
    KITH_ENSURE(kt_hash_read(&e->elements, out) == KITH_OK, KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
run_evaluation(evaluation *e)
{
    const kt_log_batch *batch = &e->claim->batch;

    for (uint64_t start = 0; start < batch->size;) {
        const subtree node = choose_subtree(batch, start, e->next);
        start = end_of(node);
        e->nodes[e->count] = node;
        KITH_TRY(take_value(e, node, &e->values[e->count]));
        e->count++;
        KITH_TRY(check_top(e));
        while (e->count > 1 && e->nodes[e->count - 2].level == e->nodes[e->count - 1].level) {
            KITH_TRY(join_top(e));
        }
    }
    KITH_ENSURE(kith_reader_done(&e->elements) && e->next == batch->count, KITH_ERR_REJECTED);
    return KITH_OK;
}

kith_err
kt_log_evaluate(crypto *c, const kt_log_claim *claim, kt_log_heads *out)
{
    const kt_log_batch *batch = &claim->batch;
    evaluation e = {.crypto = c, .claim = claim, .elements = kith_reader_of(claim->elements)};
    kt_log_heads heads = {.count = 0};

    KITH_ENSURE(batch->size > 0 && batch->size <= KT_SIZE_MAX && batch->previous <= batch->size &&
                    batch->extra <= batch->size,
                KITH_ERR_REJECTED);
    KITH_TRY(run_evaluation(&e));
    heads.count = e.count;
    memcpy(heads.subtrees, e.values, e.count * sizeof e.values[0]);
    KITH_TRY(kt_log_root_of(c, batch->size, heads.subtrees, &heads.root));
    if (batch->extra > 0) {
        KITH_ENSURE(e.extra_found == kt_math_subtree_count(batch->extra), KITH_ERR_REJECTED);
        KITH_TRY(kt_log_root_of(c, batch->extra, e.extra, &heads.extra_root));
    }
    *out = heads;
    return KITH_OK;
}

kith_err
kt_log_root_of(crypto *c, uint64_t size, const kt_hash *subtrees, kt_hash *out)
{
    size_t i = kt_math_subtree_count(size) - 1;
    kt_log_node right = {subtrees[i], (size & 1) == 1};

    while (i-- > 0) {
        /* Only the last full subtree can be a leaf. */
        const kt_log_node left = {subtrees[i], false};
        KITH_TRY(kt_log_parent_hash(c, &left, &right, &right.value));
        right.is_leaf = false;
    }
    *out = right.value;
    return KITH_OK;
}
