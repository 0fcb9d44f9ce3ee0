/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One request: who may ask it, and what answers it. The table is docs/wire.md §2's. What changes something becomes
 * a job, prepared here as far as that goes without the store: decoded, checked, hashed, rationed.
 */
#include "relay/internal.h"

typedef enum asker {
    WHO_ANY,
    WHO_NAMED, /* logged in */
    WHO_NEW, /* not logged in */
    WHO_ANONYMOUS, /* not logged in; from now on it may not, either */
} asker;

typedef kith_err (*read_fn)(relay_call *call);
typedef kith_err (*prepare_fn)(relay_call *call, relay_job *job);

static kith_err
read_ping(relay_call *call)
{
    KITH_TRY(proto_empty_decode(call->frame->body));
    return relay_answer(call->session, PROTO_PING | PROTO_ANSWER, call->frame->request,
                        (kith_bytes){0});
}

/* ---- Preparing jobs ---- */

kith_err
relay_call_ration(relay_call *call, relay_rationed what, uint32_t count)
{
    if (relay_ration_left(call->session, what, call->now_ms) == 0) {
        call->retry_ms = relay_ration_wait_ms(call->session, what, call->now_ms);
        return KITH_ERR_BUSY;
    }
    if (count != 0) {
        relay_ration_spend(call->session, what, count, call->now_ms);
    }
    return KITH_OK;
}

static kith_err
prepare_account_create(relay_call *call, relay_job *job)
{
    proto_account_create *in = &job->in.account_create;
    const relay_config *config = &call->relay->env.config;
    crypto *c = call->relay->env.crypto;
    proto_list list;

    KITH_TRY(proto_account_create_decode(kith_bytes_of_buf(&job->body), in));
    KITH_TRY(relay_call_ration(call, RELAY_RATION_ACCOUNT, 1));
    KITH_TRY(proto_list_check_first(c, in->list, NULL, &list));
    relay_copy_id(job->account_id, list.account_id, PROTO_ID_LEN);
    relay_log_prepare(call->relay, job, list.account_id, list.version);
    job->is_operators = config->has_operator_ticket &&
                        kith_equal_ct(KITH_BYTES(in->ticket), KITH_BYTES(config->operator_ticket));
    return crypto_sha256(c, KITH_BYTES(in->ticket), job->hash);
}

/* What looks like the account's next list will most likely be accepted. */
static bool
is_next_list(const relay_call *call, const proto_list *list)
{
    const relay_store *reader = call->reader;
    relay_account account = {0};

    return reader->account_find(reader->ctx, list->account_id, &account) == KITH_OK &&
           account.row == call->session->account_row && list->version == account.version + 1;
}

static kith_err
prepare_list_put(relay_call *call, relay_job *job)
{
    proto_list list;

    KITH_TRY(proto_list_put_decode(kith_bytes_of_buf(&job->body), &job->in.list_put));
    KITH_TRY(relay_call_ration(call, RELAY_RATION_DIRECTORY, 1));
    if (proto_list_decode(job->in.list_put.list, &list) == KITH_OK && is_next_list(call, &list)) {
        relay_log_prepare(call->relay, job, list.account_id, list.version);
    }
    return KITH_OK;
}

static kith_err
prepare_kp_put(relay_call *call, relay_job *job)
{
    KITH_TRY(proto_kp_put_decode(kith_bytes_of_buf(&job->body), &job->in.kp_put));
    return relay_call_ration(call, RELAY_RATION_DIRECTORY, 1);
}

/* What may be taken is set aside; what was not taken comes back when the job is done. */
static kith_err
prepare_kp_take(relay_call *call, relay_job *job)
{
    KITH_TRY(proto_kp_take_decode(kith_bytes_of_buf(&job->body), &job->in.kp_take));
    const size_t named = job->in.kp_take.device_ids.len / PROTO_DEVICE_ID_LEN;
    const uint32_t want = named != 0 ? (uint32_t)named : PROTO_DEVICES_MAX;
    const uint32_t left = relay_ration_left(call->session, RELAY_RATION_KP_TAKE, call->now_ms);
    job->allowance = want < left ? want : left;
    relay_ration_spend(call->session, RELAY_RATION_KP_TAKE, job->allowance, call->now_ms);
    return KITH_OK;
}

static kith_err
prepare_invite_put(relay_call *call, relay_job *job)
{
    (void)call;
    KITH_TRY(proto_invite_put_decode(kith_bytes_of_buf(&job->body), &job->in.invite_put));
    if (job->in.invite_put.expires_ms > RELAY_STORE_NUMBER_MAX) {
        job->in.invite_put.expires_ms = RELAY_STORE_NUMBER_MAX;
    }
    return KITH_OK;
}

static kith_err
check_readers(uint16_t readers)
{
    KITH_ENSURE(readers != 0, KITH_ERR_MALFORMED);
    KITH_ENSURE(readers <= PROTO_READERS_MAX, KITH_ERR_LIMIT);
    return KITH_OK;
}

static kith_err
prepare_conv_open(relay_call *call, relay_job *job)
{
    KITH_TRY(proto_conv_open_decode(kith_bytes_of_buf(&job->body), &job->in.conv_open));
    KITH_TRY(check_readers(job->in.conv_open.readers));
    return relay_call_ration(call, RELAY_RATION_CONV_OPEN, 1);
}

static kith_err
prepare_conv_append(relay_call *call, relay_job *job)
{
    proto_conv_append *in = &job->in.conv_append;

    KITH_TRY(proto_conv_append_decode(kith_bytes_of_buf(&job->body), in));
    if (in->kind == PROTO_ENTRY_COMMIT) {
        KITH_TRY(check_readers(in->readers));
    }
    KITH_TRY(relay_call_ration(call, RELAY_RATION_BAD_TOKEN, 0));
    return crypto_sha256(call->relay->env.crypto, KITH_BYTES(in->token), job->hash);
}

static kith_err
prepare_conv_ack(relay_call *call, relay_job *job)
{
    proto_conv_ack *in = &job->in.conv_ack;

    KITH_TRY(proto_conv_ack_decode(kith_bytes_of_buf(&job->body), in));
    KITH_TRY(relay_call_ration(call, RELAY_RATION_BAD_TOKEN, 0));
    return crypto_sha256(call->relay->env.crypto, KITH_BYTES(in->token), job->hash);
}

static kith_err
prepare_inbox_put(relay_call *call, relay_job *job)
{
    KITH_TRY(proto_inbox_put_decode(kith_bytes_of_buf(&job->body), &job->in.inbox_put));
    return relay_call_ration(call, RELAY_RATION_INBOX_PUT, 1);
}

static kith_err
prepare_inbox_ack(relay_call *call, relay_job *job)
{
    (void)call;
    return proto_inbox_ack_decode(kith_bytes_of_buf(&job->body), &job->in.inbox_ack);
}

/* Nine digits at most: people type them. */
#define RDV_NUMBERS 999999999u

static kith_err
prepare_rdv_open(relay_call *call, relay_job *job)
{
    uint8_t random[4 * RELAY_RDV_TRIES] = {0};

    KITH_TRY(proto_empty_decode(call->frame->body));
    KITH_TRY(relay_call_ration(call, RELAY_RATION_RDV_OPEN, 1));
    KITH_TRY(kith_rng_fill(call->relay->env.rng, random, sizeof random));
    kith_reader r = kith_reader_of(KITH_BYTES(random));
    for (size_t i = 0; i < RELAY_RDV_TRIES; i++) {
        KITH_TRY(kith_read_u32(&r, &job->in.numbers[i]));
        job->in.numbers[i] = 1 + job->in.numbers[i] % RDV_NUMBERS;
    }
    call->session->has_rdv = true;
    return KITH_OK;
}

static kith_err
prepare_rdv_join(relay_call *call, relay_job *job)
{
    KITH_TRY(proto_rdv_join_decode(kith_bytes_of_buf(&job->body), &job->in.rdv_join));
    KITH_TRY(relay_call_ration(call, RELAY_RATION_RDV_JOIN, 1));
    call->session->has_rdv = true;
    return KITH_OK;
}

static kith_err
prepare_rdv_send(relay_call *call, relay_job *job)
{
    (void)call;
    return proto_rdv_send_decode(kith_bytes_of_buf(&job->body), &job->in.rdv_send);
}

static kith_err
prepare_rdv_close(relay_call *call, relay_job *job)
{
    (void)call;
    return proto_rdv_close_decode(kith_bytes_of_buf(&job->body), &job->in.rdv_close);
}

/* ---- The table ---- */

typedef struct request_rule {
    uint8_t type;
    asker who;
    read_fn read; /* answers at once; NULL: a job does */
    prepare_fn prepare;
} request_rule;

static const request_rule rules[] = {
    {PROTO_PING, WHO_ANY, read_ping, NULL},
    {PROTO_LOGIN, WHO_ANY, relay_read_login, NULL},
    {PROTO_ACCOUNT_CREATE, WHO_NEW, NULL, prepare_account_create},
    {PROTO_LIST_PUT, WHO_NAMED, NULL, prepare_list_put},
    {PROTO_KP_PUT, WHO_NAMED, NULL, prepare_kp_put},
    {PROTO_KP_COUNT, WHO_NAMED, relay_read_kp_count, NULL},
    {PROTO_KP_TAKE, WHO_ANY, NULL, prepare_kp_take},
    {PROTO_INVITE_PUT, WHO_NAMED, NULL, prepare_invite_put},
    {PROTO_CONV_OPEN, WHO_ANONYMOUS, NULL, prepare_conv_open},
    {PROTO_CONV_APPEND, WHO_ANONYMOUS, NULL, prepare_conv_append},
    {PROTO_CONV_SUBSCRIBE, WHO_ANONYMOUS, relay_read_conv_subscribe, NULL},
    {PROTO_CONV_ACK, WHO_ANONYMOUS, NULL, prepare_conv_ack},
    {PROTO_CONV_UNSUBSCRIBE, WHO_ANONYMOUS, relay_read_conv_unsubscribe, NULL},
    {PROTO_INBOX_PUT, WHO_ANONYMOUS, NULL, prepare_inbox_put},
    {PROTO_INBOX_SUBSCRIBE, WHO_NAMED, relay_read_inbox_subscribe, NULL},
    {PROTO_INBOX_ACK, WHO_NAMED, NULL, prepare_inbox_ack},
    {PROTO_RDV_OPEN, WHO_ANY, NULL, prepare_rdv_open},
    {PROTO_RDV_JOIN, WHO_ANY, NULL, prepare_rdv_join},
    {PROTO_RDV_SEND, WHO_ANY, NULL, prepare_rdv_send},
    {PROTO_RDV_CLOSE, WHO_ANY, NULL, prepare_rdv_close},
    {PROTO_LOG_CONFIG, WHO_ANY, relay_read_log_config, NULL},
    {PROTO_LOG_ASK, WHO_ANY, relay_read_log_ask, NULL},
    {PROTO_LOG_CHECKPOINT, WHO_ANY, relay_read_log_checkpoint, NULL},
    {PROTO_LIST_FIND, WHO_ANY, relay_read_list_find, NULL},
    {PROTO_LOG_ENTRIES, WHO_ANY, relay_read_log_entries, NULL},
    {PROTO_LOG_COSIGN, WHO_ANY, NULL, relay_prepare_cosign},
};

static const request_rule *
find_rule(uint8_t type)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].type == type) {
            return &rules[i];
        }
    }
    return NULL;
}

static kith_err
check_who(relay_session *session, asker who)
{
    if (who == WHO_ANY) {
        return KITH_OK;
    }
    KITH_ENSURE(session->is_logged_in == (who == WHO_NAMED), KITH_ERR_DENIED);
    session->touched_conv = session->touched_conv || who == WHO_ANONYMOUS;
    return KITH_OK;
}

/* ---- From frame to job ---- */

static kith_err
fill_job(relay_call *call, const request_rule *rule, relay_job *job)
{
    relay_session *session = call->session;

    job->session = session->by_number.key;
    job->account_row = session->account_row;
    job->device_row = session->device_row;
    job->request = call->frame->request;
    KITH_TRY(kith_buf_append(&job->body, call->frame->body));
    return rule->prepare(call, job);
}

static kith_err
make_job(relay_call *call, const request_rule *rule)
{
    relay_session *session = call->session;
    relay *r = call->relay;
    relay_job *job = NULL;

    KITH_ENSURE(r->stats.work_bytes + call->frame->body.len <= RELAY_TOTAL_WORK_BYTES_MAX,
                KITH_ERR_BUSY);
    KITH_TRY(relay_job_new(r, rule->type, &job));
    const kith_err err = fill_job(call, rule, job);
    if (err != KITH_OK) {
        relay_job_free(job);
        return err;
    }
    session->running[session->running_count++] = job->request;
    session->work_bytes += job->body.len;
    r->stats.work_bytes += job->body.len;
    relay_session_queue(session, job);
    return KITH_OK;
}

static kith_err
handle(relay_call *call)
{
    if (!call->session->said_hello) {
        return relay_read_hello(call);
    }
    KITH_ENSURE(call->frame->type != PROTO_HELLO, KITH_ERR_DENIED);
    const request_rule *rule = find_rule(call->frame->type);
    KITH_ENSURE(rule != NULL, KITH_ERR_UNSUPPORTED);
    KITH_TRY(check_who(call->session, rule->who));
    return rule->read != NULL ? rule->read(call) : make_job(call, rule);
}

void
relay_call_handle(relay_call *call)
{
    call->relay->stats.requests++;
    const kith_err err = handle(call);
    if (err == KITH_OK) {
        return;
    }
    const proto_error error = {
        .code = proto_code_of(err), .retry_after_ms = call->retry_ms, .detail = call->detail};
    const kith_err said = relay_answer_error(call->session, call->frame->request, &error);
    if (said != KITH_OK) {
        relay_session_end(call->session, said);
    } else if (!call->session->said_hello) {
        relay_session_end(call->session, err);
    }
}
