/* SPDX-License-Identifier: MPL-2.0 */
/* Cuts what the cores send into frames and answers them, one after the other, until all is quiet. */
#include "core/home.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS_MAX 2000

home *
home_new(void)
{
    home *h = calloc(1, sizeof *h);

    assert_non_null(h);
    assert_int_equal(crypto_new(NULL, &h->crypto), KITH_OK);
    h->now_ms = HOME_NOW;
    h->rdv_number = 4711;
    h->log = fake_directory_new(h->crypto, 42, 1);
    memcpy(h->server_key, fake_directory_identity(h->log), sizeof h->server_key);
    return h;
}

static void
party_done(party *p)
{
    core_free(p->core);
    fake_store_free(p->store);
    for (size_t i = 0; i < CORE_LINKS; i++) {
        kith_buf_done(&p->in[i]);
    }
    for (size_t i = 0; i < p->held_count; i++) {
        kith_buf_done(&p->held[i].body);
    }
    assert_int_equal(p->alloc.live_blocks, 0);
}

void
home_free(home *h)
{
    for (size_t i = 0; i < h->party_count; i++) {
        party_done(&h->parties[i]);
    }
    for (size_t i = 0; i < h->account_count; i++) {
        for (size_t j = 0; j < h->accounts[i].count; j++) {
            kith_buf_done(&h->accounts[i].lists[j]);
        }
    }
    kith_buf_done(&h->package);
    fake_directory_free(h->log);
    crypto_free(h->crypto);
    free(h);
}

static void
party_start(party *p)
{
    const core_env env = {
        .alloc = &p->alloc.port,
        .rng = fake_rng_port(&p->rng),
        .crypto = p->home->crypto,
        .store = fake_store_port(p->store),
        .suite = MLS_SUITE_X25519_AES128_ED25519,
    };

    assert_int_equal(core_new(&env, p->home->now_ms, &p->core), KITH_OK);
}

party *
home_party(home *h)
{
    party *p = &h->parties[h->party_count++];

    p->home = h;
    fake_rng_init(&p->rng, 1000 + h->party_count);
    fake_alloc_init(&p->alloc);
    p->store = fake_store_new();
    memcpy(p->server_key, h->server_key, sizeof p->server_key);
    party_start(p);
    return p;
}

static void
drop_connection(party *p, core_link link)
{
    home *h = p->home;
    size_t kept = 0;

    p->is_up[link] = false;
    p->named = link == CORE_LINK_NAMED ? false : p->named;
    kith_buf_clear(&p->in[link]);
    for (size_t i = 0; i < p->held_count; i++) {
        if (p->held[i].link == link) {
            kith_buf_done(&p->held[i].body);
        } else {
            p->held[kept++] = p->held[i];
        }
    }
    p->held_count = kept;
    if (link == CORE_LINK_NAMED && (h->rdv_opener == p || h->rdv_joiner == p)) {
        party *other = h->rdv_opener == p ? h->rdv_joiner : h->rdv_opener;
        const proto_rdv_closed closed = {.number = h->rdv_number};
        KITH_AUTO(kith_buf) body = {0};
        h->rdv_opener = NULL;
        h->rdv_joiner = NULL;
        assert_int_equal(proto_rdv_closed_encode(&body, &closed), KITH_OK);
        if (other != NULL && other->is_up[CORE_LINK_NAMED]) {
            kith_ignore(
                party_push(other, CORE_LINK_NAMED, PROTO_RDV_CLOSED, kith_bytes_of_buf(&body)));
        }
    }
}

void
party_restart(party *p)
{
    drop_connection(p, CORE_LINK_NAMED);
    drop_connection(p, CORE_LINK_ANON);
    core_free(p->core);
    fake_store_crash(p->store);
    party_start(p);
}

void
party_cut(party *p, core_link link)
{
    if (p->is_up[link]) {
        drop_connection(p, link);
        core_link_lost(p->core, link, CORE_LOST_CLOSED, p->home->now_ms);
    }
}

kith_err
party_feed(party *p, core_link link, kith_bytes bytes)
{
    assert_true(p->is_up[link]);
    p->recv_err = core_recv(p->core, link, bytes, p->home->now_ms);
    if (p->recv_err != KITH_OK) {
        drop_connection(p, link);
    }
    return p->recv_err;
}

kith_err
party_push(party *p, core_link link, uint8_t type, kith_bytes body)
{
    KITH_AUTO(kith_buf) frame = {0};

    assert_int_equal(proto_frame_encode(&frame, type, 0, body), KITH_OK);
    return party_feed(p, link, kith_bytes_of_buf(&frame));
}

void
party_answer(party *p, const home_request *request, kith_bytes body)
{
    KITH_AUTO(kith_buf) frame = {0};

    assert_int_equal(
        proto_frame_encode(&frame, request->type | PROTO_ANSWER, request->number, body), KITH_OK);
    kith_ignore(party_feed(p, request->link, kith_bytes_of_buf(&frame)));
}

void
party_refuse(party *p, const home_request *request, kith_err err)
{
    const proto_error error = {.code = proto_code_of(err), .retry_after_ms = 2000};
    KITH_AUTO(kith_buf) body = {0};
    KITH_AUTO(kith_buf) frame = {0};

    assert_int_equal(proto_error_encode(&body, &error), KITH_OK);
    assert_int_equal(
        proto_frame_encode(&frame, PROTO_ERROR, request->number, kith_bytes_of_buf(&body)),
        KITH_OK);
    kith_ignore(party_feed(p, request->link, kith_bytes_of_buf(&frame)));
}

void
home_request_done(home_request *request)
{
    kith_buf_done(&request->body);
}

bool
party_has_held(const party *p, uint8_t type)
{
    for (size_t i = 0; i < p->held_count; i++) {
        if (p->held[i].type == type) {
            return true;
        }
    }
    return false;
}

home_request
party_take(party *p, uint8_t type)
{
    for (size_t i = 0; i < p->held_count; i++) {
        if (p->held[i].type == type) {
            const home_request request = p->held[i];
            p->held_count--;
            memmove(&p->held[i], &p->held[i + 1], (p->held_count - i) * sizeof p->held[0]);
            return request;
        }
    }
    fail_msg("no %s was asked", proto_type_name(type));
    return (home_request){0};
}

/* ---- Dispatch ---- */

static void
take_request(party *p, core_link link, const proto_frame *frame)
{
    home_request request = {.link = link, .type = frame->type, .number = frame->request};
    KITH_AUTO(kith_buf) answer = {0};
    KITH_AUTO(kith_buf) body = {0};

    assert_int_equal(kith_buf_set(&body, frame->body), KITH_OK);
    p->seen[frame->type]++;
    if (p->home->hold[frame->type]) {
        request.body = kith_buf_take(&body);
        assert_true(p->held_count < 256);
        p->held[p->held_count++] = request;
        return;
    }
    kith_err err = p->home->refuse[frame->type];
    if (err == KITH_OK) {
        err = home_answer(p, frame->type, kith_bytes_of_buf(&body), &answer);
    }
    /* A push that came first may have ended the connection. */
    if (!p->is_up[link]) {
        return;
    }
    if (err == KITH_OK) {
        party_answer(p, &request, kith_bytes_of_buf(&answer));
    } else {
        party_refuse(p, &request, err);
    }
}

static bool
take_frame(party *p, core_link link)
{
    proto_frame frame = {0};
    size_t used = 0;
    KITH_AUTO(kith_buf) copy = {0};

    assert_int_equal(
        proto_frame_take(kith_bytes_of_buf(&p->in[link]), PROTO_FRAME_MAX, &frame, &used), KITH_OK);
    if (used == 0) {
        return false;
    }
    assert_int_equal(kith_buf_set(&copy, frame.body), KITH_OK);
    frame.body = kith_bytes_of_buf(&copy);
    kith_buf_drop_front(&p->in[link], used);
    take_request(p, link, &frame);
    return true;
}

static bool
take_packet(party *p)
{
    KITH_AUTO(kith_buf) packet = {0};
    core_link link = CORE_LINK_NAMED;

    if (!core_next_packet(p->core, &link, &packet)) {
        return false;
    }
    assert_true(p->is_up[link]);
    assert_int_equal(kith_buf_append(&p->in[link], kith_bytes_of_buf(&packet)), KITH_OK);
    return true;
}

static bool
take_dial(party *p)
{
    static const uint8_t any[32];
    const uint8_t exporter[32] = {7};
    core_dial dial = {0};

    if (!core_next_dial(p->core, &dial)) {
        return false;
    }
    p->dials[dial.link]++;
    assert_false(p->is_up[dial.link]);
    if (p->home->is_down) {
        core_link_lost(p->core, dial.link, CORE_LOST_UNREACHABLE, p->home->now_ms);
        return true;
    }
    if (memcmp(dial.server_key, any, sizeof any) == 0) {
        core_link_identity(p->core, dial.link, p->server_key);
    } else if (memcmp(dial.server_key, p->server_key, sizeof p->server_key) != 0) {
        core_link_lost(p->core, dial.link, CORE_LOST_WRONG_PIN, p->home->now_ms);
        return true;
    }
    p->is_up[dial.link] = true;
    if (core_link_up(p->core, dial.link, exporter, p->home->now_ms) != KITH_OK) {
        drop_connection(p, dial.link);
    }
    return true;
}

static bool
take_hangup(party *p)
{
    core_link link = CORE_LINK_NAMED;

    if (!core_next_hangup(p->core, &link)) {
        return false;
    }
    drop_connection(p, link);
    return true;
}

static bool
take_event(party *p)
{
    core_event event = {0};

    if (!core_next_event(p->core, &event)) {
        return false;
    }
    assert_true(p->event_count < HOME_EVENTS);
    p->events[p->event_count++] = event;
    return true;
}

static bool
step_party(party *p)
{
    if (take_hangup(p) || take_event(p) || take_dial(p) || take_packet(p)) {
        return true;
    }
    if (take_frame(p, CORE_LINK_NAMED) || take_frame(p, CORE_LINK_ANON)) {
        return true;
    }
    if (core_deadline(p->core) <= p->home->now_ms) {
        kith_ignore(core_tick(p->core, p->home->now_ms));
        return true;
    }
    return false;
}

void
home_run(home *h)
{
    bool busy = true;

    for (size_t round = 0; busy; round++) {
        assert_true(round < ROUNDS_MAX);
        busy = false;
        for (size_t i = 0; i < h->party_count; i++) {
            busy = step_party(&h->parties[i]) || busy;
        }
    }
}

static uint64_t
next_deadline(const home *h)
{
    uint64_t deadline = UINT64_MAX;

    for (size_t i = 0; i < h->party_count; i++) {
        const uint64_t own = core_deadline(h->parties[i].core);
        deadline = own < deadline ? own : deadline;
    }
    return deadline;
}

void
home_pass(home *h, uint64_t ms)
{
    const uint64_t end = h->now_ms + ms;

    home_run(h);
    while (next_deadline(h) <= end) {
        h->now_ms = next_deadline(h);
        home_run(h);
    }
    h->now_ms = end;
    home_run(h);
}

/* ---- Events ---- */

size_t
party_events(party *p, core_event_kind kind)
{
    size_t count = 0;

    while (take_event(p)) {
    }
    for (size_t i = 0; i < p->event_count; i++) {
        count += p->events[i].kind == kind ? 1 : 0;
    }
    return count;
}

const core_event *
party_event(party *p, core_event_kind kind)
{
    while (take_event(p)) {
    }
    for (size_t i = p->event_count; i > 0; i--) {
        if (p->events[i - 1].kind == kind) {
            return &p->events[i - 1];
        }
    }
    fail_msg("no event of kind %d", (int)kind);
    return NULL;
}

kith_err
party_op(party *p, uint64_t op)
{
    while (take_event(p)) {
    }
    for (size_t i = 0; i < p->event_count; i++) {
        if (p->events[i].kind == CORE_EVENT_OP_DONE && p->events[i].op == op) {
            return p->events[i].err;
        }
    }
    return KITH_ERR_COUNT;
}

bool
party_alarm(party *p, const char *what)
{
    while (take_event(p)) {
    }
    for (size_t i = 0; i < p->event_count; i++) {
        if (p->events[i].kind == CORE_EVENT_ALARM && strcmp(p->events[i].text, what) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- Accounts ---- */

void
home_link(home *h, kith_buf *out)
{
    proto_link link = {.address = {.host = "home.example", .port = 5484},
                       .kind = PROTO_LINK_OPERATOR,
                       .secret = {1, 2, 3}};

    memcpy(link.server_key, h->server_key, sizeof link.server_key);
    assert_int_equal(proto_link_encode(out, &link), KITH_OK);
}

kith_err
party_join(party *p, kith_bytes link, const char *name, uint64_t *op)
{
    const core_join join = {
        .link = link,
        .name = kith_bytes_of_text(name),
        .device_name = kith_bytes_of_text("laptop"),
        .text = kith_bytes_of_text("hello"),
    };

    return core_join_link(p->core, &join, p->home->now_ms, op);
}

void
home_join(party *p, const char *name)
{
    KITH_AUTO(kith_buf) link = {0};
    uint64_t op = 0;

    home_link(p->home, &link);
    assert_int_equal(party_join(p, kith_bytes_of_buf(&link), name, &op), KITH_OK);
    home_run(p->home);
    assert_int_equal(party_op(p, op), KITH_OK);
    assert_int_equal(core_account_get(p->core).state, CORE_ACCOUNT_READY);
}
