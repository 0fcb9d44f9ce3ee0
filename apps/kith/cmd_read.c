/* SPDX-License-Identifier: MPL-2.0 */
/* kith read [WHO] [--follow]: one chat, or everything that is new; and what comes */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "words.h"

#define LAST_DEFAULT 50u

typedef struct reading {
    bool follow;
    bool keep_unread;
    const char *last;
    cli_view view;
    const char *conv; /* the only chat; NULL: all */
    char shown_conv[CLI_HEX_MAX]; /* whose name stands above the newest line */
} reading;

/* ---- Printing ------------------------------------------------------------------------------ */

static int
mark_read(cli *c, const reading *r, const char *conv, uint64_t n)
{
    rpc_message answer = {0};

    if (r->keep_unread || n == 0) {
        return CLI_OK;
    }
    cli_params params = cli_params_new();
    cli_param_text(&params, "conv", conv);
    cli_param_u64(&params, "n", n);
    const int status = cli_call(c, "message.read", &params, &answer);
    rpc_message_done(&answer);
    return status;
}

static int
list_messages(cli *c, const char *conv, uint64_t limit, rpc_message *answer)
{
    cli_params params = cli_params_new();

    cli_param_text(&params, "conv", conv);
    cli_param_u64(&params, "limit", limit);
    return cli_call(c, "message.list", &params, answer);
}

/* The name above the lines of a chat, when all chats are read. */
static void
head(reading *r, const char *conv, const char *name)
{
    if (r->view.json || r->conv != NULL || strcmp(r->shown_conv, conv) == 0) {
        return;
    }
    printf("%s-- ", r->shown_conv[0] != '\0' ? "\n" : "");
    cli_print_line(stdout, name[0] != '\0' ? name : WORDS_SOMEBODY);
    puts(" --");
    snprintf(r->shown_conv, sizeof r->shown_conv, "%s", conv);
}

static int
read_one(cli *c, reading *r)
{
    rpc_message answer = {0};
    char *end = NULL;
    const uint64_t limit = r->last != NULL ? strtoull(r->last, &end, 10) : LAST_DEFAULT;

    if (end != NULL && (*end != '\0' || end == r->last)) {
        return cli_usage_error("read", words_field("limit"));
    }
    int status = list_messages(c, r->conv, limit, &answer);
    if (status == CLI_OK) {
        yyjson_val *messages = yyjson_obj_get(answer.result, "messages");
        if (yyjson_arr_size(messages) == 0 && !r->view.json && !r->follow) {
            cli_say(WORDS_NO_MESSAGES);
        }
        cli_show_messages(&r->view, messages);
        status = mark_read(c, r, r->conv, r->view.last_n);
    }
    rpc_message_done(&answer);
    return status;
}

/* ---- Everything that is new ---------------------------------------------------------------- */

static int
read_new_of(cli *c, reading *r, yyjson_val *chat)
{
    const char *conv = cli_text(chat, "conv");
    const uint64_t unread = cli_u64(chat, "unread");
    rpc_message answer = {0};
    size_t index = 0;
    size_t count = 0;
    yyjson_val *message = NULL;

    /* Own messages may stand between the new ones; the newest 500 at most. */
    const uint64_t limit = unread + 20 < RPC_LIST_MAX ? unread + 20 : RPC_LIST_MAX;
    const int status = list_messages(c, conv, limit, &answer);
    uint64_t last = 0;
    head(r, conv, cli_text(chat, "name"));
    yyjson_arr_foreach(yyjson_obj_get(answer.result, "messages"), index, count, message)
    {
        if (!cli_bool(message, "is_own") && !cli_bool(message, "is_read")) {
            cli_show_message(&r->view, message, false);
            last = cli_u64(message, "n");
        }
    }
    rpc_message_done(&answer);
    return status == CLI_OK ? mark_read(c, r, conv, last) : status;
}

static int
read_new_page(cli *c, reading *r, yyjson_val *chats, bool *any)
{
    size_t index = 0;
    size_t count = 0;
    yyjson_val *chat = NULL;

    yyjson_arr_foreach(chats, index, count, chat)
    {
        const char *name = cli_text(chat, "name");
        if (strcmp(cli_text(chat, "state"), "request") == 0) {
            if (!c->json) {
                fputs("* ", stderr);
                cli_say_name(WORDS_CHAT_REQUEST_LINE, name);
            }
        } else if (cli_u64(chat, "unread") > 0) {
            const int status = read_new_of(c, r, chat);
            *any = true;
            if (status != CLI_OK) {
                return status;
            }
        }
    }
    return CLI_OK;
}

static int
read_new(cli *c, reading *r)
{
    bool any = false;
    uint64_t skip = 0;
    uint64_t total = 1;

    while (skip < total) {
        cli_params params = cli_params_new();
        rpc_message answer = {0};
        cli_param_u64(&params, "skip", skip);
        int status = cli_call(c, "chat.list", &params, &answer);
        if (status == CLI_OK) {
            total = cli_u64(answer.result, "total");
            status = read_new_page(c, r, yyjson_obj_get(answer.result, "chats"), &any);
        }
        rpc_message_done(&answer);
        if (status != CLI_OK) {
            return status;
        }
        skip += RPC_PAGE_MAX;
    }
    if (!any && !c->json && !r->follow) {
        cli_say(WORDS_NOTHING_NEW);
    }
    return CLI_OK;
}

/* ---- What comes ---------------------------------------------------------------------------- */

static void
head_of_event(cli *c, reading *r, const char *conv)
{
    rpc_message chat = {0};

    if (r->view.json || r->conv != NULL || strcmp(r->shown_conv, conv) == 0) {
        return;
    }
    cli_params params = cli_params_new();
    cli_param_text(&params, "conv", conv);
    if (cli_call(c, "chat.get", &params, &chat) == CLI_OK) {
        head(r, conv, cli_text(chat.result, "name"));
    }
    rpc_message_done(&chat);
}

/* Each message once: numbers grow, so what was shown is behind the newest that was. */
static int
show_event(cli *c, reading *r, yyjson_val *event)
{
    yyjson_val *message = yyjson_obj_get(event, "message");
    const char *conv = cli_text(event, "conv");
    const uint64_t n = cli_u64(message, "n");

    if (message == NULL || n <= r->view.last_n || (r->conv != NULL && strcmp(r->conv, conv) != 0)) {
        return CLI_OK;
    }
    head_of_event(c, r, conv);
    cli_show_message(&r->view, message, false);
    return cli_bool(message, "is_own") ? CLI_OK : mark_read(c, r, conv, n);
}

static int
follow(cli *c, reading *r)
{
    for (;;) {
        rpc_message event = {0};
        const kith_err err = rpc_client_next(c->client, RPC_WAIT_MAX_MS, &event);
        if (err == KITH_ERR_NOT_FOUND) {
            continue;
        }
        if (err != KITH_OK) {
            cli_say(WORDS_AGENT_GONE);
            return CLI_FAILED;
        }
        const int status = show_event(c, r, event.result);
        rpc_message_done(&event);
        if (status != CLI_OK) {
            return status;
        }
    }
}

/* Events are asked for before the messages, so that none can come between. */
static int
subscribe(cli *c)
{
    rpc_message answer = {0};
    const int status = cli_call(c, "events.subscribe", NULL, &answer);

    rpc_message_done(&answer);
    return status;
}

int
cmd_read(cli *c, int argc, char **argv)
{
    reading r = {0};
    cli_found chat;
    const cli_option options[] = {{"--follow", &r.follow, NULL},
                                  {"--keep-unread", &r.keep_unread, NULL},
                                  {"--last", NULL, &r.last},
                                  {NULL, NULL, NULL}};

    int status = cli_args(c, &argc, argv, options);
    if (status != CLI_OK) {
        return status;
    }
    if (argc > 2) {
        return cli_usage_error(argv[0], WORDS_TOO_MUCH);
    }
    r.view.json = c->json;
    if (argc == 2) {
        status = cli_find_chat(c, argv[1], &chat);
        r.conv = chat.conv;
    }
    if (status == CLI_OK && r.follow) {
        status = subscribe(c);
    }
    if (status == CLI_OK) {
        status = r.conv != NULL ? read_one(c, &r) : read_new(c, &r);
    }
    return status == CLI_OK && r.follow ? follow(c, &r) : status;
}
