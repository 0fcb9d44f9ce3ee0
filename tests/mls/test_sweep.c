/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every public call with the N-th allocation failing, for all N, and with randomness running out: the right
 * error, nothing lost, nothing leaked, the state as before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/join.h"
#include "mls/party.h"

/* What a swept call works on: a small group, and messages prepared for it. */
typedef struct scene {
    cast c;
    kith_buf out;
    kith_buf more;
    kith_buf text; /* application message for party 1 */
    kith_buf proposal; /* for party 1 */
    kith_buf commit; /* for party 1, covers an Add and a path */
    kith_buf welcome; /* for party 3 */
    kith_buf info; /* GroupInfo */
    kith_buf saved;
    kith_buf saved_secrets; /* the same in parts */
    kith_buf saved_tree;
    kith_buf targeted; /* TargetedMessage for party 1 */
    kith_buf sealed; /* for a component of party 1 */
    kith_buf signature; /* of party 0, for that component */
} scene;

static const mls_component_use use = {.component_id = 0x8001, .label = "label"};
static const mls_proposal_params data_update = {.type = MLS_PROPOSAL_APP_DATA_UPDATE,
                                                .component_id = 0x8001};

static kith_err
keep_data(void *ctx, const mls_app_change *change, kith_buf *after)
{
    (void)ctx;
    return kith_buf_append(after, change->data);
}

/* All know components and messages for one member. */
static void
equip(cast *c, const mls_ext *formats)
{
    static const uint16_t proposals[] = {MLS_PROPOSAL_APP_DATA_UPDATE, MLS_PROPOSAL_SELF_REMOVE};
    static const uint16_t extensions[] = {MLS_EXT_APP_DATA_DICTIONARY};

    for (size_t i = 0; i < c->count; i++) {
        c->party[i].env.proposal_types = proposals;
        c->party[i].env.proposal_type_count = 2;
        c->party[i].env.extension_types = extensions;
        c->party[i].env.extension_type_count = 1;
        c->party[i].env.app_data = keep_data;
        c->party[i].leaf_extensions = formats;
        c->party[i].leaf_extension_count = 1;
    }
}

/* One call under test: on success it may change the group. */
typedef kith_err (*call)(scene *s);

static void
scene_open(scene *s)
{
    static const uint8_t targeted[] = {2, 0, MLS_WIRE_TARGETED_MESSAGE};
    static const mls_ext formats = {.type = MLS_EXT_SUPPORTED_WIRE_FORMATS,
                                    .data = {targeted, sizeof targeted}};

    memset(s, 0, sizeof *s);
    cast_open(&s->c, MLS_SUITE_X25519_AES128_ED25519, 4, 5);
    equip(&s->c, &formats);
    party_found(&s->c, 0);
    cast_add(&s->c, 0, 1);
    cast_add(&s->c, 1, 2);
    /* Everyone was heard once: what remains of a failed call is then exactly nothing, not even secrets that
     * were split for the first time. */
    for (size_t i = 0; i < 3; i++) {
        cast_say(&s->c, i, "hello");
    }
    party *p = &s->c.party[0];
    party_publish(&s->c, 3);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&s->c.party[3].package)};
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};
    assert_err(mls_group_protect(p->group,
                                 &(mls_protect_params){.plaintext = kith_bytes_of_text("text")},
                                 NULL, &s->text),
               KITH_OK);
    assert_err(mls_group_commit(
                   p->group,
                   &(mls_commit_params){
                       .proposals = &add, .proposal_count = 1, .force_path = true, .now_s = NOW_S},
                   &s->commit, &s->welcome),
               KITH_OK);
    mls_group_discard_own(p->group);
    assert_err(
        mls_group_propose(s->c.party[2].group, &update, (kith_bytes){0}, NOW_S, &s->proposal),
        KITH_OK);
    assert_err(mls_group_info(p->group, &(mls_group_info_params){0}, &s->info), KITH_OK);
    assert_err(mls_group_target(p->group, &(mls_target_params){.recipient = 1}, &s->targeted),
               KITH_OK);
    assert_err(
        mls_group_safe_encrypt(p->group, 1, use, &(mls_component_text){.text = {0}}, &s->sealed),
        KITH_OK);
    assert_err(mls_group_safe_sign(p->group, use, (kith_bytes){0}, &s->signature), KITH_OK);
}

static void
scene_close(scene *s)
{
    kith_buf *const all[] = {&s->out,      &s->more,    &s->text,          &s->proposal,
                             &s->commit,   &s->welcome, &s->info,          &s->saved,
                             &s->targeted, &s->sealed,  &s->saved_secrets, &s->saved_tree,
                             &s->signature};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        kith_buf_done(all[i]);
    }
    cast_close(&s->c);
}

/* ---- The calls; party 1 is the one whose ports fail ---- */

static kith_err
call_receive(scene *s, const kith_buf *message)
{
    KITH_AUTO(mls_received) received = {0};
    party *p = &s->c.party[1];

    return mls_group_receive(p->group, kith_bytes_of_buf(message), NOW_S, &received);
}

static kith_err
call_receive_text(scene *s)
{
    return call_receive(s, &s->text);
}

static kith_err
call_receive_proposal(scene *s)
{
    return call_receive(s, &s->proposal);
}

static kith_err
call_receive_commit(scene *s)
{
    return call_receive(s, &s->commit);
}

static kith_err
call_receive_targeted(scene *s)
{
    return call_receive(s, &s->targeted);
}

static kith_err
call_target(scene *s)
{
    return mls_group_target(s->c.party[1].group, &(mls_target_params){.recipient = 0, .pad_to = 64},
                            &s->out);
}

static kith_err
call_safe_export(scene *s)
{
    KITH_AUTO(kith_secret) secret = {0};

    return mls_group_safe_export(s->c.party[1].group, 0x8001, &secret);
}

static kith_err
call_safe_verify(scene *s)
{
    return mls_epoch_safe_verify(mls_group_epoch(s->c.party[1].group), 0, use, (kith_bytes){0},
                                 kith_bytes_of_buf(&s->signature));
}

static kith_err
call_safe_sign(scene *s)
{
    return mls_group_safe_sign(s->c.party[1].group, use, (kith_bytes){0}, &s->out);
}

static kith_err
call_safe_encrypt(scene *s)
{
    return mls_group_safe_encrypt(s->c.party[1].group, MLS_LEAF_NONE, use,
                                  &(mls_component_text){.text = kith_bytes_of_text("x")}, &s->out);
}

static kith_err
call_safe_decrypt(scene *s)
{
    return mls_group_safe_decrypt(s->c.party[1].group, false, use,
                                  &(mls_component_text){.text = kith_bytes_of_buf(&s->sealed)},
                                  &s->out);
}

static kith_err
call_welcome_inspect(scene *s)
{
    const kith_bytes blob = kith_bytes_of_buf(&s->c.party[3].blob);
    KITH_AUTO(mls_welcome_info) info = {0};

    return mls_welcome_inspect(&s->c.party[1].env,
                               &(mls_join_params){.welcome = kith_bytes_of_buf(&s->welcome),
                                                  .private_blobs = &blob,
                                                  .private_blob_count = 1},
                               &info);
}

static kith_err
call_propose_leaving(scene *s)
{
    const mls_proposal_params leaving = {.type = MLS_PROPOSAL_SELF_REMOVE};

    return mls_group_propose(s->c.party[1].group, &leaving, (kith_bytes){0}, NOW_S, &s->out);
}

static kith_err
call_commit_data(scene *s)
{
    return mls_group_commit(
        s->c.party[1].group,
        &(mls_commit_params){.proposals = &data_update, .proposal_count = 1, .now_s = NOW_S},
        &s->out, &s->more);
}

static kith_err
call_protect(scene *s)
{
    return mls_group_protect(
        s->c.party[1].group,
        &(mls_protect_params){.plaintext = kith_bytes_of_text("mine"), .pad_to = 128}, NULL,
        &s->out);
}

static kith_err
call_propose(scene *s)
{
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};

    return mls_group_propose(s->c.party[1].group, &update, (kith_bytes){0}, NOW_S, &s->out);
}

static kith_err
call_commit(scene *s)
{
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&s->c.party[3].package)};
    const mls_leaf_params leaf = party_leaf(&s->c.party[1]);

    return mls_group_commit(
        s->c.party[1].group,
        &(mls_commit_params){.proposals = &add, .proposal_count = 1, .leaf = &leaf, .now_s = NOW_S},
        &s->out, &s->more);
}

static kith_err
call_save(scene *s)
{
    return mls_group_save(s->c.party[1].group, &s->out);
}

static kith_err
call_load(scene *s)
{
    mls_group *loaded = NULL;
    const kith_err err = mls_group_load(&s->c.party[1].env, kith_bytes_of_buf(&s->saved), &loaded);

    mls_group_free(loaded);
    return err;
}

static kith_err
call_info(scene *s)
{
    return mls_group_info(s->c.party[1].group, &(mls_group_info_params){0}, &s->out);
}

static kith_err
call_join(scene *s)
{
    const kith_bytes blob = kith_bytes_of_buf(&s->c.party[3].blob);
    mls_group *joined = NULL;
    const kith_err err =
        mls_group_join(&s->c.party[1].env,
                       &(mls_join_params){.welcome = kith_bytes_of_buf(&s->welcome),
                                          .private_blobs = &blob,
                                          .private_blob_count = 1,
                                          .now_s = NOW_S},
                       NULL, &joined);

    mls_group_free(joined);
    return err;
}

static kith_err
call_join_external(scene *s)
{
    mls_group *joined = NULL;
    const kith_err err =
        mls_group_join_external(&s->c.party[1].env,
                                &(mls_external_params){.group_info = kith_bytes_of_buf(&s->info),
                                                       .leaf = party_leaf(&s->c.party[3]),
                                                       .replaces = MLS_LEAF_NONE,
                                                       .now_s = NOW_S},
                                &s->out, &joined);

    mls_group_free(joined);
    return err;
}

static kith_err
call_found(scene *s)
{
    mls_group *group = NULL;
    const kith_err err =
        mls_group_new(&s->c.party[1].env,
                      &(mls_group_params){.suite = s->c.suite,
                                          .group_id = kith_bytes_of_text("another"),
                                          .leaf = party_leaf(&s->c.party[1])},
                      &group);

    mls_group_free(group);
    return err;
}

static kith_err
call_key_package(scene *s)
{
    return mls_key_package_new(&s->c.party[1].env,
                               &(mls_key_package_params){.suite = s->c.suite,
                                                         .leaf = party_leaf(&s->c.party[1]),
                                                         .not_before_s = NOW_S,
                                                         .not_after_s = NOW_S + 60,
                                                         .last_resort = true},
                               &s->out, &s->more);
}

static kith_err
call_inspect(scene *s)
{
    mls_key_package_info info;

    return mls_key_package_inspect(&s->c.party[1].env, kith_bytes_of_buf(&s->c.party[3].package),
                                   NOW_S, &info);
}

static kith_err
call_signature_key(scene *s)
{
    KITH_AUTO(kith_secret) key = {0};

    return mls_signature_key_new(&s->c.party[1].env, s->c.suite, &key, &s->out);
}

/* Of the package that party 3 has published. */
static kith_err
call_import(scene *s)
{
    mls_private_package own;

    KITH_TRY(mls_private_package_decode(kith_bytes_of_buf(&s->c.party[3].blob), &own));
    return mls_key_package_import(&s->c.party[1].env, kith_bytes_of_buf(&s->c.party[3].package),
                                  &(mls_package_keys){.init_private = own.init_private,
                                                      .leaf_private = own.leaf_private,
                                                      .signature_private = own.signature_private},
                                  &s->out);
}

static kith_err
call_package_ref(scene *s)
{
    return mls_key_package_ref(&s->c.party[1].env, kith_bytes_of_buf(&s->c.party[3].package),
                               &s->out);
}

static kith_err
call_private_ref(scene *s)
{
    return mls_key_package_private_ref(&s->c.party[1].env, kith_bytes_of_buf(&s->c.party[3].blob),
                                       &s->out);
}

static kith_err
call_ratchet_tree(scene *s)
{
    return mls_epoch_ratchet_tree(mls_group_epoch(s->c.party[1].group), &s->out);
}

static kith_err
call_external_senders(scene *s)
{
    const mls_external_sender sender = {.identity = party_leaf(&s->c.party[1]).identity,
                                        .signature_key =
                                            kith_bytes_of_buf(&s->c.party[1].signature_public)};

    return mls_external_senders_write(&sender, 1, &s->out);
}

static kith_err
call_save_parts(scene *s)
{
    return mls_group_save_parts(s->c.party[1].group, &s->out, &s->more);
}

static kith_err
call_load_parts(scene *s)
{
    mls_group *loaded = NULL;
    const kith_err err =
        mls_group_load_parts(&s->c.party[1].env, kith_bytes_of_buf(&s->saved_secrets),
                             kith_bytes_of_buf(&s->saved_tree), &loaded);

    mls_group_free(loaded);
    return err;
}

static kith_err
call_components(scene *s)
{
    const mls_component item = {.id = 0x8001, .data = kith_bytes_of_text("data")};

    return mls_components_write(&item, 1, &s->out);
}

static kith_err
call_component_ids(scene *s)
{
    const uint16_t id = 0x8001;

    return mls_component_ids_write(&id, 1, &s->out);
}

static const struct {
    const char *name;
    call run;
    bool needs_random;
} calls[] = {
    {"receive text", call_receive_text, false},
    {"receive proposal", call_receive_proposal, false},
    {"receive commit", call_receive_commit, false},
    {"protect", call_protect, true},
    {"propose", call_propose, true},
    {"commit", call_commit, true},
    {"save", call_save, false},
    {"load", call_load, false},
    {"group info", call_info, false},
    {"join", call_join, false},
    {"join external", call_join_external, true},
    {"found", call_found, true},
    {"key package", call_key_package, true},
    {"inspect", call_inspect, false},
    {"signature key", call_signature_key, true},
    {"import", call_import, false},
    {"ref of a package", call_package_ref, false},
    {"ref of a private blob", call_private_ref, false},
    {"ratchet tree", call_ratchet_tree, false},
    {"external senders", call_external_senders, false},
    {"save in parts", call_save_parts, false},
    {"load from parts", call_load_parts, false},
    {"components", call_components, false},
    {"component ids", call_component_ids, false},
    {"receive targeted", call_receive_targeted, false},
    {"target", call_target, true},
    {"safe export", call_safe_export, false},
    {"safe sign", call_safe_sign, false},
    {"safe verify", call_safe_verify, false},
    {"safe encrypt", call_safe_encrypt, true},
    {"safe decrypt", call_safe_decrypt, false},
    {"welcome inspect", call_welcome_inspect, false},
    {"propose leaving", call_propose_leaving, false},
    {"commit data", call_commit_data, true},
};

/* ---- The sweep ---- */

static void
assert_unchanged(scene *s, const kith_buf *before)
{
    KITH_AUTO(kith_buf) now = {0};

    assert_err(mls_group_save(s->c.party[1].group, &now), KITH_OK);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&now), kith_bytes_of_buf(before)));
    assert_int_equal(s->out.len, 0);
    assert_int_equal(s->more.len, 0);
    assert_null(mls_group_own_staged(s->c.party[1].group));
}

/* Fails the ports of party 1 after `n` uses; returns whether the call still succeeded. */
static bool
try_once(scene *s, call run, uint64_t n, bool random)
{
    party *p = &s->c.party[1];
    KITH_AUTO(kith_buf) before = {0};

    assert_err(mls_group_save(p->group, &before), KITH_OK);
    if (random) {
        p->rng.fail_after = p->rng.calls + n;
    } else {
        p->alloc.fail_after = p->alloc.calls + n;
    }
    s->out.alloc = random ? NULL : &p->alloc.port;
    s->more.alloc = s->out.alloc;
    const kith_err err = run(s);
    p->rng.fail_after = UINT64_MAX;
    p->alloc.fail_after = UINT64_MAX;
    if (err == KITH_OK) {
        return true;
    }
    assert_err(err, random ? KITH_ERR_NO_RANDOM : KITH_ERR_NO_MEMORY);
    assert_unchanged(s, &before);
    return false;
}

static void
sweep(bool random)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        scene s;
        uint64_t n = 0;
        if (random && !calls[i].needs_random) {
            continue;
        }
        scene_open(&s);
        assert_err(mls_group_save(s.c.party[1].group, &s.saved), KITH_OK);
        assert_err(mls_group_save_parts(s.c.party[1].group, &s.saved_secrets, &s.saved_tree),
                   KITH_OK);
        while (!try_once(&s, calls[i].run, n, random)) {
            n++;
            assert_true(n < 100000);
        }
        print_message("# %s: %llu failures\n", calls[i].name, (unsigned long long)n);
        assert_true(n > 0);
        kith_buf_done(&s.out);
        kith_buf_done(&s.more);
        scene_close(&s);
    }
}

static void
every_failing_allocation_leaves_the_state_as_before(void **state)
{
    (void)state;
    sweep(false);
}

static void
running_out_of_randomness_leaves_the_state_as_before(void **state)
{
    (void)state;
    sweep(true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_allocation_leaves_the_state_as_before),
        cmocka_unit_test(running_out_of_randomness_leaves_the_state_as_before),
    };

    return cmocka_run_group_tests_name("mls: failing ports", tests, NULL, NULL);
}
