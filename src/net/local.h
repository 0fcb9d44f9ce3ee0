/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A stream socket in the file system for programs of the same user: mode 0600 from its first moment,
 * and a connection whose other side runs as another user is closed unheard.
 */
#ifndef KITH_NET_LOCAL_H
#define KITH_NET_LOCAL_H

#include "net/loop.h"

typedef struct net_local net_local;
typedef struct net_local_conn net_local_conn;

/* Called on the loop's thread. A connection lives from opened until closed returns, or until
 * net_local_close. */
typedef struct net_local_events {
    void (*opened)(void *ctx, net_local_conn *conn);
    void (*bytes)(void *ctx, net_local_conn *conn, kith_bytes bytes); /* borrowed */
    void (*sent)(void *ctx, net_local_conn *conn); /* all queued is written; may be NULL */
    void (*closed)(void *ctx, net_local_conn *conn); /* the other side left, or was cut off */
    void *ctx;
} net_local_events;

/* Listens at `path`, replacing a socket that nobody listens to any more. EXISTS: another process
 * serves it. DENIED: the folder may not be written. NOT_FOUND: there is no such folder. INVALID: the
 * path is longer than a socket address holds (107 bytes). */
KITH_API KITH_MUST_USE kith_err net_local_listen(net_loop *loop, const char *path,
                                                 const net_local_events *events, net_local **out);
/* Closes every connection without a call back, removes the socket. NULL is accepted. */
KITH_API void net_local_free(net_local *local);

/* What the owner keeps with a connection; NULL at first. */
KITH_API void net_local_set_user(net_local_conn *conn, void *user);
KITH_API void *net_local_user(const net_local_conn *conn);

/* Queues a copy. LIMIT: more than NET_LOCAL_QUEUE_MAX would wait: the other side does not read; close
 * it, or send later. NO_MEMORY: nothing was queued. */
KITH_API KITH_MUST_USE kith_err net_local_send(net_local_conn *conn, kith_bytes bytes);
KITH_API size_t net_local_queued(const net_local_conn *conn);
/* Stops or goes on reading, so that whoever asks faster than it is answered waits. */
KITH_API void net_local_pause(net_local_conn *conn, bool paused);
/* Ends the connection, after what is queued was written or the other side left; no call back, and
 * `conn` is gone for the caller. */
KITH_API void net_local_close(net_local_conn *conn);

#endif
