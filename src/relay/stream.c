/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Streams: what a subscription has given and may give. A stream that is caught up gets new items from notices; one
 * that is behind reads them from the store, as fast as its connection takes them. Numbers only grow, so an item is
 * given once.
 */
#include "relay/internal.h"

/* What a stream gives before the next of its session has its turn, in bytes. */
#define TURN_BYTES 65536u

/* ---- Pending notices ---- */

kith_err
relay_pending_add(relay_session *session, relay_pendings *list, relay_notice *notice)
{
    relay_pending *pending = kith_mem_zalloc(session->relay->env.alloc, 1, sizeof *pending);

    KITH_ENSURE(pending != NULL, KITH_ERR_NO_MEMORY);
    pending->notice = relay_notice_share(notice);
    if (list->last != NULL) {
        list->last->next = pending;
    } else {
        list->first = pending;
    }
    list->last = pending;
    list->count++;
    return KITH_OK;
}

void
relay_pending_drop(relay_session *session, relay_pendings *list)
{
    relay_pending *pending = list->first;

    list->first = pending->next;
    list->last = list->first != NULL ? list->last : NULL;
    list->count--;
    relay_notice_free(pending->notice);
    kith_mem_free(session->relay->env.alloc, pending, sizeof *pending);
}

void
relay_pending_clear(relay_session *session, relay_pendings *list)
{
    while (list->first != NULL) {
        relay_pending_drop(session, list);
    }
}

/* ---- The session's list of streams with something to give ---- */

static bool
has_item(const relay_stream *stream)
{
    return stream->at < stream->head && stream->at <= stream->stop;
}

static void
make_ready(relay_stream *stream)
{
    relay_session *session = stream->session;

    if (stream->is_ready || !has_item(stream)) {
        return;
    }
    stream->is_ready = true;
    stream->ready_next = NULL;
    if (session->ready_last != NULL) {
        session->ready_last->ready_next = stream;
    } else {
        session->ready_first = stream;
    }
    session->ready_last = stream;
    relay_session_ready(session);
}

static void
make_unready(relay_stream *stream)
{
    relay_session *session = stream->session;
    relay_stream *before = NULL;

    if (!stream->is_ready) {
        return;
    }
    for (relay_stream *at = session->ready_first; at != stream; at = at->ready_next) {
        before = at;
    }
    if (before != NULL) {
        before->ready_next = stream->ready_next;
    } else {
        session->ready_first = stream->ready_next;
    }
    if (session->ready_last == stream) {
        session->ready_last = before;
    }
    stream->is_ready = false;
    stream->ready_next = NULL;
}

/* ---- Opening and closing ---- */

relay_stream *
relay_stream_find(relay_session *session, relay_link_kind kind, uint64_t row)
{
    for (relay_link *link = relay_index_find(&session->relay->index, kind, row); link != NULL;
         link = relay_index_next(link)) {
        relay_stream *stream = RELAY_OF(link, relay_stream, link);
        if (stream->session == session) {
            return stream;
        }
    }
    return NULL;
}

static void
drop_pending(relay_stream *stream)
{
    stream->session->pending_bytes -= stream->pending.first->notice->frame.len;
    relay_pending_drop(stream->session, &stream->pending);
}

static void
clear_pending(relay_stream *stream)
{
    while (stream->pending.first != NULL) {
        drop_pending(stream);
    }
}

void
relay_stream_close(relay_stream *stream)
{
    relay_session *session = stream->session;
    relay *r = session->relay;

    make_unready(stream);
    clear_pending(stream);
    relay_index_remove(&r->index, &stream->link);
    if (stream->prev != NULL) {
        stream->prev->next = stream->next;
    } else {
        session->streams = stream->next;
    }
    if (stream->next != NULL) {
        stream->next->prev = stream->prev;
    }
    session->stream_count--;
    r->stats.subscriptions--;
    kith_mem_free(r->env.alloc, stream, sizeof *stream);
}

static kith_err
add_stream(relay_session *session, const relay_stream *draft)
{
    relay *r = session->relay;

    KITH_ENSURE(session->stream_count < RELAY_SUBSCRIPTIONS_MAX, KITH_ERR_LIMIT);
    relay_stream *stream = kith_mem_zalloc(r->env.alloc, 1, sizeof *stream);
    KITH_ENSURE(stream != NULL, KITH_ERR_NO_MEMORY);
    *stream = *draft;
    const kith_err err = relay_index_add(&r->index, r->env.alloc, &stream->link);
    if (err != KITH_OK) {
        kith_mem_free(r->env.alloc, stream, sizeof *stream);
        return err;
    }
    stream->session = session;
    stream->next = session->streams;
    if (session->streams != NULL) {
        session->streams->prev = stream;
    }
    session->streams = stream;
    session->stream_count++;
    r->stats.subscriptions++;
    make_ready(stream);
    return KITH_OK;
}

kith_err
relay_stream_open(relay_session *session, const relay_stream *draft)
{
    relay_stream *old =
        relay_stream_find(session, (relay_link_kind)draft->link.kind, draft->link.key);

    if (old == NULL) {
        return add_stream(session, draft);
    }
    make_unready(old);
    clear_pending(old);
    old->at = draft->at;
    old->head = draft->head;
    old->stop = draft->stop;
    make_ready(old);
    return KITH_OK;
}

/* ---- News ---- */

/* Whether the item continues what the stream has in memory, or what it has given. */
static bool
continues(const relay_stream *stream, uint64_t number)
{
    const relay_pending *last = stream->pending.last;

    return last != NULL ? last->notice->number + 1 == number : stream->at == number;
}

static bool
has_room(const relay_stream *stream, const relay_notice *notice)
{
    return stream->pending.count < RELAY_PENDING_MAX &&
           stream->session->pending_bytes + notice->frame.len <= RELAY_PENDING_BYTES_MAX;
}

void
relay_stream_tell(relay_stream *stream, relay_notice *notice)
{
    if (notice->number < stream->head) {
        return; /* the subscription found it in the store */
    }
    if (notice->number <= stream->stop && continues(stream, notice->number) &&
        has_room(stream, notice) &&
        relay_pending_add(stream->session, &stream->pending, notice) == KITH_OK) {
        stream->session->pending_bytes += notice->frame.len;
    }
    stream->head = notice->number + 1;
    if (notice->is_commit && notice->number < stream->stop) {
        stream->stop = notice->number;
    }
    make_ready(stream);
}

/* ---- Giving ---- */

static kith_err
append_item(const relay_stream *stream, const relay_item *item, kith_buf *out)
{
    const bool is_inbox = stream->link.kind == RELAY_LINK_INBOX;
    size_t mark = 0;

    KITH_TRY(proto_frame_open(out, is_inbox ? PROTO_INBOX_ITEM : PROTO_ENTRY, 0, &mark));
    return proto_frame_close(out, mark, relay_item_encode(is_inbox, stream->conv_id, item, out));
}

/* From the store, within an open walk. */
static kith_err
walk(relay_stream *stream, const relay_range *range, size_t until, kith_buf *out)
{
    const relay_store *reader = stream->session->relay->env.reader;
    relay_item item = {0};

    while (out->len < until) {
        const kith_err err = reader->walk_next(reader->ctx, &item);
        if (err == KITH_ERR_NOT_FOUND) {
            stream->at = range->to + 1;
            return KITH_OK;
        }
        KITH_TRY(err);
        KITH_TRY(append_item(stream, &item, out));
        stream->session->relay->stats.pushes++;
        stream->at = item.number + 1;
    }
    return KITH_OK;
}

static kith_err
give_from_store(relay_stream *stream, size_t until, kith_buf *out)
{
    const relay_store *reader = stream->session->relay->env.reader;
    const uint64_t last = stream->head - 1 < stream->stop ? stream->head - 1 : stream->stop;
    const relay_range range = {.is_inbox = stream->link.kind == RELAY_LINK_INBOX,
                               .row = stream->link.key,
                               .from = stream->at,
                               .to = last};

    KITH_TRY(reader->walk(reader->ctx, &range));
    const kith_err err = walk(stream, &range, until, out);
    reader->walk_end(reader->ctx);
    return err;
}

static kith_err
give_from_memory(relay_stream *stream, size_t until, kith_buf *out)
{
    while (stream->pending.first != NULL && out->len < until) {
        const relay_notice *notice = stream->pending.first->notice;
        KITH_TRY(kith_buf_append(out, kith_bytes_of_buf(&notice->frame)));
        stream->session->relay->stats.pushes++;
        stream->at = notice->number + 1;
        drop_pending(stream);
    }
    return KITH_OK;
}

kith_err
relay_stream_fill(relay_stream *stream, size_t until, kith_buf *out)
{
    const size_t turn = out->len + TURN_BYTES < until ? out->len + TURN_BYTES : until;

    if (stream->pending.first != NULL) {
        KITH_TRY(give_from_memory(stream, turn, out));
    } else {
        KITH_TRY(give_from_store(stream, turn, out));
    }
    make_unready(stream);
    if (stream->at > stream->stop) {
        relay_stream_close(stream); /* the epoch has ended: paused until it subscribes anew */
        return KITH_OK;
    }
    make_ready(stream);
    return KITH_OK;
}
