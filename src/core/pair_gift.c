/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the old device gives to the new one [docs/wire.md §9]: the account's key and name, every version of its list,
 * the names of its devices, people, open invites and recent history.
 */
#include <string.h>

#include "core/pair.h"

#define GIFT_FORMAT 1u

/* Borrows from the gift. */
typedef struct pair_gift {
    kith_bytes account_private;
    kith_bytes name;
    kith_bytes lists; /* read with proto_blob_next */
    kith_bytes device_names;
    kith_bytes people;
    kith_bytes invites;
    kith_bytes history;
} pair_gift;

/* ---- Making it ---- */

static kith_err
export_lists(core *c, kith_buf *out)
{
    const uint64_t newest = core_list_newest(c, c->account.account);

    for (uint64_t version = 1; version <= newest; version++) {
        KITH_AUTO(kith_buf) list = {.alloc = c->env.alloc};
        KITH_TRY(core_list_get(c, c->account.account, version, &list));
        KITH_TRY(proto_blob_append(out, kith_bytes_of_buf(&list)));
    }
    return KITH_OK;
}

static kith_err
export_history(core *c, kith_buf *out)
{
    return core_history_export(c, CORE_HISTORY_BYTES, out);
}

static kith_err
write_part(core *c, kith_err (*export)(core *c, kith_buf *out), kith_writer *w)
{
    KITH_AUTO(kith_buf) part = {.alloc = c->env.alloc};

    KITH_TRY(export(c, &part));
    return kith_write_vec32(w, kith_bytes_of_buf(&part));
}

kith_err
core_pair_gift_make(core *c, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_u8(&w, GIFT_FORMAT));
    KITH_TRY(kith_write_vec8(&w, crypto_sign_key_private(c->account_key)));
    KITH_TRY(kith_write_vec8(&w, kith_bytes_of_text(c->account.name)));
    KITH_TRY(write_part(c, export_lists, &w));
    KITH_TRY(write_part(c, core_device_names_export, &w));
    KITH_TRY(write_part(c, core_people_export, &w));
    KITH_TRY(write_part(c, core_invites_export, &w));
    return write_part(c, export_history, &w);
}

/* ---- Taking it ---- */

static kith_err
read_gift(kith_bytes bytes, pair_gift *out)
{
    kith_reader r = kith_reader_of(bytes);
    uint8_t format = 0;

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == GIFT_FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_vec8(&r, &out->account_private));
    KITH_TRY(kith_read_vec8(&r, &out->name));
    KITH_TRY(kith_read_vec32(&r, &out->lists));
    KITH_TRY(kith_read_vec32(&r, &out->device_names));
    KITH_TRY(kith_read_vec32(&r, &out->people));
    KITH_TRY(kith_read_vec32(&r, &out->invites));
    KITH_TRY(kith_read_vec32(&r, &out->history));
    KITH_TRY(kith_reader_finish(&r));
    KITH_ENSURE(core_text_is_good(out->name, CORE_NAME_MAX), KITH_ERR_MALFORMED);
    return KITH_OK;
}

/* Checks the whole chain; the last list is `*newest`. */
static kith_err
check_chain(core *c, kith_bytes lists, proto_list *newest)
{
    kith_reader r = kith_reader_of(lists);
    kith_bytes previous = {0};

    while (!kith_reader_done(&r)) {
        kith_bytes list = {0};
        KITH_TRY(proto_blob_next(&r, &list));
        KITH_TRY(previous.len == 0 ? proto_list_check_first(c->env.crypto, list, NULL, newest)
                                   : proto_list_check_next(c->env.crypto, previous, list, newest));
        previous = list;
    }
    KITH_ENSURE(previous.len > 0, KITH_ERR_REJECTED);
    return KITH_OK;
}

/* The newest list must be the account's whose key was given, and have this device with its key. */
static kith_err
check_newest(const core_pair *pair, const crypto_sign_key *account_key, const proto_list *list)
{
    const proto_device *own = proto_list_find(list, pair->device_id);

    KITH_ENSURE(kith_bytes_equal(list->account_key, crypto_sign_key_public(account_key)),
                KITH_ERR_REJECTED);
    KITH_ENSURE(own != NULL &&
                    kith_bytes_equal(own->signature_key, KITH_BYTES(pair->device_public)),
                KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
store_lists(core *c, kith_bytes lists)
{
    kith_reader r = kith_reader_of(lists);

    while (!kith_reader_done(&r)) {
        kith_bytes list = {0};
        KITH_TRY(proto_blob_next(&r, &list));
        KITH_TRY(core_list_accept(c, c->account.account, list));
    }
    return KITH_OK;
}

/* Nothing has been stored yet: from here on this is a device of the account. */
static void
become_device(core *c, const proto_list *list, const pair_gift *gift)
{
    core_pair *pair = c->identity->pair;

    c->account.state = CORE_ACCOUNT_READY;
    memcpy(c->account.account, list->account_id, sizeof c->account.account);
    memcpy(c->account.device, pair->device_id, sizeof c->account.device);
    core_name_set(c->account.name, gift->name);
    memcpy(c->identity->server_key, pair->server_key, sizeof c->identity->server_key);
    c->device_key = pair->device_key;
    pair->device_key = NULL;
}

static kith_err
store_gift(core *c, const pair_gift *gift)
{
    core_event made = {.kind = CORE_EVENT_ACCOUNT};
    core_event devices = {.kind = CORE_EVENT_DEVICES};

    memcpy(made.account, c->account.account, sizeof made.account);
    KITH_TRY(core_account_save(c));
    KITH_TRY(store_lists(c, gift->lists));
    KITH_TRY(core_device_names_import(c, gift->device_names));
    KITH_TRY(core_device_name_set(c, c->account.device,
                                  kith_bytes_of_text(c->identity->pair->device_name)));
    KITH_TRY(core_people_import(c, gift->people));
    KITH_TRY(core_invites_import(c, gift->invites));
    KITH_TRY(core_history_import(c, gift->history));
    c->identity->told_version = c->account.list_version;
    KITH_TRY(core_event_add(c, &made));
    return core_event_add(c, &devices);
}

typedef struct owned_key {
    crypto_sign_key *key;
} owned_key;

static void
owned_key_done(owned_key *owned)
{
    crypto_sign_key_free(owned->key);
}

kith_err
core_pair_gift_take(core *c, kith_bytes bytes)
{
    pair_gift gift = {0};
    proto_list newest = {0};
    KITH_AUTO(owned_key) account = {0};

    KITH_TRY(read_gift(bytes, &gift));
    KITH_TRY(
        crypto_sign_key_import(c->env.crypto, CRYPTO_ED25519, gift.account_private, &account.key));
    KITH_TRY(check_chain(c, gift.lists, &newest));
    KITH_TRY(check_newest(c->identity->pair, account.key, &newest));
    core_changed(c);
    c->account_key = account.key;
    account.key = NULL;
    become_device(c, &newest, &gift);
    return store_gift(c, &gift);
}
