/* SPDX-License-Identifier: MPL-2.0 */
/* One thread for each core, for kt_log_append. */
#ifndef KITH_BENCH_TRANSPARENCY_WORKERS_H
#define KITH_BENCH_TRANSPARENCY_WORKERS_H

#include "transparency/transparency.h"

typedef struct workers workers;
workers *workers_new(size_t count);
void workers_free(workers *w);
kt_workers workers_port(workers *w);

#endif
