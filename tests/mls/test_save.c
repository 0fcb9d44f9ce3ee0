/* SPDX-License-Identifier: MPL-2.0 */
/* A group kept as secrets, a base of its tree and deltas: the same as the whole, whatever happened in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/group.h"
#include "mls/party.h"

#define DELTAS_MAX 200u

/* What lies on the disk of party 0. */
typedef struct disk {
    kith_buf secrets;
    kith_buf base;
    kith_buf deltas[DELTAS_MAX];
    size_t count;
} disk;

static void
disk_done(disk *d)
{
    kith_buf_done(&d->secrets);
    kith_buf_done(&d->base);
    for (size_t i = 0; i < d->count; i++) {
        kith_buf_done(&d->deltas[i]);
    }
    memset(d, 0, sizeof *d);
}

static void
write_base(party *p, disk *d)
{
    disk_done(d);
    assert_err(mls_group_save_parts(p->group, &d->secrets, &d->base), KITH_OK);
    mls_group_mark_saved(p->group);
}

static kith_buf *
write_delta(const party *p, disk *d)
{
    kith_buf *delta = &d->deltas[d->count++];

    assert_true(d->count < DELTAS_MAX);
    kith_buf_clear(&d->secrets);
    assert_err(mls_group_save_delta(p->group, &d->secrets, delta), KITH_OK);
    return delta;
}

static kith_err
load(const party *p, const disk *d, mls_group **out)
{
    kith_bytes deltas[DELTAS_MAX];

    for (size_t i = 0; i < d->count; i++) {
        deltas[i] = kith_bytes_of_buf(&d->deltas[i]);
    }
    const mls_saved_tree tree = {
        .base = kith_bytes_of_buf(&d->base), .deltas = deltas, .delta_count = d->count};
    return mls_group_load_deltas(&p->env, kith_bytes_of_buf(&d->secrets), &tree, out);
}

static void
assert_same(const mls_group *a, const mls_group *b)
{
    KITH_AUTO(kith_buf) x = {0};
    KITH_AUTO(kith_buf) y = {0};

    assert_err(mls_group_save(a, &x), KITH_OK);
    assert_err(mls_group_save(b, &y), KITH_OK);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&x), kith_bytes_of_buf(&y)));
}

/* What is on the disk is the state; the party goes on from it. */
static void
restart(party *p, const disk *d)
{
    mls_group *loaded = NULL;

    assert_err(load(p, d, &loaded), KITH_OK);
    assert_same(loaded, p->group);
    mls_group_free(p->group);
    p->group = loaded;
}

static size_t
pick(const cast *c, uint32_t random)
{
    size_t at = random % c->count;

    while (c->party[at].group == NULL) {
        at = (at + 1) % c->count;
    }
    return at;
}

static void
step(cast *c, uint32_t random)
{
    const size_t actor = pick(c, random >> 8);
    const size_t other = 1 + (random >> 16) % (c->count - 1); /* party 0 stays */
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};

    if (c->party[other].group == NULL) {
        cast_add(c, actor, other);
    } else if (random % 4 == 0) {
        cast_say(c, actor, "said");
    } else if (random % 4 == 1 && actor != other) {
        cast_remove(c, actor, other);
    } else if (random % 4 == 2 && actor != other) {
        cast_propose(c, other, &update);
        cast_commit(c, actor, NULL, NULL, 0);
    } else {
        cast_commit(c, actor, NULL, NULL, 0);
    }
}

static void
a_random_history_restores_to_the_same_as_the_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        cast c;
        disk d = {0};
        fake_rng dice;
        cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 12, 300 + seed);
        fake_rng_init(&dice, seed);
        const kith_rng rng = fake_rng_port(&dice);
        party_found(&c, 0);
        write_base(&c.party[0], &d);
        for (size_t i = 0; i < 40; i++) {
            uint32_t random = 0;
            assert_err(kith_rng_fill(&rng, (uint8_t *)&random, sizeof random), KITH_OK);
            step(&c, random);
            write_delta(&c.party[0], &d);
            if (random >> 30 != 0) {
                mls_group_mark_saved(c.party[0].group);
            } else {
                /* The write failed: what was said of it, and the delta, is lost with the next restart of the store;
                 * the next delta covers it. */
                kith_buf_done(&d.deltas[--d.count]);
                write_delta(&c.party[0], &d);
                mls_group_mark_saved(c.party[0].group);
            }
            if (i % 7 == 3) {
                restart(&c.party[0], &d);
            }
            if (i % 13 == 12) {
                write_base(&c.party[0], &d);
            }
        }
        cast_agree(&c);
        disk_done(&d);
        cast_close(&c);
    }
}

/* Parties 0 and 1, the base written. */
static void
open_scene(cast *c, disk *d)
{
    memset(d, 0, sizeof *d);
    cast_open(c, MLS_SUITE_X25519_AES128_ED25519, 4, 310);
    party_found(c, 0);
    cast_add(c, 0, 1);
    write_base(&c->party[0], d);
}

static void
close_scene(cast *c, disk *d)
{
    disk_done(d);
    cast_close(c);
}

static void
a_waiting_commit_comes_back_with_its_tree(void **state)
{
    cast c;
    disk d;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};

    (void)state;
    open_scene(&c, &d);
    party *p = &c.party[0];
    assert_err(mls_group_commit(p->group, &(mls_commit_params){.now_s = NOW_S}, &commit, &welcome),
               KITH_OK);
    assert_int_equal(write_delta(p, &d)->len, 0); /* the epoch is the same */
    mls_group_mark_saved(p->group);

    restart(p, &d);

    assert_true(mls_group_is_own_commit(p->group, kith_bytes_of_buf(&commit)));
    KITH_AUTO(mls_received) received = {0};
    assert_err(mls_group_receive(c.party[1].group, kith_bytes_of_buf(&commit), NOW_S, &received),
               KITH_OK);
    mls_group_apply(c.party[1].group, &received.staged);
    mls_group_apply_own(p->group);
    cast_agree(&c);
    mls_received_done(&received);
    close_scene(&c, &d);
}

static void
what_an_interrupted_write_left_behind_is_passed_over(void **state)
{
    cast c;
    disk d;

    (void)state;
    open_scene(&c, &d);
    party *p = &c.party[0];
    /* A delta was written, its secrets were not: the machine comes back in the epoch before. */
    KITH_AUTO(kith_buf) old = {0};
    assert_err(mls_group_save_parts(p->group, &old, NULL), KITH_OK);
    cast_commit(&c, 1, NULL, NULL, 0);
    write_delta(p, &d);
    const kith_buf written = d.secrets;
    d.secrets = old;
    mls_group *back = NULL;
    assert_err(load(p, &d, &back), KITH_OK);
    assert_int_equal(mls_epoch_number(mls_group_epoch(back)),
                     mls_epoch_number(mls_group_epoch(p->group)) - 1);
    mls_group_free(back);
    old = (kith_buf){0};
    kith_buf_done(&d.secrets);
    d.secrets = written;
    /* The same epoch again by the same base, over a delta that leads elsewhere. */
    cast_commit(&c, 1, NULL, NULL, 0);
    write_delta(p, &d);
    mls_group_mark_saved(p->group);

    restart(p, &d);

    close_scene(&c, &d);
}

static void
a_newer_base_passes_over_the_deltas_before_it(void **state)
{
    cast c;
    disk d;

    (void)state;
    open_scene(&c, &d);
    party *p = &c.party[0];
    cast_commit(&c, 1, NULL, NULL, 0);
    write_delta(p, &d);
    mls_group_mark_saved(p->group);
    kith_buf_clear(&d.base);
    kith_buf_clear(&d.secrets);
    assert_err(mls_group_save_parts(p->group, &d.secrets, &d.base), KITH_OK);
    mls_group_mark_saved(p->group);
    restart(p, &d); /* the old delta is still there */
    cast_commit(&c, 1, NULL, NULL, 0);
    write_delta(p, &d);
    mls_group_mark_saved(p->group);

    restart(p, &d);

    close_scene(&c, &d);
}

static void
a_missing_delta_is_noticed(void **state)
{
    cast c;
    disk d;
    mls_group *loaded = NULL;

    (void)state;
    open_scene(&c, &d);
    party *p = &c.party[0];
    for (size_t i = 0; i < 3; i++) {
        cast_commit(&c, 1, NULL, NULL, 0);
        write_delta(p, &d);
        mls_group_mark_saved(p->group);
    }
    for (size_t i = 0; i < 3; i++) {
        const kith_buf kept = d.deltas[i];
        d.deltas[i] = (kith_buf){0};
        assert_err(load(p, &d, &loaded), KITH_ERR_REJECTED);
        d.deltas[i] = kept;
    }
    const kith_buf first = d.deltas[0];
    d.deltas[0] = d.deltas[1];
    d.deltas[1] = first;
    assert_err(load(p, &d, &loaded), KITH_ERR_REJECTED);
    assert_null(loaded);
    close_scene(&c, &d);
}

static void
a_damaged_delta_is_noticed(void **state)
{
    cast c;
    disk d;
    mls_group *loaded = NULL;

    (void)state;
    open_scene(&c, &d);
    party *p = &c.party[0];
    cast_commit(&c, 1, NULL, NULL, 0);
    kith_buf *delta = write_delta(p, &d);
    for (size_t i = 0; i < delta->len; i++) {
        const size_t len = delta->len;
        delta->data[i] ^= 0x41;
        assert_int_not_equal(load(p, &d, &loaded), KITH_OK);
        delta->data[i] ^= 0x41;
        delta->len = i;
        assert_int_not_equal(load(p, &d, &loaded), KITH_OK);
        delta->len = len;
    }
    delta->data[0] = 9; /* a later version */
    assert_err(load(p, &d, &loaded), KITH_ERR_UNSUPPORTED);
    assert_null(loaded);
    close_scene(&c, &d);
}

static void
nothing_counts_from_what_was_never_saved(void **state)
{
    cast c;
    disk d;
    KITH_AUTO(kith_buf) secrets = {0};
    KITH_AUTO(kith_buf) delta = {0};

    (void)state;
    open_scene(&c, &d);
    assert_err(mls_group_save_delta(c.party[1].group, &secrets, &delta), KITH_ERR_INVALID);
    assert_int_equal(secrets.len, 0);
    mls_group *loaded = NULL;
    d.base.len = 0;
    assert_err(load(&c.party[0], &d, &loaded), KITH_ERR_INVALID);
    close_scene(&c, &d);
}

/* A commit in a group of many writes a handful of nodes. */
static void
a_delta_is_small_in_a_large_group(void **state)
{
    cast c;
    disk d = {0};

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 24, 311);
    party_found(&c, 0);
    for (size_t i = 1; i < 24; i++) {
        cast_add(&c, i - 1, i);
    }
    write_base(&c.party[0], &d);
    cast_commit(&c, 5, NULL, NULL, 0);

    const kith_buf *delta = write_delta(&c.party[0], &d);

    assert_true(delta->len < d.base.len / 6);
    disk_done(&d);
    cast_close(&c);
}

static void
a_failing_allocation_writes_and_loads_nothing(void **state)
{
    cast c;
    disk d;
    KITH_AUTO(kith_buf) secrets = {0};
    KITH_AUTO(kith_buf) delta = {0};
    mls_group *loaded = NULL;
    kith_err err = KITH_ERR_NO_MEMORY;

    (void)state;
    open_scene(&c, &d);
    party *p = &c.party[0];
    cast_commit(&c, 1, NULL, NULL, 0);
    secrets.alloc = &p->alloc.port;
    delta.alloc = &p->alloc.port;
    for (uint64_t n = 0; err != KITH_OK; n++) {
        p->alloc.fail_after = p->alloc.calls + n;
        err = mls_group_save_delta(p->group, &secrets, &delta);
        p->alloc.fail_after = UINT64_MAX;
        assert_true(err == KITH_OK || (secrets.len == 0 && delta.len == 0));
        assert_true(err == KITH_OK || err == KITH_ERR_NO_MEMORY);
    }
    kith_buf_done(&secrets);
    kith_buf_done(&delta);
    write_delta(p, &d);
    err = KITH_ERR_NO_MEMORY;
    for (uint64_t n = 0; err != KITH_OK; n++) {
        const uint64_t blocks = p->alloc.live_blocks;
        p->alloc.fail_after = p->alloc.calls + n;
        err = load(p, &d, &loaded);
        p->alloc.fail_after = UINT64_MAX;
        assert_true(err == KITH_OK || err == KITH_ERR_NO_MEMORY);
        assert_true(err == KITH_OK || p->alloc.live_blocks == blocks);
    }
    mls_group_free(loaded);
    close_scene(&c, &d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_random_history_restores_to_the_same_as_the_whole),
        cmocka_unit_test(a_waiting_commit_comes_back_with_its_tree),
        cmocka_unit_test(what_an_interrupted_write_left_behind_is_passed_over),
        cmocka_unit_test(a_newer_base_passes_over_the_deltas_before_it),
        cmocka_unit_test(a_missing_delta_is_noticed),
        cmocka_unit_test(a_damaged_delta_is_noticed),
        cmocka_unit_test(nothing_counts_from_what_was_never_saved),
        cmocka_unit_test(a_delta_is_small_in_a_large_group),
        cmocka_unit_test(a_failing_allocation_writes_and_loads_nothing),
    };

    return cmocka_run_group_tests_name("mls: keeping a group", tests, NULL, NULL);
}
