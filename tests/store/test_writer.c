/* SPDX-License-Identifier: MPL-2.0 */
/* The writer: many jobs in one commit, order, failing disks, and the thread with real files. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "fakes/fake_disk.h"
#include "store/store.h"

#define NAME "kithd.db"

/* One loop, by hand or waiting for the writer's thread. */
typedef struct scene {
    fake_disk *disk; /* NULL: real files */
    store_relay *store;
    store_relay *reader;
    store_writer *writer;
    store_mailbox *box;
    relay *relay;
    crypto *crypto;
    relay_session *session;
    kith_buf in;
    uint32_t request;
    pthread_mutex_t lock;
    pthread_cond_t news;
    size_t wakes;
} scene;

static uint64_t
wall_ms(void *ctx)
{
    (void)ctx;
    return UINT64_C(1800000000000);
}

static const kith_clock clock_port = {.wall_ms = wall_ms, .steady_ms = wall_ms};

static void
wake(void *ctx)
{
    scene *s = ctx;

    (void)pthread_mutex_lock(&s->lock);
    s->wakes++;
    (void)pthread_cond_signal(&s->news);
    (void)pthread_mutex_unlock(&s->lock);
}

static void
send_body(scene *s, uint8_t type, const kith_buf *body)
{
    KITH_AUTO(kith_buf) frame = {0};

    assert_ok(proto_frame_encode(&frame, type, ++s->request, kith_bytes_of_buf(body)));
    assert_ok(relay_session_recv(s->session, kith_bytes_of_buf(&frame), wall_ms(NULL)));
}

static void
open_session(scene *s)
{
    KITH_AUTO(kith_buf) body = {0};
    const proto_hello hello = {1, 1};
    const relay_peer peer = {.source = 1};

    assert_ok(relay_session_open(s->relay, &peer, wall_ms(NULL), &s->session));
    assert_ok(proto_hello_encode(&body, &hello));
    send_body(s, PROTO_HELLO, &body);
}

static void
open_scene(scene *s, const char *path)
{
    store_relay_options options = {.vfs = s->disk != NULL ? fake_disk_name(s->disk) : NULL};

    assert_int_equal(pthread_mutex_init(&s->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&s->news, NULL), 0);
    assert_ok(crypto_new(NULL, &s->crypto));
    assert_ok(store_relay_open(path, &options, &s->store));
    options.is_reader = true;
    assert_ok(store_relay_open(path, &options, &s->reader));
    const store_writer_options writer = {.store = s->store, .clock = &clock_port};
    assert_ok(store_writer_new(&writer, &s->writer));
    assert_ok(store_mailbox_new(s->writer, wake, s, &s->box));
    const relay_env env = {.rng = crypto_rng(),
                           .crypto = s->crypto,
                           .reader = store_relay_port(s->reader),
                           .owner = s->box};
    assert_ok(relay_new(&env, wall_ms(NULL), &s->relay));
    open_session(s);
}

static void
close_scene(scene *s)
{
    store_writer_stop(s->writer);
    relay_free(s->relay);
    store_mailbox_free(s->box);
    store_writer_free(s->writer);
    store_relay_free(s->reader);
    store_relay_free(s->store);
    crypto_free(s->crypto);
    kith_buf_done(&s->in);
    fake_disk_free(s->disk);
    (void)pthread_mutex_destroy(&s->lock);
    (void)pthread_cond_destroy(&s->news);
}

/* A conversation whose id and token are all `name`. */
static void
send_open(scene *s, uint8_t name)
{
    KITH_AUTO(kith_buf) body = {0};
    proto_conv_open in = {.readers = 1};
    uint8_t token[PROTO_ID_LEN] = {0};

    memset(token, name, sizeof token);
    memset(in.conv_id, name, sizeof in.conv_id);
    assert_ok(crypto_sha256(s->crypto, KITH_BYTES(token), in.token_hash));
    assert_ok(proto_conv_open_encode(&body, &in));
    send_body(s, PROTO_CONV_OPEN, &body);
}

static void
send_append(scene *s, uint8_t name, uint32_t id)
{
    KITH_AUTO(kith_buf) body = {0};
    proto_conv_append in = {.message = kith_bytes_of(&id, sizeof id)};

    memset(in.conv_id, name, sizeof in.conv_id);
    memset(in.token, name, sizeof in.token);
    memcpy(in.append_id, &id, sizeof id);
    assert_ok(proto_conv_append_encode(&body, &in));
    send_body(s, PROTO_CONV_APPEND, &body);
}

static void
send_subscribe(scene *s, uint8_t name)
{
    KITH_AUTO(kith_buf) body = {0};
    proto_conv_subscribe in = {.from_seq = 1};

    memset(in.conv_id, name, sizeof in.conv_id);
    memset(in.token, name, sizeof in.token);
    assert_ok(proto_conv_subscribe_encode(&body, &in));
    send_body(s, PROTO_CONV_SUBSCRIBE, &body);
}

/* Delivers, and takes what the session has. Gives the number of answers without and with an error, and checks that
 * entries come in order. */
typedef struct heard {
    size_t answers;
    size_t errors;
    uint64_t entries; /* seq of the last */
} heard;

static void
listen_to(scene *s, heard *h)
{
    size_t at = 0;

    store_mailbox_deliver(s->box, s->relay, wall_ms(NULL));
    while (relay_session_has_output(s->session)) {
        assert_ok(relay_session_fill(s->session, wall_ms(NULL), 65536, &s->in));
    }
    while (at < s->in.len) {
        proto_frame frame = {0};
        size_t used = 0;
        assert_ok(proto_frame_take(kith_bytes_of(s->in.data + at, s->in.len - at), PROTO_FRAME_MAX,
                                   &frame, &used));
        h->answers += frame.request != 0 && frame.type != PROTO_ERROR ? 1 : 0;
        h->errors += frame.type == PROTO_ERROR ? 1 : 0;
        if (frame.type == PROTO_ENTRY) {
            proto_entry entry = {0};
            assert_ok(proto_entry_decode(frame.body, &entry));
            assert_int_equal(entry.seq, h->entries + 1);
            h->entries = entry.seq;
        }
        at += used;
    }
    kith_buf_clear(&s->in);
}

static void
what_is_queued_is_one_batch_and_one_commit(void **state)
{
    (void)state;
    scene s = {.disk = fake_disk_new("writer")};
    heard h = {0};
    open_scene(&s, NAME);
    send_open(&s, 'a');
    for (uint32_t i = 1; i <= 20; i++) {
        send_append(&s, 'a', i);
    }

    assert_false(store_writer_run_once(s.writer));
    store_mailbox_submit(s.box, s.relay);
    assert_true(store_writer_run_once(s.writer));
    assert_false(store_writer_run_once(s.writer));

    assert_int_equal(s.wakes, 1);
    const store_writer_stats stats = store_writer_stats_of(s.writer);
    assert_int_equal(stats.jobs, 21);
    assert_int_equal(stats.batches, 1);
    assert_int_equal(stats.failed, 0);
    assert_ok(stats.last_error);
    listen_to(&s, &h);
    assert_int_equal(h.answers, 22); /* HELLO, too */
    close_scene(&s);
}

static void
nothing_is_answered_before_it_is_durable(void **state)
{
    (void)state;
    scene s = {.disk = fake_disk_new("writer")};
    heard h = {0};
    fake_rng fate;
    relay_conv conv = {0};
    fake_rng_init(&fate, 5);
    open_scene(&s, NAME);
    send_open(&s, 'a');
    send_append(&s, 'a', 1);
    store_mailbox_submit(s.box, s.relay);
    listen_to(&s, &h);
    assert_int_equal(h.answers, 1); /* HELLO's */
    assert_true(store_writer_run_once(s.writer));
    listen_to(&s, &h);
    assert_int_equal(h.answers, 3);

    /* The power goes now; the file is read again by somebody who knows nothing. */
    fake_disk_power_at(s.disk, 0);
    send_append(&s, 'a', 2);
    store_mailbox_submit(s.box, s.relay);
    assert_true(store_writer_run_once(s.writer));
    listen_to(&s, &h);
    assert_int_equal(h.errors, 1);
    fake_disk_crash(s.disk, &fate);
    store_relay *again = NULL;
    const store_relay_options options = {.vfs = fake_disk_name(s.disk)};
    assert_ok(store_relay_open(NAME, &options, &again));
    const relay_store *port = store_relay_port(again);
    uint8_t id[PROTO_ID_LEN] = {0};
    memset(id, 'a', sizeof id);
    assert_ok(port->conv_find(port->ctx, id, &conv));
    assert_int_equal(conv.next_seq, 2);
    store_relay_free(again);
    close_scene(&s);
}

static void
a_failed_batch_runs_once_more_one_by_one(void **state)
{
    (void)state;
    scene s = {.disk = fake_disk_new("writer")};
    heard h = {0};
    open_scene(&s, NAME);
    send_open(&s, 'a');
    send_subscribe(&s, 'a');
    store_mailbox_submit(s.box, s.relay);
    assert_true(store_writer_run_once(s.writer));
    listen_to(&s, &h);
    send_subscribe(&s, 'a');
    for (uint32_t i = 1; i <= 3; i++) {
        send_append(&s, 'a', i);
    }
    store_mailbox_submit(s.box, s.relay);

    fake_disk_fail_after(s.disk, FAKE_DISK_IOERR, 0, 1);
    assert_true(store_writer_run_once(s.writer));

    const size_t errors = h.errors; /* the first subscription came too early */
    listen_to(&s, &h);
    assert_int_equal(h.errors, errors);
    assert_int_equal(h.entries, 3);
    assert_ok(store_writer_stats_of(s.writer).last_error);
    assert_int_equal(store_writer_stats_of(s.writer).failed, 0);
    close_scene(&s);
}

static void
on_a_full_disk_everything_is_refused_and_nothing_announced_until_there_is_space(void **state)
{
    (void)state;
    scene s = {.disk = fake_disk_new("writer")};
    heard h = {0};
    open_scene(&s, NAME);
    send_open(&s, 'a');
    store_mailbox_submit(s.box, s.relay);
    assert_true(store_writer_run_once(s.writer));
    listen_to(&s, &h);
    send_subscribe(&s, 'a');
    for (uint32_t i = 1; i <= 3; i++) {
        send_append(&s, 'a', i);
    }
    store_mailbox_submit(s.box, s.relay);

    fake_disk_fail_after(s.disk, FAKE_DISK_FULL, 0, 100000);
    assert_true(store_writer_run_once(s.writer));
    listen_to(&s, &h);
    assert_int_equal(h.errors, 3);
    assert_int_equal(h.entries, 0);
    assert_int_equal(store_writer_stats_of(s.writer).failed, 3);
    assert_err(store_writer_stats_of(s.writer).last_error, KITH_ERR_STORE);

    fake_disk_fail_after(s.disk, FAKE_DISK_FULL, FAKE_DISK_NEVER, 0);
    send_append(&s, 'a', 1);
    store_mailbox_submit(s.box, s.relay);
    assert_true(store_writer_run_once(s.writer));
    listen_to(&s, &h);
    assert_int_equal(h.errors, 3);
    assert_int_equal(h.entries, 1);
    close_scene(&s);
}

static void
what_is_not_delivered_is_freed_with_the_mailbox(void **state)
{
    (void)state;
    scene s = {.disk = fake_disk_new("writer")};
    open_scene(&s, NAME);
    send_open(&s, 'a');
    send_append(&s, 'a', 1);
    store_mailbox_submit(s.box, s.relay);
    assert_true(store_writer_run_once(s.writer));
    send_append(&s, 'a', 2);
    store_mailbox_submit(s.box, s.relay);
    close_scene(
        &s); /* one job is done and not delivered, one is queued; the leak checker looks on */
    store_writer_free(NULL);
    store_mailbox_free(NULL);
    store_relay_free(NULL);
}

/* ---- The thread ---- */

static void
wait_for(scene *s, heard *h, size_t answers)
{
    while (h->answers + h->errors < answers) {
        (void)pthread_mutex_lock(&s->lock);
        while (s->wakes == 0) {
            assert_int_equal(pthread_cond_wait(&s->news, &s->lock), 0);
        }
        s->wakes = 0;
        (void)pthread_mutex_unlock(&s->lock);
        listen_to(s, h);
    }
}

static void
remove_files(const char *folder)
{
    static const char *const names[] = {NAME, NAME "-wal", NAME "-shm"};
    char path[128] = {0};

    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path); /* may be gone already */
    }
    assert_int_equal(rmdir(folder), 0);
}

static void
the_thread_answers_in_order_and_finishes_what_is_queued_when_it_stops(void **state)
{
    (void)state;
    char folder[] = "/tmp/kith-writer-XXXXXX";
    char path[128] = {0};
    scene s = {0};
    heard h = {0};
    const size_t rounds = 30;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/%s", folder, NAME);
    open_scene(&s, path);
    assert_ok(store_writer_start(s.writer));
    assert_err(store_writer_start(s.writer), KITH_ERR_INVALID);
    send_open(&s, 'a');
    store_mailbox_submit(s.box, s.relay);
    wait_for(&s, &h, 2);
    send_subscribe(&s, 'a');
    listen_to(&s, &h);

    for (size_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < 20; i++) {
            send_append(&s, 'a', (uint32_t)round * 20 + i + 1);
            store_mailbox_submit(s.box, s.relay);
        }
        wait_for(&s, &h, 3 + (round + 1) * 20);
    }
    send_append(&s, 'a', 100000);
    store_mailbox_submit(s.box, s.relay);
    store_writer_stop(s.writer);
    listen_to(&s, &h);

    assert_int_equal(h.errors, 0);
    assert_int_equal(h.entries, rounds * 20 + 1);
    close_scene(&s);
    remove_files(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_queued_is_one_batch_and_one_commit),
        cmocka_unit_test(nothing_is_answered_before_it_is_durable),
        cmocka_unit_test(a_failed_batch_runs_once_more_one_by_one),
        cmocka_unit_test(
            on_a_full_disk_everything_is_refused_and_nothing_announced_until_there_is_space),
        cmocka_unit_test(what_is_not_delivered_is_freed_with_the_mailbox),
        cmocka_unit_test(the_thread_answers_in_order_and_finishes_what_is_queued_when_it_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
