/* SPDX-License-Identifier: MPL-2.0 */
/* The pinned client: whom it talks to, whom it refuses, and what both sides agree on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "net/caller.h"
#include "net/stub.h"

/* Dials a stub that shows `ctx` with `pin`; the stub is over afterwards. */
static void
meet(caller *c, stub *s, SSL_CTX *ctx, const net_identity *pin)
{
    stub_start(s, ctx);
    caller_dial(c, s->port, net_identity_public(pin));
    if (c->ups > 0) {
        /* Something to see, if it is let through. */
        assert_err(net_client_send(c->client, kith_bytes_of_text("hello")), KITH_OK);
        caller_await(c, 5);
    }
    net_client_close(c->client);
    /* The loop has to take its goodbye to the socket's end. */
    stub_join(s);
}

static void
the_pinned_server_is_met_in_tls_13_with_the_hybrid_group(void **state)
{
    net_identity *identity = stub_identity();
    caller c;
    stub s;

    (void)state;
    caller_open(&c);
    meet(&c, &s, stub_ctx(identity), identity);

    assert_int_equal(c.ups, 1);
    assert_int_equal(c.losts, 0);
    assert_true(s.is_up);
    assert_string_equal(s.version, "TLSv1.3");
    assert_string_equal(s.group, "X25519MLKEM768");
    assert_int_equal(s.bytes, 5);
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&c.bytes), kith_bytes_of_text("hello")));
    assert_int_equal(c.sents, 1);
    caller_close(&c);
    net_identity_free(identity);
}

static void
both_sides_have_the_same_exporter_and_each_connection_another(void **state)
{
    net_identity *identity = stub_identity();
    uint8_t first[NET_EXPORTER_LEN];
    caller c;
    stub s;

    (void)state;
    caller_open(&c);
    meet(&c, &s, stub_ctx(identity), identity);
    assert_memory_equal(c.exporter, s.exporter, NET_EXPORTER_LEN);
    memcpy(first, c.exporter, sizeof first);
    meet(&c, &s, stub_ctx(identity), identity);
    assert_memory_equal(c.exporter, s.exporter, NET_EXPORTER_LEN);
    assert_memory_not_equal(c.exporter, first, NET_EXPORTER_LEN);
    caller_close(&c);
    net_identity_free(identity);
}

static void
refuse(SSL_CTX *ctx, const net_identity *pin, net_lost reason)
{
    caller c;
    stub s;

    caller_open(&c);
    meet(&c, &s, ctx, pin);
    assert_int_equal(c.ups, 0);
    assert_int_equal(c.losts, 1);
    assert_int_equal(c.reason, reason);
    assert_false(s.is_up);
    assert_int_equal(s.bytes, 0);
    caller_close(&c);
}

static void
another_identity_is_refused_before_a_byte_is_sent(void **state)
{
    net_identity *pinned = stub_identity();
    net_identity *other = stub_identity();

    (void)state;
    /* The names in both chains are the same. */
    refuse(stub_ctx(other), pinned, NET_LOST_WRONG_PIN);
    net_identity_free(pinned);
    net_identity_free(other);
}

static void
the_pinned_certificate_behind_a_leaf_of_somebody_else_is_refused(void **state)
{
    net_identity *pinned = stub_identity();
    net_identity *other = stub_identity();

    (void)state;
    refuse(stub_ctx_forged(other, pinned), pinned, NET_LOST_WRONG_PIN);
    refuse(stub_ctx_forged(pinned, other), pinned, NET_LOST_WRONG_PIN);
    net_identity_free(pinned);
    net_identity_free(other);
}

static void
a_leaf_without_its_issuer_is_refused(void **state)
{
    net_identity *pinned = stub_identity();

    (void)state;
    refuse(stub_ctx_forged(pinned, NULL), pinned, NET_LOST_WRONG_PIN);
    net_identity_free(pinned);
}

static void
tls_12_is_refused(void **state)
{
    net_identity *identity = stub_identity();
    SSL_CTX *ctx = stub_ctx(identity);

    (void)state;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    refuse(ctx, identity, NET_LOST_PROTOCOL);
    net_identity_free(identity);
}

static void
a_server_that_does_not_agree_to_the_protocol_gets_no_byte(void **state)
{
    net_identity *identity = stub_identity();
    SSL_CTX *ctx = stub_ctx(identity);
    caller c;
    stub s;

    (void)state;
    SSL_CTX_set_alpn_select_cb(ctx, NULL, NULL);
    caller_open(&c);
    meet(&c, &s, ctx, identity);
    assert_int_equal(c.ups, 0);
    assert_int_equal(c.reason, NET_LOST_PROTOCOL);
    assert_int_equal(s.bytes, 0);
    caller_close(&c);
    net_identity_free(identity);
}

static void
a_server_without_the_hybrid_group_is_met_with_x25519(void **state)
{
    net_identity *identity = stub_identity();
    SSL_CTX *ctx = stub_ctx(identity);
    char list[] = "X25519";
    caller c;
    stub s;

    (void)state;
    SSL_CTX_set1_groups_list(ctx, list);
    caller_open(&c);
    meet(&c, &s, ctx, identity);
    assert_int_equal(c.ups, 1);
    assert_string_equal(s.group, "x25519");
    caller_close(&c);
    net_identity_free(identity);
}

static void
nobody_there_and_no_such_name_are_told_apart(void **state)
{
    net_identity *identity = stub_identity();
    const uint8_t *pin = net_identity_public(identity).data;
    caller c;

    (void)state;
    caller_open(&c);
    caller_dial(&c, 1, net_identity_public(identity));
    assert_int_equal(c.reason, NET_LOST_UNREACHABLE);
    assert_err(net_client_dial(c.client, "no-such-host.invalid", 5484, pin), KITH_OK);
    caller_await_lost(&c);
    assert_int_equal(c.losts, 2);
    assert_int_equal(c.reason, NET_LOST_NO_HOST);
    caller_close(&c);
    net_identity_free(identity);
}

static void
a_name_is_looked_up_and_each_of_its_addresses_tried(void **state)
{
    net_identity *identity = stub_identity();
    caller c;
    stub s;

    (void)state;
    stub_start(&s, stub_ctx(identity)); /* on IPv4 only */
    caller_open(&c);
    assert_err(net_client_dial(c.client, "localhost", s.port, net_identity_public(identity).data),
               KITH_OK);
    assert_err(net_client_dial(c.client, "localhost", s.port, net_identity_public(identity).data),
               KITH_ERR_INVALID);
    while (c.ups + c.losts == 0 && !c.is_late) {
        net_timer_set(c.limit, 20000);
        net_loop_run(c.loop);
    }
    assert_int_equal(c.ups, 1);
    net_client_close(c.client);
    stub_join(&s);
    caller_close(&c);
    net_identity_free(identity);
}

static void
wrong_calls_are_refused(void **state)
{
    uint8_t pin[NET_PIN_LEN] = {0};
    char host[NET_HOST_MAX + 2];
    caller c;

    (void)state;
    memset(host, 'a', sizeof host);
    host[sizeof host - 1] = 0;
    caller_open(&c);
    assert_err(net_client_send(c.client, kith_bytes_of_text("x")), KITH_ERR_OFFLINE);
    assert_err(net_client_dial(c.client, "", 5484, pin), KITH_ERR_INVALID);
    assert_err(net_client_dial(c.client, "127.0.0.1", 0, pin), KITH_ERR_INVALID);
    assert_err(net_client_dial(c.client, host, 5484, pin), KITH_ERR_INVALID);
    host[NET_HOST_MAX] = 0;
    assert_err(net_client_dial(c.client, host, 5484, pin), KITH_OK);
    caller_close(&c);
}

static void
a_queue_takes_its_limit_and_not_one_byte_more(void **state)
{
    net_identity *identity = stub_identity();
    KITH_AUTO(kith_buf) much = {0};
    uint8_t *unused = NULL;
    caller c;
    stub s;

    (void)state;
    assert_err(kith_buf_extend(&much, NET_CLIENT_QUEUE_MAX, &unused), KITH_OK);
    stub_start(&s, stub_ctx(identity));
    caller_open(&c);
    caller_dial(&c, s.port, net_identity_public(identity));
    assert_err(net_client_send(c.client, kith_bytes_of(much.data, 1)), KITH_OK);
    assert_err(net_client_send(c.client, kith_bytes_of_buf(&much)), KITH_ERR_LIMIT);
    assert_int_equal(net_client_queued(c.client), 1);
    assert_err(net_client_send(c.client, kith_bytes_of(much.data, much.len - 1)), KITH_OK);
    assert_err(net_client_send(c.client, kith_bytes_of(much.data, 1)), KITH_ERR_LIMIT);

    caller_await(&c, NET_CLIENT_QUEUE_MAX);
    assert_int_equal(c.bytes.len, NET_CLIENT_QUEUE_MAX);
    assert_int_equal(net_client_queued(c.client), 0);
    net_client_close(c.client);
    stub_join(&s);
    caller_close(&c);
    net_identity_free(identity);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pinned_server_is_met_in_tls_13_with_the_hybrid_group),
        cmocka_unit_test(both_sides_have_the_same_exporter_and_each_connection_another),
        cmocka_unit_test(another_identity_is_refused_before_a_byte_is_sent),
        cmocka_unit_test(the_pinned_certificate_behind_a_leaf_of_somebody_else_is_refused),
        cmocka_unit_test(a_leaf_without_its_issuer_is_refused),
        cmocka_unit_test(tls_12_is_refused),
        cmocka_unit_test(a_server_that_does_not_agree_to_the_protocol_gets_no_byte),
        cmocka_unit_test(a_server_without_the_hybrid_group_is_met_with_x25519),
        cmocka_unit_test(nobody_there_and_no_such_name_are_told_apart),
        cmocka_unit_test(a_name_is_looked_up_and_each_of_its_addresses_tried),
        cmocka_unit_test(wrong_calls_are_refused),
        cmocka_unit_test(a_queue_takes_its_limit_and_not_one_byte_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
