/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the server's mind and store do without a network: pairs of clients in one thread, the writer in another, real
 * files. Prints messages per second, each appended, durable, pushed and acknowledged, and the rate at which waiting
 * entries drain.
 *
 *     bench_relay FILE [seconds] [pairs] [window] [messages per acknowledgement]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

#define PAIRS_MAX 512u
#define BODY_LEN 1024u

typedef struct pair {
    relay_session *sender;
    relay_session *receiver;
    uint8_t conv_id[PROTO_ID_LEN];
    uint8_t token[PROTO_ID_LEN];
    uint32_t next; /* append id and request number */
    uint32_t in_flight;
    uint64_t seen; /* seq of the last entry that arrived */
    uint64_t acked;
} pair;

typedef struct bench {
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool has_news;
    store_relay *store;
    store_relay *reader;
    store_writer *writer;
    store_mailbox *box;
    relay *relay;
    crypto *crypto;
    pair pairs[PAIRS_MAX];
    size_t pair_count;
    uint32_t window;
    uint32_t per_ack;
    uint64_t delivered;
    uint64_t answered;
    bool is_reading;
    kith_buf in;
} bench;

static void
must(kith_err err, const char *what)
{
    if (err != KITH_OK) {
        fprintf(stderr, "%s: %s\n", what, kith_err_name(err));
        exit(1);
    }
}

static uint64_t
read_clock(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t
wall_ms(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_REALTIME) / 1000;
}

static const kith_clock wall = {.wall_ms = wall_ms, .steady_ms = wall_ms};

static double
cpu_seconds(void)
{
    struct rusage use;

    (void)getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void
wake(void *ctx)
{
    bench *b = ctx;

    (void)pthread_mutex_lock(&b->lock);
    b->has_news = true;
    (void)pthread_cond_signal(&b->news);
    (void)pthread_mutex_unlock(&b->lock);
}

/* ---- Requests ---- */

static void
send_frame(bench *b, relay_session *session, uint8_t type, uint32_t request, const kith_buf *body)
{
    KITH_AUTO(kith_buf) frame = {0};

    (void)b;
    must(proto_frame_encode(&frame, type, request, kith_bytes_of_buf(body)), "frame");
    must(relay_session_recv(session, kith_bytes_of_buf(&frame), wall_ms(NULL)), "recv");
}

static void
say(bench *b, pair *p)
{
    static uint8_t message[BODY_LEN];
    KITH_AUTO(kith_buf) body = {0};
    proto_conv_append in = {.message = KITH_BYTES(message)};

    p->next++;
    memcpy(in.conv_id, p->conv_id, sizeof in.conv_id);
    memcpy(in.token, p->token, sizeof in.token);
    for (size_t i = 0; i < sizeof in.append_id; i++) {
        in.append_id[i] = (uint8_t)rand();
    }
    const uint64_t now_s = (uint64_t)time(NULL); /* as a device makes it (docs/wire.md §4) */
    for (size_t i = 0; i < 4; i++) {
        in.append_id[i] = (uint8_t)(now_s >> (24 - 8 * i));
    }
    must(proto_conv_append_encode(&body, &in), "append");
    send_frame(b, p->sender, PROTO_CONV_APPEND, p->next, &body);
    p->in_flight++;
}

static void
acknowledge(bench *b, pair *p)
{
    KITH_AUTO(kith_buf) body = {0};
    proto_conv_ack in = {.seq = p->seen, .reader_id = {1}};

    memcpy(in.conv_id, p->conv_id, sizeof in.conv_id);
    memcpy(in.token, p->token, sizeof in.token);
    must(proto_conv_ack_encode(&body, &in), "ack");
    send_frame(b, p->receiver, PROTO_CONV_ACK, (uint32_t)p->seen + 1, &body);
    p->acked = p->seen;
}

static void
subscribe(bench *b, pair *p)
{
    KITH_AUTO(kith_buf) body = {0};
    proto_conv_subscribe in = {.from_seq = p->seen + 1};

    memcpy(in.conv_id, p->conv_id, sizeof in.conv_id);
    memcpy(in.token, p->token, sizeof in.token);
    must(proto_conv_subscribe_encode(&body, &in), "subscribe");
    send_frame(b, p->receiver, PROTO_CONV_SUBSCRIBE, UINT32_MAX - 1, &body);
}

/* ---- What comes back ---- */

static void
take_frame(bench *b, pair *p, const proto_frame *frame)
{
    proto_entry entry;

    if (frame->type == PROTO_ENTRY) {
        must(proto_entry_decode(frame->body, &entry), "entry");
        if (entry.seq != p->seen + 1) {
            fprintf(stderr, "entry %llu after %llu\n", (unsigned long long)entry.seq,
                    (unsigned long long)p->seen);
            exit(1);
        }
        p->seen = entry.seq;
        p->in_flight--;
        b->delivered++;
    } else if (frame->type == (PROTO_CONV_APPEND | PROTO_ANSWER)) {
        b->answered++;
    } else if (frame->type == PROTO_ERROR) {
        fprintf(stderr, "refused\n");
        exit(1);
    }
}

static void
take_output(bench *b, relay_session *session)
{
    pair *p = relay_session_owner(session);
    size_t at = 0;

    if (session == p->receiver && !b->is_reading) {
        return;
    }
    while (relay_session_has_output(session)) {
        must(relay_session_fill(session, wall_ms(NULL), 65536, &b->in), "fill");
    }
    while (at < b->in.len) {
        proto_frame frame;
        size_t used = 0;
        must(proto_frame_take(kith_bytes_of(b->in.data + at, b->in.len - at), PROTO_FRAME_MAX,
                              &frame, &used),
             "take");
        take_frame(b, p, &frame);
        at += used;
    }
    b->in.len = 0;
    if (p->seen - p->acked >= b->per_ack) {
        acknowledge(b, p);
    }
    while (p->in_flight < b->window) {
        say(b, p);
    }
}

/* One turn of the loop: wait for news, deliver, give output, hand in. */
static void
turn(bench *b)
{
    store_mailbox_submit(b->box, b->relay);
    (void)pthread_mutex_lock(&b->lock);
    while (!b->has_news && relay_stats_of(b->relay).work_bytes != 0) {
        (void)pthread_cond_wait(&b->news, &b->lock);
    }
    b->has_news = false;
    (void)pthread_mutex_unlock(&b->lock);
    store_mailbox_deliver(b->box, b->relay, wall_ms(NULL));
    for (relay_session *s = relay_next_ready(b->relay); s != NULL; s = relay_next_ready(b->relay)) {
        take_output(b, s);
    }
}

/* ---- Set-up ---- */

static relay_session *
dial(bench *b, pair *p)
{
    KITH_AUTO(kith_buf) body = {0};
    const relay_peer peer = {.source = 1, .owner = p};
    const proto_hello hello = {1, 1};
    relay_session *session = NULL;

    must(relay_session_open(b->relay, &peer, wall_ms(NULL), &session), "open");
    must(proto_hello_encode(&body, &hello), "hello");
    send_frame(b, session, PROTO_HELLO, UINT32_MAX, &body);
    return session;
}

static void
open_pair(bench *b, pair *p)
{
    KITH_AUTO(kith_buf) body = {0};
    proto_conv_open in = {.readers = 1};

    must(kith_rng_fill(crypto_rng(), p->conv_id, sizeof p->conv_id), "random");
    must(kith_rng_fill(crypto_rng(), p->token, sizeof p->token), "random");
    must(crypto_sha256(b->crypto, KITH_BYTES(p->token), in.token_hash), "hash");
    memcpy(in.conv_id, p->conv_id, sizeof in.conv_id);
    p->sender = dial(b, p);
    p->receiver = dial(b, p);
    must(proto_conv_open_encode(&body, &in), "open");
    send_frame(b, p->sender, PROTO_CONV_OPEN, UINT32_MAX, &body);
}

static void
set_up(bench *b, const char *path)
{
    const store_relay_options writer = {0};
    const store_relay_options reader = {.is_reader = true};

    must(store_relay_open(path, &writer, &b->store), "store");
    must(store_relay_open(path, &reader, &b->reader), "reader");
    must(crypto_new(NULL, &b->crypto), "crypto");
    const store_writer_options options = {.store = b->store, .clock = &wall};
    must(store_writer_new(&options, &b->writer), "writer");
    must(store_mailbox_new(b->writer, wake, b, &b->box), "mailbox");
    relay_env env = {.rng = crypto_rng(),
                     .crypto = b->crypto,
                     .reader = store_relay_port(b->reader),
                     .owner = b->box};
    env.config.rations[RELAY_RATION_CONV_OPEN] = (relay_ration){1000000, 1};
    must(relay_new(&env, wall_ms(NULL), &b->relay), "relay");
    must(store_writer_start(b->writer), "thread");
}

static void
tear_down(bench *b)
{
    store_writer_stop(b->writer);
    relay_free(b->relay);
    store_mailbox_free(b->box);
    store_writer_free(b->writer);
    store_relay_free(b->reader);
    store_relay_free(b->store);
    crypto_free(b->crypto);
    kith_buf_done(&b->in);
}

/* ---- Measurements ---- */

static void
open_pairs(bench *b, size_t count)
{
    const uint32_t window = b->window;

    b->window = 0;
    b->is_reading = true;
    for (size_t i = 0; i < count; i++) {
        open_pair(b, &b->pairs[b->pair_count++]);
    }
    do {
        turn(b);
    } while (relay_stats_of(b->relay).work_bytes != 0);
    for (size_t i = b->pair_count - count; i < b->pair_count; i++) {
        subscribe(b, &b->pairs[i]);
    }
    b->window = window;
}

static void
measure_throughput(bench *b, size_t pairs, double seconds)
{
    open_pairs(b, pairs);
    for (size_t i = 0; i < b->pair_count; i++) {
        while (b->pairs[i].in_flight < b->window) {
            say(b, &b->pairs[i]);
        }
    }
    const uint64_t start = read_clock(CLOCK_MONOTONIC);
    const double cpu = cpu_seconds();
    const store_writer_stats before = store_writer_stats_of(b->writer);
    b->delivered = 0;
    while (read_clock(CLOCK_MONOTONIC) - start < (uint64_t)(seconds * 1e6)) {
        turn(b);
    }
    const double took = (double)(read_clock(CLOCK_MONOTONIC) - start) / 1e6;
    const store_writer_stats after = store_writer_stats_of(b->writer);
    const double batches = (double)(after.batches - before.batches);
    printf(
        "throughput pairs=%zu window=%u per_ack=%u messages/s=%.0f jobs/batch=%.1f commits/s=%.0f "
        "cpu_us/message=%.1f\n",
        pairs, b->window, b->per_ack, (double)b->delivered / took,
        (double)(after.jobs - before.jobs) / batches, batches / took,
        (cpu_seconds() - cpu) * 1e6 / (double)b->delivered);
    b->window = 0;
    for (size_t i = 0; i < b->pair_count; i++) {
        while (b->pairs[i].in_flight != 0) {
            turn(b);
        }
    }
}

static double
measure_drain(bench *b, uint32_t count)
{
    const uint64_t answered = b->answered;
    pair *p = &b->pairs[b->pair_count];

    open_pairs(b, 1);
    turn(b);
    relay_session_close(p->receiver); /* away, while entries gather */
    for (uint32_t i = 0; i < count;) {
        while (i < count && i - (b->answered - answered) < 60) {
            say(b, p);
            i++;
        }
        turn(b);
    }
    while (b->answered - answered < count) {
        turn(b);
    }
    b->delivered = 0;
    p->receiver = dial(b, p);
    const uint64_t start = read_clock(CLOCK_MONOTONIC);
    subscribe(b, p);
    for (relay_session *s = relay_next_ready(b->relay); s != NULL; s = relay_next_ready(b->relay)) {
        take_output(b, s);
    }
    while (b->delivered < count || p->acked < p->seen) {
        turn(b);
    }
    return (double)count / ((double)(read_clock(CLOCK_MONOTONIC) - start) / 1e6);
}

int
main(int argc, char **argv)
{
    static bench b;
    const double seconds = argc > 2 ? atof(argv[2]) : 5;
    const size_t pairs = argc > 3 ? (size_t)atoi(argv[3]) : 50;

    if (argc < 2 || pairs > PAIRS_MAX - 4) {
        fprintf(stderr, "bench_relay FILE [seconds] [pairs] [window] [messages per ack]\n");
        return 2;
    }
    b.window = argc > 4 ? (uint32_t)atoi(argv[4]) : 20;
    b.per_ack = argc > 5 ? (uint32_t)atoi(argv[5]) : 1;
    (void)pthread_mutex_init(&b.lock, NULL);
    (void)pthread_cond_init(&b.news, NULL);
    set_up(&b, argv[1]);
    measure_throughput(&b, pairs, seconds);
    b.window = 0;
    b.per_ack = argc > 6 ? (uint32_t)atoi(argv[6]) : 64;
    (void)measure_drain(&b, 1000);
    const double few = measure_drain(&b, 1000);
    const double many = measure_drain(&b, 100000);
    printf("drain of 1000: %.0f/s, of 100000: %.0f/s, ratio %.2f\n", few, many, many / few);
    tear_down(&b);
    return 0;
}
