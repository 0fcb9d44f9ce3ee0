/* SPDX-License-Identifier: MPL-2.0 */
/* Borrowed bytes, owned buffers and secrets. */
#include <string.h>

#include "base/check.h"
#include "base/spy_alloc.h"
#include "fakes/fake_rng.h"

static kith_bytes
text(const char *t)
{
    return kith_bytes_of_text(t);
}

/* ---- Borrowed bytes ---- */

static void
bytes_of_something_point_at_it(void **state)
{
    uint8_t array[3] = {1, 2, 3};
    kith_buf buf = {.data = array, .len = 2, .cap = 3};
    const kith_secret secret = {.data = {9}, .len = 1};
    (void)state;

    assert_ptr_equal(KITH_BYTES(array).data, array);
    assert_int_equal(KITH_BYTES(array).len, 3);
    assert_ptr_equal(kith_bytes_of(array, 1).data, array);
    assert_int_equal(kith_bytes_of(array, 1).len, 1);
    assert_int_equal(text("four").len, 4);
    assert_ptr_equal(kith_bytes_of_buf(&buf).data, array);
    assert_int_equal(kith_bytes_of_buf(&buf).len, 2);
    assert_ptr_equal(kith_bytes_of_secret(&secret).data, secret.data);
    assert_int_equal(kith_bytes_of_secret(&secret).len, 1);
}

static void
equal_bytes_have_one_length_and_one_content(void **state)
{
    const kith_bytes nothing = {0};
    (void)state;

    assert_true(kith_bytes_equal(text("same"), text("same")));
    assert_true(kith_bytes_equal(nothing, text("")));
    assert_false(kith_bytes_equal(text("same"), text("sama")));
    assert_false(kith_bytes_equal(text("same"), text("sam")));
    assert_false(kith_bytes_equal(nothing, text("s")));
}

static void
order_is_by_unsigned_bytes_and_then_by_length(void **state)
{
    static const char *const ascending[] = {"", "a", "aa", "ab", "b", "\x80", "\xff"};
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(ascending); i++) {
        for (size_t k = 0; k < CHECK_COUNT(ascending); k++) {
            const int order = kith_bytes_compare(text(ascending[i]), text(ascending[k]));
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    }
}

static void
the_constant_time_comparison_sees_every_bit_of_every_byte(void **state)
{
    uint8_t a[65];
    uint8_t b[65];
    (void)state;
    memset(a, 0x5a, sizeof a);
    memcpy(b, a, sizeof b);

    assert_true(kith_equal_ct(KITH_BYTES(a), KITH_BYTES(b)));
    for (size_t i = 0; i < 8 * sizeof a; i++) {
        b[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_false(kith_equal_ct(KITH_BYTES(a), KITH_BYTES(b)));
        b[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void
the_constant_time_comparison_does_not_let_differences_cancel_out(void **state)
{
    (void)state;

    assert_false(kith_equal_ct(text("ab"), text("ba")));
    assert_false(kith_equal_ct(text("\x01\x01"), text("\x02\x02")));
    assert_false(kith_equal_ct(text("\x01\xff"), text("\x02\xfe")));
}

static void
the_constant_time_comparison_knows_lengths(void **state)
{
    const kith_bytes nothing = {0};
    (void)state;

    assert_true(kith_equal_ct(nothing, nothing));
    assert_false(kith_equal_ct(nothing, text("a")));
    assert_false(kith_equal_ct(text("ab"), text("a")));
}

static void
wiping_zeroes_exactly_what_it_is_told(void **state)
{
    uint8_t data[6] = "abcde";
    (void)state;

    kith_wipe(data + 1, 3);
    kith_wipe(NULL, 0);

    assert_memory_equal(data, "a\0\0\0e", 6);
}

/* ---- Buffers ---- */

static void
a_buffer_grows_with_what_is_appended(void **state)
{
    KITH_AUTO(kith_buf) buf = {0};
    (void)state;

    for (size_t i = 0; i < 1000; i++) {
        const uint8_t byte = (uint8_t)i;
        assert_ok(kith_buf_append(&buf, kith_bytes_of(&byte, 1)));
    }

    assert_int_equal(buf.len, 1000);
    assert_true(buf.cap >= 1000);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(buf.data[i], (uint8_t)i);
    }
}

static void
appending_nothing_needs_no_memory(void **state)
{
    KITH_AUTO(kith_buf) buf = {0};
    (void)state;

    assert_ok(kith_buf_append(&buf, (kith_bytes){0}));
    assert_ok(kith_buf_append(&buf, text("")));

    assert_null(buf.data);
}

static void
the_first_block_fits_what_is_asked_for(void **state)
{
    KITH_AUTO(kith_buf) small = {0};
    KITH_AUTO(kith_buf) large = {0};
    (void)state;

    assert_ok(kith_buf_reserve(&small, 1));
    assert_ok(kith_buf_reserve(&large, 1000));

    assert_int_equal(small.cap, 32);
    assert_int_equal(large.cap, 1000);
    assert_int_equal(large.len, 0);
}

static void
extending_lends_zeros_even_where_something_was(void **state)
{
    KITH_AUTO(kith_buf) buf = {0};
    uint8_t *at = NULL;
    (void)state;
    assert_ok(kith_buf_append(&buf, text("abcdef")));
    buf.len = 2;

    assert_ok(kith_buf_extend(&buf, 3, &at));

    assert_ptr_equal(at, buf.data + 2);
    assert_int_equal(buf.len, 5);
    assert_memory_equal(buf.data, "ab\0\0\0", 5);
}

static void
extending_by_nothing_is_allowed_anywhere(void **state)
{
    KITH_AUTO(kith_buf) buf = {0};
    uint8_t *at = NULL;
    (void)state;

    assert_ok(kith_buf_extend(&buf, 0, &at));
    assert_int_equal(buf.len, 0);
    assert_ok(kith_buf_append(&buf, text("a")));
    assert_ok(kith_buf_extend(&buf, 0, &at));
    assert_ptr_equal(at, buf.data + 1);
}

static void
setting_replaces_and_wipes_what_was_longer(void **state)
{
    KITH_AUTO(kith_buf) buf = {0};
    (void)state;
    assert_ok(kith_buf_append(&buf, text("a long secret")));

    assert_ok(kith_buf_set(&buf, text("short")));

    assert_text(kith_bytes_of_buf(&buf), "short");
    assert_memory_equal(buf.data + 5, "\0\0\0\0\0\0\0\0", 8);
    assert_ok(kith_buf_set(&buf, (kith_bytes){0}));
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf.data[0], 0);
}

static void
setting_what_is_longer_than_before_grows(void **state)
{
    KITH_AUTO(kith_buf) buf = {0};
    uint8_t large[100];
    (void)state;
    memset(large, 'x', sizeof large);
    assert_ok(kith_buf_append(&buf, text("short")));

    assert_ok(kith_buf_set(&buf, KITH_BYTES(large)));

    assert_true(kith_bytes_equal(kith_bytes_of_buf(&buf), KITH_BYTES(large)));
}

static void
clearing_wipes_and_keeps_the_memory(void **state)
{
    KITH_AUTO(kith_buf) buf = {0};
    (void)state;
    assert_ok(kith_buf_append(&buf, text("secret")));
    uint8_t *const before = buf.data;

    kith_buf_clear(&buf);

    assert_int_equal(buf.len, 0);
    assert_ptr_equal(buf.data, before);
    assert_memory_equal(buf.data, "\0\0\0\0\0\0", 6);
    kith_buf_clear(&buf);
}

static void
dropping_the_front_keeps_the_rest_and_wipes_behind_it(void **state)
{
    KITH_AUTO(kith_buf) buf = {0};
    (void)state;
    assert_ok(kith_buf_append(&buf, text("abcdef")));

    kith_buf_drop_front(&buf, 0);
    kith_buf_drop_front(&buf, 2);

    assert_text(kith_bytes_of_buf(&buf), "cdef");
    assert_memory_equal(buf.data + 4, "\0\0", 2);
    kith_buf_drop_front(&buf, 5);
    assert_int_equal(buf.len, 0);
    assert_memory_equal(buf.data, "\0\0\0\0", 4);
    kith_buf_drop_front(&buf, 1);
}

static void
taking_moves_the_content_and_leaves_the_allocator(void **state)
{
    fake_alloc fake;
    (void)state;
    fake_alloc_init(&fake);
    kith_buf buf = {.alloc = &fake.port};
    assert_ok(kith_buf_append(&buf, text("moved")));

    KITH_AUTO(kith_buf) taken = kith_buf_take(&buf);

    assert_text(kith_bytes_of_buf(&taken), "moved");
    assert_ptr_equal(taken.alloc, &fake.port);
    assert_null(buf.data);
    assert_int_equal(buf.len + buf.cap, 0);
    assert_ptr_equal(buf.alloc, &fake.port);
}

static void
a_buffer_gives_back_nothing_unwiped(void **state)
{
    spy_alloc spy;
    (void)state;
    spy_alloc_init(&spy);
    kith_buf buf = {.alloc = &spy.port};

    for (size_t i = 0; i < 200; i++) {
        assert_ok(kith_buf_append(&buf, text("secret")));
    }
    kith_buf_done(&buf);

    assert_true(spy.frees > 3);
    assert_int_equal(spy.dirty_frees, 0);
}

static void
a_buffer_that_is_done_is_empty_and_may_be_done_again(void **state)
{
    fake_alloc fake;
    (void)state;
    fake_alloc_init(&fake);
    kith_buf buf = {.alloc = &fake.port};
    assert_ok(kith_buf_append(&buf, text("a")));

    kith_buf_done(&buf);
    kith_buf_done(&buf);
    kith_buf_done(NULL);

    assert_null(buf.data);
    assert_int_equal(buf.len + buf.cap, 0);
    assert_int_equal(fake.live_blocks, 0);
    assert_ok(kith_buf_append(&buf, text("again")));
    assert_int_equal(fake.live_blocks, 1);
    kith_buf_done(&buf);
}

static void
a_buffer_that_cannot_grow_is_unchanged(void **state)
{
    fake_alloc fake;
    uint8_t large[64] = {0};
    uint8_t *at = large;
    (void)state;
    fake_alloc_init(&fake);
    KITH_AUTO(kith_buf) buf = {.alloc = &fake.port};
    assert_ok(kith_buf_append(&buf, text("kept")));
    fake.fail_after = fake.calls;

    assert_err(kith_buf_append(&buf, KITH_BYTES(large)), KITH_ERR_NO_MEMORY);
    assert_err(kith_buf_set(&buf, KITH_BYTES(large)), KITH_ERR_NO_MEMORY);
    assert_err(kith_buf_reserve(&buf, 64), KITH_ERR_NO_MEMORY);
    assert_err(kith_buf_extend(&buf, 64, &at), KITH_ERR_NO_MEMORY);
    assert_err(kith_buf_reserve(&buf, SIZE_MAX), KITH_ERR_NO_MEMORY);
    assert_err(kith_buf_reserve(&buf, SIZE_MAX - buf.len), KITH_ERR_NO_MEMORY);

    assert_ptr_equal(at, large);
    assert_text(kith_bytes_of_buf(&buf), "kept");
}

/* ---- Secrets ---- */

static void
a_secret_holds_up_to_its_maximum(void **state)
{
    uint8_t bytes[KITH_SECRET_MAX + 1];
    KITH_AUTO(kith_secret) secret = {0};
    (void)state;
    memset(bytes, 's', sizeof bytes);

    assert_ok(kith_secret_set(&secret, kith_bytes_of(bytes, KITH_SECRET_MAX)));

    assert_int_equal(secret.len, KITH_SECRET_MAX);
    assert_memory_equal(secret.data, bytes, KITH_SECRET_MAX);
    assert_err(kith_secret_set(&secret, KITH_BYTES(bytes)), KITH_ERR_LIMIT);
    assert_int_equal(secret.len, KITH_SECRET_MAX);
    assert_int_equal(secret.data[0], 's');
}

static void
setting_a_shorter_secret_leaves_nothing_of_the_longer_one(void **state)
{
    static const uint8_t zeros[KITH_SECRET_MAX];
    KITH_AUTO(kith_secret) secret = {0};
    (void)state;
    assert_ok(kith_secret_set(&secret, text("a long secret")));

    assert_ok(kith_secret_set(&secret, text("ab")));
    assert_text(kith_bytes_of_secret(&secret), "ab");
    assert_memory_equal(secret.data + 2, zeros, KITH_SECRET_MAX - 2);
    assert_ok(kith_secret_set(&secret, (kith_bytes){0}));

    assert_int_equal(secret.len, 0);
    assert_memory_equal(secret.data, zeros, KITH_SECRET_MAX);
}

static void
a_secret_may_be_set_to_a_part_of_itself(void **state)
{
    KITH_AUTO(kith_secret) secret = {0};
    (void)state;
    assert_ok(kith_secret_set(&secret, text("abcdef")));

    assert_ok(kith_secret_set(&secret, kith_bytes_of(secret.data + 2, 3)));

    assert_text(kith_bytes_of_secret(&secret), "cde");
}

static void
taking_a_secret_leaves_it_wiped(void **state)
{
    static const kith_secret empty;
    kith_secret secret = {0};
    (void)state;
    assert_ok(kith_secret_set(&secret, text("moved")));

    KITH_AUTO(kith_secret) taken = kith_secret_take(&secret);

    assert_text(kith_bytes_of_secret(&taken), "moved");
    assert_memory_equal(&secret, &empty, sizeof empty);
}

static void
a_secret_that_is_done_is_wiped(void **state)
{
    static const kith_secret empty;
    kith_secret secret = {0};
    (void)state;
    assert_ok(kith_secret_set(&secret, text("gone")));

    kith_secret_done(&secret);
    kith_secret_done(NULL);

    assert_memory_equal(&secret, &empty, sizeof empty);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_something_point_at_it),
        cmocka_unit_test(equal_bytes_have_one_length_and_one_content),
        cmocka_unit_test(order_is_by_unsigned_bytes_and_then_by_length),
        cmocka_unit_test(the_constant_time_comparison_sees_every_bit_of_every_byte),
        cmocka_unit_test(the_constant_time_comparison_does_not_let_differences_cancel_out),
        cmocka_unit_test(the_constant_time_comparison_knows_lengths),
        cmocka_unit_test(wiping_zeroes_exactly_what_it_is_told),
        cmocka_unit_test(a_buffer_grows_with_what_is_appended),
        cmocka_unit_test(appending_nothing_needs_no_memory),
        cmocka_unit_test(the_first_block_fits_what_is_asked_for),
        cmocka_unit_test(extending_lends_zeros_even_where_something_was),
        cmocka_unit_test(extending_by_nothing_is_allowed_anywhere),
        cmocka_unit_test(setting_replaces_and_wipes_what_was_longer),
        cmocka_unit_test(setting_what_is_longer_than_before_grows),
        cmocka_unit_test(clearing_wipes_and_keeps_the_memory),
        cmocka_unit_test(dropping_the_front_keeps_the_rest_and_wipes_behind_it),
        cmocka_unit_test(taking_moves_the_content_and_leaves_the_allocator),
        cmocka_unit_test(a_buffer_gives_back_nothing_unwiped),
        cmocka_unit_test(a_buffer_that_is_done_is_empty_and_may_be_done_again),
        cmocka_unit_test(a_buffer_that_cannot_grow_is_unchanged),
        cmocka_unit_test(a_secret_holds_up_to_its_maximum),
        cmocka_unit_test(setting_a_shorter_secret_leaves_nothing_of_the_longer_one),
        cmocka_unit_test(a_secret_may_be_set_to_a_part_of_itself),
        cmocka_unit_test(taking_a_secret_leaves_it_wiped),
        cmocka_unit_test(a_secret_that_is_done_is_wiped),
    };

    return cmocka_run_group_tests_name("base: bytes", tests, NULL, NULL);
}
