/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Signed device lists of all accounts that matter here [docs/wire.md §3, §10]: looked up in the directory's log, checked
 * as a chain without a gap, and kept, every version of them. The newest one comes with a proof that it is the newest, and
 * those before it are proved by the chain: until it is reached none is believed. A server that shows a chain other than
 * the one that is held here is refused.
 */
#include <string.h>

#include "core/directory.h"
#include "core/identity.h"

/* ---- What is held ---- */

/* 0: none. */
static kith_err
find_newest(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint64_t *out)
{
    const kith_bytes prefix = kith_bytes_of(account, CORE_ACCOUNT_LEN);
    const core_scan scan = {.table = CORE_TABLE_LIST, .prefix = prefix, .backwards = true};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    const kith_err err = c->env.store.next(c->env.store.ctx, &scan, &key, NULL);

    if (err == KITH_ERR_NOT_FOUND) {
        *out = 0;
        return KITH_OK;
    }
    KITH_TRY(err);
    KITH_ENSURE(key.len > CORE_ACCOUNT_LEN, KITH_ERR_MALFORMED);
    kith_reader r =
        kith_reader_of(kith_bytes_of(key.data + CORE_ACCOUNT_LEN, key.len - CORE_ACCOUNT_LEN));
    return kith_read_u64(&r, out);
}

uint64_t
core_list_newest(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    uint64_t version = 0;

    /* A store that cannot say fails whatever is done next, too. */
    kith_ignore(find_newest(c, account, &version));
    return version;
}

kith_err
core_list_get_newest(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_buf *out)
{
    uint64_t version = 0;

    KITH_TRY(find_newest(c, account, &version));
    KITH_ENSURE(version > 0, KITH_ERR_NOT_FOUND);
    return core_list_get(c, account, version, out);
}

kith_err
core_list_get(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint64_t version, kith_buf *out)
{
    const core_key key = core_key_u64(kith_bytes_of(account, CORE_ACCOUNT_LEN), version);

    return core_get(c, CORE_TABLE_LIST, core_key_bytes(&key), out);
}

kith_err
core_list_find_key(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes key)
{
    const uint64_t newest = core_list_newest(c, account);

    for (uint64_t version = newest; version > 0; version--) {
        KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
        proto_list list = {0};
        KITH_TRY(core_list_get(c, account, version, &bytes));
        KITH_TRY(proto_list_decode(kith_bytes_of_buf(&bytes), &list));
        if (kith_bytes_equal(list.account_key, key)) {
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

static kith_err
store_list(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes list, uint64_t version)
{
    const core_key key = core_key_u64(kith_bytes_of(account, CORE_ACCOUNT_LEN), version);

    KITH_TRY(core_put(c, CORE_TABLE_LIST, core_key_bytes(&key), list));
    if (core_account_is_own(c, account)) {
        c->account.list_version = version;
    }
    return KITH_OK;
}

/* Whether `list` is the one after `*previous`, or the first one; becomes the next one's `*previous`. */
static kith_err
check_next(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes list, kith_buf *previous)
{
    KITH_TRY(previous->len == 0
                 ? proto_list_check_first(c->env.crypto, list, account, NULL)
                 : proto_list_check_next(c->env.crypto, kith_bytes_of_buf(previous), list, NULL));
    return kith_buf_set(previous, list);
}

static kith_err
read_newest(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_buf *out)
{
    const kith_err err = core_list_get_newest(c, account, out);

    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

kith_err
core_list_accept(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes list)
{
    KITH_AUTO(kith_buf) newest = {.alloc = c->env.alloc};
    proto_list decoded = {0};

    KITH_TRY(read_newest(c, account, &newest));
    KITH_TRY(check_next(c, account, list, &newest));
    KITH_TRY(proto_list_decode(list, &decoded));
    return store_list(c, account, list, decoded.version);
}

/* ---- Who waits ---- */

static core_list_wish *
find_wish(const core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    const core_list_wishes *wishes = &c->identity->list_wishes;

    for (size_t i = 0; i < wishes->count; i++) {
        if (memcmp(wishes->items[i].account, account, CORE_ACCOUNT_LEN) == 0) {
            return &wishes->items[i];
        }
    }
    return NULL;
}

bool
core_list_is_wanted(const core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    return find_wish(c, account) != NULL;
}

static kith_err
add_wish(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint64_t version)
{
    core_list_wishes *wishes = &c->identity->list_wishes;
    void *items = wishes->items;

    KITH_TRY(kith_mem_grow(c->env.alloc, &items, &wishes->cap, wishes->count + 1,
                           sizeof *wishes->items));
    wishes->items = items;
    core_list_wish *wish = &wishes->items[wishes->count++];
    *wish = (core_list_wish){.version = version, .pending.alloc = c->env.alloc};
    memcpy(wish->account, account, CORE_ACCOUNT_LEN);
    c->activity++;
    return KITH_OK;
}

kith_err
core_list_want(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint64_t version)
{
    core_list_wish *wish = find_wish(c, account);

    if (wish == NULL) {
        return add_wish(c, account, version);
    }
    wish->version = version > wish->version ? version : wish->version;
    wish->again = wish->in_flight;
    return KITH_OK;
}

void
core_lists_done(core *c)
{
    core_list_wishes *wishes = &c->identity->list_wishes;

    for (size_t i = 0; i < wishes->count; i++) {
        kith_buf_done(&wishes->items[i].pending);
    }
    kith_mem_free(c->env.alloc, wishes->items, wishes->cap * sizeof *wishes->items);
    *wishes = (core_list_wishes){0};
}

/* Whoever waited is told. The handlers may wish anew. */
static kith_err
grant_wish(core *c, const uint8_t wished[CORE_ACCOUNT_LEN], kith_err err)
{
    core_list_wishes *wishes = &c->identity->list_wishes;
    core_list_wish *wish = find_wish(c, wished);
    uint8_t account[CORE_ACCOUNT_LEN];

    memcpy(account, wished, sizeof account);
    if (wish != NULL) {
        kith_buf_done(&wish->pending);
        *wish = wishes->items[--wishes->count];
    }
    c->activity++;
    if (core_account_is_own(c, account)) {
        return core_devices_on_list(c, err);
    }
    KITH_TRY(core_accept_on_list(c, account, err));
    return core_conv_on_list(c, account, err);
}

/* ---- What came ---- */

static bool
is_false_list(kith_err err)
{
    return err == KITH_ERR_REJECTED || err == KITH_ERR_MALFORMED || err == KITH_ERR_LIMIT ||
           err == KITH_ERR_UNSUPPORTED || err == KITH_ERR_EXISTS;
}

static kith_err
refuse_lists(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    KITH_TRY(core_event_alarm(c, NULL, account, "list"));
    return grant_wish(c, account, KITH_ERR_REJECTED);
}

/* Puts lists that came to those that wait for the newest one. `*count`: how many there were. */
static kith_err
keep_pending(core_list_wish *wish, kith_bytes lists, size_t *count)
{
    kith_reader r = kith_reader_of(lists);

    KITH_ENSURE(lists.len <= CORE_LISTS_PENDING_MAX - wish->pending.len, KITH_ERR_LIMIT);
    for (*count = 0; !kith_reader_done(&r); (*count)++) {
        kith_bytes list = {0};
        KITH_TRY(proto_blob_next(&r, &list));
    }
    KITH_TRY(kith_buf_append(&wish->pending, lists));
    wish->pending_count += *count;
    return KITH_OK;
}

/* Whether the lists that wait, and then `newest`, continue what is held. */
static kith_err
check_chain(core *c, const core_list_wish *wish, kith_bytes newest)
{
    KITH_AUTO(kith_buf) previous = {.alloc = c->env.alloc};
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&wish->pending));

    KITH_TRY(read_newest(c, wish->account, &previous));
    while (!kith_reader_done(&r)) {
        kith_bytes list = {0};
        KITH_TRY(proto_blob_next(&r, &list));
        KITH_TRY(check_next(c, wish->account, list, &previous));
    }
    return check_next(c, wish->account, newest, &previous);
}

static kith_err
store_chain(core *c, const core_list_wish *wish, kith_bytes newest)
{
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&wish->pending));
    uint64_t version = wish->held;

    while (!kith_reader_done(&r)) {
        kith_bytes list = {0};
        KITH_TRY(proto_blob_next(&r, &list));
        KITH_TRY(store_list(c, wish->account, list, ++version));
    }
    return store_list(c, wish->account, newest, version + 1);
}

/* The same version as the one here: the same list, or there are two of it. */
static kith_err
check_same(core *c, const core_list_wish *wish, kith_bytes newest)
{
    KITH_AUTO(kith_buf) held = {.alloc = c->env.alloc};

    KITH_TRY(core_list_get(c, wish->account, wish->held, &held));
    return kith_bytes_equal(kith_bytes_of_buf(&held), newest) ? KITH_OK : KITH_ERR_REJECTED;
}

/* Takes what was proved. `*is_all`: the chain has reached the newest list. REJECTED: it never will, or the log has gone
 * back on what it said. */
static kith_err
take_chain(core *c, core_list_wish *wish, const kt_found *found, const proto_find_answer *answer,
           bool *is_all)
{
    const uint64_t newest = (uint64_t)found->version + 1;
    proto_list list = {0};
    size_t count = 0;

    *is_all = true;
    KITH_TRY(proto_list_decode(found->value, &list));
    KITH_ENSURE(list.version == newest && newest >= wish->held, KITH_ERR_REJECTED);
    if (newest == wish->held) {
        return check_same(c, wish, found->value);
    }
    core_changed(c);
    KITH_TRY(keep_pending(wish, answer->lists, &count));
    const uint64_t reached = wish->held + wish->pending_count;
    *is_all = reached + 1 == newest;
    if (!*is_all) {
        return count > 0 && reached < newest ? KITH_OK : KITH_ERR_REJECTED;
    }
    /* Something newer may have come by another way, and is no less true. */
    if (core_list_newest(c, wish->account) != wish->held) {
        *is_all = false;
        kith_buf_clear(&wish->pending);
        wish->pending_count = 0;
        return KITH_OK;
    }
    KITH_TRY(check_chain(c, wish, found->value));
    return store_chain(c, wish, found->value);
}

static kith_err
tell_news(core *c, const uint8_t account[CORE_ACCOUNT_LEN], bool is_news)
{
    if (core_account_is_own(c, account)) {
        return core_watch_own(c, is_news);
    }
    return is_news ? core_person_follow(c, account) : KITH_OK;
}

static kith_err
after_lists(core *c, core_list_wish *wish)
{
    const uint64_t newest = core_list_newest(c, wish->account);

    KITH_TRY(tell_news(c, wish->account, newest > wish->held));
    kith_buf_clear(&wish->pending);
    wish->pending_count = 0;
    if (newest < wish->version && wish->again) {
        wish->again = false;
        return KITH_OK;
    }
    const bool is_there = newest > 0 && newest >= wish->version;
    return grant_wish(c, wish->account, is_there ? KITH_OK : KITH_ERR_NOT_FOUND);
}

/* ---- Answers ---- */

/* A look-up and what comes of it. */
typedef struct lookup {
    const kt_client *client;
    kt_watch *watch; /* NULL: of the own account, which is watched as its owner */
    kt_found found;
} lookup;

static kith_err
check_found(void *ctx, const kt_exchange *exchange, kt_view *view)
{
    lookup *l = ctx;

    return kt_client_search(l->client, exchange, view, l->watch, &l->found);
}

static void
watch_done(kt_watch *watch)
{
    kt_watch_done(watch);
}
typedef kt_watch watch;

/* Checks the proof, and remembers what is to be looked at again. */
static kith_err
check_proof(core *c, const core_list_wish *wish, kith_bytes response, kt_found *out)
{
    KITH_AUTO(watch) watched = {0};
    lookup l = {.client = &c->identity->directory->client};
    const core_check check = {.run = check_found, .ctx = &l};
    const bool is_own = core_account_is_own(c, wish->account);

    if (!is_own) {
        KITH_TRY(core_watch_read(c, wish->account, &watched));
        l.watch = &watched;
    }
    KITH_TRY(core_question_check(c, response, &check));
    if (!is_own) {
        KITH_TRY(core_watch_write(c, wish->account, &watched));
    }
    *out = l.found;
    return KITH_OK;
}

static kith_err
take_found(core *c, core_list_wish *wish, const proto_find_answer *answer)
{
    kt_found found = {0};
    bool is_all = false;
    kith_err err = check_proof(c, wish, answer->found, &found);

    if (err == KITH_ERR_BUSY) {
        wish->not_before_ms = c->now_ms + CORE_PAUSE_MAX_MS / 2;
        return KITH_OK;
    }
    if (err == KITH_ERR_REJECTED) {
        return grant_wish(c, wish->account, err);
    }
    KITH_TRY(err);
    if (found.is_absent) {
        return wish->held > 0 ? refuse_lists(c, wish->account)
                              : grant_wish(c, wish->account, KITH_ERR_NOT_FOUND);
    }
    err = take_chain(c, wish, &found, answer, &is_all);
    if (is_false_list(err)) {
        return refuse_lists(c, wish->account);
    }
    KITH_TRY(err);
    return is_all ? after_lists(c, wish) : KITH_OK;
}

static kith_err
on_found(core *c, const core_tag *tag, const core_answer *answer)
{
    core_list_wish *wish = find_wish(c, tag->id);
    proto_find_answer found = {0};

    core_question_over(c);
    if (wish == NULL) {
        return KITH_OK;
    }
    wish->in_flight = false;
    if (answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    if (answer->err == KITH_ERR_BUSY || answer->err == KITH_ERR_STORE) {
        wish->not_before_ms = core_pause_after(c, answer);
        return KITH_OK;
    }
    if (answer->err == KITH_ERR_REJECTED && !core_question_refused(c)) {
        wish->not_before_ms = c->now_ms + CORE_RETRY_MS;
        return KITH_OK;
    }
    if (answer->err != KITH_OK) {
        return grant_wish(c, wish->account, answer->err);
    }
    KITH_TRY(proto_find_answer_decode(answer->body, &found));
    return take_found(c, wish, &found);
}

/* ---- Asking ---- */

/* The own list is asked for on the connection that says who asks anyway; others' where nobody knows. */
static core_link
link_for(const core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    return core_account_is_own(c, account) ? CORE_LINK_NAMED : CORE_LINK_ANON;
}

static kith_err
ask_list(core *c, core_list_wish *wish, core_link link)
{
    core_ask ask = {.link = link,
                    .request = {.question = KT_SEARCH},
                    .account = wish->account,
                    .is_find = true,
                    .answer = on_found};
    uint64_t newest = 0;

    KITH_TRY(find_newest(c, wish->account, &newest));
    if (wish->held != newest) {
        core_changed(c);
        wish->held = newest;
        wish->pending_count = 0;
        kith_buf_clear(&wish->pending);
    }
    ask.have = wish->held + wish->pending_count;
    memcpy(ask.tag.id, wish->account, sizeof ask.tag.id);
    KITH_TRY(core_question_ask(c, &ask));
    wish->in_flight = true;
    return KITH_OK;
}

static kith_err
pump_wish(core *c, core_list_wish *wish, bool *granted)
{
    const core_link link = link_for(c, wish->account);

    if (wish->in_flight) {
        return KITH_OK;
    }
    if (wish->version > 0 && core_list_newest(c, wish->account) >= wish->version) {
        *granted = true;
        return grant_wish(c, wish->account, KITH_OK);
    }
    if (!core_question_is_free(c, link)) {
        return KITH_OK;
    }
    if (!core_is_due(c, wish->not_before_ms)) {
        core_wake_at(c, wish->not_before_ms);
        return KITH_OK;
    }
    return ask_list(c, wish, link);
}

kith_err
core_lists_pump(core *c)
{
    core_list_wishes *wishes = &c->identity->list_wishes;
    size_t at = 0;

    while (at < wishes->count) {
        bool granted = false;
        KITH_TRY(pump_wish(c, &wishes->items[at], &granted));
        at += granted ? 0 : 1;
    }
    return KITH_OK;
}
