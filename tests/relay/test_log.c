/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The directory's log as devices meet it (docs/wire.md §10): what they ask over a connection, checked with nothing but
 * what the server gave them.
 */
#include <string.h>

#include "relay/viewer.h"

/* ---- LIST_FIND ---- */

static void
a_list_is_proved_on_every_loop_as_soon_as_its_put_was_answered(void **state)
{
    log_scene s;
    (void)state;
    log_scene_open(&s);

    for (unsigned version = 1; version <= 20; version++) {
        for (size_t i = 0; i < TOWN_LOOPS; i++) {
            assert_err(viewer_find(&s.c[i], &s.v[i], s.anna.account_id, 0), KITH_OK);
            assert_int_equal(s.v[i].version, version);
            assert_true(kith_bytes_equal(s.v[i].found.value, kith_bytes_of_buf(&s.anna.list)));
            assert_int_equal(s.v[i].lists, version - 1);
        }
        log_scene_put(&s, 1 + 2 * (version % 2));
    }
    log_scene_close(&s);
}

static void
the_lists_between_are_those_that_the_asker_lacks(void **state)
{
    log_scene s;
    (void)state;
    log_scene_open(&s);
    for (unsigned i = 0; i < 4; i++) {
        log_scene_put(&s, 1 + 2 * (i % 2));
    }

    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 2), KITH_OK);
    assert_int_equal(s.v[0].version, 5);
    assert_int_equal(s.v[0].lists, 2);
    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 4), KITH_OK);
    assert_int_equal(s.v[0].lists, 0);
    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 5), KITH_OK);
    assert_int_equal(s.v[0].lists, 0);
    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, UINT64_MAX), KITH_OK);
    assert_int_equal(s.v[0].lists, 0);
    assert_int_equal(s.v[0].version, 5);
    log_scene_close(&s);
}

static void
whoever_is_far_behind_gets_as_many_lists_as_an_answer_takes_and_asks_again(void **state)
{
    log_scene s;
    (void)state;
    log_scene_open(&s);
    for (unsigned i = 0; i < PROTO_LISTS_MAX + 2; i++) {
        log_scene_put(&s, 1 + 2 * (i % 2));
    }

    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 0), KITH_OK);
    assert_int_equal(s.v[0].version, PROTO_LISTS_MAX + 3);
    assert_int_equal(s.v[0].lists, PROTO_LISTS_MAX);
    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, PROTO_LISTS_MAX), KITH_OK);
    assert_int_equal(s.v[0].lists, 2);
    log_scene_close(&s);
}

static void
an_account_that_nobody_has_is_proved_absent_in_an_answer_like_any_other(void **state)
{
    static const uint8_t nobody[PROTO_ID_LEN] = {1, 2, 3};
    log_scene s;
    (void)state;
    log_scene_open(&s);

    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 0), KITH_OK);
    const size_t known_len = s.v[0].answer_len;
    assert_err(viewer_find(&s.c[1], &s.v[1], nobody, 0), KITH_OK);

    assert_true(s.v[1].found.is_absent);
    assert_int_equal(s.v[1].lists, 0);
    assert_true(s.v[1].answer_len < known_len + 1024 && s.v[1].answer_len + 1024 > known_len);
    log_scene_close(&s);
}

static void
a_search_that_is_not_for_the_newest_list_of_the_account_is_rejected(void **state)
{
    log_scene s;
    uint8_t label[RELAY_LABEL_LEN];
    kt_request request = {.question = KT_SEARCH, .label = KITH_BYTES(label)};
    const proto_find garbage = {.search = kith_bytes_of_text("?")};
    (void)state;
    log_scene_open(&s);

    viewer_label(s.anna.account_id, label);
    request.has_version = true;
    assert_err(viewer_ask(&s.c[0], s.anna.account_id, 0, &request), KITH_ERR_REJECTED);
    request.has_version = false;
    label[1] ^= 1;
    assert_err(viewer_ask(&s.c[0], s.anna.account_id, 0, &request), KITH_ERR_REJECTED);
    label[1] ^= 1;
    label[0] = 2;
    assert_err(viewer_ask(&s.c[0], s.anna.account_id, 0, &request), KITH_ERR_REJECTED);
    label[0] = 1;
    request.label.len--;
    assert_err(viewer_ask(&s.c[0], s.anna.account_id, 0, &request), KITH_ERR_REJECTED);
    request.label.len++;
    assert_err(viewer_ask(&s.c[0], s.anna.account_id, 0, &request), KITH_OK);
    assert_err(proto_find_encode(client_body(&s.c[0]), &garbage), KITH_OK);
    assert_err(client_ask(&s.c[0], PROTO_LIST_FIND), KITH_ERR_MALFORMED);
    log_scene_close(&s);
}

static void
whoever_has_seen_more_of_the_log_than_there_is_is_not_answered(void **state)
{
    log_scene s;
    uint8_t label[RELAY_LABEL_LEN];
    kt_request request = {.question = KT_SEARCH, .has_last = true, .label = KITH_BYTES(label)};
    (void)state;
    log_scene_open(&s);

    viewer_label(s.anna.account_id, label);
    request.last = log_scene_size(&s);
    assert_err(viewer_ask(&s.c[0], s.anna.account_id, 0, &request), KITH_OK);
    request.last++;
    assert_err(viewer_ask(&s.c[0], s.anna.account_id, 0, &request), KITH_ERR_REJECTED);
    log_scene_close(&s);
}

static void
a_server_without_a_log_says_that_it_has_none(void **state)
{
    static const uint8_t types[] = {PROTO_LOG_CONFIG, PROTO_LOG_ASK, PROTO_LOG_CHECKPOINT,
                                    PROTO_LIST_FIND};
    static const char *const bodies[] = {"", "\2\0\1?", "\0\0\0\0\0\0\0\0", NULL};
    static const size_t lens[] = {0, 4, 8};
    uint8_t label[RELAY_LABEL_LEN] = {1};
    const kt_request request = {.question = KT_SEARCH, .label = KITH_BYTES(label)};
    town t;
    client c;
    (void)state;
    town_open(&t);
    client_open(&t, &c, 0, 1);

    for (size_t i = 0; i < 3; i++) {
        assert_err(kith_buf_set(client_body(&c), kith_bytes_of(bodies[i], lens[i])), KITH_OK);
        assert_err(client_ask(&c, types[i]), KITH_ERR_UNSUPPORTED);
    }
    assert_err(viewer_ask(&c, label + 1, 0, &request), KITH_ERR_UNSUPPORTED);
    town_close(&t);
}

/* ---- LOG_ASK ---- */

static kith_err
ask_log(client *c, const kt_request *request)
{
    KITH_AUTO(kith_buf) bytes = {0};
    proto_log_ask in = {.question = (uint8_t)request->question};

    assert_err(kt_request_encode(request, &bytes), KITH_OK);
    in.request = kith_bytes_of_buf(&bytes);
    assert_err(proto_log_ask_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_LOG_ASK);
}

/* The exchange of the answer that came last. */
static kt_exchange
exchange_of(client *c, const kt_request *request)
{
    proto_log_ask_answer answer = {0};

    assert_err(proto_log_ask_answer_decode(kith_bytes_of_buf(&c->answer), &answer), KITH_OK);
    return (kt_exchange){
        .request = request, .response = answer.response, .now_ms = c->town->now_ms};
}

static void
an_owner_checks_its_own_label_and_learns_of_what_is_new(void **state)
{
    log_scene s;
    uint8_t label[RELAY_LABEL_LEN];
    kt_watch watch = {0};
    kt_news news;
    viewer *v = &s.v[0];
    (void)state;
    log_scene_open(&s);
    viewer_label(s.anna.account_id, label);
    assert_err(kt_watch_init(&watch, KITH_BYTES(label)), KITH_OK);

    kt_request request = {.question = KT_OWNER_INIT};
    kt_request_prepare(&v->view, &watch, &request);
    assert_err(ask_log(&s.named, &request), KITH_OK);
    kt_exchange exchange = exchange_of(&s.named, &request);
    assert_err(kt_client_owner_init(&v->client, &exchange, &v->view, &watch), KITH_OK);

    log_scene_put(&s, 1);
    for (uint32_t version = 0; version < 2; version++) {
        request = (kt_request){.question = KT_UPDATE};
        kt_request_prepare(&v->view, &watch, &request);
        assert_err(ask_log(&s.named, &request), KITH_OK);
        exchange = exchange_of(&s.named, &request);
        assert_err(kt_client_update(&v->client, &exchange, &v->view, &watch, &news), KITH_OK);
        assert_int_equal(news.first, version);
        assert_int_equal(news.count, 1);
    }
    assert_true(kith_bytes_equal(news.values[0], kith_bytes_of_buf(&s.anna.list)));
    request = (kt_request){.question = KT_UPDATE};
    kt_request_prepare(&v->view, &watch, &request);
    assert_err(ask_log(&s.named, &request), KITH_ERR_NOT_FOUND);
    kt_watch_done(&watch);
    log_scene_close(&s);
}

static void
what_an_owner_asks_nobody_else_may(void **state)
{
    static const kt_question questions[] = {KT_OWNER_INIT, KT_OWNER_MONITOR, KT_UPDATE};
    uint8_t label[RELAY_LABEL_LEN];
    log_scene s;
    person bert;
    client other;
    (void)state;
    log_scene_open(&s);
    person_make(&s.t, &bert, 1);
    person_create(&bert);
    client_open(&s.t, &other, 1, 3);
    assert_err(person_log_in(&bert, &other, 0), KITH_OK);

    for (size_t i = 0; i < CHECK_COUNT(questions); i++) {
        kt_request request = {.question = questions[i], .label = KITH_BYTES(label)};
        viewer_label(s.anna.account_id, label);
        assert_err(ask_log(&s.c[0], &request), KITH_ERR_DENIED);
        assert_err(ask_log(&other, &request), KITH_ERR_DENIED);
        assert_true(ask_log(&s.named, &request) != KITH_ERR_DENIED);
        label[1] ^= 1; /* nobody's */
        assert_err(ask_log(&s.named, &request), KITH_ERR_DENIED);
        request.label = kith_bytes_of_text("Anna");
        assert_err(ask_log(&s.named, &request), KITH_ERR_DENIED);
    }
    person_done(&bert);
    log_scene_close(&s);
}

static void
contacts_are_monitored_and_heads_compared_by_anybody(void **state)
{
    log_scene s;
    uint8_t label[RELAY_LABEL_LEN];
    kt_watch watch = {0};
    kt_consistency consistency;
    kt_head head = {0};
    kt_heads heads;
    viewer *v = &s.v[0];
    (void)state;
    log_scene_open(&s);
    viewer_label(s.anna.account_id, label);
    assert_err(kt_watch_init(&watch, KITH_BYTES(label)), KITH_OK);
    log_scene_put(
        &s, 3); /* an entry that is not distinguished, so that there is something to monitor */

    kt_request request = {.question = KT_SEARCH};
    kt_request_prepare(&v->view, &watch, &request);
    assert_err(viewer_ask(&s.c[0], s.anna.account_id, 0, &request), KITH_OK);
    proto_find_answer found = {0};
    assert_err(proto_find_answer_decode(kith_bytes_of_buf(&s.c[0].answer), &found), KITH_OK);
    kt_exchange exchange = {.request = &request, .response = found.found, .now_ms = s.t.now_ms};
    assert_err(kt_client_search(&v->client, &exchange, &v->view, &watch, &v->found), KITH_OK);
    assert_err(kt_head_of_answer(&v->client, &v->view, found.found, &head), KITH_OK);
    assert_int_equal(watch.map.count, 1);
    log_scene_put(&s, 1);

    request = (kt_request){.question = KT_CONTACT_MONITOR};
    kt_request_prepare(&v->view, &watch, &request);
    assert_err(ask_log(&s.c[1], &request), KITH_OK);
    exchange = exchange_of(&s.c[1], &request);
    assert_err(kt_client_contact(&v->client, &exchange, &v->view, &watch), KITH_OK);

    log_scene_put(&s, 3);
    request = (kt_request){.question = KT_CONSISTENCY, .other = head.size};
    kt_request_prepare(&v->view, NULL, &request);
    assert_err(ask_log(&s.c[0], &request), KITH_OK);
    exchange = exchange_of(&s.c[0], &request);
    assert_err(kt_client_consistency(&v->client, &exchange, &v->view, &head, &consistency),
               KITH_OK);
    assert_true(consistency.is_extended);

    request = (kt_request){.question = KT_DISTINGUISHED};
    kt_request_prepare(&v->view, NULL, &request);
    assert_err(ask_log(&s.c[1], &request), KITH_OK);
    exchange = exchange_of(&s.c[1], &request);
    assert_err(kt_client_distinguished(&v->client, &exchange, &v->view, &heads), KITH_OK);
    kt_watch_done(&watch);
    log_scene_close(&s);
}

static void
a_look_up_is_no_question_and_unknown_ones_are_unsupported(void **state)
{
    log_scene s;
    uint8_t label[RELAY_LABEL_LEN];
    const kt_request search = {.question = KT_SEARCH, .label = KITH_BYTES(label)};
    static const uint8_t numbers[] = {0, 1, KT_CONSISTENCY + 1, 255};
    (void)state;
    log_scene_open(&s);

    viewer_label(s.anna.account_id, label);
    assert_err(ask_log(&s.named, &search), KITH_ERR_UNSUPPORTED);
    for (size_t i = 0; i < CHECK_COUNT(numbers); i++) {
        const proto_log_ask in = {.question = numbers[i], .request = kith_bytes_of_text("?")};
        assert_err(proto_log_ask_encode(client_body(&s.c[0]), &in), KITH_OK);
        assert_err(client_ask(&s.c[0], PROTO_LOG_ASK), KITH_ERR_UNSUPPORTED);
    }
    const proto_log_ask garbage = {.question = KT_CONTACT_MONITOR,
                                   .request = kith_bytes_of_text("?")};
    assert_err(proto_log_ask_encode(client_body(&s.c[0]), &garbage), KITH_OK);
    assert_err(client_ask(&s.c[0], PROTO_LOG_ASK), KITH_ERR_MALFORMED);
    log_scene_close(&s);
}

/* ---- What is computed once ---- */

/* Whether the store has the VRF output of a list's version. */
static bool
is_kept(town *t, const uint8_t *account_id, uint64_t version)
{
    const relay_store *reader = store_relay_port(t->reader[1]);
    kt_evaluation found;

    const kith_err err = reader->evaluation_find(reader->ctx, account_id, version, &found);
    assert_true(err == KITH_OK || err == KITH_ERR_NOT_FOUND);
    return err == KITH_OK;
}

static void
what_the_first_answer_about_an_account_computes_is_stored_for_the_others(void **state)
{
    town t;
    person anna;
    client c;
    viewer v;
    (void)state;
    town_open(&t);
    person_make(&t, &anna, 1);
    person_create(&anna);
    t.has_log = true;
    town_crash(&t); /* the log begins with her list, and knows nothing of those that may follow */
    client_open(&t, &c, 0, 1);
    viewer_open(&c, &v);
    assert_true(is_kept(&t, anna.account_id, 1));
    assert_false(is_kept(&t, anna.account_id, 2));

    assert_err(viewer_find(&c, &v, anna.account_id, 0), KITH_OK);
    town_run(&t);

    assert_true(is_kept(&t, anna.account_id, 2));
    const uint64_t jobs = store_writer_stats_of(t.writer).jobs;
    assert_err(viewer_find(&c, &v, anna.account_id, 0), KITH_OK);
    town_run(&t);
    assert_int_equal(store_writer_stats_of(t.writer).jobs, jobs);
    person_done(&anna);
    town_close(&t);
}

static void
a_new_list_brings_what_the_answers_about_it_need(void **state)
{
    log_scene s;
    (void)state;
    log_scene_open(&s);

    assert_true(is_kept(&s.t, s.anna.account_id, 1));
    assert_true(is_kept(&s.t, s.anna.account_id, 2));
    assert_false(is_kept(&s.t, s.anna.account_id, 3));
    log_scene_put(&s, 1);
    assert_true(is_kept(&s.t, s.anna.account_id, 3));
    const uint64_t jobs = store_writer_stats_of(s.t.writer).jobs;
    assert_err(viewer_find(&s.c[1], &s.v[1], s.anna.account_id, 0), KITH_OK);
    town_run(&s.t);
    assert_int_equal(store_writer_stats_of(s.t.writer).jobs, jobs);
    log_scene_close(&s);
}

/* ---- Rations ---- */

static void
questions_are_rationed(void **state)
{
    log_scene s;
    (void)state;
    log_scene_open(&s);
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        s.t.env[i].config.rations[RELAY_RATION_LOG] = (relay_ration){.burst = 3, .every_ms = 1000};
    }
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        client_close(&s.c[i]);
    }
    client_close(&s.named);
    town_restart(&s.t);
    client_open(&s.t, &s.c[0], 0, 10);

    for (size_t i = 0; i < 3; i++) {
        assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 0), KITH_OK);
    }
    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 0), KITH_ERR_BUSY);
    assert_true(s.c[0].error.retry_after_ms > 0 && s.c[0].error.retry_after_ms <= 1000);
    const kt_request request = {.question = KT_CONSISTENCY, .other = 1};
    assert_err(ask_log(&s.c[0], &request), KITH_ERR_BUSY);
    s.t.now_ms += 1000;
    assert_err(viewer_find(&s.c[0], &s.v[0], s.anna.account_id, 0), KITH_OK);
    log_scene_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_proved_on_every_loop_as_soon_as_its_put_was_answered),
        cmocka_unit_test(the_lists_between_are_those_that_the_asker_lacks),
        cmocka_unit_test(
            whoever_is_far_behind_gets_as_many_lists_as_an_answer_takes_and_asks_again),
        cmocka_unit_test(an_account_that_nobody_has_is_proved_absent_in_an_answer_like_any_other),
        cmocka_unit_test(a_search_that_is_not_for_the_newest_list_of_the_account_is_rejected),
        cmocka_unit_test(whoever_has_seen_more_of_the_log_than_there_is_is_not_answered),
        cmocka_unit_test(a_server_without_a_log_says_that_it_has_none),
        cmocka_unit_test(an_owner_checks_its_own_label_and_learns_of_what_is_new),
        cmocka_unit_test(what_an_owner_asks_nobody_else_may),
        cmocka_unit_test(contacts_are_monitored_and_heads_compared_by_anybody),
        cmocka_unit_test(a_look_up_is_no_question_and_unknown_ones_are_unsupported),
        cmocka_unit_test(what_the_first_answer_about_an_account_computes_is_stored_for_the_others),
        cmocka_unit_test(a_new_list_brings_what_the_answers_about_it_need),
        cmocka_unit_test(questions_are_rationed),
    };

    return cmocka_run_group_tests_name("relay: the directory's log", tests, NULL, NULL);
}
