/* SPDX-License-Identifier: MPL-2.0 */
/* Arguments of a command: options anywhere, the rest in order. */
#include <assert.h>
#include <string.h>

#include "cli.h"
#include "words.h"

int
cli_usage_error(const char *verb, const char *message)
{
    fprintf(stderr, "kith %s: ", verb);
    cli_print_line(stderr, message);
    fputc('\n', stderr);
    const cli_verb *known = cli_verb_find(verb);
    if (known != NULL) {
        fprintf(stderr, WORDS_USAGE_VERB, known->name, known->arguments, known->line);
    }
    return CLI_USAGE;
}

static int
unknown_option(const char *verb, const char *option)
{
    char message[256];

    snprintf(message, sizeof message, WORDS_UNKNOWN_OPTION, option);
    return cli_usage_error(verb, message);
}

static int
missing_value(const char *verb, const char *option)
{
    char message[256];

    snprintf(message, sizeof message, WORDS_OPTION_VALUE, option);
    return cli_usage_error(verb, message);
}

/* The option that `text` is, whether as NAME or NAME=VALUE. */
static const cli_option *
find_option(const cli_option *options, const char *text)
{
    for (; options->name != NULL; options++) {
        const size_t len = strlen(options->name);
        if (strncmp(text, options->name, len) == 0 &&
            (text[len] == '\0' || (text[len] == '=' && options->value != NULL))) {
            return options;
        }
    }
    return NULL;
}

/* Takes one option at argv[*i]. */
static int
take_option(const cli_option *options, int argc, char **argv, int *i)
{
    const cli_option *option = find_option(options, argv[*i]);

    if (option == NULL) {
        return unknown_option(argv[0], argv[*i]);
    }
    if (option->flag != NULL) {
        *option->flag = true;
        return CLI_OK;
    }
    assert(option->value != NULL); /* an option without a flag takes a value */
    const char *equals = strchr(argv[*i], '=');
    if (equals != NULL) {
        *option->value = equals + 1;
        return CLI_OK;
    }
    if (*i + 1 >= argc) {
        return missing_value(argv[0], argv[*i]);
    }
    *option->value = argv[++*i];
    return CLI_OK;
}

/* Those that every command has, and then its own. */
static int
take_any_option(cli *c, const cli_option *own, int argc, char **argv, int *i)
{
    const cli_option shared[] = {
        {"--json", &c->json, NULL}, {"--data", NULL, &c->data}, {NULL, NULL, NULL}};

    if (find_option(shared, argv[*i]) != NULL) {
        return take_option(shared, argc, argv, i);
    }
    return take_option(own, argc, argv, i);
}

int
cli_args(cli *c, int *argc, char **argv, const cli_option *options)
{
    static const cli_option none[] = {{NULL, NULL, NULL}};
    int kept = 1;
    bool is_plain = false;

    for (int i = 1; i < *argc; i++) {
        if (!is_plain && strcmp(argv[i], "--") == 0) {
            is_plain = true;
        } else if (is_plain || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[kept++] = argv[i];
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            cli_verb_usage(stdout, cli_verb_find(argv[0]));
            return CLI_HELPED;
        } else {
            const int status =
                take_any_option(c, options != NULL ? options : none, *argc, argv, &i);
            if (status != CLI_OK) {
                return status;
            }
        }
    }
    *argc = kept;
    return CLI_OK;
}

kith_err
cli_join_words(int argc, char **argv, int from, kith_buf *out)
{
    for (int i = from; i < argc; i++) {
        if (i > from) {
            KITH_TRY(kith_buf_append(out, kith_bytes_of(" ", 1)));
        }
        KITH_TRY(kith_buf_append(out, kith_bytes_of_text(argv[i])));
    }
    return KITH_OK;
}
