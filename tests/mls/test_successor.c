/* SPDX-License-Identifier: MPL-2.0 */
/* Groups that follow another one: re-initialised [RFC9420 §11.2] and branched off [RFC9420 §11.3]. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/party.h"

#define NEW_ID kith_bytes_of_text("the next group")

/* Three members of suite 1, and where the group they come to next is kept. */
typedef struct scene {
    cast c;
    kith_secret keys[3]; /* signature keys for the next group */
    kith_buf packages[3];
    kith_buf blobs[3];
    kith_buf welcome;
    mls_group *next[3];
} scene;

static mls_leaf_params
next_leaf(const scene *s, size_t who)
{
    mls_leaf_params leaf = party_leaf(&s->c.party[who]);

    leaf.signature_private = kith_bytes_of_secret(&s->keys[who]);
    return leaf;
}

/* Everyone publishes for the next group, whose suite may be another. */
static void
publish(scene *s, uint16_t suite)
{
    for (size_t i = 0; i < 3; i++) {
        KITH_AUTO(kith_buf) public_key = {0};
        const mls_env *env = &s->c.party[i].env;
        assert_err(mls_signature_key_new(env, suite, &s->keys[i], &public_key), KITH_OK);
        kith_buf_clear(&s->packages[i]);
        kith_buf_clear(&s->blobs[i]);
        assert_err(mls_key_package_new(env,
                                       &(mls_key_package_params){.suite = suite,
                                                                 .leaf = next_leaf(s, i),
                                                                 .not_before_s = NOW_S - 10,
                                                                 .not_after_s = NOW_S + 1000},
                                       &s->packages[i], &s->blobs[i]),
                   KITH_OK);
    }
}

static void
open_scene(scene *s)
{
    memset(s, 0, sizeof *s);
    cast_open(&s->c, MLS_SUITE_X25519_AES128_ED25519, 4, 81);
    party_found(&s->c, 0);
    cast_add(&s->c, 0, 1);
    cast_add(&s->c, 1, 2);
}

static void
close_scene(scene *s)
{
    for (size_t i = 0; i < 3; i++) {
        mls_group_free(s->next[i]);
        kith_buf_done(&s->packages[i]);
        kith_buf_done(&s->blobs[i]);
    }
    kith_buf_done(&s->welcome);
    cast_close(&s->c);
}

static void
reinitialise(scene *s, size_t who, uint16_t suite)
{
    const mls_proposal_params reinit = {
        .type = MLS_PROPOSAL_REINIT, .reinit_group_id = NEW_ID, .reinit_suite = suite};

    cast_commit(&s->c, who, &(mls_commit_params){.proposals = &reinit, .proposal_count = 1}, NULL,
                0);
}

/* One founds the next group for itself and all the others, with an env of its own or, with NULL, the old one. */
static kith_err
succeed_with(scene *s, size_t who, mls_link link, const mls_env *env)
{
    kith_bytes others[2];
    size_t count = 0;

    for (size_t i = 0; i < 3; i++) {
        if (i != who) {
            others[count++] = kith_bytes_of_buf(&s->packages[i]);
        }
    }
    kith_buf_clear(&s->welcome);
    return mls_group_succeed(s->c.party[who].group,
                             &(mls_successor_params){.env = env,
                                                     .link = link,
                                                     .group_id = NEW_ID,
                                                     .leaf = next_leaf(s, who),
                                                     .key_packages = others,
                                                     .key_package_count = 2,
                                                     .now_s = NOW_S},
                             &s->welcome, &s->next[who]);
}

static kith_err
succeed(scene *s, size_t who, mls_link link)
{
    return succeed_with(s, who, link, NULL);
}

static kith_err
join(scene *s, size_t who, const mls_group *predecessor)
{
    const kith_bytes blob = kith_bytes_of_buf(&s->blobs[who]);

    return mls_group_join(&s->c.party[who].env,
                          &(mls_join_params){.welcome = kith_bytes_of_buf(&s->welcome),
                                             .private_blobs = &blob,
                                             .private_blob_count = 1,
                                             .now_s = NOW_S,
                                             .predecessor = predecessor},
                          NULL, &s->next[who]);
}

static void
assert_same_epoch(const mls_group *a, const mls_group *b)
{
    assert_true(kith_bytes_equal(mls_epoch_authenticator(mls_group_epoch(a)),
                                 mls_epoch_authenticator(mls_group_epoch(b))));
}

static void
a_reinitialised_group_goes_on_in_another_suite(void **state)
{
    scene s;
    mls_reinit_info info;

    (void)state;
    open_scene(&s);
    reinitialise(&s, 1, MLS_SUITE_PQ);
    publish(&s, MLS_SUITE_PQ);

    for (size_t i = 0; i < 3; i++) {
        assert_false(mls_group_is_active(s.c.party[i].group));
        assert_err(mls_group_reinit(s.c.party[i].group, &info), KITH_OK);
        assert_int_equal(info.suite, MLS_SUITE_PQ);
        assert_true(kith_bytes_equal(info.group_id, NEW_ID));
    }
    assert_err(succeed(&s, 2, MLS_LINK_REINIT), KITH_OK);
    assert_err(join(&s, 0, s.c.party[0].group), KITH_OK);
    assert_err(join(&s, 1, s.c.party[1].group), KITH_OK);
    assert_same_epoch(s.next[0], s.next[2]);
    assert_same_epoch(s.next[1], s.next[2]);
    assert_int_equal(mls_epoch_number(mls_group_epoch(s.next[0])), 1);
    assert_int_equal(mls_epoch_suite(mls_group_epoch(s.next[0])), MLS_SUITE_PQ);
    assert_true(kith_bytes_equal(mls_group_id(s.next[0]), NEW_ID));
    close_scene(&s);
}

static void
a_branch_has_some_of_the_members_and_leaves_the_group_as_it_is(void **state)
{
    scene s;

    (void)state;
    open_scene(&s);
    publish(&s, MLS_SUITE_X25519_AES128_ED25519);

    assert_err(succeed(&s, 0, MLS_LINK_BRANCH), KITH_OK);
    assert_err(join(&s, 1, s.c.party[1].group), KITH_OK);
    assert_same_epoch(s.next[0], s.next[1]);
    assert_int_equal(mls_epoch_number(mls_group_epoch(s.next[1])), 1);
    cast_agree(&s.c);
    cast_say(&s.c, 2, "still here");
    close_scene(&s);
}

static kith_err
refuse_everybody(void *ctx, const mls_check *check)
{
    (void)check;
    *(size_t *)ctx += 1;
    return KITH_ERR_REJECTED;
}

static void
the_successor_may_have_an_env_of_its_own(void **state)
{
    scene s;
    size_t asked = 0;

    (void)state;
    open_scene(&s);
    publish(&s, MLS_SUITE_X25519_AES128_ED25519);
    mls_env strict = s.c.party[0].env;
    strict.check = refuse_everybody;
    strict.ctx = &asked;

    assert_err(succeed_with(&s, 0, MLS_LINK_BRANCH, &strict), KITH_ERR_REJECTED);
    assert_true(asked > 0);
    assert_err(succeed_with(&s, 0, MLS_LINK_BRANCH, NULL), KITH_OK);
    close_scene(&s);
}

static void
a_reinitialised_group_is_kept_and_taken_up_as_such(void **state)
{
    scene s;
    mls_reinit_info info;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) none = {0};
    const mls_proposal_params reinit = {
        .type = MLS_PROPOSAL_REINIT, .reinit_group_id = NEW_ID, .reinit_suite = MLS_SUITE_PQ};

    (void)state;
    open_scene(&s);
    assert_err(mls_group_reinit(s.c.party[0].group, &info), KITH_ERR_NOT_FOUND);
    assert_err(mls_group_commit(s.c.party[0].group,
                                &(mls_commit_params){.proposals = &reinit, .proposal_count = 1},
                                &commit, &none),
               KITH_OK);
    party_reload(&s.c.party[0]); /* while the commit waits */
    mls_group_apply_own(s.c.party[0].group);
    party_reload(&s.c.party[0]); /* when it has been applied */

    assert_false(mls_group_is_active(s.c.party[0].group));
    assert_err(mls_group_reinit(s.c.party[0].group, &info), KITH_OK);
    assert_true(kith_bytes_equal(info.group_id, NEW_ID));
    close_scene(&s);
}

static void
only_a_reinitialised_group_has_a_successor_by_reinit(void **state)
{
    scene s;

    (void)state;
    open_scene(&s);
    publish(&s, MLS_SUITE_X25519_AES128_ED25519);

    assert_err(succeed(&s, 0, MLS_LINK_REINIT), KITH_ERR_INVALID);
    assert_err(succeed(&s, 0, MLS_LINK_NONE), KITH_ERR_INVALID);
    assert_null(s.next[0]);
    assert_int_equal(s.welcome.len, 0);
    close_scene(&s);
}

static void
a_welcome_from_elsewhere_does_not_follow_the_group(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) commit = {0};
    mls_group *other = NULL;

    (void)state;
    open_scene(&s);
    publish(&s, MLS_SUITE_X25519_AES128_ED25519);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&s.packages[1])};
    assert_err(mls_group_new(&s.c.party[0].env,
                             &(mls_group_params){.suite = MLS_SUITE_X25519_AES128_ED25519,
                                                 .group_id = NEW_ID,
                                                 .leaf = next_leaf(&s, 0)},
                             &other),
               KITH_OK);
    assert_err(mls_group_commit(
                   other,
                   &(mls_commit_params){.proposals = &add, .proposal_count = 1, .now_s = NOW_S},
                   &commit, &s.welcome),
               KITH_OK);

    assert_err(join(&s, 1, s.c.party[1].group), KITH_ERR_REJECTED);
    assert_null(s.next[1]);
    assert_err(join(&s, 1, NULL), KITH_OK);
    mls_group_free(other);
    close_scene(&s);
}

static void
without_the_predecessor_its_secret_is_asked_for(void **state)
{
    scene s;

    (void)state;
    open_scene(&s);
    publish(&s, MLS_SUITE_X25519_AES128_ED25519);

    assert_err(succeed(&s, 0, MLS_LINK_BRANCH), KITH_OK);
    assert_err(join(&s, 1, NULL), KITH_ERR_NOT_FOUND); /* the env has no find_psk */
    close_scene(&s);
}

static void
nobody_from_outside_is_in_a_branch(void **state)
{
    scene s;

    (void)state;
    open_scene(&s);
    /* Party 2 leaves; its place in the branch is one that no member vouches for. */
    cast_remove(&s.c, 0, 2);
    publish(&s, MLS_SUITE_X25519_AES128_ED25519);

    assert_err(succeed(&s, 0, MLS_LINK_BRANCH), KITH_OK);
    assert_err(join(&s, 1, s.c.party[1].group), KITH_ERR_REJECTED);
    close_scene(&s);
}

static void
a_branch_does_not_pass_for_a_reinitialised_group(void **state)
{
    scene s;

    (void)state;
    open_scene(&s);
    reinitialise(&s, 0, MLS_SUITE_P256_AES128_P256);
    publish(&s, MLS_SUITE_P256_AES128_P256);
    assert_err(succeed(&s, 0, MLS_LINK_REINIT), KITH_OK);

    /* Party 1 looks at it from a group that was re-initialised to something else. */
    cast other;
    cast_open(&other, MLS_SUITE_X25519_AES128_ED25519, 1, 82);
    party_found(&other, 0);
    assert_err(join(&s, 1, other.party[0].group), KITH_ERR_NOT_FOUND);
    assert_null(s.next[1]);
    assert_err(join(&s, 1, s.c.party[1].group), KITH_OK);
    cast_close(&other);
    close_scene(&s);
}

static void
a_member_cannot_link_in_an_ordinary_commit(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) none = {0};

    (void)state;
    open_scene(&s);
    for (int link = MLS_LINK_REINIT; link <= MLS_LINK_BRANCH; link++) {
        const mls_proposal_params psk = {.type = MLS_PROPOSAL_PSK,
                                         .psk = {.is_resumption = true,
                                                 .group_id = mls_group_id(s.c.party[0].group),
                                                 .epoch = 2,
                                                 .link = (mls_link)link}};
        assert_err(mls_group_commit(s.c.party[0].group,
                                    &(mls_commit_params){.proposals = &psk, .proposal_count = 1},
                                    &commit, &none),
                   KITH_ERR_REJECTED);
    }
    close_scene(&s);
}

static void
succeeding_and_joining_survive_every_failed_allocation(void **state)
{
    scene s;
    kith_err err = KITH_ERR_NO_MEMORY;
    fake_alloc *alloc = NULL;

    (void)state;
    open_scene(&s);
    publish(&s, MLS_SUITE_X25519_AES128_ED25519);
    alloc = &s.c.party[0].alloc;
    for (uint64_t n = 0; err != KITH_OK; n++) {
        const uint64_t live = alloc->live_blocks;
        alloc->fail_after = alloc->calls + n;
        err = succeed(&s, 0, MLS_LINK_BRANCH);
        alloc->fail_after = UINT64_MAX;
        assert_true(err == KITH_OK || err == KITH_ERR_NO_MEMORY);
        assert_true(err == KITH_OK || (alloc->live_blocks == live && s.next[0] == NULL));
    }
    alloc = &s.c.party[1].alloc;
    err = KITH_ERR_NO_MEMORY;
    for (uint64_t n = 0; err != KITH_OK; n++) {
        const uint64_t live = alloc->live_blocks;
        alloc->fail_after = alloc->calls + n;
        err = join(&s, 1, s.c.party[1].group);
        alloc->fail_after = UINT64_MAX;
        assert_true(err == KITH_OK || err == KITH_ERR_NO_MEMORY);
        assert_true(err == KITH_OK || (alloc->live_blocks == live && s.next[1] == NULL));
    }
    assert_same_epoch(s.next[0], s.next[1]);
    close_scene(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reinitialised_group_goes_on_in_another_suite),
        cmocka_unit_test(a_branch_has_some_of_the_members_and_leaves_the_group_as_it_is),
        cmocka_unit_test(the_successor_may_have_an_env_of_its_own),
        cmocka_unit_test(a_reinitialised_group_is_kept_and_taken_up_as_such),
        cmocka_unit_test(only_a_reinitialised_group_has_a_successor_by_reinit),
        cmocka_unit_test(a_welcome_from_elsewhere_does_not_follow_the_group),
        cmocka_unit_test(without_the_predecessor_its_secret_is_asked_for),
        cmocka_unit_test(nobody_from_outside_is_in_a_branch),
        cmocka_unit_test(a_branch_does_not_pass_for_a_reinitialised_group),
        cmocka_unit_test(a_member_cannot_link_in_an_ordinary_commit),
        cmocka_unit_test(succeeding_and_joining_survive_every_failed_allocation),
    };

    return cmocka_run_group_tests_name("mls: successors", tests, NULL, NULL);
}
