/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target for saved groups and private blobs: damage is an error, never a crash. */
#include "mls/join.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static crypto *c = NULL;
    const kith_bytes blob = kith_bytes_of(data, len);
    mls_group *group = NULL;
    mls_private_package package;

    if (c == NULL && crypto_new(NULL, &c) != KITH_OK) {
        return 0;
    }
    const mls_env env = {.rng = *crypto_rng(), .crypto = c};
    if (mls_group_load(&env, blob, &group) == KITH_OK) {
        mls_group_free(group);
    }
    kith_ignore(mls_private_package_decode(blob, &package)); /* any outcome is fine */
    return 0;
}
