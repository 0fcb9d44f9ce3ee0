/* SPDX-License-Identifier: MPL-2.0 */
/* Threads that live as long as one run: starting them takes microseconds, the work of a run milliseconds. */
#include "workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS_MAX 64u
/* Numbers that a thread takes at once. */
#define STRIDE 8u

struct workers {
    size_t count;
    crypto *cryptos[THREADS_MAX];
};

typedef struct run {
    kt_job job;
    void *arg;
    size_t count;
    atomic_size_t next;
    atomic_int err;
} run;

typedef struct seat {
    run *run;
    crypto *crypto;
} seat;

workers *
workers_new(size_t count)
{
    workers *w = calloc(1, sizeof *w);

    if (w == NULL || count > THREADS_MAX) {
        abort();
    }
    w->count = count;
    for (size_t i = 0; i < count; i++) {
        if (crypto_new(NULL, &w->cryptos[i]) != KITH_OK) {
            abort();
        }
    }
    return w;
}

void
workers_free(workers *w)
{
    for (size_t i = 0; i < w->count; i++) {
        crypto_free(w->cryptos[i]);
    }
    free(w);
}

static void *
work(void *arg)
{
    const seat *s = arg;
    run *r = s->run;

    for (;;) {
        const size_t first = atomic_fetch_add(&r->next, STRIDE);
        if (first >= r->count || atomic_load(&r->err) != KITH_OK) {
            return NULL;
        }
        for (size_t i = first; i < first + STRIDE && i < r->count; i++) {
            const kith_err err = r->job(r->arg, s->crypto, i);
            if (err != KITH_OK) {
                atomic_store(&r->err, (int)err);
            }
        }
    }
}

static kith_err
run_jobs(void *ctx, kt_job job, void *arg, size_t count)
{
    workers *w = ctx;
    run r = {.job = job, .arg = arg, .count = count};
    pthread_t threads[THREADS_MAX];
    seat seats[THREADS_MAX];
    size_t started = 0;

    for (size_t i = 0; i < w->count; i++) {
        seats[i] = (seat){.run = &r, .crypto = w->cryptos[i]};
        if (i > 0 && pthread_create(&threads[started], NULL, work, &seats[i]) == 0) {
            started++;
        }
    }
    (void)work(&seats[0]);
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return (kith_err)atomic_load(&r.err);
}

kt_workers
workers_port(workers *w)
{
    return (kt_workers){.run = run_jobs, .ctx = w};
}
