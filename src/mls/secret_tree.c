/* SPDX-License-Identifier: MPL-2.0 */
/* The secret tree [RFC9420 §9]. Positions exist from the root down to the members that were heard. */
#include "mls/secret_tree.h"

#include <string.h>

/* The key of a message that has not come, though later ones have. */
typedef struct skipped_key {
    uint32_t generation;
    mls_message_key key;
} skipped_key;

typedef struct chain {
    uint8_t secret[CRYPTO_HASH_MAX]; /* ratchet secret of `next` */
    uint32_t next;
    bool is_closed; /* no further keys */
    skipped_key *skipped; /* ascending */
    size_t skipped_count;
    size_t skipped_cap;
} chain;

typedef struct member {
    chain chains[2];
} member;

typedef struct position {
    uint8_t secret[CRYPTO_HASH_MAX]; /* wiped when what follows from it exists */
    struct position *child[2];
    member *member; /* of a leaf that was heard */
} position;

struct mls_secret_tree {
    mls_tools tools;
    uint8_t top;
    position *root;
};

void
mls_message_key_done(mls_message_key *key)
{
    kith_wipe(key, sizeof *key);
}

static void
free_chain(const kith_alloc *alloc, chain *c)
{
    kith_mem_free(alloc, c->skipped, c->skipped_cap * sizeof *c->skipped);
    kith_wipe(c, sizeof *c);
}

static void
free_member(const kith_alloc *alloc, member *m)
{
    if (m != NULL) {
        free_chain(alloc, &m->chains[0]);
        free_chain(alloc, &m->chains[1]);
        kith_mem_free(alloc, m, sizeof *m);
    }
}

/* Recursion is as deep as the tree, at most MLS_LEVEL_MAX; so it is below. */
static void
free_position(const kith_alloc *alloc, position *p)
{
    if (p != NULL) {
        free_position(alloc, p->child[0]);
        free_position(alloc, p->child[1]);
        free_member(alloc, p->member);
        kith_mem_free(alloc, p, sizeof *p);
    }
}

void
mls_secret_tree_free(mls_secret_tree *tree)
{
    if (tree != NULL) {
        free_position(tree->tools.alloc, tree->root);
        kith_mem_free(tree->tools.alloc, tree, sizeof *tree);
    }
}

static size_t
hash_len_of(const mls_secret_tree *tree)
{
    return crypto_hash_len(tree->tools.suite->hash);
}

static kith_err
new_tree(mls_tools tools, uint8_t top, mls_secret_tree **out)
{
    mls_secret_tree *tree = kith_mem_zalloc(tools.alloc, 1, sizeof *tree);

    KITH_ENSURE(tree != NULL, KITH_ERR_NO_MEMORY);
    tree->tools = tools;
    tree->top = top;
    *out = tree;
    return KITH_OK;
}

kith_err
mls_secret_tree_new(mls_tools tools, kith_secret *encryption_secret, uint8_t top,
                    mls_secret_tree **out)
{
    mls_secret_tree *tree = NULL;

    KITH_TRY(new_tree(tools, top, &tree));
    tree->root = kith_mem_zalloc(tools.alloc, 1, sizeof *tree->root);
    if (tree->root == NULL) {
        mls_secret_tree_free(tree);
        return KITH_ERR_NO_MEMORY;
    }
    memcpy(tree->root->secret, encryption_secret->data, hash_len_of(tree));
    kith_secret_done(encryption_secret);
    *out = tree;
    return KITH_OK;
}

/* ExpandWithLabel into the suite's hash length at `out`. */
static kith_err
expand_into(const mls_secret_tree *tree, const uint8_t *secret, const char *label,
            const char *context, uint8_t *out)
{
    KITH_AUTO(kith_secret) derived = {0};
    const mls_expand in = {.secret = kith_bytes_of(secret, hash_len_of(tree)),
                           .label = label,
                           .context = kith_bytes_of_text(context),
                           .len = hash_len_of(tree)};

    KITH_TRY(mls_expand_with_label(tree->tools, &in, &derived));
    memcpy(out, derived.data, derived.len);
    return KITH_OK;
}

static kith_err
new_child(const mls_secret_tree *tree, const position *p, const char *side, position **out)
{
    position *child = kith_mem_zalloc(tree->tools.alloc, 1, sizeof *child);

    KITH_ENSURE(child != NULL, KITH_ERR_NO_MEMORY);
    const kith_err err = expand_into(tree, p->secret, "tree", side, child->secret);
    if (err != KITH_OK) {
        free_position(tree->tools.alloc, child);
        return err;
    }
    *out = child;
    return KITH_OK;
}

/* Derives both children and erases what they came from [RFC9420 §9.2]. */
static kith_err
split_position(const mls_secret_tree *tree, position *p)
{
    position *left = NULL;
    position *right = NULL;

    KITH_TRY(new_child(tree, p, "left", &left));
    const kith_err err = new_child(tree, p, "right", &right);
    if (err != KITH_OK) {
        free_position(tree->tools.alloc, left);
        return err;
    }
    p->child[0] = left;
    p->child[1] = right;
    kith_wipe(p->secret, sizeof p->secret);
    return KITH_OK;
}

static kith_err
start_member(const mls_secret_tree *tree, position *leaf)
{
    member *m = kith_mem_zalloc(tree->tools.alloc, 1, sizeof *m);

    KITH_ENSURE(m != NULL, KITH_ERR_NO_MEMORY);
    kith_err err =
        expand_into(tree, leaf->secret, "handshake", "", m->chains[MLS_CHAIN_HANDSHAKE].secret);
    if (err == KITH_OK) {
        err = expand_into(tree, leaf->secret, "application", "",
                          m->chains[MLS_CHAIN_APPLICATION].secret);
    }
    if (err != KITH_OK) {
        free_member(tree->tools.alloc, m);
        return err;
    }
    leaf->member = m;
    kith_wipe(leaf->secret, sizeof leaf->secret);
    return KITH_OK;
}

static kith_err
open_chain(mls_secret_tree *tree, mls_key_id id, chain **out)
{
    position *p = tree->root;

    KITH_ENSURE(id.leaf_index < UINT32_C(1) << tree->top, KITH_ERR_REJECTED);
    for (uint8_t level = tree->top; level > 0; level--) {
        if (p->child[0] == NULL) {
            KITH_TRY(split_position(tree, p));
        }
        p = p->child[id.leaf_index >> (level - 1) & 1];
    }
    if (p->member == NULL) {
        KITH_TRY(start_member(tree, p));
    }
    *out = &p->member->chains[id.chain];
    return KITH_OK;
}

/* ---- Chains [RFC9420 §9.1] ---- */

static kith_err
derive_key(const mls_secret_tree *tree, const uint8_t *secret, uint32_t generation,
           mls_message_key *out)
{
    KITH_AUTO(kith_secret) derived = {0};
    mls_tree_step step = {.secret = kith_bytes_of(secret, hash_len_of(tree)),
                          .label = "nonce",
                          .generation = generation,
                          .len = CRYPTO_AEAD_NONCE_LEN};

    KITH_TRY(mls_derive_tree_secret(tree->tools, &step, &derived));
    memcpy(out->nonce, derived.data, derived.len);
    step.label = "key";
    step.len = crypto_aead_key_len(tree->tools.suite->aead);
    KITH_TRY(mls_derive_tree_secret(tree->tools, &step, &derived));
    memcpy(out->key, derived.data, derived.len);
    return KITH_OK;
}

/* The secret of the next generation, in place. */
static kith_err
step_chain(const mls_secret_tree *tree, kith_secret *secret, uint32_t generation)
{
    const mls_tree_step step = {.secret = kith_bytes_of_secret(secret),
                                .label = "secret",
                                .generation = generation,
                                .len = hash_len_of(tree)};

    return mls_derive_tree_secret(tree->tools, &step, secret);
}

static skipped_key *
find_skipped(chain *c, uint32_t generation)
{
    for (size_t i = 0; i < c->skipped_count; i++) {
        if (c->skipped[i].generation == generation) {
            return &c->skipped[i];
        }
    }
    return NULL;
}

static kith_err
check_range(const chain *c, uint32_t generation)
{
    KITH_ENSURE(!c->is_closed && generation >= c->next, KITH_ERR_EXISTS);
    KITH_ENSURE(generation - c->next <= MLS_SKIP_MAX, KITH_ERR_OUT_OF_STEP);
    return KITH_OK;
}

kith_err
mls_secret_tree_find(mls_secret_tree *tree, mls_key_id id, mls_message_key *out)
{
    chain *c = NULL;
    KITH_AUTO(kith_secret) secret = {.len = hash_len_of(tree)};
    KITH_AUTO(mls_message_key) key = {0};

    KITH_TRY(open_chain(tree, id, &c));
    const skipped_key *skipped = find_skipped(c, id.generation);
    if (skipped != NULL) {
        *out = skipped->key;
        return KITH_OK;
    }
    KITH_TRY(check_range(c, id.generation));
    memcpy(secret.data, c->secret, secret.len);
    for (uint32_t generation = c->next; generation < id.generation; generation++) {
        KITH_TRY(step_chain(tree, &secret, generation));
    }
    KITH_TRY(derive_key(tree, secret.data, id.generation, &key));
    *out = key;
    return KITH_OK;
}

static void
remove_skipped(chain *c, skipped_key *gone)
{
    const size_t at = (size_t)(gone - c->skipped);

    memmove(gone, gone + 1, (c->skipped_count - at - 1) * sizeof *gone);
    c->skipped_count--;
    kith_wipe(&c->skipped[c->skipped_count], sizeof *gone);
}

/* The oldest skipped keys go when there are too many. */
static void
make_room(chain *c, size_t more)
{
    size_t drop = c->skipped_count + more > MLS_SKIPPED_KEYS_MAX
                      ? c->skipped_count + more - MLS_SKIPPED_KEYS_MAX
                      : 0;

    drop = drop < c->skipped_count ? drop : c->skipped_count;
    memmove(c->skipped, c->skipped + drop, (c->skipped_count - drop) * sizeof *c->skipped);
    kith_wipe(c->skipped + (c->skipped_count - drop), drop * sizeof *c->skipped);
    c->skipped_count -= drop;
}

/* Moves a chain past `generation`, keeping the keys in between. The chain is changed at the end only. */
static kith_err
advance(mls_secret_tree *tree, chain *c, uint32_t generation)
{
    const kith_alloc *alloc = tree->tools.alloc;
    KITH_AUTO(kith_secret) secret = {.len = hash_len_of(tree)};
    const uint32_t missing = generation - c->next;
    const uint32_t kept = missing < MLS_SKIPPED_KEYS_MAX ? missing : MLS_SKIPPED_KEYS_MAX;
    skipped_key *fresh = NULL;
    kith_err err = KITH_OK;

    /* A generation is a uint32; the last one has no successor to count to. */
    KITH_ENSURE(generation < UINT32_MAX, KITH_ERR_LIMIT);
    memcpy(secret.data, c->secret, secret.len);
    KITH_TRY(kith_mem_grow(alloc, (void **)&c->skipped, &c->skipped_cap, c->skipped_count + kept,
                           sizeof *c->skipped));
    if (kept > 0) {
        fresh = kith_mem_zalloc(alloc, kept, sizeof *fresh);
        KITH_ENSURE(fresh != NULL, KITH_ERR_NO_MEMORY);
    }
    for (uint32_t i = 0; i <= missing && err == KITH_OK; i++) {
        if (i < missing && i >= missing - kept) {
            skipped_key *slot = &fresh[i - (missing - kept)];
            slot->generation = c->next + i;
            err = derive_key(tree, secret.data, slot->generation, &slot->key);
        }
        if (err == KITH_OK) {
            err = step_chain(tree, &secret, c->next + i);
        }
    }
    if (err == KITH_OK) {
        if (kept > 0) {
            make_room(c, kept);
            memcpy(c->skipped + c->skipped_count, fresh, kept * sizeof *fresh);
            c->skipped_count += kept;
        }
        memcpy(c->secret, secret.data, secret.len);
        c->next = generation + 1;
    }
    kith_mem_free(alloc, fresh, kept * sizeof *fresh);
    return err;
}

kith_err
mls_secret_tree_consume(mls_secret_tree *tree, mls_key_id id)
{
    chain *c = NULL;

    KITH_TRY(open_chain(tree, id, &c));
    skipped_key *skipped = find_skipped(c, id.generation);
    if (skipped != NULL) {
        remove_skipped(c, skipped);
        return KITH_OK;
    }
    KITH_TRY(check_range(c, id.generation));
    return advance(tree, c, id.generation);
}

kith_err
mls_secret_tree_next(mls_secret_tree *tree, uint32_t leaf_index, mls_chain which,
                     uint32_t *generation)
{
    chain *c = NULL;

    KITH_TRY(open_chain(tree, (mls_key_id){.leaf_index = leaf_index, .chain = which}, &c));
    KITH_ENSURE(!c->is_closed, KITH_ERR_DENIED);
    *generation = c->next;
    return KITH_OK;
}

static void
close_handshakes(const kith_alloc *alloc, position *p)
{
    if (p == NULL) {
        return;
    }
    close_handshakes(alloc, p->child[0]);
    close_handshakes(alloc, p->child[1]);
    if (p->member != NULL) {
        free_chain(alloc, &p->member->chains[MLS_CHAIN_HANDSHAKE]);
        p->member->chains[MLS_CHAIN_HANDSHAKE].is_closed = true;
    }
}

void
mls_secret_tree_drop_handshakes(mls_secret_tree *tree)
{
    close_handshakes(tree->tools.alloc, tree->root);
}

/* ---- Keeping ---- */

enum { TAG_SECRET = 0, TAG_CHILDREN = 1, TAG_MEMBER = 2 };

static kith_err
write_chain(const mls_secret_tree *tree, const chain *c, kith_writer *w)
{
    KITH_TRY(kith_write_bool(w, c->is_closed));
    if (c->is_closed) {
        return KITH_OK;
    }
    KITH_TRY(kith_write_u32(w, c->next));
    KITH_TRY(kith_write_bytes(w, kith_bytes_of(c->secret, hash_len_of(tree))));
    KITH_TRY(kith_write_u32(w, (uint32_t)c->skipped_count));
    for (size_t i = 0; i < c->skipped_count; i++) {
        KITH_TRY(kith_write_u32(w, c->skipped[i].generation));
        KITH_TRY(kith_write_bytes(w, KITH_BYTES(c->skipped[i].key.key)));
        KITH_TRY(kith_write_bytes(w, KITH_BYTES(c->skipped[i].key.nonce)));
    }
    return KITH_OK;
}

static kith_err
write_position(const mls_secret_tree *tree, const position *p, kith_writer *w)
{
    if (p->child[0] != NULL) {
        KITH_TRY(kith_write_u8(w, TAG_CHILDREN));
        KITH_TRY(write_position(tree, p->child[0], w));
        return write_position(tree, p->child[1], w);
    }
    if (p->member == NULL) {
        KITH_TRY(kith_write_u8(w, TAG_SECRET));
        return kith_write_bytes(w, kith_bytes_of(p->secret, hash_len_of(tree)));
    }
    KITH_TRY(kith_write_u8(w, TAG_MEMBER));
    KITH_TRY(write_chain(tree, &p->member->chains[0], w));
    return write_chain(tree, &p->member->chains[1], w);
}

kith_err
mls_secret_tree_encode(const mls_secret_tree *tree, kith_writer *w)
{
    KITH_TRY(kith_write_u8(w, tree->top));
    return write_position(tree, tree->root, w);
}

static kith_err
read_skipped(const mls_secret_tree *tree, kith_reader *r, chain *c)
{
    uint32_t count = 0;

    KITH_TRY(kith_read_u32(r, &count));
    KITH_ENSURE(count <= MLS_SKIPPED_KEYS_MAX, KITH_ERR_MALFORMED);
    KITH_TRY(kith_mem_grow(tree->tools.alloc, (void **)&c->skipped, &c->skipped_cap, count,
                           sizeof *c->skipped));
    for (uint32_t i = 0; i < count; i++) {
        skipped_key *slot = &c->skipped[i];
        KITH_TRY(kith_read_u32(r, &slot->generation));
        KITH_TRY(kith_read_copy(r, slot->key.key, sizeof slot->key.key));
        KITH_TRY(kith_read_copy(r, slot->key.nonce, sizeof slot->key.nonce));
        c->skipped_count++;
    }
    return KITH_OK;
}

static kith_err
read_chain(const mls_secret_tree *tree, kith_reader *r, chain *c)
{
    KITH_TRY(kith_read_bool(r, &c->is_closed));
    if (c->is_closed) {
        return KITH_OK;
    }
    KITH_TRY(kith_read_u32(r, &c->next));
    KITH_TRY(kith_read_copy(r, c->secret, hash_len_of(tree)));
    return read_skipped(tree, r, c);
}

/* On error what was made hangs below `*out` and goes with the tree. */
static kith_err
read_position(const mls_secret_tree *tree, kith_reader *r, uint8_t level, position **out)
{
    uint8_t tag = 0;
    position *p = kith_mem_zalloc(tree->tools.alloc, 1, sizeof *p);

    KITH_ENSURE(p != NULL, KITH_ERR_NO_MEMORY);
    *out = p;
    KITH_TRY(kith_read_u8(r, &tag));
    if (tag == TAG_SECRET) {
        return kith_read_copy(r, p->secret, hash_len_of(tree));
    }
    if (tag == TAG_CHILDREN && level > 0) {
        KITH_TRY(read_position(tree, r, (uint8_t)(level - 1), &p->child[0]));
        return read_position(tree, r, (uint8_t)(level - 1), &p->child[1]);
    }
    KITH_ENSURE(tag == TAG_MEMBER && level == 0, KITH_ERR_MALFORMED);
    p->member = kith_mem_zalloc(tree->tools.alloc, 1, sizeof *p->member);
    KITH_ENSURE(p->member != NULL, KITH_ERR_NO_MEMORY);
    KITH_TRY(read_chain(tree, r, &p->member->chains[0]));
    return read_chain(tree, r, &p->member->chains[1]);
}

kith_err
mls_secret_tree_decode(mls_tools tools, kith_reader *r, mls_secret_tree **out)
{
    kith_reader at = *r;
    uint8_t top = 0;
    mls_secret_tree *tree = NULL;

    KITH_TRY(kith_read_u8(&at, &top));
    KITH_ENSURE(top <= MLS_LEVEL_MAX, KITH_ERR_MALFORMED);
    KITH_TRY(new_tree(tools, top, &tree));
    const kith_err err = read_position(tree, &at, top, &tree->root);
    if (err != KITH_OK) {
        mls_secret_tree_free(tree);
        return err;
    }
    *r = at;
    *out = tree;
    return KITH_OK;
}
