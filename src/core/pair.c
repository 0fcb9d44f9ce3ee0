/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Linking a device [docs/wire.md §9]: the run on both sides. It lives in memory only: whatever breaks it (a restart, a
 * lost connection, a wrong code) ends it, and the person starts again.
 */
#include "core/pair.h"

#include <string.h>

/* ---- Its beginning and end ---- */

void
core_pair_free(core *c)
{
    core_pair *pair = c->identity->pair;

    if (pair == NULL) {
        return;
    }
    crypto_pake_free(pair->pake);
    crypto_sign_key_free(pair->device_key);
    kith_buf_done(&pair->in);
    kith_buf_done(&pair->out);
    kith_mem_free(c->env.alloc, pair, sizeof *pair);
    c->identity->pair = NULL;
}

static kith_err
close_rendezvous(core *c)
{
    const core_pair *pair = c->identity->pair;
    const proto_rdv_close close = {.number = pair->number};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};

    if (!pair->has_number || !core_link_is_open(c, CORE_LINK_NAMED) ||
        !core_link_has_room(c, CORE_LINK_NAMED)) {
        return KITH_OK;
    }
    KITH_TRY(proto_rdv_close_encode(&body, &close));
    return core_link_request(c, &(core_request){.link = CORE_LINK_NAMED,
                                                .type = PROTO_RDV_CLOSE,
                                                .body = kith_bytes_of_buf(&body)});
}

kith_err
core_pair_tell(core *c, kith_err err)
{
    core_pair *pair = c->identity->pair;
    const core_key key = core_key_u64((kith_bytes){0}, pair->op);

    if (pair->op == 0) {
        return KITH_OK;
    }
    KITH_TRY(core_erase(c, CORE_TABLE_OP, core_key_bytes(&key)));
    KITH_TRY(core_op_done(c, pair->op, err));
    pair->op = 0;
    return KITH_OK;
}

kith_err
core_pair_end(core *c, kith_err err)
{
    core_changed(c);
    KITH_TRY(close_rendezvous(c));
    KITH_TRY(core_pair_tell(c, err));
    if (c->identity->pair->state == PAIR_LISTING) {
        KITH_TRY(core_device_add_cancel(c));
    }
    core_pair_free(c);
    if (c->account.state == CORE_ACCOUNT_LINKING) {
        c->account = (core_account){0};
    }
    return KITH_OK;
}

static kith_err
begin(core *c, core_pair_state state, uint64_t *op)
{
    const uint8_t kind = CORE_OP_PAIR;
    const uint64_t number = core_op_new(c);
    const core_key key = core_key_u64((kith_bytes){0}, number);
    core_pair *pair = kith_mem_zalloc(c->env.alloc, 1, sizeof *pair);

    KITH_ENSURE(pair != NULL, KITH_ERR_NO_MEMORY);
    c->identity->pair = pair;
    pair->op = number;
    pair->state = state;
    pair->in.alloc = c->env.alloc;
    pair->out.alloc = c->env.alloc;
    pair->until_ms = c->now_ms + PROTO_RDV_SECONDS * 1000ull;
    KITH_TRY(core_put(c, CORE_TABLE_OP, core_key_bytes(&key), kith_bytes_of(&kind, 1)));
    *op = number;
    return KITH_OK;
}

/* ---- Bodies out ---- */

static kith_err
on_sent(core *c, const core_tag *tag, const core_answer *answer)
{
    core_pair *pair = c->identity->pair;

    /* When the connection was lost, nobody knows whether it came through: it stays in flight. */
    if (pair == NULL || !pair->has_number || tag->n != pair->number ||
        answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    pair->in_flight--;
    return answer->err == KITH_OK ? KITH_OK : core_pair_end(c, KITH_ERR_NOT_FOUND);
}

kith_err
core_pair_send(core *c, const kith_buf *bytes)
{
    core_pair *pair = c->identity->pair;
    const proto_rdv_send send = {.number = pair->number, .body = kith_bytes_of_buf(bytes)};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};

    KITH_TRY(proto_rdv_send_encode(&body, &send));
    KITH_TRY(core_link_request(c, &(core_request){.link = CORE_LINK_NAMED,
                                                  .type = PROTO_RDV_SEND,
                                                  .body = kith_bytes_of_buf(&body),
                                                  .tag = {.n = pair->number},
                                                  .answer = on_sent}));
    pair->in_flight++;
    return KITH_OK;
}

static kith_err
send_pieces(core *c)
{
    core_pair *pair = c->identity->pair;

    while (pair->out_at < pair->out.len && pair->in_flight < CORE_PAIR_IN_FLIGHT &&
           core_link_is_open(c, CORE_LINK_NAMED) && core_link_has_room(c, CORE_LINK_NAMED)) {
        KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
        KITH_TRY(core_pair_piece(c, &body));
        KITH_TRY(core_pair_send(c, &body));
    }
    return KITH_OK;
}

/* ---- The number ---- */

static kith_err
on_opened(core *c, const core_tag *tag, const core_answer *answer)
{
    core_pair *pair = c->identity->pair;
    core_event event = {.kind = CORE_EVENT_PAIR_CODE, .op = tag->n};
    proto_rdv_open_answer opened = {0};

    if (pair == NULL || pair->op != tag->n) {
        return KITH_OK;
    }
    pair->opening = false;
    if (answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    if (answer->err != KITH_OK) {
        return core_pair_end(c, answer->err);
    }
    KITH_TRY(proto_rdv_open_answer_decode(answer->body, &opened));
    core_changed(c);
    pair->number = opened.number;
    pair->has_number = true;
    pair->state = PAIR_OFFERING;
    pair->until_ms = c->now_ms + PROTO_RDV_SECONDS * 1000ull;
    return core_event_add(c, &event);
}

static kith_err
ask_number(core *c)
{
    core_pair *pair = c->identity->pair;

    KITH_TRY(core_link_request(c, &(core_request){.link = CORE_LINK_NAMED,
                                                  .type = PROTO_RDV_OPEN,
                                                  .tag = {.n = pair->op},
                                                  .answer = on_opened}));
    pair->opening = true;
    return KITH_OK;
}

static kith_err
on_joined(core *c, const core_tag *tag, const core_answer *answer)
{
    core_pair *pair = c->identity->pair;
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};

    if (pair == NULL || pair->op != tag->n || answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    pair->opening = false;
    if (answer->err != KITH_OK) {
        return core_pair_end(c, KITH_ERR_NOT_FOUND);
    }
    KITH_TRY(proto_empty_decode(answer->body));
    core_changed(c);
    pair->has_number = true;
    pair->state = PAIR_PROVING;
    KITH_TRY(core_pair_start(c, &body));
    return core_pair_send(c, &body);
}

static kith_err
join_number(core *c)
{
    core_pair *pair = c->identity->pair;
    const proto_rdv_join join = {.number = pair->number};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};

    /* Without the identity nothing tells this server from one in the middle. */
    if (!pair->has_identity) {
        return core_pair_end(c, KITH_ERR_REJECTED);
    }
    KITH_TRY(proto_rdv_join_encode(&body, &join));
    KITH_TRY(core_link_request(c, &(core_request){.link = CORE_LINK_NAMED,
                                                  .type = PROTO_RDV_JOIN,
                                                  .body = kith_bytes_of_buf(&body),
                                                  .tag = {.n = pair->op},
                                                  .answer = on_joined}));
    pair->opening = true;
    pair->state = PAIR_JOINING;
    return KITH_OK;
}

/* ---- What is sent without being asked ---- */

static kith_err
pump_saying(core *c)
{
    core_pair *pair = c->identity->pair;
    const core_packages *packages = &c->identity->packages;

    if (pair->out.len > 0) {
        return pair->out_at == pair->out.len && pair->in_flight == 0 ? core_pair_end(c, KITH_OK)
                                                                     : KITH_OK;
    }
    if (!core_link_ready(c, CORE_LINK_NAMED) || !packages->is_counted ||
        !packages->has_last_resort) {
        return KITH_OK;
    }
    return core_pair_say(c, PAIR_SAYS_READY, (kith_bytes){0});
}

static kith_err
pump_state(core *c)
{
    const core_pair *pair = c->identity->pair;
    const bool can_ask = core_link_is_open(c, CORE_LINK_NAMED) && !pair->opening &&
                         core_link_has_room(c, CORE_LINK_NAMED);

    switch (pair->state) {
    case PAIR_OPENING:
        return can_ask ? ask_number(c) : KITH_OK;
    case PAIR_DIALING:
        return can_ask ? join_number(c) : KITH_OK;
    case PAIR_SAYING:
        return pump_saying(c);
    default:
        return KITH_OK;
    }
}

kith_err
core_pair_pump(core *c)
{
    if (c->identity->pair == NULL) {
        return KITH_OK;
    }
    if (c->now_ms >= c->identity->pair->until_ms) {
        return core_pair_end(c, KITH_ERR_NOT_FOUND);
    }
    core_wake_at(c, c->identity->pair->until_ms);
    KITH_TRY(pump_state(c));
    return c->identity->pair == NULL ? KITH_OK : send_pieces(c);
}

bool
core_pair_server(const core *c, core_dial *out)
{
    const core_pair *pair = c->identity->pair;

    if (pair == NULL || !pair->is_new) {
        return false;
    }
    memcpy(out->host, pair->address.host, sizeof pair->address.host);
    out->port = pair->address.port;
    return true;
}

/* ---- Commands ---- */

static kith_err
offer(core *c, uint64_t *op)
{
    KITH_TRY(begin(c, PAIR_OPENING, op));
    core_pair *pair = c->identity->pair;
    memcpy(pair->address.host, c->account.host,
           strnlen(c->account.host, sizeof pair->address.host - 1));
    pair->address.port = c->account.port;
    memcpy(pair->server_key, c->identity->server_key, sizeof pair->server_key);
    return proto_code_digits(&c->env.rng, pair->digits);
}

kith_err
core_pair_offer(core *c, uint64_t now_ms, uint64_t *op)
{
    uint64_t number = 0;

    KITH_TRY(core_query(c));
    KITH_ENSURE(c->account.state == CORE_ACCOUNT_READY, KITH_ERR_DENIED);
    KITH_ENSURE(c->identity->pair == NULL, KITH_ERR_CONFLICT);
    KITH_TRY(core_txn_begin(c, now_ms));
    KITH_TRY(core_txn_end(c, offer(c, &number)));
    *op = number;
    return KITH_OK;
}

kith_err
core_pair_code(const core *c, kith_buf *out)
{
    const core_pair *pair = c->identity == NULL ? NULL : c->identity->pair;
    KITH_AUTO(proto_code) code = {0};

    KITH_ENSURE(pair != NULL && !pair->is_new && pair->has_number, KITH_ERR_NOT_FOUND);
    code.number = pair->number;
    memcpy(code.digits, pair->digits, sizeof code.digits);
    code.address = pair->address;
    return proto_code_encode(out, &code);
}

static kith_err
approve(core *c, bool yes)
{
    core_pair *pair = c->identity->pair;

    core_changed(c);
    if (yes) {
        pair->state = PAIR_LISTING;
        return core_device_add(c, KITH_BYTES(pair->device_public));
    }
    KITH_TRY(core_pair_say(c, PAIR_SAYS_REFUSED, (kith_bytes){0}));
    KITH_TRY(send_pieces(c));
    return core_pair_end(c, KITH_ERR_DENIED);
}

kith_err
core_pair_approve(core *c, bool yes, uint64_t now_ms)
{
    KITH_TRY(core_query(c));
    KITH_ENSURE(c->identity->pair != NULL && c->identity->pair->state == PAIR_ASKING,
                KITH_ERR_NOT_FOUND);
    KITH_TRY(core_txn_begin(c, now_ms));
    return core_txn_end(c, approve(c, yes));
}

static kith_err
accept_code(core *c, const proto_code *code, kith_bytes device_name, uint64_t *op)
{
    KITH_TRY(begin(c, PAIR_DIALING, op));
    core_pair *pair = c->identity->pair;
    pair->is_new = true;
    pair->number = code->number;
    memcpy(pair->digits, code->digits, sizeof pair->digits);
    pair->address = code->address;
    core_name_set(pair->device_name, device_name);
    KITH_TRY(
        crypto_sign_key_generate(c->env.crypto, CRYPTO_ED25519, &c->env.rng, &pair->device_key));
    const kith_bytes public_key = crypto_sign_key_public(pair->device_key);
    memcpy(pair->device_public, public_key.data, sizeof pair->device_public);
    KITH_TRY(proto_device_id(c->env.crypto, public_key, pair->device_id));
    c->account = (core_account){.state = CORE_ACCOUNT_LINKING, .port = code->address.port};
    memcpy(c->account.host, code->address.host, sizeof code->address.host);
    return KITH_OK;
}

static kith_err
check_no_account(const core *c)
{
    switch (c->account.state) {
    case CORE_ACCOUNT_NONE:
        return KITH_OK;
    case CORE_ACCOUNT_MAKING:
    case CORE_ACCOUNT_LINKING:
        return KITH_ERR_CONFLICT;
    default:
        return KITH_ERR_EXISTS;
    }
}

kith_err
core_pair_accept(core *c, const core_pair_join *in, uint64_t now_ms, uint64_t *op)
{
    KITH_AUTO(proto_code) code = {0};
    uint64_t number = 0;

    KITH_TRY(core_query(c));
    KITH_ENSURE(proto_code_decode(in->code, &code) == KITH_OK, KITH_ERR_MALFORMED);
    KITH_ENSURE(in->device_name.len <= CORE_NAME_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(core_text_is_good(in->device_name, CORE_NAME_MAX), KITH_ERR_MALFORMED);
    KITH_TRY(check_no_account(c));
    KITH_TRY(core_txn_begin(c, now_ms));
    KITH_TRY(core_txn_end(c, accept_code(c, &code, in->device_name, &number)));
    *op = number;
    return KITH_OK;
}

void
core_pair_cancel(core *c, uint64_t now_ms)
{
    if (c->identity == NULL || c->identity->pair == NULL || core_txn_begin(c, now_ms) != KITH_OK) {
        return;
    }
    /* When it fails, the memory is read anew, and the run is gone all the same. */
    kith_ignore(core_txn_end(c, c->identity->pair == NULL ? KITH_OK
                                                          : core_pair_end(c, KITH_ERR_NOT_FOUND)));
}

void
core_link_identity(core *c, core_link link, const uint8_t server_key[32])
{
    core_pair *pair = c->identity == NULL ? NULL : c->identity->pair;

    if (pair != NULL && pair->is_new && link == CORE_LINK_NAMED) {
        memcpy(pair->server_key, server_key, sizeof pair->server_key);
        pair->has_identity = true;
    }
}
