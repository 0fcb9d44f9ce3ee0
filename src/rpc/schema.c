/* SPDX-License-Identifier: MPL-2.0 */
/* The table of methods, and the check of parameters against it [docs/rpc.md, Methods]. */
#include "rpc/schema.h"

#include <stdio.h>
#include <string.h>

#define ACCOUNT {.name = "account", .type = RPC_TYPE_HEX, .required = true, .max = 32}
#define CONV {.name = "conv", .type = RPC_TYPE_HEX, .required = true, .max = 32}
#define N_OF(field, is_required)                                                                   \
    {.name = (field), .type = RPC_TYPE_NUMBER, .required = (is_required), .max = INT64_MAX}
#define TEXT(field, is_required, least, most)                                                      \
    {.name = (field),                                                                              \
     .type = RPC_TYPE_TEXT,                                                                        \
     .required = (is_required),                                                                    \
     .min = (least),                                                                               \
     .max = (most)}
#define PAGE                                                                                       \
    {                                                                                              \
        N_OF("skip", false),                                                                       \
        {                                                                                          \
            .name = "limit", .type = RPC_TYPE_NUMBER, .min = 1, .max = RPC_PAGE_MAX                \
        }                                                                                          \
    }
#define YES {.name = "yes", .type = RPC_TYPE_BOOL, .required = true}

/* clang-format off */
static const rpc_method methods[RPC_METHOD_COUNT] = {
    [RPC_HELLO] = {RPC_HELLO, "hello", {
        {.name = "schema", .type = RPC_TYPE_NUMBER, .required = true, .max = UINT32_MAX}}},
    [RPC_ACCOUNT_GET] = {RPC_ACCOUNT_GET, "account.get", {{0}}},
    [RPC_ACCOUNT_JOIN] = {RPC_ACCOUNT_JOIN, "account.join", {
        TEXT("link", true, 1, RPC_LINK_MAX), TEXT("name", false, 1, RPC_NAME_MAX),
        TEXT("device_name", false, 1, RPC_NAME_MAX), TEXT("text", false, 0, RPC_TEXT_MAX)}},
    [RPC_ACCOUNT_RENAME] = {RPC_ACCOUNT_RENAME, "account.rename", {
        TEXT("name", true, 1, RPC_NAME_MAX)}},
    [RPC_INVITE_CREATE] = {RPC_INVITE_CREATE, "invite.create", {{0}}},
    [RPC_DEVICE_LIST] = {RPC_DEVICE_LIST, "device.list", {{0}}},
    [RPC_DEVICE_REMOVE] = {RPC_DEVICE_REMOVE, "device.remove", {
        {.name = "device", .type = RPC_TYPE_HEX, .required = true, .max = 16}}},
    [RPC_PAIR_OFFER] = {RPC_PAIR_OFFER, "pair.offer", {{0}}},
    [RPC_PAIR_WAIT] = {RPC_PAIR_WAIT, "pair.wait", {{0}}},
    [RPC_PAIR_APPROVE] = {RPC_PAIR_APPROVE, "pair.approve", {YES}},
    [RPC_PAIR_ACCEPT] = {RPC_PAIR_ACCEPT, "pair.accept", {
        TEXT("code", true, 1, RPC_LINK_MAX), TEXT("device_name", false, 1, RPC_NAME_MAX)}},
    [RPC_PAIR_CANCEL] = {RPC_PAIR_CANCEL, "pair.cancel", {{0}}},
    [RPC_PERSON_LIST] = {RPC_PERSON_LIST, "person.list", PAGE},
    [RPC_PERSON_ANSWER] = {RPC_PERSON_ANSWER, "person.answer", {ACCOUNT, YES}},
    [RPC_CHAT_LIST] = {RPC_CHAT_LIST, "chat.list", PAGE},
    [RPC_CHAT_GET] = {RPC_CHAT_GET, "chat.get", {CONV}},
    [RPC_CHAT_FIND] = {RPC_CHAT_FIND, "chat.find", {
        TEXT("who", true, 1, RPC_WHO_MAX), {.name = "request", .type = RPC_TYPE_BOOL}}},
    [RPC_CHAT_READERS] = {RPC_CHAT_READERS, "chat.readers", {CONV}},
    [RPC_GROUP_CREATE] = {RPC_GROUP_CREATE, "group.create", {
        TEXT("title", true, 1, RPC_TITLE_MAX),
        {.name = "accounts", .type = RPC_TYPE_HEX_LIST, .required = true, .max = RPC_ACCOUNTS_MAX}}},
    [RPC_GROUP_ADD] = {RPC_GROUP_ADD, "group.add", {CONV, ACCOUNT}},
    [RPC_GROUP_REMOVE] = {RPC_GROUP_REMOVE, "group.remove", {CONV, ACCOUNT}},
    [RPC_GROUP_LEAVE] = {RPC_GROUP_LEAVE, "group.leave", {CONV}},
    [RPC_MESSAGE_SEND] = {RPC_MESSAGE_SEND, "message.send", {
        CONV, TEXT("text", true, 1, RPC_TEXT_MAX), TEXT("once", false, 1, RPC_ONCE_MAX),
        {.name = "reply_to", .type = RPC_TYPE_HEX, .max = 32}}},
    [RPC_MESSAGE_WAIT] = {RPC_MESSAGE_WAIT, "message.wait", {
        CONV, N_OF("n", true),
        {.name = "state", .type = RPC_TYPE_WORD, .required = true, .words = "sent delivered read"},
        {.name = "timeout_ms", .type = RPC_TYPE_NUMBER, .max = RPC_WAIT_MAX_MS}}},
    [RPC_MESSAGE_LIST] = {RPC_MESSAGE_LIST, "message.list", {
        CONV, N_OF("after", false), N_OF("before", false),
        {.name = "limit", .type = RPC_TYPE_NUMBER, .min = 1, .max = RPC_LIST_MAX}}},
    [RPC_MESSAGE_READ] = {RPC_MESSAGE_READ, "message.read", {CONV, N_OF("n", true)}},
    [RPC_EVENTS_SUBSCRIBE] = {RPC_EVENTS_SUBSCRIBE, "events.subscribe", {N_OF("after", false)}},
    [RPC_EVENTS_UNSUBSCRIBE] = {RPC_EVENTS_UNSUBSCRIBE, "events.unsubscribe", {{0}}},
    [RPC_DIRECTORY_GET] = {RPC_DIRECTORY_GET, "directory.get", {{0}}},
    [RPC_DIRECTORY_GO_ON] = {RPC_DIRECTORY_GO_ON, "directory.go_on", {{0}}},
    [RPC_AGENT_DOCTOR] = {RPC_AGENT_DOCTOR, "agent.doctor", {{0}}},
    [RPC_AGENT_STOP] = {RPC_AGENT_STOP, "agent.stop", {{0}}},
};
/* clang-format on */

const rpc_method *
rpc_method_find(const char *name)
{
    for (size_t i = 0; i < RPC_METHOD_COUNT; i++) {
        if (strcmp(methods[i].name, name) == 0) {
            return &methods[i];
        }
    }
    return NULL;
}

const rpc_method *
rpc_method_get(rpc_method_id id)
{
    return &methods[id];
}

static bool
is_hex(yyjson_val *value, uint64_t bytes)
{
    const char *text = yyjson_get_str(value);

    if (text == NULL || yyjson_get_len(value) != bytes * 2) {
        return false;
    }
    return strspn(text, "0123456789abcdef") == bytes * 2;
}

static bool
is_text(yyjson_val *value, const rpc_field *field)
{
    const char *text = yyjson_get_str(value);
    const size_t len = yyjson_get_len(value);

    return text != NULL && len >= field->min && len <= field->max &&
           kith_utf8_is_valid(kith_bytes_of(text, len));
}

/* Whether `value` is one of the words, which are separated by single spaces. */
static bool
is_word(yyjson_val *value, const char *words)
{
    const char *text = yyjson_get_str(value);
    const size_t len = yyjson_get_len(value);

    if (text == NULL || len == 0) {
        return false;
    }
    while (*words != '\0') {
        const size_t word = strcspn(words, " ");
        if (word == len && memcmp(words, text, len) == 0) {
            return true;
        }
        words += word + (words[word] == ' ');
    }
    return false;
}

static bool
is_hex_list(yyjson_val *value, uint64_t max)
{
    size_t index = 0;
    size_t count = 0;
    yyjson_val *item = NULL;

    if (!yyjson_is_arr(value) || yyjson_arr_size(value) == 0 || yyjson_arr_size(value) > max) {
        return false;
    }
    yyjson_arr_foreach(value, index, count, item)
    {
        if (!is_hex(item, 32)) {
            return false;
        }
    }
    return true;
}

static bool
field_fits(const rpc_field *field, yyjson_val *value)
{
    switch (field->type) {
    case RPC_TYPE_BOOL:
        return yyjson_is_bool(value);
    case RPC_TYPE_NUMBER:
        return yyjson_is_uint(value) && yyjson_get_uint(value) >= field->min &&
               yyjson_get_uint(value) <= field->max;
    case RPC_TYPE_TEXT:
        return is_text(value, field);
    case RPC_TYPE_HEX:
        return is_hex(value, field->max);
    case RPC_TYPE_HEX_LIST:
        return is_hex_list(value, field->max);
    case RPC_TYPE_WORD:
        return is_word(value, field->words);
    case RPC_TYPE_END:
        break;
    }
    return false;
}

/* Index of the field, or RPC_FIELDS_MAX. */
static size_t
field_index(const rpc_method *method, yyjson_val *key)
{
    for (size_t i = 0; i < RPC_FIELDS_MAX && method->fields[i].type != RPC_TYPE_END; i++) {
        if (yyjson_equals_str(key, method->fields[i].name)) {
            return i;
        }
    }
    return RPC_FIELDS_MAX;
}

static kith_err
refuse(rpc_fault *fault, const char *field, const char *why)
{
    *fault = (rpc_fault){.code = RPC_CODE_PARAMS, .kind = RPC_KIND_REQUEST};
    snprintf(fault->field, sizeof fault->field, "%s", field);
    snprintf(fault->message, sizeof fault->message, "%s: %s", fault->field, why);
    return KITH_ERR_REJECTED;
}

static kith_err
check_given(const rpc_method *method, yyjson_val *params, uint32_t *seen, rpc_fault *fault)
{
    size_t index = 0;
    size_t count = 0;
    yyjson_val *key = NULL;
    yyjson_val *value = NULL;

    yyjson_obj_foreach(params, index, count, key, value)
    {
        const char *name = yyjson_get_str(key);
        const size_t i = field_index(method, key);
        if (i == RPC_FIELDS_MAX) {
            return refuse(fault, name, "no such parameter");
        }
        if ((*seen & 1u << i) != 0) {
            return refuse(fault, name, "given twice");
        }
        if (!field_fits(&method->fields[i], value)) {
            return refuse(fault, name, "of another type, or out of bounds");
        }
        *seen |= 1u << i;
    }
    return KITH_OK;
}

kith_err
rpc_params_check(const rpc_method *method, yyjson_val *params, rpc_fault *fault)
{
    uint32_t seen = 0;

    if (params != NULL) {
        if (!yyjson_is_obj(params)) {
            return refuse(fault, "params", "an object is expected");
        }
        KITH_TRY(check_given(method, params, &seen, fault));
    }
    for (size_t i = 0; i < RPC_FIELDS_MAX && method->fields[i].type != RPC_TYPE_END; i++) {
        if (method->fields[i].required && (seen & 1u << i) == 0) {
            return refuse(fault, method->fields[i].name, "missing");
        }
    }
    return KITH_OK;
}
