/* SPDX-License-Identifier: MPL-2.0 */
/* Files, names, and what a power loss leaves of them. */
#include "fakes/fake_disk.h"

#include <stdlib.h>
#include <string.h>

#include "fakes/fake_disk_parts.h"

#define NAME_MAX_LEN 63u

typedef struct named_file {
    char *path;
    fake_file *file; /* NULL: the name is free */
} named_file;

/* An unsynced change of a name. */
typedef struct name_change {
    char *path;
    fake_file *before; /* either may be NULL */
    fake_file *after;
} name_change;

struct fake_disk {
    char name[NAME_MAX_LEN + 1];
    struct sqlite3_vfs *vfs;
    named_file *names;
    size_t name_count;
    name_change *changes;
    size_t change_count;
    uint64_t life;
    uint64_t ops;
    uint64_t reads;
    bool off;
    uint64_t power_at; /* in ops */
    fake_disk_fault fault;
    uint64_t fault_at; /* in ops or reads */
    uint64_t fault_times;
};

void
fake_must(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* `items` with room for one more than `count`. */
static void *
grow(void *items, size_t count, size_t size)
{
    void *more = items;

    if ((count & (count - 1)) == 0) { /* full at 0, 1, 2, 4, 8 … */
        more = realloc(items, (count == 0 ? 1 : 2 * count) * size);
        fake_must(more != NULL);
    }
    return more;
}

static void
buf_set(kith_buf *buf, const uint8_t *data, size_t len)
{
    fake_must(kith_buf_set(buf, kith_bytes_of(data, len)) == KITH_OK);
}

/* ---- bytes of a file ---- */

fake_file *
fake_file_new(void)
{
    fake_file *file = calloc(1, sizeof *file);

    fake_must(file != NULL);
    file->refs = 1;
    return file;
}

static void
drop_changes(fake_file *file)
{
    for (size_t i = 0; i < file->change_count; i++) {
        kith_buf_done(&file->changes[i].before);
        kith_buf_done(&file->changes[i].after);
    }
    free(file->changes);
    file->changes = NULL;
    file->change_count = 0;
}

void
fake_file_free(fake_file *file)
{
    if (file == NULL || --file->refs > 0) {
        return;
    }
    drop_changes(file);
    kith_buf_done(&file->data);
    free(file);
}

static void
set_size(fake_file *file, size_t size)
{
    uint8_t *zeros = NULL;

    if (size > file->data.len) {
        fake_must(kith_buf_extend(&file->data, size - file->data.len, &zeros) == KITH_OK);
    }
    file->data.len = size;
}

static void
store_bytes(fake_file *file, size_t offset, kith_bytes bytes)
{
    if (bytes.len == 0) {
        return;
    }
    if (offset + bytes.len > file->data.len) {
        set_size(file, offset + bytes.len);
    }
    memcpy(file->data.data + offset, bytes.data, bytes.len);
}

static fake_change *
add_change(fake_file *file, size_t offset)
{
    file->changes = grow(file->changes, file->change_count, sizeof *file->changes);
    fake_change *change = &file->changes[file->change_count++];
    *change = (fake_change){.offset = offset, .size_before = file->data.len};
    return change;
}

void
fake_file_write(fake_file *file, size_t offset, kith_bytes bytes)
{
    fake_change *change = add_change(file, offset);

    if (offset < file->data.len) {
        const size_t there = file->data.len - offset;
        buf_set(&change->before, file->data.data + offset, there < bytes.len ? there : bytes.len);
    }
    buf_set(&change->after, bytes.data, bytes.len);
    store_bytes(file, offset, bytes);
}

void
fake_file_cut(fake_file *file, size_t size)
{
    if (size >= file->data.len) {
        return;
    }
    fake_change *change = add_change(file, size);
    buf_set(&change->before, file->data.data + size, file->data.len - size);
    set_size(file, size);
}

void
fake_file_sync(fake_file *file)
{
    drop_changes(file);
}

/* ---- names ---- */

static named_file *
find_name(const fake_disk *disk, const char *path)
{
    for (size_t i = 0; i < disk->name_count; i++) {
        if (strcmp(disk->names[i].path, path) == 0) {
            return &disk->names[i];
        }
    }
    return NULL;
}

fake_file *
fake_disk_find(const fake_disk *disk, const char *path)
{
    const named_file *name = find_name(disk, path);

    return name != NULL ? name->file : NULL;
}

static fake_file *
share(fake_file *file)
{
    if (file != NULL) {
        file->refs++;
    }
    return file;
}

static char *
copy_text(const char *text)
{
    char *copy = strdup(text);

    fake_must(copy != NULL);
    return copy;
}

static void
assign_name(fake_disk *disk, const char *path, fake_file *file)
{
    named_file *name = find_name(disk, path);

    if (name == NULL) {
        disk->names = grow(disk->names, disk->name_count, sizeof *disk->names);
        name = &disk->names[disk->name_count++];
        *name = (named_file){.path = copy_text(path)};
    }
    share(file);
    fake_file_free(name->file);
    name->file = file;
}

void
fake_disk_set_name(fake_disk *disk, const char *path, fake_file *file)
{
    disk->changes = grow(disk->changes, disk->change_count, sizeof *disk->changes);
    disk->changes[disk->change_count++] = (name_change){
        .path = copy_text(path), .before = share(fake_disk_find(disk, path)), .after = share(file)};
    assign_name(disk, path, file);
}

void
fake_disk_sync_names(fake_disk *disk)
{
    for (size_t i = 0; i < disk->change_count; i++) {
        free(disk->changes[i].path);
        fake_file_free(disk->changes[i].before);
        fake_file_free(disk->changes[i].after);
    }
    free(disk->changes);
    disk->changes = NULL;
    disk->change_count = 0;
}

/* ---- power loss ---- */

/* How one crash treats what was unsynced. All and nothing are extremes that chance alone would not reach. */
typedef struct mood {
    fake_rng *rng;
    size_t sector; /* bytes */
    uint64_t keep; /* of 8 sectors or changes, how many survive on average */
} mood;

static mood
pick_mood(fake_rng *rng)
{
    static const uint64_t keeps[] = {0, 1, 4, 4, 7, 8};

    return (mood){.rng = rng,
                  .sector = fake_rng_below(rng, 2) == 0 ? 512 : 4096,
                  .keep = keeps[fake_rng_below(rng, sizeof keeps / sizeof keeps[0])]};
}

static bool
survives(const mood *m)
{
    return fake_rng_below(m->rng, 8) < m->keep;
}

static void
undo_change(fake_file *file, const fake_change *change)
{
    set_size(file, change->size_before);
    store_bytes(file, change->offset, kith_bytes_of_buf(&change->before));
}

static void
redo_write(fake_file *file, const fake_change *change, const mood *m)
{
    size_t done = 0;

    while (done < change->after.len) {
        const size_t at = change->offset + done;
        size_t len = m->sector - at % m->sector;
        len = len < change->after.len - done ? len : change->after.len - done;
        const bool torn = m->keep < 8 && fake_rng_below(m->rng, 16) == 0;
        const size_t kept = torn ? (size_t)fake_rng_below(m->rng, len) : len;
        if (survives(m)) {
            store_bytes(file, at, kith_bytes_of(change->after.data + done, kept));
        }
        done += len;
    }
}

static void
redo_change(fake_file *file, const fake_change *change, const mood *m)
{
    if (change->after.len > 0) {
        redo_write(file, change, m);
    } else if (survives(m) && change->offset < file->data.len) {
        set_size(file, change->offset);
    }
}

/* The new size may be on the disk without the bytes, and the bytes without the new size. */
static void
settle_size(fake_file *file, size_t durable, size_t newest, const mood *m)
{
    if (m->keep == 0 || m->keep == 8) {
        return;
    }
    switch (fake_rng_below(m->rng, 4)) {
    case 0:
        set_size(file, newest > file->data.len ? newest : file->data.len);
        break;
    case 1:
        set_size(file, durable < file->data.len ? durable : file->data.len);
        break;
    default:
        break;
    }
}

static void
crash_file(fake_file *file, fake_rng *rng)
{
    const mood m = pick_mood(rng);
    const size_t newest = file->data.len;

    file->owner = NULL;
    file->owner_level = 0;
    file->shared = 0;
    file->shm = NULL; /* the handles that map it free it */
    if (file->change_count == 0) {
        return;
    }
    for (size_t i = file->change_count; i > 0; i--) {
        undo_change(file, &file->changes[i - 1]);
    }
    const size_t durable = file->data.len;
    for (size_t i = 0; i < file->change_count; i++) {
        redo_change(file, &file->changes[i], &m);
    }
    settle_size(file, durable, newest, &m);
    drop_changes(file);
}

static void
crash_names(fake_disk *disk, fake_rng *rng)
{
    const mood m = pick_mood(rng);

    for (size_t i = disk->change_count; i > 0; i--) {
        assign_name(disk, disk->changes[i - 1].path, disk->changes[i - 1].before);
    }
    for (size_t i = 0; i < disk->change_count; i++) {
        if (survives(&m)) {
            assign_name(disk, disk->changes[i].path, disk->changes[i].after);
        }
    }
    fake_disk_sync_names(disk);
}

void
fake_disk_crash(fake_disk *disk, fake_rng *rng)
{
    disk->life++;
    disk->off = false;
    disk->power_at = FAKE_DISK_NEVER;
    disk->fault_at = FAKE_DISK_NEVER;
    crash_names(disk, rng);
    for (size_t i = 0; i < disk->name_count; i++) {
        if (disk->names[i].file != NULL) {
            crash_file(disk->names[i].file, rng);
        }
    }
}

/* ---- counting ---- */

static uint64_t
later(uint64_t now, uint64_t more)
{
    return more > UINT64_MAX - now ? UINT64_MAX : now + more;
}

static bool
meets_fault(const fake_disk *disk, uint64_t count)
{
    return count >= disk->fault_at && count - disk->fault_at < disk->fault_times;
}

fake_fate
fake_disk_count_op(fake_disk *disk, bool grows)
{
    const uint64_t op = disk->ops;

    if (disk->off) {
        return FAKE_DEAD;
    }
    disk->ops++;
    if (op >= disk->power_at) {
        disk->off = true;
        return FAKE_DO_AND_FAIL;
    }
    if (disk->fault != FAKE_DISK_READ_IOERR && meets_fault(disk, op)) {
        if (disk->fault == FAKE_DISK_IOERR) {
            return FAKE_FAIL;
        }
        return grows ? FAKE_NO_SPACE : FAKE_DO;
    }
    return FAKE_DO;
}

fake_fate
fake_disk_count_read(fake_disk *disk)
{
    const uint64_t read = disk->reads;

    if (disk->off) {
        return FAKE_DEAD;
    }
    disk->reads++;
    return disk->fault == FAKE_DISK_READ_IOERR && meets_fault(disk, read) ? FAKE_FAIL : FAKE_DO;
}

void
fake_disk_power_at(fake_disk *disk, uint64_t more)
{
    disk->power_at = later(disk->ops, more);
}

void
fake_disk_fail_after(fake_disk *disk, fake_disk_fault fault, uint64_t more, uint64_t times)
{
    disk->fault = fault;
    disk->fault_at = later(fault == FAKE_DISK_READ_IOERR ? disk->reads : disk->ops, more);
    disk->fault_times = times;
}

/* ---- the disk ---- */

fake_disk *
fake_disk_new(const char *name)
{
    fake_disk *disk = calloc(1, sizeof *disk);

    fake_must(disk != NULL && strlen(name) <= NAME_MAX_LEN);
    memcpy(disk->name, name, strlen(name));
    disk->power_at = FAKE_DISK_NEVER;
    disk->fault_at = FAKE_DISK_NEVER;
    disk->vfs = fake_disk_vfs_add(disk, disk->name);
    return disk;
}

void
fake_disk_free(fake_disk *disk)
{
    if (disk == NULL) {
        return;
    }
    fake_disk_vfs_remove(disk->vfs);
    fake_disk_sync_names(disk);
    for (size_t i = 0; i < disk->name_count; i++) {
        fake_must(disk->names[i].file == NULL || disk->names[i].file->refs == 1);
        fake_file_free(disk->names[i].file);
        free(disk->names[i].path);
    }
    free(disk->names);
    free(disk);
}

const char *
fake_disk_name(const fake_disk *disk)
{
    return disk->name;
}

uint64_t
fake_disk_ops(const fake_disk *disk)
{
    return disk->ops;
}

uint64_t
fake_disk_reads(const fake_disk *disk)
{
    return disk->reads;
}

bool
fake_disk_is_off(const fake_disk *disk)
{
    return disk->off;
}

uint64_t
fake_disk_life(const fake_disk *disk)
{
    return disk->life;
}

kith_bytes
fake_disk_peek(const fake_disk *disk, const char *path)
{
    const fake_file *file = fake_disk_find(disk, path);

    return file != NULL ? kith_bytes_of_buf(&file->data) : (kith_bytes){0};
}

void
fake_disk_flip(fake_disk *disk, const char *path, size_t offset)
{
    fake_file *file = fake_disk_find(disk, path);

    fake_must(file != NULL && offset < file->data.len);
    file->data.data[offset] ^= 0xff;
}
