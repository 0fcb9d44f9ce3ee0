/* SPDX-License-Identifier: MPL-2.0 */
/* SQLite's view of a fake disk [SQLite, "OS Interface", sqlite3_vfs and sqlite3_io_methods]. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/fake_disk_parts.h"

#define SECTOR_LEN 4096
#define PATH_LEN_MAX 512

typedef struct handle {
    sqlite3_file base; /* first: SQLite knows a handle by it */
    fake_disk *disk;
    fake_file *file; /* one reference */
    fake_shm *shm; /* one reference, or NULL */
    char path[PATH_LEN_MAX];
    uint64_t life; /* of the disk when it was opened */
    int level; /* of its lock */
    uint8_t shm_shared; /* bit i: holds lock i of the shared memory */
    uint8_t shm_exclusive;
    bool syncs_folder; /* its first sync makes names durable, too */
    bool is_temporary;
} handle;

static bool
is_stale(const handle *h)
{
    return h->life != fake_disk_life(h->disk);
}

/* ---- bytes ---- */

static int
file_read(sqlite3_file *base, void *out, int len, sqlite3_int64 offset)
{
    const handle *h = (const handle *)base;
    const size_t size = h->file->data.len;
    const size_t at = (size_t)offset;

    if (is_stale(h) || fake_disk_count_read(h->disk) != FAKE_DO) {
        return SQLITE_IOERR_READ;
    }
    const size_t there = at < size ? size - at : 0;
    const size_t part = there < (size_t)len ? there : (size_t)len;
    if (part > 0) {
        memcpy(out, h->file->data.data + at, part);
    }
    memset((uint8_t *)out + part, 0, (size_t)len - part);
    return part == (size_t)len ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int
file_write(sqlite3_file *base, const void *data, int len, sqlite3_int64 offset)
{
    const handle *h = (const handle *)base;
    const size_t end = (size_t)offset + (size_t)len;

    if (is_stale(h)) {
        return SQLITE_IOERR_WRITE;
    }
    switch (fake_disk_count_op(h->disk, end > h->file->data.len)) {
    case FAKE_DO:
        fake_file_write(h->file, (size_t)offset, kith_bytes_of(data, (size_t)len));
        return SQLITE_OK;
    case FAKE_DO_AND_FAIL:
        fake_file_write(h->file, (size_t)offset, kith_bytes_of(data, (size_t)len));
        return SQLITE_IOERR_WRITE;
    case FAKE_NO_SPACE:
        return SQLITE_FULL;
    case FAKE_FAIL:
        fake_file_write(h->file, (size_t)offset, kith_bytes_of(data, (size_t)len / 2));
        return SQLITE_IOERR_WRITE;
    default:
        return SQLITE_IOERR_WRITE;
    }
}

static int
file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    const handle *h = (const handle *)base;
    const fake_fate fate = is_stale(h) ? FAKE_DEAD : fake_disk_count_op(h->disk, false);

    if (fate == FAKE_DO || fate == FAKE_DO_AND_FAIL) {
        fake_file_cut(h->file, (size_t)size);
    }
    return fate == FAKE_DO ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

static int
file_sync(sqlite3_file *base, int flags)
{
    handle *h = (handle *)base;

    (void)flags;
    if (is_stale(h) || fake_disk_count_op(h->disk, false) != FAKE_DO) {
        return SQLITE_IOERR_FSYNC;
    }
    fake_file_sync(h->file);
    if (h->syncs_folder) {
        fake_disk_sync_names(h->disk);
        h->syncs_folder = false;
    }
    return SQLITE_OK;
}

static int
file_size(sqlite3_file *base, sqlite3_int64 *out)
{
    const handle *h = (const handle *)base;

    if (is_stale(h) || fake_disk_is_off(h->disk)) {
        return SQLITE_IOERR_FSTAT;
    }
    *out = (sqlite3_int64)h->file->data.len;
    return SQLITE_OK;
}

/* ---- locks ---- */

static int
lock_shared(handle *h)
{
    fake_file *file = h->file;

    if (file->owner != NULL && file->owner_level >= SQLITE_LOCK_PENDING) {
        return SQLITE_BUSY;
    }
    file->shared++;
    h->level = SQLITE_LOCK_SHARED;
    return SQLITE_OK;
}

static int
file_lock(sqlite3_file *base, int level)
{
    handle *h = (handle *)base;
    fake_file *file = h->file;

    if (is_stale(h) || fake_disk_is_off(h->disk)) {
        return SQLITE_IOERR_LOCK;
    }
    if (h->level >= level) {
        return SQLITE_OK;
    }
    if (level == SQLITE_LOCK_SHARED) {
        return lock_shared(h);
    }
    if (file->owner != NULL && file->owner != h) {
        return SQLITE_BUSY;
    }
    const bool waits = level == SQLITE_LOCK_EXCLUSIVE && file->shared > 1;
    file->owner = h;
    h->level = waits ? SQLITE_LOCK_PENDING : level;
    file->owner_level = h->level;
    return waits ? SQLITE_BUSY : SQLITE_OK;
}

static int
file_unlock(sqlite3_file *base, int level)
{
    handle *h = (handle *)base;
    fake_file *file = h->file;

    if (is_stale(h) || h->level <= level) {
        return SQLITE_OK;
    }
    if (file->owner == h) {
        file->owner = NULL;
        file->owner_level = SQLITE_LOCK_NONE;
    }
    if (level == SQLITE_LOCK_NONE) {
        file->shared--;
    }
    h->level = level;
    return SQLITE_OK;
}

static int
file_check_reserved(sqlite3_file *base, int *out)
{
    const handle *h = (const handle *)base;

    if (is_stale(h) || fake_disk_is_off(h->disk)) {
        return SQLITE_IOERR_CHECKRESERVEDLOCK;
    }
    *out = h->file->owner != NULL;
    return SQLITE_OK;
}

static int
file_control(sqlite3_file *base, int op, void *argument)
{
    (void)base;
    (void)op;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int
file_sector(sqlite3_file *base)
{
    (void)base;
    return SECTOR_LEN;
}

static int
file_promises(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- shared memory ---- */

void
fake_shm_free(fake_shm *shm)
{
    if (shm == NULL || --shm->refs > 0) {
        return;
    }
    for (size_t i = 0; i < shm->region_count; i++) {
        free(shm->regions[i]);
    }
    free(shm->regions);
    free(shm);
}

static void
shm_open(handle *h)
{
    if (h->shm != NULL) {
        return;
    }
    if (h->file->shm == NULL) {
        h->file->shm = calloc(1, sizeof *h->file->shm);
        fake_must(h->file->shm != NULL);
    }
    h->shm = h->file->shm;
    h->shm->refs++;
}

static int
shm_map(sqlite3_file *base, int region, int len, int extend, void volatile **out)
{
    handle *h = (handle *)base;

    *out = NULL;
    if (is_stale(h) || fake_disk_is_off(h->disk)) {
        return SQLITE_IOERR_SHMMAP;
    }
    shm_open(h);
    fake_shm *shm = h->shm;
    while (extend && shm->region_count <= (size_t)region) {
        shm->regions = realloc(shm->regions, (shm->region_count + 1) * sizeof(void *));
        fake_must(shm->regions != NULL);
        shm->regions[shm->region_count] = calloc(1, (size_t)len);
        fake_must(shm->regions[shm->region_count] != NULL);
        shm->region_count++;
    }
    if ((size_t)region < shm->region_count) {
        *out = shm->regions[region];
    }
    return SQLITE_OK;
}

static void
shm_unlock(handle *h, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        const uint8_t bit = (uint8_t)(1u << i);
        if (h->shm_shared & bit) {
            h->shm->shared[i]--;
        }
        if (h->shm_exclusive & bit) {
            h->shm->exclusive[i] = false;
        }
        h->shm_shared &= (uint8_t)~bit;
        h->shm_exclusive &= (uint8_t)~bit;
    }
}

static int
shm_lock_exclusive(handle *h, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        const uint32_t own = h->shm_shared >> i & 1u;
        if (h->shm->exclusive[i] || h->shm->shared[i] > own) {
            return SQLITE_BUSY;
        }
    }
    for (int i = first; i < first + count; i++) {
        h->shm->exclusive[i] = true;
        h->shm_exclusive |= (uint8_t)(1u << i);
    }
    return SQLITE_OK;
}

static int
shm_lock(sqlite3_file *base, int first, int count, int flags)
{
    handle *h = (handle *)base;
    const uint8_t bit = (uint8_t)(1u << first);

    if (h->shm == NULL) {
        return SQLITE_IOERR_SHMLOCK;
    }
    if (flags & SQLITE_SHM_UNLOCK) {
        shm_unlock(h, first, count);
        return SQLITE_OK;
    }
    if (is_stale(h) || fake_disk_is_off(h->disk)) {
        return SQLITE_IOERR_SHMLOCK;
    }
    if (flags & SQLITE_SHM_EXCLUSIVE) {
        return shm_lock_exclusive(h, first, count);
    }
    if (h->shm_shared & bit) {
        return SQLITE_OK;
    }
    if (h->shm->exclusive[first]) {
        return SQLITE_BUSY;
    }
    h->shm->shared[first]++;
    h->shm_shared |= bit;
    return SQLITE_OK;
}

static void
shm_barrier(sqlite3_file *base)
{
    (void)base; /* one thread */
}

static int
shm_unmap(sqlite3_file *base, int remove)
{
    handle *h = (handle *)base;

    (void)remove; /* it goes with its last user */
    if (h->shm == NULL) {
        return SQLITE_OK;
    }
    shm_unlock(h, 0, (int)FAKE_DISK_LOCKS);
    if (h->file->shm == h->shm && h->shm->refs == 1) {
        h->file->shm = NULL;
    }
    fake_shm_free(h->shm);
    h->shm = NULL;
    return SQLITE_OK;
}

/* ---- opening and closing ---- */

static int
file_close(sqlite3_file *base)
{
    handle *h = (handle *)base;

    (void)file_unlock(base, SQLITE_LOCK_NONE);
    (void)shm_unmap(base, 0);
    if (h->is_temporary && !is_stale(h) && fake_disk_find(h->disk, h->path) == h->file) {
        fake_disk_set_name(h->disk, h->path, NULL);
    }
    fake_file_free(h->file);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_promises,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* The file for `path` (NULL: without a name), made when `flags` allow it. One reference. */
static fake_file *
find_or_make(fake_disk *disk, const char *path, int flags, bool *made)
{
    fake_file *file = path != NULL ? fake_disk_find(disk, path) : NULL;

    *made = false;
    if (file != NULL) {
        file->refs++;
        return file;
    }
    if (!(flags & SQLITE_OPEN_CREATE)) {
        return NULL;
    }
    const fake_fate fate = fake_disk_count_op(disk, true);
    if (fate != FAKE_DO && fate != FAKE_DO_AND_FAIL) {
        return NULL;
    }
    file = fake_file_new();
    if (path != NULL) {
        fake_disk_set_name(disk, path, file);
    }
    if (fate == FAKE_DO_AND_FAIL) {
        fake_file_free(file);
        return NULL;
    }
    *made = true;
    return file;
}

static int
vfs_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *base, int flags, int *flags_out)
{
    const int synced = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    fake_disk *disk = vfs->pAppData;
    handle *h = (handle *)base;
    bool made = false;

    memset(h, 0, sizeof *h);
    if (fake_disk_is_off(disk)) {
        return SQLITE_CANTOPEN;
    }
    fake_file *file = find_or_make(disk, path, flags, &made);
    if (file == NULL) {
        return SQLITE_CANTOPEN;
    }
    h->base.pMethods = &methods;
    h->disk = disk;
    h->file = file;
    h->life = fake_disk_life(disk);
    h->syncs_folder = made && (flags & synced) != 0;
    if (path != NULL) {
        h->is_temporary = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
        memcpy(h->path, path, strlen(path) + 1); /* SQLite keeps to mxPathname and a suffix */
    }
    if (flags_out != NULL) {
        *flags_out = flags;
    }
    return SQLITE_OK;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    fake_disk *disk = vfs->pAppData;

    if (fake_disk_is_off(disk)) {
        return SQLITE_IOERR_DELETE;
    }
    if (fake_disk_find(disk, path) == NULL) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    const fake_fate fate = fake_disk_count_op(disk, false);
    if (fate == FAKE_DO || fate == FAKE_DO_AND_FAIL) {
        fake_disk_set_name(disk, path, NULL);
    }
    if (fate != FAKE_DO) {
        return SQLITE_IOERR_DELETE;
    }
    if (sync_folder) {
        fake_disk_sync_names(disk);
    }
    return SQLITE_OK;
}

static int
vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    fake_disk *disk = vfs->pAppData;
    const fake_file *file = fake_disk_find(disk, path);

    if (fake_disk_is_off(disk)) {
        return SQLITE_IOERR_ACCESS;
    }
    /* As the operating system's VFS: an empty file does not exist, so that an empty WAL is no WAL. */
    *out = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->data.len > 0);
    return SQLITE_OK;
}

static int
vfs_full_path(sqlite3_vfs *vfs, const char *path, int len, char *out)
{
    (void)vfs;
    if (strlen(path) >= (size_t)len) {
        return SQLITE_CANTOPEN;
    }
    memcpy(out, path, strlen(path) + 1);
    return SQLITE_OK;
}

/* SQLite asks for a seed at most; what it makes of it need not be unpredictable here. */
static int
vfs_random(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    memset(out, 0x5a, (size_t)len);
    return len;
}

static int
vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds; /* nobody else runs meanwhile */
}

static int
vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    (void)vfs;
    *out = INT64_C(212345280000000); /* a day in 2017, in milliseconds of the Julian calendar */
    return SQLITE_OK;
}

static int
vfs_last_error(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    (void)len;
    (void)out;
    return 0;
}

sqlite3_vfs *
fake_disk_vfs_add(fake_disk *disk, const char *name)
{
    sqlite3_vfs *vfs = calloc(1, sizeof *vfs);

    fake_must(vfs != NULL && sqlite3_vfs_find(name) == NULL);
    *vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(handle),
        .mxPathname = PATH_LEN_MAX - 16, /* room for the suffix of a journal */
        .zName = name,
        .pAppData = disk,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_time,
    };
    fake_must(sqlite3_vfs_register(vfs, 0) == SQLITE_OK);
    return vfs;
}

void
fake_disk_vfs_remove(sqlite3_vfs *vfs)
{
    fake_must(sqlite3_vfs_unregister(vfs) == SQLITE_OK);
    free(vfs);
}
