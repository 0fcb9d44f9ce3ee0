/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the directory's log costs a server, without a network: accounts made, lists put and looked up over sessions in
 * one thread, the writer in another, real files. Then the start of such a server, and the first one with a log. Times
 * of the processor (cpu) are of both threads together, for look-ups of the one that answers; they say more than those of
 * the clock on a machine that has other things to do.
 *
 *     bench_log FILE [accounts] [log: 1, 0, or 2 for later] [seconds]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

#define SESSIONS 64u
#define OWNERS 256u /* accounts whose lists are put */
#define FINDS 5000u
#define SINGLES 1000u

typedef struct caller {
    relay_session *session;
    uint32_t request;
} caller;

/* An account with a device that logs in. */
typedef struct owner {
    crypto_sign_key *account_key;
    crypto_sign_key *device_key;
    uint8_t id[PROTO_ID_LEN];
    kith_buf list; /* the newest */
    caller caller;
} owner;

typedef struct bench {
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool has_news;
    const char *path;
    bool has_log;
    crypto *crypto;
    crypto_sign_key *identity;
    crypto_sign_key *sign;
    crypto_vrf_key *vrf;
    kith_buf signed_log;
    relay_log log;
    store_relay *store;
    store_relay *reader;
    store_writer *writer;
    store_mailbox *box;
    relay *relay;
    uint8_t (*ids)[PROTO_ID_LEN];
    size_t count;
    owner owners[OWNERS];
    caller callers[SESSIONS];
    uint64_t answered;
    size_t answer_len;
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

static double
seconds_of(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t
wall_ms(void *ctx)
{
    (void)ctx;
    return (uint64_t)(seconds_of(CLOCK_REALTIME) * 1000);
}

static const kith_clock wall = {.wall_ms = wall_ms, .steady_ms = wall_ms};

static double
now_s(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

static double
cpu_s(void)
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

/* What something took. */
typedef struct took {
    double wall;
    double cpu;
} took;

static took
started(void)
{
    return (took){now_s(), cpu_s()};
}

static void
add_since(took *sum, took start)
{
    sum->wall += now_s() - start.wall;
    sum->cpu += cpu_s() - start.cpu;
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

static long
resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1) {
        exit(1);
    }
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int
compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* ---- The server ---- */

static void
make_log(bench *b)
{
    KITH_AUTO(kith_buf) config = {0};
    uint8_t seed[32] = {7};

    must(crypto_sign_key_import(b->crypto, CRYPTO_ED25519, KITH_BYTES(seed), &b->identity), "key");
    must(crypto_sign_key_import(b->crypto, CRYPTO_ED25519, KITH_BYTES(seed), &b->sign), "key");
    must(crypto_vrf_key_import(b->crypto, KITH_BYTES(seed), &b->vrf), "key");
    b->log.config =
        relay_log_config(crypto_sign_key_public(b->sign).data, crypto_vrf_key_public(b->vrf).data);
    must(kt_config_encode(&b->log.config, &config), "config");
    const proto_log_draft draft = {.identity = b->identity, .config = kith_bytes_of_buf(&config)};
    must(proto_log_make(b->crypto, &draft, &b->signed_log), "log");
    b->log.signed_log = kith_bytes_of_buf(&b->signed_log);
    must(proto_log_hash(b->crypto, b->log.signed_log, b->log.hash), "hash");
    b->log.vrf = b->vrf;
}

static void
open_relay(bench *b)
{
    relay_env env = {.rng = crypto_rng(),
                     .crypto = b->crypto,
                     .reader = store_relay_port(b->reader),
                     .owner = b->box};

    env.config.has_operator_ticket = true;
    env.config.log = b->has_log ? &b->log : NULL;
    for (size_t i = 0; i < RELAY_RATIONS; i++) {
        env.config.rations[i] = (relay_ration){1u << 20, 1};
    }
    must(relay_new(&env, wall_ms(NULL), &b->relay), "relay");
}

static void
open_server(bench *b)
{
    const store_relay_options writer = {0};
    const store_relay_options reader = {.is_reader = true};
    store_writer_options options = {.clock = &wall};
    bool left = true;

    must(store_relay_open(b->path, &writer, &b->store), "store");
    must(store_relay_open(b->path, &reader, &b->reader), "reader");
    options.store = b->store;
    if (b->has_log) {
        options.log = &b->log;
        options.log_sign = b->sign;
        options.rng = crypto_rng();
        options.workers = (uint16_t)sysconf(_SC_NPROCESSORS_ONLN);
    }
    must(store_writer_new(&options, &b->writer), "writer");
    while (left) {
        must(store_writer_catch_up(b->writer, &left), "catch up");
    }
    must(store_mailbox_new(b->writer, wake, b, &b->box), "mailbox");
    open_relay(b);
    must(store_writer_start(b->writer), "thread");
}

static void
close_server(bench *b)
{
    store_writer_stop(b->writer);
    relay_free(b->relay);
    store_mailbox_free(b->box);
    store_writer_free(b->writer);
    store_relay_free(b->reader);
    store_relay_free(b->store);
}

/* ---- Requests ---- */

static void
send_body(bench *b, caller *c, uint8_t type, const kith_buf *body)
{
    KITH_AUTO(kith_buf) frame = {0};

    (void)b;
    must(proto_frame_encode(&frame, type, ++c->request, kith_bytes_of_buf(body)), "frame");
    must(relay_session_recv(c->session, kith_bytes_of_buf(&frame), wall_ms(NULL)), "recv");
}

static void
dial(bench *b, caller *c)
{
    KITH_AUTO(kith_buf) body = {0};
    const relay_peer peer = {.source = 1, .owner = c};
    const proto_hello hello = {1, 1};

    *c = (caller){0};
    must(relay_session_open(b->relay, &peer, wall_ms(NULL), &c->session), "open");
    must(proto_hello_encode(&body, &hello), "hello");
    send_body(b, c, PROTO_HELLO, &body);
}

static void
take_output(bench *b, relay_session *session)
{
    size_t at = 0;

    while (relay_session_has_output(session)) {
        must(relay_session_fill(session, wall_ms(NULL), 65536, &b->in), "fill");
    }
    while (at < b->in.len) {
        proto_frame frame;
        size_t used = 0;
        must(proto_frame_take(kith_bytes_of(b->in.data + at, b->in.len - at), PROTO_FRAME_MAX,
                              &frame, &used),
             "take");
        if (frame.type == PROTO_ERROR) {
            fprintf(stderr, "refused\n");
            exit(1);
        }
        b->answered += frame.type != (PROTO_HELLO | PROTO_ANSWER);
        b->answer_len = frame.body.len;
        at += used;
    }
    b->in.len = 0;
}

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

static void
run_until(bench *b, uint64_t answered)
{
    while (b->answered < answered) {
        turn(b);
    }
}

/* ---- Accounts ---- */

static void
make_list(bench *b, owner *o)
{
    KITH_AUTO(kith_buf) list = {0};
    const proto_device device = {.signature_key = crypto_sign_key_public(o->device_key)};
    const proto_list_draft draft = {.account_key = o->account_key,
                                    .previous = kith_bytes_of_buf(&o->list),
                                    .devices = &device,
                                    .device_count = 1};

    must(proto_list_make(b->crypto, &draft, &list), "list");
    must(kith_buf_set(&o->list, kith_bytes_of_buf(&list)), "list");
}

static void
make_owner(bench *b, owner *o)
{
    must(crypto_sign_key_generate(b->crypto, CRYPTO_ED25519, crypto_rng(), &o->account_key), "key");
    must(crypto_sign_key_generate(b->crypto, CRYPTO_ED25519, crypto_rng(), &o->device_key), "key");
    must(proto_account_id(b->crypto, crypto_sign_key_public(o->account_key), o->id), "id");
    make_list(b, o);
}

static void
done_owner(owner *o)
{
    crypto_sign_key_free(o->account_key);
    crypto_sign_key_free(o->device_key);
    kith_buf_done(&o->list);
}

static void
create(bench *b, caller *c, const owner *o)
{
    KITH_AUTO(kith_buf) body = {0};
    const proto_account_create in = {.list = kith_bytes_of_buf(&o->list)};

    must(proto_account_create_encode(&body, &in), "create");
    send_body(b, c, PROTO_ACCOUNT_CREATE, &body);
}

/* Up to 1,024 of them at once; their making is not timed. */
static void
create_some(bench *b, size_t count, took *sum)
{
    static owner fresh[1024];
    const uint64_t answered = b->answered;

    for (size_t i = 0; i < count; i++) {
        fresh[i] = (owner){0};
        make_owner(b, &fresh[i]);
    }
    const took start = started();
    for (size_t i = 0; i < count; i++) {
        create(b, &b->callers[i % SESSIONS], &fresh[i]);
    }
    run_until(b, answered + count);
    add_since(sum, start);
    for (size_t i = 0; i < count; i++) {
        memcpy(b->ids[b->count++], fresh[i].id, PROTO_ID_LEN);
        done_owner(&fresh[i]);
    }
}

static void
measure_create(bench *b, size_t accounts)
{
    took sum = {0};

    for (size_t done = 0; done < accounts;) {
        const size_t some = accounts - done < 1024 ? accounts - done : 1024;
        create_some(b, some, &sum);
        done += some;
    }
    printf("create accounts=%zu per_s=%.0f cpu_us=%.0f\n", accounts, (double)accounts / sum.wall,
           sum.cpu * 1e6 / (double)accounts);
}

/* One after the other: what one of them costs, commit and all. */
static void
measure_single(bench *b)
{
    double times[SINGLES];
    took all = {0};

    for (size_t i = 0; i < SINGLES; i++) {
        took one = {0};
        create_some(b, 1, &one);
        times[i] = one.wall;
        all.cpu += one.cpu;
    }
    qsort(times, SINGLES, sizeof times[0], compare_doubles);
    printf("create one by one: median_us=%.0f p99_us=%.0f cpu_us=%.0f\n", times[SINGLES / 2] * 1e6,
           times[SINGLES * 99 / 100] * 1e6, all.cpu * 1e6 / SINGLES);
}

/* ---- Lists ---- */

static void
log_in(bench *b, owner *o)
{
    KITH_AUTO(kith_buf) signature = {0};
    KITH_AUTO(kith_buf) body = {0};
    proto_login_claim claim = {0};
    proto_login in = {0};

    must(proto_device_id(b->crypto, crypto_sign_key_public(o->device_key), claim.device_id), "id");
    memcpy(claim.account_id, o->id, PROTO_ID_LEN);
    memcpy(in.account_id, o->id, PROTO_ID_LEN);
    memcpy(in.device_id, claim.device_id, PROTO_DEVICE_ID_LEN);
    must(proto_login_sign(b->crypto, o->device_key, &claim, &signature), "sign");
    in.signature = kith_bytes_of_buf(&signature);
    must(proto_login_encode(&body, &in), "login");
    dial(b, &o->caller);
    send_body(b, &o->caller, PROTO_LOGIN, &body);
    take_output(b, o->caller.session);
}

static void
open_owners(bench *b)
{
    const uint64_t answered = b->answered;

    for (size_t i = 0; i < OWNERS; i++) {
        make_owner(b, &b->owners[i]);
        create(b, &b->callers[i % SESSIONS], &b->owners[i]);
    }
    run_until(b, answered + OWNERS);
    for (size_t i = 0; i < OWNERS; i++) {
        log_in(b, &b->owners[i]);
    }
}

/* Each owner puts a list, all at once, again and again. The making of lists is not timed. */
static void
measure_put(bench *b, double seconds)
{
    took sum = {0};
    uint64_t puts = 0;

    for (; sum.wall < seconds; puts += OWNERS) {
        const uint64_t answered = b->answered;
        for (size_t i = 0; i < OWNERS; i++) {
            make_list(b, &b->owners[i]);
        }
        const took start = started();
        for (size_t i = 0; i < OWNERS; i++) {
            KITH_AUTO(kith_buf) body = {0};
            const proto_list_put in = {.list = kith_bytes_of_buf(&b->owners[i].list)};
            must(proto_list_put_encode(&body, &in), "put");
            send_body(b, &b->owners[i].caller, PROTO_LIST_PUT, &body);
        }
        run_until(b, answered + OWNERS);
        add_since(&sum, start);
    }
    printf("put owners=%u versions=%llu per_s=%.0f cpu_us=%.0f\n", OWNERS,
           (unsigned long long)(puts / OWNERS), (double)puts / sum.wall,
           sum.cpu * 1e6 / (double)puts);
}

/* ---- Look-ups ---- */

static double
find(bench *b, const uint8_t *account_id)
{
    KITH_AUTO(kith_buf) search = {0};
    KITH_AUTO(kith_buf) body = {0};
    uint8_t label[RELAY_LABEL_LEN] = {1};
    const kt_request request = {.question = KT_SEARCH, .label = KITH_BYTES(label)};
    proto_find in = {0};

    memcpy(label + 1, account_id, PROTO_ID_LEN);
    memcpy(in.account_id, account_id, PROTO_ID_LEN);
    must(kt_request_encode(&request, &search), "search");
    in.search = kith_bytes_of_buf(&search);
    must(proto_find_encode(&body, &in), "find");
    const double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    send_body(b, &b->callers[0], PROTO_LIST_FIND, &body);
    take_output(b, b->callers[0].session);
    return seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
}

static void
measure_find(bench *b, const char *what, bool is_known)
{
    static double times[FINDS];
    size_t bytes = 0;

    for (size_t i = 0; i < FINDS; i++) {
        uint8_t id[PROTO_ID_LEN];
        must(kith_rng_fill(crypto_rng(), id, sizeof id), "random");
        if (is_known) {
            size_t at = 0;
            memcpy(&at, id, sizeof at);
            memcpy(id, b->ids[at % b->count], sizeof id);
        }
        times[i] = find(b, id);
        bytes += b->answer_len;
    }
    qsort(times, FINDS, sizeof times[0], compare_doubles);
    printf("find %s accounts=%zu cpu_median_us=%.0f cpu_p99_us=%.0f bytes=%zu\n", what, b->count,
           times[FINDS / 2] * 1e6, times[FINDS * 99 / 100] * 1e6, bytes / FINDS);
}

/* ---- Starts ---- */

static void
measure_start(bench *b, const char *what)
{
    const took start = started();
    took sum = {0};

    open_server(b);
    add_since(&sum, start);
    printf("start %s accounts=%zu ms=%.1f cpu_ms=%.1f rss_kib=%ld\n", what, b->count,
           sum.wall * 1e3, sum.cpu * 1e3, resident_kib());
}

static void
measure_first_start(bench *b)
{
    const store_relay_options writer = {0};
    store_relay *store = NULL;

    must(store_relay_open(b->path, &writer, &store), "store");
    must(store_relay_forget_log(store), "forget");
    store_relay_free(store);
    measure_start(b, "first");
}

/* Accounts with the log, or without it, from the first to the last. */
static void
measure_life(bench *b, size_t accounts, double seconds)
{
    open_server(b);
    for (size_t i = 0; i < SESSIONS; i++) {
        dial(b, &b->callers[i]);
    }
    measure_create(b, accounts);
    measure_single(b);
    open_owners(b);
    measure_put(b, seconds);
    if (b->has_log) {
        measure_find(b, "known", true);
        measure_find(b, "unknown", false);
    }
    printf("memory rss_kib=%ld\n", resident_kib());
    close_server(b);
    measure_start(b, "later");
    close_server(b);
}

/* Accounts of before there was a log, and the log that is made of them. */
static void
measure_change(bench *b, size_t accounts)
{
    b->has_log = false;
    open_server(b);
    for (size_t i = 0; i < SESSIONS; i++) {
        dial(b, &b->callers[i]);
    }
    measure_create(b, accounts);
    close_server(b);
    b->has_log = true;
    measure_first_start(b);
    dial(b, &b->callers[0]);
    measure_find(b, "known", true);
    measure_find(b, "again", true);
    measure_find(b, "unknown", false);
    printf("memory rss_kib=%ld\n", resident_kib());
    close_server(b);
    measure_start(b, "later");
    close_server(b);
}

int
main(int argc, char **argv)
{
    static bench b;
    const size_t accounts = argc > 2 ? (size_t)atol(argv[2]) : 10000;
    const int log = argc > 3 ? atoi(argv[3]) : 1;
    const double seconds = argc > 4 ? atof(argv[4]) : 5;

    if (argc < 2) {
        fprintf(stderr, "bench_log FILE [accounts] [log: 1, 0, or 2 for later] [seconds]\n");
        return 2;
    }
    b.path = argv[1];
    b.has_log = log == 1;
    b.ids = calloc(accounts + SINGLES, sizeof b.ids[0]);
    (void)pthread_mutex_init(&b.lock, NULL);
    (void)pthread_cond_init(&b.news, NULL);
    must(crypto_new(NULL, &b.crypto), "crypto");
    make_log(&b);
    if (log == 2) {
        measure_change(&b, accounts);
    } else {
        measure_life(&b, accounts, seconds);
    }
    return 0;
}
