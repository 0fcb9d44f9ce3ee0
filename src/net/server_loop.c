/* SPDX-License-Identifier: MPL-2.0 */
/* One loop of the server: a relay, its connections, and the three things that move it: sockets, the writer's
 * answers, and time. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/server_parts.h"
#include "net/tls.h"

/* How often connections are looked over, and how long a loop sleeps that has none. */
#define SWEEP_MS 1000u
#define SLEEP_MS 60000u
#define DRAIN_STEP_MS 10u
/* Shortest wait for what the relay says is due. */
#define DUE_MIN_MS 10u

uint64_t
server_loop_now(const net_server_loop *loop)
{
    const kith_clock *clock = loop->server->config.clock;

    return clock->wall_ms(clock->ctx);
}

/* ---- Time ---- */

static uint64_t
wait_ms(const net_server_loop *loop)
{
    const uint64_t due = relay_deadline(loop->relay);
    const uint64_t now = server_loop_now(loop);
    const bool is_empty = loop->conns.count + loop->handshakes.count == 0;
    uint64_t wait = is_empty ? SLEEP_MS : SWEEP_MS;

    if (loop->drain_until_ms != 0) {
        return DRAIN_STEP_MS;
    }
    if (due < now + wait) {
        wait = due > now + DUE_MIN_MS ? due - now : DUE_MIN_MS;
    }
    return wait;
}

/* Sets the timer unless it fires early enough. */
static void
arm_timer(net_server_loop *loop)
{
    const uint64_t wait = wait_ms(loop);
    const uint64_t due = uv_now(&loop->loop->uv) + wait;

    if (due < loop->due_ms) {
        loop->due_ms = due;
        net_timer_set(loop->timer, wait);
    }
}

static void
publish(net_server_loop *loop)
{
    loop->stats.connections = loop->conns.count + loop->handshakes.count;
    loop->stats.relay = relay_stats_of(loop->relay);
    (void)pthread_mutex_lock(&loop->lock);
    loop->published = loop->stats;
    (void)pthread_mutex_unlock(&loop->lock);
}

static void step_drain(net_server_loop *loop);

static void
handle_timer(void *ctx)
{
    net_server_loop *loop = ctx;

    loop->due_ms = UINT64_MAX;
    relay_tick(loop->relay, server_loop_now(loop));
    server_conns_sweep(loop);
    publish(loop);
    if (loop->drain_until_ms != 0) {
        step_drain(loop);
    }
}

/* ---- Turns ---- */

/* Streams that are asked here write, and let their sessions read on, before `after` runs. */
static void
handle_turn(void *ctx)
{
    net_server_loop *loop = ctx;

    for (relay_session *s = relay_next_ready(loop->relay); s != NULL;
         s = relay_next_ready(loop->relay)) {
        server_conn_update(relay_session_owner(s));
    }
    net_task_queue(&loop->loop->tasks, &loop->after);
    arm_timer(loop);
}

static void
hand_over(net_task *task)
{
    net_server_loop *loop = NET_OF(task, net_server_loop, after);

    loop->port.submit(loop->port.mailbox, loop->relay);
}

/* ---- The end ---- */

static uint32_t
drain_ms(const net_server_loop *loop)
{
    const uint32_t configured = loop->server->config.limits.drain_ms;

    return configured != 0 ? configured : NET_DRAIN_MS;
}

static void
begin_drain(net_server_loop *loop)
{
    if (loop->drain_until_ms != 0) {
        return;
    }
    loop->drain_until_ms = uv_now(&loop->loop->uv) + drain_ms(loop);
    server_listen_end(loop);
    while (loop->handshakes.first != NULL) {
        server_conn_close(loop->handshakes.first);
    }
    server_conns_pause(loop);
}

static void
step_drain(net_server_loop *loop)
{
    const bool is_late = uv_now(&loop->loop->uv) >= loop->drain_until_ms;
    const bool is_idle = relay_stats_of(loop->relay).work_bytes == 0;

    if (is_late || (loop->has_drained && !server_conns_have_output(loop))) {
        server_conns_end(loop);
        publish(loop);
        net_loop_stop(loop->loop);
        return;
    }
    /* Two steps: the answers of the last job are with their sessions in one turn and with the streams in
     * the next. What streams of entries would still bring, devices ask for when they are back. */
    loop->has_drained = loop->has_drained || (loop->has_settled && is_idle);
    loop->has_settled = loop->has_settled || is_idle;
}

static void
swap_tls(net_server_loop *loop)
{
    (void)pthread_mutex_lock(&loop->lock);
    SSL_CTX *next = loop->next_tls;
    loop->next_tls = NULL;
    (void)pthread_mutex_unlock(&loop->lock);
    if (next != NULL) {
        SSL_CTX_free(loop->tls); /* connections hold it as long as they need it */
        loop->tls = next;
    }
}

static void
handle_wakeup(void *ctx)
{
    net_server_loop *loop = ctx;

    swap_tls(loop);
    if (atomic_load(&loop->stop_wanted)) {
        begin_drain(loop);
    }
    loop->port.deliver(loop->port.mailbox, loop->relay, server_loop_now(loop));
}

void *
server_loop_main(void *ctx)
{
    net_server_loop *loop = ctx;

    net_loop_run(loop->loop);
    return NULL;
}

/* ---- Making ---- */

kith_err
server_loop_open(net_server *server, uint16_t index)
{
    net_server_loop *loop = &server->loops[index];

    loop->server = server;
    loop->index = index;
    loop->due_ms = UINT64_MAX;
    loop->after.run = hand_over;
    KITH_TRY(net_loop_new(&loop->loop));
    KITH_TRY(net_wakeup_new(loop->loop, handle_wakeup, loop, &loop->wakeup));
    KITH_TRY(net_timer_new(loop->loop, handle_timer, loop, &loop->timer));
    KITH_TRY(crypto_new(NULL, &loop->crypto));
    loop->per_source = calloc(SOURCE_BUCKETS, sizeof *loop->per_source);
    KITH_ENSURE(loop->per_source != NULL, KITH_ERR_NO_MEMORY);
    loop->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    KITH_ENSURE(loop->reserve_fd >= 0, KITH_ERR_BUSY);
    net_loop_on_turn(loop->loop, handle_turn, loop);
    return KITH_OK;
}

void
server_loop_close(net_server_loop *loop)
{
    if (loop->loop == NULL) {
        return;
    }
    net_loop_on_turn(loop->loop, NULL, NULL);
    server_conns_end(loop);
    server_listen_end(loop);
    net_task_drop(&loop->after);
    relay_free(loop->relay);
    crypto_free(loop->crypto);
    net_timer_free(loop->timer);
    net_wakeup_free(loop->wakeup);
    net_loop_free(loop->loop);
    SSL_CTX_free(loop->tls);
    SSL_CTX_free(loop->next_tls);
    free(loop->per_source);
    if (loop->reserve_fd >= 0) {
        close(loop->reserve_fd);
    }
}
