/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target: messages; what this build can show, it can also say, and reads as the same. */
#include "content/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(content_message *message)
{
    KITH_AUTO(kith_buf) bytes = {0};
    content_message again;

    if (message->kind == CONTENT_REPORT || message->kind == CONTENT_CONTROL) {
        message->has_replaces = false; /* others may send these with them; Kith does not */
        message->has_reply = false;
    }
    const kith_err err = content_message_encode(&bytes, message);
    if (err == KITH_ERR_LIMIT) {
        return; /* our media type is longer than theirs */
    }
    if (err != KITH_OK || content_message_decode(kith_bytes_of_buf(&bytes), &again) != KITH_OK ||
        again.kind != message->kind || !kith_bytes_equal(again.body, message->body)) {
        __builtin_trap();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    content_message message;

    if (content_message_decode(kith_bytes_of(data, len), &message) == KITH_OK &&
        message.kind != CONTENT_OTHER) {
        check(&message);
    }
    return 0;
}
