/* SPDX-License-Identifier: MPL-2.0 */
/* Time: finds what is due next, on whichever machine, and calls it. Everything runs in one thread. */
#include "stories/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stories/liar.h"

#define FILL_BYTES 65536u

world *
world_new(uint64_t seed, const world_weather *weather)
{
    world *w = calloc(1, sizeof(*w));

    if (w == NULL) {
        abort();
    }
    w->seed = seed;
    w->now_ms = WORLD_START_MS;
    w->weather = *weather;
    fake_rng_init(&w->rng, seed);
    w->suite = 0;
    w->server.up_at_ms = UINT64_MAX;
    w->server.commit_at_ms = UINT64_MAX;
    place_server_start(w);
    return w;
}

void
world_free(world *w)
{
    liar_free(w->liar);
    w->liar = NULL;
    place_free(w);
    free(w->sayings);
    free(w->seats);
    free(w->failure);
    free(w);
}

uint64_t
world_device_now(const world *w, const world_device *d)
{
    return (uint64_t)((int64_t)w->now_ms + d->skew_ms);
}

uint32_t
world_below(world *w, uint32_t below)
{
    return below == 0 ? 0 : (uint32_t)fake_rng_below(&w->rng, below);
}

void
world_fail(world *w, const char *format, ...)
{
    va_list args;
    char text[512];
    size_t used;

    if (w->failure != NULL) {
        return;
    }
    used = (size_t)snprintf(text, sizeof(text),
                            "after %.3f s: ", (double)(w->now_ms - WORLD_START_MS) / 1000.0);
    va_start(args, format);
    (void)vsnprintf(text + used, sizeof(text) - used, format, args);
    va_end(args);
    w->failure = strdup(text);
    world_say(w, "FAILURE: %s", text);
}

void
world_say(const world *w, const char *format, ...)
{
    va_list args;

    if (!w->loud) {
        return;
    }
    (void)fprintf(stderr, "%10.3f  ", (double)(w->now_ms - WORLD_START_MS) / 1000.0);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

/* ---- After a call ---- */

static void
note_alarm(world *w, size_t device, const core_event *event)
{
    world_alarm *alarm = &w->alarms[w->alarm_count];

    if (!w->takes_alarms) {
        world_fail(w, "%s: alarm: %s", w->devices[device].name, event->text);
        return;
    }
    if (w->alarm_count < WORLD_ALARMS) {
        *alarm = (world_alarm){.device = device, .at_ms = w->now_ms, .texts = w->texts};
        (void)snprintf(alarm->what, sizeof(alarm->what), "%s", event->text);
        w->alarm_count++;
    }
}

static void
note_message(world *w, size_t device, const core_event *event)
{
    core_message m = {0};

    if (core_message_get(w->devices[device].core, event->conv, event->n, &m) == KITH_OK &&
        m.kind == CORE_MESSAGE_TEXT && !m.is_own) {
        w->texts++;
    }
    core_message_done(&m);
}

static void
note_event(world *w, size_t device, const core_event *event)
{
    world_device *d = &w->devices[device];

    if (event->seq != 0) {
        if (d->last_event != 0 && event->seq != d->last_event + 1) {
            world_fail(w, "%s: event %llu follows %llu", d->name, (unsigned long long)event->seq,
                       (unsigned long long)d->last_event);
        }
        d->last_event = event->seq;
    }
    switch (event->kind) {
    case CORE_EVENT_OP_DONE:
        d->done_op = event->op;
        d->done_err = event->err;
        break;
    case CORE_EVENT_PAIR_ASKED:
        d->pair_asked = true;
        break;
    case CORE_EVENT_ALARM:
        note_alarm(w, device, event);
        break;
    case CORE_EVENT_MESSAGE:
        note_message(w, device, event);
        break;
    default:
        break;
    }
    world_say(w, "%s: event %d %02x%02x %s %s", d->name, (int)event->kind, event->conv[0],
              event->conv[1], event->kind == CORE_EVENT_OP_DONE ? kith_err_name(event->err) : "",
              event->text);
}

void
world_after_core(world *w, size_t device)
{
    world_device *d = &w->devices[device];
    KITH_AUTO(kith_buf) packet = {0};
    core_dial dial;
    core_link link;
    core_event event;

    if (fake_disk_is_off(d->disk)) {
        return; /* world_step will notice */
    }
    while (core_next_hangup(d->core, &link)) {
        wire_hangup(w, device, link);
    }
    while (core_next_dial(d->core, &dial)) {
        wire_dial(w, device, dial.link);
    }
    while (core_next_packet(d->core, &link, &packet)) {
        wire_send_up(w, device, link, kith_bytes_of_buf(&packet));
        kith_buf_clear(&packet);
    }
    while (core_next_event(d->core, &event)) {
        note_event(w, device, &event);
    }
}

/* A slow disk makes large batches. */
static void
queue_commit(world *w)
{
    world_server *s = &w->server;

    for (size_t i = 0; i < WORLD_LOOPS; i++) {
        store_mailbox_submit(s->boxes[i], s->relays[i]);
    }
    if (s->commit_at_ms == UINT64_MAX) {
        s->commit_at_ms = w->now_ms + 1 + world_below(w, w->weather.delay_max_ms / 4 + 1);
    }
}

static void
fill_session(world *w, relay_session *session)
{
    world_wire *wire = relay_session_owner(session);
    KITH_AUTO(kith_buf) out = {0};
    kith_err err;

    while (relay_session_has_output(session)) {
        const size_t before = out.len;
        err = relay_session_fill(session, w->now_ms, FILL_BYTES, &out);
        if (err != KITH_OK) {
            world_fail(w, "relay_session_fill: %s", kith_err_name(err));
            break;
        }
        if (out.len == before) {
            break;
        }
    }
    wire_send_down(w, wire, kith_bytes_of_buf(&out));
}

void
world_after_server(world *w)
{
    world_server *s = &w->server;

    if (!s->is_up) {
        return;
    }
    for (size_t i = 0; i < WORLD_LOOPS; i++) {
        relay_session *session;
        while ((session = relay_next_ready(s->relays[i])) != NULL) {
            fill_session(w, session);
        }
    }
    queue_commit(w);
}

static void
commit_jobs(world *w)
{
    world_server *s = &w->server;

    s->commit_at_ms = UINT64_MAX;
    if (!store_writer_run_once(s->writer)) {
        return;
    }
    if (fake_disk_is_off(s->disk)) {
        return; /* nobody hears of it */
    }
    for (size_t i = 0; i < WORLD_LOOPS; i++) {
        store_mailbox_deliver(s->boxes[i], s->relays[i], w->now_ms);
    }
    world_after_server(w);
}

/* ---- Time ---- */

static uint64_t
min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When a device's core wants its tick, on the world's clock. */
static uint64_t
core_due(const world *w, const world_device *d)
{
    const uint64_t deadline = core_deadline(d->core);

    if (deadline == UINT64_MAX) {
        return UINT64_MAX;
    }
    (void)w;
    return (int64_t)deadline < d->skew_ms ? 0 : (uint64_t)((int64_t)deadline - d->skew_ms);
}

static uint64_t
device_due(const world *w, const world_device *d)
{
    uint64_t due = UINT64_MAX;

    for (size_t link = 0; link < CORE_LINKS; link++) {
        due = min_u64(due, wire_due(&d->wires[link]));
    }
    return min_u64(due, d->is_up ? core_due(w, d) : d->up_at_ms);
}

static uint64_t
server_due(const world *w)
{
    const world_server *s = &w->server;
    uint64_t due = s->is_up ? s->commit_at_ms : s->up_at_ms;

    for (size_t i = 0; s->is_up && i < WORLD_LOOPS; i++) {
        due = min_u64(due, relay_deadline(s->relays[i]));
    }
    return due;
}

static void
run_server(world *w)
{
    world_server *s = &w->server;

    if (!s->is_up) {
        place_server_start(w);
        return;
    }
    for (size_t i = 0; i < WORLD_LOOPS; i++) {
        if (relay_deadline(s->relays[i]) <= w->now_ms) {
            relay_tick(s->relays[i], w->now_ms);
        }
    }
    world_after_server(w);
    if (s->commit_at_ms <= w->now_ms) {
        commit_jobs(w);
    }
}

static void
run_device(world *w, size_t device)
{
    world_device *d = &w->devices[device];
    kith_err err;

    if (!d->is_up && d->up_at_ms <= w->now_ms) {
        place_device_start(w, device);
    }
    for (size_t link = 0; link < CORE_LINKS; link++) {
        if (d->is_up && wire_due(&d->wires[link]) <= w->now_ms) {
            wire_run(w, device, (core_link)link);
        }
    }
    if (d->is_up && core_due(w, d) <= w->now_ms) {
        err = core_tick(d->core, world_device_now(w, d));
        if (err != KITH_OK && err != KITH_ERR_STORE) {
            world_fail(w, "%s: core_tick: %s", d->name, kith_err_name(err));
        }
        world_after_core(w, device);
    }
}

/* Machines whose power went while they were at work. */
static void
notice_power(world *w)
{
    if (w->server.is_up && fake_disk_is_off(w->server.disk)) {
        place_server_crash(w, 1 + world_below(w, 20000));
    }
    for (size_t i = 0; i < w->device_count; i++) {
        if (w->devices[i].is_up && fake_disk_is_off(w->devices[i].disk)) {
            place_device_crash(w, i, 1 + world_below(w, 20000));
        }
    }
}

bool
world_step(world *w, uint64_t until_ms)
{
    uint64_t due = server_due(w);

    for (size_t i = 0; i < w->device_count; i++) {
        due = min_u64(due, device_due(w, &w->devices[i]));
    }
    if (due > until_ms || w->failure != NULL) {
        w->now_ms = until_ms > w->now_ms ? until_ms : w->now_ms;
        return false;
    }
    w->now_ms = due > w->now_ms ? due : w->now_ms;
    w->steps++;
    notice_power(w);
    if (server_due(w) <= w->now_ms) {
        run_server(w);
    }
    for (size_t i = 0; i < w->device_count; i++) {
        if (device_due(w, &w->devices[i]) <= w->now_ms) {
            run_device(w, i);
        }
    }
    return true;
}

void
world_run(world *w, uint64_t for_ms)
{
    const uint64_t until = w->now_ms + for_ms;
    const uint64_t steps_max = w->steps + 20000 + 20 * for_ms;

    while (world_step(w, until)) {
        if (w->steps > steps_max) {
            world_fail(w, "something is due again and again");
        }
    }
    check_seats(w);
}

/* A conversation that is being repaired: somebody will be asked again. */
static bool
is_repairing(const world_device *d)
{
    KITH_AUTO(kith_buf) cursor = {0};
    core_chat chat;

    while (core_chat_next(d->core, &cursor, &chat) == KITH_OK) {
        if (chat.state == CORE_CHAT_BROKEN) {
            return true;
        }
    }
    return false;
}

bool
world_is_busy(const world *w)
{
    for (size_t i = 0; i < w->device_count; i++) {
        const world_device *d = &w->devices[i];
        if (!d->is_up || (d->has_account && (core_outbox_count(d->core) > 0 || is_repairing(d) ||
                                             !core_account_get(d->core).online))) {
            return true;
        }
    }
    return !w->server.is_up;
}

void
world_settle(world *w, uint64_t for_ms)
{
    const uint64_t until = w->now_ms + for_ms;

    w->weather = (world_weather){.delay_max_ms = 5};
    for (size_t i = 0; i < w->device_count; i++) {
        w->devices[i].cut_until_ms = 0;
    }
    while (w->now_ms < until && w->failure == NULL && world_is_busy(w)) {
        world_run(w, 1000);
    }
    if (world_is_busy(w) && w->failure == NULL) {
        world_fail(w, "not everything has arrived after %llu s of calm",
                   (unsigned long long)(for_ms / 1000));
    }
    world_run(w, 30000); /* receipts, and what others do about what they just got */
}
