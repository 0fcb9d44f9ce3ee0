/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Delivered and read. What has been told is remembered as "up to here", so nothing is forgotten by a crash and nothing
 * need be stored for each message. Strangers, before they were accepted, and large groups are told nothing.
 */
#include <string.h>

#include "core/conv.h"

void
core_receipt_due(core *c, core_conv *conv)
{
    if (conv->receipt_ms == 0) {
        conv->receipt_ms = c->now_ms + CORE_RECEIPT_PAUSE_MS;
    }
}

/* Marks that go out together. */
typedef struct mark_list {
    content_mark items[CONTENT_REPORT_MAX];
    size_t count;
} mark_list;

/* Which messages get which mark. */
typedef struct mark_range {
    uint64_t *from; /* after this; becomes how far it went */
    uint64_t to;
    content_status status;
} mark_range;

static kith_err
collect(core *c, const core_conv *conv, const mark_range *range, mark_list *out)
{
    KITH_AUTO(core_walk) walk = {.n = *range->from, .bytes = {.alloc = c->env.alloc}};
    core_line line = {0};
    kith_err err = KITH_OK;

    while (out->count < CONTENT_REPORT_MAX &&
           (err = core_line_next(c, conv, &walk, &line)) == KITH_OK && walk.n <= range->to) {
        if (core_line_is_news(&line)) {
            content_mark *mark = &out->items[out->count++];
            memcpy(mark->message_id, line.id, sizeof mark->message_id);
            mark->status = (uint8_t)range->status;
        }
        *range->from = walk.n;
    }
    if (out->count < CONTENT_REPORT_MAX) {
        *range->from = range->to;
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static kith_err
queue_report(core *c, core_conv *conv, const mark_list *marks)
{
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) content = {.alloc = c->env.alloc};
    content_message message = {.kind = CONTENT_REPORT};

    if (marks->count == 0) {
        return KITH_OK;
    }
    KITH_TRY(content_report_encode(&body, marks->items, marks->count));
    message.body = kith_bytes_of_buf(&body);
    KITH_TRY(core_random(c, message.salt, sizeof message.salt));
    core_head_say(c, &message.head);
    KITH_TRY(content_message_encode(&content, &message));
    return core_outbox_add(
        c, conv,
        &(core_outbound){.kind = CORE_ITEM_REPORT, .content = kith_bytes_of_buf(&content)});
}

static kith_err
tell(core *c, core_conv *conv)
{
    mark_list marks = {0};
    const uint64_t read_n = conv->read_n;

    conv->receipt_ms = 0;
    if (conv->got_told_n >= conv->last_n && conv->read_told_n >= read_n) {
        return KITH_OK;
    }
    core_conv_touch(c, conv);
    if (conv->read_told_n < read_n) {
        const mark_range read = {&conv->read_told_n, read_n, CONTENT_STATUS_READ};
        KITH_TRY(collect(c, conv, &read, &marks));
        /* Whoever has read it has got it. */
        conv->got_told_n =
            conv->got_told_n > conv->read_told_n ? conv->got_told_n : conv->read_told_n;
    }
    if (conv->got_told_n < conv->last_n && marks.count < CONTENT_REPORT_MAX) {
        const mark_range got = {&conv->got_told_n, conv->last_n, CONTENT_STATUS_DELIVERED};
        KITH_TRY(collect(c, conv, &got, &marks));
    }
    if (conv->got_told_n < conv->last_n || conv->read_told_n < read_n) {
        core_receipt_due(c, conv);
    }
    return queue_report(c, conv, &marks);
}

kith_err
core_receipt_pump(core *c, core_conv *conv)
{
    if (conv->receipt_ms == 0 || conv->state != CORE_CHAT_ACTIVE || conv->is_leaving) {
        return KITH_OK;
    }
    if (conv->roster.kind == CORE_CHAT_OWN || conv->roster.count > CORE_RECEIPT_ACCOUNTS_MAX) {
        conv->receipt_ms = 0;
        return KITH_OK;
    }
    if (!core_is_due(c, conv->receipt_ms)) {
        core_wake_at(c, conv->receipt_ms);
        return KITH_OK;
    }
    return tell(c, conv);
}

static kith_err
take_mark(core *c, const core_conv *conv, const content_mark *mark)
{
    uint64_t n = 0;
    core_message_state state = CORE_MESSAGE_READ;

    if (mark->status == CONTENT_STATUS_DELIVERED) {
        state = CORE_MESSAGE_DELIVERED;
    } else if (mark->status != CONTENT_STATUS_READ) {
        return KITH_OK;
    }
    const kith_err err = core_line_find(c, conv, mark->message_id, &n);
    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    return core_line_raise(c, conv, n, state, 0);
}

kith_err
core_receipt_take(core *c, core_conv *conv, kith_bytes body)
{
    content_report report;
    content_mark mark;

    if (content_report_decode(body, &report) != KITH_OK) {
        return KITH_OK;
    }
    while (content_report_next(&report, &mark)) {
        KITH_TRY(take_mark(c, conv, &mark));
    }
    return KITH_OK;
}

/* ---- The person's own reading ---- */

/* How much news there is after read_n up to `n`, and the log's place of the last of it. */
static kith_err
count_news(core *c, const core_conv *conv, uint64_t to, uint32_t *count, uint64_t *seq)
{
    KITH_AUTO(core_walk) walk = {.n = conv->read_n, .bytes = {.alloc = c->env.alloc}};
    core_line line = {0};
    kith_err err = KITH_OK;

    while ((err = core_line_next(c, conv, &walk, &line)) == KITH_OK && walk.n <= to) {
        *count += core_line_is_news(&line) ? 1 : 0;
        *seq = line.seq > *seq ? line.seq : *seq;
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static kith_err
tell_own_devices(core *c, const core_conv *conv, uint64_t seq)
{
    content_control control = {.type = CONTENT_CONTROL_READ_MARK, .as.read_mark.seq = seq};

    memcpy(control.as.read_mark.conv_id, conv->id, sizeof control.as.read_mark.conv_id);
    return seq == 0 ? KITH_OK : core_control_send_own(c, &control);
}

kith_err
core_read_up_to(core *c, core_conv *conv, uint64_t n, bool is_told)
{
    const uint64_t to = n < conv->last_n ? n : conv->last_n;
    uint32_t count = 0;
    uint64_t seq = 0;

    if (to <= conv->read_n) {
        return KITH_OK;
    }
    KITH_TRY(count_news(c, conv, to, &count, &seq));
    core_conv_touch(c, conv);
    conv->read_n = to;
    conv->unread -= count < conv->unread ? count : conv->unread;
    if (count == 0) {
        return KITH_OK;
    }
    if (is_told) {
        conv->read_told_n = to;
    } else {
        core_receipt_due(c, conv);
        KITH_TRY(tell_own_devices(c, conv, seq));
    }
    return core_event_chat(c, conv->id);
}

/* A device that was not yet among the own ones when it was told there hears it in the conversation. */
kith_err
core_receipt_take_own(core *c, core_conv *conv, kith_bytes body)
{
    content_report report;
    content_mark mark;
    uint64_t newest = 0;

    if (content_report_decode(body, &report) != KITH_OK) {
        return KITH_OK;
    }
    while (content_report_next(&report, &mark)) {
        uint64_t n = 0;
        if (mark.status != CONTENT_STATUS_READ) {
            continue;
        }
        const kith_err err = core_line_find(c, conv, mark.message_id, &n);
        if (err != KITH_ERR_NOT_FOUND) {
            KITH_TRY(err);
        }
        newest = n > newest ? n : newest;
    }
    return core_read_up_to(c, conv, newest, true);
}

kith_err
core_mark_read(core *c, const uint8_t id[CORE_CONV_LEN], uint64_t n, uint64_t now_ms)
{
    KITH_TRY(core_txn_begin(c, now_ms));
    core_conv *conv = core_conv_find(c, id);
    return core_txn_end(c, conv == NULL ? KITH_ERR_NOT_FOUND : core_read_up_to(c, conv, n, false));
}
