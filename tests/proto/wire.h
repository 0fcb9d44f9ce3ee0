/* SPDX-License-Identifier: MPL-2.0 */
/* What the tests of proto and content share: bytes in a short notation, and the checks that every codec gets. */
#ifndef KITH_TESTS_PROTO_WIRE_H
#define KITH_TESTS_PROTO_WIRE_H

#include "base/check.h"

/* Repeated values for initialisers. */
#define R4(b) b, b, b, b
#define R16(b) R4(b), R4(b), R4(b), R4(b)
#define R32(b) R16(b), R16(b)

/* Bytes of a notation: hexadecimal words between spaces, `11*32` for 32 times the byte 11. The caller's. */
kith_buf wire(const char *notation);

/* Decodes a whole encoding and appends what it encodes to again. */
typedef kith_err (*wire_again)(kith_bytes in, kith_buf *out);

/* Round trip, every prefix refused, one more byte refused. */
void assert_codec(const char *name, kith_bytes encoded, wire_again again);

#endif
