/* SPDX-License-Identifier: MPL-2.0 */
/* Encodings of requests [KEYTRANS §13]. */
#include "transparency/request.h"
#include "transparency/encoding.h"

static kith_err
write_map(kith_writer *w, const kt_monitor_map *map)
{
    KITH_ENSURE(map->count <= KT_MONITOR_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_write_u8(w, (uint8_t)map->count));
    for (size_t i = 0; i < map->count; i++) {
        KITH_TRY(kith_write_u64(w, map->items[i].position));
        KITH_TRY(kith_write_u32(w, map->items[i].version));
    }
    return KITH_OK;
}

static kith_err
read_map(kith_reader *r, kt_monitor_map *map)
{
    uint8_t count = 0;

    KITH_TRY(kith_read_u8(r, &count));
    KITH_ENSURE(count <= KT_MONITOR_MAX, KITH_ERR_LIMIT);
    for (size_t i = 0; i < count; i++) {
        kt_monitored *item = &map->items[i];
        KITH_TRY(kith_read_u64(r, &item->position));
        KITH_TRY(kith_read_u32(r, &item->version));
        KITH_ENSURE(i == 0 ||
                        (item[-1].position < item->position && item[-1].version < item->version),
                    KITH_ERR_MALFORMED);
    }
    map->count = count;
    return KITH_OK;
}

static kith_err
write_fields(kith_writer *w, const kt_request *request)
{
    switch (request->question) {
    case KT_SEARCH:
        return kt_optional_u32_write(w, request->has_version, request->version);
    case KT_CONTACT_MONITOR:
        return write_map(w, &request->map);
    case KT_OWNER_INIT:
        return kith_write_u64(w, request->start);
    case KT_OWNER_MONITOR:
        KITH_TRY(write_map(w, &request->map));
        KITH_TRY(kith_write_u64(w, request->start));
        return kt_optional_u32_write(w, request->has_version, request->version);
    case KT_UPDATE:
        KITH_TRY(kt_optional_u32_write(w, request->has_version, request->version));
        return kith_write_u8(w, 0);
    case KT_DISTINGUISHED:
        return kt_optional_u64_write(w, request->has_stop, request->stop);
    case KT_CONSISTENCY:
        return kith_write_u64(w, request->other);
    }
    return KITH_ERR_INVALID;
}

static bool
has_label(kt_question question)
{
    return question != KT_DISTINGUISHED && question != KT_CONSISTENCY;
}

kith_err
kt_request_encode(const kt_request *request, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);

    KITH_ENSURE(request->label.len <= KT_LABEL_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kt_optional_u64_write(&w, request->has_last, request->last));
    if (has_label(request->question)) {
        KITH_TRY(kith_write_vec8(&w, request->label));
    }
    KITH_TRY(write_fields(&w, request));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

static kith_err
read_fields(kith_reader *r, kt_request *request)
{
    uint8_t values = 0;

    switch (request->question) {
    case KT_SEARCH:
        return kt_optional_u32_read(r, &request->has_version, &request->version);
    case KT_CONTACT_MONITOR:
        return read_map(r, &request->map);
    case KT_OWNER_INIT:
        return kith_read_u64(r, &request->start);
    case KT_OWNER_MONITOR:
        KITH_TRY(read_map(r, &request->map));
        KITH_TRY(kith_read_u64(r, &request->start));
        return kt_optional_u32_read(r, &request->has_version, &request->version);
    case KT_UPDATE:
        KITH_TRY(kt_optional_u32_read(r, &request->has_version, &request->version));
        KITH_TRY(kith_read_u8(r, &values));
        KITH_ENSURE(values == 0, KITH_ERR_UNSUPPORTED);
        return KITH_OK;
    case KT_DISTINGUISHED:
        return kt_optional_u64_read(r, &request->has_stop, &request->stop);
    case KT_CONSISTENCY:
        return kith_read_u64(r, &request->other);
    }
    return KITH_ERR_INVALID;
}

kith_err
kt_request_decode(kt_question question, kith_bytes bytes, kt_request *out)
{
    kith_reader r = kith_reader_of(bytes);
    kt_request request = {.question = question};

    KITH_TRY(kt_optional_u64_read(&r, &request.has_last, &request.last));
    if (has_label(question)) {
        KITH_TRY(kith_read_vec8(&r, &request.label));
    }
    KITH_TRY(read_fields(&r, &request));
    KITH_TRY(kith_reader_finish(&r));
    *out = request;
    return KITH_OK;
}
