/* SPDX-License-Identifier: MPL-2.0 */
/* What the tests of base and crypto share: cmocka, and assertions about errors and bytes. */
#ifndef KITH_TESTS_BASE_CHECK_H
#define KITH_TESTS_BASE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

/* By name, so that a failure is readable. */
#define assert_err(actual, expected)                                                               \
    assert_string_equal(kith_err_name(actual), kith_err_name(expected))
#define assert_ok(actual) assert_err(actual, KITH_OK)

/* `expected` is hexadecimal. */
#define assert_hex(actual, expected)                                                               \
    do {                                                                                           \
        KITH_AUTO(kith_buf) assert_hex_ = {0};                                                     \
        assert_ok(kith_hex_encode(actual, &assert_hex_));                                          \
        assert_ok(kith_buf_append(&assert_hex_, kith_bytes_of("", 1)));                            \
        assert_string_equal((const char *)assert_hex_.data, expected);                             \
    } while (0)

/* `expected` is text. */
#define assert_text(actual, expected)                                                              \
    assert_true(kith_bytes_equal(actual, kith_bytes_of_text(expected)))

/* The bytes of a hexadecimal literal; owned by the caller. */
static inline kith_buf
of_hex(const char *hex)
{
    kith_buf out = {0};

    assert_ok(kith_hex_decode(kith_bytes_of_text(hex), &out));
    return out;
}

#define CHECK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
