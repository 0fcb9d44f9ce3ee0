/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Witnesses and users of a server's log (docs/wire.md §10), over connections: checkpoints are made and kept, witnesses follow
 * them entry by entry, and what known ones cosign is handed on.
 */
#include <string.h>

#include "relay/town.h"
#include "transparency/note_lab.h"

#define WITNESSES 3

typedef struct scene {
    town t;
    person anna;
    client named; /* Anna's device */
    client c[TOWN_LOOPS];
    named_signer witnesses[WITNESSES]; /* the last one is not known to the server */
    kt_note_key keys[WITNESSES];
    kith_buf origin;
    kt_note_key log_key;
} scene;

static void
scene_open(scene *s)
{
    static const kt_note_type types[] = {KT_COSIGN_ED25519, KT_COSIGN_ML_DSA_44, KT_COSIGN_ED25519};
    static const char *const names[] = {"w/1", "w/2", "w/3"};

    memset(s, 0, sizeof *s);
    town_open_logged(&s->t);
    for (size_t i = 0; i < WITNESSES; i++) {
        s->witnesses[i] = signer_open(s->t.crypto, types[i], names[i], (uint8_t)(50 + i));
        s->keys[i] = s->witnesses[i].key;
    }
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        s->t.env[i].config.witnesses = s->keys;
        s->t.env[i].config.witness_count = WITNESSES - 1;
    }
    town_restart(&s->t);
    person_make(&s->t, &s->anna, 2);
    person_create(&s->anna);
    client_open(&s->t, &s->named, 0, 1);
    assert_ok(person_log_in(&s->anna, &s->named, 0));
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        client_open(&s->t, &s->c[i], i, 2);
    }
    assert_ok(kt_bridge_origin(s->t.log.log.hash, &s->origin));
    assert_ok(kt_bridge_key(s->t.crypto, s->t.log.log.hash, &s->t.log.log.config, &s->log_key));
}

static void
scene_close(scene *s)
{
    client_close(&s->named);
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        client_close(&s->c[i]);
    }
    person_done(&s->anna);
    for (size_t i = 0; i < WITNESSES; i++) {
        signer_close(&s->witnesses[i]);
    }
    kith_buf_done(&s->origin);
    town_close(&s->t);
}

/* Another entry of the log. */
static void
change(scene *s, unsigned mask)
{
    person_next_list(&s->anna, mask);
    assert_ok(person_put_list(&s->anna, &s->named));
}

/* Time in which the keeper makes a checkpoint of what is new. */
static void
pass(scene *s)
{
    town_pass(&s->t, RELAY_CHECKPOINT_MS + RELAY_EXPIRE_MS);
}

static kith_err
check_quorum(const scene *s, const kt_checkpoint *checkpoint, size_t needed)
{
    const kt_quorum quorum = {.origin = kith_bytes_of_buf(&s->origin),
                              .log = &s->log_key,
                              .witnesses = s->keys,
                              .witness_count = WITNESSES,
                              .needed = needed};

    return kt_quorum_check(s->t.crypto, &quorum, checkpoint, NULL);
}

/* LOG_CHECKPOINT. What is read stays valid until the client's next answer. */
static kt_checkpoint
get_checkpoint(scene *s, size_t loop, uint64_t size, kith_bytes *proof)
{
    const proto_log_checkpoint in = {.size = size};
    proto_log_checkpoint_answer answer = {0};
    kt_checkpoint checkpoint;
    client *c = &s->c[loop];

    assert_ok(proto_log_checkpoint_encode(client_body(c), &in));
    assert_ok(client_ask(c, PROTO_LOG_CHECKPOINT));
    assert_ok(proto_log_checkpoint_answer_decode(kith_bytes_of_buf(&c->answer), &answer));
    assert_ok(kt_checkpoint_decode(answer.checkpoint, &checkpoint));
    assert_ok(check_quorum(s, &checkpoint, 0));
    *proof = answer.proof;
    return checkpoint;
}

static kith_err
ask_entries(scene *s, uint64_t from, uint16_t count, proto_log_entries_answer *out)
{
    const proto_log_entries in = {.from = from, .count = count};
    client *c = &s->c[0];

    assert_ok(proto_log_entries_encode(client_body(c), &in));
    KITH_TRY(client_ask(c, PROTO_LOG_ENTRIES));
    assert_ok(proto_log_entries_answer_decode(kith_bytes_of_buf(&c->answer), out));
    return KITH_OK;
}

/* Follows the log to its newest checkpoint, as a witness does. */
static kt_checkpoint
follow(scene *s, kt_bridge_view *view, uint16_t step)
{
    proto_log_entries_answer answer = {0};
    kt_checkpoint checkpoint = {0};
    kt_hash root;

    do {
        assert_ok(ask_entries(s, view->bridge.size, step, &answer));
        assert_ok(kt_checkpoint_decode(answer.checkpoint, &checkpoint));
        assert_ok(check_quorum(s, &checkpoint, 0));
        for (kith_reader r = kith_reader_of(answer.entries); !kith_reader_done(&r);) {
            kt_entry entry;
            assert_ok(kt_log_entry_read(&r, &entry));
            assert_ok(kt_bridge_view_add(s->t.crypto, view, &entry));
        }
    } while (view->bridge.size < checkpoint.size);
    assert_ok(kt_merkle_edge_root(s->t.crypto, &view->bridge, &root));
    assert_memory_equal(root.bytes, checkpoint.root.bytes, KT_HASH_LEN);
    return checkpoint;
}

static kith_err
send_lines(scene *s, uint64_t size, kith_bytes lines)
{
    const proto_log_cosign in = {.size = size, .lines = lines};

    assert_ok(proto_log_cosign_encode(client_body(&s->c[0]), &in));
    return client_ask(&s->c[0], PROTO_LOG_COSIGN);
}

static kith_err
cosign(scene *s, size_t witness, uint64_t time_s)
{
    const kt_signer signer = signer_of(&s->witnesses[witness]);
    KITH_AUTO(kith_buf) lines = {0};
    proto_log_entries_answer answer = {0};
    kt_checkpoint checkpoint;

    assert_ok(ask_entries(s, 0, 0, &answer));
    assert_ok(kt_checkpoint_decode(answer.checkpoint, &checkpoint));
    assert_ok(kt_checkpoint_sign(s->t.crypto, &signer, &checkpoint, time_s, &lines));
    return send_lines(s, checkpoint.size, kith_bytes_of_buf(&lines));
}

/* ---- Tests ---- */

static void
the_first_entry_is_below_a_checkpoint_at_once(void **state)
{
    kith_bytes proof = {0};
    scene s;
    (void)state;

    scene_open(&s);
    const kt_checkpoint checkpoint = get_checkpoint(&s, 1, 0, &proof);

    assert_true(checkpoint.size >= 1);
    assert_int_equal(proof.len, 0);
    scene_close(&s);
}

/* The newest head, from the store's own words. */
static kt_head
head_of(scene *s)
{
    const relay_store *reader = s->t.env[0].reader;
    relay_head stored = {0};
    kt_head head;

    assert_ok(reader->head_get(reader->ctx, &stored));
    head.size = stored.size;
    memcpy(head.signature, stored.signature, sizeof head.signature);
    return head;
}

static void
a_head_is_proved_to_be_below_the_checkpoint(void **state)
{
    kt_bridge_view view = {0};
    kith_bytes proof = {0};
    scene s;
    (void)state;

    scene_open(&s);
    change(&s, 1);
    pass(&s);
    (void)follow(&s, &view, 10);
    kt_head head = head_of(&s);
    assert_int_equal(head.size, view.bridge.size);
    assert_ok(kt_bridge_view_root(s.t.crypto, &view, &head.root));
    const kt_checkpoint checkpoint = get_checkpoint(&s, 1, head.size, &proof);

    assert_ok(kt_bridge_head_check(s.t.crypto, &head, &checkpoint, proof));
    head.root.bytes[3] ^= 1;
    assert_err(kt_bridge_head_check(s.t.crypto, &head, &checkpoint, proof), KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_witness_follows_in_steps_of_any_length(void **state)
{
    scene s;
    (void)state;

    scene_open(&s);
    for (unsigned i = 0; i < 6; i++) {
        change(&s, 1 + i % 2 * 2);
    }
    pass(&s);
    for (uint16_t step = 1; step < 9; step++) {
        kt_bridge_view view = {0};
        const kt_checkpoint checkpoint = follow(&s, &view, step);
        assert_int_equal(checkpoint.size, head_of(&s).size);
    }
    scene_close(&s);
}

static void
what_two_witnesses_cosigned_reaches_users_on_every_loop(void **state)
{
    kith_bytes proof = {0};
    scene s;
    (void)state;

    scene_open(&s);
    kt_checkpoint checkpoint = get_checkpoint(&s, 1, 0, &proof);
    assert_err(check_quorum(&s, &checkpoint, 1), KITH_ERR_NOT_FOUND);
    assert_ok(cosign(&s, 0, 100));
    checkpoint = get_checkpoint(&s, 1, 0, &proof);
    assert_ok(check_quorum(&s, &checkpoint, 1));
    assert_err(check_quorum(&s, &checkpoint, 2), KITH_ERR_NOT_FOUND);
    assert_ok(cosign(&s, 1, 100));
    for (size_t loop = 0; loop < TOWN_LOOPS; loop++) {
        checkpoint = get_checkpoint(&s, loop, 0, &proof);
        assert_ok(check_quorum(&s, &checkpoint, 2));
    }
    scene_close(&s);
}

static void
a_later_cosignature_takes_the_place_of_an_earlier_one(void **state)
{
    kith_bytes proof = {0};
    uint64_t time = 0;
    scene s;
    (void)state;

    scene_open(&s);
    assert_ok(cosign(&s, 0, 100));
    const size_t len = get_checkpoint(&s, 0, 0, &proof).note.lines.len;
    assert_ok(cosign(&s, 0, 200));
    const kt_checkpoint checkpoint = get_checkpoint(&s, 0, 0, &proof);

    assert_int_equal(checkpoint.note.lines.len, len);
    assert_ok(kt_checkpoint_verify(s.t.crypto, &checkpoint, &s.keys[0], &time));
    assert_int_equal(time, 200);
    scene_close(&s);
}

static void
users_get_the_checkpoint_that_most_have_cosigned_if_it_is_large_enough(void **state)
{
    kith_bytes proof = {0};
    scene s;
    (void)state;

    scene_open(&s);
    assert_ok(cosign(&s, 0, 100));
    const uint64_t old_size = get_checkpoint(&s, 0, 0, &proof).size;
    change(&s, 1);
    pass(&s);
    const uint64_t new_size = head_of(&s).size;
    assert_true(new_size > old_size);

    assert_int_equal(get_checkpoint(&s, 0, 0, &proof).size, old_size);
    assert_int_equal(get_checkpoint(&s, 0, old_size, &proof).size, old_size);
    assert_true(proof.len > 0);
    assert_int_equal(get_checkpoint(&s, 0, new_size, &proof).size, new_size);
    assert_true(proof.len > 0);
    assert_int_equal(get_checkpoint(&s, 0, new_size + 1, &proof).size, new_size);
    assert_int_equal(proof.len, 0);
    assert_ok(cosign(&s, 0, 101));
    assert_int_equal(get_checkpoint(&s, 0, 0, &proof).size, new_size);
    scene_close(&s);
}

static void
a_checkpoint_stays_the_newest_for_a_while_and_then_takes_all_in(void **state)
{
    kt_bridge_view view = {0};
    scene s;
    (void)state;

    scene_open(&s);
    const uint64_t first = follow(&s, &view, 100).size;
    change(&s, 1);
    change(&s, 3);
    const uint64_t all = head_of(&s).size;
    assert_true(all >= first + 2);
    assert_int_equal(follow(&s, &view, 100).size, first);
    /* The keeper makes it, without another entry. */
    pass(&s);
    assert_int_equal(follow(&s, &view, 100).size, all);
    assert_int_equal(head_of(&s).size, all);
    pass(&s);
    assert_int_equal(follow(&s, &view, 100).size, all);
    scene_close(&s);
}

static void
the_eight_newest_checkpoints_are_kept(void **state)
{
    kith_bytes proof = {0};
    uint64_t sizes[RELAY_CHECKPOINTS_MAX + 1];
    scene s;
    (void)state;

    scene_open(&s);
    sizes[0] = get_checkpoint(&s, 0, 0, &proof).size;
    assert_ok(cosign(&s, 0, 100));
    for (unsigned i = 1; i <= RELAY_CHECKPOINTS_MAX; i++) {
        /* The cosigned one is found as long as it is there. */
        assert_int_equal(get_checkpoint(&s, 0, 0, &proof).size, sizes[0]);
        change(&s, 1 + i % 2 * 2);
        pass(&s);
        sizes[i] = head_of(&s).size;
    }
    assert_int_equal(get_checkpoint(&s, 0, 0, &proof).size, sizes[RELAY_CHECKPOINTS_MAX]);
    scene_close(&s);
}

static void
checkpoints_and_cosignatures_outlive_a_restart(void **state)
{
    kith_bytes proof = {0};
    scene s;
    (void)state;

    scene_open(&s);
    assert_ok(cosign(&s, 0, 100));
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        client_close(&s.c[i]);
    }
    client_close(&s.named);
    town_restart(&s.t);
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        client_open(&s.t, &s.c[i], i, 2);
    }
    client_open(&s.t, &s.named, 0, 1);
    const kt_checkpoint checkpoint = get_checkpoint(&s, 1, 0, &proof);
    assert_ok(check_quorum(&s, &checkpoint, 1));
    scene_close(&s);
}

static void
a_stranger_cannot_cosign(void **state)
{
    kith_bytes proof = {0};
    scene s;
    (void)state;

    scene_open(&s);
    const size_t len = get_checkpoint(&s, 0, 0, &proof).note.lines.len;
    assert_err(cosign(&s, 2, 100), KITH_ERR_DENIED);
    assert_int_equal(get_checkpoint(&s, 0, 0, &proof).note.lines.len, len);
    scene_close(&s);
}

static void
lines_of_strangers_beside_known_ones_are_left_out(void **state)
{
    const uint64_t time = 100;
    KITH_AUTO(kith_buf) lines = {0};
    kith_bytes proof = {0};
    scene s;
    (void)state;

    scene_open(&s);
    kt_checkpoint checkpoint = get_checkpoint(&s, 0, 0, &proof);
    const uint64_t size = checkpoint.size;
    for (size_t i = 0; i < WITNESSES; i++) {
        const kt_signer signer = signer_of(&s.witnesses[i]);
        assert_ok(kt_checkpoint_sign(s.t.crypto, &signer, &checkpoint, time, &lines));
    }
    assert_ok(send_lines(&s, size, kith_bytes_of_buf(&lines)));
    checkpoint = get_checkpoint(&s, 0, 0, &proof);
    assert_ok(check_quorum(&s, &checkpoint, 2));
    assert_err(check_quorum(&s, &checkpoint, 3), KITH_ERR_NOT_FOUND);
    scene_close(&s);
}

static void
bad_signatures_wrong_sizes_and_broken_lines_change_nothing(void **state)
{
    KITH_AUTO(kith_buf) lines = {0};
    kith_bytes proof = {0};
    scene s;
    (void)state;

    scene_open(&s);
    const kt_checkpoint checkpoint = get_checkpoint(&s, 0, 0, &proof);
    const uint64_t size = checkpoint.size;
    const size_t len = checkpoint.note.lines.len;
    const kt_signer signer = signer_of(&s.witnesses[0]);
    assert_ok(kt_checkpoint_sign(s.t.crypto, &signer, &checkpoint, 5, &lines));

    assert_err(send_lines(&s, size + 1, kith_bytes_of_buf(&lines)), KITH_ERR_NOT_FOUND);
    assert_err(send_lines(&s, UINT64_MAX, kith_bytes_of_buf(&lines)), KITH_ERR_NOT_FOUND);
    assert_err(send_lines(&s, size, kith_bytes_of(lines.data, lines.len - 1)), KITH_ERR_MALFORMED);
    lines.data[lines.len - 10] = lines.data[lines.len - 10] == 'A' ? 'B' : 'A';
    assert_err(send_lines(&s, size, kith_bytes_of_buf(&lines)), KITH_ERR_REJECTED);
    assert_int_equal(get_checkpoint(&s, 0, 0, &proof).note.lines.len, len);
    scene_close(&s);
}

static void
a_checkpoint_takes_no_more_lines_than_an_answer_has_room_for(void **state)
{
    KITH_AUTO(kith_buf) lines = {0};
    kith_bytes proof = {0};
    scene s;
    (void)state;

    scene_open(&s);
    const kt_checkpoint checkpoint = get_checkpoint(&s, 0, 0, &proof);
    const uint64_t size = checkpoint.size;
    const size_t len = checkpoint.note.lines.len;
    const kt_signer signer = signer_of(&s.witnesses[1]);
    for (uint64_t i = 1; i <= 4; i++) {
        assert_ok(kt_checkpoint_sign(s.t.crypto, &signer, &checkpoint, i, &lines));
    }
    const size_t four = lines.len;
    assert_ok(kt_checkpoint_sign(s.t.crypto, &signer, &checkpoint, 5, &lines));
    assert_true(lines.len <= PROTO_CHECKPOINT_MAX);
    assert_err(send_lines(&s, size, kith_bytes_of_buf(&lines)), KITH_ERR_LIMIT);
    assert_int_equal(get_checkpoint(&s, 0, 0, &proof).note.lines.len, len);
    assert_ok(send_lines(&s, size, kith_bytes_of(lines.data, four)));
    scene_close(&s);
}

static void
who_has_more_than_there_is_is_told_so(void **state)
{
    proto_log_entries_answer answer = {0};
    kt_bridge_view view = {0};
    scene s;
    (void)state;

    scene_open(&s);
    const uint64_t size = follow(&s, &view, 100).size;
    assert_ok(ask_entries(&s, size, 100, &answer));
    assert_int_equal(answer.entries.len, 0);
    assert_err(ask_entries(&s, size + 1, 100, &answer), KITH_ERR_OUT_OF_STEP);
    assert_err(ask_entries(&s, UINT64_MAX, 100, &answer), KITH_ERR_OUT_OF_STEP);
    scene_close(&s);
}

static void
growth_is_proved_for_witnesses_that_speak_http(void **state)
{
    proto_log_entries_answer answer = {0};
    kt_checkpoint checkpoint;
    kt_merkle_roots roots;
    kt_bridge_view view = {0};
    scene s;
    (void)state;

    scene_open(&s);
    const kt_checkpoint old = follow(&s, &view, 100);
    const kt_merkle_span before = {.at = old.size};
    roots.smaller = old.root;
    change(&s, 1);
    pass(&s);
    assert_ok(ask_entries(&s, before.at, 0, &answer));
    assert_int_equal(answer.entries.len, 0);
    assert_ok(kt_checkpoint_decode(answer.checkpoint, &checkpoint));
    roots.larger = checkpoint.root;
    const kt_merkle_span span = {.at = before.at, .size = checkpoint.size};
    assert_ok(kt_merkle_check_growth(s.t.crypto, span, &roots, answer.proof));
    scene_close(&s);
}

static void
a_server_without_a_log_has_no_checkpoints(void **state)
{
    const proto_log_checkpoint in = {0};
    const proto_log_entries entries = {0};
    const proto_log_cosign lines = {.lines = kith_bytes_of_text("x")};
    client c = {0};
    town t;
    (void)state;

    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_ok(proto_log_checkpoint_encode(client_body(&c), &in));
    assert_err(client_ask(&c, PROTO_LOG_CHECKPOINT), KITH_ERR_UNSUPPORTED);
    assert_ok(proto_log_entries_encode(client_body(&c), &entries));
    assert_err(client_ask(&c, PROTO_LOG_ENTRIES), KITH_ERR_UNSUPPORTED);
    assert_ok(proto_log_cosign_encode(client_body(&c), &lines));
    assert_err(client_ask(&c, PROTO_LOG_COSIGN), KITH_ERR_UNSUPPORTED);
    client_close(&c);
    town_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_entry_is_below_a_checkpoint_at_once),
        cmocka_unit_test(a_head_is_proved_to_be_below_the_checkpoint),
        cmocka_unit_test(a_witness_follows_in_steps_of_any_length),
        cmocka_unit_test(what_two_witnesses_cosigned_reaches_users_on_every_loop),
        cmocka_unit_test(a_later_cosignature_takes_the_place_of_an_earlier_one),
        cmocka_unit_test(users_get_the_checkpoint_that_most_have_cosigned_if_it_is_large_enough),
        cmocka_unit_test(a_checkpoint_stays_the_newest_for_a_while_and_then_takes_all_in),
        cmocka_unit_test(the_eight_newest_checkpoints_are_kept),
        cmocka_unit_test(checkpoints_and_cosignatures_outlive_a_restart),
        cmocka_unit_test(a_stranger_cannot_cosign),
        cmocka_unit_test(lines_of_strangers_beside_known_ones_are_left_out),
        cmocka_unit_test(bad_signatures_wrong_sizes_and_broken_lines_change_nothing),
        cmocka_unit_test(a_checkpoint_takes_no_more_lines_than_an_answer_has_room_for),
        cmocka_unit_test(who_has_more_than_there_is_is_told_so),
        cmocka_unit_test(growth_is_proved_for_witnesses_that_speak_http),
        cmocka_unit_test(a_server_without_a_log_has_no_checkpoints),
    };

    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
