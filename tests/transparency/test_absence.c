/* SPDX-License-Identifier: MPL-2.0 */
/* Labels that nobody has: proved absent, in an answer like any other. */
#include "transparency/world.h"

static kith_err
ask(world *w, const char *label, const kt_view *view, kt_request *request, kith_buf *answer)
{
    KITH_AUTO(kt_watch) watch = watch_of(label);
    KITH_AUTO(kith_buf) bytes = {0};

    *request = (kt_request){.question = KT_SEARCH};
    kt_request_prepare(view, &watch, request);
    request->label = kith_bytes_of_text(label);
    assert_ok(kt_request_encode(request, &bytes));
    return kt_log_answer(w->log, KT_SEARCH, kith_bytes_of_buf(&bytes), answer);
}

static kith_err
check(const world *w, const kt_request *request, kith_bytes answer, kt_view *view, kt_found *out)
{
    const kt_exchange exchange = {.request = request, .response = answer, .now_ms = w->now_ms};

    return kt_client_search(&w->client, &exchange, view, NULL, out);
}

static void
absence_is_proved_in_every_state_until_the_label_is_there(void **state)
{
    world w;
    kt_view kept = {0};

    world_open(&w, *state, 50, 0);
    for (size_t size = 1; size <= 24; size++) {
        KITH_AUTO(kith_buf) answer = {0};
        KITH_AUTO(kith_buf) fresh = {0};
        kt_request request;
        kt_view empty = {0};
        kt_found found = {0};
        world_append(&w, 10, size % 4 == 0 ? "rose" : NULL, (unsigned)size);

        assert_ok(ask(&w, "nobody", &empty, &request, &fresh));
        assert_ok(check(&w, &request, kith_bytes_of_buf(&fresh), &empty, &found));
        assert_true(found.is_absent);
        assert_int_equal(found.value.len, 0);
        assert_int_equal(empty.size, size);
        assert_ok(ask(&w, "nobody", &kept, &request, &answer));
        assert_ok(check(&w, &request, kith_bytes_of_buf(&answer), &kept, &found));
        assert_true(found.is_absent);
    }
    world_append(&w, 10, "nobody", 1);
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request;
    kt_found found = {0};
    assert_ok(ask(&w, "nobody", &kept, &request, &answer));
    assert_ok(check(&w, &request, kith_bytes_of_buf(&answer), &kept, &found));
    assert_false(found.is_absent);
    world_close(&w);
}

static void
an_existing_label_cannot_be_denied(void **state)
{
    KITH_AUTO(kith_buf) answer = {0};
    world w;
    world other;
    kt_view view = {0};
    kt_request request;
    kt_found found = {0};

    world_open(&w, *state, 1000, 0);
    world_open_twin(&other, &w);
    world_append(&w, 10, "rose", 1);
    world_append(&other, 10, "mallory", 1);
    assert_ok(ask(&w, "rose", &view, &request, &answer));
    assert_ok(check(&w, &request, kith_bytes_of_buf(&answer), &view, &found));
    world_append(&w, 10, NULL, 0);
    world_append(&other, 10, NULL, 0);

    kith_buf_clear(&answer);
    assert_ok(ask(&other, "rose", &view, &request, &answer));

    assert_int_equal(check(&w, &request, kith_bytes_of_buf(&answer), &view, &found),
                     KITH_ERR_REJECTED);
    assert_int_equal(view.size, 1);
    world_close(&w);
    world_close(&other);
}

static void
a_proof_of_absence_with_any_byte_changed_or_any_end_cut_is_refused(void **state)
{
    KITH_AUTO(kith_buf) answer = {0};
    world w;
    kt_view view = {0};
    kt_request request;
    kt_found found = {0};

    world_open(&w, *state, 15, 0);
    for (unsigned i = 0; i < 5; i++) {
        world_append(&w, 10, "rose", i);
    }
    assert_ok(ask(&w, "nobody", &view, &request, &answer));
    for (size_t at = 0; at < answer.len; at++) {
        answer.data[at] ^= (uint8_t)(1u << at % 8);
        assert_int_not_equal(check(&w, &request, kith_bytes_of_buf(&answer), &view, &found),
                             KITH_OK);
        answer.data[at] ^= (uint8_t)(1u << at % 8);
    }
    for (size_t len = 0; len < answer.len; len++) {
        assert_int_not_equal(check(&w, &request, kith_bytes_of(answer.data, len), &view, &found),
                             KITH_OK);
    }
    /* Nor is it one for another label. */
    request.label = kith_bytes_of_text("no one");
    assert_int_equal(check(&w, &request, kith_bytes_of_buf(&answer), &view, &found),
                     KITH_ERR_REJECTED);
    assert_int_equal(view.size, 0);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absence_is_proved_in_every_state_until_the_label_is_there),
        cmocka_unit_test(an_existing_label_cannot_be_denied),
        cmocka_unit_test(a_proof_of_absence_with_any_byte_changed_or_any_end_cut_is_refused),
    };

    return cmocka_run_group_tests_name("absence", tests, lab_open, lab_close);
}
