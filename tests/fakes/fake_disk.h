/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A disk in memory, as a SQLite VFS, that can lose power. Several disks can live in one process, each under a
 * name of its own; all calls come from one thread.
 *
 * What it models. A write is in the "page cache" until its file is synced; a new or removed name until the
 * folder is synced. The folder is synced when the operating system's VFS of SQLite would do so: with the first
 * sync of a journal or WAL that was made through the handle, and by a removal that asks for it. A power loss
 * keeps, loses or tears each sector of each unsynced write, each unsynced change of size and each unsynced
 * name on its own, by chance from the caller's seed. Bytes around a torn write stay as they were (the promise
 * SQLITE_IOCAP_POWERSAFE_OVERWRITE, which SQLite makes for the operating system's files, too).
 * Not modelled: a drive that reports a sync that it has not done, and bits that change by themselves
 * (fake_disk_flip does the latter on demand).
 */
#ifndef KITH_TESTS_FAKES_FAKE_DISK_H
#define KITH_TESTS_FAKES_FAKE_DISK_H

#include "fakes/fake_rng.h"

#define FAKE_DISK_NEVER UINT64_MAX

typedef struct fake_disk fake_disk;

/* Registers the VFS `name` (copied; at most 63 bytes; no other disk may have it). */
fake_disk *fake_disk_new(const char *name);
/* All connections must have been closed, those from before a crash, too. NULL is accepted. */
void fake_disk_free(fake_disk *disk);
/* The name to open databases with. */
const char *fake_disk_name(const fake_disk *disk);

/* Operations that change something (make, write, truncate, sync, remove) so far, and reads. */
uint64_t fake_disk_ops(const fake_disk *disk);
uint64_t fake_disk_reads(const fake_disk *disk);

/* `more` operations from now on succeed; during the next one the power goes: it may or may not happen, and
 * everything after it fails until fake_disk_crash. FAKE_DISK_NEVER: no power loss is planned. */
void fake_disk_power_at(fake_disk *disk, uint64_t more);
bool fake_disk_is_off(const fake_disk *disk);

typedef enum fake_disk_fault {
    FAKE_DISK_IOERR, /* an operation fails; a write leaves half of its bytes */
    FAKE_DISK_FULL, /* what needs more space fails; other operations succeed */
    FAKE_DISK_READ_IOERR, /* a read fails; counts reads, not operations */
} fake_disk_fault;

/* `more` operations (or reads) from now on succeed, then `times` of them meet the fault. One plan at a time;
 * FAKE_DISK_NEVER as `more` ends it. */
void fake_disk_fail_after(fake_disk *disk, fake_disk_fault fault, uint64_t more, uint64_t times);

/* The power was off and is on again. What was unsynced meets its fate; locks and shared memory are gone;
 * connections from before can only be closed. Planned faults are forgotten. */
void fake_disk_crash(fake_disk *disk, fake_rng *rng);

/* Content of the file `path` as a reader sees it, borrowed until the next operation; empty when absent. */
kith_bytes fake_disk_peek(const fake_disk *disk, const char *path);
/* Inverts the bits of one byte, as a failing medium would. The file must be that long. */
void fake_disk_flip(fake_disk *disk, const char *path, size_t offset);

#endif
