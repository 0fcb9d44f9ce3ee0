/* SPDX-License-Identifier: MPL-2.0 */
/* Text forms of bytes: hexadecimal, base64url [RFC4648 §5], UTF-8 [RFC3629]. Not constant time: the
 * text of a secret is as secret as the secret, its alphabet position may leak through the cache, so
 * only links and public values pass here. */
#include "base/bytes.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int
hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int
base64url_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '-') {
        return 62;
    }
    return c == '_' ? 63 : -1;
}

kith_err
kith_hex_encode(kith_bytes bytes, kith_buf *out)
{
    uint8_t *at = NULL;

    KITH_ENSURE(bytes.len <= SIZE_MAX / 2, KITH_ERR_LIMIT);
    KITH_TRY(kith_buf_extend(out, bytes.len * 2, &at));
    for (size_t i = 0; i < bytes.len; i++) {
        at[2 * i] = (uint8_t)hex_digits[bytes.data[i] >> 4];
        at[2 * i + 1] = (uint8_t)hex_digits[bytes.data[i] & 15];
    }
    return KITH_OK;
}

kith_err
kith_hex_decode(kith_bytes text, kith_buf *out)
{
    uint8_t *at = NULL;

    KITH_ENSURE(text.len % 2 == 0, KITH_ERR_MALFORMED);
    for (size_t i = 0; i < text.len; i++) {
        KITH_ENSURE(hex_value(text.data[i]) >= 0, KITH_ERR_MALFORMED);
    }
    KITH_TRY(kith_buf_extend(out, text.len / 2, &at));
    for (size_t i = 0; i < text.len / 2; i++) {
        const int high = hex_value(text.data[2 * i]);
        at[i] = (uint8_t)(high << 4 | hex_value(text.data[2 * i + 1]));
    }
    return KITH_OK;
}

kith_err
kith_base64url_encode(kith_bytes bytes, kith_buf *out)
{
    uint8_t *at = NULL;
    uint32_t bits = 0;
    unsigned held = 0;

    KITH_ENSURE(bytes.len <= SIZE_MAX / 8 - 5, KITH_ERR_LIMIT);
    KITH_TRY(kith_buf_extend(out, (bytes.len * 8 + 5) / 6, &at));
    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | bytes.data[i];
        for (held += 8; held >= 6; held -= 6) {
            *at++ = (uint8_t)base64url_digits[bits >> (held - 6) & 63];
        }
    }
    if (held > 0) {
        *at = (uint8_t)base64url_digits[bits << (6 - held) & 63];
    }
    return KITH_OK;
}

kith_err
kith_base64url_decode(kith_bytes text, kith_buf *out)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = out->alloc};
    uint8_t *at = NULL;
    uint32_t bits = 0;
    unsigned held = 0;

    KITH_ENSURE(text.len <= SIZE_MAX / 6, KITH_ERR_LIMIT);
    KITH_ENSURE(text.len % 4 != 1, KITH_ERR_MALFORMED);
    KITH_TRY(kith_buf_extend(&bytes, text.len * 6 / 8, &at));
    for (size_t i = 0; i < text.len; i++) {
        const int value = base64url_value(text.data[i]);
        KITH_ENSURE(value >= 0, KITH_ERR_MALFORMED);
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *at++ = (uint8_t)(bits >> held);
        }
    }
    KITH_ENSURE((bits & ((1u << held) - 1)) == 0, KITH_ERR_MALFORMED);
    return kith_buf_append(out, kith_bytes_of_buf(&bytes));
}

/* How many continuation bytes follow `lead`, and the range the first of them must be in
 * [RFC3629 §4]; -1 for a byte that leads nothing. */
static int
utf8_lead(uint8_t lead, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (lead >= 1 && lead <= 0x7f) {
        return 0;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 1;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        *low = lead == 0xe0 ? 0xa0 : 0x80;
        *high = lead == 0xed ? 0x9f : 0xbf;
        return 2;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        *low = lead == 0xf0 ? 0x90 : 0x80;
        *high = lead == 0xf4 ? 0x8f : 0xbf;
        return 3;
    }
    return -1;
}

bool
kith_utf8_is_valid(kith_bytes text)
{
    size_t i = 0;

    while (i < text.len) {
        uint8_t low = 0;
        uint8_t high = 0;
        const int more = utf8_lead(text.data[i++], &low, &high);
        if (more < 0 || text.len - i < (size_t)more) {
            return false;
        }
        for (int k = 0; k < more; k++, i++) {
            if (text.data[i] < low || text.data[i] > high) {
                return false;
            }
            low = 0x80;
            high = 0xbf;
        }
    }
    return true;
}
