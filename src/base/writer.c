/* SPDX-License-Identifier: MPL-2.0 */
/* The writer of wire.h. A failed write leaves the buffer as it was. */
#include <string.h>

#include "base/wire.h"

kith_writer
kith_writer_of(kith_buf *buf)
{
    return (kith_writer){buf};
}

static void
put_uint(uint8_t *at, size_t size, uint64_t value)
{
    for (size_t i = size; i-- > 0; value >>= 8) {
        at[i] = (uint8_t)value;
    }
}

static kith_err
write_uint(kith_writer *w, size_t size, uint64_t value)
{
    uint8_t *at = NULL;

    KITH_TRY(kith_buf_extend(w->buf, size, &at));
    put_uint(at, size, value);
    return KITH_OK;
}

kith_err
kith_write_u8(kith_writer *w, uint8_t value)
{
    return write_uint(w, 1, value);
}

kith_err
kith_write_u16(kith_writer *w, uint16_t value)
{
    return write_uint(w, 2, value);
}

kith_err
kith_write_u32(kith_writer *w, uint32_t value)
{
    return write_uint(w, 4, value);
}

kith_err
kith_write_u64(kith_writer *w, uint64_t value)
{
    return write_uint(w, 8, value);
}

kith_err
kith_write_bool(kith_writer *w, bool value)
{
    return write_uint(w, 1, value ? 1 : 0);
}

kith_err
kith_write_bytes(kith_writer *w, kith_bytes bytes)
{
    return kith_buf_append(w->buf, bytes);
}

/* Bytes of the prefix of a vector of `len` bytes, or 0 where the form cannot say that length. The
 * variable form uses the smallest prefix that fits [RFC9420 §2.1.2]. */
static size_t
prefix_size(kith_vec form, size_t len)
{
    switch (form) {
    case KITH_VEC_8:
        return len <= 0xff ? 1 : 0;
    case KITH_VEC_16:
        return len <= 0xffff ? 2 : 0;
    case KITH_VEC_32:
        return len <= 0xffffffff ? 4 : 0;
    case KITH_VEC_VAR:
        if (len > KITH_VARVEC_MAX) {
            return 0;
        }
        return len < 1u << 6 ? 1 : len < 1u << 14 ? 2 : 4;
    }
    return 0;
}

static void
put_prefix(uint8_t *at, kith_vec form, size_t size, size_t len)
{
    put_uint(at, size, len);
    if (form == KITH_VEC_VAR) {
        at[0] = (uint8_t)(at[0] | (size == 1 ? 0 : size == 2 ? 0x40 : 0x80));
    }
}

static kith_err
write_vec(kith_writer *w, kith_vec form, kith_bytes bytes)
{
    const size_t size = prefix_size(form, bytes.len);
    uint8_t *at = NULL;

    KITH_ENSURE(size > 0, KITH_ERR_LIMIT);
    KITH_TRY(kith_buf_extend(w->buf, size + bytes.len, &at));
    put_prefix(at, form, size, bytes.len);
    if (bytes.len > 0) {
        memcpy(at + size, bytes.data, bytes.len);
    }
    return KITH_OK;
}

kith_err
kith_write_vec8(kith_writer *w, kith_bytes bytes)
{
    return write_vec(w, KITH_VEC_8, bytes);
}

kith_err
kith_write_vec16(kith_writer *w, kith_bytes bytes)
{
    return write_vec(w, KITH_VEC_16, bytes);
}

kith_err
kith_write_vec32(kith_writer *w, kith_bytes bytes)
{
    return write_vec(w, KITH_VEC_32, bytes);
}

kith_err
kith_write_varvec(kith_writer *w, kith_bytes bytes)
{
    return write_vec(w, KITH_VEC_VAR, bytes);
}

kith_err
kith_write_varint(kith_writer *w, uint32_t value)
{
    const size_t size = prefix_size(KITH_VEC_VAR, value);
    uint8_t *at = NULL;

    KITH_ENSURE(size > 0, KITH_ERR_LIMIT);
    KITH_TRY(kith_buf_extend(w->buf, size, &at));
    put_prefix(at, KITH_VEC_VAR, size, value);
    return KITH_OK;
}

/* Bytes set aside for a prefix while the length is unknown. */
static size_t
open_size(kith_vec form)
{
    return form == KITH_VEC_8 || form == KITH_VEC_VAR ? 1 : form == KITH_VEC_16 ? 2 : 4;
}

kith_err
kith_write_open(kith_writer *w, kith_vec form, size_t *mark)
{
    const size_t at = w->buf->len;
    uint8_t *prefix = NULL;

    KITH_TRY(kith_buf_extend(w->buf, open_size(form), &prefix));
    *mark = at;
    return KITH_OK;
}

kith_err
kith_write_close(kith_writer *w, kith_vec form, size_t mark)
{
    const size_t held = open_size(form);
    const size_t len = w->buf->len - mark - held;
    const size_t size = prefix_size(form, len);
    uint8_t *more = NULL;

    KITH_ENSURE(size > 0, KITH_ERR_LIMIT);
    KITH_TRY(kith_buf_extend(w->buf, size - held, &more));
    if (size > held && len > 0) {
        memmove(w->buf->data + mark + size, w->buf->data + mark + held, len);
    }
    put_prefix(w->buf->data + mark, form, size, len);
    return KITH_OK;
}
