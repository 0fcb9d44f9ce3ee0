/* SPDX-License-Identifier: MPL-2.0 */
/* Data of components in the group context and with commits [MLS-EXT §4.6-4.9, §5]. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/party.h"
#include "mls/proposal.h"

#define ROOM 0x8001u /* a component that keeps what it is told last */
#define LIST 0x8002u /* a component that appends */
#define ALIEN 0x8003u /* nobody knows it */

static const uint16_t types[] = {MLS_PROPOSAL_APP_DATA_UPDATE, MLS_PROPOSAL_APP_EPHEMERAL};
static const uint16_t extension_types[] = {MLS_EXT_APP_DATA_DICTIONARY};

/* The application of every party. */
static kith_err
judge(void *ctx, const mls_app_change *change, kith_buf *after)
{
    (void)ctx;
    KITH_ENSURE(change->component_id == ROOM || change->component_id == LIST, KITH_ERR_REJECTED);
    KITH_ENSURE(!kith_bytes_equal(change->data, kith_bytes_of_text("bad")), KITH_ERR_REJECTED);
    if (change->op != MLS_APP_UPDATE) {
        return KITH_OK;
    }
    if (change->component_id == LIST) {
        KITH_TRY(kith_buf_append(after, change->before));
    }
    return kith_buf_append(after, change->data);
}

static void
open_scene(cast *c)
{
    cast_open(c, MLS_SUITE_X25519_AES128_ED25519, 4, 93);
    for (size_t i = 0; i < c->count; i++) {
        mls_env *env = &c->party[i].env;
        env->proposal_types = types;
        env->proposal_type_count = 2;
        env->extension_types = extension_types;
        env->extension_type_count = 1;
        env->app_data = judge;
    }
    party_found(c, 0);
    cast_add(c, 0, 1);
    cast_add(c, 1, 2);
}

static mls_proposal_params
update(uint16_t id, const char *data)
{
    return (mls_proposal_params){.type = MLS_PROPOSAL_APP_DATA_UPDATE,
                                 .component_id = id,
                                 .app_data = kith_bytes_of_text(data)};
}

static mls_proposal_params
removal(uint16_t id)
{
    return (mls_proposal_params){
        .type = MLS_PROPOSAL_APP_DATA_UPDATE, .component_id = id, .app_remove = true};
}

static mls_proposal_params
ephemeral(uint16_t id, const char *data)
{
    return (mls_proposal_params){.type = MLS_PROPOSAL_APP_EPHEMERAL,
                                 .component_id = id,
                                 .app_data = kith_bytes_of_text(data)};
}

static void
commit_all(cast *c, size_t who, const mls_proposal_params *proposals, size_t count)
{
    const mls_commit_params params = {
        .proposals = proposals, .proposal_count = count, .now_s = NOW_S};

    cast_commit(c, who, &params, NULL, 0);
    cast_agree(c);
}

static kith_err
try_commit(cast *c, const mls_proposal_params *proposals, size_t count)
{
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    const mls_commit_params params = {
        .proposals = proposals, .proposal_count = count, .now_s = NOW_S};

    return mls_group_commit(c->party[0].group, &params, &commit, &welcome);
}

static void
assert_data(const cast *c, size_t who, uint16_t id, const char *expected)
{
    kith_bytes dictionary = {0};
    kith_bytes data = {0};

    assert_err(mls_epoch_extension(mls_group_epoch(c->party[who].group),
                                   MLS_EXT_APP_DATA_DICTIONARY, &dictionary),
               KITH_OK);
    const kith_err err = mls_components_find(dictionary, id, &data);
    assert_err(err, expected == NULL ? KITH_ERR_NOT_FOUND : KITH_OK);
    if (expected != NULL) {
        assert_true(kith_bytes_equal(data, kith_bytes_of_text(expected)));
    }
}

static void
updates_reach_everybody_in_order_and_new_members_too(void **state)
{
    cast c;
    const mls_proposal_params first[] = {update(LIST, "a"), update(ROOM, "blue"),
                                         update(LIST, "b")};
    const mls_proposal_params second[] = {update(LIST, "c"), removal(ROOM)};

    (void)state;
    open_scene(&c);
    commit_all(&c, 0, first, 3);
    assert_data(&c, 2, LIST, "ab");
    assert_data(&c, 2, ROOM, "blue");
    commit_all(&c, 2, second, 2);
    cast_add(&c, 1, 3);

    for (size_t i = 0; i < 4; i++) {
        assert_data(&c, i, LIST, "abc");
        assert_data(&c, i, ROOM, NULL);
    }
    cast_close(&c);
}

static void
an_update_needs_no_path_and_is_announced_as_a_change_of_extensions(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    const mls_proposal_params change = update(ROOM, "blue");

    (void)state;
    open_scene(&c);
    assert_err(mls_group_commit(
                   c.party[0].group,
                   &(mls_commit_params){.proposals = &change, .proposal_count = 1, .now_s = NOW_S},
                   &commit, &welcome),
               KITH_OK);

    const mls_staged_info info = mls_staged_describe(mls_group_own_staged(c.party[0].group));

    assert_false(info.has_path);
    assert_true(info.extensions_changed);
    cast_close(&c);
}

static void
a_proposal_by_reference_is_judged_when_it_comes_and_committed_later(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) message = {0};
    const mls_proposal_params good = update(ROOM, "blue");
    const mls_proposal_params bad = update(ROOM, "bad");

    (void)state;
    open_scene(&c);
    cast_propose(&c, 1, &good);
    assert_err(mls_group_propose(c.party[1].group, &bad, (kith_bytes){0}, NOW_S, &message),
               KITH_ERR_REJECTED);

    cast_commit(&c, 2, NULL, NULL, 0);

    assert_data(&c, 0, ROOM, "blue");
    cast_close(&c);
}

static void
lists_that_contradict_themselves_are_rejected(void **state)
{
    cast c;
    const mls_proposal_params start = update(ROOM, "blue");
    const mls_proposal_params both[] = {update(ROOM, "red"), removal(ROOM)};
    const mls_proposal_params twice[] = {removal(ROOM), removal(ROOM)};
    const mls_proposal_params none = removal(LIST);
    const mls_proposal_params bad = update(ROOM, "bad");
    const mls_proposal_params alien = update(ALIEN, "x");

    (void)state;
    open_scene(&c);
    commit_all(&c, 0, &start, 1);

    assert_err(try_commit(&c, both, 2), KITH_ERR_REJECTED);
    assert_err(try_commit(&c, twice, 2), KITH_ERR_REJECTED);
    assert_err(try_commit(&c, &none, 1), KITH_ERR_REJECTED);
    assert_err(try_commit(&c, &bad, 1), KITH_ERR_REJECTED);
    assert_err(try_commit(&c, &alien, 1), KITH_ERR_REJECTED);
    cast_close(&c);
}

static void
a_client_without_components_refuses_every_change(void **state)
{
    cast c;
    const mls_proposal_params change = update(ROOM, "blue");
    const mls_proposal_params said = ephemeral(ROOM, "now");

    (void)state;
    open_scene(&c);
    c.party[0].env.app_data = NULL;

    assert_err(try_commit(&c, &change, 1), KITH_ERR_UNSUPPORTED);
    assert_err(try_commit(&c, &said, 1), KITH_ERR_UNSUPPORTED);
    cast_close(&c);
}

static void
a_commit_covers_as_many_updates_as_the_limit_and_no_more(void **state)
{
    static mls_proposal_params many[MLS_APP_UPDATES_MAX + 1];
    cast c;

    (void)state;
    open_scene(&c);
    for (size_t i = 0; i < MLS_APP_UPDATES_MAX + 1; i++) {
        many[i] = update(LIST, "x");
    }

    assert_err(try_commit(&c, many, MLS_APP_UPDATES_MAX + 1), KITH_ERR_LIMIT);
    assert_err(try_commit(&c, many, MLS_APP_UPDATES_MAX), KITH_OK);
    cast_close(&c);
}

/* [RFC9420 §12.2]: a type that a member does not know. */
static void
a_member_that_does_not_know_the_proposal_keeps_it_out(void **state)
{
    cast c;
    const mls_proposal_params change = update(ROOM, "blue");

    (void)state;
    open_scene(&c);
    c.party[3].env.proposal_type_count = 0;
    cast_add(&c, 0, 3);

    assert_err(try_commit(&c, &change, 1), KITH_ERR_UNSUPPORTED);
    cast_close(&c);
}

static void
a_member_that_does_not_know_the_dictionary_keeps_it_out(void **state)
{
    cast c;
    const mls_proposal_params change = update(ROOM, "blue");

    (void)state;
    open_scene(&c);
    c.party[3].env.extension_type_count = 0;
    cast_add(&c, 0, 3);

    assert_err(try_commit(&c, &change, 1), KITH_ERR_UNSUPPORTED);
    cast_close(&c);
}

/* The capabilities that a group asks for: AppDataUpdate. */
static mls_ext
required_update(kith_buf *out)
{
    static const uint8_t encoded[] = {0, 2, 0, MLS_PROPOSAL_APP_DATA_UPDATE, 0};

    assert_err(kith_buf_append(out, KITH_BYTES(encoded)), KITH_OK);
    return (mls_ext){.type = MLS_EXT_REQUIRED_CAPABILITIES, .data = kith_bytes_of_buf(out)};
}

static mls_proposal_params
set_extensions(const mls_ext *items, size_t count)
{
    return (mls_proposal_params){.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
                                 .extensions = items,
                                 .extension_count = count};
}

static void
where_updates_are_required_nothing_else_changes_the_dictionary(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) required = {0};
    KITH_AUTO(kith_buf) one = {0};
    KITH_AUTO(kith_buf) two = {0};
    const mls_component first = {.id = ROOM, .data = kith_bytes_of_text("blue")};
    const mls_component second = {.id = ROOM, .data = kith_bytes_of_text("red")};

    (void)state;
    open_scene(&c);
    assert_err(mls_components_write(&first, 1, &one), KITH_OK);
    assert_err(mls_components_write(&second, 1, &two), KITH_OK);
    mls_ext items[] = {required_update(&required),
                       {.type = MLS_EXT_APP_DATA_DICTIONARY, .data = kith_bytes_of_buf(&one)}};
    const mls_proposal_params with = set_extensions(items, 2);
    commit_all(&c, 0, &with, 1); /* required only from now on */
    commit_all(&c, 0, &with, 1); /* the same is no change */
    const mls_proposal_params without = set_extensions(items, 1);
    assert_err(try_commit(&c, &without, 1), KITH_ERR_REJECTED);
    items[1].data = kith_bytes_of_buf(&two);
    assert_err(try_commit(&c, &with, 1), KITH_ERR_REJECTED);

    /* Both together: other extensions by the one, the dictionary by the other. */
    items[1].data = kith_bytes_of_buf(&one);
    const mls_proposal_params both[] = {with, update(ROOM, "red")};
    commit_all(&c, 1, both, 2);

    assert_data(&c, 2, ROOM, "red");
    cast_close(&c);
}

static void
what_goes_with_a_commit_is_told_and_then_gone(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(mls_received) received = {0};
    const mls_proposal_params said[] = {ephemeral(ROOM, "one"), ephemeral(LIST, "two")};
    mls_ephemeral item;

    (void)state;
    open_scene(&c);
    assert_err(mls_group_commit(
                   c.party[1].group,
                   &(mls_commit_params){.proposals = said, .proposal_count = 2, .now_s = NOW_S},
                   &commit, &welcome),
               KITH_OK);
    party_reload(&c.party[1]);
    assert_err(mls_group_receive(c.party[0].group, kith_bytes_of_buf(&commit), NOW_S, &received),
               KITH_OK);

    const mls_staged *both[] = {received.staged, mls_group_own_staged(c.party[1].group)};
    for (size_t i = 0; i < 2; i++) {
        assert_err(mls_staged_ephemeral(both[i], 0, &item), KITH_OK);
        assert_int_equal(item.component_id, ROOM);
        assert_int_equal(item.sender, 1);
        assert_true(kith_bytes_equal(item.data, kith_bytes_of_text("one")));
        assert_err(mls_staged_ephemeral(both[i], 1, &item), KITH_OK);
        assert_true(kith_bytes_equal(item.data, kith_bytes_of_text("two")));
        assert_err(mls_staged_ephemeral(both[i], 2, &item), KITH_ERR_NOT_FOUND);
        assert_false(mls_staged_describe(both[i]).has_path);
        assert_false(mls_staged_describe(both[i]).extensions_changed);
    }
    mls_received_done(&received);
    cast_close(&c);
}

/* ---- Authenticated data that components share ---- */

static void
require_safe_aad(cast *c)
{
    KITH_AUTO(kith_buf) ids = {0};
    KITH_AUTO(kith_buf) dictionary = {0};

    assert_err(mls_component_ids_write(NULL, 0, &ids), KITH_OK);
    const mls_component entry = {.id = MLS_COMPONENT_SAFE_AAD, .data = kith_bytes_of_buf(&ids)};
    assert_err(mls_components_write(&entry, 1, &dictionary), KITH_OK);
    const mls_ext item = {.type = MLS_EXT_APP_DATA_DICTIONARY,
                          .data = kith_bytes_of_buf(&dictionary)};
    const mls_proposal_params set = set_extensions(&item, 1);
    commit_all(c, 0, &set, 1);
}

static void
with_safe_aad_all_authenticated_data_has_its_form(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) aad = {0};
    KITH_AUTO(kith_buf) out = {0};
    KITH_AUTO(kith_buf) more = {0};
    const mls_component item = {.id = ROOM, .data = kith_bytes_of_text("said")};
    const mls_proposal_params change = {.type = MLS_PROPOSAL_UPDATE};
    mls_group *group = NULL;

    (void)state;
    open_scene(&c);
    require_safe_aad(&c);
    group = c.party[0].group;
    assert_err(mls_components_write(&item, 1, &aad), KITH_OK);
    mls_protect_params params = {.plaintext = kith_bytes_of_text("hello")};

    assert_err(mls_group_protect(group, &params, NULL, &out), KITH_ERR_INVALID);
    assert_err(mls_group_propose(group, &change, (kith_bytes){0}, NOW_S, &out), KITH_ERR_INVALID);
    assert_err(mls_group_commit(group, &(mls_commit_params){.now_s = NOW_S}, &out, &more),
               KITH_ERR_INVALID);
    params.authenticated_data = kith_bytes_of_buf(&aad);
    assert_err(mls_group_protect(group, &params, NULL, &out), KITH_OK);

    KITH_AUTO(mls_received) received = {0};
    kith_bytes found = {0};
    assert_err(mls_group_receive(c.party[1].group, kith_bytes_of_buf(&out), NOW_S, &received),
               KITH_OK);
    assert_err(mls_components_find(kith_bytes_of_buf(&received.authenticated_data), ROOM, &found),
               KITH_OK);
    assert_true(kith_bytes_equal(found, kith_bytes_of_text("said")));
    mls_received_done(&received);
    cast_close(&c);
}

/* A member whose group has forgotten that Safe AAD is on sends what the others refuse. */
static void
authenticated_data_of_another_form_is_malformed(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) out = {0};
    KITH_AUTO(mls_received) received = {0};

    (void)state;
    open_scene(&c);
    require_safe_aad(&c);
    mls_epoch *epoch = c.party[0].group->now;
    const kith_bytes extensions = epoch->context.extensions;
    epoch->context.extensions = (kith_bytes){0};
    assert_err(
        mls_group_protect(c.party[0].group,
                          &(mls_protect_params){.plaintext = kith_bytes_of_text("hello"),
                                                .authenticated_data = kith_bytes_of_text("loose")},
                          NULL, &out),
        KITH_OK);
    epoch->context.extensions = extensions;

    assert_err(mls_group_receive(c.party[1].group, kith_bytes_of_buf(&out), NOW_S, &received),
               KITH_ERR_MALFORMED);
    cast_close(&c);
}

/* ---- Negotiation ---- */

static void
a_member_understands_the_components_that_the_group_requires(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) ids = {0};
    KITH_AUTO(kith_buf) dictionary = {0};
    const uint16_t wanted[] = {ROOM};

    (void)state;
    assert_err(mls_component_ids_write(wanted, 1, &ids), KITH_OK);
    const mls_component entry = {.id = MLS_COMPONENT_APP_COMPONENTS,
                                 .data = kith_bytes_of_buf(&ids)};
    assert_err(mls_components_write(&entry, 1, &dictionary), KITH_OK);
    const mls_ext item = {.type = MLS_EXT_APP_DATA_DICTIONARY,
                          .data = kith_bytes_of_buf(&dictionary)};
    const mls_proposal_params set = set_extensions(&item, 1);
    open_scene(&c);
    assert_err(try_commit(&c, &set, 1), KITH_ERR_UNSUPPORTED); /* nobody says so */
    cast_close(&c);

    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 2, 94);
    for (size_t i = 0; i < 2; i++) {
        c.party[i].leaf_extensions = &item; /* the same list, in the leaf */
        c.party[i].leaf_extension_count = 1;
    }
    party_found(&c, 0);
    cast_add(&c, 0, 1);
    commit_all(&c, 1, &set, 1);
    cast_close(&c);
}

static void
a_dictionary_whose_ids_do_not_ascend_is_malformed(void **state)
{
    static const uint8_t falling[] = {6, 0x80, 2, 0, 0x80, 1, 0};
    static const uint8_t twice[] = {6, 0x80, 1, 0, 0x80, 1, 0};
    static const uint8_t rising[] = {6, 0x80, 1, 0, 0x80, 2, 0};
    static const uint8_t more[] = {3, 0x80, 1, 0, 0};
    static const uint8_t cut[] = {3, 0x80, 1};
    const mls_component items[] = {{.id = 2}, {.id = 1}};
    KITH_AUTO(kith_buf) out = {0};

    (void)state;
    assert_err(mls_components_check(KITH_BYTES(rising)), KITH_OK);
    assert_err(mls_components_check(KITH_BYTES(falling)), KITH_ERR_MALFORMED);
    assert_err(mls_components_check(KITH_BYTES(twice)), KITH_ERR_MALFORMED);
    assert_err(mls_components_check(KITH_BYTES(more)), KITH_ERR_MALFORMED);
    assert_err(mls_components_check(KITH_BYTES(cut)), KITH_ERR_MALFORMED);
    assert_err(mls_components_write(items, 2, &out), KITH_ERR_INVALID);
    assert_int_equal(out.len, 0);
}

/* [MLS-EXT §6.4] */
static void
a_key_package_of_last_resort_may_say_so_by_a_component(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) dictionary = {0};
    const mls_component entry = {.id = MLS_COMPONENT_LAST_RESORT};
    mls_key_package_info info;

    (void)state;
    open_scene(&c);
    party *p = &c.party[0];
    assert_err(mls_components_write(&entry, 1, &dictionary), KITH_OK);
    const mls_ext item = {.type = MLS_EXT_APP_DATA_DICTIONARY,
                          .data = kith_bytes_of_buf(&dictionary)};
    const mls_key_package_params params = {.suite = c.suite,
                                           .leaf = party_leaf(p),
                                           .not_before_s = NOW_S - 1,
                                           .not_after_s = NOW_S + 1,
                                           .extensions = &item,
                                           .extension_count = 1};
    assert_err(mls_key_package_new(&p->env, &params, &p->package, &p->blob), KITH_OK);

    assert_err(mls_key_package_inspect(&p->env, kith_bytes_of_buf(&p->package), NOW_S, &info),
               KITH_OK);

    assert_true(info.last_resort);
    cast_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_reach_everybody_in_order_and_new_members_too),
        cmocka_unit_test(an_update_needs_no_path_and_is_announced_as_a_change_of_extensions),
        cmocka_unit_test(a_proposal_by_reference_is_judged_when_it_comes_and_committed_later),
        cmocka_unit_test(lists_that_contradict_themselves_are_rejected),
        cmocka_unit_test(a_client_without_components_refuses_every_change),
        cmocka_unit_test(a_commit_covers_as_many_updates_as_the_limit_and_no_more),
        cmocka_unit_test(a_member_that_does_not_know_the_proposal_keeps_it_out),
        cmocka_unit_test(a_member_that_does_not_know_the_dictionary_keeps_it_out),
        cmocka_unit_test(where_updates_are_required_nothing_else_changes_the_dictionary),
        cmocka_unit_test(what_goes_with_a_commit_is_told_and_then_gone),
        cmocka_unit_test(with_safe_aad_all_authenticated_data_has_its_form),
        cmocka_unit_test(authenticated_data_of_another_form_is_malformed),
        cmocka_unit_test(a_member_understands_the_components_that_the_group_requires),
        cmocka_unit_test(a_dictionary_whose_ids_do_not_ascend_is_malformed),
        cmocka_unit_test(a_key_package_of_last_resort_may_say_so_by_a_component),
    };

    return cmocka_run_group_tests_name("mls: data of components", tests, NULL, NULL);
}
