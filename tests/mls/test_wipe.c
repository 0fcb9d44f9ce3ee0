/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Nothing secret outlives what held it: every secret that was seen alive while a group lived is looked for after the
 * group is freed, in every block that the library gave back (an allocator that keeps them) and in the heap of
 * the whole process, what the libraries below allocated included.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mls/group.h"
#include "mls/join.h"
#include "mls/party.h"

/* ---- Secrets that were seen ---- */

#define SEEN_MAX 8192u
#define SEEN_LEN 16u /* a secret is known by its first bytes */
#define MASK 0xa5u

/* Masked, so that this list is not what is found. */
typedef struct seen {
    uint8_t items[SEEN_MAX][SEEN_LEN];
    size_t count;
    uint64_t starts[65536 / 64]; /* which two first bytes there are */
} seen;

static void
remember(seen *s, kith_bytes secret)
{
    if (secret.len < SEEN_LEN) {
        return;
    }
    assert_true(s->count < SEEN_MAX);
    for (size_t i = 0; i < SEEN_LEN; i++) {
        s->items[s->count][i] = secret.data[i] ^ MASK;
    }
    s->count++;
    const size_t start = (size_t)secret.data[0] << 8 | secret.data[1];
    s->starts[start / 64] |= UINT64_C(1) << start % 64;
}

static void
remember_secret(seen *s, const kith_secret *secret)
{
    remember(s, kith_bytes_of_secret(secret));
}

static bool
is_secret(const seen *s, const uint8_t *at)
{
    const size_t start = (size_t)at[0] << 8 | at[1];

    if ((s->starts[start / 64] >> start % 64 & 1) == 0) {
        return false;
    }
    for (size_t k = 0; k < s->count; k++) {
        size_t i = 0;
        while (i < SEEN_LEN && (s->items[k][i] ^ MASK) == at[i]) {
            i++;
        }
        if (i == SEEN_LEN) {
            return true;
        }
    }
    return false;
}

/* How many secrets there are in a piece of memory. */
static size_t
count_secrets(const seen *s, const uint8_t *data, size_t len)
{
    size_t count = 0;

    for (size_t at = 0; at + SEEN_LEN <= len; at++) {
        count += is_secret(s, data + at) ? 1 : 0;
    }
    return count;
}

/* ---- What a group knows ---- */

/* The secret tree keeps its secrets to itself; encoded, each follows its length. */
static void
remember_tree(seen *s, const mls_secret_tree *tree, size_t secret_len)
{
    KITH_AUTO(kith_buf) encoded = {0};
    kith_writer w = kith_writer_of(&encoded);

    assert_err(mls_secret_tree_encode(tree, &w), KITH_OK);
    for (size_t at = 0; at + 1 + secret_len <= encoded.len; at++) {
        if (encoded.data[at] == secret_len) {
            remember(s, kith_bytes_of(encoded.data + at + 1, secret_len));
        }
    }
}

static void
remember_epoch(seen *s, const mls_epoch *epoch)
{
    const mls_secrets *secrets = &epoch->secrets;
    const kith_secret *const all[] = {
        &secrets->sender_data, &secrets->encryption,    &secrets->exporter,
        &secrets->external,    &secrets->confirmation,  &secrets->membership,
        &secrets->resumption,  &secrets->authenticator, &secrets->init};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        remember_secret(s, all[i]);
    }
    for (size_t i = 0; i < epoch->keys.count; i++) {
        remember_secret(s, &epoch->keys.keys[i]);
    }
    if (epoch->messages != NULL) {
        remember_tree(s, epoch->messages, mls_suite_hash_len(epoch->tools.suite));
    }
}

static void
remember_group(seen *s, const mls_group *group)
{
    remember_secret(s, &group->signature_private);
    remember_epoch(s, group->now);
    for (size_t i = 0; i < group->past_count; i++) {
        remember_epoch(s, group->past[i]);
    }
    for (size_t i = 0; i < group->held.count; i++) {
        remember_secret(s, &group->held.items[i].leaf_key);
        remember_secret(s, &group->held.items[i].signature_private);
    }
    if (group->own != NULL) {
        remember_epoch(s, group->own->next);
    }
}

static void
remember_all(seen *s, const cast *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const party *p = &c->party[i];
        if (p->group != NULL) {
            remember_group(s, p->group);
        }
        if (p->blob.len > 0) {
            mls_private_package package;
            assert_err(mls_private_package_decode(kith_bytes_of_buf(&p->blob), &package), KITH_OK);
            remember(s, package.init_private);
            remember(s, package.leaf_private);
        }
    }
}

/* ---- Ports ---- */

/* Randomness becomes keys: whatever is long enough is a secret. */
typedef struct watched_rng {
    kith_rng below;
    seen *seen;
} watched_rng;

static kith_err
fill_watched(void *ctx, uint8_t *out, size_t len)
{
    const watched_rng *rng = ctx;

    KITH_TRY(kith_rng_fill(&rng->below, out, len));
    remember(rng->seen, kith_bytes_of(out, len));
    return KITH_OK;
}

/* Blocks that were given back, never used again. */
typedef struct kept_block {
    struct kept_block *next;
    size_t size;
} kept_block;

typedef struct keeper {
    kept_block *freed;
    size_t count;
} keeper;

static void *
resize_kept(void *ctx, void *ptr, size_t old, size_t size)
{
    keeper *k = ctx;
    kept_block *fresh = NULL;

    if (size > 0) {
        fresh = calloc(1, sizeof *fresh + size);
        assert_non_null(fresh);
        fresh->size = size;
        if (ptr != NULL) {
            memcpy(fresh + 1, ptr, old < size ? old : size);
        }
    }
    if (ptr != NULL) {
        kept_block *block = (kept_block *)ptr - 1;
        assert_int_equal(block->size, old);
        block->next = k->freed;
        k->freed = block;
        k->count++;
    }
    return fresh == NULL ? NULL : fresh + 1;
}

static size_t
count_in_freed(const keeper *k, const seen *s)
{
    size_t count = 0;

    for (const kept_block *b = k->freed; b != NULL; b = b->next) {
        count += count_secrets(s, (const uint8_t *)(b + 1), b->size);
    }
    return count;
}

static void
keeper_done(keeper *k)
{
    while (k->freed != NULL) {
        kept_block *next = k->freed->next;
        free(k->freed);
        k->freed = next;
    }
}

/* ---- The life of a group ---- */

typedef struct stage {
    cast c;
    seen *seen;
    keeper keeper;
    kith_alloc alloc;
    watched_rng rng[PARTY_MAX];
} stage;

static kith_err
find_psk(void *ctx, const mls_psk_ref *ref, kith_secret *out)
{
    (void)ref;
    *out = (kith_secret){0};
    KITH_TRY(kith_secret_set(out, kith_bytes_of_text("a secret that both sides had before")));
    remember_secret(ctx, out);
    return KITH_OK;
}

static void
stage_open(stage *s, uint16_t suite, bool keep_freed)
{
    memset(s, 0, sizeof *s);
    s->seen = calloc(1, sizeof *s->seen);
    assert_non_null(s->seen);
    s->alloc = (kith_alloc){.resize = resize_kept, .ctx = &s->keeper};
    cast_open(&s->c, suite, 4, 91);
    for (size_t i = 0; i < s->c.count; i++) {
        party *p = &s->c.party[i];
        s->rng[i] = (watched_rng){.below = fake_rng_port(&p->rng), .seen = s->seen};
        p->env.rng = (kith_rng){.fill = fill_watched, .ctx = &s->rng[i]};
        p->env.alloc = keep_freed ? &s->alloc : NULL;
        p->env.find_psk = find_psk;
        p->env.ctx = s->seen;
        remember_secret(s->seen, &p->signature_private);
    }
}

/* A member of everything: joining, talk, PSKs, updates, commits that wait and that fail, removals, saving. */
static void
live(stage *s)
{
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};
    const mls_proposal_params psk = {.type = MLS_PROPOSAL_PSK,
                                     .psk = {.psk_id = kith_bytes_of_text("psk")}};
    cast *c = &s->c;

    party_found(c, 0);
    cast_add(c, 0, 1);
    remember_all(s->seen, c);
    cast_add(c, 1, 2);
    cast_say(c, 0, "one");
    cast_say(c, 2, "two");
    remember_all(s->seen, c);
    cast_propose(c, 1, &update);
    remember_all(s->seen, c);
    cast_commit(c, 2, NULL, NULL, 0);
    cast_commit(c, 0, &(mls_commit_params){.proposals = &psk, .proposal_count = 1, .now_s = NOW_S},
                NULL, 0);
    cast_say(c, 1, "three");
    remember_all(s->seen, c);
    party_reload(&c->party[1]);
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) none = {0};
    assert_err(
        mls_group_commit(c->party[1].group, &(mls_commit_params){.now_s = NOW_S}, &commit, &none),
        KITH_OK);
    remember_all(s->seen, c);
    mls_group_discard_own(c->party[1].group);
    cast_remove(c, 0, 2);
    remember_all(s->seen, c);
    /* One more that is never applied. */
    assert_err(
        mls_group_commit(c->party[0].group, &(mls_commit_params){.now_s = NOW_S}, &commit, &none),
        KITH_OK);
    remember_all(s->seen, c);
}

static void
stage_end(stage *s)
{
    for (size_t i = 0; i < s->c.count; i++) {
        party *p = &s->c.party[i];
        party_leave(p);
        kith_buf_done(&p->blob);
        kith_secret_done(&p->signature_private);
    }
}

static void
stage_close(stage *s)
{
    cast_close(&s->c);
    keeper_done(&s->keeper);
    free(s->seen);
}

static void
no_block_that_is_given_back_holds_a_secret(void **state)
{
    static const uint16_t suites[] = {MLS_SUITE_X25519_AES128_ED25519, MLS_SUITE_PQ};

    (void)state;
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        stage s;
        stage_open(&s, suites[i], true);
        live(&s);
        /* What lives is found, so what is not found is not there. */
        const mls_secrets *alive = &s.c.party[0].group->now->secrets;
        assert_true(count_secrets(s.seen, (const uint8_t *)alive, sizeof *alive) >= 8);
        stage_end(&s);
        assert_true(s.keeper.count > 1000 && s.seen->count > 200);
        assert_int_equal(count_in_freed(&s.keeper, s.seen), 0);
        stage_close(&s);
    }
}

#if !defined(__SANITIZE_ADDRESS__) && !(defined(__has_feature) && __has_feature(address_sanitizer))

/* Secrets in the heap of this process, as the kernel lists it. */
static size_t
count_in_heap(const seen *s)
{
    char line[512];
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        uintptr_t from = 0;
        uintptr_t to = 0;
        char rights[5] = "";
        if (strstr(line, "[heap]") != NULL &&
            sscanf(line, "%zx-%zx %4s", &from, &to, rights) == 3 && rights[0] == 'r') {
            count += count_secrets(s, (const uint8_t *)from, to - from);
        }
    }
    (void)fclose(maps);
    return count;
}

static void
the_heap_holds_no_secret_when_all_is_freed(void **state)
{
    stage s;

    (void)state;
    stage_open(&s, MLS_SUITE_X25519_AES128_ED25519, false);
    live(&s);
    assert_true(count_in_heap(s.seen) > 20);
    stage_end(&s);
    crypto_free(s.c.crypto);
    s.c.crypto = NULL;
    assert_int_equal(count_in_heap(s.seen), 0);
    stage_close(&s);
}

#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_block_that_is_given_back_holds_a_secret),
#if !defined(__SANITIZE_ADDRESS__) && !(defined(__has_feature) && __has_feature(address_sanitizer))
        cmocka_unit_test(the_heap_holds_no_secret_when_all_is_freed),
#endif
    };

    return cmocka_run_group_tests_name("mls: secrets are wiped", tests, NULL, NULL);
}
