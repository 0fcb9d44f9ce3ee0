/* SPDX-License-Identifier: MPL-2.0 */
/* Messages for one member [MLS-TARGETED]. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/party.h"

static kith_buf formats;
static mls_ext announced;

static int
make_formats(void **state)
{
    const uint16_t wire = MLS_WIRE_TARGETED_MESSAGE;

    (void)state;
    if (mls_component_ids_write(&wire, 1, &formats) != KITH_OK) {
        return -1;
    }
    announced =
        (mls_ext){.type = MLS_EXT_SUPPORTED_WIRE_FORMATS, .data = kith_bytes_of_buf(&formats)};
    return 0;
}

static int
free_formats(void **state)
{
    (void)state;
    kith_buf_done(&formats);
    return 0;
}

static void
open_scene(cast *c, uint16_t suite, size_t knowing)
{
    cast_open(c, suite, 4, 96);
    for (size_t i = 0; i < knowing; i++) {
        c->party[i].leaf_extensions = &announced;
        c->party[i].leaf_extension_count = 1;
    }
    party_found(c, 0);
    cast_add(c, 0, 1);
    cast_add(c, 1, 2);
}

static kith_err
send(const cast *c, size_t who, uint32_t to, kith_buf *out)
{
    const mls_target_params params = {.recipient = to,
                                      .authenticated_data = kith_bytes_of_text("aad"),
                                      .plaintext = kith_bytes_of_text("psst"),
                                      .pad_to = 32};

    return mls_group_target(c->party[who].group, &params, out);
}

static kith_err
receive(const cast *c, size_t who, kith_bytes message, mls_received *out)
{
    return mls_group_receive(c->party[who].group, message, NOW_S, out);
}

static void
a_message_opens_for_its_recipient_and_nobody_else_in_every_kind_of_suite(void **state)
{
    static const uint16_t suites[] = {MLS_SUITE_X25519_AES128_ED25519, MLS_SUITE_P256_AES128_P256,
                                      MLS_SUITE_PQ};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        cast c;
        KITH_AUTO(kith_buf) message = {0};
        KITH_AUTO(mls_received) got = {0};
        KITH_AUTO(mls_received) none = {0};
        open_scene(&c, suites[i], 4);

        assert_err(send(&c, 0, 2, &message), KITH_OK);

        assert_err(receive(&c, 2, kith_bytes_of_buf(&message), &got), KITH_OK);
        assert_int_equal(got.kind, MLS_KIND_TARGETED);
        assert_int_equal(got.sender, 0);
        assert_true(
            kith_bytes_equal(got.sender_member.identity.data, kith_bytes_of_text("member 0")));
        assert_true(
            kith_bytes_equal(kith_bytes_of_buf(&got.plaintext), kith_bytes_of_text("psst")));
        assert_true(kith_bytes_equal(kith_bytes_of_buf(&got.authenticated_data),
                                     kith_bytes_of_text("aad")));
        assert_err(receive(&c, 1, kith_bytes_of_buf(&message), &none), KITH_ERR_NOT_FOUND);
        mls_received_done(&got);
        cast_close(&c);
    }
}

static void
it_says_where_to_take_it_and_has_its_size_padded(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) one = {0};
    KITH_AUTO(kith_buf) two = {0};
    mls_peek peek;

    (void)state;
    open_scene(&c, MLS_SUITE_X25519_AES128_ED25519, 4);
    const mls_target_params longer = {.recipient = 2,
                                      .authenticated_data = kith_bytes_of_text("aad"),
                                      .plaintext = kith_bytes_of_text("psst, listen"),
                                      .pad_to = 32};
    assert_err(send(&c, 0, 2, &one), KITH_OK);
    assert_err(mls_group_target(c.party[0].group, &longer, &two), KITH_OK);

    assert_err(mls_message_peek(kith_bytes_of_buf(&one), &peek), KITH_OK);

    assert_int_equal(peek.wire, MLS_WIRE_TARGETED_MESSAGE);
    assert_int_equal(peek.epoch, 2);
    assert_true(kith_bytes_equal(peek.group_id, mls_group_id(c.party[0].group)));
    assert_int_equal(one.len, two.len);
    cast_close(&c);
}

static void
it_is_sent_to_members_who_can_read_it(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) out = {0};

    (void)state;
    open_scene(&c, MLS_SUITE_X25519_AES128_ED25519, 2);

    assert_err(send(&c, 0, 2, &out), KITH_ERR_UNSUPPORTED);
    assert_err(send(&c, 0, 3, &out), KITH_ERR_NOT_FOUND);
    assert_err(send(&c, 0, 0, &out), KITH_ERR_INVALID);
    assert_err(send(&c, 0, 1, &out), KITH_OK);
    cast_close(&c);
}

static void
it_counts_in_its_own_epoch_only(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(mls_received) got = {0};

    (void)state;
    open_scene(&c, MLS_SUITE_X25519_AES128_ED25519, 4);
    assert_err(send(&c, 0, 2, &message), KITH_OK);
    cast_commit(&c, 1, NULL, NULL, 0);

    assert_err(receive(&c, 2, kith_bytes_of_buf(&message), &got), KITH_ERR_OUT_OF_STEP);
    cast_close(&c);
}

/* Every byte is part of what is encrypted, signed, or says where it belongs. */
static void
every_changed_byte_and_every_shorter_message_is_refused(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) message = {0};

    (void)state;
    open_scene(&c, MLS_SUITE_X25519_AES128_ED25519, 4);
    assert_err(send(&c, 0, 2, &message), KITH_OK);

    for (size_t i = 0; i < message.len; i++) {
        KITH_AUTO(mls_received) got = {0};
        KITH_AUTO(mls_received) cut = {0};
        message.data[i] ^= 0x11;
        assert_int_not_equal(receive(&c, 2, kith_bytes_of_buf(&message), &got), KITH_OK);
        message.data[i] ^= 0x11;
        assert_int_not_equal(receive(&c, 2, kith_bytes_of(message.data, i), &cut), KITH_OK);
        assert_int_equal(got.plaintext.len + cut.plaintext.len, 0);
    }
    cast_close(&c);
}

static void
a_group_may_require_the_format_of_everybody(void **state)
{
    cast c;
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};
    const mls_ext required = {.type = MLS_EXT_REQUIRED_WIRE_FORMATS, .data = announced.data};
    const mls_proposal_params set = {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
                                     .extensions = &required,
                                     .extension_count = 1};
    const uint16_t known[] = {MLS_EXT_REQUIRED_WIRE_FORMATS};
    const mls_commit_params params = {.proposals = &set, .proposal_count = 1, .now_s = NOW_S};

    (void)state;
    cast_open(&c, MLS_SUITE_X25519_AES128_ED25519, 3, 97);
    for (size_t i = 0; i < 3; i++) {
        c.party[i].env.extension_types = known;
        c.party[i].env.extension_type_count = 1;
        c.party[i].leaf_extensions = &announced;
        c.party[i].leaf_extension_count = i == 2 ? 0 : 1;
    }
    party_found(&c, 0);
    cast_add(&c, 0, 1);
    cast_commit(&c, 0, &params, NULL, 0);
    party_publish(&c, 2);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&c.party[2].package)};

    assert_err(mls_group_commit(
                   c.party[1].group,
                   &(mls_commit_params){.proposals = &add, .proposal_count = 1, .now_s = NOW_S},
                   &commit, &welcome),
               KITH_ERR_UNSUPPORTED);
    cast_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_opens_for_its_recipient_and_nobody_else_in_every_kind_of_suite),
        cmocka_unit_test(it_says_where_to_take_it_and_has_its_size_padded),
        cmocka_unit_test(it_is_sent_to_members_who_can_read_it),
        cmocka_unit_test(it_counts_in_its_own_epoch_only),
        cmocka_unit_test(every_changed_byte_and_every_shorter_message_is_refused),
        cmocka_unit_test(a_group_may_require_the_format_of_everybody),
    };

    return cmocka_run_group_tests_name("mls: messages for one member", tests, make_formats,
                                       free_formats);
}
