/* SPDX-License-Identifier: MPL-2.0 */
/* Conversation logs: opening and appending (docs/wire.md §4), in the writer. Acknowledging is in run_ack.c. */
#include "relay/internal.h"

#include <string.h>

kith_err
relay_item_encode(bool is_inbox, const uint8_t *conv_id, const relay_item *item, kith_buf *out)
{
    if (is_inbox) {
        proto_inbox_item push = {.id = item->number, .time_ms = item->time_ms, .body = item->body};
        relay_copy_id(push.put_id, item->id, PROTO_SHORT_ID_LEN);
        return proto_inbox_item_encode(out, &push);
    }
    proto_entry push = {
        .seq = item->number, .time_ms = item->time_ms, .kind = item->kind, .message = item->body};
    relay_copy_id(push.conv_id, conv_id, PROTO_ID_LEN);
    relay_copy_id(push.append_id, item->id, PROTO_SHORT_ID_LEN);
    return proto_entry_encode(out, &push);
}

/* ---- CONV_OPEN ---- */

kith_err
relay_run_conv_open(const relay_run *run)
{
    const proto_conv_open *in = &run->job->in.conv_open;
    relay_conv conv = {0};

    const kith_err err = run->store->conv_find(run->ctx, in->conv_id, &conv);
    if (err == KITH_OK) {
        if (memcmp(conv.open_hash, in->token_hash, PROTO_ID_LEN) != 0) {
            relay_job_refuse(run->job, KITH_ERR_DENIED); /* another's */
        }
        return KITH_OK;
    }
    KITH_ENSURE(err == KITH_ERR_NOT_FOUND, err);
    conv = (relay_conv){.next_seq = 1, .first_seq = 1, .swept_seq = 1, .readers = in->readers};
    relay_copy_id(conv.id, in->conv_id, PROTO_ID_LEN);
    relay_copy_id(conv.token_hash, in->token_hash, PROTO_ID_LEN);
    relay_copy_id(conv.open_hash, in->token_hash, PROTO_ID_LEN);
    return run->store->conv_add(run->ctx, &conv);
}

/* ---- CONV_APPEND ---- */

/* How long to wait before a full conversation is tried again. */
#define FULL_RETRY_MS 60000u

static bool
is_full(const relay_conv *conv, size_t more)
{
    return conv->entries >= RELAY_CONV_ENTRIES_MAX || conv->bytes + more > RELAY_CONV_BYTES_MAX;
}

/* Whether the log takes the entry: OK, CONFLICT, DENIED or BUSY. */
static kith_err
check_append(const relay_run *run, const relay_conv *conv)
{
    const proto_conv_append *in = &run->job->in.conv_append;
    relay_epoch epoch = {0};

    if (memcmp(conv->token_hash, run->job->hash, PROTO_ID_LEN) != 0) {
        const kith_err err = run->store->epoch_find(run->ctx, conv->row, run->job->hash, &epoch);
        KITH_ENSURE(err != KITH_OK, KITH_ERR_CONFLICT);
        return err == KITH_ERR_NOT_FOUND ? KITH_ERR_DENIED : err;
    }
    KITH_ENSURE(in->kind != PROTO_ENTRY_COMMIT || in->parent == conv->last_commit,
                KITH_ERR_CONFLICT);
    KITH_ENSURE(!is_full(conv, in->message.len), KITH_ERR_BUSY);
    return KITH_OK;
}

/* The epoch ends with this commit. */
static kith_err
end_epoch(const relay_run *run, relay_conv *conv, uint64_t seq)
{
    const proto_conv_append *in = &run->job->in.conv_append;
    relay_epoch epoch = {.first_seq = conv->last_commit + 1,
                         .last_seq = seq,
                         .ended_ms = run->now_ms,
                         .readers = conv->readers};

    relay_copy_id(epoch.token_hash, conv->token_hash, PROTO_ID_LEN);
    KITH_TRY(run->store->epoch_add(run->ctx, conv->row, &epoch));
    conv->epochs++;
    if (conv->epochs > RELAY_EPOCHS_MAX) {
        KITH_TRY(run->store->epoch_drop(run->ctx, conv->row));
        conv->epochs--;
    }
    conv->last_commit = seq;
    conv->readers = in->readers;
    relay_copy_id(conv->token_hash, in->next_token_hash, PROTO_ID_LEN);
    return KITH_OK;
}

static kith_err
tell_entry(const relay_run *run, const relay_conv *conv, const relay_item *entry)
{
    const uint8_t *conv_id = run->job->in.conv_append.conv_id;
    relay_notice *notice = NULL;
    size_t mark = 0;

    KITH_TRY(relay_job_tell(run->job, RELAY_NOTICE_ENTRY, conv->row, &notice));
    notice->number = entry->number;
    notice->is_commit = entry->kind == PROTO_ENTRY_COMMIT;
    KITH_TRY(kith_buf_reserve(&notice->frame, run->job->body.len + PROTO_FRAME_MIN));
    KITH_TRY(proto_frame_open(&notice->frame, PROTO_ENTRY, 0, &mark));
    return proto_frame_close(&notice->frame, mark,
                             relay_item_encode(false, conv_id, entry, &notice->frame));
}

static kith_err
answer_append(const relay_run *run, uint64_t seq, uint64_t time_ms)
{
    const proto_conv_append_answer out = {.seq = seq, .time_ms = time_ms};

    return proto_conv_append_answer_encode(&run->job->answer, &out);
}

/* EXISTS: the append is a repetition. */
static kith_err
append(const relay_run *run, relay_conv *conv)
{
    const proto_conv_append *in = &run->job->in.conv_append;
    relay_item entry = {
        .number = conv->next_seq, .time_ms = run->now_ms, .kind = in->kind, .body = in->message};

    relay_copy_id(entry.id, in->append_id, PROTO_SHORT_ID_LEN);
    KITH_TRY(run->store->entry_add(run->ctx, conv->row, &entry));
    if (conv->first_seq == conv->next_seq) {
        conv->acked = 0; /* nothing was kept: nobody has acknowledged this one */
    }
    conv->next_seq++;
    conv->entries++;
    conv->bytes += in->message.len;
    if (in->kind == PROTO_ENTRY_COMMIT) {
        KITH_TRY(end_epoch(run, conv, entry.number));
    }
    KITH_TRY(run->store->conv_save(run->ctx, conv));
    KITH_TRY(tell_entry(run, conv, &entry));
    return answer_append(run, entry.number, entry.time_ms);
}

/* The first answer again, if there was one; it comes before every other answer. */
static kith_err
repeat_or_refuse(const relay_run *run, const relay_conv *conv, kith_err refusal)
{
    const proto_conv_append *in = &run->job->in.conv_append;
    relay_mark mark = {0};

    const kith_err err = run->store->mark_find(run->ctx, conv->row, in->append_id, &mark);
    if (err == KITH_OK) {
        return answer_append(run, mark.seq, mark.time_ms);
    }
    KITH_ENSURE(err == KITH_ERR_NOT_FOUND, err);
    relay_job_refuse(run->job, refusal);
    run->job->detail = refusal == KITH_ERR_CONFLICT ? conv->last_commit : 0;
    run->job->retry_ms = refusal == KITH_ERR_BUSY ? FULL_RETRY_MS : 0;
    return KITH_OK;
}

kith_err
relay_run_conv_append(const relay_run *run)
{
    relay_conv conv = {0};

    kith_err err = run->store->conv_find(run->ctx, run->job->in.conv_append.conv_id, &conv);
    if (err == KITH_ERR_NOT_FOUND) {
        relay_job_refuse(run->job, KITH_ERR_DENIED);
        return KITH_OK;
    }
    KITH_TRY(err);
    err = check_append(run, &conv);
    if (err == KITH_ERR_CONFLICT || err == KITH_ERR_DENIED || err == KITH_ERR_BUSY) {
        return repeat_or_refuse(run, &conv, err);
    }
    KITH_TRY(err);
    err = append(run, &conv);
    return err == KITH_ERR_EXISTS ? repeat_or_refuse(run, &conv, KITH_ERR_EXISTS) : err;
}
