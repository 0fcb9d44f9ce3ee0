/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Accounts and their signed device lists (docs/wire.md §3): the form, and what makes a list acceptable. A list
 * is believed because its account key signed it, the account key because the first one hashes to the
 * account's id and each later one was signed by the one before.
 */
#include "proto/list.h"

#include <string.h>

#include "proto/internal.h"

enum { FORMAT = 1, KEY_LEN = 32 };

static const char LIST_LABEL[] = "kith/1 device list";
static const char LOGIN_LABEL[] = "kith/1 login";

/* ---- Ids ---- */

kith_err
proto_account_id(crypto *c, kith_bytes account_key, uint8_t out[PROTO_ID_LEN])
{
    return crypto_sha256(c, account_key, out);
}

kith_err
proto_device_id(crypto *c, kith_bytes signature_key, uint8_t out[PROTO_DEVICE_ID_LEN])
{
    uint8_t hash[CRYPTO_SHA256_LEN];

    KITH_TRY(crypto_sha256(c, signature_key, hash));
    memcpy(out, hash, PROTO_DEVICE_ID_LEN);
    return KITH_OK;
}

kith_err
proto_list_hash(crypto *c, kith_bytes bytes, uint8_t out[PROTO_ID_LEN])
{
    return crypto_sha256(c, bytes, out);
}

/* ---- Form ---- */

static kith_err
read_key(kith_reader *r, kith_bytes *out)
{
    kith_bytes key;

    KITH_TRY(kith_read_vec8(r, &key));
    KITH_ENSURE(key.len == KEY_LEN, KITH_ERR_MALFORMED);
    *out = key;
    return KITH_OK;
}

static kith_err
read_device(kith_reader *r, proto_device *out)
{
    KITH_TRY(kith_read_copy(r, out->device_id, sizeof out->device_id));
    KITH_TRY(kith_read_u8(r, &out->algorithm));
    KITH_ENSURE(out->algorithm == PROTO_ALGORITHM_ED25519, KITH_ERR_UNSUPPORTED);
    KITH_TRY(read_key(r, &out->signature_key));
    return kith_read_u64(r, &out->added_ms);
}

static kith_err
write_device(kith_writer *w, const proto_device *in)
{
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(in->device_id)));
    KITH_TRY(kith_write_u8(w, in->algorithm));
    KITH_TRY(kith_write_vec8(w, in->signature_key));
    return kith_write_u64(w, in->added_ms);
}

static int
compare_devices(const proto_device *a, const proto_device *b)
{
    return memcmp(a->device_id, b->device_id, PROTO_DEVICE_ID_LEN);
}

static kith_err
read_devices(kith_reader *r, proto_list *out)
{
    kith_bytes content;

    KITH_TRY(kith_read_vec16(r, &content));
    kith_reader devices = kith_reader_of(content);
    while (!kith_reader_done(&devices)) {
        KITH_ENSURE(out->device_count < PROTO_DEVICES_MAX, KITH_ERR_LIMIT);
        proto_device *device = &out->devices[out->device_count];
        KITH_TRY(read_device(&devices, device));
        KITH_ENSURE(out->device_count == 0 || compare_devices(device - 1, device) < 0,
                    KITH_ERR_MALFORMED);
        out->device_count++;
    }
    KITH_ENSURE(out->device_count > 0, KITH_ERR_MALFORMED);
    return KITH_OK;
}

/* The DeviceList: what is signed. */
static kith_err
read_signed_part(kith_reader *r, proto_list *out)
{
    const kith_reader from = *r;
    uint8_t format = 0;
    uint8_t algorithm = 0;

    KITH_TRY(kith_read_u8(r, &format));
    KITH_ENSURE(format == FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u8(r, &algorithm));
    KITH_ENSURE(algorithm == PROTO_ALGORITHM_ED25519, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_copy(r, out->account_id, sizeof out->account_id));
    KITH_TRY(read_key(r, &out->account_key));
    KITH_TRY(kith_read_u64(r, &out->version));
    KITH_ENSURE(out->version > 0, KITH_ERR_MALFORMED);
    KITH_TRY(kith_read_copy(r, out->previous_hash, sizeof out->previous_hash));
    KITH_TRY(kith_read_u64(r, &out->issued_ms));
    KITH_TRY(read_devices(r, out));
    out->signed_part = kith_reader_since(&from, r);
    return KITH_OK;
}

static kith_err
write_signed_part(kith_writer *w, const proto_list *in)
{
    size_t mark = 0;

    KITH_TRY(kith_write_u8(w, FORMAT));
    KITH_TRY(kith_write_u8(w, PROTO_ALGORITHM_ED25519));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(in->account_id)));
    KITH_TRY(kith_write_vec8(w, in->account_key));
    KITH_TRY(kith_write_u64(w, in->version));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(in->previous_hash)));
    KITH_TRY(kith_write_u64(w, in->issued_ms));
    KITH_TRY(kith_write_open(w, KITH_VEC_16, &mark));
    for (size_t i = 0; i < in->device_count; i++) {
        KITH_TRY(write_device(w, &in->devices[i]));
    }
    return kith_write_close(w, KITH_VEC_16, mark);
}

kith_err
proto_list_decode(kith_bytes bytes, proto_list *out)
{
    kith_reader r = kith_reader_of(bytes);
    proto_list list = {0};

    KITH_ENSURE(bytes.len <= PROTO_LIST_BYTES_MAX, KITH_ERR_LIMIT);
    KITH_TRY(read_signed_part(&r, &list));
    KITH_TRY(kith_read_vec8(&r, &list.signature));
    KITH_ENSURE(list.signature.len > 0, KITH_ERR_MALFORMED);
    KITH_TRY(kith_read_vec8(&r, &list.rotation));
    KITH_TRY(kith_reader_finish(&r));
    *out = list;
    return KITH_OK;
}

const proto_device *
proto_list_find(const proto_list *list, const uint8_t device_id[PROTO_DEVICE_ID_LEN])
{
    for (size_t i = 0; i < list->device_count; i++) {
        if (memcmp(list->devices[i].device_id, device_id, PROTO_DEVICE_ID_LEN) == 0) {
            return &list->devices[i];
        }
    }
    return NULL;
}

/* ---- Making ---- */

/* Copies the draft's devices with their ids, sorted by insertion: there are few. */
static kith_err
fill_devices(crypto *c, const proto_list_draft *draft, proto_list *out)
{
    for (size_t i = 0; i < draft->device_count; i++) {
        proto_device device = draft->devices[i];
        size_t at = out->device_count;

        KITH_ENSURE(device.signature_key.len == KEY_LEN, KITH_ERR_INVALID);
        device.algorithm = PROTO_ALGORITHM_ED25519;
        KITH_TRY(proto_device_id(c, device.signature_key, device.device_id));
        KITH_ENSURE(proto_list_find(out, device.device_id) == NULL, KITH_ERR_INVALID);
        while (at > 0 && compare_devices(&device, &out->devices[at - 1]) < 0) {
            out->devices[at] = out->devices[at - 1];
            at--;
        }
        out->devices[at] = device;
        out->device_count++;
    }
    return KITH_OK;
}

/* Says which account and version a list is, and what it follows. */
static kith_err
fill_place(crypto *c, const proto_list_draft *draft, proto_list *out)
{
    proto_list previous;

    out->account_key = crypto_sign_key_public(draft->account_key);
    if (draft->previous.len == 0) {
        KITH_ENSURE(draft->previous_key == NULL, KITH_ERR_INVALID);
        out->version = 1;
        return proto_account_id(c, out->account_key, out->account_id);
    }

    KITH_TRY(proto_list_decode(draft->previous, &previous));
    const bool rotates = !kith_bytes_equal(previous.account_key, out->account_key);
    KITH_ENSURE(rotates == (draft->previous_key != NULL), KITH_ERR_INVALID);
    if (rotates) {
        KITH_ENSURE(
            kith_bytes_equal(previous.account_key, crypto_sign_key_public(draft->previous_key)),
            KITH_ERR_INVALID);
    }
    KITH_ENSURE(previous.version < UINT64_MAX, KITH_ERR_INVALID);
    out->version = previous.version + 1;
    memcpy(out->account_id, previous.account_id, sizeof out->account_id);
    return proto_list_hash(c, draft->previous, out->previous_hash);
}

/* Appends a vector that holds `key`'s signature over the list. */
static kith_err
write_signature(crypto *c, crypto_sign_key *key, kith_bytes signed_part, kith_buf *out)
{
    KITH_AUTO(kith_buf) message = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(out);
    size_t mark = 0;

    KITH_TRY(kith_buf_append(&message, kith_bytes_of_text(LIST_LABEL)));
    KITH_TRY(kith_buf_append(&message, signed_part));
    KITH_TRY(kith_write_open(&w, KITH_VEC_8, &mark));
    KITH_TRY(crypto_sign_with(c, key, kith_bytes_of_buf(&message), out));
    return kith_write_close(&w, KITH_VEC_8, mark);
}

static kith_err
write_signed_list(crypto *c, const proto_list_draft *draft, const proto_list *list, kith_buf *out)
{
    KITH_AUTO(kith_buf) part = {.alloc = out->alloc};
    kith_writer to_part = kith_writer_of(&part);
    kith_writer w = kith_writer_of(out);

    KITH_TRY(write_signed_part(&to_part, list));
    const kith_bytes signed_part = kith_bytes_of_buf(&part);
    KITH_TRY(kith_write_bytes(&w, signed_part));
    KITH_TRY(write_signature(c, draft->account_key, signed_part, out));
    return draft->previous_key != NULL ? write_signature(c, draft->previous_key, signed_part, out)
                                       : kith_write_vec8(&w, (kith_bytes){0});
}

kith_err
proto_list_make(crypto *c, const proto_list_draft *draft, kith_buf *out)
{
    const size_t mark = out->len;
    proto_list list = {.issued_ms = draft->issued_ms};

    KITH_ENSURE(draft->device_count > 0, KITH_ERR_INVALID);
    KITH_ENSURE(draft->device_count <= PROTO_DEVICES_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(crypto_sign_key_id(draft->account_key) == CRYPTO_ED25519, KITH_ERR_INVALID);
    KITH_TRY(fill_place(c, draft, &list));
    KITH_TRY(fill_devices(c, draft, &list));
    return proto_settle(out, mark, write_signed_list(c, draft, &list, out));
}

/* ---- Checking ---- */

static kith_err
verify_list(crypto *c, kith_bytes key, const proto_list *list, kith_bytes signature)
{
    uint8_t room[sizeof LIST_LABEL + PROTO_LIST_BYTES_MAX];

    return proto_verify(
        c, key,
        proto_concat(room, sizeof room,
                     CRYPTO_PARTS(kith_bytes_of_text(LIST_LABEL), list->signed_part)),
        signature);
}

/* What holds for every list: device ids are those of the keys, and the account key signed it. */
static kith_err
check_content(crypto *c, const proto_list *list)
{
    uint8_t id[PROTO_DEVICE_ID_LEN];

    for (size_t i = 0; i < list->device_count; i++) {
        KITH_TRY(proto_device_id(c, list->devices[i].signature_key, id));
        KITH_ENSURE(memcmp(id, list->devices[i].device_id, sizeof id) == 0, KITH_ERR_REJECTED);
    }
    return verify_list(c, list->account_key, list, list->signature);
}

kith_err
proto_list_check_first(crypto *c, kith_bytes bytes, const uint8_t *account_id, proto_list *out)
{
    static const uint8_t zeros[PROTO_ID_LEN];
    uint8_t id[PROTO_ID_LEN];
    proto_list list;

    KITH_TRY(proto_list_decode(bytes, &list));
    KITH_ENSURE(list.version == 1, KITH_ERR_REJECTED);
    KITH_ENSURE(memcmp(list.previous_hash, zeros, sizeof zeros) == 0, KITH_ERR_REJECTED);
    KITH_ENSURE(list.rotation.len == 0, KITH_ERR_REJECTED);
    KITH_TRY(proto_account_id(c, list.account_key, id));
    KITH_ENSURE(memcmp(id, list.account_id, sizeof id) == 0, KITH_ERR_REJECTED);
    KITH_ENSURE(account_id == NULL || memcmp(id, account_id, sizeof id) == 0, KITH_ERR_REJECTED);
    KITH_TRY(check_content(c, &list));
    if (out != NULL) {
        *out = list;
    }
    return KITH_OK;
}

/* The account key may change only with the consent of the one before. */
static kith_err
check_rotation(crypto *c, const proto_list *previous, const proto_list *next)
{
    if (kith_bytes_equal(previous->account_key, next->account_key)) {
        return next->rotation.len == 0 ? KITH_OK : KITH_ERR_REJECTED;
    }
    return verify_list(c, previous->account_key, next, next->rotation);
}

static kith_err
check_succession(const proto_list *previous, const proto_list *next,
                 const uint8_t previous_hash[PROTO_ID_LEN])
{
    KITH_ENSURE(memcmp(next->account_id, previous->account_id, PROTO_ID_LEN) == 0,
                KITH_ERR_REJECTED);
    KITH_ENSURE(previous->version < UINT64_MAX && next->version == previous->version + 1,
                KITH_ERR_REJECTED);
    KITH_ENSURE(memcmp(next->previous_hash, previous_hash, PROTO_ID_LEN) == 0, KITH_ERR_REJECTED);
    return KITH_OK;
}

kith_err
proto_list_check_next(crypto *c, kith_bytes previous, kith_bytes next, proto_list *out)
{
    uint8_t hash[PROTO_ID_LEN];
    proto_list before;
    proto_list list;

    KITH_TRY(proto_list_decode(previous, &before));
    KITH_TRY(proto_list_decode(next, &list));
    KITH_ENSURE(!kith_bytes_equal(previous, next), KITH_ERR_EXISTS);
    KITH_TRY(proto_list_hash(c, previous, hash));
    KITH_TRY(check_succession(&before, &list, hash));
    KITH_TRY(check_rotation(c, &before, &list));
    KITH_TRY(check_content(c, &list));
    if (out != NULL) {
        *out = list;
    }
    return KITH_OK;
}

/* ---- Login ---- */

enum {
    CLAIM_LEN = sizeof LOGIN_LABEL - 1 + PROTO_EXPORTER_LEN + PROTO_ID_LEN + PROTO_DEVICE_ID_LEN
};

static kith_bytes
fill_claim(const proto_login_claim *claim, uint8_t room[CLAIM_LEN])
{
    return proto_concat(room, CLAIM_LEN,
                        CRYPTO_PARTS(kith_bytes_of_text(LOGIN_LABEL), KITH_BYTES(claim->exporter),
                                     KITH_BYTES(claim->account_id), KITH_BYTES(claim->device_id)));
}

kith_err
proto_login_sign(crypto *c, crypto_sign_key *device_key, const proto_login_claim *claim,
                 kith_buf *out)
{
    uint8_t room[CLAIM_LEN];

    return crypto_sign_with(c, device_key, fill_claim(claim, room), out);
}

kith_err
proto_login_verify(crypto *c, const proto_device *device, const proto_login_claim *claim,
                   kith_bytes signature)
{
    uint8_t room[CLAIM_LEN];

    KITH_ENSURE(memcmp(device->device_id, claim->device_id, PROTO_DEVICE_ID_LEN) == 0,
                KITH_ERR_REJECTED);
    return proto_verify(c, device->signature_key, fill_claim(claim, room), signature);
}
