/* SPDX-License-Identifier: MPL-2.0 */
/* A device's connection: bytes between its stream and its relay session, and the times it may take. */
#include <stdlib.h>
#include <unistd.h>

#include "net/server_parts.h"
#include "net/tls.h"

static void
add(conn_list *list, conn *c)
{
    c->next = NULL;
    c->prev = list->last;
    if (list->last != NULL) {
        list->last->next = c;
    } else {
        list->first = c;
    }
    list->last = c;
    list->count++;
}

static void
take(conn_list *list, conn *c)
{
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        list->first = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    } else {
        list->last = c->prev;
    }
    list->count--;
}

/* The stream is gone or going. */
static void
forget(conn *c)
{
    net_server_loop *loop = c->loop;

    take(c->session != NULL ? &loop->conns : &loop->handshakes, c);
    loop->per_source[c->source % SOURCE_BUCKETS]--;
    relay_session_close(c->session);
    free(c);
}

void
server_conn_close(conn *c)
{
    net_stream_close(c->stream);
    forget(c);
}

void
server_conn_update(conn *c)
{
    const bool reads =
        c->loop->drain_until_ms == 0 && !c->is_ending && relay_session_wants_bytes(c->session);

    c->is_ready = true;
    net_stream_pause(c->stream, !reads);
    net_stream_ask(c->stream);
}

static void
handle_up(void *ctx)
{
    conn *c = ctx;
    net_server_loop *loop = c->loop;
    relay_peer peer = {.source = c->source, .owner = c};
    relay_session *session = NULL;

    if (net_tls_exporter(c->stream->ssl, peer.exporter) != KITH_OK ||
        relay_session_open(loop->relay, &peer, server_loop_now(loop), &session) != KITH_OK) {
        server_conn_close(c);
        return;
    }
    take(&loop->handshakes, c);
    c->session = session;
    add(&loop->conns, c);
    net_stream_pause(c->stream, loop->drain_until_ms != 0);
}

static void
handle_bytes(void *ctx, kith_bytes bytes)
{
    conn *c = ctx;

    if (c->is_ending) {
        return;
    }
    if (relay_session_recv(c->session, bytes, server_loop_now(c->loop)) != KITH_OK) {
        /* Fill gives what is to be said before the end, and then the error again. */
        c->loop->stats.broken++;
        c->is_ending = true;
    }
    server_conn_update(c);
}

static void
handle_room(void *ctx)
{
    conn *c = ctx;
    net_server_loop *loop = c->loop;

    if (!loop->has_drained && (c->is_ready || relay_session_has_output(c->session))) {
        const size_t before = net_stream_queued(c->stream);
        c->is_ready = false;
        const kith_err err = relay_session_fill(c->session, server_loop_now(loop), NET_FILL_LEN,
                                                net_stream_out(c->stream));
        c->is_ending = c->is_ending || err != KITH_OK;
        if (net_stream_queued(c->stream) != before) {
            /* The session may want bytes again, which is looked at when a turn begins: there must be one. */
            net_loop_again(loop->loop);
        }
        net_task_queue(&loop->loop->tasks, &loop->after);
    }
    if (c->is_ending && net_stream_queued(c->stream) == 0) {
        server_conn_close(c);
    }
}

static void
handle_lost(void *ctx, net_lost reason)
{
    conn *c = ctx;

    if (reason == NET_LOST_PROTOCOL) {
        c->loop->stats.broken++;
    }
    forget(c);
}

static const net_stream_events events = {
    .up = handle_up,
    .bytes = handle_bytes,
    .room = handle_room,
    .lost = handle_lost,
};

void
server_conn_open(net_server_loop *loop, int fd, uint64_t source)
{
    conn *c = calloc(1, sizeof *c);
    SSL *ssl = SSL_new(loop->tls);

    if (c == NULL || ssl == NULL) {
        SSL_free(ssl);
        free(c);
        close(fd);
        return;
    }
    SSL_set_accept_state(ssl);
    if (net_stream_new(loop->loop, fd, ssl, &events, &c->stream) != KITH_OK) {
        free(c);
        return;
    }
    c->stream->ctx = c;
    c->loop = loop;
    c->source = source;
    add(&loop->handshakes, c);
    loop->per_source[source % SOURCE_BUCKETS]++;
}

static bool
is_late(uint64_t since_ms, uint64_t now_ms, uint32_t configured, uint32_t standard)
{
    return now_ms - since_ms >= (configured != 0 ? configured : standard);
}

static bool
is_over(const conn *c, uint64_t now_ms)
{
    const net_server_limits *limits = &c->loop->server->config.limits;

    /* A device that takes what it is sent is there, even if it has nothing to say. */
    if (is_late(c->stream->heard_ms, now_ms, limits->idle_ms, NET_IDLE_MS) &&
        is_late(c->stream->progress_ms, now_ms, limits->idle_ms, NET_IDLE_MS)) {
        return true;
    }
    return net_stream_queued(c->stream) > 0 &&
           is_late(c->stream->progress_ms, now_ms, limits->stall_ms, NET_STALL_MS);
}

void
server_conns_sweep(net_server_loop *loop)
{
    const net_server_limits *limits = &loop->server->config.limits;
    const uint64_t now_ms = uv_now(&loop->loop->uv);

    while (loop->handshakes.first != NULL &&
           is_late(loop->handshakes.first->stream->heard_ms, now_ms, limits->handshake_ms,
                   NET_HANDSHAKE_MS)) {
        loop->stats.timed_out++;
        server_conn_close(loop->handshakes.first);
    }
    for (conn *c = loop->conns.first, *next = NULL; c != NULL; c = next) {
        next = c->next;
        if (is_over(c, now_ms)) {
            loop->stats.timed_out++;
            server_conn_close(c);
        }
    }
}

void
server_conns_pause(net_server_loop *loop)
{
    for (conn *c = loop->conns.first; c != NULL; c = c->next) {
        server_conn_update(c);
    }
}

bool
server_conns_have_output(const net_server_loop *loop)
{
    for (const conn *c = loop->conns.first; c != NULL; c = c->next) {
        if (net_stream_queued(c->stream) > 0) {
            return true;
        }
    }
    return false;
}

void
server_conns_end(net_server_loop *loop)
{
    while (loop->handshakes.first != NULL) {
        server_conn_close(loop->handshakes.first);
    }
    while (loop->conns.first != NULL) {
        server_conn_close(loop->conns.first);
    }
}
