/* SPDX-License-Identifier: MPL-2.0 */
/* An account with keys that are always the same, and lists that may break one rule each. */
#include "proto/account.h"

#include <string.h>

static crypto_sign_key *
key_of(crypto *c, uint8_t seed)
{
    uint8_t bytes[32];
    crypto_sign_key *key = NULL;

    memset(bytes, seed, sizeof bytes);
    assert_ok(crypto_sign_key_import(c, CRYPTO_ED25519, KITH_BYTES(bytes), &key));
    return key;
}

void
account_open(account *a)
{
    memset(a, 0, sizeof *a);
    assert_ok(crypto_new(NULL, &a->c));
    for (size_t i = 0; i < ACCOUNT_KEYS; i++) {
        a->keys[i] = key_of(a->c, (uint8_t)(1 + i));
    }
    for (size_t i = 0; i < ACCOUNT_DEVICES; i++) {
        a->device_keys[i] = key_of(a->c, (uint8_t)(100 + i));
        a->devices[i].signature_key = crypto_sign_key_public(a->device_keys[i]);
        a->devices[i].added_ms = 1000 + i;
    }
    assert_ok(proto_account_id(a->c, crypto_sign_key_public(a->keys[0]), a->id));
}

void
account_close(account *a)
{
    for (size_t i = 0; i < ACCOUNT_KEYS; i++) {
        crypto_sign_key_free(a->keys[i]);
    }
    for (size_t i = 0; i < ACCOUNT_DEVICES; i++) {
        crypto_sign_key_free(a->device_keys[i]);
    }
    crypto_free(a->c);
}

kith_buf
account_list(account *a, size_t key, size_t first, size_t count)
{
    const proto_list_draft draft = {.account_key = a->keys[key],
                                    .devices = a->devices + first,
                                    .device_count = count,
                                    .issued_ms = 5000};
    kith_buf out = {0};

    assert_ok(proto_list_make(a->c, &draft, &out));
    return out;
}

kith_buf
account_next(account *a, const kith_buf *previous, size_t previous_key, size_t key, size_t count)
{
    const proto_list_draft draft = {
        .account_key = a->keys[key],
        .previous_key = key != previous_key ? a->keys[previous_key] : NULL,
        .previous = kith_bytes_of_buf(previous),
        .devices = a->devices,
        .device_count = count,
        .issued_ms = 6000,
    };
    kith_buf out = {0};

    assert_ok(proto_list_make(a->c, &draft, &out));
    return out;
}

forgery
forgery_of(account *a, const kith_buf *previous, size_t count)
{
    KITH_AUTO(kith_buf)
    good = previous != NULL ? account_next(a, previous, 0, 0, count) : account_list(a, 0, 0, count);
    forgery f = {.format = 1, .algorithm = 1, .account_key = a->keys[0], .signer = a->keys[0]};
    proto_list list;

    assert_ok(proto_list_decode(kith_bytes_of_buf(&good), &list));
    memcpy(f.account_id, list.account_id, sizeof f.account_id);
    memcpy(f.previous_hash, list.previous_hash, sizeof f.previous_hash);
    f.version = list.version;
    f.device_count = count;
    for (size_t i = 0; i < count; i++) {
        f.devices[i] = list.devices[i];
        /* Borrow from the account, not from the list, which goes away. */
        for (size_t k = 0; k < ACCOUNT_DEVICES; k++) {
            if (kith_bytes_equal(a->devices[k].signature_key, list.devices[i].signature_key)) {
                f.devices[i].signature_key = a->devices[k].signature_key;
            }
        }
    }
    return f;
}

static void
write_part(kith_writer *w, const forgery *f)
{
    size_t mark = 0;

    assert_ok(kith_write_u8(w, f->format));
    assert_ok(kith_write_u8(w, f->algorithm));
    assert_ok(kith_write_bytes(w, KITH_BYTES(f->account_id)));
    assert_ok(kith_write_vec8(w, crypto_sign_key_public(f->account_key)));
    assert_ok(kith_write_u64(w, f->version));
    assert_ok(kith_write_bytes(w, KITH_BYTES(f->previous_hash)));
    assert_ok(kith_write_u64(w, f->version == 1 ? 5000 : 6000));
    assert_ok(kith_write_open(w, KITH_VEC_16, &mark));
    for (size_t i = 0; i < f->device_count; i++) {
        assert_ok(kith_write_bytes(w, KITH_BYTES(f->devices[i].device_id)));
        assert_ok(kith_write_u8(w, f->devices[i].algorithm));
        assert_ok(kith_write_vec8(w, f->devices[i].signature_key));
        assert_ok(kith_write_u64(w, f->devices[i].added_ms));
    }
    assert_ok(kith_write_close(w, KITH_VEC_16, mark));
}

static void
write_signature(account *a, crypto_sign_key *key, kith_bytes part, kith_writer *w)
{
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) signature = {0};

    if (key != NULL) {
        assert_ok(kith_buf_append(&message, kith_bytes_of_text("kith/1 device list")));
        assert_ok(kith_buf_append(&message, part));
        assert_ok(crypto_sign_with(a->c, key, kith_bytes_of_buf(&message), &signature));
    }
    assert_ok(kith_write_vec8(w, kith_bytes_of_buf(&signature)));
}

kith_buf
forgery_make(account *a, const forgery *f)
{
    KITH_AUTO(kith_buf) part = {0};
    kith_buf out = {0};
    kith_writer to_part = kith_writer_of(&part);
    kith_writer w = kith_writer_of(&out);

    write_part(&to_part, f);
    assert_ok(kith_write_bytes(&w, kith_bytes_of_buf(&part)));
    write_signature(a, f->signer, kith_bytes_of_buf(&part), &w);
    write_signature(a, f->rotation_signer, kith_bytes_of_buf(&part), &w);
    for (size_t i = 0; i < f->trailing; i++) {
        assert_ok(kith_write_u8(&w, 0));
    }
    return out;
}
