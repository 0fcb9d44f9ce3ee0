/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every message of the working group's histories, changed: each truncation, each byte of the header, and bytes chosen
 * at random from a seed elsewhere. All are refused and leave the group as it was; then the message itself is
 * taken in, which the history goes on to prove. Read from $KITH_VECTORS/mls; missing files skip the test, or fail it
 * when CI=true.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fakes/fake_rng.h"
#include "mls/check.h"

/* Bytes from the start of a message that are all tried, and how many others are. */
#define HEADER_LEN 64u
#define OTHERS 24u

typedef struct mutation {
    fake_rng rng;
    size_t step; /* between the truncations that are tried; 0: as 1 */
    size_t header_len;
    size_t others;
    size_t refused;
} mutation;

/* KITH_OK: it was accepted. `at` is the byte that differs, or SIZE_MAX when it is cut short. */
typedef kith_err (*attempt)(void *target, kith_bytes message, size_t at);

static void
refuse(mutation *m, attempt try, void *target, kith_bytes message, size_t at)
{
    if (try(target, message, at) == KITH_OK) {
        fail_msg("%zu bytes were accepted, byte %zu changed", message.len, at);
    }
    m->refused++;
}

static void
refuse_byte(mutation *m, attempt try, void *target, kith_bytes message, size_t at)
{
    KITH_AUTO(kith_buf) copy = {0};

    assert_ok(kith_buf_set(&copy, message));
    copy.data[at] ^= (uint8_t)(1 + fake_rng_below(&m->rng, 255));
    refuse(m, try, target, kith_bytes_of_buf(&copy), at);
}

static void
mutate(mutation *m, attempt try, void *target, kith_bytes message)
{
    KITH_AUTO(kith_buf) longer = {0};
    const size_t header = message.len < m->header_len ? message.len : m->header_len;

    for (size_t len = 0; len < message.len; len += m->step + (m->step == 0)) {
        refuse(m, try, target, kith_bytes_of(message.data, len), SIZE_MAX);
    }
    for (size_t at = 0; at < header; at++) {
        refuse_byte(m, try, target, message, at);
    }
    for (size_t i = 0; i < m->others; i++) {
        refuse_byte(m, try, target, message, fake_rng_below(&m->rng, message.len));
    }
    assert_ok(kith_buf_set(&longer, message));
    assert_ok(kith_buf_append(&longer, kith_bytes_of("", 1)));
    refuse(m, try, target, kith_bytes_of_buf(&longer), SIZE_MAX);
}

/* ---- Key packages ---- */

typedef struct inspection {
    const mls_env *env;
    uint64_t now_s;
} inspection;

static kith_err
try_package(void *target, kith_bytes message, size_t at)
{
    const inspection *i = target;
    mls_key_package_info info;

    (void)at;
    return mls_key_package_inspect(i->env, message, i->now_s, &info);
}

static void
mutate_package(void *ctx, const mls_env *env, kith_bytes key_package)
{
    inspection i = {.env = env};
    kith_bytes body;
    mls_key_package decoded;

    assert_ok(mls_message_open(key_package, MLS_WIRE_KEY_PACKAGE, &body));
    kith_reader r = kith_reader_of(body);
    assert_ok(mls_key_package_decode(&r, &decoded));
    i.now_s = decoded.leaf.not_before_s;
    assert_ok(try_package(&i, key_package, SIZE_MAX));
    mutate(ctx, try_package, &i, key_package);
}

/* ---- Welcomes, and trees beside them ---- */

typedef struct joining {
    const mls_env *env;
    mls_join_params params;
    kith_bytes epoch_authenticator;
    size_t others[2]; /* from, to: where the Welcome speaks to others only */
    bool changes_tree;
} joining;

/* What is said to other new members is not for this client to judge; then it joins the same epoch. */
static kith_err
judge(const joining *j, const mls_group *joined, size_t at)
{
    const kith_bytes seen = mls_epoch_authenticator(mls_group_epoch(joined));

    assert_bytes(seen, j->epoch_authenticator);
    return at >= j->others[0] && at < j->others[1] ? KITH_ERR_REJECTED : KITH_OK;
}

static kith_err
try_join(void *target, kith_bytes message, size_t at)
{
    const joining *j = target;
    mls_join_params params = j->params;
    mls_group *joined = NULL;

    params.welcome = j->changes_tree ? params.welcome : message;
    params.ratchet_tree = j->changes_tree ? message : params.ratchet_tree;
    kith_err err = mls_group_join(j->env, &params, NULL, &joined);
    if (err == KITH_OK) {
        err = judge(j, joined, at);
    }
    mls_group_free(joined);
    return err;
}

/* Where the list of a Welcome's secrets is when there is more than one in it: its own entry is somewhere inside, and is
 * what `try_join` finds with the changes that are refused. */
static void
find_others(joining *j)
{
    mls_welcome welcome;
    mls_encrypted_secrets entry;
    kith_bytes body;
    KITH_AUTO(kith_buf) own = {0};

    assert_ok(mls_key_package_private_ref(j->env, j->params.private_blobs[0], &own));
    assert_ok(mls_message_open(j->params.welcome, MLS_WIRE_WELCOME, &body));
    kith_reader r = kith_reader_of(body);
    assert_ok(mls_welcome_decode(&r, &welcome));
    r = kith_reader_of(welcome.secrets);
    assert_ok(mls_encrypted_secrets_decode(&r, &entry));
    const size_t first = (size_t)(welcome.secrets.data - j->params.welcome.data);
    if (kith_bytes_equal(entry.new_member, kith_bytes_of_buf(&own))) {
        /* From the end of the own entry on. */
        j->others[0] = first + welcome.secrets.len - r.left;
        j->others[1] = first + welcome.secrets.len;
        return;
    }
    while (!kith_bytes_equal(entry.new_member, kith_bytes_of_buf(&own))) {
        j->others[1] = first + welcome.secrets.len - r.left;
        assert_ok(mls_encrypted_secrets_decode(&r, &entry));
    }
    j->others[0] = first;
    /* What follows the own entry is left out of the test. */
    j->others[1] = first + welcome.secrets.len;
}

static void
mutate_join(void *ctx, const mls_env *env, const mls_join_params *params,
            kith_bytes epoch_authenticator)
{
    mutation *m = ctx;
    joining j = {.env = env, .params = *params, .epoch_authenticator = epoch_authenticator};

    find_others(&j);
    mutate(m, try_join, &j, params->welcome);
    if (params->ratchet_tree.len > 0) {
        /* Joining opens the Welcome before it looks at the tree: dear enough to try fewer cuts. */
        j.changes_tree = true;
        j.others[1] = 0;
        m->step = 997;
        mutate(m, try_join, &j, params->ratchet_tree);
        m->step = 0;
    }
}

/* ---- Proposals and commits ---- */

static kith_err
try_receive(void *target, kith_bytes message, size_t at)
{
    KITH_AUTO(mls_received) received = {0};

    (void)at;
    return mls_group_receive(target, message, 0, &received);
}

static void
mutate_receive(void *ctx, mls_group *group, kith_bytes message)
{
    mutation *m = ctx;
    KITH_AUTO(kith_buf) before = {0};
    KITH_AUTO(kith_buf) after = {0};

    /* Once before the state is looked at: the first message from a sender, forged or not, splits the secrets above
     * it in the secret tree, which changes what is kept and nothing that it opens. */
    refuse_byte(m, try_receive, group, message, message.len - 1);
    assert_ok(mls_group_save(group, &before));
    mutate(m, try_receive, group, message);
    assert_ok(mls_group_save(group, &after));
    assert_bytes(kith_bytes_of_buf(&after), kith_bytes_of_buf(&before));
}

/* ---- Files ---- */

static yyjson_doc *
open_file(const char *name)
{
    char path[4096];
    const char *folder = getenv("KITH_VECTORS");
    const char *ci = getenv("CI");

    (void)snprintf(path, sizeof path, "%s/mls/%s.json", folder != NULL ? folder : ".", name);
    yyjson_doc *doc = yyjson_read_file(path, 0, NULL, NULL);
    if (doc == NULL && ci != NULL && strcmp(ci, "true") == 0) {
        fail_msg("%s cannot be read", path);
    }
    if (doc == NULL) {
        print_message("# %s cannot be read: skipped\n", path);
        skip();
    }
    return doc;
}

static void
mutate_file(const char *name, mutation *m)
{
    yyjson_doc *doc = open_file(name);
    const passive_probe probe = {
        .package = mutate_package, .join = mutate_join, .receive = mutate_receive, .ctx = m};
    vectors v;
    size_t i = 0;
    size_t n = 0;
    yyjson_val *item = NULL;

    vectors_start(&v);
    fake_rng_init(&m->rng, 9420);
    yyjson_arr_foreach(yyjson_doc_get_root(doc), i, n, item)
    {
        mls_tools tools = {0};
        assert_true(vectors_tools(&v, item, &tools));
        check_passive_probed(&v, tools, item, &probe);
    }
    vectors_stop(&v);
    yyjson_doc_free(doc);
    assert_true(m->refused > 10000);
    print_message("# %zu changed messages refused\n", m->refused);
}

static void
changed_welcomes_key_packages_and_trees_are_refused(void **state)
{
    (void)state;
    mutate_file("passive-client-welcome", &(mutation){.header_len = 40, .others = 12});
}

static void
changed_proposals_and_commits_are_refused_in_every_suite(void **state)
{
    (void)state;
    mutate_file("passive-client-handling-commit",
                &(mutation){.header_len = HEADER_LEN, .others = OTHERS});
}

static void
changed_messages_of_a_long_history_are_refused(void **state)
{
    (void)state;
    /* The longest file by far: every fifth cut. */
    mutate_file("passive-client-random",
                &(mutation){.step = 5, .header_len = HEADER_LEN, .others = OTHERS});
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_welcomes_key_packages_and_trees_are_refused),
        cmocka_unit_test(changed_proposals_and_commits_are_refused_in_every_suite),
        cmocka_unit_test(changed_messages_of_a_long_history_are_refused),
    };

    return cmocka_run_group_tests_name("mls: changed messages of the vectors", tests, NULL, NULL);
}
