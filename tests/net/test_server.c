/* SPDX-License-Identifier: MPL-2.0 */
/* The server against devices that are slow, silent, greedy or broken: each is dealt with, and a well-behaved one
 * beside them notices nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "net/caller.h"
#include "net/place.h"
#include "net/stream.h"
#include "net/stub.h"
#include "net/tls.h"

/* How long a well-behaved device may wait for the answer to a PING while others misbehave. */
#define PROMPT_MS 1500u

static void
assert_prompt(device *d)
{
    const uint64_t since = steady_ms();

    assert_true(device_ping(d));
    assert_true(steady_ms() - since < PROMPT_MS);
}

static void
a_device_says_hello_and_is_answered(void **state)
{
    place p;
    device d;

    (void)state;
    place_open(&p, NULL);
    device_open(&d, &p);
    assert_string_equal(SSL_get_version(d.ssl), "TLSv1.3");
    assert_string_equal(SSL_get0_group_name(d.ssl), "X25519MLKEM768");
    assert_true(device_ping(&d));
    device_close(&d);
    place_close(&p);
}

static void
the_pinned_client_and_the_server_fit(void **state)
{
    place p;
    caller c;

    (void)state;
    place_open(&p, NULL);
    caller_open(&c);
    caller_dial(&c, p.port, net_identity_public(p.identity));
    assert_int_equal(c.ups, 1);
    caller_close(&c);
    place_close(&p);
}

static void
refuse_handshake(place *p, SSL_CTX *ctx)
{
    device d;

    device_connect(&d, p);
    d.ctx = ctx;
    assert_false(device_handshake(&d));
    device_close(&d);
}

static void
tls_12_and_foreign_groups_are_refused(void **state)
{
    SSL_CTX *old = SSL_CTX_new(TLS_client_method());
    SSL_CTX *group = SSL_CTX_new(TLS_client_method());
    char list[] = "P-256";
    place p;

    (void)state;
    place_open(&p, NULL);
    SSL_CTX_set_max_proto_version(old, TLS1_2_VERSION);
    refuse_handshake(&p, old);
    SSL_CTX_set1_groups_list(group, list);
    refuse_handshake(&p, group);
    place_close(&p);
}

static void
a_device_without_our_protocol_is_refused(void **state)
{
    static const uint8_t alpn[] = {2, 'h', '2'};
    place p;
    device d;

    (void)state;
    place_open(&p, NULL);
    device_connect(&d, &p);
    d.ctx = SSL_CTX_new(TLS_client_method());
    d.ssl = SSL_new(d.ctx);
    SSL_set_alpn_protos(d.ssl, alpn, sizeof alpn);
    SSL_set_fd(d.ssl, d.fd);
    assert_int_not_equal(SSL_connect(d.ssl), 1);
    SSL_free(d.ssl);
    /* Without any ALPN the handshake itself may end well; nothing after it does. */
    close(d.fd);
    SSL_CTX *ctx = d.ctx;
    device_connect(&d, &p);
    d.ctx = ctx;
    d.ssl = SSL_new(d.ctx);
    SSL_set_fd(d.ssl, d.fd);
    if (SSL_connect(d.ssl) == 1) {
        assert_int_equal(device_next(&d, NULL), 0);
    }
    device_close(&d);
    place_close(&p);
}

static void
no_ticket_is_given(void **state)
{
    place p;
    device d;

    (void)state;
    place_open(&p, NULL);
    device_open(&d, &p);
    assert_true(device_ping(&d));
    assert_int_equal(SSL_SESSION_has_ticket(SSL_get0_session(d.ssl)), 0);
    device_close(&d);
    place_close(&p);
}

static void
garbage_instead_of_tls_ends_that_connection_only(void **state)
{
    uint8_t garbage[4096];
    place p;
    device good;
    device bad;

    (void)state;
    memset(garbage, 0x5a, sizeof garbage);
    place_open(&p, NULL);
    device_open(&good, &p);
    device_connect(&bad, &p);
    assert_int_equal(send(bad.fd, garbage, sizeof garbage, MSG_NOSIGNAL), sizeof garbage);
    assert_true(device_is_ended(&bad, 5000));
    assert_prompt(&good);
    device_close(&bad);
    device_close(&good);
    place_close(&p);
}

/* Sends bytes after HELLO and expects the end. */
static void
expect_end_after(place *p, kith_bytes bytes)
{
    device d;

    device_open(&d, p);
    assert_true(device_send(&d, bytes));
    while (device_next(&d, NULL) != 0) {
    }
    device_close(&d);
}

static void
broken_and_oversized_frames_end_that_connection_only(void **state)
{
    const uint32_t over = PROTO_FRAME_MAX + 1;
    const uint8_t oversized[] = {(uint8_t)(over >> 24), (uint8_t)(over >> 16), (uint8_t)(over >> 8),
                                 (uint8_t)over, PROTO_PING};
    const uint8_t undersized[] = {0, 0, 0, 4, PROTO_PING, 0, 0, 0, 1};
    place p;
    device good;

    (void)state;
    place_open(&p, NULL);
    device_open(&good, &p);
    expect_end_after(&p, KITH_BYTES(oversized));
    expect_end_after(&p, KITH_BYTES(undersized));
    assert_prompt(&good);
    device_close(&good);
    place_close(&p);
}

static void
a_frame_of_the_largest_size_is_taken(void **state)
{
    KITH_AUTO(kith_buf) body = {0};
    uint8_t *unused = NULL;
    kith_bytes answer;
    proto_error error;
    place p;
    device d;

    (void)state;
    place_open(&p, NULL);
    device_open(&d, &p);
    assert_ok(kith_buf_extend(&body, PROTO_FRAME_MAX - PROTO_FRAME_MIN, &unused));
    assert_true(device_ask(&d, PROTO_PING, kith_bytes_of_buf(&body)));
    assert_int_equal(device_next(&d, &answer), PROTO_ERROR);
    assert_ok(proto_error_decode(answer, &error));
    assert_err(proto_code_err(error.code), KITH_ERR_MALFORMED);
    assert_true(device_ping(&d));
    device_close(&d);
    place_close(&p);
}

static void
who_does_not_finish_the_handshake_is_sent_away(void **state)
{
    const net_server_limits limits = {.handshake_ms = 300};
    place p;
    device silent;
    device good;

    (void)state;
    place_open(&p, &limits);
    device_open(&good, &p);
    device_connect(&silent, &p);
    assert_false(device_is_ended(&silent, 150));
    assert_true(device_is_ended(&silent, 5000));
    assert_prompt(&good);
    device_close(&silent);
    device_close(&good);
    place_close(&p);
}

static void
who_says_nothing_for_long_is_sent_away(void **state)
{
    const net_server_limits limits = {.idle_ms = 1500};
    place p;
    device quiet;
    device lively;

    (void)state;
    place_open(&p, &limits);
    device_open(&quiet, &p);
    device_open(&lively, &p);
    for (size_t i = 0; i < 8; i++) {
        usleep(500 * 1000);
        assert_true(device_ping(&lively));
    }
    assert_true(device_is_ended(&quiet, 100));
    device_close(&quiet);
    device_close(&lively);
    place_close(&p);
}

/* A session that was held back for its many requests reads on as soon as their answers are taken. */
static void
many_requests_at_once_are_answered_without_a_pause(void **state)
{
    KITH_AUTO(kith_buf) many = {0};
    place p;
    device d;

    (void)state;
    place_open(&p, NULL);
    device_open(&d, &p);
    const uint64_t start = steady_ms();
    for (size_t round = 0; round < 200; round++) {
        kith_buf_clear(&many);
        for (size_t i = 0; i < 65 + round; i++) {
            d.request++;
            assert_ok(proto_frame_encode(&many, PROTO_PING, d.request, (kith_bytes){0}));
        }
        assert_true(device_send(&d, kith_bytes_of_buf(&many)));
        for (size_t i = 0; i < 65 + round; i++) {
            assert_int_equal(device_next(&d, NULL), PROTO_PING | PROTO_ANSWER);
        }
    }
    /* A lost turn costs a second each time. */
    assert_true(steady_ms() - start < 20000);
    device_close(&d);
    place_close(&p);
}

/* Asks and asks, and takes no answer, until the server stops listening or ends it. */
static void
ask_without_reading(device *d)
{
    KITH_AUTO(kith_buf) many = {0};
    const struct timeval limit = {.tv_sec = 1};

    for (uint32_t i = 0; i < 1000; i++) {
        d->request++;
        assert_ok(proto_frame_encode(&many, PROTO_PING, d->request, (kith_bytes){0}));
    }
    setsockopt(d->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    for (size_t i = 0; i < 20000 && device_send(d, kith_bytes_of_buf(&many)); i++) {
    }
}

static void
who_asks_without_reading_is_held_back_and_then_sent_away(void **state)
{
    const net_server_limits limits = {.stall_ms = 1000};
    place p;
    device greedy;
    device good;

    (void)state;
    place_open(&p, &limits);
    device_open(&good, &p);
    device_open(&greedy, &p);
    ask_without_reading(&greedy);
    assert_prompt(&good);
    const uint64_t until = steady_ms() + 10000;
    while (net_server_stats_of(p.server).timed_out == 0 && steady_ms() < until) {
        usleep(100 * 1000);
        assert_prompt(&good);
    }
    assert_int_equal(net_server_stats_of(p.server).timed_out, 1);
    device_close(&greedy);
    device_close(&good);
    place_close(&p);
}

static void
a_source_has_so_many_connections_and_not_one_more(void **state)
{
    /* For each of the two loops. */
    const net_server_limits limits = {.source_conns = 3};
    device many[24];
    uint32_t ups = 0;
    place p;

    (void)state;
    place_open(&p, &limits);
    for (size_t i = 0; i < 24; i++) {
        device_connect(&many[i], &p);
        ups += device_handshake(&many[i]) ? 1 : 0;
    }
    assert_true(ups >= 3 && ups <= 6);
    for (size_t i = 0; i < 24; i++) {
        device_close(&many[i]);
    }
    /* Those that left make room. */
    usleep(200 * 1000);
    device_open(&many[0], &p);
    device_close(&many[0]);
    place_close(&p);
}

static void
a_loop_has_so_many_connections_and_not_one_more(void **state)
{
    /* For each of the two loops. */
    const net_server_limits limits = {.conns = 2};
    device many[16];
    uint32_t ups = 0;
    place p;

    (void)state;
    place_open(&p, &limits);
    for (size_t i = 0; i < 16; i++) {
        device_connect(&many[i], &p);
        ups += device_handshake(&many[i]) ? 1 : 0;
    }
    assert_true(ups >= 2 && ups <= 4);
    for (size_t i = 0; i < 16; i++) {
        device_close(&many[i]);
    }
    place_close(&p);
}

static void
so_many_addresses_are_listened_on_and_not_one_more(void **state)
{
    net_identity *identity = stub_identity();
    const net_server_config config = {
        .loops = 1, .identity = identity, .rng = crypto_rng(), .clock = net_clock()};
    net_server *server = NULL;
    uint16_t port = 0;

    (void)state;
    assert_ok(net_server_new(&config, &server));
    for (size_t i = 0; i < NET_LISTENERS_MAX; i++) {
        assert_ok(net_server_listen(server, "127.0.0.1", 0, &port));
        assert_int_not_equal(port, 0);
    }
    assert_err(net_server_listen(server, "127.0.0.1", 0, &port), KITH_ERR_LIMIT);
    /* A loop that has no relay cannot run. */
    assert_err(net_server_start(server), KITH_ERR_INVALID);
    net_server_free(server);
    net_identity_free(identity);
}

static void
unfinished_handshakes_make_room_for_new_ones(void **state)
{
    const net_server_limits limits = {.handshakes = 4};
    device silent[32];
    place p;
    device good;

    (void)state;
    place_open(&p, &limits);
    for (size_t i = 0; i < 32; i++) {
        device_connect(&silent[i], &p);
    }
    device_open(&good, &p);
    assert_prompt(&good);
    for (size_t i = 0; i < 32; i++) {
        device_close(&silent[i]);
    }
    device_close(&good);
    place_close(&p);
}

static void
a_flood_of_key_updates_ends_that_connection_only(void **state)
{
    place p;
    device bad;
    device good;
    bool is_over = false;

    (void)state;
    place_open(&p, NULL);
    device_open(&good, &p);
    device_open(&bad, &p);
    for (size_t i = 0; i < 1000 && !is_over; i++) {
        SSL_key_update(bad.ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
        is_over = !device_ping(&bad);
        if (i < STREAM_CONTROLS_MAX) {
            assert_false(is_over);
        }
    }
    assert_true(is_over);
    assert_prompt(&good);
    device_close(&bad);
    device_close(&good);
    place_close(&p);
}

static void
rotation_changes_the_leaf_and_neither_the_pin_nor_connections(void **state)
{
    place p;
    device before;
    device after;
    caller c;

    (void)state;
    place_open(&p, NULL);
    device_open(&before, &p);
    assert_ok(net_server_rotate(p.server));
    usleep(200 * 1000);
    device_open(&after, &p);
    X509 *old = SSL_get1_peer_certificate(before.ssl);
    X509 *new = SSL_get1_peer_certificate(after.ssl);
    assert_int_not_equal(X509_cmp(old, new), 0);
    X509_free(old);
    X509_free(new);
    assert_true(device_ping(&before));
    caller_open(&c);
    caller_dial(&c, p.port, net_identity_public(p.identity));
    assert_int_equal(c.ups, 1);
    caller_close(&c);
    device_close(&before);
    device_close(&after);
    place_close(&p);
}

static void
ask_to_open_a_conversation(device *d)
{
    KITH_AUTO(kith_buf) body = {0};
    proto_conv_open open = {.readers = 1};

    assert_ok(kith_rng_fill(crypto_rng(), open.conv_id, sizeof open.conv_id));
    assert_ok(proto_conv_open_encode(&body, &open));
    assert_true(device_ask(d, PROTO_CONV_OPEN, kith_bytes_of_buf(&body)));
}

static void *
stop_soon(void *ctx)
{
    usleep(20 * 1000);
    place_stop(ctx);
    return NULL;
}

static void
a_drain_answers_what_was_asked_and_closes(void **state)
{
    pthread_t stopper;
    place p;
    device busy;
    device idle;

    (void)state;
    place_open(&p, NULL);
    device_open(&idle, &p);
    device_open(&busy, &p);
    ask_to_open_a_conversation(&busy);
    assert_int_equal(pthread_create(&stopper, NULL, stop_soon, &p), 0);
    assert_int_equal(device_next(&busy, NULL), PROTO_CONV_OPEN | PROTO_ANSWER);
    assert_int_equal(device_next(&busy, NULL), 0);
    assert_int_equal(device_next(&idle, NULL), 0);
    pthread_join(stopper, NULL);
    device_close(&busy);
    device_close(&idle);
    place_close(&p);
}

static void
a_drain_does_not_wait_for_those_who_do_not_read(void **state)
{
    const net_server_limits limits = {.drain_ms = 500};
    place p;
    device greedy;

    (void)state;
    place_open(&p, &limits);
    device_open(&greedy, &p);
    ask_without_reading(&greedy);
    const uint64_t since = steady_ms();
    place_stop(&p);
    assert_true(steady_ms() - since < 3000);
    device_close(&greedy);
    place_close(&p);
}

static void
an_address_that_cannot_be_had_says_why(void **state)
{
    uint16_t bound = 0;
    place p;

    (void)state;
    place_open(&p, NULL);
    assert_err(net_server_listen(p.server, "127.0.0.1", p.port, &bound), KITH_ERR_EXISTS);
    assert_err(net_server_listen(p.server, "192.0.2.1", 0, &bound), KITH_ERR_NOT_FOUND);
    assert_err(net_server_listen(p.server, "localhost", 0, &bound), KITH_ERR_INVALID);
    place_close(&p);
}

static void
wrong_configurations_are_refused(void **state)
{
    net_server_config config = {.rng = crypto_rng(), .clock = net_clock()};
    net_server *server = NULL;

    (void)state;
    assert_err(net_server_new(&config, &server), KITH_ERR_INVALID);
    config.loops = NET_LOOPS_MAX + 1;
    assert_err(net_server_new(&config, &server), KITH_ERR_INVALID);
}

static void
without_descriptors_newcomers_are_sent_away_and_others_stay(void **state)
{
    struct rlimit saved;
    place p;
    device good;
    device late;

    (void)state;
    place_open(&p, NULL);
    device_open(&good, &p);
    device_connect(&late, &p);
    assert_true(device_handshake(&late));
    device_close(&late);
    usleep(100 * 1000);
    /* This end takes the lowest free descriptor; the limit leaves none for the other end. */
    late.fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
    const struct rlimit tight = {.rlim_cur = (rlim_t)late.fd + 1, .rlim_max = saved.rlim_max};
    close(late.fd);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    device_connect(&late, &p);
    const bool is_ended = device_is_ended(&late, 5000);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
    assert_true(is_ended);
    assert_prompt(&good);
    device_close(&late);
    device_open(&late, &p);
    device_close(&late);
    device_close(&good);
    place_close(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_says_hello_and_is_answered),
        cmocka_unit_test(the_pinned_client_and_the_server_fit),
        cmocka_unit_test(tls_12_and_foreign_groups_are_refused),
        cmocka_unit_test(a_device_without_our_protocol_is_refused),
        cmocka_unit_test(no_ticket_is_given),
        cmocka_unit_test(garbage_instead_of_tls_ends_that_connection_only),
        cmocka_unit_test(broken_and_oversized_frames_end_that_connection_only),
        cmocka_unit_test(a_frame_of_the_largest_size_is_taken),
        cmocka_unit_test(who_does_not_finish_the_handshake_is_sent_away),
        cmocka_unit_test(who_says_nothing_for_long_is_sent_away),
        cmocka_unit_test(many_requests_at_once_are_answered_without_a_pause),
        cmocka_unit_test(who_asks_without_reading_is_held_back_and_then_sent_away),
        cmocka_unit_test(a_source_has_so_many_connections_and_not_one_more),
        cmocka_unit_test(a_loop_has_so_many_connections_and_not_one_more),
        cmocka_unit_test(so_many_addresses_are_listened_on_and_not_one_more),
        cmocka_unit_test(unfinished_handshakes_make_room_for_new_ones),
        cmocka_unit_test(a_flood_of_key_updates_ends_that_connection_only),
        cmocka_unit_test(rotation_changes_the_leaf_and_neither_the_pin_nor_connections),
        cmocka_unit_test(a_drain_answers_what_was_asked_and_closes),
        cmocka_unit_test(a_drain_does_not_wait_for_those_who_do_not_read),
        cmocka_unit_test(an_address_that_cannot_be_had_says_why),
        cmocka_unit_test(wrong_configurations_are_refused),
        cmocka_unit_test(without_descriptors_newcomers_are_sent_away_and_others_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
