/* SPDX-License-Identifier: MPL-2.0 */
/* Key packages and looks at messages: what the caller learns, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/party.h"

static void
a_key_package_says_what_it_was_made_of(void **state)
{
    cast c;
    mls_key_package_info info;
    KITH_AUTO(kith_buf) public_out = {0};
    KITH_AUTO(kith_buf) private_out = {0};
    KITH_AUTO(kith_buf) ref = {0};
    KITH_AUTO(kith_buf) private_ref = {0};
    const mls_ext extension = {.type = 0xf00d, .data = kith_bytes_of_text("data")};

    (void)state;
    cast_open(&c, MLS_SUITE_PQ, 1, 41);
    party *p = &c.party[0];
    const mls_key_package_params params = {.suite = c.suite,
                                           .leaf = party_leaf(p),
                                           .not_before_s = NOW_S,
                                           .not_after_s = NOW_S + 60,
                                           .last_resort = true,
                                           .extensions = &extension,
                                           .extension_count = 1};
    assert_err(mls_key_package_new(&p->env, &params, &public_out, &private_out), KITH_OK);
    assert_err(mls_key_package_inspect(&p->env, kith_bytes_of_buf(&public_out), NOW_S, &info),
               KITH_OK);
    assert_int_equal(info.suite, MLS_SUITE_PQ);
    assert_true(info.last_resort);
    assert_int_equal(info.not_after_s, NOW_S + 60);
    assert_true(kith_bytes_equal(info.identity.data, kith_bytes_of_text(p->name)));
    assert_true(kith_bytes_equal(info.signature_key, kith_bytes_of_buf(&p->signature_public)));
    assert_err(mls_key_package_inspect(&p->env, kith_bytes_of_buf(&public_out), NOW_S + 61, &info),
               KITH_ERR_REJECTED);
    assert_err(mls_key_package_ref(&p->env, kith_bytes_of_buf(&public_out), &ref), KITH_OK);
    assert_err(mls_key_package_private_ref(&p->env, kith_bytes_of_buf(&private_out), &private_ref),
               KITH_OK);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&ref), kith_bytes_of_buf(&private_ref)));
    cast_close(&c);
}

static void
wrong_calls_are_refused(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) out = {0};
    KITH_AUTO(kith_secret) secret = {0};
    const mls_ext twice[] = {{.type = 0xf00d}, {.type = 0xf00d}};

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 1, 42);
    party *p = &c.party[0];
    mls_key_package_params params = {
        .suite = 0x0a0a, .leaf = party_leaf(p), .not_before_s = NOW_S, .not_after_s = NOW_S + 60};
    assert_err(mls_key_package_new(&p->env, &params, &out, &out), KITH_ERR_UNSUPPORTED);
    params.suite = c.suite;
    params.not_after_s = NOW_S - 1;
    assert_err(mls_key_package_new(&p->env, &params, &out, &out), KITH_ERR_INVALID);
    params.not_after_s = NOW_S + MLS_LIFETIME_DEFAULT_S + 1;
    assert_err(mls_key_package_new(&p->env, &params, &out, &out), KITH_ERR_INVALID);
    params.not_after_s--;
    params.extensions = twice;
    params.extension_count = 2;
    assert_err(mls_key_package_new(&p->env, &params, &out, &out), KITH_ERR_INVALID);
    params.extension_count = 1;
    params.leaf.signature_private.len--;
    assert_err(mls_key_package_new(&p->env, &params, &out, &out), KITH_ERR_MALFORMED);
    assert_err(mls_signature_key_new(&p->env, 0x0a0a, &secret, &out), KITH_ERR_UNSUPPORTED);
    assert_err(mls_key_package_ref(&p->env, (kith_bytes){0}, &out), KITH_ERR_MALFORMED);
    assert_err(mls_key_package_private_ref(&p->env, (kith_bytes){0}, &out), KITH_ERR_MALFORMED);
    assert_int_equal(out.len, 0);
    cast_close(&c);
}

static void
a_group_that_cannot_be_is_refused(void **state)
{
    cast c;
    uint8_t long_id[256] = {1};
    const uint8_t needs_more[] = {0, 2, 0xf0, 0x0d, 0}; /* a proposal type */
    const mls_ext twice[] = {{.type = 0xf00d}, {.type = 0xf00d}};
    const mls_ext required = {.type = MLS_EXT_REQUIRED_CAPABILITIES,
                              .data = KITH_BYTES(needs_more)};
    mls_group *group = NULL;

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 1, 46);
    party *p = &c.party[0];
    mls_group_params params = {.suite = c.suite, .leaf = party_leaf(p)};
    assert_err(mls_group_new(&p->env, &params, &group), KITH_ERR_INVALID);
    params.group_id = KITH_BYTES(long_id);
    assert_err(mls_group_new(&p->env, &params, &group), KITH_ERR_INVALID);
    params.group_id.len--;
    params.suite = 0x0a0a;
    assert_err(mls_group_new(&p->env, &params, &group), KITH_ERR_UNSUPPORTED);
    params.suite = c.suite;
    params.extensions = twice;
    params.extension_count = 2;
    assert_err(mls_group_new(&p->env, &params, &group), KITH_ERR_INVALID);
    params.extension_count = 1; /* that the client does not list */
    assert_err(mls_group_new(&p->env, &params, &group), KITH_ERR_UNSUPPORTED);
    params.extensions = &required;
    assert_err(mls_group_new(&p->env, &params, &group), KITH_ERR_UNSUPPORTED);
    params.extension_count = 0;
    params.leaf.signature_private.len--;
    assert_err(mls_group_new(&p->env, &params, &group), KITH_ERR_MALFORMED);
    params.leaf.signature_private.len++;
    assert_err(mls_group_new(&p->env, &params, &group), KITH_OK);
    mls_group_free(group);
    cast_close(&c);
}

static void
a_peek_tells_where_to_take_a_message(void **state)
{
    cast c;
    mls_peek peek;
    kith_bytes ref;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(kith_buf) text = {0};
    KITH_AUTO(kith_buf) expected = {0};

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 2, 43);
    party_found(&c, 0);
    party_publish(&c, 1);
    party *p = &c.party[0];
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&c.party[1].package)};
    assert_err(mls_group_protect(p->group,
                                 &(mls_protect_params){.plaintext = kith_bytes_of_text("x")}, NULL,
                                 &text),
               KITH_OK);
    assert_err(mls_group_commit(
                   p->group,
                   &(mls_commit_params){.proposals = &add, .proposal_count = 1, .now_s = NOW_S},
                   &commit, &welcome),
               KITH_OK);
    assert_err(mls_message_peek(kith_bytes_of_buf(&text), &peek), KITH_OK);
    assert_int_equal(peek.wire, MLS_WIRE_PRIVATE_MESSAGE);
    assert_int_equal(peek.content, MLS_CONTENT_APPLICATION);
    assert_int_equal(peek.epoch, 0);
    assert_true(kith_bytes_equal(peek.group_id, kith_bytes_of_text("a group")));
    assert_err(mls_message_peek(kith_bytes_of_buf(&welcome), &peek), KITH_OK);
    assert_int_equal(peek.welcome_count, 1);
    assert_err(mls_welcome_ref(kith_bytes_of_buf(&welcome), 0, &ref), KITH_OK);
    assert_err(mls_key_package_ref(&p->env, kith_bytes_of_buf(&c.party[1].package), &expected),
               KITH_OK);
    assert_true(kith_bytes_equal(ref, kith_bytes_of_buf(&expected)));
    assert_err(mls_welcome_ref(kith_bytes_of_buf(&welcome), 1, &ref), KITH_ERR_NOT_FOUND);
    text.data[1] = 2; /* another protocol version */
    assert_err(mls_message_peek(kith_bytes_of_buf(&text), &peek), KITH_ERR_UNSUPPORTED);
    cast_close(&c);
}

static void
a_welcome_for_somebody_else_is_not_found(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    mls_group *joined = NULL;

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 3, 44);
    party_found(&c, 0);
    party_publish(&c, 1);
    party_publish(&c, 2);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&c.party[1].package)};
    assert_err(mls_group_commit(
                   c.party[0].group,
                   &(mls_commit_params){.proposals = &add, .proposal_count = 1, .now_s = NOW_S},
                   &commit, &welcome),
               KITH_OK);
    const kith_bytes blob = kith_bytes_of_buf(&c.party[2].blob);
    assert_err(mls_group_join(&c.party[2].env,
                              &(mls_join_params){.welcome = kith_bytes_of_buf(&welcome),
                                                 .private_blobs = &blob,
                                                 .private_blob_count = 1,
                                                 .now_s = NOW_S},
                              NULL, &joined),
               KITH_ERR_NOT_FOUND);
    assert_null(joined);
    cast_close(&c);
}

static void
the_tree_may_travel_beside_the_welcome(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    KITH_AUTO(kith_buf) tree = {0};
    size_t used = 9;

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 3, 45);
    party_found(&c, 0);
    party_publish(&c, 1);
    party_publish(&c, 2);
    party *p = &c.party[0];
    party *joiner = &c.party[1];
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&joiner->package)};
    assert_err(mls_group_commit(p->group,
                                &(mls_commit_params){.proposals = &add,
                                                     .proposal_count = 1,
                                                     .welcome_without_tree = true,
                                                     .now_s = NOW_S},
                                &commit, &welcome),
               KITH_OK);
    assert_err(mls_epoch_ratchet_tree(mls_staged_epoch(mls_group_own_staged(p->group)), &tree),
               KITH_OK);
    mls_group_apply_own(p->group);
    const kith_bytes blobs[] = {kith_bytes_of_buf(&c.party[2].blob),
                                kith_bytes_of_buf(&joiner->blob)};
    mls_join_params params = {.welcome = kith_bytes_of_buf(&welcome),
                              .private_blobs = blobs,
                              .private_blob_count = 2,
                              .now_s = NOW_S};
    assert_err(mls_group_join(&joiner->env, &params, &used, &joiner->group), KITH_ERR_INVALID);
    /* A good tree, but of the epoch after. */
    KITH_AUTO(kith_buf) other = {0};
    KITH_AUTO(kith_buf) none = {0};
    assert_err(mls_group_commit(p->group, &(mls_commit_params){.now_s = NOW_S}, &commit, &none),
               KITH_OK);
    assert_err(mls_epoch_ratchet_tree(mls_staged_epoch(mls_group_own_staged(p->group)), &other),
               KITH_OK);
    mls_group_discard_own(p->group);
    params.ratchet_tree = kith_bytes_of_buf(&other);
    assert_err(mls_group_join(&joiner->env, &params, &used, &joiner->group), KITH_ERR_REJECTED);
    params.ratchet_tree = kith_bytes_of_buf(&tree);
    assert_err(mls_group_join(&joiner->env, &params, &used, &joiner->group), KITH_OK);
    assert_int_equal(used, 1);
    cast_agree(&c);
    cast_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_package_says_what_it_was_made_of),
        cmocka_unit_test(wrong_calls_are_refused),
        cmocka_unit_test(a_group_that_cannot_be_is_refused),
        cmocka_unit_test(a_peek_tells_where_to_take_a_message),
        cmocka_unit_test(a_welcome_for_somebody_else_is_not_found),
        cmocka_unit_test(the_tree_may_travel_beside_the_welcome),
    };

    return cmocka_run_group_tests_name("mls: key packages", tests, NULL, NULL);
}
