/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The checkpoint in hand goes to other witnesses, which are asked over HTTP one after the other, and what they cosign goes back to
 * the server. What a witness has seen last is asked of it: it answers a wrong guess with the right size [C2SP-WITNESS].
 */
#include <string.h>

#include "follower.h"

static void push_next(follower *f);

static const config_push *
target(const follower *f)
{
    return &f->all->config->pushes[f->push_at];
}

static void
skip(follower *f, const char *words)
{
    follower_complain(f, words);
    f->push_at++;
    push_next(f);
}

/* ---- Asking ---- */

/* The proof is the server's, from what the other witness has to the checkpoint in hand. */
static void
ask_proof(follower *f)
{
    const proto_log_entries in = {.from = f->push_old[f->push_at], .count = 0};
    KITH_AUTO(kith_buf) body = {0};
    const kith_err err = proto_log_entries_encode(&body, &in);

    follower_ask(f, FOLLOW_PROOF, PROTO_LOG_ENTRIES, &body, err);
}

static void
handle_conflict(follower *f)
{
    uint64_t size = 0;

    if (f->has_retried ||
        kt_conflict_decode(kith_bytes_of_buf(&f->push.answer), &size) != KITH_OK) {
        skip(f, "another witness answers nonsense");
        return;
    }
    f->push_old[f->push_at] = size;
    f->has_retried = true;
    if (size > f->size) {
        skip(f, "another witness has seen a larger log of this server; it may have been set back");
    } else {
        ask_proof(f);
    }
}

static void
hand_on(follower *f)
{
    KITH_AUTO(kith_buf) body = {0};
    kt_checkpoint checkpoint;
    const kith_bytes lines = kith_bytes_of_buf(&f->push.answer);

    kith_err err = kt_checkpoint_decode(kith_bytes_of_buf(&f->note), &checkpoint);
    if (err == KITH_OK) {
        err = kt_checkpoint_lines_verify(f->all->crypto, &checkpoint, lines, &target(f)->key, NULL);
    }
    if (err != KITH_OK) {
        skip(f, "another witness did not sign with the key that was named");
        return;
    }
    f->push_old[f->push_at] = f->size;
    const proto_log_cosign in = {.size = f->size, .lines = lines};
    err = proto_log_cosign_encode(&body, &in);
    follower_ask(f, FOLLOW_PUSH_COSIGN, PROTO_LOG_COSIGN, &body, err);
}

static void
handle_pushed(void *ctx)
{
    follower *f = ctx;

    f->is_pushing = false;
    if (f->all->ended != NULL) {
        followers_check_end(f->all);
    } else if (!f->is_up) {
        follower_rest(f, FOLLOW_RETRY_MS);
    } else if (f->push.status == 200) {
        hand_on(f);
    } else if (f->push.status == 409) {
        handle_conflict(f);
    } else if (f->push.status == 404) {
        skip(f, "another witness does not know this server's log");
    } else {
        skip(f, "another witness did not cosign");
    }
}

static void
post(follower *f, kith_bytes proof)
{
    const kt_add_draft draft = {.old_size = f->push_old[f->push_at],
                                .proof = proof,
                                .checkpoint = kith_bytes_of_buf(&f->note)};

    f->push.url = target(f)->url;
    f->push.done = handle_pushed;
    f->push.ctx = f;
    kith_buf_clear(&f->push.body);
    kith_err err = kt_add_request_encode(&draft, &f->push.body);
    if (err == KITH_OK) {
        err = push_start(f->all->loop, &f->push);
    }
    if (err != KITH_OK) {
        skip(f, "another witness cannot be asked");
        return;
    }
    f->is_pushing = true;
    f->step = FOLLOW_PUSH;
    net_timer_off(f->timer);
}

static void
handle_proof(follower *f, kith_bytes body)
{
    KITH_AUTO(kith_buf) proof = {0};
    proto_log_entries_answer answer = {0};
    kt_checkpoint checkpoint;

    if (proto_log_entries_answer_decode(body, &answer) != KITH_OK ||
        kt_checkpoint_decode(answer.checkpoint, &checkpoint) != KITH_OK ||
        kith_buf_set(&proof, answer.proof) != KITH_OK) {
        skip(f, "the server gives no proof for another witness");
    } else if (checkpoint.size != f->size) {
        /* There is a newer one: it is cosigned here first. */
        follower_rest(f, 0);
    } else {
        post(f, kith_bytes_of_buf(&proof));
    }
}

/* ---- One after the other ---- */

static void
push_next(follower *f)
{
    while (f->push_at < f->all->config->push_count && f->push_old[f->push_at] == f->size) {
        f->push_at++;
    }
    f->has_retried = false;
    if (f->push_at >= f->all->config->push_count) {
        follower_rest(f, FOLLOW_EVERY_MS);
    } else if (f->push_old[f->push_at] == 0) {
        post(f, (kith_bytes){0});
    } else {
        ask_proof(f);
    }
}

void
follower_push_begin(follower *f)
{
    f->push_at = 0;
    push_next(f);
}

void
follower_push_answer(follower *f, const proto_frame *frame)
{
    if (frame->type == PROTO_ERROR && f->step == FOLLOW_PUSH_COSIGN) {
        skip(f, "does not take the cosignature of another witness; its operator can name it with "
                "kithd --witness");
    } else if (frame->type == PROTO_ERROR) {
        skip(f, "the server gives no proof for another witness");
    } else if (f->step == FOLLOW_PROOF) {
        handle_proof(f, frame->body);
    } else {
        f->push_at++;
        push_next(f);
    }
}
