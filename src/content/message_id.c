/* SPDX-License-Identifier: MPL-2.0 */
/* The id of a message [MIMI-CONTENT §3.3]. */
#include <string.h>

#include "content/cbor.h"
#include "content/message.h"

enum { ID_SHA256 = 0x01, CONTAINER_ITEMS = 7 };

static kith_err
find_salt(kith_bytes bytes, kith_bytes *out)
{
    kith_reader r = kith_reader_of(bytes);
    item salt;

    KITH_TRY(item_read_array(&r, CONTAINER_ITEMS));
    KITH_TRY(item_expect(&r, ITEM_BYTES, &salt));
    KITH_ENSURE(salt.bytes.len == CONTENT_SALT_LEN, KITH_ERR_MALFORMED);
    *out = salt.bytes;
    return KITH_OK;
}

/* The salt is hashed a second time, behind the message, so that nobody can extend the hash. */
kith_err
content_id_of_uris(crypto *c, kith_bytes sender, kith_bytes room, kith_bytes bytes,
                   uint8_t out[CONTENT_ID_LEN])
{
    KITH_AUTO(kith_buf) uris = {0};
    kith_writer w = kith_writer_of(&uris);
    uint8_t hash[CRYPTO_SHA256_LEN];
    kith_bytes salt;

    KITH_ENSURE(sender.len <= UINT16_MAX && room.len <= UINT16_MAX, KITH_ERR_INVALID);
    KITH_TRY(find_salt(bytes, &salt));
    KITH_TRY(kith_write_vec16(&w, sender));
    KITH_TRY(kith_write_vec16(&w, room));
    KITH_TRY(
        crypto_digest(c, CRYPTO_SHA256, CRYPTO_PARTS(kith_bytes_of_buf(&uris), bytes, salt), hash));
    out[0] = ID_SHA256;
    memcpy(out + 1, hash, CONTENT_ID_LEN - 1);
    return KITH_OK;
}

static kith_err
write_uri(const char *prefix, const uint8_t id[32], kith_buf *out)
{
    KITH_TRY(kith_buf_append(out, kith_bytes_of_text(prefix)));
    return kith_base64url_encode(kith_bytes_of(id, 32), out);
}

kith_err
content_message_id(crypto *c, const uint8_t account_id[32], const uint8_t conv_id[32],
                   kith_bytes bytes, uint8_t out[CONTENT_ID_LEN])
{
    KITH_AUTO(kith_buf) sender = {0};
    KITH_AUTO(kith_buf) room = {0};

    KITH_TRY(write_uri("kith:/u/", account_id, &sender));
    KITH_TRY(write_uri("kith:/r/", conv_id, &room));
    return content_id_of_uris(c, kith_bytes_of_buf(&sender), kith_bytes_of_buf(&room), bytes, out);
}
