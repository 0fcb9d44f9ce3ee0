/* SPDX-License-Identifier: MPL-2.0 */
/* kith join LINK [--name NAME] [TEXT], kith new LINK [--name NAME] */
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "words.h"

typedef struct joining {
    const char *name;
    const char *device;
    kith_buf asked_name;
    kith_buf text;
} joining;

static void
joining_done(joining *join)
{
    kith_buf_done(&join->asked_name);
    kith_buf_done(&join->text);
}

/* Fills the name, when this device has no account yet and none was given. */
static int
find_name(cli *c, joining *join, const char *verb)
{
    rpc_message account = {0};
    const int status = cli_call(c, "account.get", NULL, &account);
    const bool needs_name = strcmp(cli_text(account.result, "state"), "none") == 0;
    const bool is_making = strcmp(cli_text(account.result, "state"), "making") == 0;

    rpc_message_done(&account);
    if (is_making) {
        cli_say_name(WORDS_MAKING, c->place.data);
        return CLI_REFUSED;
    }
    if (status != CLI_OK || !needs_name || join->name != NULL) {
        return status;
    }
    if (cli_ask(WORDS_ASK_NAME, &join->asked_name) != KITH_OK || join->asked_name.len == 0 ||
        kith_buf_append(&join->asked_name, kith_bytes_of("\0", 1)) != KITH_OK) {
        return cli_usage_error(verb, WORDS_NEED_NAME);
    }
    join->name = (const char *)join->asked_name.data;
    return CLI_OK;
}

/* The first message is the newest of the new conversation: waits until it has left. Its fate is told by `kith read`
 * too, so nothing is said when it takes longer. */
static void
await_text(cli *c, const char *conv)
{
    cli_params params = cli_params_new();
    rpc_message answer = {0};

    cli_param_text(&params, "conv", conv);
    cli_param_u64(&params, "limit", 1);
    const rpc_call list = {.method = "message.list", .params = params.doc};
    int status = cli_try(c, &list, &answer);
    const uint64_t n =
        cli_u64(yyjson_arr_get_first(yyjson_obj_get(answer.result, "messages")), "n");
    rpc_message_done(&answer);
    cli_params_done(&params);
    if (status != CLI_OK || n == 0) {
        return;
    }
    params = cli_params_new();
    cli_param_text(&params, "conv", conv);
    cli_param_u64(&params, "n", n);
    cli_param_text(&params, "state", "sent");
    const rpc_call wait = {.method = "message.wait", .params = params.doc};
    status = cli_try(c, &wait, &answer);
    if (status == CLI_OFFLINE && !c->json) {
        cli_say(WORDS_KEPT);
    }
    rpc_message_done(&answer);
    cli_params_done(&params);
}

static void
say_joined(cli *c, yyjson_val *result)
{
    const char *conv = cli_text(result, "conv");
    rpc_message account = {0};
    rpc_message chat = {0};

    if (cli_call(c, "account.get", NULL, &account) == CLI_OK) {
        cli_say_name(WORDS_JOINED, cli_text(account.result, "name"));
    }
    rpc_message_done(&account);
    if (conv[0] == '\0') {
        cli_say(WORDS_INVITE_NEXT);
        return;
    }
    cli_params params = cli_params_new();
    cli_param_text(&params, "conv", conv);
    if (cli_call(c, "chat.get", &params, &chat) == CLI_OK) {
        cli_say_name(WORDS_CAN_WRITE, cli_text(chat.result, "name"));
    }
    rpc_message_done(&chat);
}

static int
join_link(cli *c, const char *link, const joining *join)
{
    char host[RPC_NAME_MAX + 1] = "";
    cli_params params = cli_params_new();
    rpc_message answer = {0};
    const char *device = join->device;

    if (device == NULL && gethostname(host, sizeof host) == 0) {
        host[sizeof host - 1] = '\0';
        device = host;
    }
    cli_param_text(&params, "link", link);
    if (join->name != NULL) {
        cli_param_text(&params, "name", join->name);
    }
    if (device != NULL && device[0] != '\0') {
        cli_param_text(&params, "device_name", device);
    }
    if (join->text.len > 0) {
        cli_param_bytes(&params, "text", kith_bytes_of_buf(&join->text));
    }
    const rpc_call call = {.method = "account.join", .params = params.doc, .timeout_ms = 60000};
    int status = cli_try(c, &call, &answer);
    if (status == CLI_OFFLINE && !c->json && strcmp(answer.fault.reason, "wrong_pin") != 0) {
        cli_say("kith: %s", answer.fault.kind == RPC_KIND_TIMEOUT ? WORDS_SLOW : WORDS_TRYING);
    } else if (status != CLI_OK && answer.fault.kind != RPC_KIND_NONE) {
        status = cli_tell(c, "account.join", &answer);
    }
    if (status == CLI_OK && join->text.len > 0 && cli_text(answer.result, "conv")[0] != '\0') {
        await_text(c, cli_text(answer.result, "conv"));
    }
    if (status == CLI_OK && c->json) {
        cli_print_json(answer.result);
    } else if (status == CLI_OK) {
        say_joined(c, answer.result);
    }
    rpc_message_done(&answer);
    cli_params_done(&params);
    return status;
}

int
cmd_join(cli *c, int argc, char **argv)
{
    KITH_AUTO(joining) join = {0};
    const bool is_new = strcmp(argv[0], "new") == 0;
    const cli_option options[] = {
        {"--name", NULL, &join.name}, {"--device", NULL, &join.device}, {NULL, NULL, NULL}};

    int status = cli_args(c, &argc, argv, options);
    if (status != CLI_OK) {
        return status;
    }
    if (argc < 2) {
        return cli_usage_error(argv[0], WORDS_NEED_LINK);
    }
    if (is_new && argc > 2) {
        return cli_usage_error(argv[0], WORDS_TOO_MUCH);
    }
    if (cli_join_words(argc, argv, 2, &join.text) != KITH_OK) {
        return CLI_FAILED;
    }
    status = find_name(c, &join, argv[0]);
    return status == CLI_OK ? join_link(c, argv[1], &join) : status;
}
