/* SPDX-License-Identifier: MPL-2.0 */
/* What devices tell each other: one reader and one writer for each type, fields in wire order. */
#include "content/control.h"

#include <string.h>

#include "content/internal.h"

enum { VERSION = 1 };

static kith_err
check_name(kith_bytes name)
{
    KITH_ENSURE(name.len <= CONTENT_NAME_MAX, KITH_ERR_LIMIT);
    return kith_utf8_is_valid(name) ? KITH_OK : KITH_ERR_MALFORMED;
}

static kith_err
read_name(kith_reader *r, kith_bytes *out)
{
    KITH_TRY(kith_read_vec8(r, out));
    return check_name(*out);
}

static kith_err
write_name(kith_writer *w, kith_bytes name)
{
    KITH_TRY(check_name(name));
    return kith_write_vec8(w, name);
}

/* ---- History ---- */

static kith_err
write_entry(kith_writer *w, const content_history_entry *entry)
{
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(entry->message_id)));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(entry->account_id)));
    KITH_TRY(kith_write_u64(w, entry->sent_ms));
    return kith_write_vec32(w, entry->content);
}

kith_err
content_history_append(kith_buf *out, const content_history_entry *entry)
{
    const size_t mark = out->len;
    kith_writer w = kith_writer_of(out);

    KITH_ENSURE(entry->content.len > 0 && entry->content.len <= CONTENT_MAX, KITH_ERR_LIMIT);
    return content_settle(out, mark, write_entry(&w, entry));
}

kith_err
content_history_next(kith_reader *r, content_history_entry *out)
{
    content_history_entry entry;
    kith_reader at = *r;

    KITH_TRY(kith_read_copy(&at, entry.message_id, sizeof entry.message_id));
    KITH_TRY(kith_read_copy(&at, entry.account_id, sizeof entry.account_id));
    KITH_TRY(kith_read_u64(&at, &entry.sent_ms));
    KITH_TRY(kith_read_vec32(&at, &entry.content));
    KITH_ENSURE(entry.content.len > 0, KITH_ERR_MALFORMED);
    KITH_ENSURE(entry.content.len <= CONTENT_MAX, KITH_ERR_LIMIT);
    *r = at;
    *out = entry;
    return KITH_OK;
}

static kith_err
check_entries(kith_bytes entries)
{
    kith_reader r = kith_reader_of(entries);
    size_t count = 0;

    while (!kith_reader_done(&r)) {
        content_history_entry entry;
        KITH_ENSURE(++count <= CONTENT_HISTORY_MAX, KITH_ERR_LIMIT);
        KITH_TRY(content_history_next(&r, &entry));
    }
    return KITH_OK;
}

/* ---- Reading ---- */

static kith_err
read_hello(kith_reader *r, content_hello *out)
{
    KITH_TRY(read_name(r, &out->name));
    KITH_TRY(kith_read_u8(r, &out->role));
    KITH_ENSURE(out->role <= CONTENT_ROLE_INVITER, KITH_ERR_MALFORMED);
    return kith_read_copy(r, out->proof, sizeof out->proof);
}

static kith_err
read_invite_made(kith_reader *r, content_invite_made *out)
{
    KITH_TRY(kith_read_copy(r, out->secret, sizeof out->secret));
    return kith_read_u64(r, &out->expires_ms);
}

static kith_err
read_contact(kith_reader *r, content_contact *out)
{
    KITH_TRY(kith_read_copy(r, out->account_id, sizeof out->account_id));
    KITH_TRY(kith_read_vec8(r, &out->account_key));
    KITH_ENSURE(out->account_key.len > 0, KITH_ERR_MALFORMED);
    KITH_TRY(read_name(r, &out->name));
    KITH_TRY(kith_read_u8(r, &out->state));
    return kith_read_copy(r, out->conv_id, sizeof out->conv_id);
}

static kith_err
read_conv_state(kith_reader *r, content_conv_state *out)
{
    KITH_TRY(kith_read_copy(r, out->conv_id, sizeof out->conv_id));
    KITH_TRY(kith_read_u8(r, &out->state));
    return out->state >= CONTENT_CONV_ACCEPTED && out->state <= CONTENT_CONV_LEFT
               ? KITH_OK
               : KITH_ERR_MALFORMED;
}

static kith_err
read_history(kith_reader *r, content_history *out)
{
    KITH_TRY(kith_read_copy(r, out->conv_id, sizeof out->conv_id));
    KITH_TRY(kith_read_vec32(r, &out->entries));
    return check_entries(out->entries);
}

static kith_err
read_conv_and_u64(kith_reader *r, uint8_t conv_id[32], uint64_t *out)
{
    KITH_TRY(kith_read_copy(r, conv_id, 32));
    return kith_read_u64(r, out);
}

static kith_err
read_fields(kith_reader *r, content_control *out)
{
    switch (out->type) {
    case CONTENT_CONTROL_HELLO:
        return read_hello(r, &out->as.hello);
    case CONTENT_CONTROL_PROFILE:
        return read_name(r, &out->as.profile.name);
    case CONTENT_CONTROL_INVITE_MADE:
        return read_invite_made(r, &out->as.invite_made);
    case CONTENT_CONTROL_CONTACT:
        return read_contact(r, &out->as.contact);
    case CONTENT_CONTROL_READ_MARK:
        return read_conv_and_u64(r, out->as.read_mark.conv_id, &out->as.read_mark.seq);
    case CONTENT_CONTROL_CONV_STATE:
        return read_conv_state(r, &out->as.conv_state);
    case CONTENT_CONTROL_REJOIN:
        return kith_read_copy(r, out->as.rejoin.conv_id, sizeof out->as.rejoin.conv_id);
    case CONTENT_CONTROL_HISTORY_REQUEST:
        return read_conv_and_u64(r, out->as.history_request.conv_id,
                                 &out->as.history_request.from_ms);
    default:
        return read_history(r, &out->as.history);
    }
}

kith_err
content_control_decode(kith_bytes body, content_control *out)
{
    kith_reader r = kith_reader_of(body);
    content_control control;
    uint8_t type = 0;
    uint8_t version = 0;

    memset(&control, 0, sizeof control);
    KITH_ENSURE(body.len <= CONTENT_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_read_u8(&r, &type));
    KITH_TRY(kith_read_u8(&r, &version));
    if (version == VERSION && type >= CONTENT_CONTROL_HELLO && type <= CONTENT_CONTROL_HISTORY) {
        control.type = (content_control_type)type;
        KITH_TRY(read_fields(&r, &control));
        KITH_TRY(kith_reader_finish(&r));
    }
    *out = control;
    return KITH_OK;
}

/* ---- Writing ---- */

static kith_err
write_hello(kith_writer *w, const content_hello *in)
{
    KITH_ENSURE(in->role <= CONTENT_ROLE_INVITER, KITH_ERR_MALFORMED);
    KITH_TRY(write_name(w, in->name));
    KITH_TRY(kith_write_u8(w, in->role));
    return kith_write_bytes(w, KITH_BYTES(in->proof));
}

static kith_err
write_invite_made(kith_writer *w, const content_invite_made *in)
{
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(in->secret)));
    return kith_write_u64(w, in->expires_ms);
}

static kith_err
write_contact(kith_writer *w, const content_contact *in)
{
    KITH_ENSURE(in->account_key.len > 0, KITH_ERR_LIMIT);
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(in->account_id)));
    KITH_TRY(kith_write_vec8(w, in->account_key));
    KITH_TRY(write_name(w, in->name));
    KITH_TRY(kith_write_u8(w, in->state));
    return kith_write_bytes(w, KITH_BYTES(in->conv_id));
}

static kith_err
write_conv_state(kith_writer *w, const content_conv_state *in)
{
    KITH_ENSURE(in->state >= CONTENT_CONV_ACCEPTED && in->state <= CONTENT_CONV_LEFT,
                KITH_ERR_MALFORMED);
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(in->conv_id)));
    return kith_write_u8(w, in->state);
}

static kith_err
write_history(kith_writer *w, const content_history *in)
{
    KITH_TRY(check_entries(in->entries));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(in->conv_id)));
    return kith_write_vec32(w, in->entries);
}

static kith_err
write_conv_and_u64(kith_writer *w, const uint8_t conv_id[32], uint64_t value)
{
    KITH_TRY(kith_write_bytes(w, kith_bytes_of(conv_id, 32)));
    return kith_write_u64(w, value);
}

static kith_err
write_fields(kith_writer *w, const content_control *in)
{
    switch (in->type) {
    case CONTENT_CONTROL_HELLO:
        return write_hello(w, &in->as.hello);
    case CONTENT_CONTROL_PROFILE:
        return write_name(w, in->as.profile.name);
    case CONTENT_CONTROL_INVITE_MADE:
        return write_invite_made(w, &in->as.invite_made);
    case CONTENT_CONTROL_CONTACT:
        return write_contact(w, &in->as.contact);
    case CONTENT_CONTROL_READ_MARK:
        return write_conv_and_u64(w, in->as.read_mark.conv_id, in->as.read_mark.seq);
    case CONTENT_CONTROL_CONV_STATE:
        return write_conv_state(w, &in->as.conv_state);
    case CONTENT_CONTROL_REJOIN:
        return kith_write_bytes(w, KITH_BYTES(in->as.rejoin.conv_id));
    case CONTENT_CONTROL_HISTORY_REQUEST:
        return write_conv_and_u64(w, in->as.history_request.conv_id,
                                  in->as.history_request.from_ms);
    case CONTENT_CONTROL_HISTORY:
        return write_history(w, &in->as.history);
    default:
        return KITH_ERR_INVALID;
    }
}

static kith_err
write_control(kith_buf *out, const content_control *in)
{
    const size_t start = out->len;
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_u8(&w, (uint8_t)in->type));
    KITH_TRY(kith_write_u8(&w, VERSION));
    KITH_TRY(write_fields(&w, in));
    return out->len - start <= CONTENT_MAX ? KITH_OK : KITH_ERR_LIMIT;
}

kith_err
content_control_encode(kith_buf *out, const content_control *in)
{
    const size_t mark = out->len;

    return content_settle(out, mark, write_control(out, in));
}
