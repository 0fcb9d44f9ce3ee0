/* SPDX-License-Identifier: MPL-2.0 */
/* A hash table of links with chains. Several links may have the same key. */
#include "relay/internal.h"

#define SLOTS_MIN 64u

static size_t
slot_of(size_t cap, uint64_t kind, uint64_t key)
{
    /* The keys count up: a multiplication spreads them. */
    const uint64_t mixed = (key * 4 + kind) * UINT64_C(0x9e3779b97f4a7c15);

    return (size_t)(mixed >> 32) & (cap - 1);
}

static void
put(relay_link **slots, size_t cap, relay_link *link)
{
    relay_link **slot = &slots[slot_of(cap, link->kind, link->key)];

    link->next = *slot;
    *slot = link;
}

static kith_err
grow(relay_index *index, const kith_alloc *alloc)
{
    const size_t cap = index->cap == 0 ? SLOTS_MIN : 2 * index->cap;
    relay_link **slots = kith_mem_zalloc(alloc, cap, sizeof(relay_link *));

    KITH_ENSURE(slots != NULL, KITH_ERR_NO_MEMORY);
    for (size_t i = 0; i < index->cap; i++) {
        relay_link *next = NULL;
        for (relay_link *link = index->slots[i]; link != NULL; link = next) {
            next = link->next;
            put(slots, cap, link);
        }
    }
    kith_mem_free(alloc, index->slots, index->cap * sizeof(relay_link *));
    index->slots = slots;
    index->cap = cap;
    return KITH_OK;
}

kith_err
relay_index_add(relay_index *index, const kith_alloc *alloc, relay_link *link)
{
    if (index->count >= index->cap) {
        KITH_TRY(grow(index, alloc));
    }
    put(index->slots, index->cap, link);
    index->count++;
    return KITH_OK;
}

void
relay_index_remove(relay_index *index, relay_link *link)
{
    relay_link **at = &index->slots[slot_of(index->cap, link->kind, link->key)];

    while (*at != link) {
        at = &(*at)->next;
    }
    *at = link->next;
    link->next = NULL;
    index->count--;
}

static relay_link *
first_match(relay_link *link, uint64_t kind, uint64_t key)
{
    while (link != NULL && (link->kind != kind || link->key != key)) {
        link = link->next;
    }
    return link;
}

relay_link *
relay_index_find(const relay_index *index, relay_link_kind kind, uint64_t key)
{
    if (index->cap == 0) {
        return NULL;
    }
    return first_match(index->slots[slot_of(index->cap, kind, key)], kind, key);
}

relay_link *
relay_index_next(const relay_link *link)
{
    return first_match(link->next, link->kind, link->key);
}

void
relay_index_done(relay_index *index, const kith_alloc *alloc)
{
    kith_mem_free(alloc, index->slots, index->cap * sizeof(relay_link *));
    *index = (relay_index){0};
}
