/* SPDX-License-Identifier: MPL-2.0 */
/* Dialling: name, addresses in turn, TLS, pin. Then bytes in both directions. */
#include "net/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/stream.h"
#include "net/tls.h"

typedef enum client_state {
    CLIENT_IDLE,
    CLIENT_RESOLVING,
    CLIENT_CONNECTING,
    CLIENT_HANDSHAKE,
    CLIENT_UP,
} client_state;

/* A question to the resolver. Outlives the client when that loses interest. */
typedef struct lookup {
    uv_getaddrinfo_t request;
    net_client *client; /* NULL: nobody waits */
} lookup;

/* A socket that is connecting; freed by the loop after it was closed. */
typedef struct attempt {
    uv_poll_t poll;
    net_client *client;
    int fd;
} attempt;

struct net_client {
    net_loop *loop;
    net_client_events events;
    client_state state;
    net_tls_pin pin;
    net_timer *timer;
    uint64_t give_up_ms; /* loop time at which dialling has taken too long */
    lookup *lookup;
    struct addrinfo *addresses; /* of the resolver */
    const struct addrinfo *next; /* address to try */
    struct sockaddr_storage numeric; /* instead of `addresses` */
    struct addrinfo numeric_info;
    attempt *attempt;
    net_stream *stream;
    bool has_sent; /* something was queued since the last call of sent */
};

const char *
net_lost_name(net_lost lost)
{
    static const char *const names[] = {
        [NET_LOST_NO_HOST] = "no such host",   [NET_LOST_UNREACHABLE] = "unreachable",
        [NET_LOST_TIMEOUT] = "timeout",        [NET_LOST_WRONG_PIN] = "wrong pin",
        [NET_LOST_PROTOCOL] = "protocol",      [NET_LOST_CLOSED] = "closed",
        [NET_LOST_LOCAL] = "out of resources",
    };

    return (size_t)lost < sizeof names / sizeof names[0] && names[lost] != NULL ? names[lost] : "?";
}

static void
free_attempt(uv_handle_t *handle)
{
    free(NET_OF(handle, attempt, poll));
}

/* Ends the attempt; with `keep_fd` the socket goes on to the stream. */
static void
end_attempt(net_client *client, bool keep_fd)
{
    attempt *a = client->attempt;

    if (a == NULL) {
        return;
    }
    client->attempt = NULL;
    uv_poll_stop(&a->poll);
    if (!keep_fd) {
        close(a->fd);
    }
    uv_close((uv_handle_t *)&a->poll, free_attempt);
}

static void
drop_addresses(net_client *client)
{
    uv_freeaddrinfo(client->addresses);
    client->addresses = NULL;
    client->next = NULL;
}

/* Back to idle, whatever the state. */
static void
reset(net_client *client)
{
    client->state = CLIENT_IDLE;
    net_timer_off(client->timer);
    if (client->lookup != NULL) {
        client->lookup->client = NULL;
        uv_cancel((uv_req_t *)&client->lookup->request);
        client->lookup = NULL;
    }
    end_attempt(client, false);
    drop_addresses(client);
    net_stream_close(client->stream);
    client->stream = NULL;
    client->has_sent = false;
}

static void
lose(net_client *client, net_lost reason)
{
    reset(client);
    net_loop_again(client->loop);
    client->events.lost(client->events.ctx, reason);
}

static void
handle_up(void *ctx)
{
    net_client *client = ctx;
    uint8_t exporter[NET_EXPORTER_LEN] = {0};

    if (net_tls_exporter(client->stream->ssl, exporter) != KITH_OK) {
        lose(client, NET_LOST_LOCAL);
        return;
    }
    client->state = CLIENT_UP;
    net_timer_set(client->timer, NET_CLIENT_STALL_MS);
    net_loop_again(client->loop);
    client->events.up(client->events.ctx, exporter);
    kith_wipe(exporter, sizeof exporter);
}

static void
handle_bytes(void *ctx, kith_bytes bytes)
{
    const net_client *client = ctx;

    client->events.bytes(client->events.ctx, bytes);
}

static void
handle_room(void *ctx)
{
    net_client *client = ctx;

    if (client->has_sent && net_stream_queued(client->stream) == 0) {
        client->has_sent = false;
        if (client->events.sent != NULL) {
            /* Streams write at the end of a turn: what the owner makes of it needs another one. */
            net_loop_again(client->loop);
            client->events.sent(client->events.ctx);
        }
    }
}

static void
handle_lost(void *ctx, net_lost reason)
{
    net_client *client = ctx;

    client->stream = NULL;
    lose(client, reason);
}

static const net_stream_events stream_events = {
    .up = handle_up,
    .bytes = handle_bytes,
    .room = handle_room,
    .lost = handle_lost,
};

static kith_err
make_ssl(net_client *client, SSL **out)
{
    net_loop *loop = client->loop;

    if (loop->client_tls == NULL) {
        KITH_TRY(net_tls_client_new(&loop->client_tls));
    }
    SSL *ssl = SSL_new(loop->client_tls);
    KITH_ENSURE(ssl != NULL, KITH_ERR_NO_MEMORY);
    SSL_set_connect_state(ssl);
    net_tls_pin_set(ssl, &client->pin);
    *out = ssl;
    return KITH_OK;
}

/* The socket is connected. */
static void
start_tls(net_client *client)
{
    const int fd = client->attempt->fd;
    SSL *ssl = NULL;

    if (make_ssl(client, &ssl) != KITH_OK) {
        lose(client, NET_LOST_LOCAL);
        return;
    }
    end_attempt(client, true);
    drop_addresses(client);
    if (net_stream_new(client->loop, fd, ssl, &stream_events, &client->stream) != KITH_OK) {
        lose(client, NET_LOST_LOCAL);
        return;
    }
    client->stream->ctx = client;
    client->stream->pin = &client->pin;
    client->state = CLIENT_HANDSHAKE;
}

static void connect_next(net_client *client);

static void
handle_connected(uv_poll_t *poll, int status, int events)
{
    net_client *client = NET_OF(poll, attempt, poll)->client;
    int error = 0;
    socklen_t len = sizeof error;

    (void)events;
    if (getsockopt(client->attempt->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0 ||
        status < 0) {
        end_attempt(client, false);
        connect_next(client);
        return;
    }
    start_tls(client);
}

/* False: this address is of no use. */
static bool
connect_to(net_client *client, const struct addrinfo *address)
{
    const int fd =
        socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    attempt *a = fd < 0 ? NULL : calloc(1, sizeof *a);

    if (a != NULL &&
        (connect(fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS) &&
        uv_poll_init(&client->loop->uv, &a->poll, fd) == 0) {
        a->client = client;
        a->fd = fd;
        client->attempt = a;
        uv_poll_start(&a->poll, UV_WRITABLE, handle_connected);
        return true;
    }
    free(a);
    if (fd >= 0) {
        close(fd);
    }
    return false;
}

/* How long this address may take: all that is left for the last one. */
static void
set_patience(net_client *client)
{
    const uint64_t now = uv_now(&client->loop->uv);
    const uint64_t left = client->give_up_ms > now ? client->give_up_ms - now : 0;
    const bool is_last = client->next == NULL;

    net_timer_set(client->timer,
                  is_last || left < NET_CLIENT_ADDRESS_MS ? left : NET_CLIENT_ADDRESS_MS);
}

static void
connect_next(net_client *client)
{
    client->state = CLIENT_CONNECTING;
    while (client->next != NULL) {
        const struct addrinfo *address = client->next;
        client->next = address->ai_next;
        if (connect_to(client, address)) {
            set_patience(client);
            return;
        }
    }
    lose(client, NET_LOST_UNREACHABLE);
}

static void
handle_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses)
{
    lookup *l = NET_OF(request, lookup, request);
    net_client *client = l->client;

    free(l);
    if (client == NULL) {
        uv_freeaddrinfo(addresses);
        return;
    }
    client->lookup = NULL;
    if (status != 0 || addresses == NULL) {
        lose(client, NET_LOST_NO_HOST);
        return;
    }
    client->addresses = addresses;
    client->next = addresses;
    connect_next(client);
}

static bool
is_late(const net_client *client)
{
    return uv_now(&client->loop->uv) >= client->give_up_ms;
}

static void
check_stall(net_client *client)
{
    const uint64_t still = uv_now(&client->loop->uv) - client->stream->progress_ms;

    if (net_stream_queued(client->stream) > 0 && still >= NET_CLIENT_STALL_MS) {
        lose(client, NET_LOST_TIMEOUT);
        return;
    }
    net_timer_set(client->timer, NET_CLIENT_STALL_MS);
}

static void
handle_timer(void *ctx)
{
    net_client *client = ctx;

    if (client->state == CLIENT_UP) {
        check_stall(client);
    } else if (client->state == CLIENT_CONNECTING && client->next != NULL && !is_late(client)) {
        end_attempt(client, false);
        connect_next(client);
    } else if (client->state == CLIENT_HANDSHAKE && !is_late(client)) {
        net_timer_set(client->timer, client->give_up_ms - uv_now(&client->loop->uv));
    } else if (client->state != CLIENT_IDLE) {
        lose(client, NET_LOST_TIMEOUT);
    }
}

kith_err
net_client_new(net_loop *loop, const net_client_events *events, net_client **out)
{
    net_client *client = calloc(1, sizeof *client);

    KITH_ENSURE(client != NULL, KITH_ERR_NO_MEMORY);
    client->loop = loop;
    client->events = *events;
    const kith_err err = net_timer_new(loop, handle_timer, client, &client->timer);
    if (err != KITH_OK) {
        free(client);
        return err;
    }
    *out = client;
    return KITH_OK;
}

void
net_client_free(net_client *client)
{
    if (client != NULL) {
        reset(client);
        net_timer_free(client->timer);
        free(client);
    }
}

/* A numeric address needs no resolver and no thread. */
static bool
use_numeric(net_client *client, const char *host, uint16_t port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&client->numeric;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&client->numeric;

    memset(&client->numeric, 0, sizeof client->numeric);
    client->numeric_info = (struct addrinfo){.ai_addr = (struct sockaddr *)&client->numeric};
    if (uv_ip4_addr(host, port, v4) == 0) {
        client->numeric_info.ai_family = AF_INET;
        client->numeric_info.ai_addrlen = sizeof *v4;
    } else if (uv_ip6_addr(host, port, v6) == 0) {
        client->numeric_info.ai_family = AF_INET6;
        client->numeric_info.ai_addrlen = sizeof *v6;
    } else {
        return false;
    }
    client->next = &client->numeric_info;
    return true;
}

static kith_err
resolve(net_client *client, const char *host, uint16_t port)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    char service[8];
    lookup *l = calloc(1, sizeof *l);

    KITH_ENSURE(l != NULL, KITH_ERR_NO_MEMORY);
    snprintf(service, sizeof service, "%u", (unsigned)port);
    const int status =
        uv_getaddrinfo(&client->loop->uv, &l->request, handle_resolved, host, service, &hints);
    if (status != 0) {
        free(l);
        return status == UV_ENOMEM ? KITH_ERR_NO_MEMORY : KITH_ERR_INVALID;
    }
    l->client = client;
    client->lookup = l;
    client->state = CLIENT_RESOLVING;
    return KITH_OK;
}

static const uint8_t no_pin[NET_PIN_LEN];

kith_err
net_client_dial(net_client *client, const char *host, uint16_t port, const uint8_t pin[NET_PIN_LEN])
{
    const size_t len = strnlen(host, NET_HOST_MAX + 1);

    KITH_ENSURE(client->state == CLIENT_IDLE, KITH_ERR_INVALID);
    KITH_ENSURE(len > 0 && len <= NET_HOST_MAX && port != 0, KITH_ERR_INVALID);
    memcpy(client->pin.key, pin, NET_PIN_LEN);
    client->pin.is_open = memcmp(pin, no_pin, NET_PIN_LEN) == 0;
    uv_update_time(&client->loop->uv);
    client->give_up_ms = uv_now(&client->loop->uv) + NET_CLIENT_DIAL_MS;
    if (use_numeric(client, host, port)) {
        /* Even a refusal that is known at once is told in a turn of its own. */
        client->state = CLIENT_CONNECTING;
        net_timer_set(client->timer, 0);
        return KITH_OK;
    }
    KITH_TRY(resolve(client, host, port));
    net_timer_set(client->timer, NET_CLIENT_DIAL_MS);
    return KITH_OK;
}

kith_err
net_client_send(net_client *client, kith_bytes bytes)
{
    KITH_ENSURE(client->state == CLIENT_UP, KITH_ERR_OFFLINE);
    KITH_ENSURE(bytes.len <= NET_CLIENT_QUEUE_MAX &&
                    net_stream_queued(client->stream) <= NET_CLIENT_QUEUE_MAX - bytes.len,
                KITH_ERR_LIMIT);
    KITH_TRY(net_stream_send(client->stream, bytes));
    client->has_sent = true;
    return KITH_OK;
}

size_t
net_client_queued(const net_client *client)
{
    return client->stream == NULL ? 0 : net_stream_queued(client->stream);
}

void
net_client_close(net_client *client)
{
    reset(client);
}

void
net_client_identity(const net_client *client, uint8_t out[NET_PIN_LEN])
{
    memcpy(out, client->pin.key, NET_PIN_LEN);
}
