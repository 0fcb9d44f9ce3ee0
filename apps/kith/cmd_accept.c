/* SPDX-License-Identifier: MPL-2.0 */
/* kith accept WHO, kith decline WHO: answers somebody who asks to write */
#include <string.h>

#include "cli.h"
#include "words.h"

static int
find_asker(cli *c, const char *who, char account[CLI_HEX_MAX])
{
    cli_params params = cli_params_new();
    rpc_message answer = {0};
    cli_found found = {0};

    cli_param_text(&params, "who", who);
    cli_param_bool(&params, "request", true);
    const rpc_call call = {.method = "chat.find", .params = params.doc};
    int status = cli_try(c, &call, &answer);
    if (status == CLI_OK) {
        snprintf(found.conv, sizeof found.conv, "%s", cli_text(answer.result, "conv"));
    } else if (answer.fault.kind == RPC_KIND_NOT_FOUND && !c->json) {
        cli_say_name(WORDS_NO_REQUEST, who);
    } else if (answer.fault.kind != RPC_KIND_NONE) {
        status = cli_tell(c, "chat.find", &answer);
    }
    rpc_message_done(&answer);
    cli_params_done(&params);
    if (status != CLI_OK) {
        return status;
    }
    params = cli_params_new();
    cli_param_text(&params, "conv", found.conv);
    status = cli_call(c, "chat.get", &params, &answer);
    snprintf(account, CLI_HEX_MAX, "%s", cli_text(answer.result, "peer"));
    rpc_message_done(&answer);
    return status;
}

int
cmd_accept(cli *c, int argc, char **argv)
{
    const bool yes = strcmp(argv[0], "accept") == 0;
    char account[CLI_HEX_MAX] = "";
    rpc_message answer = {0};

    int status = cli_args(c, &argc, argv, NULL);
    if (status != CLI_OK) {
        return status;
    }
    if (argc != 2) {
        return cli_usage_error(argv[0], argc < 2 ? WORDS_MISSING : WORDS_TOO_MUCH);
    }
    status = find_asker(c, argv[1], account);
    if (status != CLI_OK) {
        return status;
    }
    cli_params params = cli_params_new();
    cli_param_text(&params, "account", account);
    cli_param_bool(&params, "yes", yes);
    status = cli_call(c, "person.answer", &params, &answer);
    if (status == CLI_OK && c->json) {
        cli_print_json(answer.result);
    } else if (status == CLI_OK) {
        cli_say(yes ? WORDS_ACCEPTED : WORDS_DECLINED);
    }
    rpc_message_done(&answer);
    return status;
}
