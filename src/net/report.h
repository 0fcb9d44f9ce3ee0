/* SPDX-License-Identifier: MPL-2.0 */
/* A text for whoever asks by HTTP on this machine: figures for Prometheus. Knows nothing of HTTP but the end of a
 * request's head; every request gets the same answer. */
#ifndef KITH_NET_REPORT_H
#define KITH_NET_REPORT_H

#include "net/loop.h"

typedef struct net_report net_report;

/* Serves what `write` appends, on 127.0.0.1. Not more than NET_REPORT_CONNS_MAX ask at once, each for
 * NET_REPORT_MS at most. EXISTS: the port is taken. DENIED: it needs rights. */
KITH_API KITH_MUST_USE kith_err net_report_listen(net_loop *loop, uint16_t port,
                                                  kith_err (*write)(void *ctx, kith_buf *out),
                                                  void *ctx, net_report **out);
/* NULL is accepted. */
KITH_API void net_report_free(net_report *report);

#endif
