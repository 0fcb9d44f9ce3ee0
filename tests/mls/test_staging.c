/* SPDX-License-Identifier: MPL-2.0 */
/* What is late, early, twice or one's own; commits that wait or are staged; groups that are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/group.h"
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

/* ---- Order, duplicates, echoes ---- */

static void
messages_arrive_in_any_order_but_once(void **state)
{
    cast c;
    kith_buf messages[20] = {0};

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    for (size_t i = 0; i < 20; i++) {
        uint32_t generation = 99;
        assert_err(mls_group_protect(c.party[0].group,
                                     &(mls_protect_params){.plaintext = kith_bytes_of(&i, 1)},
                                     &generation, &messages[i]),
                   KITH_OK);
        assert_int_equal(generation, i);
    }
    for (size_t i = 0; i < 20; i++) {
        const size_t at = (i * 7 + 3) % 20;
        KITH_AUTO(mls_received) received = {0};
        KITH_AUTO(mls_received) again = {0};
        assert_err(
            mls_group_receive(c.party[1].group, kith_bytes_of_buf(&messages[at]), NOW_S, &received),
            KITH_OK);
        assert_int_equal(received.plaintext.data[0], at);
        assert_int_equal(received.generation, at);
        assert_err(
            mls_group_receive(c.party[1].group, kith_bytes_of_buf(&messages[at]), NOW_S, &again),
            KITH_ERR_EXISTS);
        party_reload(&c.party[1]);
        assert_err(
            mls_group_receive(c.party[0].group, kith_bytes_of_buf(&messages[at]), NOW_S, &again),
            KITH_ERR_EXISTS); /* an own one that came back */
    }
    for (size_t i = 0; i < 20; i++) {
        kith_buf_done(&messages[i]);
    }
    cast_close(&c);
}

static void
late_messages_of_five_epochs_open_and_older_ones_are_out_of_step(void **state)
{
    cast c;
    kith_buf messages[7] = {0};

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    for (size_t i = 0; i < 7; i++) {
        assert_err(mls_group_protect(c.party[0].group,
                                     &(mls_protect_params){.plaintext = kith_bytes_of_text("late")},
                                     NULL, &messages[i]),
                   KITH_OK);
        if (i < 6) {
            cast_commit(&c, i % 2 == 0 ? 1 : 0, NULL, NULL, 0);
        }
    }
    party_reload(&c.party[2]);
    for (size_t i = 0; i < 7; i++) {
        KITH_AUTO(mls_received) received = {0};
        assert_err(
            mls_group_receive(c.party[2].group, kith_bytes_of_buf(&messages[i]), NOW_S, &received),
            i == 0 ? KITH_ERR_OUT_OF_STEP : KITH_OK);
        kith_buf_done(&messages[i]);
    }
    cast_close(&c);
}

static void
a_message_of_a_coming_epoch_is_out_of_step(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) none = {0};
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(mls_received) received = {0};

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    assert_err(
        mls_group_commit(c.party[0].group, &(mls_commit_params){.now_s = NOW_S}, &commit, &none),
        KITH_OK);
    mls_group_apply_own(c.party[0].group);
    assert_err(mls_group_protect(c.party[0].group,
                                 &(mls_protect_params){.plaintext = kith_bytes_of_text("x")}, NULL,
                                 &message),
               KITH_OK);
    assert_err(mls_group_receive(c.party[1].group, kith_bytes_of_buf(&message), NOW_S, &received),
               KITH_ERR_OUT_OF_STEP);
    assert_err(mls_group_receive(c.party[1].group, kith_bytes_of_buf(&commit), NOW_S, &received),
               KITH_OK);
    mls_group_apply(c.party[1].group, &received.staged);
    mls_received_done(&received);
    assert_err(mls_group_receive(c.party[1].group, kith_bytes_of_buf(&message), NOW_S, &received),
               KITH_OK);
    mls_received_done(&received);
    /* The commit again: its epoch is over. */
    assert_err(mls_group_receive(c.party[1].group, kith_bytes_of_buf(&commit), NOW_S, &received),
               KITH_ERR_EXISTS);
    cast_close(&c);
}

/* ---- Staging ---- */

static void
an_own_commit_waits_through_a_restart_and_is_known_again(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) none = {0};
    KITH_AUTO(mls_received) echo = {0};
    KITH_AUTO(mls_received) received = {0};
    KITH_AUTO(kith_secret) ahead = {0};
    KITH_AUTO(kith_secret) after = {0};

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    mls_group *group = c.party[0].group;
    assert_err(mls_group_commit(group, &(mls_commit_params){.now_s = NOW_S}, &commit, &none),
               KITH_OK);
    assert_err(mls_group_commit(group, &(mls_commit_params){.now_s = NOW_S}, &commit, &none),
               KITH_ERR_CONFLICT);
    assert_err(mls_epoch_export(mls_staged_epoch(mls_group_own_staged(group)), "token",
                                (kith_bytes){0}, 32, &ahead),
               KITH_OK);
    party_reload(&c.party[0]);
    group = c.party[0].group;
    assert_err(mls_group_receive(group, kith_bytes_of_buf(&commit), NOW_S, &echo), KITH_OK);
    assert_int_equal(echo.kind, MLS_KIND_OWN_COMMIT);
    mls_group_apply_own(group);
    assert_null(mls_group_own_staged(group));
    for (size_t i = 1; i < 3; i++) {
        assert_err(
            mls_group_receive(c.party[i].group, kith_bytes_of_buf(&commit), NOW_S, &received),
            KITH_OK);
        mls_group_apply(c.party[i].group, &received.staged);
        mls_received_done(&received);
    }
    cast_agree(&c);
    assert_err(
        mls_epoch_export(mls_group_epoch(c.party[1].group), "token", (kith_bytes){0}, 32, &after),
        KITH_OK);
    assert_true(kith_bytes_equal(kith_bytes_of_secret(&ahead), kith_bytes_of_secret(&after)));
    assert_err(mls_group_receive(group, kith_bytes_of_buf(&commit), NOW_S, &received),
               KITH_ERR_EXISTS);
    cast_close(&c);
}

static void
the_loser_of_a_race_commits_again(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) winner = {0};
    KITH_AUTO(kith_buf) loser = {0};
    KITH_AUTO(kith_buf) none = {0};

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    const mls_commit_params empty = {.now_s = NOW_S};
    assert_err(mls_group_commit(c.party[0].group, &empty, &winner, &none), KITH_OK);
    assert_err(mls_group_commit(c.party[1].group, &empty, &loser, &none), KITH_OK);
    mls_group_apply_own(c.party[0].group);
    for (size_t i = 1; i < 3; i++) {
        KITH_AUTO(mls_received) received = {0};
        assert_err(
            mls_group_receive(c.party[i].group, kith_bytes_of_buf(&winner), NOW_S, &received),
            KITH_OK);
        mls_group_apply(c.party[i].group, &received.staged);
    }
    assert_null(mls_group_own_staged(c.party[1].group));
    cast_agree(&c);
    cast_commit(&c, 1, NULL, NULL, 0);
    cast_agree(&c);
    cast_close(&c);
}

static void
a_staged_commit_that_is_dropped_can_be_received_again(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) none = {0};
    KITH_AUTO(kith_buf) before = {0};
    KITH_AUTO(kith_buf) after = {0};

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    assert_err(
        mls_group_commit(c.party[0].group, &(mls_commit_params){.now_s = NOW_S}, &commit, &none),
        KITH_OK);
    for (size_t i = 0; i < 3; i++) {
        KITH_AUTO(mls_received) received = {0};
        assert_err(
            mls_group_receive(c.party[1].group, kith_bytes_of_buf(&commit), NOW_S, &received),
            KITH_OK);
        kith_buf_clear(&after);
        assert_err(mls_group_save(c.party[1].group, i == 0 ? &before : &after), KITH_OK);
        if (i > 0) {
            assert_true(kith_bytes_equal(kith_bytes_of_buf(&before), kith_bytes_of_buf(&after)));
        }
    }
    cast_close(&c);
}

static void
a_staged_commit_says_what_it_changes(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(mls_received) received = {0};
    mls_change change;

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    party_publish(&c, 3);
    const mls_proposal_params proposals[] = {
        {.type = MLS_PROPOSAL_REMOVE, .leaf_index = party_leaf_index(&c.party[2])},
        {.type = MLS_PROPOSAL_ADD, .key_package = kith_bytes_of_buf(&c.party[3].package)},
    };
    assert_err(mls_group_commit(
                   c.party[0].group,
                   &(mls_commit_params){.proposals = proposals,
                                        .proposal_count = 2,
                                        .authenticated_data = kith_bytes_of_text("for the server"),
                                        .now_s = NOW_S},
                   &commit, &welcome),
               KITH_OK);
    assert_err(mls_group_receive(c.party[1].group, kith_bytes_of_buf(&commit), NOW_S, &received),
               KITH_OK);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&received.authenticated_data),
                                 kith_bytes_of_text("for the server")));
    const mls_staged_info info = mls_staged_describe(received.staged);
    assert_int_equal(info.committer, 0);
    assert_false(info.is_external);
    assert_false(info.removes_self);
    assert_true(info.has_path);
    assert_int_equal(info.change_count, 3);
    assert_err(mls_staged_change(received.staged, 0, &change), KITH_OK);
    assert_int_equal(change.kind, MLS_REMOVED);
    assert_true(kith_bytes_equal(change.before.identity.data, kith_bytes_of_text(c.party[2].name)));
    assert_err(mls_staged_change(received.staged, 1, &change), KITH_OK);
    assert_int_equal(change.kind, MLS_ADDED);
    assert_true(kith_bytes_equal(change.after.identity.data, kith_bytes_of_text(c.party[3].name)));
    assert_err(mls_staged_change(received.staged, 2, &change), KITH_OK);
    assert_int_equal(change.kind, MLS_REPLACED);
    assert_int_equal(change.leaf_index, 0);
    assert_err(mls_staged_change(received.staged, 3, &change), KITH_ERR_NOT_FOUND);
    assert_int_equal(mls_epoch_member_count(mls_staged_epoch(received.staged)), 3);
    /* The one who is removed sees that, and gets no secrets. */
    KITH_AUTO(mls_received) gone = {0};
    KITH_AUTO(kith_secret) secret = {0};
    assert_err(mls_group_receive(c.party[2].group, kith_bytes_of_buf(&commit), NOW_S, &gone),
               KITH_OK);
    assert_true(mls_staged_describe(gone.staged).removes_self);
    assert_err(mls_epoch_export(mls_staged_epoch(gone.staged), "x", (kith_bytes){0}, 32, &secret),
               KITH_ERR_DENIED);
    mls_group_apply(c.party[2].group, &gone.staged);
    assert_false(mls_group_is_active(c.party[2].group));
    party_reload(&c.party[2]);
    assert_err(mls_group_commit(c.party[2].group, &(mls_commit_params){.now_s = NOW_S}, &welcome,
                                &welcome),
               KITH_ERR_DENIED);
    mls_received_done(&received);
    mls_received_done(&gone);
    cast_close(&c);
}

static void
a_member_changes_its_signature_key_and_credential(void **state)
{
    cast c;
    KITH_AUTO(kith_secret) fresh = {0};
    KITH_AUTO(kith_buf) fresh_public = {0};

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    party *p = &c.party[1];
    assert_err(mls_signature_key_new(&p->env, c.suite, &fresh, &fresh_public), KITH_OK);
    const mls_leaf_params leaf = {
        .identity = {.type = MLS_CREDENTIAL_BASIC, .data = kith_bytes_of_text(p->name)},
        .signature_private = kith_bytes_of_secret(&fresh)};
    cast_commit(&c, 1, &(mls_commit_params){.leaf = &leaf, .now_s = NOW_S}, NULL, 0);
    cast_agree(&c);
    cast_say(&c, 1, "signed anew");
    /* And by an Update that another one commits. */
    const mls_leaf_params back = party_leaf(p);
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE, .leaf = &back};
    cast_propose(&c, 1, &update);
    party_reload(p);
    cast_commit(&c, 0, NULL, NULL, 0);
    cast_agree(&c);
    cast_say(&c, 1, "signed as before");
    cast_close(&c);
}

static void
a_group_kept_in_two_parts_writes_its_tree_once_an_epoch(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) secrets = {0};
    KITH_AUTO(kith_buf) later = {0};
    KITH_AUTO(kith_buf) tree = {0};
    mls_group *loaded = NULL;

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    party *p = &c.party[1];
    assert_err(mls_group_save_parts(p->group, &secrets, &tree), KITH_OK);
    cast_say(&c, 0, "a message changes the secrets only");
    assert_err(mls_group_save_parts(p->group, &later, NULL), KITH_OK);
    assert_err(
        mls_group_load_parts(&p->env, kith_bytes_of_buf(&later), kith_bytes_of_buf(&tree), &loaded),
        KITH_OK);
    mls_group_free(p->group);
    p->group = loaded;
    cast_agree(&c);
    cast_say(&c, 0, "taken up again");
    cast_commit(&c, 0, NULL, NULL, 0);
    kith_buf_clear(&later);
    assert_err(mls_group_save_parts(p->group, &later, NULL), KITH_OK);
    assert_err(
        mls_group_load_parts(&p->env, kith_bytes_of_buf(&later), kith_bytes_of_buf(&tree), &loaded),
        KITH_ERR_REJECTED); /* that tree is of the epoch before */
    assert_err(mls_group_load(&p->env, kith_bytes_of_buf(&later), &loaded), KITH_ERR_INVALID);
    cast_close(&c);
}

static bool
contains(const kith_buf *haystack, const kith_secret *needle)
{
    for (size_t at = 0; at + needle->len <= haystack->len; at++) {
        if (memcmp(haystack->data + at, needle->data, needle->len) == 0) {
            return true;
        }
    }
    return false;
}

static void
secrets_of_an_epoch_that_is_over_are_not_kept(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) before = {0};
    KITH_AUTO(kith_buf) after = {0};

    (void)state;
    open_three(&c, MLS_SUITE_X25519_AES128_ED25519);
    const mls_epoch *epoch = mls_group_epoch(c.party[1].group);
    const mls_secrets old = epoch->secrets;
    const kith_secret leaf_key = epoch->keys.keys[0];
    assert_err(mls_group_save(c.party[1].group, &before), KITH_OK);
    cast_commit(&c, 1, NULL, NULL, 0);
    assert_err(mls_group_save(c.party[1].group, &after), KITH_OK);
    const kith_secret *const gone[] = {&old.exporter,     &old.external,     &old.init,
                                       &leaf_key,         &old.confirmation, &old.membership,
                                       &old.authenticator};
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        assert_true(contains(&before, gone[i]));
        assert_false(contains(&after, gone[i]));
    }
    assert_true(contains(&after, &old.sender_data)); /* for late messages */
    cast_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_arrive_in_any_order_but_once),
        cmocka_unit_test(late_messages_of_five_epochs_open_and_older_ones_are_out_of_step),
        cmocka_unit_test(a_message_of_a_coming_epoch_is_out_of_step),
        cmocka_unit_test(an_own_commit_waits_through_a_restart_and_is_known_again),
        cmocka_unit_test(the_loser_of_a_race_commits_again),
        cmocka_unit_test(a_staged_commit_that_is_dropped_can_be_received_again),
        cmocka_unit_test(a_staged_commit_says_what_it_changes),
        cmocka_unit_test(a_member_changes_its_signature_key_and_credential),
        cmocka_unit_test(a_group_kept_in_two_parts_writes_its_tree_once_an_epoch),
        cmocka_unit_test(secrets_of_an_epoch_that_is_over_are_not_kept),
    };

    return cmocka_run_group_tests_name("mls: order and staging", tests, NULL, NULL);
}
