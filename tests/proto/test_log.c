/* SPDX-License-Identifier: MPL-2.0 */
/* What a server says of its log: made, followed by the next generation, and each rule broken once. */
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

static const char CONFIG[] = "configuration";

/* A log signed by keys[0]; `previous` and `reason` may be NULL. */
static kith_err
make(const kith_buf *previous, const char *reason, kith_buf *out)
{
    const proto_log_draft draft = {
        .identity = a.keys[0],
        .config = kith_bytes_of_text(CONFIG),
        .previous = previous != NULL ? kith_bytes_of_buf(previous) : (kith_bytes){0},
        .reason = reason != NULL ? kith_bytes_of_text(reason) : (kith_bytes){0},
    };

    return proto_log_make(a.c, &draft, out);
}

static kith_err
check(const kith_buf *log, proto_log *out)
{
    return proto_log_check(a.c, kith_bytes_of_buf(log), crypto_sign_key_public(a.keys[0]), out);
}

static void
a_first_log_has_generation_1_and_no_predecessor(void **state)
{
    static const uint8_t zeros[PROTO_ID_LEN];
    KITH_AUTO(kith_buf) log = {0};
    proto_log read;
    (void)state;

    assert_ok(make(NULL, NULL, &log));

    assert_ok(check(&log, &read));
    assert_int_equal(read.generation, 1);
    assert_text(read.config, CONFIG);
    assert_memory_equal(read.previous_hash, zeros, sizeof zeros);
    assert_int_equal(read.reason.len, 0);
}

static void
a_log_that_takes_anothers_place_names_it_and_says_why(void **state)
{
    KITH_AUTO(kith_buf) first = {0};
    KITH_AUTO(kith_buf) second = {0};
    KITH_AUTO(kith_buf) third = {0};
    uint8_t hash[PROTO_ID_LEN];
    proto_log read;
    (void)state;

    assert_ok(make(NULL, NULL, &first));
    assert_ok(make(&first, "restored from a backup", &second));
    assert_ok(make(&second, NULL, &third));

    assert_ok(check(&second, &read));
    assert_int_equal(read.generation, 2);
    assert_text(read.reason, "restored from a backup");
    assert_ok(proto_log_hash(a.c, kith_bytes_of_buf(&first), hash));
    assert_memory_equal(read.previous_hash, hash, sizeof hash);
    assert_ok(check(&third, &read));
    assert_int_equal(read.generation, 3);
    assert_int_equal(read.reason.len, 0);
}

static void
the_bytes_are_those_of_the_wire(void **state)
{
    KITH_AUTO(kith_buf) first = {0};
    KITH_AUTO(kith_buf) expected = wire("01 00000001 0002 6162 0000 40");
    const proto_log_draft draft = {.identity = a.keys[0], .config = kith_bytes_of_text("ab")};
    (void)state;

    assert_ok(proto_log_make(a.c, &draft, &first));

    assert_int_equal(first.len, expected.len + 64);
    assert_memory_equal(first.data, expected.data, expected.len);
}

static void
a_log_of_another_server_is_rejected(void **state)
{
    KITH_AUTO(kith_buf) log = {0};
    proto_log read = {.generation = 77};
    (void)state;

    assert_ok(make(NULL, NULL, &log));

    assert_err(
        proto_log_check(a.c, kith_bytes_of_buf(&log), crypto_sign_key_public(a.keys[1]), &read),
        KITH_ERR_REJECTED);
    assert_int_equal(read.generation, 77);
}

static void
no_bit_of_a_log_may_flip_and_no_byte_be_missing_or_more(void **state)
{
    KITH_AUTO(kith_buf) first = {0};
    KITH_AUTO(kith_buf) log = {0};
    (void)state;
    assert_ok(make(NULL, NULL, &first));
    assert_ok(make(&first, "why", &log));

    for (size_t bit = 0; bit < 8 * log.len; bit++) {
        log.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(check(&log, NULL), KITH_OK);
        log.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < log.len; len++) {
        assert_err(proto_log_check(a.c, kith_bytes_of(log.data, len),
                                   crypto_sign_key_public(a.keys[0]), NULL),
                   KITH_ERR_MALFORMED);
    }
    assert_ok(check(&log, NULL));
    assert_ok(kith_buf_append(&log, kith_bytes_of_text("x")));
    assert_err(check(&log, NULL), KITH_ERR_MALFORMED);
}

static const struct {
    const char *wire;
    kith_err expected;
} forms[] = {
    {"01 00000001 0001 61 0000 01 62", KITH_OK},
    {"02 00000001 0001 61 0000 01 62", KITH_ERR_UNSUPPORTED},
    {"01 00000000 0001 61 0000 01 62", KITH_ERR_MALFORMED}, /* there is no generation 0 */
    {"01 00000001 0000 0000 01 62", KITH_ERR_MALFORMED}, /* no configuration */
    {"01 00000001 0001 61 0000 00", KITH_ERR_MALFORMED}, /* no signature */
    {"01 00000001 0001 61 0020 11*32 01 62", KITH_ERR_MALFORMED}, /* a first one's predecessor */
    {"01 00000002 0001 61 0000 01 62", KITH_ERR_MALFORMED}, /* a second one without */
    {"01 00000002 0001 61 001f 11*31 01 62", KITH_ERR_MALFORMED},
    {"01 00000002 0001 61 0020 11*32 01 62", KITH_OK},
    {"01 ffffffff 0001 61 0021 11*32 63 01 62", KITH_OK},
    {"01 00000002 0001 61 0021 11*32 ff 01 62", KITH_ERR_MALFORMED}, /* no text */
    {"01 00000002 0001 61 011f 11*32 63*255 01 62", KITH_OK},
    {"01 00000002 0001 61 0120 11*32 63*256 01 62", KITH_ERR_LIMIT},
    {"01 00000001 07f5 61*2037 0000 01 62", KITH_OK},
    {"01 00000001 07f6 61*2038 0000 01 62", KITH_ERR_LIMIT},
};

static void
the_form_is_held_to_its_rules_and_limits(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(forms); i++) {
        KITH_AUTO(kith_buf) bytes = wire(forms[i].wire);
        proto_log log = {0};
        print_message("# %.40s, %zu bytes\n", forms[i].wire, bytes.len);
        assert_err(proto_log_decode(kith_bytes_of_buf(&bytes), &log), forms[i].expected);
    }
}

static void
what_would_not_be_accepted_is_not_made(void **state)
{
    KITH_AUTO(kith_buf) first = {0};
    KITH_AUTO(kith_buf) last = wire("01 ffffffff 0001 61 0020 11*32 01 62");
    KITH_AUTO(kith_buf) garbage = wire("01 02");
    KITH_AUTO(kith_buf) out = {0};
    char reason[PROTO_LOG_REASON_MAX + 2] = {0};
    const proto_log_draft empty = {.identity = a.keys[0]};
    (void)state;
    assert_ok(make(NULL, NULL, &first));

    assert_err(make(NULL, "why", &out), KITH_ERR_INVALID);
    assert_err(make(&garbage, "why", &out), KITH_ERR_MALFORMED);
    assert_err(make(&last, "why", &out), KITH_ERR_LIMIT);
    assert_err(proto_log_make(a.c, &empty, &out), KITH_ERR_MALFORMED);
    memset(reason, 'a', sizeof reason - 1);
    assert_err(make(&first, reason, &out), KITH_ERR_LIMIT);
    assert_int_equal(out.len, 0);
    reason[PROTO_LOG_REASON_MAX] = 0;
    assert_ok(make(&first, reason, &out));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_log_has_generation_1_and_no_predecessor),
        cmocka_unit_test(a_log_that_takes_anothers_place_names_it_and_says_why),
        cmocka_unit_test(the_bytes_are_those_of_the_wire),
        cmocka_unit_test(a_log_of_another_server_is_rejected),
        cmocka_unit_test(no_bit_of_a_log_may_flip_and_no_byte_be_missing_or_more),
        cmocka_unit_test(the_form_is_held_to_its_rules_and_limits),
        cmocka_unit_test(what_would_not_be_accepted_is_not_made),
    };

    return cmocka_run_group_tests_name("proto: logs", tests, open_account, close_account);
}
