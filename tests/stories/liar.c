/* SPDX-License-Identifier: MPL-2.0 */
#include "stories/liar.h"

#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"

liar *
liar_new(world *w)
{
    liar *l = calloc(1, sizeof *l);

    if (l == NULL) {
        abort();
    }
    l->w = w;
    for (size_t i = 0; i < LIAR_FACES; i++) {
        l->faces[i].log = fake_directory_new(w->server.crypto, w->seed, 1);
    }
    memcpy(w->server.identity, fake_directory_identity(l->faces[0].log), 32);
    w->liar = l;
    return l;
}

static void
free_face(liar_face *face)
{
    for (size_t i = 0; i < face->account_count; i++) {
        for (size_t k = 0; k < face->accounts[i].count; k++) {
            kith_buf_done(&face->accounts[i].lists[k]);
        }
    }
    fake_directory_free(face->log);
}

void
liar_free(liar *l)
{
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < LIAR_FACES; i++) {
        free_face(&l->faces[i]);
    }
    for (size_t i = 0; i < WORLD_DEVICES; i++) {
        for (size_t link = 0; link < CORE_LINKS; link++) {
            kith_buf_done(&l->in[i][link]);
        }
    }
    free(l);
}

void
liar_cut(liar *l, size_t device, core_link link)
{
    kith_buf_clear(&l->in[device][link]);
}

/* ---- What the faces know ---- */

liar_account *
liar_account_of(liar_face *face, const uint8_t account[CORE_ACCOUNT_LEN])
{
    for (size_t i = 0; i < face->account_count; i++) {
        if (memcmp(face->accounts[i].id, account, CORE_ACCOUNT_LEN) == 0) {
            return &face->accounts[i];
        }
    }
    if (face->account_count == LIAR_ACCOUNTS) {
        abort();
    }
    liar_account *made = &face->accounts[face->account_count++];
    memcpy(made->id, account, CORE_ACCOUNT_LEN);
    return made;
}

void
liar_add(liar *l, size_t face, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes list)
{
    liar_account *known = liar_account_of(&l->faces[face], account);

    if (known->count == LIAR_LISTS || kith_buf_set(&known->lists[known->count], list) != KITH_OK) {
        abort();
    }
    known->count++;
    fake_directory_put(l->faces[face].log, l->w->now_ms, account, list);
}

void
liar_log_all(liar *l, size_t face)
{
    liar_face *f = &l->faces[face];

    for (size_t i = 0; i < f->account_count; i++) {
        for (size_t k = 0; k < f->accounts[i].count; k++) {
            fake_directory_put(f->log, l->w->now_ms, f->accounts[i].id,
                               kith_bytes_of_buf(&f->accounts[i].lists[k]));
        }
    }
}

/* Takes over the lists that the honest server has and the face has not. */
static void
follow_account(liar *l, size_t face, const uint8_t account[CORE_ACCOUNT_LEN])
{
    const relay_store *store = store_relay_port(l->w->server.store);
    relay_account row = {0};
    liar_account *known = liar_account_of(&l->faces[face], account);

    if (known->is_forged || store->account_find(store->ctx, account, &row) != KITH_OK) {
        return;
    }
    while (known->taken < row.version) {
        KITH_AUTO(kith_buf) list = {0};
        if (store->list_get(store->ctx, row.row, known->taken + 1, &list) != KITH_OK) {
            abort();
        }
        known->taken++;
        liar_add(l, face, account, kith_bytes_of_buf(&list));
    }
}

void
liar_follow(liar *l)
{
    for (size_t i = 0; i < l->w->device_count; i++) {
        world_device *d = &l->w->devices[i];
        if (d->is_up && d->has_account) {
            memcpy(d->account, core_account_get(d->core).account, sizeof d->account);
        }
        for (size_t face = 0; face < LIAR_FACES && l->w->server.is_up && d->has_account; face++) {
            if (!l->faces[face].is_frozen) {
                follow_account(l, face, d->account);
            }
        }
    }
    for (size_t face = 0; face < LIAR_FACES; face++) {
        if (!l->faces[face].is_frozen) {
            fake_directory_beat(l->faces[face].log, l->w->now_ms);
        }
    }
}

/* ---- What it answers ---- */

static kith_err
answer_config(const liar *l, const liar_face *face, kith_buf *out)
{
    const proto_log_config_answer answer = {
        .log = l->config.len > 0 ? l->config : fake_directory_signed(face->log)};

    return proto_log_config_answer_encode(out, &answer);
}

static kith_err
answer_ask(liar_face *face, kith_bytes body, kith_buf *out)
{
    KITH_AUTO(kith_buf) response = {0};
    proto_log_ask ask = {0};

    KITH_TRY(proto_log_ask_decode(body, &ask));
    KITH_TRY(fake_directory_answer(face->log, (kt_question)ask.question, ask.request, &response));
    const proto_log_ask_answer answer = {.response = kith_bytes_of_buf(&response)};
    return proto_log_ask_answer_encode(out, &answer);
}

/* An updated head is flag, size and a signature with a length of two bytes; then version, opening and value. */
static kith_err
replace_value(const liar *l, kith_buf *found)
{
    kith_reader r = kith_reader_of(kith_bytes_of_buf(found));
    const kith_reader start = r;
    KITH_AUTO(kith_buf) out = {0};
    kith_bytes skipped = {0};
    kith_bytes value = {0};
    uint8_t flag = 0;

    KITH_TRY(kith_read_u8(&r, &flag));
    if (flag == 2) {
        KITH_TRY(kith_read_bytes(&r, 8, &skipped));
        KITH_TRY(kith_read_vec16(&r, &skipped));
    }
    KITH_TRY(kith_read_bytes(&r, 4 + KT_OPENING_LEN, &skipped));
    KITH_TRY(kith_buf_append(&out, kith_reader_since(&start, &r)));
    KITH_TRY(kith_read_vec32(&r, &value));
    kith_writer w = kith_writer_of(&out);
    KITH_TRY(kith_write_vec32(&w, l->value));
    KITH_TRY(kith_buf_append(&out, kith_reader_peek(&r)));
    return kith_buf_set(found, kith_bytes_of_buf(&out));
}

static kith_err
answer_find(const liar *l, liar_face *face, kith_bytes body, kith_buf *out)
{
    KITH_AUTO(kith_buf) lists = {0};
    KITH_AUTO(kith_buf) found = {0};
    proto_find find = {0};

    KITH_TRY(proto_find_decode(body, &find));
    const liar_account *known = liar_account_of(face, find.account_id);
    for (uint64_t i = find.have_version; i + 1 < known->count; i++) {
        KITH_TRY(proto_blob_append(&lists, kith_bytes_of_buf(&known->lists[i])));
    }
    KITH_TRY(fake_directory_answer(face->log, KT_SEARCH, find.search, &found));
    if (l->value.len > 0) {
        KITH_TRY(replace_value(l, &found));
    }
    if (l->spoil != NULL) {
        l->spoil(&found);
    }
    const proto_find_answer answer = {.lists = kith_bytes_of_buf(&lists),
                                      .found = kith_bytes_of_buf(&found)};
    return proto_find_answer_encode(out, &answer);
}

static kith_err
make_answer(liar *l, size_t device, const proto_frame *frame, kith_buf *out)
{
    liar_face *face = &l->faces[l->face_of[device]];

    liar_follow(l);
    switch (frame->type) {
    case PROTO_LOG_CONFIG:
        return answer_config(l, face, out);
    case PROTO_LOG_ASK:
        return answer_ask(face, frame->body, out);
    default:
        return answer_find(l, face, frame->body, out);
    }
}

static void
send_answer(liar *l, size_t device, core_link link, const proto_frame *frame)
{
    KITH_AUTO(kith_buf) body = {0};
    KITH_AUTO(kith_buf) out = {0};
    const kith_err err = make_answer(l, device, frame, &body);
    uint8_t type = frame->type | PROTO_ANSWER;

    if (err != KITH_OK) {
        const proto_error error = {.code = proto_code_of(err)};
        type = PROTO_ERROR;
        kith_buf_clear(&body);
        kith_ignore(proto_error_encode(&body, &error));
    }
    l->questions++;
    l->bytes += body.len;
    if (proto_frame_encode(&out, type, frame->request, kith_bytes_of_buf(&body)) != KITH_OK) {
        abort();
    }
    wire_send_down(l->w, &l->w->devices[device].wires[link], kith_bytes_of_buf(&out));
}

void
liar_take(liar *l, size_t device, core_link link, kith_bytes bytes)
{
    kith_buf *in = &l->in[device][link];

    if (kith_buf_append(in, bytes) != KITH_OK) {
        abort();
    }
    for (;;) {
        proto_frame frame = {0};
        size_t used = 0;
        if (proto_frame_take(kith_bytes_of_buf(in), PROTO_FRAME_MAX, &frame, &used) != KITH_OK) {
            abort();
        }
        if (used == 0) {
            return;
        }
        KITH_AUTO(kith_buf) copy = {0};
        kith_ignore(kith_buf_append(&copy, kith_bytes_of(in->data, used)));
        kith_ignore(proto_frame_take(kith_bytes_of_buf(&copy), PROTO_FRAME_MAX, &frame, &used));
        kith_buf_drop_front(in, used);
        if (frame.type == PROTO_LOG_CONFIG || frame.type == PROTO_LOG_ASK ||
            frame.type == PROTO_LIST_FIND) {
            send_answer(l, device, link, &frame);
        } else {
            wire_pass(l->w, &l->w->devices[device].wires[link], kith_bytes_of_buf(&copy));
        }
    }
}
