/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every body on the wire: encodes to the bytes that docs/wire.md says, decodes to the same again, is refused when
 * it ends early or goes on, and is held to its limits.
 */
#include <stdio.h>
#include <string.h>

#include "proto/proto.h"
#include "proto/wire.h"

#define TEXT(text) {(const uint8_t *)(text), sizeof(text) - 1}
#define BLOB(...) {(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})}

/* One example of each body, and its bytes. */
#define CASE(name, notation, ...)                                                                  \
    static const char wire_##name[] = notation;                                                    \
    static kith_err make_##name(kith_buf *out)                                                     \
    {                                                                                              \
        const proto_##name body = {__VA_ARGS__};                                                   \
        return proto_##name##_encode(out, &body);                                                  \
    }                                                                                              \
    static kith_err read_##name(kith_bytes in)                                                     \
    {                                                                                              \
        proto_##name body;                                                                         \
        return proto_##name##_decode(in, &body);                                                   \
    }                                                                                              \
    static kith_err again_##name(kith_bytes in, kith_buf *out)                                     \
    {                                                                                              \
        proto_##name body;                                                                         \
        KITH_TRY(proto_##name##_decode(in, &body));                                                \
        return proto_##name##_encode(out, &body);                                                  \
    }

/* clang-format off */
CASE(hello, "0001 0203", .version_min = 1, .version_max = 0x0203)
CASE(hello_answer, "0001 0102030405060708 00101000",
     .version = 1, .server_time_ms = 0x0102030405060708, .frame_max = 0x00101000)
CASE(login, "11*32 22*16 0003 616263",
     .account_id = {R32(0x11)}, .device_id = {R16(0x22)}, .signature = TEXT("abc"))
CASE(account_create, "11*32 0003 616263", .ticket = {R32(0x11)}, .list = TEXT("abc"))
CASE(list_put, "0003 616263", .list = TEXT("abc"))
CASE(kp_put, "0001 61 00000004 0002 6263",
     .last_resort = TEXT("a"), .one_time = BLOB(0, 2, 0x62, 0x63))
CASE(kp_put_answer, "0102", .one_time_count = 0x0102)
CASE(kp_count_answer, "0102 01", .one_time_count = 0x0102, .has_last_resort = true)
CASE(kp_take, "11*32 0010 22*16", .account_id = {R32(0x11)}, .device_ids = BLOB(R16(0x22)))
CASE(kp_take_answer, "00000013 33*16 0001 61", .packages = BLOB(R16(0x33), 0, 1, 0x61))
CASE(invite_put, "44*32 0000000000000006", .ticket_hash = {R32(0x44)}, .expires_ms = 6)
CASE(conv_open, "11*32 22*32 0003", .conv_id = {R32(0x11)}, .token_hash = {R32(0x22)}, .readers = 3)
CASE(conv_append, "11*32 22*32 33*16 01 0000000000000004 55*32 0006 00000003 616263",
     .conv_id = {R32(0x11)}, .token = {R32(0x22)}, .append_id = {R16(0x33)},
     .kind = PROTO_ENTRY_COMMIT, .parent = 4, .next_token_hash = {R32(0x55)}, .readers = 6,
     .message = TEXT("abc"))
CASE(conv_append_answer, "0000000000000001 0000000000000002", .seq = 1, .time_ms = 2)
CASE(conv_subscribe, "11*32 22*32 0000000000000003",
     .conv_id = {R32(0x11)}, .token = {R32(0x22)}, .from_seq = 3)
CASE(conv_subscribe_answer, "0000000000000001 0000000000000002 0000000000000003",
     .first_seq = 1, .end_seq = 2, .last_commit_seq = 3)
CASE(conv_ack, "11*32 22*32 33*16 0000000000000004",
     .conv_id = {R32(0x11)}, .token = {R32(0x22)}, .reader_id = {R16(0x33)}, .seq = 4)
CASE(conv_unsubscribe, "11*32", .conv_id = {R32(0x11)})
CASE(inbox_put, "11*32 22*16 33*16 00000003 616263",
     .account_id = {R32(0x11)}, .device_id = {R16(0x22)}, .put_id = {R16(0x33)},
     .body = TEXT("abc"))
CASE(inbox_ack, "0000000000000007", .id = 7)
CASE(rdv_open_answer, "01020304", .number = 0x01020304)
CASE(rdv_join, "01020304", .number = 0x01020304)
CASE(rdv_send, "01020304 0003 616263", .number = 0x01020304, .body = TEXT("abc"))
CASE(rdv_close, "01020304", .number = 0x01020304)
CASE(entry, "11*32 0000000000000001 0000000000000002 02 33*16 00000003 616263",
     .conv_id = {R32(0x11)}, .seq = 1, .time_ms = 2, .kind = PROTO_ENTRY_PROPOSAL,
     .append_id = {R16(0x33)}, .message = TEXT("abc"))
CASE(inbox_item, "0000000000000001 0000000000000002 33*16 00000003 616263",
     .id = 1, .time_ms = 2, .put_id = {R16(0x33)}, .body = TEXT("abc"))
CASE(rdv_message, "01020304 0003 616263", .number = 0x01020304, .body = TEXT("abc"))
CASE(rdv_closed, "01020304", .number = 0x01020304)
CASE(kp_low, "0102", .one_time_count = 0x0102)
CASE(log_config_answer, "0003 616263", .log = TEXT("abc"))
CASE(log_ask, "02 0003 616263", .question = 2, .request = TEXT("abc"))
CASE(log_ask_answer, "00000003 616263", .response = TEXT("abc"))
CASE(log_checkpoint, "0000000000000007", .size = 7)
CASE(log_checkpoint_answer, "0003 616263 0002 6465", .checkpoint = TEXT("abc"), .proof = TEXT("de"))
CASE(find, "11*32 0000000000000005 0003 616263",
     .account_id = {R32(0x11)}, .have_version = 5, .search = TEXT("abc"))
CASE(find_answer, "00000003 0001 61 00000003 626364",
     .lists = BLOB(0, 1, 0x61), .found = TEXT("bcd"))
CASE(log_entries, "0000000000000007 0102", .from = 7, .count = 0x0102)
CASE(log_entries_answer, "0003 616263 0002 6465 00000001 66",
     .checkpoint = TEXT("abc"), .proof = TEXT("de"), .entries = TEXT("f"))
CASE(log_cosign, "0000000000000007 0003 616263", .size = 7, .lines = TEXT("abc"))
CASE(error, "07 00000005 0000000000000009", .code = 7, .retry_after_ms = 5, .detail = 9)
/* clang-format on */

static const struct {
    const char *name;
    const char *wire;
    kith_err (*make)(kith_buf *out);
    wire_again again;
    kith_err (*read)(kith_bytes in);
} bodies[] = {
#define ROW(name) {#name, wire_##name, make_##name, again_##name, read_##name},
    PROTO_BODIES(ROW)
#undef ROW
};

static void
every_body_encodes_to_the_bytes_of_the_wire(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(bodies); i++) {
        KITH_AUTO(kith_buf) expected = wire(bodies[i].wire);
        KITH_AUTO(kith_buf) made = {0};
        print_message("# %s\n", bodies[i].name);
        assert_ok(bodies[i].make(&made));
        assert_true(kith_bytes_equal(kith_bytes_of_buf(&made), kith_bytes_of_buf(&expected)));
    }
}

static void
every_body_survives_the_round_trip_and_nothing_else_does(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(bodies); i++) {
        KITH_AUTO(kith_buf) bytes = wire(bodies[i].wire);
        assert_codec(bodies[i].name, kith_bytes_of_buf(&bytes), bodies[i].again);
        assert_ok(bodies[i].read(kith_bytes_of_buf(&bytes)));
    }
}

/* Bytes that are no body, or one that is too large: what decode says of them. */
static const struct {
    kith_err (*read)(kith_bytes in);
    const char *wire;
    kith_err expected;
} edges[] = {
    {read_hello, "0002 0001", KITH_ERR_MALFORMED},
    {read_hello, "0002 0002", KITH_OK},
    {read_kp_count_answer, "0001 02", KITH_ERR_MALFORMED},
    {read_error, "00 00000000 0000000000000000", KITH_ERR_MALFORMED},
    /* LOGIN's signature */
    {read_login, "11*48 0000", KITH_ERR_MALFORMED},
    {read_login, "11*48 2000 00*8192", KITH_OK},
    {read_login, "11*48 2001 00*8193", KITH_ERR_LIMIT},
    /* a SignedList */
    {read_account_create, "11*32 0000", KITH_ERR_MALFORMED},
    {read_account_create, "11*32 4000 00*16384", KITH_OK},
    {read_account_create, "11*32 4001 00*16385", KITH_ERR_LIMIT},
    {read_list_put, "0000", KITH_ERR_MALFORMED},
    {read_list_put, "4000 00*16384", KITH_OK},
    {read_list_put, "4001 00*16385", KITH_ERR_LIMIT},
    /* KeyPackages */
    {read_kp_put, "0000 00000000", KITH_OK},
    {read_kp_put, "2000 00*8192 00000000", KITH_OK},
    {read_kp_put, "2001 00*8193 00000000", KITH_ERR_LIMIT},
    {read_kp_put, "0000 0000012c 000161*100", KITH_OK},
    {read_kp_put, "0000 0000012f 000161*101", KITH_ERR_LIMIT},
    {read_kp_put, "0000 00002002 2000 00*8192", KITH_OK},
    {read_kp_put, "0000 00002003 2001 00*8193", KITH_ERR_LIMIT},
    {read_kp_take, "11*32 0000", KITH_OK},
    {read_kp_take, "11*32 0200 22*512", KITH_OK},
    {read_kp_take, "11*32 0210 22*528", KITH_ERR_LIMIT},
    {read_kp_take, "11*32 000f 22*15", KITH_ERR_MALFORMED},
    {read_kp_take_answer, "00000000", KITH_OK},
    {read_kp_take_answer, "00000260 33333333333333333333333333333333000161*32", KITH_OK},
    {read_kp_take_answer, "00000273 33333333333333333333333333333333000161*33", KITH_ERR_LIMIT},
    {read_kp_take_answer, "00002012 33*16 2000 00*8192", KITH_OK},
    {read_kp_take_answer, "00002013 33*16 2001 00*8193", KITH_ERR_LIMIT},
    {read_kp_take_answer, "00000012 33*16 0000", KITH_ERR_MALFORMED},
    /* CONV_APPEND */
    {read_conv_append, "11*80 00 00*8 00*32 0000 00000001 61", KITH_OK},
    {read_conv_append, "11*80 02 00*8 00*32 0000 00000001 61", KITH_OK},
    {read_conv_append, "11*80 03 00*8 00*32 0000 00000001 61", KITH_ERR_MALFORMED},
    {read_conv_append, "11*80 00 0000000000000001 00*32 0000 00000001 61", KITH_ERR_MALFORMED},
    {read_conv_append, "11*80 02 00*8 00*31 01 0000 00000001 61", KITH_ERR_MALFORMED},
    {read_conv_append, "11*80 00 00*8 00*32 0001 00000001 61", KITH_ERR_MALFORMED},
    {read_conv_append, "11*80 00 00*8 00*32 0000 00000000", KITH_ERR_MALFORMED},
    {read_conv_append, "11*80 00 00*8 00*32 0000 00100000 61*1048576", KITH_OK},
    {read_conv_append, "11*80 00 00*8 00*32 0000 00100001 61*1048577", KITH_ERR_LIMIT},
    /* what else carries a message */
    {read_inbox_put, "11*64 00000000", KITH_ERR_MALFORMED},
    {read_inbox_put, "11*64 00100000 61*1048576", KITH_OK},
    {read_inbox_put, "11*64 00100001 61*1048577", KITH_ERR_LIMIT},
    {read_inbox_item, "11*32 00000000", KITH_ERR_MALFORMED},
    {read_inbox_item, "11*32 00100000 61*1048576", KITH_OK},
    {read_inbox_item, "11*32 00100001 61*1048577", KITH_ERR_LIMIT},
    {read_entry, "11*48 03 22*16 00000001 61", KITH_ERR_MALFORMED},
    {read_entry, "11*48 00 22*16 00000000", KITH_ERR_MALFORMED},
    {read_entry, "11*48 00 22*16 00100000 61*1048576", KITH_OK},
    {read_entry, "11*48 00 22*16 00100001 61*1048577", KITH_ERR_LIMIT},
    {read_rdv_send, "01020304 0000", KITH_ERR_MALFORMED},
    {read_rdv_send, "01020304 8400 61*33792", KITH_OK},
    {read_rdv_send, "01020304 8401 61*33793", KITH_ERR_LIMIT},
    {read_rdv_message, "01020304 0000", KITH_ERR_MALFORMED},
    {read_rdv_message, "01020304 8400 61*33792", KITH_OK},
    {read_rdv_message, "01020304 8401 61*33793", KITH_ERR_LIMIT},
    /* the log */
    {read_log_config_answer, "0000", KITH_ERR_MALFORMED},
    {read_log_config_answer, "0800 00*2048", KITH_OK},
    {read_log_config_answer, "0801 00*2049", KITH_ERR_LIMIT},
    {read_log_ask, "02 0000", KITH_ERR_MALFORMED},
    {read_log_ask, "ff 1000 00*4096", KITH_OK},
    {read_log_ask, "02 1001 00*4097", KITH_ERR_LIMIT},
    {read_log_ask_answer, "00000000", KITH_OK},
    {read_log_ask_answer, "00060000 00*393216", KITH_OK},
    {read_log_ask_answer, "00060001 00*393217", KITH_ERR_LIMIT},
    {read_log_checkpoint_answer, "0000 0000", KITH_OK},
    {read_log_checkpoint_answer, "4000 00*16384 2000 00*8192", KITH_OK},
    {read_log_checkpoint_answer, "4001 00*16385 0000", KITH_ERR_LIMIT},
    {read_log_checkpoint_answer, "0000 2001 00*8193", KITH_ERR_LIMIT},
    {read_log_entries_answer, "0000 0000 00000000", KITH_ERR_MALFORMED},
    {read_log_entries_answer, "4000 00*16384 2000 00*8192 00028000 00*163840", KITH_OK},
    {read_log_entries_answer, "4001 00*16385 0000 00000000", KITH_ERR_LIMIT},
    {read_log_entries_answer, "0001 00 2001 00*8193 00000000", KITH_ERR_LIMIT},
    {read_log_entries_answer, "0001 00 0000 00028001 00*163841", KITH_ERR_LIMIT},
    {read_log_cosign, "00*8 0000", KITH_ERR_MALFORMED},
    {read_log_cosign, "00*8 4000 00*16384", KITH_OK},
    {read_log_cosign, "00*8 4001 00*16385", KITH_ERR_LIMIT},
    {read_find, "11*32 00*8 0000", KITH_ERR_MALFORMED},
    {read_find, "11*32 00*8 1000 00*4096", KITH_OK},
    {read_find, "11*32 00*8 1001 00*4097", KITH_ERR_LIMIT},
    {read_find_answer, "00000000 00000000", KITH_OK},
    {read_find_answer, "000000c0 000161*64 00000000", KITH_OK},
    {read_find_answer, "000000c3 000161*65 00000000", KITH_ERR_LIMIT},
    {read_find_answer, "00004002 4000 00*16384 00060000 00*393216", KITH_OK},
    {read_find_answer, "00004003 4001 00*16385 00000000", KITH_ERR_LIMIT},
    {read_find_answer, "00000000 00060001 00*393217", KITH_ERR_LIMIT},
    {read_find_answer, "00000002 0000 00000000", KITH_ERR_MALFORMED},
    {read_find_answer, "00000003 0002 61 00000000", KITH_ERR_MALFORMED},
};

/* Lists of the greatest length, one after the other, and the proof that fits a frame beside them. */
static void
thirty_two_of_the_longest_lists_are_found_at_once_and_fit_a_frame(void **state)
{
    KITH_AUTO(kith_buf) lists = {0};
    KITH_AUTO(kith_buf) body = {0};
    KITH_AUTO(kith_buf) frame = {0};
    KITH_AUTO(kith_buf) list = wire("61*16384");
    KITH_AUTO(kith_buf) found = wire("62*393216");
    proto_find_answer answer = {.found = kith_bytes_of_buf(&found)};
    (void)state;

    for (size_t i = 0; i < 32; i++) {
        assert_ok(proto_blob_append(&lists, kith_bytes_of_buf(&list)));
    }
    answer.lists = kith_bytes_of_buf(&lists);
    assert_ok(proto_find_answer_encode(&body, &answer));
    assert_ok(
        proto_frame_encode(&frame, PROTO_LIST_FIND | PROTO_ANSWER, 1, kith_bytes_of_buf(&body)));
    assert_true(frame.len <= PROTO_FRAME_MAX + sizeof(uint32_t));

    assert_ok(proto_blob_append(&lists, kith_bytes_of_text("a")));
    answer.lists = kith_bytes_of_buf(&lists);
    assert_err(proto_find_answer_encode(&body, &answer), KITH_ERR_LIMIT);
}

static void
decoding_holds_every_body_to_its_limits(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(edges); i++) {
        KITH_AUTO(kith_buf) bytes = wire(edges[i].wire);
        print_message("# %.60s\n", edges[i].wire);
        assert_err(edges[i].read(kith_bytes_of_buf(&bytes)), edges[i].expected);
    }
}

static void
encoding_refuses_what_decoding_would_refuse(void **state)
{
    KITH_AUTO(kith_buf) large = wire("61*1048577");
    KITH_AUTO(kith_buf) out = {0};
    const kith_bytes all = kith_bytes_of_buf(&large);
    (void)state;

    assert_err(proto_hello_encode(&out, &(proto_hello){2, 1}), KITH_ERR_MALFORMED);
    assert_err(proto_error_encode(&out, &(proto_error){0}), KITH_ERR_MALFORMED);
    assert_err(proto_list_put_encode(&out, &(proto_list_put){{0}}), KITH_ERR_LIMIT);
    assert_err(proto_list_put_encode(
                   &out, &(proto_list_put){kith_bytes_of(large.data, PROTO_LIST_BYTES_MAX + 1)}),
               KITH_ERR_LIMIT);
    assert_err(proto_inbox_put_encode(&out, &(proto_inbox_put){.body = all}), KITH_ERR_LIMIT);
    assert_err(proto_entry_encode(&out, &(proto_entry){.kind = 3, .message = TEXT("a")}),
               KITH_ERR_MALFORMED);
    assert_err(proto_conv_append_encode(
                   &out, &(proto_conv_append){.kind = 0, .readers = 1, .message = TEXT("a")}),
               KITH_ERR_MALFORMED);
    assert_err(proto_kp_take_encode(&out, &(proto_kp_take){.device_ids = TEXT("abc")}),
               KITH_ERR_MALFORMED);
    assert_err(proto_find_answer_encode(&out, &(proto_find_answer){.lists = BLOB(0, 0)}),
               KITH_ERR_MALFORMED);
    assert_int_equal(out.len, 0);
}

static void
only_nothing_is_an_empty_body(void **state)
{
    (void)state;

    assert_ok(proto_empty_decode((kith_bytes){0}));
    assert_err(proto_empty_decode(kith_bytes_of_text("x")), KITH_ERR_MALFORMED);
}

static void
blobs_and_packages_are_read_as_they_were_appended(void **state)
{
    KITH_AUTO(kith_buf) blobs = {0};
    KITH_AUTO(kith_buf) packages = {0};
    const proto_package in = {{R16(0x77)}, TEXT("package")};
    proto_package package;
    kith_bytes blob;
    (void)state;

    assert_ok(proto_blob_append(&blobs, kith_bytes_of_text("one")));
    assert_ok(proto_blob_append(&blobs, kith_bytes_of_text("three")));
    assert_ok(proto_package_append(&packages, &in));

    kith_reader r = kith_reader_of(kith_bytes_of_buf(&blobs));
    assert_ok(proto_blob_next(&r, &blob));
    assert_text(blob, "one");
    assert_ok(proto_blob_next(&r, &blob));
    assert_text(blob, "three");
    assert_true(kith_reader_done(&r));
    assert_err(proto_blob_next(&r, &blob), KITH_ERR_MALFORMED);
    r = kith_reader_of(kith_bytes_of_buf(&packages));
    assert_ok(proto_package_next(&r, &package));
    assert_memory_equal(package.device_id, in.device_id, sizeof in.device_id);
    assert_text(package.key_package, "package");
    assert_err(proto_package_next(&r, &package), KITH_ERR_MALFORMED);
}

static void
an_element_outside_its_bounds_is_not_appended(void **state)
{
    KITH_AUTO(kith_buf) large = wire("61*65536");
    KITH_AUTO(kith_buf) out = {0};
    proto_package package = {{0}, {0}};
    (void)state;

    assert_err(proto_blob_append(&out, (kith_bytes){0}), KITH_ERR_LIMIT);
    assert_err(proto_blob_append(&out, kith_bytes_of_buf(&large)), KITH_ERR_LIMIT);
    assert_ok(proto_blob_append(&out, kith_bytes_of(large.data, 65535)));
    kith_buf_clear(&out);
    assert_err(proto_package_append(&out, &package), KITH_ERR_LIMIT);
    assert_int_equal(out.len, 0);
    package.key_package = kith_bytes_of(large.data, PROTO_KP_BYTES_MAX + 1);
    assert_err(proto_package_append(&out, &package), KITH_ERR_LIMIT);
    assert_int_equal(out.len, 0);
    package.key_package = kith_bytes_of(large.data, PROTO_KP_BYTES_MAX);
    assert_ok(proto_package_append(&out, &package));
}

static void
types_are_requests_or_pushes_and_have_names(void **state)
{
    size_t requests = 0;
    size_t pushes = 0;
    (void)state;

    for (unsigned type = 0; type <= 0xff; type++) {
        requests += proto_type_is_request((uint8_t)type);
        pushes += proto_type_is_push((uint8_t)type);
    }
    assert_int_equal(requests, 27);
    assert_int_equal(pushes, 5);
    assert_true(proto_type_is_request(PROTO_HELLO));
    assert_false(proto_type_is_request(PROTO_HELLO | PROTO_ANSWER));
    assert_false(proto_type_is_request(PROTO_ENTRY));
    assert_true(proto_type_is_push(PROTO_ENTRY));
    assert_string_equal(proto_type_name(PROTO_CONV_APPEND), "CONV_APPEND");
    assert_string_equal(proto_type_name(PROTO_CONV_APPEND | PROTO_ANSWER), "CONV_APPEND");
    assert_string_equal(proto_type_name(PROTO_INBOX_ITEM), "INBOX_ITEM");
    assert_string_equal(proto_type_name(PROTO_ERROR), "ERROR");
    assert_string_equal(proto_type_name(0x7e), "?");
    assert_string_equal(proto_type_name(PROTO_ENTRY | PROTO_ANSWER), "?");
}

/* The numbers of docs/wire.md §2. */
static const struct {
    kith_err err;
    uint8_t code;
} codes[] = {
    {KITH_ERR_MALFORMED, 1}, {KITH_ERR_REJECTED, 2},    {KITH_ERR_UNSUPPORTED, 3},
    {KITH_ERR_LIMIT, 4},     {KITH_ERR_NOT_FOUND, 5},   {KITH_ERR_EXISTS, 6},
    {KITH_ERR_CONFLICT, 7},  {KITH_ERR_OUT_OF_STEP, 8}, {KITH_ERR_DENIED, 9},
    {KITH_ERR_BUSY, 10},     {KITH_ERR_STORE, 11},
};

static void
errors_keep_their_numbers(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(codes); i++) {
        assert_int_equal(proto_code_of(codes[i].err), codes[i].code);
        assert_err(proto_code_err(codes[i].code), codes[i].err);
    }
}

static void
what_went_wrong_inside_is_busy_outside_and_an_unknown_number_is_unsupported(void **state)
{
    static const kith_err inside[] = {KITH_ERR_OFFLINE, KITH_ERR_NO_MEMORY, KITH_ERR_NO_RANDOM,
                                      KITH_ERR_CRYPTO, KITH_ERR_INVALID};
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(inside); i++) {
        assert_err(proto_code_err(proto_code_of(inside[i])), KITH_ERR_BUSY);
    }
    assert_err(proto_code_err(0), KITH_ERR_UNSUPPORTED);
    assert_err(proto_code_err(12), KITH_ERR_UNSUPPORTED);
    assert_err(proto_code_err(255), KITH_ERR_UNSUPPORTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_body_encodes_to_the_bytes_of_the_wire),
        cmocka_unit_test(every_body_survives_the_round_trip_and_nothing_else_does),
        cmocka_unit_test(decoding_holds_every_body_to_its_limits),
        cmocka_unit_test(thirty_two_of_the_longest_lists_are_found_at_once_and_fit_a_frame),
        cmocka_unit_test(encoding_refuses_what_decoding_would_refuse),
        cmocka_unit_test(only_nothing_is_an_empty_body),
        cmocka_unit_test(blobs_and_packages_are_read_as_they_were_appended),
        cmocka_unit_test(an_element_outside_its_bounds_is_not_appended),
        cmocka_unit_test(types_are_requests_or_pushes_and_have_names),
        cmocka_unit_test(errors_keep_their_numbers),
        cmocka_unit_test(
            what_went_wrong_inside_is_busy_outside_and_an_unknown_number_is_unsupported),
    };

    return cmocka_run_group_tests_name("proto: bodies", tests, NULL, NULL);
}
