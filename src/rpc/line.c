/* SPDX-License-Identifier: MPL-2.0 */
/* JSON-RPC 2.0 in one line [docs/rpc.md]: strict in what it reads, one way of writing. */
#include "rpc/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct owned_doc {
    yyjson_doc *doc;
} owned_doc;

static void
owned_doc_done(owned_doc *owned)
{
    yyjson_doc_free(owned->doc);
    owned->doc = NULL;
}

typedef struct mut_doc {
    yyjson_mut_doc *doc;
} mut_doc;

static void
mut_doc_done(mut_doc *owned)
{
    yyjson_mut_doc_free(owned->doc);
    owned->doc = NULL;
}

bool
rpc_line_find(kith_bytes bytes, size_t *len)
{
    const uint8_t *end = bytes.len > 0 ? memchr(bytes.data, '\n', bytes.len) : NULL;

    if (end == NULL) {
        return false;
    }
    *len = (size_t)(end - bytes.data);
    return true;
}

/* Containers inside one another, looked at before anything is allocated for them. */
static bool
is_too_deep(kith_bytes line)
{
    size_t depth = 0;
    bool in_text = false;

    for (size_t i = 0; i < line.len; i++) {
        const uint8_t c = line.data[i];
        if (in_text) {
            i += c == '\\';
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
        if (depth > RPC_DEPTH_MAX) {
            return true;
        }
    }
    return false;
}

static kith_err
parse_json(kith_bytes line, yyjson_doc **out)
{
    yyjson_read_err err = {0};

    KITH_ENSURE(line.len > 0 && line.len <= RPC_LINE_MAX, KITH_ERR_MALFORMED);
    KITH_ENSURE(!is_too_deep(line), KITH_ERR_MALFORMED);
    /* Without the in-situ flag the text is copied and not written to. */
    yyjson_doc *doc =
        yyjson_read_opts((char *)(uintptr_t)line.data, line.len, YYJSON_READ_NOFLAG, NULL, &err);
    if (doc == NULL) {
        return err.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION ? KITH_ERR_NO_MEMORY
                                                               : KITH_ERR_MALFORMED;
    }
    *out = doc;
    return KITH_OK;
}

/* ---- Reading a request --------------------------------------------------------------------- */

static bool
read_id(yyjson_val *value, rpc_id *out)
{
    if (yyjson_is_str(value)) {
        const size_t len = yyjson_get_len(value);
        if (len > RPC_ID_MAX || memchr(yyjson_get_str(value), 0, len) != NULL) {
            return false;
        }
        out->type = RPC_ID_TEXT;
        memcpy(out->text, yyjson_get_str(value), len + 1);
        return true;
    }
    if (!yyjson_is_int(value) ||
        (yyjson_is_uint(value) && yyjson_get_uint(value) > (uint64_t)INT64_MAX)) {
        return false;
    }
    out->type = RPC_ID_NUMBER;
    out->number = yyjson_get_sint(value);
    return true;
}

static kith_err
refuse(rpc_fault *fault, int code, const char *message)
{
    *fault = rpc_fault_of_kind(RPC_KIND_REQUEST, message);
    fault->code = code;
    return KITH_ERR_MALFORMED;
}

/* Every field of the object is one of these four, none twice. */
static bool
has_only_known_fields(yyjson_val *root)
{
    static const char *const known[] = {"jsonrpc", "id", "method", "params"};
    uint32_t seen = 0;
    size_t index = 0;
    size_t count = 0;
    yyjson_val *key = NULL;
    yyjson_val *value = NULL;

    yyjson_obj_foreach(root, index, count, key, value)
    {
        size_t i = 0;
        while (i < 4 && !yyjson_equals_str(key, known[i])) {
            i++;
        }
        if (i == 4 || (seen & 1u << i) != 0) {
            return false;
        }
        seen |= 1u << i;
    }
    return true;
}

static kith_err
read_request(yyjson_val *root, rpc_request *out, rpc_fault *fault)
{
    if (!yyjson_is_obj(root)) {
        return refuse(fault, RPC_CODE_REQUEST, "an object is expected; batches are not taken");
    }
    if (!read_id(yyjson_obj_get(root, "id"), &out->id)) {
        out->id = (rpc_id){0};
        return refuse(fault, RPC_CODE_REQUEST, "id: a whole number or a short text is expected");
    }
    if (!has_only_known_fields(root)) {
        return refuse(fault, RPC_CODE_REQUEST, "only jsonrpc, id, method and params, each once");
    }
    if (!yyjson_equals_str(yyjson_obj_get(root, "jsonrpc"), "2.0")) {
        return refuse(fault, RPC_CODE_REQUEST, "jsonrpc: \"2.0\" is expected");
    }
    const char *name = yyjson_get_str(yyjson_obj_get(root, "method"));
    if (name == NULL) {
        return refuse(fault, RPC_CODE_REQUEST, "method: text is expected");
    }
    const rpc_method *method = rpc_method_find(name);
    if (method == NULL || strlen(name) != yyjson_get_len(yyjson_obj_get(root, "method"))) {
        return refuse(fault, RPC_CODE_METHOD, "there is no such method");
    }
    yyjson_val *params = yyjson_obj_get(root, "params");
    KITH_ENSURE(rpc_params_check(method, params, fault) == KITH_OK, KITH_ERR_MALFORMED);
    out->method = method;
    out->params = params;
    return KITH_OK;
}

kith_err
rpc_request_parse(kith_bytes line, rpc_request *out, rpc_fault *fault)
{
    KITH_AUTO(owned_doc) owned = {0};

    *out = (rpc_request){0};
    const kith_err err = parse_json(line, &owned.doc);
    if (err == KITH_ERR_NO_MEMORY) {
        *fault = rpc_fault_of_err(err);
        return err;
    }
    if (err != KITH_OK) {
        return refuse(fault, RPC_CODE_PARSE, "not one JSON value in UTF-8, or too long or deep");
    }
    KITH_TRY(read_request(yyjson_doc_get_root(owned.doc), out, fault));
    out->doc = owned.doc;
    owned.doc = NULL;
    return KITH_OK;
}

void
rpc_request_done(rpc_request *request)
{
    yyjson_doc_free(request->doc);
    *request = (rpc_request){0};
}

/* ---- Writing ------------------------------------------------------------------------------- */

/* Appends the document as one line. A field that could not be added for want of memory is missing, so the
 * caller says whether all were. */
static kith_err
write_line(const yyjson_mut_doc *doc, bool is_complete, kith_buf *out)
{
    yyjson_write_err err = {0};
    size_t len = 0;

    KITH_ENSURE(is_complete, KITH_ERR_NO_MEMORY);
    char *text = yyjson_mut_write_opts(doc, YYJSON_WRITE_NOFLAG, NULL, &len, &err);
    if (text == NULL) {
        return err.code == YYJSON_WRITE_ERROR_MEMORY_ALLOCATION ? KITH_ERR_NO_MEMORY
                                                                : KITH_ERR_INVALID;
    }
    kith_err result = len > RPC_LINE_MAX ? KITH_ERR_LIMIT : kith_buf_reserve(out, len + 1);
    if (result == KITH_OK) {
        result = kith_buf_append(out, kith_bytes_of(text, len));
    }
    if (result == KITH_OK) {
        result = kith_buf_append(out, kith_bytes_of("\n", 1));
    }
    kith_wipe(text, len);
    free(text);
    return result;
}

static yyjson_mut_val *
id_value(yyjson_mut_doc *doc, const rpc_id *id)
{
    switch (id->type) {
    case RPC_ID_NUMBER:
        return yyjson_mut_sint(doc, id->number);
    case RPC_ID_TEXT:
        return yyjson_mut_strcpy(doc, id->text);
    case RPC_ID_NULL:
        break;
    }
    return yyjson_mut_null(doc);
}

/* A copy of the root of `from`, or an empty object. */
static yyjson_mut_val *
copy_root(yyjson_mut_doc *doc, const yyjson_mut_doc *from)
{
    if (from == NULL || from->root == NULL) {
        return yyjson_mut_obj(doc);
    }
    return yyjson_mut_val_mut_copy(doc, from->root);
}

/* A document whose root is an object that says it is JSON-RPC; NULL: no memory. */
static yyjson_mut_doc *
new_doc(yyjson_mut_val **root)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);

    *root = doc != NULL ? yyjson_mut_obj(doc) : NULL;
    if (doc != NULL) {
        yyjson_mut_doc_set_root(doc, *root);
    }
    if (!yyjson_mut_obj_add_str(doc, *root, "jsonrpc", "2.0")) {
        yyjson_mut_doc_free(doc);
        return NULL;
    }
    return doc;
}

kith_err
rpc_request_write(int64_t id, const char *method, const yyjson_mut_doc *params, kith_buf *out)
{
    yyjson_mut_val *root = NULL;
    KITH_AUTO(mut_doc) owned = {.doc = new_doc(&root)};

    KITH_ENSURE(owned.doc != NULL, KITH_ERR_NO_MEMORY);
    bool ok = yyjson_mut_obj_add_sint(owned.doc, root, "id", id) &&
              yyjson_mut_obj_add_str(owned.doc, root, "method", method);
    if (ok && params != NULL) {
        ok = yyjson_mut_obj_add_val(owned.doc, root, "params", copy_root(owned.doc, params));
    }
    return write_line(owned.doc, ok, out);
}

kith_err
rpc_answer_write(const rpc_id *id, const yyjson_mut_doc *result, kith_buf *out)
{
    yyjson_mut_val *root = NULL;
    KITH_AUTO(mut_doc) owned = {.doc = new_doc(&root)};

    KITH_ENSURE(owned.doc != NULL, KITH_ERR_NO_MEMORY);
    const bool ok = yyjson_mut_obj_add_val(owned.doc, root, "id", id_value(owned.doc, id)) &&
                    yyjson_mut_obj_add_val(owned.doc, root, "result", copy_root(owned.doc, result));
    return write_line(owned.doc, ok, out);
}

/* error.data: what is given, and kind, field and reason where there is one. */
static bool
add_data(yyjson_mut_doc *doc, yyjson_mut_val *error, const rpc_fault *fault,
         const yyjson_mut_doc *given)
{
    yyjson_mut_val *data = copy_root(doc, given);

    if (!yyjson_mut_obj_add_val(doc, error, "data", data)) {
        return false;
    }
    if (fault->code == RPC_CODE_KIND &&
        !yyjson_mut_obj_add_str(doc, data, "kind", rpc_kind_word(fault->kind))) {
        return false;
    }
    if (fault->field[0] != '\0' && !yyjson_mut_obj_add_str(doc, data, "field", fault->field)) {
        return false;
    }
    return fault->reason[0] == '\0' || yyjson_mut_obj_add_str(doc, data, "reason", fault->reason);
}

kith_err
rpc_fault_write(const rpc_id *id, const rpc_fault *fault, const yyjson_mut_doc *data, kith_buf *out)
{
    yyjson_mut_val *root = NULL;
    KITH_AUTO(mut_doc) owned = {.doc = new_doc(&root)};

    KITH_ENSURE(owned.doc != NULL, KITH_ERR_NO_MEMORY);
    yyjson_mut_val *error = yyjson_mut_obj(owned.doc);
    const bool ok = yyjson_mut_obj_add_val(owned.doc, root, "id", id_value(owned.doc, id)) &&
                    yyjson_mut_obj_add_val(owned.doc, root, "error", error) &&
                    yyjson_mut_obj_add_sint(owned.doc, error, "code", fault->code) &&
                    yyjson_mut_obj_add_str(owned.doc, error, "message", fault->message) &&
                    add_data(owned.doc, error, fault, data);
    return write_line(owned.doc, ok, out);
}

kith_err
rpc_event_write(const yyjson_mut_doc *params, kith_buf *out)
{
    yyjson_mut_val *root = NULL;
    KITH_AUTO(mut_doc) owned = {.doc = new_doc(&root)};

    KITH_ENSURE(owned.doc != NULL, KITH_ERR_NO_MEMORY);
    const bool ok = yyjson_mut_obj_add_str(owned.doc, root, "method", "event") &&
                    yyjson_mut_obj_add_val(owned.doc, root, "params", copy_root(owned.doc, params));
    return write_line(owned.doc, ok, out);
}

/* ---- Reading an answer or event ------------------------------------------------------------ */

static void
copy_text(yyjson_val *value, char *out, size_t size)
{
    const char *text = yyjson_get_str(value);

    snprintf(out, size, "%s", text != NULL ? text : "");
}

static kith_err
read_error(yyjson_val *error, rpc_message *out)
{
    yyjson_val *data = yyjson_obj_get(error, "data");
    const char *kind = yyjson_get_str(yyjson_obj_get(data, "kind"));

    KITH_ENSURE(yyjson_is_int(yyjson_obj_get(error, "code")), KITH_ERR_MALFORMED);
    out->fault.code = (int)yyjson_get_sint(yyjson_obj_get(error, "code"));
    out->fault.kind = kind != NULL ? rpc_kind_of_word(kind) : RPC_KIND_REQUEST;
    if (out->fault.kind == RPC_KIND_NONE) {
        out->fault.kind = RPC_KIND_UNSUPPORTED; /* of a later version */
    }
    copy_text(yyjson_obj_get(error, "message"), out->fault.message, sizeof out->fault.message);
    copy_text(yyjson_obj_get(data, "field"), out->fault.field, sizeof out->fault.field);
    copy_text(yyjson_obj_get(data, "reason"), out->fault.reason, sizeof out->fault.reason);
    out->error_data = data;
    return KITH_OK;
}

static kith_err
read_message(yyjson_val *root, rpc_message *out)
{
    KITH_ENSURE(yyjson_is_obj(root), KITH_ERR_MALFORMED);
    if (yyjson_equals_str(yyjson_obj_get(root, "method"), "event")) {
        out->is_event = true;
        out->result = yyjson_obj_get(root, "params");
        return yyjson_is_obj(out->result) ? KITH_OK : KITH_ERR_MALFORMED;
    }
    yyjson_val *id = yyjson_obj_get(root, "id");
    KITH_ENSURE(yyjson_is_int(id) || yyjson_is_null(id), KITH_ERR_MALFORMED);
    out->id = yyjson_is_int(id) ? yyjson_get_sint(id) : -1;
    yyjson_val *error = yyjson_obj_get(root, "error");
    if (error != NULL) {
        return read_error(error, out);
    }
    out->result = yyjson_obj_get(root, "result");
    return yyjson_is_obj(out->result) ? KITH_OK : KITH_ERR_MALFORMED;
}

kith_err
rpc_message_parse(kith_bytes line, rpc_message *out)
{
    KITH_AUTO(owned_doc) owned = {0};
    rpc_message message = {0};

    KITH_TRY(parse_json(line, &owned.doc));
    KITH_TRY(read_message(yyjson_doc_get_root(owned.doc), &message));
    message.doc = owned.doc;
    owned.doc = NULL;
    *out = message;
    return KITH_OK;
}

void
rpc_message_done(rpc_message *message)
{
    yyjson_doc_free(message->doc);
    *message = (rpc_message){0};
}
