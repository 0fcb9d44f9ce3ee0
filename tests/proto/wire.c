/* SPDX-License-Identifier: MPL-2.0 */
/* Bytes in a short notation, and the checks that every codec gets. */
#include "proto/wire.h"

#include <stdlib.h>
#include <string.h>

static void
append_word(const char *word, size_t len, kith_buf *out)
{
    const char *star = memchr(word, '*', len);
    const size_t digits = star != NULL ? (size_t)(star - word) : len;
    const unsigned long times = star != NULL ? strtoul(star + 1, NULL, 10) : 1;

    for (unsigned long i = 0; i < times; i++) {
        assert_ok(kith_hex_decode(kith_bytes_of(word, digits), out));
    }
}

kith_buf
wire(const char *notation)
{
    kith_buf out = {0};

    while (*notation != '\0') {
        const size_t len = strcspn(notation, " ");
        append_word(notation, len, &out);
        notation += len + strspn(notation + len, " ");
    }
    return out;
}

void
assert_codec(const char *name, kith_bytes encoded, wire_again again)
{
    KITH_AUTO(kith_buf) out = {0};
    KITH_AUTO(kith_buf) longer = {0};

    print_message("# %s\n", name);
    assert_ok(again(encoded, &out));
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&out), encoded));
    for (size_t len = 0; len < encoded.len; len++) {
        /* A copy of its own size, so that reading past its end is noticed. */
        KITH_AUTO(kith_buf) prefix = {0};
        assert_ok(kith_buf_append(&prefix, kith_bytes_of(encoded.data, len)));
        kith_buf_clear(&out);
        assert_err(again(kith_bytes_of_buf(&prefix), &out), KITH_ERR_MALFORMED);
        assert_int_equal(out.len, 0);
    }
    assert_ok(kith_buf_append(&longer, encoded));
    assert_ok(kith_buf_append(&longer, kith_bytes_of("", 1)));
    assert_err(again(kith_bytes_of_buf(&longer), &out), KITH_ERR_MALFORMED);
}
