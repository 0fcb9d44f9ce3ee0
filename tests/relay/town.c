/* SPDX-License-Identifier: MPL-2.0 */
/* The town of town.h: wires relays, writer, store and clients together on one thread. */
#include <string.h>

#include "relay/town.h"

/* ---- The town ---- */

static uint64_t
wall_ms(void *ctx)
{
    return ((town *)ctx)->now_ms;
}

static void
wake(void *ctx)
{
    (void)ctx; /* town_run looks at every mailbox anyway */
}

static void
open_relay(town *t, size_t loop)
{
    assert_err(store_mailbox_new(t->writer, wake, NULL, &t->box[loop]), KITH_OK);
    t->env[loop].owner = t->box[loop];
    assert_err(relay_new(&t->env[loop], t->now_ms, &t->relay[loop]), KITH_OK);
}

static void
close_relays(town *t)
{
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        relay_free(t->relay[i]);
        store_mailbox_free(t->box[i]);
        t->relay[i] = NULL;
        t->box[i] = NULL;
    }
}

static void
open_stores(town *t)
{
    const store_relay_options writer = {.vfs = fake_disk_name(t->disk)};
    const store_relay_options reader = {.vfs = fake_disk_name(t->disk), .is_reader = true};

    assert_err(store_relay_open("kithd.db", &writer, &t->store), KITH_OK);
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        assert_err(store_relay_open("kithd.db", &reader, &t->reader[i]), KITH_OK);
    }
}

static void
open_writer(town *t)
{
    store_writer_options options = {.store = t->store, .clock = &t->clock};
    bool left = true;

    if (t->has_log) {
        options.log = &t->log.log;
        options.log_sign = t->log.sign;
        options.rng = &t->rng;
    }
    assert_err(store_writer_new(&options, &t->writer), KITH_OK);
    while (left) {
        assert_err(store_writer_catch_up(t->writer, &left), KITH_OK);
    }
}

/* Stores, writer and relays, from what is on the disk. */
static void
open_all(town *t)
{
    open_stores(t);
    open_writer(t);
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        relay_env *env = &t->env[i];
        *env = (relay_env){.alloc = &t->alloc.port,
                           .rng = &t->rng,
                           .crypto = t->crypto,
                           .reader = store_relay_port(t->reader[i])};
        env->config.loop = (uint16_t)i;
        env->config.is_keeper = i == 0;
        env->config.has_operator_ticket = true;
        env->config.log = t->has_log ? &t->log.log : NULL;
        memcpy(env->config.operator_ticket, t->operator_ticket, PROTO_ID_LEN);
        open_relay(t, i);
    }
}

static void
open_town(town *t, bool has_log)
{
    memset(t, 0, sizeof *t);
    fake_alloc_init(&t->alloc);
    fake_rng_init(&t->fake, 7);
    t->rng = fake_rng_port(&t->fake);
    t->now_ms = TOWN_START_MS;
    t->clock = (kith_clock){.wall_ms = wall_ms, .steady_ms = wall_ms, .ctx = t};
    memset(t->operator_ticket, 0x77, sizeof t->operator_ticket);
    assert_err(crypto_new(NULL, &t->crypto), KITH_OK);
    t->disk = fake_disk_new("town");
    t->has_log = has_log;
    fake_log_init(&t->log, 1, 1);
    open_all(t);
}

void
town_open(town *t)
{
    open_town(t, false);
}

void
town_open_logged(town *t)
{
    open_town(t, true);
}

void
town_restart(town *t)
{
    close_relays(t);
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        open_relay(t, i);
    }
}

static void
close_all(town *t)
{
    for (size_t i = 0; i < TOWN_CLIENTS; i++) {
        if (t->clients[i] != NULL) {
            client_close(t->clients[i]);
        }
    }
    town_run(t);
    close_relays(t);
    store_writer_free(t->writer);
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        store_relay_free(t->reader[i]);
    }
    store_relay_free(t->store);
}

void
town_crash(town *t)
{
    if (!fake_disk_is_off(t->disk)) {
        fake_disk_power_at(t->disk, 0);
    }
    close_all(t);
    fake_disk_crash(t->disk, &t->fake);
    open_all(t);
}

void
town_close(town *t)
{
    close_all(t);
    fake_disk_free(t->disk);
    fake_log_done(&t->log);
    crypto_free(t->crypto);
    assert_int_equal(t->alloc.live_blocks, 0);
    assert_int_equal(t->alloc.live_bytes, 0);
}

static void
listen_to(client *c)
{
    while (c->session != NULL && c->over == KITH_OK && !c->is_deaf &&
           (relay_session_has_output(c->session))) {
        const kith_err err = relay_session_fill(c->session, c->town->now_ms, 1000, &c->in);
        if (err != KITH_OK) {
            c->over = err;
        }
    }
}

/* A session that is ready: its client takes what it has, and learns when it is over. */
static void
look_at(relay_session *session)
{
    client *c = relay_session_owner(session);

    if (!relay_session_has_output(session) && !relay_session_wants_bytes(session) && !c->is_deaf) {
        const kith_err err = relay_session_fill(session, c->town->now_ms, 1000, &c->in);
        c->over = c->over == KITH_OK ? err : c->over;
    }
    listen_to(c);
}

static void
deliver(town *t, size_t loop)
{
    store_mailbox_deliver(t->box[loop], t->relay[loop], t->now_ms);
    for (relay_session *s = relay_next_ready(t->relay[loop]); s != NULL;
         s = relay_next_ready(t->relay[loop])) {
        look_at(s);
    }
}

void
town_run(town *t)
{
    bool worked = true;

    while (worked) {
        worked = false;
        for (size_t i = 0; i < TOWN_LOOPS; i++) {
            store_mailbox_submit(t->box[i], t->relay[i]);
        }
        while (store_writer_run_once(t->writer)) {
            worked = true;
        }
        for (size_t i = 0; i < TOWN_LOOPS; i++) {
            deliver(t, i);
        }
    }
}

void
town_pass(town *t, uint64_t ms)
{
    t->now_ms += ms;
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        relay_tick(t->relay[i], t->now_ms);
    }
    town_run(t);
}

/* ---- Clients ---- */

void
client_dial(town *t, client *c, size_t loop, uint64_t source)
{
    size_t place = 0;

    memset(c, 0, sizeof *c);
    while (t->clients[place] != NULL) {
        place++;
        assert_true(place < TOWN_CLIENTS);
    }
    t->clients[place] = c;
    c->town = t;
    c->loop = loop;
    assert_err(kith_rng_fill(&t->rng, c->exporter, sizeof c->exporter), KITH_OK);
    relay_peer peer = {.source = source, .owner = c};
    memcpy(peer.exporter, c->exporter, sizeof c->exporter);
    assert_err(relay_session_open(t->relay[loop], &peer, t->now_ms, &c->session), KITH_OK);
}

void
client_open(town *t, client *c, size_t loop, uint64_t source)
{
    const proto_hello hello = {.version_min = 1, .version_max = 1};

    client_dial(t, c, loop, source);
    assert_err(proto_hello_encode(client_body(c), &hello), KITH_OK);
    assert_err(client_ask(c, PROTO_HELLO), KITH_OK);
}

void
client_close(client *c)
{
    for (size_t i = 0; i < TOWN_CLIENTS; i++) {
        if (c->town->clients[i] == c) {
            c->town->clients[i] = NULL;
        }
    }
    relay_session_close(c->session);
    c->session = NULL;
    kith_buf_done(&c->body);
    kith_buf_done(&c->in);
    kith_buf_done(&c->answer);
}

void
client_listen(client *c)
{
    c->is_deaf = false;
    listen_to(c);
    town_run(c->town);
}

kith_buf *
client_body(client *c)
{
    kith_buf_clear(&c->body);
    return &c->body;
}

kith_err
client_bytes(client *c, kith_bytes bytes)
{
    const kith_err err = relay_session_recv(c->session, bytes, c->town->now_ms);

    if (err != KITH_OK) {
        /* The owner sends what is left and closes. */
        kith_ignore(relay_session_fill(c->session, c->town->now_ms, 1000, &c->in));
        c->over = err;
    }
    return err;
}

uint32_t
client_send(client *c, uint8_t type)
{
    KITH_AUTO(kith_buf) frame = {0};

    c->request++;
    assert_err(proto_frame_encode(&frame, type, c->request, kith_bytes_of_buf(&c->body)), KITH_OK);
    kith_ignore(client_bytes(c, kith_bytes_of_buf(&frame))); /* `over` has it */
    return c->request;
}

/* Takes the first frame out of what arrived for which `wanted` (a request, 0: a push) holds. */
static bool
take_frame(client *c, uint32_t wanted, uint8_t *type)
{
    size_t at = 0;

    while (at < c->in.len) {
        proto_frame frame = {0};
        size_t used = 0;
        assert_err(proto_frame_take(kith_bytes_of(c->in.data + at, c->in.len - at), PROTO_FRAME_MAX,
                                    &frame, &used),
                   KITH_OK);
        assert_true(used > 0);
        if (frame.request == wanted) {
            *type = frame.type;
            assert_err(kith_buf_set(&c->answer, frame.body), KITH_OK);
            memmove(c->in.data + at, c->in.data + at + used, c->in.len - at - used);
            c->in.len -= used;
            return true;
        }
        at += used;
    }
    return false;
}

bool
client_find_answer(client *c, uint32_t request, kith_err *out)
{
    uint8_t type = 0;

    if (!take_frame(c, request, &type)) {
        return false;
    }
    if (type != PROTO_ERROR) {
        assert_true((type & PROTO_ANSWER) != 0);
        *out = KITH_OK;
        return true;
    }
    assert_err(proto_error_decode(kith_bytes_of_buf(&c->answer), &c->error), KITH_OK);
    *out = proto_code_err(c->error.code);
    return true;
}

kith_err
client_ask(client *c, uint8_t type)
{
    kith_err err = KITH_ERR_INVALID;
    const uint32_t request = client_send(c, type);

    town_run(c->town);
    return client_find_answer(c, request, &err) ? err : KITH_ERR_OFFLINE;
}

uint8_t
client_push(client *c)
{
    uint8_t type = 0;

    return take_frame(c, 0, &type) ? type : 0;
}

/* ---- People ---- */

static void
make_list(person *p, unsigned mask, bool is_next)
{
    KITH_AUTO(kith_buf) list = {0};
    proto_device devices[PERSON_DEVICES] = {0};
    size_t count = 0;

    for (size_t i = 0; i < PERSON_DEVICES; i++) {
        if ((mask >> i & 1) != 0) {
            devices[count].signature_key = crypto_sign_key_public(p->device_key[i]);
            devices[count++].added_ms = p->town->now_ms;
        }
    }
    const proto_list_draft draft = {.account_key = p->account_key,
                                    .previous =
                                        is_next ? kith_bytes_of_buf(&p->list) : (kith_bytes){0},
                                    .devices = devices,
                                    .device_count = count,
                                    .issued_ms = p->town->now_ms};
    assert_err(proto_list_make(p->town->crypto, &draft, &list), KITH_OK);
    assert_err(kith_buf_set(&p->list, kith_bytes_of_buf(&list)), KITH_OK);
}

void
person_make(town *t, person *p, size_t devices)
{
    memset(p, 0, sizeof *p);
    p->town = t;
    p->device_count = devices;
    assert_err(crypto_sign_key_generate(t->crypto, CRYPTO_ED25519, &t->rng, &p->account_key),
               KITH_OK);
    assert_err(proto_account_id(t->crypto, crypto_sign_key_public(p->account_key), p->account_id),
               KITH_OK);
    for (size_t i = 0; i < PERSON_DEVICES; i++) {
        assert_err(crypto_sign_key_generate(t->crypto, CRYPTO_ED25519, &t->rng, &p->device_key[i]),
                   KITH_OK);
        assert_err(
            proto_device_id(t->crypto, crypto_sign_key_public(p->device_key[i]), p->device_id[i]),
            KITH_OK);
    }
    make_list(p, (1u << devices) - 1, false);
}

void
person_done(person *p)
{
    crypto_sign_key_free(p->account_key);
    for (size_t i = 0; i < PERSON_DEVICES; i++) {
        crypto_sign_key_free(p->device_key[i]);
    }
    kith_buf_done(&p->list);
}

void
person_next_list(person *p, unsigned mask)
{
    make_list(p, mask, true);
}

void
person_create(person *p)
{
    client c;
    proto_account_create in = {.list = kith_bytes_of_buf(&p->list)};

    memcpy(in.ticket, p->town->operator_ticket, PROTO_ID_LEN);
    client_open(p->town, &c, 0, 1000);
    assert_err(proto_account_create_encode(client_body(&c), &in), KITH_OK);
    assert_err(client_ask(&c, PROTO_ACCOUNT_CREATE), KITH_OK);
    client_close(&c);
}

kith_err
person_put_list(person *p, client *c)
{
    const proto_list_put in = {.list = kith_bytes_of_buf(&p->list)};

    assert_err(proto_list_put_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_LIST_PUT);
}

kith_err
person_log_in(person *p, client *c, size_t device)
{
    KITH_AUTO(kith_buf) signature = {0};
    proto_login_claim claim = {0};
    proto_login in = {0};

    memcpy(claim.exporter, c->exporter, sizeof claim.exporter);
    memcpy(claim.account_id, p->account_id, sizeof claim.account_id);
    memcpy(claim.device_id, p->device_id[device], sizeof claim.device_id);
    assert_err(proto_login_sign(p->town->crypto, p->device_key[device], &claim, &signature),
               KITH_OK);
    memcpy(in.account_id, p->account_id, sizeof in.account_id);
    memcpy(in.device_id, p->device_id[device], sizeof in.device_id);
    in.signature = kith_bytes_of_buf(&signature);
    assert_err(proto_login_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_LOGIN);
}

/* ---- Conversations ---- */

void
talk_token(const talk *k, uint8_t epoch, uint8_t out[PROTO_ID_LEN])
{
    memset(out, k->seed, PROTO_ID_LEN);
    out[0] = epoch;
}

void
talk_token_hash(town *t, const talk *k, uint8_t epoch, uint8_t out[PROTO_ID_LEN])
{
    uint8_t token[PROTO_ID_LEN] = {0};

    talk_token(k, epoch, token);
    assert_err(crypto_sha256(t->crypto, KITH_BYTES(token), out), KITH_OK);
}

kith_err
talk_open(client *c, talk *k, uint8_t seed, uint16_t readers)
{
    proto_conv_open in = {.readers = readers};

    *k = (talk){.seed = seed, .readers = readers};
    memset(k->id, seed, sizeof k->id);
    memcpy(in.conv_id, k->id, sizeof in.conv_id);
    talk_token_hash(c->town, k, 0, in.token_hash);
    assert_err(proto_conv_open_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_CONV_OPEN);
}

static proto_conv_append
make_append(const talk *k, uint8_t epoch, uint32_t id)
{
    proto_conv_append in = {0};

    memcpy(in.conv_id, k->id, sizeof in.conv_id);
    talk_token(k, epoch, in.token);
    memcpy(in.append_id, &id, sizeof id);
    return in;
}

kith_err
talk_say(client *c, const talk *k, uint8_t epoch, uint32_t id, kith_bytes message)
{
    proto_conv_append in = make_append(k, epoch, id);

    in.message = message;
    assert_err(proto_conv_append_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_CONV_APPEND);
}

kith_err
talk_commit(client *c, const talk *k, uint8_t epoch, uint32_t id, uint64_t parent)
{
    proto_conv_append in = make_append(k, epoch, id);

    in.kind = PROTO_ENTRY_COMMIT;
    in.parent = parent;
    in.readers = k->readers;
    talk_token_hash(c->town, k, (uint8_t)(epoch + 1), in.next_token_hash);
    in.message = kith_bytes_of_text("commit");
    assert_err(proto_conv_append_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_CONV_APPEND);
}

kith_err
talk_subscribe(client *c, const talk *k, uint8_t epoch, uint64_t from)
{
    proto_conv_subscribe in = {.from_seq = from};

    memcpy(in.conv_id, k->id, sizeof in.conv_id);
    talk_token(k, epoch, in.token);
    assert_err(proto_conv_subscribe_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_CONV_SUBSCRIBE);
}

kith_err
talk_ack(client *c, const talk *k, uint8_t epoch, uint8_t reader, uint64_t seq)
{
    proto_conv_ack in = {.seq = seq};

    memcpy(in.conv_id, k->id, sizeof in.conv_id);
    talk_token(k, epoch, in.token);
    in.reader_id[0] = reader;
    assert_err(proto_conv_ack_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_CONV_ACK);
}

uint64_t
client_seq(const client *c)
{
    proto_conv_append_answer out = {0};

    assert_err(proto_conv_append_answer_decode(kith_bytes_of_buf(&c->answer), &out), KITH_OK);
    return out.seq;
}

proto_entry
client_entry(client *c)
{
    proto_entry entry = {0};

    assert_int_equal(client_push(c), PROTO_ENTRY);
    assert_err(proto_entry_decode(kith_bytes_of_buf(&c->answer), &entry), KITH_OK);
    return entry;
}
