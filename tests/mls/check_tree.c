/* SPDX-License-Identifier: MPL-2.0 */
/* Items of vector files about the ratchet tree: operations, validation, TreeKEM. */
#include "mls/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/leaf.h"
#include "mls/proposal.h"
#include "mls/tree_math.h"
#include "mls/treekem.h"

static void
assert_tree_hash(const mls_tree *tree, yyjson_val *item, const char *key)
{
    mls_hash hash = {.len = mls_suite_hash_len(tree->tools.suite)};

    assert_ok(mls_tree_hash(tree, hash.bytes));
    assert_field(mls_hash_bytes(&hash), item, key);
}

static mls_tree
read_tree(mls_tools tools, yyjson_val *item, const char *key)
{
    KITH_AUTO(kith_buf) encoded = vec_hex(item, key);
    KITH_AUTO(kith_buf) again = {0};
    mls_tree tree = {0};

    assert_ok(mls_tree_decode(tools, kith_bytes_of_buf(&encoded), &tree));
    assert_ok(mls_tree_encode(&tree, &again));
    assert_bytes(kith_bytes_of_buf(&again), kith_bytes_of_buf(&encoded));
    return tree;
}

/* ---- Operations ---- */

static void
apply_proposal(mls_tree *tree, const mls_proposal *proposal, uint32_t sender)
{
    mls_leaf *leaf = NULL;
    uint32_t index = 0;

    switch (proposal->type) {
    case MLS_PROPOSAL_ADD:
        assert_ok(mls_leaf_new(NULL, proposal->add.leaf_bytes, &leaf));
        assert_ok(mls_tree_add(tree, leaf, &index));
        break;
    case MLS_PROPOSAL_UPDATE:
        assert_ok(mls_leaf_new(NULL, proposal->update.leaf_bytes, &leaf));
        assert_ok(mls_tree_update(tree, sender, leaf));
        break;
    default:
        assert_int_equal(proposal->type, MLS_PROPOSAL_REMOVE);
        assert_ok(mls_tree_remove(tree, proposal->removed));
        break;
    }
    mls_leaf_drop(leaf);
}

void
check_tree_operation(vectors *v, mls_tools tools, yyjson_val *item)
{
    mls_tree before = read_tree(tools, item, "tree_before");
    mls_tree after = mls_tree_clone(&before);
    KITH_AUTO(kith_buf) bytes = vec_hex(item, "proposal");
    KITH_AUTO(kith_buf) encoded = {0};
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
    mls_proposal proposal;

    (void)v;
    assert_tree_hash(&before, item, "tree_hash_before");
    assert_ok(mls_proposal_decode(&r, &proposal));
    assert_ok(kith_reader_finish(&r));
    apply_proposal(&after, &proposal, (uint32_t)vec_uint(item, "proposal_sender"));
    assert_ok(mls_tree_encode(&after, &encoded));
    assert_field(kith_bytes_of_buf(&encoded), item, "tree_after");
    assert_tree_hash(&after, item, "tree_hash_after");
    /* The tree it was cloned from has not changed. */
    kith_buf_clear(&encoded);
    assert_ok(mls_tree_encode(&before, &encoded));
    assert_field(kith_bytes_of_buf(&encoded), item, "tree_before");
    mls_tree_done(&before);
    mls_tree_done(&after);
}

/* ---- Validation ---- */

static void
check_resolutions(const mls_tree *tree, yyjson_val *item)
{
    size_t index = 0;
    size_t n = 0;
    yyjson_val *expected = NULL;

    yyjson_arr_foreach(vec_get(item, "resolutions"), index, n, expected)
    {
        KITH_AUTO(mls_resolution) resolution = {0};
        assert_ok(mls_tree_resolve(tree, (uint32_t)index, &resolution));
        assert_int_equal(resolution.count, yyjson_arr_size(expected));
        for (size_t k = 0; k < resolution.count; k++) {
            assert_int_equal(resolution.items[k].node_index,
                             yyjson_get_uint(yyjson_arr_get(expected, k)));
        }
    }
}

static void
check_hashes(const mls_tree *tree, yyjson_val *item)
{
    size_t index = 0;
    size_t n = 0;
    yyjson_val *expected = NULL;

    yyjson_arr_foreach(vec_get(item, "tree_hashes"), index, n, expected)
    {
        uint32_t first = 0;
        mls_node *node = mls_tree_node(tree, (uint32_t)index, &first);
        KITH_AUTO(kith_buf) hash = vec_hex_of(expected);
        if (node != NULL) { /* inside a wholly blank subtree there are no positions */
            assert_ok(mls_node_hash(tree->tools, node, first));
            assert_memory_equal(node->hash, hash.data, hash.len);
        }
    }
}

void
check_tree_validation(vectors *v, mls_tools tools, yyjson_val *item)
{
    mls_tree tree = read_tree(tools, item, "tree");
    KITH_AUTO(kith_buf) group_id = vec_hex(item, "group_id");
    mls_leaf_rules rules = {.group_id = kith_bytes_of_buf(&group_id), .lifetime_max_s = UINT64_MAX};

    (void)v;
    check_resolutions(&tree, item);
    check_hashes(&tree, item);
    assert_ok(mls_tree_check(&tree));
    for (uint32_t index = mls_tree_next_member(&tree, 0); index != MLS_LEAF_NONE;
         index = mls_tree_next_member(&tree, index + 1)) {
        rules.leaf_index = index;
        assert_ok(mls_leaf_check(tools, mls_tree_leaf(&tree, index), &rules));
    }
    mls_tree_done(&tree);
}

/* ---- TreeKEM ---- */

/* Fields of one TreeKEM vector that every step needs. */
typedef struct kem_case {
    const mls_env *env;
    mls_tools tools;
    yyjson_val *item;
    mls_tree tree;
    kith_buf group_id;
    kith_buf confirmed;
} kem_case;

/* The GroupContext of the vector over a tree. */
static kith_buf
context_of(const kem_case *kase, const mls_tree *tree)
{
    kith_buf out = {0};
    kith_writer w = kith_writer_of(&out);
    mls_hash hash = {.len = mls_suite_hash_len(kase->tools.suite)};

    assert_ok(mls_tree_hash(tree, hash.bytes));
    assert_ok(mls_group_context_encode(
        &w,
        &(mls_group_context){.suite = kase->tools.suite_id,
                             .group_id = kith_bytes_of_buf(&kase->group_id),
                             .epoch = vec_uint(kase->item, "epoch"),
                             .tree_hash = mls_hash_bytes(&hash),
                             .confirmed_transcript_hash = kith_bytes_of_buf(&kase->confirmed)}));
    return out;
}

static yyjson_val *
find_private(const kem_case *kase, uint32_t leaf_index)
{
    size_t i = 0;
    size_t n = 0;
    yyjson_val *entry = NULL;

    yyjson_arr_foreach(vec_get(kase->item, "leaves_private"), i, n, entry)
    {
        if (vec_uint(entry, "index") == leaf_index) {
            return entry;
        }
    }
    return NULL;
}

/* A member's private keys as the vector gives them, checked against the tree. */
static mls_private
private_of(const kem_case *kase, uint32_t leaf_index)
{
    yyjson_val *entry = find_private(kase, leaf_index);
    KITH_AUTO(kith_buf) leaf_key = vec_hex(entry, "encryption_priv");
    mls_private keys = {0};
    size_t i = 0;
    size_t n = 0;
    yyjson_val *secret = NULL;

    assert_ok(mls_private_new(NULL, leaf_index, kith_bytes_of_buf(&leaf_key), &keys));
    yyjson_arr_foreach(vec_get(entry, "path_secrets"), i, n, secret)
    {
        KITH_AUTO(kith_buf) bytes = vec_hex(secret, "path_secret");
        KITH_AUTO(kith_secret) node_secret = {0};
        KITH_AUTO(crypto_kem_pair) pair = {0};
        assert_ok(mls_derive_secret(kase->tools, kith_bytes_of_buf(&bytes), "node", &node_secret));
        assert_ok(crypto_kem_derive(kase->tools.crypto, kase->tools.suite->hpke.kem,
                                    kith_bytes_of_secret(&node_secret), &pair));
        assert_ok(mls_private_set(&keys, mls_index_level((uint32_t)vec_uint(secret, "node")),
                                  kith_bytes_of_secret(&pair.private_key)));
    }
    assert_ok(mls_private_check(&keys, &kase->tree));
    return keys;
}

/* Every other member opens the path and comes to the same secret. */
static void
open_for_all(const kem_case *kase, const mls_tree *merged, kith_bytes nodes, uint32_t sender,
             kith_bytes commit_secret)
{
    KITH_AUTO(kith_buf) context = context_of(kase, merged);
    const mls_path_scope scope = {.sender = sender, .context = kith_bytes_of_buf(&context)};

    for (uint32_t index = mls_tree_next_member(&kase->tree, 0); index != MLS_LEAF_NONE;
         index = mls_tree_next_member(&kase->tree, index + 1)) {
        KITH_AUTO(kith_secret) secret = {0};
        if (index == sender || find_private(kase, index) == NULL) {
            continue;
        }
        KITH_AUTO(mls_private) keys = private_of(kase, index);
        assert_ok(mls_path_decrypt(merged, nodes, &scope, &keys, &secret));
        assert_bytes(kith_bytes_of_secret(&secret), commit_secret);
        assert_ok(mls_private_check(&keys, merged));
    }
}

static void
check_given_path(const kem_case *kase, yyjson_val *path)
{
    const uint32_t sender = (uint32_t)vec_uint(path, "sender");
    KITH_AUTO(kith_buf) bytes = vec_hex(path, "update_path");
    KITH_AUTO(kith_buf) commit_secret = vec_hex(path, "commit_secret");
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
    mls_tree merged = mls_tree_clone(&kase->tree);
    mls_leaf_node node;
    mls_leaf *leaf = NULL;
    kith_bytes nodes;

    const kith_reader from = r;
    assert_ok(mls_leaf_node_decode(&r, &node));
    assert_ok(mls_leaf_new(NULL, kith_reader_since(&from, &r), &leaf));
    assert_ok(kith_read_varvec(&r, &nodes));
    assert_ok(kith_reader_finish(&r));
    assert_ok(mls_path_merge(&merged, sender, leaf, nodes));
    assert_tree_hash(&merged, path, "tree_hash_after");
    open_for_all(kase, &merged, nodes, sender, kith_bytes_of_buf(&commit_secret));
    mls_leaf_drop(leaf);
    mls_tree_done(&merged);
}

static void
check_new_path(const kem_case *kase, uint32_t sender)
{
    KITH_AUTO(kith_buf) signature_key = vec_hex(find_private(kase, sender), "signature_priv");
    mls_tree merged = mls_tree_clone(&kase->tree);
    KITH_AUTO(mls_new_path) path = {0};
    KITH_AUTO(kith_buf) update_path = {0};
    crypto_sign_key *signer = NULL;
    mls_leaf_node leaf;
    kith_bytes nodes;

    assert_ok(crypto_sign_key_import(kase->tools.crypto, kase->tools.suite->sign,
                                     kith_bytes_of_buf(&signature_key), &signer));
    const mls_leaf_draft draft = {.env = kase->env,
                                  .signer = signer,
                                  .like = mls_tree_leaf(&kase->tree, sender),
                                  .group_id = kith_bytes_of_buf(&kase->group_id)};
    assert_ok(mls_path_make(&merged, sender, &draft, crypto_rng(), &path));
    KITH_AUTO(kith_buf) context = context_of(kase, &merged);
    const mls_path_scope scope = {.sender = sender, .context = kith_bytes_of_buf(&context)};
    assert_ok(mls_path_encrypt(&merged, &path, &scope, crypto_rng(), &update_path));
    assert_ok(mls_private_check(&path.keys, &merged));
    assert_ok(mls_tree_check(&merged));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&update_path));
    assert_ok(mls_leaf_node_decode(&r, &leaf));
    assert_ok(kith_read_varvec(&r, &nodes));
    open_for_all(kase, &merged, nodes, sender, kith_bytes_of_secret(&path.commit_secret));
    crypto_sign_key_free(signer);
    mls_tree_done(&merged);
}

void
check_treekem(vectors *v, mls_tools tools, yyjson_val *item)
{
    kem_case kase = {.env = &v->env,
                     .tools = tools,
                     .item = item,
                     .tree = read_tree(tools, item, "ratchet_tree"),
                     .group_id = vec_hex(item, "group_id"),
                     .confirmed = vec_hex(item, "confirmed_transcript_hash")};
    size_t i = 0;
    size_t n = 0;
    yyjson_val *path = NULL;

    yyjson_arr_foreach(vec_get(item, "update_paths"), i, n, path)
    {
        check_given_path(&kase, path);
        check_new_path(&kase, (uint32_t)vec_uint(path, "sender"));
    }
    mls_tree_done(&kase.tree);
    kith_buf_done(&kase.group_id);
    kith_buf_done(&kase.confirmed);
}
