/* SPDX-License-Identifier: MPL-2.0 */
/* What the scripted server answers, and accounts that are no cores. */
#include "core/home.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

/* ---- The directory's log ---- */

void
home_log_follow(home *h)
{
    const uint64_t now_ms = h->now_ms + (uint64_t)h->clock_ahead_ms;

    for (size_t i = 0; i < h->account_count && !h->log_is_frozen; i++) {
        const home_account *account = &h->accounts[i];
        for (uint64_t n = fake_directory_count(h->log, account->id); n < account->count; n++) {
            fake_directory_put(h->log, now_ms, account->id, kith_bytes_of_buf(&account->lists[n]));
        }
    }
    if (!h->log_is_frozen) {
        fake_directory_beat(h->log, now_ms);
    }
}

void
home_log_replace(home *h, fake_directory *log)
{
    fake_directory_free(h->log);
    h->log = log;
}

static kith_err
answer_log_config(const home *h, kith_buf *out)
{
    const proto_log_config_answer answer = {.log = fake_directory_signed(h->log)};

    return proto_log_config_answer_encode(out, &answer);
}

static kith_err
answer_log_ask(home *h, kith_bytes body, kith_buf *out)
{
    proto_log_ask ask = {0};
    KITH_AUTO(kith_buf) response = {0};

    assert_int_equal(proto_log_ask_decode(body, &ask), KITH_OK);
    home_log_follow(h);
    KITH_ENSURE(ask.question != KT_UPDATE || !h->log_hides_updates, KITH_ERR_NOT_FOUND);
    KITH_TRY(fake_directory_answer(h->log, (kt_question)ask.question, ask.request, &response));
    const proto_log_ask_answer answer = {.response = kith_bytes_of_buf(&response)};
    return proto_log_ask_answer_encode(out, &answer);
}

/* Those after `have`, without the newest, which is in the proof. */
static kith_err
answer_list_find(home *h, kith_bytes body, kith_buf *out)
{
    proto_find find = {0};
    KITH_AUTO(kith_buf) lists = {0};
    KITH_AUTO(kith_buf) found = {0};

    assert_int_equal(proto_find_decode(body, &find), KITH_OK);
    const home_account *account = home_account_of(h, find.account_id);
    home_log_follow(h);
    for (size_t i = 0; i < PROTO_LISTS_MAX && find.have_version + i + 1 < account->count; i++) {
        KITH_TRY(
            proto_blob_append(&lists, kith_bytes_of_buf(&account->lists[find.have_version + i])));
    }
    KITH_TRY(fake_directory_answer(h->log, KT_SEARCH, find.search, &found));
    const proto_find_answer answer = {.lists = kith_bytes_of_buf(&lists),
                                      .found = kith_bytes_of_buf(&found)};
    return proto_find_answer_encode(out, &answer);
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

/* ---- All of them ---- */

kith_err
home_answer(party *p, uint8_t type, kith_bytes body, kith_buf *out)
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
    case PROTO_LOG_CONFIG:
        return answer_log_config(p->home, out);
    case PROTO_LOG_ASK:
        return answer_log_ask(p->home, body, out);
    case PROTO_LIST_FIND:
        return answer_list_find(p->home, body, out);
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

static void
publish(home *h, ghost *g, crypto_sign_key *key)
{
    home_account *account = home_account_of(h, g->id);
    const proto_device device = {.signature_key = crypto_sign_key_public(g->device),
                                 .added_ms = h->now_ms};
    const proto_list_draft draft = {
        .account_key = key,
        .previous_key = key != g->key ? g->key : NULL,
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
ghost_list(home *h, ghost *g)
{
    publish(h, g, g->key);
}

void
ghost_rotate(home *h, ghost *g, uint64_t seed)
{
    crypto_sign_key *key = NULL;
    fake_rng rng;

    fake_rng_init(&rng, seed);
    const kith_rng port = fake_rng_port(&rng);
    assert_int_equal(crypto_sign_key_generate(h->crypto, CRYPTO_ED25519, &port, &key), KITH_OK);
    publish(h, g, key);
    crypto_sign_key_free(g->key);
    g->key = key;
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
