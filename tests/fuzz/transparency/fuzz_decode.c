/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target: the first byte chooses one of the structures of the log's protocol or of what its users retain. What decodes
 * is encoded to the same bytes; where a record is checked, it proves nothing.
 */
#include "transparency/encoding.h"
#include "transparency/transparency.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

/* What was read and what was made of it are the same bytes. */
static void
compare(const kith_reader *from, const kith_reader *to, const kith_buf *again)
{
    must(kith_bytes_equal(kith_reader_since(from, to), kith_bytes_of_buf(again)));
}

static void
try_config(kith_reader r)
{
    KITH_AUTO(kith_buf) again = {0};
    const kith_reader from = r;
    kt_config config;

    if (kt_config_decode(&r, &config) == KITH_OK) {
        must(kt_config_encode(&config, &again) == KITH_OK);
        compare(&from, &r, &again);
    }
}

static void
try_view(kith_reader r)
{
    KITH_AUTO(kith_buf) again = {0};
    const kith_reader from = r;
    kt_view view;

    if (kt_view_decode(&r, &view) == KITH_OK) {
        must(kt_view_encode(&view, &again) == KITH_OK);
        compare(&from, &r, &again);
    }
}

static void
try_watch(kith_reader r)
{
    KITH_AUTO(kith_buf) again = {0};
    KITH_AUTO(kt_watch) watch = {0};
    const kith_reader from = r;

    if (kt_watch_decode(&r, &watch) == KITH_OK) {
        must(kt_watch_encode(&watch, &again) == KITH_OK);
        compare(&from, &r, &again);
    }
}

static void
try_head(kith_reader r)
{
    KITH_AUTO(kith_buf) again = {0};
    kith_writer w = kith_writer_of(&again);
    const kith_reader from = r;
    kt_head head;

    if (kt_head_read(&r, &head) == KITH_OK) {
        must(kt_head_write(&w, &head) == KITH_OK);
        compare(&from, &r, &again);
    }
}

static void
try_full_head(kith_reader r)
{
    KITH_AUTO(kith_buf) again = {0};
    kith_writer w = kith_writer_of(&again);
    const kith_reader from = r;
    kt_full_head head;

    if (kt_full_head_read(&r, KT_THIRD_PARTY_AUDITING, &head) == KITH_OK) {
        must(kt_full_head_write(&w, KT_THIRD_PARTY_AUDITING, &head) == KITH_OK);
        compare(&from, &r, &again);
    }
}

static void
try_combined_proof(kith_reader r)
{
    KITH_AUTO(kith_buf) again = {0};
    kith_writer w = kith_writer_of(&again);
    const kith_reader from = r;
    kt_combined_proof proof;

    if (kt_combined_proof_read(&r, &proof) == KITH_OK) {
        must(kt_combined_proof_write(&w, &proof) == KITH_OK);
        compare(&from, &r, &again);
    }
}

static void
try_step(kith_reader r)
{
    KITH_AUTO(kith_buf) again = {0};
    kith_writer w = kith_writer_of(&again);
    const kith_reader from = r;
    kt_step step;

    if (kt_step_read(&r, KT_PROOF_LEN, &step) == KITH_OK) {
        must(kt_step_write(&w, &step) == KITH_OK);
        compare(&from, &r, &again);
    }
}

static void
try_request(kith_reader r)
{
    KITH_AUTO(kith_buf) again = {0};
    kt_request request;
    uint8_t question = 0;

    if (kith_read_u8(&r, &question) != KITH_OK) {
        return;
    }
    const kith_bytes bytes = kith_reader_peek(&r);
    if (kt_request_decode((kt_question)(question % KT_CONSISTENCY + 1), bytes, &request) ==
        KITH_OK) {
        must(kt_request_encode(&request, &again) == KITH_OK);
        must(kith_bytes_equal(bytes, kith_bytes_of_buf(&again)));
    }
}

static void
try_evidence(kith_reader r)
{
    static crypto *c;
    kt_evidence evidence;

    if (c == NULL && crypto_new(NULL, &c) != KITH_OK) {
        return;
    }
    must(kt_evidence_check(c, kith_reader_peek(&r), &evidence) != KITH_OK);
}

static void
try_credential(kith_reader r)
{
    static kt_client client = {.config = {.mode = KT_CONTACT_MONITORING}};
    const kt_heads heads = {.items = {{.position = 7}}, .count = 1};
    kt_credential credential;

    if (client.crypto == NULL && crypto_new(NULL, &client.crypto) != KITH_OK) {
        return;
    }
    must(kt_credential_check(&client, &heads, kith_reader_peek(&r), &credential) != KITH_OK);
}

/* The first entry of a log, as an auditor is told of it. */
static void
try_audit(kith_reader r)
{
    static crypto *c;
    KITH_AUTO(kith_buf) bytes = {0};
    kt_audit audit = {.size = 0};
    kt_audit again;

    if ((c == NULL && crypto_new(NULL, &c) != KITH_OK) ||
        kt_audit_apply(c, kith_reader_peek(&r), &audit) != KITH_OK) {
        return;
    }
    must(audit.size == 1 && kt_audit_encode(&audit, &bytes) == KITH_OK);
    kith_reader encoded = kith_reader_of(kith_bytes_of_buf(&bytes));
    must(kt_audit_decode(&encoded, &again) == KITH_OK && kith_reader_done(&encoded));
}

static void
try_audit_state(kith_reader r)
{
    KITH_AUTO(kith_buf) again = {0};
    const kith_reader from = r;
    kt_audit audit;

    if (kt_audit_decode(&r, &audit) == KITH_OK) {
        must(kt_audit_encode(&audit, &again) == KITH_OK);
        compare(&from, &r, &again);
    }
}

static void (*const tries[])(kith_reader r) = {
    try_config, try_view,    try_watch,    try_head,       try_full_head, try_combined_proof,
    try_step,   try_request, try_evidence, try_credential, try_audit,     try_audit_state};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > 0) {
        tries[data[0] % (sizeof tries / sizeof tries[0])](
            kith_reader_of(kith_bytes_of(data + 1, len - 1)));
    }
    return 0;
}
