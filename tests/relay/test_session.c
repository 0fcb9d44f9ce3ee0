/* SPDX-License-Identifier: MPL-2.0 */
/* One connection (docs/wire.md §2): frames, HELLO, requests in flight, hostile bytes, slow readers, time limits. */
#include <stdlib.h>
#include <string.h>

#include "relay/viewer.h"

static void
make_hello(client *c, uint16_t min, uint16_t max)
{
    const proto_hello hello = {.version_min = min, .version_max = max};

    assert_err(proto_hello_encode(client_body(c), &hello), KITH_OK);
}

static uint32_t
ping(client *c)
{
    client_body(c);
    return client_send(c, PROTO_PING);
}

static void
hello_is_answered_with_version_time_and_frame_size(void **state)
{
    (void)state;
    town t;
    client c;
    proto_hello_answer out = {0};
    town_open(&t);
    client_dial(&t, &c, 0, 1);

    make_hello(&c, 0, 9);
    assert_err(client_ask(&c, PROTO_HELLO), KITH_OK);

    assert_err(proto_hello_answer_decode(kith_bytes_of_buf(&c.answer), &out), KITH_OK);
    assert_int_equal(out.version, PROTO_VERSION);
    assert_int_equal(out.server_time_ms, t.now_ms);
    assert_int_equal(out.frame_max, PROTO_FRAME_MAX);
    town_close(&t);
}

static void
a_first_frame_other_than_hello_ends_the_connection(void **state)
{
    (void)state;
    town t;
    client c;
    town_open(&t);
    client_dial(&t, &c, 0, 1);

    ping(&c);

    assert_err(c.over, KITH_ERR_DENIED);
    assert_int_equal(c.in.len, 0);
    assert_err(client_bytes(&c, kith_bytes_of_text("x")), KITH_ERR_DENIED);
    assert_false(relay_session_wants_bytes(c.session));
    town_close(&t);
}

static void
without_a_common_version_the_error_is_said_and_the_connection_over(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    kith_err err = KITH_OK;
    town_open(&t);
    client_dial(&t, &c, 0, 1);
    client_dial(&t, &d, 0, 1);

    make_hello(&c, PROTO_VERSION + 1, PROTO_VERSION + 2);
    const uint32_t request = client_send(&c, PROTO_HELLO);
    make_hello(&d, 0, PROTO_VERSION - 1);
    client_send(&d, PROTO_HELLO);

    assert_err(c.over, KITH_ERR_UNSUPPORTED);
    assert_true(client_find_answer(&c, request, &err));
    assert_err(err, KITH_ERR_UNSUPPORTED);
    assert_err(d.over, KITH_ERR_UNSUPPORTED);
    town_close(&t);
}

static void
a_second_hello_is_denied_and_changes_nothing(void **state)
{
    (void)state;
    town t;
    client c;
    town_open(&t);
    client_open(&t, &c, 0, 1);

    make_hello(&c, 1, 1);
    assert_err(client_ask(&c, PROTO_HELLO), KITH_ERR_DENIED);
    client_body(&c);
    assert_err(client_ask(&c, PROTO_PING), KITH_OK);
    town_close(&t);
}

static void
before_hello_a_frame_is_small(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    uint8_t at_limit[PROTO_FRAME_HELLO_MAX - PROTO_FRAME_MIN] = {0};
    uint8_t beyond[PROTO_FRAME_HELLO_MAX - PROTO_FRAME_MIN + 1] = {0};
    town_open(&t);
    client_dial(&t, &c, 0, 1);
    client_dial(&t, &d, 0, 1);

    assert_err(kith_buf_set(client_body(&c), KITH_BYTES(at_limit)), KITH_OK);
    client_send(&c, PROTO_HELLO);
    assert_err(c.over, KITH_ERR_MALFORMED); /* read, and no hello */
    assert_err(kith_buf_set(client_body(&d), KITH_BYTES(beyond)), KITH_OK);
    client_send(&d, PROTO_HELLO);
    assert_err(d.over, KITH_ERR_LIMIT);
    town_close(&t);
}

static void
a_length_outside_its_bounds_ends_the_connection(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    client e;
    static const uint8_t at_limit[] = {0x00, 0x10, 0x10, 0x00}; /* 1 MiB + 4 KiB */
    static const uint8_t beyond[] = {0x00, 0x10, 0x10, 0x01};
    static const uint8_t below[] = {0, 0, 0, 4};
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 0, 1);
    client_open(&t, &e, 0, 1);

    assert_err(client_bytes(&c, KITH_BYTES(at_limit)), KITH_OK);
    assert_err(client_bytes(&d, KITH_BYTES(beyond)), KITH_ERR_LIMIT);
    assert_err(client_bytes(&e, KITH_BYTES(below)), KITH_ERR_MALFORMED);
    town_close(&t);
}

static void
frames_may_be_cut_anywhere(void **state)
{
    (void)state;
    town t;
    client c;
    KITH_AUTO(kith_buf) stream = {0};
    kith_err err = KITH_OK;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    for (uint32_t i = 100; i < 120; i++) {
        assert_err(proto_frame_encode(&stream, PROTO_PING, i, (kith_bytes){0}), KITH_OK);
    }

    for (size_t size = 1; size < 30; size += 4) {
        for (size_t at = 0; at < stream.len; at += size) {
            const size_t part = stream.len - at < size ? stream.len - at : size;
            assert_err(client_bytes(&c, kith_bytes_of(stream.data + at, part)), KITH_OK);
            town_run(&t);
        }
        for (uint32_t i = 100; i < 120; i++) {
            assert_true(client_find_answer(&c, i, &err));
            assert_err(err, KITH_OK);
        }
    }
    assert_int_equal(relay_stats_of(t.relay[0]).input_bytes, 0);
    town_close(&t);
}

static void
request_zero_and_a_number_in_flight_end_the_connection(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    talk k;
    KITH_AUTO(kith_buf) zero = {0};
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 0, 1);
    assert_err(talk_open(&d, &k, 1, 2), KITH_OK);
    assert_err(proto_frame_encode(&zero, PROTO_PING, 0, (kith_bytes){0}), KITH_OK);

    assert_err(client_bytes(&c, kith_bytes_of_buf(&zero)), KITH_ERR_MALFORMED);
    const proto_rdv_close in = {.number = 1};
    assert_err(proto_rdv_close_encode(client_body(&d), &in), KITH_OK);
    client_send(&d, PROTO_RDV_CLOSE);
    d.request--;
    client_send(&d, PROTO_RDV_CLOSE);
    assert_err(d.over, KITH_ERR_MALFORMED);
    town_close(&t);
}

static void
a_number_may_be_used_again_after_its_answer(void **state)
{
    (void)state;
    town t;
    client c;
    kith_err err = KITH_OK;
    town_open(&t);
    client_open(&t, &c, 0, 1);

    for (size_t i = 0; i < 3; i++) {
        const proto_rdv_close in = {.number = 1};
        assert_err(proto_rdv_close_encode(client_body(&c), &in), KITH_OK);
        const uint32_t request = client_send(&c, PROTO_RDV_CLOSE);
        town_run(&t);
        assert_true(client_find_answer(&c, request, &err));
        assert_err(err, KITH_OK);
        c.request--;
    }
    town_close(&t);
}

static void
unknown_types_and_answers_and_pushes_are_unsupported_as_requests(void **state)
{
    (void)state;
    town t;
    client c;
    town_open(&t);
    client_open(&t, &c, 0, 1);

    for (unsigned type = 0; type <= 0xff; type++) {
        if (!proto_type_is_request((uint8_t)type)) {
            client_body(&c);
            assert_err(client_ask(&c, (uint8_t)type), KITH_ERR_UNSUPPORTED);
        }
    }
    client_body(&c);
    assert_err(client_ask(&c, PROTO_PING), KITH_OK);
    town_close(&t);
}

static void
a_body_with_a_byte_too_many_is_malformed_whatever_the_request(void **state)
{
    (void)state;
    town t;
    client c;
    client named;
    person anna;
    uint8_t byte = 0;
    town_open(&t);
    person_make(&t, &anna, 1);
    person_create(&anna);
    client_open(&t, &c, 0, 1);
    client_open(&t, &named, 0, 1);
    assert_err(person_log_in(&anna, &named, 0), KITH_OK);

    /* One byte is no body of any request: it is too much for some and too little for the others. */
    for (unsigned type = PROTO_PING; type <= 0xff; type++) {
        const bool is_named = type == PROTO_LIST_PUT || type == PROTO_KP_PUT ||
                              type == PROTO_KP_COUNT || type == PROTO_INVITE_PUT ||
                              type == PROTO_INBOX_SUBSCRIBE || type == PROTO_INBOX_ACK;
        client *asker = is_named ? &named : &c;
        if (proto_type_is_request((uint8_t)type)) {
            assert_err(kith_buf_set(client_body(asker), kith_bytes_of(&byte, 1)), KITH_OK);
            assert_err(client_ask(asker, (uint8_t)type), KITH_ERR_MALFORMED);
        }
    }
    assert_int_equal(store_writer_stats_of(t.writer).jobs, 1); /* the account's */
    person_done(&anna);
    town_close(&t);
}

static void
no_more_requests_than_allowed_are_in_flight_and_the_rest_waits_unread(void **state)
{
    (void)state;
    town t;
    client c;
    kith_err err = KITH_OK;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    const uint32_t first = c.request + 1;

    for (size_t i = 0; i < PROTO_IN_FLIGHT_MAX; i++) {
        assert_true(relay_session_wants_bytes(c.session));
        const proto_rdv_close in = {.number = 1};
        assert_err(proto_rdv_close_encode(client_body(&c), &in), KITH_OK);
        client_send(&c, PROTO_RDV_CLOSE);
    }
    assert_false(relay_session_wants_bytes(c.session));
    const uint64_t requests = relay_stats_of(t.relay[0]).requests;
    const uint32_t last = ping(&c);
    assert_int_equal(relay_stats_of(t.relay[0]).requests, requests);
    assert_int_equal(relay_stats_of(t.relay[0]).input_bytes, 9);

    town_run(&t);
    for (uint32_t request = first; request <= last; request++) {
        assert_true(client_find_answer(&c, request, &err));
        assert_err(err, KITH_OK);
    }
    assert_true(relay_session_wants_bytes(c.session));
    town_close(&t);
}

static void
answers_that_nobody_takes_keep_their_place_in_flight(void **state)
{
    (void)state;
    town t;
    client c;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    c.is_deaf = true;

    for (size_t i = 0; i < PROTO_IN_FLIGHT_MAX; i++) {
        assert_true(relay_session_wants_bytes(c.session));
        ping(&c);
    }

    assert_false(relay_session_wants_bytes(c.session));
    client_listen(&c);
    assert_true(relay_session_wants_bytes(c.session));
    town_close(&t);
}

static void
large_answers_that_nobody_takes_stop_the_reading(void **state)
{
    (void)state;
    town t;
    client c;
    client named;
    person anna;
    size_t sent = 0;
    town_open_logged(&t);
    person_make(&t, &anna, 4);
    person_create(&anna);
    client_open(&t, &named, 0, 1);
    assert_err(person_log_in(&anna, &named, 0), KITH_OK);
    for (size_t i = 0; i < 60; i++) {
        person_next_list(&anna, 15);
        assert_err(person_put_list(&anna, &named), KITH_OK);
    }
    client_open(&t, &c, 0, 1);
    c.is_deaf = true;
    uint8_t label[RELAY_LABEL_LEN];
    const kt_request request = {.question = KT_SEARCH, .label = KITH_BYTES(label)};
    viewer_label(anna.account_id, label);

    while (relay_session_wants_bytes(c.session)) {
        viewer_send(&c, anna.account_id, 0, &request);
        sent++;
    }

    assert_in_range(sent, 2, PROTO_IN_FLIGHT_MAX - 1);
    client_listen(&c);
    assert_true(relay_session_wants_bytes(c.session));
    person_done(&anna);
    town_close(&t);
}

static void
large_requests_in_work_stop_the_reading(void **state)
{
    (void)state;
    town t;
    client c;
    talk k;
    static uint8_t large[600 * 1024];
    town_open(&t);
    client_open(&t, &c, 0, 1);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    proto_conv_append in = {.message = KITH_BYTES(large)};

    for (uint8_t i = 0; i < 2; i++) {
        assert_true(relay_session_wants_bytes(c.session));
        in.append_id[0] = i;
        assert_err(proto_conv_append_encode(client_body(&c), &in), KITH_OK);
        client_send(&c, PROTO_CONV_APPEND);
    }

    assert_false(relay_session_wants_bytes(c.session));
    town_run(&t);
    assert_true(relay_session_wants_bytes(c.session));
    assert_int_equal(relay_stats_of(t.relay[0]).work_bytes, 0);
    town_close(&t);
}

static void
an_owner_that_does_not_stop_reading_is_stopped(void **state)
{
    (void)state;
    town t;
    client c;
    static uint8_t zeros[65536];
    kith_err err = KITH_OK;
    size_t given = 0;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    c.is_deaf = true;
    while (relay_session_wants_bytes(c.session)) {
        ping(&c);
    }

    while (err == KITH_OK) {
        err = client_bytes(&c, KITH_BYTES(zeros));
        given += sizeof zeros;
        assert_true(given < 4 * PROTO_FRAME_MAX);
    }
    assert_err(err, KITH_ERR_BUSY);
    town_close(&t);
}

static void
half_frames_have_a_limit_over_all_connections_that_small_ones_do_not_meet(void **state)
{
    (void)state;
    town t;
    static client many[80];
    client small;
    KITH_AUTO(kith_buf) frame = {0};
    uint8_t *body = NULL;
    size_t refused = 0;
    town_open(&t);
    assert_err(kith_buf_extend(&frame, PROTO_MESSAGE_MAX, &body), KITH_OK);
    const kith_bytes head = {(const uint8_t[]){0, 0x10, 0x10, 0}, 4};
    memcpy(frame.data, head.data, head.len);

    for (size_t i = 0; i < 80; i++) {
        const relay_peer peer = {.source = i};
        assert_err(relay_session_open(t.relay[0], &peer, t.now_ms, &many[i].session), KITH_OK);
        KITH_AUTO(kith_buf) hello = {0};
        const proto_hello in = {1, 1};
        assert_err(proto_hello_encode(&hello, &in), KITH_OK);
        KITH_AUTO(kith_buf) bytes = {0};
        assert_err(proto_frame_encode(&bytes, PROTO_HELLO, 1, kith_bytes_of_buf(&hello)), KITH_OK);
        assert_err(relay_session_recv(many[i].session, kith_bytes_of_buf(&bytes), t.now_ms),
                   KITH_OK);
        const kith_err err =
            relay_session_recv(many[i].session, kith_bytes_of_buf(&frame), t.now_ms);
        assert_true(err == KITH_OK || err == KITH_ERR_BUSY);
        refused += err == KITH_ERR_BUSY ? 1 : 0;
        assert_true(relay_stats_of(t.relay[0]).input_bytes <= RELAY_INPUT_BYTES_MAX);
    }
    assert_int_equal(refused, 80 - RELAY_INPUT_BYTES_MAX / PROTO_MESSAGE_MAX);
    client_dial(&t, &small, 0, 99);
    make_hello(&small, 1, 1);
    client_send(&small, PROTO_HELLO);
    assert_err(client_bytes(&small, kith_bytes_of(frame.data, RELAY_FRAME_SMALL)), KITH_OK);
    assert_err(client_bytes(&small, kith_bytes_of(frame.data, 1)), KITH_ERR_BUSY);
    for (size_t i = 0; i < 80; i++) {
        relay_session_close(many[i].session);
    }
    assert_int_equal(relay_stats_of(t.relay[0]).input_bytes,
                     small.session != NULL ? RELAY_FRAME_SMALL : 0);
    town_close(&t);
}

static void
who_never_says_hello_is_closed_in_time(void **state)
{
    (void)state;
    town t;
    client c;
    client late;
    town_open(&t);
    client_dial(&t, &c, 0, 1);

    assert_true(relay_deadline(t.relay[0]) <= t.now_ms + RELAY_HELLO_MS);
    town_pass(&t, RELAY_HELLO_MS - 1);
    client_dial(&t, &late, 0, 1);
    assert_err(c.over, KITH_OK);
    town_pass(&t, 1);
    assert_err(c.over, KITH_ERR_BUSY);
    assert_err(late.over, KITH_OK);
    town_close(&t);
}

static void
who_does_not_finish_a_frame_is_closed_in_time(void **state)
{
    (void)state;
    town t;
    client c;
    client idle;
    town_open(&t);
    client_open(&t, &c, 1, 1);
    client_open(&t, &idle, 1, 1);
    static const uint8_t part[] = {0, 0, 1, 0, 2};

    assert_int_equal(relay_deadline(t.relay[1]), UINT64_MAX);
    assert_err(client_bytes(&c, KITH_BYTES(part)), KITH_OK);
    assert_int_equal(relay_deadline(t.relay[1]), t.now_ms + RELAY_FRAME_MS);
    town_pass(&t, RELAY_FRAME_MS - 1);
    assert_err(client_bytes(&c, KITH_BYTES(part)), KITH_OK); /* more of it is not the end of it */
    assert_err(c.over, KITH_OK);
    town_pass(&t, 1);
    assert_err(c.over, KITH_ERR_BUSY);
    assert_err(idle.over, KITH_OK);
    town_close(&t);
}

static void
frames_that_wait_for_room_have_no_time_limit(void **state)
{
    (void)state;
    town t;
    client c;
    town_open(&t);
    client_open(&t, &c, 1, 1);
    c.is_deaf = true;
    while (relay_session_wants_bytes(c.session)) {
        ping(&c);
    }
    ping(&c);

    town_pass(&t, 10 * RELAY_FRAME_MS);
    assert_err(c.over, KITH_OK);
    client_listen(&c);
    assert_err(c.over, KITH_OK);
    town_close(&t);
}

static void
garbage_ends_only_its_own_connection_and_changes_nothing(void **state)
{
    (void)state;
    town t;
    client good;
    talk k;
    town_open(&t);
    client_open(&t, &good, 0, 1);
    assert_err(talk_open(&good, &k, 1, 2), KITH_OK);
    const uint64_t ops = fake_disk_ops(t.disk);

    for (size_t round = 0; round < 200; round++) {
        client c;
        uint8_t noise[300] = {0};
        client_open(&t, &c, 0, 2);
        assert_err(kith_rng_fill(&t.rng, noise, sizeof noise), KITH_OK);
        noise[0] = 0;
        noise[1] = 0;
        noise[2] = 0;
        kith_ignore(client_bytes(&c, KITH_BYTES(noise))); /* whatever it is taken for */
        client_close(&c);
    }
    town_run(&t);

    assert_int_equal(fake_disk_ops(t.disk), ops);
    assert_err(talk_say(&good, &k, 0, 1, kith_bytes_of_text("still here")), KITH_OK);
    town_close(&t);
}

static void
jobs_of_connections_take_turns(void **state)
{
    (void)state;
    town t;
    client flood;
    client calm;
    kith_err err = KITH_OK;
    town_open(&t);
    client_open(&t, &flood, 0, 1);
    client_open(&t, &calm, 0, 2);
    const proto_rdv_close in = {.number = 1};
    for (size_t i = 0; i < PROTO_IN_FLIGHT_MAX; i++) {
        assert_err(proto_rdv_close_encode(client_body(&flood), &in), KITH_OK);
        client_send(&flood, PROTO_RDV_CLOSE);
    }
    assert_err(proto_rdv_close_encode(client_body(&calm), &in), KITH_OK);
    const uint32_t request = client_send(&calm, PROTO_RDV_CLOSE);

    relay_job *first = relay_next_job(t.relay[0]);
    relay_job *second = relay_next_job(t.relay[0]);
    relay_job_fail(first, KITH_ERR_BUSY);
    relay_job_fail(second, KITH_ERR_STORE);
    relay_job_done(t.relay[0], first, t.now_ms);
    relay_job_done(t.relay[0], second, t.now_ms);
    town_run(&t);

    assert_true(client_find_answer(&calm, request, &err));
    assert_err(err, KITH_ERR_STORE); /* the second job was the calm one's */
    town_close(&t);
}

static void
a_job_whose_connection_is_gone_is_done_all_the_same(void **state)
{
    (void)state;
    town t;
    client c;
    client d;
    talk k;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_open(&t, &d, 1, 2);
    assert_err(talk_open(&c, &k, 1, 2), KITH_OK);
    proto_conv_append in = {.message = kith_bytes_of_text("last words")};
    memcpy(in.conv_id, k.id, sizeof in.conv_id);
    talk_token(&k, 0, in.token);
    assert_err(proto_conv_append_encode(client_body(&c), &in), KITH_OK);
    client_send(&c, PROTO_CONV_APPEND);

    client_close(&c);
    town_run(&t);

    assert_err(talk_subscribe(&d, &k, 0, 0), KITH_OK);
    assert_text(client_entry(&d).message, "last words");
    assert_int_equal(relay_stats_of(t.relay[0]).sessions, 0);
    assert_int_equal(relay_stats_of(t.relay[0]).work_bytes, 0);
    town_close(&t);
}

static void
an_idle_connection_costs_little(void **state)
{
    (void)state;
    town t;
    client c;
    town_open(&t);
    client_open(&t, &c, 0, 1);
    client_close(&c);
    const uint64_t before = t.alloc.live_bytes;

    client_open(&t, &c, 0, 1);

    assert_in_range(t.alloc.live_bytes - before, 1, 1024);
    town_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_is_answered_with_version_time_and_frame_size),
        cmocka_unit_test(a_first_frame_other_than_hello_ends_the_connection),
        cmocka_unit_test(without_a_common_version_the_error_is_said_and_the_connection_over),
        cmocka_unit_test(a_second_hello_is_denied_and_changes_nothing),
        cmocka_unit_test(before_hello_a_frame_is_small),
        cmocka_unit_test(a_length_outside_its_bounds_ends_the_connection),
        cmocka_unit_test(frames_may_be_cut_anywhere),
        cmocka_unit_test(request_zero_and_a_number_in_flight_end_the_connection),
        cmocka_unit_test(a_number_may_be_used_again_after_its_answer),
        cmocka_unit_test(unknown_types_and_answers_and_pushes_are_unsupported_as_requests),
        cmocka_unit_test(a_body_with_a_byte_too_many_is_malformed_whatever_the_request),
        cmocka_unit_test(no_more_requests_than_allowed_are_in_flight_and_the_rest_waits_unread),
        cmocka_unit_test(answers_that_nobody_takes_keep_their_place_in_flight),
        cmocka_unit_test(large_answers_that_nobody_takes_stop_the_reading),
        cmocka_unit_test(large_requests_in_work_stop_the_reading),
        cmocka_unit_test(an_owner_that_does_not_stop_reading_is_stopped),
        cmocka_unit_test(half_frames_have_a_limit_over_all_connections_that_small_ones_do_not_meet),
        cmocka_unit_test(who_never_says_hello_is_closed_in_time),
        cmocka_unit_test(who_does_not_finish_a_frame_is_closed_in_time),
        cmocka_unit_test(frames_that_wait_for_room_have_no_time_limit),
        cmocka_unit_test(garbage_ends_only_its_own_connection_and_changes_nothing),
        cmocka_unit_test(jobs_of_connections_take_turns),
        cmocka_unit_test(a_job_whose_connection_is_gone_is_done_all_the_same),
        cmocka_unit_test(an_idle_connection_costs_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
