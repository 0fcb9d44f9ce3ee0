/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Nodes of the prefix tree in the store. A record of KT_NODES is a leaf (key, commitment) or a parent (hash,
 * left id, right id, zeros); an id says which: twice the index and two more, plus one for a leaf.
 */
#include <stdlib.h>
#include <string.h>

#include "transparency/prefix.h"

static bool
is_leaf(kt_node_id id)
{
    return (id & 1) == 1;
}

static uint64_t
index_of(kt_node_id id)
{
    return (id >> 1) - 1;
}

static unsigned
bit_of(const kt_hash *key, unsigned depth)
{
    return key->bytes[depth / 8] >> (7 - depth % 8) & 1u;
}

typedef struct node {
    kt_leaf leaf; /* of a leaf */
    kt_hash hash;
    kt_node_id child[2]; /* of a parent */
} node;

static kith_err
parse_node(crypto *c, kt_node_id id, kith_bytes record, node *out)
{
    kith_reader r = kith_reader_of(record);

    if (is_leaf(id)) {
        KITH_TRY(kt_hash_read(&r, &out->leaf.key));
        KITH_TRY(kt_hash_read(&r, &out->leaf.commitment));
        return kt_prefix_leaf_hash(c, &out->leaf, &out->hash);
    }
    KITH_TRY(kt_hash_read(&r, &out->hash));
    KITH_TRY(kith_read_u64(&r, &out->child[0]));
    return kith_read_u64(&r, &out->child[1]);
}

/* The node of an id; no node has no children and an all-zero hash. */
static kith_err
read_node(crypto *c, const kt_store *store, kt_node_id id, node *out)
{
    uint8_t record[KT_NODE_LEN];

    *out = (node){0};
    if (id == 0) {
        return KITH_OK;
    }
    KITH_TRY(store->read(store->ctx, KT_NODES, index_of(id), record));
    KITH_ENSURE(parse_node(c, id, KITH_BYTES(record), out) == KITH_OK, KITH_ERR_STORE);
    return KITH_OK;
}

/* Records wait until they are so many bytes: few writes, and no buffer as large as an entry. */
#define PENDING_MAX 65536u

static kith_err
write_pending(kt_prefix_writer *w)
{
    const uint64_t first = w->next - w->pending.len / KT_NODE_LEN;

    KITH_TRY(w->store->write(w->store->ctx, KT_NODES, first, kith_bytes_of_buf(&w->pending)));
    w->pending.len = 0; /* nothing in it is secret */
    return KITH_OK;
}

static kith_err
write_record(kt_prefix_writer *w, const uint8_t record[KT_NODE_LEN], uint64_t *index)
{
    if (w->pending.len >= PENDING_MAX) {
        KITH_TRY(write_pending(w));
    }
    KITH_TRY(kith_buf_append(&w->pending, kith_bytes_of(record, KT_NODE_LEN)));
    *index = w->next++;
    return KITH_OK;
}

static kith_err
write_leaf(kt_prefix_writer *w, const kt_leaf *leaf, kt_prefix_root *out)
{
    uint8_t record[KT_NODE_LEN];
    uint64_t index = 0;

    KITH_TRY(kt_prefix_leaf_hash(w->crypto, leaf, &out->hash));
    memcpy(record, leaf->key.bytes, KT_HASH_LEN);
    memcpy(record + KT_HASH_LEN, leaf->commitment.bytes, KT_HASH_LEN);
    KITH_TRY(write_record(w, record, &index));
    out->id = (index + 1) << 1 | 1;
    return KITH_OK;
}

static void
put_id(uint8_t at[8], kt_node_id id)
{
    for (size_t i = 8; i-- > 0; id >>= 8) {
        at[i] = (uint8_t)id;
    }
}

/* `out` may be one of the children. */
static kith_err
write_parent(kt_prefix_writer *w, const kt_prefix_root *left, const kt_prefix_root *right,
             kt_prefix_root *out)
{
    uint8_t record[KT_NODE_LEN] = {0};
    uint64_t index = 0;
    kt_hash hash;

    KITH_TRY(kt_prefix_parent_hash(w->crypto, &left->hash, &right->hash, &hash));
    memcpy(record, hash.bytes, KT_HASH_LEN);
    put_id(record + KT_HASH_LEN, left->id);
    put_id(record + KT_HASH_LEN + 8, right->id);
    KITH_TRY(write_record(w, record, &index));
    *out = (kt_prefix_root){.id = (index + 1) << 1, .hash = hash};
    return KITH_OK;
}

/* A subtree that leaves are being added to, while one of its halves is worked on. */
typedef struct frame {
    kt_node_id right_id;
    size_t mid; /* the leaves from here to `end` belong to the right half */
    size_t end;
    bool is_left_done;
    kt_prefix_root left;
} frame;

typedef struct insertion {
    kt_prefix_writer *w;
    kt_leaf *leaves;
    frame frames[KT_DEPTH_MAX];
    size_t depth;
    /* What is worked on: leaves `begin` to `end` go below `id`. */
    kt_node_id id;
    size_t begin;
    size_t end;
} insertion;

/* Splits the work at the current depth and turns to its left half. */
static kith_err
split(insertion *in, const node *at)
{
    frame *f = &in->frames[in->depth];
    kt_node_id child[2] = {at->child[0], at->child[1]};
    size_t mid = in->begin;

    KITH_ENSURE(in->depth < KT_DEPTH_MAX, KITH_ERR_EXISTS);
    if (is_leaf(in->id)) {
        child[bit_of(&at->leaf.key, (unsigned)in->depth)] = in->id;
    }
    while (mid < in->end && bit_of(&in->leaves[mid].key, (unsigned)in->depth) == 0) {
        mid++;
    }
    *f = (frame){.right_id = child[1], .mid = mid, .end = in->end};
    in->depth++;
    in->id = child[0];
    in->end = mid;
    return KITH_OK;
}

/* Finishes the current work if it is simple enough, else splits it. */
static kith_err
step_down(insertion *in, bool *is_done, kt_prefix_root *result)
{
    node at;

    *is_done = in->begin == in->end || (in->id == 0 && in->end - in->begin == 1);
    if (in->id == 0 && in->end - in->begin == 1) {
        return write_leaf(in->w, &in->leaves[in->begin], result);
    }
    KITH_TRY(read_node(in->w->crypto, in->w->store, in->id, &at));
    if (in->begin == in->end) {
        *result = (kt_prefix_root){.id = in->id, .hash = at.hash};
        return KITH_OK;
    }
    return split(in, &at);
}

/* Goes up with the result of a half until there is a right half to work on. */
static kith_err
step_up(insertion *in, bool *is_done, kt_prefix_root *result)
{
    for (; in->depth > 0; in->depth--) {
        frame *f = &in->frames[in->depth - 1];
        if (!f->is_left_done) {
            f->is_left_done = true;
            f->left = *result;
            in->id = f->right_id;
            in->begin = f->mid;
            in->end = f->end;
            *is_done = false;
            return KITH_OK;
        }
        KITH_TRY(write_parent(in->w, &f->left, result, result));
    }
    *is_done = true;
    return KITH_OK;
}

static kith_err
run_insertion(insertion *in, kt_prefix_root *out)
{
    kt_prefix_root result = {0};
    bool is_done = false;

    while (!is_done) {
        bool is_half_done = false;
        KITH_TRY(step_down(in, &is_half_done, &result));
        if (is_half_done) {
            KITH_TRY(step_up(in, &is_done, &result));
        }
    }
    *out = result;
    return KITH_OK;
}

kith_err
kt_prefix_insert(kt_prefix_writer *w, const kt_prefix_root *root, kt_leaf *leaves, size_t count,
                 kt_prefix_root *out)
{
    const uint64_t first = w->next;
    insertion in = {.w = w, .leaves = leaves, .id = root->id, .end = count};
    kt_prefix_root result = {0};

    kith_err err = run_insertion(&in, &result);
    if (err == KITH_OK) {
        err = write_pending(w);
    }
    if (err != KITH_OK) {
        w->pending.len = 0;
        w->next = first;
        return err;
    }
    *out = result;
    return KITH_OK;
}

kith_err
kt_prefix_search(crypto *c, const kt_store *store, kt_node_id root, kt_lookup *lookup,
                 kith_buf *siblings)
{
    kt_node_id id = root;
    unsigned depth = 0;
    node at;
    node beside;

    lookup->siblings = siblings->len;
    lookup->result = (kt_result){.outcome = KT_NON_INCLUSION_PARENT};
    for (; id != 0 && !is_leaf(id); depth++) {
        KITH_ENSURE(depth < KT_DEPTH_MAX, KITH_ERR_STORE);
        KITH_TRY(read_node(c, store, id, &at));
        const unsigned bit = bit_of(&lookup->key, depth);
        KITH_TRY(read_node(c, store, at.child[1 - bit], &beside));
        KITH_TRY(kith_buf_append(siblings, kt_hash_bytes(&beside.hash)));
        id = at.child[bit];
    }
    lookup->result.depth = (uint8_t)depth;
    if (id != 0) {
        KITH_TRY(read_node(c, store, id, &at));
        const bool is_found = kt_hash_equal(&at.leaf.key, &lookup->key);
        lookup->result.outcome = is_found ? KT_INCLUSION : KT_NON_INCLUSION_LEAF;
        lookup->result.leaf = at.leaf;
        lookup->commitment = at.leaf.commitment;
    }
    return KITH_OK;
}

kith_err
kt_prefix_added(const kt_store *store, kt_prefix_news *news)
{
    kt_node_id waiting[KT_DEPTH_MAX + 2];
    uint8_t record[KT_NODE_LEN];
    size_t waiting_count = 0;

    news->count = 0;
    waiting[waiting_count++] = news->root;
    while (waiting_count > 0) {
        const kt_node_id id = waiting[--waiting_count];
        if (id == 0 || index_of(id) < news->first) {
            continue;
        }
        KITH_TRY(store->read(store->ctx, KT_NODES, index_of(id), record));
        kith_reader r = kith_reader_of(KITH_BYTES(record));
        if (is_leaf(id)) {
            KITH_ENSURE(news->count < KT_PROOF_ITEMS_MAX, KITH_ERR_LIMIT);
            kt_leaf *leaf = &news->leaves[news->count++];
            KITH_TRY(kt_hash_read(&r, &leaf->key));
            KITH_TRY(kt_hash_read(&r, &leaf->commitment));
            continue;
        }
        kt_hash hash;
        KITH_ENSURE(waiting_count < KT_DEPTH_MAX, KITH_ERR_STORE);
        KITH_TRY(kt_hash_read(&r, &hash));
        KITH_TRY(kith_read_u64(&r, &waiting[waiting_count + 1]));
        KITH_TRY(kith_read_u64(&r, &waiting[waiting_count]));
        waiting_count += 2;
    }
    return KITH_OK;
}
