/* SPDX-License-Identifier: MPL-2.0 */
/* kith help [VERB] */
#include <string.h>

#include "cli.h"
#include "words.h"

static void
print_all(FILE *out)
{
    fputs(WORDS_USAGE, out);
    for (const cli_verb *verb = cli_verbs(); verb->name != NULL; verb++) {
        fprintf(out, "  %-8s  %s\n", verb->name, verb->line);
    }
    fputs(WORDS_HELP_FOOT, out);
}

int
cmd_help(cli *c, int argc, char **argv)
{
    const int status = cli_args(c, &argc, argv, NULL);

    if (status != CLI_OK) {
        return status;
    }
    if (argc < 2) {
        print_all(stdout);
        return CLI_OK;
    }
    const cli_verb *verb = cli_verb_find(argv[1]);
    if (verb == NULL) {
        cli_say_name(WORDS_UNKNOWN_VERB, argv[1]);
        cli_say(WORDS_SEE_HELP);
        return CLI_USAGE;
    }
    cli_verb_usage(stdout, verb);
    return CLI_OK;
}
