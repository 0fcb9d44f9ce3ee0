/* SPDX-License-Identifier: MPL-2.0 */
/* The table of suites [RFC9420 §17.1] [MLS-PQ], and suites that go by other ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/party.h"

/* An id of the registry's reserved range that no suite has. */
#define OTHER_ID 0x0008u

static const mls_suite_alias aliases[] = {{.suite = MLS_SUITE_PQ, .id = OTHER_ID}};

static void
open_aliased(cast *c, size_t count)
{
    cast_open(c, MLS_SUITE_PQ, count, 71);
    c->suite = OTHER_ID;
    for (size_t i = 0; i < count; i++) {
        c->party[i].env.suite_aliases = aliases;
        c->party[i].env.suite_alias_count = 1;
    }
}

static void
every_suite_of_the_rfc_and_of_the_post_quantum_draft_is_there_once(void **state)
{
    (void)state;
    assert_int_equal(mls_suite_count(), 7 + 11);
    for (uint16_t id = 0x0001; id <= 0x0007; id++) {
        assert_true(mls_suite_is_supported(id));
    }
    for (uint16_t id = MLS_SUITE_MLKEM768_X25519_SHA256; id <= MLS_SUITE_MLKEM1024_MLDSA87; id++) {
        assert_true(mls_suite_is_supported(id));
    }
    for (size_t i = 0; i < mls_suite_count(); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(mls_suite_at(i), mls_suite_at(k));
            assert_string_not_equal(mls_suite_name(mls_suite_at(i)),
                                    mls_suite_name(mls_suite_at(k)));
        }
    }
    assert_int_equal(mls_suite_at(mls_suite_count()), 0);
    assert_false(mls_suite_is_supported(OTHER_ID));
    assert_null(mls_suite_name(OTHER_ID));
}

static void
a_group_runs_under_the_other_id_and_shows_it_on_the_wire(void **state)
{
    cast c;
    mls_key_package_info info;

    (void)state;
    open_aliased(&c, 3);
    party_found(&c, 0);
    cast_add(&c, 0, 1);
    cast_add(&c, 1, 2);
    cast_agree(&c);
    cast_say(&c, 2, "by another name");

    assert_int_equal(mls_epoch_suite(mls_group_epoch(c.party[2].group)), OTHER_ID);
    assert_err(mls_key_package_inspect(&c.party[0].env, kith_bytes_of_buf(&c.party[2].package),
                                       NOW_S, &info),
               KITH_OK);
    assert_int_equal(info.suite, OTHER_ID);
    party_reload(&c.party[1]);
    cast_commit(&c, 1, NULL, NULL, 0);
    cast_agree(&c);
    cast_close(&c);
}

static void
a_suite_with_another_id_is_not_known_by_its_own(void **state)
{
    cast c;
    mls_group *group = NULL;

    (void)state;
    open_aliased(&c, 1);
    const mls_group_params params = {.suite = MLS_SUITE_PQ,
                                     .group_id = kith_bytes_of_text("a group"),
                                     .leaf = party_leaf(&c.party[0])};

    assert_err(mls_group_new(&c.party[0].env, &params, &group), KITH_ERR_UNSUPPORTED);
    assert_null(group);
    cast_close(&c);
}

static void
a_client_without_the_alias_does_not_know_the_other_id(void **state)
{
    cast c;
    mls_key_package_info info;

    (void)state;
    open_aliased(&c, 2);
    c.party[1].env.suite_alias_count = 0;
    party_publish(&c, 0);

    assert_err(mls_key_package_inspect(&c.party[1].env, kith_bytes_of_buf(&c.party[0].package),
                                       NOW_S, &info),
               KITH_ERR_UNSUPPORTED);
    cast_close(&c);
}

static void
a_key_package_of_one_suite_does_not_pass_for_another(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};

    (void)state;
    /* Same keys and algorithms but for the hash: only the id tells them apart. */
    cast_open(&c, MLS_SUITE_MLKEM768_X25519_SHA256, 2, 72);
    party_found(&c, 0);
    c.suite = MLS_SUITE_MLKEM768_X25519_SHA384;
    party_publish(&c, 1);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&c.party[1].package)};

    assert_err(mls_group_commit(
                   c.party[0].group,
                   &(mls_commit_params){.proposals = &add, .proposal_count = 1, .now_s = NOW_S},
                   &commit, &welcome),
               KITH_ERR_REJECTED);
    assert_int_equal(commit.len + welcome.len, 0);
    cast_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_of_the_rfc_and_of_the_post_quantum_draft_is_there_once),
        cmocka_unit_test(a_group_runs_under_the_other_id_and_shows_it_on_the_wire),
        cmocka_unit_test(a_suite_with_another_id_is_not_known_by_its_own),
        cmocka_unit_test(a_client_without_the_alias_does_not_know_the_other_id),
        cmocka_unit_test(a_key_package_of_one_suite_does_not_pass_for_another),
    };

    return cmocka_run_group_tests_name("mls: suites", tests, NULL, NULL);
}
