/* SPDX-License-Identifier: MPL-2.0 */
/* One connection, and what the files of it (link.c, link_steps.c, link_request.c) know of each other. */
#ifndef KITH_CORE_LINK_CONN_H
#define KITH_CORE_LINK_CONN_H

#include "core/identity.h"
#include "core/link.h"

typedef enum link_state {
    LINK_IDLE,
    LINK_DIALING,
    LINK_HELLO, /* HELLO is on its way */
    LINK_OPEN, /* answered; not logged in */
    LINK_LOGIN, /* LOGIN is on its way */
    LINK_READY,
    LINK_STATES
} link_state;

typedef enum link_step {
    STEP_UP, /* the TLS handshake is done */
    STEP_GREETED, /* HELLO was answered */
    STEP_LOGIN,
    STEP_REFUSED, /* LOGIN was */
    STEP_READY,
    STEP_LOST,
    STEP_STOP, /* not wanted any more */
    STEPS
} link_step;

typedef struct sent {
    uint32_t number;
    uint8_t type;
    core_tag tag;
    core_answer_fn answer;
} sent;

typedef struct link_conn {
    link_state state;
    core_lost why; /* of the last loss */
    bool told; /* the alarm about another identity or version was raised */
    bool refused; /* LOGIN was, on this connection */
    bool doomed; /* to be given up as soon as the handlers are through */
    uint32_t failures; /* in a row */
    uint64_t dial_at_ms;
    uint64_t heard_ms; /* when bytes came last */
    uint64_t asked_ms; /* when something that must be answered soon was sent; 0: nothing was */
    uint8_t exporter[32];
    uint32_t frame_max;
    uint32_t last_number;
    kith_buf in;
    kith_buf out;
    sent sent[PROTO_IN_FLIGHT_MAX];
    size_t sent_count;
} link_conn;

struct core_links {
    link_conn conns[CORE_LINKS];
    bool online_told;
};

link_conn *core_conn_of(const core *c, core_link link);
/* Drops what was under way; no answer is told. */
void core_conn_clear(link_conn *conn);
/* Puts a request in line without asking whether it may go there. BUSY: PROTO_IN_FLIGHT_MAX are unanswered. */
KITH_MUST_USE kith_err core_conn_send(core *c, const core_request *request);
/* Sets when it is dialled again, later with each failure. */
void core_conn_schedule(core *c, link_conn *conn);
/* Takes a step; INVALID: not from this state. */
KITH_MUST_USE kith_err core_conn_step(core *c, core_link link, link_step step);

#endif
