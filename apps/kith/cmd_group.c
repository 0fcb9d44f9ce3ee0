/* SPDX-License-Identifier: MPL-2.0 */
/* kith group new TITLE WHO..., add GROUP WHO, remove GROUP WHO, leave GROUP */
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "words.h"

/* Calls and prints; `words` is said when it went well. */
static int
finish(cli *c, const char *method, cli_params *params, const char *words)
{
    rpc_message answer = {0};
    const int status = cli_call(c, method, params, &answer);

    if (status == CLI_OK && c->json) {
        cli_print_json(answer.result);
    } else if (status == CLI_OK && words != NULL) {
        cli_say("%s", words);
    }
    rpc_message_done(&answer);
    return status;
}

static int
group_new(cli *c, int argc, char **argv)
{
    cli_params params = cli_params_new();
    yyjson_mut_val *accounts = yyjson_mut_arr(params.doc);

    for (int i = 3; i < argc; i++) {
        char account[CLI_HEX_MAX] = "";
        const int status = cli_find_person(c, argv[i], account);
        if (status != CLI_OK) {
            cli_params_done(&params);
            return status;
        }
        (void)yyjson_mut_arr_add_strcpy(params.doc, accounts, account);
    }
    cli_param_text(&params, "title", argv[2]);
    (void)yyjson_mut_obj_add_val(params.doc, params.root, "accounts", accounts);
    const int status = finish(c, "group.create", &params, NULL);
    if (status == CLI_OK && !c->json) {
        cli_say_name(WORDS_GROUP_MADE, argv[2]);
    }
    return status;
}

static int
group_add(cli *c, int argc, char **argv)
{
    cli_found group;
    char account[CLI_HEX_MAX] = "";

    (void)argc;
    int status = cli_find_chat(c, argv[2], &group);
    if (status == CLI_OK) {
        status = cli_find_person(c, argv[3], account);
    }
    if (status != CLI_OK) {
        return status;
    }
    cli_params params = cli_params_new();
    cli_param_text(&params, "conv", group.conv);
    cli_param_text(&params, "account", account);
    return finish(c, "group.add", &params, WORDS_GROUP_DONE);
}

/* A member by name or by the beginning of its number; members need not be people one writes to. */
static int
find_member(cli *c, const char *conv, const char *who, char account[CLI_HEX_MAX])
{
    cli_params params = cli_params_new();
    rpc_message answer = {0};
    size_t index = 0;
    size_t count = 0;
    size_t found = 0;
    yyjson_val *reader = NULL;

    cli_param_text(&params, "conv", conv);
    const int status = cli_call(c, "chat.readers", &params, &answer);
    yyjson_arr_foreach(yyjson_obj_get(answer.result, "readers"), index, count, reader)
    {
        const char *id = cli_text(reader, "account");
        if (strcasecmp(cli_text(reader, "name"), who) == 0 ||
            (strlen(who) >= 8 && strncmp(id, who, strlen(who)) == 0)) {
            snprintf(account, CLI_HEX_MAX, "%s", id);
            found++;
        }
    }
    rpc_message_done(&answer);
    if (status != CLI_OK || found == 1) {
        return status;
    }
    cli_say_name(WORDS_NOT_MEMBER, who);
    return CLI_NOT_FOUND;
}

static int
group_remove(cli *c, int argc, char **argv)
{
    cli_found group;
    char account[CLI_HEX_MAX] = "";

    (void)argc;
    int status = cli_find_chat(c, argv[2], &group);
    if (status == CLI_OK) {
        status = find_member(c, group.conv, argv[3], account);
    }
    if (status != CLI_OK) {
        return status;
    }
    cli_params params = cli_params_new();
    cli_param_text(&params, "conv", group.conv);
    cli_param_text(&params, "account", account);
    return finish(c, "group.remove", &params, WORDS_GROUP_DONE);
}

static int
group_leave(cli *c, int argc, char **argv)
{
    cli_found group;

    (void)argc;
    const int status = cli_find_chat(c, argv[2], &group);
    if (status != CLI_OK) {
        return status;
    }
    cli_params params = cli_params_new();
    cli_param_text(&params, "conv", group.conv);
    return finish(c, "group.leave", &params, WORDS_GROUP_DONE);
}

int
cmd_group(cli *c, int argc, char **argv)
{
    static const struct {
        const char *name;
        int least;
        int most;
        cli_run run;
    } verbs[] = {
        {"new", 4, 3 + (int)RPC_ACCOUNTS_MAX, group_new},
        {"add", 4, 4, group_add},
        {"remove", 4, 4, group_remove},
        {"leave", 3, 3, group_leave},
    };

    const int status = cli_args(c, &argc, argv, NULL);
    if (status != CLI_OK) {
        return status;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (argc > 1 && strcmp(argv[1], verbs[i].name) == 0) {
            if (argc < verbs[i].least || argc > verbs[i].most) {
                return cli_usage_error(argv[0],
                                       argc < verbs[i].least ? WORDS_MISSING : WORDS_TOO_MUCH);
            }
            return verbs[i].run(c, argc, argv);
        }
    }
    return cli_usage_error(argv[0], WORDS_MISSING);
}
