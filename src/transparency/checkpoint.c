/* SPDX-License-Identifier: MPL-2.0 */
/* Checkpoints and cosignatures. */
#include "transparency/checkpoint.h"

#include <string.h>

#include "transparency/text.h"

/* ---- Form ---- */

static kith_err
check_extensions(kith_reader r)
{
    kith_bytes line = {0};

    while (!kith_reader_done(&r)) {
        KITH_TRY(kt_line_read(&r, &line));
        KITH_ENSURE(line.len > 0, KITH_ERR_MALFORMED);
    }
    return KITH_OK;
}

kith_err
kt_checkpoint_text_decode(kith_bytes text, kt_checkpoint *out)
{
    kt_checkpoint checkpoint = {.note.text = text};
    kith_reader r = kith_reader_of(text);
    kith_bytes line = {0};

    KITH_ENSURE(text.len <= KT_NOTE_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(kt_text_is_clean(text), KITH_ERR_MALFORMED);
    KITH_TRY(kt_line_read(&r, &checkpoint.origin));
    KITH_ENSURE(checkpoint.origin.len > 0, KITH_ERR_MALFORMED);
    KITH_ENSURE(checkpoint.origin.len <= KT_NOTE_NAME_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kt_line_read(&r, &line));
    KITH_TRY(kt_decimal_read(line, &checkpoint.size));
    KITH_TRY(kt_line_read(&r, &line));
    KITH_TRY(kt_hash_line_read(line, &checkpoint.root));
    KITH_TRY(check_extensions(r));
    *out = checkpoint;
    return KITH_OK;
}

kith_err
kt_checkpoint_decode(kith_bytes bytes, kt_checkpoint *out)
{
    kt_checkpoint checkpoint;
    kt_note note;

    KITH_TRY(kt_note_decode(bytes, &note));
    KITH_TRY(kt_checkpoint_text_decode(note.text, &checkpoint));
    checkpoint.note = note;
    *out = checkpoint;
    return KITH_OK;
}

kith_err
kt_checkpoint_text_write(kith_bytes origin, uint64_t size, const kt_hash *root, kith_buf *out)
{
    KITH_AUTO(kith_buf) text = {.alloc = out->alloc};
    kt_checkpoint written;

    KITH_TRY(kith_buf_append(&text, origin));
    KITH_TRY(kt_text_write(&text, "\n"));
    KITH_TRY(kt_decimal_write(&text, size));
    KITH_TRY(kt_text_write(&text, "\n"));
    KITH_TRY(kt_hash_line_write(&text, root));
    KITH_TRY(kt_checkpoint_text_decode(kith_bytes_of_buf(&text), &written));
    KITH_ENSURE(written.origin.len == origin.len, KITH_ERR_MALFORMED);
    return kith_buf_append(out, kith_bytes_of_buf(&text));
}

/* ---- Signatures ---- */

static kith_err
write_v1_message(const kt_checkpoint *checkpoint, uint64_t time_s, kith_buf *out)
{
    KITH_TRY(kt_text_write(out, "cosignature/v1\ntime "));
    KITH_TRY(kt_decimal_write(out, time_s));
    KITH_TRY(kt_text_write(out, "\n"));
    return kith_buf_append(out, checkpoint->note.text);
}

/* cosigned_message; the tree from its first leaf on. */
static kith_err
write_subtree_message(const kt_checkpoint *checkpoint, const kt_note_key *key, uint64_t time_s,
                      kith_buf *out)
{
    static const uint8_t label[12] = "subtree/v1\n";
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(label)));
    KITH_TRY(kith_write_vec8(&w, kt_note_key_name(key)));
    KITH_TRY(kith_write_u64(&w, time_s));
    KITH_TRY(kith_write_vec8(&w, checkpoint->origin));
    KITH_TRY(kith_write_u64(&w, 0));
    KITH_TRY(kith_write_u64(&w, checkpoint->size));
    return kt_hash_write(&w, &checkpoint->root);
}

static kith_err
write_message(const void *ctx, const kt_note_key *key, uint64_t time_s, kith_buf *out)
{
    const kt_checkpoint *checkpoint = ctx;

    switch (key->type) {
    case KT_NOTE_ED25519:
        return kith_buf_append(out, checkpoint->note.text);
    case KT_COSIGN_ED25519:
        return write_v1_message(checkpoint, time_s, out);
    case KT_COSIGN_ML_DSA_44:
        return write_subtree_message(checkpoint, key, time_s, out);
    default:
        return KITH_ERR_UNSUPPORTED;
    }
}

kith_err
kt_checkpoint_verify(crypto *c, const kt_checkpoint *checkpoint, const kt_note_key *key,
                     uint64_t *time_s)
{
    const kt_note_claim claim = {write_message, checkpoint};
    uint64_t time = 0;

    KITH_TRY(kt_note_check(c, checkpoint->note.lines, key, &claim, &time));
    if (time_s != NULL) {
        *time_s = time;
    }
    return KITH_OK;
}

kith_err
kt_checkpoint_lines_verify(crypto *c, const kt_checkpoint *checkpoint, kith_bytes lines,
                           const kt_note_key *key, uint64_t *time_s)
{
    kt_checkpoint with_lines = *checkpoint;

    KITH_TRY(kt_note_lines_check(lines));
    with_lines.note.lines = lines;
    return kt_checkpoint_verify(c, &with_lines, key, time_s);
}

kith_err
kt_checkpoint_sign(crypto *c, const kt_signer *signer, const kt_checkpoint *checkpoint,
                   uint64_t time_s, kith_buf *out)
{
    const kt_note_claim claim = {write_message, checkpoint};

    /* The timestamp MUST NOT be zero [C2SP-WITNESS]. */
    KITH_ENSURE(time_s > 0 && time_s <= INT64_MAX, KITH_ERR_INVALID);
    return kt_note_sign(c, signer, &claim, time_s, out);
}

/* ---- A quorum ---- */

/* Whether an earlier key of the same name has cosigned, so that the witness is counted. */
static bool
is_counted(const kt_quorum *quorum, const bool *has_cosigned, size_t index)
{
    const kith_bytes name = kt_note_key_name(&quorum->witnesses[index]);

    for (size_t i = 0; i < index; i++) {
        if (has_cosigned[i] && kith_bytes_equal(kt_note_key_name(&quorum->witnesses[i]), name)) {
            return true;
        }
    }
    return false;
}

static kith_err
count_witnesses(crypto *c, const kt_quorum *quorum, const kt_checkpoint *checkpoint, size_t *out)
{
    bool has_cosigned[KT_QUORUM_MAX] = {false};
    size_t count = 0;

    for (size_t i = 0; i < quorum->witness_count; i++) {
        const kith_err err = kt_checkpoint_verify(c, checkpoint, &quorum->witnesses[i], NULL);
        KITH_ENSURE(err == KITH_OK || err == KITH_ERR_NOT_FOUND, err);
        has_cosigned[i] = err == KITH_OK;
        if (has_cosigned[i] && !is_counted(quorum, has_cosigned, i)) {
            count++;
        }
    }
    *out = count;
    return KITH_OK;
}

kith_err
kt_quorum_check(crypto *c, const kt_quorum *quorum, const kt_checkpoint *checkpoint, size_t *count)
{
    size_t found = 0;

    KITH_ENSURE(quorum->witness_count <= KT_QUORUM_MAX && quorum->needed <= quorum->witness_count,
                KITH_ERR_INVALID);
    KITH_ENSURE(kith_bytes_equal(checkpoint->origin, quorum->origin), KITH_ERR_REJECTED);
    const kith_err err = kt_checkpoint_verify(c, checkpoint, quorum->log, NULL);
    KITH_ENSURE(err != KITH_ERR_NOT_FOUND, KITH_ERR_REJECTED);
    KITH_TRY(err);
    KITH_TRY(count_witnesses(c, quorum, checkpoint, &found));
    KITH_ENSURE(found >= quorum->needed, KITH_ERR_NOT_FOUND);
    if (count != NULL) {
        *count = found;
    }
    return KITH_OK;
}
