/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one way in which members change: a commit that removes and adds until the leaves are the devices of the newest
 * lists of the wanted accounts. It is in the store, with the group that waits for it, before it is on the wire; the
 * same bytes are repeated until the server has taken or refused them; and it is applied where it stands in the log.
 */
#include <string.h>

#include "core/conv.h"
#include "core/record.h"

/* Tag of an answer: which of our changes it is about. */
static uint64_t
tag_of(const uint8_t append_id[CORE_APPEND_LEN])
{
    uint64_t tag = 0;

    memcpy(&tag, append_id, sizeof tag);
    return tag;
}

/* ---- Wishes ---- */

static core_key
wish_key(const core_conv *conv, const core_wish *wish)
{
    return core_key_of(core_conv_key(conv), KITH_BYTES(wish->account));
}

core_wish *
core_wish_find(core_conv *conv, const uint8_t account[CORE_ACCOUNT_LEN])
{
    for (size_t i = 0; i < conv->wish_count; i++) {
        if (memcmp(conv->wishes[i].account, account, CORE_ACCOUNT_LEN) == 0) {
            return &conv->wishes[i];
        }
    }
    return NULL;
}

kith_err
core_wish_add(core *c, core_conv *conv, const core_wish *wish)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    const core_key key = wish_key(conv, wish);

    core_conv_touch(c, conv);
    KITH_TRY(core_wish_encode(&value, wish));
    KITH_TRY(kith_mem_grow(c->env.alloc, (void **)&conv->wishes, &conv->wish_cap,
                           conv->wish_count + 1, sizeof *conv->wishes));
    KITH_TRY(core_put(c, CORE_TABLE_WISH, core_key_bytes(&key), kith_bytes_of_buf(&value)));
    conv->wishes[conv->wish_count++] = *wish;
    core_conv_due(conv);
    return KITH_OK;
}

static kith_err
end_wish(core *c, core_conv *conv, size_t at, kith_err err)
{
    const core_wish wish = conv->wishes[at];
    const core_key key = wish_key(conv, &wish);

    KITH_TRY(core_erase(c, CORE_TABLE_WISH, core_key_bytes(&key)));
    conv->wishes[at] = conv->wishes[--conv->wish_count];
    return wish.op == 0 ? KITH_OK : core_op_done(c, wish.op, err);
}

static bool
is_fulfilled(const core_conv *conv, const core_wish *wish)
{
    const bool is_in = core_roster_find(&conv->roster, wish->account) != NULL;

    return wish->change == CORE_MEMBER_ADD ? is_in : !is_in;
}

kith_err
core_wishes_settle(core *c, core_conv *conv, kith_err err)
{
    for (size_t i = conv->wish_count; i-- > 0;) {
        if (err != KITH_OK || is_fulfilled(conv, &conv->wishes[i])) {
            KITH_TRY(end_wish(c, conv, i, err));
        }
    }
    return KITH_OK;
}

/* ---- What waits ---- */

static kith_err
store_change(core *c, core_conv *conv, const core_change_record *change)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};

    KITH_TRY(core_change_encode(&value, change));
    KITH_TRY(core_put(c, CORE_TABLE_CHANGE, core_conv_key(conv), kith_bytes_of_buf(&value)));
    conv->waiting = (core_waiting){.is_there = true, .is_proposal = change->is_proposal};
    memcpy(conv->waiting.append_id, change->append_id, CORE_APPEND_LEN);
    return KITH_OK;
}

static kith_err
erase_change(core *c, core_conv *conv)
{
    KITH_TRY(core_erase(c, CORE_TABLE_CHANGE, core_conv_key(conv)));
    core_conv_touch(c, conv);
    conv->waiting = (core_waiting){0};
    core_conv_due(conv);
    return KITH_OK;
}

kith_err
core_change_dropped(core *c, core_conv *conv)
{
    if (!conv->waiting.is_there) {
        return KITH_OK;
    }
    if (!conv->waiting.is_proposal) {
        KITH_TRY(core_conv_use(c, conv));
        mls_group_discard_own(conv->group);
    }
    return erase_change(c, conv);
}

static kith_err
send_welcome(core *c, const core_change_record *change)
{
    KITH_AUTO(kith_buf) devices = {.alloc = c->env.alloc};
    kith_reader r = kith_reader_of(change->joiners);
    size_t count = 0;

    while (!kith_reader_done(&r)) {
        core_device_ref device;
        KITH_TRY(kith_read_copy(&r, device.account, sizeof device.account));
        KITH_TRY(kith_read_copy(&r, device.device, sizeof device.device));
        KITH_TRY(kith_buf_append(&devices, kith_bytes_of(&device, sizeof device)));
        count++;
    }
    if (count == 0) {
        return KITH_OK;
    }
    return core_puts_add(c, &(core_welcome){.message = change->welcome,
                                            .devices = (const core_device_ref *)devices.data,
                                            .count = count});
}

kith_err
core_change_accepted(core *c, core_conv *conv)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    core_change_record change = {0};

    KITH_TRY(core_get(c, CORE_TABLE_CHANGE, core_conv_key(conv), &value));
    KITH_TRY(core_change_decode(kith_bytes_of_buf(&value), &change));
    KITH_TRY(send_welcome(c, &change));
    core_packs_clear(conv);
    return erase_change(c, conv);
}

/* ---- On the wire ---- */

static kith_err
finish_leave(core *c, core_conv *conv)
{
    KITH_TRY(erase_change(c, conv));
    return core_conv_set_state(c, conv, CORE_CHAT_LEFT);
}

static kith_err
note_conflict(core *c, core_conv *conv, const core_answer *answer)
{
    KITH_TRY(core_change_dropped(c, conv));
    if (answer->detail != 0 && answer->detail < conv->next_seq) {
        /* The commit that began this epoch: it was not known yet. */
        conv->commit_seq = answer->detail;
        return KITH_OK;
    }
    conv->is_stale = true;
    return KITH_OK;
}

static kith_err
note_refusal(core *c, core_conv *conv, const core_answer *answer)
{
    switch (answer->err) {
    case KITH_ERR_CONFLICT:
        return note_conflict(c, conv, answer);
    case KITH_ERR_DENIED:
    case KITH_ERR_NOT_FOUND:
        /* The subscription tells whether the token is unknown. */
        KITH_TRY(core_change_dropped(c, conv));
        conv->sub = CORE_SUB_NONE;
        core_conv_pause(c, conv, answer);
        return KITH_OK;
    case KITH_ERR_LIMIT:
    case KITH_ERR_MALFORMED:
    case KITH_ERR_REJECTED:
        KITH_TRY(core_change_dropped(c, conv));
        core_conv_pause(c, conv, answer);
        return core_wishes_settle(c, conv, answer->err);
    default:
        core_conv_pause(c, conv, answer);
        return KITH_OK;
    }
}

static kith_err
on_append(core *c, const core_tag *tag, const core_answer *answer)
{
    core_conv *conv = core_conv_find(c, tag->id);

    if (conv == NULL || answer->err == KITH_ERR_OFFLINE || !conv->waiting.is_there ||
        tag_of(conv->waiting.append_id) != tag->n) {
        return KITH_OK;
    }
    core_conv_touch(c, conv);
    conv->waiting.in_flight = false;
    if (answer->err != KITH_OK) {
        return note_refusal(c, conv, answer);
    }
    conv->waiting.is_accepted = true;
    return conv->waiting.is_proposal ? finish_leave(c, conv) : KITH_OK;
}

static kith_err
send_change(core *c, core_conv *conv, const core_change_record *change)
{
    proto_conv_append append = {.kind =
                                    change->is_proposal ? PROTO_ENTRY_PROPOSAL : PROTO_ENTRY_COMMIT,
                                .parent = change->parent,
                                .readers = change->readers,
                                .message = change->message};
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    core_request out = {.link = CORE_LINK_ANON, .type = PROTO_CONV_APPEND, .answer = on_append};

    memcpy(append.conv_id, conv->id, sizeof append.conv_id);
    memcpy(append.token, change->token, sizeof append.token);
    memcpy(append.append_id, change->append_id, sizeof append.append_id);
    memcpy(append.next_token_hash, change->next_token_hash, sizeof append.next_token_hash);
    KITH_TRY(proto_conv_append_encode(&body, &append));
    memcpy(out.tag.id, conv->id, sizeof out.tag.id);
    out.tag.n = tag_of(change->append_id);
    out.body = kith_bytes_of_buf(&body);
    const kith_err err = core_link_request(c, &out);
    if (err == KITH_ERR_OFFLINE || err == KITH_ERR_BUSY) {
        return KITH_OK;
    }
    KITH_TRY(err);
    conv->waiting.in_flight = true;
    return KITH_OK;
}

static kith_err
send_waiting(core *c, core_conv *conv)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    core_change_record change = {0};

    if (!conv->is_open || conv->waiting.in_flight || conv->waiting.is_accepted) {
        return KITH_OK;
    }
    KITH_TRY(core_get(c, CORE_TABLE_CHANGE, core_conv_key(conv), &value));
    KITH_TRY(core_change_decode(kith_bytes_of_buf(&value), &change));
    return send_change(c, conv, &change);
}

/* ---- Leaving ---- */

static bool
is_anything_in_flight(const core_conv *conv)
{
    for (size_t i = 0; i < conv->item_count; i++) {
        if (conv->items[i].in_flight) {
            return true;
        }
    }
    return false;
}

static kith_err
start_leave(core *c, core_conv *conv)
{
    KITH_AUTO(kith_buf) message = {.alloc = c->env.alloc};
    core_change_record change = {.is_proposal = true};

    if (conv->roster.count <= 1 && conv->roster.items[0].devices <= 1) {
        return finish_leave(c, conv); /* nobody is there to be told, not even an own device */
    }
    if (conv->is_stale || !core_log_is_read(conv) || is_anything_in_flight(conv)) {
        return KITH_OK;
    }
    KITH_TRY(core_conv_use(c, conv));
    const mls_proposal_params proposal = {.type = MLS_PROPOSAL_REMOVE,
                                          .leaf_index =
                                              mls_epoch_own_leaf(mls_group_epoch(conv->group))};
    KITH_TRY(mls_group_propose(conv->group, &proposal, (kith_bytes){0}, core_time_s(c), &message));
    KITH_TRY(core_append_id(c, change.append_id));
    memcpy(change.token, conv->token, sizeof change.token);
    change.message = kith_bytes_of_buf(&message);
    KITH_TRY(store_change(c, conv, &change));
    return send_waiting(c, conv);
}

/* ---- Making a commit ---- */

/* What a commit is made of; the arrays are borrowed by `params`. */
typedef struct draft {
    const kith_alloc *alloc;
    mls_proposal_params *proposals;
    size_t count;
    kith_buf extension;
    mls_ext ext;
    kith_buf joiners;
    kith_buf commit;
    kith_buf welcome;
} draft;

static void
draft_done(draft *d)
{
    kith_mem_free(d->alloc, d->proposals, d->count * sizeof *d->proposals);
    kith_buf_done(&d->extension);
    kith_buf_done(&d->joiners);
    kith_buf_done(&d->commit);
    kith_buf_done(&d->welcome);
}

static kith_err
fill_extension(core *c, const core_conv *conv, const core_plan *plan, draft *d)
{
    const proto_conversation_draft conversation = {.kind =
                                                       (proto_conversation_kind)conv->roster.kind,
                                                   .title = kith_bytes_of_text(conv->roster.title),
                                                   .entries = plan->entries,
                                                   .count = plan->entry_count};

    KITH_TRY(proto_conversation_make(c->env.crypto, &conversation, &d->extension));
    d->ext =
        (mls_ext){.type = PROTO_CONVERSATION_EXTENSION, .data = kith_bytes_of_buf(&d->extension)};
    return KITH_OK;
}

static kith_err
fill_draft(core *c, core_conv *conv, const core_plan *plan, draft *d)
{
    size_t at = 0;

    d->count = plan->remove_count + plan->add_count + 1;
    d->proposals = kith_mem_zalloc(c->env.alloc, d->count, sizeof *d->proposals);
    KITH_ENSURE(d->proposals != NULL, KITH_ERR_NO_MEMORY);
    for (size_t i = 0; i < plan->remove_count; i++) {
        d->proposals[at++] =
            (mls_proposal_params){.type = MLS_PROPOSAL_REMOVE, .leaf_index = plan->removes[i]};
    }
    for (size_t i = 0; i < plan->add_count; i++) {
        const core_pack *pack = &conv->packs[plan->adds[i]];
        d->proposals[at++] = (mls_proposal_params){
            .type = MLS_PROPOSAL_ADD, .key_package = kith_bytes_of_buf(&pack->package)};
        KITH_TRY(kith_buf_append(&d->joiners, KITH_BYTES(pack->device.account)));
        KITH_TRY(kith_buf_append(&d->joiners, KITH_BYTES(pack->device.device)));
    }
    KITH_TRY(fill_extension(c, conv, plan, d));
    d->proposals[at] = (mls_proposal_params){
        .type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS, .extensions = &d->ext, .extension_count = 1};
    return KITH_OK;
}

static kith_err
store_commit(core *c, core_conv *conv, const draft *d)
{
    const mls_epoch *next = mls_staged_epoch(mls_group_own_staged(conv->group));
    core_change_record change = {.parent = conv->commit_seq,
                                 .readers = (uint16_t)mls_epoch_member_count(next),
                                 .message = kith_bytes_of_buf(&d->commit),
                                 .welcome = kith_bytes_of_buf(&d->welcome),
                                 .joiners = kith_bytes_of_buf(&d->joiners)};
    uint8_t token[CORE_TOKEN_LEN];

    KITH_TRY(core_epoch_token(next, token));
    KITH_TRY(crypto_sha256(c->env.crypto, KITH_BYTES(token), change.next_token_hash));
    kith_wipe(token, sizeof token);
    KITH_TRY(core_append_id(c, change.append_id));
    memcpy(change.token, conv->token, sizeof change.token);
    return store_change(c, conv, &change);
}

/* The packages of this plan are no good together: other ones are asked for later. */
static void
drop_packs(core *c, core_conv *conv, const core_plan *plan)
{
    for (size_t i = 0; i < plan->add_count; i++) {
        core_pack *pack = &conv->packs[plan->adds[i]];
        kith_buf_done(&pack->package);
        pack->state = CORE_PACK_MISSING;
        pack->retry_ms = c->now_ms + CORE_PAUSE_MAX_MS;
    }
}

static bool
is_too_large(const core_conv *conv, const draft *d)
{
    const mls_epoch *next = mls_staged_epoch(mls_group_own_staged(conv->group));

    return d->commit.len > PROTO_MESSAGE_MAX || d->welcome.len + 1 > PROTO_MESSAGE_MAX ||
           mls_epoch_member_count(next) > PROTO_READERS_MAX;
}

/* What this device would not follow it does not send either. */
static kith_err
check_staged(core *c, const core_conv *conv)
{
    KITH_AUTO(core_roster) roster = {.alloc = c->env.alloc};
    const mls_epoch *next = mls_staged_epoch(mls_group_own_staged(conv->group));

    KITH_TRY(core_roster_read(c, next, &roster, NULL));
    return core_roster_follows(&conv->roster, &roster);
}

static kith_err
send_staged(core *c, core_conv *conv, const draft *d)
{
    const kith_err err = check_staged(c, conv);

    if (core_err_is_own(err)) {
        return err;
    }
    if (err != KITH_OK || is_too_large(conv, d)) {
        mls_group_discard_own(conv->group);
        conv->pause_ms = c->now_ms + CORE_PAUSE_MAX_MS;
        return err == KITH_OK ? core_wishes_settle(c, conv, KITH_ERR_LIMIT) : KITH_OK;
    }
    KITH_TRY(store_commit(c, conv, d));
    return send_waiting(c, conv);
}

static kith_err
stage(core *c, core_conv *conv, const core_plan *plan)
{
    KITH_AUTO(draft) d = {.alloc = c->env.alloc,
                          .extension = {.alloc = c->env.alloc},
                          .joiners = {.alloc = c->env.alloc},
                          .commit = {.alloc = c->env.alloc},
                          .welcome = {.alloc = c->env.alloc}};

    KITH_TRY(fill_draft(c, conv, plan, &d));
    KITH_TRY(core_conv_use(c, conv));
    /* Whoever wants to leave is among the removes; nobody's other proposals are followed. */
    const mls_commit_params params = {.proposals = d.proposals,
                                      .proposal_count = d.count,
                                      .skip_pending = true,
                                      .now_s = core_time_s(c)};
    const kith_err err = mls_group_commit(conv->group, &params, &d.commit, &d.welcome);
    if (err == KITH_ERR_REJECTED || err == KITH_ERR_UNSUPPORTED || err == KITH_ERR_MALFORMED) {
        drop_packs(c, conv, plan);
        return KITH_OK;
    }
    KITH_TRY(err);
    return send_staged(c, conv, &d);
}

/* ---- The pump ---- */

/* What the plan lacks may come earlier: then it is looked at at once. */
static void
look_again(core *c, core_conv *conv, uint64_t retry_ms)
{
    conv->look_ms = retry_ms != 0 ? retry_ms : c->now_ms + CORE_PAUSE_MAX_MS;
    core_wake_at(c, conv->look_ms);
}

/* Whether it is this device's turn. With something to say, it does not wait for others. */
static kith_err
is_turn(core *c, core_conv *conv, const core_plan *plan, bool *out)
{
    if (plan->is_shared && conv->change_ms == 0) {
        KITH_TRY(core_jitter(c, CORE_JITTER_MS, &conv->change_ms));
    }
    *out = !plan->is_shared || (plan->is_must && conv->item_count > 0) ||
           core_is_due(c, conv->change_ms);
    if (!*out) {
        look_again(c, conv, conv->change_ms);
    }
    return KITH_OK;
}

static kith_err
follow_plan(core *c, core_conv *conv, const core_plan *plan)
{
    bool is_now = false;

    if (!plan->is_due) {
        core_conv_touch(c, conv);
        conv->is_due = false;
        conv->change_ms = 0;
        core_packs_clear(conv);
        return KITH_OK;
    }
    if (plan->is_missing) {
        look_again(c, conv, plan->retry_ms);
        return KITH_OK;
    }
    const bool is_empty =
        plan->add_count + plan->remove_count == 0 && mls_group_pending_count(conv->group) == 0;
    if (is_empty) {
        look_again(c, conv, plan->retry_ms);
        return KITH_OK;
    }
    KITH_TRY(is_turn(c, conv, plan, &is_now));
    return is_now ? stage(c, conv, plan) : KITH_OK;
}

static kith_err
look(core *c, core_conv *conv)
{
    KITH_AUTO(core_plan) plan = {.alloc = c->env.alloc};

    if (!core_is_due(c, conv->look_ms)) {
        core_wake_at(c, conv->look_ms);
        return KITH_OK;
    }
    if (c->convs->plans >= CORE_PLANS_MAX) {
        conv->is_must = true; /* until it is known */
        core_wake_at(c, c->now_ms);
        return KITH_OK;
    }
    c->convs->plans++;
    KITH_TRY(core_plan_make(c, conv, &plan));
    conv->is_must = plan.is_due && plan.is_must;
    return follow_plan(c, conv, &plan);
}

/* A conversation that a stranger began lives as soon as somebody in it is a contact. */
static kith_err
look_for_contact(core *c, core_conv *conv)
{
    for (size_t i = 0; i < conv->roster.count; i++) {
        const uint8_t *account = conv->roster.items[i].account;
        if (!core_account_is_own(c, account) &&
            core_person_state_of(c, account) == CORE_PERSON_CONTACT) {
            core_receipt_due(c, conv);
            return core_conv_set_state(c, conv, CORE_CHAT_ACTIVE);
        }
    }
    return KITH_OK;
}

kith_err
core_change_pump(core *c, core_conv *conv, bool *may_speak)
{
    *may_speak = false;
    if (conv->state == CORE_CHAT_REQUEST) {
        KITH_TRY(look_for_contact(c, conv));
        if (conv->state == CORE_CHAT_REQUEST) {
            return KITH_OK;
        }
    }
    if (conv->waiting.is_there) {
        return send_waiting(c, conv);
    }
    if (conv->is_leaving) {
        return start_leave(c, conv);
    }
    if (conv->is_stale) {
        return KITH_OK;
    }
    if (conv->is_due && core_log_is_read(conv)) {
        KITH_TRY(look(c, conv));
    }
    *may_speak = !conv->waiting.is_there && !(conv->is_due && conv->is_must);
    return KITH_OK;
}

/* ---- What was asked for ---- */

static kith_err
note_list(core *c, core_conv *conv, const uint8_t *account, kith_err err)
{
    core_wish *wish = core_wish_find(conv, account);
    const core_party *party = core_roster_find(&conv->roster, account);

    if (conv->sub == CORE_SUB_BLOCKED &&
        memcmp(conv->stall_account, account, CORE_ACCOUNT_LEN) == 0) {
        conv->sub = CORE_SUB_NONE;
        conv->stalled += err == KITH_OK ? 0 : 1;
        conv->pause_ms = err == KITH_OK ? 0 : c->now_ms + CORE_RETRY_MS;
    }
    if (wish != NULL && wish->change == CORE_MEMBER_ADD) {
        wish->is_listed = true;
        wish->err = err;
        if (err != KITH_OK && wish->op != 0 && core_list_newest(c, account) == 0) {
            return end_wish(c, conv, (size_t)(wish - conv->wishes), err);
        }
    }
    conv->look_ms = 0;
    if (party != NULL && !conv->is_due && core_list_newest(c, account) > party->version) {
        core_conv_touch(c, conv);
        core_conv_due(conv);
    }
    return KITH_OK;
}

kith_err
core_conv_on_list(core *c, const uint8_t account[CORE_ACCOUNT_LEN], kith_err err)
{
    for (size_t i = 0; i < c->convs->count; i++) {
        KITH_TRY(note_list(c, c->convs->items[i], account, err));
    }
    return core_inbox_on_list(c, err);
}

/* Whether the package is the device's own and can be used in the conversation. */
static kith_err
check_package(core *c, const core_conv *conv, const core_device_ref *device, kith_bytes package)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    proto_list list;
    proto_credential credential;
    mls_key_package_info info;

    KITH_TRY(mls_key_package_inspect(&c->mls, package, core_time_s(c), &info));
    KITH_ENSURE(info.suite == mls_epoch_suite(mls_group_epoch(conv->group)), KITH_ERR_UNSUPPORTED);
    KITH_TRY(core_list_get(c, device->account, core_list_newest(c, device->account), &bytes));
    KITH_TRY(proto_list_decode(kith_bytes_of_buf(&bytes), &list));
    KITH_TRY(proto_leaf_check(c->env.crypto, info.identity.data, info.signature_key, &list));
    KITH_TRY(proto_credential_decode(info.identity.data, &credential));
    KITH_ENSURE(memcmp(credential.device_id, device->device, CORE_DEVICE_LEN) == 0,
                KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
take_package(core *c, core_conv *conv, core_pack *pack, kith_bytes package)
{
    KITH_TRY(core_conv_load(c, conv));
    const kith_err err = check_package(c, conv, &pack->device, package);
    if (core_err_is_own(err)) {
        return err;
    }
    if (err != KITH_OK) {
        pack->state = CORE_PACK_MISSING;
        pack->retry_ms = c->now_ms + CORE_PAUSE_MAX_MS;
        return KITH_OK;
    }
    KITH_TRY(kith_buf_set(&pack->package, package));
    pack->state = CORE_PACK_HERE;
    return KITH_OK;
}

/* A device that was just linked comes within seconds; one that never came is not asked for all the time. */
static uint64_t
pause_after(uint32_t misses)
{
    const uint64_t pause = (uint64_t)CORE_RETRY_MS << (misses < 16 ? misses : 16);

    return pause < CORE_PAUSE_MAX_MS ? pause : CORE_PAUSE_MAX_MS;
}

/* A package is good for one conversation: the others ask again. That there is none is for all to know. */
kith_err
core_conv_on_package(core *c, const core_device_ref *device, kith_bytes package, kith_err err)
{
    const bool is_none = err != KITH_OK || package.len == 0;
    bool is_taken = false;

    for (size_t i = 0; i < c->convs->count; i++) {
        core_conv *conv = c->convs->items[i];
        core_pack *pack = core_pack_find(conv, device->device);
        if (pack == NULL || pack->state != CORE_PACK_WANTED || !core_conv_is_live(conv)) {
            continue;
        }
        conv->look_ms = 0;
        if (is_none) {
            pack->state = CORE_PACK_MISSING;
            pack->retry_ms = c->now_ms + pause_after(pack->misses++);
        } else if (!is_taken) {
            is_taken = true;
            KITH_TRY(take_package(c, conv, pack, package));
        }
    }
    return KITH_OK;
}
