/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Borrowed bytes, owned buffers, secrets, and the few things done with them: comparing, wiping, text
 * forms. A kith_bytes owns nothing and is valid as long as what it was taken from.
 */
#ifndef KITH_BASE_BYTES_H
#define KITH_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/err.h"

/* Runs the type's `_done` when the variable leaves scope: KITH_AUTO(kith_buf) b = {0}; */
#define KITH_AUTO(type) __attribute__((cleanup(type##_done))) type

/* Borrowed bytes. `data` may be NULL only when `len` is 0. */
typedef struct kith_bytes {
    const uint8_t *data;
    size_t len;
} kith_bytes;

/* An owned, growing buffer. All zero is an empty buffer over the C library's allocator. */
typedef struct kith_buf {
    uint8_t *data;
    size_t len; /* bytes in use */
    size_t cap; /* bytes allocated */
    const kith_alloc *alloc; /* NULL: the C library's */
} kith_buf;

/* Longest secret held in place: a SHA-512 output, or a seed of ML-KEM-768+X25519 and room to spare. */
#define KITH_SECRET_MAX 128u

/* A secret of at most KITH_SECRET_MAX bytes, in place, wiped by done. Copying the struct copies the
 * secret: use kith_secret_take to move it. */
typedef struct kith_secret {
    uint8_t data[KITH_SECRET_MAX];
    size_t len;
} kith_secret;

#define KITH_BYTES(array) ((kith_bytes){(array), sizeof(array)})

KITH_API kith_bytes kith_bytes_of(const void *data, size_t len);
KITH_API kith_bytes kith_bytes_of_text(const char *text);
KITH_API kith_bytes kith_bytes_of_buf(const kith_buf *buf);
KITH_API kith_bytes kith_bytes_of_secret(const kith_secret *secret);

/* For public values only: may stop at the first difference. */
KITH_API bool kith_bytes_equal(kith_bytes a, kith_bytes b);
/* Shorter sorts first among equal prefixes; negative, 0 or positive. For public values only. */
KITH_API int kith_bytes_compare(kith_bytes a, kith_bytes b);
/* Takes time that depends on the lengths only. */
KITH_API bool kith_equal_ct(kith_bytes a, kith_bytes b);
/* Overwrites with zeros in a way that the compiler keeps. */
KITH_API void kith_wipe(void *data, size_t len);

/* Wipes and frees; leaves an empty buffer with the same allocator. */
KITH_API void kith_buf_done(kith_buf *buf);
/* Empties without giving memory back; what was in it is wiped. */
KITH_API void kith_buf_clear(kith_buf *buf);
KITH_API KITH_MUST_USE kith_err kith_buf_reserve(kith_buf *buf, size_t more);
KITH_API KITH_MUST_USE kith_err kith_buf_append(kith_buf *buf, kith_bytes bytes);
/* Appends `len` zero bytes and lends where they start (until the buffer changes); NULL may be lent for
 * no bytes. */
KITH_API KITH_MUST_USE kith_err kith_buf_extend(kith_buf *buf, size_t len, uint8_t **out);
/* Replaces the content by a copy of `bytes` (which may not be inside `buf`). Unchanged on error. */
KITH_API KITH_MUST_USE kith_err kith_buf_set(kith_buf *buf, kith_bytes bytes);
/* Drops the first `len` bytes (at most all); the rest moves to the front. */
KITH_API void kith_buf_drop_front(kith_buf *buf, size_t len);
/* Moves the content out; `buf` is left empty. */
KITH_API kith_buf kith_buf_take(kith_buf *buf);

KITH_API void kith_secret_done(kith_secret *secret);
/* LIMIT: longer than KITH_SECRET_MAX. */
KITH_API KITH_MUST_USE kith_err kith_secret_set(kith_secret *secret, kith_bytes bytes);
/* Moves the secret out; `secret` is left wiped. */
KITH_API kith_secret kith_secret_take(kith_secret *secret);

/* Lower-case hexadecimal (upper case is read, too), and base64url without padding [RFC4648 §5].
 * Encoders append text without a terminating zero. Decoders append bytes; MALFORMED: a character or
 * length outside the form (non-zero trailing bits included), nothing appended. LIMIT: more than
 * SIZE_MAX / 8 bytes or so. */
KITH_API KITH_MUST_USE kith_err kith_hex_encode(kith_bytes bytes, kith_buf *out);
KITH_API KITH_MUST_USE kith_err kith_hex_decode(kith_bytes text, kith_buf *out);
KITH_API KITH_MUST_USE kith_err kith_base64url_encode(kith_bytes bytes, kith_buf *out);
KITH_API KITH_MUST_USE kith_err kith_base64url_decode(kith_bytes text, kith_buf *out);

/* Whether `text` is well-formed UTF-8 [RFC3629] without a zero byte. */
KITH_API bool kith_utf8_is_valid(kith_bytes text);

#endif
