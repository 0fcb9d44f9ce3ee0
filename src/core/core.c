/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The object and its transactions. One entry point is one transaction of the store: what it wrote becomes durable
 * before any packet or event of it can be fetched. When something fails after a change, the memory is thrown away
 * and read from the store again, so no code anywhere undoes anything.
 */
#include "core/core.h"

#include <assert.h>
#include <string.h>

#include "core/identity.h"
#include "core/internal.h"
#include "core/link.h"

#define COUNTERS_FORMAT 1u
/* Rounds of the pumps in one transaction; what is left then is done by the next tick, at once. */
#define PUMP_ROUNDS_MAX 16u
/* Before trying again after the store, the memory or the randomness failed. */
#define FAILURE_PAUSE_MS 1000u

/* ---- Shared little things ---- */

core_key
core_key_of(kith_bytes first, kith_bytes second)
{
    core_key key = {.len = first.len + second.len};

    assert(key.len <= sizeof key.data);
    if (first.len > 0) {
        memcpy(key.data, first.data, first.len);
    }
    if (second.len > 0) {
        memcpy(key.data + first.len, second.data, second.len);
    }
    return key;
}

core_key
core_key_u64(kith_bytes first, uint64_t second)
{
    uint8_t number[8];

    for (size_t i = 0; i < sizeof number; i++) {
        number[i] = (uint8_t)(second >> (56 - 8 * i));
    }
    return core_key_of(first, KITH_BYTES(number));
}

kith_bytes
core_key_bytes(const core_key *key)
{
    return kith_bytes_of(key->data, key->len);
}

kith_err
core_append_id(core *c, uint8_t out[PROTO_SHORT_ID_LEN])
{
    const uint64_t now_s = core_time_s(c);

    KITH_TRY(core_random(c, out, PROTO_SHORT_ID_LEN));
    for (size_t i = 0; i < 4; i++) {
        out[i] = (uint8_t)(now_s >> (24 - 8 * i));
    }
    return KITH_OK;
}

kith_err
core_random(core *c, uint8_t *out, size_t len)
{
    return kith_rng_fill(&c->env.rng, out, len);
}

uint64_t
core_time_ms(const core *c)
{
    return c->now_ms + (uint64_t)c->clock_behind_ms;
}

uint64_t
core_time_s(const core *c)
{
    return core_time_ms(c) / 1000;
}

bool
core_is_due(const core *c, uint64_t until_ms)
{
    return c->now_ms >= until_ms || until_ms - c->now_ms > CORE_PAUSE_MAX_MS;
}

void
core_wake_at(core *c, uint64_t at_ms)
{
    c->wake_ms = at_ms < c->wake_ms ? at_ms : c->wake_ms;
}

void
core_changed(core *c)
{
    assert(c->in_txn);
    c->dirty = true;
    c->activity++;
}

/* ---- The store ---- */

static kith_err
open_store(core *c)
{
    core_changed(c);
    if (!c->in_store_txn) {
        KITH_TRY(c->env.store.begin(c->env.store.ctx));
        c->in_store_txn = true;
    }
    return KITH_OK;
}

kith_err
core_put(core *c, uint8_t table, kith_bytes key, kith_bytes value)
{
    KITH_TRY(open_store(c));
    return c->env.store.put(c->env.store.ctx, table, key, value);
}

kith_err
core_erase(core *c, uint8_t table, kith_bytes key)
{
    KITH_TRY(open_store(c));
    return c->env.store.erase(c->env.store.ctx, table, key);
}

kith_err
core_get(core *c, uint8_t table, kith_bytes key, kith_buf *out)
{
    return c->env.store.get(c->env.store.ctx, table, key, out);
}

static kith_err
save_counters(core *c)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(&value);

    if (!c->counters_dirty) {
        return KITH_OK;
    }
    KITH_TRY(kith_write_u8(&w, COUNTERS_FORMAT));
    KITH_TRY(kith_write_u64(&w, c->next_n));
    KITH_TRY(kith_write_u64(&w, c->next_op));
    KITH_TRY(kith_write_u64(&w, c->next_seq));
    KITH_TRY(
        core_put(c, CORE_TABLE_META, kith_bytes_of_text("counters"), kith_bytes_of_buf(&value)));
    c->counters_dirty = false;
    return KITH_OK;
}

static kith_err
read_counters(core *c, kith_bytes bytes)
{
    kith_reader r = kith_reader_of(bytes);
    uint8_t format = 0;

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == COUNTERS_FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u64(&r, &c->next_n));
    KITH_TRY(kith_read_u64(&r, &c->next_op));
    KITH_TRY(kith_read_u64(&r, &c->next_seq));
    KITH_ENSURE(c->next_n > 0 && c->next_op > 0 && c->next_seq > 0, KITH_ERR_MALFORMED);
    return kith_reader_finish(&r);
}

static kith_err
load_counters(core *c)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    const kith_err err = core_get(c, CORE_TABLE_META, kith_bytes_of_text("counters"), &value);

    c->next_n = 1;
    c->next_op = 1;
    c->next_seq = 1;
    c->counters_dirty = false;
    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    return read_counters(c, kith_bytes_of_buf(&value));
}

/* ---- Loading ---- */

static void
unload(core *c)
{
    core_convs_free(c);
    core_identity_free(c);
    crypto_sign_key_free(c->account_key);
    crypto_sign_key_free(c->device_key);
    c->account_key = NULL;
    c->device_key = NULL;
    c->account = (core_account){0};
}

static kith_err
load(core *c)
{
    KITH_TRY(load_counters(c));
    KITH_TRY(core_identity_load(c));
    return core_convs_load(c);
}

static kith_err
reload(core *c)
{
    unload(c);
    const kith_err err = load(c);
    c->broken = err != KITH_OK;
    if (c->broken) {
        unload(c);
    }
    return err;
}

kith_err
core_query(core *c)
{
    return c->broken ? reload(c) : KITH_OK;
}

static mls_env
make_mls_env(const core_env *env)
{
    static const uint16_t extension_types[] = {PROTO_CONVERSATION_EXTENSION};

    return (mls_env){
        .alloc = env->alloc,
        .rng = env->rng,
        .crypto = env->crypto,
        .extension_types = extension_types,
        .extension_type_count = 1,
    };
}

kith_err
core_new(const core_env *env, uint64_t now_ms, core **out)
{
    core *c = kith_mem_zalloc(env->alloc, 1, sizeof *c);

    KITH_ENSURE(c != NULL, KITH_ERR_NO_MEMORY);
    c->env = *env;
    c->env.suite = env->suite != 0 ? env->suite : MLS_SUITE_PQ;
    c->mls = make_mls_env(env);
    c->events.alloc = env->alloc;
    c->now_ms = now_ms;
    c->wake_ms = now_ms;
    kith_err err = core_links_new(c, &c->links);
    if (err == KITH_OK) {
        err = load(c);
    }
    if (err != KITH_OK) {
        core_free(c);
        return err;
    }
    *out = c;
    return KITH_OK;
}

void
core_free(core *c)
{
    if (c == NULL) {
        return;
    }
    unload(c);
    core_links_free(c, c->links);
    kith_buf_done(&c->events);
    const kith_alloc *alloc = c->env.alloc;
    kith_mem_free(alloc, c, sizeof *c);
}

/* ---- Transactions ---- */

kith_err
core_txn_begin(core *c, uint64_t now_ms)
{
    assert(!c->in_txn);
    const kith_err err = core_query(c);
    if (err != KITH_OK) {
        c->now_ms = now_ms;
        c->wake_ms = now_ms + FAILURE_PAUSE_MS;
        return err;
    }
    if (now_ms >= c->wake_ms || now_ms < c->now_ms) {
        c->wake_ms = UINT64_MAX;
    }
    c->now_ms = now_ms;
    c->in_txn = true;
    c->dirty = false;
    return KITH_OK;
}

static kith_err
pump(core *c)
{
    for (size_t round = 0; round < PUMP_ROUNDS_MAX; round++) {
        const uint64_t before = c->activity;
        KITH_TRY(core_links_pump(c));
        KITH_TRY(core_identity_pump(c));
        KITH_TRY(core_convs_pump(c));
        if (c->activity == before) {
            return KITH_OK;
        }
    }
    core_wake_at(c, c->now_ms);
    return KITH_OK;
}

static kith_err
finish(core *c)
{
    KITH_TRY(pump(c));
    KITH_TRY(core_links_report(c));
    KITH_TRY(core_convs_save(c));
    KITH_TRY(save_counters(c));
    if (c->in_store_txn) {
        c->in_store_txn = false;
        KITH_TRY(c->env.store.commit(c->env.store.ctx));
    }
    return KITH_OK;
}

bool
core_is_own_failure(kith_err err)
{
    return err == KITH_ERR_STORE || err == KITH_ERR_NO_MEMORY || err == KITH_ERR_NO_RANDOM ||
           err == KITH_ERR_CRYPTO || err == KITH_ERR_BUSY;
}

static void
undo(core *c, kith_err err)
{
    if (c->in_store_txn) {
        c->env.store.rollback(c->env.store.ctx);
        c->in_store_txn = false;
    }
    c->events.len = c->events_released;
    core_wake_at(c, c->now_ms + (core_is_own_failure(err) ? FAILURE_PAUSE_MS : 0));
    if (c->dirty || core_is_own_failure(err)) {
        core_links_stop(c);
        /* A failure is remembered in `broken` and tried again by whatever comes next. */
        kith_ignore(reload(c));
        /* Not kept, so nothing is lost that the next one does not say. */
        kith_ignore(core_links_report(c));
        c->events_released = c->events.len;
    }
}

kith_err
core_txn_end(core *c, kith_err err)
{
    assert(c->in_txn);
    if (err == KITH_OK) {
        err = finish(c);
    }
    c->in_txn = false;
    if (err != KITH_OK) {
        undo(c, err);
        return err;
    }
    c->events_released = c->events.len;
    return KITH_OK;
}

kith_err
core_tick(core *c, uint64_t now_ms)
{
    KITH_TRY(core_txn_begin(c, now_ms));
    const kith_err err = core_txn_end(c, core_links_tick(c));
    if (err != KITH_OK) {
        c->wake_ms = now_ms + FAILURE_PAUSE_MS;
    }
    return err;
}

uint64_t
core_deadline(const core *c)
{
    const uint64_t links = core_links_deadline(c);

    return links < c->wake_ms ? links : c->wake_ms;
}

bool
core_next_hangup(core *c, core_link *link)
{
    for (size_t i = 0; i < CORE_LINKS; i++) {
        if (c->hang_up[i]) {
            c->hang_up[i] = false;
            *link = (core_link)i;
            return true;
        }
    }
    return false;
}

/* ---- Operations ---- */

uint64_t
core_op_new(core *c)
{
    core_changed(c);
    c->counters_dirty = true;
    return c->next_op++;
}

kith_err
core_op_done(core *c, uint64_t op, kith_err err)
{
    core_event event = {.kind = CORE_EVENT_OP_DONE, .op = op, .err = err};

    return core_event_add(c, &event);
}

core_account
core_account_get(const core *c)
{
    core_account account = c->account;

    account.online = core_links_online(c);
    return account;
}
