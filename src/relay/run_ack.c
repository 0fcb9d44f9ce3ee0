/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Acknowledging entries, and deleting what all readers have (docs/wire.md §4), in the writer. Entries go from the
 * front only. The conversation counts how many readers have acknowledged its first entry, so that one more
 * acknowledgement is work for one, not for all readers.
 */
#include "relay/internal.h"

#include <string.h>

/* Past epochs whose entries one job lets go. */
#define EPOCHS_IN_ONE_GO 64u

/* The epoch of the token: its last seq is the last that may be acknowledged with it. NOT_FOUND: it opens nothing. */
static kith_err
find_epoch(const relay_run *run, const relay_conv *conv, relay_epoch *out)
{
    if (memcmp(conv->token_hash, run->job->hash, PROTO_ID_LEN) == 0) {
        *out = (relay_epoch){.first_seq = conv->last_commit + 1, .last_seq = conv->next_seq - 1};
        return KITH_OK;
    }
    return run->store->epoch_find(run->ctx, conv->row, run->job->hash, out);
}

/* LIMIT: no room for one more reader, even without those that were silent for long. */
static kith_err
make_room(const relay_run *run, relay_conv *conv)
{
    const uint64_t keep_ms = (uint64_t)PROTO_KEEP_SECONDS * 1000;
    uint32_t count = 0;

    KITH_TRY(run->store->ack_count(run->ctx, conv->row, 0, &count));
    if (count < PROTO_READERS_MAX) {
        return KITH_OK;
    }
    KITH_TRY(run->store->ack_forget(run->ctx, conv->row,
                                    run->now_ms > keep_ms ? run->now_ms - keep_ms : 0));
    conv->acked = RELAY_ACKED_UNKNOWN;
    KITH_TRY(run->store->conv_save(run->ctx, conv));
    KITH_TRY(run->store->ack_count(run->ctx, conv->row, 0, &count));
    KITH_ENSURE(count < PROTO_READERS_MAX, KITH_ERR_LIMIT);
    return KITH_OK;
}

static kith_err
count_acked(const relay_run *run, relay_conv *conv)
{
    uint32_t count = 0;

    if (conv->first_seq < conv->next_seq) {
        KITH_TRY(run->store->ack_count(run->ctx, conv->row, conv->first_seq, &count));
    }
    conv->acked = count;
    return KITH_OK;
}

/* The epoch of the first entry that is kept. What is older than all that are remembered counts to the oldest. */
static kith_err
first_epoch(const relay_run *run, const relay_conv *conv, relay_epoch *out)
{
    *out = (relay_epoch){.last_seq = conv->next_seq - 1, .readers = conv->readers};
    if (conv->first_seq > conv->last_commit) {
        return KITH_OK;
    }
    const kith_err err = run->store->epoch_at(run->ctx, conv->row, conv->first_seq, out);
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

/* Lets go what as many readers have as the epoch of the first entry names. `*more`: the whole epoch went. */
static kith_err
release_epoch(const relay_run *run, relay_conv *conv, bool *more)
{
    relay_epoch epoch = {0};
    uint64_t all_have = 0;

    *more = false;
    KITH_TRY(first_epoch(run, conv, &epoch));
    if (conv->acked < epoch.readers) {
        return KITH_OK;
    }
    const relay_rank rank = {.rank = epoch.readers, .since = conv->first_seq};
    KITH_TRY(run->store->ack_rank(run->ctx, conv->row, &rank, &all_have));
    *more = all_have >= epoch.last_seq;
    conv->first_seq = (*more ? epoch.last_seq : all_have) + 1;
    return count_acked(run, conv);
}

/* Deletes some of what is let go; the expiry does the rest. */
static kith_err
sweep(const relay_run *run, relay_conv *conv)
{
    const uint64_t most = conv->swept_seq + RELAY_SWEEP_MAX;
    const uint64_t to = conv->first_seq < most ? conv->first_seq : most;
    const relay_range range = {.row = conv->row, .from = conv->swept_seq, .to = to};
    relay_freed freed = {.items = conv->entries, .bytes = conv->bytes};

    if (to == conv->swept_seq) {
        return KITH_OK;
    }
    /* Mostly everything goes: then there is nothing to count. */
    KITH_TRY(run->store->entries_delete(run->ctx, &range, to == conv->next_seq ? NULL : &freed));
    conv->entries -= freed.items;
    conv->bytes -= freed.bytes;
    conv->swept_seq = to;
    return KITH_OK;
}

static kith_err
release(const relay_run *run, relay_conv *conv)
{
    bool more = true;

    for (size_t i = 0; i < EPOCHS_IN_ONE_GO && more && conv->first_seq < conv->next_seq; i++) {
        KITH_TRY(release_epoch(run, conv, &more));
    }
    KITH_TRY(sweep(run, conv));
    return run->store->conv_save(run->ctx, conv);
}

/* `old` is what the reader had acknowledged before, seq 0: nothing. */
static kith_err
acknowledge(const relay_run *run, relay_conv *conv, const relay_ack *old, uint64_t seq)
{
    const relay_ack ack = {.seq = seq, .time_ms = run->now_ms, .since = old->since};

    KITH_TRY(run->store->ack_put(run->ctx, conv->row, run->job->in.conv_ack.reader_id, &ack));
    if (conv->acked == RELAY_ACKED_UNKNOWN) {
        KITH_TRY(count_acked(run, conv));
    } else if (old->seq < conv->first_seq && conv->first_seq <= seq &&
               old->since <= conv->first_seq) {
        conv->acked++;
    }
    return release(run, conv);
}

static kith_err
ack_known(const relay_run *run, relay_conv *conv, const relay_epoch *epoch)
{
    const proto_conv_ack *in = &run->job->in.conv_ack;
    const uint64_t seq = in->seq < epoch->last_seq ? in->seq : epoch->last_seq;
    /* A reader that is new reads since this epoch, and what others still have to read is not for it to let go. */
    relay_ack old = {.since = epoch->first_seq};

    kith_err err = run->store->ack_find(run->ctx, conv->row, in->reader_id, &old);
    if (err == KITH_OK && seq <= old.seq) {
        return KITH_OK;
    }
    if (err == KITH_ERR_NOT_FOUND) {
        err = make_room(run, conv);
    }
    if (err == KITH_ERR_LIMIT) {
        relay_job_refuse(run->job, err);
        return KITH_OK;
    }
    KITH_TRY(err);
    return acknowledge(run, conv, &old, seq);
}

kith_err
relay_run_conv_ack(const relay_run *run)
{
    relay_conv conv = {0};
    relay_epoch epoch = {0};

    kith_err err = run->store->conv_find(run->ctx, run->job->in.conv_ack.conv_id, &conv);
    if (err == KITH_OK) {
        err = find_epoch(run, &conv, &epoch);
    }
    if (err == KITH_ERR_NOT_FOUND) {
        relay_job_refuse(run->job, KITH_ERR_DENIED);
        return KITH_OK;
    }
    KITH_TRY(err);
    return ack_known(run, &conv, &epoch);
}
