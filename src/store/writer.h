/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one writer of a server's store: takes every job that is queued, runs them all in one transaction, and hands
 * them back when it is durable. While the disk is busy the next batch gathers, so the batches are as large as the
 * load asks for, and there is no timer. Runs in a thread of its own, or, one batch at a time, in the caller's.
 *
 * Each loop has a *mailbox*: what it hands in goes to the writer, what the writer has for it comes back through it.
 *
 *     store_mailbox_submit(box, relay);             loop: at the end of a turn
 *     store_mailbox_deliver(box, relay, now_ms);    loop: after `wake`
 */
#ifndef KITH_STORE_WRITER_H
#define KITH_STORE_WRITER_H

#include "base/base.h"
#include "relay/relay.h"
#include "store/relay_store.h"

typedef struct store_writer store_writer;
typedef struct store_mailbox store_mailbox;

typedef struct store_writer_options {
    store_relay *store; /* a writer's; used by the writer's thread only once that is started */
    const kith_clock *clock; /* wall_ms is the time of entries */
    const relay_log *log; /* NULL: lists are not logged, and the rest is not looked at */
    crypto_sign_key *log_sign; /* signs its heads; the writer's alone */
    const kith_rng *rng;
    uint16_t workers; /* threads for lists that are logged by hundreds; 0: the writer's own */
} store_writer_options;

/* Everything in `options` is borrowed until the writer is freed. NO_MEMORY, CRYPTO; with a log those of
 * relay_seal_new. */
KITH_API KITH_MUST_USE kith_err store_writer_new(const store_writer_options *options,
                                                 store_writer **out);
/* Runs what is queued, stops the thread, and frees. Mailboxes must have been freed. NULL is accepted. */
KITH_API void store_writer_free(store_writer *writer);

/* Before it is started: puts some of the lists that are not in the log yet into it. `*left`: to be called again. After
 * the last call the log has an entry that is not old. Without a log nothing is ever left. Errors of the store. */
KITH_API KITH_MUST_USE kith_err store_writer_catch_up(store_writer *writer, bool *left);

/* Starts the thread. BUSY: the system has no thread left. INVALID: started already. */
KITH_API KITH_MUST_USE kith_err store_writer_start(store_writer *writer);
/* Finishes what is queued and stops the thread; the answers are in the mailboxes. */
KITH_API void store_writer_stop(store_writer *writer);
/* Without a thread: runs one batch. False: nothing was queued. */
KITH_API bool store_writer_run_once(store_writer *writer);

/* Jobs larger in number than this leave what is beyond to the next batch. */
#define STORE_BATCH_MAX 1024u
/* Pages of the WAL (8 KiB each) from which on the writer copies them into the file: when there is nothing else to do,
 * and whatever there is to do. */
#define STORE_CHECKPOINT_IDLE_PAGES 512u
#define STORE_CHECKPOINT_FORCED_PAGES 8192u

typedef struct store_writer_stats {
    uint64_t jobs;
    uint64_t batches;
    uint64_t failed; /* jobs whose transaction could not be committed */
    kith_err last_error; /* of a transaction; KITH_OK: the last one was good */
} store_writer_stats;

/* From any thread. */
KITH_API store_writer_stats store_writer_stats_of(store_writer *writer);

/* `wake(ctx)` is called in the writer's thread when there is something to deliver; it may not block. It is the
 * mailbox that the `owner` of the loop's relay_env must be. Mailboxes are made before the writer starts. */
KITH_API KITH_MUST_USE kith_err store_mailbox_new(store_writer *writer, void (*wake)(void *ctx),
                                                  void *ctx, store_mailbox **out);
/* After the writer was stopped. Frees what was not delivered. NULL is accepted. */
KITH_API void store_mailbox_free(store_mailbox *box);
/* Hands all jobs of the loop's relay to the writer. */
KITH_API void store_mailbox_submit(store_mailbox *box, relay *r);
/* Gives the relay its notices and its jobs. */
KITH_API void store_mailbox_deliver(store_mailbox *box, relay *r, uint64_t now_ms);

#endif
