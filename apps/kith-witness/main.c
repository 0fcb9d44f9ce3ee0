/* SPDX-License-Identifier: MPL-2.0 */
/* kith-witness: one table of commands. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "witness.h"

static const char help[] =
    "usage: kith-witness COMMAND [ARGUMENT...]\n"
    "\n"
    "Watches that directories only ever grow, and checks evidence against those that did not.\n"
    "\n"
    "  check FILE       say what a file of evidence proves, and what it does not\n"
    "  key [--data DIR] print the lines by which others know this witness\n"
    "  run [--data DIR] follow, cosign and answer as DIR/witness.conf says, until SIGTERM\n"
    "  --version        print the version\n"
    "  --help           print this\n"
    "\n"
    "Exit status: 0 done (check: the file is proof); 1 it could not be done; 2 wrong usage;\n"
    "3 the folder or the address is in use; 4 the file proves nothing; 5 it is no evidence, or of a kind not known here.\n"
    "See kith-witness(8).\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} table[] = {
    {"check", witness_check},
    {"key", witness_key},
    {"run", witness_run},
};

void
witness_complain(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    flockfile(stderr); /* a line of one thread stays one line */
    fputs("kith-witness: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    funlockfile(stderr);
    va_end(list);
}

int
main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
        fputs(help, stdout);
        return EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0) {
        puts("kith-witness " KITH_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return table[i].run(argc - 2, argv + 2);
        }
    }
    if (name[0] == 0) {
        fputs(help, stderr);
    } else {
        witness_complain("there is no command \"%s\"; kith-witness --help lists all", name);
    }
    return EXIT_USAGE;
}
