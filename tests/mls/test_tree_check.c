/* SPDX-License-Identifier: MPL-2.0 */
/* Trees and paths that break one rule each [RFC9420 §7.3, §7.5, §7.9.2, §12.4.3.1]. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/group.h"
#include "mls/party.h"
#include "mls/treekem.h"

/* A group of seven in which five have committed: parents, blanks and unmerged leaves. */
typedef struct scene {
    cast c;
    mls_tree tree; /* a copy to break */
} scene;

static void
scene_open(scene *s)
{
    cast_open(&s->c, MLS_SUITE_X25519_AES128_ED25519, 8, 21);
    party_found(&s->c, 0);
    for (size_t i = 1; i < 5; i++) {
        cast_add(&s->c, i - 1, i);
    }
    for (size_t i = 0; i < 5; i++) {
        cast_commit(&s->c, i, NULL, NULL, 0);
    }
    cast_add(&s->c, 2, 5); /* unmerged at the root and below */
    cast_add(&s->c, 2, 6);
    s->tree = mls_tree_clone(&s->c.party[0].group->now->tree);
    assert_err(mls_tree_check(&s->tree), KITH_OK);
}

static void
scene_close(scene *s)
{
    mls_tree_done(&s->tree);
    cast_close(&s->c);
}

/* The parent above a leaf, made the tree's own. */
static mls_parent **
open_parent(scene *s, uint32_t leaf_index, uint8_t level)
{
    mls_path path;

    assert_err(mls_tree_open(&s->tree, leaf_index, &path), KITH_OK);
    return &path.at[level]->parent;
}

static void
expect_rejected(scene *s)
{
    assert_err(mls_tree_check(&s->tree), KITH_ERR_REJECTED);
}

static void
a_parent_with_another_key_is_rejected(void **state)
{
    scene s;
    mls_parent *fresh = NULL;

    (void)state;
    scene_open(&s);
    mls_parent **slot = open_parent(&s, 0, 1);
    assert_non_null(*slot);
    assert_err(mls_parent_new(s.tree.tools.alloc,
                              kith_bytes_of_text("another key of 32 bytes, really!"),
                              mls_parent_hash_field(*slot), &fresh),
               KITH_OK);
    mls_parent_drop(*slot);
    *slot = fresh;
    expect_rejected(&s);
    scene_close(&s);
}

static void
a_parent_with_another_parent_hash_is_rejected(void **state)
{
    scene s;
    mls_parent *fresh = NULL;

    (void)state;
    scene_open(&s);
    mls_parent **slot = open_parent(&s, 0, 2);
    assert_non_null(*slot);
    assert_err(mls_parent_new(s.tree.tools.alloc, mls_parent_key(*slot),
                              kith_bytes_of_text("not the hash of what is above it"), &fresh),
               KITH_OK);
    mls_parent_drop(*slot);
    *slot = fresh;
    expect_rejected(&s);
    scene_close(&s);
}

static void
a_parent_that_no_member_put_there_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    mls_parent **slot = open_parent(&s, 4, 1); /* above 4 and 5: blank since nobody paired there */
    assert_null(*slot);
    assert_err(mls_parent_new(s.tree.tools.alloc,
                              kith_bytes_of_text("a key that an insider knows, alas"),
                              (kith_bytes){0}, slot),
               KITH_OK);
    expect_rejected(&s);
    scene_close(&s);
}

/* After a path of member 0, what is on that path is in no parent hash but its own: lists of unmerged leaves
 * can be changed there without a hash that says so. */
static void
scene_open_after_path(scene *s)
{
    scene_open(s);
    cast_commit(&s->c, 0, NULL, NULL, 0);
    mls_tree_done(&s->tree);
    s->tree = mls_tree_clone(&s->c.party[0].group->now->tree);
    assert_err(mls_tree_check(&s->tree), KITH_OK);
}

static void
an_unmerged_leaf_that_is_blank_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open_after_path(&s);
    assert_err(mls_parent_add_unmerged(open_parent(&s, 0, 3), 7), KITH_OK);
    expect_rejected(&s);
    scene_close(&s);
}

static void
an_unmerged_leaf_that_is_not_below_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open_after_path(&s);
    assert_err(mls_parent_add_unmerged(open_parent(&s, 0, 1), 5), KITH_OK);
    expect_rejected(&s);
    scene_close(&s);
}

static void
an_unmerged_leaf_that_a_parent_between_has_merged_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    assert_non_null(*open_parent(&s, 0, 1));
    assert_err(mls_parent_add_unmerged(open_parent(&s, 0, 3), 0), KITH_OK);
    expect_rejected(&s);
    scene_close(&s);
}

static void
unmerged_leaves_out_of_order_do_not_parse(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) bytes = {0};
    mls_tree again = {0};

    (void)state;
    scene_open(&s);
    mls_parent *root = *open_parent(&s, 0, 3);
    assert_int_equal(root->unmerged_count, 2);
    root->unmerged[0] = 6;
    root->unmerged[1] = 5;
    assert_err(mls_tree_encode(&s.tree, &bytes), KITH_OK);
    assert_err(mls_tree_decode(s.tree.tools, kith_bytes_of_buf(&bytes), &again),
               KITH_ERR_MALFORMED);
    root->unmerged[0] = 5;
    root->unmerged[1] = 5;
    kith_buf_clear(&bytes);
    assert_err(mls_tree_encode(&s.tree, &bytes), KITH_OK);
    assert_err(mls_tree_decode(s.tree.tools, kith_bytes_of_buf(&bytes), &again),
               KITH_ERR_MALFORMED);
    scene_close(&s);
}

static void
a_leaf_twice_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    uint32_t index = 0;
    assert_err(mls_tree_add(&s.tree, mls_tree_leaf(&s.tree, 6), &index), KITH_OK);
    assert_int_equal(index, 7);
    expect_rejected(&s);
    scene_close(&s);
}

static void
a_tree_that_ends_blank_does_not_parse(void **state)
{
    scene s;
    const uint8_t blank[] = {1, 0};
    const uint8_t parent_first[] = {5, 1, 2, 0, 0, 0};
    mls_tree tree = {0};

    (void)state;
    scene_open(&s);
    assert_err(mls_tree_decode(s.tree.tools, KITH_BYTES(blank), &tree), KITH_ERR_MALFORMED);
    assert_err(mls_tree_decode(s.tree.tools, KITH_BYTES(parent_first), &tree), KITH_ERR_MALFORMED);
    assert_err(mls_tree_decode(s.tree.tools, (kith_bytes){0}, &tree), KITH_ERR_MALFORMED);
    scene_close(&s);
}

static void
keys_of_a_path_must_be_new_to_the_tree(void **state)
{
    scene s;
    const mls_leaf *leaf = NULL;

    (void)state;
    scene_open(&s);
    leaf = mls_tree_leaf(&s.tree, 3);
    kith_bytes keys[] = {kith_bytes_of_text("one"), kith_bytes_of_text("two")};
    assert_err(mls_tree_check_fresh(&s.tree, keys, 2), KITH_OK);
    keys[0] = keys[1];
    assert_err(mls_tree_check_fresh(&s.tree, keys, 2), KITH_ERR_REJECTED);
    keys[0] = leaf->node.encryption_key;
    assert_err(mls_tree_check_fresh(&s.tree, keys, 2), KITH_ERR_REJECTED);
    keys[0] = mls_parent_key(mls_tree_parent(&s.tree, 0, 1));
    assert_err(mls_tree_check_fresh(&s.tree, keys, 1), KITH_ERR_REJECTED);
    scene_close(&s);
}

/* ---- Paths ---- */

/* A path of member 0, as member 1 gets it: leaf, nodes, and the tree that it was made on. */
typedef struct path_scene {
    scene s;
    kith_buf bytes;
    mls_leaf *leaf;
    kith_bytes nodes;
    kith_buf context;
} path_scene;

static void
path_open(path_scene *p, bool wrong_secrets)
{
    KITH_AUTO(mls_new_path) path = {0};
    mls_leaf_node node;

    memset(p, 0, sizeof *p);
    scene_open(&p->s);
    const mls_group *group = p->s.c.party[0].group;
    mls_tree made = mls_tree_clone(&p->s.tree);
    const mls_leaf_draft draft = {.env = group->env,
                                  .signer = group->signer,
                                  .like = mls_tree_leaf(&made, 0),
                                  .group_id = group->now->context.group_id};
    const mls_path_scope scope = {.context = kith_bytes_of_text("context")};
    assert_err(mls_path_make(&made, 0, &draft, &group->env->rng, &path), KITH_OK);
    for (size_t level = 1; wrong_secrets && level < path.count; level++) {
        path.secrets[level].data[0] ^= 1;
    }
    assert_err(mls_path_encrypt(&made, &path, &scope, &group->env->rng, &p->bytes), KITH_OK);
    mls_tree_done(&made);
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&p->bytes));
    const kith_reader from = r;
    assert_err(mls_leaf_node_decode(&r, &node), KITH_OK);
    assert_err(mls_leaf_new(NULL, kith_reader_since(&from, &r), &p->leaf), KITH_OK);
    assert_err(kith_read_varvec(&r, &p->nodes), KITH_OK);
}

static void
path_close(path_scene *p)
{
    mls_leaf_drop(p->leaf);
    kith_buf_done(&p->bytes);
    scene_close(&p->s);
}

/* The nodes with those at and after `from` left out, up to `to`. */
static kith_bytes
cut_nodes(kith_bytes nodes, size_t count)
{
    kith_reader r = kith_reader_of(nodes);
    const kith_reader from = r;
    kith_bytes part;

    for (size_t i = 0; i < count; i++) {
        assert_err(kith_read_varvec(&r, &part), KITH_OK);
        assert_err(kith_read_varvec(&r, &part), KITH_OK);
    }
    return kith_reader_since(&from, &r);
}

static kith_err
merge(path_scene *p, kith_bytes nodes)
{
    mls_tree tree = mls_tree_clone(&p->s.tree);
    const kith_err err = mls_path_merge(&tree, 0, p->leaf, nodes);

    mls_tree_done(&tree);
    return err;
}

static void
a_path_needs_as_many_nodes_as_the_filtered_direct_path(void **state)
{
    path_scene p;
    KITH_AUTO(kith_buf) longer = {0};

    (void)state;
    path_open(&p, false);
    assert_err(merge(&p, p.nodes), KITH_OK);
    for (size_t count = 0; count < 3; count++) {
        assert_err(merge(&p, cut_nodes(p.nodes, count)), KITH_ERR_REJECTED);
    }
    assert_err(kith_buf_append(&longer, p.nodes), KITH_OK);
    assert_err(kith_buf_append(&longer, cut_nodes(p.nodes, 1)), KITH_OK);
    assert_err(merge(&p, kith_bytes_of_buf(&longer)), KITH_ERR_REJECTED);
    path_close(&p);
}

static void
a_path_whose_leaf_was_signed_for_other_nodes_is_rejected(void **state)
{
    path_scene p;
    KITH_AUTO(kith_buf) other = {0};

    (void)state;
    path_open(&p, false);
    assert_err(kith_buf_append(&other, p.nodes), KITH_OK);
    other.data[5] ^= 1; /* in the first public key */
    assert_err(merge(&p, kith_bytes_of_buf(&other)), KITH_ERR_REJECTED);
    path_close(&p);
}

static void
a_path_opens_only_with_its_context_and_its_ciphertexts(void **state)
{
    path_scene p;
    mls_tree tree = {0};
    KITH_AUTO(kith_secret) secret = {0};
    KITH_AUTO(kith_buf) other = {0};
    mls_path_scope scope = {.context = kith_bytes_of_text("context")};
    const uint32_t missing[] = {5};

    (void)state;
    path_open(&p, false);
    const mls_private *keys = &p.s.c.party[4].group->now->keys;
    tree = mls_tree_clone(&p.s.tree);
    assert_err(mls_path_merge(&tree, 0, p.leaf, p.nodes), KITH_OK);
    for (size_t i = 0; i < 4; i++) {
        KITH_AUTO(mls_private) copy = {0};
        kith_bytes nodes = p.nodes;
        assert_err(mls_private_copy(keys, &copy), KITH_OK);
        scope.context = kith_bytes_of_text(i == 1 ? "another" : "context");
        scope.added = (mls_leaf_set){.items = missing, .count = i == 2 ? 1 : 0};
        if (i == 3) {
            assert_err(kith_buf_append(&other, p.nodes), KITH_OK);
            other.data[other.len - 1] ^= 1; /* a ciphertext for someone */
            other.data[other.len - 200] ^= 1;
            nodes = kith_bytes_of_buf(&other);
        }
        const kith_err err = mls_path_decrypt(&tree, nodes, &scope, &copy, &secret);
        if (i == 0) {
            assert_err(err, KITH_OK);
        } else {
            assert_int_not_equal(err, KITH_OK);
        }
    }
    mls_tree_done(&tree);
    path_close(&p);
}

static void
a_path_whose_secrets_lead_to_other_keys_is_rejected(void **state)
{
    path_scene p;
    KITH_AUTO(mls_private) keys = {0};
    KITH_AUTO(kith_secret) secret = {0};
    const mls_path_scope scope = {.context = kith_bytes_of_text("context")};

    (void)state;
    path_open(&p, true);
    mls_tree tree = mls_tree_clone(&p.s.tree);
    assert_err(mls_path_merge(&tree, 0, p.leaf, p.nodes), KITH_OK);
    assert_err(mls_private_copy(&p.s.c.party[4].group->now->keys, &keys), KITH_OK);
    assert_err(mls_path_decrypt(&tree, p.nodes, &scope, &keys, &secret), KITH_ERR_REJECTED);
    assert_int_equal(secret.len, 0);
    mls_private_done(&keys);
    mls_tree_done(&tree);
    path_close(&p);
}

/* ---- Leaves ---- */

/* A leaf of member 0 with raw credential, capabilities and extensions of the caller's. */
static kith_err
check_made_leaf(scene *s, kith_bytes self, kith_bytes extensions)
{
    const mls_group *group = s->c.party[0].group;
    KITH_AUTO(kith_buf) text = {0};
    kith_writer w = kith_writer_of(&text);
    mls_leaf *like = NULL;
    mls_leaf *made = NULL;
    const mls_leaf_rules rules = {.source = MLS_LEAF_SOURCE_UPDATE,
                                  .group_id = group->now->context.group_id};

    assert_err(kith_write_varvec(&w, kith_bytes_of_text("k")), KITH_OK);
    assert_err(kith_write_varvec(&w, kith_bytes_of_text("s")), KITH_OK);
    assert_err(kith_write_bytes(&w, self), KITH_OK);
    assert_err(kith_write_u8(&w, MLS_LEAF_SOURCE_UPDATE), KITH_OK);
    assert_err(kith_write_varvec(&w, extensions), KITH_OK);
    assert_err(kith_write_varvec(&w, (kith_bytes){0}), KITH_OK);
    assert_err(mls_leaf_new(NULL, kith_bytes_of_buf(&text), &like), KITH_OK);
    assert_err(mls_leaf_make(group->tools,
                             &(mls_leaf_draft){.env = group->env,
                                               .signer = group->signer,
                                               .like = like,
                                               .encryption_key =
                                                   mls_tree_leaf(&s->tree, 0)->node.encryption_key,
                                               .source = MLS_LEAF_SOURCE_UPDATE,
                                               .group_id = rules.group_id},
                             &made),
               KITH_OK);
    const kith_err err = mls_leaf_check(group->tools, made, &rules);
    mls_leaf_drop(made);
    mls_leaf_drop(like);
    return err;
}

static void
a_leaf_announces_what_it_uses(void **state)
{
    scene s;
    /* credential basic "x"; mls10; suite 1; extension f00d; no proposals; credential basic */
    const uint8_t fine[] = {0, 1, 1, 'x', 2, 0, 1, 2, 0, 1, 2, 0xf0, 0x0d, 0, 2, 0, 1};
    const uint8_t extension[] = {0xf0, 0x0d, 0};
    const uint8_t other_extension[] = {0xf0, 0x0e, 0};
    const uint8_t default_extension[] = {0, MLS_EXT_APPLICATION_ID, 0};
    uint8_t self[sizeof fine];

    (void)state;
    scene_open(&s);
    assert_err(check_made_leaf(&s, KITH_BYTES(fine), KITH_BYTES(extension)), KITH_OK);
    assert_err(check_made_leaf(&s, KITH_BYTES(fine), KITH_BYTES(default_extension)), KITH_OK);
    assert_err(check_made_leaf(&s, KITH_BYTES(fine), KITH_BYTES(other_extension)),
               KITH_ERR_REJECTED);
    static const struct {
        size_t at;
        uint8_t value;
        kith_err expected;
    } faults[] = {
        {6, 2, KITH_ERR_UNSUPPORTED}, /* another version only */
        {9, 2, KITH_ERR_UNSUPPORTED}, /* another suite only */
        {16, 9, KITH_ERR_REJECTED}, /* its own credential type is missing */
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        memcpy(self, fine, sizeof fine);
        self[faults[i].at] = faults[i].value;
        assert_err(check_made_leaf(&s, KITH_BYTES(self), KITH_BYTES(extension)),
                   faults[i].expected);
    }
    scene_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parent_with_another_key_is_rejected),
        cmocka_unit_test(a_parent_with_another_parent_hash_is_rejected),
        cmocka_unit_test(a_parent_that_no_member_put_there_is_rejected),
        cmocka_unit_test(an_unmerged_leaf_that_is_blank_is_rejected),
        cmocka_unit_test(an_unmerged_leaf_that_is_not_below_is_rejected),
        cmocka_unit_test(an_unmerged_leaf_that_a_parent_between_has_merged_is_rejected),
        cmocka_unit_test(unmerged_leaves_out_of_order_do_not_parse),
        cmocka_unit_test(a_leaf_twice_is_rejected),
        cmocka_unit_test(a_tree_that_ends_blank_does_not_parse),
        cmocka_unit_test(keys_of_a_path_must_be_new_to_the_tree),
        cmocka_unit_test(a_path_needs_as_many_nodes_as_the_filtered_direct_path),
        cmocka_unit_test(a_path_whose_leaf_was_signed_for_other_nodes_is_rejected),
        cmocka_unit_test(a_path_opens_only_with_its_context_and_its_ciphertexts),
        cmocka_unit_test(a_path_whose_secrets_lead_to_other_keys_is_rejected),
        cmocka_unit_test(a_leaf_announces_what_it_uses),
    };

    return cmocka_run_group_tests_name("mls: trees and paths", tests, NULL, NULL);
}
