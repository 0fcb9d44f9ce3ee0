/* SPDX-License-Identifier: MPL-2.0 */
/* Connections, transactions, checkpoints, schema versions and little memory, on a fake disk. */
#include <string.h>

#include <sqlite3.h>

#include "store/item_db.h"

static const uint8_t key[STORE_DB_KEY_LEN] = {1};
static const uint8_t wrong_key[STORE_DB_KEY_LEN] = {2};

static kith_bytes
text(const char *words)
{
    return kith_bytes_of_text(words);
}

/* ---- opening ---- */

static void
commits_are_synced(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *db = item_open(disk);
    uint64_t level = 0;
    bool row = false;

    (void)state;
    {
        KITH_AUTO(store_run) run = {0};
        assert_ok(store_run_start(db, ITEM_SYNCHRONOUS, &run));
        assert_ok(store_run_next(&run, &row));
        assert_ok(store_column_u64(&run, 0, &level));
    }
    assert_int_equal(level, 2);
    assert_ok(item_insert(db, 1, text("body")));
    assert_true(fake_disk_peek(disk, "db-wal").len > 0);
    store_db_free(db);
    fake_disk_free(disk);
}

static void
what_cannot_be_opened_says_why(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db_options options = item_options(disk);
    store_db *none = NULL;

    (void)state;
    store_db_free(item_open(disk));
    options.key = key;
    assert_err(store_db_open("db", &options, &none), KITH_ERR_DENIED); /* not encrypted at all */

    options.key = NULL;
    fake_disk_flip(disk, "db", 0);
    assert_err(store_db_open("db", &options, &none), KITH_ERR_MALFORMED);
    options.read_only = true;
    assert_err(store_db_open("absent", &options, &none), KITH_ERR_STORE);
    options.vfs = "no such disk";
    assert_err(store_db_open("db", &options, &none), KITH_ERR_INVALID);
    options.vfs = NULL;
    assert_err(store_db_open("/nonexistent/folder/db", &options, &none), KITH_ERR_STORE);
    assert_null(none);
    fake_disk_free(disk);
}

static void
an_encrypted_file_opens_with_its_key_only(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db_options options = item_options(disk);
    store_db *db = NULL;

    (void)state;
    options.key = key;
    assert_ok(store_db_open("db", &options, &db));
    assert_ok(store_db_migrate(db, item_steps, ITEM_STEPS));
    store_db_free(db);
    db = NULL;

    options.key = wrong_key;
    assert_err(store_db_open("db", &options, &db), KITH_ERR_DENIED);
    options.key = NULL;
    assert_err(store_db_open("db", &options, &db), KITH_ERR_MALFORMED);
    assert_null(db);
    options.key = key;
    assert_ok(store_db_open("db", &options, &db));
    store_db_free(db);
    fake_disk_free(disk);
}

static void
exclusive_means_alone(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *db = item_open(disk);
    store_db_options options = item_options(disk);
    store_db *other = NULL;

    (void)state;
    options.exclusive = true;
    assert_ok(item_insert(db, 1, text("body")));
    assert_err(store_db_open("db", &options, &other), KITH_ERR_BUSY);
    store_db_free(db);

    assert_ok(store_db_open("db", &options, &other));
    options.exclusive = false;
    db = NULL;
    assert_err(store_db_open("db", &options, &db), KITH_ERR_BUSY);
    assert_null(db);
    store_db_free(other);
    fake_disk_free(disk);
}

static void
a_read_only_connection_reads_and_does_not_write(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *db = item_open(disk);
    store_db_options options = item_options(disk);
    store_db *reader = NULL;

    (void)state;
    options.read_only = true;
    assert_ok(item_insert(db, 1, text("body")));
    assert_ok(store_db_open("db", &options, &reader));
    assert_ok(store_db_migrate(reader, item_steps, ITEM_STEPS)); /* nothing to do */

    assert_int_equal(item_count(reader), 1);
    assert_err(item_insert(reader, 2, text("body")), KITH_ERR_STORE);
    assert_ok(store_db_begin_read(reader));
    store_db_rollback(reader);

    store_db_free(reader);
    store_db_free(db);
    fake_disk_free(disk);
}

/* ---- the schema's version ---- */

static void
only_the_missing_steps_of_a_schema_run(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    const store_db_options options = item_options(disk);
    store_db *db = NULL;

    (void)state;
    assert_ok(store_db_open("db", &options, &db));
    assert_ok(store_db_migrate(db, item_steps, 1));
    assert_ok(store_db_migrate(db, item_steps, 1));
    assert_ok(item_insert(db, 1, text("from the first version")));
    store_db_free(db);

    db = item_open(disk);
    assert_int_equal(item_count(db), 1);
    assert_ok(store_db_exec(db, "UPDATE item SET note = 7"));
    store_db_free(db);
    fake_disk_free(disk);
}

static void
a_newer_file_is_unsupported_and_so_is_an_older_one_read_only(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *db = item_open(disk);
    store_db_options options = item_options(disk);

    (void)state;
    assert_err(store_db_migrate(db, item_steps, 1), KITH_ERR_UNSUPPORTED);
    assert_ok(store_db_exec(db, "PRAGMA user_version=1"));
    store_db_free(db);

    options.read_only = true;
    assert_ok(store_db_open("db", &options, &db));
    assert_err(store_db_migrate(db, item_steps, ITEM_STEPS), KITH_ERR_UNSUPPORTED);
    store_db_free(db);
    fake_disk_free(disk);
}

static void
a_step_that_fails_leaves_the_version_before(void **state)
{
    static const char *const broken[] = {"CREATE TABLE a (x);",
                                         "CREATE TABLE b (x); CREATE TABLE a (x);"};
    static const char *const mended[] = {"CREATE TABLE a (x);", "CREATE TABLE b (x);"};
    fake_disk *disk = fake_disk_new("disk");
    const store_db_options options = item_options(disk);
    store_db *db = NULL;

    (void)state;
    assert_ok(store_db_open("db", &options, &db));
    assert_err(store_db_migrate(db, broken, 2), KITH_ERR_INVALID);
    assert_false(store_db_in_transaction(db));

    assert_ok(store_db_migrate(db, mended, 2));
    store_db_free(db);
    fake_disk_free(disk);
}

/* ---- transactions ---- */

static void
transactions_are_all_or_nothing_and_not_nested(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *db = item_open(disk);

    (void)state;
    assert_err(store_db_commit(db), KITH_ERR_INVALID);
    store_db_rollback(db);
    assert_ok(store_db_begin(db));
    assert_true(store_db_in_transaction(db));
    assert_err(store_db_begin(db), KITH_ERR_INVALID);
    assert_err(store_db_begin_read(db), KITH_ERR_INVALID);
    assert_ok(item_insert(db, 1, text("undone")));
    store_db_rollback(db);
    assert_false(store_db_in_transaction(db));
    assert_int_equal(item_count(db), 0);

    assert_ok(store_db_begin(db));
    assert_ok(item_insert(db, 1, text("kept")));
    assert_ok(store_db_commit(db));
    assert_false(store_db_in_transaction(db));
    assert_int_equal(item_count(db), 1);
    store_db_free(db);
    fake_disk_free(disk);
}

static void
one_connection_writes_at_a_time_and_readers_see_one_state(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *writer = item_open(disk);
    store_db *reader = item_open(disk);

    (void)state;
    assert_ok(item_insert(writer, 1, text("before")));
    assert_ok(store_db_begin_read(reader));
    assert_int_equal(item_count(reader), 1);

    assert_ok(store_db_begin(writer));
    assert_ok(item_insert(writer, 2, text("after")));
    assert_err(item_insert(reader, 3, text("no")), KITH_ERR_BUSY);
    assert_ok(store_db_commit(writer));
    assert_int_equal(item_count(reader), 1);
    assert_ok(store_db_commit(reader));
    assert_int_equal(item_count(reader), 2);

    assert_ok(store_db_begin(writer));
    assert_err(store_db_begin(reader), KITH_ERR_BUSY);
    assert_false(store_db_in_transaction(reader));
    store_db_rollback(writer);
    store_db_free(reader);
    store_db_free(writer);
    fake_disk_free(disk);
}

/* SQLite undoes a transaction by itself when a page that leaves the cache early does not fit on the disk. */
static void
nothing_is_written_after_a_transaction_was_undone_midway(void **state)
{
    static const uint8_t large[300000] = {1};
    fake_disk *disk = fake_disk_new("disk");
    store_db_options options = item_options(disk);
    store_db *db = NULL;

    (void)state;
    options.cache_kib = 40;
    assert_ok(store_db_open("db", &options, &db));
    assert_ok(store_db_migrate(db, item_steps, ITEM_STEPS));
    assert_ok(store_db_begin(db));
    assert_ok(item_insert(db, 1, text("first")));
    fake_disk_fail_after(disk, FAKE_DISK_FULL, 0, UINT64_MAX);
    assert_err(item_insert(db, 2, KITH_BYTES(large)), KITH_ERR_STORE);
    assert_int_equal(store_db_code(db) & 0xff, SQLITE_FULL);
    fake_disk_fail_after(disk, FAKE_DISK_FULL, FAKE_DISK_NEVER, 0);

    assert_err(item_insert(db, 3, text("third")), KITH_ERR_STORE);
    assert_true(store_db_in_transaction(db));
    assert_err(store_db_commit(db), KITH_ERR_STORE);

    assert_false(store_db_in_transaction(db));
    assert_int_equal(item_count(db), 0);
    assert_ok(store_db_begin(db));
    assert_ok(item_insert(db, 1, text("first")));
    assert_ok(store_db_commit(db));
    assert_int_equal(item_count(db), 1);
    store_db_free(db);
    fake_disk_free(disk);
}

static void
a_commit_that_fails_is_undone(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *db = item_open(disk);

    (void)state;
    assert_ok(store_db_begin(db));
    assert_ok(item_insert(db, 1, text("body")));
    fake_disk_fail_after(disk, FAKE_DISK_IOERR, 0, 1);
    assert_err(store_db_commit(db), KITH_ERR_STORE);

    assert_false(store_db_in_transaction(db));
    assert_int_equal(item_count(db), 0);
    store_db_free(db);
    fake_disk_free(disk);
}

/* A rule that is looked at with the commit: SQLite would leave the transaction open. */
static void
a_commit_that_is_refused_is_undone(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *db = item_open(disk);

    (void)state;
    assert_ok(store_db_exec(db, "CREATE TABLE child (item INTEGER REFERENCES item (id)"
                                " DEFERRABLE INITIALLY DEFERRED)"));
    assert_ok(store_db_begin(db));
    assert_ok(item_insert(db, 1, text("body")));
    assert_ok(store_db_exec(db, "INSERT INTO child VALUES (2)"));
    assert_err(store_db_commit(db), KITH_ERR_INVALID);

    assert_false(store_db_in_transaction(db));
    assert_int_equal(item_count(db), 0);
    assert_ok(store_db_begin(db));
    store_db_rollback(db);
    store_db_free(db);
    fake_disk_free(disk);
}

/* ---- checkpoints ---- */

static void
a_checkpoint_moves_what_readers_allow(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *writer = item_open(disk);
    store_db *reader = item_open(disk);
    uint32_t left = 99;

    (void)state;
    assert_ok(store_db_begin_read(reader));
    assert_int_equal(item_count(reader), 0);
    assert_ok(item_insert(writer, 1, text("body")));
    assert_true(store_db_wal_pages(writer) > 0);

    assert_ok(store_db_checkpoint(writer, STORE_CHECKPOINT_PASSIVE, &left));
    assert_true(left > 0 && left < 99);
    assert_err(store_db_checkpoint(writer, STORE_CHECKPOINT_TRUNCATE, NULL), KITH_ERR_BUSY);
    assert_err(store_db_checkpoint(reader, STORE_CHECKPOINT_PASSIVE, NULL), KITH_ERR_INVALID);
    assert_ok(store_db_commit(reader));
    assert_ok(store_db_checkpoint(writer, STORE_CHECKPOINT_PASSIVE, &left));
    assert_int_equal(left, 0);
    assert_ok(store_db_checkpoint(reader, STORE_CHECKPOINT_TRUNCATE, &left));
    assert_int_equal(fake_disk_peek(disk, "db-wal").len, 0);
    assert_int_equal(item_count(reader), 1);
    store_db_free(reader);
    store_db_free(writer);
    fake_disk_free(disk);
}

static void
commits_checkpoint_only_when_asked_to(void **state)
{
    static const uint8_t large[100000] = {1};
    fake_disk *disk = fake_disk_new("disk");
    store_db_options options = item_options(disk);
    store_db *db = item_open(disk);

    (void)state;
    for (uint64_t id = 0; id < 60; id++) { /* more than the 1,000 pages at which SQLite would */
        assert_ok(store_db_begin(db));
        assert_ok(item_insert(db, id, KITH_BYTES(large)));
        assert_ok(store_db_commit(db));
    }
    assert_true(store_db_wal_pages(db) > 1400);
    store_db_free(db);

    options.checkpoint_pages = 50;
    assert_ok(store_db_open("db", &options, &db));
    for (uint64_t id = 100; id < 110; id++) {
        assert_ok(store_db_begin(db));
        assert_ok(item_insert(db, id, KITH_BYTES(large)));
        assert_ok(store_db_commit(db));
        assert_true(store_db_wal_pages(db) < 50);
    }
    assert_int_equal(item_count(db), 70);
    store_db_free(db);
    fake_disk_free(disk);
}

/* ---- memory ---- */

static kith_err
migrate_and_insert(store_db *db)
{
    static const uint8_t large[50000] = {1};

    KITH_TRY(store_db_migrate(db, item_steps, ITEM_STEPS));
    KITH_TRY(store_db_begin(db));
    KITH_TRY(item_insert(db, 1, KITH_BYTES(large)));
    return store_db_commit(db);
}

/* Limits the memory of SQLite to `more` bytes above what it uses now. */
static void
limit_memory(int64_t more)
{
    (void)sqlite3_hard_heap_limit64(sqlite3_memory_used() + more);
}

static void
unlimit_memory(void)
{
    (void)sqlite3_hard_heap_limit64(0);
}

static void
too_little_memory_to_open_is_no_memory(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    const store_db_options options = item_options(disk);
    store_db *db = NULL;
    kith_err err = KITH_ERR_NO_MEMORY;
    size_t failures = 0;

    (void)state;
    assert_int_equal(sqlite3_initialize(), SQLITE_OK);
    for (int64_t more = 100; err != KITH_OK && more < (4 << 20); more += 300) {
        limit_memory(more);
        err = store_db_open("db", &options, &db);
        unlimit_memory();
        failures += err == KITH_ERR_NO_MEMORY ? 1 : 0;
        assert_true(err == KITH_OK || (err == KITH_ERR_NO_MEMORY && db == NULL));
    }
    assert_ok(err);
    assert_true(failures > 10);
    store_db_free(db);
    fake_disk_free(disk);
}

/* One attempt at writing with a limit; a failed one leaves nothing behind. */
static kith_err
write_with(fake_disk *disk, int64_t more)
{
    store_db_options options = item_options(disk);
    store_db *db = NULL;

    options.key = key;
    options.exclusive = true;
    assert_ok(store_db_open("db", &options, &db));
    limit_memory(more);
    const kith_err err = migrate_and_insert(db);
    unlimit_memory();
    store_db_rollback(db);
    assert_ok(store_db_migrate(db, item_steps, ITEM_STEPS));
    assert_int_equal(item_count(db), err == KITH_OK ? 1 : 0);
    assert_ok(store_db_exec(db, "DROP TABLE item; PRAGMA user_version=0"));
    store_db_free(db);
    return err;
}

static void
too_little_memory_to_write_is_no_memory_and_changes_nothing(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    kith_err err = KITH_ERR_NO_MEMORY;
    size_t failures = 0;

    (void)state;
    for (int64_t more = 100; err != KITH_OK && more < (4 << 20); more += 300) {
        err = write_with(disk, more);
        failures += err == KITH_ERR_NO_MEMORY ? 1 : 0;
        assert_true(err == KITH_OK || err == KITH_ERR_NO_MEMORY);
    }
    assert_ok(err);
    assert_true(failures > 10);
    fake_disk_free(disk);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_are_synced),
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(an_encrypted_file_opens_with_its_key_only),
        cmocka_unit_test(exclusive_means_alone),
        cmocka_unit_test(a_read_only_connection_reads_and_does_not_write),
        cmocka_unit_test(only_the_missing_steps_of_a_schema_run),
        cmocka_unit_test(a_newer_file_is_unsupported_and_so_is_an_older_one_read_only),
        cmocka_unit_test(a_step_that_fails_leaves_the_version_before),
        cmocka_unit_test(transactions_are_all_or_nothing_and_not_nested),
        cmocka_unit_test(one_connection_writes_at_a_time_and_readers_see_one_state),
        cmocka_unit_test(nothing_is_written_after_a_transaction_was_undone_midway),
        cmocka_unit_test(a_commit_that_fails_is_undone),
        cmocka_unit_test(a_commit_that_is_refused_is_undone),
        cmocka_unit_test(a_checkpoint_moves_what_readers_allow),
        cmocka_unit_test(commits_checkpoint_only_when_asked_to),
        cmocka_unit_test(too_little_memory_to_open_is_no_memory),
        cmocka_unit_test(too_little_memory_to_write_is_no_memory_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
