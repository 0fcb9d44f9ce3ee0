/* SPDX-License-Identifier: MPL-2.0 */
/* hello, account.*, invite.*, device.*, agent.stop [docs/rpc.md, Methods]. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/internal.h"

kith_err
agent_do_hello(agent *a, agent_call *call)
{
    KITH_AUTO(kith_buf) build = {0};

    if (agent_param_u64(call, "schema", 0) != RPC_SCHEMA) {
        agent_json data = agent_json_new();
        agent_json_u64(&data, "schema", RPC_SCHEMA);
        call->data = data;
        return KITH_ERR_UNSUPPORTED;
    }
    KITH_TRY(agent_build_id(&build));
    agent_json_u64(&call->result, "schema", RPC_SCHEMA);
    agent_json_text(&call->result, "agent", a->options->version);
    agent_json_bytes(&call->result, "build", kith_bytes_of_buf(&build));
    agent_json_u64(&call->result, "pid", (uint64_t)getpid());
    return KITH_OK;
}

kith_err
agent_do_stop(agent *a, agent_call *call)
{
    (void)call;
    agent_stop(a);
    return KITH_OK;
}

/* ---- account.* ----------------------------------------------------------------------------- */

/* "host:port", as a person would write it. */
static void
add_address(agent_json *out, const core_account *account)
{
    KITH_AUTO(kith_buf) text = {0};
    proto_address address = {.port = account->port};

    if (account->host[0] == '\0') {
        return;
    }
    memcpy(address.host, account->host, strnlen(account->host, PROTO_HOST_MAX));
    if (proto_address_encode(&text, &address) == KITH_OK) {
        agent_json_bytes(out, "address", kith_bytes_of_buf(&text));
    }
}

kith_err
agent_do_account_get(agent *a, agent_call *call)
{
    static const char *const states[] = {
        [CORE_ACCOUNT_NONE] = "none",       [CORE_ACCOUNT_MAKING] = "making",
        [CORE_ACCOUNT_LINKING] = "linking", [CORE_ACCOUNT_READY] = "ready",
        [CORE_ACCOUNT_REMOVED] = "removed",
    };
    const core_account account = core_account_get(a->core);
    agent_json *out = &call->result;

    agent_json_text(out, "state", states[account.state]);
    if (account.state != CORE_ACCOUNT_NONE && account.state != CORE_ACCOUNT_LINKING) {
        agent_json_hex(out, "account", KITH_BYTES(account.account));
        agent_json_hex(out, "device", KITH_BYTES(account.device));
        agent_json_text(out, "name", account.name);
        agent_json_u64(out, "list_version", account.list_version);
    }
    add_address(out, &account);
    agent_json_bool(out, "online", account.online);
    agent_json_u64(out, "outbox", core_outbox_count(a->core));
    agent_json_bool(out, "is_stopped", core_log_get(a->core).is_silent);
    return KITH_OK;
}

/* The inviter's account, when the link is a person's; else zeros. */
static void
find_inviter(agent *a, kith_bytes text, uint8_t account[CORE_ACCOUNT_LEN])
{
    KITH_AUTO(proto_link) link = {0};

    if (proto_link_decode(text, &link) == KITH_OK && link.kind == PROTO_LINK_PERSON) {
        /* Without it the answer only lacks the conversation's id. */
        kith_ignore(crypto_digest(a->crypto, CRYPTO_SHA256,
                                  CRYPTO_PARTS(KITH_BYTES(link.account_key)), account));
    }
}

kith_err
agent_do_account_join(agent *a, agent_call *call)
{
    const core_join join = {
        .link = agent_param_text(call, "link"),
        .name = agent_param_text(call, "name"),
        .device_name = agent_param_text(call, "device_name"),
        .text = agent_param_text(call, "text"),
    };
    agent_wait wait = {.kind = AGENT_WAIT_OP, .until_ms = AGENT_OP_MS, .offline_ends = true};

    KITH_ENSURE(call->face->waits < AGENT_WAITS_PER_FACE, KITH_ERR_BUSY);
    KITH_TRY(core_join_link(a->core, &join, agent_wall_ms(), &wait.op));
    for (size_t i = 0; i < CORE_LINKS; i++) {
        a->links[i].has_failed = false; /* what failed before says nothing about this server */
    }
    find_inviter(a, join.link, wait.peer);
    return agent_wait_add(a, call, &wait);
}

kith_err
agent_do_account_rename(agent *a, agent_call *call)
{
    return core_rename(a->core, agent_param_text(call, "name"), agent_wall_ms());
}

kith_err
agent_do_invite_create(agent *a, agent_call *call)
{
    agent_wait wait = {.kind = AGENT_WAIT_INVITE, .until_ms = AGENT_INVITE_MS};
    KITH_AUTO(kith_buf) link = {0};

    KITH_ENSURE(call->face->waits < AGENT_WAITS_PER_FACE, KITH_ERR_BUSY);
    KITH_TRY(core_invite_create(a->core, agent_wall_ms(), &link));
    wait.text = kith_buf_take(&link);
    const kith_err err = agent_wait_add(a, call, &wait);
    kith_buf_done(&wait.text);
    return err;
}

/* ---- device.* ------------------------------------------------------------------------------ */

kith_err
agent_do_device_list(agent *a, agent_call *call)
{
    agent_json list = agent_json_array(&call->result);
    core_device device;
    uint32_t cursor = 0;

    while (core_device_next(a->core, &cursor, &device)) {
        agent_json item = agent_json_object(&list);
        agent_json_hex(&item, "device", KITH_BYTES(device.device));
        agent_json_text(&item, "name", device.name);
        agent_json_u64(&item, "added_ms", device.added_ms);
        agent_json_bool(&item, "is_this", device.is_this);
        agent_json_append(&list, &item);
    }
    agent_json_put(&call->result, "devices", &list);
    return KITH_OK;
}

kith_err
agent_do_device_remove(agent *a, agent_call *call)
{
    uint8_t device[CORE_DEVICE_LEN];
    agent_wait wait = {.kind = AGENT_WAIT_OP, .until_ms = AGENT_OP_MS, .offline_ends = true};

    KITH_ENSURE(call->face->waits < AGENT_WAITS_PER_FACE, KITH_ERR_BUSY);
    agent_param_hex(call, "device", device, sizeof device);
    KITH_TRY(core_device_remove(a->core, device, agent_wall_ms(), &wait.op));
    return agent_wait_add(a, call, &wait);
}
