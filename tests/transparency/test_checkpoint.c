/* SPDX-License-Identifier: MPL-2.0 */
/* Checkpoints, cosignatures, and demanding k of n of them. */
#include "transparency/note_lab.h"

#define ORIGIN "log.example/behind"

/* The example of [C2SP-COSIGNATURE]; whose keys these are is not published. */
static const char EXAMPLE[] =
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\xe2\x80\x94 example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\xe2\x80\x94 witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+"
    "qnA==\n";

static void
the_example_of_the_specification_is_read(void **state)
{
    kt_checkpoint checkpoint;
    kt_note_line line;
    (void)state;

    assert_ok(kt_checkpoint_decode(kith_bytes_of_text(EXAMPLE), &checkpoint));
    assert_text(checkpoint.origin, "example.com/behind-the-sofa");
    assert_int_equal(checkpoint.size, 20852163);
    assert_hex(KITH_BYTES(checkpoint.root.bytes),
               "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62");
    kith_reader r = kith_reader_of(checkpoint.note.lines);
    assert_ok(kt_note_line_read(&r, &line));
    assert_text(line.name, "example.com/behind-the-sofa");
    assert_ok(kt_note_line_read(&r, &line));
    assert_text(line.name, "witness.example.com/w1");
    assert_int_equal(line.id, 0x8d66cf3f);
    assert_true(kith_reader_done(&r));
}

static void
what_is_no_checkpoint_is_refused(void **state)
{
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    static const char *const wrong[] = {
        "",
        "o\n",
        "o\n1\n",
        "o\n1\n" ROOT, /* no newline */
        "\n1\n" ROOT "\n",
        "o\n01\n" ROOT "\n",
        "o\n-1\n" ROOT "\n",
        "o\n\n" ROOT "\n",
        "o\n1\nAAAA\n",
        "o\n1\n" ROOT "\n\n", /* an empty extension line */
        "o\n1\n" ROOT "\nx\n\ny\n",
        "o\x01\n1\n" ROOT "\n",
    };
    kt_checkpoint checkpoint;
    (void)state;

    assert_ok(kt_checkpoint_text_decode(kith_bytes_of_text("o\n1\n" ROOT "\n"), &checkpoint));
    assert_ok(kt_checkpoint_text_decode(kith_bytes_of_text("o\n0\n" ROOT "\nmore\nand more\n"),
                                        &checkpoint));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(kt_checkpoint_text_decode(kith_bytes_of_text(wrong[i]), &checkpoint),
                         KITH_ERR_MALFORMED);
    }
#undef ROOT
}

static void
an_origin_has_255_bytes_at_most(void **state)
{
    const kt_hash root = hash_of_number(*state, 1);
    char origin[KT_NOTE_NAME_MAX + 1];
    KITH_AUTO(kith_buf) text = {0};

    memset(origin, 'o', sizeof origin);
    assert_ok(kt_checkpoint_text_write(kith_bytes_of(origin, KT_NOTE_NAME_MAX), 1, &root, &text));
    kith_buf_clear(&text);
    assert_int_equal(
        kt_checkpoint_text_write(kith_bytes_of(origin, sizeof origin), 1, &root, &text),
        KITH_ERR_LIMIT);
    assert_int_equal(kt_checkpoint_text_write((kith_bytes){0}, 1, &root, &text),
                     KITH_ERR_MALFORMED);
    assert_int_equal(kt_checkpoint_text_write(kith_bytes_of_text("two\nlines"), 1, &root, &text),
                     KITH_ERR_MALFORMED);
    assert_int_equal(text.len, 0);
}

/* The bytes that stand in a signature line of the key, id left out. */
static void
take_signature(const kith_buf *note, const kt_note_key *key, kith_buf *out)
{
    kt_checkpoint checkpoint;
    kt_note_line line;

    assert_ok(kt_checkpoint_decode(kith_bytes_of_buf(note), &checkpoint));
    kith_reader r = kith_reader_of(checkpoint.note.lines);
    do {
        assert_ok(kt_note_line_read(&r, &line));
    } while (!kt_note_line_is_of(&line, key));
    assert_ok(kt_base64_decode(line.base64, out));
    kith_buf_drop_front(out, 4);
}

static void
an_ed25519_cosignature_is_over_header_time_and_text(void **state)
{
    named_signer log = signer_open(*state, KT_NOTE_ED25519, ORIGIN, 1);
    named_signer witness = signer_open(*state, KT_COSIGN_ED25519, "witness.example/w1", 2);
    const kt_hash root = hash_of_number(*state, 7);
    KITH_AUTO(kith_buf) note = {0};
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) signature = {0};
    kt_checkpoint checkpoint;
    uint64_t time = 0;

    write_checkpoint(*state, &log, 42, &root, &note);
    add_cosignature(*state, &witness, 1679315147, &note);

    assert_ok(kt_checkpoint_decode(kith_bytes_of_buf(&note), &checkpoint));
    assert_ok(kt_checkpoint_verify(*state, &checkpoint, &witness.key, &time));
    assert_int_equal(time, 1679315147);
    assert_ok(kt_text_write(&message, "cosignature/v1\ntime 1679315147\n" ORIGIN "\n42\n"));
    assert_ok(kt_hash_line_write(&message, &root));
    take_signature(&note, &witness.key, &signature);
    assert_int_equal(signature.len, 8 + 64);
    assert_ok(crypto_verify(*state, CRYPTO_ED25519, crypto_sign_key_public(witness.sign),
                            kith_bytes_of_buf(&message), kith_bytes_of(signature.data + 8, 64)));
    signer_close(&log);
    signer_close(&witness);
}

static void
an_ml_dsa_cosignature_is_over_the_structure_with_both_names(void **state)
{
    static const uint8_t before_root[] = {
        's', 'u', 'b', 't', 'r', 'e', 'e',  '/',  'v',  '1',  '\n', 0, /* label */
        1,   'w', 0,   0,   0,   0,   0x64, 0x18, 0x50, 0xcb, /* cosigner, time */
        5,   'o', '/', 'l', 'o', 'g', 0,    0,    0,    0,    0,    0, 0, 0, /* origin, start */
        0,   0,   0,   0,   0,   0,   0x01, 0x02, /* end */
    };
    named_signer log = signer_open(*state, KT_NOTE_ED25519, "o/log", 1);
    named_signer witness = signer_open(*state, KT_COSIGN_ML_DSA_44, "w", 2);
    const kt_hash root = hash_of_number(*state, 7);
    KITH_AUTO(kith_buf) note = {0};
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) signature = {0};
    kt_checkpoint checkpoint;
    uint64_t time = 0;

    write_checkpoint(*state, &log, 0x0102, &root, &note);
    add_cosignature(*state, &witness, 0x641850cb, &note);

    assert_ok(kt_checkpoint_decode(kith_bytes_of_buf(&note), &checkpoint));
    assert_ok(kt_checkpoint_verify(*state, &checkpoint, &witness.key, &time));
    assert_int_equal(time, 0x641850cb);
    assert_ok(kith_buf_append(&message, KITH_BYTES(before_root)));
    assert_ok(kith_buf_append(&message, KITH_BYTES(root.bytes)));
    take_signature(&note, &witness.key, &signature);
    assert_int_equal(signature.len, 8 + 2420);
    assert_ok(crypto_verify(*state, CRYPTO_ML_DSA_44, crypto_sign_key_public(witness.sign),
                            kith_bytes_of_buf(&message), kith_bytes_of(signature.data + 8, 2420)));
    signer_close(&log);
    signer_close(&witness);
}

static void
the_newest_of_several_cosignatures_counts(void **state)
{
    named_signer log = signer_open(*state, KT_NOTE_ED25519, ORIGIN, 1);
    named_signer witness = signer_open(*state, KT_COSIGN_ED25519, "w", 2);
    const kt_hash root = hash_of_number(*state, 7);
    KITH_AUTO(kith_buf) note = {0};
    kt_checkpoint checkpoint;
    uint64_t time = 0;

    write_checkpoint(*state, &log, 42, &root, &note);
    add_cosignature(*state, &witness, 20, &note);
    add_cosignature(*state, &witness, 30, &note);
    add_cosignature(*state, &witness, 10, &note);

    assert_ok(kt_checkpoint_decode(kith_bytes_of_buf(&note), &checkpoint));
    assert_ok(kt_checkpoint_verify(*state, &checkpoint, &witness.key, &time));
    assert_int_equal(time, 30);
    signer_close(&log);
    signer_close(&witness);
}

static void
every_flipped_bit_of_a_cosigned_checkpoint_is_noticed(void **state)
{
    named_signer log = signer_open(*state, KT_NOTE_ED25519, "o", 1);
    named_signer witness = signer_open(*state, KT_COSIGN_ED25519, "w", 2);
    const kt_hash root = hash_of_number(*state, 7);
    KITH_AUTO(kith_buf) note = {0};

    write_checkpoint(*state, &log, 42, &root, &note);
    add_cosignature(*state, &witness, 1000, &note);
    const kt_quorum quorum = {.origin = kith_bytes_of_text("o"),
                              .log = &log.key,
                              .witnesses = &witness.key,
                              .witness_count = 1,
                              .needed = 1};
    for (size_t bit = 0; bit < 8 * note.len; bit++) {
        kt_checkpoint checkpoint;
        note.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        kith_err err = kt_checkpoint_decode(kith_bytes_of_buf(&note), &checkpoint);
        if (err == KITH_OK) {
            err = kt_quorum_check(*state, &quorum, &checkpoint, NULL);
        }
        assert_int_not_equal(err, KITH_OK);
        note.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    signer_close(&log);
    signer_close(&witness);
}

static void
a_cosigner_says_when_and_signs_with_its_own_key(void **state)
{
    named_signer witness = signer_open(*state, KT_COSIGN_ED25519, "w", 2);
    named_signer other = signer_open(*state, KT_COSIGN_ED25519, "w", 3);
    const kt_hash root = hash_of_number(*state, 7);
    KITH_AUTO(kith_buf) text = {0};
    KITH_AUTO(kith_buf) line = {0};
    kt_checkpoint checkpoint;

    assert_ok(kt_checkpoint_text_write(kith_bytes_of_text("o"), 1, &root, &text));
    assert_ok(kt_checkpoint_text_decode(kith_bytes_of_buf(&text), &checkpoint));
    const kt_signer good = signer_of(&witness);
    const kt_signer mixed = {.key = &witness.key, .sign = other.sign};
    assert_int_equal(kt_checkpoint_sign(*state, &good, &checkpoint, 0, &line), KITH_ERR_INVALID);
    assert_int_equal(kt_checkpoint_sign(*state, &good, &checkpoint, UINT64_C(1) << 63, &line),
                     KITH_ERR_INVALID);
    assert_int_equal(kt_checkpoint_sign(*state, &mixed, &checkpoint, 1, &line), KITH_ERR_INVALID);
    assert_int_equal(line.len, 0);
    assert_ok(kt_checkpoint_sign(*state, &good, &checkpoint, INT64_MAX, &line));
    assert_ok(kt_checkpoint_lines_verify(*state, &checkpoint, kith_bytes_of_buf(&line),
                                         &witness.key, NULL));
    assert_int_equal(
        kt_checkpoint_lines_verify(*state, &checkpoint, kith_bytes_of_buf(&line), &other.key, NULL),
        KITH_ERR_NOT_FOUND);
    assert_int_equal(
        kt_checkpoint_lines_verify(*state, &checkpoint, (kith_bytes){0}, &witness.key, NULL),
        KITH_ERR_MALFORMED);
    signer_close(&witness);
    signer_close(&other);
}

/* ---- k of n ---- */

typedef struct council {
    named_signer log;
    named_signer members[4]; /* the last two are one witness with two keys */
    kt_note_key keys[4];
    kith_buf note;
    kt_quorum quorum;
} council;

static void
council_open(council *a, crypto *c)
{
    static const char *const names[] = {"w/1", "w/2", "w/3", "w/3"};
    const kt_hash root = hash_of_number(c, 7);

    *a = (council){.log = signer_open(c, KT_NOTE_ED25519, ORIGIN, 1)};
    for (size_t i = 0; i < 4; i++) {
        a->members[i] = signer_open(c, i == 3 ? KT_COSIGN_ML_DSA_44 : KT_COSIGN_ED25519, names[i],
                                    (uint8_t)(10 + i));
        a->keys[i] = a->members[i].key;
    }
    write_checkpoint(c, &a->log, 42, &root, &a->note);
    a->quorum = (kt_quorum){.origin = kith_bytes_of_text(ORIGIN),
                            .log = &a->log.key,
                            .witnesses = a->keys,
                            .witness_count = 4,
                            .needed = 2};
}

static void
council_close(council *a)
{
    for (size_t i = 0; i < 4; i++) {
        signer_close(&a->members[i]);
    }
    signer_close(&a->log);
    kith_buf_done(&a->note);
}

static kith_err
ask(crypto *c, const council *a, size_t *count)
{
    kt_checkpoint checkpoint;

    assert_ok(kt_checkpoint_decode(kith_bytes_of_buf(&a->note), &checkpoint));
    return kt_quorum_check(c, &a->quorum, &checkpoint, count);
}

static void
two_of_three_are_enough_when_two_are_asked_for(void **state)
{
    council a;
    size_t count = 0;

    council_open(&a, *state);
    assert_int_equal(ask(*state, &a, &count), KITH_ERR_NOT_FOUND);
    add_cosignature(*state, &a.members[1], 5, &a.note);
    assert_int_equal(ask(*state, &a, &count), KITH_ERR_NOT_FOUND);
    assert_int_equal(count, 0);
    add_cosignature(*state, &a.members[2], 5, &a.note);
    assert_ok(ask(*state, &a, &count));
    assert_int_equal(count, 2);
    council_close(&a);
}

static void
a_witness_that_cosigns_with_both_its_keys_counts_once(void **state)
{
    council a;
    size_t count = 0;

    council_open(&a, *state);
    add_cosignature(*state, &a.members[2], 5, &a.note);
    add_cosignature(*state, &a.members[3], 5, &a.note);
    assert_int_equal(ask(*state, &a, &count), KITH_ERR_NOT_FOUND);
    a.quorum.needed = 1;
    assert_ok(ask(*state, &a, &count));
    assert_int_equal(count, 1);
    council_close(&a);
}

static void
strangers_do_not_count(void **state)
{
    named_signer stranger = signer_open(*state, KT_COSIGN_ED25519, "w/1", 99);
    council a;

    council_open(&a, *state);
    a.quorum.needed = 1;
    add_cosignature(*state, &stranger, 5, &a.note);
    assert_int_equal(ask(*state, &a, NULL), KITH_ERR_NOT_FOUND);
    signer_close(&stranger);
    council_close(&a);
}

static void
the_logs_own_signature_and_origin_are_needed_whatever_the_witnesses_say(void **state)
{
    council a;
    named_signer other = signer_open(*state, KT_NOTE_ED25519, ORIGIN, 77);

    council_open(&a, *state);
    a.quorum.needed = 0;
    assert_ok(ask(*state, &a, NULL));
    a.quorum.log = &other.key;
    assert_int_equal(ask(*state, &a, NULL), KITH_ERR_REJECTED);
    a.quorum.log = &a.log.key;
    a.quorum.origin = kith_bytes_of_text("elsewhere");
    assert_int_equal(ask(*state, &a, NULL), KITH_ERR_REJECTED);
    signer_close(&other);
    council_close(&a);
}

static void
a_bad_signature_of_a_witness_spoils_the_checkpoint(void **state)
{
    council a;

    council_open(&a, *state);
    add_cosignature(*state, &a.members[0], 5, &a.note);
    add_cosignature(*state, &a.members[1], 5, &a.note);
    assert_ok(ask(*state, &a, NULL));
    a.note.data[a.note.len - 20] = a.note.data[a.note.len - 20] == 'A' ? 'B' : 'A';
    assert_int_equal(ask(*state, &a, NULL), KITH_ERR_REJECTED);
    council_close(&a);
}

static void
more_witnesses_than_there_are_cannot_be_demanded(void **state)
{
    kt_note_key keys[KT_QUORUM_MAX + 1];
    council a;

    council_open(&a, *state);
    a.quorum.needed = 5;
    assert_int_equal(ask(*state, &a, NULL), KITH_ERR_INVALID);
    for (size_t i = 0; i <= KT_QUORUM_MAX; i++) {
        keys[i] = a.keys[0];
    }
    a.quorum.needed = 0;
    a.quorum.witnesses = keys;
    a.quorum.witness_count = KT_QUORUM_MAX;
    assert_ok(ask(*state, &a, NULL));
    a.quorum.witness_count++;
    assert_int_equal(ask(*state, &a, NULL), KITH_ERR_INVALID);
    council_close(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_specification_is_read),
        cmocka_unit_test(what_is_no_checkpoint_is_refused),
        cmocka_unit_test(an_origin_has_255_bytes_at_most),
        cmocka_unit_test(an_ed25519_cosignature_is_over_header_time_and_text),
        cmocka_unit_test(an_ml_dsa_cosignature_is_over_the_structure_with_both_names),
        cmocka_unit_test(the_newest_of_several_cosignatures_counts),
        cmocka_unit_test(every_flipped_bit_of_a_cosigned_checkpoint_is_noticed),
        cmocka_unit_test(a_cosigner_says_when_and_signs_with_its_own_key),
        cmocka_unit_test(two_of_three_are_enough_when_two_are_asked_for),
        cmocka_unit_test(a_witness_that_cosigns_with_both_its_keys_counts_once),
        cmocka_unit_test(strangers_do_not_count),
        cmocka_unit_test(the_logs_own_signature_and_origin_are_needed_whatever_the_witnesses_say),
        cmocka_unit_test(a_bad_signature_of_a_witness_spoils_the_checkpoint),
        cmocka_unit_test(more_witnesses_than_there_are_cannot_be_demanded),
    };

    return cmocka_run_group_tests_name("checkpoint", tests, lab_open, lab_close);
}
