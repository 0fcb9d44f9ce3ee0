/* SPDX-License-Identifier: MPL-2.0 */
/* kith: the table of verbs, and what a call means. */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "words.h"

static const cli_verb verbs[] = {
    {"join", cmd_join, VERB_JOIN_ARGUMENTS, VERB_JOIN_LINE, VERB_JOIN_MORE},
    {"new", cmd_join, VERB_NEW_ARGUMENTS, VERB_NEW_LINE, NULL},
    {"invite", cmd_invite, VERB_INVITE_ARGUMENTS, VERB_INVITE_LINE, VERB_INVITE_MORE},
    {"link", cmd_link, VERB_LINK_ARGUMENTS, VERB_LINK_LINE, VERB_LINK_MORE},
    {"send", cmd_send, VERB_SEND_ARGUMENTS, VERB_SEND_LINE, VERB_SEND_MORE},
    {"read", cmd_read, VERB_READ_ARGUMENTS, VERB_READ_LINE, VERB_READ_MORE},
    {"chat", cmd_chat, VERB_CHAT_ARGUMENTS, VERB_CHAT_LINE, VERB_CHAT_MORE},
    {"chats", cmd_chats, "", VERB_CHATS_LINE, NULL},
    {"people", cmd_people, "", VERB_PEOPLE_LINE, NULL},
    {"who", cmd_who, VERB_WHO_ARGUMENTS, VERB_WHO_LINE, VERB_WHO_MORE},
    {"accept", cmd_accept, VERB_WHO_ARGUMENTS, VERB_ACCEPT_LINE, NULL},
    {"decline", cmd_accept, VERB_WHO_ARGUMENTS, VERB_DECLINE_LINE, NULL},
    {"group", cmd_group, VERB_GROUP_ARGUMENTS, VERB_GROUP_LINE, VERB_GROUP_MORE},
    {"devices", cmd_devices, VERB_DEVICES_ARGUMENTS, VERB_DEVICES_LINE, VERB_DEVICES_MORE},
    {"name", cmd_name, VERB_NAME_ARGUMENTS, VERB_NAME_LINE, NULL},
    {"alarms", cmd_alarms, VERB_ALARMS_ARGUMENTS, VERB_ALARMS_LINE, VERB_ALARMS_MORE},
    {"daemon", cmd_daemon, VERB_DAEMON_ARGUMENTS, VERB_DAEMON_LINE, VERB_DAEMON_MORE},
    {"rpc", cmd_rpc, "", VERB_RPC_LINE, VERB_RPC_MORE},
    {"doctor", cmd_doctor, "", VERB_DOCTOR_LINE, NULL},
    {"help", cmd_help, VERB_HELP_ARGUMENTS, VERB_HELP_LINE, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

const cli_verb *
cli_verbs(void)
{
    return verbs;
}

const cli_verb *
cli_verb_find(const char *name)
{
    for (const cli_verb *verb = verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, name) == 0) {
            return verb;
        }
    }
    return NULL;
}

void
cli_verb_usage(FILE *out, const cli_verb *verb)
{
    fprintf(out, WORDS_USAGE_VERB, verb->name, verb->arguments, verb->line);
    if (verb->more != NULL) {
        fprintf(out, "\n%s", verb->more);
    }
}

/* Edits that lead from one word to the other (Damerau's, without repetition); words are short. */
static size_t
distance(const char *a, const char *b)
{
    enum { MAX = 16 };
    const size_t n = strlen(a);
    const size_t m = strlen(b);
    size_t d[MAX + 1][MAX + 1];

    if (n > MAX || m > MAX) {
        return MAX;
    }
    for (size_t i = 0; i <= n; i++) {
        d[i][0] = i;
    }
    for (size_t j = 0; j <= m; j++) {
        d[0][j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < best) {
                best = d[i - 2][j - 2] + 1;
            }
            d[i][j] = best;
        }
    }
    return d[n][m];
}

static int
unknown_verb(const char *name)
{
    const cli_verb *nearest = NULL;
    size_t least = 3;

    for (const cli_verb *verb = verbs; verb->name != NULL; verb++) {
        const size_t edits = distance(name, verb->name);
        if (edits < least) {
            least = edits;
            nearest = verb;
        }
    }
    cli_say_name(WORDS_UNKNOWN_VERB, name);
    if (nearest != NULL) {
        cli_say_name(WORDS_SUGGEST, nearest->name);
    }
    cli_say(WORDS_SEE_HELP);
    return CLI_USAGE;
}

/* Options before the verb. The index of the verb, or argc. */
static int
read_global(cli *c, int argc, char **argv)
{
    int i = 1;

    while (i < argc && argv[i][0] == '-') {
        if (strcmp(argv[i], "--json") == 0) {
            c->json = true;
        } else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc) {
            c->data = argv[++i];
        } else if (strncmp(argv[i], "--data=", 7) == 0) {
            c->data = argv[i] + 7;
        } else {
            break;
        }
        i++;
    }
    return i;
}

int
main(int argc, char **argv)
{
    cli c = {0};
    char help[] = "help";
    char *help_argv[] = {help, NULL};

    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_DFL);
    const int at = read_global(&c, argc, argv);
    if (at >= argc) {
        cmd_help(&c, 1, help_argv);
        return CLI_USAGE;
    }
    if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
        return cmd_help(&c, 1, help_argv);
    }
    if (strcmp(argv[at], "--version") == 0) {
        printf(WORDS_VERSION, KITH_VERSION);
        return CLI_OK;
    }
    const cli_verb *verb = cli_verb_find(argv[at]);
    if (verb == NULL) {
        return unknown_verb(argv[at]);
    }
    const int status = verb->run(&c, argc - at, argv + at);
    if (status == CLI_OK && verb->run != cmd_rpc && verb->run != cmd_daemon) {
        cli_warn(&c);
    }
    rpc_client_free(c.client);
    return status == CLI_HELPED ? CLI_OK : status;
}
