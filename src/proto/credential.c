/* SPDX-License-Identifier: MPL-2.0 */
/* The credential of a leaf, and the kith_conversation extension (docs/wire.md §7). */
#include "proto/credential.h"

#include <stdlib.h>
#include <string.h>

#include "proto/internal.h"

enum { FORMAT = 1, VERSION_LEN = 8 };

static const char CREDENTIAL_LABEL[] = "kith/1 credential";
static const char ROSTER_LABEL[] = "kith/1 roster";

/* ---- Credential ---- */

static kith_err
write_credential(kith_writer *w, const proto_credential *in)
{
    KITH_TRY(kith_write_u8(w, FORMAT));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(in->account_id)));
    KITH_TRY(kith_write_vec8(w, in->account_key));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(in->device_id)));
    return kith_write_vec8(w, in->signature);
}

kith_err
proto_credential_encode(kith_buf *out, const proto_credential *in)
{
    const size_t mark = out->len;
    kith_writer w = kith_writer_of(out);

    KITH_ENSURE(in->account_key.len > 0 && in->signature.len > 0, KITH_ERR_LIMIT);
    return proto_settle(out, mark, write_credential(&w, in));
}

kith_err
proto_credential_decode(kith_bytes identity, proto_credential *out)
{
    kith_reader r = kith_reader_of(identity);
    proto_credential credential = {0};
    uint8_t format = 0;

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_copy(&r, credential.account_id, sizeof credential.account_id));
    KITH_TRY(kith_read_vec8(&r, &credential.account_key));
    KITH_TRY(kith_read_copy(&r, credential.device_id, sizeof credential.device_id));
    KITH_TRY(kith_read_vec8(&r, &credential.signature));
    KITH_TRY(kith_reader_finish(&r));
    KITH_ENSURE(credential.account_key.len > 0 && credential.signature.len > 0, KITH_ERR_MALFORMED);
    *out = credential;
    return KITH_OK;
}

/* Room for what the account key signs: the label, both ids, the longest public key. */
enum {
    CLAIM_MAX =
        sizeof CREDENTIAL_LABEL + PROTO_ID_LEN + PROTO_DEVICE_ID_LEN + CRYPTO_SIGN_PUBLIC_MAX
};

static kith_bytes
fill_claim(const proto_credential *in, kith_bytes leaf_key, uint8_t room[CLAIM_MAX])
{
    return proto_concat(room, CLAIM_MAX,
                        CRYPTO_PARTS(kith_bytes_of_text(CREDENTIAL_LABEL),
                                     KITH_BYTES(in->account_id), KITH_BYTES(in->device_id),
                                     leaf_key));
}

kith_err
proto_credential_make(crypto *c, crypto_sign_key *account_key,
                      const uint8_t account_id[PROTO_ID_LEN], kith_bytes leaf_key, kith_buf *out)
{
    KITH_AUTO(kith_buf) signature = {.alloc = out->alloc};
    proto_credential credential = {.account_key = crypto_sign_key_public(account_key)};
    uint8_t room[CLAIM_MAX];

    KITH_ENSURE(leaf_key.len <= CRYPTO_SIGN_PUBLIC_MAX, KITH_ERR_INVALID);
    memcpy(credential.account_id, account_id, sizeof credential.account_id);
    KITH_TRY(proto_device_id(c, leaf_key, credential.device_id));
    KITH_TRY(crypto_sign_with(c, account_key, fill_claim(&credential, leaf_key, room), &signature));
    credential.signature = kith_bytes_of_buf(&signature);
    return proto_credential_encode(out, &credential);
}

kith_err
proto_credential_verify(crypto *c, const proto_credential *in, kith_bytes leaf_key)
{
    uint8_t room[CLAIM_MAX];
    uint8_t id[PROTO_DEVICE_ID_LEN];

    KITH_ENSURE(leaf_key.len <= CRYPTO_SIGN_PUBLIC_MAX, KITH_ERR_REJECTED);
    KITH_TRY(proto_device_id(c, leaf_key, id));
    KITH_ENSURE(memcmp(id, in->device_id, sizeof id) == 0, KITH_ERR_REJECTED);
    return proto_verify(c, in->account_key, fill_claim(in, leaf_key, room), in->signature);
}

kith_err
proto_leaf_check(crypto *c, kith_bytes identity, kith_bytes leaf_key, const proto_list *list)
{
    proto_credential credential;

    KITH_TRY(proto_credential_decode(identity, &credential));
    KITH_ENSURE(memcmp(credential.account_id, list->account_id, PROTO_ID_LEN) == 0,
                KITH_ERR_REJECTED);
    const proto_device *device = proto_list_find(list, credential.device_id);
    KITH_ENSURE(device != NULL, KITH_ERR_REJECTED);
    KITH_ENSURE(kith_bytes_equal(device->signature_key, leaf_key), KITH_ERR_REJECTED);
    return proto_credential_verify(c, &credential, leaf_key);
}

/* ---- Roster ---- */

static int
compare_entries(const void *a, const void *b)
{
    const proto_roster_entry *x = a;
    const proto_roster_entry *y = b;

    return memcmp(x->account_id, y->account_id, PROTO_ID_LEN);
}

void
proto_roster_sort(proto_roster_entry *entries, size_t count)
{
    if (count > 1) {
        qsort(entries, count, sizeof *entries, compare_entries);
    }
}

static kith_err
write_entry(kith_writer *w, const proto_roster_entry *entry)
{
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(entry->account_id)));
    KITH_TRY(kith_write_u64(w, entry->version));
    return kith_write_bytes(w, KITH_BYTES(entry->list_hash));
}

static kith_err
hash_roster(crypto_hasher *hasher, const proto_roster_entry *entries, size_t count,
            uint8_t out[PROTO_ID_LEN])
{
    KITH_AUTO(kith_buf) line = {0};
    kith_writer w = kith_writer_of(&line);

    KITH_TRY(crypto_hasher_update(hasher, kith_bytes_of_text(ROSTER_LABEL)));
    for (size_t i = 0; i < count; i++) {
        kith_buf_clear(&line);
        KITH_TRY(write_entry(&w, &entries[i]));
        KITH_TRY(crypto_hasher_update(hasher, kith_bytes_of_buf(&line)));
    }
    return crypto_hasher_final(hasher, out);
}

kith_err
proto_roster_digest(crypto *c, const proto_roster_entry *entries, size_t count,
                    uint8_t out[PROTO_ID_LEN])
{
    crypto_hasher *hasher = NULL;

    KITH_ENSURE(count <= PROTO_ROSTER_MAX, KITH_ERR_LIMIT);
    for (size_t i = 1; i < count; i++) {
        KITH_ENSURE(compare_entries(&entries[i - 1], &entries[i]) < 0, KITH_ERR_INVALID);
    }
    KITH_TRY(crypto_hasher_new(c, CRYPTO_SHA256, &hasher));
    const kith_err err = hash_roster(hasher, entries, count, out);
    crypto_hasher_free(hasher);
    return err;
}

/* ---- Extension ---- */

static kith_err
check_conversation(const proto_conversation *in)
{
    KITH_ENSURE(in->kind <= PROTO_CONVERSATION_OWN, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(kith_utf8_is_valid(in->title), KITH_ERR_MALFORMED);
    KITH_ENSURE(in->versions.len % VERSION_LEN == 0, KITH_ERR_MALFORMED);
    return KITH_OK;
}

static kith_err
write_conversation(kith_writer *w, const proto_conversation *in)
{
    KITH_TRY(kith_write_u8(w, in->kind));
    KITH_TRY(kith_write_vec8(w, in->title));
    KITH_TRY(kith_write_vec16(w, in->versions));
    return kith_write_bytes(w, KITH_BYTES(in->roster_digest));
}

kith_err
proto_conversation_encode(kith_buf *out, const proto_conversation *in)
{
    const size_t mark = out->len;
    kith_writer w = kith_writer_of(out);

    KITH_TRY(check_conversation(in));
    return proto_settle(out, mark, write_conversation(&w, in));
}

kith_err
proto_conversation_decode(kith_bytes data, proto_conversation *out)
{
    kith_reader r = kith_reader_of(data);
    proto_conversation conversation = {0};

    KITH_TRY(kith_read_u8(&r, &conversation.kind));
    KITH_TRY(kith_read_vec8(&r, &conversation.title));
    KITH_TRY(kith_read_vec16(&r, &conversation.versions));
    KITH_TRY(kith_read_copy(&r, conversation.roster_digest, sizeof conversation.roster_digest));
    KITH_TRY(kith_reader_finish(&r));
    KITH_TRY(check_conversation(&conversation));
    *out = conversation;
    return KITH_OK;
}

size_t
proto_conversation_count(const proto_conversation *in)
{
    return in->versions.len / VERSION_LEN;
}

uint64_t
proto_conversation_version(const proto_conversation *in, size_t i)
{
    kith_reader r = kith_reader_of(in->versions);
    kith_bytes before;
    uint64_t version = 0;

    if (kith_read_bytes(&r, i * VERSION_LEN, &before) != KITH_OK ||
        kith_read_u64(&r, &version) != KITH_OK) {
        return 0;
    }
    return version;
}

kith_err
proto_conversation_make(crypto *c, const proto_conversation_draft *draft, kith_buf *out)
{
    KITH_AUTO(kith_buf) versions = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&versions);
    proto_conversation conversation = {.kind = (uint8_t)draft->kind, .title = draft->title};

    KITH_TRY(proto_roster_digest(c, draft->entries, draft->count, conversation.roster_digest));
    for (size_t i = 0; i < draft->count; i++) {
        KITH_TRY(kith_write_u64(&w, draft->entries[i].version));
    }
    conversation.versions = kith_bytes_of_buf(&versions);
    return proto_conversation_encode(out, &conversation);
}

kith_err
proto_conversation_check(crypto *c, const proto_conversation *in, const proto_roster_entry *entries,
                         size_t count)
{
    uint8_t digest[PROTO_ID_LEN];

    KITH_ENSURE(proto_conversation_count(in) == count, KITH_ERR_REJECTED);
    for (size_t i = 0; i < count; i++) {
        KITH_ENSURE(proto_conversation_version(in, i) == entries[i].version, KITH_ERR_REJECTED);
    }
    KITH_TRY(proto_roster_digest(c, entries, count, digest));
    KITH_ENSURE(memcmp(digest, in->roster_digest, sizeof digest) == 0, KITH_ERR_REJECTED);
    return KITH_OK;
}
