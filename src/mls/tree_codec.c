/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The ratchet_tree extension [RFC9420 §12.4.3.3]: the nodes from left to right, as in the array form
 * [RFC9420 §C], without the blank ones after the last.
 */
#include "mls/tree.h"
#include "mls/tree_math.h"

enum { NODE_LEAF = 1, NODE_PARENT = 2 };

static kith_err
write_parent(kith_writer *w, const mls_parent *parent)
{
    size_t mark = 0;

    KITH_TRY(kith_write_u8(w, NODE_PARENT));
    KITH_TRY(kith_write_varvec(w, mls_parent_key(parent)));
    KITH_TRY(kith_write_varvec(w, mls_parent_hash_field(parent)));
    KITH_TRY(kith_write_open(w, KITH_VEC_VAR, &mark));
    for (size_t i = 0; i < parent->unmerged_count; i++) {
        KITH_TRY(kith_write_u32(w, parent->unmerged[i]));
    }
    return kith_write_close(w, KITH_VEC_VAR, mark);
}

static kith_err
write_node(kith_writer *w, const mls_node *node)
{
    const bool present = node != NULL && (node->leaf != NULL || node->parent != NULL);

    KITH_TRY(kith_write_bool(w, present));
    if (!present) {
        return KITH_OK;
    }
    if (node->leaf == NULL) {
        return write_parent(w, node->parent);
    }
    KITH_TRY(kith_write_u8(w, NODE_LEAF));
    return kith_write_bytes(w, mls_leaf_bytes(node->leaf));
}

/* Array index of the last node that is not blank. A parent that is not blank has a member below its
 * right child or is left of the last member's leaf, except where a tree from outside breaks the rules. */
static uint32_t
find_last(const mls_tree *tree)
{
    uint32_t index = (mls_tree_leaf_count(tree) - 1) * 2;
    uint32_t first = 0;

    for (; index > 0; index--) {
        const mls_node *node = mls_tree_node(tree, index, &first);
        if (node != NULL && (node->leaf != NULL || node->parent != NULL)) {
            break;
        }
    }
    return index;
}

kith_err
mls_tree_encode(const mls_tree *tree, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = tree->tools.alloc};
    kith_writer w = kith_writer_of(&draft);
    size_t mark = 0;
    uint32_t first = 0;
    const uint32_t last = find_last(tree);

    KITH_TRY(kith_write_open(&w, KITH_VEC_VAR, &mark));
    for (uint32_t index = 0; index <= last; index++) {
        KITH_TRY(write_node(&w, mls_tree_node(tree, index, &first)));
    }
    KITH_TRY(kith_write_close(&w, KITH_VEC_VAR, mark));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

/* Nodes as they are read, before they are put in place. Both NULL: blank. */
typedef struct entry {
    mls_leaf *leaf;
    mls_parent *parent;
} entry;

typedef struct entry_list {
    const kith_alloc *alloc;
    entry *items;
    size_t count;
    size_t cap;
} entry_list;

static void
entry_list_done(entry_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mls_leaf_drop(list->items[i].leaf);
        mls_parent_drop(list->items[i].parent);
    }
    kith_mem_free(list->alloc, list->items, list->cap * sizeof *list->items);
    *list = (entry_list){0};
}

static kith_err
read_leaf(const kith_alloc *alloc, kith_reader *r, mls_leaf **out)
{
    const kith_reader from = *r;
    mls_leaf_node node;

    KITH_TRY(mls_leaf_node_decode(r, &node));
    return mls_leaf_new(alloc, kith_reader_since(&from, r), out);
}

static kith_err
read_unmerged(mls_parent *parent, kith_bytes encoded)
{
    kith_reader r = kith_reader_of(encoded);
    uint32_t before = 0;

    while (!kith_reader_done(&r)) {
        uint32_t leaf_index = 0;
        KITH_TRY(kith_read_u32(&r, &leaf_index));
        /* In increasing order [RFC9420 §7.1]. */
        KITH_ENSURE(parent->unmerged_count == 0 || leaf_index > before, KITH_ERR_MALFORMED);
        before = leaf_index;
        KITH_TRY(mls_parent_add_unmerged(&parent, leaf_index));
    }
    return KITH_OK;
}

static kith_err
read_parent(const kith_alloc *alloc, kith_reader *r, mls_parent **out)
{
    kith_bytes key;
    kith_bytes parent_hash;
    kith_bytes unmerged;
    mls_parent *parent = NULL;

    KITH_TRY(kith_read_varvec(r, &key));
    KITH_TRY(kith_read_varvec(r, &parent_hash));
    KITH_TRY(kith_read_varvec(r, &unmerged));
    KITH_TRY(mls_parent_new(alloc, key, parent_hash, &parent));
    const kith_err err = read_unmerged(parent, unmerged);
    if (err != KITH_OK) {
        mls_parent_drop(parent);
        return err;
    }
    *out = parent;
    return KITH_OK;
}

static kith_err
read_entry(const kith_alloc *alloc, kith_reader *r, bool is_leaf, entry *out)
{
    bool present = false;
    uint8_t type = 0;

    KITH_TRY(kith_read_bool(r, &present));
    if (!present) {
        return KITH_OK;
    }
    KITH_TRY(kith_read_u8(r, &type));
    KITH_ENSURE(type == (is_leaf ? NODE_LEAF : NODE_PARENT), KITH_ERR_MALFORMED);
    return is_leaf ? read_leaf(alloc, r, &out->leaf) : read_parent(alloc, r, &out->parent);
}

static kith_err
read_entries(kith_bytes content, entry_list *list)
{
    kith_reader r = kith_reader_of(content);

    while (!kith_reader_done(&r)) {
        KITH_ENSURE(list->count < (size_t)2 << MLS_LEVEL_MAX, KITH_ERR_LIMIT);
        KITH_TRY(kith_mem_grow(list->alloc, (void **)&list->items, &list->cap, list->count + 1,
                               sizeof *list->items));
        KITH_TRY(read_entry(list->alloc, &r, list->count % 2 == 0, &list->items[list->count]));
        list->count++;
    }
    /* The last node is not blank [RFC9420 §12.4.3.3]. */
    KITH_ENSURE(list->count > 0, KITH_ERR_MALFORMED);
    const entry *last = &list->items[list->count - 1];
    KITH_ENSURE(last->leaf != NULL || last->parent != NULL, KITH_ERR_MALFORMED);
    return KITH_OK;
}

static kith_err build(const kith_alloc *alloc, entry_list *list, uint8_t level, uint32_t first,
                      mls_node **out);

/* Fills a new position from the list; on error the caller drops it. */
static kith_err
fill(const kith_alloc *alloc, entry_list *list, mls_node *node, uint32_t first)
{
    const size_t index = mls_index_of(first, node->level);

    if (index < list->count) {
        node->leaf = list->items[index].leaf;
        node->parent = list->items[index].parent;
        list->items[index] = (entry){0};
    }
    node->members = node->leaf != NULL ? 1 : 0;
    for (uint32_t side = 0; node->level > 0 && side < 2; side++) {
        KITH_TRY(build(alloc, list, (uint8_t)(node->level - 1), first + (side << (node->level - 1)),
                       &node->child[side]));
        node->members += node->child[side]->members;
    }
    return KITH_OK;
}

/* The subtree at `level` from leaf `first` on. Recursion is as deep as the tree. */
static kith_err
build(const kith_alloc *alloc, entry_list *list, uint8_t level, uint32_t first, mls_node **out)
{
    mls_node *node = NULL;

    KITH_TRY(mls_node_new(alloc, level, &node));
    if ((size_t)first * 2 < list->count) {
        const kith_err err = fill(alloc, list, node, first);
        if (err != KITH_OK) {
            mls_node_drop(alloc, node);
            return err;
        }
    }
    *out = node;
    return KITH_OK;
}

kith_err
mls_tree_decode(mls_tools tools, kith_bytes encoded, mls_tree *out)
{
    kith_reader r = kith_reader_of(encoded);
    kith_bytes content;
    uint8_t level = 0;
    mls_node *root = NULL;
    KITH_AUTO(entry_list) list = {.alloc = tools.alloc};

    KITH_TRY(kith_read_varvec(&r, &content));
    KITH_TRY(kith_reader_finish(&r));
    KITH_TRY(read_entries(content, &list));
    while (((size_t)2 << level) - 1 < list.count) {
        level++;
    }
    KITH_ENSURE(level <= MLS_LEVEL_MAX, KITH_ERR_LIMIT);
    KITH_TRY(build(tools.alloc, &list, level, 0, &root));
    *out = (mls_tree){.tools = tools, .root = root};
    return KITH_OK;
}

/* ---- What changed ---- */

enum { PATCH_SAME = 0, PATCH_BLANK = 1, PATCH_LEAF = 2, PATCH_INNER = 3 };
enum { PARENT_BLANK = 0, PARENT_SAME = 1, PARENT_NEW = 2 };

/* The leftmost position of a tree at that level, where the trees before and after a change of height meet. */
static mls_node *
leftmost(const mls_tree *tree, uint8_t level)
{
    mls_node *node = tree->root;

    while (node != NULL && node->level > level) {
        node = node->child[0];
    }
    return node != NULL && node->level == level ? node : NULL;
}

/* What a child of a new position is compared with: below the old position, or the root of a lower old tree. */
static mls_node *
counterpart(const mls_tree *from, const mls_node *old, uint8_t level, uint32_t side)
{
    if (old != NULL) {
        return old->child[side];
    }
    return side == 0 && level > from->root->level ? leftmost(from, (uint8_t)(level - 1)) : NULL;
}

static kith_err
write_patch(const mls_tree *from, const mls_node *old, const mls_node *node, kith_writer *w)
{
    if (node == old || (old != NULL && node->level == 0 && node->leaf == old->leaf)) {
        return kith_write_u8(w, PATCH_SAME);
    }
    if (node->leaf == NULL && node->parent == NULL && node->child[0] == NULL) {
        return kith_write_u8(w, PATCH_BLANK);
    }
    if (node->level == 0) {
        KITH_TRY(kith_write_u8(w, PATCH_LEAF));
        return kith_write_bytes(w, mls_leaf_bytes(node->leaf));
    }
    KITH_TRY(kith_write_u8(w, PATCH_INNER));
    if (node->parent == NULL) {
        KITH_TRY(kith_write_u8(w, PARENT_BLANK));
    } else if (old != NULL && old->parent == node->parent) {
        KITH_TRY(kith_write_u8(w, PARENT_SAME));
    } else {
        KITH_TRY(kith_write_u8(w, PARENT_NEW));
        KITH_TRY(write_parent(w, node->parent));
    }
    for (uint32_t side = 0; side < 2; side++) {
        const mls_node *before = counterpart(from, old, node->level, side);
        KITH_TRY(write_patch(from, before, node->child[side], w));
    }
    return KITH_OK;
}

kith_err
mls_tree_patch_write(const mls_tree *from, const mls_tree *to, kith_writer *w)
{
    KITH_TRY(kith_write_u8(w, to->root->level));
    return write_patch(from, leftmost(from, to->root->level), to->root, w);
}

static kith_err read_patch(const mls_tree *from, mls_node *old, uint8_t level, kith_reader *r,
                           mls_node **out);

static kith_err
read_new_parent(const mls_tree *from, const mls_node *old, kith_reader *r, mls_node *node)
{
    uint8_t tag = 0;

    KITH_TRY(kith_read_u8(r, &tag));
    if (tag == PARENT_SAME) {
        KITH_ENSURE(old != NULL && old->parent != NULL, KITH_ERR_MALFORMED);
        node->parent = old->parent;
        node->parent->refs++;
        return KITH_OK;
    }
    KITH_ENSURE(tag == PARENT_BLANK || tag == PARENT_NEW, KITH_ERR_MALFORMED);
    if (tag == PARENT_BLANK) {
        return KITH_OK;
    }
    KITH_TRY(kith_read_u8(r, &tag));
    KITH_ENSURE(tag == NODE_PARENT, KITH_ERR_MALFORMED);
    return read_parent(from->tools.alloc, r, &node->parent);
}

static kith_err
read_inner(const mls_tree *from, const mls_node *old, kith_reader *r, mls_node *node)
{
    KITH_TRY(read_new_parent(from, old, r, node));
    for (uint32_t side = 0; side < 2; side++) {
        mls_node *before = counterpart(from, old, node->level, side);
        KITH_TRY(read_patch(from, before, (uint8_t)(node->level - 1), r, &node->child[side]));
        node->members += node->child[side]->members;
    }
    return KITH_OK;
}

static kith_err
fill_patched(const mls_tree *from, const mls_node *old, uint8_t tag, kith_reader *r, mls_node *node)
{
    switch (tag) {
    case PATCH_BLANK:
        return KITH_OK;
    case PATCH_LEAF:
        KITH_ENSURE(node->level == 0, KITH_ERR_MALFORMED);
        node->members = 1;
        return read_leaf(from->tools.alloc, r, &node->leaf);
    case PATCH_INNER:
        KITH_ENSURE(node->level > 0, KITH_ERR_MALFORMED);
        return read_inner(from, old, r, node);
    default:
        return KITH_ERR_MALFORMED;
    }
}

/* The position at `level` that stands where `old` stood. Recursion is as deep as the tree. */
static kith_err
read_patch(const mls_tree *from, mls_node *old, uint8_t level, kith_reader *r, mls_node **out)
{
    uint8_t tag = 0;
    mls_node *node = NULL;

    KITH_TRY(kith_read_u8(r, &tag));
    if (tag == PATCH_SAME) {
        KITH_ENSURE(old != NULL, KITH_ERR_MALFORMED);
        *out = mls_node_hold(old);
        return KITH_OK;
    }
    KITH_TRY(mls_node_new(from->tools.alloc, level, &node));
    const kith_err err = fill_patched(from, old, tag, r, node);
    if (err != KITH_OK) {
        mls_node_drop(from->tools.alloc, node);
        return err;
    }
    *out = node;
    return KITH_OK;
}

kith_err
mls_tree_patch_read(const mls_tree *from, kith_reader *r, mls_tree *out)
{
    uint8_t level = 0;
    mls_node *root = NULL;

    KITH_TRY(kith_read_u8(r, &level));
    KITH_ENSURE(level <= MLS_LEVEL_MAX, KITH_ERR_MALFORMED);
    KITH_TRY(read_patch(from, leftmost(from, level), level, r, &root));
    *out = (mls_tree){.tools = from->tools, .root = root};
    return KITH_OK;
}
