/* SPDX-License-Identifier: MPL-2.0 */
/* kith who WHO: who can read a chat, counted by devices */
#include "cli.h"
#include "words.h"

static void
print_reader(yyjson_val *reader)
{
    const unsigned long long devices = cli_u64(reader, "devices");
    const char *name = cli_text(reader, "name");

    if (cli_bool(reader, "is_self")) {
        name = WORDS_YOU;
    }
    cli_print_line(stdout, name[0] != '\0' ? name : WORDS_SOMEBODY);
    fputs(" \xe2\x80\x93 ", stdout);
    printf(devices == 1 ? WORDS_DEVICES_ONE : WORDS_DEVICES_MANY, devices);
    fputs(", ", stdout);
}

static void
print_readers(yyjson_val *readers)
{
    size_t index = 0;
    size_t count = 0;
    yyjson_val *reader = NULL;

    fputs(WORDS_WHO, stdout);
    for (int self = 1; self >= 0; self--) {
        yyjson_arr_foreach(readers, index, count, reader)
        {
            if (cli_bool(reader, "is_self") == (self == 1)) {
                print_reader(reader);
            }
        }
    }
    puts(WORDS_WHO_END);
}

int
cmd_who(cli *c, int argc, char **argv)
{
    rpc_message answer = {0};
    cli_found chat;

    int status = cli_args(c, &argc, argv, NULL);
    if (status != CLI_OK) {
        return status;
    }
    if (argc != 2) {
        return cli_usage_error(argv[0], argc < 2 ? WORDS_MISSING : WORDS_TOO_MUCH);
    }
    status = cli_find_chat(c, argv[1], &chat);
    if (status != CLI_OK) {
        return status;
    }
    cli_params params = cli_params_new();
    cli_param_text(&params, "conv", chat.conv);
    status = cli_call(c, "chat.readers", &params, &answer);
    if (status == CLI_OK && c->json) {
        cli_print_json(answer.result);
    } else if (status == CLI_OK) {
        print_readers(yyjson_obj_get(answer.result, "readers"));
    }
    rpc_message_done(&answer);
    return status;
}
