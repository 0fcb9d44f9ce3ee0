/* SPDX-License-Identifier: MPL-2.0 */
/* kith rpc: lines from stdin to the agent, its lines to stdout */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "words.h"

typedef struct passing {
    kith_buf in; /* what came from stdin and is not a whole line yet */
    bool is_over; /* stdin has ended */
    uint64_t asked;
    uint64_t answered;
} passing;

static void
passing_done(passing *p)
{
    kith_buf_done(&p->in);
}

/* Every line but an empty one has an answer. */
static kith_err
pass_lines(cli *c, passing *p)
{
    size_t len = 0;

    while (rpc_line_find(kith_bytes_of_buf(&p->in), &len)) {
        if (len > 0) {
            KITH_TRY(rpc_client_write_line(c->client, kith_bytes_of(p->in.data, len)));
            p->asked++;
        }
        kith_buf_drop_front(&p->in, len + 1);
    }
    return p->in.len <= RPC_LINE_MAX ? KITH_OK : KITH_ERR_LIMIT;
}

static kith_err
pass_stdin(cli *c, passing *p)
{
    uint8_t piece[65536];
    const ssize_t got = read(STDIN_FILENO, piece, sizeof piece);

    if (got < 0 && errno == EINTR) {
        return KITH_OK;
    }
    if (got > 0) {
        KITH_TRY(kith_buf_append(&p->in, kith_bytes_of(piece, (size_t)got)));
    } else {
        p->is_over = true;
        if (p->in.len > 0) {
            KITH_TRY(kith_buf_append(&p->in, kith_bytes_of("\n", 1)));
        }
    }
    return pass_lines(c, p);
}

/* Prints every line that is there, at once: the next program may wait for it. */
static kith_err
pass_answers(cli *c, passing *p)
{
    KITH_AUTO(kith_buf) line = {0};

    for (;;) {
        rpc_message message = {0};
        const kith_err err = rpc_client_read_line(c->client, 0, &line);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        fwrite(line.data, 1, line.len, stdout);
        putchar('\n');
        fflush(stdout);
        const bool is_event =
            rpc_message_parse(kith_bytes_of_buf(&line), &message) == KITH_OK && message.is_event;
        p->answered += is_event ? 0 : 1;
        rpc_message_done(&message);
    }
}

static kith_err
pass(cli *c, passing *p)
{
    while (!p->is_over || p->answered < p->asked) {
        struct pollfd fds[] = {
            {.fd = rpc_client_fd(c->client), .events = POLLIN},
            {.fd = p->is_over ? -1 : STDIN_FILENO, .events = POLLIN},
        };
        if (poll(fds, 2, -1) < 0) {
            KITH_ENSURE(errno == EINTR, KITH_ERR_INVALID);
            continue;
        }
        if (fds[0].revents != 0) {
            KITH_TRY(pass_answers(c, p));
        }
        if (fds[1].revents != 0) {
            KITH_TRY(pass_stdin(c, p));
        }
    }
    return KITH_OK;
}

int
cmd_rpc(cli *c, int argc, char **argv)
{
    KITH_AUTO(passing) p = {0};

    int status = cli_args(c, &argc, argv, NULL);
    if (status != CLI_OK) {
        return status;
    }
    if (argc > 1) {
        return cli_usage_error(argv[0], WORDS_TOO_MUCH);
    }
    status = cli_connect(c, true);
    if (status == CLI_OK && pass(c, &p) != KITH_OK) {
        cli_say(WORDS_AGENT_GONE);
        status = CLI_FAILED;
    }
    return status;
}
