/* SPDX-License-Identifier: MPL-2.0 */
/* A face's connection to the agent: lines over a Unix socket, waiting with a limit. */
#define _GNU_SOURCE
#include "rpc/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "rpc/start.h"

struct rpc_client {
    int fd;
    int64_t next_id;
    kith_buf in; /* bytes that came and were not taken, from `taken` on */
    size_t taken;
    rpc_message *events; /* [RPC_EVENTS_MAX], a ring from event_first; NULL until one is kept */
    size_t event_first;
    size_t event_count;
};

static uint64_t
steady_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Waits until `fd` can be read or written. NOT_FOUND: not before `until_ms`. */
static kith_err
wait_for(int fd, short what, uint64_t until_ms)
{
    for (;;) {
        struct pollfd waiting = {.fd = fd, .events = what};
        const uint64_t now = steady_ms();
        const uint64_t left = until_ms > now ? until_ms - now : 0;
        const int ready = poll(&waiting, 1, left > INT32_MAX ? INT32_MAX : (int)left);
        if (ready > 0) {
            return KITH_OK;
        }
        if (ready < 0 && errno != EINTR) {
            return KITH_ERR_OFFLINE;
        }
        if (ready == 0) {
            return KITH_ERR_NOT_FOUND;
        }
    }
}

/* ---- Lines --------------------------------------------------------------------------------- */

static kith_err
send_bytes(rpc_client *client, kith_bytes bytes)
{
    const uint64_t until = steady_ms() + RPC_CALL_MS;

    while (bytes.len > 0) {
        const ssize_t sent = send(client->fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes = kith_bytes_of(bytes.data + sent, bytes.len - (size_t)sent);
        } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            KITH_ENSURE(wait_for(client->fd, POLLOUT, until) == KITH_OK, KITH_ERR_OFFLINE);
        } else if (sent == 0 || errno != EINTR) {
            return KITH_ERR_OFFLINE;
        }
    }
    return KITH_OK;
}

kith_err
rpc_client_write_line(rpc_client *client, kith_bytes line)
{
    KITH_TRY(send_bytes(client, line));
    return send_bytes(client, kith_bytes_of("\n", 1));
}

/* Reads what there is, at most a piece. OFFLINE: the agent closed, or its line is longer than any may be. */
static kith_err
read_more(rpc_client *client)
{
    uint8_t piece[65536];

    if (client->taken > 0) {
        kith_buf_drop_front(&client->in, client->taken);
        client->taken = 0;
    }
    const ssize_t got = recv(client->fd, piece, sizeof piece, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
        return KITH_OK;
    }
    KITH_ENSURE(got > 0, KITH_ERR_OFFLINE);
    KITH_ENSURE(client->in.len + (size_t)got <= RPC_LINE_MAX + sizeof piece, KITH_ERR_OFFLINE);
    return kith_buf_append(&client->in, kith_bytes_of(piece, (size_t)got));
}

/* Lends the next line until the next read. */
static kith_err
next_line(rpc_client *client, uint64_t until_ms, kith_bytes *out)
{
    size_t len = 0;

    for (;;) {
        const kith_bytes rest =
            client->in.len > client->taken
                ? kith_bytes_of(client->in.data + client->taken, client->in.len - client->taken)
                : (kith_bytes){0};
        if (rpc_line_find(rest, &len)) {
            *out = kith_bytes_of(rest.data, len);
            client->taken += len + 1;
            return KITH_OK;
        }
        KITH_TRY(wait_for(client->fd, POLLIN, until_ms));
        KITH_TRY(read_more(client));
    }
}

kith_err
rpc_client_read_line(rpc_client *client, uint32_t timeout_ms, kith_buf *out)
{
    kith_bytes line;

    KITH_TRY(next_line(client, steady_ms() + timeout_ms, &line));
    return kith_buf_set(out, line);
}

/* ---- Calls and events ---------------------------------------------------------------------- */

static kith_err
keep_event(rpc_client *client, rpc_message *event)
{
    KITH_ENSURE(client->event_count < RPC_EVENTS_MAX, KITH_ERR_LIMIT);
    if (client->events == NULL) {
        client->events = kith_mem_zalloc(NULL, RPC_EVENTS_MAX, sizeof *client->events);
        KITH_ENSURE(client->events != NULL, KITH_ERR_NO_MEMORY);
    }
    client->events[(client->event_first + client->event_count) % RPC_EVENTS_MAX] = *event;
    client->event_count++;
    *event = (rpc_message){0};
    return KITH_OK;
}

static kith_err
await_answer(rpc_client *client, int64_t id, uint64_t until_ms, rpc_message *out)
{
    kith_bytes line;

    for (;;) {
        rpc_message message = {0};
        KITH_TRY(next_line(client, until_ms, &line));
        KITH_TRY(rpc_message_parse(line, &message));
        if (message.is_event) {
            const kith_err err = keep_event(client, &message);
            rpc_message_done(&message);
            KITH_TRY(err);
        } else if (message.id == id) {
            *out = message;
            return KITH_OK;
        } else {
            rpc_message_done(&message);
        }
    }
}

kith_err
rpc_client_call(rpc_client *client, const rpc_call *call, rpc_message *out)
{
    KITH_AUTO(kith_buf) line = {0};
    const int64_t id = client->next_id++;
    const uint32_t timeout = call->timeout_ms != 0 ? call->timeout_ms : RPC_CALL_MS;

    *out = (rpc_message){0};
    kith_err err = rpc_request_write(id, call->method, call->params, &line);
    if (err != KITH_OK) {
        out->fault = rpc_fault_of_err(err);
        return KITH_ERR_REJECTED;
    }
    err = send_bytes(client, kith_bytes_of_buf(&line));
    if (err == KITH_OK) {
        err = await_answer(client, id, steady_ms() + timeout, out);
    }
    if (err == KITH_OK) {
        return out->result != NULL ? KITH_OK : KITH_ERR_REJECTED;
    }
    out->fault = err == KITH_ERR_NOT_FOUND
                     ? rpc_fault_of_kind(RPC_KIND_TIMEOUT, "the agent gave no answer in time")
                     : rpc_fault_of_kind(RPC_KIND_GONE, "the agent is gone");
    return KITH_ERR_OFFLINE;
}

kith_err
rpc_client_next(rpc_client *client, uint32_t timeout_ms, rpc_message *out)
{
    const uint64_t until = steady_ms() + timeout_ms;
    kith_bytes line;

    if (client->event_count > 0) {
        *out = client->events[client->event_first];
        client->event_first = (client->event_first + 1) % RPC_EVENTS_MAX;
        client->event_count--;
        return KITH_OK;
    }
    for (;;) {
        rpc_message message = {0};
        KITH_TRY(next_line(client, until, &line));
        if (rpc_message_parse(line, &message) != KITH_OK) {
            return KITH_ERR_OFFLINE;
        }
        if (message.is_event) {
            *out = message;
            return KITH_OK;
        }
        /* The answer to a call that was given up. */
        rpc_message_done(&message);
    }
}

int
rpc_client_fd(const rpc_client *client)
{
    return client->fd;
}

/* ---- Opening ------------------------------------------------------------------------------- */

/* -1: nobody listens. */
static int
connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof address.sun_path) {
        return fd < 0 ? -1 : (close(fd), -1);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static kith_err
say_hello(rpc_client *client, rpc_fault *fault)
{
    yyjson_mut_doc *params = yyjson_mut_doc_new(NULL);
    rpc_message answer = {0};

    KITH_ENSURE(params != NULL, KITH_ERR_NO_MEMORY);
    yyjson_mut_val *root = yyjson_mut_obj(params);
    yyjson_mut_doc_set_root(params, root);
    kith_err err = KITH_ERR_NO_MEMORY;
    if (yyjson_mut_obj_add_uint(params, root, "schema", RPC_SCHEMA)) {
        const rpc_call call = {.method = "hello", .params = params};
        err = rpc_client_call(client, &call, &answer);
    }
    *fault = answer.fault;
    if (err == KITH_ERR_REJECTED) {
        fault->kind = RPC_KIND_UNSUPPORTED;
        err = KITH_ERR_UNSUPPORTED;
    }
    rpc_message_done(&answer);
    yyjson_mut_doc_free(params);
    return err;
}

static kith_err
greet(int fd, rpc_client **out, rpc_fault *fault)
{
    rpc_client *client = kith_mem_zalloc(NULL, 1, sizeof *client);

    if (client == NULL) {
        close(fd);
        *fault = rpc_fault_of_err(KITH_ERR_NO_MEMORY);
        return KITH_ERR_NO_MEMORY;
    }
    client->fd = fd;
    client->next_id = 1;
    const kith_err err = say_hello(client, fault);
    if (err != KITH_OK) {
        rpc_client_free(client);
        return err;
    }
    *out = client;
    return KITH_OK;
}

/* `*ending`: somebody took the connection and closed it before it answered. */
static kith_err
open_once(const rpc_place *place, bool start, rpc_client **out, rpc_fault *fault, bool *ending)
{
    int fd = connect_to(place->socket);

    *ending = false;
    if (fd < 0 && start) {
        KITH_TRY(rpc_agent_start(place, fault));
        fd = connect_to(place->socket);
    }
    if (fd < 0) {
        *fault = rpc_fault_of_kind(RPC_KIND_GONE, "no agent is running");
        return KITH_ERR_OFFLINE;
    }
    const kith_err err = greet(fd, out, fault);
    *ending = err != KITH_OK && fault->kind == RPC_KIND_GONE;
    return err;
}

kith_err
rpc_client_open(const rpc_place *place, bool start, rpc_client **out, rpc_fault *fault)
{
    bool ending = false;
    kith_err err = open_once(place, start, out, fault, &ending);

    /* An agent that ends still takes connections for a moment; then there is room for a new one. */
    for (uint32_t waited = 0; start && ending && waited < RPC_ENDING_MS; waited += RPC_PAUSE_MS) {
        poll(NULL, 0, (int)RPC_PAUSE_MS);
        err = open_once(place, start, out, fault, &ending);
    }
    return err;
}

void
rpc_client_free(rpc_client *client)
{
    if (client == NULL) {
        return;
    }
    while (client->event_count > 0) {
        rpc_message event = {0};
        kith_ignore(rpc_client_next(client, 0, &event)); /* an event is held, so it cannot fail */
        rpc_message_done(&event);
    }
    if (client->events != NULL) {
        kith_mem_free(NULL, client->events, RPC_EVENTS_MAX * sizeof *client->events);
    }
    kith_buf_done(&client->in);
    close(client->fd);
    kith_mem_free(NULL, client, sizeof *client);
}
