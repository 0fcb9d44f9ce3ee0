/* SPDX-License-Identifier: MPL-2.0 */
/* Fakes of the rng and allocator ports: reproducible from a seed, failing on the N-th call. */
#ifndef KITH_TESTS_FAKES_FAKE_RNG_H
#define KITH_TESTS_FAKES_FAKE_RNG_H

#include "base/base.h"

/* A reproducible stream (not a secure one). `fail_after` calls succeed, later ones return NO_RANDOM;
 * UINT64_MAX never fails. */
typedef struct fake_rng {
    uint64_t state[4];
    uint64_t calls;
    uint64_t fail_after;
} fake_rng;

void fake_rng_init(fake_rng *fake, uint64_t seed);
kith_rng fake_rng_port(fake_rng *fake);
uint64_t fake_rng_u64(fake_rng *fake);
/* Uniform in [0, below); `below` > 0. */
uint64_t fake_rng_below(fake_rng *fake, uint64_t below);

/* Counts live blocks; `fail_after` allocations succeed, later ones return NULL. A freed block is
 * checked for having been asked for with the same size. */
typedef struct fake_alloc {
    uint64_t calls;
    uint64_t fail_after;
    uint64_t live_blocks;
    uint64_t live_bytes;
    kith_alloc port;
} fake_alloc;

void fake_alloc_init(fake_alloc *fake);

#endif
