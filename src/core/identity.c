/* SPDX-License-Identifier: MPL-2.0 */
/* The identity half as one thing: loading, the order of its pumps, and what arrives for it. */
#include "core/identity.h"

#include <string.h>

#include "core/directory.h"

uint64_t
core_pause_after(const core *c, const core_answer *answer)
{
    const uint32_t pause = answer->retry_after_ms;

    return c->now_ms + (pause != 0 ? pause : CORE_PAUSE_MAX_MS / 2);
}

bool
core_text_is_good(kith_bytes text, size_t max)
{
    if (text.len > max || !kith_utf8_is_valid(text)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

void
core_name_set(char out[CORE_NAME_MAX + 1], kith_bytes text)
{
    size_t len = text.len;

    if (len > CORE_NAME_MAX) {
        len = CORE_NAME_MAX;
        while (len > 0 && (text.data[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    memset(out, 0, CORE_NAME_MAX + 1);
    if (len > 0) {
        memcpy(out, text.data, len);
    }
}

/* ---- Loading ---- */

static kith_err
load_op(core *c, uint64_t op, kith_bytes value)
{
    kith_reader r = kith_reader_of(value);
    uint8_t kind = 0;

    KITH_TRY(kith_read_u8(&r, &kind));
    const kith_bytes fields = kith_reader_peek(&r);
    switch (kind) {
    case CORE_OP_ACCEPT:
        return core_accept_load(c, op, fields);
    case CORE_OP_LIST:
        return core_list_op_load(c, op, fields);
    case CORE_OP_PAIR:
        c->identity->lost_pair_op = op;
        return KITH_OK;
    default:
        return KITH_ERR_UNSUPPORTED;
    }
}

static kith_err
load_ops(core *c)
{
    const core_scan scan = {.table = CORE_TABLE_OP};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};

    for (;;) {
        KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
        const kith_err err = c->env.store.next(c->env.store.ctx, &scan, &key, &value);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        kith_reader r = kith_reader_of(kith_bytes_of_buf(&key));
        uint64_t op = 0;
        KITH_TRY(kith_read_u64(&r, &op));
        KITH_TRY(load_op(c, op, kith_bytes_of_buf(&value)));
    }
}

kith_err
core_identity_load(core *c)
{
    c->identity = kith_mem_zalloc(c->env.alloc, 1, sizeof *c->identity);
    KITH_ENSURE(c->identity != NULL, KITH_ERR_NO_MEMORY);
    c->identity->invites_waiting = true;
    KITH_TRY(core_account_load(c));
    KITH_TRY(core_directory_load(c));
    KITH_TRY(load_ops(c));
    KITH_TRY(core_packages_load(c));
    return core_people_load(c);
}

void
core_identity_free(core *c)
{
    core_identity *identity = c->identity;
    const kith_alloc *alloc = c->env.alloc;

    if (identity == NULL) {
        return;
    }
    core_pair_free(c);
    core_account_unload(c);
    core_list_ops_done(c);
    core_directory_free(c);
    core_lists_done(c);
    kith_mem_free(alloc, identity->take_wishes.items,
                  identity->take_wishes.cap * sizeof *identity->take_wishes.items);
    kith_mem_free(alloc, identity->accept_ops.items,
                  identity->accept_ops.cap * sizeof *identity->accept_ops.items);
    kith_mem_free(alloc, identity->hellos.items,
                  identity->hellos.cap * sizeof *identity->hellos.items);
    kith_mem_free(alloc, identity, sizeof *identity);
    c->identity = NULL;
}

/* ---- Pumps ---- */

/* A linking lives in memory only: a restart ends it. */
static kith_err
end_lost_pair(core *c)
{
    const core_key key = core_key_u64((kith_bytes){0}, c->identity->lost_pair_op);
    const core_key list_key = core_key_u64((kith_bytes){0}, c->identity->lost_list_op);

    if (c->identity->lost_list_op != 0) {
        KITH_TRY(core_erase(c, CORE_TABLE_OP, core_key_bytes(&list_key)));
        c->identity->lost_list_op = 0;
    }
    if (c->identity->lost_pair_op == 0) {
        return KITH_OK;
    }
    KITH_TRY(core_erase(c, CORE_TABLE_OP, core_key_bytes(&key)));
    KITH_TRY(core_op_done(c, c->identity->lost_pair_op, KITH_ERR_NOT_FOUND));
    c->identity->lost_pair_op = 0;
    return KITH_OK;
}

kith_err
core_identity_pump(core *c)
{
    KITH_TRY(end_lost_pair(c));
    KITH_TRY(core_pair_pump(c));
    KITH_TRY(core_account_pump(c));
    KITH_TRY(core_directory_pump(c));
    KITH_TRY(core_lists_pump(c));
    if (c->account.state != CORE_ACCOUNT_READY) {
        return KITH_OK;
    }
    KITH_TRY(core_heads_pump(c));
    KITH_TRY(core_watches_pump(c));
    KITH_TRY(core_devices_pump(c));
    KITH_TRY(core_accept_pump(c));
    KITH_TRY(core_takes_pump(c));
    KITH_TRY(core_hellos_pump(c));
    KITH_TRY(core_invites_pump(c));
    return core_packages_pump(c);
}

/* ---- What arrives ---- */

kith_err
core_identity_link_changed(core *c, core_link link)
{
    core_directory_link_changed(c, link);
    if (link == CORE_LINK_NAMED) {
        core_packages_link_changed(c);
        /* Another own device may have changed the list while this one was away. */
        c->identity->refresh_at_ms = 0;
        return core_pair_link_changed(c, core_link_is_open(c, link));
    }
    return KITH_OK;
}

kith_err
core_identity_push(core *c, uint8_t type, kith_bytes body)
{
    switch (type) {
    case PROTO_KP_LOW:
        return core_packages_low(c, body);
    case PROTO_RDV_MESSAGE:
    case PROTO_RDV_CLOSED:
        return core_pair_push(c, type, body);
    default:
        return KITH_ERR_MALFORMED;
    }
}
