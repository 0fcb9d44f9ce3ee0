/* SPDX-License-Identifier: MPL-2.0 */
/* The working group's own test vectors, read at run time from $KITH_VECTORS/mls: every item of every file holds.
 * A file that is missing skips its test, or fails it when CI=true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mls/check.h"

static yyjson_doc *
open_file(const char *name)
{
    char path[4096];
    const char *folder = getenv("KITH_VECTORS");
    const char *ci = getenv("CI");

    (void)snprintf(path, sizeof path, "%s/mls/%s.json", folder != NULL ? folder : ".", name);
    yyjson_doc *doc = yyjson_read_file(path, 0, NULL, NULL);
    if (doc == NULL && ci != NULL && strcmp(ci, "true") == 0) {
        fail_msg("%s cannot be read", path);
    }
    if (doc == NULL) {
        print_message("# %s cannot be read: skipped\n", path);
        skip();
    }
    return doc;
}

static void
every_item_of_the_file_holds(void **state)
{
    yyjson_doc *doc = open_file(*state);
    vectors v;
    size_t i = 0;
    size_t n = 0;
    yyjson_val *item = NULL;

    vectors_start(&v);
    assert_true(yyjson_arr_size(yyjson_doc_get_root(doc)) > 0);
    yyjson_arr_foreach(yyjson_doc_get_root(doc), i, n, item)
    {
        const vector_kind *kind = vector_kind_of(item);
        mls_tools tools = {0};
        assert_non_null(kind);
        /* Every suite of the files is there. */
        assert_true(!kind->has_suite || vectors_tools(&v, item, &tools));
        kind->check(&v, tools, item);
    }
    vectors_stop(&v);
    yyjson_doc_free(doc);
}

#define FILE_TEST(file)                                                                            \
    {                                                                                              \
        .name = "every item of " file " holds", .test_func = every_item_of_the_file_holds,         \
        .initial_state = (char[])                                                                  \
        {                                                                                          \
            file                                                                                   \
        }                                                                                          \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST("tree-math"),
        FILE_TEST("deserialization"),
        FILE_TEST("messages"),
        FILE_TEST("crypto-basics"),
        FILE_TEST("secret-tree"),
        FILE_TEST("message-protection"),
        FILE_TEST("key-schedule"),
        FILE_TEST("psk_secret"),
        FILE_TEST("transcript-hashes"),
        FILE_TEST("tree-operations"),
        FILE_TEST("tree-validation"),
        FILE_TEST("treekem"),
        FILE_TEST("welcome"),
        FILE_TEST("passive-client-welcome"),
        FILE_TEST("passive-client-handling-commit"),
        FILE_TEST("passive-client-random"),
    };

    return cmocka_run_group_tests_name("mls: test vectors", tests, NULL, NULL);
}
