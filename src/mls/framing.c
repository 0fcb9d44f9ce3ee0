/* SPDX-License-Identifier: MPL-2.0 */
/* Framing [RFC9420 §6]. */
#include "mls/framing.h"

#include <string.h>

#define REUSE_GUARD_LEN 4u
#define SENDER_DATA_LEN 12u

/* Version and wire format: what FramedContentTBS begins with [RFC9420 §6.1]. */
typedef struct tbs_head {
    uint8_t bytes[4];
} tbs_head;

static tbs_head
head_of(uint16_t wire)
{
    return (tbs_head){{0, MLS_VERSION_MLS10, (uint8_t)(wire >> 8), (uint8_t)wire}};
}

kith_err
mls_content_sign(mls_tools tools, crypto_sign_key *key, const mls_signed_content *in,
                 kith_buf *signature)
{
    const tbs_head head = head_of(in->wire);

    return mls_sign_with_label(tools, key, "FramedContentTBS",
                               CRYPTO_PARTS(KITH_BYTES(head.bytes), in->content, in->context),
                               signature);
}

kith_err
mls_content_verify(mls_tools tools, crypto_verify_key *key, const mls_signed_content *in,
                   kith_bytes signature)
{
    const tbs_head head = head_of(in->wire);

    return mls_verify_with_key(tools, key, "FramedContentTBS",
                               CRYPTO_PARTS(KITH_BYTES(head.bytes), in->content, in->context),
                               signature);
}

kith_err
mls_membership_tag(mls_tools tools, kith_bytes membership_key, const mls_signed_content *in,
                   kith_bytes auth, mls_hash *out)
{
    const tbs_head head = head_of(in->wire);
    mls_hash tag = {.len = crypto_hash_len(tools.suite->hash)};

    KITH_TRY(crypto_hmac(tools.crypto, tools.suite->hash, membership_key,
                         CRYPTO_PARTS(KITH_BYTES(head.bytes), in->content, in->context, auth),
                         tag.bytes));
    *out = tag;
    return KITH_OK;
}

/* Group id, epoch, content type: the AAD of the sender data [RFC9420 §6.3.2], and the beginning of that of
 * the content [RFC9420 §6.3.1]. */
static kith_err
write_aad(kith_writer *w, kith_bytes group_id, uint64_t epoch, uint8_t content_type)
{
    KITH_TRY(kith_write_varvec(w, group_id));
    KITH_TRY(kith_write_u64(w, epoch));
    return kith_write_u8(w, content_type);
}

kith_err
mls_sample_key(mls_tools tools, kith_bytes secret, kith_bytes ciphertext, mls_message_key *out)
{
    const size_t hash_len = crypto_hash_len(tools.suite->hash);
    const size_t sample = ciphertext.len < hash_len ? ciphertext.len : hash_len;
    KITH_AUTO(kith_secret) derived = {0};
    mls_expand in = {.secret = secret,
                     .label = "key",
                     .context = kith_bytes_of(ciphertext.data, sample),
                     .len = crypto_aead_key_len(tools.suite->aead)};

    KITH_TRY(mls_expand_with_label(tools, &in, &derived));
    memcpy(out->key, derived.data, derived.len);
    in.label = "nonce";
    in.len = CRYPTO_AEAD_NONCE_LEN;
    KITH_TRY(mls_expand_with_label(tools, &in, &derived));
    memcpy(out->nonce, derived.data, derived.len);
    return KITH_OK;
}

crypto_aead
mls_aead_of(mls_tools tools, const mls_message_key *key, kith_bytes aad)
{
    return (crypto_aead){.id = tools.suite->aead,
                         .key = kith_bytes_of(key->key, crypto_aead_key_len(tools.suite->aead)),
                         .nonce = KITH_BYTES(key->nonce),
                         .aad = aad};
}

kith_err
mls_sender_data_open(mls_tools tools, kith_bytes sender_data_secret,
                     const mls_private_message *message, mls_sender_data *out)
{
    KITH_AUTO(mls_message_key) key = {0};
    KITH_AUTO(kith_buf) aad = {.alloc = tools.alloc};
    KITH_AUTO(kith_buf) plain = {.alloc = tools.alloc};
    kith_writer w = kith_writer_of(&aad);
    mls_sender_data data = {0};

    KITH_TRY(mls_sample_key(tools, sender_data_secret, message->ciphertext, &key));
    KITH_TRY(write_aad(&w, message->group_id, message->epoch, message->content_type));
    const crypto_aead aead = mls_aead_of(tools, &key, kith_bytes_of_buf(&aad));
    KITH_TRY(crypto_aead_open(tools.crypto, &aead, message->encrypted_sender_data, &plain));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&plain));
    KITH_TRY(kith_read_u32(&r, &data.leaf_index));
    KITH_TRY(kith_read_u32(&r, &data.generation));
    KITH_TRY(kith_read_copy(&r, data.reuse_guard, REUSE_GUARD_LEN));
    KITH_TRY(kith_reader_finish(&r));
    *out = data;
    return KITH_OK;
}

/* The nonce of the key schedule, made different by the reuse guard [RFC9420 §6.3.1]. */
static mls_message_key
guard_key(const mls_message_key *key, const mls_sender_data *sender)
{
    mls_message_key guarded = *key;

    for (size_t i = 0; i < REUSE_GUARD_LEN; i++) {
        guarded.nonce[i] ^= sender->reuse_guard[i];
    }
    return guarded;
}

static kith_err
write_content_aad(kith_writer *w, const mls_private_message *message)
{
    KITH_TRY(write_aad(w, message->group_id, message->epoch, message->content_type));
    return kith_write_varvec(w, message->authenticated_data);
}

/* PrivateMessageContent [RFC9420 §6.3.1]. */
static kith_err
write_content(const mls_private_draft *in, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);
    uint8_t *padding = NULL;

    KITH_TRY(mls_content_body_encode(&w, in->content->content_type, in->content->body));
    KITH_TRY(mls_auth_data_encode(&w, in->content->content_type, in->auth));
    const size_t over = in->pad_to > 1 ? out->len % in->pad_to : 0;
    return over == 0 ? KITH_OK : kith_buf_extend(out, in->pad_to - over, &padding);
}

static kith_err
seal_content(mls_tools tools, const mls_private_draft *in, const mls_private_message *message,
             kith_buf *ciphertext)
{
    KITH_AUTO(kith_buf) plain = {.alloc = tools.alloc};
    KITH_AUTO(kith_buf) aad = {.alloc = tools.alloc};
    KITH_AUTO(mls_message_key) key = guard_key(in->key, &in->sender);
    kith_writer w = kith_writer_of(&aad);

    KITH_TRY(write_content(in, &plain));
    KITH_TRY(write_content_aad(&w, message));
    const crypto_aead aead = mls_aead_of(tools, &key, kith_bytes_of_buf(&aad));
    return crypto_aead_seal(tools.crypto, &aead, kith_bytes_of_buf(&plain), ciphertext);
}

static kith_err
seal_sender_data(mls_tools tools, const mls_private_draft *in, const mls_private_message *message,
                 kith_buf *out)
{
    KITH_AUTO(mls_message_key) key = {0};
    KITH_AUTO(kith_buf) aad = {.alloc = tools.alloc};
    KITH_AUTO(kith_buf) plain = {.alloc = tools.alloc};
    kith_writer aad_w = kith_writer_of(&aad);
    kith_writer w = kith_writer_of(&plain);

    KITH_TRY(mls_sample_key(tools, in->sender_data_secret, message->ciphertext, &key));
    KITH_TRY(write_aad(&aad_w, message->group_id, message->epoch, message->content_type));
    KITH_TRY(kith_write_u32(&w, in->sender.leaf_index));
    KITH_TRY(kith_write_u32(&w, in->sender.generation));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(in->sender.reuse_guard)));
    const crypto_aead aead = mls_aead_of(tools, &key, kith_bytes_of_buf(&aad));
    return crypto_aead_seal(tools.crypto, &aead, kith_bytes_of_buf(&plain), out);
}

kith_err
mls_private_message_seal(mls_tools tools, const mls_private_draft *in, kith_buf *out)
{
    KITH_AUTO(kith_buf) ciphertext = {.alloc = tools.alloc};
    KITH_AUTO(kith_buf) sender_data = {.alloc = tools.alloc};
    mls_private_message message = {.group_id = in->content->group_id,
                                   .epoch = in->content->epoch,
                                   .content_type = in->content->content_type,
                                   .authenticated_data = in->content->authenticated_data};
    const size_t before = out->len;
    kith_writer w = kith_writer_of(out);

    KITH_TRY(seal_content(tools, in, &message, &ciphertext));
    message.ciphertext = kith_bytes_of_buf(&ciphertext);
    KITH_TRY(seal_sender_data(tools, in, &message, &sender_data));
    message.encrypted_sender_data = kith_bytes_of_buf(&sender_data);
    /* All of it or nothing: with the room reserved, writing cannot fail but for a length limit. */
    KITH_TRY(kith_buf_reserve(out, message.group_id.len + message.authenticated_data.len +
                                       sender_data.len + ciphertext.len + 32));
    const kith_err err = mls_private_message_encode(&w, &message);
    if (err != KITH_OK) {
        out->len = before;
    }
    return err;
}

kith_err
mls_private_message_unseal(mls_tools tools, const mls_private_message *message,
                           const mls_sender_data *sender, const mls_message_key *key,
                           kith_buf *plaintext)
{
    KITH_AUTO(kith_buf) aad = {.alloc = tools.alloc};
    KITH_AUTO(mls_message_key) guarded = guard_key(key, sender);
    kith_writer w = kith_writer_of(&aad);

    KITH_TRY(write_content_aad(&w, message));
    const crypto_aead aead = mls_aead_of(tools, &guarded, kith_bytes_of_buf(&aad));
    return crypto_aead_open(tools.crypto, &aead, message->ciphertext, plaintext);
}

kith_err
mls_private_content_decode(kith_bytes plaintext, uint8_t content_type, mls_opened_content *out)
{
    kith_reader r = kith_reader_of(plaintext);
    mls_opened_content content = {0};

    KITH_TRY(mls_content_body_decode(&r, content_type, &content.body));
    KITH_TRY(mls_auth_data_decode(&r, content_type, &content.auth));
    const kith_bytes padding = kith_reader_peek(&r);
    uint8_t any = 0;
    for (size_t i = 0; i < padding.len; i++) {
        any |= padding.data[i];
    }
    /* Padding is all zero [RFC9420 §6.3.1]. */
    KITH_ENSURE(any == 0, KITH_ERR_MALFORMED);
    *out = content;
    return KITH_OK;
}
