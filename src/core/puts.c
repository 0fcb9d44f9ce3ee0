/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Welcomes on their way to inboxes [docs/wire.md §5]. One Welcome serves all who were added by a commit: its body is
 * stored once, under the batch, beside one small record for each device that has not got it yet.
 */
#include <string.h>

#include "core/conv.h"

#define BATCH_LEN PROTO_SHORT_ID_LEN

static core_key
put_key(const core_put_state *put)
{
    const uint8_t index[2] = {(uint8_t)(put->index >> 8), (uint8_t)put->index};

    return core_key_of(KITH_BYTES(put->batch), KITH_BYTES(index));
}

/* ---- Storing ---- */

static kith_err
keep(core *c, const core_put_state *put)
{
    core_convs *convs = c->convs;

    KITH_TRY(kith_mem_grow(c->env.alloc, (void **)&convs->puts, &convs->put_cap,
                           convs->put_count + 1, sizeof *convs->puts));
    convs->puts[convs->put_count++] = *put;
    return KITH_OK;
}

static kith_err
store_put(core *c, const core_put_state *put)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    const core_key key = put_key(put);

    KITH_TRY(kith_buf_append(&value, KITH_BYTES(put->device.account)));
    KITH_TRY(kith_buf_append(&value, KITH_BYTES(put->device.device)));
    KITH_TRY(kith_buf_append(&value, KITH_BYTES(put->put_id)));
    return core_put(c, CORE_TABLE_PUT, core_key_bytes(&key), kith_bytes_of_buf(&value));
}

kith_err
core_puts_add(core *c, const core_welcome *welcome)
{
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(&body);
    core_put_state put = {0};

    KITH_TRY(core_random(c, put.batch, sizeof put.batch));
    KITH_TRY(kith_write_u8(&w, PROTO_INBOX_WELCOME));
    KITH_TRY(kith_write_bytes(&w, welcome->message));
    KITH_TRY(core_put(c, CORE_TABLE_PUT, KITH_BYTES(put.batch), kith_bytes_of_buf(&body)));
    for (size_t i = 0; i < welcome->count; i++) {
        put.index = (uint16_t)i;
        put.device = welcome->devices[i];
        KITH_TRY(core_random(c, put.put_id, sizeof put.put_id));
        KITH_TRY(store_put(c, &put));
        KITH_TRY(keep(c, &put));
    }
    return KITH_OK;
}

static kith_err
load_put(core *c, kith_bytes key, kith_bytes value)
{
    kith_reader k = kith_reader_of(key);
    kith_reader r = kith_reader_of(value);
    core_put_state put = {0};

    KITH_TRY(kith_read_copy(&k, put.batch, sizeof put.batch));
    KITH_TRY(kith_read_u16(&k, &put.index));
    KITH_TRY(kith_read_copy(&r, put.device.account, sizeof put.device.account));
    KITH_TRY(kith_read_copy(&r, put.device.device, sizeof put.device.device));
    KITH_TRY(kith_read_copy(&r, put.put_id, sizeof put.put_id));
    KITH_TRY(kith_reader_finish(&k));
    KITH_TRY(kith_reader_finish(&r));
    return keep(c, &put);
}

kith_err
core_puts_load(core *c)
{
    const core_scan scan = {.table = CORE_TABLE_PUT};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    kith_err err = KITH_OK;

    while ((err = c->env.store.next(c->env.store.ctx, &scan, &key, &value)) == KITH_OK) {
        if (key.len != BATCH_LEN) {
            KITH_TRY(load_put(c, kith_bytes_of_buf(&key), kith_bytes_of_buf(&value)));
        }
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

/* ---- Sending ---- */

static bool
has_batch(const core_convs *convs, const uint8_t *batch)
{
    for (size_t i = 0; i < convs->put_count; i++) {
        if (memcmp(convs->puts[i].batch, batch, BATCH_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static kith_err
finish_put(core *c, size_t at)
{
    core_convs *convs = c->convs;
    const core_put_state put = convs->puts[at];
    const core_key key = put_key(&put);

    KITH_TRY(core_erase(c, CORE_TABLE_PUT, core_key_bytes(&key)));
    memmove(&convs->puts[at], &convs->puts[at + 1],
            (convs->put_count - at - 1) * sizeof convs->puts[0]);
    convs->put_count--;
    if (has_batch(convs, put.batch)) {
        return KITH_OK;
    }
    return core_erase(c, CORE_TABLE_PUT, KITH_BYTES(put.batch));
}

/* BUSY (the inbox is full), and what is only the server's trouble, is tried again. Otherwise there is no such
 * inbox, and nobody who could miss the Welcome. */
static kith_err
on_put(core *c, const core_tag *tag, const core_answer *answer)
{
    core_convs *convs = c->convs;
    size_t at = 0;

    while (at < convs->put_count && (memcmp(convs->puts[at].batch, tag->id, BATCH_LEN) != 0 ||
                                     convs->puts[at].index != tag->n)) {
        at++;
    }
    if (at == convs->put_count || answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    convs->puts[at].in_flight = false;
    if (answer->err == KITH_ERR_BUSY || answer->err == KITH_ERR_STORE) {
        convs->puts[at].not_before_ms = c->now_ms + CORE_RETRY_MS + answer->retry_after_ms;
        return KITH_OK;
    }
    return finish_put(c, at);
}

static kith_err
send_put(core *c, core_put_state *put)
{
    KITH_AUTO(kith_buf) message = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    proto_inbox_put out = {0};
    core_request request = {.link = CORE_LINK_ANON,
                            .type = PROTO_INBOX_PUT,
                            .tag = {.n = put->index},
                            .answer = on_put};

    KITH_TRY(core_get(c, CORE_TABLE_PUT, KITH_BYTES(put->batch), &message));
    memcpy(out.account_id, put->device.account, sizeof out.account_id);
    memcpy(out.device_id, put->device.device, sizeof out.device_id);
    memcpy(out.put_id, put->put_id, sizeof out.put_id);
    out.body = kith_bytes_of_buf(&message);
    KITH_TRY(proto_inbox_put_encode(&body, &out));
    memcpy(request.tag.id, put->batch, BATCH_LEN);
    request.body = kith_bytes_of_buf(&body);
    const kith_err err = core_link_request(c, &request);
    if (err == KITH_ERR_OFFLINE || err == KITH_ERR_BUSY) {
        return KITH_OK;
    }
    KITH_TRY(err);
    put->in_flight = true;
    return KITH_OK;
}

kith_err
core_puts_pump(core *c)
{
    core_convs *convs = c->convs;
    size_t flying = 0;

    for (size_t i = 0; i < convs->put_count; i++) {
        flying += convs->puts[i].in_flight ? 1 : 0;
    }
    for (size_t i = 0; i < convs->put_count && core_link_ready(c, CORE_LINK_ANON); i++) {
        core_put_state *put = &convs->puts[i];
        if (put->in_flight || flying >= CORE_PUTS_IN_FLIGHT) {
            continue;
        }
        if (!core_is_due(c, put->not_before_ms)) {
            core_wake_at(c, put->not_before_ms);
            continue;
        }
        KITH_TRY(send_put(c, put));
        flying += put->in_flight ? 1 : 0;
    }
    return KITH_OK;
}
