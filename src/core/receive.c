/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What one entry of a log says. Every entry is a liar's until it is checked. A bad message is skipped and the
 * conversation goes on; a bad commit is not followed, and the conversation stops there.
 */
#include <string.h>

#include "core/conv.h"

/* ---- Messages ---- */

static kith_err
take_application(core *c, core_conv *conv, const proto_entry *entry, const mls_received *received)
{
    proto_credential credential;
    core_said said = {.seq = entry->seq, .time_ms = entry->time_ms};

    if (received->sender_member.identity.type != MLS_CREDENTIAL_BASIC ||
        proto_credential_decode(received->sender_member.identity.data, &credential) != KITH_OK ||
        content_unpad(kith_bytes_of_buf(&received->plaintext), &said.content) != KITH_OK) {
        return KITH_OK;
    }
    said.account = credential.account_id;
    said.device = credential.device_id;
    return core_message_take(c, conv, &said);
}

static kith_err
add_gap(core *c, core_conv *conv, const proto_entry *entry)
{
    const core_line line = {.seq = entry->seq, .sent_ms = entry->time_ms};

    return core_line_system(c, conv, CORE_MESSAGE_GAP, &line);
}

/* ---- Proposals ---- */

/* An own device has left, for all of them. */
static kith_err
take_proposal(core *c, core_conv *conv)
{
    KITH_AUTO(kith_buf) leavers = {.alloc = c->env.alloc};

    core_conv_touch(c, conv);
    core_conv_due(conv);
    KITH_TRY(core_conv_leavers(c, conv, &leavers));
    for (size_t at = 0; at < leavers.len; at += CORE_ACCOUNT_LEN) {
        if (core_account_is_own(c, leavers.data + at)) {
            return core_conv_set_state(c, conv, CORE_CHAT_LEFT);
        }
    }
    return KITH_OK;
}

/* ---- Commits ---- */

/* Whether the newest own list, which must reach `version`, has this device. CONFLICT: it is not here yet. */
static kith_err
is_own_device_listed(core *c, core_conv *conv, uint64_t version, bool *out)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    proto_list list;
    const uint64_t newest = core_list_newest(c, c->account.account);

    if (newest < version) {
        memcpy(conv->stall_account, c->account.account, sizeof conv->stall_account);
        KITH_TRY(core_list_want(c, c->account.account, version));
        return KITH_ERR_CONFLICT;
    }
    KITH_TRY(core_list_get(c, c->account.account, newest, &bytes));
    KITH_TRY(proto_list_decode(kith_bytes_of_buf(&bytes), &list));
    *out = proto_list_find(&list, c->account.device) != NULL;
    return KITH_OK;
}

/* The bound version of the own account in an epoch that this device is not in; 0: the account is not in it. */
static kith_err
own_version(core *c, const mls_epoch *epoch, uint64_t *out)
{
    proto_conversation conversation;
    KITH_AUTO(kith_buf) before = {.alloc = c->env.alloc};
    uint32_t cursor = 0;
    mls_member member;
    uint8_t account[CORE_ACCOUNT_LEN];
    bool is_in = false;

    KITH_TRY(core_roster_extension(epoch, &conversation));
    /* The place in the sorted accounts: how many different ones sort before. */
    while (mls_epoch_member_next(epoch, &cursor, &member)) {
        KITH_TRY(core_member_account(&member, account));
        const int order = memcmp(account, c->account.account, sizeof account);
        is_in = is_in || order == 0;
        bool is_new = order < 0;
        for (size_t at = 0; is_new && at < before.len; at += sizeof account) {
            is_new = memcmp(before.data + at, account, sizeof account) != 0;
        }
        if (is_new) {
            KITH_TRY(kith_buf_append(&before, KITH_BYTES(account)));
        }
    }
    const size_t place = before.len / sizeof account;
    *out = is_in && place < proto_conversation_count(&conversation)
               ? proto_conversation_version(&conversation, place)
               : 0;
    return KITH_OK;
}

static kith_err
add_removed_line(core *c, core_conv *conv, const proto_entry *entry, const mls_epoch *epoch,
                 uint32_t committer)
{
    core_line line = {.seq = entry->seq, .sent_ms = entry->time_ms};
    mls_member member;

    memcpy(line.subject, c->account.account, sizeof line.subject);
    if (mls_epoch_member_at(epoch, committer, &member) == KITH_OK) {
        KITH_TRY(core_member_account(&member, line.sender));
    }
    return core_line_system(c, conv, CORE_MESSAGE_MEMBER_REMOVED, &line);
}

/* Whether this device is among the members again, with keys of a package of its own. */
static bool
is_back(const core *c, const mls_epoch *epoch)
{
    const kith_bytes own = crypto_sign_key_public(c->device_key);
    mls_member member;

    return mls_epoch_member_find(epoch, own, &member) == KITH_OK;
}

static bool
is_added_again(const core *c, const mls_epoch *epoch)
{
    uint32_t cursor = 0;
    mls_member member;
    proto_credential credential;

    while (mls_epoch_member_next(epoch, &cursor, &member)) {
        if (proto_credential_decode(member.identity.data, &credential) == KITH_OK &&
            memcmp(credential.device_id, c->account.device, CORE_DEVICE_LEN) == 0) {
            return true;
        }
    }
    return false;
}

/* Removed: with the whole account from a group, or because the own list says so. Anything else is no removal that
 * this account's person or the group wanted, and is undone by a device that is still in it. */
static kith_err
take_removal(core *c, core_conv *conv, const proto_entry *entry, const mls_staged *staged)
{
    const mls_epoch *epoch = mls_staged_epoch(staged);
    uint64_t version = 0;
    bool is_listed = false;

    if (is_added_again(c, epoch)) {
        return core_conv_await(c, conv);
    }
    if (own_version(c, epoch, &version) != KITH_OK) {
        return core_conv_break(c, conv, "roster");
    }
    if (version == 0 && conv->roster.kind == CORE_CHAT_GROUP) {
        KITH_TRY(add_removed_line(c, conv, entry, epoch, mls_staged_describe(staged).committer));
        return core_conv_set_state(c, conv, CORE_CHAT_LEFT);
    }
    KITH_TRY(is_own_device_listed(c, conv, version, &is_listed));
    if (!is_listed) {
        return core_conv_set_state(c, conv, CORE_CHAT_LEFT);
    }
    KITH_TRY(core_conv_break(c, conv, NULL));
    if (is_back(c, epoch)) {
        conv->repair_ms = c->now_ms + CORE_REPAIR_MS; /* the Welcome is on its way */
    }
    return KITH_OK;
}

static bool
is_plain(const mls_staged_info *info)
{
    return !info->is_external && !info->reinit && info->psk_count == 0;
}

/* Checks the epoch that a commit leads to and fills `step`, whose roster the caller owns. */
static kith_err
check_commit(core *c, core_conv *conv, const mls_staged *staged, core_roster *roster)
{
    const mls_staged_info info = mls_staged_describe(staged);

    KITH_ENSURE(is_plain(&info), KITH_ERR_REJECTED);
    KITH_TRY(core_roster_read(c, mls_staged_epoch(staged), roster, conv->stall_account));
    return core_roster_follows(&conv->roster, roster);
}

static kith_err
committer_of(const mls_staged *staged, uint8_t account[CORE_ACCOUNT_LEN])
{
    mls_member member;

    KITH_TRY(mls_epoch_member_at(mls_staged_epoch(staged), mls_staged_describe(staged).committer,
                                 &member));
    return core_member_account(&member, account);
}

/* Goes to the epoch of `*staged` (taken), or of the own commit when that is NULL. */
static kith_err
follow(core *c, core_conv *conv, const proto_entry *entry, mls_staged **staged)
{
    KITH_AUTO(core_roster) roster = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) leavers = {.alloc = c->env.alloc};
    uint8_t committer[CORE_ACCOUNT_LEN];
    const mls_staged *next = staged != NULL ? *staged : mls_group_own_staged(conv->group);

    KITH_TRY(check_commit(c, conv, next, &roster));
    KITH_TRY(committer_of(next, committer));
    KITH_TRY(core_conv_leavers(c, conv, &leavers));
    KITH_TRY(core_conv_use(c, conv));
    core_repair_note(c, conv, next);
    if (staged != NULL) {
        KITH_TRY(core_change_dropped(c, conv));
        mls_group_apply(conv->group, staged);
    } else {
        KITH_TRY(core_change_accepted(c, conv));
        mls_group_apply_own(conv->group);
    }
    return core_conv_step(c, conv,
                          &(core_step){.roster = &roster,
                                       .seq = entry->seq,
                                       .time_ms = entry->time_ms,
                                       .committer = committer,
                                       .leavers = (const uint8_t(*)[CORE_ACCOUNT_LEN])leavers.data,
                                       .leaver_count = leavers.len / CORE_ACCOUNT_LEN});
}

static kith_err
take_commit(core *c, core_conv *conv, const proto_entry *entry, mls_received *received)
{
    kith_err err = KITH_OK;

    if (received->kind == MLS_KIND_OWN_COMMIT) {
        err = follow(c, conv, entry, NULL);
    } else if (mls_staged_describe(received->staged).removes_self) {
        return take_removal(c, conv, entry, received->staged);
    } else {
        err = follow(c, conv, entry, &received->staged);
    }
    if (err == KITH_OK || err == KITH_ERR_CONFLICT || core_err_is_own(err)) {
        return err;
    }
    return core_conv_break(c, conv, "roster");
}

/* ---- Any entry ---- */

static kith_err
take(core *c, core_conv *conv, const proto_entry *entry, mls_received *received)
{
    switch (received->kind) {
    case MLS_KIND_APPLICATION:
        KITH_TRY(core_conv_use(c, conv));
        return take_application(c, conv, entry, received);
    case MLS_KIND_PROPOSAL:
        KITH_TRY(core_conv_use(c, conv));
        return take_proposal(c, conv);
    default:
        return take_commit(c, conv, entry, received);
    }
}

/* What could not be opened. */
static kith_err
take_failure(core *c, core_conv *conv, const proto_entry *entry, kith_err err)
{
    if (core_err_is_own(err)) {
        return err;
    }
    if (entry->kind == PROTO_ENTRY_COMMIT) {
        /* A commit of an epoch that is over cannot stand here: the log has one for each epoch. */
        return core_conv_break(c, conv, err == KITH_ERR_OUT_OF_STEP ? NULL : "commit");
    }
    return err == KITH_ERR_OUT_OF_STEP ? add_gap(c, conv, entry) : KITH_OK;
}

/* Whether it is what the server was told it is: a commit that came as something else would end the epoch for the
 * members and not for the server. */
static bool
is_as_announced(const proto_entry *entry)
{
    mls_peek peek;

    if (mls_message_peek(entry->message, &peek) != KITH_OK) {
        return false;
    }
    switch (entry->kind) {
    case PROTO_ENTRY_APPLICATION:
        return peek.content == MLS_CONTENT_APPLICATION;
    case PROTO_ENTRY_COMMIT:
        return peek.content == MLS_CONTENT_COMMIT;
    default:
        return peek.content == MLS_CONTENT_PROPOSAL;
    }
}

kith_err
core_receive(core *c, core_conv *conv, const proto_entry *entry)
{
    KITH_AUTO(mls_received) received = {0};
    bool is_ours = false;

    KITH_TRY(core_outbox_seen(c, conv, entry, &is_ours));
    if (is_ours) {
        return KITH_OK;
    }
    KITH_TRY(core_conv_load(c, conv));
    const kith_err err = is_as_announced(entry) ? mls_group_receive(conv->group, entry->message,
                                                                    core_time_s(c), &received)
                                                : KITH_ERR_REJECTED;
    if (err == KITH_ERR_EXISTS && entry->kind != PROTO_ENTRY_COMMIT) {
        return KITH_OK;
    }
    return err == KITH_OK ? take(c, conv, entry, &received) : take_failure(c, conv, entry, err);
}
