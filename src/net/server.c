/* SPDX-License-Identifier: MPL-2.0 */
/* The server as its owner sees it: makes loops, joins them, starts, drains and stops them. */
#include "net/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/server_parts.h"
#include "net/tls.h"

/* Enough for the deepest call of a handshake, with ample room. */
#define STACK_LEN (512u * 1024u)

/* One context for all loops, each with a reference of its own. */
static kith_err
offer_tls(net_server *server)
{
    SSL_CTX *tls = NULL;

    KITH_TRY(net_tls_server_new(server->config.identity, &tls));
    for (uint16_t i = 0; i < server->loop_count; i++) {
        net_server_loop *loop = &server->loops[i];
        SSL_CTX_up_ref(tls);
        (void)pthread_mutex_lock(&loop->lock);
        SSL_CTX_free(loop->next_tls);
        loop->next_tls = tls;
        (void)pthread_mutex_unlock(&loop->lock);
    }
    SSL_CTX_free(tls);
    return KITH_OK;
}

static kith_err
open_loops(net_server *server)
{
    KITH_TRY(kith_rng_fill(server->config.rng, server->source_key, sizeof server->source_key));
    for (uint16_t i = 0; i < server->loop_count; i++) {
        KITH_TRY(server_loop_open(server, i));
    }
    return offer_tls(server);
}

kith_err
net_server_new(const net_server_config *config, net_server **out)
{
    KITH_ENSURE(config->loops >= 1 && config->loops <= NET_LOOPS_MAX, KITH_ERR_INVALID);
    net_server *server = calloc(1, sizeof *server + config->loops * sizeof(net_server_loop));
    KITH_ENSURE(server != NULL, KITH_ERR_NO_MEMORY);
    server->config = *config;
    server->loop_count = config->loops;
    for (uint16_t i = 0; i < server->loop_count; i++) {
        server->loops[i].reserve_fd = -1;
        (void)pthread_mutex_init(&server->loops[i].lock, NULL); /* cannot fail without attributes */
    }
    const kith_err err = open_loops(server);
    if (err != KITH_OK) {
        net_server_free(server);
        return err;
    }
    *out = server;
    return KITH_OK;
}

void
net_server_free(net_server *server)
{
    if (server == NULL) {
        return;
    }
    net_server_stop(server);
    for (uint16_t i = 0; i < server->loop_count; i++) {
        server_loop_close(&server->loops[i]);
        (void)pthread_mutex_destroy(&server->loops[i].lock);
    }
    kith_wipe(server->source_key, sizeof server->source_key);
    free(server);
}

net_server_loop *
net_server_loop_at(net_server *server, uint16_t index)
{
    return &server->loops[index];
}

void
net_server_wake(void *loop)
{
    net_wakeup_send(((net_server_loop *)loop)->wakeup);
}

kith_err
net_server_attach(net_server *server, uint16_t index, const net_server_port *port)
{
    KITH_ENSURE(index < server->loop_count && server->loops[index].relay == NULL, KITH_ERR_INVALID);
    net_server_loop *loop = &server->loops[index];
    relay_env env = {.rng = server->config.rng,
                     .crypto = loop->crypto,
                     .reader = port->reader,
                     .owner = port->mailbox,
                     .config = server->config.relay};
    env.config.loop = index;
    env.config.is_keeper = index == 0;
    KITH_TRY(relay_new(&env, server_loop_now(loop), &loop->relay));
    loop->port = *port;
    return KITH_OK;
}

static kith_err
parse_address(const char *host, uint16_t port, struct sockaddr_storage *out, socklen_t *len)
{
    if (uv_ip4_addr(host, port, (struct sockaddr_in *)out) == 0) {
        *len = sizeof(struct sockaddr_in);
        return KITH_OK;
    }
    KITH_ENSURE(uv_ip6_addr(host, port, (struct sockaddr_in6 *)out) == 0, KITH_ERR_INVALID);
    *len = sizeof(struct sockaddr_in6);
    return KITH_OK;
}

/* The loops' sockets share the port, and so would another process of the same user: whether it is free is
 * asked without sharing. */
static kith_err
find_free(const struct sockaddr_storage *address, socklen_t len, struct sockaddr_storage *bound)
{
    const int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    const int off = 0;
    socklen_t bound_len = sizeof *bound;

    KITH_ENSURE(fd >= 0, net_err_of_system(-errno));
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->ss_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    kith_err err = KITH_OK;
    if (bind(fd, (const struct sockaddr *)address, len) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)bound, &bound_len) != 0) {
        err = net_err_of_system(-errno);
    }
    close(fd);
    return err;
}

kith_err
net_server_listen(net_server *server, const char *host, uint16_t port, uint16_t *bound)
{
    struct sockaddr_storage wanted = {0};
    struct sockaddr_storage address = {0};
    socklen_t len = 0;

    KITH_TRY(parse_address(host, port, &wanted, &len));
    KITH_TRY(find_free(&wanted, len, &address));
    for (uint16_t i = 0; i < server->loop_count; i++) {
        KITH_TRY(server_listen(&server->loops[i], (const struct sockaddr *)&address, len));
    }
    if (bound != NULL) {
        *bound = ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                                                    : ((struct sockaddr_in6 *)&address)->sin6_port);
    }
    return KITH_OK;
}

static bool
start_thread(net_server_loop *loop)
{
    pthread_attr_t attributes;

    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    loop->has_thread = pthread_attr_setstacksize(&attributes, STACK_LEN) == 0 &&
                       pthread_create(&loop->thread, &attributes, server_loop_main, loop) == 0;
    (void)pthread_attr_destroy(&attributes);
    return loop->has_thread;
}

kith_err
net_server_start(net_server *server)
{
    for (uint16_t i = 0; i < server->loop_count; i++) {
        KITH_ENSURE(server->loops[i].relay != NULL && !server->loops[i].has_thread,
                    KITH_ERR_INVALID);
    }
    for (uint16_t i = 0; i < server->loop_count; i++) {
        server->loops[i].tls = server->loops[i].next_tls;
        server->loops[i].next_tls = NULL;
        if (!start_thread(&server->loops[i])) {
            net_server_stop(server);
            return KITH_ERR_BUSY;
        }
    }
    return KITH_OK;
}

void
net_server_stop(net_server *server)
{
    for (uint16_t i = 0; i < server->loop_count; i++) {
        if (server->loops[i].has_thread) {
            atomic_store(&server->loops[i].stop_wanted, true);
            net_wakeup_send(server->loops[i].wakeup);
        }
    }
    for (uint16_t i = 0; i < server->loop_count; i++) {
        if (server->loops[i].has_thread) {
            (void)pthread_join(server->loops[i].thread, NULL);
            server->loops[i].has_thread = false;
        }
    }
}

kith_err
net_server_rotate(net_server *server)
{
    KITH_TRY(offer_tls(server));
    for (uint16_t i = 0; i < server->loop_count; i++) {
        net_wakeup_send(server->loops[i].wakeup);
    }
    return KITH_OK;
}

static void
add_relay_stats(relay_stats *sum, const relay_stats *one)
{
    sum->sessions += one->sessions;
    sum->logins += one->logins;
    sum->subscriptions += one->subscriptions;
    sum->requests += one->requests;
    sum->refusals += one->refusals;
    sum->pushes += one->pushes;
    sum->input_bytes += one->input_bytes;
    sum->work_bytes += one->work_bytes;
}

net_server_stats
net_server_stats_of(net_server *server)
{
    net_server_stats sum = {0};

    for (uint16_t i = 0; i < server->loop_count; i++) {
        net_server_loop *loop = &server->loops[i];
        (void)pthread_mutex_lock(&loop->lock);
        const net_server_stats one = loop->published;
        (void)pthread_mutex_unlock(&loop->lock);
        sum.connections += one.connections;
        sum.accepted += one.accepted;
        sum.refused += one.refused;
        sum.timed_out += one.timed_out;
        sum.broken += one.broken;
        add_relay_stats(&sum.relay, &one.relay);
    }
    return sum;
}
