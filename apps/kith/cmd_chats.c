/* SPDX-License-Identifier: MPL-2.0 */
/* kith chats */
#include <string.h>

#include "cli.h"
#include "words.h"

static const char *
state_words(const char *state)
{
    if (strcmp(state, "request") == 0) {
        return WORDS_CHAT_REQUEST;
    }
    if (strcmp(state, "left") == 0) {
        return WORDS_CHAT_LEFT;
    }
    if (strcmp(state, "broken") == 0) {
        return WORDS_CHAT_BROKEN;
    }
    return strcmp(state, "opening") == 0 ? WORDS_CHAT_OPENING : NULL;
}

/* The first line of the newest text. */
static void
print_preview(yyjson_val *chat)
{
    char text[256];

    snprintf(text, sizeof text, "%s", cli_text(chat, "last_text"));
    text[strcspn(text, "\n")] = '\0';
    if (cli_bool(chat, "last_is_own")) {
        printf("%s: ", WORDS_YOU);
    }
    cli_print_line(stdout, text);
}

static void
print_chat(yyjson_val *chat, int width)
{
    const uint64_t last = cli_u64(chat, "last_ms");
    const char *state = state_words(cli_text(chat, "state"));
    const char *name = cli_text(chat, "name");
    char when[40] = "";

    if (last > 0) {
        cli_time_text(last, when, sizeof when);
    }
    cli_print_padded(stdout, name[0] != '\0' ? name : WORDS_SOMEBODY, width);
    printf("  %-16s  ", when);
    if (state != NULL) {
        printf("[%s] ", state);
    }
    if (cli_u64(chat, "unread") > 0) {
        printf("[" WORDS_UNREAD "] ", (unsigned long long)cli_u64(chat, "unread"));
    }
    print_preview(chat);
    putchar('\n');
}

static void
print_chats(yyjson_val *chats)
{
    int width = 8;
    size_t index = 0;
    size_t count = 0;
    yyjson_val *chat = NULL;

    yyjson_arr_foreach(chats, index, count, chat)
    {
        const int columns = cli_width(cli_text(chat, "name"));
        width = columns > width ? columns : width;
    }
    yyjson_arr_foreach(chats, index, count, chat)
    {
        if (strcmp(cli_text(chat, "state"), "declined") != 0) {
            print_chat(chat, width < 32 ? width : 32);
        }
    }
}

int
cmd_chats(cli *c, int argc, char **argv)
{
    uint64_t skip = 0;
    uint64_t total = 1;

    int status = cli_args(c, &argc, argv, NULL);
    if (status != CLI_OK) {
        return status;
    }
    if (argc > 1) {
        return cli_usage_error(argv[0], WORDS_TOO_MUCH);
    }
    while (status == CLI_OK && skip < total) {
        cli_params params = cli_params_new();
        rpc_message answer = {0};
        cli_param_u64(&params, "skip", skip);
        status = cli_call(c, "chat.list", &params, &answer);
        total = cli_u64(answer.result, "total");
        if (status == CLI_OK && c->json) {
            cli_print_json(answer.result);
        } else if (status == CLI_OK && total == 0) {
            cli_say(WORDS_NO_CHATS);
        } else if (status == CLI_OK) {
            print_chats(yyjson_obj_get(answer.result, "chats"));
        }
        rpc_message_done(&answer);
        skip += RPC_PAGE_MAX;
    }
    return status;
}
