/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Checks on trees: that every parent was put there by a member below it [RFC9420 §7.9.2], that unmerged
 * leaves are consistent and keys unique [RFC9420 §7.3, §12.4.3.1]. Sorting instead of comparing each with
 * each keeps the cost at N log N whatever the keys are.
 */
#include <stdlib.h>

#include "mls/tree.h"
#include "mls/tree_math.h"

/* ---- Unique keys ---- */

/* A list of borrowed keys. */
typedef struct key_list {
    const kith_alloc *alloc;
    kith_bytes *items;
    size_t count;
    size_t cap;
} key_list;

static void
key_list_done(key_list *list)
{
    kith_mem_free(list->alloc, list->items, list->cap * sizeof *list->items);
    *list = (key_list){0};
}

static kith_err
push_key(key_list *list, kith_bytes key)
{
    KITH_TRY(kith_mem_grow(list->alloc, (void **)&list->items, &list->cap, list->count + 1,
                           sizeof *list->items));
    list->items[list->count++] = key;
    return KITH_OK;
}

static int
compare_keys(const void *a, const void *b)
{
    return kith_bytes_compare(*(const kith_bytes *)a, *(const kith_bytes *)b);
}

/* Sorts; REJECTED: a key is there twice. */
static kith_err
sort_keys(kith_bytes *keys, size_t count)
{
    if (count > 1) {
        qsort(keys, count, sizeof *keys, compare_keys);
    }
    for (size_t i = 1; i < count; i++) {
        KITH_ENSURE(!kith_bytes_equal(keys[i - 1], keys[i]), KITH_ERR_REJECTED);
    }
    return KITH_OK;
}

static bool
has_key(const kith_bytes *sorted, size_t count, kith_bytes key)
{
    return count > 0 && bsearch(&key, sorted, count, sizeof *sorted, compare_keys) != NULL;
}

/* What a walk over all positions looks for. */
typedef struct key_search {
    const kith_bytes *encryption; /* sorted */
    size_t encryption_count;
    const kith_bytes *signature; /* sorted */
    size_t signature_count;
    mls_leaf_set except; /* leaves that are not looked at */
} key_search;

/* REJECTED: found. Recursion is as deep as the tree. */
static kith_err
search_keys(const mls_node *node, uint32_t first, const key_search *search)
{
    if (node == NULL || node->members == 0) {
        return KITH_OK;
    }
    if (node->level == 0) {
        const mls_leaf_node *leaf = &node->leaf->node;
        const bool found =
            has_key(search->encryption, search->encryption_count, leaf->encryption_key) ||
            has_key(search->signature, search->signature_count, leaf->signature_key);
        return found && !mls_leaf_set_has(search->except, first) ? KITH_ERR_REJECTED : KITH_OK;
    }
    KITH_ENSURE(node->parent == NULL || !has_key(search->encryption, search->encryption_count,
                                                 mls_parent_key(node->parent)),
                KITH_ERR_REJECTED);
    KITH_TRY(search_keys(node->child[0], first, search));
    return search_keys(node->child[1], first + (UINT32_C(1) << (node->level - 1)), search);
}

kith_err
mls_tree_check_fresh(const mls_tree *tree, kith_bytes *keys, size_t count)
{
    KITH_TRY(sort_keys(keys, count));
    const key_search search = {.encryption = keys, .encryption_count = count};
    return search_keys(tree->root, 0, &search);
}

/* Signature and encryption keys are unique [RFC9420 §7.3], so no client is added twice or while it is in [RFC9420 §12.2]. */
kith_err
mls_tree_check_once(const mls_tree *tree, mls_leaf_set changed)
{
    KITH_AUTO(key_list) encryption = {.alloc = tree->tools.alloc};
    KITH_AUTO(key_list) signature = {.alloc = tree->tools.alloc};

    for (size_t i = 0; i < changed.count; i++) {
        const mls_leaf *leaf = mls_tree_leaf(tree, changed.items[i]);
        KITH_ENSURE(leaf != NULL, KITH_ERR_INVALID);
        KITH_TRY(push_key(&encryption, leaf->node.encryption_key));
        KITH_TRY(push_key(&signature, leaf->node.signature_key));
    }
    KITH_TRY(sort_keys(encryption.items, encryption.count));
    KITH_TRY(sort_keys(signature.items, signature.count));
    const key_search search = {.encryption = encryption.items,
                               .encryption_count = encryption.count,
                               .signature = signature.items,
                               .signature_count = signature.count,
                               .except = changed};
    return search_keys(tree->root, 0, &search);
}

/* Recursion is as deep as the tree. */
static kith_err
collect_keys(const mls_node *node, key_list *encryption, key_list *signature)
{
    if (node == NULL) {
        return KITH_OK;
    }
    if (node->leaf != NULL) {
        KITH_TRY(push_key(encryption, node->leaf->node.encryption_key));
        KITH_TRY(push_key(signature, node->leaf->node.signature_key));
    }
    if (node->parent != NULL) {
        KITH_TRY(push_key(encryption, mls_parent_key(node->parent)));
    }
    KITH_TRY(collect_keys(node->child[0], encryption, signature));
    return collect_keys(node->child[1], encryption, signature);
}

static kith_err
check_unique(const mls_tree *tree)
{
    KITH_AUTO(key_list) encryption = {.alloc = tree->tools.alloc};
    KITH_AUTO(key_list) signature = {.alloc = tree->tools.alloc};

    KITH_TRY(collect_keys(tree->root, &encryption, &signature));
    KITH_TRY(sort_keys(encryption.items, encryption.count));
    return sort_keys(signature.items, signature.count);
}

/* ---- Unmerged leaves ---- */

/* Each unmerged leaf is a member below the parent, and every parent between them that is not blank lists it
 * too [RFC9420 §12.4.3.1]. */
static kith_err
check_unmerged(const mls_node *node, uint32_t first)
{
    for (size_t i = 0; i < node->parent->unmerged_count; i++) {
        const uint32_t leaf_index = node->parent->unmerged[i];
        KITH_ENSURE(leaf_index >= first && leaf_index - first < UINT32_C(1) << node->level,
                    KITH_ERR_REJECTED);
        const mls_node *below = node;
        while (below != NULL && below->level > 0) {
            KITH_ENSURE(below->parent == NULL || mls_parent_is_unmerged(below->parent, leaf_index),
                        KITH_ERR_REJECTED);
            below = below->child[leaf_index >> (below->level - 1) & 1];
        }
        KITH_ENSURE(below != NULL && below->leaf != NULL, KITH_ERR_REJECTED);
    }
    return KITH_OK;
}

/* ---- Parent hashes ---- */

/* The one node of the resolution of `child` that is not an unmerged leaf of the parent; NULL when there is
 * none or more than one, or when an unmerged leaf below `child` is not in the resolution. */
static kith_err
find_linked(const mls_tree *tree, uint32_t child_index, const mls_parent *parent,
            size_t unmerged_below, const mls_node **out)
{
    KITH_AUTO(mls_resolution) resolution = {.alloc = tree->tools.alloc};
    const mls_node *linked = NULL;
    uint32_t first = 0;
    size_t others = 0;

    KITH_TRY(mls_tree_resolve(tree, child_index, &resolution));
    for (size_t i = 0; i < resolution.count; i++) {
        const uint32_t index = resolution.items[i].node_index;
        if (index % 2 == 0 && mls_parent_is_unmerged(parent, index / 2)) {
            continue;
        }
        linked = mls_tree_node(tree, index, &first);
        others++;
    }
    const bool fits = others == 1 && resolution.count == unmerged_below + 1;
    *out = fits ? linked : NULL;
    return KITH_OK;
}

/* The parent_hash field of a node; empty for a leaf that no commit put there. */
static bool
has_parent_hash(const mls_node *node, kith_bytes hash)
{
    if (node->level > 0) {
        return kith_bytes_equal(mls_parent_hash_field(node->parent), hash);
    }
    return node->leaf->node.source == MLS_LEAF_SOURCE_COMMIT &&
           kith_bytes_equal(node->leaf->node.parent_hash, hash);
}

/* Whether the child on that side holds the node whose parent hash is that of `node` [RFC9420 §7.9.2]. */
static kith_err
check_side(const mls_tree *tree, const mls_node *node, uint32_t first, uint32_t side, bool *out)
{
    const mls_tools tools = tree->tools;
    const mls_parent *parent = node->parent;
    const uint32_t half = UINT32_C(1) << (node->level - 1);
    const uint32_t child_first = first + side * half;
    const mls_leaf_set unmerged = {.items = parent->unmerged, .count = parent->unmerged_count};
    uint8_t sibling[CRYPTO_HASH_MAX];
    uint8_t expected[CRYPTO_HASH_MAX];
    const size_t hash_len = crypto_hash_len(tools.suite->hash);
    const mls_node *linked = NULL;
    size_t below = 0;

    for (size_t i = 0; i < unmerged.count; i++) {
        below += unmerged.items[i] >= child_first && unmerged.items[i] - child_first < half ? 1 : 0;
    }
    *out = false;
    KITH_TRY(find_linked(tree, mls_index_of(child_first, (uint8_t)(node->level - 1)), parent, below,
                         &linked));
    if (linked == NULL) {
        return KITH_OK;
    }
    KITH_TRY(mls_node_original_hash(tools, node->child[1 - side], first + (1 - side) * half,
                                    unmerged, sibling));
    KITH_TRY(mls_parent_hash_of(tools, mls_parent_key(parent), mls_parent_hash_field(parent),
                                kith_bytes_of(sibling, hash_len), expected));
    *out = has_parent_hash(linked, kith_bytes_of(expected, hash_len));
    return KITH_OK;
}

/* Every parent is linked to exactly one node below it, hence covered by exactly one chain that begins at a
 * leaf. Recursion is as deep as the tree. */
static kith_err
check_parents(const mls_tree *tree, const mls_node *node, uint32_t first)
{
    if (node == NULL || node->level == 0) {
        return KITH_OK;
    }
    if (node->parent != NULL) {
        bool left = false;
        bool right = false;
        KITH_ENSURE(node->child[0] != NULL, KITH_ERR_REJECTED);
        KITH_TRY(check_unmerged(node, first));
        KITH_TRY(check_side(tree, node, first, 0, &left));
        KITH_TRY(check_side(tree, node, first, 1, &right));
        KITH_ENSURE(left != right, KITH_ERR_REJECTED);
    }
    KITH_TRY(check_parents(tree, node->child[0], first));
    return check_parents(tree, node->child[1], first + (UINT32_C(1) << (node->level - 1)));
}

kith_err
mls_tree_check(const mls_tree *tree)
{
    KITH_TRY(check_unique(tree));
    return check_parents(tree, tree->root, 0);
}
