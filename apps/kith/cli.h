/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the sub-commands of kith share. A command parses its arguments, asks the agent, prints: results to stdout,
 * talk to stderr. Each command is one file, cmd_<name>.c, and one line of the table in main.c.
 */
#ifndef KITH_CLI_H
#define KITH_CLI_H

#include <stdio.h>
#include <yyjson.h>

#include "rpc/rpc.h"

/* Exit statuses, as in the manual page. */
typedef enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_NOT_FOUND = 3, /* no such person, chat, device; or several fit */
    CLI_REFUSED = 4,
    CLI_OFFLINE = 5, /* no connection, or not done in time */
    CLI_NO_ACCOUNT = 6
} cli_exit;

#define CLI_HEX_MAX 65u /* 32 bytes as text, with its zero */
#define CLI_NAME_MAX 256u

typedef struct cli {
    const char *data; /* --data, or NULL */
    bool json;
    bool has_place;
    rpc_place place;
    rpc_client *client; /* NULL until the first call */
} cli;

typedef int (*cli_run)(cli *c, int argc, char **argv);

typedef struct cli_verb {
    const char *name;
    cli_run run;
    const char *arguments;
    const char *line; /* what it does, in one line */
    const char *more; /* further lines of its help, or NULL */
} cli_verb;

/* NULL: no such verb. The table is in main.c, NULL name at its end. */
const cli_verb *cli_verb_find(const char *name);
const cli_verb *cli_verbs(void);
void cli_verb_usage(FILE *out, const cli_verb *verb);

int cmd_accept(cli *c, int argc, char **argv);
int cmd_alarms(cli *c, int argc, char **argv);
int cmd_chat(cli *c, int argc, char **argv);
int cmd_chats(cli *c, int argc, char **argv);
int cmd_daemon(cli *c, int argc, char **argv);
int cmd_devices(cli *c, int argc, char **argv);
int cmd_doctor(cli *c, int argc, char **argv);
int cmd_group(cli *c, int argc, char **argv);
int cmd_help(cli *c, int argc, char **argv);
int cmd_invite(cli *c, int argc, char **argv);
int cmd_join(cli *c, int argc, char **argv);
int cmd_link(cli *c, int argc, char **argv);
int cmd_name(cli *c, int argc, char **argv);
int cmd_people(cli *c, int argc, char **argv);
int cmd_read(cli *c, int argc, char **argv);
int cmd_rpc(cli *c, int argc, char **argv);
int cmd_send(cli *c, int argc, char **argv);
int cmd_who(cli *c, int argc, char **argv);

/* ---- args.c ---- */

/* An option of a command: exactly one of `flag` and `value` is set. */
typedef struct cli_option {
    const char *name; /* with its dashes; NULL ends the list */
    bool *flag;
    const char **value;
} cli_option;

/* Takes the options out of argv[1..], those of every command (--json, --data, --help) included, and leaves the
 * rest in argv[1..*argc). "--" ends the options.
 * CLI_OK; CLI_HELPED; or what is to be the command's status: an error was told. */
int cli_args(cli *c, int *argc, char **argv, const cli_option *options);
/* Help was asked for and printed: the command ends with CLI_OK. */
#define CLI_HELPED (-1)
/* Tells what is wrong with the call, and the usage of the verb argv[0]. CLI_USAGE. */
int cli_usage_error(const char *verb, const char *message);
/* Appends argv[from..argc) with spaces between them. */
KITH_MUST_USE kith_err cli_join_words(int argc, char **argv, int from, kith_buf *out);

/* ---- call.c ---- */

typedef struct cli_params {
    yyjson_mut_doc *doc;
    yyjson_mut_val *root;
} cli_params;
cli_params cli_params_new(void);
void cli_params_done(cli_params *params);
void cli_param_text(cli_params *params, const char *name, const char *text);
void cli_param_bytes(cli_params *params, const char *name, kith_bytes text);
void cli_param_u64(cli_params *params, const char *name, uint64_t value);
void cli_param_bool(cli_params *params, const char *name, bool value);

/* Works out where the data is. Tells what is wrong. */
int cli_find_place(cli *c);
/* Starts the agent when `start` and it is not running. Tells what is wrong. */
int cli_connect(cli *c, bool start);
/* After a command that has talked to the agent: says that nothing is sent, when that is so. */
void cli_warn(cli *c);
/* Calls, and tells an error in the words of `method`. `params` may be NULL and is done with. `*out` is to be done
 * with in any case. */
int cli_call(cli *c, const char *method, cli_params *params, rpc_message *out);
/* The same without telling; the fault is in `*out`. */
int cli_try(cli *c, const rpc_call *call, rpc_message *out);
/* Tells a fault and returns its exit status. */
int cli_tell(const cli *c, const char *method, const rpc_message *answer);
int cli_exit_of(rpc_kind kind);

/* Fields of an object; absent or of another type: "", 0, false. */
const char *cli_text(yyjson_val *object, const char *name);
uint64_t cli_u64(yyjson_val *object, const char *name);
bool cli_bool(yyjson_val *object, const char *name);

typedef struct cli_found {
    char conv[CLI_HEX_MAX];
    char name[CLI_NAME_MAX];
} cli_found;
/* The conversation that a person means by `who`. Tells when there is none, or several. */
int cli_find_chat(cli *c, const char *who, cli_found *out);
/* The person of a direct conversation. Tells. */
int cli_find_person(cli *c, const char *who, char account[CLI_HEX_MAX]);

/* ---- out.c ---- */

/* Prints text that others wrote: whatever could move the cursor, hide or reorder what is shown becomes visible.
 * One line; in a block, newlines stay and the following lines are indented by `indent` columns. */
void cli_print_line(FILE *out, const char *text);
void cli_print_block(FILE *out, const char *text, int indent);
/* Columns that cli_print_line uses. */
int cli_width(const char *text);
/* Prints it and spaces up to `width` columns. */
void cli_print_padded(FILE *out, const char *text, int width);
/* One line of JSON, in ASCII only, to stdout. */
void cli_print_json(yyjson_val *value);
void cli_print_json_doc(const yyjson_mut_doc *doc);
/* "14:03" today, "yesterday 14:03", else "24 Nov 14:03", with the year when it is another one. */
void cli_time_text(uint64_t time_ms, char *out, size_t size);
/* Says something on stderr, with a newline. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with text that others wrote in place of the format's one %s. */
void cli_say_name(const char *format, const char *name);

/* ---- show.c ---- */

typedef struct cli_view {
    bool json;
    char day[40]; /* of the newest line, so that a new day is announced once */
    uint64_t last_n; /* the newest message that was shown */
    int name_width;
} cli_view;
/* Prints messages of one conversation, an array of Message. */
void cli_show_messages(cli_view *view, yyjson_val *messages);
void cli_show_message(cli_view *view, yyjson_val *message, bool with_state);
/* Whether a person wants to see it as text. */
bool cli_is_shown(yyjson_val *message);

/* ---- ask.c ---- */

bool cli_is_terminal(void);
/* Asks on the terminal; a line without its newline. NOT_FOUND: there is no terminal, or its end. */
KITH_MUST_USE kith_err cli_ask(const char *question, kith_buf *out);
/* True: yes. */
bool cli_ask_yes(const char *question);
/* All of stdin, without the last newline. LIMIT: more than `max` bytes. */
KITH_MUST_USE kith_err cli_read_stdin(size_t max, kith_buf *out);

#endif
