/* SPDX-License-Identifier: MPL-2.0 */
/* Linking a device [docs/wire.md §9]: the run, and what its files know of each other. Private to core. */
#ifndef KITH_CORE_PAIR_H
#define KITH_CORE_PAIR_H

#include "core/identity.h"

typedef enum core_pair_state {
    PAIR_OPENING, /* old: asks for a number */
    PAIR_OFFERING, /* old: shows the code */
    PAIR_CONFIRMING, /* old: waits for the proof that the code was right */
    PAIR_HEARING, /* old: waits for name and key of the new device */
    PAIR_ASKING, /* old: waits for the person */
    PAIR_LISTING, /* old: publishes the list */
    PAIR_GIVING, /* old: hands everything over */
    PAIR_DIALING, /* new: waits for the connection */
    PAIR_JOINING, /* new: joins the rendezvous */
    PAIR_PROVING, /* new: waits for the proof of the old one */
    PAIR_WAITING, /* new: waits for the person and the account */
    PAIR_SAYING, /* new: has the account, logs in and says so */
    PAIR_STATES
} core_pair_state;

/* One direction of the channel. */
typedef struct core_pair_way {
    kith_secret key;
    uint64_t count; /* of pieces: the nonce */
} core_pair_way;

struct core_pair {
    uint64_t op; /* 0: its end was told */
    core_pair_state state;
    bool is_new;
    bool has_number;
    bool opening; /* RDV_OPEN or RDV_JOIN is in flight */
    bool has_identity; /* new: which one the connection showed */
    uint32_t number;
    char digits[PROTO_CODE_DIGITS + 1];
    proto_address address;
    uint8_t server_key[32]; /* as this side sees it */
    uint64_t until_ms;
    crypto_pake *pake; /* new: until the other side's message */
    uint8_t expected_tag[CRYPTO_PAKE_TAG_LEN]; /* old: of the new one */
    core_pair_way send;
    core_pair_way receive;
    kith_buf in; /* pieces of the message that is coming */
    kith_buf out; /* of the one that is going */
    size_t out_at;
    size_t in_flight; /* RDV_SENDs */
    char device_name[CORE_NAME_MAX + 1]; /* of the new device */
    uint8_t device_id[CORE_DEVICE_LEN];
    uint8_t device_public[32];
    crypto_sign_key *device_key; /* new */
};

/* First byte of a body in the rendezvous. */
enum {
    PAIR_BODY_START = 1, /* new to old: CPace message */
    PAIR_BODY_REPLY = 2, /* old to new: CPace message, tag */
    PAIR_BODY_CONFIRM = 3, /* new to old: tag */
    PAIR_BODY_SEALED = 4 /* a piece of a message */
};

/* First byte of a message in the channel. */
enum {
    PAIR_SAYS_DEVICE = 1, /* new: name and key */
    PAIR_SAYS_GIFT = 2, /* old: everything */
    PAIR_SAYS_READY = 3, /* new: stored and logged in */
    PAIR_SAYS_REFUSED = 4 /* old: the person said no */
};

/* Ends the run: tells the other side and whoever waits, wipes it. */
KITH_MUST_USE kith_err core_pair_end(core *c, kith_err err);
/* Tells whoever waits how it went, once; the run may go on. */
KITH_MUST_USE kith_err core_pair_tell(core *c, kith_err err);
/* A body for the other side. */
KITH_MUST_USE kith_err core_pair_send(core *c, const kith_buf *bytes);

/* ---- pair_channel.c ---- */

/* New: starts CPace and appends the START body. */
KITH_MUST_USE kith_err core_pair_start(core *c, kith_buf *body);
/* Old: appends the REPLY body to a START. REJECTED, MALFORMED: blame the other side. */
KITH_MUST_USE kith_err core_pair_reply(core *c, kith_bytes start, kith_buf *body);
/* New: appends the CONFIRM body to a REPLY. REJECTED: the code is wrong, or somebody is in between. */
KITH_MUST_USE kith_err core_pair_confirm(core *c, kith_bytes reply, kith_buf *body);
/* Old: REJECTED: the code that was typed is wrong. */
KITH_MUST_USE kith_err core_pair_check(core *c, kith_bytes confirm);
/* Puts a message of the channel in line; one at a time. */
KITH_MUST_USE kith_err core_pair_say(core *c, uint8_t type, kith_bytes message);
/* Appends the next piece as a body; nothing: all are gone. */
KITH_MUST_USE kith_err core_pair_piece(core *c, kith_buf *body);
/* Opens a piece. `*whole`: `in` now holds a whole message. REJECTED: not from the other side; LIMIT. */
KITH_MUST_USE kith_err core_pair_take(core *c, kith_bytes sealed, bool *whole);

/* ---- pair_gift.c ---- */

/* All that a new device needs. */
KITH_MUST_USE kith_err core_pair_gift_make(core *c, kith_buf *out);
/* Becomes a device of the account in it. REJECTED, MALFORMED: nothing was changed, unless after STORE. */
KITH_MUST_USE kith_err core_pair_gift_take(core *c, kith_bytes gift);

#endif
