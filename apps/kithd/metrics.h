/* SPDX-License-Identifier: MPL-2.0 */
/* Figures for Prometheus: counts of what kithd does, nothing of whom it does it for. */
#ifndef KITHD_METRICS_H
#define KITHD_METRICS_H

#include "service.h"

/* Appends the text of all figures. `ctx` is a kithd_service. */
kith_err kithd_metrics_write(void *ctx, kith_buf *out);

#endif
