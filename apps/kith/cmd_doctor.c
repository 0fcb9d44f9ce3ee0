/* SPDX-License-Identifier: MPL-2.0 */
/* kith doctor */
#include "cli.h"
#include "words.h"

static int
print_checks(yyjson_val *checks)
{
    int status = CLI_OK;
    size_t index = 0;
    size_t count = 0;
    yyjson_val *check = NULL;

    yyjson_arr_foreach(checks, index, count, check)
    {
        const bool ok = cli_bool(check, "ok");
        printf("%-4s  %-10s  ", ok ? "ok" : "BAD", cli_text(check, "name"));
        cli_print_line(stdout, cli_text(check, "text"));
        putchar('\n');
        status = ok ? status : CLI_FAILED;
    }
    return status;
}

int
cmd_doctor(cli *c, int argc, char **argv)
{
    rpc_message answer = {0};

    int status = cli_args(c, &argc, argv, NULL);
    if (status != CLI_OK) {
        return status;
    }
    if (argc > 1) {
        return cli_usage_error(argv[0], WORDS_TOO_MUCH);
    }
    status = cli_call(c, "agent.doctor", NULL, &answer);
    if (status == CLI_OK && c->json) {
        cli_print_json(answer.result);
    } else if (status == CLI_OK) {
        printf("ok    kith        version %s\n", KITH_VERSION);
        status = print_checks(yyjson_obj_get(answer.result, "checks"));
    }
    rpc_message_done(&answer);
    return status;
}
