/* SPDX-License-Identifier: MPL-2.0 */
/* The server's store behind its port: what each function promises, readers beside the writer, and power losses. */
#include <string.h>

#include "base/check.h"
#include "fakes/fake_disk.h"
#include "store/db.h"
#include "store/store.h"

#define NAME "kithd.db"

typedef struct scene {
    fake_disk *disk;
    store_relay *store;
    const relay_store *port;
    void *ctx;
} scene;

static void
open_store(scene *s)
{
    const store_relay_options options = {.vfs = fake_disk_name(s->disk)};

    assert_ok(store_relay_open(NAME, &options, &s->store));
    s->port = store_relay_port(s->store);
    s->ctx = s->port->ctx;
}

static void
open_scene(scene *s)
{
    s->disk = fake_disk_new("relay");
    open_store(s);
}

static void
close_scene(scene *s)
{
    store_relay_free(s->store);
    fake_disk_free(s->disk);
}

/* Every test's writes are in one transaction, unless it says otherwise. */
static void
begin(scene *s)
{
    assert_ok(s->port->begin(s->ctx));
}

static void
commit(scene *s)
{
    assert_ok(s->port->commit(s->ctx));
}

static const uint8_t id_a[PROTO_ID_LEN] = {'a'};
static const uint8_t id_b[PROTO_ID_LEN] = {'b'};

static relay_conv
add_conv(scene *s, const uint8_t *id)
{
    relay_conv conv = {.next_seq = 1, .first_seq = 1, .swept_seq = 1, .readers = 2};

    memcpy(conv.id, id, sizeof conv.id);
    conv.token_hash[0] = 't';
    conv.open_hash[0] = 'o';
    assert_ok(s->port->conv_add(s->ctx, &conv));
    return conv;
}

static kith_err
add_entry(scene *s, uint64_t conv_row, uint64_t seq, uint64_t time_ms)
{
    relay_item entry = {.number = seq,
                        .time_ms = time_ms,
                        .kind = PROTO_ENTRY_APPLICATION,
                        .body = kith_bytes_of_text("body")};

    memcpy(entry.id, &seq, sizeof seq);
    return s->port->entry_add(s->ctx, conv_row, &entry);
}

/* How many items the range has, which must follow each other without a gap. */
static size_t
walk_all(const relay_store *port, const relay_range *range)
{
    relay_item item = {0};
    size_t count = 0;
    uint64_t last = 0;
    kith_err err = port->walk(port->ctx, range);

    assert_ok(err);
    for (err = port->walk_next(port->ctx, &item); err == KITH_OK;
         err = port->walk_next(port->ctx, &item)) {
        assert_true(last == 0 || item.number == last + 1);
        last = item.number;
        count++;
    }
    assert_err(err, KITH_ERR_NOT_FOUND);
    port->walk_end(port->ctx);
    return count;
}

/* ---- Opening ---- */

static void
a_reader_needs_a_file_and_a_file_of_the_future_is_not_touched(void **state)
{
    (void)state;
    scene s;
    store_relay *reader = NULL;
    s.disk = fake_disk_new("relay");
    const store_relay_options options = {.vfs = fake_disk_name(s.disk), .is_reader = true};
    const store_relay_options writer = {.vfs = fake_disk_name(s.disk)};

    assert_err(store_relay_open(NAME, &options, &reader), KITH_ERR_STORE);
    open_store(&s);
    assert_ok(store_relay_open(NAME, &options, &reader));
    store_relay_free(reader);
    store_relay_free(s.store);

    store_db *db = NULL;
    const store_db_options raw = {.vfs = fake_disk_name(s.disk)};
    assert_ok(store_db_open(NAME, &raw, &db));
    assert_ok(store_db_exec(db, "PRAGMA user_version=99"));
    store_db_free(db);
    assert_err(store_relay_open(NAME, &writer, &s.store), KITH_ERR_UNSUPPORTED);
    assert_err(store_relay_open(NAME, &options, &reader), KITH_ERR_UNSUPPORTED);
    fake_disk_free(s.disk);
}

static void
a_reader_sees_what_is_committed_and_nothing_else(void **state)
{
    (void)state;
    scene s;
    store_relay *reader = NULL;
    relay_conv conv = {0};
    open_scene(&s);
    const store_relay_options options = {.vfs = fake_disk_name(s.disk), .is_reader = true};
    assert_ok(store_relay_open(NAME, &options, &reader));
    const relay_store *port = store_relay_port(reader);

    begin(&s);
    (void)add_conv(&s, id_a);
    assert_err(port->conv_find(port->ctx, id_a, &conv), KITH_ERR_NOT_FOUND);
    commit(&s);
    assert_ok(port->conv_find(port->ctx, id_a, &conv));
    begin(&s);
    (void)add_conv(&s, id_b);
    s.port->rollback(s.ctx);
    assert_err(port->conv_find(port->ctx, id_b, &conv), KITH_ERR_NOT_FOUND);
    store_relay_free(reader);
    close_scene(&s);
}

/* ---- Accounts ---- */

static void
accounts_and_their_lists_are_found_again(void **state)
{
    (void)state;
    scene s;
    relay_account account = {0};
    uint64_t row = 0;
    KITH_AUTO(kith_buf) list = {0};
    open_scene(&s);
    begin(&s);

    assert_err(s.port->account_find(s.ctx, id_a, &account), KITH_ERR_NOT_FOUND);
    assert_ok(s.port->account_add(s.ctx, id_a, &row));
    assert_err(s.port->account_add(s.ctx, id_a, &row), KITH_ERR_EXISTS);
    assert_ok(s.port->list_add(s.ctx, row, 1, kith_bytes_of_text("one")));
    assert_ok(s.port->list_add(s.ctx, row, 2, kith_bytes_of_text("two")));
    assert_ok(s.port->account_find(s.ctx, id_a, &account));
    assert_int_equal(account.row, row);
    assert_int_equal(account.version, 2);
    assert_ok(s.port->list_get(s.ctx, row, 1, &list));
    assert_ok(s.port->list_get(s.ctx, row, 2, &list));
    assert_text(kith_bytes_of_buf(&list), "onetwo");
    assert_err(s.port->list_get(s.ctx, row, 3, &list), KITH_ERR_NOT_FOUND);
    commit(&s);
    close_scene(&s);
}

static void
a_device_that_leaves_the_list_loses_everything_but_its_number(void **state)
{
    (void)state;
    scene s;
    uint64_t row = 0;
    uint32_t count = 0;
    relay_device device = {0};
    proto_device devices[2] = {0};
    const uint8_t hash[PROTO_ID_LEN] = {0};
    open_scene(&s);
    begin(&s);
    devices[0].device_id[0] = 1;
    devices[1].device_id[0] = 2;
    assert_ok(s.port->account_add(s.ctx, id_a, &row));
    assert_ok(s.port->devices_set(s.ctx, row, devices, 2));
    assert_ok(s.port->device_find(s.ctx, row, devices[1].device_id, &device));
    const uint64_t device_row = device.row;
    const relay_item item = {.number = 1, .body = kith_bytes_of_text("item")};
    assert_ok(s.port->inbox_add(s.ctx, &device, &item));
    assert_err(s.port->inbox_add(s.ctx, &device, &item), KITH_ERR_EXISTS);
    assert_ok(s.port->kp_add(s.ctx, device_row, hash, kith_bytes_of_text("package")));
    assert_ok(s.port->kp_last_put(s.ctx, device_row, kith_bytes_of_text("last")));

    assert_ok(s.port->devices_set(s.ctx, row, devices, 1));

    assert_ok(s.port->device_get(s.ctx, device_row, &device));
    assert_false(device.is_listed);
    assert_int_equal(device.items, 0);
    assert_int_equal(device.bytes, 0);
    assert_int_equal(device.next_item, 2);
    assert_ok(s.port->kp_count(s.ctx, device_row, &count));
    assert_int_equal(count, 0);
    assert_err(s.port->kp_last_get(s.ctx, device_row, NULL), KITH_ERR_NOT_FOUND);
    assert_int_equal(
        walk_all(s.port, &(relay_range){.is_inbox = true, .row = device_row, .to = 100}), 0);
    assert_ok(s.port->devices_set(s.ctx, row, devices, 2));
    assert_ok(s.port->device_find(s.ctx, row, devices[1].device_id, &device));
    assert_int_equal(device.row, device_row);
    assert_true(device.is_listed);
    commit(&s);
    close_scene(&s);
}

static void
tickets_are_saved_counted_and_expire(void **state)
{
    (void)state;
    scene s;
    relay_ticket ticket = {.account_row = 7, .expires_ms = 100, .uses_left = 8};
    uint32_t count = 0;
    bool left = true;
    open_scene(&s);
    begin(&s);

    assert_err(s.port->ticket_find(s.ctx, id_a, &ticket), KITH_ERR_NOT_FOUND);
    assert_ok(s.port->ticket_save(s.ctx, id_a, &ticket));
    ticket.uses_left = 3;
    assert_ok(s.port->ticket_save(s.ctx, id_a, &ticket));
    ticket = (relay_ticket){0};
    assert_ok(s.port->ticket_find(s.ctx, id_a, &ticket));
    assert_int_equal(ticket.uses_left, 3);
    assert_int_equal(ticket.account_row, 7);
    assert_ok(s.port->ticket_count(s.ctx, 7, 99, &count));
    assert_int_equal(count, 1);
    assert_ok(s.port->ticket_count(s.ctx, 7, 100, &count));
    assert_int_equal(count, 0);
    assert_ok(s.port->expire(s.ctx, RELAY_AGED_TICKETS, 100, &left));
    assert_ok(s.port->ticket_find(s.ctx, id_a, &ticket));
    assert_ok(s.port->expire(s.ctx, RELAY_AGED_TICKETS, 101, &left));
    assert_false(left);
    assert_err(s.port->ticket_find(s.ctx, id_a, &ticket), KITH_ERR_NOT_FOUND);
    commit(&s);
    close_scene(&s);
}

/* ---- Conversations ---- */

static void
a_conversation_is_saved_as_a_whole(void **state)
{
    (void)state;
    scene s;
    relay_conv found = {0};
    open_scene(&s);
    begin(&s);

    relay_conv conv = add_conv(&s, id_a);
    assert_err(s.port->conv_add(s.ctx, &conv), KITH_ERR_EXISTS);
    conv = (relay_conv){.row = conv.row,
                        .id = {'a'},
                        .next_seq = 10,
                        .last_commit = 9,
                        .first_seq = 8,
                        .swept_seq = 7,
                        .entries = 6,
                        .bytes = 5,
                        .epochs = 4,
                        .acked = RELAY_ACKED_UNKNOWN,
                        .readers = 2,
                        .token_hash = {1},
                        .open_hash = {'o'}};
    assert_ok(s.port->conv_save(s.ctx, &conv));
    assert_ok(s.port->conv_find(s.ctx, id_a, &found));
    assert_memory_equal(&found, &conv, sizeof conv);
    commit(&s);
    begin(&s);
    assert_ok(s.port->conv_find(s.ctx, id_a, &found));
    assert_memory_equal(&found, &conv, sizeof conv);
    found.next_seq = 11;
    assert_ok(s.port->conv_save(s.ctx, &found));
    s.port->rollback(s.ctx);
    assert_ok(s.port->conv_find(s.ctx, id_a, &found));
    assert_int_equal(found.next_seq, 10);
    close_scene(&s);
}

static void
many_conversations_of_one_transaction_are_all_saved(void **state)
{
    (void)state;
    scene s;
    relay_conv conv = {0};
    open_scene(&s);
    begin(&s);
    for (uint32_t i = 0; i < 1000; i++) {
        uint8_t id[PROTO_ID_LEN] = {0};
        memcpy(id, &i, sizeof i);
        (void)add_conv(&s, id);
        assert_ok(s.port->conv_find(s.ctx, id, &conv));
        conv.next_seq = 5 + i;
        assert_ok(s.port->conv_save(s.ctx, &conv));
    }
    commit(&s);

    for (uint32_t i = 0; i < 1000; i++) {
        uint8_t id[PROTO_ID_LEN] = {0};
        memcpy(id, &i, sizeof i);
        assert_ok(s.port->conv_find(s.ctx, id, &conv));
        assert_int_equal(conv.next_seq, 5 + i);
    }
    close_scene(&s);
}

static void
epochs_are_found_by_token_and_by_place_and_the_oldest_is_dropped(void **state)
{
    (void)state;
    scene s;
    relay_epoch found = {0};
    open_scene(&s);
    begin(&s);
    const relay_conv conv = add_conv(&s, id_a);
    for (uint64_t i = 1; i <= 3; i++) {
        relay_epoch epoch = {.first_seq = 10 * i - 9, .last_seq = 10 * i, .readers = (uint16_t)i};
        epoch.token_hash[0] = i == 3 ? 1 : (uint8_t)i; /* the third has the token of the first */
        assert_ok(s.port->epoch_add(s.ctx, conv.row, &epoch));
    }
    const uint8_t first[PROTO_ID_LEN] = {1};
    const uint8_t second[PROTO_ID_LEN] = {2};
    const uint8_t none[PROTO_ID_LEN] = {3};

    assert_ok(s.port->epoch_find(s.ctx, conv.row, first, &found));
    assert_int_equal(found.last_seq, 30);
    assert_ok(s.port->epoch_find(s.ctx, conv.row, second, &found));
    assert_int_equal(found.readers, 2);
    assert_err(s.port->epoch_find(s.ctx, conv.row, none, &found), KITH_ERR_NOT_FOUND);
    assert_err(s.port->epoch_find(s.ctx, conv.row + 1, first, &found), KITH_ERR_NOT_FOUND);
    assert_ok(s.port->epoch_at(s.ctx, conv.row, 10, &found));
    assert_int_equal(found.last_seq, 10);
    assert_ok(s.port->epoch_at(s.ctx, conv.row, 11, &found));
    assert_int_equal(found.last_seq, 20);
    assert_err(s.port->epoch_at(s.ctx, conv.row, 31, &found), KITH_ERR_NOT_FOUND);
    assert_ok(s.port->epoch_drop(s.ctx, conv.row));
    assert_ok(s.port->epoch_at(s.ctx, conv.row, 1, &found));
    assert_int_equal(found.last_seq, 20);
    commit(&s);
    close_scene(&s);
}

static void
an_entry_with_the_mark_of_another_changes_nothing(void **state)
{
    (void)state;
    scene s;
    relay_mark mark = {0};
    const uint64_t one = 1;
    uint8_t append_id[PROTO_SHORT_ID_LEN] = {0};
    open_scene(&s);
    begin(&s);
    const relay_conv conv = add_conv(&s, id_a);
    memcpy(append_id, &one, sizeof one);
    assert_ok(add_entry(&s, conv.row, 1, 500));

    relay_item again = {.number = 2, .time_ms = 600, .body = kith_bytes_of_text("again")};
    memcpy(again.id, append_id, sizeof append_id);
    assert_err(s.port->entry_add(s.ctx, conv.row, &again), KITH_ERR_EXISTS);

    assert_int_equal(walk_all(s.port, &(relay_range){.row = conv.row, .to = 100}), 1);
    assert_ok(s.port->mark_find(s.ctx, conv.row, append_id, &mark));
    assert_int_equal(mark.seq, 1);
    assert_int_equal(mark.time_ms, 500);
    commit(&s);
    close_scene(&s);
}

static void
deleting_entries_counts_them_and_keeps_their_marks(void **state)
{
    (void)state;
    scene s;
    relay_freed freed = {0};
    relay_mark mark = {0};
    const uint64_t two = 2;
    uint8_t append_id[PROTO_SHORT_ID_LEN] = {0};
    open_scene(&s);
    begin(&s);
    const relay_conv conv = add_conv(&s, id_a);
    const relay_conv other = add_conv(&s, id_b);
    for (uint64_t i = 1; i <= 5; i++) {
        assert_ok(add_entry(&s, conv.row, i, 1));
        assert_ok(add_entry(&s, other.row, i, 1));
    }

    assert_ok(
        s.port->entries_delete(s.ctx, &(relay_range){.row = conv.row, .from = 1, .to = 4}, &freed));

    assert_int_equal(freed.items, 3);
    assert_int_equal(freed.bytes, 12);
    assert_int_equal(walk_all(s.port, &(relay_range){.row = conv.row, .to = 100}), 2);
    assert_int_equal(walk_all(s.port, &(relay_range){.row = conv.row, .from = 5, .to = 5}), 1);
    assert_int_equal(walk_all(s.port, &(relay_range){.row = other.row, .to = 100}), 5);
    memcpy(append_id, &two, sizeof two);
    assert_ok(s.port->mark_find(s.ctx, conv.row, append_id, &mark));
    commit(&s);
    close_scene(&s);
}

/* The acknowledged seq of the rank among those that read since `since` or earlier; 0: there is none. */
static uint64_t
rank_of(scene *s, uint64_t conv_row, uint32_t rank, uint64_t since)
{
    uint64_t seq = 0;
    const relay_rank in = {.rank = rank, .since = since};
    const kith_err err = s->port->ack_rank(s->ctx, conv_row, &in, &seq);

    assert_true(err == KITH_OK || err == KITH_ERR_NOT_FOUND);
    return seq;
}

static uint32_t
count_of(scene *s, uint64_t conv_row, uint64_t seq)
{
    uint32_t count = 0;

    assert_ok(s->port->ack_count(s->ctx, conv_row, seq, &count));
    return count;
}

static void
acknowledgements_are_counted_ranked_and_forgotten(void **state)
{
    (void)state;
    scene s;
    relay_ack ack = {0};
    open_scene(&s);
    begin(&s);
    const relay_conv conv = add_conv(&s, id_a);
    for (uint8_t i = 1; i <= 3; i++) {
        const uint8_t reader[PROTO_SHORT_ID_LEN] = {i};
        const relay_ack put = {.seq = 10u * i, .time_ms = i, .since = i == 3 ? 15 : 1};
        assert_err(s.port->ack_find(s.ctx, conv.row, reader, &ack), KITH_ERR_NOT_FOUND);
        assert_ok(s.port->ack_put(s.ctx, conv.row, reader, &put));
        assert_ok(s.port->ack_find(s.ctx, conv.row, reader, &ack));
        assert_int_equal(ack.seq, 10 * i);
        assert_int_equal(ack.since, put.since);
    }

    assert_int_equal(count_of(&s, conv.row, 20), 2);
    assert_int_equal(count_of(&s, conv.row, 5), 2); /* the third came after it */
    assert_int_equal(count_of(&s, conv.row, 0), 3);
    assert_int_equal(rank_of(&s, conv.row, 1, 15), 30);
    assert_int_equal(rank_of(&s, conv.row, 3, 15), 10);
    assert_int_equal(rank_of(&s, conv.row, 4, 15), 0);
    assert_int_equal(rank_of(&s, conv.row, 1, 14), 20);
    assert_err(s.port->ack_rank(s.ctx, conv.row, &(relay_rank){.since = 1}, &ack.seq),
               KITH_ERR_INVALID);
    assert_ok(s.port->ack_forget(s.ctx, conv.row, 3));
    assert_int_equal(count_of(&s, conv.row, 0), 1);
    commit(&s);
    close_scene(&s);
}

static void
expired_entries_move_the_front_of_their_conversation(void **state)
{
    (void)state;
    scene s;
    relay_conv conv = {0};
    bool left = true;
    open_scene(&s);
    begin(&s);
    conv = add_conv(&s, id_a);
    relay_conv other = add_conv(&s, id_b);
    for (uint64_t i = 1; i <= 4; i++) {
        assert_ok(add_entry(&s, conv.row, i, i * 10));
        assert_ok(add_entry(&s, other.row, i, i * 10));
    }
    conv.next_seq = 5;
    conv.entries = 4;
    conv.bytes = 16;
    assert_ok(s.port->conv_save(s.ctx, &conv));

    assert_ok(s.port->expire(s.ctx, RELAY_AGED_ENTRIES, 30, &left));

    assert_false(left);
    assert_ok(s.port->conv_find(s.ctx, id_a, &conv));
    assert_int_equal(conv.first_seq, 3);
    assert_int_equal(conv.swept_seq, 3);
    assert_int_equal(conv.entries, 2);
    assert_int_equal(conv.bytes, 8);
    assert_int_equal(conv.acked, RELAY_ACKED_UNKNOWN);
    assert_int_equal(walk_all(s.port, &(relay_range){.row = conv.row, .to = 100}), 2);
    commit(&s);
    close_scene(&s);
}

static void
numbers_beyond_what_sql_holds_are_refused_and_not_wrapped(void **state)
{
    (void)state;
    scene s;
    relay_epoch found = {0};
    open_scene(&s);
    begin(&s);
    const relay_conv conv = add_conv(&s, id_a);

    assert_err(s.port->epoch_at(s.ctx, conv.row, RELAY_STORE_NUMBER_MAX, &found),
               KITH_ERR_NOT_FOUND);
    assert_err(s.port->epoch_at(s.ctx, conv.row, RELAY_STORE_NUMBER_MAX + 1, &found),
               KITH_ERR_LIMIT);
    s.port->rollback(s.ctx);
    close_scene(&s);
}

/* ---- Rendezvous ---- */

static void
rendezvous_are_undone_with_their_transaction_and_gone_after_a_restart(void **state)
{
    (void)state;
    scene s;
    relay_rdv rdv = {.number = 5, .sides = {1, 2}, .expires_ms = 100};
    relay_rdv found = {0};
    KITH_AUTO(kith_buf) body = {0};
    open_scene(&s);

    begin(&s);
    assert_ok(s.port->rdv_save(s.ctx, &rdv));
    assert_ok(s.port->rdv_put(s.ctx, 5, kith_bytes_of_text("one")));
    assert_ok(s.port->rdv_put(s.ctx, 5, kith_bytes_of_text("two")));
    commit(&s);
    begin(&s);
    assert_ok(s.port->rdv_delete(s.ctx, 5));
    assert_err(s.port->rdv_find(s.ctx, 5, &found), KITH_ERR_NOT_FOUND);
    s.port->rollback(s.ctx);
    begin(&s);
    assert_ok(s.port->rdv_find(s.ctx, 5, &found));
    assert_memory_equal(&found, &rdv, sizeof rdv);
    assert_ok(s.port->rdv_of(s.ctx, 2, &found));
    assert_err(s.port->rdv_of(s.ctx, 3, &found), KITH_ERR_NOT_FOUND);
    assert_err(s.port->rdv_expired(s.ctx, 99, &found), KITH_ERR_NOT_FOUND);
    assert_ok(s.port->rdv_expired(s.ctx, 100, &found));
    assert_ok(s.port->rdv_take(s.ctx, 5, &body));
    assert_ok(s.port->rdv_take(s.ctx, 5, &body));
    assert_text(kith_bytes_of_buf(&body), "onetwo");
    assert_err(s.port->rdv_take(s.ctx, 5, &body), KITH_ERR_NOT_FOUND);
    commit(&s);

    store_relay_free(s.store);
    open_store(&s);
    assert_err(s.port->rdv_find(s.ctx, 5, &found), KITH_ERR_NOT_FOUND);
    close_scene(&s);
}

/* ---- Power loss ---- */

/* Appends entries, a transaction each, until the disk fails; the number of those that were committed. */
static uint64_t
append_until_failure(scene *s, uint64_t most)
{
    relay_conv conv = {0};
    uint64_t committed = 0;

    for (uint64_t seq = 1; seq <= most; seq++) {
        if (s->port->begin(s->ctx) != KITH_OK) {
            return committed;
        }
        kith_err err = s->port->conv_find(s->ctx, id_a, &conv);
        if (err == KITH_OK) {
            err = add_entry(s, conv.row, seq, seq);
        }
        conv.next_seq = seq + 1;
        conv.entries = seq;
        if (err == KITH_OK) {
            err = s->port->conv_save(s->ctx, &conv);
        }
        if (err != KITH_OK) {
            s->port->rollback(s->ctx);
            return committed;
        }
        if (s->port->commit(s->ctx) != KITH_OK) {
            return committed;
        }
        committed = seq;
        if (seq % 5 == 0) {
            kith_ignore(store_relay_checkpoint(s->store)); /* what it copies is durable already */
        }
    }
    return committed;
}

static void
what_was_committed_survives_a_power_loss_at_any_operation(void **state)
{
    (void)state;
    const uint64_t most = 12;
    bool went_off = true;

    for (uint64_t n = 0; went_off; n++) {
        scene s;
        fake_rng fate;
        relay_conv conv = {0};
        fake_rng_init(&fate, n);
        open_scene(&s);
        begin(&s);
        (void)add_conv(&s, id_a);
        commit(&s);
        fake_disk_power_at(s.disk, n);
        const uint64_t committed = append_until_failure(&s, most);
        went_off = fake_disk_is_off(s.disk);
        store_relay_free(s.store);
        fake_disk_crash(s.disk, &fate);
        open_store(&s);

        assert_ok(s.port->conv_find(s.ctx, id_a, &conv));
        const size_t kept = walk_all(s.port, &(relay_range){.row = conv.row, .to = 100});
        assert_in_range(kept, committed, committed + 1);
        assert_int_equal(conv.next_seq, kept + 1);
        assert_int_equal(conv.entries, kept);
        assert_true(went_off || committed == most);
        close_scene(&s);
        assert_true(n < 2000);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_needs_a_file_and_a_file_of_the_future_is_not_touched),
        cmocka_unit_test(a_reader_sees_what_is_committed_and_nothing_else),
        cmocka_unit_test(accounts_and_their_lists_are_found_again),
        cmocka_unit_test(a_device_that_leaves_the_list_loses_everything_but_its_number),
        cmocka_unit_test(tickets_are_saved_counted_and_expire),
        cmocka_unit_test(a_conversation_is_saved_as_a_whole),
        cmocka_unit_test(many_conversations_of_one_transaction_are_all_saved),
        cmocka_unit_test(epochs_are_found_by_token_and_by_place_and_the_oldest_is_dropped),
        cmocka_unit_test(an_entry_with_the_mark_of_another_changes_nothing),
        cmocka_unit_test(deleting_entries_counts_them_and_keeps_their_marks),
        cmocka_unit_test(acknowledgements_are_counted_ranked_and_forgotten),
        cmocka_unit_test(expired_entries_move_the_front_of_their_conversation),
        cmocka_unit_test(numbers_beyond_what_sql_holds_are_refused_and_not_wrapped),
        cmocka_unit_test(rendezvous_are_undone_with_their_transaction_and_gone_after_a_restart),
        cmocka_unit_test(what_was_committed_survives_a_power_loss_at_any_operation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
