/* SPDX-License-Identifier: MPL-2.0 */
/* Statements: parameters in, rows out, and what the schema forbids. */
#include "store/item_db.h"

static kith_bytes
text(const char *words)
{
    return kith_bytes_of_text(words);
}

static void
what_is_bound_comes_back(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *db = item_open(disk);
    uint64_t id = 0;
    kith_bytes body = {0};
    bool row = false;

    (void)state;
    assert_ok(item_insert(db, INT64_MAX, text("body")));
    assert_ok(item_insert(db, 0, (kith_bytes){0}));
    assert_int_equal(store_db_changes(db), 1);
    assert_int_equal(store_db_last_id(db), 0);

    KITH_AUTO(store_run) run = {0};
    assert_ok(store_run_start(db, ITEM_GET, &run));
    store_bind_u64(&run, 1, INT64_MAX);
    assert_ok(store_run_next(&run, &row));
    assert_true(row);
    assert_ok(store_column_u64(&run, 0, &id));
    assert_int_equal(id, INT64_MAX);
    assert_ok(store_column_bytes(&run, 1, &body));
    assert_text(body, "body");
    assert_false(store_column_is_null(&run, 1));
    assert_true(store_column_is_null(&run, 2));
    assert_ok(store_column_bytes(&run, 2, &body));
    assert_int_equal(body.len, 0);
    assert_ok(store_run_next(&run, &row));
    assert_false(row);
    store_run_done(&run);

    assert_ok(store_run_start(db, ITEM_GET, &run));
    store_bind_u64(&run, 1, 0);
    assert_ok(store_run_next(&run, &row));
    assert_true(row);
    assert_ok(store_column_bytes(&run, 1, &body));
    assert_int_equal(body.len, 0);
    assert_false(store_column_is_null(&run, 1)); /* empty is not NULL */
    store_run_done(&run);
    store_db_free(db);
    fake_disk_free(disk);
}

static void
a_column_of_another_type_is_malformed(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *db = item_open(disk);
    uint64_t id = 7;
    kith_bytes body = text("untouched");
    bool row = false;

    (void)state;
    assert_ok(store_db_exec(db, "INSERT INTO item VALUES (-1, 'text', x'00')"));
    KITH_AUTO(store_run) run = {0};
    assert_ok(store_run_start(db, ITEM_ALL, &run));
    assert_ok(store_run_next(&run, &row));
    assert_err(store_column_u64(&run, 0, &id), KITH_ERR_MALFORMED);
    assert_err(store_column_bytes(&run, 0, &body), KITH_ERR_MALFORMED);
    store_run_done(&run);
    assert_ok(store_db_exec(db, "UPDATE item SET id = 1"));
    assert_ok(store_run_start(db, ITEM_GET, &run));
    store_bind_u64(&run, 1, 1);
    assert_ok(store_run_next(&run, &row));
    assert_err(store_column_bytes(&run, 1, &body), KITH_ERR_MALFORMED);
    assert_err(store_column_u64(&run, 2, &id), KITH_ERR_MALFORMED);
    store_run_done(&run);
    assert_int_equal(id, 7);
    assert_text(body, "untouched");
    store_db_free(db);
    fake_disk_free(disk);
}

static void
a_statement_says_what_the_schema_forbids(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *db = item_open(disk);
    KITH_AUTO(store_run) run = {0};

    (void)state;
    assert_ok(item_insert(db, 1, text("body")));
    assert_err(item_insert(db, 1, text("again")), KITH_ERR_EXISTS);
    assert_err(item_insert(db, (uint64_t)INT64_MAX + 1, text("body")), KITH_ERR_LIMIT);
    assert_err(item_insert(db, 2, kith_bytes_of("", (size_t)INT32_MAX + 1)), KITH_ERR_LIMIT);
    assert_ok(store_run_start(db, ITEM_INSERT, &run));
    store_bind_u64(&run, 1, 2);
    store_bind_null(&run, 2);
    assert_err(store_run_exec(&run), KITH_ERR_INVALID);
    store_bind_u64(&run, 9, 2); /* no such parameter */
    assert_err(store_run_exec(&run), KITH_ERR_INVALID);
    store_run_done(&run);
    assert_int_equal(item_count(db), 1);
    store_db_free(db);
    fake_disk_free(disk);
}

static void
a_run_can_be_executed_again_and_only_one_at_a_time(void **state)
{
    fake_disk *disk = fake_disk_new("disk");
    store_db *db = item_open(disk);
    bool row = false;

    (void)state;
    KITH_AUTO(store_run) run = {0};
    assert_ok(store_run_start(db, ITEM_INSERT, &run));
    store_bind_bytes(&run, 2, text("same"));
    for (uint64_t id = 1; id <= 5; id++) {
        store_bind_u64(&run, 1, id);
        assert_ok(store_run_exec(&run));
    }
    store_run_done(&run);
    assert_int_equal(item_count(db), 5);
    assert_ok(store_run_start(db, ITEM_INSERT, &run));
    store_bind_u64(&run, 1, 6);
    assert_err(store_run_exec(&run), KITH_ERR_INVALID); /* the next run has no body yet */
    store_run_done(&run);

    KITH_AUTO(store_run) all = {0};
    assert_ok(store_run_start(db, ITEM_ALL, &all));
    assert_err(store_run_exec(&all), KITH_ERR_INVALID); /* it gives rows */
    assert_ok(store_run_next(&all, &row));
    assert_err(store_run_start(db, ITEM_ALL, &run), KITH_ERR_INVALID);
    store_run_done(&all);
    assert_ok(store_run_start(db, ITEM_ALL, &run));
    store_run_done(&run);
    assert_err(store_run_start(db, ITEM_N, &run), KITH_ERR_INVALID);
    assert_err(store_run_start(db, ITEM_WRONG, &run), KITH_ERR_INVALID);
    assert_err(store_db_exec(db, "nonsense"), KITH_ERR_INVALID);
    store_db_free(db);
    fake_disk_free(disk);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_bound_comes_back),
        cmocka_unit_test(a_column_of_another_type_is_malformed),
        cmocka_unit_test(a_statement_says_what_the_schema_forbids),
        cmocka_unit_test(a_run_can_be_executed_again_and_only_one_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
