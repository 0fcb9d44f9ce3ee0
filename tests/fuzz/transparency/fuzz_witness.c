/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target: the first byte chooses one of the texts of witnesses. What decodes is taken apart, checked against a known
 * key, and where there is an encoder encoded to the same bytes.
 */
#include <string.h>

#include "transparency/transparency.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

/* A key that signed nothing. */
static kt_note_key
make_key(crypto *c, kt_note_type type)
{
    static const uint8_t public_key[KT_NOTE_PUBLIC_MAX] = {9};
    const size_t len = type == KT_COSIGN_ML_DSA_44 ? 1312 : 32;
    kt_note_key key;

    must(kt_note_key_make(c, type, kith_bytes_of_text("a"), kith_bytes_of(public_key, len), &key) ==
         KITH_OK);
    return key;
}

static void
try_note(crypto *c, kith_bytes in)
{
    const kt_note_key key = make_key(c, KT_NOTE_ED25519);
    kt_note note;

    if (kt_note_decode(in, &note) == KITH_OK) {
        must(note.text.len + 1 + note.lines.len == in.len);
        must(kt_note_verify(c, &note, &key) != KITH_OK);
    }
}

static void
try_key(crypto *c, kith_bytes in)
{
    KITH_AUTO(kith_buf) again = {0};
    kt_note_key key;

    if (kt_note_key_decode(c, in, &key) == KITH_OK) {
        must(kt_note_key_encode(&key, &again) == KITH_OK);
        must(kith_bytes_equal(in, kith_bytes_of_buf(&again)));
    }
}

static void
try_checkpoint(crypto *c, kith_bytes in)
{
    static const kt_note_type types[] = {KT_NOTE_ED25519, KT_COSIGN_ED25519, KT_COSIGN_ML_DSA_44};
    kt_checkpoint checkpoint;

    if (kt_checkpoint_decode(in, &checkpoint) == KITH_OK) {
        for (size_t i = 0; i < 3; i++) {
            const kt_note_key key = make_key(c, types[i]);
            must(kt_checkpoint_verify(c, &checkpoint, &key, NULL) != KITH_OK);
        }
    }
}

static void
try_request(crypto *c, kith_bytes in)
{
    KITH_AUTO(kith_buf) again = {0};
    const kt_note_key key = make_key(c, KT_NOTE_ED25519);
    kt_verdict verdict = 0;
    kt_add_request request;

    if (kt_add_request_decode(in, &request) != KITH_OK) {
        return;
    }
    const kt_add_draft draft = {.old_size = request.old_size,
                                .proof =
                                    kith_bytes_of(request.proof, request.proof_count * KT_HASH_LEN),
                                .checkpoint = request.bytes};
    must(kt_add_request_encode(&draft, &again) == KITH_OK);
    must(kith_bytes_equal(in, kith_bytes_of_buf(&again)));
    const kt_known_log known = {.origin = request.checkpoint.origin, .keys = &key, .key_count = 1};
    must(kt_witness_judge(c, &known, &request, &verdict) == KITH_OK);
    must(verdict == KT_VERDICT_UNSIGNED);
}

static void
try_proof(crypto *c, kith_bytes in)
{
    KITH_AUTO(kith_buf) extra = {0};
    const kt_hash leaf = {{1}};
    kt_tlog_proof proof;

    if (kt_tlog_proof_decode(in, &proof) == KITH_OK) {
        must(kt_tlog_proof_extra(&proof, &extra) == KITH_OK);
        must(kt_tlog_proof_check(c, &proof, &leaf) == KITH_ERR_REJECTED);
    }
}

static void
try_view(crypto *c, kith_bytes in)
{
    KITH_AUTO(kith_buf) again = {0};
    kt_bridge_view view;
    kt_hash root;

    if (kt_bridge_view_decode(in, &view) == KITH_OK) {
        must(kt_bridge_view_encode(&view, &again) == KITH_OK);
        must(kith_bytes_equal(in, kith_bytes_of_buf(&again)));
        must(kt_merkle_edge_root(c, &view.bridge, &root) == KITH_OK);
    }
}

static void
try_tile(crypto *c, kith_bytes in)
{
    KITH_AUTO(kith_buf) again = {0};
    kt_tile tile;

    (void)c;
    if (kt_tile_path_decode(in, &tile) == KITH_OK) {
        must(kt_tile_path_encode(&tile, &again) == KITH_OK);
        must(kith_bytes_equal(in, kith_bytes_of_buf(&again)));
    }
}

static void (*const tries[])(crypto *c, kith_bytes in) = {
    try_note, try_key, try_checkpoint, try_request, try_proof, try_view, try_tile};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static crypto *c;

    if (len == 0 || (c == NULL && crypto_new(NULL, &c) != KITH_OK)) {
        return 0;
    }
    tries[data[0] % (sizeof tries / sizeof tries[0])](c, kith_bytes_of(data + 1, len - 1));
    return 0;
}
