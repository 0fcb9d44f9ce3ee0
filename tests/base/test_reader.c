/* SPDX-License-Identifier: MPL-2.0 */
/* The reader: what it takes, what it refuses, and that a refusal changes nothing. */
#include <string.h>

#include "base/check.h"

/* One read of any kind: on success `*value` is the integer, or the length of the bytes read. */
typedef kith_err (*reading)(kith_reader *r, uint64_t *value);

#define INTEGER_READING(name, type)                                                                \
    static kith_err reading_##name(kith_reader *r, uint64_t *value)                                \
    {                                                                                              \
        type got = (type) * value;                                                                 \
        const kith_err err = kith_read_##name(r, &got);                                            \
        *value = got;                                                                              \
        return err;                                                                                \
    }
INTEGER_READING(u8, uint8_t)
INTEGER_READING(u16, uint16_t)
INTEGER_READING(u32, uint32_t)
INTEGER_READING(u64, uint64_t)
INTEGER_READING(varint, uint32_t)

/* The marker stays in `*value` unless the read wrote its output. */
static kith_err
reading_bool(kith_reader *r, uint64_t *value)
{
    bool got = false;
    const kith_err err = kith_read_bool(r, &got);

    if (err == KITH_OK) {
        *value = got ? 1 : 0;
    }
    return err;
}

#define VECTOR_READING(name)                                                                       \
    static kith_err reading_##name(kith_reader *r, uint64_t *value)                                \
    {                                                                                              \
        kith_bytes got = {NULL, *value};                                                           \
        const kith_err err = kith_read_##name(r, &got);                                            \
        *value = got.len;                                                                          \
        return err;                                                                                \
    }
VECTOR_READING(vec8)
VECTOR_READING(vec16)
VECTOR_READING(vec32)
VECTOR_READING(varvec)

static const struct {
    const char *name;
    reading read;
} readings[] = {
    {"u8", reading_u8},         {"u16", reading_u16},     {"u32", reading_u32},
    {"u64", reading_u64},       {"bool", reading_bool},   {"varint", reading_varint},
    {"vec8", reading_vec8},     {"vec16", reading_vec16}, {"vec32", reading_vec32},
    {"varvec", reading_varvec},
};

static reading
find(const char *name)
{
    for (size_t i = 0; i < CHECK_COUNT(readings); i++) {
        if (strcmp(readings[i].name, name) == 0) {
            return readings[i].read;
        }
    }
    fail_msg("no reading %s", name);
    return NULL;
}

/* What reads whole, and to which value; every prefix of it must be refused. */
static const struct {
    const char *name;
    const char *hex;
    uint64_t value;
} good[] = {
    {"u8", "00", 0},
    {"u8", "ff", 0xff},
    {"u16", "0102", 0x0102},
    {"u16", "ffff", 0xffff},
    {"u32", "01020304", 0x01020304},
    {"u32", "ffffffff", 0xffffffff},
    {"u64", "0102030405060708", 0x0102030405060708},
    {"u64", "ffffffffffffffff", UINT64_MAX},
    {"bool", "00", 0},
    {"bool", "01", 1},
    {"vec8", "00", 0},
    {"vec8", "03616263", 3},
    {"vec16", "0000", 0},
    {"vec16", "0003616263", 3},
    {"vec32", "00000000", 0},
    {"vec32", "00000003616263", 3},
    {"varvec", "00", 0},
    {"varvec", "03616263", 3},
    /* [RFC9420 §2.1.2]: its three examples, and both ends of each form. */
    {"varint", "9d7f3e7d", 494878333},
    {"varint", "7bbd", 15293},
    {"varint", "25", 37},
    {"varint", "00", 0},
    {"varint", "3f", 63},
    {"varint", "4040", 64},
    {"varint", "7fff", 16383},
    {"varint", "80004000", 16384},
    {"varint", "bfffffff", KITH_VARVEC_MAX},
};

static void
what_is_well_formed_reads_whole(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(good); i++) {
        KITH_AUTO(kith_buf) bytes = of_hex(good[i].hex);
        kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
        uint64_t value = 7;

        assert_ok(find(good[i].name)(&r, &value));

        assert_int_equal(value, good[i].value);
        assert_true(kith_reader_done(&r));
        assert_ok(kith_reader_finish(&r));
    }
}

static void
assert_refused(const char *name, kith_bytes bytes)
{
    kith_reader r = kith_reader_of(bytes);
    uint64_t value = 7;

    assert_err(find(name)(&r, &value), KITH_ERR_MALFORMED);

    assert_ptr_equal(r.next, bytes.data);
    assert_int_equal(r.left, bytes.len);
    assert_int_equal(value, 7);
}

static void
every_prefix_of_it_is_refused_and_changes_nothing(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(good); i++) {
        KITH_AUTO(kith_buf) bytes = of_hex(good[i].hex);
        for (size_t len = 0; len < bytes.len; len++) {
            assert_refused(good[i].name, kith_bytes_of(bytes.data, len));
        }
    }
}

static void
nothing_can_be_read_from_nothing(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(readings); i++) {
        assert_refused(readings[i].name, (kith_bytes){0});
    }
}

static void
what_is_not_well_formed_is_refused_and_changes_nothing(void **state)
{
    static const struct {
        const char *name;
        const char *hex;
    } bad[] = {
        {"bool", "02"},           {"bool", "ff"},
        {"varint", "4000"},       {"varint", "4025"},
        {"varint", "403f"},       {"varint", "80000000"},
        {"varint", "8000003f"},   {"varint", "80003fff"},
        {"varint", "c0"},         {"varint", "c000000000000040"},
        {"varint", "ff"},         {"varvec", "400161"},
        {"varvec", "8000000161"}, {"varvec", "c00000000000000161"},
        {"varvec", "bfffffff61"}, {"vec32", "ffffffff61"},
    };
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        KITH_AUTO(kith_buf) bytes = of_hex(bad[i].hex);
        assert_refused(bad[i].name, kith_bytes_of_buf(&bytes));
    }
}

static void
a_variable_size_vector_of_64_bytes_has_a_prefix_of_two(void **state)
{
    uint8_t bytes[66] = {0x40, 0x40};
    kith_reader r = kith_reader_of(KITH_BYTES(bytes));
    kith_bytes out = {0};
    (void)state;

    assert_ok(kith_read_varvec(&r, &out));

    assert_ptr_equal(out.data, bytes + 2);
    assert_int_equal(out.len, 64);
}

static void
a_vector_is_lent_and_ends_where_its_length_says(void **state)
{
    const kith_bytes bytes = kith_bytes_of_text("\x02"
                                                "abcd");
    kith_reader r = kith_reader_of(bytes);
    kith_bytes out = {0};
    (void)state;

    assert_ok(kith_read_vec8(&r, &out));

    assert_ptr_equal(out.data, bytes.data + 1);
    assert_int_equal(out.len, 2);
    assert_text(kith_reader_peek(&r), "cd");
}

static void
fixed_bytes_are_lent_or_copied(void **state)
{
    const kith_bytes bytes = kith_bytes_of_text("abcd");
    kith_reader r = kith_reader_of(bytes);
    uint8_t copy[3] = {0};
    kith_bytes lent = {0};
    (void)state;

    assert_ok(kith_read_copy(&r, copy, 2));
    assert_ok(kith_read_bytes(&r, 1, &lent));

    assert_memory_equal(copy, "ab\0", 3);
    assert_ptr_equal(lent.data, bytes.data + 2);
    assert_int_equal(lent.len, 1);
    assert_int_equal(r.left, 1);
}

static void
more_bytes_than_are_left_are_refused_and_change_nothing(void **state)
{
    static const size_t wanted[] = {5, SIZE_MAX};
    const kith_bytes bytes = kith_bytes_of_text("abcd");
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(wanted); i++) {
        kith_reader r = kith_reader_of(bytes);
        uint8_t copy[8] = "before";
        kith_bytes lent = kith_bytes_of_text("before");

        assert_err(kith_read_copy(&r, copy, wanted[i]), KITH_ERR_MALFORMED);
        assert_err(kith_read_bytes(&r, wanted[i], &lent), KITH_ERR_MALFORMED);

        assert_int_equal(r.left, 4);
        assert_string_equal((const char *)copy, "before");
        assert_text(lent, "before");
    }
}

static void
no_bytes_can_be_read_from_anywhere(void **state)
{
    kith_reader r = kith_reader_of((kith_bytes){0});
    kith_bytes lent = kith_bytes_of_text("before");
    (void)state;

    assert_ok(kith_read_copy(&r, NULL, 0));
    assert_ok(kith_read_bytes(&r, 0, &lent));

    assert_int_equal(lent.len, 0);
}

static void
what_was_read_since_a_copy_of_the_reader_can_be_had(void **state)
{
    const kith_bytes bytes = kith_bytes_of_text("abcdef");
    kith_reader r = kith_reader_of(bytes);
    kith_bytes out = {0};
    (void)state;
    assert_ok(kith_read_bytes(&r, 1, &out));
    const kith_reader from = r;

    assert_int_equal(kith_reader_since(&from, &r).len, 0);
    assert_ok(kith_read_bytes(&r, 3, &out));

    assert_text(kith_reader_since(&from, &r), "bcd");
    assert_text(kith_reader_peek(&r), "ef");
}

static void
what_is_left_over_is_malformed(void **state)
{
    kith_reader r = kith_reader_of(kith_bytes_of_text("a"));
    (void)state;

    assert_false(kith_reader_done(&r));
    assert_err(kith_reader_finish(&r), KITH_ERR_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_well_formed_reads_whole),
        cmocka_unit_test(every_prefix_of_it_is_refused_and_changes_nothing),
        cmocka_unit_test(nothing_can_be_read_from_nothing),
        cmocka_unit_test(what_is_not_well_formed_is_refused_and_changes_nothing),
        cmocka_unit_test(a_variable_size_vector_of_64_bytes_has_a_prefix_of_two),
        cmocka_unit_test(a_vector_is_lent_and_ends_where_its_length_says),
        cmocka_unit_test(fixed_bytes_are_lent_or_copied),
        cmocka_unit_test(more_bytes_than_are_left_are_refused_and_change_nothing),
        cmocka_unit_test(no_bytes_can_be_read_from_anywhere),
        cmocka_unit_test(what_was_read_since_a_copy_of_the_reader_can_be_had),
        cmocka_unit_test(what_is_left_over_is_malformed),
    };

    return cmocka_run_group_tests_name("base: reader", tests, NULL, NULL);
}
