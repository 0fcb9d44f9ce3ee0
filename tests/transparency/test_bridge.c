/* SPDX-License-Identifier: MPL-2.0 */
/* The log for witnesses beside the key transparency log: who follows it knows every head, and no other is below its
 * checkpoints. */
#include "transparency/note_lab.h"
#include "transparency/world.h"

#define SIZES 20

/* A log of `size` entries, some with versions. */
static void
open_world(world *w, crypto *c, size_t size, const char *label)
{
    world_open(w, c, 1000, 0);
    for (size_t i = 0; i < size; i++) {
        world_append(w, 10, i % 3 == 2 ? label : NULL, (unsigned)i);
    }
}

static void
a_witness_that_adds_every_entry_comes_to_the_same_roots(void **state)
{
    KITH_AUTO(kith_buf) bytes = {0};
    kt_bridge_view view = {0};
    world w;

    open_world(&w, *state, SIZES, "rose");
    assert_ok(kt_log_bridge_entries(w.log, 0, SIZES, &bytes));
    assert_int_equal(bytes.len, SIZES * KT_LOG_ENTRY_LEN);
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
    for (uint64_t size = 1; size <= SIZES; size++) {
        kt_entry entry;
        kt_hash expected;
        kt_hash root;
        assert_ok(kt_log_entry_read(&r, &entry));
        assert_ok(kt_bridge_view_add(*state, &view, &entry));
        assert_ok(kt_log_bridge_root(w.log, size, &expected));
        assert_ok(kt_merkle_edge_root(*state, &view.bridge, &root));
        assert_memory_equal(root.bytes, expected.bytes, KT_HASH_LEN);
    }
    assert_int_equal(view.timestamp, w.now_ms);
    world_close(&w);
}

static void
an_entry_with_any_bit_changed_comes_to_another_root(void **state)
{
    KITH_AUTO(kith_buf) bytes = {0};
    kt_bridge_view before = {0};
    kt_entry entry;
    kt_hash expected;
    world w;

    open_world(&w, *state, 6, "rose");
    assert_ok(kt_log_bridge_entries(w.log, 0, 6, &bytes));
    assert_ok(kt_log_bridge_root(w.log, 6, &expected));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
    for (size_t i = 0; i < 5; i++) {
        assert_ok(kt_log_entry_read(&r, &entry));
        assert_ok(kt_bridge_view_add(*state, &before, &entry));
    }
    uint8_t *last = bytes.data + (size_t)5 * KT_LOG_ENTRY_LEN;
    for (size_t bit = 0; bit < 8 * KT_LOG_ENTRY_LEN; bit++) {
        kt_bridge_view view = before;
        kt_hash root = {0};
        last[bit / 8] ^= (uint8_t)(1 << bit % 8);
        kith_reader one = kith_reader_of(kith_bytes_of(last, KT_LOG_ENTRY_LEN));
        assert_ok(kt_log_entry_read(&one, &entry));
        if (kt_bridge_view_add(*state, &view, &entry) == KITH_OK) {
            assert_ok(kt_merkle_edge_root(*state, &view.bridge, &root));
            assert_memory_not_equal(root.bytes, expected.bytes, KT_HASH_LEN);
        }
        last[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    world_close(&w);
}

static void
a_view_has_the_root_of_the_log_itself(void **state)
{
    KITH_AUTO(kith_buf) bytes = {0};
    kt_bridge_view view = {0};
    kt_log_tip tip;
    kt_hash root;
    world w;

    assert_err(kt_bridge_view_root(*state, &view, &root), KITH_ERR_NOT_FOUND);
    world_open(&w, *state, 1000, 0);
    for (uint64_t size = 1; size <= SIZES; size++) {
        kt_entry entry;
        world_append(&w, 10, size % 4 == 0 ? "rose" : NULL, (unsigned)size);
        kith_buf_clear(&bytes);
        assert_ok(kt_log_bridge_entries(w.log, size - 1, 1, &bytes));
        kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
        assert_ok(kt_log_entry_read(&r, &entry));
        assert_ok(kt_bridge_view_add(*state, &view, &entry));
        assert_ok(kt_bridge_view_root(*state, &view, &root));
        assert_ok(kt_log_head(w.log, &tip));
        assert_memory_equal(root.bytes, tip.head.root.bytes, KT_HASH_LEN);
    }
    world_close(&w);
}

static void
time_that_goes_back_is_not_followed(void **state)
{
    KITH_AUTO(kith_buf) bytes = {0};
    kt_bridge_view view = {.timestamp = UINT64_MAX};
    kt_entry entry;
    world w;

    open_world(&w, *state, 1, NULL);
    assert_ok(kt_log_bridge_entries(w.log, 0, 1, &bytes));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
    assert_ok(kt_log_entry_read(&r, &entry));
    assert_int_equal(kt_bridge_view_add(*state, &view, &entry), KITH_ERR_REJECTED);
    world_close(&w);
}

static void
a_view_is_kept_and_read_again_and_nothing_else_is_one(void **state)
{
    KITH_AUTO(kith_buf) bytes = {0};
    KITH_AUTO(kith_buf) kept = {0};
    kt_bridge_view view = {0};
    kt_bridge_view again;
    world w;

    open_world(&w, *state, 13, "rose");
    assert_ok(kt_log_bridge_entries(w.log, 0, 13, &bytes));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
    for (size_t i = 0; i < 13; i++) {
        kt_entry entry;
        assert_ok(kt_log_entry_read(&r, &entry));
        assert_ok(kt_bridge_view_add(*state, &view, &entry));
    }
    assert_ok(kt_bridge_view_encode(&view, &kept));
    assert_ok(kt_bridge_view_decode(kith_bytes_of_buf(&kept), &again));
    assert_int_equal(again.bridge.size, 13);
    assert_int_equal(again.bridge.count, 3);
    assert_memory_equal(again.bridge.hashes, view.bridge.hashes, 3 * sizeof view.log[0]);
    assert_memory_equal(again.log, view.log, 3 * sizeof view.log[0]);
    for (size_t len = 0; len < kept.len; len++) {
        assert_int_equal(kt_bridge_view_decode(kith_bytes_of(kept.data, len), &again),
                         KITH_ERR_MALFORMED);
    }
    kept.data[8] = 0xff;
    assert_int_equal(kt_bridge_view_decode(kith_bytes_of_buf(&kept), &again), KITH_ERR_MALFORMED);
    world_close(&w);
}

/* The checkpoint of the first `size` entries, without signatures; `text` holds it. */
static kt_checkpoint
checkpoint_at(const world *w, uint64_t size, kith_buf *text)
{
    kt_checkpoint checkpoint;
    kt_hash root;

    assert_ok(kt_log_bridge_root(w->log, size, &root));
    assert_ok(kt_checkpoint_text_write(kith_bytes_of_text("o"), size, &root, text));
    assert_ok(kt_checkpoint_text_decode(kith_bytes_of_buf(text), &checkpoint));
    return checkpoint;
}

static void
every_head_is_below_every_later_checkpoint(void **state)
{
    kt_head heads[SIZES + 1];
    world w;

    world_open(&w, *state, 1000, 0);
    for (size_t size = 1; size <= SIZES; size++) {
        kt_log_tip tip;
        world_append(&w, 10, size % 3 == 0 ? "rose" : NULL, (unsigned)size);
        assert_ok(kt_log_head(w.log, &tip));
        heads[size] = tip.head;
    }
    for (uint64_t at = 1; at <= SIZES; at++) {
        KITH_AUTO(kith_buf) text = {0};
        const kt_checkpoint checkpoint = checkpoint_at(&w, at, &text);
        for (uint64_t size = 1; size <= at; size++) {
            KITH_AUTO(kith_buf) proof = {0};
            assert_ok(kt_log_bridge_head(w.log, size, at, &proof));
            assert_ok(
                kt_bridge_head_check(*state, &heads[size], &checkpoint, kith_bytes_of_buf(&proof)));
        }
    }
    world_close(&w);
}

/* The root of the log's own tree after `size` entries. */
static kt_hash
root_at(const world *w, uint64_t size)
{
    KITH_AUTO(kith_buf) bytes = {0};
    kt_bridge_view view = {0};
    kt_hash root;

    assert_ok(kt_log_bridge_entries(w->log, 0, size, &bytes));
    for (kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes)); !kith_reader_done(&r);) {
        kt_entry entry;
        assert_ok(kt_log_entry_read(&r, &entry));
        assert_ok(kt_bridge_view_add(w->c, &view, &entry));
    }
    assert_ok(kt_bridge_view_root(w->c, &view, &root));
    return root;
}

static void
a_head_of_a_fork_is_below_no_checkpoint_of_the_other_side(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    world a;
    world b;

    open_world(&a, *state, 9, "rose");
    open_world(&b, *state, 9, "mallory");
    const kt_checkpoint checkpoint = checkpoint_at(&b, 9, &text);
    for (uint64_t size = 3; size <= 9; size++) {
        KITH_AUTO(kith_buf) proof_a = {0};
        KITH_AUTO(kith_buf) proof_b = {0};
        kt_head head = {.size = size};
        head.root = root_at(&a, size);
        assert_ok(kt_log_bridge_head(a.log, size, 9, &proof_a));
        assert_ok(kt_log_bridge_head(b.log, size, 9, &proof_b));
        assert_int_equal(
            kt_bridge_head_check(*state, &head, &checkpoint, kith_bytes_of_buf(&proof_a)),
            KITH_ERR_REJECTED);
        assert_int_equal(
            kt_bridge_head_check(*state, &head, &checkpoint, kith_bytes_of_buf(&proof_b)),
            KITH_ERR_REJECTED);
    }
    world_close(&a);
    world_close(&b);
}

static void
a_proof_of_a_head_that_is_changed_or_cut_is_refused(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    KITH_AUTO(kith_buf) proof = {0};
    kt_log_tip tip;
    world w;

    open_world(&w, *state, 5, "rose");
    assert_ok(kt_log_head(w.log, &tip));
    for (size_t i = 0; i < 6; i++) {
        world_append(&w, 10, NULL, 0);
    }
    const kt_checkpoint checkpoint = checkpoint_at(&w, 11, &text);
    assert_ok(kt_log_bridge_head(w.log, 5, 11, &proof));
    assert_ok(kt_bridge_head_check(*state, &tip.head, &checkpoint, kith_bytes_of_buf(&proof)));
    for (size_t at = 0; at < proof.len; at++) {
        proof.data[at] ^= 0x40;
        assert_int_equal(
            kt_bridge_head_check(*state, &tip.head, &checkpoint, kith_bytes_of_buf(&proof)),
            KITH_ERR_REJECTED);
        proof.data[at] ^= 0x40;
        assert_int_equal(
            kt_bridge_head_check(*state, &tip.head, &checkpoint, kith_bytes_of(proof.data, at)),
            KITH_ERR_REJECTED);
    }
    tip.head.size = 0;
    assert_int_equal(
        kt_bridge_head_check(*state, &tip.head, &checkpoint, kith_bytes_of_buf(&proof)),
        KITH_ERR_REJECTED);
    world_close(&w);
}

static void
growth_is_proved_from_every_size(void **state)
{
    world w;

    open_world(&w, *state, SIZES, "rose");
    for (uint64_t old = 0; old <= SIZES; old++) {
        KITH_AUTO(kith_buf) proof = {0};
        const kt_merkle_span span = {old, SIZES};
        kt_merkle_roots roots;
        assert_ok(kt_log_bridge_root(w.log, old, &roots.smaller));
        assert_ok(kt_log_bridge_root(w.log, SIZES, &roots.larger));
        assert_ok(kt_log_bridge_growth(w.log, span, &proof));
        assert_ok(kt_merkle_check_growth(*state, span, &roots, kith_bytes_of_buf(&proof)));
    }
    world_close(&w);
}

static void
what_the_log_has_not_is_not_given(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    kt_hash root;
    world w;

    open_world(&w, *state, 4, NULL);
    const kt_merkle_span beyond = {1, 5};
    assert_int_equal(kt_log_bridge_root(w.log, 5, &root), KITH_ERR_INVALID);
    assert_int_equal(kt_log_bridge_entries(w.log, 5, 0, &out), KITH_ERR_INVALID);
    assert_int_equal(kt_log_bridge_entries(w.log, 3, 2, &out), KITH_ERR_INVALID);
    assert_int_equal(kt_log_bridge_growth(w.log, beyond, &out), KITH_ERR_INVALID);
    assert_int_equal(kt_log_bridge_head(w.log, 0, 4, &out), KITH_ERR_INVALID);
    assert_int_equal(kt_log_bridge_head(w.log, 3, 2, &out), KITH_ERR_INVALID);
    assert_int_equal(kt_log_bridge_head(w.log, 3, 5, &out), KITH_ERR_INVALID);
    assert_ok(kt_log_bridge_entries(w.log, 4, 0, &out));
    assert_int_equal(out.len, 0);
    world_close(&w);
}

static void
the_origin_names_the_log_and_its_key(void **state)
{
    KITH_AUTO(kith_buf) origin = {0};
    KITH_AUTO(kith_buf) text = {0};
    kt_checkpoint checkpoint;
    uint8_t id[KT_HASH_LEN];
    kt_note_key key;
    world w;

    memset(id, 0xab, sizeof id);
    assert_ok(kt_bridge_origin(id, &origin));
    assert_text(kith_bytes_of_buf(&origin),
                "kith.log/abababababababababababababababababababababababababababababababab");
    world_open(&w, *state, 1000, 0);
    assert_ok(kt_bridge_key(*state, id, &w.client.config, &key));
    assert_true(kith_bytes_equal(kt_note_key_name(&key), kith_bytes_of_buf(&origin)));
    assert_memory_equal(key.public_key, w.client.config.signature_key, KT_KEY_LEN);
    assert_int_equal(kt_log_bridge_text(w.log, kith_bytes_of_buf(&origin), &text),
                     KITH_ERR_NOT_FOUND);
    world_append(&w, 10, NULL, 0);
    assert_ok(kt_log_bridge_text(w.log, kith_bytes_of_buf(&origin), &text));
    assert_ok(kt_checkpoint_text_decode(kith_bytes_of_buf(&text), &checkpoint));
    assert_int_equal(checkpoint.size, 1);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_witness_that_adds_every_entry_comes_to_the_same_roots),
        cmocka_unit_test(an_entry_with_any_bit_changed_comes_to_another_root),
        cmocka_unit_test(a_view_has_the_root_of_the_log_itself),
        cmocka_unit_test(time_that_goes_back_is_not_followed),
        cmocka_unit_test(a_view_is_kept_and_read_again_and_nothing_else_is_one),
        cmocka_unit_test(every_head_is_below_every_later_checkpoint),
        cmocka_unit_test(a_head_of_a_fork_is_below_no_checkpoint_of_the_other_side),
        cmocka_unit_test(a_proof_of_a_head_that_is_changed_or_cut_is_refused),
        cmocka_unit_test(growth_is_proved_from_every_size),
        cmocka_unit_test(what_the_log_has_not_is_not_given),
        cmocka_unit_test(the_origin_names_the_log_and_its_key),
    };

    return cmocka_run_group_tests_name("bridge", tests, lab_open, lab_close);
}
