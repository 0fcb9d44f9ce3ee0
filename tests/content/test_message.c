/* SPDX-License-Identifier: MPL-2.0 */
/* Messages: what each kind looks like on the wire, what is refused, what the examples of the draft say. */
#include "content/message.h"

#include <string.h>

#include "content/examples.h"
#include "proto/wire.h"

#define TEXT(text) {(const uint8_t *)(text), sizeof(text) - 1}
#define SALT {R16(0x5a)}

static kith_err
again(kith_bytes in, kith_buf *out)
{
    content_message message;

    KITH_TRY(content_message_decode(in, &message));
    return content_message_encode(out, &message);
}

static kith_err
decode(const char *notation, content_message *out)
{
    KITH_AUTO(kith_buf) bytes = wire(notation);

    return content_message_decode(kith_bytes_of_buf(&bytes), out);
}

/* ---- What Kith sends ---- */

/* clang-format off */
static const struct {
    const char *name;
    content_message message;
    const char *bytes;
} sent[] = {
    {"text", {.kind = CONTENT_TEXT, .salt = SALT, .body = TEXT("Hi")},
     "87 50 5a*16 f6 40 f6 f6 a0"
     " 85 01 60 01 7818 746578742f706c61696e3b636861727365743d7574662d38 42 4869"},
    {"markdown in a language, within a topic",
     {.kind = CONTENT_TEXT, .salt = SALT, .topic = TEXT("t"), .language = TEXT("en"),
      .markdown = true, .body = TEXT("Hi")},
     "87 50 5a*16 f6 41 74 f6 f6 a0"
     " 85 01 62 656e 01 781e 746578742f6d61726b646f776e3b76617269616e743d47464d2d4d494d49 42 4869"},
    {"reply", {.kind = CONTENT_TEXT, .salt = SALT, .has_reply = true, .in_reply_to = {R32(0x11)},
               .body = TEXT("Hi")},
     "87 50 5a*16 f6 40 f6 5820 11*32 a0"
     " 85 01 60 01 7818 746578742f706c61696e3b636861727365743d7574662d38 42 4869"},
    {"edit", {.kind = CONTENT_TEXT, .salt = SALT, .has_replaces = true, .replaces = {R32(0x22)},
              .body = TEXT("Hi")},
     "87 50 5a*16 5820 22*32 40 f6 f6 a0"
     " 85 01 60 01 7818 746578742f706c61696e3b636861727365743d7574662d38 42 4869"},
    {"vanishing after reading",
     {.kind = CONTENT_TEXT, .salt = SALT, .expiry = CONTENT_EXPIRY_AFTER_READING, .expires = 60,
      .body = TEXT("Hi")},
     "87 50 5a*16 f6 40 82 f5 183c f6 a0"
     " 85 01 60 01 7818 746578742f706c61696e3b636861727365743d7574662d38 42 4869"},
    {"vanishing at a time",
     {.kind = CONTENT_TEXT, .salt = SALT, .expiry = CONTENT_EXPIRY_AT, .expires = UINT32_MAX,
      .body = TEXT("Hi")},
     "87 50 5a*16 f6 40 82 f4 1affffffff f6 a0"
     " 85 01 60 01 7818 746578742f706c61696e3b636861727365743d7574662d38 42 4869"},
    {"reaction", {.kind = CONTENT_REACTION, .salt = SALT, .has_reply = true,
                  .in_reply_to = {R32(0x11)}, .body = TEXT("\xe2\x9d\xa4")},
     "87 50 5a*16 f6 40 f6 5820 11*32 a0"
     " 85 02 60 01 7818 746578742f706c61696e3b636861727365743d7574662d38 43 e29da4"},
    {"unsending", {.kind = CONTENT_UNSEND, .salt = SALT, .has_replaces = true,
                   .replaces = {R32(0x22)}},
     "87 50 5a*16 5820 22*32 40 f6 f6 a0 83 01 60 00"},
    {"report", {.kind = CONTENT_REPORT, .salt = SALT, .body = TEXT("r")},
     "87 50 5a*16 f6 40 f6 f6 a0"
     " 85 00 60 01 781f 6170706c69636174696f6e2f6d696d692d6d6573736167652d737461747573 41 72"},
    {"text that says a head",
     {.kind = CONTENT_TEXT, .salt = SALT, .body = TEXT("Hi"),
      .head = {.size = 0x102030405060708, .root = {R32(0x33)}, .signature = {R32(0x44), R32(0x44)}}},
     "87 50 5a*16 f6 40 f6 f6 a1 69 6b6974682d68656164 5868 0102030405060708 33*32 44*64"
     " 85 01 60 01 7818 746578742f706c61696e3b636861727365743d7574662d38 42 4869"},
    {"control", {.kind = CONTENT_CONTROL, .salt = SALT, .body = TEXT("c")},
     "87 50 5a*16 f6 40 f6 f6 a0"
     " 85 00 60 01 781c 6170706c69636174696f6e2f766e642e6b6974682e636f6e74726f6c 41 63"},
};
/* clang-format on */

static void
every_kind_of_message_is_the_bytes_of_the_draft(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(sent); i++) {
        KITH_AUTO(kith_buf) expected = wire(sent[i].bytes);
        KITH_AUTO(kith_buf) made = {0};
        print_message("# %s\n", sent[i].name);
        assert_ok(content_message_encode(&made, &sent[i].message));
        assert_true(kith_bytes_equal(kith_bytes_of_buf(&made), kith_bytes_of_buf(&expected)));
    }
}

static void
every_kind_of_message_survives_the_round_trip_and_nothing_else_does(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(sent); i++) {
        KITH_AUTO(kith_buf) bytes = wire(sent[i].bytes);
        assert_codec(sent[i].name, kith_bytes_of_buf(&bytes), again);
    }
}

static void
what_was_said_is_what_is_read(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(sent); i++) {
        KITH_AUTO(kith_buf) bytes = wire(sent[i].bytes);
        const content_message *in = &sent[i].message;
        content_message out;
        assert_ok(content_message_decode(kith_bytes_of_buf(&bytes), &out));
        assert_int_equal(out.kind, in->kind);
        assert_memory_equal(out.salt, in->salt, sizeof in->salt);
        assert_int_equal(out.has_replaces, in->has_replaces);
        assert_memory_equal(out.replaces, in->replaces, sizeof in->replaces);
        assert_int_equal(out.has_reply, in->has_reply);
        assert_memory_equal(out.in_reply_to, in->in_reply_to, sizeof in->in_reply_to);
        assert_true(kith_bytes_equal(out.topic, in->topic));
        assert_int_equal(out.expiry, in->expiry);
        assert_int_equal(out.expires, in->expires);
        assert_true(kith_bytes_equal(out.language, in->language));
        assert_true(out.head.size == in->head.size);
        assert_memory_equal(out.head.root, in->head.root, sizeof in->head.root);
        assert_memory_equal(out.head.signature, in->head.signature, sizeof in->head.signature);
        assert_int_equal(out.markdown, in->markdown);
        assert_true(kith_bytes_equal(out.body, in->body));
    }
}

static kith_err
encode(content_message message)
{
    KITH_AUTO(kith_buf) out = {0};
    const kith_err err = content_message_encode(&out, &message);

    assert_int_equal(out.len > 0, err == KITH_OK);
    return err;
}

static void
a_message_that_makes_no_sense_is_not_written(void **state)
{
    const kith_bytes hi = TEXT("Hi");
    (void)state;

    assert_err(encode((content_message){.body = hi}), KITH_ERR_INVALID);
    assert_err(encode((content_message){.kind = CONTENT_OTHER, .body = hi}), KITH_ERR_INVALID);
    assert_err(encode((content_message){.kind = CONTENT_TEXT}), KITH_ERR_INVALID);
    assert_err(encode((content_message){.kind = CONTENT_REACTION, .body = hi}), KITH_ERR_INVALID);
    assert_err(encode((content_message){.kind = CONTENT_UNSEND}), KITH_ERR_INVALID);
    assert_err(encode((content_message){.kind = CONTENT_UNSEND, .has_replaces = true, .body = hi}),
               KITH_ERR_INVALID);
    assert_err(encode((content_message){.kind = CONTENT_REPORT, .has_reply = true, .body = hi}),
               KITH_ERR_INVALID);
    assert_err(encode((content_message){.kind = CONTENT_CONTROL, .has_replaces = true, .body = hi}),
               KITH_ERR_INVALID);
    assert_err(encode((content_message){
                   .kind = CONTENT_REACTION, .has_reply = true, .markdown = true, .body = hi}),
               KITH_ERR_INVALID);
    assert_err(encode((content_message){.kind = CONTENT_TEXT, .expiry = 3, .body = hi}),
               KITH_ERR_INVALID);
    assert_err(encode((content_message){.kind = CONTENT_TEXT, .body = TEXT("\xff")}),
               KITH_ERR_MALFORMED);
    assert_err(encode((content_message){.kind = CONTENT_TEXT, .body = TEXT("a\0b")}),
               KITH_ERR_MALFORMED);
    assert_err(
        encode((content_message){.kind = CONTENT_TEXT, .language = TEXT("\xff"), .body = hi}),
        KITH_ERR_MALFORMED);
}

/* ---- Limits ---- */

static void
writing_stops_at_every_limit(void **state)
{
    KITH_AUTO(kith_buf) large = wire("61*262144");
    const kith_bytes hi = TEXT("Hi");
    (void)state;

#define FIRST(len) kith_bytes_of(large.data, len)
    assert_ok(encode((content_message){.kind = CONTENT_TEXT, .body = FIRST(CONTENT_TEXT_MAX)}));
    assert_err(encode((content_message){.kind = CONTENT_TEXT, .body = FIRST(CONTENT_TEXT_MAX + 1)}),
               KITH_ERR_LIMIT);
    assert_ok(encode((content_message){
        .kind = CONTENT_REACTION, .has_reply = true, .body = FIRST(CONTENT_REACTION_MAX)}));
    assert_err(encode((content_message){.kind = CONTENT_REACTION,
                                        .has_reply = true,
                                        .body = FIRST(CONTENT_REACTION_MAX + 1)}),
               KITH_ERR_LIMIT);
    assert_ok(encode(
        (content_message){.kind = CONTENT_TEXT, .topic = FIRST(CONTENT_TOPIC_MAX), .body = hi}));
    assert_err(encode((content_message){
                   .kind = CONTENT_TEXT, .topic = FIRST(CONTENT_TOPIC_MAX + 1), .body = hi}),
               KITH_ERR_LIMIT);
    assert_ok(encode((content_message){
        .kind = CONTENT_TEXT, .language = FIRST(CONTENT_LANGUAGE_MAX), .body = hi}));
    assert_err(encode((content_message){
                   .kind = CONTENT_TEXT, .language = FIRST(CONTENT_LANGUAGE_MAX + 1), .body = hi}),
               KITH_ERR_LIMIT);
#undef FIRST
}

static void
the_largest_message_is_written_and_read_and_one_byte_more_is_neither(void **state)
{
    KITH_AUTO(kith_buf) large = wire("61*262144");
    KITH_AUTO(kith_buf) out = {0};
    content_message message = {.kind = CONTENT_CONTROL, .body = TEXT("c")};
    content_message read;
    (void)state;
    assert_ok(content_message_encode(&out, &message));
    /* A body of one byte has a head of one, a large one of five. */
    const size_t around = out.len - 2 + 5;
    kith_buf_clear(&out);

    message.body = kith_bytes_of(large.data, CONTENT_MAX - around);
    assert_ok(content_message_encode(&out, &message));
    assert_int_equal(out.len, CONTENT_MAX);
    assert_ok(content_message_decode(kith_bytes_of_buf(&out), &read));
    message.body.len++;
    assert_err(encode(message), KITH_ERR_LIMIT);
    assert_ok(kith_buf_append(&out, kith_bytes_of_text("x")));
    assert_err(content_message_decode(kith_bytes_of_buf(&out), &read), KITH_ERR_LIMIT);
}

#define HEAD "87 50 5a*16 f6 40 f6 f6 a0 "
#define PLAIN "7818 746578742f706c61696e3b636861727365743d7574662d38 "
#define MIDDLE " f6 40 f6 f6 a0 85 01 60 01 " PLAIN "42 4869"
#define HEAD_NAME "69 6b6974682d68656164 "
#define BODY " 85 01 60 01 " PLAIN "42 4869"

/* What reading says of messages that no Kith would write. */
static const struct {
    const char *bytes;
    kith_err expected;
} edges[] = {
    {"87 50 5a*16" MIDDLE, KITH_OK},
    {"86 50 5a*16 f6 40 f6 f6 a0", KITH_ERR_MALFORMED},
    {"88 50 5a*16" MIDDLE " 00", KITH_ERR_MALFORMED},
    {"87 4f 5a*15" MIDDLE, KITH_ERR_MALFORMED},
    {"87 51 5a*17" MIDDLE, KITH_ERR_MALFORMED},
    {"87 70 61*16" MIDDLE, KITH_ERR_MALFORMED},
    /* replaces, inReplyTo */
    {"87 50 5a*16 581f 11*31 40 f6 f6 a0" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 5821 11*33 40 f6 f6 a0" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 00 40 f6 f6 a0" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 581f 11*31 a0" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 7820 61*32 a0" BODY, KITH_ERR_MALFORMED},
    /* topicId */
    {"87 50 5a*16 f6 f6 f6 f6 a0" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 58ff 61*255 f6 f6 a0" BODY, KITH_OK},
    {"87 50 5a*16 f6 590100 61*256 f6 f6 a0" BODY, KITH_ERR_LIMIT},
    /* expires */
    {"87 50 5a*16 f6 40 82 f5 1affffffff f6 a0" BODY, KITH_OK},
    {"87 50 5a*16 f6 40 82 f5 1b0000000100000000 f6 a0" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 82 01 01 f6 a0" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 81 f5 f6 a0" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 83 f5 183c f6 a0" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 a1 f5 183c f6 a0" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 01 f6 a0" BODY, KITH_ERR_MALFORMED},
    /* extensions: any value, names in order, none twice, not too deep, not too many */
    {"87 50 5a*16 f6 40 f6 f6 a2 01 61 61 02 f6" BODY, KITH_OK},
    {"87 50 5a*16 f6 40 f6 f6 a4 01 f6 20 f6 61 61 f6 61 62 f6" BODY, KITH_OK},
    {"87 50 5a*16 f6 40 f6 f6 a2 02 f6 01 f6" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 f6 a2 01 f6 01 f6" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 f6 a2 6161 f6 20 f6" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 f6 a1 41 61 f6" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 f6 a1 60 f6" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 f6 a1 78ff 61*255 f6" BODY, KITH_OK},
    {"87 50 5a*16 f6 40 f6 f6 a1 790100 61*256 f6" BODY, KITH_ERR_LIMIT},
    {"87 50 5a*16 f6 40 f6 f6 a1 01 81 81 c1 00" BODY, KITH_OK},
    {"87 50 5a*16 f6 40 f6 f6 a1 01 81 81 81 81 00" BODY, KITH_ERR_LIMIT},
    {"87 50 5a*16 f6 40 f6 f6 b841 00 00" BODY, KITH_ERR_LIMIT},
    {"87 50 5a*16 f6 40 f6 f6 80" BODY, KITH_ERR_MALFORMED},
    /* a head of the log: one form, a size above 0; another name is none of its business */
    {"87 50 5a*16 f6 40 f6 f6 a1 " HEAD_NAME "5868 00*7 01 33*32 44*64" BODY, KITH_OK},
    {"87 50 5a*16 f6 40 f6 f6 a1 " HEAD_NAME "5868 00*8 33*32 44*64" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 f6 a1 " HEAD_NAME "5867 00*7 01 33*32 44*63" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 f6 a1 " HEAD_NAME "5869 00*7 01 33*32 44*65" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 f6 a1 " HEAD_NAME "7868 61*104" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 f6 a1 " HEAD_NAME "f6" BODY, KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 f6 a2 " HEAD_NAME "5868 00*7 01 33*32 44*64 " HEAD_NAME
     "5868 00*7 01 33*32 44*64" BODY,
     KITH_ERR_MALFORMED},
    {"87 50 5a*16 f6 40 f6 f6 a1 69 6b6974682d68656163 f6" BODY, KITH_OK},
    /* the body */
    {HEAD "83 01 60 01", KITH_ERR_MALFORMED},
    {HEAD "84 01 60 01 " PLAIN "42 4869", KITH_ERR_MALFORMED},
    {HEAD "86 01 60 01 " PLAIN "42 4869", KITH_ERR_MALFORMED},
    {HEAD "85 01 60 00 " PLAIN "42 4869", KITH_ERR_MALFORMED},
    {HEAD "85 01 60 04 " PLAIN "42 4869", KITH_ERR_MALFORMED},
    {HEAD "85 190100 60 01 " PLAIN "42 4869", KITH_ERR_MALFORMED},
    {HEAD "85 01 40 01 " PLAIN "42 4869", KITH_ERR_MALFORMED},
    {HEAD "85 01 60 01 " PLAIN "62 4869", KITH_ERR_MALFORMED},
    {HEAD "85 01 60 01 " PLAIN "42 48ff", KITH_ERR_MALFORMED},
    {HEAD "85 01 60 01 " PLAIN "40", KITH_ERR_MALFORMED},
    {HEAD "85 01 78ff 61*255 01 " PLAIN "42 4869", KITH_OK},
    {HEAD "85 01 790100 61*256 01 " PLAIN "42 4869", KITH_ERR_LIMIT},
    {HEAD "85 01 60 01 78ff 61*255 42 4869", KITH_OK},
    {HEAD "85 01 60 01 790100 61*256 42 4869", KITH_ERR_LIMIT},
    {HEAD "85 01 60 01 " PLAIN "5a00010000 61*65536", KITH_OK},
    {HEAD "85 01 60 01 " PLAIN "5a00010001 61*65537", KITH_ERR_LIMIT},
    {"87 50 5a*16 f6 40 f6 5820 11*32 a0 85 02 60 01 " PLAIN "5880 61*128", KITH_OK},
    {"87 50 5a*16 f6 40 f6 5820 11*32 a0 85 02 60 01 " PLAIN "5881 61*129", KITH_ERR_LIMIT},
};

static void
reading_holds_every_field_to_its_form_and_limit(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(edges); i++) {
        content_message message;
        print_message("# %.90s\n", edges[i].bytes);
        assert_err(decode(edges[i].bytes, &message), edges[i].expected);
    }
}

static void
a_head_is_read_from_among_other_extensions(void **state)
{
    content_message message;
    (void)state;

    assert_ok(decode("87 50 5a*16 f6 40 f6 f6 a3 01 f6 " HEAD_NAME
                     "5868 00*7 09 33*32 44*64 6a 61*10 f6" BODY,
                     &message));

    assert_true(message.head.size == 9);
    assert_int_equal(message.head.root[31], 0x33);
    assert_int_equal(message.head.signature[63], 0x44);
}

static void
a_message_without_a_head_says_none(void **state)
{
    content_message message = {.head = {.size = 1}};
    (void)state;

    assert_ok(decode("87 50 5a*16 f6 40 f6 f6 a1 01 f6" BODY, &message));

    assert_true(message.head.size == 0);
}

static void
sixty_four_extensions_are_skipped(void **state)
{
    KITH_AUTO(kith_buf) bytes = wire("87 50 5a*16 f6 40 f6 f6 b840");
    KITH_AUTO(kith_buf) body = wire(BODY);
    content_message message;
    (void)state;
    for (unsigned i = 0; i < CONTENT_EXTENSIONS_MAX; i++) {
        const uint8_t pair[] = {0x18, (uint8_t)i, 0xf6};
        const bool is_small = i < 24;
        const uint8_t small[] = {(uint8_t)i, 0xf6};
        assert_ok(kith_buf_append(&bytes, is_small ? KITH_BYTES(small) : KITH_BYTES(pair)));
    }
    assert_ok(kith_buf_append(&bytes, kith_bytes_of_buf(&body)));

    assert_ok(content_message_decode(kith_bytes_of_buf(&bytes), &message));
}

/* ---- What others send ---- */

/* Markdown "m" and plain text "p", an unknown type, an external part, a NullPart. */
#define PART_M "85 01 60 01 6d 746578742f6d61726b646f776e 41 6d "
#define PART_P "85 01 60 01 6a 746578742f706c61696e 41 70 "
#define PART_X "85 01 60 01 63 612f62 41 78 "
#define PART_E "8f 06 60 02 60 60 00 00 00 40 40 40 00 40 60 60 "
#define PART_0 "83 00 60 00 "
#define MULTI(semantics, count) "85 01 60 03 " semantics " " count " "

static const struct {
    const char *bytes;
    content_kind kind;
    const char *body;
} shown[] = {
    {HEAD PART_M, CONTENT_TEXT, "m"},
    {HEAD PART_P, CONTENT_TEXT, "p"},
    {HEAD PART_X, CONTENT_OTHER, ""},
    {HEAD PART_E, CONTENT_OTHER, ""},
    {HEAD PART_0, CONTENT_OTHER, ""}, /* unsends nothing */
    {HEAD MULTI("00", "82") PART_X PART_P, CONTENT_TEXT, "p"},
    {HEAD MULTI("00", "82") PART_M PART_P, CONTENT_TEXT, "m"},
    {HEAD MULTI("02", "83") PART_E PART_P PART_M, CONTENT_TEXT, "p"},
    {HEAD MULTI("01", "82") PART_P PART_M, CONTENT_OTHER, ""},
    {HEAD MULTI("00", "82") MULTI("01", "82") PART_P PART_P PART_M, CONTENT_TEXT, "m"},
    {HEAD MULTI("01", "82") MULTI("00", "82") PART_P PART_P PART_M, CONTENT_OTHER, ""},
    {HEAD MULTI("00", "82") PART_0 PART_X, CONTENT_OTHER, ""},
    /* a reaction to nothing, a reaction that is no text, a text that is an attachment */
    {HEAD "85 02 60 01 6a 746578742f706c61696e 41 70", CONTENT_OTHER, "p"},
    {HEAD "85 02 60 01 63 612f62 41 70", CONTENT_OTHER, ""},
    {HEAD "85 06 60 01 6a 746578742f706c61696e 41 70", CONTENT_OTHER, ""},
    /* text/plain in another character set, text/markdownish */
    {HEAD "85 01 60 01 77 746578742f706c61696e3b636861727365743d6b6f6938 41 70", CONTENT_OTHER, ""},
    {HEAD "85 01 60 01 70 746578742f6d61726b646f776e697368 41 70", CONTENT_OTHER, ""},
    /* shown although the sender does not say how */
    {HEAD "85 00 60 01 6a 746578742f706c61696e 41 70", CONTENT_TEXT, "p"},
    {HEAD "85 04 60 01 6a 746578742f706c61696e 41 70", CONTENT_TEXT, "p"},
};

static void
of_several_parts_the_first_that_is_understood_is_taken(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(shown); i++) {
        KITH_AUTO(kith_buf) bytes = wire(shown[i].bytes);
        content_message message;
        print_message("# %s\n", shown[i].bytes);
        assert_ok(content_message_decode(kith_bytes_of_buf(&bytes), &message));
        assert_int_equal(message.kind, shown[i].kind);
        assert_text(message.body, shown[i].body);
    }
}

static void
parts_may_be_four_deep_and_no_deeper(void **state)
{
    content_message message;
    (void)state;

    assert_ok(decode(HEAD MULTI("00", "82") MULTI("00", "82") MULTI("00", "82")
                         PART_P PART_P PART_P PART_P,
                     &message));
    assert_err(decode(HEAD MULTI("00", "82") MULTI("00", "82") MULTI("00", "82") MULTI("00", "82")
                          PART_P PART_P PART_P PART_P PART_P,
                      &message),
               KITH_ERR_LIMIT);
    assert_err(decode(HEAD MULTI("00", "81") PART_P, &message), KITH_ERR_MALFORMED);
    assert_err(decode(HEAD MULTI("03", "82") PART_P PART_P, &message), KITH_ERR_MALFORMED);
    assert_err(decode(HEAD MULTI("00", "82") PART_P, &message), KITH_ERR_MALFORMED);
}

/* Parts with one around them. */
static kith_err
decode_parts(size_t count)
{
    KITH_AUTO(kith_buf) bytes = wire(HEAD "85 01 60 03 00 98");
    KITH_AUTO(kith_buf) part = wire(PART_P);
    const uint8_t said = (uint8_t)count;
    content_message message;

    assert_ok(kith_buf_append(&bytes, kith_bytes_of(&said, 1)));
    for (size_t i = 0; i < count; i++) {
        assert_ok(kith_buf_append(&bytes, kith_bytes_of_buf(&part)));
    }
    return content_message_decode(kith_bytes_of_buf(&bytes), &message);
}

static void
a_message_has_at_most_sixty_four_parts(void **state)
{
    content_message message;
    (void)state;

    assert_ok(decode_parts(CONTENT_PARTS_MAX - 1));
    assert_err(decode_parts(CONTENT_PARTS_MAX), KITH_ERR_LIMIT);
    assert_err(decode_parts(CONTENT_PARTS_MAX + 1), KITH_ERR_LIMIT);
    assert_err(decode(HEAD "85 01 60 03 00 9b ffffffffffffffff", &message), KITH_ERR_LIMIT);
}

static void
an_external_part_must_have_its_form(void **state)
{
    content_message message;
    (void)state;

    assert_err(decode(HEAD "8e 06 60 02 60 60 00 00 00 40 40 40 00 40 60", &message),
               KITH_ERR_MALFORMED);
    assert_err(decode(HEAD "8f 06 60 02 60 60 60 00 00 40 40 40 00 40 60 60", &message),
               KITH_ERR_MALFORMED);
    assert_err(
        decode(HEAD "8f 06 60 02 60 60 1b0000000100000000 00 00 40 40 40 00 40 60 60", &message),
        KITH_ERR_MALFORMED);
    assert_err(decode(HEAD "8f 06 60 02 60 60 00 00 00 40 40 40 190100 40 60 60", &message),
               KITH_ERR_MALFORMED);
}

/* ---- The examples of the draft ---- */

static const struct {
    const char *name;
    content_kind kind;
    bool has_replaces;
    bool has_reply;
    content_expiry expiry;
} read_as[] = {
    {"original", CONTENT_TEXT, false, false, CONTENT_EXPIRY_NONE},
    {"reply", CONTENT_TEXT, false, true, CONTENT_EXPIRY_NONE},
    {"reaction", CONTENT_REACTION, false, true, CONTENT_EXPIRY_NONE},
    {"mention", CONTENT_TEXT, false, true, CONTENT_EXPIRY_NONE},
    {"edit", CONTENT_TEXT, true, true, CONTENT_EXPIRY_NONE},
    {"delete", CONTENT_UNSEND, true, true, CONTENT_EXPIRY_NONE},
    {"unlike", CONTENT_UNSEND, true, true, CONTENT_EXPIRY_NONE},
    {"expiring", CONTENT_TEXT, false, false, CONTENT_EXPIRY_AT},
    {"attachment", CONTENT_OTHER, false, false, CONTENT_EXPIRY_NONE},
    {"conferencing", CONTENT_OTHER, false, false, CONTENT_EXPIRY_NONE},
    {"multipart-1", CONTENT_TEXT, false, false, CONTENT_EXPIRY_NONE},
    {"multipart-2", CONTENT_OTHER, false, false, CONTENT_EXPIRY_NONE}, /* reactions to nothing */
    {"multipart-3", CONTENT_OTHER, false, false, CONTENT_EXPIRY_NONE}, /* HTML only */
};

static void
every_example_of_the_draft_is_read(void **state)
{
    (void)state;
    assert_int_equal(CHECK_COUNT(read_as), CHECK_COUNT(examples));

    for (size_t i = 0; i < CHECK_COUNT(examples); i++) {
        KITH_AUTO(kith_buf) bytes = of_hex(examples[i].bytes);
        content_message message;
        print_message("# %s\n", examples[i].name);
        assert_string_equal(examples[i].name, read_as[i].name);
        assert_ok(content_message_decode(kith_bytes_of_buf(&bytes), &message));
        assert_int_equal(message.kind, read_as[i].kind);
        assert_int_equal(message.has_replaces, read_as[i].has_replaces);
        assert_int_equal(message.has_reply, read_as[i].has_reply);
        assert_int_equal(message.expiry, read_as[i].expiry);
    }
}

static void
the_text_of_an_example_is_its_text(void **state)
{
    KITH_AUTO(kith_buf) bytes = of_hex(examples[0].bytes);
    content_message message;
    (void)state;

    assert_ok(content_message_decode(kith_bytes_of_buf(&bytes), &message));

    assert_true(message.markdown);
    assert_text(message.body, "Hi everyone, we just shipped release 2.0. __Good  work__!");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_message_is_the_bytes_of_the_draft),
        cmocka_unit_test(every_kind_of_message_survives_the_round_trip_and_nothing_else_does),
        cmocka_unit_test(what_was_said_is_what_is_read),
        cmocka_unit_test(a_message_that_makes_no_sense_is_not_written),
        cmocka_unit_test(writing_stops_at_every_limit),
        cmocka_unit_test(the_largest_message_is_written_and_read_and_one_byte_more_is_neither),
        cmocka_unit_test(reading_holds_every_field_to_its_form_and_limit),
        cmocka_unit_test(a_head_is_read_from_among_other_extensions),
        cmocka_unit_test(a_message_without_a_head_says_none),
        cmocka_unit_test(sixty_four_extensions_are_skipped),
        cmocka_unit_test(of_several_parts_the_first_that_is_understood_is_taken),
        cmocka_unit_test(parts_may_be_four_deep_and_no_deeper),
        cmocka_unit_test(a_message_has_at_most_sixty_four_parts),
        cmocka_unit_test(an_external_part_must_have_its_form),
        cmocka_unit_test(every_example_of_the_draft_is_read),
        cmocka_unit_test(the_text_of_an_example_is_its_text),
    };

    return cmocka_run_group_tests_name("content: messages", tests, NULL, NULL);
}
