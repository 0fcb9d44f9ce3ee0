/* SPDX-License-Identifier: MPL-2.0 */
/* One message in the store: its stored form, its place in the conversation, its index by id. */
#include <string.h>

#include "core/conv.h"

#define LINE_FORMAT 1u
#define LINE_OWN 1u
#define LINE_EDITED 2u

static const uint8_t no_id[CORE_MESSAGE_ID_LEN] = {0};

static kith_err
encode_line(kith_buf *out, const core_line *line)
{
    kith_writer w = kith_writer_of(out);
    const uint8_t flags =
        (uint8_t)((line->is_own ? LINE_OWN : 0) | (line->is_edited ? LINE_EDITED : 0));

    KITH_TRY(kith_write_u8(&w, LINE_FORMAT));
    KITH_TRY(kith_write_u8(&w, (uint8_t)line->kind));
    KITH_TRY(kith_write_u8(&w, (uint8_t)line->state));
    KITH_TRY(kith_write_u8(&w, flags));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(line->id)));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(line->sender)));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(line->subject)));
    KITH_TRY(kith_write_u64(&w, line->sent_ms));
    KITH_TRY(kith_write_u64(&w, line->time_ms));
    KITH_TRY(kith_write_u64(&w, line->seq));
    KITH_TRY(kith_write_vec32(&w, line->content));
    return kith_write_vec32(&w, line->edit);
}

static kith_err
decode_line(kith_bytes bytes, core_line *out)
{
    kith_reader r = kith_reader_of(bytes);
    core_line line = {0};
    uint8_t format = 0;
    uint8_t kind = 0;
    uint8_t state = 0;
    uint8_t flags = 0;

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == LINE_FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u8(&r, &kind));
    KITH_TRY(kith_read_u8(&r, &state));
    KITH_TRY(kith_read_u8(&r, &flags));
    KITH_TRY(kith_read_copy(&r, line.id, sizeof line.id));
    KITH_TRY(kith_read_copy(&r, line.sender, sizeof line.sender));
    KITH_TRY(kith_read_copy(&r, line.subject, sizeof line.subject));
    KITH_TRY(kith_read_u64(&r, &line.sent_ms));
    KITH_TRY(kith_read_u64(&r, &line.time_ms));
    KITH_TRY(kith_read_u64(&r, &line.seq));
    KITH_TRY(kith_read_vec32(&r, &line.content));
    KITH_TRY(kith_read_vec32(&r, &line.edit));
    KITH_TRY(kith_reader_finish(&r));
    KITH_ENSURE(kind >= CORE_MESSAGE_TEXT && kind <= CORE_MESSAGE_GAP &&
                    state <= CORE_MESSAGE_FAILED,
                KITH_ERR_MALFORMED);
    line.kind = (core_message_kind)kind;
    line.state = (core_message_state)state;
    line.is_own = (flags & LINE_OWN) != 0;
    line.is_edited = (flags & LINE_EDITED) != 0;
    *out = line;
    return KITH_OK;
}

uint64_t
core_n_new(core *c)
{
    core_changed(c);
    c->counters_dirty = true;
    return c->next_n++;
}

bool
core_line_is_news(const core_line *line)
{
    return line->kind == CORE_MESSAGE_TEXT && !line->is_own;
}

kith_err
core_line_write(core *c, const core_conv *conv, uint64_t n, const core_line *line)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    const core_key key = core_key_u64(core_conv_key(conv), n);

    KITH_TRY(encode_line(&value, line));
    return core_put(c, CORE_TABLE_MESSAGE, core_key_bytes(&key), kith_bytes_of_buf(&value));
}

static kith_err
index_line(core *c, const core_conv *conv, uint64_t n, const core_line *line)
{
    const core_key key = core_key_of(core_conv_key(conv), KITH_BYTES(line->id));
    const core_key value = core_key_u64((kith_bytes){0}, n);

    if (memcmp(line->id, no_id, sizeof no_id) == 0) {
        return KITH_OK;
    }
    return core_put(c, CORE_TABLE_MESSAGE_ID, core_key_bytes(&key), core_key_bytes(&value));
}

/* It may have been seen on another own device, which was quicker in saying so than the log in showing it. */
static void
note_news(core *c, core_conv *conv, uint64_t n, const core_line *line)
{
    if (line->seq != 0 && line->seq <= conv->mark_seq && conv->unread == 0) {
        conv->read_n = n;
        conv->read_told_n = n;
    } else {
        conv->unread++;
    }
    core_receipt_due(c, conv);
}

kith_err
core_line_add(core *c, core_conv *conv, const core_line *line, uint64_t *n)
{
    const uint64_t number = core_n_new(c);

    core_conv_touch(c, conv);
    KITH_TRY(core_line_write(c, conv, number, line));
    KITH_TRY(index_line(c, conv, number, line));
    conv->last_n = number;
    conv->last_ms = line->time_ms;
    if (core_line_is_news(line)) {
        note_news(c, conv, number, line);
    }
    *n = number;
    return core_event_message(c, conv->id, number);
}

kith_err
core_line_read(core *c, const core_conv *conv, uint64_t n, kith_buf *bytes, core_line *out)
{
    const core_key key = core_key_u64(core_conv_key(conv), n);

    kith_buf_clear(bytes);
    KITH_TRY(core_get(c, CORE_TABLE_MESSAGE, core_key_bytes(&key), bytes));
    return decode_line(kith_bytes_of_buf(bytes), out);
}

static kith_err
read_n(kith_bytes bytes, uint64_t *n)
{
    kith_reader r = kith_reader_of(bytes);

    KITH_TRY(kith_read_u64(&r, n));
    return kith_reader_finish(&r);
}

void
core_walk_done(core_walk *walk)
{
    kith_buf_done(&walk->bytes);
}

kith_err
core_line_next(core *c, const core_conv *conv, core_walk *walk, core_line *out)
{
    const core_scan scan = {
        .table = CORE_TABLE_MESSAGE, .prefix = core_conv_key(conv), .backwards = walk->backwards};
    const core_key from = core_key_u64(core_conv_key(conv), walk->n);
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    uint64_t found = 0;

    if (walk->n != 0) {
        KITH_TRY(kith_buf_set(&key, core_key_bytes(&from)));
    }
    KITH_TRY(c->env.store.next(c->env.store.ctx, &scan, &key, &walk->bytes));
    KITH_ENSURE(key.len == CORE_CONV_LEN + sizeof found, KITH_ERR_MALFORMED);
    KITH_TRY(read_n(kith_bytes_of(key.data + CORE_CONV_LEN, sizeof found), &found));
    KITH_TRY(decode_line(kith_bytes_of_buf(&walk->bytes), out));
    walk->n = found;
    return KITH_OK;
}

kith_err
core_line_find(core *c, const core_conv *conv, const uint8_t id[CORE_MESSAGE_ID_LEN], uint64_t *n)
{
    const core_key key = core_key_of(core_conv_key(conv), kith_bytes_of(id, CORE_MESSAGE_ID_LEN));
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};

    KITH_TRY(core_get(c, CORE_TABLE_MESSAGE_ID, core_key_bytes(&key), &value));
    return read_n(kith_bytes_of_buf(&value), n);
}

kith_err
core_line_raise(core *c, const core_conv *conv, uint64_t n, core_message_state state, uint64_t seq)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    core_line line = {0};

    KITH_TRY(core_line_read(c, conv, n, &bytes, &line));
    if (!line.is_own || line.state >= state) {
        return KITH_OK;
    }
    line.state = state;
    line.seq = seq != 0 ? seq : line.seq;
    KITH_TRY(core_line_write(c, conv, n, &line));
    return core_event_message(c, conv->id, n);
}

kith_err
core_line_system(core *c, core_conv *conv, core_message_kind kind, const core_line *who)
{
    core_line line = *who;
    uint64_t n = 0;

    line.kind = kind;
    line.state = CORE_MESSAGE_RECEIVED;
    line.time_ms = c->now_ms;
    return core_line_add(c, conv, &line, &n);
}
