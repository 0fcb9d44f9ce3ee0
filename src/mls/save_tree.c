/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A tree as a base and deltas. A delta names the hashes of the tree before and after it, so that of any number of them,
 * in the order they were written, those that lead from the base to the wanted tree are found: what an interrupted write
 * left behind leads elsewhere and is passed over.
 */
#include "mls/save.h"

#define DELTA_VERSION 1u

kith_err
mls_saved_tree_write(const mls_tree *from, const mls_tree *to, kith_buf *out)
{
    mls_hash before = {.len = mls_suite_hash_len(from->tools.suite)};
    mls_hash after = {.len = before.len};
    kith_writer w = kith_writer_of(out);

    if (from->root == to->root) {
        return KITH_OK;
    }
    KITH_TRY(mls_tree_hash(from, before.bytes));
    KITH_TRY(mls_tree_hash(to, after.bytes));
    KITH_TRY(kith_write_u8(&w, DELTA_VERSION));
    KITH_TRY(kith_write_vec8(&w, mls_hash_bytes(&before)));
    KITH_TRY(kith_write_vec8(&w, mls_hash_bytes(&after)));
    return mls_tree_patch_write(from, to, &w);
}

/* A delta, opened as far as its hashes. */
typedef struct delta {
    kith_bytes before;
    kith_bytes after;
    kith_reader patch;
} delta;

static kith_err
open_delta(kith_bytes bytes, delta *out)
{
    kith_reader r = kith_reader_of(bytes);
    uint8_t version = 0;

    KITH_TRY(kith_read_u8(&r, &version));
    KITH_ENSURE(version == DELTA_VERSION, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_vec8(&r, &out->before));
    KITH_TRY(kith_read_vec8(&r, &out->after));
    out->patch = r;
    return KITH_OK;
}

/* Deltas that lead to the wanted tree, the last one first. */
typedef struct route {
    const kith_alloc *alloc;
    delta *items;
    size_t count;
    size_t cap;
} route;

static void
route_done(route *list)
{
    kith_mem_free(list->alloc, list->items, list->cap * sizeof *list->items);
}

static kith_err
find_route(const mls_saved_tree *saved, kith_bytes from, kith_bytes to, route *out)
{
    kith_bytes wanted = to;

    for (size_t i = saved->delta_count; i-- > 0 && !kith_bytes_equal(wanted, from);) {
        delta item;
        if (saved->deltas[i].len == 0) {
            continue; /* nothing had changed */
        }
        KITH_TRY(open_delta(saved->deltas[i], &item));
        if (kith_bytes_equal(item.after, wanted)) {
            KITH_TRY(kith_mem_grow(out->alloc, (void **)&out->items, &out->cap, out->count + 1,
                                   sizeof *out->items));
            out->items[out->count++] = item;
            wanted = item.before;
        }
    }
    KITH_ENSURE(kith_bytes_equal(wanted, from), KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
apply_delta(delta *item, mls_tree *tree)
{
    mls_tree next = {0};

    KITH_TRY(mls_tree_patch_read(tree, &item->patch, &next));
    mls_tree_done(tree);
    *tree = next;
    return kith_reader_finish(&item->patch);
}

static kith_err
follow(const mls_saved_tree *saved, kith_bytes tree_hash, mls_tree *tree)
{
    mls_hash hash = {.len = mls_suite_hash_len(tree->tools.suite)};
    KITH_AUTO(route) way = {.alloc = tree->tools.alloc};

    KITH_TRY(mls_tree_hash(tree, hash.bytes));
    KITH_TRY(find_route(saved, mls_hash_bytes(&hash), tree_hash, &way));
    while (way.count > 0) {
        KITH_TRY(apply_delta(&way.items[--way.count], tree));
    }
    KITH_TRY(mls_tree_hash(tree, hash.bytes));
    KITH_ENSURE(kith_bytes_equal(mls_hash_bytes(&hash), tree_hash), KITH_ERR_REJECTED);
    return KITH_OK;
}

kith_err
mls_saved_tree_read(mls_tools tools, const mls_saved_tree *saved, kith_bytes tree_hash,
                    mls_tree *out)
{
    mls_tree tree = {0};

    KITH_TRY(mls_tree_decode(tools, saved->base, &tree));
    const kith_err err = follow(saved, tree_hash, &tree);
    if (err != KITH_OK) {
        mls_tree_done(&tree);
        return err;
    }
    *out = tree;
    return KITH_OK;
}
