/* SPDX-License-Identifier: MPL-2.0 */
/* The allocator port and its default over the C library. Sizes are checked before arithmetic. */
#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

static void *
resize_with_libc(void *ptr, size_t size)
{
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, size);
}

static void *
resize(const kith_alloc *alloc, void *ptr, size_t old, size_t size)
{
    return alloc != NULL ? alloc->resize(alloc->ctx, ptr, old, size) : resize_with_libc(ptr, size);
}

void *
kith_mem_zalloc(const kith_alloc *alloc, size_t count, size_t size)
{
    if (count == 0 || size == 0 || count > SIZE_MAX / size) {
        return NULL;
    }
    void *ptr = resize(alloc, NULL, 0, count * size);
    if (ptr != NULL) {
        memset(ptr, 0, count * size);
    }
    return ptr;
}

void
kith_mem_free(const kith_alloc *alloc, void *ptr, size_t size)
{
    if (ptr != NULL) {
        kith_wipe(ptr, size);
        (void)resize(alloc, ptr, size, 0);
    }
}

kith_err
kith_mem_grow(const kith_alloc *alloc, void **items, size_t *cap, size_t want, size_t size)
{
    if (want <= *cap) {
        return KITH_OK;
    }
    size_t grown = *cap < 4 ? 4 : *cap;
    while (grown < want) {
        KITH_ENSURE(grown <= SIZE_MAX / 2, KITH_ERR_NO_MEMORY);
        grown *= 2;
    }
    /* A fresh block, not a moved one, so that what the old one held is wiped. */
    uint8_t *fresh = kith_mem_zalloc(alloc, grown, size);
    KITH_ENSURE(fresh != NULL, KITH_ERR_NO_MEMORY);
    if (*items != NULL) {
        memcpy(fresh, *items, *cap * size);
        kith_mem_free(alloc, *items, *cap * size);
    }
    *items = fresh;
    *cap = grown;
    return KITH_OK;
}
