/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Core and its two connections: what happens on them goes in, what core wants is done at the end of each turn of
 * the loop, and what it tells goes to whoever waits.
 */
#include <stdio.h>
#include <string.h>

#include "agent/internal.h"

uint64_t
agent_wall_ms(void)
{
    const kith_clock *clock = net_clock();

    return clock->wall_ms(clock->ctx);
}

uint64_t
agent_steady_ms(void)
{
    const kith_clock *clock = net_clock();

    return clock->steady_ms(clock->ctx);
}

bool
agent_is_offline(const agent *a, net_lost *why)
{
    for (size_t i = 0; i < CORE_LINKS; i++) {
        if (a->links[i].has_failed) {
            *why = a->links[i].why;
            return true;
        }
    }
    return false;
}

/* ---- What happens on a connection ---------------------------------------------------------- */

static core_lost
core_reason(net_lost why)
{
    switch (why) {
    case NET_LOST_WRONG_PIN:
        return CORE_LOST_WRONG_PIN;
    case NET_LOST_CLOSED:
        return CORE_LOST_CLOSED;
    case NET_LOST_NO_HOST:
    case NET_LOST_UNREACHABLE:
    case NET_LOST_TIMEOUT:
    case NET_LOST_PROTOCOL:
    case NET_LOST_LOCAL:
        break;
    }
    return CORE_LOST_UNREACHABLE;
}

static void
on_up(void *ctx, const uint8_t exporter[NET_EXPORTER_LEN])
{
    agent_link *link = ctx;
    agent *a = link->agent;

    link->is_up = true;
    link->has_failed = false;
    if (link->any_server) {
        uint8_t identity[NET_PIN_LEN];
        net_client_identity(link->client, identity);
        core_link_identity(a->core, link->which, identity);
    }
    if (core_link_up(a->core, link->which, exporter, agent_wall_ms()) != KITH_OK) {
        net_client_close(link->client);
        link->is_up = false;
        core_link_lost(a->core, link->which, CORE_LOST_CLOSED, agent_wall_ms());
    }
}

static void
on_bytes(void *ctx, kith_bytes bytes)
{
    agent_link *link = ctx;
    agent *a = link->agent;
    const kith_err err = core_recv(a->core, link->which, bytes, agent_wall_ms());

    /* After STORE and NO_MEMORY core says itself what to hang up. */
    if (err != KITH_OK && err != KITH_ERR_STORE && err != KITH_ERR_NO_MEMORY) {
        fprintf(stderr, "kith-agent: the server said something wrong (%s)\n", kith_err_name(err));
        net_client_close(link->client);
        link->is_up = false;
        link->why = NET_LOST_PROTOCOL;
    }
}

static void
on_lost(void *ctx, net_lost why)
{
    agent_link *link = ctx;

    link->has_failed = !link->is_up;
    link->is_up = false;
    link->why = why;
    core_link_lost(link->agent->core, link->which, core_reason(why), agent_wall_ms());
}

kith_err
agent_links_open(agent *a)
{
    for (size_t i = 0; i < CORE_LINKS; i++) {
        agent_link *link = &a->links[i];
        const net_client_events events = {
            .up = on_up, .bytes = on_bytes, .lost = on_lost, .ctx = link};
        link->agent = a;
        link->which = (core_link)i;
        KITH_TRY(net_client_new(a->loop, &events, &link->client));
    }
    return KITH_OK;
}

void
agent_links_close(agent *a)
{
    for (size_t i = 0; i < CORE_LINKS; i++) {
        net_client_free(a->links[i].client);
        a->links[i].client = NULL;
    }
}

/* ---- What core wants ----------------------------------------------------------------------- */

static void
hang_up(agent *a)
{
    core_link which;

    while (core_next_hangup(a->core, &which)) {
        net_client_close(a->links[which].client);
        a->links[which].is_up = false;
    }
}

static void
dial(agent *a)
{
    static const uint8_t any[NET_PIN_LEN];
    core_dial dial;

    while (core_next_dial(a->core, &dial)) {
        agent_link *link = &a->links[dial.link];
        const bool is_open = memcmp(dial.server_key, any, sizeof any) == 0;
        const bool may_be_open = core_account_get(a->core).state == CORE_ACCOUNT_LINKING;
        link->any_server = is_open && may_be_open;
        kith_err err = KITH_ERR_REJECTED;
        if (!is_open || may_be_open) {
            err = net_client_dial(link->client, dial.host, dial.port, dial.server_key);
        }
        if (err != KITH_OK) {
            on_lost(link, err == KITH_ERR_REJECTED ? NET_LOST_WRONG_PIN : NET_LOST_LOCAL);
        }
    }
}

static bool
has_room(const agent *a)
{
    for (size_t i = 0; i < CORE_LINKS; i++) {
        if (net_client_queued(a->links[i].client) > AGENT_LINK_QUEUE) {
            return false;
        }
    }
    return true;
}

static void
send_packets(agent *a)
{
    KITH_AUTO(kith_buf) packet = {0};
    core_link which;

    while (has_room(a) && core_next_packet(a->core, &which, &packet)) {
        const kith_err err = net_client_send(a->links[which].client, kith_bytes_of_buf(&packet));
        if (err == KITH_ERR_OFFLINE) {
            continue; /* lost in this turn; core makes it again */
        }
        if (err != KITH_OK) {
            net_client_close(a->links[which].client);
            on_lost(&a->links[which], NET_LOST_LOCAL);
        }
    }
}

/* Written at once, whether a face is there or not; if it cannot be, it is tried again whenever it is asked for. */
static void
keep_evidence(agent *a, const core_event *event)
{
    char path[RPC_PATH_MAX];

    if (event->kind == CORE_EVENT_ALARM && strcmp(event->text, "fork") == 0) {
        kith_ignore(agent_evidence_file(a, path));
    }
}

static void
tell_events(agent *a)
{
    core_event event;

    while (core_next_event(a->core, &event)) {
        agent_pair_on_event(a, &event);
        agent_waits_on_event(a, &event);
        keep_evidence(a, &event);
        if (event.seq == 0) {
            agent_push_now(a, &event);
        }
    }
}

static void
tick_core(agent *a)
{
    const uint64_t now = agent_wall_ms();

    if (a->retry_at_ms > agent_steady_ms() || core_deadline(a->core) > now) {
        return;
    }
    const kith_err err = core_tick(a->core, now);
    a->retry_at_ms = err == KITH_OK ? 0 : agent_steady_ms() + AGENT_RETRY_MS;
    if (err != KITH_OK) {
        fprintf(stderr, "kith-agent: %s\n", kith_err_text(err));
    }
}

/* ---- A turn -------------------------------------------------------------------------------- */

static void
set_timer(agent *a)
{
    const uint64_t now = agent_steady_ms();
    const uint64_t wall = agent_wall_ms();
    const uint64_t deadline = core_deadline(a->core);
    uint64_t at = agent_waits_deadline(a);

    if (deadline != UINT64_MAX) {
        const uint64_t after = deadline > wall ? deadline - wall : 0;
        uint64_t tick = now + after;
        tick = tick < a->retry_at_ms ? a->retry_at_ms : tick;
        at = tick < at ? tick : at;
    }
    if (a->is_stopping && !a->is_stopped && a->stop_at_ms < at) {
        at = a->stop_at_ms;
    }
    if (at == UINT64_MAX) {
        net_timer_off(a->timer);
    } else {
        net_timer_set(a->timer, at > now ? at - now : 0);
    }
}

void
agent_stop(agent *a)
{
    if (!a->is_stopping) {
        a->is_stopping = true;
        a->stop_at_ms = agent_steady_ms() + AGENT_STOP_MS;
        net_timer_set(a->timer, 0);
    }
}

void
agent_turn(void *ctx)
{
    agent *a = ctx;
    net_lost why;

    tick_core(a);
    hang_up(a);
    dial(a);
    send_packets(a);
    tell_events(a);
    if (agent_is_offline(a, &why)) {
        agent_waits_on_offline(a);
    }
    agent_waits_tick(a);
    agent_push_all(a);
    agent_faces_reap(a);
    if (a->is_stopping && !a->is_stopped &&
        (agent_faces_are_flushed(a) || agent_steady_ms() >= a->stop_at_ms)) {
        a->is_stopped = true;
        net_loop_stop(a->loop);
    }
    set_timer(a);
}
