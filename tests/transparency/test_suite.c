/* SPDX-License-Identifier: MPL-2.0 */
/* The second cipher suite: all that the first one can, and never one in the place of the other. */
#include "transparency/suite.h"
#include "transparency/world.h"

#define LABEL "rose"

/* A dozen entries, four of them with a version of the label. */
static void
fill(world *w)
{
    for (unsigned i = 0; i < 12; i++) {
        world_append(w, 100, i % 3 == 1 ? LABEL : i % 3 == 2 ? "other" : NULL, i);
    }
}

static void
a_user_searches_and_monitors_under_p256(void **state)
{
    KITH_AUTO(world_result) result = {0};
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    const uint32_t second = 1;
    kt_view view = {.size = 0};
    world w;

    world_open_p256(&w, *state, 300);
    fill(&w);

    assert_ok(world_search(&w, &view, &watch, NULL, &result));
    assert_int_equal(result.found.version, 3);
    assert_ok(world_search(&w, &view, &watch, &second, &result));
    assert_int_equal(result.found.version, 1);
    fill(&w);
    assert_ok(world_monitor(&w, &view, &watch));
    assert_int_equal(view.size, 24);
    world_close(&w);
}

static void
an_owner_monitors_and_updates_under_p256(void **state)
{
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    kt_view view = {.size = 0};
    kt_heads heads;
    kt_news news;
    world w;

    world_open_p256(&w, *state, 300);
    fill(&w);
    assert_ok(world_heads(&w, &view, &heads));
    assert_true(heads.count > 0);
    assert_ok(world_own(&w, &view, &watch, heads.items[0].position));
    while (world_update(&w, &view, &watch, &news) == KITH_OK) {
        continue;
    }
    fill(&w);
    assert_ok(world_update(&w, &view, &watch, &news));
    assert_int_equal(news.first, 4);
    world_close(&w);
}

static void
a_label_that_nobody_has_is_absent_under_p256(void **state)
{
    KITH_AUTO(world_result) result = {0};
    KITH_AUTO(kt_watch) watch = watch_of("nobody");
    kt_view view = {.size = 0};
    world w;

    world_open_p256(&w, *state, 300);
    fill(&w);
    assert_ok(world_search(&w, &view, &watch, NULL, &result));
    assert_true(result.found.is_absent);
    world_close(&w);
}

static void
every_flipped_bit_of_an_answer_is_refused_under_p256(void **state)
{
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request = {.question = KT_SEARCH};
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    const kt_view view = {.size = 0};
    world w;

    world_open_p256(&w, *state, 300);
    fill(&w);
    assert_ok(world_ask(&w, &view, &watch, &request, &answer));
    const kt_exchange exchange = {
        .request = &request, .response = kith_bytes_of_buf(&answer), .now_ms = w.now_ms};
    for (size_t bit = 0; bit < answer.len * 8; bit += 7) {
        kt_view mine = view;
        kt_found found;
        answer.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const kith_err err = kt_client_search(&w.client, &exchange, &mine, NULL, &found);
        assert_true(err == KITH_ERR_REJECTED || err == KITH_ERR_MALFORMED);
        assert_int_equal(mine.size, 0);
        answer.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    world_close(&w);
}

static void
a_head_under_p256_is_verified_and_a_changed_one_is_not(void **state)
{
    kt_log_tip tip;
    world w;

    world_open_p256(&w, *state, 300);
    fill(&w);
    assert_ok(kt_log_head(w.log, &tip));

    assert_ok(kt_head_verify(&w.client, &tip.head));
    for (size_t i = 0; i < KT_SIGNATURE_LEN; i++) {
        tip.head.signature[i] ^= 1;
        assert_err(kt_head_verify(&w.client, &tip.head), KITH_ERR_REJECTED);
        tip.head.signature[i] ^= 1;
    }
    world_close(&w);
}

static void
each_configuration_comes_back_as_it_was(void **state)
{
    for (int p256 = 0; p256 < 2; p256++) {
        KITH_AUTO(kith_buf) encoded = {0};
        KITH_AUTO(kith_buf) again = {0};
        kt_config config;
        world w;
        if (p256 == 1) {
            world_open_p256(&w, *state, 300);
        } else {
            world_open(&w, *state, 300, 0);
        }
        w.client.config.mode = KT_THIRD_PARTY_AUDITING;
        assert_ok(kt_config_encode(&w.client.config, &encoded));
        kith_reader r = kith_reader_of(kith_bytes_of_buf(&encoded));

        assert_ok(kt_config_decode(&r, &config));

        assert_true(kith_reader_done(&r));
        assert_int_equal(config.suite, w.client.config.suite);
        assert_int_equal(encoded.data[1], p256 == 1 ? 1 : 2);
        assert_ok(kt_config_encode(&config, &again));
        assert_true(kith_bytes_equal(kith_bytes_of_buf(&again), kith_bytes_of_buf(&encoded)));
        world_close(&w);
    }
}

static void
a_configuration_of_another_suite_is_unsupported(void **state)
{
    KITH_AUTO(kith_buf) encoded = {0};
    kt_config config;
    world w;

    world_open(&w, *state, 300, 0);
    assert_ok(kt_config_encode(&w.client.config, &encoded));
    encoded.data[1] = 3;
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&encoded));
    assert_err(kt_config_decode(&r, &config), KITH_ERR_UNSUPPORTED);
    w.client.config.suite = (kt_suite)2;
    assert_err(kt_config_encode(&w.client.config, &encoded), KITH_ERR_UNSUPPORTED);
    world_close(&w);
}

static void
keys_of_one_suite_make_no_log_of_the_other(void **state)
{
    kt_log *log = NULL;
    world w;

    world_open(&w, *state, 300, 0);
    kt_log_setup setup = {.crypto = w.c,
                          .sign = w.sign,
                          .vrf = w.vrf,
                          .rng = fake_rng_port(&w.random),
                          .store = kt_memory_port(w.memory),
                          .labels = kt_label_memory_port(w.labels),
                          .config = w.client.config};
    setup.config.suite = KT_128_SHA256_P256;

    assert_err(kt_log_new(NULL, &setup, &log), KITH_ERR_INVALID);
    assert_null(log);
    world_close(&w);
}

static void
a_p256_log_has_no_key_for_notes(void **state)
{
    const uint8_t id[KT_HASH_LEN] = {1};
    kt_note_key key;
    world w;

    world_open_p256(&w, *state, 300);
    assert_err(kt_bridge_key(w.c, id, &w.client.config, &key), KITH_ERR_UNSUPPORTED);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_searches_and_monitors_under_p256),
        cmocka_unit_test(an_owner_monitors_and_updates_under_p256),
        cmocka_unit_test(a_label_that_nobody_has_is_absent_under_p256),
        cmocka_unit_test(every_flipped_bit_of_an_answer_is_refused_under_p256),
        cmocka_unit_test(a_head_under_p256_is_verified_and_a_changed_one_is_not),
        cmocka_unit_test(each_configuration_comes_back_as_it_was),
        cmocka_unit_test(a_configuration_of_another_suite_is_unsupported),
        cmocka_unit_test(keys_of_one_suite_make_no_log_of_the_other),
        cmocka_unit_test(a_p256_log_has_no_key_for_notes),
    };

    return cmocka_run_group_tests_name("suite", tests, lab_open, lab_close);
}
