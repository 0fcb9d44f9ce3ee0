/* SPDX-License-Identifier: MPL-2.0 */
/* kith name NEW */
#include "cli.h"
#include "words.h"

int
cmd_name(cli *c, int argc, char **argv)
{
    rpc_message answer = {0};

    int status = cli_args(c, &argc, argv, NULL);
    if (status != CLI_OK) {
        return status;
    }
    if (argc != 2) {
        return cli_usage_error(argv[0], argc < 2 ? WORDS_MISSING : WORDS_TOO_MUCH);
    }
    cli_params params = cli_params_new();
    cli_param_text(&params, "name", argv[1]);
    status = cli_call(c, "account.rename", &params, &answer);
    if (status == CLI_OK && c->json) {
        cli_print_json(answer.result);
    } else if (status == CLI_OK) {
        cli_say_name(WORDS_RENAMED, argv[1]);
    }
    rpc_message_done(&answer);
    return status;
}
