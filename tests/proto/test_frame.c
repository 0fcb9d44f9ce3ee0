/* SPDX-License-Identifier: MPL-2.0 */
/* Frames: complete, incomplete, too short, too long; written at once and in place. */
#include <string.h>

#include "fakes/fake_rng.h"
#include "proto/proto.h"
#include "proto/wire.h"

static void
a_frame_is_length_type_request_and_body(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    (void)state;

    assert_ok(proto_frame_encode(&out, PROTO_KP_PUT, 0x01020304, kith_bytes_of_text("abc")));

    assert_hex(kith_bytes_of_buf(&out), "000000081301020304616263");
}

static void
a_written_frame_is_taken_again(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    proto_frame frame;
    size_t used = 0;
    (void)state;

    assert_ok(proto_frame_encode(&out, PROTO_RDV_SEND, 7, kith_bytes_of_text("body")));
    assert_ok(proto_frame_encode(&out, PROTO_PING, 8, (kith_bytes){0}));

    assert_ok(proto_frame_take(kith_bytes_of_buf(&out), PROTO_FRAME_MAX, &frame, &used));
    assert_int_equal(used, 13);
    assert_int_equal(frame.type, PROTO_RDV_SEND);
    assert_int_equal(frame.request, 7);
    assert_text(frame.body, "body");
    kith_buf_drop_front(&out, used);
    assert_ok(proto_frame_take(kith_bytes_of_buf(&out), PROTO_FRAME_MAX, &frame, &used));
    assert_int_equal(used, 9);
    assert_int_equal(frame.request, 8);
    assert_int_equal(frame.body.len, 0);
}

static void
every_incomplete_frame_waits_for_more(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    (void)state;

    assert_ok(proto_frame_encode(&out, PROTO_LOGIN, 9, kith_bytes_of_text("0123456789")));

    for (size_t len = 0; len < out.len; len++) {
        proto_frame frame = {.type = 0x55};
        size_t used = 99;
        assert_ok(proto_frame_take(kith_bytes_of(out.data, len), PROTO_FRAME_MAX, &frame, &used));
        assert_int_equal(used, 0);
        assert_int_equal(frame.type, 0x55);
    }
}

static void
a_length_without_room_for_type_and_request_is_malformed(void **state)
{
    proto_frame frame;
    size_t used = 99;
    (void)state;

    assert_err(proto_frame_take(KITH_BYTES(((const uint8_t[]){0, 0, 0, 4, 1, 0, 0, 0})),
                                PROTO_FRAME_MAX, &frame, &used),
               KITH_ERR_MALFORMED);
    assert_int_equal(used, 99);
}

static void
a_length_beyond_the_limit_is_refused_before_its_bytes_arrive(void **state)
{
    static const uint8_t at[] = {0, 0, 1, 0};
    static const uint8_t beyond[] = {0, 0, 1, 1};
    proto_frame frame;
    size_t used = 99;
    (void)state;

    assert_ok(proto_frame_take(KITH_BYTES(at), PROTO_FRAME_HELLO_MAX, &frame, &used));
    assert_int_equal(used, 0);
    assert_err(proto_frame_take(KITH_BYTES(beyond), PROTO_FRAME_HELLO_MAX, &frame, &used),
               KITH_ERR_LIMIT);
    assert_ok(proto_frame_take(KITH_BYTES(beyond), PROTO_FRAME_MAX, &frame, &used));
}

static void
the_largest_frame_is_written_and_one_byte_more_is_not(void **state)
{
    KITH_AUTO(kith_buf) body = {0};
    KITH_AUTO(kith_buf) out = {0};
    uint8_t *room = NULL;
    proto_frame frame;
    size_t used = 0;
    (void)state;
    assert_ok(kith_buf_append(&out, kith_bytes_of_text("before")));
    assert_ok(kith_buf_extend(&body, PROTO_FRAME_MAX - PROTO_FRAME_MIN + 1, &room));

    assert_err(proto_frame_encode(&out, 1, 1, kith_bytes_of_buf(&body)), KITH_ERR_LIMIT);
    assert_text(kith_bytes_of_buf(&out), "before");

    kith_buf_clear(&out);
    assert_ok(proto_frame_encode(&out, 1, 1, kith_bytes_of(body.data, body.len - 1)));
    assert_ok(proto_frame_take(kith_bytes_of_buf(&out), PROTO_FRAME_MAX, &frame, &used));
    assert_int_equal(used, PROTO_FRAME_MAX + 4);
}

static void
a_body_is_written_in_place(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    const proto_rdv_join join = {.number = 5};
    size_t mark = 0;
    (void)state;

    assert_ok(kith_buf_append(&out, kith_bytes_of_text("x")));
    assert_ok(proto_frame_open(&out, PROTO_RDV_JOIN, 2, &mark));
    assert_ok(proto_frame_close(&out, mark, proto_rdv_join_encode(&out, &join)));

    assert_hex(kith_bytes_of_buf(&out), "7800000009410000000200000005");
}

static void
a_body_that_fails_takes_its_frame_with_it(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    const proto_list_put empty = {{0}};
    size_t mark = 0;
    (void)state;

    assert_ok(kith_buf_append(&out, kith_bytes_of_text("x")));
    assert_ok(proto_frame_open(&out, PROTO_LIST_PUT, 2, &mark));
    assert_err(proto_frame_close(&out, mark, proto_list_put_encode(&out, &empty)), KITH_ERR_LIMIT);

    assert_text(kith_bytes_of_buf(&out), "x");
}

static void
without_memory_nothing_is_written(void **state)
{
    fake_alloc fake;
    (void)state;
    fake_alloc_init(&fake);
    KITH_AUTO(kith_buf) out = {.alloc = &fake.port};
    fake.fail_after = 0;

    assert_err(proto_frame_encode(&out, 1, 1, kith_bytes_of_text("abc")), KITH_ERR_NO_MEMORY);

    assert_int_equal(out.len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_length_type_request_and_body),
        cmocka_unit_test(a_written_frame_is_taken_again),
        cmocka_unit_test(every_incomplete_frame_waits_for_more),
        cmocka_unit_test(a_length_without_room_for_type_and_request_is_malformed),
        cmocka_unit_test(a_length_beyond_the_limit_is_refused_before_its_bytes_arrive),
        cmocka_unit_test(the_largest_frame_is_written_and_one_byte_more_is_not),
        cmocka_unit_test(a_body_is_written_in_place),
        cmocka_unit_test(a_body_that_fails_takes_its_frame_with_it),
        cmocka_unit_test(without_memory_nothing_is_written),
    };

    return cmocka_run_group_tests_name("proto: frames", tests, NULL, NULL);
}
