/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Items of vector files about messages. Every type on the wire: what the vectors hold decodes, encodes to the same bytes, is refused when it ends
 * early, and refused when a byte follows. And message protection, with the vectors' keys.
 */
#include "mls/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mls/framing.h"
#include "mls/reencode.h"
#include "mls/tree.h"

/* Decodes one struct and encodes it again. */
typedef kith_err (*codec)(kith_reader *r, kith_writer *w);

#define CODEC(name, type, decode, encode)                                                          \
    static kith_err name(kith_reader *r, kith_writer *w)                                           \
    {                                                                                              \
        type value;                                                                                \
        KITH_TRY(decode(r, &value));                                                               \
        return encode(w, &value);                                                                  \
    }

CODEC(code_key_package, mls_key_package, mls_key_package_decode, reencode_key_package)
CODEC(code_welcome, mls_welcome, mls_welcome_decode, reencode_welcome)
CODEC(code_group_info, mls_group_info_view, mls_group_info_decode, reencode_group_info)
CODEC(code_group_secrets, mls_group_secrets, mls_group_secrets_decode, mls_group_secrets_encode)
CODEC(code_commit, mls_commit, mls_commit_decode, reencode_commit)
CODEC(code_public, mls_public_message, mls_public_message_decode, reencode_public_message)
CODEC(code_private, mls_private_message, mls_private_message_decode, mls_private_message_encode)
CODEC(code_proposal, mls_proposal, mls_proposal_decode, reencode_proposal)

static kith_err
code_message(kith_reader *r, kith_writer *w)
{
    static const codec codecs[] = {
        [MLS_WIRE_PUBLIC_MESSAGE] = code_public,   [MLS_WIRE_PRIVATE_MESSAGE] = code_private,
        [MLS_WIRE_WELCOME] = code_welcome,         [MLS_WIRE_GROUP_INFO] = code_group_info,
        [MLS_WIRE_KEY_PACKAGE] = code_key_package,
    };
    mls_message message;

    KITH_TRY(mls_message_decode(kith_reader_peek(r), &message));
    KITH_TRY(mls_message_start(w, message.wire));
    kith_reader body = kith_reader_of(message.body);
    KITH_TRY(codecs[message.wire](&body, w));
    *r = body;
    return KITH_OK;
}

static kith_err
code_tree(kith_reader *r, kith_writer *w)
{
    const mls_tools tools = {.suite = mls_suite_find(1)};
    mls_tree tree = {0};
    kith_bytes content;
    const kith_reader from = *r;

    KITH_TRY(kith_read_varvec(r, &content));
    KITH_TRY(mls_tree_decode(tools, kith_reader_since(&from, r), &tree));
    const kith_err err = mls_tree_encode(&tree, w->buf);
    mls_tree_done(&tree);
    return err;
}

static kith_err
run(codec code, kith_bytes bytes, kith_buf *out)
{
    kith_reader r = kith_reader_of(bytes);
    kith_writer w = kith_writer_of(out);

    KITH_TRY(code(&r, &w));
    return kith_reader_finish(&r);
}

static void
check_round_trip(codec code, kith_bytes bytes, size_t step)
{
    KITH_AUTO(kith_buf) out = {0};
    KITH_AUTO(kith_buf) longer = {0};

    assert_ok(run(code, bytes, &out));
    assert_bytes(kith_bytes_of_buf(&out), bytes);
    /* Every prefix, or every few-th when it is long. */
    for (size_t len = 0; len < bytes.len; len += step) {
        kith_buf_clear(&out);
        assert_int_not_equal(run(code, kith_bytes_of(bytes.data, len), &out), KITH_OK);
    }
    assert_ok(kith_buf_append(&longer, bytes));
    assert_ok(kith_buf_append(&longer, kith_bytes_of((const uint8_t[]){0}, 1)));
    kith_buf_clear(&out);
    assert_int_not_equal(run(code, kith_bytes_of_buf(&longer), &out), KITH_OK);
}

/* A proposal in the vectors comes without its type. */
static void
check_proposal(yyjson_val *item, const char *key, uint16_t type)
{
    KITH_AUTO(kith_buf) content = vec_hex(item, key);
    KITH_AUTO(kith_buf) bytes = {0};
    kith_writer w = kith_writer_of(&bytes);

    assert_ok(kith_write_u16(&w, type));
    assert_ok(kith_write_bytes(&w, kith_bytes_of_buf(&content)));
    check_round_trip(code_proposal, kith_bytes_of_buf(&bytes), 1);
}

static void
check_field(yyjson_val *item, const char *key, codec code)
{
    KITH_AUTO(kith_buf) bytes = vec_hex(item, key);

    check_round_trip(code, kith_bytes_of_buf(&bytes), bytes.len / 64 + 1);
}

void
check_messages(vectors *v, mls_tools tools, yyjson_val *item)
{
    static const char *const messages[] = {
        "mls_welcome",           "mls_group_info",
        "mls_key_package",       "public_message_application",
        "public_message_commit", "public_message_proposal",
        "private_message",
    };

    (void)v;
    (void)tools;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        check_field(item, messages[i], code_message);
    }
    check_field(item, "ratchet_tree", code_tree);
    check_field(item, "group_secrets", code_group_secrets);
    check_field(item, "commit", code_commit);
    check_proposal(item, "add_proposal", MLS_PROPOSAL_ADD);
    check_proposal(item, "update_proposal", MLS_PROPOSAL_UPDATE);
    check_proposal(item, "remove_proposal", MLS_PROPOSAL_REMOVE);
    check_proposal(item, "pre_shared_key_proposal", MLS_PROPOSAL_PSK);
    check_proposal(item, "re_init_proposal", MLS_PROPOSAL_REINIT);
    check_proposal(item, "external_init_proposal", MLS_PROPOSAL_EXTERNAL_INIT);
    check_proposal(item, "group_context_extensions_proposal",
                   MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS);
}

/* ---- Message protection ---- */

/* Fields of one vector: the sender is leaf 1 of 2. */
typedef struct protection {
    mls_tools tools;
    yyjson_val *item;
    kith_buf context;
    kith_buf group_id;
    kith_buf sender_data;
    kith_buf membership;
    crypto_sign_key *signer;
    crypto_verify_key *verifier;
    mls_secret_tree *tree;
} protection;

static void
protection_open(protection *p, mls_tools tools, yyjson_val *item)
{
    KITH_AUTO(kith_buf) tree_hash = vec_hex(item, "tree_hash");
    KITH_AUTO(kith_buf) confirmed = vec_hex(item, "confirmed_transcript_hash");
    KITH_AUTO(kith_buf) private_key = vec_private(item, "signature_priv", vec_sign_len(tools));
    KITH_AUTO(kith_buf) public_key = vec_hex(item, "signature_pub");
    KITH_AUTO(kith_buf) root = vec_hex(item, "encryption_secret");
    kith_secret secret = {0};
    kith_writer w = kith_writer_of(&p->context);

    *p = (protection){.tools = tools,
                      .item = item,
                      .group_id = vec_hex(item, "group_id"),
                      .sender_data = vec_hex(item, "sender_data_secret"),
                      .membership = vec_hex(item, "membership_key")};
    assert_ok(mls_group_context_encode(
        &w, &(mls_group_context){.suite = tools.suite_id,
                                 .group_id = kith_bytes_of_buf(&p->group_id),
                                 .epoch = vec_uint(item, "epoch"),
                                 .tree_hash = kith_bytes_of_buf(&tree_hash),
                                 .confirmed_transcript_hash = kith_bytes_of_buf(&confirmed)}));
    assert_ok(crypto_sign_key_import(tools.crypto, tools.suite->sign,
                                     kith_bytes_of_buf(&private_key), &p->signer));
    assert_ok(crypto_verify_key_new(tools.crypto, tools.suite->sign, kith_bytes_of_buf(&public_key),
                                    &p->verifier));
    assert_ok(kith_secret_set(&secret, kith_bytes_of_buf(&root)));
    assert_ok(mls_secret_tree_new(tools, &secret, 1, &p->tree));
}

static void
protection_close(protection *p)
{
    kith_buf_done(&p->context);
    kith_buf_done(&p->group_id);
    kith_buf_done(&p->sender_data);
    kith_buf_done(&p->membership);
    crypto_sign_key_free(p->signer);
    crypto_verify_key_free(p->verifier);
    mls_secret_tree_free(p->tree);
}

static mls_signed_content
signed_of(const protection *p, uint16_t wire, kith_bytes content)
{
    return (mls_signed_content){
        .wire = wire, .content = content, .context = kith_bytes_of_buf(&p->context)};
}

static void
open_public(const protection *p, kith_bytes message, kith_bytes raw)
{
    kith_bytes body;
    mls_public_message public;
    mls_hash tag = {0};

    assert_ok(mls_message_open(message, MLS_WIRE_PUBLIC_MESSAGE, &body));
    kith_reader r = kith_reader_of(body);
    assert_ok(mls_public_message_decode(&r, &public));
    const mls_signed_content in = signed_of(p, MLS_WIRE_PUBLIC_MESSAGE, public.content_bytes);
    assert_ok(mls_content_verify(p->tools, p->verifier, &in, public.auth.signature));
    assert_ok(mls_membership_tag(p->tools, kith_bytes_of_buf(&p->membership), &in,
                                 public.auth_bytes, &tag));
    assert_bytes(mls_hash_bytes(&tag), public.membership_tag);
    assert_bytes(public.content.body, raw);
}

static void
open_private(const protection *p, kith_bytes message, kith_bytes raw)
{
    kith_bytes body;
    mls_private_message private;
    mls_sender_data sender;
    mls_message_key key;
    KITH_AUTO(kith_buf) plain = {0};
    KITH_AUTO(kith_buf) content = {0};
    kith_writer w = kith_writer_of(&content);
    mls_opened_content opened;

    assert_ok(mls_message_open(message, MLS_WIRE_PRIVATE_MESSAGE, &body));
    kith_reader r = kith_reader_of(body);
    assert_ok(mls_private_message_decode(&r, &private));
    assert_ok(
        mls_sender_data_open(p->tools, kith_bytes_of_buf(&p->sender_data), &private, &sender));
    assert_int_equal(sender.leaf_index, 1);
    assert_ok(
        mls_secret_tree_find(p->tree,
                             (mls_key_id){.leaf_index = 1,
                                          .chain = private.content_type == MLS_CONTENT_APPLICATION
                                                       ? MLS_CHAIN_APPLICATION
                                                       : MLS_CHAIN_HANDSHAKE,
                                          .generation = sender.generation},
                             &key));
    assert_ok(mls_private_message_unseal(p->tools, &private, &sender, &key, &plain));
    assert_ok(mls_private_content_decode(kith_bytes_of_buf(&plain), private.content_type, &opened));
    assert_bytes(opened.body, raw);
    assert_ok(mls_framed_content_encode(
        &w, &(mls_framed_content){.group_id = private.group_id,
                                  .epoch = private.epoch,
                                  .sender_type = MLS_SENDER_MEMBER,
                                  .sender_index = 1,
                                  .authenticated_data = private.authenticated_data,
                                  .content_type = private.content_type,
                                  .body = opened.body}));
    const mls_signed_content in =
        signed_of(p, MLS_WIRE_PRIVATE_MESSAGE, kith_bytes_of_buf(&content));
    assert_ok(mls_content_verify(p->tools, p->verifier, &in, opened.auth.signature));
}

/* Protects anew and opens that. */
static void
seal_and_open(const protection *p, uint8_t content_type, kith_bytes raw)
{
    const mls_framed_content content = {.group_id = kith_bytes_of_buf(&p->group_id),
                                        .epoch = vec_uint(p->item, "epoch"),
                                        .sender_type = MLS_SENDER_MEMBER,
                                        .sender_index = 1,
                                        .content_type = content_type,
                                        .body = raw};
    const uint8_t tag[32] = {1};
    KITH_AUTO(kith_buf) encoded = {0};
    KITH_AUTO(kith_buf) signature = {0};
    KITH_AUTO(kith_buf) message = {0};
    kith_writer w = kith_writer_of(&encoded);
    kith_writer message_w = kith_writer_of(&message);
    mls_message_key key;
    const mls_key_id id = {.leaf_index = 1,
                           .chain = content_type == MLS_CONTENT_APPLICATION ? MLS_CHAIN_APPLICATION
                                                                            : MLS_CHAIN_HANDSHAKE,
                           .generation = 7};

    assert_ok(mls_framed_content_encode(&w, &content));
    const mls_signed_content in =
        signed_of(p, MLS_WIRE_PRIVATE_MESSAGE, kith_bytes_of_buf(&encoded));
    assert_ok(mls_content_sign(p->tools, p->signer, &in, &signature));
    const mls_auth_data auth = {.signature = kith_bytes_of_buf(&signature),
                                .confirmation_tag = KITH_BYTES(tag)};
    assert_ok(mls_secret_tree_find(p->tree, id, &key));
    assert_ok(mls_message_start(&message_w, MLS_WIRE_PRIVATE_MESSAGE));
    assert_ok(mls_private_message_seal(
        p->tools,
        &(mls_private_draft){
            .sender_data_secret = kith_bytes_of_buf(&p->sender_data),
            .key = &key,
            .content = &content,
            .auth = &auth,
            .sender = {.leaf_index = 1, .generation = id.generation, .reuse_guard = {1, 2, 3, 4}},
            .pad_to = 256},
        &message));
    open_private(p, kith_bytes_of_buf(&message), raw);
}

void
check_protection(vectors *v, mls_tools tools, yyjson_val *item)
{
    protection p;
    static const struct {
        const char *raw;
        const char *public;
        const char *private;
        uint8_t type;
    } rows[] = {{"proposal", "proposal_pub", "proposal_priv", MLS_CONTENT_PROPOSAL},
                {"commit", "commit_pub", "commit_priv", MLS_CONTENT_COMMIT},
                {"application", NULL, "application_priv", MLS_CONTENT_APPLICATION}};

    (void)v;
    protection_open(&p, tools, item);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        KITH_AUTO(kith_buf) raw = vec_hex(item, rows[i].raw);
        KITH_AUTO(kith_buf) private = vec_hex(item, rows[i].private);
        if (rows[i].public != NULL) {
            KITH_AUTO(kith_buf) public = vec_hex(item, rows[i].public);
            open_public(&p, kith_bytes_of_buf(&public), kith_bytes_of_buf(&raw));
        }
        open_private(&p, kith_bytes_of_buf(&private), kith_bytes_of_buf(&raw));
        seal_and_open(&p, rows[i].type, kith_bytes_of_buf(&raw));
    }
    protection_close(&p);
}
