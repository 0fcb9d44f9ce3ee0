/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Making and taking in UpdatePaths [RFC9420 §7.4-7.6]. The parents of a path exist exactly at those levels
 * where the copath child has a member: that is the filtered direct path [RFC9420 §4.1.2].
 */
#include "mls/treekem.h"

#include <string.h>

#include "mls/label.h"
#include "mls/tree_math.h"

/* ---- Private keys ---- */

static kith_err
reserve_levels(mls_private *keys, size_t count)
{
    return kith_mem_grow(keys->alloc, (void **)&keys->keys, &keys->count, count,
                         sizeof *keys->keys);
}

kith_err
mls_private_new(const kith_alloc *alloc, uint32_t leaf_index, kith_bytes leaf_key, mls_private *out)
{
    KITH_AUTO(mls_private) keys = {.alloc = alloc, .leaf_index = leaf_index};

    KITH_TRY(mls_private_set(&keys, 0, leaf_key));
    *out = keys;
    keys = (mls_private){0};
    return KITH_OK;
}

kith_err
mls_private_copy(const mls_private *from, mls_private *out)
{
    mls_private copy = {.alloc = from->alloc, .leaf_index = from->leaf_index};

    KITH_TRY(reserve_levels(&copy, from->count));
    if (from->count > 0) {
        memcpy(copy.keys, from->keys, from->count * sizeof *copy.keys);
    }
    *out = copy;
    return KITH_OK;
}

void
mls_private_done(mls_private *keys)
{
    kith_mem_free(keys->alloc, keys->keys, keys->count * sizeof *keys->keys);
    *keys = (mls_private){0};
}

kith_bytes
mls_private_at(const mls_private *keys, uint8_t level)
{
    return level < keys->count ? kith_bytes_of_secret(&keys->keys[level]) : (kith_bytes){0};
}

kith_err
mls_private_set(mls_private *keys, uint8_t level, kith_bytes key)
{
    KITH_TRY(reserve_levels(keys, (size_t)level + 1));
    return kith_secret_set(&keys->keys[level], key);
}

void
mls_private_prune(mls_private *keys, const mls_tree *tree)
{
    for (size_t level = 1; level < keys->count; level++) {
        if (level > mls_tree_top(tree) ||
            mls_tree_parent(tree, keys->leaf_index, (uint8_t)level) == NULL) {
            kith_secret_done(&keys->keys[level]);
        }
    }
}

/* path_secret[n+1] from path_secret[n], in place [RFC9420 §7.4]. */
static kith_err
step_secret(mls_tools tools, kith_secret *secret)
{
    return mls_derive_secret(tools, kith_bytes_of_secret(secret), "path", secret);
}

/* The key pair of a path secret [RFC9420 §7.4]. */
static kith_err
derive_pair(mls_tools tools, const kith_secret *path_secret, crypto_kem_pair *out)
{
    KITH_AUTO(kith_secret) node_secret = {0};

    KITH_TRY(mls_derive_secret(tools, kith_bytes_of_secret(path_secret), "node", &node_secret));
    return crypto_kem_derive(tools.crypto, tools.suite->hpke.kem,
                             kith_bytes_of_secret(&node_secret), out);
}

kith_err
mls_private_derive(mls_private *keys, const mls_tree *tree, uint8_t level, kith_bytes path_secret,
                   kith_secret *commit_secret)
{
    KITH_AUTO(kith_secret) secret = {0};

    KITH_TRY(kith_secret_set(&secret, path_secret));
    for (; level <= mls_tree_top(tree); level++) {
        const mls_parent *parent = mls_tree_parent(tree, keys->leaf_index, level);
        if (parent == NULL) {
            continue;
        }
        KITH_AUTO(crypto_kem_pair) pair = {0};
        KITH_TRY(derive_pair(tree->tools, &secret, &pair));
        KITH_ENSURE(kith_bytes_equal(kith_bytes_of_buf(&pair.public_key), mls_parent_key(parent)),
                    KITH_ERR_REJECTED);
        KITH_TRY(mls_private_set(keys, level, kith_bytes_of_secret(&pair.private_key)));
        KITH_TRY(step_secret(tree->tools, &secret));
    }
    *commit_secret = kith_secret_take(&secret);
    return KITH_OK;
}

static kith_err
check_pair(mls_tools tools, kith_bytes private_key, kith_bytes public_key)
{
    KITH_AUTO(kith_buf) computed = {.alloc = tools.alloc};

    KITH_TRY(crypto_kem_public(tools.crypto, tools.suite->hpke.kem, private_key, &computed));
    KITH_ENSURE(kith_bytes_equal(kith_bytes_of_buf(&computed), public_key), KITH_ERR_REJECTED);
    return KITH_OK;
}

kith_err
mls_private_check(const mls_private *keys, const mls_tree *tree)
{
    const mls_leaf *leaf = mls_tree_leaf(tree, keys->leaf_index);

    KITH_ENSURE(leaf != NULL, KITH_ERR_REJECTED);
    KITH_TRY(check_pair(tree->tools, mls_private_at(keys, 0), leaf->node.encryption_key));
    for (uint8_t level = 1; level <= MLS_LEVEL_MAX; level++) {
        const kith_bytes key = mls_private_at(keys, level);
        if (key.len == 0) {
            continue;
        }
        KITH_ENSURE(level <= mls_tree_top(tree), KITH_ERR_REJECTED);
        const mls_parent *parent = mls_tree_parent(tree, keys->leaf_index, level);
        KITH_ENSURE(parent != NULL, KITH_ERR_REJECTED);
        KITH_TRY(check_pair(tree->tools, key, mls_parent_key(parent)));
    }
    return KITH_OK;
}

/* ---- The public half of a path ---- */

/* Replaces the parents above a leaf: those of `keys[level]` (empty: blank). Works from the root down, since
 * each parent hash covers the one above [RFC9420 §7.9]; `parent_hash` gets the leaf's. */
static kith_err
put_parents(mls_tree *tree, uint32_t sender, const kith_bytes *keys, kith_buf *parent_hash)
{
    mls_path path;
    const mls_tools tools = tree->tools;
    const size_t hash_len = crypto_hash_len(tools.suite->hash);

    KITH_TRY(mls_tree_open(tree, sender, &path));
    for (uint8_t level = path.top; level > 0; level--) {
        mls_node *node = path.at[level];
        mls_parent_drop(node->parent);
        node->parent = NULL;
        if (keys[level].len == 0) {
            continue;
        }
        const uint32_t half = UINT32_C(1) << (level - 1);
        mls_node *sibling = node->child[1 - (sender >> (level - 1) & 1)];
        uint8_t hash[CRYPTO_HASH_MAX];
        KITH_TRY(mls_parent_new(tools.alloc, keys[level], kith_bytes_of_buf(parent_hash),
                                &node->parent));
        KITH_TRY(mls_node_hash(tools, sibling, (sender ^ half) & ~(half - 1)));
        KITH_TRY(mls_parent_hash_of(tools, keys[level], kith_bytes_of_buf(parent_hash),
                                    kith_bytes_of(sibling->hash, hash_len), hash));
        KITH_TRY(kith_buf_set(parent_hash, kith_bytes_of(hash, hash_len)));
    }
    return KITH_OK;
}

/* Whether the filtered direct path of the leaf has a node at that level. */
static bool
is_on_path(const mls_tree *tree, uint32_t leaf_index, uint8_t level)
{
    return mls_tree_copath_members(tree, leaf_index, level) > 0;
}

/* ---- Making a path ---- */

void
mls_new_path_done(mls_new_path *path)
{
    mls_private_done(&path->keys);
    kith_mem_free(path->alloc, path->secrets, path->count * sizeof *path->secrets);
    kith_secret_done(&path->commit_secret);
    *path = (mls_new_path){0};
}

/* Public keys of a path under construction, by level. */
typedef struct path_publics {
    kith_buf keys[MLS_LEVEL_MAX + 1];
} path_publics;

static void
path_publics_done(path_publics *publics)
{
    for (size_t i = 0; i <= MLS_LEVEL_MAX; i++) {
        kith_buf_done(&publics->keys[i]);
    }
}

/* Fresh keys for the leaf and for each level on the path [RFC9420 §7.4]. */
static kith_err
generate_keys(const mls_tree *tree, uint32_t sender, const kith_rng *rng, mls_new_path *path,
              path_publics *publics)
{
    const mls_tools tools = tree->tools;
    KITH_AUTO(kith_secret) secret = {0};
    KITH_AUTO(crypto_kem_pair) leaf = {0};

    KITH_TRY(crypto_kem_generate(tools.crypto, tools.suite->hpke.kem, rng, &leaf));
    KITH_TRY(
        mls_private_new(tools.alloc, sender, kith_bytes_of_secret(&leaf.private_key), &path->keys));
    publics->keys[0] = kith_buf_take(&leaf.public_key);
    KITH_TRY(kith_rng_secret(rng, crypto_hash_len(tools.suite->hash), &secret));
    for (uint8_t level = 1; level <= mls_tree_top(tree); level++) {
        if (!is_on_path(tree, sender, level)) {
            continue;
        }
        KITH_AUTO(crypto_kem_pair) pair = {0};
        KITH_TRY(derive_pair(tools, &secret, &pair));
        KITH_TRY(mls_private_set(&path->keys, level, kith_bytes_of_secret(&pair.private_key)));
        publics->keys[level] = kith_buf_take(&pair.public_key);
        path->secrets[level] = secret;
        KITH_TRY(step_secret(tools, &secret));
    }
    path->commit_secret = kith_secret_take(&secret);
    return KITH_OK;
}

kith_err
mls_path_make(mls_tree *tree, uint32_t sender, const mls_leaf_draft *draft, const kith_rng *rng,
              mls_new_path *out)
{
    const mls_tools tools = tree->tools;
    const size_t count = (size_t)mls_tree_top(tree) + 1;
    KITH_AUTO(mls_new_path) path = {.alloc = tools.alloc};
    KITH_AUTO(path_publics) publics = {0};
    KITH_AUTO(kith_buf) parent_hash = {.alloc = tools.alloc};
    kith_bytes keys[MLS_LEVEL_MAX + 1] = {0};
    mls_leaf_draft full = *draft;
    mls_leaf *leaf = NULL;

    path.secrets = kith_mem_zalloc(tools.alloc, count, sizeof *path.secrets);
    KITH_ENSURE(path.secrets != NULL, KITH_ERR_NO_MEMORY);
    path.count = count;
    KITH_TRY(generate_keys(tree, sender, rng, &path, &publics));
    for (size_t level = 0; level < count; level++) {
        keys[level] = kith_bytes_of_buf(&publics.keys[level]);
    }
    KITH_TRY(put_parents(tree, sender, keys, &parent_hash));
    full.encryption_key = keys[0];
    full.source = MLS_LEAF_SOURCE_COMMIT;
    full.parent_hash = kith_bytes_of_buf(&parent_hash);
    full.leaf_index = sender;
    KITH_TRY(mls_leaf_make(tools, &full, &leaf));
    const kith_err err = mls_tree_set_leaf(tree, sender, leaf);
    mls_leaf_drop(leaf);
    KITH_TRY(err);
    *out = path;
    path = (mls_new_path){0};
    return KITH_OK;
}

kith_bytes
mls_new_path_secret_for(const mls_new_path *path, uint32_t sender, uint32_t leaf_index)
{
    const uint8_t level = mls_tree_meeting_level(sender, leaf_index);

    return level < path->count ? kith_bytes_of_secret(&path->secrets[level]) : (kith_bytes){0};
}

/* One HPKECiphertext [RFC9420 §7.6]. */
static kith_err
write_sealed(mls_tools tools, const mls_seal *seal, const kith_rng *rng, kith_writer *w)
{
    KITH_AUTO(crypto_hpke_sealed) sealed = {0};

    KITH_TRY(mls_encrypt_with_label(tools, rng, seal, &sealed));
    KITH_TRY(kith_write_varvec(w, kith_bytes_of_buf(&sealed.kem_output)));
    return kith_write_varvec(w, kith_bytes_of_buf(&sealed.ciphertext));
}

typedef struct path_writer {
    const mls_tree *tree;
    const mls_new_path *path;
    const mls_path_scope *scope;
    const kith_rng *rng;
} path_writer;

/* One UpdatePathNode [RFC9420 §7.6]. */
static kith_err
write_path_node(const path_writer *in, uint8_t level, kith_writer *w)
{
    const mls_tree *tree = in->tree;
    const mls_path_scope *scope = in->scope;

    KITH_AUTO(mls_resolution) resolution = {.alloc = tree->tools.alloc};
    const mls_parent *parent = mls_tree_parent(tree, scope->sender, level);
    size_t mark = 0;

    KITH_ENSURE(parent != NULL, KITH_ERR_INVALID);
    KITH_TRY(kith_write_varvec(w, mls_parent_key(parent)));
    KITH_TRY(mls_tree_resolve_copath(tree, scope->sender, level, scope->added, &resolution));
    KITH_TRY(kith_write_open(w, KITH_VEC_VAR, &mark));
    for (size_t i = 0; i < resolution.count; i++) {
        const mls_seal seal = {.key = resolution.items[i].key,
                               .label = "UpdatePathNode",
                               .context = scope->context,
                               .text = kith_bytes_of_secret(&in->path->secrets[level])};
        KITH_TRY(write_sealed(tree->tools, &seal, in->rng, w));
    }
    return kith_write_close(w, KITH_VEC_VAR, mark);
}

kith_err
mls_path_encrypt(const mls_tree *tree, const mls_new_path *path, const mls_path_scope *scope,
                 const kith_rng *rng, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = tree->tools.alloc};
    kith_writer w = kith_writer_of(&draft);
    size_t mark = 0;
    const mls_leaf *leaf = mls_tree_leaf(tree, scope->sender);

    const path_writer in = {.tree = tree, .path = path, .scope = scope, .rng = rng};

    KITH_ENSURE(leaf != NULL, KITH_ERR_INVALID);
    KITH_TRY(kith_write_bytes(&w, mls_leaf_bytes(leaf)));
    KITH_TRY(kith_write_open(&w, KITH_VEC_VAR, &mark));
    for (uint8_t level = 1; level <= mls_tree_top(tree); level++) {
        if (level < path->count && path->secrets[level].len > 0) {
            KITH_TRY(write_path_node(&in, level, &w));
        }
    }
    KITH_TRY(kith_write_close(&w, KITH_VEC_VAR, mark));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

/* ---- Taking a path in ---- */

/* One UpdatePathNode: its key, and the vector of ciphertexts. */
static kith_err
read_path_node(kith_reader *r, kith_bytes *key, kith_bytes *ciphertexts)
{
    KITH_TRY(kith_read_varvec(r, key));
    return kith_read_varvec(r, ciphertexts);
}

kith_err
mls_path_keys(kith_bytes nodes, kith_bytes *keys, size_t max, size_t *count)
{
    kith_reader r = kith_reader_of(nodes);
    kith_bytes ciphertexts;
    size_t n = 0;

    while (!kith_reader_done(&r)) {
        KITH_ENSURE(n < max, KITH_ERR_LIMIT);
        KITH_TRY(read_path_node(&r, &keys[n++], &ciphertexts));
    }
    *count = n;
    return KITH_OK;
}

kith_err
mls_path_merge(mls_tree *tree, uint32_t sender, mls_leaf *leaf, kith_bytes nodes)
{
    kith_reader r = kith_reader_of(nodes);
    kith_bytes keys[MLS_LEVEL_MAX + 1] = {0};
    kith_bytes ciphertexts;
    KITH_AUTO(kith_buf) parent_hash = {.alloc = tree->tools.alloc};

    for (uint8_t level = 1; level <= mls_tree_top(tree); level++) {
        if (is_on_path(tree, sender, level)) {
            KITH_ENSURE(!kith_reader_done(&r), KITH_ERR_REJECTED);
            KITH_TRY(read_path_node(&r, &keys[level], &ciphertexts));
            KITH_ENSURE(keys[level].len > 0, KITH_ERR_REJECTED);
        }
    }
    KITH_ENSURE(kith_reader_done(&r), KITH_ERR_REJECTED);
    KITH_TRY(put_parents(tree, sender, keys, &parent_hash));
    /* [RFC9420 §7.9.2]: the hash that comes out is the one that the leaf was signed with. */
    KITH_ENSURE(leaf->node.source == MLS_LEAF_SOURCE_COMMIT &&
                    kith_bytes_equal(leaf->node.parent_hash, kith_bytes_of_buf(&parent_hash)),
                KITH_ERR_REJECTED);
    return mls_tree_set_leaf(tree, sender, leaf);
}

/* The index-th HPKECiphertext of a vector that must hold exactly `count`. */
static kith_err
find_ciphertext(kith_bytes ciphertexts, size_t index, size_t count, kith_bytes out[2])
{
    kith_reader r = kith_reader_of(ciphertexts);

    for (size_t i = 0; i < count; i++) {
        kith_bytes kem_output;
        kith_bytes ciphertext;
        KITH_ENSURE(!kith_reader_done(&r), KITH_ERR_REJECTED);
        KITH_TRY(kith_read_varvec(&r, &kem_output));
        KITH_TRY(kith_read_varvec(&r, &ciphertext));
        if (i == index) {
            out[0] = kem_output;
            out[1] = ciphertext;
        }
    }
    /* As many ciphertexts as the resolution has nodes [RFC9420 §7.6]. */
    KITH_ENSURE(kith_reader_done(&r), KITH_ERR_REJECTED);
    return KITH_OK;
}

/* The first node of the resolution that a private key is held for, and that key. */
static kith_err
find_own(const mls_resolution *resolution, const mls_private *keys, size_t *index, kith_bytes *key)
{
    for (size_t i = 0; i < resolution->count; i++) {
        const uint32_t node = resolution->items[i].node_index;
        const uint8_t level = mls_index_level(node);
        const bool is_above = mls_index_first(node) >> level == keys->leaf_index >> level;
        if (is_above && mls_private_at(keys, level).len > 0) {
            *index = i;
            *key = mls_private_at(keys, level);
            return KITH_OK;
        }
    }
    return KITH_ERR_REJECTED;
}

/* The path secret of the level where the receiver meets the sender's path. */
static kith_err
open_secret(const mls_tree *tree, kith_bytes ciphertexts, const mls_path_scope *scope,
            const mls_private *keys, kith_buf *out)
{
    const uint8_t level = mls_tree_meeting_level(scope->sender, keys->leaf_index);

    KITH_AUTO(mls_resolution) resolution = {.alloc = tree->tools.alloc};
    size_t index = 0;
    kith_bytes key = {0};
    kith_bytes sealed[2] = {0};

    KITH_TRY(mls_tree_resolve_copath(tree, scope->sender, level, scope->added, &resolution));
    KITH_TRY(find_own(&resolution, keys, &index, &key));
    KITH_TRY(find_ciphertext(ciphertexts, index, resolution.count, sealed));
    const mls_seal seal = {.key = key,
                           .label = "UpdatePathNode",
                           .context = scope->context,
                           .kem_output = sealed[0],
                           .text = sealed[1]};
    KITH_TRY(mls_decrypt_with_label(tree->tools, &seal, out));
    KITH_ENSURE(out->len == crypto_hash_len(tree->tools.suite->hash), KITH_ERR_REJECTED);
    return KITH_OK;
}

kith_err
mls_path_decrypt(const mls_tree *tree, kith_bytes nodes, const mls_path_scope *scope,
                 mls_private *keys, kith_secret *commit_secret)
{
    const uint8_t meeting = mls_tree_meeting_level(scope->sender, keys->leaf_index);
    kith_reader r = kith_reader_of(nodes);
    kith_bytes key;
    kith_bytes ciphertexts = {0};
    KITH_AUTO(kith_buf) path_secret = {.alloc = tree->tools.alloc};

    KITH_ENSURE(meeting > 0 && meeting <= mls_tree_top(tree), KITH_ERR_REJECTED);
    for (uint8_t level = 1; level <= meeting; level++) {
        if (is_on_path(tree, scope->sender, level)) {
            KITH_TRY(read_path_node(&r, &key, &ciphertexts));
        }
    }
    KITH_TRY(open_secret(tree, ciphertexts, scope, keys, &path_secret));
    mls_private_prune(keys, tree);
    return mls_private_derive(keys, tree, meeting, kith_bytes_of_buf(&path_secret), commit_secret);
}
