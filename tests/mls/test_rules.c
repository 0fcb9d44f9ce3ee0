/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Welcomes and commits of an insider who breaks one rule and keeps all others [RFC9420 §7.3, §11.1, §12.2, §12.4]: what
 * depends on the broken part (tree hash, key schedule, signatures) is made anew, so that nothing else is wrong.
 * docs/mls-rules.md says which test is for which rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/commit.h"
#include "mls/party.h"

#define SUITE MLS_SUITE_X25519_AES128_ED25519

/* Member 0 adds party 3 to a group of three, by hand. */
typedef struct scene {
    cast c;
    mls_item_list items;
    mls_job job;
    mls_info_parts parts;
    kith_buf context; /* of the next epoch, as changed */
    kith_buf welcome;
} scene;

static void
push_add(scene *s, size_t who, mls_item_list *items)
{
    kith_bytes body;
    mls_item item = {.proposal = {.type = MLS_PROPOSAL_ADD}, .sender_type = MLS_SENDER_MEMBER};

    assert_err(
        mls_message_open(kith_bytes_of_buf(&s->c.party[who].package), MLS_WIRE_KEY_PACKAGE, &body),
        KITH_OK);
    kith_reader r = kith_reader_of(body);
    assert_err(mls_key_package_decode(&r, &item.proposal.add), KITH_OK);
    item.proposal.bytes = body;
    assert_err(mls_item_list_push(items, &item), KITH_OK);
}

static mls_leaf_draft
own_draft(const mls_group *group)
{
    return (mls_leaf_draft){.env = group->env,
                            .signer = group->signer,
                            .like = mls_tree_leaf(&group->now->tree, 0),
                            .group_id = group->now->context.group_id};
}

/* Everything up to the next epoch, with the Add of `added`. */
static void
scene_open(scene *s, bool with_path, size_t added)
{
    memset(s, 0, sizeof *s);
    cast_open(&s->c, SUITE, 5, 71);
    party_found(&s->c, 0);
    cast_add(&s->c, 0, 1);
    cast_add(&s->c, 0, 2);
    party_publish(&s->c, 3);
    party_publish(&s->c, 4);
    mls_group *group = s->c.party[0].group;
    const mls_plan_scope scope = {.env = group->env, .group = group, .epoch = group->now};
    s->job = (mls_job){.env = group->env,
                       .tools = group->tools,
                       .old = group->now,
                       .signer = group->signer,
                       .new_signer = group->signer,
                       .sender_type = MLS_SENDER_MEMBER,
                       .wire = MLS_WIRE_PUBLIC_MESSAGE};
    s->parts.with_tree = true;
    push_add(s, added, &s->items);
    assert_err(mls_plan_make(&scope, &s->items, &s->job.plan), KITH_OK);
    if (with_path) {
        const mls_leaf_draft draft = own_draft(group);
        assert_err(mls_job_add_path(&s->job, &draft), KITH_OK);
    }
    assert_err(mls_job_finish(&s->job, &s->items, kith_bytes_of_secret(&group->now->secrets.init)),
               KITH_OK);
    assert_err(kith_buf_set(&s->context, kith_bytes_of_buf(&s->job.next->context_bytes)), KITH_OK);
}

static void
scene_close(scene *s)
{
    mls_job_done(&s->job);
    mls_item_list_done(&s->items);
    kith_buf_done(&s->context);
    kith_buf_done(&s->welcome);
    cast_close(&s->c);
}

/* The next epoch of another context and tree, with all that follows from them. */
static void
rederive(scene *s, const mls_group_context *context)
{
    kith_writer w = kith_writer_of(&s->context);
    mls_epoch *next = NULL;

    kith_buf_clear(&s->context);
    assert_err(mls_group_context_encode(&w, context), KITH_OK);
    const mls_epoch_input in = {.context = kith_bytes_of_buf(&s->context),
                                .tree = &s->job.plan.tree,
                                .joiner_secret = kith_bytes_of_secret(&s->job.joiner),
                                .psk_secret = kith_bytes_of_secret(&s->job.plan.psk_secret)};
    assert_err(mls_epoch_derive(s->job.tools, &in, &next), KITH_OK);
    mls_epoch_free(s->job.next);
    s->job.next = next;
}

/* The context of the next epoch; its fields borrow `copy`. */
static mls_group_context
next_context(const scene *s, kith_buf *copy)
{
    mls_group_context context;

    assert_err(kith_buf_set(copy, kith_bytes_of_buf(&s->job.next->context_bytes)), KITH_OK);
    kith_reader r = kith_reader_of(kith_bytes_of_buf(copy));
    assert_err(mls_group_context_decode(&r, &context), KITH_OK);
    return context;
}

/* A changed tree, and the context that belongs to it. */
static void
rehash(scene *s)
{
    KITH_AUTO(kith_buf) copy = {0};
    mls_group_context context = next_context(s, &copy);
    mls_hash hash = {.len = 32};

    assert_err(mls_tree_hash(&s->job.plan.tree, hash.bytes), KITH_OK);
    context.tree_hash = mls_hash_bytes(&hash);
    rederive(s, &context);
}

/* Party 3 joins by what was made. */
static void
expect_of(scene *s, const mls_item_list *items, kith_err expected)
{
    party *p = &s->c.party[3];
    const kith_bytes blob = kith_bytes_of_buf(&p->blob);
    mls_group *joined = NULL;

    kith_buf_clear(&s->welcome);
    assert_err(mls_welcome_write(&s->job, items, &s->parts, &s->welcome), KITH_OK);
    const kith_err err =
        mls_group_join(&p->env,
                       &(mls_join_params){.welcome = kith_bytes_of_buf(&s->welcome),
                                          .private_blobs = &blob,
                                          .private_blob_count = 1,
                                          .now_s = NOW_S},
                       NULL, &joined);
    assert_err(err, expected);
    mls_group_free(joined);
}

static void
expect(scene *s, kith_err expected)
{
    expect_of(s, &s->items, expected);
}

/* ---- What a GroupInfo says [RFC9420 §12.4.3] ---- */

static void
a_group_info_must_fit_the_tree_suite_and_epoch(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) copy = {0};
    uint8_t other_hash[32] = {1};

    (void)state;
    scene_open(&s, true, 3);
    expect(&s, KITH_OK);
    mls_group_context context = next_context(&s, &copy);
    rederive(&s, &context);
    expect(&s, KITH_OK); /* made anew it is still right */
    const kith_bytes tree_hash = context.tree_hash;
    context.tree_hash = KITH_BYTES(other_hash);
    rederive(&s, &context);
    expect(&s, KITH_ERR_REJECTED);
    context.tree_hash = tree_hash;
    context.suite = MLS_SUITE_X25519_CHACHA_ED25519;
    rederive(&s, &context);
    expect(&s, KITH_ERR_REJECTED);
    context.suite = SUITE;
    rederive(&s, &context);
    s.job.next->confirmation_tag.bytes[31] ^= 1;
    expect(&s, KITH_ERR_REJECTED);
    s.job.next->confirmation_tag.bytes[31] ^= 1;
    expect(&s, KITH_OK);
    scene_close(&s);
}

static void
a_group_info_must_be_signed_by_the_member_that_it_names(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, false, 3);
    expect(&s, KITH_OK);
    s.job.sender = 2; /* signed by 0 */
    expect(&s, KITH_ERR_REJECTED);
    s.job.new_signer = s.c.party[2].group->signer;
    expect(&s, KITH_OK); /* any member may sign */
    s.job.new_signer = s.job.signer;
    s.job.sender = 7; /* outside the tree */
    expect(&s, KITH_ERR_REJECTED);
    s.job.sender = MLS_LEAF_NONE;
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_group_info_signed_in_the_name_of_a_blank_leaf_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, false, 3);
    assert_err(mls_tree_remove(&s.job.plan.tree, 1), KITH_OK);
    rehash(&s);
    expect(&s, KITH_OK);
    s.job.sender = 1;
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_group_without_ones_own_leaf_is_rejected(void **state)
{
    scene s;
    KITH_AUTO(mls_item_list) items = {0};

    (void)state;
    scene_open(&s, false, 4); /* adds 4, welcomes 3 */
    push_add(&s, 3, &items);
    expect_of(&s, &items, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_path_secret_must_lead_to_the_keys_of_the_tree(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, true, 3);
    expect(&s, KITH_OK);
    kith_secret *secret = &s.job.path.secrets[mls_tree_meeting_level(0, 3)];
    assert_int_equal(secret->len, 32);
    secret->data[0] ^= 1;
    expect(&s, KITH_ERR_REJECTED);
    secret->data[0] ^= 1;
    secret->len = 31;
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_group_whose_extensions_the_newcomer_does_not_support_is_unsupported(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) copy = {0};
    const uint8_t unknown[] = {0xf7, 0x77, 0};
    /* required_capabilities: an extension, a proposal, a credential that the newcomer does not have */
    const uint8_t extension[] = {0, 3, 5, 2, 0xf7, 0x77, 0, 0};
    const uint8_t proposal[] = {0, 3, 5, 0, 2, 0xf7, 0x77, 0};
    const uint8_t credential[] = {0, 3, 5, 0, 0, 2, 0xf7, 0x77};
    const uint8_t basic[] = {0, 3, 5, 0, 0, 2, 0, MLS_CREDENTIAL_BASIC};
    const kith_bytes lists[] = {KITH_BYTES(unknown), KITH_BYTES(extension), KITH_BYTES(proposal),
                                KITH_BYTES(credential)};

    (void)state;
    scene_open(&s, false, 3);
    mls_group_context context = next_context(&s, &copy);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        context.extensions = lists[i];
        rederive(&s, &context);
        expect(&s, KITH_ERR_UNSUPPORTED);
    }
    context.extensions = KITH_BYTES(basic);
    rederive(&s, &context);
    expect(&s, KITH_OK);
    scene_close(&s);
}

/* ---- Leaves in the tree that a Welcome brings [RFC9420 §7.3] ---- */

/* Puts another leaf in the place of member 2, signed by member 2 where `signer` is NULL. */
static void
plant(scene *s, mls_leaf_draft draft, crypto_sign_key *signer)
{
    const mls_group *group = s->c.party[2].group;
    KITH_AUTO(crypto_kem_pair) pair = {0};
    mls_leaf *leaf = NULL;

    draft.env = group->env;
    draft.signer = signer != NULL ? signer : group->signer;
    draft.like = draft.identity.type != 0 ? NULL : mls_tree_leaf(&group->now->tree, 2);
    draft.source = draft.source != 0 ? draft.source : MLS_LEAF_SOURCE_UPDATE;
    draft.group_id = draft.group_id.len > 0 ? draft.group_id : group->now->context.group_id;
    draft.leaf_index = draft.leaf_index != 0 ? draft.leaf_index : 2;
    assert_err(
        crypto_kem_generate(s->c.crypto, group->tools.suite->hpke.kem, &group->env->rng, &pair),
        KITH_OK);
    if (draft.encryption_key.len == 0) {
        draft.encryption_key = kith_bytes_of_buf(&pair.public_key);
    }
    assert_err(mls_leaf_make(group->tools, &draft, &leaf), KITH_OK);
    assert_err(mls_tree_update(&s->job.plan.tree, 2, leaf), KITH_OK);
    mls_leaf_drop(leaf);
    rehash(s);
}

static void
a_leaf_must_be_signed_for_this_group_and_place(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, false, 3);
    plant(&s, (mls_leaf_draft){0}, NULL);
    expect(&s, KITH_OK);
    plant(&s, (mls_leaf_draft){.group_id = kith_bytes_of_text("another group")}, NULL);
    expect(&s, KITH_ERR_REJECTED);
    plant(&s, (mls_leaf_draft){.leaf_index = 1}, NULL);
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

/* Each kind of leaf passes in its own place and in no other. */
static void
a_key_package_and_a_commit_have_leaves_of_their_own_kind(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, false, 3);
    const mls_group *group = s.c.party[2].group;
    const mls_leaf *like = mls_tree_leaf(&group->now->tree, 2);
    for (uint8_t made = MLS_LEAF_SOURCE_KEY_PACKAGE; made <= MLS_LEAF_SOURCE_COMMIT; made++) {
        const mls_leaf_draft draft = {.env = group->env,
                                      .signer = group->signer,
                                      .like = like,
                                      .encryption_key = like->node.encryption_key,
                                      .source = made,
                                      .parent_hash = like->node.signature_key,
                                      .group_id = group->now->context.group_id,
                                      .leaf_index = 2};
        mls_leaf *leaf = NULL;
        assert_err(mls_leaf_make(group->tools, &draft, &leaf), KITH_OK);
        for (uint8_t place = MLS_LEAF_SOURCE_KEY_PACKAGE; place <= MLS_LEAF_SOURCE_COMMIT;
             place++) {
            const mls_leaf_rules rules = {
                .source = place, .group_id = group->now->context.group_id, .leaf_index = 2};
            assert_err(mls_leaf_check(group->tools, leaf, &rules),
                       made == place ? KITH_OK : KITH_ERR_REJECTED);
        }
        mls_leaf_drop(leaf);
    }
    scene_close(&s);
}

static void
a_leaf_with_a_key_of_another_member_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, false, 3);
    const mls_leaf *other = mls_tree_leaf(&s.job.plan.tree, 1);
    plant(&s, (mls_leaf_draft){.encryption_key = other->node.encryption_key}, NULL);
    expect(&s, KITH_ERR_REJECTED);
    plant(&s, (mls_leaf_draft){0}, s.c.party[1].group->signer); /* the signature key of 1 */
    expect(&s, KITH_ERR_REJECTED);
    plant(&s, (mls_leaf_draft){0}, NULL);
    expect(&s, KITH_OK);
    scene_close(&s);
}

static void
a_leaf_with_no_key_at_all_is_malformed(void **state)
{
    scene s;
    const uint8_t zero[32] = {0};

    (void)state;
    scene_open(&s, false, 3);
    plant(&s, (mls_leaf_draft){.encryption_key = kith_bytes_of(zero, 31)}, NULL);
    expect(&s, KITH_ERR_MALFORMED);
    scene_close(&s);
}

static void
a_leaf_that_lives_too_long_is_rejected(void **state)
{
    scene s;
    mls_leaf_draft draft = {.source = MLS_LEAF_SOURCE_KEY_PACKAGE,
                            .not_before_s = NOW_S,
                            .not_after_s = NOW_S + MLS_LIFETIME_DEFAULT_S};

    (void)state;
    scene_open(&s, false, 3);
    plant(&s, draft, NULL);
    expect(&s, KITH_OK);
    draft.not_after_s++;
    plant(&s, draft, NULL);
    expect(&s, KITH_ERR_REJECTED);
    draft.not_after_s = draft.not_before_s - 1; /* ends before it begins */
    plant(&s, draft, NULL);
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_credential_that_somebody_in_the_tree_cannot_read_is_rejected(void **state)
{
    scene s;
    mls_leaf_draft draft = {.identity = {.type = 0xf001, .data = kith_bytes_of_text("other")}};

    (void)state;
    scene_open(&s, false, 3);
    plant(&s, draft, NULL);
    expect(&s, KITH_ERR_REJECTED);
    draft.identity = (mls_identity){.type = MLS_CREDENTIAL_BASIC, .data = draft.identity.data};
    plant(&s, draft, NULL);
    expect(&s, KITH_OK);
    scene_close(&s);
}

static kith_err
refuse_joined(void *ctx, const mls_check *check)
{
    *(bool *)ctx = check->purpose == MLS_CHECK_JOINED;
    return KITH_ERR_REJECTED;
}

static void
a_member_that_the_newcomer_does_not_accept_keeps_it_out(void **state)
{
    scene s;
    bool asked = false;

    (void)state;
    scene_open(&s, true, 3);
    s.c.party[3].env.check = refuse_joined;
    s.c.party[3].env.ctx = &asked;
    expect(&s, KITH_ERR_REJECTED);
    assert_true(asked);
    scene_close(&s);
}

/* ---- PSKs of a Welcome [RFC9420 §8.4, §12.4.3.1] ---- */

static kith_err
know_every_psk(void *ctx, const mls_psk_ref *ref, kith_secret *out)
{
    (void)ctx;
    (void)ref;
    return kith_secret_set(out, kith_bytes_of_text("psk"));
}

/* Names PSKs in the Welcome, and mixes them into the next epoch. */
static void
mix_in(scene *s, mls_psk_id *ids, size_t count)
{
    kith_secret secrets[2] = {0};
    KITH_AUTO(kith_buf) copy = {0};
    const mls_group_context context = next_context(s, &copy);

    for (size_t i = 0; i < count; i++) {
        assert_err(kith_secret_set(&secrets[i], kith_bytes_of_text("psk")), KITH_OK);
    }
    s->job.plan.psks = ids;
    s->job.plan.psk_count = count;
    assert_err(mls_psk_secret(s->job.tools, ids, secrets, count, &s->job.plan.psk_secret), KITH_OK);
    rederive(s, &context);
}

/* The PSKs were on the stack. */
static void
forget_psks(scene *s)
{
    s->job.plan.psks = NULL;
    s->job.plan.psk_count = 0;
}

static void
psks_of_a_welcome_must_be_here_and_have_a_nonce_of_the_right_length(void **state)
{
    scene s;
    uint8_t nonce[33] = {1};
    mls_psk_id id = {.type = MLS_PSK_EXTERNAL,
                     .psk_id = kith_bytes_of_text("one"),
                     .nonce = kith_bytes_of(nonce, 32)};

    (void)state;
    scene_open(&s, false, 3);
    mix_in(&s, &id, 1);
    expect(&s, KITH_ERR_NOT_FOUND);
    s.c.party[3].env.find_psk = know_every_psk;
    expect(&s, KITH_OK);
    for (size_t len = 31; len <= 33; len += 2) {
        id.nonce.len = len;
        mix_in(&s, &id, 1);
        expect(&s, KITH_ERR_REJECTED);
    }
    forget_psks(&s);
    scene_close(&s);
}

static void
a_welcome_links_to_one_group_at_most_and_in_epoch_1_only(void **state)
{
    scene s;
    uint8_t nonce[32] = {1};
    KITH_AUTO(kith_buf) copy = {0};
    mls_psk_id ids[2];

    (void)state;
    scene_open(&s, false, 3);
    s.c.party[3].env.find_psk = know_every_psk;
    mls_group_context context = next_context(&s, &copy);
    for (uint8_t usage = MLS_PSK_USAGE_REINIT; usage <= MLS_PSK_USAGE_BRANCH; usage++) {
        ids[0] = (mls_psk_id){.type = MLS_PSK_RESUMPTION,
                              .usage = usage,
                              .group_id = kith_bytes_of_text("before"),
                              .nonce = KITH_BYTES(nonce)};
        ids[1] = ids[0];
        ids[1].epoch = 1;
        context.epoch = 1;
        rederive(&s, &context);
        mix_in(&s, ids, 1);
        expect(&s, KITH_OK);
        mix_in(&s, ids, 2);
        expect(&s, KITH_ERR_REJECTED);
        ids[1].usage = MLS_PSK_USAGE_APPLICATION; /* beside a link others may be */
        mix_in(&s, ids, 2);
        expect(&s, KITH_OK);
        context.epoch = 2;
        rederive(&s, &context);
        mix_in(&s, ids, 1);
        expect(&s, KITH_ERR_REJECTED);
    }
    forget_psks(&s);
    scene_close(&s);
}

/* ---- Commits [RFC9420 §12.4.2] ---- */

/* What an insider does to its path leaf before it is hashed, encrypted and signed. */
typedef struct leaf_fault {
    uint16_t credential_type; /* 0: as it is */
    bool foreign_signer; /* the signature key of member 2 */
    kith_bytes group_id; /* empty: as it is */
} leaf_fault;

static mls_leaf_draft
faulty_draft(const scene *s, const leaf_fault *fault)
{
    mls_leaf_draft draft = own_draft(s->c.party[0].group);

    draft.group_id = fault->group_id.len > 0 ? fault->group_id : draft.group_id;
    draft.signer = fault->foreign_signer ? s->c.party[2].group->signer : draft.signer;
    if (fault->credential_type != 0) {
        draft.like = NULL;
        draft.identity =
            (mls_identity){.type = fault->credential_type, .data = kith_bytes_of_text("member 0")};
    }
    return draft;
}

/* As mls_job_add_path, without its checks. */
static void
add_path(mls_job *job, const mls_leaf_draft *draft)
{
    KITH_AUTO(kith_buf) provisional = {0};
    const mls_context_change change = {.tree = &job->plan.tree,
                                       .extensions = kith_bytes_of_buf(&job->plan.extensions),
                                       .confirmed = job->old->context.confirmed_transcript_hash};

    assert_err(mls_path_make(&job->plan.tree, 0, draft, &job->env->rng, &job->path), KITH_OK);
    job->has_path = true;
    assert_err(mls_context_next(&job->old->context, &change, &provisional), KITH_OK);
    const mls_path_scope scope = {.context = kith_bytes_of_buf(&provisional)};
    assert_err(
        mls_path_encrypt(&job->plan.tree, &job->path, &scope, &job->env->rng, &job->update_path),
        KITH_OK);
}

/* A public commit of member 0 with a path and no proposals. */
static void
commit_with(const scene *s, const leaf_fault *fault, kith_buf *out)
{
    const mls_group *group = s->c.party[0].group;
    const mls_plan_scope scope = {.env = group->env, .group = group, .epoch = group->now};
    const mls_leaf_draft draft = faulty_draft(s, fault);
    KITH_AUTO(mls_item_list) none = {0};
    KITH_AUTO(mls_job) job = {.env = group->env,
                              .tools = group->tools,
                              .old = group->now,
                              .signer = group->signer,
                              .new_signer = group->signer,
                              .sender_type = MLS_SENDER_MEMBER,
                              .wire = MLS_WIRE_PUBLIC_MESSAGE};

    assert_err(mls_plan_make(&scope, &none, &job.plan), KITH_OK);
    add_path(&job, &draft);
    assert_err(mls_job_finish(&job, &none, kith_bytes_of_secret(&group->now->secrets.init)),
               KITH_OK);
    assert_err(
        mls_job_frame_public(&job, kith_bytes_of_secret(&group->now->secrets.membership), out),
        KITH_OK);
}

static void
expect_commit(const leaf_fault *fault, kith_err expected)
{
    scene s;
    KITH_AUTO(kith_buf) message = {0};
    mls_received received = {0};

    scene_open(&s, false, 3);
    commit_with(&s, fault, &message);
    assert_err(mls_group_receive(s.c.party[1].group, kith_bytes_of_buf(&message), NOW_S, &received),
               expected);
    mls_received_done(&received);
    scene_close(&s);
}

static void
the_leaf_of_a_path_must_keep_the_rules_of_leaves(void **state)
{
    (void)state;
    expect_commit(&(leaf_fault){0}, KITH_OK);
    expect_commit(&(leaf_fault){.credential_type = MLS_CREDENTIAL_BASIC}, KITH_OK);
    expect_commit(&(leaf_fault){.credential_type = 0xf001}, KITH_ERR_REJECTED);
    expect_commit(&(leaf_fault){.foreign_signer = true}, KITH_ERR_REJECTED);
    expect_commit(&(leaf_fault){.group_id = kith_bytes_of_text("another group")},
                  KITH_ERR_REJECTED);
}

static kith_err
join_external(cast *c, size_t who, uint32_t replaces, kith_buf *commit, mls_group **out)
{
    KITH_AUTO(kith_buf) info = {0};

    assert_err(mls_group_info(c->party[0].group, &(mls_group_info_params){0}, &info), KITH_OK);
    return mls_group_join_external(&c->party[who].env,
                                   &(mls_external_params){.group_info = kith_bytes_of_buf(&info),
                                                          .leaf = party_leaf(&c->party[who]),
                                                          .replaces = replaces,
                                                          .settings = cast_settings(c),
                                                          .now_s = NOW_S},
                                   commit, out);
}

/* Joins (or comes back), and the other two take the commit in. */
static void
come(cast *c, size_t who, uint32_t former)
{
    KITH_AUTO(kith_buf) commit = {0};
    mls_group *joined = NULL;

    assert_err(join_external(c, who, former, &commit, &joined), KITH_OK);
    for (size_t i = 0; i < 2; i++) {
        KITH_AUTO(mls_received) received = {0};
        mls_group *group = c->party[i].group;
        assert_err(mls_group_receive(group, kith_bytes_of_buf(&commit), NOW_S, &received), KITH_OK);
        mls_group_apply(group, &received.staged);
    }
    party_leave(&c->party[who]);
    c->party[who].group = joined;
}

/* Whoever comes back in its own place keeps the rules of an Update [RFC9420 §12.2]. Here it comes with the keys of its
 * former self, because its randomness repeats itself. */
static void
a_resync_with_the_old_encryption_key_is_rejected(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(mls_received) received = {0};
    mls_group *again = NULL;

    (void)state;
    cast_open(&c, SUITE, 3, 72);
    party_found(&c, 0);
    cast_add(&c, 0, 1);
    const fake_rng start = c.party[2].rng;
    come(&c, 2, MLS_LEAF_NONE);
    const fake_rng later = c.party[2].rng;
    c.party[2].rng = start;
    assert_err(join_external(&c, 2, 2, &commit, &again), KITH_OK);
    assert_err(mls_group_receive(c.party[1].group, kith_bytes_of_buf(&commit), NOW_S, &received),
               KITH_ERR_REJECTED);
    mls_group_free(again);
    c.party[2].rng = later;
    come(&c, 2, 2);
    cast_agree(&c);
    cast_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_info_must_fit_the_tree_suite_and_epoch),
        cmocka_unit_test(a_group_info_must_be_signed_by_the_member_that_it_names),
        cmocka_unit_test(a_group_info_signed_in_the_name_of_a_blank_leaf_is_rejected),
        cmocka_unit_test(a_group_without_ones_own_leaf_is_rejected),
        cmocka_unit_test(a_path_secret_must_lead_to_the_keys_of_the_tree),
        cmocka_unit_test(a_group_whose_extensions_the_newcomer_does_not_support_is_unsupported),
        cmocka_unit_test(a_leaf_must_be_signed_for_this_group_and_place),
        cmocka_unit_test(a_key_package_and_a_commit_have_leaves_of_their_own_kind),
        cmocka_unit_test(a_leaf_with_a_key_of_another_member_is_rejected),
        cmocka_unit_test(a_leaf_with_no_key_at_all_is_malformed),
        cmocka_unit_test(a_leaf_that_lives_too_long_is_rejected),
        cmocka_unit_test(a_credential_that_somebody_in_the_tree_cannot_read_is_rejected),
        cmocka_unit_test(a_member_that_the_newcomer_does_not_accept_keeps_it_out),
        cmocka_unit_test(psks_of_a_welcome_must_be_here_and_have_a_nonce_of_the_right_length),
        cmocka_unit_test(a_welcome_links_to_one_group_at_most_and_in_epoch_1_only),
        cmocka_unit_test(the_leaf_of_a_path_must_keep_the_rules_of_leaves),
        cmocka_unit_test(a_resync_with_the_old_encryption_key_is_rejected),
    };

    return cmocka_run_group_tests_name("mls: one broken rule", tests, NULL, NULL);
}
