/* SPDX-License-Identifier: MPL-2.0 */
/* The exporter tree [MLS-EXT §4.4]. */
#include "mls/export_tree.h"

#include <string.h>

static size_t
hash_len_of(mls_tools tools)
{
    return mls_suite_hash_len(tools.suite);
}

void
mls_export_tree_done(mls_export_tree *tree)
{
    kith_mem_free(tree->alloc, tree->nodes, tree->cap * sizeof *tree->nodes); /* wipes */
    *tree = (mls_export_tree){.alloc = tree->alloc};
}

static kith_err
reserve(mls_export_tree *tree, size_t more)
{
    return kith_mem_grow(tree->alloc, (void **)&tree->nodes, &tree->cap, tree->count + more,
                         sizeof *tree->nodes);
}

kith_err
mls_export_tree_init(mls_tools tools, kith_bytes root, mls_export_tree *out)
{
    *out = (mls_export_tree){.alloc = tools.alloc};
    KITH_TRY(reserve(out, 1));
    out->nodes[0] = (mls_export_node){.level = MLS_EXPORT_LEVELS};
    memcpy(out->nodes[0].secret, root.data, root.len);
    out->count = 1;
    return KITH_OK;
}

static kith_err
derive_child(mls_tools tools, const kith_secret *parent, bool right, kith_secret *out)
{
    const mls_expand in = {.secret = kith_bytes_of_secret(parent),
                           .label = "tree",
                           .context = kith_bytes_of_text(right ? "right" : "left"),
                           .len = hash_len_of(tools)};

    return mls_expand_with_label(tools, &in, out);
}

/* The siblings of the path from a node down to a component, and the component's secret. */
typedef struct walk {
    mls_export_node siblings[MLS_EXPORT_LEVELS];
    size_t count;
    kith_secret secret;
} walk;

static void
walk_done(walk *w)
{
    kith_wipe(w, sizeof *w);
}

static kith_err
walk_down(mls_tools tools, const mls_export_node *from, uint16_t component_id, walk *w)
{
    KITH_TRY(kith_secret_set(&w->secret, kith_bytes_of(from->secret, hash_len_of(tools))));
    for (uint8_t level = from->level; level-- > 0;) {
        const uint16_t index = (uint16_t)(component_id >> level);
        KITH_AUTO(kith_secret) sibling = {0};
        KITH_TRY(derive_child(tools, &w->secret, (index & 1) == 0, &sibling));
        KITH_TRY(derive_child(tools, &w->secret, (index & 1) == 1, &w->secret));
        mls_export_node *node = &w->siblings[w->count++];
        *node = (mls_export_node){.level = level, .index = index ^ 1};
        memcpy(node->secret, sibling.data, sibling.len);
    }
    return KITH_OK;
}

kith_err
mls_export_tree_take(mls_tools tools, mls_export_tree *tree, uint16_t component_id,
                     kith_secret *out)
{
    KITH_AUTO(walk) path = {.count = 0};
    size_t at = 0;

    while (at < tree->count && component_id >> tree->nodes[at].level != tree->nodes[at].index) {
        at++;
    }
    KITH_ENSURE(at < tree->count, KITH_ERR_EXISTS);
    KITH_TRY(walk_down(tools, &tree->nodes[at], component_id, &path));
    KITH_TRY(reserve(tree, path.count));
    /* The node goes, with all that it could be derived from [RFC9420 §9.2]. */
    tree->nodes[at] = tree->nodes[--tree->count];
    kith_wipe(&tree->nodes[tree->count], sizeof *tree->nodes);
    if (path.count > 0) {
        memcpy(tree->nodes + tree->count, path.siblings, path.count * sizeof path.siblings[0]);
        tree->count += path.count;
    }
    *out = kith_secret_take(&path.secret);
    return KITH_OK;
}

kith_err
mls_export_tree_encode(mls_tools tools, const mls_export_tree *tree, kith_writer *w)
{
    KITH_TRY(kith_write_u32(w, (uint32_t)tree->count));
    for (size_t i = 0; i < tree->count; i++) {
        KITH_TRY(kith_write_u8(w, tree->nodes[i].level));
        KITH_TRY(kith_write_u16(w, tree->nodes[i].index));
        KITH_TRY(kith_write_bytes(w, kith_bytes_of(tree->nodes[i].secret, hash_len_of(tools))));
    }
    return KITH_OK;
}

static kith_err
read_nodes(mls_tools tools, kith_reader *r, uint32_t count, mls_export_tree *tree)
{
    for (uint32_t i = 0; i < count; i++) {
        KITH_TRY(reserve(tree, 1));
        mls_export_node *node = &tree->nodes[tree->count];
        *node = (mls_export_node){0};
        KITH_TRY(kith_read_u8(r, &node->level));
        KITH_TRY(kith_read_u16(r, &node->index));
        KITH_ENSURE(node->level <= MLS_EXPORT_LEVELS &&
                        node->index >> (MLS_EXPORT_LEVELS - node->level) == 0,
                    KITH_ERR_MALFORMED);
        KITH_TRY(kith_read_copy(r, node->secret, hash_len_of(tools)));
        tree->count++;
    }
    return KITH_OK;
}

kith_err
mls_export_tree_decode(mls_tools tools, kith_reader *r, mls_export_tree *out)
{
    mls_export_tree tree = {.alloc = tools.alloc};
    uint32_t count = 0;

    KITH_TRY(kith_read_u32(r, &count));
    const kith_err err = read_nodes(tools, r, count, &tree);
    if (err != KITH_OK) {
        mls_export_tree_done(&tree);
        return err;
    }
    *out = tree;
    return KITH_OK;
}
