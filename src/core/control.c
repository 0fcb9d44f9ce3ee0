/* SPDX-License-Identifier: MPL-2.0 */
/* What devices tell each other without showing it: queueing, and what concerns conversations. */
#include <string.h>

#include "core/conv.h"

/* ---- Sending ---- */

static kith_err
queue_control(core *c, core_conv *conv, kith_bytes payload)
{
    KITH_AUTO(kith_buf) content = {.alloc = c->env.alloc};
    content_message message = {.kind = CONTENT_CONTROL, .body = payload};

    if (conv->state == CORE_CHAT_LEFT || conv->state == CORE_CHAT_DECLINED || conv->is_leaving) {
        return KITH_OK; /* nobody would hear it */
    }
    KITH_TRY(core_random(c, message.salt, sizeof message.salt));
    core_head_say(c, &message.head);
    KITH_TRY(content_message_encode(&content, &message));
    return core_outbox_add(
        c, conv,
        &(core_outbound){.kind = CORE_ITEM_CONTROL, .content = kith_bytes_of_buf(&content)});
}

kith_err
core_conv_send_control(core *c, const uint8_t id[CORE_CONV_LEN], kith_bytes payload)
{
    core_conv *conv = core_conv_find(c, id);

    KITH_ENSURE(conv != NULL, KITH_ERR_NOT_FOUND);
    return queue_control(c, conv, payload);
}

/* Whether there is another device that hears, or is expected to. */
static kith_err
has_other_devices(core *c, const core_conv *own, bool *out)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    proto_list list;
    const uint64_t newest = core_list_newest(c, c->account.account);

    *out = own->roster.count > 0 && own->roster.items[0].devices > 1;
    if (newest == 0 || *out) {
        return KITH_OK;
    }
    KITH_TRY(core_list_get(c, c->account.account, newest, &bytes));
    KITH_TRY(proto_list_decode(kith_bytes_of_buf(&bytes), &list));
    for (size_t i = 0; i < list.device_count; i++) {
        const proto_device *device = &list.devices[i];
        *out = *out || (memcmp(device->device_id, c->account.device, CORE_DEVICE_LEN) != 0 &&
                        core_device_is_young(c, device));
    }
    return KITH_OK;
}

kith_err
core_own_send_control(core *c, kith_bytes payload)
{
    uint8_t own[CORE_CONV_LEN];
    bool is_heard = false;

    const kith_err err = core_conv_own(c, own);
    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    KITH_TRY(has_other_devices(c, core_conv_find(c, own), &is_heard));
    return is_heard ? core_conv_send_control(c, own, payload) : KITH_OK;
}

kith_err
core_control_send(core *c, core_conv *conv, const content_control *control)
{
    KITH_AUTO(kith_buf) payload = {.alloc = c->env.alloc};

    KITH_TRY(content_control_encode(&payload, control));
    return queue_control(c, conv, kith_bytes_of_buf(&payload));
}

kith_err
core_control_send_own(core *c, const content_control *control)
{
    KITH_AUTO(kith_buf) payload = {.alloc = c->env.alloc};

    KITH_TRY(content_control_encode(&payload, control));
    return core_own_send_control(c, kith_bytes_of_buf(&payload));
}

kith_err
core_control_tell_left(core *c, const core_conv *conv)
{
    content_control control = {.type = CONTENT_CONTROL_CONV_STATE,
                               .as.conv_state.state = CONTENT_CONV_LEFT};

    memcpy(control.as.conv_state.conv_id, conv->id, sizeof control.as.conv_state.conv_id);
    return core_control_send_own(c, &control);
}

/* ---- From own devices ---- */

/* The newest message that stands in the log at `seq` or before. */
static kith_err
find_by_seq(core *c, const core_conv *conv, uint64_t seq, uint64_t *out)
{
    KITH_AUTO(core_walk) walk = {.backwards = true, .bytes = {.alloc = c->env.alloc}};
    core_line line = {0};
    kith_err err = KITH_OK;

    while ((err = core_line_next(c, conv, &walk, &line)) == KITH_OK && walk.n > conv->read_n) {
        if (line.seq != 0 && line.seq <= seq) {
            *out = walk.n;
            return KITH_OK;
        }
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static kith_err
take_read_mark(core *c, const content_read_mark *mark)
{
    core_conv *conv = core_conv_find(c, mark->conv_id);
    uint64_t n = 0;

    if (conv == NULL || mark->seq <= conv->mark_seq) {
        return KITH_OK;
    }
    core_conv_touch(c, conv);
    conv->mark_seq = mark->seq;
    KITH_TRY(find_by_seq(c, conv, mark->seq, &n));
    return n == 0 ? KITH_OK : core_read_up_to(c, conv, n, true);
}

static kith_err
take_conv_state(core *c, const content_conv_state *state)
{
    core_conv *conv = core_conv_find(c, state->conv_id);

    if (conv == NULL || conv->roster.kind == CORE_CHAT_OWN) {
        return KITH_OK;
    }
    switch (state->state) {
    case CONTENT_CONV_LEFT:
        /* Whoever takes part reads in the log that it is over, and what was said before. */
        return conv->state == CORE_CHAT_BROKEN ? core_conv_set_state(c, conv, CORE_CHAT_LEFT)
                                               : KITH_OK;
    case CONTENT_CONV_DECLINED:
        return conv->state == CORE_CHAT_REQUEST ? core_conv_set_state(c, conv, CORE_CHAT_DECLINED)
                                                : KITH_OK;
    default:
        return conv->state == CORE_CHAT_REQUEST ? core_conv_set_state(c, conv, CORE_CHAT_ACTIVE)
                                                : KITH_OK;
    }
}

/* ---- Any control ---- */

static kith_err
hand_on(core *c, const core_conv *conv, const core_said *said, kith_bytes body)
{
    core_from from = {.is_own = core_account_is_own(c, said->account), .kind = conv->roster.kind};

    memcpy(from.conv, conv->id, sizeof from.conv);
    memcpy(from.account, said->account, sizeof from.account);
    return core_identity_control(c, &from, body);
}

kith_err
core_control_take(core *c, core_conv *conv, const core_said *said, kith_bytes body)
{
    const bool is_private =
        core_account_is_own(c, said->account) && conv->roster.kind == CORE_CHAT_OWN;
    content_control control;

    if (content_control_decode(body, &control) != KITH_OK) {
        return KITH_OK;
    }
    switch (control.type) {
    case CONTENT_CONTROL_READ_MARK:
        return is_private ? take_read_mark(c, &control.as.read_mark) : KITH_OK;
    case CONTENT_CONTROL_CONV_STATE:
        return is_private ? take_conv_state(c, &control.as.conv_state) : KITH_OK;
    case CONTENT_CONTROL_REJOIN:
        return core_repair_take(c, said, control.as.rejoin.conv_id);
    case CONTENT_CONTROL_HISTORY_REQUEST:
        return core_history_answer(c, conv, said, &control.as.history_request);
    case CONTENT_CONTROL_HISTORY:
        return core_history_take(c, said, &control.as.history);
    default:
        return hand_on(c, conv, said, body);
    }
}
