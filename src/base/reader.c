/* SPDX-License-Identifier: MPL-2.0 */
/* The reader of wire.h. A failed read changes neither the reader nor the output. */
#include <string.h>

#include "base/wire.h"

kith_reader
kith_reader_of(kith_bytes bytes)
{
    return (kith_reader){bytes.data, bytes.len};
}

bool
kith_reader_done(const kith_reader *r)
{
    return r->left == 0;
}

kith_bytes
kith_reader_peek(const kith_reader *r)
{
    return (kith_bytes){r->next, r->left};
}

kith_bytes
kith_reader_since(const kith_reader *from, const kith_reader *r)
{
    return (kith_bytes){from->next, from->left - r->left};
}

kith_err
kith_reader_finish(const kith_reader *r)
{
    KITH_ENSURE(r->left == 0, KITH_ERR_MALFORMED);
    return KITH_OK;
}

kith_err
kith_read_bytes(kith_reader *r, size_t len, kith_bytes *out)
{
    KITH_ENSURE(r->left >= len, KITH_ERR_MALFORMED);
    *out = (kith_bytes){r->next, len};
    if (len > 0) {
        r->next += len;
        r->left -= len;
    }
    return KITH_OK;
}

kith_err
kith_read_copy(kith_reader *r, uint8_t *out, size_t len)
{
    kith_bytes bytes = {0};

    KITH_TRY(kith_read_bytes(r, len, &bytes));
    if (len > 0) {
        memcpy(out, bytes.data, len);
    }
    return KITH_OK;
}

/* A big-endian integer of `size` (1 to 8) bytes. */
static kith_err
read_uint(kith_reader *r, size_t size, uint64_t *out)
{
    kith_bytes bytes = {0};
    uint64_t value = 0;

    KITH_TRY(kith_read_bytes(r, size, &bytes));
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | bytes.data[i];
    }
    *out = value;
    return KITH_OK;
}

kith_err
kith_read_u8(kith_reader *r, uint8_t *out)
{
    uint64_t value = 0;

    KITH_TRY(read_uint(r, 1, &value));
    *out = (uint8_t)value;
    return KITH_OK;
}

kith_err
kith_read_u16(kith_reader *r, uint16_t *out)
{
    uint64_t value = 0;

    KITH_TRY(read_uint(r, 2, &value));
    *out = (uint16_t)value;
    return KITH_OK;
}

kith_err
kith_read_u32(kith_reader *r, uint32_t *out)
{
    uint64_t value = 0;

    KITH_TRY(read_uint(r, 4, &value));
    *out = (uint32_t)value;
    return KITH_OK;
}

kith_err
kith_read_u64(kith_reader *r, uint64_t *out)
{
    return read_uint(r, 8, out);
}

kith_err
kith_read_bool(kith_reader *r, bool *out)
{
    kith_reader ahead = *r;
    uint8_t value = 0;

    KITH_TRY(kith_read_u8(&ahead, &value));
    KITH_ENSURE(value <= 1, KITH_ERR_MALFORMED);
    *r = ahead;
    *out = value == 1;
    return KITH_OK;
}

static kith_err
read_vec(kith_reader *r, size_t prefix, kith_bytes *out)
{
    kith_reader ahead = *r;
    uint64_t len = 0;

    KITH_TRY(read_uint(&ahead, prefix, &len));
    KITH_ENSURE(len <= ahead.left, KITH_ERR_MALFORMED);
    KITH_TRY(kith_read_bytes(&ahead, (size_t)len, out));
    *r = ahead;
    return KITH_OK;
}

kith_err
kith_read_vec8(kith_reader *r, kith_bytes *out)
{
    return read_vec(r, 1, out);
}

kith_err
kith_read_vec16(kith_reader *r, kith_bytes *out)
{
    return read_vec(r, 2, out);
}

kith_err
kith_read_vec32(kith_reader *r, kith_bytes *out)
{
    return read_vec(r, 4, out);
}

/* The two top bits of the first byte give the size of the prefix: 1, 2 or 4 bytes; 0b11 is invalid,
 * and so is a prefix longer than the value needs [RFC9420 §2.1.2]. */
kith_err
kith_read_varint(kith_reader *r, uint32_t *out)
{
    static const uint32_t smallest[] = {0, 1u << 6, 1u << 14};
    static const uint32_t largest[] = {(1u << 6) - 1, (1u << 14) - 1, (1u << 30) - 1};
    kith_reader ahead = *r;
    uint64_t value = 0;

    KITH_ENSURE(ahead.left > 0, KITH_ERR_MALFORMED);
    const unsigned form = ahead.next[0] >> 6;
    KITH_ENSURE(form < 3, KITH_ERR_MALFORMED);
    const size_t size = (size_t)1 << form;
    KITH_TRY(read_uint(&ahead, size, &value));
    value &= largest[form];
    KITH_ENSURE(value >= smallest[form], KITH_ERR_MALFORMED);
    *r = ahead;
    *out = (uint32_t)value;
    return KITH_OK;
}

kith_err
kith_read_varvec(kith_reader *r, kith_bytes *out)
{
    kith_reader ahead = *r;
    uint32_t len = 0;

    KITH_TRY(kith_read_varint(&ahead, &len));
    KITH_TRY(kith_read_bytes(&ahead, len, out));
    *r = ahead;
    return KITH_OK;
}
