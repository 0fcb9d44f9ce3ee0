/* SPDX-License-Identifier: MPL-2.0 */
/* Machines: a disk that may lose power, the real store on it, and the relay or core that lives on that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stories/world.h"

#define SERVER_FILE "kith.db"
#define DEVICE_FILE "agent.db"

static kith_err
fill_from_fake(void *ctx, uint8_t *out, size_t len)
{
    fake_rng *rng = ctx;

    return fake_rng_port(rng).fill(fake_rng_port(rng).ctx, out, len);
}

static uint64_t
world_clock_ms(void *ctx)
{
    return ((const world *)ctx)->now_ms;
}

static fake_disk *
new_disk(const world *w, const char *name)
{
    char vfs[64];

    (void)snprintf(vfs, sizeof(vfs), "%p-%s", (const void *)w, name);
    return fake_disk_new(vfs);
}

/* ---- Server ---- */

static void
first_server_start(world *w)
{
    world_server *s = &w->server;

    s->disk = new_disk(w, "server");
    fake_rng_init(&s->rng, w->seed ^ 0x5e27e2);
    for (size_t i = 0; i < sizeof(s->secret); i++) {
        s->secret[i] = (uint8_t)fake_rng_u64(&s->rng);
    }
    fake_log_init(&s->log, w->seed, w->seed);
    memcpy(s->identity, crypto_sign_key_public(s->log.identity).data, sizeof(s->identity));
    s->rng_port = (kith_rng){.fill = fill_from_fake, .ctx = &s->rng};
    s->clock = (kith_clock){.wall_ms = world_clock_ms, .steady_ms = world_clock_ms, .ctx = w};
    if (crypto_new(NULL, &s->crypto) != KITH_OK) {
        abort();
    }
}

static void
no_wake(void *ctx)
{
    (void)ctx; /* the world asks by itself */
}

static kith_err
open_loop(world *w, size_t loop)
{
    world_server *s = &w->server;
    relay_env env = {.rng = &s->rng_port, .crypto = s->crypto};

    KITH_TRY(store_mailbox_new(s->writer, no_wake, NULL, &s->boxes[loop]));
    env.reader = store_relay_port(s->store);
    env.owner = s->boxes[loop];
    env.config.loop = (uint16_t)loop;
    env.config.is_keeper = loop == 0;
    env.config.has_operator_ticket = true;
    env.config.log = &s->log.log;
    /* Worlds make many accounts and look-ups in little time; rations have tests of their own. */
    for (size_t i = 0; i < RELAY_RATIONS; i++) {
        env.config.rations[i] = (relay_ration){.burst = 100000, .every_ms = 1};
    }
    KITH_TRY(proto_ticket(s->crypto, s->secret, env.config.operator_ticket));
    return relay_new(&env, w->now_ms, &s->relays[loop]);
}

static kith_err
open_server(world *w)
{
    world_server *s = &w->server;
    const store_relay_options options = {
        .vfs = fake_disk_name(s->disk), .exclusive = true, .cache_kib = 1024};
    store_writer_options writer = {
        .clock = &s->clock, .log = &s->log.log, .log_sign = s->log.sign, .rng = &s->rng_port};
    bool left = true;

    KITH_TRY(store_relay_open(SERVER_FILE, &options, &s->store));
    writer.store = s->store;
    KITH_TRY(store_writer_new(&writer, &s->writer));
    while (left) {
        KITH_TRY(store_writer_catch_up(s->writer, &left));
    }
    for (size_t i = 0; i < WORLD_LOOPS; i++) {
        KITH_TRY(open_loop(w, i));
    }
    return KITH_OK;
}

void
place_server_start(world *w)
{
    world_server *s = &w->server;
    kith_err err;

    if (s->disk == NULL) {
        first_server_start(w);
    }
    s->is_up = true;
    s->up_at_ms = UINT64_MAX;
    s->commit_at_ms = UINT64_MAX;
    err = open_server(w);
    if (err != KITH_OK) {
        world_fail(w, "the server does not start: %s", kith_err_name(err));
    }
    world_say(w, "the server is up");
}

static void
close_server(world *w)
{
    world_server *s = &w->server;

    wire_server_gone(w);
    for (size_t i = 0; i < WORLD_LOOPS; i++) {
        relay_free(s->relays[i]);
        s->relays[i] = NULL;
    }
    store_writer_stop(s->writer);
    for (size_t i = 0; i < WORLD_LOOPS; i++) {
        store_mailbox_free(s->boxes[i]);
        s->boxes[i] = NULL;
    }
    store_writer_free(s->writer);
    s->writer = NULL;
    store_relay_free(s->store);
    s->store = NULL;
    s->is_up = false;
}

void
place_server_crash(world *w, uint64_t back_after_ms)
{
    world_server *s = &w->server;

    if (!s->is_up) {
        return;
    }
    world_say(w, "the server loses power");
    if (!fake_disk_is_off(s->disk)) {
        fake_disk_power_at(s->disk, 0);
    }
    close_server(w);
    fake_disk_crash(s->disk, &w->rng);
    s->up_at_ms = w->now_ms + back_after_ms;
    s->commit_at_ms = UINT64_MAX;
}

/* ---- Devices ---- */

size_t
place_device_add(world *w, const char *name, size_t person)
{
    const size_t index = w->device_count;
    world_device *d = &w->devices[index];

    if (index == WORLD_DEVICES) {
        abort();
    }
    w->device_count++;
    (void)snprintf(d->name, sizeof(d->name), "%s", name);
    d->used = true;
    d->person = person;
    d->disk = new_disk(w, name);
    d->up_at_ms = UINT64_MAX;
    fake_rng_init(&d->rng, w->seed * 1000 + index);
    for (size_t link = 0; link < CORE_LINKS; link++) {
        wire_clear(&d->wires[link]);
    }
    place_device_start(w, index);
    return index;
}

static kith_err
open_device(world *w, world_device *d)
{
    static const uint8_t key[STORE_CORE_KEY_LEN] = {1, 2, 3};
    const store_core_options options = {.vfs = fake_disk_name(d->disk)};
    core_env env = {.rng = {.fill = fill_from_fake, .ctx = &d->rng},
                    .crypto = w->server.crypto,
                    .suite = w->suite};

    KITH_TRY(store_core_open(DEVICE_FILE, key, &options, &d->store));
    env.store = store_core_port(d->store);
    return core_new(&env, world_device_now(w, d), &d->core);
}

void
place_device_start(world *w, size_t device)
{
    world_device *d = &w->devices[device];
    const kith_err err = open_device(w, d);

    d->is_up = true;
    d->up_at_ms = UINT64_MAX;
    if (err != KITH_OK) {
        world_fail(w, "%s does not start: %s", d->name, kith_err_name(err));
        d->is_up = false;
        return;
    }
    d->last_event = core_event_last(d->core);
    d->has_account = core_account_get(d->core).state != CORE_ACCOUNT_NONE;
    world_after_core(w, device);
    world_say(w, "%s is up", d->name);
}

static void
close_device(world *w, size_t device)
{
    world_device *d = &w->devices[device];

    for (size_t link = 0; link < CORE_LINKS; link++) {
        wire_hangup(w, device, (core_link)link);
    }
    core_free(d->core);
    d->core = NULL;
    store_core_free(d->store);
    d->store = NULL;
    d->is_up = false;
}

void
place_device_crash(world *w, size_t device, uint64_t back_after_ms)
{
    world_device *d = &w->devices[device];

    if (!d->is_up) {
        return;
    }
    world_say(w, "%s loses power", d->name);
    if (!fake_disk_is_off(d->disk)) {
        fake_disk_power_at(d->disk, 0);
    }
    close_device(w, device);
    fake_disk_crash(d->disk, &w->rng);
    d->up_at_ms = w->now_ms + back_after_ms;
}

void
place_free(world *w)
{
    for (size_t i = 0; i < w->device_count; i++) {
        world_device *d = &w->devices[i];
        if (d->is_up) {
            close_device(w, i);
        }
        for (size_t link = 0; link < CORE_LINKS; link++) {
            d->wires[link].session = NULL;
            wire_clear(&d->wires[link]);
        }
        fake_disk_free(d->disk);
    }
    if (w->server.is_up) {
        close_server(w);
    }
    fake_disk_free(w->server.disk);
    fake_log_done(&w->server.log);
    crypto_free(w->server.crypto);
}
