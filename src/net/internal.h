/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of src/net share: the loop's inside, and tasks for the end of a turn. */
#ifndef KITH_NET_INTERNAL_H
#define KITH_NET_INTERNAL_H

#include <uv.h>

#include <openssl/types.h>

#include "net/limits.h"
#include "net/loop.h"

/* One read fills at most this much; shared by everything on a loop. Four TLS records. */
#define NET_INPUT_LEN 65536u

/* Something to do once at the end of the turn. Part of the object it works on. */
typedef struct net_task {
    struct net_task *next;
    struct net_task *prev;
    void (*run)(struct net_task *task);
    struct net_tasks *queue; /* NULL: in none */
} net_task;

/* First in, first out. */
typedef struct net_tasks {
    net_task *first;
    net_task *last;
} net_tasks;

struct net_loop {
    uv_loop_t uv;
    uv_prepare_t turn;
    uv_async_t wake; /* keeps the loop alive, and from sleeping when there is more to do */
    net_fn on_turn;
    void *on_turn_ctx;
    net_tasks tasks; /* all of them run at the end of a turn */
    net_tasks slow;  /* handshakes: NET_HANDSHAKES_TURN of them do */
    net_task mark;   /* among the tasks while they run: where this round ends */
    SSL_CTX *client_tls; /* NULL until the first dial */
    uint8_t input[NET_INPUT_LEN];
};

/* Puts the task at the end of the queue, unless it is in one. Before the loop waits, it runs. A task that
 * is queued while tasks run has its turn in the next round. */
void net_task_queue(net_tasks *tasks, net_task *task);
/* Takes it out of whichever queue it is in. */
void net_task_drop(net_task *task);
/* The loop does not wait at the end of this turn. */
void net_loop_again(net_loop *loop);

/* The error for a negative libuv status or a negated errno. */
kith_err net_err_of_system(int status);

/* The container of a member. */
#define NET_OF(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

#endif
