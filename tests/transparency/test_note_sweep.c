/* SPDX-License-Identifier: MPL-2.0 */
/* Every allocation of notes, checkpoints, requests and the log for witnesses fails once: the right error, outputs
 * untouched, nothing leaked. */
#include "transparency/note_lab.h"
#include "transparency/world.h"

typedef struct scene {
    crypto *c; /* over `fake` */
    fake_alloc fake;
    world w;
    named_signer log;
    named_signer witness;
    kith_buf note;
    kt_checkpoint checkpoint;
    kt_bridge_view view;
    kt_head head;
    kith_buf proof; /* of the head */
} scene;

static void
scene_open(scene *s, crypto *c)
{
    kt_log_tip tip;
    kt_hash root;

    memset(s, 0, sizeof *s);
    world_open(&s->w, c, 1000, 0);
    for (size_t i = 0; i < 3; i++) {
        world_append(&s->w, 10, NULL, 0);
    }
    s->log = signer_open(c, KT_NOTE_ED25519, "log", 1);
    s->witness = signer_open(c, KT_COSIGN_ED25519, "witness", 2);
    assert_ok(kt_log_bridge_root(s->w.log, 3, &root));
    write_checkpoint(c, &s->log, 3, &root, &s->note);
    add_cosignature(c, &s->witness, 1, &s->note);
    assert_ok(kt_checkpoint_decode(kith_bytes_of_buf(&s->note), &s->checkpoint));
    assert_ok(kt_log_head(s->w.log, &tip));
    s->head = tip.head;
    assert_ok(kt_log_bridge_head(s->w.log, 3, 3, &s->proof));
    fake_alloc_init(&s->fake);
    assert_ok(crypto_new(&s->fake.port, &s->c));
}

static void
scene_close(scene *s)
{
    crypto_free(s->c);
    signer_close(&s->log);
    signer_close(&s->witness);
    kith_buf_done(&s->note);
    kith_buf_done(&s->proof);
    world_close(&s->w);
}

static kith_err
key_encode(scene *s, kith_buf *out)
{
    return kt_note_key_encode(&s->witness.key, out);
}

static kith_err
checkpoint_sign(scene *s, kith_buf *out)
{
    const kt_signer signer = signer_of(&s->witness);

    return kt_checkpoint_sign(s->c, &signer, &s->checkpoint, 1, out);
}

static kith_err
checkpoint_verify(scene *s, kith_buf *out)
{
    (void)out;
    return kt_checkpoint_verify(s->c, &s->checkpoint, &s->witness.key, NULL);
}

static kith_err
checkpoint_text_write(scene *s, kith_buf *out)
{
    return kt_checkpoint_text_write(kith_bytes_of_text("o"), 1, &s->checkpoint.root, out);
}

static kith_err
quorum_check(scene *s, kith_buf *out)
{
    const kt_quorum quorum = {.origin = kith_bytes_of_text("log"),
                              .log = &s->log.key,
                              .witnesses = &s->witness.key,
                              .witness_count = 1,
                              .needed = 1};

    (void)out;
    return kt_quorum_check(s->c, &quorum, &s->checkpoint, NULL);
}

static kith_err
request_encode(scene *s, kith_buf *out)
{
    const kt_add_draft draft = {.checkpoint = kith_bytes_of_buf(&s->note)};

    return kt_add_request_encode(&draft, out);
}

static kith_err
conflict_encode(scene *s, kith_buf *out)
{
    (void)s;
    return kt_conflict_encode(12, out);
}

static kith_err
proof_encode(scene *s, kith_buf *out)
{
    const kt_tlog_draft draft = {.extra = kith_bytes_of_text("x"),
                                 .checkpoint = kith_bytes_of_buf(&s->note)};

    return kt_tlog_proof_encode(&draft, out);
}

static kith_err
witness_judge(scene *s, kith_buf *out)
{
    const kt_known_log known = {
        .origin = kith_bytes_of_text("log"), .keys = &s->log.key, .key_count = 1};
    const kt_add_request request = {.checkpoint = s->checkpoint};
    kt_verdict verdict = 0;

    (void)out;
    KITH_TRY(kt_witness_judge(s->c, &known, &request, &verdict));
    assert_int_equal(verdict, KT_VERDICT_COSIGN);
    return KITH_OK;
}

static kith_err
bridge_origin(scene *s, kith_buf *out)
{
    return kt_bridge_origin(s->log.key.public_key, out);
}

static kith_err
bridge_view_encode(scene *s, kith_buf *out)
{
    return kt_bridge_view_encode(&s->view, out);
}

static kith_err
bridge_head_check(scene *s, kith_buf *out)
{
    (void)out;
    return kt_bridge_head_check(s->c, &s->head, &s->checkpoint, kith_bytes_of_buf(&s->proof));
}

static kith_err
bridge_entries(scene *s, kith_buf *out)
{
    return kt_log_bridge_entries(s->w.log, 0, 3, out);
}

static kith_err
bridge_head(scene *s, kith_buf *out)
{
    return kt_log_bridge_head(s->w.log, 2, 3, out);
}

static kith_err
bridge_growth(scene *s, kith_buf *out)
{
    return kt_log_bridge_growth(s->w.log, (kt_merkle_span){1, 3}, out);
}

static kith_err
bridge_text(scene *s, kith_buf *out)
{
    return kt_log_bridge_text(s->w.log, kith_bytes_of_text("o"), out);
}

static void
every_call_bears_every_failing_allocation(void **state)
{
    static kith_err (*const calls[])(scene *s, kith_buf *out) = {
        key_encode,     checkpoint_sign, checkpoint_verify,  checkpoint_text_write,
        quorum_check,   request_encode,  conflict_encode,    proof_encode,
        witness_judge,  bridge_origin,   bridge_view_encode, bridge_head_check,
        bridge_entries, bridge_head,     bridge_growth,      bridge_text,
    };
    scene s;

    scene_open(&s, *state);
    for (size_t i = 0; i < CHECK_COUNT(calls); i++) {
        kith_err err = KITH_ERR_NO_MEMORY;
        for (uint64_t more = 0; err != KITH_OK; more++) {
            KITH_AUTO(kith_buf) out = {.alloc = &s.fake.port};
            assert_ok(kith_buf_append(&out, kith_bytes_of_text("before")));
            const uint64_t live = s.fake.live_blocks;
            s.fake.fail_after = s.fake.calls + more;
            err = calls[i](&s, &out);
            s.fake.fail_after = UINT64_MAX;
            if (err != KITH_OK) {
                assert_err(err, KITH_ERR_NO_MEMORY);
                assert_text(kith_bytes_of_buf(&out), "before");
            }
            assert_int_equal(s.fake.live_blocks, live);
            assert_true(more < 1000);
        }
    }
    scene_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_bears_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("note-sweep", tests, lab_open, lab_close);
}
