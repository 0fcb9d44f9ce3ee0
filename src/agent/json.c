/* SPDX-License-Identifier: MPL-2.0 */
/* People, chats and messages as JSON [docs/rpc.md, Methods]. */
#include <stdio.h>
#include <string.h>

#include "agent/internal.h"

/* ---- Building ------------------------------------------------------------------------------ */

agent_json
agent_json_new(void)
{
    agent_json json = {.doc = yyjson_mut_doc_new(NULL)};

    json.root = yyjson_mut_obj(json.doc);
    json.ok = json.root != NULL;
    if (json.ok) {
        yyjson_mut_doc_set_root(json.doc, json.root);
    }
    return json;
}

void
agent_json_done(agent_json *json)
{
    yyjson_mut_doc_free(json->doc);
    *json = (agent_json){0};
}

agent_json
agent_json_object(agent_json *json)
{
    agent_json object = {.doc = json->doc, .root = yyjson_mut_obj(json->doc)};

    object.ok = object.root != NULL;
    return object;
}

agent_json
agent_json_array(agent_json *json)
{
    agent_json array = {.doc = json->doc, .root = yyjson_mut_arr(json->doc)};

    array.ok = array.root != NULL;
    return array;
}

/* `name` is a literal: the document borrows it. */
static void
add(agent_json *json, const char *name, yyjson_mut_val *value)
{
    json->ok = json->ok && yyjson_mut_obj_add_val(json->doc, json->root, name, value);
}

void
agent_json_put(agent_json *json, const char *name, const agent_json *value)
{
    json->ok = json->ok && value->ok;
    add(json, name, value->root);
}

void
agent_json_append(agent_json *array, const agent_json *value)
{
    array->ok = array->ok && value->ok && yyjson_mut_arr_append(array->root, value->root);
}

void
agent_json_bytes(agent_json *json, const char *name, kith_bytes text)
{
    if (kith_utf8_is_valid(text)) {
        const char *data = text.len > 0 ? (const char *)text.data : "";
        add(json, name, yyjson_mut_strncpy(json->doc, data, text.len));
    }
}

void
agent_json_text(agent_json *json, const char *name, const char *text)
{
    agent_json_bytes(json, name, kith_bytes_of_text(text));
}

void
agent_json_hex(agent_json *json, const char *name, kith_bytes bytes)
{
    KITH_AUTO(kith_buf) hex = {0};

    if (kith_hex_encode(bytes, &hex) != KITH_OK) {
        json->ok = false;
        return;
    }
    agent_json_bytes(json, name, kith_bytes_of_buf(&hex));
}

void
agent_json_u64(agent_json *json, const char *name, uint64_t value)
{
    add(json, name, yyjson_mut_uint(json->doc, value));
}

void
agent_json_bool(agent_json *json, const char *name, bool value)
{
    add(json, name, yyjson_mut_bool(json->doc, value));
}

/* Control characters take six bytes, quotes and backslashes two [RFC8259 §7]. */
size_t
agent_json_text_len(kith_bytes text)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        len += c < 0x20 ? 6 : (c == '"' || c == '\\' || c == '/') ? 2 : 1;
    }
    return len;
}

/* ---- Names --------------------------------------------------------------------------------- */

void
agent_name_of(agent *a, const uint8_t account[CORE_ACCOUNT_LEN], char out[CORE_NAME_MAX + 1])
{
    const core_account own = core_account_get(a->core);
    core_person person;

    out[0] = '\0';
    if (memcmp(own.account, account, CORE_ACCOUNT_LEN) == 0) {
        memcpy(out, own.name, sizeof own.name);
    } else if (core_person_get(a->core, account, &person) == KITH_OK) {
        memcpy(out, person.name, sizeof person.name);
    }
}

void
agent_chat_name(agent *a, const core_chat *chat, char out[CORE_TITLE_MAX + 1])
{
    char name[CORE_NAME_MAX + 1];

    if (chat->kind == CORE_CHAT_GROUP) {
        memcpy(out, chat->title, sizeof chat->title);
        return;
    }
    agent_name_of(a, chat->peer, name);
    snprintf(out, CORE_TITLE_MAX + 1, "%s", name);
}

/* ---- Things -------------------------------------------------------------------------------- */

void
agent_json_person(agent_json *out, const core_person *person)
{
    static const char *const states[] = {
        [CORE_PERSON_UNKNOWN] = "unknown",
        [CORE_PERSON_REQUEST] = "request",
        [CORE_PERSON_CONTACT] = "contact",
        [CORE_PERSON_DECLINED] = "declined",
    };

    agent_json_hex(out, "account", KITH_BYTES(person->account));
    agent_json_text(out, "name", person->name);
    agent_json_text(out, "state", states[person->state]);
    agent_json_u64(out, "since_ms", person->since_ms);
    agent_json_u64(out, "devices", person->devices);
    agent_json_u64(out, "list_version", person->list_version);
}

/* The longest piece of at most `max` bytes that ends between two characters. */
static kith_bytes
cut_text(kith_bytes text, size_t max)
{
    size_t len = text.len < max ? text.len : max;

    while (len > 0 && len < text.len && (text.data[len] & 0xc0) == 0x80) {
        len--;
    }
    return kith_bytes_of(text.data, len);
}

static kith_err
add_preview(agent *a, agent_json *out, const core_chat *chat)
{
    core_message last = {0};

    if (chat->last_n == 0) {
        return KITH_OK;
    }
    const kith_err err = core_message_get(a->core, chat->conv, chat->last_n, &last);
    if (err == KITH_ERR_NOT_FOUND) {
        return KITH_OK;
    }
    KITH_TRY(err);
    if (last.kind == CORE_MESSAGE_TEXT && last.text.len > 0) {
        agent_json_bytes(out, "last_text",
                         cut_text(kith_bytes_of_buf(&last.text), AGENT_PREVIEW_BYTES));
        agent_json_bool(out, "last_is_own", last.is_own);
    }
    core_message_done(&last);
    return KITH_OK;
}

kith_err
agent_json_chat(agent *a, agent_json *out, const core_chat *chat)
{
    static const char *const states[] = {
        [CORE_CHAT_OPENING] = "opening", [CORE_CHAT_ACTIVE] = "active",
        [CORE_CHAT_REQUEST] = "request", [CORE_CHAT_DECLINED] = "declined",
        [CORE_CHAT_LEFT] = "left",       [CORE_CHAT_BROKEN] = "broken",
    };
    char name[CORE_TITLE_MAX + 1];

    agent_chat_name(a, chat, name);
    agent_json_hex(out, "conv", KITH_BYTES(chat->conv));
    agent_json_text(out, "kind", chat->kind == CORE_CHAT_GROUP ? "group" : "direct");
    agent_json_text(out, "state", states[chat->state]);
    agent_json_text(out, "title", chat->title);
    agent_json_text(out, "name", name);
    if (chat->kind == CORE_CHAT_DIRECT) {
        agent_json_hex(out, "peer", KITH_BYTES(chat->peer));
    }
    agent_json_u64(out, "last_n", chat->last_n);
    agent_json_u64(out, "last_ms", chat->last_ms);
    agent_json_u64(out, "unread", chat->unread);
    agent_json_u64(out, "accounts", chat->accounts);
    agent_json_u64(out, "devices", chat->devices);
    agent_json_u64(out, "epoch", chat->epoch);
    agent_json_bool(out, "busy", chat->busy);
    return add_preview(a, out, chat);
}

const char *
agent_message_state(core_message_state state)
{
    static const char *const states[] = {
        [CORE_MESSAGE_RECEIVED] = "received", [CORE_MESSAGE_QUEUED] = "queued",
        [CORE_MESSAGE_SENT] = "sent",         [CORE_MESSAGE_DELIVERED] = "delivered",
        [CORE_MESSAGE_READ] = "read",         [CORE_MESSAGE_FAILED] = "failed",
    };

    return states[state];
}

static bool
is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void
add_subject(agent *a, agent_json *out, const core_message *message)
{
    char name[CORE_NAME_MAX + 1];

    if (is_zero(message->subject, sizeof message->subject)) {
        return;
    }
    agent_name_of(a, message->subject, name);
    agent_json_hex(out, "subject", KITH_BYTES(message->subject));
    agent_json_text(out, "subject_name", name);
}

void
agent_json_message(agent *a, agent_json *out, const core_message *message)
{
    static const char *const kinds[] = {
        [CORE_MESSAGE_TEXT] = "text",
        [CORE_MESSAGE_MEMBER_ADDED] = "added",
        [CORE_MESSAGE_MEMBER_REMOVED] = "removed",
        [CORE_MESSAGE_MEMBER_LEFT] = "left",
        [CORE_MESSAGE_DEVICES_CHANGED] = "devices",
        [CORE_MESSAGE_GAP] = "gap",
    };
    char name[CORE_NAME_MAX + 1];

    agent_name_of(a, message->sender, name);
    agent_json_u64(out, "n", message->n);
    agent_json_hex(out, "id", KITH_BYTES(message->id));
    agent_json_hex(out, "conv", KITH_BYTES(message->conv));
    agent_json_text(out, "kind", kinds[message->kind]);
    agent_json_text(out, "state", agent_message_state(message->state));
    agent_json_hex(out, "sender", KITH_BYTES(message->sender));
    agent_json_text(out, "sender_name", name);
    agent_json_bool(out, "is_own", message->is_own);
    agent_json_bool(out, "is_read", message->is_read);
    agent_json_bool(out, "is_edited", message->is_edited);
    agent_json_u64(out, "sent_ms", message->sent_ms);
    agent_json_u64(out, "time_ms", message->time_ms);
    add_subject(a, out, message);
    if (!is_zero(message->reply_to, sizeof message->reply_to)) {
        agent_json_hex(out, "reply_to", KITH_BYTES(message->reply_to));
    }
    if (message->kind == CORE_MESSAGE_TEXT) {
        agent_json_bytes(out, "text", kith_bytes_of_buf(&message->text));
    }
}
