/* SPDX-License-Identifier: MPL-2.0 */
/* Typing a line: what a terminal's own editing does, less what needs the whole screen. */
#define _GNU_SOURCE
#include "line.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CTRL_C = 3, CTRL_D = 4, CTRL_H = 8, CTRL_U = 21, CTRL_W = 23, ESCAPE = 27, BACKSPACE = 127 };

void
cli_line_open(cli_line *line, const char *prompt)
{
    struct termios raw;

    line->prompt = prompt;
    if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1 ||
        tcgetattr(STDIN_FILENO, &line->before) != 0) {
        return;
    }
    raw = line->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(IXON);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    line->is_drawn = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void
cli_line_close(cli_line *line)
{
    cli_line_hide(line);
    if (line->is_drawn) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &line->before);
    }
    line->is_drawn = false;
    kith_buf_done(&line->text);
    kith_buf_done(&line->done);
}

void
cli_line_hide(const cli_line *line)
{
    if (line->is_drawn) {
        fputs("\r\033[K", stdout);
        fflush(stdout);
    }
}

static int
columns(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

/* The end of the text, as much as fits: a line that wraps could not be taken off the screen again. */
void
cli_line_show(const cli_line *line)
{
    char text[1024];
    const int room = columns() - cli_width(line->prompt) - 1;
    size_t skip = line->text.len > sizeof text - 1 ? line->text.len - (sizeof text - 1) : 0;

    if (!line->is_drawn) {
        return;
    }
    for (;; skip++) {
        while (skip < line->text.len && (line->text.data[skip] & 0xc0) == 0x80) {
            skip++;
        }
        const size_t len = line->text.len - skip;
        if (len > 0) {
            memcpy(text, line->text.data + skip, len);
        }
        text[len] = '\0';
        if (cli_width(text) <= room) {
            break;
        }
    }
    fputs("\r\033[K", stdout);
    cli_print_line(stdout, line->prompt);
    cli_print_line(stdout, text);
    fflush(stdout);
}

/* ---- Typing -------------------------------------------------------------------------------- */

static void
erase_char(cli_line *line)
{
    while (line->text.len > 0 && (line->text.data[line->text.len - 1] & 0xc0) == 0x80) {
        line->text.len--;
    }
    if (line->text.len > 0) {
        line->text.len--;
    }
}

static void
erase_word(cli_line *line)
{
    while (line->text.len > 0 && line->text.data[line->text.len - 1] == ' ') {
        line->text.len--;
    }
    while (line->text.len > 0 && line->text.data[line->text.len - 1] != ' ') {
        line->text.len--;
    }
}

static kith_err
finish_line(cli_line *line)
{
    KITH_TRY(kith_buf_append(&line->done, kith_bytes_of_buf(&line->text)));
    KITH_TRY(kith_buf_append(&line->done, kith_bytes_of("\n", 1)));
    kith_buf_clear(&line->text);
    return KITH_OK;
}

/* True: the byte belongs to an escape sequence (arrows and the like), which has no meaning here. */
static bool
swallow_escape(cli_line *line, uint8_t c)
{
    if (line->escape == 0) {
        line->escape = c == ESCAPE ? 1 : 0;
        return c == ESCAPE;
    }
    if (line->escape == 1 && (c == '[' || c == 'O')) {
        line->escape = 2;
        return true;
    }
    line->escape = line->escape == 2 && (c < 0x40 || c > 0x7e) ? 2 : 0;
    return true;
}

static kith_err
type(cli_line *line, uint8_t c)
{
    if (swallow_escape(line, c)) {
        return KITH_OK;
    }
    switch (c) {
    case CTRL_C:
        line->is_over = true;
        return KITH_OK;
    case CTRL_D:
        line->is_over = line->text.len == 0;
        return KITH_OK;
    case CTRL_H:
    case BACKSPACE:
        erase_char(line);
        return KITH_OK;
    case CTRL_U:
        kith_buf_clear(&line->text);
        return KITH_OK;
    case CTRL_W:
        erase_word(line);
        return KITH_OK;
    case '\r':
    case '\n':
        return finish_line(line);
    default:
        break;
    }
    if ((c < 0x20 && c != '\t') || line->text.len >= RPC_TEXT_MAX) {
        return KITH_OK;
    }
    return kith_buf_append(&line->text, kith_bytes_of(&c, 1));
}

kith_err
cli_line_read(cli_line *line)
{
    uint8_t piece[4096];
    const ssize_t got = read(STDIN_FILENO, piece, sizeof piece);

    if (got < 0 && errno == EINTR) {
        return KITH_OK;
    }
    if (got <= 0) {
        line->is_over = true;
        return line->text.len > 0 ? finish_line(line) : KITH_OK;
    }
    for (ssize_t i = 0; i < got; i++) {
        if (line->is_drawn) {
            KITH_TRY(type(line, piece[i]));
        } else if (piece[i] == '\n') {
            KITH_TRY(finish_line(line));
        } else if (line->text.len < RPC_TEXT_MAX) {
            KITH_TRY(kith_buf_append(&line->text, kith_bytes_of(&piece[i], 1)));
        }
    }
    return KITH_OK;
}

bool
cli_line_next(cli_line *line, kith_buf *out)
{
    size_t len = 0;

    if (!rpc_line_find(kith_bytes_of_buf(&line->done), &len) ||
        kith_buf_set(out, kith_bytes_of(line->done.data, len)) != KITH_OK) {
        return false;
    }
    kith_buf_drop_front(&line->done, len + 1);
    return true;
}
