/* SPDX-License-Identifier: MPL-2.0 */
/* Padding to buckets. */
#include <string.h>

#include "content/message.h"
#include "proto/wire.h"

static const struct {
    size_t len;
    size_t bucket;
} buckets[] = {
    {0, 256},       {1, 256},       {255, 256},     {256, 512},     {511, 512},
    {512, 1024},    {1023, 1024},   {1024, 2048},   {2047, 2048},   {15359, 15360},
    {16383, 16384}, {16384, 32768}, {32767, 32768}, {32768, 49152}, {262143, 262144},
    {262144, 0},    {SIZE_MAX, 0},
};

static void
the_bucket_is_the_smallest_that_is_larger(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(buckets); i++) {
        assert_int_equal(content_pad_target(buckets[i].len), buckets[i].bucket);
    }
}

static void
what_was_padded_is_lent_again(void **state)
{
    (void)state;

    for (size_t len = 0; len < 1100; len++) {
        KITH_AUTO(kith_buf) buf = {0};
        uint8_t *room = NULL;
        kith_bytes inside;
        assert_ok(kith_buf_extend(&buf, len, &room));
        for (size_t i = 0; i < len; i++) {
            room[i] = i % 3 == 0 ? 0 : 0x80; /* like padding itself */
        }
        KITH_AUTO(kith_buf) before = {0};
        assert_ok(kith_buf_append(&before, kith_bytes_of_buf(&buf)));
        assert_ok(content_pad(&buf));
        assert_int_equal(buf.len, content_pad_target(len));
        assert_ok(content_unpad(kith_bytes_of_buf(&buf), &inside));
        assert_true(kith_bytes_equal(inside, kith_bytes_of_buf(&before)));
    }
}

static void
the_padding_is_a_mark_and_zeros(void **state)
{
    KITH_AUTO(kith_buf) expected = wire("6869 80 00*253");
    KITH_AUTO(kith_buf) buf = {0};
    (void)state;

    assert_ok(kith_buf_append(&buf, kith_bytes_of_text("hi")));
    assert_ok(content_pad(&buf));

    assert_true(kith_bytes_equal(kith_bytes_of_buf(&buf), kith_bytes_of_buf(&expected)));
}

static void
what_is_not_padded_is_malformed(void **state)
{
    static const char *const bad[] = {"", "00*256", "61*256", "80 61", "81 00*255"};
    kith_bytes inside;
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        KITH_AUTO(kith_buf) bytes = wire(bad[i]);
        assert_err(content_unpad(kith_bytes_of_buf(&bytes), &inside), KITH_ERR_MALFORMED);
    }
}

static void
the_largest_message_is_padded_and_one_byte_more_is_not(void **state)
{
    KITH_AUTO(kith_buf) buf = wire("61*262143");
    kith_bytes inside;
    (void)state;

    assert_ok(content_pad(&buf));
    assert_int_equal(buf.len, CONTENT_PADDED_MAX);
    assert_ok(content_unpad(kith_bytes_of_buf(&buf), &inside));
    assert_int_equal(inside.len, CONTENT_MAX);
    assert_err(content_pad(&buf), KITH_ERR_LIMIT);
    assert_int_equal(buf.len, CONTENT_PADDED_MAX);
    assert_ok(kith_buf_append(&buf, kith_bytes_of("", 1)));
    assert_err(content_unpad(kith_bytes_of_buf(&buf), &inside), KITH_ERR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bucket_is_the_smallest_that_is_larger),
        cmocka_unit_test(what_was_padded_is_lent_again),
        cmocka_unit_test(the_padding_is_a_mark_and_zeros),
        cmocka_unit_test(what_is_not_padded_is_malformed),
        cmocka_unit_test(the_largest_message_is_padded_and_one_byte_more_is_not),
    };

    return cmocka_run_group_tests_name("content: padding", tests, NULL, NULL);
}
