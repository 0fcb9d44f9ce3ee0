/* SPDX-License-Identifier: MPL-2.0 */
/* Hexadecimal, base64url and UTF-8. */
#include <string.h>

#include "base/check.h"
#include "fakes/fake_rng.h"

typedef kith_err (*codec)(kith_bytes in, kith_buf *out);

static void
assert_codes(codec encode, codec decode, kith_bytes bytes, const char *expected)
{
    KITH_AUTO(kith_buf) text = {0};
    KITH_AUTO(kith_buf) back = {0};

    assert_ok(encode(bytes, &text));
    assert_text(kith_bytes_of_buf(&text), expected);
    assert_ok(decode(kith_bytes_of_buf(&text), &back));
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&back), bytes));
}

static void
assert_malformed(codec decode, kith_bytes text)
{
    KITH_AUTO(kith_buf) out = {0};
    assert_ok(kith_buf_append(&out, kith_bytes_of_text("kept")));

    assert_err(decode(text, &out), KITH_ERR_MALFORMED);

    assert_text(kith_bytes_of_buf(&out), "kept");
}

/* [RFC4648 §10], without the padding of base64. */
static const struct {
    const char *bytes;
    const char *hex;
    const char *base64url;
} known[] = {
    {"", "", ""},
    {"f", "66", "Zg"},
    {"fo", "666f", "Zm8"},
    {"foo", "666f6f", "Zm9v"},
    {"foob", "666f6f62", "Zm9vYg"},
    {"fooba", "666f6f6261", "Zm9vYmE"},
    {"foobar", "666f6f626172", "Zm9vYmFy"},
    {"\xfb\xef\xbe\xff", "fbefbeff", "----_w"},
};

static void
known_bytes_have_known_texts(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(known); i++) {
        const kith_bytes bytes = kith_bytes_of_text(known[i].bytes);
        assert_codes(kith_hex_encode, kith_hex_decode, bytes, known[i].hex);
        assert_codes(kith_base64url_encode, kith_base64url_decode, bytes, known[i].base64url);
    }
}

static void
every_byte_at_every_place_comes_back(void **state)
{
    static const codec codecs[][2] = {{kith_hex_encode, kith_hex_decode},
                                      {kith_base64url_encode, kith_base64url_decode}};
    (void)state;

    for (size_t i = 0; i < 2u * 3 * 256; i++) {
        uint8_t bytes[3] = {0x5a, 0xa5, 0x5a};
        bytes[i / 256 % 3] = (uint8_t)i;
        KITH_AUTO(kith_buf) text = {0};
        KITH_AUTO(kith_buf) back = {0};

        assert_ok(codecs[i / 768][0](KITH_BYTES(bytes), &text));
        assert_ok(codecs[i / 768][1](kith_bytes_of_buf(&text), &back));

        assert_true(kith_bytes_equal(kith_bytes_of_buf(&back), KITH_BYTES(bytes)));
    }
}

static void
hexadecimal_is_read_in_either_case(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    (void)state;

    assert_ok(kith_hex_decode(kith_bytes_of_text("abCDeF"), &out));

    assert_hex(kith_bytes_of_buf(&out), "abcdef");
}

static void
hexadecimal_of_an_odd_length_is_malformed(void **state)
{
    (void)state;

    assert_malformed(kith_hex_decode, kith_bytes_of_text("0"));
    assert_malformed(kith_hex_decode, kith_bytes_of_text("012"));
}

/* Counts the bytes that are a digit: accepted at the place of the x in `pattern`. */
static size_t
count_digits(codec decode, const char *pattern)
{
    size_t digits = 0;

    for (unsigned c = 0; c < 256; c++) {
        uint8_t text[8] = {0};
        const size_t len = strlen(pattern);
        for (size_t i = 0; i < len; i++) {
            text[i] = pattern[i] == 'x' ? (uint8_t)c : (uint8_t)pattern[i];
        }
        KITH_AUTO(kith_buf) out = {0};
        const kith_err err = decode(kith_bytes_of(text, len), &out);
        assert_true(err == KITH_OK || err == KITH_ERR_MALFORMED);
        digits += err == KITH_OK ? 1 : 0;
    }
    return digits;
}

static void
only_the_characters_of_the_form_are_digits(void **state)
{
    (void)state;

    assert_int_equal(count_digits(kith_hex_decode, "x0"), 22);
    assert_int_equal(count_digits(kith_hex_decode, "0x"), 22);
    assert_int_equal(count_digits(kith_base64url_decode, "xAAA"), 64);
    assert_int_equal(count_digits(kith_base64url_decode, "AAAx"), 64);
    assert_int_equal(count_digits(kith_base64url_decode, "xA"), 64);
}

static void
base64url_with_bits_that_say_nothing_is_malformed(void **state)
{
    (void)state;

    /* Only zeros in the bits that fill up the last character. */
    assert_int_equal(count_digits(kith_base64url_decode, "Ax"), 4);
    assert_int_equal(count_digits(kith_base64url_decode, "AAx"), 16);
    assert_malformed(kith_base64url_decode, kith_bytes_of_text("Zh"));
    assert_malformed(kith_base64url_decode, kith_bytes_of_text("Zm9"));
}

static void
base64url_of_an_impossible_length_is_malformed(void **state)
{
    (void)state;

    assert_malformed(kith_base64url_decode, kith_bytes_of_text("A"));
    assert_malformed(kith_base64url_decode, kith_bytes_of_text("AAAAA"));
}

static void
padding_and_the_other_alphabet_are_malformed(void **state)
{
    (void)state;

    assert_malformed(kith_base64url_decode, kith_bytes_of_text("Zg=="));
    assert_malformed(kith_base64url_decode, kith_bytes_of_text("Zm8="));
    assert_malformed(kith_base64url_decode, kith_bytes_of_text("++++"));
    assert_malformed(kith_base64url_decode, kith_bytes_of_text("////"));
    assert_malformed(kith_base64url_decode, kith_bytes_of_text("Zm 9v"));
}

static void
texts_are_appended(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    (void)state;

    assert_ok(kith_hex_encode(kith_bytes_of_text("a"), &out));
    assert_ok(kith_base64url_encode(kith_bytes_of_text("f"), &out));
    assert_ok(kith_hex_decode(kith_bytes_of_text("62"), &out));
    assert_ok(kith_base64url_decode(kith_bytes_of_text("Zm9v"), &out));

    assert_text(kith_bytes_of_buf(&out), "61Zgbfoo");
}

static void
more_than_can_be_counted_is_beyond_the_limit(void **state)
{
    static const uint8_t byte[1];
    const kith_bytes endless = {byte, SIZE_MAX};
    KITH_AUTO(kith_buf) out = {0};
    (void)state;

    assert_err(kith_hex_encode(endless, &out), KITH_ERR_LIMIT);
    assert_err(kith_base64url_encode(endless, &out), KITH_ERR_LIMIT);
    assert_err(kith_base64url_decode(endless, &out), KITH_ERR_LIMIT);

    assert_int_equal(out.len, 0);
}

static void
without_memory_nothing_is_appended(void **state)
{
    static const struct {
        codec run;
        const char *in;
    } calls[] = {{kith_hex_encode, "0123456789abcdef0123"},
                 {kith_hex_decode, "0123456789abcdef0123"},
                 {kith_base64url_encode, "0123456789abcdef0123"},
                 {kith_base64url_decode, "0123456789abcdef0123"}};
    static const uint8_t full[32];
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(calls); i++) {
        fake_alloc fake;
        fake_alloc_init(&fake);
        KITH_AUTO(kith_buf) out = {.alloc = &fake.port};
        assert_ok(kith_buf_append(&out, KITH_BYTES(full)));
        uint64_t n = 0;
        fake.fail_after = fake.calls;
        while (calls[i].run(kith_bytes_of_text(calls[i].in), &out) != KITH_OK) {
            assert_true(kith_bytes_equal(kith_bytes_of_buf(&out), KITH_BYTES(full)));
            assert_int_equal(fake.live_blocks, 1);
            fake.fail_after = fake.calls + ++n;
            assert_true(n < 10);
        }
        assert_true(n > 0);
    }
}

/* ---- UTF-8 ---- */

static void
well_formed_text_is_valid(void **state)
{
    static const char *const valid[] = {
        "",
        "plain",
        "\x01\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82z",
    };
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(valid); i++) {
        assert_true(kith_utf8_is_valid(kith_bytes_of_text(valid[i])));
    }
}

/* [RFC3629 §4] and [RFC3629 §10]: overlong forms, surrogates, too large, lone and missing bytes. */
static void
what_is_not_well_formed_is_invalid(void **state)
{
    static const char *const invalid[] = {
        "\x80",
        "\xbf",
        "a\x80z",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xc2",
        "\xe2\x82",
        "\xf0\x9f\x99",
        "\xc2z",
        "\xe2\x82z",
        "\xe2z\x82",
        "\xf0\x9f\x99z",
        "\xc2\xc2\x80",
        "\xe1\x80\xc0",
    };
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(invalid); i++) {
        assert_false(kith_utf8_is_valid(kith_bytes_of_text(invalid[i])));
    }
}

static void
a_zero_byte_is_invalid(void **state)
{
    (void)state;

    assert_false(kith_utf8_is_valid(kith_bytes_of("a\0b", 3)));
    assert_false(kith_utf8_is_valid(kith_bytes_of("", 1)));
}

static void
a_text_cut_inside_a_character_is_invalid(void **state)
{
    const char *const text = "\xf0\x9f\x99\x82";
    (void)state;

    for (size_t len = 1; len < 4; len++) {
        assert_false(kith_utf8_is_valid(kith_bytes_of(text, len)));
    }
    assert_true(kith_utf8_is_valid(kith_bytes_of(text, 4)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_bytes_have_known_texts),
        cmocka_unit_test(every_byte_at_every_place_comes_back),
        cmocka_unit_test(hexadecimal_is_read_in_either_case),
        cmocka_unit_test(hexadecimal_of_an_odd_length_is_malformed),
        cmocka_unit_test(only_the_characters_of_the_form_are_digits),
        cmocka_unit_test(base64url_with_bits_that_say_nothing_is_malformed),
        cmocka_unit_test(base64url_of_an_impossible_length_is_malformed),
        cmocka_unit_test(padding_and_the_other_alphabet_are_malformed),
        cmocka_unit_test(texts_are_appended),
        cmocka_unit_test(more_than_can_be_counted_is_beyond_the_limit),
        cmocka_unit_test(without_memory_nothing_is_appended),
        cmocka_unit_test(well_formed_text_is_valid),
        cmocka_unit_test(what_is_not_well_formed_is_invalid),
        cmocka_unit_test(a_zero_byte_is_invalid),
        cmocka_unit_test(a_text_cut_inside_a_character_is_invalid),
    };

    return cmocka_run_group_tests_name("base: text", tests, NULL, NULL);
}
