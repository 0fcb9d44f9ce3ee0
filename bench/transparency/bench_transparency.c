/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the directory's log costs, for 10^3 … 10^6 label-versions or those given: one `name size value unit`
 * line for each figure, medians where something is repeated.
 *
 *     bench_transparency [--batch N] [--step SECONDS] [--threads N] [--files FOLDER] [SIZE...]
 *
 * --batch    new versions in one entry while the log grows (10)
 * --step     time between two entries (600)
 * --threads  threads that evaluate the VRF when entries are added (2)
 * --files    also writes the trees to files there, which an entry waits for to be on the disk
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"

#define ROUNDS 31u
#define PUBLISHED 5u
#define CONTACTS 200u
#define CHANGED 2u /* four changes a year, each */
#define DAYS 8u
#define DEVICES 3u

typedef struct bench {
    bench_log log;
    size_t batch;
    size_t added; /* label-versions so far */
    size_t size; /* those asked for */
    workers *workers;
    const char *folder;
} bench;

static double
read_clock(clockid_t clock)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double
now_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static int
compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return values[count / 2];
}

static void
print(const bench *b, const char *name, double value, const char *unit)
{
    printf("%s %zu %.3f %s\n", name, b->size, value, unit);
    (void)fflush(stdout);
}

/* ---- Growing. ---- */

static void
add_entry(bench *b)
{
    size_t numbers[BATCH_MAX];

    for (size_t i = 0; i < b->batch; i++) {
        numbers[i] = b->added++;
    }
    bench_log_add(&b->log, numbers, b->batch);
}

static void
grow(bench *b, size_t size)
{
    b->log.is_quick = true;
    while (b->added < size) {
        add_entry(b);
    }
    bench_log_sync(&b->log);
    b->size = size;
}

/* ---- Asking. ---- */

/* What one exchange cost. */
typedef struct cost {
    double bytes;
    double server_us;
    double client_us;
} cost;

static double
ask(bench *b, const kt_request *request, kith_buf *bytes, kith_buf *answer)
{
    kith_buf_clear(bytes);
    kith_buf_clear(answer);
    must(kt_request_encode(request, bytes), "request");
    const double start = now_us();
    must(kt_log_answer(b->log.log, request->question, kith_bytes_of_buf(bytes), answer), "answer");
    return now_us() - start;
}

static cost
search(bench *b, kt_view *view, kt_watch *watch)
{
    KITH_AUTO(kith_buf) bytes = {0};
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request = {.question = KT_SEARCH};
    kt_found found;

    kt_request_prepare(view, watch, &request);
    (void)ask(b, &request, &bytes, &answer); /* so that the evaluations are in the cache */
    const double server = ask(b, &request, &bytes, &answer);
    const kt_exchange exchange = {
        .request = &request, .response = kith_bytes_of_buf(&answer), .now_ms = b->log.now_ms};
    const double start = now_us();
    must(kt_client_search(&b->log.client, &exchange, view, watch, &found), "search");
    const double client = now_us() - start;
    return (cost){(double)answer.len, server, client};
}

static void
print_costs(const bench *b, const char *name, const cost costs[ROUNDS])
{
    double values[ROUNDS];
    char line[64];

    for (size_t i = 0; i < ROUNDS; i++) {
        values[i] = costs[i].bytes;
    }
    (void)snprintf(line, sizeof line, "%s", name);
    print(b, line, median(values, ROUNDS), "bytes");
    (void)snprintf(line, sizeof line, "%s-largest", name);
    print(b, line, values[ROUNDS - 1], "bytes");
    for (size_t i = 0; i < ROUNDS; i++) {
        values[i] = costs[i].server_us;
    }
    (void)snprintf(line, sizeof line, "%s-time", name);
    print(b, line, median(values, ROUNDS), "us");
    for (size_t i = 0; i < ROUNDS; i++) {
        values[i] = costs[i].client_us;
    }
    (void)snprintf(line, sizeof line, "%s-verify-time", name);
    print(b, line, median(values, ROUNDS), "us");
}

/* Look-ups by a new client, and by one that saw the log a few entries ago. */
static void
measure_search(bench *b)
{
    cost fresh[ROUNDS];
    cost known[ROUNDS];
    kt_view last = {.size = 0};

    for (size_t i = 0; i < ROUNDS; i++) {
        char text[32];
        kt_watch watch = {0};
        kt_view view = {.size = 0};
        must(kt_watch_init(&watch, bench_label(i * 16, text)), "watch");
        fresh[i] = search(b, &view, &watch);
        if (i > 0) {
            known[i] = search(b, &last, &watch);
        }
        last = view;
        kt_watch_done(&watch);
        for (size_t k = 0; k < 7; k++) {
            add_entry(b); /* the next question is about a log of another shape */
        }
    }
    known[0] = known[1];
    print_costs(b, "answer", fresh);
    print_costs(b, "answer-known", known);
}

static void
measure_credential(bench *b)
{
    cost costs[ROUNDS];
    kt_view view = {.size = 0};
    kt_heads heads;
    KITH_AUTO(kith_buf) bytes = {0};
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request = {.question = KT_DISTINGUISHED};

    (void)ask(b, &request, &bytes, &answer);
    const kt_exchange exchange = {
        .request = &request, .response = kith_bytes_of_buf(&answer), .now_ms = b->log.now_ms};
    must(kt_client_distinguished(&b->log.client, &exchange, &view, &heads), "heads");
    for (size_t i = 0; i < ROUNDS; i++) {
        KITH_AUTO(kith_buf) credential = {0};
        kt_credential found;
        char text[32];
        const double start = now_us();
        must(kt_log_credential(b->log.log, bench_label(i * 16, text), heads.items[0].position,
                               &credential),
             "credential");
        const double made = now_us();
        must(kt_credential_check(&b->log.client, &heads, kith_bytes_of_buf(&credential), &found),
             "credential");
        costs[i] = (cost){(double)credential.len, made - start, now_us() - made};
    }
    print_costs(b, "credential", costs);
}

/* ---- A day of monitoring. ---- */

static double
exchange_bytes(const kith_buf *bytes, const kith_buf *answer)
{
    return (double)(bytes->len + answer->len);
}

static double
monitor_contact(bench *b, kt_view *view, kt_watch *watch)
{
    KITH_AUTO(kith_buf) bytes = {0};
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request = {.question = KT_CONTACT_MONITOR};

    if (watch->map.count == 0) {
        return 0;
    }
    kt_request_prepare(view, watch, &request);
    (void)ask(b, &request, &bytes, &answer);
    const kt_exchange exchange = {
        .request = &request, .response = kith_bytes_of_buf(&answer), .now_ms = b->log.now_ms};
    must(kt_client_contact(&b->log.client, &exchange, view, watch), "monitor");
    return exchange_bytes(&bytes, &answer);
}

static double
monitor_own(bench *b, kt_view *view, kt_watch *watch)
{
    KITH_AUTO(kith_buf) bytes = {0};
    KITH_AUTO(kith_buf) answer = {0};
    double sum = 0;
    bool is_done = false;

    while (!is_done) {
        kt_request request = {.question = KT_OWNER_MONITOR};
        kt_request_prepare(view, watch, &request);
        (void)ask(b, &request, &bytes, &answer);
        sum += exchange_bytes(&bytes, &answer);
        const kt_exchange exchange = {
            .request = &request, .response = kith_bytes_of_buf(&answer), .now_ms = b->log.now_ms};
        must(kt_client_owner_monitor(&b->log.client, &exchange, view, watch, &is_done), "owner");
    }
    return sum;
}

static double
find_heads(bench *b, kt_view *view, uint64_t *rightmost)
{
    KITH_AUTO(kith_buf) bytes = {0};
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request = {.question = KT_DISTINGUISHED};
    kt_heads heads;

    kt_request_prepare(view, NULL, &request);
    (void)ask(b, &request, &bytes, &answer);
    const kt_exchange exchange = {
        .request = &request, .response = kith_bytes_of_buf(&answer), .now_ms = b->log.now_ms};
    must(kt_client_distinguished(&b->log.client, &exchange, view, &heads), "heads");
    must(heads.count > 0 ? KITH_OK : KITH_ERR_NOT_FOUND, "heads");
    *rightmost = heads.items[0].position;
    return exchange_bytes(&bytes, &answer);
}

static void
become_owner(bench *b, kt_view *view, kt_watch *watch, uint64_t start)
{
    KITH_AUTO(kith_buf) bytes = {0};
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request = {.question = KT_OWNER_INIT, .start = start};

    kt_request_prepare(view, watch, &request);
    (void)ask(b, &request, &bytes, &answer);
    const kt_exchange exchange = {
        .request = &request, .response = kith_bytes_of_buf(&answer), .now_ms = b->log.now_ms};
    must(kt_client_owner_init(&b->log.client, &exchange, view, watch), "owner");
}

/* Some contacts get new lists, and the device looks those up: what is new must be monitored. */
static void
change_contacts(bench *b, kt_view *view, kt_watch *contacts, unsigned day)
{
    size_t numbers[CHANGED];

    for (size_t i = 0; i < CHANGED; i++) {
        numbers[i] = day * CHANGED + i;
    }
    bench_log_add(&b->log, numbers, CHANGED);
    for (size_t i = 0; i < CHANGED; i++) {
        (void)search(b, view, &contacts[numbers[i]]);
    }
}

/* Bytes that devices exchange in a day in which some contacts got new lists. */
static void
measure_day(bench *b)
{
    static kt_watch contacts[CONTACTS];
    kt_watch own = {0};
    kt_view view = {.size = 0};
    uint64_t rightmost = 0;
    double days[DAYS];
    char text[32];

    must(kt_watch_init(&own, bench_label(CONTACTS, text)), "watch");
    (void)find_heads(b, &view, &rightmost);
    become_owner(b, &view, &own, rightmost);
    for (size_t i = 0; i < CONTACTS; i++) {
        must(kt_watch_init(&contacts[i], bench_label(i, text)), "watch");
        (void)search(b, &view, &contacts[i]);
    }
    for (unsigned day = 0; day < DAYS; day++) {
        const uint64_t until = b->log.now_ms + UINT64_C(86400000);
        change_contacts(b, &view, contacts, day);
        while (b->log.now_ms < until) {
            add_entry(b);
        }
        days[day] = find_heads(b, &view, &rightmost) + monitor_own(b, &view, &own);
        for (size_t i = 0; i < CONTACTS; i++) {
            days[day] += monitor_contact(b, &view, &contacts[i]);
        }
        days[day] *= DEVICES;
    }
    print(b, "monitoring-day", median(days, DAYS), "bytes");
    print(b, "monitoring-day-largest", days[DAYS - 1], "bytes");
    for (size_t i = 0; i < CONTACTS; i++) {
        kt_watch_done(&contacts[i]);
    }
    kt_watch_done(&own);
}

/* ---- Publishing. ---- */

/* By the clock, and of the processors. */
static double
publish(bench *b, size_t first, size_t count, double *cpu_ms)
{
    static size_t numbers[BATCH_MAX];

    for (size_t i = 0; i < count; i++) {
        numbers[i] = first + i;
    }
    const double start = now_us();
    const double cpu_start = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    bench_log_add(&b->log, numbers, count);
    bench_log_sync(&b->log);
    *cpu_ms = (read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_start) / 1e3;
    return (now_us() - start) / 1e3;
}

/* The second version of labels that are there. `is_quick`: the outputs of the VRF are at hand. */
static void
measure_publish(bench *b, const char *name, size_t count, bool keeps, bool is_quick)
{
    double times[PUBLISHED];
    double cpu[PUBLISHED];
    char line[64];

    if (b->size < PUBLISHED * count + SUBJECTS) {
        return;
    }
    bench_log_reopen(&b->log, b->workers, keeps);
    b->log.is_quick = is_quick;
    for (size_t i = 0; i < PUBLISHED; i++) {
        times[i] = publish(b, SUBJECTS + i * count, count, &cpu[i]);
    }
    (void)snprintf(line, sizeof line, "publish-%zu%s", count, name);
    print(b, line, median(times, PUBLISHED), "ms");
    (void)snprintf(line, sizeof line, "publish-%zu%s-cpu", count, name);
    print(b, line, median(cpu, PUBLISHED), "ms");
    b->log.is_quick = true;
    bench_log_reopen(&b->log, b->workers, true);
}

static void
measure_store(const bench *b)
{
    const double label_versions = (double)b->added;
    const double other = (double)kt_memory_len(b->log.memory, KT_HASHES) +
                         (double)kt_memory_len(b->log.memory, KT_ENTRIES);
    const double nodes = (double)kt_memory_len(b->log.memory, KT_NODES);

    print(b, "store-live", ((double)bench_log_live(&b->log) + other) / label_versions, "bytes");
    print(b, "store-with-history", (nodes + other) / label_versions, "bytes");
}

static void
measure_size(bench *b, size_t size)
{
    const double start = now_us();

    grow(b, size);
    print(b, "grow-time", (now_us() - start) / 1e3, "ms");
    measure_store(b);
    measure_search(b);
    measure_credential(b);
    measure_day(b);
    measure_publish(b, "-outputs-at-hand", 1000, false, true);
    measure_publish(b, "", 1000, false, false);
    measure_publish(b, "", 10000, false, false);
    measure_publish(b, "-proofs-kept", 10000, true, false);
}

static size_t
number_after(int *i, int argc, char **argv)
{
    if (++*i >= argc) {
        (void)fprintf(stderr, "bench_transparency: %s needs a number\n", argv[*i - 1]);
        exit(2);
    }
    return strtoul(argv[*i], NULL, 10);
}

typedef struct plan {
    size_t sizes[16];
    size_t count;
    size_t threads;
} plan;

static void
read_options(bench *b, plan *p, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--batch") == 0) {
            b->batch = number_after(&i, argc, argv);
        } else if (strcmp(argv[i], "--step") == 0) {
            b->log.step_ms = number_after(&i, argc, argv) * 1000;
        } else if (strcmp(argv[i], "--threads") == 0) {
            p->threads = number_after(&i, argc, argv);
        } else if (strcmp(argv[i], "--files") == 0 && i + 1 < argc) {
            b->folder = argv[++i];
        } else if (p->count < 16) {
            p->sizes[p->count++] = strtoul(argv[i], NULL, 10);
        }
    }
}

int
main(int argc, char **argv)
{
    static bench b = {.batch = 10, .log = {.step_ms = 600000}};
    plan p = {.sizes = {1000, 10000, 100000, 1000000}, .threads = 2};

    read_options(&b, &p, argc, argv);
    p.count = p.count == 0 ? 4 : p.count;
    if (b.batch == 0 || b.batch > BATCH_MAX || b.log.step_ms == 0 || p.threads == 0) {
        (void)fprintf(stderr, "usage: see the head of bench/transparency/bench_transparency.c\n");
        return 2;
    }
    const uint64_t step = b.log.step_ms;
    b.workers = workers_new(p.threads);
    bench_log_open(&b.log, p.sizes[p.count - 1] * 4 + 1000000, b.folder, b.workers);
    b.log.step_ms = step;
    for (size_t i = 0; i < p.count; i++) {
        measure_size(&b, p.sizes[i]);
    }
    bench_log_close(&b.log);
    workers_free(b.workers);
    return 0;
}
