/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One connection to the server at a time [docs/wire.md §1]: TLS 1.3, ALPN kith/1, X25519MLKEM768
 * before X25519, no tickets, no early data. The server is accepted only when the issuer of its
 * certificate chain is the pinned identity key; otherwise the connection ends before a byte of ours
 * is sent. When to dial again is the owner's business.
 */
#ifndef KITH_NET_CLIENT_H
#define KITH_NET_CLIENT_H

#include "net/loop.h"

#define NET_PIN_LEN 32u /* the identity key, Ed25519 */
#define NET_EXPORTER_LEN 32u /* EXPORTER-kith-login, no context */

/* Why a connection ended or never came to be. */
typedef enum net_lost {
    NET_LOST_NO_HOST = 1, /* the name has no address */
    NET_LOST_UNREACHABLE, /* nobody answers there */
    NET_LOST_TIMEOUT,     /* dialling took longer than NET_CLIENT_DIAL_MS, or writing stalled */
    NET_LOST_WRONG_PIN,   /* somebody else than the pinned server answers: tell the user */
    NET_LOST_PROTOCOL,    /* no TLS 1.3, another ALPN, a broken record */
    NET_LOST_CLOSED,      /* the connection was up and the other side, or the network, ended it */
    NET_LOST_LOCAL,       /* this machine has no memory or descriptor for it */
} net_lost;
/* A short name in lower case for logs ("wrong pin"); static. */
KITH_API const char *net_lost_name(net_lost lost);

/* Called on the loop's thread, in this order: up once, bytes any number of times, lost once. lost may
 * come without up. Nothing is called after lost, nor after net_client_close, until the next dial. */
typedef struct net_client_events {
    void (*up)(void *ctx, const uint8_t exporter[NET_EXPORTER_LEN]);
    void (*bytes)(void *ctx, kith_bytes bytes); /* borrowed during the call */
    void (*sent)(void *ctx); /* all that was queued is written; may be NULL */
    void (*lost)(void *ctx, net_lost reason);
    void *ctx;
} net_client_events;

typedef struct net_client net_client;

/* `*events` is copied. */
KITH_API KITH_MUST_USE kith_err net_client_new(net_loop *loop, const net_client_events *events,
                                               net_client **out);
/* Closes without a call back. NULL is accepted. */
KITH_API void net_client_free(net_client *client);

/* Starts a connection to a name or a numeric address (IPv6 without brackets); every address of the
 * name is tried in turn. The outcome comes as up or lost. With
 * a pin of zeros any identity will do: the caller asks afterwards which it was. INVALID: dialled already, or the host is
 * empty or longer than NET_HOST_MAX. */
KITH_API KITH_MUST_USE kith_err net_client_dial(net_client *client, const char *host, uint16_t port,
                                                const uint8_t pin[NET_PIN_LEN]);
/* The identity of the server that is, or was last, connected: the pin, or what an open one met. */
KITH_API void net_client_identity(const net_client *client, uint8_t out[NET_PIN_LEN]);
/* Queues a copy; it is written at the end of the turn. OFFLINE: not up. LIMIT: more than
 * NET_CLIENT_QUEUE_MAX would wait; nothing was queued, try again after sent. */
KITH_API KITH_MUST_USE kith_err net_client_send(net_client *client, kith_bytes bytes);
/* Bytes that wait to be written. */
KITH_API size_t net_client_queued(const net_client *client);
/* Ends the connection, if any, without a call back; what was queued is dropped. */
KITH_API void net_client_close(net_client *client);

#endif
