/* SPDX-License-Identifier: MPL-2.0 */
/* Items of vector files about the layers below the group: labels, key schedule, secret tree, PSKs, transcript,
 * tree math. */
#include "mls/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mls/framing.h"
#include "mls/tree_math.h"

static const char *
text_of(yyjson_val *object, const char *key)
{
    const char *text = yyjson_get_str(vec_get(object, key));

    assert_non_null(text);
    return text;
}

static void
check_expansions(mls_tools tools, yyjson_val *item)
{
    KITH_AUTO(kith_secret) out = {0};
    yyjson_val *expand = vec_get(item, "expand_with_label");
    yyjson_val *derive = vec_get(item, "derive_secret");
    yyjson_val *tree = vec_get(item, "derive_tree_secret");
    KITH_AUTO(kith_buf) secret = vec_hex(expand, "secret");
    KITH_AUTO(kith_buf) context = vec_hex(expand, "context");
    KITH_AUTO(kith_buf) derive_from = vec_hex(derive, "secret");
    KITH_AUTO(kith_buf) tree_from = vec_hex(tree, "secret");

    assert_ok(mls_expand_with_label(tools,
                                    &(mls_expand){.secret = kith_bytes_of_buf(&secret),
                                                  .label = text_of(expand, "label"),
                                                  .context = kith_bytes_of_buf(&context),
                                                  .len = vec_uint(expand, "length")},
                                    &out));
    assert_field(kith_bytes_of_secret(&out), expand, "out");
    assert_ok(
        mls_derive_secret(tools, kith_bytes_of_buf(&derive_from), text_of(derive, "label"), &out));
    assert_field(kith_bytes_of_secret(&out), derive, "out");
    assert_ok(mls_derive_tree_secret(
        tools,
        &(mls_tree_step){.secret = kith_bytes_of_buf(&tree_from),
                         .label = text_of(tree, "label"),
                         .generation = (uint32_t)vec_uint(tree, "generation"),
                         .len = vec_uint(tree, "length")},
        &out));
    assert_field(kith_bytes_of_secret(&out), tree, "out");
}

static void
check_signature(mls_tools tools, yyjson_val *sign)
{
    KITH_AUTO(kith_buf) private_key = vec_hex(sign, "priv");
    KITH_AUTO(kith_buf) public_key = vec_hex(sign, "pub");
    KITH_AUTO(kith_buf) content = vec_hex(sign, "content");
    KITH_AUTO(kith_buf) signature = vec_hex(sign, "signature");
    KITH_AUTO(kith_buf) fresh = {0};
    crypto_sign_key *key = NULL;
    const char *label = text_of(sign, "label");
    const kith_bytes pub = kith_bytes_of_buf(&public_key);

    assert_ok(mls_verify_with_label(tools, pub, label, CRYPTO_PARTS(kith_bytes_of_buf(&content)),
                                    kith_bytes_of_buf(&signature)));
    assert_ok(crypto_sign_key_import(tools.crypto, tools.suite->sign,
                                     kith_bytes_of_buf(&private_key), &key));
    assert_bytes(crypto_sign_key_public(key), pub);
    assert_ok(
        mls_sign_with_label(tools, key, label, CRYPTO_PARTS(kith_bytes_of_buf(&content)), &fresh));
    assert_ok(mls_verify_with_label(tools, pub, label, CRYPTO_PARTS(kith_bytes_of_buf(&content)),
                                    kith_bytes_of_buf(&fresh)));
    assert_int_equal(mls_verify_with_label(tools, pub, "Other",
                                           CRYPTO_PARTS(kith_bytes_of_buf(&content)),
                                           kith_bytes_of_buf(&fresh)),
                     KITH_ERR_REJECTED);
    crypto_sign_key_free(key);
}

static void
check_encryption(mls_tools tools, yyjson_val *encrypt)
{
    KITH_AUTO(kith_buf) private_key = vec_hex(encrypt, "priv");
    KITH_AUTO(kith_buf) public_key = vec_hex(encrypt, "pub");
    KITH_AUTO(kith_buf) context = vec_hex(encrypt, "context");
    KITH_AUTO(kith_buf) plaintext = vec_hex(encrypt, "plaintext");
    KITH_AUTO(kith_buf) kem_output = vec_hex(encrypt, "kem_output");
    KITH_AUTO(kith_buf) ciphertext = vec_hex(encrypt, "ciphertext");
    KITH_AUTO(kith_buf) opened = {0};
    KITH_AUTO(crypto_hpke_sealed) sealed = {0};
    mls_seal seal = {.key = kith_bytes_of_buf(&private_key),
                     .label = text_of(encrypt, "label"),
                     .context = kith_bytes_of_buf(&context),
                     .kem_output = kith_bytes_of_buf(&kem_output),
                     .text = kith_bytes_of_buf(&ciphertext)};

    assert_ok(mls_decrypt_with_label(tools, &seal, &opened));
    assert_bytes(kith_bytes_of_buf(&opened), kith_bytes_of_buf(&plaintext));
    seal.key = kith_bytes_of_buf(&public_key);
    seal.text = kith_bytes_of_buf(&plaintext);
    assert_ok(mls_encrypt_with_label(tools, crypto_rng(), &seal, &sealed));
    kith_buf_clear(&opened);
    seal.key = kith_bytes_of_buf(&private_key);
    seal.kem_output = kith_bytes_of_buf(&sealed.kem_output);
    seal.text = kith_bytes_of_buf(&sealed.ciphertext);
    assert_ok(mls_decrypt_with_label(tools, &seal, &opened));
    assert_bytes(kith_bytes_of_buf(&opened), kith_bytes_of_buf(&plaintext));
}

void
check_crypto_basics(vectors *v, mls_tools tools, yyjson_val *item)
{
    yyjson_val *ref = vec_get(item, "ref_hash");
    KITH_AUTO(kith_buf) value = vec_hex(ref, "value");
    mls_hash hash = {.len = mls_suite_hash_len(tools.suite)};

    (void)v;
    assert_ok(mls_ref_hash(tools, text_of(ref, "label"), kith_bytes_of_buf(&value), hash.bytes));
    assert_field(mls_hash_bytes(&hash), ref, "out");
    check_expansions(tools, item);
    check_signature(tools, vec_get(item, "sign_with_label"));
    check_encryption(tools, vec_get(item, "encrypt_with_label"));
}

/* ---- Key schedule ---- */

static void
check_epoch_secrets(mls_tools tools, yyjson_val *epoch, mls_secrets *secrets)
{
    const struct {
        const char *field;
        const kith_secret *secret;
    } rows[] = {{"init_secret", &secrets->init},
                {"sender_data_secret", &secrets->sender_data},
                {"encryption_secret", &secrets->encryption},
                {"exporter_secret", &secrets->exporter},
                {"epoch_authenticator", &secrets->authenticator},
                {"external_secret", &secrets->external},
                {"confirmation_key", &secrets->confirmation},
                {"membership_key", &secrets->membership},
                {"resumption_psk", &secrets->resumption}};
    KITH_AUTO(crypto_kem_pair) pair = {0};
    KITH_AUTO(kith_secret) exported = {0};
    yyjson_val *exporter = vec_get(epoch, "exporter");
    KITH_AUTO(kith_buf) context = vec_hex(exporter, "context");

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_field(kith_bytes_of_secret(rows[i].secret), epoch, rows[i].field);
    }
    assert_ok(crypto_kem_derive(tools.crypto, tools.suite->hpke.kem,
                                kith_bytes_of_secret(&secrets->external), &pair));
    assert_field(kith_bytes_of_buf(&pair.public_key), epoch, "external_pub");
    assert_ok(mls_export_secret(tools, kith_bytes_of_secret(&secrets->exporter),
                                &(mls_expand){.label = text_of(exporter, "label"),
                                              .context = kith_bytes_of_buf(&context),
                                              .len = vec_uint(exporter, "length")},
                                &exported));
    assert_field(kith_bytes_of_secret(&exported), exporter, "secret");
}

static void
check_epoch(mls_tools tools, yyjson_val *item, uint64_t number, yyjson_val *epoch,
            kith_secret *init)
{
    KITH_AUTO(kith_buf) group_id = vec_hex(item, "group_id");
    KITH_AUTO(kith_buf) tree_hash = vec_hex(epoch, "tree_hash");
    KITH_AUTO(kith_buf) confirmed = vec_hex(epoch, "confirmed_transcript_hash");
    KITH_AUTO(kith_buf) commit = vec_hex(epoch, "commit_secret");
    KITH_AUTO(kith_buf) psk = vec_hex(epoch, "psk_secret");
    KITH_AUTO(kith_buf) context = {0};
    KITH_AUTO(kith_secret) joiner = {0};
    KITH_AUTO(kith_secret) welcome = {0};
    KITH_AUTO(mls_secrets) secrets = {0};
    kith_writer w = kith_writer_of(&context);

    assert_ok(mls_group_context_encode(
        &w, &(mls_group_context){.suite = tools.suite_id,
                                 .group_id = kith_bytes_of_buf(&group_id),
                                 .epoch = number,
                                 .tree_hash = kith_bytes_of_buf(&tree_hash),
                                 .confirmed_transcript_hash = kith_bytes_of_buf(&confirmed)}));
    assert_field(kith_bytes_of_buf(&context), epoch, "group_context");
    assert_ok(mls_joiner_secret(tools, kith_bytes_of_secret(init), kith_bytes_of_buf(&commit),
                                kith_bytes_of_buf(&context), &joiner));
    assert_field(kith_bytes_of_secret(&joiner), epoch, "joiner_secret");
    assert_ok(mls_welcome_secret(tools, kith_bytes_of_secret(&joiner), kith_bytes_of_buf(&psk),
                                 &welcome));
    assert_field(kith_bytes_of_secret(&welcome), epoch, "welcome_secret");
    assert_ok(mls_secrets_derive(tools, kith_bytes_of_secret(&joiner), kith_bytes_of_buf(&psk),
                                 kith_bytes_of_buf(&context), &secrets));
    check_epoch_secrets(tools, epoch, &secrets);
    *init = secrets.init;
}

void
check_key_schedule(vectors *v, mls_tools tools, yyjson_val *item)
{
    KITH_AUTO(kith_buf) initial = vec_hex(item, "initial_init_secret");
    KITH_AUTO(kith_secret) init = {0};
    size_t i = 0;
    size_t n = 0;
    yyjson_val *epoch = NULL;

    (void)v;
    assert_ok(kith_secret_set(&init, kith_bytes_of_buf(&initial)));
    yyjson_arr_foreach(vec_get(item, "epochs"), i, n, epoch)
    {
        check_epoch(tools, item, i, epoch, &init);
    }
}

/* ---- Secret tree ---- */

static void
check_key(mls_secret_tree *tree, mls_key_id id, yyjson_val *entry)
{
    const bool handshake = id.chain == MLS_CHAIN_HANDSHAKE;
    KITH_AUTO(kith_buf) key = vec_hex(entry, handshake ? "handshake_key" : "application_key");
    KITH_AUTO(kith_buf) nonce = vec_hex(entry, handshake ? "handshake_nonce" : "application_nonce");
    KITH_AUTO(mls_message_key) found = {0};

    assert_ok(mls_secret_tree_find(tree, id, &found));
    assert_memory_equal(found.key, key.data, key.len);
    assert_memory_equal(found.nonce, nonce.data, nonce.len);
    assert_ok(mls_secret_tree_consume(tree, id));
    assert_int_equal(mls_secret_tree_find(tree, id, &found), KITH_ERR_EXISTS);
}

void
check_secret_tree(vectors *v, mls_tools tools, yyjson_val *item)
{
    KITH_AUTO(kith_buf) root = vec_hex(item, "encryption_secret");
    yyjson_val *leaves = vec_get(item, "leaves");
    const size_t count = yyjson_arr_size(leaves);
    kith_secret secret = {0};
    mls_secret_tree *tree = NULL;
    uint8_t top = 0;
    size_t i = 0;
    size_t n = 0;
    yyjson_val *leaf = NULL;

    (void)v;
    while ((size_t)1 << top < count) {
        top++;
    }
    assert_ok(kith_secret_set(&secret, kith_bytes_of_buf(&root)));
    assert_ok(mls_secret_tree_new(tools, &secret, top, &tree));
    yyjson_arr_foreach(leaves, i, n, leaf)
    {
        size_t k = 0;
        size_t m = 0;
        yyjson_val *entry = NULL;
        yyjson_arr_foreach(leaf, k, m, entry)
        {
            mls_key_id id = {.leaf_index = (uint32_t)i,
                             .generation = (uint32_t)vec_uint(entry, "generation")};
            for (int chain = MLS_CHAIN_HANDSHAKE; chain <= MLS_CHAIN_APPLICATION; chain++) {
                id.chain = (mls_chain)chain;
                check_key(tree, id, entry);
            }
        }
    }
    mls_secret_tree_free(tree);
}

/* ---- PSKs, transcript ---- */

void
check_psk_secret(vectors *v, mls_tools tools, yyjson_val *item)
{
    kith_buf fields[3 * MLS_PSKS_MAX] = {0};
    mls_psk_id ids[MLS_PSKS_MAX];
    kith_secret psks[MLS_PSKS_MAX];
    KITH_AUTO(kith_secret) out = {0};
    size_t i = 0;
    size_t n = 0;
    yyjson_val *psk = NULL;

    (void)v;
    assert_true(yyjson_arr_size(vec_get(item, "psks")) <= MLS_PSKS_MAX);
    yyjson_arr_foreach(vec_get(item, "psks"), i, n, psk)
    {
        fields[3 * i] = vec_hex(psk, "psk_id");
        fields[3 * i + 1] = vec_hex(psk, "psk_nonce");
        fields[3 * i + 2] = vec_hex(psk, "psk");
        ids[i] = (mls_psk_id){.type = MLS_PSK_EXTERNAL,
                              .psk_id = kith_bytes_of_buf(&fields[3 * i]),
                              .nonce = kith_bytes_of_buf(&fields[3 * i + 1])};
        assert_ok(kith_secret_set(&psks[i], kith_bytes_of_buf(&fields[3 * i + 2])));
    }
    assert_ok(mls_psk_secret(tools, ids, psks, n, &out));
    assert_field(kith_bytes_of_secret(&out), item, "psk_secret");
    for (i = 0; i < 3 * n; i++) {
        kith_buf_done(&fields[i]);
    }
}

void
check_transcript(vectors *v, mls_tools tools, yyjson_val *item)
{
    KITH_AUTO(kith_buf) bytes = vec_hex(item, "authenticated_content");
    KITH_AUTO(kith_buf) before = vec_hex(item, "interim_transcript_hash_before");
    KITH_AUTO(kith_buf) key = vec_hex(item, "confirmation_key");
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&bytes));
    uint16_t wire = 0;
    mls_framed_content content;
    mls_auth_data auth;
    mls_secrets secrets = {0};
    mls_hash confirmed = {0};
    mls_hash interim = {0};
    mls_hash tag = {0};

    (void)v;
    assert_ok(kith_read_u16(&r, &wire));
    const kith_reader from = r;
    assert_ok(mls_framed_content_decode(&r, &content));
    assert_int_equal(content.content_type, MLS_CONTENT_COMMIT);
    const kith_bytes content_bytes = kith_reader_since(&from, &r);
    assert_ok(mls_auth_data_decode(&r, MLS_CONTENT_COMMIT, &auth));
    assert_ok(kith_reader_finish(&r));
    assert_ok(mls_transcript_confirm(tools, kith_bytes_of_buf(&before),
                                     &(mls_transcript_input){.wire = wire,
                                                             .content = content_bytes,
                                                             .signature = auth.signature},
                                     &confirmed));
    assert_field(mls_hash_bytes(&confirmed), item, "confirmed_transcript_hash_after");
    assert_ok(
        mls_transcript_interim(tools, mls_hash_bytes(&confirmed), auth.confirmation_tag, &interim));
    assert_field(mls_hash_bytes(&interim), item, "interim_transcript_hash_after");
    assert_ok(kith_secret_set(&secrets.confirmation, kith_bytes_of_buf(&key)));
    assert_ok(mls_confirmation_tag(tools, &secrets, mls_hash_bytes(&confirmed), &tag));
    assert_bytes(mls_hash_bytes(&tag), auth.confirmation_tag);
}

/* ---- Tree math ---- */

/* A neighbour's index, or null where the vector has none. */
static void
assert_neighbour(yyjson_val *item, const char *key, size_t at, bool exists, uint32_t expected)
{
    yyjson_val *value = yyjson_arr_get(vec_get(item, key), at);

    assert_non_null(value);
    assert_int_equal(!yyjson_is_null(value), exists);
    if (exists) {
        assert_int_equal(yyjson_get_uint(value), expected);
    }
}

static void
check_node(yyjson_val *item, uint32_t index, uint8_t top)
{
    const uint8_t level = mls_index_level(index);
    const uint32_t first = mls_index_first(index);
    const uint32_t size = UINT32_C(1) << level;
    const bool has_parent = level < top;

    assert_int_equal(mls_index_of(first, level), index);
    assert_neighbour(item, "left", index, level > 0,
                     level > 0 ? mls_index_of(first, (uint8_t)(level - 1)) : 0);
    assert_neighbour(item, "right", index, level > 0,
                     level > 0 ? mls_index_of(first + size / 2, (uint8_t)(level - 1)) : 0);
    assert_neighbour(item, "parent", index, has_parent,
                     mls_index_of(first & ~size, (uint8_t)(level + 1)));
    assert_neighbour(item, "sibling", index, has_parent, mls_index_of(first ^ size, level));
}

void
check_tree_math(vectors *v, mls_tools tools, yyjson_val *item)
{
    const uint64_t leaves = vec_uint(item, "n_leaves");
    uint8_t top = 0;

    (void)v;
    (void)tools;
    assert_true(leaves <= UINT64_C(1) << MLS_LEVEL_MAX);
    while (UINT64_C(1) << top < leaves) {
        top++;
    }
    assert_int_equal(vec_uint(item, "n_nodes"), (UINT64_C(2) << top) - 1);
    assert_int_equal(vec_uint(item, "root"), mls_index_of(0, top));
    for (uint32_t index = 0; index < vec_uint(item, "n_nodes"); index++) {
        check_node(item, index, top);
    }
}

/* ---- Vector headers [RFC9420 §2.1.2] ---- */

void
check_deserialization(vectors *v, mls_tools tools, yyjson_val *item)
{
    KITH_AUTO(kith_buf) header = vec_hex(item, "vlbytes_header");
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&header));
    uint32_t length = 0;

    (void)v;
    (void)tools;
    assert_ok(kith_read_varint(&r, &length));
    assert_ok(kith_reader_finish(&r));
    assert_int_equal(length, vec_uint(item, "length"));
}
