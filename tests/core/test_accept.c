/* SPDX-License-Identifier: MPL-2.0 */
/* Accepting a person's invite: the right list, the right key, one conversation, and a proof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/home.h"
#include "core/identity.h"

static home *h;
static party *p;
static ghost rose;
static kith_buf link_text;

static int
setup(void **state)
{
    (void)state;
    h = home_new();
    p = home_party(h);
    ghost_make(h, &rose, 5);
    link_text = (kith_buf){0};
    ghost_link(h, &rose, &link_text);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    kith_buf_done(&link_text);
    ghost_done(&rose);
    home_free(h);
    return 0;
}

static uint64_t
accept_link(void)
{
    uint64_t op = 0;

    assert_int_equal(party_join(p, kith_bytes_of_buf(&link_text), "Anna", &op), KITH_OK);
    home_run(h);
    return op;
}

static void
expect_met(void)
{
    core_person person = {0};
    uint8_t conv[CORE_CONV_LEN];
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    const core_convs *convs = p->core->convs;
    const core_account own = core_account_get(p->core);
    const stub_said *hello = &convs->said[0];
    size_t hellos = 0;

    assert_int_equal(core_person_get(p->core, rose.id, &person), KITH_OK);
    assert_int_equal(person.state, CORE_PERSON_CONTACT);
    assert_string_equal(person.name, "Rose");
    assert_int_equal(person.devices, 1);
    assert_int_equal(core_conv_direct(p->core, rose.id, conv), KITH_OK);
    for (size_t i = 0; i < convs->said_count; i++) {
        if (convs->said[i].control.type == CONTENT_CONTROL_HELLO) {
            hellos++;
            hello = &convs->said[i];
        }
    }
    assert_int_equal(hellos, 1);
    assert_memory_equal(hello->conv, conv, sizeof conv);
    assert_true(kith_bytes_equal(hello->control.as.hello.name, kith_bytes_of_text("Anna")));
    assert_int_equal(hello->control.as.hello.role, CONTENT_ROLE_JOINER);
    memset(secret, GHOST_SECRET, sizeof secret);
    const proto_proof proof = {.role = PROTO_ROLE_JOINER,
                               .group_id = KITH_BYTES(conv),
                               .joiner = own.account,
                               .inviter = rose.id};
    assert_int_equal(
        proto_proof_check(h->crypto, secret, &proof, KITH_BYTES(hello->control.as.hello.proof)),
        KITH_OK);
    assert_int_equal(convs->text_count, 1);
    assert_string_equal(convs->texts[0].text, "hello");
    assert_memory_equal(convs->texts[0].conv, conv, sizeof conv);
}

static void
an_invite_makes_account_contact_conversation_and_first_message(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    const uint64_t op = accept_link();

    assert_int_equal(party_op(p, op), KITH_OK);
    assert_int_equal(core_account_get(p->core).state, CORE_ACCOUNT_READY);
    expect_met();
}

static void
with_an_account_only_the_conversation_is_made(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    home_join(p, "Anna");
    const uint64_t op = accept_link();

    assert_int_equal(party_op(p, op), KITH_OK);
    assert_int_equal(p->seen[PROTO_ACCOUNT_CREATE], 1);
    expect_met();
}

static void
own_devices_are_told_of_the_contact(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    home_join(p, "Anna");
    accept_link();

    const stub_said *said = &p->core->convs->said[0];
    assert_true(said->to_own);
    assert_int_equal(said->control.type, CONTENT_CONTROL_CONTACT);
    assert_memory_equal(said->control.as.contact.account_id, rose.id, sizeof rose.id);
    assert_int_equal(said->control.as.contact.state, CORE_PERSON_CONTACT);
}

static void
the_lists_of_others_are_asked_for_anonymously(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    home_join(p, "Anna");
    h->hold[PROTO_LIST_FIND] = true;
    accept_link();

    home_request request = party_take(p, PROTO_LIST_FIND);
    assert_int_equal(request.link, CORE_LINK_ANON);
    home_request_done(&request);
}

static void
an_account_whose_key_was_replaced_since_the_link_is_known_by_the_new_one(void **state)
{
    KITH_AUTO(kith_buf) link = {0};
    core_person_record person = {0};
    uint64_t op = 0;
    (void)state;

    ghost_list(h, &rose);
    ghost_link(h, &rose, &link);
    ghost_rotate(h, &rose, 6);
    assert_int_equal(party_join(p, kith_bytes_of_buf(&link), "Anna", &op), KITH_OK);
    home_run(h);

    assert_int_equal(party_op(p, op), KITH_OK);
    assert_int_equal(core_person_read(p->core, rose.id, &person), KITH_OK);
    assert_true(kith_bytes_equal(KITH_BYTES(person.key), crypto_sign_key_public(rose.key)));
    core_person_record_done(&person);
}

static void
the_list_of_somebody_else_is_refused(void **state)
{
    ghost other;
    (void)state;

    ghost_make(h, &other, 6);
    ghost_list(h, &other);
    memcpy(home_account_of(h, other.id)->id, rose.id, sizeof rose.id);
    const uint64_t op = accept_link();

    assert_int_equal(party_op(p, op), KITH_ERR_CONFLICT);
    assert_true(party_alarm(p, "list"));
    assert_false(stub_has_direct(p->core, rose.id));
    assert_int_equal(core_list_newest(p->core, rose.id), 0);
    ghost_done(&other);
}

static void
an_inviter_that_is_not_there_ends_it(void **state)
{
    (void)state;

    const uint64_t op = accept_link();

    assert_int_equal(party_op(p, op), KITH_ERR_DENIED);
    assert_int_equal(core_account_get(p->core).state, CORE_ACCOUNT_READY);
}

static void
a_denied_ticket_ends_the_conversation_too(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    h->refuse[PROTO_ACCOUNT_CREATE] = KITH_ERR_DENIED;
    const uint64_t op = accept_link();

    assert_int_equal(party_op(p, op), KITH_ERR_DENIED);
    assert_int_equal(party_events(p, CORE_EVENT_OP_DONE), 1);
    party_restart(p);
    home_run(h);
    assert_int_equal(core_account_get(p->core).state, CORE_ACCOUNT_NONE);
    assert_int_equal(p->seen[PROTO_ACCOUNT_CREATE], 1);
}

static void
a_restart_in_the_middle_loses_nothing(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    h->hold[PROTO_LIST_FIND] = true;
    const uint64_t op = accept_link();
    assert_int_equal(party_op(p, op), KITH_ERR_COUNT);
    party_restart(p);
    h->hold[PROTO_LIST_FIND] = false;
    home_run(h);

    assert_int_equal(party_op(p, op), KITH_OK);
    expect_met();
}

static void
an_invite_of_a_contact_sends_the_text_into_the_conversation_there_is(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    accept_link();
    const size_t said = p->core->convs->said_count;
    const uint64_t op = accept_link();

    assert_int_equal(party_op(p, op), KITH_OK);
    assert_int_equal(p->core->convs->text_count, 2);
    assert_int_equal(p->core->convs->said_count, said);
    assert_memory_equal(p->core->convs->texts[0].conv, p->core->convs->texts[1].conv,
                        CORE_CONV_LEN);
}

static void
one_does_not_join_ones_own_invite(void **state)
{
    KITH_AUTO(kith_buf) own = {0};
    uint64_t op = 0;
    (void)state;

    home_join(p, "Anna");
    assert_int_equal(core_invite_create(p->core, h->now_ms, &own), KITH_OK);

    assert_int_equal(party_join(p, kith_bytes_of_buf(&own), "", &op), KITH_ERR_INVALID);
}

static void
an_invite_to_another_server_is_not_supported(void **state)
{
    uint64_t op = 0;
    (void)state;

    home_join(p, "Anna");
    kith_buf_clear(&link_text);
    h->server_key[0] ^= 1;
    ghost_link(h, &rose, &link_text);
    h->server_key[0] ^= 1;

    assert_int_equal(party_join(p, kith_bytes_of_buf(&link_text), "", &op), KITH_ERR_UNSUPPORTED);
}

static void
a_conversation_too_many_ends_the_operation(void **state)
{
    (void)state;

    ghost_list(h, &rose);
    home_join(p, "Anna");
    p->core->convs->create_err = KITH_ERR_LIMIT;
    const uint64_t op = accept_link();

    assert_int_equal(party_op(p, op), KITH_ERR_LIMIT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void
a_link_that_would_take_any_server_is_refused(void **state)
{
    uint8_t pin[sizeof h->server_key];
    uint64_t op = 0;

    (void)state;
    memcpy(pin, h->server_key, sizeof pin);
    memset(h->server_key, 0, sizeof pin);
    kith_buf_clear(&link_text);
    ghost_link(h, &rose, &link_text);
    memcpy(h->server_key, pin, sizeof pin);

    assert_int_equal(party_join(p, kith_bytes_of_buf(&link_text), "Anna", &op), KITH_ERR_MALFORMED);

    assert_int_equal(core_account_get(p->core).state, CORE_ACCOUNT_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_invite_makes_account_contact_conversation_and_first_message),
        TEST(with_an_account_only_the_conversation_is_made),
        TEST(own_devices_are_told_of_the_contact),
        TEST(the_lists_of_others_are_asked_for_anonymously),
        TEST(an_account_whose_key_was_replaced_since_the_link_is_known_by_the_new_one),
        TEST(the_list_of_somebody_else_is_refused),
        TEST(an_inviter_that_is_not_there_ends_it),
        TEST(a_denied_ticket_ends_the_conversation_too),
        TEST(a_restart_in_the_middle_loses_nothing),
        TEST(an_invite_of_a_contact_sends_the_text_into_the_conversation_there_is),
        TEST(one_does_not_join_ones_own_invite),
        TEST(an_invite_to_another_server_is_not_supported),
        TEST(a_conversation_too_many_ends_the_operation),
        cmocka_unit_test_setup_teardown(a_link_that_would_take_any_server_is_refused, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("core-accept", tests, NULL, NULL);
}
