/* SPDX-License-Identifier: MPL-2.0 */
/* The table of methods: what each type of parameter takes, at its limits and one beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/rpc.h"

#define HEX32 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* "" when the parameters are taken, else the field that is not. */
static const char *
checked(const char *method, const char *json, rpc_fault *fault)
{
    yyjson_doc *doc = yyjson_read(json, strlen(json), YYJSON_READ_NOFLAG);
    const rpc_method *found = rpc_method_find(method);

    assert_non_null(doc);
    assert_non_null(found);
    *fault = (rpc_fault){0};
    const kith_err err = rpc_params_check(found, yyjson_doc_get_root(doc), fault);
    yyjson_doc_free(doc);
    assert_int_equal(err, fault->code == 0 ? KITH_OK : KITH_ERR_REJECTED);
    return fault->field;
}

static void
assert_taken(const char *method, const char *json)
{
    rpc_fault fault;
    const char *field = checked(method, json, &fault);

    if (field[0] != '\0') {
        fail_msg("%s %s: %s", method, json, fault.message);
    }
}

static void
assert_refused(const char *method, const char *json, const char *field)
{
    rpc_fault fault;

    assert_string_equal(checked(method, json, &fault), field);
    assert_int_equal(fault.code, RPC_CODE_PARAMS);
    assert_int_equal(fault.kind, RPC_KIND_REQUEST);
}

/* {"NAME":"xxx…"} with `len` times x; the caller frees it. */
static char *
with_text(const char *before, size_t len, const char *after)
{
    char *json = malloc(strlen(before) + len + strlen(after) + 1);

    assert_non_null(json);
    const size_t start = strlen(before);
    memcpy(json, before, start);
    memset(json + start, 'x', len);
    memcpy(json + start + len, after, strlen(after) + 1);
    return json;
}

static void
assert_text_limit(const char *method, const char *before, size_t max, const char *field)
{
    char *most = with_text(before, max, "\"}");
    char *more = with_text(before, max + 1, "\"}");

    assert_taken(method, most);
    assert_refused(method, more, field);
    free(most);
    free(more);
}

static void
every_method_is_found_under_its_name(void **state)
{
    (void)state;
    for (int id = 0; id < RPC_METHOD_COUNT; id++) {
        const rpc_method *method = rpc_method_get((rpc_method_id)id);
        assert_int_equal(method->id, id);
        assert_ptr_equal(rpc_method_find(method->name), method);
        assert_int_equal(method->fields[RPC_FIELDS_MAX - 1].type, RPC_TYPE_END);
    }
    assert_null(rpc_method_find("chat"));
}

static void
unknown_missing_and_repeated_parameters_are_named(void **state)
{
    (void)state;
    assert_refused("chat.find", "{}", "who");
    assert_refused("chat.find", "{\"who\":\"a\",\"whom\":\"b\"}", "whom");
    assert_refused("chat.find", "{\"who\":\"a\",\"who\":\"b\"}", "who");
    assert_refused("chat.list", "{\"conv\":\"" HEX32 "\"}", "conv");
    assert_refused("chat.find", "[\"a\"]", "params");
    assert_refused("chat.find", "{\"who\":7}", "who");
}

static void
methods_without_parameters_take_none_or_an_empty_object(void **state)
{
    rpc_fault fault = {0};

    (void)state;
    assert_taken("invite.create", "{}");
    assert_int_equal(rpc_params_check(rpc_method_find("invite.create"), NULL, &fault), KITH_OK);
    assert_int_equal(rpc_params_check(rpc_method_find("hello"), NULL, &fault), KITH_ERR_REJECTED);
    assert_string_equal(fault.field, "schema");
}

static void
identifiers_are_lower_case_hexadecimal_of_their_length(void **state)
{
    (void)state;
    assert_taken("chat.get", "{\"conv\":\"" HEX32 "\"}");
    assert_refused("chat.get", "{\"conv\":\"" HEX32 "0\"}", "conv");
    assert_refused("chat.get", "{\"conv\":\"00\"}", "conv");
    assert_refused(
        "chat.get",
        "{\"conv\":\"A0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}", "conv");
    assert_refused(
        "chat.get",
        "{\"conv\":\"g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}", "conv");
    assert_taken("device.remove", "{\"device\":\"00112233445566778899aabbccddeeff\"}");
    assert_refused("device.remove", "{\"device\":\"" HEX32 "\"}", "device");
}

static void
texts_are_bounded_in_bytes(void **state)
{
    (void)state;
    assert_text_limit("account.rename", "{\"name\":\"", RPC_NAME_MAX, "name");
    assert_text_limit("chat.find", "{\"who\":\"", RPC_WHO_MAX, "who");
    assert_text_limit("account.join", "{\"link\":\"", RPC_LINK_MAX, "link");
    assert_text_limit("pair.accept", "{\"code\":\"", RPC_LINK_MAX, "code");
    assert_text_limit("group.create", "{\"accounts\":[\"" HEX32 "\"],\"title\":\"", RPC_TITLE_MAX,
                      "title");
    assert_text_limit("message.send", "{\"conv\":\"" HEX32 "\",\"text\":\"", RPC_TEXT_MAX, "text");
    assert_text_limit("message.send", "{\"conv\":\"" HEX32 "\",\"text\":\"a\",\"once\":\"",
                      RPC_ONCE_MAX, "once");
    assert_refused("account.rename", "{\"name\":\"\"}", "name");
    assert_refused("account.rename", "{\"name\":\"a\\u0000b\"}", "name");
}

static void
numbers_are_whole_and_bounded(void **state)
{
    (void)state;
    assert_taken("message.list", "{\"conv\":\"" HEX32 "\",\"after\":0,\"limit\":500}");
    assert_refused("message.list", "{\"conv\":\"" HEX32 "\",\"limit\":501}", "limit");
    assert_refused("message.list", "{\"conv\":\"" HEX32 "\",\"limit\":0}", "limit");
    assert_refused("message.list", "{\"conv\":\"" HEX32 "\",\"after\":-1}", "after");
    assert_refused("message.list", "{\"conv\":\"" HEX32 "\",\"after\":1.5}", "after");
    assert_refused("message.list", "{\"conv\":\"" HEX32 "\",\"after\":9223372036854775808}",
                   "after");
    assert_taken("chat.list", "{\"limit\":200}");
    assert_refused("chat.list", "{\"limit\":201}", "limit");
    assert_taken("message.wait",
                 "{\"conv\":\"" HEX32 "\",\"n\":1,\"state\":\"read\",\"timeout_ms\":600000}");
    assert_refused("message.wait",
                   "{\"conv\":\"" HEX32 "\",\"n\":1,\"state\":\"read\",\"timeout_ms\":600001}",
                   "timeout_ms");
}

static void
words_are_one_of_the_list(void **state)
{
    (void)state;
    assert_taken("message.wait", "{\"conv\":\"" HEX32 "\",\"n\":1,\"state\":\"delivered\"}");
    assert_refused("message.wait", "{\"conv\":\"" HEX32 "\",\"n\":1,\"state\":\"sen\"}", "state");
    assert_refused("message.wait", "{\"conv\":\"" HEX32 "\",\"n\":1,\"state\":\"sent read\"}",
                   "state");
    assert_refused("message.wait", "{\"conv\":\"" HEX32 "\",\"n\":1,\"state\":\"\"}", "state");
}

static void
flags_are_true_or_false(void **state)
{
    (void)state;
    assert_taken("pair.approve", "{\"yes\":false}");
    assert_refused("pair.approve", "{\"yes\":0}", "yes");
    assert_refused("pair.approve", "{\"yes\":null}", "yes");
}

/* A list of `count` accounts; the caller frees it. */
static char *
with_accounts(size_t count)
{
    const size_t item = strlen("\"" HEX32 "\",");
    char *json = malloc(64 + count * item);

    assert_non_null(json);
    size_t len = (size_t)sprintf(json, "{\"title\":\"t\",\"accounts\":[");
    for (size_t i = 0; i < count; i++) {
        len += (size_t)sprintf(json + len, "%s\"" HEX32 "\"", i > 0 ? "," : "");
    }
    memcpy(json + len, "]}", 3);
    return json;
}

static void
lists_of_accounts_are_bounded(void **state)
{
    char *most = with_accounts(RPC_ACCOUNTS_MAX);
    char *more = with_accounts(RPC_ACCOUNTS_MAX + 1);

    (void)state;
    assert_taken("group.create", most);
    assert_refused("group.create", more, "accounts");
    assert_refused("group.create", "{\"title\":\"t\",\"accounts\":[]}", "accounts");
    assert_refused("group.create", "{\"title\":\"t\",\"accounts\":[\"00\"]}", "accounts");
    assert_refused("group.create", "{\"title\":\"t\",\"accounts\":\"" HEX32 "\"}", "accounts");
    free(most);
    free(more);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_is_found_under_its_name),
        cmocka_unit_test(unknown_missing_and_repeated_parameters_are_named),
        cmocka_unit_test(methods_without_parameters_take_none_or_an_empty_object),
        cmocka_unit_test(identifiers_are_lower_case_hexadecimal_of_their_length),
        cmocka_unit_test(texts_are_bounded_in_bytes),
        cmocka_unit_test(numbers_are_whole_and_bounded),
        cmocka_unit_test(words_are_one_of_the_list),
        cmocka_unit_test(flags_are_true_or_false),
        cmocka_unit_test(lists_of_accounts_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
