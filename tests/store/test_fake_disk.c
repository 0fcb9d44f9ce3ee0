/* SPDX-License-Identifier: MPL-2.0 */
/* The fake disk loses what a power loss may take, all of it now and then, and never more. */
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/check.h"
#include "fakes/fake_disk.h"

#define MAIN_FLAGS (SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)
#define WAL_FLAGS (SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL)

static sqlite3_file *
open_file(const fake_disk *disk, const char *path, int flags)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(fake_disk_name(disk));
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);

    assert_non_null(file);
    assert_int_equal(vfs->xOpen(vfs, path, file, flags, NULL), SQLITE_OK);
    return file;
}

static void
close_file(sqlite3_file *file)
{
    assert_int_equal(file->pMethods->xClose(file), SQLITE_OK);
    free(file);
}

static int
write_file(sqlite3_file *file, uint8_t byte, size_t len, size_t offset)
{
    uint8_t *bytes = malloc(len);

    assert_non_null(bytes);
    memset(bytes, byte, len);
    const int code = file->pMethods->xWrite(file, bytes, (int)len, (sqlite3_int64)offset);
    free(bytes);
    return code;
}

static int
sync_file(sqlite3_file *file)
{
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

static size_t
count_byte(kith_bytes bytes, uint8_t byte)
{
    size_t count = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        count += bytes.data[i] == byte ? 1 : 0;
    }
    return count;
}

/* A synced file of ones over which twos were written, unsynced, after a power loss. */
static kith_buf
overwrite_and_crash(uint64_t seed)
{
    fake_disk *disk = fake_disk_new("disk");
    sqlite3_file *file = open_file(disk, "db-wal", WAL_FLAGS);
    fake_rng rng;
    kith_buf out = {0};

    fake_rng_init(&rng, seed);
    assert_int_equal(write_file(file, 1, 40000, 0), SQLITE_OK);
    assert_int_equal(sync_file(file), SQLITE_OK);
    assert_int_equal(write_file(file, 2, 20000, 10000), SQLITE_OK);
    fake_disk_crash(disk, &rng);
    assert_ok(kith_buf_set(&out, fake_disk_peek(disk, "db-wal")));
    close_file(file);
    fake_disk_free(disk);
    return out;
}

static void
an_unsynced_write_is_kept_lost_or_torn_and_harms_no_neighbour(void **state)
{
    size_t kept = 0;
    size_t lost = 0;
    size_t partly = 0;
    size_t torn = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        KITH_AUTO(kith_buf) after = overwrite_and_crash(seed);
        const size_t twos = count_byte(kith_bytes_of_buf(&after), 2);
        assert_int_equal(after.len, 40000);
        assert_int_equal(count_byte(kith_bytes_of_buf(&after), 1), 40000 - twos);
        assert_int_equal(count_byte(kith_bytes_of(after.data, 10000), 2), 0);
        assert_int_equal(count_byte(kith_bytes_of(after.data + 30000, 10000), 2), 0);
        kept += twos == 20000 ? 1 : 0;
        lost += twos == 0 ? 1 : 0;
        partly += twos > 0 && twos < 20000 ? 1 : 0;
        for (size_t i = 10001; i < 30000; i++) {
            torn += after.data[i] != after.data[i - 1] && i % 512 != 0 ? 1 : 0;
        }
    }
    assert_true(kept > 10 && lost > 10 && partly > 10 && torn > 10);
}

static void
the_same_seed_gives_the_same_fate(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        KITH_AUTO(kith_buf) first = overwrite_and_crash(seed);
        KITH_AUTO(kith_buf) second = overwrite_and_crash(seed);
        assert_true(kith_bytes_equal(kith_bytes_of_buf(&first), kith_bytes_of_buf(&second)));
    }
}

static void
an_unsynced_change_of_size_may_be_lost(void **state)
{
    size_t longer = 0;
    size_t shorter = 0;
    size_t between = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        fake_disk *disk = fake_disk_new("disk");
        sqlite3_file *file = open_file(disk, "db-wal", WAL_FLAGS);
        fake_rng rng;
        fake_rng_init(&rng, seed);
        assert_int_equal(write_file(file, 1, 10000, 0), SQLITE_OK);
        assert_int_equal(sync_file(file), SQLITE_OK);
        if (seed % 2 == 0) {
            assert_int_equal(file->pMethods->xTruncate(file, 5000), SQLITE_OK);
        } else {
            assert_int_equal(write_file(file, 2, 10000, 10000), SQLITE_OK);
        }
        fake_disk_crash(disk, &rng);
        const size_t len = fake_disk_peek(disk, "db-wal").len;
        assert_true(len == 5000 || len >= 10000);
        longer += len == 20000 ? 1 : 0;
        shorter += len == 5000 ? 1 : 0;
        between += len == 10000 ? 1 : 0;
        close_file(file);
        fake_disk_free(disk);
    }
    assert_true(longer > 5 && shorter > 5 && between > 5);
}

/* A name is durable with the first sync of a journal or WAL, as SQLite does for the operating system's. */
static void
an_unsynced_name_may_be_lost_or_come_back(void **state)
{
    sqlite3_vfs *vfs = NULL;
    size_t lost = 0;
    size_t back = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        fake_disk *disk = fake_disk_new("disk");
        fake_rng rng;
        fake_rng_init(&rng, seed);
        vfs = sqlite3_vfs_find("disk");
        sqlite3_file *wal = open_file(disk, "old-wal", WAL_FLAGS);
        assert_int_equal(write_file(wal, 1, 100, 0), SQLITE_OK);
        assert_int_equal(sync_file(wal), SQLITE_OK);
        close_file(wal);
        assert_int_equal(vfs->xDelete(vfs, "old-wal", 0), SQLITE_OK);
        sqlite3_file *db = open_file(disk, "new", MAIN_FLAGS);
        assert_int_equal(write_file(db, 1, 100, 0), SQLITE_OK);
        assert_int_equal(sync_file(db), SQLITE_OK);
        close_file(db);

        fake_disk_crash(disk, &rng);

        lost += fake_disk_peek(disk, "new").len == 0 ? 1 : 0;
        back += fake_disk_peek(disk, "old-wal").len == 100 ? 1 : 0;
        fake_disk_free(disk);
    }
    assert_true(lost > 10 && lost < 90 && back > 10 && back < 90);
}

static void
synced_names_stay(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        fake_disk *disk = fake_disk_new("disk");
        sqlite3_vfs *vfs = sqlite3_vfs_find("disk");
        fake_rng rng;
        fake_rng_init(&rng, seed);
        sqlite3_file *db = open_file(disk, "db", MAIN_FLAGS);
        sqlite3_file *journal = open_file(disk, "db-journal", WAL_FLAGS);
        assert_int_equal(write_file(db, 1, 100, 0), SQLITE_OK);
        assert_int_equal(sync_file(db), SQLITE_OK);
        assert_int_equal(write_file(journal, 1, 100, 0), SQLITE_OK);
        assert_int_equal(sync_file(journal), SQLITE_OK);
        close_file(journal);
        if (seed % 2 == 0) {
            assert_int_equal(vfs->xDelete(vfs, "db-journal", 1), SQLITE_OK);
        }

        fake_disk_crash(disk, &rng);

        assert_int_equal(fake_disk_peek(disk, "db").len, 100);
        assert_int_equal(fake_disk_peek(disk, "db-journal").len, seed % 2 == 0 ? 0 : 100);
        close_file(db);
        fake_disk_free(disk);
    }
}

static void
nothing_works_while_the_power_is_off_nor_on_old_handles_after_it(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    sqlite3_file *file = open_file(disk, "db", MAIN_FLAGS);
    sqlite3_int64 size = 0;
    uint8_t byte = 0;
    fake_rng rng;

    (void)state;
    fake_rng_init(&rng, 1);
    assert_int_equal(fake_disk_ops(disk), 1); /* making the file */
    fake_disk_power_at(disk, 1);
    assert_int_equal(write_file(file, 1, 10, 0), SQLITE_OK);
    assert_false(fake_disk_is_off(disk));
    assert_int_equal(sync_file(file), SQLITE_IOERR_FSYNC);
    assert_true(fake_disk_is_off(disk));
    assert_int_equal(fake_disk_ops(disk), 3);

    for (int life = 0; life < 2; life++) {
        assert_int_equal(write_file(file, 1, 10, 0), SQLITE_IOERR_WRITE);
        assert_int_equal(sync_file(file), SQLITE_IOERR_FSYNC);
        assert_int_equal(file->pMethods->xTruncate(file, 0), SQLITE_IOERR_TRUNCATE);
        assert_int_equal(file->pMethods->xFileSize(file, &size), SQLITE_IOERR_FSTAT);
        assert_int_equal(file->pMethods->xRead(file, &byte, 1, 0), SQLITE_IOERR_READ);
        assert_int_equal(file->pMethods->xLock(file, SQLITE_LOCK_SHARED), SQLITE_IOERR_LOCK);
        fake_disk_crash(disk, &rng);
    }
    assert_int_equal(fake_disk_ops(disk), 3);
    close_file(file);
    fake_disk_free(disk);
}

static void
faults_come_when_planned_and_end(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    sqlite3_file *file = open_file(disk, "db", MAIN_FLAGS);
    uint8_t byte = 0;

    (void)state;
    fake_disk_fail_after(disk, FAKE_DISK_IOERR, 1, 2);
    assert_int_equal(write_file(file, 1, 10, 0), SQLITE_OK);
    assert_int_equal(write_file(file, 2, 10, 0), SQLITE_IOERR_WRITE);
    assert_int_equal(count_byte(fake_disk_peek(disk, "db"), 2), 5);
    assert_int_equal(sync_file(file), SQLITE_IOERR_FSYNC);
    assert_int_equal(sync_file(file), SQLITE_OK);

    fake_disk_fail_after(disk, FAKE_DISK_FULL, 0, UINT64_MAX);
    assert_int_equal(write_file(file, 3, 10, 0), SQLITE_OK); /* in place */
    assert_int_equal(write_file(file, 3, 10, 1), SQLITE_FULL);
    assert_int_equal(fake_disk_peek(disk, "db").len, 10);
    fake_disk_fail_after(disk, FAKE_DISK_READ_IOERR, 1, 1);
    assert_int_equal(file->pMethods->xRead(file, &byte, 1, 0), SQLITE_OK);
    assert_int_equal(write_file(file, 3, 10, 1), SQLITE_OK);
    assert_int_equal(file->pMethods->xRead(file, &byte, 1, 0), SQLITE_IOERR_READ);
    assert_int_equal(file->pMethods->xRead(file, &byte, 1, 0), SQLITE_OK);
    assert_int_equal(fake_disk_reads(disk), 3);
    close_file(file);
    fake_disk_free(disk);
}

static void
locks_exclude_as_sqlite_expects_and_fall_with_the_power(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    sqlite3_file *one = open_file(disk, "db", MAIN_FLAGS);
    sqlite3_file *two = open_file(disk, "db", MAIN_FLAGS);
    fake_rng rng;

    (void)state;
    fake_rng_init(&rng, 1);
    assert_int_equal(one->pMethods->xLock(one, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_int_equal(two->pMethods->xLock(two, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_int_equal(one->pMethods->xLock(one, SQLITE_LOCK_RESERVED), SQLITE_OK);
    assert_int_equal(two->pMethods->xLock(two, SQLITE_LOCK_RESERVED), SQLITE_BUSY);
    assert_int_equal(one->pMethods->xLock(one, SQLITE_LOCK_EXCLUSIVE), SQLITE_BUSY);
    assert_int_equal(two->pMethods->xUnlock(two, SQLITE_LOCK_NONE), SQLITE_OK);
    assert_int_equal(two->pMethods->xLock(two, SQLITE_LOCK_SHARED), SQLITE_BUSY); /* one waits */
    assert_int_equal(one->pMethods->xLock(one, SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
    fake_disk_crash(disk, &rng);
    close_file(one);
    close_file(two);

    two = open_file(disk, "db", MAIN_FLAGS);
    assert_int_equal(two->pMethods->xLock(two, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_int_equal(two->pMethods->xLock(two, SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
    close_file(two);
    fake_disk_free(disk);
}

static void
disks_do_not_know_each_other(void **state)
{
    fake_disk *one = fake_disk_new("one");
    fake_disk *two = fake_disk_new("two");
    sqlite3_file *file = open_file(one, "db", MAIN_FLAGS);

    (void)state;
    fake_disk_power_at(two, 0);
    assert_int_equal(write_file(file, 1, 10, 0), SQLITE_OK);
    assert_int_equal(fake_disk_peek(one, "db").len, 10);
    assert_int_equal(fake_disk_peek(two, "db").len, 0);
    close_file(file);
    fake_disk_free(two);
    fake_disk_free(one);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unsynced_write_is_kept_lost_or_torn_and_harms_no_neighbour),
        cmocka_unit_test(the_same_seed_gives_the_same_fate),
        cmocka_unit_test(an_unsynced_change_of_size_may_be_lost),
        cmocka_unit_test(an_unsynced_name_may_be_lost_or_come_back),
        cmocka_unit_test(synced_names_stay),
        cmocka_unit_test(nothing_works_while_the_power_is_off_nor_on_old_handles_after_it),
        cmocka_unit_test(faults_come_when_planned_and_end),
        cmocka_unit_test(locks_exclude_as_sqlite_expects_and_fall_with_the_power),
        cmocka_unit_test(disks_do_not_know_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
