/* SPDX-License-Identifier: MPL-2.0 */
/* What follows when a group has come to a new epoch: token, subscription, lines of the system, wishes fulfilled. */
#include <string.h>

#include "core/conv.h"

kith_err
core_epoch_token(const mls_epoch *epoch, uint8_t out[CORE_TOKEN_LEN])
{
    KITH_AUTO(kith_secret) token = {0};

    KITH_TRY(mls_epoch_export(epoch, "kith/1 log token", (kith_bytes){0}, CORE_TOKEN_LEN, &token));
    memcpy(out, token.data, CORE_TOKEN_LEN);
    return KITH_OK;
}

kith_err
core_conv_enter(core *c, core_conv *conv)
{
    const mls_epoch *epoch = mls_group_epoch(conv->group);

    core_conv_touch(c, conv);
    KITH_TRY(core_epoch_token(epoch, conv->token));
    conv->epoch = mls_epoch_number(epoch);
    conv->is_tree_dirty = true;
    conv->sub = CORE_SUB_NONE;
    conv->is_stale = false;
    conv->denied = 0;
    conv->stalled = 0;
    conv->change_ms = 0;
    conv->rejoin_count = 0;
    return KITH_OK;
}

/* ---- Who wants to leave ---- */

static bool
is_listed(const kith_buf *accounts, const uint8_t *account)
{
    for (size_t at = 0; at < accounts->len; at += CORE_ACCOUNT_LEN) {
        if (memcmp(accounts->data + at, account, CORE_ACCOUNT_LEN) == 0) {
            return true;
        }
    }
    return false;
}

/* A proposal to remove a leaf of another account than the proposer's is nobody's wish to leave. */
static kith_err
read_leaver(const mls_epoch *epoch, const mls_pending *pending, kith_buf *out)
{
    mls_member sender;
    mls_member target;
    uint8_t account[CORE_ACCOUNT_LEN];
    uint8_t removed[CORE_ACCOUNT_LEN];

    if (pending->type != MLS_PROPOSAL_REMOVE ||
        mls_epoch_member_at(epoch, pending->sender, &sender) != KITH_OK ||
        mls_epoch_member_at(epoch, pending->leaf_index, &target) != KITH_OK) {
        return KITH_OK;
    }
    KITH_TRY(core_member_account(&sender, account));
    KITH_TRY(core_member_account(&target, removed));
    if (memcmp(account, removed, sizeof account) != 0 || is_listed(out, account)) {
        return KITH_OK;
    }
    return kith_buf_append(out, KITH_BYTES(account));
}

kith_err
core_conv_leavers(core *c, core_conv *conv, kith_buf *out)
{
    KITH_TRY(core_conv_load(c, conv));
    const size_t count = mls_group_pending_count(conv->group);
    for (size_t i = 0; i < count; i++) {
        mls_pending pending;
        KITH_TRY(mls_group_pending_at(conv->group, i, &pending));
        KITH_TRY(read_leaver(mls_group_epoch(conv->group), &pending, out));
    }
    return KITH_OK;
}

/* ---- Lines of the system ---- */

static bool
has_left(const core_step *step, const uint8_t *account)
{
    for (size_t i = 0; i < step->leaver_count; i++) {
        if (memcmp(step->leavers[i], account, CORE_ACCOUNT_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static kith_err
add_line(core *c, core_conv *conv, const core_step *step, core_message_kind kind,
         const uint8_t *subject)
{
    core_line line = {.seq = step->seq, .sent_ms = step->time_ms};
    const bool by_itself = kind == CORE_MESSAGE_MEMBER_LEFT || kind == CORE_MESSAGE_DEVICES_CHANGED;
    const uint8_t *sender = by_itself ? subject : step->committer;

    memcpy(line.subject, subject, sizeof line.subject);
    if (sender != NULL) {
        memcpy(line.sender, sender, sizeof line.sender);
    }
    return core_line_system(c, conv, kind, &line);
}

static kith_err
tell_gone(core *c, core_conv *conv, const core_step *step)
{
    for (size_t i = 0; i < conv->roster.count; i++) {
        const uint8_t *account = conv->roster.items[i].account;
        if (core_roster_find(step->roster, account) == NULL) {
            KITH_TRY(add_line(c, conv, step,
                              has_left(step, account) ? CORE_MESSAGE_MEMBER_LEFT
                                                      : CORE_MESSAGE_MEMBER_REMOVED,
                              account));
        }
    }
    return KITH_OK;
}

static kith_err
tell_come(core *c, core_conv *conv, const core_step *step)
{
    for (size_t i = 0; i < step->roster->count; i++) {
        const core_party *party = &step->roster->items[i];
        const core_party *before = core_roster_find(&conv->roster, party->account);
        if (before == NULL) {
            KITH_TRY(add_line(c, conv, step, CORE_MESSAGE_MEMBER_ADDED, party->account));
        } else if (before->version < party->version) {
            KITH_TRY(add_line(c, conv, step, CORE_MESSAGE_DEVICES_CHANGED, party->account));
        }
    }
    return KITH_OK;
}

/* The people whom a group was made of are no news to whoever made it, nor is the peer of a direct conversation. */
static kith_err
tell_changes(core *c, core_conv *conv, const core_step *step)
{
    const core_chat_kind kind = step->roster->kind;

    if (step->seq == 0 || kind == CORE_CHAT_OWN || conv->epoch == 0) {
        return KITH_OK;
    }
    KITH_TRY(tell_gone(c, conv, step));
    return tell_come(c, conv, step);
}

static void
remember_peer(core *c, core_conv *conv, const core_roster *roster)
{
    for (size_t i = 0; roster->kind == CORE_CHAT_DIRECT && i < roster->count; i++) {
        if (!core_account_is_own(c, roster->items[i].account)) {
            memcpy(conv->peer, roster->items[i].account, sizeof conv->peer);
        }
    }
}

/* A proposal dies with its epoch. A commit that was made before the proposal was read, and stands behind it in the log,
 * leaves the leaver in: then it is taken out by the next one. */
static kith_err
keep_leavers(core *c, core_conv *conv, const core_step *step)
{
    for (size_t i = 0; i < step->leaver_count; i++) {
        core_wish wish = {.change = CORE_MEMBER_REMOVE};
        if (core_roster_find(&conv->roster, step->leavers[i]) == NULL ||
            core_wish_find(conv, step->leavers[i]) != NULL) {
            continue;
        }
        memcpy(wish.account, step->leavers[i], sizeof wish.account);
        KITH_TRY(core_wish_add(c, conv, &wish));
    }
    return KITH_OK;
}

kith_err
core_conv_step(core *c, core_conv *conv, const core_step *step)
{
    KITH_TRY(tell_changes(c, conv, step));
    core_conv_touch(c, conv);
    remember_peer(c, conv, step->roster);
    core_roster_done(&conv->roster);
    conv->roster = *step->roster;
    *step->roster = (core_roster){.alloc = c->env.alloc};
    if (step->seq != 0) {
        conv->commit_seq = step->seq;
    }
    KITH_TRY(core_conv_enter(c, conv));
    KITH_TRY(core_wishes_settle(c, conv, KITH_OK));
    KITH_TRY(keep_leavers(c, conv, step));
    core_conv_due(conv);
    if (conv->state == CORE_CHAT_OPENING) {
        return core_conv_set_state(c, conv, CORE_CHAT_ACTIVE);
    }
    return core_event_chat(c, conv->id);
}
