/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The account of this device: making one with a ticket [docs/wire.md §3], its record, logging in. The private keys are
 * in the record and in two key objects, nowhere else.
 */
#include <string.h>

#include "core/identity.h"

#define ACCOUNT_FORMAT 1u
#define MAKING_FORMAT 1u
/* The own list is looked at again twice a day, also when nobody says that it changed. */
#define REFRESH_MS (12ull * 3600000ull)

/* What must go out to make the account; repeated byte for byte until the server has answered. */
struct core_making {
    uint64_t op;
    uint8_t ticket[PROTO_ID_LEN];
    kith_buf list; /* version 1 */
    bool in_flight;
    uint64_t not_before_ms;
};

static const char account_key_name[] = "account";
static const char making_key_name[] = "making";

kith_bytes
core_account_public(const core *c)
{
    return crypto_sign_key_public(c->account_key);
}

bool
core_account_is_own(const core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    return memcmp(account, c->account.account, CORE_ACCOUNT_LEN) == 0;
}

/* ---- The record ---- */

static kith_err
write_account(const core *c, kith_writer *w)
{
    KITH_TRY(kith_write_u8(w, ACCOUNT_FORMAT));
    KITH_TRY(kith_write_u8(w, (uint8_t)c->account.state));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(c->account.account)));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(c->account.device)));
    KITH_TRY(kith_write_vec8(w, crypto_sign_key_private(c->account_key)));
    KITH_TRY(kith_write_vec8(w, crypto_sign_key_private(c->device_key)));
    KITH_TRY(kith_write_vec8(w, kith_bytes_of_text(c->account.name)));
    KITH_TRY(kith_write_vec8(w, kith_bytes_of_text(c->account.host)));
    KITH_TRY(kith_write_u16(w, c->account.port));
    return kith_write_bytes(w, KITH_BYTES(c->identity->server_key));
}

kith_err
core_account_save(core *c)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(&value);

    KITH_TRY(write_account(c, &w));
    return core_put(c, CORE_TABLE_META, kith_bytes_of_text(account_key_name),
                    kith_bytes_of_buf(&value));
}

static kith_err
read_key(core *c, kith_reader *r, crypto_sign_key **out)
{
    kith_bytes private_key = {0};

    KITH_TRY(kith_read_vec8(r, &private_key));
    return crypto_sign_key_import(c->env.crypto, CRYPTO_ED25519, private_key, out);
}

static kith_err
read_account(core *c, kith_bytes bytes)
{
    kith_reader r = kith_reader_of(bytes);
    core_account account = {0};
    uint8_t format = 0;
    uint8_t state = 0;
    kith_bytes name = {0};
    kith_bytes host = {0};

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == ACCOUNT_FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u8(&r, &state));
    KITH_TRY(kith_read_copy(&r, account.account, sizeof account.account));
    KITH_TRY(kith_read_copy(&r, account.device, sizeof account.device));
    KITH_TRY(read_key(c, &r, &c->account_key));
    KITH_TRY(read_key(c, &r, &c->device_key));
    KITH_TRY(kith_read_vec8(&r, &name));
    KITH_TRY(kith_read_vec8(&r, &host));
    KITH_TRY(kith_read_u16(&r, &account.port));
    KITH_TRY(kith_read_copy(&r, c->identity->server_key, sizeof c->identity->server_key));
    KITH_TRY(kith_reader_finish(&r));
    KITH_ENSURE(state <= CORE_ACCOUNT_REMOVED && name.len <= CORE_NAME_MAX && host.len > 0 &&
                    host.len <= CORE_HOST_MAX,
                KITH_ERR_MALFORMED);
    account.state = (core_account_state)state;
    core_name_set(account.name, name);
    memcpy(account.host, host.data, host.len);
    c->account = account;
    return KITH_OK;
}

static kith_err
save_making(core *c)
{
    const core_making *making = c->identity->making;
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(&value);

    KITH_TRY(kith_write_u8(&w, MAKING_FORMAT));
    KITH_TRY(kith_write_u64(&w, making->op));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(making->ticket)));
    KITH_TRY(kith_write_vec16(&w, kith_bytes_of_buf(&making->list)));
    return core_put(c, CORE_TABLE_META, kith_bytes_of_text(making_key_name),
                    kith_bytes_of_buf(&value));
}

static kith_err
new_making(core *c)
{
    c->identity->making = kith_mem_zalloc(c->env.alloc, 1, sizeof *c->identity->making);
    KITH_ENSURE(c->identity->making != NULL, KITH_ERR_NO_MEMORY);
    c->identity->making->list.alloc = c->env.alloc;
    return KITH_OK;
}

static kith_err
load_making(core *c)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    uint8_t format = 0;
    kith_bytes list = {0};

    KITH_TRY(core_get(c, CORE_TABLE_META, kith_bytes_of_text(making_key_name), &value));
    KITH_TRY(new_making(c));
    core_making *making = c->identity->making;
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&value));
    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == MAKING_FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u64(&r, &making->op));
    KITH_TRY(kith_read_copy(&r, making->ticket, sizeof making->ticket));
    KITH_TRY(kith_read_vec16(&r, &list));
    KITH_TRY(kith_reader_finish(&r));
    return kith_buf_set(&making->list, list);
}

kith_err
core_account_load(core *c)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    const kith_err err = core_get(c, CORE_TABLE_META, kith_bytes_of_text(account_key_name), &value);

    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    KITH_TRY(read_account(c, kith_bytes_of_buf(&value)));
    c->account.list_version = core_list_newest(c, c->account.account);
    c->identity->told_version = c->account.list_version;
    return c->account.state == CORE_ACCOUNT_MAKING ? load_making(c) : KITH_OK;
}

static void
free_making(core *c)
{
    core_making *making = c->identity->making;

    if (making != NULL) {
        kith_buf_done(&making->list);
        kith_mem_free(c->env.alloc, making, sizeof *making);
        c->identity->making = NULL;
    }
}

void
core_account_unload(core *c)
{
    free_making(c);
}

/* ---- Making one ---- */

static kith_err
make_keys(core *c)
{
    KITH_TRY(crypto_sign_key_generate(c->env.crypto, CRYPTO_ED25519, &c->env.rng, &c->account_key));
    KITH_TRY(crypto_sign_key_generate(c->env.crypto, CRYPTO_ED25519, &c->env.rng, &c->device_key));
    KITH_TRY(proto_account_id(c->env.crypto, core_account_public(c), c->account.account));
    return proto_device_id(c->env.crypto, crypto_sign_key_public(c->device_key), c->account.device);
}

static kith_err
make_first_list(core *c, kith_buf *out)
{
    const proto_device device = {
        .signature_key = crypto_sign_key_public(c->device_key),
        .added_ms = c->now_ms,
    };
    const proto_list_draft draft = {
        .account_key = c->account_key,
        .devices = &device,
        .device_count = 1,
        .issued_ms = c->now_ms,
    };

    return proto_list_make(c->env.crypto, &draft, out);
}

kith_err
core_account_begin(core *c, const core_account_draft *draft)
{
    const proto_link *link = draft->link;

    core_changed(c);
    KITH_TRY(make_keys(c));
    c->account.state = CORE_ACCOUNT_MAKING;
    core_name_set(c->account.name, draft->name);
    memcpy(c->account.host, link->address.host, sizeof link->address.host);
    c->account.port = link->address.port;
    memcpy(c->identity->server_key, link->server_key, sizeof c->identity->server_key);
    KITH_TRY(new_making(c));
    c->identity->making->op = draft->op;
    KITH_TRY(proto_ticket(c->env.crypto, link->secret, c->identity->making->ticket));
    KITH_TRY(make_first_list(c, &c->identity->making->list));
    KITH_TRY(core_device_name_set(c, c->account.device, draft->device_name));
    KITH_TRY(core_account_save(c));
    return save_making(c);
}

/* The account will not be: everything is as if it had not been asked for, so that another link can be tried. */
static kith_err
forget_account(core *c, kith_err err)
{
    const uint64_t op = c->identity->making->op;

    KITH_TRY(core_erase(c, CORE_TABLE_META, kith_bytes_of_text(account_key_name)));
    KITH_TRY(core_erase(c, CORE_TABLE_META, kith_bytes_of_text(making_key_name)));
    KITH_TRY(core_erase(c, CORE_TABLE_DEVICE_NAME, KITH_BYTES(c->account.device)));
    KITH_TRY(core_accept_cancel(c, op, err));
    free_making(c);
    crypto_sign_key_free(c->account_key);
    crypto_sign_key_free(c->device_key);
    c->account_key = NULL;
    c->device_key = NULL;
    c->account = (core_account){0};
    return core_op_done(c, op, err);
}

static kith_err
finish_account(core *c)
{
    const uint64_t op = c->identity->making->op;
    const core_conv_new own = {.kind = CORE_CHAT_OWN};
    core_event made = {.kind = CORE_EVENT_ACCOUNT};
    uint8_t conv[CORE_CONV_LEN];

    c->account.state = CORE_ACCOUNT_READY;
    KITH_TRY(
        core_list_accept(c, c->account.account, kith_bytes_of_buf(&c->identity->making->list)));
    KITH_TRY(core_account_save(c));
    KITH_TRY(core_erase(c, CORE_TABLE_META, kith_bytes_of_text(making_key_name)));
    free_making(c);
    memcpy(made.account, c->account.account, sizeof made.account);
    KITH_TRY(core_event_add(c, &made));
    KITH_TRY(core_conv_create(c, &own, conv));
    return core_accept_is_open(c, op) ? KITH_OK : core_op_done(c, op, KITH_OK);
}

static kith_err
on_created(core *c, const core_tag *tag, const core_answer *answer)
{
    core_making *making = c->identity->making;

    (void)tag;
    if (making == NULL) {
        return KITH_OK;
    }
    making->in_flight = false;
    switch (answer->err) {
    case KITH_OK:
        KITH_TRY(proto_empty_decode(answer->body));
        return finish_account(c);
    case KITH_ERR_EXISTS:
        return finish_account(c);
    case KITH_ERR_OFFLINE:
        return KITH_OK;
    case KITH_ERR_BUSY:
    case KITH_ERR_STORE:
        making->not_before_ms = core_pause_after(c, answer);
        return KITH_OK;
    default:
        return forget_account(c, answer->err);
    }
}

static kith_err
pump_making(core *c)
{
    core_making *making = c->identity->making;
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    proto_account_create create = {.list = kith_bytes_of_buf(&making->list)};

    if (making->in_flight || !core_link_is_open(c, CORE_LINK_NAMED)) {
        return KITH_OK;
    }
    if (!core_is_due(c, making->not_before_ms)) {
        core_wake_at(c, making->not_before_ms);
        return KITH_OK;
    }
    memcpy(create.ticket, making->ticket, sizeof create.ticket);
    KITH_TRY(proto_account_create_encode(&body, &create));
    making->in_flight = true;
    return core_link_request(c, &(core_request){.link = CORE_LINK_NAMED,
                                                .type = PROTO_ACCOUNT_CREATE,
                                                .body = kith_bytes_of_buf(&body),
                                                .answer = on_created});
}

static kith_err
pump_refresh(core *c)
{
    core_identity *identity = c->identity;

    if (!core_link_ready(c, CORE_LINK_NAMED)) {
        return KITH_OK;
    }
    if (c->now_ms >= identity->refresh_at_ms || identity->refresh_at_ms - c->now_ms > REFRESH_MS) {
        identity->refresh_at_ms = c->now_ms + REFRESH_MS;
        KITH_TRY(core_list_want(c, c->account.account, 0));
    }
    core_wake_at(c, identity->refresh_at_ms);
    return KITH_OK;
}

kith_err
core_account_pump(core *c)
{
    switch (c->account.state) {
    case CORE_ACCOUNT_MAKING:
        return pump_making(c);
    case CORE_ACCOUNT_READY:
        return pump_refresh(c);
    default:
        return KITH_OK;
    }
}

/* ---- Connections ---- */

bool
core_account_server(const core *c, core_dial *out)
{
    if (c->identity == NULL) {
        return false;
    }
    if (c->account.state == CORE_ACCOUNT_LINKING) {
        return core_pair_server(c, out);
    }
    memcpy(out->host, c->account.host, sizeof out->host);
    out->port = c->account.port;
    memcpy(out->server_key, c->identity->server_key, sizeof out->server_key);
    return true;
}

kith_err
core_account_login(core *c, const uint8_t exporter[32], kith_buf *out)
{
    proto_login_claim claim = {0};

    memcpy(claim.exporter, exporter, sizeof claim.exporter);
    memcpy(claim.account_id, c->account.account, sizeof claim.account_id);
    memcpy(claim.device_id, c->account.device, sizeof claim.device_id);
    return proto_login_sign(c->env.crypto, c->device_key, &claim, out);
}

kith_err
core_account_refused(core *c)
{
    c->identity->is_login_refused = true;
    return core_list_want(c, c->account.account, 0);
}

/* ---- What others see of it ---- */

kith_err
core_account_leaf(core *c, kith_buf *identity, mls_leaf_params *out)
{
    KITH_ENSURE(c->account_key != NULL, KITH_ERR_DENIED);
    KITH_TRY(proto_credential_make(c->env.crypto, c->account_key, c->account.account,
                                   crypto_sign_key_public(c->device_key), identity));
    *out = (mls_leaf_params){
        .identity = {.type = MLS_CREDENTIAL_BASIC, .data = kith_bytes_of_buf(identity)},
        .signature_private = crypto_sign_key_private(c->device_key),
    };
    return KITH_OK;
}

kith_err
core_account_set_name(core *c, kith_bytes name)
{
    core_event event = {.kind = CORE_EVENT_ACCOUNT};

    core_changed(c);
    core_name_set(c->account.name, name);
    memcpy(event.account, c->account.account, sizeof event.account);
    KITH_TRY(core_account_save(c));
    return core_event_add(c, &event);
}

kith_err
core_profile_encode(core *c, kith_buf *out)
{
    const content_control profile = {
        .type = CONTENT_CONTROL_PROFILE,
        .as.profile = {.name = kith_bytes_of_text(c->account.name)},
    };

    return content_control_encode(out, &profile);
}

static kith_err
tell_name(core *c)
{
    KITH_AUTO(kith_buf) payload = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) cursor = {.alloc = c->env.alloc};
    core_chat chat = {0};

    KITH_TRY(core_profile_encode(c, &payload));
    KITH_TRY(core_own_send_control(c, kith_bytes_of_buf(&payload)));
    for (;;) {
        const kith_err err = core_chat_next(c, &cursor, &chat);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        if (chat.state == CORE_CHAT_ACTIVE || chat.state == CORE_CHAT_OPENING) {
            KITH_TRY(core_conv_send_control(c, chat.conv, kith_bytes_of_buf(&payload)));
        }
    }
}

static kith_err
rename_account(core *c, kith_bytes name)
{
    KITH_TRY(core_account_set_name(c, name));
    return tell_name(c);
}

kith_err
core_rename(core *c, kith_bytes name, uint64_t now_ms)
{
    KITH_TRY(core_query(c));
    KITH_ENSURE(name.len > 0, KITH_ERR_INVALID);
    KITH_ENSURE(name.len <= CORE_NAME_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(core_text_is_good(name, CORE_NAME_MAX), KITH_ERR_MALFORMED);
    KITH_ENSURE(c->account.state == CORE_ACCOUNT_READY, KITH_ERR_DENIED);
    KITH_TRY(core_txn_begin(c, now_ms));
    return core_txn_end(c, rename_account(c, name));
}
