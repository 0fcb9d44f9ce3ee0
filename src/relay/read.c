/* SPDX-License-Identifier: MPL-2.0 */
/* Requests that change nothing that is stored: answered at once, from what is committed. */
#include "relay/internal.h"

#include <string.h>

static kith_err
answer(relay_call *call, kith_bytes body)
{
    return relay_answer(call->session, call->frame->type | PROTO_ANSWER, call->frame->request,
                        body);
}

kith_err
relay_read_hello(relay_call *call)
{
    KITH_AUTO(kith_buf) body = {.alloc = call->relay->env.alloc};
    const proto_hello_answer out = {
        .version = PROTO_VERSION, .server_time_ms = call->now_ms, .frame_max = PROTO_FRAME_MAX};
    proto_hello in = {0};

    KITH_TRY(proto_hello_decode(call->frame->body, &in));
    KITH_ENSURE(in.version_min <= PROTO_VERSION && PROTO_VERSION <= in.version_max,
                KITH_ERR_UNSUPPORTED);
    KITH_TRY(proto_hello_answer_encode(&body, &out));
    KITH_TRY(answer(call, kith_bytes_of_buf(&body)));
    call->session->said_hello = true;
    relay_session_wait_no_more(call->session);
    return KITH_OK;
}

/* ---- Accounts ---- */

/* Appends the account's newest list, of which `*list` becomes the decoded form. */
static kith_err
newest_list(relay_call *call, const relay_account *account, kith_buf *bytes, proto_list *list)
{
    KITH_TRY(call->reader->list_get(call->reader->ctx, account->row, account->version, bytes));
    return proto_list_decode(kith_bytes_of_buf(bytes), list);
}

/* Unknown accounts, unknown devices and wrong signatures are all DENIED: a guess learns nothing. */
static kith_err
check_login(relay_call *call, const proto_login *in, relay_account *account, relay_device *device)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = call->relay->env.alloc};
    const relay_store *reader = call->reader;
    proto_login_claim claim = {0};
    proto_list list;

    KITH_TRY(reader->account_find(reader->ctx, in->account_id, account));
    KITH_TRY(newest_list(call, account, &bytes, &list));
    const proto_device *listed = proto_list_find(&list, in->device_id);
    KITH_ENSURE(listed != NULL, KITH_ERR_NOT_FOUND);
    relay_copy_id(claim.exporter, call->session->exporter, PROTO_EXPORTER_LEN);
    relay_copy_id(claim.account_id, in->account_id, PROTO_ID_LEN);
    relay_copy_id(claim.device_id, in->device_id, PROTO_DEVICE_ID_LEN);
    KITH_TRY(proto_login_verify(call->relay->env.crypto, listed, &claim, in->signature));
    KITH_TRY(reader->device_find(reader->ctx, account->row, in->device_id, device));
    KITH_ENSURE(device->is_listed, KITH_ERR_NOT_FOUND);
    return KITH_OK;
}

static kith_err
log_in(relay_session *session, const relay_device *device)
{
    relay *r = session->relay;

    session->by_account = (relay_link){.kind = RELAY_LINK_ACCOUNT, .key = device->account_row};
    KITH_TRY(relay_index_add(&r->index, r->env.alloc, &session->by_account));
    session->is_logged_in = true;
    session->account_row = device->account_row;
    session->device_row = device->row;
    r->stats.logins++;
    return KITH_OK;
}

/* A device whose one-time packages ran low while it was away is told when it comes back. */
static void
look_at_packages(relay_call *call, const relay_device *device)
{
    uint32_t count = 0;
    const kith_err err = call->reader->kp_count(call->reader->ctx, device->row, &count);

    if (err == KITH_OK && count < RELAY_KP_LOW) {
        call->session->has_kp_low = true;
        call->session->kp_low = (uint16_t)count;
    }
}

kith_err
relay_read_login(relay_call *call)
{
    relay_session *session = call->session;
    relay_account account = {0};
    relay_device device = {0};
    proto_login in = {0};

    KITH_TRY(proto_login_decode(call->frame->body, &in));
    KITH_ENSURE(!session->touched_conv, KITH_ERR_DENIED);
    KITH_TRY(relay_call_ration(call, RELAY_RATION_BAD_LOGIN, 0));
    const kith_err err = check_login(call, &in, &account, &device);
    if (err == KITH_ERR_NOT_FOUND || err == KITH_ERR_REJECTED) {
        relay_ration_spend(session, RELAY_RATION_BAD_LOGIN, 1, call->now_ms);
        return KITH_ERR_DENIED;
    }
    KITH_TRY(err);
    if (session->is_logged_in) {
        KITH_ENSURE(session->device_row == device.row, KITH_ERR_DENIED);
        return answer(call, (kith_bytes){0});
    }
    KITH_TRY(log_in(session, &device));
    look_at_packages(call, &device);
    return answer(call, (kith_bytes){0});
}

kith_err
relay_read_kp_count(relay_call *call)
{
    KITH_AUTO(kith_buf) body = {.alloc = call->relay->env.alloc};
    const relay_store *reader = call->reader;
    uint32_t count = 0;

    KITH_TRY(proto_empty_decode(call->frame->body));
    KITH_TRY(reader->kp_count(reader->ctx, call->session->device_row, &count));
    const kith_err last = reader->kp_last_get(reader->ctx, call->session->device_row, NULL);
    KITH_ENSURE(last == KITH_OK || last == KITH_ERR_NOT_FOUND, last);
    const proto_kp_count_answer out = {.one_time_count = (uint16_t)count,
                                       .has_last_resort = last == KITH_OK};
    KITH_TRY(proto_kp_count_answer_encode(&body, &out));
    return answer(call, kith_bytes_of_buf(&body));
}

/* ---- Subscriptions ---- */

/* What the token opens: entries up to `last_seq`, beginning with `first_seq` when nothing else is asked for. */
static kith_err
find_epoch(relay_call *call, const relay_conv *conv, const uint8_t *token, relay_epoch *out)
{
    uint8_t hash[PROTO_ID_LEN] = {0};

    KITH_TRY(crypto_sha256(call->relay->env.crypto, kith_bytes_of(token, PROTO_ID_LEN), hash));
    if (memcmp(hash, conv->token_hash, sizeof hash) == 0) {
        *out = (relay_epoch){.first_seq = conv->last_commit + 1, .last_seq = UINT64_MAX};
        return KITH_OK;
    }
    return call->reader->epoch_find(call->reader->ctx, conv->row, hash, out);
}

static kith_err
find_conv(relay_call *call, const proto_conv_subscribe *in, relay_conv *conv, relay_epoch *epoch)
{
    KITH_TRY(relay_call_ration(call, RELAY_RATION_BAD_TOKEN, 0));
    kith_err err = call->reader->conv_find(call->reader->ctx, in->conv_id, conv);
    if (err == KITH_OK) {
        err = find_epoch(call, conv, in->token, epoch);
    }
    if (err == KITH_ERR_NOT_FOUND) {
        relay_ration_spend(call->session, RELAY_RATION_BAD_TOKEN, 1, call->now_ms);
        return KITH_ERR_DENIED;
    }
    return err;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

kith_err
relay_read_conv_subscribe(relay_call *call)
{
    KITH_AUTO(kith_buf) body = {.alloc = call->relay->env.alloc};
    relay_conv conv = {0};
    relay_epoch epoch = {0};
    proto_conv_subscribe in = {0};

    KITH_TRY(proto_conv_subscribe_decode(call->frame->body, &in));
    KITH_TRY(find_conv(call, &in, &conv, &epoch));
    const uint64_t from = in.from_seq != 0 ? in.from_seq : epoch.first_seq;
    relay_stream stream = {.link = {.kind = RELAY_LINK_CONV, .key = conv.row},
                           .at = from > conv.first_seq ? from : conv.first_seq,
                           .head = conv.next_seq,
                           .stop = epoch.last_seq};
    relay_copy_id(stream.conv_id, in.conv_id, PROTO_ID_LEN);
    const uint64_t end = epoch.last_seq < conv.next_seq ? epoch.last_seq + 1 : conv.next_seq;
    const proto_conv_subscribe_answer out = {.first_seq = conv.first_seq,
                                             .end_seq = end,
                                             .last_commit_seq =
                                                 least(conv.last_commit, epoch.last_seq)};
    KITH_TRY(proto_conv_subscribe_answer_encode(&body, &out));
    KITH_TRY(relay_stream_open(call->session, &stream));
    return answer(call, kith_bytes_of_buf(&body));
}

kith_err
relay_read_conv_unsubscribe(relay_call *call)
{
    proto_conv_unsubscribe in = {0};
    relay_conv conv = {0};

    KITH_TRY(proto_conv_unsubscribe_decode(call->frame->body, &in));
    const kith_err err = call->reader->conv_find(call->reader->ctx, in.conv_id, &conv);
    KITH_ENSURE(err == KITH_OK || err == KITH_ERR_NOT_FOUND, err);
    relay_stream *stream =
        err == KITH_OK ? relay_stream_find(call->session, RELAY_LINK_CONV, conv.row) : NULL;
    if (stream != NULL) {
        relay_stream_close(stream);
    }
    return answer(call, (kith_bytes){0});
}

kith_err
relay_read_inbox_subscribe(relay_call *call)
{
    relay_session *session = call->session;
    relay_device device = {0};

    KITH_TRY(proto_empty_decode(call->frame->body));
    KITH_TRY(call->reader->device_get(call->reader->ctx, session->device_row, &device));
    const relay_stream stream = {.link = {.kind = RELAY_LINK_INBOX, .key = device.row},
                                 .at = 1,
                                 .head = device.next_item,
                                 .stop = UINT64_MAX};
    KITH_TRY(relay_stream_open(session, &stream));
    return answer(call, (kith_bytes){0});
}
