/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One event loop on one thread: timers, signals, wake-ups from other threads, work on the pool.
 *
 * Callbacks run on the loop's thread, never inside the call that asked for them. Inside a callback
 * everything may be called, freeing the object that calls back included. Functions that make
 * something return NO_MEMORY, or BUSY when the system has no descriptor left.
 */
#ifndef KITH_NET_LOOP_H
#define KITH_NET_LOOP_H

#include "base/base.h"

/* The system's clocks; static, never NULL, for any thread. */
KITH_API const kith_clock *net_clock(void);

typedef void (*net_fn)(void *ctx);

typedef struct net_loop net_loop;

KITH_API KITH_MUST_USE kith_err net_loop_new(net_loop **out);
/* Everything made on the loop must have been freed before. NULL is accepted. */
KITH_API void net_loop_free(net_loop *loop);
/* Runs until net_loop_stop; may be run again after that. */
KITH_API void net_loop_run(net_loop *loop);
/* From the loop's thread only: run returns at the end of this turn. */
KITH_API void net_loop_stop(net_loop *loop);
/* `fn` is called at the end of each turn, after all that happened in it and before the loop waits:
 * the place to commit once and to hand out what the turn brought. What it sends leaves at once. One
 * only; NULL takes it away. */
KITH_API void net_loop_on_turn(net_loop *loop, net_fn fn, void *ctx);

/* A timer that fires once for each time it is set. */
typedef struct net_timer net_timer;
KITH_API KITH_MUST_USE kith_err net_timer_new(net_loop *loop, net_fn fn, void *ctx,
                                              net_timer **out);
/* `fn` is called `after_ms` from now (0: in the next turn), whatever was set before. */
KITH_API void net_timer_set(net_timer *timer, uint64_t after_ms);
KITH_API void net_timer_off(net_timer *timer);
KITH_API void net_timer_free(net_timer *timer);

/* Calls `fn` on the loop's thread, once or more, after net_wakeup_send. */
typedef struct net_wakeup net_wakeup;
KITH_API KITH_MUST_USE kith_err net_wakeup_new(net_loop *loop, net_fn fn, void *ctx,
                                               net_wakeup **out);
/* From any thread, as long as the wake-up is not freed. */
KITH_API void net_wakeup_send(net_wakeup *wakeup);
KITH_API void net_wakeup_free(net_wakeup *wakeup);

/* Calls `fn` on the loop's thread each time the process gets the signal. */
typedef struct net_signal net_signal;
KITH_API KITH_MUST_USE kith_err net_signal_new(net_loop *loop, int number, net_fn fn, void *ctx,
                                               net_signal **out);
KITH_API void net_signal_free(net_signal *signal);

/* Runs `run(ctx)` on a pool thread and then `done(ctx)` on the loop's. `ctx` belongs to `run` until
 * then. Must be over before net_loop_free. */
KITH_API KITH_MUST_USE kith_err net_loop_work(net_loop *loop, net_fn run, net_fn done, void *ctx);

#endif
