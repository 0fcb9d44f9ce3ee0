/* SPDX-License-Identifier: MPL-2.0 */
/* The HTTP side of a witness [C2SP-WITNESS]: add-checkpoint, and the checkpoints that were cosigned, for monitors. */
#ifndef KITH_WITNESS_HTTP_H
#define KITH_WITNESS_HTTP_H

#include "cosigner.h"

/* Connections at once, of one address, and how long one may say nothing. */
#define HTTP_CONNS_MAX 256u
#define HTTP_SOURCE_CONNS_MAX 32u
#define HTTP_IDLE_S 20u
#define HTTP_THREADS 4u

typedef struct http http;

/* Serves on the address of the configuration, on threads of its own. NULL after a complaint, with the exit status in `*status`. */
http *http_start(const witness_config *config, cosigner *w, int *status);
/* Finishes what was begun. NULL is accepted. */
void http_stop(http *h);

#endif
