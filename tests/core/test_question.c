/* SPDX-License-Identifier: MPL-2.0 */
/* Answers that prove nothing, a log that goes back, and clocks. */
#include "core/reading.h"

/* ---- Proofs ---- */

/* Rose's list is asked for; the answer's proof is changed on its way. */
typedef void (*spoil_fn)(kith_buf *found);

static void
spoil_answer(spoil_fn spoil)
{
    KITH_AUTO(kith_buf) body = {0};
    KITH_AUTO(kith_buf) spoiled = {0};
    KITH_AUTO(kith_buf) found = {0};
    proto_find_answer answer = {0};

    h->hold[PROTO_LIST_FIND] = true;
    assert_int_equal(want_rose(1), KITH_ERR_COUNT);
    home_request request = party_take(p, PROTO_LIST_FIND);
    h->hold[PROTO_LIST_FIND] = false;
    assert_int_equal(home_answer(p, request.type, kith_bytes_of_buf(&request.body), &body),
                     KITH_OK);
    assert_int_equal(proto_find_answer_decode(kith_bytes_of_buf(&body), &answer), KITH_OK);
    assert_int_equal(kith_buf_set(&found, answer.found), KITH_OK);
    spoil(&found);
    answer.found = kith_bytes_of_buf(&found);
    assert_int_equal(proto_find_answer_encode(&spoiled, &answer), KITH_OK);
    party_answer(p, &request, kith_bytes_of_buf(&spoiled));
    home_request_done(&request);
    home_run(h);
}

static void
assert_refused(void)
{
    assert_int_equal(heard(), KITH_ERR_REJECTED);
    assert_true(party_alarm(p, "proof"));
    assert_int_equal(core_list_newest(p->core, rose.id), 0);
    /* The log still has what it showed: so it goes on. */
    assert_false(core_is_silent(p->core));
    assert_int_equal(want_rose(1), KITH_OK);
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
}

static void
cut_short(kith_buf *found)
{
    found->len -= 1;
}

static void
make_longer(kith_buf *found)
{
    assert_int_equal(kith_buf_append(found, kith_bytes_of_text("x")), KITH_OK);
}

static void
change_end(kith_buf *found)
{
    found->data[found->len - 5] ^= 1;
}

static void
say_nothing(kith_buf *found)
{
    found->len = 0;
}

static void
a_proof_that_is_cut_is_refused(void **state)
{
    (void)state;
    ghost_list(h, &rose);
    spoil_answer(cut_short);
    assert_refused();
}

static void
a_proof_that_is_padded_is_refused(void **state)
{
    (void)state;
    ghost_list(h, &rose);
    spoil_answer(make_longer);
    assert_refused();
}

static void
a_proof_that_is_changed_is_refused(void **state)
{
    (void)state;
    ghost_list(h, &rose);
    spoil_answer(change_end);
    assert_refused();
}

static void
a_list_without_a_proof_is_refused(void **state)
{
    (void)state;
    ghost_list(h, &rose);
    spoil_answer(say_nothing);
    assert_refused();
}

static void
a_proof_about_somebody_else_is_refused(void **state)
{
    KITH_AUTO(kith_buf) body = {0};
    KITH_AUTO(kith_buf) search = {0};
    KITH_AUTO(kith_buf) other = {0};
    proto_find find = {0};
    ghost ben;
    (void)state;

    ghost_list(h, &rose);
    ghost_make(h, &ben, 6);
    ghost_list(h, &ben);
    h->hold[PROTO_LIST_FIND] = true;
    assert_int_equal(want_rose(1), KITH_ERR_COUNT);
    home_request request = party_take(p, PROTO_LIST_FIND);
    h->hold[PROTO_LIST_FIND] = false;
    kt_request asked;
    assert_int_equal(proto_find_decode(kith_bytes_of_buf(&request.body), &find), KITH_OK);
    assert_int_equal(kt_request_decode(KT_SEARCH, find.search, &asked), KITH_OK);
    uint8_t label[CORE_LABEL_LEN] = {1};
    memcpy(&label[1], ben.id, sizeof ben.id);
    asked.label = KITH_BYTES(label);
    assert_int_equal(kt_request_encode(&asked, &search), KITH_OK);
    find.search = kith_bytes_of_buf(&search);
    memcpy(find.account_id, ben.id, sizeof ben.id);
    assert_int_equal(proto_find_encode(&other, &find), KITH_OK);
    assert_int_equal(home_answer(p, PROTO_LIST_FIND, kith_bytes_of_buf(&other), &body), KITH_OK);
    party_answer(p, &request, kith_bytes_of_buf(&body));
    home_request_done(&request);
    home_run(h);
    ghost_done(&ben);

    assert_refused();
}

static void
nobody_is_proved_to_have_no_list(void **state)
{
    (void)state;

    assert_int_equal(want_rose(0), KITH_ERR_NOT_FOUND);
    assert_no_alarm();
}

/* ---- A log that goes back, or is two ---- */

static void
an_old_list_again_is_a_log_in_two_forms(void **state)
{
    kt_evidence evidence;
    KITH_AUTO(kith_buf) bytes = {0};
    (void)state;

    ghost_list(h, &rose);
    h->now_ms += 1000;
    home_log_follow(h);
    fake_directory *old = twin();
    ghost_list(h, &rose);
    assert_int_equal(want_rose(2), KITH_OK);
    /* The log without the newest list, and as long as the true one. */
    h->log_is_frozen = true;
    home_log_replace(h, old);
    fake_directory_fill(old, h->now_ms + 5, core_log_get(p->core).size + 1);
    assert_int_equal(want_rose(0), KITH_ERR_REJECTED);

    assert_true(party_alarm(p, "proof"));
    assert_true(party_alarm(p, "fork"));
    assert_true(core_is_silent(p->core));
    assert_int_equal(core_evidence(p->core, &bytes), KITH_OK);
    assert_int_equal(kt_evidence_check(h->crypto, kith_bytes_of_buf(&bytes), &evidence), KITH_OK);
    assert_int_equal(core_list_newest(p->core, rose.id), 2);
}

static void
a_log_that_is_shorter_than_it_was_is_told(void **state)
{
    (void)state;

    fake_directory *old = twin();
    ghost_list(h, &rose);
    assert_int_equal(want_rose(1), KITH_OK);
    h->log_is_frozen = true;
    home_log_replace(h, old);
    assert_int_equal(want_rose(0), KITH_ERR_COUNT);
    home_pass(h, 10000);

    assert_true(party_alarm(p, "behind"));
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
    assert_int_equal(core_list_newest(p->core, rose.id), 1);
}

static void
a_refusal_or_two_are_a_machine_that_is_behind_and_three_are_looked_into(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    h->hold[PROTO_LIST_FIND] = true;
    assert_int_equal(want_rose(1), KITH_ERR_COUNT);
    for (uint32_t i = 1; i <= CORE_REFUSALS_MAX; i++) {
        home_request request = party_take(p, PROTO_LIST_FIND);
        party_refuse(p, &request, KITH_ERR_REJECTED);
        home_request_done(&request);
        assert_int_equal(directory()->heads.is_own_doubted, i == CORE_REFUSALS_MAX);
        home_pass(h, CORE_RETRY_MS);
    }
    h->hold[PROTO_LIST_FIND] = false;

    /* The log answers for its own head: so nothing is wrong with it. */
    assert_int_equal(heard(), KITH_ERR_REJECTED);
    assert_false(directory()->heads.is_own_doubted);
    assert_no_alarm();
    assert_int_equal(want_rose(1), KITH_OK);
}

static void
a_list_of_an_account_that_had_one_cannot_be_absent(void **state)
{
    (void)state;

    /* By a log that took the place of the first one, and knows of nobody. */
    ghost_list(h, &rose);
    assert_int_equal(want_rose(1), KITH_OK);
    kith_buf_done(&home_account_of(h, rose.id)->lists[0]);
    home_account_of(h, rose.id)->count = 0;
    home_log_replace(h, fake_directory_new(h->crypto, 42, 2));
    reconnect();

    assert_int_equal(want_rose(0), KITH_ERR_REJECTED);
    assert_true(party_alarm(p, "list"));
    assert_int_equal(core_list_newest(p->core, rose.id), 1);
}

static void
two_lists_of_one_version_are_refused(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    assert_int_equal(want_rose(1), KITH_OK);
    h->now_ms += 5;
    kith_buf_done(&home_account_of(h, rose.id)->lists[0]);
    home_account_of(h, rose.id)->count = 0;
    ghost_list(h, &rose);
    home_log_replace(h, fake_directory_new(h->crypto, 42, 2));
    reconnect();

    assert_int_equal(want_rose(0), KITH_ERR_REJECTED);
    assert_true(party_alarm(p, "list"));
}

/* ---- Clocks ---- */

static void
a_log_that_gets_no_entries_is_told_once_and_waited_for(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    home_log_follow(h);
    h->log_is_frozen = true;
    home_pass(h, 2 * HOUR_MS);
    assert_int_equal(want_rose(1), KITH_ERR_COUNT);
    assert_true(party_alarm(p, "stale"));
    home_pass(h, HOUR_MS / 10);
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
    assert_int_equal(core_list_newest(p->core, rose.id), 0);

    h->log_is_frozen = false;
    home_pass(h, 60000);
    assert_int_equal(heard(), KITH_OK);
    assert_int_equal(core_list_newest(p->core, rose.id), 1);
    assert_int_equal(directory()->told, 0);
    assert_false(core_is_silent(p->core));
}

static void
a_clock_that_is_far_off_is_told_once_and_hurts_nobody(void **state)
{
    (void)state;

    h->clock_ahead_ms = 48 * (int64_t)HOUR_MS;
    reconnect();
    ghost_list(h, &rose);
    assert_int_equal(want_rose(1), KITH_OK);
    reconnect();

    assert_true(party_alarm(p, "clock"));
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_proof_that_is_cut_is_refused),
        TEST(a_proof_that_is_padded_is_refused),
        TEST(a_proof_that_is_changed_is_refused),
        TEST(a_list_without_a_proof_is_refused),
        TEST(a_proof_about_somebody_else_is_refused),
        TEST(nobody_is_proved_to_have_no_list),
        TEST(an_old_list_again_is_a_log_in_two_forms),
        TEST(a_log_that_is_shorter_than_it_was_is_told),
        TEST(a_refusal_or_two_are_a_machine_that_is_behind_and_three_are_looked_into),
        TEST(a_list_of_an_account_that_had_one_cannot_be_absent),
        TEST(two_lists_of_one_version_are_refused),
        TEST(a_log_that_gets_no_entries_is_told_once_and_waited_for),
        TEST(a_clock_that_is_far_off_is_told_once_and_hurts_nobody),
    };

    return cmocka_run_group_tests_name("core-question", tests, NULL, NULL);
}
