/* SPDX-License-Identifier: MPL-2.0 */
/* The client under test and the loop that it runs on. */
#include "net/caller.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT_MS 30000u

static void
on_up(void *ctx, const uint8_t exporter[NET_EXPORTER_LEN])
{
    caller *c = ctx;

    c->ups++;
    memcpy(c->exporter, exporter, NET_EXPORTER_LEN);
    net_loop_stop(c->loop);
}

static void
on_bytes(void *ctx, kith_bytes bytes)
{
    caller *c = ctx;

    if (kith_buf_append(&c->bytes, bytes) != KITH_OK) {
        abort();
    }
    if (c->bytes.len >= c->wanted) {
        net_loop_stop(c->loop);
    }
}

static void
on_sent(void *ctx)
{
    caller *c = ctx;

    c->sents++;
}

static void
on_lost(void *ctx, net_lost reason)
{
    caller *c = ctx;

    c->losts++;
    c->reason = reason;
    net_loop_stop(c->loop);
}

static void
on_limit(void *ctx)
{
    caller *c = ctx;

    c->is_late = true;
    net_loop_stop(c->loop);
}

void
caller_open(caller *c)
{
    const net_client_events events = {
        .up = on_up, .bytes = on_bytes, .sent = on_sent, .lost = on_lost, .ctx = c};

    *c = (caller){0};
    if (net_loop_new(&c->loop) != KITH_OK ||
        net_timer_new(c->loop, on_limit, c, &c->limit) != KITH_OK ||
        net_client_new(c->loop, &events, &c->client) != KITH_OK) {
        abort();
    }
}

void
caller_close(caller *c)
{
    net_client_free(c->client);
    net_timer_free(c->limit);
    net_loop_free(c->loop);
    kith_buf_done(&c->bytes);
}

static void
wait(caller *c)
{
    net_timer_set(c->limit, LIMIT_MS);
    net_loop_run(c->loop);
    net_timer_off(c->limit);
}

void
caller_dial(caller *c, uint16_t port, kith_bytes pin)
{
    const uint32_t before = c->ups + c->losts;

    if (net_client_dial(c->client, "127.0.0.1", port, pin.data) != KITH_OK) {
        abort();
    }
    while (c->ups + c->losts == before && !c->is_late) {
        wait(c);
    }
}

void
caller_await(caller *c, size_t bytes)
{
    const uint32_t before = c->losts;

    c->wanted = bytes;
    while (c->bytes.len < bytes && c->losts == before && !c->is_late) {
        wait(c);
    }
}

void
caller_await_lost(caller *c)
{
    const uint32_t before = c->losts;

    c->wanted = SIZE_MAX;
    while (c->losts == before && !c->is_late) {
        wait(c);
    }
}
