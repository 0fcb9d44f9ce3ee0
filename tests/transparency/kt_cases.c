/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Prints answers to searches, genuine and altered, and what the client made of each, for verifier.py: one JSON object a
 * line, first the configuration of a log, then its cases. An altered answer comes before the genuine one, so that both
 * verifiers still have the view that it was made for.
 */
#include <stdio.h>

#include "transparency/world.h"

#define USERS 3u
#define FLIPS 24u
#define LABELS 7u

typedef struct user {
    kt_view view;
    unsigned number;
} user;

typedef struct script {
    world w;
    user users[USERS];
    fake_rng choice;
    kith_buf before; /* the answer before, to be shown in another's place */
} script;

static uint32_t
choose(script *s, uint32_t below)
{
    const kith_rng rng = fake_rng_port(&s->choice);
    uint32_t number = 0;

    assert_ok(kith_rng_fill(&rng, (uint8_t *)&number, sizeof number));
    return number % below;
}

static const char *
label_of(uint32_t number)
{
    static const char *const labels[LABELS] = {"anna", "bert",  "carla", "dora",
                                               "emil", "frida", "nobody"};

    return labels[number];
}

static void
print_hex(const char *name, kith_bytes bytes)
{
    printf(", \"%s\": \"", name);
    for (size_t i = 0; i < bytes.len; i++) {
        printf("%02x", bytes.data[i]);
    }
    printf("\"");
}

typedef struct question {
    const user *user;
    const kt_request *request;
    const char *what;
} question;

static void
print_case(script *s, const question *q, kith_bytes response, const kt_found *found)
{
    printf("{\"what\": \"%s\", \"user\": %u, \"now\": %llu, \"asked\": ", q->what, q->user->number,
           (unsigned long long)s->w.now_ms);
    if (q->request->has_version) {
        printf("%u", q->request->version);
    } else {
        printf("null");
    }
    print_hex("label", q->request->label);
    print_hex("response", response);
    printf(", \"accepted\": %s, \"version\": ", found != NULL ? "true" : "false");
    if (found == NULL || found->is_absent) {
        printf("null");
    } else {
        printf("%u", found->version);
    }
    print_hex("value", found == NULL ? (kith_bytes){0} : found->value);
    printf("}\n");
}

/* What the client says of a response, `view` being that of the user or a copy that is thrown away. */
static kith_err
check(script *s, const question *q, kith_bytes response, kt_view *view)
{
    const kt_exchange exchange = {
        .request = q->request, .response = response, .now_ms = s->w.now_ms};
    kt_found found = {0};
    const kith_err err = kt_client_search(&s->w.client, &exchange, view, NULL, &found);

    print_case(s, q, response, err == KITH_OK ? &found : NULL);
    return err;
}

static void
check_altered(script *s, question q, const kith_buf *answer)
{
    for (unsigned i = 0; i < FLIPS; i++) {
        KITH_AUTO(kith_buf) altered = {0};
        kt_view view = q.user->view;
        assert_ok(kith_buf_set(&altered, kith_bytes_of_buf(answer)));
        altered.data[choose(s, (uint32_t)altered.len)] ^= (uint8_t)(1u << choose(s, 8));
        q.what = "an answer with one bit flipped";
        (void)check(s, &q, kith_bytes_of_buf(&altered), &view);
    }
    for (unsigned i = 0; i < 4; i++) {
        kt_view view = q.user->view;
        q.what = "a truncated answer";
        (void)check(s, &q, (kith_bytes){answer->data, choose(s, (uint32_t)answer->len)}, &view);
    }
    KITH_AUTO(kith_buf) longer = {0};
    kt_view view = q.user->view;
    const uint8_t zero = 0;
    assert_ok(kith_buf_set(&longer, kith_bytes_of_buf(answer)));
    assert_ok(kith_buf_append(&longer, (kith_bytes){&zero, 1}));
    q.what = "an answer with a byte behind it";
    (void)check(s, &q, kith_bytes_of_buf(&longer), &view);
    view = q.user->view;
    q.what = "the answer to another question";
    (void)check(s, &q, kith_bytes_of_buf(&s->before), &view);
    assert_ok(kith_buf_set(&s->before, kith_bytes_of_buf(answer)));
}

static void
ask(script *s, user *u, const char *label, const uint32_t *version)
{
    KITH_AUTO(kith_buf) bytes = {0};
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request = {.question = KT_SEARCH, .has_version = version != NULL};

    request.label = kith_bytes_of_text(label);
    request.version = version != NULL ? *version : 0;
    request.has_last = u->view.size > 0;
    request.last = u->view.size;
    assert_ok(kt_request_encode(&request, &bytes));
    if (kt_log_answer(s->w.log, KT_SEARCH, kith_bytes_of_buf(&bytes), &answer) != KITH_OK) {
        return;
    }
    question q = {.user = u, .request = &request};
    check_altered(s, q, &answer);
    q.what = request.has_version ? "a search for one version" : "a search for the greatest version";
    assert_ok(check(s, &q, kith_bytes_of_buf(&answer), &u->view));
}

static void
ask_around(script *s)
{
    const uint32_t who = choose(s, USERS);
    const char *label = label_of(choose(s, LABELS));
    const uint64_t count = world_versions(&s->w, label);
    const uint32_t version = count > 0 ? choose(s, (uint32_t)count) : 0;

    ask(s, &s->users[who], label, NULL);
    ask(s, &s->users[who], label, &version);
}

/* A log that grows by one or many versions at a time, and now and then by nothing. */
static void
grow(script *s)
{
    const uint32_t kind = choose(s, 10);
    const char *label = label_of(choose(s, LABELS - 1));

    if (kind == 0) {
        world_append(&s->w, 1 + choose(s, 300), NULL, 0);
    } else if (kind == 1) {
        world_append_many(&s->w, 1 + choose(s, 300), label, 1 + choose(s, 9));
    } else {
        world_append(&s->w, 1 + choose(s, 300), label, choose(s, 1000));
    }
}

static void
run(crypto *c, uint64_t window, unsigned entries)
{
    script s = {0};
    KITH_AUTO(kith_buf) config = {0};

    world_open(&s.w, c, window, 0);
    fake_rng_init(&s.choice, window + entries);
    assert_ok(kt_config_encode(&s.w.client.config, &config));
    printf("{\"log\": 1");
    print_hex("config", kith_bytes_of_buf(&config));
    printf("}\n");
    for (unsigned i = 0; i < USERS; i++) {
        s.users[i].number = i;
    }
    for (unsigned i = 0; i < entries; i++) {
        grow(&s);
        if (i < 9 || choose(&s, 4) == 0) {
            ask_around(&s);
        }
    }
    kith_buf_done(&s.before);
    world_close(&s.w);
}

int
main(void)
{
    crypto *c = NULL;

    assert_ok(crypto_new(NULL, &c));
    run(c, 1000, 60);
    run(c, 0, 20);
    run(c, UINT64_C(1000000000), 40);
    crypto_free(c);
    return 0;
}
