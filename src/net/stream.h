/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A TLS connection on a non-blocking socket, for both sides. What one peer can make it do in one turn
 * of the loop is bounded; it holds no buffer while nothing waits.
 */
#ifndef KITH_NET_STREAM_H
#define KITH_NET_STREAM_H

#include <openssl/ssl.h>

#include "net/client.h"
#include "net/internal.h"
#include "net/tls.h"

/* One of these means the other side is asked to slow down, or to leave. */
#define STREAM_LOW 16384u      /* room is called when less than this waits: one full record */
#define STREAM_WRITTEN_MAX 65536u /* written bytes that are kept in front of the rest */
#define STREAM_READ_TURN 4u    /* reads, each of at most NET_INPUT_LEN, for one turn */
#define STREAM_WRITE_TURN 262144u /* bytes written in one turn */
#define STREAM_CONTROLS_MAX 64u /* TLS messages that are not data, after the handshake */
#define STREAM_KEY_RECORDS (1u << 22) /* records under one key, far below [RFC8446 §5.5] */

/* Calls back on the loop's thread. Everything may be called from inside, close included. */
typedef struct net_stream_events {
    void (*up)(void *ctx);
    void (*bytes)(void *ctx, kith_bytes bytes);
    /* Less than STREAM_LOW waits: the moment to send more. Called until nothing more comes. */
    void (*room)(void *ctx);
    /* The stream is closed and gone after the call. */
    void (*lost)(void *ctx, net_lost reason);
} net_stream_events;

typedef struct net_stream {
    net_loop *loop;
    const net_stream_events *events;
    void *ctx;
    SSL *ssl;
    net_tls_pin *pin; /* client only */
    uv_poll_t poll;
    net_task task;
    kith_buf out;
    size_t out_at; /* how much of `out` is written */
    uint64_t heard_ms;    /* loop time when bytes last came */
    uint64_t progress_ms; /* when bytes last left, or began to wait */
    uint32_t records; /* written under the present key */
    int fd;
    uint8_t armed; /* what poll waits for */
    uint8_t controls;
    bool is_up;
    bool paused;
    bool has_more; /* reading stopped for this turn only */
    bool wants_write; /* the socket took less than there is */
    bool closed;
} net_stream;

/* Takes over `fd` (connected, non-blocking) and `ssl`, in either role, on success and on error alike.
 * `pin` (client only) must outlive the stream. */
KITH_MUST_USE kith_err net_stream_new(net_loop *loop, int fd, SSL *ssl,
                                      const net_stream_events *events, net_stream **out);
/* Queues a copy, written at the end of the turn. NO_MEMORY. */
KITH_MUST_USE kith_err net_stream_send(net_stream *stream, kith_bytes bytes);
/* The same for whoever writes in place: appends to this from inside room. */
kith_buf *net_stream_out(net_stream *stream);
/* Asks for a call of room at the end of the turn. */
void net_stream_ask(net_stream *stream);
size_t net_stream_queued(const net_stream *stream);
void net_stream_pause(net_stream *stream, bool paused);
/* Says goodbye if that is possible at once, and frees. No call back. */
void net_stream_close(net_stream *stream);

#endif
