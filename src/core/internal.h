/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of core know of each other. Two halves meet here:
 *
 *   identity       core.c event.c link.c account.c lists.c packages.c people.c invite.c pair.c pair_*.c
 *                  directory.c question.c watch.c heads.c
 *   conversations  conv.c log.c outbox.c change.c roster.c join.c receipt.c message.c chat.c history.c control.c
 *
 * Rules
 *   - Every public entry point runs inside one transaction (txn_begin, txn_end in core.c). Handlers change memory
 *     and store freely; when the transaction fails, core_reload throws the memory away and reads the store again,
 *     so nobody has to undo anything. Packets and events of a failed transaction are dropped.
 *   - What is on the wire is derived from what is in the store ("pumps"): a lost connection loses requests, and the
 *     pumps make them again. So a pump is level-triggered: look at the state, send what is missing and not in flight.
 *   - No in-flight marker is ever stored.
 */
#ifndef KITH_CORE_INTERNAL_H
#define KITH_CORE_INTERNAL_H

#include "content/content.h"
#include "core/core.h"
#include "mls/mls.h"
#include "proto/proto.h"

/* ---- Store: what is in which table -------------------------------------------------------- */

enum {
    CORE_TABLE_META = 0, /* text key -> one record each: "account", "counters", "pair", … */
    CORE_TABLE_LIST, /* account id || version (u64) -> SignedList */
    CORE_TABLE_PERSON, /* account id -> person record */
    CORE_TABLE_PACKAGE, /* KeyPackageRef -> private blob and its dates */
    CORE_TABLE_INVITE, /* secret -> expiry, whether the server knows it */
    CORE_TABLE_DEVICE_NAME, /* device id -> own device's name */
    CORE_TABLE_EVENT, /* seq (u64) -> event */
    CORE_TABLE_OP, /* op (u64) -> what it waits for */
    CORE_TABLE_CONV, /* conversation id -> record (conv.c) */
    CORE_TABLE_GROUP, /* conversation id -> secrets part of the MLS group */
    CORE_TABLE_TREE, /* conversation id -> tree part of the MLS group */
    CORE_TABLE_MESSAGE, /* conversation id || n (u64) -> message record */
    CORE_TABLE_MESSAGE_ID, /* conversation id || message id -> n */
    CORE_TABLE_ONCE, /* conversation id || caller's idempotency key -> n */
    CORE_TABLE_OUTBOX, /* n (u64) -> content that waits to be appended, with its ciphertext once made */
    CORE_TABLE_CHANGE, /* conversation id -> the own commit that waits: append id, commit, Welcome, joiners */
    CORE_TABLE_WISH, /* conversation id || account id -> wanted membership (add, remove) and op */
    CORE_TABLE_PUT, /* put id -> inbox put that waits: account, device, body */
    CORE_TABLE_INBOX, /* item id (u64) -> inbox item that waits for something (a list) before it can be judged */
    CORE_TABLE_ONCE_N, /* n (u64) -> key in CORE_TABLE_ONCE: which is the oldest */
    CORE_TABLE_LOG /* of the directory's log: "directory", "evidence"; account id -> what is watched of it */
};

/* ---- Requests on the two connections (link.c) --------------------------------------------- */

/* What an answer is about; the handler finds its object again by it, or ignores the answer. */
typedef struct core_tag {
    uint8_t id[CORE_CONV_LEN];
    uint64_t n;
} core_tag;

typedef struct core_answer {
    kith_err err; /* KITH_OK, what the server said, or OFFLINE: the connection was lost first */
    uint64_t detail; /* of a server's error */
    uint32_t retry_after_ms; /* of BUSY: not before; never 0 then */
    kith_bytes body; /* of a good answer; borrowed for the call */
} core_answer;

/* An error is the server breaking the protocol (MALFORMED, REJECTED: hang up) or ours (STORE, NO_MEMORY). */
typedef kith_err (*core_answer_fn)(core *c, const core_tag *tag, const core_answer *answer);

typedef struct core_request {
    core_link link;
    uint8_t type; /* PROTO_* */
    kith_bytes body; /* copied into the packet */
    core_tag tag;
    core_answer_fn answer; /* may be NULL */
} core_request;

/* HELLO is done, and on the named connection of a ready account LOGIN too. */
bool core_link_ready(const core *c, core_link link);
/* Room for one more request in flight. */
bool core_link_has_room(const core *c, core_link link);
/* OFFLINE: not ready; BUSY: no room. Then nothing was sent and the pump tries again when things change. */
KITH_MUST_USE kith_err core_link_request(core *c, const core_request *request);
/* Pumps that got BUSY from the server ask to be run again after a pause. Said anew in each run for as long as it
 * holds: every entry point runs the pumps, and one that comes after the time forgets it. */
void core_wake_at(core *c, uint64_t at_ms);
/* Whether `until_ms`, the end of a pause of at most CORE_PAUSE_MAX_MS, is over. A clock that was set back ends it. */
bool core_is_due(const core *c, uint64_t until_ms);

/* ---- Object and transactions (core.c) ------------------------------------------------------ */

typedef struct core_convs core_convs; /* conversations half's memory: conv.c */
typedef struct core_identity core_identity; /* identity half's memory: account.c */
typedef struct core_links core_links; /* link.c */

struct core {
    core_env env;
    mls_env mls; /* made by core_new; `check` and `ctx` are set by core_convs_load */
    uint64_t
        now_ms; /* of the entry point that runs, by the own clock: for pauses and what a person sees */
    int64_t
        clock_behind_ms; /* how much the server's clock is ahead, as HELLO said; see core_time_ms */
    core_account account; /* as the store has it */
    crypto_sign_key *account_key; /* NULL unless the account is READY, MAKING or REMOVED */
    crypto_sign_key *device_key;
    uint64_t next_n; /* local message numbers: saved with the counters in txn_end */
    uint64_t next_op;
    uint64_t next_seq;
    bool counters_dirty;
    uint64_t wake_ms;
    core_convs *convs;
    core_identity *identity;
    core_links *links;
    kith_buf events; /* of this transaction and released ones: event.c */
    size_t events_released; /* bytes of it */
    size_t events_read;
    bool in_txn;
    bool in_store_txn; /* the store's transaction is opened by the first write */
    bool dirty; /* the transaction has written or changed something */
    bool broken; /* reading the store again failed: done before anything else happens */
    uint64_t activity; /* counts writes, requests and events: the pumps run until it stands still */
    bool hang_up[CORE_LINKS];
};

/* Milliseconds and seconds since 1970 by the server's clock, the own one until a server was reached: for what other
 * devices judge (lifetimes of key packages, expiry, `now_s` of every call of mls), so that a wrong clock hurts
 * nobody. */
uint64_t core_time_ms(const core *c);
uint64_t core_time_s(const core *c);

/* Whoever changes memory that mirrors the store, before the put that goes with it, says so with this: a transaction
 * that fails after it is undone by core_reload. core_put, core_erase and core_link_request do it themselves. */
void core_changed(core *c);

/* Put and erase through these: they mark the transaction dirty. */
KITH_MUST_USE kith_err core_put(core *c, uint8_t table, kith_bytes key, kith_bytes value);
KITH_MUST_USE kith_err core_erase(core *c, uint8_t table, kith_bytes key);
KITH_MUST_USE kith_err core_get(core *c, uint8_t table, kith_bytes key, kith_buf *out);

/* For queries, which need no transaction: STORE or NO_MEMORY when the object holds nothing because reading the store
 * failed. */
KITH_MUST_USE kith_err core_query(core *c);

/* KITH_TRY(core_txn_begin(c, now)); kith_err err = work(c); return core_txn_end(c, err);
 * txn_end runs the pumps (core_pump) before a commit when err is KITH_OK, saves dirty conversations and counters,
 * commits, then releases packets and events. When `err` is an error or the commit fails: rolls back, and reloads if
 * anything was changed. */
KITH_MUST_USE kith_err core_txn_begin(core *c, uint64_t now_ms);
KITH_MUST_USE kith_err core_txn_end(core *c, kith_err err);

/* A new operation number (of this transaction, which marks the counters dirty), and its end. */
uint64_t core_op_new(core *c);
KITH_MUST_USE kith_err core_op_done(core *c, uint64_t op, kith_err err);

/* Appends to the events of this transaction; gives it its seq and stores it unless the kind is ONLINE. */
KITH_MUST_USE kith_err core_event_add(core *c, core_event *event);
KITH_MUST_USE kith_err core_event_chat(core *c, const uint8_t conv[CORE_CONV_LEN]);
KITH_MUST_USE kith_err core_event_message(core *c, const uint8_t conv[CORE_CONV_LEN], uint64_t n);
KITH_MUST_USE kith_err core_event_person(core *c, const uint8_t account[CORE_ACCOUNT_LEN]);
KITH_MUST_USE kith_err core_event_alarm(core *c, const uint8_t conv[CORE_CONV_LEN],
                                        const uint8_t account[CORE_ACCOUNT_LEN], const char *what);

/* ---- Identity half, as conversations see it ------------------------------------------------ */

bool core_account_is_own(const core *c, const uint8_t account[CORE_ACCOUNT_LEN]);

/* Newest version of an account's list held here, all versions of which were checked as a chain; 0: none. */
uint64_t core_list_newest(core *c, const uint8_t account[CORE_ACCOUNT_LEN]);
/* Appends the SignedList. NOT_FOUND. */
KITH_MUST_USE kith_err core_list_get(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                     uint64_t version, kith_buf *out);
/* Fetches the account's list up to at least `version` (0: whatever is newest), unless it is under way. When it is
 * there, or the server has none (then `err` is NOT_FOUND, or REJECTED for a false one), core_conv_on_list is
 * called for the account. Remembered across a lost connection, forgotten by a restart: whoever waits asks again. */
KITH_MUST_USE kith_err core_list_want(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                      uint64_t version);

/* Takes a key package of one device, unless under way. The answer goes to core_conv_on_package, also when there
 * is none. Taken packages are handed on once and not kept. */
typedef struct core_device_ref {
    uint8_t account[CORE_ACCOUNT_LEN];
    uint8_t device[CORE_DEVICE_LEN];
} core_device_ref;
KITH_MUST_USE kith_err core_package_want(core *c, const core_device_ref *device);
/* The private blob of an own key package. NOT_FOUND. */
KITH_MUST_USE kith_err core_package_find(core *c, kith_bytes ref, kith_buf *blob,
                                         bool *last_resort);
/* After a join: erases a one-time one. */
KITH_MUST_USE kith_err core_package_used(core *c, kith_bytes ref);

/* Signs a DeviceCredential of this device: what goes into its leaves. */
KITH_MUST_USE kith_err core_account_leaf(core *c, kith_buf *identity, mls_leaf_params *out);

/* Says the newest head of the directory's log that is known here, if there is one. */
void core_head_say(const core *c, content_head *out);
/* A device of `account` said a head in `conv`: compared with what is known here, now or when the log has answered. */
KITH_MUST_USE kith_err core_head_hear(core *c, const uint8_t conv[CORE_CONV_LEN],
                                      const uint8_t account[CORE_ACCOUNT_LEN],
                                      const content_head *head);
/* Whether nothing is to be sent, because the directory was shown in two forms. */
bool core_is_silent(const core *c);

core_person_state core_person_state_of(core *c, const uint8_t account[CORE_ACCOUNT_LEN]);
/* Makes the person known (state UNKNOWN) if it is not; the account key is pinned at that moment. Another key moves the
 * pin if a list that is held replaces the pinned one by it. REJECTED: no list does. */
KITH_MUST_USE kith_err core_person_seen(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                        kith_bytes account_key);
/* A direct conversation was joined that `account` began: decides CONTACT stays, UNKNOWN becomes REQUEST; DENIED when
 * the person was declined or CORE_REQUESTS_MAX are waiting (the conversation is then left at once). */
KITH_MUST_USE kith_err core_person_wrote_first(core *c, const uint8_t account[CORE_ACCOUNT_LEN]);
/* A control payload (content/content.h) came in `from->conv`, from a device of `account`; `is_own` when that is this
 * account. Handles HELLO, PROFILE, INVITE_MADE, CONTACT; others are KITH_OK and ignored. */
typedef struct core_from {
    uint8_t conv[CORE_CONV_LEN];
    uint8_t account[CORE_ACCOUNT_LEN];
    bool is_own;
    core_chat_kind kind;
} core_from;
KITH_MUST_USE kith_err core_identity_control(core *c, const core_from *from, kith_bytes payload);
/* Appends a PROFILE control with the own name: what a device says in a group that it made, and in a conversation
 * that it was brought into by another account, so that its members know what to call the account. */
KITH_MUST_USE kith_err core_profile_encode(core *c, kith_buf *out);
/* The name to show for an account; empty when unknown. */
void core_person_name(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                      char name[CORE_NAME_MAX + 1]);

KITH_MUST_USE kith_err core_identity_load(core *c);
void core_identity_free(core *c);
/* Log in, create the account, publish lists, invites and packages, fetch what is wanted, run a linking. */
KITH_MUST_USE kith_err core_identity_pump(core *c);
/* Pushes on the named connection that are not INBOX_ITEM. */
KITH_MUST_USE kith_err core_identity_push(core *c, uint8_t type, kith_bytes body);

/* ---- Conversations half, as identity sees it ----------------------------------------------- */

KITH_MUST_USE kith_err core_convs_load(core *c);
void core_convs_free(core *c);
/* Subscribe, append, change members, put Welcomes, acknowledge, send receipts: whatever is missing. */
KITH_MUST_USE kith_err core_convs_pump(core *c);
/* Writes the records and groups of conversations that changed in this transaction. */
KITH_MUST_USE kith_err core_convs_save(core *c);
/* A connection is ready, or was lost: in-flight markers of that connection are void. */
void core_convs_link_changed(core *c, core_link link);
/* Pushes: ENTRY on the anonymous connection, INBOX_ITEM on the named one. */
KITH_MUST_USE kith_err core_convs_push(core *c, uint8_t type, kith_bytes body);

/* A list of `account` arrived, or could not be had. Own account: every conversation follows the new list. */
KITH_MUST_USE kith_err core_conv_on_list(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                         kith_err err);
/* `package` (an MLSMessage) is empty when the device has none now or `err` says why not. */
KITH_MUST_USE kith_err core_conv_on_package(core *c, const core_device_ref *device,
                                            kith_bytes package, kith_err err);

/* A new conversation of the own account and `accounts` (lists not needed yet), OPENING; all devices of all are
 * brought in as soon as lists and packages are there. OWN: none; DIRECT: one. */
typedef struct core_conv_new {
    core_chat_kind kind;
    kith_bytes title;
    const uint8_t (*accounts)[CORE_ACCOUNT_LEN];
    size_t count;
} core_conv_new;
KITH_MUST_USE kith_err core_conv_create(core *c, const core_conv_new *in,
                                        uint8_t conv[CORE_CONV_LEN]);
/* The own-devices conversation; a direct one. NOT_FOUND. */
KITH_MUST_USE kith_err core_conv_own(core *c, uint8_t conv[CORE_CONV_LEN]);
KITH_MUST_USE kith_err core_conv_direct(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                        uint8_t conv[CORE_CONV_LEN]);
/* Queues a control payload; it is sent like a message and shown nowhere. */
KITH_MUST_USE kith_err core_conv_send_control(core *c, const uint8_t conv[CORE_CONV_LEN],
                                              kith_bytes payload);
/* The same to one's own other devices; KITH_OK and nothing sent when there is no own-devices conversation yet. */
KITH_MUST_USE kith_err core_own_send_control(core *c, kith_bytes payload);
/* Queues a text as core_send does. */
KITH_MUST_USE kith_err core_conv_send_text(core *c, const core_text *in, uint64_t *n);
/* A person's request was answered, here or on another own device: its direct conversation becomes ACTIVE (the
 * receipts that were held back go out) or DECLINED. */
KITH_MUST_USE kith_err core_conv_answered(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                          bool yes);
/* Whether any conversation still lacks a device of the own newest list (linking waits for this). */
bool core_convs_follow_own_list(core *c);

/* Recent history for a device that is linked: appended as one blob, at most `budget` bytes; and read from one. */
KITH_MUST_USE kith_err core_history_export(core *c, size_t budget, kith_buf *out);
KITH_MUST_USE kith_err core_history_import(core *c, kith_bytes blob);

/* ---- Shared little things (core.c) --------------------------------------------------------- */

/* A key of two parts in a buffer on the stack. */
typedef struct core_key {
    uint8_t data[CORE_STORE_KEY_MAX];
    size_t len;
} core_key;
core_key core_key_of(kith_bytes first, kith_bytes second);
core_key core_key_u64(kith_bytes first, uint64_t second);
kith_bytes core_key_bytes(const core_key *key);
KITH_MUST_USE kith_err core_random(core *c, uint8_t *out, size_t len);
/* An append id: seconds since 1970 and 12 random bytes, so that the server's index of them grows at its end. */
KITH_MUST_USE kith_err core_append_id(core *c, uint8_t out[PROTO_SHORT_ID_LEN]);

#endif
