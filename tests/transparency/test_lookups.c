/* SPDX-License-Identifier: MPL-2.0 */
/* VRF outputs that are computed beforehand: just those that an answer needs, each once. */
#include "transparency/world.h"

/* The labels of a world, with VRF outputs that are counted. */
typedef struct counter {
    kt_labels inner;
    size_t computed; /* and kept */
} counter;

static kith_err
count_label(void *ctx, kith_bytes label, uint64_t *out)
{
    const counter *c = ctx;

    return c->inner.count(c->inner.ctx, label, out);
}

static kith_err
find_label(void *ctx, kith_bytes label, uint32_t version, kt_record *out, kith_buf *value)
{
    const counter *c = ctx;

    return c->inner.find(c->inner.ctx, label, version, out, value);
}

static kith_err
find_evaluation(void *ctx, kith_bytes label, uint32_t version, kt_evaluation *out)
{
    const counter *c = ctx;

    return c->inner.find_evaluation(c->inner.ctx, label, version, out);
}

static kith_err
keep_evaluation(void *ctx, kith_bytes label, uint32_t version, const kt_evaluation *evaluation)
{
    counter *c = ctx;

    c->computed++;
    return c->inner.keep_evaluation(c->inner.ctx, label, version, evaluation);
}

/* A log that only answers, over what the world's log has. */
static kt_log *
follower_of(world *w, counter *c)
{
    const kt_log_setup setup = {.crypto = w->c,
                                .vrf = w->vrf,
                                .rng = fake_rng_port(&w->random),
                                .store = kt_memory_port(w->memory),
                                .labels = {.count = count_label,
                                           .find = find_label,
                                           .find_evaluation = find_evaluation,
                                           .keep_evaluation = keep_evaluation,
                                           .ctx = c},
                                .config = w->client.config};
    kt_log *log = NULL;

    c->inner = kt_label_memory_port(w->labels);
    assert_ok(kt_log_new(NULL, &setup, &log));
    assert_ok(kt_log_follow(log, kt_log_size(w->log), kt_log_signature(w->log)));
    return log;
}

static void
an_answer_computes_nothing_that_was_looked_up_beforehand(void **state)
{
    const kith_bytes rose = kith_bytes_of_text("rose");
    world w;
    world_open(&w, *state, 1000, 0);

    for (uint32_t greatest = 0; greatest < 20; greatest++) {
        KITH_AUTO(kith_buf) request = {0};
        KITH_AUTO(kith_buf) answer = {0};
        const kt_request search = {.question = KT_SEARCH, .label = rose};
        uint32_t versions[KT_LADDER_MAX];
        kt_evaluation evaluation;
        counter c = {.computed = 0};
        world_append(&w, 10, "rose", greatest);
        kt_log *log = follower_of(&w, &c);
        assert_ok(kt_request_encode(&search, &request));

        const size_t count = kt_log_lookups(greatest, versions);
        for (size_t i = 0; i < count; i++) {
            assert_ok(kt_log_evaluate_label(log, rose, versions[i], &evaluation));
        }
        const size_t computed = c.computed;
        assert_ok(kt_log_answer(log, KT_SEARCH, kith_bytes_of_buf(&request), &answer));

        assert_int_equal(c.computed, computed);
        kt_log_free(log);
    }
    world_close(&w);
}

static void
what_was_computed_is_the_vrf_of_label_and_version_and_is_kept(void **state)
{
    const kith_bytes rose = kith_bytes_of_text("rose");
    kt_evaluation first;
    kt_evaluation second;
    counter c = {.computed = 0};
    world w;
    world_open(&w, *state, 1000, 0);
    world_append(&w, 10, "rose", 1);
    kt_log *log = follower_of(&w, &c);

    assert_ok(kt_log_evaluate_label(log, rose, 7, &first));
    assert_int_equal(c.computed, 1);
    assert_ok(kt_log_evaluate_label(log, rose, 7, &second));
    assert_int_equal(c.computed, 1);
    assert_memory_equal(&first, &second, sizeof first);
    assert_ok(kt_log_evaluate_label(log, rose, 8, &second));
    assert_memory_not_equal(first.key.bytes, second.key.bytes, KT_HASH_LEN);
    assert_ok(c.inner.find_evaluation(c.inner.ctx, rose, 7, &second));
    assert_memory_equal(&first, &second, sizeof first);
    kt_log_free(log);
    world_close(&w);
}

static void
the_versions_are_those_of_the_binary_ladder(void **state)
{
    static const uint32_t of_zero[] = {0, 1};
    static const uint32_t of_one[] = {0, 1, 3, 2};
    uint32_t versions[KT_LADDER_MAX];
    (void)state;

    assert_int_equal(kt_log_lookups(0, versions), 2);
    assert_memory_equal(versions, of_zero, sizeof of_zero);
    assert_int_equal(kt_log_lookups(1, versions), 4);
    assert_memory_equal(versions, of_one, sizeof of_one);
    for (uint32_t bit = 0; bit < 32; bit++) {
        assert_true(kt_log_lookups(UINT32_C(1) << bit, versions) <= KT_LADDER_MAX);
    }
    assert_true(kt_log_lookups(UINT32_MAX - 1, versions) <= KT_LADDER_MAX);
}

static int
open_crypto(void **state)
{
    crypto *c = NULL;

    assert_ok(crypto_new(NULL, &c));
    *state = c;
    return 0;
}

static int
close_crypto(void **state)
{
    crypto_free(*state);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_computes_nothing_that_was_looked_up_beforehand),
        cmocka_unit_test(what_was_computed_is_the_vrf_of_label_and_version_and_is_kept),
        cmocka_unit_test(the_versions_are_those_of_the_binary_ladder),
    };

    return cmocka_run_group_tests_name("transparency: look-ups beforehand", tests, open_crypto,
                                       close_crypto);
}
