/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A conversation as text: one line a message, the name in a column of its own, so that no text can pass for another
 * person's line.
 *
 *     14:03  Rose   hello
 *     14:04  You    hello Rose
 *                   and how are you? (read)
 */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "cli.h"
#include "words.h"

#define NAME_WIDTH_MIN 6
#define NAME_WIDTH_MAX 20

bool
cli_is_shown(yyjson_val *message)
{
    return strcmp(cli_text(message, "kind"), "devices") != 0;
}

static const char *
sender_name(yyjson_val *message)
{
    if (cli_bool(message, "is_own")) {
        return WORDS_YOU;
    }
    const char *name = cli_text(message, "sender_name");
    return name[0] != '\0' ? name : WORDS_SOMEBODY;
}

static const char *
state_words(const char *state)
{
    static const struct {
        const char *state;
        const char *words;
    } states[] = {
        {"queued", WORDS_STATE_QUEUED},       {"sent", WORDS_STATE_SENT},
        {"delivered", WORDS_STATE_DELIVERED}, {"read", WORDS_STATE_READ},
        {"failed", WORDS_STATE_FAILED},
    };

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(states[i].state, state) == 0) {
            return states[i].words;
        }
    }
    return NULL;
}

/* A line of its own when another day begins. */
static void
announce_day(cli_view *view, uint64_t time_ms)
{
    const time_t when = (time_t)(time_ms / 1000);
    char day[sizeof view->day];
    struct tm t;

    localtime_r(&when, &t);
    if (strftime(day, sizeof day, "%A, %e %B %Y", &t) == 0 || strcmp(day, view->day) == 0) {
        return;
    }
    memcpy(view->day, day, sizeof day);
    printf("%s\n", day);
}

static void
print_time(uint64_t time_ms)
{
    const time_t when = (time_t)(time_ms / 1000);
    struct tm t;

    localtime_r(&when, &t);
    printf("%02d:%02d  ", t.tm_hour, t.tm_min);
}

/* Prints a format of two names, or one, that others chose. */
static void
print_names(const char *format, const char *first, const char *second)
{
    for (; *format != '\0'; format++) {
        if (format[0] == '%' && format[1] == 's') {
            cli_print_line(stdout, first);
            first = second;
            format++;
        } else {
            putchar(*format);
        }
    }
}

/* What the system says: who came and went. */
static void
print_system_line(yyjson_val *message)
{
    const char *kind = cli_text(message, "kind");
    const char *subject = cli_text(message, "subject_name");
    const char *who = sender_name(message);

    if (subject[0] == '\0') {
        subject = WORDS_SOMEBODY;
    }
    fputs("\xc2\xb7 ", stdout);
    if (strcmp(kind, "added") == 0) {
        print_names(WORDS_LINE_ADDED, who, subject);
    } else if (strcmp(kind, "removed") == 0) {
        print_names(WORDS_LINE_REMOVED, who, subject);
    } else if (strcmp(kind, "left") == 0) {
        print_names(WORDS_LINE_LEFT, who, "");
    } else {
        fputs(WORDS_LINE_GAP, stdout);
    }
}

static void
print_text(const cli_view *view, yyjson_val *message, bool with_state)
{
    const char *state = cli_text(message, "state");
    const char *words = state_words(state);
    const bool is_news = strcmp(state, "queued") == 0 || strcmp(state, "failed") == 0;

    cli_print_padded(stdout, sender_name(message), view->name_width);
    fputs("  ", stdout);
    cli_print_block(stdout, cli_text(message, "text"), 7 + view->name_width + 2);
    if (cli_bool(message, "is_edited")) {
        printf("  %s", WORDS_EDITED);
    }
    if (words != NULL && (with_state || is_news)) {
        printf("  %s", words);
    }
}

void
cli_show_message(cli_view *view, yyjson_val *message, bool with_state)
{
    const uint64_t n = cli_u64(message, "n");

    view->last_n = n > view->last_n ? n : view->last_n;
    if (view->json) {
        cli_print_json(message);
        return;
    }
    if (!cli_is_shown(message)) {
        return;
    }
    if (view->name_width == 0) {
        view->name_width = NAME_WIDTH_MIN;
    }
    announce_day(view, cli_u64(message, "time_ms"));
    print_time(cli_u64(message, "time_ms"));
    if (strcmp(cli_text(message, "kind"), "text") == 0) {
        print_text(view, message, with_state);
    } else {
        print_system_line(message);
    }
    putchar('\n');
    fflush(stdout);
}

static int
widest_name(yyjson_val *messages)
{
    int width = NAME_WIDTH_MIN;
    size_t index = 0;
    size_t count = 0;
    yyjson_val *message = NULL;

    yyjson_arr_foreach(messages, index, count, message)
    {
        const int columns = cli_width(sender_name(message));
        width = columns > width ? columns : width;
    }
    return width < NAME_WIDTH_MAX ? width : NAME_WIDTH_MAX;
}

void
cli_show_messages(cli_view *view, yyjson_val *messages)
{
    size_t index = 0;
    size_t count = 0;
    size_t newest_own = SIZE_MAX;
    yyjson_val *message = NULL;

    view->name_width = widest_name(messages);
    yyjson_arr_foreach(messages, index, count, message)
    {
        if (cli_bool(message, "is_own") && strcmp(cli_text(message, "kind"), "text") == 0) {
            newest_own = index;
        }
    }
    yyjson_arr_foreach(messages, index, count, message)
    {
        cli_show_message(view, message, index == newest_own);
    }
}
