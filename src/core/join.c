/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Welcomes [docs/wire.md §5]: whatever lies in this device's inbox is judged once, or kept in the store until what it
 * names can be had, and only then acknowledged. A Welcome that is no good is dropped without a word.
 */
#include <string.h>

#include "core/conv.h"

/* What to do with an item. */
typedef enum verdict { VERDICT_DONE, VERDICT_WAIT } verdict;

/* ---- Items that wait ---- */

kith_err
core_inbox_load(core *c)
{
    const core_scan scan = {.table = CORE_TABLE_INBOX};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    kith_err err = KITH_OK;

    while ((err = c->env.store.next(c->env.store.ctx, &scan, &key, NULL)) == KITH_OK) {
        c->convs->held_count++;
    }
    c->convs->held_due = c->convs->held_count > 0;
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static kith_err
drop_oldest(core *c)
{
    const core_scan scan = {.table = CORE_TABLE_INBOX};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};

    KITH_TRY(c->env.store.next(c->env.store.ctx, &scan, &key, NULL));
    KITH_TRY(core_erase(c, CORE_TABLE_INBOX, kith_bytes_of_buf(&key)));
    c->convs->held_count--;
    return KITH_OK;
}

/* The value is the time when it came, and the body. */
static kith_err
hold(core *c, uint64_t id, kith_bytes body)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) before = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(&value);
    const core_key key = core_key_u64((kith_bytes){0}, id);

    const kith_err err = core_get(c, CORE_TABLE_INBOX, core_key_bytes(&key), &before);
    if (err != KITH_ERR_NOT_FOUND) {
        return err;
    }
    if (c->convs->held_count >= CORE_HELD_MAX) {
        KITH_TRY(drop_oldest(c));
    }
    KITH_TRY(kith_write_u64(&w, c->now_ms));
    KITH_TRY(kith_write_bytes(&w, body));
    KITH_TRY(core_put(c, CORE_TABLE_INBOX, core_key_bytes(&key), kith_bytes_of_buf(&value)));
    c->convs->held_count++;
    return KITH_OK;
}

/* ---- Taking a Welcome ---- */

/* A group that was joined and is not kept yet. */
typedef struct joined {
    mls_group *group;
    kith_bytes ref; /* of the key package, borrowed from the Welcome */
    core_roster roster;
} joined;

static void
joined_done(joined *j)
{
    mls_group_free(j->group);
    core_roster_done(&j->roster);
}

/* NOT_FOUND: it is for none of the packages that are here. */
static kith_err
find_package(core *c, kith_bytes welcome, kith_buf *blob, kith_bytes *ref)
{
    bool last_resort = false;
    kith_bytes found = {0};

    for (size_t i = 0; mls_welcome_ref(welcome, i, &found) == KITH_OK; i++) {
        const kith_err err = core_package_find(c, found, blob, &last_resort);
        if (err == KITH_OK) {
            *ref = found;
            return KITH_OK;
        }
        KITH_ENSURE(err == KITH_ERR_NOT_FOUND, err);
    }
    return KITH_ERR_NOT_FOUND;
}

static kith_err
open_welcome(core *c, kith_bytes welcome, joined *out)
{
    KITH_AUTO(kith_buf) blob = {.alloc = c->env.alloc};
    mls_peek peek;

    KITH_TRY(mls_message_peek(welcome, &peek));
    KITH_ENSURE(peek.wire == MLS_WIRE_WELCOME, KITH_ERR_MALFORMED);
    KITH_TRY(find_package(c, welcome, &blob, &out->ref));
    const kith_bytes blobs = kith_bytes_of_buf(&blob);
    const mls_join_params params = {
        .welcome = welcome,
        .private_blobs = &blobs,
        .private_blob_count = 1,
        .settings = {.past_epochs = CORE_PAST_EPOCHS, .handshake_padding = CORE_HANDSHAKE_PADDING},
        .now_s = core_time_s(c)};
    KITH_TRY(mls_group_join(&c->mls, &params, NULL, &out->group));
    KITH_ENSURE(mls_group_id(out->group).len == CORE_CONV_LEN, KITH_ERR_REJECTED);
    return KITH_OK;
}

/* Whether it may take the place of what is here. WAIT: this device takes part and has not yet read that it is out. */
static kith_err
judge_place(const core_conv *conv, const mls_epoch *epoch, verdict *out)
{
    const uint64_t number = mls_epoch_number(epoch);

    *out = VERDICT_DONE;
    if (conv == NULL) {
        return KITH_OK;
    }
    KITH_ENSURE(number > conv->epoch, KITH_ERR_EXISTS);
    KITH_ENSURE(conv->state != CORE_CHAT_DECLINED, KITH_ERR_DENIED);
    *out = core_conv_is_live(conv) ? VERDICT_WAIT : VERDICT_DONE;
    return KITH_OK;
}

static bool
has_contact(core *c, const core_roster *roster)
{
    for (size_t i = 0; i < roster->count; i++) {
        if (!core_account_is_own(c, roster->items[i].account) &&
            core_person_state_of(c, roster->items[i].account) == CORE_PERSON_CONTACT) {
            return true;
        }
    }
    return false;
}

static size_t
count_requests(const core_convs *convs)
{
    size_t count = 0;

    for (size_t i = 0; i < convs->count; i++) {
        count += convs->items[i]->state == CORE_CHAT_REQUEST ? 1 : 0;
    }
    return count;
}

static const uint8_t *
peer_of(const core *c, const core_roster *roster)
{
    for (size_t i = 0; i < roster->count; i++) {
        if (!core_account_is_own(c, roster->items[i].account)) {
            return roster->items[i].account;
        }
    }
    return NULL;
}

/* DENIED: it is dropped. */
static kith_err
choose_state(core *c, const core_roster *roster, core_chat_state *out)
{
    const uint8_t *peer = peer_of(c, roster);

    *out = CORE_CHAT_ACTIVE;
    if (roster->kind == CORE_CHAT_OWN || peer == NULL) {
        return KITH_OK;
    }
    if (roster->kind == CORE_CHAT_DIRECT) {
        KITH_TRY(core_person_wrote_first(c, peer));
    }
    if (has_contact(c, roster)) {
        return KITH_OK;
    }
    KITH_ENSURE(count_requests(c->convs) < CORE_REQUESTS_MAX, KITH_ERR_DENIED);
    *out = CORE_CHAT_REQUEST;
    return KITH_OK;
}

/* The members of a group learn what to call this account. */
static kith_err
introduce(core *c, core_conv *conv)
{
    KITH_AUTO(kith_buf) profile = {.alloc = c->env.alloc};

    if (conv->roster.kind != CORE_CHAT_GROUP || conv->state != CORE_CHAT_ACTIVE) {
        return KITH_OK;
    }
    KITH_TRY(core_profile_encode(c, &profile));
    return core_conv_send_control(c, conv->id, kith_bytes_of_buf(&profile));
}

static kith_err
begin_conv(core *c, joined *j, core_conv **out)
{
    core_conv *conv = core_conv_find(c, mls_group_id(j->group).data);

    if (conv == NULL) {
        KITH_TRY(core_conv_add(c, mls_group_id(j->group).data, &conv));
    }
    core_conv_touch(c, conv);
    /* Another reader than before: what was said in between is none of its business. */
    KITH_TRY(core_random(c, conv->reader, sizeof conv->reader));
    conv->is_open = true;
    conv->is_reader = false;
    conv->is_leaving = false;
    conv->next_seq = 0;
    conv->commit_seq = 0;
    conv->acked_seq = 0;
    conv->broken_ms = 0;
    conv->repairs = 0;
    *out = conv;
    return KITH_OK;
}

static kith_err
accept_welcome(core *c, joined *j)
{
    core_chat_state state = CORE_CHAT_ACTIVE;
    core_conv *conv = NULL;
    const bool is_known = core_conv_find(c, mls_group_id(j->group).data) != NULL;

    KITH_TRY(choose_state(c, &j->roster, &state));
    KITH_TRY(core_package_used(c, j->ref));
    KITH_TRY(begin_conv(c, j, &conv));
    const bool was_broken = is_known && conv->state == CORE_CHAT_BROKEN;
    const uint64_t since_ms = conv->heard_ms;
    conv->state = state;
    core_conv_set_group(c, conv, &j->group);
    KITH_TRY(core_conv_step(c, conv, &(core_step){.roster = &j->roster}));
    if (!is_known) {
        return introduce(c, conv);
    }
    return was_broken ? core_repair_done(c, conv, since_ms) : KITH_OK;
}

/* DONE also for what is dropped. */
static kith_err
judge_welcome(core *c, kith_bytes welcome, verdict *out)
{
    KITH_AUTO(joined) j = {.roster = {.alloc = c->env.alloc}};

    *out = VERDICT_DONE;
    KITH_TRY(open_welcome(c, welcome, &j));
    const core_conv *conv = core_conv_find(c, mls_group_id(j.group).data);
    KITH_TRY(judge_place(conv, mls_group_epoch(j.group), out));
    if (*out == VERDICT_WAIT) {
        return KITH_OK;
    }
    const kith_err err = core_roster_read(c, mls_group_epoch(j.group), &j.roster, NULL);
    if (err == KITH_ERR_CONFLICT) {
        *out = VERDICT_WAIT;
        return KITH_OK;
    }
    KITH_TRY(err);
    if (conv != NULL) {
        KITH_ENSURE(conv->roster.kind == j.roster.kind, KITH_ERR_REJECTED);
    }
    return accept_welcome(c, &j);
}

static kith_err
judge(core *c, kith_bytes body, verdict *out)
{
    kith_reader r = kith_reader_of(body);
    uint8_t type = 0;

    *out = VERDICT_DONE;
    KITH_TRY(kith_read_u8(&r, &type));
    if (type != PROTO_INBOX_WELCOME) {
        return KITH_OK;
    }
    const kith_err err = judge_welcome(c, kith_reader_peek(&r), out);
    return core_err_is_own(err) ? err : KITH_OK;
}

/* ---- Items that come ---- */

kith_err
core_inbox_item(core *c, kith_bytes body)
{
    proto_inbox_item item;
    verdict result = VERDICT_DONE;

    KITH_TRY(proto_inbox_item_decode(body, &item));
    if (item.id <= c->convs->inbox_seen) {
        return KITH_OK;
    }
    KITH_TRY(judge(c, item.body, &result));
    if (result == VERDICT_WAIT) {
        KITH_TRY(hold(c, item.id, item.body));
    }
    core_changed(c);
    c->convs->inbox_seen = item.id;
    return KITH_OK;
}

static kith_err
look_again(core *c, kith_bytes key, kith_bytes value)
{
    kith_reader r = kith_reader_of(value);
    verdict result = VERDICT_DONE;
    uint64_t since_ms = 0;

    KITH_TRY(kith_read_u64(&r, &since_ms));
    if (c->now_ms < since_ms || c->now_ms - since_ms < CORE_HELD_MS) {
        KITH_TRY(judge(c, kith_reader_peek(&r), &result));
    }
    if (result == VERDICT_WAIT) {
        return KITH_OK;
    }
    KITH_TRY(core_erase(c, CORE_TABLE_INBOX, key));
    c->convs->held_count--;
    return KITH_OK;
}

static kith_err
look_at_held(core *c)
{
    const core_scan scan = {.table = CORE_TABLE_INBOX};
    KITH_AUTO(kith_buf) key = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    kith_err err = KITH_OK;

    c->convs->held_due = false;
    if (c->convs->held_count == 0) {
        return KITH_OK;
    }
    while ((err = c->env.store.next(c->env.store.ctx, &scan, &key, &value)) == KITH_OK) {
        KITH_TRY(look_again(c, kith_bytes_of_buf(&key), kith_bytes_of_buf(&value)));
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

/* A list that cannot be had is not asked for again by what waits for it, unless something else comes: the next
 * subscription to the inbox, or another list. */
kith_err
core_inbox_on_list(core *c, kith_err err)
{
    c->convs->held_due = c->convs->held_due || err == KITH_OK;
    return KITH_OK;
}

/* ---- The pump ---- */

static kith_err
on_subscribe(core *c, const core_tag *tag, const core_answer *answer)
{
    (void)tag;
    if (answer->err == KITH_ERR_OFFLINE || c->convs->inbox != CORE_SUB_ASKED) {
        return KITH_OK;
    }
    c->convs->inbox = answer->err == KITH_OK ? CORE_SUB_LIVE : CORE_SUB_NONE;
    if (answer->err != KITH_OK) {
        c->convs->inbox_retry_ms = c->now_ms + CORE_RETRY_MS + answer->retry_after_ms;
    }
    return KITH_OK;
}

static kith_err
on_ack(core *c, const core_tag *tag, const core_answer *answer)
{
    if (answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    c->convs->inbox_acking = false;
    if (answer->err == KITH_OK) {
        c->convs->inbox_acked = tag->n;
    } else {
        c->convs->inbox_retry_ms = c->now_ms + CORE_RETRY_MS + answer->retry_after_ms;
    }
    return KITH_OK;
}

static kith_err
send(core *c, core_request *request, bool *is_sent)
{
    request->link = CORE_LINK_NAMED;
    const kith_err err = core_link_request(c, request);
    if (err == KITH_ERR_OFFLINE || err == KITH_ERR_BUSY) {
        return KITH_OK;
    }
    KITH_TRY(err);
    *is_sent = true;
    return KITH_OK;
}

static kith_err
subscribe(core *c)
{
    core_request request = {.type = PROTO_INBOX_SUBSCRIBE, .answer = on_subscribe};
    bool is_sent = false;

    if (c->convs->inbox != CORE_SUB_NONE) {
        return KITH_OK;
    }
    KITH_TRY(send(c, &request, &is_sent));
    c->convs->inbox = is_sent ? CORE_SUB_ASKED : CORE_SUB_NONE;
    return KITH_OK;
}

static kith_err
acknowledge(core *c)
{
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    const proto_inbox_ack ack = {.id = c->convs->inbox_seen};

    if (c->convs->inbox_acking || c->convs->inbox_acked >= ack.id) {
        return KITH_OK;
    }
    KITH_TRY(proto_inbox_ack_encode(&body, &ack));
    core_request request = {.type = PROTO_INBOX_ACK,
                            .body = kith_bytes_of_buf(&body),
                            .tag = {.n = ack.id},
                            .answer = on_ack};
    return send(c, &request, &c->convs->inbox_acking);
}

kith_err
core_inbox_pump(core *c)
{
    if (c->convs->held_due) {
        KITH_TRY(look_at_held(c));
    }
    if (!core_link_ready(c, CORE_LINK_NAMED)) {
        return KITH_OK;
    }
    if (!core_is_due(c, c->convs->inbox_retry_ms)) {
        core_wake_at(c, c->convs->inbox_retry_ms);
        return KITH_OK;
    }
    KITH_TRY(subscribe(c));
    return acknowledge(c);
}
