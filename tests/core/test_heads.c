/* SPDX-License-Identifier: MPL-2.0 */
/* Heads that people's devices tell each other, and evidence. */
#include "core/reading.h"

static void
the_newest_head_is_said(void **state)
{
    content_head said;
    (void)state;

    ghost_list(h, &rose);
    assert_int_equal(want_rose(1), KITH_OK);
    core_head_say(p->core, &said);

    const content_head head = head_of(h->log);
    assert_int_equal(said.size, head.size);
    assert_memory_equal(said.root, head.root, sizeof said.root);
    assert_memory_equal(said.signature, head.signature, sizeof said.signature);
}

static void
the_same_head_needs_no_question(void **state)
{
    (void)state;

    const size_t asked = p->seen[PROTO_LOG_ASK];
    const content_head head = head_of(h->log);
    hear(&head);
    hear(&(content_head){0});
    assert_int_equal(p->seen[PROTO_LOG_ASK], asked);
    assert_no_alarm();
}

static void
older_and_newer_heads_of_an_honest_log_are_asked_about_once(void **state)
{
    (void)state;

    const content_head older = head_of(h->log);
    ghost_list(h, &rose);
    assert_int_equal(want_rose(1), KITH_OK);
    size_t asked = p->seen[PROTO_LOG_ASK];
    hear(&older);
    hear(&older);
    assert_int_equal(p->seen[PROTO_LOG_ASK], asked + 1);

    ghost_list(h, &rose);
    home_log_follow(h);
    const content_head newer = head_of(h->log);
    asked = p->seen[PROTO_LOG_ASK];
    hear(&newer);
    assert_int_equal(p->seen[PROTO_LOG_ASK], asked); /* so soon after a good one of hers */
    home_pass(h, CORE_HEAD_PAUSE_MS);
    assert_int_equal(p->seen[PROTO_LOG_ASK], asked + 1);
    assert_true(core_log_get(p->core).size >= newer.size);
    assert_no_alarm();
}

static void
assert_fork(void)
{
    KITH_AUTO(kith_buf) bytes = {0};
    content_head said;
    kt_evidence evidence;

    assert_true(party_alarm(p, "fork"));
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
    assert_true(core_is_silent(p->core));
    assert_int_equal(core_evidence(p->core, &bytes), KITH_OK);
    assert_int_equal(kt_evidence_check(h->crypto, kith_bytes_of_buf(&bytes), &evidence), KITH_OK);
    core_head_say(p->core, &said);
    assert_int_equal(said.size, 0);
}

static void
another_head_of_the_same_size_is_evidence(void **state)
{
    KITH_AUTO(kith_buf) none = {0};
    fake_directory *other = twin();
    (void)state;

    assert_int_equal(core_evidence(p->core, &none), KITH_ERR_NOT_FOUND);
    fake_directory_fill(other, h->now_ms + 7, fake_directory_size(other) + 1);
    ghost_list(h, &rose);
    assert_int_equal(want_rose(1), KITH_OK);
    const content_head head = head_of(other);
    fake_directory_free(other);
    assert_int_equal(head.size, core_log_get(p->core).size);
    hear(&head);

    assert_fork();
}

static void
an_older_head_that_the_log_does_not_have_is_evidence(void **state)
{
    fake_directory *other = twin();
    (void)state;

    fake_directory_fill(other, h->now_ms + 7, fake_directory_size(other) + 1);
    for (int i = 0; i < 4; i++) {
        ghost_list(h, &rose);
        home_log_follow(h);
    }
    assert_int_equal(want_rose(4), KITH_OK);
    const content_head head = head_of(other);
    fake_directory_free(other);
    hear(&head);

    assert_fork();
}

static void
a_newer_head_that_the_log_does_not_have_is_evidence_once_the_log_is_as_long(void **state)
{
    fake_directory *other = twin();
    (void)state;

    fake_directory_fill(other, h->now_ms + 7, fake_directory_size(other) + 2);
    const content_head head = head_of(other);
    fake_directory_free(other);
    hear(&head);
    assert_no_alarm(); /* the log says that it is not so long */
    ghost_list(h, &rose);
    ghost_list(h, &rose);
    home_pass(h, CORE_PAUSE_MAX_MS);

    assert_fork();
}

static void
a_log_that_does_not_answer_about_a_head_is_told_with_the_sender(void **state)
{
    fake_directory *other = twin();
    (void)state;

    fake_directory_fill(other, h->now_ms + 7, fake_directory_size(other) + 200);
    const content_head head = head_of(other);
    fake_directory_free(other);
    hear(&head);
    home_pass(h, 2 * CORE_HEAD_FAILURES_MAX * CORE_PAUSE_MAX_MS);

    assert_true(party_alarm(p, "head"));
    assert_memory_equal(party_event(p, CORE_EVENT_ALARM)->account, rose.id, sizeof rose.id);
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
    assert_false(core_is_silent(p->core));
}

static void
a_head_of_another_log_is_told_once(void **state)
{
    fake_directory *other = fake_directory_other(h->crypto, 42);
    (void)state;

    for (int i = 0; i < 3; i++) {
        fake_directory_fill(other, h->now_ms, fake_directory_size(other) + 1);
        const content_head head = head_of(other);
        hear(&head);
        home_pass(h, 15000);
    }
    fake_directory_free(other);

    assert_true(party_alarm(p, "head"));
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
    assert_false(core_is_silent(p->core));
}

static void
a_head_of_the_log_before_is_no_surprise(void **state)
{
    (void)state;

    const content_head before = head_of(h->log);
    home_log_replace(h, fake_directory_new(h->crypto, 42, 2));
    reconnect();
    hear(&before);
    home_pass(h, 60000);

    assert_true(party_alarm(p, "renewed"));
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
}

static void
a_head_of_a_log_that_began_since_makes_the_server_say_so(void **state)
{
    (void)state;

    home_log_replace(h, fake_directory_new(h->crypto, 42, 2));
    home_log_follow(h);
    const content_head head = head_of(h->log);
    hear(&head);
    home_pass(h, 60000);

    assert_true(party_alarm(p, "renewed"));
    assert_int_equal(party_events(p, CORE_EVENT_ALARM), 1);
    assert_int_equal(core_log_get(p->core).generation, 2);
}

static void
more_senders_than_are_remembered_take_the_places_of_those_found_good(void **state)
{
    (void)state;

    const content_head older = head_of(h->log);
    ghost_list(h, &rose);
    assert_int_equal(want_rose(1), KITH_OK);
    const size_t asked = p->seen[PROTO_LOG_ASK];
    for (size_t i = 0; i < CORE_HEADS_MAX + 1; i++) {
        const uint8_t account[CORE_ACCOUNT_LEN] = {7, (uint8_t)i};
        DO(core_head_hear(p->core, account, account, &older));
    }
    assert_int_equal(directory()->heads.count, CORE_HEADS_MAX);
    assert_int_equal(p->seen[PROTO_LOG_ASK], asked + CORE_HEADS_MAX + 1);

    h->hold[PROTO_LOG_ASK] = true;
    for (size_t i = 0; i < CORE_HEADS_MAX + 1; i++) {
        const uint8_t account[CORE_ACCOUNT_LEN] = {8, (uint8_t)i};
        DO(core_head_hear(p->core, account, account, &older));
    }
    assert_int_equal(directory()->heads.count, CORE_HEADS_MAX);
    assert_no_alarm();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_newest_head_is_said),
        TEST(the_same_head_needs_no_question),
        TEST(older_and_newer_heads_of_an_honest_log_are_asked_about_once),
        TEST(another_head_of_the_same_size_is_evidence),
        TEST(an_older_head_that_the_log_does_not_have_is_evidence),
        TEST(a_newer_head_that_the_log_does_not_have_is_evidence_once_the_log_is_as_long),
        TEST(a_log_that_does_not_answer_about_a_head_is_told_with_the_sender),
        TEST(a_head_of_another_log_is_told_once),
        TEST(a_head_of_the_log_before_is_no_surprise),
        TEST(a_head_of_a_log_that_began_since_makes_the_server_say_so),
        TEST(more_senders_than_are_remembered_take_the_places_of_those_found_good),
    };

    return cmocka_run_group_tests_name("core-heads", tests, NULL, NULL);
}
