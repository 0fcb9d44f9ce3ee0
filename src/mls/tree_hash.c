/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Tree hashes [RFC9420 §7.8] and parent hashes [RFC9420 §7.9]. Hashes are cached in the positions and
 * computed for those only that changed. Inputs are hashed in parts, without copying leaves or keys.
 */
#include <string.h>

#include "mls/tree.h"

enum { NODE_LEAF = 1, NODE_PARENT = 2 };

/* Largest header before a vector's content: a variable-size length of at most 2^30 - 1. */
#define VARINT_MAX 4u

/* A length prefix [RFC9420 §2.1.2]; returns the bytes used. */
static size_t
put_varint(uint8_t out[VARINT_MAX], size_t value)
{
    if (value < 0x40) {
        out[0] = (uint8_t)value;
        return 1;
    }
    if (value < 0x4000) {
        out[0] = (uint8_t)(0x40 | value >> 8);
        out[1] = (uint8_t)value;
        return 2;
    }
    out[0] = (uint8_t)(0x80 | value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
    return 4;
}

static size_t
hash_len_of(mls_tools tools)
{
    return crypto_hash_len(tools.suite->hash);
}

static kith_err
hash_leaf(mls_tools tools, const mls_leaf *leaf, uint32_t leaf_index, uint8_t *out)
{
    const uint8_t head[] = {NODE_LEAF,
                            (uint8_t)(leaf_index >> 24),
                            (uint8_t)(leaf_index >> 16),
                            (uint8_t)(leaf_index >> 8),
                            (uint8_t)leaf_index,
                            leaf != NULL};
    const kith_bytes content = leaf == NULL ? (kith_bytes){0} : mls_leaf_bytes(leaf);

    return crypto_digest(tools.crypto, tools.suite->hash, CRYPTO_PARTS(KITH_BYTES(head), content),
                         out);
}

/* The unmerged leaves of a parent that are not in `without`, as an encoded vector. */
static kith_err
write_unmerged(const mls_parent *parent, mls_leaf_set without, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);
    size_t mark = 0;

    KITH_TRY(kith_write_open(&w, KITH_VEC_VAR, &mark));
    for (size_t i = 0; i < parent->unmerged_count; i++) {
        if (!mls_leaf_set_has(without, parent->unmerged[i])) {
            KITH_TRY(kith_write_u32(&w, parent->unmerged[i]));
        }
    }
    return kith_write_close(&w, KITH_VEC_VAR, mark);
}

/* `children` are the two hashes of the children, one behind the other with their length prefixes. */
static kith_err
hash_parent(mls_tools tools, const mls_parent *parent, mls_leaf_set without, kith_bytes children,
            uint8_t *out)
{
    const uint8_t head[] = {NODE_PARENT, parent != NULL};

    if (parent == NULL) {
        return crypto_digest(tools.crypto, tools.suite->hash,
                             CRYPTO_PARTS(KITH_BYTES(head), children), out);
    }
    uint8_t key_len[VARINT_MAX];
    uint8_t hash_len[VARINT_MAX];
    const kith_bytes key = mls_parent_key(parent);
    const kith_bytes field = mls_parent_hash_field(parent);
    const uint8_t none = 0;
    kith_bytes unmerged = kith_bytes_of(&none, 1);
    KITH_AUTO(kith_buf) list = {.alloc = tools.alloc};
    if (parent->unmerged_count > 0) {
        KITH_TRY(write_unmerged(parent, without, &list));
        unmerged = kith_bytes_of_buf(&list);
    }
    return crypto_digest(tools.crypto, tools.suite->hash,
                         CRYPTO_PARTS(KITH_BYTES(head),
                                      kith_bytes_of(key_len, put_varint(key_len, key.len)), key,
                                      kith_bytes_of(hash_len, put_varint(hash_len, field.len)),
                                      field, unmerged, children),
                         out);
}

/* The encoded hashes of two children: a length prefix of one or two bytes before each. */
typedef struct child_hashes {
    uint8_t bytes[2 * (2 + CRYPTO_HASH_MAX)];
    size_t stride; /* of one of them, prefix included */
    size_t hash_len;
} child_hashes;

static child_hashes
start_children(mls_tools tools)
{
    child_hashes children = {.hash_len = hash_len_of(tools)};

    children.stride = put_varint(children.bytes, children.hash_len) + children.hash_len;
    put_varint(children.bytes + children.stride, children.hash_len);
    return children;
}

/* Where the hash of child `side` goes. */
static uint8_t *
slot_of(child_hashes *children, size_t side)
{
    return children->bytes + (side + 1) * children->stride - children->hash_len;
}

static kith_bytes
bytes_of(const child_hashes *children)
{
    return kith_bytes_of(children->bytes, 2 * children->stride);
}

/* A wholly blank subtree. Recursion is as deep as the tree, at most MLS_LEVEL_MAX. */
static kith_err
hash_blank(mls_tools tools, uint8_t level, uint32_t first, uint8_t *out)
{
    if (level == 0) {
        return hash_leaf(tools, NULL, first, out);
    }
    child_hashes children = start_children(tools);
    for (uint32_t side = 0; side < 2; side++) {
        KITH_TRY(hash_blank(tools, (uint8_t)(level - 1), first + (side << (level - 1)),
                            slot_of(&children, side)));
    }
    return hash_parent(tools, NULL, (mls_leaf_set){0}, bytes_of(&children), out);
}

static kith_err
hash_children(mls_tools tools, mls_node *node, uint32_t first, uint8_t *out)
{
    child_hashes children = start_children(tools);

    for (uint32_t side = 0; side < 2; side++) {
        mls_node *child = node->child[side];
        KITH_TRY(mls_node_hash(tools, child, first + (side << (node->level - 1))));
        memcpy(slot_of(&children, side), child->hash, children.hash_len);
    }
    return hash_parent(tools, node->parent, (mls_leaf_set){0}, bytes_of(&children), out);
}

kith_err
mls_node_hash(mls_tools tools, mls_node *node, uint32_t first)
{
    if (node->hashed) {
        return KITH_OK;
    }
    if (node->level == 0) {
        KITH_TRY(hash_leaf(tools, node->leaf, first, node->hash));
    } else if (node->child[0] == NULL) {
        KITH_TRY(hash_blank(tools, node->level, first, node->hash));
    } else {
        KITH_TRY(hash_children(tools, node, first, node->hash));
    }
    node->hashed = true;
    return KITH_OK;
}

kith_err
mls_tree_hash(const mls_tree *tree, uint8_t *out)
{
    KITH_TRY(mls_node_hash(tree->tools, tree->root, 0));
    memcpy(out, tree->root->hash, hash_len_of(tree->tools));
    return KITH_OK;
}

kith_err
mls_parent_hash_of(mls_tools tools, kith_bytes key, kith_bytes parent_hash, kith_bytes sibling_hash,
                   uint8_t *out)
{
    uint8_t key_len[VARINT_MAX];
    uint8_t parent_len[VARINT_MAX];
    uint8_t sibling_len[VARINT_MAX];

    return crypto_digest(
        tools.crypto, tools.suite->hash,
        CRYPTO_PARTS(
            kith_bytes_of(key_len, put_varint(key_len, key.len)), key,
            kith_bytes_of(parent_len, put_varint(parent_len, parent_hash.len)), parent_hash,
            kith_bytes_of(sibling_len, put_varint(sibling_len, sibling_hash.len)), sibling_hash),
        out);
}

/* The part of an ascending set that is in [first, first + size). */
static mls_leaf_set
cut_set(mls_leaf_set set, uint32_t first, uint32_t size)
{
    size_t from = 0;
    size_t to = set.count;

    while (from < to && set.items[from] < first) {
        from++;
    }
    while (to > from && set.items[to - 1] - first >= size) {
        to--;
    }
    return (mls_leaf_set){.items = set.items == NULL ? NULL : set.items + from, .count = to - from};
}

/* Recursion is as deep as the tree; it enters only subtrees that hold a leaf of `unmerged`. */
kith_err
mls_node_original_hash(mls_tools tools, mls_node *node, uint32_t first, mls_leaf_set unmerged,
                       uint8_t *out)
{
    const mls_leaf_set here = cut_set(unmerged, first, UINT32_C(1) << node->level);

    if (here.count == 0 || node->members == 0) {
        KITH_TRY(mls_node_hash(tools, node, first));
        memcpy(out, node->hash, hash_len_of(tools));
        return KITH_OK;
    }
    if (node->level == 0) {
        return hash_leaf(tools, NULL, first, out);
    }
    child_hashes children = start_children(tools);
    for (uint32_t side = 0; side < 2; side++) {
        KITH_TRY(mls_node_original_hash(tools, node->child[side],
                                        first + (side << (node->level - 1)), here,
                                        slot_of(&children, side)));
    }
    return hash_parent(tools, node->parent, here, bytes_of(&children), out);
}
