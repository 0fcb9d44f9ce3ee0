/* SPDX-License-Identifier: MPL-2.0 */
/* kith send WHO [TEXT|-]: kept when it returns, and normally sent */
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "words.h"

typedef struct sending {
    const char *once;
    const char *wait;
    kith_buf text;
} sending;

static void
sending_done(sending *send)
{
    kith_buf_done(&send->text);
}

/* From the arguments; from stdin for "-", or when it is not a terminal; asked for on one. */
static int
find_text(int argc, char **argv, sending *send)
{
    const bool is_dash = argc == 3 && strcmp(argv[2], "-") == 0;
    kith_err err = KITH_OK;

    if (argc > 2 && !is_dash) {
        err = cli_join_words(argc, argv, 2, &send->text);
    } else if (!is_dash && isatty(STDIN_FILENO) == 1) {
        err = cli_ask(WORDS_ASK_TEXT, &send->text);
    } else {
        err = cli_read_stdin(RPC_TEXT_MAX, &send->text);
    }
    if (err == KITH_ERR_LIMIT || send->text.len > RPC_TEXT_MAX) {
        cli_say(WORDS_TEXT_LONG);
        return CLI_USAGE;
    }
    if (err != KITH_OK || send->text.len == 0) {
        return cli_usage_error(argv[0], WORDS_NEED_TEXT);
    }
    return CLI_OK;
}

/* A message that is kept is on its way, whatever happens to the connection: that is success. */
static int
await(cli *c, const cli_found *chat, uint64_t n, const char *state)
{
    cli_params params = cli_params_new();
    rpc_message answer = {0};

    cli_param_text(&params, "conv", chat->conv);
    cli_param_u64(&params, "n", n);
    cli_param_text(&params, "state", state != NULL ? state : "sent");
    if (state != NULL) {
        cli_param_u64(&params, "timeout_ms", RPC_WAIT_MAX_MS);
    }
    const rpc_call call = {.method = "message.wait",
                           .params = params.doc,
                           .timeout_ms = RPC_WAIT_MAX_MS + RPC_CALL_MS};
    int status = cli_try(c, &call, &answer);
    if (status == CLI_OFFLINE && state == NULL) {
        if (!c->json) {
            cli_say(WORDS_KEPT);
        }
        status = CLI_OK;
    } else if (status != CLI_OK && answer.fault.kind != RPC_KIND_NONE) {
        status = cli_tell(c, "message.wait", &answer);
    }
    rpc_message_done(&answer);
    cli_params_done(&params);
    return status;
}

static int
send_text(cli *c, const cli_found *chat, const sending *send)
{
    cli_params params = cli_params_new();
    rpc_message answer = {0};

    cli_param_text(&params, "conv", chat->conv);
    cli_param_bytes(&params, "text", kith_bytes_of_buf(&send->text));
    if (send->once != NULL) {
        cli_param_text(&params, "once", send->once);
    }
    int status = cli_call(c, "message.send", &params, &answer);
    if (status == CLI_OK) {
        status = await(c, chat, cli_u64(answer.result, "n"), send->wait);
    }
    if (status == CLI_OK && c->json) {
        cli_print_json(answer.result);
    }
    rpc_message_done(&answer);
    return status;
}

int
cmd_send(cli *c, int argc, char **argv)
{
    KITH_AUTO(sending) send = {0};
    const cli_option options[] = {
        {"--once", NULL, &send.once}, {"--wait", NULL, &send.wait}, {NULL, NULL, NULL}};
    cli_found chat;

    int status = cli_args(c, &argc, argv, options);
    if (status != CLI_OK) {
        return status;
    }
    if (argc < 2) {
        return cli_usage_error(argv[0], WORDS_MISSING);
    }
    if (send.wait != NULL && strcmp(send.wait, "sent") != 0 &&
        strcmp(send.wait, "delivered") != 0 && strcmp(send.wait, "read") != 0) {
        return cli_usage_error(argv[0], words_field("state"));
    }
    status = find_text(argc, argv, &send);
    if (status == CLI_OK) {
        status = cli_find_chat(c, argv[1], &chat);
    }
    return status == CLI_OK ? send_text(c, &chat, &send) : status;
}
