/* SPDX-License-Identifier: MPL-2.0 */
/* One request to another witness over HTTP, on a thread of the loop's pool. */
#ifndef KITH_WITNESS_PUSH_H
#define KITH_WITNESS_PUSH_H

#include <stdatomic.h>

#include "config.h"

/* From the beginning to the last byte of the answer. */
#define PUSH_SECONDS 20u

typedef struct push {
    const char *url; /* borrowed until it is done */
    kith_buf body; /* of the request */
    long status; /* of the answer; 0: there was none */
    kith_buf answer; /* at most KT_ADD_ANSWER_MAX bytes */
    atomic_bool is_over; /* set by anybody: the transfer ends soon, without an answer */
    net_fn done; /* on the loop's thread */
    void *ctx;
} push;

/* Posts `body`; `done(ctx)` comes later. `p` must live until then. */
KITH_MUST_USE kith_err push_start(net_loop *loop, push *p);
/* Before the first, and after the last one. */
bool push_global_open(void);
void push_global_close(void);

#endif
