/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reader and writer: the only code that touches wire bytes. Integers are big-endian; vectors come in
 * two forms: fixed-size length prefixes (TLS presentation language, [RFC8446 §3.4]) and the variable
 * size prefix of MLS ([RFC9420 §2.1.2]), whose prefix must be minimal.
 *
 * A reader borrows its bytes; what it hands out borrows them too. A failed read leaves the reader and
 * the output as they were. A writer appends to a buffer that it borrows.
 */
#ifndef KITH_BASE_WIRE_H
#define KITH_BASE_WIRE_H

#include "base/bytes.h"

typedef struct kith_reader {
    const uint8_t *next;
    size_t left; /* bytes not read yet */
} kith_reader;

KITH_API kith_reader kith_reader_of(kith_bytes bytes);
KITH_API bool kith_reader_done(const kith_reader *r);
/* What is left, without reading it. */
KITH_API kith_bytes kith_reader_peek(const kith_reader *r);
/* The bytes between `from` (an earlier copy of the reader) and `r`. */
KITH_API kith_bytes kith_reader_since(const kith_reader *from, const kith_reader *r);

/* MALFORMED: not enough bytes left, or a length prefix that is not minimal or larger than the rest. */
KITH_API KITH_MUST_USE kith_err kith_read_u8(kith_reader *r, uint8_t *out);
KITH_API KITH_MUST_USE kith_err kith_read_u16(kith_reader *r, uint16_t *out);
KITH_API KITH_MUST_USE kith_err kith_read_u32(kith_reader *r, uint32_t *out);
KITH_API KITH_MUST_USE kith_err kith_read_u64(kith_reader *r, uint64_t *out);
/* One byte that must be 0 or 1. */
KITH_API KITH_MUST_USE kith_err kith_read_bool(kith_reader *r, bool *out);
/* Copies exactly `len` bytes. */
KITH_API KITH_MUST_USE kith_err kith_read_copy(kith_reader *r, uint8_t *out, size_t len);
/* Lends exactly `len` bytes. */
KITH_API KITH_MUST_USE kith_err kith_read_bytes(kith_reader *r, size_t len, kith_bytes *out);
/* Vectors with a prefix of 1, 2 or 4 bytes, and with an MLS variable-size prefix. */
KITH_API KITH_MUST_USE kith_err kith_read_vec8(kith_reader *r, kith_bytes *out);
KITH_API KITH_MUST_USE kith_err kith_read_vec16(kith_reader *r, kith_bytes *out);
KITH_API KITH_MUST_USE kith_err kith_read_vec32(kith_reader *r, kith_bytes *out);
KITH_API KITH_MUST_USE kith_err kith_read_varvec(kith_reader *r, kith_bytes *out);
/* A bare variable-size integer, below 2^30. */
KITH_API KITH_MUST_USE kith_err kith_read_varint(kith_reader *r, uint32_t *out);
/* MALFORMED unless everything was read. */
KITH_API KITH_MUST_USE kith_err kith_reader_finish(const kith_reader *r);

/* Largest length an MLS variable-size prefix can say: 2^30 - 1 [RFC9420 §2.1.2]. */
#define KITH_VARVEC_MAX 0x3fffffffu

typedef struct kith_writer {
    kith_buf *buf; /* borrowed */
} kith_writer;

KITH_API kith_writer kith_writer_of(kith_buf *buf);
/* NO_MEMORY; and LIMIT where a length does not fit its prefix. The buffer is then unchanged. */
KITH_API KITH_MUST_USE kith_err kith_write_u8(kith_writer *w, uint8_t value);
KITH_API KITH_MUST_USE kith_err kith_write_u16(kith_writer *w, uint16_t value);
KITH_API KITH_MUST_USE kith_err kith_write_u32(kith_writer *w, uint32_t value);
KITH_API KITH_MUST_USE kith_err kith_write_u64(kith_writer *w, uint64_t value);
KITH_API KITH_MUST_USE kith_err kith_write_bool(kith_writer *w, bool value);
KITH_API KITH_MUST_USE kith_err kith_write_bytes(kith_writer *w, kith_bytes bytes);
KITH_API KITH_MUST_USE kith_err kith_write_vec8(kith_writer *w, kith_bytes bytes);
KITH_API KITH_MUST_USE kith_err kith_write_vec16(kith_writer *w, kith_bytes bytes);
KITH_API KITH_MUST_USE kith_err kith_write_vec32(kith_writer *w, kith_bytes bytes);
KITH_API KITH_MUST_USE kith_err kith_write_varvec(kith_writer *w, kith_bytes bytes);
KITH_API KITH_MUST_USE kith_err kith_write_varint(kith_writer *w, uint32_t value);

/* A vector whose length is known only when it is complete:
 *
 *     size_t mark = 0;
 *     KITH_TRY(kith_write_open(&w, KITH_VEC_VAR, &mark));
 *     ... write the elements ...
 *     KITH_TRY(kith_write_close(&w, KITH_VEC_VAR, mark));
 */
typedef enum kith_vec { KITH_VEC_8, KITH_VEC_16, KITH_VEC_32, KITH_VEC_VAR } kith_vec;
KITH_API KITH_MUST_USE kith_err kith_write_open(kith_writer *w, kith_vec form, size_t *mark);
KITH_API KITH_MUST_USE kith_err kith_write_close(kith_writer *w, kith_vec form, size_t mark);

#endif
