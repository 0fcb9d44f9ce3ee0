/* SPDX-License-Identifier: MPL-2.0 */
/* Starting the agent: one at a time, in a process session of its own, and told apart from a failed one. */
#define _GNU_SOURCE
#include "rpc/start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A descriptor that is closed with its scope; -1: none. */
typedef struct owned_fd {
    int fd;
} owned_fd;

static void
owned_fd_done(owned_fd *owned)
{
    if (owned->fd >= 0) {
        close(owned->fd);
    }
    owned->fd = -1;
}

static kith_err
say(rpc_fault *fault, const char *message)
{
    *fault = rpc_fault_of_kind(RPC_KIND_GONE, message);
    return KITH_ERR_OFFLINE;
}

/* ---- The program --------------------------------------------------------------------------- */

static bool
is_program(const char *path)
{
    return access(path, X_OK) == 0 && path[0] == '/';
}

static kith_err
find_beside(char *out)
{
    static const char *const places[] = {"kith-agent", "../kith-agent/kith-agent"};
    char own[RPC_PATH_MAX];
    const ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);

    KITH_ENSURE(len > 0, KITH_ERR_NOT_FOUND);
    own[len] = '\0';
    char *slash = strrchr(own, '/');
    KITH_ENSURE(slash != NULL, KITH_ERR_NOT_FOUND);
    *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (rpc_path_join(own, places[i], out) == KITH_OK && is_program(out)) {
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

static kith_err
find_in_path(char *out)
{
    const char *path = getenv("PATH");

    while (path != NULL && *path != '\0') {
        const size_t len = strcspn(path, ":");
        const int written = snprintf(out, RPC_PATH_MAX, "%.*s/kith-agent", (int)len, path);
        if (written > 0 && written < (int)RPC_PATH_MAX && is_program(out)) {
            return KITH_OK;
        }
        path += len + (path[len] == ':');
    }
    return KITH_ERR_NOT_FOUND;
}

kith_err
rpc_agent_find(char out[RPC_PATH_MAX])
{
    const char *given = getenv("KITH_AGENT");
    char path[RPC_PATH_MAX];

    if (given != NULL && given[0] != '\0') {
        KITH_ENSURE(strlen(given) < RPC_PATH_MAX && is_program(given), KITH_ERR_NOT_FOUND);
        memcpy(out, given, strlen(given) + 1);
        return KITH_OK;
    }
    if (find_beside(path) != KITH_OK) {
        KITH_TRY(find_in_path(path));
    }
    memcpy(out, path, strlen(path) + 1);
    return KITH_OK;
}

/* ---- The process --------------------------------------------------------------------------- */

/* In the grandchild: becomes the agent. Only calls that are safe after fork. */
static void
become_agent(const char *program, const rpc_place *place, int ready_fd)
{
    char number[16];
    const int null = open("/dev/null", O_RDWR);

    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
    /* Nothing of the face's may stay open in a process that outlives it. */
    const int kept = fcntl(ready_fd, F_DUPFD, 3);
    if (kept != 3) {
        dup2(kept, 3);
    }
    close_range(4, ~0u, 0);
    if (chdir("/") != 0) {
        _exit(127);
    }
    snprintf(number, sizeof number, "%d", 3);
    execl(program, "kith-agent", "--foreground", "--data", place->data, "--socket", place->socket,
          "--ready-fd", number, (char *)NULL);
    _exit(127);
}

/* Two forks, so that the agent is nobody's child and leaves no zombie in a face that lives long. */
static kith_err
spawn(const char *program, const rpc_place *place, int ready_fd)
{
    const pid_t child = fork();
    int status = 0;

    KITH_ENSURE(child >= 0, KITH_ERR_BUSY);
    if (child == 0) {
        setsid();
        const pid_t agent = fork();
        if (agent == 0) {
            become_agent(program, place, ready_fd);
        }
        _exit(agent < 0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? KITH_OK : KITH_ERR_BUSY;
}

/* Reads the agent's one line. The time is that of one poll after another: a line comes whole or not at all. */
static kith_err
await_ready(int fd, rpc_fault *fault)
{
    char line[256];
    size_t len = 0;
    struct pollfd waiting = {.fd = fd, .events = POLLIN};

    for (;;) {
        const int ready = poll(&waiting, 1, (int)RPC_START_MS);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            return say(fault, "the agent was started, but does not answer");
        }
        const ssize_t got = read(fd, line + len, sizeof line - 1 - len);
        if (got <= 0) {
            return say(fault, "the agent ended before it listened");
        }
        len += (size_t)got;
        line[len] = '\0';
        if (strchr(line, '\n') != NULL || len == sizeof line - 1) {
            break;
        }
    }
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '\0') {
        return KITH_OK;
    }
    char *space = strchr(line, ' ');
    const char *message = space != NULL ? space + 1 : "";
    if (space != NULL) {
        *space = '\0';
    }
    *fault = rpc_fault_of_kind(rpc_kind_of_word(line), message);
    return KITH_ERR_OFFLINE;
}

void
rpc_agent_ready(int fd, const rpc_fault *fault)
{
    char line[256] = "\n";
    int len = 1;

    if (fd < 0) {
        return;
    }
    if (fault != NULL) {
        len = snprintf(line, sizeof line, "%s %s\n", rpc_kind_word(fault->kind), fault->message);
    }
    /* A starter that has gone needs no answer. */
    (void)!write(fd, line, (size_t)len);
    close(fd);
}

/* ---- One at a time ------------------------------------------------------------------------- */

static bool
somebody_listens(const rpc_place *place)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    KITH_AUTO(owned_fd) fd = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    memcpy(address.sun_path, place->socket, strlen(place->socket) + 1);
    return fd.fd >= 0 && connect(fd.fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static kith_err
take_turn(const rpc_place *place, owned_fd *out)
{
    char path[RPC_PATH_MAX];

    KITH_TRY(rpc_path_join(place->data, "start.lock", path));
    out->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    KITH_ENSURE(out->fd >= 0, KITH_ERR_DENIED);
    while (flock(out->fd, LOCK_EX) != 0) {
        KITH_ENSURE(errno == EINTR, KITH_ERR_DENIED);
    }
    return KITH_OK;
}

kith_err
rpc_agent_start(const rpc_place *place, rpc_fault *fault)
{
    char program[RPC_PATH_MAX];
    int ends[2] = {-1, -1};
    KITH_AUTO(owned_fd) turn = {.fd = -1};

    if (take_turn(place, &turn) != KITH_OK) {
        return say(fault, "the data folder may not be written");
    }
    if (somebody_listens(place)) {
        return KITH_OK;
    }
    if (rpc_agent_find(program) != KITH_OK) {
        return say(fault, "kith-agent is neither beside this program nor in PATH");
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return say(fault, "no descriptors left");
    }
    KITH_AUTO(owned_fd) reading = {.fd = ends[0]};
    const kith_err err = spawn(program, place, ends[1]);
    close(ends[1]);
    if (err != KITH_OK) {
        return say(fault, "no new process can be made");
    }
    return await_ready(reading.fd, fault);
}
