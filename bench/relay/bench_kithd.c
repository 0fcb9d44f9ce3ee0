/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Measures a real kithd over loopback: TLS, frames, durable commits, pushes. README.md says how and against whom.
 *
 *     bench_kithd KITHD FOLDER MODE [name=value ...]
 *       idle     n=5000 conc=32 hold=3           memory of idle connections
 *       thru     pairs=50 win=20 secs=8          closed loop: messages per second
 *       rate     pairs=50 rate=1000 secs=8       open loop: time to delivery
 *       offline  count=1000                      a queue for somebody who is away, then its drain
 *     and port=25484 size=1024. FOLDER must not exist; it is kithd's data.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "child.h"
#include "peer.h"

#define LATENCIES_MAX (8u << 20)
#define MESSAGE_MAX 65536u
/* Appends of one device that are not answered yet, for a queue: the most that the server takes. */
#define QUEUE_WINDOW (PROTO_IN_FLIGHT_MAX - 4)

typedef struct settings {
    uint32_t n, conc, hold, pairs, win, secs, rate, count, port, size;
} settings;

typedef struct bench {
    settings set;
    child server;
    net_loop *loop;
    net_timer *timer; /* ends a wait, or paces the rate */
    crypto *crypto;
    peer *peers; /* senders at even, receivers at odd places */
    uint32_t peer_count;
    uint32_t dialled;
    uint32_t ready;
    uint32_t answers; /* to set-up requests */
    uint32_t *in_flight; /* of each pair */
    bool is_closed_loop;
    bool is_sending;
    uint64_t sent;
    uint64_t answered;
    uint64_t delivered;
    double started_s;
    uint32_t *latency_us;
    size_t latency_count;
    uint64_t goal; /* of `delivered` or `answered`, where a wait has one */
} bench;

/* ---- Waiting ---- */

static void
stop(void *ctx)
{
    const bench *b = ctx;

    net_loop_stop(b->loop);
}

static void
run_for(bench *b, double seconds)
{
    net_timer_set(b->timer, (uint64_t)(seconds * 1000));
    net_loop_run(b->loop);
}

/* ---- Messages ---- */

static void
send_message(bench *b, uint32_t pair)
{
    static uint8_t message[MESSAGE_MAX];
    const double now = now_s();

    memcpy(message, &now, sizeof now);
    peer_append(&b->peers[2 * pair], kith_bytes_of(message, b->set.size));
    b->in_flight[pair]++;
    b->sent++;
}

static void
note_latency(bench *b, const proto_entry *entry)
{
    double then = 0;

    memcpy(&then, entry->message.data, sizeof then);
    if (b->latency_count < LATENCIES_MAX) {
        b->latency_us[b->latency_count++] = (uint32_t)((now_s() - then) * 1e6);
    }
}

static void
on_entry(peer *p, const proto_entry *entry)
{
    bench *b = p->user;
    const uint32_t pair = (uint32_t)(p - b->peers) / 2;

    b->delivered++;
    b->in_flight[pair]--;
    note_latency(b, entry);
    while (b->is_sending && b->is_closed_loop && b->in_flight[pair] < b->set.win) {
        send_message(b, pair);
    }
    if (b->goal != 0 && b->delivered == b->goal) {
        net_loop_stop(b->loop);
    }
}

static void
on_answered(peer *p, uint8_t type)
{
    bench *b = p->user;

    if (type == PROTO_CONV_APPEND) {
        b->answered++;
    } else if (type != PROTO_CONV_ACK) {
        b->answers++;
        net_loop_stop(b->loop);
    }
    if (type == PROTO_CONV_APPEND && b->set.count != 0 && b->is_sending) {
        if (b->sent < b->set.count) {
            send_message(b, 0);
        } else if (b->answered == b->set.count) {
            net_loop_stop(b->loop);
        }
    }
}

static void
on_ready(peer *p)
{
    bench *b = p->user;

    b->ready++;
    if (b->dialled < b->peer_count) {
        peer_dial(&b->peers[b->dialled++], &b->server.link);
    }
    if (b->ready == b->peer_count) {
        net_loop_stop(b->loop);
    }
}

static const peer_events events = {.ready = on_ready, .answered = on_answered, .entry = on_entry};

/* At the end of a turn, as an agent does it after its commit. */
static void
acknowledge(void *ctx)
{
    bench *b = ctx;

    for (uint32_t i = 1; b->set.pairs != 0 && i < b->peer_count; i += 2) {
        if (b->peers[i].is_ready) {
            peer_ack(&b->peers[i]);
        }
    }
}

/* ---- Set-up ---- */

static void
open_peers(bench *b, uint32_t count)
{
    b->peers = calloc(count, sizeof *b->peers);
    b->in_flight = calloc(count, sizeof *b->in_flight);
    b->peer_count = count;
    for (uint32_t i = 0; i < count; i++) {
        b->peers[i].user = b;
        peer_open(&b->peers[i], b->loop, &events);
    }
    while (b->dialled < count && b->dialled < b->set.conc) {
        peer_dial(&b->peers[b->dialled++], &b->server.link);
    }
    while (b->ready < count) {
        net_loop_run(b->loop);
    }
}

static void
await_answers(bench *b, uint32_t count)
{
    while (b->answers < count) {
        net_loop_run(b->loop);
    }
    b->answers = 0;
}

static void
open_conversations(bench *b)
{
    uint8_t ids[2 * PROTO_ID_LEN];

    for (uint32_t i = 0; i < b->peer_count; i += 2) {
        if (kith_rng_fill(crypto_rng(), ids, sizeof ids) != KITH_OK) {
            die("random");
        }
        peer_know(&b->peers[i], ids, ids + PROTO_ID_LEN);
        peer_know(&b->peers[i + 1], ids, ids + PROTO_ID_LEN);
        peer_conv_open(&b->peers[i], b->crypto);
    }
    await_answers(b, b->peer_count / 2);
}

static void
subscribe_all(bench *b)
{
    for (uint32_t i = 1; i < b->peer_count; i += 2) {
        peer_subscribe(&b->peers[i]);
    }
    await_answers(b, b->peer_count / 2);
}

/* ---- Modes ---- */

static void
measure_idle(bench *b)
{
    run_for(b, 0.5);
    const long before = child_rss_kb(&b->server);
    const double cpu = child_cpu_s(&b->server);
    const double since = now_s();
    open_peers(b, b->set.n);
    const double took = now_s() - since;
    const double used = child_cpu_s(&b->server) - cpu;
    run_for(b, b->set.hold);
    const long after = child_rss_kb(&b->server);
    printf("idle n=%u start_ms=%.1f rss0_kb=%ld rss1_kb=%ld kb/connection=%.2f handshakes/s=%.0f "
           "server_ms/handshake=%.2f\n",
           b->set.n, b->server.start_ms, before, after, (double)(after - before) / b->set.n,
           b->set.n / took, used * 1e3 / b->set.n);
}

static int
compare_u32(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void
print_latency(bench *b)
{
    if (b->latency_count == 0) {
        return;
    }
    qsort(b->latency_us, b->latency_count, sizeof *b->latency_us, compare_u32);
    printf("delivery_ms median=%.2f p99=%.2f max=%.2f n=%zu\n",
           b->latency_us[b->latency_count / 2] / 1e3,
           b->latency_us[b->latency_count * 99 / 100] / 1e3,
           b->latency_us[b->latency_count - 1] / 1e3, b->latency_count);
}

static void
pace(void *ctx)
{
    bench *b = ctx;
    const uint64_t due = (uint64_t)((now_s() - b->started_s) * b->set.rate);

    while (b->is_sending && b->sent < due) {
        send_message(b, (uint32_t)(b->sent % b->set.pairs));
    }
    if (now_s() - b->started_s >= b->set.secs) {
        net_loop_stop(b->loop);
        return;
    }
    net_timer_set(b->timer, 1);
}

static void
send_for_a_while(bench *b)
{
    b->started_s = now_s();
    b->is_sending = true;
    if (!b->is_closed_loop) {
        pace(b);
        net_loop_run(b->loop);
    } else {
        for (uint32_t i = 0; i < b->set.pairs * b->set.win; i++) {
            send_message(b, i % b->set.pairs);
        }
        run_for(b, b->set.secs);
    }
    b->is_sending = false;
}

static void
measure_load(bench *b)
{
    open_peers(b, 2 * b->set.pairs);
    open_conversations(b);
    subscribe_all(b);
    const double cpu = child_cpu_s(&b->server);
    send_for_a_while(b);
    const double took = now_s() - b->started_s;
    const uint64_t delivered = b->delivered;
    const double used = child_cpu_s(&b->server) - cpu;
    net_timer_free(b->timer);
    if (net_timer_new(b->loop, stop, b, &b->timer) != KITH_OK) {
        die("timer");
    }
    run_for(b, 1);
    printf("%s pairs=%u size=%u messages/s=%.0f sent=%llu lost=%lld server_cores=%.2f "
           "server_us/message=%.1f rss_kb=%ld\n",
           b->is_closed_loop ? "thru" : "rate", b->set.pairs, b->set.size, (double)delivered / took,
           (unsigned long long)b->sent, (long long)(b->sent - b->delivered), used / took,
           used * 1e6 / (double)delivered, child_rss_kb(&b->server));
    print_latency(b);
}

static void
measure_offline(bench *b)
{
    b->set.pairs = 1;
    open_peers(b, 2);
    open_conversations(b);
    const double since = now_s();
    b->is_sending = true;
    for (uint32_t i = 0; i < QUEUE_WINDOW && b->sent < b->set.count; i++) {
        send_message(b, 0);
    }
    net_loop_run(b->loop);
    const double stored = now_s() - since;
    const double cpu = child_cpu_s(&b->server);
    b->is_sending = false;
    b->goal = b->set.count;
    const double from = now_s();
    peer_subscribe(&b->peers[1]);
    while (b->delivered < b->goal) {
        net_loop_run(b->loop);
    }
    const double drained = now_s() - from;
    printf("offline count=%u store/s=%.0f drain/s=%.0f drain_s=%.3f drain_cpu_s=%.2f rss_kb=%ld\n",
           b->set.count, b->set.count / stored, b->set.count / drained, drained,
           child_cpu_s(&b->server) - cpu, child_rss_kb(&b->server));
}

/* ---- The command line ---- */

static bool
set_one(settings *set, const char *text)
{
    const struct {
        const char *name;
        uint32_t *value;
    } table[] = {
        {"n", &set->n},       {"conc", &set->conc}, {"hold", &set->hold}, {"pairs", &set->pairs},
        {"win", &set->win},   {"secs", &set->secs}, {"rate", &set->rate}, {"count", &set->count},
        {"port", &set->port}, {"size", &set->size},
    };
    const size_t len = strcspn(text, "=");

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strlen(table[i].name) == len && strncmp(table[i].name, text, len) == 0) {
            *table[i].value = text[len] == '=' ? (uint32_t)strtoul(text + len + 1, NULL, 10) : 0;
            return *table[i].value != 0;
        }
    }
    return false;
}

static void
run_mode(bench *b, const char *mode)
{
    if (strcmp(mode, "idle") == 0) {
        b->set.pairs = 0;
        measure_idle(b);
    } else if (strcmp(mode, "offline") == 0) {
        measure_offline(b);
    } else if (strcmp(mode, "thru") == 0 || strcmp(mode, "rate") == 0) {
        b->is_closed_loop = mode[0] == 't';
        b->set.count = 0;
        measure_load(b);
    } else {
        die("no such mode");
    }
}

static void
open_bench(bench *b, const char *mode)
{
    struct rlimit files = {0};

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    b->latency_us = calloc(LATENCIES_MAX, sizeof *b->latency_us);
    const bool is_paced = strcmp(mode, "rate") == 0;
    if (b->latency_us == NULL || crypto_new(NULL, &b->crypto) != KITH_OK ||
        net_loop_new(&b->loop) != KITH_OK ||
        net_timer_new(b->loop, is_paced ? pace : stop, b, &b->timer) != KITH_OK) {
        die("no memory");
    }
    net_loop_on_turn(b->loop, acknowledge, b);
}

int
main(int argc, char **argv)
{
    bench b = {.set = {.n = 5000,
                       .conc = 32,
                       .hold = 3,
                       .pairs = 50,
                       .win = 20,
                       .secs = 8,
                       .rate = 1000,
                       .count = 1000,
                       .port = 25484,
                       .size = 1024}};

    if (argc < 4) {
        die("usage: bench_kithd KITHD FOLDER idle|thru|rate|offline [name=value ...]");
    }
    for (int i = 4; i < argc; i++) {
        if (!set_one(&b.set, argv[i])) {
            die("no such setting");
        }
    }
    if (b.set.size < sizeof(double) || b.set.size > MESSAGE_MAX) {
        die("size is 8 to 65536");
    }
    open_bench(&b, argv[3]);
    child_start(argv[1], argv[2], (uint16_t)b.set.port, &b.server);
    run_mode(&b, argv[3]);
    child_stop(&b.server);
    return 0;
}
