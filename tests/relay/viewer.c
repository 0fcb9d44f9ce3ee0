/* SPDX-License-Identifier: MPL-2.0 */
/* The viewer of viewer.h: asks over a connection, and checks with nothing but what the server gave it. */
#include "relay/viewer.h"

#include <string.h>

void
viewer_open(client *c, viewer *v)
{
    proto_log_config_answer answer = {0};
    proto_log log;

    memset(v, 0, sizeof *v);
    client_body(c);
    assert_err(client_ask(c, PROTO_LOG_CONFIG), KITH_OK);
    assert_err(proto_log_config_answer_decode(kith_bytes_of_buf(&c->answer), &answer), KITH_OK);
    assert_err(proto_log_check(c->town->crypto, answer.log,
                               crypto_sign_key_public(c->town->log.identity), &log),
               KITH_OK);
    kith_reader r = kith_reader_of(log.config);
    v->client.crypto = c->town->crypto;
    assert_err(kt_config_decode(&r, &v->client.config), KITH_OK);
}

void
viewer_send(client *c, const uint8_t *account_id, uint64_t have, const kt_request *request)
{
    KITH_AUTO(kith_buf) search = {0};
    proto_find in = {.have_version = have};

    memcpy(in.account_id, account_id, PROTO_ID_LEN);
    assert_err(kt_request_encode(request, &search), KITH_OK);
    in.search = kith_bytes_of_buf(&search);
    assert_err(proto_find_encode(client_body(c), &in), KITH_OK);
    client_send(c, PROTO_LIST_FIND);
}

kith_err
viewer_ask(client *c, const uint8_t *account_id, uint64_t have, const kt_request *request)
{
    kith_err err = KITH_ERR_INVALID;

    viewer_send(c, account_id, have, request);
    town_run(c->town);
    return client_find_answer(c, c->request, &err) ? err : KITH_ERR_OFFLINE;
}

void
viewer_label(const uint8_t *account_id, uint8_t label[RELAY_LABEL_LEN])
{
    label[0] = 1;
    memcpy(label + 1, account_id, PROTO_ID_LEN);
}

static size_t
count_blobs(kith_bytes blobs)
{
    kith_reader r = kith_reader_of(blobs);
    kith_bytes blob;
    size_t count = 0;

    for (; !kith_reader_done(&r); count++) {
        assert_err(proto_blob_next(&r, &blob), KITH_OK);
    }
    return count;
}

kith_err
viewer_find(client *c, viewer *v, const uint8_t *account_id, uint64_t have)
{
    uint8_t label[RELAY_LABEL_LEN];
    kt_request request = {.question = KT_SEARCH};
    proto_find_answer answer = {0};
    proto_list list;

    viewer_label(account_id, label);
    request.label = KITH_BYTES(label);
    kt_request_prepare(&v->view, NULL, &request);
    request.label = KITH_BYTES(label);
    KITH_TRY(viewer_ask(c, account_id, have, &request));
    assert_err(proto_find_answer_decode(kith_bytes_of_buf(&c->answer), &answer), KITH_OK);
    const kt_exchange exchange = {
        .request = &request, .response = answer.found, .now_ms = c->town->now_ms};
    KITH_TRY(kt_client_search(&v->client, &exchange, &v->view, NULL, &v->found));
    v->lists = count_blobs(answer.lists);
    v->answer_len = c->answer.len;
    v->version = 0;
    if (!v->found.is_absent) {
        assert_err(proto_list_decode(v->found.value, &list), KITH_OK);
        assert_memory_equal(list.account_id, account_id, PROTO_ID_LEN);
        assert_int_equal(list.version, v->found.version + 1);
        v->version = list.version;
    }
    return KITH_OK;
}

void
log_scene_open(log_scene *s)
{
    memset(s, 0, sizeof *s);
    town_open_logged(&s->t);
    person_make(&s->t, &s->anna, 2);
    person_create(&s->anna);
    client_open(&s->t, &s->named, 0, 1);
    assert_err(person_log_in(&s->anna, &s->named, 0), KITH_OK);
    for (size_t i = 0; i < TOWN_LOOPS; i++) {
        client_open(&s->t, &s->c[i], i, 10 + i);
        viewer_open(&s->c[i], &s->v[i]);
    }
}

void
log_scene_close(log_scene *s)
{
    person_done(&s->anna);
    town_close(&s->t);
}

void
log_scene_put(log_scene *s, unsigned mask)
{
    person_next_list(&s->anna, mask);
    assert_err(person_put_list(&s->anna, &s->named), KITH_OK);
}

uint64_t
log_scene_size(log_scene *s)
{
    static const uint8_t nobody[PROTO_ID_LEN] = {9};

    assert_err(viewer_find(&s->c[1], &s->v[1], nobody, 0), KITH_OK);
    return s->v[1].view.size;
}
