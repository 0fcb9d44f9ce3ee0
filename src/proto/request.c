/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The bodies of requests, answers and pushes (docs/wire.md §2). Each body is a table of its fields in wire
 * order; one reader and one writer go through the tables. What a table cannot say is a check beside it.
 */
#include "proto/request.h"

#include <string.h>

#include "proto/frame.h"
#include "proto/internal.h"
#include "proto/limits.h"

/* ---- Types and codes ---- */

bool
proto_type_is_request(uint8_t type)
{
    switch (type) {
#define CASE(constant, number, name) case constant:
        PROTO_REQUESTS(CASE)
        return true;
    default:
        return false;
    }
}

bool
proto_type_is_push(uint8_t type)
{
    switch (type) {
        PROTO_PUSHES(CASE)
#undef CASE
        return true;
    default:
        return false;
    }
}

const char *
proto_type_name(uint8_t type)
{
    const uint8_t asked = (uint8_t)(type & ~PROTO_ANSWER);

    if (type == PROTO_ERROR) {
        return "ERROR";
    }
    switch (proto_type_is_request(asked) ? asked : type) {
#define CASE(constant, number, name)                                                               \
    case constant:                                                                                 \
        return name;
        PROTO_REQUESTS(CASE)
        PROTO_PUSHES(CASE)
#undef CASE
    default:
        return "?";
    }
}

/* The place in the table is the number on the wire. */
static const kith_err codes[] = {
    KITH_OK,
    KITH_ERR_MALFORMED,
    KITH_ERR_REJECTED,
    KITH_ERR_UNSUPPORTED,
    KITH_ERR_LIMIT,
    KITH_ERR_NOT_FOUND,
    KITH_ERR_EXISTS,
    KITH_ERR_CONFLICT,
    KITH_ERR_OUT_OF_STEP,
    KITH_ERR_DENIED,
    KITH_ERR_BUSY,
    KITH_ERR_STORE,
};
enum { CODES = sizeof codes / sizeof codes[0] };

uint8_t
proto_code_of(kith_err err)
{
    size_t busy = 0;

    for (size_t code = 1; code < CODES; code++) {
        if (codes[code] == err) {
            return (uint8_t)code;
        }
        busy = codes[code] == KITH_ERR_BUSY ? code : busy;
    }
    return (uint8_t)busy;
}

kith_err
proto_code_err(uint8_t code)
{
    return code > 0 && code < CODES ? codes[code] : KITH_ERR_UNSUPPORTED;
}

/* ---- Lists inside bodies ---- */

kith_err
proto_blob_append(kith_buf *out, kith_bytes blob)
{
    kith_writer w = kith_writer_of(out);

    KITH_ENSURE(blob.len > 0, KITH_ERR_LIMIT);
    return kith_write_vec16(&w, blob);
}

kith_err
proto_blob_next(kith_reader *r, kith_bytes *out)
{
    kith_reader at = *r;
    kith_bytes blob;

    KITH_TRY(kith_read_vec16(&at, &blob));
    KITH_ENSURE(blob.len > 0, KITH_ERR_MALFORMED);
    *r = at;
    *out = blob;
    return KITH_OK;
}

kith_err
proto_package_append(kith_buf *out, const proto_package *package)
{
    const size_t mark = out->len;
    kith_writer w = kith_writer_of(out);

    KITH_ENSURE(package->key_package.len <= PROTO_KP_BYTES_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(package->device_id)));
    return proto_settle(out, mark, proto_blob_append(out, package->key_package));
}

kith_err
proto_package_next(kith_reader *r, proto_package *out)
{
    kith_reader at = *r;
    proto_package package;

    KITH_TRY(kith_read_copy(&at, package.device_id, sizeof package.device_id));
    KITH_TRY(proto_blob_next(&at, &package.key_package));
    KITH_ENSURE(package.key_package.len <= PROTO_KP_BYTES_MAX, KITH_ERR_LIMIT);
    *r = at;
    *out = package;
    return KITH_OK;
}

static kith_err
check_blobs(kith_bytes list, size_t count_max, size_t bytes_max)
{
    kith_reader r = kith_reader_of(list);
    size_t count = 0;

    while (!kith_reader_done(&r)) {
        kith_bytes blob;
        KITH_ENSURE(++count <= count_max, KITH_ERR_LIMIT);
        KITH_TRY(proto_blob_next(&r, &blob));
        KITH_ENSURE(blob.len <= bytes_max, KITH_ERR_LIMIT);
    }
    return KITH_OK;
}

static kith_err
check_lists(kith_bytes list)
{
    return check_blobs(list, PROTO_LISTS_MAX, PROTO_LIST_BYTES_MAX);
}

static kith_err
check_one_time(kith_bytes list)
{
    return check_blobs(list, PROTO_KP_PUT_MAX, PROTO_KP_BYTES_MAX);
}

static kith_err
check_device_ids(kith_bytes list)
{
    return list.len % PROTO_DEVICE_ID_LEN == 0 ? KITH_OK : KITH_ERR_MALFORMED;
}

static kith_err
check_packages(kith_bytes list)
{
    kith_reader r = kith_reader_of(list);
    size_t count = 0;

    while (!kith_reader_done(&r)) {
        proto_package package;
        KITH_ENSURE(++count <= PROTO_DEVICES_MAX, KITH_ERR_LIMIT);
        KITH_TRY(proto_package_next(&r, &package));
    }
    return KITH_OK;
}

/* ---- Tables ---- */

typedef enum form { NUMBER, FLAG, COPY, VEC_16, VEC_32 } form;

typedef struct field {
    form form;
    size_t at; /* in the struct */
    size_t size; /* of a number or copy */
    size_t min; /* and max: bytes of a vector */
    size_t max;
    kith_err (*check)(kith_bytes content); /* of a vector; may be NULL */
} field;

typedef struct body {
    const field *fields;
    size_t count;
    kith_err (*check)(const void *in); /* of the fields together; may be NULL */
} body;

#define SIZE_OF(type, member) sizeof(((proto_##type *)NULL)->member)
#define PLAIN(form, type, member) {form, offsetof(proto_##type, member), SIZE_OF(type, member)}
#define NUM(type, member) PLAIN(NUMBER, type, member)
#define BOOL(type, member) PLAIN(FLAG, type, member)
#define ID(type, member) PLAIN(COPY, type, member)
#define VEC16(type, member, min, max) {VEC_16, offsetof(proto_##type, member), 0, min, max}
#define VEC32(type, member, min, max) {VEC_32, offsetof(proto_##type, member), 0, min, max}
#define LIST16(type, member, max, check) {VEC_16, offsetof(proto_##type, member), 0, 0, max, check}
#define LIST32(type, member, max, check) {VEC_32, offsetof(proto_##type, member), 0, 0, max, check}
#define BODY_WITH(type, check, ...)                                                                \
    static const field type##_fields[] = {__VA_ARGS__};                                            \
    static const body type##_body = {type##_fields, sizeof type##_fields / sizeof(field), check};
#define BODY(type, ...) BODY_WITH(type, NULL, __VA_ARGS__)

static kith_err
check_hello(const void *in)
{
    const proto_hello *hello = in;

    return hello->version_min <= hello->version_max ? KITH_OK : KITH_ERR_MALFORMED;
}

static kith_err
check_append(const void *in)
{
    static const uint8_t zeros[PROTO_ID_LEN];
    const proto_conv_append *append = in;

    KITH_ENSURE(append->kind <= PROTO_ENTRY_PROPOSAL, KITH_ERR_MALFORMED);
    if (append->kind == PROTO_ENTRY_COMMIT) {
        return KITH_OK;
    }
    KITH_ENSURE(append->parent == 0 && append->readers == 0, KITH_ERR_MALFORMED);
    return memcmp(append->next_token_hash, zeros, sizeof zeros) == 0 ? KITH_OK : KITH_ERR_MALFORMED;
}

static kith_err
check_entry(const void *in)
{
    const proto_entry *entry = in;

    return entry->kind <= PROTO_ENTRY_PROPOSAL ? KITH_OK : KITH_ERR_MALFORMED;
}

static kith_err
check_error(const void *in)
{
    const proto_error *error = in;

    return error->code > 0 ? KITH_OK : KITH_ERR_MALFORMED;
}

BODY_WITH(hello, check_hello, NUM(hello, version_min), NUM(hello, version_max))
BODY(hello_answer, NUM(hello_answer, version), NUM(hello_answer, server_time_ms),
     NUM(hello_answer, frame_max))
BODY(login, ID(login, account_id), ID(login, device_id),
     VEC16(login, signature, 1, PROTO_SIGNATURE_MAX))

BODY(account_create, ID(account_create, ticket),
     VEC16(account_create, list, 1, PROTO_LIST_BYTES_MAX))
BODY(list_put, VEC16(list_put, list, 1, PROTO_LIST_BYTES_MAX))
BODY(kp_put, VEC16(kp_put, last_resort, 0, PROTO_KP_BYTES_MAX),
     LIST32(kp_put, one_time, PROTO_FRAME_MAX, check_one_time))
BODY(kp_put_answer, NUM(kp_put_answer, one_time_count))
BODY(kp_count_answer, NUM(kp_count_answer, one_time_count), BOOL(kp_count_answer, has_last_resort))
BODY(kp_take, ID(kp_take, account_id),
     LIST16(kp_take, device_ids, PROTO_DEVICES_MAX *PROTO_DEVICE_ID_LEN, check_device_ids))
BODY(kp_take_answer, LIST32(kp_take_answer, packages, PROTO_FRAME_MAX, check_packages))
BODY(invite_put, ID(invite_put, ticket_hash), NUM(invite_put, expires_ms))

BODY(conv_open, ID(conv_open, conv_id), ID(conv_open, token_hash), NUM(conv_open, readers))
BODY_WITH(conv_append, check_append, ID(conv_append, conv_id), ID(conv_append, token),
          ID(conv_append, append_id), NUM(conv_append, kind), NUM(conv_append, parent),
          ID(conv_append, next_token_hash), NUM(conv_append, readers),
          VEC32(conv_append, message, 1, PROTO_MESSAGE_MAX))
BODY(conv_append_answer, NUM(conv_append_answer, seq), NUM(conv_append_answer, time_ms))
BODY(conv_subscribe, ID(conv_subscribe, conv_id), ID(conv_subscribe, token),
     NUM(conv_subscribe, from_seq))
BODY(conv_subscribe_answer, NUM(conv_subscribe_answer, first_seq),
     NUM(conv_subscribe_answer, end_seq), NUM(conv_subscribe_answer, last_commit_seq))
BODY(conv_ack, ID(conv_ack, conv_id), ID(conv_ack, token), ID(conv_ack, reader_id),
     NUM(conv_ack, seq))
BODY(conv_unsubscribe, ID(conv_unsubscribe, conv_id))

BODY(inbox_put, ID(inbox_put, account_id), ID(inbox_put, device_id), ID(inbox_put, put_id),
     VEC32(inbox_put, body, 1, PROTO_MESSAGE_MAX))
BODY(inbox_ack, NUM(inbox_ack, id))

BODY(rdv_open_answer, NUM(rdv_open_answer, number))
BODY(rdv_join, NUM(rdv_join, number))
BODY(rdv_send, NUM(rdv_send, number), VEC16(rdv_send, body, 1, PROTO_RDV_BODY_MAX))
BODY(rdv_close, NUM(rdv_close, number))

BODY(log_config_answer, VEC16(log_config_answer, log, 1, PROTO_LOG_BYTES_MAX))
BODY(log_ask, NUM(log_ask, question), VEC16(log_ask, request, 1, PROTO_LOG_REQUEST_MAX))
BODY(log_ask_answer, VEC32(log_ask_answer, response, 0, PROTO_LOG_RESPONSE_MAX))
BODY(log_checkpoint, NUM(log_checkpoint, size))
BODY(log_checkpoint_answer, VEC16(log_checkpoint_answer, checkpoint, 0, PROTO_CHECKPOINT_MAX),
     VEC16(log_checkpoint_answer, proof, 0, PROTO_CHECKPOINT_PROOF_MAX))
BODY(find, ID(find, account_id), NUM(find, have_version),
     VEC16(find, search, 1, PROTO_LOG_REQUEST_MAX))
BODY(find_answer, LIST32(find_answer, lists, PROTO_FOUND_LISTS_BYTES_MAX, check_lists),
     VEC32(find_answer, found, 0, PROTO_LOG_RESPONSE_MAX))
BODY(log_entries, NUM(log_entries, from), NUM(log_entries, count))
BODY(log_entries_answer, VEC16(log_entries_answer, checkpoint, 1, PROTO_CHECKPOINT_MAX),
     VEC16(log_entries_answer, proof, 0, PROTO_CHECKPOINT_PROOF_MAX),
     VEC32(log_entries_answer, entries, 0, PROTO_LOG_ENTRIES_BYTES_MAX))
BODY(log_cosign, NUM(log_cosign, size), VEC16(log_cosign, lines, 1, PROTO_CHECKPOINT_MAX))

BODY_WITH(entry, check_entry, ID(entry, conv_id), NUM(entry, seq), NUM(entry, time_ms),
          NUM(entry, kind), ID(entry, append_id), VEC32(entry, message, 1, PROTO_MESSAGE_MAX))
BODY(inbox_item, NUM(inbox_item, id), NUM(inbox_item, time_ms), ID(inbox_item, put_id),
     VEC32(inbox_item, body, 1, PROTO_MESSAGE_MAX))
BODY(rdv_message, NUM(rdv_message, number), VEC16(rdv_message, body, 1, PROTO_RDV_BODY_MAX))
BODY(rdv_closed, NUM(rdv_closed, number))
BODY(kp_low, NUM(kp_low, one_time_count))

BODY_WITH(error, check_error, NUM(error, code), NUM(error, retry_after_ms), NUM(error, detail))

/* ---- One reader and one writer ---- */

static kith_err
read_number(kith_reader *r, size_t size, void *to)
{
    switch (size) {
    case sizeof(uint8_t):
        return kith_read_u8(r, to);
    case sizeof(uint16_t):
        return kith_read_u16(r, to);
    case sizeof(uint32_t):
        return kith_read_u32(r, to);
    default:
        return kith_read_u64(r, to);
    }
}

static kith_err
write_number(kith_writer *w, size_t size, const void *from)
{
    switch (size) {
    case sizeof(uint8_t):
        return kith_write_u8(w, *(const uint8_t *)from);
    case sizeof(uint16_t):
        return kith_write_u16(w, *(const uint16_t *)from);
    case sizeof(uint32_t):
        return kith_write_u32(w, *(const uint32_t *)from);
    default:
        return kith_write_u64(w, *(const uint64_t *)from);
    }
}

static kith_err
read_vector(kith_reader *r, const field *f, kith_bytes *to)
{
    kith_bytes content;

    KITH_TRY(f->form == VEC_16 ? kith_read_vec16(r, &content) : kith_read_vec32(r, &content));
    KITH_ENSURE(content.len >= f->min, KITH_ERR_MALFORMED);
    KITH_ENSURE(content.len <= f->max, KITH_ERR_LIMIT);
    if (f->check != NULL) {
        KITH_TRY(f->check(content));
    }
    *to = content;
    return KITH_OK;
}

static kith_err
write_vector(kith_writer *w, const field *f, kith_bytes content)
{
    KITH_ENSURE(content.len >= f->min && content.len <= f->max, KITH_ERR_LIMIT);
    if (f->check != NULL) {
        KITH_TRY(f->check(content));
    }
    return f->form == VEC_16 ? kith_write_vec16(w, content) : kith_write_vec32(w, content);
}

static kith_err
read_field(kith_reader *r, const field *f, void *to)
{
    switch (f->form) {
    case NUMBER:
        return read_number(r, f->size, to);
    case FLAG:
        return kith_read_bool(r, to);
    case COPY:
        return kith_read_copy(r, to, f->size);
    default:
        return read_vector(r, f, to);
    }
}

static kith_err
write_field(kith_writer *w, const field *f, const void *from)
{
    switch (f->form) {
    case NUMBER:
        return write_number(w, f->size, from);
    case FLAG:
        return kith_write_bool(w, *(const bool *)from);
    case COPY:
        return kith_write_bytes(w, kith_bytes_of(from, f->size));
    default:
        return write_vector(w, f, *(const kith_bytes *)from);
    }
}

static kith_err
read_body(kith_bytes bytes, const body *b, void *to)
{
    kith_reader r = kith_reader_of(bytes);

    for (size_t i = 0; i < b->count; i++) {
        KITH_TRY(read_field(&r, &b->fields[i], (uint8_t *)to + b->fields[i].at));
    }
    KITH_TRY(kith_reader_finish(&r));
    return b->check != NULL ? b->check(to) : KITH_OK;
}

static kith_err
write_fields(kith_buf *out, const body *b, const void *from)
{
    kith_writer w = kith_writer_of(out);

    for (size_t i = 0; i < b->count; i++) {
        KITH_TRY(write_field(&w, &b->fields[i], (const uint8_t *)from + b->fields[i].at));
    }
    return KITH_OK;
}

static kith_err
write_body(kith_buf *out, const body *b, const void *from)
{
    const size_t mark = out->len;

    if (b->check != NULL) {
        KITH_TRY(b->check(from));
    }
    return proto_settle(out, mark, write_fields(out, b, from));
}

#define DEFINE_CODEC(name)                                                                         \
    kith_err proto_##name##_encode(kith_buf *out, const proto_##name *in)                          \
    {                                                                                              \
        return write_body(out, &name##_body, in);                                                  \
    }                                                                                              \
    kith_err proto_##name##_decode(kith_bytes bytes, proto_##name *out)                            \
    {                                                                                              \
        proto_##name value = {0};                                                                  \
        KITH_TRY(read_body(bytes, &name##_body, &value));                                          \
        *out = value;                                                                              \
        return KITH_OK;                                                                            \
    }
PROTO_BODIES(DEFINE_CODEC)

kith_err
proto_empty_decode(kith_bytes bytes)
{
    return bytes.len == 0 ? KITH_OK : KITH_ERR_MALFORMED;
}
