/* SPDX-License-Identifier: MPL-2.0 */
/* Servers that lie, and answers that were tampered with: each is refused, and changes nothing. */
#include "transparency/cipher.h"
#include "transparency/scene.h"
#include "transparency/tree.h"

/* Every bit, every shorter answer, and one byte more. */
static void
tamper(scene *s)
{
    bool is_changed = false;

    assert_ok(world_ask(&s->w, &s->view, &s->watch, &s->request, &s->answer));
    assert_ok(scene_check(s, kith_bytes_of_buf(&s->answer), &is_changed));
    assert_true(is_changed);
    for (size_t bit = 0; bit < s->answer.len * 8; bit++) {
        s->answer.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_true(is_refusal(scene_check(s, kith_bytes_of_buf(&s->answer), &is_changed)));
        assert_false(is_changed);
        s->answer.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t len = 0; len < s->answer.len; len++) {
        assert_true(is_refusal(scene_check(s, kith_bytes_of(s->answer.data, len), &is_changed)));
        assert_false(is_changed);
    }
    assert_ok(kith_buf_append(&s->answer, kith_bytes_of("", 1)));
    assert_true(is_refusal(scene_check(s, kith_bytes_of_buf(&s->answer), &is_changed)));
    assert_false(is_changed);
}

static void
every_changed_bit_of_a_search_is_refused(void **state)
{
    scene s;

    scene_open(&s, *state, KT_SEARCH);
    tamper(&s);
    scene_done(&s);
}

static void
every_changed_bit_of_a_contacts_monitoring_is_refused(void **state)
{
    scene s;

    scene_open(&s, *state, KT_CONTACT_MONITOR);
    tamper(&s);
    scene_done(&s);
}

static void
every_changed_bit_of_an_owners_start_is_refused(void **state)
{
    scene s;

    scene_open_asked(&s, *state, KT_OWNER_INIT);
    tamper(&s);
    scene_done(&s);
}

static void
every_changed_bit_of_an_owners_monitoring_is_refused(void **state)
{
    scene s;

    scene_open_owned(&s, *state, KT_OWNER_MONITOR);
    tamper(&s);
    scene_done(&s);
}

static void
every_changed_bit_of_an_update_is_refused(void **state)
{
    scene s;

    scene_open_owned(&s, *state, KT_UPDATE);
    tamper(&s);
    scene_done(&s);
}

static void
every_changed_bit_of_distinguished_heads_is_refused(void **state)
{
    scene s;

    scene_open(&s, *state, KT_DISTINGUISHED);
    tamper(&s);
    scene_done(&s);
}

/* A search for a given version may name commitments that no lookup needs; whatever is changed, no other value
 * is believed. */
static void
no_changed_bit_of_an_old_version_gives_another_value(void **state)
{
    scene s;
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    kt_found honest;
    kt_found found;

    scene_open(&s, *state, KT_SEARCH);
    s.request.has_version = true;
    s.request.version = 1;
    assert_ok(world_ask(&s.w, &s.view, &watch, &s.request, &s.answer));
    const kt_exchange exchange = {
        .request = &s.request, .response = kith_bytes_of_buf(&s.answer), .now_ms = s.w.now_ms};
    kt_view view = s.view;
    assert_ok(kt_client_search(&s.w.client, &exchange, &view, NULL, &honest));
    KITH_AUTO(kith_buf) value = {0};
    assert_ok(kith_buf_append(&value, honest.value));
    for (size_t bit = 0; bit < s.answer.len * 8; bit += 3) {
        view = s.view;
        s.answer.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        const kith_err err = kt_client_search(&s.w.client, &exchange, &view, NULL, &found);
        assert_true(is_refusal(err) || kith_bytes_equal(found.value, kith_bytes_of_buf(&value)));
        s.answer.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    scene_done(&s);
}

static void
an_answer_for_another_label_is_refused(void **state)
{
    scene s;
    KITH_AUTO(kt_watch) other = watch_of("other");
    bool is_changed = false;

    scene_open(&s, *state, KT_SEARCH);
    assert_ok(world_ask(&s.w, &s.view, &other, &s.request, &s.answer));
    s.request.label = kith_bytes_of_buf(&s.watch.label);
    assert_err(scene_check(&s, kith_bytes_of_buf(&s.answer), &is_changed), KITH_ERR_REJECTED);
    assert_false(is_changed);
    scene_done(&s);
}

static void
a_fork_is_refused_by_who_saw_the_other_side(void **state)
{
    world real;
    world fork;
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    KITH_AUTO(world_result) result = {0};
    kt_view view = {.size = 0};

    world_open(&real, *state, WINDOW_MS, 0);
    world_open_twin(&fork, &real);
    for (unsigned i = 0; i < 12; i++) {
        world_append(&real, STEP_MS, LABEL, i);
        world_append(&fork, STEP_MS, LABEL, i == 11 ? 666 : i);
    }
    assert_ok(world_search(&real, &view, &watch, NULL, &result));
    for (unsigned i = 0; i < 40; i++) {
        world_append(&fork, STEP_MS, i % 9 == 0 ? LABEL : NULL, i);
        kt_view before = view;
        assert_err(world_search(&fork, &view, &watch, NULL, &result), KITH_ERR_REJECTED);
        assert_err(world_monitor(&fork, &view, &watch), KITH_ERR_REJECTED);
        kt_heads heads;
        assert_err(world_heads(&fork, &view, &heads), KITH_ERR_REJECTED);
        assert_memory_equal(&before, &view, sizeof view);
    }
    world_close(&real);
    world_close(&fork);
}

static void
a_log_that_grew_honestly_is_accepted_and_has_the_same_root_for_all(void **state)
{
    world w;
    kt_view early = {.size = 0};
    kt_view late = {.size = 0};
    kt_heads heads;
    kt_hash a;
    kt_hash b;

    world_open(&w, *state, WINDOW_MS, 0);
    world_append(&w, STEP_MS, LABEL, 0);
    assert_ok(world_heads(&w, &early, &heads));
    world_append(&w, STEP_MS, LABEL, 1);
    assert_ok(world_heads(&w, &early, &heads));
    assert_ok(world_heads(&w, &late, &heads));
    assert_ok(kt_view_root(w.c, &early, &a));
    assert_ok(kt_view_root(w.c, &late, &b));
    assert_true(kt_hash_equal(&a, &b));
    world_close(&w);
}

/* A server's knowledge of labels that lies about how many versions there are. */
static kith_err
count_one_less(void *ctx, kith_bytes label, uint64_t *out)
{
    const kt_labels honest = kt_label_memory_port(ctx);

    KITH_TRY(honest.count(ctx, label, out));
    *out -= 1;
    return KITH_OK;
}

/* Starts the server anew over what it stored, with the given labels' port. */
static void
restart(world *w, const kt_labels *labels)
{
    const kt_log_setup setup = {.crypto = w->c,
                                .sign = w->sign,
                                .vrf = w->vrf,
                                .rng = fake_rng_port(&w->random),
                                .store = kt_memory_port(w->memory),
                                .labels = *labels,
                                .config = w->client.config,
                                .size = kt_log_size(w->log)};

    kt_log_free(w->log);
    w->log = NULL;
    assert_ok(kt_log_new(NULL, &setup, &w->log));
}

static void
a_server_that_hides_the_newest_version_is_refused(void **state)
{
    world w;
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    KITH_AUTO(world_result) result = {0};

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 20; i++) {
        world_append(&w, STEP_MS, LABEL, i);
        kt_view view = {.size = 0};
        kt_labels labels = kt_label_memory_port(w.labels);
        labels.count = count_one_less;
        restart(&w, &labels);
        const kith_err err = world_search(&w, &view, &watch, NULL, &result);
        /* Of the only version, this server finds that its own tree contradicts it. */
        assert_true(err == KITH_ERR_REJECTED || (i == 0 && err == KITH_ERR_STORE));
        assert_int_equal(view.size, 0);
        labels = kt_label_memory_port(w.labels);
        restart(&w, &labels);
    }
    world_close(&w);
}

/* Replaces the prefix tree of the last entry by that of an older one: versions vanish. */
static void
roll_back(world *w, uint64_t older)
{
    const kt_store store = kt_memory_port(w->memory);
    const kt_tree tree = {.crypto = w->c, .store = &store, .size = kt_log_size(w->log)};
    const uint64_t last = tree.size - 1;
    KITH_AUTO(kith_buf) record = {0};
    kith_writer writer = kith_writer_of(&record);
    const kt_labels labels = kt_label_memory_port(w->labels);
    kt_stored_entry old;
    kt_stored_entry new;
    kt_hash leaf;

    assert_ok(kt_tree_entry(&tree, older, &old));
    assert_ok(kt_tree_entry(&tree, last, &new));
    new.entry.prefix_root = old.entry.prefix_root;
    assert_ok(kith_write_u64(&writer, new.entry.timestamp));
    assert_ok(kt_hash_write(&writer, &new.entry.prefix_root));
    assert_ok(kith_write_u64(&writer, old.root));
    assert_ok(kith_write_u64(&writer, new.nodes));
    assert_ok(store.write(store.ctx, KT_ENTRIES, last, kith_bytes_of_buf(&record)));
    assert_ok(kt_entry_hash(w->c, &new.entry, &leaf));
    assert_ok(kt_log_leaf_append(w->c, &store, last, &leaf));
    restart(w, &labels);
}

static void
a_version_that_vanishes_is_noticed_by_its_contact(void **state)
{
    world w;
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    KITH_AUTO(world_result) result = {0};
    kt_view view = {.size = 0};

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 13; i++) {
        world_append(&w, STEP_MS, i == 12 ? LABEL : NULL, i);
    }
    assert_ok(world_search(&w, &view, &watch, NULL, &result));
    assert_int_equal(watch.map.count, 1);
    world_append(&w, STEP_MS, NULL, 0); /* entry 13 is above entry 12 */
    roll_back(&w, 11);
    assert_err(world_monitor(&w, &view, &watch), KITH_ERR_REJECTED);
    assert_int_equal(view.size, 13);
    assert_int_equal(watch.map.count, 1);
    world_close(&w);
}

static void
a_version_that_is_swapped_is_noticed_by_its_owner(void **state)
{
    world w;
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    kt_view view = {.size = 0};

    world_open(&w, *state, WINDOW_MS, 0);
    for (unsigned i = 0; i < 16; i++) {
        world_append(&w, STEP_MS, i == 3 || i == 5 ? LABEL : NULL, i);
    }
    assert_ok(world_own(&w, &view, &watch, 7));
    for (unsigned i = 0; i < 16; i++) {
        world_append(&w, STEP_MS, NULL, 0);
    }
    roll_back(&w, 4); /* entry 31: the second version is gone */
    const kith_err err = world_owner_monitor(&w, &view, &watch);
    assert_err(err, KITH_ERR_REJECTED);
    world_close(&w);
}

static void
a_head_too_far_from_the_clock_is_refused(void **state)
{
    world w;
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    KITH_AUTO(world_result) result = {0};
    kt_view view = {.size = 0};

    world_open(&w, *state, WINDOW_MS, 0);
    world_append(&w, STEP_MS, LABEL, 0);
    static const struct {
        int64_t shift_ms;
        kith_err expected;
    } cases[] = {
        {1001, KITH_ERR_REJECTED}, {1000, KITH_OK}, {-1001, KITH_ERR_REJECTED}, {-1000, KITH_OK}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        const uint64_t now = w.now_ms;
        w.now_ms = (uint64_t)((int64_t)now + cases[i].shift_ms);
        assert_err(world_search(&w, &view, &watch, NULL, &result), cases[i].expected);
        w.now_ms = now;
    }
    /* The same head again, too old by now. */
    w.now_ms += 1001;
    assert_err(world_search(&w, &view, &watch, NULL, &result), KITH_ERR_REJECTED);
    world_close(&w);
}

static void
keys_other_than_the_configured_ones_are_refused(void **state)
{
    world w;
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    KITH_AUTO(world_result) result = {0};
    kt_view view = {.size = 0};

    world_open(&w, *state, WINDOW_MS, 0);
    world_append(&w, STEP_MS, LABEL, 0);
    const kt_config config = w.client.config;
    memcpy(w.client.config.signature_key, config.auditor_key, KT_KEY_LEN);
    assert_err(world_search(&w, &view, &watch, NULL, &result), KITH_ERR_REJECTED);
    w.client.config = config;
    memcpy(w.client.config.vrf_key, config.auditor_key, KT_KEY_LEN);
    assert_err(world_search(&w, &view, &watch, NULL, &result), KITH_ERR_REJECTED);
    w.client.config = config;
    w.client.config.window++;
    assert_err(world_search(&w, &view, &watch, NULL, &result), KITH_ERR_REJECTED);
    w.client.config = config;
    assert_ok(world_search(&w, &view, &watch, NULL, &result));
    world_close(&w);
}

static void
a_smaller_tree_than_was_seen_is_refused(void **state)
{
    world w;
    world restored;
    KITH_AUTO(kt_watch) watch = watch_of(LABEL);
    KITH_AUTO(world_result) result = {0};
    KITH_AUTO(kith_buf) answer = {0};
    kt_view view = {.size = 0};
    kt_view none = {.size = 0};
    kt_found found;

    world_open(&w, *state, WINDOW_MS, 0);
    world_open_twin(&restored, &w);
    for (unsigned i = 0; i < 9; i++) {
        world_append(&w, STEP_MS, LABEL, i);
        if (i < 7) {
            world_append(&restored, STEP_MS, LABEL, i);
        }
    }
    assert_ok(world_search(&w, &view, &watch, NULL, &result));
    /* The honest one refuses to answer; a liar answers as if nothing had been seen. */
    assert_err(world_search(&restored, &view, &watch, NULL, &result), KITH_ERR_REJECTED);
    kt_request request = {.question = KT_SEARCH};
    assert_ok(world_ask(&restored, &none, &watch, &request, &answer));
    kt_request_prepare(&view, &watch, &request);
    const kt_exchange exchange = {
        .request = &request, .response = kith_bytes_of_buf(&answer), .now_ms = restored.now_ms};
    assert_err(kt_client_search(&w.client, &exchange, &view, &watch, &found), KITH_ERR_REJECTED);
    world_close(&w);
    world_close(&restored);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_changed_bit_of_a_search_is_refused),
        cmocka_unit_test(every_changed_bit_of_a_contacts_monitoring_is_refused),
        cmocka_unit_test(every_changed_bit_of_an_owners_start_is_refused),
        cmocka_unit_test(every_changed_bit_of_an_owners_monitoring_is_refused),
        cmocka_unit_test(every_changed_bit_of_an_update_is_refused),
        cmocka_unit_test(every_changed_bit_of_distinguished_heads_is_refused),
        cmocka_unit_test(no_changed_bit_of_an_old_version_gives_another_value),
        cmocka_unit_test(an_answer_for_another_label_is_refused),
        cmocka_unit_test(a_fork_is_refused_by_who_saw_the_other_side),
        cmocka_unit_test(a_log_that_grew_honestly_is_accepted_and_has_the_same_root_for_all),
        cmocka_unit_test(a_server_that_hides_the_newest_version_is_refused),
        cmocka_unit_test(a_version_that_vanishes_is_noticed_by_its_contact),
        cmocka_unit_test(a_version_that_is_swapped_is_noticed_by_its_owner),
        cmocka_unit_test(a_head_too_far_from_the_clock_is_refused),
        cmocka_unit_test(keys_other_than_the_configured_ones_are_refused),
        cmocka_unit_test(a_smaller_tree_than_was_seen_is_refused),
    };

    return cmocka_run_group_tests_name("attack", tests, lab_open, lab_close);
}
