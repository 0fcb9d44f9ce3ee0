/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Links that a person accepts [docs/wire.md §6]: an operator's makes an account, a person's also a conversation with
 * that person. The inviter's list is fetched and must show the account key of the link; then both sides prove that
 * they know the link's secret.
 */
#include <string.h>

#include "core/identity.h"

/* What is still to be done for a person's link; borrows from its stored form. */
typedef struct accept_record {
    uint8_t account[CORE_ACCOUNT_LEN];
    uint8_t account_key[PROTO_ACCOUNT_KEY_LEN];
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    kith_bytes name;
    kith_bytes text;
} accept_record;

static void
accept_record_done(accept_record *record)
{
    kith_wipe(record, sizeof *record);
}

static kith_err
write_record(const accept_record *record, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_u8(&w, CORE_OP_ACCEPT));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(record->account)));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(record->account_key)));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(record->secret)));
    KITH_TRY(kith_write_vec8(&w, record->name));
    return kith_write_vec32(&w, record->text);
}

static kith_err
read_record(kith_bytes fields, accept_record *out)
{
    kith_reader r = kith_reader_of(fields);

    KITH_TRY(kith_read_copy(&r, out->account, sizeof out->account));
    KITH_TRY(kith_read_copy(&r, out->account_key, sizeof out->account_key));
    KITH_TRY(kith_read_copy(&r, out->secret, sizeof out->secret));
    KITH_TRY(kith_read_vec8(&r, &out->name));
    KITH_TRY(kith_read_vec32(&r, &out->text));
    return kith_reader_finish(&r);
}

static kith_err
remember(core *c, uint64_t op, const uint8_t account[CORE_ACCOUNT_LEN])
{
    core_accept_ops *ops = &c->identity->accept_ops;
    void *items = ops->items;

    KITH_TRY(kith_mem_grow(c->env.alloc, &items, &ops->cap, ops->count + 1, sizeof *ops->items));
    ops->items = items;
    ops->items[ops->count].op = op;
    memcpy(ops->items[ops->count].account, account, CORE_ACCOUNT_LEN);
    ops->count++;
    return KITH_OK;
}

kith_err
core_accept_load(core *c, uint64_t op, kith_bytes fields)
{
    KITH_AUTO(accept_record) record = {0};

    KITH_TRY(read_record(fields, &record));
    return remember(c, op, record.account);
}

static size_t
find_op(const core *c, uint64_t op)
{
    const core_accept_ops *ops = &c->identity->accept_ops;
    size_t at = 0;

    while (at < ops->count && ops->items[at].op != op) {
        at++;
    }
    return at;
}

bool
core_accept_is_open(const core *c, uint64_t op)
{
    return find_op(c, op) < c->identity->accept_ops.count;
}

static kith_err
forget(core *c, uint64_t op)
{
    core_accept_ops *ops = &c->identity->accept_ops;
    const core_key key = core_key_u64((kith_bytes){0}, op);
    const size_t at = find_op(c, op);

    if (at < ops->count) {
        ops->items[at] = ops->items[--ops->count];
    }
    return core_erase(c, CORE_TABLE_OP, core_key_bytes(&key));
}

kith_err
core_accept_cancel(core *c, uint64_t op, kith_err err)
{
    (void)err;
    return core_accept_is_open(c, op) ? forget(c, op) : KITH_OK;
}

/* ---- When the inviter's list is there ---- */

/* REJECTED: the link's key is none of the account's. */
static kith_err
check_inviter(core *c, const accept_record *record)
{
    const kith_err err = core_list_find_key(c, record->account, KITH_BYTES(record->account_key));

    return err == KITH_ERR_NOT_FOUND ? KITH_ERR_REJECTED : err;
}

/* The one there is, or a new one. */
static kith_err
open_conversation(core *c, const accept_record *record, uint8_t conv[CORE_CONV_LEN])
{
    const core_conv_new direct = {
        .kind = CORE_CHAT_DIRECT, .accounts = &record->account, .count = 1};
    core_chat chat = {0};

    if (core_conv_direct(c, record->account, conv) == KITH_OK &&
        core_chat_get(c, conv, &chat) == KITH_OK && chat.state != CORE_CHAT_LEFT &&
        chat.state != CORE_CHAT_DECLINED) {
        return KITH_OK;
    }
    return core_conv_create(c, &direct, conv);
}

/* The inviter becomes a contact whose account key is that of the link. */
static kith_err
meet_inviter(core *c, const accept_record *in, core_person_record *person)
{
    KITH_TRY(core_person_seen(c, in->account, KITH_BYTES(in->account_key)));
    KITH_TRY(core_person_read(c, in->account, person));
    if (person->name[0] == '\0') {
        core_name_set(person->name, in->name);
    }
    if (person->state != CORE_PERSON_CONTACT) {
        person->role = CONTENT_ROLE_JOINER;
        memcpy(person->secret, in->secret, sizeof person->secret);
        KITH_TRY(core_person_decide(c, person, true));
    }
    return KITH_OK;
}

static kith_err
complete(core *c, const accept_record *record)
{
    KITH_AUTO(core_person_record) person = {0};
    core_text text = {.text = record->text};
    uint64_t n = 0;

    KITH_TRY(check_inviter(c, record));
    KITH_TRY(meet_inviter(c, record, &person));
    KITH_TRY(open_conversation(c, record, text.conv));
    if (person.role == CONTENT_ROLE_JOINER && person.hello != CORE_HELLO_SAID) {
        KITH_TRY(core_hello_say(c, &person, text.conv));
        KITH_TRY(core_person_write(c, &person));
    }
    return record->text.len > 0 ? core_conv_send_text(c, &text, &n) : KITH_OK;
}

/* Ends the operation when what came decides it; errors of this side pass through. */
static kith_err
settle(core *c, uint64_t op, kith_err err)
{
    const core_key key = core_key_u64((kith_bytes){0}, op);
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    KITH_AUTO(accept_record) record = {0};
    kith_reader r = {0};
    uint8_t kind = 0;

    KITH_TRY(core_get(c, CORE_TABLE_OP, core_key_bytes(&key), &value));
    r = kith_reader_of(kith_bytes_of_buf(&value));
    KITH_TRY(kith_read_u8(&r, &kind));
    KITH_TRY(read_record(kith_reader_peek(&r), &record));
    if (err == KITH_OK) {
        err = complete(c, &record);
        KITH_ENSURE(!core_is_own_failure(err), err);
    }
    KITH_TRY(forget(c, op));
    /* Another account than the link's, or none at all. */
    err = err == KITH_ERR_REJECTED ? KITH_ERR_CONFLICT : err;
    return core_op_done(c, op, err == KITH_ERR_NOT_FOUND ? KITH_ERR_DENIED : err);
}

kith_err
core_accept_on_list(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_err err)
{
    const core_accept_ops *ops = &c->identity->accept_ops;
    size_t at = 0;

    if (c->account.state != CORE_ACCOUNT_READY) {
        return KITH_OK;
    }
    while (at < ops->count) {
        if (memcmp(ops->items[at].account, account, CORE_ACCOUNT_LEN) == 0) {
            KITH_TRY(settle(c, ops->items[at].op, err));
            at = 0;
        } else {
            at++;
        }
    }
    return KITH_OK;
}

/* Asks for the lists that are missing; those that are there are looked at afresh, too. */
kith_err
core_accept_pump(core *c)
{
    const core_accept_ops *ops = &c->identity->accept_ops;

    for (size_t i = 0; i < ops->count; i++) {
        if (!core_list_is_wanted(c, ops->items[i].account)) {
            KITH_TRY(core_list_want(c, ops->items[i].account, 0));
        }
    }
    return KITH_OK;
}

/* ---- The command ---- */

static kith_err
begin_accept(core *c, const proto_link *link, kith_bytes text, uint64_t op)
{
    const core_key key = core_key_u64((kith_bytes){0}, op);
    KITH_AUTO(accept_record) record = {
        .name = kith_bytes_of_text(link->name),
        .text = text,
    };
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};

    memcpy(record.account_key, link->account_key, sizeof record.account_key);
    memcpy(record.secret, link->secret, sizeof record.secret);
    KITH_TRY(proto_account_id(c->env.crypto, KITH_BYTES(record.account_key), record.account));
    KITH_ENSURE(!core_account_is_own(c, record.account), KITH_ERR_INVALID);
    KITH_TRY(write_record(&record, &value));
    KITH_TRY(core_put(c, CORE_TABLE_OP, core_key_bytes(&key), kith_bytes_of_buf(&value)));
    return remember(c, op, record.account);
}

static kith_err
begin_join(core *c, const core_join *in, const proto_link *link, uint64_t *op)
{
    const uint64_t number = core_op_new(c);
    const core_account_draft draft = {
        .link = link, .name = in->name, .device_name = in->device_name, .op = number};

    if (c->account.state == CORE_ACCOUNT_NONE) {
        KITH_TRY(core_account_begin(c, &draft));
    }
    if (link->kind == PROTO_LINK_PERSON) {
        KITH_TRY(begin_accept(c, link, in->text, number));
    }
    *op = number;
    return KITH_OK;
}

/* Whether the link can be used with the account that is there, or without one. */
static kith_err
check_state(const core *c, const core_join *in, const proto_link *link)
{
    const bool same_server =
        memcmp(link->server_key, c->identity->server_key, sizeof link->server_key) == 0;

    switch (c->account.state) {
    case CORE_ACCOUNT_NONE:
        KITH_ENSURE(in->name.len > 0, KITH_ERR_INVALID);
        return KITH_OK;
    case CORE_ACCOUNT_READY:
        KITH_ENSURE(link->kind == PROTO_LINK_PERSON, KITH_ERR_EXISTS);
        KITH_ENSURE(same_server, KITH_ERR_UNSUPPORTED);
        return KITH_OK;
    case CORE_ACCOUNT_REMOVED:
        return KITH_ERR_DENIED;
    default:
        return KITH_ERR_CONFLICT;
    }
}

static kith_err
check_texts(const core_join *in)
{
    KITH_ENSURE(in->name.len <= CORE_NAME_MAX && in->device_name.len <= CORE_NAME_MAX &&
                    in->text.len <= CORE_TEXT_MAX,
                KITH_ERR_LIMIT);
    KITH_ENSURE(core_text_is_good(in->name, CORE_NAME_MAX) &&
                    core_text_is_good(in->device_name, CORE_NAME_MAX) &&
                    kith_utf8_is_valid(in->text),
                KITH_ERR_MALFORMED);
    return KITH_OK;
}

static kith_err
read_link(kith_bytes text, proto_link *out)
{
    static const uint8_t no_pin[sizeof out->server_key] = {0};
    const kith_err err = proto_link_decode(text, out);

    /* A link that is too long is none. */
    KITH_ENSURE(err != KITH_ERR_LIMIT, KITH_ERR_MALFORMED);
    KITH_TRY(err);
    KITH_ENSURE(out->kind != PROTO_LINK_DEVICE, KITH_ERR_MALFORMED);
    /* To whoever dials, zeros mean that any server will do: only a linking may say that. */
    KITH_ENSURE(memcmp(out->server_key, no_pin, sizeof no_pin) != 0, KITH_ERR_MALFORMED);
    return KITH_OK;
}

static kith_err
check_own_link(core *c, const proto_link *link)
{
    KITH_ENSURE(c->account_key == NULL || link->kind != PROTO_LINK_PERSON ||
                    !kith_bytes_equal(core_account_public(c), KITH_BYTES(link->account_key)),
                KITH_ERR_INVALID);
    return KITH_OK;
}

kith_err
core_join_link(core *c, const core_join *in, uint64_t now_ms, uint64_t *op)
{
    KITH_AUTO(proto_link) link = {0};
    uint64_t number = 0;

    KITH_TRY(core_query(c));
    KITH_TRY(read_link(in->link, &link));
    KITH_TRY(check_texts(in));
    KITH_TRY(check_state(c, in, &link));
    KITH_TRY(check_own_link(c, &link));
    KITH_TRY(core_txn_begin(c, now_ms));
    KITH_TRY(core_txn_end(c, begin_join(c, in, &link, &number)));
    *op = number;
    return KITH_OK;
}
