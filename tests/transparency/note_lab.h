/* SPDX-License-Identifier: MPL-2.0 */
/* What the tests of notes, checkpoints and witnesses share: signers from seeds, and texts that are taken apart. */
#ifndef KITH_TESTS_TRANSPARENCY_NOTE_LAB_H
#define KITH_TESTS_TRANSPARENCY_NOTE_LAB_H

#include "transparency/lab.h"
#include "transparency/text.h"

/* A key pair with a name; free `sign` with signer_close. */
typedef struct named_signer {
    kt_note_key key;
    crypto_sign_key *sign;
} named_signer;

static inline named_signer
signer_open(crypto *c, kt_note_type type, const char *name, uint8_t seed)
{
    const crypto_sign_id id = type == KT_COSIGN_ML_DSA_44 ? CRYPTO_ML_DSA_44 : CRYPTO_ED25519;
    named_signer signer = {0};
    uint8_t bytes[32];

    memset(bytes, seed, sizeof bytes);
    assert_ok(crypto_sign_key_import(c, id, KITH_BYTES(bytes), &signer.sign));
    assert_ok(kt_note_key_make(c, type, kith_bytes_of_text(name),
                               crypto_sign_key_public(signer.sign), &signer.key));
    return signer;
}

static inline void
signer_close(named_signer *signer)
{
    crypto_sign_key_free(signer->sign);
}

static inline kt_signer
signer_of(named_signer *signer)
{
    return (kt_signer){.key = &signer->key, .sign = signer->sign};
}

/* Appends a checkpoint of the log and its signature. */
static inline void
write_checkpoint(crypto *c, named_signer *log, uint64_t size, const kt_hash *root, kith_buf *out)
{
    const kt_signer signer = signer_of(log);
    KITH_AUTO(kith_buf) text = {0};
    kt_checkpoint checkpoint;

    assert_ok(kt_checkpoint_text_write(kt_note_key_name(&log->key), size, root, &text));
    assert_ok(kt_checkpoint_text_decode(kith_bytes_of_buf(&text), &checkpoint));
    assert_ok(kith_buf_append(out, kith_bytes_of_buf(&text)));
    assert_ok(kt_text_write(out, "\n"));
    assert_ok(kt_checkpoint_sign(c, &signer, &checkpoint, 1, out));
}

/* Appends the cosignature of `witness` to a whole checkpoint. */
static inline void
add_cosignature(crypto *c, named_signer *witness, uint64_t time_s, kith_buf *note)
{
    const kt_signer signer = signer_of(witness);
    KITH_AUTO(kith_buf) line = {0};
    kt_checkpoint checkpoint;

    assert_ok(kt_checkpoint_decode(kith_bytes_of_buf(note), &checkpoint));
    assert_ok(kt_checkpoint_sign(c, &signer, &checkpoint, time_s, &line));
    assert_ok(kith_buf_append(note, kith_bytes_of_buf(&line)));
}

/* Where `text` begins in the buffer, for tests that change it there. */
static inline size_t
find_in(const kith_buf *buf, const char *text)
{
    const size_t len = strlen(text);

    for (size_t i = 0; i + len <= buf->len; i++) {
        if (memcmp(buf->data + i, text, len) == 0) {
            return i;
        }
    }
    fail_msg("there is no \"%s\"", text);
    return 0;
}

/* Replaces `text` by as many other bytes. */
static inline void
replace_in(kith_buf *buf, const char *text, const char *by)
{
    assert_int_equal(strlen(text), strlen(by));
    memcpy(buf->data + find_in(buf, text), by, strlen(by));
}

#endif
