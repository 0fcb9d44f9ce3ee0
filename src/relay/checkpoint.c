/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The server's part of witnessing (docs/wire.md §10): checkpoints are made by the seal, asked for by users and followed by
 * witnesses, whose cosignatures are stored beside the log's own signature. Nothing that a stranger sends is stored: the
 * keys of the witnesses are the operator's choice.
 */
#include "relay/internal.h"

/* ---- Making them ---- */

static kith_err
write_note(const relay_publisher *p, kith_bytes text, kith_buf *out)
{
    kt_checkpoint checkpoint;
    kt_note_key key;

    KITH_TRY(kt_checkpoint_text_decode(text, &checkpoint));
    KITH_TRY(kt_bridge_key(p->crypto, p->log->hash, &p->log->config, &key));
    const kt_signer signer = {.key = &key, .sign = p->sign};
    KITH_TRY(kith_buf_append(out, text));
    KITH_TRY(kith_buf_append(out, kith_bytes_of_text("\n")));
    /* The signature of a log says no time. */
    return kt_checkpoint_sign(p->crypto, &signer, &checkpoint, 1, out);
}

kith_err
relay_checkpoint_publish(const relay_publisher *p, const kt_log *log, uint64_t now_ms,
                         relay_checkpoint *out)
{
    KITH_AUTO(kith_buf) origin = {0};
    KITH_AUTO(kith_buf) text = {0};
    KITH_AUTO(kith_buf) note = {0};
    const relay_checkpoint made = {.size = kt_log_size(log), .time_ms = now_ms};

    KITH_TRY(kt_bridge_origin(p->log->hash, &origin));
    KITH_TRY(kt_log_bridge_text(log, kith_bytes_of_buf(&origin), &text));
    KITH_TRY(write_note(p, kith_bytes_of_buf(&text), &note));
    KITH_TRY(p->store->checkpoint_put(p->store->ctx, &made, kith_bytes_of_buf(&note)));
    KITH_TRY(p->store->checkpoint_trim(p->store->ctx, RELAY_CHECKPOINTS_MAX));
    *out = made;
    return KITH_OK;
}

/* ---- LOG_CHECKPOINT ---- */

static kith_err
count_lines(kith_bytes note, size_t *out)
{
    kt_checkpoint checkpoint;
    kt_note_line line;
    size_t count = 0;

    KITH_TRY(kt_checkpoint_decode(note, &checkpoint));
    for (kith_reader r = kith_reader_of(checkpoint.note.lines); !kith_reader_done(&r); count++) {
        KITH_TRY(kt_note_line_read(&r, &line));
    }
    *out = count;
    return KITH_OK;
}

/* Of those with at least `size` entries the one that most have cosigned, and of these the newest. Without one that is large
 * enough, the newest. */
static kith_err
choose_checkpoint(relay_call *call, uint64_t size, relay_checkpoint *out, kith_buf *note)
{
    const relay_store *reader = call->reader;
    relay_checkpoint found = {.size = RELAY_STORE_NUMBER_MAX + 1};
    size_t best = 0;

    for (size_t i = 0; i < RELAY_CHECKPOINTS_MAX && found.size > 0; i++) {
        KITH_AUTO(kith_buf) bytes = {.alloc = call->relay->env.alloc};
        size_t count = 0;
        const kith_err err = reader->checkpoint_find(reader->ctx, found.size - 1, &found, &bytes);
        if (err == KITH_ERR_NOT_FOUND || (err == KITH_OK && best > 0 && found.size < size)) {
            break;
        }
        KITH_TRY(err);
        KITH_TRY(count_lines(kith_bytes_of_buf(&bytes), &count));
        if (count > best) {
            best = count;
            *out = found;
            KITH_TRY(kith_buf_set(note, kith_bytes_of_buf(&bytes)));
        }
    }
    return best > 0 ? KITH_OK : KITH_ERR_BUSY;
}

static kith_err
make_checkpoint(relay_call *call, const void *in, kith_buf *body)
{
    KITH_AUTO(kith_buf) note = {.alloc = call->relay->env.alloc};
    KITH_AUTO(kith_buf) proof = {.alloc = call->relay->env.alloc};
    const proto_log_checkpoint *asked = in;
    relay_checkpoint chosen = {0};

    KITH_TRY(choose_checkpoint(call, asked->size, &chosen, &note));
    if (asked->size > 0 && asked->size <= chosen.size) {
        KITH_TRY(kt_log_bridge_head(call->relay->log, asked->size, chosen.size, &proof));
    }
    const proto_log_checkpoint_answer out = {.checkpoint = kith_bytes_of_buf(&note),
                                             .proof = kith_bytes_of_buf(&proof)};
    return proto_log_checkpoint_answer_encode(body, &out);
}

kith_err
relay_read_log_checkpoint(relay_call *call)
{
    proto_log_checkpoint in = {0};

    KITH_TRY(proto_log_checkpoint_decode(call->frame->body, &in));
    return relay_answer_in_view(call, make_checkpoint, &in);
}

/* ---- LOG_ENTRIES ---- */

static kith_err
make_entries(relay_call *call, const void *in, kith_buf *body)
{
    KITH_AUTO(kith_buf) note = {.alloc = call->relay->env.alloc};
    KITH_AUTO(kith_buf) proof = {.alloc = call->relay->env.alloc};
    KITH_AUTO(kith_buf) entries = {.alloc = call->relay->env.alloc};
    const relay_store *reader = call->reader;
    const kt_log *log = call->relay->log;
    const proto_log_entries *asked = in;
    relay_checkpoint newest = {0};

    const kith_err err =
        reader->checkpoint_find(reader->ctx, RELAY_STORE_NUMBER_MAX, &newest, &note);
    KITH_ENSURE(err != KITH_ERR_NOT_FOUND, KITH_ERR_BUSY);
    KITH_TRY(err);
    KITH_ENSURE(asked->from <= newest.size, KITH_ERR_OUT_OF_STEP);
    const uint64_t left = newest.size - asked->from;
    const uint64_t most =
        asked->count < PROTO_LOG_ENTRIES_MAX ? asked->count : PROTO_LOG_ENTRIES_MAX;
    const kt_merkle_span span = {.at = asked->from, .size = newest.size};
    KITH_TRY(kt_log_bridge_growth(log, span, &proof));
    KITH_TRY(kt_log_bridge_entries(log, asked->from, left < most ? left : most, &entries));
    const proto_log_entries_answer out = {.checkpoint = kith_bytes_of_buf(&note),
                                          .proof = kith_bytes_of_buf(&proof),
                                          .entries = kith_bytes_of_buf(&entries)};
    return proto_log_entries_answer_encode(body, &out);
}

kith_err
relay_read_log_entries(relay_call *call)
{
    proto_log_entries in = {0};

    KITH_TRY(proto_log_entries_decode(call->frame->body, &in));
    return relay_answer_in_view(call, make_entries, &in);
}

/* ---- LOG_COSIGN ---- */

/* The checkpoint of exactly so many entries. */
static kith_err
find_exactly(const relay_store *store, uint64_t size, relay_checkpoint *out, kith_buf *note)
{
    KITH_ENSURE(size <= RELAY_STORE_NUMBER_MAX, KITH_ERR_NOT_FOUND);
    KITH_TRY(store->checkpoint_find(store->ctx, size, out, note));
    return out->size == size ? KITH_OK : KITH_ERR_NOT_FOUND;
}

/* Whether a known witness signed the line, by its name. */
static bool
is_of_witness(const relay_config *config, const kt_note_line *line)
{
    for (size_t i = 0; i < config->witness_count; i++) {
        if (kt_note_line_is_of(line, &config->witnesses[i])) {
            return true;
        }
    }
    return false;
}

static kith_err
keep_known_lines(const relay_config *config, kith_bytes lines, kith_buf *out)
{
    kith_reader r = kith_reader_of(lines);

    while (!kith_reader_done(&r)) {
        kt_note_line line;
        KITH_TRY(kt_note_line_read(&r, &line));
        if (is_of_witness(config, &line)) {
            KITH_TRY(kith_buf_append(out, line.whole));
        }
    }
    return KITH_OK;
}

/* Every line of a known witness must be good. */
static kith_err
check_lines(relay_call *call, kith_bytes note, kith_bytes lines)
{
    const relay_config *config = &call->relay->env.config;
    kt_checkpoint checkpoint;

    KITH_TRY(kt_checkpoint_decode(note, &checkpoint));
    for (size_t i = 0; i < config->witness_count; i++) {
        const kith_err err = kt_checkpoint_lines_verify(call->relay->env.crypto, &checkpoint, lines,
                                                        &config->witnesses[i], NULL);
        KITH_ENSURE(err == KITH_OK || err == KITH_ERR_NOT_FOUND, err);
    }
    return KITH_OK;
}

kith_err
relay_prepare_cosign(relay_call *call, relay_job *job)
{
    KITH_AUTO(kith_buf) note = {.alloc = call->relay->env.alloc};
    KITH_AUTO(kith_buf) known = {.alloc = call->relay->env.alloc};
    proto_log_cosign *in = &job->in.log_cosign;
    relay_checkpoint found = {0};

    KITH_TRY(proto_log_cosign_decode(kith_bytes_of_buf(&job->body), in));
    KITH_ENSURE(call->relay->log != NULL, KITH_ERR_UNSUPPORTED);
    KITH_TRY(relay_call_ration(call, RELAY_RATION_LOG, 1));
    KITH_TRY(kt_note_lines_check(in->lines));
    KITH_TRY(keep_known_lines(&call->relay->env.config, in->lines, &known));
    KITH_ENSURE(known.len > 0, KITH_ERR_DENIED);
    KITH_TRY(find_exactly(call->reader, in->size, &found, &note));
    KITH_TRY(check_lines(call, kith_bytes_of_buf(&note), kith_bytes_of_buf(&known)));
    KITH_TRY(kith_buf_set(&job->body, kith_bytes_of_buf(&known)));
    in->lines = kith_bytes_of_buf(&job->body);
    return KITH_OK;
}

static bool
has_line_of(kith_bytes lines, const kt_note_line *other)
{
    kith_reader r = kith_reader_of(lines);
    kt_note_line line;

    while (kt_note_line_read(&r, &line) == KITH_OK) {
        if (line.id == other->id && kith_bytes_equal(line.name, other->name)) {
            return true;
        }
    }
    return false;
}

/* The note with the new lines in the place of older ones of the same keys. */
static kith_err
merge_lines(kith_bytes note, kith_bytes lines, kith_buf *out)
{
    kt_checkpoint checkpoint;

    KITH_TRY(kt_checkpoint_decode(note, &checkpoint));
    KITH_TRY(kith_buf_append(out, checkpoint.note.text));
    KITH_TRY(kith_buf_append(out, kith_bytes_of_text("\n")));
    for (kith_reader r = kith_reader_of(checkpoint.note.lines); !kith_reader_done(&r);) {
        kt_note_line line;
        KITH_TRY(kt_note_line_read(&r, &line));
        if (!has_line_of(lines, &line)) {
            KITH_TRY(kith_buf_append(out, line.whole));
        }
    }
    return kith_buf_append(out, lines);
}

kith_err
relay_run_log_cosign(const relay_run *run)
{
    KITH_AUTO(kith_buf) note = {0};
    KITH_AUTO(kith_buf) merged = {0};
    const proto_log_cosign *in = &run->job->in.log_cosign;
    kt_checkpoint checkpoint;
    relay_checkpoint found = {0};

    const kith_err err = find_exactly(run->store, in->size, &found, &note);
    if (err == KITH_ERR_NOT_FOUND) {
        relay_job_refuse(run->job, KITH_ERR_NOT_FOUND);
        return KITH_OK;
    }
    KITH_TRY(err);
    KITH_TRY(merge_lines(kith_bytes_of_buf(&note), in->lines, &merged));
    if (merged.len > PROTO_CHECKPOINT_MAX ||
        kt_checkpoint_decode(kith_bytes_of_buf(&merged), &checkpoint) != KITH_OK) {
        relay_job_refuse(run->job, KITH_ERR_LIMIT);
        return KITH_OK;
    }
    return run->store->checkpoint_put(run->ctx, &found, kith_bytes_of_buf(&merged));
}
