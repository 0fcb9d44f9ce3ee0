/* SPDX-License-Identifier: MPL-2.0 */
/* Inboxes (docs/wire.md §5): bounded, in order, idempotent. */
#include <string.h>

#include "relay/town.h"

typedef struct scene {
    town t;
    person anna;
    client named; /* anna's first device */
    client asker; /* somebody, on the other loop */
} scene;

static void
open_scene(scene *s)
{
    town_open(&s->t);
    person_make(&s->t, &s->anna, 2);
    person_create(&s->anna);
    client_open(&s->t, &s->named, 0, 1);
    assert_err(person_log_in(&s->anna, &s->named, 0), KITH_OK);
    assert_int_equal(client_push(&s->named), PROTO_KP_LOW);
    client_open(&s->t, &s->asker, 1, 2);
}

static void
close_scene(scene *s)
{
    person_done(&s->anna);
    town_close(&s->t);
}

static kith_err
put(client *c, const person *p, size_t device, uint32_t id, kith_bytes body)
{
    proto_inbox_put in = {.body = body};

    memcpy(in.account_id, p->account_id, sizeof in.account_id);
    memcpy(in.device_id, p->device_id[device], sizeof in.device_id);
    memcpy(in.put_id, &id, sizeof id);
    assert_err(proto_inbox_put_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_INBOX_PUT);
}

static kith_err
acknowledge(client *c, uint64_t id)
{
    const proto_inbox_ack in = {.id = id};

    assert_err(proto_inbox_ack_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_INBOX_ACK);
}

static kith_err
subscribe(client *c)
{
    client_body(c);
    return client_ask(c, PROTO_INBOX_SUBSCRIBE);
}

static proto_inbox_item
item_of(client *c)
{
    proto_inbox_item item = {0};

    assert_int_equal(client_push(c), PROTO_INBOX_ITEM);
    assert_err(proto_inbox_item_decode(kith_bytes_of_buf(&c->answer), &item), KITH_OK);
    return item;
}

static relay_device
device_of(scene *s)
{
    const relay_store *store = store_relay_port(s->t.store);
    relay_account account = {0};
    relay_device device = {0};

    assert_err(store->account_find(store->ctx, s->anna.account_id, &account), KITH_OK);
    assert_err(store->device_find(store->ctx, account.row, s->anna.device_id[0], &device), KITH_OK);
    return device;
}

static void
items_arrive_as_they_were_put_stored_ones_and_new_ones(void **state)
{
    (void)state;
    static scene s;
    open_scene(&s);
    assert_err(put(&s.asker, &s.anna, 0, 7, kith_bytes_of_text("stored")), KITH_OK);
    assert_err(subscribe(&s.named), KITH_OK);
    assert_err(put(&s.asker, &s.anna, 0, 8, kith_bytes_of_text("live")), KITH_OK);

    for (uint32_t id = 7; id <= 8; id++) {
        const proto_inbox_item item = item_of(&s.named);
        assert_int_equal(item.id, id - 6);
        assert_int_equal(item.time_ms, s.t.now_ms);
        assert_memory_equal(item.put_id, &id, sizeof id);
        assert_text(item.body, id == 7 ? "stored" : "live");
    }
    assert_int_equal(client_push(&s.named), 0);
    close_scene(&s);
}

static void
the_same_put_twice_is_one_item_even_after_it_was_acknowledged(void **state)
{
    (void)state;
    static scene s;
    open_scene(&s);
    assert_err(subscribe(&s.named), KITH_OK);
    assert_err(put(&s.asker, &s.anna, 0, 1, kith_bytes_of_text("x")), KITH_OK);
    assert_err(put(&s.asker, &s.anna, 0, 1, kith_bytes_of_text("x")), KITH_OK);
    assert_int_equal(item_of(&s.named).id, 1);

    assert_err(acknowledge(&s.named, 1), KITH_OK);
    assert_err(put(&s.asker, &s.anna, 0, 1, kith_bytes_of_text("x")), KITH_OK);

    assert_int_equal(client_push(&s.named), 0);
    assert_int_equal(device_of(&s).items, 0);
    close_scene(&s);
}

static void
an_acknowledgement_deletes_everything_up_to_it(void **state)
{
    (void)state;
    static scene s;
    open_scene(&s);
    for (uint32_t i = 1; i <= 5; i++) {
        assert_err(put(&s.asker, &s.anna, 0, i, kith_bytes_of_text("item")), KITH_OK);
    }

    assert_err(acknowledge(&s.named, 3), KITH_OK);
    assert_int_equal(device_of(&s).items, 2);
    assert_int_equal(device_of(&s).bytes, 8);
    assert_err(subscribe(&s.named), KITH_OK);
    assert_int_equal(item_of(&s.named).id, 4);
    assert_int_equal(item_of(&s.named).id, 5);
    assert_err(subscribe(&s.named), KITH_OK); /* again: from the start */
    assert_int_equal(item_of(&s.named).id, 4);
    assert_int_equal(item_of(&s.named).id, 5);
    assert_err(acknowledge(&s.named, UINT64_MAX), KITH_OK);
    assert_int_equal(device_of(&s).items, 0);
    assert_err(put(&s.asker, &s.anna, 0, 6, kith_bytes_of_text("item")), KITH_OK);
    assert_int_equal(item_of(&s.named).id, 6); /* numbers are not used again */
    close_scene(&s);
}

static void
a_put_to_an_unknown_account_or_device_is_not_found(void **state)
{
    (void)state;
    static scene s;
    person nobody;
    open_scene(&s);
    person_make(&s.t, &nobody, 1);

    assert_err(put(&s.asker, &nobody, 0, 1, kith_bytes_of_text("x")), KITH_ERR_NOT_FOUND);
    assert_err(put(&s.asker, &s.anna, 2, 1, kith_bytes_of_text("x")), KITH_ERR_NOT_FOUND);
    person_done(&nobody);
    close_scene(&s);
}

static void
a_dropped_device_has_no_inbox(void **state)
{
    (void)state;
    static scene s;
    open_scene(&s);
    assert_err(put(&s.asker, &s.anna, 1, 1, kith_bytes_of_text("x")), KITH_OK);

    person_next_list(&s.anna, 1);
    assert_err(person_put_list(&s.anna, &s.named), KITH_OK);

    assert_err(put(&s.asker, &s.anna, 1, 2, kith_bytes_of_text("x")), KITH_ERR_NOT_FOUND);
    close_scene(&s);
}

static void
an_inbox_takes_as_many_items_as_allowed_and_then_is_busy(void **state)
{
    (void)state;
    static scene s;
    open_scene(&s);

    for (uint32_t i = 1; i <= PROTO_INBOX_ITEMS_MAX; i++) {
        assert_err(put(&s.asker, &s.anna, 0, i, kith_bytes_of_text("x")), KITH_OK);
    }
    assert_err(put(&s.asker, &s.anna, 0, 0, kith_bytes_of_text("x")), KITH_ERR_BUSY);
    assert_int_not_equal(s.asker.error.retry_after_ms, 0);
    assert_err(put(&s.asker, &s.anna, 0, 1, kith_bytes_of_text("x")), KITH_OK); /* a repetition */
    assert_err(put(&s.asker, &s.anna, 1, 0, kith_bytes_of_text("x")), KITH_OK); /* another's */
    assert_err(acknowledge(&s.named, 1), KITH_OK);
    assert_err(put(&s.asker, &s.anna, 0, 0, kith_bytes_of_text("x")), KITH_OK);
    close_scene(&s);
}

static void
an_inbox_takes_as_many_bytes_as_allowed(void **state)
{
    (void)state;
    static scene s;
    static uint8_t large[PROTO_MESSAGE_MAX];
    open_scene(&s);

    for (uint32_t i = 1; i < PROTO_INBOX_BYTES_MAX / PROTO_MESSAGE_MAX; i++) {
        assert_err(put(&s.asker, &s.anna, 0, i, KITH_BYTES(large)), KITH_OK);
    }
    assert_err(put(&s.asker, &s.anna, 0, 100, kith_bytes_of(large, PROTO_MESSAGE_MAX - 1)),
               KITH_OK);
    assert_err(put(&s.asker, &s.anna, 0, 101, kith_bytes_of(large, 2)), KITH_ERR_BUSY);
    assert_err(put(&s.asker, &s.anna, 0, 101, kith_bytes_of(large, 1)), KITH_OK);
    close_scene(&s);
}

static void
puts_are_rationed(void **state)
{
    (void)state;
    static scene s;
    open_scene(&s);
    s.t.env[1].config.rations[RELAY_RATION_INBOX_PUT] = (relay_ration){2, 1000};
    client_close(&s.asker);
    client_close(&s.named);
    town_restart(&s.t);
    client_open(&s.t, &s.asker, 1, 2);

    assert_err(put(&s.asker, &s.anna, 0, 1, kith_bytes_of_text("x")), KITH_OK);
    assert_err(put(&s.asker, &s.anna, 0, 2, kith_bytes_of_text("x")), KITH_OK);
    assert_err(put(&s.asker, &s.anna, 0, 3, kith_bytes_of_text("x")), KITH_ERR_BUSY);
    assert_int_equal(s.asker.error.retry_after_ms, 1000);
    close_scene(&s);
}

static void
only_a_device_that_is_logged_in_reads_and_only_an_anonymous_connection_puts(void **state)
{
    (void)state;
    static scene s;
    open_scene(&s);

    assert_err(subscribe(&s.asker), KITH_ERR_DENIED);
    assert_err(acknowledge(&s.asker, 1), KITH_ERR_DENIED);
    assert_err(put(&s.named, &s.anna, 0, 1, kith_bytes_of_text("x")), KITH_ERR_DENIED);
    assert_err(put(&s.asker, &s.anna, 0, 1, kith_bytes_of_text("x")), KITH_OK);
    assert_err(person_log_in(&s.anna, &s.asker, 0), KITH_ERR_DENIED);
    close_scene(&s);
}

static void
items_and_marks_go_after_thirty_days(void **state)
{
    (void)state;
    static scene s;
    open_scene(&s);
    assert_err(put(&s.asker, &s.anna, 0, 1, kith_bytes_of_text("old")), KITH_OK);

    s.t.now_ms += (uint64_t)PROTO_KEEP_SECONDS * 1000;
    town_pass(&s.t, 0);
    assert_int_equal(device_of(&s).items, 1); /* exactly thirty days */
    town_pass(&s.t, RELAY_EXPIRE_MS);
    assert_int_equal(device_of(&s).items, 0);
    assert_int_equal(device_of(&s).bytes, 0);
    assert_err(put(&s.asker, &s.anna, 0, 1, kith_bytes_of_text("new")), KITH_OK);
    assert_int_equal(device_of(&s).items, 1);
    close_scene(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_arrive_as_they_were_put_stored_ones_and_new_ones),
        cmocka_unit_test(the_same_put_twice_is_one_item_even_after_it_was_acknowledged),
        cmocka_unit_test(an_acknowledgement_deletes_everything_up_to_it),
        cmocka_unit_test(a_put_to_an_unknown_account_or_device_is_not_found),
        cmocka_unit_test(a_dropped_device_has_no_inbox),
        cmocka_unit_test(an_inbox_takes_as_many_items_as_allowed_and_then_is_busy),
        cmocka_unit_test(an_inbox_takes_as_many_bytes_as_allowed),
        cmocka_unit_test(puts_are_rationed),
        cmocka_unit_test(
            only_a_device_that_is_logged_in_reads_and_only_an_anonymous_connection_puts),
        cmocka_unit_test(items_and_marks_go_after_thirty_days),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
