/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The client's mind, for one account on one device: account and device list, people, conversations, outbox,
 * linking. Sans-I/O: bytes, time and randomness come in, packets and events come out.
 *
 *   core_new            loads what the store holds (nothing at first)
 *   commands            core_account_create, core_send, …: the effect is durable when they return
 *   core_next_dial      which of the two connections the owner should open now, and with which pin
 *   core_link_up, core_recv, core_link_lost     what happened on them
 *   core_next_packet    bytes to send; they leave only after what they say is durable
 *   core_next_event     what a face should know
 *   core_deadline, core_tick
 *
 * Promises: each entry point is one transaction of the store. When it returns an error, store and object are
 * as before; after STORE or NO_MEMORY the object has reloaded itself from the store and both connections must
 * be hung up (core_next_hangup says so). A command is in the store before it is on the wire.
 *
 * `kith_bytes` in arguments are borrowed for the call. Structs that are filled own their buffers until their
 * `_done`. `now_ms` is milliseconds since 1970, and may jump.
 */
#ifndef KITH_CORE_CORE_H
#define KITH_CORE_CORE_H

#include "base/base.h"
#include "core/limits.h"
#include "core/store_port.h"
#include "crypto/crypto.h"

#define CORE_ACCOUNT_LEN 32u
#define CORE_DEVICE_LEN 16u
#define CORE_CONV_LEN 32u
#define CORE_MESSAGE_ID_LEN 32u

typedef struct core core;

typedef struct core_env {
    const kith_alloc *alloc; /* NULL: the C library's */
    kith_rng rng;
    crypto *crypto; /* borrowed */
    core_store store; /* borrowed */
    uint16_t suite; /* MLS suite of new groups; 0: the post-quantum default */
} core_env;

/* MALFORMED: the store holds something damaged; UNSUPPORTED: it was written by a later version. */
KITH_MUST_USE kith_err core_new(const core_env *env, uint64_t now_ms, core **out);
/* Wipes and frees; NULL is accepted. Nothing is lost: all is in the store. */
void core_free(core *c);

/* ---- Connections --------------------------------------------------------------------------- */

/* The named connection logs in (directory, inbox); the anonymous one does not (conversations). */
typedef enum core_link { CORE_LINK_NAMED = 0, CORE_LINK_ANON = 1, CORE_LINKS = 2 } core_link;

typedef struct core_dial {
    core_link link;
    char host[CORE_HOST_MAX + 1]; /* name or numeric address, without brackets */
    uint16_t port;
    uint8_t server_key[32]; /* Ed25519: the only acceptable issuer of the chain */
} core_dial;

/* True: dial this one now (asked once; say core_link_up or core_link_lost later). */
bool core_next_dial(core *c, core_dial *out);
/* True: hang up this connection without calling core_link_lost. */
bool core_next_hangup(core *c, core_link *link);
/* The TLS handshake is done with the pinned identity. `exporter`: EXPORTER-kith-login. */
KITH_MUST_USE kith_err core_link_up(core *c, core_link link, const uint8_t exporter[32],
                                    uint64_t now_ms);

typedef enum core_lost { CORE_LOST_CLOSED, CORE_LOST_UNREACHABLE, CORE_LOST_WRONG_PIN } core_lost;
/* It was closed, could not be opened, or showed another identity. Dialled again with growing pauses. */
void core_link_lost(core *c, core_link link, core_lost why, uint64_t now_ms);
/* Bytes that arrived. An error other than STORE and NO_MEMORY: the server broke the protocol, hang up; the
 * link counts as lost. */
KITH_MUST_USE kith_err core_recv(core *c, core_link link, kith_bytes bytes, uint64_t now_ms);
/* Replaces `*out` by bytes to send on `*link`; false: none now. */
bool core_next_packet(core *c, core_link *link, kith_buf *out);
/* When core_tick should be called, at the latest; UINT64_MAX: not needed. */
uint64_t core_deadline(const core *c);
KITH_MUST_USE kith_err core_tick(core *c, uint64_t now_ms);

/* ---- Events -------------------------------------------------------------------------------- */

typedef enum core_event_kind {
    CORE_EVENT_ACCOUNT = 1, /* the account was made, linked or renamed */
    CORE_EVENT_MESSAGE, /* conv, n: a message came, or its state or text changed */
    CORE_EVENT_CHAT, /* conv: came, or members, title or state changed */
    CORE_EVENT_PERSON, /* account: came, or name, state or devices changed */
    CORE_EVENT_DEVICES, /* own devices changed */
    CORE_EVENT_OP_DONE, /* op, err: a command that needed the server is through */
    CORE_EVENT_PAIR_ASKED, /* text: name of the device that wants to be linked; answer with core_pair_approve */
    CORE_EVENT_ONLINE, /* not kept: n is 1 (both connections ready) or 0 */
    CORE_EVENT_ALARM, /* text: a word of docs/alarms, conv/account: about what. Something was refused */
    CORE_EVENT_PAIR_CODE /* not kept: core_pair_code has a code now, for op */
} core_event_kind;

typedef struct core_event {
    uint64_t seq; /* grows by one with each kept event; 0: not kept, lost when nobody listens */
    core_event_kind kind;
    uint8_t conv[CORE_CONV_LEN];
    uint8_t account[CORE_ACCOUNT_LEN];
    uint64_t n;
    uint64_t op;
    kith_err err;
    char text[CORE_NAME_MAX + 1];
} core_event;

bool core_next_event(core *c, core_event *out);
/* Kept events after `*seq` (0: from the oldest kept; CORE_EVENTS_KEPT are). NOT_FOUND: no more. */
KITH_MUST_USE kith_err core_event_replay(core *c, uint64_t *seq, core_event *out);
/* The newest kept sequence number; 0: none yet. */
uint64_t core_event_last(const core *c);

/* ---- Account and devices ------------------------------------------------------------------- */

typedef enum core_account_state {
    CORE_ACCOUNT_NONE = 0,
    CORE_ACCOUNT_MAKING, /* waits for the server */
    CORE_ACCOUNT_LINKING, /* a new device waits for the old one */
    CORE_ACCOUNT_READY,
    CORE_ACCOUNT_REMOVED /* this device was taken off the account's list: it shows history and sends nothing */
} core_account_state;

typedef struct core_account {
    core_account_state state;
    uint8_t account[CORE_ACCOUNT_LEN];
    uint8_t device[CORE_DEVICE_LEN];
    char name[CORE_NAME_MAX + 1];
    char host[CORE_HOST_MAX + 1];
    uint16_t port;
    uint64_t list_version;
    bool online;
} core_account;
core_account core_account_get(const core *c);

/* Makes an account on the server of `link` (the operator's or a person's invite) with a name to show, and, when
 * it is a person's invite, a conversation with that person whose first message is `text` (may be empty).
 * With an account already there: only the conversation (`name` is then ignored). `*op`: finished by OP_DONE
 * with DENIED (the invite is spent, expired or unknown), CONFLICT (the inviter's account is another one than
 * the invite says), or KITH_OK. MALFORMED: no link; UNSUPPORTED: a link of a later version, or to another server
 * than the account's; LIMIT: name or text too long; INVALID: no name, or the account's own invite; EXISTS: an
 * operator's link and an account is there; CONFLICT: an account is being made; DENIED: this device was removed. */
typedef struct core_join {
    kith_bytes link;
    kith_bytes name; /* UTF-8 */
    kith_bytes device_name; /* for the own device list: "laptop" */
    kith_bytes text;
} core_join;
KITH_MUST_USE kith_err core_join_link(core *c, const core_join *in, uint64_t now_ms, uint64_t *op);

/* Appends a personal invite link (`kith:…`), good for CORE_INVITE_MS. Usable at once, also offline: the server
 * is told as soon as it can be reached. DENIED: no account yet. LIMIT: CORE_INVITES_MAX are open. */
KITH_MUST_USE kith_err core_invite_create(core *c, uint64_t now_ms, kith_buf *link);
/* False: an invite waits for the server, and whoever uses it before may be told that it is unknown. */
bool core_invites_are_known(const core *c);

KITH_MUST_USE kith_err core_rename(core *c, kith_bytes name, uint64_t now_ms);

typedef struct core_device {
    uint8_t device[CORE_DEVICE_LEN];
    char name[CORE_NAME_MAX + 1];
    uint64_t added_ms;
    bool is_this;
} core_device;
/* Own devices in the order of the list; start with `*cursor` 0. False: no more. */
bool core_device_next(core *c, uint32_t *cursor, core_device *out);
/* Publishes a list without it; every conversation drops it. DENIED: it is this one. NOT_FOUND. */
KITH_MUST_USE kith_err core_device_remove(core *c, const uint8_t device[CORE_DEVICE_LEN],
                                          uint64_t now_ms, uint64_t *op);

/* Linking [docs/wire.md §9]. Old device: `*op` starts a rendezvous; when the code is known core_pair_code gives
 * it, then PAIR_ASKED, then core_pair_approve, then OP_DONE. REJECTED in OP_DONE: a wrong code was tried.
 * NOT_FOUND there: it was not used in time, or it was cancelled; OFFLINE: the connection was lost in the middle.
 * CONFLICT: a linking is under way (core_pair_cancel ends it). DENIED: no account. */
KITH_MUST_USE kith_err core_pair_offer(core *c, uint64_t now_ms, uint64_t *op);
/* Appends the short code `NUMBER-SECRET@HOST:PORT`; NOT_FOUND: none (yet). */
KITH_MUST_USE kith_err core_pair_code(const core *c, kith_buf *out);
/* NOT_FOUND: nobody asks. */
KITH_MUST_USE kith_err core_pair_approve(core *c, bool yes, uint64_t now_ms);
/* New device, which has no account: joins by the code. The server's identity is what the code's server shows;
 * a false one makes the run fail. OP_DONE: KITH_OK, REJECTED (wrong code, or someone in between), DENIED (the
 * person said no), NOT_FOUND (no such number, or it ended), OFFLINE. EXISTS: there is an account; CONFLICT: one is
 * being made or linked; MALFORMED: no code; LIMIT: name too long. */
typedef struct core_pair_join {
    kith_bytes code;
    kith_bytes device_name;
} core_pair_join;
KITH_MUST_USE kith_err core_pair_accept(core *c, const core_pair_join *in, uint64_t now_ms,
                                        uint64_t *op);
void core_pair_cancel(core *c, uint64_t now_ms);
/* The identity that the server showed on the connection of core_pair_accept: core_dial.server_key is all zero in
 * that one case, the owner accepts any identity and says here which it was, before core_link_up. */
void core_link_identity(core *c, core_link link, const uint8_t server_key[32]);

/* ---- People -------------------------------------------------------------------------------- */

typedef enum core_person_state {
    CORE_PERSON_UNKNOWN = 0, /* seen in a group only */
    CORE_PERSON_REQUEST, /* wrote first and waits for an answer of this account's person */
    CORE_PERSON_CONTACT,
    CORE_PERSON_DECLINED
} core_person_state;

typedef struct core_person {
    uint8_t account[CORE_ACCOUNT_LEN];
    core_person_state state;
    char name[CORE_NAME_MAX + 1]; /* as the person calls themself; may be empty */
    uint64_t since_ms;
    uint32_t devices; /* on the newest list known here */
    uint64_t list_version;
} core_person;
/* In order of account id; `cursor`: an empty buffer at first, owned by the caller. NOT_FOUND: no more. */
KITH_MUST_USE kith_err core_person_next(core *c, kith_buf *cursor, core_person *out);
KITH_MUST_USE kith_err core_person_get(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                       core_person *out);
/* Answers a request: yes makes a contact, no hides the conversation and refuses further ones. */
KITH_MUST_USE kith_err core_person_answer(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                          bool yes, uint64_t now_ms);

/* ---- The directory ------------------------------------------------------------------------- */

/* The log that the device lists of this server stand in [docs/wire.md §10], as far as it was seen here. */
typedef struct core_log {
    bool is_known; /* else the rest is zero */
    uint32_t generation;
    uint64_t size; /* entries */
    uint64_t newest_ms; /* when the newest of them was added; 0: none was seen */
    bool is_silent; /* it was shown in two forms: nothing is sent until core_go_on */
} core_log;
core_log core_log_get(const core *c);
/* Appends what proves to anybody that the log was shown in two forms (kt_evidence). NOT_FOUND: nothing does. */
KITH_MUST_USE kith_err core_evidence(core *c, kith_buf *out);
/* The person has decided to go on with this server: the log that it shows now is pinned, what waits is sent. The lists
 * that are held stay, and have to be continued. INVALID: nothing waits for that. */
KITH_MUST_USE kith_err core_go_on(core *c, uint64_t now_ms);

/* ---- Conversations ------------------------------------------------------------------------- */

typedef enum core_chat_kind {
    CORE_CHAT_DIRECT = 0,
    CORE_CHAT_GROUP = 1,
    CORE_CHAT_OWN = 2
} core_chat_kind;
typedef enum core_chat_state {
    CORE_CHAT_OPENING = 0, /* not yet known to the server; can be written to */
    CORE_CHAT_ACTIVE,
    CORE_CHAT_REQUEST, /* from a stranger; nothing is answered until a person says so */
    CORE_CHAT_DECLINED,
    CORE_CHAT_LEFT, /* left or removed: shows history, takes no more */
    CORE_CHAT_BROKEN /* out of step; being repaired */
} core_chat_state;

typedef struct core_chat {
    uint8_t conv[CORE_CONV_LEN];
    core_chat_kind kind;
    core_chat_state state;
    char title[CORE_TITLE_MAX + 1]; /* groups; empty for direct ones: show `peer`'s name */
    uint8_t peer[CORE_ACCOUNT_LEN]; /* direct ones: the other account */
    uint64_t last_n; /* its newest message; 0: none */
    uint64_t last_ms;
    uint32_t unread;
    uint32_t accounts; /* members, this one included */
    uint32_t devices;
    uint64_t epoch;
    bool busy; /* a change of members waits for the server or for a person's devices */
} core_chat;
/* All but those of kind OWN. `cursor` as above. */
KITH_MUST_USE kith_err core_chat_next(core *c, kith_buf *cursor, core_chat *out);
KITH_MUST_USE kith_err core_chat_get(core *c, const uint8_t conv[CORE_CONV_LEN], core_chat *out);
/* The direct conversation with a person. NOT_FOUND. */
KITH_MUST_USE kith_err core_chat_with(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                      uint8_t conv[CORE_CONV_LEN]);

/* Who can read a conversation: one entry an account, counted from the device lists the epoch is bound to. */
typedef struct core_reader {
    uint8_t account[CORE_ACCOUNT_LEN];
    bool is_self;
    char name[CORE_NAME_MAX + 1];
    uint32_t devices;
    uint64_t list_version;
} core_reader;
/* Start with `*cursor` 0. NOT_FOUND: no more, or no such conversation. */
KITH_MUST_USE kith_err core_reader_next(core *c, const uint8_t conv[CORE_CONV_LEN],
                                        uint32_t *cursor, core_reader *out);

typedef struct core_group {
    kith_bytes title; /* UTF-8, 1 .. CORE_TITLE_MAX bytes */
    const uint8_t (*accounts)[CORE_ACCOUNT_LEN]; /* contacts; the own account need not be named */
    size_t count;
} core_group;
/* A group of contacts. Can be written to at once. NOT_FOUND: not a contact. LIMIT. */
KITH_MUST_USE kith_err core_group_create(core *c, const core_group *in, uint64_t now_ms,
                                         uint8_t conv[CORE_CONV_LEN]);
/* A change of members. `account` is a contact (add) or a member (remove; the own one: leave).
 * OP_DONE when the server took it. EXISTS, NOT_FOUND, LIMIT, DENIED (a direct conversation, or not a member). */
typedef enum core_member_change { CORE_MEMBER_ADD = 1, CORE_MEMBER_REMOVE } core_member_change;
typedef struct core_member {
    uint8_t conv[CORE_CONV_LEN];
    uint8_t account[CORE_ACCOUNT_LEN];
    core_member_change change;
} core_member;
KITH_MUST_USE kith_err core_group_change(core *c, const core_member *in, uint64_t now_ms,
                                         uint64_t *op);
KITH_MUST_USE kith_err core_group_leave(core *c, const uint8_t conv[CORE_CONV_LEN], uint64_t now_ms,
                                        uint64_t *op);

/* ---- Messages ------------------------------------------------------------------------------ */

typedef enum core_message_state {
    CORE_MESSAGE_RECEIVED = 0,
    CORE_MESSAGE_QUEUED, /* own: in the store, not yet taken by the server */
    CORE_MESSAGE_SENT, /* own: durable on the server */
    CORE_MESSAGE_DELIVERED, /* own: a device of another member has it */
    CORE_MESSAGE_READ, /* own: read by another member */
    CORE_MESSAGE_FAILED /* own: will not be sent (the conversation was left) */
} core_message_state;

typedef enum core_message_kind {
    CORE_MESSAGE_TEXT = 1,
    CORE_MESSAGE_MEMBER_ADDED, /* lines of the system: `subject` came, left, … by `sender` */
    CORE_MESSAGE_MEMBER_REMOVED,
    CORE_MESSAGE_MEMBER_LEFT,
    CORE_MESSAGE_DEVICES_CHANGED, /* of `subject`; quiet */
    CORE_MESSAGE_GAP /* something before this is missing and could not be had again */
} core_message_kind;

typedef struct core_message {
    uint64_t
        n; /* local number: grows with each message of this device, also across conversations */
    uint8_t conv[CORE_CONV_LEN];
    uint8_t id[CORE_MESSAGE_ID_LEN];
    core_message_kind kind;
    core_message_state state;
    uint8_t sender[CORE_ACCOUNT_LEN];
    uint8_t subject[CORE_ACCOUNT_LEN];
    bool is_own;
    bool is_read; /* by this account's person */
    bool is_edited;
    uint64_t sent_ms; /* the sender's clock, as it says */
    uint64_t time_ms; /* when it came (own: when it was written) */
    uint8_t reply_to[CORE_MESSAGE_ID_LEN]; /* all zero: none */
    kith_buf text; /* UTF-8 */
} core_message;
void core_message_done(core_message *message);

/* `once` (may be empty, at most 64 bytes): a repeat with the same value in the same conversation gives the first
 * message's numbers again and sends nothing (kept CORE_ONCE_KEPT newest). LIMIT: text longer than CORE_TEXT_MAX or
 * CORE_OUTBOX_MAX messages wait. DENIED: the conversation was left or declined. MALFORMED: not UTF-8, or empty. */
typedef struct core_text {
    uint8_t conv[CORE_CONV_LEN];
    kith_bytes text;
    kith_bytes once;
    uint8_t reply_to[CORE_MESSAGE_ID_LEN]; /* all zero: none */
} core_text;
KITH_MUST_USE kith_err core_send(core *c, const core_text *in, uint64_t now_ms, uint64_t *n);

/* One conversation's messages in local order: forwards from after `*n`, or backwards from before `*n` (0: from the
 * end). Fills `*out` (zeroed or done). NOT_FOUND: no more. */
KITH_MUST_USE kith_err core_message_next(core *c, const uint8_t conv[CORE_CONV_LEN], uint64_t *n,
                                         core_message *out);
KITH_MUST_USE kith_err core_message_prev(core *c, const uint8_t conv[CORE_CONV_LEN], uint64_t *n,
                                         core_message *out);
KITH_MUST_USE kith_err core_message_get(core *c, const uint8_t conv[CORE_CONV_LEN], uint64_t n,
                                        core_message *out);
/* Everything up to `n` was seen by the person: tells the own devices, and the senders (read receipts). */
KITH_MUST_USE kith_err core_mark_read(core *c, const uint8_t conv[CORE_CONV_LEN], uint64_t n,
                                      uint64_t now_ms);

/* How many messages and changes wait for the server. */
uint64_t core_outbox_count(const core *c);

#endif
