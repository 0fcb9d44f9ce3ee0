/* SPDX-License-Identifier: MPL-2.0 */
/* The data folder belongs to one agent at a time. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/internal.h"

#define LOCK_TRIES 50
#define LOCK_PAUSE_MS (AGENT_LOCK_MS / LOCK_TRIES)

/* Faces see an agent go a moment before it has let go of the folder. */
static bool
lock_soon(int fd)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            return true;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return false;
        }
        poll(NULL, 0, LOCK_PAUSE_MS);
    }
    errno = EWOULDBLOCK;
    return false;
}

kith_err
agent_lock(agent *a)
{
    char path[RPC_PATH_MAX];

    KITH_TRY(rpc_path_join(a->place.data, "agent.lock", path));
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    KITH_ENSURE(fd >= 0, KITH_ERR_DENIED);
    if (!lock_soon(fd)) {
        const bool is_held = errno == EWOULDBLOCK;
        close(fd);
        return is_held ? KITH_ERR_EXISTS : KITH_ERR_DENIED;
    }
    a->lock_fd = fd;
    return KITH_OK;
}
