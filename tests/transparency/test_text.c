/* SPDX-License-Identifier: MPL-2.0 */
/* The small forms below notes: one encoding for each value, and nothing else is read. */
#include "transparency/note_lab.h"

static void
base64_has_the_forms_of_the_rfc(void **state)
{
    static const struct {
        const char *bytes;
        const char *text;
    } table[] = {{"", ""},
                 {"f", "Zg=="},
                 {"fo", "Zm8="},
                 {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="},
                 {"fooba", "Zm9vYmE="},
                 {"foobar", "Zm9vYmFy"}};
    (void)state;

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        KITH_AUTO(kith_buf) text = {0};
        KITH_AUTO(kith_buf) bytes = {0};
        size_t len = 99;
        assert_ok(kt_base64_encode(kith_bytes_of_text(table[i].bytes), &text));
        assert_text(kith_bytes_of_buf(&text), table[i].text);
        assert_ok(kt_base64_decode(kith_bytes_of_text(table[i].text), &bytes));
        assert_text(kith_bytes_of_buf(&bytes), table[i].bytes);
        assert_ok(kt_base64_len(kith_bytes_of_text(table[i].text), &len));
        assert_int_equal(len, strlen(table[i].bytes));
    }
}

static void
every_pair_of_bytes_survives_base64(void **state)
{
    (void)state;

    for (unsigned i = 0; i < 65536; i += 7) {
        const uint8_t pair[] = {(uint8_t)(i >> 8), (uint8_t)i};
        KITH_AUTO(kith_buf) text = {0};
        KITH_AUTO(kith_buf) bytes = {0};
        assert_ok(kt_base64_encode(KITH_BYTES(pair), &text));
        assert_ok(kt_base64_decode(kith_bytes_of_buf(&text), &bytes));
        assert_int_equal(bytes.len, 2);
        assert_memory_equal(bytes.data, pair, 2);
    }
}

static void
base64_in_another_form_is_refused(void **state)
{
    static const char *const wrong[] = {"Z",        "Zg",     "Zg=",  "Zh==", "Zm9=",
                                        "=Zg=",     "====",   "Zm-v", "Zm_v", "Zm 9",
                                        "Zg==Zg==", "Zm9v\n", "Z===", "Zg==="};
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        KITH_AUTO(kith_buf) bytes = {0};
        assert_int_equal(kt_base64_decode(kith_bytes_of_text(wrong[i]), &bytes),
                         KITH_ERR_MALFORMED);
        assert_int_equal(bytes.len, 0);
    }
}

static void
decimals_have_one_form_and_end_below_2_to_the_63(void **state)
{
    static const char *const wrong[] = {"",
                                        "00",
                                        "01",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1a",
                                        "0x1",
                                        "9223372036854775808",
                                        "18446744073709551616"};
    uint64_t value = 0;
    (void)state;

    assert_ok(kt_decimal_read(kith_bytes_of_text("0"), &value));
    assert_int_equal(value, 0);
    assert_ok(kt_decimal_read(kith_bytes_of_text("9223372036854775807"), &value));
    assert_true(value == INT64_MAX);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(kt_decimal_read(kith_bytes_of_text(wrong[i]), &value), KITH_ERR_MALFORMED);
    }
    assert_true(value == INT64_MAX);
}

static void
a_line_ends_with_a_newline_or_is_none(void **state)
{
    kith_reader r = kith_reader_of(kith_bytes_of_text("one\n\ntwo"));
    kith_bytes line = {0};
    (void)state;

    assert_ok(kt_line_read(&r, &line));
    assert_text(line, "one");
    assert_ok(kt_line_read(&r, &line));
    assert_int_equal(line.len, 0);
    assert_int_equal(kt_line_read(&r, &line), KITH_ERR_MALFORMED);
    assert_int_equal(kith_reader_peek(&r).len, 3);
}

static void
a_hash_in_a_line_has_44_characters(void **state)
{
    const kt_hash hash = hash_of_number(*state, 1);
    KITH_AUTO(kith_buf) line = {0};
    kt_hash read;

    assert_ok(kt_hash_line_write(&line, &hash));
    assert_int_equal(line.len, 45);
    assert_ok(kt_hash_line_read(kith_bytes_of(line.data, 44), &read));
    assert_memory_equal(read.bytes, hash.bytes, KT_HASH_LEN);
    assert_int_equal(kt_hash_line_read(kith_bytes_of(line.data, 40), &read), KITH_ERR_MALFORMED);
    line.data[42] = '=';
    assert_int_equal(kt_hash_line_read(kith_bytes_of(line.data, 44), &read), KITH_ERR_MALFORMED);
}

static void
a_name_has_no_plus_and_no_space_of_any_kind(void **state)
{
    static const char *const wrong[] = {
        "",          "a b",          "a+b",           "a\tb",           "a\nb",
        "a\xc2\xa0", "\xe2\x80\x83", "x\xe3\x80\x80", "a\xe2\x80\xa8z", "\xff"};
    (void)state;

    assert_true(kt_text_is_name(kith_bytes_of_text("witness.example/w1")));
    assert_true(kt_text_is_name(kith_bytes_of_text("zeuge.example/\xc3\xa4\xe2\x80\x94")));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(kt_text_is_name(kith_bytes_of_text(wrong[i])));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_has_the_forms_of_the_rfc),
        cmocka_unit_test(every_pair_of_bytes_survives_base64),
        cmocka_unit_test(base64_in_another_form_is_refused),
        cmocka_unit_test(decimals_have_one_form_and_end_below_2_to_the_63),
        cmocka_unit_test(a_line_ends_with_a_newline_or_is_none),
        cmocka_unit_test(a_hash_in_a_line_has_44_characters),
        cmocka_unit_test(a_name_has_no_plus_and_no_space_of_any_kind),
    };

    return cmocka_run_group_tests_name("text", tests, lab_open, lab_close);
}
