/* SPDX-License-Identifier: MPL-2.0 */
/* The body of a MIMI message: one part, or parts inside parts [MIMI-CONTENT §4.4]; for message.c only. */
#ifndef KITH_CONTENT_PART_H
#define KITH_CONTENT_PART_H

#include "content/message.h"

/* What is to be shown of a body. Borrows from what was read. */
typedef struct part {
    content_kind kind; /* UNSEND: the whole body is a NullPart */
    kith_bytes language;
    bool markdown;
    kith_bytes body;
} part;

/* Reads a whole NestedPart and picks from it what this build understands. MALFORMED, LIMIT. */
KITH_MUST_USE kith_err part_read(kith_reader *r, part *out);
/* Writes the one part of a message of Kith. */
KITH_MUST_USE kith_err part_write(kith_buf *out, const part *in);

#endif
