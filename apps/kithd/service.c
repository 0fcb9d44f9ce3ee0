/* SPDX-License-Identifier: MPL-2.0 */
/* The parts of a running kithd, made in order and freed in the reverse one. */
#include "service.h"

#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"

/* Pages kept in memory: they grow with use, not at the start. */
#define WRITER_CACHE_KIB 65536u
#define READER_CACHE_KIB 8192u

static bool
open_store(const kithd_folder *folder, kithd_service *service)
{
    static const store_relay_options options = {.cache_kib = WRITER_CACHE_KIB};
    const kith_err err = store_relay_open(folder->database, &options, &service->store);

    if (err == KITH_ERR_UNSUPPORTED) {
        kithd_complain("%s was written by a newer kithd; run that one", folder->database);
    } else if (err != KITH_OK) {
        kithd_complain("cannot use %s: %s", folder->database, kith_err_text(err));
    }
    return err == KITH_OK;
}

static kith_err
configure(const kithd_options *options, const kithd_folder *folder, const relay_log *log,
          relay_config *out)
{
    relay_config config = {.has_operator_ticket = true,
                           .log = log,
                           .witnesses = options->witnesses,
                           .witness_count = options->witness_count};
    crypto *c = NULL;

    KITH_TRY(crypto_new(NULL, &c));
    const kith_err err = proto_ticket(c, folder->secret, config.operator_ticket);
    crypto_free(c);
    KITH_TRY(err);
    for (size_t i = 0; i < RELAY_RATIONS && !options->has_rations; i++) {
        config.rations[i] = (relay_ration){.burst = 1u << 20, .every_ms = 1};
    }
    *out = config;
    return KITH_OK;
}

static void
submit(void *mailbox, relay *r)
{
    store_mailbox_submit(mailbox, r);
}

static void
deliver(void *mailbox, relay *r, uint64_t now_ms)
{
    store_mailbox_deliver(mailbox, r, now_ms);
}

static kith_err
join_loop(const kithd_folder *folder, kithd_service *service, uint16_t i)
{
    static const store_relay_options options = {.is_reader = true, .cache_kib = READER_CACHE_KIB};

    KITH_TRY(store_relay_open(folder->database, &options, &service->readers[i]));
    KITH_TRY(store_mailbox_new(service->writer, net_server_wake,
                               net_server_loop_at(service->server, i), &service->boxes[i]));
    const net_server_port port = {.reader = store_relay_port(service->readers[i]),
                                  .mailbox = service->boxes[i],
                                  .submit = submit,
                                  .deliver = deliver};
    return net_server_attach(service->server, i, &port);
}

static kith_err
make_server(const kithd_options *options, const kithd_folder *folder, kithd_service *service)
{
    net_server_config config = {.loops = options->loops,
                                .identity = folder->identity,
                                .rng = crypto_rng(),
                                .clock = net_clock(),
                                .limits = {.source_conns = options->source_conns}};

    KITH_TRY(configure(options, folder, &service->log.log, &config.relay));
    return net_server_new(&config, &service->server);
}

static kith_err
make_writer(const kithd_options *options, kithd_service *service)
{
    const store_writer_options writer = {.store = service->store,
                                         .clock = net_clock(),
                                         .log = &service->log.log,
                                         .log_sign = service->log.sign,
                                         .rng = crypto_rng(),
                                         .workers = options->loops};

    return store_writer_new(&writer, &service->writer);
}

/* The writer, and the log as it should be before anybody asks. */
static bool
open_writer(const kithd_options *options, const kithd_folder *folder, kithd_service *service)
{
    if (!kithd_log_open(folder, service->store, &service->log)) {
        return false;
    }
    const kith_err err = make_writer(options, service);
    if (err == KITH_ERR_MALFORMED) {
        kithd_complain("the log in %s is damaged: it is not what %s has signed; put back a copy of "
                       "both, or begin a new log with --renew-log",
                       folder->database, folder->log);
        return false;
    }
    if (err != KITH_OK) {
        kithd_complain("cannot use %s: %s", folder->database, kith_err_text(err));
        return false;
    }
    if (!kithd_log_catch_up(service->writer)) {
        return false;
    }
    kithd_log_note(folder, service->store, &service->log);
    service->is_logged = true;
    return true;
}

static kith_err
join_all(const kithd_options *options, const kithd_folder *folder, kithd_service *service)
{
    for (uint16_t i = 0; i < options->loops; i++) {
        KITH_TRY(join_loop(folder, service, i));
    }
    return KITH_OK;
}

static int
complain_listen(const char *host, uint16_t port, kith_err err)
{
    switch (err) {
    case KITH_ERR_EXISTS:
        kithd_complain("port %u of %s is in use; stop what uses it, or choose another one with "
                       "--listen ADDR:PORT",
                       port, host);
        return EXIT_IN_USE;
    case KITH_ERR_DENIED:
        kithd_complain("port %u needs rights that this user does not have; choose one from 1024 on "
                       "with --listen ADDR:PORT",
                       port);
        return EXIT_FAILED;
    case KITH_ERR_NOT_FOUND:
    case KITH_ERR_UNSUPPORTED:
        kithd_complain("%s is not an address of this machine; see `ip address` for those that are",
                       host);
        return EXIT_FAILED;
    case KITH_ERR_INVALID:
        kithd_complain(
            "--listen %s: expected a numeric address, such as 192.0.2.7 or [::]; names go "
            "to --address",
            host);
        return EXIT_USAGE;
    default:
        kithd_complain("cannot listen on %s port %u: %s", host, port, kith_err_text(err));
        return EXIT_FAILED;
    }
}

static kith_err
try_listen(kithd_service *service, const char *host, uint16_t port)
{
    proto_address *bound = &service->bound[service->bound_count];

    KITH_TRY(net_server_listen(service->server, host, port, &bound->port));
    snprintf(bound->host, sizeof bound->host, "%s", host);
    service->bound_count++;
    return KITH_OK;
}

static int
listen_on(kithd_service *service, const char *host, uint16_t port)
{
    const kith_err err = try_listen(service, host, port);

    return err == KITH_OK ? 0 : complain_listen(host, port, err);
}

/* Without --listen: IPv6 and IPv4 in one socket, or IPv4 alone where there is no IPv6. */
static int
listen_everywhere(kithd_service *service)
{
    const kith_err err = try_listen(service, "::", PROTO_PORT);

    if (err == KITH_ERR_UNSUPPORTED || err == KITH_ERR_NOT_FOUND) {
        return listen_on(service, "0.0.0.0", PROTO_PORT);
    }
    return err == KITH_OK ? 0 : complain_listen("::", PROTO_PORT, err);
}

static int
listen_all(const kithd_options *options, kithd_service *service)
{
    if (options->listen_count == 0) {
        return listen_everywhere(service);
    }
    for (size_t i = 0; i < options->listen_count; i++) {
        const int status = listen_on(service, options->listen[i].host, options->listen[i].port);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static int
complain_start(kith_err err)
{
    kithd_complain("cannot start: %s", kith_err_text(err));
    return EXIT_FAILED;
}

/* The sockets first: whoever connects meanwhile waits for the moment that the store takes. */
int
kithd_service_open(const kithd_options *options, const kithd_folder *folder, kithd_service *out)
{
    out->folder = folder;
    kith_err err = make_server(options, folder, out);
    if (err != KITH_OK) {
        return complain_start(err);
    }
    const int status = listen_all(options, out);
    if (status != 0) {
        return status;
    }
    if (!open_store(folder, out) || !open_writer(options, folder, out)) {
        return EXIT_FAILED;
    }
    err = join_all(options, folder, out);
    return err == KITH_OK ? 0 : complain_start(err);
}

bool
kithd_service_start(kithd_service *service)
{
    kith_err err = store_writer_start(service->writer);

    if (err == KITH_OK) {
        err = net_server_start(service->server);
    }
    if (err != KITH_OK) {
        (void)complain_start(err);
        return false;
    }
    for (size_t i = 0; i < service->bound_count; i++) {
        const proto_address *at = &service->bound[i];
        const bool is_v6 = strchr(at->host, ':') != NULL;
        printf("listening on %s%s%s:%u\n", is_v6 ? "[" : "", at->host, is_v6 ? "]" : "", at->port);
    }
    return true;
}

void
kithd_service_done(kithd_service *service)
{
    if (service->server != NULL) {
        net_server_stop(service->server);
    }
    if (service->writer != NULL) {
        store_writer_stop(service->writer);
    }
    net_server_free(service->server);
    for (size_t i = 0; i < NET_LOOPS_MAX; i++) {
        store_mailbox_free(service->boxes[i]);
        store_relay_free(service->readers[i]);
    }
    store_writer_free(service->writer);
    if (service->is_logged) {
        kithd_log_note(service->folder, service->store, &service->log);
    }
    store_relay_free(service->store);
    kithd_log_done(&service->log);
    *service = (kithd_service){0};
}
