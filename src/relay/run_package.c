/* SPDX-License-Identifier: MPL-2.0 */
/* KeyPackages (docs/wire.md §3), in the writer. What is in one is not known here. */
#include "relay/internal.h"

/* ---- KP_PUT ---- */

static kith_err
put_one_time(const relay_run *run, uint64_t device_row, uint32_t *count)
{
    kith_reader r = kith_reader_of(run->job->in.kp_put.one_time);
    uint8_t hash[CRYPTO_SHA256_LEN] = {0};
    kith_bytes package = {0};

    while (!kith_reader_done(&r) && *count < PROTO_KP_STORED_MAX) {
        KITH_TRY(proto_blob_next(&r, &package));
        KITH_TRY(crypto_sha256(run->crypto, package, hash));
        const kith_err err = run->store->kp_add(run->ctx, device_row, hash, package);
        KITH_ENSURE(err == KITH_OK || err == KITH_ERR_EXISTS, err);
        *count += err == KITH_OK ? 1 : 0;
    }
    return KITH_OK;
}

/* Those beyond what a device may have are not kept; the answer's count says so. */
kith_err
relay_run_kp_put(const relay_run *run)
{
    const kith_bytes last_resort = run->job->in.kp_put.last_resort;
    relay_device asker = {0};
    bool is_listed = false;
    uint32_t count = 0;

    KITH_TRY(relay_run_asker(run, &asker, &is_listed));
    if (!is_listed) {
        return KITH_OK;
    }
    KITH_TRY(run->store->kp_count(run->ctx, asker.row, &count));
    KITH_TRY(put_one_time(run, asker.row, &count));
    if (last_resort.len != 0) {
        KITH_TRY(run->store->kp_last_put(run->ctx, asker.row, last_resort));
    }
    const proto_kp_put_answer out = {.one_time_count = (uint16_t)count};
    return proto_kp_put_answer_encode(&run->job->answer, &out);
}

/* ---- KP_TAKE ---- */

static kith_err
tell_low(const relay_run *run, const relay_device *device)
{
    relay_notice *notice = NULL;
    uint32_t count = 0;

    KITH_TRY(run->store->kp_count(run->ctx, device->row, &count));
    if (count >= RELAY_KP_LOW) {
        return KITH_OK;
    }
    KITH_TRY(relay_job_tell(run->job, RELAY_NOTICE_KP_LOW, device->account_row, &notice));
    notice->device = device->row;
    notice->number = count;
    return KITH_OK;
}

/* Appends a one-time package if the asker may have one, else the last-resort one. NOT_FOUND: neither. */
static kith_err
take_package(const relay_run *run, const relay_device *device, kith_buf *out)
{
    relay_job *job = run->job;

    if (job->taken < job->allowance) {
        const kith_err err = run->store->kp_take(run->ctx, device->row, run->now_ms, out);
        if (err == KITH_OK) {
            job->taken++;
            return tell_low(run, device);
        }
        KITH_ENSURE(err == KITH_ERR_NOT_FOUND, err);
    }
    return run->store->kp_last_get(run->ctx, device->row, out);
}

/* Appends a package of the device to the answer; nothing when it has none or is not the account's. */
static kith_err
take_from(const relay_run *run, uint64_t account_row, const uint8_t *device_id, kith_buf *out)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = run->job->alloc};
    relay_device device = {0};

    kith_err err = run->store->device_find(run->ctx, account_row, device_id, &device);
    if (err == KITH_OK && device.is_listed) {
        err = take_package(run, &device, &bytes);
    }
    if (err == KITH_ERR_NOT_FOUND || (err == KITH_OK && !device.is_listed)) {
        return KITH_OK;
    }
    KITH_TRY(err);
    proto_package package = {.key_package = kith_bytes_of_buf(&bytes)};
    relay_copy_id(package.device_id, device_id, PROTO_DEVICE_ID_LEN);
    return proto_package_append(out, &package);
}

/* Whether `id` is among the bytes before those that `r` has left. */
static bool
is_named_before(kith_bytes ids, const kith_reader *r, kith_bytes id)
{
    kith_reader earlier = kith_reader_of(ids);
    kith_bytes other = {0};

    while (earlier.left > r->left + id.len &&
           kith_read_bytes(&earlier, PROTO_DEVICE_ID_LEN, &other) == KITH_OK) {
        if (kith_bytes_equal(other, id)) {
            return true;
        }
    }
    return false;
}

static kith_err
take_named(const relay_run *run, const relay_account *account, kith_buf *out)
{
    const kith_bytes ids = run->job->in.kp_take.device_ids;
    kith_reader r = kith_reader_of(ids);
    kith_bytes id = {0};

    while (!kith_reader_done(&r)) {
        KITH_TRY(kith_read_bytes(&r, PROTO_DEVICE_ID_LEN, &id));
        if (!is_named_before(ids, &r, id)) {
            KITH_TRY(take_from(run, account->row, id.data, out));
        }
    }
    return KITH_OK;
}

static kith_err
take_all(const relay_run *run, const relay_account *account, kith_buf *out)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = run->job->alloc};
    proto_list list;

    KITH_TRY(run->store->list_get(run->ctx, account->row, account->version, &bytes));
    KITH_TRY(proto_list_decode(kith_bytes_of_buf(&bytes), &list));
    for (size_t i = 0; i < list.device_count; i++) {
        KITH_TRY(take_from(run, account->row, list.devices[i].device_id, out));
    }
    return KITH_OK;
}

kith_err
relay_run_kp_take(const relay_run *run)
{
    KITH_AUTO(kith_buf) packages = {.alloc = run->job->alloc};
    const proto_kp_take *in = &run->job->in.kp_take;
    relay_account account = {0};

    const kith_err err = run->store->account_find(run->ctx, in->account_id, &account);
    if (err == KITH_ERR_NOT_FOUND) {
        relay_job_refuse(run->job, err);
        return KITH_OK;
    }
    KITH_TRY(err);
    if (in->device_ids.len != 0) {
        KITH_TRY(take_named(run, &account, &packages));
    } else {
        KITH_TRY(take_all(run, &account, &packages));
    }
    const proto_kp_take_answer out = {.packages = kith_bytes_of_buf(&packages)};
    return proto_kp_take_answer_encode(&run->job->answer, &out);
}
