/* SPDX-License-Identifier: MPL-2.0 */
/* The log for witnesses as tiles [C2SP-TILES]. */
#include "transparency/note_lab.h"
#include "transparency/world.h"

static const struct {
    kt_tile tile;
    const char *path;
} known[] = {
    {{.level = 0, .index = 1234067, .width = 256}, "tile/0/x001/x234/067"},
    {{.level = 0, .index = 0, .width = 256}, "tile/0/000"},
    {{.level = 63, .index = 999, .width = 1}, "tile/63/999.p/1"},
    {{.level = 1, .index = 1000, .width = 255}, "tile/1/x001/000.p/255"},
    {{.is_entries = true, .index = 273, .width = 112}, "tile/entries/273.p/112"},
    {{.is_entries = true, .index = (UINT64_C(1) << 56) - 1, .width = 256},
     "tile/entries/x072/x057/x594/x037/x927/935"},
};

static void
paths_are_those_of_the_specification(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(known); i++) {
        KITH_AUTO(kith_buf) path = {0};
        kt_tile tile;
        assert_ok(kt_tile_path_encode(&known[i].tile, &path));
        assert_text(kith_bytes_of_buf(&path), known[i].path);
        assert_ok(kt_tile_path_decode(kith_bytes_of_buf(&path), &tile));
        assert_int_equal(tile.is_entries, known[i].tile.is_entries);
        assert_int_equal(tile.level, known[i].tile.level);
        assert_true(tile.index == known[i].tile.index);
        assert_int_equal(tile.width, known[i].tile.width);
    }
}

static void
what_is_no_path_of_a_tile_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/00/000",
        "tile/64/000",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000/",
        "tile/x/000",
        "tile/-1/000",
        "/tile/0/000",
        "tile/0/000.q/1",
        "tile/0/00a",
        "tile/entries",
        "tile/0/x001/x234/067/",
        "tile/0/x072/x057/x594/x037/x927/936",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    };
    kt_tile tile;
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
        assert_err(kt_tile_path_decode(kith_bytes_of_text(wrong[i]), &tile), KITH_ERR_MALFORMED);
    }
}

static void
a_tile_out_of_range_has_no_path(void **state)
{
    static const kt_tile wrong[] = {{.level = 64, .width = 1},
                                    {.width = 0},
                                    {.width = 257},
                                    {.is_entries = true, .level = 1, .width = 1},
                                    {.index = UINT64_C(1) << 56, .width = 1}};
    KITH_AUTO(kith_buf) path = {0};
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
        assert_err(kt_tile_path_encode(&wrong[i], &path), KITH_ERR_INVALID);
    }
    assert_int_equal(path.len, 0);
}

/* The root of a tile's hashes, which are taken for leaves. */
static kt_hash
root_of(crypto *c, kith_bytes hashes)
{
    kt_merkle_edge edge = {0};
    kt_hash root;

    for (kith_reader r = kith_reader_of(hashes); !kith_reader_done(&r);) {
        kt_hash hash;
        assert_ok(kt_hash_read(&r, &hash));
        assert_ok(kt_merkle_edge_add(c, &edge, &hash));
    }
    assert_ok(kt_merkle_edge_root(c, &edge, &root));
    return root;
}

static void
tiles_of_a_level_are_hashed_into_the_next(void **state)
{
    const kt_tile above = {.level = 1, .width = 2};
    KITH_AUTO(kith_buf) upper = {0};
    world w;

    world_open(&w, *state, 1000, 0);
    for (size_t i = 0; i < 600; i++) {
        world_append(&w, 1, NULL, 0);
    }
    assert_ok(kt_log_tile(w.log, 600, &above, &upper));
    assert_int_equal(upper.len, 2 * KT_HASH_LEN);
    for (uint64_t i = 0; i < 2; i++) {
        const kt_tile tile = {.index = i, .width = KT_TILE_WIDTH};
        KITH_AUTO(kith_buf) lower = {0};
        assert_ok(kt_log_tile(w.log, 600, &tile, &lower));
        assert_int_equal(lower.len, KT_TILE_WIDTH * KT_HASH_LEN);
        const kt_hash root = root_of(*state, kith_bytes_of_buf(&lower));
        assert_memory_equal(root.bytes, upper.data + i * KT_HASH_LEN, KT_HASH_LEN);
    }
    world_close(&w);
}

static void
a_tree_has_the_tiles_of_its_size_and_no_others(void **state)
{
    static const struct {
        kt_tile tile;
        kith_err err;
    } table[] = {
        {{.index = 0, .width = 256}, KITH_OK},
        {{.index = 1, .width = 44}, KITH_OK},
        {{.index = 1, .width = 45}, KITH_ERR_NOT_FOUND},
        {{.index = 1, .width = 256}, KITH_ERR_NOT_FOUND},
        {{.index = 2, .width = 1}, KITH_ERR_NOT_FOUND},
        {{.level = 1, .width = 1}, KITH_OK},
        {{.level = 1, .width = 2}, KITH_ERR_NOT_FOUND},
        {{.level = 2, .width = 1}, KITH_ERR_NOT_FOUND},
        {{.level = 63, .width = 1}, KITH_ERR_NOT_FOUND},
        {{.is_entries = true, .index = 1, .width = 44}, KITH_OK},
        {{.is_entries = true, .index = 1, .width = 45}, KITH_ERR_NOT_FOUND},
        {{.is_entries = true, .index = (UINT64_C(1) << 56) - 1, .width = 1}, KITH_ERR_NOT_FOUND},
        {{.width = 0}, KITH_ERR_INVALID},
    };
    KITH_AUTO(kith_buf) out = {0};
    world w;

    world_open(&w, *state, 1000, 0);
    for (size_t i = 0; i < 310; i++) {
        world_append(&w, 1, NULL, 0);
    }
    for (size_t i = 0; i < CHECK_COUNT(table); i++) {
        kith_buf_clear(&out);
        assert_err(kt_log_tile(w.log, 300, &table[i].tile, &out), table[i].err);
        assert_int_equal(out.len > 0, table[i].err == KITH_OK);
    }
    assert_err(kt_log_tile(w.log, 311, &table[0].tile, &out), KITH_ERR_INVALID);
    world_close(&w);
}

static void
a_bundle_holds_the_entries_that_the_hashes_are_of(void **state)
{
    const kt_tile hashes = {.width = 7};
    const kt_tile bundle = {.is_entries = true, .width = 7};
    KITH_AUTO(kith_buf) leaves = {0};
    KITH_AUTO(kith_buf) entries = {0};
    kith_bytes entry = {0};
    world w;

    world_open(&w, *state, 1000, 0);
    for (size_t i = 0; i < 7; i++) {
        world_append(&w, 1, i % 2 == 0 ? "rose" : NULL, (unsigned)i);
    }
    assert_ok(kt_log_tile(w.log, 7, &hashes, &leaves));
    assert_ok(kt_log_tile(w.log, 7, &bundle, &entries));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&entries));
    for (size_t i = 0; i < 7; i++) {
        kt_hash leaf;
        assert_ok(kith_read_vec16(&r, &entry));
        assert_int_equal(entry.len, KT_BRIDGE_ENTRY_LEN);
        assert_ok(kt_merkle_leaf(*state, entry, &leaf));
        assert_memory_equal(leaf.bytes, leaves.data + i * KT_HASH_LEN, KT_HASH_LEN);
    }
    assert_true(kith_reader_done(&r));
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_those_of_the_specification),
        cmocka_unit_test(what_is_no_path_of_a_tile_is_refused),
        cmocka_unit_test(a_tile_out_of_range_has_no_path),
        cmocka_unit_test(tiles_of_a_level_are_hashed_into_the_next),
        cmocka_unit_test(a_tree_has_the_tiles_of_its_size_and_no_others),
        cmocka_unit_test(a_bundle_holds_the_entries_that_the_hashes_are_of),
    };

    return cmocka_run_group_tests_name("tile", tests, lab_open, lab_close);
}
