/* SPDX-License-Identifier: MPL-2.0 */
/* The threads of workers.h: each takes the next job until none is left or one has failed. */
#include "store/workers.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS_MAX 64u

typedef struct work {
    kt_job job;
    void *arg;
    size_t count;
    _Atomic size_t next;
    _Atomic int err; /* a kith_err */
} work;

static void
work_on(work *w, crypto *c)
{
    while (w->err == KITH_OK) {
        const size_t i = w->next++;
        if (i >= w->count) {
            return;
        }
        const kith_err err = w->job(w->arg, c, i);
        if (err != KITH_OK) {
            w->err = err;
        }
    }
}

/* A thread without a crypto leaves its share to the others. */
static void *
run_thread(void *ctx)
{
    crypto *c = NULL;

    if (crypto_new(NULL, &c) == KITH_OK) {
        work_on(ctx, c);
        crypto_free(c);
    }
    return NULL;
}

static size_t
threads_for(const store_workers *workers, size_t count)
{
    const size_t wanted = count / STORE_WORKERS_JOBS_MIN;
    const size_t most = workers->count < THREADS_MAX ? workers->count : THREADS_MAX;

    return wanted < most ? wanted : most;
}

static kith_err
run(void *ctx, kt_job job, void *arg, size_t count)
{
    const store_workers *workers = ctx;
    work w = {.job = job, .arg = arg, .count = count};
    pthread_t threads[THREADS_MAX];
    size_t started = 0;

    for (size_t i = 1; i < threads_for(workers, count); i++) {
        if (pthread_create(&threads[started], NULL, run_thread, &w) == 0) {
            started++;
        }
    }
    work_on(&w, workers->crypto);
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return (kith_err)w.err;
}

kt_workers
store_workers_port(store_workers *workers)
{
    return (kt_workers){.run = run, .ctx = workers};
}
