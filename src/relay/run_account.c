/* SPDX-License-Identifier: MPL-2.0 */
/* Accounts, device lists and tickets (docs/wire.md §3), in the writer. Checked first, written after. */
#include "relay/internal.h"

kith_err
relay_run_asker(const relay_run *run, relay_device *out, bool *is_listed)
{
    KITH_TRY(run->store->device_get(run->ctx, run->job->device_row, out));
    *is_listed = out->is_listed;
    if (!out->is_listed) {
        relay_job_refuse(run->job, KITH_ERR_DENIED);
    }
    return KITH_OK;
}

/* Whether the account's list of that version is `list`. */
static kith_err
is_stored(const relay_run *run, uint64_t account_row, const proto_list *list, kith_bytes bytes,
          bool *out)
{
    KITH_AUTO(kith_buf) stored = {.alloc = run->job->alloc};

    KITH_TRY(run->store->list_get(run->ctx, account_row, list->version, &stored));
    *out = kith_bytes_equal(kith_bytes_of_buf(&stored), bytes);
    return KITH_OK;
}

static kith_err
store_list(const relay_run *run, uint64_t account_row, const proto_list *list, kith_bytes bytes)
{
    KITH_TRY(run->store->list_add(run->ctx, account_row, list->version, bytes));
    KITH_TRY(run->store->devices_set(run->ctx, account_row, list->devices, list->device_count));
    return run->seal == NULL ? KITH_OK : relay_seal_add(run, list, bytes);
}

/* ---- ACCOUNT_CREATE ---- */

/* A ticket that still makes an account, with one use less. NOT_FOUND: it does not. */
static kith_err
find_ticket(const relay_run *run, relay_ticket *out)
{
    KITH_TRY(run->store->ticket_find(run->ctx, run->job->hash, out));
    KITH_ENSURE(out->expires_ms > run->now_ms && out->uses_left > 0, KITH_ERR_NOT_FOUND);
    out->uses_left--;
    return KITH_OK;
}

static kith_err
add_account(const relay_run *run, const proto_list *list)
{
    const kith_bytes bytes = run->job->in.account_create.list;
    uint64_t row = 0;

    KITH_TRY(run->store->account_add(run->ctx, run->job->account_id, &row));
    return store_list(run, row, list, bytes);
}

static kith_err
create_new(const relay_run *run, const proto_list *list)
{
    relay_ticket ticket = {0};

    if (run->job->is_operators) {
        return add_account(run, list);
    }
    const kith_err err = find_ticket(run, &ticket);
    if (err == KITH_ERR_NOT_FOUND) {
        relay_job_refuse(run->job, KITH_ERR_DENIED);
        return KITH_OK;
    }
    KITH_TRY(err);
    KITH_TRY(run->store->ticket_save(run->ctx, run->job->hash, &ticket));
    return add_account(run, list);
}

kith_err
relay_run_account_create(const relay_run *run)
{
    const kith_bytes bytes = run->job->in.account_create.list;
    relay_account account = {0};
    proto_list list;
    bool is_same = false;

    KITH_TRY(proto_list_decode(bytes, &list));
    const kith_err err = run->store->account_find(run->ctx, run->job->account_id, &account);
    if (err == KITH_ERR_NOT_FOUND) {
        return create_new(run, &list);
    }
    KITH_TRY(err);
    KITH_TRY(is_stored(run, account.row, &list, bytes, &is_same));
    if (!is_same) {
        relay_job_refuse(run->job, KITH_ERR_REJECTED);
    }
    return KITH_OK;
}

/* ---- LIST_PUT ---- */

/* What was put before is success again; anything else must follow the newest list. */
static kith_err
check_next(const relay_run *run, const relay_account *account, const proto_list *list)
{
    KITH_AUTO(kith_buf) newest = {.alloc = run->job->alloc};
    const kith_bytes bytes = run->job->in.list_put.list;
    bool is_same = false;

    if (list->version <= account->version) {
        KITH_TRY(is_stored(run, account->row, list, bytes, &is_same));
        return is_same ? KITH_ERR_EXISTS : KITH_ERR_REJECTED;
    }
    KITH_TRY(run->store->list_get(run->ctx, account->row, account->version, &newest));
    return proto_list_check_next(run->crypto, kith_bytes_of_buf(&newest), bytes, NULL);
}

static kith_err
put_next(const relay_run *run, const relay_account *account, const proto_list *list)
{
    relay_notice *notice = NULL;

    const kith_err err = check_next(run, account, list);
    if (err == KITH_ERR_EXISTS) {
        return KITH_OK;
    }
    if (err == KITH_ERR_REJECTED || err == KITH_ERR_MALFORMED) {
        relay_job_refuse(run->job, err);
        return KITH_OK;
    }
    KITH_TRY(err);
    KITH_TRY(store_list(run, account->row, list, run->job->in.list_put.list));
    return relay_job_tell(run->job, RELAY_NOTICE_LIST, account->row, &notice);
}

kith_err
relay_run_list_put(const relay_run *run)
{
    relay_account account = {0};
    relay_device asker = {0};
    proto_list list;
    bool is_listed = false;

    KITH_TRY(relay_run_asker(run, &asker, &is_listed));
    if (!is_listed) {
        return KITH_OK;
    }
    kith_err err = proto_list_decode(run->job->in.list_put.list, &list);
    if (err != KITH_OK) {
        relay_job_refuse(run->job, err);
        return KITH_OK;
    }
    err = run->store->account_find(run->ctx, list.account_id, &account);
    if (err == KITH_ERR_NOT_FOUND || (err == KITH_OK && account.row != asker.account_row)) {
        relay_job_refuse(run->job, KITH_ERR_REJECTED);
        return KITH_OK;
    }
    KITH_TRY(err);
    return put_next(run, &account, &list);
}

/* ---- INVITE_PUT ---- */

static kith_err
add_ticket(const relay_run *run)
{
    const proto_invite_put *in = &run->job->in.invite_put;
    const relay_ticket ticket = {.account_row = run->job->account_row,
                                 .expires_ms = in->expires_ms,
                                 .uses_left = PROTO_TICKET_USES};
    uint32_t count = 0;

    KITH_TRY(run->store->ticket_count(run->ctx, run->job->account_row, run->now_ms, &count));
    if (count >= PROTO_INVITES_MAX) {
        relay_job_refuse(run->job, KITH_ERR_LIMIT);
        return KITH_OK;
    }
    return run->store->ticket_save(run->ctx, in->ticket_hash, &ticket);
}

kith_err
relay_run_invite_put(const relay_run *run)
{
    relay_device asker = {0};
    relay_ticket ticket = {0};
    bool is_listed = false;

    KITH_TRY(relay_run_asker(run, &asker, &is_listed));
    if (!is_listed) {
        return KITH_OK;
    }
    const kith_err err =
        run->store->ticket_find(run->ctx, run->job->in.invite_put.ticket_hash, &ticket);
    if (err == KITH_ERR_NOT_FOUND) {
        return add_ticket(run);
    }
    KITH_TRY(err);
    if (ticket.account_row != asker.account_row) {
        relay_job_refuse(run->job, KITH_ERR_DENIED);
    }
    return KITH_OK;
}
