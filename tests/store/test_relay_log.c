/* SPDX-License-Identifier: MPL-2.0 */
/* The rows of the directory's log: records at the edges of chunks, readers beside the writer, labels, heads. */
#include <string.h>

#include "base/check.h"
#include "fakes/fake_disk.h"
#include "store/limits.h"
#include "store/store.h"

#define NAME "kithd.db"

typedef struct scene {
    fake_disk *disk;
    store_relay *store;
    store_relay *reader;
    const relay_store *w;
    const relay_store *r;
} scene;

static void
scene_open(scene *s)
{
    s->disk = fake_disk_new("log");
    const store_relay_options writer = {.vfs = fake_disk_name(s->disk)};
    const store_relay_options reader = {.vfs = fake_disk_name(s->disk), .is_reader = true};

    assert_ok(store_relay_open(NAME, &writer, &s->store));
    assert_ok(store_relay_open(NAME, &reader, &s->reader));
    s->w = store_relay_port(s->store);
    s->r = store_relay_port(s->reader);
}

static void
scene_close(scene *s)
{
    store_relay_free(s->reader);
    store_relay_free(s->store);
    fake_disk_free(s->disk);
}

static void
begin(scene *s)
{
    assert_ok(s->w->begin(s->w->ctx));
}

static void
commit(scene *s)
{
    assert_ok(s->w->commit(s->w->ctx));
}

/* A record that tells its place. */
static void
fill_record(kt_array array, uint64_t index, uint8_t *out)
{
    memset(out, (int)array + 1, kt_array_record_len(array));
    memcpy(out, &index, sizeof index);
}

static kith_err
write_some(scene *s, kt_array array, uint64_t index, uint64_t count)
{
    KITH_AUTO(kith_buf) records = {0};

    for (uint64_t i = 0; i < count; i++) {
        uint8_t record[KT_RECORD_MAX];
        fill_record(array, index + i, record);
        assert_ok(kith_buf_append(&records, kith_bytes_of(record, kt_array_record_len(array))));
    }
    return s->w->log_write(s->w->ctx, array, index, kith_bytes_of_buf(&records));
}

static void
check_record(const relay_store *port, kt_array array, uint64_t index)
{
    uint8_t expected[KT_RECORD_MAX] = {0};
    uint8_t record[KT_RECORD_MAX] = {0};

    fill_record(array, index, expected);
    assert_ok(port->log_read(port->ctx, array, index, record));
    assert_memory_equal(record, expected, kt_array_record_len(array));
}

static void
records_of_every_array_are_read_as_they_were_written_across_chunks(void **state)
{
    scene s;
    uint8_t record[KT_RECORD_MAX];
    (void)state;
    scene_open(&s);

    for (kt_array array = KT_NODES; array < KT_ARRAYS; array++) {
        const uint64_t chunk = STORE_LOG_CHUNK_BYTES / kt_array_record_len(array);
        begin(&s);
        assert_ok(write_some(&s, array, 0, 1));
        assert_ok(write_some(&s, array, 1, chunk - 1)); /* up to the end of one */
        assert_ok(write_some(&s, array, chunk, 3 * chunk + 5)); /* several, and a piece */
        commit(&s);
        for (uint64_t i = 0; i < 4 * chunk + 5; i++) {
            check_record(s.w, array, i);
            check_record(s.r, array, i);
        }
        assert_err(s.r->log_read(s.r->ctx, array, 4 * chunk + 5, record), KITH_ERR_STORE);
        assert_err(s.r->log_read(s.r->ctx, array, 9 * chunk, record), KITH_ERR_STORE);
    }
    scene_close(&s);
}

static void
a_gap_is_refused(void **state)
{
    const uint64_t chunk = STORE_LOG_CHUNK_BYTES / KT_NODE_LEN;
    scene s;
    (void)state;
    scene_open(&s);

    begin(&s);
    assert_err(write_some(&s, KT_NODES, 1, 1), KITH_ERR_STORE);
    assert_ok(write_some(&s, KT_NODES, 0, 3));
    assert_err(write_some(&s, KT_NODES, 4, 1), KITH_ERR_STORE);
    assert_ok(write_some(&s, KT_NODES, 1, chunk)); /* again, and behind */
    commit(&s);
    check_record(s.r, KT_NODES, chunk);
    scene_close(&s);
}

static void
a_reader_sees_what_was_committed_after_it_looked(void **state)
{
    scene s;
    uint8_t record[KT_RECORD_MAX];
    (void)state;
    scene_open(&s);

    for (uint64_t i = 0; i < 300; i++) {
        begin(&s);
        assert_ok(write_some(&s, KT_ENTRIES, i, 1));
        assert_err(s.r->log_read(s.r->ctx, KT_ENTRIES, i, record), KITH_ERR_STORE);
        commit(&s);
        check_record(s.r, KT_ENTRIES, i);
    }
    scene_close(&s);
}

static void
what_was_rolled_back_is_not_remembered(void **state)
{
    uint8_t other[KT_NODE_LEN];
    uint8_t record[KT_RECORD_MAX];
    scene s;
    (void)state;
    scene_open(&s);
    begin(&s);
    assert_ok(write_some(&s, KT_NODES, 0, 2));
    commit(&s);

    begin(&s);
    assert_ok(write_some(&s, KT_NODES, 2, 2));
    s.w->rollback(s.w->ctx);
    assert_err(s.w->log_read(s.w->ctx, KT_NODES, 2, record), KITH_ERR_STORE);
    memset(other, 0x99, sizeof other);
    begin(&s);
    assert_ok(s.w->log_write(s.w->ctx, KT_NODES, 2, KITH_BYTES(other)));
    commit(&s);
    assert_ok(s.w->log_read(s.w->ctx, KT_NODES, 2, record));
    assert_memory_equal(record, other, sizeof other);
    check_record(s.w, KT_NODES, 1);

    begin(&s);
    assert_ok(write_some(&s, KT_NODES, 3, 1));
    fake_disk_fail_after(s.disk, FAKE_DISK_IOERR, 0, 100);
    assert_true(s.w->commit(s.w->ctx) != KITH_OK);
    fake_disk_fail_after(s.disk, FAKE_DISK_IOERR, FAKE_DISK_NEVER, 0);
    assert_err(s.w->log_read(s.w->ctx, KT_NODES, 3, record), KITH_ERR_STORE);
    scene_close(&s);
}

/* More chunks than are kept in memory, visited in an order that brings them all back. */
static void
chunks_that_left_the_memory_are_read_again(void **state)
{
    const uint64_t chunk = STORE_LOG_CHUNK_BYTES / KT_NODE_LEN;
    const uint64_t chunks = STORE_LOG_CHUNKS_MAX + 40;
    scene s;
    (void)state;
    scene_open(&s);
    begin(&s);
    for (uint64_t i = 0; i < chunks; i++) {
        assert_ok(write_some(&s, KT_NODES, i * chunk, chunk));
    }
    commit(&s);

    for (uint64_t round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < chunks; i++) {
            check_record(s.r, KT_NODES, i * chunk + round);
            check_record(s.r, KT_NODES, (chunks - 1 - i) * chunk + 7);
        }
    }
    scene_close(&s);
}

static void
a_view_is_of_one_moment(void **state)
{
    relay_head head = {.size = 1};
    relay_head seen = {0};
    scene s;
    (void)state;
    scene_open(&s);
    begin(&s);
    assert_ok(s.w->head_put(s.w->ctx, &head));
    commit(&s);

    assert_ok(s.r->view_begin(s.r->ctx));
    assert_ok(s.r->head_get(s.r->ctx, &seen));
    head.size = 2;
    begin(&s);
    assert_ok(s.w->head_put(s.w->ctx, &head));
    commit(&s);
    assert_ok(s.r->head_get(s.r->ctx, &seen));
    assert_int_equal(seen.size, 1);
    s.r->view_end(s.r->ctx);
    assert_ok(s.r->head_get(s.r->ctx, &seen));
    assert_int_equal(seen.size, 2);
    scene_close(&s);
}

static void
heads_and_the_signed_log_are_kept_whole(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    relay_head head = {.log_hash = {1, 2}, .size = 77, .time_ms = 88, .signature = {3, 4}};
    relay_head seen = {0};
    scene s;
    (void)state;
    scene_open(&s);

    assert_err(s.r->head_get(s.r->ctx, &seen), KITH_ERR_NOT_FOUND);
    assert_err(s.r->signed_log_get(s.r->ctx, &text), KITH_ERR_NOT_FOUND);
    for (int i = 0; i < 2; i++) {
        head.is_complete = i == 1;
        head.signature[63] = (uint8_t)i;
        begin(&s);
        assert_ok(s.w->head_put(s.w->ctx, &head));
        assert_ok(s.w->signed_log_put(s.w->ctx, kith_bytes_of_text(i == 0 ? "one" : "two")));
        commit(&s);
        assert_ok(s.r->head_get(s.r->ctx, &seen));
        assert_memory_equal(&seen, &head, sizeof seen);
    }
    assert_ok(s.r->signed_log_get(s.r->ctx, &text));
    assert_text(kith_bytes_of_buf(&text), "two");
    scene_close(&s);
}

static const uint8_t anna[PROTO_ID_LEN] = {1};
static const uint8_t bert[PROTO_ID_LEN] = {2};
static const uint8_t nobody[PROTO_ID_LEN] = {3};

/* An account with lists "1", "2", … */
static void
add_account(scene *s, const uint8_t *id, uint64_t lists)
{
    uint64_t row = 0;

    assert_ok(s->w->account_add(s->w->ctx, id, &row));
    for (uint64_t version = 1; version <= lists; version++) {
        const uint8_t text = (uint8_t)('0' + version);
        assert_ok(s->w->list_add(s->w->ctx, row, version, kith_bytes_of(&text, 1)));
    }
}

static void
versions_are_logged_one_by_one_and_found_with_their_lists(void **state)
{
    KITH_AUTO(kith_buf) list = {0};
    kt_record record = {.position = 5, .opening = {9}};
    kt_record found = {0};
    relay_logged next = {0};
    uint64_t count = 7;
    scene s;
    (void)state;
    scene_open(&s);
    begin(&s);
    add_account(&s, anna, 3);
    add_account(&s, bert, 1);

    assert_ok(s.w->logged_count(s.w->ctx, nobody, &count));
    assert_int_equal(count, 0);
    assert_ok(s.w->logged_count(s.w->ctx, anna, &count));
    assert_int_equal(count, 0);
    assert_ok(s.w->unlogged_next(s.w->ctx, 0, &next));
    assert_memory_equal(next.id, anna, sizeof anna);
    assert_int_equal(next.version, 3);
    assert_int_equal(next.logged, 0);
    assert_err(s.w->logged_find(s.w->ctx, anna, 1, &found, NULL), KITH_ERR_NOT_FOUND);
    assert_err(s.w->logged_add(s.w->ctx, nobody, 1, &record), KITH_ERR_NOT_FOUND);
    for (uint64_t version = 1; version <= 2; version++) {
        record.position++;
        assert_ok(s.w->logged_add(s.w->ctx, anna, version, &record));
    }
    assert_err(s.w->logged_add(s.w->ctx, anna, 2, &record), KITH_ERR_EXISTS);
    assert_ok(s.w->unlogged_next(s.w->ctx, 0, &next));
    assert_int_equal(next.logged, 2);
    assert_ok(s.w->logged_add(s.w->ctx, anna, 3, &record));
    commit(&s);

    assert_ok(s.r->logged_count(s.r->ctx, anna, &count));
    assert_int_equal(count, 3);
    assert_ok(s.r->logged_find(s.r->ctx, anna, 2, &found, &list));
    assert_int_equal(found.position, 7);
    assert_memory_equal(found.opening, record.opening, sizeof record.opening);
    assert_text(kith_bytes_of_buf(&list), "2");
    assert_ok(s.r->unlogged_next(s.r->ctx, 0, &next));
    assert_memory_equal(next.id, bert, sizeof bert);
    assert_err(s.r->unlogged_next(s.r->ctx, next.row, &next), KITH_ERR_NOT_FOUND);
    scene_close(&s);
}

static void
evaluations_are_kept_for_accounts_that_exist(void **state)
{
    const kt_evaluation one = {.key = {{1, 2, 3}}, .proof = {4, 5, 6}};
    const kt_evaluation two = {.key = {{7}}, .proof = {8}};
    kt_evaluation found;
    scene s;
    (void)state;
    scene_open(&s);
    begin(&s);
    add_account(&s, anna, 1);

    assert_err(s.w->evaluation_find(s.w->ctx, anna, 2, &found), KITH_ERR_NOT_FOUND);
    assert_ok(s.w->evaluation_keep(s.w->ctx, anna, 2, &one));
    assert_ok(s.w->evaluation_keep(s.w->ctx, nobody, 2, &one));
    commit(&s);
    assert_ok(s.r->evaluation_find(s.r->ctx, anna, 2, &found));
    assert_memory_equal(&found, &one, sizeof one);
    assert_err(s.r->evaluation_find(s.r->ctx, anna, 1, &found), KITH_ERR_NOT_FOUND);
    assert_err(s.r->evaluation_find(s.r->ctx, nobody, 2, &found), KITH_ERR_NOT_FOUND);
    begin(&s);
    assert_ok(s.w->evaluation_keep(s.w->ctx, anna, 2, &two));
    commit(&s);
    assert_ok(s.r->evaluation_find(s.r->ctx, anna, 2, &found));
    assert_memory_equal(&found, &two, sizeof two);
    scene_close(&s);
}

static void
a_forgotten_log_leaves_the_lists_and_nothing_else(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    const kt_record record = {.position = 5};
    const relay_head head = {.size = 1};
    relay_account account = {0};
    relay_logged next = {0};
    relay_head seen = {0};
    uint8_t bytes[KT_RECORD_MAX];
    scene s;
    (void)state;
    scene_open(&s);
    begin(&s);
    add_account(&s, anna, 1);
    assert_ok(s.w->logged_add(s.w->ctx, anna, 1, &record));
    assert_ok(s.w->head_put(s.w->ctx, &head));
    assert_ok(s.w->signed_log_put(s.w->ctx, kith_bytes_of_text("log")));
    for (kt_array array = KT_NODES; array < KT_ARRAYS; array++) {
        assert_ok(write_some(&s, array, 0, 3));
    }
    commit(&s);

    assert_ok(store_relay_forget_log(s.store));

    assert_err(s.w->head_get(s.w->ctx, &seen), KITH_ERR_NOT_FOUND);
    assert_err(s.w->signed_log_get(s.w->ctx, &text), KITH_ERR_NOT_FOUND);
    for (kt_array array = KT_NODES; array < KT_ARRAYS; array++) {
        assert_err(s.w->log_read(s.w->ctx, array, 0, bytes), KITH_ERR_STORE);
    }
    assert_ok(s.w->unlogged_next(s.w->ctx, 0, &next));
    assert_int_equal(next.logged, 0);
    assert_ok(s.w->account_find(s.w->ctx, anna, &account));
    assert_int_equal(account.version, 1);

    begin(&s);
    assert_ok(s.w->head_put(s.w->ctx, &head));
    commit(&s);
    fake_disk_fail_after(s.disk, FAKE_DISK_IOERR, 0, 100);
    assert_true(store_relay_forget_log(s.store) != KITH_OK);
    fake_disk_fail_after(s.disk, FAKE_DISK_IOERR, FAKE_DISK_NEVER, 0);
    assert_ok(s.w->head_get(s.w->ctx, &seen));
    scene_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_every_array_are_read_as_they_were_written_across_chunks),
        cmocka_unit_test(a_gap_is_refused),
        cmocka_unit_test(a_reader_sees_what_was_committed_after_it_looked),
        cmocka_unit_test(what_was_rolled_back_is_not_remembered),
        cmocka_unit_test(chunks_that_left_the_memory_are_read_again),
        cmocka_unit_test(a_view_is_of_one_moment),
        cmocka_unit_test(heads_and_the_signed_log_are_kept_whole),
        cmocka_unit_test(versions_are_logged_one_by_one_and_found_with_their_lists),
        cmocka_unit_test(evaluations_are_kept_for_accounts_that_exist),
        cmocka_unit_test(a_forgotten_log_leaves_the_lists_and_nothing_else),
    };

    return cmocka_run_group_tests_name("store: the directory's log", tests, NULL, NULL);
}
