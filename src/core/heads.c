/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Heads of the directory's log that people's devices tell each other in their messages [docs/wire.md §10]. A server that
 * shows a log in two forms has to keep whoever saw one from talking with whoever saw the other: the first message between
 * them says so. Of two heads of one size the roots say it; about any other the log is asked, and an honest one can always
 * answer. Then two heads and a proof are evidence for everybody, and this device sends nothing any more.
 */
#include "core/directory.h"

#include <string.h>

#include "core/identity.h"

/* A log that could not answer for its own head is asked again after this. */
#define DOUBT_PAUSE_MS 600000ull
/* So long for the server to say which log it has now. */
#define FOREIGN_PAUSE_MS 10000ull

static const char evidence_name[] = "evidence";

/* ---- What others ask of this ---- */

void
core_head_say(const core *c, content_head *out)
{
    const core_directory *d = c->identity->directory;
    content_head said = {0};

    if (d->has_head && d->split == CORE_SPLIT_NONE) {
        said.size = d->head.size;
        memcpy(said.root, d->head.root.bytes, sizeof said.root);
        memcpy(said.signature, d->head.signature, sizeof said.signature);
    }
    *out = said;
}

bool
core_is_silent(const core *c)
{
    return c->identity->directory->split != CORE_SPLIT_NONE;
}

kith_err
core_evidence(core *c, kith_buf *out)
{
    KITH_TRY(core_query(c));
    return core_get(c, CORE_TABLE_LOG, kith_bytes_of_text(evidence_name), out);
}

void
core_heads_doubt(core *c)
{
    core_changed(c);
    c->identity->directory->heads.is_own_doubted = true;
}

/* ---- A log in two forms ---- */

/* `proof` is empty for two heads of one size. */
static kith_err
take_fork(core *c, const kt_head *told, const kt_head *newest, kith_bytes proof)
{
    const core_directory *d = c->identity->directory;
    KITH_AUTO(kith_buf) evidence = {.alloc = c->env.alloc};

    KITH_TRY(kt_evidence_make(&d->client, told, newest, proof, &evidence));
    KITH_TRY(core_put(c, CORE_TABLE_LOG, kith_bytes_of_text(evidence_name),
                      kith_bytes_of_buf(&evidence)));
    return core_directory_split(c, CORE_SPLIT_FORK);
}

/* ---- Hearing ---- */

static core_told_head *
find_told(const core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    core_heads *heads = &c->identity->directory->heads;

    for (size_t i = 0; i < heads->count; i++) {
        if (memcmp(heads->items[i].account, account, CORE_ACCOUNT_LEN) == 0) {
            return &heads->items[i];
        }
    }
    return NULL;
}

/* A new place, or that of somebody whose head was found good; NULL: all wait. Then the sender's next message brings its
 * head again. */
static core_told_head *
find_room(core *c)
{
    core_heads *heads = &c->identity->directory->heads;

    if (heads->count < CORE_HEADS_MAX) {
        return &heads->items[heads->count++];
    }
    for (size_t i = 0; i < CORE_HEADS_MAX; i++) {
        if (!heads->items[i].is_waiting) {
            return &heads->items[i];
        }
    }
    return NULL;
}

static kith_err
doubt_sender(core *c, core_told_head *told)
{
    told->is_waiting = false;
    if (told->is_doubted) {
        return KITH_OK;
    }
    told->is_doubted = true;
    return core_event_alarm(c, told->conv, told->account, "head");
}

/* Of another log: the server may have begun a new one since it was asked, or the sender not know of that yet. In a log
 * that took another's place heads of the one before are to be expected. */
static void
note_foreign(core *c, core_told_head *told)
{
    core_directory *d = c->identity->directory;

    told->is_waiting = d->generation == 1;
    told->is_foreign = true;
    told->not_before_ms = c->now_ms + FOREIGN_PAUSE_MS;
    for (size_t i = 0; i < CORE_LINKS && told->is_waiting; i++) {
        d->config_seen[i] = false;
    }
}

/* Another head of the log than the one that is known here. */
static kith_err
take_head(core *c, core_told_head *told, const kt_head *head)
{
    const core_directory *d = c->identity->directory;
    const kith_err err = kt_head_verify(&d->client, head);

    told->head = *head;
    if (err == KITH_ERR_REJECTED) {
        note_foreign(c, told);
        return KITH_OK;
    }
    KITH_TRY(err);
    told->is_foreign = false;
    if (d->has_head && kt_head_compare(&d->head, head) == KT_HEAD_FORK) {
        return take_fork(c, head, &d->head, (kith_bytes){0});
    }
    told->is_waiting = true;
    told->failures = 0;
    return KITH_OK;
}

kith_err
core_head_hear(core *c, const uint8_t conv[CORE_CONV_LEN], const uint8_t account[CORE_ACCOUNT_LEN],
               const content_head *said)
{
    const core_directory *d = c->identity->directory;
    kt_head head = {.size = said->size};
    core_told_head *told = find_told(c, account);

    if (!d->is_known || said->size == 0 || d->split != CORE_SPLIT_NONE) {
        return KITH_OK;
    }
    memcpy(head.root.bytes, said->root, sizeof head.root.bytes);
    memcpy(head.signature, said->signature, sizeof head.signature);
    const kt_head *known = told != NULL ? &told->head : &d->head;
    if ((told != NULL || d->has_head) && memcmp(known, &head, sizeof head) == 0) {
        return KITH_OK;
    }
    if (d->has_head && kt_head_compare(&d->head, &head) == KT_HEAD_SAME) {
        return KITH_OK;
    }
    core_changed(c);
    if (told == NULL) {
        told = find_room(c);
        if (told == NULL) {
            return KITH_OK;
        }
        *told = (core_told_head){0};
        memcpy(told->account, account, sizeof told->account);
    }
    memcpy(told->conv, conv, sizeof told->conv);
    return take_head(c, told, &head);
}

/* ---- Asking the log about a head ---- */

typedef struct comparison {
    const kt_client *client;
    kt_head head;
    kt_consistency result;
    bool is_checked;
} comparison;

static kith_err
check_consistency(void *ctx, const kt_exchange *exchange, kt_view *view)
{
    comparison *q = ctx;

    KITH_TRY(kt_client_consistency(q->client, exchange, view, &q->head, &q->result));
    q->is_checked = true;
    return KITH_OK;
}

/* The head is not in the log that the server shows here. */
static kith_err
take_contradiction(core *c, const comparison *q)
{
    const core_directory *d = c->identity->directory;
    const kt_head *newest = q->result.has_newest ? &q->result.newest : &d->head;
    const bool is_same_size = newest->size == q->head.size;

    return take_fork(c, &q->head, newest, is_same_size ? (kith_bytes){0} : q->result.proof);
}

/* The log did not answer, or not with a proof: it may be asked again, but not for ever. */
static kith_err
note_failure(core *c, core_told_head *told, const core_answer *answer)
{
    const bool is_later = answer->err == KITH_ERR_BUSY || answer->err == KITH_ERR_STORE;

    told->not_before_ms =
        is_later ? core_pause_after(c, answer) : c->now_ms + CORE_PAUSE_MAX_MS / 2;
    told->failures += is_later ? 0 : 1;
    return told->failures < CORE_HEAD_FAILURES_MAX ? KITH_OK : doubt_sender(c, told);
}

static kith_err
on_consistency(core *c, const core_tag *tag, const core_answer *answer)
{
    core_told_head *told = find_told(c, tag->id);
    comparison q = {.client = &c->identity->directory->client};
    const core_check check = {.run = check_consistency, .ctx = &q};
    kith_bytes response = {0};

    core_question_over(c);
    if (told == NULL || !told->is_waiting || told->head.size != tag->n ||
        answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    if (answer->err != KITH_OK) {
        return note_failure(c, told, answer);
    }
    q.head = told->head;
    KITH_TRY(core_question_response(answer, &response));
    const kith_err err = core_question_check(c, response, &check);
    if (q.is_checked && !q.result.is_extended) {
        return take_contradiction(c, &q);
    }
    if (err == KITH_ERR_REJECTED) {
        return note_failure(c, told, &(core_answer){.err = err});
    }
    KITH_ENSURE(err == KITH_OK || err == KITH_ERR_BUSY, err);
    told->is_waiting = false;
    told->not_before_ms = c->now_ms + CORE_HEAD_PAUSE_MS;
    return KITH_OK;
}

/* ---- Asking the log about its own head ---- */

static kith_err
on_own_head(core *c, const core_tag *tag, const core_answer *answer)
{
    core_directory *d = c->identity->directory;
    kt_view nothing = {0};
    comparison q = {.client = &d->client, .head = d->head};
    const core_check check = {.run = check_consistency, .ctx = &q, .view = &nothing};
    core_by_clock by = CORE_BY_NO_CLOCK;
    kith_bytes response = {0};

    core_question_over(c);
    if (!d->has_head || d->head.size != tag->n || answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    d->heads.own_not_before_ms = c->now_ms + DOUBT_PAUSE_MS;
    if (answer->err == KITH_ERR_REJECTED || answer->err == KITH_ERR_NOT_FOUND) {
        return core_directory_tell(c, CORE_TOLD_SHORT, "behind");
    }
    if (answer->err != KITH_OK) {
        return KITH_OK;
    }
    KITH_TRY(core_question_response(answer, &response));
    const kith_err err = core_question_run(c, &check, response, &by);
    if (q.is_checked && !q.result.is_extended) {
        return take_contradiction(c, &q);
    }
    KITH_ENSURE(!core_is_own_failure(err), err);
    d->heads.is_own_doubted = err != KITH_OK;
    return KITH_OK;
}

/* A pause may be longer than those of other requests. */
static bool
is_due(const core *c, uint64_t until_ms)
{
    return c->now_ms >= until_ms || until_ms - c->now_ms > CORE_HEAD_PAUSE_MS;
}

/* As somebody who has seen nothing: an honest log has no reason to refuse, and what it says is evidence. */
static kith_err
ask_own_head(core *c)
{
    core_directory *d = c->identity->directory;
    const core_ask ask = {.link = CORE_LINK_ANON,
                          .request = {.question = KT_CONSISTENCY, .other = d->head.size},
                          .is_fresh = true,
                          .tag = {.n = d->head.size},
                          .answer = on_own_head};

    if (!is_due(c, d->heads.own_not_before_ms)) {
        core_wake_at(c, d->heads.own_not_before_ms);
        return KITH_OK;
    }
    return core_question_ask(c, &ask);
}

static kith_err
ask_told_head(core *c, core_told_head *told)
{
    core_ask ask = {.link = CORE_LINK_ANON,
                    .request = {.question = KT_CONSISTENCY, .other = told->head.size},
                    .tag = {.n = told->head.size},
                    .answer = on_consistency};

    if (!is_due(c, told->not_before_ms)) {
        core_wake_at(c, told->not_before_ms);
        return KITH_OK;
    }
    /* The log is still the one that has not signed it. */
    if (told->is_foreign) {
        core_changed(c);
        return doubt_sender(c, told);
    }
    memcpy(ask.tag.id, told->account, sizeof ask.tag.id);
    return core_question_ask(c, &ask);
}

kith_err
core_heads_pump(core *c)
{
    core_directory *d = c->identity->directory;

    if (d->split != CORE_SPLIT_NONE) {
        return KITH_OK;
    }
    if (d->heads.is_own_doubted && d->has_head && core_question_is_free(c, CORE_LINK_ANON)) {
        KITH_TRY(ask_own_head(c));
    }
    for (size_t i = 0; i < d->heads.count && core_question_is_free(c, CORE_LINK_ANON); i++) {
        if (d->heads.items[i].is_waiting) {
            KITH_TRY(ask_told_head(c, &d->heads.items[i]));
        }
    }
    return KITH_OK;
}
