/* SPDX-License-Identifier: MPL-2.0 */
/* Proofs that stand for themselves. */
#include "transparency/tlog_proof.h"

#include "transparency/text.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1"

/* The line of extra data, if it is one; `*line` then becomes the next. */
static kith_err
read_extra(kith_reader *r, kith_bytes *line, kith_bytes *out)
{
    kith_bytes extra = {0};
    size_t len = 0;

    if (kt_line_after(*line, "extra ", &extra) != KITH_OK) {
        return KITH_OK;
    }
    KITH_TRY(kt_base64_len(extra, &len));
    KITH_ENSURE(len > 0, KITH_ERR_MALFORMED);
    KITH_ENSURE(len <= KT_TLOG_EXTRA_MAX, KITH_ERR_LIMIT);
    *out = extra;
    return kt_line_read(r, line);
}

kith_err
kt_tlog_proof_decode(kith_bytes bytes, kt_tlog_proof *out)
{
    kt_tlog_proof proof = {0};
    kith_reader r = kith_reader_of(bytes);
    kith_bytes line = {0};

    KITH_ENSURE(bytes.len <= KT_TLOG_PROOF_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kt_line_read(&r, &line));
    KITH_ENSURE(kith_bytes_equal(line, kith_bytes_of_text(FIRST_LINE)), KITH_ERR_MALFORMED);
    KITH_TRY(kt_line_read(&r, &line));
    KITH_TRY(read_extra(&r, &line, &proof.extra));
    KITH_TRY(kt_line_after(line, "index ", &line));
    KITH_TRY(kt_decimal_read(line, &proof.index));
    KITH_TRY(kt_hash_lines_read(&r, proof.path, &proof.count));
    KITH_TRY(kt_checkpoint_decode(kith_reader_peek(&r), &proof.checkpoint));
    *out = proof;
    return KITH_OK;
}

kith_err
kt_tlog_proof_extra(const kt_tlog_proof *proof, kith_buf *out)
{
    return kt_base64_decode(proof->extra, out);
}

static kith_err
write_proof(const kt_tlog_draft *draft, kith_buf *out)
{
    kith_reader r = kith_reader_of(draft->path);
    kt_hash hash;

    KITH_TRY(kt_text_write(out, FIRST_LINE "\n"));
    if (draft->extra.len > 0) {
        KITH_TRY(kt_text_write(out, "extra "));
        KITH_TRY(kt_base64_encode(draft->extra, out));
        KITH_TRY(kt_text_write(out, "\n"));
    }
    KITH_TRY(kt_text_write(out, "index "));
    KITH_TRY(kt_decimal_write(out, draft->index));
    KITH_TRY(kt_text_write(out, "\n"));
    while (!kith_reader_done(&r)) {
        KITH_TRY(kt_hash_read(&r, &hash));
        KITH_TRY(kt_hash_line_write(out, &hash));
    }
    KITH_TRY(kt_text_write(out, "\n"));
    return kith_buf_append(out, draft->checkpoint);
}

kith_err
kt_tlog_proof_encode(const kt_tlog_draft *draft, kith_buf *out)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = out->alloc};
    kt_tlog_proof proof;

    KITH_TRY(write_proof(draft, &bytes));
    KITH_TRY(kt_tlog_proof_decode(kith_bytes_of_buf(&bytes), &proof));
    return kith_buf_append(out, kith_bytes_of_buf(&bytes));
}

kith_err
kt_tlog_proof_check(crypto *c, const kt_tlog_proof *proof, const kt_hash *leaf)
{
    const kt_merkle_span span = {.at = proof->index, .size = proof->checkpoint.size};

    return kt_merkle_check_leaf(c, span, leaf,
                                kith_bytes_of(proof->path, proof->count * KT_HASH_LEN),
                                &proof->checkpoint.root);
}
