/* SPDX-License-Identifier: MPL-2.0 */
/* Timers, wake-ups, signals, work and turns of one loop. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "net/net.h"

typedef struct scene {
    net_loop *loop;
    net_timer *timer;
    net_timer *other;
    net_wakeup *wakeup;
    pthread_t caller; /* thread of the last callback */
    uint32_t fired;
    uint32_t turns;
    uint32_t turns_when_fired;
    uint32_t worked;
} scene;

static void
open_scene(scene *s)
{
    *s = (scene){0};
    assert_ok(net_loop_new(&s->loop));
}

static void
fire(void *ctx)
{
    scene *s = ctx;

    s->fired++;
    s->caller = pthread_self();
    s->turns_when_fired = s->turns;
    net_loop_stop(s->loop);
}

static void
count_turn(void *ctx)
{
    scene *s = ctx;

    s->turns++;
}

static uint64_t
now_ms(void)
{
    return net_clock()->steady_ms(NULL);
}

static void
a_timer_fires_once_for_each_time_it_is_set(void **state)
{
    scene s;

    (void)state;
    open_scene(&s);
    assert_ok(net_timer_new(s.loop, fire, &s, &s.timer));
    const uint64_t since = now_ms();
    net_timer_set(s.timer, 1000000);
    net_timer_set(s.timer, 50);
    net_loop_run(s.loop);
    assert_int_equal(s.fired, 1);
    assert_true(now_ms() - since >= 49);
    net_timer_set(s.timer, 0);
    net_loop_run(s.loop);
    assert_int_equal(s.fired, 2);
    net_timer_free(s.timer);
    net_loop_free(s.loop);
}

static void
a_timer_that_was_stopped_or_freed_does_not_fire(void **state)
{
    scene s;

    (void)state;
    open_scene(&s);
    assert_ok(net_timer_new(s.loop, fire, &s, &s.timer));
    assert_ok(net_timer_new(s.loop, fire, &s, &s.other));
    net_timer_set(s.timer, 1);
    net_timer_off(s.timer);
    net_timer_set(s.other, 1);
    net_timer_free(s.other);
    assert_ok(net_timer_new(s.loop, fire, &s, &s.other));
    net_timer_set(s.other, 30);
    net_loop_run(s.loop);
    assert_int_equal(s.fired, 1);
    net_timer_free(s.timer);
    net_timer_free(s.other);
    net_loop_free(s.loop);
}

static void *
send_wakeup(void *ctx)
{
    net_wakeup_send(ctx);
    return NULL;
}

static void
another_thread_wakes_the_loop(void **state)
{
    pthread_t thread;
    scene s;

    (void)state;
    open_scene(&s);
    assert_ok(net_wakeup_new(s.loop, fire, &s, &s.wakeup));
    assert_int_equal(pthread_create(&thread, NULL, send_wakeup, s.wakeup), 0);
    net_loop_run(s.loop);
    assert_int_equal(s.fired, 1);
    assert_true(pthread_equal(s.caller, pthread_self()));
    pthread_join(thread, NULL);
    net_wakeup_free(s.wakeup);
    net_loop_free(s.loop);
}

static void
a_signal_comes_as_a_call(void **state)
{
    net_signal *watch = NULL;
    scene s;

    (void)state;
    open_scene(&s);
    assert_ok(net_signal_new(s.loop, SIGUSR1, fire, &s, &watch));
    kill(getpid(), SIGUSR1);
    net_loop_run(s.loop);
    assert_int_equal(s.fired, 1);
    net_signal_free(watch);
    assert_err(net_signal_new(s.loop, 12345, fire, &s, &watch), KITH_ERR_INVALID);
    net_loop_free(s.loop);
}

static void
work(void *ctx)
{
    scene *s = ctx;

    s->worked++;
    s->caller = pthread_self();
}

static void
end_work(void *ctx)
{
    scene *s = ctx;

    assert_false(pthread_equal(s->caller, pthread_self()));
    fire(s);
}

static void
work_runs_elsewhere_and_ends_here(void **state)
{
    scene s;

    (void)state;
    open_scene(&s);
    assert_ok(net_loop_work(s.loop, work, end_work, &s));
    net_loop_run(s.loop);
    assert_int_equal(s.worked, 1);
    assert_int_equal(s.fired, 1);
    net_loop_free(s.loop);
}

static void
a_turn_ends_after_what_happened_in_it(void **state)
{
    scene s;

    (void)state;
    open_scene(&s);
    net_loop_on_turn(s.loop, count_turn, &s);
    assert_ok(net_timer_new(s.loop, fire, &s, &s.timer));
    net_timer_set(s.timer, 10);
    net_loop_run(s.loop);
    /* Also when what happened was the stop. */
    assert_true(s.turns > s.turns_when_fired);
    net_loop_on_turn(s.loop, NULL, NULL);
    const uint32_t before = s.turns;
    net_timer_set(s.timer, 1);
    net_loop_run(s.loop);
    assert_int_equal(s.turns, before);
    net_timer_free(s.timer);
    net_loop_free(s.loop);
}

static void
clocks_tell_the_time(void **state)
{
    const kith_clock *clock = net_clock();

    (void)state;
    assert_true(clock->wall_ms(clock->ctx) > UINT64_C(1700000000000));
    const uint64_t before = clock->steady_ms(clock->ctx);
    usleep(20000);
    assert_true(clock->steady_ms(clock->ctx) >= before + 19);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_for_each_time_it_is_set),
        cmocka_unit_test(a_timer_that_was_stopped_or_freed_does_not_fire),
        cmocka_unit_test(another_thread_wakes_the_loop),
        cmocka_unit_test(a_signal_comes_as_a_call),
        cmocka_unit_test(work_runs_elsewhere_and_ends_here),
        cmocka_unit_test(a_turn_ends_after_what_happened_in_it),
        cmocka_unit_test(clocks_tell_the_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
