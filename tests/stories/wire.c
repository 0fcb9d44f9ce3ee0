/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The network: every chunk of bytes takes its time, chunks of one direction keep their order, a connection can be
 * cut at any moment with all that is on its way, and each side hears of that at its own time. What a datagram
 * network would lose, repeat or reorder shows itself to programs over TCP as exactly these cuts and delays, and as
 * the repeats that clients make after them.
 */
#include <stdlib.h>
#include <string.h>

#include "stories/liar.h"
#include "stories/world.h"

#define DIAL_MS 5u
#define HEAR_OF_CUT_MAX_MS 3000u

static void
clear_way(pipe_way *way)
{
    while (way->first != NULL) {
        chunk *next = way->first->next;
        free(way->first);
        way->first = next;
    }
    *way = (pipe_way){0};
}

void
wire_clear(world_wire *wire)
{
    clear_way(&wire->up);
    clear_way(&wire->down);
    *wire = (world_wire){.server_hears_ms = UINT64_MAX};
}

static void
close_session(world_wire *wire)
{
    relay_session_close(wire->session);
    wire->session = NULL;
    wire->server_hears_ms = UINT64_MAX;
}

void
wire_dial(world *w, size_t device, core_link link)
{
    world_wire *wire = &w->devices[device].wires[link];

    if (wire->session != NULL) {
        close_session(wire);
    }
    wire_clear(wire);
    if (w->liar != NULL) {
        liar_cut(w->liar, device, link);
    }
    wire->state = WIRE_DIALING;
    wire->at_ms = w->now_ms + DIAL_MS + world_below(w, w->weather.delay_max_ms + 1);
}

void
wire_hangup(world *w, size_t device, core_link link)
{
    world_wire *wire = &w->devices[device].wires[link];

    (void)w;
    clear_way(&wire->down);
    clear_way(&wire->up);
    if (wire->session != NULL) {
        close_session(wire);
        world_after_server(w);
    }
    wire->state = WIRE_CLOSED;
}

void
wire_cut(world *w, world_wire *wire)
{
    if (wire->state != WIRE_OPEN) {
        return;
    }
    clear_way(&wire->up);
    clear_way(&wire->down);
    wire->state = WIRE_CUT;
    wire->at_ms = w->now_ms + 1 + world_below(w, HEAR_OF_CUT_MAX_MS);
    wire->server_hears_ms = w->now_ms + 1 + world_below(w, HEAR_OF_CUT_MAX_MS);
}

void
wire_server_gone(world *w)
{
    for (size_t i = 0; i < w->device_count; i++) {
        for (size_t link = 0; link < CORE_LINKS; link++) {
            world_wire *wire = &w->devices[i].wires[link];
            wire->session = NULL; /* went with its relay */
            wire_cut(w, wire);
            wire->server_hears_ms = UINT64_MAX;
        }
    }
}

/* Puts bytes on their way, in pieces of any size. */
static void
push_bytes(world *w, pipe_way *way, kith_bytes bytes)
{
    while (bytes.len > 0) {
        const bool split = world_below(w, 8) == 0;
        const size_t len = split ? 1 + world_below(w, (uint32_t)bytes.len) : bytes.len;
        chunk *piece = malloc(sizeof(*piece) + len);
        const uint64_t at = w->now_ms + 1 + world_below(w, w->weather.delay_max_ms + 1);

        if (piece == NULL) {
            abort();
        }
        way->newest_ms = at > way->newest_ms ? at : way->newest_ms;
        *piece = (chunk){.at_ms = way->newest_ms, .len = len};
        memcpy(piece->data, bytes.data, len);
        if (way->last != NULL) {
            way->last->next = piece;
        } else {
            way->first = piece;
        }
        way->last = piece;
        bytes = kith_bytes_of(bytes.data + len, bytes.len - len);
    }
}

static bool
is_cut_by_chance(world *w)
{
    return w->weather.cut_per_mille > 0 && world_below(w, 1000) < w->weather.cut_per_mille;
}

void
wire_send_up(world *w, size_t device, core_link link, kith_bytes bytes)
{
    world_wire *wire = &w->devices[device].wires[link];

    if (wire->state != WIRE_OPEN) {
        return;
    }
    check_upload(w, link, bytes);
    push_bytes(w, &wire->up, bytes);
}

void
wire_send_down(world *w, world_wire *wire, kith_bytes bytes)
{
    if (wire->state == WIRE_OPEN) {
        push_bytes(w, &wire->down, bytes);
    }
}

static uint64_t
min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t
wire_due(const world_wire *wire)
{
    uint64_t due = wire->server_hears_ms;

    if (wire->state == WIRE_DIALING || wire->state == WIRE_CUT) {
        due = min_u64(due, wire->at_ms);
    }
    if (wire->up.first != NULL) {
        due = min_u64(due, wire->up.first->at_ms);
    }
    if (wire->down.first != NULL) {
        due = min_u64(due, wire->down.first->at_ms);
    }
    return due;
}

static chunk *
take_due(pipe_way *way, uint64_t now_ms)
{
    chunk *first = way->first;

    if (first == NULL || first->at_ms > now_ms) {
        return NULL;
    }
    way->first = first->next;
    if (way->first == NULL) {
        way->last = NULL;
    }
    return first;
}

static void
tell_lost(world *w, size_t device, core_link link, core_lost why)
{
    w->devices[device].wires[link].state = WIRE_CLOSED;
    core_link_lost(w->devices[device].core, link, why, world_device_now(w, &w->devices[device]));
    world_after_core(w, device);
}

static void
answer_dial(world *w, size_t device, core_link link)
{
    world_device *d = &w->devices[device];
    world_wire *wire = &d->wires[link];
    world_server *s = &w->server;
    relay_peer peer = {.source = device + 1, .owner = wire};
    kith_err err;

    if (!s->is_up || w->now_ms < d->cut_until_ms ||
        world_below(w, 1000) < w->weather.refuse_per_mille) {
        tell_lost(w, device, link, CORE_LOST_UNREACHABLE);
        return;
    }
    for (size_t i = 0; i < sizeof(wire->exporter); i++) {
        wire->exporter[i] = (uint8_t)fake_rng_u64(&w->rng);
    }
    memcpy(peer.exporter, wire->exporter, sizeof(peer.exporter));
    wire->loop = world_below(w, WORLD_LOOPS);
    if (relay_session_open(s->relays[wire->loop], &peer, w->now_ms, &wire->session) != KITH_OK) {
        world_fail(w, "the server cannot open a connection");
        return;
    }
    wire->state = WIRE_OPEN;
    core_link_identity(d->core, link, s->identity);
    err = core_link_up(d->core, link, wire->exporter, world_device_now(w, d));
    if (err != KITH_OK) {
        world_fail(w, "%s: core_link_up: %s", d->name, kith_err_name(err));
    }
    world_after_core(w, device);
}

void
wire_pass(world *w, world_wire *wire, kith_bytes bytes)
{
    kith_err err;

    if (wire->session == NULL) {
        return;
    }
    err = relay_session_recv(wire->session, bytes, w->now_ms);
    if (err != KITH_OK && err != KITH_ERR_NO_MEMORY && err != KITH_ERR_BUSY) {
        world_fail(w, "the server refuses a stream: %s", kith_err_name(err));
        close_session(wire);
        wire_cut(w, wire);
    }
    world_after_server(w);
}

static void
deliver_down(world *w, size_t device, core_link link, chunk *piece)
{
    world_device *d = &w->devices[device];
    const kith_err err =
        core_recv(d->core, link, kith_bytes_of(piece->data, piece->len), world_device_now(w, d));

    if (err != KITH_OK) {
        if (err != KITH_ERR_STORE) {
            world_fail(w, "%s: core_recv: %s", d->name, kith_err_name(err));
        }
        wire_hangup(w, device, link);
    }
    world_after_core(w, device);
}

void
wire_run(world *w, size_t device, core_link link)
{
    world_device *d = &w->devices[device];
    world_wire *wire = &d->wires[link];
    chunk *piece;

    if (wire->server_hears_ms <= w->now_ms) {
        close_session(wire);
        world_after_server(w);
    }
    if (wire->state == WIRE_DIALING && wire->at_ms <= w->now_ms) {
        answer_dial(w, device, link);
    } else if (wire->state == WIRE_CUT && wire->at_ms <= w->now_ms) {
        tell_lost(w, device, link, CORE_LOST_CLOSED);
    }
    if (wire->state == WIRE_OPEN && wire_due(wire) <= w->now_ms && is_cut_by_chance(w)) {
        wire_cut(w, wire);
    }
    if (w->now_ms < d->cut_until_ms) {
        wire_cut(w, wire);
    }
    piece = take_due(&wire->up, w->now_ms);
    if (piece != NULL && w->liar != NULL) {
        liar_take(w->liar, device, link, kith_bytes_of(piece->data, piece->len));
    } else if (piece != NULL) {
        wire_pass(w, wire, kith_bytes_of(piece->data, piece->len));
    }
    free(piece);
    piece = take_due(&wire->down, w->now_ms);
    if (piece != NULL) {
        deliver_down(w, device, link, piece);
        free(piece);
    }
}
