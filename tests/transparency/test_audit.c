/* SPDX-License-Identifier: MPL-2.0 */
/* Auditors: what an honest log tells them is accepted and makes its roots; anything else is refused. */
#include <stdio.h>

#include "transparency/scene.h"

static void
tell(world *w, uint64_t position, kith_buf *update)
{
    kith_buf_clear(update);
    assert_ok(kt_log_audit(w->log, position, update));
}

/* Entries of all kinds: none, one, a few and many new versions. */
static void
grow(world *w, unsigned i)
{
    if (i % 7 == 3) {
        world_append_many(w, STEP_MS, LABEL, 1 + i % 60);
    } else {
        char label[32];
        (void)snprintf(label, sizeof label, "other %u", i % 11);
        world_append(w, STEP_MS, i % 5 == 0 ? NULL : label, i);
    }
}

static void
an_auditor_follows_an_honest_log_from_its_first_entry(void **state)
{
    KITH_AUTO(kith_buf) update = {0};
    kt_audit audit = {.size = 0};
    kt_hash expected;
    kt_hash root;
    world w;

    world_open(&w, *state, WINDOW_MS, 0);
    assert_err(kt_audit_root(w.c, &audit, &root), KITH_ERR_NOT_FOUND);
    for (unsigned i = 0; i < 100; i++) {
        grow(&w, i);
        tell(&w, i, &update);
        assert_ok(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit));
        assert_ok(kt_log_tree_root(w.log, &expected));
        assert_ok(kt_audit_root(w.c, &audit, &root));
        assert_true(memcmp(expected.bytes, root.bytes, KT_HASH_LEN) == 0);
        assert_int_equal(audit.size, i + 1);
        assert_int_equal(audit.timestamp, w.now_ms);
    }
    assert_err(kt_log_audit(w.log, 100, &update), KITH_ERR_REJECTED);
    world_close(&w);
}

/* The commitments of what is new are the log's to say, and so is the time: a change of those makes another tree,
 * which the log did not sign. Every other change is refused. */
static void
every_changed_bit_of_an_update_is_refused_or_makes_a_tree_that_the_log_did_not_sign(void **state)
{
    KITH_AUTO(kith_buf) update = {0};
    kt_audit audit = {.size = 0};
    kt_hash expected;
    kt_hash root;
    world w;

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 39; i++) {
        grow(&w, i);
        tell(&w, i, &update);
        if (i < 38) {
            assert_ok(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit));
        }
    }
    assert_ok(kt_log_tree_root(w.log, &expected));
    for (size_t bit = 0; bit < update.len * 8; bit++) {
        kt_audit changed = audit;
        update.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        const kith_err err = kt_audit_apply(w.c, kith_bytes_of_buf(&update), &changed);
        assert_true(err == KITH_OK || is_refusal(err) || err == KITH_ERR_UNSUPPORTED);
        if (err == KITH_OK) {
            assert_ok(kt_audit_root(w.c, &changed, &root));
            assert_true(memcmp(expected.bytes, root.bytes, KT_HASH_LEN) != 0);
        } else {
            assert_memory_equal(&changed, &audit, sizeof audit);
        }
        update.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t len = 0; len < update.len; len++) {
        assert_true(is_refusal(kt_audit_apply(w.c, kith_bytes_of(update.data, len), &audit)));
    }
    world_close(&w);
}

static void
an_entry_twice_left_out_or_of_another_log_is_refused(void **state)
{
    KITH_AUTO(kith_buf) update = {0};
    kt_audit audit = {.size = 0};
    world w;
    world twin;

    world_open(&w, *state, WINDOW_MS, 0);
    world_open_twin(&twin, &w);
    for (unsigned i = 0; i < 9; i++) {
        world_append(&w, STEP_MS, LABEL, i);
        world_append(&twin, STEP_MS, i < 4 ? LABEL : "other", i);
    }
    for (unsigned i = 0; i < 5; i++) {
        tell(&w, i, &update);
        assert_ok(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit));
    }
    assert_err(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit), KITH_ERR_REJECTED);
    tell(&w, 6, &update);
    assert_err(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit), KITH_ERR_REJECTED);
    tell(&twin, 5, &update);
    assert_err(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit), KITH_ERR_REJECTED);
    tell(&w, 5, &update);
    assert_ok(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit));
    world_close(&twin);
    world_close(&w);
}

static void
time_that_goes_back_and_leaves_that_are_removed_are_refused(void **state)
{
    KITH_AUTO(kith_buf) update = {0};
    kt_audit audit = {.size = 0};
    world w;

    world_open(&w, *state, WINDOW_MS, 0);
    world_append(&w, STEP_MS, LABEL, 0);
    world_append(&w, STEP_MS, NULL, 0);
    tell(&w, 0, &update);
    assert_ok(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit));
    tell(&w, 1, &update);
    memset(update.data, 0, 8);
    assert_err(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit), KITH_ERR_REJECTED);
    tell(&w, 1, &update);
    update.data[8 + 2 + 1] = 1; /* how many are removed */
    assert_err(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit), KITH_ERR_UNSUPPORTED);
    audit.size = KT_SIZE_MAX;
    assert_err(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit), KITH_ERR_LIMIT);
    world_close(&w);
}

static void
append_labels(world *w, size_t count)
{
    static char names[KT_PROOF_ITEMS_MAX + 1][32];
    static kt_change changes[KT_PROOF_ITEMS_MAX + 1];
    const kith_bytes values[] = {kith_bytes_of_text("value")};

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(names[i], sizeof names[i], "%zu of %zu", i, count);
        changes[i] =
            (kt_change){.label = kith_bytes_of_text(names[i]), .values = values, .count = 1};
    }
    w->now_ms += STEP_MS;
    assert_ok(kt_log_append(w->log, w->now_ms, changes, count));
}

static void
an_entry_may_have_the_named_number_of_versions_and_no_more(void **state)
{
    KITH_AUTO(kith_buf) update = {0};
    kt_audit audit = {.size = 0};
    kt_hash expected;
    kt_hash root;
    world w;

    world_open(&w, *state, WINDOW_MS, 0);
    append_labels(&w, KT_PROOF_ITEMS_MAX);
    tell(&w, 0, &update);
    assert_ok(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit));
    assert_ok(kt_log_tree_root(w.log, &expected));
    assert_ok(kt_audit_root(w.c, &audit, &root));
    assert_memory_equal(expected.bytes, root.bytes, KT_HASH_LEN);
    append_labels(&w, KT_PROOF_ITEMS_MAX + 1);
    assert_err(kt_log_audit(w.log, 1, &update), KITH_ERR_LIMIT);
    world_close(&w);
}

static void
what_an_auditor_retains_survives_its_encoding(void **state)
{
    KITH_AUTO(kith_buf) update = {0};
    KITH_AUTO(kith_buf) bytes = {0};
    kt_audit audit = {.size = 0};
    kt_audit again = {.size = 9};
    world w;

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 11; i++) {
        grow(&w, i);
        tell(&w, i, &update);
        assert_ok(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit));
        kith_buf_clear(&bytes);
        assert_ok(kt_audit_encode(&audit, &bytes));
        for (size_t len = 0; len < bytes.len; len++) {
            kith_reader cut = kith_reader_of(kith_bytes_of(bytes.data, len));
            assert_err(kt_audit_decode(&cut, &again), KITH_ERR_MALFORMED);
        }
        kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
        assert_ok(kt_audit_decode(&r, &again));
        assert_true(kith_reader_done(&r));
        audit = again;
    }
    bytes.data[0]++;
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
    assert_err(kt_audit_decode(&r, &again), KITH_ERR_UNSUPPORTED);
    world_close(&w);
}

static void
users_accept_what_the_auditor_signed_and_nothing_older_than_the_lag(void **state)
{
    KITH_AUTO(kith_buf) update = {0};
    KITH_AUTO(kith_buf) signature = {0};
    KITH_AUTO(world_result) result = {0};
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    kt_audit audit = {.size = 0};
    kt_auditor_head head;
    kt_view view = {.size = 0};
    world w;

    world_open_audited(&w, *state, WINDOW_MS, 3 * STEP_MS);
    const kt_audit_signer signer = {.crypto = w.c, .config = &w.client.config, .sign = w.auditor};
    assert_err(kt_audit_sign(&signer, &audit, &signature, &head), KITH_ERR_NOT_FOUND);
    for (unsigned i = 0; i < 7; i++) {
        world_append(&w, STEP_MS, LABEL, i);
        tell(&w, i, &update);
        assert_ok(kt_audit_apply(w.c, kith_bytes_of_buf(&update), &audit));
    }
    assert_ok(kt_audit_sign(&signer, &audit, &signature, &head));
    assert_ok(kt_log_set_auditor_head(w.log, &head));
    assert_ok(world_search(&w, &view, &watch, NULL, &result));
    for (unsigned i = 0; i < 4; i++) {
        const kith_err expected = i < 3 ? KITH_OK : KITH_ERR_REJECTED;
        world_append(&w, STEP_MS, LABEL, i);
        view.size = 0;
        assert_err(world_search(&w, &view, &watch, NULL, &result), expected);
    }
    const kt_audit_signer wrong = {.crypto = w.c, .config = &w.client.config, .sign = w.sign};
    assert_err(kt_audit_sign(&wrong, &audit, &signature, &head), KITH_ERR_INVALID);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_auditor_follows_an_honest_log_from_its_first_entry),
        cmocka_unit_test(
            every_changed_bit_of_an_update_is_refused_or_makes_a_tree_that_the_log_did_not_sign),
        cmocka_unit_test(an_entry_twice_left_out_or_of_another_log_is_refused),
        cmocka_unit_test(time_that_goes_back_and_leaves_that_are_removed_are_refused),
        cmocka_unit_test(an_entry_may_have_the_named_number_of_versions_and_no_more),
        cmocka_unit_test(what_an_auditor_retains_survives_its_encoding),
        cmocka_unit_test(users_accept_what_the_auditor_signed_and_nothing_older_than_the_lag),
    };

    return cmocka_run_group_tests_name("audit", tests, lab_open, lab_close);
}
