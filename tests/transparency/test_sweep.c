/* SPDX-License-Identifier: MPL-2.0 */
/* Every allocation of a log and of what its users encode fails once, and so does randomness: the right error, outputs
 * and state as before, nothing leaked. */
#include <stdio.h>

#include "transparency/scene.h"

/* A log whose every part allocates from `fake`. */
typedef struct sweep {
    world keys;
    fake_alloc fake;
    crypto *c;
    kt_memory *memory;
    kt_label_memory *labels;
    kt_log_setup setup;
    kt_log *log;
    uint64_t now_ms;
} sweep;

static kith_err
append(sweep *s, unsigned number)
{
    char text[32];
    const kith_bytes values[] = {kith_bytes_of_text("value")};

    (void)snprintf(text, sizeof text, "label %u", number);
    const kt_change change = {.label = kith_bytes_of_text(text), .values = values, .count = 1};
    s->now_ms += STEP_MS;
    return kt_log_append(s->log, s->now_ms, &change, 1);
}

static void
sweep_open(sweep *s, crypto *c)
{
    *s = (sweep){.now_ms = 1000};
    world_open(&s->keys, c, WINDOW_MS, 0);
    fake_alloc_init(&s->fake);
    assert_ok(crypto_new(&s->fake.port, &s->c));
    assert_ok(kt_memory_new(&s->fake.port, &s->memory));
    assert_ok(kt_label_memory_new(&s->fake.port, &s->labels));
    s->setup = (kt_log_setup){.crypto = s->c,
                              .sign = s->keys.sign,
                              .vrf = s->keys.vrf,
                              .rng = fake_rng_port(&s->keys.random),
                              .store = kt_memory_port(s->memory),
                              .labels = kt_label_memory_port(s->labels),
                              .config = s->keys.client.config};
    assert_ok(kt_log_new(&s->fake.port, &s->setup, &s->log));
    for (unsigned i = 0; i < 20; i++) {
        assert_ok(append(s, i));
    }
}

static void
sweep_close(sweep *s)
{
    kt_log_free(s->log);
    kt_label_memory_free(s->labels);
    kt_memory_free(s->memory);
    crypto_free(s->c);
    assert_int_equal(s->fake.live_blocks, 0);
    world_close(&s->keys);
}

static kith_err
answer(sweep *s, kt_question question, kith_buf *out)
{
    KITH_AUTO(kith_buf) bytes = {0};
    const kt_request request = {
        .question = question, .label = kith_bytes_of_text("label 3"), .start = 15, .other = 7};

    assert_ok(kt_request_encode(&request, &bytes));
    return kt_log_answer(s->log, question, kith_bytes_of_buf(&bytes), out);
}

static kith_err
answer_search(sweep *s, kith_buf *out)
{
    return answer(s, KT_SEARCH, out);
}

static kith_err
answer_owner_init(sweep *s, kith_buf *out)
{
    return answer(s, KT_OWNER_INIT, out);
}

static kith_err
answer_update(sweep *s, kith_buf *out)
{
    return answer(s, KT_UPDATE, out);
}

static kith_err
answer_heads(sweep *s, kith_buf *out)
{
    return answer(s, KT_DISTINGUISHED, out);
}

static kith_err
answer_consistency(sweep *s, kith_buf *out)
{
    return answer(s, KT_CONSISTENCY, out);
}

static kith_err
make_credential(sweep *s, kith_buf *out)
{
    return kt_log_credential(s->log, kith_bytes_of_text("label 3"), 15, out);
}

static kith_err
tell_auditor(sweep *s, kith_buf *out)
{
    return kt_log_audit(s->log, 15, out);
}

static kith_err
encode_audit(sweep *s, kith_buf *out)
{
    const kt_audit audit = {.size = 5};

    (void)s;
    return kt_audit_encode(&audit, out);
}

static kith_err
sign_audit(sweep *s, kith_buf *out)
{
    kt_config config = s->setup.config;
    const kt_audit audit = {.size = 5};
    kt_auditor_head head;

    config.mode = KT_THIRD_PARTY_AUDITING;
    const kt_audit_signer signer = {.crypto = s->c, .config = &config, .sign = s->keys.auditor};
    return kt_audit_sign(&signer, &audit, out, &head);
}

static kith_err
encode_config(sweep *s, kith_buf *out)
{
    return kt_config_encode(&s->setup.config, out);
}

static kith_err
encode_request(sweep *s, kith_buf *out)
{
    const kt_request request = {.question = KT_SEARCH, .label = kith_bytes_of_text("label 3")};

    (void)s;
    return kt_request_encode(&request, out);
}

static kith_err
encode_view(sweep *s, kith_buf *out)
{
    const kt_view view = {.size = 5};

    (void)s;
    return kt_view_encode(&view, out);
}

static kith_err
encode_watch(sweep *s, kith_buf *out)
{
    const kt_watch watch = {.is_owner = true};

    (void)s;
    return kt_watch_encode(&watch, out);
}

static void
every_answer_and_encoding_bears_every_failing_allocation(void **state)
{
    static kith_err (*const calls[])(sweep *s, kith_buf *out) = {
        answer_search,   answer_owner_init, answer_update,  answer_heads, answer_consistency,
        make_credential, encode_config,     encode_request, encode_view,  encode_watch,
        tell_auditor,    encode_audit,      sign_audit,
    };
    sweep s;

    sweep_open(&s, *state);
    for (size_t i = 0; i < CHECK_COUNT(calls); i++) {
        kith_err err = KITH_ERR_NO_MEMORY;
        for (uint64_t more = 0; err != KITH_OK; more++) {
            KITH_AUTO(kith_buf) out = {.alloc = &s.fake.port};
            assert_ok(kith_buf_append(&out, kith_bytes_of_text("before")));
            s.fake.fail_after = s.fake.calls + more;
            err = calls[i](&s, &out);
            s.fake.fail_after = UINT64_MAX;
            if (err != KITH_OK) {
                assert_err(err, KITH_ERR_NO_MEMORY);
                assert_text(kith_bytes_of_buf(&out), "before");
            }
            assert_true(more < 1000);
        }
    }
    sweep_close(&s);
}

static void
an_entry_that_memory_is_too_short_for_is_not_there(void **state)
{
    sweep s;
    kith_err err = KITH_ERR_NO_MEMORY;

    sweep_open(&s, *state);
    for (uint64_t more = 0; err != KITH_OK; more++) {
        kt_hash before;
        kt_hash after;
        assert_ok(kt_log_tree_root(s.log, &before));
        s.fake.fail_after = s.fake.calls + more;
        err = append(&s, 100 + (unsigned)more);
        s.fake.fail_after = UINT64_MAX;
        assert_ok(kt_log_tree_root(s.log, &after));
        assert_int_equal(kt_log_size(s.log), err == KITH_OK ? 21 : 20);
        if (err != KITH_OK) {
            assert_err(err, KITH_ERR_NO_MEMORY);
            assert_memory_equal(before.bytes, after.bytes, KT_HASH_LEN);
        }
        assert_true(more < 1000);
    }
    sweep_close(&s);
}

static void
a_log_that_memory_is_too_short_for_is_not_opened(void **state)
{
    sweep s;
    kith_err err = KITH_ERR_NO_MEMORY;

    sweep_open(&s, *state);
    s.setup.size = 20;
    for (uint64_t more = 0; err != KITH_OK; more++) {
        kt_log *log = NULL;
        s.fake.fail_after = s.fake.calls + more;
        err = kt_log_new(&s.fake.port, &s.setup, &log);
        s.fake.fail_after = UINT64_MAX;
        assert_true(err == KITH_OK || (err == KITH_ERR_NO_MEMORY && log == NULL));
        kt_log_free(log);
        assert_true(more < 1000);
    }
    sweep_close(&s);
}

static kith_err
refuse(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return KITH_ERR_NO_RANDOM;
}

static void
an_entry_without_randomness_is_not_there(void **state)
{
    sweep s;
    kt_log *log = NULL;
    const kith_bytes values[] = {kith_bytes_of_text("value")};
    const kt_change change = {.label = kith_bytes_of_text("new"), .values = values, .count = 1};

    sweep_open(&s, *state);
    s.setup.rng = (kith_rng){.fill = refuse};
    s.setup.size = 20;
    assert_ok(kt_log_new(NULL, &s.setup, &log));
    assert_err(kt_log_append(log, s.now_ms + STEP_MS, &change, 1), KITH_ERR_NO_RANDOM);
    assert_int_equal(kt_log_size(log), 20);
    assert_ok(kt_log_append(log, s.now_ms + STEP_MS, NULL, 0)); /* a heartbeat needs none */
    kt_log_free(log);
    sweep_close(&s);
}

/* Calls its jobs in reverse order, or fails instead of one of them. */
typedef struct reverse {
    crypto *c;
    size_t fails_at;
} reverse;

static kith_err
run_reverse(void *ctx, kt_job job, void *arg, size_t count)
{
    const reverse *r = ctx;

    for (size_t i = count; i-- > 0;) {
        KITH_ENSURE(i != r->fails_at, KITH_ERR_NO_MEMORY);
        KITH_TRY(job(arg, r->c, i));
    }
    return KITH_OK;
}

static void
workers_in_any_order_make_the_same_entry_and_their_errors_none(void **state)
{
    sweep s;
    kt_log *log = NULL;
    reverse r = {.c = *state, .fails_at = SIZE_MAX};
    const kith_bytes values[] = {kith_bytes_of_text("a"), kith_bytes_of_text("b")};
    const kt_change changes[] = {{.label = kith_bytes_of_text("x"), .values = values, .count = 2},
                                 {.label = kith_bytes_of_text("y"), .values = values, .count = 1}};
    kt_hash alone;
    kt_hash together;

    sweep_open(&s, *state);
    s.setup.size = 20;
    s.setup.workers = (kt_workers){.run = run_reverse, .ctx = &r};
    fake_rng_init(&s.keys.random, 5);
    assert_ok(kt_log_append(s.log, s.now_ms, changes, 2));
    assert_ok(kt_log_tree_root(s.log, &alone));
    kt_label_memory *labels = NULL;
    assert_ok(kt_label_memory_new(&s.fake.port, &labels));
    s.setup.labels = kt_label_memory_port(labels);
    assert_ok(kt_log_new(NULL, &s.setup, &log));
    r.fails_at = 1;
    assert_err(kt_log_append(log, s.now_ms, changes, 2), KITH_ERR_NO_MEMORY);
    assert_int_equal(kt_log_size(log), 20);
    r.fails_at = SIZE_MAX;
    fake_rng_init(&s.keys.random, 5);
    assert_ok(kt_log_append(log, s.now_ms, changes, 2));
    assert_ok(kt_log_tree_root(log, &together));
    assert_memory_equal(alone.bytes, together.bytes, KT_HASH_LEN);
    kt_log_free(log);
    kt_label_memory_free(labels);
    sweep_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_and_encoding_bears_every_failing_allocation),
        cmocka_unit_test(an_entry_that_memory_is_too_short_for_is_not_there),
        cmocka_unit_test(a_log_that_memory_is_too_short_for_is_not_opened),
        cmocka_unit_test(an_entry_without_randomness_is_not_there),
        cmocka_unit_test(workers_in_any_order_make_the_same_entry_and_their_errors_none),
    };

    return cmocka_run_group_tests_name("sweep", tests, lab_open, lab_close);
}
