/* SPDX-License-Identifier: MPL-2.0 */
/* The local socket: who may come in, bytes in both directions, bounded queues. */
#include "net/local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/internal.h"

#define BACKLOG 16

struct net_local_conn {
    uv_pipe_t pipe;
    net_local *local;
    net_local_conn *next;
    net_local_conn *prev;
    void *user;
    size_t queued;
    bool closing; /* the owner does not know it any more */
    bool closed;
};

struct net_local {
    uv_pipe_t pipe;
    net_loop *loop;
    net_local_events events;
    net_local_conn *conns;
    size_t conn_count;
    struct sockaddr_un address;
};

typedef struct message {
    uv_write_t request;
    net_local_conn *conn;
    size_t len;
    uint8_t bytes[];
} message;

static void
free_conn(uv_handle_t *handle)
{
    free(NET_OF(handle, net_local_conn, pipe));
}

/* Takes the connection out of the list and closes it. */
static void
discard(net_local_conn *conn)
{
    net_local *local = conn->local;

    if (conn->closed) {
        return;
    }
    conn->closed = true;
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        local->conns = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    }
    local->conn_count--;
    uv_close((uv_handle_t *)&conn->pipe, free_conn);
}

/* The other side left. */
static void
lose(net_local_conn *conn)
{
    if (conn->closed) {
        return;
    }
    if (!conn->closing) {
        conn->closing = true;
        conn->local->events.closed(conn->local->events.ctx, conn);
    }
    discard(conn);
}

static void
lend_input(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    net_loop *loop = handle->loop->data;

    (void)suggested;
    *out = uv_buf_init((char *)loop->input, sizeof loop->input);
}

static void
handle_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    net_local_conn *conn = NET_OF(stream, net_local_conn, pipe);

    if (n < 0) {
        lose(conn);
    } else if (n > 0 && !conn->closing) {
        conn->local->events.bytes(conn->local->events.ctx, conn,
                                  kith_bytes_of(buf->base, (size_t)n));
    }
}

/* Whether the other side runs as this user. */
static bool
is_own_user(const net_local_conn *conn)
{
    uv_os_fd_t fd = -1;
    struct ucred peer = {0};
    socklen_t len = sizeof peer;

    return uv_fileno((const uv_handle_t *)&conn->pipe, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid();
}

static void
add_conn(net_local *local, net_local_conn *conn)
{
    conn->local = local;
    conn->next = local->conns;
    if (local->conns != NULL) {
        local->conns->prev = conn;
    }
    local->conns = conn;
    local->conn_count++;
}

static void
handle_connection(uv_stream_t *stream, int status)
{
    net_local *local = NET_OF(stream, net_local, pipe);
    net_local_conn *conn = status < 0 ? NULL : calloc(1, sizeof *conn);

    if (conn == NULL) {
        return;
    }
    uv_pipe_init(&local->loop->uv, &conn->pipe, 0);
    if (uv_accept(stream, (uv_stream_t *)&conn->pipe) != 0 || !is_own_user(conn) ||
        local->conn_count >= NET_LOCAL_CONNS_MAX) {
        uv_close((uv_handle_t *)&conn->pipe, free_conn);
        return;
    }
    add_conn(local, conn);
    local->events.opened(local->events.ctx, conn);
    if (!conn->closing && !conn->closed) {
        uv_read_start((uv_stream_t *)&conn->pipe, lend_input, handle_read);
    }
}

/* A socket file is stale when nobody answers there. */
static kith_err
remove_stale(const struct sockaddr_un *address)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat st = {0};

    KITH_ENSURE(fd >= 0, net_err_of_system(-errno));
    const int result = connect(fd, (const struct sockaddr *)address, sizeof *address);
    const int error = result == 0 ? 0 : errno;
    close(fd);
    if (error == ENOENT) {
        return KITH_OK;
    }
    KITH_ENSURE(error == ECONNREFUSED, KITH_ERR_EXISTS);
    /* Never remove what is no socket. */
    KITH_ENSURE(lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode), KITH_ERR_EXISTS);
    unlink(address->sun_path);
    return KITH_OK;
}

static kith_err
bind_private(const struct sockaddr_un *address, int *out)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    KITH_ENSURE(fd >= 0, net_err_of_system(-errno));
    /* The mode of the socket becomes the mode of its file: there is no moment in between. */
    if (fchmod(fd, 0600) != 0 || bind(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        const kith_err err = net_err_of_system(-errno);
        close(fd);
        return err;
    }
    *out = fd;
    return KITH_OK;
}

static void
free_local(uv_handle_t *handle)
{
    free(NET_OF(handle, net_local, pipe));
}

static kith_err
open_local(net_local *local)
{
    int fd = -1;

    KITH_TRY(remove_stale(&local->address));
    KITH_TRY(bind_private(&local->address, &fd));
    int status = uv_pipe_open(&local->pipe, fd);
    if (status != 0) {
        close(fd);
        return net_err_of_system(status);
    }
    status = uv_listen((uv_stream_t *)&local->pipe, BACKLOG, handle_connection);
    return net_err_of_system(status);
}

kith_err
net_local_listen(net_loop *loop, const char *path, const net_local_events *events, net_local **out)
{
    net_local *local = calloc(1, sizeof *local);

    KITH_ENSURE(local != NULL, KITH_ERR_NO_MEMORY);
    local->loop = loop;
    local->events = *events;
    local->address.sun_family = AF_UNIX;
    const size_t len = strnlen(path, sizeof local->address.sun_path);
    if (len == 0 || len == sizeof local->address.sun_path) {
        free(local);
        return KITH_ERR_INVALID;
    }
    memcpy(local->address.sun_path, path, len);
    uv_pipe_init(&loop->uv, &local->pipe, 0);
    const kith_err err = open_local(local);
    if (err != KITH_OK) {
        uv_close((uv_handle_t *)&local->pipe, free_local);
        return err;
    }
    *out = local;
    return KITH_OK;
}

void
net_local_free(net_local *local)
{
    if (local == NULL) {
        return;
    }
    while (local->conns != NULL) {
        local->conns->closing = true;
        discard(local->conns);
    }
    unlink(local->address.sun_path);
    uv_close((uv_handle_t *)&local->pipe, free_local);
}

void
net_local_set_user(net_local_conn *conn, void *user)
{
    conn->user = user;
}

void *
net_local_user(const net_local_conn *conn)
{
    return conn->user;
}

static void
handle_written(uv_write_t *request, int status)
{
    message *m = NET_OF(request, message, request);
    net_local_conn *conn = m->conn;

    conn->queued -= m->len;
    kith_wipe(m->bytes, m->len);
    free(m);
    if (conn->closed) {
        return;
    }
    if (status < 0) {
        lose(conn);
    } else if (conn->queued == 0 && conn->closing) {
        discard(conn);
    } else if (conn->queued == 0 && conn->local->events.sent != NULL) {
        conn->local->events.sent(conn->local->events.ctx, conn);
    }
}

kith_err
net_local_send(net_local_conn *conn, kith_bytes bytes)
{
    KITH_ENSURE(bytes.len <= NET_LOCAL_QUEUE_MAX && conn->queued <= NET_LOCAL_QUEUE_MAX - bytes.len,
                KITH_ERR_LIMIT);
    message *m = malloc(sizeof *m + bytes.len);
    KITH_ENSURE(m != NULL, KITH_ERR_NO_MEMORY);
    *m = (message){.conn = conn, .len = bytes.len};
    if (bytes.len > 0) {
        memcpy(m->bytes, bytes.data, bytes.len);
    }
    const uv_buf_t buf = uv_buf_init((char *)m->bytes, (unsigned)bytes.len);
    /* A connection that is broken already is noticed by its reader. */
    if (uv_write(&m->request, (uv_stream_t *)&conn->pipe, &buf, 1, handle_written) != 0) {
        free(m);
        return KITH_OK;
    }
    conn->queued += bytes.len;
    return KITH_OK;
}

size_t
net_local_queued(const net_local_conn *conn)
{
    return conn->queued;
}

void
net_local_pause(net_local_conn *conn, bool paused)
{
    if (conn->closed || conn->closing) {
        return;
    }
    if (paused) {
        uv_read_stop((uv_stream_t *)&conn->pipe);
    } else {
        /* Reading already is no mistake: EALREADY changes nothing. */
        (void)uv_read_start((uv_stream_t *)&conn->pipe, lend_input, handle_read);
    }
}

void
net_local_close(net_local_conn *conn)
{
    if (conn->closed || conn->closing) {
        return;
    }
    conn->closing = true;
    if (conn->queued == 0) {
        discard(conn);
    } else {
        (void)uv_read_start((uv_stream_t *)&conn->pipe, lend_input, handle_read);
    }
}
