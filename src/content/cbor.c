/* SPDX-License-Identifier: MPL-2.0 */
/* CBOR items one at a time: a thin face of libcbor's stateless decoder and encoders. */
#include "content/cbor.h"

#include <cbor.h>

#include "content/limits.h"

enum { HEAD_MAX = 9 };

/* ---- Reading: libcbor calls back exactly once for each complete item ---- */

static void
take(void *to, item_kind kind, uint64_t value)
{
    *(item *)to = (item){.kind = kind, .value = value};
}

static void
on_uint8(void *to, uint8_t value)
{
    take(to, ITEM_UINT, value);
}

static void
on_uint16(void *to, uint16_t value)
{
    take(to, ITEM_UINT, value);
}

static void
on_uint32(void *to, uint32_t value)
{
    take(to, ITEM_UINT, value);
}

static void
on_uint64(void *to, uint64_t value)
{
    take(to, ITEM_UINT, value);
}

static void
on_negative8(void *to, uint8_t value)
{
    take(to, ITEM_NEGATIVE, value);
}

static void
on_negative16(void *to, uint16_t value)
{
    take(to, ITEM_NEGATIVE, value);
}

static void
on_negative32(void *to, uint32_t value)
{
    take(to, ITEM_NEGATIVE, value);
}

static void
on_negative64(void *to, uint64_t value)
{
    take(to, ITEM_NEGATIVE, value);
}

static void
on_bytes(void *to, cbor_data data, uint64_t len)
{
    *(item *)to = (item){ITEM_BYTES, len, kith_bytes_of(data, (size_t)len)};
}

static void
on_text(void *to, cbor_data data, uint64_t len)
{
    *(item *)to = (item){ITEM_TEXT, len, kith_bytes_of(data, (size_t)len)};
}

static void
on_array(void *to, uint64_t count)
{
    take(to, ITEM_ARRAY, count);
}

static void
on_map(void *to, uint64_t count)
{
    take(to, ITEM_MAP, count);
}

static void
on_tag(void *to, uint64_t value)
{
    take(to, ITEM_TAG, value);
}

static void
on_bool(void *to, bool value)
{
    take(to, ITEM_BOOL, value);
}

static void
on_null(void *to)
{
    take(to, ITEM_NULL, 0);
}

static void
on_float(void *to, float value)
{
    (void)value;
    take(to, ITEM_FLOAT, 0);
}

static void
on_double(void *to, double value)
{
    (void)value;
    take(to, ITEM_FLOAT, 0);
}

/* Indefinite lengths, breaks and `undefined` have no place in what we read: the item stays NONE. */
static void
on_other(void *to)
{
    take(to, ITEM_NONE, 0);
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint64 = on_negative64,
    .negint32 = on_negative32,
    .negint16 = on_negative16,
    .negint8 = on_negative8,
    .byte_string_start = on_other,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = on_other,
    .indef_array_start = on_other,
    .array_start = on_array,
    .indef_map_start = on_other,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_other,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = on_other,
};

/* Bytes of the shortest head that says `value` [RFC8949 §4.2.1]. */
static size_t
shortest_head(uint64_t value)
{
    return value < 24            ? 1
           : value <= UINT8_MAX  ? 2
           : value <= UINT16_MAX ? 3
           : value <= UINT32_MAX ? 5
                                 : HEAD_MAX;
}

kith_err
item_read(kith_reader *r, item *out)
{
    const kith_bytes left = kith_reader_peek(r);
    item got = {0};
    kith_bytes skipped;

    KITH_ENSURE(left.len > 0, KITH_ERR_MALFORMED);
    const struct cbor_decoder_result result =
        cbor_stream_decode(left.data, left.len, &callbacks, &got);
    KITH_ENSURE(result.status == CBOR_DECODER_FINISHED, KITH_ERR_MALFORMED);
    KITH_ENSURE(got.kind != ITEM_NONE, KITH_ERR_MALFORMED);
    if (got.kind != ITEM_FLOAT) {
        KITH_ENSURE(result.read - got.bytes.len ==
                        shortest_head(got.kind == ITEM_BOOL ? 0 : got.value),
                    KITH_ERR_MALFORMED);
    }
    KITH_ENSURE(got.kind != ITEM_TEXT || kith_utf8_is_valid(got.bytes), KITH_ERR_MALFORMED);
    KITH_TRY(kith_read_bytes(r, result.read, &skipped));
    *out = got;
    return KITH_OK;
}

kith_err
item_expect(kith_reader *r, item_kind kind, item *out)
{
    kith_reader at = *r;
    item got;

    KITH_TRY(item_read(&at, &got));
    KITH_ENSURE(got.kind == kind, KITH_ERR_MALFORMED);
    *r = at;
    *out = got;
    return KITH_OK;
}

kith_err
item_read_uint(kith_reader *r, uint64_t max, uint64_t *out)
{
    kith_reader at = *r;
    item got;

    KITH_TRY(item_expect(&at, ITEM_UINT, &got));
    KITH_ENSURE(got.value <= max, KITH_ERR_MALFORMED);
    *r = at;
    *out = got.value;
    return KITH_OK;
}

kith_err
item_read_array(kith_reader *r, uint64_t count)
{
    kith_reader at = *r;
    item got;

    KITH_TRY(item_expect(&at, ITEM_ARRAY, &got));
    KITH_ENSURE(got.value == count, KITH_ERR_MALFORMED);
    *r = at;
    return KITH_OK;
}

/* How many items follow the head of one. */
static kith_err
count_inside(const item *head, uint64_t *out)
{
    const uint64_t each = head->kind == ITEM_MAP ? 2 : 1;
    const bool holds = head->kind == ITEM_ARRAY || head->kind == ITEM_MAP;

    KITH_ENSURE(!holds || head->value <= CONTENT_PADDED_MAX, KITH_ERR_MALFORMED);
    *out = head->kind == ITEM_TAG ? 1 : holds ? head->value * each : 0;
    return KITH_OK;
}

kith_err
item_skip(kith_reader *r, size_t depth_max)
{
    uint64_t left[CONTENT_DEPTH_MAX + 1] = {1};
    kith_reader at = *r;
    size_t depth = 0;

    while (left[0] > 0 || depth > 0) {
        if (left[depth] == 0) {
            depth--;
            continue;
        }
        item head;
        uint64_t inside = 0;
        left[depth]--;
        KITH_TRY(item_read(&at, &head));
        KITH_TRY(count_inside(&head, &inside));
        const bool holds =
            head.kind == ITEM_ARRAY || head.kind == ITEM_MAP || head.kind == ITEM_TAG;
        if (holds) {
            KITH_ENSURE(depth < depth_max && depth < CONTENT_DEPTH_MAX, KITH_ERR_LIMIT);
            left[++depth] = inside;
        }
    }
    *r = at;
    return KITH_OK;
}

/* ---- Writing ---- */

static size_t
fill_head(uint8_t head[HEAD_MAX], item_kind kind, uint64_t value)
{
    switch (kind) {
    case ITEM_UINT:
        return cbor_encode_uint(value, head, HEAD_MAX);
    case ITEM_BYTES:
        return cbor_encode_bytestring_start((size_t)value, head, HEAD_MAX);
    case ITEM_TEXT:
        return cbor_encode_string_start((size_t)value, head, HEAD_MAX);
    case ITEM_ARRAY:
        return cbor_encode_array_start((size_t)value, head, HEAD_MAX);
    case ITEM_MAP:
        return cbor_encode_map_start((size_t)value, head, HEAD_MAX);
    case ITEM_BOOL:
        return cbor_encode_bool(value != 0, head, HEAD_MAX);
    case ITEM_NULL:
        return cbor_encode_null(head, HEAD_MAX);
    default:
        return 0;
    }
}

kith_err
item_write(kith_buf *out, item_kind kind, uint64_t value)
{
    uint8_t head[HEAD_MAX];

    return kith_buf_append(out, kith_bytes_of(head, fill_head(head, kind, value)));
}

kith_err
item_write_bytes(kith_buf *out, kith_bytes bytes)
{
    KITH_TRY(item_write(out, ITEM_BYTES, bytes.len));
    return kith_buf_append(out, bytes);
}

kith_err
item_write_text(kith_buf *out, kith_bytes text)
{
    KITH_TRY(item_write(out, ITEM_TEXT, text.len));
    return kith_buf_append(out, text);
}
