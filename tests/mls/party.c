/* SPDX-License-Identifier: MPL-2.0 */
/* Members for tests. */
#include "mls/party.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mls/group.h"

void
assert_err(kith_err actual, kith_err expected)
{
    assert_string_equal(kith_err_name(actual), kith_err_name(expected));
}

static void
party_init(cast *c, size_t who, uint64_t seed)
{
    party *p = &c->party[who];

    (void)snprintf(p->name, sizeof p->name, "member %zu", who);
    fake_rng_init(&p->rng, seed * 1000 + who);
    fake_alloc_init(&p->alloc);
    p->env = (mls_env){.alloc = &p->alloc.port, .rng = fake_rng_port(&p->rng), .crypto = c->crypto};
    p->signature_public.alloc = &p->alloc.port;
    p->package.alloc = &p->alloc.port;
    p->blob.alloc = &p->alloc.port;
    assert_err(
        mls_signature_key_new(&p->env, c->suite, &p->signature_private, &p->signature_public),
        KITH_OK);
}

void
cast_open(cast *c, uint16_t suite, size_t count, uint64_t seed)
{
    memset(c, 0, sizeof *c);
    c->suite = suite;
    c->count = count;
    assert_true(count <= PARTY_MAX);
    assert_err(crypto_new(NULL, &c->crypto), KITH_OK);
    for (size_t i = 0; i < count; i++) {
        party_init(c, i, seed);
    }
}

void
party_leave(party *p)
{
    mls_group_free(p->group);
    p->group = NULL;
}

void
cast_close(cast *c)
{
    for (size_t i = 0; i < c->count; i++) {
        party *p = &c->party[i];
        party_leave(p);
        kith_buf_done(&p->signature_public);
        kith_buf_done(&p->package);
        kith_buf_done(&p->blob);
        assert_int_equal(p->alloc.live_blocks, 0);
        assert_int_equal(p->alloc.live_bytes, 0);
    }
    crypto_free(c->crypto);
}

mls_leaf_params
party_leaf(const party *p)
{
    return (mls_leaf_params){
        .identity = {.type = MLS_CREDENTIAL_BASIC, .data = kith_bytes_of_text(p->name)},
        .signature_private = kith_bytes_of_secret(&p->signature_private),
        .extensions = p->leaf_extensions,
        .extension_count = p->leaf_extension_count};
}

mls_group_settings
cast_settings(const cast *c)
{
    return (mls_group_settings){.public_handshakes = c->public_handshakes};
}

void
party_publish(cast *c, size_t who)
{
    party *p = &c->party[who];
    const mls_key_package_params params = {.suite = c->suite,
                                           .leaf = party_leaf(p),
                                           .not_before_s = NOW_S - 3600,
                                           .not_after_s = NOW_S + 86400};

    kith_buf_clear(&p->package);
    kith_buf_clear(&p->blob);
    assert_err(mls_key_package_new(&p->env, &params, &p->package, &p->blob), KITH_OK);
}

void
party_found(cast *c, size_t who)
{
    party *p = &c->party[who];
    const mls_group_params params = {.suite = c->suite,
                                     .group_id = kith_bytes_of_text("a group"),
                                     .leaf = party_leaf(p),
                                     .settings = cast_settings(c)};

    assert_err(mls_group_new(&p->env, &params, &p->group), KITH_OK);
}

uint32_t
party_leaf_index(const party *p)
{
    return mls_epoch_own_leaf(mls_group_epoch(p->group));
}

void
party_reload(party *p)
{
    KITH_AUTO(kith_buf) blob = {0};
    mls_group *loaded = NULL;

    assert_err(mls_group_save(p->group, &blob), KITH_OK);
    assert_err(mls_group_load(&p->env, kith_bytes_of_buf(&blob), &loaded), KITH_OK);
    mls_group_free(p->group);
    p->group = loaded;
}

static void
join(cast *c, size_t who, kith_bytes welcome)
{
    party *p = &c->party[who];
    const kith_bytes blob = kith_bytes_of_buf(&p->blob);
    const mls_join_params params = {.welcome = welcome,
                                    .private_blobs = &blob,
                                    .private_blob_count = 1,
                                    .settings = cast_settings(c),
                                    .now_s = NOW_S};

    assert_null(p->group);
    assert_err(mls_group_join(&p->env, &params, NULL, &p->group), KITH_OK);
}

static void
take_commit(party *p, kith_bytes commit)
{
    KITH_AUTO(mls_received) received = {0};

    assert_err(mls_group_receive(p->group, commit, NOW_S, &received), KITH_OK);
    assert_int_equal(received.kind, MLS_KIND_COMMIT);
    const bool removed = mls_staged_describe(received.staged).removes_self;
    mls_group_apply(p->group, &received.staged);
    if (removed) {
        party_leave(p);
    }
}

void
cast_commit(cast *c, size_t who, const mls_commit_params *params, const size_t *joiners,
            size_t joiner_count)
{
    party *p = &c->party[who];
    const mls_commit_params empty = {.now_s = NOW_S};
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};

    assert_err(mls_group_commit(p->group, params != NULL ? params : &empty, &commit, &welcome),
               KITH_OK);
    assert_int_equal(welcome.len > 0, joiner_count > 0);
    for (size_t i = 0; i < c->count; i++) {
        if (i != who && c->party[i].group != NULL) {
            take_commit(&c->party[i], kith_bytes_of_buf(&commit));
        }
    }
    assert_true(mls_group_is_own_commit(p->group, kith_bytes_of_buf(&commit)));
    mls_group_apply_own(p->group);
    for (size_t i = 0; i < joiner_count; i++) {
        join(c, joiners[i], kith_bytes_of_buf(&welcome));
    }
}

void
cast_add(cast *c, size_t who, size_t joiner)
{
    party_publish(c, joiner);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&c->party[joiner].package)};
    const mls_commit_params params = {.proposals = &add, .proposal_count = 1, .now_s = NOW_S};

    cast_commit(c, who, &params, &joiner, 1);
}

void
cast_remove(cast *c, size_t who, size_t gone)
{
    const mls_proposal_params remove = {.type = MLS_PROPOSAL_REMOVE,
                                        .leaf_index = party_leaf_index(&c->party[gone])};
    const mls_commit_params params = {.proposals = &remove, .proposal_count = 1, .now_s = NOW_S};

    cast_commit(c, who, &params, NULL, 0);
}

void
cast_propose(cast *c, size_t who, const mls_proposal_params *params)
{
    party *p = &c->party[who];
    KITH_AUTO(kith_buf) message = {0};

    assert_err(mls_group_propose(p->group, params, (kith_bytes){0}, NOW_S, &message), KITH_OK);
    for (size_t i = 0; i < c->count; i++) {
        KITH_AUTO(mls_received) received = {0};
        if (i != who && c->party[i].group != NULL) {
            assert_err(
                mls_group_receive(c->party[i].group, kith_bytes_of_buf(&message), NOW_S, &received),
                KITH_OK);
            assert_int_equal(received.kind, MLS_KIND_PROPOSAL);
            assert_int_equal(received.proposal_type, params->type);
        }
    }
}

void
cast_say(cast *c, size_t who, const char *text)
{
    party *p = &c->party[who];
    KITH_AUTO(kith_buf) message = {0};
    const mls_protect_params params = {.authenticated_data = kith_bytes_of_text("aad"),
                                       .plaintext = kith_bytes_of_text(text),
                                       .pad_to = 64};

    assert_err(mls_group_protect(p->group, &params, NULL, &message), KITH_OK);
    for (size_t i = 0; i < c->count; i++) {
        KITH_AUTO(mls_received) received = {0};
        if (i == who || c->party[i].group == NULL) {
            continue;
        }
        assert_err(
            mls_group_receive(c->party[i].group, kith_bytes_of_buf(&message), NOW_S, &received),
            KITH_OK);
        assert_int_equal(received.kind, MLS_KIND_APPLICATION);
        assert_int_equal(received.sender, party_leaf_index(p));
        assert_int_equal(received.plaintext.len, strlen(text));
        assert_memory_equal(received.plaintext.data, text, strlen(text));
        assert_true(kith_bytes_equal(kith_bytes_of_buf(&received.authenticated_data),
                                     kith_bytes_of_text("aad")));
        assert_true(
            kith_bytes_equal(received.sender_member.identity.data, kith_bytes_of_text(p->name)));
    }
}

void
cast_agree(const cast *c)
{
    const mls_epoch *first = NULL;
    size_t members = 0;

    for (size_t i = 0; i < c->count; i++) {
        if (c->party[i].group == NULL) {
            continue;
        }
        const mls_epoch *epoch = mls_group_epoch(c->party[i].group);
        first = first == NULL ? epoch : first;
        members++;
        assert_true(kith_bytes_equal(mls_epoch_context(epoch), mls_epoch_context(first)));
        assert_true(
            kith_bytes_equal(mls_epoch_authenticator(epoch), mls_epoch_authenticator(first)));
        assert_err(mls_private_check(&epoch->keys, &epoch->tree), KITH_OK);
        assert_err(mls_tree_check(&epoch->tree), KITH_OK);
    }
    assert_int_equal(members, mls_epoch_member_count(first));
}
