/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Events: what a face should know. Kept ones are numbered and stored with the change that they tell of, so that a
 * face that was away can have them again. Until the transaction is through they are not handed out.
 */
#include <string.h>

#include "core/internal.h"

#define EVENT_FORMAT 1u
/* How far back an event that says the same again is looked for. */
#define EVENT_SAME_WINDOW 64u

static kith_err
encode_event(const core_event *event, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_u8(&w, EVENT_FORMAT));
    KITH_TRY(kith_write_u8(&w, (uint8_t)event->kind));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(event->conv)));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(event->account)));
    KITH_TRY(kith_write_u64(&w, event->n));
    KITH_TRY(kith_write_u64(&w, event->op));
    KITH_TRY(kith_write_u8(&w, (uint8_t)event->err));
    return kith_write_vec8(&w, kith_bytes_of_text(event->text));
}

static kith_err
decode_event(kith_bytes bytes, core_event *out)
{
    kith_reader r = kith_reader_of(bytes);
    core_event event = {0};
    uint8_t format = 0;
    uint8_t kind = 0;
    uint8_t err = 0;
    kith_bytes text = {0};

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == EVENT_FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u8(&r, &kind));
    KITH_TRY(kith_read_copy(&r, event.conv, sizeof event.conv));
    KITH_TRY(kith_read_copy(&r, event.account, sizeof event.account));
    KITH_TRY(kith_read_u64(&r, &event.n));
    KITH_TRY(kith_read_u64(&r, &event.op));
    KITH_TRY(kith_read_u8(&r, &err));
    KITH_TRY(kith_read_vec8(&r, &text));
    KITH_TRY(kith_reader_finish(&r));
    KITH_ENSURE(err < KITH_ERR_COUNT && text.len <= CORE_NAME_MAX, KITH_ERR_MALFORMED);
    event.kind = (core_event_kind)kind;
    event.err = (kith_err)err;
    if (text.len > 0) {
        memcpy(event.text, text.data, text.len);
    }
    *out = event;
    return KITH_OK;
}

/* Whether this transaction has said the same already: a face looks at what is there now, not at how it came. */
static bool
is_said(const core *c, const core_event *event)
{
    const size_t fresh = (c->events.len - c->events_released) / sizeof *event;
    const size_t window = fresh < EVENT_SAME_WINDOW ? fresh : EVENT_SAME_WINDOW;

    for (size_t i = 0; i < window; i++) {
        core_event other;
        memcpy(&other, c->events.data + c->events.len - (i + 1) * sizeof other, sizeof other);
        if (other.kind == event->kind && other.n == event->n && other.op == event->op &&
            other.err == event->err && memcmp(other.conv, event->conv, sizeof other.conv) == 0 &&
            memcmp(other.account, event->account, sizeof other.account) == 0 &&
            strcmp(other.text, event->text) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_kept(core_event_kind kind)
{
    return kind != CORE_EVENT_ONLINE && kind != CORE_EVENT_PAIR_CODE;
}

static kith_err
store_event(core *c, const core_event *event)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    const core_key key = core_key_u64((kith_bytes){0}, event->seq);

    KITH_TRY(encode_event(event, &value));
    KITH_TRY(core_put(c, CORE_TABLE_EVENT, core_key_bytes(&key), kith_bytes_of_buf(&value)));
    if (event->seq > CORE_EVENTS_KEPT) {
        const core_key oldest = core_key_u64((kith_bytes){0}, event->seq - CORE_EVENTS_KEPT);
        KITH_TRY(core_erase(c, CORE_TABLE_EVENT, core_key_bytes(&oldest)));
    }
    return KITH_OK;
}

kith_err
core_event_add(core *c, core_event *event)
{
    if (is_said(c, event)) {
        return KITH_OK;
    }
    if (is_kept(event->kind)) {
        core_changed(c);
        c->counters_dirty = true;
        event->seq = c->next_seq++;
        KITH_TRY(store_event(c, event));
    }
    return kith_buf_append(&c->events, kith_bytes_of(event, sizeof *event));
}

kith_err
core_event_chat(core *c, const uint8_t conv[CORE_CONV_LEN])
{
    core_event event = {.kind = CORE_EVENT_CHAT};

    memcpy(event.conv, conv, CORE_CONV_LEN);
    return core_event_add(c, &event);
}

kith_err
core_event_message(core *c, const uint8_t conv[CORE_CONV_LEN], uint64_t n)
{
    core_event event = {.kind = CORE_EVENT_MESSAGE, .n = n};

    memcpy(event.conv, conv, CORE_CONV_LEN);
    return core_event_add(c, &event);
}

kith_err
core_event_person(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    core_event event = {.kind = CORE_EVENT_PERSON};

    memcpy(event.account, account, CORE_ACCOUNT_LEN);
    return core_event_add(c, &event);
}

kith_err
core_event_alarm(core *c, const uint8_t conv[CORE_CONV_LEN],
                 const uint8_t account[CORE_ACCOUNT_LEN], const char *what)
{
    core_event event = {.kind = CORE_EVENT_ALARM};
    const size_t len = strnlen(what, CORE_NAME_MAX);

    if (conv != NULL) {
        memcpy(event.conv, conv, CORE_CONV_LEN);
    }
    if (account != NULL) {
        memcpy(event.account, account, CORE_ACCOUNT_LEN);
    }
    memcpy(event.text, what, len);
    return core_event_add(c, &event);
}

bool
core_next_event(core *c, core_event *out)
{
    if (c->events_read >= c->events_released) {
        return false;
    }
    memcpy(out, c->events.data + c->events_read, sizeof *out);
    c->events_read += sizeof *out;
    if (c->events_read == c->events.len) {
        kith_buf_clear(&c->events);
        c->events_read = 0;
        c->events_released = 0;
    }
    return true;
}

kith_err
core_event_replay(core *c, uint64_t *seq, core_event *out)
{
    const core_scan scan = {.table = CORE_TABLE_EVENT};
    const core_key from = core_key_u64((kith_bytes){0}, *seq);
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    core_event event = {0};
    uint64_t found = 0;

    KITH_TRY(kith_buf_set(&key, core_key_bytes(&from)));
    KITH_TRY(c->env.store.next(c->env.store.ctx, &scan, &key, &value));
    KITH_TRY(decode_event(kith_bytes_of_buf(&value), &event));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&key));
    KITH_TRY(kith_read_u64(&r, &found));
    event.seq = found;
    *seq = found;
    *out = event;
    return KITH_OK;
}

uint64_t
core_event_last(const core *c)
{
    return c->next_seq - 1;
}
