/* SPDX-License-Identifier: MPL-2.0 */
/* Shared by the files of this folder. */
#ifndef KITH_PROTO_INTERNAL_H
#define KITH_PROTO_INTERNAL_H

#include "crypto/crypto.h"

/* Passes `err` on; unless it is KITH_OK, first wipes and takes off what was appended to `out` since it was
 * `mark` bytes long. */
KITH_MUST_USE kith_err proto_settle(kith_buf *out, size_t mark, kith_err err);

/* Copies the parts one after the other into `room`, which is large enough for them, and lends the whole. */
kith_bytes proto_concat(uint8_t *room, size_t len, crypto_parts parts);

/* Ed25519; a key or signature that does not even parse is as bad as a wrong one: REJECTED. */
KITH_MUST_USE kith_err proto_verify(crypto *c, kith_bytes key, kith_bytes message,
                                    kith_bytes signature);

#endif
