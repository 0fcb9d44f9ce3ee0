/* SPDX-License-Identifier: MPL-2.0 */
/* The command line: one table, one function for each option. */
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOPS_DEFAULT_MAX 8

static const char help[] =
    "usage: kithd [OPTION...]\n"
    "\n"
    "Runs a Kith server: one program, one folder, no configuration file. Prints the link\n"
    "that lets people make accounts here. Ends on SIGTERM after finishing what it began;\n"
    "SIGHUP gives it a new TLS certificate.\n"
    "\n"
    "  --data DIR           the folder that holds everything; made when missing\n"
    "                       (root: /var/lib/kithd, others: ~/.local/share/kithd)\n"
    "  --listen ADDR[:PORT] an address of this machine to listen on; may be repeated\n"
    "                       ([::]:5484, which is every IPv4 and IPv6 address)\n"
    "  --address HOST[:PORT] the name or address that the link tells people to use\n"
    "                       (the address listened on, or a guess)\n"
    "  --qr                 print the link as a QR code, too, as it is done in a terminal\n"
    "  --loops N            threads for connections, 1 to 64 (one per core, at most 8)\n"
    "  --source-connections N  connections of one source address, per loop (1024)\n"
    "  --no-rations         give every source as much as it asks for: for measuring\n"
    "  --metrics PORT       serve Prometheus metrics on 127.0.0.1:PORT\n"
    "  --user NAME          become this user after the start as root\n"
    "  --witness KEY        take cosignatures of this witness (see kith-witness(8)); may be\n"
    "                       repeated\n"
    "  --renew-log REASON   after a backup was restored: begin a new log of device lists, and\n"
    "                       end; people are shown the reason\n"
    "  --version            print the version\n"
    "  --help               print this\n"
    "\n"
    "Exit status: 0 ended as asked; 1 it could not run; 2 wrong option; 3 the folder or\n"
    "the address is in use. See kithd(8).\n";

void
kithd_complain(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fputs("kithd: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}

static bool
parse_number(const char *text, unsigned long max, unsigned long *out)
{
    char *end = NULL;

    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    const unsigned long value = strtoul(text, &end, 10);
    if (*end != 0 || value == 0 || value > max) {
        return false;
    }
    *out = value;
    return true;
}

/* Each returns false after a complaint; `text` is the option's argument. */

static bool
set_data(const char *text, kithd_options *options)
{
    size_t len = strlen(text);

    while (len > 1 && text[len - 1] == '/') {
        len--;
    }
    if (len == 0 || len >= sizeof options->data) {
        kithd_complain("--data needs the path of a folder");
        return false;
    }
    memcpy(options->data, text, len);
    options->data[len] = 0;
    return true;
}

/* Port 0, which no link may have, means any. */
static kith_err
parse_listen(const char *text, proto_address *out)
{
    const size_t len = strlen(text);
    const bool is_any = len > 2 && strcmp(text + len - 2, ":0") == 0 && text[len - 3] != ':';

    KITH_TRY(proto_address_decode(kith_bytes_of(text, is_any ? len - 2 : len), out));
    if (is_any) {
        out->port = 0;
    }
    return KITH_OK;
}

static bool
add_listen(const char *text, kithd_options *options)
{
    if (options->listen_count == NET_LISTENERS_MAX) {
        kithd_complain("--listen can be given %u times at most", NET_LISTENERS_MAX);
        return false;
    }
    if (parse_listen(text, &options->listen[options->listen_count]) != KITH_OK) {
        kithd_complain("--listen %s: expected an address and a port from 1 to 65535, such as "
                       "192.0.2.7:5484 or [::]:5484",
                       text);
        return false;
    }
    options->listen_count++;
    return true;
}

static bool
set_address(const char *text, kithd_options *options)
{
    options->has_address = true;
    if (proto_address_decode(kith_bytes_of_text(text), &options->address) != KITH_OK) {
        kithd_complain("--address %s: expected a name or address, and perhaps a port from 1 to "
                       "65535, such as chat.example.org:5484",
                       text);
        return false;
    }
    return true;
}

static bool
set_loops(const char *text, kithd_options *options)
{
    unsigned long value = 0;

    if (!parse_number(text, NET_LOOPS_MAX, &value)) {
        kithd_complain("--loops %s: expected a number from 1 to %u", text, NET_LOOPS_MAX);
        return false;
    }
    options->loops = (uint16_t)value;
    return true;
}

static bool
set_source_conns(const char *text, kithd_options *options)
{
    unsigned long value = 0;

    if (!parse_number(text, UINT16_MAX, &value)) {
        kithd_complain("--source-connections %s: expected a number from 1 to 65535", text);
        return false;
    }
    options->source_conns = (uint32_t)value;
    return true;
}

static bool
set_metrics(const char *text, kithd_options *options)
{
    unsigned long value = 0;

    if (!parse_number(text, UINT16_MAX, &value)) {
        kithd_complain("--metrics %s: expected a port from 1 to 65535", text);
        return false;
    }
    options->metrics = (uint16_t)value;
    return true;
}

static bool
set_user(const char *text, kithd_options *options)
{
    options->user = text;
    return true;
}

static bool
add_witness(const char *text, kithd_options *options)
{
    crypto *c = NULL;

    if (options->witness_count == RELAY_WITNESSES_MAX) {
        kithd_complain("--witness can be given %u times at most", RELAY_WITNESSES_MAX);
        return false;
    }
    kith_err err = crypto_new(NULL, &c);
    if (err == KITH_OK) {
        err = kt_note_key_decode(c, kith_bytes_of_text(text),
                                 &options->witnesses[options->witness_count]);
    }
    crypto_free(c);
    if (err != KITH_OK || options->witnesses[options->witness_count].type == KT_NOTE_ED25519) {
        kithd_complain("--witness %s: expected a line that kith-witness key prints, such as "
                       "witness.example+0123abcd+BA...",
                       text);
        return false;
    }
    options->witness_count++;
    return true;
}

static bool
set_renew_log(const char *text, kithd_options *options)
{
    const kith_bytes reason = kith_bytes_of_text(text);

    if (reason.len == 0 || reason.len > PROTO_LOG_REASON_MAX || !kith_utf8_is_valid(reason)) {
        kithd_complain("--renew-log needs a reason of up to %u bytes, such as \"restored from the "
                       "backup of Monday\"",
                       PROTO_LOG_REASON_MAX);
        return false;
    }
    options->renew_log = text;
    return true;
}

static bool
set_qr(const char *text, kithd_options *options)
{
    (void)text;
    options->shows_qr = true;
    return true;
}

static bool
set_no_rations(const char *text, kithd_options *options)
{
    (void)text;
    options->has_rations = false;
    return true;
}

static const struct {
    const char *name;
    bool has_argument;
    bool (*set)(const char *text, kithd_options *options);
} table[] = {
    {"--data", true, set_data},
    {"--listen", true, add_listen},
    {"--address", true, set_address},
    {"--qr", false, set_qr},
    {"--loops", true, set_loops},
    {"--source-connections", true, set_source_conns},
    {"--no-rations", false, set_no_rations},
    {"--metrics", true, set_metrics},
    {"--user", true, set_user},
    {"--renew-log", true, set_renew_log},
    {"--witness", true, add_witness},
};

/* Takes the option at argv[*at], moves on. */
static bool
parse_one(int argc, char **argv, int *at, kithd_options *options)
{
    const char *given = argv[*at];
    const char *equals = strchr(given, '=');
    const size_t len = equals != NULL ? (size_t)(equals - given) : strlen(given);

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strlen(table[i].name) != len || strncmp(table[i].name, given, len) != 0) {
            continue;
        }
        const char *argument = equals != NULL ? equals + 1 : NULL;
        if (table[i].has_argument && argument == NULL && *at + 1 < argc) {
            argument = argv[++*at];
        }
        if (table[i].has_argument != (argument != NULL)) {
            kithd_complain("%s %s", table[i].name,
                           argument != NULL ? "takes no argument" : "needs an argument");
            return false;
        }
        (*at)++;
        return table[i].set(argument, options);
    }
    kithd_complain("unknown option %s; kithd --help lists all", given);
    return false;
}

static bool
default_data(kithd_options *options)
{
    const char *xdg = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    int len = 0;

    if (geteuid() == 0) {
        return set_data("/var/lib/kithd", options);
    }
    if (xdg != NULL && xdg[0] == '/') {
        len = snprintf(options->data, sizeof options->data, "%s/kithd", xdg);
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(options->data, sizeof options->data, "%s/.local/share/kithd", home);
    }
    if (len <= 0 || (size_t)len >= sizeof options->data) {
        kithd_complain("there is no home folder to keep things in; name one with --data DIR");
        return false;
    }
    return true;
}

static uint16_t
default_loops(void)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return (uint16_t)(cores < 1 ? 1 : cores > LOOPS_DEFAULT_MAX ? LOOPS_DEFAULT_MAX : cores);
}

static bool
asks_for(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return false;
}

kithd_parsed
kithd_options_parse(int argc, char **argv, kithd_options *out)
{
    *out = (kithd_options){
        .loops = default_loops(), .has_rations = true, .shows_qr = isatty(STDOUT_FILENO) == 1};
    if (asks_for(argc, argv, "--help")) {
        fputs(help, stdout);
        return KITHD_EXIT;
    }
    if (asks_for(argc, argv, "--version")) {
        puts("kithd " KITH_VERSION);
        return KITHD_EXIT;
    }
    for (int at = 1; at < argc;) {
        if (!parse_one(argc, argv, &at, out)) {
            return KITHD_WRONG;
        }
    }
    return out->data[0] != 0 || default_data(out) ? KITHD_RUN : KITHD_WRONG;
}
