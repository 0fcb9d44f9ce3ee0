/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reading a conversation's log [docs/wire.md §4]: open it, subscribe with the token of the epoch, take the entries
 * strictly in order, say what was stored. Each commit ends a subscription.
 */
#include <string.h>

#include "core/conv.h"

/* Times in a row that a token may be unknown to the server before the conversation counts as lost. */
#define DENIALS_MAX 3u

static kith_err
request(core *c, const core_conv *conv, core_request *out)
{
    memcpy(out->tag.id, conv->id, sizeof out->tag.id);
    out->link = CORE_LINK_ANON;
    return core_link_request(c, out);
}

/* No connection or no room: the pump comes again. */
static kith_err
ask(core *c, const core_conv *conv, core_request *out, bool *is_asked)
{
    const kith_err err = request(c, conv, out);

    if (err == KITH_ERR_OFFLINE || err == KITH_ERR_BUSY) {
        return KITH_OK;
    }
    KITH_TRY(err);
    *is_asked = true;
    return KITH_OK;
}

/* ---- Opening ---- */

static kith_err
on_open(core *c, const core_tag *tag, const core_answer *answer)
{
    core_conv *conv = core_conv_find(c, tag->id);

    if (conv == NULL || answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    conv->is_opening = false;
    if (answer->err != KITH_OK && answer->err != KITH_ERR_EXISTS) {
        core_conv_pause(c, conv, answer);
        return KITH_OK;
    }
    core_conv_touch(c, conv);
    conv->is_open = true;
    return KITH_OK;
}

/* There is nothing to read or write before the first commit is made. */
static kith_err
open_log(core *c, core_conv *conv)
{
    proto_conv_open open = {.readers = 1};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};

    if (conv->is_opening || !conv->waiting.is_there) {
        return KITH_OK;
    }
    memcpy(open.conv_id, conv->id, sizeof open.conv_id);
    KITH_TRY(crypto_sha256(c->env.crypto, KITH_BYTES(conv->token), open.token_hash));
    KITH_TRY(proto_conv_open_encode(&body, &open));
    core_request out = {
        .type = PROTO_CONV_OPEN, .body = kith_bytes_of_buf(&body), .answer = on_open};
    return ask(c, conv, &out, &conv->is_opening);
}

/* ---- Subscribing ---- */

static kith_err
note_denial(core *c, core_conv *conv, const core_answer *answer)
{
    conv->sub = CORE_SUB_NONE;
    core_conv_pause(c, conv, answer);
    if (answer->err != KITH_ERR_DENIED && answer->err != KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    conv->denied++;
    return conv->denied < DENIALS_MAX ? KITH_OK : core_conv_break(c, conv, NULL);
}

/* What is missing before `seq` is gone for good. What is behind it can be followed all the same, since a subscription
 * brings one epoch only; what members said meanwhile is asked for. A server that does so often is not followed. */
static kith_err
pass_gap(core *c, core_conv *conv, uint64_t seq)
{
    const core_line gap = {.sent_ms = core_time_ms(c)};

    if (conv->gap_ms != 0 && !core_is_due(c, conv->gap_ms)) {
        return core_conv_break(c, conv, NULL);
    }
    conv->gap_ms = c->now_ms + CORE_REPAIR_MS;
    core_conv_touch(c, conv);
    conv->next_seq = seq;
    conv->acked_seq = conv->acked_seq < seq ? conv->acked_seq : seq - 1;
    KITH_TRY(core_line_system(c, conv, CORE_MESSAGE_GAP, &gap));
    return core_repair_done(c, conv, conv->heard_ms);
}

/* The log is shorter than it was: the server was set back to an earlier copy of itself, or forgets on purpose. */
static kith_err
go_back(core *c, core_conv *conv, uint64_t end_seq)
{
    KITH_TRY(core_event_alarm(c, conv->id, NULL, "log"));
    conv->sub = CORE_SUB_NONE;
    return pass_gap(c, conv, end_seq);
}

static kith_err
on_subscribe(core *c, const core_tag *tag, const core_answer *answer)
{
    core_conv *conv = core_conv_find(c, tag->id);
    proto_conv_subscribe_answer log = {0};

    if (conv == NULL || answer->err == KITH_ERR_OFFLINE || tag->n != conv->epoch ||
        (conv->sub != CORE_SUB_ASKED && conv->sub != CORE_SUB_LIVE)) {
        return KITH_OK;
    }
    if (answer->err != KITH_OK) {
        return note_denial(c, conv, answer);
    }
    KITH_TRY(proto_conv_subscribe_answer_decode(answer->body, &log));
    if (conv->next_seq == 0 && conv->epoch > 0 && log.end_seq > log.last_commit_seq + 1) {
        /* The epoch goes on, so that commit began it. (Without an entry behind it, it may be the one that ends it.) */
        conv->next_seq = log.last_commit_seq + 1;
        core_conv_touch(c, conv);
    }
    conv->denied = 0;
    if (log.end_seq != 0 && conv->next_seq > log.end_seq) {
        return go_back(c, conv, log.end_seq);
    }
    if (conv->next_seq != 0 && log.first_seq > conv->next_seq) {
        KITH_TRY(pass_gap(c, conv, log.first_seq));
    }
    if (!core_conv_is_live(conv)) {
        return KITH_OK;
    }
    conv->sub = CORE_SUB_LIVE;
    conv->end_seq = log.end_seq;
    if (conv->commit_seq == 0 && log.last_commit_seq != 0 && conv->epoch > 0) {
        core_conv_touch(c, conv);
        conv->commit_seq = log.last_commit_seq;
    }
    return KITH_OK;
}

static kith_err
subscribe(core *c, core_conv *conv)
{
    proto_conv_subscribe subscribe = {.from_seq = conv->next_seq};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    bool is_asked = false;

    if (conv->sub != CORE_SUB_NONE) {
        return KITH_OK;
    }
    memcpy(subscribe.conv_id, conv->id, sizeof subscribe.conv_id);
    memcpy(subscribe.token, conv->token, sizeof subscribe.token);
    KITH_TRY(proto_conv_subscribe_encode(&body, &subscribe));
    core_request out = {.type = PROTO_CONV_SUBSCRIBE,
                        .body = kith_bytes_of_buf(&body),
                        .tag = {.n = conv->epoch},
                        .answer = on_subscribe};
    KITH_TRY(ask(c, conv, &out, &is_asked));
    conv->sub = is_asked ? CORE_SUB_ASKED : CORE_SUB_NONE;
    return KITH_OK;
}

bool
core_log_is_read(const core_conv *conv)
{
    if (!conv->is_open) {
        return true;
    }
    return conv->sub == CORE_SUB_LIVE && (conv->next_seq == 0 || conv->next_seq >= conv->end_seq);
}

/* ---- Acknowledging ---- */

static kith_err
on_ack(core *c, const core_tag *tag, const core_answer *answer)
{
    core_conv *conv = core_conv_find(c, tag->id);

    if (conv == NULL || answer->err == KITH_ERR_OFFLINE || !conv->is_acking) {
        return KITH_OK;
    }
    conv->is_acking = false;
    if (answer->err == KITH_ERR_BUSY) {
        core_conv_pause(c, conv, answer);
        return KITH_OK;
    }
    if (!conv->is_reader) {
        if (answer->err != KITH_OK) {
            return note_denial(c, conv, answer);
        }
        core_conv_touch(c, conv);
        conv->is_reader = true;
    }
    /* Not saved: at worst it is said once more. After any other error it would not help to say it again. */
    conv->acked_seq = tag->n > conv->acked_seq ? tag->n : conv->acked_seq;
    return KITH_OK;
}

static kith_err
send_ack(core *c, core_conv *conv, uint64_t seq)
{
    proto_conv_ack ack = {.seq = seq};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};

    memcpy(ack.conv_id, conv->id, sizeof ack.conv_id);
    memcpy(ack.token, conv->token, sizeof ack.token);
    memcpy(ack.reader_id, conv->reader, sizeof ack.reader_id);
    KITH_TRY(proto_conv_ack_encode(&body, &ack));
    core_request out = {.type = PROTO_CONV_ACK,
                        .body = kith_bytes_of_buf(&body),
                        .tag = {.n = ack.seq},
                        .answer = on_ack};
    return ask(c, conv, &out, &conv->is_acking);
}

static kith_err
acknowledge(core *c, core_conv *conv)
{
    if (conv->is_acking) {
        return KITH_OK;
    }
    if (!conv->is_reader) {
        return send_ack(c, conv, 0);
    }
    if (conv->next_seq <= 1 || conv->acked_seq >= conv->next_seq - 1) {
        return KITH_OK;
    }
    return send_ack(c, conv, conv->next_seq - 1);
}

kith_err
core_log_pump(core *c, core_conv *conv)
{
    if (!conv->is_open) {
        return open_log(c, conv);
    }
    /* The first acknowledgement says since when this device reads, so it comes before the first commit does. */
    KITH_TRY(acknowledge(c, conv));
    if (conv->history_ms != 0 && !core_is_due(c, conv->history_ms)) {
        core_wake_at(c, conv->history_ms);
        return KITH_OK;
    }
    return conv->is_reader ? subscribe(c, conv) : KITH_OK;
}

/* ---- Entries ---- */

/* An entry names a list that is not here: reading goes on when it is. What never comes is taken for a lie. */
static kith_err
block(core *c, core_conv *conv)
{
    if (conv->stalled >= CORE_STALLS_MAX) {
        return core_conv_break(c, conv, "roster");
    }
    conv->sub = CORE_SUB_BLOCKED;
    return KITH_OK;
}

static bool
is_expected(const core_conv *conv)
{
    return core_conv_is_live(conv) && (conv->sub == CORE_SUB_ASKED || conv->sub == CORE_SUB_LIVE);
}

kith_err
core_log_entry(core *c, kith_bytes body)
{
    proto_entry entry;

    KITH_TRY(proto_entry_decode(body, &entry));
    core_conv *conv = core_conv_find(c, entry.conv_id);
    if (conv == NULL || !is_expected(conv) || entry.seq == 0 || entry.seq < conv->next_seq) {
        return KITH_OK;
    }
    if (conv->next_seq != 0 && entry.seq > conv->next_seq) {
        if (conv->sub != CORE_SUB_LIVE) {
            return KITH_OK; /* before the answer: it may be left over of the subscription before */
        }
        KITH_TRY(pass_gap(c, conv, entry.seq));
        if (!core_conv_is_live(conv)) {
            return KITH_OK;
        }
    }
    const kith_err err = core_receive(c, conv, &entry);
    if (err == KITH_ERR_CONFLICT) {
        return block(c, conv);
    }
    KITH_TRY(err);
    core_conv_touch(c, conv);
    conv->next_seq = entry.seq + 1;
    conv->heard_ms = entry.time_ms;
    return KITH_OK;
}
