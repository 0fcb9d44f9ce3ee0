/* SPDX-License-Identifier: MPL-2.0 */
/* Where an account's files and socket are, and who may look into them. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/rpc.h"

typedef struct folder {
    char path[64];
} folder;

static int
make_folder(void **state)
{
    folder *f = calloc(1, sizeof *f);

    snprintf(f->path, sizeof f->path, "/tmp/kith-place-XXXXXX");
    *state = f;
    unsetenv("KITH_DATA");
    unsetenv("XDG_DATA_HOME");
    unsetenv("XDG_RUNTIME_DIR");
    unsetenv("HOME");
    return f != NULL && mkdtemp(f->path) != NULL ? 0 : -1;
}

static int
remove_folder(void **state)
{
    folder *f = *state;
    char command[128];

    snprintf(command, sizeof command, "rm -rf -- '%s'", f->path);
    const int status = system(command);
    free(f);
    return status;
}

static mode_t
mode_of(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static void
the_given_folder_is_made_and_private(void **state)
{
    const folder *f = *state;
    char data[128];
    char expected[160];
    rpc_place place;

    snprintf(data, sizeof data, "%s/a/b", f->path);
    assert_int_equal(rpc_place_find(data, NULL, &place), KITH_OK);
    assert_string_equal(place.data, data);
    assert_int_equal(mode_of(data), 0700);
    snprintf(expected, sizeof expected, "%s/agent.sock", data);
    assert_string_equal(place.socket, expected);
}

static void
a_folder_that_others_may_look_into_is_closed(void **state)
{
    const folder *f = *state;
    rpc_place place;

    assert_int_equal(chmod(f->path, 0755), 0);
    assert_int_equal(rpc_place_find(f->path, NULL, &place), KITH_OK);
    assert_int_equal(mode_of(f->path), 0700);
}

static void
the_environment_is_asked_in_order(void **state)
{
    const folder *f = *state;
    char expected[160];
    rpc_place place;

    assert_int_equal(rpc_place_find(NULL, NULL, &place), KITH_ERR_NOT_FOUND);
    setenv("HOME", f->path, 1);
    assert_int_equal(rpc_place_find(NULL, NULL, &place), KITH_OK);
    snprintf(expected, sizeof expected, "%s/.local/share/kith", f->path);
    assert_string_equal(place.data, expected);
    setenv("XDG_DATA_HOME", f->path, 1);
    assert_int_equal(rpc_place_find("", NULL, &place), KITH_OK);
    snprintf(expected, sizeof expected, "%s/kith", f->path);
    assert_string_equal(place.data, expected);
    snprintf(expected, sizeof expected, "%s/mine", f->path);
    setenv("KITH_DATA", expected, 1);
    assert_int_equal(rpc_place_find(NULL, NULL, &place), KITH_OK);
    assert_string_equal(place.data, expected);
}

static void
each_folder_has_a_socket_of_its_own(void **state)
{
    const folder *f = *state;
    char data[128];
    char runtime[128];
    rpc_place one;
    rpc_place other;
    rpc_place again;

    setenv("XDG_RUNTIME_DIR", f->path, 1);
    snprintf(data, sizeof data, "%s/one", f->path);
    assert_int_equal(rpc_place_find(data, NULL, &one), KITH_OK);
    snprintf(data, sizeof data, "%s/one/../one/.", f->path);
    assert_int_equal(rpc_place_find(data, NULL, &again), KITH_OK);
    snprintf(data, sizeof data, "%s/other", f->path);
    assert_int_equal(rpc_place_find(data, NULL, &other), KITH_OK);
    assert_string_equal(one.socket, again.socket);
    assert_string_not_equal(one.socket, other.socket);
    snprintf(runtime, sizeof runtime, "%s/kith", f->path);
    assert_memory_equal(one.socket, runtime, strlen(runtime));
    assert_int_equal(mode_of(runtime), 0700);
}

static void
a_runtime_folder_that_is_not_there_is_not_used(void **state)
{
    const folder *f = *state;
    rpc_place place;

    setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
    assert_int_equal(rpc_place_find(f->path, NULL, &place), KITH_OK);
    assert_memory_equal(place.socket, f->path, strlen(f->path));
}

static void
a_socket_path_may_be_as_long_as_an_address_holds_and_no_longer(void **state)
{
    const folder *f = *state;
    char path[RPC_SOCKET_MAX + 1];
    rpc_place place;

    memset(path, 's', sizeof path);
    path[0] = '/';
    path[RPC_SOCKET_MAX - 1] = '\0';
    assert_int_equal(rpc_place_find(f->path, path, &place), KITH_OK);
    assert_string_equal(place.socket, path);
    path[RPC_SOCKET_MAX - 1] = 's';
    path[RPC_SOCKET_MAX] = '\0';
    assert_int_equal(rpc_place_find(f->path, path, &place), KITH_ERR_LIMIT);
}

static void
what_is_no_folder_is_denied(void **state)
{
    const folder *f = *state;
    char data[128];
    rpc_place place;

    snprintf(data, sizeof data, "%s/file", f->path);
    FILE *file = fopen(data, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(rpc_place_find(data, NULL, &place), KITH_ERR_DENIED);
    snprintf(data, sizeof data, "%s/file/below", f->path);
    assert_int_equal(rpc_place_find(data, NULL, &place), KITH_ERR_DENIED);
}

static void
paths_are_joined_within_their_limit(void **state)
{
    char folder_path[RPC_PATH_MAX];
    char out[RPC_PATH_MAX];

    (void)state;
    memset(folder_path, 'f', sizeof folder_path);
    folder_path[RPC_PATH_MAX - 3] = '\0';
    assert_int_equal(rpc_path_join(folder_path, "n", out), KITH_OK);
    assert_int_equal(rpc_path_join(folder_path, "nn", out), KITH_ERR_LIMIT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_given_folder_is_made_and_private),
        TEST(a_folder_that_others_may_look_into_is_closed),
        TEST(the_environment_is_asked_in_order),
        TEST(each_folder_has_a_socket_of_its_own),
        TEST(a_runtime_folder_that_is_not_there_is_not_used),
        TEST(a_socket_path_may_be_as_long_as_an_address_holds_and_no_longer),
        TEST(what_is_no_folder_is_denied),
        TEST(paths_are_joined_within_their_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
