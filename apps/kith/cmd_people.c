/* SPDX-License-Identifier: MPL-2.0 */
/* kith people */
#include <string.h>

#include "cli.h"
#include "words.h"

static const char *
state_words(const char *state)
{
    if (strcmp(state, "request") == 0) {
        return WORDS_PERSON_REQUEST;
    }
    if (strcmp(state, "declined") == 0) {
        return WORDS_PERSON_DECLINED;
    }
    return strcmp(state, "unknown") == 0 ? WORDS_PERSON_UNKNOWN : "";
}

static void
print_people(yyjson_val *people)
{
    int width = 8;
    size_t index = 0;
    size_t count = 0;
    yyjson_val *person = NULL;

    yyjson_arr_foreach(people, index, count, person)
    {
        const int columns = cli_width(cli_text(person, "name"));
        width = columns > width ? columns : width;
    }
    yyjson_arr_foreach(people, index, count, person)
    {
        const char *name = cli_text(person, "name");
        const unsigned long long devices = cli_u64(person, "devices");
        printf("%.8s  ", cli_text(person, "account"));
        cli_print_padded(stdout, name[0] != '\0' ? name : WORDS_SOMEBODY, width);
        printf(devices == 1 ? "  " WORDS_DEVICES_ONE : "  " WORDS_DEVICES_MANY, devices);
        printf("  %s\n", state_words(cli_text(person, "state")));
    }
}

int
cmd_people(cli *c, int argc, char **argv)
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
        status = cli_call(c, "person.list", &params, &answer);
        total = cli_u64(answer.result, "total");
        if (status == CLI_OK && c->json) {
            cli_print_json(answer.result);
        } else if (status == CLI_OK && total == 0) {
            cli_say(WORDS_NO_PEOPLE);
        } else if (status == CLI_OK) {
            print_people(yyjson_obj_get(answer.result, "people"));
        }
        rpc_message_done(&answer);
        skip += RPC_PAGE_MAX;
    }
    return status;
}
