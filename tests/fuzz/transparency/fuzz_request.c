/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target: hostile questions to a log: the first byte chooses which one, the rest is the request. It is answered or gets
 * an error that the header names, and never the one that says that the log is broken.
 */
#include "transparency/scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

static bool
is_named(kith_err err)
{
    return err == KITH_OK || err == KITH_ERR_MALFORMED || err == KITH_ERR_LIMIT ||
           err == KITH_ERR_UNSUPPORTED || err == KITH_ERR_NOT_FOUND || err == KITH_ERR_REJECTED;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static scene s;
    static crypto *c;
    KITH_AUTO(kith_buf) answer = {0};

    if (c == NULL) {
        must(crypto_new(NULL, &c) == KITH_OK);
        scene_open(&s, c, KT_SEARCH);
    }
    if (len > 0) {
        const kt_question question = (kt_question)(data[0] % KT_CONSISTENCY + 1);
        const kith_err err =
            kt_log_answer(s.w.log, question, kith_bytes_of(data + 1, len - 1), &answer);
        must(is_named(err) && (err == KITH_OK) == (answer.len > 0));
    }
    return 0;
}
