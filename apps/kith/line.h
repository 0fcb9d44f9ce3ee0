/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One line that is typed on a terminal while other things are printed above it. In a terminal the line is ours to
 * draw; elsewhere lines are simply read.
 */
#ifndef KITH_CLI_LINE_H
#define KITH_CLI_LINE_H

#include <termios.h>

#include "cli.h"

typedef struct cli_line {
    const char *prompt; /* borrowed */
    bool is_drawn; /* a terminal, in raw mode */
    struct termios before;
    kith_buf text; /* what is typed so far */
    kith_buf done; /* whole lines that were not taken yet, each with its newline */
    int escape; /* within an escape sequence: 1 after ESC, 2 after its bracket */
    bool is_over; /* the end of the input */
} cli_line;

/* Puts the terminal into raw mode when there is one. */
void cli_line_open(cli_line *line, const char *prompt);
/* And back. */
void cli_line_close(cli_line *line);
/* Reads what stdin has (call when it is readable). */
KITH_MUST_USE kith_err cli_line_read(cli_line *line);
/* Replaces `*out` by the next whole line, without its newline; false: none. */
bool cli_line_next(cli_line *line, kith_buf *out);
/* Takes the line off the screen before something is printed, and draws it again after that. */
void cli_line_hide(const cli_line *line);
void cli_line_show(const cli_line *line);

#endif
