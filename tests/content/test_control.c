/* SPDX-License-Identifier: MPL-2.0 */
/* What devices tell each other: every type, its bytes, its limits; types from the future are skipped. */
#include "content/control.h"

#include <string.h>

#include "proto/wire.h"

#define TEXT(text) {(const uint8_t *)(text), sizeof(text) - 1}
#define BLOB(...) {(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})}

static kith_err
again(kith_bytes in, kith_buf *out)
{
    content_control control;

    KITH_TRY(content_control_decode(in, &control));
    return content_control_encode(out, &control);
}

/* clang-format off */
static const struct {
    const char *name;
    content_control control;
    const char *bytes;
} said[] = {
    {"hello", {CONTENT_CONTROL_HELLO, .as.hello = {TEXT("Rose"), CONTENT_ROLE_JOINER, {R32(0x11)}}},
     "01 01 04 526f7365 01 11*32"},
    {"profile", {CONTENT_CONTROL_PROFILE, .as.profile = {TEXT("Rose")}}, "02 01 04 526f7365"},
    {"invite made", {CONTENT_CONTROL_INVITE_MADE, .as.invite_made = {{R16(0x22)}, 5}},
     "03 01 22*16 0000000000000005"},
    {"contact", {CONTENT_CONTROL_CONTACT,
                 .as.contact = {{R32(0x11)}, TEXT("key"), TEXT("Rose"), 7, {R32(0x33)}}},
     "04 01 11*32 03 6b6579 04 526f7365 07 33*32"},
    {"read mark", {CONTENT_CONTROL_READ_MARK, .as.read_mark = {{R32(0x33)}, 9}},
     "05 01 33*32 0000000000000009"},
    {"conversation state",
     {CONTENT_CONTROL_CONV_STATE, .as.conv_state = {{R32(0x33)}, CONTENT_CONV_LEFT}},
     "06 01 33*32 03"},
    {"rejoin", {CONTENT_CONTROL_REJOIN, .as.rejoin = {{R32(0x33)}}}, "07 01 33*32"},
    {"history request",
     {CONTENT_CONTROL_HISTORY_REQUEST, .as.history_request = {{R32(0x33)}, 9}},
     "08 01 33*32 0000000000000009"},
    {"history",
     {CONTENT_CONTROL_HISTORY,
      .as.history = {{R32(0x33)}, BLOB(R32(0x44), R32(0x55), 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1, 'x')}},
     "09 01 33*32 0000004d 44*32 55*32 0000000000000006 00000001 78"},
};
/* clang-format on */

static void
every_type_is_the_bytes_that_the_header_says(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(said); i++) {
        KITH_AUTO(kith_buf) expected = wire(said[i].bytes);
        KITH_AUTO(kith_buf) made = {0};
        print_message("# %s\n", said[i].name);
        assert_ok(content_control_encode(&made, &said[i].control));
        assert_true(kith_bytes_equal(kith_bytes_of_buf(&made), kith_bytes_of_buf(&expected)));
        assert_codec(said[i].name, kith_bytes_of_buf(&expected), again);
    }
    assert_int_equal(CHECK_COUNT(said), CONTENT_CONTROL_HISTORY);
}

static void
types_and_versions_from_the_future_are_unknown_and_no_error(void **state)
{
    static const char *const unknown[] = {"00 01", "0a 01", "ff 01 6162", "01 02 6162", "01 00"};
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(unknown); i++) {
        KITH_AUTO(kith_buf) bytes = wire(unknown[i]);
        KITH_AUTO(kith_buf) out = {0};
        content_control control = {.type = CONTENT_CONTROL_HELLO};
        assert_ok(content_control_decode(kith_bytes_of_buf(&bytes), &control));
        assert_int_equal(control.type, CONTENT_CONTROL_UNKNOWN);
        assert_err(content_control_encode(&out, &control), KITH_ERR_INVALID);
        assert_int_equal(out.len, 0);
    }
}

static const struct {
    const char *bytes;
    kith_err expected;
} edges[] = {
    {"", KITH_ERR_MALFORMED},
    {"01", KITH_ERR_MALFORMED},
    /* names */
    {"01 01 00 00 00*32", KITH_OK},
    {"01 01 40 61*64 00 00*32", KITH_OK},
    {"01 01 41 61*65 00 00*32", KITH_ERR_LIMIT},
    {"01 01 01 ff 00 00*32", KITH_ERR_MALFORMED},
    {"02 01 40 61*64", KITH_OK},
    {"02 01 41 61*65", KITH_ERR_LIMIT},
    {"02 01 01 ff", KITH_ERR_MALFORMED},
    {"04 01 11*32 01 6b 40 61*64 07 33*32", KITH_OK},
    {"04 01 11*32 01 6b 41 61*65 07 33*32", KITH_ERR_LIMIT},
    {"04 01 11*32 01 6b 01 ff 07 33*32", KITH_ERR_MALFORMED},
    /* account keys */
    {"04 01 11*32 00 00 07 33*32", KITH_ERR_MALFORMED},
    {"04 01 11*32 ff 6b*255 00 07 33*32", KITH_OK},
    /* values */
    {"01 01 00 02 00*32", KITH_OK},
    {"01 01 00 03 00*32", KITH_ERR_MALFORMED},
    {"06 01 33*32 00", KITH_ERR_MALFORMED},
    {"06 01 33*32 04", KITH_ERR_MALFORMED},
    /* histories */
    {"09 01 33*32 00000000", KITH_OK},
    {"09 01 33*32 0000004c 44*72 00000000", KITH_ERR_MALFORMED},
    {"09 01 33*32 00000001 44", KITH_ERR_MALFORMED},
};

static void
every_field_is_held_to_its_form_and_limit(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(edges); i++) {
        KITH_AUTO(kith_buf) bytes = wire(edges[i].bytes);
        content_control control;
        print_message("# %s\n", edges[i].bytes);
        assert_err(content_control_decode(kith_bytes_of_buf(&bytes), &control), edges[i].expected);
    }
}

static kith_err
encode(content_control control)
{
    KITH_AUTO(kith_buf) out = {0};
    const kith_err err = content_control_encode(&out, &control);

    assert_int_equal(out.len > 0, err == KITH_OK);
    return err;
}

static void
what_could_not_be_read_is_not_written(void **state)
{
    KITH_AUTO(kith_buf) large = wire("61*256");
    const kith_bytes name = kith_bytes_of(large.data, CONTENT_NAME_MAX + 1);
    (void)state;

    assert_err(encode((content_control){CONTENT_CONTROL_HELLO, .as.hello = {.name = name}}),
               KITH_ERR_LIMIT);
    assert_err(encode((content_control){CONTENT_CONTROL_HELLO, .as.hello = {.role = 3}}),
               KITH_ERR_MALFORMED);
    assert_err(encode((content_control){CONTENT_CONTROL_PROFILE, .as.profile = {TEXT("\xff")}}),
               KITH_ERR_MALFORMED);
    assert_err(encode((content_control){CONTENT_CONTROL_CONTACT}), KITH_ERR_LIMIT);
    assert_err(encode((content_control){CONTENT_CONTROL_CONTACT,
                                        .as.contact = {.account_key = kith_bytes_of_buf(&large)}}),
               KITH_ERR_LIMIT);
    assert_err(encode((content_control){CONTENT_CONTROL_CONV_STATE}), KITH_ERR_MALFORMED);
    assert_err(encode((content_control){CONTENT_CONTROL_HISTORY, .as.history = {{0}, TEXT("x")}}),
               KITH_ERR_MALFORMED);
}

/* ---- History ---- */

static void
a_history_is_read_as_it_was_appended(void **state)
{
    KITH_AUTO(kith_buf) entries = {0};
    const content_history_entry in[2] = {{{R32(1)}, {R32(2)}, 3, TEXT("one")},
                                         {{R32(4)}, {R32(5)}, 6, TEXT("two")}};
    content_history_entry out;
    (void)state;

    assert_ok(content_history_append(&entries, &in[0]));
    assert_ok(content_history_append(&entries, &in[1]));

    kith_reader r = kith_reader_of(kith_bytes_of_buf(&entries));
    assert_ok(content_history_next(&r, &out));
    assert_memory_equal(out.message_id, in[0].message_id, 32);
    assert_memory_equal(out.account_id, in[0].account_id, 32);
    assert_int_equal(out.sent_ms, 3);
    assert_text(out.content, "one");
    assert_ok(content_history_next(&r, &out));
    assert_text(out.content, "two");
    assert_true(kith_reader_done(&r));
    assert_err(content_history_next(&r, &out), KITH_ERR_MALFORMED);
}

static void
an_entry_outside_its_bounds_is_neither_appended_nor_read(void **state)
{
    KITH_AUTO(kith_buf) large = wire("00*76 61*262144");
    KITH_AUTO(kith_buf) said_longer = wire("00*72 00040000 61*262144");
    KITH_AUTO(kith_buf) entries = {0};
    content_history_entry entry = {.content = {0}};
    (void)state;

    assert_err(content_history_append(&entries, &entry), KITH_ERR_LIMIT);
    entry.content = kith_bytes_of(large.data, CONTENT_MAX + 1);
    assert_err(content_history_append(&entries, &entry), KITH_ERR_LIMIT);
    assert_int_equal(entries.len, 0);
    entry.content = kith_bytes_of(large.data, CONTENT_MAX);
    assert_ok(content_history_append(&entries, &entry));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&entries));
    assert_ok(content_history_next(&r, &entry));
    r = kith_reader_of(kith_bytes_of_buf(&said_longer));
    assert_err(content_history_next(&r, &entry), KITH_ERR_LIMIT);
}

static void
the_longest_history_is_written_and_one_entry_more_is_not(void **state)
{
    KITH_AUTO(kith_buf) entries = {0};
    KITH_AUTO(kith_buf) out = {0};
    const content_history_entry entry = {.content = TEXT("x")};
    content_control control = {CONTENT_CONTROL_HISTORY, .as.history = {{0}, {0}}};
    (void)state;
    for (size_t i = 0; i < CONTENT_HISTORY_MAX; i++) {
        assert_ok(content_history_append(&entries, &entry));
    }

    control.as.history.entries = kith_bytes_of_buf(&entries);
    assert_ok(content_control_encode(&out, &control));
    assert_ok(content_control_decode(kith_bytes_of_buf(&out), &control));
    assert_ok(content_history_append(&entries, &entry));
    control.as.history.entries = kith_bytes_of_buf(&entries);
    assert_err(encode(control), KITH_ERR_LIMIT);
}

static void
a_payload_larger_than_a_message_is_refused_both_ways(void **state)
{
    KITH_AUTO(kith_buf) entries = {0};
    KITH_AUTO(kith_buf) content = wire("61*262143");
    KITH_AUTO(kith_buf) bytes = wire("ff 01 61*262142");
    const content_history_entry entry = {.content = kith_bytes_of_buf(&content)};
    content_control control = {CONTENT_CONTROL_HISTORY, .as.history = {{0}, {0}}};
    (void)state;
    assert_ok(content_history_append(&entries, &entry));

    control.as.history.entries = kith_bytes_of_buf(&entries);
    assert_err(encode(control), KITH_ERR_LIMIT);
    assert_err(content_control_decode(kith_bytes_of_buf(&bytes), &control), KITH_ERR_LIMIT);
    assert_ok(content_control_decode(kith_bytes_of(bytes.data, CONTENT_MAX), &control));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_the_bytes_that_the_header_says),
        cmocka_unit_test(types_and_versions_from_the_future_are_unknown_and_no_error),
        cmocka_unit_test(every_field_is_held_to_its_form_and_limit),
        cmocka_unit_test(what_could_not_be_read_is_not_written),
        cmocka_unit_test(a_history_is_read_as_it_was_appended),
        cmocka_unit_test(an_entry_outside_its_bounds_is_neither_appended_nor_read),
        cmocka_unit_test(the_longest_history_is_written_and_one_entry_more_is_not),
        cmocka_unit_test(a_payload_larger_than_a_message_is_refused_both_ways),
    };

    return cmocka_run_group_tests_name("content: control", tests, NULL, NULL);
}
