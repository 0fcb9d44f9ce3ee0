/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The two connections [docs/wire.md §1, §2]: dialling with growing pauses, HELLO, LOGIN, cutting the stream into
 * frames, numbering requests and finding what an answer belongs to. Knows what may be said on which connection, and
 * nothing of what the bodies mean.
 */
#include "core/link.h"

#include <string.h>

#include "core/identity.h"

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

/* Kept free for PING, HELLO and LOGIN. */
#define SENT_RESERVED 2u
/* Wait between attempts with a server that shows another identity, or speaks no version that this one does. */
#define FAILURES_HOPELESS 16u

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
    {PROTO_LIST_GET, .on_named = true, .on_anon = true, .before_login = true},
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

/* ---- The object ---- */

kith_err
core_links_new(core *c, core_links **out)
{
    core_links *links = kith_mem_zalloc(c->env.alloc, 1, sizeof *links);

    KITH_ENSURE(links != NULL, KITH_ERR_NO_MEMORY);
    for (size_t i = 0; i < CORE_LINKS; i++) {
        links->conns[i].in.alloc = c->env.alloc;
        links->conns[i].out.alloc = c->env.alloc;
    }
    *out = links;
    return KITH_OK;
}

static void
clear_conn(link_conn *conn)
{
    kith_buf_done(&conn->in);
    kith_buf_done(&conn->out);
    kith_wipe(conn->exporter, sizeof conn->exporter);
    conn->sent_count = 0;
    conn->asked_ms = 0;
    conn->refused = false;
    conn->doomed = false;
}

void
core_links_free(core *c, core_links *links)
{
    if (links == NULL) {
        return;
    }
    for (size_t i = 0; i < CORE_LINKS; i++) {
        clear_conn(&links->conns[i]);
    }
    kith_mem_free(c->env.alloc, links, sizeof *links);
}

static link_conn *
conn_of(const core *c, core_link link)
{
    return &c->links->conns[link];
}

static bool
is_wanted(const core *c, core_link link)
{
    const core_account_state state = c->account.state;

    if (link == CORE_LINK_ANON) {
        return state == CORE_ACCOUNT_READY;
    }
    return state == CORE_ACCOUNT_MAKING || state == CORE_ACCOUNT_LINKING ||
           state == CORE_ACCOUNT_READY;
}

bool
core_link_ready(const core *c, core_link link)
{
    return conn_of(c, link)->state == LINK_READY && !conn_of(c, link)->doomed;
}

bool
core_link_is_open(const core *c, core_link link)
{
    const link_conn *conn = conn_of(c, link);

    return (conn->state == LINK_OPEN || conn->state == LINK_READY) && !conn->doomed;
}

bool
core_link_has_room(const core *c, core_link link)
{
    return conn_of(c, link)->sent_count < PROTO_IN_FLIGHT_MAX - SENT_RESERVED;
}

const uint8_t *
core_link_exporter(const core *c, core_link link)
{
    return conn_of(c, link)->exporter;
}

void
core_link_give_up(core *c, core_link link)
{
    if (conn_of(c, link)->state != LINK_IDLE) {
        conn_of(c, link)->doomed = true;
        core_changed(c);
    }
}

void
core_link_login_again(core *c)
{
    conn_of(c, CORE_LINK_NAMED)->refused = false;
    core_changed(c);
}

bool
core_links_online(const core *c)
{
    return core_link_ready(c, CORE_LINK_NAMED) && core_link_ready(c, CORE_LINK_ANON);
}

kith_err
core_links_report(core *c)
{
    const bool online = core_links_online(c);
    core_event event = {.kind = CORE_EVENT_ONLINE, .n = online ? 1 : 0};

    if (online == c->links->online_told) {
        return KITH_OK;
    }
    KITH_TRY(core_event_add(c, &event));
    c->links->online_told = online;
    return KITH_OK;
}

/* ---- Requests ---- */

static kith_err
send_request(core *c, const core_request *request)
{
    link_conn *conn = conn_of(c, request->link);
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
    return send_request(c, request);
}

/* ---- Steps from state to state ---- */

static kith_err on_hello(core *c, const core_tag *tag, const core_answer *answer);
static kith_err on_login(core *c, const core_tag *tag, const core_answer *answer);

static kith_err
say_hello(core *c, core_link link)
{
    const proto_hello hello = {.version_min = PROTO_VERSION, .version_max = PROTO_VERSION};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    link_conn *conn = conn_of(c, link);

    KITH_TRY(proto_hello_encode(&body, &hello));
    conn->frame_max = PROTO_FRAME_HELLO_MAX;
    conn->heard_ms = c->now_ms;
    conn->asked_ms = c->now_ms;
    return send_request(c, &(core_request){.link = link,
                                           .type = PROTO_HELLO,
                                           .body = kith_bytes_of_buf(&body),
                                           .tag = {.n = link},
                                           .answer = on_hello});
}

static kith_err
note_greeting(core *c, core_link link)
{
    conn_of(c, link)->frame_max = PROTO_FRAME_MAX;
    return core_identity_link_changed(c, link);
}

static kith_err
say_login(core *c, core_link link)
{
    link_conn *conn = conn_of(c, link);
    KITH_AUTO(kith_buf) signature = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    proto_login login = {0};

    KITH_TRY(core_account_login(c, conn->exporter, &signature));
    memcpy(login.account_id, c->account.account, sizeof login.account_id);
    memcpy(login.device_id, c->account.device, sizeof login.device_id);
    login.signature = kith_bytes_of_buf(&signature);
    KITH_TRY(proto_login_encode(&body, &login));
    conn->asked_ms = c->now_ms;
    return send_request(c, &(core_request){.link = link,
                                           .type = PROTO_LOGIN,
                                           .body = kith_bytes_of_buf(&body),
                                           .answer = on_login});
}

static kith_err
note_refusal(core *c, core_link link)
{
    conn_of(c, link)->refused = true;
    return core_account_refused(c);
}

static kith_err
become_ready(core *c, core_link link)
{
    conn_of(c, link)->failures = 0;
    core_convs_link_changed(c, link);
    return core_identity_link_changed(c, link);
}

/* Half of the pause is random, so that a server that comes back is not met by everybody at once. */
static uint64_t
pause_of(core *c, const link_conn *conn)
{
    uint64_t pause = CORE_DIAL_PAUSE_MS;
    uint64_t jitter = 0;

    for (uint32_t i = 1; i < conn->failures && pause < CORE_DIAL_PAUSE_MAX_MS; i++) {
        pause *= 2;
    }
    pause = pause < CORE_DIAL_PAUSE_MAX_MS ? pause : CORE_DIAL_PAUSE_MAX_MS;
    /* Without randomness the pause is merely the longer one. */
    kith_ignore(core_random(c, (uint8_t *)&jitter, sizeof jitter));
    return pause - jitter % (pause / 2);
}

static void
schedule_dial(core *c, link_conn *conn)
{
    const bool hopeless = conn->why == CORE_LOST_WRONG_PIN;

    conn->failures += conn->failures < FAILURES_HOPELESS ? 1 : 0;
    conn->failures = hopeless ? FAILURES_HOPELESS : conn->failures;
    conn->dial_at_ms = c->now_ms + pause_of(c, conn);
}

static kith_err
raise_once(core *c, link_conn *conn, const char *what)
{
    if (conn->told) {
        return KITH_OK;
    }
    conn->told = true;
    return core_event_alarm(c, NULL, NULL, what);
}

/* Whoever waited for an answer learns that there will be none. */
static kith_err
back_off(core *c, core_link link)
{
    link_conn *conn = conn_of(c, link);
    sent waiting[PROTO_IN_FLIGHT_MAX];
    const size_t count = conn->sent_count;
    const core_answer offline = {.err = KITH_ERR_OFFLINE};

    memcpy(waiting, conn->sent, count * sizeof waiting[0]);
    clear_conn(conn);
    schedule_dial(c, conn);
    if (conn->why == CORE_LOST_WRONG_PIN) {
        KITH_TRY(raise_once(c, conn, "pin"));
    }
    for (size_t i = 0; i < count; i++) {
        if (waiting[i].answer != NULL) {
            KITH_TRY(waiting[i].answer(c, &waiting[i].tag, &offline));
        }
    }
    core_convs_link_changed(c, link);
    return core_identity_link_changed(c, link);
}

static kith_err
stop(core *c, core_link link)
{
    c->hang_up[link] = true;
    conn_of(c, link)->why = CORE_LOST_CLOSED;
    KITH_TRY(back_off(c, link));
    conn_of(c, link)->failures = 0;
    conn_of(c, link)->dial_at_ms = c->now_ms;
    return KITH_OK;
}

typedef struct link_cell {
    kith_err (*act)(core *c, core_link link);
    link_state next;
} link_cell;

static const link_cell table[LINK_STATES][STEPS] = {
    /* LINK_IDLE becomes LINK_DIALING in core_next_dial, outside of transactions. */
    [LINK_DIALING] = {[STEP_UP] = {say_hello, LINK_HELLO},
                      [STEP_LOST] = {back_off, LINK_IDLE},
                      [STEP_STOP] = {stop, LINK_IDLE}},
    [LINK_HELLO] = {[STEP_GREETED] = {note_greeting, LINK_OPEN},
                    [STEP_LOST] = {back_off, LINK_IDLE},
                    [STEP_STOP] = {stop, LINK_IDLE}},
    [LINK_OPEN] = {[STEP_LOGIN] = {say_login, LINK_LOGIN},
                   [STEP_READY] = {become_ready, LINK_READY},
                   [STEP_LOST] = {back_off, LINK_IDLE},
                   [STEP_STOP] = {stop, LINK_IDLE}},
    [LINK_LOGIN] = {[STEP_READY] = {become_ready, LINK_READY},
                    [STEP_REFUSED] = {note_refusal, LINK_OPEN},
                    [STEP_LOST] = {back_off, LINK_IDLE},
                    [STEP_STOP] = {stop, LINK_IDLE}},
    [LINK_READY] = {[STEP_LOST] = {back_off, LINK_IDLE}, [STEP_STOP] = {stop, LINK_IDLE}},
};

static kith_err
move(core *c, core_link link, link_step step)
{
    link_conn *conn = conn_of(c, link);
    const link_cell *cell = &table[conn->state][step];

    KITH_ENSURE(cell->act != NULL, KITH_ERR_INVALID);
    conn->state = cell->next;
    core_changed(c);
    return cell->act(c, link);
}

static kith_err
on_hello(core *c, const core_tag *tag, const core_answer *answer)
{
    const core_link link = (core_link)tag->n;
    proto_hello_answer hello = {0};

    if (answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    if (answer->err == KITH_ERR_UNSUPPORTED) {
        KITH_TRY(raise_once(c, conn_of(c, link), "version"));
        conn_of(c, link)->failures = FAILURES_HOPELESS;
    }
    if (answer->err != KITH_OK) {
        core_link_give_up(c, link);
        return KITH_OK;
    }
    KITH_TRY(proto_hello_answer_decode(answer->body, &hello));
    KITH_ENSURE(hello.version == PROTO_VERSION, KITH_ERR_MALFORMED);
    c->clock_behind_ms = (int64_t)(hello.server_time_ms - c->now_ms);
    return move(c, link, STEP_GREETED);
}

static kith_err
on_login(core *c, const core_tag *tag, const core_answer *answer)
{
    (void)tag;
    if (answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    if (answer->err == KITH_OK) {
        KITH_TRY(proto_empty_decode(answer->body));
        return move(c, CORE_LINK_NAMED, STEP_READY);
    }
    if (answer->err == KITH_ERR_DENIED || answer->err == KITH_ERR_NOT_FOUND ||
        answer->err == KITH_ERR_REJECTED) {
        return move(c, CORE_LINK_NAMED, STEP_REFUSED);
    }
    core_link_give_up(c, CORE_LINK_NAMED);
    return KITH_OK;
}

/* ---- What arrives ---- */

static kith_err
read_error(kith_bytes body, core_answer *out)
{
    proto_error error = {0};

    KITH_TRY(proto_error_decode(body, &error));
    *out = (core_answer){
        .err = proto_code_err(error.code),
        .detail = error.detail,
        .retry_after_ms = error.retry_after_ms,
    };
    if (out->err == KITH_ERR_BUSY && out->retry_after_ms == 0) {
        out->retry_after_ms = 1000;
    }
    if (out->retry_after_ms > CORE_PAUSE_MAX_MS) {
        out->retry_after_ms = CORE_PAUSE_MAX_MS;
    }
    return KITH_OK;
}

static kith_err
take_answer(core *c, core_link link, const proto_frame *frame)
{
    link_conn *conn = conn_of(c, link);
    core_answer answer = {.body = frame->body};
    size_t at = 0;

    while (at < conn->sent_count && conn->sent[at].number != frame->request) {
        at++;
    }
    KITH_ENSURE(at < conn->sent_count, KITH_ERR_MALFORMED);
    const sent request = conn->sent[at];
    if (frame->type == PROTO_ERROR) {
        KITH_TRY(read_error(frame->body, &answer));
    } else {
        KITH_ENSURE(frame->type == (request.type | PROTO_ANSWER), KITH_ERR_MALFORMED);
    }
    conn->sent[at] = conn->sent[--conn->sent_count];
    core_changed(c);
    return request.answer == NULL ? KITH_OK : request.answer(c, &request.tag, &answer);
}

static kith_err
take_push(core *c, core_link link, const proto_frame *frame)
{
    KITH_ENSURE(proto_type_is_push(frame->type), KITH_ERR_MALFORMED);
    if (link == CORE_LINK_ANON) {
        KITH_ENSURE(frame->type == PROTO_ENTRY, KITH_ERR_MALFORMED);
        return core_convs_push(c, frame->type, frame->body);
    }
    KITH_ENSURE(frame->type != PROTO_ENTRY, KITH_ERR_MALFORMED);
    return frame->type == PROTO_INBOX_ITEM ? core_convs_push(c, frame->type, frame->body)
                                           : core_identity_push(c, frame->type, frame->body);
}

static kith_err
take_frames(core *c, core_link link)
{
    link_conn *conn = conn_of(c, link);
    size_t at = 0;

    while (conn->state > LINK_DIALING && !conn->doomed) {
        const kith_bytes rest = kith_bytes_of(conn->in.data + at, conn->in.len - at);
        proto_frame frame = {0};
        size_t used = 0;
        KITH_TRY(proto_frame_take(rest, conn->frame_max, &frame, &used));
        if (used == 0) {
            break;
        }
        at += used;
        if (frame.request != 0) {
            KITH_TRY(take_answer(c, link, &frame));
        } else {
            KITH_ENSURE(conn->state > LINK_HELLO, KITH_ERR_MALFORMED);
            KITH_TRY(take_push(c, link, &frame));
        }
    }
    kith_buf_drop_front(&conn->in, at);
    return KITH_OK;
}

static kith_err
take_bytes(core *c, core_link link, kith_bytes bytes)
{
    link_conn *conn = conn_of(c, link);

    conn->heard_ms = c->now_ms;
    conn->asked_ms = 0;
    KITH_TRY(kith_buf_append(&conn->in, bytes));
    return take_frames(c, link);
}

/* ---- Entry points ---- */

bool
core_next_dial(core *c, core_dial *out)
{
    for (size_t i = 0; i < CORE_LINKS; i++) {
        const core_link link = (core_link)i;
        link_conn *conn = conn_of(c, link);
        core_dial dial = {.link = link};
        if (conn->state == LINK_IDLE && !c->hang_up[i] && is_wanted(c, link) &&
            core_is_due(c, conn->dial_at_ms) && core_account_server(c, &dial)) {
            conn->state = LINK_DIALING;
            *out = dial;
            return true;
        }
    }
    return false;
}

kith_err
core_link_up(core *c, core_link link, const uint8_t exporter[32], uint64_t now_ms)
{
    KITH_ENSURE(link < CORE_LINKS && conn_of(c, link)->state == LINK_DIALING, KITH_ERR_INVALID);
    KITH_TRY(core_txn_begin(c, now_ms));
    memcpy(conn_of(c, link)->exporter, exporter, sizeof conn_of(c, link)->exporter);
    return core_txn_end(c, move(c, link, STEP_UP));
}

void
core_link_lost(core *c, core_link link, core_lost why, uint64_t now_ms)
{
    if (link >= CORE_LINKS || conn_of(c, link)->state == LINK_IDLE) {
        return;
    }
    if (core_txn_begin(c, now_ms) != KITH_OK) {
        core_links_stop(c);
        return;
    }
    conn_of(c, link)->why = why;
    /* When it fails, core_txn_end has stopped both connections, this one included. */
    kith_ignore(core_txn_end(c, move(c, link, STEP_LOST)));
}

kith_err
core_recv(core *c, core_link link, kith_bytes bytes, uint64_t now_ms)
{
    KITH_ENSURE(link < CORE_LINKS, KITH_ERR_INVALID);
    /* What was under way when this side hung up. */
    if (conn_of(c, link)->state == LINK_IDLE) {
        return KITH_OK;
    }
    KITH_ENSURE(conn_of(c, link)->state != LINK_DIALING, KITH_ERR_INVALID);
    KITH_TRY(core_txn_begin(c, now_ms));
    const kith_err err = core_txn_end(c, take_bytes(c, link, bytes));
    if (err != KITH_OK) {
        core_link_lost(c, link, CORE_LOST_CLOSED, now_ms);
    }
    return err;
}

bool
core_next_packet(core *c, core_link *link, kith_buf *out)
{
    for (size_t i = 0; i < CORE_LINKS; i++) {
        link_conn *conn = conn_of(c, (core_link)i);
        if (conn->out.len > 0) {
            kith_buf_done(out);
            *out = kith_buf_take(&conn->out);
            *link = (core_link)i;
            return true;
        }
    }
    return false;
}

/* ---- What happens without being asked ---- */

void
core_links_stop(core *c)
{
    for (size_t i = 0; i < CORE_LINKS; i++) {
        link_conn *conn = conn_of(c, (core_link)i);
        if (conn->state != LINK_IDLE) {
            conn->state = LINK_IDLE;
            conn->why = CORE_LOST_CLOSED;
            c->hang_up[i] = true;
            clear_conn(conn);
            schedule_dial(c, conn);
        }
    }
}

static kith_err
pump_link(core *c, core_link link)
{
    link_conn *conn = conn_of(c, link);

    if (conn->state == LINK_IDLE) {
        return KITH_OK;
    }
    if (!is_wanted(c, link)) {
        return move(c, link, STEP_STOP);
    }
    if (conn->doomed) {
        c->hang_up[link] = true;
        conn->why = CORE_LOST_CLOSED;
        return move(c, link, STEP_LOST);
    }
    if (conn->state != LINK_OPEN || conn->refused || c->account.state != CORE_ACCOUNT_READY) {
        return KITH_OK;
    }
    return move(c, link, link == CORE_LINK_ANON ? STEP_READY : STEP_LOGIN);
}

kith_err
core_links_pump(core *c)
{
    KITH_TRY(pump_link(c, CORE_LINK_NAMED));
    return pump_link(c, CORE_LINK_ANON);
}

/* When the silence of an established connection must be looked at. */
static uint64_t
silence_at(const link_conn *conn)
{
    return conn->asked_ms != 0 ? conn->asked_ms + CORE_SILENCE_MS : conn->heard_ms + CORE_PING_MS;
}

static kith_err
tick_link(core *c, core_link link)
{
    link_conn *conn = conn_of(c, link);

    if (conn->state <= LINK_DIALING || !core_is_due(c, silence_at(conn))) {
        return KITH_OK;
    }
    if (conn->asked_ms != 0 && conn->asked_ms <= c->now_ms) {
        core_link_give_up(c, link);
        return KITH_OK;
    }
    conn->heard_ms = c->now_ms;
    conn->asked_ms = c->now_ms;
    return send_request(c, &(core_request){.link = link, .type = PROTO_PING});
}

kith_err
core_links_tick(core *c)
{
    KITH_TRY(tick_link(c, CORE_LINK_NAMED));
    return tick_link(c, CORE_LINK_ANON);
}

uint64_t
core_links_deadline(const core *c)
{
    uint64_t deadline = UINT64_MAX;

    for (size_t i = 0; i < CORE_LINKS; i++) {
        const link_conn *conn = conn_of(c, (core_link)i);
        uint64_t at = UINT64_MAX;
        if (conn->state > LINK_DIALING) {
            at = silence_at(conn);
        } else if (conn->state == LINK_IDLE && is_wanted(c, (core_link)i)) {
            at = conn->dial_at_ms;
        }
        deadline = at < deadline ? at : deadline;
    }
    return deadline;
}
