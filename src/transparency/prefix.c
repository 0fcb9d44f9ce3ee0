/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Proofs of the prefix tree [KEYTRANS §12.2]. Proving and evaluating go through the same terminal nodes
 * from left to right; a value that no lookup leads to is an element of the proof:
 *
 *                 X            lookups end at B and D: B needs A beside it, D needs nothing
 *              .--+--.         beside it but what B gives, and E to its right. Elements: A, E.
 *              X     X
 *             / \   / \
 *            A   B D   E
 */
#include "transparency/prefix.h"

#include <stdlib.h>
#include <string.h>

#define ROUTE_MAX (KT_DEPTH_MAX + 1)

static unsigned
bit_of(const kt_hash *key, unsigned depth)
{
    return key->bytes[depth / 8] >> (7 - depth % 8) & 1u;
}

/* How many leading bits two keys have in common, at most KT_DEPTH_MAX + 1. */
static unsigned
common_bits(const kt_hash *a, const kt_hash *b)
{
    unsigned depth = 0;

    while (depth <= KT_DEPTH_MAX && bit_of(a, depth) == bit_of(b, depth)) {
        depth++;
    }
    return depth;
}

static int
compare_lookups(const void *a, const void *b)
{
    return memcmp(((const kt_lookup *)a)->key.bytes, ((const kt_lookup *)b)->key.bytes,
                  KT_HASH_LEN);
}

/* Where elements come from and go to. */
typedef struct run {
    crypto *crypto;
    const kith_buf *siblings; /* proving: all that could be elements */
    kith_buf *out; /* proving: those that are */
    kith_reader in; /* evaluating */
    bool grows; /* evaluating: as if what was looked up had been added */
    /* Values to the left that wait for what is to their right. */
    kt_hash waiting[ROUTE_MAX];
    size_t waiting_count;
} run;

/* The value beside the path to `lookup` at `depth` > 0. */
static kith_err
take_element(run *r, const kt_lookup *lookup, unsigned depth, kt_hash *out)
{
    if (r->siblings == NULL) {
        KITH_ENSURE(kt_hash_read(&r->in, out) == KITH_OK, KITH_ERR_REJECTED);
        return KITH_OK;
    }
    memcpy(out->bytes, r->siblings->data + lookup->siblings + (depth - 1) * KT_HASH_LEN,
           KT_HASH_LEN);
    return kith_buf_append(r->out, kt_hash_bytes(out));
}

/* The value of the node where the lookup ended; also checks that it can have ended there. */
static kith_err
terminal_value(crypto *c, const kt_lookup *lookup, kt_hash *out)
{
    const kt_result *result = &lookup->result;
    const kt_leaf found = {lookup->key, lookup->commitment};

    switch (result->outcome) {
    case KT_INCLUSION:
        return kt_prefix_leaf_hash(c, &found, out);
    case KT_NON_INCLUSION_LEAF:
        KITH_ENSURE(!kt_hash_equal(&lookup->key, &result->leaf.key) &&
                        common_bits(&lookup->key, &result->leaf.key) >= result->depth,
                    KITH_ERR_REJECTED);
        return kt_prefix_leaf_hash(c, &result->leaf, out);
    case KT_NON_INCLUSION_PARENT:
        memset(out->bytes, 0, KT_HASH_LEN);
        return KITH_OK;
    }
    return KITH_ERR_REJECTED;
}

/* Takes the elements to the left of the path from `top` down to the terminal node. */
static kith_err
descend(run *r, const kt_lookup *lookup, unsigned top)
{
    for (unsigned depth = top + 1; depth <= lookup->result.depth; depth++) {
        if (bit_of(&lookup->key, depth - 1) == 1) {
            KITH_TRY(take_element(r, lookup, depth, &r->waiting[r->waiting_count]));
            r->waiting_count++;
        }
    }
    return KITH_OK;
}

/* From the terminal node's value to that of the node on its path at depth `top`. */
static kith_err
climb(run *r, const kt_lookup *lookup, unsigned top, kt_hash *value)
{
    for (unsigned depth = lookup->result.depth; depth > top; depth--) {
        if (bit_of(&lookup->key, depth - 1) == 1) {
            r->waiting_count--;
            KITH_TRY(kt_prefix_parent_hash(r->crypto, &r->waiting[r->waiting_count], value, value));
        } else {
            kt_hash right;
            KITH_TRY(take_element(r, lookup, depth, &right));
            KITH_TRY(kt_prefix_parent_hash(r->crypto, value, &right, value));
        }
    }
    return KITH_OK;
}

/* The last lookup from `first` on that ends at the same node as `first`; `*shared` becomes the bits that it
 * shares with the next one. REJECTED: one ends on the way of another, or they see different nodes. */
static kith_err
skip_same(crypto *c, const kt_prefix_batch *batch, const kt_hash *value, size_t *at,
          unsigned *shared)
{
    const unsigned depth = batch->lookups[*at].result.depth;

    for (; *at + 1 < batch->count; (*at)++) {
        const kt_lookup *next = &batch->lookups[*at + 1];
        kt_hash other;
        *shared = common_bits(&batch->lookups[*at].key, &next->key);
        if (*shared < depth && *shared < next->result.depth) {
            return KITH_OK;
        }
        KITH_ENSURE(*shared <= KT_DEPTH_MAX && next->result.depth == depth, KITH_ERR_REJECTED);
        KITH_TRY(terminal_value(c, next, &other));
        KITH_ENSURE(kt_hash_equal(value, &other), KITH_ERR_REJECTED);
    }
    return KITH_OK;
}

/* The node with those leaves below it, at depth `top` of a tree; they are ascending, and share `top` bits. */
static kith_err
hash_leaves(crypto *c, const kt_leaf *leaves, size_t count, unsigned top, kt_hash *out)
{
    static const kt_hash none = {{0}};
    kt_hash waiting[ROUTE_MAX];
    unsigned depths[ROUTE_MAX];
    size_t waiting_count = 0;
    unsigned before = 0; /* bits shared with the leaf before, plus one */

    for (size_t i = 0; i < count; i++) {
        const bool is_last = i + 1 == count;
        const unsigned after = is_last ? top : common_bits(&leaves[i].key, &leaves[i + 1].key) + 1;
        unsigned depth = before > after ? before : after;
        KITH_ENSURE(depth <= KT_DEPTH_MAX, KITH_ERR_REJECTED);
        KITH_TRY(kt_prefix_leaf_hash(c, &leaves[i], out));
        for (; depth > after; depth--) {
            const bool is_right = bit_of(&leaves[i].key, depth - 1) == 1;
            const bool has_left =
                is_right && waiting_count > 0 && depths[waiting_count - 1] == depth;
            const kt_hash beside = has_left ? waiting[--waiting_count] : none;
            KITH_TRY(
                kt_prefix_parent_hash(c, is_right ? &beside : out, is_right ? out : &beside, out));
        }
        if (!is_last) {
            waiting[waiting_count] = *out;
            depths[waiting_count++] = after;
        }
        before = after;
    }
    return KITH_OK;
}

/* The value of the node where the lookups `first` to `last` end, with their leaves below it. */
static kith_err
grow_terminal(crypto *c, const kt_prefix_batch *batch, size_t first, size_t last, kt_hash *out)
{
    kt_leaf leaves[KT_PROOF_ITEMS_MAX + 1];
    const kt_result *result = &batch->lookups[first].result;
    bool is_waiting = result->outcome == KT_NON_INCLUSION_LEAF;
    size_t count = 0;

    KITH_ENSURE(last - first < KT_PROOF_ITEMS_MAX, KITH_ERR_REJECTED);
    for (size_t i = first; i <= last; i++) {
        const kt_lookup *lookup = &batch->lookups[i];
        KITH_ENSURE(lookup->result.outcome != KT_INCLUSION, KITH_ERR_REJECTED);
        if (is_waiting && memcmp(result->leaf.key.bytes, lookup->key.bytes, KT_HASH_LEN) < 0) {
            leaves[count++] = result->leaf;
            is_waiting = false;
        }
        leaves[count++] = (kt_leaf){lookup->key, lookup->commitment};
    }
    if (is_waiting) {
        leaves[count++] = result->leaf;
    }
    return hash_leaves(c, leaves, count, result->depth, out);
}

static kith_err
run_lookups(run *r, const kt_prefix_batch *batch, kt_hash *out)
{
    kt_hash value = {{0}};
    unsigned top = 0;

    for (size_t i = 0; i < batch->count; i++) {
        const kt_lookup *lookup = &batch->lookups[i];
        const size_t first = i;
        unsigned shared = 0;
        KITH_TRY(terminal_value(r->crypto, lookup, &value));
        KITH_TRY(skip_same(r->crypto, batch, &value, &i, &shared));
        if (r->grows) {
            KITH_TRY(grow_terminal(r->crypto, batch, first, i, &value));
        }
        const bool is_last = i + 1 == batch->count;
        KITH_TRY(descend(r, lookup, top));
        top = is_last ? 0 : shared + 1;
        KITH_TRY(climb(r, lookup, top, &value));
        if (!is_last) {
            r->waiting[r->waiting_count++] = value;
        }
    }
    *out = value;
    return KITH_OK;
}

static void
sort_lookups(const kt_prefix_batch *batch)
{
    qsort(batch->lookups, batch->count, sizeof batch->lookups[0], compare_lookups);
}

kith_err
kt_prefix_prove(crypto *c, const kt_prefix_batch *batch, const kith_buf *siblings,
                kith_buf *elements)
{
    run r = {.crypto = c, .siblings = siblings, .out = elements};
    kt_hash root;

    if (batch->count == 0) {
        return kith_buf_append(elements, kt_hash_bytes(&batch->root));
    }
    sort_lookups(batch);
    return run_lookups(&r, batch, &root);
}

static kith_err
evaluate(run *r, const kt_prefix_batch *batch, kt_hash *out)
{
    kt_hash root;

    if (batch->count == 0) {
        KITH_ENSURE(kt_hash_read(&r->in, &root) == KITH_OK, KITH_ERR_REJECTED);
    } else {
        sort_lookups(batch);
        KITH_TRY(run_lookups(r, batch, &root));
    }
    KITH_ENSURE(kith_reader_done(&r->in), KITH_ERR_REJECTED);
    *out = root;
    return KITH_OK;
}

kith_err
kt_prefix_evaluate(crypto *c, const kt_prefix_batch *batch, kith_bytes elements, kt_hash *out)
{
    run r = {.crypto = c, .in = kith_reader_of(elements)};

    return evaluate(&r, batch, out);
}

kith_err
kt_prefix_grow(crypto *c, const kt_prefix_batch *batch, kith_bytes elements, kt_prefix_growth *out)
{
    run before = {.crypto = c, .in = kith_reader_of(elements)};
    run after = {.crypto = c, .in = kith_reader_of(elements), .grows = true};
    kt_prefix_growth growth;

    KITH_TRY(evaluate(&before, batch, &growth.before));
    KITH_TRY(evaluate(&after, batch, &growth.after));
    *out = growth;
    return KITH_OK;
}
