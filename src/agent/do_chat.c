/* SPDX-License-Identifier: MPL-2.0 */
/* person.*, chat.* but for chat.find, group.* [docs/rpc.md, Methods]. */
#include <stdlib.h>
#include <string.h>

#include "agent/internal.h"

/* A page of a list: from `skip` on, at most `limit` entries. */
typedef struct page {
    uint64_t skip;
    uint64_t limit;
} page;

static page
page_of(const agent_call *call)
{
    return (page){.skip = agent_param_u64(call, "skip", 0),
                  .limit = agent_param_u64(call, "limit", RPC_PAGE_MAX)};
}

static bool
is_on_page(page p, uint64_t index)
{
    return index >= p.skip && index - p.skip < p.limit;
}

/* ---- person.* ------------------------------------------------------------------------------ */

kith_err
agent_do_person_list(agent *a, agent_call *call)
{
    agent_json list = agent_json_array(&call->result);
    KITH_AUTO(kith_buf) cursor = {0};
    const page p = page_of(call);
    core_person person;
    uint64_t total = 0;

    for (;;) {
        const kith_err err = core_person_next(a->core, &cursor, &person);
        if (err == KITH_ERR_NOT_FOUND) {
            break;
        }
        KITH_TRY(err);
        if (is_on_page(p, total++)) {
            agent_json item = agent_json_object(&list);
            agent_json_person(&item, &person);
            agent_json_append(&list, &item);
        }
    }
    agent_json_put(&call->result, "people", &list);
    agent_json_u64(&call->result, "total", total);
    return KITH_OK;
}

kith_err
agent_do_person_answer(agent *a, agent_call *call)
{
    uint8_t account[CORE_ACCOUNT_LEN];

    agent_param_hex(call, "account", account, sizeof account);
    return core_person_answer(a->core, account, agent_param_bool(call, "yes"), agent_wall_ms());
}

/* ---- chat.* -------------------------------------------------------------------------------- */

static int
newest_first(const void *left, const void *right)
{
    const core_chat *a = left;
    const core_chat *b = right;

    if (a->last_ms != b->last_ms) {
        return a->last_ms < b->last_ms ? 1 : -1;
    }
    return memcmp(a->conv, b->conv, sizeof a->conv);
}

/* Appends every conversation to `out`, an array of core_chat. */
static kith_err
collect_chats(agent *a, kith_buf *out)
{
    KITH_AUTO(kith_buf) cursor = {0};
    core_chat chat;

    for (;;) {
        const kith_err err = core_chat_next(a->core, &cursor, &chat);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        KITH_TRY(kith_buf_append(out, kith_bytes_of(&chat, sizeof chat)));
    }
}

kith_err
agent_do_chat_list(agent *a, agent_call *call)
{
    agent_json list = agent_json_array(&call->result);
    KITH_AUTO(kith_buf) all = {0};
    const page p = page_of(call);

    KITH_TRY(collect_chats(a, &all));
    core_chat *chats = (core_chat *)(void *)all.data;
    const size_t total = all.len / sizeof *chats;
    if (total > 0) {
        qsort(chats, total, sizeof *chats, newest_first);
    }
    for (size_t i = 0; i < total; i++) {
        if (is_on_page(p, i)) {
            agent_json item = agent_json_object(&list);
            KITH_TRY(agent_json_chat(a, &item, &chats[i]));
            agent_json_append(&list, &item);
        }
    }
    agent_json_put(&call->result, "chats", &list);
    agent_json_u64(&call->result, "total", total);
    return KITH_OK;
}

kith_err
agent_do_chat_get(agent *a, agent_call *call)
{
    uint8_t conv[CORE_CONV_LEN];
    core_chat chat;

    agent_param_hex(call, "conv", conv, sizeof conv);
    KITH_TRY(core_chat_get(a->core, conv, &chat));
    return agent_json_chat(a, &call->result, &chat);
}

kith_err
agent_do_chat_readers(agent *a, agent_call *call)
{
    agent_json list = agent_json_array(&call->result);
    uint8_t conv[CORE_CONV_LEN];
    core_chat chat;
    core_reader reader;
    uint32_t cursor = 0;

    agent_param_hex(call, "conv", conv, sizeof conv);
    KITH_TRY(core_chat_get(a->core, conv, &chat));
    for (;;) {
        const kith_err err = core_reader_next(a->core, conv, &cursor, &reader);
        if (err == KITH_ERR_NOT_FOUND) {
            break;
        }
        KITH_TRY(err);
        agent_json item = agent_json_object(&list);
        agent_json_hex(&item, "account", KITH_BYTES(reader.account));
        agent_json_text(&item, "name", reader.name);
        agent_json_bool(&item, "is_self", reader.is_self);
        agent_json_u64(&item, "devices", reader.devices);
        agent_json_u64(&item, "list_version", reader.list_version);
        agent_json_append(&list, &item);
    }
    agent_json_put(&call->result, "readers", &list);
    return KITH_OK;
}

/* ---- group.* ------------------------------------------------------------------------------- */

static uint8_t
hex_digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Appends the accounts of the list, 32 bytes each; the schema has checked their form. */
static kith_err
read_accounts(const agent_call *call, kith_buf *out)
{
    yyjson_val *list = yyjson_obj_get(call->request->params, "accounts");
    size_t index = 0;
    size_t count = 0;
    yyjson_val *item = NULL;

    yyjson_arr_foreach(list, index, count, item)
    {
        const char *text = yyjson_get_str(item);
        uint8_t *account = NULL;
        KITH_TRY(kith_buf_extend(out, CORE_ACCOUNT_LEN, &account));
        for (size_t i = 0; i < CORE_ACCOUNT_LEN; i++) {
            account[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
        }
    }
    return KITH_OK;
}

kith_err
agent_do_group_create(agent *a, agent_call *call)
{
    KITH_AUTO(kith_buf) accounts = {0};
    uint8_t conv[CORE_CONV_LEN];

    KITH_TRY(read_accounts(call, &accounts));
    const core_group group = {
        .title = agent_param_text(call, "title"),
        .accounts = (const uint8_t(*)[CORE_ACCOUNT_LEN])accounts.data,
        .count = accounts.len / CORE_ACCOUNT_LEN,
    };
    KITH_TRY(core_group_create(a->core, &group, agent_wall_ms(), conv));
    agent_json_hex(&call->result, "conv", KITH_BYTES(conv));
    return KITH_OK;
}

static kith_err
change_members(agent *a, agent_call *call, core_member_change change)
{
    core_member member = {.change = change};
    agent_wait wait = {.kind = AGENT_WAIT_OP, .until_ms = AGENT_OP_MS, .offline_ends = true};

    KITH_ENSURE(call->face->waits < AGENT_WAITS_PER_FACE, KITH_ERR_BUSY);
    agent_param_hex(call, "conv", member.conv, sizeof member.conv);
    agent_param_hex(call, "account", member.account, sizeof member.account);
    KITH_TRY(core_group_change(a->core, &member, agent_wall_ms(), &wait.op));
    return agent_wait_add(a, call, &wait);
}

kith_err
agent_do_group_add(agent *a, agent_call *call)
{
    return change_members(a, call, CORE_MEMBER_ADD);
}

kith_err
agent_do_group_remove(agent *a, agent_call *call)
{
    return change_members(a, call, CORE_MEMBER_REMOVE);
}

kith_err
agent_do_group_leave(agent *a, agent_call *call)
{
    uint8_t conv[CORE_CONV_LEN];
    agent_wait wait = {.kind = AGENT_WAIT_OP, .until_ms = AGENT_OP_MS, .offline_ends = true};

    KITH_ENSURE(call->face->waits < AGENT_WAITS_PER_FACE, KITH_ERR_BUSY);
    agent_param_hex(call, "conv", conv, sizeof conv);
    KITH_TRY(core_group_leave(a->core, conv, agent_wall_ms(), &wait.op));
    return agent_wait_add(a, call, &wait);
}
