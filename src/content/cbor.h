/* SPDX-License-Identifier: MPL-2.0 */
/*
 * CBOR items one at a time, over libcbor's streaming calls [RFC8949]; for the files of this folder. Nothing is
 * allocated and nothing recurses: who reads knows how many items to expect.
 */
#ifndef KITH_CONTENT_CBOR_H
#define KITH_CONTENT_CBOR_H

#include "base/base.h"

typedef enum item_kind {
    ITEM_NONE = 0,
    ITEM_UINT,
    ITEM_NEGATIVE, /* -1 - value */
    ITEM_BYTES,
    ITEM_TEXT, /* well-formed UTF-8 */
    ITEM_ARRAY, /* `value` items follow */
    ITEM_MAP, /* `value` pairs follow */
    ITEM_TAG, /* one item follows */
    ITEM_BOOL, /* 0 or 1 */
    ITEM_NULL,
    ITEM_FLOAT, /* the value is of no interest to anybody */
} item_kind;

typedef struct item {
    item_kind kind;
    uint64_t value; /* number, count, or length */
    kith_bytes bytes; /* of BYTES and TEXT, borrowed */
} item;

/* Reads the next item, for arrays and maps only its head. MALFORMED: no item, not all of it there, or not in the
 * deterministic form [RFC8949 §4.2.1]: shortest heads, definite lengths. */
KITH_MUST_USE kith_err item_read(kith_reader *r, item *out);
/* The same for one kind. MALFORMED: another kind. */
KITH_MUST_USE kith_err item_expect(kith_reader *r, item_kind kind, item *out);
/* A number of at most `max`; MALFORMED: another kind, or larger. */
KITH_MUST_USE kith_err item_read_uint(kith_reader *r, uint64_t max, uint64_t *out);
/* The head of an array of exactly `count`. */
KITH_MUST_USE kith_err item_read_array(kith_reader *r, uint64_t count);
/* Skips one whole item whose arrays, maps and tags are at most `depth_max` deep. LIMIT: deeper. */
KITH_MUST_USE kith_err item_skip(kith_reader *r, size_t depth_max);

/* Appends an item; of NONE, NEGATIVE, TAG and FLOAT nothing is ever written. NO_MEMORY. */
KITH_MUST_USE kith_err item_write(kith_buf *out, item_kind kind, uint64_t value);
KITH_MUST_USE kith_err item_write_bytes(kith_buf *out, kith_bytes bytes);
KITH_MUST_USE kith_err item_write_text(kith_buf *out, kith_bytes text);

#endif
