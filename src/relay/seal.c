/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one writer of the directory's log. It gathers the lists of a transaction and adds them as one entry; more than
 * one only where an account has more new versions than an entry takes. What it signed counts when the transaction is
 * committed; after any other end it goes on from what is stored.
 */
#include <stdlib.h>
#include <string.h>

#include "relay/internal.h"

/* A list that is not in the log yet. */
typedef struct new_list {
    uint8_t account_id[PROTO_ID_LEN];
    uint64_t version;
    kith_buf bytes;
} new_list;

struct relay_seal {
    relay_seal_env env;
    relay_log_port port;
    kt_log *log; /* NULL: to be opened anew */
    relay_head head; /* as committed */
    relay_head draft; /* as signed in this transaction */
    relay_checkpoint published; /* the newest for witnesses, as committed; size 0: none */
    relay_checkpoint draft_published;
    new_list *lists;
    size_t count;
    size_t cap;
    bool is_touched; /* the log was written in this transaction */
    bool wants_entry; /* with or without lists */
    uint64_t caught_row; /* catch_up is done up to this account */
};

/* ---- Making ---- */

/* The newest entry must be the one that the head says. */
static kith_err
check_tip(const kt_log *log, const relay_head *head)
{
    kt_log_tip tip;

    if (head->size == 0) {
        return KITH_OK;
    }
    KITH_TRY(kt_log_head(log, &tip));
    const bool is_same = tip.timestamp == head->time_ms &&
                         memcmp(tip.head.signature, head->signature, KT_SIGNATURE_LEN) == 0;
    return is_same ? KITH_OK : KITH_ERR_MALFORMED;
}

static kith_err
find_published(const relay_store *store, relay_checkpoint *out)
{
    KITH_AUTO(kith_buf) note = {0};
    const kith_err err = store->checkpoint_find(store->ctx, RELAY_STORE_NUMBER_MAX, out, &note);

    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static kith_err
open_log(relay_seal *seal)
{
    const relay_seal_env *env = &seal->env;
    relay_head head = {0};
    relay_checkpoint published = {0};
    kt_log *log = NULL;

    kith_err err = env->store->head_get(env->store->ctx, &head);
    if (err == KITH_ERR_NOT_FOUND) {
        memcpy(head.log_hash, env->log->hash, PROTO_ID_LEN);
        err = KITH_OK;
    }
    KITH_TRY(err);
    KITH_ENSURE(memcmp(head.log_hash, env->log->hash, PROTO_ID_LEN) == 0, KITH_ERR_DENIED);
    const kt_log_setup setup = {.crypto = env->crypto,
                                .sign = env->sign,
                                .vrf = env->log->vrf,
                                .rng = *env->rng,
                                .store = relay_log_arrays(&seal->port),
                                .labels = relay_log_labels(&seal->port),
                                .config = env->log->config,
                                .size = head.size,
                                .workers = env->workers};
    KITH_TRY(find_published(env->store, &published));
    KITH_TRY(kt_log_new(env->alloc, &setup, &log));
    err = check_tip(log, &head);
    if (err != KITH_OK) {
        kt_log_free(log);
        return err;
    }
    kt_log_free(seal->log);
    seal->log = log;
    seal->published = published;
    seal->draft_published = published;
    seal->head = head;
    seal->draft = head;
    return KITH_OK;
}

/* In a transaction that only reads. */
static kith_err
open_outside(relay_seal *seal)
{
    const relay_store *store = seal->env.store;

    KITH_TRY(store->begin(store->ctx));
    const kith_err err = open_log(seal);
    store->rollback(store->ctx);
    return err;
}

kith_err
relay_seal_new(const relay_seal_env *env, relay_seal **out)
{
    relay_seal *seal = kith_mem_zalloc(env->alloc, 1, sizeof *seal);

    KITH_ENSURE(seal != NULL, KITH_ERR_NO_MEMORY);
    seal->env = *env;
    seal->port.store = env->store;
    const kith_err err = open_outside(seal);
    if (err != KITH_OK) {
        relay_seal_free(seal);
        return err;
    }
    *out = seal;
    return KITH_OK;
}

static void
drop_lists(relay_seal *seal)
{
    for (size_t i = 0; i < seal->count; i++) {
        kith_buf_done(&seal->lists[i].bytes);
    }
    seal->count = 0;
}

void
relay_seal_free(relay_seal *seal)
{
    if (seal == NULL) {
        return;
    }
    const kith_alloc *alloc = seal->env.alloc;
    drop_lists(seal);
    kith_mem_free(alloc, seal->lists, seal->cap * sizeof *seal->lists);
    kt_log_free(seal->log);
    kith_mem_free(alloc, seal, sizeof *seal);
}

bool
relay_seal_is_complete(const relay_seal *seal)
{
    return seal->head.is_complete;
}

/* ---- One entry ---- */

static int
compare_lists(const void *a, const void *b)
{
    const new_list *x = a;
    const new_list *y = b;
    const int by_account = memcmp(x->account_id, y->account_id, PROTO_ID_LEN);

    return by_account != 0 ? by_account : (x->version > y->version) - (x->version < y->version);
}

/* What kt_log_append borrows, for up to `count` accounts. */
typedef struct change_list {
    kith_bytes *values;
    uint8_t (*labels)[RELAY_LABEL_LEN];
    kt_change *changes;
    size_t count;
} change_list;

static void
fill_changes(const relay_seal *seal, change_list *out)
{
    for (size_t i = 0; i < seal->count; i++) {
        const new_list *list = &seal->lists[i];
        out->values[i] = kith_bytes_of_buf(&list->bytes);
        if (i == 0 || memcmp(list[-1].account_id, list->account_id, PROTO_ID_LEN) != 0) {
            relay_label(list->account_id, out->labels[out->count]);
            out->changes[out->count] = (kt_change){.label = KITH_BYTES(out->labels[out->count]),
                                                   .values = &out->values[i]};
            out->count++;
        }
        out->changes[out->count - 1].count++;
    }
}

static kith_err
append_entry(relay_seal *seal, uint64_t time_ms)
{
    const kith_alloc *alloc = seal->env.alloc;
    const size_t room = seal->count + 1; /* no allocation is empty */
    change_list list = {.values = kith_mem_zalloc(alloc, room, sizeof *list.values),
                        .labels = kith_mem_zalloc(alloc, room, sizeof *list.labels),
                        .changes = kith_mem_zalloc(alloc, room, sizeof *list.changes)};
    kith_err err = KITH_ERR_NO_MEMORY;

    if (list.values != NULL && list.labels != NULL && list.changes != NULL) {
        fill_changes(seal, &list);
        err = kt_log_append(seal->log, time_ms, list.changes, list.count);
    }
    kith_mem_free(alloc, list.values, room * sizeof *list.values);
    kith_mem_free(alloc, list.labels, room * sizeof *list.labels);
    kith_mem_free(alloc, list.changes, room * sizeof *list.changes);
    return err;
}

/* The clock may have been set back: entries stay in order. */
static kith_err
add_entry(relay_seal *seal, uint64_t now_ms)
{
    const relay_store *store = seal->env.store;
    const uint64_t time_ms = now_ms > seal->draft.time_ms ? now_ms : seal->draft.time_ms;

    seal->is_touched = true;
    if (seal->draft.size == 0) {
        KITH_TRY(store->signed_log_put(store->ctx, seal->env.log->signed_log));
    }
    if (seal->count > 1) {
        qsort(seal->lists, seal->count, sizeof seal->lists[0], compare_lists);
    }
    KITH_TRY(append_entry(seal, time_ms));
    seal->draft.size = kt_log_size(seal->log);
    seal->draft.time_ms = time_ms;
    memcpy(seal->draft.signature, kt_log_signature(seal->log).data, KT_SIGNATURE_LEN);
    KITH_TRY(store->head_put(store->ctx, &seal->draft));
    drop_lists(seal);
    seal->wants_entry = false;
    return KITH_OK;
}

/* ---- What goes into it ---- */

static kith_err
push_list(relay_seal *seal, const uint8_t *account_id, uint64_t version, kith_bytes bytes)
{
    new_list list = {.version = version, .bytes = {.alloc = seal->env.alloc}};

    KITH_TRY(kith_mem_grow(seal->env.alloc, (void **)&seal->lists, &seal->cap, seal->count + 1,
                           sizeof *seal->lists));
    KITH_TRY(kith_buf_set(&list.bytes, bytes));
    memcpy(list.account_id, account_id, PROTO_ID_LEN);
    seal->lists[seal->count++] = list;
    return KITH_OK;
}

static kith_err
keep_evaluations(const relay_run *run, const uint8_t *account_id)
{
    for (size_t i = 0; i < run->job->evaluated_count; i++) {
        const relay_evaluated *e = &run->job->evaluated[i];
        KITH_TRY(run->store->evaluation_keep(run->ctx, account_id, (uint64_t)e->version + 1,
                                             &e->evaluation));
    }
    return KITH_OK;
}

kith_err
relay_run_keep(const relay_run *run)
{
    return keep_evaluations(run, run->job->account_id);
}

kith_err
relay_seal_add(const relay_run *run, const proto_list *list, kith_bytes bytes)
{
    relay_seal *seal = run->seal;
    uint64_t logged = 0;

    if (seal->log == NULL) {
        KITH_TRY(open_log(seal));
    }
    KITH_TRY(keep_evaluations(run, list->account_id));
    KITH_TRY(run->store->logged_count(run->ctx, list->account_id, &logged));
    if (list->version > logged + KT_LABEL_UPDATES_MAX) {
        KITH_TRY(add_entry(seal, run->now_ms));
    }
    return push_list(seal, list->account_id, list->version, bytes);
}

void
relay_seal_beat(relay_seal *seal, uint64_t now_ms)
{
    seal->wants_entry = seal->wants_entry || (seal->draft.time_ms <= now_ms &&
                                              now_ms - seal->draft.time_ms >= RELAY_LOG_BEAT_MS);
}

/* The account's lists that are not in the log, as many as an entry takes of one. */
static kith_err
catch_account(relay_seal *seal, const relay_logged *account, bool *is_whole)
{
    const relay_store *store = seal->env.store;
    uint64_t to = account->version;

    if (to - account->logged > KT_LABEL_UPDATES_MAX) {
        to = account->logged + KT_LABEL_UPDATES_MAX;
    }
    for (uint64_t version = account->logged + 1; version <= to; version++) {
        KITH_AUTO(kith_buf) list = {.alloc = seal->env.alloc};
        KITH_TRY(store->list_get(store->ctx, account->row, version, &list));
        KITH_TRY(push_list(seal, account->id, version, kith_bytes_of_buf(&list)));
    }
    *is_whole = to == account->version;
    return KITH_OK;
}

kith_err
relay_seal_catch_up(relay_seal *seal, uint64_t now_ms, bool *left)
{
    const relay_store *store = seal->env.store;
    bool is_whole = true;

    if (seal->log == NULL) {
        KITH_TRY(open_log(seal));
    }
    if (seal->head.is_complete) {
        relay_seal_beat(seal, now_ms);
        *left = false;
        return KITH_OK;
    }
    while (is_whole && seal->count < RELAY_CATCH_UP_MAX) {
        relay_logged account = {0};
        const kith_err err = store->unlogged_next(store->ctx, seal->caught_row, &account);
        if (err == KITH_ERR_NOT_FOUND) {
            seal->draft.is_complete = true;
            seal->wants_entry = true;
            *left = false;
            return KITH_OK;
        }
        KITH_TRY(err);
        KITH_TRY(catch_account(seal, &account, &is_whole));
        seal->caught_row = is_whole ? account.row : seal->caught_row;
    }
    *left = true;
    return KITH_OK;
}

/* ---- The end of a transaction ---- */

/* Witnesses that come by cosign the same checkpoint, and not each another one, when it stays for a while. */
static bool
is_checkpoint_due(const relay_seal *seal, uint64_t now_ms)
{
    const relay_checkpoint *last = &seal->draft_published;

    return seal->log != NULL && seal->draft.is_complete && seal->draft.size > last->size &&
           (last->size == 0 || now_ms < last->time_ms ||
            now_ms - last->time_ms >= RELAY_CHECKPOINT_MS);
}

static kith_err
publish(relay_seal *seal, uint64_t now_ms)
{
    const relay_seal_env *env = &seal->env;
    const relay_publisher publisher = {
        .crypto = env->crypto, .log = env->log, .sign = env->sign, .store = env->store};

    return relay_checkpoint_publish(&publisher, seal->log, now_ms, &seal->draft_published);
}

kith_err
relay_seal_close(relay_seal *seal, uint64_t now_ms)
{
    if (seal->count > 0 || seal->wants_entry) {
        if (seal->log == NULL) {
            KITH_TRY(open_log(seal));
        }
        KITH_TRY(add_entry(seal, now_ms));
    }
    return is_checkpoint_due(seal, now_ms) ? publish(seal, now_ms) : KITH_OK;
}

void
relay_seal_settle(relay_seal *seal, bool is_committed)
{
    drop_lists(seal);
    seal->wants_entry = false;
    if (is_committed) {
        seal->head = seal->draft;
        seal->published = seal->draft_published;
    } else {
        seal->draft = seal->head;
        seal->draft_published = seal->published;
        seal->caught_row = 0;
    }
    if (!is_committed && seal->is_touched) {
        kt_log_free(seal->log);
        seal->log = NULL;
        /* What cannot be read now is tried again by the next list. */
        kith_ignore(open_outside(seal));
    }
    seal->is_touched = false;
}
