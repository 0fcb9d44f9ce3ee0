/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What was said before: given whole to a device that is linked, and in pieces to one that was out of step. Each
 * message carries its own id, which binds sender, conversation and words; whose words to believe is decided by who
 * passes them on.
 */
#include <string.h>

#include "core/conv.h"

#define HISTORY_FORMAT 1u
/* Bytes of one piece, which must fit a message. */
#define PIECE_MAX (128u * 1024u)
/* Pieces that one request is answered with. */
#define PIECES_MAX 16u
/* Clocks of server and devices agree no better than this, and what is there already is skipped. */
#define OVERLAP_MS 60000u

/* ---- For a linked device ---- */

/* The newest messages that fit, oldest first: each `opaque content<..>` with what is known of it. */
static kith_err
write_line(kith_writer *w, const core_conv *conv, uint64_t n, const core_line *line)
{
    KITH_TRY(kith_write_u8(w, (uint8_t)line->kind));
    KITH_TRY(kith_write_u8(w, (uint8_t)line->state));
    KITH_TRY(kith_write_bool(w, line->is_own));
    KITH_TRY(kith_write_bool(w, n <= conv->read_n));
    KITH_TRY(kith_write_bool(w, line->is_edited));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(line->id)));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(line->sender)));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(line->subject)));
    KITH_TRY(kith_write_u64(w, line->sent_ms));
    KITH_TRY(kith_write_u64(w, line->time_ms));
    KITH_TRY(kith_write_u64(w, line->seq));
    KITH_TRY(kith_write_vec32(w, line->content));
    return kith_write_vec32(w, line->edit);
}

static kith_err
read_line(kith_reader *r, core_line *out, bool *is_read)
{
    core_line line = {0};
    uint8_t kind = 0;
    uint8_t state = 0;

    KITH_TRY(kith_read_u8(r, &kind));
    KITH_TRY(kith_read_u8(r, &state));
    KITH_ENSURE(kind >= CORE_MESSAGE_TEXT && kind <= CORE_MESSAGE_GAP &&
                    state <= CORE_MESSAGE_FAILED,
                KITH_ERR_MALFORMED);
    line.kind = (core_message_kind)kind;
    line.state = (core_message_state)state;
    KITH_TRY(kith_read_bool(r, &line.is_own));
    KITH_TRY(kith_read_bool(r, is_read));
    KITH_TRY(kith_read_bool(r, &line.is_edited));
    KITH_TRY(kith_read_copy(r, line.id, sizeof line.id));
    KITH_TRY(kith_read_copy(r, line.sender, sizeof line.sender));
    KITH_TRY(kith_read_copy(r, line.subject, sizeof line.subject));
    KITH_TRY(kith_read_u64(r, &line.sent_ms));
    KITH_TRY(kith_read_u64(r, &line.time_ms));
    KITH_TRY(kith_read_u64(r, &line.seq));
    KITH_TRY(kith_read_vec32(r, &line.content));
    KITH_TRY(kith_read_vec32(r, &line.edit));
    *out = line;
    return KITH_OK;
}

/* Where the newest messages that fit into `budget` begin: the last number before them. */
static kith_err
find_start(core *c, const core_conv *conv, size_t budget, uint64_t *start)
{
    KITH_AUTO(core_walk) walk = {.backwards = true, .bytes = {.alloc = c->env.alloc}};
    core_line line = {0};
    size_t used = 0;
    kith_err err = KITH_OK;

    *start = conv->last_n;
    for (size_t count = 0; count < CORE_HISTORY_MESSAGES; count++) {
        err = core_line_next(c, conv, &walk, &line);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        used += walk.bytes.len + 8;
        if (used > budget) {
            return KITH_OK;
        }
        *start = walk.n - 1;
    }
    return KITH_OK;
}

static kith_err
write_lines(core *c, const core_conv *conv, size_t budget, kith_writer *w)
{
    KITH_AUTO(core_walk) walk = {.bytes = {.alloc = c->env.alloc}};
    core_line line = {0};
    size_t mark = 0;
    kith_err err = KITH_OK;

    KITH_TRY(find_start(c, conv, budget, &walk.n));
    KITH_TRY(kith_write_open(w, KITH_VEC_32, &mark));
    while (walk.n < conv->last_n && (err = core_line_next(c, conv, &walk, &line)) == KITH_OK) {
        /* What still waits here is said before the other device takes part, or comes to it twice, which is once. */
        line.state = line.state == CORE_MESSAGE_QUEUED ? CORE_MESSAGE_SENT : line.state;
        KITH_TRY(write_line(w, conv, walk.n, &line));
    }
    KITH_ENSURE(err == KITH_OK || err == KITH_ERR_NOT_FOUND, err);
    return kith_write_close(w, KITH_VEC_32, mark);
}

static kith_err
write_conv(core *c, const core_conv *conv, size_t budget, kith_writer *w)
{
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(conv->id)));
    KITH_TRY(kith_write_u8(w, (uint8_t)conv->roster.kind));
    KITH_TRY(kith_write_u8(w, (uint8_t)conv->state));
    KITH_TRY(kith_write_vec8(w, kith_bytes_of_text(conv->roster.title)));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(conv->peer)));
    KITH_TRY(kith_write_u64(w, conv->heard_ms));
    return write_lines(c, conv, budget, w);
}

/* Bytes that a conversation takes beside its messages, at most. */
#define CONV_OVERHEAD 512u

kith_err
core_history_export(core *c, size_t budget, kith_buf *out)
{
    KITH_AUTO(kith_buf) blob = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(&blob);
    const size_t count = c->convs->count;

    KITH_TRY(kith_write_u8(&w, HISTORY_FORMAT));
    for (size_t i = 0; i < count; i++) {
        const core_conv *conv = c->convs->items[i];
        const size_t left = budget > blob.len ? budget - blob.len : 0;
        const size_t share = left / (count - i);
        if (conv->roster.kind == CORE_CHAT_OWN || conv->state == CORE_CHAT_DECLINED ||
            share < CONV_OVERHEAD) {
            continue;
        }
        KITH_TRY(write_conv(c, conv, share - CONV_OVERHEAD, &w));
    }
    return kith_buf_append(out, kith_bytes_of_buf(&blob));
}

/* Until this device is brought into it, a conversation stands still; if nobody does, it asks. */
static kith_err
import_conv(core *c, kith_reader *r, core_conv **out)
{
    uint8_t id[CORE_CONV_LEN];
    uint8_t kind = 0;
    uint8_t state = 0;
    kith_bytes title = {0};
    core_conv *conv = NULL;

    KITH_TRY(kith_read_copy(r, id, sizeof id));
    KITH_TRY(core_conv_add(c, id, &conv));
    core_conv_touch(c, conv);
    KITH_TRY(kith_read_u8(r, &kind));
    KITH_TRY(kith_read_u8(r, &state));
    KITH_TRY(kith_read_vec8(r, &title));
    KITH_TRY(kith_read_copy(r, conv->peer, sizeof conv->peer));
    KITH_TRY(kith_read_u64(r, &conv->heard_ms));
    KITH_ENSURE(kind <= CORE_CHAT_GROUP && state <= CORE_CHAT_BROKEN, KITH_ERR_MALFORMED);
    conv->roster.kind = (core_chat_kind)kind;
    if (title.len > 0) {
        memcpy(conv->roster.title, title.data, title.len);
    }
    conv->state = state == CORE_CHAT_LEFT ? CORE_CHAT_LEFT : CORE_CHAT_BROKEN;
    conv->broken_ms = c->now_ms;
    conv->repair_ms = c->now_ms + CORE_REPAIR_MS;
    *out = conv;
    return core_event_chat(c, id);
}

static kith_err
import_line(core *c, core_conv *conv, kith_reader *r)
{
    core_line line = {0};
    bool is_read = false;
    uint64_t n = 0;

    KITH_TRY(read_line(r, &line, &is_read));
    KITH_TRY(core_line_add(c, conv, &line, &n));
    /* What was told to whom is the giver's affair. */
    conv->got_told_n = n;
    if (is_read) {
        conv->read_n = n;
        conv->read_told_n = n;
        conv->unread = 0;
    }
    return KITH_OK;
}

static kith_err
import_lines(core *c, core_conv *conv, kith_bytes lines)
{
    kith_reader r = kith_reader_of(lines);

    while (!kith_reader_done(&r)) {
        KITH_TRY(import_line(c, conv, &r));
    }
    return KITH_OK;
}

kith_err
core_history_import(core *c, kith_bytes blob)
{
    kith_reader r = kith_reader_of(blob);
    uint8_t format = 0;

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == HISTORY_FORMAT, KITH_ERR_UNSUPPORTED);
    while (!kith_reader_done(&r)) {
        core_conv *conv = NULL;
        kith_bytes lines = {0};
        KITH_TRY(import_conv(c, &r, &conv));
        KITH_TRY(kith_read_vec32(&r, &lines));
        KITH_TRY(import_lines(c, conv, lines));
    }
    return KITH_OK;
}

/* ---- For a device that was out of step ---- */

/* Whether the answer may say what this line says: a peer speaks for itself. */
static bool
may_tell(const core_line *line, bool is_own_device)
{
    return line->kind == CORE_MESSAGE_TEXT && line->content.len > 0 &&
           line->state != CORE_MESSAGE_QUEUED && line->state != CORE_MESSAGE_FAILED &&
           (is_own_device || line->is_own);
}

static kith_err
send_piece(core *c, core_conv *by, const core_conv *conv, kith_buf *entries)
{
    content_control control = {.type = CONTENT_CONTROL_HISTORY};

    if (entries->len == 0) {
        return KITH_OK;
    }
    memcpy(control.as.history.conv_id, conv->id, sizeof control.as.history.conv_id);
    control.as.history.entries = kith_bytes_of_buf(entries);
    KITH_TRY(core_control_send(c, by, &control));
    kith_buf_clear(entries);
    return KITH_OK;
}

/* The last entry of an answer names no message: it says in which epoch the device was that answered. */
static kith_err
append_end(kith_buf *entries, const core_conv *conv)
{
    static const uint8_t nothing[1] = {0};
    const content_history_entry end = {.sent_ms = conv->epoch, .content = KITH_BYTES(nothing)};

    return content_history_append(entries, &end);
}

static bool
is_end(const content_history_entry *entry)
{
    static const uint8_t no_id[CORE_MESSAGE_ID_LEN] = {0};

    return memcmp(entry->message_id, no_id, sizeof no_id) == 0;
}

static kith_err
append_entry(kith_buf *entries, const core_line *line)
{
    content_history_entry entry = {.sent_ms = line->sent_ms, .content = line->content};

    memcpy(entry.message_id, line->id, sizeof entry.message_id);
    memcpy(entry.account_id, line->sender, sizeof entry.account_id);
    return content_history_append(entries, &entry);
}

/* Where what came since `from_ms` begins; looked for from the end. */
static kith_err
find_since(core *c, const core_conv *conv, uint64_t from_ms, uint64_t *start)
{
    KITH_AUTO(core_walk) walk = {.backwards = true, .bytes = {.alloc = c->env.alloc}};
    core_line line = {0};
    kith_err err = KITH_OK;

    *start = conv->last_n;
    for (size_t i = 0; i < CORE_HISTORY_MESSAGES; i++) {
        err = core_line_next(c, conv, &walk, &line);
        if (err == KITH_ERR_NOT_FOUND || (err == KITH_OK && line.sent_ms < from_ms)) {
            return KITH_OK;
        }
        KITH_TRY(err);
        *start = walk.n - 1;
    }
    return KITH_OK;
}

static kith_err
send_since(core *c, core_conv *by, const core_conv *conv, uint64_t n, bool is_own_device)
{
    KITH_AUTO(core_walk) walk = {.n = n, .bytes = {.alloc = c->env.alloc}};
    KITH_AUTO(kith_buf) entries = {.alloc = c->env.alloc};
    core_line line = {0};
    const uint64_t last = conv->last_n;
    size_t pieces = 0;
    kith_err err = KITH_OK;

    while (walk.n < last && pieces < PIECES_MAX &&
           (err = core_line_next(c, conv, &walk, &line)) == KITH_OK) {
        if (!may_tell(&line, is_own_device)) {
            continue;
        }
        KITH_TRY(append_entry(&entries, &line));
        if (entries.len > PIECE_MAX) {
            KITH_TRY(send_piece(c, by, conv, &entries));
            pieces++;
        }
    }
    KITH_ENSURE(err == KITH_OK || err == KITH_ERR_NOT_FOUND, err);
    KITH_TRY(append_end(&entries, conv));
    return send_piece(c, by, conv, &entries);
}

kith_err
core_history_answer(core *c, core_conv *by, const core_said *said,
                    const content_history_request *request)
{
    const core_conv *conv = core_conv_find(c, request->conv_id);
    const bool is_own_device =
        core_account_is_own(c, said->account) && by->roster.kind == CORE_CHAT_OWN;
    const uint64_t from = request->from_ms > OVERLAP_MS ? request->from_ms - OVERLAP_MS : 0;
    uint64_t n = 0;

    if (conv == NULL || by->state != CORE_CHAT_ACTIVE || (!is_own_device && conv != by) ||
        (!is_own_device && core_account_is_own(c, said->account))) {
        return KITH_OK;
    }
    /* Whoever asks again and again is not answered more often than answers can be sent. */
    if (!is_own_device && by->item_count > CORE_APPENDS_IN_FLIGHT) {
        return KITH_OK;
    }
    KITH_TRY(find_since(c, conv, from, &n));
    return send_since(c, by, conv, n, is_own_device);
}

static kith_err
take_entry(core *c, core_conv *conv, const core_said *said, const content_history_entry *entry)
{
    const bool is_from_own = core_account_is_own(c, said->account);
    uint8_t id[CORE_MESSAGE_ID_LEN];
    const core_said told = {.account = entry->account_id,
                            .device = said->device,
                            .time_ms = entry->sent_ms,
                            .content = entry->content};
    content_message message;

    if (!is_from_own && memcmp(entry->account_id, said->account, CORE_ACCOUNT_LEN) != 0) {
        return KITH_OK;
    }
    if (content_message_decode(entry->content, &message) != KITH_OK ||
        message.kind != CONTENT_TEXT || message.has_replaces) {
        return KITH_OK;
    }
    KITH_TRY(content_message_id(c->env.crypto, entry->account_id, conv->id, entry->content, id));
    return memcmp(id, entry->message_id, sizeof id) == 0 ? core_message_take(c, conv, &told)
                                                         : KITH_OK;
}

kith_err
core_history_take(core *c, const core_said *said, const content_history *history)
{
    core_conv *conv = core_conv_find(c, history->conv_id);
    kith_reader r = kith_reader_of(history->entries);
    content_history_entry entry;

    /* Only what this device may have asked for: another's own conversation, or one with a participant. */
    if (conv == NULL || (!core_account_is_own(c, said->account) &&
                         (conv->roster.kind != CORE_CHAT_DIRECT ||
                          memcmp(conv->peer, said->account, CORE_ACCOUNT_LEN) != 0))) {
        return KITH_OK;
    }
    while (!kith_reader_done(&r) && content_history_next(&r, &entry) == KITH_OK) {
        if (!is_end(&entry)) {
            KITH_TRY(take_entry(c, conv, said, &entry));
        } else if (core_account_is_own(c, said->account) && entry.sent_ms >= conv->epoch) {
            core_changed(c);
            conv->history_ms = 0; /* whoever answered had read up to where this device reads on */
        }
    }
    return KITH_OK;
}
