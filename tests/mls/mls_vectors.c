/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Runs files of test vectors in the working group's formats, whoever made them: tests/mls-vectors in a build
 * folder.
 *
 *     mls-vectors [--suite-map ID=OURS]... [--verbose] FILE...
 *
 * A file is a JSON array of items, or one item; what kind it is shows in the fields. One line for each:
 *
 *     FILE: KIND: 7 passed, 0 failed, 0 unsupported
 *
 * --suite-map says that the files mean by ID the suite that is OURS here (mls.h has the list), for suites
 * that have no number yet: --suite-map 0x0008=0xf007. --verbose prints each failed comparison. Ends with 0
 * when nothing failed, 1 when something did, 2 when the command line or a file cannot be read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "mls/check.h"

#define ALIASES_MAX 32u

/* What came of one file. */
typedef struct tally {
    size_t passed;
    size_t failed;
    size_t unsupported;
} tally;

typedef struct job {
    vectors *v;
    yyjson_val *item;
    tally *tally;
} job;

/* One item as a cmocka test, which catches what its check asserts. */
static void
run_item(void **state)
{
    job *j = *state;
    const vector_kind *kind = vector_kind_of(j->item);
    mls_tools tools = {0};

    j->tally->failed++; /* until it has come to its end */
    if (kind == NULL || (kind->has_suite && !vectors_tools(j->v, j->item, &tools))) {
        j->tally->failed--;
        j->tally->unsupported++;
        return;
    }
    kind->check(j->v, tools, j->item);
    j->tally->failed--;
    j->tally->passed++;
}

/* Sends a stream to /dev/null; what gives it back, or -1. */
static int
hush(FILE *stream)
{
    const int kept = dup(fileno(stream));
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (kept >= 0 && nowhere >= 0) {
        (void)fflush(stream);
        (void)dup2(nowhere, fileno(stream));
    }
    (void)close(nowhere);
    return kept;
}

static void
unhush(FILE *stream, int kept)
{
    if (kept >= 0) {
        (void)fflush(stream);
        (void)dup2(kept, fileno(stream));
        (void)close(kept);
    }
}

/* What cmocka has to say goes nowhere, unless it is asked for. */
static void
run_silenced(const struct CMUnitTest *tests, size_t count, bool verbose)
{
    const int out = verbose ? -1 : hush(stdout);
    const int err = verbose ? -1 : hush(stderr);

    (void)_cmocka_run_group_tests("vectors", tests, count, NULL, NULL);
    unhush(stdout, out);
    unhush(stderr, err);
}

static bool
run_items(vectors *v, yyjson_val *root, bool verbose, tally *t)
{
    const size_t count = yyjson_is_arr(root) ? yyjson_arr_size(root) : 1;
    struct CMUnitTest *tests = calloc(count + 1, sizeof *tests);
    job *jobs = calloc(count + 1, sizeof *jobs);

    if (tests == NULL || jobs == NULL) {
        free(tests);
        free(jobs);
        return false;
    }
    yyjson_val *item = yyjson_is_arr(root) ? yyjson_arr_get_first(root) : root;
    for (size_t i = 0; i < count; i++) {
        jobs[i] = (job){.v = v, .item = item, .tally = t};
        tests[i] =
            (struct CMUnitTest){.name = "item", .test_func = run_item, .initial_state = &jobs[i]};
        item = unsafe_yyjson_get_next(item);
    }
    if (count > 0) {
        run_silenced(tests, count, verbose);
    }
    free(tests);
    free(jobs);
    return true;
}

/* 0, 1 or 2, see above. */
static int
run_file(vectors *v, const char *path, bool verbose)
{
    yyjson_doc *doc = yyjson_read_file(path, 0, NULL, NULL);
    tally t = {0};

    if (doc == NULL) {
        (void)fprintf(stderr, "mls-vectors: %s cannot be read as JSON\n", path);
        return 2;
    }
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *first = yyjson_is_arr(root) ? yyjson_arr_get_first(root) : root;
    const vector_kind *kind = vector_kind_of(first);
    if (!run_items(v, root, verbose, &t)) {
        (void)fprintf(stderr, "mls-vectors: out of memory\n");
        yyjson_doc_free(doc);
        return 2;
    }
    (void)printf("%s: %s: %zu passed, %zu failed, %zu unsupported\n", path,
                 kind != NULL ? kind->name : "unknown format", t.passed, t.failed, t.unsupported);
    (void)fflush(stdout);
    yyjson_doc_free(doc);
    return t.failed > 0 ? 1 : 0;
}

static bool
read_alias(const char *text, mls_suite_alias *out)
{
    char *end = NULL;
    const unsigned long id = strtoul(text, &end, 0);

    if (*end != '=') {
        return false;
    }
    const unsigned long ours = strtoul(end + 1, &end, 0);
    if (*end != '\0' || id > UINT16_MAX || !mls_suite_is_supported((uint16_t)ours)) {
        return false;
    }
    *out = (mls_suite_alias){.suite = (uint16_t)ours, .id = (uint16_t)id};
    return true;
}

static int
usage(void)
{
    (void)fprintf(stderr, "usage: mls-vectors [--suite-map ID=OURS]... [--verbose] FILE...\n");
    return 2;
}

int
main(int argc, char **argv)
{
    mls_suite_alias aliases[ALIASES_MAX];
    vectors v;
    bool verbose = false;
    int at = 1;
    int worst = 0;

    vectors_start(&v);
    v.env.suite_aliases = aliases;
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--verbose") == 0) {
            verbose = true;
        } else if (strcmp(argv[at], "--suite-map") != 0 || at + 1 == argc ||
                   v.env.suite_alias_count == ALIASES_MAX ||
                   !read_alias(argv[++at], &aliases[v.env.suite_alias_count++])) {
            vectors_stop(&v);
            return usage();
        }
    }
    (void)unsetenv("CMOCKA_XML_FILE");
    (void)unsetenv("CMOCKA_MESSAGE_OUTPUT");
    for (int i = at; i < argc; i++) {
        const int result = run_file(&v, argv[i], verbose);
        worst = result > worst ? result : worst;
    }
    vectors_stop(&v);
    return at == argc ? usage() : worst;
}
