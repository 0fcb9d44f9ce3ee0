/* SPDX-License-Identifier: MPL-2.0 */
/* Signed notes: the specification's example, and what is no note [C2SP-NOTE]. */
#include "transparency/note_lab.h"

static const char VKEY[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char NOTE[] =
    "This is an example message.\n"
    "\n"
    "\xe2\x80\x94 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

static void
the_example_of_the_specification_is_verified(void **state)
{
    kt_note_key key;
    kt_note note;

    assert_ok(kt_note_key_decode(*state, kith_bytes_of_text(VKEY), &key));
    assert_ok(kt_note_decode(kith_bytes_of_text(NOTE), &note));
    assert_text(note.text, "This is an example message.\n");
    assert_ok(kt_note_verify(*state, &note, &key));
    assert_text(kt_note_key_name(&key), "example.com/foo");
    assert_int_equal(key.id, 0x530d903a);
}

static void
a_key_is_written_as_it_was_read(void **state)
{
    static const kt_note_type types[] = {KT_NOTE_ED25519, KT_COSIGN_ED25519, KT_COSIGN_ML_DSA_44};

    for (size_t i = 0; i < 3; i++) {
        named_signer signer = signer_open(*state, types[i], "log.example/one", (uint8_t)i);
        KITH_AUTO(kith_buf) text = {0};
        kt_note_key again;
        assert_ok(kt_note_key_encode(&signer.key, &text));
        assert_ok(kt_note_key_decode(*state, kith_bytes_of_buf(&text), &again));
        assert_true(kt_note_key_equal(&again, &signer.key));
        assert_int_equal(again.id, signer.key.id);
        signer_close(&signer);
    }
}

static void
a_key_with_any_character_changed_or_any_end_cut_is_another_or_none(void **state)
{
    kt_note_key key;
    kt_note_key other;

    assert_ok(kt_note_key_decode(*state, kith_bytes_of_text(VKEY), &key));
    for (size_t i = 0; i < sizeof VKEY - 1; i++) {
        char changed[sizeof VKEY];
        memcpy(changed, VKEY, sizeof VKEY);
        changed[i] = changed[i] == 'x' ? 'y' : 'x';
        assert_int_not_equal(kt_note_key_decode(*state, kith_bytes_of_text(changed), &other),
                             KITH_OK);
        assert_int_not_equal(kt_note_key_decode(*state, kith_bytes_of(VKEY, i), &other), KITH_OK);
    }
}

static void
a_key_of_an_unknown_type_or_with_a_wrong_name_is_refused(void **state)
{
    static const uint8_t public_key[32] = {1};
    char name[KT_NOTE_NAME_MAX + 1];
    kt_note_key key;

    memset(name, 'a', sizeof name);
    assert_int_equal(kt_note_key_make(*state, (kt_note_type)2, kith_bytes_of_text("a"),
                                      KITH_BYTES(public_key), &key),
                     KITH_ERR_UNSUPPORTED);
    assert_int_equal(kt_note_key_make(*state, KT_NOTE_ED25519, kith_bytes_of_text("a b"),
                                      KITH_BYTES(public_key), &key),
                     KITH_ERR_MALFORMED);
    assert_int_equal(kt_note_key_make(*state, KT_COSIGN_ML_DSA_44, kith_bytes_of_text("a"),
                                      KITH_BYTES(public_key), &key),
                     KITH_ERR_MALFORMED);
    assert_int_equal(kt_note_key_make(*state, KT_NOTE_ED25519, kith_bytes_of(name, sizeof name),
                                      KITH_BYTES(public_key), &key),
                     KITH_ERR_LIMIT);
    assert_ok(kt_note_key_make(*state, KT_NOTE_ED25519, kith_bytes_of(name, KT_NOTE_NAME_MAX),
                               KITH_BYTES(public_key), &key));
}

static void
every_end_that_is_cut_and_every_flipped_bit_are_noticed(void **state)
{
    kt_note_key key;
    kt_note note;

    assert_ok(kt_note_key_decode(*state, kith_bytes_of_text(VKEY), &key));
    for (size_t len = 0; len < sizeof NOTE - 1; len++) {
        assert_int_equal(kt_note_decode(kith_bytes_of(NOTE, len), &note), KITH_ERR_MALFORMED);
    }
    for (size_t bit = 0; bit < 8 * (sizeof NOTE - 1); bit++) {
        char changed[sizeof NOTE];
        memcpy(changed, NOTE, sizeof NOTE);
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        kith_err err = kt_note_decode(kith_bytes_of(changed, sizeof NOTE - 1), &note);
        if (err == KITH_OK) {
            err = kt_note_verify(*state, &note, &key);
        }
        assert_true(err == KITH_ERR_MALFORMED || err == KITH_ERR_REJECTED ||
                    err == KITH_ERR_NOT_FOUND);
    }
}

static void
signatures_of_unknown_keys_are_passed_over(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    kt_note_key key;
    kt_note note;

    assert_ok(kt_note_key_decode(*state, kith_bytes_of_text(VKEY), &key));
    assert_ok(kt_text_write(&text, NOTE));
    /* Another name, another id, both with the name or id of the known key. */
    assert_ok(kt_text_write(&text, "\xe2\x80\x94 example.com/bar Uw2QOgAA\n"));
    assert_ok(kt_text_write(&text, "\xe2\x80\x94 example.com/foo AAAAAAAA\n"));
    assert_ok(kt_note_decode(kith_bytes_of_buf(&text), &note));
    assert_ok(kt_note_verify(*state, &note, &key));
    /* A note with these alone is not signed. */
    replace_in(&text, "Uw2QOkn8", "AAAAOkn8");
    assert_ok(kt_note_decode(kith_bytes_of_buf(&text), &note));
    assert_int_equal(kt_note_verify(*state, &note, &key), KITH_ERR_NOT_FOUND);
}

static void
a_bad_signature_of_a_known_key_spoils_the_note(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    kt_note_key key;
    kt_note note;

    assert_ok(kt_note_key_decode(*state, kith_bytes_of_text(VKEY), &key));
    assert_ok(kt_text_write(&text, NOTE));
    assert_ok(kt_text_write(&text, "\xe2\x80\x94 example.com/foo Uw2QOgAA\n"));
    assert_ok(kt_note_decode(kith_bytes_of_buf(&text), &note));
    assert_int_equal(kt_note_verify(*state, &note, &key), KITH_ERR_REJECTED);
}

static void
what_has_no_signature_a_control_character_or_a_broken_line_is_no_note(void **state)
{
    static const char *const wrong[] = {
        "",
        "\n",
        "text\n",
        "text\n\n",
        "text\n\nno dash AAAAAAAA\n",
        "text\n\n\xe2\x80\x94 name\n",
        "text\n\n\xe2\x80\x94  AAAAAAAA\n",
        "text\n\n\xe2\x80\x94 name AAAAAAAA",
        "text\n\n\xe2\x80\x94 name AAAA\n", /* shorter than an id */
        "text\n\n\xe2\x80\x94 name AAAAAA==\n", /* an id and no signature */
        "text\n\n\xe2\x80\x94 na+me AAAAAAAA\n",
        "te\txt\n\n\xe2\x80\x94 name AAAAAAAA\n",
        "te\xffxt\n\n\xe2\x80\x94 name AAAAAAAA\n",
        "text\n\xe2\x80\x94 name AAAAAAAA\n",
    };
    kt_note note;
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(kt_note_decode(kith_bytes_of_text(wrong[i]), &note), KITH_ERR_MALFORMED);
    }
}

static void
the_last_empty_line_ends_the_text(void **state)
{
    kt_note note;
    (void)state;

    assert_ok(
        kt_note_decode(kith_bytes_of_text("one\n\ntwo\n\n\xe2\x80\x94 name AAAAAAAA\n"), &note));
    assert_text(note.text, "one\n\ntwo\n");
}

static void
a_note_may_have_32_signatures_and_not_one_more(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    kt_note note;
    (void)state;

    assert_ok(kt_text_write(&text, "text\n\n"));
    for (size_t i = 0; i < KT_NOTE_SIGNATURES_MAX; i++) {
        assert_ok(kt_text_write(&text, "\xe2\x80\x94 name AAAAAAAA\n"));
    }
    assert_ok(kt_note_decode(kith_bytes_of_buf(&text), &note));
    assert_ok(kt_text_write(&text, "\xe2\x80\x94 name AAAAAAAA\n"));
    assert_int_equal(kt_note_decode(kith_bytes_of_buf(&text), &note), KITH_ERR_LIMIT);
}

static void
a_note_may_be_as_long_as_the_limit_and_not_longer(void **state)
{
    static const char tail[] = "\n\n\xe2\x80\x94 name AAAAAAAA\n";
    KITH_AUTO(kith_buf) text = {0};
    uint8_t *body = NULL;
    kt_note note;
    (void)state;

    assert_ok(kith_buf_extend(&text, KT_NOTE_MAX - (sizeof tail - 1), &body));
    memset(body, 'a', text.len);
    assert_ok(kt_text_write(&text, tail));
    assert_ok(kt_note_decode(kith_bytes_of_buf(&text), &note));
    kith_buf_clear(&text);
    assert_ok(kith_buf_extend(&text, KT_NOTE_MAX - (sizeof tail - 1) + 1, &body));
    memset(body, 'a', text.len);
    assert_ok(kt_text_write(&text, tail));
    assert_int_equal(kt_note_decode(kith_bytes_of_buf(&text), &note), KITH_ERR_LIMIT);
}

static void
a_note_is_verified_only_with_keys_of_logs(void **state)
{
    named_signer witness = signer_open(*state, KT_COSIGN_ED25519, "witness.example", 3);
    kt_note note;

    assert_ok(kt_note_decode(kith_bytes_of_text(NOTE), &note));
    assert_int_equal(kt_note_verify(*state, &note, &witness.key), KITH_ERR_UNSUPPORTED);
    signer_close(&witness);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_specification_is_verified),
        cmocka_unit_test(a_key_is_written_as_it_was_read),
        cmocka_unit_test(a_key_with_any_character_changed_or_any_end_cut_is_another_or_none),
        cmocka_unit_test(a_key_of_an_unknown_type_or_with_a_wrong_name_is_refused),
        cmocka_unit_test(every_end_that_is_cut_and_every_flipped_bit_are_noticed),
        cmocka_unit_test(signatures_of_unknown_keys_are_passed_over),
        cmocka_unit_test(a_bad_signature_of_a_known_key_spoils_the_note),
        cmocka_unit_test(what_has_no_signature_a_control_character_or_a_broken_line_is_no_note),
        cmocka_unit_test(the_last_empty_line_ends_the_text),
        cmocka_unit_test(a_note_may_have_32_signatures_and_not_one_more),
        cmocka_unit_test(a_note_may_be_as_long_as_the_limit_and_not_longer),
        cmocka_unit_test(a_note_is_verified_only_with_keys_of_logs),
    };

    return cmocka_run_group_tests_name("note", tests, lab_open, lab_close);
}
