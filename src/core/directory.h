/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The server's directory log, as this device knows it [docs/wire.md §10]. Private to core.
 *
 *   directory.c   the record: which log is pinned, how far it was seen; what the server says of it
 *   question.c    what is asked of the log, one thing at a time, and what is made of the answers
 *   watch.c       looking again at what was found: the own account as its owner, others as the log's rules say
 *   heads.c       heads that others tell in their messages, and logs that were shown in two forms
 *
 * One question at a time, since an answer is checked against the view that the one before it made. Nobody stands in
 * line: whoever has something to ask looks in its pump whether the log is free, and lists come first there.
 */
#ifndef KITH_CORE_DIRECTORY_H
#define KITH_CORE_DIRECTORY_H

#include "core/internal.h"
#include "transparency/transparency.h"

/* One byte 1 and the account id. */
#define CORE_LABEL_LEN (1u + CORE_ACCOUNT_LEN)

/* Why nothing is sent any more; stored as a number. */
typedef enum core_split {
    CORE_SPLIT_NONE = 0,
    CORE_SPLIT_FORK, /* two heads of one log exclude each other */
    CORE_SPLIT_OTHER, /* the server speaks of another log than before, and of no reason */
    CORE_SPLITS
} core_split;

/* What was said once and is not said again until it has passed: bits of core_directory.told. */
enum {
    CORE_TOLD_STALE = 1,
    CORE_TOLD_CLOCK = 2,
    CORE_TOLD_PROOF = 4,
    CORE_TOLD_SHORT = 8,
    CORE_TOLD_WATCH = 16,
};

/* A label that is looked at again from time to time. The rest is in the store. */
typedef struct core_watched {
    uint8_t account[CORE_ACCOUNT_LEN];
    uint64_t due_ms; /* 0: now */
} core_watched;

typedef struct core_watches {
    core_watched *items;
    size_t count;
    size_t cap;
    bool is_updated; /* the own watch has heard of all versions since it became due */
    uint32_t
        stops; /* times that the log would not say more about the own account, nor what is new */
} core_watches;

/* A head that somebody told, and that is to be asked about. */
typedef struct core_told_head {
    uint8_t account[CORE_ACCOUNT_LEN];
    uint8_t conv[CORE_CONV_LEN];
    kt_head head;
    bool is_waiting; /* to be asked about; else nothing is to be done about it */
    bool is_doubted; /* that was said */
    bool
        is_foreign; /* the log that is pinned has not signed it: waits for what the server says of its log now */
    uint32_t failures;
    uint64_t not_before_ms;
} core_told_head;

typedef struct core_heads {
    core_told_head items[CORE_HEADS_MAX];
    size_t count;
    bool
        is_own_doubted; /* the log's answers prove nothing: does it still have the head that is known here? */
    uint64_t own_not_before_ms;
} core_heads;

struct core_directory {
    bool is_known; /* the rest up to `told` is in the store */
    kith_buf log; /* the SignedLog that is pinned */
    uint32_t generation;
    kt_client client;
    kt_view view;
    bool has_head;
    kt_head head; /* of the view */
    core_split split;
    uint32_t told;
    bool config_in_flight[CORE_LINKS];
    bool config_seen[CORE_LINKS]; /* on this connection */
    uint64_t config_not_before_ms;
    uint32_t refusals; /* in a row */
    uint64_t quiet_since_ms; /* of the last answer */
    bool is_asking;
    kt_request request; /* on its way */
    uint8_t label[CORE_LABEL_LEN];
    core_watches watches;
    core_heads heads;
};

/* ---- directory.c ---- */

KITH_MUST_USE kith_err core_directory_load(core *c);
void core_directory_free(core *c);
/* Asks each connection which log there is, once. */
KITH_MUST_USE kith_err core_directory_pump(core *c);
void core_directory_link_changed(core *c, core_link link);
KITH_MUST_USE kith_err core_directory_save(core *c);
/* Says something that is not said again before core_directory_untell. */
KITH_MUST_USE kith_err core_directory_tell(core *c, uint32_t bit, const char *what);
KITH_MUST_USE kith_err core_directory_untell(core *c, uint32_t bits);
/* Nothing is sent from now on, for that reason; said once. */
KITH_MUST_USE kith_err core_directory_split(core *c, core_split why);

/* ---- question.c ---- */

typedef struct core_ask {
    core_link link;
    kt_request request; /* `last` and, if `account` is given, the label are filled in */
    const uint8_t *account; /* whose label; NULL: the question has none */
    bool is_find; /* by LIST_FIND, with `have`; else by LOG_ASK */
    uint64_t have;
    bool is_fresh; /* as somebody who has seen nothing */
    core_tag tag;
    core_answer_fn answer; /* begins with core_question_over */
} core_ask;

/* Whether something can be asked on that connection now. */
bool core_question_is_free(const core *c, core_link link);
KITH_MUST_USE kith_err core_question_ask(core *c, const core_ask *ask);
/* The answer came, or never will. */
void core_question_over(core *c);

/* Checks an answer against `view`; may be called more than once, as long as it fails. */
typedef kith_err (*core_check_fn)(void *ctx, const kt_exchange *exchange, kt_view *view);
typedef struct core_check {
    core_check_fn run;
    void *ctx;
    kt_view *view; /* for core_question_run */
    const char
        *what; /* the alarm when it fails, about `account`; NULL: that an answer proves nothing */
    uint8_t account[CORE_ACCOUNT_LEN];
} core_check;
typedef enum core_by_clock {
    CORE_BY_OWN_CLOCK,
    CORE_BY_SERVERS_CLOCK,
    CORE_BY_NO_CLOCK, /* it is as old as what was known before, or nearly */
    CORE_BY_CLOCKS
} core_by_clock;
/* Runs the check and nothing more. */
KITH_MUST_USE kith_err core_question_run(core *c, const core_check *check, kith_bytes response,
                                         core_by_clock *by);
/* Runs the check on the answer to the question that was asked last, and keeps the view that comes of it. BUSY: it is
 * sound and too old, which was said; ask again later. REJECTED: it proves nothing, which was said. */
KITH_MUST_USE kith_err core_question_check(core *c, kith_bytes response, const core_check *check);
/* The server refused a question that no honest log refuses: true when it has done so again and again. */
bool core_question_refused(core *c);
/* The response in an answer to LOG_ASK. */
KITH_MUST_USE kith_err core_question_response(const core_answer *answer, kith_bytes *out);

/* ---- watch.c ---- */

KITH_MUST_USE kith_err core_watches_load(core *c);
void core_watches_free(core *c);
KITH_MUST_USE kith_err core_watches_pump(core *c);
/* Forgets all: the labels stand in another log now. */
KITH_MUST_USE kith_err core_watches_forget(core *c);
/* The watch of an account, a new one if there is none. `out` must be zeroed. */
KITH_MUST_USE kith_err core_watch_read(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                       kt_watch *out);
/* Keeps it, or drops it when there is nothing to be looked at again. */
KITH_MUST_USE kith_err core_watch_write(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                        const kt_watch *watched);
/* The own account is looked at: now, if there is news. */
KITH_MUST_USE kith_err core_watch_own(core *c, bool is_news);

/* ---- heads.c ---- */

KITH_MUST_USE kith_err core_heads_pump(core *c);
/* An answer proved nothing: the log is asked whether it has what it showed before. */
void core_heads_doubt(core *c);

#endif
