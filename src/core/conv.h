/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of the conversations half know of each other. Private to core.
 *
 *   conv.c     memory, loading, saving         roster.c    who may be in an epoch
 *   parties.c  a new epoch's consequences      plan.c      who should be in it and is not
 *   log.c      open, subscribe, read, ack      change.c    the own commit that waits
 *   receive.c  what an entry says              puts.c      Welcomes on their way to inboxes
 *   outbox.c   what waits to be said           join.c      Welcomes that came
 *   line.c     one message in the store        receipt.c   delivered, read
 *   message.c  queries and sending             chat.c      queries and commands on conversations
 *   control.c  what devices tell each other    repair.c    falling out of step, and back
 *   history.c  what a linked device is given
 *
 * A conversation is changed through core_conv_touch, and its group only after core_conv_use: that is how
 * core_convs_save knows what to write.
 */
#ifndef KITH_CORE_CONV_H
#define KITH_CORE_CONV_H

#include "core/internal.h"

#define CORE_TOKEN_LEN 32u
#define CORE_APPEND_LEN 16u
#define CORE_FRESH 16u
#define CORE_RECENT (2u * CORE_APPENDS_IN_FLIGHT)

/* One account of a conversation, and the device list that the epoch is bound to. */
typedef struct core_party {
    uint8_t account[CORE_ACCOUNT_LEN];
    uint64_t version;
    uint32_t devices;
} core_party;

/* What an epoch is bound to: kind, title, and its accounts in order of their ids. */
typedef struct core_roster {
    const kith_alloc *alloc;
    core_chat_kind kind;
    char title[CORE_TITLE_MAX + 1];
    core_party *items;
    size_t count;
    size_t cap;
} core_roster;
void core_roster_done(core_roster *roster);

/* How far the reading of a log is. */
typedef enum core_sub {
    CORE_SUB_NONE = 0, /* to be asked for */
    CORE_SUB_ASKED,
    CORE_SUB_LIVE,
    CORE_SUB_BLOCKED /* an entry waits for a list; asked for again when that is there */
} core_sub;

/* What kind of thing waits in the outbox. */
typedef enum core_item_kind {
    CORE_ITEM_TEXT = 1, /* has a message record of the same n */
    CORE_ITEM_CONTROL,
    CORE_ITEM_REPORT
} core_item_kind;

/* Something that waits to be appended; its content is in CORE_TABLE_OUTBOX. */
typedef struct core_item {
    uint64_t n;
    core_item_kind kind;
    bool
        is_sealed; /* a ciphertext was made: these bytes are repeated until the server has decided */
    bool in_flight;
    uint64_t epoch; /* of the ciphertext */
    uint8_t append_id[CORE_APPEND_LEN];
} core_item;

/* A change of members that somebody here wants. */
typedef struct core_wish {
    uint8_t account[CORE_ACCOUNT_LEN];
    core_member_change change;
    uint64_t op; /* 0: nobody waits */
    bool is_asked; /* for the account's newest list */
    bool is_listed; /* it came, or cannot be had */
    kith_err err; /* why the account cannot be added now */
} core_wish;

typedef enum core_pack_state {
    CORE_PACK_WANTED = 0,
    CORE_PACK_HERE,
    CORE_PACK_MISSING /* there was none: the device is left out, and wanted again at retry_ms */
} core_pack_state;

/* A key package for a device that is to be added. */
typedef struct core_pack {
    core_device_ref device;
    core_pack_state state;
    uint32_t misses; /* in a row */
    uint64_t retry_ms;
    kith_buf package;
} core_pack;

/* What of ours waits for the server besides messages: a commit, or the proposal to leave. */
typedef struct core_waiting {
    bool is_there;
    bool is_proposal;
    bool in_flight;
    bool is_accepted; /* the server said so; the log will show it */
    uint8_t append_id[CORE_APPEND_LEN];
} core_waiting;

/* A device that a commit has added: its Welcome may still be on its way. */
typedef struct core_fresh {
    uint8_t device[CORE_DEVICE_LEN];
    uint64_t since_ms;
} core_fresh;

typedef struct core_conv {
    /* As stored. */
    uint8_t id[CORE_CONV_LEN];
    core_chat_state state;
    bool is_open; /* the server knows it */
    bool is_reader; /* the server knows that this device reads since the epoch that it joined in */
    bool is_due; /* the members may not be who they should be: plan.c looks */
    bool is_leaving; /* the proposal to leave is to be sent */
    uint64_t leave_op;
    uint8_t peer[CORE_ACCOUNT_LEN]; /* DIRECT */
    uint8_t reader[PROTO_SHORT_ID_LEN];
    uint8_t token[CORE_TOKEN_LEN]; /* of the current epoch */
    uint64_t epoch;
    uint64_t next_seq; /* next log entry to read; 0: the first one of the epoch */
    uint64_t commit_seq; /* of the commit that began the epoch; 0: none, or not known yet */
    uint64_t acked_seq; /* may lag behind what the server knows */
    uint64_t last_n;
    uint64_t last_ms;
    uint64_t read_n; /* seen by the person up to here */
    uint64_t read_told_n; /* read receipts went out up to here */
    uint64_t got_told_n; /* delivered receipts went out up to here */
    uint64_t mark_seq; /* another own device saw everything up to here */
    uint64_t heard_ms; /* server's time of the newest entry read */
    uint64_t broken_ms; /* since when it has been out of step; 0: it is not */
    uint32_t unread;
    core_roster roster;

    /* Beside it in other tables. */
    core_wish *wishes;
    size_t wish_count;
    size_t wish_cap;
    core_item *items; /* in order of n */
    size_t item_count;
    size_t item_cap;
    core_waiting waiting;

    /* In memory only. */
    mls_group *group; /* NULL: not loaded */
    uint64_t used; /* when it was used last, in core_convs.clock */
    bool is_dirty;
    bool is_group_dirty;
    bool is_tree_dirty;
    uint8_t recent[CORE_RECENT][CORE_APPEND_LEN]; /* appended lately: they come back in the log */
    size_t recent_at;
    core_sub sub;
    bool is_opening;
    bool is_acking;
    uint64_t end_seq; /* of the log when the subscription began */
    uint32_t denied; /* times in a row that the server did not know the token */
    uint32_t stalled; /* times that a list named by an entry could not be had */
    uint8_t stall_account[CORE_ACCOUNT_LEN];
    bool is_stale; /* the server has a newer epoch: nothing is appended before it is read */
    uint64_t pause_ms; /* nothing is sent before */
    bool is_must; /* what the last plan said: a change comes before any message */
    uint64_t look_ms; /* the plan waits for something: not made again before, unless that came */
    uint64_t change_ms; /* when a change that others may make as well is made here; 0: not set */
    uint64_t receipt_ms; /* when receipts go out; 0: none are due */
    uint64_t
        history_ms; /* until then what was missed is waited for, and the log is not read; 0: nothing is */
    uint64_t gap_ms; /* until then a second gap in the log is one too many */
    uint64_t repair_ms; /* when a peer is asked again */
    uint32_t repairs; /* times that one was asked */
    core_pack *packs;
    size_t pack_count;
    size_t pack_cap;
    uint8_t rejoins[CORE_REJOINS_MAX][CORE_DEVICE_LEN]; /* to be removed and added again */
    size_t rejoin_count;
    core_fresh fresh[CORE_FRESH]; /* added lately */
    size_t fresh_at;
} core_conv;

/* A Welcome on its way to one device: CORE_TABLE_PUT holds it under `batch || index`, the body under `batch`. */
typedef struct core_put_state {
    uint8_t batch[PROTO_SHORT_ID_LEN];
    uint16_t index;
    core_device_ref device;
    uint8_t put_id[PROTO_SHORT_ID_LEN];
    bool in_flight;
    uint64_t not_before_ms;
} core_put_state;

struct core_convs {
    core_conv **items; /* sorted by id */
    size_t count;
    size_t cap;
    uint64_t clock;
    size_t loaded; /* groups in memory */
    size_t plans; /* made in this round of the pump */
    size_t turn; /* which conversation is pumped first */
    size_t texts; /* own messages that wait */
    size_t once_count;
    core_put_state *puts;
    size_t put_count;
    size_t put_cap;
    core_sub inbox;
    uint64_t inbox_seen; /* everything up to it was judged or stored */
    uint64_t inbox_acked;
    bool inbox_acking;
    uint64_t inbox_retry_ms;
    size_t held_count; /* items in CORE_TABLE_INBOX */
    bool held_due; /* one of them may be ready */
};

/* ---- conv.c ---- */

/* STORE, BUSY, NO_MEMORY, NO_RANDOM, CRYPTO: the trouble is here, not in what came. */
bool core_err_is_own(kith_err err);
/* NULL: none. */
core_conv *core_conv_find(core *c, const uint8_t id[CORE_CONV_LEN]);
/* Adds an empty one; EXISTS. LIMIT: CORE_CHATS_MAX. */
KITH_MUST_USE kith_err core_conv_add(core *c, const uint8_t id[CORE_CONV_LEN], core_conv **out);
/* The record is to be written. */
void core_conv_touch(core *c, core_conv *conv);
/* Loads the group; it can be looked at. */
KITH_MUST_USE kith_err core_conv_load(core *c, core_conv *conv);
/* Loads the group, which is about to change. */
KITH_MUST_USE kith_err core_conv_use(core *c, core_conv *conv);
/* Takes `*group`, NULL after it; the tree is new too. */
void core_conv_set_group(core *c, core_conv *conv, mls_group **group);
/* Changes state and says so. LEFT and DECLINED give up what waits. */
KITH_MUST_USE kith_err core_conv_set_state(core *c, core_conv *conv, core_chat_state state);
/* The members may not be who they should be, or what was lacking is there: look at once. */
void core_conv_due(core_conv *conv);
/* Takes part: reads and writes the log. */
bool core_conv_is_live(const core_conv *conv);
const core_party *core_roster_find(const core_roster *roster,
                                   const uint8_t account[CORE_ACCOUNT_LEN]);
kith_bytes core_conv_key(const core_conv *conv);
/* A random time below `range_ms` from now. */
KITH_MUST_USE kith_err core_jitter(core *c, uint64_t range_ms, uint64_t *at_ms);
/* After BUSY: nothing is sent for this conversation for as long as the server asked. */
void core_conv_pause(core *c, core_conv *conv, const core_answer *answer);

/* ---- roster.c ---- */

/* Sets mls_env.check. */
void core_roster_init(core *c);
/* Reads and checks what an epoch is bound to: every leaf is a device on the list of its account at the bound
 * version, and the digest is right. CONFLICT: a list is not here yet; it has
 * been asked for, `missing` (may be NULL) says whose. REJECTED, MALFORMED, LIMIT, UNSUPPORTED: it must not be. */
KITH_MUST_USE kith_err core_roster_read(core *c, const mls_epoch *epoch, core_roster *out,
                                        uint8_t missing[CORE_ACCOUNT_LEN]);
/* Whether `next` may follow what the conversation has now. REJECTED. */
KITH_MUST_USE kith_err core_roster_follows(const core_roster *now, const core_roster *next);
/* What the extension of an epoch says, unchecked. */
KITH_MUST_USE kith_err core_roster_extension(const mls_epoch *epoch, proto_conversation *out);
/* The account of a member. */
KITH_MUST_USE kith_err core_member_account(const mls_member *member,
                                           uint8_t account[CORE_ACCOUNT_LEN]);
/* One party from the list of `account` at `version`; the entry for the digest. NOT_FOUND. */
KITH_MUST_USE kith_err core_roster_entry(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                         uint64_t version, proto_roster_entry *out);

/* ---- parties.c ---- */

/* The group has come to a new epoch, whose roster was checked: token, subscription, lines of the system, wishes
 * that are fulfilled. `committer` may be NULL. */
typedef struct core_step {
    core_roster *roster; /* taken */
    uint64_t seq; /* of the commit; 0: joined */
    uint64_t time_ms;
    const uint8_t *committer; /* account */
    const uint8_t (*leavers)[CORE_ACCOUNT_LEN]; /* accounts that wanted to leave */
    size_t leaver_count;
} core_step;
KITH_MUST_USE kith_err core_conv_step(core *c, core_conv *conv, const core_step *step);
/* Token, epoch and subscription of the group's current epoch. */
KITH_MUST_USE kith_err core_conv_enter(core *c, core_conv *conv);
KITH_MUST_USE kith_err core_epoch_token(const mls_epoch *epoch, uint8_t out[CORE_TOKEN_LEN]);
/* Accounts with a pending proposal to remove one of their own leaves, each once. Loads the group. The buffer gets
 * CORE_ACCOUNT_LEN bytes for each. */
KITH_MUST_USE kith_err core_conv_leavers(core *c, core_conv *conv, kith_buf *out);

/* ---- log.c, receive.c ---- */

KITH_MUST_USE kith_err core_log_pump(core *c, core_conv *conv);
KITH_MUST_USE kith_err core_log_entry(core *c, kith_bytes body);
/* Reads one entry, which is the next one. CONFLICT: it waits for a list; nothing has changed. */
KITH_MUST_USE kith_err core_receive(core *c, core_conv *conv, const proto_entry *entry);
/* All that is in the log as far as it is known was read. */
bool core_log_is_read(const core_conv *conv);

/* ---- plan.c, change.c, puts.c ---- */

/* What would make the members who they should be. */
typedef struct core_plan {
    const kith_alloc *alloc;
    proto_roster_entry *entries; /* the next epoch's accounts, sorted */
    size_t entry_count;
    size_t *adds; /* which of the conversation's packages */
    size_t add_count;
    size_t add_cap;
    uint32_t *removes; /* leaves */
    size_t remove_count;
    size_t remove_cap;
    bool is_due; /* something must change */
    bool is_must; /* … before anything is said */
    bool is_shared; /* … and others may do it as well */
    bool is_missing; /* a list or a package is not here yet */
    uint64_t
        retry_ms; /* when what could not be had may be asked for again; 0: nothing of that kind */
    bool is_collecting; /* the second look: packages are wanted */
    uint32_t *kept; /* leaves */
    size_t kept_count;
    size_t kept_cap;
    size_t entry_cap;
} core_plan;
void core_plan_done(core_plan *plan);
KITH_MUST_USE kith_err core_plan_make(core *c, core_conv *conv, core_plan *out);
/* It was linked so lately that it is still expected to come. */
bool core_device_is_young(const core *c, const proto_device *device);
core_pack *core_pack_find(core_conv *conv, const uint8_t device[CORE_DEVICE_LEN]);
void core_packs_clear(core_conv *conv);

/* Looks whether the members are who they should be, and what waits is on its way. `*may_speak`: nothing must be
 * changed before the next message. */
KITH_MUST_USE kith_err core_change_pump(core *c, core_conv *conv, bool *may_speak);
/* The own commit of this entry was accepted: its Welcomes go out. The group was not yet told. */
KITH_MUST_USE kith_err core_change_accepted(core *c, core_conv *conv);
/* Another commit came first, or the server refused ours. */
KITH_MUST_USE kith_err core_change_dropped(core *c, core_conv *conv);
/* Puts one wish in the store and in memory. */
KITH_MUST_USE kith_err core_wish_add(core *c, core_conv *conv, const core_wish *wish);
/* Ends wishes that the roster fulfils; all of them when `err` is not KITH_OK. */
KITH_MUST_USE kith_err core_wishes_settle(core *c, core_conv *conv, kith_err err);
/* The wish about an account; NULL: none. */
core_wish *core_wish_find(core_conv *conv, const uint8_t account[CORE_ACCOUNT_LEN]);

typedef struct core_welcome {
    kith_bytes message;
    const core_device_ref *devices;
    size_t count;
} core_welcome;
KITH_MUST_USE kith_err core_puts_add(core *c, const core_welcome *welcome);
KITH_MUST_USE kith_err core_puts_pump(core *c);
KITH_MUST_USE kith_err core_puts_load(core *c);

/* ---- outbox.c ---- */

KITH_MUST_USE kith_err core_outbox_load(core *c);
KITH_MUST_USE kith_err core_outbox_pump(core *c, core_conv *conv);
typedef struct core_outbound {
    core_item_kind kind;
    uint64_t n; /* TEXT: of its message; else 0, a new one is taken */
    kith_bytes content; /* encoded, not padded */
} core_outbound;
KITH_MUST_USE kith_err core_outbox_add(core *c, core_conv *conv, const core_outbound *in);
/* An entry with that append id stands in the log: what waited under it is sent. False: none of ours. */
KITH_MUST_USE kith_err core_outbox_seen(core *c, core_conv *conv, const proto_entry *entry,
                                        bool *is_ours);
/* Nothing of this will be sent. */
KITH_MUST_USE kith_err core_outbox_fail(core *c, core_conv *conv);
/* Nothing of what the server cannot have seen yet will be sent. */
KITH_MUST_USE kith_err core_outbox_withdraw(core *c, core_conv *conv);

/* ---- line.c ---- */

/* A message as stored. Read, it borrows from the buffer it was read into. */
typedef struct core_line {
    core_message_kind kind;
    core_message_state state;
    bool is_own;
    bool is_edited;
    uint8_t id[CORE_MESSAGE_ID_LEN]; /* zeros: none */
    uint8_t sender[CORE_ACCOUNT_LEN];
    uint8_t subject[CORE_ACCOUNT_LEN];
    uint64_t sent_ms;
    uint64_t time_ms;
    uint64_t seq; /* in the log; 0: not there, or not known */
    kith_bytes content; /* encoded, as first said; empty for lines of the system */
    kith_bytes edit; /* what it says now, when is_edited */
} core_line;
/* As the next of the conversation: number, index, counters, event. */
KITH_MUST_USE kith_err core_line_add(core *c, core_conv *conv, const core_line *line, uint64_t *n);
KITH_MUST_USE kith_err core_line_write(core *c, const core_conv *conv, uint64_t n,
                                       const core_line *line);
KITH_MUST_USE kith_err core_line_read(core *c, const core_conv *conv, uint64_t n, kith_buf *bytes,
                                      core_line *out);
/* A walk along a conversation's messages; `n` is the one that it stands on, 0: before the first (behind the last). */
typedef struct core_walk {
    bool backwards;
    uint64_t n;
    kith_buf bytes; /* of the message at hand */
} core_walk;
void core_walk_done(core_walk *walk);
/* Steps to the next message, which borrows from the walk. NOT_FOUND: no more. */
KITH_MUST_USE kith_err core_line_next(core *c, const core_conv *conv, core_walk *walk,
                                      core_line *out);
/* NOT_FOUND. */
KITH_MUST_USE kith_err core_line_find(core *c, const core_conv *conv,
                                      const uint8_t id[CORE_MESSAGE_ID_LEN], uint64_t *n);
/* Raises the state of an own message and says so; never lowers it. */
KITH_MUST_USE kith_err core_line_raise(core *c, const core_conv *conv, uint64_t n,
                                       core_message_state state, uint64_t seq);
/* Whether it counts as unread until it was seen. */
bool core_line_is_news(const core_line *line);
/* A line of the system. */
KITH_MUST_USE kith_err core_line_system(core *c, core_conv *conv, core_message_kind kind,
                                        const core_line *who);
uint64_t core_n_new(core *c);

/* ---- receipt.c, control.c, message.c ---- */

KITH_MUST_USE kith_err core_receipt_pump(core *c, core_conv *conv);
/* Something came that the sender may be told of. */
void core_receipt_due(core *c, core_conv *conv);
/* What another member says of own messages. */
KITH_MUST_USE kith_err core_receipt_take(core *c, core_conv *conv, kith_bytes body);
/* What another own device told the others: what it says was read is read here, too. */
KITH_MUST_USE kith_err core_receipt_take_own(core *c, core_conv *conv, kith_bytes body);
/* The person saw everything up to `n`. `is_told`: by another own device, which tells the senders. */
KITH_MUST_USE kith_err core_read_up_to(core *c, core_conv *conv, uint64_t n, bool is_told);

/* What a member said. */
typedef struct core_said {
    const uint8_t *account;
    const uint8_t *device;
    uint64_t seq;
    uint64_t time_ms;
    kith_bytes content; /* encoded, without padding */
} core_said;
KITH_MUST_USE kith_err core_message_take(core *c, core_conv *conv, const core_said *said);
KITH_MUST_USE kith_err core_control_take(core *c, core_conv *conv, const core_said *said,
                                         kith_bytes body);
KITH_MUST_USE kith_err core_once_load(core *c);
/* Queues one control in a conversation, or to the own other devices. */
KITH_MUST_USE kith_err core_control_send(core *c, core_conv *conv, const content_control *control);
/* A linked device that was told of the conversation, and is not in it, need not wait for it. */
KITH_MUST_USE kith_err core_control_tell_left(core *c, const core_conv *conv);
KITH_MUST_USE kith_err core_control_send_own(core *c, const content_control *control);

/* ---- join.c ---- */

KITH_MUST_USE kith_err core_inbox_load(core *c);
KITH_MUST_USE kith_err core_inbox_item(core *c, kith_bytes body);
KITH_MUST_USE kith_err core_inbox_pump(core *c);
KITH_MUST_USE kith_err core_inbox_on_list(core *c, kith_err err);

/* ---- repair.c ---- */

/* The conversation cannot be followed any more. `what`: a word of docs/alarms, or NULL for a quiet one. */
KITH_MUST_USE kith_err core_conv_break(core *c, core_conv *conv, const char *what);
/* This device was removed and added by one commit: all before it was read, and a Welcome tells the rest. */
KITH_MUST_USE kith_err core_conv_await(core *c, core_conv *conv);
KITH_MUST_USE kith_err core_repair_pump(core *c, core_conv *conv);
/* Back in step: asks for what was missed. */
KITH_MUST_USE kith_err core_repair_done(core *c, core_conv *conv, uint64_t since_ms);
/* Remembers whom this commit, about to be applied, adds: they need time to find their Welcome. */
void core_repair_note(core *c, core_conv *conv, const mls_staged *next);
/* A device asks to be removed and added again; one that was added lately is not. */
KITH_MUST_USE kith_err core_repair_take(core *c, const core_said *said,
                                        const uint8_t conv[CORE_CONV_LEN]);

/* ---- history.c ---- */

/* Another device asks for what it missed, or says what this one missed. `is_own`: it is an own device. */
KITH_MUST_USE kith_err core_history_answer(core *c, core_conv *by, const core_said *said,
                                           const content_history_request *request);
KITH_MUST_USE kith_err core_history_take(core *c, const core_said *said,
                                         const content_history *history);

#endif
