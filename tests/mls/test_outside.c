/* SPDX-License-Identifier: MPL-2.0 */
/* Proposals of those who are not in the group [RFC9420 §12.1.8]. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/party.h"

/* Three members of a group that lets party 3 propose from outside. */
static void
open_scene(cast *c)
{
    KITH_AUTO(kith_buf) senders = {0};

    cast_open(c, MLS_SUITE_X25519_AES128_ED25519, 5, 91);
    party_found(c, 0);
    cast_add(c, 0, 1);
    cast_add(c, 1, 2);
    const mls_external_sender sender = {
        .identity = {.type = MLS_CREDENTIAL_BASIC, .data = kith_bytes_of_text("warden")},
        .signature_key = kith_bytes_of_buf(&c->party[3].signature_public)};
    assert_err(mls_external_senders_write(&sender, 1, &senders), KITH_OK);
    const mls_ext extension = {.type = MLS_EXT_EXTERNAL_SENDERS,
                               .data = kith_bytes_of_buf(&senders)};
    const mls_proposal_params allow = {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
                                       .extensions = &extension,
                                       .extension_count = 1};
    cast_commit(c, 0, &(mls_commit_params){.proposals = &allow, .proposal_count = 1}, NULL, 0);
}

static mls_outside_params
params_of(const cast *c, size_t who, uint32_t index)
{
    const mls_group *group = c->party[0].group;

    return (mls_outside_params){.suite = c->suite,
                                .group_id = mls_group_id(group),
                                .epoch = mls_epoch_number(mls_group_epoch(group)),
                                .signature_private =
                                    kith_bytes_of_secret(&c->party[who].signature_private),
                                .sender_index = index};
}

static kith_err
send(cast *c, size_t who, const mls_outside_params *params)
{
    KITH_AUTO(kith_buf) message = {0};
    kith_err worst = KITH_OK;

    assert_err(mls_outside_propose(&c->party[who].env, params, &message), KITH_OK);
    for (size_t i = 0; i < 3; i++) {
        KITH_AUTO(mls_received) received = {0};
        const kith_err err =
            mls_group_receive(c->party[i].group, kith_bytes_of_buf(&message), NOW_S, &received);
        if (err == KITH_OK) {
            assert_int_equal(received.kind, MLS_KIND_PROPOSAL);
            assert_int_equal(received.sender, MLS_LEAF_NONE);
        }
        worst = err != KITH_OK ? err : worst;
    }
    return worst;
}

static void
an_external_sender_removes_a_member(void **state)
{
    cast c;

    (void)state;
    open_scene(&c);
    mls_outside_params params = params_of(&c, 3, 0);
    params.proposal = (mls_proposal_params){.type = MLS_PROPOSAL_REMOVE,
                                            .leaf_index = party_leaf_index(&c.party[2])};

    assert_err(send(&c, 3, &params), KITH_OK);
    cast_commit(&c, 1, NULL, NULL, 0);
    assert_null(c.party[2].group);
    cast_agree(&c);
    cast_close(&c);
}

static void
a_newcomer_asks_to_be_added(void **state)
{
    cast c;
    const size_t joiner = 4;

    (void)state;
    open_scene(&c);
    party_publish(&c, 4);
    mls_outside_params params = params_of(&c, 4, MLS_LEAF_NONE);
    params.proposal = (mls_proposal_params){.type = MLS_PROPOSAL_ADD,
                                            .key_package = kith_bytes_of_buf(&c.party[4].package)};

    assert_err(send(&c, 4, &params), KITH_OK);
    cast_commit(&c, 2, NULL, &joiner, 1);
    cast_agree(&c);
    cast_say(&c, 4, "thank you");
    cast_close(&c);
}

static void
whoever_is_not_listed_is_refused(void **state)
{
    cast c;

    (void)state;
    open_scene(&c);
    mls_outside_params params = params_of(&c, 4, 0); /* another's place */
    params.proposal = (mls_proposal_params){.type = MLS_PROPOSAL_REMOVE, .leaf_index = 2};
    assert_err(send(&c, 4, &params), KITH_ERR_REJECTED);
    params = params_of(&c, 3, 1); /* a place that is not there */
    params.proposal = (mls_proposal_params){.type = MLS_PROPOSAL_REMOVE, .leaf_index = 2};
    assert_err(send(&c, 3, &params), KITH_ERR_REJECTED);
    assert_int_equal(mls_group_pending_count(c.party[0].group), 0);
    cast_close(&c);
}

static void
a_newcomer_cannot_add_somebody_else(void **state)
{
    cast c;

    (void)state;
    open_scene(&c);
    party_publish(&c, 4);
    mls_outside_params params = params_of(&c, 3, MLS_LEAF_NONE);
    params.proposal = (mls_proposal_params){.type = MLS_PROPOSAL_ADD,
                                            .key_package = kith_bytes_of_buf(&c.party[4].package)};
    assert_err(send(&c, 3, &params), KITH_ERR_REJECTED);
    cast_close(&c);
}

static void
what_cannot_be_proposed_from_outside_is_invalid(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) message = {0};

    (void)state;
    open_scene(&c);
    const mls_env *env = &c.party[3].env;
    mls_outside_params params = params_of(&c, 3, 0);
    params.proposal.type = MLS_PROPOSAL_UPDATE;
    assert_err(mls_outside_propose(env, &params, &message), KITH_ERR_INVALID);
    params.proposal.type = MLS_PROPOSAL_EXTERNAL_INIT;
    assert_err(mls_outside_propose(env, &params, &message), KITH_ERR_INVALID);
    params.sender_index = MLS_LEAF_NONE;
    params.proposal.type = MLS_PROPOSAL_REMOVE;
    assert_err(mls_outside_propose(env, &params, &message), KITH_ERR_INVALID);
    params.suite = 0x7777;
    assert_err(mls_outside_propose(env, &params, &message), KITH_ERR_UNSUPPORTED);
    assert_int_equal(message.len, 0);
    cast_close(&c);
}

static void
proposing_survives_every_failed_allocation(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) message = {0};
    kith_err err = KITH_ERR_NO_MEMORY;

    (void)state;
    open_scene(&c);
    fake_alloc *alloc = &c.party[3].alloc;
    mls_outside_params params = params_of(&c, 3, 0);
    params.proposal = (mls_proposal_params){.type = MLS_PROPOSAL_REMOVE, .leaf_index = 2};
    for (uint64_t n = 0; err != KITH_OK; n++) {
        const uint64_t live = alloc->live_blocks;
        alloc->fail_after = alloc->calls + n;
        err = mls_outside_propose(&c.party[3].env, &params, &message);
        alloc->fail_after = UINT64_MAX;
        assert_int_equal(alloc->live_blocks, live);
        assert_true(err == KITH_OK || (err == KITH_ERR_NO_MEMORY && message.len == 0));
    }
    cast_close(&c);
}

/* What a joiner was asked about the sender from outside. */
static kith_err
refuse_senders(void *ctx, const mls_check *check)
{
    size_t *asked = ctx;

    if (check->purpose != MLS_CHECK_SENDER) {
        return KITH_OK;
    }
    *asked += kith_bytes_equal(check->identity.data, kith_bytes_of_text("warden")) ? 1 : 0;
    return KITH_ERR_DENIED;
}

/* [RFC9420 §5.3.1] */
static void
a_joiner_judges_the_senders_from_outside_that_the_group_has(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) info = {0};
    KITH_AUTO(kith_buf) commit = {0};
    mls_group *joined = NULL;
    size_t asked = 0;

    (void)state;
    open_scene(&c);
    party *p = &c.party[4];
    p->env.check = refuse_senders;
    p->env.ctx = &asked;
    assert_err(mls_group_info(c.party[0].group, &(mls_group_info_params){0}, &info), KITH_OK);
    const mls_external_params params = {.group_info = kith_bytes_of_buf(&info),
                                        .leaf = party_leaf(p),
                                        .replaces = MLS_LEAF_NONE,
                                        .now_s = NOW_S};

    assert_err(mls_group_join_external(&p->env, &params, &commit, &joined), KITH_ERR_DENIED);

    assert_int_equal(asked, 1);
    assert_null(joined);
    cast_close(&c);
}

/* [RFC9420 §7.3] */
static void
nobody_commits_a_leaf_that_lacks_what_the_group_asks_for(void **state)
{
    static const uint16_t known[] = {0xff05};
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    const mls_ext extension = {.type = 0xff05};
    const mls_proposal_params set = {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
                                     .extensions = &extension,
                                     .extension_count = 1};

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 2, 99);
    for (size_t i = 0; i < 2; i++) {
        c.party[i].env.extension_types = known;
        c.party[i].env.extension_type_count = 1;
    }
    party_found(&c, 0);
    cast_add(&c, 0, 1);
    cast_commit(&c, 0, &(mls_commit_params){.proposals = &set, .proposal_count = 1}, NULL, 0);
    c.party[1].env.extension_type_count = 0; /* and says so in a new leaf */
    const mls_leaf_params leaf = party_leaf(&c.party[1]);

    assert_err(mls_group_commit(c.party[1].group,
                                &(mls_commit_params){.leaf = &leaf, .now_s = NOW_S}, &commit,
                                &welcome),
               KITH_ERR_UNSUPPORTED);

    assert_int_equal(commit.len, 0);
    cast_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_joiner_judges_the_senders_from_outside_that_the_group_has),
        cmocka_unit_test(nobody_commits_a_leaf_that_lacks_what_the_group_asks_for),
        cmocka_unit_test(an_external_sender_removes_a_member),
        cmocka_unit_test(a_newcomer_asks_to_be_added),
        cmocka_unit_test(whoever_is_not_listed_is_refused),
        cmocka_unit_test(a_newcomer_cannot_add_somebody_else),
        cmocka_unit_test(what_cannot_be_proposed_from_outside_is_invalid),
        cmocka_unit_test(proposing_survives_every_failed_allocation),
    };

    return cmocka_run_group_tests_name("mls: proposals from outside", tests, NULL, NULL);
}
