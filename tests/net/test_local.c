/* SPDX-License-Identifier: MPL-2.0 */
/* The local socket: for this user alone, with bounded queues. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "net/net.h"

typedef struct desk {
    char folder[32];
    char path[64];
    net_loop *loop;
    net_timer *timer;
    net_local *local;
    net_local_conn *last;
    uint32_t opened;
    uint32_t closed;
    uint32_t sent;
    kith_buf bytes;
    bool echoes;
} desk;

static void
on_opened(void *ctx, net_local_conn *conn)
{
    desk *d = ctx;

    d->opened++;
    d->last = conn;
    assert_null(net_local_user(conn));
    net_local_set_user(conn, d);
}

static void
on_bytes(void *ctx, net_local_conn *conn, kith_bytes bytes)
{
    desk *d = ctx;

    assert_ptr_equal(net_local_user(conn), d);
    assert_ok(kith_buf_append(&d->bytes, bytes));
    if (d->echoes) {
        assert_ok(net_local_send(conn, bytes));
    }
}

static void
on_sent(void *ctx, net_local_conn *conn)
{
    desk *d = ctx;

    (void)conn;
    d->sent++;
}

static void
on_closed(void *ctx, net_local_conn *conn)
{
    desk *d = ctx;

    (void)conn;
    d->closed++;
    d->last = NULL;
}

static void
on_timer(void *ctx)
{
    const desk *d = ctx;

    net_loop_stop(d->loop);
}

/* Lets what is under way happen. */
static void
turn(desk *d)
{
    net_timer_set(d->timer, 50);
    net_loop_run(d->loop);
}

static kith_err
listen_at(desk *d, const char *path)
{
    const net_local_events events = {
        .opened = on_opened, .bytes = on_bytes, .sent = on_sent, .closed = on_closed, .ctx = d};

    return net_local_listen(d->loop, path, &events, &d->local);
}

static void
open_desk(desk *d)
{
    *d = (desk){0};
    snprintf(d->folder, sizeof d->folder, "/tmp/kith-local-XXXXXX");
    assert_non_null(mkdtemp(d->folder));
    snprintf(d->path, sizeof d->path, "%s/sock", d->folder);
    assert_ok(net_loop_new(&d->loop));
    assert_ok(net_timer_new(d->loop, on_timer, d, &d->timer));
    assert_ok(listen_at(d, d->path));
}

static void
close_desk(desk *d)
{
    net_local_free(d->local);
    net_timer_free(d->timer);
    net_loop_free(d->loop);
    kith_buf_done(&d->bytes);
    unlink(d->path);
    assert_int_equal(rmdir(d->folder), 0);
}

static int
visit(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, path, strlen(path));
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void
bytes_go_both_ways(void **state)
{
    char answer[8] = "";
    desk d;

    (void)state;
    open_desk(&d);
    d.echoes = true;
    const int fd = visit(d.path);
    assert_int_equal(write(fd, "hello", 5), 5);
    turn(&d);
    assert_int_equal(d.opened, 1);
    assert_int_equal(read(fd, answer, sizeof answer), 5);
    assert_memory_equal(answer, "hello", 5);
    assert_int_equal(d.sent, 1);
    close(fd);
    turn(&d);
    assert_int_equal(d.closed, 1);
    close_desk(&d);
}

static void
the_socket_has_mode_0600_whatever_the_umask(void **state)
{
    struct stat st;
    desk d;

    (void)state;
    umask(0);
    open_desk(&d);
    assert_int_equal(lstat(d.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    close_desk(&d);
}

/* A child that is somebody else; its process id. */
static int
visit_as_another_user(const char *path)
{
    const pid_t child = fork();

    if (child == 0) {
        char byte = 0;
        if (setgid(65534) != 0 || setuid(65534) != 0) {
            _exit(10);
        }
        const int fd = visit(path);
        if (fd < 0) {
            _exit(errno == EACCES ? 1 : 11);
        }
        _exit(read(fd, &byte, 1) <= 0 ? 2 : 12);
    }
    return child;
}

static void
another_user_is_kept_out_by_the_mode_and_by_the_check(void **state)
{
    int status = 0;
    desk d;

    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    open_desk(&d);
    chmod(d.folder, 0711);
    waitpid(visit_as_another_user(d.path), &status, 0);
    assert_int_equal(WEXITSTATUS(status), 1);
    chmod(d.path, 0666);
    const int child = visit_as_another_user(d.path);
    while (waitpid(child, &status, WNOHANG) == 0) {
        turn(&d);
    }
    assert_int_equal(WEXITSTATUS(status), 2);
    assert_int_equal(d.opened, 0);
    close_desk(&d);
}

static void
a_socket_that_nobody_serves_is_replaced(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    desk d;

    (void)state;
    open_desk(&d);
    net_local_free(d.local);
    assert_int_equal(access(d.path, F_OK), -1);
    memcpy(address.sun_path, d.path, strlen(d.path));
    const int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(stale, (const struct sockaddr *)&address, sizeof address), 0);
    close(stale);
    assert_ok(listen_at(&d, d.path));
    const int fd = visit(d.path);
    assert_true(fd >= 0);
    close(fd);
    close_desk(&d);
}

static void
what_is_served_or_is_no_socket_is_left_alone(void **state)
{
    char file[64];
    desk d;

    (void)state;
    open_desk(&d);
    net_local *first = d.local;
    assert_err(listen_at(&d, d.path), KITH_ERR_EXISTS);
    assert_ptr_equal(d.local, first);
    snprintf(file, sizeof file, "%s/file", d.folder);
    assert_ok(net_file_save(file, kith_bytes_of_text("mine")));
    assert_err(listen_at(&d, file), KITH_ERR_EXISTS);
    assert_int_equal(access(file, F_OK), 0);
    unlink(file);
    close_desk(&d);
}

static void
paths_that_cannot_be_say_why(void **state)
{
    char path[256];
    desk d;

    (void)state;
    open_desk(&d);
    net_local_free(d.local);
    d.local = NULL;
    assert_err(listen_at(&d, ""), KITH_ERR_INVALID);
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[108] = 0;
    assert_err(listen_at(&d, path), KITH_ERR_INVALID);
    assert_err(listen_at(&d, "/tmp/kith-no-such-folder/sock"), KITH_ERR_NOT_FOUND);
    close_desk(&d);
}

static void
a_queue_takes_its_limit_and_not_one_byte_more(void **state)
{
    KITH_AUTO(kith_buf) much = {0};
    uint8_t *unused = NULL;
    desk d;

    (void)state;
    assert_ok(kith_buf_extend(&much, NET_LOCAL_QUEUE_MAX, &unused));
    open_desk(&d);
    const int fd = visit(d.path);
    turn(&d);
    assert_ok(net_local_send(d.last, kith_bytes_of_buf(&much)));
    assert_int_equal(net_local_queued(d.last), NET_LOCAL_QUEUE_MAX);
    assert_err(net_local_send(d.last, kith_bytes_of_text("x")), KITH_ERR_LIMIT);
    close(fd);
    turn(&d);
    assert_int_equal(d.closed, 1);
    close_desk(&d);
}

static void
a_close_lets_the_queue_out_first(void **state)
{
    char answer[8] = "";
    desk d;

    (void)state;
    open_desk(&d);
    const int fd = visit(d.path);
    turn(&d);
    assert_ok(net_local_send(d.last, kith_bytes_of_text("bye")));
    net_local_close(d.last);
    turn(&d);
    assert_int_equal(read(fd, answer, sizeof answer), 3);
    assert_int_equal(read(fd, answer, sizeof answer), 0);
    assert_int_equal(d.closed, 0);
    close(fd);
    close_desk(&d);
}

static void
a_pause_holds_bytes_back(void **state)
{
    desk d;

    (void)state;
    open_desk(&d);
    const int fd = visit(d.path);
    turn(&d);
    net_local_pause(d.last, true);
    assert_int_equal(write(fd, "x", 1), 1);
    turn(&d);
    assert_int_equal(d.bytes.len, 0);
    net_local_pause(d.last, false);
    net_local_pause(d.last, false);
    turn(&d);
    assert_int_equal(d.bytes.len, 1);
    close(fd);
    close_desk(&d);
}

static void
so_many_connections_and_not_one_more(void **state)
{
    int fds[NET_LOCAL_CONNS_MAX + 1];
    char byte = 0;
    desk d;

    (void)state;
    open_desk(&d);
    for (size_t i = 0; i <= NET_LOCAL_CONNS_MAX; i++) {
        fds[i] = visit(d.path);
        assert_true(fds[i] >= 0);
        net_timer_set(d.timer, 1);
        net_loop_run(d.loop);
    }
    turn(&d);
    assert_int_equal(d.opened, NET_LOCAL_CONNS_MAX);
    assert_int_equal(read(fds[NET_LOCAL_CONNS_MAX], &byte, 1), 0);
    for (size_t i = 0; i <= NET_LOCAL_CONNS_MAX; i++) {
        close(fds[i]);
    }
    turn(&d);
    assert_int_equal(d.closed, NET_LOCAL_CONNS_MAX);
    close_desk(&d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways),
        cmocka_unit_test(the_socket_has_mode_0600_whatever_the_umask),
        cmocka_unit_test(another_user_is_kept_out_by_the_mode_and_by_the_check),
        cmocka_unit_test(a_socket_that_nobody_serves_is_replaced),
        cmocka_unit_test(what_is_served_or_is_no_socket_is_left_alone),
        cmocka_unit_test(paths_that_cannot_be_say_why),
        cmocka_unit_test(a_queue_takes_its_limit_and_not_one_byte_more),
        cmocka_unit_test(a_close_lets_the_queue_out_first),
        cmocka_unit_test(a_pause_holds_bytes_back),
        cmocka_unit_test(so_many_connections_and_not_one_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
