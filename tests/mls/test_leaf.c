/* SPDX-License-Identifier: MPL-2.0 */
/* Values that are reserved for nobody to know [RFC9420 §13.5] [MLS-EXT §5.1]: said by every client, minded by none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/group.h"
#include "mls/party.h"

static bool
is_grease(uint16_t value)
{
    return value >> 8 == (value & 0xff) && (value & 0x0f) == 0x0a && value != 0xfafa;
}

/* The one in a list of 16-bit values; 0: none. */
static uint16_t
grease_of(kith_bytes list)
{
    kith_reader r = kith_reader_of(list);
    uint16_t value = 0;

    while (kith_read_u16(&r, &value) == KITH_OK) {
        if (is_grease(value)) {
            return value;
        }
    }
    return 0;
}

static void
every_list_of_capabilities_holds_one_and_not_always_the_same(void **state)
{
    cast c;
    uint32_t seen = 0;

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 8, 500);
    for (size_t i = 0; i < 8; i++) {
        party_found(&c, i);
        const mls_leaf *leaf = mls_tree_leaf(&c.party[i].group->now->tree, 0);
        const mls_capabilities *has = &leaf->node.capabilities;
        const kith_bytes lists[] = {has->cipher_suites, has->extensions, has->proposals,
                                    has->credentials};
        for (size_t k = 0; k < 4; k++) {
            assert_int_not_equal(grease_of(lists[k]), 0);
        }
        assert_int_equal(grease_of(has->versions), 0);
        seen |= UINT32_C(1) << (grease_of(has->extensions) >> 12);
    }
    assert_true((seen & (seen - 1)) != 0); /* two at least */
    cast_close(&c);
}

/* Extensions, components and lists of components that nobody knows, wherever a peer may put them. */
static void
nobody_minds_them_in_leaves_key_packages_and_group_infos(void **state)
{
    static const uint8_t data[] = {1, 2, 3};
    const mls_component component = {.id = 0x2a2a, .data = KITH_BYTES(data)};
    KITH_AUTO(kith_buf) dictionary = {0};
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    cast c;

    (void)state;
    assert_err(mls_components_write(&component, 1, &dictionary), KITH_OK);
    const mls_ext unknown[] = {
        {.type = 0x1a1a, .data = KITH_BYTES(data)},
        {.type = MLS_EXT_APP_DATA_DICTIONARY, .data = kith_bytes_of_buf(&dictionary)}};
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 2, 501);
    party_found(&c, 0); /* knows neither */
    party *p = &c.party[1];
    p->leaf_extensions = unknown;
    p->leaf_extension_count = 2;
    const mls_key_package_params package = {.suite = c.suite,
                                            .leaf = party_leaf(p),
                                            .not_before_s = NOW_S - 1,
                                            .not_after_s = NOW_S + 1,
                                            .extensions = unknown,
                                            .extension_count = 2};
    assert_err(mls_key_package_new(&p->env, &package, &p->package, &p->blob), KITH_OK);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&p->package)};
    const mls_commit_params params = {.proposals = &add,
                                      .proposal_count = 1,
                                      .group_info_extensions = unknown,
                                      .group_info_extension_count = 2,
                                      .now_s = NOW_S};

    assert_err(mls_group_commit(c.party[0].group, &params, &commit, &welcome), KITH_OK);
    mls_group_apply_own(c.party[0].group);
    const kith_bytes blob = kith_bytes_of_buf(&p->blob);
    assert_err(mls_group_join(&p->env,
                              &(mls_join_params){.welcome = kith_bytes_of_buf(&welcome),
                                                 .private_blobs = &blob,
                                                 .private_blob_count = 1,
                                                 .now_s = NOW_S},
                              NULL, &p->group),
               KITH_OK);

    cast_say(&c, 1, "here");
    cast_commit(&c, 1, NULL, NULL, 0);
    cast_agree(&c);
    cast_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_list_of_capabilities_holds_one_and_not_always_the_same),
        cmocka_unit_test(nobody_minds_them_in_leaves_key_packages_and_group_infos),
    };

    return cmocka_run_group_tests_name("mls: values that nobody knows", tests, NULL, NULL);
}
