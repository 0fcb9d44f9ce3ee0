/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The server's side of the network: loops, each in a thread of its own with a relay of its own, sharing
 * nothing but what the owner joins them to: a writer that takes their jobs.
 *
 *     net_server_new                             loops are there, nothing runs
 *     net_server_attach(server, i, &port)        each loop's reader and mailbox
 *     net_server_listen(server, ...)             each address
 *     net_server_start ... net_server_stop       accepts; drains
 *     net_server_free                            the relays are gone, then free what was attached
 *
 * A slow or hostile device costs the others nothing: a limit on connections, in all and of one source; a time for
 * the handshake, for silence and for not reading; no more read, written or computed for one connection in one
 * turn than limits.h says; nothing queued for it beyond NET_FILL_LEN and what relay allows.
 */
#ifndef KITH_NET_SERVER_H
#define KITH_NET_SERVER_H

#include "net/identity.h"
#include "net/loop.h"
#include "relay/relay.h"

/* Zero: the default from limits.h. For each loop. */
typedef struct net_server_limits {
    uint32_t conns;
    uint32_t source_conns;
    uint32_t handshakes;
    uint32_t handshake_ms;
    uint32_t idle_ms;
    uint32_t stall_ms;
    uint32_t drain_ms;
} net_server_limits;

typedef struct net_server_config {
    uint16_t loops; /* 1 .. NET_LOOPS_MAX */
    const net_identity *identity; /* borrowed until the server is freed, as are rng and clock */
    const kith_rng *rng; /* callable from any thread */
    const kith_clock *clock; /* the same; its wall_ms is what relays take as now */
    relay_config relay; /* loop and is_keeper are set by the server */
    net_server_limits limits;
} net_server_config;

/* How a loop reaches the store: its own reader, and its way to the writer. All are called on the loop's thread. */
typedef struct net_server_port {
    const relay_store *reader;
    void *mailbox; /* what relay_job_owner gives back */
    void (*submit)(void *mailbox, relay *r); /* takes every job of the relay */
    void (*deliver)(void *mailbox, relay *r, uint64_t now_ms); /* after net_server_wake */
} net_server_port;

typedef struct net_server net_server;
typedef struct net_server_loop net_server_loop;

/* INVALID: a number of loops out of range. CRYPTO, NO_MEMORY, BUSY: no descriptor left. */
KITH_API KITH_MUST_USE kith_err net_server_new(const net_server_config *config, net_server **out);
/* Stops it first. NULL is accepted. */
KITH_API void net_server_free(net_server *server);

/* Borrowed as long as the server. `index` < loops. */
KITH_API net_server_loop *net_server_loop_at(net_server *server, uint16_t index);
/* From any thread, until the server is freed: the mailbox of `loop` (a net_server_loop *) has something. */
KITH_API void net_server_wake(void *loop);
/* What is in `port` is borrowed until the server is freed. */
KITH_API KITH_MUST_USE kith_err net_server_attach(net_server *server, uint16_t index,
                                                  const net_server_port *port);

/* Listens on a numeric address, on every loop; before start. `port` 0: any; `*bound` (may be NULL) is the one
 * that it became. EXISTS: the port is taken. DENIED: it needs rights. NOT_FOUND: not an address of this machine.
 * UNSUPPORTED: no such protocol here. INVALID: not an address. LIMIT: more than NET_LISTENERS_MAX. */
KITH_API KITH_MUST_USE kith_err net_server_listen(net_server *server, const char *host,
                                                  uint16_t port, uint16_t *bound);

/* BUSY: no thread left. INVALID: a loop was not attached. */
KITH_API KITH_MUST_USE kith_err net_server_start(net_server *server);
/* Stops accepting and reading, waits (at most drain_ms) until work that was begun is answered, closes everything.
 * The writer must still run. */
KITH_API void net_server_stop(net_server *server);

/* A new leaf certificate for connections from now on; those that exist are untouched. From the thread that
 * started the server. CRYPTO: the old one stays. */
KITH_API KITH_MUST_USE kith_err net_server_rotate(net_server *server);

typedef struct net_server_stats {
    uint64_t connections; /* now */
    uint64_t accepted; /* since the start */
    uint64_t refused; /* over a limit */
    uint64_t timed_out; /* handshake, silence, not reading */
    uint64_t broken; /* handshakes and streams against the rules */
    relay_stats relay;
} net_server_stats;

/* Sums of all loops, not older than a second or so. From any thread. */
KITH_API net_server_stats net_server_stats_of(net_server *server);

#endif
