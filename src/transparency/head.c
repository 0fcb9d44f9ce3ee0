/* SPDX-License-Identifier: MPL-2.0 */
/* Signed heads between users, and evidence. The record: format 1, Configuration, both heads, the proof as a
 * vector with two bytes of length. */
#include "transparency/head.h"

#include <string.h>

#include "transparency/log_tree.h"
#include "transparency/suite.h"

#define EVIDENCE_FORMAT 1u

kith_err
kt_head_write(kith_writer *w, const kt_head *head)
{
    KITH_TRY(kith_write_u64(w, head->size));
    KITH_TRY(kt_hash_write(w, &head->root));
    return kith_write_bytes(w, KITH_BYTES(head->signature));
}

kith_err
kt_head_read(kith_reader *r, kt_head *out)
{
    kt_head head;
    kith_bytes signature;

    KITH_TRY(kith_read_u64(r, &head.size));
    KITH_ENSURE(head.size > 0 && head.size <= KT_SIZE_MAX, KITH_ERR_MALFORMED);
    KITH_TRY(kt_hash_read(r, &head.root));
    KITH_TRY(kith_read_bytes(r, KT_SIGNATURE_LEN, &signature));
    memcpy(head.signature, signature.data, KT_SIGNATURE_LEN);
    *out = head;
    return KITH_OK;
}

kith_err
kt_head_verify(const kt_client *client, const kt_head *head)
{
    KITH_AUTO(kith_buf) tbs = {0};

    KITH_ENSURE(head->size > 0 && head->size <= KT_SIZE_MAX, KITH_ERR_REJECTED);
    KITH_TRY(kt_head_write_tbs(&client->config, head->size, &head->root, &tbs));
    return kt_suite_verify(client->crypto, &client->config,
                           kt_config_signature_key(&client->config), kith_bytes_of_buf(&tbs),
                           KITH_BYTES(head->signature));
}

kith_err
kt_head_of_answer(const kt_client *client, const kt_view *view, kith_bytes response, kt_head *out)
{
    kith_reader r = kith_reader_of(response);
    kt_full_head full;
    kt_head head = {.size = view->size};

    KITH_TRY(kt_full_head_read(&r, client->config.mode, &full));
    KITH_ENSURE(full.is_updated, KITH_ERR_NOT_FOUND);
    KITH_ENSURE(full.tree.size == view->size && full.tree.signature.len == KT_SIGNATURE_LEN,
                KITH_ERR_REJECTED);
    KITH_TRY(kt_view_root(client->crypto, view, &head.root));
    memcpy(head.signature, full.tree.signature.data, KT_SIGNATURE_LEN);
    *out = head;
    return KITH_OK;
}

kt_relation
kt_head_compare(const kt_head *own, const kt_head *other)
{
    if (own->size != other->size) {
        return other->size > own->size ? KT_HEAD_NEWER : KT_HEAD_OLDER;
    }
    return kt_hash_equal(&own->root, &other->root) ? KT_HEAD_SAME : KT_HEAD_FORK;
}

/* Whether no tree has both heads. A root and its proof fix the roots of all smaller sizes, so a proof that
 * ends in the newer root and gives another older one excludes the older head. */
static kith_err
check_conflict(crypto *c, const kt_evidence *evidence)
{
    const kt_head *older = &evidence->older;
    const kt_head *newer = &evidence->newer;
    const kt_log_claim claim = {.batch = {.size = newer->size, .extra = older->size},
                                .elements = evidence->proof};
    kt_log_heads heads;

    if (older->size == newer->size) {
        KITH_ENSURE(evidence->proof.len == 0 && !kt_hash_equal(&older->root, &newer->root),
                    KITH_ERR_REJECTED);
        return KITH_OK;
    }
    KITH_ENSURE(older->size < newer->size, KITH_ERR_REJECTED);
    KITH_TRY(kt_log_evaluate(c, &claim, &heads));
    KITH_ENSURE(kt_hash_equal(&heads.root, &newer->root) &&
                    !kt_hash_equal(&heads.extra_root, &older->root),
                KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
check_evidence(crypto *c, const kt_evidence *evidence)
{
    const kt_client client = {.crypto = c, .config = evidence->config};

    KITH_TRY(kt_head_verify(&client, &evidence->older));
    KITH_TRY(kt_head_verify(&client, &evidence->newer));
    return check_conflict(c, evidence);
}

kith_err
kt_evidence_make(const kt_client *client, const kt_head *a, const kt_head *b, kith_bytes proof,
                 kith_buf *out)
{
    const bool is_ordered = a->size <= b->size;
    const kt_evidence evidence = {.config = client->config,
                                  .older = is_ordered ? *a : *b,
                                  .newer = is_ordered ? *b : *a,
                                  .proof = proof};
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);

    KITH_ENSURE(proof.len <= UINT16_MAX, KITH_ERR_REJECTED);
    KITH_TRY(check_evidence(client->crypto, &evidence));
    KITH_TRY(kith_write_u8(&w, EVIDENCE_FORMAT));
    KITH_TRY(kt_config_encode(&evidence.config, &draft));
    KITH_TRY(kt_head_write(&w, &evidence.older));
    KITH_TRY(kt_head_write(&w, &evidence.newer));
    KITH_TRY(kith_write_vec16(&w, proof));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

kith_err
kt_evidence_check(crypto *c, kith_bytes bytes, kt_evidence *out)
{
    kith_reader r = kith_reader_of(bytes);
    kt_evidence evidence;
    uint8_t format = 0;

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == EVIDENCE_FORMAT, KITH_ERR_MALFORMED);
    KITH_TRY(kt_config_decode(&r, &evidence.config));
    KITH_TRY(kt_head_read(&r, &evidence.older));
    KITH_TRY(kt_head_read(&r, &evidence.newer));
    KITH_TRY(kith_read_vec16(&r, &evidence.proof));
    KITH_TRY(kith_reader_finish(&r));
    KITH_TRY(check_evidence(c, &evidence));
    *out = evidence;
    return KITH_OK;
}
