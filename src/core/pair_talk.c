/* SPDX-License-Identifier: MPL-2.0 */
/* Linking a device: what each side hears, and what it does then. Two tables say which word is expected when. */
#include <string.h>

#include "core/pair.h"

/* ---- Old device: what it hears ---- */

static kith_err
hear_start(core *c, kith_bytes body)
{
    KITH_AUTO(kith_buf) reply = {.alloc = c->env.alloc};

    c->identity->pair->state = PAIR_CONFIRMING;
    KITH_TRY(core_pair_reply(c, body, &reply));
    return core_pair_send(c, &reply);
}

static kith_err
hear_confirm(core *c, kith_bytes body)
{
    KITH_TRY(core_pair_check(c, body));
    c->identity->pair->state = PAIR_HEARING;
    return KITH_OK;
}

static kith_err
hear_device(core *c, kith_bytes message)
{
    core_pair *pair = c->identity->pair;
    core_event event = {.kind = CORE_EVENT_PAIR_ASKED, .op = pair->op};
    kith_reader r = kith_reader_of(message);
    kith_bytes name = {0};

    KITH_TRY(kith_read_vec8(&r, &name));
    KITH_TRY(kith_read_copy(&r, pair->device_public, sizeof pair->device_public));
    KITH_TRY(kith_reader_finish(&r));
    KITH_ENSURE(core_text_is_good(name, CORE_NAME_MAX), KITH_ERR_MALFORMED);
    core_name_set(pair->device_name, name);
    KITH_TRY(proto_device_id(c->env.crypto, KITH_BYTES(pair->device_public), pair->device_id));
    pair->state = PAIR_ASKING;
    memcpy(event.text, pair->device_name, sizeof event.text);
    return core_event_add(c, &event);
}

/* It has uploaded its key packages: now the conversations can take it in. */
static kith_err
hear_ready(core *c, kith_bytes message)
{
    KITH_ENSURE(message.len == 0, KITH_ERR_MALFORMED);
    KITH_TRY(core_pair_end(c, KITH_OK));
    return core_conv_on_list(c, c->account.account, KITH_OK);
}

static kith_err
give(core *c)
{
    core_pair *pair = c->identity->pair;
    KITH_AUTO(kith_buf) gift = {.alloc = c->env.alloc};

    KITH_TRY(core_device_name_set(c, pair->device_id, kith_bytes_of_text(pair->device_name)));
    KITH_TRY(core_pair_gift_make(c, &gift));
    pair->state = PAIR_GIVING;
    return core_pair_say(c, PAIR_SAYS_GIFT, kith_bytes_of_buf(&gift));
}

kith_err
core_pair_on_listed(core *c, kith_err err)
{
    core_pair *pair = c->identity->pair;

    if (pair == NULL || pair->state != PAIR_LISTING) {
        return KITH_OK;
    }
    core_changed(c);
    return err == KITH_OK ? give(c) : core_pair_end(c, err);
}

/* ---- New device: what it hears ---- */

static kith_err
hear_reply(core *c, kith_bytes body)
{
    core_pair *pair = c->identity->pair;
    KITH_AUTO(kith_buf) confirm = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) device = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(&device);

    KITH_TRY(core_pair_confirm(c, body, &confirm));
    KITH_TRY(core_pair_send(c, &confirm));
    KITH_TRY(kith_write_vec8(&w, kith_bytes_of_text(pair->device_name)));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(pair->device_public)));
    pair->state = PAIR_WAITING;
    return core_pair_say(c, PAIR_SAYS_DEVICE, kith_bytes_of_buf(&device));
}

static kith_err
hear_gift(core *c, kith_bytes message)
{
    KITH_TRY(core_pair_gift_take(c, message));
    /* What was said before is over; READY is still to be said. */
    kith_buf_clear(&c->identity->pair->out);
    c->identity->pair->out_at = 0;
    c->identity->pair->state = PAIR_SAYING;
    return core_pair_tell(c, KITH_OK);
}

static kith_err
hear_refusal(core *c, kith_bytes message)
{
    KITH_ENSURE(message.len == 0, KITH_ERR_MALFORMED);
    return core_pair_end(c, KITH_ERR_DENIED);
}

/* ---- The tables ---- */

typedef kith_err (*hear_fn)(core *c, kith_bytes bytes);

static const struct {
    core_pair_state state;
    uint8_t type;
    hear_fn hear;
} bodies[] = {
    {PAIR_OFFERING, PAIR_BODY_START, hear_start},
    {PAIR_CONFIRMING, PAIR_BODY_CONFIRM, hear_confirm},
    {PAIR_PROVING, PAIR_BODY_REPLY, hear_reply},
};

static const struct {
    core_pair_state state;
    uint8_t type;
    hear_fn hear;
} sayings[] = {
    {PAIR_HEARING, PAIR_SAYS_DEVICE, hear_device},
    {PAIR_GIVING, PAIR_SAYS_READY, hear_ready},
    {PAIR_WAITING, PAIR_SAYS_GIFT, hear_gift},
    {PAIR_WAITING, PAIR_SAYS_REFUSED, hear_refusal},
};

static kith_err
hear_saying(core *c, kith_bytes message)
{
    kith_reader r = kith_reader_of(message);
    uint8_t type = 0;

    KITH_TRY(kith_read_u8(&r, &type));
    for (size_t i = 0; i < sizeof sayings / sizeof sayings[0]; i++) {
        if (sayings[i].state == c->identity->pair->state && sayings[i].type == type) {
            return sayings[i].hear(c, kith_reader_peek(&r));
        }
    }
    return KITH_ERR_REJECTED;
}

static kith_err
hear_piece(core *c, kith_bytes sealed)
{
    core_pair *pair = c->identity->pair;
    bool whole = false;

    KITH_TRY(core_pair_take(c, sealed, &whole));
    if (!whole) {
        return KITH_OK;
    }
    KITH_AUTO(kith_buf) message = kith_buf_take(&pair->in);
    return hear_saying(c, kith_bytes_of_buf(&message));
}

static bool
has_channel(core_pair_state state)
{
    return state == PAIR_HEARING || state == PAIR_GIVING || state == PAIR_WAITING;
}

static kith_err
hear_body(core *c, kith_bytes body)
{
    const core_pair_state state = c->identity->pair->state;
    kith_reader r = kith_reader_of(body);
    uint8_t type = 0;

    KITH_TRY(kith_read_u8(&r, &type));
    if (type == PAIR_BODY_SEALED && has_channel(state)) {
        return hear_piece(c, kith_reader_peek(&r));
    }
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        if (bodies[i].state == state && bodies[i].type == type) {
            return bodies[i].hear(c, kith_reader_peek(&r));
        }
    }
    return KITH_ERR_REJECTED;
}

/* ---- What arrives ---- */

/* Whether all that the new device needs has reached the rendezvous. */
static bool
is_given(const core_pair *pair)
{
    return pair->state == PAIR_GIVING && pair->out_at == pair->out.len && pair->in_flight == 0;
}

static kith_err
on_message(core *c, kith_bytes body)
{
    core_pair *pair = c->identity->pair;
    proto_rdv_message message = {0};

    KITH_TRY(proto_rdv_message_decode(body, &message));
    if (pair == NULL || !pair->has_number || message.number != pair->number) {
        return KITH_OK;
    }
    core_changed(c);
    const kith_err err = hear_body(c, message.body);
    if (err == KITH_OK || core_is_own_failure(err) || c->identity->pair == NULL) {
        return err;
    }
    /* The other side's fault, or somebody in between: one wrong word ends it. When the account was taken over only in
     * part, the transaction must fail instead. */
    KITH_ENSURE(c->account.state != CORE_ACCOUNT_READY || !c->identity->pair->is_new, err);
    return core_pair_end(c, KITH_ERR_REJECTED);
}

static kith_err
on_closed(core *c, kith_bytes body)
{
    core_pair *pair = c->identity->pair;
    proto_rdv_closed closed = {0};

    KITH_TRY(proto_rdv_closed_decode(body, &closed));
    if (pair == NULL || !pair->has_number || closed.number != pair->number) {
        return KITH_OK;
    }
    pair->has_number = false;
    if (is_given(pair)) {
        return core_pair_end(c, KITH_OK);
    }
    /* A new device that leaves without a proof had another code, or met another server. */
    return core_pair_end(c,
                         pair->state == PAIR_CONFIRMING ? KITH_ERR_REJECTED : KITH_ERR_NOT_FOUND);
}

kith_err
core_pair_push(core *c, uint8_t type, kith_bytes body)
{
    return type == PROTO_RDV_MESSAGE ? on_message(c, body) : on_closed(c, body);
}

kith_err
core_pair_link_changed(core *c, bool is_open)
{
    const core_pair *pair = c->identity->pair;

    /* An offer that has no number yet can wait for the connection. */
    if (pair == NULL || is_open || pair->state == PAIR_OPENING) {
        return KITH_OK;
    }
    return core_pair_end(c, is_given(pair) ? KITH_OK : KITH_ERR_OFFLINE);
}
