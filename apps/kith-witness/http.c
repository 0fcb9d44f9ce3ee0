/* SPDX-License-Identifier: MPL-2.0 */
/* add-checkpoint over libmicrohttpd: bytes to the cosigner, its answer back. */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "witness.h"

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_SIZE "text/x.tlog.size"
#define HASH_DIGITS (2u * CRYPTO_SHA256_LEN)

struct http {
    struct MHD_Daemon *daemon;
    cosigner *cosigner;
};

/* A request that is arriving. */
typedef struct arrival {
    kith_buf body;
    bool is_too_long;
} arrival;

typedef struct reply {
    unsigned status;
    const char *type;
    kith_buf body;
} reply;

/* ---- Answers ---- */

static enum MHD_Result
send_reply(struct MHD_Connection *connection, const reply *out)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer_copy(out->body.len, out->body.data);

    if (response == NULL) {
        return MHD_NO;
    }
    enum MHD_Result result =
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, out->type);
    if (result == MHD_YES && out->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, POST");
    }
    if (result == MHD_YES) {
        result = MHD_queue_response(connection, out->status, response);
    }
    MHD_destroy_response(response);
    return result;
}

static void
set_text(reply *out, unsigned status, const char *text)
{
    kith_buf_clear(&out->body);
    out->status = status;
    out->type = TYPE_TEXT;
    /* Without memory the answer is a number without words. */
    kith_ignore(kith_buf_append(&out->body, kith_bytes_of_text(text)));
}

static void
answer_verdict(kt_verdict verdict, reply *out)
{
    switch (verdict) {
    case KT_VERDICT_COSIGN:
        out->status = MHD_HTTP_OK;
        return;
    case KT_VERDICT_CONFLICT:
        out->status = MHD_HTTP_CONFLICT;
        out->type = TYPE_SIZE;
        return;
    case KT_VERDICT_UNSIGNED:
        set_text(out, MHD_HTTP_FORBIDDEN, "not signed by this log\n");
        return;
    case KT_VERDICT_UNKNOWN:
        set_text(out, MHD_HTTP_NOT_FOUND, "this log is not known here\n");
        return;
    case KT_VERDICT_INCONSISTENT:
        set_text(out, MHD_HTTP_UNPROCESSABLE_CONTENT,
                 "this does not extend what was cosigned before\n");
        return;
    case KT_VERDICT_MALFORMED:
    default:
        set_text(out, MHD_HTTP_BAD_REQUEST, "not a request to add a checkpoint\n");
        return;
    }
}

static void
answer_add(http *h, const arrival *in, reply *out)
{
    kt_verdict verdict = KT_VERDICT_MALFORMED;

    if (in->is_too_long) {
        set_text(out, MHD_HTTP_CONTENT_TOO_LARGE, "too long\n");
        return;
    }
    const kith_err err =
        cosigner_add(h->cosigner, kith_bytes_of_buf(&in->body), &verdict, &out->body);
    if (err != KITH_OK) {
        witness_complain("cannot keep what would be cosigned: %s", kith_err_text(err));
        set_text(out, MHD_HTTP_INTERNAL_SERVER_ERROR, "try again later\n");
        return;
    }
    answer_verdict(verdict, out);
}

/* "/" HASH "/checkpoint", the hash in lower case. */
static bool
read_hash(const char *url, uint8_t out[CRYPTO_SHA256_LEN])
{
    KITH_AUTO(kith_buf) bytes = {0};

    if (strlen(url) != 1 + HASH_DIGITS + strlen("/checkpoint") || url[0] != '/' ||
        strcmp(url + 1 + HASH_DIGITS, "/checkpoint") != 0 ||
        strspn(url + 1, "0123456789abcdef") != HASH_DIGITS ||
        kith_hex_decode(kith_bytes_of(url + 1, HASH_DIGITS), &bytes) != KITH_OK) {
        return false;
    }
    memcpy(out, bytes.data, CRYPTO_SHA256_LEN);
    return true;
}

static void
answer_get(http *h, const char *url, reply *out)
{
    uint8_t hash[CRYPTO_SHA256_LEN];

    if (!read_hash(url, hash)) {
        set_text(out, MHD_HTTP_NOT_FOUND, "not found\n");
        return;
    }
    const kith_err err = cosigner_get(h->cosigner, hash, &out->body);
    if (err != KITH_OK) {
        set_text(out,
                 err == KITH_ERR_NOT_FOUND ? MHD_HTTP_NOT_FOUND : MHD_HTTP_INTERNAL_SERVER_ERROR,
                 "nothing was cosigned\n");
        return;
    }
    out->status = MHD_HTTP_OK;
}

/* ---- Arrivals ---- */

static void
take_upload(arrival *in, const char *data, size_t len)
{
    if (in->is_too_long || in->body.len + len > KT_ADD_REQUEST_MAX ||
        kith_buf_append(&in->body, kith_bytes_of(data, len)) != KITH_OK) {
        in->is_too_long = true;
        kith_buf_done(&in->body);
    }
}

static enum MHD_Result
answer(http *h, struct MHD_Connection *connection, const char *method, const char *url,
       const arrival *in)
{
    reply out = {.type = TYPE_TEXT};
    const bool is_add = strcmp(url, "/add-checkpoint") == 0;

    if (is_add && strcmp(method, MHD_HTTP_METHOD_POST) == 0) {
        answer_add(h, in, &out);
    } else if (!is_add && strcmp(method, MHD_HTTP_METHOD_GET) == 0) {
        answer_get(h, url, &out);
    } else {
        set_text(&out, MHD_HTTP_METHOD_NOT_ALLOWED, "wrong method\n");
    }
    const enum MHD_Result result = send_reply(connection, &out);
    kith_buf_done(&out.body);
    return result;
}

/* The signature is libmicrohttpd's: called first with the head, then with pieces of the body, then with none. */
static enum MHD_Result
handle_request(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
               const char *version, const char *data, size_t *len, void **state)
{
    arrival *in = *state;

    (void)version;
    if (in == NULL) {
        *state = calloc(1, sizeof *in);
        return *state != NULL ? MHD_YES : MHD_NO;
    }
    if (*len > 0) {
        take_upload(in, data, *len);
        *len = 0;
        return MHD_YES;
    }
    return answer(ctx, connection, method, url, in);
}

static void
handle_end(void *ctx, struct MHD_Connection *connection, void **state,
           enum MHD_RequestTerminationCode why)
{
    arrival *in = *state;

    (void)ctx;
    (void)connection;
    (void)why;
    if (in != NULL) {
        kith_buf_done(&in->body);
        free(in);
        *state = NULL;
    }
}

/* ---- Listening ---- */

/* The length of the address; 0: it is no numeric one. */
static socklen_t
fill_address(const witness_config *config, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, config->listen, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(config->port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, config->listen, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(config->port);
        return sizeof *v6;
    }
    return 0;
}

/* A listening socket; -1 with errno. */
static int
listen_at(const struct sockaddr_storage *at, socklen_t len)
{
    const int on = 1;
    const int fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)at, len) != 0 || listen(fd, SOMAXCONN) != 0) {
        const int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static struct MHD_Daemon *
start_daemon(http *h, int fd)
{
    const unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL;

    return MHD_start_daemon(
        flags, 0, NULL, NULL, handle_request, h, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_COMPLETED, handle_end, NULL, MHD_OPTION_THREAD_POOL_SIZE, HTTP_THREADS,
        MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        HTTP_SOURCE_CONNS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, HTTP_IDLE_S, MHD_OPTION_END);
}

static int
open_daemon(const witness_config *config, http *h)
{
    struct sockaddr_storage at;
    const socklen_t len = fill_address(config, &at);

    if (len == 0) {
        witness_complain("listen %s: a numeric address is needed, such as 127.0.0.1",
                         config->listen);
        return EXIT_USAGE;
    }
    const int fd = listen_at(&at, len);
    if (fd < 0) {
        const int status = errno == EADDRINUSE ? EXIT_IN_USE : EXIT_FAILED;
        witness_complain("cannot listen on %s port %u: %s", config->listen, config->port,
                         strerror(errno));
        return status;
    }
    h->daemon = start_daemon(h, fd);
    if (h->daemon == NULL) {
        witness_complain("cannot answer on %s port %u", config->listen, config->port);
        close(fd);
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

http *
http_start(const witness_config *config, cosigner *w, int *status)
{
    http *h = calloc(1, sizeof *h);

    if (h == NULL) {
        witness_complain("out of memory");
        *status = EXIT_FAILED;
        return NULL;
    }
    h->cosigner = w;
    *status = open_daemon(config, h);
    if (*status != EXIT_DONE) {
        free(h);
        return NULL;
    }
    return h;
}

void
http_stop(http *h)
{
    if (h != NULL) {
        MHD_stop_daemon(h->daemon);
        free(h);
    }
}
