/* SPDX-License-Identifier: MPL-2.0 */
/* Sending a text, reading what was sent, and taking what others say. */
#include <string.h>

#include "core/conv.h"

#define ONCE_MAX 64u

static const uint8_t no_id[CORE_MESSAGE_ID_LEN] = {0};

void
core_message_done(core_message *message)
{
    kith_buf_done(&message->text);
    *message = (core_message){0};
}

/* ---- Reading ---- */

static kith_err
fill_text(core_message *out, kith_bytes content)
{
    content_message said;

    if (content.len == 0) {
        return KITH_OK;
    }
    KITH_TRY(content_message_decode(content, &said));
    if (said.has_reply) {
        memcpy(out->reply_to, said.in_reply_to, sizeof out->reply_to);
    }
    return said.kind == CONTENT_TEXT ? kith_buf_set(&out->text, said.body) : KITH_OK;
}

static kith_err
fill_message(core *c, const core_conv *conv, uint64_t n, const core_line *line, core_message *out)
{
    KITH_AUTO(core_message) message = {.n = n,
                                       .kind = line->kind,
                                       .state = line->state,
                                       .is_own = line->is_own,
                                       .is_read = line->is_own || n <= conv->read_n,
                                       .is_edited = line->is_edited,
                                       .sent_ms = line->sent_ms,
                                       .time_ms = line->time_ms,
                                       .text = {.alloc = c->env.alloc}};

    memcpy(message.conv, conv->id, sizeof message.conv);
    memcpy(message.id, line->id, sizeof message.id);
    memcpy(message.sender, line->sender, sizeof message.sender);
    memcpy(message.subject, line->subject, sizeof message.subject);
    KITH_TRY(fill_text(&message, line->is_edited ? line->edit : line->content));
    core_message_done(out);
    *out = message;
    message = (core_message){0};
    return KITH_OK;
}

static kith_err
step_message(core *c, const uint8_t *id, bool backwards, uint64_t *n, core_message *out)
{
    KITH_AUTO(core_walk) walk = {.backwards = backwards, .n = *n, .bytes = {.alloc = c->env.alloc}};
    core_line line = {0};

    KITH_TRY(core_query(c));
    const core_conv *conv = core_conv_find(c, id);
    KITH_ENSURE(conv != NULL, KITH_ERR_NOT_FOUND);
    KITH_TRY(core_line_next(c, conv, &walk, &line));
    KITH_TRY(fill_message(c, conv, walk.n, &line, out));
    *n = walk.n;
    return KITH_OK;
}

kith_err
core_message_next(core *c, const uint8_t conv[CORE_CONV_LEN], uint64_t *n, core_message *out)
{
    return step_message(c, conv, false, n, out);
}

kith_err
core_message_prev(core *c, const uint8_t conv[CORE_CONV_LEN], uint64_t *n, core_message *out)
{
    return step_message(c, conv, true, n, out);
}

kith_err
core_message_get(core *c, const uint8_t id[CORE_CONV_LEN], uint64_t n, core_message *out)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    core_line line = {0};

    KITH_TRY(core_query(c));
    const core_conv *conv = core_conv_find(c, id);
    KITH_ENSURE(conv != NULL, KITH_ERR_NOT_FOUND);
    KITH_TRY(core_line_read(c, conv, n, &bytes, &line));
    return fill_message(c, conv, n, &line, out);
}

uint64_t
core_outbox_count(const core *c)
{
    uint64_t count = 0;

    if (c->convs == NULL) {
        return 0;
    }
    count = c->convs->texts;
    for (size_t i = 0; i < c->convs->count; i++) {
        const core_conv *conv = c->convs->items[i];
        count += conv->wish_count > 0 || conv->waiting.is_there || conv->is_leaving ? 1 : 0;
    }
    return count;
}

/* ---- Once: a repeated command has the effect of one ---- */

kith_err
core_once_load(core *c)
{
    const core_scan scan = {.table = CORE_TABLE_ONCE_N};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    kith_err err = KITH_OK;

    while ((err = c->env.store.next(c->env.store.ctx, &scan, &key, NULL)) == KITH_OK) {
        c->convs->once_count++;
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static core_key
once_key(const core_text *in)
{
    return core_key_of(KITH_BYTES(in->conv), in->once);
}

/* NOT_FOUND: it was not said before. */
static kith_err
find_once(core *c, const core_text *in, uint64_t *n)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    const core_key key = once_key(in);

    KITH_ENSURE(in->once.len > 0, KITH_ERR_NOT_FOUND);
    KITH_TRY(core_get(c, CORE_TABLE_ONCE, core_key_bytes(&key), &value));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&value));
    return kith_read_u64(&r, n);
}

static kith_err
forget_oldest_once(core *c)
{
    const core_scan scan = {.table = CORE_TABLE_ONCE_N};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};

    KITH_TRY(c->env.store.next(c->env.store.ctx, &scan, &key, &value));
    KITH_TRY(core_erase(c, CORE_TABLE_ONCE, kith_bytes_of_buf(&value)));
    KITH_TRY(core_erase(c, CORE_TABLE_ONCE_N, kith_bytes_of_buf(&key)));
    c->convs->once_count--;
    return KITH_OK;
}

static kith_err
remember_once(core *c, const core_text *in, uint64_t n)
{
    const core_key key = once_key(in);
    const core_key number = core_key_u64((kith_bytes){0}, n);

    if (in->once.len == 0) {
        return KITH_OK;
    }
    KITH_TRY(core_put(c, CORE_TABLE_ONCE, core_key_bytes(&key), core_key_bytes(&number)));
    KITH_TRY(core_put(c, CORE_TABLE_ONCE_N, core_key_bytes(&number), core_key_bytes(&key)));
    c->convs->once_count++;
    return c->convs->once_count > CORE_ONCE_KEPT ? forget_oldest_once(c) : KITH_OK;
}

/* ---- Sending ---- */

static kith_err
check_text(const core *c, const core_conv *conv, const core_text *in)
{
    KITH_ENSURE(conv != NULL, KITH_ERR_NOT_FOUND);
    KITH_ENSURE(in->text.len > 0 && kith_utf8_is_valid(in->text), KITH_ERR_MALFORMED);
    KITH_ENSURE(in->text.len <= CORE_TEXT_MAX && in->once.len <= ONCE_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(c->convs->texts < CORE_OUTBOX_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(conv->state != CORE_CHAT_LEFT && conv->state != CORE_CHAT_DECLINED &&
                    !conv->is_leaving && c->account.state != CORE_ACCOUNT_REMOVED,
                KITH_ERR_DENIED);
    return KITH_OK;
}

static kith_err
encode_text(core *c, const core_text *in, kith_buf *out)
{
    content_message text = {.kind = CONTENT_TEXT, .body = in->text};

    KITH_TRY(core_random(c, text.salt, sizeof text.salt));
    core_head_say(c, &text.head);
    text.has_reply = memcmp(in->reply_to, no_id, sizeof no_id) != 0;
    if (text.has_reply) {
        memcpy(text.in_reply_to, in->reply_to, sizeof text.in_reply_to);
    }
    return content_message_encode(out, &text);
}

static kith_err
queue_text(core *c, core_conv *conv, kith_bytes content, uint64_t *n)
{
    core_line line = {.kind = CORE_MESSAGE_TEXT,
                      .state = CORE_MESSAGE_QUEUED,
                      .is_own = true,
                      .sent_ms = core_time_ms(c),
                      .time_ms = c->now_ms,
                      .content = content};
    uint64_t number = 0;

    memcpy(line.sender, c->account.account, sizeof line.sender);
    KITH_TRY(content_message_id(c->env.crypto, c->account.account, conv->id, content, line.id));
    KITH_TRY(core_line_add(c, conv, &line, &number));
    KITH_TRY(core_outbox_add(
        c, conv, &(core_outbound){.kind = CORE_ITEM_TEXT, .n = number, .content = content}));
    *n = number;
    return KITH_OK;
}

kith_err
core_conv_send_text(core *c, const core_text *in, uint64_t *n)
{
    KITH_AUTO(kith_buf) content = {.alloc = c->env.alloc};
    core_conv *conv = core_conv_find(c, in->conv);

    const kith_err said = find_once(c, in, n);
    if (said != KITH_ERR_NOT_FOUND) {
        return said;
    }
    KITH_TRY(check_text(c, conv, in));
    KITH_TRY(encode_text(c, in, &content));
    KITH_TRY(queue_text(c, conv, kith_bytes_of_buf(&content), n));
    return remember_once(c, in, *n);
}

kith_err
core_send(core *c, const core_text *in, uint64_t now_ms, uint64_t *n)
{
    uint64_t number = 0;

    KITH_TRY(core_txn_begin(c, now_ms));
    KITH_TRY(core_txn_end(c, core_conv_send_text(c, in, &number)));
    *n = number;
    return KITH_OK;
}

/* ---- What others say ---- */

static bool
is_same_account(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, CORE_ACCOUNT_LEN) == 0;
}

static kith_err
take_text(core *c, core_conv *conv, const core_said *said)
{
    const bool is_own = core_account_is_own(c, said->account);
    core_line line = {.kind = CORE_MESSAGE_TEXT,
                      .state = is_own ? CORE_MESSAGE_SENT : CORE_MESSAGE_RECEIVED,
                      .is_own = is_own,
                      .sent_ms = said->time_ms,
                      .time_ms = c->now_ms,
                      .seq = said->seq,
                      .content = said->content};
    uint64_t n = 0;

    memcpy(line.sender, said->account, sizeof line.sender);
    KITH_TRY(content_message_id(c->env.crypto, said->account, conv->id, said->content, line.id));
    const kith_err err = core_line_find(c, conv, line.id, &n);
    if (err == KITH_OK) {
        return KITH_OK; /* here already */
    }
    KITH_ENSURE(err == KITH_ERR_NOT_FOUND, err);
    return core_line_add(c, conv, &line, &n);
}

/* Only its author may change a message; others' attempts are skipped. */
static kith_err
take_edit(core *c, core_conv *conv, const core_said *said, const content_message *edit)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    core_line line = {0};
    uint64_t n = 0;

    const kith_err err = core_line_find(c, conv, edit->replaces, &n);
    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    KITH_TRY(core_line_read(c, conv, n, &bytes, &line));
    if (line.kind != CORE_MESSAGE_TEXT || !is_same_account(line.sender, said->account)) {
        return KITH_OK;
    }
    line.is_edited = true;
    line.edit = said->content;
    KITH_TRY(core_line_write(c, conv, n, &line));
    return core_event_message(c, conv->id, n);
}

static kith_err
take_content(core *c, core_conv *conv, const core_said *said, const content_message *message)
{
    switch (message->kind) {
    case CONTENT_TEXT:
        return message->has_replaces ? take_edit(c, conv, said, message) : take_text(c, conv, said);
    case CONTENT_UNSEND:
        return take_edit(c, conv, said, message);
    case CONTENT_REPORT:
        return core_account_is_own(c, said->account) ? core_receipt_take_own(c, conv, message->body)
                                                     : core_receipt_take(c, conv, message->body);
    case CONTENT_CONTROL:
        return core_control_take(c, conv, said, message->body);
    default:
        return KITH_OK; /* nothing that this build can show */
    }
}

kith_err
core_message_take(core *c, core_conv *conv, const core_said *said)
{
    content_message message;

    if (content_message_decode(said->content, &message) != KITH_OK) {
        return KITH_OK;
    }
    if (message.kind == CONTENT_TEXT && message.body.len > CORE_TEXT_MAX) {
        return KITH_OK;
    }
    KITH_TRY(core_head_hear(c, conv->id, said->account, &message.head));
    return take_content(c, conv, said, &message);
}
