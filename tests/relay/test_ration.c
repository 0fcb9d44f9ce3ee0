/* SPDX-License-Identifier: MPL-2.0 */
/* Rations: for one connection and for a source, over time, with clocks that jump and more sources than remembered. */
#include <string.h>

#include "relay/town.h"

static kith_err
open_rdv(client *c)
{
    const proto_rdv_close in = {.number = 1};

    assert_err(proto_rdv_close_encode(client_body(c), &in), KITH_OK);
    assert_err(client_ask(c, PROTO_RDV_CLOSE), KITH_OK);
    const proto_rdv_join join = {.number = 1};
    assert_err(proto_rdv_join_encode(client_body(c), &join), KITH_OK);
    const kith_err err = client_ask(c, PROTO_RDV_JOIN);
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static void
open_town(town *t, relay_ration ration)
{
    town_open(t);
    t->env[0].config.rations[RELAY_RATION_RDV_JOIN] = ration;
    town_restart(t);
}

static void
a_ration_is_spent_and_comes_back_bit_by_bit(void **state)
{
    (void)state;
    town t;
    client c;
    open_town(&t, (relay_ration){3, 1000});
    client_open(&t, &c, 0, 1);

    for (size_t i = 0; i < 3; i++) {
        assert_err(open_rdv(&c), KITH_OK);
    }
    assert_err(open_rdv(&c), KITH_ERR_BUSY);
    assert_int_equal(c.error.retry_after_ms, 1000);
    town_pass(&t, 400);
    assert_err(open_rdv(&c), KITH_ERR_BUSY);
    assert_int_equal(c.error.retry_after_ms, 600);
    town_pass(&t, 600);
    assert_err(open_rdv(&c), KITH_OK);
    assert_err(open_rdv(&c), KITH_ERR_BUSY);
    town_pass(&t, 100000);
    for (size_t i = 0; i < 3; i++) {
        assert_err(open_rdv(&c), KITH_OK);
    }
    assert_err(open_rdv(&c), KITH_ERR_BUSY);
    town_close(&t);
}

static void
a_clock_set_back_costs_no_more_than_the_whole_ration(void **state)
{
    (void)state;
    town t;
    client c;
    open_town(&t, (relay_ration){2, 1000});
    client_open(&t, &c, 0, 1);
    assert_err(open_rdv(&c), KITH_OK);

    t.now_ms -= 1000000;
    assert_err(open_rdv(&c), KITH_ERR_BUSY);
    assert_int_equal(c.error.retry_after_ms, 1000);
    t.now_ms -= 1000000;
    assert_err(open_rdv(&c), KITH_ERR_BUSY);
    town_close(&t);
}

static void
another_connection_of_the_same_source_shares_the_ration_and_other_sources_do_not(void **state)
{
    (void)state;
    town t;
    client c;
    client same;
    client other;
    open_town(&t, (relay_ration){1, 1000});
    client_open(&t, &c, 0, 1);
    client_open(&t, &same, 0, 1);
    client_open(&t, &other, 0, 2);

    assert_err(open_rdv(&c), KITH_OK);
    assert_err(open_rdv(&same), KITH_ERR_BUSY);
    assert_err(open_rdv(&other), KITH_OK);
    client_close(&c);
    client_open(&t, &c, 0, 1);
    assert_err(open_rdv(&c), KITH_ERR_BUSY); /* a new connection is no new ration */
    town_close(&t);
}

static void
more_sources_than_remembered_push_out_those_that_used_least(void **state)
{
    (void)state;
    town t;
    client heavy;
    open_town(&t, (relay_ration){2, 1000});
    client_open(&t, &heavy, 0, 0);
    assert_err(open_rdv(&heavy), KITH_OK);
    assert_err(open_rdv(&heavy), KITH_OK);

    for (uint64_t source = 1; source <= 2 * RELAY_SOURCES_MAX; source++) {
        /* All of them meet in the heavy one's part of the table. */
        client light;
        if (source % 64 == 0) {
            client_open(&t, &light, 0, source * RELAY_SOURCES_MAX);
            assert_err(open_rdv(&light), KITH_OK);
            client_close(&light);
        }
    }

    client_close(&heavy);
    client_open(&t, &heavy, 0, 0);
    assert_err(open_rdv(&heavy), KITH_ERR_BUSY);
    town_close(&t);
}

static void
every_ration_has_a_default(void **state)
{
    (void)state;

    for (relay_rationed what = 0; what < RELAY_RATIONS; what++) {
        assert_true(relay_ration_default(what).burst > 0);
        assert_true(relay_ration_default(what).every_ms > 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ration_is_spent_and_comes_back_bit_by_bit),
        cmocka_unit_test(a_clock_set_back_costs_no_more_than_the_whole_ration),
        cmocka_unit_test(
            another_connection_of_the_same_source_shares_the_ration_and_other_sources_do_not),
        cmocka_unit_test(more_sources_than_remembered_push_out_those_that_used_least),
        cmocka_unit_test(every_ration_has_a_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
