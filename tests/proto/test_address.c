/* SPDX-License-Identifier: MPL-2.0 */
/* Addresses as text. */
#include <string.h>

#include "proto/proto.h"
#include "proto/wire.h"

static const struct {
    const char *text;
    const char *host;
    uint16_t port;
    const char *written; /* NULL: as `text` */
} good[] = {
    {"chat.example:5484", "chat.example", 5484, NULL},
    {"chat.example", "chat.example", 5484, "chat.example:5484"},
    {"192.0.2.7:1", "192.0.2.7", 1, NULL},
    {"my_host-1:65535", "my_host-1", 65535, NULL},
    {"[2001:db8::1]:443", "2001:db8::1", 443, NULL},
    {"[::1]", "::1", 5484, "[::1]:5484"},
    {"[::ffff:192.0.2.7]:9", "::ffff:192.0.2.7", 9, NULL},
};

static void
every_form_of_an_address_is_read_and_written(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(good); i++) {
        KITH_AUTO(kith_buf) out = {0};
        proto_address address;
        assert_ok(proto_address_decode(kith_bytes_of_text(good[i].text), &address));
        assert_string_equal(address.host, good[i].host);
        assert_int_equal(address.port, good[i].port);
        assert_ok(proto_address_encode(&out, &address));
        assert_text(kith_bytes_of_buf(&out),
                    good[i].written != NULL ? good[i].written : good[i].text);
    }
}

static void
what_is_no_address_is_malformed(void **state)
{
    static const char *const bad[] = {
        "",        ":1",          "host:",    "host:0",      "host:65536",  "host:01",
        "host:+1", "host:1x",     "host:1:2", "ho st",       "ho/st:1",     "host:99999999999",
        "[::1",    "[::1]1",      "[::1]:",   "[]:1",        "[host]",      "[::1]x:2",
        "::1",     "[fe80::1%1]", "a@b:1",    "[192.0.2.7]", "h\xc3\xb6st", "[",
        "host:-1", "[::1]:1:2",
    };
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        proto_address address;
        print_message("# %s\n", bad[i]);
        assert_err(proto_address_decode(kith_bytes_of_text(bad[i]), &address), KITH_ERR_MALFORMED);
    }
}

static void
the_longest_host_is_read_and_a_longer_one_is_not(void **state)
{
    KITH_AUTO(kith_buf) text = wire("61*254");
    proto_address address;
    (void)state;

    assert_ok(proto_address_decode(kith_bytes_of(text.data, PROTO_HOST_MAX), &address));
    assert_int_equal(strlen(address.host), PROTO_HOST_MAX);
    assert_err(proto_address_decode(kith_bytes_of_buf(&text), &address), KITH_ERR_LIMIT);
}

static void
what_could_not_be_read_is_not_written(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    const proto_address no_host = {.port = 1};
    const proto_address no_port = {.host = "host"};
    const proto_address odd = {.host = "ho st", .port = 1};
    (void)state;

    assert_err(proto_address_encode(&out, &no_host), KITH_ERR_MALFORMED);
    assert_err(proto_address_encode(&out, &no_port), KITH_ERR_MALFORMED);
    assert_err(proto_address_encode(&out, &odd), KITH_ERR_MALFORMED);
    assert_int_equal(out.len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_an_address_is_read_and_written),
        cmocka_unit_test(what_is_no_address_is_malformed),
        cmocka_unit_test(the_longest_host_is_read_and_a_longer_one_is_not),
        cmocka_unit_test(what_could_not_be_read_is_not_written),
    };

    return cmocka_run_group_tests_name("proto: addresses", tests, NULL, NULL);
}
