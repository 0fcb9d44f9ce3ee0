/* SPDX-License-Identifier: MPL-2.0 */
/* Credentials: what a user is sent by another proves what the log said, and asks the log nothing. */
#include <stdio.h>

#include "transparency/scene.h"

/* A log of many labels, the distinguished entries that a user knows, and a credential. */
typedef struct stage {
    world w;
    kt_heads heads;
    kith_buf bytes;
} stage;

static void
learn_heads(stage *s)
{
    kt_view view = {.size = 0};

    assert_ok(world_heads(&s->w, &view, &s->heads));
    assert_int_equal(s->heads.count, KT_RECENT_HEADS);
}

/* The label has `versions` versions. */
static void
stage_open(stage *s, crypto *c, unsigned versions)
{
    char label[32];

    *s = (stage){.bytes = {0}};
    world_open(&s->w, c, WINDOW_MS, 0);
    for (unsigned i = 0; i < versions; i++) {
        world_append(&s->w, STEP_MS, LABEL, i);
    }
    for (unsigned i = 0; i < 40; i++) {
        (void)snprintf(label, sizeof label, "other %u", i);
        world_append(&s->w, STEP_MS, label, i);
    }
    learn_heads(s);
    assert_ok(kt_log_credential(s->w.log, kith_bytes_of_text(LABEL), s->heads.items[0].position,
                                &s->bytes));
}

static void
stage_done(stage *s)
{
    kith_buf_done(&s->bytes);
    world_close(&s->w);
}

static kith_err
check(const stage *s, kith_bytes bytes, kt_credential *out)
{
    return kt_credential_check(&s->w.client, &s->heads, bytes, out);
}

static void
a_credential_proves_the_greatest_version_at_each_recent_entry(void **state)
{
    for (unsigned versions = 1; versions < 20; versions++) {
        stage s;
        char expected[32];
        stage_open(&s, *state, versions);
        (void)snprintf(expected, sizeof expected, "%s %u", LABEL, versions - 1);
        for (size_t i = 0; i < s.heads.count; i++) {
            kt_credential found;
            kith_buf_clear(&s.bytes);
            assert_ok(kt_log_credential(s.w.log, kith_bytes_of_text(LABEL),
                                        s.heads.items[i].position, &s.bytes));
            assert_ok(check(&s, kith_bytes_of_buf(&s.bytes), &found));
            assert_int_equal(found.version, versions - 1);
            assert_int_equal(found.position, s.heads.items[i].position);
            assert_true(kith_bytes_equal(found.value, kith_bytes_of_text(expected)));
            assert_true(kith_bytes_equal(found.label, kith_bytes_of_text(LABEL)));
        }
        stage_done(&s);
    }
}

static void
every_changed_bit_of_a_credential_is_refused(void **state)
{
    static const unsigned versions[] = {2};

    for (size_t i = 0; i < CHECK_COUNT(versions); i++) {
        stage s;
        kt_credential found = {.version = 77};
        stage_open(&s, *state, versions[i]);
        for (size_t bit = 0; bit < s.bytes.len * 8; bit++) {
            s.bytes.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            const kith_err err = check(&s, kith_bytes_of_buf(&s.bytes), &found);
            /* The position may become that of another entry, or the type the other one. */
            assert_true(is_refusal(err) || err == KITH_ERR_NOT_FOUND ||
                        err == KITH_ERR_UNSUPPORTED);
            s.bytes.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
        for (size_t len = 0; len < s.bytes.len; len++) {
            assert_true(is_refusal(check(&s, kith_bytes_of(s.bytes.data, len), &found)));
        }
        assert_ok(kith_buf_append(&s.bytes, kith_bytes_of("", 1)));
        assert_err(check(&s, kith_bytes_of_buf(&s.bytes), &found), KITH_ERR_MALFORMED);
        assert_int_equal(found.version, 77);
        stage_done(&s);
    }
}

static void
a_credential_of_an_entry_that_the_user_does_not_know_is_none(void **state)
{
    stage s;
    kt_credential found;

    stage_open(&s, *state, 3);
    s.heads.items[0] = s.heads.items[--s.heads.count];
    assert_err(check(&s, kith_bytes_of_buf(&s.bytes), &found), KITH_ERR_NOT_FOUND);
    s.heads.count = 0;
    assert_err(check(&s, kith_bytes_of_buf(&s.bytes), &found), KITH_ERR_NOT_FOUND);
    stage_done(&s);
}

static void
a_credential_of_a_log_with_other_contents_is_refused(void **state)
{
    stage s;
    stage other;
    kt_credential found;

    stage_open(&s, *state, 3);
    stage_open(&other, *state, 4);
    other.heads = s.heads;
    kith_buf_clear(&other.bytes);
    assert_ok(kt_log_credential(other.w.log, kith_bytes_of_text(LABEL), s.heads.items[0].position,
                                &other.bytes));
    assert_err(check(&other, kith_bytes_of_buf(&other.bytes), &found), KITH_ERR_REJECTED);
    stage_done(&s);
    stage_done(&other);
}

static void
a_credential_under_another_vrf_key_is_refused(void **state)
{
    stage s;
    kt_credential found;

    stage_open(&s, *state, 3);
    memcpy(s.w.client.config.vrf_key, crypto_sign_key_public(s.w.auditor).data, KT_KEY_LEN);
    assert_err(check(&s, kith_bytes_of_buf(&s.bytes), &found), KITH_ERR_REJECTED);
    stage_done(&s);
}

static void
a_version_newer_than_the_entry_has_no_credential_and_an_older_one_is_shown_as_it_was(void **state)
{
    stage s;
    kt_credential found;

    stage_open(&s, *state, 2);
    world_append(&s.w, STEP_MS, LABEL, 9);
    world_append(&s.w, STEP_MS, "new", 9);
    kith_buf_clear(&s.bytes);
    assert_err(
        kt_log_credential(s.w.log, kith_bytes_of_text("new"), s.heads.items[0].position, &s.bytes),
        KITH_ERR_NOT_FOUND);
    assert_err(kt_log_credential(s.w.log, kith_bytes_of_text(LABEL), 1000, &s.bytes),
               KITH_ERR_REJECTED);
    assert_int_equal(s.bytes.len, 0);
    assert_ok(
        kt_log_credential(s.w.log, kith_bytes_of_text(LABEL), s.heads.items[0].position, &s.bytes));
    assert_ok(check(&s, kith_bytes_of_buf(&s.bytes), &found));
    assert_int_equal(found.version, 1);
    stage_done(&s);
}

static void
a_credential_may_have_the_named_length_and_no_more(void **state)
{
    stage s;
    kt_credential found;
    uint8_t *rest = NULL;

    stage_open(&s, *state, 1);
    assert_ok(kith_buf_extend(&s.bytes, KT_CREDENTIAL_MAX - s.bytes.len, &rest));
    assert_err(check(&s, kith_bytes_of_buf(&s.bytes), &found), KITH_ERR_MALFORMED);
    assert_ok(kith_buf_extend(&s.bytes, 1, &rest));
    assert_err(check(&s, kith_bytes_of_buf(&s.bytes), &found), KITH_ERR_LIMIT);
    stage_done(&s);
}

static void
a_provisional_credential_is_not_supported(void **state)
{
    stage s;
    kt_credential found;
    /* Label, version, opening, value, ladder of two steps, position, type. */
    const size_t type = 1 + strlen(LABEL) + 4 + 16 + 4 + strlen(LABEL " 0") + 1 + 2 * 81 + 8;

    stage_open(&s, *state, 1);
    assert_int_equal(s.bytes.data[type], 1);
    s.bytes.data[type] = 2;
    assert_err(check(&s, kith_bytes_of_buf(&s.bytes), &found), KITH_ERR_UNSUPPORTED);
    s.bytes.data[type] = 3;
    assert_err(check(&s, kith_bytes_of_buf(&s.bytes), &found), KITH_ERR_MALFORMED);
    stage_done(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_credential_proves_the_greatest_version_at_each_recent_entry),
        cmocka_unit_test(every_changed_bit_of_a_credential_is_refused),
        cmocka_unit_test(a_credential_of_an_entry_that_the_user_does_not_know_is_none),
        cmocka_unit_test(a_credential_of_a_log_with_other_contents_is_refused),
        cmocka_unit_test(a_credential_under_another_vrf_key_is_refused),
        cmocka_unit_test(
            a_version_newer_than_the_entry_has_no_credential_and_an_older_one_is_shown_as_it_was),
        cmocka_unit_test(a_credential_may_have_the_named_length_and_no_more),
        cmocka_unit_test(a_provisional_credential_is_not_supported),
    };

    return cmocka_run_group_tests_name("credential", tests, lab_open, lab_close);
}
