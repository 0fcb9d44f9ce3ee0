/* SPDX-License-Identifier: MPL-2.0 */
/* What a new device takes from the old one, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/home.h"
#include "core/pair.h"

static home *h;
static party *old;
static party *new;
static kith_buf gift;

/* An old device whose list already has the new one, and what it would give. */
static int
setup(void **state)
{
    const core_pair_join join = {.code = kith_bytes_of_text("4711-000000@home.example:5484"),
                                 .device_name = kith_bytes_of_text("phone")};
    uint64_t op = 0;
    (void)state;

    h = home_new();
    old = home_party(h);
    new = home_party(h);
    home_join(old, "Anna");
    assert_int_equal(core_pair_accept(new->core, &join, h->now_ms, &op), KITH_OK);
    const core_pair *pair = new->core->identity->pair;
    assert_int_equal(core_txn_begin(old->core, h->now_ms), KITH_OK);
    assert_int_equal(
        core_txn_end(old->core, core_device_add(old->core, KITH_BYTES(pair->device_public))),
        KITH_OK);
    h->is_down = true;
    home_run(h);
    assert_int_equal(core_account_get(old->core).list_version, 2);
    gift = (kith_buf){0};
    assert_int_equal(core_pair_gift_make(old->core, &gift), KITH_OK);
    /* The unreachable server has ended that linking: begin it anew, with the same device. */
    assert_int_equal(core_pair_accept(new->core, &join, h->now_ms, &op), KITH_OK);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    kith_buf_done(&gift);
    home_free(h);
    return 0;
}

/* Takes it as a new device whose key is on the list. */
static kith_err
take_as_listed(kith_bytes bytes)
{
    core_pair *pair = new->core->identity->pair;
    KITH_AUTO(kith_buf) list = {0};
    proto_list decoded = {0};
    const core_account own = core_account_get(old->core);

    assert_int_equal(core_list_get_newest(old->core, own.account, &list), KITH_OK);
    assert_int_equal(proto_list_decode(kith_bytes_of_buf(&list), &decoded), KITH_OK);
    for (size_t i = 0; i < decoded.device_count; i++) {
        if (memcmp(decoded.devices[i].device_id, own.device, sizeof own.device) != 0) {
            memcpy(pair->device_id, decoded.devices[i].device_id, sizeof pair->device_id);
            memcpy(pair->device_public, decoded.devices[i].signature_key.data,
                   sizeof pair->device_public);
        }
    }
    assert_int_equal(core_txn_begin(new->core, h->now_ms), KITH_OK);
    const kith_err err = core_pair_gift_take(new->core, bytes);
    kith_ignore(core_txn_end(new->core, KITH_ERR_LIMIT));
    return err;
}

/* The gift with other lists in it. */
static void
with_lists(const kith_bytes *lists, size_t count, kith_buf *out)
{
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&gift));
    kith_writer w = kith_writer_of(out);
    kith_bytes part = {0};
    KITH_AUTO(kith_buf) blobs = {0};

    assert_int_equal(kith_read_bytes(&r, 1, &part), KITH_OK);
    assert_int_equal(kith_write_bytes(&w, part), KITH_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(kith_read_vec8(&r, &part), KITH_OK);
        assert_int_equal(kith_write_vec8(&w, part), KITH_OK);
    }
    assert_int_equal(kith_read_vec32(&r, &part), KITH_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(proto_blob_append(&blobs, lists[i]), KITH_OK);
    }
    assert_int_equal(kith_write_vec32(&w, kith_bytes_of_buf(&blobs)), KITH_OK);
    assert_int_equal(kith_write_bytes(&w, kith_reader_peek(&r)), KITH_OK);
}

static kith_bytes
list_at(size_t index)
{
    return kith_bytes_of_buf(
        &home_account_of(h, core_account_get(old->core).account)->lists[index]);
}

static void
a_good_gift_is_taken(void **state)
{
    (void)state;
    assert_int_equal(take_as_listed(kith_bytes_of_buf(&gift)), KITH_OK);
}

static void
the_same_lists_again_make_the_same_gift(void **state)
{
    KITH_AUTO(kith_buf) same = {0};
    const kith_bytes lists[] = {list_at(0), list_at(1)};
    (void)state;

    with_lists(lists, 2, &same);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&same), kith_bytes_of_buf(&gift)));
}

static void
a_device_that_is_not_on_the_list_takes_nothing(void **state)
{
    (void)state;

    assert_int_equal(core_txn_begin(new->core, h->now_ms), KITH_OK);
    assert_int_equal(core_pair_gift_take(new->core, kith_bytes_of_buf(&gift)), KITH_ERR_REJECTED);
    assert_int_equal(core_txn_end(new->core, KITH_OK), KITH_OK);
    assert_int_equal(core_account_get(new->core).state, CORE_ACCOUNT_LINKING);
}

static void
a_list_with_another_key_for_this_device_is_refused(void **state)
{
    core_pair *pair = new->core->identity->pair;
    const core_account own = core_account_get(old->core);
    (void)state;

    memcpy(pair->device_id, own.device, sizeof pair->device_id);
    assert_int_equal(core_txn_begin(new->core, h->now_ms), KITH_OK);
    assert_int_equal(core_pair_gift_take(new->core, kith_bytes_of_buf(&gift)), KITH_ERR_REJECTED);
    assert_int_equal(core_txn_end(new->core, KITH_OK), KITH_OK);
}

static void
a_gap_in_the_lists_is_refused(void **state)
{
    KITH_AUTO(kith_buf) broken = {0};
    const kith_bytes lists[] = {list_at(1)};
    (void)state;

    with_lists(lists, 1, &broken);
    assert_int_equal(take_as_listed(kith_bytes_of_buf(&broken)), KITH_ERR_REJECTED);
}

static void
no_list_at_all_is_refused(void **state)
{
    KITH_AUTO(kith_buf) broken = {0};
    (void)state;

    with_lists(NULL, 0, &broken);
    assert_int_equal(take_as_listed(kith_bytes_of_buf(&broken)), KITH_ERR_REJECTED);
}

static void
the_key_of_another_account_is_refused(void **state)
{
    KITH_AUTO(kith_buf) broken = {0};
    (void)state;

    assert_int_equal(kith_buf_set(&broken, kith_bytes_of_buf(&gift)), KITH_OK);
    broken.data[5] ^= 1; /* in the private key */
    assert_int_equal(take_as_listed(kith_bytes_of_buf(&broken)), KITH_ERR_REJECTED);
}

static void
another_format_is_not_supported(void **state)
{
    KITH_AUTO(kith_buf) broken = {0};
    (void)state;

    assert_int_equal(kith_buf_set(&broken, kith_bytes_of_buf(&gift)), KITH_OK);
    broken.data[0]++;
    assert_int_equal(take_as_listed(kith_bytes_of_buf(&broken)), KITH_ERR_UNSUPPORTED);
}

static void
every_shortened_gift_is_malformed(void **state)
{
    const core_pair_join join = {.code = kith_bytes_of_text("4711-000000@home.example:5484")};
    uint64_t op = 0;
    (void)state;

    for (size_t len = 0; len < gift.len; len += len < 200 ? 1 : 4093) {
        assert_int_equal(core_txn_begin(new->core, h->now_ms), KITH_OK);
        const kith_err err = core_pair_gift_take(new->core, kith_bytes_of(gift.data, len));
        assert_int_equal(core_txn_end(new->core, KITH_OK), KITH_OK);
        assert_int_equal(err, KITH_ERR_MALFORMED);
    }
    core_pair_cancel(new->core, h->now_ms);
    assert_int_equal(core_pair_accept(new->core, &join, h->now_ms, &op), KITH_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_gift_is_taken),
        TEST(the_same_lists_again_make_the_same_gift),
        TEST(a_device_that_is_not_on_the_list_takes_nothing),
        TEST(a_list_with_another_key_for_this_device_is_refused),
        TEST(a_gap_in_the_lists_is_refused),
        TEST(no_list_at_all_is_refused),
        TEST(the_key_of_another_account_is_refused),
        TEST(another_format_is_not_supported),
        TEST(every_shortened_gift_is_malformed),
    };

    return cmocka_run_group_tests_name("core-pair-gift", tests, NULL, NULL);
}
