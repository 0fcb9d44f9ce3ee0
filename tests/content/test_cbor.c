/* SPDX-License-Identifier: MPL-2.0 */
/* CBOR items: every kind, only the deterministic form, bounded skipping. */
#include <string.h>

#include "content/cbor.h"
#include "proto/wire.h"

static const struct {
    const char *bytes;
    item_kind kind;
    uint64_t value;
} good[] = {
    {"00", ITEM_UINT, 0},
    {"17", ITEM_UINT, 23},
    {"18 18", ITEM_UINT, 24},
    {"18 ff", ITEM_UINT, 255},
    {"19 0100", ITEM_UINT, 256},
    {"19 ffff", ITEM_UINT, 65535},
    {"1a 00010000", ITEM_UINT, 65536},
    {"1a ffffffff", ITEM_UINT, UINT32_MAX},
    {"1b 0000000100000000", ITEM_UINT, (uint64_t)UINT32_MAX + 1},
    {"1b ffffffffffffffff", ITEM_UINT, UINT64_MAX},
    {"20", ITEM_NEGATIVE, 0},
    {"38 18", ITEM_NEGATIVE, 24},
    {"39 0100", ITEM_NEGATIVE, 256},
    {"3a 00010000", ITEM_NEGATIVE, 65536},
    {"3b 0000000100000000", ITEM_NEGATIVE, (uint64_t)UINT32_MAX + 1},
    {"40", ITEM_BYTES, 0},
    {"43 616263", ITEM_BYTES, 3},
    {"58 18 61*24", ITEM_BYTES, 24},
    {"59 0100 61*256", ITEM_BYTES, 256},
    {"5a 00010000 61*65536", ITEM_BYTES, 65536},
    {"60", ITEM_TEXT, 0},
    {"62 c3b6", ITEM_TEXT, 2},
    {"78 18 61*24", ITEM_TEXT, 24},
    {"80", ITEM_ARRAY, 0},
    {"98 18", ITEM_ARRAY, 24},
    {"a2", ITEM_MAP, 2},
    {"b8 18", ITEM_MAP, 24},
    {"c1", ITEM_TAG, 1},
    {"d8 20", ITEM_TAG, 32},
    {"f4", ITEM_BOOL, 0},
    {"f5", ITEM_BOOL, 1},
    {"f6", ITEM_NULL, 0},
    {"f9 7e00", ITEM_FLOAT, 0},
    {"fa 47c35000", ITEM_FLOAT, 0},
    {"fb 3ff199999999999a", ITEM_FLOAT, 0},
};

static void
every_kind_of_item_is_read(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(good); i++) {
        KITH_AUTO(kith_buf) bytes = wire(good[i].bytes);
        kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
        item got;
        print_message("# %s\n", good[i].bytes);
        assert_ok(item_read(&r, &got));
        assert_int_equal(got.kind, good[i].kind);
        assert_true(got.value == good[i].value);
        assert_true(kith_reader_done(&r));
        if (got.kind == ITEM_BYTES || got.kind == ITEM_TEXT) {
            assert_int_equal(got.bytes.len, got.value);
        }
    }
}

static void
only_the_deterministic_form_is_read(void **state)
{
    static const char *const bad[] = {
        "",
        /* heads longer than needed */
        "18 17",
        "19 00ff",
        "1a 0000ffff",
        "1b 00000000ffffffff",
        "38 17",
        "58 03 616263",
        "59 0003 616263",
        "5a 00000003 616263",
        "5b 0000000000000003 616263",
        "78 01 61",
        "98 01",
        "99 0018",
        "b8 01",
        "d8 01",
        "f8 14",
        /* indefinite lengths and breaks */
        "5f",
        "7f",
        "9f",
        "bf",
        "ff",
        /* reserved, and values that no data model has */
        "1c",
        "1d",
        "1e",
        "1f",
        "3c",
        "5c",
        "7c",
        "9c",
        "bc",
        "dc",
        "fc",
        "f7",
        "f8 ff",
        "e0",
        /* not all there */
        "18",
        "19 01",
        "1a 000100",
        "1b 00000001000000",
        "43 6162",
        "62 61",
        "58",
        "59 01",
        "5b ffffffffffffffff 61",
        "7b ffffffffffffffff 61",
        /* no UTF-8 */
        "61 ff",
        "62 c328",
        "61 00",
    };
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        KITH_AUTO(kith_buf) bytes = wire(bad[i]);
        kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
        item got = {.value = 77};
        print_message("# %s\n", bad[i]);
        assert_err(item_read(&r, &got), KITH_ERR_MALFORMED);
        assert_int_equal(got.value, 77);
        assert_int_equal(kith_reader_peek(&r).len, bytes.len);
    }
}

static void
another_kind_or_value_than_expected_is_malformed_and_stays_unread(void **state)
{
    static const uint8_t bytes[] = {0x18, 0x64, 0x83};
    kith_reader r = kith_reader_of(KITH_BYTES(bytes));
    item got;
    uint64_t number = 0;
    (void)state;

    assert_err(item_expect(&r, ITEM_TEXT, &got), KITH_ERR_MALFORMED);
    assert_err(item_read_uint(&r, 99, &number), KITH_ERR_MALFORMED);
    assert_err(item_read_array(&r, 3), KITH_ERR_MALFORMED);
    assert_ok(item_read_uint(&r, 100, &number));
    assert_int_equal(number, 100);
    assert_err(item_read_array(&r, 2), KITH_ERR_MALFORMED);
    assert_ok(item_read_array(&r, 3));
    assert_true(kith_reader_done(&r));
}

static const struct {
    const char *bytes;
    kith_err expected; /* with at most three levels */
} skips[] = {
    {"00", KITH_OK},
    {"83 01 02 03", KITH_OK},
    {"a1 01 82 02 03", KITH_OK},
    {"81 81 81 00", KITH_OK},
    {"81 81 81 80", KITH_ERR_LIMIT},
    {"81 81 81 c1 00", KITH_ERR_LIMIT},
    {"c1 c1 c1 00", KITH_OK},
    {"80", KITH_OK},
    {"a0", KITH_OK},
    {"82 80 80", KITH_OK},
    {"82 01", KITH_ERR_MALFORMED},
    {"a1 01", KITH_ERR_MALFORMED},
    {"c1", KITH_ERR_MALFORMED},
    {"9b ffffffffffffffff 00", KITH_ERR_MALFORMED},
    {"bb 8000000000000000 00", KITH_ERR_MALFORMED},
};

static void
skipping_is_bounded_and_reads_whole_items(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(skips); i++) {
        KITH_AUTO(kith_buf) bytes = wire(skips[i].bytes);
        assert_ok(kith_buf_append(&bytes, kith_bytes_of_text("\x05")));
        kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
        print_message("# %s\n", skips[i].bytes);
        if (skips[i].expected != KITH_OK) {
            bytes.len--;
            r = kith_reader_of(kith_bytes_of_buf(&bytes));
        }
        assert_err(item_skip(&r, 3), skips[i].expected);
        assert_int_equal(kith_reader_peek(&r).len, skips[i].expected == KITH_OK ? 1 : bytes.len);
    }
}

static void
what_is_written_is_the_shortest_form(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    (void)state;

    assert_ok(item_write(&out, ITEM_ARRAY, 7));
    assert_ok(item_write(&out, ITEM_UINT, 24));
    assert_ok(item_write(&out, ITEM_UINT, 65536));
    assert_ok(item_write(&out, ITEM_BOOL, 1));
    assert_ok(item_write(&out, ITEM_NULL, 0));
    assert_ok(item_write(&out, ITEM_MAP, 0));
    assert_ok(item_write_bytes(&out, kith_bytes_of_text("ab")));
    assert_ok(item_write_text(&out, kith_bytes_of_text("cd")));

    assert_hex(kith_bytes_of_buf(&out), "8718181a00010000f5f6a0426162626364");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_item_is_read),
        cmocka_unit_test(only_the_deterministic_form_is_read),
        cmocka_unit_test(another_kind_or_value_than_expected_is_malformed_and_stays_unread),
        cmocka_unit_test(skipping_is_bounded_and_reads_whole_items),
        cmocka_unit_test(what_is_written_is_the_shortest_form),
    };

    return cmocka_run_group_tests_name("content: CBOR items", tests, NULL, NULL);
}
