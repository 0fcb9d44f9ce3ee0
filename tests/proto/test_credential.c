/* SPDX-License-Identifier: MPL-2.0 */
/* Credentials of leaves, roster digests and the kith_conversation extension. */
#include <stdlib.h>
#include <string.h>

#include "proto/account.h"

static account a;

static int
open_account(void **state)
{
    (void)state;
    account_open(&a);
    return 0;
}

static int
close_account(void **state)
{
    (void)state;
    account_close(&a);
    return 0;
}

static kith_buf
credential_of(size_t key, size_t device)
{
    kith_buf out = {0};

    assert_ok(proto_credential_make(a.c, a.keys[key], a.id, a.devices[device].signature_key, &out));
    return out;
}

/* ---- Credential ---- */

static kith_err
again(kith_bytes in, kith_buf *out)
{
    proto_credential credential;

    KITH_TRY(proto_credential_decode(in, &credential));
    return proto_credential_encode(out, &credential);
}

static void
a_credential_is_the_bytes_of_the_wire(void **state)
{
    KITH_AUTO(kith_buf) expected = wire("01 11*32 03 616263 22*16 02 7879");
    KITH_AUTO(kith_buf) made = {0};
    const proto_credential credential = {.account_id = {R32(0x11)},
                                         .account_key = kith_bytes_of_text("abc"),
                                         .device_id = {R16(0x22)},
                                         .signature = kith_bytes_of_text("xy")};
    (void)state;

    assert_ok(proto_credential_encode(&made, &credential));

    assert_true(kith_bytes_equal(kith_bytes_of_buf(&made), kith_bytes_of_buf(&expected)));
    assert_codec("DeviceCredential", kith_bytes_of_buf(&expected), again);
}

static void
a_credential_is_held_to_its_bounds(void **state)
{
    KITH_AUTO(kith_buf) other = wire("02 11*32 01 61 22*16 01 78");
    KITH_AUTO(kith_buf) no_key = wire("01 11*32 00 22*16 01 78");
    KITH_AUTO(kith_buf) unsigned_one = wire("01 11*32 01 61 22*16 00");
    KITH_AUTO(kith_buf) out = {0};
    KITH_AUTO(kith_buf) large = wire("61*256");
    proto_credential credential = {.account_key = kith_bytes_of(large.data, 255),
                                   .signature = kith_bytes_of(large.data, 255)};
    (void)state;

    assert_err(again(kith_bytes_of_buf(&other), &out), KITH_ERR_UNSUPPORTED);
    assert_err(again(kith_bytes_of_buf(&no_key), &out), KITH_ERR_MALFORMED);
    assert_err(again(kith_bytes_of_buf(&unsigned_one), &out), KITH_ERR_MALFORMED);
    assert_ok(proto_credential_encode(&out, &credential));
    kith_buf_clear(&out);
    credential.signature = kith_bytes_of(large.data, 256);
    assert_err(proto_credential_encode(&out, &credential), KITH_ERR_LIMIT);
    credential.signature = (kith_bytes){0};
    assert_err(proto_credential_encode(&out, &credential), KITH_ERR_LIMIT);
    assert_int_equal(out.len, 0);
}

static void
the_account_key_signs_for_one_leaf_key(void **state)
{
    KITH_AUTO(kith_buf) identity = credential_of(0, 0);
    proto_credential credential;
    (void)state;

    assert_ok(proto_credential_decode(kith_bytes_of_buf(&identity), &credential));

    assert_memory_equal(credential.account_id, a.id, sizeof a.id);
    assert_ok(proto_credential_verify(a.c, &credential, a.devices[0].signature_key));
    assert_err(proto_credential_verify(a.c, &credential, a.devices[1].signature_key),
               KITH_ERR_REJECTED);
    credential.account_id[0] ^= 1;
    assert_err(proto_credential_verify(a.c, &credential, a.devices[0].signature_key),
               KITH_ERR_REJECTED);
    credential.account_id[0] ^= 1;
    credential.account_key = crypto_sign_key_public(a.keys[1]);
    assert_err(proto_credential_verify(a.c, &credential, a.devices[0].signature_key),
               KITH_ERR_REJECTED);
}

static void
a_credential_signs_the_bytes_that_the_wire_says(void **state)
{
    KITH_AUTO(kith_buf) identity = credential_of(0, 0);
    KITH_AUTO(kith_buf) message = {0};
    proto_credential credential;
    (void)state;
    assert_ok(proto_credential_decode(kith_bytes_of_buf(&identity), &credential));

    assert_ok(kith_buf_append(&message, kith_bytes_of_text("kith/1 credential")));
    assert_ok(kith_buf_append(&message, KITH_BYTES(credential.account_id)));
    assert_ok(kith_buf_append(&message, KITH_BYTES(credential.device_id)));
    assert_ok(kith_buf_append(&message, a.devices[0].signature_key));

    assert_ok(crypto_verify(a.c, CRYPTO_ED25519, crypto_sign_key_public(a.keys[0]),
                            kith_bytes_of_buf(&message), credential.signature));
}

static void
a_credential_for_another_device_id_is_refused_although_it_is_signed(void **state)
{
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) signature = {0};
    proto_credential credential = {.account_key = crypto_sign_key_public(a.keys[0]),
                                   .device_id = {R16(0x77)}};
    (void)state;
    assert_ok(kith_buf_append(&message, kith_bytes_of_text("kith/1 credential")));
    assert_ok(kith_buf_append(&message, KITH_BYTES(credential.account_id)));
    assert_ok(kith_buf_append(&message, KITH_BYTES(credential.device_id)));
    assert_ok(kith_buf_append(&message, a.devices[0].signature_key));
    assert_ok(crypto_sign_with(a.c, a.keys[0], kith_bytes_of_buf(&message), &signature));

    credential.signature = kith_bytes_of_buf(&signature);

    assert_err(proto_credential_verify(a.c, &credential, a.devices[0].signature_key),
               KITH_ERR_REJECTED);
}

static void
a_leaf_key_longer_than_any_is_refused(void **state)
{
    KITH_AUTO(kith_buf) key = wire("61*2593");
    KITH_AUTO(kith_buf) identity = {0};
    proto_credential credential;
    (void)state;

    assert_ok(proto_credential_make(a.c, a.keys[0], a.id,
                                    kith_bytes_of(key.data, CRYPTO_SIGN_PUBLIC_MAX), &identity));
    assert_ok(proto_credential_decode(kith_bytes_of_buf(&identity), &credential));
    assert_ok(
        proto_credential_verify(a.c, &credential, kith_bytes_of(key.data, CRYPTO_SIGN_PUBLIC_MAX)));
    assert_ok(proto_device_id(a.c, kith_bytes_of_buf(&key), credential.device_id));
    assert_err(proto_credential_verify(a.c, &credential, kith_bytes_of_buf(&key)),
               KITH_ERR_REJECTED);
    kith_buf_clear(&identity);
    assert_err(proto_credential_make(a.c, a.keys[0], a.id, kith_bytes_of_buf(&key), &identity),
               KITH_ERR_INVALID);
    assert_int_equal(identity.len, 0);
}

/* ---- Leaves ---- */

static kith_err
check_leaf(const kith_buf *identity, size_t device, const kith_buf *list_bytes)
{
    proto_list list;

    assert_ok(proto_list_decode(kith_bytes_of_buf(list_bytes), &list));
    return proto_leaf_check(a.c, kith_bytes_of_buf(identity), a.devices[device].signature_key,
                            &list);
}

static void
a_leaf_is_accepted_only_for_a_device_of_the_list(void **state)
{
    KITH_AUTO(kith_buf) list = account_list(&a, 0, 0, 2);
    KITH_AUTO(kith_buf) first = credential_of(0, 0);
    KITH_AUTO(kith_buf) third = credential_of(0, 2);
    (void)state;

    assert_ok(check_leaf(&first, 0, &list));
    assert_err(check_leaf(&first, 1, &list), KITH_ERR_REJECTED); /* another device's key */
    assert_err(check_leaf(&third, 2, &list), KITH_ERR_REJECTED); /* not in the list */
}

static void
a_leaf_with_the_id_of_a_device_but_another_key_is_refused(void **state)
{
    forgery f = forgery_of(&a, NULL, 1);
    (void)state;

    f.devices[0].signature_key = a.devices[1].signature_key; /* the id stays that of devices[0] */
    KITH_AUTO(kith_buf) list = forgery_make(&a, &f);
    KITH_AUTO(kith_buf) identity = credential_of(0, 0);

    assert_err(check_leaf(&identity, 0, &list), KITH_ERR_REJECTED);
}

static void
a_leaf_of_another_account_is_refused(void **state)
{
    KITH_AUTO(kith_buf) other_list = account_list(&a, 1, 0, 2);
    KITH_AUTO(kith_buf) identity = credential_of(0, 0);
    (void)state;

    assert_err(check_leaf(&identity, 0, &other_list), KITH_ERR_REJECTED);
}

static void
a_leaf_with_a_wrong_signature_or_id_is_refused(void **state)
{
    KITH_AUTO(kith_buf) list = account_list(&a, 0, 0, 2);
    KITH_AUTO(kith_buf) identity = credential_of(0, 0);
    KITH_AUTO(kith_buf) no_credential = wire("01 02 03");
    (void)state;

    identity.data[identity.len - 1] ^= 1;
    assert_err(check_leaf(&identity, 0, &list), KITH_ERR_REJECTED);
    identity.data[identity.len - 1] ^= 1;
    assert_ok(check_leaf(&identity, 0, &list));
    identity.data[1 + 32 + 1 + 32] ^= 1; /* the device id */
    assert_err(check_leaf(&identity, 0, &list), KITH_ERR_REJECTED);
    assert_err(check_leaf(&no_credential, 0, &list), KITH_ERR_MALFORMED);
}

static void
a_leaf_outlives_the_account_key_that_signed_it(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 2);
    KITH_AUTO(kith_buf) rotated = account_next(&a, &first, 0, 1, 1);
    KITH_AUTO(kith_buf) kept = credential_of(0, 0);
    KITH_AUTO(kith_buf) dropped = credential_of(0, 1);
    KITH_AUTO(kith_buf) renewed = credential_of(1, 0);
    (void)state;

    assert_ok(check_leaf(&kept, 0, &rotated));
    assert_ok(check_leaf(&renewed, 0, &rotated));
    assert_err(check_leaf(&dropped, 1, &rotated), KITH_ERR_REJECTED);
}

/* ---- Roster ---- */

static const proto_roster_entry roster[3] = {
    {{R32(0x11)}, 7, {R32(0xaa)}},
    {{R32(0x22)}, 8, {R32(0xbb)}},
    {{R32(0x33)}, 9, {R32(0xcc)}},
};

static void
the_roster_digest_is_the_hash_of_the_bytes_of_the_wire(void **state)
{
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf)
    entries = wire("11*32 0000000000000007 aa*32 22*32 0000000000000008 bb*32");
    uint8_t expected[32];
    uint8_t digest[32];
    (void)state;
    assert_ok(kith_buf_append(&message, kith_bytes_of_text("kith/1 roster")));
    assert_ok(kith_buf_append(&message, kith_bytes_of_buf(&entries)));
    assert_ok(crypto_sha256(a.c, kith_bytes_of_buf(&message), expected));

    assert_ok(proto_roster_digest(a.c, roster, 2, digest));

    assert_memory_equal(digest, expected, sizeof digest);
}

static void
a_roster_must_be_sorted_and_sorting_does_it(void **state)
{
    proto_roster_entry mixed[3] = {roster[2], roster[0], roster[1]};
    proto_roster_entry twice[2] = {roster[0], roster[0]};
    uint8_t sorted[32];
    uint8_t digest[32];
    (void)state;
    assert_ok(proto_roster_digest(a.c, roster, 3, sorted));

    assert_err(proto_roster_digest(a.c, mixed, 3, digest), KITH_ERR_INVALID);
    assert_err(proto_roster_digest(a.c, twice, 2, digest), KITH_ERR_INVALID);
    proto_roster_sort(mixed, 3);
    assert_ok(proto_roster_digest(a.c, mixed, 3, digest));
    assert_memory_equal(digest, sorted, sizeof digest);
}

static void
the_largest_roster_has_a_digest_and_one_account_more_has_none(void **state)
{
    proto_roster_entry *entries = calloc(PROTO_ROSTER_MAX + 1, sizeof *entries);
    KITH_AUTO(kith_buf) out = {0};
    uint8_t digest[32];
    (void)state;
    assert_non_null(entries);
    for (size_t i = 0; i <= PROTO_ROSTER_MAX; i++) {
        entries[i].account_id[0] = (uint8_t)(i >> 8);
        entries[i].account_id[1] = (uint8_t)i;
    }

    assert_ok(proto_roster_digest(a.c, entries, PROTO_ROSTER_MAX, digest));
    assert_err(proto_roster_digest(a.c, entries, PROTO_ROSTER_MAX + 1, digest), KITH_ERR_LIMIT);
    assert_ok(proto_conversation_make(
        a.c, &(proto_conversation_draft){.entries = entries, .count = PROTO_ROSTER_MAX}, &out));
    free(entries);
}

/* ---- Extension ---- */

static kith_err
conversation_again(kith_bytes in, kith_buf *out)
{
    proto_conversation conversation;

    KITH_TRY(proto_conversation_decode(in, &conversation));
    return proto_conversation_encode(out, &conversation);
}

static void
a_conversation_is_the_bytes_of_the_wire(void **state)
{
    KITH_AUTO(kith_buf)
    expected = wire("01 04 54726970 0010 0000000000000007 0000000000000008 55*32");
    proto_conversation conversation;
    (void)state;

    assert_codec("Conversation", kith_bytes_of_buf(&expected), conversation_again);
    assert_ok(proto_conversation_decode(kith_bytes_of_buf(&expected), &conversation));
    assert_int_equal(conversation.kind, PROTO_CONVERSATION_GROUP);
    assert_text(conversation.title, "Trip");
    assert_int_equal(proto_conversation_count(&conversation), 2);
    assert_int_equal(proto_conversation_version(&conversation, 0), 7);
    assert_int_equal(proto_conversation_version(&conversation, 1), 8);
    assert_int_equal(conversation.roster_digest[31], 0x55);
}

static void
a_conversation_of_another_form_is_not_read(void **state)
{
    KITH_AUTO(kith_buf) kind = wire("03 00 0000 55*32");
    KITH_AUTO(kith_buf) title = wire("01 01 ff 0000 55*32");
    KITH_AUTO(kith_buf) versions = wire("01 00 0007 00*7 55*32");
    KITH_AUTO(kith_buf) longest = wire("01 ff 61*255 fff8 00*65528 55*32");
    KITH_AUTO(kith_buf) text = wire("61*256");
    KITH_AUTO(kith_buf) out = {0};
    proto_conversation read;
    (void)state;

    assert_err(proto_conversation_decode(kith_bytes_of_buf(&kind), &read), KITH_ERR_UNSUPPORTED);
    assert_err(proto_conversation_decode(kith_bytes_of_buf(&title), &read), KITH_ERR_MALFORMED);
    assert_err(proto_conversation_decode(kith_bytes_of_buf(&versions), &read), KITH_ERR_MALFORMED);
    assert_ok(conversation_again(kith_bytes_of_buf(&longest), &out));
    kith_buf_clear(&out);
    assert_err(
        proto_conversation_encode(&out, &(proto_conversation){.title = kith_bytes_of_buf(&text)}),
        KITH_ERR_LIMIT);
    assert_err(proto_conversation_encode(&out, &(proto_conversation){.kind = 3}),
               KITH_ERR_UNSUPPORTED);
    assert_err(
        proto_conversation_encode(&out, &(proto_conversation){.title = kith_bytes_of_text("\xff")}),
        KITH_ERR_MALFORMED);
    assert_err(proto_conversation_encode(
                   &out, &(proto_conversation){.versions = kith_bytes_of_text("seven b")}),
               KITH_ERR_MALFORMED);
    assert_int_equal(out.len, 0);
}

static void
a_conversation_is_bound_to_its_accounts_and_lists(void **state)
{
    KITH_AUTO(kith_buf) data = {0};
    proto_conversation conversation;
    proto_roster_entry other[3];
    (void)state;

    assert_ok(proto_conversation_make(a.c,
                                      &(proto_conversation_draft){.kind = PROTO_CONVERSATION_GROUP,
                                                                  .title = kith_bytes_of_text("T"),
                                                                  .entries = roster,
                                                                  .count = 3},
                                      &data));
    assert_ok(proto_conversation_decode(kith_bytes_of_buf(&data), &conversation));

    assert_ok(proto_conversation_check(a.c, &conversation, roster, 3));
    assert_err(proto_conversation_check(a.c, &conversation, roster, 2), KITH_ERR_REJECTED);
    memcpy(other, roster, sizeof other);
    other[1].version++;
    assert_err(proto_conversation_check(a.c, &conversation, other, 3), KITH_ERR_REJECTED);
    other[1].version--;
    other[1].list_hash[0] ^= 1;
    assert_err(proto_conversation_check(a.c, &conversation, other, 3), KITH_ERR_REJECTED);
    other[1].list_hash[0] ^= 1;
    other[1].account_id[31] ^= 1;
    assert_err(proto_conversation_check(a.c, &conversation, other, 3), KITH_ERR_REJECTED);
}

static void
versions_that_differ_from_the_digest_are_refused(void **state)
{
    static const uint8_t versions[8] = {0, 0, 0, 0, 0, 0, 0, 9};
    static const uint8_t one_more[16] = {0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1};
    proto_roster_entry entry = roster[0]; /* version 7 */
    proto_conversation conversation = {.versions = KITH_BYTES(versions)};
    (void)state;

    assert_ok(proto_roster_digest(a.c, &entry, 1, conversation.roster_digest));

    assert_err(proto_conversation_check(a.c, &conversation, &entry, 1), KITH_ERR_REJECTED);
    entry.version = 9; /* as `versions` says, but not the digest */
    assert_err(proto_conversation_check(a.c, &conversation, &entry, 1), KITH_ERR_REJECTED);
    entry.version = 7;
    conversation.versions = KITH_BYTES(one_more); /* of an account that the digest does not cover */
    assert_err(proto_conversation_check(a.c, &conversation, &entry, 1), KITH_ERR_REJECTED);
    conversation.versions.len = 8;
    assert_ok(proto_conversation_check(a.c, &conversation, &entry, 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_credential_is_the_bytes_of_the_wire),
        cmocka_unit_test(a_credential_is_held_to_its_bounds),
        cmocka_unit_test(the_account_key_signs_for_one_leaf_key),
        cmocka_unit_test(a_credential_signs_the_bytes_that_the_wire_says),
        cmocka_unit_test(a_credential_for_another_device_id_is_refused_although_it_is_signed),
        cmocka_unit_test(a_leaf_key_longer_than_any_is_refused),
        cmocka_unit_test(a_leaf_is_accepted_only_for_a_device_of_the_list),
        cmocka_unit_test(a_leaf_with_the_id_of_a_device_but_another_key_is_refused),
        cmocka_unit_test(a_leaf_of_another_account_is_refused),
        cmocka_unit_test(a_leaf_with_a_wrong_signature_or_id_is_refused),
        cmocka_unit_test(a_leaf_outlives_the_account_key_that_signed_it),
        cmocka_unit_test(the_roster_digest_is_the_hash_of_the_bytes_of_the_wire),
        cmocka_unit_test(a_roster_must_be_sorted_and_sorting_does_it),
        cmocka_unit_test(the_largest_roster_has_a_digest_and_one_account_more_has_none),
        cmocka_unit_test(a_conversation_is_the_bytes_of_the_wire),
        cmocka_unit_test(a_conversation_of_another_form_is_not_read),
        cmocka_unit_test(a_conversation_is_bound_to_its_accounts_and_lists),
        cmocka_unit_test(versions_that_differ_from_the_digest_are_refused),
    };

    return cmocka_run_group_tests_name("proto: credentials and conversations", tests, open_account,
                                       close_account);
}
