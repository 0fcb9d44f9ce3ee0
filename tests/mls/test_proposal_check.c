/* SPDX-License-Identifier: MPL-2.0 */
/* Lists of proposals that break one rule each [RFC9420 §12.1, §12.2, §10.1], and the same lists without the
 * fault, which are accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/party.h"
#include "mls/proposal.h"

/* A group of three; lists are judged by member 1, and committed by member 0. */
typedef struct scene {
    cast c;
    mls_plan_scope scope;
    mls_item_list items;
    uint8_t nonces[8][32];
    kith_buf packages[4];
    mls_leaf *leaves[4];
    size_t package_count;
    size_t leaf_count;
} scene;

static void
scene_open(scene *s)
{
    memset(s, 0, sizeof *s);
    cast_open(&s->c, MLS_SUITE_X25519_AES128_ED25519, 5, 11);
    party_found(&s->c, 0);
    cast_add(&s->c, 0, 1);
    cast_add(&s->c, 0, 2);
    const mls_group *group = s->c.party[1].group;
    s->scope = (mls_plan_scope){
        .env = &s->c.party[1].env, .group = group, .epoch = group->now, .now_s = NOW_S};
}

static void
scene_close(scene *s)
{
    mls_item_list_done(&s->items);
    for (size_t i = 0; i < 4; i++) {
        kith_buf_done(&s->packages[i]);
        mls_leaf_drop(s->leaves[i]);
    }
    cast_close(&s->c);
}

static mls_item *
push(scene *s, uint16_t type)
{
    const mls_item item = {
        .proposal = {.type = type}, .sender_type = MLS_SENDER_MEMBER, .sender = 0};

    assert_err(mls_item_list_push(&s->items, &item), KITH_OK);
    return &s->items.items[s->items.count - 1];
}

static void
push_remove(scene *s, uint32_t leaf_index)
{
    push(s, MLS_PROPOSAL_REMOVE)->proposal.removed = leaf_index;
}

/* An external PSK; each `id` has bytes of its own, as in an encoded proposal. */
static mls_item *
push_psk(scene *s, uint8_t id)
{
    mls_item *item = push(s, MLS_PROPOSAL_PSK);

    memset(s->nonces[id], id, sizeof s->nonces[id]);
    item->proposal.psk = (mls_psk_id){.type = MLS_PSK_EXTERNAL,
                                      .nonce = KITH_BYTES(s->nonces[id]),
                                      .bytes = KITH_BYTES(s->nonces[id])};
    return item;
}

static void
push_add(scene *s, size_t who)
{
    kith_bytes body;
    mls_item *item = push(s, MLS_PROPOSAL_ADD);

    party_publish(&s->c, who);
    kith_buf *copy = &s->packages[s->package_count++];
    assert_err(kith_buf_set(copy, kith_bytes_of_buf(&s->c.party[who].package)), KITH_OK);
    assert_err(mls_message_open(kith_bytes_of_buf(copy), MLS_WIRE_KEY_PACKAGE, &body), KITH_OK);
    kith_reader r = kith_reader_of(body);
    assert_err(mls_key_package_decode(&r, &item->proposal.add), KITH_OK);
}

/* An Update of a member, made from `draft` or, where that leaves gaps, as it should be. */
static void
push_update(scene *s, uint32_t sender, const mls_leaf_draft *draft)
{
    const mls_group *group = s->c.party[sender].group;
    KITH_AUTO(crypto_kem_pair) pair = {0};
    mls_leaf_draft full = *draft;
    mls_item *item = push(s, MLS_PROPOSAL_UPDATE);

    assert_err(
        crypto_kem_generate(s->c.crypto, group->tools.suite->hpke.kem, &group->env->rng, &pair),
        KITH_OK);
    full.env = group->env;
    full.signer = group->signer;
    full.like = mls_tree_leaf(&group->now->tree, sender);
    full.source = full.source == 0 ? MLS_LEAF_SOURCE_UPDATE : full.source;
    full.leaf_index = full.leaf_index == 0 ? sender : full.leaf_index;
    if (full.encryption_key.len == 0) {
        full.encryption_key = kith_bytes_of_buf(&pair.public_key);
    }
    if (full.group_id.len == 0) {
        full.group_id = group->now->context.group_id;
    }
    mls_leaf **leaf = &s->leaves[s->leaf_count++];
    assert_err(mls_leaf_make(group->tools, &full, leaf), KITH_OK);
    item->sender = sender;
    item->proposal.update.leaf = (*leaf)->node;
    item->proposal.update.leaf_bytes = mls_leaf_bytes(*leaf);
}

/* Plans the list, expects the outcome, and empties the list. */
static void
expect(scene *s, kith_err expected)
{
    KITH_AUTO(mls_plan) plan = {0};
    kith_err err = mls_plan_make(&s->scope, &s->items, &plan);

    if (err == KITH_OK) {
        err = mls_tree_check_once(
            &plan.tree, (mls_leaf_set){.items = plan.changed.items, .count = plan.changed.count});
    }
    assert_err(err, expected);
    s->items.count = 0;
    for (size_t i = 0; i < 4; i++) {
        mls_leaf_drop(s->leaves[i]);
        s->leaves[i] = NULL;
        kith_buf_clear(&s->packages[i]);
    }
    s->leaf_count = 0;
    s->package_count = 0;
}

static kith_err
know_every_psk(void *ctx, const mls_psk_ref *ref, kith_secret *out)
{
    (void)ctx;
    (void)ref;
    return kith_secret_set(out, kith_bytes_of_text("psk"));
}

static void
an_update_by_the_committer_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    push_update(&s, 2, &(mls_leaf_draft){0});
    expect(&s, KITH_OK);
    s.scope.committer = 2;
    push_update(&s, 2, &(mls_leaf_draft){0});
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_removal_of_the_committer_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    push_remove(&s, 2);
    expect(&s, KITH_OK);
    push_remove(&s, 0);
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_removal_of_nobody_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    push_remove(&s, 3); /* blank */
    expect(&s, KITH_ERR_REJECTED);
    push_remove(&s, 4); /* outside the tree */
    expect(&s, KITH_ERR_REJECTED);
    push_remove(&s, MLS_LEAF_NONE);
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
two_changes_of_one_leaf_are_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    push_remove(&s, 2);
    push_remove(&s, 1);
    expect(&s, KITH_OK);
    push_remove(&s, 2);
    push_remove(&s, 2);
    expect(&s, KITH_ERR_REJECTED);
    push_remove(&s, 2);
    push_update(&s, 2, &(mls_leaf_draft){0});
    expect(&s, KITH_ERR_REJECTED);
    push_update(&s, 2, &(mls_leaf_draft){0});
    push_update(&s, 2, &(mls_leaf_draft){0});
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
the_same_client_twice_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    push_add(&s, 3);
    push_add(&s, 4);
    expect(&s, KITH_OK);
    push_add(&s, 3);
    push_add(&s, 3);
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_client_in_the_group_is_added_only_when_it_is_removed(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    push_add(&s, 2);
    expect(&s, KITH_ERR_REJECTED);
    push_add(&s, 2);
    push_remove(&s, 2);
    expect(&s, KITH_OK);
    scene_close(&s);
}

static void
a_psk_twice_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    s.c.party[1].env.find_psk = know_every_psk;
    push_psk(&s, 1);
    push_psk(&s, 2);
    expect(&s, KITH_OK);
    push_psk(&s, 1);
    push_psk(&s, 1);
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_psk_needs_a_nonce_of_the_right_length_and_an_allowed_use(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    s.c.party[1].env.find_psk = know_every_psk;
    push_psk(&s, 1)->proposal.psk.nonce.len = 31;
    expect(&s, KITH_ERR_REJECTED);
    for (uint8_t usage = MLS_PSK_USAGE_APPLICATION; usage <= MLS_PSK_USAGE_BRANCH; usage++) {
        mls_item *item = push_psk(&s, 1);
        item->proposal.psk.type = MLS_PSK_RESUMPTION;
        item->proposal.psk.usage = usage;
        expect(&s, usage == MLS_PSK_USAGE_APPLICATION ? KITH_OK : KITH_ERR_REJECTED);
    }
    scene_close(&s);
}

static void
a_missing_psk_is_not_found(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    push_psk(&s, 1);
    expect(&s, KITH_ERR_NOT_FOUND);
    scene_close(&s);
}

static void
two_group_context_extensions_are_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    push(&s, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS);
    expect(&s, KITH_OK);
    push(&s, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS);
    push(&s, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS);
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
extensions_that_a_member_does_not_support_are_unsupported(void **state)
{
    scene s;
    const uint8_t unknown[] = {0xf7, 0x77, 0x00};
    /* required_capabilities of one unknown proposal type */
    const uint8_t required[] = {0x00, 0x03, 0x05, 0x00, 0x02, 0xf7, 0x77, 0x00};
    /* required_capabilities of default types and the basic credential */
    const uint8_t fine[] = {0x00, 0x03, 0x09, 0x02, 0x00, 0x01, 0x02, 0x00, 0x02, 0x02, 0x00, 0x01};

    (void)state;
    scene_open(&s);
    push(&s, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS)->proposal.extensions = KITH_BYTES(unknown);
    expect(&s, KITH_ERR_UNSUPPORTED);
    push(&s, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS)->proposal.extensions = KITH_BYTES(required);
    expect(&s, KITH_ERR_UNSUPPORTED);
    push(&s, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS)->proposal.extensions = KITH_BYTES(fine);
    expect(&s, KITH_OK);
    scene_close(&s);
}

static void
a_reinit_with_anything_else_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    push(&s, MLS_PROPOSAL_REINIT)->proposal.reinit.version = MLS_VERSION_MLS10;
    expect(&s, KITH_OK);
    push(&s, MLS_PROPOSAL_REINIT)->proposal.reinit.version = 0;
    expect(&s, KITH_ERR_REJECTED);
    push(&s, MLS_PROPOSAL_REINIT)->proposal.reinit.version = MLS_VERSION_MLS10;
    push_remove(&s, 2);
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
an_external_init_of_a_member_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    push(&s, MLS_PROPOSAL_EXTERNAL_INIT);
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

/* ---- External commits ---- */

static mls_item *
push_external(scene *s, uint16_t type)
{
    mls_item *item = push(s, type);

    item->sender_type = MLS_SENDER_NEW_MEMBER_COMMIT;
    item->sender = MLS_LEAF_NONE;
    return item;
}

static void
an_external_commit_holds_one_init_at_most_one_removal_and_psks(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    s.c.party[1].env.find_psk = know_every_psk;
    s.scope.committer = MLS_LEAF_NONE;
    push_external(&s, MLS_PROPOSAL_EXTERNAL_INIT);
    expect(&s, KITH_OK);
    push_external(&s, MLS_PROPOSAL_EXTERNAL_INIT);
    push_external(&s, MLS_PROPOSAL_REMOVE)->proposal.removed = 2;
    push_psk(&s, 1)->sender_type = MLS_SENDER_NEW_MEMBER_COMMIT;
    expect(&s, KITH_OK);
    push_external(&s, MLS_PROPOSAL_REMOVE)->proposal.removed = 2;
    expect(&s, KITH_ERR_REJECTED); /* no init */
    push_external(&s, MLS_PROPOSAL_EXTERNAL_INIT);
    push_external(&s, MLS_PROPOSAL_EXTERNAL_INIT);
    expect(&s, KITH_ERR_REJECTED);
    push_external(&s, MLS_PROPOSAL_EXTERNAL_INIT);
    push_external(&s, MLS_PROPOSAL_REMOVE)->proposal.removed = 2;
    push_external(&s, MLS_PROPOSAL_REMOVE)->proposal.removed = 1;
    expect(&s, KITH_ERR_REJECTED);
    push_external(&s, MLS_PROPOSAL_EXTERNAL_INIT);
    push_external(&s, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS);
    expect(&s, KITH_ERR_REJECTED);
    push_external(&s, MLS_PROPOSAL_EXTERNAL_INIT);
    push_add(&s, 3);
    s.items.items[1].sender_type = MLS_SENDER_NEW_MEMBER_COMMIT;
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
an_external_commit_refers_to_nothing(void **state)
{
    scene s;
    mls_held held = {0};

    (void)state;
    scene_open(&s);
    s.scope.committer = MLS_LEAF_NONE;
    push_external(&s, MLS_PROPOSAL_EXTERNAL_INIT);
    push_external(&s, MLS_PROPOSAL_REMOVE)->proposal.removed = 2;
    s.items.items[1].held = &held;
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
outsiders_may_propose_only_some_things(void **state)
{
    static const struct {
        uint8_t sender;
        uint16_t type;
        bool allowed;
    } rows[] = {
        {MLS_SENDER_EXTERNAL, MLS_PROPOSAL_ADD, true},
        {MLS_SENDER_EXTERNAL, MLS_PROPOSAL_REMOVE, true},
        {MLS_SENDER_EXTERNAL, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS, true},
        {MLS_SENDER_EXTERNAL, MLS_PROPOSAL_UPDATE, false},
        {MLS_SENDER_EXTERNAL, MLS_PROPOSAL_EXTERNAL_INIT, false},
        {MLS_SENDER_NEW_MEMBER_PROPOSAL, MLS_PROPOSAL_ADD, true},
        {MLS_SENDER_NEW_MEMBER_PROPOSAL, MLS_PROPOSAL_REMOVE, false},
        {MLS_SENDER_NEW_MEMBER_PROPOSAL, MLS_PROPOSAL_PSK, false},
    };
    scene s;

    (void)state;
    scene_open(&s);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const mls_item item = {.proposal = {.type = rows[i].type}, .sender_type = rows[i].sender};
        assert_err(mls_item_check_kind(&s.scope, &item),
                   rows[i].allowed ? KITH_OK : KITH_ERR_REJECTED);
    }
    scene_close(&s);
}

/* ---- Single proposals ---- */

static void
an_update_must_be_made_for_this_group_leaf_and_purpose(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    const mls_tree *tree = &s.c.party[1].group->now->tree;
    push_update(&s, 2, &(mls_leaf_draft){.source = MLS_LEAF_SOURCE_COMMIT});
    expect(&s, KITH_ERR_REJECTED);
    push_update(&s, 2, &(mls_leaf_draft){.group_id = kith_bytes_of_text("another group")});
    expect(&s, KITH_ERR_REJECTED);
    push_update(&s, 2, &(mls_leaf_draft){.leaf_index = 1});
    expect(&s, KITH_ERR_REJECTED);
    push_update(&s, 2,
                &(mls_leaf_draft){.encryption_key = mls_tree_leaf(tree, 2)->node.encryption_key});
    expect(&s, KITH_ERR_REJECTED); /* the same key as before */
    push_update(&s, 2,
                &(mls_leaf_draft){.encryption_key = mls_tree_leaf(tree, 1)->node.encryption_key});
    expect(&s, KITH_ERR_REJECTED); /* another member's key */
    push_update(&s, 2, &(mls_leaf_draft){.encryption_key = kith_bytes_of_text("no key")});
    expect(&s, KITH_ERR_MALFORMED);
    scene_close(&s);
}

static void
a_key_package_of_another_suite_time_or_lifetime_is_rejected(void **state)
{
    scene s;
    mls_package_rules rules = {
        .lifetime_max_s = MLS_LIFETIME_DEFAULT_S, .check_time = true, .now_s = NOW_S};

    (void)state;
    scene_open(&s);
    push_add(&s, 3);
    mls_key_package *package = &s.items.items[0].proposal.add;
    const mls_tools tools = s.c.party[1].group->tools;
    assert_err(mls_key_package_check(tools, package, &rules), KITH_OK);
    rules.now_s = NOW_S + 86400 + 1;
    assert_err(mls_key_package_check(tools, package, &rules), KITH_ERR_REJECTED);
    rules.now_s = NOW_S - 3600 - 1;
    assert_err(mls_key_package_check(tools, package, &rules), KITH_ERR_REJECTED);
    rules.check_time = false; /* a receiver may be late, the sender may not */
    assert_err(mls_key_package_check(tools, package, &rules), KITH_OK);
    rules.lifetime_max_s = 86400 + 3600 - 1;
    assert_err(mls_key_package_check(tools, package, &rules), KITH_ERR_REJECTED);
    rules.lifetime_max_s++;
    assert_err(mls_key_package_check(tools, package, &rules), KITH_OK);
    package->suite = MLS_SUITE_X25519_CHACHA_ED25519;
    assert_err(mls_key_package_check(tools, package, &rules), KITH_ERR_REJECTED);
    package->suite = s.c.suite;
    const kith_bytes init_key = package->init_key;
    package->init_key = package->leaf.encryption_key;
    assert_err(mls_key_package_check(tools, package, &rules), KITH_ERR_REJECTED);
    package->init_key = init_key;
    package->signature.len--;
    assert_err(mls_key_package_check(tools, package, &rules), KITH_ERR_REJECTED);
    scene_close(&s);
}

static kith_err
refuse_all(void *ctx, const mls_check *check)
{
    mls_check_purpose *seen = ctx;

    *seen = check->purpose;
    return KITH_ERR_REJECTED;
}

static void
a_credential_that_the_caller_refuses_is_rejected(void **state)
{
    scene s;
    mls_check_purpose seen = MLS_CHECK_JOINED;

    (void)state;
    scene_open(&s);
    s.c.party[1].env.check = refuse_all;
    s.c.party[1].env.ctx = &seen;
    push_add(&s, 3);
    expect(&s, KITH_ERR_REJECTED);
    assert_int_equal(seen, MLS_CHECK_ADDED);
    push_update(&s, 2, &(mls_leaf_draft){0});
    expect(&s, KITH_OK); /* nothing new is said of who it is */
    scene_close(&s);
}

/* A pending proposal that no commit can hold any more does not keep the group from moving on. */
static void
a_pending_add_that_ran_out_is_left_out(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 3, 72);
    party_found(&c, 0);
    cast_add(&c, 0, 1);
    party_publish(&c, 2);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&c.party[2].package)};
    cast_propose(&c, 1, &add);

    assert_err(mls_group_commit(c.party[0].group, &(mls_commit_params){.now_s = NOW_S + 86401},
                                &commit, &welcome),
               KITH_OK);

    assert_int_equal(welcome.len, 0);
    mls_group_discard_own(c.party[0].group);
    kith_buf_clear(&commit);
    assert_err(mls_group_commit(c.party[0].group, &(mls_commit_params){.now_s = NOW_S + 86400},
                                &commit, &welcome),
               KITH_OK);
    assert_true(welcome.len > 0);
    cast_close(&c);
}

/* What a group asks for may change with the commit that holds the proposal: a receiver keeps it until then
 * [RFC9420 §12.3]. */
static void
a_newcomer_that_lacks_what_is_asked_for_comes_with_the_proposal_that_asks_no_more(void **state)
{
    static const uint16_t known[] = {0xff05};
    cast c;
    const mls_ext extension = {.type = 0xff05};
    const mls_proposal_params set = {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
                                     .extensions = &extension,
                                     .extension_count = 1};
    const mls_proposal_params clear = {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS};
    const size_t joiner = 2;

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 3, 73);
    for (size_t i = 0; i < 2; i++) {
        c.party[i].env.extension_types = known;
        c.party[i].env.extension_type_count = 1;
    }
    party_found(&c, 0);
    cast_add(&c, 0, 1);
    cast_commit(&c, 0, &(mls_commit_params){.proposals = &set, .proposal_count = 1}, NULL, 0);
    party_publish(&c, 2);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&c.party[2].package)};
    cast_propose(&c, 0, &clear);
    mls_epoch *epoch = c.party[1].group->now;
    const kith_bytes asked = epoch->context.extensions;
    epoch->context.extensions = (kith_bytes){0}; /* who proposes it knows what will be asked for */
    cast_propose(&c, 1, &add);
    epoch->context.extensions = asked;

    cast_commit(&c, 1, &(mls_commit_params){.now_s = NOW_S}, &joiner, 1);

    cast_agree(&c);
    cast_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pending_add_that_ran_out_is_left_out),
        cmocka_unit_test(
            a_newcomer_that_lacks_what_is_asked_for_comes_with_the_proposal_that_asks_no_more),
        cmocka_unit_test(an_update_by_the_committer_is_rejected),
        cmocka_unit_test(a_removal_of_the_committer_is_rejected),
        cmocka_unit_test(a_removal_of_nobody_is_rejected),
        cmocka_unit_test(two_changes_of_one_leaf_are_rejected),
        cmocka_unit_test(the_same_client_twice_is_rejected),
        cmocka_unit_test(a_client_in_the_group_is_added_only_when_it_is_removed),
        cmocka_unit_test(a_psk_twice_is_rejected),
        cmocka_unit_test(a_psk_needs_a_nonce_of_the_right_length_and_an_allowed_use),
        cmocka_unit_test(a_missing_psk_is_not_found),
        cmocka_unit_test(two_group_context_extensions_are_rejected),
        cmocka_unit_test(extensions_that_a_member_does_not_support_are_unsupported),
        cmocka_unit_test(a_reinit_with_anything_else_is_rejected),
        cmocka_unit_test(an_external_init_of_a_member_is_rejected),
        cmocka_unit_test(an_external_commit_holds_one_init_at_most_one_removal_and_psks),
        cmocka_unit_test(an_external_commit_refers_to_nothing),
        cmocka_unit_test(outsiders_may_propose_only_some_things),
        cmocka_unit_test(an_update_must_be_made_for_this_group_leaf_and_purpose),
        cmocka_unit_test(a_key_package_of_another_suite_time_or_lifetime_is_rejected),
        cmocka_unit_test(a_credential_that_the_caller_refuses_is_rejected),
    };

    return cmocka_run_group_tests_name("mls: lists of proposals", tests, NULL, NULL);
}
