/* SPDX-License-Identifier: MPL-2.0 */
/* The least of HTTP/1.0 that lets a scraper read one text [RFC1945 §6]. */
#include "net/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/internal.h"

#define BACKLOG 16

typedef struct reader {
    uv_tcp_t tcp;
    net_report *report; /* NULL: that is gone */
    net_timer *timer;
    uv_write_t request;
    kith_buf answer;
    size_t heard;  /* bytes of the request so far */
    uint8_t ended; /* how much of the empty line that ends its head was there last */
    bool closed;
    struct reader *next;
} reader;

struct net_report {
    uv_tcp_t tcp;
    net_loop *loop;
    kith_err (*write)(void *ctx, kith_buf *out);
    void *ctx;
    reader *readers;
    uint32_t count;
};

static void
free_reader(uv_handle_t *handle)
{
    reader *r = NET_OF(handle, reader, tcp);

    kith_buf_done(&r->answer);
    free(r);
}

static void
discard(reader *r)
{
    reader **at = &r->report->readers;

    if (r->closed) {
        return;
    }
    r->closed = true;
    while (*at != r) {
        at = &(*at)->next;
    }
    *at = r->next;
    r->report->count--;
    net_timer_free(r->timer);
    uv_close((uv_handle_t *)&r->tcp, free_reader);
}

static void
handle_late(void *ctx)
{
    discard(ctx);
}

static void
handle_written(uv_write_t *request, int status)
{
    (void)status;
    discard(NET_OF(request, reader, request));
}

static kith_err
make_answer(reader *r)
{
    KITH_AUTO(kith_buf) body = {0};
    char head[160];

    KITH_TRY(r->report->write(r->report->ctx, &body));
    const int len = snprintf(head, sizeof head,
                             "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                             "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                             body.len);
    KITH_TRY(kith_buf_append(&r->answer, kith_bytes_of(head, (size_t)len)));
    return kith_buf_append(&r->answer, kith_bytes_of_buf(&body));
}

static void
answer(reader *r)
{
    uv_read_stop((uv_stream_t *)&r->tcp);
    if (make_answer(r) != KITH_OK) {
        discard(r);
        return;
    }
    const uv_buf_t buf = uv_buf_init((char *)r->answer.data, (unsigned)r->answer.len);
    if (uv_write(&r->request, (uv_stream_t *)&r->tcp, &buf, 1, handle_written) != 0) {
        discard(r);
    }
}

/* Whether the empty line that ends a request's head has come. */
static bool
is_complete(reader *r, kith_bytes bytes)
{
    static const char end[] = "\r\n\r\n";

    for (size_t i = 0; i < bytes.len && r->ended < sizeof end - 1; i++) {
        const uint8_t c = bytes.data[i];
        r->ended = c == (uint8_t)end[r->ended] ? (uint8_t)(r->ended + 1) : c == '\r' ? 1 : 0;
    }
    return r->ended == sizeof end - 1;
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
    reader *r = NET_OF(stream, reader, tcp);

    if (n > 0) {
        r->heard += (size_t)n;
    }
    if (n < 0 || r->heard > NET_REPORT_REQUEST_MAX) {
        discard(r);
    } else if (is_complete(r, kith_bytes_of(buf->base, (size_t)n))) {
        answer(r);
    }
}

static void
handle_connection(uv_stream_t *stream, int status)
{
    net_report *report = NET_OF(stream, net_report, tcp);
    reader *r = status < 0 ? NULL : calloc(1, sizeof *r);

    if (r == NULL) {
        return;
    }
    uv_tcp_init(&report->loop->uv, &r->tcp);
    if (uv_accept(stream, (uv_stream_t *)&r->tcp) != 0 || report->count >= NET_REPORT_CONNS_MAX ||
        net_timer_new(report->loop, handle_late, r, &r->timer) != KITH_OK) {
        uv_close((uv_handle_t *)&r->tcp, free_reader);
        return;
    }
    r->report = report;
    r->next = report->readers;
    report->readers = r;
    report->count++;
    net_timer_set(r->timer, NET_REPORT_MS);
    uv_read_start((uv_stream_t *)&r->tcp, lend_input, handle_read);
}

static void
free_report(uv_handle_t *handle)
{
    free(NET_OF(handle, net_report, tcp));
}

kith_err
net_report_listen(net_loop *loop, uint16_t port, kith_err (*write)(void *ctx, kith_buf *out),
                  void *ctx, net_report **out)
{
    net_report *report = calloc(1, sizeof *report);
    struct sockaddr_in address;

    KITH_ENSURE(report != NULL, KITH_ERR_NO_MEMORY);
    report->loop = loop;
    report->write = write;
    report->ctx = ctx;
    uv_tcp_init(&loop->uv, &report->tcp);
    uv_ip4_addr("127.0.0.1", port, &address);
    int status = uv_tcp_bind(&report->tcp, (const struct sockaddr *)&address, 0);
    if (status == 0) {
        status = uv_listen((uv_stream_t *)&report->tcp, BACKLOG, handle_connection);
    }
    if (status != 0) {
        uv_close((uv_handle_t *)&report->tcp, free_report);
        return net_err_of_system(status);
    }
    *out = report;
    return KITH_OK;
}

void
net_report_free(net_report *report)
{
    if (report == NULL) {
        return;
    }
    while (report->readers != NULL) {
        discard(report->readers);
    }
    uv_close((uv_handle_t *)&report->tcp, free_report);
}
