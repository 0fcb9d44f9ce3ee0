/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every truncation and every single changed byte of real messages is refused with an error and leaves the
 * group as it was; the untouched message is still accepted afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/party.h"

/* Tries one message; KITH_OK when it was accepted. */
typedef kith_err (*attempt)(cast *c, kith_bytes message);

static kith_err
try_receive(cast *c, kith_bytes message)
{
    KITH_AUTO(mls_received) received = {0};

    return mls_group_receive(c->party[1].group, message, NOW_S, &received);
}

static kith_err
try_join(cast *c, kith_bytes message)
{
    const kith_bytes blob = kith_bytes_of_buf(&c->party[3].blob);
    mls_group *joined = NULL;
    const kith_err err = mls_group_join(
        &c->party[3].env,
        &(mls_join_params){
            .welcome = message, .private_blobs = &blob, .private_blob_count = 1, .now_s = NOW_S},
        NULL, &joined);

    mls_group_free(joined);
    return err;
}

static kith_err
try_inspect(cast *c, kith_bytes message)
{
    mls_key_package_info info;

    return mls_key_package_inspect(&c->party[1].env, message, NOW_S, &info);
}

static kith_err
try_join_external(cast *c, kith_bytes message)
{
    KITH_AUTO(kith_buf) commit = {0};
    mls_group *joined = NULL;
    const kith_err err =
        mls_group_join_external(&c->party[3].env,
                                &(mls_external_params){.group_info = message,
                                                       .leaf = party_leaf(&c->party[3]),
                                                       .replaces = MLS_LEAF_NONE,
                                                       .now_s = NOW_S},
                                &commit, &joined);

    mls_group_free(joined);
    return err;
}

static void
assert_same_state(cast *c, const kith_buf *before)
{
    KITH_AUTO(kith_buf) now = {0};

    assert_err(mls_group_save(c->party[1].group, &now), KITH_OK);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&now), kith_bytes_of_buf(before)));
}

/* `step` says which positions are tried: 1 for all. */
static void
mutate(cast *c, attempt try, const kith_buf *message, size_t step)
{
    KITH_AUTO(kith_buf) before = {0};
    KITH_AUTO(kith_buf) copy = {0};
    KITH_AUTO(kith_buf) longer = {0};

    assert_err(mls_group_save(c->party[1].group, &before), KITH_OK);
    for (size_t len = 0; len < message->len; len += step) {
        assert_int_not_equal(try(c, kith_bytes_of(message->data, len)), KITH_OK);
    }
    for (size_t at = 0; at < message->len; at += step) {
        assert_err(kith_buf_set(&copy, kith_bytes_of_buf(message)), KITH_OK);
        copy.data[at] ^= (uint8_t)(1u << at % 8);
        if (try(c, kith_bytes_of_buf(&copy)) == KITH_OK) {
            fail_msg("byte %zu of %zu may be changed", at, message->len);
        }
    }
    assert_err(kith_buf_append(&longer, kith_bytes_of_buf(message)), KITH_OK);
    assert_err(kith_buf_append(&longer, kith_bytes_of("", 1)), KITH_OK);
    assert_int_not_equal(try(c, kith_bytes_of_buf(&longer)), KITH_OK);
    assert_same_state(c, &before);
    assert_err(try(c, kith_bytes_of_buf(message)), KITH_OK);
}

/* All messages of one group, with private or with public handshakes. */
static void
mutate_all(bool public_handshakes)
{
    cast c;
    KITH_AUTO(kith_buf) text = {0};
    KITH_AUTO(kith_buf) proposal = {0};
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(kith_buf) info = {0};
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};

    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 4, 31);
    c.public_handshakes = public_handshakes;
    party_found(&c, 0);
    cast_add(&c, 0, 1);
    cast_add(&c, 1, 2);
    for (size_t i = 0; i < 3; i++) {
        cast_say(&c, i, "heard"); /* so that no secret is split for the first time below */
    }
    mls_group *group = c.party[0].group;
    party_publish(&c, 3);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&c.party[3].package)};
    assert_err(mls_group_protect(
                   group,
                   &(mls_protect_params){.authenticated_data = kith_bytes_of_text("seen by all"),
                                         .plaintext = kith_bytes_of_text("a message")},
                   NULL, &text),
               KITH_OK);
    assert_err(mls_group_info(group, &(mls_group_info_params){0}, &info), KITH_OK);
    assert_err(mls_group_commit(
                   group,
                   &(mls_commit_params){
                       .proposals = &add, .proposal_count = 1, .force_path = true, .now_s = NOW_S},
                   &commit, &welcome),
               KITH_OK);
    mls_group_discard_own(group);
    assert_err(mls_group_propose(group, &update, (kith_bytes){0}, NOW_S, &proposal), KITH_OK);
    mutate(&c, try_receive, &commit, 1); /* before the others: it is not applied */
    mutate(&c, try_receive, &text, 1);
    mutate(&c, try_join, &welcome, 5);
    mutate(&c, try_join_external, &info, 5);
    mutate(&c, try_inspect, &c.party[3].package, 1);
    mutate(&c, try_receive, &proposal, 1);
    cast_close(&c);
}

static void
changed_private_messages_are_refused(void **state)
{
    (void)state;
    mutate_all(false);
}

static void
changed_public_messages_are_refused(void **state)
{
    (void)state;
    mutate_all(true);
}

/* A saved blob is not authenticated (its keeper does that), but damage must never crash the loader. */
static void
a_damaged_blob_never_crashes(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) blob = {0};
    KITH_AUTO(kith_buf) copy = {0};
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) none = {0};
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 3, 32);
    party_found(&c, 0);
    cast_add(&c, 0, 1);
    cast_add(&c, 1, 2);
    cast_say(&c, 0, "heard");
    cast_propose(&c, 0, &update);
    assert_err(
        mls_group_commit(c.party[1].group, &(mls_commit_params){.now_s = NOW_S}, &commit, &none),
        KITH_OK);
    assert_err(mls_group_save(c.party[1].group, &blob), KITH_OK);
    for (size_t at = 0; at < 2 * blob.len; at++) {
        mls_group *loaded = NULL;
        assert_err(kith_buf_set(&copy, kith_bytes_of_buf(&blob)), KITH_OK);
        if (at < blob.len) {
            copy.len = at;
        } else {
            copy.data[at - blob.len] ^= 0x55;
        }
        const kith_err err = mls_group_load(&c.party[1].env, kith_bytes_of_buf(&copy), &loaded);
        assert_true(at >= blob.len || err != KITH_OK);
        mls_group_free(loaded);
    }
    cast_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_private_messages_are_refused),
        cmocka_unit_test(changed_public_messages_are_refused),
        cmocka_unit_test(a_damaged_blob_never_crashes),
    };

    return cmocka_run_group_tests_name("mls: changed messages", tests, NULL, NULL);
}
