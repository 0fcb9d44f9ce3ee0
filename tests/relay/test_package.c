/* SPDX-License-Identifier: MPL-2.0 */
/* KeyPackages (docs/wire.md §3): given out once, counted, rationed, and a last resort. */
#include <string.h>

#include "relay/town.h"

/* One-time packages first..last of one byte each, and a last-resort package of `last` (0: none). */
static kith_err
put_packages(client *c, uint8_t first, size_t count, uint8_t last)
{
    KITH_AUTO(kith_buf) one_time = {0};
    for (size_t i = 0; i < count; i++) {
        const uint8_t package[2] = {first, (uint8_t)i};
        assert_err(proto_blob_append(&one_time, KITH_BYTES(package)), KITH_OK);
    }
    const proto_kp_put in = {.last_resort = kith_bytes_of(&last, last != 0 ? 1 : 0),
                             .one_time = kith_bytes_of_buf(&one_time)};

    assert_err(proto_kp_put_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_KP_PUT);
}

static uint16_t
put_count(const client *c)
{
    proto_kp_put_answer out = {0};

    assert_err(proto_kp_put_answer_decode(kith_bytes_of_buf(&c->answer), &out), KITH_OK);
    return out.one_time_count;
}

static proto_kp_count_answer
count_packages(client *c)
{
    proto_kp_count_answer out = {0};

    client_body(c);
    assert_err(client_ask(c, PROTO_KP_COUNT), KITH_OK);
    assert_err(proto_kp_count_answer_decode(kith_bytes_of_buf(&c->answer), &out), KITH_OK);
    return out;
}

static kith_err
take_of(client *c, const person *p, kith_bytes ids)
{
    proto_kp_take in = {.device_ids = ids};

    memcpy(in.account_id, p->account_id, sizeof in.account_id);
    assert_err(proto_kp_take_encode(client_body(c), &in), KITH_OK);
    return client_ask(c, PROTO_KP_TAKE);
}

/* The first byte of the only package in the answer, or 0: there is none. */
static uint8_t
taken(const client *c)
{
    proto_kp_take_answer out = {0};
    proto_package package = {0};

    assert_err(proto_kp_take_answer_decode(kith_bytes_of_buf(&c->answer), &out), KITH_OK);
    kith_reader r = kith_reader_of(out.packages);
    if (kith_reader_done(&r)) {
        return 0;
    }
    assert_err(proto_package_next(&r, &package), KITH_OK);
    assert_true(kith_reader_done(&r));
    return package.key_package.data[0];
}

static size_t
taken_count(const client *c)
{
    proto_kp_take_answer out = {0};
    proto_package package = {0};
    size_t count = 0;

    assert_err(proto_kp_take_answer_decode(kith_bytes_of_buf(&c->answer), &out), KITH_OK);
    kith_reader r = kith_reader_of(out.packages);
    while (!kith_reader_done(&r)) {
        assert_err(proto_package_next(&r, &package), KITH_OK);
        count++;
    }
    return count;
}

typedef struct scene {
    town t;
    person anna;
    client named; /* anna's first device */
    client asker; /* somebody, on the other loop */
} scene;

static void
open_scene(scene *s, size_t devices)
{
    person_make(&s->t, &s->anna, devices);
    person_create(&s->anna);
    client_open(&s->t, &s->named, 0, 1);
    assert_err(person_log_in(&s->anna, &s->named, 0), KITH_OK);
    assert_int_equal(client_push(&s->named), PROTO_KP_LOW); /* it has none yet */
    client_open(&s->t, &s->asker, 1, 2);
}

static void
close_scene(scene *s)
{
    person_done(&s->anna);
    town_close(&s->t);
}

static void
packages_are_given_out_once_oldest_first_and_then_the_last_resort(void **state)
{
    (void)state;
    static scene s;
    town_open(&s.t);
    open_scene(&s, 1);

    assert_err(put_packages(&s.named, 'a', 1, 'z'), KITH_OK);
    assert_err(put_packages(&s.named, 'b', 1, 0), KITH_OK);
    assert_int_equal(put_count(&s.named), 2);

    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);
    assert_int_equal(taken(&s.asker), 'a');
    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);
    assert_int_equal(taken(&s.asker), 'b');
    assert_int_equal(count_packages(&s.named).one_time_count, 0);
    assert_true(count_packages(&s.named).has_last_resort);
    for (size_t i = 0; i < 3; i++) {
        assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);
        assert_int_equal(taken(&s.asker), 'z');
    }
    assert_err(put_packages(&s.named, 'c', 0, 'y'), KITH_OK); /* rotates */
    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);
    assert_int_equal(taken(&s.asker), 'y');
    close_scene(&s);
}

static void
a_repeated_put_adds_nothing_not_even_what_was_given_out(void **state)
{
    (void)state;
    static scene s;
    town_open(&s.t);
    open_scene(&s, 1);
    assert_err(put_packages(&s.named, 'a', 3, 0), KITH_OK);
    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);

    assert_err(put_packages(&s.named, 'a', 3, 0), KITH_OK);

    assert_int_equal(put_count(&s.named), 2);
    assert_false(count_packages(&s.named).has_last_resort);
    close_scene(&s);
}

static void
a_device_has_as_many_packages_as_allowed(void **state)
{
    (void)state;
    static scene s;
    town_open(&s.t);
    open_scene(&s, 1);

    assert_err(put_packages(&s.named, 'a', PROTO_KP_PUT_MAX, 0), KITH_OK);
    assert_err(put_packages(&s.named, 'b', PROTO_KP_PUT_MAX - 1, 0), KITH_OK);
    assert_int_equal(put_count(&s.named), PROTO_KP_STORED_MAX - 1);
    assert_err(put_packages(&s.named, 'c', 2, 0), KITH_OK); /* one of them is one too many */
    assert_int_equal(put_count(&s.named), PROTO_KP_STORED_MAX);
    assert_int_equal(count_packages(&s.named).one_time_count, PROTO_KP_STORED_MAX);
    close_scene(&s);
}

static void
devices_are_asked_for_by_name_or_all_together(void **state)
{
    (void)state;
    static scene s;
    client second;
    uint8_t ids[3 * PROTO_DEVICE_ID_LEN] = {0};
    town_open(&s.t);
    open_scene(&s, 3);
    client_open(&s.t, &second, 0, 1);
    assert_err(person_log_in(&s.anna, &second, 1), KITH_OK);
    assert_err(put_packages(&s.named, 'a', 5, 0), KITH_OK);
    assert_err(put_packages(&second, 'b', 5, 0), KITH_OK);

    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);
    assert_int_equal(taken_count(&s.asker), 2); /* the third has none and is left out */
    memcpy(ids, s.anna.device_id[1], PROTO_DEVICE_ID_LEN);
    assert_err(take_of(&s.asker, &s.anna, kith_bytes_of(ids, PROTO_DEVICE_ID_LEN)), KITH_OK);
    assert_int_equal(taken(&s.asker), 'b');
    memcpy(ids + PROTO_DEVICE_ID_LEN, s.anna.device_id[1], PROTO_DEVICE_ID_LEN);
    assert_err(take_of(&s.asker, &s.anna, KITH_BYTES(ids)),
               KITH_OK); /* twice, and an unknown one */
    assert_int_equal(taken_count(&s.asker), 1);
    assert_int_equal(count_packages(&second).one_time_count, 2);
    close_scene(&s);
}

static void
packages_of_a_dropped_device_are_gone(void **state)
{
    (void)state;
    static scene s;
    client second;
    town_open(&s.t);
    open_scene(&s, 2);
    client_open(&s.t, &second, 0, 1);
    assert_err(person_log_in(&s.anna, &second, 1), KITH_OK);
    assert_err(put_packages(&second, 'b', 5, 'y'), KITH_OK);

    person_next_list(&s.anna, 1);
    assert_err(person_put_list(&s.anna, &s.named), KITH_OK);

    assert_err(take_of(&s.asker, &s.anna, KITH_BYTES(s.anna.device_id[1])), KITH_OK);
    assert_int_equal(taken_count(&s.asker), 0);
    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);
    assert_int_equal(taken_count(&s.asker), 0);
    person_next_list(&s.anna, 3);
    assert_err(person_put_list(&s.anna, &s.named), KITH_OK);
    assert_err(take_of(&s.asker, &s.anna, KITH_BYTES(s.anna.device_id[1])), KITH_OK);
    assert_int_equal(taken_count(&s.asker), 0); /* back, and empty */
    close_scene(&s);
}

static void
packages_of_nobody_are_not_found(void **state)
{
    (void)state;
    static scene s;
    person nobody;
    town_open(&s.t);
    open_scene(&s, 1);
    person_make(&s.t, &nobody, 1);

    assert_err(take_of(&s.asker, &nobody, (kith_bytes){0}), KITH_ERR_NOT_FOUND);
    person_done(&nobody);
    close_scene(&s);
}

static void
beyond_its_ration_an_asker_gets_the_last_resort_and_costs_others_nothing(void **state)
{
    (void)state;
    static scene s;
    client other;
    town_open(&s.t);
    s.t.env[1].config.rations[RELAY_RATION_KP_TAKE] = (relay_ration){2, 1000};
    town_restart(&s.t);
    open_scene(&s, 1);
    assert_err(put_packages(&s.named, 'a', 10, 'z'), KITH_OK);
    client_open(&s.t, &other, 1, 3);

    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);
    assert_int_equal(taken(&s.asker), 'a');
    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);
    assert_int_equal(taken(&s.asker), 'a');
    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);
    assert_int_equal(taken(&s.asker), 'z');
    assert_int_equal(count_packages(&s.named).one_time_count, 8);
    assert_err(take_of(&other, &s.anna, (kith_bytes){0}), KITH_OK);
    assert_int_equal(taken(&other), 'a');
    town_pass(&s.t, 1000);
    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);
    assert_int_equal(taken(&s.asker), 'a');
    close_scene(&s);
}

static void
requests_in_the_same_moment_do_not_exceed_the_ration(void **state)
{
    (void)state;
    static scene s;
    town_open(&s.t);
    s.t.env[1].config.rations[RELAY_RATION_KP_TAKE] = (relay_ration){3, 1000};
    town_restart(&s.t);
    open_scene(&s, 1);
    assert_err(put_packages(&s.named, 'a', 20, 'z'), KITH_OK);
    proto_kp_take in = {.device_ids = KITH_BYTES(s.anna.device_id[0])};
    memcpy(in.account_id, s.anna.account_id, sizeof in.account_id);

    for (size_t i = 0; i < 10; i++) {
        assert_err(proto_kp_take_encode(client_body(&s.asker), &in), KITH_OK);
        client_send(&s.asker, PROTO_KP_TAKE);
    }
    town_run(&s.t);

    assert_int_equal(count_packages(&s.named).one_time_count, 17);
    close_scene(&s);
}

static void
a_device_is_told_when_its_packages_run_low(void **state)
{
    (void)state;
    static scene s;
    proto_kp_low low = {0};
    town_open(&s.t);
    open_scene(&s, 1);
    assert_err(put_packages(&s.named, 'a', RELAY_KP_LOW + 1, 0), KITH_OK);

    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);
    assert_int_equal(client_push(&s.named), 0); /* exactly enough */
    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);

    assert_int_equal(client_push(&s.named), PROTO_KP_LOW);
    assert_err(proto_kp_low_decode(kith_bytes_of_buf(&s.named.answer), &low), KITH_OK);
    assert_int_equal(low.one_time_count, RELAY_KP_LOW - 1);
    close_scene(&s);
}

static void
marks_of_given_packages_go_after_thirty_days(void **state)
{
    (void)state;
    static scene s;
    town_open(&s.t);
    open_scene(&s, 1);
    assert_err(put_packages(&s.named, 'a', 1, 0), KITH_OK);
    assert_err(take_of(&s.asker, &s.anna, (kith_bytes){0}), KITH_OK);

    s.t.now_ms += (uint64_t)PROTO_KEEP_SECONDS * 1000 + 1;
    town_pass(&s.t, 0);

    assert_err(put_packages(&s.named, 'a', 1, 0), KITH_OK);
    assert_int_equal(put_count(&s.named), 1);
    close_scene(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packages_are_given_out_once_oldest_first_and_then_the_last_resort),
        cmocka_unit_test(a_repeated_put_adds_nothing_not_even_what_was_given_out),
        cmocka_unit_test(a_device_has_as_many_packages_as_allowed),
        cmocka_unit_test(devices_are_asked_for_by_name_or_all_together),
        cmocka_unit_test(packages_of_a_dropped_device_are_gone),
        cmocka_unit_test(packages_of_nobody_are_not_found),
        cmocka_unit_test(beyond_its_ration_an_asker_gets_the_last_resort_and_costs_others_nothing),
        cmocka_unit_test(requests_in_the_same_moment_do_not_exceed_the_ration),
        cmocka_unit_test(a_device_is_told_when_its_packages_run_low),
        cmocka_unit_test(marks_of_given_packages_go_after_thirty_days),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
