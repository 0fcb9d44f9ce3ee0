/* SPDX-License-Identifier: MPL-2.0 */
/* A delivery service that follows groups without being in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/group.h"
#include "mls/party.h"

/* A cast whose last party is the delivery service's env. */
typedef struct scene {
    cast c;
    mls_public *service;
    party *server;
} scene;

static void
start(scene *s, size_t count, uint64_t seed)
{
    KITH_AUTO(kith_buf) info = {0};

    memset(s, 0, sizeof *s);
    cast_open(&s->c, MLS_SUITE_X25519_AES128_ED25519, count + 1, seed);
    s->c.public_handshakes = true;
    s->server = &s->c.party[count];
    party_found(&s->c, 0);
    assert_err(mls_group_info(s->c.party[0].group, &(mls_group_info_params){0}, &info), KITH_OK);
    const mls_public_params params = {.group_info = kith_bytes_of_buf(&info), .now_s = NOW_S};
    assert_err(mls_public_new(&s->server->env, &params, &s->service), KITH_OK);
}

static void
end(scene *s)
{
    mls_public_free(s->service);
    cast_close(&s->c);
}

static void
assert_follows(const scene *s, size_t who)
{
    const mls_epoch *ours = mls_public_epoch(s->service);
    const mls_epoch *theirs = mls_group_epoch(s->c.party[who].group);
    KITH_AUTO(kith_buf) a = {0};
    KITH_AUTO(kith_buf) b = {0};

    assert_true(kith_bytes_equal(mls_epoch_context(ours), mls_epoch_context(theirs)));
    assert_true(kith_bytes_equal(mls_hash_bytes(&ours->interim), mls_hash_bytes(&theirs->interim)));
    assert_err(mls_epoch_ratchet_tree(ours, &a), KITH_OK);
    assert_err(mls_epoch_ratchet_tree(theirs, &b), KITH_OK);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&a), kith_bytes_of_buf(&b)));
}

static void
take(party *p, kith_bytes message)
{
    KITH_AUTO(mls_received) received = {0};

    assert_err(mls_group_receive(p->group, message, NOW_S, &received), KITH_OK);
    if (received.kind != MLS_KIND_COMMIT) {
        return;
    }
    const bool removed = mls_staged_describe(received.staged).removes_self;
    mls_group_apply(p->group, &received.staged);
    if (removed) {
        party_leave(p);
    }
}

/* The service takes the message first, then everybody but the sender. */
static void
pass_on(scene *s, size_t sender, kith_bytes message)
{
    KITH_AUTO(mls_received) received = {0};

    assert_err(mls_public_receive(s->service, message, NOW_S, &received), KITH_OK);
    mls_public_apply(s->service, &received.staged);
    for (size_t i = 0; i < s->c.count; i++) {
        if (i != sender && s->c.party[i].group != NULL) {
            take(&s->c.party[i], message);
        }
    }
}

static void
commit(scene *s, size_t who, const mls_proposal_params *proposals, size_t count)
{
    party *p = &s->c.party[who];
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    const mls_commit_params params = {
        .proposals = proposals, .proposal_count = count, .now_s = NOW_S};

    assert_err(mls_group_commit(p->group, &params, &message, &welcome), KITH_OK);
    pass_on(s, who, kith_bytes_of_buf(&message));
    mls_group_apply_own(p->group);
    for (size_t i = 0; i + 1 < s->c.count && welcome.len > 0; i++) {
        party *joiner = &s->c.party[i];
        const kith_bytes blob = kith_bytes_of_buf(&joiner->blob);
        if (joiner->group == NULL && blob.len > 0 &&
            mls_group_join(&joiner->env,
                           &(mls_join_params){.welcome = kith_bytes_of_buf(&welcome),
                                              .private_blobs = &blob,
                                              .private_blob_count = 1,
                                              .settings = cast_settings(&s->c),
                                              .now_s = NOW_S},
                           NULL, &joiner->group) == KITH_OK) {
            kith_buf_clear(&joiner->blob);
        }
    }
    assert_follows(s, who);
}

static void
add(scene *s, size_t who, size_t joiner)
{
    party_publish(&s->c, joiner);
    const mls_proposal_params params = {
        .type = MLS_PROPOSAL_ADD, .key_package = kith_bytes_of_buf(&s->c.party[joiner].package)};

    commit(s, who, &params, 1);
    assert_non_null(s->c.party[joiner].group);
}

static void
propose(scene *s, size_t who, const mls_proposal_params *params)
{
    KITH_AUTO(kith_buf) message = {0};

    assert_err(mls_group_propose(s->c.party[who].group, params, (kith_bytes){0}, NOW_S, &message),
               KITH_OK);
    pass_on(s, who, kith_bytes_of_buf(&message));
}

static void
reload(scene *s)
{
    KITH_AUTO(kith_buf) blob = {0};
    mls_public *loaded = NULL;

    assert_err(mls_public_save(s->service, &blob), KITH_OK);
    assert_err(mls_public_load(&s->server->env, kith_bytes_of_buf(&blob), &loaded), KITH_OK);
    mls_public_free(s->service);
    s->service = loaded;
}

static size_t
pick_member(scene *s, uint32_t random)
{
    size_t at = random % (s->c.count - 1);

    while (s->c.party[at].group == NULL) {
        at = (at + 1) % (s->c.count - 1);
    }
    return at;
}

static void
join_external(scene *s, size_t who, size_t host)
{
    KITH_AUTO(kith_buf) info = {0};
    KITH_AUTO(kith_buf) message = {0};
    party *p = &s->c.party[who];
    mls_group *joined = NULL;

    assert_err(mls_group_info(s->c.party[host].group, &(mls_group_info_params){0}, &info), KITH_OK);
    assert_err(mls_public_check_info(s->service, kith_bytes_of_buf(&info)), KITH_OK);
    const mls_external_params params = {.group_info = kith_bytes_of_buf(&info),
                                        .leaf = party_leaf(p),
                                        .replaces = MLS_LEAF_NONE,
                                        .settings = cast_settings(&s->c),
                                        .now_s = NOW_S};
    assert_err(mls_group_join_external(&p->env, &params, &message, &joined), KITH_OK);
    pass_on(s, who, kith_bytes_of_buf(&message));
    p->group = joined;
    assert_follows(s, who);
}

/* One random step of a history. */
static void
step(scene *s, uint32_t random)
{
    const size_t actor = pick_member(s, random >> 8);
    const size_t other = (random >> 16) % (s->c.count - 1);
    const bool is_in = s->c.party[other].group != NULL;

    if (!is_in) {
        if (random % 2 == 0) {
            add(s, actor, other);
        } else {
            join_external(s, other, actor);
        }
        return;
    }
    if (other == actor || random % 4 == 0) {
        commit(s, actor, NULL, 0);
        return;
    }
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};
    const mls_proposal_params remove = {.type = MLS_PROPOSAL_REMOVE,
                                        .leaf_index = party_leaf_index(&s->c.party[other])};
    propose(s, other, &update);
    if (random % 4 == 1) {
        propose(s, actor, &remove);
    }
    commit(s, actor, NULL, 0);
}

static void
the_service_keeps_up_with_random_histories_and_restarts(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        scene s;
        fake_rng dice;
        start(&s, 7, 200 + seed);
        fake_rng_init(&dice, seed);
        const kith_rng rng = fake_rng_port(&dice);
        const uint64_t drawn = s.server->rng.calls;
        for (size_t i = 0; i < 25; i++) {
            uint32_t random = 0;
            assert_err(kith_rng_fill(&rng, (uint8_t *)&random, sizeof random), KITH_OK);
            step(&s, random);
            if (i % 5 == 0) {
                reload(&s);
            }
        }
        /* Its own signature key, made when the cast opened, is all that it drew. */
        assert_int_equal(s.server->rng.calls, drawn);
        end(&s);
    }
}

static void
the_service_knows_members_and_no_secret(void **state)
{
    scene s;
    mls_member member;
    kith_secret secret = {0};

    (void)state;
    start(&s, 3, 210);
    add(&s, 0, 1);
    const mls_epoch *epoch = mls_public_epoch(s.service);

    assert_int_equal(mls_epoch_member_count(epoch), 2);
    assert_err(mls_epoch_member_at(epoch, 1, &member), KITH_OK);
    assert_true(kith_bytes_equal(member.identity.data, kith_bytes_of_text("member 1")));
    assert_int_equal(mls_epoch_own_leaf(epoch), MLS_LEAF_NONE);
    assert_err(mls_epoch_export(epoch, "x", (kith_bytes){0}, 32, &secret), KITH_ERR_DENIED);
    assert_int_equal(mls_epoch_authenticator(epoch).len, 0);
    end(&s);
}

static void
a_private_handshake_cannot_be_followed(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(mls_received) received = {0};

    (void)state;
    start(&s, 3, 211);
    add(&s, 0, 1);
    assert_err(mls_group_protect(s.c.party[1].group,
                                 &(mls_protect_params){.plaintext = kith_bytes_of_text("x")}, NULL,
                                 &message),
               KITH_OK);

    assert_err(mls_public_receive(s.service, kith_bytes_of_buf(&message), NOW_S, &received),
               KITH_ERR_UNSUPPORTED);
    end(&s);
}

/* A commit that is valid but for one thing that a service can see. */
static void
a_changed_commit_is_refused_wherever_it_is_not_a_secret_matter(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    size_t taken = 0;

    (void)state;
    start(&s, 3, 212);
    add(&s, 0, 1);
    assert_err(mls_group_commit(s.c.party[1].group, &(mls_commit_params){.now_s = NOW_S}, &message,
                                &welcome),
               KITH_OK);
    /* The last 66 bytes are confirmation and membership tag: HMACs with keys that the service lacks. */
    for (size_t i = 0; i < message.len; i++) {
        KITH_AUTO(mls_received) received = {0};
        message.data[i] ^= 1;
        const kith_err err =
            mls_public_receive(s.service, kith_bytes_of_buf(&message), NOW_S, &received);
        message.data[i] ^= 1;
        taken += err == KITH_OK ? 1 : 0;
        assert_true(err != KITH_OK || i >= message.len - 66);
    }
    assert_int_equal(taken, 64);
    end(&s);
}

static void
a_commit_of_an_epoch_that_is_over_is_old_news(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(mls_received) received = {0};

    (void)state;
    start(&s, 3, 213);
    add(&s, 0, 1);
    assert_err(mls_group_commit(s.c.party[1].group, &(mls_commit_params){.now_s = NOW_S}, &message,
                                &welcome),
               KITH_OK);
    commit(&s, 0, NULL, 0); /* wins */

    assert_err(mls_public_receive(s.service, kith_bytes_of_buf(&message), NOW_S, &received),
               KITH_ERR_EXISTS);
    end(&s);
}

static void
pending_proposals_are_known_until_the_epoch_ends(void **state)
{
    scene s;
    mls_pending pending;
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};

    (void)state;
    start(&s, 3, 214);
    add(&s, 0, 1);
    propose(&s, 1, &update);
    reload(&s);

    assert_int_equal(mls_public_pending_count(s.service), 1);
    assert_err(mls_public_pending_at(s.service, 0, &pending), KITH_OK);
    assert_int_equal(pending.leaf_index, 1);
    assert_err(mls_public_pending_at(s.service, 1, &pending), KITH_ERR_NOT_FOUND);
    commit(&s, 0, NULL, 0);
    assert_int_equal(mls_public_pending_count(s.service), 0);
    end(&s);
}

static kith_err
know_psk(void *ctx, const mls_psk_ref *ref, kith_secret *out)
{
    (void)ctx;
    return kith_secret_set(out, ref->psk_id);
}

static void
a_pre_shared_key_is_none_of_its_business(void **state)
{
    scene s;
    const mls_proposal_params psk = {.type = MLS_PROPOSAL_PSK,
                                     .psk = {.psk_id = kith_bytes_of_text("shared")}};

    (void)state;
    start(&s, 3, 215);
    add(&s, 0, 1);
    s.c.party[0].env.find_psk = know_psk;
    s.c.party[1].env.find_psk = know_psk;

    commit(&s, 0, &psk, 1);

    end(&s);
}

static void
a_group_that_was_re_initialised_has_ended_for_the_service_too(void **state)
{
    scene s;
    const mls_proposal_params reinit = {.type = MLS_PROPOSAL_REINIT,
                                        .reinit_group_id = kith_bytes_of_text("next"),
                                        .reinit_suite = MLS_SUITE_X25519_AES128_ED25519};

    (void)state;
    start(&s, 3, 216);
    add(&s, 0, 1);
    assert_true(mls_public_is_active(s.service));
    commit(&s, 0, &reinit, 1);

    assert_false(mls_public_is_active(s.service));
    end(&s);
}

static void
a_group_info_is_checked_before_others_join_by_it(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) old = {0};
    KITH_AUTO(kith_buf) now = {0};

    (void)state;
    start(&s, 3, 217);
    assert_err(mls_group_info(s.c.party[0].group, &(mls_group_info_params){0}, &old), KITH_OK);
    add(&s, 0, 1);
    assert_err(mls_group_info(s.c.party[1].group, &(mls_group_info_params){0}, &now), KITH_OK);

    assert_err(mls_public_check_info(s.service, kith_bytes_of_buf(&now)), KITH_OK);
    assert_err(mls_public_check_info(s.service, kith_bytes_of_buf(&old)), KITH_ERR_OUT_OF_STEP);
    now.data[now.len - 1] ^= 1;
    assert_err(mls_public_check_info(s.service, kith_bytes_of_buf(&now)), KITH_ERR_REJECTED);
    end(&s);
}

/* A member's blob holds what the service has no use for, and the other way round. */
static void
blobs_of_members_and_of_services_are_not_mixed_up(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) member = {0};
    KITH_AUTO(kith_buf) service = {0};
    mls_group *group = NULL;
    mls_public *public = NULL;

    (void)state;
    start(&s, 3, 218);
    assert_err(mls_group_save(s.c.party[0].group, &member), KITH_OK);
    assert_err(mls_public_save(s.service, &service), KITH_OK);

    assert_err(mls_group_load(&s.c.party[0].env, kith_bytes_of_buf(&service), &group),
               KITH_ERR_MALFORMED);
    assert_err(mls_public_load(&s.server->env, kith_bytes_of_buf(&member), &public),
               KITH_ERR_MALFORMED);
    end(&s);
}

static void
a_failing_allocation_leaves_the_service_as_it_was(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(kith_buf) before = {0};
    kith_err err = KITH_ERR_NO_MEMORY;

    (void)state;
    start(&s, 3, 219);
    add(&s, 0, 1);
    assert_err(mls_group_commit(s.c.party[1].group, &(mls_commit_params){.now_s = NOW_S}, &message,
                                &welcome),
               KITH_OK);
    assert_err(mls_public_save(s.service, &before), KITH_OK);
    fake_alloc *alloc = &s.server->alloc;
    for (uint64_t n = 0; err != KITH_OK; n++) {
        KITH_AUTO(mls_received) received = {0};
        KITH_AUTO(kith_buf) after = {0};
        alloc->fail_after = alloc->calls + n;
        err = mls_public_receive(s.service, kith_bytes_of_buf(&message), NOW_S, &received);
        alloc->fail_after = UINT64_MAX;
        if (err != KITH_OK) {
            assert_err(err, KITH_ERR_NO_MEMORY);
            assert_true(n < 1000);
        }
        assert_err(mls_public_save(s.service, &after), KITH_OK);
        assert_true(kith_bytes_equal(kith_bytes_of_buf(&before), kith_bytes_of_buf(&after)));
    }
    end(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_service_keeps_up_with_random_histories_and_restarts),
        cmocka_unit_test(the_service_knows_members_and_no_secret),
        cmocka_unit_test(a_private_handshake_cannot_be_followed),
        cmocka_unit_test(a_changed_commit_is_refused_wherever_it_is_not_a_secret_matter),
        cmocka_unit_test(a_commit_of_an_epoch_that_is_over_is_old_news),
        cmocka_unit_test(pending_proposals_are_known_until_the_epoch_ends),
        cmocka_unit_test(a_pre_shared_key_is_none_of_its_business),
        cmocka_unit_test(a_group_that_was_re_initialised_has_ended_for_the_service_too),
        cmocka_unit_test(a_group_info_is_checked_before_others_join_by_it),
        cmocka_unit_test(blobs_of_members_and_of_services_are_not_mixed_up),
        cmocka_unit_test(a_failing_allocation_leaves_the_service_as_it_was),
    };

    return cmocka_run_group_tests_name("mls: the view of a delivery service", tests, NULL, NULL);
}
