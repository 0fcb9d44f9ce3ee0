/* SPDX-License-Identifier: MPL-2.0 */
/* Small things that several files of this folder need. */
#include "proto/internal.h"

#include <assert.h>
#include <string.h>

kith_err
proto_settle(kith_buf *out, size_t mark, kith_err err)
{
    if (err != KITH_OK && out->len > mark) {
        kith_wipe(out->data + mark, out->len - mark);
        out->len = mark;
    }
    return err;
}

kith_bytes
proto_concat(uint8_t *room, size_t len, crypto_parts parts)
{
    size_t used = 0;

    for (size_t i = 0; i < parts.count; i++) {
        const kith_bytes part = parts.items[i];
        assert(part.len <= len - used);
        if (part.len > 0) {
            memcpy(room + used, part.data, part.len);
        }
        used += part.len;
    }
    return kith_bytes_of(room, used);
}

kith_err
proto_verify(crypto *c, kith_bytes key, kith_bytes message, kith_bytes signature)
{
    const kith_err err = crypto_verify(c, CRYPTO_ED25519, key, message, signature);

    return err == KITH_ERR_MALFORMED ? KITH_ERR_REJECTED : err;
}
