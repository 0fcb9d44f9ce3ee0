/* SPDX-License-Identifier: MPL-2.0 */
/* Groups whose members are known by certificates [RFC9420 §5.3]. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/certificates.h"
#include "mls/party.h"

#define DAY_S INT64_C(86400)

/* Everybody's certificate comes from one authority; everybody has it as root. */
typedef struct scene {
    cast c;
    crypto_sign_id sign;
    crypto_sign_key *authority;
    EVP_PKEY *authority_key;
    mls_roots *roots;
    kith_buf chains[4];
} scene;

static void
certify(scene *s, size_t who, int64_t until_s)
{
    party *p = &s->c.party[who];
    EVP_PKEY *key = certificate_key(s->sign, kith_bytes_of_secret(&p->signature_private),
                                    kith_bytes_of_buf(&p->signature_public));
    KITH_AUTO(kith_buf) der = {0};
    const certificate_params params = {.subject = p->name,
                                       .issuer = "authority",
                                       .key = key,
                                       .issuer_key = s->authority_key,
                                       .not_before_s = (int64_t)NOW_S - DAY_S,
                                       .not_after_s = until_s};

    assert_true(certificate_write(&params, &der));
    EVP_PKEY_free(key);
    const kith_bytes one = kith_bytes_of_buf(&der);
    kith_buf_clear(&s->chains[who]);
    assert_err(mls_certificates_write(&one, 1, &s->chains[who]), KITH_OK);
}

static void
make_authority(scene *s)
{
    KITH_AUTO(kith_buf) der = {0};

    assert_err(
        crypto_sign_key_generate(s->c.crypto, s->sign, &s->c.party[0].env.rng, &s->authority),
        KITH_OK);
    s->authority_key = certificate_key(s->sign, crypto_sign_key_private(s->authority),
                                       crypto_sign_key_public(s->authority));
    const certificate_params params = {.subject = "authority",
                                       .issuer = "authority",
                                       .key = s->authority_key,
                                       .issuer_key = s->authority_key,
                                       .is_ca = true,
                                       .not_before_s = (int64_t)NOW_S - DAY_S,
                                       .not_after_s = (int64_t)NOW_S + 9 * DAY_S};
    assert_true(certificate_write(&params, &der));
    assert_err(mls_roots_new(&s->c.party[0].env, &s->roots), KITH_OK);
    assert_err(mls_roots_add(s->roots, kith_bytes_of_buf(&der)), KITH_OK);
}

static mls_leaf_params
leaf_of(const scene *s, size_t who)
{
    mls_leaf_params leaf = party_leaf(&s->c.party[who]);

    leaf.identity =
        (mls_identity){.type = MLS_CREDENTIAL_X509, .data = kith_bytes_of_buf(&s->chains[who])};
    return leaf;
}

static void
publish(scene *s, size_t who)
{
    party *p = &s->c.party[who];
    const mls_key_package_params params = {.suite = s->c.suite,
                                           .leaf = leaf_of(s, who),
                                           .not_before_s = NOW_S - 3600,
                                           .not_after_s = NOW_S + 3600};

    kith_buf_clear(&p->package);
    kith_buf_clear(&p->blob);
    assert_err(mls_key_package_new(&p->env, &params, &p->package, &p->blob), KITH_OK);
}

static void
open_scene(scene *s, uint16_t suite, crypto_sign_id sign)
{
    memset(s, 0, sizeof *s);
    s->sign = sign;
    cast_open(&s->c, suite, 4, 98);
    make_authority(s);
    for (size_t i = 0; i < 4; i++) {
        s->c.party[i].env.roots = s->roots;
        certify(s, i, (int64_t)NOW_S + DAY_S);
    }
    const mls_group_params params = {
        .suite = suite, .group_id = kith_bytes_of_text("a group"), .leaf = leaf_of(s, 0)};
    assert_err(mls_group_new(&s->c.party[0].env, &params, &s->c.party[0].group), KITH_OK);
}

static void
close_scene(scene *s)
{
    crypto_sign_key_free(s->authority);
    EVP_PKEY_free(s->authority_key);
    mls_roots_free(s->roots);
    for (size_t i = 0; i < 4; i++) {
        kith_buf_done(&s->chains[i]);
    }
    cast_close(&s->c);
}

static kith_err
try_add(scene *s, size_t who)
{
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&s->c.party[who].package)};
    const kith_err err = mls_group_commit(
        s->c.party[0].group,
        &(mls_commit_params){.proposals = &add, .proposal_count = 1, .now_s = NOW_S}, &commit,
        &welcome);

    mls_group_discard_own(s->c.party[0].group);
    return err;
}

/* Adds and joins. */
static void
add(scene *s, size_t by, size_t who)
{
    publish(s, who);
    const mls_proposal_params params = {.type = MLS_PROPOSAL_ADD,
                                        .key_package = kith_bytes_of_buf(&s->c.party[who].package)};

    cast_commit(&s->c, by,
                &(mls_commit_params){.proposals = &params, .proposal_count = 1, .now_s = NOW_S},
                &who, 1);
}

static void
members_are_added_join_and_talk_by_their_certificates(void **state)
{
    static const struct {
        uint16_t suite;
        crypto_sign_id sign;
    } kinds[] = {{MLS_SUITE_X25519_AES128_ED25519, CRYPTO_ED25519},
                 {MLS_SUITE_P256_AES128_P256, CRYPTO_ECDSA_P256_SHA256}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        scene s;
        open_scene(&s, kinds[i].suite, kinds[i].sign);

        add(&s, 0, 1);
        add(&s, 1, 2);
        cast_commit(&s.c, 2, NULL, NULL, 0);

        cast_agree(&s.c);
        assert_int_equal(mls_epoch_member_count(mls_group_epoch(s.c.party[0].group)), 3);
        close_scene(&s);
    }
}

static void
a_key_package_with_anothers_certificate_is_refused(void **state)
{
    scene s;

    (void)state;
    open_scene(&s, MLS_SUITE_X25519_AES128_ED25519, CRYPTO_ED25519);
    const kith_buf own = s.chains[1];
    s.chains[1] = s.chains[2];
    publish(&s, 1);
    s.chains[1] = own;

    assert_err(try_add(&s, 1), KITH_ERR_REJECTED);
    publish(&s, 1);
    assert_err(try_add(&s, 1), KITH_OK);
    close_scene(&s);
}

static void
a_certificate_that_ran_out_is_refused(void **state)
{
    scene s;

    (void)state;
    open_scene(&s, MLS_SUITE_X25519_AES128_ED25519, CRYPTO_ED25519);
    certify(&s, 1, (int64_t)NOW_S - 1);
    publish(&s, 1);

    assert_err(try_add(&s, 1), KITH_ERR_REJECTED);
    close_scene(&s);
}

static void
a_chain_of_nothing_and_one_of_too_many_are_refused(void **state)
{
    scene s;

    (void)state;
    open_scene(&s, MLS_SUITE_X25519_AES128_ED25519, CRYPTO_ED25519);
    KITH_AUTO(kith_buf) one = {0};
    assert_err(kith_buf_append(&one, kith_bytes_of_buf(&s.chains[1])), KITH_OK);
    kith_buf_clear(&s.chains[1]);
    publish(&s, 1);
    assert_err(try_add(&s, 1), KITH_ERR_REJECTED);
    for (size_t i = 0; i < 9; i++) {
        assert_err(kith_buf_append(&s.chains[1], kith_bytes_of_buf(&one)), KITH_OK);
    }
    publish(&s, 1);
    assert_err(try_add(&s, 1), KITH_ERR_LIMIT);
    close_scene(&s);
}

static void
a_joiner_believes_the_roots_not_the_group(void **state)
{
    scene s;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    mls_roots *none = NULL;
    mls_group *joined = NULL;

    (void)state;
    open_scene(&s, MLS_SUITE_X25519_AES128_ED25519, CRYPTO_ED25519);
    publish(&s, 1);
    const mls_proposal_params params = {.type = MLS_PROPOSAL_ADD,
                                        .key_package = kith_bytes_of_buf(&s.c.party[1].package)};
    assert_err(mls_group_commit(
                   s.c.party[0].group,
                   &(mls_commit_params){.proposals = &params, .proposal_count = 1, .now_s = NOW_S},
                   &commit, &welcome),
               KITH_OK);
    party *p = &s.c.party[1];
    const kith_bytes blob = kith_bytes_of_buf(&p->blob);
    const mls_join_params join = {.welcome = kith_bytes_of_buf(&welcome),
                                  .private_blobs = &blob,
                                  .private_blob_count = 1,
                                  .now_s = NOW_S};
    assert_err(mls_roots_new(&p->env, &none), KITH_OK);
    p->env.roots = none;

    assert_err(mls_group_join(&p->env, &join, NULL, &joined), KITH_ERR_REJECTED);
    p->env.roots = NULL; /* then it is for `check` to say */
    assert_err(mls_group_join(&p->env, &join, NULL, &joined), KITH_OK);
    mls_group_free(joined);
    mls_roots_free(none);
    close_scene(&s);
}

typedef struct asked {
    size_t count;
    uint16_t suite;
} asked;

static kith_err
count_check(void *ctx, const mls_check *check)
{
    asked *a = ctx;

    a->count++;
    a->suite = check->suite;
    return KITH_ERR_DENIED;
}

static void
a_good_chain_is_still_shown_to_the_caller(void **state)
{
    scene s;
    asked a = {0};

    (void)state;
    open_scene(&s, MLS_SUITE_X25519_AES128_ED25519, CRYPTO_ED25519);
    publish(&s, 1);
    s.c.party[0].env.check = count_check;
    s.c.party[0].env.ctx = &a;

    assert_err(try_add(&s, 1), KITH_ERR_DENIED);

    assert_int_equal(a.count, 1);
    assert_int_equal(a.suite, MLS_SUITE_X25519_AES128_ED25519);
    certify(&s, 1, (int64_t)NOW_S - 1);
    publish(&s, 1);
    assert_err(try_add(&s, 1), KITH_ERR_REJECTED); /* a bad one is not */
    assert_int_equal(a.count, 1);
    close_scene(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_added_join_and_talk_by_their_certificates),
        cmocka_unit_test(a_key_package_with_anothers_certificate_is_refused),
        cmocka_unit_test(a_certificate_that_ran_out_is_refused),
        cmocka_unit_test(a_chain_of_nothing_and_one_of_too_many_are_refused),
        cmocka_unit_test(a_joiner_believes_the_roots_not_the_group),
        cmocka_unit_test(a_good_chain_is_still_shown_to_the_caller),
    };

    return cmocka_run_group_tests_name("mls: certificates", tests, NULL, NULL);
}
