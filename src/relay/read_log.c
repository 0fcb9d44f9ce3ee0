/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What is asked about the directory's log (docs/wire.md §10). Each answer is made of one moment of the store: lists,
 * labels and arrays belong to the head that it is signed with.
 */
#include "relay/internal.h"

#include <string.h>

static kith_err
send_answer(relay_call *call, const kith_buf *body)
{
    return relay_answer(call->session, call->frame->type | PROTO_ANSWER, call->frame->request,
                        kith_bytes_of_buf(body));
}

/* Brings the log up to the head that is committed. */
static kith_err
follow(relay_call *call)
{
    const relay_store *reader = call->reader;
    relay_head head = {0};

    const kith_err err = reader->head_get(reader->ctx, &head);
    KITH_ENSURE(err != KITH_ERR_NOT_FOUND, KITH_ERR_BUSY);
    KITH_TRY(err);
    if (head.size == kt_log_size(call->relay->log)) {
        return KITH_OK;
    }
    const kith_err followed =
        kt_log_follow(call->relay->log, head.size, KITH_BYTES(head.signature));
    return followed == KITH_ERR_REJECTED ? KITH_ERR_STORE : followed;
}

kith_err
relay_answer_in_view(relay_call *call, relay_answer_fn make, const void *in)
{
    KITH_AUTO(kith_buf) body = {.alloc = call->relay->env.alloc};
    const relay_store *reader = call->reader;

    KITH_ENSURE(call->relay->log != NULL, KITH_ERR_UNSUPPORTED);
    KITH_TRY(relay_call_ration(call, RELAY_RATION_LOG, 1));
    call->relay->log_port.fresh_count = 0;
    KITH_TRY(reader->view_begin(reader->ctx));
    kith_err err = follow(call);
    if (err == KITH_OK) {
        err = make(call, in, &body);
    }
    reader->view_end(reader->ctx);
    KITH_TRY(err);
    return send_answer(call, &body);
}

/* ---- LOG_CONFIG ---- */

kith_err
relay_read_log_config(relay_call *call)
{
    KITH_AUTO(kith_buf) body = {.alloc = call->relay->env.alloc};
    const relay_log *log = call->relay->env.config.log;

    KITH_TRY(proto_empty_decode(call->frame->body));
    KITH_ENSURE(log != NULL, KITH_ERR_UNSUPPORTED);
    const proto_log_config_answer out = {.log = log->signed_log};
    KITH_TRY(proto_log_config_answer_encode(&body, &out));
    return send_answer(call, &body);
}

/* ---- LOG_ASK ---- */

static bool
is_owners(kt_question question)
{
    return question == KT_OWNER_INIT || question == KT_OWNER_MONITOR || question == KT_UPDATE;
}

/* Whether the label is the account's that the session is logged in to. */
static kith_err
check_owner(relay_call *call, kith_bytes label)
{
    const relay_store *reader = call->reader;
    const uint8_t *id = relay_label_account(label);
    relay_account account = {0};

    KITH_ENSURE(call->session->is_logged_in && id != NULL, KITH_ERR_DENIED);
    const kith_err err = reader->account_find(reader->ctx, id, &account);
    KITH_ENSURE(err != KITH_ERR_NOT_FOUND, KITH_ERR_DENIED);
    KITH_TRY(err);
    return account.row == call->session->account_row ? KITH_OK : KITH_ERR_DENIED;
}

static kith_err
make_ask(relay_call *call, const void *in, kith_buf *body)
{
    KITH_AUTO(kith_buf) response = {.alloc = call->relay->env.alloc};
    const proto_log_ask *ask = in;
    const kt_question question = (kt_question)ask->question;
    kt_request request;

    KITH_TRY(kt_request_decode(question, ask->request, &request));
    if (is_owners(question)) {
        KITH_TRY(check_owner(call, request.label));
    }
    KITH_TRY(kt_log_answer(call->relay->log, question, ask->request, &response));
    const proto_log_ask_answer out = {.response = kith_bytes_of_buf(&response)};
    return proto_log_ask_answer_encode(body, &out);
}

kith_err
relay_read_log_ask(relay_call *call)
{
    proto_log_ask in = {0};

    KITH_TRY(proto_log_ask_decode(call->frame->body, &in));
    /* LIST_FIND is the only look-up. */
    KITH_ENSURE(in.question > KT_SEARCH && in.question <= KT_CONSISTENCY, KITH_ERR_UNSUPPORTED);
    return relay_answer_in_view(call, make_ask, &in);
}

/* ---- LIST_FIND ---- */

/* The search must be for the greatest version of the account that is named. */
static kith_err
check_search(const proto_find *in)
{
    kt_request request;

    KITH_TRY(kt_request_decode(KT_SEARCH, in->search, &request));
    const uint8_t *id = relay_label_account(request.label);
    const bool is_fit =
        !request.has_version && id != NULL && memcmp(id, in->account_id, PROTO_ID_LEN) == 0;
    return is_fit ? KITH_OK : KITH_ERR_REJECTED;
}

/* Lists behind `have` and before the newest, as many as an answer takes. */
static kith_err
collect_lists(relay_call *call, const relay_account *account, uint64_t have, kith_buf *out)
{
    KITH_AUTO(kith_buf) list = {.alloc = call->relay->env.alloc};
    const relay_store *reader = call->reader;

    for (size_t i = 0; i < PROTO_LISTS_MAX && have < account->version - 1; i++) {
        have++;
        kith_buf_clear(&list);
        KITH_TRY(reader->list_get(reader->ctx, account->row, have, &list));
        if (out->len + sizeof(uint16_t) + list.len > PROTO_FOUND_LISTS_BYTES_MAX) {
            return KITH_OK;
        }
        KITH_TRY(proto_blob_append(out, kith_bytes_of_buf(&list)));
    }
    return KITH_OK;
}

static kith_err
make_find(relay_call *call, const void *in, kith_buf *body)
{
    KITH_AUTO(kith_buf) lists = {.alloc = call->relay->env.alloc};
    KITH_AUTO(kith_buf) found = {.alloc = call->relay->env.alloc};
    const proto_find *find = in;
    relay_account account = {0};

    const kith_err err = call->reader->account_find(call->reader->ctx, find->account_id, &account);
    KITH_ENSURE(err == KITH_OK || err == KITH_ERR_NOT_FOUND, err);
    if (err == KITH_OK && account.version > 0) {
        KITH_TRY(collect_lists(call, &account, find->have_version, &lists));
    }
    KITH_TRY(kt_log_answer(call->relay->log, KT_SEARCH, find->search, &found));
    if (err == KITH_OK) {
        relay_log_keep(call->relay, find->account_id);
    }
    const proto_find_answer out = {.lists = kith_bytes_of_buf(&lists),
                                   .found = kith_bytes_of_buf(&found)};
    return proto_find_answer_encode(body, &out);
}

kith_err
relay_read_list_find(relay_call *call)
{
    proto_find in = {0};

    KITH_TRY(proto_find_decode(call->frame->body, &in));
    KITH_ENSURE(call->relay->log != NULL, KITH_ERR_UNSUPPORTED);
    KITH_TRY(check_search(&in));
    return relay_answer_in_view(call, make_find, &in);
}
