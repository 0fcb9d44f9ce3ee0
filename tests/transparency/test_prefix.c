/* SPDX-License-Identifier: MPL-2.0 */
/* The prefix tree: its roots against the definition, proofs of what is in it and what is not. */
#include <stdlib.h>

#include "transparency/lab.h"
#include "transparency/prefix.h"

#define LEAVES 200

typedef struct scene {
    crypto *c;
    kt_memory *memory;
    kt_store store;
    kt_prefix_writer w;
    kt_leaf leaves[LEAVES];
} scene;

static int
compare_leaves(const void *a, const void *b)
{
    return memcmp(a, b, KT_HASH_LEN);
}

static void
scene_open(scene *s, crypto *c)
{
    *s = (scene){.c = c};
    assert_ok(kt_memory_new(NULL, &s->memory));
    s->store = kt_memory_port(s->memory);
    s->w = (kt_prefix_writer){.crypto = c, .store = &s->store};
    for (size_t i = 0; i < LEAVES; i++) {
        s->leaves[i].key = hash_of_number(c, i);
        s->leaves[i].commitment = hash_of_number(c, 1000 + i);
    }
}

static void
scene_close(scene *s)
{
    kith_buf_done(&s->w.pending);
    kt_memory_free(s->memory);
}

/* The tree of `root` and leaves `begin` to `end` of the scene. */
static kt_prefix_root
insert(scene *s, const kt_prefix_root *root, size_t begin, size_t end)
{
    kt_leaf sorted[LEAVES];
    kt_prefix_root out = {0};

    memcpy(sorted, s->leaves + begin, (end - begin) * sizeof sorted[0]);
    qsort(sorted, end - begin, sizeof sorted[0], compare_leaves);
    assert_ok(kt_prefix_insert(&s->w, root, sorted, end - begin, &out));
    return out;
}

static unsigned
bit_of(const kt_hash *key, size_t depth)
{
    return key->bytes[depth / 8] >> (7 - depth % 8) & 1u;
}

/* The value of the subtree of leaves that share `depth` bits [KEYTRANS §11.8]. */
static kt_hash
defined_root(scene *s, const kt_leaf *leaves, size_t count, size_t depth)
{
    kt_leaf half[2][LEAVES];
    size_t counts[2] = {0, 0};
    kt_hash out = {{0}};

    if (count == 1) {
        assert_ok(kt_prefix_leaf_hash(s->c, leaves, &out));
    } else if (count > 1) {
        for (size_t i = 0; i < count; i++) {
            const unsigned side = bit_of(&leaves[i].key, depth);
            half[side][counts[side]++] = leaves[i];
        }
        const kt_hash left = defined_root(s, half[0], counts[0], depth + 1);
        const kt_hash right = defined_root(s, half[1], counts[1], depth + 1);
        assert_ok(kt_prefix_parent_hash(s->c, &left, &right, &out));
    }
    return out;
}

static void
roots_are_those_of_the_definition_in_whatever_steps_leaves_came(void **state)
{
    static const size_t steps[] = {1, 2, 3, 7, 64, LEAVES};

    for (size_t k = 0; k < CHECK_COUNT(steps); k++) {
        scene s;
        kt_prefix_root root = {0};
        scene_open(&s, *state);
        for (size_t at = 0; at < LEAVES; at += steps[k]) {
            const size_t end = at + steps[k] < LEAVES ? at + steps[k] : LEAVES;
            root = insert(&s, &root, at, end);
            const kt_hash expected = defined_root(&s, s.leaves, end, 0);
            assert_true(kt_hash_equal(&root.hash, &expected));
        }
        scene_close(&s);
    }
}

/* Looks the keys up in the tree and evaluates the proof against its root. */
static kith_err
prove_and_evaluate(scene *s, const kt_prefix_root *root, kt_lookup *lookups, size_t count,
                   kith_buf *elements)
{
    KITH_AUTO(kith_buf) siblings = {0};
    const kt_prefix_batch batch = {.lookups = lookups, .count = count, .root = root->hash};
    kt_hash result = {{0}};

    for (size_t i = 0; i < count; i++) {
        assert_ok(kt_prefix_search(s->c, &s->store, root->id, &lookups[i], &siblings));
    }
    assert_ok(kt_prefix_prove(s->c, &batch, &siblings, elements));
    KITH_TRY(kt_prefix_evaluate(s->c, &batch, kith_bytes_of_buf(elements), &result));
    assert_true(kt_hash_equal(&result, &root->hash));
    return KITH_OK;
}

/* Of leaves with even numbers, and of others from `from` on: some before, some after they were added. */
static void
check_state(scene *s, const kt_prefix_root *root, size_t leaves, size_t count, size_t from)
{
    KITH_AUTO(kith_buf) elements = {0};
    kt_lookup lookups[12] = {0};
    size_t numbers[12];

    for (size_t k = 0; k < count; k++) {
        numbers[k] = k % 2 == 0 ? k : from + k;
        lookups[k].key = s->leaves[numbers[k]].key;
    }
    assert_ok(prove_and_evaluate(s, root, lookups, count, &elements));
    for (size_t k = 0; k < count; k++) {
        for (size_t j = 0; j < count; j++) {
            if (kt_hash_equal(&lookups[j].key, &s->leaves[numbers[k]].key)) {
                assert_int_equal(lookups[j].result.outcome == KT_INCLUSION, numbers[k] < leaves);
            }
        }
    }
}

static void
every_old_state_proves_what_it_had_and_what_it_had_not(void **state)
{
    scene s;
    kt_prefix_root roots[40] = {0};
    fake_rng random;

    fake_rng_init(&random, 5);
    scene_open(&s, *state);
    for (size_t i = 1; i < CHECK_COUNT(roots); i++) {
        roots[i] = insert(&s, &roots[i - 1], i - 1, i);
    }
    for (size_t i = 0; i < CHECK_COUNT(roots); i++) {
        for (size_t count = 0; count <= 12; count++) {
            check_state(&s, &roots[i], i, count, 2 * fake_rng_below(&random, LEAVES / 2 - 6));
        }
    }
    scene_close(&s);
}

static void
a_key_that_is_there_already_changes_nothing(void **state)
{
    scene s;
    kt_prefix_root empty = {0};
    kt_prefix_root out = {.id = 77};

    scene_open(&s, *state);
    const kt_prefix_root root = insert(&s, &empty, 0, 50);
    const size_t len = kt_memory_len(s.memory, KT_NODES);
    kt_leaf twice[2] = {s.leaves[60], s.leaves[60]};

    assert_err(kt_prefix_insert(&s.w, &root, &s.leaves[3], 1, &out), KITH_ERR_EXISTS);
    assert_err(kt_prefix_insert(&s.w, &root, twice, 2, &out), KITH_ERR_EXISTS);

    assert_int_equal(out.id, 77);
    assert_int_equal(kt_memory_len(s.memory, KT_NODES), len);
    const kt_prefix_root next = insert(&s, &root, 50, LEAVES);
    const kt_hash expected = defined_root(&s, s.leaves, LEAVES, 0);
    assert_true(kt_hash_equal(&next.hash, &expected));
    scene_close(&s);
}

static void
a_changed_proof_has_another_root_or_none(void **state)
{
    scene s;
    kt_prefix_root empty = {0};
    KITH_AUTO(kith_buf) elements = {0};
    kt_lookup lookups[6] = {0};
    kt_hash result;

    scene_open(&s, *state);
    const kt_prefix_root root = insert(&s, &empty, 0, 100);
    for (size_t i = 0; i < 6; i++) {
        lookups[i].key = s.leaves[97 + i].key;
    }
    assert_ok(prove_and_evaluate(&s, &root, lookups, 6, &elements));
    const kt_prefix_batch batch = {.lookups = lookups, .count = 6};

    for (size_t bit = 0; bit < elements.len * 8; bit++) {
        elements.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_ok(kt_prefix_evaluate(s.c, &batch, kith_bytes_of_buf(&elements), &result));
        assert_false(kt_hash_equal(&result, &root.hash));
        elements.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t len = 0; len < elements.len; len++) {
        assert_err(kt_prefix_evaluate(s.c, &batch, kith_bytes_of(elements.data, len), &result),
                   KITH_ERR_REJECTED);
    }
    assert_ok(kith_buf_append(&elements, kt_hash_bytes(&root.hash)));
    assert_err(kt_prefix_evaluate(s.c, &batch, kith_bytes_of_buf(&elements), &result),
               KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_result_of_another_kind_or_depth_is_refused(void **state)
{
    scene s;
    kt_prefix_root empty = {0};

    scene_open(&s, *state);
    const kt_prefix_root root = insert(&s, &empty, 0, 100);
    for (size_t i = 90; i < 110; i++) {
        for (unsigned change = 1; change < 4 * 256; change++) {
            KITH_AUTO(kith_buf) elements = {0};
            kt_lookup lookup = {.key = s.leaves[i].key};
            const kt_prefix_batch batch = {.lookups = &lookup, .count = 1};
            kt_hash result = {{0}};
            assert_ok(prove_and_evaluate(&s, &root, &lookup, 1, &elements));
            const kt_result honest = lookup.result;
            lookup.result.outcome = (kt_outcome)(1 + change / 256 % 3);
            lookup.result.depth = (uint8_t)change;
            if (honest.outcome == lookup.result.outcome && honest.depth == lookup.result.depth) {
                continue;
            }
            const kith_err err =
                kt_prefix_evaluate(s.c, &batch, kith_bytes_of_buf(&elements), &result);
            assert_true(err == KITH_ERR_REJECTED || !kt_hash_equal(&result, &root.hash));
        }
    }
    scene_close(&s);
}

static void
the_leaf_that_stands_in_the_way_must_be_in_the_way(void **state)
{
    scene s;
    kt_prefix_root empty = {0};
    KITH_AUTO(kith_buf) elements = {0};
    kt_lookup lookup = {0};
    const kt_prefix_batch batch = {.lookups = &lookup, .count = 1};
    kt_hash result;

    scene_open(&s, *state);
    const kt_prefix_root root = insert(&s, &empty, 0, 100);
    /* A proof that leaf 0 is there, sold as one that it is in the way of itself. */
    lookup.key = s.leaves[0].key;
    assert_ok(prove_and_evaluate(&s, &root, &lookup, 1, &elements));
    lookup.result.outcome = KT_NON_INCLUSION_LEAF;
    lookup.result.leaf = s.leaves[0];
    assert_err(kt_prefix_evaluate(s.c, &batch, kith_bytes_of_buf(&elements), &result),
               KITH_ERR_REJECTED);
    /* ... and as one that it is in the way of a key that goes elsewhere. */
    lookup.key.bytes[0] ^= 0x80;
    assert_err(kt_prefix_evaluate(s.c, &batch, kith_bytes_of_buf(&elements), &result),
               KITH_ERR_REJECTED);
    scene_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_the_definition_in_whatever_steps_leaves_came),
        cmocka_unit_test(every_old_state_proves_what_it_had_and_what_it_had_not),
        cmocka_unit_test(a_key_that_is_there_already_changes_nothing),
        cmocka_unit_test(a_changed_proof_has_another_root_or_none),
        cmocka_unit_test(a_result_of_another_kind_or_depth_is_refused),
        cmocka_unit_test(the_leaf_that_stands_in_the_way_must_be_in_the_way),
    };

    return cmocka_run_group_tests_name("prefix", tests, lab_open, lab_close);
}
