/* SPDX-License-Identifier: MPL-2.0 */
/* The server under test, and blocking devices over plain OpenSSL. */
#include "net/place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "crypto/crypto.h"

#define WAIT_S 20

uint64_t
steady_ms(void)
{
    const kith_clock *clock = net_clock();

    return clock->steady_ms(clock->ctx);
}

static void
need(kith_err err)
{
    if (err != KITH_OK) {
        fprintf(stderr, "place: %s\n", kith_err_name(err));
        abort();
    }
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

static void
join_loop(place *p, uint16_t i)
{
    static const store_relay_options reader = {.is_reader = true};

    need(store_relay_open(p->database, &reader, &p->readers[i]));
    need(store_mailbox_new(p->writer, net_server_wake, net_server_loop_at(p->server, i),
                           &p->boxes[i]));
    const net_server_port port = {.reader = store_relay_port(p->readers[i]),
                                  .mailbox = p->boxes[i],
                                  .submit = submit,
                                  .deliver = deliver};
    need(net_server_attach(p->server, i, &port));
}

static void
make_folder(place *p)
{
    char path[64];

    snprintf(p->folder, sizeof p->folder, "/tmp/kith-net-XXXXXX");
    if (mkdtemp(p->folder) == NULL) {
        abort();
    }
    snprintf(p->database, sizeof p->database, "%s/db", p->folder);
    snprintf(path, sizeof path, "%s/identity", p->folder);
    need(net_identity_open(path, &p->identity));
}

void
place_open(place *p, const net_server_limits *limits)
{
    static const store_relay_options writer = {0};

    *p = (place){0};
    make_folder(p);
    const net_server_config config = {.loops = PLACE_LOOPS,
                                      .identity = p->identity,
                                      .rng = crypto_rng(),
                                      .clock = net_clock(),
                                      .limits = limits != NULL ? *limits : (net_server_limits){0}};
    need(store_relay_open(p->database, &writer, &p->store));
    const store_writer_options options = {.store = p->store, .clock = net_clock()};
    need(store_writer_new(&options, &p->writer));
    need(net_server_new(&config, &p->server));
    for (uint16_t i = 0; i < PLACE_LOOPS; i++) {
        join_loop(p, i);
    }
    need(net_server_listen(p->server, "127.0.0.1", 0, &p->port));
    need(store_writer_start(p->writer));
    need(net_server_start(p->server));
}

void
place_stop(place *p)
{
    net_server_stop(p->server);
}

static void
remove_files(const place *p)
{
    static const char *const names[] = {"db", "db-wal", "db-shm", "identity"};
    char path[96];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", p->folder, names[i]);
        unlink(path);
    }
    rmdir(p->folder);
}

void
place_close(place *p)
{
    place_stop(p);
    store_writer_stop(p->writer);
    net_server_free(p->server);
    for (size_t i = 0; i < PLACE_LOOPS; i++) {
        store_mailbox_free(p->boxes[i]);
        store_relay_free(p->readers[i]);
    }
    store_writer_free(p->writer);
    store_relay_free(p->store);
    net_identity_free(p->identity);
    remove_files(p);
}

/* Says what did not work, for a log of something that happens once in a while. */
static void
die(const char *what)
{
    fprintf(stderr, "# %s failed: %s\n", what, strerror(errno));
    abort();
}

void
device_connect(device *d, const place *p)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(p->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval limit = {.tv_sec = WAIT_S};
    const int on = 1;

    *d = (device){.fd = socket(AF_INET, SOCK_STREAM, 0)};
    if (connect(d->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        die("connecting");
    }
    setsockopt(d->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(d->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* A socket with a time limit gives EINTR also when the process was only stopped for a moment (signal(7)). */
static bool
was_interrupted(const device *d, int result)
{
    const int want = result == 1 ? SSL_ERROR_NONE : SSL_get_error(d->ssl, result);

    return errno == EINTR && (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE);
}

bool
device_handshake(device *d)
{
    static const uint8_t alpn[] = {6, 'k', 'i', 't', 'h', '/', '1'};

    if (d->ctx == NULL) {
        d->ctx = SSL_CTX_new(TLS_client_method());
    }
    d->ssl = SSL_new(d->ctx);
    SSL_set_alpn_protos(d->ssl, alpn, sizeof alpn);
    SSL_set_fd(d->ssl, d->fd);
    int done = 0;
    do {
        ERR_clear_error();
        errno = 0;
        done = SSL_connect(d->ssl);
    } while (was_interrupted(d, done));
    return done == 1;
}

void
device_open(device *d, const place *p)
{
    static const proto_hello hello = {.version_min = 1, .version_max = 1};
    KITH_AUTO(kith_buf) body = {0};

    device_connect(d, p);
    need(proto_hello_encode(&body, &hello));
    if (!device_handshake(d)) {
        ERR_print_errors_fp(stderr);
        die("the handshake");
    }
    if (!device_ask(d, PROTO_HELLO, kith_bytes_of_buf(&body)) ||
        device_next(d, NULL) != (PROTO_HELLO | PROTO_ANSWER)) {
        die("HELLO");
    }
}

void
device_close(device *d)
{
    SSL_free(d->ssl);
    SSL_CTX_free(d->ctx);
    if (d->fd >= 0) {
        close(d->fd);
    }
    kith_buf_done(&d->in);
    *d = (device){.fd = -1};
    ERR_clear_error();
}

bool
device_send(device *d, kith_bytes bytes)
{
    size_t n = 0;

    int done = 0;
    do {
        ERR_clear_error();
        errno = 0;
        done = SSL_write_ex(d->ssl, bytes.data, bytes.len, &n);
    } while (was_interrupted(d, done));
    return done == 1;
}

bool
device_ask(device *d, uint8_t type, kith_bytes body)
{
    KITH_AUTO(kith_buf) frame = {0};

    d->request++;
    need(proto_frame_encode(&frame, type, d->request, body));
    return device_send(d, kith_bytes_of_buf(&frame));
}

static bool
read_more(device *d)
{
    uint8_t bytes[16384];
    size_t n = 0;

    int done = 0;
    do {
        ERR_clear_error();
        errno = 0;
        done = SSL_read_ex(d->ssl, bytes, sizeof bytes, &n);
    } while (was_interrupted(d, done));
    if (done != 1) {
        return false;
    }
    need(kith_buf_append(&d->in, kith_bytes_of(bytes, n)));
    return true;
}

uint8_t
device_next(device *d, kith_bytes *body)
{
    static uint8_t copy[PROTO_FRAME_MAX];
    proto_frame frame = {0};
    size_t used = 0;

    need(proto_frame_take(kith_bytes_of_buf(&d->in), PROTO_FRAME_MAX, &frame, &used));
    while (used == 0) {
        if (!read_more(d)) {
            return 0;
        }
        need(proto_frame_take(kith_bytes_of_buf(&d->in), PROTO_FRAME_MAX, &frame, &used));
    }
    if (frame.body.len > 0) {
        memcpy(copy, frame.body.data, frame.body.len);
    }
    if (body != NULL) {
        *body = kith_bytes_of(copy, frame.body.len);
    }
    kith_buf_drop_front(&d->in, used);
    return frame.type;
}

bool
device_is_ended(device *d, int ms)
{
    const uint64_t until = steady_ms() + (uint64_t)ms;
    uint8_t bytes[4096];

    while (steady_ms() < until) {
        struct pollfd wait = {.fd = d->fd, .events = POLLIN};
        const int left = (int)(until - steady_ms());
        if (poll(&wait, 1, left > 0 ? left : 0) > 0 && recv(d->fd, bytes, sizeof bytes, 0) <= 0) {
            return true;
        }
    }
    return false;
}

bool
device_ping(device *d)
{
    return device_ask(d, PROTO_PING, (kith_bytes){0}) &&
           device_next(d, NULL) == (PROTO_PING | PROTO_ANSWER);
}
