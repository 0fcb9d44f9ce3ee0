/* SPDX-License-Identifier: MPL-2.0 */
/* Requests: which may go on which connection, and what an answer will be found again by. */
#include "core/link_conn.h"

/* Kept free for PING, HELLO and LOGIN. */
#define SENT_RESERVED 2u
/* ---- Which request may go where [docs/wire.md §1] ---- */

typedef struct request_rule {
    uint8_t type;
    bool on_named;
    bool on_anon;
    bool before_login;
} request_rule;

static const request_rule rules[] = {
    {PROTO_PING, .on_named = true, .on_anon = true, .before_login = true},
    {PROTO_ACCOUNT_CREATE, .on_named = true, .before_login = true},
    {PROTO_LIST_FIND, .on_named = true, .on_anon = true, .before_login = true},
    {PROTO_LOG_CONFIG, .on_named = true, .on_anon = true, .before_login = true},
    {PROTO_LOG_ASK, .on_named = true, .on_anon = true, .before_login = true},
    {PROTO_RDV_OPEN, .on_named = true, .before_login = true},
    {PROTO_RDV_JOIN, .on_named = true, .before_login = true},
    {PROTO_RDV_SEND, .on_named = true, .before_login = true},
    {PROTO_RDV_CLOSE, .on_named = true, .before_login = true},
    {PROTO_LIST_PUT, .on_named = true},
    {PROTO_KP_PUT, .on_named = true},
    {PROTO_KP_COUNT, .on_named = true},
    {PROTO_INVITE_PUT, .on_named = true},
    {PROTO_INBOX_SUBSCRIBE, .on_named = true},
    {PROTO_INBOX_ACK, .on_named = true},
    {PROTO_KP_TAKE, .on_anon = true},
    {PROTO_CONV_OPEN, .on_anon = true},
    {PROTO_CONV_APPEND, .on_anon = true},
    {PROTO_CONV_SUBSCRIBE, .on_anon = true},
    {PROTO_CONV_ACK, .on_anon = true},
    {PROTO_CONV_UNSUBSCRIBE, .on_anon = true},
    {PROTO_INBOX_PUT, .on_anon = true},
};

static const request_rule *
find_rule(core_link link, uint8_t type)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const bool allowed = link == CORE_LINK_NAMED ? rules[i].on_named : rules[i].on_anon;
        if (rules[i].type == type && allowed) {
            return &rules[i];
        }
    }
    return NULL;
}

/* ---- Requests ---- */

bool
core_link_ready(const core *c, core_link link)
{
    return core_conn_of(c, link)->state == LINK_READY && !core_conn_of(c, link)->doomed;
}

bool
core_link_is_open(const core *c, core_link link)
{
    const link_conn *conn = core_conn_of(c, link);

    return (conn->state == LINK_OPEN || conn->state == LINK_READY) && !conn->doomed;
}

bool
core_link_has_room(const core *c, core_link link)
{
    return core_conn_of(c, link)->sent_count < PROTO_IN_FLIGHT_MAX - SENT_RESERVED;
}

kith_err
core_conn_send(core *c, const core_request *request)
{
    link_conn *conn = core_conn_of(c, request->link);
    const uint32_t number = conn->last_number == UINT32_MAX ? 1 : conn->last_number + 1;

    KITH_ENSURE(conn->sent_count < PROTO_IN_FLIGHT_MAX, KITH_ERR_BUSY);
    KITH_TRY(proto_frame_encode(&conn->out, request->type, number, request->body));
    conn->sent[conn->sent_count++] = (sent){
        .number = number,
        .type = request->type,
        .tag = request->tag,
        .answer = request->answer,
    };
    conn->last_number = number;
    core_changed(c);
    return KITH_OK;
}

kith_err
core_link_request(core *c, const core_request *request)
{
    const request_rule *rule = find_rule(request->link, request->type);

    KITH_ENSURE(rule != NULL, KITH_ERR_INVALID);
    KITH_ENSURE(core_link_ready(c, request->link) ||
                    (rule->before_login && core_link_is_open(c, request->link)),
                KITH_ERR_OFFLINE);
    KITH_ENSURE(core_link_has_room(c, request->link), KITH_ERR_BUSY);
    return core_conn_send(c, request);
}
