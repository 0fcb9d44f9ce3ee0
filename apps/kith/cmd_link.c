/* SPDX-License-Identifier: MPL-2.0 */
/* kith link (on the old device: shows a code, asks once), kith link CODE (on the new one) */
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "words.h"

/* ---- The old device ---- */

static int
approve(cli *c, const char *name, bool is_sure)
{
    cli_params params = cli_params_new();
    rpc_message answer = {0};
    bool yes = is_sure;

    if (!is_sure && !cli_is_terminal()) {
        cli_say("kith: %s", WORDS_LINK_NO_TERMINAL);
    } else if (!is_sure) {
        cli_say_name(WORDS_LINK_ASK, name);
        yes = cli_ask_yes(WORDS_LINK_YES);
    }
    cli_param_bool(&params, "yes", yes);
    const int status = cli_call(c, "pair.approve", &params, &answer);
    rpc_message_done(&answer);
    if (status == CLI_OK && !yes) {
        cli_say(WORDS_LINK_DECLINED);
        return CLI_REFUSED;
    }
    return status;
}

static int
await_device(cli *c, bool is_sure)
{
    char name[CLI_NAME_MAX] = "";

    for (;;) {
        rpc_message step = {0};
        int status = cli_call(c, "pair.wait", NULL, &step);
        const bool is_done =
            status == CLI_OK && strcmp(cli_text(step.result, "state"), "done") == 0;
        if (status == CLI_OK && !is_done) {
            snprintf(name, sizeof name, "%s", cli_text(step.result, "name"));
            status = approve(c, name, is_sure);
        }
        if (is_done && c->json) {
            cli_print_json(step.result);
        } else if (is_done) {
            cli_say_name(WORDS_LINKED_OLD, name);
        }
        rpc_message_done(&step);
        if (status != CLI_OK || is_done) {
            return status;
        }
    }
}

static int
offer(cli *c, bool is_sure)
{
    rpc_message answer = {0};
    const int status = cli_call(c, "pair.offer", NULL, &answer);

    if (status == CLI_OK && c->json) {
        cli_print_json(answer.result);
    } else if (status == CLI_OK && isatty(STDOUT_FILENO) == 1) {
        printf(WORDS_LINK_SHOW, cli_text(answer.result, "code"));
    } else if (status == CLI_OK) {
        puts(cli_text(answer.result, "code"));
    }
    fflush(stdout);
    rpc_message_done(&answer);
    return status == CLI_OK ? await_device(c, is_sure) : status;
}

/* ---- The new device ---- */

/* Enough to say the next thing to a person; the agent judges the rest. */
static bool
looks_like_code(const char *code)
{
    const size_t number = strspn(code, "0123456789");

    return number > 0 && code[number] == '-' && strspn(code + number + 1, "0123456789") == 6;
}

static int
accept_code(cli *c, const char *code, const char *name)
{
    char host[RPC_NAME_MAX + 1] = "";
    cli_params params = cli_params_new();
    rpc_message answer = {0};

    if (name == NULL && gethostname(host, sizeof host) == 0) {
        host[sizeof host - 1] = '\0';
        name = host;
    }
    cli_param_text(&params, "code", code);
    if (name != NULL && name[0] != '\0') {
        cli_param_text(&params, "device_name", name);
    }
    if (!c->json && looks_like_code(code)) {
        cli_say(WORDS_LINK_WAIT);
    }
    const int status = cli_call(c, "pair.accept", &params, &answer);
    if (status == CLI_OK && c->json) {
        cli_print_json(answer.result);
    } else if (status == CLI_OK) {
        cli_say(WORDS_LINKED_NEW);
    }
    rpc_message_done(&answer);
    return status;
}

int
cmd_link(cli *c, int argc, char **argv)
{
    bool is_sure = false;
    const char *name = NULL;
    const cli_option options[] = {
        {"--yes", &is_sure, NULL}, {"--name", NULL, &name}, {NULL, NULL, NULL}};

    const int status = cli_args(c, &argc, argv, options);
    if (status != CLI_OK) {
        return status;
    }
    if (argc > 2) {
        return cli_usage_error(argv[0], WORDS_TOO_MUCH);
    }
    return argc == 2 ? accept_code(c, argv[1], name) : offer(c, is_sure);
}
