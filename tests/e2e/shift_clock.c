/* SPDX-License-Identifier: MPL-2.0 */
/*
 * For LD_PRELOAD: the wall clock of a program is $KITH_E2E_SHIFT seconds off. The steady clock is left alone, as on
 * a machine whose date is wrong.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SHIM __attribute__((visibility("default")))

static time_t
shift(void)
{
    const char *text = getenv("KITH_E2E_SHIFT");

    return text != NULL ? (time_t)strtoll(text, NULL, 10) : 0;
}

SHIM int
clock_gettime(clockid_t clock, struct timespec *out)
{
    const long result = syscall(SYS_clock_gettime, clock, out);

    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        out->tv_sec += shift();
    }
    return (int)result;
}

SHIM int
gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

SHIM time_t
time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL) {
        *out = now.tv_sec;
    }
    return now.tv_sec;
}
