/* SPDX-License-Identifier: MPL-2.0 */
/* Heads between users: whoever exchanges them sees a fork, and can prove it to a third person. */
#include "transparency/world.h"

#define SIZES 20

static kt_head
head_of(const world *w)
{
    kt_log_tip tip;

    assert_ok(kt_log_head(w->log, &tip));
    assert_int_equal(tip.timestamp, w->now_ms);
    assert_int_equal(tip.head.size, kt_log_size(w->log));
    return tip.head;
}

/* The answer to the question whether the log extends `head`, checked. */
static kith_err
ask_about(world *w, kt_view *view, const kt_head *head, kith_buf *answer, kt_consistency *out)
{
    kt_request request = {.question = KT_CONSISTENCY, .other = head->size};

    KITH_TRY(world_ask(w, view, NULL, &request, answer));
    const kt_exchange exchange = {
        .request = &request, .response = kith_bytes_of_buf(answer), .now_ms = w->now_ms};
    return kt_client_consistency(&w->client, &exchange, view, head, out);
}

static void
a_view_knows_when_the_newest_entry_was_added_and_where_an_owner_starts(void **state)
{
    world w;
    kt_view view = {0};
    uint64_t newest = 0;
    uint64_t start = 0;

    world_open(&w, *state, 35, 0);
    assert_int_equal(kt_view_newest(&view, &newest), KITH_ERR_NOT_FOUND);
    assert_int_equal(kt_view_start(&w.client, &view, &start), KITH_ERR_NOT_FOUND);
    for (size_t size = 1; size <= SIZES; size++) {
        kt_heads found;
        world_append(&w, 10, NULL, 0);
        assert_ok(world_heads(&w, &view, &found));
        assert_ok(kt_view_newest(&view, &newest));
        assert_int_equal(newest, w.now_ms);
        assert_ok(kt_view_start(&w.client, &view, &start));
        assert_true(found.count > 0);
        assert_int_equal(start, found.items[0].position);
    }
    world_close(&w);
}

static void
every_head_of_one_log_is_extended_by_it_whatever_the_asker_has_seen(void **state)
{
    world w;
    kt_head heads[SIZES + 1];
    kt_view views[SIZES + 1] = {{0}};

    world_open(&w, *state, 1000, 0);
    for (size_t size = 1; size <= SIZES; size++) {
        kt_heads found;
        world_append(&w, 10, size % 3 == 0 ? "rose" : NULL, (unsigned)size);
        heads[size] = head_of(&w);
        assert_ok(kt_head_verify(&w.client, &heads[size]));
        views[size] = views[size - 1];
        assert_ok(world_heads(&w, &views[size], &found));
    }
    for (size_t seen = 0; seen <= SIZES; seen++) {
        for (size_t other = 1; other <= SIZES; other++) {
            KITH_AUTO(kith_buf) answer = {0};
            kt_view view = views[seen];
            kt_consistency result = {0};
            assert_ok(ask_about(&w, &view, &heads[other], &answer, &result));
            assert_true(result.is_extended);
            assert_int_equal(view.size, SIZES);
            assert_int_equal(result.has_newest, seen < SIZES);
            if (result.has_newest) {
                assert_int_equal(kt_head_compare(&heads[SIZES], &result.newest), KT_HEAD_SAME);
                assert_ok(kt_head_verify(&w.client, &result.newest));
            }
        }
    }
    world_close(&w);
}

/* Two logs with the same keys that differ from entry 3 on. */
static void
open_fork(world *a, world *b, crypto *c, size_t size_a, size_t size_b)
{
    world_open(a, c, 1000, 0);
    world_open_twin(b, a);
    for (size_t i = 0; i < size_a; i++) {
        world_append(a, 10, i < 3 ? NULL : "rose", (unsigned)i);
    }
    for (size_t i = 0; i < size_b; i++) {
        world_append(b, 10, i < 3 ? NULL : "mallory", (unsigned)i);
    }
}

static void
a_fork_is_seen_and_proved_at_every_pair_of_sizes(void **state)
{
    for (size_t size_a = 4; size_a <= 9; size_a++) {
        for (size_t size_b = size_a + 1; size_b <= 11; size_b++) {
            KITH_AUTO(kith_buf) answer = {0};
            KITH_AUTO(kith_buf) record = {0};
            world a;
            world b;
            kt_view view = {0};
            kt_consistency result = {0};
            kt_evidence evidence;
            open_fork(&a, &b, *state, size_a, size_b);
            const kt_head head = head_of(&a);

            assert_ok(ask_about(&b, &view, &head, &answer, &result));

            assert_false(result.is_extended);
            assert_int_equal(view.size, 0);
            assert_ok(kt_evidence_make(&b.client, &head, &result.newest, result.proof, &record));
            assert_ok(kt_evidence_check(*state, kith_bytes_of_buf(&record), &evidence));
            assert_int_equal(evidence.older.size, size_a);
            assert_int_equal(evidence.newer.size, size_b);
            assert_memory_equal(evidence.config.signature_key, a.client.config.signature_key,
                                KT_KEY_LEN);
            world_close(&a);
            world_close(&b);
        }
    }
}

static void
two_roots_for_one_size_are_evidence_by_themselves(void **state)
{
    KITH_AUTO(kith_buf) record = {0};
    world a;
    world b;
    kt_evidence evidence;

    open_fork(&a, &b, *state, 6, 6);
    const kt_head one = head_of(&a);
    const kt_head two = head_of(&b);

    assert_int_equal(kt_head_compare(&one, &two), KT_HEAD_FORK);
    assert_ok(kt_evidence_make(&a.client, &one, &two, (kith_bytes){0}, &record));
    assert_ok(kt_evidence_check(*state, kith_bytes_of_buf(&record), &evidence));
    world_close(&a);
    world_close(&b);
}

static void
an_honest_log_cannot_be_accused(void **state)
{
    KITH_AUTO(kith_buf) answer = {0};
    KITH_AUTO(kith_buf) record = {0};
    world w;
    kt_view view = {0};
    kt_consistency result = {0};

    world_open(&w, *state, 1000, 0);
    for (size_t i = 0; i < 5; i++) {
        world_append(&w, 10, NULL, 0);
    }
    const kt_head older = head_of(&w);
    world_append(&w, 10, "rose", 1);
    const kt_head newer = head_of(&w);
    assert_ok(ask_about(&w, &view, &older, &answer, &result));

    assert_int_equal(kt_evidence_make(&w.client, &older, &newer, result.proof, &record),
                     KITH_ERR_REJECTED);
    assert_int_equal(kt_evidence_make(&w.client, &older, &older, (kith_bytes){0}, &record),
                     KITH_ERR_REJECTED);
    /* A proof that is cut or made up ends in another root. */
    for (size_t at = 0; at < result.proof.len; at++) {
        answer.data[(size_t)(result.proof.data - answer.data) + at] ^= 1;
        assert_int_equal(kt_evidence_make(&w.client, &older, &newer, result.proof, &record),
                         KITH_ERR_REJECTED);
        answer.data[(size_t)(result.proof.data - answer.data) + at] ^= 1;
    }
    /* A head that the log did not sign accuses nobody. */
    kt_head forged = older;
    forged.root.bytes[0] ^= 1;
    assert_int_equal(kt_head_verify(&w.client, &forged), KITH_ERR_REJECTED);
    assert_int_equal(kt_evidence_make(&w.client, &forged, &newer, result.proof, &record),
                     KITH_ERR_REJECTED);
    assert_int_equal(record.len, 0);
    world_close(&w);
}

static void
evidence_with_any_bit_changed_or_any_end_cut_is_refused(void **state)
{
    KITH_AUTO(kith_buf) answer = {0};
    KITH_AUTO(kith_buf) record = {0};
    world a;
    world b;
    kt_view view = {0};
    kt_consistency result = {0};
    kt_evidence evidence;

    open_fork(&a, &b, *state, 5, 8);
    const kt_head head = head_of(&a);
    assert_ok(ask_about(&b, &view, &head, &answer, &result));
    assert_ok(kt_evidence_make(&b.client, &head, &result.newest, result.proof, &record));

    for (size_t bit = 0; bit < record.len * 8; bit++) {
        record.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(kt_evidence_check(*state, kith_bytes_of_buf(&record), &evidence),
                             KITH_OK);
        record.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < record.len; len++) {
        assert_int_equal(kt_evidence_check(*state, kith_bytes_of(record.data, len), &evidence),
                         KITH_ERR_MALFORMED);
    }
    assert_ok(kith_buf_append(&record, kith_bytes_of_text("x")));
    assert_int_equal(kt_evidence_check(*state, kith_bytes_of_buf(&record), &evidence),
                     KITH_ERR_MALFORMED);
    world_close(&a);
    world_close(&b);
}

static void
a_log_cannot_answer_about_a_size_that_it_has_not(void **state)
{
    KITH_AUTO(kith_buf) answer = {0};
    world w;
    kt_view view = {0};
    kt_consistency result = {0};

    world_open(&w, *state, 1000, 0);
    world_append(&w, 10, NULL, 0);
    kt_head head = head_of(&w);

    head.size = 2;
    assert_int_equal(ask_about(&w, &view, &head, &answer, &result), KITH_ERR_REJECTED);
    head.size = 0;
    assert_int_equal(ask_about(&w, &view, &head, &answer, &result), KITH_ERR_REJECTED);
    world_close(&w);
}

static void
a_log_that_only_answers_follows_signed_heads_and_no_others(void **state)
{
    world w;
    kt_log *reader = NULL;
    kt_view view = {0};
    kt_heads found;

    world_open(&w, *state, 1000, 0);
    kt_log_setup setup = {.crypto = w.c,
                          .vrf = w.vrf,
                          .rng = fake_rng_port(&w.random),
                          .store = kt_memory_port(w.memory),
                          .labels = kt_label_memory_port(w.labels),
                          .config = w.client.config};
    assert_ok(kt_log_new(NULL, &setup, &reader));
    for (size_t i = 0; i < 4; i++) {
        world_append(&w, 10, "rose", (unsigned)i);
        const kt_head head = head_of(&w);
        uint8_t bad[KT_SIGNATURE_LEN];
        memcpy(bad, head.signature, sizeof bad);
        bad[3] ^= 1;
        assert_int_equal(kt_log_follow(reader, head.size, KITH_BYTES(bad)), KITH_ERR_REJECTED);
        assert_int_equal(kt_log_size(reader), i);
        assert_ok(kt_log_follow(reader, head.size, KITH_BYTES(head.signature)));
        assert_int_equal(kt_log_size(reader), i + 1);
    }
    kt_log *writer = w.log;
    w.log = reader;
    assert_ok(world_heads(&w, &view, &found));
    assert_int_equal(view.size, 4);
    w.log = writer;
    assert_int_equal(kt_log_follow(reader, 3, kt_log_signature(writer)), KITH_ERR_REJECTED);
    assert_int_equal(kt_log_append(reader, w.now_ms, NULL, 0), KITH_ERR_INVALID);
    setup.size = 4;
    kt_log *none = NULL;
    assert_int_equal(kt_log_new(NULL, &setup, &none), KITH_ERR_INVALID);
    kt_log_free(reader);
    world_close(&w);
}

static void
an_encoded_head_has_its_length_and_is_refused_when_cut_or_empty(void **state)
{
    KITH_AUTO(kith_buf) bytes = {0};
    kith_writer writer = kith_writer_of(&bytes);
    world w;
    kt_head back;

    world_open(&w, *state, 1000, 0);
    world_append(&w, 10, NULL, 0);
    const kt_head head = head_of(&w);

    assert_ok(kt_head_write(&writer, &head));
    assert_int_equal(bytes.len, KT_HEAD_LEN);
    for (size_t len = 0; len < bytes.len; len++) {
        kith_reader r = kith_reader_of(kith_bytes_of(bytes.data, len));
        assert_int_equal(kt_head_read(&r, &back), KITH_ERR_MALFORMED);
    }
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
    assert_ok(kt_head_read(&r, &back));
    assert_memory_equal(&back, &head, sizeof head);
    memset(bytes.data, 0, 8);
    r = kith_reader_of(kith_bytes_of_buf(&bytes));
    assert_int_equal(kt_head_read(&r, &back), KITH_ERR_MALFORMED);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_knows_when_the_newest_entry_was_added_and_where_an_owner_starts),
        cmocka_unit_test(every_head_of_one_log_is_extended_by_it_whatever_the_asker_has_seen),
        cmocka_unit_test(a_fork_is_seen_and_proved_at_every_pair_of_sizes),
        cmocka_unit_test(two_roots_for_one_size_are_evidence_by_themselves),
        cmocka_unit_test(an_honest_log_cannot_be_accused),
        cmocka_unit_test(evidence_with_any_bit_changed_or_any_end_cut_is_refused),
        cmocka_unit_test(a_log_cannot_answer_about_a_size_that_it_has_not),
        cmocka_unit_test(a_log_that_only_answers_follows_signed_heads_and_no_others),
        cmocka_unit_test(an_encoded_head_has_its_length_and_is_refused_when_cut_or_empty),
    };

    return cmocka_run_group_tests_name("head", tests, lab_open, lab_close);
}
