/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Own invites [docs/wire.md §3, §6]: links with a secret that makes an account on the server and shows its holder as
 * somebody who was invited. Usable at once; the server hears of them when it can be reached.
 */
#include <string.h>

#include "core/identity.h"

#define INVITE_FORMAT 1u
#define HOUR_MS 3600000ull

typedef struct invite_record {
    uint64_t expires_ms; /* by the server's clock */
    bool is_mine; /* this device made it, and tells the server */
    bool is_known; /* to the server */
    uint8_t uses; /* contacts that it has made here */
} invite_record;

/* ---- Records ---- */

static kith_err
save_invite(core *c, kith_bytes secret, const invite_record *record)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(&value);

    KITH_TRY(kith_write_u8(&w, INVITE_FORMAT));
    KITH_TRY(kith_write_u64(&w, record->expires_ms));
    KITH_TRY(kith_write_bool(&w, record->is_mine));
    KITH_TRY(kith_write_bool(&w, record->is_known));
    KITH_TRY(kith_write_u8(&w, record->uses));
    return core_put(c, CORE_TABLE_INVITE, secret, kith_bytes_of_buf(&value));
}

static kith_err
read_invite(kith_bytes value, invite_record *out)
{
    kith_reader r = kith_reader_of(value);
    invite_record record = {0};
    uint8_t format = 0;

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == INVITE_FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u64(&r, &record.expires_ms));
    KITH_TRY(kith_read_bool(&r, &record.is_mine));
    KITH_TRY(kith_read_bool(&r, &record.is_known));
    KITH_TRY(kith_read_u8(&r, &record.uses));
    KITH_TRY(kith_reader_finish(&r));
    *out = record;
    return KITH_OK;
}

/* The next invite after `*secret`. NOT_FOUND: no more. */
static kith_err
next_invite(core *c, kith_buf *secret, invite_record *out)
{
    const core_scan scan = {.table = CORE_TABLE_INVITE};
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};

    KITH_TRY(c->env.store.next(c->env.store.ctx, &scan, secret, &value));
    KITH_ENSURE(secret->len == PROTO_LINK_SECRET_LEN, KITH_ERR_MALFORMED);
    return read_invite(kith_bytes_of_buf(&value), out);
}

static bool
is_open(const core *c, const invite_record *record)
{
    return record->expires_ms > core_time_ms(c);
}

/* Drops what has expired. */
static kith_err
sweep_invites(core *c)
{
    KITH_AUTO(kith_buf) secret = {.alloc = c->env.alloc};

    for (;;) {
        invite_record record = {0};
        const kith_err err = next_invite(c, &secret, &record);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        if (!is_open(c, &record)) {
            KITH_TRY(core_erase(c, CORE_TABLE_INVITE, kith_bytes_of_buf(&secret)));
        }
    }
}

/* How many of this device's are open. */
static kith_err
count_invites(core *c, size_t *out)
{
    KITH_AUTO(kith_buf) secret = {.alloc = c->env.alloc};
    size_t count = 0;

    for (;;) {
        invite_record record = {0};
        const kith_err err = next_invite(c, &secret, &record);
        if (err == KITH_ERR_NOT_FOUND) {
            *out = count;
            return KITH_OK;
        }
        KITH_TRY(err);
        count += record.is_mine && is_open(c, &record) ? 1 : 0;
    }
}

/* ---- Making one ---- */

static kith_err
write_link(core *c, const uint8_t secret[PROTO_LINK_SECRET_LEN], kith_buf *out)
{
    KITH_AUTO(proto_link) link = {.kind = PROTO_LINK_PERSON};

    memcpy(link.address.host, c->account.host, sizeof link.address.host);
    link.address.port = c->account.port;
    memcpy(link.server_key, c->identity->server_key, sizeof link.server_key);
    memcpy(link.secret, secret, sizeof link.secret);
    memcpy(link.account_key, core_account_public(c).data, sizeof link.account_key);
    memcpy(link.name, c->account.name, sizeof link.name);
    return proto_link_encode(out, &link);
}

static kith_err
tell_own_devices(core *c, const uint8_t secret[PROTO_LINK_SECRET_LEN], uint64_t expires_ms)
{
    KITH_AUTO(kith_buf) payload = {.alloc = c->env.alloc};
    content_control control = {
        .type = CONTENT_CONTROL_INVITE_MADE,
        .as.invite_made = {.expires_ms = expires_ms},
    };

    memcpy(control.as.invite_made.secret, secret, PROTO_LINK_SECRET_LEN);
    KITH_TRY(content_control_encode(&payload, &control));
    return core_own_send_control(c, kith_bytes_of_buf(&payload));
}

static kith_err
create_invite(core *c, kith_buf *link)
{
    const invite_record record = {
        .expires_ms = core_time_ms(c) + CORE_INVITE_MS,
        .is_mine = true,
    };
    KITH_AUTO(kith_secret) secret = {0};
    size_t open = 0;

    KITH_TRY(count_invites(c, &open));
    KITH_ENSURE(open < CORE_INVITES_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_rng_secret(&c->env.rng, PROTO_LINK_SECRET_LEN, &secret));
    KITH_TRY(write_link(c, secret.data, link));
    KITH_TRY(save_invite(c, kith_bytes_of_secret(&secret), &record));
    c->identity->invites_waiting = true;
    return tell_own_devices(c, secret.data, record.expires_ms);
}

kith_err
core_invite_create(core *c, uint64_t now_ms, kith_buf *link)
{
    KITH_AUTO(kith_buf) text = {.alloc = c->env.alloc};

    KITH_TRY(core_query(c));
    KITH_ENSURE(c->account.state == CORE_ACCOUNT_READY, KITH_ERR_DENIED);
    KITH_TRY(kith_buf_reserve(link, PROTO_LINK_TEXT_MAX));
    KITH_TRY(core_txn_begin(c, now_ms));
    KITH_TRY(core_txn_end(c, create_invite(c, &text)));
    return kith_buf_append(link, kith_bytes_of_buf(&text));
}

bool
core_invites_are_known(const core *c)
{
    return !c->identity->invites_waiting && !c->identity->invite_in_flight;
}

kith_err
core_invite_learn(core *c, const content_invite_made *made)
{
    const invite_record record = {.expires_ms = made->expires_ms};
    KITH_AUTO(kith_buf) known = {.alloc = c->env.alloc};
    const kith_err err = core_get(c, CORE_TABLE_INVITE, KITH_BYTES(made->secret), &known);

    if (err == KITH_OK || !is_open(c, &record)) {
        return KITH_OK;
    }
    KITH_ENSURE(err == KITH_ERR_NOT_FOUND, err);
    return save_invite(c, KITH_BYTES(made->secret), &record);
}

/* ---- Telling the server ---- */

/* Which invite an answer is about: the hash of its ticket. */
static kith_err
ticket_hash(core *c, kith_bytes secret, uint8_t out[PROTO_ID_LEN])
{
    uint8_t ticket[PROTO_ID_LEN];

    KITH_TRY(proto_ticket(c->env.crypto, secret.data, ticket));
    const kith_err err = crypto_sha256(c->env.crypto, KITH_BYTES(ticket), out);
    kith_wipe(ticket, sizeof ticket);
    return err;
}

static kith_err
mark_known(core *c, const uint8_t hash[PROTO_ID_LEN])
{
    KITH_AUTO(kith_buf) secret = {.alloc = c->env.alloc};

    for (;;) {
        invite_record record = {0};
        uint8_t found[PROTO_ID_LEN];
        const kith_err err = next_invite(c, &secret, &record);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        KITH_TRY(ticket_hash(c, kith_bytes_of_buf(&secret), found));
        if (memcmp(found, hash, sizeof found) == 0) {
            record.is_known = true;
            return save_invite(c, kith_bytes_of_buf(&secret), &record);
        }
    }
}

static kith_err
on_invite_put(core *c, const core_tag *tag, const core_answer *answer)
{
    core_identity *identity = c->identity;

    identity->invite_in_flight = false;
    identity->invites_waiting = true;
    if (answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    if (answer->err != KITH_OK && answer->err != KITH_ERR_EXISTS) {
        identity->invite_not_before_ms = core_pause_after(c, answer);
        return KITH_OK;
    }
    return mark_known(c, tag->id);
}

static kith_err
send_invite(core *c, kith_bytes secret, const invite_record *record)
{
    proto_invite_put put = {.expires_ms = record->expires_ms};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    core_request request = {
        .link = CORE_LINK_NAMED, .type = PROTO_INVITE_PUT, .answer = on_invite_put};

    KITH_TRY(ticket_hash(c, secret, put.ticket_hash));
    memcpy(request.tag.id, put.ticket_hash, sizeof request.tag.id);
    KITH_TRY(proto_invite_put_encode(&body, &put));
    request.body = kith_bytes_of_buf(&body);
    KITH_TRY(core_link_request(c, &request));
    c->identity->invite_in_flight = true;
    return KITH_OK;
}

static kith_err
send_waiting(core *c)
{
    KITH_AUTO(kith_buf) secret = {.alloc = c->env.alloc};

    for (;;) {
        invite_record record = {0};
        const kith_err err = next_invite(c, &secret, &record);
        if (err == KITH_ERR_NOT_FOUND) {
            c->identity->invites_waiting = false;
            return KITH_OK;
        }
        KITH_TRY(err);
        if (record.is_mine && !record.is_known && is_open(c, &record)) {
            return send_invite(c, kith_bytes_of_buf(&secret), &record);
        }
    }
}

static kith_err
sweep_hourly(core *c)
{
    core_identity *identity = c->identity;

    if (identity->invites_swept_ms != 0 && c->now_ms >= identity->invites_swept_ms &&
        c->now_ms - identity->invites_swept_ms < HOUR_MS) {
        return KITH_OK;
    }
    identity->invites_swept_ms = c->now_ms;
    return sweep_invites(c);
}

kith_err
core_invites_pump(core *c)
{
    core_identity *identity = c->identity;

    if (!core_link_ready(c, CORE_LINK_NAMED) || !core_link_has_room(c, CORE_LINK_NAMED)) {
        return KITH_OK;
    }
    KITH_TRY(sweep_hourly(c));
    if (identity->invite_in_flight || !identity->invites_waiting) {
        return KITH_OK;
    }
    if (!core_is_due(c, identity->invite_not_before_ms)) {
        core_wake_at(c, identity->invite_not_before_ms);
        return KITH_OK;
    }
    return send_waiting(c);
}

/* ---- Who comes with one ---- */

static kith_err
check_proof(core *c, const core_from *from, kith_bytes secret, kith_bytes given)
{
    const proto_proof proof = {
        .role = PROTO_ROLE_JOINER,
        .group_id = KITH_BYTES(from->conv),
        .joiner = from->account,
        .inviter = c->account.account,
    };

    return proto_proof_check(c->env.crypto, secret.data, &proof, given);
}

kith_err
core_invite_match(core *c, const core_from *from, kith_bytes proof,
                  uint8_t out[PROTO_LINK_SECRET_LEN])
{
    KITH_AUTO(kith_buf) secret = {.alloc = c->env.alloc};

    for (;;) {
        invite_record record = {0};
        KITH_TRY(next_invite(c, &secret, &record));
        if (!is_open(c, &record) || record.uses >= PROTO_TICKET_USES) {
            continue;
        }
        const kith_err err = check_proof(c, from, kith_bytes_of_buf(&secret), proof);
        if (err == KITH_ERR_REJECTED) {
            continue;
        }
        KITH_TRY(err);
        record.uses++;
        memcpy(out, secret.data, PROTO_LINK_SECRET_LEN);
        return save_invite(c, kith_bytes_of_buf(&secret), &record);
    }
}

/* ---- For a device that is linked ---- */

kith_err
core_invites_export(core *c, kith_buf *out)
{
    KITH_AUTO(kith_buf) secret = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(out);

    for (;;) {
        invite_record record = {0};
        const kith_err err = next_invite(c, &secret, &record);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        KITH_TRY(kith_write_bytes(&w, kith_bytes_of_buf(&secret)));
        KITH_TRY(kith_write_u64(&w, record.expires_ms));
    }
}

kith_err
core_invites_import(core *c, kith_bytes blob)
{
    kith_reader r = kith_reader_of(blob);

    while (!kith_reader_done(&r)) {
        content_invite_made made = {0};
        KITH_TRY(kith_read_copy(&r, made.secret, sizeof made.secret));
        KITH_TRY(kith_read_u64(&r, &made.expires_ms));
        KITH_TRY(core_invite_learn(c, &made));
    }
    return KITH_OK;
}
