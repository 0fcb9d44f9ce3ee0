/* SPDX-License-Identifier: MPL-2.0 */
/* Conversations as faces see them: queries, founding one, changing its members. */
#include "core/conv.h"

#include <string.h>

/* ---- Queries ---- */

static void
fill_chat(const core_conv *conv, core_chat *out)
{
    core_chat chat = {.kind = conv->roster.kind,
                      .state = conv->state,
                      .last_n = conv->last_n,
                      .last_ms = conv->last_ms,
                      .unread = conv->unread,
                      .accounts = (uint32_t)conv->roster.count,
                      .epoch = conv->epoch,
                      .busy = conv->wish_count > 0 || conv->waiting.is_there || conv->is_leaving};

    memcpy(chat.conv, conv->id, sizeof chat.conv);
    memcpy(chat.peer, conv->peer, sizeof chat.peer);
    memcpy(chat.title, conv->roster.title, sizeof chat.title);
    for (size_t i = 0; i < conv->roster.count; i++) {
        chat.devices += conv->roster.items[i].devices;
    }
    *out = chat;
}

kith_err
core_chat_next(core *c, kith_buf *cursor, core_chat *out)
{
    KITH_TRY(core_query(c));
    for (size_t i = 0; i < c->convs->count; i++) {
        const core_conv *conv = c->convs->items[i];
        if (conv->roster.kind == CORE_CHAT_OWN ||
            kith_bytes_compare(core_conv_key(conv), kith_bytes_of_buf(cursor)) <= 0) {
            continue;
        }
        KITH_TRY(kith_buf_set(cursor, core_conv_key(conv)));
        fill_chat(conv, out);
        return KITH_OK;
    }
    return KITH_ERR_NOT_FOUND;
}

kith_err
core_chat_get(core *c, const uint8_t id[CORE_CONV_LEN], core_chat *out)
{
    KITH_TRY(core_query(c));
    const core_conv *conv = core_conv_find(c, id);
    KITH_ENSURE(conv != NULL, KITH_ERR_NOT_FOUND);
    fill_chat(conv, out);
    return KITH_OK;
}

/* Of several, all own devices choose the same: one that lives, then the one with the smallest id. */
static core_conv *
choose(core *c, core_chat_kind kind, const uint8_t *peer)
{
    core_conv *best = NULL;

    for (size_t i = 0; i < c->convs->count; i++) {
        core_conv *conv = c->convs->items[i];
        if (conv->roster.kind != kind ||
            (peer != NULL && memcmp(conv->peer, peer, CORE_ACCOUNT_LEN) != 0)) {
            continue;
        }
        const bool is_better =
            best == NULL || (!core_conv_is_live(best) && core_conv_is_live(conv));
        best = is_better ? conv : best;
    }
    return best;
}

kith_err
core_conv_direct(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint8_t id[CORE_CONV_LEN])
{
    const core_conv *conv = choose(c, CORE_CHAT_DIRECT, account);

    KITH_ENSURE(conv != NULL, KITH_ERR_NOT_FOUND);
    memcpy(id, conv->id, CORE_CONV_LEN);
    return KITH_OK;
}

kith_err
core_conv_own(core *c, uint8_t id[CORE_CONV_LEN])
{
    const core_conv *conv = choose(c, CORE_CHAT_OWN, NULL);

    KITH_ENSURE(conv != NULL, KITH_ERR_NOT_FOUND);
    memcpy(id, conv->id, CORE_CONV_LEN);
    return KITH_OK;
}

kith_err
core_chat_with(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint8_t id[CORE_CONV_LEN])
{
    KITH_TRY(core_query(c));
    return core_conv_direct(c, account, id);
}

kith_err
core_reader_next(core *c, const uint8_t id[CORE_CONV_LEN], uint32_t *cursor, core_reader *out)
{
    core_reader reader = {0};

    KITH_TRY(core_query(c));
    const core_conv *conv = core_conv_find(c, id);
    KITH_ENSURE(conv != NULL && *cursor < conv->roster.count, KITH_ERR_NOT_FOUND);
    const core_party *party = &conv->roster.items[*cursor];
    memcpy(reader.account, party->account, sizeof reader.account);
    reader.is_self = core_account_is_own(c, party->account);
    reader.devices = party->devices;
    reader.list_version = party->version;
    if (reader.is_self) {
        memcpy(reader.name, c->account.name, sizeof reader.name);
    } else {
        core_person_name(c, party->account, reader.name);
    }
    *cursor += 1;
    *out = reader;
    return KITH_OK;
}

/* ---- Founding ---- */

static kith_err
make_group(core *c, const core_conv *conv, mls_group **out)
{
    KITH_AUTO(kith_buf) identity = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) extension = {.alloc = c->env.alloc};
    mls_group_params params = {
        .suite = c->env.suite,
        .group_id = core_conv_key(conv),
        .extension_count = 1,
        .settings = {.past_epochs = CORE_PAST_EPOCHS, .handshake_padding = CORE_HANDSHAKE_PADDING}};
    proto_roster_entry self;

    KITH_TRY(core_account_leaf(c, &identity, &params.leaf));
    KITH_TRY(core_roster_entry(c, c->account.account, conv->roster.items[0].version, &self));
    const proto_conversation_draft draft = {.kind = (proto_conversation_kind)conv->roster.kind,
                                            .title = kith_bytes_of_text(conv->roster.title),
                                            .entries = &self,
                                            .count = 1};
    KITH_TRY(proto_conversation_make(c->env.crypto, &draft, &extension));
    const mls_ext ext = {.type = PROTO_CONVERSATION_EXTENSION,
                         .data = kith_bytes_of_buf(&extension)};
    params.extensions = &ext;
    return mls_group_new(&c->mls, &params, out);
}

/* At first only this device is in it. */
static kith_err
found_roster(core *c, core_conv *conv, const core_conv_new *in)
{
    core_roster *roster = &conv->roster;

    KITH_ENSURE(in->title.len <= CORE_TITLE_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_mem_grow(roster->alloc, (void **)&roster->items, &roster->cap, 1,
                           sizeof *roster->items));
    roster->kind = in->kind;
    if (in->title.len > 0) {
        memcpy(roster->title, in->title.data, in->title.len);
    }
    memcpy(roster->items[0].account, c->account.account, CORE_ACCOUNT_LEN);
    roster->items[0].version = core_list_newest(c, c->account.account);
    roster->items[0].devices = 1;
    roster->count = 1;
    return KITH_OK;
}

static kith_err
found(core *c, core_conv *conv, const core_conv_new *in)
{
    mls_group *group = NULL;

    core_conv_touch(c, conv);
    KITH_TRY(core_random(c, conv->reader, sizeof conv->reader));
    KITH_TRY(found_roster(c, conv, in));
    KITH_TRY(make_group(c, conv, &group));
    core_conv_set_group(c, conv, &group);
    KITH_TRY(core_conv_enter(c, conv));
    core_conv_due(conv);
    if (in->kind == CORE_CHAT_DIRECT) {
        memcpy(conv->peer, in->accounts[0], sizeof conv->peer);
    }
    for (size_t i = 0; i < in->count; i++) {
        core_wish wish = {.change = CORE_MEMBER_ADD};
        memcpy(wish.account, in->accounts[i], sizeof wish.account);
        if (!core_account_is_own(c, wish.account) && core_wish_find(conv, wish.account) == NULL) {
            KITH_TRY(core_wish_add(c, conv, &wish));
        }
    }
    return core_event_chat(c, conv->id);
}

kith_err
core_conv_create(core *c, const core_conv_new *in, uint8_t id[CORE_CONV_LEN])
{
    core_conv *conv = NULL;
    uint8_t fresh[CORE_CONV_LEN];

    KITH_TRY(core_random(c, fresh, sizeof fresh));
    core_changed(c);
    KITH_TRY(core_conv_add(c, fresh, &conv));
    KITH_TRY(found(c, conv, in));
    memcpy(id, fresh, sizeof fresh);
    return KITH_OK;
}

static kith_err
check_new_group(core *c, const core_group *in)
{
    KITH_ENSURE(c->account.state == CORE_ACCOUNT_READY, KITH_ERR_DENIED);
    KITH_ENSURE(in->title.len > 0 && kith_utf8_is_valid(in->title), KITH_ERR_MALFORMED);
    KITH_ENSURE(in->title.len <= CORE_TITLE_MAX && in->count < CORE_ACCOUNTS_MAX, KITH_ERR_LIMIT);
    for (size_t i = 0; i < in->count; i++) {
        KITH_ENSURE(core_account_is_own(c, in->accounts[i]) ||
                        core_person_state_of(c, in->accounts[i]) == CORE_PERSON_CONTACT,
                    KITH_ERR_NOT_FOUND);
    }
    return KITH_OK;
}

static kith_err
create_group(core *c, const core_group *in, uint8_t id[CORE_CONV_LEN])
{
    KITH_AUTO(kith_buf) profile = {.alloc = c->env.alloc};
    const core_conv_new fresh = {
        .kind = CORE_CHAT_GROUP, .title = in->title, .accounts = in->accounts, .count = in->count};

    KITH_TRY(check_new_group(c, in));
    KITH_TRY(core_conv_create(c, &fresh, id));
    KITH_TRY(core_profile_encode(c, &profile));
    return core_conv_send_control(c, id, kith_bytes_of_buf(&profile));
}

kith_err
core_group_create(core *c, const core_group *in, uint64_t now_ms, uint8_t id[CORE_CONV_LEN])
{
    uint8_t fresh[CORE_CONV_LEN];

    KITH_TRY(core_txn_begin(c, now_ms));
    KITH_TRY(core_txn_end(c, create_group(c, in, fresh)));
    memcpy(id, fresh, sizeof fresh);
    return KITH_OK;
}

/* ---- Changing members ---- */

static kith_err
check_member_change(core *c, core_conv *conv, const core_member *in)
{
    KITH_ENSURE(conv != NULL, KITH_ERR_NOT_FOUND);
    KITH_ENSURE(conv->roster.kind == CORE_CHAT_GROUP && !conv->is_leaving &&
                    (conv->state == CORE_CHAT_ACTIVE || conv->state == CORE_CHAT_OPENING),
                KITH_ERR_DENIED);
    const bool is_in = core_roster_find(&conv->roster, in->account) != NULL;
    const core_wish *wish = core_wish_find(conv, in->account);
    KITH_ENSURE(wish == NULL, KITH_ERR_EXISTS);
    if (in->change == CORE_MEMBER_REMOVE) {
        KITH_ENSURE(is_in, KITH_ERR_NOT_FOUND);
        return KITH_OK;
    }
    KITH_ENSURE(!is_in, KITH_ERR_EXISTS);
    KITH_ENSURE(core_person_state_of(c, in->account) == CORE_PERSON_CONTACT, KITH_ERR_NOT_FOUND);
    KITH_ENSURE(conv->roster.count + conv->wish_count < CORE_ACCOUNTS_MAX, KITH_ERR_LIMIT);
    return KITH_OK;
}

static kith_err
leave(core *c, core_conv *conv, uint64_t *op)
{
    KITH_ENSURE(conv != NULL, KITH_ERR_NOT_FOUND);
    KITH_ENSURE(conv->roster.kind == CORE_CHAT_GROUP, KITH_ERR_DENIED);
    KITH_ENSURE(conv->state != CORE_CHAT_LEFT && !conv->is_leaving, KITH_ERR_EXISTS);
    *op = core_op_new(c);
    core_conv_touch(c, conv);
    if (conv->epoch == 0 || !core_conv_is_live(conv)) {
        KITH_TRY(core_conv_set_state(c, conv, CORE_CHAT_LEFT));
        return core_op_done(c, *op, KITH_OK);
    }
    KITH_TRY(core_outbox_withdraw(c, conv));
    conv->is_leaving = true;
    conv->leave_op = *op;
    return core_event_chat(c, conv->id);
}

static kith_err
change_member(core *c, const core_member *in, uint64_t *op)
{
    core_conv *conv = core_conv_find(c, in->conv);
    core_wish wish = {.change = in->change};

    if (in->change == CORE_MEMBER_REMOVE && core_account_is_own(c, in->account)) {
        return leave(c, conv, op);
    }
    KITH_TRY(check_member_change(c, conv, in));
    *op = core_op_new(c);
    wish.op = *op;
    memcpy(wish.account, in->account, sizeof wish.account);
    KITH_TRY(core_wish_add(c, conv, &wish));
    return core_event_chat(c, conv->id);
}

kith_err
core_group_change(core *c, const core_member *in, uint64_t now_ms, uint64_t *op)
{
    uint64_t number = 0;

    KITH_TRY(core_txn_begin(c, now_ms));
    KITH_TRY(core_txn_end(c, change_member(c, in, &number)));
    *op = number;
    return KITH_OK;
}

kith_err
core_group_leave(core *c, const uint8_t id[CORE_CONV_LEN], uint64_t now_ms, uint64_t *op)
{
    uint64_t number = 0;

    KITH_TRY(core_txn_begin(c, now_ms));
    KITH_TRY(core_txn_end(c, leave(c, core_conv_find(c, id), &number)));
    *op = number;
    return KITH_OK;
}

/* ---- As the identity half sees them ---- */

kith_err
core_conv_answered(core *c, const uint8_t account[CORE_ACCOUNT_LEN], bool yes)
{
    for (size_t i = 0; i < c->convs->count; i++) {
        core_conv *conv = c->convs->items[i];
        if (conv->roster.kind != CORE_CHAT_DIRECT ||
            memcmp(conv->peer, account, CORE_ACCOUNT_LEN) != 0) {
            continue;
        }
        if (yes && (conv->state == CORE_CHAT_REQUEST || conv->state == CORE_CHAT_DECLINED)) {
            core_conv_due(conv);
            core_receipt_due(c, conv);
            KITH_TRY(core_conv_set_state(c, conv, CORE_CHAT_ACTIVE));
        } else if (!yes && conv->state == CORE_CHAT_REQUEST) {
            KITH_TRY(core_conv_set_state(c, conv, CORE_CHAT_DECLINED));
        }
    }
    return KITH_OK;
}

bool
core_convs_follow_own_list(core *c)
{
    const uint64_t newest = core_list_newest(c, c->account.account);

    for (size_t i = 0; i < c->convs->count; i++) {
        const core_conv *conv = c->convs->items[i];
        const core_party *own = core_roster_find(&conv->roster, c->account.account);
        const bool is_old = own != NULL && own->version < newest;
        const bool is_followed =
            conv->state == CORE_CHAT_ACTIVE || (conv->roster.kind == CORE_CHAT_OWN && is_old);
        if (is_followed && is_old && !conv->is_leaving) {
            return true;
        }
    }
    return false;
}
