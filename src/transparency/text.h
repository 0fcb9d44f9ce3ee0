/* SPDX-License-Identifier: MPL-2.0 */
/* The pieces that the texts of [C2SP-NOTE] and its relatives are made of: lines, decimals, base64 with padding
 * [RFC4648 §4]. Each form has one encoding; anything else is MALFORMED. */
#ifndef KITH_TRANSPARENCY_TEXT_H
#define KITH_TRANSPARENCY_TEXT_H

#include "transparency/encoding.h"

/* Lends the next line without its newline. MALFORMED: none is left, or the last one does not end. */
KITH_MUST_USE kith_err kt_line_read(kith_reader *r, kith_bytes *out);
/* What stands behind `prefix`. MALFORMED: the line does not begin with it. */
KITH_MUST_USE kith_err kt_line_after(kith_bytes line, const char *prefix, kith_bytes *out);

/* Without leading zeros, at most 2^63 - 1. */
KITH_MUST_USE kith_err kt_decimal_read(kith_bytes text, uint64_t *out);
KITH_MUST_USE kith_err kt_decimal_write(kith_buf *out, uint64_t value);

/* How many bytes the text stands for; it is then known to be well formed. */
KITH_MUST_USE kith_err kt_base64_len(kith_bytes text, size_t *out);
KITH_MUST_USE kith_err kt_base64_decode(kith_bytes text, kith_buf *out);
KITH_MUST_USE kith_err kt_base64_encode(kith_bytes bytes, kith_buf *out);

/* A hash alone in its line. */
KITH_MUST_USE kith_err kt_hash_line_read(kith_bytes line, kt_hash *out);
/* Lines of hashes up to an empty one, which is read, too: at most KT_MERKLE_PATH_MAX. `*count` counts on. */
KITH_MUST_USE kith_err kt_hash_lines_read(kith_reader *r, kt_hash *out, size_t *count);
KITH_MUST_USE kith_err kt_hash_line_write(kith_buf *out, const kt_hash *hash);

KITH_MUST_USE kith_err kt_text_write(kith_buf *out, const char *text);

/* Whether there is no other control character than newline, in well-formed UTF-8. */
bool kt_text_is_clean(kith_bytes text);
/* Whether it may name a key: not empty, no space of Unicode, no plus. */
bool kt_text_is_name(kith_bytes text);

#endif
