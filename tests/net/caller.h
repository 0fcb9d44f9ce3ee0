/* SPDX-License-Identifier: MPL-2.0 */
/* A net_client that writes down what happens to it. */
#ifndef KITH_TESTS_NET_CALLER_H
#define KITH_TESTS_NET_CALLER_H

#include "net/net.h"

typedef struct caller {
    net_loop *loop;
    net_timer *limit; /* ends a wait that takes too long */
    net_client *client;
    uint32_t ups;
    uint32_t losts;
    uint32_t sents;
    net_lost reason;
    uint8_t exporter[NET_EXPORTER_LEN];
    kith_buf bytes; /* all that came */
    size_t wanted; /* bytes to wait for */
    bool is_late;
} caller;

void caller_open(caller *c);
void caller_close(caller *c);
/* Dials 127.0.0.1 and waits for up or lost. */
void caller_dial(caller *c, uint16_t port, kith_bytes pin);
/* Waits for that many bytes in all, or lost. */
void caller_await(caller *c, size_t bytes);
void caller_await_lost(caller *c);

#endif
