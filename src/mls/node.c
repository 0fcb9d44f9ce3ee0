/* SPDX-License-Identifier: MPL-2.0 */
/* Counted values of the ratchet tree [RFC9420 §7.1-7.2]. Counts are not atomic: one thread at a time. */
#include "mls/node.h"

#include <string.h>

kith_err
mls_leaf_new(const kith_alloc *alloc, kith_bytes encoded, mls_leaf **out)
{
    mls_leaf *leaf = kith_mem_zalloc(alloc, 1, sizeof *leaf + encoded.len);
    KITH_ENSURE(leaf != NULL, KITH_ERR_NO_MEMORY);
    leaf->refs = 1;
    leaf->alloc = alloc;
    leaf->len = encoded.len;
    if (encoded.len > 0) {
        memcpy(leaf->bytes, encoded.data, encoded.len);
    }

    kith_reader r = kith_reader_of(mls_leaf_bytes(leaf));
    kith_err err = mls_leaf_node_decode(&r, &leaf->node);
    if (err == KITH_OK) {
        err = kith_reader_finish(&r);
    }
    if (err != KITH_OK) {
        mls_leaf_drop(leaf);
        return err;
    }
    *out = leaf;
    return KITH_OK;
}

mls_leaf *
mls_leaf_hold(mls_leaf *leaf)
{
    if (leaf != NULL) {
        leaf->refs++;
    }
    return leaf;
}

void
mls_leaf_drop(mls_leaf *leaf)
{
    if (leaf != NULL && --leaf->refs == 0) {
        kith_mem_free(leaf->alloc, leaf, sizeof *leaf + leaf->len);
    }
}

kith_bytes
mls_leaf_bytes(const mls_leaf *leaf)
{
    return kith_bytes_of(leaf->bytes, leaf->len);
}

kith_err
mls_parent_new(const kith_alloc *alloc, kith_bytes key, kith_bytes parent_hash, mls_parent **out)
{
    mls_parent *parent = kith_mem_zalloc(alloc, 1, sizeof *parent + key.len + parent_hash.len);
    KITH_ENSURE(parent != NULL, KITH_ERR_NO_MEMORY);
    parent->refs = 1;
    parent->alloc = alloc;
    parent->key_len = key.len;
    parent->parent_hash_len = parent_hash.len;
    if (key.len > 0) {
        memcpy(parent->bytes, key.data, key.len);
    }
    if (parent_hash.len > 0) {
        memcpy(parent->bytes + key.len, parent_hash.data, parent_hash.len);
    }
    *out = parent;
    return KITH_OK;
}

void
mls_parent_drop(mls_parent *parent)
{
    if (parent != NULL && --parent->refs == 0) {
        kith_mem_free(parent->alloc, parent->unmerged,
                      parent->unmerged_cap * sizeof *parent->unmerged);
        kith_mem_free(parent->alloc, parent,
                      sizeof *parent + parent->key_len + parent->parent_hash_len);
    }
}

kith_bytes
mls_parent_key(const mls_parent *parent)
{
    return kith_bytes_of(parent->bytes, parent->key_len);
}

kith_bytes
mls_parent_hash_field(const mls_parent *parent)
{
    return kith_bytes_of(parent->bytes + parent->key_len, parent->parent_hash_len);
}

/* Where `leaf_index` is or would be in the ascending list. */
static size_t
find_unmerged(const mls_parent *parent, uint32_t leaf_index)
{
    size_t low = 0;
    size_t high = parent->unmerged_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (parent->unmerged[middle] < leaf_index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool
mls_parent_is_unmerged(const mls_parent *parent, uint32_t leaf_index)
{
    const size_t at = find_unmerged(parent, leaf_index);

    return at < parent->unmerged_count && parent->unmerged[at] == leaf_index;
}

/* A copy with room for one more unmerged leaf. */
static kith_err
copy_parent(const mls_parent *parent, mls_parent **out)
{
    mls_parent *copy = NULL;

    KITH_TRY(mls_parent_new(parent->alloc, mls_parent_key(parent), mls_parent_hash_field(parent),
                            &copy));
    const kith_err err = kith_mem_grow(copy->alloc, (void **)&copy->unmerged, &copy->unmerged_cap,
                                       parent->unmerged_count + 1, sizeof *copy->unmerged);
    if (err != KITH_OK) {
        mls_parent_drop(copy);
        return err;
    }
    if (parent->unmerged_count > 0) {
        memcpy(copy->unmerged, parent->unmerged, parent->unmerged_count * sizeof *copy->unmerged);
    }
    copy->unmerged_count = parent->unmerged_count;
    *out = copy;
    return KITH_OK;
}

kith_err
mls_parent_add_unmerged(mls_parent **parent, uint32_t leaf_index)
{
    mls_parent *own = *parent;

    if (own->refs > 1) {
        KITH_TRY(copy_parent(*parent, &own));
        mls_parent_drop(*parent);
        *parent = own;
    }
    const size_t at = find_unmerged(own, leaf_index);
    if (at < own->unmerged_count && own->unmerged[at] == leaf_index) {
        return KITH_OK;
    }
    KITH_TRY(kith_mem_grow(own->alloc, (void **)&own->unmerged, &own->unmerged_cap,
                           own->unmerged_count + 1, sizeof *own->unmerged));
    memmove(own->unmerged + at + 1, own->unmerged + at,
            (own->unmerged_count - at) * sizeof *own->unmerged);
    own->unmerged[at] = leaf_index;
    own->unmerged_count++;
    return KITH_OK;
}

kith_err
mls_node_new(const kith_alloc *alloc, uint8_t level, mls_node **out)
{
    mls_node *node = kith_mem_zalloc(alloc, 1, sizeof *node);
    KITH_ENSURE(node != NULL, KITH_ERR_NO_MEMORY);
    node->refs = 1;
    node->level = level;
    *out = node;
    return KITH_OK;
}

mls_node *
mls_node_hold(mls_node *node)
{
    if (node != NULL) {
        node->refs++;
    }
    return node;
}

/* Recursion is as deep as the tree, at most MLS_LEVEL_MAX. */
void
mls_node_drop(const kith_alloc *alloc, mls_node *node)
{
    if (node == NULL || --node->refs > 0) {
        return;
    }
    mls_node_drop(alloc, node->child[0]);
    mls_node_drop(alloc, node->child[1]);
    mls_leaf_drop(node->leaf);
    mls_parent_drop(node->parent);
    kith_mem_free(alloc, node, sizeof *node);
}

static kith_err
copy_node(const kith_alloc *alloc, mls_node *node, mls_node **out)
{
    mls_node *copy = NULL;

    KITH_TRY(mls_node_new(alloc, node->level, &copy));
    copy->members = node->members;
    copy->child[0] = mls_node_hold(node->child[0]);
    copy->child[1] = mls_node_hold(node->child[1]);
    copy->leaf = mls_leaf_hold(node->leaf);
    copy->parent = node->parent;
    if (copy->parent != NULL) {
        copy->parent->refs++;
    }
    *out = copy;
    return KITH_OK;
}

/* Gives a wholly blank subtree its two halves. */
static kith_err
give_children(const kith_alloc *alloc, mls_node *node)
{
    mls_node *left = NULL;
    mls_node *right = NULL;

    KITH_TRY(mls_node_new(alloc, (uint8_t)(node->level - 1), &left));
    const kith_err err = mls_node_new(alloc, (uint8_t)(node->level - 1), &right);
    if (err != KITH_OK) {
        mls_node_drop(alloc, left);
        return err;
    }
    node->child[0] = left;
    node->child[1] = right;
    return KITH_OK;
}

kith_err
mls_node_open(const kith_alloc *alloc, mls_node **slot)
{
    mls_node *node = *slot;

    if (node->refs > 1) {
        KITH_TRY(copy_node(alloc, *slot, &node));
        mls_node_drop(alloc, *slot);
        *slot = node;
    }
    node->hashed = false;
    if (node->level > 0 && node->child[0] == NULL) {
        KITH_TRY(give_children(alloc, node));
    }
    return KITH_OK;
}
