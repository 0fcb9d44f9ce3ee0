/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Falling out of step, and back: a conversation that cannot be followed stands still, a device that is in step is
 * asked to remove this one and add it again, and what was said meanwhile is asked for. A conversation whose members
 * broke the rules stays as it is: nothing brings it back but a person.
 */
#include <string.h>

#include "core/conv.h"

/* Stands still; a peer is asked at `repair_ms`. */
static kith_err
stand_still(core *c, core_conv *conv, uint64_t repair_ms)
{
    core_conv_touch(c, conv);
    KITH_TRY(core_change_dropped(c, conv));
    core_packs_clear(conv);
    conv->sub = CORE_SUB_NONE;
    conv->broken_ms = c->now_ms;
    conv->repair_ms = repair_ms;
    conv->repairs = 0;
    return core_conv_set_state(c, conv, CORE_CHAT_BROKEN);
}

kith_err
core_conv_await(core *c, core_conv *conv)
{
    return stand_still(c, conv, c->now_ms + CORE_REPAIR_MS);
}

kith_err
core_conv_break(core *c, core_conv *conv, const char *what)
{
    const core_line gap = {.sent_ms = core_time_ms(c)};

    if (!core_conv_is_live(conv)) {
        return KITH_OK;
    }
    KITH_TRY(core_line_system(c, conv, CORE_MESSAGE_GAP, &gap));
    KITH_TRY(stand_still(c, conv, 0));
    conv->broken_ms = what == NULL ? c->now_ms : 0;
    return what == NULL ? KITH_OK : core_event_alarm(c, conv->id, NULL, what);
}

/* ---- Asking ---- */

static bool
can_help(const core_conv *path, const core_conv *broken)
{
    if (path == broken || path->state != CORE_CHAT_ACTIVE) {
        return false;
    }
    if (path->roster.kind == CORE_CHAT_OWN) {
        return path->roster.items[0].devices > 1;
    }
    return path->roster.kind == CORE_CHAT_DIRECT &&
           core_roster_find(&broken->roster, path->peer) != NULL;
}

/* Own devices first, then one other participant after the other. */
static core_conv *
find_path(core *c, const core_conv *broken)
{
    core_conv *paths[8];
    size_t count = 0;

    for (size_t i = 0; i < c->convs->count && count < 8; i++) {
        core_conv *path = c->convs->items[i];
        if (!can_help(path, broken)) {
            continue;
        }
        paths[count++] = path;
        if (path->roster.kind == CORE_CHAT_OWN) {
            paths[count - 1] = paths[0];
            paths[0] = path;
        }
    }
    return count == 0 ? NULL : paths[broken->repairs % count];
}

kith_err
core_repair_pump(core *c, core_conv *conv)
{
    content_control control = {.type = CONTENT_CONTROL_REJOIN};

    if (conv->state != CORE_CHAT_BROKEN || conv->broken_ms == 0) {
        return KITH_OK;
    }
    if (!core_is_due(c, conv->repair_ms)) {
        core_wake_at(c, conv->repair_ms);
        return KITH_OK;
    }
    core_conv *path = find_path(c, conv);
    /* What waits is heard late, perhaps when this device is long back. */
    const bool is_heard_soon = path != NULL && path->item_count == 0 &&
                               core_link_ready(c, CORE_LINK_ANON) && core_log_is_read(path);
    conv->repair_ms = c->now_ms + (is_heard_soon ? CORE_REPAIR_MS : CORE_RETRY_MS);
    core_wake_at(c, conv->repair_ms);
    if (!is_heard_soon) {
        return KITH_OK;
    }
    conv->repairs++;
    memcpy(control.as.rejoin.conv_id, conv->id, sizeof control.as.rejoin.conv_id);
    return core_control_send(c, path, &control);
}

/* ---- Being asked ---- */

/* The device must be one that the asking account has in the conversation now. */
static kith_err
is_member(core *c, core_conv *conv, const core_said *said, bool *out)
{
    uint32_t cursor = 0;
    mls_member member;
    proto_credential credential;

    *out = false;
    KITH_TRY(core_conv_load(c, conv));
    while (mls_epoch_member_next(mls_group_epoch(conv->group), &cursor, &member)) {
        if (proto_credential_decode(member.identity.data, &credential) == KITH_OK &&
            memcmp(credential.account_id, said->account, CORE_ACCOUNT_LEN) == 0 &&
            memcmp(credential.device_id, said->device, CORE_DEVICE_LEN) == 0) {
            *out = true;
        }
    }
    return KITH_OK;
}

void
core_repair_note(core *c, core_conv *conv, const mls_staged *next)
{
    const uint32_t committer = mls_staged_describe(next).committer;
    mls_change change;
    proto_credential credential;

    /* One that is removed and added takes its old place. */
    for (size_t i = 0; mls_staged_change(next, i, &change) == KITH_OK; i++) {
        if (change.kind == MLS_REMOVED || change.leaf_index == committer ||
            proto_credential_decode(change.after.identity.data, &credential) != KITH_OK) {
            continue;
        }
        core_fresh *fresh = &conv->fresh[conv->fresh_at++ % CORE_FRESH];
        memcpy(fresh->device, credential.device_id, sizeof fresh->device);
        fresh->since_ms = c->now_ms;
    }
}

/* Several devices are asked, each at its own time: when one has done it, the others must not do it again. */
static bool
is_fresh(const core *c, const core_conv *conv, const uint8_t device[CORE_DEVICE_LEN])
{
    for (size_t i = 0; i < CORE_FRESH; i++) {
        const core_fresh *fresh = &conv->fresh[i];
        if (fresh->since_ms <= c->now_ms && c->now_ms - fresh->since_ms < CORE_FRESH_MS &&
            memcmp(fresh->device, device, CORE_DEVICE_LEN) == 0) {
            return true;
        }
    }
    return false;
}

kith_err
core_repair_take(core *c, const core_said *said, const uint8_t id[CORE_CONV_LEN])
{
    core_conv *conv = core_conv_find(c, id);
    bool is_in = false;

    if (conv != NULL && conv->state == CORE_CHAT_LEFT && core_account_is_own(c, said->account)) {
        return core_control_tell_left(c, conv);
    }
    if (conv == NULL || conv->state != CORE_CHAT_ACTIVE || conv->rejoin_count == CORE_REJOINS_MAX ||
        memcmp(said->device, c->account.device, CORE_DEVICE_LEN) == 0 ||
        is_fresh(c, conv, said->device)) {
        return KITH_OK;
    }
    KITH_TRY(is_member(c, conv, said, &is_in));
    if (!is_in) {
        return KITH_OK;
    }
    core_conv_touch(c, conv);
    memcpy(conv->rejoins[conv->rejoin_count++], said->device, CORE_DEVICE_LEN);
    core_conv_due(conv);
    return KITH_OK;
}

/* ---- Back ---- */

static bool
can_ask_own(core *c)
{
    uint8_t id[CORE_CONV_LEN];

    if (core_conv_own(c, id) != KITH_OK) {
        return false;
    }
    const core_conv *own = core_conv_find(c, id);
    return own->state == CORE_CHAT_ACTIVE && own->roster.items[0].devices > 1;
}

kith_err
core_repair_done(core *c, core_conv *conv, uint64_t since_ms)
{
    content_control control = {.type = CONTENT_CONTROL_HISTORY_REQUEST,
                               .as.history_request.from_ms = since_ms};

    memcpy(control.as.history_request.conv_id, conv->id, sizeof control.as.history_request.conv_id);
    /* Own devices may say what anybody said; a peer speaks for itself, in this very conversation. */
    if (can_ask_own(c)) {
        conv->history_ms = c->now_ms + CORE_HISTORY_WAIT_MS;
        return core_control_send_own(c, &control);
    }
    return conv->roster.kind == CORE_CHAT_DIRECT ? core_control_send(c, conv, &control) : KITH_OK;
}
