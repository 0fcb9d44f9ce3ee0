/* SPDX-License-Identifier: MPL-2.0 */
/* Reports of what happened to messages [MIMI-STATUS §3]: an array of [message id, status]. */
#include "content/report.h"

#include <string.h>

#include "content/cbor.h"
#include "content/internal.h"

static kith_err
read_mark(kith_reader *r, content_mark *out)
{
    content_mark mark;
    item id;
    uint64_t status = 0;

    KITH_TRY(item_read_array(r, 2));
    KITH_TRY(item_expect(r, ITEM_BYTES, &id));
    KITH_ENSURE(id.bytes.len == CONTENT_ID_LEN, KITH_ERR_MALFORMED);
    KITH_TRY(item_read_uint(r, UINT8_MAX, &status));
    memcpy(mark.message_id, id.bytes.data, CONTENT_ID_LEN);
    mark.status = (uint8_t)status;
    *out = mark;
    return KITH_OK;
}

static kith_err
write_marks(kith_buf *out, const content_mark *marks, size_t count)
{
    KITH_TRY(item_write(out, ITEM_ARRAY, count));
    for (size_t i = 0; i < count; i++) {
        KITH_TRY(item_write(out, ITEM_ARRAY, 2));
        KITH_TRY(item_write_bytes(out, KITH_BYTES(marks[i].message_id)));
        KITH_TRY(item_write(out, ITEM_UINT, marks[i].status));
    }
    return KITH_OK;
}

kith_err
content_report_encode(kith_buf *out, const content_mark *marks, size_t count)
{
    const size_t mark = out->len;

    KITH_ENSURE(count > 0 && count <= CONTENT_REPORT_MAX, KITH_ERR_LIMIT);
    return content_settle(out, mark, write_marks(out, marks, count));
}

kith_err
content_report_decode(kith_bytes body, content_report *out)
{
    kith_reader r = kith_reader_of(body);
    content_mark mark;
    item list;

    KITH_TRY(item_expect(&r, ITEM_ARRAY, &list));
    KITH_ENSURE(list.value > 0, KITH_ERR_MALFORMED);
    KITH_ENSURE(list.value <= CONTENT_REPORT_MAX, KITH_ERR_LIMIT);
    const kith_bytes marks = kith_reader_peek(&r);
    for (uint64_t i = 0; i < list.value; i++) {
        KITH_TRY(read_mark(&r, &mark));
    }
    KITH_TRY(kith_reader_finish(&r));
    *out = (content_report){marks, (size_t)list.value};
    return KITH_OK;
}

bool
content_report_next(content_report *report, content_mark *out)
{
    kith_reader r = kith_reader_of(report->marks);

    if (report->count == 0 || read_mark(&r, out) != KITH_OK) {
        return false;
    }
    report->marks = kith_reader_peek(&r);
    report->count--;
    return true;
}
