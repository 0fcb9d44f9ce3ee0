/* SPDX-License-Identifier: MPL-2.0 */
/* kith daemon [stop] */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "words.h"

/* Becomes the agent. */
static int
run_agent(cli *c)
{
    char program[RPC_PATH_MAX];

    const int status = cli_find_place(c);
    if (status != CLI_OK) {
        return status;
    }
    if (rpc_agent_find(program) != KITH_OK) {
        cli_say(WORDS_NO_AGENT, "kith-agent");
        return CLI_FAILED;
    }
    execl(program, "kith-agent", "--foreground", "--data", c->place.data, "--socket",
          c->place.socket, (char *)NULL);
    cli_say(WORDS_NO_AGENT, strerror(errno));
    return CLI_FAILED;
}

/* The agent closes the connection when it ends, having let go of the folder. */
static int
stop_agent(cli *c)
{
    rpc_message answer = {0};
    rpc_message event = {0};

    int status = cli_connect(c, false);
    if (status == CLI_OK) {
        status = cli_call(c, "agent.stop", NULL, &answer);
    }
    rpc_message_done(&answer);
    if (status != CLI_OK) {
        return status;
    }
    while (rpc_client_next(c->client, RPC_CALL_MS, &event) == KITH_OK) {
        rpc_message_done(&event);
    }
    if (!c->json) {
        cli_say(WORDS_STOPPED);
    }
    return CLI_OK;
}

int
cmd_daemon(cli *c, int argc, char **argv)
{
    const int status = cli_args(c, &argc, argv, NULL);

    if (status != CLI_OK) {
        return status;
    }
    if (argc == 2 && strcmp(argv[1], "stop") == 0) {
        return stop_agent(c);
    }
    return argc == 1 ? run_agent(c) : cli_usage_error(argv[0], WORDS_TOO_MUCH);
}
