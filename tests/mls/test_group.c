/* SPDX-License-Identifier: MPL-2.0 */
/* Groups as their users see them: joining, talking, changing, leaving; for every suite where it matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/party.h"

/* Three members with a bit of history. */
static void
open_three(cast *c, uint16_t suite)
{
    cast_open(c, suite, 5, 1);
    party_found(c, 0);
    cast_add(c, 0, 1);
    cast_add(c, 1, 2);
    cast_agree(c);
}

static void
members_of_every_suite_talk_and_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < mls_suite_count(); i++) {
        cast c;
        print_message("# %s\n", mls_suite_name(mls_suite_at(i)));
        open_three(&c, mls_suite_at(i));
        cast_say(&c, 0, "hello");
        cast_say(&c, 1, "to both of you");
        cast_say(&c, 2, "");
        cast_commit(&c, 2, NULL, NULL, 0);
        cast_agree(&c);
        cast_say(&c, 2, "after my update");
        cast_remove(&c, 2, 0);
        cast_agree(&c);
        cast_say(&c, 1, "without the founder");
        cast_add(&c, 2, 0);
        cast_agree(&c);
        cast_say(&c, 0, "back again");
        cast_close(&c);
    }
}

static void
public_handshakes_work_as_well(void **state)
{
    cast c;

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 4, 2);
    c.public_handshakes = true;
    party_found(&c, 0);
    cast_add(&c, 0, 1);
    cast_add(&c, 0, 2);
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};
    cast_propose(&c, 1, &update);
    cast_commit(&c, 2, NULL, NULL, 0);
    cast_agree(&c);
    cast_say(&c, 1, "hello");
    cast_close(&c);
}

static void
several_members_join_by_one_welcome(void **state)
{
    cast c;
    mls_proposal_params adds[4];
    size_t joiners[4];

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 5, 3);
    party_found(&c, 0);
    for (size_t i = 0; i < 4; i++) {
        party_publish(&c, i + 1);
        joiners[i] = i + 1;
        adds[i] = (mls_proposal_params){.type = MLS_PROPOSAL_ADD,
                                        .key_package = kith_bytes_of_buf(&c.party[i + 1].package)};
    }
    cast_commit(&c, 0,
                &(mls_commit_params){
                    .proposals = adds, .proposal_count = 4, .force_path = true, .now_s = NOW_S},
                joiners, 4);
    cast_agree(&c);
    for (size_t i = 0; i < 5; i++) {
        cast_say(&c, i, "here");
    }
    cast_close(&c);
}

static void
proposals_by_reference_are_committed_by_another(void **state)
{
    cast c;
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};
    const size_t joiner = 3;

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    party_publish(&c, 3);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&c.party[3].package)};
    cast_propose(&c, 1, &update);
    cast_propose(&c, 2, &add);
    assert_int_equal(mls_group_pending_count(c.party[0].group), 2);
    cast_commit(&c, 0, NULL, &joiner, 1);
    cast_agree(&c);
    assert_int_equal(mls_group_pending_count(c.party[0].group), 0);
    cast_say(&c, 1, "with new keys");
    cast_say(&c, 3, "new here");
    cast_close(&c);
}

static void
nothing_is_said_while_proposals_wait(void **state)
{
    cast c;
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};
    KITH_AUTO(kith_buf) out = {0};

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    cast_propose(&c, 1, &update);
    assert_err(mls_group_protect(c.party[0].group,
                                 &(mls_protect_params){.plaintext = kith_bytes_of_text("x")}, NULL,
                                 &out),
               KITH_ERR_CONFLICT);
    assert_int_equal(out.len, 0);
    cast_close(&c);
}

/* Whoever is removed by proposal leaves; the committer leaves out what cannot go together. */
static void
a_removal_wins_over_an_update(void **state)
{
    cast c;
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    const mls_proposal_params remove = {.type = MLS_PROPOSAL_REMOVE,
                                        .leaf_index = party_leaf_index(&c.party[1])};
    cast_propose(&c, 1, &update);
    cast_propose(&c, 2, &remove);
    cast_commit(&c, 0, NULL, NULL, 0);
    assert_null(c.party[1].group);
    cast_agree(&c);
    cast_close(&c);
}

static void
a_member_asks_for_its_own_removal(void **state)
{
    cast c;

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    const mls_proposal_params leave = {.type = MLS_PROPOSAL_REMOVE,
                                       .leaf_index = party_leaf_index(&c.party[2])};
    cast_propose(&c, 2, &leave);
    cast_commit(&c, 1, NULL, NULL, 0);
    assert_null(c.party[2].group);
    cast_agree(&c);
    cast_close(&c);
}

/* ---- PSKs and extensions ---- */

static kith_err
find_test_psk(void *ctx, const mls_psk_ref *ref, kith_secret *out)
{
    (void)ctx;
    if (ref->is_resumption || !kith_bytes_equal(ref->psk_id, kith_bytes_of_text("shared"))) {
        return KITH_ERR_NOT_FOUND;
    }
    return kith_secret_set(out, kith_bytes_of_text("a secret that is known to all"));
}

static void
psks_external_and_of_past_epochs_are_mixed_in(void **state)
{
    cast c;

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    for (size_t i = 0; i < c.count; i++) {
        c.party[i].env.find_psk = find_test_psk;
    }
    cast_commit(&c, 0, NULL, NULL, 0);
    cast_commit(&c, 1, NULL, NULL, 0);
    cast_agree(&c);
    const mls_proposal_params psks[] = {
        {.type = MLS_PROPOSAL_PSK, .psk = {.psk_id = kith_bytes_of_text("shared")}},
        {.type = MLS_PROPOSAL_PSK,
         .psk = {.is_resumption = true,
                 .group_id = kith_bytes_of_text("a group"),
                 .epoch = mls_epoch_number(mls_group_epoch(c.party[0].group)) - 1}},
    };
    cast_commit(&c, 0, &(mls_commit_params){.proposals = psks, .proposal_count = 2, .now_s = NOW_S},
                NULL, 0);
    cast_agree(&c);
    const mls_proposal_params unknown = {.type = MLS_PROPOSAL_PSK,
                                         .psk = {.psk_id = kith_bytes_of_text("unknown")}};
    KITH_AUTO(kith_buf) out = {0};
    assert_err(mls_group_commit(
                   c.party[0].group,
                   &(mls_commit_params){.proposals = &unknown, .proposal_count = 1, .now_s = NOW_S},
                   &out, &out),
               KITH_ERR_NOT_FOUND);
    cast_say(&c, 0, "still fine");
    cast_close(&c);
}

#define TEST_EXTENSION 0xf123u

static void
group_extensions_are_replaced_for_all(void **state)
{
    cast c;
    const uint16_t types[] = {TEST_EXTENSION};
    const mls_ext extension = {.type = TEST_EXTENSION, .data = kith_bytes_of_text("digest")};
    const mls_proposal_params replace = {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
                                         .extensions = &extension,
                                         .extension_count = 1};
    kith_bytes found;

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 4, 4);
    for (size_t i = 0; i < 3; i++) { /* the last one does not support it */
        c.party[i].env.extension_types = types;
        c.party[i].env.extension_type_count = 1;
    }
    party_found(&c, 0);
    cast_add(&c, 0, 1);
    cast_add(&c, 0, 2);
    cast_commit(&c, 1,
                &(mls_commit_params){.proposals = &replace, .proposal_count = 1, .now_s = NOW_S},
                NULL, 0);
    cast_agree(&c);
    assert_err(mls_epoch_extension(mls_group_epoch(c.party[2].group), TEST_EXTENSION, &found),
               KITH_OK);
    assert_true(kith_bytes_equal(found, kith_bytes_of_text("digest")));
    party_publish(&c, 3);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&c.party[3].package)};
    KITH_AUTO(kith_buf) out = {0};
    assert_err(mls_group_commit(
                   c.party[0].group,
                   &(mls_commit_params){.proposals = &add, .proposal_count = 1, .now_s = NOW_S},
                   &out, &out),
               KITH_ERR_UNSUPPORTED);
    assert_int_equal(out.len, 0);
    cast_close(&c);
}

static void
a_credential_type_that_a_member_cannot_read_is_rejected(void **state)
{
    cast c;
    const uint16_t types[] = {0xf0c1};
    KITH_AUTO(kith_buf) package = {0};
    KITH_AUTO(kith_buf) blob = {0};
    KITH_AUTO(kith_buf) out = {0};

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 4, 6);
    c.party[0].env.credential_types = types;
    c.party[0].env.credential_type_count = 1;
    party_found(&c, 0);
    party *p = &c.party[3];
    mls_leaf_params leaf = party_leaf(p);
    leaf.identity.type = 0xf0c1;
    assert_err(mls_key_package_new(&p->env,
                                   &(mls_key_package_params){.suite = c.suite,
                                                             .leaf = leaf,
                                                             .not_before_s = NOW_S,
                                                             .not_after_s = NOW_S + 60},
                                   &package, &blob),
               KITH_OK);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&package)};
    const mls_commit_params params = {.proposals = &add, .proposal_count = 1, .now_s = NOW_S};
    assert_err(mls_group_commit(c.party[0].group, &params, &out, &out), KITH_OK);
    mls_group_discard_own(c.party[0].group);
    cast_add(&c, 0, 1); /* who reads basic credentials only */
    kith_buf_clear(&out);
    assert_err(mls_group_commit(c.party[0].group, &params, &out, &out), KITH_ERR_REJECTED);
    cast_close(&c);
}

/* ---- External commits ---- */

static void
join_external(cast *c, size_t who, size_t from, uint32_t replaces)
{
    party *p = &c->party[who];
    KITH_AUTO(kith_buf) info = {0};
    KITH_AUTO(kith_buf) commit = {0};
    mls_group *joined = NULL;

    assert_err(mls_group_info(c->party[from].group, &(mls_group_info_params){0}, &info), KITH_OK);
    assert_err(
        mls_group_join_external(&p->env,
                                &(mls_external_params){.group_info = kith_bytes_of_buf(&info),
                                                       .leaf = party_leaf(p),
                                                       .replaces = replaces,
                                                       .now_s = NOW_S},
                                &commit, &joined),
        KITH_OK);
    for (size_t i = 0; i < c->count; i++) {
        KITH_AUTO(mls_received) received = {0};
        if (c->party[i].group == NULL || i == who) {
            continue;
        }
        assert_err(
            mls_group_receive(c->party[i].group, kith_bytes_of_buf(&commit), NOW_S, &received),
            KITH_OK);
        const mls_staged_info info_of = mls_staged_describe(received.staged);
        assert_true(info_of.is_external);
        assert_int_equal(info_of.external_replaces, replaces);
        mls_group_apply(c->party[i].group, &received.staged);
    }
    party_leave(p);
    p->group = joined;
}

static void
someone_joins_by_external_commit(void **state)
{
    (void)state;
    for (size_t i = 0; i < mls_suite_count(); i++) {
        cast c;
        open_three(&c, mls_suite_at(i));
        join_external(&c, 3, 1, MLS_LEAF_NONE);
        cast_agree(&c);
        cast_say(&c, 3, "let in");
        cast_commit(&c, 3, NULL, NULL, 0);
        cast_agree(&c);
        cast_close(&c);
    }
}

static void
a_member_that_fell_out_of_step_takes_its_own_place(void **state)
{
    cast c;

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    const uint32_t old_leaf = party_leaf_index(&c.party[2]);
    join_external(&c, 2, 0, old_leaf);
    cast_agree(&c);
    assert_int_equal(mls_epoch_member_count(mls_group_epoch(c.party[0].group)), 3);
    cast_say(&c, 2, "in step again");
    cast_close(&c);
}

/* ---- Long histories ---- */

static size_t
pick(cast *c, fake_rng *dice, bool inside)
{
    size_t candidates[PARTY_MAX];
    size_t count = 0;

    for (size_t i = 0; i < c->count; i++) {
        if ((c->party[i].group != NULL) == inside) {
            candidates[count++] = i;
        }
    }
    return count == 0 ? SIZE_MAX : candidates[fake_rng_below(dice, count)];
}

static void
step(cast *c, fake_rng *dice)
{
    const size_t who = pick(c, dice, true);
    const size_t outside = pick(c, dice, false);
    const size_t other = pick(c, dice, true);
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};

    switch (fake_rng_below(dice, 8)) {
    case 0:
    case 1:
    case 2:
        if (outside != SIZE_MAX) {
            cast_add(c, who, outside);
        }
        break;
    case 3:
        if (other != who) {
            cast_remove(c, who, other);
        }
        break;
    case 4:
        if (other != who) {
            cast_propose(c, other, &update);
            cast_commit(c, who, NULL, NULL, 0);
        }
        break;
    case 5:
        if (outside != SIZE_MAX) {
            join_external(c, outside, who, MLS_LEAF_NONE);
        }
        break;
    case 6:
        party_reload(&c->party[who]);
        break;
    default:
        cast_commit(c, who, NULL, NULL, 0);
        break;
    }
}

static void
members_agree_through_random_histories(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        cast c;
        fake_rng dice;
        const uint16_t suite = seed % 4 == 3 ? MLS_SUITE_PQ : MLS_SUITE_X25519_AES128_ED25519;
        fake_rng_init(&dice, seed);
        cast_open(&c, suite, 2 + fake_rng_below(&dice, 19), seed);
        party_found(&c, 0);
        for (size_t i = 0; i < 40; i++) {
            step(&c, &dice);
            cast_agree(&c);
        }
        cast_say(&c, pick(&c, &dice, true), "we all agree");
        cast_close(&c);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_every_suite_talk_and_change),
        cmocka_unit_test(public_handshakes_work_as_well),
        cmocka_unit_test(several_members_join_by_one_welcome),
        cmocka_unit_test(proposals_by_reference_are_committed_by_another),
        cmocka_unit_test(nothing_is_said_while_proposals_wait),
        cmocka_unit_test(a_removal_wins_over_an_update),
        cmocka_unit_test(a_member_asks_for_its_own_removal),
        cmocka_unit_test(psks_external_and_of_past_epochs_are_mixed_in),
        cmocka_unit_test(group_extensions_are_replaced_for_all),
        cmocka_unit_test(a_credential_type_that_a_member_cannot_read_is_rejected),
        cmocka_unit_test(someone_joins_by_external_commit),
        cmocka_unit_test(a_member_that_fell_out_of_step_takes_its_own_place),
        cmocka_unit_test(members_agree_through_random_histories),
    };

    return cmocka_run_group_tests_name("mls: groups", tests, NULL, NULL);
}
