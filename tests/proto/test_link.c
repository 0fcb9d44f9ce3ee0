/* SPDX-License-Identifier: MPL-2.0 */
/* Links, linking codes, and what is derived from a link's secret. */
#include <string.h>

#include "crypto/lab.h"
#include "fakes/fake_rng.h"
#include "proto/proto.h"
#include "proto/wire.h"

static proto_link
link_of(uint8_t kind)
{
    proto_link link = {.address = {"chat.example", 5484},
                       .kind = kind,
                       .server_key = {R32(0x11)},
                       .secret = {R16(0x22)}};

    if (kind == PROTO_LINK_PERSON) {
        memset(link.account_key, 0x33, sizeof link.account_key);
        memcpy(link.name, "Rose", 5);
    } else if (kind == PROTO_LINK_DEVICE) {
        link.rendezvous = 0x01020304;
    }
    return link;
}

static void
assert_same_link(const proto_link *a, const proto_link *b)
{
    assert_string_equal(a->address.host, b->address.host);
    assert_int_equal(a->address.port, b->address.port);
    assert_int_equal(a->kind, b->kind);
    assert_memory_equal(a->server_key, b->server_key, sizeof a->server_key);
    assert_memory_equal(a->secret, b->secret, sizeof a->secret);
    assert_memory_equal(a->account_key, b->account_key, sizeof a->account_key);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->rendezvous, b->rendezvous);
}

/* The text of a link at chat.example with a payload that no encoder would make. */
static kith_buf
text_of(const char *payload)
{
    KITH_AUTO(kith_buf) bytes = wire(payload);
    kith_buf out = {0};

    assert_ok(kith_buf_append(&out, kith_bytes_of_text("kith:chat.example:5484/")));
    assert_ok(kith_base64url_encode(kith_bytes_of_buf(&bytes), &out));
    return out;
}

static kith_err
decode(const kith_buf *text)
{
    proto_link link;

    return proto_link_decode(kith_bytes_of_buf(text), &link);
}

/* ---- Links ---- */

static void
every_kind_of_link_is_the_bytes_of_the_wire_and_is_read_again(void **state)
{
    static const char *const payloads[] = {
        "01 00 11*32 22*16",
        "01 01 11*32 22*16 33*32 04 526f7365",
        "01 02 11*32 22*16 01020304",
    };
    (void)state;

    for (size_t kind = 0; kind < CHECK_COUNT(payloads); kind++) {
        KITH_AUTO(kith_buf) expected = text_of(payloads[kind]);
        KITH_AUTO(kith_buf) text = {0};
        const proto_link in = link_of((uint8_t)kind);
        proto_link out;
        assert_ok(proto_link_encode(&text, &in));
        assert_true(kith_bytes_equal(kith_bytes_of_buf(&text), kith_bytes_of_buf(&expected)));
        assert_ok(proto_link_decode(kith_bytes_of_buf(&text), &out));
        assert_same_link(&out, &in);
    }
}

static void
a_port_may_be_left_out_and_an_ipv6_host_stands_in_brackets(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    KITH_AUTO(kith_buf) shorter = {0};
    proto_link link = link_of(PROTO_LINK_OPERATOR);
    proto_link out;
    (void)state;
    memcpy(link.address.host, "2001:db8::1", 12);
    assert_ok(proto_link_encode(&text, &link));

    assert_memory_equal(text.data, "kith:[2001:db8::1]:5484/", 24);
    assert_ok(kith_buf_append(&shorter, kith_bytes_of_text("kith:[2001:db8::1]")));
    assert_ok(kith_buf_append(&shorter, kith_bytes_of(text.data + 23, text.len - 23)));
    assert_ok(proto_link_decode(kith_bytes_of_buf(&shorter), &out));
    assert_same_link(&out, &link);
}

static void
no_prefix_of_a_link_is_a_link(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    const proto_link link = link_of(PROTO_LINK_PERSON);
    proto_link out;
    (void)state;
    assert_ok(proto_link_encode(&text, &link));

    for (size_t len = 0; len < text.len; len++) {
        assert_err(proto_link_decode(kith_bytes_of(text.data, len), &out), KITH_ERR_MALFORMED);
    }
    assert_ok(kith_buf_append(&text, kith_bytes_of_text("A")));
    assert_err(decode(&text), KITH_ERR_MALFORMED);
}

static void
what_is_no_link_is_refused(void **state)
{
    static const struct {
        const char *payload;
        kith_err expected;
    } cases[] = {
        {"01 00 11*32 22*16", KITH_OK},
        {"02 00 11*32 22*16", KITH_ERR_UNSUPPORTED},
        {"01 03 11*32 22*16", KITH_ERR_UNSUPPORTED},
        {"01 00 11*32 22*16 00", KITH_ERR_MALFORMED},
        {"01 01 11*32 22*16 33*32 01 ff", KITH_ERR_MALFORMED},
        {"01 01 11*32 22*16 33*32 01 00", KITH_ERR_MALFORMED},
        {"01 01 11*32 22*16 33*32 40 61*64", KITH_OK},
        {"01 01 11*32 22*16 33*32 41 61*65", KITH_ERR_LIMIT},
        {"01 01 11*32 22*16 33*32 00", KITH_OK},
    };
    static const char *const texts[] = {
        "",         "kith:",       "http://chat.example/AAAA", "KITH:a/AA", "kith:chat.example",
        "kith:/AQ", "kith:a:0/AQ", "kith:chat.example/AQ=="};
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        KITH_AUTO(kith_buf) text = text_of(cases[i].payload);
        print_message("# %s\n", cases[i].payload);
        assert_err(decode(&text), cases[i].expected);
    }
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
        proto_link link;
        print_message("# %s\n", texts[i]);
        assert_err(proto_link_decode(kith_bytes_of_text(texts[i]), &link), KITH_ERR_MALFORMED);
    }
}

static void
a_text_longer_than_any_link_is_not_looked_at(void **state)
{
    KITH_AUTO(kith_buf) text = wire("41*769");
    proto_link link;
    (void)state;

    assert_err(proto_link_decode(kith_bytes_of(text.data, PROTO_LINK_TEXT_MAX), &link),
               KITH_ERR_MALFORMED);
    assert_err(proto_link_decode(kith_bytes_of_buf(&text), &link), KITH_ERR_LIMIT);
}

static void
the_longest_link_fits_the_limit(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    proto_link link = link_of(PROTO_LINK_PERSON);
    (void)state;
    memset(link.address.host, 'a', PROTO_HOST_MAX);
    memset(link.name, 'n', PROTO_NAME_MAX);

    assert_ok(proto_link_encode(&text, &link));

    assert_ok(decode(&text));
}

static void
a_link_that_could_not_be_read_is_not_written(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    proto_link link = link_of(PROTO_LINK_PERSON);
    (void)state;

    link.kind = 3;
    assert_err(proto_link_encode(&text, &link), KITH_ERR_MALFORMED);
    link.kind = PROTO_LINK_PERSON;
    memset(link.name, 'n', sizeof link.name); /* without an end */
    assert_err(proto_link_encode(&text, &link), KITH_ERR_LIMIT);
    memcpy(link.name, "\xff", 2);
    assert_err(proto_link_encode(&text, &link), KITH_ERR_MALFORMED);
    link.name[0] = '\0';
    link.address.port = 0;
    assert_err(proto_link_encode(&text, &link), KITH_ERR_MALFORMED);
    assert_int_equal(text.len, 0);
}

static void
a_link_that_is_done_is_wiped(void **state)
{
    static const proto_link zeros;
    proto_link link = link_of(PROTO_LINK_PERSON);
    (void)state;

    proto_link_done(&link);
    proto_link_done(NULL);

    assert_memory_equal(&link, &zeros, sizeof link);
}

/* ---- Linking codes ---- */

static void
a_code_is_written_and_read_again(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    const proto_code code = {4294967295u, "004711", {"chat.example", 99}};
    proto_code out;
    (void)state;

    assert_ok(proto_code_encode(&text, &code));
    assert_text(kith_bytes_of_buf(&text), "4294967295-004711@chat.example:99");
    assert_ok(proto_code_decode(kith_bytes_of_buf(&text), &out));
    assert_int_equal(out.number, code.number);
    assert_string_equal(out.digits, code.digits);
    assert_string_equal(out.address.host, code.address.host);
    assert_int_equal(out.address.port, code.address.port);
    assert_ok(proto_code_decode(kith_bytes_of_text("0-123456@[::1]"), &out));
    assert_int_equal(out.number, 0);
    assert_string_equal(out.address.host, "::1");
    assert_int_equal(out.address.port, PROTO_PORT);
}

static void
what_is_no_code_is_malformed(void **state)
{
    static const char *const bad[] = {
        "",
        "1-12345@a",
        "1-1234567@a",
        "1-12345x@a",
        "-123456@a",
        "01-123456@a",
        "4294967296-123456@a",
        "x-123456@a",
        "1-123456",
        "1-123456@",
        "1123456@a",
        "1-123456@a:0",
        " 1-123456@a",
    };
    KITH_AUTO(kith_buf) long_one = wire("61*289");
    proto_code code;
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        print_message("# %s\n", bad[i]);
        assert_err(proto_code_decode(kith_bytes_of_text(bad[i]), &code), KITH_ERR_MALFORMED);
    }
    assert_err(proto_code_decode(kith_bytes_of(long_one.data, PROTO_CODE_TEXT_MAX), &code),
               KITH_ERR_MALFORMED);
    assert_err(proto_code_decode(kith_bytes_of_buf(&long_one), &code), KITH_ERR_LIMIT);
}

static void
the_longest_code_fits_the_limit_and_a_wrong_one_is_not_written(void **state)
{
    KITH_AUTO(kith_buf) text = {0};
    proto_code code = {4294967295u, "123456", {.port = 65535}};
    proto_code out;
    (void)state;
    memset(code.address.host, 'a', PROTO_HOST_MAX);

    assert_ok(proto_code_encode(&text, &code));
    assert_ok(proto_code_decode(kith_bytes_of_buf(&text), &out));
    kith_buf_clear(&text);
    memcpy(code.digits, "12345x", 7);
    assert_err(proto_code_encode(&text, &code), KITH_ERR_MALFORMED);
    memcpy(code.digits, "12345", 6);
    assert_err(proto_code_encode(&text, &code), KITH_ERR_MALFORMED);
    assert_int_equal(text.len, 0);
}

static void
digits_are_six_and_unbiased(void **state)
{
    /* 0xffffffff is in the unfair rest and drawn again; then 7, little- or big-endian. */
    const uint32_t values[] = {UINT32_MAX, 7};
    given_rng given = {kith_bytes_of(values, sizeof values)};
    const kith_rng rng = given_rng_port(&given);
    char digits[PROTO_CODE_DIGITS + 1];
    (void)state;

    assert_ok(proto_code_digits(&rng, digits));
    assert_string_equal(digits, "000007");
    assert_err(proto_code_digits(&rng, digits), KITH_ERR_NO_RANDOM);
    assert_string_equal(digits, "000007");
}

static void
randomness_that_never_is_fair_is_given_up(void **state)
{
    uint8_t always = 0xff;
    const kith_rng rng = {same_rng_fill, &always};
    char digits[PROTO_CODE_DIGITS + 1];
    (void)state;

    assert_err(proto_code_digits(&rng, digits), KITH_ERR_NO_RANDOM);
}

/* ---- From the secret ---- */

static void
ticket_and_proof_key_are_hkdf_of_the_secret(void **state)
{
    static const uint8_t secret[PROTO_LINK_SECRET_LEN] = {R16(0x0b)};
    KITH_AUTO(kith_secret) prk = {0};
    KITH_AUTO(kith_secret) key = {0};
    crypto *c = *state;
    uint8_t ticket[32];
    uint8_t expected[32];
    crypto_expand expand = {.len = 32};
    assert_ok(crypto_hkdf_extract(c, CRYPTO_SHA256, (kith_bytes){0}, KITH_BYTES(secret), &prk));
    expand.prk = kith_bytes_of_secret(&prk);

    assert_ok(proto_ticket(c, secret, ticket));
    assert_ok(proto_proof_key(c, secret, &key));

    expand.info = CRYPTO_PARTS(kith_bytes_of_text("kith/1 ticket"));
    assert_ok(crypto_hkdf_expand_into(c, CRYPTO_SHA256, &expand, expected));
    assert_memory_equal(ticket, expected, 32);
    expand.info = CRYPTO_PARTS(kith_bytes_of_text("kith/1 proof"));
    assert_ok(crypto_hkdf_expand_into(c, CRYPTO_SHA256, &expand, expected));
    assert_true(kith_bytes_equal(kith_bytes_of_secret(&key), KITH_BYTES(expected)));
}

static void
a_proof_is_the_hmac_that_the_wire_says(void **state)
{
    static const uint8_t secret[PROTO_LINK_SECRET_LEN] = {R16(0x0b)};
    static const uint8_t joiner[32] = {R32(0x11)};
    static const uint8_t inviter[32] = {R32(0x22)};
    KITH_AUTO(kith_secret) key = {0};
    KITH_AUTO(kith_buf) message = {0};
    crypto *c = *state;
    const proto_proof in = {PROTO_ROLE_INVITER, kith_bytes_of_text("group"), joiner, inviter};
    uint8_t proof[32];
    assert_ok(proto_proof_key(c, secret, &key));
    assert_ok(kith_buf_append(&message, kith_bytes_of_text("invitergroup")));
    assert_ok(kith_buf_append(&message, KITH_BYTES(joiner)));
    assert_ok(kith_buf_append(&message, KITH_BYTES(inviter)));

    assert_ok(proto_proof_make(c, secret, &in, proof));

    assert_ok(crypto_hmac_verify(c, CRYPTO_SHA256, kith_bytes_of_secret(&key),
                                 CRYPTO_PARTS(kith_bytes_of_buf(&message)), KITH_BYTES(proof)));
}

static void
a_proof_holds_for_one_secret_role_group_and_pair(void **state)
{
    static const uint8_t secret[PROTO_LINK_SECRET_LEN] = {R16(0x0b)};
    static const uint8_t other_secret[PROTO_LINK_SECRET_LEN] = {R16(0x0c)};
    static const uint8_t joiner[32] = {R32(0x11)};
    static const uint8_t inviter[32] = {R32(0x22)};
    const proto_proof in = {PROTO_ROLE_JOINER, kith_bytes_of_text("group"), joiner, inviter};
    crypto *c = *state;
    proto_proof other = in;
    uint8_t proof[PROTO_PROOF_LEN];
    assert_ok(proto_proof_make(c, secret, &in, proof));
    const kith_bytes tag = KITH_BYTES(proof);

    assert_ok(proto_proof_check(c, secret, &in, tag));
    assert_err(proto_proof_check(c, other_secret, &in, tag), KITH_ERR_REJECTED);
    assert_err(proto_proof_check(c, secret, &in, kith_bytes_of(proof, 31)), KITH_ERR_REJECTED);
    other.role = PROTO_ROLE_INVITER;
    assert_err(proto_proof_check(c, secret, &other, tag), KITH_ERR_REJECTED);
    other = in;
    other.group_id = kith_bytes_of_text("groups");
    assert_err(proto_proof_check(c, secret, &other, tag), KITH_ERR_REJECTED);
    other = in;
    other.joiner = inviter;
    assert_err(proto_proof_check(c, secret, &other, tag), KITH_ERR_REJECTED);
    other = in;
    other.inviter = joiner;
    assert_err(proto_proof_check(c, secret, &other, tag), KITH_ERR_REJECTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_link_is_the_bytes_of_the_wire_and_is_read_again),
        cmocka_unit_test(a_port_may_be_left_out_and_an_ipv6_host_stands_in_brackets),
        cmocka_unit_test(no_prefix_of_a_link_is_a_link),
        cmocka_unit_test(what_is_no_link_is_refused),
        cmocka_unit_test(a_text_longer_than_any_link_is_not_looked_at),
        cmocka_unit_test(the_longest_link_fits_the_limit),
        cmocka_unit_test(a_link_that_could_not_be_read_is_not_written),
        cmocka_unit_test(a_link_that_is_done_is_wiped),
        cmocka_unit_test(a_code_is_written_and_read_again),
        cmocka_unit_test(what_is_no_code_is_malformed),
        cmocka_unit_test(the_longest_code_fits_the_limit_and_a_wrong_one_is_not_written),
        cmocka_unit_test(digits_are_six_and_unbiased),
        cmocka_unit_test(randomness_that_never_is_fair_is_given_up),
        cmocka_unit_test(ticket_and_proof_key_are_hkdf_of_the_secret),
        cmocka_unit_test(a_proof_is_the_hmac_that_the_wire_says),
        cmocka_unit_test(a_proof_holds_for_one_secret_role_group_and_pair),
    };

    return cmocka_run_group_tests_name("proto: links", tests, lab_open, lab_close);
}
