/* SPDX-License-Identifier: MPL-2.0 */
/* Device lists: made, chained, rotated; each rule broken once, by somebody who can sign. */
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

static kith_err
check_first(const kith_buf *list)
{
    return proto_list_check_first(a.c, kith_bytes_of_buf(list), a.id, NULL);
}

static kith_err
check_next(const kith_buf *previous, const kith_buf *next)
{
    return proto_list_check_next(a.c, kith_bytes_of_buf(previous), kith_bytes_of_buf(next), NULL);
}

/* ---- Ids ---- */

static void
ids_are_hashes_of_keys(void **state)
{
    const kith_bytes key = crypto_sign_key_public(a.keys[0]);
    uint8_t hash[32];
    uint8_t device[PROTO_DEVICE_ID_LEN];
    (void)state;

    assert_ok(crypto_sha256(a.c, key, hash));
    assert_memory_equal(a.id, hash, 32);
    assert_ok(proto_device_id(a.c, key, device));
    assert_memory_equal(device, hash, 16);
    assert_ok(proto_list_hash(a.c, kith_bytes_of_text("abc"), hash));
    assert_hex(KITH_BYTES(hash),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* ---- Making ---- */

static void
a_first_list_says_who_and_which_devices(void **state)
{
    KITH_AUTO(kith_buf) bytes = account_list(&a, 0, 0, 3);
    static const uint8_t zeros[PROTO_ID_LEN];
    proto_list list;
    (void)state;

    assert_ok(proto_list_check_first(a.c, kith_bytes_of_buf(&bytes), a.id, &list));

    assert_memory_equal(list.account_id, a.id, sizeof a.id);
    assert_true(kith_bytes_equal(list.account_key, crypto_sign_key_public(a.keys[0])));
    assert_int_equal(list.version, 1);
    assert_memory_equal(list.previous_hash, zeros, sizeof zeros);
    assert_int_equal(list.issued_ms, 5000);
    assert_int_equal(list.device_count, 3);
    assert_int_equal(list.rotation.len, 0);
    for (size_t i = 0; i < 3; i++) {
        uint8_t id[PROTO_DEVICE_ID_LEN];
        assert_ok(proto_device_id(a.c, a.devices[i].signature_key, id));
        const proto_device *device = proto_list_find(&list, id);
        assert_non_null(device);
        assert_true(kith_bytes_equal(device->signature_key, a.devices[i].signature_key));
        assert_int_equal(device->added_ms, a.devices[i].added_ms);
    }
    assert_null(proto_list_find(&list, zeros));
}

static void
the_order_in_which_devices_are_given_does_not_matter(void **state)
{
    KITH_AUTO(kith_buf) forward = account_list(&a, 0, 0, 5);
    KITH_AUTO(kith_buf) backward = {0};
    proto_device devices[5];
    (void)state;

    for (size_t i = 0; i < 5; i++) {
        devices[i] = a.devices[4 - i];
    }
    assert_ok(proto_list_make(
        a.c,
        &(proto_list_draft){
            .account_key = a.keys[0], .devices = devices, .device_count = 5, .issued_ms = 5000},
        &backward));

    assert_true(kith_bytes_equal(kith_bytes_of_buf(&forward), kith_bytes_of_buf(&backward)));
}

static void
a_list_follows_the_one_that_it_names(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    KITH_AUTO(kith_buf) second = account_next(&a, &first, 0, 0, 2);
    KITH_AUTO(kith_buf) third = account_next(&a, &second, 0, 0, 1);
    proto_list list;
    (void)state;

    assert_ok(check_next(&first, &second));
    assert_ok(
        proto_list_check_next(a.c, kith_bytes_of_buf(&second), kith_bytes_of_buf(&third), &list));
    assert_int_equal(list.version, 3);
    assert_memory_equal(list.account_id, a.id, sizeof a.id);
}

static void
the_same_list_again_exists(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    proto_list list = {.version = 77};
    (void)state;

    assert_err(
        proto_list_check_next(a.c, kith_bytes_of_buf(&first), kith_bytes_of_buf(&first), &list),
        KITH_ERR_EXISTS);
    assert_int_equal(list.version, 77);
}

static void
a_new_account_key_needs_the_consent_of_the_old_one(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    KITH_AUTO(kith_buf) second = account_next(&a, &first, 0, 1, 1);
    KITH_AUTO(kith_buf) third = account_next(&a, &second, 1, 1, 2);
    proto_list list;
    (void)state;

    assert_ok(
        proto_list_check_next(a.c, kith_bytes_of_buf(&first), kith_bytes_of_buf(&second), &list));
    assert_memory_equal(list.account_id, a.id, sizeof a.id);
    assert_true(kith_bytes_equal(list.account_key, crypto_sign_key_public(a.keys[1])));
    assert_ok(check_next(&second, &third));
}

static void
as_many_devices_as_allowed_fit_a_list_and_one_more_does_not(void **state)
{
    KITH_AUTO(kith_buf) most = account_list(&a, 0, 0, PROTO_DEVICES_MAX);
    KITH_AUTO(kith_buf) out = {0};
    forgery f = forgery_of(&a, NULL, PROTO_DEVICES_MAX);
    (void)state;

    assert_ok(check_first(&most));
    assert_err(proto_list_make(a.c,
                               &(proto_list_draft){.account_key = a.keys[0],
                                                   .devices = a.devices,
                                                   .device_count = PROTO_DEVICES_MAX + 1},
                               &out),
               KITH_ERR_LIMIT);
    f.devices[f.device_count] = f.devices[f.device_count - 1];
    memset(f.devices[f.device_count].device_id, 0xff, PROTO_DEVICE_ID_LEN);
    f.device_count++;
    KITH_AUTO(kith_buf) forged = forgery_make(&a, &f);
    assert_err(check_first(&forged), KITH_ERR_LIMIT);
}

static kith_err
make(proto_list_draft draft)
{
    KITH_AUTO(kith_buf) out = {0};
    const kith_err err = proto_list_make(a.c, &draft, &out);

    assert_int_equal(out.len > 0, err == KITH_OK);
    return err;
}

static void
a_wrong_draft_makes_nothing(void **state)
{
    static const uint8_t seed[57] = {1};
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    const kith_bytes previous = kith_bytes_of_buf(&first);
    proto_device twice[2] = {a.devices[0], a.devices[0]};
    proto_device odd = {.signature_key = kith_bytes_of_text("short")};
    crypto_sign_key *other = NULL;
    proto_list_draft good = {.account_key = a.keys[0], .devices = a.devices, .device_count = 1};
    proto_list_draft draft;
    (void)state;
    assert_ok(crypto_sign_key_import(a.c, CRYPTO_ED448, KITH_BYTES(seed), &other));

    assert_ok(make(good));
    draft = good;
    draft.device_count = 0;
    assert_err(make(draft), KITH_ERR_INVALID);
    draft = good;
    draft.devices = twice;
    draft.device_count = 2;
    assert_err(make(draft), KITH_ERR_INVALID);
    draft = good;
    draft.devices = &odd;
    assert_err(make(draft), KITH_ERR_INVALID);
    draft = good;
    draft.account_key = other;
    assert_err(make(draft), KITH_ERR_INVALID);
    draft = good;
    draft.previous_key = a.keys[1];
    assert_err(make(draft), KITH_ERR_INVALID);
    draft = good;
    draft.previous = previous;
    draft.previous_key = a.keys[0]; /* although the key stays */
    assert_err(make(draft), KITH_ERR_INVALID);
    draft.account_key = a.keys[1];
    draft.previous_key = NULL; /* although it changes */
    assert_err(make(draft), KITH_ERR_INVALID);
    draft.previous_key = a.keys[2]; /* which is not the one before */
    assert_err(make(draft), KITH_ERR_INVALID);
    draft.previous_key = a.keys[0];
    assert_ok(make(draft));
    draft.previous = kith_bytes_of_text("\x01\x01no list");
    assert_err(make(draft), KITH_ERR_MALFORMED);
    forgery last = forgery_of(&a, NULL, 1);
    last.version = UINT64_MAX; /* nothing comes after it */
    KITH_AUTO(kith_buf) end = forgery_make(&a, &last);
    draft = good;
    draft.previous = kith_bytes_of_buf(&end);
    assert_err(make(draft), KITH_ERR_INVALID);
    crypto_sign_key_free(other);
}

/* ---- The form ---- */

static kith_err
again(kith_bytes in, kith_buf *out)
{
    proto_list list;

    KITH_TRY(proto_list_decode(in, &list));
    KITH_TRY(kith_buf_append(out, list.signed_part));
    kith_writer w = kith_writer_of(out);
    KITH_TRY(kith_write_vec8(&w, list.signature));
    return kith_write_vec8(&w, list.rotation);
}

static void
no_prefix_and_no_longer_list_is_a_list(void **state)
{
    KITH_AUTO(kith_buf) list = account_list(&a, 0, 0, 2);
    (void)state;

    assert_codec("SignedList", kith_bytes_of_buf(&list), again);
}

static void
an_untouched_forgery_is_what_the_front_door_makes(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 2);
    KITH_AUTO(kith_buf) second = account_next(&a, &first, 0, 0, 3);
    forgery one = forgery_of(&a, NULL, 2);
    forgery two = forgery_of(&a, &first, 3);
    KITH_AUTO(kith_buf) forged_one = forgery_make(&a, &one);
    KITH_AUTO(kith_buf) forged_two = forgery_make(&a, &two);
    (void)state;

    assert_true(kith_bytes_equal(kith_bytes_of_buf(&first), kith_bytes_of_buf(&forged_one)));
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&second), kith_bytes_of_buf(&forged_two)));
}

static void
a_list_of_another_form_is_not_read(void **state)
{
    static const uint8_t key33[33] = {1};
    static const struct {
        kith_err expected;
        int what;
    } cases[] = {
        {KITH_ERR_UNSUPPORTED, 0}, {KITH_ERR_UNSUPPORTED, 1}, {KITH_ERR_MALFORMED, 2},
        {KITH_ERR_MALFORMED, 3},   {KITH_ERR_MALFORMED, 4},   {KITH_ERR_MALFORMED, 5},
        {KITH_ERR_UNSUPPORTED, 6}, {KITH_ERR_MALFORMED, 7},   {KITH_ERR_MALFORMED, 8},
        {KITH_ERR_LIMIT, 9},
    };
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        forgery f = forgery_of(&a, NULL, 2);
        const proto_device swap = f.devices[0];
        switch (cases[i].what) {
        case 0:
            f.format = 2;
            break;
        case 1:
            f.algorithm = 2;
            break;
        case 2:
            f.version = 0;
            break;
        case 3:
            f.device_count = 0;
            break;
        case 4:
            f.devices[1] = f.devices[0]; /* twice */
            break;
        case 5:
            f.devices[0] = f.devices[1]; /* out of order */
            f.devices[1] = swap;
            break;
        case 6:
            f.devices[1].algorithm = 2;
            break;
        case 7:
            f.devices[1].signature_key = KITH_BYTES(key33);
            break;
        case 8:
            f.signer = NULL; /* no signature at all */
            break;
        default:
            f.trailing = PROTO_LIST_BYTES_MAX;
            break;
        }
        KITH_AUTO(kith_buf) forged = forgery_make(&a, &f);
        assert_err(check_first(&forged), cases[i].expected);
    }
}

/* ---- The rules of a first list ---- */

static void
a_first_list_must_be_of_the_account_that_was_asked_for(void **state)
{
    KITH_AUTO(kith_buf) other = account_list(&a, 1, 0, 1);
    proto_list list;
    (void)state;

    assert_err(check_first(&other), KITH_ERR_REJECTED);
    assert_ok(proto_list_check_first(a.c, kith_bytes_of_buf(&other), NULL, &list));
    assert_memory_not_equal(list.account_id, a.id, sizeof a.id);
}

static void
an_account_id_that_is_not_the_hash_of_the_key_is_refused(void **state)
{
    forgery f = forgery_of(&a, NULL, 1);
    (void)state;

    f.account_key = a.keys[1];
    f.signer = a.keys[1];
    KITH_AUTO(kith_buf) forged = forgery_make(&a, &f);

    assert_err(check_first(&forged), KITH_ERR_REJECTED);
    assert_err(proto_list_check_first(a.c, kith_bytes_of_buf(&forged), NULL, NULL),
               KITH_ERR_REJECTED);
}

static void
a_later_list_is_no_first_list(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    KITH_AUTO(kith_buf) second = account_next(&a, &first, 0, 0, 1);
    forgery f = forgery_of(&a, NULL, 1);
    (void)state;

    f.version = 2; /* and no predecessor */
    KITH_AUTO(kith_buf) forged = forgery_make(&a, &f);

    assert_err(check_first(&second), KITH_ERR_REJECTED);
    assert_err(check_first(&forged), KITH_ERR_REJECTED);
}

static void
a_first_list_has_no_predecessor_and_no_rotation(void **state)
{
    forgery f = forgery_of(&a, NULL, 1);
    (void)state;

    f.previous_hash[31] = 1;
    KITH_AUTO(kith_buf) follows = forgery_make(&a, &f);
    f = forgery_of(&a, NULL, 1);
    f.rotation_signer = a.keys[0];
    KITH_AUTO(kith_buf) rotates = forgery_make(&a, &f);

    assert_err(check_first(&follows), KITH_ERR_REJECTED);
    assert_err(check_first(&rotates), KITH_ERR_REJECTED);
}

static void
a_device_id_that_is_not_of_its_key_is_refused(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    forgery f = forgery_of(&a, NULL, 1);
    forgery later = forgery_of(&a, &first, 1);
    (void)state;

    f.devices[0].device_id[0] ^= 1;
    later.devices[0].device_id[0] ^= 1;
    KITH_AUTO(kith_buf) forged = forgery_make(&a, &f);
    KITH_AUTO(kith_buf) forged_later = forgery_make(&a, &later);

    assert_err(check_first(&forged), KITH_ERR_REJECTED);
    assert_err(check_next(&first, &forged_later), KITH_ERR_REJECTED);
}

static void
a_list_signed_by_another_key_is_refused(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    forgery f = forgery_of(&a, NULL, 1);
    forgery later = forgery_of(&a, &first, 1);
    (void)state;

    f.signer = a.keys[1];
    later.signer = a.keys[1];
    KITH_AUTO(kith_buf) forged = forgery_make(&a, &f);
    KITH_AUTO(kith_buf) forged_later = forgery_make(&a, &later);

    assert_err(check_first(&forged), KITH_ERR_REJECTED);
    assert_err(check_next(&first, &forged_later), KITH_ERR_REJECTED);
}

static void
no_bit_of_a_list_can_be_changed(void **state)
{
    KITH_AUTO(kith_buf) list = account_list(&a, 0, 0, 1);
    (void)state;

    for (size_t i = 0; i < list.len; i++) {
        list.data[i] ^= 0x10;
        assert_int_not_equal(check_first(&list), KITH_OK);
        list.data[i] ^= 0x10;
    }
    assert_ok(check_first(&list));
}

/* ---- The rules of a next list ---- */

static void
a_list_may_not_skip_or_repeat_a_version(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    forgery f = forgery_of(&a, &first, 2);
    (void)state;

    f.version = 3;
    KITH_AUTO(kith_buf) skips = forgery_make(&a, &f);
    f.version = 1;
    KITH_AUTO(kith_buf) repeats = forgery_make(&a, &f);

    assert_err(check_next(&first, &skips), KITH_ERR_REJECTED);
    assert_err(check_next(&first, &repeats), KITH_ERR_REJECTED);
}

static void
a_list_may_not_go_back(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    KITH_AUTO(kith_buf) second = account_next(&a, &first, 0, 0, 2);
    (void)state;

    assert_err(check_next(&second, &first), KITH_ERR_REJECTED);
}

static void
a_list_may_not_name_another_predecessor(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    KITH_AUTO(kith_buf) other = account_list(&a, 0, 1, 1);
    KITH_AUTO(kith_buf) next = account_next(&a, &other, 0, 0, 2);
    (void)state;

    assert_ok(check_next(&other, &next));
    assert_err(check_next(&first, &next), KITH_ERR_REJECTED);
}

static void
a_list_may_not_change_the_account(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    forgery f = forgery_of(&a, &first, 2);
    (void)state;

    f.account_id[0] ^= 1;
    KITH_AUTO(kith_buf) forged = forgery_make(&a, &f);

    assert_err(check_next(&first, &forged), KITH_ERR_REJECTED);
}

static void
a_rotation_that_is_missing_wrong_or_needless_is_refused(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    forgery f = forgery_of(&a, &first, 1);
    (void)state;

    f.account_key = a.keys[1];
    f.signer = a.keys[1];
    KITH_AUTO(kith_buf) missing = forgery_make(&a, &f);
    f.rotation_signer = a.keys[1];
    KITH_AUTO(kith_buf) by_itself = forgery_make(&a, &f);
    f.rotation_signer = a.keys[2];
    KITH_AUTO(kith_buf) by_another = forgery_make(&a, &f);
    f.rotation_signer = a.keys[0];
    KITH_AUTO(kith_buf) good = forgery_make(&a, &f);
    f.account_key = a.keys[0];
    f.signer = a.keys[0];
    KITH_AUTO(kith_buf) needless = forgery_make(&a, &f);

    assert_err(check_next(&first, &missing), KITH_ERR_REJECTED);
    assert_err(check_next(&first, &by_itself), KITH_ERR_REJECTED);
    assert_err(check_next(&first, &by_another), KITH_ERR_REJECTED);
    assert_ok(check_next(&first, &good));
    assert_err(check_next(&first, &needless), KITH_ERR_REJECTED);
}

static void
what_is_no_list_can_neither_follow_nor_be_followed(void **state)
{
    KITH_AUTO(kith_buf) first = account_list(&a, 0, 0, 1);
    const kith_bytes junk = kith_bytes_of_text("\x01\x01junk");
    (void)state;

    assert_err(proto_list_check_next(a.c, kith_bytes_of_buf(&first), junk, NULL),
               KITH_ERR_MALFORMED);
    assert_err(proto_list_check_next(a.c, junk, kith_bytes_of_buf(&first), NULL),
               KITH_ERR_MALFORMED);
}

/* ---- Login ---- */

static proto_login_claim
claim_of(const proto_list *list, size_t device)
{
    proto_login_claim claim = {.exporter = {R32(0x42)}};

    memcpy(claim.account_id, list->account_id, sizeof claim.account_id);
    memcpy(claim.device_id, list->devices[device].device_id, sizeof claim.device_id);
    return claim;
}

static void
a_login_holds_for_one_connection_account_and_device(void **state)
{
    KITH_AUTO(kith_buf) bytes = account_list(&a, 0, 0, 1);
    KITH_AUTO(kith_buf) signature = {0};
    proto_list list;
    (void)state;
    assert_ok(proto_list_decode(kith_bytes_of_buf(&bytes), &list));
    const proto_device *device = &list.devices[0];
    proto_login_claim claim = claim_of(&list, 0);

    assert_ok(proto_login_sign(a.c, a.device_keys[0], &claim, &signature));

    const kith_bytes signed_by = kith_bytes_of_buf(&signature);
    assert_ok(proto_login_verify(a.c, device, &claim, signed_by));
    claim.exporter[31] ^= 1;
    assert_err(proto_login_verify(a.c, device, &claim, signed_by), KITH_ERR_REJECTED);
    claim.exporter[31] ^= 1;
    claim.account_id[0] ^= 1;
    assert_err(proto_login_verify(a.c, device, &claim, signed_by), KITH_ERR_REJECTED);
    claim.account_id[0] ^= 1;
    claim.device_id[0] ^= 1;
    assert_err(proto_login_verify(a.c, device, &claim, signed_by), KITH_ERR_REJECTED);
    claim.device_id[0] ^= 1;
    assert_err(proto_login_verify(a.c, device, &claim, kith_bytes_of_text("x")), KITH_ERR_REJECTED);
    assert_ok(proto_login_verify(a.c, device, &claim, signed_by));
}

static void
a_device_cannot_log_in_as_another(void **state)
{
    KITH_AUTO(kith_buf) bytes = account_list(&a, 0, 0, 2);
    KITH_AUTO(kith_buf) signature = {0};
    proto_list list;
    uint8_t own[PROTO_DEVICE_ID_LEN];
    (void)state;
    assert_ok(proto_list_decode(kith_bytes_of_buf(&bytes), &list));
    assert_ok(proto_device_id(a.c, a.devices[0].signature_key, own));
    const proto_device *device = proto_list_find(&list, own);
    const proto_login_claim claim = claim_of(&list, device == &list.devices[0] ? 1 : 0);

    assert_ok(proto_login_sign(a.c, a.device_keys[0], &claim, &signature));

    assert_err(proto_login_verify(a.c, device, &claim, kith_bytes_of_buf(&signature)),
               KITH_ERR_REJECTED);
}

static void
a_login_signs_the_bytes_that_the_wire_says(void **state)
{
    KITH_AUTO(kith_buf) bytes = account_list(&a, 0, 0, 1);
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) signature = {0};
    proto_list list;
    (void)state;
    assert_ok(proto_list_decode(kith_bytes_of_buf(&bytes), &list));
    const proto_login_claim claim = claim_of(&list, 0);

    assert_ok(kith_buf_append(&message, kith_bytes_of_text("kith/1 login")));
    assert_ok(kith_buf_append(&message, KITH_BYTES(claim.exporter)));
    assert_ok(kith_buf_append(&message, KITH_BYTES(claim.account_id)));
    assert_ok(kith_buf_append(&message, KITH_BYTES(claim.device_id)));
    assert_ok(crypto_sign_with(a.c, a.device_keys[0], kith_bytes_of_buf(&message), &signature));

    assert_ok(proto_login_verify(a.c, &list.devices[0], &claim, kith_bytes_of_buf(&signature)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_hashes_of_keys),
        cmocka_unit_test(a_first_list_says_who_and_which_devices),
        cmocka_unit_test(the_order_in_which_devices_are_given_does_not_matter),
        cmocka_unit_test(a_list_follows_the_one_that_it_names),
        cmocka_unit_test(the_same_list_again_exists),
        cmocka_unit_test(a_new_account_key_needs_the_consent_of_the_old_one),
        cmocka_unit_test(as_many_devices_as_allowed_fit_a_list_and_one_more_does_not),
        cmocka_unit_test(a_wrong_draft_makes_nothing),
        cmocka_unit_test(no_prefix_and_no_longer_list_is_a_list),
        cmocka_unit_test(an_untouched_forgery_is_what_the_front_door_makes),
        cmocka_unit_test(a_list_of_another_form_is_not_read),
        cmocka_unit_test(a_first_list_must_be_of_the_account_that_was_asked_for),
        cmocka_unit_test(an_account_id_that_is_not_the_hash_of_the_key_is_refused),
        cmocka_unit_test(a_later_list_is_no_first_list),
        cmocka_unit_test(a_first_list_has_no_predecessor_and_no_rotation),
        cmocka_unit_test(a_device_id_that_is_not_of_its_key_is_refused),
        cmocka_unit_test(a_list_signed_by_another_key_is_refused),
        cmocka_unit_test(no_bit_of_a_list_can_be_changed),
        cmocka_unit_test(a_list_may_not_skip_or_repeat_a_version),
        cmocka_unit_test(a_list_may_not_go_back),
        cmocka_unit_test(a_list_may_not_name_another_predecessor),
        cmocka_unit_test(a_list_may_not_change_the_account),
        cmocka_unit_test(a_rotation_that_is_missing_wrong_or_needless_is_refused),
        cmocka_unit_test(what_is_no_list_can_neither_follow_nor_be_followed),
        cmocka_unit_test(a_login_holds_for_one_connection_account_and_device),
        cmocka_unit_test(a_device_cannot_log_in_as_another),
        cmocka_unit_test(a_login_signs_the_bytes_that_the_wire_says),
    };

    return cmocka_run_group_tests_name("proto: device lists", tests, open_account, close_account);
}
