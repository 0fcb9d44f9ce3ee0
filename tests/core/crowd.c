/* SPDX-License-Identifier: MPL-2.0 */
/* Accounts, devices and time of a crowd. */
#include "core/crowd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

crowd *
crowd_new(void)
{
    crowd *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->now_ms = CROWD_START_MS;
    fake_rng_init(&w->rng, 42);
    assert_int_equal(crypto_new(NULL, &w->crypto), KITH_OK);
    return w;
}

static void
member_free(member *m)
{
    core_free(m->core);
    assert_int_equal(m->alloc.live_blocks, 0);
    fake_store_free(m->store);
    crypto_sign_key_free(m->key);
    for (size_t i = 0; i < m->queued; i++) {
        kith_buf_done(&m->queue[i].body);
    }
    for (size_t i = 0; i < m->blob_count; i++) {
        kith_buf_done(&m->blobs[i]);
        kith_buf_done(&m->refs[i]);
    }
    for (size_t i = 0; i < m->inbox_count; i++) {
        kith_buf_done(&m->inbox[i]);
    }
    for (size_t i = 0; i < CROWD_ACCOUNTS; i++) {
        kith_buf_done(&m->forged[i]);
    }
    free(m);
}

void
crowd_free(crowd *w)
{
    for (size_t i = 0; i < w->member_count; i++) {
        member_free(w->members[i]);
    }
    for (size_t i = 0; i < w->account_count; i++) {
        crypto_sign_key_free(w->accounts[i].key);
        for (size_t k = 0; k < CROWD_VERSIONS; k++) {
            kith_buf_done(&w->accounts[i].lists[k]);
        }
    }
    for (size_t i = 0; i < w->log_count; i++) {
        for (size_t k = 0; k < w->logs[i].count; k++) {
            kith_buf_done(&w->logs[i].entries[k].message);
        }
    }
    crypto_free(w->crypto);
    free(w);
}

/* ---- Accounts and lists ---- */

/* The next list of the account: its present members but `without`. */
static void
publish(crowd *w, size_t account, const member *without)
{
    crowd_account *a = &w->accounts[account];
    proto_device devices[PROTO_DEVICES_MAX] = {0};
    proto_list_draft draft = {.account_key = a->key, .devices = devices, .issued_ms = w->now_ms};

    for (size_t i = 0; i < w->member_count; i++) {
        const member *m = w->members[i];
        if (m->account == account && m != without && !m->is_unlisted) {
            devices[draft.device_count].signature_key = crypto_sign_key_public(m->key);
            devices[draft.device_count++].added_ms = w->now_ms;
        }
    }
    if (a->version > 0) {
        draft.previous = kith_bytes_of_buf(&a->lists[a->version - 1]);
    }
    assert_int_equal(proto_list_make(w->crypto, &draft, &a->lists[a->version]), KITH_OK);
    a->version++;
    assert_true(a->version < CROWD_VERSIONS);
}

static member *
member_new(crowd *w, size_t account)
{
    member *m = calloc(1, sizeof *m);
    const kith_rng rng = fake_rng_port(&w->rng);

    assert_non_null(m);
    assert_true(w->member_count < CROWD_MEMBERS);
    m->crowd = w;
    m->account = account;
    fake_rng_init(&m->rng, 1000 + w->member_count);
    fake_alloc_init(&m->alloc);
    m->store = fake_store_new();
    assert_int_equal(crypto_sign_key_generate(w->crypto, CRYPTO_ED25519, &rng, &m->key), KITH_OK);
    assert_int_equal(proto_device_id(w->crypto, crypto_sign_key_public(m->key), m->device),
                     KITH_OK);
    w->members[w->member_count++] = m;
    return m;
}

member *
crowd_account_add(crowd *w)
{
    crowd_account *a = &w->accounts[w->account_count];
    const kith_rng rng = fake_rng_port(&w->rng);

    assert_true(w->account_count < CROWD_ACCOUNTS);
    assert_int_equal(crypto_sign_key_generate(w->crypto, CRYPTO_ED25519, &rng, &a->key), KITH_OK);
    assert_int_equal(proto_account_id(w->crypto, crypto_sign_key_public(a->key), a->id), KITH_OK);
    w->account_count++;
    return crowd_device_add(w, w->account_count - 1);
}

member *
crowd_device_add(crowd *w, size_t account)
{
    member *m = member_new(w, account);

    publish(w, account, NULL);
    m->known[account] = w->accounts[account].version;
    member_start(m);
    member_connect(m);
    return m;
}

member *
crowd_intruder_add(crowd *w, size_t account)
{
    member *m = member_new(w, account);

    m->is_unlisted = true;
    m->known[account] = w->accounts[account].version;
    member_start(m);
    member_connect(m);
    return m;
}

void
crowd_device_drop(crowd *w, member *gone)
{
    publish(w, gone->account, gone);
}

void
crowd_befriend(crowd *w)
{
    for (size_t i = 0; i < w->member_count; i++) {
        for (size_t k = 0; k < w->account_count; k++) {
            w->members[i]->people[k] = CORE_PERSON_CONTACT;
        }
    }
}

/* ---- Devices ---- */

void
member_start(member *m)
{
    const core_env env = {.alloc = &m->alloc.port,
                          .rng = fake_rng_port(&m->rng),
                          .crypto = m->crowd->crypto,
                          .store = fake_store_port(m->store),
                          .suite = MLS_SUITE_X25519_AES128_ED25519};

    assert_int_equal(core_new(&env, m->crowd->now_ms, &m->core), KITH_OK);
}

static void
drop_connection(member *m)
{
    for (size_t i = 0; i < m->queued; i++) {
        kith_buf_done(&m->queue[i].body);
    }
    m->queued = 0;
    m->sub_count = 0;
    m->inbox_live = false;
    m->online = false;
}

void
member_restart(member *m)
{
    drop_connection(m);
    core_free(m->core);
    m->core = NULL;
    m->take_count = 0;
    memset(m->wanted, 0, sizeof m->wanted);
    fake_store_crash(m->store);
    member_start(m);
    member_connect(m);
}

/* Whatever happens to connections happens in a transaction, and the pumps look at it. */
static void
tell_connections(member *m)
{
    assert_int_equal(core_txn_begin(m->core, m->crowd->now_ms), KITH_OK);
    core_convs_link_changed(m->core, CORE_LINK_ANON);
    core_convs_link_changed(m->core, CORE_LINK_NAMED);
    assert_int_equal(core_txn_end(m->core, KITH_OK), KITH_OK);
}

void
member_connect(member *m)
{
    m->online = true;
    m->inbox_pushed = m->inbox_acked;
    tell_connections(m);
}

void
member_disconnect(member *m)
{
    drop_connection(m);
    tell_connections(m);
}

void
member_learn(member *m, size_t account)
{
    m->known[account] = m->crowd->accounts[account].version;
    assert_int_equal(core_txn_begin(m->core, m->crowd->now_ms), KITH_OK);
    const kith_err err = core_conv_on_list(m->core, m->crowd->accounts[account].id, KITH_OK);
    assert_int_equal(core_txn_end(m->core, err), KITH_OK);
}

/* ---- Time ---- */

static bool
serve_member(member *m)
{
    bool some = false;

    while (!m->is_held && crowd_serve(m, false)) {
        some = true;
    }
    while (!m->is_deaf && crowd_push(m)) {
        some = true;
    }
    return stub_identity_serve(m) || some;
}

static void
count_alarms(member *m)
{
    core_event event;

    while (core_next_event(m->core, &event)) {
        m->alarms += event.kind == CORE_EVENT_ALARM ? 1 : 0;
    }
}

static bool
serve_all(crowd *w)
{
    bool some = false;

    for (size_t i = 0; i < w->member_count; i++) {
        some = serve_member(w->members[i]) || some;
        count_alarms(w->members[i]);
    }
    return some;
}

static uint64_t
next_deadline(const crowd *w)
{
    uint64_t at = UINT64_MAX;

    for (size_t i = 0; i < w->member_count; i++) {
        const uint64_t due = core_deadline(w->members[i]->core);
        at = due < at ? due : at;
    }
    return at;
}

static void
tick_all(crowd *w)
{
    for (size_t i = 0; i < w->member_count; i++) {
        if (core_deadline(w->members[i]->core) <= w->now_ms) {
            assert_int_equal(core_tick(w->members[i]->core, w->now_ms), KITH_OK);
        }
    }
}

void
crowd_run(crowd *w, uint64_t for_ms)
{
    const uint64_t until = w->now_ms + for_ms;
    size_t idle = 0;

    while (idle < 1000) {
        if (serve_all(w)) {
            idle = 0;
            continue;
        }
        const uint64_t at = next_deadline(w);
        if (at > until) {
            break;
        }
        w->now_ms = at > w->now_ms ? at : w->now_ms;
        tick_all(w);
        idle++;
    }
    assert_true(idle < 1000); /* something is due again and again */
    w->now_ms = until;
}

/* ---- What members do and see ---- */

static void
make_conv(crowd *w, member *m, const core_conv_new *in, uint8_t conv[CORE_CONV_LEN])
{
    assert_int_equal(core_txn_begin(m->core, w->now_ms), KITH_OK);
    assert_int_equal(core_txn_end(m->core, core_conv_create(m->core, in, conv)), KITH_OK);
}

void
crowd_direct(crowd *w, member *m, member *other, uint8_t conv[CORE_CONV_LEN])
{
    const core_conv_new in = {
        .kind = CORE_CHAT_DIRECT,
        .accounts = (const uint8_t(*)[CORE_ACCOUNT_LEN])w->accounts[other->account].id,
        .count = 1};

    make_conv(w, m, &in, conv);
    crowd_run(w, 5000);
    assert_int_equal(member_conv(m, conv)->state, CORE_CHAT_ACTIVE);
    assert_non_null(member_conv(other, conv));
}

void
crowd_group(crowd *w, member *m, uint8_t conv[CORE_CONV_LEN])
{
    uint8_t ids[CROWD_ACCOUNTS][CORE_ACCOUNT_LEN];
    const core_group in = {.title = kith_bytes_of_text("club"),
                           .accounts = (const uint8_t(*)[CORE_ACCOUNT_LEN])ids,
                           .count = w->account_count};

    for (size_t i = 0; i < w->account_count; i++) {
        memcpy(ids[i], w->accounts[i].id, sizeof ids[i]);
    }
    assert_int_equal(core_group_create(m->core, &in, w->now_ms, conv), KITH_OK);
    crowd_run(w, 5000);
    assert_int_equal(member_conv(m, conv)->roster.count, w->account_count);
}

uint64_t
member_say(member *m, const uint8_t conv[CORE_CONV_LEN], const char *text)
{
    core_text in = {.text = kith_bytes_of_text(text)};
    uint64_t n = 0;

    memcpy(in.conv, conv, sizeof in.conv);
    assert_int_equal(core_send(m->core, &in, m->crowd->now_ms, &n), KITH_OK);
    return n;
}

core_conv *
member_conv(const member *m, const uint8_t conv[CORE_CONV_LEN])
{
    return core_conv_find(m->core, conv);
}

char *
member_texts(member *m, const uint8_t conv[CORE_CONV_LEN])
{
    KITH_AUTO(core_message) message = {0};
    KITH_AUTO(kith_buf) all = {0};
    uint64_t n = 0;

    while (core_message_next(m->core, conv, &n, &message) == KITH_OK) {
        if (message.kind != CORE_MESSAGE_TEXT) {
            continue;
        }
        assert_int_equal(kith_buf_append(&all, kith_bytes_of_text(all.len > 0 ? " " : "")),
                         KITH_OK);
        assert_int_equal(kith_buf_append(&all, kith_bytes_of_buf(&message.text)), KITH_OK);
    }
    char *text = calloc(1, all.len + 1);
    assert_non_null(text);
    if (all.len > 0) {
        memcpy(text, all.data, all.len);
    }
    return text;
}

void
assert_texts(member *m, const uint8_t conv[CORE_CONV_LEN], const char *texts)
{
    char *found = member_texts(m, conv);

    assert_string_equal(found, texts);
    free(found);
}

core_message_state
member_state(member *m, const uint8_t conv[CORE_CONV_LEN], uint64_t n)
{
    KITH_AUTO(core_message) message = {0};

    assert_int_equal(core_message_get(m->core, conv, n, &message), KITH_OK);
    return message.state;
}

bool
member_has_line(member *m, const uint8_t conv[CORE_CONV_LEN], core_message_kind kind)
{
    KITH_AUTO(core_message) message = {0};
    uint64_t n = 0;

    while (core_message_next(m->core, conv, &n, &message) == KITH_OK) {
        if (message.kind == kind) {
            return true;
        }
    }
    return false;
}
