/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Operations on the ratchet tree [RFC9420 §7.7, §12.1]. Positions are found by the bits of the leaf index:
 * bit level-1 says which child of a node at that level is above the leaf.
 */
#include "mls/tree.h"

#include "mls/tree_math.h"

kith_err
mls_tree_new(mls_tools tools, mls_leaf *leaf, mls_tree *out)
{
    mls_node *root = NULL;

    KITH_TRY(mls_node_new(tools.alloc, 0, &root));
    root->leaf = mls_leaf_hold(leaf);
    root->members = 1;
    *out = (mls_tree){.tools = tools, .root = root};
    return KITH_OK;
}

mls_tree
mls_tree_clone(const mls_tree *tree)
{
    return (mls_tree){.tools = tree->tools, .root = mls_node_hold(tree->root)};
}

void
mls_tree_done(mls_tree *tree)
{
    mls_node_drop(tree->tools.alloc, tree->root);
    *tree = (mls_tree){0};
}

uint8_t
mls_tree_top(const mls_tree *tree)
{
    return tree->root->level;
}

uint32_t
mls_tree_leaf_count(const mls_tree *tree)
{
    return UINT32_C(1) << tree->root->level;
}

uint32_t
mls_tree_member_count(const mls_tree *tree)
{
    return tree->root->members;
}

static size_t
side_of(uint32_t leaf_index, uint8_t level)
{
    return leaf_index >> (level - 1) & 1;
}

/* The position at `level` above a leaf of the tree; NULL when it is inside a wholly blank subtree. */
static mls_node *
find_node(const mls_tree *tree, uint32_t leaf_index, uint8_t level)
{
    mls_node *node = tree->root;

    while (node != NULL && node->level > level) {
        node = node->child[side_of(leaf_index, node->level)];
    }
    return node;
}

mls_leaf *
mls_tree_leaf(const mls_tree *tree, uint32_t leaf_index)
{
    if (leaf_index >= mls_tree_leaf_count(tree)) {
        return NULL;
    }
    const mls_node *node = find_node(tree, leaf_index, 0);
    return node == NULL ? NULL : node->leaf;
}

uint32_t
mls_tree_next_member(const mls_tree *tree, uint32_t from)
{
    uint64_t index = from;

    while (index < mls_tree_leaf_count(tree)) {
        /* Down to the first position that is above `index` and wholly blank, or to the leaf. */
        const mls_node *node = tree->root;
        while (node->level > 0 && node->members > 0) {
            node = node->child[side_of((uint32_t)index, node->level)];
        }
        if (node->members > 0) {
            return (uint32_t)index;
        }
        index = ((index >> node->level) + 1) << node->level;
    }
    return MLS_LEAF_NONE;
}

const mls_parent *
mls_tree_parent(const mls_tree *tree, uint32_t leaf_index, uint8_t level)
{
    const mls_node *node = find_node(tree, leaf_index, level);

    return node == NULL ? NULL : node->parent;
}

/* The copath child below the position at `level`; NULL: inside a blank subtree. */
static mls_node *
find_copath(const mls_tree *tree, uint32_t leaf_index, uint8_t level)
{
    const mls_node *node = find_node(tree, leaf_index, level);

    return node == NULL ? NULL : node->child[1 - side_of(leaf_index, level)];
}

uint32_t
mls_tree_copath_members(const mls_tree *tree, uint32_t leaf_index, uint8_t level)
{
    const mls_node *node = find_copath(tree, leaf_index, level);

    return node == NULL ? 0 : node->members;
}

uint8_t
mls_tree_meeting_level(uint32_t a, uint32_t b)
{
    uint8_t level = 0;

    for (uint32_t differ = a ^ b; differ != 0; differ >>= 1) {
        level++;
    }
    return level;
}

kith_err
mls_tree_open(mls_tree *tree, uint32_t leaf_index, mls_path *out)
{
    mls_node **slot = &tree->root;

    KITH_ENSURE(leaf_index < mls_tree_leaf_count(tree), KITH_ERR_INVALID);
    out->top = mls_tree_top(tree);
    for (uint8_t level = out->top;; level--) {
        KITH_TRY(mls_node_open(tree->tools.alloc, slot));
        out->at[level] = *slot;
        if (level == 0) {
            return KITH_OK;
        }
        slot = &(*slot)->child[side_of(leaf_index, level)];
    }
}

/* Sets the opened leaf and counts the members anew on the way up. */
static void
put_leaf(mls_path *path, mls_leaf *leaf)
{
    mls_node *node = path->at[0];
    mls_leaf *old = node->leaf;

    node->leaf = mls_leaf_hold(leaf);
    node->members = leaf != NULL ? 1 : 0;
    mls_leaf_drop(old);
    for (uint8_t level = 1; level <= path->top; level++) {
        node = path->at[level];
        node->members = node->child[0]->members + node->child[1]->members;
    }
}

static void
blank_parents(mls_path *path)
{
    for (uint8_t level = 1; level <= path->top; level++) {
        mls_parent_drop(path->at[level]->parent);
        path->at[level]->parent = NULL;
    }
}

/* A new blank root whose left subtree is the tree [RFC9420 §7.7]. */
static kith_err
extend(mls_tree *tree)
{
    mls_node *root = NULL;
    mls_node *right = NULL;
    const kith_alloc *alloc = tree->tools.alloc;
    const uint8_t level = mls_tree_top(tree);

    KITH_ENSURE(level < MLS_LEVEL_MAX, KITH_ERR_LIMIT);
    KITH_TRY(mls_node_new(alloc, level, &right));
    const kith_err err = mls_node_new(alloc, (uint8_t)(level + 1), &root);
    if (err != KITH_OK) {
        mls_node_drop(alloc, right);
        return err;
    }
    root->child[0] = tree->root;
    root->child[1] = right;
    root->members = tree->root->members;
    tree->root = root;
    return KITH_OK;
}

/* Drops the root while its right subtree has no member [RFC9420 §7.7]. */
static void
truncate_tree(mls_tree *tree)
{
    mls_node *root = tree->root;

    while (root->level > 0 && root->child[0] != NULL && root->child[1]->members == 0) {
        mls_node *left = mls_node_hold(root->child[0]);
        mls_node_drop(tree->tools.alloc, root);
        tree->root = left;
        root = left;
    }
}

kith_err
mls_tree_find_blank(mls_tree *tree, uint32_t *leaf_index)
{
    uint32_t index = 0;

    if (mls_tree_member_count(tree) == mls_tree_leaf_count(tree)) {
        KITH_TRY(extend(tree));
    }
    const mls_node *node = tree->root;
    while (node->level > 0 && node->child[0] != NULL) {
        const uint32_t half = UINT32_C(1) << (node->level - 1);
        const bool right = node->child[0]->members == half;
        index += right ? half : 0;
        node = node->child[right ? 1 : 0];
    }
    *leaf_index = index;
    return KITH_OK;
}

kith_err
mls_tree_add(mls_tree *tree, mls_leaf *leaf, uint32_t *leaf_index)
{
    uint32_t index = 0;
    mls_path path;

    KITH_TRY(mls_tree_find_blank(tree, &index));
    KITH_TRY(mls_tree_open(tree, index, &path));
    for (uint8_t level = 1; level <= path.top; level++) {
        if (path.at[level]->parent != NULL) {
            KITH_TRY(mls_parent_add_unmerged(&path.at[level]->parent, index));
        }
    }
    put_leaf(&path, leaf);
    *leaf_index = index;
    return KITH_OK;
}

kith_err
mls_tree_update(mls_tree *tree, uint32_t leaf_index, mls_leaf *leaf)
{
    mls_path path;

    KITH_ENSURE(mls_tree_leaf(tree, leaf_index) != NULL, KITH_ERR_REJECTED);
    KITH_TRY(mls_tree_open(tree, leaf_index, &path));
    put_leaf(&path, leaf);
    blank_parents(&path);
    return KITH_OK;
}

kith_err
mls_tree_remove(mls_tree *tree, uint32_t leaf_index)
{
    KITH_TRY(mls_tree_update(tree, leaf_index, NULL));
    truncate_tree(tree);
    return KITH_OK;
}

kith_err
mls_tree_set_leaf(mls_tree *tree, uint32_t leaf_index, mls_leaf *leaf)
{
    mls_path path;

    while (leaf_index >= mls_tree_leaf_count(tree)) {
        KITH_TRY(extend(tree));
    }
    KITH_TRY(mls_tree_open(tree, leaf_index, &path));
    put_leaf(&path, leaf);
    return KITH_OK;
}

void
mls_resolution_done(mls_resolution *resolution)
{
    kith_mem_free(resolution->alloc, resolution->items,
                  resolution->cap * sizeof *resolution->items);
    *resolution = (mls_resolution){.alloc = resolution->alloc};
}

bool
mls_leaf_set_has(mls_leaf_set set, uint32_t leaf_index)
{
    size_t low = 0;
    size_t high = set.count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (set.items[middle] < leaf_index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < set.count && set.items[low] == leaf_index;
}

static kith_err
push(mls_resolution *out, uint32_t node_index, kith_bytes key)
{
    KITH_TRY(kith_mem_grow(out->alloc, (void **)&out->items, &out->cap, out->count + 1,
                           sizeof *out->items));
    out->items[out->count++] = (mls_resolved){.node_index = node_index, .key = key};
    return KITH_OK;
}

static kith_err
push_leaf(const mls_tree *tree, uint32_t leaf_index, mls_leaf_set without, mls_resolution *out)
{
    const mls_leaf *leaf = mls_tree_leaf(tree, leaf_index);

    if (leaf == NULL || mls_leaf_set_has(without, leaf_index)) {
        return KITH_OK;
    }
    return push(out, leaf_index * 2, leaf->node.encryption_key);
}

/* Recursion is as deep as the tree, at most MLS_LEVEL_MAX. */
static kith_err
resolve(const mls_tree *tree, const mls_node *node, uint32_t first, mls_leaf_set without,
        mls_resolution *out)
{
    if (node == NULL || node->members == 0) {
        return KITH_OK;
    }
    if (node->level == 0) {
        return push_leaf(tree, first, without, out);
    }
    if (node->parent == NULL) {
        const uint32_t half = UINT32_C(1) << (node->level - 1);
        KITH_TRY(resolve(tree, node->child[0], first, without, out));
        return resolve(tree, node->child[1], first + half, without, out);
    }
    KITH_TRY(push(out, mls_index_of(first, node->level), mls_parent_key(node->parent)));
    for (size_t i = 0; i < node->parent->unmerged_count; i++) {
        KITH_TRY(push_leaf(tree, node->parent->unmerged[i], without, out));
    }
    return KITH_OK;
}

kith_err
mls_tree_resolve_copath(const mls_tree *tree, uint32_t leaf_index, uint8_t level,
                        mls_leaf_set without, mls_resolution *out)
{
    const uint32_t half = UINT32_C(1) << (level - 1);
    const uint32_t first = (leaf_index ^ half) & ~(half - 1);

    return resolve(tree, find_copath(tree, leaf_index, level), first, without, out);
}

mls_node *
mls_tree_node(const mls_tree *tree, uint32_t node_index, uint32_t *first)
{
    const uint8_t level = mls_index_level(node_index);

    *first = mls_index_first(node_index);
    if (level > mls_tree_top(tree) || *first >= mls_tree_leaf_count(tree)) {
        return NULL;
    }
    return find_node(tree, *first, level);
}

kith_err
mls_tree_resolve(const mls_tree *tree, uint32_t node_index, mls_resolution *out)
{
    uint32_t first = 0;
    const mls_node *node = mls_tree_node(tree, node_index, &first);

    return resolve(tree, node, first, (mls_leaf_set){0}, out);
}
