/* SPDX-License-Identifier: MPL-2.0 */
/* Work on several threads: each job once, errors are told, and few jobs stay where they are. */
#include "store/workers.h"

#include <stdatomic.h>

#include "base/check.h"

enum { JOBS = 5000 };

typedef struct tally {
    crypto *own; /* of the calling thread */
    _Atomic uint32_t done[JOBS];
    _Atomic uint32_t elsewhere; /* with another crypto */
    size_t fails_at; /* JOBS: nowhere */
} tally;

static kith_err
count_job(void *arg, crypto *c, size_t i)
{
    tally *t = arg;
    uint8_t hash[32];

    KITH_ENSURE(i != t->fails_at, KITH_ERR_NO_RANDOM);
    t->done[i]++;
    t->elsewhere += c != t->own;
    return crypto_sha256(c, kith_bytes_of(&i, sizeof i), hash);
}

static kith_err
run(uint16_t threads, size_t jobs, tally *t)
{
    store_workers workers = {.count = threads};

    assert_ok(crypto_new(NULL, &workers.crypto));
    t->own = workers.crypto;
    const kt_workers port = store_workers_port(&workers);
    const kith_err err = port.run(port.ctx, count_job, t, jobs);
    crypto_free(workers.crypto);
    return err;
}

static void
every_job_is_done_once_however_many_threads_there_are(void **state)
{
    static const uint16_t threads[] = {0, 1, 2, 3, 8, 64, UINT16_MAX};
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(threads); i++) {
        static tally t;
        t = (tally){.fails_at = JOBS};
        assert_ok(run(threads[i], JOBS, &t));
        for (size_t k = 0; k < JOBS; k++) {
            assert_int_equal(t.done[k], 1);
        }
        assert_true(threads[i] > 1 || t.elsewhere == 0);
    }
}

static void
few_jobs_are_done_by_the_caller(void **state)
{
    static tally t;
    (void)state;

    for (size_t jobs = 0; jobs < 2 * STORE_WORKERS_JOBS_MIN; jobs += 9) {
        t = (tally){.fails_at = JOBS};
        assert_ok(run(8, jobs, &t));
        assert_int_equal(t.elsewhere, 0);
        assert_int_equal(t.done[jobs], 0);
    }
}

static void
an_error_of_a_job_is_the_error_of_all(void **state)
{
    static tally t;
    (void)state;

    for (uint16_t threads = 1; threads <= 4; threads++) {
        t = (tally){.fails_at = JOBS / 2};
        assert_err(run(threads, JOBS, &t), KITH_ERR_NO_RANDOM);
        assert_int_equal(t.done[JOBS / 2], 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_is_done_once_however_many_threads_there_are),
        cmocka_unit_test(few_jobs_are_done_by_the_caller),
        cmocka_unit_test(an_error_of_a_job_is_the_error_of_all),
    };

    return cmocka_run_group_tests_name("store: workers", tests, NULL, NULL);
}
