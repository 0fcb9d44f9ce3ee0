/* SPDX-License-Identifier: MPL-2.0 */
/* Signed notes: form, signatures. */
#include "transparency/note.h"

#include <string.h>

#include "transparency/text.h"

#define DASH "\xe2\x80\x94 " /* U+2014 and a space */
#define ID_LEN 4u
#define TIME_LEN 8u

/* What is known of a type. */
typedef struct type_facts {
    crypto_sign_id algorithm;
    uint16_t public_len;
    bool has_time;
} type_facts;

static kith_err
facts_of(kt_note_type type, type_facts *out)
{
    switch (type) {
    case KT_NOTE_ED25519:
        *out = (type_facts){CRYPTO_ED25519, 32, false};
        return KITH_OK;
    case KT_COSIGN_ED25519:
        *out = (type_facts){CRYPTO_ED25519, 32, true};
        return KITH_OK;
    case KT_COSIGN_ML_DSA_44:
        *out = (type_facts){CRYPTO_ML_DSA_44, 1312, true};
        return KITH_OK;
    default:
        return KITH_ERR_UNSUPPORTED;
    }
}

/* ---- Keys ---- */

static uint32_t
read_id(const uint8_t bytes[ID_LEN])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

kith_err
kt_note_key_make(crypto *c, kt_note_type type, kith_bytes name, kith_bytes public_key,
                 kt_note_key *out)
{
    const uint8_t between[] = {'\n', (uint8_t)type};
    kt_note_key key = {.type = type};
    type_facts facts = {0};
    uint8_t hash[CRYPTO_SHA256_LEN];

    KITH_TRY(facts_of(type, &facts));
    KITH_ENSURE(name.len <= KT_NOTE_NAME_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(kt_text_is_name(name) && public_key.len == facts.public_len, KITH_ERR_MALFORMED);
    KITH_TRY(
        crypto_digest(c, CRYPTO_SHA256, CRYPTO_PARTS(name, KITH_BYTES(between), public_key), hash));
    key.id = read_id(hash);
    key.name_len = (uint8_t)name.len;
    memcpy(key.name, name.data, name.len);
    key.public_len = facts.public_len;
    memcpy(key.public_key, public_key.data, public_key.len);
    *out = key;
    return KITH_OK;
}

/* Cuts `rest` at the next plus. */
static kith_err
cut_at_plus(kith_bytes *rest, kith_bytes *out)
{
    const uint8_t *plus = rest->len > 0 ? memchr(rest->data, '+', rest->len) : NULL;

    KITH_ENSURE(plus != NULL, KITH_ERR_MALFORMED);
    const size_t len = (size_t)(plus - rest->data);
    *out = kith_bytes_of(rest->data, len);
    *rest = kith_bytes_of(plus + 1, rest->len - len - 1);
    return KITH_OK;
}

/* The id in the only form that is allowed: eight digits in lower case. */
static kith_err
check_id(kith_bytes digits, uint32_t id)
{
    KITH_AUTO(kith_buf) expected = {0};
    const uint8_t bytes[] = {(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
                             (uint8_t)id};

    KITH_TRY(kith_hex_encode(KITH_BYTES(bytes), &expected));
    return kith_bytes_equal(digits, kith_bytes_of_buf(&expected)) ? KITH_OK : KITH_ERR_MALFORMED;
}

kith_err
kt_note_key_decode(crypto *c, kith_bytes text, kt_note_key *out)
{
    KITH_AUTO(kith_buf) material = {0};
    kith_bytes name = {0};
    kith_bytes id = {0};
    kt_note_key key;

    KITH_TRY(cut_at_plus(&text, &name));
    KITH_TRY(cut_at_plus(&text, &id));
    KITH_ENSURE(text.len <= (KT_NOTE_PUBLIC_MAX + 1) * 2, KITH_ERR_MALFORMED);
    KITH_TRY(kt_base64_decode(text, &material));
    KITH_ENSURE(material.len > 0, KITH_ERR_MALFORMED);
    const kith_bytes public_key = kith_bytes_of(material.data + 1, material.len - 1);
    KITH_TRY(kt_note_key_make(c, (kt_note_type)material.data[0], name, public_key, &key));
    KITH_TRY(check_id(id, key.id));
    *out = key;
    return KITH_OK;
}

kith_err
kt_note_key_encode(const kt_note_key *key, kith_buf *out)
{
    KITH_AUTO(kith_buf) text = {.alloc = out->alloc};
    KITH_AUTO(kith_buf) material = {.alloc = out->alloc};
    KITH_AUTO(kith_buf) id = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&material);
    kith_writer id_writer = kith_writer_of(&id);

    KITH_TRY(kith_write_u8(&w, (uint8_t)key->type));
    KITH_TRY(kith_write_bytes(&w, kith_bytes_of(key->public_key, key->public_len)));
    KITH_TRY(kith_write_u32(&id_writer, key->id));
    KITH_TRY(kith_buf_append(&text, kt_note_key_name(key)));
    KITH_TRY(kt_text_write(&text, "+"));
    KITH_TRY(kith_hex_encode(kith_bytes_of_buf(&id), &text));
    KITH_TRY(kt_text_write(&text, "+"));
    KITH_TRY(kt_base64_encode(kith_bytes_of_buf(&material), &text));
    return kith_buf_append(out, kith_bytes_of_buf(&text));
}

kith_bytes
kt_note_key_name(const kt_note_key *key)
{
    return kith_bytes_of(key->name, key->name_len);
}

bool
kt_note_key_equal(const kt_note_key *a, const kt_note_key *b)
{
    return a->type == b->type && kith_bytes_equal(kt_note_key_name(a), kt_note_key_name(b)) &&
           kith_bytes_equal(kith_bytes_of(a->public_key, a->public_len),
                            kith_bytes_of(b->public_key, b->public_len));
}

/* ---- Form ---- */

/* The id is in the first six bytes, which are the first eight characters. */
static kith_err
read_base64_id(kith_bytes base64, uint32_t *out)
{
    KITH_AUTO(kith_buf) head = {0};
    size_t len = 0;

    KITH_TRY(kt_base64_len(base64, &len));
    KITH_ENSURE(len > ID_LEN, KITH_ERR_MALFORMED);
    KITH_TRY(kt_base64_decode(kith_bytes_of(base64.data, 8), &head));
    *out = read_id(head.data);
    return KITH_OK;
}

kith_err
kt_note_line_read(kith_reader *r, kt_note_line *out)
{
    kith_reader rest = *r;
    kt_note_line line = {0};
    kith_bytes bytes = {0};

    KITH_TRY(kt_line_read(&rest, &bytes));
    KITH_TRY(kt_line_after(bytes, DASH, &bytes));
    const uint8_t *space = bytes.len > 0 ? memchr(bytes.data, ' ', bytes.len) : NULL;
    KITH_ENSURE(space != NULL, KITH_ERR_MALFORMED);
    line.name = kith_bytes_of(bytes.data, (size_t)(space - bytes.data));
    line.base64 = kith_bytes_of(space + 1, bytes.len - line.name.len - 1);
    KITH_ENSURE(kt_text_is_name(line.name), KITH_ERR_MALFORMED);
    KITH_TRY(read_base64_id(line.base64, &line.id));
    line.whole = kith_reader_since(r, &rest);
    *r = rest;
    *out = line;
    return KITH_OK;
}

kith_err
kt_note_lines_check(kith_bytes lines)
{
    kith_reader r = kith_reader_of(lines);
    kt_note_line line;
    size_t count = 0;

    KITH_ENSURE(lines.len <= KT_NOTE_MAX, KITH_ERR_LIMIT);
    KITH_ENSURE(lines.len > 0 && kt_text_is_clean(lines), KITH_ERR_MALFORMED);
    while (!kith_reader_done(&r)) {
        KITH_TRY(kt_note_line_read(&r, &line));
        KITH_ENSURE(++count <= KT_NOTE_SIGNATURES_MAX, KITH_ERR_LIMIT);
    }
    return KITH_OK;
}

/* Where the last empty line begins. MALFORMED: there is none. */
static kith_err
find_last_gap(kith_bytes bytes, size_t *out)
{
    for (size_t at = bytes.len; at > 1; at--) {
        if (bytes.data[at - 1] == '\n' && bytes.data[at - 2] == '\n') {
            *out = at - 1;
            return KITH_OK;
        }
    }
    return KITH_ERR_MALFORMED;
}

kith_err
kt_note_decode(kith_bytes bytes, kt_note *out)
{
    size_t gap = 0;

    KITH_ENSURE(bytes.len <= KT_NOTE_MAX, KITH_ERR_LIMIT);
    KITH_TRY(find_last_gap(bytes, &gap));
    const kt_note note = {.text = kith_bytes_of(bytes.data, gap),
                          .lines = kith_bytes_of(bytes.data + gap + 1, bytes.len - gap - 1)};
    KITH_ENSURE(kt_text_is_clean(note.text), KITH_ERR_MALFORMED);
    KITH_TRY(kt_note_lines_check(note.lines));
    *out = note;
    return KITH_OK;
}

/* ---- Signatures ---- */

bool
kt_note_line_is_of(const kt_note_line *line, const kt_note_key *key)
{
    return line->id == key->id && kith_bytes_equal(line->name, kt_note_key_name(key));
}

/* One line of the key: REJECTED unless its signature is good. */
static kith_err
check_line(crypto *c, const kt_note_line *line, const kt_note_key *key, const kt_note_claim *claim,
           uint64_t *time_s)
{
    KITH_AUTO(kith_buf) bytes = {0};
    KITH_AUTO(kith_buf) message = {0};
    type_facts facts = {0};
    uint64_t time = 0;

    KITH_TRY(facts_of(key->type, &facts));
    KITH_TRY(kt_base64_decode(line->base64, &bytes));
    kith_reader r = kith_reader_of(kith_bytes_of(bytes.data + ID_LEN, bytes.len - ID_LEN));
    if (facts.has_time) {
        KITH_ENSURE(kith_read_u64(&r, &time) == KITH_OK && time <= INT64_MAX, KITH_ERR_REJECTED);
    }
    KITH_TRY(claim->write(claim->ctx, key, time, &message));
    const kith_err err =
        crypto_verify(c, facts.algorithm, kith_bytes_of(key->public_key, key->public_len),
                      kith_bytes_of_buf(&message), kith_reader_peek(&r));
    KITH_ENSURE(err != KITH_ERR_MALFORMED, KITH_ERR_REJECTED);
    KITH_TRY(err);
    *time_s = time;
    return KITH_OK;
}

kith_err
kt_note_check(crypto *c, kith_bytes lines, const kt_note_key *key, const kt_note_claim *claim,
              uint64_t *time_s)
{
    kith_reader r = kith_reader_of(lines);
    uint64_t newest = 0;
    bool is_found = false;

    while (!kith_reader_done(&r)) {
        kt_note_line line;
        uint64_t time = 0;
        KITH_TRY(kt_note_line_read(&r, &line));
        if (kt_note_line_is_of(&line, key)) {
            KITH_TRY(check_line(c, &line, key, claim, &time));
            is_found = true;
            newest = time > newest ? time : newest;
        }
    }
    KITH_ENSURE(is_found, KITH_ERR_NOT_FOUND);
    *time_s = newest;
    return KITH_OK;
}

static kith_err
write_text(const void *ctx, const kt_note_key *key, uint64_t time_s, kith_buf *out)
{
    const kt_note *note = ctx;

    (void)key;
    (void)time_s;
    return kith_buf_append(out, note->text);
}

kith_err
kt_note_verify(crypto *c, const kt_note *note, const kt_note_key *key)
{
    const kt_note_claim claim = {write_text, note};
    uint64_t time = 0;

    KITH_ENSURE(key->type == KT_NOTE_ED25519, KITH_ERR_UNSUPPORTED);
    return kt_note_check(c, note->lines, key, &claim, &time);
}

/* The bytes that a line has in base64: id, time, signature. */
static kith_err
make_signature(crypto *c, const kt_signer *signer, kith_bytes message, uint64_t time_s,
               kith_buf *out)
{
    kith_writer w = kith_writer_of(out);
    type_facts facts = {0};

    KITH_TRY(facts_of(signer->key->type, &facts));
    KITH_ENSURE(
        crypto_sign_key_id(signer->sign) == facts.algorithm &&
            kith_bytes_equal(crypto_sign_key_public(signer->sign),
                             kith_bytes_of(signer->key->public_key, signer->key->public_len)),
        KITH_ERR_INVALID);
    KITH_TRY(kith_write_u32(&w, signer->key->id));
    if (facts.has_time) {
        KITH_TRY(kith_write_u64(&w, time_s));
    }
    return crypto_sign_with(c, signer->sign, message, out);
}

kith_err
kt_note_sign(crypto *c, const kt_signer *signer, const kt_note_claim *claim, uint64_t time_s,
             kith_buf *out)
{
    KITH_AUTO(kith_buf) message = {.alloc = out->alloc};
    KITH_AUTO(kith_buf) bytes = {.alloc = out->alloc};
    KITH_AUTO(kith_buf) line = {.alloc = out->alloc};

    KITH_TRY(claim->write(claim->ctx, signer->key, time_s, &message));
    KITH_TRY(make_signature(c, signer, kith_bytes_of_buf(&message), time_s, &bytes));
    KITH_TRY(kt_text_write(&line, DASH));
    KITH_TRY(kith_buf_append(&line, kt_note_key_name(signer->key)));
    KITH_TRY(kt_text_write(&line, " "));
    KITH_TRY(kt_base64_encode(kith_bytes_of_buf(&bytes), &line));
    KITH_TRY(kt_text_write(&line, "\n"));
    return kith_buf_append(out, kith_bytes_of_buf(&line));
}
