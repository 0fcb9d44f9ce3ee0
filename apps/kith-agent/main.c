/* SPDX-License-Identifier: MPL-2.0 */
/* kith-agent: options, and into the background. What it does is in src/agent. */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"

enum { EXIT_USAGE = 2, EXIT_RUNNING = 3 };

static const char usage[] =
    "usage: kith-agent [OPTION...]\n"
    "\n"
    "Holds one account on this device and serves it to `kith` and other faces, which start it by\n"
    "themselves. There is seldom a reason to start it by hand.\n"
    "\n"
    "  --data DIR       the account's folder (default: $KITH_DATA, else $XDG_DATA_HOME/kith)\n"
    "  --socket PATH    where faces connect (default: in $XDG_RUNTIME_DIR/kith, else in DIR)\n"
    "  --foreground     do not go into the background\n"
    "  --no-keyring     keep the store's key in a file, never in the desktop's keyring\n"
    "  --ready-fd N     tell descriptor N when faces can connect, or why they cannot\n"
    "  --version        print the version and the build's hash\n"
    "  --help           print this\n"
    "\n"
    "Exit: 0 ended in order, 1 cannot run, 2 wrong options, 3 another agent uses the folder.\n";

typedef struct settings {
    agent_options agent;
    bool foreground;
} settings;

/* What a program does instead of running; -1: it runs. */
static int
print_version(void)
{
    KITH_AUTO(kith_buf) build = {0};

    if (agent_build_id(&build) != KITH_OK) {
        return EXIT_FAILURE;
    }
    printf("kith-agent " KITH_VERSION "\nbuild %.*s\n", (int)build.len,
           build.len > 0 ? (const char *)build.data : "");
    return EXIT_SUCCESS;
}

static int
read_fd(const char *text)
{
    char *end = NULL;
    const long fd = strtol(text, &end, 10);

    return *text != '\0' && *end == '\0' && fd > 2 && fd < 65536 ? (int)fd : -1;
}

/* -1: go on. Otherwise the exit status. */
static int
read_options(int argc, char **argv, settings *out)
{
    static const struct option options[] = {
        {"data", required_argument, NULL, 'd'},     {"socket", required_argument, NULL, 's'},
        {"foreground", no_argument, NULL, 'f'},     {"no-keyring", no_argument, NULL, 'k'},
        {"ready-fd", required_argument, NULL, 'r'}, {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
    };
    int option = 0;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'd':
            out->agent.data = optarg;
            break;
        case 's':
            out->agent.socket = optarg;
            break;
        case 'f':
            out->foreground = true;
            break;
        case 'k':
            out->agent.no_keyring = true;
            break;
        case 'r':
            out->agent.ready_fd = read_fd(optarg);
            break;
        case 'v':
            return print_version();
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "kith-agent: what is \"%s\"?\n%s", argv[optind], usage);
        return EXIT_USAGE;
    }
    return -1;
}

/* The parent waits until the child serves faces, and ends with what it said. Returns in the child only, or with
 * an exit status >= 0 in the parent. */
static int
go_into_background(settings *s)
{
    int ends[2];
    char line[256] = "";
    size_t len = 0;

    if (pipe(ends) != 0) {
        perror("kith-agent: pipe");
        return EXIT_FAILURE;
    }
    const pid_t child = fork();
    if (child < 0) {
        perror("kith-agent: fork");
        return EXIT_FAILURE;
    }
    if (child == 0) {
        close(ends[0]);
        setsid();
        s->agent.ready_fd = ends[1];
        return -1;
    }
    close(ends[1]);
    ssize_t got = 0;
    while (len < sizeof line - 1 && (got = read(ends[0], line + len, sizeof line - 1 - len)) > 0) {
        len += (size_t)got;
    }
    if (len > 0 && line[0] == '\n') {
        return EXIT_SUCCESS;
    }
    /* It has said why on the shared stderr already. */
    return strncmp(line, "exists ", 7) == 0 ? EXIT_RUNNING : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
    settings s = {.agent = {.version = KITH_VERSION, .ready_fd = -1}};
    const char *keyring = getenv("KITH_KEYRING");

    s.agent.no_keyring = keyring != NULL && strcmp(keyring, "no") == 0;
    int status = read_options(argc, argv, &s);
    if (status < 0 && !s.foreground) {
        status = go_into_background(&s);
    }
    if (status >= 0) {
        return status;
    }
    switch ((int)agent_run(&s.agent)) {
    case KITH_OK:
        return EXIT_SUCCESS;
    case KITH_ERR_EXISTS:
        return EXIT_RUNNING;
    default:
        return EXIT_FAILURE;
    }
}
