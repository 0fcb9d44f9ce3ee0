/* SPDX-License-Identifier: MPL-2.0 */
/* Message keys are given once, within limits, and survive being kept [RFC9420 §9, §15.3]. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/party.h"
#include "mls/secret_tree.h"

typedef struct scene {
    crypto *c;
    fake_alloc alloc;
    mls_tools tools;
    mls_secret_tree *tree;
} scene;

static void
scene_open(scene *s)
{
    kith_secret root = {.data = {7}, .len = 32};

    fake_alloc_init(&s->alloc);
    assert_err(crypto_new(NULL, &s->c), KITH_OK);
    s->tools = (mls_tools){.alloc = &s->alloc.port,
                           .crypto = s->c,
                           .suite = mls_suite_find(MLS_SUITE_X25519_AES128_ED25519)};
    assert_err(mls_secret_tree_new(s->tools, &root, 3, &s->tree), KITH_OK);
    assert_int_equal(root.len, 0); /* taken */
}

static void
scene_close(scene *s)
{
    mls_secret_tree_free(s->tree);
    assert_int_equal(s->alloc.live_blocks, 0);
    crypto_free(s->c);
}

static kith_err
use(scene *s, uint32_t leaf_index, mls_chain chain, uint32_t generation)
{
    mls_message_key key;
    const mls_key_id id = {.leaf_index = leaf_index, .chain = chain, .generation = generation};

    KITH_TRY(mls_secret_tree_find(s->tree, id, &key));
    return mls_secret_tree_consume(s->tree, id);
}

static kith_err
look(scene *s, uint32_t generation, mls_message_key *key)
{
    const mls_key_id id = {
        .leaf_index = 5, .chain = MLS_CHAIN_APPLICATION, .generation = generation};

    return mls_secret_tree_find(s->tree, id, key);
}

static void
a_key_is_given_until_it_is_consumed(void **state)
{
    scene s;
    mls_message_key first;
    mls_message_key again;

    (void)state;
    scene_open(&s);
    assert_err(look(&s, 3, &first), KITH_OK);
    assert_err(look(&s, 3, &again), KITH_OK);
    assert_memory_equal(&first, &again, sizeof first);
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, 3), KITH_OK);
    assert_err(look(&s, 3, &again), KITH_ERR_EXISTS);
    for (uint32_t generation = 0; generation < 3; generation++) {
        assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, generation), KITH_OK);
        assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, generation), KITH_ERR_EXISTS);
    }
    scene_close(&s);
}

static void
members_and_chains_are_independent(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    for (uint32_t leaf = 0; leaf < 8; leaf++) {
        assert_err(use(&s, leaf, MLS_CHAIN_APPLICATION, 0), KITH_OK);
        assert_err(use(&s, leaf, MLS_CHAIN_HANDSHAKE, 0), KITH_OK);
        assert_err(use(&s, leaf, MLS_CHAIN_APPLICATION, 0), KITH_ERR_EXISTS);
    }
    assert_err(use(&s, 8, MLS_CHAIN_APPLICATION, 0), KITH_ERR_REJECTED);
    assert_err(use(&s, UINT32_MAX, MLS_CHAIN_APPLICATION, 0), KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
as_many_messages_as_the_limit_may_be_missing_and_no_more(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, MLS_SKIP_MAX + 1), KITH_ERR_OUT_OF_STEP);
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, UINT32_MAX), KITH_ERR_OUT_OF_STEP);
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, MLS_SKIP_MAX), KITH_OK);
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, 2 * MLS_SKIP_MAX + 1), KITH_OK);
    scene_close(&s);
}

static void
as_many_missing_keys_as_the_limit_are_kept_and_the_oldest_go(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, MLS_SKIPPED_KEYS_MAX), KITH_OK);
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, 0), KITH_OK);
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, MLS_SKIPPED_KEYS_MAX + 3), KITH_OK);
    /* One place was free, two keys came: 1 was dropped, 2 is the oldest. */
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, 1), KITH_ERR_EXISTS);
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, 2), KITH_OK);
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, MLS_SKIPPED_KEYS_MAX + 2), KITH_OK);
    scene_close(&s);
}

static void
handshake_keys_end_with_their_epoch(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    assert_err(use(&s, 5, MLS_CHAIN_HANDSHAKE, 0), KITH_OK);
    mls_secret_tree_drop_handshakes(s.tree);
    assert_err(use(&s, 5, MLS_CHAIN_HANDSHAKE, 1), KITH_ERR_EXISTS);
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, 0), KITH_OK);
    scene_close(&s);
}

static void
a_tree_is_the_same_after_being_kept(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) bytes = {0};
    KITH_AUTO(kith_buf) again = {0};
    mls_secret_tree *loaded = NULL;
    mls_message_key before;
    mls_message_key after;

    (void)state;
    scene_open(&s);
    assert_err(use(&s, 5, MLS_CHAIN_APPLICATION, 4), KITH_OK);
    assert_err(use(&s, 2, MLS_CHAIN_HANDSHAKE, 1), KITH_OK);
    assert_err(look(&s, 2, &before), KITH_OK);
    kith_writer w = kith_writer_of(&bytes);
    assert_err(mls_secret_tree_encode(s.tree, &w), KITH_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        kith_reader cut = kith_reader_of(kith_bytes_of(bytes.data, len));
        assert_err(mls_secret_tree_decode(s.tools, &cut, &loaded), KITH_ERR_MALFORMED);
    }
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
    assert_err(mls_secret_tree_decode(s.tools, &r, &loaded), KITH_OK);
    assert_true(kith_reader_done(&r));
    mls_secret_tree_free(s.tree);
    s.tree = loaded;
    assert_err(look(&s, 2, &after), KITH_OK);
    assert_memory_equal(&before, &after, sizeof before);
    w = kith_writer_of(&again);
    assert_err(mls_secret_tree_encode(s.tree, &w), KITH_OK);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&again), kith_bytes_of_buf(&bytes)));
    scene_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_given_until_it_is_consumed),
        cmocka_unit_test(members_and_chains_are_independent),
        cmocka_unit_test(as_many_messages_as_the_limit_may_be_missing_and_no_more),
        cmocka_unit_test(as_many_missing_keys_as_the_limit_are_kept_and_the_oldest_go),
        cmocka_unit_test(handshake_keys_end_with_their_epoch),
        cmocka_unit_test(a_tree_is_the_same_after_being_kept),
    };

    return cmocka_run_group_tests_name("mls: secret tree", tests, NULL, NULL);
}
