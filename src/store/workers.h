/* SPDX-License-Identifier: MPL-2.0 */
/* Threads for work that is the same many times over and needs nothing but a crypto each: VRFs of many lists. */
#ifndef KITH_STORE_WORKERS_H
#define KITH_STORE_WORKERS_H

#include "relay/relay.h"

/* Fewer jobs than this for each thread are not worth one. */
#define STORE_WORKERS_JOBS_MIN 64u

typedef struct store_workers {
    crypto *crypto; /* of the calling thread */
    uint16_t count; /* threads at most, the calling one among them; 0 and 1: no other */
} store_workers;

/* Borrows `workers`. Threads live as long as one call; where none can be had, the calling one does all of it. */
kt_workers store_workers_port(store_workers *workers);

#endif
