/* SPDX-License-Identifier: MPL-2.0 */
/* Log and SignedLog (docs/wire.md §10): form, making and checking. */
#include "proto/log.h"

#include <string.h>

#include "proto/internal.h"

enum { FORMAT = 1 };

static const char LOG_LABEL[] = "kith/1 log";

/* ---- Form ---- */

static kith_err
read_previous(kith_bytes previous, proto_log *log)
{
    kith_reader r = kith_reader_of(previous);

    KITH_ENSURE((log->generation == 1) == (previous.len == 0), KITH_ERR_MALFORMED);
    if (previous.len == 0) {
        return KITH_OK;
    }
    KITH_TRY(kith_read_copy(&r, log->previous_hash, sizeof log->previous_hash));
    log->reason = kith_reader_peek(&r);
    KITH_ENSURE(log->reason.len <= PROTO_LOG_REASON_MAX, KITH_ERR_LIMIT);
    return kith_utf8_is_valid(log->reason) ? KITH_OK : KITH_ERR_MALFORMED;
}

static kith_err
read_log(kith_reader *r, proto_log *log)
{
    kith_bytes previous = {0};
    uint8_t format = 0;

    KITH_TRY(kith_read_u8(r, &format));
    KITH_ENSURE(format == FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u32(r, &log->generation));
    KITH_ENSURE(log->generation > 0, KITH_ERR_MALFORMED);
    KITH_TRY(kith_read_vec16(r, &log->config));
    KITH_ENSURE(log->config.len > 0, KITH_ERR_MALFORMED);
    KITH_TRY(kith_read_vec16(r, &previous));
    return read_previous(previous, log);
}

kith_err
proto_log_decode(kith_bytes bytes, proto_log *out)
{
    const kith_reader start = kith_reader_of(bytes);
    kith_reader r = start;
    proto_log log = {0};

    KITH_ENSURE(bytes.len <= PROTO_LOG_BYTES_MAX, KITH_ERR_LIMIT);
    KITH_TRY(read_log(&r, &log));
    log.signed_part = kith_reader_since(&start, &r);
    KITH_TRY(kith_read_vec8(&r, &log.signature));
    KITH_ENSURE(log.signature.len > 0, KITH_ERR_MALFORMED);
    KITH_TRY(kith_reader_finish(&r));
    *out = log;
    return KITH_OK;
}

kith_err
proto_log_hash(crypto *c, kith_bytes bytes, uint8_t out[PROTO_ID_LEN])
{
    return crypto_sha256(c, bytes, out);
}

/* ---- Making ---- */

/* What the identity key signs: label and Log. */
static kith_err
sign_log(crypto *c, crypto_sign_key *identity, kith_bytes log, kith_buf *out)
{
    KITH_AUTO(kith_buf) claim = {.alloc = out->alloc};
    KITH_AUTO(kith_buf) signature = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_buf_append(&claim, kith_bytes_of_text(LOG_LABEL)));
    KITH_TRY(kith_buf_append(&claim, log));
    KITH_TRY(crypto_sign_with(c, identity, kith_bytes_of_buf(&claim), &signature));
    KITH_TRY(kith_write_bytes(&w, log));
    return kith_write_vec8(&w, kith_bytes_of_buf(&signature));
}

static kith_err
fill_previous(crypto *c, const proto_log_draft *draft, uint32_t *generation, kith_buf *out)
{
    uint8_t hash[PROTO_ID_LEN];
    proto_log before;

    KITH_ENSURE(draft->previous.len > 0 || draft->reason.len == 0, KITH_ERR_INVALID);
    *generation = 1;
    if (draft->previous.len == 0) {
        return KITH_OK;
    }
    KITH_TRY(proto_log_decode(draft->previous, &before));
    KITH_ENSURE(before.generation < UINT32_MAX, KITH_ERR_LIMIT);
    KITH_TRY(proto_log_hash(c, draft->previous, hash));
    *generation = before.generation + 1;
    KITH_TRY(kith_buf_append(out, KITH_BYTES(hash)));
    return kith_buf_append(out, draft->reason);
}

static kith_err
write_log(crypto *c, const proto_log_draft *draft, kith_buf *out)
{
    KITH_AUTO(kith_buf) previous = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(out);
    uint32_t generation = 0;

    KITH_TRY(fill_previous(c, draft, &generation, &previous));
    KITH_TRY(kith_write_u8(&w, FORMAT));
    KITH_TRY(kith_write_u32(&w, generation));
    KITH_TRY(kith_write_vec16(&w, draft->config));
    return kith_write_vec16(&w, kith_bytes_of_buf(&previous));
}

kith_err
proto_log_make(crypto *c, const proto_log_draft *draft, kith_buf *out)
{
    KITH_AUTO(kith_buf) log = {.alloc = out->alloc};
    KITH_AUTO(kith_buf) whole = {.alloc = out->alloc};
    proto_log made;

    KITH_TRY(write_log(c, draft, &log));
    KITH_TRY(sign_log(c, draft->identity, kith_bytes_of_buf(&log), &whole));
    KITH_TRY(proto_log_decode(kith_bytes_of_buf(&whole), &made));
    return kith_buf_append(out, kith_bytes_of_buf(&whole));
}

/* ---- Checking ---- */

kith_err
proto_log_check(crypto *c, kith_bytes bytes, kith_bytes server_key, proto_log *out)
{
    uint8_t room[sizeof LOG_LABEL + PROTO_LOG_BYTES_MAX];
    proto_log log;

    KITH_TRY(proto_log_decode(bytes, &log));
    const kith_bytes claim = proto_concat(
        room, sizeof room, CRYPTO_PARTS(kith_bytes_of_text(LOG_LABEL), log.signed_part));
    KITH_TRY(proto_verify(c, server_key, claim, log.signature));
    if (out != NULL) {
        *out = log;
    }
    return KITH_OK;
}
