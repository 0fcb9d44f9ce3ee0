/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a server says of its directory's log, signed with its identity key (docs/wire.md §10): which generation
 * it is, its configuration, and what log it took the place of. What stands in the configuration is not known
 * here.
 */
#ifndef KITH_PROTO_LOG_H
#define KITH_PROTO_LOG_H

#include "crypto/crypto.h"
#include "proto/limits.h"
#include "proto/request.h"

/* A decoded SignedLog; borrows from the bytes it was decoded from. */
typedef struct proto_log {
    uint32_t generation; /* 1.. */
    kith_bytes config; /* Configuration [KEYTRANS], not empty */
    uint8_t previous_hash[PROTO_ID_LEN]; /* of the SignedLog before; zeros in generation 1 */
    kith_bytes
        reason; /* why that one's place was taken: UTF-8, to be shown; empty in generation 1 */
    kith_bytes signature; /* 1..255 */
    kith_bytes signed_part; /* the Log, without the signature */
} proto_log;

/* Reads the form only: nothing is believed yet. MALFORMED: does not parse, generation 0, a predecessor in
 * generation 1 or none in a later one, a reason that is not UTF-8. LIMIT: longer than PROTO_LOG_BYTES_MAX, or a reason
 * longer than PROTO_LOG_REASON_MAX. UNSUPPORTED: another format. */
KITH_API KITH_MUST_USE kith_err proto_log_decode(kith_bytes bytes, proto_log *out);

/* `H(SignedLog)`: what the next generation names as its predecessor. */
KITH_API KITH_MUST_USE kith_err proto_log_hash(crypto *c, kith_bytes bytes,
                                               uint8_t out[PROTO_ID_LEN]);

/* What a new SignedLog is made of. */
typedef struct proto_log_draft {
    crypto_sign_key *identity; /* the server's, Ed25519; borrowed */
    kith_bytes config;
    kith_bytes previous; /* SignedLog before this one; empty: this is generation 1 */
    kith_bytes reason; /* empty in generation 1 */
} proto_log_draft;

/* Appends the SignedLog. Errors of decode, of `previous` and of the result; LIMIT: generation 2^32-1 has no next.
 * INVALID: a reason without a predecessor. */
KITH_API KITH_MUST_USE kith_err proto_log_make(crypto *c, const proto_log_draft *draft,
                                               kith_buf *out);

/* Whether the server with this identity key signed it. Errors of decode; REJECTED: it did not. `*out` (may be NULL)
 * borrows from `bytes`. */
KITH_API KITH_MUST_USE kith_err proto_log_check(crypto *c, kith_bytes bytes, kith_bytes server_key,
                                                proto_log *out);

#endif
