/* SPDX-License-Identifier: MPL-2.0 */
/*
 * chat.find: what a person types becomes one conversation, or a list to choose from; never a guess. Those that can
 * be written to come first: a stranger who takes a friend's name changes nothing about whom the name finds.
 */
#define _GNU_SOURCE
#include <locale.h>
#include <string.h>
#include <wctype.h>

#include "agent/internal.h"

/* The shortest beginning of an identifier that names it. */
#define PREFIX_DIGITS 8u

/* ---- Names without regard to case ---------------------------------------------------------- */

/* Decodes one character of valid UTF-8; `text` is not empty. */
static uint32_t
next_char(kith_bytes *text)
{
    const uint8_t first = text->data[0];
    const size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t value = len == 1 ? first : first & (0x7fu >> len);
    size_t used = 1;

    while (used < len && used < text->len) {
        value = value << 6 | (text->data[used++] & 0x3fu);
    }
    *text = kith_bytes_of(text->data + used, text->len - used);
    return value;
}

static bool
same_char(locale_t locale, uint32_t a, uint32_t b)
{
    return a == b || towlower_l((wint_t)a, locale) == towlower_l((wint_t)b, locale);
}

/* Whether `text` begins with `start`; both are valid UTF-8. `*rest`: what follows. */
static bool
begins_with(locale_t locale, kith_bytes text, kith_bytes start, kith_bytes *rest)
{
    while (start.len > 0) {
        if (text.len == 0 || !same_char(locale, next_char(&text), next_char(&start))) {
            return false;
        }
    }
    *rest = text;
    return true;
}

static bool
is_same_name(locale_t locale, kith_bytes a, kith_bytes b)
{
    kith_bytes rest;

    return a.len > 0 && begins_with(locale, a, b, &rest) && rest.len == 0;
}

static bool
contains(locale_t locale, kith_bytes text, kith_bytes part)
{
    kith_bytes rest;

    while (text.len > 0) {
        if (begins_with(locale, text, part, &rest)) {
            return true;
        }
        next_char(&text);
    }
    return false;
}

/* ---- Candidates ---------------------------------------------------------------------------- */

typedef enum match { MATCH_NONE = 0, MATCH_LIKE, MATCH_NAME, MATCH_ID } match;

typedef struct found {
    uint8_t conv[CORE_CONV_LEN];
    char name[CORE_TITLE_MAX + 1];
    match how;
    bool is_open; /* can be written to */
} found;

typedef struct finder {
    agent *agent;
    locale_t locale;
    kith_bytes who;
    bool requests; /* look among requests only */
    found best[AGENT_CANDIDATES_MAX]; /* of the best kind of match so far */
    size_t count; /* may be more than are held */
} finder;

static bool
is_id(kith_bytes who, const uint8_t *id, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    if (who.len < PREFIX_DIGITS || who.len > 2 * len) {
        return false;
    }
    for (size_t i = 0; i < who.len; i++) {
        const uint8_t half = i % 2 == 0 ? id[i / 2] >> 4 : id[i / 2] & 15;
        if (digits[half] != (char)who.data[i]) {
            return false;
        }
    }
    return true;
}

static match
match_chat(const finder *f, const core_chat *chat, const char *name)
{
    const bool is_direct = chat->kind == CORE_CHAT_DIRECT;
    const kith_bytes text = kith_bytes_of_text(name);

    if (is_id(f->who, chat->conv, sizeof chat->conv) ||
        (is_direct && is_id(f->who, chat->peer, sizeof chat->peer))) {
        return MATCH_ID;
    }
    if (!kith_utf8_is_valid(text)) {
        return MATCH_NONE;
    }
    if (is_same_name(f->locale, text, f->who)) {
        return MATCH_NAME;
    }
    return contains(f->locale, text, f->who) ? MATCH_LIKE : MATCH_NONE;
}

/* Better: a full match before a likeness, and what can be written to before what cannot. */
static int
rank(match how, bool is_open)
{
    return (how >= MATCH_NAME ? 2 : 0) + (is_open ? 1 : 0);
}

static void
consider(finder *f, const core_chat *chat)
{
    found one = {.is_open = chat->state == CORE_CHAT_OPENING || chat->state == CORE_CHAT_ACTIVE ||
                            chat->state == CORE_CHAT_BROKEN};

    if (chat->state == CORE_CHAT_DECLINED || (f->requests && chat->state != CORE_CHAT_REQUEST)) {
        return;
    }
    agent_chat_name(f->agent, chat, one.name);
    memcpy(one.conv, chat->conv, sizeof one.conv);
    one.how = match_chat(f, chat, one.name);
    if (one.how == MATCH_NONE) {
        return;
    }
    const int old = f->count > 0 ? rank(f->best[0].how, f->best[0].is_open) : -1;
    if (rank(one.how, one.is_open) < old) {
        return;
    }
    if (rank(one.how, one.is_open) > old) {
        f->count = 0;
    }
    if (f->count < AGENT_CANDIDATES_MAX) {
        f->best[f->count] = one;
    }
    f->count++;
}

static kith_err
look_through(finder *f)
{
    KITH_AUTO(kith_buf) cursor = {0};
    core_chat chat;

    for (;;) {
        const kith_err err = core_chat_next(f->agent->core, &cursor, &chat);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        consider(f, &chat);
    }
}

static kith_err
tell_candidates(const finder *f, agent_call *call)
{
    const size_t held = f->count < AGENT_CANDIDATES_MAX ? f->count : AGENT_CANDIDATES_MAX;

    call->data = agent_json_new();
    KITH_ENSURE(call->data.ok, KITH_ERR_NO_MEMORY);
    agent_json list = agent_json_array(&call->data);
    for (size_t i = 0; i < held; i++) {
        agent_json item = agent_json_object(&list);
        agent_json_hex(&item, "conv", KITH_BYTES(f->best[i].conv));
        agent_json_text(&item, "name", f->best[i].name);
        agent_json_append(&list, &item);
    }
    agent_json_put(&call->data, "candidates", &list);
    KITH_ENSURE(call->data.ok, KITH_ERR_NO_MEMORY);
    /* Likenesses are hints; several full matches are a question. */
    const bool is_full = f->count > 0 && f->best[0].how >= MATCH_NAME;
    return is_full ? KITH_ERR_CONFLICT : KITH_ERR_NOT_FOUND;
}

kith_err
agent_do_chat_find(agent *a, agent_call *call)
{
    finder f = {
        .agent = a,
        .locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0),
        .who = agent_param_text(call, "who"),
        .requests = agent_param_bool(call, "request"),
    };

    KITH_ENSURE(f.locale != (locale_t)0, KITH_ERR_NO_MEMORY);
    const kith_err err = look_through(&f);
    freelocale(f.locale);
    KITH_TRY(err);
    if (f.count != 1 || f.best[0].how == MATCH_LIKE) {
        return tell_candidates(&f, call);
    }
    agent_json_hex(&call->result, "conv", KITH_BYTES(f.best[0].conv));
    agent_json_text(&call->result, "name", f.best[0].name);
    return KITH_OK;
}
