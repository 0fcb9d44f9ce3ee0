/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Frames (docs/wire.md §2): what cuts the byte stream of a connection into requests, answers, errors
 * and pushes. Knows nothing of what is inside a body.
 */
#ifndef KITH_PROTO_FRAME_H
#define KITH_PROTO_FRAME_H

#include "base/base.h"

/* One frame. `request` is 0 for a push, else the number that ties an answer to its request. */
typedef struct proto_frame {
    uint8_t type;
    uint32_t request;
    kith_bytes body; /* borrowed from the input */
} proto_frame;

/* An answer has the type of its request with this bit; an error has type PROTO_ERROR. */
#define PROTO_ANSWER 0x80u
#define PROTO_ERROR 0xffu

/* Takes the frame at the front of `input`. `*used` becomes the bytes it fills (drop them when done with
 * the body), or 0 when the frame is not complete yet: `*out` is then unchanged and more input is
 * needed. `frame_max` bounds the frame's `length`: PROTO_FRAME_HELLO_MAX until HELLO was answered, then
 * PROTO_FRAME_MAX. MALFORMED: `length` below PROTO_FRAME_MIN. LIMIT: `length` above `frame_max`. After
 * either the stream has no frame boundary any more: close the connection. */
KITH_API KITH_MUST_USE kith_err proto_frame_take(kith_bytes input, uint32_t frame_max,
                                                 proto_frame *out, size_t *used);

/* Appends a frame. LIMIT: larger than PROTO_FRAME_MAX. The buffer is unchanged on error. */
KITH_API KITH_MUST_USE kith_err proto_frame_encode(kith_buf *out, uint8_t type, uint32_t request,
                                                   kith_bytes body);

/* A frame whose body is written in place:
 *
 *     size_t mark = 0;
 *     KITH_TRY(proto_frame_open(out, PROTO_LOGIN, number, &mark));
 *     KITH_TRY(proto_frame_close(out, mark, proto_login_encode(out, &login)));
 *
 * `close` fills in the length. When `body_err` is not KITH_OK, or the frame has become larger than
 * PROTO_FRAME_MAX (LIMIT), it takes everything since `open` off the buffer again and returns the error. */
KITH_API KITH_MUST_USE kith_err proto_frame_open(kith_buf *out, uint8_t type, uint32_t request,
                                                 size_t *mark);
KITH_API KITH_MUST_USE kith_err proto_frame_close(kith_buf *out, size_t mark, kith_err body_err);

#endif
