/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Messages for one member [MLS-TARGETED]: HPKE to the recipient's leaf with a PSK that all members know, signed by the
 * sender, who is hidden as in a PrivateMessage.
 *
 * The draft lets the ciphertext's AAD hold the signature and the signature cover the ciphertext. Here, the AAD is
 * TargetedMessageTBM with an empty signature: all of it is known when the text is encrypted.
 */
#include "mls/targeted.h"

#define EXPORT_LABEL "targeted message"
#define PSK_LABEL "MLS 1.0 targeted message psk"
#define INFO_LABEL "MLS 1.0 TargetedMessageData"

/* Sender and message, as far as both sides put them together. */
typedef struct target {
    const mls_group *group;
    kith_bytes head; /* group_id, epoch, recipient */
    kith_bytes authenticated_data;
    uint32_t sender;
    kith_secret psk;
    kith_secret sender_secret;
    kith_buf info;
    kith_buf psk_id;
} target;

static void
target_done(target *t)
{
    kith_secret_done(&t->psk);
    kith_secret_done(&t->sender_secret);
    kith_buf_done(&t->info);
    kith_buf_done(&t->psk_id);
}

/* What only members know, and what HPKE is bound to. */
static kith_err
prepare(target *t)
{
    const mls_epoch *epoch = t->group->now;
    const size_t len = mls_suite_hash_len(epoch->tools.suite);
    kith_writer info_w = kith_writer_of(&t->info);
    kith_writer id_w = kith_writer_of(&t->psk_id);

    KITH_TRY(mls_epoch_export(epoch, EXPORT_LABEL, kith_bytes_of_text("psk"), len, &t->psk));
    KITH_TRY(mls_epoch_export(epoch, EXPORT_LABEL, kith_bytes_of_text("sender auth data secret"),
                              len, &t->sender_secret));
    KITH_TRY(kith_write_varvec(&info_w, kith_bytes_of_text(INFO_LABEL)));
    KITH_TRY(kith_write_varvec(&info_w, kith_bytes_of_buf(&epoch->context_bytes)));
    KITH_TRY(kith_write_varvec(&id_w, epoch->context.group_id));
    KITH_TRY(kith_write_u64(&id_w, epoch->context.epoch));
    return kith_write_varvec(&id_w, kith_bytes_of_text(PSK_LABEL));
}

static crypto_hpke
hpke_of(const target *t, kith_bytes key)
{
    return (crypto_hpke){.suite = t->group->tools.suite->hpke,
                         .key = key,
                         .info = kith_bytes_of_buf(&t->info),
                         .psk = kith_bytes_of_secret(&t->psk),
                         .psk_id = kith_bytes_of_buf(&t->psk_id)};
}

/* TargetedMessageSenderAuthData. */
static kith_err
write_sender(kith_writer *w, uint32_t sender, kith_bytes signature, kith_bytes kem_output)
{
    KITH_TRY(kith_write_u32(w, sender));
    KITH_TRY(kith_write_varvec(w, signature));
    return kith_write_varvec(w, kem_output);
}

/* TargetedMessageTBM, the AAD of the text. */
static kith_err
write_tbm(const target *t, kith_bytes kem_output, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_bytes(&w, t->head));
    KITH_TRY(kith_write_varvec(&w, t->authenticated_data));
    return write_sender(&w, t->sender, (kith_bytes){0}, kem_output);
}

/* TargetedMessageTBS, what is signed. */
static kith_err
write_tbs(const target *t, kith_bytes kem_output, kith_bytes ciphertext, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_bytes(&w, t->head));
    KITH_TRY(kith_write_varvec(&w, t->authenticated_data));
    KITH_TRY(kith_write_u32(&w, t->sender));
    KITH_TRY(kith_write_varvec(&w, kem_output));
    return kith_write_varvec(&w, ciphertext);
}

/* ---- Sending ---- */

/* A message in the making. */
typedef struct outgoing {
    kith_buf head;
    kith_buf kem_output;
    kith_buf ciphertext;
    kith_buf signature;
    kith_buf encrypted_sender;
} outgoing;

static void
outgoing_done(outgoing *m)
{
    kith_buf_done(&m->head);
    kith_buf_done(&m->kem_output);
    kith_buf_done(&m->ciphertext);
    kith_buf_done(&m->signature);
    kith_buf_done(&m->encrypted_sender);
}

static kith_err
write_head(const mls_group_context *context, uint32_t recipient, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_varvec(&w, context->group_id));
    KITH_TRY(kith_write_u64(&w, context->epoch));
    return kith_write_u32(&w, recipient);
}

/* TargetedMessageContent. */
static kith_err
write_content(const mls_target_params *params, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);
    uint8_t *padding = NULL;

    KITH_TRY(kith_write_varvec(&w, params->plaintext));
    const size_t over = params->pad_to > 1 ? out->len % params->pad_to : 0;
    return over == 0 ? KITH_OK : kith_buf_extend(out, params->pad_to - over, &padding); /* zeros */
}

static kith_err
seal_content(const target *t, const mls_target_params *params, kith_bytes key, outgoing *m)
{
    const mls_tools tools = t->group->tools;
    KITH_AUTO(kith_buf) text = {.alloc = tools.alloc};
    KITH_AUTO(kith_buf) aad = {.alloc = tools.alloc};
    KITH_AUTO(crypto_hpke_context) context = {0};
    const crypto_hpke hpke = hpke_of(t, key);

    KITH_TRY(write_content(params, &text));
    KITH_TRY(
        crypto_hpke_setup_send(tools.crypto, &hpke, &t->group->env->rng, &m->kem_output, &context));
    KITH_TRY(write_tbm(t, kith_bytes_of_buf(&m->kem_output), &aad));
    return crypto_hpke_context_seal(tools.crypto, &context, kith_bytes_of_buf(&aad),
                                    kith_bytes_of_buf(&text), &m->ciphertext);
}

static kith_err
sign_and_hide(const target *t, outgoing *m)
{
    const mls_tools tools = t->group->tools;
    KITH_AUTO(kith_buf) tbs = {.alloc = tools.alloc};
    KITH_AUTO(kith_buf) sender = {.alloc = tools.alloc};
    KITH_AUTO(mls_message_key) key = {0};
    kith_writer w = kith_writer_of(&sender);
    const kith_bytes ciphertext = kith_bytes_of_buf(&m->ciphertext);
    const kith_bytes kem_output = kith_bytes_of_buf(&m->kem_output);

    KITH_TRY(write_tbs(t, kem_output, ciphertext, &tbs));
    KITH_TRY(mls_sign_with_label(tools, t->group->signer, "TargetedMessageTBS",
                                 CRYPTO_PARTS(kith_bytes_of_buf(&tbs)), &m->signature));
    KITH_TRY(write_sender(&w, t->sender, kith_bytes_of_buf(&m->signature), kem_output));
    KITH_TRY(mls_sample_key(tools, kith_bytes_of_secret(&t->sender_secret), ciphertext, &key));
    const crypto_aead aead = mls_aead_of(tools, &key, t->head);
    return crypto_aead_seal(tools.crypto, &aead, kith_bytes_of_buf(&sender), &m->encrypted_sender);
}

static kith_err
frame(const target *t, const outgoing *m, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = t->group->tools.alloc};
    kith_writer w = kith_writer_of(&draft);

    KITH_TRY(mls_message_start(&w, MLS_WIRE_TARGETED_MESSAGE));
    KITH_TRY(kith_write_bytes(&w, t->head));
    KITH_TRY(kith_write_varvec(&w, t->authenticated_data));
    KITH_TRY(kith_write_varvec(&w, kith_bytes_of_buf(&m->encrypted_sender)));
    KITH_TRY(kith_write_varvec(&w, kith_bytes_of_buf(&m->ciphertext)));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

kith_err
mls_group_target(const mls_group *group, const mls_target_params *params, kith_buf *out)
{
    const kith_alloc *alloc = group->tools.alloc;
    const mls_epoch *epoch = group->now;
    const mls_leaf *leaf = mls_tree_leaf(&epoch->tree, params->recipient);
    KITH_AUTO(outgoing) m = {.head = {.alloc = alloc},
                             .kem_output = {.alloc = alloc},
                             .ciphertext = {.alloc = alloc},
                             .signature = {.alloc = alloc},
                             .encrypted_sender = {.alloc = alloc}};
    KITH_AUTO(target) t = {.group = group,
                           .authenticated_data = params->authenticated_data,
                           .sender = epoch->own_leaf,
                           .info = {.alloc = alloc},
                           .psk_id = {.alloc = alloc}};

    KITH_ENSURE(!group->is_over, KITH_ERR_DENIED);
    KITH_ENSURE(leaf != NULL, KITH_ERR_NOT_FOUND);
    KITH_ENSURE(params->recipient != epoch->own_leaf, KITH_ERR_INVALID);
    KITH_ENSURE(mls_leaf_has_wire(leaf, MLS_WIRE_TARGETED_MESSAGE), KITH_ERR_UNSUPPORTED);
    KITH_TRY(write_head(&epoch->context, params->recipient, &m.head));
    t.head = kith_bytes_of_buf(&m.head);
    KITH_TRY(prepare(&t));
    KITH_TRY(seal_content(&t, params, leaf->node.encryption_key, &m));
    KITH_TRY(sign_and_hide(&t, &m));
    return frame(&t, &m, out);
}

/* ---- Receiving ---- */

/* TargetedMessageSenderAuthData of a message; the rest borrows `bytes`. */
typedef struct sender_data {
    kith_buf bytes;
    kith_bytes signature;
    kith_bytes kem_output;
} sender_data;

static void
sender_data_done(sender_data *sender)
{
    kith_buf_done(&sender->bytes);
}

static kith_err
open_sender(target *t, const mls_targeted_message *message, sender_data *out)
{
    const mls_tools tools = t->group->tools;
    KITH_AUTO(mls_message_key) key = {0};

    KITH_TRY(
        mls_sample_key(tools, kith_bytes_of_secret(&t->sender_secret), message->ciphertext, &key));
    const crypto_aead aead = mls_aead_of(tools, &key, message->head);
    KITH_TRY(crypto_aead_open(tools.crypto, &aead, message->encrypted_sender, &out->bytes));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&out->bytes));
    KITH_TRY(kith_read_u32(&r, &t->sender));
    KITH_TRY(kith_read_varvec(&r, &out->signature));
    KITH_TRY(kith_read_varvec(&r, &out->kem_output));
    return kith_reader_finish(&r);
}

static kith_err
check_signature(const target *t, const mls_targeted_message *message, const sender_data *sender,
                const mls_leaf *leaf)
{
    const mls_tools tools = t->group->tools;
    KITH_AUTO(kith_buf) tbs = {.alloc = tools.alloc};

    KITH_TRY(write_tbs(t, sender->kem_output, message->ciphertext, &tbs));
    return mls_verify_with_label(tools, leaf->node.signature_key, "TargetedMessageTBS",
                                 CRYPTO_PARTS(kith_bytes_of_buf(&tbs)), sender->signature);
}

/* Takes the data out of TargetedMessageContent; "padding MUST be filled with all zero bytes". */
static kith_err
take_content(kith_bytes text, kith_buf *out)
{
    kith_reader r = kith_reader_of(text);
    kith_bytes data;
    uint8_t rest = 0;

    KITH_TRY(kith_read_varvec(&r, &data));
    const kith_bytes padding = kith_reader_peek(&r);
    for (size_t i = 0; i < padding.len; i++) {
        rest |= padding.data[i];
    }
    KITH_ENSURE(rest == 0, KITH_ERR_MALFORMED);
    return kith_buf_append(out, data);
}

static kith_err
open_content(const target *t, const mls_targeted_message *message, kith_bytes kem_output,
             kith_buf *out)
{
    const mls_tools tools = t->group->tools;
    KITH_AUTO(kith_buf) aad = {.alloc = tools.alloc};
    KITH_AUTO(kith_buf) text = {.alloc = tools.alloc};
    const crypto_hpke hpke = hpke_of(t, mls_private_at(&t->group->now->keys, 0));

    KITH_TRY(write_tbm(t, kem_output, &aad));
    KITH_TRY(crypto_hpke_open(
        tools.crypto, &hpke, kem_output,
        (crypto_hpke_text){.aad = kith_bytes_of_buf(&aad), .text = message->ciphertext}, &text));
    return take_content(kith_bytes_of_buf(&text), out);
}

bool
mls_message_is_targeted(kith_bytes message)
{
    mls_message outer;

    return mls_message_decode(message, &outer) == KITH_OK &&
           outer.wire == MLS_WIRE_TARGETED_MESSAGE;
}

static kith_err
check_place(const mls_group *group, const mls_targeted_message *message)
{
    const mls_epoch *epoch = group->now;

    KITH_ENSURE(kith_bytes_equal(message->group_id, epoch->context.group_id), KITH_ERR_NOT_FOUND);
    KITH_ENSURE(message->epoch == epoch->context.epoch, KITH_ERR_OUT_OF_STEP);
    KITH_ENSURE(epoch->messages != NULL, KITH_ERR_DENIED);
    KITH_ENSURE(message->recipient == epoch->own_leaf, KITH_ERR_NOT_FOUND);
    return KITH_OK;
}

kith_err
mls_targeted_open(const mls_group *group, kith_bytes bytes, mls_received *out)
{
    const kith_alloc *alloc = group->tools.alloc;
    kith_bytes body;
    mls_targeted_message message;
    KITH_AUTO(sender_data) sender = {.bytes = {.alloc = alloc}};

    KITH_TRY(mls_message_open(bytes, MLS_WIRE_TARGETED_MESSAGE, &body));
    kith_reader r = kith_reader_of(body);
    KITH_TRY(mls_targeted_message_decode(&r, &message));
    KITH_TRY(kith_reader_finish(&r));
    KITH_TRY(check_place(group, &message));
    KITH_AUTO(target) t = {.group = group,
                           .head = message.head,
                           .authenticated_data = message.authenticated_data,
                           .info = {.alloc = alloc},
                           .psk_id = {.alloc = alloc}};
    KITH_TRY(prepare(&t));
    KITH_TRY(open_sender(&t, &message, &sender));
    const mls_leaf *leaf = mls_tree_leaf(&group->now->tree, t.sender);
    KITH_ENSURE(leaf != NULL, KITH_ERR_REJECTED);
    KITH_TRY(check_signature(&t, &message, &sender, leaf));
    KITH_TRY(open_content(&t, &message, sender.kem_output, &out->plaintext));
    KITH_TRY(kith_buf_set(&out->authenticated_data, message.authenticated_data));
    out->kind = MLS_KIND_TARGETED;
    out->epoch = message.epoch;
    out->sender = t.sender;
    out->sender_member = mls_member_of(t.sender, leaf);
    return KITH_OK;
}
