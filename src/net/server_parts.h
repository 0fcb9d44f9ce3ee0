/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of the server share. Each function runs on its loop's thread unless it says otherwise. */
#ifndef KITH_NET_SERVER_PARTS_H
#define KITH_NET_SERVER_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "crypto/crypto.h"
#include "net/server.h"
#include "net/stream.h"

/* Sources share a counter when a keyed hash of them falls together. */
#define SOURCE_BUCKETS 65536u

typedef struct listener {
    uv_poll_t poll; /* the first member: freed through it */
    net_server_loop *loop;
    int fd;
} listener;

/* A connection of a device. */
typedef struct conn {
    struct conn *next;
    struct conn *prev;
    net_server_loop *loop;
    net_stream *stream;
    relay_session *session; /* NULL until the handshake is done */
    uint64_t source;
    bool is_ready; /* the relay has something to say to it */
    bool is_ending; /* what is queued goes out, then it is closed */
} conn;

/* Oldest first. */
typedef struct conn_list {
    conn *first;
    conn *last;
    uint32_t count;
} conn_list;

struct net_server_loop {
    net_server *server;
    uint16_t index;
    net_loop *loop;
    net_wakeup *wakeup; /* for whoever has news: the writer, or the owner of the server */
    net_timer *timer;
    net_task after; /* hands over jobs when the streams had their turn */
    relay *relay;
    crypto *crypto;
    net_server_port port;
    SSL_CTX *tls;
    listener *listeners[NET_LISTENERS_MAX];
    size_t listener_count;
    int reserve_fd; /* given up for a moment when no descriptor is left */
    conn_list handshakes;
    conn_list conns; /* that are up */
    uint16_t *per_source; /* connections, by bucket */
    uint64_t drain_until_ms; /* loop time; 0: no drain */
    bool has_settled; /* draining: work that was begun is done */
    bool has_drained; /* and its answers are with the streams */
    uint64_t due_ms; /* loop time that the timer is set to */
    net_server_stats stats;
    pthread_t thread;
    bool has_thread;
    /* Written by others. */
    atomic_bool stop_wanted;

    pthread_mutex_t lock; /* guards what follows; held for copying only */
    SSL_CTX *next_tls;
    net_server_stats published;
};

struct net_server {
    net_server_config config;
    uint8_t source_key[32];
    uint16_t loop_count;
    net_server_loop loops[];
};

/* ---- One loop (server_loop.c) ---- */
/* From the thread that makes the server. */
KITH_MUST_USE kith_err server_loop_open(net_server *server, uint16_t index);
void server_loop_close(net_server_loop *loop);
/* The body of the thread. */
void *server_loop_main(void *ctx);
uint64_t server_loop_now(const net_server_loop *loop);

/* ---- Listening (accept.c) ---- */
KITH_MUST_USE kith_err server_listen(net_server_loop *loop, const struct sockaddr *address,
                                     socklen_t len);
void server_listen_end(net_server_loop *loop);

/* ---- Connections (conn.c) ---- */
/* Takes over `fd`. */
void server_conn_open(net_server_loop *loop, int fd, uint64_t source);
void server_conn_close(conn *c);
/* Does what became of the session: lets it read or not, fetches its output. */
void server_conn_update(conn *c);
/* Ends those that take too long. */
void server_conns_sweep(net_server_loop *loop);
void server_conns_pause(net_server_loop *loop);
bool server_conns_have_output(const net_server_loop *loop);
void server_conns_end(net_server_loop *loop);

#endif
