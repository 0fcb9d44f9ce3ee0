/* SPDX-License-Identifier: MPL-2.0 */
/* An allocator that gives out dirty memory and looks whether what comes back was wiped. */
#ifndef KITH_TESTS_BASE_SPY_ALLOC_H
#define KITH_TESTS_BASE_SPY_ALLOC_H

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

typedef struct spy_alloc {
    size_t frees;
    size_t dirty_frees; /* blocks that came back with a byte that was not zero */
    kith_alloc port;
} spy_alloc;

static inline void *
spy_resize(void *ctx, void *ptr, size_t old, size_t size)
{
    spy_alloc *spy = ctx;
    bool dirty = false;

    if (size > 0) {
        void *moved = realloc(ptr, size);
        if (moved != NULL && size > old) {
            memset((uint8_t *)moved + old, 0xa5, size - old);
        }
        return moved;
    }
    for (size_t i = 0; i < old; i++) {
        dirty = dirty || ((const uint8_t *)ptr)[i] != 0;
    }
    spy->frees += ptr != NULL ? 1 : 0;
    spy->dirty_frees += dirty ? 1 : 0;
    free(ptr);
    return NULL;
}

static inline void
spy_alloc_init(spy_alloc *spy)
{
    *spy = (spy_alloc){0};
    spy->port = (kith_alloc){.resize = spy_resize, .ctx = spy};
}

#endif
