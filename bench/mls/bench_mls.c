/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a group costs: founding it, adding N - 1 members in one commit, joining, committing and processing
 * paths, messages, saving; for N = 2, 50, 500, 1000 or those given. Prints one line per size and suite, times in
 * milliseconds; medians where an operation is repeated.
 *
 *     bench_mls [--cpu] [--threads N] [--suite ID] [N...]
 *     bench_mls --memory [--suite ID] [N...]
 *
 * --cpu counts the time of the processor instead of the clock's: for a machine that has other work. --threads spreads
 * the checks of leaves when joining over so many; with --cpu it is then the caller's thread that counts. --memory
 * prints what one member holds instead, in bytes that were asked for and in the resident pages of a process
 * that has nothing else.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/wait.h>
#include <unistd.h>

#include "mls/group.h"

#define NOW_S UINT64_C(1800000000)
#define MEMBERS_MAX 50000u
#define ROUNDS 15u

typedef struct bench {
    mls_env env;
    clockid_t clock;
    uint16_t suite;
    size_t n;
    kith_secret *signers;
    kith_buf *packages;
    kith_buf *blobs;
    mls_group *founder;
    mls_group *joiner;
} bench;

/* Ends the program: a benchmark has nothing better to do with an error. */
static void
must(kith_err err, const char *what)
{
    if (err != KITH_OK) {
        (void)fprintf(stderr, "bench_mls: %s: %s\n", what, kith_err_name(err));
        exit(1);
    }
}

static double
now_ms(const bench *b)
{
    struct timespec t;

    (void)clock_gettime(b->clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
median(double *times, size_t count)
{
    qsort(times, count, sizeof *times, compare_doubles);
    return times[count / 2];
}

static mls_leaf_params
leaf_of(const bench *b, size_t i, char name[32])
{
    (void)snprintf(name, 32, "member %zu", i);
    return (mls_leaf_params){
        .identity = {.type = MLS_CREDENTIAL_BASIC, .data = kith_bytes_of_text(name)},
        .signature_private = kith_bytes_of_secret(&b->signers[i])};
}

static void
make_members(bench *b)
{
    b->signers = calloc(b->n, sizeof *b->signers);
    b->packages = calloc(b->n, sizeof *b->packages);
    b->blobs = calloc(b->n, sizeof *b->blobs);
    for (size_t i = 0; i < b->n; i++) {
        KITH_AUTO(kith_buf) public_key = {0};
        char name[32];
        must(mls_signature_key_new(&b->env, b->suite, &b->signers[i], &public_key), "keys");
        must(mls_key_package_new(&b->env,
                                 &(mls_key_package_params){.suite = b->suite,
                                                           .leaf = leaf_of(b, i, name),
                                                           .not_before_s = NOW_S - 10,
                                                           .not_after_s = NOW_S + 1000},
                                 &b->packages[i], &b->blobs[i]),
             "key package");
    }
}

static double
found(bench *b)
{
    char name[32];
    const double start = now_ms(b);

    must(mls_group_new(&b->env,
                       &(mls_group_params){.suite = b->suite,
                                           .group_id = kith_bytes_of_text("bench"),
                                           .leaf = leaf_of(b, 0, name)},
                       &b->founder),
         "found");
    return now_ms(b) - start;
}

static double
add_all(bench *b, kith_buf *welcome)
{
    mls_proposal_params *adds = calloc(b->n, sizeof *adds);
    KITH_AUTO(kith_buf) commit = {0};

    for (size_t i = 1; i < b->n; i++) {
        adds[i - 1].type = MLS_PROPOSAL_ADD;
        adds[i - 1].key_package = kith_bytes_of_buf(&b->packages[i]);
    }
    const double start = now_ms(b);
    must(mls_group_commit(
             b->founder,
             &(mls_commit_params){
                 .proposals = adds, .proposal_count = b->n - 1, .force_path = true, .now_s = NOW_S},
             &commit, welcome),
         "add");
    mls_group_apply_own(b->founder);
    const double taken = now_ms(b) - start;
    free(adds);
    return taken;
}

static double
join(bench *b, size_t who, const kith_buf *welcome, mls_group **out)
{
    const kith_bytes blob = kith_bytes_of_buf(&b->blobs[who]);
    const double start = now_ms(b);

    must(mls_group_join(&b->env,
                        &(mls_join_params){.welcome = kith_bytes_of_buf(welcome),
                                           .private_blobs = &blob,
                                           .private_blob_count = 1,
                                           .now_s = NOW_S},
                        NULL, out),
         "join");
    return now_ms(b) - start;
}

typedef struct commit_times {
    double create;
    double process;
} commit_times;

static void
take(mls_group *group, const kith_buf *commit)
{
    KITH_AUTO(mls_received) received = {0};

    must(mls_group_receive(group, kith_bytes_of_buf(commit), NOW_S, &received), "receive");
    mls_group_apply(group, &received.staged);
}

/* One member's path over the tree, as if it had committed; its new keys go to `keys` when that is not NULL. */
static void
put_path(const bench *b, mls_tree *tree, uint32_t leaf_index, mls_private *keys)
{
    KITH_AUTO(mls_new_path) path = {0};
    crypto_sign_key *signer = NULL;

    must(crypto_sign_key_import(tree->tools.crypto, tree->tools.suite->sign,
                                kith_bytes_of_secret(&b->signers[leaf_index]), &signer),
         "signer");
    const mls_leaf_draft draft = {.env = &b->env,
                                  .signer = signer,
                                  .like = mls_tree_leaf(tree, leaf_index),
                                  .group_id = kith_bytes_of_text("bench")};
    must(mls_path_make(tree, leaf_index, &draft, &b->env.rng, &path), "path");
    if (keys != NULL) {
        *keys = path.keys;
        path.keys = (mls_private){0};
    }
    crypto_sign_key_free(signer);
}

/* Puts a group into an epoch over another tree, with other keys. */
static void
move_group(mls_group *group, const mls_tree *tree, kith_bytes context, mls_private *keys)
{
    const kith_secret secret = {.data = {1}, .len = mls_suite_hash_len(tree->tools.suite)};
    mls_epoch *epoch = NULL;

    must(mls_epoch_start(tree->tools, context, tree, kith_bytes_of_secret(&secret), &epoch),
         "epoch");
    epoch->own_leaf = group->now->own_leaf;
    mls_private_done(&epoch->keys);
    epoch->keys = *keys;
    *keys = (mls_private){0};
    mls_epoch_free(group->now);
    group->now = epoch;
}

/* Every member has committed once: the state that a group in use is in. Made directly, for N members that
 * follow N commits would take N * N steps. The joiner's path comes last and the founder's before it, so that
 * both hold the keys that they would. */
static void
fill_tree(bench *b)
{
    mls_tree tree = mls_tree_clone(&b->founder->now->tree);
    KITH_AUTO(mls_private) founder = {0};
    KITH_AUTO(mls_private) joiner = {0};
    KITH_AUTO(kith_buf) context = {0};
    const uint32_t last = (uint32_t)b->n - 1;

    for (uint32_t i = 1; i < last; i++) {
        put_path(b, &tree, i, NULL);
    }
    put_path(b, &tree, 0, &founder);
    put_path(b, &tree, last, &joiner);
    mls_private_prune(&founder, &tree);
    if (founder.count > mls_tree_top(&tree)) {
        kith_secret_done(&founder.keys[mls_tree_top(&tree)]); /* the root's is the joiner's now */
    }
    const mls_context_change change = {.tree = &tree};
    must(mls_context_next(&b->founder->now->context, &change, &context), "context");
    move_group(b->founder, &tree, kith_bytes_of_buf(&context), &founder);
    move_group(b->joiner, &tree, kith_bytes_of_buf(&context), &joiner);
    mls_tree_done(&tree);
}

static commit_times
measure_commits(bench *b)
{
    double create[ROUNDS];
    double process[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++) {
        KITH_AUTO(kith_buf) commit = {0};
        KITH_AUTO(kith_buf) none = {0};
        mls_group *from = i % 2 == 0 ? b->founder : b->joiner;
        mls_group *to = i % 2 == 0 ? b->joiner : b->founder;
        const double start = now_ms(b);
        must(mls_group_commit(from, &(mls_commit_params){.now_s = NOW_S}, &commit, &none),
             "commit");
        create[i] = now_ms(b) - start;
        mls_group_apply_own(from);
        const double middle = now_ms(b);
        take(to, &commit);
        process[i] = now_ms(b) - middle;
    }
    return (commit_times){.create = median(create, ROUNDS), .process = median(process, ROUNDS)};
}

typedef struct message_times {
    double protect;
    double unprotect;
} message_times;

#define MESSAGES 201u

static message_times
measure_messages(bench *b)
{
    uint8_t text[1024] = {1};
    double protect[MESSAGES];
    double unprotect[MESSAGES];

    for (size_t i = 0; i < MESSAGES; i++) {
        KITH_AUTO(kith_buf) message = {0};
        KITH_AUTO(mls_received) received = {0};
        const double start = now_ms(b);
        must(mls_group_protect(b->founder, &(mls_protect_params){.plaintext = KITH_BYTES(text)},
                               NULL, &message),
             "protect");
        protect[i] = now_ms(b) - start;
        const double middle = now_ms(b);
        must(mls_group_receive(b->joiner, kith_bytes_of_buf(&message), NOW_S, &received),
             "unprotect");
        unprotect[i] = now_ms(b) - middle;
    }
    return (message_times){.protect = median(protect, MESSAGES),
                           .unprotect = median(unprotect, MESSAGES)};
}

static void
free_bench(bench *b)
{
    mls_group_free(b->founder);
    mls_group_free(b->joiner);
    for (size_t i = 0; i < b->n; i++) {
        kith_secret_done(&b->signers[i]);
        kith_buf_done(&b->packages[i]);
        kith_buf_done(&b->blobs[i]);
    }
    free(b->signers);
    free(b->packages);
    free(b->blobs);
}

#define THREADS_MAX 16u

typedef struct options {
    crypto *crypto;
    crypto *cryptos[THREADS_MAX]; /* one for each thread */
    mls_spread spread;
    clockid_t clock;
    uint16_t suite; /* 0: the usual ones */
    bool memory;
} options;

typedef struct delta_cost {
    double ms;
    size_t secrets;
    size_t tree;
} delta_cost;

/* What a member writes after a commit of another when it keeps its tree as base and deltas. */
static delta_cost
measure_delta(bench *b)
{
    double times[ROUNDS];
    delta_cost cost = {0};

    for (size_t i = 0; i < ROUNDS; i++) {
        KITH_AUTO(kith_buf) commit = {0};
        KITH_AUTO(kith_buf) none = {0};
        KITH_AUTO(kith_buf) secrets = {0};
        KITH_AUTO(kith_buf) delta = {0};
        mls_group_mark_saved(b->joiner);
        must(mls_group_commit(b->founder, &(mls_commit_params){.now_s = NOW_S}, &commit, &none),
             "commit");
        mls_group_apply_own(b->founder);
        take(b->joiner, &commit);
        const double start = now_ms(b);
        must(mls_group_save_delta(b->joiner, &secrets, &delta), "save delta");
        times[i] = now_ms(b) - start;
        cost.secrets = secrets.len;
        cost.tree = delta.len;
    }
    cost.ms = median(times, ROUNDS);
    return cost;
}

static void
run(const options *o, uint16_t suite, size_t n)
{
    bench it = {.env = {.rng = *crypto_rng(),
                        .crypto = o->crypto,
                        .spread = o->spread.count > 0 ? &o->spread : NULL},
                .clock = o->clock,
                .suite = suite,
                .n = n};
    bench *b = &it;
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(kith_buf) saved = {0};
    mls_group *loaded = NULL;

    make_members(b);
    const double create_ms = found(b);
    const double add_ms = add_all(b, &welcome);
    const double join_ms = join(b, n - 1, &welcome, &b->joiner);
    fill_tree(b);
    const commit_times commits = measure_commits(b);
    const message_times messages = measure_messages(b);
    const double save_start = now_ms(b);
    must(mls_group_save(b->joiner, &saved), "save");
    const double save_ms = now_ms(b) - save_start;
    const double load_start = now_ms(b);
    must(mls_group_load(&b->env, kith_bytes_of_buf(&saved), &loaded), "load");
    const double load_ms = now_ms(b) - load_start;
    mls_group_free(loaded);
    const delta_cost delta = measure_delta(b);
    (void)printf("%6zu  %8.3f  %9.2f  %8.2f  %8.3f  %8.3f  %8.4f  %8.4f  %7.2f  %7.2f  %8zu", n,
                 create_ms, add_ms, join_ms, commits.create, commits.process, messages.protect,
                 messages.unprotect, save_ms, load_ms, saved.len / 1024);
    (void)printf("  %8.3f  %9.1f  %8.1f\n", delta.ms, (double)delta.secrets / 1024,
                 (double)delta.tree / 1024);
    (void)fflush(stdout);
    free_bench(b);
}

/* ---- Threads ---- */

typedef struct part {
    pthread_t thread;
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

/* The last part in this thread. */
static void
run_parts(void *ctx, void (*one)(void *job, size_t i), void *job, size_t count)
{
    part parts[THREADS_MAX];

    (void)ctx;
    for (size_t i = 0; i + 1 < count; i++) {
        parts[i] = (part){.run = one, .job = job, .i = i};
        must(pthread_create(&parts[i].thread, NULL, run_part, &parts[i]) == 0 ? KITH_OK
                                                                              : KITH_ERR_NO_MEMORY,
             "thread");
    }
    one(job, count - 1);
    for (size_t i = 0; i + 1 < count; i++) {
        (void)pthread_join(parts[i].thread, NULL);
    }
}

static void
use_threads(options *o, size_t count)
{
    if (count == 0 || count > THREADS_MAX) {
        (void)fprintf(stderr, "bench_mls: 1 to %u threads\n", THREADS_MAX);
        exit(2);
    }
    for (size_t i = 0; i < count; i++) {
        must(crypto_new(NULL, &o->cryptos[i]), "crypto");
    }
    o->spread = (mls_spread){.run = run_parts, .cryptos = o->cryptos, .count = count};
}

/* ---- Memory ---- */

/* Counts what is asked for. */
typedef struct meter {
    size_t now;
    size_t peak;
} meter;

static void *
count_resize(void *ctx, void *ptr, size_t old, size_t size)
{
    meter *m = ctx;

    m->now += size - old;
    m->peak = m->now > m->peak ? m->now : m->peak;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, size);
}

/* Resident pages of this process, in KB; 0: the system does not say. */
static long
resident_kb(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f != NULL) {
        if (fscanf(f, "%*s %ld", &pages) != 1) {
            pages = 0;
        }
        (void)fclose(f);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A process of its own that holds one member, who joins and then hears MEMORY_COMMITS commits. */
#define MEMORY_COMMITS 6u

static void
hold_member(const bench *parent, const kith_buf *saved, const kith_buf *commits)
{
    meter m = {0};
    const kith_alloc alloc = {.resize = count_resize, .ctx = &m};
    mls_env env = {.alloc = &alloc, .rng = *crypto_rng()};
    mls_group *group = NULL;
    crypto *c = NULL;

    must(crypto_new(NULL, &c), "crypto");
    env.crypto = c;
    const long before = resident_kb();
    must(mls_group_load(&env, kith_bytes_of_buf(saved), &group), "load");
    const size_t loaded = m.now;
    for (size_t i = 0; i < MEMORY_COMMITS; i++) {
        take(group, &commits[i]);
    }
    (void)printf("%6zu  %10zu  %10zu  %12zu  %11zu  %12ld\n", parent->n, saved->len / 1024,
                 loaded / 1024, m.now / 1024, m.peak / 1024, resident_kb() - before);
    (void)fflush(stdout);
}

static void
run_memory(const options *o, uint16_t suite, size_t n)
{
    bench it = {.env = {.rng = *crypto_rng(), .crypto = o->crypto}, .suite = suite, .n = n};
    bench *b = &it;
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(kith_buf) saved = {0};
    kith_buf commits[MEMORY_COMMITS] = {0};
    int status = 0;

    make_members(b);
    (void)found(b);
    (void)add_all(b, &welcome);
    (void)join(b, n - 1, &welcome, &b->joiner);
    fill_tree(b);
    must(mls_group_save(b->joiner, &saved), "save");
    for (size_t i = 0; i < MEMORY_COMMITS; i++) {
        KITH_AUTO(kith_buf) none = {0};
        must(mls_group_commit(b->founder, &(mls_commit_params){.now_s = NOW_S}, &commits[i], &none),
             "commit");
        mls_group_apply_own(b->founder);
    }
    free_bench(b);
    kith_buf_done(&welcome);
    /* What this process gave back must not hide what the child takes. */
    (void)malloc_trim(0);
    const pid_t child = fork();
    if (child == 0) {
        hold_member(b, &saved, commits);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        must(KITH_ERR_INVALID, "child");
    }
    for (size_t i = 0; i < MEMORY_COMMITS; i++) {
        kith_buf_done(&commits[i]);
    }
}

static void
print_head(const options *o, uint16_t suite)
{
    (void)printf("%s\n", mls_suite_name(suite) != NULL ? mls_suite_name(suite) : "?");
    if (o->memory) {
        (void)printf("%6s  %10s  %10s  %12s  %11s  %12s\n", "N", "saved KB", "loaded KB",
                     "6 commits KB", "at most KB", "resident KB");
    } else {
        (void)printf("%6s  %8s  %9s  %8s  %8s  %8s  %8s  %8s  %7s  %7s  %8s  %8s  %9s  %8s\n", "N",
                     "found", "add N-1", "join", "commit", "process", "protect", "open", "save",
                     "load", "save KB", "delta ms", "secret KB", "delta KB");
    }
    (void)fflush(stdout);
}

static int
read_options(int argc, char **argv, options *o)
{
    int at = 1;

    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--suite") == 0 && at + 1 < argc) {
            o->suite = (uint16_t)strtoul(argv[++at], NULL, 0);
        } else if (strcmp(argv[at], "--cpu") == 0) {
            o->clock = CLOCK_PROCESS_CPUTIME_ID;
        } else if (strcmp(argv[at], "--threads") == 0 && at + 1 < argc) {
            use_threads(o, strtoul(argv[++at], NULL, 10));
        } else if (strcmp(argv[at], "--memory") == 0) {
            o->memory = true;
        } else {
            (void)fprintf(stderr, "bench_mls: %s is not known\n", argv[at]);
            exit(2);
        }
    }
    return at;
}

int
main(int argc, char **argv)
{
    static const size_t usual[] = {2, 50, 500, 1000};
    static const uint16_t suites[] = {MLS_SUITE_X25519_AES128_ED25519, MLS_SUITE_PQ};
    options o = {.clock = CLOCK_MONOTONIC};
    const int at = read_options(argc, argv, &o);
    if (o.spread.count > 0 && o.clock == CLOCK_PROCESS_CPUTIME_ID) {
        o.clock = CLOCK_THREAD_CPUTIME_ID; /* this thread has a part as long as any other */
    }
    const size_t count = at < argc ? (size_t)(argc - at) : sizeof usual / sizeof usual[0];

    must(crypto_new(NULL, &o.crypto), "crypto");
    for (size_t s = 0; s < (o.suite != 0 ? 1 : sizeof suites / sizeof suites[0]); s++) {
        const uint16_t suite = o.suite != 0 ? o.suite : suites[s];
        print_head(&o, suite);
        for (size_t i = 0; i < count; i++) {
            const size_t n = at < argc ? strtoul(argv[at + (int)i], NULL, 10) : usual[i];
            if (n >= 2 && n <= MEMBERS_MAX) {
                (o.memory ? run_memory : run)(&o, suite, n);
            }
        }
    }
    for (size_t i = 0; i < o.spread.count; i++) {
        crypto_free(o.cryptos[i]);
    }
    crypto_free(o.crypto);
    return 0;
}
