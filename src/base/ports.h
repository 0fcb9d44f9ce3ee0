/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Ports for randomness and time: structs of functions that an outer layer or a test fills in. A port
 * function may not call back into its caller. Most code takes time as a `now_ms` parameter instead.
 */
#ifndef KITH_BASE_PORTS_H
#define KITH_BASE_PORTS_H

#include "base/bytes.h"

/* Fills `out` with `len` unpredictable bytes. NO_RANDOM: none to be had, `out` is unspecified. */
typedef struct kith_rng {
    kith_err (*fill)(void *ctx, uint8_t *out, size_t len);
    void *ctx;
} kith_rng;

/* Milliseconds since 1970-01-01T00:00:00Z, and milliseconds that never go back. */
typedef struct kith_clock {
    uint64_t (*wall_ms)(void *ctx);
    uint64_t (*steady_ms)(void *ctx);
    void *ctx;
} kith_clock;

KITH_API KITH_MUST_USE kith_err kith_rng_fill(const kith_rng *rng, uint8_t *out, size_t len);
/* A secret of `len` (at most KITH_SECRET_MAX) random bytes. */
KITH_API KITH_MUST_USE kith_err kith_rng_secret(const kith_rng *rng, size_t len, kith_secret *out);

#endif
