/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Conversations that a transaction has touched: read once, written once, however many of its jobs are about them. Holds
 * for one transaction: whoever else wrote meanwhile is seen by the next.
 */
#include <string.h>

#include "store/relay_parts.h"

/* Ids are random; whoever chooses some that collide only takes the benefit from himself. */
static store_relay_slot *
slot_of(store_relay *store, const uint8_t *conv_id)
{
    size_t at = 0;

    memcpy(&at, conv_id, sizeof at);
    return &store->slots[at % STORE_RELAY_SLOTS];
}

bool
store_relay_cache_find(store_relay *store, const uint8_t *conv_id, relay_conv *out)
{
    const store_relay_slot *slot = slot_of(store, conv_id);

    if (!slot->is_used || memcmp(slot->conv.id, conv_id, PROTO_ID_LEN) != 0) {
        return false;
    }
    *out = slot->conv;
    return true;
}

static kith_err
write_back(store_relay *store, store_relay_slot *slot)
{
    if (slot->is_used && slot->is_dirty) {
        KITH_TRY(store_relay_conv_update(store->db, &slot->conv));
    }
    slot->is_dirty = false;
    return KITH_OK;
}

kith_err
store_relay_cache_add(store_relay *store, const relay_conv *conv)
{
    store_relay_slot *slot = slot_of(store, conv->id);

    KITH_TRY(write_back(store, slot));
    if (!slot->is_used) {
        store->used[store->used_count++] = (uint16_t)(slot - store->slots);
    }
    *slot = (store_relay_slot){.is_used = true, .conv = *conv};
    return KITH_OK;
}

bool
store_relay_cache_save(store_relay *store, const relay_conv *conv)
{
    store_relay_slot *slot = slot_of(store, conv->id);

    if (!slot->is_used || slot->conv.row != conv->row) {
        return false;
    }
    slot->conv = *conv;
    slot->is_dirty = true;
    return true;
}

kith_err
store_relay_cache_flush(store_relay *store)
{
    for (size_t i = 0; i < store->used_count; i++) {
        KITH_TRY(write_back(store, &store->slots[store->used[i]]));
    }
    return KITH_OK;
}

void
store_relay_cache_drop(store_relay *store)
{
    for (size_t i = 0; i < store->used_count; i++) {
        store->slots[store->used[i]].is_used = false;
    }
    store->used_count = 0;
}
