/* SPDX-License-Identifier: MPL-2.0 */
/* kith alarms [--go-on]: what was refused, and what to do about it */
#include <string.h>

#include "cli.h"
#include "words.h"

/* So long for the next of the events that are known to be there. */
#define EVENT_MS 5000

/* The name of a person; empty when nobody is known by that account. */
static void
find_name(yyjson_val *people, const char *account, char name[CLI_NAME_MAX])
{
    size_t index = 0;
    size_t count = 0;
    yyjson_val *person = NULL;

    name[0] = '\0';
    yyjson_arr_foreach(people, index, count, person)
    {
        if (account[0] != '\0' && strcmp(cli_text(person, "account"), account) == 0) {
            snprintf(name, CLI_NAME_MAX, "%s", cli_text(person, "name"));
        }
    }
}

static void
print_alarm(const cli *c, yyjson_val *event, yyjson_val *people)
{
    char name[CLI_NAME_MAX];

    if (c->json) {
        cli_print_json(event);
        return;
    }
    find_name(people, cli_text(event, "account"), name);
    if (name[0] != '\0') {
        cli_print_line(stdout, name);
        fputs(": ", stdout);
    }
    puts(words_alarm(cli_text(event, "what")));
    if (cli_text(event, "file")[0] != '\0') {
        printf(WORDS_ALARM_FILE, cli_text(event, "file"));
    }
}

/* All kept events, oldest first, as far as `last`. */
static int
print_alarms(cli *c, uint64_t last, yyjson_val *people)
{
    uint64_t seq = 0;
    bool any = false;

    while (seq < last) {
        rpc_message event = {0};
        if (rpc_client_next(c->client, EVENT_MS, &event) != KITH_OK) {
            cli_say(WORDS_AGENT_GONE);
            return CLI_FAILED;
        }
        seq = cli_u64(event.result, "seq") > seq ? cli_u64(event.result, "seq") : seq;
        if (strcmp(cli_text(event.result, "kind"), "alarm") == 0) {
            print_alarm(c, event.result, people);
            any = true;
        }
        rpc_message_done(&event);
    }
    if (!any && !c->json) {
        cli_say(WORDS_NO_ALARMS);
    }
    return CLI_OK;
}

static int
list_alarms(cli *c)
{
    cli_params params = cli_params_new();
    rpc_message people = {0};
    rpc_message answer = {0};

    int status = cli_call(c, "person.list", NULL, &people);
    if (status == CLI_OK) {
        cli_param_u64(&params, "after", 0);
        status = cli_call(c, "events.subscribe", &params, &answer);
    } else {
        cli_params_done(&params);
    }
    if (status == CLI_OK) {
        status =
            print_alarms(c, cli_u64(answer.result, "seq"), yyjson_obj_get(people.result, "people"));
    }
    rpc_message_done(&answer);
    rpc_message_done(&people);
    return status;
}

int
cmd_alarms(cli *c, int argc, char **argv)
{
    bool goes_on = false;
    const cli_option options[] = {{.name = "--go-on", .flag = &goes_on}, {0}};
    rpc_message answer = {0};

    int status = cli_args(c, &argc, argv, options);
    if (status != CLI_OK) {
        return status;
    }
    if (argc > 1) {
        return cli_usage_error(argv[0], WORDS_TOO_MUCH);
    }
    if (!goes_on) {
        return list_alarms(c);
    }
    status = cli_call(c, "directory.go_on", NULL, &answer);
    if (status == CLI_OK && !c->json) {
        cli_say(WORDS_GOES_ON);
    }
    rpc_message_done(&answer);
    return status;
}
