/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The store port of the server's mind: what it keeps, as tables with meaning. Whoever implements it keeps
 * rows and counts; what may be written, and when, is decided in this folder.
 *
 * Rows of accounts, devices and conversations are named by numbers 1.. that are never used again. Ids are
 * PROTO_ID_LEN bytes, device ids PROTO_DEVICE_ID_LEN, append, put and reader ids PROTO_SHORT_ID_LEN.
 *
 * Calls come from one thread. There are two kinds of port: a *writer*, whose functions are called between
 * `begin` and `commit`; and a *reader*, of which only the functions marked R are called: each sees what was
 * committed when it is called. Errors of every function beside the named ones: STORE, BUSY, NO_MEMORY, MALFORMED (the
 * store is damaged); after one of these the transaction is rolled back. Outputs are written on success only.
 */
#ifndef KITH_RELAY_STORE_PORT_H
#define KITH_RELAY_STORE_PORT_H

#include "base/base.h"
#include "proto/proto.h"
#include "transparency/transparency.h"

/* Largest number that a port is given: what SQL integers hold. */
#define RELAY_STORE_NUMBER_MAX ((uint64_t)INT64_MAX)

typedef struct relay_account {
    uint64_t row;
    uint64_t version; /* of its newest device list */
} relay_account;

typedef struct relay_device {
    uint64_t row;
    uint64_t account_row;
    bool is_listed; /* in the account's newest list */
    uint64_t next_item; /* number of the next inbox item, 1.. */
    uint64_t items; /* in the inbox */
    uint64_t bytes; /* of their bodies */
} relay_device;

typedef struct relay_ticket {
    uint64_t account_row; /* who registered it */
    uint64_t expires_ms;
    uint32_t uses_left;
} relay_ticket;

/* `acked` of a conversation, when it must be counted anew. */
#define RELAY_ACKED_UNKNOWN UINT32_MAX

typedef struct relay_conv {
    uint64_t row;
    uint8_t id[PROTO_ID_LEN];
    uint64_t next_seq; /* of the next entry, 1.. */
    uint64_t last_commit; /* seq of the newest commit; 0: none yet */
    uint64_t first_seq; /* of the first entry that is kept; next_seq: none is */
    uint64_t swept_seq; /* entries below it are gone from the store, too */
    uint64_t entries; /* in the store */
    uint64_t bytes; /* of their messages */
    uint32_t epochs; /* past ones that are remembered */
    uint32_t acked; /* readers that have acknowledged `first_seq`, or RELAY_ACKED_UNKNOWN */
    uint16_t readers; /* of the present epoch */
    uint8_t token_hash[PROTO_ID_LEN]; /* of the present epoch */
    uint8_t open_hash[PROTO_ID_LEN]; /* of the first */
} relay_conv;

/* An epoch that has ended. */
typedef struct relay_epoch {
    uint64_t first_seq; /* of its first entry */
    uint64_t last_seq; /* the commit that ended it */
    uint64_t ended_ms;
    uint16_t readers;
    uint8_t token_hash[PROTO_ID_LEN];
} relay_epoch;

/* An entry of a conversation or an item of an inbox. */
typedef struct relay_item {
    uint64_t number; /* seq, or the item's id */
    uint64_t time_ms;
    uint8_t kind; /* proto_entry_kind; 0 in an inbox */
    uint8_t id[PROTO_SHORT_ID_LEN]; /* append or put id */
    kith_bytes body; /* borrowed */
} relay_item;

/* What is left of an append. */
typedef struct relay_mark {
    uint64_t seq;
    uint64_t time_ms;
} relay_mark;

/* What a reader has acknowledged, and since which entry it reads: it counts for no earlier one. */
typedef struct relay_ack {
    uint64_t seq;
    uint64_t time_ms;
    uint64_t since;
} relay_ack;

/* The `rank`-th (1..) of the readers that read since `since` or earlier. */
typedef struct relay_rank {
    uint32_t rank;
    uint64_t since;
} relay_rank;

/* Which items `walk` gives, in order: numbers `from` .. `to`. */
typedef struct relay_range {
    bool is_inbox;
    uint64_t row; /* conversation, or device */
    uint64_t from;
    uint64_t to;
} relay_range;

/* What a deletion has removed. */
typedef struct relay_freed {
    uint64_t items;
    uint64_t bytes;
} relay_freed;

/* A side of a rendezvous is a relay_session's number; 0: nobody. */
typedef struct relay_rdv {
    uint32_t number;
    uint64_t sides[2]; /* opener, joiner */
    uint32_t waiting[2]; /* messages on their way to each */
    uint32_t messages; /* sent so far */
    uint64_t expires_ms;
} relay_rdv;

/* What grows old. `before_ms` of `expire` is when it must have been made, ended or due. */
typedef enum relay_aged {
    RELAY_AGED_ENTRIES, /* and moves first_seq on, and makes `acked` RELAY_ACKED_UNKNOWN */
    RELAY_AGED_MARKS, /* of appends, of puts, of KeyPackages that were given out */
    RELAY_AGED_EPOCHS,
    RELAY_AGED_ITEMS, /* of inboxes */
    RELAY_AGED_TICKETS,
    RELAY_AGED_SWEEP, /* entries below their conversation's first_seq, whatever their age */
    RELAY_AGED_COUNT,
} relay_aged;

/* The head that the directory's log signed last. */
typedef struct relay_head {
    uint8_t log_hash[PROTO_ID_LEN]; /* of the SignedLog that says whose it is */
    uint64_t size;
    uint64_t time_ms; /* of the last entry */
    uint8_t signature[KT_SIGNATURE_LEN];
    bool is_complete; /* all lists that are stored are in the log */
} relay_head;

/* A checkpoint of the log for witnesses; with it is stored the note that has its signatures so far. */
typedef struct relay_checkpoint {
    uint64_t size;
    uint64_t time_ms; /* when it was made */
} relay_checkpoint;

/* An account, and how many of its lists are in the log. */
typedef struct relay_logged {
    uint64_t row;
    uint8_t id[PROTO_ID_LEN];
    uint64_t version;
    uint64_t logged; /* versions 1 to this */
} relay_logged;

typedef struct relay_store {
    void *ctx;

    /* BUSY: another process writes. `commit` is durable, through power loss, when it returns KITH_OK; otherwise
     * all since `begin` is undone. `rollback` without a transaction does nothing. */
    kith_err (*begin)(void *ctx);
    kith_err (*commit)(void *ctx);
    void (*rollback)(void *ctx);

    /* ---- Accounts ---- */
    /* R. NOT_FOUND. */
    kith_err (*account_find)(void *ctx, const uint8_t *account_id, relay_account *out);
    /* EXISTS. The version becomes 0. */
    kith_err (*account_add)(void *ctx, const uint8_t *account_id, uint64_t *row);
    /* R. Appends a SignedList. NOT_FOUND. */
    kith_err (*list_get)(void *ctx, uint64_t account_row, uint64_t version, kith_buf *out);
    /* Adds the next version and makes it the newest. */
    kith_err (*list_add)(void *ctx, uint64_t account_row, uint64_t version, kith_bytes list);
    /* Makes exactly these devices the listed ones: adds new ones, and takes KeyPackages and inbox away from those
     * that are gone. */
    kith_err (*devices_set)(void *ctx, uint64_t account_row, const proto_device *devices,
                            size_t count);
    /* R. NOT_FOUND. Of devices that are no longer listed, too. */
    kith_err (*device_find)(void *ctx, uint64_t account_row, const uint8_t *device_id,
                            relay_device *out);
    /* R. NOT_FOUND. */
    kith_err (*device_get)(void *ctx, uint64_t device_row, relay_device *out);
    /* NOT_FOUND. Expired and spent ones are found until they are deleted. */
    kith_err (*ticket_find)(void *ctx, const uint8_t *ticket_hash, relay_ticket *out);
    /* Adds, or replaces. */
    kith_err (*ticket_save)(void *ctx, const uint8_t *ticket_hash, const relay_ticket *ticket);
    /* Those of the account that have not expired at `now_ms`. */
    kith_err (*ticket_count)(void *ctx, uint64_t account_row, uint64_t now_ms, uint32_t *out);

    /* ---- The directory's log: arrays and labels as kt_store and kt_labels have them; versions are those of lists, 1.. ---- */
    /* R. Between the two, everything that R functions read is of one moment: in a transaction, that of the
     * transaction. Not while a walk is open. */
    kith_err (*view_begin)(void *ctx);
    void (*view_end)(void *ctx);
    /* R. NOT_FOUND: nothing was ever signed. */
    kith_err (*head_get)(void *ctx, relay_head *out);
    kith_err (*head_put)(void *ctx, const relay_head *head);
    /* Appends the SignedLog that the head is of. NOT_FOUND: nothing was ever signed. */
    kith_err (*signed_log_get)(void *ctx, kith_buf *out);
    kith_err (*signed_log_put)(void *ctx, kith_bytes signed_log);
    /* R. A record of an array. STORE: there is no such record. */
    kith_err (*log_read)(void *ctx, kt_array array, uint64_t index, uint8_t *out);
    kith_err (*log_write)(void *ctx, kt_array array, uint64_t index, kith_bytes records);
    /* R. The largest checkpoint of at most `size` entries; its note is appended. NOT_FOUND. */
    kith_err (*checkpoint_find)(void *ctx, uint64_t size, relay_checkpoint *out, kith_buf *note);
    /* Adds, or replaces. */
    kith_err (*checkpoint_put)(void *ctx, const relay_checkpoint *checkpoint, kith_bytes note);
    /* Forgets all but the `count` largest. */
    kith_err (*checkpoint_trim)(void *ctx, uint32_t count);
    /* R. The newest version that is in the log; 0 for an unknown account. */
    kith_err (*logged_count)(void *ctx, const uint8_t *account_id, uint64_t *out);
    /* R. Its record; its list is appended to `list` unless that is NULL. NOT_FOUND. */
    kith_err (*logged_find)(void *ctx, const uint8_t *account_id, uint64_t version, kt_record *out,
                            kith_buf *list);
    /* The record of the next version. NOT_FOUND: no such account. */
    kith_err (*logged_add)(void *ctx, const uint8_t *account_id, uint64_t version,
                           const kt_record *record);
    /* R. The first account behind the row of which not all lists are in the log. NOT_FOUND. */
    kith_err (*unlogged_next)(void *ctx, uint64_t after_row, relay_logged *out);
    /* R. A VRF output of a version that may or may not exist. NOT_FOUND: not kept. */
    kith_err (*evaluation_find)(void *ctx, const uint8_t *account_id, uint64_t version,
                                kt_evaluation *out);
    /* Nothing happens for an unknown account. */
    kith_err (*evaluation_keep)(void *ctx, const uint8_t *account_id, uint64_t version,
                                const kt_evaluation *evaluation);

    /* ---- KeyPackages: `hash` (PROTO_ID_LEN bytes) is what makes two the same ---- */
    /* Adds a one-time package. EXISTS: it is there, or was given out. */
    kith_err (*kp_add)(void *ctx, uint64_t device_row, const uint8_t *hash, kith_bytes package);
    /* Appends the oldest and gives it out. NOT_FOUND: none left. */
    kith_err (*kp_take)(void *ctx, uint64_t device_row, uint64_t now_ms, kith_buf *out);
    /* R. One-time packages that are left. */
    kith_err (*kp_count)(void *ctx, uint64_t device_row, uint32_t *out);
    /* R. Appends the last-resort package. NOT_FOUND. `out` may be NULL. */
    kith_err (*kp_last_get)(void *ctx, uint64_t device_row, kith_buf *out);
    kith_err (*kp_last_put)(void *ctx, uint64_t device_row, kith_bytes package);

    /* ---- Conversations ---- */
    /* R. NOT_FOUND. */
    kith_err (*conv_find)(void *ctx, const uint8_t *conv_id, relay_conv *out);
    /* EXISTS. `conv->row` is written. */
    kith_err (*conv_add)(void *ctx, relay_conv *conv);
    /* Stores everything of one that was found in this transaction, but row, id and open_hash. */
    kith_err (*conv_save)(void *ctx, const relay_conv *conv);
    /* R. The newest remembered epoch of that token. NOT_FOUND. */
    kith_err (*epoch_find)(void *ctx, uint64_t conv_row, const uint8_t *token_hash,
                           relay_epoch *out);
    /* The remembered epoch that `seq` is in, or the first after it. NOT_FOUND. */
    kith_err (*epoch_at)(void *ctx, uint64_t conv_row, uint64_t seq, relay_epoch *out);
    kith_err (*epoch_add)(void *ctx, uint64_t conv_row, const relay_epoch *epoch);
    /* Forgets the oldest. */
    kith_err (*epoch_drop)(void *ctx, uint64_t conv_row);
    /* Adds an entry and its mark. EXISTS: the mark is there; nothing changed. */
    kith_err (*entry_add)(void *ctx, uint64_t conv_row, const relay_item *entry);
    /* Deletes entries with `from <= seq < to`, keeps their marks. `out` may be NULL: who knows what goes saves the
     * counting. */
    kith_err (*entries_delete)(void *ctx, const relay_range *range, relay_freed *out);
    /* NOT_FOUND. */
    kith_err (*mark_find)(void *ctx, uint64_t conv_row, const uint8_t *append_id, relay_mark *out);
    /* What the reader has acknowledged. NOT_FOUND. */
    kith_err (*ack_find)(void *ctx, uint64_t conv_row, const uint8_t *reader_id, relay_ack *out);
    kith_err (*ack_put)(void *ctx, uint64_t conv_row, const uint8_t *reader_id,
                        const relay_ack *ack);
    /* Readers that read since `seq` or earlier and have acknowledged it or more; 0 counts all. */
    kith_err (*ack_count)(void *ctx, uint64_t conv_row, uint64_t seq, uint32_t *out);
    /* The acknowledged seq of the rank, largest first. NOT_FOUND: fewer readers. */
    kith_err (*ack_rank)(void *ctx, uint64_t conv_row, const relay_rank *rank, uint64_t *out);
    /* Forgets readers that acknowledged nothing since `before_ms`. */
    kith_err (*ack_forget)(void *ctx, uint64_t conv_row, uint64_t before_ms);

    /* R. Gives items one by one; `body` is borrowed until the next call. NOT_FOUND: no more. One walk at a
     * time; `walk_end` ends it. */
    kith_err (*walk)(void *ctx, const relay_range *range);
    kith_err (*walk_next)(void *ctx, relay_item *out);
    void (*walk_end)(void *ctx);

    /* ---- Inboxes ---- */
    /* Adds an item and its mark and counts it. EXISTS: the mark is there; nothing changed. */
    kith_err (*inbox_add)(void *ctx, const relay_device *device, const relay_item *item);
    /* NOT_FOUND: no mark of such a put. */
    kith_err (*put_find)(void *ctx, uint64_t device_row, const uint8_t *put_id);
    /* Deletes the items up to `number` and counts them; keeps their marks. */
    kith_err (*inbox_delete)(void *ctx, uint64_t device_row, uint64_t number);

    /* ---- Rendezvous: in memory, gone after a restart ---- */
    kith_err (*rdv_count)(void *ctx, uint32_t *out);
    /* NOT_FOUND. */
    kith_err (*rdv_find)(void *ctx, uint32_t number, relay_rdv *out);
    /* One that this side takes part in. NOT_FOUND. */
    kith_err (*rdv_of)(void *ctx, uint64_t side, relay_rdv *out);
    /* How many it takes part in. */
    kith_err (*rdv_held)(void *ctx, uint64_t side, uint32_t *out);
    /* One that has expired. NOT_FOUND. */
    kith_err (*rdv_expired)(void *ctx, uint64_t now_ms, relay_rdv *out);
    /* Adds, or replaces. */
    kith_err (*rdv_save)(void *ctx, const relay_rdv *rdv);
    /* With the messages that wait in it. */
    kith_err (*rdv_delete)(void *ctx, uint32_t number);
    /* Messages of the opener that wait for a joiner: put, and (oldest first, appended) taken. NOT_FOUND. */
    kith_err (*rdv_put)(void *ctx, uint32_t number, kith_bytes body);
    kith_err (*rdv_take)(void *ctx, uint32_t number, kith_buf *out);

    /* Deletes at most RELAY_SWEEP_MAX rows that are old enough. `*left` tells whether there may be more. */
    kith_err (*expire)(void *ctx, relay_aged what, uint64_t before_ms, bool *left);
} relay_store;

#endif
