/* SPDX-License-Identifier: MPL-2.0 */
/* The container of a message [MIMI-CONTENT §4]: seven items, the last of which is the body. */
#include "content/message.h"

#include <string.h>

#include "content/cbor.h"
#include "content/internal.h"
#include "content/part.h"

enum { CONTAINER_ITEMS = 7 };

/* The one extension that Kith sends and reads, and the bytes of its value. */
static const char head_name[] = "kith-head";
#define HEAD_LEN (8u + CONTENT_HEAD_ROOT_LEN + CONTENT_HEAD_SIGNATURE_LEN)

kith_err
content_settle(kith_buf *out, size_t mark, kith_err err)
{
    if (err != KITH_OK && out->len > mark) {
        kith_wipe(out->data + mark, out->len - mark);
        out->len = mark;
    }
    return err;
}

/* ---- Reading ---- */

/* null or 32 bytes */
static kith_err
read_optional_id(kith_reader *r, bool *has, uint8_t out[CONTENT_ID_LEN])
{
    item got;

    KITH_TRY(item_read(r, &got));
    if (got.kind == ITEM_NULL) {
        return KITH_OK;
    }
    KITH_ENSURE(got.kind == ITEM_BYTES && got.bytes.len == CONTENT_ID_LEN, KITH_ERR_MALFORMED);
    memcpy(out, got.bytes.data, CONTENT_ID_LEN);
    *has = true;
    return KITH_OK;
}

static kith_err
read_salt(kith_reader *r, uint8_t out[CONTENT_SALT_LEN])
{
    item got;

    KITH_TRY(item_expect(r, ITEM_BYTES, &got));
    KITH_ENSURE(got.bytes.len == CONTENT_SALT_LEN, KITH_ERR_MALFORMED);
    memcpy(out, got.bytes.data, CONTENT_SALT_LEN);
    return KITH_OK;
}

static kith_err
read_topic(kith_reader *r, kith_bytes *out)
{
    item got;

    KITH_TRY(item_expect(r, ITEM_BYTES, &got));
    KITH_ENSURE(got.bytes.len <= CONTENT_TOPIC_MAX, KITH_ERR_LIMIT);
    *out = got.bytes;
    return KITH_OK;
}

/* null or [relative, seconds] */
static kith_err
read_expiry(kith_reader *r, content_message *out)
{
    item got;
    item relative;
    uint64_t seconds = 0;

    KITH_TRY(item_read(r, &got));
    if (got.kind == ITEM_NULL) {
        return KITH_OK;
    }
    KITH_ENSURE(got.kind == ITEM_ARRAY && got.value == 2, KITH_ERR_MALFORMED);
    KITH_TRY(item_expect(r, ITEM_BOOL, &relative));
    KITH_TRY(item_read_uint(r, UINT32_MAX, &seconds));
    out->expiry = relative.value != 0 ? CONTENT_EXPIRY_AFTER_READING : CONTENT_EXPIRY_AT;
    out->expires = (uint32_t)seconds;
    return KITH_OK;
}

static kith_err
check_extension_name(const item *name)
{
    switch (name->kind) {
    case ITEM_UINT:
    case ITEM_NEGATIVE:
        return KITH_OK;
    case ITEM_TEXT:
        KITH_ENSURE(name->bytes.len > 0, KITH_ERR_MALFORMED);
        return name->bytes.len <= CONTENT_EXTENSION_NAME_MAX ? KITH_OK : KITH_ERR_LIMIT;
    default:
        return KITH_ERR_MALFORMED;
    }
}

static kith_err
read_head(kith_reader *r, content_head *out)
{
    content_head head = {0};
    item got;

    KITH_TRY(item_expect(r, ITEM_BYTES, &got));
    kith_reader fields = kith_reader_of(got.bytes);
    KITH_TRY(kith_read_u64(&fields, &head.size));
    KITH_TRY(kith_read_copy(&fields, head.root, sizeof head.root));
    KITH_TRY(kith_read_copy(&fields, head.signature, sizeof head.signature));
    KITH_TRY(kith_reader_finish(&fields));
    KITH_ENSURE(head.size > 0, KITH_ERR_MALFORMED);
    *out = head;
    return KITH_OK;
}

static kith_err
read_extension(kith_reader *r, const item *name, content_head *head)
{
    if (name->kind == ITEM_TEXT && kith_bytes_equal(name->bytes, kith_bytes_of_text(head_name))) {
        return read_head(r, head);
    }
    /* The map itself is the first level. */
    return item_skip(r, CONTENT_DEPTH_MAX - 1);
}

/* Also those that are not for Kith must be well-formed, in order and none twice [MIMI-CONTENT §4.3]. */
static kith_err
read_extensions(kith_reader *r, content_head *head)
{
    kith_bytes before = {0};
    item map;

    KITH_TRY(item_expect(r, ITEM_MAP, &map));
    KITH_ENSURE(map.value <= CONTENT_EXTENSIONS_MAX, KITH_ERR_LIMIT);
    for (uint64_t i = 0; i < map.value; i++) {
        const kith_reader from = *r;
        item name;
        KITH_TRY(item_read(r, &name));
        KITH_TRY(check_extension_name(&name));
        const kith_bytes encoded = kith_reader_since(&from, r);
        KITH_ENSURE(i == 0 || kith_bytes_compare(before, encoded) < 0, KITH_ERR_MALFORMED);
        before = encoded;
        KITH_TRY(read_extension(r, &name, head));
    }
    return KITH_OK;
}

static kith_err
read_body(kith_reader *r, content_message *out)
{
    part body;

    KITH_TRY(part_read(r, &body));
    out->kind = body.kind;
    out->language = body.language;
    out->markdown = body.markdown;
    out->body = body.body;
    return KITH_OK;
}

static kith_err
read_message(kith_reader *r, content_message *out)
{
    KITH_TRY(item_read_array(r, CONTAINER_ITEMS));
    KITH_TRY(read_salt(r, out->salt));
    KITH_TRY(read_optional_id(r, &out->has_replaces, out->replaces));
    KITH_TRY(read_topic(r, &out->topic));
    KITH_TRY(read_expiry(r, out));
    KITH_TRY(read_optional_id(r, &out->has_reply, out->in_reply_to));
    KITH_TRY(read_extensions(r, &out->head));
    KITH_TRY(read_body(r, out));
    return kith_reader_finish(r);
}

/* What holds for what is read and for what is written: a body within its limits, and the message that a
 * reaction or unsending is about. */
static kith_err
check_body(const content_message *in)
{
    const bool is_text = in->kind == CONTENT_TEXT || in->kind == CONTENT_REACTION;
    const size_t max = in->kind == CONTENT_TEXT       ? CONTENT_TEXT_MAX
                       : in->kind == CONTENT_REACTION ? CONTENT_REACTION_MAX
                                                      : CONTENT_MAX;

    if (in->kind == CONTENT_UNSEND || in->kind == CONTENT_OTHER) {
        return KITH_OK;
    }
    KITH_ENSURE(in->body.len <= max, KITH_ERR_LIMIT);
    KITH_ENSURE(!is_text || kith_utf8_is_valid(in->body), KITH_ERR_MALFORMED);
    return in->body.len > 0 ? KITH_OK : KITH_ERR_MALFORMED;
}

static bool
is_about_something(const content_message *in)
{
    return (in->kind != CONTENT_REACTION || in->has_reply) &&
           (in->kind != CONTENT_UNSEND || in->has_replaces);
}

kith_err
content_message_decode(kith_bytes bytes, content_message *out)
{
    kith_reader r = kith_reader_of(bytes);
    content_message message = {0};

    KITH_ENSURE(bytes.len <= CONTENT_MAX, KITH_ERR_LIMIT);
    KITH_TRY(read_message(&r, &message));
    KITH_TRY(check_body(&message));
    if (!is_about_something(&message)) {
        message.kind = CONTENT_OTHER;
    }
    *out = message;
    return KITH_OK;
}

/* ---- Writing ---- */

static kith_err
check_draft(const content_message *in)
{
    const bool is_quiet = in->kind == CONTENT_REPORT || in->kind == CONTENT_CONTROL;

    KITH_ENSURE(in->kind >= CONTENT_TEXT && in->kind < CONTENT_OTHER, KITH_ERR_INVALID);
    KITH_ENSURE(is_about_something(in), KITH_ERR_INVALID);
    KITH_ENSURE(!is_quiet || (!in->has_replaces && !in->has_reply), KITH_ERR_INVALID);
    KITH_ENSURE(!in->markdown || in->kind == CONTENT_TEXT, KITH_ERR_INVALID);
    KITH_ENSURE(in->kind != CONTENT_UNSEND || in->body.len == 0, KITH_ERR_INVALID);
    KITH_ENSURE(in->kind == CONTENT_UNSEND || in->body.len > 0, KITH_ERR_INVALID);
    KITH_ENSURE(in->expiry <= CONTENT_EXPIRY_AT, KITH_ERR_INVALID);
    KITH_ENSURE(in->topic.len <= CONTENT_TOPIC_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(in->language.len <= CONTENT_LANGUAGE_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(kith_utf8_is_valid(in->language), KITH_ERR_MALFORMED);
    return check_body(in);
}

static kith_err
write_optional_id(kith_buf *out, bool has, const uint8_t id[CONTENT_ID_LEN])
{
    return has ? item_write_bytes(out, kith_bytes_of(id, CONTENT_ID_LEN))
               : item_write(out, ITEM_NULL, 0);
}

static kith_err
write_expiry(kith_buf *out, const content_message *in)
{
    if (in->expiry == CONTENT_EXPIRY_NONE) {
        return item_write(out, ITEM_NULL, 0);
    }
    KITH_TRY(item_write(out, ITEM_ARRAY, 2));
    KITH_TRY(item_write(out, ITEM_BOOL, in->expiry == CONTENT_EXPIRY_AFTER_READING));
    return item_write(out, ITEM_UINT, in->expires);
}

static kith_err
write_extensions(kith_buf *out, const content_head *head)
{
    kith_writer w = kith_writer_of(out);

    if (head->size == 0) {
        return item_write(out, ITEM_MAP, 0);
    }
    KITH_TRY(item_write(out, ITEM_MAP, 1));
    KITH_TRY(item_write_text(out, kith_bytes_of_text(head_name)));
    KITH_TRY(item_write(out, ITEM_BYTES, HEAD_LEN));
    KITH_TRY(kith_write_u64(&w, head->size));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(head->root)));
    return kith_write_bytes(&w, KITH_BYTES(head->signature));
}

static kith_err
write_message(kith_buf *out, const content_message *in)
{
    const part body = {in->kind, in->language, in->markdown, in->body};
    const size_t start = out->len;

    KITH_TRY(item_write(out, ITEM_ARRAY, CONTAINER_ITEMS));
    KITH_TRY(item_write_bytes(out, KITH_BYTES(in->salt)));
    KITH_TRY(write_optional_id(out, in->has_replaces, in->replaces));
    KITH_TRY(item_write_bytes(out, in->topic));
    KITH_TRY(write_expiry(out, in));
    KITH_TRY(write_optional_id(out, in->has_reply, in->in_reply_to));
    KITH_TRY(write_extensions(out, &in->head));
    KITH_TRY(part_write(out, &body));
    return out->len - start <= CONTENT_MAX ? KITH_OK : KITH_ERR_LIMIT;
}

kith_err
content_message_encode(kith_buf *out, const content_message *in)
{
    const size_t mark = out->len;

    KITH_TRY(check_draft(in));
    return content_settle(out, mark, write_message(out, in));
}
