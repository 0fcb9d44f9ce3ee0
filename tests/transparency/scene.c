/* SPDX-License-Identifier: MPL-2.0 */
/* Questions that have been asked. */
#include "transparency/scene.h"

bool
is_refusal(kith_err err)
{
    return err == KITH_ERR_MALFORMED || err == KITH_ERR_REJECTED;
}

kith_err
scene_check(scene *s, kith_bytes bytes, bool *is_changed)
{
    const kt_exchange exchange = {.request = &s->request, .response = bytes, .now_ms = s->w.now_ms};
    KITH_AUTO(kith_buf) before = {0};
    KITH_AUTO(kith_buf) after = {0};
    KITH_AUTO(kt_watch) watch = {0};
    kt_view view = s->view;
    kt_found found = {0};
    kt_heads heads;
    kt_news news;
    bool is_done = false;
    kith_err err = KITH_OK;

    assert_ok(kt_watch_encode(&s->watch, &before));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&before));
    assert_ok(kt_watch_decode(&r, &watch));
    switch (s->request.question) {
    case KT_SEARCH:
        err = kt_client_search(&s->w.client, &exchange, &view, &watch, &found);
        break;
    case KT_CONTACT_MONITOR:
        err = kt_client_contact(&s->w.client, &exchange, &view, &watch);
        break;
    case KT_OWNER_INIT:
        err = kt_client_owner_init(&s->w.client, &exchange, &view, &watch);
        break;
    case KT_OWNER_MONITOR:
        err = kt_client_owner_monitor(&s->w.client, &exchange, &view, &watch, &is_done);
        break;
    case KT_UPDATE:
        err = kt_client_update(&s->w.client, &exchange, &view, &watch, &news);
        break;
    case KT_DISTINGUISHED:
        err = kt_client_distinguished(&s->w.client, &exchange, &view, &heads);
        break;
    case KT_CONSISTENCY: /* test_head.c */
        err = KITH_ERR_INVALID;
        break;
    }
    assert_ok(kt_watch_encode(&watch, &after));
    *is_changed = memcmp(&view, &s->view, sizeof view) != 0 ||
                  !kith_bytes_equal(kith_bytes_of_buf(&before), kith_bytes_of_buf(&after));
    return err;
}

void
scene_done(scene *s)
{
    kt_watch_done(&s->watch);
    kith_buf_done(&s->answer);
    world_close(&s->w);
}

void
scene_open(scene *s, crypto *c, kt_question question)
{
    *s = (scene){.watch = watch_of(LABEL), .request = {.question = question}};
    world_open(&s->w, c, WINDOW_MS, 0);
    for (unsigned i = 0; i < 30; i++) {
        if (i == 14) {
            KITH_AUTO(world_result) result = {0};
            assert_ok(world_search(&s->w, &s->view, &s->watch, NULL, &result));
            assert_int_equal(s->watch.map.count, 1);
        }
        world_append(&s->w, STEP_MS, i % 6 == 1 ? LABEL : i % 6 == 3 ? "other" : NULL, i);
    }
}

void
scene_open_owned(scene *s, crypto *c, kt_question question)
{
    *s = (scene){.watch = watch_of(LABEL), .request = {.question = question}};
    world_open(&s->w, c, WINDOW_MS, 0);
    for (unsigned i = 0; i < 30; i++) {
        if (i == 14) {
            assert_ok(world_own(&s->w, &s->view, &s->watch, 7));
        }
        world_append(&s->w, STEP_MS, i == 3 || (i == 22 && question == KT_UPDATE) ? LABEL : NULL,
                     i);
    }
}

void
scene_open_asked(scene *s, crypto *c, kt_question question)
{
    if (question == KT_OWNER_MONITOR || question == KT_UPDATE) {
        scene_open_owned(s, c, question);
    } else {
        scene_open(s, c, question);
    }
    if (question == KT_OWNER_INIT) {
        s->request.start = 15;
        s->watch.map.count = 0;
    }
    assert_ok(world_ask(&s->w, &s->view, &s->watch, &s->request, &s->answer));
}
