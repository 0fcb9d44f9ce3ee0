/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The log for witnesses as tiles [C2SP-TILES]: hashes and entries in files of up to 256 that never change, under paths that say
 * what is in them. For whoever puts a log on a web server; the server's log gives the contents.
 */
#ifndef KITH_TRANSPARENCY_TILE_H
#define KITH_TRANSPARENCY_TILE_H

#include "transparency/bridge.h"

#define KT_TILE_WIDTH 256u
#define KT_TILE_LEVEL_MAX 63u

typedef struct kt_tile {
    bool is_entries; /* a bundle of entries instead of hashes */
    uint8_t level; /* of hashes: each stands for 256^level leaves; 0 for a bundle */
    uint64_t index; /* at most 2^56 - 1 */
    uint16_t width; /* 1..KT_TILE_WIDTH; less than that: a partial one */
} kt_tile;

/* Appends the path below a log's prefix, such as "tile/0/x001/x234/067.p/8" or "tile/entries/000". INVALID: a value out of its
 * range. */
KITH_API KITH_MUST_USE kith_err kt_tile_path_encode(const kt_tile *tile, kith_buf *out);
/* MALFORMED: not such a path. */
KITH_API KITH_MUST_USE kith_err kt_tile_path_decode(kith_bytes path, kt_tile *out);

/* Appends the content of a tile of the tree of the first `size` entries. NOT_FOUND: that tree does not have it. INVALID: the log is
 * smaller. */
KITH_API KITH_MUST_USE kith_err kt_log_tile(const kt_log *log, uint64_t size, const kt_tile *tile,
                                            kith_buf *out);

#endif
