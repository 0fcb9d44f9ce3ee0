/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Runs lives at random, each from its seed, and says which went wrong: TAP, one line for each hundred seeds.
 *
 *     stories --seeds N --from S [--jobs J] [--loud]
 *
 * A failure names its seed; `--seeds 1 --from SEED --loud` says what happened, in this very process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stories/world.h"

#define BLOCK 100u
#define JOBS_MAX 64u

typedef struct options {
    unsigned long long seeds;
    unsigned long long from;
    unsigned long jobs;
    bool loud;
} options;

static world_weather
weather_of(uint64_t seed)
{
    switch (seed % 4) {
    case 0:
        return (world_weather){.delay_max_ms = 40};
    case 1:
        return (world_weather){.delay_max_ms = 400, .cut_per_mille = 5, .refuse_per_mille = 50};
    case 2:
        return (world_weather){.delay_max_ms = 100, .cut_per_mille = 3, .crashes = true};
    default:
        return (world_weather){
            .delay_max_ms = 1500, .cut_per_mille = 20, .refuse_per_mille = 200, .crashes = true};
    }
}

/* False: it went wrong, and `line` says how. */
static bool
run_seed(uint64_t seed, bool loud, char *line, size_t len)
{
    const world_weather weather = weather_of(seed);
    world *w = world_new(seed, &weather);
    bool ok;

    w->loud = loud;
    w->suite = seed % 5 == 0 ? MLS_SUITE_PQ : MLS_SUITE_X25519_AES128_ED25519;
    plot_run(w);
    ok = w->failure == NULL;
    if (!ok) {
        (void)snprintf(line, len, "seed %llu: %s", (unsigned long long)seed, w->failure);
    }
    world_free(w);
    return ok;
}

/* One block in a process of its own; what went wrong comes through the pipe. */
static void
run_block(const options *o, unsigned long long block, int out)
{
    char line[700];

    for (unsigned long long i = block * BLOCK; i < (block + 1) * BLOCK && i < o->seeds; i++) {
        if (!run_seed(o->from + i, false, line, sizeof(line) - 1)) {
            const size_t used = strlen(line);
            line[used] = '\n';
            if (write(out, line, used + 1) < 0) {
                _exit(2);
            }
        }
    }
    _exit(0);
}

typedef struct job {
    pid_t pid;
    int in;
} job;

static job
start_block(const options *o, unsigned long long block)
{
    int ends[2];
    job j = {0};

    (void)fflush(stdout);
    if (pipe(ends) != 0) {
        perror("stories: pipe");
        exit(2);
    }
    j.pid = fork();
    if (j.pid < 0) {
        perror("stories: fork");
        exit(2);
    }
    if (j.pid == 0) {
        (void)close(ends[0]);
        run_block(o, block, ends[1]);
    }
    (void)close(ends[1]);
    j.in = ends[0];
    return j;
}

/* Whether all of its seeds were right. */
static bool
finish_block(const options *o, job j, unsigned long long block)
{
    const unsigned long long first = o->from + block * BLOCK;
    unsigned long long last = first + BLOCK - 1;
    FILE *in = fdopen(j.in, "r");
    char line[1024];
    bool ok = true;
    int status = 0;

    last = last < o->from + o->seeds - 1 ? last : o->from + o->seeds - 1;
    while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
        (void)printf("# %s", line);
        ok = false;
    }
    if (in != NULL) {
        (void)fclose(in);
    }
    if (waitpid(j.pid, &status, 0) < 0 || status != 0) {
        (void)printf("# the process of this block ended with %d\n", status);
        ok = false;
    }
    (void)printf("%s %llu - seeds %llu to %llu\n", ok ? "ok" : "not ok", block + 1, first, last);
    return ok;
}

/* In this process, for a debugger and for reading along. */
static bool
run_here(const options *o)
{
    char line[700];
    bool ok = true;

    for (unsigned long long i = 0; i < o->seeds; i++) {
        if (!run_seed(o->from + i, true, line, sizeof(line))) {
            (void)printf("# %s\n", line);
            ok = false;
        }
    }
    return ok;
}

static bool
run_all(const options *o)
{
    const unsigned long long blocks = (o->seeds + BLOCK - 1) / BLOCK;
    job jobs[JOBS_MAX];
    unsigned long long started = 0;
    bool ok = true;

    (void)printf("1..%llu\n", blocks);
    for (unsigned long long block = 0; block < blocks; block++) {
        while (started < blocks && started < block + o->jobs) {
            jobs[started % JOBS_MAX] = start_block(o, started);
            started++;
        }
        ok = finish_block(o, jobs[block % JOBS_MAX], block) && ok;
    }
    return ok;
}

static bool
read_number(const char *text, unsigned long long *out)
{
    char *end = NULL;

    if (text == NULL || *text < '0' || *text > '9') {
        return false;
    }
    *out = strtoull(text, &end, 10);
    return *end == '\0';
}

static bool
read_options(int argc, char **argv, options *o)
{
    unsigned long long jobs = o->jobs;

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool ok = false;
        if (strcmp(argv[i], "--loud") == 0) {
            o->loud = true;
            continue;
        }
        if (strcmp(argv[i], "--seeds") == 0) {
            ok = read_number(value, &o->seeds);
        } else if (strcmp(argv[i], "--from") == 0) {
            ok = read_number(value, &o->from);
        } else if (strcmp(argv[i], "--jobs") == 0) {
            ok = read_number(value, &jobs);
        }
        if (!ok) {
            return false;
        }
        i++;
    }
    o->jobs = (unsigned long)jobs;
    return o->seeds > 0 && o->jobs > 0 && o->jobs <= JOBS_MAX;
}

int
main(int argc, char **argv)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    options o = {
        .seeds = 100, .from = 1, .jobs = cores > 0 && cores < 64 ? (unsigned long)cores : 1};

    if (!read_options(argc, argv, &o)) {
        (void)fprintf(stderr, "usage: stories [--seeds N] [--from S] [--jobs J] [--loud]\n");
        return 2;
    }
    return (o.loud ? run_here(&o) : run_all(&o)) ? 0 : 1;
}
