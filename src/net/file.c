/* SPDX-License-Identifier: MPL-2.0 */
/* Small private files: temporary beside, fsync, rename, fsync of the folder. */
#include "net/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/internal.h"

static void
fd_done(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}
#define AUTO_FD __attribute__((cleanup(fd_done))) int

static kith_err
check_regular(int fd, size_t *size)
{
    struct stat st = {0};

    KITH_ENSURE(fstat(fd, &st) == 0 && S_ISREG(st.st_mode), KITH_ERR_STORE);
    KITH_ENSURE(st.st_size <= NET_FILE_MAX, KITH_ERR_LIMIT);
    *size = (size_t)st.st_size;
    return KITH_OK;
}

static kith_err
read_all(int fd, uint8_t *into, size_t len)
{
    size_t have = 0;

    while (have < len) {
        const ssize_t n = read(fd, into + have, len - have);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        KITH_ENSURE(n > 0, KITH_ERR_STORE);
        have += (size_t)n;
    }
    return KITH_OK;
}

kith_err
net_file_load(const char *path, kith_buf *out)
{
    /* Not to hang on a pipe that has the name. */
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    KITH_AUTO(kith_buf) content = {0};
    size_t size = 0;
    uint8_t *into = NULL;

    KITH_ENSURE(fd >= 0, net_err_of_system(-errno));
    KITH_TRY(check_regular(fd, &size));
    KITH_TRY(kith_buf_extend(&content, size, &into));
    KITH_TRY(read_all(fd, into, size));
    return kith_buf_append(out, kith_bytes_of_buf(&content));
}

static kith_err
write_all(int fd, kith_bytes content)
{
    size_t done = 0;

    while (done < content.len) {
        const ssize_t n = write(fd, content.data + done, content.len - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        KITH_ENSURE(n > 0, KITH_ERR_STORE);
        done += (size_t)n;
    }
    KITH_ENSURE(fsync(fd) == 0, KITH_ERR_STORE);
    return KITH_OK;
}

static kith_err
sync_folder_of(const char *path)
{
    KITH_AUTO(kith_buf) folder = {0};
    const char *slash = strrchr(path, '/');
    const size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    if (slash == NULL) {
        KITH_TRY(kith_buf_append(&folder, kith_bytes_of_text(".")));
    } else {
        KITH_TRY(kith_buf_append(&folder, kith_bytes_of(path, len == 0 ? 1 : len)));
    }
    KITH_TRY(kith_buf_append(&folder, kith_bytes_of("", 1)));
    AUTO_FD fd = open((const char *)folder.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    KITH_ENSURE(fd >= 0, net_err_of_system(-errno));
    KITH_ENSURE(fsync(fd) == 0, KITH_ERR_STORE);
    return KITH_OK;
}

static kith_err
write_draft(const char *draft, kith_bytes content)
{
    /* What an interrupted save left behind is nobody's. */
    unlink(draft);
    AUTO_FD fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    KITH_ENSURE(fd >= 0, net_err_of_system(-errno));
    return write_all(fd, content);
}

kith_err
net_file_save(const char *path, kith_bytes content)
{
    KITH_AUTO(kith_buf) draft = {0};

    KITH_TRY(kith_buf_append(&draft, kith_bytes_of_text(path)));
    KITH_TRY(kith_buf_append(&draft, kith_bytes_of(".new", sizeof ".new")));
    const char *name = (const char *)draft.data;
    kith_err err = write_draft(name, content);
    if (err == KITH_OK && rename(name, path) != 0) {
        err = net_err_of_system(-errno);
    }
    if (err != KITH_OK) {
        unlink(name);
        return err;
    }
    return sync_folder_of(path);
}

bool
net_folder_make(char *path)
{
    for (size_t i = 1;; i++) {
        const char next = path[i];
        if (next != '/' && next != 0) {
            continue;
        }
        path[i] = 0;
        /* A system that may not be written to says that first, also of folders that are there. */
        if (mkdir(path, 0700) != 0 && errno != EEXIST &&
            (errno != EROFS || access(path, F_OK) != 0)) {
            return false;
        }
        path[i] = next;
        if (next == 0) {
            return true;
        }
    }
}
