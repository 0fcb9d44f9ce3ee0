/* SPDX-License-Identifier: MPL-2.0 */
/* The Merkle tree of Certificate Transparency: known roots, every proof up to 40 leaves, and proofs that are not. */
#include "transparency/lab.h"

#define LEAVES 40

/* The tree of the test vectors that implementations of [RFC6962] share. */
static const struct {
    const char *entry;
    const char *root; /* after it */
} known[] = {
    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"606162636465666768696a6b6c6d6e6f",
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static void
roots_are_those_of_the_shared_vectors(void **state)
{
    kt_memory *memory = NULL;
    kt_merkle_edge edge = {0};
    kt_hash root;

    assert_ok(kt_memory_new(NULL, &memory));
    const kt_store store = kt_memory_port(memory);
    assert_ok(kt_merkle_root(*state, &store, 0, &root));
    assert_hex(KITH_BYTES(root.bytes),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        KITH_AUTO(kith_buf) entry = {0};
        kt_hash leaf;
        assert_ok(kith_hex_decode(kith_bytes_of_text(known[i].entry), &entry));
        assert_ok(kt_merkle_leaf(*state, kith_bytes_of_buf(&entry), &leaf));
        assert_ok(kt_merkle_append(*state, &store, i, &leaf));
        assert_ok(kt_merkle_root(*state, &store, i + 1, &root));
        assert_hex(KITH_BYTES(root.bytes), known[i].root);
        assert_ok(kt_merkle_edge_add(*state, &edge, &leaf));
        assert_ok(kt_merkle_edge_root(*state, &edge, &root));
        assert_hex(KITH_BYTES(root.bytes), known[i].root);
    }
    kt_memory_free(memory);
}

/* A tree whose leaf i is the hash of the number `first` + i, and all its roots. */
typedef struct grove {
    crypto *c;
    kt_memory *memory;
    kt_store store;
    kt_hash leaves[LEAVES];
    kt_hash roots[LEAVES + 1];
} grove;

static void
grove_open(grove *g, crypto *c, uint64_t first)
{
    *g = (grove){.c = c};
    assert_ok(kt_memory_new(NULL, &g->memory));
    g->store = kt_memory_port(g->memory);
    assert_ok(kt_merkle_empty(c, &g->roots[0]));
    for (size_t i = 0; i < LEAVES; i++) {
        g->leaves[i] = hash_of_number(c, first + i);
        assert_ok(kt_merkle_append(c, &g->store, i, &g->leaves[i]));
        assert_ok(kt_merkle_root(c, &g->store, i + 1, &g->roots[i + 1]));
    }
}

static void
every_leaf_of_every_tree_is_proved_and_no_other(void **state)
{
    grove g;

    grove_open(&g, *state, 0);
    for (uint64_t size = 1; size <= LEAVES; size++) {
        for (uint64_t at = 0; at < size; at++) {
            KITH_AUTO(kith_buf) proof = {0};
            const kt_merkle_span span = {at, size};
            const kt_merkle_span beside = {at ^ 1, size};
            const kt_hash *root = &g.roots[size];
            assert_ok(kt_merkle_prove_leaf(g.c, &g.store, span, &proof));
            const kith_bytes path = kith_bytes_of_buf(&proof);
            assert_ok(kt_merkle_check_leaf(g.c, span, &g.leaves[at], path, root));
            assert_int_equal(kt_merkle_check_leaf(g.c, beside, &g.leaves[at], path, root),
                             KITH_ERR_REJECTED);
            assert_int_equal(
                kt_merkle_check_leaf(g.c, span, &g.leaves[(at + 1) % LEAVES], path, root),
                KITH_ERR_REJECTED);
            assert_int_equal(
                kt_merkle_check_leaf(g.c, span, &g.leaves[at], path, &g.roots[size - 1]),
                KITH_ERR_REJECTED);
        }
    }
    kt_memory_free(g.memory);
}

static void
every_tree_is_proved_to_begin_every_larger_one(void **state)
{
    grove g;

    grove_open(&g, *state, 0);
    for (uint64_t size = 0; size <= LEAVES; size++) {
        for (uint64_t old = 0; old <= size; old++) {
            KITH_AUTO(kith_buf) proof = {0};
            const kt_merkle_span span = {old, size};
            const kt_merkle_roots roots = {g.roots[old], g.roots[size]};
            assert_ok(kt_merkle_prove_growth(g.c, &g.store, span, &proof));
            assert_ok(kt_merkle_check_growth(g.c, span, &roots, kith_bytes_of_buf(&proof)));
            if (old > 0) {
                kt_merkle_roots wrong = roots;
                wrong.smaller.bytes[0] ^= 1;
                assert_int_equal(
                    kt_merkle_check_growth(g.c, span, &wrong, kith_bytes_of_buf(&proof)),
                    KITH_ERR_REJECTED);
            }
            if (old > 0 && old < size) {
                kt_merkle_roots wrong = roots;
                wrong.larger.bytes[31] ^= 1;
                assert_int_equal(
                    kt_merkle_check_growth(g.c, span, &wrong, kith_bytes_of_buf(&proof)),
                    KITH_ERR_REJECTED);
            }
        }
    }
    kt_memory_free(g.memory);
}

static void
a_forked_tree_cannot_be_proved_to_grow(void **state)
{
    grove a;
    grove b;

    grove_open(&a, *state, 0);
    grove_open(&b, *state, 1);
    for (uint64_t size = 1; size <= LEAVES; size++) {
        for (uint64_t old = 1; old <= size; old++) {
            KITH_AUTO(kith_buf) proof = {0};
            const kt_merkle_span span = {old, size};
            const kt_merkle_roots roots = {a.roots[old], b.roots[size]};
            assert_ok(kt_merkle_prove_growth(b.c, &b.store, span, &proof));
            assert_int_equal(kt_merkle_check_growth(b.c, span, &roots, kith_bytes_of_buf(&proof)),
                             KITH_ERR_REJECTED);
        }
    }
    kt_memory_free(a.memory);
    kt_memory_free(b.memory);
}

static void
proofs_that_are_changed_cut_or_longer_are_refused(void **state)
{
    grove g;

    grove_open(&g, *state, 0);
    for (uint64_t size = 9; size <= 13; size++) {
        for (uint64_t old = 1; old < size; old++) {
            KITH_AUTO(kith_buf) growth = {0};
            KITH_AUTO(kith_buf) path = {0};
            const kt_merkle_span span = {old, size};
            const kt_merkle_roots roots = {g.roots[old], g.roots[size]};
            assert_ok(kt_merkle_prove_growth(g.c, &g.store, span, &growth));
            assert_ok(kt_merkle_prove_leaf(g.c, &g.store, span, &path));
            for (size_t at = 0; at < growth.len; at++) {
                growth.data[at] ^= 0x10;
                assert_int_equal(
                    kt_merkle_check_growth(g.c, span, &roots, kith_bytes_of_buf(&growth)),
                    KITH_ERR_REJECTED);
                growth.data[at] ^= 0x10;
                assert_int_equal(
                    kt_merkle_check_growth(g.c, span, &roots, kith_bytes_of(growth.data, at)),
                    KITH_ERR_REJECTED);
            }
            for (size_t at = 0; at < path.len; at++) {
                path.data[at] ^= 0x10;
                assert_int_equal(kt_merkle_check_leaf(g.c, span, &g.leaves[old],
                                                      kith_bytes_of_buf(&path), &g.roots[size]),
                                 KITH_ERR_REJECTED);
                path.data[at] ^= 0x10;
                assert_int_equal(kt_merkle_check_leaf(g.c, span, &g.leaves[old],
                                                      kith_bytes_of(path.data, at), &g.roots[size]),
                                 KITH_ERR_REJECTED);
            }
            assert_ok(kith_buf_append(&growth, KITH_BYTES(g.roots[old].bytes)));
            assert_int_equal(kt_merkle_check_growth(g.c, span, &roots, kith_bytes_of_buf(&growth)),
                             KITH_ERR_REJECTED);
        }
    }
    kt_memory_free(g.memory);
}

static void
a_proof_has_63_hashes_at_most_and_sizes_may_be_large(void **state)
{
    /* A tree of 2^63 leaves that all hash to the same. */
    static uint8_t proof[(KT_MERKLE_PATH_MAX + 1) * KT_HASH_LEN];
    const kt_merkle_span span = {0, UINT64_C(1) << 63};
    kt_hash hash = hash_of_number(*state, 1);
    const kt_hash leaf = hash;

    for (size_t i = 0; i <= KT_MERKLE_PATH_MAX; i++) {
        static const uint8_t tag = 1;
        memcpy(proof + i * KT_HASH_LEN, hash.bytes, KT_HASH_LEN);
        if (i < KT_MERKLE_PATH_MAX) {
            kt_hash next;
            assert_ok(crypto_digest(*state, CRYPTO_SHA256,
                                    CRYPTO_PARTS(kith_bytes_of(&tag, 1), KITH_BYTES(hash.bytes),
                                                 KITH_BYTES(hash.bytes)),
                                    next.bytes));
            hash = next;
        }
    }
    assert_ok(kt_merkle_check_leaf(*state, span, &leaf,
                                   kith_bytes_of(proof, KT_MERKLE_PATH_MAX * KT_HASH_LEN), &hash));
    assert_int_equal(kt_merkle_check_leaf(*state, span, &leaf, KITH_BYTES(proof), &hash),
                     KITH_ERR_REJECTED);
}

static void
what_is_not_there_cannot_be_proved(void **state)
{
    KITH_AUTO(kith_buf) proof = {0};
    kt_hash root;
    grove g;

    grove_open(&g, *state, 0);
    const kt_merkle_span leaf_at_end = {5, 5};
    const kt_merkle_span shrunk = {6, 5};
    const kt_merkle_span too_large = {0, KT_SIZE_MAX + 1};
    assert_int_equal(kt_merkle_prove_leaf(g.c, &g.store, leaf_at_end, &proof), KITH_ERR_INVALID);
    assert_int_equal(kt_merkle_prove_leaf(g.c, &g.store, too_large, &proof), KITH_ERR_INVALID);
    assert_int_equal(kt_merkle_prove_growth(g.c, &g.store, shrunk, &proof), KITH_ERR_INVALID);
    assert_int_equal(kt_merkle_prove_growth(g.c, &g.store, too_large, &proof), KITH_ERR_INVALID);
    assert_int_equal(kt_merkle_root(g.c, &g.store, KT_SIZE_MAX + 1, &root), KITH_ERR_INVALID);
    assert_int_equal(kt_merkle_root(g.c, &g.store, LEAVES + 1, &root), KITH_ERR_STORE);
    assert_int_equal(kt_merkle_append(g.c, &g.store, KT_SIZE_MAX, &g.leaves[0]), KITH_ERR_LIMIT);
    assert_int_equal(
        kt_merkle_check_leaf(g.c, leaf_at_end, &g.leaves[4], (kith_bytes){0}, &g.roots[5]),
        KITH_ERR_REJECTED);
    const kt_merkle_roots roots = {g.roots[6], g.roots[5]};
    assert_int_equal(kt_merkle_check_growth(g.c, shrunk, &roots, (kith_bytes){0}),
                     KITH_ERR_REJECTED);
    assert_int_equal(proof.len, 0);
    kt_memory_free(g.memory);
}

static void
an_edge_that_is_full_stays_as_it_is(void **state)
{
    kt_merkle_edge edge = {.size = KT_SIZE_MAX, .count = 1};
    const kt_hash leaf = hash_of_number(*state, 1);

    assert_int_equal(kt_merkle_edge_add(*state, &edge, &leaf), KITH_ERR_LIMIT);
    assert_true(edge.size == KT_SIZE_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_the_shared_vectors),
        cmocka_unit_test(every_leaf_of_every_tree_is_proved_and_no_other),
        cmocka_unit_test(every_tree_is_proved_to_begin_every_larger_one),
        cmocka_unit_test(a_forked_tree_cannot_be_proved_to_grow),
        cmocka_unit_test(proofs_that_are_changed_cut_or_longer_are_refused),
        cmocka_unit_test(a_proof_has_63_hashes_at_most_and_sizes_may_be_large),
        cmocka_unit_test(what_is_not_there_cannot_be_proved),
        cmocka_unit_test(an_edge_that_is_full_stays_as_it_is),
    };

    return cmocka_run_group_tests_name("merkle", tests, lab_open, lab_close);
}
