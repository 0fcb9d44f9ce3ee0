/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The allocator port. Objects of layers 0-3 take a `const kith_alloc *` when they are made and keep
 * it; NULL everywhere means the C library's allocator. Tests pass one that fails the N-th call.
 */
#ifndef KITH_BASE_ALLOC_H
#define KITH_BASE_ALLOC_H

#include <stddef.h>

#include "base/err.h"

/* `resize(ctx, NULL, 0, n)` allocates, `resize(ctx, p, old, 0)` frees and returns NULL, anything else
 * moves. Returns NULL when there is no memory; the old block is then untouched. `old` is the size
 * that was asked for, in bytes, so that an implementation can wipe what it gives back. */
typedef struct kith_alloc {
    void *(*resize)(void *ctx, void *ptr, size_t old, size_t size);
    void *ctx;
} kith_alloc;

/* Zeroed memory of `count * size` bytes, or NULL (no memory, or the product overflows, or is 0).
 * Owned by the caller, returned with kith_mem_free and the same product. */
KITH_API void *kith_mem_zalloc(const kith_alloc *alloc, size_t count, size_t size);

/* Wipes and returns `size` bytes at `ptr`; NULL is accepted. */
KITH_API void kith_mem_free(const kith_alloc *alloc, void *ptr, size_t size);

/* Makes the array `*items` of `*cap` elements of `size` bytes hold at least `want` elements, growing
 * by doubling; new elements are zeroed. NO_MEMORY: nothing changed. */
KITH_API KITH_MUST_USE kith_err kith_mem_grow(const kith_alloc *alloc, void **items, size_t *cap,
                                              size_t want, size_t size);

#endif
