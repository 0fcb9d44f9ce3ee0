/* SPDX-License-Identifier: MPL-2.0 */
/* kith chat WHO: the conversation as it goes, and a line to type into it */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "line.h"
#include "words.h"

#define SHOWN_AT_FIRST 20u

typedef struct talk {
    cli *c;
    cli_found chat;
    cli_view view;
    cli_line line;
    uint64_t sent_n; /* the newest message that was typed here */
} talk;

static int
mark_read(talk *t, uint64_t n)
{
    cli_params params = cli_params_new();
    rpc_message answer = {0};

    cli_param_text(&params, "conv", t->chat.conv);
    cli_param_u64(&params, "n", n);
    const int status = cli_call(t->c, "message.read", &params, &answer);
    rpc_message_done(&answer);
    return status;
}

static int
show_past(talk *t)
{
    cli_params params = cli_params_new();
    rpc_message answer = {0};

    cli_param_text(&params, "conv", t->chat.conv);
    cli_param_u64(&params, "limit", SHOWN_AT_FIRST);
    int status = cli_call(t->c, "message.list", &params, &answer);
    if (status == CLI_OK) {
        cli_show_messages(&t->view, yyjson_obj_get(answer.result, "messages"));
    }
    rpc_message_done(&answer);
    if (status == CLI_OK && t->view.last_n > 0) {
        status = mark_read(t, t->view.last_n);
    }
    return status;
}

static int
send_line(talk *t, const kith_buf *text)
{
    cli_params params = cli_params_new();
    rpc_message answer = {0};

    cli_param_text(&params, "conv", t->chat.conv);
    cli_param_bytes(&params, "text", kith_bytes_of_buf(text));
    const int status = cli_call(t->c, "message.send", &params, &answer);
    if (status == CLI_OK) {
        t->sent_n = cli_u64(answer.result, "n");
    }
    rpc_message_done(&answer);
    return status;
}

static int
show_event(talk *t, yyjson_val *event)
{
    yyjson_val *message = yyjson_obj_get(event, "message");
    const uint64_t n = cli_u64(message, "n");

    if (strcmp(cli_text(event, "kind"), "alarm") == 0) {
        cli_say("%s", words_alarm(cli_text(event, "what")));
    }
    if (message == NULL || n <= t->view.last_n ||
        strcmp(cli_text(event, "conv"), t->chat.conv) != 0) {
        return CLI_OK;
    }
    cli_show_message(&t->view, message, false);
    return cli_bool(message, "is_own") ? CLI_OK : mark_read(t, n);
}

/* Everything that has come. */
static int
take_events(talk *t)
{
    for (;;) {
        rpc_message event = {0};
        const kith_err err = rpc_client_next(t->c->client, 0, &event);
        if (err == KITH_ERR_NOT_FOUND) {
            return CLI_OK;
        }
        if (err != KITH_OK) {
            cli_say(WORDS_AGENT_GONE);
            return CLI_FAILED;
        }
        const int status = show_event(t, event.result);
        rpc_message_done(&event);
        if (status != CLI_OK) {
            return status;
        }
    }
}

static int
take_lines(talk *t)
{
    KITH_AUTO(kith_buf) text = {0};

    if (cli_line_read(&t->line) != KITH_OK) {
        return CLI_FAILED;
    }
    while (cli_line_next(&t->line, &text)) {
        const int status = text.len > 0 ? send_line(t, &text) : CLI_OK;
        /* A text that is refused is told of, and the talk goes on. */
        if (status == CLI_FAILED) {
            return status;
        }
    }
    return CLI_OK;
}

static int
go_on(talk *t)
{
    int status = CLI_OK;

    cli_line_show(&t->line);
    while (status == CLI_OK && !t->line.is_over) {
        struct pollfd fds[] = {
            {.fd = rpc_client_fd(t->c->client), .events = POLLIN},
            {.fd = STDIN_FILENO, .events = POLLIN},
        };
        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            return CLI_FAILED;
        }
        cli_line_hide(&t->line);
        if (fds[1].revents != 0) {
            status = take_lines(t);
        }
        if (status == CLI_OK) {
            status = take_events(t);
        }
        cli_line_show(&t->line);
    }
    return status;
}

/* What was typed last has left, or it is said that it is kept. */
static void
await_last(talk *t)
{
    cli_params params = cli_params_new();
    rpc_message answer = {0};

    cli_param_text(&params, "conv", t->chat.conv);
    cli_param_u64(&params, "n", t->sent_n);
    cli_param_text(&params, "state", "sent");
    const rpc_call call = {.method = "message.wait", .params = params.doc};
    if (t->sent_n != 0 && cli_try(t->c, &call, &answer) == CLI_OFFLINE) {
        cli_say(WORDS_KEPT);
    }
    rpc_message_done(&answer);
    cli_params_done(&params);
}

static int
begin(talk *t, char *prompt, size_t size)
{
    rpc_message account = {0};
    rpc_message answer = {0};

    int status = cli_call(t->c, "account.get", NULL, &account);
    snprintf(prompt, size, "%s> ", cli_text(account.result, "name"));
    rpc_message_done(&account);
    if (status == CLI_OK) {
        status = cli_call(t->c, "events.subscribe", NULL, &answer);
        rpc_message_done(&answer);
    }
    return status == CLI_OK ? show_past(t) : status;
}

int
cmd_chat(cli *c, int argc, char **argv)
{
    talk t = {.c = c};
    char prompt[CLI_NAME_MAX + 4];

    int status = cli_args(c, &argc, argv, NULL);
    if (status != CLI_OK) {
        return status;
    }
    if (argc != 2) {
        return cli_usage_error(argv[0], argc < 2 ? WORDS_MISSING : WORDS_TOO_MUCH);
    }
    t.view.json = c->json;
    status = cli_find_chat(c, argv[1], &t.chat);
    if (status == CLI_OK) {
        status = begin(&t, prompt, sizeof prompt);
    }
    if (status != CLI_OK) {
        return status;
    }
    if (cli_is_terminal()) {
        cli_say_name(WORDS_CHAT_HELP, t.chat.name);
    }
    cli_line_open(&t.line, prompt);
    status = go_on(&t);
    cli_line_close(&t.line);
    await_last(&t);
    return status;
}
