/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Signed device lists of all accounts that matter here [docs/wire.md §3]: fetched, checked as a chain without a gap, and
 * kept, every version of them. A server that shows a chain other than the one that is held here is refused.
 */
#include <string.h>

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

static kith_err
check_list(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes list, uint64_t *version)
{
    KITH_AUTO(kith_buf) previous = {.alloc = c->env.alloc};
    proto_list decoded = {0};
    const kith_err err = core_list_get_newest(c, account, &previous);

    if (err == KITH_ERR_NOT_FOUND) {
        KITH_TRY(proto_list_check_first(c->env.crypto, list, account, &decoded));
    } else {
        KITH_TRY(err);
        KITH_TRY(
            proto_list_check_next(c->env.crypto, kith_bytes_of_buf(&previous), list, &decoded));
    }
    *version = decoded.version;
    return KITH_OK;
}

kith_err
core_list_accept(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes list)
{
    uint64_t version = 0;

    KITH_TRY(check_list(c, account, list, &version));
    const core_key key = core_key_u64(kith_bytes_of(account, CORE_ACCOUNT_LEN), version);
    KITH_TRY(core_put(c, CORE_TABLE_LIST, core_key_bytes(&key), list));
    if (core_account_is_own(c, account)) {
        c->account.list_version = version;
    }
    return KITH_OK;
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
    *wish = (core_list_wish){.version = version};
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

/* Whoever waited is told. The handlers may wish anew. */
static kith_err
grant_wish(core *c, const uint8_t wished[CORE_ACCOUNT_LEN], kith_err err)
{
    core_list_wishes *wishes = &c->identity->list_wishes;
    core_list_wish *wish = find_wish(c, wished);
    uint8_t account[CORE_ACCOUNT_LEN];

    memcpy(account, wished, sizeof account);
    if (wish != NULL) {
        *wish = wishes->items[--wishes->count];
    }
    c->activity++;
    if (core_account_is_own(c, account)) {
        return core_devices_on_list(c, err);
    }
    KITH_TRY(core_accept_on_list(c, account, err));
    return core_conv_on_list(c, account, err);
}

/* ---- Fetching ---- */

/* Takes what follows what is held. `*count`: how many there were, `*fresh`: how many were new. */
static kith_err
take_lists(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes lists, size_t *fresh)
{
    kith_reader r = kith_reader_of(lists);
    size_t taken = 0;

    while (!kith_reader_done(&r)) {
        kith_bytes list = {0};
        KITH_TRY(proto_blob_next(&r, &list));
        const kith_err err = core_list_accept(c, account, list);
        if (err != KITH_ERR_EXISTS) {
            KITH_TRY(err);
            taken++;
        }
    }
    *fresh = taken;
    return KITH_OK;
}

static bool
is_false_list(kith_err err)
{
    return err == KITH_ERR_REJECTED || err == KITH_ERR_MALFORMED || err == KITH_ERR_LIMIT ||
           err == KITH_ERR_UNSUPPORTED;
}

static kith_err
refuse_lists(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    KITH_TRY(core_event_alarm(c, NULL, account, "list"));
    return grant_wish(c, account, KITH_ERR_REJECTED);
}

static kith_err
after_lists(core *c, core_list_wish *wish, size_t fresh)
{
    uint64_t newest = 0;

    KITH_TRY(find_newest(c, wish->account, &newest));
    if (fresh > 0 && !core_account_is_own(c, wish->account) &&
        core_person_state_of(c, wish->account) != CORE_PERSON_UNKNOWN) {
        KITH_TRY(core_event_person(c, wish->account));
    }
    if (fresh == PROTO_LISTS_MAX || (newest < wish->version && wish->again)) {
        wish->again = false;
        return KITH_OK;
    }
    const bool is_there = newest > 0 && newest >= wish->version;
    return grant_wish(c, wish->account, is_there ? KITH_OK : KITH_ERR_NOT_FOUND);
}

static kith_err
on_lists(core *c, const core_tag *tag, const core_answer *answer)
{
    core_list_wish *wish = find_wish(c, tag->id);
    proto_list_get_answer lists = {0};
    size_t fresh = 0;

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
    if (answer->err != KITH_OK) {
        return grant_wish(c, wish->account, answer->err);
    }
    KITH_TRY(proto_list_get_answer_decode(answer->body, &lists));
    const kith_err err = take_lists(c, tag->id, lists.lists, &fresh);
    if (is_false_list(err)) {
        return refuse_lists(c, tag->id);
    }
    KITH_TRY(err);
    return after_lists(c, wish, fresh);
}

/* The own list is asked for on the connection that says who asks anyway; others' where nobody knows. */
static core_link
link_for(const core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    return core_account_is_own(c, account) ? CORE_LINK_NAMED : CORE_LINK_ANON;
}

static kith_err
ask_list(core *c, core_list_wish *wish, core_link link)
{
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    proto_list_get get = {0};
    core_request request = {.link = link, .type = PROTO_LIST_GET, .answer = on_lists};

    KITH_TRY(find_newest(c, wish->account, &get.have_version));
    memcpy(get.account_id, wish->account, sizeof get.account_id);
    memcpy(request.tag.id, wish->account, sizeof request.tag.id);
    KITH_TRY(proto_list_get_encode(&body, &get));
    request.body = kith_bytes_of_buf(&body);
    KITH_TRY(core_link_request(c, &request));
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
    if (!core_link_is_open(c, link) || !core_link_has_room(c, link)) {
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
