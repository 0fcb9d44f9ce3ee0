/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A day in the life of the relay with memory running out at the N-th request for it, for all N, and with randomness
 * running out: nothing leaks, what was answered is true, and when there is memory again everything works.
 */
#include <string.h>

#include "relay/town.h"

typedef struct scene {
    town t;
    person anna;
    talk k;
    client reader; /* subscribed before memory runs out */
    client named; /* anna's device, logged in and subscribed to its inbox */
    client sender;
    uint64_t appended; /* seq of the last append that was answered */
} scene;

static void
open_scene(scene *s)
{
    memset(s, 0, sizeof *s);
    town_open_logged(&s->t);
    person_make(&s->t, &s->anna, 1);
    person_create(&s->anna);
    client_open(&s->t, &s->named, 0, 1);
    assert_err(person_log_in(&s->anna, &s->named, 0), KITH_OK);
    client_body(&s->named);
    assert_err(client_ask(&s->named, PROTO_INBOX_SUBSCRIBE), KITH_OK);
    client_open(&s->t, &s->reader, 1, 2);
    assert_err(talk_open(&s->reader, &s->k, 1, 2), KITH_OK);
    assert_err(talk_subscribe(&s->reader, &s->k, 0, 0), KITH_OK);
    client_open(&s->t, &s->sender, 0, 3);
}

static void
close_scene(scene *s)
{
    person_done(&s->anna);
    town_close(&s->t);
}

/* An error under shortage is one of these, and "no answer" only when the connection is over. */
static void
check_error(const client *c, kith_err err)
{
    if (err == KITH_ERR_OFFLINE) {
        assert_true(c->over == KITH_ERR_NO_MEMORY);
        return;
    }
    assert_true(err == KITH_OK || err == KITH_ERR_BUSY || err == KITH_ERR_DENIED);
}

static void
ask(client *c, uint8_t type)
{
    if (c->over == KITH_OK) {
        check_error(c, client_ask(c, type));
    }
}

static void
append(scene *s, uint32_t id)
{
    if (s->sender.over != KITH_OK) {
        return;
    }
    const kith_err err = talk_say(&s->sender, &s->k, 0, id, kith_bytes_of_text("hello"));
    check_error(&s->sender, err);
    if (err == KITH_OK) {
        s->appended = client_seq(&s->sender);
    }
}

static void
put_in_inbox(scene *s)
{
    proto_inbox_put in = {.body = kith_bytes_of_text("\1welcome")};

    memcpy(in.account_id, s->anna.account_id, sizeof in.account_id);
    memcpy(in.device_id, s->anna.device_id[0], sizeof in.device_id);
    assert_err(proto_inbox_put_encode(client_body(&s->sender), &in), KITH_OK);
    ask(&s->sender, PROTO_INBOX_PUT);
}

static void
take_packages(scene *s)
{
    KITH_AUTO(kith_buf) one_time = {0};
    proto_kp_take take = {0};

    assert_err(proto_blob_append(&one_time, kith_bytes_of_text("package")), KITH_OK);
    const proto_kp_put put = {.last_resort = kith_bytes_of_text("last"),
                              .one_time = kith_bytes_of_buf(&one_time)};
    assert_err(proto_kp_put_encode(client_body(&s->named), &put), KITH_OK);
    ask(&s->named, PROTO_KP_PUT);
    memcpy(take.account_id, s->anna.account_id, sizeof take.account_id);
    assert_err(proto_kp_take_encode(client_body(&s->sender), &take), KITH_OK);
    ask(&s->sender, PROTO_KP_TAKE);
    client_body(&s->named);
    ask(&s->named, PROTO_KP_COUNT);
}

static void
meet(scene *s)
{
    const proto_rdv_send in = {.number = 1, .body = kith_bytes_of_text("x")};

    client_body(&s->named);
    ask(&s->named, PROTO_RDV_OPEN);
    assert_err(proto_rdv_send_encode(client_body(&s->named), &in), KITH_OK);
    if (s->named.over == KITH_OK) {
        const kith_err err = client_ask(&s->named, PROTO_RDV_SEND);
        assert_true(err == KITH_ERR_NOT_FOUND || err == KITH_ERR_BUSY || err == KITH_ERR_OFFLINE);
    }
}

static void
change_list(scene *s)
{
    person_next_list(&s->anna, 3);
    const proto_list_put in = {.list = kith_bytes_of_buf(&s->anna.list)};
    assert_err(proto_list_put_encode(client_body(&s->named), &in), KITH_OK);
    ask(&s->named, PROTO_LIST_PUT);
}

static void
look_up(scene *s)
{
    KITH_AUTO(kith_buf) search = {0};
    KITH_AUTO(kith_buf) consistency = {0};
    uint8_t label[RELAY_LABEL_LEN] = {1};
    const kt_request request = {.question = KT_SEARCH, .label = KITH_BYTES(label)};
    const kt_request compare = {.question = KT_CONSISTENCY, .other = 1};
    proto_find find = {0};

    memcpy(label + 1, s->anna.account_id, PROTO_ID_LEN);
    memcpy(find.account_id, s->anna.account_id, PROTO_ID_LEN);
    assert_err(kt_request_encode(&request, &search), KITH_OK);
    find.search = kith_bytes_of_buf(&search);
    assert_err(proto_find_encode(client_body(&s->sender), &find), KITH_OK);
    ask(&s->sender, PROTO_LIST_FIND);
    assert_err(kt_request_encode(&compare, &consistency), KITH_OK);
    const proto_log_ask in = {.question = KT_CONSISTENCY,
                              .request = kith_bytes_of_buf(&consistency)};
    assert_err(proto_log_ask_encode(client_body(&s->sender), &in), KITH_OK);
    ask(&s->sender, PROTO_LOG_ASK);
    client_body(&s->sender);
    ask(&s->sender, PROTO_LOG_CONFIG);
}

static void
live(scene *s)
{
    const relay_peer peer = {.source = 9};
    relay_session *fresh = NULL;

    append(s, 1);
    append(s, 2);
    put_in_inbox(s);
    take_packages(s);
    meet(s);
    change_list(s);
    look_up(s);
    if (s->sender.over == KITH_OK) {
        check_error(&s->sender, talk_ack(&s->sender, &s->k, 0, 1, 1));
    }
    if (s->sender.over == KITH_OK) {
        check_error(&s->sender, talk_subscribe(&s->sender, &s->k, 0, 1));
    }
    append(s, 3);
    if (relay_session_open(s->t.relay[0], &peer, s->t.now_ms, &fresh) == KITH_OK) {
        relay_session_close(fresh);
    }
    town_pass(&s->t, RELAY_EXPIRE_MS);
}

/* What was answered arrived, once and in order, at who is still connected. */
static void
check_reader(scene *s)
{
    uint64_t seen = 0;

    if (s->reader.over != KITH_OK) {
        return;
    }
    client_listen(&s->reader);
    for (uint8_t type = client_push(&s->reader); type != 0; type = client_push(&s->reader)) {
        proto_entry entry = {0};
        assert_int_equal(type, PROTO_ENTRY);
        assert_err(proto_entry_decode(kith_bytes_of_buf(&s->reader.answer), &entry), KITH_OK);
        assert_int_equal(entry.seq, seen + 1);
        seen = entry.seq;
    }
    assert_true(seen >= s->appended);
}

static void
check_recovery(scene *s)
{
    client later;

    client_close(&s->sender);
    client_open(&s->t, &later, 1, 4);
    assert_err(talk_say(&later, &s->k, 0, 4, kith_bytes_of_text("again")), KITH_OK);
    assert_true(client_seq(&later) > s->appended);
    assert_err(talk_subscribe(&later, &s->k, 0, 1), KITH_OK);
    assert_int_equal(client_push(&later), PROTO_ENTRY);
    client_close(&later);
}

static void
memory_may_run_out_at_any_moment(void **state)
{
    (void)state;
    static scene s;
    bool ran_out = true;

    for (uint64_t n = 0; ran_out; n++) {
        open_scene(&s);
        s.t.alloc.fail_after = s.t.alloc.calls + n;
        live(&s);
        ran_out = s.t.alloc.calls >= s.t.alloc.fail_after;
        s.t.alloc.fail_after = UINT64_MAX;
        check_reader(&s);
        check_recovery(&s);
        close_scene(&s);
        assert_true(n < 1000);
    }
    assert_int_equal(s.appended, 3);
}

static void
randomness_may_run_out(void **state)
{
    (void)state;
    town t;
    client c;
    town_open(&t);
    client_open(&t, &c, 0, 1);

    t.fake.fail_after = t.fake.calls;
    client_body(&c);
    assert_err(client_ask(&c, PROTO_RDV_OPEN), KITH_ERR_BUSY);
    t.fake.fail_after = UINT64_MAX;
    client_body(&c);
    assert_err(client_ask(&c, PROTO_RDV_OPEN), KITH_OK);
    town_close(&t);
}

/* Openings of the log need it: the list is not stored, and can be put again. */
static void
a_list_is_not_stored_without_randomness(void **state)
{
    scene s;
    (void)state;
    open_scene(&s);

    s.t.fake.fail_after = s.t.fake.calls;
    person_next_list(&s.anna, 1);
    assert_err(person_put_list(&s.anna, &s.named), KITH_ERR_BUSY);
    s.t.fake.fail_after = UINT64_MAX;
    assert_err(person_put_list(&s.anna, &s.named), KITH_OK);
    close_scene(&s);
}

static void
a_relay_is_made_whole_or_not_at_all(void **state)
{
    (void)state;
    town t;
    relay *made = NULL;
    town_open_logged(&t);
    const uint64_t blocks = t.alloc.live_blocks;

    for (uint64_t n = 0; made == NULL; n++) {
        t.alloc.fail_after = t.alloc.calls + n;
        const kith_err err = relay_new(&t.env[0], t.now_ms, &made);
        assert_true(err == KITH_OK || (err == KITH_ERR_NO_MEMORY && made == NULL));
        assert_true(err == KITH_OK || t.alloc.live_blocks == blocks);
    }
    t.alloc.fail_after = UINT64_MAX;
    relay_free(made);
    relay_free(NULL);
    relay_session_close(NULL);
    relay_job_free(NULL);
    relay_notice_free(NULL);
    town_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_may_run_out_at_any_moment),
        cmocka_unit_test(randomness_may_run_out),
        cmocka_unit_test(a_list_is_not_stored_without_randomness),
        cmocka_unit_test(a_relay_is_made_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
