/* SPDX-License-Identifier: MPL-2.0 */
/* What fake_disk.c (files and power loss) offers to fake_disk_vfs.c (SQLite's view of it). */
#ifndef KITH_TESTS_FAKES_FAKE_DISK_PARTS_H
#define KITH_TESTS_FAKES_FAKE_DISK_PARTS_H

#include "fakes/fake_disk.h"

#define FAKE_DISK_LOCKS 8u /* SQLITE_SHM_NLOCK */

/* Shared memory of a WAL. Handles from before a crash keep theirs until they are closed. */
typedef struct fake_shm {
    size_t refs;
    void **regions;
    size_t region_count;
    uint32_t shared[FAKE_DISK_LOCKS]; /* how many handles share each lock */
    bool exclusive[FAKE_DISK_LOCKS];
} fake_shm;

/* An unsynced change of a file's bytes: [offset, …) was `before` and became `after`. */
typedef struct fake_change {
    size_t offset;
    size_t size_before; /* of the file */
    kith_buf before;
    kith_buf after; /* empty: the file was cut at `offset` */
} fake_change;

typedef struct fake_file {
    size_t refs; /* names, unsynced changes of names, open handles */
    kith_buf data;
    fake_change *changes;
    size_t change_count;
    size_t change_cap;
    const void *owner; /* the handle with a lock above SHARED */
    int owner_level;
    uint32_t shared; /* handles with a lock of SHARED or above */
    fake_shm *shm;
} fake_file;

/* What becomes of an operation. */
typedef enum fake_fate {
    FAKE_DO,
    FAKE_DO_AND_FAIL, /* the power goes while it happens */
    FAKE_FAIL,
    FAKE_NO_SPACE,
    FAKE_DEAD, /* nothing happens any more */
} fake_fate;

void fake_must(bool condition);
/* Counts an operation; `grows`: it needs space. */
fake_fate fake_disk_count_op(fake_disk *disk, bool grows);
fake_fate fake_disk_count_read(fake_disk *disk);
/* Grows by one with each crash. */
uint64_t fake_disk_life(const fake_disk *disk);

/* Borrowed; NULL: no such name. */
fake_file *fake_disk_find(const fake_disk *disk, const char *path);
/* Owned by the caller: one reference. */
fake_file *fake_file_new(void);
void fake_file_free(fake_file *file);
/* Gives `path` to `file`, or to nothing (NULL). Unsynced. */
void fake_disk_set_name(fake_disk *disk, const char *path, fake_file *file);
void fake_disk_sync_names(fake_disk *disk);

void fake_file_write(fake_file *file, size_t offset, kith_bytes bytes);
/* Only ever makes it smaller. */
void fake_file_cut(fake_file *file, size_t size);
void fake_file_sync(fake_file *file);

void fake_shm_free(fake_shm *shm);

/* The VFS of `disk`, registered until removed. */
struct sqlite3_vfs *fake_disk_vfs_add(fake_disk *disk, const char *name);
void fake_disk_vfs_remove(struct sqlite3_vfs *vfs);

#endif
