/* SPDX-License-Identifier: MPL-2.0 */
/* Listening sockets, and who may come in. Each loop has a socket of its own for each address: the kernel
 * spreads connections over them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/server_parts.h"

#define BACKLOG 1024

/* An address of either family, as accept(2) writes it. */
typedef union peer_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} peer_address;

/* What is rationed together: an IPv4 address, an IPv6 /64. The hash is keyed, so nobody can choose whom
 * to share a counter with, and what leaves this folder is no address. */
static kith_err
hash_source(net_server_loop *loop, const peer_address *peer, uint64_t *out)
{
    kith_bytes source = kith_bytes_of(&peer->v6.sin6_addr, 8);
    uint8_t hash[CRYPTO_HASH_MAX];

    if (peer->any.sa_family == AF_INET) {
        source = kith_bytes_of(&peer->v4.sin_addr, 4);
    } else if (IN6_IS_ADDR_V4MAPPED(&peer->v6.sin6_addr)) {
        source = kith_bytes_of(&peer->v6.sin6_addr.s6_addr[12], 4);
    }
    KITH_TRY(crypto_hmac(loop->crypto, CRYPTO_SHA256, KITH_BYTES(loop->server->source_key),
                         CRYPTO_PARTS(source), hash));
    memcpy(out, hash, sizeof *out);
    return KITH_OK;
}

static uint32_t
limit_of(uint32_t configured, uint32_t standard)
{
    return configured != 0 ? configured : standard;
}

static bool
may_enter(const net_server_loop *loop, uint64_t source)
{
    const net_server_limits *limits = &loop->server->config.limits;
    const uint32_t now = loop->conns.count + loop->handshakes.count;

    return now < limit_of(limits->conns, NET_CONNS_MAX) &&
           loop->per_source[source % SOURCE_BUCKETS] <
               limit_of(limits->source_conns, NET_SOURCE_CONNS_MAX);
}

static void
admit(net_server_loop *loop, int fd, const peer_address *peer)
{
    const net_server_limits *limits = &loop->server->config.limits;
    uint64_t source = 0;

    if (hash_source(loop, peer, &source) != KITH_OK || !may_enter(loop, source)) {
        loop->stats.refused++;
        close(fd);
        return;
    }
    if (loop->handshakes.count >= limit_of(limits->handshakes, NET_HANDSHAKES_MAX)) {
        loop->stats.refused++;
        server_conn_close(loop->handshakes.first);
    }
    loop->stats.accepted++;
    server_conn_open(loop, fd, source);
}

/* No descriptor is left. Whoever waits would wait, and wake the loop, for ever: with the reserve they are let in
 * and sent away. */
static void
turn_away(net_server_loop *loop, int listening)
{
    loop->stats.refused++;
    close(loop->reserve_fd);
    const int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    }
    loop->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
handle_listening(uv_poll_t *poll, int status, int events)
{
    const listener *l = NET_OF(poll, listener, poll);

    (void)status;
    (void)events;
    for (size_t i = 0; i < NET_ACCEPTS_TURN; i++) {
        peer_address peer = {.v6 = {0}};
        socklen_t len = sizeof peer;
        const int fd = accept4(l->fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(l->loop, fd, &peer);
        } else if (errno == EMFILE || errno == ENFILE) {
            turn_away(l->loop, l->fd);
        } else if (errno == EAGAIN) {
            return;
        }
        /* Anything else concerns one connection that is gone already. */
    }
}

static kith_err
open_socket(const struct sockaddr *address, socklen_t len, int *out)
{
    const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    const int off = 0;

    KITH_ENSURE(fd >= 0, net_err_of_system(-errno));
    /* Without the options another kithd could not start soon after, or its loops not share; bind tells. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (address->sa_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (bind(fd, address, len) != 0 || listen(fd, BACKLOG) != 0) {
        const kith_err err = net_err_of_system(-errno);
        close(fd);
        return err;
    }
    *out = fd;
    return KITH_OK;
}

kith_err
server_listen(net_server_loop *loop, const struct sockaddr *address, socklen_t len)
{
    KITH_ENSURE(loop->listener_count < NET_LISTENERS_MAX, KITH_ERR_LIMIT);
    listener *l = calloc(1, sizeof *l);
    KITH_ENSURE(l != NULL, KITH_ERR_NO_MEMORY);
    kith_err err = open_socket(address, len, &l->fd);
    if (err == KITH_OK && uv_poll_init(&loop->loop->uv, &l->poll, l->fd) != 0) {
        close(l->fd);
        err = KITH_ERR_NO_MEMORY;
    }
    if (err != KITH_OK) {
        free(l);
        return err;
    }
    l->loop = loop;
    uv_poll_start(&l->poll, UV_READABLE, handle_listening);
    loop->listeners[loop->listener_count++] = l;
    return KITH_OK;
}

static void
free_listener(uv_handle_t *handle)
{
    free(NET_OF(handle, listener, poll));
}

void
server_listen_end(net_server_loop *loop)
{
    for (size_t i = 0; i < loop->listener_count; i++) {
        uv_poll_stop(&loop->listeners[i]->poll);
        close(loop->listeners[i]->fd);
        uv_close((uv_handle_t *)&loop->listeners[i]->poll, free_listener);
    }
    loop->listener_count = 0;
}
