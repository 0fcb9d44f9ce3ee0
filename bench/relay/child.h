/* SPDX-License-Identifier: MPL-2.0 */
/* A kithd that the measurement starts, looks at and ends. */
#ifndef BENCH_RELAY_CHILD_H
#define BENCH_RELAY_CHILD_H

#include <sys/types.h>

#include "proto/proto.h"

typedef struct child {
    pid_t pid;
    double start_ms; /* from fork until it accepts a connection */
    proto_link link; /* what it printed */
} child;

/* Starts `program` on a fresh folder and a port of loopback. Ends the process when that fails. */
void child_start(const char *program, const char *folder, uint16_t port, child *out);
/* SIGTERM, and waits. */
void child_stop(child *c);
long child_rss_kb(const child *c);
/* User and system time so far, in seconds. */
double child_cpu_s(const child *c);

double now_s(void);
/* Says why and ends. */
_Noreturn void die(const char *why);

#endif
