/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reading and writing the body of a MIMI message [MIMI-CONTENT §4.4]. Parts may stand inside parts, at most
 * CONTENT_DEPTH_MAX deep; they are read with a stack of counters.
 */
#include "content/part.h"

#include <string.h>

#include "content/cbor.h"

typedef enum disposition {
    DISPOSITION_UNSPECIFIED = 0,
    DISPOSITION_RENDER = 1,
    DISPOSITION_REACTION = 2,
    DISPOSITION_INLINE = 4,
    DISPOSITION_MAX = 255,
} disposition;

typedef enum cardinality {
    NULL_PART = 0,
    SINGLE_PART = 1,
    EXTERNAL_PART = 2,
    MULTI_PART = 3
} cardinality;

/* How many items a NestedPart of each cardinality has. */
static const uint64_t items_of[] = {3, 5, 15, 5};

typedef enum semantics { CHOOSE_ONE = 0, SINGLE_UNIT = 1, PROCESS_ALL = 2 } semantics;

static const char TEXT_PLAIN[] = "text/plain";
static const char TEXT_PLAIN_UTF8[] = "text/plain;charset=utf-8";
static const char TEXT_MARKDOWN[] = "text/markdown";
static const char TEXT_MARKDOWN_GFM[] = "text/markdown;variant=GFM-MIMI";
static const char REPORT_TYPE[] = "application/mimi-message-status";
static const char CONTROL_TYPE[] = "application/vnd.kith.control";

/* ---- Reading ---- */

/* A NestedPart as it stands there. */
typedef struct raw_part {
    uint64_t disposition;
    kith_bytes language;
    uint64_t cardinality;
    kith_bytes type; /* SINGLE_PART */
    kith_bytes body; /* SINGLE_PART */
    uint64_t semantics; /* MULTI_PART */
    uint64_t count; /* MULTI_PART: of parts that follow */
} raw_part;

static kith_err
read_limited(kith_reader *r, item_kind kind, size_t max, kith_bytes *out)
{
    item got;

    KITH_TRY(item_expect(r, kind, &got));
    KITH_ENSURE(got.bytes.len <= max, KITH_ERR_LIMIT);
    *out = got.bytes;
    return KITH_OK;
}

/* What an ExternalPart says is of no use yet; that it says it in the right form is checked. */
static kith_err
skip_external(kith_reader *r)
{
    static const struct {
        item_kind kind;
        uint64_t max; /* of a number */
    } items[] = {
        {ITEM_TEXT, 0}, /* contentType */
        {ITEM_TEXT, 0}, /* url */
        {ITEM_UINT, UINT32_MAX}, /* expires */
        {ITEM_UINT, UINT64_MAX}, /* size */
        {ITEM_UINT, UINT16_MAX}, /* encAlg */
        {ITEM_BYTES, 0}, /* key */
        {ITEM_BYTES, 0}, /* nonce */
        {ITEM_BYTES, 0}, /* aad */
        {ITEM_UINT, UINT8_MAX}, /* hashAlg */
        {ITEM_BYTES, 0}, /* contentHash */
        {ITEM_TEXT, 0}, /* description */
        {ITEM_TEXT, 0}, /* filename */
    };

    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        item got;
        KITH_TRY(item_expect(r, items[i].kind, &got));
        KITH_ENSURE(got.kind != ITEM_UINT || got.value <= items[i].max, KITH_ERR_MALFORMED);
    }
    return KITH_OK;
}

static kith_err
read_multi(kith_reader *r, raw_part *out)
{
    item list;

    KITH_TRY(item_read_uint(r, PROCESS_ALL, &out->semantics));
    KITH_TRY(item_expect(r, ITEM_ARRAY, &list));
    KITH_ENSURE(list.value >= 2, KITH_ERR_MALFORMED);
    KITH_ENSURE(list.value <= CONTENT_PARTS_MAX, KITH_ERR_LIMIT);
    out->count = list.value;
    return KITH_OK;
}

/* Reads a part, of a MULTI_PART everything before the parts inside. */
static kith_err
read_raw(kith_reader *r, raw_part *out)
{
    item list;

    *out = (raw_part){0};
    KITH_TRY(item_expect(r, ITEM_ARRAY, &list));
    KITH_TRY(item_read_uint(r, DISPOSITION_MAX, &out->disposition));
    KITH_TRY(read_limited(r, ITEM_TEXT, CONTENT_LANGUAGE_MAX, &out->language));
    KITH_TRY(item_read_uint(r, MULTI_PART, &out->cardinality));
    KITH_ENSURE(list.value == items_of[out->cardinality], KITH_ERR_MALFORMED);
    switch (out->cardinality) {
    case SINGLE_PART:
        KITH_TRY(read_limited(r, ITEM_TEXT, CONTENT_TYPE_MAX, &out->type));
        return read_limited(r, ITEM_BYTES, CONTENT_MAX, &out->body);
    case EXTERNAL_PART:
        return skip_external(r);
    case MULTI_PART:
        return read_multi(r, out);
    default:
        return KITH_OK;
    }
}

static bool
is_type(kith_bytes type, const char *text)
{
    return kith_bytes_equal(type, kith_bytes_of_text(text));
}

static bool
is_plain(kith_bytes type)
{
    return is_type(type, TEXT_PLAIN) || is_type(type, TEXT_PLAIN_UTF8);
}

static bool
is_markdown(kith_bytes type)
{
    const size_t len = sizeof TEXT_MARKDOWN - 1;

    return is_type(type, TEXT_MARKDOWN) ||
           (type.len > len && memcmp(type.data, TEXT_MARKDOWN, len) == 0 && type.data[len] == ';');
}

/* What this build makes of a part; OTHER: nothing. */
static content_kind
kind_of(const raw_part *raw)
{
    if (raw->cardinality != SINGLE_PART) {
        return CONTENT_OTHER;
    }
    if (is_type(raw->type, REPORT_TYPE)) {
        return CONTENT_REPORT;
    }
    if (is_type(raw->type, CONTROL_TYPE)) {
        return CONTENT_CONTROL;
    }
    switch (raw->disposition) {
    case DISPOSITION_REACTION:
        return is_plain(raw->type) ? CONTENT_REACTION : CONTENT_OTHER;
    case DISPOSITION_UNSPECIFIED:
    case DISPOSITION_RENDER:
    case DISPOSITION_INLINE:
        return is_plain(raw->type) || is_markdown(raw->type) ? CONTENT_TEXT : CONTENT_OTHER;
    default:
        return CONTENT_OTHER;
    }
}

/* Parts that are still to be read at each depth, and whether they are for showing. */
typedef struct walk {
    struct {
        uint64_t left;
        bool skip;
    } level[CONTENT_DEPTH_MAX];
    size_t depth; /* levels in use */
    size_t parts;
    part chosen;
} walk;

static kith_err
enter(walk *w, const raw_part *raw)
{
    const bool skip = w->level[w->depth - 1].skip || raw->semantics == SINGLE_UNIT;

    KITH_ENSURE(w->depth < CONTENT_DEPTH_MAX, KITH_ERR_LIMIT);
    w->level[w->depth].left = raw->count;
    w->level[w->depth].skip = skip;
    w->depth++;
    return KITH_OK;
}

static void
consider(walk *w, const raw_part *raw)
{
    const content_kind kind = kind_of(raw);

    if (w->chosen.kind != CONTENT_OTHER || kind == CONTENT_OTHER || w->level[w->depth - 1].skip) {
        return;
    }
    w->chosen = (part){.kind = kind,
                       .language = raw->language,
                       .markdown = kind == CONTENT_TEXT && is_markdown(raw->type),
                       .body = raw->body};
}

static kith_err
read_next(kith_reader *r, walk *w)
{
    raw_part raw;

    KITH_ENSURE(++w->parts <= CONTENT_PARTS_MAX, KITH_ERR_LIMIT);
    KITH_TRY(read_raw(r, &raw));
    if (raw.cardinality == MULTI_PART) {
        return enter(w, &raw);
    }
    if (raw.cardinality == NULL_PART && w->parts == 1) {
        w->chosen = (part){.kind = CONTENT_UNSEND, .language = raw.language};
        return KITH_OK;
    }
    consider(w, &raw);
    return KITH_OK;
}

kith_err
part_read(kith_reader *r, part *out)
{
    walk w = {.level = {{.left = 1}}, .depth = 1, .chosen = {.kind = CONTENT_OTHER}};
    kith_reader at = *r;

    while (w.depth > 0) {
        if (w.level[w.depth - 1].left == 0) {
            w.depth--;
            continue;
        }
        w.level[w.depth - 1].left--;
        KITH_TRY(read_next(&at, &w));
    }
    *r = at;
    *out = w.chosen;
    return KITH_OK;
}

/* ---- Writing ---- */

static const char *
type_of(const part *in)
{
    switch (in->kind) {
    case CONTENT_REPORT:
        return REPORT_TYPE;
    case CONTENT_CONTROL:
        return CONTROL_TYPE;
    default:
        return in->markdown ? TEXT_MARKDOWN_GFM : TEXT_PLAIN_UTF8;
    }
}

static disposition
disposition_of(const part *in)
{
    switch (in->kind) {
    case CONTENT_REPORT:
    case CONTENT_CONTROL:
        return DISPOSITION_UNSPECIFIED;
    case CONTENT_REACTION:
        return DISPOSITION_REACTION;
    default:
        return DISPOSITION_RENDER;
    }
}

kith_err
part_write(kith_buf *out, const part *in)
{
    const cardinality how = in->kind == CONTENT_UNSEND ? NULL_PART : SINGLE_PART;

    KITH_TRY(item_write(out, ITEM_ARRAY, items_of[how]));
    KITH_TRY(item_write(out, ITEM_UINT, disposition_of(in)));
    KITH_TRY(item_write_text(out, in->language));
    KITH_TRY(item_write(out, ITEM_UINT, how));
    if (how == NULL_PART) {
        return KITH_OK;
    }
    KITH_TRY(item_write_text(out, kith_bytes_of_text(type_of(in))));
    return item_write_bytes(out, in->body);
}
