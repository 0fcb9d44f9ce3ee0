/* SPDX-License-Identifier: MPL-2.0 */
/* A device as the server sees it: one anonymous connection, one conversation. Random tokens and bodies, since the
 * server never looks into either. */
#ifndef BENCH_RELAY_PEER_H
#define BENCH_RELAY_PEER_H

#include "crypto/crypto.h"
#include "net/net.h"
#include "proto/proto.h"

typedef struct peer peer;

typedef struct peer_events {
    void (*ready)(peer *p); /* HELLO was answered */
    void (*answered)(peer *p, uint8_t type); /* a request with this type */
    void (*entry)(peer *p, const proto_entry *entry);
} peer_events;

struct peer {
    net_client *client;
    const peer_events *events;
    void *user;
    kith_buf in;
    size_t in_at;
    uint32_t request;
    bool is_ready;
    uint8_t conv_id[PROTO_ID_LEN];
    uint8_t token[PROTO_ID_LEN];
    uint64_t seen; /* newest entry */
    uint64_t acked;
};

void peer_open(peer *p, net_loop *loop, const peer_events *events);
void peer_dial(peer *p, const proto_link *link);
void peer_close(peer *p);

/* Both sides of a pair know the conversation and its token. */
void peer_know(peer *p, const uint8_t conv_id[PROTO_ID_LEN], const uint8_t token[PROTO_ID_LEN]);
void peer_conv_open(peer *p, crypto *c);
void peer_subscribe(peer *p);
void peer_append(peer *p, kith_bytes message);
/* One acknowledgement of all that was seen, when there is something new. */
void peer_ack(peer *p);

#endif
