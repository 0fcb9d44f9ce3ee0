/* SPDX-License-Identifier: MPL-2.0 */
/* Members that take themselves out [MLS-EXT §6.3]. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/group.h"
#include "mls/party.h"

static const uint16_t types[] = {MLS_PROPOSAL_SELF_REMOVE};
static const mls_proposal_params leaving = {.type = MLS_PROPOSAL_SELF_REMOVE};

/* Parties 0 to 2 are members; all five know the proposal unless told otherwise. */
static void
open_scene(cast *c, size_t knowing)
{
    cast_open(c, MLS_SUITE_X25519_AES128_ED25519, 5, 92);
    for (size_t i = 0; i < knowing; i++) {
        c->party[i].env.proposal_types = types;
        c->party[i].env.proposal_type_count = 1;
    }
    party_found(c, 0);
    cast_add(c, 0, 1);
    cast_add(c, 1, 2);
}

/* Appends the message; only its sender holds it. */
static kith_err
propose(cast *c, size_t who, const mls_proposal_params *params, kith_buf *out)
{
    return mls_group_propose(c->party[who].group, params, (kith_bytes){0}, NOW_S, out);
}

static kith_err
take(cast *c, size_t who, kith_bytes message)
{
    KITH_AUTO(mls_received) received = {0};

    return mls_group_receive(c->party[who].group, message, NOW_S, &received);
}

static kith_err
join_external(cast *c, size_t who, const kith_bytes *self_removes, size_t count, kith_buf *commit)
{
    KITH_AUTO(kith_buf) info = {0};
    party *p = &c->party[who];

    assert_err(mls_group_info(c->party[0].group, &(mls_group_info_params){0}, &info), KITH_OK);
    const mls_external_params params = {.group_info = kith_bytes_of_buf(&info),
                                        .leaf = party_leaf(p),
                                        .replaces = MLS_LEAF_NONE,
                                        .self_removes = self_removes,
                                        .self_remove_count = count,
                                        .now_s = NOW_S};
    return mls_group_join_external(&p->env, &params, commit, &p->group);
}

static void
a_member_leaves_with_the_next_commit_of_another(void **state)
{
    cast c;

    (void)state;
    open_scene(&c, 5);
    cast_propose(&c, 2, &leaving);

    cast_commit(&c, 1, NULL, NULL, 0);

    assert_null(c.party[2].group);
    cast_agree(&c);
    cast_say(&c, 0, "gone");
    cast_close(&c);
}

static void
the_pending_list_says_who_leaves(void **state)
{
    cast c;
    mls_pending pending;

    (void)state;
    open_scene(&c, 5);
    cast_propose(&c, 2, &leaving);

    assert_err(mls_group_pending_at(c.party[0].group, 0, &pending), KITH_OK);

    assert_int_equal(pending.type, MLS_PROPOSAL_SELF_REMOVE);
    assert_int_equal(pending.leaf_index, 2);
    assert_int_equal(pending.sender, 2);
    cast_close(&c);
}

static void
it_travels_in_public_whatever_the_settings_say(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) message = {0};
    mls_peek peek;

    (void)state;
    open_scene(&c, 5);
    assert_err(propose(&c, 2, &leaving, &message), KITH_OK);

    assert_err(mls_message_peek(kith_bytes_of_buf(&message), &peek), KITH_OK);

    assert_int_equal(peek.wire, MLS_WIRE_PUBLIC_MESSAGE);
    cast_close(&c);
}

static void
an_external_joiner_takes_it_along(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(mls_received) received = {0};

    (void)state;
    open_scene(&c, 5);
    assert_err(propose(&c, 2, &leaving, &message), KITH_OK);
    const kith_bytes removes = kith_bytes_of_buf(&message);
    assert_err(take(&c, 0, removes), KITH_OK);
    assert_err(take(&c, 1, removes), KITH_OK);

    assert_err(join_external(&c, 3, &removes, 1, &commit), KITH_OK);

    for (size_t i = 0; i < 3; i++) {
        mls_received_done(&received);
        assert_err(
            mls_group_receive(c.party[i].group, kith_bytes_of_buf(&commit), NOW_S, &received),
            KITH_OK);
        assert_int_equal(mls_staged_describe(received.staged).removes_self, i == 2);
        mls_group_apply(c.party[i].group, &received.staged);
    }
    party_leave(&c.party[2]);
    cast_agree(&c);
    assert_int_equal(party_leaf_index(&c.party[3]), 2);
    cast_close(&c);
}

static void
an_external_joiner_checks_what_it_takes_along(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) good = {0};
    KITH_AUTO(kith_buf) other = {0};
    KITH_AUTO(kith_buf) commit = {0};

    (void)state;
    open_scene(&c, 5);
    assert_err(propose(&c, 2, &leaving, &good), KITH_OK);
    const kith_bytes twice[] = {kith_bytes_of_buf(&good), kith_bytes_of_buf(&good)};

    assert_err(join_external(&c, 3, twice, 2, &commit), KITH_ERR_REJECTED);
    /* Of another group that goes by the same name. */
    const mls_group_params params = {.suite = c.suite,
                                     .group_id = kith_bytes_of_text("a group"),
                                     .leaf = party_leaf(&c.party[4]),
                                     .settings = {.public_handshakes = true}};
    assert_err(mls_group_new(&c.party[4].env, &params, &c.party[4].group), KITH_OK);
    assert_err(propose(&c, 4, &(mls_proposal_params){.type = MLS_PROPOSAL_UPDATE}, &other),
               KITH_OK);
    const kith_bytes alien = kith_bytes_of_buf(&other);
    assert_err(join_external(&c, 3, &alien, 1, &commit), KITH_ERR_OUT_OF_STEP);
    /* A signature that is not right: the last byte but the membership tag and its length. */
    good.data[good.len - 40] ^= 1;
    assert_err(join_external(&c, 3, twice, 1, &commit), KITH_ERR_REJECTED);
    assert_int_equal(commit.len, 0);
    cast_close(&c);
}

static void
a_self_remove_of_an_earlier_epoch_is_out_of_step(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) commit = {0};

    (void)state;
    open_scene(&c, 5);
    assert_err(propose(&c, 2, &leaving, &message), KITH_OK);
    cast_commit(&c, 0, NULL, NULL, 0);
    const kith_bytes late = kith_bytes_of_buf(&message);

    assert_err(join_external(&c, 3, &late, 1, &commit), KITH_ERR_OUT_OF_STEP);

    assert_err(take(&c, 1, late), KITH_ERR_EXISTS);
    cast_close(&c);
}

static void
nobody_leaves_twice_in_an_epoch(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) message = {0};

    (void)state;
    open_scene(&c, 5);
    assert_err(propose(&c, 2, &leaving, &message), KITH_OK);

    assert_err(propose(&c, 2, &leaving, &message), KITH_ERR_EXISTS);

    cast_close(&c);
}

static void
a_group_in_which_one_does_not_know_it_refuses_it(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) message = {0};

    (void)state;
    open_scene(&c, 2); /* the third member does not */

    assert_err(propose(&c, 0, &leaving, &message), KITH_ERR_UNSUPPORTED);

    cast_close(&c);
}

static void
it_never_stands_in_a_commit_by_value(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};

    (void)state;
    open_scene(&c, 5);

    assert_err(mls_group_commit(c.party[1].group,
                                &(mls_commit_params){.proposals = &leaving, .proposal_count = 1},
                                &commit, &welcome),
               KITH_ERR_REJECTED);

    cast_close(&c);
}

/* Who leaves may have been updated or removed by others in the same epoch: its own wish wins. */
static void
it_wins_over_an_update_and_a_remove_of_the_same_leaf(void **state)
{
    cast c;
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};
    const mls_proposal_params remove = {.type = MLS_PROPOSAL_REMOVE, .leaf_index = 2};

    (void)state;
    open_scene(&c, 5);
    cast_propose(&c, 2, &update);
    cast_propose(&c, 0, &remove);
    cast_propose(&c, 2, &leaving);

    cast_commit(&c, 1, NULL, NULL, 0);

    assert_null(c.party[2].group);
    assert_int_equal(mls_epoch_member_count(mls_group_epoch(c.party[0].group)), 2);
    cast_agree(&c);
    cast_close(&c);
}

static void
who_leaves_does_not_commit_it(void **state)
{
    cast c;

    (void)state;
    open_scene(&c, 5);
    cast_propose(&c, 2, &leaving);

    cast_commit(&c, 2, NULL, NULL, 0);

    assert_int_equal(mls_epoch_member_count(mls_group_epoch(c.party[0].group)), 3);
    cast_agree(&c);
    cast_close(&c);
}

static void
it_cannot_be_proposed_from_outside(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) message = {0};

    (void)state;
    open_scene(&c, 5);
    const mls_outside_params params = {.suite = c.suite,
                                       .group_id = kith_bytes_of_text("a group"),
                                       .epoch = 2,
                                       .signature_private =
                                           kith_bytes_of_secret(&c.party[3].signature_private),
                                       .proposal = leaving};

    assert_err(mls_outside_propose(&c.party[3].env, &params, &message), KITH_ERR_INVALID);

    cast_close(&c);
}

/* The member that does not know the proposal goes with the same commit, so it is none of those that process it
 * [RFC9420 §12.2]. */
static void
who_does_not_know_it_may_go_in_the_same_commit(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    const mls_proposal_params remove = {.type = MLS_PROPOSAL_REMOVE, .leaf_index = 2};

    (void)state;
    open_scene(&c, 2); /* the third member does not */
    /* A client that does not look at the others before it proposes: here, one that sees a group of two. */
    mls_tree *tree = &c.party[1].group->now->tree;
    mls_tree whole = mls_tree_clone(tree);
    assert_err(mls_tree_remove(tree, 2), KITH_OK);
    assert_err(propose(&c, 1, &leaving, &message), KITH_OK);
    mls_tree_done(tree);
    *tree = whole;

    assert_err(take(&c, 0, kith_bytes_of_buf(&message)), KITH_OK);
    assert_err(mls_group_commit(
                   c.party[0].group,
                   &(mls_commit_params){.proposals = &remove, .proposal_count = 1, .now_s = NOW_S},
                   &commit, &welcome),
               KITH_OK);

    /* This client commits what is right as things are: the SelfRemove waits. */
    assert_int_equal(mls_staged_describe(mls_group_own_staged(c.party[0].group)).change_count, 2);
    cast_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_leaves_with_the_next_commit_of_another),
        cmocka_unit_test(the_pending_list_says_who_leaves),
        cmocka_unit_test(it_travels_in_public_whatever_the_settings_say),
        cmocka_unit_test(an_external_joiner_takes_it_along),
        cmocka_unit_test(an_external_joiner_checks_what_it_takes_along),
        cmocka_unit_test(a_self_remove_of_an_earlier_epoch_is_out_of_step),
        cmocka_unit_test(nobody_leaves_twice_in_an_epoch),
        cmocka_unit_test(a_group_in_which_one_does_not_know_it_refuses_it),
        cmocka_unit_test(it_never_stands_in_a_commit_by_value),
        cmocka_unit_test(it_wins_over_an_update_and_a_remove_of_the_same_leaf),
        cmocka_unit_test(who_leaves_does_not_commit_it),
        cmocka_unit_test(it_cannot_be_proposed_from_outside),
        cmocka_unit_test(who_does_not_know_it_may_go_in_the_same_commit),
    };

    return cmocka_run_group_tests_name("mls: members that leave", tests, NULL, NULL);
}
