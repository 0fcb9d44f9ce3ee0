/* SPDX-License-Identifier: MPL-2.0 */
/* Messages that an insider or an outsider forges, each wrong in one way only [RFC9420 §6, §12.1.8, §12.4.2]. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/commit.h"
#include "mls/framing.h"
#include "mls/party.h"

typedef struct scene {
    cast c;
    kith_buf out;
    crypto_sign_key *outsider;
    kith_buf senders; /* an external_senders extension that names the outsider */
} scene;

static void
scene_open(scene *s, bool with_senders)
{
    kith_buf list = {0};
    kith_writer w = kith_writer_of(&list);

    memset(s, 0, sizeof *s);
    cast_open(&s->c, MLS_SUITE_X25519_AES128_ED25519, 4, 51);
    party_found(&s->c, 0);
    cast_add(&s->c, 0, 1);
    cast_add(&s->c, 0, 2);
    const mls_tools tools = s->c.party[0].group->tools;
    assert_err(
        crypto_sign_key_generate(tools.crypto, tools.suite->sign, crypto_rng(), &s->outsider),
        KITH_OK);
    assert_err(kith_write_varvec(&w, crypto_sign_key_public(s->outsider)), KITH_OK);
    assert_err(kith_write_u16(&w, MLS_CREDENTIAL_BASIC), KITH_OK);
    assert_err(kith_write_varvec(&w, kith_bytes_of_text("a service")), KITH_OK);
    w = kith_writer_of(&s->senders);
    assert_err(kith_write_varvec(&w, kith_bytes_of_buf(&list)), KITH_OK);
    kith_buf_done(&list);
    if (with_senders) {
        const mls_ext extension = {.type = MLS_EXT_EXTERNAL_SENDERS,
                                   .data = kith_bytes_of_buf(&s->senders)};
        const mls_proposal_params replace = {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
                                             .extensions = &extension,
                                             .extension_count = 1};
        cast_commit(
            &s->c, 0,
            &(mls_commit_params){.proposals = &replace, .proposal_count = 1, .now_s = NOW_S}, NULL,
            0);
    }
}

static void
scene_close(scene *s)
{
    crypto_sign_key_free(s->outsider);
    kith_buf_done(&s->senders);
    kith_buf_done(&s->out);
    cast_close(&s->c);
}

/* What is forged, and with which key. */
typedef struct forgery {
    uint8_t sender_type;
    uint32_t sender_index;
    uint8_t content_type;
    kith_bytes body;
    kith_bytes confirmation_tag;
    crypto_sign_key *signer;
} forgery;

/* A PublicMessage with everything around the forgery right, for the epoch of party 0. */
static void
forge(scene *s, const forgery *f)
{
    const mls_group *group = s->c.party[0].group;
    const mls_epoch *epoch = group->now;
    KITH_AUTO(kith_buf) content = {0};
    KITH_AUTO(kith_buf) auth = {0};
    KITH_AUTO(kith_buf) signature = {0};
    kith_writer w = kith_writer_of(&content);
    mls_hash tag = {0};
    const bool in_group = f->sender_type == MLS_SENDER_MEMBER;

    assert_err(
        mls_framed_content_encode(&w, &(mls_framed_content){.group_id = epoch->context.group_id,
                                                            .epoch = epoch->context.epoch,
                                                            .sender_type = f->sender_type,
                                                            .sender_index = f->sender_index,
                                                            .content_type = f->content_type,
                                                            .body = f->body}),
        KITH_OK);
    const mls_signed_content in = {.wire = MLS_WIRE_PUBLIC_MESSAGE,
                                   .content = kith_bytes_of_buf(&content),
                                   .context = in_group ? kith_bytes_of_buf(&epoch->context_bytes)
                                                       : (kith_bytes){0}};
    assert_err(mls_content_sign(group->tools, f->signer, &in, &signature), KITH_OK);
    w = kith_writer_of(&auth);
    assert_err(mls_auth_data_encode(&w, f->content_type,
                                    &(mls_auth_data){.signature = kith_bytes_of_buf(&signature),
                                                     .confirmation_tag = f->confirmation_tag}),
               KITH_OK);
    kith_buf_clear(&s->out);
    w = kith_writer_of(&s->out);
    assert_err(mls_message_start(&w, MLS_WIRE_PUBLIC_MESSAGE), KITH_OK);
    assert_err(kith_write_bytes(&w, kith_bytes_of_buf(&content)), KITH_OK);
    assert_err(kith_write_bytes(&w, kith_bytes_of_buf(&auth)), KITH_OK);
    if (in_group) {
        assert_err(mls_membership_tag(group->tools,
                                      kith_bytes_of_secret(&epoch->secrets.membership), &in,
                                      kith_bytes_of_buf(&auth), &tag),
                   KITH_OK);
        assert_err(kith_write_varvec(&w, mls_hash_bytes(&tag)), KITH_OK);
    }
}

/* Member 1 gets what was forged. */
static void
expect(scene *s, kith_err expected)
{
    KITH_AUTO(mls_received) received = {0};

    assert_err(mls_group_receive(s->c.party[1].group, kith_bytes_of_buf(&s->out), NOW_S, &received),
               expected);
}

static const uint8_t remove_two[] = {0, MLS_PROPOSAL_REMOVE, 0, 0, 0, 2};
static const uint8_t remove_nobody[] = {0, MLS_PROPOSAL_REMOVE, 0, 0, 0, 7};
static const uint8_t external_init[] = {0, MLS_PROPOSAL_EXTERNAL_INIT, 1, 0};
static const uint8_t unknown_type[] = {0xf0, 0x01, 0, 0};

static void
a_named_service_proposes_and_a_stranger_does_not(void **state)
{
    scene s;
    forgery f = {.sender_type = MLS_SENDER_EXTERNAL,
                 .content_type = MLS_CONTENT_PROPOSAL,
                 .body = KITH_BYTES(remove_two)};

    (void)state;
    scene_open(&s, true);
    f.signer = s.outsider;
    forge(&s, &f);
    expect(&s, KITH_OK);
    expect(&s, KITH_ERR_EXISTS);
    f.sender_index = 1; /* nobody is named there */
    forge(&s, &f);
    expect(&s, KITH_ERR_REJECTED);
    f.sender_index = 0;
    f.signer = s.c.party[2].group->signer; /* a member in the name of the service */
    forge(&s, &f);
    expect(&s, KITH_ERR_REJECTED);
    f.signer = s.outsider;
    f.body = KITH_BYTES(external_init);
    forge(&s, &f);
    expect(&s, KITH_ERR_REJECTED);
    f.content_type = MLS_CONTENT_COMMIT; /* an empty commit */
    f.body = kith_bytes_of("\0\0", 2);
    forge(&s, &f);
    expect(&s, KITH_ERR_MALFORMED);
    scene_close(&s);
}

static void
no_service_proposes_where_none_is_named(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, false);
    forge(&s, &(forgery){.sender_type = MLS_SENDER_EXTERNAL,
                         .content_type = MLS_CONTENT_PROPOSAL,
                         .body = KITH_BYTES(remove_two),
                         .signer = s.outsider});
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_newcomer_proposes_itself_only(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) add = {0};
    kith_writer w = kith_writer_of(&add);
    kith_bytes body;
    crypto_sign_key *key = NULL;

    (void)state;
    scene_open(&s, false);
    party_publish(&s.c, 3);
    assert_err(
        mls_message_open(kith_bytes_of_buf(&s.c.party[3].package), MLS_WIRE_KEY_PACKAGE, &body),
        KITH_OK);
    assert_err(kith_write_u16(&w, MLS_PROPOSAL_ADD), KITH_OK);
    assert_err(kith_write_bytes(&w, body), KITH_OK);
    assert_err(crypto_sign_key_import(s.c.crypto, CRYPTO_ED25519,
                                      kith_bytes_of_secret(&s.c.party[3].signature_private), &key),
               KITH_OK);
    forgery f = {.sender_type = MLS_SENDER_NEW_MEMBER_PROPOSAL,
                 .content_type = MLS_CONTENT_PROPOSAL,
                 .body = kith_bytes_of_buf(&add),
                 .signer = key};
    forge(&s, &f);
    expect(&s, KITH_OK);
    f.signer = s.outsider; /* somebody else proposes it */
    forge(&s, &f);
    expect(&s, KITH_ERR_REJECTED);
    f.signer = key;
    f.body = KITH_BYTES(remove_two);
    forge(&s, &f);
    expect(&s, KITH_ERR_MALFORMED);
    crypto_sign_key_free(key);
    scene_close(&s);
}

static void
proposals_of_members_are_checked_when_they_come(void **state)
{
    scene s;
    forgery f = {.sender_type = MLS_SENDER_MEMBER,
                 .content_type = MLS_CONTENT_PROPOSAL,
                 .body = KITH_BYTES(remove_two)};

    (void)state;
    scene_open(&s, false);
    f.signer = s.c.party[0].group->signer;
    forge(&s, &f);
    expect(&s, KITH_OK);
    f.body = KITH_BYTES(remove_nobody);
    forge(&s, &f);
    expect(&s, KITH_ERR_REJECTED);
    f.body = KITH_BYTES(external_init);
    forge(&s, &f);
    expect(&s, KITH_ERR_REJECTED);
    f.body = KITH_BYTES(unknown_type);
    forge(&s, &f);
    expect(&s, KITH_ERR_UNSUPPORTED);
    f.body = KITH_BYTES(remove_two);
    f.sender_index = 2; /* signed by 0 in the name of 2 */
    forge(&s, &f);
    expect(&s, KITH_ERR_REJECTED);
    f.sender_index = 3; /* in the name of nobody */
    forge(&s, &f);
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
application_data_in_the_open_is_rejected(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, false);
    forge(&s, &(forgery){.sender_type = MLS_SENDER_MEMBER,
                         .content_type = MLS_CONTENT_APPLICATION,
                         .body = kith_bytes_of_text("hello"),
                         .signer = s.c.party[0].group->signer});
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_commit_without_a_path_where_one_is_needed_is_rejected(void **state)
{
    scene s;
    const uint8_t tag[32] = {0};
    const uint8_t empty[] = {0, 0};
    const uint8_t removes[] = {7, 1, 0, MLS_PROPOSAL_REMOVE, 0, 0, 0, 2, 0};
    const uint8_t refers[] = {6, 2, 4, 'n', 'o', 'n', 'e', 0};
    forgery f = {.sender_type = MLS_SENDER_MEMBER,
                 .content_type = MLS_CONTENT_COMMIT,
                 .body = KITH_BYTES(empty),
                 .confirmation_tag = KITH_BYTES(tag)};

    (void)state;
    scene_open(&s, false);
    f.signer = s.c.party[0].group->signer;
    forge(&s, &f);
    expect(&s, KITH_ERR_REJECTED);
    f.body = KITH_BYTES(removes);
    forge(&s, &f);
    expect(&s, KITH_ERR_REJECTED);
    f.body = KITH_BYTES(refers); /* to a proposal that is not here */
    forge(&s, &f);
    expect(&s, KITH_ERR_NOT_FOUND);
    scene_close(&s);
}

/* A real public commit of member 0, with another confirmation tag, which the signature does not cover. */
static void
a_commit_with_another_confirmation_tag_is_rejected(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) none = {0};
    kith_bytes body;
    mls_public_message public;
    uint8_t tag[32];

    (void)state;
    scene_open(&s, false);
    mls_group *group = s.c.party[0].group;
    group->settings.public_handshakes = true;
    assert_err(mls_group_commit(group, &(mls_commit_params){.now_s = NOW_S}, &commit, &none),
               KITH_OK);
    assert_err(mls_message_open(kith_bytes_of_buf(&commit), MLS_WIRE_PUBLIC_MESSAGE, &body),
               KITH_OK);
    kith_reader r = kith_reader_of(body);
    assert_err(mls_public_message_decode(&r, &public), KITH_OK);
    memcpy(tag, public.auth.confirmation_tag.data, sizeof tag);
    forgery f = {.sender_type = MLS_SENDER_MEMBER,
                 .content_type = MLS_CONTENT_COMMIT,
                 .body = public.content.body,
                 .confirmation_tag = KITH_BYTES(tag),
                 .signer = group->signer};
    forge(&s, &f);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&s.out), kith_bytes_of_buf(&commit)));
    expect(&s, KITH_OK);
    tag[31] ^= 1;
    forge(&s, &f);
    expect(&s, KITH_ERR_REJECTED);
    f.confirmation_tag.len = 31;
    tag[31] ^= 1;
    forge(&s, &f);
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

/* A commit that is right in every way but that it removes a member without a path. */
static void
a_removal_without_a_path_is_rejected(void **state)
{
    scene s;
    KITH_AUTO(mls_item_list) items = {0};
    kith_reader r = kith_reader_of(KITH_BYTES(remove_two));
    mls_item item = {.sender_type = MLS_SENDER_MEMBER};

    (void)state;
    scene_open(&s, false);
    const mls_group *group = s.c.party[0].group;
    const mls_plan_scope scope = {.env = group->env, .group = group, .epoch = group->now};
    assert_err(mls_proposal_decode(&r, &item.proposal), KITH_OK);
    assert_err(mls_item_list_push(&items, &item), KITH_OK);
    KITH_AUTO(mls_job) job = {.env = group->env,
                              .tools = group->tools,
                              .old = group->now,
                              .signer = group->signer,
                              .new_signer = group->signer,
                              .sender_type = MLS_SENDER_MEMBER,
                              .wire = MLS_WIRE_PUBLIC_MESSAGE};
    assert_err(mls_plan_make(&scope, &items, &job.plan), KITH_OK);
    assert_err(mls_job_finish(&job, &items, kith_bytes_of_secret(&group->now->secrets.init)),
               KITH_OK);
    assert_err(
        mls_job_frame_public(&job, kith_bytes_of_secret(&group->now->secrets.membership), &s.out),
        KITH_OK);
    expect(&s, KITH_ERR_REJECTED);
    mls_job_done(&job);
    scene_close(&s);
}

/* Fresh keys are made with randomness; whoever uses the same again makes the same keys. */
static void
a_commit_with_keys_that_are_in_the_tree_is_rejected(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) none = {0};

    (void)state;
    scene_open(&s, false);
    party *p = &s.c.party[0];
    const fake_rng before = p->rng;
    cast_commit(&s.c, 0, NULL, NULL, 0);
    p->rng = before;
    assert_err(mls_group_commit(p->group, &(mls_commit_params){.now_s = NOW_S}, &s.out, &none),
               KITH_OK);
    expect(&s, KITH_ERR_REJECTED);
    scene_close(&s);
}

/* An insider puts a key that only it knows where nobody will look, and adds somebody. */
static void
a_welcome_into_a_tree_with_a_planted_key_is_rejected(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) welcome = {0};
    mls_path path;
    mls_group *joined = NULL;

    (void)state;
    scene_open(&s, false);
    party *joiner = &s.c.party[3];
    mls_tree *tree = &s.c.party[0].group->now->tree;
    party_publish(&s.c, 3);
    assert_err(mls_tree_open(tree, 2, &path), KITH_OK);
    assert_null(path.at[1]->parent);
    assert_err(mls_parent_new(tree->tools.alloc,
                              kith_bytes_of_text("a key of exactly 32 bytes, yes!!"),
                              (kith_bytes){0}, &path.at[1]->parent),
               KITH_OK);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&joiner->package)};
    assert_err(mls_group_commit(
                   s.c.party[0].group,
                   &(mls_commit_params){.proposals = &add, .proposal_count = 1, .now_s = NOW_S},
                   &s.out, &welcome),
               KITH_OK);
    const kith_bytes blob = kith_bytes_of_buf(&joiner->blob);
    assert_err(mls_group_join(&joiner->env,
                              &(mls_join_params){.welcome = kith_bytes_of_buf(&welcome),
                                                 .private_blobs = &blob,
                                                 .private_blob_count = 1,
                                                 .now_s = NOW_S},
                              NULL, &joined),
               KITH_ERR_REJECTED);
    scene_close(&s);
}

/* ---- Private messages of an insider ---- */

static void
padding_that_is_not_zero_is_malformed(void **state)
{
    const uint8_t plain[] = {2, 'h', 'i', 1, 0xaa, 0, 0, 0};
    uint8_t dirty[sizeof plain];
    mls_opened_content out;

    (void)state;
    memcpy(dirty, plain, sizeof plain);
    assert_err(mls_private_content_decode(KITH_BYTES(plain), MLS_CONTENT_APPLICATION, &out),
               KITH_OK);
    for (size_t at = 5; at < sizeof plain; at++) {
        dirty[at] = 1;
        assert_err(mls_private_content_decode(KITH_BYTES(dirty), MLS_CONTENT_APPLICATION, &out),
                   KITH_ERR_MALFORMED);
        dirty[at] = 0;
    }
}

/* A private message made with another sender in the sender data than signs. */
static void
a_member_cannot_speak_for_another(void **state)
{
    scene s;
    mls_message_key key;

    (void)state;
    scene_open(&s, false);
    mls_epoch *epoch = s.c.party[2].group->now;
    const mls_tools tools = epoch->tools;
    KITH_AUTO(kith_buf) content = {0};
    KITH_AUTO(kith_buf) signature = {0};
    kith_writer w = kith_writer_of(&content);
    for (uint32_t victim = 0; victim < 4; victim += 3) { /* a member, then a blank leaf */
        const mls_framed_content framed = {.group_id = epoch->context.group_id,
                                           .epoch = epoch->context.epoch,
                                           .sender_type = MLS_SENDER_MEMBER,
                                           .sender_index = victim,
                                           .content_type = MLS_CONTENT_APPLICATION,
                                           .body = kith_bytes_of_text("I am 0")};
        kith_buf_clear(&content);
        kith_buf_clear(&signature);
        assert_err(mls_framed_content_encode(&w, &framed), KITH_OK);
        const mls_signed_content in = {.wire = MLS_WIRE_PRIVATE_MESSAGE,
                                       .content = kith_bytes_of_buf(&content),
                                       .context = kith_bytes_of_buf(&epoch->context_bytes)};
        assert_err(mls_content_sign(tools, s.c.party[2].group->signer, &in, &signature), KITH_OK);
        assert_err(mls_secret_tree_find(
                       epoch->messages,
                       (mls_key_id){.leaf_index = victim, .chain = MLS_CHAIN_APPLICATION}, &key),
                   KITH_OK);
        const mls_auth_data auth = {.signature = kith_bytes_of_buf(&signature)};
        kith_buf_clear(&s.out);
        kith_writer out_w = kith_writer_of(&s.out);
        assert_err(mls_message_start(&out_w, MLS_WIRE_PRIVATE_MESSAGE), KITH_OK);
        assert_err(mls_private_message_seal(
                       tools,
                       &(mls_private_draft){.sender_data_secret =
                                                kith_bytes_of_secret(&epoch->secrets.sender_data),
                                            .key = &key,
                                            .content = &framed,
                                            .auth = &auth,
                                            .sender = {.leaf_index = victim}},
                       &s.out),
                   KITH_OK);
        expect(&s, KITH_ERR_REJECTED);
    }
    /* The key was not used up: the real one still gets through. */
    cast_say(&s.c, 0, "I am");
    scene_close(&s);
}

static void
a_message_for_another_group_is_not_found(void **state)
{
    scene s;
    cast other;

    (void)state;
    scene_open(&s, false);
    cast_open(&other, MLS_SUITE_X25519_AES128_ED25519, 1, 52);
    party *p = &other.party[0];
    assert_err(mls_group_new(&p->env,
                             &(mls_group_params){.suite = other.suite,
                                                 .group_id = kith_bytes_of_text("another"),
                                                 .leaf = party_leaf(p)},
                             &p->group),
               KITH_OK);
    assert_err(mls_group_protect(p->group,
                                 &(mls_protect_params){.plaintext = kith_bytes_of_text("x")}, NULL,
                                 &s.out),
               KITH_OK);
    expect(&s, KITH_ERR_NOT_FOUND);
    kith_buf_clear(&s.out);
    assert_err(mls_group_info(p->group, &(mls_group_info_params){0}, &s.out), KITH_OK);
    expect(&s, KITH_ERR_INVALID);
    cast_close(&other);
    scene_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_named_service_proposes_and_a_stranger_does_not),
        cmocka_unit_test(no_service_proposes_where_none_is_named),
        cmocka_unit_test(a_newcomer_proposes_itself_only),
        cmocka_unit_test(proposals_of_members_are_checked_when_they_come),
        cmocka_unit_test(application_data_in_the_open_is_rejected),
        cmocka_unit_test(a_commit_without_a_path_where_one_is_needed_is_rejected),
        cmocka_unit_test(a_commit_with_another_confirmation_tag_is_rejected),
        cmocka_unit_test(a_removal_without_a_path_is_rejected),
        cmocka_unit_test(a_commit_with_keys_that_are_in_the_tree_is_rejected),
        cmocka_unit_test(a_welcome_into_a_tree_with_a_planted_key_is_rejected),
        cmocka_unit_test(padding_that_is_not_zero_is_malformed),
        cmocka_unit_test(a_member_cannot_speak_for_another),
        cmocka_unit_test(a_message_for_another_group_is_not_found),
    };

    return cmocka_run_group_tests_name("mls: forged messages", tests, NULL, NULL);
}
