/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target for everything that reads a whole message without a group. */
#include "mls/mls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const kith_bytes message = kith_bytes_of(data, len);
    mls_peek peek;
    kith_bytes ref;

    if (mls_message_peek(message, &peek) == KITH_OK && peek.wire == MLS_WIRE_WELCOME &&
        peek.welcome_count > 0 && mls_welcome_ref(message, 0, &ref) != KITH_OK) {
        __builtin_trap(); /* a Welcome that was counted can be read */
    }
    return 0;
}
