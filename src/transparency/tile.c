/* SPDX-License-Identifier: MPL-2.0 */
/* Tiles: their paths, and what is in them. */
#include "transparency/tile.h"

#include <stdio.h>

#include "transparency/log_parts.h"
#include "transparency/merkle_parts.h"
#include "transparency/text.h"

#define INDEX_MAX ((UINT64_C(1) << 56) - 1)
/* Groups of three digits that the largest index has. */
#define GROUPS_MAX 6u

static bool
is_valid(const kt_tile *tile)
{
    return tile->level <= KT_TILE_LEVEL_MAX && (!tile->is_entries || tile->level == 0) &&
           tile->index <= INDEX_MAX && tile->width > 0 && tile->width <= KT_TILE_WIDTH;
}

/* ---- Paths ---- */

/* Three digits at a time, all but the last with an x before them. */
static kith_err
write_index(uint64_t index, kith_buf *out)
{
    unsigned groups[GROUPS_MAX];
    size_t count = 0;
    char text[8];

    do {
        groups[count++] = (unsigned)(index % 1000);
        index /= 1000;
    } while (index > 0);
    for (; count > 0; count--) {
        snprintf(text, sizeof text, "/%s%03u", count > 1 ? "x" : "", groups[count - 1]);
        KITH_TRY(kt_text_write(out, text));
    }
    return KITH_OK;
}

kith_err
kt_tile_path_encode(const kt_tile *tile, kith_buf *out)
{
    KITH_AUTO(kith_buf) path = {.alloc = out->alloc};

    KITH_ENSURE(is_valid(tile), KITH_ERR_INVALID);
    KITH_TRY(kt_text_write(&path, "tile/"));
    if (tile->is_entries) {
        KITH_TRY(kt_text_write(&path, "entries"));
    } else {
        KITH_TRY(kt_decimal_write(&path, tile->level));
    }
    KITH_TRY(write_index(tile->index, &path));
    if (tile->width < KT_TILE_WIDTH) {
        KITH_TRY(kt_text_write(&path, ".p/"));
        KITH_TRY(kt_decimal_write(&path, tile->width));
    }
    return kith_buf_append(out, kith_bytes_of_buf(&path));
}

/* Cuts off what is before the next `mark`, or all; false when there is no mark. */
static bool
cut(kith_bytes *rest, char mark, kith_bytes *out)
{
    for (size_t i = 0; i < rest->len; i++) {
        if (rest->data[i] == (uint8_t)mark) {
            *out = kith_bytes_of(rest->data, i);
            *rest = kith_bytes_of(rest->data + i + 1, rest->len - i - 1);
            return true;
        }
    }
    *out = *rest;
    *rest = (kith_bytes){0};
    return false;
}

static kith_err
read_level(kith_bytes text, kt_tile *tile)
{
    uint64_t level = 0;

    tile->is_entries = kith_bytes_equal(text, kith_bytes_of_text("entries"));
    if (tile->is_entries) {
        return KITH_OK;
    }
    KITH_TRY(kt_decimal_read(text, &level));
    KITH_ENSURE(level <= KT_TILE_LEVEL_MAX, KITH_ERR_MALFORMED);
    tile->level = (uint8_t)level;
    return KITH_OK;
}

static kith_err
read_group(kith_bytes text, uint64_t *index)
{
    unsigned group = 0;

    KITH_ENSURE(text.len == 3 && *index <= INDEX_MAX / 1000, KITH_ERR_MALFORMED);
    for (size_t i = 0; i < 3; i++) {
        KITH_ENSURE(text.data[i] >= '0' && text.data[i] <= '9', KITH_ERR_MALFORMED);
        group = group * 10 + (unsigned)(text.data[i] - '0');
    }
    *index = *index * 1000 + group;
    return KITH_OK;
}

static kith_err
read_index(kith_bytes text, kt_tile *tile)
{
    kith_bytes group = {0};

    for (bool is_more = true; is_more;) {
        is_more = cut(&text, '/', &group);
        if (is_more) {
            KITH_TRY(kt_line_after(group, "x", &group));
        }
        KITH_TRY(read_group(group, &tile->index));
    }
    return KITH_OK;
}

/* The end of a partial tile: ".p/" and the width. */
static kith_err
read_width(kith_bytes text, kt_tile *tile)
{
    uint64_t width = 0;

    KITH_TRY(kt_line_after(text, "p/", &text));
    KITH_TRY(kt_decimal_read(text, &width));
    KITH_ENSURE(width > 0 && width < KT_TILE_WIDTH, KITH_ERR_MALFORMED);
    tile->width = (uint16_t)width;
    return KITH_OK;
}

/* What reads and is written otherwise is refused: a tile has one path. */
static kith_err
check_only_form(kith_bytes path, const kt_tile *tile)
{
    KITH_AUTO(kith_buf) again = {0};

    KITH_ENSURE(is_valid(tile), KITH_ERR_MALFORMED);
    KITH_TRY(kt_tile_path_encode(tile, &again));
    return kith_bytes_equal(path, kith_bytes_of_buf(&again)) ? KITH_OK : KITH_ERR_MALFORMED;
}

kith_err
kt_tile_path_decode(kith_bytes path, kt_tile *out)
{
    kt_tile tile = {.width = KT_TILE_WIDTH};
    kith_bytes rest = {0};
    kith_bytes part = {0};

    KITH_TRY(kt_line_after(path, "tile/", &rest));
    KITH_ENSURE(cut(&rest, '/', &part), KITH_ERR_MALFORMED);
    KITH_TRY(read_level(part, &tile));
    const bool is_partial = cut(&rest, '.', &part);
    KITH_TRY(read_index(part, &tile));
    if (is_partial) {
        KITH_TRY(read_width(rest, &tile));
    }
    KITH_TRY(check_only_form(path, &tile));
    *out = tile;
    return KITH_OK;
}

/* ---- Contents ---- */

/* How many hashes a level of tiles has in a tree of `size` leaves: those of complete subtrees. */
static uint64_t
count_hashes(uint64_t size, uint8_t level)
{
    return level * 8u < 64 ? size >> level * 8u : 0;
}

static kith_err
write_hashes(const kt_log *log, const kt_tile *tile, kith_buf *out)
{
    const unsigned level = tile->level * 8u;

    for (uint64_t i = 0; i < tile->width; i++) {
        kt_hash hash;
        const uint64_t start = (tile->index * KT_TILE_WIDTH + i) << level;
        KITH_TRY(kt_merkle_read(&log->setup.store, start, level, &hash));
        KITH_TRY(kith_buf_append(out, kt_hash_bytes(&hash)));
    }
    return KITH_OK;
}

static kith_err
write_entries(const kt_log *log, const kt_tile *tile, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    for (uint64_t i = 0; i < tile->width; i++) {
        kt_bridge_entry entry;
        KITH_TRY(kt_log_bridge_entry(log, tile->index * KT_TILE_WIDTH + i, &entry));
        KITH_TRY(kith_write_u16(&w, KT_BRIDGE_ENTRY_LEN));
        KITH_TRY(kt_bridge_entry_write(&w, &entry));
    }
    return KITH_OK;
}

kith_err
kt_log_tile(const kt_log *log, uint64_t size, const kt_tile *tile, kith_buf *out)
{
    KITH_AUTO(kith_buf) content = {.alloc = out->alloc};

    KITH_ENSURE(size <= log->size && is_valid(tile), KITH_ERR_INVALID);
    const uint64_t have = count_hashes(size, tile->level);
    KITH_ENSURE(tile->index <= have / KT_TILE_WIDTH &&
                    tile->width <= have - tile->index * KT_TILE_WIDTH,
                KITH_ERR_NOT_FOUND);
    if (tile->is_entries) {
        KITH_TRY(write_entries(log, tile, &content));
    } else {
        KITH_TRY(write_hashes(log, tile, &content));
    }
    return kith_buf_append(out, kith_bytes_of_buf(&content));
}
