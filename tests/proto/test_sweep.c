/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every public call that allocates, with the N-th allocation failing, for all N: NO_MEMORY, nothing appended,
 * nothing leaked.
 */
#include <string.h>

#include "fakes/fake_rng.h"
#include "proto/account.h"

/* What the calls work on. The buffer that they append to and the crypto object allocate from the fake. */
typedef struct scene {
    fake_alloc fake;
    account a; /* keys and lists, made with the C library's allocator */
    crypto *c; /* over the fake */
    kith_buf first;
    kith_buf second;
    kith_buf identity;
    kith_buf conversation;
    kith_buf signature; /* of a login */
    kith_buf log; /* of generation 1 */
    proto_login_claim claim;
} scene;

static const uint8_t secret[PROTO_LINK_SECRET_LEN] = {R16(0x0b)};
static const proto_roster_entry roster[1] = {{{R32(0x11)}, 7, {R32(0xaa)}}};
static const proto_conversation_draft conversation_draft = {.entries = roster, .count = 1};

static proto_device
device_of(scene *s)
{
    proto_device device = s->a.devices[0];

    assert_ok(proto_device_id(s->a.c, device.signature_key, device.device_id));
    return device;
}

static void
scene_open(scene *s)
{
    memset(s, 0, sizeof *s);
    account_open(&s->a);
    s->first = account_list(&s->a, 0, 0, 2);
    s->second = account_next(&s->a, &s->first, 0, 1, 2);
    assert_ok(proto_credential_make(s->a.c, s->a.keys[0], s->a.id, s->a.devices[0].signature_key,
                                    &s->identity));
    assert_ok(proto_conversation_make(s->a.c, &conversation_draft, &s->conversation));
    const proto_device device = device_of(s);
    memcpy(s->claim.device_id, device.device_id, sizeof s->claim.device_id);
    assert_ok(proto_login_sign(s->a.c, s->a.device_keys[0], &s->claim, &s->signature));
    const proto_log_draft draft = {.identity = s->a.keys[0], .config = kith_bytes_of_text("text")};
    assert_ok(proto_log_make(s->a.c, &draft, &s->log));
    fake_alloc_init(&s->fake);
    assert_ok(crypto_new(&s->fake.port, &s->c));
}

static void
scene_close(scene *s)
{
    crypto_free(s->c);
    kith_buf_done(&s->first);
    kith_buf_done(&s->second);
    kith_buf_done(&s->identity);
    kith_buf_done(&s->conversation);
    kith_buf_done(&s->signature);
    kith_buf_done(&s->log);
    account_close(&s->a);
}

/* ---- The calls ---- */

#define CODEC(name, ...)                                                                           \
    static kith_err encode_##name(scene *s, kith_buf *out)                                         \
    {                                                                                              \
        const proto_##name body = {__VA_ARGS__};                                                   \
        (void)s;                                                                                   \
        return proto_##name##_encode(out, &body);                                                  \
    }

#define TEXT {(const uint8_t *)"text", 4}
#define BLOBS {(const uint8_t[]){0, 1, 0x61}, 3}

CODEC(hello_answer, .version = 1)
CODEC(login, .signature = TEXT)
CODEC(find_answer, .lists = BLOBS)
CODEC(kp_put, .last_resort = TEXT, .one_time = BLOBS)
CODEC(kp_count_answer, .one_time_count = 1)
CODEC(conv_append, .message = TEXT)
CODEC(credential, .account_key = TEXT, .signature = TEXT)
CODEC(link, .address = {"host", 1}, .kind = PROTO_LINK_PERSON)
CODEC(code, .digits = "123456", .address = {"host", 1})
CODEC(address, .host = "host", .port = 1)

static kith_err
frame_encode(scene *s, kith_buf *out)
{
    (void)s;
    return proto_frame_encode(out, PROTO_LOGIN, 1, kith_bytes_of_text("a body of some length"));
}

static kith_err
blob_append(scene *s, kith_buf *out)
{
    (void)s;
    return proto_blob_append(out, kith_bytes_of_text("blob"));
}

static kith_err
package_append(scene *s, kith_buf *out)
{
    const proto_package package = {.key_package = TEXT};

    (void)s;
    return proto_package_append(out, &package);
}

static kith_err
list_make(scene *s, kith_buf *out)
{
    const proto_list_draft draft = {.account_key = s->a.keys[1],
                                    .previous_key = s->a.keys[0],
                                    .previous = kith_bytes_of_buf(&s->first),
                                    .devices = s->a.devices,
                                    .device_count = 3};

    return proto_list_make(s->c, &draft, out);
}

static kith_err
list_check_first(scene *s, kith_buf *out)
{
    (void)out;
    return proto_list_check_first(s->c, kith_bytes_of_buf(&s->first), s->a.id, NULL);
}

static kith_err
list_check_next(scene *s, kith_buf *out)
{
    (void)out;
    return proto_list_check_next(s->c, kith_bytes_of_buf(&s->first), kith_bytes_of_buf(&s->second),
                                 NULL);
}

static kith_err
login_sign(scene *s, kith_buf *out)
{
    return proto_login_sign(s->c, s->a.device_keys[0], &s->claim, out);
}

static kith_err
login_verify(scene *s, kith_buf *out)
{
    const proto_device device = device_of(s);

    (void)out;
    return proto_login_verify(s->c, &device, &s->claim, kith_bytes_of_buf(&s->signature));
}

static kith_err
credential_make(scene *s, kith_buf *out)
{
    return proto_credential_make(s->c, s->a.keys[0], s->a.id, s->a.devices[0].signature_key, out);
}

static kith_err
leaf_check(scene *s, kith_buf *out)
{
    proto_list list;

    (void)out;
    KITH_TRY(proto_list_decode(kith_bytes_of_buf(&s->first), &list));
    return proto_leaf_check(s->c, kith_bytes_of_buf(&s->identity), s->a.devices[0].signature_key,
                            &list);
}

static kith_err
conversation_make(scene *s, kith_buf *out)
{
    return proto_conversation_make(s->c, &conversation_draft, out);
}

static kith_err
conversation_check(scene *s, kith_buf *out)
{
    proto_conversation conversation;

    (void)out;
    KITH_TRY(proto_conversation_decode(kith_bytes_of_buf(&s->conversation), &conversation));
    return proto_conversation_check(s->c, &conversation, roster, 1);
}

static kith_err
ticket(scene *s, kith_buf *out)
{
    uint8_t ticket_of[PROTO_ID_LEN];

    (void)out;
    return proto_ticket(s->c, secret, ticket_of);
}

static kith_err
log_make(scene *s, kith_buf *out)
{
    const proto_log_draft draft = {.identity = s->a.keys[0], .config = TEXT};

    return proto_log_make(s->c, &draft, out);
}

static kith_err
log_make_next(scene *s, kith_buf *out)
{
    const proto_log_draft draft = {.identity = s->a.keys[0],
                                   .config = TEXT,
                                   .previous = kith_bytes_of_buf(&s->log),
                                   .reason = TEXT};

    return proto_log_make(s->c, &draft, out);
}

static kith_err
log_check(scene *s, kith_buf *out)
{
    (void)out;
    return proto_log_check(s->c, kith_bytes_of_buf(&s->log), crypto_sign_key_public(s->a.keys[0]),
                           NULL);
}

static kith_err
proof(scene *s, kith_buf *out)
{
    const proto_proof in = {PROTO_ROLE_JOINER, TEXT, s->a.id, s->a.id};
    uint8_t tag[PROTO_PROOF_LEN];

    (void)out;
    KITH_TRY(proto_proof_make(s->c, secret, &in, tag));
    return proto_proof_check(s->c, secret, &in, KITH_BYTES(tag));
}

static const struct {
    const char *name;
    kith_err (*run)(scene *s, kith_buf *out);
} calls[] = {
#define CALL(name) {#name, name}
    CALL(log_make),
    CALL(log_make_next),
    CALL(log_check),
    CALL(encode_hello_answer),
    CALL(encode_login),
    CALL(encode_find_answer),
    CALL(encode_kp_put),
    CALL(encode_kp_count_answer),
    CALL(encode_conv_append),
    CALL(encode_credential),
    CALL(encode_link),
    CALL(encode_code),
    CALL(encode_address),
    CALL(frame_encode),
    CALL(blob_append),
    CALL(package_append),
    CALL(list_make),
    CALL(list_check_first),
    CALL(list_check_next),
    CALL(login_sign),
    CALL(login_verify),
    CALL(credential_make),
    CALL(leaf_check),
    CALL(conversation_make),
    CALL(conversation_check),
    CALL(ticket),
    CALL(proof),
#undef CALL
};

/* Runs one call with every allocation failing once; gives how many it makes. */
static uint64_t
sweep(scene *s, kith_err (*run)(scene *s, kith_buf *out))
{
    for (uint64_t n = 0;; n++) {
        KITH_AUTO(kith_buf) out = {.alloc = &s->fake.port};
        const uint64_t before = s->fake.live_blocks;
        s->fake.calls = 0;
        s->fake.fail_after = n;
        const kith_err err = run(s, &out);
        s->fake.fail_after = UINT64_MAX;
        if (err == KITH_OK) {
            kith_buf_done(&out);
            assert_int_equal(s->fake.live_blocks, before);
            return n;
        }
        assert_err(err, KITH_ERR_NO_MEMORY);
        assert_int_equal(out.len, 0);
        kith_buf_done(&out);
        assert_int_equal(s->fake.live_blocks, before);
    }
}

static void
every_failing_allocation_is_said_and_leaves_nothing(void **state)
{
    scene s;
    uint64_t failures = 0;
    (void)state;
    scene_open(&s);

    for (size_t i = 0; i < CHECK_COUNT(calls); i++) {
        const uint64_t allocations = sweep(&s, calls[i].run);
        print_message("# %s: %u\n", calls[i].name, (unsigned)allocations);
        failures += allocations;
    }

    /* At least the calls that append allocate. */
    assert_true(failures >= 19);
    scene_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_allocation_is_said_and_leaves_nothing),
    };

    return cmocka_run_group_tests_name("proto: failing allocations", tests, NULL, NULL);
}
