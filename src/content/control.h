/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What devices tell each other without showing it: the body of a CONTENT_CONTROL. TLS presentation:
 *
 *     struct { uint8 type; uint8 version = 1; opaque fields[..]; } Control;
 *
 * A type or version that this build does not know decodes as CONTENT_CONTROL_UNKNOWN and is skipped.
 */
#ifndef KITH_CONTENT_CONTROL_H
#define KITH_CONTENT_CONTROL_H

#include "content/message.h"

typedef enum content_control_type {
    CONTENT_CONTROL_UNKNOWN = 0, /* decoded only */
    CONTENT_CONTROL_HELLO = 1,
    CONTENT_CONTROL_PROFILE = 2,
    CONTENT_CONTROL_INVITE_MADE = 3, /* to own devices */
    CONTENT_CONTROL_CONTACT = 4, /* to own devices */
    CONTENT_CONTROL_READ_MARK = 5, /* to own devices */
    CONTENT_CONTROL_CONV_STATE = 6, /* to own devices */
    CONTENT_CONTROL_REJOIN = 7,
    CONTENT_CONTROL_HISTORY_REQUEST = 8,
    CONTENT_CONTROL_HISTORY = 9,
} content_control_type;

typedef enum content_role {
    CONTENT_ROLE_NONE = 0, /* no invite stands behind this hello; the proof is zeros */
    CONTENT_ROLE_JOINER = 1,
    CONTENT_ROLE_INVITER = 2,
} content_role;

/* First words in a conversation: who I am, and that I know the invite's secret (docs/wire.md §6). */
typedef struct content_hello {
    kith_bytes name; /* UTF-8, 0..CONTENT_NAME_MAX */
    uint8_t role; /* a content_role */
    uint8_t proof[32];
} content_hello;

/* The sender is now called so. */
typedef struct content_profile {
    kith_bytes name; /* UTF-8, 0..CONTENT_NAME_MAX */
} content_profile;

/* This account made an invite: its devices can tell a joiner's proof. */
typedef struct content_invite_made {
    uint8_t secret[16];
    uint64_t expires_ms;
} content_invite_made;

typedef struct content_contact {
    uint8_t account_id[32];
    kith_bytes account_key; /* 1..255: the one that is pinned */
    kith_bytes name; /* UTF-8, 0..CONTENT_NAME_MAX */
    uint8_t state; /* as core numbers them */
    uint8_t conv_id[32]; /* the direct conversation; zeros: none */
} content_contact;

typedef struct content_read_mark {
    uint8_t conv_id[32];
    uint64_t seq; /* everything up to it was read */
} content_read_mark;

typedef enum content_conv_state_of {
    CONTENT_CONV_ACCEPTED = 1,
    CONTENT_CONV_DECLINED = 2,
    CONTENT_CONV_LEFT = 3,
} content_conv_state_of;

typedef struct content_conv_state {
    uint8_t conv_id[32];
    uint8_t state; /* a content_conv_state_of */
} content_conv_state;

/* The sending device cannot follow: remove it and add it again. */
typedef struct content_rejoin {
    uint8_t conv_id[32];
} content_rejoin;

typedef struct content_history_request {
    uint8_t conv_id[32];
    uint64_t from_ms; /* since 1970: what was sent since then */
} content_history_request;

typedef struct content_history {
    uint8_t conv_id[32];
    kith_bytes entries; /* read with content_history_next; at most CONTENT_HISTORY_MAX */
} content_history;

/* One message of a history. */
typedef struct content_history_entry {
    uint8_t message_id[CONTENT_ID_LEN];
    uint8_t account_id[32]; /* of its sender */
    uint64_t sent_ms;
    kith_bytes content; /* an encoded message, 1..CONTENT_MAX */
} content_history_entry;

/* Decoded, it borrows from the body. `type` says which member is meant. */
typedef struct content_control {
    content_control_type type;
    union {
        content_hello hello;
        content_profile profile;
        content_invite_made invite_made;
        content_contact contact;
        content_read_mark read_mark;
        content_conv_state conv_state;
        content_rejoin rejoin;
        content_history_request history_request;
        content_history history;
    } as;
} content_control;

/* LIMIT: a vector outside its bounds. MALFORMED: what decode would refuse. INVALID: type UNKNOWN. NO_MEMORY.
 * The buffer is unchanged on error. */
KITH_API KITH_MUST_USE kith_err content_control_encode(kith_buf *out, const content_control *in);
/* MALFORMED: too short or too long, a name that is not UTF-8, a value outside its range. LIMIT: a vector or
 * count above its limit. */
KITH_API KITH_MUST_USE kith_err content_control_decode(kith_bytes body, content_control *out);

/* The elements of `entries`. MALFORMED: not enough bytes left. LIMIT: content too long. */
KITH_API KITH_MUST_USE kith_err content_history_append(kith_buf *out,
                                                       const content_history_entry *entry);
KITH_API KITH_MUST_USE kith_err content_history_next(kith_reader *r, content_history_entry *out);

#endif
