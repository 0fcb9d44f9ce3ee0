/* SPDX-License-Identifier: MPL-2.0 */
/* Work that is spread over threads comes to the same result, whatever the parts. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/party.h"

#define PARTS_MAX 7u
#define MEMBERS 6u /* and one who joins */

typedef struct parts {
    crypto *cryptos[PARTS_MAX];
    mls_spread spread;
    size_t run;
} parts;

typedef struct part {
    void (*run)(void *job, size_t i);
    void *job;
    size_t i;
} part;

static void *
run_part(void *ctx)
{
    const part *p = ctx;

    p->run(p->job, p->i);
    return NULL;
}

static void
run_in_threads(void *ctx, void (*run)(void *job, size_t i), void *job, size_t count)
{
    parts *p = ctx;
    pthread_t threads[PARTS_MAX];
    part items[PARTS_MAX];

    for (size_t i = 0; i < count; i++) {
        items[i] = (part){.run = run, .job = job, .i = i};
        assert_int_equal(pthread_create(&threads[i], NULL, run_part, &items[i]), 0);
        p->run++;
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void
parts_open(parts *p)
{
    memset(p, 0, sizeof *p);
    for (size_t i = 0; i < PARTS_MAX; i++) {
        assert_err(crypto_new(NULL, &p->cryptos[i]), KITH_OK);
    }
    p->spread = (mls_spread){.run = run_in_threads, .ctx = p, .cryptos = p->cryptos};
}

static void
parts_close(parts *p)
{
    for (size_t i = 0; i < PARTS_MAX; i++) {
        crypto_free(p->cryptos[i]);
    }
}

/* A group in which only member `lazy` still has the leaf of its key package, and a Welcome to it for the last party,
 * who does not want leaves that live so long. */
static void
cast_with_lazy(cast *c, uint32_t lazy, kith_buf *welcome, kith_buf *blob)
{
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) package = {0};

    cast_open(c, MLS_SUITE_X25519_AES128_ED25519, MEMBERS + 1, 61);
    party_found(c, 0);
    for (size_t i = 1; i < MEMBERS; i++) {
        cast_add(c, 0, i);
    }
    for (size_t i = 1; i < MEMBERS; i++) {
        if (i != lazy) {
            cast_commit(c, i, NULL, NULL, 0);
        }
    }
    party *joiner = &c->party[MEMBERS];
    joiner->env.alloc = NULL; /* the counting one is for one thread */
    joiner->env.lifetime_max_s = 100;
    assert_err(mls_key_package_new(&joiner->env,
                                   &(mls_key_package_params){.suite = c->suite,
                                                             .leaf = party_leaf(joiner),
                                                             .not_before_s = NOW_S,
                                                             .not_after_s = NOW_S + 10},
                                   &package, blob),
               KITH_OK);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&package)};
    assert_err(mls_group_commit(
                   c->party[0].group,
                   &(mls_commit_params){
                       .proposals = &add, .proposal_count = 1, .force_path = true, .now_s = NOW_S},
                   &commit, welcome),
               KITH_OK);
}

static kith_err
join(cast *c, const kith_buf *welcome, const kith_buf *blob)
{
    const kith_bytes candidate = kith_bytes_of_buf(blob);
    mls_group *joined = NULL;
    const kith_err err = mls_group_join(&c->party[MEMBERS].env,
                                        &(mls_join_params){.welcome = kith_bytes_of_buf(welcome),
                                                           .private_blobs = &candidate,
                                                           .private_blob_count = 1,
                                                           .now_s = NOW_S},
                                        NULL, &joined);

    mls_group_free(joined);
    return err;
}

/* However many parts there are, more than leaves too, every leaf is in one. */
static void
leaves_that_are_checked_in_parts_are_all_checked(void **state)
{
    parts p;

    (void)state;
    parts_open(&p);
    for (uint32_t lazy = 1; lazy <= MEMBERS; lazy++) { /* the last one is nobody */
        cast c;
        KITH_AUTO(kith_buf) welcome = {0};
        KITH_AUTO(kith_buf) blob = {0};
        const kith_err expected = lazy < MEMBERS ? KITH_ERR_REJECTED : KITH_OK;
        cast_with_lazy(&c, lazy, &welcome, &blob);
        assert_err(join(&c, &welcome, &blob), expected);
        c.party[MEMBERS].env.spread = &p.spread;
        p.run = 0;
        for (p.spread.count = 1; p.spread.count <= PARTS_MAX; p.spread.count++) {
            assert_err(join(&c, &welcome, &blob), expected);
        }
        assert_int_equal(p.run, PARTS_MAX * (PARTS_MAX + 1) / 2);
        cast_close(&c);
    }
    parts_close(&p);
}

static void
no_part_or_too_many_are_invalid(void **state)
{
    parts p;
    cast c;
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(kith_buf) blob = {0};

    (void)state;
    parts_open(&p);
    cast_with_lazy(&c, MEMBERS, &welcome, &blob);
    c.party[MEMBERS].env.spread = &p.spread;
    assert_err(join(&c, &welcome, &blob), KITH_ERR_INVALID);
    p.spread.count = MLS_SPREAD_MAX + 1;
    assert_err(join(&c, &welcome, &blob), KITH_ERR_INVALID);
    assert_int_equal(p.run, 0);
    cast_close(&c);
    parts_close(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_that_are_checked_in_parts_are_all_checked),
        cmocka_unit_test(no_part_or_too_many_are_invalid),
    };

    return cmocka_run_group_tests_name("mls: work in parts", tests, NULL, NULL);
}
