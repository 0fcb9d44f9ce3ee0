/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A server that lies about its directory, against people who notice nothing themselves: each story says who raised which
 * alarm, after how many messages or how much time, over several seeds. The longest of it is printed and stands in
 * docs/attacks.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "stories/liar.h"
#include "stories/world.h"

/* Fewer where every step is watched. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SEEDS 1u
#endif
#endif
#ifndef SEEDS
#define SEEDS 3u
#endif
#define HOUR_MS UINT64_C(3600000)
/* Everybody looks at the own account twice a day. */
#define DAY_MS (24 * HOUR_MS)

enum { ANNA, ROSE, BEN };

static const world_weather calm = {.delay_max_ms = 5};

/* Three people who know each other by way of Anna, at a server that has not lied yet. */
typedef struct scene {
    world *w;
    liar *liar;
    uint64_t since_ms; /* of the lie */
    uint64_t texts;
} scene;

static void
assert_went_well(const scene *s)
{
    if (s->w->failure != NULL) {
        fail_msg("seed %llu: %s", (unsigned long long)s->w->seed, s->w->failure);
    }
}

static scene
open_scene(uint64_t seed)
{
    scene s = {.w = world_new(seed, &calm)};

    s.w->suite = MLS_SUITE_X25519_AES128_ED25519;
    s.w->takes_alarms = true;
    s.liar = liar_new(s.w);
    assert_int_equal(place_device_add(s.w, "anna", ANNA), ANNA);
    plot_found(s.w, ANNA, "Anna");
    assert_int_equal(place_device_add(s.w, "rose", ROSE), ROSE);
    plot_meet(s.w, ANNA, ROSE, "Rose", "hello");
    assert_int_equal(place_device_add(s.w, "ben", BEN), BEN);
    plot_meet(s.w, ANNA, BEN, "Ben", "hello");
    world_run(s.w, 30000);
    assert_went_well(&s);
    assert_int_equal(s.w->alarm_count, 0);
    return s;
}

static void
close_scene(scene *s)
{
    assert_went_well(s);
    world_free(s->w);
}

/* From now on. */
static void
begin_lie(scene *s)
{
    liar_follow(s->liar);
    s->since_ms = s->w->now_ms;
    s->texts = s->w->texts;
}

static void
say(scene *s, size_t from, size_t to)
{
    uint8_t conv[CORE_CONV_LEN];

    assert_true(plot_direct(s->w, from, to, conv));
    assert_true(plot_say(s->w, from, conv));
    world_run(s->w, 5000);
}

/* Up to so long, until somebody notices. */
static void
wait_alarm(scene *s, uint64_t for_ms)
{
    const uint64_t until = s->w->now_ms + for_ms;

    while (s->w->alarm_count == 0 && s->w->now_ms < until && s->w->failure == NULL) {
        world_run(s->w, 60000);
    }
}

static const world_alarm *
find_alarm(const scene *s, size_t device, const char *what)
{
    for (size_t i = 0; i < s->w->alarm_count; i++) {
        if (s->w->alarms[i].device == device && strcmp(s->w->alarms[i].what, what) == 0) {
            return &s->w->alarms[i];
        }
    }
    return NULL;
}

/* The longest that it took, over the seeds. */
typedef struct report {
    const char *attack;
    const char *what;
    uint64_t ms;
} report;

/* How many messages had arrived since the lie. */
static uint64_t
expect_alarm(const scene *s, size_t device, report *r)
{
    const world_alarm *alarm = find_alarm(s, device, r->what);

    if (alarm == NULL) {
        for (size_t i = 0; i < s->w->alarm_count; i++) {
            (void)fprintf(stderr, "# device %zu: %s after %llu s\n", s->w->alarms[i].device,
                          s->w->alarms[i].what,
                          (unsigned long long)(s->w->alarms[i].at_ms - s->since_ms) / 1000);
        }
        fail_msg("seed %llu: %s: nobody says %s", (unsigned long long)s->w->seed, r->attack,
                 r->what);
        return 0;
    }
    r->ms = alarm->at_ms - s->since_ms > r->ms ? alarm->at_ms - s->since_ms : r->ms;
    return alarm->texts - s->texts;
}

static void
print_report(const report *r)
{
    (void)printf("# %s: %s, at most %llu.%llu s\n", r->attack, r->what,
                 (unsigned long long)(r->ms / 1000), (unsigned long long)(r->ms / 100 % 10));
}

static const uint8_t *
account_of(const scene *s, size_t device)
{
    return s->w->devices[device].account;
}

/* ---- Lists that a liar makes ---- */

typedef struct forgery {
    crypto_sign_key *account_key; /* who signs it */
    crypto_sign_key *ghost; /* the device on it */
    kith_buf list;
} forgery;

static void
make_key(const scene *s, uint64_t salt, crypto_sign_key **out)
{
    fake_rng rng;

    fake_rng_init(&rng, s->w->seed * 1000 + salt);
    const kith_rng port = fake_rng_port(&rng);
    assert_int_equal(crypto_sign_key_generate(s->w->server.crypto, CRYPTO_ED25519, &port, out),
                     KITH_OK);
}

static void
forgery_done(forgery *f)
{
    crypto_sign_key_free(f->account_key);
    crypto_sign_key_free(f->ghost);
    kith_buf_done(&f->list);
}

/* Where things stand in a SignedList whose account key has 32 bytes [docs/wire.md §3]. */
enum { KEY_AT = 35, VERSION_AT = 67, PREVIOUS_AT = 75, DEVICE_AT = 117, DEVICE_KEY_AT = 135 };

/* The next list of an account, with a ghost in the place of a device. The liar has no key that the account ever had, so
 * the signature is not good, and when it puts a key of its own in the place that is not signed either. */
static void
forge_list(const scene *s, size_t whose, bool has_other_key, forgery *f)
{
    const liar_account *known = liar_account_of(&s->liar->faces[0], account_of(s, whose));
    const kith_bytes newest = kith_bytes_of_buf(&known->lists[known->count - 1]);
    crypto *c = s->w->server.crypto;

    make_key(s, 1, &f->account_key);
    make_key(s, 2, &f->ghost);
    assert_int_equal(kith_buf_set(&f->list, newest), KITH_OK);
    f->list.data[VERSION_AT + 7]++;
    assert_int_equal(proto_list_hash(c, newest, &f->list.data[PREVIOUS_AT]), KITH_OK);
    const kith_bytes ghost = crypto_sign_key_public(f->ghost);
    memcpy(&f->list.data[DEVICE_KEY_AT], ghost.data, ghost.len);
    assert_int_equal(proto_device_id(c, ghost, &f->list.data[DEVICE_AT]), KITH_OK);
    if (has_other_key) {
        memcpy(&f->list.data[KEY_AT], crypto_sign_key_public(f->account_key).data, 32);
    }
    proto_list list;
    assert_int_equal(proto_list_decode(kith_bytes_of_buf(&f->list), &list), KITH_OK);
    assert_int_equal(list.version, known->count + 1);
}

/* ---- The attacks ---- */

static void
a_ghost_device_is_refused_by_all_and_told_by_the_owner(void **state)
{
    report r = {.attack = "ghost device added", .what = "list"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        scene s = open_scene(seed);
        forgery f = {0};
        begin_lie(&s);
        forge_list(&s, ANNA, false, &f);
        for (size_t face = 0; face < LIAR_FACES; face++) {
            liar_add(s.liar, face, account_of(&s, ANNA), kith_bytes_of_buf(&f.list));
            liar_account_of(&s.liar->faces[face], account_of(&s, ANNA))->is_forged = true;
        }
        wait_alarm(&s, DAY_MS);
        (void)expect_alarm(&s, ANNA, &r);
        say(&s, ROSE, ANNA); /* as before: the ghost is in no chat */
        forgery_done(&f);
        close_scene(&s);
    }
    print_report(&r);
}

/* Two of the three are shown another log from now on. */
static void
part(scene *s)
{
    begin_lie(s);
    s->liar->face_of[ROSE] = 1;
    fake_directory_fill(s->liar->faces[1].log, s->w->now_ms,
                        fake_directory_size(s->liar->faces[1].log) + 1);
    fake_directory_fill(s->liar->faces[0].log, s->w->now_ms + 1,
                        fake_directory_size(s->liar->faces[0].log) + 1);
}

/* A device asks something, so that it has seen the head that it is shown. */
static void
reconnect(scene *s, size_t device)
{
    for (size_t link = 0; link < CORE_LINKS; link++) {
        wire_cut(s->w, &s->w->devices[device].wires[link]);
    }
    world_run(s->w, 20000);
}

static void
expect_evidence(const scene *s, size_t device)
{
    KITH_AUTO(kith_buf) bytes = {0};
    kt_evidence evidence;

    assert_int_equal(core_evidence(s->w->devices[device].core, &bytes), KITH_OK);
    assert_int_equal(kt_evidence_check(s->w->server.crypto, kith_bytes_of_buf(&bytes), &evidence),
                     KITH_OK);
    assert_true(core_log_get(s->w->devices[device].core).is_silent);
}

static void
a_fork_is_noticed_with_the_first_message_between_its_sides(void **state)
{
    report r = {.attack = "fork of the log per client", .what = "fork"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        scene s = open_scene(seed);
        part(&s);
        reconnect(&s, ROSE);
        reconnect(&s, ANNA);
        assert_int_equal(s.w->alarm_count, 0);
        s.since_ms = s.w->now_ms;
        s.texts = s.w->texts;
        say(&s, ROSE, ANNA);
        assert_true(expect_alarm(&s, ANNA, &r) <= 1);
        expect_evidence(&s, ANNA);
        close_scene(&s);
    }
    print_report(&r);
}

static void
a_fork_that_is_healed_later_is_noticed_by_whoever_was_on_the_other_side(void **state)
{
    report r = {.attack = "fork healed later", .what = "fork"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        scene s = open_scene(seed);
        part(&s);
        reconnect(&s, ROSE);
        s.liar->face_of[ROSE] = 0;
        s.since_ms = s.w->now_ms;
        wait_alarm(&s, DAY_MS);
        world_run(s.w, 120000);
        (void)expect_alarm(&s, ROSE, &r);
        expect_evidence(&s, ROSE);
        close_scene(&s);
    }
    print_report(&r);
}

static void
a_version_that_is_shown_to_one_contact_only_is_noticed_with_its_first_message(void **state)
{
    report r = {.attack = "a version served to one contact only", .what = "fork"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        scene s = open_scene(seed);
        forgery f = {0};
        begin_lie(&s);
        forge_list(&s, ANNA, false, &f);
        liar_add(s.liar, 1, account_of(&s, ANNA), kith_bytes_of_buf(&f.list));
        s.liar->face_of[ROSE] = 1;
        fake_directory_fill(s.liar->faces[0].log, s.w->now_ms,
                            fake_directory_size(s.liar->faces[0].log) + 1);
        reconnect(&s, ROSE);
        reconnect(&s, ANNA);
        say(&s, ROSE, ANNA);
        (void)expect_alarm(&s, ANNA, &r);
        expect_evidence(&s, ANNA);
        forgery_done(&f);
        close_scene(&s);
    }
    print_report(&r);
}

/* Anna removes a device, and Rose is shown a log where it stays. */
static void
a_removed_device_that_is_still_shown_stops_the_chat_that_says_otherwise(void **state)
{
    report r = {.attack = "device removed and re-added", .what = "roster"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        scene s = open_scene(seed);
        uint64_t op = 0;
        assert_int_equal(place_device_add(s.w, "anna2", ANNA), 3);
        plot_pair(s.w, ANNA, 3);
        world_run(s.w, 20000);
        begin_lie(&s);
        s.liar->faces[1].is_frozen = true;
        s.liar->face_of[ROSE] = 1;
        const core_account second = core_account_get(s.w->devices[3].core);
        assert_int_equal(core_device_remove(s.w->devices[ANNA].core, second.device,
                                            world_device_now(s.w, &s.w->devices[ANNA]), &op),
                         KITH_OK);
        world_after_core(s.w, ANNA);
        world_run(s.w, 60000);
        (void)expect_alarm(&s, ROSE, &r);
        close_scene(&s);
    }
    print_report(&r);
}

static void
an_old_list_again_is_refused_and_evidence(void **state)
{
    report r = {.attack = "old list replayed", .what = "fork"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        scene s = open_scene(seed);
        assert_int_equal(place_device_add(s.w, "anna2", ANNA), 3);
        liar_follow(s.liar);
        /* A log that never hears of the second device, and is as long. */
        liar_account_of(&s.liar->faces[1], account_of(&s, ANNA))->is_forged = true;
        plot_pair(s.w, ANNA, 3);
        world_run(s.w, 20000);
        begin_lie(&s);
        fake_directory_fill(s.liar->faces[1].log, s.w->now_ms,
                            fake_directory_size(s.liar->faces[0].log) + 2);
        s.liar->face_of[ROSE] = 1;
        reconnect(&s, ROSE);
        wait_alarm(&s, DAY_MS);
        world_run(s.w, 60000);
        (void)expect_alarm(&s, ROSE, &r);
        expect_evidence(&s, ROSE);
        close_scene(&s);
    }
    print_report(&r);
}

static void
an_account_key_that_is_swapped_in_the_log_is_told_by_the_owner(void **state)
{
    report r = {.attack = "account key swapped, with a log entry", .what = "list"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        scene s = open_scene(seed);
        forgery f = {0};
        begin_lie(&s);
        forge_list(&s, ROSE, true, &f);
        for (size_t face = 0; face < LIAR_FACES; face++) {
            liar_add(s.liar, face, account_of(&s, ROSE), kith_bytes_of_buf(&f.list));
            liar_account_of(&s.liar->faces[face], account_of(&s, ROSE))->is_forged = true;
        }
        wait_alarm(&s, DAY_MS);
        (void)expect_alarm(&s, ROSE, &r);
        forgery_done(&f);
        close_scene(&s);
    }
    print_report(&r);
}

/* Without an entry there is no proof of it. */
static void
a_list_that_is_not_in_the_log_is_refused_at_once(void **state)
{
    report r = {.attack = "account key swapped, without a log entry", .what = "proof"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        scene s = open_scene(seed);
        forgery f = {0};
        begin_lie(&s);
        forge_list(&s, ROSE, true, &f);
        s.liar->value = kith_bytes_of_buf(&f.list);
        reconnect(&s, ROSE);
        (void)expect_alarm(&s, ROSE, &r);
        assert_false(core_log_get(s.w->devices[ROSE].core).is_silent);
        forgery_done(&f);
        close_scene(&s);
    }
    print_report(&r);
}

static void
cut_short(kith_buf *found)
{
    found->len -= 1;
}

static void
make_longer(kith_buf *found)
{
    kith_ignore(kith_buf_append(found, kith_bytes_of_text("x")));
}

static void
proofs_that_are_cut_or_padded_are_refused_at_once_and_the_talk_goes_on(void **state)
{
    static const liar_spoil spoils[] = {cut_short, make_longer};
    report r = {.attack = "proof truncated or padded", .what = "proof"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        for (size_t i = 0; i < 2; i++) {
            scene s = open_scene(seed);
            begin_lie(&s);
            s.liar->spoil = spoils[i];
            reconnect(&s, ROSE);
            (void)expect_alarm(&s, ROSE, &r);
            s.liar->spoil = NULL;
            reconnect(&s, ROSE);
            say(&s, ROSE, ANNA);
            assert_int_equal(s.w->alarm_count, 1);
            close_scene(&s);
        }
    }
    print_report(&r);
}

static void
a_log_that_was_truncated_is_told_and_a_new_generation_helps(void **state)
{
    report r = {.attack = "log truncated after a restore", .what = "behind"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        scene s = open_scene(seed);
        begin_lie(&s);
        /* As it was before the last entries. */
        fake_directory *old = fake_directory_new(s.w->server.crypto, seed, 1);
        fake_directory_fill(old, s.w->now_ms, 2);
        fake_directory_free(s.liar->faces[0].log);
        s.liar->faces[0].log = old;
        s.liar->faces[0].is_frozen = true;
        wait_alarm(&s, DAY_MS);
        world_run(s.w, 60000);
        (void)expect_alarm(&s, s.w->alarms[0].device, &r);
        fake_directory_free(old);
        s.liar->faces[0].log = fake_directory_new(s.w->server.crypto, seed, 2);
        liar_log_all(s.liar, 0);
        s.liar->faces[0].is_frozen = false;
        for (size_t i = 0; i < 3; i++) {
            reconnect(&s, i);
            assert_non_null(find_alarm(&s, i, "renewed"));
        }
        say(&s, ROSE, ANNA);
        close_scene(&s);
    }
    print_report(&r);
}

static void
heads_that_are_withheld_are_told_as_stale(void **state)
{
    report r = {.attack = "head withheld", .what = "stale"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        scene s = open_scene(seed);
        begin_lie(&s);
        for (size_t face = 0; face < LIAR_FACES; face++) {
            s.liar->faces[face].is_frozen = true;
        }
        wait_alarm(&s, DAY_MS);
        (void)expect_alarm(&s, s.w->alarms[0].device, &r);
        say(&s, ROSE, ANNA);
        close_scene(&s);
    }
    print_report(&r);
}

static void
other_keys_of_the_log_are_told_on_the_next_connection(void **state)
{
    report r = {.attack = "VRF and signature keys of the log swapped", .what = "directory"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        scene s = open_scene(seed);
        begin_lie(&s);
        fake_directory *other = fake_directory_other(s.w->server.crypto, seed);
        s.liar->config = fake_directory_signed(other);
        reconnect(&s, ROSE);
        (void)expect_alarm(&s, ROSE, &r);
        assert_true(core_log_get(s.w->devices[ROSE].core).is_silent);
        fake_directory_free(other);
        close_scene(&s);
    }
    print_report(&r);
}

static void
two_values_of_one_version_are_refused(void **state)
{
    report r = {.attack = "two values for one version", .what = "fork"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        scene s = open_scene(seed);
        begin_lie(&s);
        /* A log in which Anna's first list is another one: it cannot be the log that was seen. */
        fake_directory *other = fake_directory_new(s.w->server.crypto, seed, 1);
        forgery f = {0};
        forge_list(&s, ANNA, false, &f);
        fake_directory_put(other, WORLD_START_MS, account_of(&s, ANNA), kith_bytes_of_buf(&f.list));
        fake_directory_fill(other, s.w->now_ms, fake_directory_size(s.liar->faces[0].log) + 3);
        fake_directory_free(s.liar->faces[1].log);
        s.liar->faces[1].log = other;
        s.liar->faces[1].is_frozen = true;
        s.liar->face_of[ROSE] = 1;
        reconnect(&s, ROSE);
        world_run(s.w, 60000);
        (void)expect_alarm(&s, ROSE, &r);
        expect_evidence(&s, ROSE);
        forgery_done(&f);
        close_scene(&s);
    }
    print_report(&r);
}

static void
a_clock_that_is_far_off_is_said_and_stops_nothing(void **state)
{
    report r = {.attack = "clock far off", .what = "clock"};
    (void)state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            scene s = open_scene(seed);
            begin_lie(&s);
            place_device_crash(s.w, ROSE, 1000);
            s.w->devices[ROSE].skew_ms = sign * (int64_t)(3 * DAY_MS);
            world_run(s.w, 60000);
            (void)expect_alarm(&s, ROSE, &r);
            say(&s, ROSE, ANNA);
            say(&s, ANNA, ROSE);
            assert_int_equal(s.w->alarm_count, 1);
            close_scene(&s);
        }
    }
    print_report(&r);
}

/* What an honest server costs: three people, ten days. */
static void
an_honest_log_raises_no_alarm_and_costs_little(void **state)
{
    (void)state;

    scene s = open_scene(1);
    begin_lie(&s);
    const size_t bytes = s.liar->bytes;
    for (int day = 0; day < 10; day++) {
        world_run(s.w, DAY_MS);
        say(&s, ROSE, ANNA);
        say(&s, ANNA, BEN);
    }
    assert_int_equal(s.w->alarm_count, 0);
    (void)printf("# honest: %zu bytes a day and device\n", (s.liar->bytes - bytes) / 30);
    assert_true((s.liar->bytes - bytes) / 30 < 60000);
    close_scene(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ghost_device_is_refused_by_all_and_told_by_the_owner),
        cmocka_unit_test(a_fork_is_noticed_with_the_first_message_between_its_sides),
        cmocka_unit_test(a_fork_that_is_healed_later_is_noticed_by_whoever_was_on_the_other_side),
        cmocka_unit_test(
            a_version_that_is_shown_to_one_contact_only_is_noticed_with_its_first_message),
        cmocka_unit_test(a_removed_device_that_is_still_shown_stops_the_chat_that_says_otherwise),
        cmocka_unit_test(an_old_list_again_is_refused_and_evidence),
        cmocka_unit_test(an_account_key_that_is_swapped_in_the_log_is_told_by_the_owner),
        cmocka_unit_test(a_list_that_is_not_in_the_log_is_refused_at_once),
        cmocka_unit_test(proofs_that_are_cut_or_padded_are_refused_at_once_and_the_talk_goes_on),
        cmocka_unit_test(a_log_that_was_truncated_is_told_and_a_new_generation_helps),
        cmocka_unit_test(heads_that_are_withheld_are_told_as_stale),
        cmocka_unit_test(other_keys_of_the_log_are_told_on_the_next_connection),
        cmocka_unit_test(two_values_of_one_version_are_refused),
        cmocka_unit_test(a_clock_that_is_far_off_is_said_and_stops_nothing),
        cmocka_unit_test(an_honest_log_raises_no_alarm_and_costs_little),
    };

    return cmocka_run_group_tests_name("attacks", tests, NULL, NULL);
}
