/* SPDX-License-Identifier: MPL-2.0 */
/* The client's store over real files and over a fake disk; the fake store of core's tests beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "fakes/fake_disk.h"
#include "fakes/fake_store.h"
#include "store/store.h"
#include "store/store_contract.h"

static const uint8_t key[STORE_CORE_KEY_LEN] = {1, 2, 3};
static const uint8_t wrong_key[STORE_CORE_KEY_LEN] = {1, 2, 4};

/* ---- a folder for real files ---- */

typedef struct folder {
    char path[64];
    char store[80];
} folder;

static void
folder_open(folder *f)
{
    *f = (folder){.path = "/tmp/kith-test-XXXXXX"};
    assert_non_null(mkdtemp(f->path));
    (void)snprintf(f->store, sizeof f->store, "%s/store", f->path);
}

static void
folder_close(folder *f)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char path[96];

    for (size_t i = 0; i < CHECK_COUNT(suffixes); i++) {
        (void)snprintf(path, sizeof path, "%s%s", f->store, suffixes[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(f->path), 0); /* nothing else was left behind */
}

static store_core *
open_store(const char *path)
{
    store_core *store = NULL;

    assert_ok(store_core_open(path, key, NULL, &store));
    return store;
}

static void
put(store_core *store, const char *name, const char *value)
{
    core_store s = store_core_port(store);

    assert_ok(s.begin(s.ctx));
    assert_ok(s.put(s.ctx, 0, kith_bytes_of_text(name), kith_bytes_of_text(value)));
    assert_ok(s.commit(s.ctx));
}

static void
assert_value(store_core *store, const char *name, const char *value)
{
    core_store s = store_core_port(store);
    KITH_AUTO(kith_buf) out = {0};

    assert_ok(s.get(s.ctx, 0, kith_bytes_of_text(name), &out));
    assert_text(kith_bytes_of_buf(&out), value);
}

/* ---- the port's promises ---- */

static void
the_store_keeps_every_promise_of_the_port(void **state)
{
    (void)state;
    for (size_t i = 0; i < store_contract_count; i++) {
        folder f;
        folder_open(&f);
        store_core *store = open_store(f.store);
        print_message("# %s\n", store_contracts[i].promise);
        store_contracts[i].check(store_core_port(store));
        store_core_free(store);
        folder_close(&f);
    }
}

static void
the_store_keeps_every_promise_on_a_fake_disk(void **state)
{
    (void)state;
    for (size_t i = 0; i < store_contract_count; i++) {
        fake_disk *disk = fake_disk_new("disk");
        const store_core_options options = {.vfs = "disk"};
        store_core *store = NULL;
        print_message("# %s\n", store_contracts[i].promise);
        assert_ok(store_core_open("store", key, &options, &store));
        store_contracts[i].check(store_core_port(store));
        store_core_free(store);
        fake_disk_free(disk);
    }
}

static void
the_fake_store_keeps_every_promise_of_the_port(void **state)
{
    (void)state;
    for (size_t i = 0; i < store_contract_count; i++) {
        fake_store *fake = fake_store_new();
        print_message("# %s\n", store_contracts[i].promise);
        store_contracts[i].check(fake_store_port(fake));
        fake_store_free(fake);
    }
}

/* ---- opening ---- */

static void
what_was_committed_is_there_after_opening_again(void **state)
{
    folder f;

    (void)state;
    folder_open(&f);
    store_core *store = open_store(f.store);
    put(store, "name", "Anna");
    store_core_free(store);

    store = open_store(f.store);
    assert_value(store, "name", "Anna");

    store_core_free(store);
    folder_close(&f);
}

static void
an_open_transaction_is_undone_by_closing(void **state)
{
    folder f;

    (void)state;
    folder_open(&f);
    store_core *store = open_store(f.store);
    core_store s = store_core_port(store);
    put(store, "name", "Anna");
    assert_ok(s.begin(s.ctx));
    assert_ok(s.put(s.ctx, 0, kith_bytes_of_text("name"), kith_bytes_of_text("Bob")));
    store_core_free(store);

    store = open_store(f.store);
    assert_value(store, "name", "Anna");

    store_core_free(store);
    folder_close(&f);
}

static void
another_key_is_denied_and_harms_nothing(void **state)
{
    folder f;
    store_core *none = NULL;

    (void)state;
    folder_open(&f);
    store_core *store = open_store(f.store);
    put(store, "name", "Anna");
    store_core_free(store);

    assert_err(store_core_open(f.store, wrong_key, NULL, &none), KITH_ERR_DENIED);
    assert_null(none);

    store = open_store(f.store);
    assert_value(store, "name", "Anna");
    store_core_free(store);
    folder_close(&f);
}

static void
a_second_opener_in_this_process_is_refused(void **state)
{
    folder f;
    store_core *none = NULL;

    (void)state;
    folder_open(&f);
    store_core *store = open_store(f.store);

    assert_err(store_core_open(f.store, key, NULL, &none), KITH_ERR_BUSY);
    put(store, "name", "Anna");
    assert_err(store_core_open(f.store, key, NULL, &none), KITH_ERR_BUSY);
    assert_null(none);

    store_core_free(store);
    store = open_store(f.store);
    assert_err(store_core_open(f.store, key, NULL, &none),
               KITH_ERR_BUSY); /* one that only looked */
    store_core_free(store);
    folder_close(&f);
}

static void
a_second_opener_in_another_process_is_refused(void **state)
{
    folder f;
    int status = 0;

    (void)state;
    folder_open(&f);
    store_core *store = open_store(f.store);
    put(store, "name", "Anna");
    store_core_free(store);
    store = open_store(f.store);

    const pid_t child = fork();
    if (child == 0) {
        store_core *none = NULL;
        _exit((int)store_core_open(f.store, key, NULL, &none));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_err((kith_err)WEXITSTATUS(status), KITH_ERR_BUSY);

    assert_value(store, "name", "Anna");
    store_core_free(store);
    folder_close(&f);
}

static void
a_killed_process_loses_nothing_that_was_committed(void **state)
{
    folder f;
    int status = 0;

    (void)state;
    folder_open(&f);
    const pid_t child = fork();
    if (child == 0) {
        put(open_store(f.store), "name", "Anna");
        _exit(0); /* as kill -9: nothing is closed */
    }
    assert_int_equal(waitpid(child, &status, 0), child);

    store_core *store = open_store(f.store);
    assert_value(store, "name", "Anna");

    store_core_free(store);
    folder_close(&f);
}

static void
only_the_owner_can_read_the_files(void **state)
{
    folder f;
    struct stat info = {0};
    char wal[96];

    (void)state;
    folder_open(&f);
    store_core *store = open_store(f.store);
    put(store, "name", "Anna");

    assert_int_equal(stat(f.store, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    (void)snprintf(wal, sizeof wal, "%s-wal", f.store);
    assert_int_equal(stat(wal, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);

    store_core_free(store);
    folder_close(&f);
}

static void
a_missing_folder_is_a_store_error(void **state)
{
    store_core *none = NULL;

    (void)state;
    assert_err(store_core_open("/nonexistent/folder/store", key, NULL, &none), KITH_ERR_STORE);
    assert_null(none);
}

/* ---- what is on the disk ---- */

static bool
contains(kith_bytes hay, const char *needle)
{
    const size_t len = strlen(needle);

    for (size_t i = 0; i + len <= hay.len; i++) {
        if (memcmp(hay.data + i, needle, len) == 0) {
            return true;
        }
    }
    return false;
}

static void
nothing_readable_is_on_the_disk(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    const store_core_options options = {.vfs = "disk"};
    store_core *store = NULL;

    (void)state;
    assert_ok(store_core_open("store", key, &options, &store));
    put(store, "a name to look for", "a value to look for");

    assert_true(fake_disk_peek(disk, "store-wal").len > 0);
    assert_false(contains(fake_disk_peek(disk, "store-wal"), "to look for"));
    assert_ok(store_core_checkpoint(store));
    assert_true(fake_disk_peek(disk, "store").len > 0);
    assert_false(contains(fake_disk_peek(disk, "store"), "to look for"));
    assert_false(contains(fake_disk_peek(disk, "store"), "SQLite format"));

    store_core_free(store);
    fake_disk_free(disk);
}

static void
a_checkpoint_empties_the_wal(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    const store_core_options options = {.vfs = "disk"};
    store_core *store = NULL;

    (void)state;
    assert_ok(store_core_open("store", key, &options, &store));
    put(store, "name", "Anna");
    core_store s = store_core_port(store);

    assert_ok(s.begin(s.ctx));
    assert_err(store_core_checkpoint(store), KITH_ERR_INVALID);
    s.rollback(s.ctx);
    assert_ok(store_core_checkpoint(store));

    assert_int_equal(fake_disk_peek(disk, "store-wal").len, 0);
    assert_value(store, "name", "Anna");
    put(store, "name", "Bob");
    fake_disk_fail_after(disk, FAKE_DISK_IOERR, 0, UINT64_MAX);
    assert_err(store_core_checkpoint(store), KITH_ERR_STORE);
    fake_disk_fail_after(disk, FAKE_DISK_IOERR, FAKE_DISK_NEVER, 0);
    assert_value(store, "name", "Bob");
    store_core_free(store);
    fake_disk_free(disk);
}

static void
the_wal_does_not_grow_without_end(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    const store_core_options options = {.vfs = "disk"};
    store_core *store = NULL;
    char value[20000] = {0};

    (void)state;
    memset(value, 'x', sizeof value - 1);
    assert_ok(store_core_open("store", key, &options, &store));
    for (int i = 0; i < 1000; i++) {
        value[i] = 'y';
        value[i + 7000] = (char)('a' + i % 26);
        value[(size_t)i * 19] = 'z';
        put(store, "name", value);
        assert_true(fake_disk_peek(disk, "store-wal").len < (size_t)6 << 20);
    }
    store_core_free(store);
    assert_int_equal(fake_disk_peek(disk, "store-wal").len, 0);
    fake_disk_free(disk);
}

static void
a_large_value_that_changes_a_little_costs_little(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    const store_core_options options = {.vfs = "disk"};
    store_core *store = NULL;
    char *value = calloc(1, 400001);

    (void)state;
    assert_non_null(value);
    memset(value, 'x', 399990);
    assert_ok(store_core_open("store", key, &options, &store));
    put(store, "name", value);
    assert_ok(store_core_checkpoint(store));

    value[200000] = 'y';
    value[399990] = 'z'; /* longer, too */
    put(store, "name", value);

    assert_true(fake_disk_peek(disk, "store-wal").len < 40000);
    assert_value(store, "name", value);
    store_core_free(store);
    free(value);
    fake_disk_free(disk);
}

static kith_err
read_name(const char *vfs)
{
    const store_core_options options = {.vfs = vfs};
    store_core *store = NULL;
    KITH_AUTO(kith_buf) out = {0};

    KITH_TRY(store_core_open("store", key, &options, &store));
    core_store s = store_core_port(store);
    const kith_err err = s.get(s.ctx, 0, kith_bytes_of_text("name"), &out);
    store_core_free(store);
    return err;
}

static void
damage_to_any_page_is_noticed(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    const store_core_options options = {.vfs = "disk"};
    store_core *store = NULL;
    char value[20000] = {0};

    (void)state;
    memset(value, 'x', sizeof value - 1);
    assert_ok(store_core_open("store", key, &options, &store));
    put(store, "name", value);
    store_core_free(store);

    const size_t len = fake_disk_peek(disk, "store").len;
    assert_true(len >= (size_t)6 * 4096);
    for (size_t at = 1000; at < len; at += 4096) {
        fake_disk_flip(disk, "store", at);
        assert_err(read_name("disk"), at < 4096 ? KITH_ERR_DENIED : KITH_ERR_MALFORMED);
        fake_disk_flip(disk, "store", at);
    }
    assert_ok(read_name("disk"));
    fake_disk_free(disk);
}

/* ---- the fake store's own switches ---- */

static void
the_fake_store_fails_on_demand_and_forgets_what_was_not_committed(void **state)
{
    fake_store *fake = fake_store_new();
    core_store s = fake_store_port(fake);
    const kith_bytes name = kith_bytes_of_text("name");

    (void)state;
    assert_ok(s.begin(s.ctx));
    fake_store_fail_after(fake, 1, KITH_ERR_STORE);
    assert_ok(s.put(s.ctx, 0, name, name));
    assert_err(s.put(s.ctx, 0, name, name), KITH_ERR_STORE);
    assert_err(s.commit(s.ctx), KITH_ERR_STORE);
    assert_false(fake_store_in_transaction(fake));
    assert_int_equal(fake_store_count(fake), 0);
    assert_int_equal(fake_store_commits(fake), 0);
    assert_int_equal(fake_store_calls(fake), 2);

    fake_store_fail_after(fake, UINT64_MAX, KITH_ERR_STORE);
    assert_ok(s.begin(s.ctx));
    assert_ok(s.put(s.ctx, 0, name, name));
    fake_store_crash(fake);
    assert_int_equal(fake_store_count(fake), 0);
    fake_store_free(fake);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_store_keeps_every_promise_of_the_port),
        cmocka_unit_test(the_store_keeps_every_promise_on_a_fake_disk),
        cmocka_unit_test(the_fake_store_keeps_every_promise_of_the_port),
        cmocka_unit_test(what_was_committed_is_there_after_opening_again),
        cmocka_unit_test(an_open_transaction_is_undone_by_closing),
        cmocka_unit_test(another_key_is_denied_and_harms_nothing),
        cmocka_unit_test(a_second_opener_in_this_process_is_refused),
        cmocka_unit_test(a_second_opener_in_another_process_is_refused),
        cmocka_unit_test(a_killed_process_loses_nothing_that_was_committed),
        cmocka_unit_test(only_the_owner_can_read_the_files),
        cmocka_unit_test(a_missing_folder_is_a_store_error),
        cmocka_unit_test(nothing_readable_is_on_the_disk),
        cmocka_unit_test(a_checkpoint_empties_the_wal),
        cmocka_unit_test(the_wal_does_not_grow_without_end),
        cmocka_unit_test(a_large_value_that_changes_a_little_costs_little),
        cmocka_unit_test(damage_to_any_page_is_noticed),
        cmocka_unit_test(the_fake_store_fails_on_demand_and_forgets_what_was_not_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
