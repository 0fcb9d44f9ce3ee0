/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The writer of writer.h. Its lock guards the queue, the mailboxes and the figures, and is never held while something
 * runs or is written. A transaction that fails is undone, and its jobs run once more, each in its own, so that one that
 * cannot be done takes no other with it.
 */
#include "store/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "store/relay_store.h"
#include "store/workers.h"

/* A notice, or a job that is done. */
typedef struct letter {
    relay_notice *notice;
    relay_job *job;
} letter;

struct store_mailbox {
    store_mailbox *next;
    store_writer *writer;
    void (*wake)(void *ctx);
    void *ctx;
    /* Guarded by the writer's lock. */
    letter *letters; /* in the order in which they are to be delivered */
    size_t count;
    size_t cap;
    bool is_woken; /* and has not come yet */
    /* The writer's, while it hands a batch back. */
    bool has_news;
};

struct store_writer {
    store_writer_options options;
    crypto *crypto;
    relay_seal *seal; /* NULL: there is no log */
    store_workers workers;
    store_mailbox *boxes;
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t thread;
    bool has_thread;
    bool is_stopping;
    relay_job_queue queue;
    store_writer_stats stats;
};

/* ---- Making ---- */

static kith_err
open_seal(store_writer *writer)
{
    const store_writer_options *options = &writer->options;

    KITH_TRY(crypto_new(NULL, &writer->crypto));
    if (options->log == NULL) {
        return KITH_OK;
    }
    writer->workers = (store_workers){.crypto = writer->crypto, .count = options->workers};
    const relay_seal_env env = {.log = options->log,
                                .sign = options->log_sign,
                                .crypto = writer->crypto,
                                .rng = options->rng,
                                .store = store_relay_port(options->store),
                                .workers = store_workers_port(&writer->workers)};
    return relay_seal_new(&env, &writer->seal);
}

kith_err
store_writer_new(const store_writer_options *options, store_writer **out)
{
    store_writer *writer = calloc(1, sizeof *writer);

    KITH_ENSURE(writer != NULL, KITH_ERR_NO_MEMORY);
    writer->options = *options;
    const kith_err err = open_seal(writer);
    if (err != KITH_OK) {
        crypto_free(writer->crypto);
        free(writer);
        return err;
    }
    (void)pthread_mutex_init(&writer->lock, NULL); /* cannot fail without attributes */
    (void)pthread_cond_init(&writer->work, NULL);
    *out = writer;
    return KITH_OK;
}

static void
free_jobs(relay_job_queue *queue)
{
    for (relay_job *job = relay_job_pop(queue); job != NULL; job = relay_job_pop(queue)) {
        relay_job_free(job);
    }
}

void
store_writer_free(store_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    store_writer_stop(writer);
    free_jobs(&writer->queue);
    relay_seal_free(writer->seal);
    crypto_free(writer->crypto);
    (void)pthread_cond_destroy(&writer->work);
    (void)pthread_mutex_destroy(&writer->lock);
    free(writer);
}

kith_err
store_mailbox_new(store_writer *writer, void (*wake)(void *ctx), void *ctx, store_mailbox **out)
{
    store_mailbox *box = calloc(1, sizeof *box);

    KITH_ENSURE(box != NULL, KITH_ERR_NO_MEMORY);
    box->writer = writer;
    box->wake = wake;
    box->ctx = ctx;
    box->next = writer->boxes;
    writer->boxes = box;
    *out = box;
    return KITH_OK;
}

void
store_mailbox_free(store_mailbox *box)
{
    if (box == NULL) {
        return;
    }
    store_mailbox **at = &box->writer->boxes;
    while (*at != box) {
        at = &(*at)->next;
    }
    *at = box->next;
    for (size_t i = 0; i < box->count; i++) {
        relay_notice_free(box->letters[i].notice);
        relay_job_free(box->letters[i].job);
    }
    free(box->letters);
    free(box);
}

/* ---- Running a batch ---- */

static uint64_t
now_of(const store_writer *writer)
{
    return writer->options.clock->wall_ms(writer->options.clock->ctx);
}

static kith_err
run_job(store_writer *writer, relay_job *job)
{
    const relay_writer with = {.store = store_relay_port(writer->options.store),
                               .crypto = writer->crypto,
                               .seal = writer->seal};

    return relay_job_run(job, &with, now_of(writer));
}

static kith_err
run_queue(store_writer *writer, const relay_job_queue *batch)
{
    for (relay_job *job = batch->first; job != NULL; job = relay_job_after(job)) {
        KITH_TRY(run_job(writer, job));
    }
    return KITH_OK;
}

/* The end of a transaction in which `err` happened: the log's entry, then the commit, or nothing of it is stored. */
static kith_err
end_transaction(store_writer *writer, kith_err err)
{
    const relay_store *store = store_relay_port(writer->options.store);

    if (err == KITH_OK && writer->seal != NULL) {
        err = relay_seal_close(writer->seal, now_of(writer));
    }
    if (err == KITH_OK) {
        err = store->commit(store->ctx);
    } else {
        store->rollback(store->ctx);
    }
    if (writer->seal != NULL) {
        relay_seal_settle(writer->seal, err == KITH_OK);
    }
    return err;
}

/* The whole batch in one transaction; on error nothing of it is stored. */
static kith_err
try_batch(store_writer *writer, const relay_job_queue *batch)
{
    const relay_store *store = store_relay_port(writer->options.store);

    KITH_TRY(store->begin(store->ctx));
    return end_transaction(writer, run_queue(writer, batch));
}

kith_err
store_writer_catch_up(store_writer *writer, bool *left)
{
    const relay_store *store = store_relay_port(writer->options.store);
    bool more = false;

    if (writer->seal == NULL) {
        *left = false;
        return KITH_OK;
    }
    KITH_TRY(store->begin(store->ctx));
    KITH_TRY(end_transaction(writer, relay_seal_catch_up(writer->seal, now_of(writer), &more)));
    *left = more;
    return KITH_OK;
}

/* Each job in a transaction of its own; returns the last error. */
static kith_err
try_each(store_writer *writer, relay_job_queue *batch, uint64_t *failed)
{
    relay_job_queue rest = *batch;
    kith_err last = KITH_OK;

    *batch = (relay_job_queue){0};
    for (relay_job *job = relay_job_pop(&rest); job != NULL; job = relay_job_pop(&rest)) {
        const relay_job_queue one = {.first = job, .last = job, .count = 1};
        const kith_err err = try_batch(writer, &one);
        if (err != KITH_OK) {
            relay_job_fail(job, err);
            (*failed)++;
            last = err;
        }
        relay_job_push(batch, job);
    }
    return last;
}

static void
run_batch(store_writer *writer, relay_job_queue *batch)
{
    uint64_t failed = 0;
    kith_err err = try_batch(writer, batch);

    if (err != KITH_OK) {
        err = try_each(writer, batch, &failed);
    }
    (void)pthread_mutex_lock(&writer->lock);
    writer->stats.batches++;
    writer->stats.jobs += batch->count;
    writer->stats.failed += failed;
    writer->stats.last_error = err;
    (void)pthread_mutex_unlock(&writer->lock);
}

/* ---- Handing back ---- */

/* A loop that gets no notice would never send the entry: without memory there is nothing right to do but to
 * end the process, whose store is sound. */
static void
post(store_mailbox *box, letter what)
{
    if (box->count == box->cap) {
        const size_t cap = box->cap == 0 ? 64 : 2 * box->cap;
        void *moved = realloc(box->letters, cap * sizeof what);
        if (moved == NULL) {
            abort();
        }
        box->letters = moved;
        box->cap = cap;
    }
    box->letters[box->count++] = what;
    box->has_news = true;
}

static void
post_notices(store_writer *writer, relay_job *job)
{
    for (relay_notice *notice = relay_job_take_notice(job); notice != NULL;
         notice = relay_job_take_notice(job)) {
        for (store_mailbox *box = writer->boxes; box != NULL; box = box->next) {
            post(box, (letter){.notice = relay_notice_share(notice)});
        }
        relay_notice_free(notice);
    }
}

static void
post_jobs(store_writer *writer, relay_job_queue *batch)
{
    (void)pthread_mutex_lock(&writer->lock);
    for (relay_job *job = batch->first; job != NULL; job = relay_job_after(job)) {
        post_notices(writer, job);
    }
    for (relay_job *job = relay_job_pop(batch); job != NULL; job = relay_job_pop(batch)) {
        post(relay_job_owner(job), (letter){.job = job});
    }
    for (store_mailbox *box = writer->boxes; box != NULL; box = box->next) {
        box->has_news = box->has_news && !box->is_woken;
        box->is_woken = box->is_woken || box->has_news;
    }
    (void)pthread_mutex_unlock(&writer->lock);
}

static void
post_batch(store_writer *writer, relay_job_queue *batch)
{
    post_jobs(writer, batch);
    for (store_mailbox *box = writer->boxes; box != NULL; box = box->next) {
        if (box->has_news) {
            box->has_news = false;
            box->wake(box->ctx);
        }
    }
}

/* ---- The queue ---- */

static void
take_batch(store_writer *writer, relay_job_queue *batch)
{
    if (writer->queue.count <= STORE_BATCH_MAX) {
        relay_job_append(batch, &writer->queue);
        return;
    }
    while (batch->count < STORE_BATCH_MAX) {
        relay_job_push(batch, relay_job_pop(&writer->queue));
    }
}

static void
checkpoint(store_writer *writer, uint32_t from_pages)
{
    if (store_relay_wal_pages(writer->options.store) >= from_pages) {
        /* Everything is durable in the WAL; what could not be copied now is copied the next time. */
        kith_ignore(store_relay_checkpoint(writer->options.store));
    }
}

bool
store_writer_run_once(store_writer *writer)
{
    relay_job_queue batch = {0};

    (void)pthread_mutex_lock(&writer->lock);
    take_batch(writer, &batch);
    (void)pthread_mutex_unlock(&writer->lock);
    if (batch.first == NULL) {
        return false;
    }
    run_batch(writer, &batch);
    post_batch(writer, &batch);
    checkpoint(writer, STORE_CHECKPOINT_FORCED_PAGES);
    return true;
}

/* False: it is time to stop, and nothing is queued. */
static bool
wait_for_work(store_writer *writer)
{
    (void)pthread_mutex_lock(&writer->lock);
    while (writer->queue.first == NULL && !writer->is_stopping) {
        (void)pthread_cond_wait(&writer->work, &writer->lock);
    }
    const bool has_work = writer->queue.first != NULL;
    (void)pthread_mutex_unlock(&writer->lock);
    return has_work;
}

static void *
run_thread(void *ctx)
{
    store_writer *writer = ctx;

    while (wait_for_work(writer)) {
        while (store_writer_run_once(writer)) {
        }
        checkpoint(writer, STORE_CHECKPOINT_IDLE_PAGES);
    }
    return NULL;
}

kith_err
store_writer_start(store_writer *writer)
{
    KITH_ENSURE(!writer->has_thread, KITH_ERR_INVALID);
    writer->is_stopping = false;
    KITH_ENSURE(pthread_create(&writer->thread, NULL, run_thread, writer) == 0, KITH_ERR_BUSY);
    writer->has_thread = true;
    return KITH_OK;
}

void
store_writer_stop(store_writer *writer)
{
    if (!writer->has_thread) {
        return;
    }
    (void)pthread_mutex_lock(&writer->lock);
    writer->is_stopping = true;
    (void)pthread_cond_signal(&writer->work);
    (void)pthread_mutex_unlock(&writer->lock);
    (void)pthread_join(writer->thread, NULL);
    writer->has_thread = false;
}

store_writer_stats
store_writer_stats_of(store_writer *writer)
{
    (void)pthread_mutex_lock(&writer->lock);
    const store_writer_stats stats = writer->stats;
    (void)pthread_mutex_unlock(&writer->lock);
    return stats;
}

/* ---- The loops' side ---- */

void
store_mailbox_submit(store_mailbox *box, relay *r)
{
    store_writer *writer = box->writer;
    relay_job_queue jobs = {0};

    for (relay_job *job = relay_next_job(r); job != NULL; job = relay_next_job(r)) {
        relay_job_push(&jobs, job);
    }
    if (jobs.first == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&writer->lock);
    const bool was_idle = writer->queue.first == NULL;
    relay_job_append(&writer->queue, &jobs);
    if (was_idle) {
        (void)pthread_cond_signal(&writer->work);
    }
    (void)pthread_mutex_unlock(&writer->lock);
}

void
store_mailbox_deliver(store_mailbox *box, relay *r, uint64_t now_ms)
{
    store_writer *writer = box->writer;

    (void)pthread_mutex_lock(&writer->lock);
    letter *letters = box->letters;
    const size_t count = box->count;
    box->letters = NULL;
    box->count = 0;
    box->cap = 0;
    box->is_woken = false;
    (void)pthread_mutex_unlock(&writer->lock);
    for (size_t i = 0; i < count; i++) {
        if (letters[i].job != NULL) {
            relay_job_done(r, letters[i].job, now_ms);
        } else {
            relay_notify(r, letters[i].notice, now_ms);
            relay_notice_free(letters[i].notice);
        }
    }
    free(letters);
}
