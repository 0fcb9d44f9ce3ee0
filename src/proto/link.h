/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What people pass to each other outside Kith (docs/wire.md §6, §9): links and linking codes as text, and
 * what both ends derive from the secret in a link.
 */
#ifndef KITH_PROTO_LINK_H
#define KITH_PROTO_LINK_H

#include "crypto/crypto.h"
#include "proto/limits.h"
#include "proto/request.h"

#define PROTO_PORT 5484u /* when a link or code names none */
#define PROTO_SERVER_KEY_LEN 32u
#define PROTO_ACCOUNT_KEY_LEN 32u
#define PROTO_LINK_SECRET_LEN 16u
#define PROTO_CODE_DIGITS 6u

/* Where a Kith server is. */
typedef struct proto_address {
    char host[PROTO_HOST_MAX + 1]; /* zero-terminated; an IPv6 address without brackets */
    uint16_t port; /* 1.. */
} proto_address;

/* `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`. MALFORMED: none of these, or port 0. LIMIT: host longer
 * than PROTO_HOST_MAX. Encoding appends text without a terminating zero, always with the port. */
KITH_API KITH_MUST_USE kith_err proto_address_decode(kith_bytes text, proto_address *out);
KITH_API KITH_MUST_USE kith_err proto_address_encode(kith_buf *out, const proto_address *in);

typedef enum proto_link_kind {
    PROTO_LINK_OPERATOR = 0,
    PROTO_LINK_PERSON = 1,
    PROTO_LINK_DEVICE = 2,
} proto_link_kind;

/* A `kith:` link, in place. It holds a secret: wipe it with done. */
typedef struct proto_link {
    proto_address address;
    uint8_t kind; /* a proto_link_kind */
    uint8_t server_key[PROTO_SERVER_KEY_LEN];
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    uint8_t account_key[PROTO_ACCOUNT_KEY_LEN]; /* PERSON only, else zeros */
    char name[PROTO_NAME_MAX +
              1]; /* PERSON only: the inviter's, UTF-8, zero-terminated, may be empty */
    uint32_t rendezvous; /* DEVICE only, else 0 */
} proto_link;
KITH_API void proto_link_done(proto_link *link);

/* Appends the text `kith:HOST:PORT/PAYLOAD` without a terminating zero. MALFORMED: what decode refuses. */
KITH_API KITH_MUST_USE kith_err proto_link_encode(kith_buf *out, const proto_link *in);
/* MALFORMED: not a link. LIMIT: longer than PROTO_LINK_TEXT_MAX, or its host or name too long. UNSUPPORTED: of
 * a later version, or a kind that this one does not know. */
KITH_API KITH_MUST_USE kith_err proto_link_decode(kith_bytes text, proto_link *out);

/* What a person types to link a device without a camera: `NUMBER-SECRET@HOST:PORT`. In place; wipe it with
 * done. */
typedef struct proto_code {
    uint32_t number; /* of the rendezvous */
    char digits[PROTO_CODE_DIGITS + 1]; /* zero-terminated */
    proto_address address;
} proto_code;
KITH_API void proto_code_done(proto_code *code);

KITH_API KITH_MUST_USE kith_err proto_code_encode(kith_buf *out, const proto_code *in);
/* MALFORMED: not a code. LIMIT: longer than PROTO_CODE_TEXT_MAX. */
KITH_API KITH_MUST_USE kith_err proto_code_decode(kith_bytes text, proto_code *out);

/* Six unbiased random decimal digits and a terminating zero. */
KITH_API KITH_MUST_USE kith_err proto_code_digits(const kith_rng *rng,
                                                  char out[PROTO_CODE_DIGITS + 1]);

/* ---- From the secret of a link ---- */

/* HKDF-SHA256(secret, "", "kith/1 ticket", 32): what ACCOUNT_CREATE shows. */
KITH_API KITH_MUST_USE kith_err proto_ticket(crypto *c, const uint8_t secret[PROTO_LINK_SECRET_LEN],
                                             uint8_t out[PROTO_ID_LEN]);
/* HKDF-SHA256(secret, "", "kith/1 proof", 32). */
KITH_API KITH_MUST_USE kith_err proto_proof_key(crypto *c,
                                                const uint8_t secret[PROTO_LINK_SECRET_LEN],
                                                kith_secret *out);

typedef enum proto_role {
    PROTO_ROLE_JOINER = 1,
    PROTO_ROLE_INVITER = 2,
} proto_role;

#define PROTO_PROOF_LEN 32u

/* Whose hello it is, in which group, between whom. */
typedef struct proto_proof {
    proto_role role; /* of the one who says it */
    kith_bytes group_id;
    const uint8_t *joiner; /* account ids, PROTO_ID_LEN */
    const uint8_t *inviter;
} proto_proof;

/* HMAC-SHA256(proof_key, role || group id || joiner account id || inviter account id). */
KITH_API KITH_MUST_USE kith_err proto_proof_make(crypto *c,
                                                 const uint8_t secret[PROTO_LINK_SECRET_LEN],
                                                 const proto_proof *in,
                                                 uint8_t out[PROTO_PROOF_LEN]);
/* REJECTED: `proof` is not that. */
KITH_API KITH_MUST_USE kith_err proto_proof_check(crypto *c,
                                                  const uint8_t secret[PROTO_LINK_SECRET_LEN],
                                                  const proto_proof *in, kith_bytes proof);

#endif
