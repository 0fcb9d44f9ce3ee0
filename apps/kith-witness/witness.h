/* SPDX-License-Identifier: MPL-2.0 */
/* What the commands of kith-witness share: exit statuses, and how they say what is wrong. */
#ifndef KITH_WITNESS_WITNESS_H
#define KITH_WITNESS_WITNESS_H

/* Exit statuses, as the manual page has them. */
enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1, /* it could not do it; a line on stderr says why */
    EXIT_USAGE = 2,
    EXIT_IN_USE = 3, /* run: the folder or the address */
    EXIT_NO_PROOF = 4, /* check: the file proves nothing */
    EXIT_UNREADABLE = 5, /* check: the file is no evidence, or of a kind that is not known here */
};

/* One line on stderr, "kith-witness: " before it. From any thread. */
void witness_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The commands; `argv` begins behind the command's name. Each returns the exit status. */
int witness_check(int argc, char **argv);
int witness_key(int argc, char **argv);
int witness_run(int argc, char **argv);

#endif
