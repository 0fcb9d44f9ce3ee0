/* SPDX-License-Identifier: MPL-2.0 */
/* Where a Kith server is, as text: the part that links and linking codes share (docs/wire.md §6). */
#include <stdio.h>
#include <string.h>

#include "proto/text.h"

enum { DECIMAL_DIGITS_MAX = 10 };

bool
proto_text_split(kith_bytes text, char at, kith_bytes *before, kith_bytes *after)
{
    const uint8_t *found = text.len > 0 ? memchr(text.data, at, text.len) : NULL;

    if (found == NULL) {
        return false;
    }
    const size_t len = (size_t)(found - text.data);
    *before = kith_bytes_of(text.data, len);
    *after = kith_bytes_of(found + 1, text.len - len - 1);
    return true;
}

kith_err
proto_text_number(kith_bytes text, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;

    KITH_ENSURE(text.len > 0 && text.len <= DECIMAL_DIGITS_MAX, KITH_ERR_MALFORMED);
    KITH_ENSURE(text.len == 1 || text.data[0] != '0', KITH_ERR_MALFORMED);
    for (size_t i = 0; i < text.len; i++) {
        KITH_ENSURE(text.data[i] >= '0' && text.data[i] <= '9', KITH_ERR_MALFORMED);
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    KITH_ENSURE(value <= max, KITH_ERR_MALFORMED);
    *out = (uint32_t)value;
    return KITH_OK;
}

static bool
is_hex_digit(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

static bool
is_name_character(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '.' || byte == '-' || byte == '_';
}

/* A host holds a colon exactly when it is an IPv6 address, and then nothing that IPv6 does not have. */
static kith_err
check_host(kith_bytes host, bool is_ipv6)
{
    bool has_colon = false;

    KITH_ENSURE(host.len > 0, KITH_ERR_MALFORMED);
    KITH_ENSURE(host.len <= PROTO_HOST_MAX, KITH_ERR_LIMIT);
    for (size_t i = 0; i < host.len; i++) {
        const uint8_t byte = host.data[i];
        const bool fits =
            is_ipv6 ? is_hex_digit(byte) || byte == ':' || byte == '.' : is_name_character(byte);
        KITH_ENSURE(fits, KITH_ERR_MALFORMED);
        has_colon = has_colon || byte == ':';
    }
    return has_colon == is_ipv6 ? KITH_OK : KITH_ERR_MALFORMED;
}

/* `rest` is what stands behind the host: nothing, or a colon and the port. */
static kith_err
read_port(kith_bytes rest, uint16_t *out)
{
    kith_bytes before;
    kith_bytes digits;
    uint32_t port = PROTO_PORT;

    if (rest.len > 0) {
        KITH_ENSURE(proto_text_split(rest, ':', &before, &digits) && before.len == 0,
                    KITH_ERR_MALFORMED);
        KITH_TRY(proto_text_number(digits, UINT16_MAX, &port));
        KITH_ENSURE(port > 0, KITH_ERR_MALFORMED);
    }
    *out = (uint16_t)port;
    return KITH_OK;
}

kith_err
proto_address_decode(kith_bytes text, proto_address *out)
{
    const bool is_ipv6 = text.len > 0 && text.data[0] == '[';
    proto_address address = {0};
    kith_bytes host = text;
    kith_bytes rest = {0};

    if (is_ipv6) {
        KITH_ENSURE(proto_text_split(kith_bytes_of(text.data + 1, text.len - 1), ']', &host, &rest),
                    KITH_ERR_MALFORMED);
    } else if (proto_text_split(text, ':', &host, &rest)) {
        rest = kith_bytes_of(text.data + host.len, text.len - host.len);
    }
    KITH_TRY(check_host(host, is_ipv6));
    KITH_TRY(read_port(rest, &address.port));
    memcpy(address.host, host.data, host.len);
    *out = address;
    return KITH_OK;
}

kith_err
proto_address_encode(kith_buf *out, const proto_address *in)
{
    const kith_bytes host = kith_bytes_of(in->host, strnlen(in->host, sizeof in->host));
    const bool is_ipv6 = memchr(in->host, ':', host.len) != NULL;
    char text[PROTO_HOST_MAX + sizeof "[]:65535"];

    KITH_TRY(check_host(host, is_ipv6));
    KITH_ENSURE(in->port > 0, KITH_ERR_MALFORMED);
    const int len = snprintf(text, sizeof text, is_ipv6 ? "[%.*s]:%u" : "%.*s:%u", (int)host.len,
                             in->host, (unsigned)in->port);
    return kith_buf_append(out, kith_bytes_of(text, (size_t)len));
}
