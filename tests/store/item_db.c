/* SPDX-License-Identifier: MPL-2.0 */
/* The schema and statements of the database of items. */
#include "store/item_db.h"

static const char *const item_texts[ITEM_N] = {
    [ITEM_INSERT] = "INSERT INTO item (id, body) VALUES (?1, ?2)",
    [ITEM_GET] = "SELECT id, body, note FROM item WHERE id = ?1",
    [ITEM_ALL] = "SELECT id FROM item ORDER BY id",
    [ITEM_SYNCHRONOUS] = "PRAGMA synchronous",
    [ITEM_WRONG] = "SELECT nothing FROM nowhere",
};

const char *const item_steps[ITEM_STEPS] = {
    "CREATE TABLE item (id INTEGER PRIMARY KEY, body BLOB NOT NULL);",
    "ALTER TABLE item ADD COLUMN note INTEGER; CREATE INDEX item_note ON item (note);",
};

store_db_options
item_options(const fake_disk *disk)
{
    return (store_db_options){
        .vfs = fake_disk_name(disk), .texts = item_texts, .text_count = ITEM_N};
}

store_db *
item_open(const fake_disk *disk)
{
    const store_db_options options = item_options(disk);
    store_db *db = NULL;

    assert_ok(store_db_open("db", &options, &db));
    assert_ok(store_db_migrate(db, item_steps, ITEM_STEPS));
    return db;
}

kith_err
item_insert(store_db *db, uint64_t id, kith_bytes body)
{
    KITH_AUTO(store_run) run = {0};

    KITH_TRY(store_run_start(db, ITEM_INSERT, &run));
    store_bind_u64(&run, 1, id);
    store_bind_bytes(&run, 2, body);
    return store_run_exec(&run);
}

size_t
item_count(store_db *db)
{
    KITH_AUTO(store_run) run = {0};
    size_t count = 0;
    bool row = false;

    assert_ok(store_run_start(db, ITEM_ALL, &run));
    assert_ok(store_run_next(&run, &row));
    while (row) {
        count++;
        assert_ok(store_run_next(&run, &row));
    }
    return count;
}
