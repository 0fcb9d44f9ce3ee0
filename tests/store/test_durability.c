/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The client's store through power loss, full disks and failing disks, at every storage operation of a
 * workload. KITH_SEEDS=N repeats the power losses with N different fates (default 4).
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "fakes/fake_disk.h"
#include "store/store.h"

/* The workload: transaction i puts VERSION = i and rewrites some of the slots with values that say i; some of
 * them are large, some slots are erased. What a slot must hold after transaction i can be computed. */
#define SLOTS 6u
#define TRANSACTIONS 12u
#define TABLE 5u

static const uint8_t key[STORE_CORE_KEY_LEN] = {9, 9};
static const uint8_t version_key[] = "version";

static size_t
seed_count(void)
{
    const char *text = getenv("KITH_SEEDS");

    return text != NULL ? (size_t)strtoul(text, NULL, 10) : 4;
}

static bool
touches(uint32_t transaction, uint8_t slot)
{
    return (transaction + slot) % 3 != 0;
}

/* The last of the first `transactions` transactions that touched the slot; 0: none. */
static uint32_t
last_touch(uint32_t transactions, uint8_t slot)
{
    uint32_t i = transactions;

    while (i > 0 && !touches(i, slot)) {
        i--;
    }
    return i;
}

static bool
erases(uint32_t transaction, uint8_t slot)
{
    return (transaction + slot) % 5 == 0;
}

static void
make_value(uint32_t transaction, uint8_t slot, kith_buf *out)
{
    const size_t len = slot % 2 == 0 ? 100 + transaction : 9000 + (size_t)transaction * 700;
    uint8_t *bytes = NULL;

    kith_buf_clear(out);
    assert_ok(kith_buf_extend(out, len, &bytes));
    memset(bytes, (int)transaction, len);
    bytes[0] = slot;
}

static kith_err
write_slot(core_store s, uint32_t transaction, uint8_t slot)
{
    KITH_AUTO(kith_buf) value = {0};

    if (!touches(transaction, slot)) {
        return KITH_OK;
    }
    if (erases(transaction, slot)) {
        return s.erase(s.ctx, TABLE, kith_bytes_of(&slot, 1));
    }
    make_value(transaction, slot, &value);
    return s.put(s.ctx, TABLE, kith_bytes_of(&slot, 1), kith_bytes_of_buf(&value));
}

static kith_err
write_transaction(core_store s, uint32_t transaction)
{
    const uint8_t version = (uint8_t)transaction;

    KITH_TRY(s.begin(s.ctx));
    for (uint8_t slot = 0; slot < SLOTS; slot++) {
        KITH_TRY(write_slot(s, transaction, slot));
    }
    KITH_TRY(s.put(s.ctx, TABLE, KITH_BYTES(version_key), kith_bytes_of(&version, 1)));
    return s.commit(s.ctx);
}

/* How many transactions the store holds, each of them completely and nothing else. */
static uint32_t
check_content(core_store s)
{
    KITH_AUTO(kith_buf) out = {0};
    KITH_AUTO(kith_buf) expected = {0};
    uint32_t version = 0;

    if (s.get(s.ctx, TABLE, KITH_BYTES(version_key), &out) == KITH_OK) {
        version = out.data[0];
    }
    for (uint8_t slot = 0; slot < SLOTS; slot++) {
        const uint32_t last = last_touch(version, slot);
        const bool is_there = last != 0 && !erases(last, slot);
        kith_buf_clear(&out);
        assert_err(s.get(s.ctx, TABLE, kith_bytes_of(&slot, 1), &out),
                   is_there ? KITH_OK : KITH_ERR_NOT_FOUND);
        if (is_there) {
            make_value(last, slot, &expected);
            assert_true(kith_bytes_equal(kith_bytes_of_buf(&out), kith_bytes_of_buf(&expected)));
        }
    }
    return version;
}

static kith_err
open_on(fake_disk *disk, store_core **out)
{
    const store_core_options options = {.vfs = fake_disk_name(disk)};

    return store_core_open("store", key, &options, out);
}

/* Runs transactions (with a checkpoint in between) until one fails; `*done`: how many were promised. */
static kith_err
run_workload(store_core *store, uint32_t *done)
{
    core_store s = store_core_port(store);

    for (uint32_t i = *done + 1; i <= TRANSACTIONS; i++) {
        KITH_TRY(write_transaction(s, i));
        *done = i;
        if (i % 5 == 0) {
            KITH_TRY(store_core_checkpoint(store));
        }
    }
    return KITH_OK;
}

static kith_err
open_and_run(fake_disk *disk, store_core **store, uint32_t *done)
{
    KITH_TRY(open_on(disk, store));
    return run_workload(*store, done);
}

static uint64_t
count_ops(void)
{
    fake_disk *disk = fake_disk_new("count");
    store_core *store = NULL;
    uint32_t done = 0;

    assert_ok(open_and_run(disk, &store, &done));
    store_core_free(store);
    const uint64_t ops = fake_disk_ops(disk);
    assert_int_equal(done, TRANSACTIONS);
    assert_true(ops > 100);
    fake_disk_free(disk);
    return ops;
}

/* ---- power loss ---- */

static void
lose_power_at(uint64_t op, uint64_t seed)
{
    fake_disk *disk = fake_disk_new("lossy");
    fake_rng rng;
    store_core *store = NULL;
    uint32_t done = 0;

    fake_rng_init(&rng, seed * 1000003 + op);
    fake_disk_power_at(disk, op);
    const kith_err err = open_and_run(disk, &store, &done);
    if (fake_disk_is_off(disk)) {
        assert_int_equal(err, KITH_ERR_STORE);
    }
    fake_disk_crash(disk, &rng);
    store_core_free(store);

    store = NULL;
    assert_ok(open_on(disk, &store));
    const uint32_t found = check_content(store_core_port(store));
    assert_true(found == done || found == done + 1);
    done = found;
    assert_ok(run_workload(store, &done));
    store_core_free(store);
    assert_ok(open_on(disk, &store));
    assert_int_equal(check_content(store_core_port(store)), TRANSACTIONS);
    store_core_free(store);
    fake_disk_free(disk);
}

static void
power_loss_at_any_operation_loses_no_committed_transaction_and_splits_none(void **state)
{
    const uint64_t ops = count_ops();

    (void)state;
    for (uint64_t seed = 0; seed < seed_count(); seed++) {
        for (uint64_t op = 0; op <= ops; op++) {
            lose_power_at(op, seed);
        }
    }
}

/* Again and again, while recovering, too. */
static void
power_loss_during_recovery_loses_nothing_either(void **state)
{
    fake_rng rng;

    (void)state;
    for (uint64_t seed = 0; seed < 10 * seed_count(); seed++) {
        fake_disk *disk = fake_disk_new("lossy");
        uint32_t done = 0;
        fake_rng_init(&rng, seed);
        for (size_t life = 0; life < 60 && done < TRANSACTIONS; life++) {
            store_core *store = NULL;
            uint32_t promised = done;
            fake_disk_power_at(disk, fake_rng_below(&rng, 40));
            if (open_on(disk, &store) == KITH_OK) {
                done = check_content(store_core_port(store));
                assert_true(done >= promised);
                kith_ignore(run_workload(store, &done)); /* fails when the power goes */
            }
            fake_disk_crash(disk, &rng);
            store_core_free(store);
        }
        fake_disk_free(disk);
    }
}

/* ---- a full disk and a failing one ---- */

/* From operation `op` on the disk is full (or fails) until `times` operations have met it. */
static void
fail_at(fake_disk_fault fault, uint64_t op, uint64_t times)
{
    fake_disk *disk = fake_disk_new("faulty");
    store_core *store = NULL;
    uint32_t done = 0;

    fake_disk_fail_after(disk, fault, op, times);
    const kith_err err = open_and_run(disk, &store, &done);
    assert_true(err == KITH_OK || err == KITH_ERR_STORE);
    fake_disk_fail_after(disk, fault, FAKE_DISK_NEVER, 0);
    if (store == NULL) {
        assert_ok(open_on(disk, &store));
    }

    core_store s = store_core_port(store);
    s.rollback(s.ctx);
    assert_int_equal(check_content(s), done);
    assert_ok(run_workload(store, &done));
    assert_int_equal(check_content(s), TRANSACTIONS);
    store_core_free(store);
    assert_ok(open_on(disk, &store));
    assert_int_equal(check_content(store_core_port(store)), TRANSACTIONS);
    store_core_free(store);
    fake_disk_free(disk);
}

static void
a_disk_that_is_full_from_any_operation_on_is_a_store_error_and_changes_nothing(void **state)
{
    const uint64_t ops = count_ops();

    (void)state;
    for (uint64_t op = 0; op <= ops; op++) {
        fail_at(FAKE_DISK_FULL, op, UINT64_MAX);
        fail_at(FAKE_DISK_FULL, op, 1);
    }
}

static void
a_write_that_fails_at_any_operation_is_a_store_error_and_changes_nothing(void **state)
{
    const uint64_t ops = count_ops();

    (void)state;
    for (uint64_t op = 0; op <= ops; op++) {
        fail_at(FAKE_DISK_IOERR, op, UINT64_MAX);
        fail_at(FAKE_DISK_IOERR, op, 1);
    }
}

static void
a_read_that_fails_is_a_store_error_and_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t read = 0; read <= 60; read++) {
        fail_at(FAKE_DISK_READ_IOERR, read, UINT64_MAX);
        fail_at(FAKE_DISK_READ_IOERR, read, 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            power_loss_at_any_operation_loses_no_committed_transaction_and_splits_none),
        cmocka_unit_test(power_loss_during_recovery_loses_nothing_either),
        cmocka_unit_test(
            a_disk_that_is_full_from_any_operation_on_is_a_store_error_and_changes_nothing),
        cmocka_unit_test(a_write_that_fails_at_any_operation_is_a_store_error_and_changes_nothing),
        cmocka_unit_test(a_read_that_fails_is_a_store_error_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
