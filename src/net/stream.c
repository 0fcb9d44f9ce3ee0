/* SPDX-License-Identifier: MPL-2.0 */
/* TLS over a polled socket: handshake, bounded reading and writing, the end. */
#include "net/stream.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

/* A peer that vanished without a word is noticed after about two minutes. */
#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 20
#define KEEPALIVE_PROBES 3

static void handle_poll(uv_poll_t *poll, int status, int events);

static void
set_options(int fd)
{
    static const struct {
        int level;
        int name;
        int value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
    };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        /* Without one of them the stream works, slower to notice or to send. */
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
    }
}

/* Counts what is neither data nor its header, once the connection is up: only key updates are left,
 * and a peer may send any number of them for free. */
static void
count_message(int write, int version, int type, const void *data, size_t len, SSL *ssl, void *arg)
{
    net_stream *stream = arg;

    (void)version;
    (void)data;
    (void)len;
    (void)ssl;
    if (write == 0 && stream->is_up && type == SSL3_RT_HANDSHAKE &&
        stream->controls <= STREAM_CONTROLS_MAX) {
        stream->controls++;
    }
}

static void
arm(net_stream *stream)
{
    const bool reads = !stream->paused && !stream->has_more;
    const uint8_t events =
        (uint8_t)((reads ? UV_READABLE : 0) | (stream->wants_write ? UV_WRITABLE : 0));

    if (stream->closed || events == stream->armed) {
        return;
    }
    stream->armed = events;
    if (events == 0) {
        uv_poll_stop(&stream->poll);
    } else {
        uv_poll_start(&stream->poll, events, handle_poll);
    }
}

static void
free_stream(uv_handle_t *handle)
{
    free(NET_OF(handle, net_stream, poll));
}

static void
discard(net_stream *stream, bool goodbye)
{
    stream->closed = true;
    net_task_drop(&stream->task);
    uv_poll_stop(&stream->poll);
    if (goodbye && stream->is_up) {
        ERR_clear_error();
        SSL_shutdown(stream->ssl);
    }
    ERR_clear_error();
    SSL_free(stream->ssl);
    stream->ssl = NULL;
    close(stream->fd);
    kith_buf_done(&stream->out);
    uv_close((uv_handle_t *)&stream->poll, free_stream);
}

static void
lose(net_stream *stream, net_lost reason)
{
    discard(stream, reason == NET_LOST_PROTOCOL);
    stream->events->lost(stream->ctx, reason);
    /* What the owner makes of it is handed out before the loop waits. */
    net_loop_again(stream->loop);
}

/* Whether the operation that returned failure is to be tried again. */
static bool
is_waiting(net_stream *stream, int result)
{
    const int why = SSL_get_error(stream->ssl, result);

    stream->wants_write = stream->wants_write || why == SSL_ERROR_WANT_WRITE;
    return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ;
}

/* The operation failed for good: the other side broke the rules, or left. */
static void
fail(net_stream *stream, int result)
{
    const bool broke_rules = SSL_get_error(stream->ssl, result) == SSL_ERROR_SSL &&
                             ERR_GET_REASON(ERR_peek_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING;

    lose(stream, broke_rules ? NET_LOST_PROTOCOL : NET_LOST_CLOSED);
}

static void
step_handshake(net_stream *stream)
{
    stream->wants_write = false;
    ERR_clear_error();
    const int result = SSL_do_handshake(stream->ssl);
    if (result != 1) {
        if (stream->pin != NULL && stream->pin->mismatch) {
            lose(stream, NET_LOST_WRONG_PIN);
        } else if (!is_waiting(stream, result)) {
            fail(stream, result);
        }
        return;
    }
    if (net_tls_check(stream->ssl) != KITH_OK) {
        lose(stream, NET_LOST_PROTOCOL);
        return;
    }
    stream->is_up = true;
    stream->heard_ms = uv_now(&stream->loop->uv);
    stream->events->up(stream->ctx);
    net_loop_again(stream->loop); /* for the same reason as in lose */
    if (!stream->closed) {
        net_task_queue(&stream->loop->tasks, &stream->task);
    }
}

typedef enum read_state {
    READ_MORE, /* the buffer is full, or it is worth another try */
    READ_DRAINED, /* nothing is left for now */
    READ_LOST,
} read_state;

static read_state
fill_input(net_stream *stream, size_t *have)
{
    uint8_t *into = stream->loop->input;

    while (*have < NET_INPUT_LEN) {
        const uint8_t controls = stream->controls;
        size_t n = 0;
        ERR_clear_error();
        const int result = SSL_read_ex(stream->ssl, into + *have, NET_INPUT_LEN - *have, &n);
        *have += n;
        if (stream->controls > STREAM_CONTROLS_MAX) {
            lose(stream, NET_LOST_PROTOCOL);
            return READ_LOST;
        }
        if (result == 1 || stream->controls != controls) {
            continue;
        }
        if (is_waiting(stream, result)) {
            return READ_DRAINED;
        }
        if (*have > 0) {
            /* What came before the end is handed out first; the next read finds the end again. */
            return READ_MORE;
        }
        fail(stream, result);
        return READ_LOST;
    }
    return READ_MORE;
}

static void
read_some(net_stream *stream)
{
    stream->has_more = false;
    for (size_t i = 0; i < STREAM_READ_TURN && !stream->paused; i++) {
        size_t have = 0;
        const read_state state = fill_input(stream, &have);
        if (have > 0 && state != READ_LOST) {
            stream->heard_ms = uv_now(&stream->loop->uv);
            stream->events->bytes(stream->ctx, kith_bytes_of(stream->loop->input, have));
        }
        if (stream->closed || state != READ_MORE) {
            return;
        }
    }
    if (!stream->paused) {
        stream->has_more = true;
        net_task_queue(&stream->loop->tasks, &stream->task);
    }
}

static void
drop_written(net_stream *stream, size_t n)
{
    stream->out_at += n;
    stream->progress_ms = uv_now(&stream->loop->uv);
    if (stream->out_at == stream->out.len) {
        kith_buf_done(&stream->out);
        stream->out_at = 0;
    } else if (stream->out_at >= STREAM_WRITTEN_MAX) {
        kith_buf_drop_front(&stream->out, stream->out_at);
        stream->out_at = 0;
    }
}

/* A peer that is sent millions of records gets them under more than one key. */
static void
count_record(net_stream *stream)
{
    stream->records++;
    if (stream->records == STREAM_KEY_RECORDS) {
        stream->records = 0;
        SSL_key_update(stream->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
    }
}

/* One record at most. False: nothing more can be written now. */
static bool
write_one(net_stream *stream, size_t *written)
{
    const size_t queued = net_stream_queued(stream);
    size_t n = 0;

    ERR_clear_error();
    const int result =
        SSL_write_ex(stream->ssl, stream->out.data + stream->out_at,
                     queued < SSL3_RT_MAX_PLAIN_LENGTH ? queued : SSL3_RT_MAX_PLAIN_LENGTH, &n);
    if (result != 1) {
        if (!is_waiting(stream, result)) {
            fail(stream, result);
        }
        return false;
    }
    *written += n;
    drop_written(stream, n);
    count_record(stream);
    return true;
}

static void
write_some(net_stream *stream)
{
    size_t written = 0;

    stream->wants_write = false;
    while (written < STREAM_WRITE_TURN) {
        if (net_stream_queued(stream) < STREAM_LOW) {
            stream->events->room(stream->ctx);
        }
        if (stream->closed || net_stream_queued(stream) == 0 || !write_one(stream, &written)) {
            return;
        }
    }
    net_task_queue(&stream->loop->tasks, &stream->task);
}

static void
handle_poll(uv_poll_t *poll, int status, int events)
{
    net_stream *stream = NET_OF(poll, net_stream, poll);

    if (status < 0) {
        lose(stream, NET_LOST_CLOSED);
        return;
    }
    if (!stream->is_up) {
        net_task_queue(&stream->loop->slow, &stream->task);
        return;
    }
    if ((events & UV_READABLE) != 0) {
        read_some(stream);
    }
    if (!stream->closed && (events & UV_WRITABLE) != 0) {
        write_some(stream);
    }
    arm(stream);
}

/* At the end of a turn: what could not be read for fairness, what was queued. */
static void
run_task(net_task *task)
{
    net_stream *stream = NET_OF(task, net_stream, task);

    if (!stream->is_up) {
        step_handshake(stream);
    } else {
        if (stream->has_more) {
            read_some(stream);
            net_loop_again(stream->loop);
        }
        if (!stream->closed && !stream->wants_write) {
            write_some(stream);
        }
    }
    arm(stream);
}

kith_err
net_stream_new(net_loop *loop, int fd, SSL *ssl, const net_stream_events *events, net_stream **out)
{
    net_stream *stream = calloc(1, sizeof *stream);

    if (stream == NULL || SSL_set_fd(ssl, fd) != 1 ||
        uv_poll_init(&loop->uv, &stream->poll, fd) != 0) {
        free(stream);
        SSL_free(ssl);
        close(fd);
        return KITH_ERR_NO_MEMORY;
    }
    stream->loop = loop;
    stream->events = events;
    stream->ssl = ssl;
    stream->fd = fd;
    stream->task.run = run_task;
    stream->progress_ms = uv_now(&loop->uv);
    stream->heard_ms = stream->progress_ms;
    set_options(fd);
    SSL_set_msg_callback(ssl, count_message);
    SSL_set_msg_callback_arg(ssl, stream);
    /* The first step of either side: a client has to speak. */
    net_task_queue(&loop->slow, &stream->task);
    *out = stream;
    return KITH_OK;
}

kith_buf *
net_stream_out(net_stream *stream)
{
    if (net_stream_queued(stream) == 0) {
        stream->progress_ms = uv_now(&stream->loop->uv);
    }
    return &stream->out;
}

kith_err
net_stream_send(net_stream *stream, kith_bytes bytes)
{
    KITH_TRY(kith_buf_append(net_stream_out(stream), bytes));
    net_stream_ask(stream);
    return KITH_OK;
}

void
net_stream_ask(net_stream *stream)
{
    net_task_queue(&stream->loop->tasks, &stream->task);
}

size_t
net_stream_queued(const net_stream *stream)
{
    return stream->out.len - stream->out_at;
}

void
net_stream_pause(net_stream *stream, bool paused)
{
    if (stream->paused != paused) {
        stream->paused = paused;
        /* Bytes that are decrypted already cause no event of the socket. */
        stream->has_more = stream->has_more || !paused;
        net_task_queue(&stream->loop->tasks, &stream->task);
    }
}

void
net_stream_close(net_stream *stream)
{
    if (stream != NULL) {
        discard(stream, true);
    }
}
