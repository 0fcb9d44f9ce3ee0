/* SPDX-License-Identifier: MPL-2.0 */
/* add-checkpoint: requests, judgement, answers. */
#include "transparency/witness.h"

#include "transparency/text.h"

/* ---- Requests ---- */

kith_err
kt_add_request_decode(kith_bytes bytes, kt_add_request *out)
{
    kt_add_request request = {0};
    kith_reader r = kith_reader_of(bytes);
    kith_bytes line = {0};

    KITH_ENSURE(bytes.len <= KT_ADD_REQUEST_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kt_line_read(&r, &line));
    KITH_TRY(kt_line_after(line, "old ", &line));
    KITH_TRY(kt_decimal_read(line, &request.old_size));
    KITH_TRY(kt_hash_lines_read(&r, request.proof, &request.proof_count));
    request.bytes = kith_reader_peek(&r);
    KITH_TRY(kt_checkpoint_decode(request.bytes, &request.checkpoint));
    *out = request;
    return KITH_OK;
}

static kith_err
write_request(const kt_add_draft *draft, kith_buf *out)
{
    kith_reader r = kith_reader_of(draft->proof);
    kt_hash hash;

    KITH_TRY(kt_text_write(out, "old "));
    KITH_TRY(kt_decimal_write(out, draft->old_size));
    KITH_TRY(kt_text_write(out, "\n"));
    while (!kith_reader_done(&r)) {
        KITH_TRY(kt_hash_read(&r, &hash));
        KITH_TRY(kt_hash_line_write(out, &hash));
    }
    KITH_TRY(kt_text_write(out, "\n"));
    return kith_buf_append(out, draft->checkpoint);
}

kith_err
kt_add_request_encode(const kt_add_draft *draft, kith_buf *out)
{
    KITH_AUTO(kith_buf) request = {.alloc = out->alloc};

    KITH_ENSURE(draft->proof.len % KT_HASH_LEN == 0 &&
                    draft->proof.len / KT_HASH_LEN <= KT_MERKLE_PATH_MAX,
                KITH_ERR_INVALID);
    KITH_TRY(write_request(draft, &request));
    return kith_buf_append(out, kith_bytes_of_buf(&request));
}

/* ---- Judgement ---- */

/* Whether a known key signed. A bad signature of a known key outweighs a good one of another [C2SP-WITNESS]. */
static kith_err
check_signatures(crypto *c, const kt_known_log *log, const kt_checkpoint *checkpoint,
                 bool *is_signed)
{
    bool is_good = false;

    for (size_t i = 0; i < log->key_count; i++) {
        const kith_err err = kt_checkpoint_verify(c, checkpoint, &log->keys[i], NULL);
        if (err == KITH_ERR_REJECTED) {
            *is_signed = false;
            return KITH_OK;
        }
        KITH_ENSURE(err == KITH_OK || err == KITH_ERR_NOT_FOUND, err);
        is_good = is_good || err == KITH_OK;
    }
    *is_signed = is_good;
    return KITH_OK;
}

static kith_err
check_growth(crypto *c, const kt_known_log *log, const kt_add_request *request, bool *is_grown)
{
    const kt_checkpoint *checkpoint = &request->checkpoint;
    const kt_merkle_roots roots = {.smaller = log->root, .larger = checkpoint->root};
    const kith_bytes proof = kith_bytes_of(request->proof, request->proof_count * KT_HASH_LEN);
    kt_hash empty;

    if (checkpoint->size == 0) {
        KITH_TRY(kt_merkle_empty(c, &empty));
        *is_grown = request->proof_count == 0 && kt_hash_equal(&empty, &checkpoint->root);
        return KITH_OK;
    }
    const kt_merkle_span span = {.at = request->old_size, .size = checkpoint->size};
    const kith_err err = kt_merkle_check_growth(c, span, &roots, proof);
    KITH_ENSURE(err == KITH_OK || err == KITH_ERR_REJECTED, err);
    *is_grown = err == KITH_OK;
    return KITH_OK;
}

/* The order is that of the specification: who asks learns of the state only with a good signature. */
kith_err
kt_witness_judge(crypto *c, const kt_known_log *log, const kt_add_request *request, kt_verdict *out)
{
    bool is_signed = false;
    bool is_grown = false;

    if (log == NULL || !kith_bytes_equal(log->origin, request->checkpoint.origin)) {
        *out = KT_VERDICT_UNKNOWN;
        return KITH_OK;
    }
    KITH_TRY(check_signatures(c, log, &request->checkpoint, &is_signed));
    if (!is_signed) {
        *out = KT_VERDICT_UNSIGNED;
    } else if (request->old_size > request->checkpoint.size) {
        *out = KT_VERDICT_MALFORMED;
    } else if (request->old_size != log->size) {
        *out = KT_VERDICT_CONFLICT;
    } else {
        KITH_TRY(check_growth(c, log, request, &is_grown));
        *out = is_grown ? KT_VERDICT_COSIGN : KT_VERDICT_INCONSISTENT;
    }
    return KITH_OK;
}

/* ---- Answers ---- */

kith_err
kt_conflict_encode(uint64_t size, kith_buf *out)
{
    KITH_AUTO(kith_buf) body = {.alloc = out->alloc};

    KITH_TRY(kt_decimal_write(&body, size));
    KITH_TRY(kt_text_write(&body, "\n"));
    return kith_buf_append(out, kith_bytes_of_buf(&body));
}

kith_err
kt_conflict_decode(kith_bytes body, uint64_t *out)
{
    kith_reader r = kith_reader_of(body);
    kith_bytes line = {0};
    uint64_t size = 0;

    KITH_TRY(kt_line_read(&r, &line));
    KITH_TRY(kt_decimal_read(line, &size));
    KITH_TRY(kith_reader_finish(&r));
    *out = size;
    return KITH_OK;
}
