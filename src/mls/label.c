/* SPDX-License-Identifier: MPL-2.0 */
/* Labelled operations [RFC9420 §5.1, §5.2, §8, §9.1]. */
#include "mls/label.h"

#include <string.h>

#define PREFIX "MLS 1.0 "
#define PREFIX_LEN 8u
/* uint16 length, a label with a prefix of at most two bytes, and the prefix of the context. */
#define HEAD_MAX (2 + 2 + PREFIX_LEN + MLS_LABEL_MAX + 4)

/* A small buffer on the stack: the part of an input that comes before what is only borrowed. */
typedef struct head {
    uint8_t bytes[HEAD_MAX];
    size_t len;
} head;

static void
put_varint(head *h, size_t value)
{
    if (value >= 0x4000) {
        h->bytes[h->len++] = (uint8_t)(0x80 | value >> 24);
        h->bytes[h->len++] = (uint8_t)(value >> 16);
        h->bytes[h->len++] = (uint8_t)(value >> 8);
    } else if (value >= 0x40) {
        h->bytes[h->len++] = (uint8_t)(0x40 | value >> 8);
    }
    h->bytes[h->len++] = (uint8_t)value;
}

static kith_err
put_label(head *h, kith_bytes label)
{
    KITH_ENSURE(label.len <= MLS_LABEL_MAX, KITH_ERR_LIMIT);
    put_varint(h, PREFIX_LEN + label.len);
    memcpy(h->bytes + h->len, PREFIX, PREFIX_LEN);
    h->len += PREFIX_LEN;
    if (label.len > 0) {
        memcpy(h->bytes + h->len, label.data, label.len);
        h->len += label.len;
    }
    return KITH_OK;
}

/* KDFLabel [RFC9420 §8] up to the context. */
static kith_err
put_kdf_label(head *h, size_t len, const char *label, size_t context_len)
{
    KITH_ENSURE(len <= UINT16_MAX && context_len <= KITH_VARVEC_MAX, KITH_ERR_LIMIT);
    h->bytes[h->len++] = (uint8_t)(len >> 8);
    h->bytes[h->len++] = (uint8_t)len;
    KITH_TRY(put_label(h, kith_bytes_of_text(label)));
    put_varint(h, context_len);
    return KITH_OK;
}

kith_err
mls_expand_with_label(mls_tools tools, const mls_expand *in, kith_secret *out)
{
    head h = {.len = 0};

    KITH_TRY(put_kdf_label(&h, in->len, in->label, in->context.len));
    const crypto_expand expand = {.prk = in->secret,
                                  .info = CRYPTO_PARTS(kith_bytes_of(h.bytes, h.len), in->context),
                                  .len = in->len};
    return crypto_hkdf_expand(tools.crypto, tools.suite->hash, &expand, out);
}

kith_err
mls_derive_secret(mls_tools tools, kith_bytes secret, const char *label, kith_secret *out)
{
    const mls_expand in = {
        .secret = secret, .label = label, .len = crypto_hash_len(tools.suite->hash)};

    return mls_expand_with_label(tools, &in, out);
}

kith_err
mls_derive_tree_secret(mls_tools tools, const mls_tree_step *in, kith_secret *out)
{
    const uint8_t generation[] = {(uint8_t)(in->generation >> 24), (uint8_t)(in->generation >> 16),
                                  (uint8_t)(in->generation >> 8), (uint8_t)in->generation};
    const mls_expand expand = {.secret = in->secret,
                               .label = in->label,
                               .context = KITH_BYTES(generation),
                               .len = in->len};

    return mls_expand_with_label(tools, &expand, out);
}

/* SignContent [RFC9420 §5.1.2]. */
static kith_err
write_sign_content(kith_bytes label, crypto_parts content, kith_buf *out)
{
    head h = {.len = 0};
    size_t len = 0;

    for (size_t i = 0; i < content.count; i++) {
        KITH_ENSURE(content.items[i].len <= KITH_VARVEC_MAX - len, KITH_ERR_LIMIT);
        len += content.items[i].len;
    }
    KITH_TRY(put_label(&h, label));
    put_varint(&h, len);
    KITH_TRY(kith_buf_reserve(out, h.len + len));
    KITH_TRY(kith_buf_append(out, kith_bytes_of(h.bytes, h.len)));
    for (size_t i = 0; i < content.count; i++) {
        KITH_TRY(kith_buf_append(out, content.items[i]));
    }
    return KITH_OK;
}

kith_err
mls_sign_with_label(mls_tools tools, crypto_sign_key *key, const char *label, crypto_parts content,
                    kith_buf *out)
{
    return mls_sign_labelled(tools, key, kith_bytes_of_text(label), content, out);
}

kith_err
mls_sign_labelled(mls_tools tools, crypto_sign_key *key, kith_bytes label, crypto_parts content,
                  kith_buf *out)
{
    KITH_AUTO(kith_buf) text = {.alloc = tools.alloc};

    KITH_TRY(write_sign_content(label, content, &text));
    return crypto_sign_with(tools.crypto, key, kith_bytes_of_buf(&text), out);
}

kith_err
mls_verify_with_label(mls_tools tools, kith_bytes public_key, const char *label,
                      crypto_parts content, kith_bytes signature)
{
    return mls_verify_labelled(tools, public_key, kith_bytes_of_text(label), content, signature);
}

kith_err
mls_verify_labelled(mls_tools tools, kith_bytes public_key, kith_bytes label, crypto_parts content,
                    kith_bytes signature)
{
    KITH_AUTO(kith_buf) text = {.alloc = tools.alloc};

    KITH_TRY(write_sign_content(label, content, &text));
    return crypto_verify(tools.crypto, tools.suite->sign, public_key, kith_bytes_of_buf(&text),
                         signature);
}

kith_err
mls_verify_with_key(mls_tools tools, crypto_verify_key *key, const char *label,
                    crypto_parts content, kith_bytes signature)
{
    KITH_AUTO(kith_buf) text = {.alloc = tools.alloc};

    KITH_TRY(write_sign_content(kith_bytes_of_text(label), content, &text));
    return crypto_verify_with(tools.crypto, key, kith_bytes_of_buf(&text), signature);
}

/* EncryptContext [RFC9420 §5.1.3]: what HPKE gets as info. */
static kith_err
write_encrypt_context(const mls_seal *in, kith_buf *out)
{
    head h = {.len = 0};
    kith_writer w = kith_writer_of(out);

    KITH_TRY(
        put_label(&h, in->label != NULL ? kith_bytes_of_text(in->label) : in->component_label));
    KITH_TRY(kith_write_bytes(&w, kith_bytes_of(h.bytes, h.len)));
    return kith_write_varvec(&w, in->context);
}

kith_err
mls_seal_prepare(mls_tools tools, const mls_seal *in, kith_secret *info_hash)
{
    KITH_AUTO(kith_buf) info = {.alloc = tools.alloc};

    KITH_TRY(write_encrypt_context(in, &info));
    return crypto_hpke_info_hash(tools.crypto, tools.suite->hpke, kith_bytes_of_buf(&info),
                                 info_hash);
}

kith_err
mls_encrypt_with_label(mls_tools tools, const kith_rng *rng, const mls_seal *in,
                       crypto_hpke_sealed *out)
{
    KITH_AUTO(kith_buf) info = {.alloc = tools.alloc};

    if (in->info_hash.len == 0) {
        KITH_TRY(write_encrypt_context(in, &info));
    }
    const crypto_hpke hpke = {.suite = tools.suite->hpke,
                              .key = in->key,
                              .info = kith_bytes_of_buf(&info),
                              .info_hash = in->info_hash};
    return crypto_hpke_seal(tools.crypto, &hpke, rng, (crypto_hpke_text){.text = in->text}, out);
}

kith_err
mls_decrypt_with_label(mls_tools tools, const mls_seal *in, kith_buf *out)
{
    KITH_AUTO(kith_buf) info = {.alloc = tools.alloc};

    KITH_TRY(write_encrypt_context(in, &info));
    const crypto_hpke hpke = {
        .suite = tools.suite->hpke, .key = in->key, .info = kith_bytes_of_buf(&info)};
    return crypto_hpke_open(tools.crypto, &hpke, in->kem_output,
                            (crypto_hpke_text){.text = in->text}, out);
}

kith_err
mls_ref_hash(mls_tools tools, const char *label, kith_bytes value, uint8_t *out)
{
    head h = {.len = 0};
    head before_value = {.len = 0};
    const kith_bytes text = kith_bytes_of_text(label);

    KITH_ENSURE(text.len <= MLS_LABEL_MAX && value.len <= KITH_VARVEC_MAX, KITH_ERR_LIMIT);
    put_varint(&h, text.len);
    put_varint(&before_value, value.len);
    return crypto_digest(tools.crypto, tools.suite->hash,
                         CRYPTO_PARTS(kith_bytes_of(h.bytes, h.len), text,
                                      kith_bytes_of(before_value.bytes, before_value.len), value),
                         out);
}
