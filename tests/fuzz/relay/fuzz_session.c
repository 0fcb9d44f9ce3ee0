/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target for the whole of the server's mind: three connections (two anonymous, one logged in) send what the input
 * says, jobs run on a real store whose transaction is undone afterwards. The input is a row of steps,
 *
 *     uint8 what (4 bits: a step, 4 bits: the connection, modulo 3); and for SEND: uint8 type; uint8 length; body,
 *                                                       for BYTES: uint8 length; bytes
 *
 * Conversation 11..11 with token 22..22 is there from the start.
 */
#include <string.h>

#include "fakes/fake_disk.h"
#include "fakes/fake_log.h"
#include "fakes/fake_rng.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SESSIONS 3u
#define NAMED 2u
#define NOW_MS UINT64_C(1800000000000)

enum { SEND, BYTES, RUN, FILL, TICK, CLOSE, STEPS };

typedef struct stage {
    fake_disk *disk;
    fake_log log;
    relay_seal *seal;
    store_relay *store;
    const relay_store *port;
    fake_rng fake;
    kith_rng rng;
    crypto *crypto;
    crypto_sign_key *account_key;
    crypto_sign_key *device_key;
    uint8_t account_id[PROTO_ID_LEN];
    uint8_t device_id[PROTO_DEVICE_ID_LEN];
    relay *relay;
    relay_session *sessions[SESSIONS];
    uint32_t request;
    uint64_t now_ms;
} stage;

static void
must(kith_err err)
{
    if (err != KITH_OK) {
        __builtin_trap();
    }
}

/* ---- What was there before ---- */

static void
add_account(stage *s)
{
    KITH_AUTO(kith_buf) list = {0};
    uint64_t row = 0;

    must(crypto_sign_key_generate(s->crypto, CRYPTO_ED25519, &s->rng, &s->account_key));
    must(crypto_sign_key_generate(s->crypto, CRYPTO_ED25519, &s->rng, &s->device_key));
    must(proto_account_id(s->crypto, crypto_sign_key_public(s->account_key), s->account_id));
    must(proto_device_id(s->crypto, crypto_sign_key_public(s->device_key), s->device_id));
    proto_device device = {.signature_key = crypto_sign_key_public(s->device_key)};
    memcpy(device.device_id, s->device_id, sizeof device.device_id);
    const proto_list_draft draft = {
        .account_key = s->account_key, .devices = &device, .device_count = 1};
    must(proto_list_make(s->crypto, &draft, &list));
    must(s->port->account_add(s->port->ctx, s->account_id, &row));
    must(s->port->list_add(s->port->ctx, row, 1, kith_bytes_of_buf(&list)));
    must(s->port->devices_set(s->port->ctx, row, &device, 1));
}

static void
add_conv(stage *s)
{
    relay_conv conv = {.next_seq = 1, .first_seq = 1, .swept_seq = 1, .readers = 1};
    uint8_t token[PROTO_ID_LEN] = {0};

    memset(conv.id, 0x11, sizeof conv.id);
    memset(token, 0x22, sizeof token);
    must(crypto_sha256(s->crypto, KITH_BYTES(token), conv.token_hash));
    must(s->port->conv_add(s->port->ctx, &conv));
}

/* The account's list is in it. */
static void
add_log(stage *s)
{
    bool left = true;

    fake_log_init(&s->log, 1, 1);
    const relay_seal_env env = {.log = &s->log.log,
                                .sign = s->log.sign,
                                .crypto = s->crypto,
                                .rng = &s->rng,
                                .store = s->port};
    must(relay_seal_new(&env, &s->seal));
    must(s->port->begin(s->port->ctx));
    must(relay_seal_catch_up(s->seal, NOW_MS, &left));
    must(relay_seal_close(s->seal, NOW_MS));
    must(s->port->commit(s->port->ctx));
    relay_seal_settle(s->seal, true);
}

static void
set_up(stage *s)
{
    s->disk = fake_disk_new("fuzz");
    const store_relay_options options = {.vfs = fake_disk_name(s->disk)};
    must(store_relay_open("kithd.db", &options, &s->store));
    s->port = store_relay_port(s->store);
    fake_rng_init(&s->fake, 1);
    s->rng = fake_rng_port(&s->fake);
    must(crypto_new(NULL, &s->crypto));
    must(s->port->begin(s->port->ctx));
    add_account(s);
    add_conv(s);
    must(s->port->commit(s->port->ctx));
    add_log(s);
}

/* ---- Steps ---- */

static void
close_session(stage *s, size_t which)
{
    relay_session_close(s->sessions[which]);
    s->sessions[which] = NULL;
}

static void
give_bytes(stage *s, size_t which, kith_bytes bytes)
{
    if (s->sessions[which] != NULL &&
        relay_session_recv(s->sessions[which], bytes, s->now_ms) != KITH_OK) {
        close_session(s, which);
    }
}

static void
send_frame(stage *s, size_t which, uint8_t type, kith_bytes body)
{
    KITH_AUTO(kith_buf) frame = {0};

    must(proto_frame_encode(&frame, type, ++s->request, body));
    give_bytes(s, which, kith_bytes_of_buf(&frame));
}

/* Everything that is given must be whole frames: answers, errors or pushes. */
static void
fill(stage *s, size_t which)
{
    KITH_AUTO(kith_buf) out = {0};
    size_t at = 0;

    if (s->sessions[which] == NULL) {
        return;
    }
    const kith_err err = relay_session_fill(s->sessions[which], s->now_ms, 4096, &out);
    while (at < out.len) {
        proto_frame frame;
        size_t used = 0;
        must(proto_frame_take(kith_bytes_of(out.data + at, out.len - at), PROTO_FRAME_MAX, &frame,
                              &used));
        if (used == 0 || (frame.request == 0) != proto_type_is_push(frame.type)) {
            __builtin_trap();
        }
        at += used;
    }
    if (err != KITH_OK) {
        close_session(s, which);
    }
}

static void
run_jobs(stage *s)
{
    const relay_writer writer = {.store = s->port, .crypto = s->crypto, .seal = s->seal};

    for (relay_job *job = relay_next_job(s->relay); job != NULL; job = relay_next_job(s->relay)) {
        must(relay_job_run(job, &writer, s->now_ms));
        for (relay_notice *n = relay_job_take_notice(job); n != NULL;
             n = relay_job_take_notice(job)) {
            relay_notify(s->relay, n, s->now_ms);
            relay_notice_free(n);
        }
        relay_job_done(s->relay, job, s->now_ms);
    }
    must(relay_seal_close(s->seal, s->now_ms));
    for (relay_session *r = relay_next_ready(s->relay); r != NULL; r = relay_next_ready(s->relay)) {
        (void)relay_session_wants_bytes(r);
    }
}

static void
log_in(stage *s, size_t which)
{
    KITH_AUTO(kith_buf) signature = {0};
    KITH_AUTO(kith_buf) body = {0};
    proto_login_claim claim = {0};
    proto_login in = {0};

    memcpy(claim.account_id, s->account_id, sizeof claim.account_id);
    memcpy(claim.device_id, s->device_id, sizeof claim.device_id);
    must(proto_login_sign(s->crypto, s->device_key, &claim, &signature));
    memcpy(in.account_id, s->account_id, sizeof in.account_id);
    memcpy(in.device_id, s->device_id, sizeof in.device_id);
    in.signature = kith_bytes_of_buf(&signature);
    must(proto_login_encode(&body, &in));
    send_frame(s, which, PROTO_LOGIN, kith_bytes_of_buf(&body));
}

static void
open_sessions(stage *s)
{
    static const uint8_t hello[] = {0, 1, 0, 1};
    const relay_env env = {.rng = &s->rng,
                           .crypto = s->crypto,
                           .reader = s->port,
                           .config = {.is_keeper = true, .log = &s->log.log}};

    must(relay_new(&env, s->now_ms, &s->relay));
    for (size_t i = 0; i < SESSIONS; i++) {
        const relay_peer peer = {.source = i};
        must(relay_session_open(s->relay, &peer, s->now_ms, &s->sessions[i]));
        send_frame(s, i, PROTO_HELLO, KITH_BYTES(hello));
    }
    log_in(s, NAMED);
}

static kith_err
take_step(stage *s, kith_reader *r)
{
    uint8_t what = 0;
    uint8_t type = 0;
    kith_bytes bytes = {0};

    KITH_TRY(kith_read_u8(r, &what));
    const size_t which = (what & 15u) % SESSIONS;
    switch ((what >> 4) % STEPS) {
    case SEND:
        KITH_TRY(kith_read_u8(r, &type));
        KITH_TRY(kith_read_vec8(r, &bytes));
        send_frame(s, which, type, bytes);
        break;
    case BYTES:
        KITH_TRY(kith_read_vec8(r, &bytes));
        give_bytes(s, which, bytes);
        break;
    case RUN:
        run_jobs(s);
        break;
    case FILL:
        fill(s, which);
        break;
    case TICK:
        s->now_ms += 60000;
        relay_tick(s->relay, s->now_ms);
        break;
    default:
        close_session(s, which);
        break;
    }
    return KITH_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static stage s;
    kith_reader r = kith_reader_of(kith_bytes_of(data, len));

    if (s.store == NULL) {
        set_up(&s);
    }
    s.now_ms = NOW_MS;
    s.request = 0;
    must(s.port->begin(s.port->ctx));
    open_sessions(&s);
    while (!kith_reader_done(&r) && take_step(&s, &r) == KITH_OK) {
    }
    run_jobs(&s);
    for (size_t i = 0; i < SESSIONS; i++) {
        fill(&s, i);
        close_session(&s, i);
    }
    run_jobs(&s);
    relay_free(s.relay);
    s.port->rollback(s.port->ctx);
    relay_seal_settle(s.seal, false);
    return 0;
}
