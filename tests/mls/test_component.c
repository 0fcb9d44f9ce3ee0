/* SPDX-License-Identifier: MPL-2.0 */
/* Secrets, signatures and encryption for an application's components [MLS-EXT §4.2-4.5], and Welcomes that are looked
 * into before the tree is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/group.h"
#include "mls/party.h"

#define ROOM 0x8001u
#define LIST 0x8002u

static const mls_component_use room = {.component_id = ROOM, .label = "greeting"};

static void
open_scene(cast *c)
{
    cast_open(c, MLS_SUITE_X25519_AES128_ED25519, 4, 95);
    party_found(c, 0);
    cast_add(c, 0, 1);
    cast_add(c, 1, 2);
}

static kith_secret
take(party *p, uint16_t id)
{
    kith_secret out = {0};

    assert_err(mls_group_safe_export(p->group, id, &out), KITH_OK);
    return out;
}

static bool
same(const kith_secret *a, const kith_secret *b)
{
    return kith_bytes_equal(kith_bytes_of_secret(a), kith_bytes_of_secret(b));
}

/* ---- Exported secrets ---- */

static void
members_export_the_same_and_components_different_secrets(void **state)
{
    cast c;

    (void)state;
    open_scene(&c);
    const kith_secret a = take(&c.party[0], ROOM);
    const kith_secret b = take(&c.party[1], LIST);
    const kith_secret c1 = take(&c.party[1], ROOM);
    const kith_secret first = take(&c.party[2], 0);
    const kith_secret last = take(&c.party[2], 0xffff);

    assert_int_equal(a.len, 32);
    assert_true(same(&a, &c1));
    assert_false(same(&a, &b));
    assert_false(same(&first, &last));
    cast_commit(&c, 0, NULL, NULL, 0);
    const kith_secret later = take(&c.party[0], ROOM);
    assert_false(same(&a, &later));
    cast_close(&c);
}

static void
a_secret_is_given_out_once_also_after_a_reload(void **state)
{
    cast c;
    kith_secret out = {0};

    (void)state;
    open_scene(&c);
    const kith_secret a = take(&c.party[0], ROOM);
    party_reload(&c.party[0]);

    assert_err(mls_group_safe_export(c.party[0].group, ROOM, &out), KITH_ERR_EXISTS);

    assert_int_equal(out.len, 0);
    const kith_secret b = take(&c.party[0], ROOM + 1); /* its neighbour is still there */
    const kith_secret d = take(&c.party[1], ROOM + 1);
    assert_true(same(&b, &d));
    assert_false(same(&a, &b));
    cast_close(&c);
}

/* What is left in memory: the nodes beside the path, none of them above the component. */
static void
what_a_secret_came_from_is_erased(void **state)
{
    cast c;

    (void)state;
    open_scene(&c);
    kith_secret out = take(&c.party[0], ROOM);

    const mls_export_tree *tree = &c.party[0].group->now->exports;
    assert_int_equal(tree->count, 16);
    for (size_t i = 0; i < tree->count; i++) {
        assert_int_not_equal(ROOM >> tree->nodes[i].level, tree->nodes[i].index);
        assert_memory_not_equal(tree->nodes[i].secret, out.data, 32);
    }
    cast_close(&c);
}

static void
a_waiting_commit_keeps_its_secrets_over_a_reload(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(mls_received) received = {0};

    (void)state;
    open_scene(&c);
    assert_err(
        mls_group_commit(c.party[0].group, &(mls_commit_params){.now_s = NOW_S}, &commit, &welcome),
        KITH_OK);
    party_reload(&c.party[0]);
    mls_group_apply_own(c.party[0].group);
    assert_err(mls_group_receive(c.party[1].group, kith_bytes_of_buf(&commit), NOW_S, &received),
               KITH_OK);
    mls_group_apply(c.party[1].group, &received.staged);

    const kith_secret a = take(&c.party[0], ROOM);
    const kith_secret b = take(&c.party[1], ROOM);

    assert_true(same(&a, &b));
    cast_close(&c);
}

static void
who_was_removed_exports_nothing(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(mls_received) received = {0};
    kith_secret out = {0};
    const mls_proposal_params remove = {.type = MLS_PROPOSAL_REMOVE, .leaf_index = 2};

    (void)state;
    open_scene(&c);
    assert_err(mls_group_commit(
                   c.party[0].group,
                   &(mls_commit_params){.proposals = &remove, .proposal_count = 1, .now_s = NOW_S},
                   &commit, &welcome),
               KITH_OK);
    assert_err(mls_group_receive(c.party[2].group, kith_bytes_of_buf(&commit), NOW_S, &received),
               KITH_OK);
    mls_group_apply(c.party[2].group, &received.staged);

    assert_err(mls_group_safe_export(c.party[2].group, ROOM, &out), KITH_ERR_DENIED);
    cast_close(&c);
}

/* ---- Signatures ---- */

static void
a_signature_counts_for_its_component_label_member_and_content_alone(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) signature = {0};
    const kith_bytes text = kith_bytes_of_text("text");

    (void)state;
    open_scene(&c);
    const mls_epoch *epoch = mls_group_epoch(c.party[1].group);
    assert_err(mls_group_safe_sign(c.party[0].group, room, text, &signature), KITH_OK);
    const kith_bytes s = kith_bytes_of_buf(&signature);

    assert_err(mls_epoch_safe_verify(epoch, 0, room, text, s), KITH_OK);

    const mls_component_use other = {.component_id = LIST, .label = "greeting"};
    const mls_component_use farewell = {.component_id = ROOM, .label = "farewell"};
    assert_err(mls_epoch_safe_verify(epoch, 0, other, text, s), KITH_ERR_REJECTED);
    assert_err(mls_epoch_safe_verify(epoch, 0, farewell, text, s), KITH_ERR_REJECTED);
    assert_err(mls_epoch_safe_verify(epoch, 1, room, text, s), KITH_ERR_REJECTED);
    assert_err(mls_epoch_safe_verify(epoch, 0, room, kith_bytes_of_text("test"), s),
               KITH_ERR_REJECTED);
    assert_err(mls_epoch_safe_verify(epoch, 9, room, text, s), KITH_ERR_NOT_FOUND);
    cast_close(&c);
}

static void
a_label_has_a_limit(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) signature = {0};
    char longest[MLS_COMPONENT_LABEL_MAX + 2];

    (void)state;
    open_scene(&c);
    memset(longest, 'x', sizeof longest);
    longest[MLS_COMPONENT_LABEL_MAX + 1] = '\0';
    const mls_component_use use = {.component_id = ROOM, .label = longest};

    assert_err(mls_group_safe_sign(c.party[0].group, use, (kith_bytes){0}, &signature),
               KITH_ERR_LIMIT);
    longest[MLS_COMPONENT_LABEL_MAX] = '\0';
    assert_err(mls_group_safe_sign(c.party[0].group, use, (kith_bytes){0}, &signature), KITH_OK);
    cast_close(&c);
}

/* ---- Encryption ---- */

static kith_err
open_by(const party *p, bool for_all, mls_component_use use, const kith_buf *sealed)
{
    KITH_AUTO(kith_buf) text = {0};
    const mls_component_text in = {.context = kith_bytes_of_text("here"),
                                   .text = kith_bytes_of_buf(sealed)};

    KITH_TRY(mls_group_safe_decrypt(p->group, for_all, use, &in, &text));
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&text), kith_bytes_of_text("secret")));
    return KITH_OK;
}

static void
what_is_encrypted_for_a_member_or_all_opens_there_and_for_its_component_alone(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) for_one = {0};
    KITH_AUTO(kith_buf) for_all = {0};
    const mls_component_text in = {.context = kith_bytes_of_text("here"),
                                   .text = kith_bytes_of_text("secret")};
    const mls_component_use other = {.component_id = LIST, .label = "greeting"};

    (void)state;
    open_scene(&c);
    const mls_group *group = c.party[0].group;
    assert_err(mls_group_safe_encrypt(group, 1, room, &in, &for_one), KITH_OK);
    assert_err(mls_group_safe_encrypt(group, MLS_LEAF_NONE, room, &in, &for_all), KITH_OK);

    assert_err(open_by(&c.party[1], false, room, &for_one), KITH_OK);
    assert_err(open_by(&c.party[2], false, room, &for_one), KITH_ERR_REJECTED);
    assert_err(open_by(&c.party[1], false, other, &for_one), KITH_ERR_REJECTED);
    assert_err(open_by(&c.party[1], true, room, &for_all), KITH_OK);
    assert_err(open_by(&c.party[2], true, room, &for_all), KITH_OK);
    assert_err(open_by(&c.party[1], true, room, &for_one), KITH_ERR_REJECTED);
    assert_err(mls_group_safe_encrypt(group, 7, room, &in, &for_one), KITH_ERR_NOT_FOUND);
    for_one.len--;
    assert_err(open_by(&c.party[1], false, room, &for_one), KITH_ERR_MALFORMED);
    cast_close(&c);
}

/* ---- Pre-shared keys ---- */

static kith_err
find_psk(void *ctx, const mls_psk_ref *ref, kith_secret *out)
{
    (void)ctx;
    KITH_ENSURE(ref->is_component && ref->component_id == ROOM && !ref->is_resumption,
                KITH_ERR_NOT_FOUND);
    return kith_secret_set(out, ref->psk_id);
}

static void
a_component_mixes_a_secret_of_its_own_into_the_group(void **state)
{
    cast c;

    (void)state;
    open_scene(&c);
    for (size_t i = 0; i < 4; i++) {
        c.party[i].env.find_psk = find_psk;
    }
    mls_proposal_params psk = {.type = MLS_PROPOSAL_PSK,
                               .psk = {.is_component = true,
                                       .component_id = ROOM,
                                       .psk_id = kith_bytes_of_text("password")}};
    const mls_commit_params params = {.proposals = &psk, .proposal_count = 1, .now_s = NOW_S};

    cast_commit(&c, 0, &params, NULL, 0);

    cast_agree(&c);
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    psk.psk.component_id = LIST;
    assert_err(mls_group_commit(c.party[0].group, &params, &commit, &welcome), KITH_ERR_NOT_FOUND);
    cast_close(&c);
}

/* ---- A Welcome whose tree comes otherwise ---- */

typedef struct invitation {
    kith_buf commit;
    kith_buf welcome;
    kith_buf tree;
} invitation;

static void
invitation_done(invitation *i)
{
    kith_buf_done(&i->commit);
    kith_buf_done(&i->welcome);
    kith_buf_done(&i->tree);
}

static void
invite(cast *c, size_t joiner, invitation *out)
{
    static const uint8_t place[] = {'t', 'r', 'e', 'e', '7'};
    const mls_ext reference = {.type = 0xff07, .data = KITH_BYTES(place)};

    party_publish(c, joiner);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&c->party[joiner].package)};
    const mls_commit_params params = {.proposals = &add,
                                      .proposal_count = 1,
                                      .welcome_without_tree = true,
                                      .group_info_extensions = &reference,
                                      .group_info_extension_count = 1,
                                      .now_s = NOW_S};
    assert_err(mls_group_commit(c->party[0].group, &params, &out->commit, &out->welcome), KITH_OK);
    mls_group_apply_own(c->party[0].group);
    assert_err(mls_epoch_ratchet_tree(mls_group_epoch(c->party[0].group), &out->tree), KITH_OK);
}

static void
a_joiner_learns_which_tree_to_fetch_and_takes_no_other(void **state)
{
    cast c;
    KITH_AUTO(invitation) sent = {0};
    KITH_AUTO(kith_buf) old_tree = {0};
    KITH_AUTO(mls_welcome_info) info = {0};
    kith_bytes place;

    (void)state;
    open_scene(&c);
    assert_err(mls_epoch_ratchet_tree(mls_group_epoch(c.party[0].group), &old_tree), KITH_OK);
    invite(&c, 3, &sent);
    party *p = &c.party[3];
    const kith_bytes blob = kith_bytes_of_buf(&p->blob);
    mls_join_params params = {.welcome = kith_bytes_of_buf(&sent.welcome),
                              .private_blobs = &blob,
                              .private_blob_count = 1,
                              .now_s = NOW_S};

    assert_err(mls_welcome_inspect(&p->env, &params, &info), KITH_OK);

    const mls_epoch *epoch = mls_group_epoch(c.party[0].group);
    assert_false(info.has_tree);
    assert_int_equal(info.suite, c.suite);
    assert_int_equal(info.epoch, mls_epoch_number(epoch));
    assert_true(kith_bytes_equal(info.group_id, mls_group_id(c.party[0].group)));
    assert_true(kith_bytes_equal(info.tree_hash, mls_epoch_tree_hash(epoch)));
    assert_err(mls_welcome_info_extension(&info, 0xff07, &place), KITH_OK);
    assert_true(kith_bytes_equal(place, kith_bytes_of_text("tree7")));
    assert_err(mls_welcome_info_extension(&info, 0xff08, &place), KITH_ERR_NOT_FOUND);
    assert_err(mls_group_join(&p->env, &params, NULL, &p->group), KITH_ERR_INVALID);
    params.ratchet_tree = kith_bytes_of_buf(&old_tree);
    assert_err(mls_group_join(&p->env, &params, NULL, &p->group), KITH_ERR_REJECTED);
    params.ratchet_tree = kith_bytes_of_buf(&sent.tree);
    assert_err(mls_group_join(&p->env, &params, NULL, &p->group), KITH_OK);
    mls_welcome_info_done(&info);
    cast_close(&c);
}

static void
a_welcome_for_others_is_not_looked_into(void **state)
{
    cast c;
    KITH_AUTO(invitation) sent = {0};
    KITH_AUTO(mls_welcome_info) info = {0};

    (void)state;
    open_scene(&c);
    invite(&c, 3, &sent);
    party_publish(&c, 2);
    const kith_bytes blob = kith_bytes_of_buf(&c.party[2].blob);
    const mls_join_params params = {.welcome = kith_bytes_of_buf(&sent.welcome),
                                    .private_blobs = &blob,
                                    .private_blob_count = 1};

    assert_err(mls_welcome_inspect(&c.party[2].env, &params, &info), KITH_ERR_NOT_FOUND);

    assert_int_equal(info.bytes.len, 0);
    cast_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_export_the_same_and_components_different_secrets),
        cmocka_unit_test(a_secret_is_given_out_once_also_after_a_reload),
        cmocka_unit_test(what_a_secret_came_from_is_erased),
        cmocka_unit_test(a_waiting_commit_keeps_its_secrets_over_a_reload),
        cmocka_unit_test(who_was_removed_exports_nothing),
        cmocka_unit_test(a_signature_counts_for_its_component_label_member_and_content_alone),
        cmocka_unit_test(a_label_has_a_limit),
        cmocka_unit_test(
            what_is_encrypted_for_a_member_or_all_opens_there_and_for_its_component_alone),
        cmocka_unit_test(a_component_mixes_a_secret_of_its_own_into_the_group),
        cmocka_unit_test(a_joiner_learns_which_tree_to_fetch_and_takes_no_other),
        cmocka_unit_test(a_welcome_for_others_is_not_looked_into),
    };

    return cmocka_run_group_tests_name("mls: components", tests, NULL, NULL);
}
