/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What devices tell each other about people: first words in a conversation with the proof that both know an invite's
 * secret [docs/wire.md §6], names, and what own devices share. Everything here comes from inside a conversation, so
 * who says it is known.
 */
#include <string.h>

#include "core/identity.h"

/* Own devices answer after a random part of this, so that one of them is first and the others need not. */
#define ANSWER_DELAY_MS 1000u

/* ---- Saying hello ---- */

static kith_err
make_proof(core *c, const core_person_record *record, const uint8_t conv[CORE_CONV_LEN],
           content_hello *hello)
{
    const bool joined = record->role == CONTENT_ROLE_JOINER;
    const proto_proof proof = {
        .role = joined ? PROTO_ROLE_JOINER : PROTO_ROLE_INVITER,
        .group_id = kith_bytes_of(conv, CORE_CONV_LEN),
        .joiner = joined ? c->account.account : record->account,
        .inviter = joined ? record->account : c->account.account,
    };

    if (record->role == CONTENT_ROLE_NONE) {
        return KITH_OK;
    }
    hello->role = record->role;
    return proto_proof_make(c->env.crypto, record->secret, &proof, hello->proof);
}

kith_err
core_hello_say(core *c, core_person_record *record, const uint8_t conv[CORE_CONV_LEN])
{
    KITH_AUTO(kith_buf) payload = {.alloc = c->env.alloc};
    content_control control = {
        .type = CONTENT_CONTROL_HELLO,
        .as.hello = {.name = kith_bytes_of_text(c->account.name)},
    };

    KITH_TRY(make_proof(c, record, conv, &control.as.hello));
    KITH_TRY(content_control_encode(&payload, &control));
    record->hello = CORE_HELLO_SAID;
    return core_conv_send_control(c, conv, kith_bytes_of_buf(&payload));
}

static kith_err
add_due(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint64_t at_ms)
{
    core_hellos *hellos = &c->identity->hellos;
    void *items = hellos->items;

    KITH_TRY(kith_mem_grow(c->env.alloc, &items, &hellos->cap, hellos->count + 1,
                           sizeof *hellos->items));
    hellos->items = items;
    core_hello_due *due = &hellos->items[hellos->count++];
    memcpy(due->account, account, sizeof due->account);
    due->at_ms = at_ms;
    c->activity++;
    return KITH_OK;
}

kith_err
core_hello_load(core *c, const core_person_record *record)
{
    return record->hello == CORE_HELLO_DUE ? add_due(c, record->account, c->now_ms) : KITH_OK;
}

kith_err
core_hello_plan(core *c, core_person_record *record, uint64_t delay_ms)
{
    if (record->hello != CORE_HELLO_NONE) {
        return KITH_OK;
    }
    record->hello = CORE_HELLO_DUE;
    KITH_TRY(core_person_write(c, record));
    return add_due(c, record->account, c->now_ms + delay_ms);
}

static kith_err
say_due(core *c, const uint8_t account[CORE_ACCOUNT_LEN])
{
    KITH_AUTO(core_person_record) record = {0};
    uint8_t conv[CORE_CONV_LEN];

    KITH_TRY(core_person_read(c, account, &record));
    if (record.hello != CORE_HELLO_DUE) {
        return KITH_OK;
    }
    const kith_err err = core_conv_direct(c, account, conv);
    if (err == KITH_ERR_NOT_FOUND) {
        record.hello = CORE_HELLO_NONE;
    } else {
        KITH_TRY(err);
        KITH_TRY(core_hello_say(c, &record, conv));
    }
    return core_person_write(c, &record);
}

kith_err
core_hellos_pump(core *c)
{
    core_hellos *hellos = &c->identity->hellos;
    size_t at = 0;

    while (at < hellos->count) {
        const core_hello_due due = hellos->items[at];
        if (core_is_due(c, due.at_ms)) {
            hellos->items[at] = hellos->items[--hellos->count];
            KITH_TRY(say_due(c, due.account));
        } else {
            core_wake_at(c, due.at_ms);
            at++;
        }
    }
    return KITH_OK;
}

/* ---- Hearing it ---- */

/* A device of the own account said it: the others need not. */
static kith_err
note_own_hello(core *c, const core_from *from)
{
    KITH_AUTO(core_person_record) record = {0};
    core_chat chat = {0};

    if (from->kind != CORE_CHAT_DIRECT || core_chat_get(c, from->conv, &chat) != KITH_OK) {
        return KITH_OK;
    }
    const kith_err err = core_person_read(c, chat.peer, &record);
    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    if (record.hello == CORE_HELLO_SAID) {
        return KITH_OK;
    }
    record.hello = CORE_HELLO_SAID;
    return core_person_write(c, &record);
}

static kith_err
rename_person(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes name)
{
    KITH_AUTO(core_person_record) record = {0};
    const kith_err err = core_person_read(c, account, &record);

    if (err == KITH_ERR_NOT_FOUND || name.len == 0 || !core_text_is_good(name, CORE_NAME_MAX) ||
        kith_bytes_equal(kith_bytes_of_text(record.name), name)) {
        return KITH_OK;
    }
    KITH_TRY(err);
    core_name_set(record.name, name);
    return core_person_write(c, &record);
}

/* A proof is right, and yet a contact of that name has another account: the person says whether it is the same one. */
static kith_err
ask_about_namesake(core *c, const core_from *from, core_person_record *record)
{
    record->hello = CORE_HELLO_NONE;
    KITH_TRY(core_person_write(c, record));
    return core_event_alarm(c, from->conv, from->account, "account");
}

/* A joiner: a right proof makes a contact without a question. */
static kith_err
meet_joiner(core *c, const core_from *from, const content_hello *hello)
{
    KITH_AUTO(core_person_record) record = {0};
    uint8_t secret[PROTO_LINK_SECRET_LEN];
    uint64_t delay = 0;

    KITH_TRY(core_person_read(c, from->account, &record));
    /* Declined, or let in before. */
    if (record.state == CORE_PERSON_DECLINED || record.role == CONTENT_ROLE_INVITER) {
        return KITH_OK;
    }
    const kith_err err = core_invite_match(c, from, KITH_BYTES(hello->proof), secret);
    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    record.role = CONTENT_ROLE_INVITER;
    memcpy(record.secret, secret, sizeof record.secret);
    kith_wipe(secret, sizeof secret);
    KITH_TRY(core_random(c, (uint8_t *)&delay, sizeof delay));
    if (record.state != CORE_PERSON_CONTACT) {
        bool has_namesake = false;
        KITH_TRY(core_person_has_namesake(c, &record, &has_namesake));
        if (has_namesake) {
            return ask_about_namesake(c, from, &record);
        }
        KITH_TRY(core_person_decide(c, &record, true));
    }
    return core_hello_plan(c, &record, delay % ANSWER_DELAY_MS);
}

/* The inviter answers: it knows the secret too, or somebody else sits where it should. */
static kith_err
meet_inviter(core *c, const core_from *from, const content_hello *hello)
{
    KITH_AUTO(core_person_record) record = {0};
    const proto_proof proof = {
        .role = PROTO_ROLE_INVITER,
        .group_id = KITH_BYTES(from->conv),
        .joiner = c->account.account,
        .inviter = from->account,
    };

    KITH_TRY(core_person_read(c, from->account, &record));
    /* Another own device accepted the invite: that one can tell. */
    if (record.role != CONTENT_ROLE_JOINER) {
        return KITH_OK;
    }
    const kith_err err =
        proto_proof_check(c->env.crypto, record.secret, &proof, KITH_BYTES(hello->proof));
    return err == KITH_ERR_REJECTED ? core_event_alarm(c, from->conv, from->account, "hello") : err;
}

static kith_err
hear_hello(core *c, const core_from *from, const content_hello *hello)
{
    if (from->is_own) {
        return note_own_hello(c, from);
    }
    KITH_TRY(rename_person(c, from->account, hello->name));
    if (from->kind != CORE_CHAT_DIRECT) {
        return KITH_OK;
    }
    kith_err err = KITH_OK;
    if (hello->role == CONTENT_ROLE_JOINER) {
        err = meet_joiner(c, from, hello);
    } else if (hello->role == CONTENT_ROLE_INVITER) {
        err = meet_inviter(c, from, hello);
    }
    /* Somebody who was never seen has no record. */
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static kith_err
hear_profile(core *c, const core_from *from, const content_profile *profile)
{
    if (!from->is_own) {
        return rename_person(c, from->account, profile->name);
    }
    if (from->kind != CORE_CHAT_OWN || profile->name.len == 0 ||
        !core_text_is_good(profile->name, CORE_NAME_MAX) ||
        kith_bytes_equal(kith_bytes_of_text(c->account.name), profile->name)) {
        return KITH_OK;
    }
    return core_account_set_name(c, profile->name);
}

/* Another own device decided about a person. */
static kith_err
hear_contact(core *c, const content_contact *contact)
{
    KITH_AUTO(core_person_record) record = {0};
    const bool yes = contact->state == CORE_PERSON_CONTACT;

    if (contact->state > CORE_PERSON_DECLINED || core_account_is_own(c, contact->account_id)) {
        return KITH_OK;
    }
    const kith_err err = core_person_seen(c, contact->account_id, contact->account_key);
    if (err == KITH_ERR_REJECTED) {
        return core_event_alarm(c, contact->conv_id, contact->account_id, "person");
    }
    KITH_TRY(err);
    KITH_TRY(core_person_read(c, contact->account_id, &record));
    if (record.name[0] == '\0' && core_text_is_good(contact->name, CORE_NAME_MAX)) {
        core_name_set(record.name, contact->name);
    }
    const bool decides = (yes || contact->state == CORE_PERSON_DECLINED) &&
                         record.state != (core_person_state)contact->state;
    record.state = decides ? (core_person_state)contact->state : record.state;
    KITH_TRY(core_person_write(c, &record));
    const kith_err answered = decides ? core_conv_answered(c, record.account, yes) : KITH_OK;
    return answered == KITH_ERR_NOT_FOUND ? KITH_OK : answered;
}

kith_err
core_identity_control(core *c, const core_from *from, kith_bytes payload)
{
    content_control control = {0};
    const bool is_private = from->is_own && from->kind == CORE_CHAT_OWN;

    /* What a member sends that cannot be read is its own loss. */
    if (content_control_decode(payload, &control) != KITH_OK) {
        return KITH_OK;
    }
    switch (control.type) {
    case CONTENT_CONTROL_HELLO:
        return hear_hello(c, from, &control.as.hello);
    case CONTENT_CONTROL_PROFILE:
        return hear_profile(c, from, &control.as.profile);
    case CONTENT_CONTROL_INVITE_MADE:
        return is_private ? core_invite_learn(c, &control.as.invite_made) : KITH_OK;
    case CONTENT_CONTROL_CONTACT:
        return is_private ? hear_contact(c, &control.as.contact) : KITH_OK;
    default:
        return KITH_OK;
    }
}
