/* SPDX-License-Identifier: MPL-2.0 */
/* The text that is served on loopback: whole, to those who ask as they should, for as long as they may. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "net/net.h"

#define FIRST_PORT 21000u
#define PORTS 2000u

typedef struct booth {
    net_loop *loop;
    net_timer *timer;
    net_report *report;
    uint16_t port;
    uint32_t written;
} booth;

static kith_err
write_text(void *ctx, kith_buf *out)
{
    booth *b = ctx;

    b->written++;
    return kith_buf_append(out, kith_bytes_of_text("figure 1\n"));
}

static void
on_timer(void *ctx)
{
    const booth *b = ctx;

    net_loop_stop(b->loop);
}

static void
turn(booth *b, uint64_t ms)
{
    net_timer_set(b->timer, ms);
    net_loop_run(b->loop);
}

static void
open_booth(booth *b)
{
    kith_err err = KITH_ERR_EXISTS;

    *b = (booth){.port = FIRST_PORT + (uint16_t)(getpid() % PORTS)};
    assert_ok(net_loop_new(&b->loop));
    assert_ok(net_timer_new(b->loop, on_timer, b, &b->timer));
    while (err == KITH_ERR_EXISTS) {
        b->port++;
        err = net_report_listen(b->loop, b->port, write_text, b, &b->report);
    }
    assert_ok(err);
}

static void
close_booth(booth *b)
{
    net_report_free(b->report);
    net_timer_free(b->timer);
    net_loop_free(b->loop);
}

static int
visit(const booth *b)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(b->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void
say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Whether the other side has closed, with nothing left to read. */
static bool
is_over(int fd)
{
    char byte = 0;

    return recv(fd, &byte, 1, MSG_DONTWAIT) <= 0 && recv(fd, &byte, 1, MSG_DONTWAIT) != -1;
}

static void
a_request_in_pieces_is_answered_once_and_closed(void **state)
{
    char answer[1024] = "";
    booth b;

    (void)state;
    open_booth(&b);
    const int fd = visit(&b);
    say(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r");
    turn(&b, 50);
    assert_int_equal(b.written, 0);
    say(fd, "\n");
    turn(&b, 50);
    assert_int_equal(b.written, 1);
    assert_true(recv(fd, answer, sizeof answer - 1, MSG_DONTWAIT) > 0);
    assert_non_null(strstr(answer, "HTTP/1.0 200 OK\r\n"));
    assert_non_null(strstr(answer, "Content-Length: 9\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\nfigure 1\n"));
    assert_true(is_over(fd));
    close(fd);
    close_booth(&b);
}

static void
a_request_without_an_end_is_cut_off(void **state)
{
    char line[1024];
    booth b;

    (void)state;
    open_booth(&b);
    const int fd = visit(&b);
    memset(line, 'a', sizeof line);
    for (size_t i = 0; i < NET_REPORT_REQUEST_MAX / sizeof line; i++) {
        assert_int_equal(send(fd, line, sizeof line, MSG_NOSIGNAL), sizeof line);
    }
    turn(&b, 50);
    assert_false(is_over(fd));
    say(fd, "a");
    turn(&b, 50);
    assert_true(is_over(fd));
    assert_int_equal(b.written, 0);
    close(fd);
    close_booth(&b);
}

static void
so_many_may_ask_at_once_and_only_for_so_long(void **state)
{
    int fds[NET_REPORT_CONNS_MAX + 1];
    booth b;

    (void)state;
    open_booth(&b);
    for (size_t i = 0; i < NET_REPORT_CONNS_MAX; i++) {
        fds[i] = visit(&b);
    }
    turn(&b, 50);
    fds[NET_REPORT_CONNS_MAX] = visit(&b);
    turn(&b, 50);
    assert_true(is_over(fds[NET_REPORT_CONNS_MAX]));
    assert_false(is_over(fds[0]));
    turn(&b, NET_REPORT_MS + 100);
    for (size_t i = 0; i <= NET_REPORT_CONNS_MAX; i++) {
        assert_true(is_over(fds[i]));
        close(fds[i]);
    }
    close_booth(&b);
}

static void
a_port_that_is_taken_says_so(void **state)
{
    net_report *other = NULL;
    booth b;

    (void)state;
    open_booth(&b);
    assert_err(net_report_listen(b.loop, b.port, write_text, &b, &other), KITH_ERR_EXISTS);
    assert_null(other);
    close_booth(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_in_pieces_is_answered_once_and_closed),
        cmocka_unit_test(a_request_without_an_end_is_cut_off),
        cmocka_unit_test(so_many_may_ask_at_once_and_only_for_so_long),
        cmocka_unit_test(a_port_that_is_taken_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
