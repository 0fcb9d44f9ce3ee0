/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target for the decoders that need to be told something first, or that come after decryption. The first byte
 * chooses one. What decodes and can be encoded is the same bytes again.
 */
#include "mls/framing.h"
#include "mls/join.h"
#include "mls/secret_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

static void
must_be(const kith_buf *written, kith_bytes in, const kith_reader *r)
{
    must(kith_bytes_equal(kith_bytes_of_buf(written), kith_bytes_of(in.data, in.len - r->left)));
}

static void
fuzz_auth_data(kith_bytes in, uint8_t content_type)
{
    kith_reader r = kith_reader_of(in);
    mls_auth_data value;
    KITH_AUTO(kith_buf) again = {0};
    kith_writer w = kith_writer_of(&again);

    if (mls_auth_data_decode(&r, content_type, &value) == KITH_OK) {
        must(mls_auth_data_encode(&w, content_type, &value) == KITH_OK);
        must_be(&again, in, &r);
    }
}

static void
fuzz_content_body(kith_bytes in, uint8_t content_type)
{
    kith_reader r = kith_reader_of(in);
    kith_bytes body;
    KITH_AUTO(kith_buf) again = {0};
    kith_writer w = kith_writer_of(&again);

    if (mls_content_body_decode(&r, content_type, &body) == KITH_OK) {
        must(mls_content_body_encode(&w, content_type, body) == KITH_OK);
        must_be(&again, in, &r);
    }
}

static void
fuzz_secret_tree(kith_bytes in)
{
    static crypto *c = NULL;
    kith_reader r = kith_reader_of(in);
    mls_secret_tree *tree = NULL;
    KITH_AUTO(kith_buf) again = {0};
    kith_writer w = kith_writer_of(&again);
    mls_message_key key;

    if (c == NULL && crypto_new(NULL, &c) != KITH_OK) {
        return;
    }
    const mls_tools tools = {.crypto = c, .suite = mls_suite_find(MLS_SUITE_X25519_AES128_ED25519)};
    if (mls_secret_tree_decode(tools, &r, &tree) == KITH_OK) {
        must(mls_secret_tree_encode(tree, &w) == KITH_OK);
        must_be(&again, in, &r);
        kith_ignore(mls_secret_tree_find(tree, (mls_key_id){.generation = 3}, &key)); /* no crash */
        mls_secret_tree_free(tree);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    const uint8_t content_type = (uint8_t)(data[0] >> 3);
    const kith_bytes in = kith_bytes_of(data + 1, len - 1);
    mls_opened_content opened;
    mls_private_package package;
    kith_reader r = kith_reader_of(in);
    mls_hpke_ciphertext sealed;

    switch (data[0] & 7) {
    case 0:
        fuzz_auth_data(in, content_type);
        break;
    case 1:
        fuzz_content_body(in, content_type);
        break;
    case 2:
        kith_ignore(mls_private_content_decode(in, content_type, &opened)); /* no crash */
        break;
    case 3:
        kith_ignore(mls_private_package_decode(in, &package)); /* no crash */
        break;
    case 4:
        fuzz_secret_tree(in);
        break;
    case 5:
        kith_ignore(mls_hpke_ciphertext_decode(&r, &sealed)); /* no crash */
        break;
    default:
        kith_ignore(mls_ext_list_check(in)); /* no crash */
    }
    return 0;
}
