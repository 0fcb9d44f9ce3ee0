/* SPDX-License-Identifier: MPL-2.0 */
/* The container of a message [MIMI-CONTENT §4]: seven items, the last of which is the body. */
#include "content/message.h"

#include <string.h>

#include "content/cbor.h"
#include "content/internal.h"
#include "content/part.h"

enum { CONTAINER_ITEMS = 7 };

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

/* Nothing in the extensions is for Kith, but they must be well-formed, in order and none twice
 * [MIMI-CONTENT §4.3]. */
static kith_err
skip_extensions(kith_reader *r)
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
        /* The map itself is the first level. */
        KITH_TRY(item_skip(r, CONTENT_DEPTH_MAX - 1));
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
    KITH_TRY(skip_extensions(r));
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
    KITH_TRY(item_write(out, ITEM_MAP, 0));
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
