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
    memset(h->server_key, 0x42, sizeof h->server_key);
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

/* ---- Answers ---- */

home_account *
home_account_of(home *h, const uint8_t id[CORE_ACCOUNT_LEN])
{
    for (size_t i = 0; i < h->account_count; i++) {
        if (memcmp(h->accounts[i].id, id, CORE_ACCOUNT_LEN) == 0) {
            return &h->accounts[i];
        }
    }
    home_account *account = &h->accounts[h->account_count++];
    memcpy(account->id, id, CORE_ACCOUNT_LEN);
    return account;
}

static bool
is_listed(home *h, const uint8_t account[CORE_ACCOUNT_LEN], const uint8_t device[CORE_DEVICE_LEN])
{
    const home_account *found = home_account_of(h, account);
    proto_list list = {0};

    if (found->count == 0) {
        return false;
    }
    assert_int_equal(proto_list_decode(kith_bytes_of_buf(&found->lists[found->count - 1]), &list),
                     KITH_OK);
    return proto_list_find(&list, device) != NULL;
}

static kith_err
answer_login(party *p, kith_bytes body)
{
    proto_login login = {0};

    assert_int_equal(proto_login_decode(body, &login), KITH_OK);
    KITH_ENSURE(is_listed(p->home, login.account_id, login.device_id), KITH_ERR_DENIED);
    p->named = true;
    return KITH_OK;
}

/* Takes a list that follows what is kept, or is the newest again. */
static kith_err
keep_list(home *h, kith_bytes bytes)
{
    proto_list list = {0};

    assert_int_equal(proto_list_decode(bytes, &list), KITH_OK);
    home_account *account = home_account_of(h, list.account_id);
    if (account->count > 0 &&
        kith_bytes_equal(kith_bytes_of_buf(&account->lists[account->count - 1]), bytes)) {
        return KITH_OK;
    }
    if (account->count == 0) {
        KITH_TRY(proto_list_check_first(h->crypto, bytes, NULL, NULL));
    } else {
        KITH_TRY(proto_list_check_next(
            h->crypto, kith_bytes_of_buf(&account->lists[account->count - 1]), bytes, NULL));
    }
    assert_true(account->count < HOME_LISTS);
    return kith_buf_set(&account->lists[account->count++], bytes);
}

static kith_err
answer_create(party *p, kith_bytes body)
{
    proto_account_create create = {0};

    assert_int_equal(proto_account_create_decode(body, &create), KITH_OK);
    return keep_list(p->home, create.list);
}

static kith_err
answer_list_put(party *p, kith_bytes body)
{
    proto_list_put put = {0};

    assert_int_equal(proto_list_put_decode(body, &put), KITH_OK);
    return keep_list(p->home, put.list);
}

static kith_err
answer_list_get(party *p, kith_bytes body, kith_buf *out)
{
    proto_list_get get = {0};
    KITH_AUTO(kith_buf) lists = {0};

    assert_int_equal(proto_list_get_decode(body, &get), KITH_OK);
    const home_account *account = home_account_of(p->home, get.account_id);
    KITH_ENSURE(account->count > 0, KITH_ERR_NOT_FOUND);
    for (size_t i = 0; i < PROTO_LISTS_MAX && get.have_version + i < account->count; i++) {
        KITH_TRY(
            proto_blob_append(&lists, kith_bytes_of_buf(&account->lists[get.have_version + i])));
    }
    const proto_list_get_answer answer = {.lists = kith_bytes_of_buf(&lists)};
    return proto_list_get_answer_encode(out, &answer);
}

static kith_err
answer_kp_put(party *p, kith_bytes body, kith_buf *out)
{
    proto_kp_put put = {0};
    kith_bytes package = {0};

    assert_int_equal(proto_kp_put_decode(body, &put), KITH_OK);
    kith_reader r = kith_reader_of(put.one_time);
    p->kp_put_one_time = 0;
    while (!kith_reader_done(&r)) {
        assert_int_equal(proto_blob_next(&r, &package), KITH_OK);
        p->kp_put_one_time++;
    }
    p->kp_puts++;
    p->one_time = (uint16_t)(p->one_time + p->kp_put_one_time);
    p->last_resort = p->last_resort || put.last_resort.len > 0;
    const proto_kp_put_answer answer = {.one_time_count = p->one_time};
    return proto_kp_put_answer_encode(out, &answer);
}

static kith_err
answer_kp_count(party *p, kith_buf *out)
{
    const proto_kp_count_answer answer = {.one_time_count = p->one_time,
                                          .has_last_resort = p->last_resort};

    return proto_kp_count_answer_encode(out, &answer);
}

/* Every device that is asked for gets the same package, when there is one. */
static kith_err
answer_kp_take(party *p, kith_bytes body, kith_buf *out)
{
    proto_kp_take take = {0};
    KITH_AUTO(kith_buf) packages = {0};

    assert_int_equal(proto_kp_take_decode(body, &take), KITH_OK);
    for (size_t at = 0; p->home->package.len > 0 && at < take.device_ids.len;
         at += CORE_DEVICE_LEN) {
        proto_package package = {.key_package = kith_bytes_of_buf(&p->home->package)};
        memcpy(package.device_id, take.device_ids.data + at, CORE_DEVICE_LEN);
        KITH_TRY(proto_package_append(&packages, &package));
    }
    const proto_kp_take_answer answer = {.packages = kith_bytes_of_buf(&packages)};
    return proto_kp_take_answer_encode(out, &answer);
}

static kith_err
answer_hello(party *p, kith_buf *out)
{
    const proto_hello_answer answer = {
        .version = PROTO_VERSION,
        .server_time_ms = p->home->now_ms + (uint64_t)p->home->clock_ahead_ms,
        .frame_max = PROTO_FRAME_MAX,
    };

    return proto_hello_answer_encode(out, &answer);
}

/* ---- Rendezvous ---- */

static kith_err
answer_rdv_open(party *p, kith_buf *out)
{
    const proto_rdv_open_answer answer = {.number = p->home->rdv_number};

    p->home->rdv_opener = p;
    p->home->rdv_joiner = NULL;
    return proto_rdv_open_answer_encode(out, &answer);
}

static kith_err
answer_rdv_join(party *p, kith_bytes body)
{
    proto_rdv_join join = {0};

    assert_int_equal(proto_rdv_join_decode(body, &join), KITH_OK);
    KITH_ENSURE(p->home->rdv_opener != NULL && p->home->rdv_joiner == NULL &&
                    join.number == p->home->rdv_number,
                KITH_ERR_NOT_FOUND);
    p->home->rdv_joiner = p;
    return KITH_OK;
}

static kith_err
answer_rdv_send(party *p, kith_bytes body)
{
    home *h = p->home;
    party *other = h->rdv_opener == p ? h->rdv_joiner : h->rdv_opener;
    proto_rdv_send send = {0};
    KITH_AUTO(kith_buf) push = {0};

    assert_int_equal(proto_rdv_send_decode(body, &send), KITH_OK);
    KITH_ENSURE(other != NULL && (h->rdv_opener == p || h->rdv_joiner == p), KITH_ERR_NOT_FOUND);
    h->rdv_messages++;
    if (h->rdv_drop) {
        return KITH_OK;
    }
    const proto_rdv_message message = {.number = send.number, .body = send.body};
    assert_int_equal(proto_rdv_message_encode(&push, &message), KITH_OK);
    kith_ignore(party_push(other, CORE_LINK_NAMED, PROTO_RDV_MESSAGE, kith_bytes_of_buf(&push)));
    return KITH_OK;
}

static kith_err
answer_rdv_close(party *p)
{
    home *h = p->home;
    party *other = h->rdv_opener == p ? h->rdv_joiner : h->rdv_opener;
    const proto_rdv_closed closed = {.number = h->rdv_number};
    KITH_AUTO(kith_buf) body = {0};

    h->rdv_opener = NULL;
    h->rdv_joiner = NULL;
    assert_int_equal(proto_rdv_closed_encode(&body, &closed), KITH_OK);
    if (other != NULL && other->is_up[CORE_LINK_NAMED]) {
        kith_ignore(party_push(other, CORE_LINK_NAMED, PROTO_RDV_CLOSED, kith_bytes_of_buf(&body)));
    }
    return KITH_OK;
}

/* ---- Dispatch ---- */

static kith_err
make_answer(party *p, uint8_t type, kith_bytes body, kith_buf *out)
{
    switch (type) {
    case PROTO_HELLO:
        return answer_hello(p, out);
    case PROTO_LOGIN:
        return answer_login(p, body);
    case PROTO_ACCOUNT_CREATE:
        return answer_create(p, body);
    case PROTO_LIST_PUT:
        return answer_list_put(p, body);
    case PROTO_LIST_GET:
        return answer_list_get(p, body, out);
    case PROTO_KP_PUT:
        return answer_kp_put(p, body, out);
    case PROTO_KP_COUNT:
        return answer_kp_count(p, out);
    case PROTO_KP_TAKE:
        return answer_kp_take(p, body, out);
    case PROTO_RDV_OPEN:
        return answer_rdv_open(p, out);
    case PROTO_RDV_JOIN:
        return answer_rdv_join(p, body);
    case PROTO_RDV_SEND:
        return answer_rdv_send(p, body);
    case PROTO_RDV_CLOSE:
        return answer_rdv_close(p);
    default:
        return KITH_OK;
    }
}

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
        err = make_answer(p, frame->type, kith_bytes_of_buf(&body), &answer);
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

/* ---- Ghosts ---- */

void
ghost_make(home *h, ghost *g, uint64_t seed)
{
    fake_rng rng;

    fake_rng_init(&rng, seed);
    const kith_rng port = fake_rng_port(&rng);
    *g = (ghost){0};
    assert_int_equal(crypto_sign_key_generate(h->crypto, CRYPTO_ED25519, &port, &g->key), KITH_OK);
    assert_int_equal(crypto_sign_key_generate(h->crypto, CRYPTO_ED25519, &port, &g->device),
                     KITH_OK);
    assert_int_equal(proto_account_id(h->crypto, crypto_sign_key_public(g->key), g->id), KITH_OK);
    assert_int_equal(proto_device_id(h->crypto, crypto_sign_key_public(g->device), g->device_id),
                     KITH_OK);
}

void
ghost_done(ghost *g)
{
    crypto_sign_key_free(g->key);
    crypto_sign_key_free(g->device);
    *g = (ghost){0};
}

void
ghost_list(home *h, ghost *g)
{
    home_account *account = home_account_of(h, g->id);
    const proto_device device = {.signature_key = crypto_sign_key_public(g->device),
                                 .added_ms = h->now_ms};
    const proto_list_draft draft = {
        .account_key = g->key,
        .previous = account->count == 0 ? (kith_bytes){0}
                                        : kith_bytes_of_buf(&account->lists[account->count - 1]),
        .devices = &device,
        .device_count = 1,
        .issued_ms = h->now_ms,
    };

    assert_true(account->count < HOME_LISTS);
    assert_int_equal(proto_list_make(h->crypto, &draft, &account->lists[account->count]), KITH_OK);
    account->count++;
}

void
ghost_link(home *h, const ghost *g, kith_buf *out)
{
    proto_link link = {.address = {.host = "home.example", .port = 5484},
                       .kind = PROTO_LINK_PERSON,
                       .name = "Rose"};

    memcpy(link.server_key, h->server_key, sizeof link.server_key);
    memset(link.secret, GHOST_SECRET, sizeof link.secret);
    memcpy(link.account_key, crypto_sign_key_public(g->key).data, sizeof link.account_key);
    assert_int_equal(proto_link_encode(out, &link), KITH_OK);
}
