/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The directory's log with threads as a kithd has them, on real files: one makes accounts and puts lists through the
 * writer's thread, others look up what there is over readers of their own and check that the log only grows.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "fakes/fake_log.h"
#include "store/store.h"

#define NAME "kithd.db"

enum { ACCOUNTS = 60, LOOKERS = 2 };

/* Checks of other threads than cmocka's. */
static void
must(bool is_true, const char *what)
{
    if (!is_true) {
        (void)fprintf(stderr, "%s\n", what);
        abort();
    }
}

static void
must_ok(kith_err err, const char *what)
{
    if (err != KITH_OK) {
        (void)fprintf(stderr, "%s: %s\n", what, kith_err_name(err));
        abort();
    }
}

typedef struct scene {
    char folder[64];
    char path[128];
    fake_log log;
    crypto *crypto;
    store_relay *store;
    store_writer *writer;
    uint8_t ids[ACCOUNTS][PROTO_ID_LEN];
    _Atomic size_t made; /* of them, answered */
    _Atomic bool is_over;
} scene;

static uint64_t
wall_ms(void *ctx)
{
    struct timespec t;

    (void)ctx;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static const kith_clock clock_port = {.wall_ms = wall_ms, .steady_ms = wall_ms};

/* ---- A loop ---- */

typedef struct loop {
    scene *scene;
    crypto *crypto;
    store_relay *reader;
    store_mailbox *box;
    relay *relay;
    relay_session *session;
    uint32_t request;
    kith_buf in;
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool has_news;
} loop;

static void
wake(void *ctx)
{
    loop *l = ctx;

    (void)pthread_mutex_lock(&l->lock);
    l->has_news = true;
    (void)pthread_cond_signal(&l->news);
    (void)pthread_mutex_unlock(&l->lock);
}

static void
send_body(loop *l, uint8_t type, const kith_buf *body)
{
    KITH_AUTO(kith_buf) frame = {0};

    must_ok(proto_frame_encode(&frame, type, ++l->request, kith_bytes_of_buf(body)), "frame");
    must_ok(relay_session_recv(l->session, kith_bytes_of_buf(&frame), wall_ms(NULL)), "recv");
}

/* The answer that came, which borrows from `in`; none: the type is 0. */
static proto_frame
take_answer(loop *l)
{
    proto_frame frame = {0};
    size_t used = 0;

    l->in.len = 0;
    while (relay_session_has_output(l->session)) {
        must_ok(relay_session_fill(l->session, wall_ms(NULL), 65536, &l->in), "fill");
    }
    if (l->in.len > 0) {
        must_ok(proto_frame_take(kith_bytes_of_buf(&l->in), PROTO_FRAME_MAX, &frame, &used),
                "take");
        must(frame.type != PROTO_ERROR, "refused");
    }
    return frame;
}

static void
loop_open(loop *l, scene *s, bool writes)
{
    KITH_AUTO(kith_buf) body = {0};
    const store_relay_options options = {.is_reader = true};
    const relay_peer peer = {.source = 1};
    const proto_hello hello = {1, 1};

    *l = (loop){.scene = s};
    (void)pthread_mutex_init(&l->lock, NULL);
    (void)pthread_cond_init(&l->news, NULL);
    must_ok(crypto_new(NULL, &l->crypto), "crypto");
    must_ok(store_relay_open(s->path, &options, &l->reader), "reader");
    if (writes) {
        must_ok(store_mailbox_new(s->writer, wake, l, &l->box), "mailbox");
    }
    relay_env env = {.rng = crypto_rng(),
                     .crypto = l->crypto,
                     .reader = store_relay_port(l->reader),
                     .owner = l->box};
    env.config.has_operator_ticket = true;
    env.config.log = &s->log.log;
    for (size_t i = 0; i < RELAY_RATIONS; i++) {
        env.config.rations[i] = (relay_ration){1u << 20, 1};
    }
    must_ok(relay_new(&env, wall_ms(NULL), &l->relay), "relay");
    must_ok(relay_session_open(l->relay, &peer, wall_ms(NULL), &l->session), "session");
    must_ok(proto_hello_encode(&body, &hello), "hello");
    send_body(l, PROTO_HELLO, &body);
    (void)take_answer(l);
}

static void
loop_close(loop *l)
{
    relay_free(l->relay);
    store_mailbox_free(l->box);
    store_relay_free(l->reader);
    crypto_free(l->crypto);
    kith_buf_done(&l->in);
    (void)pthread_mutex_destroy(&l->lock);
    (void)pthread_cond_destroy(&l->news);
}

/* ---- Who looks up ---- */

static void
look_up(loop *l, const kt_client *client, kt_view *view, const uint8_t *id)
{
    KITH_AUTO(kith_buf) search = {0};
    KITH_AUTO(kith_buf) body = {0};
    uint8_t label[RELAY_LABEL_LEN] = {1};
    kt_request request = {.question = KT_SEARCH};
    proto_find in = {.have_version = 0};
    proto_find_answer answer = {0};
    kt_found found;

    memcpy(label + 1, id, PROTO_ID_LEN);
    memcpy(in.account_id, id, PROTO_ID_LEN);
    kt_request_prepare(view, NULL, &request);
    request.label = KITH_BYTES(label);
    must_ok(kt_request_encode(&request, &search), "search");
    in.search = kith_bytes_of_buf(&search);
    must_ok(proto_find_encode(&body, &in), "find");
    send_body(l, PROTO_LIST_FIND, &body);
    const proto_frame frame = take_answer(l);
    must(frame.type == (PROTO_LIST_FIND | PROTO_ANSWER), "no answer");
    must_ok(proto_find_answer_decode(frame.body, &answer), "answer");
    const kt_exchange exchange = {
        .request = &request, .response = answer.found, .now_ms = wall_ms(NULL)};
    must_ok(kt_client_search(client, &exchange, view, NULL, &found), "proof");
    must(!found.is_absent, "an account that was made is not there");
}

static void *
run_looker(void *ctx)
{
    scene *s = ctx;
    loop l;
    kt_view view = {.size = 0};
    size_t at = 0;
    uint64_t looked = 0;

    loop_open(&l, s, false);
    const kt_client client = {.crypto = l.crypto, .config = s->log.log.config};
    while (!s->is_over || looked < 10) {
        const size_t made = s->made;
        if (made > 0) {
            look_up(&l, &client, &view, s->ids[at % made]);
            look_up(&l, &client, &view, s->ids[made - 1]);
            at++;
            looked++;
        }
    }
    loop_close(&l);
    return NULL;
}

/* ---- Who writes ---- */

static void
create(loop *l, size_t number)
{
    KITH_AUTO(kith_buf) list = {0};
    KITH_AUTO(kith_buf) body = {0};
    scene *s = l->scene;
    crypto_sign_key *key = NULL;

    must_ok(crypto_sign_key_generate(l->crypto, CRYPTO_ED25519, crypto_rng(), &key), "key");
    const proto_device device = {.signature_key = crypto_sign_key_public(key)};
    const proto_list_draft draft = {.account_key = key, .devices = &device, .device_count = 1};
    must_ok(proto_list_make(l->crypto, &draft, &list), "list");
    must_ok(proto_account_id(l->crypto, crypto_sign_key_public(key), s->ids[number]), "id");
    crypto_sign_key_free(key);
    const proto_account_create in = {.list = kith_bytes_of_buf(&list)};
    must_ok(proto_account_create_encode(&body, &in), "create");
    send_body(l, PROTO_ACCOUNT_CREATE, &body);
    store_mailbox_submit(l->box, l->relay);
    (void)pthread_mutex_lock(&l->lock);
    while (!l->has_news) {
        (void)pthread_cond_wait(&l->news, &l->lock);
    }
    l->has_news = false;
    (void)pthread_mutex_unlock(&l->lock);
    store_mailbox_deliver(l->box, l->relay, wall_ms(NULL));
    must(take_answer(l).type == (PROTO_ACCOUNT_CREATE | PROTO_ANSWER), "not created");
    s->made = number + 1;
}

static void
scene_open(scene *s)
{
    const store_relay_options options = {0};
    bool left = true;

    memset(s, 0, sizeof *s);
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/kith-log-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(s->path, sizeof s->path, "%s/%s", s->folder, NAME);
    fake_log_init(&s->log, 1, 1);
    assert_ok(store_relay_open(s->path, &options, &s->store));
    const store_writer_options writer = {.store = s->store,
                                         .clock = &clock_port,
                                         .log = &s->log.log,
                                         .log_sign = s->log.sign,
                                         .rng = crypto_rng()};
    assert_ok(store_writer_new(&writer, &s->writer));
    while (left) {
        assert_ok(store_writer_catch_up(s->writer, &left));
    }
}

static void
scene_close(scene *s)
{
    static const char *const names[] = {NAME, NAME "-wal", NAME "-shm"};
    char path[192] = {0};

    store_writer_free(s->writer);
    store_relay_free(s->store);
    fake_log_done(&s->log);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", s->folder, names[i]);
        (void)unlink(path); /* may be gone already */
    }
    assert_int_equal(rmdir(s->folder), 0);
}

static void
loops_prove_what_was_answered_while_the_writer_goes_on(void **state)
{
    static scene s;
    pthread_t lookers[LOOKERS];
    loop l;
    (void)state;
    scene_open(&s);
    loop_open(&l, &s, true);
    assert_ok(store_writer_start(s.writer));
    for (size_t i = 0; i < LOOKERS; i++) {
        assert_int_equal(pthread_create(&lookers[i], NULL, run_looker, &s), 0);
    }

    for (size_t i = 0; i < ACCOUNTS; i++) {
        create(&l, i);
    }

    s.is_over = true;
    for (size_t i = 0; i < LOOKERS; i++) {
        assert_int_equal(pthread_join(lookers[i], NULL), 0);
    }
    store_writer_stop(s.writer);
    loop_close(&l);
    scene_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_prove_what_was_answered_while_the_writer_goes_on),
    };

    return cmocka_run_group_tests_name("store: the log with threads", tests, NULL, NULL);
}
