/* SPDX-License-Identifier: MPL-2.0 */
/* The event loop and what can wake it, over libuv. */
#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/ssl.h>

#include "net/internal.h"

struct net_timer {
    uv_timer_t handle;
    net_fn fn;
    void *ctx;
};

struct net_wakeup {
    uv_async_t handle;
    net_fn fn;
    void *ctx;
};

struct net_signal {
    uv_signal_t handle;
    net_fn fn;
    void *ctx;
};

typedef struct work {
    uv_work_t request;
    net_fn run;
    net_fn done;
    void *ctx;
} work;

static uint64_t
read_clock(clockid_t id)
{
    struct timespec now = {0};

    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static uint64_t
read_wall(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_REALTIME);
}

/* Goes on while the machine sleeps, so that a deadline is due after waking up. */
static uint64_t
read_steady(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_BOOTTIME);
}

const kith_clock *
net_clock(void)
{
    static const kith_clock system = {.wall_ms = read_wall, .steady_ms = read_steady};

    return &system;
}

kith_err
net_err_of_system(int status)
{
    static const struct {
        int number;
        kith_err err;
    } table[] = {
        {0, KITH_OK},
        {ENOENT, KITH_ERR_NOT_FOUND},
        {ENOTDIR, KITH_ERR_NOT_FOUND},
        {EADDRNOTAVAIL, KITH_ERR_NOT_FOUND},
        {EAFNOSUPPORT, KITH_ERR_UNSUPPORTED},
        {EACCES, KITH_ERR_DENIED},
        {EPERM, KITH_ERR_DENIED},
        {EROFS, KITH_ERR_DENIED},
        {EADDRINUSE, KITH_ERR_EXISTS},
        {EEXIST, KITH_ERR_EXISTS},
        {ENOMEM, KITH_ERR_NO_MEMORY},
        {ENOBUFS, KITH_ERR_NO_MEMORY},
        {EMFILE, KITH_ERR_BUSY},
        {ENFILE, KITH_ERR_BUSY},
        {EAGAIN, KITH_ERR_BUSY},
        {ENAMETOOLONG, KITH_ERR_INVALID},
        {EINVAL, KITH_ERR_INVALID},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].number == -status) {
            return table[i].err;
        }
    }
    return KITH_ERR_STORE;
}

void
net_task_queue(net_tasks *tasks, net_task *task)
{
    if (task->queue != NULL) {
        return;
    }
    task->queue = tasks;
    task->next = NULL;
    task->prev = tasks->last;
    if (tasks->last != NULL) {
        tasks->last->next = task;
    } else {
        tasks->first = task;
    }
    tasks->last = task;
}

void
net_task_drop(net_task *task)
{
    net_tasks *tasks = task->queue;

    if (tasks == NULL) {
        return;
    }
    if (task->prev != NULL) {
        task->prev->next = task->next;
    } else {
        tasks->first = task->next;
    }
    if (task->next != NULL) {
        task->next->prev = task->prev;
    } else {
        tasks->last = task->prev;
    }
    task->queue = NULL;
    task->next = NULL;
    task->prev = NULL;
}

void
net_loop_again(net_loop *loop)
{
    uv_async_send(&loop->wake);
}

static void
run_first(net_tasks *tasks)
{
    net_task *task = tasks->first;

    net_task_drop(task);
    task->run(task);
}

/* A mark in the queue tells the tasks of this round from those that they queue. */
static void
run_tasks(net_loop *loop)
{
    for (size_t i = 0; i < NET_HANDSHAKES_TURN && loop->slow.first != NULL; i++) {
        run_first(&loop->slow);
    }
    net_task_queue(&loop->tasks, &loop->mark);
    while (loop->tasks.first != &loop->mark) {
        run_first(&loop->tasks);
    }
    net_task_drop(&loop->mark);
    if (loop->tasks.first != NULL || loop->slow.first != NULL) {
        net_loop_again(loop);
    }
}

static void
end_turn(net_loop *loop)
{
    if (loop->on_turn != NULL) {
        loop->on_turn(loop->on_turn_ctx);
    }
    run_tasks(loop);
}

static void
handle_turn(uv_prepare_t *handle)
{
    end_turn(handle->data);
}

static void
handle_wake(uv_async_t *handle)
{
    (void)handle;
}

static void
close_all(net_loop *loop)
{
    uv_close((uv_handle_t *)&loop->turn, NULL);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    /* A stop that came after the last run ends the next one at once. */
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

static int
open_handles(net_loop *loop)
{
    int status = uv_loop_init(&loop->uv);

    if (status != 0) {
        return status;
    }
    loop->uv.data = loop;
    status = uv_async_init(&loop->uv, &loop->wake, handle_wake);
    if (status != 0) {
        uv_loop_close(&loop->uv);
        return status;
    }
    uv_prepare_init(&loop->uv, &loop->turn);
    loop->turn.data = loop;
    uv_prepare_start(&loop->turn, handle_turn);
    return 0;
}

kith_err
net_loop_new(net_loop **out)
{
    /* Zeroed pages that nobody reads from stay unmapped: the input buffer costs nothing until used. */
    net_loop *loop = calloc(1, sizeof *loop);

    KITH_ENSURE(loop != NULL, KITH_ERR_NO_MEMORY);
    const int status = open_handles(loop);
    if (status != 0) {
        free(loop);
        return net_err_of_system(status);
    }
    /* Writing to a socket that the other side closed must be an error, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    *out = loop;
    return KITH_OK;
}

void
net_loop_free(net_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    loop->on_turn = NULL;
    close_all(loop);
    const int left = uv_loop_close(&loop->uv);
    assert(left == 0 && "something made on the loop was not freed");
    (void)left;
    SSL_CTX_free(loop->client_tls);
    kith_wipe(loop->input, sizeof loop->input);
    free(loop);
}

void
net_loop_run(net_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    end_turn(loop);
}

void
net_loop_stop(net_loop *loop)
{
    uv_stop(&loop->uv);
}

void
net_loop_on_turn(net_loop *loop, net_fn fn, void *ctx)
{
    loop->on_turn = fn;
    loop->on_turn_ctx = ctx;
}

static void
free_handle(uv_handle_t *handle)
{
    free(handle->data);
}

static void
handle_timer(uv_timer_t *handle)
{
    const net_timer *timer = handle->data;

    timer->fn(timer->ctx);
}

kith_err
net_timer_new(net_loop *loop, net_fn fn, void *ctx, net_timer **out)
{
    net_timer *timer = calloc(1, sizeof *timer);

    KITH_ENSURE(timer != NULL, KITH_ERR_NO_MEMORY);
    timer->fn = fn;
    timer->ctx = ctx;
    uv_timer_init(&loop->uv, &timer->handle);
    timer->handle.data = timer;
    *out = timer;
    return KITH_OK;
}

void
net_timer_set(net_timer *timer, uint64_t after_ms)
{
    /* The loop's idea of now is as old as the turn. */
    uv_update_time(timer->handle.loop);
    uv_timer_start(&timer->handle, handle_timer, after_ms, 0);
}

void
net_timer_off(net_timer *timer)
{
    uv_timer_stop(&timer->handle);
}

void
net_timer_free(net_timer *timer)
{
    if (timer != NULL) {
        uv_close((uv_handle_t *)&timer->handle, free_handle);
    }
}

static void
handle_wakeup(uv_async_t *handle)
{
    const net_wakeup *wakeup = handle->data;

    wakeup->fn(wakeup->ctx);
}

kith_err
net_wakeup_new(net_loop *loop, net_fn fn, void *ctx, net_wakeup **out)
{
    net_wakeup *wakeup = calloc(1, sizeof *wakeup);

    KITH_ENSURE(wakeup != NULL, KITH_ERR_NO_MEMORY);
    wakeup->fn = fn;
    wakeup->ctx = ctx;
    const int status = uv_async_init(&loop->uv, &wakeup->handle, handle_wakeup);
    if (status != 0) {
        free(wakeup);
        return net_err_of_system(status);
    }
    wakeup->handle.data = wakeup;
    *out = wakeup;
    return KITH_OK;
}

void
net_wakeup_send(net_wakeup *wakeup)
{
    uv_async_send(&wakeup->handle);
}

void
net_wakeup_free(net_wakeup *wakeup)
{
    if (wakeup != NULL) {
        uv_close((uv_handle_t *)&wakeup->handle, free_handle);
    }
}

static void
handle_signal(uv_signal_t *handle, int number)
{
    const net_signal *signal = handle->data;

    (void)number;
    signal->fn(signal->ctx);
}

kith_err
net_signal_new(net_loop *loop, int number, net_fn fn, void *ctx, net_signal **out)
{
    net_signal *signal = calloc(1, sizeof *signal);

    KITH_ENSURE(signal != NULL, KITH_ERR_NO_MEMORY);
    signal->fn = fn;
    signal->ctx = ctx;
    int status = uv_signal_init(&loop->uv, &signal->handle);
    if (status != 0) {
        free(signal);
        return net_err_of_system(status);
    }
    signal->handle.data = signal;
    status = uv_signal_start(&signal->handle, handle_signal, number);
    if (status != 0) {
        net_signal_free(signal);
        return net_err_of_system(status);
    }
    *out = signal;
    return KITH_OK;
}

void
net_signal_free(net_signal *signal)
{
    if (signal != NULL) {
        uv_close((uv_handle_t *)&signal->handle, free_handle);
    }
}

static void
run_work(uv_work_t *request)
{
    const work *w = request->data;

    w->run(w->ctx);
}

static void
end_work(uv_work_t *request, int status)
{
    work *w = request->data;
    const work copy = *w;

    (void)status; /* never cancelled */
    free(w);
    copy.done(copy.ctx);
}

kith_err
net_loop_work(net_loop *loop, net_fn run, net_fn done, void *ctx)
{
    work *w = calloc(1, sizeof *w);

    KITH_ENSURE(w != NULL, KITH_ERR_NO_MEMORY);
    *w = (work){.run = run, .done = done, .ctx = ctx};
    w->request.data = w;
    const int status = uv_queue_work(&loop->uv, &w->request, run_work, end_work);
    if (status != 0) {
        free(w);
        return net_err_of_system(status);
    }
    return KITH_OK;
}
