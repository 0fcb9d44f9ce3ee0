/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What was found in the directory's log is looked at again, until the log cannot take it back any more [KEYTRANS §8]:
 * others' lists as whoever found them, the own list as its owner, who knows all that may stand there. Twice in each
 * window of the log, after a restart, and after the time without a network; nobody is asked and nothing is shown as long
 * as all is well. And whether the log still grows is looked at every two hours.
 */
#include <string.h>

#include "core/directory.h"
#include "core/identity.h"

#define WATCH_FORMAT 1u
/* A log without a window is looked at once a day. */
#define PERIOD_MAX_MS (86400000ull / 2)
#define PERIOD_MIN_MS 60000ull

static uint64_t
period_ms(const core *c)
{
    const uint64_t half = c->identity->directory->client.config.window / 2;

    return half > PERIOD_MAX_MS ? PERIOD_MAX_MS : half < PERIOD_MIN_MS ? PERIOD_MIN_MS : half;
}

/* ---- What is watched ---- */

static void
watch_done(kt_watch *watch)
{
    kt_watch_done(watch);
}
typedef kt_watch watch;

static core_watched *
find_watched(const core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    const core_watches *watches = &c->identity->directory->watches;

    for (size_t i = 0; i < watches->count; i++) {
        if (memcmp(watches->items[i].account, account, CORE_ACCOUNT_LEN) == 0) {
            return &watches->items[i];
        }
    }
    return NULL;
}

static kith_err
add_watched(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint64_t due_ms)
{
    core_watches *watches = &c->identity->directory->watches;
    void *items = watches->items;

    KITH_TRY(kith_mem_grow(c->env.alloc, &items, &watches->cap, watches->count + 1,
                           sizeof *watches->items));
    watches->items = items;
    core_watched *watched = &watches->items[watches->count++];
    *watched = (core_watched){.due_ms = due_ms};
    memcpy(watched->account, account, CORE_ACCOUNT_LEN);
    return KITH_OK;
}

/* All are due: what went on while this device was away is looked at first of all. */
kith_err
core_watches_load(core *c)
{
    const core_scan scan = {.table = CORE_TABLE_LOG};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    kith_err err = KITH_OK;

    while ((err = c->env.store.next(c->env.store.ctx, &scan, &key, NULL)) == KITH_OK) {
        if (key.len == CORE_ACCOUNT_LEN) {
            KITH_TRY(add_watched(c, key.data, 0));
        }
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

void
core_watches_free(core *c)
{
    core_watches *watches = &c->identity->directory->watches;

    kith_mem_free(c->env.alloc, watches->items, watches->cap * sizeof *watches->items);
    *watches = (core_watches){0};
}

kith_err
core_watch_read(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kt_watch *out)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    uint8_t label[CORE_LABEL_LEN] = {1};
    uint8_t format = 0;
    const kith_err err =
        core_get(c, CORE_TABLE_LOG, kith_bytes_of(account, CORE_ACCOUNT_LEN), &value);

    memcpy(&label[1], account, CORE_ACCOUNT_LEN);
    if (err == KITH_ERR_NOT_FOUND) {
        return kt_watch_init(out, KITH_BYTES(label));
    }
    KITH_TRY(err);
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&value));
    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == WATCH_FORMAT, KITH_ERR_UNSUPPORTED);
    return kt_watch_decode(&r, out);
}

static kith_err
store_watch(core *c, const uint8_t account[CORE_ACCOUNT_LEN], const kt_watch *watched)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(&value);

    KITH_TRY(kith_write_u8(&w, WATCH_FORMAT));
    KITH_TRY(kt_watch_encode(watched, &value));
    return core_put(c, CORE_TABLE_LOG, kith_bytes_of(account, CORE_ACCOUNT_LEN),
                    kith_bytes_of_buf(&value));
}

static kith_err
drop_watched(core *c, core_watched *watched)
{
    core_watches *watches = &c->identity->directory->watches;

    KITH_TRY(core_erase(c, CORE_TABLE_LOG, KITH_BYTES(watched->account)));
    *watched = watches->items[--watches->count];
    return KITH_OK;
}

kith_err
core_watch_write(core *c, const uint8_t account[CORE_ACCOUNT_LEN], const kt_watch *watched)
{
    core_watched *known = find_watched(c, account);

    if (!watched->is_owner && watched->map.count == 0) {
        return known != NULL ? drop_watched(c, known) : KITH_OK;
    }
    if (known == NULL) {
        /* So many are watched by nobody whom they concern. */
        if (c->identity->directory->watches.count >= CORE_WATCHED_MAX) {
            return KITH_OK;
        }
        KITH_TRY(add_watched(c, account, c->now_ms + period_ms(c)));
    }
    return store_watch(c, account, watched);
}

kith_err
core_watches_forget(core *c)
{
    core_watches *watches = &c->identity->directory->watches;

    while (watches->count > 0) {
        KITH_TRY(drop_watched(c, &watches->items[0]));
    }
    watches->is_updated = false;
    return KITH_OK;
}

kith_err
core_watch_own(core *c, bool is_news)
{
    core_watched *own = find_watched(c, c->account.account);

    if (own == NULL) {
        return add_watched(c, c->account.account, 0);
    }
    if (is_news) {
        c->identity->directory->watches.is_updated = false;
        own->due_ms = 0;
    }
    return KITH_OK;
}

/* ---- Answers ---- */

typedef struct look {
    const kt_client *client;
    kt_watch *watch;
    uint64_t start; /* of the owner, before */
    bool is_moved;
    bool is_done;
    kt_news news;
} look;

/* What every handler begins with. `*watched` is NULL: there is nothing (more) to do with the answer. */
static kith_err
begin_look(core *c, const core_tag *tag, const core_answer *answer, core_watched **watched)
{
    core_watched *found = find_watched(c, tag->id);

    *watched = NULL;
    core_question_over(c);
    if (found == NULL || answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    if (answer->err == KITH_OK || answer->err == KITH_ERR_NOT_FOUND) {
        *watched = found;
        return KITH_OK;
    }
    found->due_ms = core_pause_after(c, answer);
    if (answer->err == KITH_ERR_REJECTED) {
        (void)core_question_refused(c); /* what follows from it happens by itself */
    }
    return KITH_OK;
}

/* Checks an answer that changes a watch, and stores it. BUSY and REJECTED: it is to be asked again. */
static kith_err
take_look(core *c, core_watched *watched, const core_answer *answer, core_check *check)
{
    KITH_AUTO(watch) now = {0};
    look *l = check->ctx;
    kith_bytes response = {0};

    KITH_TRY(core_question_response(answer, &response));
    KITH_TRY(core_watch_read(c, watched->account, &now));
    l->client = &c->identity->directory->client;
    l->watch = &now;
    const kith_err err = core_question_check(c, response, check);
    if (err == KITH_ERR_REJECTED || err == KITH_ERR_BUSY) {
        watched->due_ms = c->now_ms + (err == KITH_ERR_BUSY ? CORE_PAUSE_MAX_MS : period_ms(c));
        return err;
    }
    KITH_TRY(err);
    return core_watch_write(c, watched->account, &now);
}

static kith_err
or_later(kith_err err)
{
    return err == KITH_ERR_REJECTED || err == KITH_ERR_BUSY ? KITH_OK : err;
}

static kith_err
check_contact(void *ctx, const kt_exchange *exchange, kt_view *view)
{
    look *l = ctx;

    return kt_client_contact(l->client, exchange, view, l->watch);
}

static kith_err
on_contact(core *c, const core_tag *tag, const core_answer *answer)
{
    look l = {0};
    core_check check = {.run = check_contact, .ctx = &l, .what = "watch"};
    core_watched *watched = NULL;

    memcpy(check.account, tag->id, sizeof check.account);
    KITH_TRY(begin_look(c, tag, answer, &watched));
    if (watched == NULL) {
        return KITH_OK;
    }
    watched->due_ms = c->now_ms + period_ms(c);
    /* The log had it, and says that it has not. */
    if (answer->err != KITH_OK) {
        core_heads_doubt(c);
        return core_event_alarm(c, NULL, tag->id, "watch");
    }
    return or_later(take_look(c, watched, answer, &check));
}

static kith_err
check_init(void *ctx, const kt_exchange *exchange, kt_view *view)
{
    look *l = ctx;

    return kt_client_owner_init(l->client, exchange, view, l->watch);
}

static kith_err
on_init(core *c, const core_tag *tag, const core_answer *answer)
{
    look l = {0};
    core_check check = {.run = check_init, .ctx = &l};
    core_watched *watched = NULL;

    KITH_TRY(begin_look(c, tag, answer, &watched));
    if (watched == NULL) {
        return KITH_OK;
    }
    if (answer->err != KITH_OK) {
        watched->due_ms = c->now_ms + CORE_PAUSE_MAX_MS;
        return KITH_OK;
    }
    return or_later(take_look(c, watched, answer, &check));
}

static kith_err
check_update(void *ctx, const kt_exchange *exchange, kt_view *view)
{
    look *l = ctx;

    return kt_client_update(l->client, exchange, view, l->watch, &l->news);
}

/* A version of the own list that this device does not have, or has as another one, is one to know of. */
static kith_err
compare_news(core *c, const kt_news *news)
{
    for (size_t i = 0; i < news->count; i++) {
        KITH_AUTO(kith_buf) held = {.alloc = c->env.alloc};
        const uint64_t version = (uint64_t)news->first + i + 1;
        const kith_err err = core_list_get(c, c->account.account, version, &held);
        if (err == KITH_ERR_NOT_FOUND) {
            return core_list_want(c, c->account.account, version);
        }
        KITH_TRY(err);
        if (!kith_bytes_equal(kith_bytes_of_buf(&held), news->values[i])) {
            return core_event_alarm(c, NULL, c->account.account, "own");
        }
    }
    return KITH_OK;
}

static kith_err
on_update(core *c, const core_tag *tag, const core_answer *answer)
{
    look l = {0};
    core_check check = {.run = check_update, .ctx = &l};
    core_watched *watched = NULL;

    KITH_TRY(begin_look(c, tag, answer, &watched));
    if (watched == NULL) {
        return KITH_OK;
    }
    /* None that was not known. */
    if (answer->err != KITH_OK) {
        c->identity->directory->watches.is_updated = true;
        return KITH_OK;
    }
    const kith_err err = take_look(c, watched, answer, &check);
    return err == KITH_OK ? compare_news(c, &l.news) : or_later(err);
}

static kith_err
check_owner(void *ctx, const kt_exchange *exchange, kt_view *view)
{
    look *l = ctx;

    l->start = l->watch->owner.start;
    KITH_TRY(kt_client_owner_monitor(l->client, exchange, view, l->watch, &l->is_done));
    l->is_moved = l->watch->owner.start != l->start;
    return KITH_OK;
}

/* A log stops before a version that the owner does not know. It tells of it when it is asked again, or hides it. */
static kith_err
after_owner(core *c, core_watched *watched, const look *l)
{
    core_watches *watches = &c->identity->directory->watches;

    if (!l->is_done && l->is_moved) {
        return KITH_OK;
    }
    watches->is_updated = false;
    watches->stops = l->is_done ? 0 : watches->stops + 1;
    watched->due_ms =
        c->now_ms +
        (watches->stops == 0 || watches->stops >= CORE_REFUSALS_MAX ? period_ms(c) : CORE_RETRY_MS);
    return watches->stops == CORE_REFUSALS_MAX
               ? core_event_alarm(c, NULL, c->account.account, "own")
               : KITH_OK;
}

static kith_err
on_owner(core *c, const core_tag *tag, const core_answer *answer)
{
    look l = {0};
    core_check check = {.run = check_owner, .ctx = &l, .what = "own"};
    core_watched *watched = NULL;

    memcpy(check.account, c->account.account, sizeof check.account);
    KITH_TRY(begin_look(c, tag, answer, &watched));
    if (watched == NULL) {
        return KITH_OK;
    }
    if (answer->err != KITH_OK) {
        watched->due_ms = c->now_ms + CORE_PAUSE_MAX_MS;
        return KITH_OK;
    }
    const kith_err err = take_look(c, watched, answer, &check);
    return err == KITH_OK ? after_owner(c, watched, &l) : or_later(err);
}

/* ---- Asking ---- */

static kith_err
ask_about(core *c, const core_watched *watched, core_ask *ask)
{
    core_directory *d = c->identity->directory;
    KITH_AUTO(watch) now = {0};

    KITH_TRY(core_watch_read(c, watched->account, &now));
    if (core_account_is_own(c, watched->account)) {
        const bool is_new = !now.is_owner;
        ask->request.question = is_new                   ? KT_OWNER_INIT
                                : !d->watches.is_updated ? KT_UPDATE
                                                         : KT_OWNER_MONITOR;
        ask->answer = is_new ? on_init : !d->watches.is_updated ? on_update : on_owner;
    }
    if (ask->request.question == KT_OWNER_INIT) {
        KITH_TRY(kt_view_start(&d->client, &d->view, &ask->request.start));
    }
    kt_request_prepare(&d->view, &now, &ask->request);
    ask->account = watched->account;
    memcpy(ask->tag.id, watched->account, sizeof ask->tag.id);
    return core_question_ask(c, ask);
}

/* The own account's questions need a login. */
static bool
can_ask(const core *c, const core_watched *watched, core_link *link)
{
    const bool is_own = core_account_is_own(c, watched->account);

    *link = is_own ? CORE_LINK_NAMED : CORE_LINK_ANON;
    return core_question_is_free(c, *link) && c->identity->directory->view.size > 0 &&
           (!is_own || core_link_ready(c, *link));
}

static bool
is_due(const core *c, const core_watched *watched)
{
    return c->now_ms >= watched->due_ms || watched->due_ms - c->now_ms > PERIOD_MAX_MS;
}

/* ---- The newest head ---- */

static kith_err
check_newest(void *ctx, const kt_exchange *exchange, kt_view *view)
{
    kt_heads heads;

    return kt_client_distinguished(ctx, exchange, view, &heads);
}

static kith_err
on_newest(core *c, const core_tag *tag, const core_answer *answer)
{
    const core_check check = {.run = check_newest, .ctx = &c->identity->directory->client};
    kith_bytes response = {0};

    (void)tag;
    core_question_over(c);
    if (answer->err == KITH_ERR_REJECTED && !core_question_refused(c)) {
        c->identity->directory->quiet_since_ms = c->now_ms + CORE_RETRY_MS - CORE_LOG_QUIET_MS;
    }
    if (answer->err != KITH_OK) {
        return KITH_OK;
    }
    KITH_TRY(core_question_response(answer, &response));
    return or_later(core_question_check(c, response, &check));
}

/* A log that nobody asks could stand still, or go back, for long without being noticed. */
static kith_err
ask_newest(core *c)
{
    core_directory *d = c->identity->directory;
    const uint64_t at_ms = d->quiet_since_ms + CORE_LOG_QUIET_MS;
    core_ask ask = {.link = CORE_LINK_ANON,
                    .request = {.question = KT_DISTINGUISHED, .has_stop = true},
                    .answer = on_newest};

    if (c->now_ms < at_ms && at_ms - c->now_ms <= CORE_LOG_QUIET_MS) {
        core_wake_at(c, at_ms);
        return KITH_OK;
    }
    if (d->view.size == 0 || !core_question_is_free(c, CORE_LINK_ANON)) {
        return KITH_OK;
    }
    KITH_TRY(kt_view_start(&d->client, &d->view, &ask.request.stop));
    return core_question_ask(c, &ask);
}

kith_err
core_watches_pump(core *c)
{
    core_watches *watches = &c->identity->directory->watches;

    for (size_t i = 0; i < watches->count; i++) {
        const core_watched *watched = &watches->items[i];
        core_ask ask = {.request = {.question = KT_CONTACT_MONITOR}, .answer = on_contact};
        if (!is_due(c, watched)) {
            core_wake_at(c, watched->due_ms);
        } else if (can_ask(c, watched, &ask.link)) {
            return ask_about(c, watched, &ask);
        }
    }
    return ask_newest(c);
}
