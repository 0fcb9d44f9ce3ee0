/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Who may be in an epoch [docs/wire.md §7]: each leaf is a device on the list of its account, at the version that the
 * epoch is bound to. So whoever can read is whom the accounts' owners have listed; neither the server nor a member can
 * slip another one in. A listed device without a leaf reads nothing (it may never have come to life): its own account's
 * devices bring it in as soon as it can be.
 */
#include <stdlib.h>
#include <string.h>

#include "core/conv.h"

/* ---- One credential at a time: what mls asks ---- */

static kith_err
read_credential(mls_identity identity, proto_credential *out)
{
    KITH_ENSURE(identity.type == MLS_CREDENTIAL_BASIC, KITH_ERR_REJECTED);
    return proto_credential_decode(identity.data, out);
}

/* A member never shows another credential than that of the same device. */
static kith_err
check_replaced(const mls_check *check, const proto_credential *now)
{
    proto_credential before;

    KITH_TRY(read_credential(check->before, &before));
    KITH_ENSURE(memcmp(before.account_id, now->account_id, sizeof before.account_id) == 0,
                KITH_ERR_REJECTED);
    KITH_ENSURE(kith_bytes_equal(check->before_signature_key, check->signature_key),
                KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
check_credential(void *ctx, const mls_check *check)
{
    core *c = ctx;
    proto_credential credential;

    KITH_ENSURE(check->purpose != MLS_CHECK_EXTERNAL && check->purpose != MLS_CHECK_SENDER,
                KITH_ERR_REJECTED);
    KITH_TRY(read_credential(check->identity, &credential));
    if (check->purpose == MLS_CHECK_REPLACED) {
        KITH_TRY(check_replaced(check, &credential));
    }
    return proto_credential_verify(c->env.crypto, &credential, check->signature_key);
}

void
core_roster_init(core *c)
{
    c->mls.check = check_credential;
    c->mls.ctx = c;
}

kith_err
core_member_account(const mls_member *member, uint8_t account[CORE_ACCOUNT_LEN])
{
    proto_credential credential;

    KITH_TRY(read_credential(member->identity, &credential));
    memcpy(account, credential.account_id, CORE_ACCOUNT_LEN);
    return KITH_OK;
}

/* ---- A whole epoch ---- */

/* The accounts of an epoch's leaves, each once and in order, with how many leaves it has. */
static int
compare_parties(const void *a, const void *b)
{
    return memcmp(((const core_party *)a)->account, ((const core_party *)b)->account,
                  CORE_ACCOUNT_LEN);
}

static kith_err
collect_leaves(const mls_epoch *epoch, core_roster *roster)
{
    uint32_t cursor = 0;
    mls_member member;

    while (mls_epoch_member_next(epoch, &cursor, &member)) {
        KITH_TRY(kith_mem_grow(roster->alloc, (void **)&roster->items, &roster->cap,
                               roster->count + 1, sizeof *roster->items));
        core_party *party = &roster->items[roster->count];
        KITH_TRY(core_member_account(&member, party->account));
        party->devices = 1;
        roster->count++;
    }
    return KITH_OK;
}

static kith_err
collect_accounts(const mls_epoch *epoch, core_roster *roster)
{
    size_t count = 0;

    KITH_TRY(collect_leaves(epoch, roster));
    KITH_ENSURE(roster->count > 0, KITH_ERR_REJECTED);
    qsort(roster->items, roster->count, sizeof *roster->items, compare_parties);
    for (size_t i = 0; i < roster->count; i++) {
        if (count > 0 && compare_parties(&roster->items[count - 1], &roster->items[i]) == 0) {
            roster->items[count - 1].devices++;
        } else {
            roster->items[count++] = roster->items[i];
        }
    }
    KITH_ENSURE(count <= CORE_ACCOUNTS_MAX, KITH_ERR_LIMIT);
    roster->count = count;
    return KITH_OK;
}

kith_err
core_roster_extension(const mls_epoch *epoch, proto_conversation *out)
{
    mls_ext second;
    kith_bytes data = {0};

    /* Nothing else may be agreed on in a group: an external sender, say, could add members. */
    KITH_ENSURE(mls_epoch_extension_at(epoch, 1, &second) == KITH_ERR_NOT_FOUND, KITH_ERR_REJECTED);
    KITH_ENSURE(mls_epoch_extension(epoch, PROTO_CONVERSATION_EXTENSION, &data) == KITH_OK,
                KITH_ERR_REJECTED);
    return proto_conversation_decode(data, out);
}

static kith_err
read_versions(const mls_epoch *epoch, core_roster *roster, proto_conversation *conversation)
{
    KITH_TRY(core_roster_extension(epoch, conversation));
    KITH_ENSURE(proto_conversation_count(conversation) == roster->count, KITH_ERR_REJECTED);
    for (size_t i = 0; i < roster->count; i++) {
        roster->items[i].version = proto_conversation_version(conversation, i);
        KITH_ENSURE(roster->items[i].version > 0, KITH_ERR_REJECTED);
    }
    roster->kind = (core_chat_kind)conversation->kind;
    if (conversation->title.len > 0) {
        memcpy(roster->title, conversation->title.data, conversation->title.len);
    }
    roster->title[conversation->title.len] = 0;
    /* Shown as text that ends at a zero. */
    KITH_ENSURE(strlen(roster->title) == conversation->title.len, KITH_ERR_REJECTED);
    return KITH_OK;
}

/* Asks for all lists that are not here, so that one wait is enough. */
static kith_err
want_lists(core *c, const core_roster *roster, uint8_t missing[CORE_ACCOUNT_LEN])
{
    bool is_missing = false;

    for (size_t i = 0; i < roster->count; i++) {
        const core_party *party = &roster->items[i];
        if (core_list_newest(c, party->account) >= party->version) {
            continue;
        }
        KITH_TRY(core_list_want(c, party->account, party->version));
        if (missing != NULL && !is_missing) {
            memcpy(missing, party->account, CORE_ACCOUNT_LEN);
        }
        is_missing = true;
    }
    return is_missing ? KITH_ERR_CONFLICT : KITH_OK;
}

kith_err
core_roster_entry(core *c, const uint8_t account[CORE_ACCOUNT_LEN], uint64_t version,
                  proto_roster_entry *out)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    proto_roster_entry entry = {.version = version};

    KITH_TRY(core_list_get(c, account, version, &bytes));
    memcpy(entry.account_id, account, sizeof entry.account_id);
    KITH_TRY(proto_list_hash(c->env.crypto, kith_bytes_of_buf(&bytes), entry.list_hash));
    *out = entry;
    return KITH_OK;
}

/* As many listed devices have a leaf as there are leaves of the account: so no leaf is without a listed device. */
static kith_err
check_devices(const mls_epoch *epoch, const core_party *party, const proto_list *list)
{
    size_t found = 0;

    for (size_t i = 0; i < list->device_count; i++) {
        const proto_device *device = &list->devices[i];
        proto_credential credential;
        mls_member member;
        if (mls_epoch_member_find(epoch, device->signature_key, &member) != KITH_OK) {
            continue;
        }
        found++;
        KITH_TRY(read_credential(member.identity, &credential));
        KITH_ENSURE(memcmp(credential.account_id, party->account, CORE_ACCOUNT_LEN) == 0 &&
                        memcmp(credential.device_id, device->device_id, CORE_DEVICE_LEN) == 0,
                    KITH_ERR_REJECTED);
    }
    KITH_ENSURE(found == party->devices, KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
check_party(core *c, const mls_epoch *epoch, const core_party *party, proto_roster_entry *entry)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
    proto_list list;

    KITH_TRY(core_list_get(c, party->account, party->version, &bytes));
    KITH_TRY(proto_list_decode(kith_bytes_of_buf(&bytes), &list));
    KITH_TRY(check_devices(epoch, party, &list));
    return core_roster_entry(c, party->account, party->version, entry);
}

/* Allocated entries for the digest. */
typedef struct entry_list {
    const kith_alloc *alloc;
    proto_roster_entry *items;
    size_t count;
} entry_list;

static void
entry_list_done(entry_list *list)
{
    kith_mem_free(list->alloc, list->items, list->count * sizeof *list->items);
}

static kith_err
check_parties(core *c, const mls_epoch *epoch, const core_roster *roster,
              const proto_conversation *conversation)
{
    KITH_AUTO(entry_list) entries = {.alloc = c->env.alloc};

    entries.items = kith_mem_zalloc(c->env.alloc, roster->count, sizeof *entries.items);
    KITH_ENSURE(entries.items != NULL, KITH_ERR_NO_MEMORY);
    entries.count = roster->count;
    for (size_t i = 0; i < roster->count; i++) {
        KITH_TRY(check_party(c, epoch, &roster->items[i], &entries.items[i]));
    }
    return proto_conversation_check(c->env.crypto, conversation, entries.items, entries.count);
}

/* What the kind of a conversation allows. An epoch 0 has its founder only. */
static kith_err
check_kind(const core *c, const mls_epoch *epoch, const core_roster *roster)
{
    KITH_ENSURE(core_roster_find(roster, c->account.account) != NULL, KITH_ERR_REJECTED);
    switch (roster->kind) {
    case CORE_CHAT_DIRECT:
        KITH_ENSURE(roster->count == 2 || mls_epoch_number(epoch) == 0, KITH_ERR_REJECTED);
        return KITH_OK;
    case CORE_CHAT_OWN:
        KITH_ENSURE(roster->count == 1, KITH_ERR_REJECTED);
        return KITH_OK;
    default:
        return KITH_OK;
    }
}

/* The account keys of everybody are pinned by now, or differ from what is pinned. */
static kith_err
see_people(core *c, const core_roster *roster)
{
    for (size_t i = 0; i < roster->count; i++) {
        KITH_AUTO(kith_buf) bytes = {.alloc = c->env.alloc};
        proto_list list;
        if (core_account_is_own(c, roster->items[i].account)) {
            continue;
        }
        KITH_TRY(core_list_get(c, roster->items[i].account, roster->items[i].version, &bytes));
        KITH_TRY(proto_list_decode(kith_bytes_of_buf(&bytes), &list));
        KITH_TRY(core_person_seen(c, roster->items[i].account, list.account_key));
    }
    return KITH_OK;
}

kith_err
core_roster_read(core *c, const mls_epoch *epoch, core_roster *out,
                 uint8_t missing[CORE_ACCOUNT_LEN])
{
    KITH_AUTO(core_roster) roster = {.alloc = c->env.alloc};
    proto_conversation conversation;

    KITH_TRY(collect_accounts(epoch, &roster));
    KITH_TRY(read_versions(epoch, &roster, &conversation));
    KITH_TRY(check_kind(c, epoch, &roster));
    KITH_TRY(want_lists(c, &roster, missing));
    KITH_TRY(check_parties(c, epoch, &roster, &conversation));
    KITH_TRY(see_people(c, &roster));
    core_roster_done(out);
    *out = roster;
    roster = (core_roster){0};
    return KITH_OK;
}

kith_err
core_roster_follows(const core_roster *now, const core_roster *next)
{
    KITH_ENSURE(next->kind == now->kind, KITH_ERR_REJECTED);
    for (size_t i = 0; i < now->count; i++) {
        const core_party *party = core_roster_find(next, now->items[i].account);
        KITH_ENSURE(party != NULL || now->kind == CORE_CHAT_GROUP, KITH_ERR_REJECTED);
        KITH_ENSURE(party == NULL || party->version >= now->items[i].version, KITH_ERR_REJECTED);
    }
    /* A direct conversation has its second account since its first commit, and keeps both. */
    KITH_ENSURE(now->kind == CORE_CHAT_GROUP || now->count == next->count ||
                    (now->count == 1 && now->kind == CORE_CHAT_DIRECT),
                KITH_ERR_REJECTED);
    return KITH_OK;
}
