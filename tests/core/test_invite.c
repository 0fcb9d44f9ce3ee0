/* SPDX-License-Identifier: MPL-2.0 */
/* Own invites: the link, and how the server hears of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/home.h"

static home *h;
static party *p;

static int
setup(void **state)
{
    (void)state;
    h = home_new();
    p = home_party(h);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    home_free(h);
    return 0;
}

static void
invite(proto_link *out)
{
    KITH_AUTO(kith_buf) text = {0};

    assert_int_equal(core_invite_create(p->core, h->now_ms, &text), KITH_OK);
    assert_int_equal(proto_link_decode(kith_bytes_of_buf(&text), out), KITH_OK);
}

static void
a_link_says_where_and_who(void **state)
{
    KITH_AUTO(proto_link) link = {0};
    uint8_t account[CORE_ACCOUNT_LEN];
    (void)state;

    home_join(p, "Anna");
    invite(&link);

    assert_int_equal(link.kind, PROTO_LINK_PERSON);
    assert_string_equal(link.address.host, "home.example");
    assert_memory_equal(link.server_key, h->server_key, sizeof h->server_key);
    assert_string_equal(link.name, "Anna");
    assert_int_equal(proto_account_id(h->crypto, KITH_BYTES(link.account_key), account), KITH_OK);
    assert_true(core_account_is_own(p->core, account));
}

static void
the_server_hears_the_hash_of_the_ticket(void **state)
{
    KITH_AUTO(proto_link) link = {0};
    uint8_t ticket[PROTO_ID_LEN];
    uint8_t hash[PROTO_ID_LEN];
    proto_invite_put put = {0};
    (void)state;

    home_join(p, "Anna");
    h->hold[PROTO_INVITE_PUT] = true;
    invite(&link);
    home_run(h);
    home_request request = party_take(p, PROTO_INVITE_PUT);

    assert_int_equal(proto_invite_put_decode(kith_bytes_of_buf(&request.body), &put), KITH_OK);
    assert_int_equal(proto_ticket(h->crypto, link.secret, ticket), KITH_OK);
    assert_int_equal(crypto_sha256(h->crypto, KITH_BYTES(ticket), hash), KITH_OK);
    assert_memory_equal(put.ticket_hash, hash, sizeof hash);
    assert_int_equal(put.expires_ms, h->now_ms + CORE_INVITE_MS);
    home_request_done(&request);
}

static void
an_invite_made_offline_is_told_later_and_once(void **state)
{
    KITH_AUTO(proto_link) link = {0};
    (void)state;

    home_join(p, "Anna");
    h->is_down = true;
    party_cut(p, CORE_LINK_NAMED);
    party_cut(p, CORE_LINK_ANON);
    invite(&link);
    invite(&link);
    home_run(h);
    party_restart(p);
    home_run(h);
    assert_int_equal(p->seen[PROTO_INVITE_PUT], 0);

    h->is_down = false;
    home_pass(h, 2000);
    assert_int_equal(p->seen[PROTO_INVITE_PUT], 2);
    party_restart(p);
    home_run(h);
    assert_int_equal(p->seen[PROTO_INVITE_PUT], 2);
}

static void
a_lost_answer_is_repeated(void **state)
{
    KITH_AUTO(proto_link) link = {0};
    (void)state;

    home_join(p, "Anna");
    h->hold[PROTO_INVITE_PUT] = true;
    invite(&link);
    home_run(h);
    party_cut(p, CORE_LINK_NAMED);
    h->hold[PROTO_INVITE_PUT] = false;
    home_pass(h, 2000);

    assert_int_equal(p->seen[PROTO_INVITE_PUT], 2);
}

static void
a_refusal_is_not_repeated_at_once(void **state)
{
    KITH_AUTO(proto_link) link = {0};
    (void)state;

    home_join(p, "Anna");
    h->refuse[PROTO_INVITE_PUT] = KITH_ERR_LIMIT;
    invite(&link);
    home_pass(h, 1000);

    assert_int_equal(p->seen[PROTO_INVITE_PUT], 1);
}

static void
own_devices_hear_the_secret(void **state)
{
    KITH_AUTO(proto_link) link = {0};
    (void)state;

    home_join(p, "Anna");
    invite(&link);

    const core_convs *convs = p->core->convs;
    assert_int_equal(convs->said_count, 1);
    assert_true(convs->said[0].to_own);
    assert_int_equal(convs->said[0].control.type, CONTENT_CONTROL_INVITE_MADE);
    assert_memory_equal(convs->said[0].control.as.invite_made.secret, link.secret,
                        sizeof link.secret);
}

static void
so_many_can_be_open_and_expired_ones_make_room(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    (void)state;

    home_join(p, "Anna");
    for (size_t i = 0; i < CORE_INVITES_MAX; i++) {
        KITH_AUTO(proto_link) link = {0};
        invite(&link);
    }
    assert_int_equal(core_invite_create(p->core, h->now_ms, &text), KITH_ERR_LIMIT);
    assert_int_equal(text.len, 0);
    assert_true(core_link_ready(p->core, CORE_LINK_NAMED));

    h->now_ms += CORE_INVITE_MS;
    assert_int_equal(core_invite_create(p->core, h->now_ms, &text), KITH_OK);
}

static void
without_an_account_there_is_no_invite(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    (void)state;

    assert_int_equal(core_invite_create(p->core, h->now_ms, &text), KITH_ERR_DENIED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_link_says_where_and_who),
        TEST(the_server_hears_the_hash_of_the_ticket),
        TEST(an_invite_made_offline_is_told_later_and_once),
        TEST(a_lost_answer_is_repeated),
        TEST(a_refusal_is_not_repeated_at_once),
        TEST(own_devices_hear_the_secret),
        TEST(so_many_can_be_open_and_expired_ones_make_room),
        TEST(without_an_account_there_is_no_invite),
    };

    return cmocka_run_group_tests_name("core-invite", tests, NULL, NULL);
}
