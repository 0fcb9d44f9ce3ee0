/* SPDX-License-Identifier: MPL-2.0 */
/* What follow.c (a server's log, over its connection) and follow_push.c (other witnesses of it) share. */
#ifndef KITH_WITNESS_FOLLOWER_H
#define KITH_WITNESS_FOLLOWER_H

#include "follow.h"
#include "push.h"

/* What the connection waits for. */
typedef enum follow_step {
    FOLLOW_IDLE, /* for the timer, with or without a connection */
    FOLLOW_DIAL,
    FOLLOW_HELLO,
    FOLLOW_CONFIG,
    FOLLOW_ENTRIES,
    FOLLOW_COSIGN,
    FOLLOW_PROOF, /* the proof that another witness asks for */
    FOLLOW_PUSH, /* the answer of another witness */
    FOLLOW_PUSH_COSIGN, /* its cosignature being taken */
} follow_step;

typedef struct follower {
    struct followers *all;
    const config_server *server;
    net_client *client;
    net_timer *timer;
    kith_buf in; /* what arrived and is no whole frame yet */
    uint32_t request; /* number of the last one */
    follow_step step;
    bool is_up;
    bool
        is_behind; /* the view has entries beyond what was cosigned, and the next ones are asked for */
    kith_buf signed_log; /* the newest that is known; empty: none */
    kt_note_key key; /* of its checkpoints */
    kt_bridge_view view;
    kith_buf note; /* the checkpoint in hand */
    uint64_t size; /* of it */
    uint64_t done_size; /* of the last one whose cosignature the server has got, or does not want */
    const char *last_words; /* the last complaint, which is not repeated */
    /* Other witnesses. */
    size_t push_at; /* which one is asked; config.push_count: none */
    uint64_t push_old[CONFIG_PUSHES_MAX]; /* what each has cosigned last */
    bool has_retried; /* after a conflict */
    bool is_pushing; /* a thread of the pool has `push` */
    push push;
} follower;

struct followers {
    net_loop *loop;
    const witness_config *config;
    cosigner *cosigner;
    crypto *crypto;
    net_fn ended; /* set: it is ending */
    void *ended_ctx;
    size_t count;
    follower items[CONFIG_SERVERS_MAX];
};

/* Sends a request and waits for its answer; `body_err` is that of encoding the body. A connection that cannot take it is given up. */
void follower_ask(follower *f, follow_step step, uint8_t type, const kith_buf *body,
                  kith_err body_err);
/* When it is ending and nothing is under way any more: says so. */
void followers_check_end(const struct followers *all);
/* The round is over. */
void follower_rest(follower *f, uint64_t ms);
/* Says it unless it was the last thing said about this server. */
void follower_complain(follower *f, const char *words);

/* Other witnesses, one after the other, are asked for the checkpoint in hand; then the round is over. */
void follower_push_begin(follower *f);
/* The answer to a request of a step FOLLOW_PROOF or FOLLOW_PUSH_COSIGN. */
void follower_push_answer(follower *f, const proto_frame *frame);

#endif
