/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Printing. What others wrote is shown so that it can neither command the terminal nor pass for something else:
 * control characters, and characters that hide or reorder text, become their number.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "cli.h"

/* Decodes one character and moves `*text` on; UINT32_MAX: one byte that is not UTF-8. */
static uint32_t
next_char(const char **text)
{
    const uint8_t *at = (const uint8_t *)*text;
    const size_t len = at[0] < 0x80   ? 1
                       : at[0] < 0xc2 ? 0
                       : at[0] < 0xe0 ? 2
                       : at[0] < 0xf0 ? 3
                                      : 4;
    uint32_t value = len <= 1 ? at[0] : at[0] & (0x7fu >> len);

    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            *text += 1;
            return UINT32_MAX;
        }
        value = value << 6 | (at[i] & 0x3fu);
    }
    if (len == 0 || !kith_utf8_is_valid(kith_bytes_of(at, len))) {
        *text += 1;
        return UINT32_MAX;
    }
    *text += len;
    return value;
}

/* Characters that command a terminal, or are not seen, or turn the direction of others round [UAX9], or break a
 * line. Joiners (U+200C, U+200D) stay: scripts and emoji need them. */
static bool
is_hostile(uint32_t c)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},        {0xad, 0xad},
        {0x61c, 0x61c},   {0x180e, 0x180e},    {0x200b, 0x200b},
        {0x200e, 0x200f}, {0x2028, 0x202e},    {0x2060, 0x206f},
        {0xfeff, 0xfeff}, {0xfff9, 0xfffb},    {0xe0000, 0xe0fff},
        {0xe000, 0xf8ff}, {0xf0000, 0x10ffff}, {UINT32_MAX, UINT32_MAX},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* The visible form of a hostile character. */
static const char *
visible_form(uint32_t c, char out[16])
{
    if (c == UINT32_MAX) {
        return "\xef\xbf\xbd";
    }
    snprintf(out, 16, c < 0x100 ? "\\x%02x" : "\\u{%x}", (unsigned)c);
    return out;
}

void
cli_print_block(FILE *out, const char *text, int indent)
{
    char form[16];

    while (*text != '\0') {
        const char *start = text;
        const uint32_t c = next_char(&text);
        if (c == '\n' && indent >= 0) {
            fprintf(out, "\n%*s", indent, "");
        } else if (c == '\t' && indent >= 0) {
            fputs("    ", out);
        } else if (is_hostile(c)) {
            fputs(visible_form(c, form), out);
        } else {
            fwrite(start, 1, (size_t)(text - start), out);
        }
    }
}

void
cli_print_line(FILE *out, const char *text)
{
    cli_print_block(out, text, -1);
}

int
cli_width(const char *text)
{
    char form[16];
    int width = 0;

    while (*text != '\0') {
        const uint32_t c = next_char(&text);
        if (c == UINT32_MAX) {
            width++;
        } else if (is_hostile(c)) {
            width += (int)strlen(visible_form(c, form));
        } else {
            const int columns = wcwidth((wchar_t)c);
            width += columns > 0 ? columns : 0;
        }
    }
    return width;
}

void
cli_print_padded(FILE *out, const char *text, int width)
{
    const int used = cli_width(text);

    cli_print_line(out, text);
    fprintf(out, "%*s", used < width ? width - used : 0, "");
}

/* ---- JSON ---------------------------------------------------------------------------------- */

/* The writer escapes all but ASCII; of ASCII, only DEL is left that a terminal may act on. */
static void
print_ascii(char *line)
{
    if (line == NULL) {
        return;
    }
    for (const char *c = line; *c != '\0'; c++) {
        if (*c == 0x7f) {
            fputs("\\u007f", stdout);
        } else {
            putchar(*c);
        }
    }
    putchar('\n');
    fflush(stdout);
    free(line);
}

void
cli_print_json(yyjson_val *value)
{
    print_ascii(yyjson_val_write(value, YYJSON_WRITE_ESCAPE_UNICODE, NULL));
}

void
cli_print_json_doc(const yyjson_mut_doc *doc)
{
    print_ascii(yyjson_mut_write(doc, YYJSON_WRITE_ESCAPE_UNICODE, NULL));
}

/* ---- Time and talk ------------------------------------------------------------------------- */

void
cli_time_text(uint64_t time_ms, char *out, size_t size)
{
    const time_t then = (time_t)(time_ms / 1000);
    const time_t now = time(NULL);
    const time_t day_ago = now - 86400;
    struct tm t;
    struct tm today;
    struct tm yesterday;

    localtime_r(&then, &t);
    localtime_r(&now, &today);
    localtime_r(&day_ago, &yesterday);
    size_t len = 0;
    if (t.tm_year == yesterday.tm_year && t.tm_yday == yesterday.tm_yday) {
        len = strftime(out, size, "yesterday %H:%M", &t);
    } else if (t.tm_year != today.tm_year) {
        len = strftime(out, size, "%e %b %Y %H:%M", &t);
    } else if (t.tm_yday != today.tm_yday) {
        len = strftime(out, size, "%e %b %H:%M", &t);
    } else {
        len = strftime(out, size, "%H:%M", &t);
    }
    if (len == 0) {
        out[0] = '\0';
    }
}

void
cli_say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void
cli_say_name(const char *format, const char *name)
{
    const char *place = strstr(format, "%s");

    if (place == NULL) {
        fputs(format, stderr);
    } else {
        fwrite(format, 1, (size_t)(place - format), stderr);
        cli_print_line(stderr, name);
        fputs(place + 2, stderr);
    }
    fputc('\n', stderr);
}
