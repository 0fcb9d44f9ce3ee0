/* SPDX-License-Identifier: MPL-2.0 */
/* Message ids: those of the draft's examples, and those of Kith. */
#include <string.h>

#include "content/examples.h"
#include "content/message.h"
#include "crypto/lab.h"
#include "proto/wire.h"

static void
every_example_has_the_id_that_the_draft_says(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(examples); i++) {
        KITH_AUTO(kith_buf) bytes = of_hex(examples[i].bytes);
        uint8_t id[CONTENT_ID_LEN];
        assert_ok(content_id_of_uris(*state, kith_bytes_of_text(examples[i].sender),
                                     kith_bytes_of_text(examples[i].room),
                                     kith_bytes_of_buf(&bytes), id));
        assert_hex(KITH_BYTES(id), examples[i].id);
    }
}

static void
an_id_of_kith_uses_its_uris(void **state)
{
    static const uint8_t account[32] = {0xfb, 0xff};
    static const uint8_t conv[32] = {1};
    KITH_AUTO(kith_buf) bytes = of_hex(examples[0].bytes);
    uint8_t expected[CONTENT_ID_LEN];
    uint8_t id[CONTENT_ID_LEN];

    assert_ok(content_id_of_uris(
        *state, kith_bytes_of_text("kith:/u/-_8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        kith_bytes_of_text("kith:/r/AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        kith_bytes_of_buf(&bytes), expected));

    assert_ok(content_message_id(*state, account, conv, kith_bytes_of_buf(&bytes), id));
    assert_memory_equal(id, expected, sizeof id);
    assert_int_equal(id[0], 1);
}

static void
another_sender_conversation_or_message_has_another_id(void **state)
{
    static const uint8_t account[32] = {1};
    static const uint8_t conv[32] = {2};
    KITH_AUTO(kith_buf) bytes = of_hex(examples[0].bytes);
    uint8_t id[CONTENT_ID_LEN];
    uint8_t other[CONTENT_ID_LEN];
    assert_ok(content_message_id(*state, account, conv, kith_bytes_of_buf(&bytes), id));

    assert_ok(content_message_id(*state, conv, conv, kith_bytes_of_buf(&bytes), other));
    assert_memory_not_equal(id, other, sizeof id);
    assert_ok(content_message_id(*state, account, account, kith_bytes_of_buf(&bytes), other));
    assert_memory_not_equal(id, other, sizeof id);
    bytes.data[2] ^= 1; /* the salt */
    assert_ok(content_message_id(*state, account, conv, kith_bytes_of_buf(&bytes), other));
    assert_memory_not_equal(id, other, sizeof id);
    bytes.data[2] ^= 1;
    bytes.data[bytes.len - 1] ^= 1; /* the text */
    assert_ok(content_message_id(*state, account, conv, kith_bytes_of_buf(&bytes), other));
    assert_memory_not_equal(id, other, sizeof id);
}

static void
what_has_no_salt_has_no_id(void **state)
{
    static const char *const bad[] = {
        "", "87", "86 50 5a*16", "87 4f 5a*15", "87 51 5a*17", "87 70 61*16", "87 50 5a*15"};
    uint8_t id[CONTENT_ID_LEN];

    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        KITH_AUTO(kith_buf) bytes = wire(bad[i]);
        assert_err(content_message_id(*state, id, id, kith_bytes_of_buf(&bytes), id),
                   KITH_ERR_MALFORMED);
    }
}

static void
a_uri_fits_its_length_or_is_refused(void **state)
{
    KITH_AUTO(kith_buf) bytes = of_hex(examples[0].bytes);
    KITH_AUTO(kith_buf) large = wire("61*65536");
    const kith_bytes most = kith_bytes_of(large.data, UINT16_MAX);
    const kith_bytes more = kith_bytes_of_buf(&large);
    uint8_t id[CONTENT_ID_LEN];

    assert_ok(content_id_of_uris(*state, most, most, kith_bytes_of_buf(&bytes), id));
    assert_err(content_id_of_uris(*state, more, most, kith_bytes_of_buf(&bytes), id),
               KITH_ERR_INVALID);
    assert_err(content_id_of_uris(*state, most, more, kith_bytes_of_buf(&bytes), id),
               KITH_ERR_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_has_the_id_that_the_draft_says),
        cmocka_unit_test(an_id_of_kith_uses_its_uris),
        cmocka_unit_test(another_sender_conversation_or_message_has_another_id),
        cmocka_unit_test(what_has_no_salt_has_no_id),
        cmocka_unit_test(a_uri_fits_its_length_or_is_refused),
    };

    return cmocka_run_group_tests_name("content: message ids", tests, lab_open, lab_close);
}
