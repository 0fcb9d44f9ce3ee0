/* SPDX-License-Identifier: MPL-2.0 */
/* A real server in this process: two loops, a store in a temporary folder, its writer; and devices that are as
 * honest or as hostile as the test wants. */
#ifndef KITH_TESTS_NET_PLACE_H
#define KITH_TESTS_NET_PLACE_H

#include <openssl/ssl.h>

#include "net/net.h"
#include "proto/proto.h"
#include "store/store.h"

#define PLACE_LOOPS 2u

typedef struct place {
    char folder[32];
    char database[64];
    net_identity *identity;
    store_relay *store;
    store_writer *writer;
    store_relay *readers[PLACE_LOOPS];
    store_mailbox *boxes[PLACE_LOOPS];
    net_server *server;
    uint16_t port;
} place;

void place_open(place *p, const net_server_limits *limits);
/* The server alone; devices see the end of it. */
void place_stop(place *p);
void place_close(place *p);

/* A blocking connection; every wait of it ends after some seconds. */
typedef struct device {
    int fd;
    SSL_CTX *ctx;
    SSL *ssl; /* NULL: no TLS yet */
    kith_buf in;
    uint32_t request;
} device;

/* Connects; no TLS. */
void device_connect(device *d, const place *p);
/* False: the server refused. */
bool device_handshake(device *d);
/* Connect, handshake, HELLO. */
void device_open(device *d, const place *p);
void device_close(device *d);
/* False: the connection is over. */
bool device_send(device *d, kith_bytes bytes);
bool device_ask(device *d, uint8_t type, kith_bytes body);
/* The next frame's type; 0 when the connection ended, or nothing came in time. The body is at `*body`
 * until the next call; `body` may be NULL. */
uint8_t device_next(device *d, kith_bytes *body);
/* Whether the server ended it, within `ms`. */
bool device_is_ended(device *d, int ms);
/* A PING and its answer. */
bool device_ping(device *d);

/* Milliseconds that never go back. */
uint64_t steady_ms(void);

#endif
