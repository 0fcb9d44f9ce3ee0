/* SPDX-License-Identifier: MPL-2.0 */
/* The writer: the exact bytes of each form, lengths that do not fit, and that a failure changes nothing. */
#include <string.h>

#include "base/check.h"
#include "fakes/fake_rng.h"

static void
integers_are_big_endian(void **state)
{
    KITH_AUTO(kith_buf) buf = {0};
    kith_writer w = kith_writer_of(&buf);
    (void)state;

    assert_ok(kith_write_u8(&w, 0x01));
    assert_ok(kith_write_u16(&w, 0x0203));
    assert_ok(kith_write_u32(&w, 0x04050607));
    assert_ok(kith_write_u64(&w, UINT64_C(0x08090a0b0c0d0e0f)));
    assert_ok(kith_write_bool(&w, true));
    assert_ok(kith_write_bool(&w, false));
    assert_ok(kith_write_bytes(&w, kith_bytes_of_text("z")));

    assert_hex(kith_bytes_of_buf(&buf), "0102030405060708090a0b0c0d0e0f01007a");
}

static void
vectors_have_the_prefix_of_their_form(void **state)
{
    const kith_bytes bytes = kith_bytes_of_text("ab");
    KITH_AUTO(kith_buf) buf = {0};
    kith_writer w = kith_writer_of(&buf);
    (void)state;

    assert_ok(kith_write_vec8(&w, bytes));
    assert_ok(kith_write_vec16(&w, bytes));
    assert_ok(kith_write_vec32(&w, bytes));
    assert_ok(kith_write_varvec(&w, bytes));
    assert_ok(kith_write_varvec(&w, (kith_bytes){0}));

    assert_hex(kith_bytes_of_buf(&buf), "0261620002616200000002616202616200");
}

/* [RFC9420 §2.1.2]: the smallest form that fits MUST be used. */
static void
a_variable_size_integer_takes_the_smallest_form(void **state)
{
    static const struct {
        uint32_t value;
        const char *hex;
    } cases[] = {
        {0, "00"},
        {63, "3f"},
        {64, "4040"},
        {16383, "7fff"},
        {16384, "80004000"},
        {KITH_VARVEC_MAX, "bfffffff"},
        {494878333, "9d7f3e7d"},
        {15293, "7bbd"},
    };
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        KITH_AUTO(kith_buf) buf = {0};
        kith_writer w = kith_writer_of(&buf);

        assert_ok(kith_write_varint(&w, cases[i].value));

        assert_hex(kith_bytes_of_buf(&buf), cases[i].hex);
    }
}

static void
a_variable_size_integer_of_2_to_the_30_is_beyond_the_limit(void **state)
{
    KITH_AUTO(kith_buf) buf = {0};
    kith_writer w = kith_writer_of(&buf);
    (void)state;

    assert_err(kith_write_varint(&w, KITH_VARVEC_MAX + 1), KITH_ERR_LIMIT);
    assert_err(kith_write_varint(&w, UINT32_MAX), KITH_ERR_LIMIT);

    assert_int_equal(buf.len, 0);
}

static kith_err
write_vec(kith_writer *w, kith_vec form, kith_bytes bytes)
{
    switch (form) {
    case KITH_VEC_8:
        return kith_write_vec8(w, bytes);
    case KITH_VEC_16:
        return kith_write_vec16(w, bytes);
    case KITH_VEC_32:
        return kith_write_vec32(w, bytes);
    case KITH_VEC_VAR:
        return kith_write_varvec(w, bytes);
    }
    return KITH_ERR_INVALID;
}

/* The length at each limit is accepted: only memory is then missing. One more is not even asked for. */
static void
a_vector_one_longer_than_its_prefix_can_say_is_beyond_the_limit(void **state)
{
    static const struct {
        kith_vec form;
        uint64_t max;
    } cases[] = {{KITH_VEC_8, 0xff},
                 {KITH_VEC_16, 0xffff},
                 {KITH_VEC_32, 0xffffffff},
                 {KITH_VEC_VAR, KITH_VARVEC_MAX}};
    static const uint8_t byte[1];
    fake_alloc fake;
    (void)state;
    fake_alloc_init(&fake);
    fake.fail_after = 0;
    KITH_AUTO(kith_buf) buf = {.alloc = &fake.port};
    kith_writer w = kith_writer_of(&buf);

    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        const kith_bytes at = {byte, cases[i].max};
        const kith_bytes beyond = {byte, cases[i].max + 1};

        assert_err(write_vec(&w, cases[i].form, at), KITH_ERR_NO_MEMORY);
        assert_err(write_vec(&w, cases[i].form, beyond), KITH_ERR_LIMIT);
    }
    assert_int_equal(buf.len, 0);
}

static void
the_longest_vectors_with_short_prefixes_are_written(void **state)
{
    static const uint8_t bytes[0xffff];
    KITH_AUTO(kith_buf) buf = {0};
    kith_writer w = kith_writer_of(&buf);
    (void)state;

    assert_ok(kith_write_vec8(&w, kith_bytes_of(bytes, 0xff)));
    assert_int_equal(buf.len, 0x100);
    assert_int_equal(buf.data[0], 0xff);
    assert_ok(kith_write_vec16(&w, KITH_BYTES(bytes)));

    assert_int_equal(buf.len, 0x100 + 2 + 0xffff);
    assert_hex(kith_bytes_of(buf.data + 0x100, 3), "ffff00");
}

static void
a_vector_written_piece_by_piece_is_the_one_written_at_once(void **state)
{
    static const size_t lengths[] = {0, 1, 63, 64, 255, 16383, 16384, 65535};
    static const kith_vec forms[] = {KITH_VEC_8, KITH_VEC_16, KITH_VEC_32, KITH_VEC_VAR};
    static uint8_t bytes[65535];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + 1);
    }

    for (size_t i = 0; i < CHECK_COUNT(lengths) * CHECK_COUNT(forms); i++) {
        const kith_vec form = forms[i % CHECK_COUNT(forms)];
        const kith_bytes content = {bytes, lengths[i / CHECK_COUNT(forms)]};
        KITH_AUTO(kith_buf) pieces = {0};
        KITH_AUTO(kith_buf) once = {0};
        kith_writer w = kith_writer_of(&pieces);
        kith_writer w_once = kith_writer_of(&once);
        size_t mark = 0;
        if (form == KITH_VEC_8 && content.len > 0xff) {
            continue;
        }

        assert_ok(kith_write_u8(&w, 9));
        assert_ok(kith_write_open(&w, form, &mark));
        assert_ok(kith_write_bytes(&w, content));
        assert_ok(kith_write_close(&w, form, mark));
        assert_ok(kith_write_u8(&w_once, 9));
        assert_ok(write_vec(&w_once, form, content));

        assert_true(kith_bytes_equal(kith_bytes_of_buf(&pieces), kith_bytes_of_buf(&once)));
    }
}

static void
vectors_may_be_open_inside_each_other(void **state)
{
    KITH_AUTO(kith_buf) buf = {0};
    kith_writer w = kith_writer_of(&buf);
    size_t outer = 0;
    size_t inner = 0;
    (void)state;

    assert_ok(kith_write_open(&w, KITH_VEC_16, &outer));
    assert_ok(kith_write_open(&w, KITH_VEC_VAR, &inner));
    assert_ok(kith_write_u8(&w, 0xaa));
    assert_ok(kith_write_close(&w, KITH_VEC_VAR, inner));
    assert_ok(kith_write_u8(&w, 0xbb));
    assert_ok(kith_write_close(&w, KITH_VEC_16, outer));

    assert_hex(kith_bytes_of_buf(&buf), "000301aabb");
}

static void
closing_a_vector_that_grew_beyond_its_prefix_changes_nothing(void **state)
{
    static const uint8_t bytes[0x100] = {1, 2, 3};
    KITH_AUTO(kith_buf) buf = {0};
    KITH_AUTO(kith_buf) before = {0};
    kith_writer w = kith_writer_of(&buf);
    size_t mark = 0;
    (void)state;
    assert_ok(kith_write_open(&w, KITH_VEC_8, &mark));
    assert_ok(kith_write_bytes(&w, KITH_BYTES(bytes)));
    assert_ok(kith_buf_set(&before, kith_bytes_of_buf(&buf)));

    assert_err(kith_write_close(&w, KITH_VEC_8, mark), KITH_ERR_LIMIT);

    assert_true(kith_bytes_equal(kith_bytes_of_buf(&buf), kith_bytes_of_buf(&before)));
}

/* ---- No memory ---- */

static kith_err
write_anything(kith_writer *w, size_t what)
{
    static const uint8_t bytes[40];
    size_t mark = 0;

    switch (what) {
    case 0:
        return kith_write_u8(w, 1);
    case 1:
        return kith_write_u16(w, 1);
    case 2:
        return kith_write_u32(w, 1);
    case 3:
        return kith_write_u64(w, 1);
    case 4:
        return kith_write_bool(w, true);
    case 5:
        return kith_write_varint(w, 1);
    case 6:
        return kith_write_bytes(w, KITH_BYTES(bytes));
    case 7:
        return kith_write_open(w, KITH_VEC_32, &mark);
    default:
        return write_vec(w, (kith_vec)(what - 8), KITH_BYTES(bytes));
    }
}

static void
without_memory_the_buffer_stays_as_it_was(void **state)
{
    static const uint8_t full[32] = {1};
    fake_alloc fake;
    (void)state;
    fake_alloc_init(&fake);
    KITH_AUTO(kith_buf) buf = {.alloc = &fake.port};
    kith_writer w = kith_writer_of(&buf);
    assert_ok(kith_write_bytes(&w, KITH_BYTES(full)));
    fake.fail_after = fake.calls;

    for (size_t what = 0; what < 12; what++) {
        assert_err(write_anything(&w, what), KITH_ERR_NO_MEMORY);
        assert_true(kith_bytes_equal(kith_bytes_of_buf(&buf), KITH_BYTES(full)));
    }
}

static void
without_memory_for_a_longer_prefix_the_buffer_stays_as_it_was(void **state)
{
    static const uint8_t content[64] = {5};
    fake_alloc fake;
    size_t mark = 0;
    (void)state;
    fake_alloc_init(&fake);
    KITH_AUTO(kith_buf) buf = {.alloc = &fake.port};
    KITH_AUTO(kith_buf) before = {0};
    kith_writer w = kith_writer_of(&buf);
    assert_ok(kith_buf_reserve(&buf, 1 + sizeof content));
    assert_ok(kith_write_open(&w, KITH_VEC_VAR, &mark));
    assert_ok(kith_write_bytes(&w, KITH_BYTES(content)));
    assert_ok(kith_buf_set(&before, kith_bytes_of_buf(&buf)));
    fake.fail_after = fake.calls;

    assert_err(kith_write_close(&w, KITH_VEC_VAR, mark), KITH_ERR_NO_MEMORY);

    assert_true(kith_bytes_equal(kith_bytes_of_buf(&buf), kith_bytes_of_buf(&before)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(vectors_have_the_prefix_of_their_form),
        cmocka_unit_test(a_variable_size_integer_takes_the_smallest_form),
        cmocka_unit_test(a_variable_size_integer_of_2_to_the_30_is_beyond_the_limit),
        cmocka_unit_test(a_vector_one_longer_than_its_prefix_can_say_is_beyond_the_limit),
        cmocka_unit_test(the_longest_vectors_with_short_prefixes_are_written),
        cmocka_unit_test(a_vector_written_piece_by_piece_is_the_one_written_at_once),
        cmocka_unit_test(vectors_may_be_open_inside_each_other),
        cmocka_unit_test(closing_a_vector_that_grew_beyond_its_prefix_changes_nothing),
        cmocka_unit_test(without_memory_the_buffer_stays_as_it_was),
        cmocka_unit_test(without_memory_for_a_longer_prefix_the_buffer_stays_as_it_was),
    };

    return cmocka_run_group_tests_name("base: writer", tests, NULL, NULL);
}
