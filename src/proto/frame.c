/* SPDX-License-Identifier: MPL-2.0 */
/* Frames (docs/wire.md §2): a length, a type, a request number, and a body that is not looked at. */
#include "proto/frame.h"

#include "proto/internal.h"
#include "proto/limits.h"

enum { LENGTH_LEN = 4 };

kith_err
proto_frame_take(kith_bytes input, uint32_t frame_max, proto_frame *out, size_t *used)
{
    kith_reader r = kith_reader_of(input);
    uint32_t length = 0;

    if (input.len < LENGTH_LEN) {
        *used = 0;
        return KITH_OK;
    }
    KITH_TRY(kith_read_u32(&r, &length));
    KITH_ENSURE(length >= PROTO_FRAME_MIN, KITH_ERR_MALFORMED);
    KITH_ENSURE(length <= frame_max, KITH_ERR_LIMIT);
    if (kith_reader_peek(&r).len < length) {
        *used = 0;
        return KITH_OK;
    }

    proto_frame frame = {0};
    KITH_TRY(kith_read_u8(&r, &frame.type));
    KITH_TRY(kith_read_u32(&r, &frame.request));
    KITH_TRY(kith_read_bytes(&r, length - PROTO_FRAME_MIN, &frame.body));
    *out = frame;
    *used = LENGTH_LEN + (size_t)length;
    return KITH_OK;
}

kith_err
proto_frame_encode(kith_buf *out, uint8_t type, uint32_t request, kith_bytes body)
{
    size_t mark = 0;

    KITH_TRY(proto_frame_open(out, type, request, &mark));
    return proto_frame_close(out, mark, kith_buf_append(out, body));
}

kith_err
proto_frame_open(kith_buf *out, uint8_t type, uint32_t request, size_t *mark)
{
    kith_writer w = kith_writer_of(out);
    size_t start = 0;

    KITH_TRY(kith_buf_reserve(out, LENGTH_LEN + PROTO_FRAME_MIN));
    KITH_TRY(kith_write_open(&w, KITH_VEC_32, &start));
    KITH_TRY(kith_write_u8(&w, type));
    KITH_TRY(kith_write_u32(&w, request));
    *mark = start;
    return KITH_OK;
}

kith_err
proto_frame_close(kith_buf *out, size_t mark, kith_err body_err)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(proto_settle(out, mark, body_err));
    if (out->len - mark - LENGTH_LEN > PROTO_FRAME_MAX) {
        return proto_settle(out, mark, KITH_ERR_LIMIT);
    }
    return kith_write_close(&w, KITH_VEC_32, mark);
}
