/* SPDX-License-Identifier: MPL-2.0 */
/* A server in memory: conversation logs with tokens, and inboxes [docs/wire.md §4, §5]. It deletes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/crowd.h"

/* What a request gets. */
typedef struct reply {
    kith_err err;
    uint64_t detail;
    kith_buf body;
} reply;

crowd_log *
crowd_log_find(crowd *w, const uint8_t conv[CORE_CONV_LEN])
{
    for (size_t i = 0; i < w->log_count; i++) {
        if (memcmp(w->logs[i].id, conv, CORE_CONV_LEN) == 0) {
            return &w->logs[i];
        }
    }
    return NULL;
}

static const crowd_epoch *
find_epoch(crowd *w, const crowd_log *log, const uint8_t *token)
{
    uint8_t hash[PROTO_ID_LEN];

    assert_int_equal(crypto_sha256(w->crypto, kith_bytes_of(token, PROTO_ID_LEN), hash), KITH_OK);
    for (size_t i = 0; i < log->epoch_count; i++) {
        if (memcmp(log->epochs[i].hash, hash, sizeof hash) == 0) {
            return &log->epochs[i];
        }
    }
    return NULL;
}

static void
add_epoch(crowd_log *log, const uint8_t *hash)
{
    crowd_epoch *epoch = &log->epochs[log->epoch_count++];

    assert_true(log->epoch_count <= 64);
    *epoch = (crowd_epoch){.first = log->count + 1, .last = UINT64_MAX};
    memcpy(epoch->hash, hash, sizeof epoch->hash);
}

static void
serve_open(crowd *w, kith_bytes body, reply *out)
{
    proto_conv_open in;

    assert_int_equal(proto_conv_open_decode(body, &in), KITH_OK);
    if (crowd_log_find(w, in.conv_id) != NULL) {
        return;
    }
    crowd_log *log = &w->logs[w->log_count++];
    assert_true(w->log_count <= CROWD_LOGS);
    memcpy(log->id, in.conv_id, sizeof log->id);
    log->first_seq = 1;
    add_epoch(log, in.token_hash);
    (void)out;
}

void
crowd_inject(crowd_log *log, const proto_entry *entry)
{
    crowd_entry *kept = &log->entries[log->count++];

    assert_true(log->count <= 256);
    kept->entry = *entry;
    kept->entry.seq = log->count;
    memcpy(kept->entry.conv_id, log->id, sizeof log->id);
    assert_int_equal(kith_buf_set(&kept->message, entry->message), KITH_OK);
    kept->entry.message = kith_bytes_of_buf(&kept->message);
}

static uint64_t
find_append(const crowd_log *log, const uint8_t *append_id)
{
    for (size_t i = 0; i < log->count; i++) {
        if (memcmp(log->entries[i].entry.append_id, append_id, CORE_APPEND_LEN) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static void
accept_append(crowd *w, crowd_log *log, const proto_conv_append *in)
{
    proto_entry entry = {.time_ms = w->now_ms, .kind = in->kind, .message = in->message};

    memcpy(entry.append_id, in->append_id, sizeof entry.append_id);
    crowd_inject(log, &entry);
    if (in->kind == PROTO_ENTRY_COMMIT) {
        log->epochs[log->epoch_count - 1].last = log->count;
        log->last_commit = log->count;
        add_epoch(log, in->next_token_hash);
    }
}

static void
serve_append(crowd *w, kith_bytes body, reply *out)
{
    proto_conv_append in;
    proto_conv_append_answer answer = {.time_ms = w->now_ms};

    assert_int_equal(proto_conv_append_decode(body, &in), KITH_OK);
    crowd_log *log = crowd_log_find(w, in.conv_id);
    if (log == NULL) {
        out->err = KITH_ERR_DENIED;
        return;
    }
    answer.seq = find_append(log, in.append_id);
    if (answer.seq == 0) {
        const crowd_epoch *epoch = find_epoch(w, log, in.token);
        out->err = epoch == NULL ? KITH_ERR_DENIED : w->append_error;
        if (epoch != NULL && (epoch->last != UINT64_MAX ||
                              (in.kind == PROTO_ENTRY_COMMIT && in.parent != log->last_commit))) {
            out->err = KITH_ERR_CONFLICT;
            out->detail = log->last_commit;
            log->refused++;
        }
        if (out->err != KITH_OK) {
            return;
        }
        accept_append(w, log, &in);
        answer.seq = log->count;
    }
    assert_int_equal(proto_conv_append_answer_encode(&out->body, &answer), KITH_OK);
}

static void
set_sub(member *m, const crowd_sub *sub)
{
    for (size_t i = 0; i < m->sub_count; i++) {
        if (m->subs[i].log == sub->log) {
            m->subs[i] = *sub;
            return;
        }
    }
    assert_true(m->sub_count < CROWD_SUBS);
    m->subs[m->sub_count++] = *sub;
}

static void
serve_subscribe(member *m, kith_bytes body, reply *out)
{
    crowd *w = m->crowd;
    proto_conv_subscribe in;

    assert_int_equal(proto_conv_subscribe_decode(body, &in), KITH_OK);
    const crowd_log *log = crowd_log_find(w, in.conv_id);
    const crowd_epoch *epoch = log == NULL ? NULL : find_epoch(w, log, in.token);
    if (epoch == NULL) {
        out->err = KITH_ERR_DENIED;
        return;
    }
    const bool is_over = epoch->last != UINT64_MAX;
    const proto_conv_subscribe_answer answer = {.first_seq = log->first_seq,
                                                .end_seq = (is_over ? epoch->last : log->count) + 1,
                                                .last_commit_seq =
                                                    is_over ? epoch->last : log->last_commit};
    set_sub(m, &(crowd_sub){.log = (size_t)(log - w->logs),
                            .at = in.from_seq == 0 ? epoch->first : in.from_seq,
                            .stop = epoch->last});
    assert_int_equal(proto_conv_subscribe_answer_encode(&out->body, &answer), KITH_OK);
}

static void
serve_ack(crowd *w, kith_bytes body, reply *out)
{
    proto_conv_ack in;

    assert_int_equal(proto_conv_ack_decode(body, &in), KITH_OK);
    crowd_log *log = crowd_log_find(w, in.conv_id);
    if (log == NULL || find_epoch(w, log, in.token) == NULL) {
        out->err = KITH_ERR_DENIED;
        return;
    }
    log->acks++;
}

static void
serve_put(crowd *w, kith_bytes body)
{
    proto_inbox_put in;

    assert_int_equal(proto_inbox_put_decode(body, &in), KITH_OK);
    for (size_t i = 0; i < w->member_count; i++) {
        member *m = w->members[i];
        if (memcmp(m->device, in.device_id, sizeof m->device) == 0) {
            assert_true(m->inbox_count < 32);
            assert_int_equal(kith_buf_set(&m->inbox[m->inbox_count++], in.body), KITH_OK);
        }
    }
}

static void
serve_inbox_ack(member *m, kith_bytes body)
{
    proto_inbox_ack in;

    assert_int_equal(proto_inbox_ack_decode(body, &in), KITH_OK);
    assert_true(in.id <= m->inbox_count);
    m->inbox_acked = in.id;
}

static void
serve(member *m, const crowd_request *request, reply *out)
{
    const kith_bytes body = kith_bytes_of_buf(&request->body);

    switch (request->type) {
    case PROTO_CONV_OPEN:
        serve_open(m->crowd, body, out);
        break;
    case PROTO_CONV_APPEND:
        serve_append(m->crowd, body, out);
        break;
    case PROTO_CONV_SUBSCRIBE:
        serve_subscribe(m, body, out);
        break;
    case PROTO_CONV_ACK:
        serve_ack(m->crowd, body, out);
        break;
    case PROTO_INBOX_PUT:
        serve_put(m->crowd, body);
        break;
    case PROTO_INBOX_SUBSCRIBE:
        m->inbox_live = true;
        break;
    case PROTO_INBOX_ACK:
        serve_inbox_ack(m, body);
        break;
    default:
        fail_msg("request %u was not expected", request->type);
    }
}

bool
crowd_serve(member *m, bool lose)
{
    reply out = {0};

    if (m->queued == 0) {
        return false;
    }
    crowd_request request = m->queue[0];
    m->queued--;
    memmove(&m->queue[0], &m->queue[1], m->queued * sizeof m->queue[0]);
    serve(m, &request, &out);
    if (!lose) {
        const core_answer answer = {.err = out.err,
                                    .detail = out.detail,
                                    .retry_after_ms = out.err == KITH_ERR_BUSY ? 1000 : 0,
                                    .body = kith_bytes_of_buf(&out.body)};
        assert_int_equal(core_txn_begin(m->core, m->crowd->now_ms), KITH_OK);
        const kith_err err =
            request.answer == NULL ? KITH_OK : request.answer(m->core, &request.tag, &answer);
        assert_int_equal(core_txn_end(m->core, err), KITH_OK);
    }
    kith_buf_done(&request.body);
    kith_buf_done(&out.body);
    return true;
}

void
member_push(member *m, uint8_t type, kith_bytes body)
{
    assert_int_equal(core_txn_begin(m->core, m->crowd->now_ms), KITH_OK);
    assert_int_equal(core_txn_end(m->core, core_convs_push(m->core, type, body)), KITH_OK);
}

static bool
push_entry(member *m, crowd_sub *sub)
{
    const crowd_log *log = &m->crowd->logs[sub->log];
    KITH_AUTO(kith_buf) body = {0};

    if (sub->at > log->count || sub->at > sub->stop) {
        return false;
    }
    /* The epoch may have ended since the subscription began. */
    for (size_t i = 0; i < log->epoch_count; i++) {
        if (log->epochs[i].first <= sub->at && sub->at <= log->epochs[i].last) {
            sub->stop = sub->stop < log->epochs[i].last ? sub->stop : log->epochs[i].last;
        }
    }
    assert_int_equal(proto_entry_encode(&body, &log->entries[sub->at - 1].entry), KITH_OK);
    sub->at++;
    member_push(m, PROTO_ENTRY, kith_bytes_of_buf(&body));
    return true;
}

static bool
push_item(member *m)
{
    KITH_AUTO(kith_buf) body = {0};

    if (!m->inbox_live || m->inbox_pushed >= m->inbox_count) {
        return false;
    }
    const proto_inbox_item item = {.id = ++m->inbox_pushed,
                                   .time_ms = m->crowd->now_ms,
                                   .body = kith_bytes_of_buf(&m->inbox[m->inbox_pushed - 1])};
    assert_int_equal(proto_inbox_item_encode(&body, &item), KITH_OK);
    member_push(m, PROTO_INBOX_ITEM, kith_bytes_of_buf(&body));
    return true;
}

bool
crowd_push(member *m)
{
    if (!m->online) {
        return false;
    }
    for (size_t i = 0; i < m->sub_count; i++) {
        if (push_entry(m, &m->subs[i])) {
            return true;
        }
    }
    return push_item(m);
}
