/* SPDX-License-Identifier: MPL-2.0 */
/* The data folder belongs to one agent at a time. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/internal.h"

kith_err
agent_lock(agent *a)
{
    char path[RPC_PATH_MAX];

    KITH_TRY(rpc_path_join(a->place.data, "agent.lock", path));
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    KITH_ENSURE(fd >= 0, KITH_ERR_DENIED);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const bool is_held = errno == EWOULDBLOCK;
        close(fd);
        return is_held ? KITH_ERR_EXISTS : KITH_ERR_DENIED;
    }
    a->lock_fd = fd;
    return KITH_OK;
}
