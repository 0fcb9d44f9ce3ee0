/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target for ratchet trees from outside: decode, encode again, hash, check. */
#include "mls/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static crypto *c = NULL;
    mls_tree tree = {0};
    KITH_AUTO(kith_buf) again = {0};
    uint8_t hash[CRYPTO_HASH_MAX];

    if (c == NULL && crypto_new(NULL, &c) != KITH_OK) {
        return 0;
    }
    const mls_tools tools = {.crypto = c, .suite = mls_suite_find(MLS_SUITE_X25519_AES128_ED25519)};
    const kith_bytes bytes = kith_bytes_of(data, len);
    if (mls_tree_decode(tools, bytes, &tree) != KITH_OK) {
        return 0;
    }
    if (mls_tree_encode(&tree, &again) != KITH_OK ||
        !kith_bytes_equal(kith_bytes_of_buf(&again), bytes)) {
        __builtin_trap();
    }
    kith_ignore(mls_tree_hash(&tree, hash)); /* any outcome is fine, a crash is not */
    kith_ignore(mls_tree_check(&tree));
    mls_tree_done(&tree);
    return 0;
}
