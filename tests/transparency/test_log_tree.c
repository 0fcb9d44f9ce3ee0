/* SPDX-License-Identifier: MPL-2.0 */
/* The log tree: roots against the definition, batch proofs between all sizes, and proofs that lie. */
#include "transparency/lab.h"
#include "transparency/log_tree.h"
#include "transparency/math.h"

#define LEAVES 40

typedef struct scene {
    crypto *c;
    kt_memory *memory;
    kt_store store;
    kt_hash leaves[LEAVES];
} scene;

static void
scene_open(scene *s, crypto *c)
{
    *s = (scene){.c = c};
    assert_ok(kt_memory_new(NULL, &s->memory));
    s->store = kt_memory_port(s->memory);
    for (size_t i = 0; i < LEAVES; i++) {
        s->leaves[i] = hash_of_number(c, i);
        assert_ok(kt_log_leaf_append(c, &s->store, i, &s->leaves[i]));
    }
}

/* The left-balanced tree over leaves `begin` to `end` [KEYTRANS §3.2]. */
static kt_log_node
defined_root(scene *s, size_t begin, size_t end)
{
    kt_log_node out = {s->leaves[begin], true};
    size_t half = 1;

    if (end - begin > 1) {
        while (half * 2 < end - begin) {
            half *= 2;
        }
        const kt_log_node left = defined_root(s, begin, begin + half);
        const kt_log_node right = defined_root(s, begin + half, end);
        assert_ok(kt_log_parent_hash(s->c, &left, &right, &out.value));
        out.is_leaf = false;
    }
    return out;
}

static void
retain(scene *s, size_t size, kt_hash *out)
{
    size_t count = 0;

    for (size_t start = 0; start < size;) {
        const size_t width = (size_t)1 << kt_math_subtree_level(start, size);
        out[count++] = defined_root(s, start, start + width).value;
        start += width;
    }
}

static void
roots_are_those_of_the_definition(void **state)
{
    scene s;

    scene_open(&s, *state);
    for (size_t size = 1; size <= LEAVES; size++) {
        kt_hash root;
        const kt_log_node expected = defined_root(&s, 0, size);
        assert_ok(kt_log_root(s.c, &s.store, size, &root));
        assert_true(kt_hash_equal(&root, &expected.value));
    }
    kt_memory_free(s.memory);
}

/* One proof of leaves chosen by the bits of `chosen`, between the sizes. */
static void
check_proof(scene *s, size_t previous, size_t size, size_t extra, uint64_t chosen)
{
    KITH_AUTO(kith_buf) elements = {0};
    uint64_t positions[LEAVES];
    kt_hash leaves[LEAVES];
    kt_hash retained[KT_PATH_MAX];
    kt_log_heads heads;
    kt_log_claim claim = {
        .batch = {.size = size, .previous = previous, .extra = extra, .positions = positions},
        .leaves = leaves,
        .retained = retained};

    for (size_t i = 0; i < size; i++) {
        if ((chosen >> i & 1) == 1) {
            leaves[claim.batch.count] = s->leaves[i];
            positions[claim.batch.count++] = i;
        }
    }
    retain(s, previous, retained);
    assert_ok(kt_log_prove(&s->store, &claim.batch, &elements));
    claim.elements = kith_bytes_of_buf(&elements);
    assert_ok(kt_log_evaluate(s->c, &claim, &heads));
    kt_log_node expected = defined_root(s, 0, size);
    assert_true(kt_hash_equal(&heads.root, &expected.value));
    assert_int_equal(heads.count, kt_math_subtree_count(size));
    if (extra > 0) {
        expected = defined_root(s, 0, extra);
        assert_true(kt_hash_equal(&heads.extra_root, &expected.value));
    }
}

static void
proofs_between_all_sizes_hold(void **state)
{
    scene s;
    fake_rng random;

    fake_rng_init(&random, 1);
    scene_open(&s, *state);
    for (size_t size = 1; size <= LEAVES; size++) {
        for (size_t previous = 0; previous <= size; previous++) {
            const size_t extra = fake_rng_below(&random, size + 1);
            check_proof(&s, previous, size, 0, 0);
            check_proof(&s, previous, size, extra, UINT64_C(1) << (size - 1));
            check_proof(&s, previous, size, extra, fake_rng_u64(&random));
            check_proof(&s, previous, size, 0, fake_rng_u64(&random) & fake_rng_u64(&random));
        }
    }
    kt_memory_free(s.memory);
}

/* The worked example [KEYTRANS §C.1]: four elements. */
static void
the_worked_example_has_four_elements(void **state)
{
    static const uint64_t positions[] = {7, 11, 12};
    const kt_log_batch batch = {.size = 13, .previous = 4, .positions = positions, .count = 3};
    KITH_AUTO(kith_buf) elements = {0};
    scene s;

    scene_open(&s, *state);
    assert_ok(kt_log_prove(&s.store, &batch, &elements));

    const kt_hash expected[] = {defined_root(&s, 4, 6).value, s.leaves[6],
                                defined_root(&s, 8, 10).value, s.leaves[10]};
    assert_int_equal(elements.len, sizeof expected);
    assert_memory_equal(elements.data, expected, sizeof expected);
    kt_memory_free(s.memory);
}

static void
what_contradicts_the_retained_subtrees_is_refused(void **state)
{
    static const uint64_t positions[] = {2, 20};
    KITH_AUTO(kith_buf) elements = {0};
    kt_hash retained[KT_PATH_MAX];
    kt_log_heads heads;
    scene s;

    scene_open(&s, *state);
    kt_hash leaves[] = {s.leaves[2], s.leaves[20]};
    kt_log_claim claim = {.batch = {.size = 37, .previous = 11, .positions = positions, .count = 2},
                          .leaves = leaves,
                          .retained = retained};
    retain(&s, 11, retained);
    assert_ok(kt_log_prove(&s.store, &claim.batch, &elements));
    claim.elements = kith_bytes_of_buf(&elements);
    assert_ok(kt_log_evaluate(s.c, &claim, &heads));
    leaves[0] = s.leaves[3]; /* inside a retained subtree: its head is another */
    assert_err(kt_log_evaluate(s.c, &claim, &heads), KITH_ERR_REJECTED);
    kt_memory_free(s.memory);
}

static void
proofs_of_another_length_are_refused_and_changed_ones_have_another_root(void **state)
{
    static const uint64_t positions[] = {20, 36};
    KITH_AUTO(kith_buf) elements = {0};
    kt_hash retained[KT_PATH_MAX];
    kt_log_heads heads;
    scene s;

    scene_open(&s, *state);
    const kt_hash leaves[] = {s.leaves[20], s.leaves[36]};
    kt_log_claim claim = {.batch = {.size = 37, .previous = 11, .positions = positions, .count = 2},
                          .leaves = leaves,
                          .retained = retained};
    const kt_log_node honest = defined_root(&s, 0, 37);
    retain(&s, 11, retained);
    assert_ok(kt_log_prove(&s.store, &claim.batch, &elements));
    claim.elements = kith_bytes_of_buf(&elements);
    for (size_t bit = 0; bit < elements.len * 8; bit++) {
        elements.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_ok(kt_log_evaluate(s.c, &claim, &heads));
        assert_false(kt_hash_equal(&heads.root, &honest.value));
        elements.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (claim.elements.len = 0; claim.elements.len < elements.len; claim.elements.len++) {
        assert_err(kt_log_evaluate(s.c, &claim, &heads), KITH_ERR_REJECTED);
    }
    assert_ok(kith_buf_append(&elements, kt_hash_bytes(&honest.value)));
    claim.elements = kith_bytes_of_buf(&elements);
    assert_err(kt_log_evaluate(s.c, &claim, &heads), KITH_ERR_REJECTED);
    claim.batch.size = KT_SIZE_MAX + 1;
    assert_err(kt_log_evaluate(s.c, &claim, &heads), KITH_ERR_REJECTED);
    claim.batch.size = 10; /* smaller than what was seen */
    assert_err(kt_log_evaluate(s.c, &claim, &heads), KITH_ERR_REJECTED);
    kt_memory_free(s.memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_the_definition),
        cmocka_unit_test(proofs_between_all_sizes_hold),
        cmocka_unit_test(the_worked_example_has_four_elements),
        cmocka_unit_test(what_contradicts_the_retained_subtrees_is_refused),
        cmocka_unit_test(proofs_of_another_length_are_refused_and_changed_ones_have_another_root),
    };

    return cmocka_run_group_tests_name("log-tree", tests, lab_open, lab_close);
}
