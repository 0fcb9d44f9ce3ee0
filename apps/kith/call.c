/* SPDX-License-Identifier: MPL-2.0 */
/* Asking the agent, and saying in words what went wrong. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "words.h"

/* ---- Parameters and answers ---------------------------------------------------------------- */

cli_params
cli_params_new(void)
{
    cli_params params = {.doc = yyjson_mut_doc_new(NULL)};

    params.root = yyjson_mut_obj(params.doc);
    if (params.doc != NULL) {
        yyjson_mut_doc_set_root(params.doc, params.root);
    }
    return params;
}

void
cli_params_done(cli_params *params)
{
    yyjson_mut_doc_free(params->doc);
    *params = (cli_params){0};
}

/* Without memory for a parameter the agent says that it is missing: nothing wrong is done. */
void
cli_param_bytes(cli_params *params, const char *name, kith_bytes text)
{
    const char *data = text.len > 0 ? (const char *)text.data : "";

    (void)yyjson_mut_obj_add_strncpy(params->doc, params->root, name, data, text.len);
}

void
cli_param_text(cli_params *params, const char *name, const char *text)
{
    cli_param_bytes(params, name, kith_bytes_of_text(text));
}

void
cli_param_u64(cli_params *params, const char *name, uint64_t value)
{
    (void)yyjson_mut_obj_add_uint(params->doc, params->root, name, value);
}

void
cli_param_bool(cli_params *params, const char *name, bool value)
{
    (void)yyjson_mut_obj_add_bool(params->doc, params->root, name, value);
}

const char *
cli_text(yyjson_val *object, const char *name)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, name));

    return text != NULL ? text : "";
}

uint64_t
cli_u64(yyjson_val *object, const char *name)
{
    return yyjson_get_uint(yyjson_obj_get(object, name));
}

bool
cli_bool(yyjson_val *object, const char *name)
{
    return yyjson_get_bool(yyjson_obj_get(object, name));
}

/* ---- Errors -------------------------------------------------------------------------------- */

int
cli_exit_of(rpc_kind kind)
{
    switch ((int)kind) {
    case RPC_KIND_NONE:
        return CLI_OK;
    case RPC_KIND_NOT_FOUND:
    case RPC_KIND_CONFLICT:
        return CLI_NOT_FOUND;
    case RPC_KIND_DENIED:
    case RPC_KIND_REJECTED:
    case RPC_KIND_EXISTS:
        return CLI_REFUSED;
    case RPC_KIND_OFFLINE:
    case RPC_KIND_TIMEOUT:
        return CLI_OFFLINE;
    case RPC_KIND_NO_ACCOUNT:
        return CLI_NO_ACCOUNT;
    case RPC_KIND_REQUEST:
    case RPC_KIND_LIMIT:
    case RPC_KIND_INVALID:
    case RPC_KIND_MALFORMED:
        return CLI_USAGE;
    default:
        return CLI_FAILED;
    }
}

/* For programs: the same on stderr as one object. */
static void
tell_json(const rpc_fault *fault)
{
    cli_params error = cli_params_new();

    cli_param_text(&error, "error", rpc_kind_word(fault->kind));
    cli_param_text(&error, "message", fault->message);
    if (fault->field[0] != '\0') {
        cli_param_text(&error, "field", fault->field);
    }
    if (fault->reason[0] != '\0') {
        cli_param_text(&error, "reason", fault->reason);
    }
    char *line = yyjson_mut_write(error.doc, YYJSON_WRITE_ESCAPE_UNICODE, NULL);
    if (line != NULL) {
        fprintf(stderr, "%s\n", line);
        free(line);
    }
    cli_params_done(&error);
}

static void
tell_candidates(const rpc_message *answer)
{
    yyjson_val *list = yyjson_obj_get(answer->error_data, "candidates");
    size_t index = 0;
    size_t count = 0;
    yyjson_val *item = NULL;

    if (yyjson_arr_size(list) == 0) {
        return;
    }
    cli_say(answer->fault.kind == RPC_KIND_CONFLICT ? WORDS_SEVERAL : WORDS_LIKE);
    yyjson_arr_foreach(list, index, count, item)
    {
        fprintf(stderr, "  %.8s  ", cli_text(item, "conv"));
        cli_print_line(stderr, cli_text(item, "name"));
        fputc('\n', stderr);
    }
}

int
cli_tell(const cli *c, const char *method, const rpc_message *answer)
{
    const rpc_fault *fault = &answer->fault;
    const bool is_wrong_place = strcmp(fault->reason, "wrong_pin") == 0;

    if (c->json) {
        tell_json(fault);
    } else if (is_wrong_place) {
        cli_say(WORDS_WRONG_PLACE);
    } else if (strcmp(fault->reason, "removed") == 0) {
        cli_say(WORDS_REMOVED);
    } else if (fault->kind == RPC_KIND_REQUEST && fault->field[0] != '\0') {
        cli_say("kith: %s", words_field(fault->field));
    } else {
        cli_say("kith: %s", words_fault(method, fault->kind));
        tell_candidates(answer);
    }
    return is_wrong_place ? CLI_REFUSED : cli_exit_of(fault->kind);
}

/* ---- The agent ----------------------------------------------------------------------------- */

int
cli_find_place(cli *c)
{
    if (c->has_place) {
        return CLI_OK;
    }
    switch ((int)rpc_place_find(c->data, NULL, &c->place)) {
    case KITH_OK:
        c->has_place = true;
        return CLI_OK;
    case KITH_ERR_NOT_FOUND:
        cli_say(WORDS_NO_HOME);
        break;
    case KITH_ERR_LIMIT:
        cli_say(WORDS_LONG_PATH);
        break;
    default:
        cli_say(WORDS_NO_FOLDER);
        break;
    }
    return CLI_FAILED;
}

int
cli_connect(cli *c, bool start)
{
    rpc_fault fault = {0};

    if (c->client != NULL) {
        return CLI_OK;
    }
    const int status = cli_find_place(c);
    if (status != CLI_OK) {
        return status;
    }
    const kith_err err = rpc_client_open(&c->place, start, &c->client, &fault);
    if (err == KITH_OK) {
        return CLI_OK;
    }
    if (c->json) {
        tell_json(&fault);
    } else if (err == KITH_ERR_UNSUPPORTED) {
        cli_say(WORDS_OLD_AGENT);
    } else if (start) {
        cli_say(WORDS_NO_AGENT, fault.message);
    } else {
        cli_say(WORDS_NOT_RUNNING);
    }
    return CLI_FAILED;
}

int
cli_try(cli *c, const rpc_call *call, rpc_message *out)
{
    *out = (rpc_message){0};
    const int status = cli_connect(c, true);
    if (status != CLI_OK) {
        return status;
    }
    return rpc_client_call(c->client, call, out) == KITH_OK ? CLI_OK : cli_exit_of(out->fault.kind);
}

int
cli_call(cli *c, const char *method, cli_params *params, rpc_message *out)
{
    /* Requests that wait have limits of their own in the agent, below this one. */
    const rpc_call call = {.method = method,
                           .params = params != NULL ? params->doc : NULL,
                           .timeout_ms = RPC_WAIT_MAX_MS + RPC_CALL_MS};
    int status = cli_try(c, &call, out);

    if (status != CLI_OK && out->fault.kind != RPC_KIND_NONE) {
        status = cli_tell(c, method, out);
    }
    if (params != NULL) {
        cli_params_done(params);
    }
    return status;
}

/* ---- Finding ------------------------------------------------------------------------------- */

int
cli_find_chat(cli *c, const char *who, cli_found *out)
{
    cli_params params = cli_params_new();
    rpc_message answer = {0};

    cli_param_text(&params, "who", who);
    const int status = cli_call(c, "chat.find", &params, &answer);
    if (status == CLI_OK) {
        snprintf(out->conv, sizeof out->conv, "%s", cli_text(answer.result, "conv"));
        snprintf(out->name, sizeof out->name, "%s", cli_text(answer.result, "name"));
    }
    rpc_message_done(&answer);
    return status;
}

int
cli_find_person(cli *c, const char *who, char account[CLI_HEX_MAX])
{
    cli_found found;
    rpc_message answer = {0};

    int status = cli_find_chat(c, who, &found);
    if (status != CLI_OK) {
        return status;
    }
    cli_params params = cli_params_new();
    cli_param_text(&params, "conv", found.conv);
    status = cli_call(c, "chat.get", &params, &answer);
    if (status == CLI_OK) {
        snprintf(account, CLI_HEX_MAX, "%s", cli_text(answer.result, "peer"));
    }
    rpc_message_done(&answer);
    if (status == CLI_OK && account[0] == '\0') {
        cli_say(WORDS_IS_GROUP);
        return CLI_USAGE;
    }
    return status;
}

void
cli_warn(cli *c)
{
    rpc_message answer = {0};
    const rpc_call call = {.method = "account.get"};

    if (c->client == NULL || c->json) {
        return;
    }
    if (cli_try(c, &call, &answer) == CLI_OK && cli_bool(answer.result, "is_stopped")) {
        cli_say(WORDS_STOPPED_SENDING);
    }
    rpc_message_done(&answer);
}
