/* SPDX-License-Identifier: MPL-2.0 */
/* Reading what people pass to each other as text; for address.c and link.c only. */
#ifndef KITH_PROTO_TEXT_H
#define KITH_PROTO_TEXT_H

#include "proto/link.h"

/* Cuts `text` at the first `at`; false: it has none, nothing is written. */
bool proto_text_split(kith_bytes text, char at, kith_bytes *before, kith_bytes *after);
/* A decimal number without needless zeros. MALFORMED: anything else, or above `max`. */
KITH_MUST_USE kith_err proto_text_number(kith_bytes text, uint32_t max, uint32_t *out);

#endif
