/* SPDX-License-Identifier: MPL-2.0 */
/* Lines, decimals, base64. */
#include "transparency/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

kith_err
kt_line_read(kith_reader *r, kith_bytes *out)
{
    const kith_bytes rest = kith_reader_peek(r);
    const uint8_t *end = rest.len > 0 ? memchr(rest.data, '\n', rest.len) : NULL;
    kith_bytes line = {0};

    KITH_ENSURE(end != NULL, KITH_ERR_MALFORMED);
    KITH_TRY(kith_read_bytes(r, (size_t)(end - rest.data) + 1, &line));
    *out = kith_bytes_of(line.data, line.len - 1);
    return KITH_OK;
}

kith_err
kt_line_after(kith_bytes line, const char *prefix, kith_bytes *out)
{
    const size_t len = strlen(prefix);

    KITH_ENSURE(line.len >= len && memcmp(line.data, prefix, len) == 0, KITH_ERR_MALFORMED);
    *out = kith_bytes_of(line.data + len, line.len - len);
    return KITH_OK;
}

kith_err
kt_decimal_read(kith_bytes text, uint64_t *out)
{
    uint64_t value = 0;

    KITH_ENSURE(text.len > 0 && text.len <= 19, KITH_ERR_MALFORMED); /* 2^63 has 19 digits */
    KITH_ENSURE(text.len == 1 || text.data[0] != '0', KITH_ERR_MALFORMED);
    for (size_t i = 0; i < text.len; i++) {
        KITH_ENSURE(text.data[i] >= '0' && text.data[i] <= '9', KITH_ERR_MALFORMED);
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    KITH_ENSURE(value <= INT64_MAX, KITH_ERR_MALFORMED);
    *out = value;
    return KITH_OK;
}

kith_err
kt_text_write(kith_buf *out, const char *text)
{
    return kith_buf_append(out, kith_bytes_of_text(text));
}

kith_err
kt_decimal_write(kith_buf *out, uint64_t value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return kt_text_write(out, digits);
}

/* 0 to 63; 64 for a character outside of the alphabet. */
static unsigned
value_of(uint8_t character)
{
    const char *at = character != 0 ? strchr(alphabet, character) : NULL;

    return at != NULL ? (unsigned)(at - alphabet) : 64;
}

static size_t
count_padding(kith_bytes text)
{
    size_t count = 0;

    while (count < 2 && count < text.len && text.data[text.len - 1 - count] == '=') {
        count++;
    }
    return count;
}

kith_err
kt_base64_len(kith_bytes text, size_t *out)
{
    const size_t padding = count_padding(text);

    KITH_ENSURE(text.len % 4 == 0, KITH_ERR_MALFORMED);
    for (size_t i = 0; i < text.len - padding; i++) {
        KITH_ENSURE(value_of(text.data[i]) < 64, KITH_ERR_MALFORMED);
    }
    if (padding > 0) {
        /* Bits that stand for nothing are zero, so that every text has one form. */
        const unsigned last = value_of(text.data[text.len - padding - 1]);
        KITH_ENSURE((last & ((1u << 2 * padding) - 1)) == 0, KITH_ERR_MALFORMED);
    }
    *out = text.len / 4 * 3 - padding;
    return KITH_OK;
}

kith_err
kt_base64_decode(kith_bytes text, kith_buf *out)
{
    uint8_t *to = NULL;
    size_t len = 0;
    uint32_t bits = 0;

    KITH_TRY(kt_base64_len(text, &len));
    KITH_TRY(kith_buf_extend(out, len, &to));
    for (size_t i = 0, written = 0; written < len; i++) {
        bits = bits << 6 | (value_of(text.data[i]) & 63);
        if (i % 4 != 0) {
            to[written++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
        }
    }
    return KITH_OK;
}

kith_err
kt_base64_encode(kith_bytes bytes, kith_buf *out)
{
    uint8_t *to = NULL;

    KITH_ENSURE(bytes.len <= SIZE_MAX / 8, KITH_ERR_LIMIT);
    KITH_TRY(kith_buf_extend(out, (bytes.len + 2) / 3 * 4, &to));
    for (size_t i = 0; i < bytes.len; i += 3, to += 4) {
        const size_t have = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++) {
            bits = bits << 8 | (k < have ? bytes.data[i + k] : 0u);
        }
        for (size_t k = 0; k < 4; k++) {
            const char digit = alphabet[bits >> (18 - 6 * k) & 63];
            to[k] = (uint8_t)(k <= have ? digit : '=');
        }
    }
    return KITH_OK;
}

kith_err
kt_hash_line_read(kith_bytes line, kt_hash *out)
{
    KITH_AUTO(kith_buf) bytes = {0};

    KITH_ENSURE(line.len == (KT_HASH_LEN + 2) / 3 * 4, KITH_ERR_MALFORMED);
    KITH_TRY(kt_base64_decode(line, &bytes));
    KITH_ENSURE(bytes.len == KT_HASH_LEN, KITH_ERR_MALFORMED);
    memcpy(out->bytes, bytes.data, KT_HASH_LEN);
    return KITH_OK;
}

kith_err
kt_hash_lines_read(kith_reader *r, kt_hash *out, size_t *count)
{
    kith_bytes line = {0};

    KITH_TRY(kt_line_read(r, &line));
    while (line.len > 0) {
        KITH_ENSURE(*count < KT_MERKLE_PATH_MAX, KITH_ERR_MALFORMED);
        KITH_TRY(kt_hash_line_read(line, &out[*count]));
        (*count)++;
        KITH_TRY(kt_line_read(r, &line));
    }
    return KITH_OK;
}

kith_err
kt_hash_line_write(kith_buf *out, const kt_hash *hash)
{
    KITH_TRY(kt_base64_encode(kt_hash_bytes(hash), out));
    return kt_text_write(out, "\n");
}

bool
kt_text_is_clean(kith_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 && text.data[i] != '\n') {
            return false;
        }
    }
    return kith_utf8_is_valid(text);
}

/* White space beyond ASCII, as Unicode has it, in UTF-8. */
static const char *const spaces[] = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
};

static bool
begins_with_space(kith_bytes text)
{
    if (text.data[0] <= ' ') {
        return true;
    }
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        const size_t len = strlen(spaces[i]);
        if (text.len >= len && memcmp(text.data, spaces[i], len) == 0) {
            return true;
        }
    }
    return false;
}

bool
kt_text_is_name(kith_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '+' || begins_with_space(kith_bytes_of(text.data + i, text.len - i))) {
            return false;
        }
    }
    return text.len > 0 && kith_utf8_is_valid(text);
}
