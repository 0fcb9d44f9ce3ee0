/* SPDX-License-Identifier: MPL-2.0 */
/* Links and linking codes (docs/wire.md §6, §9), and what both ends derive from a link's secret. */
#include "proto/link.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/internal.h"
#include "proto/text.h"

enum { VERSION = 1, CODE_VALUES = 1000000, DRAWS_MAX = 64 };

static const char SCHEME[] = "kith:";

/* ---- Links ---- */

void
proto_link_done(proto_link *link)
{
    if (link != NULL) {
        kith_wipe(link, sizeof *link);
    }
}

static kith_bytes
name_of(const proto_link *link)
{
    return kith_bytes_of(link->name, strnlen(link->name, sizeof link->name));
}

static kith_err
check_name(kith_bytes name)
{
    KITH_ENSURE(name.len <= PROTO_NAME_MAX, KITH_ERR_LIMIT);
    return kith_utf8_is_valid(name) ? KITH_OK : KITH_ERR_MALFORMED;
}

static kith_err
write_payload(kith_writer *w, const proto_link *in)
{
    KITH_TRY(kith_write_u8(w, VERSION));
    KITH_TRY(kith_write_u8(w, in->kind));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(in->server_key)));
    KITH_TRY(kith_write_bytes(w, KITH_BYTES(in->secret)));
    switch (in->kind) {
    case PROTO_LINK_OPERATOR:
        return KITH_OK;
    case PROTO_LINK_PERSON:
        KITH_TRY(check_name(name_of(in)));
        KITH_TRY(kith_write_bytes(w, KITH_BYTES(in->account_key)));
        return kith_write_vec8(w, name_of(in));
    case PROTO_LINK_DEVICE:
        return kith_write_u32(w, in->rendezvous);
    default:
        return KITH_ERR_MALFORMED;
    }
}

static kith_err
read_person(kith_reader *r, proto_link *out)
{
    kith_bytes name;

    KITH_TRY(kith_read_copy(r, out->account_key, sizeof out->account_key));
    KITH_TRY(kith_read_vec8(r, &name));
    KITH_TRY(check_name(name));
    if (name.len > 0) {
        memcpy(out->name, name.data, name.len);
    }
    return KITH_OK;
}

static kith_err
read_payload(kith_reader *r, proto_link *out)
{
    uint8_t version = 0;

    KITH_TRY(kith_read_u8(r, &version));
    KITH_ENSURE(version == VERSION, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u8(r, &out->kind));
    KITH_ENSURE(out->kind <= PROTO_LINK_DEVICE, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_copy(r, out->server_key, sizeof out->server_key));
    KITH_TRY(kith_read_copy(r, out->secret, sizeof out->secret));
    if (out->kind == PROTO_LINK_PERSON) {
        KITH_TRY(read_person(r, out));
    } else if (out->kind == PROTO_LINK_DEVICE) {
        KITH_TRY(kith_read_u32(r, &out->rendezvous));
    }
    return kith_reader_finish(r);
}

static kith_err
write_link(kith_buf *out, const proto_link *in)
{
    KITH_AUTO(kith_buf) payload = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&payload);

    KITH_TRY(write_payload(&w, in));
    KITH_TRY(kith_buf_append(out, kith_bytes_of_text(SCHEME)));
    KITH_TRY(proto_address_encode(out, &in->address));
    KITH_TRY(kith_buf_append(out, kith_bytes_of_text("/")));
    return kith_base64url_encode(kith_bytes_of_buf(&payload), out);
}

kith_err
proto_link_encode(kith_buf *out, const proto_link *in)
{
    const size_t mark = out->len;

    return proto_settle(out, mark, write_link(out, in));
}

static kith_err
read_link(kith_bytes text, proto_link *out)
{
    const size_t scheme = sizeof SCHEME - 1;
    KITH_AUTO(kith_buf) payload = {0};
    kith_bytes address;
    kith_bytes encoded;

    KITH_ENSURE(text.len <= PROTO_LINK_TEXT_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(text.len >= scheme && memcmp(text.data, SCHEME, scheme) == 0, KITH_ERR_MALFORMED);
    text = kith_bytes_of(text.data + scheme, text.len - scheme);
    KITH_ENSURE(proto_text_split(text, '/', &address, &encoded), KITH_ERR_MALFORMED);
    KITH_TRY(proto_address_decode(address, &out->address));
    KITH_TRY(kith_base64url_decode(encoded, &payload));
    kith_reader r = kith_reader_of(kith_bytes_of_buf(&payload));
    return read_payload(&r, out);
}

kith_err
proto_link_decode(kith_bytes text, proto_link *out)
{
    KITH_AUTO(proto_link) link = {0};

    KITH_TRY(read_link(text, &link));
    *out = link;
    return KITH_OK;
}

/* ---- Linking codes ---- */

void
proto_code_done(proto_code *code)
{
    if (code != NULL) {
        kith_wipe(code, sizeof *code);
    }
}

static kith_err
check_digits(kith_bytes digits)
{
    KITH_ENSURE(digits.len == PROTO_CODE_DIGITS, KITH_ERR_MALFORMED);
    for (size_t i = 0; i < digits.len; i++) {
        KITH_ENSURE(digits.data[i] >= '0' && digits.data[i] <= '9', KITH_ERR_MALFORMED);
    }
    return KITH_OK;
}

static kith_err
write_code(kith_buf *out, const proto_code *in)
{
    const kith_bytes digits = kith_bytes_of(in->digits, strnlen(in->digits, sizeof in->digits));
    char number[sizeof "4294967295-"];

    KITH_TRY(check_digits(digits));
    const int len = snprintf(number, sizeof number, "%" PRIu32 "-", in->number);
    KITH_TRY(kith_buf_append(out, kith_bytes_of(number, (size_t)len)));
    KITH_TRY(kith_buf_append(out, digits));
    KITH_TRY(kith_buf_append(out, kith_bytes_of_text("@")));
    return proto_address_encode(out, &in->address);
}

kith_err
proto_code_encode(kith_buf *out, const proto_code *in)
{
    const size_t mark = out->len;

    return proto_settle(out, mark, write_code(out, in));
}

kith_err
proto_code_decode(kith_bytes text, proto_code *out)
{
    KITH_AUTO(proto_code) code = {0};
    kith_bytes number;
    kith_bytes rest;
    kith_bytes digits;
    kith_bytes address;

    KITH_ENSURE(text.len <= PROTO_CODE_TEXT_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(proto_text_split(text, '-', &number, &rest), KITH_ERR_MALFORMED);
    KITH_ENSURE(proto_text_split(rest, '@', &digits, &address), KITH_ERR_MALFORMED);
    KITH_TRY(proto_text_number(number, UINT32_MAX, &code.number));
    KITH_TRY(check_digits(digits));
    memcpy(code.digits, digits.data, digits.len);
    KITH_TRY(proto_address_decode(address, &code.address));
    *out = code;
    return KITH_OK;
}

/* Values at the top of the range, which would make some codes likelier than others, are drawn again. */
kith_err
proto_code_digits(const kith_rng *rng, char out[PROTO_CODE_DIGITS + 1])
{
    const uint32_t fair = UINT32_MAX - UINT32_MAX % CODE_VALUES;
    uint32_t value = 0;

    for (int draw = 0; draw < DRAWS_MAX; draw++) {
        KITH_TRY(kith_rng_fill(rng, (uint8_t *)&value, sizeof value));
        if (value < fair) {
            snprintf(out, PROTO_CODE_DIGITS + 1, "%06" PRIu32, value % CODE_VALUES);
            kith_wipe(&value, sizeof value);
            return KITH_OK;
        }
    }
    return KITH_ERR_NO_RANDOM;
}

/* ---- From the secret of a link ---- */

static kith_err
derive(crypto *c, const uint8_t secret[PROTO_LINK_SECRET_LEN], const char *label, kith_secret *out)
{
    KITH_AUTO(kith_secret) prk = {0};

    KITH_TRY(crypto_hkdf_extract(c, CRYPTO_SHA256, (kith_bytes){0},
                                 kith_bytes_of(secret, PROTO_LINK_SECRET_LEN), &prk));
    const crypto_expand expand = {.prk = kith_bytes_of_secret(&prk),
                                  .info = CRYPTO_PARTS(kith_bytes_of_text(label)),
                                  .len = CRYPTO_SHA256_LEN};
    return crypto_hkdf_expand(c, CRYPTO_SHA256, &expand, out);
}

kith_err
proto_ticket(crypto *c, const uint8_t secret[PROTO_LINK_SECRET_LEN], uint8_t out[PROTO_ID_LEN])
{
    KITH_AUTO(kith_secret) ticket = {0};

    KITH_TRY(derive(c, secret, "kith/1 ticket", &ticket));
    memcpy(out, ticket.data, PROTO_ID_LEN);
    return KITH_OK;
}

kith_err
proto_proof_key(crypto *c, const uint8_t secret[PROTO_LINK_SECRET_LEN], kith_secret *out)
{
    return derive(c, secret, "kith/1 proof", out);
}

static const char *
role_text(proto_role role)
{
    return role == PROTO_ROLE_JOINER ? "joiner" : "inviter";
}

kith_err
proto_proof_make(crypto *c, const uint8_t secret[PROTO_LINK_SECRET_LEN], const proto_proof *in,
                 uint8_t out[PROTO_PROOF_LEN])
{
    KITH_AUTO(kith_secret) key = {0};

    KITH_TRY(proto_proof_key(c, secret, &key));
    return crypto_hmac(c, CRYPTO_SHA256, kith_bytes_of_secret(&key),
                       CRYPTO_PARTS(kith_bytes_of_text(role_text(in->role)), in->group_id,
                                    kith_bytes_of(in->joiner, PROTO_ID_LEN),
                                    kith_bytes_of(in->inviter, PROTO_ID_LEN)),
                       out);
}

kith_err
proto_proof_check(crypto *c, const uint8_t secret[PROTO_LINK_SECRET_LEN], const proto_proof *in,
                  kith_bytes proof)
{
    KITH_AUTO(kith_secret) key = {0};

    KITH_TRY(proto_proof_key(c, secret, &key));
    return crypto_hmac_verify(c, CRYPTO_SHA256, kith_bytes_of_secret(&key),
                              CRYPTO_PARTS(kith_bytes_of_text(role_text(in->role)), in->group_id,
                                           kith_bytes_of(in->joiner, PROTO_ID_LEN),
                                           kith_bytes_of(in->inviter, PROTO_ID_LEN)),
                              proof);
}
